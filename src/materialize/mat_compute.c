/* Compute ops on buffers.  Element types follow the plan's buffers: an f32 accumulator of an f16 kernel is widened here. */
#include "materialize/mat_private.h"

MlirOperation mat_op_of(const mat *m, const nest_node *node) {
  for (size_t i = 0; i < m->n_ops; i++)
    if (m->ops[i].node == node)
      return m->ops[i].op;
  return (MlirOperation){NULL};
}

/* One scalar from a type to another; f16 and bf16 meet in f32. */
static MlirValue convert_scalar(mat *m, ir_builder *b, MlirValue v, dtype from, dtype to) {
  MlirType type = ir_dtype(m->ir, to);
  if (from == to)
    return v;
  if (dtype_is_float(from) != dtype_is_float(to))
    return ir_build1(b, dtype_is_float(to) ? "arith.sitofp" : "arith.fptosi", type, 1, &v, 0, NULL);
  if (dtype_bytes(from) == dtype_bytes(to) && dtype_is_float(to)) {
    MlirValue wide = ir_build1(b, "arith.extf", ir_dtype(m->ir, DTYPE_F32), 1, &v, 0, NULL);
    return ir_build1(b, "arith.truncf", type, 1, &wide, 0, NULL);
  }
  bool widens = dtype_bytes(from) < dtype_bytes(to);
  const char *op = dtype_is_float(to) ? (widens ? "arith.extf" : "arith.truncf") : (widens ? "arith.extsi" : "arith.trunci");
  return ir_build1(b, op, type, 1, &v, 0, NULL);
}

/* A fill or generic constant, in the type wanted. */
static loom_status build_constant(mat *m, MlirOperation at, MlirValue v, dtype type, MlirValue *out) {
  MlirOperation def = ir_def(v);
  MlirAttribute value = ir_attr_of(def, "value");
  int64_t integer;
  MlirType t = ir_dtype(m->ir, type);
  if (!ir_op_is(def, "arith.constant"))
    LOOM_FAIL(m->ctx, ir_span(m->ir, at), LOOM_EUNSUP, "'%s' uses a scalar that is not a constant", ir_op_name(at));
  if (mlirAttributeIsAFloat(value) && dtype_is_float(type))
    value = mlirFloatAttrDoubleGet(m->ir->mlir, t, mlirFloatAttrGetValueDouble(value));
  else if (ir_attr_int(value, &integer) && !dtype_is_float(type))
    value = mlirIntegerAttrGet(t, integer);
  else
    LOOM_FAIL(m->ctx, ir_span(m->ir, at), LOOM_EUNSUP, "'%s' fills a %s tile with a constant of another kind", ir_op_name(at), dtype_mlir(type));
  *out = ir_build1(&m->b, "arith.constant", t, 0, NULL, 1, &(ir_named){"value", value});
  return LOOM_OK;
}

static loom_status done(MlirOperation op) { return mlirOperationIsNull(op) ? LOOM_EBUG : LOOM_OK; }

static loom_status build_fill(mat *m, const nest_node *node) {
  MlirOperation op = mat_op_of(m, node);
  MlirValue constant, out;
  LOOM_TRY(build_constant(m, op, ir_operand(op, 0), m->slot[node->value].buffer->type, &constant));
  LOOM_TRY(mat_view(m, node->value, &out));
  return done(ir_build_named_linalg(&m->b, "linalg.fill", 1, &constant, out, (MlirType){NULL}));
}

static loom_status build_matmul(mat *m, const nest_node *node) {
  MlirValue ins[2], out;
  for (int i = 0; i < 2; i++)
    LOOM_TRY(mat_view(m, node->inputs.at[i], &ins[i]));
  LOOM_TRY(mat_view(m, node->value, &out));
  return done(ir_build_named_linalg(&m->b, arena_printf(m->mem, "linalg.%s", node->op), 2, ins, out, (MlirType){NULL}));
}

/* ---- linalg.generic ---- */

