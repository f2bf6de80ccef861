/* Scalar functions, roundings and casts of the interpreter.  Oracles: long double libm, 128-bit integers, a search over all numbers of a type,
 * the published test vectors of Philox; and engines that are as wrong as they may be, for the bounds. */
#include "base/rng.h"
#include "base/testing.h"
#include "kernel/interp_private.h"

/* ---- rounding to f16 and bf16 ---- */

/* The number with this bit pattern of a format with `exponent` exponent bits, out of 16. */
static double decode(unsigned bits, int exponent) {
  int mantissa = 15 - exponent, e = (int)(bits >> mantissa) & ((1 << exponent) - 1), bias = (1 << (exponent - 1)) - 1;
  double m = (double)(bits & ((1u << mantissa) - 1));
  return e ? ldexp(m + ldexp(1, mantissa), e - bias - mantissa) : ldexp(m, 1 - bias - mantissa);
}

/* Nearest of all numbers, ties to the even pattern; beyond the middle of the largest and the next power of two: infinity. */
static double nearest(double x, int exponent) {
  unsigned low = 0, high = ((1u << exponent) - 1) << (15 - exponent);   /* high: infinity's pattern, one step above the largest */
  double a = fabs(x);
  while (high - low > 1) {
    unsigned middle = (low + high) / 2;
    *(decode(middle, exponent) <= a ? &low : &high) = middle;
  }
  double below = a - decode(low, exponent), above = decode(high, exponent) - a;
  unsigned r = below < above || (below == above && low % 2 == 0) ? low : high;
  return copysign(r == ((1u << exponent) - 1) << (15 - exponent) ? INFINITY : decode(r, exponent), x);
}

static void test_narrow_floats_round_to_the_nearest_of_all(void **state) {
  (void)state;
  rng r = rng_new(1);
  static const struct { dtype t; int exponent; } types[] = {{DTYPE_F16, 5}, {DTYPE_BF16, 8}};
  for (size_t t = 0; t < 2; t++)
    for (int i = 0; i < 60000; i++) {
      unsigned bits = (unsigned)rng_range(&r, 0, (1 << 15) - 2);
      double a = decode(bits, types[t].exponent), b = decode(bits + 1, types[t].exponent), x = a;
      switch (i % 4) {   /* the numbers, the middles between two, next to a middle, anything: subnormals and overflow are among them */
      case 1: x = a / 2 + b / 2; break;
      case 2: x = nextafter(a / 2 + b / 2, i % 8 < 4 ? a : b); break;
      case 3: x = ldexp(rng_uniform(&r) * 2 - 1, (int)rng_range(&r, -160, 140)); break;
      default: break;
      }
      if (!isfinite(x) || (bits >> (15 - types[t].exponent)) == (1u << types[t].exponent) - 1)
        continue;
      double got = interp_round(types[t].t, x), want = nearest(x, types[t].exponent);
      if (got != want)
        fail_msg("%a rounds to %a in %s, expected %a", x, got, dtype_torch(types[t].t), want);
    }
  assert_true(interp_round(DTYPE_F16, 65519.99) == 65504 && isinf(interp_round(DTYPE_F16, 65520)) && interp_round(DTYPE_F16, 0x1p-25) == 0);
  assert_true(interp_round(DTYPE_F16, 0x1.000002p-25) == 0x1p-24 && interp_round(DTYPE_BF16, 0x1p-133) == 0x1p-133 && isinf(interp_round(DTYPE_BF16, 3.4e38)));
}

