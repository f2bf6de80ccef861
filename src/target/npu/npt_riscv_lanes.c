/* Numbers that are taken out of vectors and go back into vectors, or to memory, stay in vectors: arithmetic on such a number becomes arithmetic on vectors that hold it in every element.
 *   broadcast(f(extract(v), s)) -> f(shuffle(v), broadcast(s));  store f(extract(v)) -> store a vector of one element */
#include "target/npu/npt_riscv_private.h"

enum { DEPTH_MAX = 64, ELEMENTS_MAX = 4096 };

typedef struct lifting { ir_ctx *ir; ir_builder at; int64_t n; } lifting;

static bool is_taken(MlirOperation op) {
  return ir_op_is(op, "vector.extract") && ir_num_operands(op) == 1 && !mlirTypeIsAVector(mlirValueGetType(ir_result(op, 0))) && !mlirVectorTypeIsScalable(mlirValueGetType(ir_operand(op, 0)));
}

static bool is_elementwise(MlirOperation op) {
  return mlirOperationGetNumResults(op) == 1 && mlirOperationGetNumRegions(op) == 0 && ir_num_operands(op) > 0 && (text_starts(ir_op_name(op), "arith.") || text_starts(ir_op_name(op), "math."));
}

/* Does the number come out of a vector? */
static bool is_of_lane(MlirValue v, int depth) {
  MlirOperation op = ir_def(v);
  if (mlirOperationIsNull(op) || depth > DEPTH_MAX)
    return false;
  if (is_taken(op))
    return true;
  for (intptr_t i = 0; is_elementwise(op) && i < ir_num_operands(op); i++)
    if (is_of_lane(ir_operand(op, i), depth + 1))
      return true;
  return false;
}

static MlirType vector_of(const lifting *l, MlirType element) { return mlirVectorTypeGet(1, &l->n, element); }

/* One element of a vector in all of another.  The vector may have leading dims. */
static MlirValue repeated(lifting *l, MlirOperation take) {
  int64_t mask[ELEMENTS_MAX];
  MlirValue v = ir_operand(take, 0);
  MlirAttribute at = ir_attr_of(take, "static_position");
  intptr_t rank = mlirDenseArrayGetNumElements(at);
  if (rank == 0)
    return ir_build1(&l->at, "vector.broadcast", vector_of(l, mlirShapedTypeGetElementType(mlirValueGetType(v))), 1, &v, 0, NULL);
  int64_t lead[DEPTH_MAX], last = mlirDenseI64ArrayGetElement(at, rank - 1);
  if (rank > 1) {
    MlirType t = mlirValueGetType(v);
    for (intptr_t d = 0; d < rank - 1 && d < DEPTH_MAX; d++)
      lead[d] = mlirDenseI64ArrayGetElement(at, d);
    int64_t width = mlirShapedTypeGetDimSize(t, rank - 1);
    v = ir_build1(&l->at, "vector.extract", mlirVectorTypeGet(1, &width, mlirShapedTypeGetElementType(t)), 1, &v, 1, &(ir_named){"static_position", mlirDenseI64ArrayGet(l->ir->mlir, rank - 1, lead)});
  }
  for (int64_t i = 0; i < l->n; i++)
    mask[i] = last;
  const MlirValue both[] = {v, v};
  return ir_build1(&l->at, "vector.shuffle", vector_of(l, mlirShapedTypeGetElementType(mlirValueGetType(v))), 2, both, 1, &(ir_named){"mask", mlirDenseI64ArrayGet(l->ir->mlir, l->n, mask)});
}

static MlirValue lifted(lifting *l, MlirValue v);

static MlirValue lifted_op(lifting *l, MlirOperation op) {
  MlirValue operands[4];
  intptr_t n = ir_num_operands(op), n_attrs = mlirOperationGetNumAttributes(op);
  ir_named attrs[8];
  if (n > 4 || n_attrs > 8)
    return (MlirValue){NULL};
  for (intptr_t i = 0; i < n; i++)
    operands[i] = lifted(l, ir_operand(op, i));
  for (intptr_t i = 0; i < n_attrs; i++) {
    MlirNamedAttribute a = mlirOperationGetAttribute(op, i);
    MlirStringRef name = mlirIdentifierStr(a.name);
    attrs[i] = (ir_named){arena_strndup(&l->ir->ctx->mem, name.data, name.length), a.attribute};
  }
  return ir_build1(&l->at, ir_op_name(op), vector_of(l, mlirValueGetType(ir_result(op, 0))), n, operands, n_attrs, attrs);
}

static MlirValue lifted(lifting *l, MlirValue v) {
  MlirOperation op = ir_def(v);
  if (!is_of_lane(v, 0))
    return ir_build1(&l->at, "vector.broadcast", vector_of(l, mlirValueGetType(v)), 1, &v, 0, NULL);
  return is_taken(op) ? repeated(l, op) : lifted_op(l, op);
}

typedef struct found { arena *mem; npt_op_list ops; } found;

static bool collect(MlirOperation op, void *data) {
  found *f = data;
  bool is_broadcast = ir_op_is(op, "vector.broadcast") && mlirShapedTypeGetRank(mlirValueGetType(ir_result(op, 0))) == 1 && !mlirVectorTypeIsScalable(mlirValueGetType(ir_result(op, 0)));
  if ((is_broadcast || ir_op_is(op, "memref.store")) && is_of_lane(ir_operand(op, 0), 0))
    vec_push(f->mem, &f->ops, op);
  return true;
}

static loom_status lift_store(ir_ctx *ir, MlirOperation op) {
  lifting l = {ir, ir_before(ir, op), 1};
  MlirValue operands[1 + 8];
  intptr_t n = ir_num_operands(op);
  if (n > 1 + 8 || n < 3)
    return LOOM_OK;   /* memory without dims has no vectors: the code generator refuses it */
  operands[0] = lifted(&l, ir_operand(op, 0));
  for (intptr_t i = 1; i < n; i++)
    operands[i] = ir_operand(op, i);
  if (mlirValueIsNull(operands[0]) || mlirOperationIsNull(ir_build(&l.at, "vector.store", 0, NULL, n, operands, 0, NULL, 0, NULL)))
    return LOOM_EBUG;
  return ir_erase(op) ? LOOM_OK : LOOM_EBUG;
}

static loom_status lift_broadcast(ir_ctx *ir, MlirOperation op) {
  lifting l = {ir, ir_before(ir, op), mlirShapedTypeGetDimSize(mlirValueGetType(ir_result(op, 0)), 0)};
  if (l.n > ELEMENTS_MAX)
    return LOOM_OK;
  MlirValue v = lifted(&l, ir_operand(op, 0));
  if (mlirValueIsNull(v))
    return LOOM_EBUG;
  ir_replace_uses(ir_result(op, 0), v);
  return ir_erase(op) ? LOOM_OK : LOOM_EBUG;
}

loom_status npt_riscv_keep_lanes(ir_ctx *ir, MlirModule m) {
  found f = {.mem = &ir->ctx->mem};
  ir_walk(mlirModuleGetOperation(m), collect, &f);
  for (size_t i = 0; i < f.ops.n; i++)
    LOOM_TRY(ir_op_is(f.ops.at[i], "memref.store") ? lift_store(ir, f.ops.at[i]) : lift_broadcast(ir, f.ops.at[i]));
  return LOOM_OK;
}
