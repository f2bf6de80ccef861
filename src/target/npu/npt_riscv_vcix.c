/* vcix operations as calls of the intrinsics llvm.riscv.sf.vc.*: their vectors are scalable, as registers are. */
#include "target/npu/npt_riscv_private.h"

enum { OPERANDS_MAX = 8, BLOCK_BITS = 64 /* RVV's: vscale = VLEN / 64 */ };

typedef struct lowering { ir_ctx *ir; int vlen_bits; ir_builder at; MlirOperation op; } lowering;

static MlirType i64(const lowering *l) { return mlirIntegerTypeGet(l->ir->mlir, 64); }
static MlirValue number(lowering *l, int64_t v) { return ir_build1(&l->at, "llvm.mlir.constant", i64(l), 0, NULL, 1, &(ir_named){"value", ir_int_attr(l->ir, v)}); }

static int64_t field(const lowering *l, const char *name) {
  int64_t v = 0;
  ir_attr_int(ir_attr_of(l->op, name), &v);
  return v;
}

static MlirOperation call(lowering *l, const char *intrinsic, MlirType result, int n, const MlirValue *operands) {
  const ir_named attrs[] = {{"intrin", ir_str_attr(l->ir, intrinsic)}, {"op_bundle_sizes", mlirDenseI32ArrayGet(l->ir->mlir, 0, NULL)},
                            {"operandSegmentSizes", mlirDenseI32ArrayGet(l->ir->mlir, 2, (int32_t[]){n, 0})}};
  return ir_build(&l->at, "llvm.call_intrinsic", mlirTypeIsNull(result) ? 0 : 1, &result, n, operands, 3, attrs, 0, NULL);
}

static int64_t element_bits(MlirType t) {
  MlirType e = mlirShapedTypeGetElementType(t);
  return mlirTypeIsAInteger(e) ? mlirIntegerTypeGetWidth(e) : mlirFloatTypeGetWidth(e);
}

static int64_t rounded(int64_t n) {
  int64_t p = 1;
  while (p < n)
    p *= 2;
  return p;
}

static MlirType fixed_of(MlirType t, int64_t n) { return mlirVectorTypeGet(1, &n, mlirShapedTypeGetElementType(t)); }

/* The registers a vector goes into: one at least. */
static MlirType registers_of(const lowering *l, MlirType t) {
  if (mlirVectorTypeIsScalable(t))
    return t;
  int64_t least = BLOCK_BITS / element_bits(t), n = rounded(mlirShapedTypeGetDimSize(t, 0)) * BLOCK_BITS / l->vlen_bits;
  bool yes = true;
  n = n < least ? least : n;
  return mlirVectorTypeGetScalable(1, &n, &yes, mlirShapedTypeGetElementType(t));
}

/* The first n elements of v, and anything behind them: LLVM moves vectors of 2^k elements only in and out of registers. */
static MlirValue resized(lowering *l, MlirValue v, int64_t n) {
  int32_t mask[8192];
  int64_t had = mlirShapedTypeGetDimSize(mlirValueGetType(v), 0);
  if (had == n)
    return v;
  for (int64_t i = 0; i < n; i++)
    mask[i] = (int32_t)(i < had ? i : -1);
  const MlirValue both[] = {v, v};
  return ir_build1(&l->at, "llvm.shufflevector", fixed_of(mlirValueGetType(v), n), 2, both, 1, &(ir_named){"mask", mlirDenseI32ArrayGet(l->ir->mlir, n, mask)});
}

static MlirValue into_registers(lowering *l, MlirValue v) {
  MlirType t = mlirValueGetType(v), registers = registers_of(l, t);
  if (mlirVectorTypeIsScalable(t))
    return v;
  MlirValue poison = ir_build1(&l->at, "llvm.mlir.poison", registers, 0, NULL, 0, NULL);
  const MlirValue operands[] = {poison, resized(l, v, rounded(mlirShapedTypeGetDimSize(t, 0)))};
  return ir_build1(&l->at, "llvm.intr.vector.insert", registers, 2, operands, 1, &(ir_named){"pos", ir_int_attr(l->ir, 0)});
}

static MlirValue out_of_registers(lowering *l, MlirValue v, MlirType t) {
  if (mlirVectorTypeIsScalable(t))
    return v;
  int64_t n = mlirShapedTypeGetDimSize(t, 0);
  MlirValue whole = ir_build1(&l->at, "llvm.intr.vector.extract", fixed_of(t, rounded(n)), 1, &v, 1, &(ir_named){"pos", ir_int_attr(l->ir, 0)});
  return mlirValueIsNull(whole) ? whole : resized(l, whole, n);
}

/* Elements an instruction works on: those of a fixed vector, at most rvl. */
static MlirValue length(lowering *l, MlirType t, MlirValue rvl) {
  bool is_fixed = !mlirTypeIsNull(t) && !mlirVectorTypeIsScalable(t);
  int64_t n = is_fixed ? mlirShapedTypeGetDimSize(t, 0) : 0, asked;
  if (is_fixed && (mlirValueIsNull(rvl) || (ir_const_int(rvl, &asked) && asked >= n)))
    return number(l, n);
  if (!is_fixed || (ir_const_int(rvl, &asked) && asked < n))
    return rvl;
  const MlirValue both[] = {rvl, number(l, n)};
  return ir_build1(&l->at, "llvm.intr.umin", i64(l), 2, both, 0, NULL);
}