static void test_a_rounded_value_may_overflow(void **state) {
  (void)state;
  static const struct { dtype t; double x, e, want, bound; } rows[] = {
      {DTYPE_F32, 4e38, 0, INFINITY, 0},       {DTYPE_F32, 4e38, 1e30, INFINITY, 0},  {DTYPE_F32, 3.402e38, 1e35, 3.402e38, INFINITY},
      {DTYPE_F16, 65504, 0, 65504, 0},         {DTYPE_F16, 65520, 0, INFINITY, 0},    {DTYPE_F16, 65000, 600, 65000, INFINITY},
      {DTYPE_F16, -70000, 100, -INFINITY, 0},  {DTYPE_F16, -65000, 10, -65000, 10 + 0x1p-11 * 65010}, {DTYPE_F64, 1e308, 1e300, 1e308, 1e300 + 0x1p-52 * (1e308 + 1e300)},
      {DTYPE_F32, 1, 0, 1, 0},                 {DTYPE_F32, 0.1, 0, (double)0.1f, 0.1 * 0x1p-24}, {DTYPE_F16, 1e-9, 0, 0, 0x1p-25},
      {DTYPE_F8E4M3, 500, 1, NAN, 0},          {DTYPE_F8E4M3, 448, 40, 448, INFINITY}, {DTYPE_F8E4M3, -1000, 0, NAN, 0}, {DTYPE_F8E4M3, 448, 1, 448, 1 + 449. / 16}, {DTYPE_F8E5M2, 1e5, 10, INFINITY, 0}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    double e = rows[i].e, x = interp_round_bounded(rows[i].t, rows[i].x, &e);
    if (!(x == rows[i].want || (isnan(x) && isnan(rows[i].want))) || !(e == rows[i].bound || fabs(e - rows[i].bound) < 1e-12 * rows[i].bound))
      fail_msg("row %zu: %g +- %g, expected %g +- %g", i, x, e, rows[i].want, rows[i].bound);
  }
}

/* ---- functions against long double ---- */

static long double sigmoid(long double x) { return 1 / (1 + expl(-x)); }
static long double rsqrt(long double x) { return 1 / sqrtl(x); }
static long double reciprocal(long double x) { return 1 / x; }
static long double negated(long double x) { return -x; }
static long double positive(long double x) { return x > 0 ? x : 0; }
static long double sign(long double x) { return (x > 0) - (x < 0); }

static const struct { kernel_fn fn; long double (*f)(long double); double low, high; } unary[] = {
    {KERNEL_FN_NEG, negated, -9, 9}, {KERNEL_FN_ABS, fabsl, -9, 9}, {KERNEL_FN_EXP, expl, -80, 80}, {KERNEL_FN_EXP2, exp2l, -120, 120}, {KERNEL_FN_LOG, logl, 1e-6, 1e6},
    {KERNEL_FN_LOG2, log2l, 1e-6, 1e6}, {KERNEL_FN_SQRT, sqrtl, 0, 1e6}, {KERNEL_FN_RSQRT, rsqrt, 1e-6, 1e6}, {KERNEL_FN_TANH, tanhl, -9, 9}, {KERNEL_FN_SIGMOID, sigmoid, -85, 30},
    {KERNEL_FN_RELU, positive, -9, 9}, {KERNEL_FN_ERF, erfl, -5, 5}, {KERNEL_FN_RECIP, reciprocal, 0.01, 100}, {KERNEL_FN_LOG1P, log1pl, -0.99, 1e6}, {KERNEL_FN_EXPM1, expm1l, -30, 80},
    {KERNEL_FN_SIN, sinl, -100, 100}, {KERNEL_FN_COS, cosl, -100, 100}, {KERNEL_FN_FLOOR, floorl, -9, 9}, {KERNEL_FN_CEIL, ceill, -9, 9}, {KERNEL_FN_ROUND, rintl, -9, 9},
    {KERNEL_FN_TRUNC, truncl, -9, 9}, {KERNEL_FN_SIGN, sign, -9, 9}};

static double between(rng *r, double low, double high) { return low + (high - low) * rng_uniform(r); }

static void test_functions_are_those_of_long_double(void **state) {
  (void)state;
  rng r = rng_new(2);
  for (size_t f = 0; f < COUNT_OF(unary); f++)
    for (int i = 0; i < 2000; i++) {
      double x = i % 50 ? between(&r, unary[f].low, unary[f].high) : rint(between(&r, fmax(unary[f].low, -20), fmin(unary[f].high, 20)) * 2) / 2;
      if (x < unary[f].low || x > unary[f].high)
        continue;
      interp_num got = interp_unary(unary[f].fn, DTYPE_F64, (interp_num){x, 0});
      long double want = unary[f].f(x), error = fabsl((long double)got.x - want);
      if (!(error <= 3 * 0x1p-53L * fabsl(want) + 0x1p-1074L) || got.e > 9 * 0x1p-52 * fabs(got.x))
        fail_msg("%s(%.17g) is %.17g +- %g, expected %.17Lg", kernel_fn_name(unary[f].fn), x, got.x, got.e, want);
    }
}

