/* Limits of padded programs, and what is read of operations that no verifier has seen. */
#include "target/npu/npt_testing.h"

static void test_kernels_have_at_most_64_arguments(void **state) {
  (void)state;
  for (int n = 64; n <= 65; n++) {
    char source[4096];
    int at = snprintf(source, sizeof source, "func.func @kernel(");
    for (int i = 0; i < n; i++)
      at += snprintf(source + at, sizeof source - (size_t)at, "%s%%a%d: memref<8xf32>", i ? ", " : "", i);
    snprintf(source + at, sizeof source - (size_t)at, ") {\n  return\n}\n");
    fixture f;
    open_text(&f, source, true);
    loom_status st = npt_pad_loops(&f.ir, mlirModuleGetOperation(f.m), false);
    assert_int_equal(st, n == 64 ? LOOM_OK : LOOM_ELIMIT);
    if (n == 65)
      testing_expect_error(&f.ctx, LOOM_ELIMIT, "the function has 65 arguments; at most 64 can be padded", 0, 0);
    close_text(&f);
  }
}

/* Loops to 3 in steps of 2 along strides 1, 3, 9, ..: eight can be padded, nine cannot. */
static void test_tensors_have_at_most_8_padded_dims(void **state) {
  (void)state;
  for (int n = 8; n <= 9; n++) {
    char source[8192];
    int at = snprintf(source, sizeof source,
                      "memref.global \"private\" @X : memref<1xf32, 1>\nfunc.func @kernel(%%a: memref<19683xf32>) {\n  %%x = memref.get_global @X : memref<1xf32, 1>\n  %%t = memref.alloc() : memref<1xi32>\n"
                      "  %%c0 = arith.constant 0 : index\n  %%c1 = arith.constant 1 : index\n  %%c2 = arith.constant 2 : index\n");
    for (int i = 0; i < n; i++)
      at += snprintf(source + at, sizeof source - (size_t)at, "  affine.for %%i%d = 0 to 3 step 2 {\n", i);
    at += snprintf(source + at, sizeof source - (size_t)at, "  %%d = affine.apply affine_map<(a, b, c, d, e, f, g, h, i) -> (a + b * 3 + c * 9 + d * 27 + e * 81 + f * 243 + g * 729 + h * 2187 + i * 6561)>(");
    for (int i = 0; i < 9; i++)
      at += snprintf(source + at, sizeof source - (size_t)at, i < n ? "%s%%i%d" : "%s%%c0", i ? ", " : "", i);
    at += snprintf(source + at, sizeof source - (size_t)at,
                   ")\n  \"togsim.transfer\"(%%a, %%d, %%x, %%c0, %%t, %%c0, %%c2, %%c1) {dma_kind = \"MVIN\", vlane_split_axis = 0 : i64, dram_stride = [1], tile_stride = [1]}"
                   " : (memref<19683xf32>, index, memref<1xf32, 1>, index, memref<1xi32>, index, index, index) -> ()\n");
    for (int i = 0; i < n; i++)
      at += snprintf(source + at, sizeof source - (size_t)at, "  }\n");
    snprintf(source + at, sizeof source - (size_t)at, "  return\n}\n");
    fixture f;
    open_text(&f, source, true);
    loom_status st = npt_pad_loops(&f.ir, mlirModuleGetOperation(f.m), false);
    assert_int_equal(st, n == 8 ? LOOM_OK : LOOM_ELIMIT);
    if (n == 8)
      assert_int_equal(ir_verify(&f.ir, f.m), LOOM_OK);
    else
      testing_expect_error(&f.ctx, LOOM_ELIMIT, "more than 8 padded dims of one tensor", 0, 0);
    close_text(&f);
  }
}

/* What no verifier has seen is refused where it is read. */
static void test_unverified_operations_are_read_with_care(void **state) {
  (void)state;
  static const char head[] = "func.func @kernel(%a: memref<64xf32>, %x: memref<8xf32, 1>, %t: memref<1xi32>, %far: memref<1x1x1x1x1x1x1x1x1xf32, 1>) {\n  %c0 = arith.constant 0 : index\n  %c1 = arith.constant 1 : index\n  ";
  static const struct { const char *op, *says; } rows[] = {
      {"\"togsim.transfer\"(%a, %c0, %x, %c0, %t, %c0, %c1, %c1) {dma_kind = \"MOVE\"} : (memref<64xf32>, index, memref<8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()",
       "dma_kind of togsim.transfer must be \"MVIN\" or \"MVOUT\""},
      {"\"togsim.transfer\"(%a, %c0, %x, %c0, %t, %c0, %c1, %c1) {dma_kind = \"MVIN\"} : (memref<64xf32>, index, memref<8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()",
       "togsim.transfer needs vlane_split_axis"},
      {"\"togsim.transfer\"(%a, %c0, %far, %c0, %t, %c0, %c1, %c1) {dma_kind = \"MVIN\"} : (memref<64xf32>, index, memref<1x1x1x1x1x1x1x1x1xf32, 1>, index, memref<1xi32>, index, index, index) -> ()",
       "the tile of togsim.transfer has rank 9; it must be 1..8"},
      {"\"togsim.transfer\"(%a, %c0, %x, %c0, %c0, %c0, %c1, %c1) {dma_kind = \"MVIN\"} : (memref<64xf32>, index, memref<8xf32, 1>, index, index, index, index, index) -> ()",
       "togsim.transfer is malformed: DRAM, scratchpad and tag must be memrefs"},
      {"\"togsim.wait\"(%t, %c0) : (memref<1xi32>, index) -> ()", "togsim.wait must be a tag, its slot and a number of elements"},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    char source[2048];
    snprintf(source, sizeof source, "%s%s\n  return\n}\n", head, rows[i].op);
    fixture f;
    open_text(&f, source, true);
    npt_ops transfers = npt_collect(&f.ir, mlirModuleGetOperation(f.m), npt_is_transfer), waits = npt_collect(&f.ir, mlirModuleGetOperation(f.m), npt_is_wait);
    npt_transfer t;
    npt_wait w;
    assert_int_equal(transfers.n ? npt_read_transfer(&f.ir, transfers.at[0], &t) : npt_read_wait(&f.ir, waits.at[0], &w), LOOM_EINPUT);
    testing_expect_error(&f.ctx, LOOM_EINPUT, rows[i].says, 0, 0);
    close_text(&f);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_kernels_have_at_most_64_arguments),
      cmocka_unit_test(test_tensors_have_at_most_8_padded_dims),
      cmocka_unit_test(test_unverified_operations_are_read_with_care),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