enum { SCALAR_DEPTH_MAX = 32 };

/* What a body takes from outside, and what stands for it in the program being written. */
typedef struct outside { MlirOperation generic; MlirBlock body; const pass_node_op *from; MlirValue *index; /* by capture; null: not yet */ } outside;

static const pass_node_op *node_op(const mat *m, const nest_node *node) {
  for (size_t i = 0; i < m->n_ops; i++)
    if (m->ops[i].node == node)
      return &m->ops[i];
  return NULL;
}

/* `v` of the kernel for `user`, an op of the body: an index value is computed in front of the generic, scalars made of it are made again inside. */
static loom_status take_scalar(mat *m, outside *o, MlirOperation user, MlirValue v, int depth, MlirValue *out) {
  MlirOperation def = ir_def(v);
  for (size_t i = 0; i < o->from->n_captures; i++) {
    if (!mlirValueEqual(o->from->captures[i].value, v))
      continue;
    if (MAT_NULL(o->index[i]))
      LOOM_TRY(mat_index(m, o->from->captures[i].expr, &o->index[i]));
    *out = o->index[i];
    return LOOM_OK;
  }
  bool is_constant = !mlirOperationIsNull(def) && ir_op_is(def, "arith.constant");
  if (mlirOperationIsNull(def) || !text_starts(ir_op_name(def), "arith.") || mlirOperationGetNumResults(def) != 1 || depth > SCALAR_DEPTH_MAX)
    LOOM_FAIL(m->ctx, ir_span(m->ir, user), LOOM_EUNSUP, "'%s' inside %s uses a scalar that is neither a constant nor made of block sizes and loop counters",
              ir_op_name(user), ir_op_name(o->generic));
  MlirOperation again = mlirOperationClone(def);
  mlirBlockInsertOwnedOperationBefore(o->body, user, again);
  for (intptr_t i = 0; !is_constant && i < ir_num_operands(def); i++) {
    MlirValue operand;
    LOOM_TRY(take_scalar(m, o, again, ir_operand(def, i), depth + 1, &operand));
    mlirOperationSetOperand(again, i, operand);
  }
  *out = ir_result(again, 0);
  return LOOM_OK;
}

/* What the body takes from outside is repeated inside. */
static loom_status localize(mat *m, outside *o) {
  MlirOperation next;
  for (MlirOperation op = mlirBlockGetFirstOperation(o->body); !mlirOperationIsNull(op); op = next) {
    next = mlirOperationGetNextInBlock(op);
    for (intptr_t i = 0; i < ir_num_operands(op); i++) {
      MlirValue v = ir_operand(op, i), inner;
      MlirOperation def = ir_def(v);
      bool inside = mlirOperationIsNull(def) ? mlirBlockEqual(mlirBlockArgumentGetOwner(v), o->body) : mlirBlockEqual(mlirOperationGetBlock(def), o->body);
      if (inside)
        continue;
      LOOM_TRY(take_scalar(m, o, op, v, 0, &inner));
      mlirOperationSetOperand(op, i, inner);
    }
  }
  return LOOM_OK;
}

/* The buffer holds `have`, the body was written for `want`: convert where the body reads it. */
static void adapt_argument(mat *m, MlirBlock body, MlirValue arg, dtype have, dtype want) {
  if (have == want)
    return;
  ir_builder b = ir_before(m->ir, mlirBlockGetFirstOperation(body));
  mlirValueSetType(arg, ir_dtype(m->ir, have));
  if (mlirOpOperandIsNull(mlirValueGetFirstUse(arg)))
    return;
  MlirValue converted = convert_scalar(m, &b, arg, have, want);
  /* All readers but the conversion (chain) itself, whose first op takes the argument. */
  MlirOperation taker = ir_def(converted);
  while (!mlirValueEqual(ir_operand(taker, 0), arg))
    taker = ir_def(ir_operand(taker, 0));
  ir_replace_uses(arg, converted);
  mlirOperationSetOperand(taker, 0, arg);
}

