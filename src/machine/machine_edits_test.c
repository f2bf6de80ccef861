/* Every small edit of chips and costs, in our form and in upstream's, is refused or read (base/testing_data.h has the oracle).  A chip that is read is written, read
 * back as the same and described; its checks say yes, or why not. */
#include "base/file.h"
#include "base/testing_data.h"
#include "machine/machine_testing.h"

static char *text_of(loom_ctx *ctx, const data_value *v, size_t *size) {
  char *s = arena_strdup(&ctx->mem, data_write_json(&ctx->mem, v, 0));
  *size = strlen(s);
  return s;
}

static loom_status look_at(loom_ctx *ctx, machine *m) {
  machine *again;
  const char *yaml = machine_to_yaml(&ctx->mem, m);
  if (machine_from_yaml(ctx, "again.yaml", yaml, strlen(yaml), &again) != LOOM_OK)
    fail_msg("a chip that does not read back: %s\n%s", ctx->diag.first->text, yaml);
  assert_string_equal(machine_to_yaml(&ctx->mem, again), yaml);
  assert_non_null(machine_describe(&ctx->mem, m));
  LOOM_TRY(machine_check(ctx, m));
  return machine_check_units(ctx, m);
}

static loom_status read_own(loom_ctx *ctx, const data_value *v) {
  machine *m;
  size_t size;
  const char *s = text_of(ctx, v, &size);
  LOOM_TRY(machine_from_yaml(ctx, LOOM_SOURCE_DIR "/machines/edited.yaml", s, size, &m));
  return look_at(ctx, m);
}

static const char *beside;      /* the file that is edited: others are found beside it */
static loom_status read_chip(loom_ctx *ctx, const data_value *v) {
  machine *m;
  size_t size;
  const char *s = text_of(ctx, v, &size);
  const loom_status st = machine_from_chip(ctx, beside, s, size, &m);
  if (st != LOOM_OK)
    return st == LOOM_EIO ? LOOM_EINPUT : st;      /* a name of a file that is not there is the file's to mend */
  return look_at(ctx, m);
}

static loom_status read_perf(loom_ctx *ctx, const data_value *v) {
  machine *m;
  size_t size;
  const char *s = text_of(ctx, v, &size);
  LOOM_TRY(machine_load(ctx, "single", NULL, &m));
  LOOM_TRY(machine_add_perf_yaml(ctx, m, "matrix.perf.yaml", s, size));
  return look_at(ctx, m);
}

static data_value *tree_of(loom_ctx *ctx, const char *path) {
  char *bytes;
  size_t size;
  data_value *v;
  assert_int_equal(file_read(ctx, path, 1 << 20, &bytes, &size), LOOM_OK);
  assert_int_equal(data_read_yaml_aliases(ctx, path, bytes, size, &v), LOOM_OK);
  return v;
}

/* Lenient: most of what a chip has may be left out, and a number stands as itself or with where it is from. */
static void edit(loom_ctx *ctx, const char *path, testing_reader read) {
  testing_edits e = {.read = read, .is_lenient = true};
  beside = path;
  testing_edit_all(&ctx->mem, tree_of(ctx, path), &e);
}

static void test_our_chips(void **state) {
  static const char *const files[] = {"ring8", "gemmini8"};
  for (size_t i = 0; i < COUNT_OF(files); i++)
    edit(*state, arena_printf(&((loom_ctx *)*state)->mem, LOOM_SOURCE_DIR "/machines/%s.yaml", files[i]), read_own);
}

static void test_chips_and_costs_of_others(void **state) {
  edit(*state, LOOM_SOURCE_DIR "/tests/data/chip/chip.yaml", read_chip);
  edit(*state, LOOM_SOURCE_DIR "/tests/data/placed/chip.yaml", read_chip);
  edit(*state, LOOM_SOURCE_DIR "/tests/data/compute_dir/matrix_lane.perf.yaml", read_perf);
  edit(*state, LOOM_SOURCE_DIR "/tests/data/compute_dir/noc0.perf.yaml", read_perf);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_our_chips, setup, teardown),
      cmocka_unit_test_setup_teardown(test_chips_and_costs_of_others, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
