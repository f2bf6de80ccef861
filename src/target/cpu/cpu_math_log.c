/* Logarithms.  x = 2^e m with m in [sqrt 1/2, sqrt 2); log x = e ln 2 + log(1 + r), r = m - 1; log(1 + r) = r - r^2/2 + r^3 Q(r), Q minimax. */
#include "target/cpu/cpu_math.h"
#include <math.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))
#define ROOT_HALF 0x3f3504f3          /* bits of f32 sqrt 1/2 */
static const double log_tail[] = {0.3333331261, -0.250000096, 0.2000211859, -0.1666799554, 0.142195535, -0.1240559516, 0.1188816049, -0.1167561417, 0.06746598401};

typedef struct split { MlirValue e, m; } split;    /* e as i32 */

static split split_exponent(math_at *m, MlirValue x) {
  split s;
  MlirValue bits = math_bits(m, x);
  s.e = math_op(m, "arith.shrsi", math_op(m, "arith.subi", bits, math_i32(m, ROOT_HALF)), math_i32(m, 23));
  s.m = math_float(m, math_op(m, "arith.subi", bits, math_op(m, "arith.shli", s.e, math_i32(m, 23))));
  return s;
}

/* Normal and subnormal x > 0: the latter by 2^23 larger, `e` as f32 by 23 less. */
static void split_any(math_at *m, MlirValue x, MlirValue *e, MlirValue *r) {
  MlirValue is_small = math_is(m, "olt", x, math_f32(m, 0x1p-126));
  split s = split_exponent(m, math_select(m, is_small, math_op(m, "arith.mulf", x, math_f32(m, 0x1p23)), x));
  MlirValue less = math_select(m, is_small, math_f32(m, -23), math_f32(m, 0));
  *e = math_op(m, "arith.addf", math_cast(m, "arith.sitofp", s.e, "f32"), less);
  *r = math_op(m, "arith.subf", s.m, math_f32(m, 1));
}

/* log(1 + r) - r */
static MlirValue log1p_tail(math_at *m, MlirValue r) {
  MlirValue q = math_fma(m, r, math_poly(m, r, log_tail, COUNT(log_tail)), math_f32(m, -0.5));
  return math_op(m, "arith.mulf", math_op(m, "arith.mulf", r, r), q);
}

/* e ln 2 + r + tail: e times the first part of ln 2 is exact */
static MlirValue add_exponent(math_at *m, MlirValue e, MlirValue r, MlirValue tail) {
  MlirValue low = math_fma(m, e, math_f32(m, 1.428606820309417e-06), tail);
  return math_fma(m, e, math_f32(m, 0.693145751953125), math_op(m, "arith.addf", r, low));
}

/* `y` where x > 0 is finite; log 0 is -inf, of less NaN. */
static MlirValue with_limits(math_at *m, MlirValue x, MlirValue y) {
  MlirValue zero = math_f32(m, 0), infinity = math_f32(m, INFINITY);
  MlirValue outside = math_select(m, math_is(m, "oeq", x, zero), math_f32(m, -INFINITY), math_f32(m, NAN));
  y = math_select(m, math_is(m, "ogt", x, zero), y, outside);
  return math_select(m, math_is(m, "oeq", x, infinity), infinity, y);
}

MlirValue math_log(math_at *m, MlirValue x) {
  MlirValue e, r;
  split_any(m, x, &e, &r);
  return with_limits(m, x, add_exponent(m, e, r, log1p_tail(m, r)));
}

MlirValue math_log2(math_at *m, MlirValue x) {
  MlirValue e, r;
  split_any(m, x, &e, &r);
  MlirValue ln = math_op(m, "arith.addf", r, log1p_tail(m, r));
  MlirValue low = math_op(m, "arith.mulf", ln, math_f32(m, 0x1.4ae0c0p-26));   /* 1 / ln 2 in two parts */
  return with_limits(m, x, math_op(m, "arith.addf", math_fma(m, ln, math_f32(m, 0x1.715476p+0), low), e));
}

/* u = 1 + x rounded is 2^e m; what the rounding lost goes into r. */
MlirValue math_log1p(math_at *m, MlirValue x) {
  MlirValue one = math_f32(m, 1), u = math_op(m, "arith.addf", x, one);
  split s = split_exponent(m, u);
  MlirValue lost = math_op(m, "arith.subf", x, math_op(m, "arith.subf", u, one));
  MlirValue exponent = math_op(m, "arith.minsi", s.e, math_i32(m, 64));   /* behind that nothing is lost that counts */
  MlirValue scale = math_float(m, math_op(m, "arith.subi", math_i32(m, 0x3f800000), math_op(m, "arith.shli", exponent, math_i32(m, 23))));
  MlirValue r = math_fma(m, lost, scale, math_op(m, "arith.subf", s.m, one));
  MlirValue tail = log1p_tail(m, r);
  MlirValue y = with_limits(m, u, add_exponent(m, math_cast(m, "arith.sitofp", s.e, "f32"), r, tail));
  return math_select(m, math_is(m, "oeq", x, math_f32(m, 0)), x, y);   /* -0 */
}