static loom_status replaced(lowering *l, MlirOperation with, MlirType t) {
  if (mlirOperationIsNull(with))
    return LOOM_EBUG;
  if (!mlirTypeIsNull(t)) {
    MlirValue v = out_of_registers(l, ir_result(with, 0), t);
    if (mlirValueIsNull(v))
      return LOOM_EBUG;
    ir_replace_uses(ir_result(l->op, 0), v);
  }
  return ir_erase(l->op) ? LOOM_OK : LOOM_EBUG;
}

static loom_status lower_iv(lowering *l) {
  MlirType none = {NULL};
  const MlirValue v[] = {number(l, field(l, "opcode")), number(l, field(l, "rd")), into_registers(l, ir_operand(l->op, 0)), number(l, field(l, "imm")),
                         length(l, mlirValueGetType(ir_operand(l->op, 0)), ir_operand(l->op, 1))};
  return replaced(l, call(l, "llvm.riscv.sf.vc.iv.se", none, 5, v), none);
}

static loom_status lower_i(lowering *l) {
  MlirType none = {NULL};
  const MlirValue v[] = {number(l, field(l, "opcode")), number(l, field(l, "rs2")), number(l, field(l, "rd")), number(l, field(l, "imm")), number(l, field(l, "sew")),
                         number(l, field(l, "lmul")), ir_operand(l->op, 0)};
  return replaced(l, call(l, "llvm.riscv.sf.vc.i.se", none, 7, v), none);
}

static isa_vc known(const lowering *l, const char *form) { return isa_vc_find(form, (int)field(l, "opcode"), (int)field(l, "imm")); }

static loom_status lower_v_i(lowering *l) {
  MlirType t = mlirValueGetType(ir_result(l->op, 0));
  const MlirValue v[] = {number(l, field(l, "opcode")), number(l, field(l, "rs2")), number(l, field(l, "imm")), length(l, t, ir_operand(l->op, 0))};
  return replaced(l, call(l, known(l, "v.i") == ISA_VC_LANE_INDEX ? "llvm.riscv.sf.vc.v.i" : "llvm.riscv.sf.vc.v.i.se", registers_of(l, t), 4, v), t);
}

enum { WHOLE = -1 /* LLVM's: as many elements as the registers have */ };

static loom_status lower_v_iv(lowering *l) {
  MlirType t = mlirValueGetType(ir_result(l->op, 0));
  MlirValue n = mlirVectorTypeIsScalable(t) ? number(l, WHOLE) : length(l, t, ir_operand(l->op, 1));
  const MlirValue v[] = {number(l, field(l, "opcode")), into_registers(l, ir_operand(l->op, 0)), number(l, field(l, "imm")), n};
  return replaced(l, call(l, "llvm.riscv.sf.vc.v.iv", registers_of(l, t), 4, v), t);
}

static loom_status lower_v_sv(lowering *l) {
  MlirType t = mlirValueGetType(ir_result(l->op, 0)), second = mlirValueGetType(ir_operand(l->op, 1));
  bool is_vector = mlirTypeIsAVector(second);
  const char *name = is_vector ? "llvm.riscv.sf.vc.v.vv.se" : mlirTypeIsAFloat(second) ? "llvm.riscv.sf.vc.v.fv.se" : "llvm.riscv.sf.vc.v.xv.se";
  MlirValue other = ir_operand(l->op, 1), n = mlirVectorTypeIsScalable(t) ? number(l, WHOLE) : length(l, t, ir_operand(l->op, 2));
  const MlirValue v[] = {number(l, field(l, "opcode")), into_registers(l, ir_operand(l->op, 0)), is_vector ? into_registers(l, other) : other, n};
  return replaced(l, call(l, name, registers_of(l, t), 4, v), t);
}

static const struct { const char *op, *form; loom_status (*lower)(lowering *); } rows[] = {
    {"vcix.iv", "iv", lower_iv}, {"vcix.i", "i", lower_i}, {"vcix.v.i", "v.i", lower_v_i}, {"vcix.v.iv", "v.iv", lower_v_iv}, {"vcix.v.sv", NULL, lower_v_sv}};
enum { N_ROWS = sizeof rows / sizeof *rows };

static int row_of(MlirOperation op) {
  for (int i = 0; i < N_ROWS; i++)
    if (ir_op_is(op, rows[i].op))
      return i;
  return N_ROWS;
}

typedef struct found { arena *mem; npt_op_list ops; } found;

static bool collect(MlirOperation op, void *data) {
  found *f = data;
  if (row_of(op) < N_ROWS)
    vec_push(f->mem, &f->ops, op);
  return true;
}

loom_status npt_riscv_lower_vcix(ir_ctx *ir, MlirModule m, int vlen_bits) {
  found f = {.mem = &ir->ctx->mem};
  LOOM_TRY(dialect_verify_vcix(ir, mlirModuleGetOperation(m), vlen_bits));
  ir_walk(mlirModuleGetOperation(m), collect, &f);
  for (size_t i = 0; i < f.ops.n; i++) {
    lowering l = {ir, vlen_bits, ir_before(ir, f.ops.at[i]), f.ops.at[i]};
    const char *form = rows[row_of(l.op)].form;
    if (form && known(&l, form) == ISA_VCS)
      LOOM_FAIL(ir->ctx, ir_span(ir, l.op), LOOM_EUNSUP, "the cores have no instruction %s with opcode %" PRId64 " and immediate %" PRId64, ir_op_name(l.op), field(&l, "opcode"), field(&l, "imm"));
    LOOM_TRY(rows[row_of(l.op)].lower(&l));
  }
  return LOOM_OK;
}
