#include "base/diag_lines.h"
#include "base/testing.h"

static loom_status fail_with_advice(loom_ctx *ctx, loom_span span) {
  diag_error(ctx, span, LOOM_EINPUT, "extent is %d", 0);
  diag_help(ctx, "must be 1..%d", 9);
  return LOOM_EINPUT;
}

static void test_diagnostics_keep_order_severity_and_place(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  diag_help(&ctx, "nothing to add to");   /* no diagnostic yet: ignored */
  const diag_source *source = diag_add_source(&ctx, "f.yaml", "a: 0\n", 5);
  assert_int_equal(fail_with_advice(&ctx, (loom_span){source, 1, 4, 1, 5}), LOOM_EINPUT);
  diag_note(&ctx, LOOM_NOSPAN, "see %s", "there");
  diag_warn(&ctx, diag_file_span(&ctx, "g"), "odd");
  assert_int_equal(ctx.diag.errors, 1);
  assert_int_equal(ctx.diag.warnings, 1);
  const diag_item *d = ctx.diag.first;
  assert_string_equal(d->text, "extent is 0");
  assert_string_equal(d->help, "must be 1..9");
  assert_int_equal(d->span.col, 4);
  assert_string_equal(d->next->text, "see there");
  assert_int_equal(d->next->severity, DIAG_NOTE);
  assert_string_equal(d->next->next->span.source->path, "g");
  assert_null(d->next->next->next);
  loom_ctx_done(&ctx);
  assert_null(ctx.diag.first);
}

static void test_nearest_finds_misspellings_only(void **state) {
  (void)state;
  const char *const names[] = {"wormhole", "blackhole", "ring8", "x"};
  const struct { const char *name, *nearest; } cases[] = {
    {"wormhol", "wormhole"}, {"Wormhole", "wormhole"}, {"blakhole", "blackhole"}, {"ring9", "ring8"}, {"gemmini", NULL}, {"wormhole", "wormhole"}, {"rnig8", "ring8"}, {"y", NULL},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const char *got = diag_nearest(cases[i].name, names, COUNT_OF(names));
    if (cases[i].nearest)
      assert_string_equal(got, cases[i].nearest);
    else
      assert_null(got);
  }
  assert_null(diag_nearest("wormhole", names, 0));
  char long_name[65] = {0}, other[64] = {0};      /* 63 bytes are compared, 64 are far from everything */
  memset(long_name, 'a', 64), memset(other, 'a', 63);
  const char *const one[] = {other}, *const longer[] = {long_name};
  assert_null(diag_nearest(long_name, one, 1));
  assert_null(diag_nearest(other, longer, 1));
  long_name[63] = 0, long_name[5] = 'b';
  assert_ptr_equal(diag_nearest(long_name, one, 1), other);
}

static void test_the_first_error_of_lines_that_came(void **state) {
  (void)state;
  const struct { const char *lines, *found; } cases[] = {
    {"", ""},
    {"killed\n", ""},
    {"{\"severity\": \"warning\", \"message\": \"odd\"}\n", ""},
    {"progress\n{\"severity\": \"warning\", \"message\": \"odd\"}\n{\"severity\": \"error\", \"message\": \"bad\"}\n{\"severity\": \"error\", \"message\": \"worse\"}\n", "bad"},
    {"{\"severity\": \"error\"}\n{\"severity\": 1, \"message\": \"x\"}\n{ torn\n{\"severity\": \"error\", \"message\": \"last\"}", "last"},      /* no newline at the end */
  };
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  for (size_t i = 0; i < COUNT_OF(cases); i++)
    assert_string_equal(diag_first_error(&ctx, cases[i].lines, strlen(cases[i].lines)), cases[i].found);
  assert_int_equal(ctx.diag.errors, 0);      /* lines that are none are no errors of ours */
  loom_ctx_done(&ctx);
}

static void test_every_status_has_a_text_and_an_exit_code(void **state) {
  (void)state;
#define X(n, code, text) assert_int_equal(loom_status_exit(LOOM_##n), code); assert_string_equal(loom_status_text(LOOM_##n), text);
  LOOM_STATUS_LIST(X)
#undef X
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_diagnostics_keep_order_severity_and_place),
    cmocka_unit_test(test_nearest_finds_misspellings_only),
    cmocka_unit_test(test_the_first_error_of_lines_that_came),
    cmocka_unit_test(test_every_status_has_a_text_and_an_exit_code),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
