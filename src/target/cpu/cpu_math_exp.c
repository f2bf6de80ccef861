/* exp and what is made of it.  x = n ln 2 + r with n whole and |r| <= ln 2 / 2; exp x = 2^n exp r; exp r = 1 + r + r^2 P(r), P minimax.
 * n comes from adding 1.5 * 2^23, which leaves it in the low bits of the sum. */
#include "target/cpu/cpu_math.h"

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))
#define LOG2_E 0x1.715476p+0
#define LN2_HIGH 0x1.62e430p-1       /* f32 ln 2, and what it lacks */
#define LN2_LOW (-0x1.05c610p-29)
#define WHOLE 0x1.8p23
static const double exp_tail[] = {0.4999999305, 0.1666651479, 0.04166845682, 0.008369418802, 0.001381314227};

typedef struct reduced { MlirValue sum, n, r; } reduced;   /* bits of `sum`: n in the low ones */

static reduced reduce(math_at *m, MlirValue x) {
  reduced d;
  d.sum = math_fma(m, x, math_f32(m, LOG2_E), math_f32(m, WHOLE));
  d.n = math_op(m, "arith.subf", d.sum, math_f32(m, WHOLE));
  d.r = math_fma(m, d.n, math_f32(m, -LN2_HIGH), x);
  d.r = math_fma(m, d.n, math_f32(m, -LN2_LOW), d.r);
  return d;
}

/* exp r - 1 */
static MlirValue expm1_near_zero(math_at *m, MlirValue r) {
  MlirValue r2 = math_op(m, "arith.mulf", r, r);
  return math_fma(m, math_poly(m, r, exp_tail, COUNT(exp_tail)), r2, r);
}

static MlirValue shift_to_exponent(math_at *m, MlirValue n) { return math_op(m, "arith.shli", n, math_i32(m, 23)); }

/* 2^n for -126 <= n <= 127; `n` may have any bits over its low nine: they leave */
static MlirValue power_of_two(math_at *m, MlirValue n) {
  return math_float(m, math_op(m, "arith.addi", shift_to_exponent(m, n), math_i32(m, 0x3f800000)));
}

/* y * 2^n for |n| <= 252: in two steps, since neither 2^128 nor 2^-149 is a normal number.  Only the last one rounds. */
static MlirValue scale(math_at *m, MlirValue y, MlirValue sum, MlirValue whole) {
  if (m->has_scalef)
    return math_scalef(m, y, whole);
  MlirValue n = math_op(m, "arith.subi", math_bits(m, sum), math_i32(m, 0x4b400000));
  MlirValue half = math_op(m, "arith.shrsi", n, math_i32(m, 1)), rest = math_op(m, "arith.subi", n, half);
  MlirValue second = power_of_two(m, rest), first = power_of_two(m, half);
  return math_op(m, "arith.mulf", math_op(m, "arith.mulf", y, first), second);
}

/* 2^n (exp r - 1) + 2^n - 1, for |n| <= 126 */
static MlirValue expm1_of(math_at *m, reduced d) {
  MlirValue two_n = power_of_two(m, math_bits(m, d.sum));
  MlirValue less_one = math_op(m, "arith.subf", two_n, math_f32(m, 1));
  return math_fma(m, two_n, expm1_near_zero(m, d.r), less_one);
}

/* Arguments below `least` have the result 0, those of masks (-inf) among them: not by way of a number too small, which takes CPUs a hundred cycles.
 * A vector's last instruction leaves such lanes out, whatever is in them; others take 0 for the argument. */
static MlirValue is_something(math_at *m, MlirValue x, double least) { return math_is(m, "uge", x, math_f32(m, least)); }
static MlirValue or_zero(math_at *m, MlirValue something, MlirValue x) { return math_select(m, something, x, math_f32(m, 0)); }

MlirValue math_exp(math_at *m, MlirValue x) {
  static const double c[] = {1, 1, 0.4999999305, 0.1666651479, 0.04166845682, 0.008369418802, 0.001381314227};
  MlirValue something = is_something(m, x, -103.98), low = math_min(m, 89, x);   /* 2^-150.01; above 89: infinite */
  reduced d = reduce(m, m->has_scalef ? low : or_zero(m, something, low));
  return or_zero(m, something, scale(m, math_poly(m, d.r, c, COUNT(c)), d.sum, d.n));
}

MlirValue math_exp2(math_at *m, MlirValue x) {
  static const double c[] = {1, 0.6931472042, 0.2402264774, 0.0555032935, 0.009618449941, 0.001340017013, 0.0001535232261};
  MlirValue something = is_something(m, x, -150), low = math_min(m, 129, x);
  x = m->has_scalef ? low : or_zero(m, something, low);
  MlirValue sum = math_op(m, "arith.addf", x, math_f32(m, WHOLE));
  MlirValue n = math_op(m, "arith.subf", sum, math_f32(m, WHOLE)), f = math_op(m, "arith.subf", x, n);
  return or_zero(m, something, scale(m, math_poly(m, f, c, COUNT(c)), sum, n));
}

/* 2 (2^(n-1) (exp r - 1) + 2^(n-1) - 1/2): 2^n itself may be too large. */
MlirValue math_expm1(math_at *m, MlirValue x) {
  reduced d = reduce(m, math_max(m, -18, math_min(m, 89, x)));
  MlirValue e = expm1_near_zero(m, d.r), exponent = shift_to_exponent(m, math_bits(m, d.sum));
  MlirValue half = math_float(m, math_op(m, "arith.addi", exponent, math_i32(m, 0x3f000000)));
  MlirValue y = math_fma(m, half, e, math_op(m, "arith.subf", half, math_f32(m, 0.5)));
  y = math_op(m, "arith.addf", y, y);
  y = math_select(m, math_is(m, "oeq", d.n, math_f32(m, 0)), e, y);
  return math_select(m, math_is(m, "oeq", x, math_f32(m, 0)), x, y);   /* -0 */
}

/* tanh x = E / (E + 2) with E = exp(2|x|) - 1 */
MlirValue math_tanh(math_at *m, MlirValue x) {
  MlirValue a = math_min(m, 10, math_abs(m, x));
  MlirValue e = expm1_of(m, reduce(m, math_op(m, "arith.addf", a, a)));
  return math_copysign(m, math_op(m, "arith.divf", e, math_op(m, "arith.addf", e, math_f32(m, 2))), x);
}

/* Small |x|: x + x P(x^2).  Others: 1 - exp(-t G(t)) with t = |x|, where t G(t) approximates -log(1 - erf t) and erf is 1 from t = 4 on. */
MlirValue math_erf(math_at *m, MlirValue x) {
  static const double p[] = {0.1283791666, -0.3761263319, 0.1128368719, -0.02685894153, 0.005199906707, -0.0008130013019, 8.316776454e-5};
  static const double g[] = {-1.128652165, -0.6351359007, -0.1062631658, 0.02378536474, -0.003653772669, 0.000325654874, -1.152251234e-5};
  MlirValue a = math_abs(m, x), t = math_min(m, 4, a);
  MlirValue small = math_fma(m, math_poly(m, math_op(m, "arith.mulf", x, x), p, COUNT(p)), x, x);
  MlirValue rest = expm1_of(m, reduce(m, math_op(m, "arith.mulf", t, math_poly(m, t, g, COUNT(g)))));
  rest = math_copysign(m, rest, x);
  return math_select(m, math_is(m, "olt", a, math_f32(m, 0.93)), small, rest);
}
