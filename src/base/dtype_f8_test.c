/* float8: all 256 numbers of both formats against tables made from their definition (sign, exponent, mantissa; OCP 8-bit formats, as PyTorch has
 * them), and rounding at every border between two of them. */
#include "base/dtype.h"
#include "base/testing.h"
#include <math.h>

/* The numbers of codes 0 to 0x7f. */
static const double e4m3[128] = {
    0, 0.001953125, 0.00390625, 0.005859375, 0.0078125, 0.009765625, 0.01171875, 0.013671875, 0.015625, 0.017578125, 0.01953125, 0.021484375,
    0.0234375, 0.025390625, 0.02734375, 0.029296875, 0.03125, 0.03515625, 0.0390625, 0.04296875, 0.046875, 0.05078125, 0.0546875, 0.05859375, 0.0625,
    0.0703125, 0.078125, 0.0859375, 0.09375, 0.1015625, 0.109375, 0.1171875, 0.125, 0.140625, 0.15625, 0.171875, 0.1875, 0.203125, 0.21875, 0.234375,
    0.25, 0.28125, 0.3125, 0.34375, 0.375, 0.40625, 0.4375, 0.46875, 0.5, 0.5625, 0.625, 0.6875, 0.75, 0.8125, 0.875, 0.9375, 1, 1.125, 1.25, 1.375,
    1.5, 1.625, 1.75, 1.875, 2, 2.25, 2.5, 2.75, 3, 3.25, 3.5, 3.75, 4, 4.5, 5, 5.5, 6, 6.5, 7, 7.5, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 20, 22, 24,
    26, 28, 30, 32, 36, 40, 44, 48, 52, 56, 60, 64, 72, 80, 88, 96, 104, 112, 120, 128, 144, 160, 176, 192, 208, 224, 240, 256, 288, 320, 352, 384,
    416, 448, NAN};

static const double e5m2[128] = {
    0, 1.52587890625e-05, 3.0517578125e-05, 4.57763671875e-05, 6.103515625e-05, 7.62939453125e-05, 9.1552734375e-05, 0.0001068115234375,
    0.0001220703125, 0.000152587890625, 0.00018310546875, 0.000213623046875, 0.000244140625, 0.00030517578125, 0.0003662109375, 0.00042724609375,
    0.00048828125, 0.0006103515625, 0.000732421875, 0.0008544921875, 0.0009765625, 0.001220703125, 0.00146484375, 0.001708984375, 0.001953125,
    0.00244140625, 0.0029296875, 0.00341796875, 0.00390625, 0.0048828125, 0.005859375, 0.0068359375, 0.0078125, 0.009765625, 0.01171875, 0.013671875,
    0.015625, 0.01953125, 0.0234375, 0.02734375, 0.03125, 0.0390625, 0.046875, 0.0546875, 0.0625, 0.078125, 0.09375, 0.109375, 0.125, 0.15625, 0.1875,
    0.21875, 0.25, 0.3125, 0.375, 0.4375, 0.5, 0.625, 0.75, 0.875, 1, 1.25, 1.5, 1.75, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32,
    40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768, 896, 1024, 1280, 1536, 1792, 2048, 2560, 3072, 3584, 4096,
    5120, 6144, 7168, 8192, 10240, 12288, 14336, 16384, 20480, 24576, 28672, 32768, 40960, 49152, 57344, INFINITY, NAN, NAN, NAN};

typedef struct format { dtype type; const double *value; int most; } format;   /* most: code of the largest number */
static const format formats[] = {{DTYPE_F8E4M3, e4m3, 0x7e}, {DTYPE_F8E5M2, e5m2, 0x7b}};

static double load(dtype t, int code) {
  unsigned char b = (unsigned char)code;
  return dtype_load(t, &b);
}

static int store(dtype t, double v) {
  unsigned char b[2] = {0xee, 0xee};
  dtype_store(t, b, v);
  assert_int_equal(b[1], 0xee);
  return b[0];
}

static bool same(double a, double b) { return isnan(a) || isnan(b) ? isnan(a) && isnan(b) : !(a < b) && !(a > b) && !signbit(a) == !signbit(b); }

