#include "base/dtype.h"
#include "base/testing.h"

/* The value of a half or bfloat16 straight from its definition: the oracle of all conversions below. */
static double defined_value(uint32_t bits, int stored, int exponent_bits) {
  int exponent = (int)(bits >> stored & ((1u << exponent_bits) - 1)), bias = (1 << (exponent_bits - 1)) - 1;
  double fraction = (double)(bits & ((1u << stored) - 1));
  double size;
  if (exponent == (1 << exponent_bits) - 1)
    size = fraction == 0 ? INFINITY : NAN;
  else if (exponent == 0)
    size = ldexp(fraction, 1 - bias - stored);
  else
    size = ldexp(fraction + (double)(1u << stored), exponent - bias - stored);
  return bits & 0x8000 ? -size : size;
}

static bool same_double(double a, double b) { return memcmp(&a, &b, sizeof a) == 0; }

static uint16_t stored_bits(dtype t, double v) {
  uint16_t h;
  dtype_store(t, &h, v);
  return h;
}

static const struct { dtype type; int stored, exponent_bits; uint16_t infinity; } halves[] = {{DTYPE_F16, 10, 5, 0x7c00}, {DTYPE_BF16, 7, 8, 0x7f80}};

static void test_every_half_has_its_value_and_round_trips(void **state) {
  (void)state;
  for (size_t k = 0; k < COUNT_OF(halves); k++)
    for (uint32_t bits = 0; bits < 65536; bits++) {
      uint16_t h = (uint16_t)bits;
      double want = defined_value(bits, halves[k].stored, halves[k].exponent_bits), got = dtype_load(halves[k].type, &h);
      uint16_t back = stored_bits(halves[k].type, got);
      if (isnan(want)) {
        assert_true(isnan(got));
        assert_int_equal(back, bits | 1u << (halves[k].stored - 1));   /* quiet, payload and sign kept */
      } else {
        assert_true(same_double(got, want));
        assert_int_equal(back, bits);
      }
    }
}

/* Between neighbours lo < hi every double must go to the nearer one, the middle to the even one: checked at the middle and one
 * double to each side of it.  Going through float instead would round the values beside the middle to the middle first. */
static void test_f64_to_half_rounds_once_to_nearest_even(void **state) {
  (void)state;
  for (size_t k = 0; k < COUNT_OF(halves); k++)
    for (uint32_t bits = 0; bits < halves[k].infinity; bits++) {
      double lo = defined_value(bits, halves[k].stored, halves[k].exponent_bits);
      double step = bits + 1 < halves[k].infinity ? defined_value(bits + 1, halves[k].stored, halves[k].exponent_bits) - lo
                                                  : lo - defined_value(bits - 1, halves[k].stored, halves[k].exponent_bits);
      double middle = lo + step / 2;   /* exact: one bit more than the format has */
      uint16_t even = (uint16_t)(bits + (bits & 1));
      for (uint16_t sign = 0; sign < 2; sign++) {
        double s = sign ? -1 : 1;
        uint16_t mask = (uint16_t)(sign << 15);
        assert_int_equal(stored_bits(halves[k].type, s * nextafter(middle, 0)), bits | mask);
        assert_int_equal(stored_bits(halves[k].type, s * middle), even | mask);
        assert_int_equal(stored_bits(halves[k].type, s * nextafter(middle, INFINITY)), (bits + 1) | mask);
      }
    }
}

static void test_half_conversions_at_the_edges(void **state) {
  (void)state;
  const struct { double v; uint16_t f16; } cases[] = {
    {65504, 0x7bff}, {65519.99, 0x7bff}, {65520, 0x7c00}, {1e300, 0x7c00}, {INFINITY, 0x7c00}, {-INFINITY, 0xfc00}, {-0.0, 0x8000},
    {0x1p-24, 1}, {0x1p-25, 0}, {0x1.0000000000001p-25, 1}, {0x1.8p-24, 2}, {0x1p-26, 0}, {5e-324, 0}, {-5e-324, 0x8000}, {0x1p-14, 0x0400},
    {0x1.ffcp-15, 0x0400}, {0x1.ff8p-15, 0x03ff}, {1 + 0x1p-11, 0x3c00}, {1 + 0x1p-11 + 0x1p-40, 0x3c01},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++)
    assert_int_equal(dtype_f64_to_f16(cases[i].v), cases[i].f16);
  assert_int_equal(dtype_f32_to_f16(1.0f + 0x1p-11f), 0x3c00);
  assert_int_equal(dtype_f32_to_f16(65520.0f), 0x7c00);
  assert_true(isnan(dtype_f16_to_f32(dtype_f32_to_f16(NAN))));
  assert_true(dtype_f16_to_f32(0x3555) == 0.333251953125f);
}