/* `v` in the wide type: itself when it is, else converted in front of `user`. */
static MlirValue widen(mat *m, MlirOperation user, MlirValue v, dtype narrow, dtype wide) {
  dtype t;
  if (!ir_type_dtype(mlirValueGetType(v), &t) || t != narrow)
    return v;
  ir_builder b = ir_before(m->ir, user);
  return convert_scalar(m, &b, v, narrow, wide);
}

static bool reads_wide(MlirOperation op, dtype wide) {
  dtype t;
  for (intptr_t i = 0; i < ir_num_operands(op); i++)
    if (ir_type_dtype(mlirValueGetType(ir_operand(op, i)), &t) && t == wide)
      return true;
  return false;
}

/* The accumulator is wider than the kernel wrote: everything computed from it stays wide up to the yield, so it is never rounded in between.
 * Ops are element-wise over one float type (arith, math); a conversion from the narrow type falls away. */
static void accumulate_wide(mat *m, MlirBlock body, MlirValue arg, dtype narrow, dtype wide) {
  MlirType type = ir_dtype(m->ir, wide);
  mlirValueSetType(arg, type);
  MlirOperation next;
  for (MlirOperation op = mlirBlockGetFirstOperation(body); !mlirOperationIsNull(op); op = next) {
    next = mlirOperationGetNextInBlock(op);
    dtype result;
    if (!reads_wide(op, wide) && !ir_op_is(op, "linalg.yield"))
      continue;
    if (ir_op_is(op, "arith.extf")) {
      ir_replace_uses(ir_result(op, 0), ir_operand(op, 0));
      ir_erase(op);
      continue;
    }
    for (intptr_t i = 0; i < ir_num_operands(op); i++)
      mlirOperationSetOperand(op, i, widen(m, op, ir_operand(op, i), narrow, wide));
    if (!MAT_NULL(ir_result(op, 0)) && ir_type_dtype(mlirValueGetType(ir_result(op, 0)), &result) && result == narrow)
      mlirValueSetType(ir_result(op, 0), type);
  }
}

/* The destination's element type and the body's: the accumulator is read and written by the body, a plain result only written. */
static void adapt_result(mat *m, MlirBlock body, MlirValue arg, dtype have, dtype want) {
  if (have == want)
    return;
  bool is_read = !mlirOpOperandIsNull(mlirValueGetFirstUse(arg));
  if (is_read && dtype_is_float(have) && dtype_is_float(want) && dtype_bytes(have) > dtype_bytes(want)) {
    accumulate_wide(m, body, arg, want, have);
    return;
  }
  adapt_argument(m, body, arg, have, want);
  MlirOperation yield = mlirBlockGetTerminator(body);
  ir_builder b = ir_before(m->ir, yield);
  mlirOperationSetOperand(yield, 0, convert_scalar(m, &b, ir_operand(yield, 0), want, have));
}

/* The body of the op behind `node`, ready for buffers of other element types than its tensors. */
static loom_status take_body(mat *m, const nest_node *node, const dtype *have, intptr_t n, MlirRegion *out) {
  MlirOperation op = mat_op_of(m, node);
  MlirOperation clone = mlirOperationClone(op);
  *out = mlirRegionCreate();
  mlirRegionTakeBody(*out, ir_region(clone, 0));
  mlirOperationDestroy(clone);
  MlirBlock body = mlirRegionGetFirstBlock(*out);
  outside o = {.generic = op, .body = body, .from = node_op(m, node)};
  o.index = ARENA_NEW_N(m->mem, MlirValue, o.from->n_captures + 1);
  loom_status st = localize(m, &o);
  for (intptr_t i = 0; st == LOOM_OK && i < n; i++) {
    MlirValue arg = mlirBlockGetArgument(body, i);
    dtype want;
    if (!ir_type_dtype(mlirValueGetType(arg), &want))
      continue;
    if (i == n - 1)
      adapt_result(m, body, arg, have[i], want);
    else
      adapt_argument(m, body, arg, have[i], want);
  }
  if (st != LOOM_OK)
    mlirRegionDestroy(*out);
  return st;
}

