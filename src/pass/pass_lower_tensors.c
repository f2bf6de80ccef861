/* Passes that bring stage-0 into the form that upstream's bufferization takes. */
#include "pass/pass_option.h"

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

MlirValue pass_unary_generic(ir_builder *at, MlirValue in, MlirValue out, const char *scalar, int64_t fixed, bool drops) {
  ir_ctx *ir = at->ir;
  arena *m = &ir->ctx->mem;
  MlirType type = mlirValueGetType(out);
  int rank = (int)mlirShapedTypeGetRank(type);
  text maps = text_new(m), iterators = text_new(m);
  text_add(&maps, "[");
  add_map(&maps, rank, fixed, drops);
  text_add(&maps, ", ");
  add_map(&maps, rank, -1, false);
  text_add(&maps, "]");
  text_add(&iterators, "[");
  for (int d = 0; d < rank; d++)
    text_add(&iterators, d ? ", #linalg.iterator_type<parallel>" : "#linalg.iterator_type<parallel>");
  text_add(&iterators, "]");
  MlirType scalars[2] = {mlirShapedTypeGetElementType(mlirValueGetType(in)), mlirShapedTypeGetElementType(type)};
  MlirBlock body;
  MlirRegion region = ir_new_region(ir, 2, scalars, &body);
  ir_builder inside = ir_at_end(ir, body);
  MlirValue v = mlirBlockGetArgument(body, 0), operands[2] = {in, out};
  if (scalar)
    v = ir_build1(&inside, scalar, scalars[1], 1, &v, 0, NULL);
  ir_build(&inside, "linalg.yield", 0, NULL, 1, &v, 0, NULL, 0, NULL);
  const ir_named attrs[] = {{"indexing_maps", ir_attr(ir, text_str(&maps))}, {"iterator_types", ir_attr(ir, text_str(&iterators))},
                            {"operandSegmentSizes", ir_attr(ir, "array<i32: 1, 1>")}};
  MlirOperation generic = ir_build(at, "linalg.generic", 1, &type, 2, operands, 3, attrs, 1, &region);
  return mlirOperationIsNull(generic) ? (MlirValue){NULL} : ir_result(generic, 0);
}

/* A generic that reads index 0 of the broadcast dim, or has no index of it. */
static loom_status lower_broadcast(ir_ctx *ir, MlirOperation op) {
  int64_t dim;
  MlirType type = mlirValueGetType(ir_result(op, 0)), from = mlirValueGetType(ir_operand(op, 0));
  int rank = mlirTypeIsARankedTensor(type) ? (int)mlirShapedTypeGetRank(type) : -1;
  bool is_ranked = mlirTypeIsARankedTensor(from), inserts = is_ranked && mlirShapedTypeGetRank(from) == rank - 1;
  if (ir_num_operands(op) != 2 || !ir_attr_int(ir_attr_of(op, "dim"), &dim) || dim < 0 || dim >= rank || !is_ranked || (!inserts && mlirShapedTypeGetRank(from) != rank))
    LOOM_FAIL(ir->ctx, ir_span(ir, op), LOOM_EINPUT, "loom.broadcast takes a tensor, one of the same rank or of one more, and the dim of the second to repeat along");
  ir_builder at = ir_before(ir, op);
  MlirValue v = pass_unary_generic(&at, ir_operand(op, 0), ir_operand(op, 1), NULL, dim, inserts);
  if (mlirValueIsNull(v))
    return LOOM_EBUG;
  ir_replace_uses(ir_result(op, 0), v);
  ir_erase(op);
  return LOOM_OK;
}

typedef struct lowering { ir_ctx *ir; loom_status status; bool sums_only; } lowering;

static bool visit_broadcast(MlirOperation op, void *data) {
  lowering *l = data;
  if (ir_op_is(op, "loom.broadcast"))
    l->status = lower_broadcast(l->ir, op);
  return l->status == LOOM_OK;
}

loom_status pass_lower_broadcast(ir_ctx *ir, MlirOperation op, const pass_options *o) {
  (void)o;
  lowering l = {.ir = ir};
  ir_walk_post(op, visit_broadcast, &l);
  return l.status;
}

/* ---- loom-widen-products ---- */
/* The sum of `op` with body `in + out`, on the f32 destination `sum`. */
static MlirOperation wide_sum(ir_builder *at, MlirOperation op, MlirValue sum) {
  ir_ctx *ir = at->ir;
  MlirValue operands[2] = {linalg_input(op, 0), sum};
  MlirType wide = mlirValueGetType(sum), f32 = ir_dtype(ir, DTYPE_F32), scalars[2] = {mlirShapedTypeGetElementType(mlirValueGetType(operands[0])), f32};
  MlirBlock body;
  MlirRegion region = ir_new_region(ir, 2, scalars, &body);
  ir_builder inside = ir_at_end(ir, body);
  MlirValue v = mlirBlockGetArgument(body, 0);
  if (!mlirTypeEqual(scalars[0], f32))
    v = ir_build1(&inside, "arith.extf", f32, 1, &v, 0, NULL);
  MlirValue terms[2] = {v, mlirBlockGetArgument(body, 1)};
  v = ir_build1(&inside, "arith.addf", f32, 2, terms, 0, NULL);
  ir_build(&inside, "linalg.yield", 0, NULL, 1, &v, 0, NULL, 0, NULL);
  const ir_named attrs[] = {{"indexing_maps", ir_attr_of(op, "indexing_maps")}, {"iterator_types", ir_attr_of(op, "iterator_types")},
                            {"operandSegmentSizes", ir_attr(ir, "array<i32: 1, 1>")}};
  return ir_build(at, "linalg.generic", 1, &wide, 2, operands, 3, attrs, 1, &region);
}