static void test_integers_truncate_and_saturate(void **state) {
  (void)state;
  const struct { dtype t; double in, out; } cases[] = {
    {DTYPE_I8, 127.9, 127}, {DTYPE_I8, 300, 127}, {DTYPE_I8, -300, -128}, {DTYPE_I8, -1.9, -1}, {DTYPE_I8, NAN, 0},
    {DTYPE_U8, -1, 0}, {DTYPE_U8, 255.5, 255}, {DTYPE_U8, 1e9, 255}, {DTYPE_I16, 40000, 32767}, {DTYPE_I16, -40000, -32768},
    {DTYPE_I32, 3e9, 2147483647}, {DTYPE_I32, -INFINITY, -2147483648.0}, {DTYPE_I64, INFINITY, 0x1p63}, {DTYPE_I64, -0x1p63, -0x1p63},
    {DTYPE_I64, 0x1p53, 0x1p53}, {DTYPE_BOOL, 0.25, 1}, {DTYPE_BOOL, -0.0, 0}, {DTYPE_BOOL, NAN, 1}, {DTYPE_F32, 0.1, 0.1f},
    {DTYPE_F32, 1e300, INFINITY}, {DTYPE_F64, 0.1, 0.1},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    unsigned char bytes[9];
    memset(bytes, 0xee, sizeof bytes);
    dtype_store(cases[i].t, bytes, cases[i].in);
    assert_true(same_double(dtype_load(cases[i].t, bytes), cases[i].out));
    assert_int_equal(bytes[dtype_bytes(cases[i].t)], 0xee);   /* writes its own bytes only */
  }
}

static void test_names_parse_back(void **state) {
  (void)state;
  dtype t;
  for (int i = 0; i < DTYPE_COUNT; i++) {
    char with_prefix[32];
    snprintf(with_prefix, sizeof with_prefix, "torch.%s", dtype_torch((dtype)i));
    assert_true(dtype_parse(dtype_mlir((dtype)i), &t) && t == (dtype)i);
    assert_true(dtype_parse(dtype_torch((dtype)i), &t) && t == (dtype)i);
    assert_true(dtype_parse(with_prefix, &t) && t == (dtype)i);
  }
  assert_true(dtype_parse("torch.half", &t) && t == DTYPE_F16);
  assert_true(dtype_parse("long", &t) && t == DTYPE_I64);
  assert_false(dtype_parse("float8", &t) || dtype_parse("", &t) || dtype_parse("torch.", &t));
  assert_string_equal(dtype_numpy(DTYPE_F16), "<f2");
  assert_true(dtype_is_float(DTYPE_BF16) && !dtype_is_float(DTYPE_BOOL));
  assert_true(dtype_unit_roundoff(DTYPE_F16) == 0x1p-11 && dtype_unit_roundoff(DTYPE_F64) == 0x1p-53 && dtype_unit_roundoff(DTYPE_I8) == 0);
}

/* Oracle: the table of torch.promote_types for these types. */
static void test_promotion_is_that_of_torch(void **state) {
  (void)state;
  enum { F2 = DTYPE_F16, BF = DTYPE_BF16, F4 = DTYPE_F32, F8 = DTYPE_F64, I1 = DTYPE_I8, U1 = DTYPE_U8, I2 = DTYPE_I16, I4 = DTYPE_I32, I8 = DTYPE_I64, B = DTYPE_BOOL };
  static const int order[] = {U1, I1, I2, I4, I8, F2, F4, F8, B, BF};
  static const int table[10][10] = {
    /* u1 */ {U1, I2, I2, I4, I8, F2, F4, F8, U1, BF},
    /* i1 */ {I2, I1, I2, I4, I8, F2, F4, F8, I1, BF},
    /* i2 */ {I2, I2, I2, I4, I8, F2, F4, F8, I2, BF},
    /* i4 */ {I4, I4, I4, I4, I8, F2, F4, F8, I4, BF},
    /* i8 */ {I8, I8, I8, I8, I8, F2, F4, F8, I8, BF},
    /* f2 */ {F2, F2, F2, F2, F2, F2, F4, F8, F2, F4},
    /* f4 */ {F4, F4, F4, F4, F4, F4, F4, F8, F4, F4},
    /* f8 */ {F8, F8, F8, F8, F8, F8, F8, F8, F8, F8},
    /* b1 */ {U1, I1, I2, I4, I8, F2, F4, F8, B, BF},
    /* bf */ {BF, BF, BF, BF, BF, F4, F4, F8, BF, BF},
  };
  for (int i = 0; i < 10; i++)
    for (int j = 0; j < 10; j++)
      assert_int_equal(dtype_promote((dtype)order[i], (dtype)order[j]), table[i][j]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_every_half_has_its_value_and_round_trips),
    cmocka_unit_test(test_f64_to_half_rounds_once_to_nearest_even),
    cmocka_unit_test(test_half_conversions_at_the_edges),
    cmocka_unit_test(test_integers_truncate_and_saturate),
    cmocka_unit_test(test_names_parse_back),
    cmocka_unit_test(test_promotion_is_that_of_torch),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