static loom_status build_generic(mat *m, const nest_node *node) {
  MlirOperation op = mat_op_of(m, node);
  intptr_t first, n_in, next = 0;
  if (!ir_segment(op, 0, &first, &n_in))
    LOOM_FAIL(m->ctx, ir_span(m->ir, op), LOOM_EBUG, "linalg.generic without operand segments");
  MlirValue *operands = ARENA_NEW_N(m->mem, MlirValue, n_in + 1);
  dtype *have = ARENA_NEW_N(m->mem, dtype, n_in + 1);
  for (intptr_t i = 0; i < n_in; i++) {
    MlirValue v = ir_operand(op, first + i);
    if (mlirTypeIsATensor(mlirValueGetType(v))) {
      int input = node->inputs.at[next++];
      have[i] = m->slot[input].buffer->type;
      LOOM_TRY(mat_view(m, input, &operands[i]));
    } else {
      if (!ir_type_dtype(mlirValueGetType(v), &have[i]))
        LOOM_FAIL(m->ctx, ir_span(m->ir, op), LOOM_EUNSUP, "linalg.generic with a scalar operand of an unsupported type");
      LOOM_TRY(build_constant(m, op, v, have[i], &operands[i]));
    }
  }
  have[n_in] = m->slot[node->value].buffer->type;
  LOOM_TRY(mat_view(m, node->value, &operands[n_in]));
  MlirRegion region;
  LOOM_TRY(take_body(m, node, have, n_in + 1, &region));
  int32_t segments[] = {(int32_t)n_in, 1};
  const ir_named attrs[] = {{"operandSegmentSizes", mlirDenseI32ArrayGet(m->ir->mlir, 2, segments)},
                            {"indexing_maps", ir_attr_of(op, "indexing_maps")},
                            {"iterator_types", ir_attr_of(op, "iterator_types")},
                            {"loom.ordered", ir_unit_attr(m->ir)}};
  const int n_attrs = mlirAttributeIsNull(ir_attr_of(op, "loom.ordered")) ? 3 : 4;
  return done(ir_build(&m->b, "linalg.generic", 0, NULL, n_in + 1, operands, n_attrs, attrs, 1, &region));
}

/* to[i..] = from[map(i..)], rounded or widened. */
static loom_status rearrange(mat *m, MlirValue from, MlirValue to, MlirAffineMap map) {
  dtype have, want;
  if (!ir_type_dtype(mlirValueGetType(from), &have) || !ir_type_dtype(mlirValueGetType(to), &want))
    LOOM_FAIL(m->ctx, LOOM_NOSPAN, LOOM_EBUG, "a conversion between unknown element types");
  int64_t rank = mlirShapedTypeGetRank(mlirValueGetType(to));
  MlirBlock body;
  MlirType types[] = {ir_dtype(m->ir, have), ir_dtype(m->ir, want)};
  MlirRegion region = ir_new_region(m->ir, 2, types, &body);
  ir_builder in = ir_at_end(m->ir, body);
  MlirValue converted = convert_scalar(m, &in, mlirBlockGetArgument(body, 0), have, want);
  ir_build(&in, "linalg.yield", 0, NULL, 1, &converted, 0, NULL, 0, NULL);
  MlirAttribute maps[] = {mlirAffineMapAttrGet(map), mlirAffineMapAttrGet(mlirAffineMapMultiDimIdentityGet(m->ir->mlir, rank))};
  MlirAttribute parallel = ir_attr(m->ir, "#linalg.iterator_type<parallel>"), iterators[DIALECT_RANK_MAX];
  for (int64_t d = 0; d < rank; d++)
    iterators[d] = parallel;
  int32_t segments[] = {1, 1};
  const ir_named attrs[] = {{"operandSegmentSizes", mlirDenseI32ArrayGet(m->ir->mlir, 2, segments)},
                            {"indexing_maps", mlirArrayAttrGet(m->ir->mlir, 2, maps)},
                            {"iterator_types", mlirArrayAttrGet(m->ir->mlir, rank, iterators)}};
  return done(ir_build(&m->b, "linalg.generic", 0, NULL, 2, (MlirValue[]){from, to}, 3, attrs, 1, &region));
}