/* A generic that adds its only input up. */
static bool is_sum(MlirOperation op) {
  if (!ir_op_is(op, "linalg.generic") || linalg_num_inputs(op) != 1 || linalg_num_inits(op) != 1 || !linalg_has_reduction(op))
    return false;
  MlirOperation add = linalg_single_body_op(op);
  if (mlirOperationIsNull(add) || !ir_op_is(add, "arith.addf"))
    return false;
  MlirValue in = mlirBlockGetArgument(ir_body(op), 0), out = mlirBlockGetArgument(ir_body(op), 1), a = ir_operand(add, 0), b = ir_operand(add, 1);
  return (mlirValueEqual(a, in) && mlirValueEqual(b, out)) || (mlirValueEqual(a, out) && mlirValueEqual(b, in));
}

/* out' = truncf(product(extf(out))): products and sums of halves add in f32 and round once, as the matrix units that Loom compiles for do. */
static loom_status widen(ir_ctx *ir, MlirOperation op) {
  MlirType narrow = mlirValueGetType(ir_result(op, 0));
  int64_t shape[DIALECT_RANK_MAX];
  MlirValue sizes[DIALECT_RANK_MAX], out = linalg_init(op, 0);
  intptr_t rank = mlirShapedTypeGetRank(narrow), n_sizes = 0;
  ir_builder at = ir_before(ir, op);
  for (intptr_t d = 0; d < rank; d++) {
    shape[d] = mlirShapedTypeGetDimSize(narrow, d);
    if (!mlirShapedTypeIsDynamicDim(narrow, d))
      continue;
    MlirValue of[2] = {out, ir_index_const(&at, d)};
    sizes[n_sizes++] = ir_build1(&at, "tensor.dim", ir_index_type(ir), 2, of, 0, NULL);
  }
  MlirType wide = mlirRankedTensorTypeGet(rank, shape, ir_dtype(ir, DTYPE_F32), (MlirAttribute){NULL});
  MlirValue sum = pass_unary_generic(&at, out, ir_build1(&at, "tensor.empty", wide, n_sizes, sizes, 0, NULL), "arith.extf", -1, false);
  MlirValue ins[2] = {linalg_input(op, 0), linalg_num_inputs(op) > 1 ? linalg_input(op, 1) : sum};
  MlirOperation product = is_sum(op) ? wide_sum(&at, op, sum) : ir_build_named_linalg(&at, ir_op_name(op), 2, ins, sum, wide);
  if (mlirOperationIsNull(product))
    return LOOM_EBUG;
  MlirValue v = pass_unary_generic(&at, ir_result(product, 0), out, "arith.truncf", -1, false);
  if (mlirValueIsNull(v))
    return LOOM_EBUG;
  ir_replace_uses(ir_result(op, 0), v);
  ir_erase(op);
  return LOOM_OK;
}

static bool visit_product(MlirOperation op, void *data) {
  lowering *l = data;
  dtype t;
  if (((linalg_is_matmul(op) && !l->sums_only) || is_sum(op)) && ir_type_dtype(mlirValueGetType(ir_result(op, 0)), &t) && (t == DTYPE_F16 || t == DTYPE_BF16) &&
      mlirShapedTypeGetRank(mlirValueGetType(ir_result(op, 0))) <= DIALECT_RANK_MAX)
    l->status = widen(l->ir, op);
  return l->status == LOOM_OK;
}

loom_status pass_widen_products(ir_ctx *ir, MlirOperation op, const pass_options *o) {
  static const char *const keys[] = {"sums-only"};
  LOOM_TRY(pass_check_options(ir->ctx, "loom-widen-products", o, keys, 1));
  lowering l = {ir, LOOM_OK, pass_option(&ir->ctx->mem, o, keys[0]) != NULL};
  ir_walk_post(op, visit_product, &l);
  return l.status;
}

/* ---- loom-lower-stores ---- */
MlirOperation pass_stored_buffer(MlirOperation op) {
  MlirOperation from = ir_op_is(op, "memref.copy") ? ir_def(ir_operand(op, 0)) : (MlirOperation){NULL};
  return mlirOperationIsNull(from) || ir_op_is(from, "bufferization.to_buffer") ? from : (MlirOperation){NULL};
}

loom_status pass_store_tensor(ir_ctx *ir, MlirOperation op) {
  MlirOperation from = pass_stored_buffer(op);
  const ir_named attrs[] = {{"restrict", ir_unit_attr(ir)}, {"writable", ir_unit_attr(ir)}};
  MlirValue operands[2] = {ir_operand(from, 0), ir_operand(op, 1)};
  ir_builder at = ir_before(ir, op);
  if (mlirOperationIsNull(ir_build(&at, "bufferization.materialize_in_destination", 0, NULL, 2, operands, 2, attrs, 0, NULL)))
    return LOOM_EBUG;
  ir_erase(op);
  ir_erase(from);
  return LOOM_OK;
}

static bool visit_store(MlirOperation op, void *data) {
  lowering *l = data;
  if (ir_op_is(op, "bufferization.to_tensor"))
    ir_set_attr(op, "restrict", ir_unit_attr(l->ir));
  else if (!mlirOperationIsNull(pass_stored_buffer(op)))
    l->status = pass_store_tensor(l->ir, op);
  return l->status == LOOM_OK;
}

loom_status pass_lower_stores(ir_ctx *ir, MlirOperation op, const pass_options *o) {
  (void)o;
  lowering l = {.ir = ir};
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
  lowering l = {.ir = ir};
  ir_walk(op, visit_assert, &l);
  return l.status;
}
