/* A tile that is loaded stays as it was loaded.  What begins with it and changes it (a value that a loop carries, a product or reduction into it) begins with a copy: a buffer of its
 * own, which may hold more than the tensor's type does.  Behind every folding, which would take copies away. */
#include "pass/pass_private.h"

typedef struct copier { ir_ctx *ir; loom_status status; } copier;

/* The subview that `v` was loaded from, or the whole memory; null: it was not loaded. */
static MlirValue loaded_from(MlirValue v) {
  MlirOperation load = ir_def(v);
  return ir_op_is(load, "bufferization.to_tensor") ? ir_operand(load, 0) : (MlirValue){NULL};
}

/* tensor.empty of the type of `v`, a load of `from`: sizes that are not in the type are operands of the subview, in the same order. */
static MlirValue empty_like(ir_builder *at, MlirValue v, MlirValue from) {
  MlirType type = mlirValueGetType(v);
  MlirOperation view = ir_def(from);
  MlirValue sizes[PASS_OPERANDS_MAX];
  intptr_t wanted = 0, first = 0, n = 0;
  for (intptr_t d = 0; d < mlirShapedTypeGetRank(type); d++)
    wanted += mlirShapedTypeIsDynamicDim(type, d);
  if (ir_op_is(view, "memref.subview") && !ir_segment(view, 2, &first, &n))
    n = 0;
  if (wanted != n || n > PASS_OPERANDS_MAX)
    return (MlirValue){NULL};
  for (intptr_t i = 0; i < n; i++)
    sizes[i] = ir_operand(view, first + i);
  return ir_build1(at, "tensor.empty", type, n, sizes, 0, NULL);
}

/* Operand i of `op` becomes a copy where it is a loaded tile. */
static void own(copier *c, MlirOperation op, intptr_t i) {
  MlirValue v = ir_operand(op, i), from = mlirTypeIsARankedTensor(mlirValueGetType(v)) ? loaded_from(v) : (MlirValue){NULL};
  if (mlirValueIsNull(from) || mlirShapedTypeGetRank(mlirValueGetType(v)) == 0)
    return;
  ir_builder at = ir_before(c->ir, op);
  MlirValue empty = empty_like(&at, v, from);
  if (mlirValueIsNull(empty))      /* of a form that later stages refuse or keep as it is */
    return;
  MlirValue copy = pass_unary_generic(&at, v, empty, NULL, -1, false);
  if (mlirValueIsNull(copy))
    c->status = LOOM_EBUG;
  else
    mlirOperationSetOperand(op, i, copy);
}

/* Does the body of a linalg.generic read what is in its destination?  Products do. */
static bool changes_init(MlirOperation op) {
  MlirBlock body = ir_body(op);
  return linalg_num_inits(op) == 1 && !mlirBlockIsNull(body) && !mlirOpOperandIsNull(mlirValueGetFirstUse(mlirBlockGetArgument(body, mlirBlockGetNumArguments(body) - 1)));
}

static bool visit(MlirOperation op, void *data) {
  copier *c = data;
  intptr_t first, n;
  if (ir_op_is(op, "scf.for"))
    for (intptr_t i = 3; c->status == LOOM_OK && i < ir_num_operands(op); i++)
      own(c, op, i);
  else if (ir_op_is(op, "affine.for") && ir_segment(op, 2, &first, &n))
    for (intptr_t i = 0; c->status == LOOM_OK && i < n; i++)
      own(c, op, first + i);
  else if (linalg_is_op(op) && changes_init(op) && ir_segment(op, 1, &first, &n))
    own(c, op, first);
  return c->status == LOOM_OK;
}

loom_status pass_own_start(ir_ctx *ir, MlirOperation func, const pass_options *o) {
  (void)o;
  copier c = {.ir = ir};
  ir_walk_post(func, visit, &c);
  return c.status;
}
