/* Sequential loops in two levels: the outer one takes as many tiles as fit a core's memory, the inner one the tiles of one such part.
 *   for k = 0 to n step s  ->  for p = 0 to n step t*s { for k = p to min(p + t*s, n) step s { body } }
 * t is the largest power of two for which t times the bytes a turn loads fit.  Every turn happens once and in its order, for any trip count.
 * Options: machine=NAME, or bytes=N. */
#include "machine/machine.h"
#include "pass/pass_private.h"
#include <stdlib.h>

static const char TILED[] = "loom.tiled";      /* turns of the inner loop, on the outer one; the inner one has it too */

typedef struct tiler { ir_ctx *ir; int64_t room; VEC_OF(MlirOperation) loops; loom_status status; } tiler;

/* ---- what a turn loads ---- */
static bool type_bytes(MlirType t, int64_t *out) {
  dtype d;
  if (!mlirTypeIsAShaped(t) || !mlirShapedTypeHasStaticShape(t) || !ir_type_dtype(t, &d))
    return false;
  *out = (int64_t)dtype_bytes(d);
  for (intptr_t i = 0; i < mlirShapedTypeGetRank(t); i++)
    if (__builtin_mul_overflow(*out, mlirShapedTypeGetDimSize(t, i), out))
      return false;
  return true;
}

typedef struct traffic { int64_t bytes; MlirOperation unknown; } traffic;

static bool is_view(MlirOperation op) { return ir_op_is(op, "memref.subview") || ir_op_is(op, "memref.reinterpret_cast"); }

/* A load is a copy of a view into a buffer, or a view taken as a tensor. */
static bool add_load(MlirOperation op, void *data) {
  traffic *t = data;
  bool is_copy = ir_op_is(op, "memref.copy") && is_view(ir_def(ir_operand(op, 0))) && !is_view(ir_def(ir_operand(op, 1)));
  if (!is_copy && !(ir_op_is(op, "bufferization.to_tensor") && is_view(ir_def(ir_operand(op, 0)))))
    return true;
  int64_t bytes;
  if (!type_bytes(mlirValueGetType(ir_operand(op, 0)), &bytes) || __builtin_add_overflow(t->bytes, bytes, &t->bytes)) {
    t->unknown = op;
    return false;
  }
  return true;
}

static bool is_loop(MlirOperation op) { return ir_op_is(op, "scf.for") || ir_op_is(op, "affine.for"); }

static bool is_no_other_loop(MlirOperation op, void *data) {
  return mlirOperationEqual(op, *(MlirOperation *)data) || !is_loop(op);
}

static bool find_loop(MlirOperation op, void *data) {
  tiler *t = data;
  if (is_loop(op) && mlirAttributeIsNull(ir_attr_of(op, TILED)) && ir_walk(op, is_no_other_loop, &op))
    vec_push(&t->ir->ctx->mem, &t->loops, op);
  return true;
}

/* ---- splitting ---- */
static bool constant_bounds(MlirOperation loop, int64_t *lower, int64_t *upper, int64_t *step) {
  if (ir_op_is(loop, "scf.for"))
    return ir_const_int(ir_operand(loop, 0), lower) && ir_const_int(ir_operand(loop, 1), upper) && ir_const_int(ir_operand(loop, 2), step);
  MlirAffineMap low = mlirAffineMapAttrGetValue(ir_attr_of(loop, "lowerBoundMap")), up = mlirAffineMapAttrGetValue(ir_attr_of(loop, "upperBoundMap"));
  if (!mlirAffineMapIsSingleConstant(low) || !mlirAffineMapIsSingleConstant(up))
    return false;
  *lower = mlirAffineMapGetSingleConstantResult(low);
  *upper = mlirAffineMapGetSingleConstantResult(up);
  return ir_attr_int(ir_attr_of(loop, "step"), step);
}

/* An empty loop like `loop` before `b`: same carried values and attributes, other bounds. */
static MlirOperation copy_frame(ir_builder *b, MlirOperation loop, const MlirValue *operands, intptr_t n_operands, MlirBlock *out_body) {
  ir_ctx *ir = b->ir;
  intptr_t n_results = mlirOperationGetNumResults(loop);
  MlirType *types = ARENA_NEW_N(&ir->ctx->scratch, MlirType, n_results + 1);
  types[0] = mlirValueGetType(mlirBlockGetArgument(ir_body(loop), 0));
  for (intptr_t i = 0; i < n_results; i++)
    types[1 + i] = mlirValueGetType(mlirOperationGetResult(loop, i));
  intptr_t n_attrs = mlirOperationGetNumAttributes(loop);
  ir_named *attrs = ARENA_NEW_N(&ir->ctx->scratch, ir_named, n_attrs + 1);
  for (intptr_t i = 0; i < n_attrs; i++) {
    MlirNamedAttribute a = mlirOperationGetAttribute(loop, i);
    attrs[i] = (ir_named){mlirIdentifierStr(a.name).data, a.attribute};
  }
  MlirRegion region = ir_new_region(ir, n_results + 1, types, out_body);
  return ir_build(b, ir_op_name(loop), n_results, types + 1, n_operands, operands, n_attrs, attrs, 1, &region);
}