static void test_special_arguments(void **state) {
  (void)state;
  const double inf = INFINITY, nan = NAN;
  const struct { kernel_fn fn; double a, b, want; } rows[] = {
      {KERNEL_FN_RELU, nan, 0, nan}, {KERNEL_FN_RELU, -inf, 0, 0}, {KERNEL_FN_SIGMOID, -inf, 0, 0}, {KERNEL_FN_SIGMOID, inf, 0, 1}, {KERNEL_FN_ROUND, 0.5, 0, 0}, {KERNEL_FN_ROUND, 1.5, 0, 2},
      {KERNEL_FN_ROUND, -2.5, 0, -2}, {KERNEL_FN_LOG, 0, 0, -inf}, {KERNEL_FN_LOG, -1, 0, nan}, {KERNEL_FN_SQRT, -1, 0, nan}, {KERNEL_FN_RSQRT, 0, 0, inf}, {KERNEL_FN_SIGN, nan, 0, nan},
      {KERNEL_FN_MAX, nan, 1, nan}, {KERNEL_FN_MAX, 1, nan, nan}, {KERNEL_FN_MIN, nan, -inf, nan}, {KERNEL_FN_MAX, -inf, inf, inf}, {KERNEL_FN_EQ, nan, nan, 0}, {KERNEL_FN_NE, nan, nan, 1},
      {KERNEL_FN_LT, nan, 1, 0}, {KERNEL_FN_GE, nan, 1, 0}, {KERNEL_FN_EQ, -0.0, 0, 1}, {KERNEL_FN_FLOORDIV, 1, 0, inf}, {KERNEL_FN_FLOORDIV, -7, 2, -4}, {KERNEL_FN_FLOORDIV, 7, -2, -4},
      {KERNEL_FN_FLOORDIV, -1, inf, -1}, {KERNEL_FN_FLOORDIV, inf, 2, nan}, {KERNEL_FN_MOD, -7, 3, 2}, {KERNEL_FN_MOD, 7, -3, -2}, {KERNEL_FN_MOD, 6, -3, 0}, {KERNEL_FN_MOD, 1, 0, nan},
      {KERNEL_FN_MOD, 5, inf, 5}, {KERNEL_FN_MOD, -5, inf, inf}, {KERNEL_FN_TRUNCDIV, -7, 2, -3}, {KERNEL_FN_POW, 0, 0, 1}, {KERNEL_FN_POW, -2, 3, -8}, {KERNEL_FN_POW, -2, 0.5, nan},
      {KERNEL_FN_DIV, 0, 0, nan}, {KERNEL_FN_DIV, -1, 0, -inf}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    interp_num a = {rows[i].a, 0}, b = {rows[i].b, 0};
    double got = kernel_fn_arity(rows[i].fn) == 1 ? interp_unary(rows[i].fn, DTYPE_F32, a).x : interp_binary(rows[i].fn, DTYPE_F32, a, b).x;
    if (!(got == rows[i].want || (isnan(got) && isnan(rows[i].want))))
      fail_msg("%s(%g, %g) is %g, expected %g", kernel_fn_name(rows[i].fn), rows[i].a, rows[i].b, got, rows[i].want);
  }
}

/* Engines have floats: 1 - 2^-24 over 2^-24 is no whole number, though f32 division says so. */
static void test_float_remainders_are_exact(void **state) {
  (void)state;
  rng r = rng_new(3);
  for (int i = 0; i < 20000; i++) {
    double a = (double)(float)(rng_normal(&r) * (i % 3 ? 1000 : 1)), b = (double)(float)rng_normal(&r);
    long double q = floorl((long double)a / (long double)b), m = (long double)a - q * (long double)b;   /* 24 by 24 bits: both exact in 64 */
    interp_num x = {a, 0}, y = {b, 0}, d = interp_binary(KERNEL_FN_FLOORDIV, DTYPE_F32, x, y), e = interp_binary(KERNEL_FN_MOD, DTYPE_F32, x, y);
    if (b == 0 || fabsl(q) > 0x1p38L)
      continue;
    if ((long double)d.x != q || d.e != 0 || fabsl((long double)e.x - m) > 0x1p-53L * fabsl(m) || e.e != 0)
      fail_msg("%a by %a: %.17g rest %.17g, expected %.17Lg rest %.17Lg", a, b, d.x, e.x, q, m);
  }
}

/* ---- bounds ----
 * Operands are anywhere within their errors, the engine's result anywhere within its ulps, then it is rounded to the type. */

