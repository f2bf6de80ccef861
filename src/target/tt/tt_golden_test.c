/* A whole program in dialect ttkernel, written by hand, against its C++, written by hand: tests/data/tt/matmul.mlir and the files beside it. */
#include "base/file.h"
#include "base/testing.h"
#include "dialect/dialect.h"
#include "target/tt/tt.h"

static void test_the_matmul_prints_as_it_is_kept(void **state) {
  (void)state;
  static const struct { tt_role role; bool object_api; const char *file; } rows[] = {
      {TT_READER, false, "reader.cpp"}, {TT_COMPUTE, false, "compute.cpp"}, {TT_WRITER, false, "writer.cpp"}, {TT_READER, true, "reader_objects.cpp"}, {TT_COMPUTE, true, "compute_objects.cpp"}};
  loom_ctx ctx;
  ir_ctx ir;
  loom_ctx_init(&ctx);
  assert_int_equal(ir_open(&ctx, &ir), LOOM_OK);
  assert_int_equal(dialect_load_ttkernel(&ir), LOOM_OK);
  char *source, *expected;
  size_t size;
  MlirModule m;
  assert_int_equal(file_read(&ctx, LOOM_SOURCE_DIR "/tests/data/tt/matmul.mlir", 1 << 20, &source, &size), LOOM_OK);
  assert_int_equal(ir_parse(&ir, "matmul.mlir", source, size, &m), LOOM_OK);
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    const char *out;
    assert_int_equal(tt_print_kernel(&ir, m, rows[i].role, rows[i].object_api, &out), LOOM_OK);
    assert_int_equal(file_read(&ctx, arena_printf(&ctx.mem, LOOM_SOURCE_DIR "/tests/data/tt/%s", rows[i].file), 1 << 20, &expected, &size), LOOM_OK);
    assert_string_equal(out, expected);
  }
  ir_close_module(m);
  ir_close(&ir);
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_matmul_prints_as_it_is_kept)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
