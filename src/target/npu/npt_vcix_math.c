/* Transcendentals of dialect math as vcix.v.iv. */
#include "target/npu/npt_product.h"

static const struct { const char *op; isa_vc what; } functions[] = {{"math.exp", ISA_VC_EXP}, {"math.erf", ISA_VC_ERF}, {"math.tanh", ISA_VC_TANH}, {"math.sin", ISA_VC_SIN},
                                                                   {"math.cos", ISA_VC_COS}, {"math.log", ISA_VC_LOG}, {"math.atan", ISA_VC_ATAN}};
enum { N_FUNCTIONS = sizeof functions / sizeof *functions, ROWS_MAX = 1024, REGISTERS = 8,
       PLACEHOLDER_COUNT = 9 /* what PyTorchSim gives scalable vectors; they are always whole (npt_riscv.h) */ };

static int find(MlirOperation op) {
  for (int i = 0; i < N_FUNCTIONS; i++)
    if (ir_op_is(op, functions[i].op))
      return i;
  return N_FUNCTIONS;
}

bool npt_is_transcendental(MlirOperation op) { return find(op) < N_FUNCTIONS; }

typedef struct emit { ir_builder at; MlirOperation op; isa_vc what; int vlen_bits; } emit;

static MlirType with(MlirType vector, int64_t n, MlirType element) {
  bool is_scalable = mlirVectorTypeIsScalable(vector);
  return mlirVectorTypeGetScalable(1, &n, &is_scalable, element);
}

static MlirValue one(emit *e, MlirValue v) {
  MlirType t = mlirValueGetType(v), i32 = mlirIntegerTypeGet(e->at.ir->mlir, 32), i64 = mlirIntegerTypeGet(e->at.ir->mlir, 64);
  const ir_named attrs[] = {{"opcode", ir_int_attr(e->at.ir, isa_vc_table[e->what].opcode)}, {"imm", mlirIntegerAttrGet(i32, isa_vc_table[e->what].imm)}};
  MlirValue operands[2] = {v};
  intptr_t n = 1;
  if (mlirVectorTypeIsScalable(t))
    operands[n++] = ir_build1(&e->at, "arith.constant", i64, 0, NULL, 1, &(ir_named){"value", ir_int_attr(e->at.ir, PLACEHOLDER_COUNT)});
  return ir_build1(&e->at, "vcix.v.iv", t, n, operands, 2, attrs);
}

static MlirAttribute list1(emit *e, int64_t v) { return mlirArrayAttrGet(e->at.ir->mlir, 1, (MlirAttribute[]){ir_int_attr(e->at.ir, v)}); }

static MlirValue cut(emit *e, MlirValue v, int64_t from, int64_t n) {
  MlirType t = mlirValueGetType(v), part = with(t, n, mlirShapedTypeGetElementType(t));
  if (mlirVectorTypeIsScalable(t))
    return ir_build1(&e->at, "vector.scalable.extract", part, 1, &v, 1, &(ir_named){"pos", ir_int_attr(e->at.ir, from)});
  const ir_named attrs[] = {{"offsets", list1(e, from)}, {"sizes", list1(e, n)}, {"strides", list1(e, 1)}};
  return ir_build1(&e->at, "vector.extract_strided_slice", part, 1, &v, 3, attrs);
}

static MlirValue paste(emit *e, MlirValue part, MlirValue into, int64_t from) {
  MlirType t = mlirValueGetType(into);
  const MlirValue operands[] = {part, into};
  if (mlirVectorTypeIsScalable(t))
    return ir_build1(&e->at, "vector.scalable.insert", t, 2, operands, 1, &(ir_named){"pos", ir_int_attr(e->at.ir, from)});
  const ir_named attrs[] = {{"offsets", list1(e, from)}, {"strides", list1(e, 1)}};
  return ir_build1(&e->at, "vector.insert_strided_slice", t, 2, operands, 2, attrs);
}

static MlirValue zeros(emit *e, MlirType t) {
  MlirAttribute zero = mlirFloatAttrDoubleGet(e->at.ir->mlir, mlirShapedTypeGetElementType(t), 0.0);
  return ir_build1(&e->at, "arith.constant", t, 0, NULL, 1, &(ir_named){"value", mlirDenseElementsAttrSplatGet(t, zero)});
}

/* Elements that eight registers hold: a scalable vector counts 64 bits of each. */
static int64_t most_elements(const emit *e, MlirType t) {
  return REGISTERS * (mlirVectorTypeIsScalable(t) ? 64 : e->vlen_bits) / (int64_t)mlirFloatTypeGetWidth(mlirShapedTypeGetElementType(t));
}

static MlirValue row(emit *e, MlirValue v) {
  MlirType t = mlirValueGetType(v);
  int64_t n = mlirShapedTypeGetDimSize(t, 0), most = most_elements(e, t);
  if (n <= most)
    return one(e, v);
  MlirValue out = zeros(e, t);
  for (int64_t i = 0; i < n && !mlirValueIsNull(out); i += most)
    out = paste(e, one(e, cut(e, v, i, n - i < most ? n - i : most)), out, i);
  return out;
}

