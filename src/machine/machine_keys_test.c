/* The keys of machine files in words.  Oracle: the tables that the reader runs on.  (tests/tools/lsp-sessions looks up every key of the shipped files.) */
#include "base/testing.h"
#include "base/text.h"
#include "machine/machine_private.h"

static const machine_key *find(const machine_key *keys, size_t n, const char *path) {
  for (size_t i = 0; i < n; i++)
    if (text_eq(keys[i].path, path))
      return &keys[i];
  return NULL;
}

static void test_plain_numbers_have_their_units(void **state) {
  loom_ctx *ctx = *state;
  size_t n;
  const machine_key *keys = machine_keys(&ctx->mem, &n);
  for (size_t i = 0; i < machine_n_fields; i++) {
    const char *path = machine_field_path(&ctx->mem, &machine_fields[i]);
    const machine_key *k = find(keys, n, path);
    if (!k || (*machine_fields[i].unit && !text_eq(k->unit, machine_fields[i].unit)))
      fail_msg("%s is '%s', not '%s'", path, k ? k->unit : "missing", machine_fields[i].unit);
  }
}

static void test_keys_are_there_once_and_say_something(void **state) {
  loom_ctx *ctx = *state;
  size_t n;
  const machine_key *keys = machine_keys(&ctx->mem, &n), *k;
  for (size_t i = 0; i < n; i++) {
    assert_ptr_equal(find(keys, n, keys[i].path), &keys[i]);
    assert_true(*keys[i].what && keys[i].unit);
  }
  k = find(keys, n, "dram.bank.ccd_s");      /* of a part */
  assert_string_equal(k->unit, "clocks");
  assert_non_null(find(keys, n, "npu.launch_cycles"));
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, testing_open_context, testing_close_context)
  const struct CMUnitTest tests[] = {T(test_plain_numbers_have_their_units), T(test_keys_are_there_once_and_say_something)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