static const struct { kernel_fn fn; long double (*f)(long double); double ulps; } transcendental[] = {
    {KERNEL_FN_EXP, expl, 2}, {KERNEL_FN_EXP2, exp2l, 2}, {KERNEL_FN_LOG, logl, 2}, {KERNEL_FN_LOG2, log2l, 2}, {KERNEL_FN_RSQRT, rsqrt, 2}, {KERNEL_FN_LOG1P, log1pl, 2}, {KERNEL_FN_EXPM1, expm1l, 2},
    {KERNEL_FN_TANH, tanhl, 4}, {KERNEL_FN_SIGMOID, sigmoid, 4}, {KERNEL_FN_ERF, erfl, 4}, {KERNEL_FN_SIN, sinl, 4}, {KERNEL_FN_COS, cosl, 4}, {KERNEL_FN_SQRT, sqrtl, 0}, {KERNEL_FN_RECIP, reciprocal, 0},
    {KERNEL_FN_ABS, fabsl, 0}, {KERNEL_FN_RELU, positive, 0}, {KERNEL_FN_FLOOR, floorl, 0}, {KERNEL_FN_ROUND, rintl, 0}, {KERNEL_FN_SIGN, sign, 0}};

static const dtype floats[] = {DTYPE_F32, DTYPE_F16, DTYPE_BF16, DTYPE_F64};

/* Fails unless `engine` is a result that x +- e allows. */
static void expect_within(const char *what, dtype t, long double engine, interp_num r, double a, double b) {
  double x = interp_round_bounded(t, r.x, &r.e), got = interp_round(t, (double)engine);
  if (x == got || isinf(r.e) || (isnan(x) && isnan(got)))
    return;
  double own = 0x1p-61 * (fabs(a) + fabs(b));   /* of the long doubles */
  if (!(fabs(got - x) <= r.e * (1 + 1e-9) + own))
    fail_msg("%s in %s at %.17g, %.17g: an engine gives %.17g; %.17g +- %g", what, dtype_torch(t), a, b, got, x, r.e);
}

static void test_unary_bounds_hold_for_the_worst_engines(void **state) {
  (void)state;
  rng r = rng_new(4);
  int64_t known = 0, all = 0;
  for (size_t f = 0; f < COUNT_OF(transcendental); f++)
    for (int i = 0; i < 4000; i++) {
      dtype t = floats[i % 4];
      double u = dtype_unit_roundoff(t == DTYPE_F64 ? t : DTYPE_F32), x = rng_normal(&r) * ldexp(1, (int)rng_range(&r, -6, 6)), e = i % 5 ? fabs(x) * u * between(&r, 0, 300) : fabs(x) * rng_uniform(&r);
      interp_num got = interp_unary(transcendental[f].fn, t, (interp_num){x, e});
      long double a = (long double)x + (long double)e * (i % 3 == 0 ? -1 : i % 3 == 1 ? 1 : between(&r, -1, 1)), y = transcendental[f].f(a);
      if (isnan(y) && isinf(got.e))
        continue;
      y *= 1 + transcendental[f].ulps * u * (i % 2 ? 1 : -1);   /* an ulp is u to 2u of the value */
      all++;
      known += isfinite(got.e);
      expect_within(kernel_fn_name(transcendental[f].fn), t, y, got, x, e);
    }
  assert_true(known > all * 6 / 10);   /* the rest reaches over the end of a domain */
}

static long double plus(long double a, long double b) { return a + b; }
static long double minus(long double a, long double b) { return a - b; }
static long double times(long double a, long double b) { return a * b; }
static long double over(long double a, long double b) { return a / b; }
static long double greater(long double a, long double b) { return a > b ? a : b; }
static long double below(long double a, long double b) { return a < b; }
static long double equals(long double a, long double b) { return a == b; }
static long double floor_over(long double a, long double b) { return floorl(a / b); }
static long double trunc_over(long double a, long double b) { return truncl(a / b); }
static long double modulo(long double a, long double b) { return a - floorl(a / b) * b; }