/* scf.for: bounds are operands. */
static MlirOperation split_scf(tiler *t, MlirOperation loop, int64_t turns, MlirBlock *out_outer, MlirBlock *out_inner) {
  ir_ctx *ir = t->ir;
  intptr_t n = ir_num_operands(loop);
  MlirValue *operands = ARENA_NEW_N(&ir->ctx->scratch, MlirValue, n);
  for (intptr_t i = 0; i < n; i++)
    operands[i] = ir_operand(loop, i);
  MlirValue upper = operands[1], step = operands[2], factors[2];
  MlirType type = mlirValueGetType(step);
  ir_builder b = ir_before(ir, loop);
  factors[0] = step;
  factors[1] = ir_build1(&b, "arith.constant", type, 0, NULL, 1, &(ir_named){"value", mlirIntegerAttrGet(type, turns)});
  MlirValue wide = ir_build1(&b, "arith.muli", type, 2, factors, 0, NULL);
  operands[2] = wide;
  MlirOperation outer = copy_frame(&b, loop, operands, n, out_outer);
  if (mlirOperationIsNull(outer))
    return outer;
  ir_builder in = ir_at_end(ir, *out_outer);
  MlirValue first = mlirBlockGetArgument(*out_outer, 0);
  MlirValue last = ir_build1(&in, "arith.addi", type, 2, (MlirValue[]){first, wide}, 0, NULL);
  operands[0] = first;
  operands[1] = ir_build1(&in, "arith.minsi", type, 2, (MlirValue[]){last, upper}, 0, NULL);
  operands[2] = step;
  for (intptr_t i = 3; i < n; i++)
    operands[i] = mlirBlockGetArgument(*out_outer, i - 2);
  return mlirOperationIsNull(copy_frame(&in, loop, operands, n, out_inner)) ? (MlirOperation){NULL} : outer;
}

/* affine.for: the inner bounds are d -> (d) and the old upper bounds or d + width, whatever is least. */
static MlirOperation split_affine(tiler *t, MlirOperation loop, int64_t width, MlirBlock *out_outer, MlirBlock *out_inner) {
  ir_ctx *ir = t->ir;
  MlirContext c = ir->mlir;
  intptr_t n = ir_num_operands(loop), first_up, n_up, first_init, n_init;
  MlirAffineMap up = mlirAffineMapAttrGetValue(ir_attr_of(loop, "upperBoundMap"));
  intptr_t results = mlirAffineMapGetNumResults(up), dims = mlirAffineMapGetNumDims(up), symbols = mlirAffineMapGetNumSymbols(up);
  MlirValue *operands = ARENA_NEW_N(&ir->ctx->scratch, MlirValue, n + 2);
  MlirAffineExpr *bounds = ARENA_NEW_N(&ir->ctx->scratch, MlirAffineExpr, results + 1);
  if (!ir_segment(loop, 1, &first_up, &n_up) || !ir_segment(loop, 2, &first_init, &n_init))
    return (MlirOperation){NULL};
  for (intptr_t i = 0; i < n; i++)
    operands[i] = ir_operand(loop, i);
  ir_builder b = ir_before(ir, loop);
  MlirOperation outer = copy_frame(&b, loop, operands, n, out_outer);
  if (mlirOperationIsNull(outer))
    return outer;
  ir_set_attr(outer, "step", ir_index_attr(ir, width));
  MlirValue first = mlirBlockGetArgument(*out_outer, 0);
  bounds[0] = mlirAffineAddExprGet(mlirAffineDimExprGet(c, 0), mlirAffineConstantExprGet(c, width));
  for (intptr_t i = 0; i < results; i++)
    bounds[1 + i] = mlirAffineExprShiftDims(mlirAffineMapGetResult(up, i), (uint32_t)dims, 1, 0);
  intptr_t k = 0;
  operands[k++] = first;      /* lower bound */
  operands[k++] = first;      /* dim 0 of the upper bound, then its old operands */
  for (intptr_t i = 0; i < n_up; i++)
    operands[k++] = ir_operand(loop, first_up + i);
  for (intptr_t i = 0; i < n_init; i++)
    operands[k++] = mlirBlockGetArgument(*out_outer, 1 + i);
  int32_t segments[] = {1, (int32_t)n_up + 1, (int32_t)n_init};
  MlirAttribute old_low = ir_attr_of(loop, "lowerBoundMap"), old_up = ir_attr_of(loop, "upperBoundMap"), old_segments = ir_attr_of(loop, "operandSegmentSizes");
  ir_set_attr(loop, "lowerBoundMap", mlirAffineMapAttrGet(mlirAffineMapMultiDimIdentityGet(c, 1)));
  ir_set_attr(loop, "upperBoundMap", mlirAffineMapAttrGet(mlirAffineMapGet(c, dims + 1, symbols, results + 1, bounds)));
  ir_set_attr(loop, "operandSegmentSizes", mlirDenseI32ArrayGet(c, 3, segments));
  ir_builder in = ir_at_end(ir, *out_outer);
  MlirOperation inner = copy_frame(&in, loop, operands, k, out_inner);
  ir_set_attr(loop, "lowerBoundMap", old_low);
  ir_set_attr(loop, "upperBoundMap", old_up);
  ir_set_attr(loop, "operandSegmentSizes", old_segments);
  return mlirOperationIsNull(inner) ? inner : outer;
}

