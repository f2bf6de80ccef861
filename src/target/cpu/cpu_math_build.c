#include "target/cpu/cpu_math.h"

static MlirType shaped(math_at *m, MlirType elem) {
  const int64_t n = m->lanes;
  return m->lanes ? mlirVectorTypeGet(1, &n, elem) : elem;
}

static MlirValue constant(math_at *m, MlirAttribute scalar, MlirType elem) {
  MlirType t = shaped(m, elem);
  ir_named value = {"value", m->lanes ? mlirDenseElementsAttrSplatGet(t, scalar) : scalar};
  return ir_build1(&m->b, "arith.constant", t, 0, NULL, 1, &value);
}

static MlirValue float_constant(math_at *m, double c, MlirType elem) { return constant(m, mlirFloatAttrDoubleGet(m->b.ir->mlir, elem, c), elem); }

MlirValue math_f32(math_at *m, double c) { return float_constant(m, c, mlirF32TypeGet(m->b.ir->mlir)); }
MlirValue math_f64(math_at *m, double c) { return float_constant(m, c, mlirF64TypeGet(m->b.ir->mlir)); }

static MlirValue integer_constant(math_at *m, int64_t c, unsigned bits) {
  MlirType t = mlirIntegerTypeGet(m->b.ir->mlir, bits);
  return constant(m, mlirIntegerAttrGet(t, c), t);
}

MlirValue math_i32(math_at *m, int64_t c) { return integer_constant(m, c, 32); }
MlirValue math_i64(math_at *m, int64_t c) { return integer_constant(m, c, 64); }

MlirValue math_op(math_at *m, const char *name, MlirValue a, MlirValue b) {
  return ir_build1(&m->b, name, mlirValueGetType(a), 2, (MlirValue[]){a, b}, 0, NULL);
}

MlirValue math_fma(math_at *m, MlirValue a, MlirValue b, MlirValue c) {
  return ir_build1(&m->b, "math.fma", mlirValueGetType(a), 3, (MlirValue[]){a, b, c}, 0, NULL);
}

MlirValue math_neg(math_at *m, MlirValue a) { return ir_build1(&m->b, "arith.negf", mlirValueGetType(a), 1, &a, 0, NULL); }
MlirValue math_abs(math_at *m, MlirValue a) { return ir_build1(&m->b, "math.absf", mlirValueGetType(a), 1, &a, 0, NULL); }
MlirValue math_copysign(math_at *m, MlirValue magnitude, MlirValue sign) { return math_op(m, "math.copysign", magnitude, sign); }

MlirValue math_is(math_at *m, const char *predicate, MlirValue a, MlirValue b) {
  static const struct { const char *name; int64_t code; } codes[] = {{"oeq", 1}, {"ogt", 2}, {"olt", 4}, {"uge", 10}, {"une", 13}};
  int64_t code = 0;
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
    if (text_eq(codes[i].name, predicate))
      code = codes[i].code;
  ir_named attr = {"predicate", ir_int_attr(m->b.ir, code)};
  return ir_build1(&m->b, "arith.cmpf", shaped(m, mlirIntegerTypeGet(m->b.ir->mlir, 1)), 2, (MlirValue[]){a, b}, 1, &attr);
}

MlirValue math_select(math_at *m, MlirValue condition, MlirValue a, MlirValue b) {
  return ir_build1(&m->b, "arith.select", mlirValueGetType(a), 3, (MlirValue[]){condition, a, b}, 0, NULL);
}

static bool is_elem_f64(MlirValue x) {
  dtype t;
  return ir_type_dtype(mlirValueGetType(x), &t) && t == DTYPE_F64;
}

static MlirValue like(math_at *m, MlirValue x, double c) { return is_elem_f64(x) ? math_f64(m, c) : math_f32(m, c); }

/* In this order one instruction of x86 does it, and it gives its second operand where one is NaN. */
MlirValue math_min(math_at *m, double limit, MlirValue x) {
  MlirValue c = like(m, x, limit);
  return math_select(m, math_is(m, "olt", c, x), c, x);
}