static void test_binary_bounds_hold_for_the_worst_engines(void **state) {
  (void)state;
  static const struct { kernel_fn fn; long double (*f)(long double, long double); double ulps; } rows[] = {
      {KERNEL_FN_ADD, plus, 0}, {KERNEL_FN_SUB, minus, 0}, {KERNEL_FN_MUL, times, 0}, {KERNEL_FN_DIV, over, 0}, {KERNEL_FN_MAX, greater, 0}, {KERNEL_FN_LT, below, 0}, {KERNEL_FN_EQ, equals, 0},
      {KERNEL_FN_FLOORDIV, floor_over, 0}, {KERNEL_FN_TRUNCDIV, trunc_over, 0}, {KERNEL_FN_MOD, modulo, 0}, {KERNEL_FN_POW, powl, 16}};
  rng r = rng_new(5);
  for (size_t f = 0; f < COUNT_OF(rows); f++)
    for (int i = 0; i < 6000; i++) {
      dtype t = floats[i % 4];
      double u = dtype_unit_roundoff(t == DTYPE_F64 ? t : DTYPE_F32), x[2], e[2];
      long double at[2];
      for (int j = 0; j < 2; j++) {
        x[j] = i % 7 == 0 ? (double)rng_range(&r, -3, 3) : rng_normal(&r) * ldexp(1, (int)rng_range(&r, -3, 3));
        x[j] = rows[f].fn == KERNEL_FN_POW && j == 0 ? fabs(x[j]) : x[j];
        e[j] = i % 5 == 4 ? 0 : i % 5 ? fabs(x[j]) * u * between(&r, 0, 300) : rng_uniform(&r);
        at[j] = (long double)x[j] + (long double)e[j] * (rng_uniform(&r) < 0.7 ? copysign(1, rng_normal(&r)) : between(&r, -1, 1));
      }
      interp_num got = interp_binary(rows[f].fn, t, (interp_num){x[0], e[0]}, (interp_num){x[1], e[1]});
      long double y = rows[f].f(at[0], at[1]) * (1 + rows[f].ulps * u * (i % 2 ? 1 : -1));
      if (isnan(y) && (isinf(got.e) || isnan(got.x)))
        continue;
      expect_within(kernel_fn_name(rows[f].fn), t, y, got, x[0], x[1]);
    }
}

/* It may be NaN on some engine; only what gives truth values knows that these are 0 or 1. */
static void test_what_has_no_bound_gets_none(void **state) {
  (void)state;
  static const double at[] = {0, 1, -3.5, 80};
  for (size_t i = 0; i < COUNT_OF(at); i++) {
    interp_num none = {at[i], INFINITY}, zero = {0, 0}, one = {1, 0};
    for (size_t f = 0; f < COUNT_OF(unary); f++)
      assert_true(isinf(interp_unary(unary[f].fn, DTYPE_F32, none).e));
    for (kernel_fn f = KERNEL_FN_ADD; f <= KERNEL_FN_MIN; f++) {
      bool all = isinf(interp_binary(f, DTYPE_F32, none, one).e) && isinf(interp_binary(f, DTYPE_F32, one, none).e) && isinf(interp_binary(f, DTYPE_F32, zero, none).e) &&
                 isinf(interp_binary(f, DTYPE_F32, none, none).e);
      if (!all)
        fail_msg("%s at %g", kernel_fn_name(f), at[i]);
    }
    assert_true(interp_binary(KERNEL_FN_LT, DTYPE_F32, none, one).e == 1);
    assert_true(interp_binary(KERNEL_FN_MUL, DTYPE_F32, zero, (interp_num){at[i], 5}).e == 0);
  }
  assert_true(interp_unary(KERNEL_FN_INVERT, DTYPE_I32, (interp_num){3, 2}).e == 2);
}

/* ---- integers ---- */

static __int128 wrapped(dtype t, __int128 x) {
  int bits = (int)dtype_bytes(t) * 8;
  __int128 span = (__int128)1 << bits, m = ((x % span) + span) % span;
  return t != DTYPE_U8 && m >= span / 2 ? m - span : m;
}

static __int128 floor_quotient(__int128 a, __int128 b) {
  __int128 q = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? q - 1 : q;
}

static __int128 integer_result(kernel_fn f, __int128 a, __int128 b) {
  switch (f) {
  case KERNEL_FN_ADD: return a + b;
  case KERNEL_FN_SUB: return a - b;
  case KERNEL_FN_MUL: return a * b;
  case KERNEL_FN_FLOORDIV: return floor_quotient(a, b);
  case KERNEL_FN_MOD: return a - floor_quotient(a, b) * b;
  case KERNEL_FN_TRUNCDIV: return a / b;
  case KERNEL_FN_AND: return a & b;
  case KERNEL_FN_OR: return a | b;
  case KERNEL_FN_XOR: return a ^ b;
  case KERNEL_FN_MAX: return a > b ? a : b;
  case KERNEL_FN_MIN: return a < b ? a : b;
  case KERNEL_FN_SHL: return a * ((__int128)1 << b);
  default: return a >> b;   /* SHR */
  }
}

