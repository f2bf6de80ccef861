/* Oracles: what the shell's own programs do. */
#include "base/file.h"
#include "base/temporary.h"
#include "base/testing.h"
#include "run/run_process.h"
#include <stdlib.h>

static void test_a_process_gives_its_code_and_what_it_says(void **state) {
  (void)state;
  static const struct { const char *script; int code; const char *says; } rows[] = {
      {"echo one; echo two >&2", 0, "one\ntwo\n"}, {"exit 3", 3, ""}, {"kill -9 $$", 128 + 9, ""}, {"echo $LOOM_TEST_A-$LOOM_TEST_B", 0, "x-y\n"}};
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  const char *dir, *log, *shell = run_find_program(&ctx.mem, "sh");
  assert_non_null(shell);
  assert_int_equal(temporary_make(&ctx, &dir), LOOM_OK);
  log = file_join(&ctx.mem, dir, "log");
  setenv("LOOM_TEST_A", "old", 1);
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    const char *const argv[] = {shell, "-c", rows[i].script, NULL}, *const env[] = {"LOOM_TEST_A=x", "LOOM_TEST_B=y", NULL};
    char *bytes;
    size_t size;
    int code;
    assert_int_equal(run_process(&ctx, argv, env, log, &code), LOOM_OK);
    assert_int_equal(code, rows[i].code);
    assert_int_equal(file_read(&ctx, log, 1000, &bytes, &size), LOOM_OK);
    assert_string_equal(bytes, rows[i].says);
  }
  assert_int_equal(file_make_dirs(&ctx, file_join(&ctx.mem, dir, "a/b")), LOOM_OK);
  temporary_remove(dir);
  assert_false(file_exists(dir));
  loom_ctx_done(&ctx);
}

static void test_programs_are_chosen_by_name_and_variable(void **state) {
  (void)state;
  static const char *const names[] = {"no-such-program-here", "sh", "cat"};
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  bool named;
  unsetenv("LOOM_TEST_CHOICE");
  assert_string_equal(run_choose_program(&ctx.mem, "LOOM_TEST_CHOICE", names, 3, &named), run_find_program(&ctx.mem, "sh"));
  assert_false(named);
  setenv("LOOM_TEST_CHOICE", "cat", 1);
  assert_string_equal(run_choose_program(&ctx.mem, "LOOM_TEST_CHOICE", names, 3, &named), run_find_program(&ctx.mem, "cat"));
  assert_true(named);
  setenv("LOOM_TEST_CHOICE", "no-such-program-here", 1);
  assert_null(run_choose_program(&ctx.mem, "LOOM_TEST_CHOICE", names, 3, &named));
  assert_true(named);
  int code;
  assert_int_equal(run_process(&ctx, (const char *const[]){"/no/such/program", NULL}, NULL, NULL, &code), LOOM_EIO);
  testing_expect_error(&ctx, LOOM_EIO, "the program cannot be started", 0, 0);
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_process_gives_its_code_and_what_it_says), cmocka_unit_test(test_programs_are_chosen_by_name_and_variable)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
