/* Passes that bring stage-0 into the form that upstream's bufferization takes. */
#include "pass/pass_private.h"

/* ---- loom-lower-broadcast ---- */
/* (d0, d1, d2) -> (d0, 0, d2), or without the fixed dim. */
static void add_map(text *t, int rank, int64_t fixed, bool drops) {
  text_add(t, "affine_map<(");
  for (int d = 0; d < rank; d++)
    text_addf(t, d ? ", d%d" : "d%d", d);
  text_add(t, ") -> (");
  const char *comma = "";
  for (int d = 0; d < rank; d++) {
    if (d == fixed && drops)
      continue;
    text_add(t, comma);
    comma = ", ";
    if (d == fixed)
      text_add(t, "0");
    else
      text_addf(t, "d%d", d);
  }
  text_add(t, ")>");
}

/* A generic that reads index 0 of the broadcast dim, or has no index of it. */
static loom_status lower_broadcast(ir_ctx *ir, MlirOperation op) {
  int64_t dim;
  arena *m = &ir->ctx->mem;
  MlirType type = mlirValueGetType(ir_result(op, 0));
  int rank = mlirTypeIsARankedTensor(type) ? (int)mlirShapedTypeGetRank(type) : -1;
  MlirType from = mlirValueGetType(ir_operand(op, 0));
  bool is_ranked = mlirTypeIsARankedTensor(from), inserts = is_ranked && mlirShapedTypeGetRank(from) == rank - 1;
  if (ir_num_operands(op) != 2 || !ir_attr_int(ir_attr_of(op, "dim"), &dim) || dim < 0 || dim >= rank || !is_ranked || (!inserts && mlirShapedTypeGetRank(from) != rank))
    LOOM_FAIL(ir->ctx, ir_span(ir, op), LOOM_EINPUT, "loom.broadcast takes a tensor, one of the same rank or of one more, and the dim of the second to repeat along");
  text maps = text_new(m), iterators = text_new(m);
  text_add(&maps, "[");
  add_map(&maps, rank, dim, inserts);
  text_add(&maps, ", ");
  add_map(&maps, rank, -1, false);
  text_add(&maps, "]");
  text_add(&iterators, "[");
  for (int d = 0; d < rank; d++)
    text_add(&iterators, d ? ", #linalg.iterator_type<parallel>" : "#linalg.iterator_type<parallel>");
  text_add(&iterators, "]");
  MlirType scalars[2] = {mlirShapedTypeGetElementType(from), mlirShapedTypeGetElementType(type)};
  MlirBlock body;
  MlirRegion region = ir_new_region(ir, 2, scalars, &body);
  ir_builder in = ir_at_end(ir, body);
  MlirValue in_value = mlirBlockGetArgument(body, 0), operands[2] = {ir_operand(op, 0), ir_operand(op, 1)};
  ir_build(&in, "linalg.yield", 0, NULL, 1, &in_value, 0, NULL, 0, NULL);
  const ir_named attrs[] = {{"indexing_maps", ir_attr(ir, text_str(&maps))}, {"iterator_types", ir_attr(ir, text_str(&iterators))},
                            {"operandSegmentSizes", ir_attr(ir, "array<i32: 1, 1>")}};
  ir_builder at = ir_before(ir, op);
  MlirOperation generic = ir_build(&at, "linalg.generic", 1, &type, 2, operands, 3, attrs, 1, &region);
  if (mlirOperationIsNull(generic))
    return LOOM_EBUG;
  ir_replace_uses(ir_result(op, 0), ir_result(generic, 0));
  ir_erase(op);
  return LOOM_OK;
}

typedef struct lowering { ir_ctx *ir; loom_status status; } lowering;

static bool visit_broadcast(MlirOperation op, void *data) {
  lowering *l = data;
  if (ir_op_is(op, "loom.broadcast"))
    l->status = lower_broadcast(l->ir, op);
  return l->status == LOOM_OK;
}

loom_status pass_lower_broadcast(ir_ctx *ir, MlirOperation op, const pass_options *o) {
  (void)o;
  lowering l = {ir, LOOM_OK};
  ir_walk_post(op, visit_broadcast, &l);
  return l.status;
}

/* ---- loom-lower-stores ---- */
/* memref.copy of a to_buffer: upstream writes the layout of the destination on the to_buffer, which no buffer of the tensor has. */
static bool visit_store(MlirOperation op, void *data) {
  lowering *l = data;
  if (ir_op_is(op, "bufferization.to_tensor"))
    ir_set_attr(op, "restrict", ir_unit_attr(l->ir));
  MlirOperation from = ir_op_is(op, "memref.copy") ? ir_def(ir_operand(op, 0)) : (MlirOperation){NULL};
  if (mlirOperationIsNull(from) || !ir_op_is(from, "bufferization.to_buffer"))
    return true;
  const ir_named attrs[] = {{"restrict", ir_unit_attr(l->ir)}, {"writable", ir_unit_attr(l->ir)}};
  MlirValue operands[2] = {ir_operand(from, 0), ir_operand(op, 1)};
  ir_builder at = ir_before(l->ir, op);
  if (mlirOperationIsNull(ir_build(&at, "bufferization.materialize_in_destination", 0, NULL, 2, operands, 2, attrs, 0, NULL)))
    return l->status = LOOM_EBUG, false;
  ir_erase(op);
  ir_erase(from);
  return true;
}

loom_status pass_lower_stores(ir_ctx *ir, MlirOperation op, const pass_options *o) {
  (void)o;
  lowering l = {ir, LOOM_OK};
  ir_walk_post(op, visit_store, &l);
  return l.status;
}

/* ---- loom-check-asserts ---- */
static bool visit_assert(MlirOperation op, void *data) {
  lowering *l = data;
  int64_t truth;
  if (!ir_op_is(op, "cf.assert"))
    return true;
  if (ir_const_int(ir_operand(op, 0), &truth) && !truth) {
    const char *said = ir_attr_string(&l->ir->ctx->mem, ir_attr_of(op, "msg"));
    diag_warn(l->ir->ctx, ir_span(l->ir, op), "an assertion of the module does not hold for these block sizes and is not looked at: %s", said ? said : "");
  }
  return true;
}

loom_status pass_check_asserts(ir_ctx *ir, MlirOperation op, const pass_options *o) {
  (void)o;
  lowering l = {ir, LOOM_OK};
  ir_walk(op, visit_assert, &l);
  return l.status;
}