static void test_integers_wrap_to_their_type(void **state) {
  (void)state;
  static const kernel_fn fns[] = {KERNEL_FN_ADD, KERNEL_FN_SUB, KERNEL_FN_MUL, KERNEL_FN_FLOORDIV, KERNEL_FN_MOD, KERNEL_FN_TRUNCDIV, KERNEL_FN_AND, KERNEL_FN_OR, KERNEL_FN_XOR,
                                  KERNEL_FN_MAX, KERNEL_FN_MIN, KERNEL_FN_SHL, KERNEL_FN_SHR};
  static const dtype types[] = {DTYPE_I8, DTYPE_U8, DTYPE_I16, DTYPE_I32, DTYPE_I64};
  rng r = rng_new(6);
  for (size_t f = 0; f < COUNT_OF(fns); f++)
    for (size_t t = 0; t < COUNT_OF(types); t++)
      for (int i = 0; i < 3000; i++) {
        int bits = types[t] == DTYPE_I64 ? 26 : (int)dtype_bytes(types[t]) * 8;   /* int64: products stay inside of what a double holds */
        int64_t high = types[t] == DTYPE_U8 ? 255 : (INT64_C(1) << (bits - 1)) - 1, low = types[t] == DTYPE_U8 ? 0 : -high - 1, x[2];
        for (int j = 0; j < 2; j++)
          x[j] = rng_range(&r, 0, 3) ? rng_range(&r, low, high) : rng_range(&r, 0, 1) ? low : high;
        if (fns[f] == KERNEL_FN_SHL || fns[f] == KERNEL_FN_SHR)
          x[1] = rng_range(&r, 0, bits - 1);
        bool divides = fns[f] == KERNEL_FN_FLOORDIV || fns[f] == KERNEL_FN_MOD || fns[f] == KERNEL_FN_TRUNCDIV;
        if (divides && x[1] == 0)
          x[1] = types[t] == DTYPE_U8 ? 3 : -1;
        interp_num got = interp_binary(fns[f], types[t], (interp_num){(double)x[0], 0}, (interp_num){(double)x[1], 0});
        double rounded = interp_round(types[t], got.x);
        __int128 want = wrapped(types[t], integer_result(fns[f], x[0], x[1]));
        if (rounded != (double)want || got.e != 0)
          fail_msg("%s of %" PRId64 ", %" PRId64 " in %s is %.17g, expected %" PRId64, kernel_fn_name(fns[f]), x[0], x[1], dtype_torch(types[t]), rounded, (int64_t)want);
      }
}

static void test_casts_truncate_and_wrap(void **state) {
  (void)state;
  static const struct { dtype from, to; double x, e, want, bound; } rows[] = {
      {DTYPE_F32, DTYPE_I32, 2.9, 0, 2, 0},        {DTYPE_F32, DTYPE_I32, -2.9, 0, -2, 0},   {DTYPE_F32, DTYPE_I8, 127.9, 0, 127, 0},    {DTYPE_F32, DTYPE_I8, -128.5, 0, -128, 0},
      {DTYPE_I32, DTYPE_I8, 300, 0, 44, 0},        {DTYPE_I32, DTYPE_U8, -1, 0, 255, 0},     {DTYPE_I8, DTYPE_U8, -128, 0, 128, 0},      {DTYPE_U8, DTYPE_I8, 200, 0, -56, 0},
      {DTYPE_I64, DTYPE_I32, 4294967299., 0, 3, 0}, {DTYPE_I64, DTYPE_I16, -32769, 0, 32767, 0}, {DTYPE_F32, DTYPE_BOOL, 0.25, 0, 1, 0}, {DTYPE_F32, DTYPE_BOOL, -0.0, 0, 0, 0},
      {DTYPE_F32, DTYPE_BOOL, NAN, 0, 1, 0},       {DTYPE_F32, DTYPE_BOOL, 0.25, 0.5, 1, 1}, {DTYPE_F32, DTYPE_BOOL, 0.25, 0.125, 1, 0}, {DTYPE_F32, DTYPE_I32, 2.9, 0.2, 2, 1},
      {DTYPE_F32, DTYPE_I32, 2.5, 0.2, 2, 0},      {DTYPE_F32, DTYPE_I32, -0.5, 2, 0, 2},    {DTYPE_F32, DTYPE_I64, 3.2, 0.5, 3, 1},     {DTYPE_F32, DTYPE_U8, 255.5, 0, 255, 0},
      /* a float that the type does not hold: engines saturate, wrap, or give the least number */
      {DTYPE_F32, DTYPE_I8, 300, 0, 44, INFINITY}, {DTYPE_F32, DTYPE_U8, -1, 0, 255, INFINITY}, {DTYPE_F32, DTYPE_I32, NAN, 0, 0, INFINITY}, {DTYPE_F32, DTYPE_I64, INFINITY, 0, 0, INFINITY},
      {DTYPE_F32, DTYPE_I32, 1e30, 0, 0, INFINITY}, {DTYPE_F16, DTYPE_I8, 127.5, 1, 127, INFINITY}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    interp_num got = interp_cast((interp_num){rows[i].x, rows[i].e}, rows[i].from, rows[i].to);
    double x = interp_round(rows[i].to, got.x);
    if (x != rows[i].want || got.e != rows[i].bound)
      fail_msg("row %zu: %g of %s is %g +- %g in %s, expected %g +- %g", i, rows[i].x, dtype_torch(rows[i].from), x, got.e, dtype_torch(rows[i].to), rows[i].want, rows[i].bound);
  }
}