/* ---- pow, in f64: |x|^y = 2^(y log2 |x|) ---- */
/* log2 a for a f32 > 0 (normal as f64): a = 2^e v, t = (v - 1) / (v + 1), log2 v = t R(t^2). */
static MlirValue log2_wide(math_at *m, MlirValue a) {
  static const double c[] = {0x1.71547652beeaap+1, 0x1.ec709d120031ap-1, 0x1.2777807a435dcp-1, 0x1.a58d476a7103dp-2, 0x1.5cece5e57578cp-2};
  MlirValue bits = math_bits(m, a), one = math_f64(m, 1);
  MlirValue e = math_op(m, "arith.shrsi", math_op(m, "arith.subi", bits, math_i64(m, 0x3fe6a09e667f3bcd)), math_i64(m, 52));
  MlirValue v = math_float(m, math_op(m, "arith.subi", bits, math_op(m, "arith.shli", e, math_i64(m, 52))));
  MlirValue above = math_op(m, "arith.addf", v, one), t = math_op(m, "arith.divf", math_op(m, "arith.subf", v, one), above);
  MlirValue whole = math_cast(m, "arith.sitofp", math_cast(m, "arith.trunci", e, "i32"), "f64");
  return math_fma(m, t, math_poly(m, math_op(m, "arith.mulf", t, t), c, COUNT(c)), whole);
}

/* 2^p for |p| <= 1000 */
static MlirValue exp2_wide(math_at *m, MlirValue p) {
  static const double c[] = {1, 0x1.62e42ff0fbd8fp-1, 0x1.ebfbe07f4d897p-3, 0x1.c6b08a96361f4p-5, 0x1.3b29ebb9db233p-7, 0x1.5d8aa0357dc2dp-10, 0x1.44635008b5319p-13, 0x1.fddc4a455e96fp-17};
  MlirValue sum = math_op(m, "arith.addf", p, math_f64(m, 0x1.8p52));
  MlirValue f = math_op(m, "arith.subf", p, math_op(m, "arith.subf", sum, math_f64(m, 0x1.8p52)));
  MlirValue y = math_bits(m, math_poly(m, f, c, COUNT(c)));
  return math_float(m, math_op(m, "arith.addi", y, math_op(m, "arith.shli", math_bits(m, sum), math_i64(m, 52))));
}

static MlirValue is_whole(math_at *m, MlirValue y) {
  return math_is(m, "oeq", ir_build1(&m->b, "math.trunc", mlirValueGetType(y), 1, &y, 0, NULL), y);
}

/* The cases of C's pow. */
MlirValue math_pow(math_at *m, MlirValue x, MlirValue y) {
  MlirValue zero = math_f64(m, 0), one = math_f32(m, 1), infinity = math_f64(m, INFINITY);
  MlirValue a = math_cast(m, "arith.extf", math_abs(m, x), "f64"), wide_y = math_cast(m, "arith.extf", y, "f64");
  MlirValue l = log2_wide(m, a);
  l = math_select(m, math_is(m, "oeq", a, zero), math_f64(m, -INFINITY), l);
  l = math_select(m, math_is(m, "olt", a, infinity), l, a);                            /* infinite or NaN */
  MlirValue p = math_op(m, "arith.mulf", wide_y, l);
  p = math_select(m, math_is(m, "oeq", a, math_f64(m, 1)), zero, p);   /* 1^inf */
  MlirValue result = math_cast(m, "arith.truncf", exp2_wide(m, math_max(m, -400, math_min(m, 400, p))), "f32");
  result = math_select(m, math_is(m, "une", y, y), y, result);
  MlirValue whole = is_whole(m, y), half = is_whole(m, math_op(m, "arith.mulf", y, math_f32(m, 0.5)));
  MlirValue sign = math_select(m, math_op(m, "arith.andi", whole, math_op(m, "arith.xori", half, whole)), x, one);   /* odd y */
  result = math_copysign(m, result, sign);
  MlirValue negative = math_is(m, "olt", x, math_f32(m, 0)), finite = math_is(m, "ogt", x, math_f32(m, -INFINITY));
  MlirValue root = math_select(m, whole, result, math_f32(m, NAN));
  result = math_select(m, math_op(m, "arith.andi", negative, finite), root, result);
  MlirValue of_one = math_is(m, "oeq", x, one), is_one = math_op(m, "arith.ori", math_is(m, "oeq", y, math_f32(m, 0)), of_one);
  return math_select(m, is_one, one, result);
}