loom_status mat_convert(mat *m, MlirValue from, MlirValue to) {
  return rearrange(m, from, to, mlirAffineMapMultiDimIdentityGet(m->ir->mlir, mlirShapedTypeGetRank(mlirValueGetType(from))));
}

/* loom.broadcast reads index 0 of the dim it repeats along, or has no index of it. */
static loom_status broadcast_map(mat *m, MlirOperation op, int from_rank, int to_rank, MlirAffineExpr *out) {
  int64_t dim;
  if (!ir_attr_int(ir_attr_of(op, "dim"), &dim))
    LOOM_FAIL(m->ctx, ir_span(m->ir, op), LOOM_EBUG, "loom.broadcast without a dim");
  for (int d = 0, at = 0; d < to_rank && at < from_rank; d++) {
    if (d == dim && from_rank == to_rank)
      out[at++] = mlirAffineConstantExprGet(m->ir->mlir, 0);
    else if (d != dim)
      out[at++] = mlirAffineDimExprGet(m->ir->mlir, d);
  }
  return LOOM_OK;
}

/* Dim d of the result of linalg.transpose is dim permutation[d] of its operand. */
static loom_status transpose_map(mat *m, MlirOperation op, int rank, MlirAffineExpr *out) {
  MlirAttribute permutation = ir_attr_of(op, "permutation");
  if (mlirAttributeIsNull(permutation) || !mlirAttributeIsADenseI64Array(permutation) || mlirDenseArrayGetNumElements(permutation) != rank)
    LOOM_FAIL(m->ctx, ir_span(m->ir, op), LOOM_EBUG, "linalg.transpose without a permutation");
  for (int d = 0; d < rank; d++)
    out[mlirDenseI64ArrayGetElement(permutation, d)] = mlirAffineDimExprGet(m->ir->mlir, d);
  return LOOM_OK;
}

static loom_status build_rearranged(mat *m, const nest_node *node) {
  MlirOperation op = mat_op_of(m, node);
  MlirAffineExpr source[DIALECT_RANK_MAX];
  int from_rank = m->nest->values.at[node->inputs.at[0]].rank, rank = m->nest->values.at[node->value].rank;
  LOOM_TRY(text_eq(node->op, "broadcast") ? broadcast_map(m, op, from_rank, rank, source) : transpose_map(m, op, rank, source));
  MlirValue from, to;
  LOOM_TRY(mat_view(m, node->inputs.at[0], &from));
  LOOM_TRY(mat_view(m, node->value, &to));
  return rearrange(m, from, to, mlirAffineMapGet(m->ir->mlir, rank, 0, from_rank, source));
}

/* The value of the next iteration takes the accumulator's place. */
static loom_status build_move(mat *m, const nest_node *node) {
  MlirValue from, to;
  LOOM_TRY(mat_view(m, node->inputs.at[0], &from));
  LOOM_TRY(mat_view(m, node->value, &to));
  return m->slot[node->inputs.at[0]].buffer->type == m->slot[node->value].buffer->type ? mat_copy_local(m, from, to) : mat_convert(m, from, to);
}

loom_status mat_compute(mat *m, const nest_node *node) {
  LOOM_TRY(mat_take_value(m, node->value));
  if (text_eq(node->op, "fill"))
    return build_fill(m, node);
  if (text_eq(node->op, "matmul") || text_eq(node->op, "batch_matmul"))
    return build_matmul(m, node);
  if (text_eq(node->op, "move"))
    return build_move(m, node);
  if (text_eq(node->op, "broadcast") || text_eq(node->op, "transpose"))
    return build_rearranged(m, node);
  return build_generic(m, node);
}