/* ---- Philox4x32-10 ---- */

/* From the paper (Salmon et al., SC'11, section 3.3), on a whole counter; not how the interpreter writes it. */
static void philox_reference(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
  uint32_t l0 = counter[0], r0 = counter[1], l1 = counter[2], r1 = counter[3];
  for (uint32_t round = 0; round < 10; round++) {
    uint64_t p0 = UINT64_C(0xD2511F53) * l0, p1 = UINT64_C(0xCD9E8D57) * l1;
    uint32_t k0 = key[0] + round * 0x9E3779B9u, k1 = key[1] + round * 0xBB67AE85u, n0 = (uint32_t)(p1 >> 32) ^ r0 ^ k0, n1 = (uint32_t)(p0 >> 32) ^ r1 ^ k1;
    l0 = n0;
    r0 = (uint32_t)p1;
    l1 = n1;
    r1 = (uint32_t)p0;
  }
  memcpy(out, (uint32_t[]){l0, r0, l1, r1}, 4 * sizeof *out);
}

static void test_philox_gives_the_published_vectors(void **state) {
  (void)state;
  static const struct { uint32_t counter[4], key[2], want[4]; } published[] = {   /* kat_vectors of Random123, philox 4x32 10 */
      {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
      {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
      {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}, {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}};
  uint32_t got[4];
  for (size_t i = 0; i < COUNT_OF(published); i++) {
    philox_reference(published[i].counter, published[i].key, got);
    assert_memory_equal(got, published[i].want, sizeof got);
  }
  rng r = rng_new(7);
  for (int i = 0; i < 2000; i++) {
    int64_t offset = i ? rng_range(&r, 0, INT64_C(1) << (i % 53)) : 0, seed = i ? rng_range(&r, -(INT64_C(1) << 52), INT64_C(1) << 52) : 0;
    philox_reference((uint32_t[]){(uint32_t)offset, (uint32_t)((uint64_t)offset >> 32), 0, 0}, (uint32_t[]){(uint32_t)seed, (uint32_t)((uint64_t)seed >> 32)}, got);
    for (int word = 0; word < 4; word++) {
      interp_num x = interp_binary((kernel_fn)((int)KERNEL_FN_PHILOX0 + word), DTYPE_I32, (interp_num){(double)offset, 0}, (interp_num){(double)seed, 0});
      assert_true(x.x == (double)(int32_t)got[word] && x.e == 0);
    }
  }
}

/* ---- bounds of arguments that are not certain ---- */

static const double grid[] = {-3, -2, -1, -0.5, 0, 0.25, 1, 2, 3}, off[] = {0, 0.25, 1, 2.5};

static void expect_covered(const char *name, dtype t, interp_num got, double at, const char *of) {
  const bool same = at == got.x || (isnan(at) && isnan(got.x));
  if (!same && !isinf(got.e) && !(fabs(at - got.x) <= got.e * (1 + 0x1p-40) + 0x1p-40))
    fail_msg("%s of %s (%s): %a +- %a, and %a may come out", name, of, dtype_torch(t), got.x, got.e, at);
}

/* What an argument may be when it is x +- e: its ends, itself and between; a truth value or an integer what it can be. */
static int candidates(dtype t, double x, double e, double *out) {
  int n = 0;
  if (t == DTYPE_BOOL) {
    out[n++] = x;
    if (e > 0)
      out[n++] = 1 - x;
    return n;
  }
  const double all[] = {x, x - e, x + e, x - e / 2, x + e / 2, x - e / 8};
  for (size_t i = 0; i < COUNT_OF(all); i++)
    if (dtype_is_float(t) || all[i] == floor(all[i]))
      out[n++] = all[i];
  return n;
}

/* Every function of values that may be others stays within its bound, whatever they are; grids of small numbers, where domains, zeros and signs are.  Oracle: the function itself
 * on certain numbers. */
static void test_bounds_hold_for_all_that_an_argument_may_be(void **state) {
  (void)state;
  static const dtype types[] = {DTYPE_F32, DTYPE_F64, DTYPE_I32, DTYPE_BOOL};
  arena m = {0};
  for (size_t k = 0; k < COUNT_OF(types); k++)
    for (int f = 1; f < KERNEL_FN_ARGMAX; f++) {
      const dtype t = types[k];
      const bool whole = f == KERNEL_FN_AND || f == KERNEL_FN_OR || f == KERNEL_FN_XOR || f == KERNEL_FN_NOT || f == KERNEL_FN_INVERT;
      const bool skips = f == KERNEL_FN_SHL || f == KERNEL_FN_SHR || (f >= KERNEL_FN_PHILOX0 && f <= KERNEL_FN_PHILOX3);      /* of certain numbers only, or without a bound */
      if (skips || (whole && dtype_is_float(t)) || (!whole && t == DTYPE_BOOL && !(f >= KERNEL_FN_EQ && f <= KERNEL_FN_GE)))
        continue;
      for (size_t i = 0; i < COUNT_OF(grid); i++)
        for (size_t e = 0; e < COUNT_OF(off); e++)
          for (size_t j = 0; j < COUNT_OF(grid); j++)
            for (size_t g = 0; g < COUNT_OF(off); g++) {
              const bool one = kernel_fn_arity((kernel_fn)f) == 1;
              const interp_num a = {grid[i], off[e]}, b = {grid[j], off[g]};
              const bool fits = t != DTYPE_BOOL || ((a.x == 0 || a.x == 1) && (b.x == 0 || b.x == 1) && (a.e == 0 || a.e == 1) && (b.e == 0 || b.e == 1));
              if (!fits || (one && (j || g)) || (!dtype_is_float(t) && (a.x != floor(a.x) || b.x != floor(b.x))))
                continue;
              double xs[8], ys[8];
              const int n = candidates(t, a.x, a.e, xs), l = one ? 1 : candidates(t, b.x, b.e, ys);
              const interp_num got = one ? interp_unary((kernel_fn)f, t, a) : interp_binary((kernel_fn)f, t, a, b);
              for (int x = 0; x < n; x++)
                for (int y = 0; y < l; y++) {
                  const double at = one ? interp_unary((kernel_fn)f, t, (interp_num){xs[x], 0}).x : interp_binary((kernel_fn)f, t, (interp_num){xs[x], 0}, (interp_num){ys[y], 0}).x;
                  expect_covered(kernel_fn_name((kernel_fn)f), t, got, at, arena_printf(&m, "%g +- %g and %g +- %g", a.x, a.e, b.x, b.e));
                  arena_done(&m);
                }
            }
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_bounds_hold_for_all_that_an_argument_may_be),
      cmocka_unit_test(test_narrow_floats_round_to_the_nearest_of_all), cmocka_unit_test(test_a_rounded_value_may_overflow),
      cmocka_unit_test(test_functions_are_those_of_long_double),        cmocka_unit_test(test_special_arguments),
      cmocka_unit_test(test_float_remainders_are_exact),                cmocka_unit_test(test_unary_bounds_hold_for_the_worst_engines),
      cmocka_unit_test(test_binary_bounds_hold_for_the_worst_engines),  cmocka_unit_test(test_integers_wrap_to_their_type),
      cmocka_unit_test(test_what_has_no_bound_gets_none),               cmocka_unit_test(test_casts_truncate_and_wrap),                   cmocka_unit_test(test_philox_gives_the_published_vectors),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
