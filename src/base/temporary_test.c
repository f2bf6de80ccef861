/* Oracle: the file system. */
#include "base/file.h"
#include "base/temporary.h"
#include "base/testing.h"
#include "base/text.h"
#include <unistd.h>

static void test_directories_are_where_the_variable_says(void **state) {
  loom_ctx *ctx = *state;
  const char *before = temporary_base(), *outer, *inner;
  assert_int_equal(temporary_make(ctx, &outer), LOOM_OK);
  before = arena_strdup(&ctx->mem, before);
  assert_true(file_is_dir(outer) && text_starts(outer, before));
  setenv("TMPDIR", outer, 1);
  assert_string_equal(temporary_base(), outer);
  assert_int_equal(temporary_make(ctx, &inner), LOOM_OK);
  assert_true(file_is_dir(inner) && strcmp(file_dirname(&ctx->mem, inner), outer) == 0);
  setenv("TMPDIR", file_join(&ctx->mem, outer, "none"), 1);
  assert_int_equal(temporary_make(ctx, &inner), LOOM_EIO);
  testing_expect_error(ctx, LOOM_EIO, "no directory can be made here: No such file", 0, 0);
  setenv("TMPDIR", "", 1);
  assert_string_equal(temporary_base(), "/tmp");
  unsetenv("TMPDIR");
  assert_string_equal(temporary_base(), "/tmp");
  setenv("TMPDIR", before, 1);
  temporary_remove(outer);
  assert_false(file_exists(outer));
}

static void test_what_links_lead_to_stays(void **state) {
  loom_ctx *ctx = *state;
  arena *m = &ctx->mem;
  const char *kept, *removed;
  assert_int_equal(temporary_make(ctx, &kept), LOOM_OK);
  assert_int_equal(temporary_make(ctx, &removed), LOOM_OK);
  assert_int_equal(file_write(ctx, file_join(m, kept, "file"), "x", 1), LOOM_OK);
  assert_int_equal(file_make_dirs(ctx, file_join(m, removed, "a/b")), LOOM_OK);
  assert_int_equal(file_write(ctx, file_join(m, removed, "a/b/file"), "x", 1), LOOM_OK);
  assert_int_equal(symlink(kept, file_join(m, removed, "a/link")), 0);
  temporary_remove(removed);
  assert_false(file_exists(removed));
  assert_true(file_exists(file_join(m, kept, "file")));
  temporary_remove(kept);
  assert_false(file_exists(kept));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_directories_are_where_the_variable_says, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_what_links_lead_to_stays, testing_open_context, testing_close_context),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
