#include "base/dtype.h"
#include "base/small_float.h"
#include "base/testing.h"

static const small_float *row(const char *name) {
  const small_float *f = small_float_find(name);
  assert_non_null(f);
  return f;
}

static void test_numbers_come_back(void **state) {   /* oracle: round trip over every pattern */
  (void)state;
  int n;
  const small_float *rows = small_float_rows(&n);
  for (int i = 0; i < n; i++)
    for (uint32_t b = 0; b < UINT32_C(1) << small_float_bits(&rows[i]); b++) {
      double d = small_float_decode(&rows[i], b);
      if (!isnan(d) && small_float_encode(&rows[i], d) != b)
        fail_msg("%s: 0x%x is %g, which encodes as 0x%x", rows[i].name, b, d, small_float_encode(&rows[i], d));
    }
}

static void test_rounding_is_to_the_nearest_and_ties_to_even(void **state) {   /* oracle: the two neighbours of every midpoint */
  (void)state;
  int n;
  const small_float *rows = small_float_rows(&n);
  for (int i = 0; i < n; i++) {
    const small_float *f = &rows[i];
    for (uint32_t b = 0; b < small_float_max(f); b++) {
      double low = small_float_decode(f, b), high = small_float_decode(f, b + 1), mid = low + (high - low) / 2;
      uint32_t even = b % 2 ? b + 1 : b;
      assert_int_equal(small_float_encode(f, mid), even);
      assert_int_equal(small_float_encode(f, nextafter(mid, 0)), b);
      assert_int_equal(small_float_encode(f, nextafter(mid, INFINITY)), b + 1);
    }
  }
}

static void test_dtypes_of_one_byte_agree(void **state) {
  (void)state;
  const struct { const char *name; dtype type; } same[] = {{"f8E4M3FN", DTYPE_F8E4M3}, {"f8E5M2", DTYPE_F8E5M2}};
  for (size_t i = 0; i < COUNT_OF(same); i++)
    for (int b = 0; b < 256; b++) {
      uint8_t byte = (uint8_t)b;
      double want = dtype_load(same[i].type, &byte), got = small_float_decode(row(same[i].name), byte);
      assert_true(want == got || (isnan(want) && isnan(got)));
    }
}

static void test_ends_of_the_range(void **state) {   /* oracle: the tables of the formats */
  (void)state;
  static const struct { const char *name; double max; uint32_t overflow, negative_overflow, minus_zero, nan; } cases[] = {
      {"f8E5M2", 57344, 0x7c, 0xfc, 0x80, 0x7e},     {"f8E4M3FN", 448, 0x7f, 0xff, 0x80, 0x7f}, {"f8E5M2FNUZ", 57344, 0x80, 0x80, 0, 0x80},
      {"f8E4M3FNUZ", 240, 0x80, 0x80, 0, 0x80},      {"f8E4M3B11FNUZ", 30, 0x80, 0x80, 0, 0x80}, {"f4E2M1FN", 6, 7, 15, 8, 8},
      {"f8E3M4", 15.5, 0x70, 0xf0, 0x80, 0x78},      {"f6E2M3FN", 7.5, 31, 63, 32, 32},          {"f6E3M2FN", 28, 31, 63, 32, 32},
      {"f8E4M3", 240, 0x78, 0xf8, 0x80, 0x7c}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const small_float *f = row(cases[i].name);
    assert_true(small_float_decode(f, small_float_max(f)) == cases[i].max);
    assert_int_equal(small_float_encode(f, 1e30), cases[i].overflow);
    assert_int_equal(small_float_encode(f, -INFINITY), cases[i].negative_overflow);
    assert_int_equal(small_float_encode(f, -0.0), cases[i].minus_zero);
    assert_int_equal(small_float_encode(f, NAN), cases[i].nan);
  }
  const small_float *scale = row("f8E8M0FNU");
  assert_true(small_float_decode(scale, 127) == 1 && isnan(small_float_decode(scale, 255)));
  assert_int_equal(small_float_encode(scale, -1), 255);
  assert_null(small_float_find("f9"));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_numbers_come_back), cmocka_unit_test(test_rounding_is_to_the_nearest_and_ties_to_even),
                                     cmocka_unit_test(test_dtypes_of_one_byte_agree), cmocka_unit_test(test_ends_of_the_range)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
