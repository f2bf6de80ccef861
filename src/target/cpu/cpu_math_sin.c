/* sin and cos.  x = n pi/2 + r with n whole: in f64, where pi/2 in two parts leaves r right to the last digit of f32 for |x| < 2^30.  Then
 * sin r = r + r^3 S(r^2) or cos r = 1 - r^2/2 + r^4 C(r^2), by n mod 4.  A vector with larger numbers asks libm, lane by lane. */
#include "target/cpu/cpu_math.h"

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))
#define LIMIT 0x1p30

static MlirValue near(math_at *m, MlirValue x, int quarter) {
  static const double s[] = {-0.1666666664, 0.008333329056, -0.0001983923266, 2.717366697e-6}, c[] = {0.04166664437, -0.001388725149, 2.442568165e-5};
  MlirValue wide = math_cast(m, "arith.extf", x, "f64");
  MlirValue sum = math_fma(m, wide, math_f64(m, 0x1.45f306dc9c883p-1), math_f64(m, 0x1.8p52)), n = math_op(m, "arith.subf", sum, math_f64(m, 0x1.8p52));
  MlirValue r = math_fma(m, n, math_f64(m, -0x1.921fb54442d18p+0), wide);
  r = math_cast(m, "arith.truncf", math_fma(m, n, math_f64(m, -0x1.1a62633145c07p-54), r), "f32");
  MlirValue q = math_op(m, "arith.addi", math_cast(m, "arith.trunci", math_bits(m, sum), "i32"), math_i32(m, quarter));
  MlirValue r2 = math_op(m, "arith.mulf", r, r);
  MlirValue sine_tail = math_poly(m, r2, s, COUNT(s)), sine = math_fma(m, math_op(m, "arith.mulf", r, r2), sine_tail, r);
  MlirValue first = math_fma(m, r2, math_f32(m, -0.5), math_f32(m, 1)), cosine_tail = math_poly(m, r2, c, COUNT(c));
  MlirValue cosine = math_fma(m, math_op(m, "arith.mulf", r2, r2), cosine_tail, first);
  MlirValue odd = math_cast(m, "arith.trunci", q, "i1");
  MlirValue sign = math_op(m, "arith.shli", math_op(m, "arith.andi", q, math_i32(m, 2)), math_i32(m, 30));
  return math_float(m, math_op(m, "arith.xori", math_bits(m, math_select(m, odd, cosine, sine)), sign));
}

static MlirValue sin_or_cos(math_at *m, MlirValue x, const char *callee, int quarter) {
  ir_ctx *ir = m->b.ir;
  MlirType i1 = mlirIntegerTypeGet(ir->mlir, 1), t = mlirValueGetType(x);
  MlirValue usual = math_is(m, "olt", math_abs(m, x), math_f32(m, LIMIT));
  ir_named kind = {"kind", ir_attr(ir, "#vector.kind<and>")};
  if (m->lanes)
    usual = ir_build1(&m->b, "vector.reduction", i1, 1, &usual, 1, &kind);
  MlirBlock blocks[2];
  MlirRegion regions[2] = {ir_new_region(ir, 0, NULL, &blocks[0]), ir_new_region(ir, 0, NULL, &blocks[1])};
  MlirOperation branch = ir_build(&m->b, "scf.if", 1, &t, 1, &usual, 0, NULL, 2, regions);
  for (int i = 0; i < 2; i++) {
    math_at in = {.b = ir_at_end(ir, blocks[i]), .lanes = m->lanes};
    MlirValue y = i == 0 ? near(&in, x, quarter) : math_call(&in, callee, x);
    ir_build(&in.b, "scf.yield", 0, NULL, 1, &y, 0, NULL, 0, NULL);
  }
  return ir_result(branch, 0);
}

MlirValue math_sin(math_at *m, MlirValue x) {
  MlirValue y = sin_or_cos(m, x, "sinf", 0);
  return math_select(m, math_is(m, "oeq", x, math_f32(m, 0)), x, y);   /* -0 */
}

MlirValue math_cos(math_at *m, MlirValue x) { return sin_or_cos(m, x, "cosf", 1); }
