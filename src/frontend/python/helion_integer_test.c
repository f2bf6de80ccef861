/* Integer functions on every pair of bytes, and on odd pairs of wider types.  Oracle: C's integers, and PyTorch's rules where C has none. */
#include <math.h>

#include "frontend/python/helion_testing.h"

enum { ALL = 256, ODD = 12 };
static double byte_number(int64_t at) { return (double)at; }
static double char_number(int64_t at) { return (double)at - 128; }
static double odd32(int64_t at) {
  static const double v[ODD] = {0, 1, -1, 2, -2, 7, 31, 32, 33, 2147483647.0, -2147483648.0, -40};
  return v[at];
}
static double odd64(int64_t at) { return odd32(at) * (at > 8 ? 3 : 1); }

/* ---- what is expected, in 64 bits; the caller wraps ---- */
typedef int64_t formula(int64_t a, int64_t b, int bits, bool is_unsigned);
#define OF(name, expr) static int64_t name(int64_t a, int64_t b, int bits, bool is_unsigned) { (void)a, (void)b, (void)bits, (void)is_unsigned; return expr; }
static int64_t floor_quotient(int64_t a, int64_t b) { return b == 0 ? 0 : a / b - (a % b != 0 && (a % b < 0) != (b < 0)); }
static uint64_t product_of(uint64_t a, int64_t times) { return times ? product_of(a * a, times / 2) * (times % 2 ? a : 1) : 1; }
static int64_t whole_power(int64_t a, int64_t b) { return b >= 0 ? (int64_t)product_of((uint64_t)a, b) : a == 1 ? 1 : a == -1 ? (b % 2 ? -1 : 1) : 0; }
OF(quotient, floor_quotient(a, b))
OF(remainder_of, a - floor_quotient(a, b) * b)
OF(truncated, b == 0 ? 0 : a / b)
OF(to_the, whole_power(a, b))
OF(left, b < 0 || b >= bits ? 0 : (int64_t)((uint64_t)a << b))
OF(right, b < 0 || b >= bits ? (a < 0 ? -1 : 0) : a >> b)
OF(largest, a > b ? a : b)
OF(smallest, a < b ? a : b)
OF(less, a < b)
OF(at_least, a >= b)
OF(magnitude, a < 0 ? -a : a)
OF(sign_of, (a > 0) - (a < 0))
OF(positive, a > 0 ? a : 0)
OF(negated, -a)
OF(inverted, ~a)
OF(product, (int64_t)((uint64_t)a * (uint64_t)b))
OF(difference, a - b)
OF(clamped, a < 3 ? 3 : a > 200 % (is_unsigned ? 256 : 128) ? 200 % (is_unsigned ? 256 : 128) : a)

static const struct { const char *expr; formula *want; } rows[] = {
    {"x // y", quotient}, {"x % y", remainder_of}, {"torch.div(x, y, rounding_mode='trunc')", truncated}, {"x << y", left}, {"x >> y", right}, {"torch.maximum(x, y)", largest},
    {"torch.minimum(x, y)", smallest}, {"x < y", less}, {"x >= y", at_least}, {"torch.abs(x) + 0 * y", magnitude}, {"torch.sign(x) + 0 * y", sign_of}, {"torch.relu(x) + 0 * y", positive},
    {"-x + 0 * y", negated}, {"~x + 0 * y", inverted}, {"x * y", product}, {"x - y", difference}, {"x ** y", to_the}};

static double wrapped(int64_t v, int bits, bool is_unsigned) {
  uint64_t low = bits == 64 ? (uint64_t)v : (uint64_t)v & ((UINT64_C(1) << bits) - 1);
  return is_unsigned || bits == 64 || !(low >> (bits - 1)) ? (double)(int64_t)low : (double)((int64_t)low - (INT64_C(1) << bits));
}

static void expect(const char *expr, formula *f, dtype t, int n, double (*value)(int64_t)) {
  static double want[ALL * ALL];
  char code[700];
  const helion_input in[] = {{"a", t, 1, {n}, value}, {"b", t, 1, {n}, value}};
  int bits = (int)dtype_bytes(t) * 8;
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++)
      want[i * n + j] = wrapped(f((int64_t)value(i), (int64_t)value(j), bits, t == DTYPE_U8), bits, t == DTYPE_U8);
  snprintf(code, sizeof code,
           HELION_KERNEL("a, b") "  n = a.size(0)\n  out = torch.empty([n, n], dtype=torch.%s)\n  for s, t in hl.tile([n, n]):\n    x, y = a[s][:, None], b[t][None, :]\n    out[s, t] = %s\n  return out\n",
           dtype_torch(t), expr);
  helion_expect(code, in, 2, 100, true, want, (int64_t)n * n);
}

static void test_every_pair_of_bytes(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    expect(rows[i].expr, rows[i].want, DTYPE_U8, ALL, byte_number);
    expect(rows[i].expr, rows[i].want, DTYPE_I8, ALL, char_number);
  }
  expect("torch.clamp(x, 3, 200) + 0 * y", clamped, DTYPE_U8, ALL, byte_number);
}

static void test_odd_pairs_of_wide_integers(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    expect(rows[i].expr, rows[i].want, DTYPE_I32, ODD - 1, odd32);
    if (rows[i].want != left && rows[i].want != to_the && rows[i].want != product)   /* beyond 2^53, which the interpreter refuses */
      expect(rows[i].expr, rows[i].want, DTYPE_I64, ODD, odd64);
  }
}

/* Floats become bytes modulo 256, bytes become floats from 0 to 255. */
static void test_bytes_and_floats_convert(void **state) {
  (void)state;
  static const double odd[] = {0, 1, -1, 127.9, 128, 255.5, 256, -128.7, -129, 1000, -1000, 70000};
  const helion_input in[] = {{"a", DTYPE_U8, 1, {ALL}, byte_number}, {"b", DTYPE_I8, 1, {ALL}, char_number}};
  double want[ALL];
  for (int i = 0; i < ALL; i++)
    want[i] = i * 0.5 + (i >= 128 ? i - 256 : i);
  helion_expect(HELION_KERNEL("a, b") "  out = torch.empty([256])\n  for t in hl.tile(256):\n    out[t] = a[t].to(torch.float32) * 0.5 + a[t].to(torch.int8).to(torch.float32) + 0 * b[t]\n  return out\n", in, 2, 100, true, want, ALL);
  for (int type = 0; type < 2; type++)
    for (size_t i = 0; i < COUNT_OF(odd); i++) {
      char code[500];
      double one = wrapped((int64_t)odd[i], 8, !type);
      snprintf(code, sizeof code, HELION_KERNEL("a") "  out = torch.empty([1], dtype=torch.%s)\n  for t in hl.tile(1):\n    out[t] = (a[t].to(torch.float64) + %.17g).to(torch.%s)\n  return out\n", type ? "int8" : "uint8",
               odd[i], type ? "int8" : "uint8");
      const helion_input zero[] = {{"a", DTYPE_U8, 1, {1}, byte_number}};
      helion_expect(code, zero, 1, 0, true, &one, 1);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_pair_of_bytes),
      cmocka_unit_test(test_odd_pairs_of_wide_integers),
      cmocka_unit_test(test_bytes_and_floats_convert),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