MlirValue math_max(math_at *m, double limit, MlirValue x) {
  MlirValue c = like(m, x, limit);
  return math_select(m, math_is(m, "ogt", c, x), c, x);
}

MlirValue math_cast(math_at *m, const char *name, MlirValue x, const char *elem) {
  return ir_build1(&m->b, name, shaped(m, ir_type(m->b.ir, elem)), 1, &x, 0, NULL);
}

MlirValue math_bits(math_at *m, MlirValue x) { return math_cast(m, "arith.bitcast", x, is_elem_f64(x) ? "i64" : "i32"); }

MlirValue math_float(math_at *m, MlirValue bits) {
  dtype t;
  bool wide = ir_type_dtype(mlirValueGetType(bits), &t) && t == DTYPE_I64;
  return math_cast(m, "arith.bitcast", bits, wide ? "f64" : "f32");
}

MlirValue math_poly(math_at *m, MlirValue x, const double *c, int n) {
  MlirValue y = like(m, x, c[n - 1]);
  for (int i = n - 2; i >= 0; i--)
    y = math_fma(m, y, x, like(m, x, c[i]));
  return y;
}

MlirValue math_scalef(math_at *m, MlirValue y, MlirValue n) {
  enum { NEAREST = 4 };   /* rounding as the thread has it */
  MlirType i16 = mlirIntegerTypeGet(m->b.ir->mlir, 16), i32 = mlirIntegerTypeGet(m->b.ir->mlir, 32);
  ir_named all = {"value", mlirIntegerAttrGet(i16, -1)}, rounding = {"value", mlirIntegerAttrGet(i32, NEAREST)};
  /* handed on to LLVM's intrinsic as they stand: value, exponents, what masked-off lanes are */
  MlirValue operands[5] = {y, n, y, ir_build1(&m->b, "arith.constant", i16, 0, NULL, 1, &all), ir_build1(&m->b, "arith.constant", i32, 0, NULL, 1, &rounding)};
  return ir_build1(&m->b, "x86vector.avx512.mask.scalef", mlirValueGetType(y), 5, operands, 0, NULL);
}

MlirValue math_call(math_at *m, const char *callee, MlirValue x) {
  ir_ctx *ir = m->b.ir;
  MlirType vector = mlirValueGetType(x), elem = m->lanes ? mlirShapedTypeGetElementType(vector) : vector, types[2] = {ir_index_type(ir), vector};
  ir_named symbol = {"callee", ir_symbol_attr(ir, callee)};
  if (!m->lanes)
    return ir_build1(&m->b, "func.call", elem, 1, &x, 1, &symbol);
  MlirBlock body;
  MlirRegion region = ir_new_region(ir, 2, types, &body);
  MlirValue operands[4] = {ir_index_const(&m->b, 0), ir_index_const(&m->b, m->lanes), ir_index_const(&m->b, 1), x};
  MlirOperation loop = ir_build(&m->b, "scf.for", 1, &vector, 4, operands, 0, NULL, 1, &region);
  ir_builder in = ir_at_end(ir, body);
  const int64_t dynamic = mlirShapedTypeGetDynamicSize();
  ir_named where = {"static_position", mlirDenseI64ArrayGet(ir->mlir, 1, &dynamic)};
  MlirValue lane = mlirBlockGetArgument(body, 0), y = mlirBlockGetArgument(body, 1);
  MlirValue one = ir_build1(&in, "vector.extract", elem, 2, (MlirValue[]){x, lane}, 1, &where);
  one = ir_build1(&in, "func.call", elem, 1, &one, 1, &symbol);
  y = ir_build1(&in, "vector.insert", vector, 3, (MlirValue[]){one, y, lane}, 1, &where);
  ir_build(&in, "scf.yield", 0, NULL, 1, &y, 0, NULL, 0, NULL);
  return ir_result(loop, 0);
}
