/* torch.prim.If and torch.prim.Loop as scf.if and scf.for. */
#include "pass/torch_convert.h"

bool torch_is_control(MlirOperation op) {
  static const char *const names[] = {"torch.prim.If", "torch.prim.If.yield", "torch.prim.Loop", "torch.prim.Loop.condition", "torch.runtime.assert"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (ir_op_is(op, names[i]))
      return true;
  return false;
}

static loom_status resolve_range(torch_conversion *t, MlirOperation op, intptr_t first, MlirValue **out) {
  intptr_t n = ir_num_operands(op);
  *out = ARENA_NEW_N(t->mem, MlirValue, n + 1);
  for (intptr_t i = first; i < n; i++) {
    (*out)[i - first] = torch_resolve(t, ir_operand(op, i), op);
    if (mlirValueIsNull((*out)[i - first]))
      LOOM_FAIL(t->ir->ctx, ir_span(t->ir, op), LOOM_EUNSUP, "%s: operand %d has no value on tensors", ir_op_name(op), (int)i);
  }
  return LOOM_OK;
}

static loom_status result_types(torch_conversion *t, MlirOperation op, MlirType **out) {
  intptr_t n = mlirOperationGetNumResults(op);
  *out = ARENA_NEW_N(t->mem, MlirType, n + 1);
  for (intptr_t i = 0; i < n; i++) {
    (*out)[i] = torch_builtin_type(t->ir, mlirValueGetType(ir_result(op, i)));
    if (mlirTypeIsNull((*out)[i]))
      LOOM_FAIL(t->ir->ctx, ir_span(t->ir, op), LOOM_EUNSUP, "%s: result %d is no tensor of a known shape and element type, and no number", ir_op_name(op), (int)i);
  }
  return LOOM_OK;
}

static void give_results(torch_conversion *t, MlirOperation op, MlirOperation made) {
  for (intptr_t i = 0; i < mlirOperationGetNumResults(op); i++) {
    torch_value_of(t, ir_result(op, i))->now = ir_result(made, i);
    ir_replace_uses(ir_result(op, i), ir_result(made, i));
  }
}

/* The regions move; what yields in them is visited later. */
static loom_status place_if(torch_conversion *t, MlirOperation op) {
  MlirValue *condition;
  MlirType *types;
  LOOM_TRY(resolve_range(t, op, 0, &condition));
  LOOM_TRY(result_types(t, op, &types));
  MlirRegion regions[2] = {mlirRegionCreate(), mlirRegionCreate()};
  for (int i = 0; i < 2; i++)
    mlirRegionTakeBody(regions[i], mlirOperationGetRegion(op, i));
  ir_builder b = ir_before(t->ir, op);
  MlirOperation made = ir_build(&b, "scf.if", mlirOperationGetNumResults(op), types, 1, condition, 0, NULL, 2, regions);
  if (mlirOperationIsNull(made))
    return LOOM_EBUG;
  give_results(t, op, made);
  return LOOM_OK;
}

/* A loop that runs a number of times: its condition is always true. */
static loom_status place_loop(torch_conversion *t, MlirOperation op) {
  MlirBlock body = ir_body(op);
  MlirOperation end = torch_last_op(body);
  const tl_value *first = torch_describe(t, ir_operand(op, 1)), *each = mlirOperationIsNull(end) ? NULL : torch_describe(t, ir_operand(end, 0));
  if (!each || !first->is_known || !first->i || !each->is_known || !each->i)
    LOOM_FAIL(t->ir->ctx, ir_span(t->ir, op), LOOM_EUNSUP, "torch.prim.Loop: the condition is not always true; loops of a known number of turns are read");
  MlirValue *in, *operands = ARENA_NEW_N(t->mem, MlirValue, ir_num_operands(op) + 1);
  MlirType *types, index = ir_index_type(t->ir);
  intptr_t n = ir_num_operands(op) - 2;
  LOOM_TRY(resolve_range(t, op, 0, &in));
  LOOM_TRY(result_types(t, op, &types));
  ir_builder b = ir_before(t->ir, op);
  operands[0] = ir_index_const(&b, 0);
  operands[1] = ir_build1(&b, "arith.index_cast", index, 1, &in[0], 0, NULL);
  operands[2] = ir_index_const(&b, 1);
  for (intptr_t i = 0; i < n; i++)
    operands[3 + i] = in[2 + i];
  MlirRegion region = mlirRegionCreate();
  mlirRegionTakeBody(region, mlirOperationGetRegion(op, 0));
  /* The counter is an index there and a number of 64 bits here. */
  MlirValue counter = mlirBlockGetArgument(body, 0);
  MlirOperation inside = mlirBlockGetFirstOperation(body);
  ir_builder at = ir_before(t->ir, inside);
  MlirType i64 = ir_type(t->ir, "i64");
  mlirValueSetType(counter, index);
  MlirOperation cast = ir_build(&at, "arith.index_cast", 1, &i64, 1, &counter, 0, NULL, 0, NULL);
  if (mlirOperationIsNull(cast))
    return LOOM_EBUG;
  ir_replace_uses(counter, ir_result(cast, 0));
  mlirOperationSetOperand(cast, 0, counter);
  torch_value_of(t, counter)->now = ir_result(cast, 0);
  MlirOperation made = ir_build(&b, "scf.for", n, types, n + 3, operands, 0, NULL, 1, &region);
  if (mlirOperationIsNull(made))
    return LOOM_EBUG;
  give_results(t, op, made);
  return LOOM_OK;
}

loom_status torch_place_control(torch_conversion *t, MlirOperation op) {
  MlirValue *values;
  if (ir_op_is(op, "torch.prim.If"))
    return place_if(t, op);
  if (ir_op_is(op, "torch.prim.Loop"))
    return place_loop(t, op);
  bool is_loop = ir_op_is(op, "torch.prim.Loop.condition"), is_assert = ir_op_is(op, "torch.runtime.assert");
  LOOM_TRY(resolve_range(t, op, is_loop, &values));
  ir_builder b = ir_before(t->ir, op);
  const ir_named message = {"msg", ir_attr_of(op, "message")};
  ir_build(&b, is_assert ? "cf.assert" : "scf.yield", 0, NULL, ir_num_operands(op) - is_loop, values, is_assert, &message, 0, NULL);
  return LOOM_OK;
}