static void test_every_code_has_its_number_and_comes_back(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(formats); i++)
    for (int code = 0; code < 256; code++) {
      const format *f = &formats[i];
      double want = f->value[code & 0x7f];
      want = code & 0x80 ? -want : want;
      if (!same(load(f->type, code), want))
        fail_msg("%s of 0x%02x is %g, expected %g", dtype_torch(f->type), code, load(f->type, code), want);
      if (!isnan(want))
        assert_int_equal(store(f->type, want), code);
    }
}

/* Halfway between two numbers lies the even code; anything beside it goes to the nearer one. */
static void test_numbers_between_go_to_the_nearest_even(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(formats); i++)
    for (int code = 0; code < formats[i].most; code++)
      for (int sign = 0; sign < 256; sign += 128) {
        const format *f = &formats[i];
        double low = f->value[code], high = f->value[code + 1], middle = (low + high) / 2, factor = sign ? -1 : 1;
        assert_int_equal(store(f->type, factor * middle), (code + (code & 1)) | sign);
        assert_int_equal(store(f->type, factor * middle * (1 - 0x1p-20)), code | sign);
        assert_int_equal(store(f->type, factor * middle * (1 + 0x1p-20)), (code + 1) | sign);
      }
}

/* PyTorch: what float8_e4m3fn cannot hold is NaN, of float8_e5m2 infinity; doubles are rounded to f32 first. */
static void test_what_is_too_large(void **state) {
  (void)state;
  static const struct { dtype type; double in; int code; } cases[] = {
      {DTYPE_F8E4M3, 448, 0x7e}, {DTYPE_F8E4M3, 464, 0x7e}, {DTYPE_F8E4M3, 464.01, 0x7f}, {DTYPE_F8E4M3, 480, 0x7f}, {DTYPE_F8E4M3, 1e9, 0x7f}, {DTYPE_F8E4M3, INFINITY, 0x7f},
      {DTYPE_F8E4M3, -INFINITY, 0xff}, {DTYPE_F8E4M3, -500, 0xff}, {DTYPE_F8E4M3, NAN, 0x7f}, {DTYPE_F8E4M3, -0.0, 0x80}, {DTYPE_F8E4M3, 1e-30, 0}, {DTYPE_F8E4M3, -1e-300, 0x80}, {DTYPE_F8E4M3, 0x1p-10, 0}, {DTYPE_F8E4M3, 0x1.8p-10, 1},
      {DTYPE_F8E5M2, 57344, 0x7b}, {DTYPE_F8E5M2, 61439, 0x7b}, {DTYPE_F8E5M2, 61440, 0x7c}, {DTYPE_F8E5M2, 65536, 0x7c}, {DTYPE_F8E5M2, 1e300, 0x7c}, {DTYPE_F8E5M2, -INFINITY, 0xfc}, {DTYPE_F8E5M2, NAN, 0x7f},
      {DTYPE_F8E5M2, -0.0, 0x80}, {DTYPE_F8E5M2, 0x1p-17, 0}, {DTYPE_F8E5M2, 0x1.8p-17, 1}, {DTYPE_F8E4M3, 17 + 0x1p-40, 0x58}, {DTYPE_F8E4M3, 17 + 0x1p-18, 0x59}};
  for (size_t i = 0; i < COUNT_OF(cases); i++)
    if (store(cases[i].type, cases[i].in) != cases[i].code)
      fail_msg("%s of %.17g is 0x%02x, expected 0x%02x", dtype_torch(cases[i].type), cases[i].in, store(cases[i].type, cases[i].in), cases[i].code);
}

static void test_float8_is_a_float_of_one_byte(void **state) {
  (void)state;
  dtype t;
  for (size_t i = 0; i < COUNT_OF(formats); i++) {
    assert_true(dtype_is_float(formats[i].type) && dtype_is_f8(formats[i].type) && dtype_bytes(formats[i].type) == 1);
    assert_int_equal(dtype_compute(formats[i].type), DTYPE_F32);
  }
  assert_true(dtype_parse("torch.float8_e5m2", &t) && t == DTYPE_F8E5M2);
  assert_false(dtype_parse("float8_e4m3fnuz", &t));
  assert_true(dtype_unit_roundoff(DTYPE_F8E4M3) == 0x1p-4 && dtype_unit_roundoff(DTYPE_F8E5M2) == 0x1p-3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_code_has_its_number_and_comes_back),
      cmocka_unit_test(test_numbers_between_go_to_the_nearest_even),
      cmocka_unit_test(test_what_is_too_large),
      cmocka_unit_test(test_float8_is_a_float_of_one_byte),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
