/* What goes in piece by piece comes out whole; what cannot be written leaves the old file and no other. */
#include "base/file.h"
#include "base/file_writer.h"
#include "base/rng.h"
#include "base/testing.h"
#include "base/text.h"
#include <stdlib.h>
#include <unistd.h>

static char dir[] = "/tmp/loom_file_writer_XXXXXX";

static void test_pieces_of_any_length_come_out_in_order(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  const char *path = file_join(&ctx.mem, dir, "pieces");
  text want = text_new(&ctx.mem);
  rng r = rng_new(3);
  file_writer *w;
  assert_int_equal(file_writer_open(&ctx, path, &w), LOOM_OK);
  for (int i = 0; i < 300; i++) {
    char *piece = arena_alloc(&ctx.scratch, 3 * FILE_WRITER_BYTES);
    size_t n = (size_t)rng_range(&r, 0, i % 50 ? 900 : 3 * FILE_WRITER_BYTES - 1);
    memset(piece, 'a' + i % 26, n);
    text_add_bytes(&want, piece, n);
    file_writer_add(w, piece, n);
    assert_false(file_exists(path));     /* not before it is whole */
  }
  assert_int_equal(file_writer_close(&ctx, w), LOOM_OK);
  char *got;
  size_t size;
  assert_int_equal(file_read(&ctx, path, want.size + 1, &got, &size), LOOM_OK);
  assert_int_equal(size, want.size);
  assert_memory_equal(got, text_str(&want), size);
  loom_ctx_done(&ctx);
}

static void test_what_cannot_be_written_is_told(void **state) {
  (void)state;
  const struct { const char *path, *part; } cases[] = {{"/dev/full", "No space left"}, {"/tmp", "Is a directory"}, {"/none/such/x", "No such file"}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    file_writer *w;
    loom_status st = file_writer_open(&ctx, cases[i].path, &w);
    if (st == LOOM_OK) {
      for (int k = 0; k < 3000; k++)
        file_writer_add(w, "0123456789012345678901234567890123456789", 40);
      st = file_writer_close(&ctx, w);
    }
    assert_int_equal(st, LOOM_EIO);
    testing_expect_error(&ctx, LOOM_EIO, cases[i].part, 0, 0);
    loom_ctx_done(&ctx);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_pieces_of_any_length_come_out_in_order), cmocka_unit_test(test_what_cannot_be_written_is_told)};
  if (!mkdtemp(dir))
    return 1;
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  char path[64];
  snprintf(path, sizeof path, "%s/pieces", dir);
  unlink(path);
  return rmdir(dir) != 0 || failed;      /* no temporary file is left */
}