static loom_status split(tiler *t, MlirOperation loop, int64_t turns, int64_t width) {
  MlirBlock outer_body, inner_body, body = ir_body(loop);
  MlirOperation outer = ir_op_is(loop, "scf.for") ? split_scf(t, loop, turns, &outer_body, &inner_body) : split_affine(t, loop, width, &outer_body, &inner_body);
  if (mlirOperationIsNull(outer))
    return LOOM_EBUG;
  MlirOperation inner = mlirBlockGetFirstOperation(outer_body);
  while (!is_loop(inner))
    inner = mlirOperationGetNextInBlock(inner);
  intptr_t n = mlirOperationGetNumResults(loop);
  for (intptr_t i = 0; i < mlirBlockGetNumArguments(body); i++)
    ir_replace_uses(mlirBlockGetArgument(body, i), mlirBlockGetArgument(inner_body, i));
  for (MlirOperation op = mlirBlockGetFirstOperation(body), next; !mlirOperationIsNull(op); op = next) {
    next = mlirOperationGetNextInBlock(op);
    mlirOperationRemoveFromParent(op);
    mlirBlockAppendOwnedOperation(inner_body, op);
  }
  MlirValue *results = ARENA_NEW_N(&t->ir->ctx->scratch, MlirValue, n + 1);
  for (intptr_t i = 0; i < n; i++) {
    results[i] = mlirOperationGetResult(inner, i);
    ir_replace_uses(mlirOperationGetResult(loop, i), mlirOperationGetResult(outer, i));
  }
  ir_builder end = ir_at_end(t->ir, outer_body);
  ir_build(&end, ir_op_is(loop, "scf.for") ? "scf.yield" : "affine.yield", 0, NULL, n, results, 0, NULL, 0, NULL);
  ir_set_attr(outer, TILED, ir_int_attr(t->ir, turns));
  ir_set_attr(inner, TILED, ir_int_attr(t->ir, 1));
  return ir_erase(loop) ? LOOM_OK : LOOM_EBUG;
}

static loom_status tile(tiler *t, MlirOperation loop) {
  loom_ctx *ctx = t->ir->ctx;
  traffic load = {0};
  if (!ir_walk(loop, add_load, &load)) {
    diag_error(ctx, ir_span(t->ir, load.unknown), LOOM_EUNSUP, "the bytes of this load are not known");
    diag_help(ctx, "tiling of loops needs static tile sizes; give the block sizes numbers first (loom-bind-symbols, canonicalize)");
    return LOOM_EUNSUP;
  }
  if (load.bytes == 0)
    return LOOM_OK;
  if (load.bytes > t->room)
    LOOM_FAIL(ctx, ir_span(t->ir, loop), LOOM_EINFEASIBLE, "one turn of this loop loads %" PRId64 " bytes; the memory of a core has %" PRId64, load.bytes, t->room);
  int64_t turns = 1, lower = 0, upper = 0, step = 1, width;
  while (turns <= t->room / load.bytes / 2)
    turns *= 2;
  bool is_known = constant_bounds(loop, &lower, &upper, &step);
  if (ir_op_is(loop, "affine.for"))
    ir_attr_int(ir_attr_of(loop, "step"), &step);
  bool is_wide = __builtin_mul_overflow(turns, step, &width) || (is_known && (step < 1 || upper <= lower || (uint64_t)upper - (uint64_t)lower <= (uint64_t)width));
  return turns == 1 || is_wide ? LOOM_OK /* nothing to gain, or all turns fit */ : split(t, loop, turns, width);
}

/* ---- options ---- */
static loom_status read_options(tiler *t, const pass_options *o) {
  loom_ctx *ctx = t->ir->ctx;
  const char *given = o->text;
  if (text_starts(given, "bytes=")) {
    char *end;
    t->room = strtoll(given + 6, &end, 10);
    if (t->room > 0 && !*end)
      return LOOM_OK;
  } else if (text_starts(given, "machine=")) {
    machine *m;
    LOOM_TRY(machine_load(ctx, given + 8, NULL, &m));
    t->room = m->l1_bytes;
    return LOOM_OK;
  }
  diag_error(ctx, o->span, LOOM_EUSAGE, "'%s' does not say how much memory a core has", given);
  diag_help(ctx, "write loom-tile-affine-loops{machine=wormhole} or {bytes=32768}");
  return LOOM_EUSAGE;
}

loom_status pass_tile_affine(ir_ctx *ir, MlirOperation func, const pass_options *o) {
  tiler t = {.ir = ir};
  LOOM_TRY(read_options(&t, o));
  ir_walk(func, find_loop, &t);
  for (size_t i = 0; i < t.loops.n; i++)
    LOOM_TRY(tile(&t, t.loops.at[i]));
  return LOOM_OK;
}
