/* Padding layers.  Oracle: rows computed by hand from T(8,128), T(4,128), T(2,128) and their packed forms. */
#include "target/npu/npt_padding.h"
#include "base/testing.h"

static void test_layouts_pad_the_two_innermost_dims(void **state) {
  (void)state;
  static const struct { dtype type; int rank; int64_t dims[3], tile, pad[3], bytes, footprint; int packed; } rows[] = {
      {DTYPE_F32, 2, {8, 128}, 8, {0, 0}, 4096, 4096, 1},
      {DTYPE_F32, 2, {9, 128}, 8, {7, 0}, 4608, 8192, 1},
      {DTYPE_F32, 2, {5, 1}, 8, {3, 127}, 20, 4096, 1},
      {DTYPE_F32, 2, {4, 100}, 4, {0, 28}, 1600, 2048, 1},
      {DTYPE_F32, 2, {3, 128}, 4, {1, 0}, 1536, 2048, 1},
      {DTYPE_F32, 2, {2, 128}, 2, {0, 0}, 1024, 1024, 1},
      {DTYPE_F32, 2, {1, 129}, 2, {1, 127}, 516, 2048, 1},
      {DTYPE_F32, 1, {100}, 1, {28}, 400, 512, 1},
      {DTYPE_F32, 3, {3, 12, 200}, 8, {0, 4, 56}, 28800, 49152, 1},
      {DTYPE_BF16, 2, {8, 128}, 8, {0, 0}, 2048, 2048, 2},
      {DTYPE_BF16, 2, {15, 257}, 8, {1, 127}, 7710, 12288, 2},
      {DTYPE_BF16, 2, {1, 128}, 2, {1, 0}, 256, 512, 2},
      {DTYPE_BF16, 2, {3, 64}, 4, {1, 64}, 384, 1024, 2},
      {DTYPE_I8, 2, {1, 128}, 4, {3, 0}, 128, 512, 4},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    npt_padding l;
    assert_int_equal(npt_padding_of(rows[i].type, rows[i].rank, rows[i].dims, &l), LOOM_OK);
    assert_int_equal(l.tile[0], rows[i].tile);
    assert_int_equal(l.tile[1], 128);
    assert_int_equal(l.packed, rows[i].packed);
    for (int d = 0; d < rows[i].rank; d++) {
      assert_int_equal(l.pad[d], rows[i].pad[d]);
      assert_int_equal(l.padded[d], rows[i].dims[d] + rows[i].pad[d]);
    }
    assert_int_equal(l.bytes, rows[i].bytes);
    assert_int_equal(l.footprint_bytes, rows[i].footprint);
    assert_int_equal(l.traffic_bytes, rows[i].footprint);
  }
}

static void test_layouts_refuse_what_they_cannot_store(void **state) {
  (void)state;
  npt_padding l;
  assert_int_equal(npt_padding_of(DTYPE_F32, 0, (int64_t[]){1}, &l), LOOM_EINPUT);
  assert_int_equal(npt_padding_of(DTYPE_F32, 9, (int64_t[]){1, 1, 1, 1, 1, 1, 1, 1, 1}, &l), LOOM_EINPUT);
  assert_int_equal(npt_padding_of(DTYPE_F32, 2, (int64_t[]){0, 4}, &l), LOOM_EINPUT);
  assert_int_equal(npt_padding_of(DTYPE_F32, 2, (int64_t[]){(int64_t)1 << 40, (int64_t)1 << 40}, &l), LOOM_ELIMIT);
}

/* 114 columns on blocks of 128: all of a block is issued, and not a byte more is moved than layer A says. */
static void test_blocks_cost_use_and_no_bytes(void **state) {
  (void)state;
  static const struct { int64_t extent, block, blocks, issued; } rows[] = {{114, 128, 1, 128}, {128, 128, 1, 128}, {129, 128, 2, 256}, {1000, 256, 4, 1024}, {1, 8, 1, 8}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    npt_blocks b = npt_blocks_of(rows[i].extent, rows[i].block);
    assert_int_equal(b.blocks, rows[i].blocks);
    assert_int_equal(b.issued, rows[i].issued);
    assert_int_equal(b.useful, rows[i].extent);
  }
}

static void test_fills_are_neutral(void **state) {
  (void)state;
  static const double values[] = {-3, 0, 2.5};
  for (size_t i = 0; i < COUNT_OF(values); i++) {
    double v = values[i];
    assert_true(v + npt_reduction_fill(NPT_REDUCE_SUM) == v);
    assert_true(v * npt_reduction_fill(NPT_REDUCE_PRODUCT) == v);
    assert_true(fmax(v, npt_reduction_fill(NPT_REDUCE_MAX)) == v);
    assert_true(fmin(v, npt_reduction_fill(NPT_REDUCE_MIN)) == v);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_layouts_pad_the_two_innermost_dims),
      cmocka_unit_test(test_layouts_refuse_what_they_cannot_store),
      cmocka_unit_test(test_blocks_cost_use_and_no_bytes),
      cmocka_unit_test(test_fills_are_neutral),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