static MlirValue take(emit *e, MlirValue v, MlirType part, intptr_t n, const int64_t *at) {
  return ir_build1(&e->at, "vector.extract", part, 1, &v, 1, &(ir_named){"static_position", mlirDenseI64ArrayGet(e->at.ir->mlir, n, at)});
}

/* Row by row over the leading dims; a vector without dims is one of a single element. */
static MlirValue all_rows(emit *e, MlirValue v) {
  MlirType t = mlirValueGetType(v), element = mlirShapedTypeGetElementType(t);
  intptr_t rank = (intptr_t)mlirShapedTypeGetRank(t), lead = rank - 1;
  if (rank == 1)
    return row(e, v);
  if (rank == 0) {
    int64_t single = 1;
    MlirValue r = ir_build1(&e->at, "vector.shape_cast", mlirVectorTypeGet(1, &single, element), 1, &v, 0, NULL);
    r = mlirValueIsNull(r) ? r : row(e, r);
    return ir_build1(&e->at, "vector.shape_cast", t, 1, &r, 0, NULL);
  }
  int64_t n_rows = 1, at[8], width = mlirShapedTypeGetDimSize(t, lead);
  for (intptr_t d = 0; d < lead; d++)
    n_rows *= mlirShapedTypeGetDimSize(t, d);
  MlirValue out = zeros(e, t);
  for (int64_t r = 0; r < n_rows && !mlirValueIsNull(out); r++) {
    int64_t rest = r;
    for (intptr_t d = lead; d-- > 0; rest /= mlirShapedTypeGetDimSize(t, d))
      at[d] = rest % mlirShapedTypeGetDimSize(t, d);
    const MlirValue operands[] = {row(e, take(e, v, mlirVectorTypeGet(1, &width, element), lead, at)), out};
    out = ir_build1(&e->at, "vector.insert", t, 2, operands, 1, &(ir_named){"static_position", mlirDenseI64ArrayGet(e->at.ir->mlir, lead, at)});
  }
  return out;
}

static MlirType like(MlirType vector, MlirType element) {
  int64_t shape[8];
  bool scalable[8];
  intptr_t rank = (intptr_t)mlirShapedTypeGetRank(vector);
  for (intptr_t d = 0; d < rank; d++) {
    shape[d] = mlirShapedTypeGetDimSize(vector, d);
    scalable[d] = mlirVectorTypeIsDimScalable(vector, d);
  }
  return mlirVectorTypeGetScalable(rank, shape, scalable, element);
}

static loom_status check(ir_ctx *ir, MlirOperation op, MlirType t) {
  if (!mlirTypeIsAVector(t)) {
    diag_error(ir->ctx, ir_span(ir, op), LOOM_EUNSUP, "%s is of %s; a scalar is one for all lanes and has no such function", ir_op_name(op), ir_print_type(&ir->ctx->scratch, t));
    diag_help(ir->ctx, "load and compute vectors: vector<1x%s> at least", ir_print_type(&ir->ctx->scratch, t));
    return LOOM_EUNSUP;
  }
  int64_t rank = mlirShapedTypeGetRank(t), n_rows = 1;
  for (int64_t d = 0; d + 1 < rank; d++)
    n_rows = n_rows > ROWS_MAX ? n_rows : n_rows * mlirShapedTypeGetDimSize(t, (intptr_t)d);
  if (rank > 8 || n_rows > ROWS_MAX || (rank > 1 && mlirVectorTypeIsScalable(t)))
    LOOM_FAIL(ir->ctx, ir_span(ir, op), LOOM_EUNSUP, "%s is of %s; it must be a vector of one dim, or of at most %d rows of fixed length", ir_op_name(op), ir_print_type(&ir->ctx->scratch, t), ROWS_MAX);
  MlirType element = mlirShapedTypeGetElementType(t);
  if (!mlirTypeIsAF16(element) && !mlirTypeIsABF16(element) && !mlirTypeIsAF32(element) && !mlirTypeIsAF64(element))
    LOOM_FAIL(ir->ctx, ir_span(ir, op), LOOM_EUNSUP, "%s is of %s; the vector unit has it for f16, bf16, f32 and f64", ir_op_name(op), ir_print_type(&ir->ctx->scratch, t));
  return LOOM_OK;
}

loom_status npt_lower_transcendental(ir_ctx *ir, MlirOperation op, int vlen_bits) {
  MlirValue v = ir_operand(op, 0);
  MlirType t = mlirValueGetType(v);
  LOOM_TRY(check(ir, op, t));
  emit e = {.at = ir_before(ir, op), .op = op, .what = functions[find(op)].what, .vlen_bits = vlen_bits};
  MlirType f32 = like(t, mlirF32TypeGet(ir->mlir));
  bool is_half = mlirFloatTypeGetWidth(mlirShapedTypeGetElementType(t)) == 16;
  if (is_half)
    v = ir_build1(&e.at, "arith.extf", f32, 1, &v, 0, NULL);
  v = mlirValueIsNull(v) ? v : all_rows(&e, v);
  if (is_half)
    v = ir_build1(&e.at, "arith.truncf", t, 1, &v, 0, NULL);
  if (mlirValueIsNull(v))
    return LOOM_EBUG;
  ir_replace_uses(ir_result(op, 0), v);
  return ir_erase(op) ? LOOM_OK : LOOM_EBUG;
}
