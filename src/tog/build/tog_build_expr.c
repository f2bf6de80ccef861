/* Index values of the IR as expressions over core coordinates and loop variables. */
#include "tog/build/tog_build_private.h"

enum { EXPR_NODES_MAX = 4096, EXPR_DEPTH_MAX = 200 /* what tog_check allows, less what the loops around add */ };

void build_bind(build *b, MlirValue v, const sym_expr *e) { vec_push(b->mem, &b->bindings, ((build_binding){v, e})); }

static const sym_expr *find(const build *b, MlirValue v) {
  for (size_t i = b->bindings.n; i-- > 0;)
    if (mlirValueEqual(b->bindings.at[i].value, v))
      return b->bindings.at[i].expr;
  return NULL;
}

/* ---- affine maps ---- */

typedef struct affine_args { const sym_expr **dims; intptr_t n_dims; const sym_expr **symbols; intptr_t n_symbols; } affine_args;

static const sym_expr *affine_expr(build *b, MlirAffineExpr e, const affine_args *a);

static const sym_expr *affine_binary(build *b, sym_op op, MlirAffineExpr e, const affine_args *a) {
  const sym_expr *l = affine_expr(b, mlirAffineBinaryOpExprGetLHS(e), a), *r = affine_expr(b, mlirAffineBinaryOpExprGetRHS(e), a);
  return l && r ? sym_make(b->mem, op, l, r, NULL) : NULL;
}

static const sym_expr *affine_expr(build *b, MlirAffineExpr e, const affine_args *a) {
  if (mlirAffineExprIsAConstant(e))
    return sym_const(b->mem, mlirAffineConstantExprGetValue(e));
  if (mlirAffineExprIsADim(e)) {
    intptr_t i = mlirAffineDimExprGetPosition(e);
    return i < a->n_dims ? a->dims[i] : NULL;
  }
  if (mlirAffineExprIsASymbol(e)) {
    intptr_t i = mlirAffineSymbolExprGetPosition(e);
    return i < a->n_symbols ? a->symbols[i] : NULL;
  }
  if (mlirAffineExprIsAAdd(e))
    return affine_binary(b, SYM_ADD, e, a);
  if (mlirAffineExprIsAMul(e))
    return affine_binary(b, SYM_MUL, e, a);
  if (mlirAffineExprIsAMod(e))
    return affine_binary(b, SYM_MOD, e, a);
  if (mlirAffineExprIsAFloorDiv(e))
    return affine_binary(b, SYM_FLOORDIV, e, a);
  if (mlirAffineExprIsACeilDiv(e))
    return affine_binary(b, SYM_CEILDIV, e, a);
  return NULL;
}

/* affine.apply, affine.min, affine.max: results of the map, combined by `fold`. */
static loom_status affine_op(build *b, MlirOperation op, sym_op fold, const sym_expr **out) {
  MlirAttribute attr = ir_attr_of(op, "map");
  if (mlirAttributeIsNull(attr) || !mlirAttributeIsAAffineMap(attr))
    LOOM_FAIL(b->ctx, ir_span(b->ir, op), LOOM_EBUG, "%s without a map", ir_op_name(op));
  MlirAffineMap map = mlirAffineMapAttrGetValue(attr);
  intptr_t n = ir_num_operands(op), dims = mlirAffineMapGetNumDims(map);
  const sym_expr **args = ARENA_NEW_N(b->mem, const sym_expr *, n);
  for (intptr_t i = 0; i < n; i++)
    LOOM_TRY(build_expr(b, ir_operand(op, i), &args[i]));
  affine_args a = {args, dims, args + dims, n - dims};
  const sym_expr *sum = NULL;
  for (intptr_t r = 0; r < mlirAffineMapGetNumResults(map); r++) {
    const sym_expr *e = affine_expr(b, mlirAffineMapGetResult(map, r), &a);
    if (!e)
      LOOM_FAIL(b->ctx, ir_span(b->ir, op), LOOM_EBUG, "malformed map of %s", ir_op_name(op));
    sum = sum ? sym_make(b->mem, fold, sum, e, NULL) : e;
  }
  if (!sum)
    LOOM_FAIL(b->ctx, ir_span(b->ir, op), LOOM_EBUG, "%s without results", ir_op_name(op));
  *out = sum;
  return LOOM_OK;
}

/* ---- arith ---- */

/* All index values of a nest are non-negative, or differences clamped by max(.., 0): signed and unsigned forms agree. */
static const struct { const char *name; sym_op op; } arith[] = {
    {"arith.addi", SYM_ADD},        {"arith.subi", SYM_SUB},        {"arith.muli", SYM_MUL},       {"arith.ceildivui", SYM_CEILDIV},
    {"arith.ceildivsi", SYM_CEILDIV}, {"arith.divui", SYM_FLOORDIV}, {"arith.divsi", SYM_FLOORDIV}, {"arith.floordivsi", SYM_FLOORDIV},
    {"arith.remui", SYM_MOD},       {"arith.remsi", SYM_MOD},       {"arith.minsi", SYM_MIN},      {"arith.minui", SYM_MIN},
    {"arith.maxsi", SYM_MAX},       {"arith.maxui", SYM_MAX},
};

/* Counts nodes as often as they are read; false when there are more than *room. */
static bool has_room(const sym_expr *e, int *room) {
  if (--*room < 0)
    return false;
  for (int i = 0; i < 3; i++)
    if (e->arg[i] && !has_room(e->arg[i], room))
      return false;
  return true;
}

static loom_status operation_expr(build *b, MlirOperation op, const sym_expr **out) {
  for (size_t i = 0; i < sizeof arith / sizeof *arith; i++)
    if (ir_op_is(op, arith[i].name)) {
      const sym_expr *l, *r;
      LOOM_TRY(build_expr(b, ir_operand(op, 0), &l));
      LOOM_TRY(build_expr(b, ir_operand(op, 1), &r));
      *out = sym_make(b->mem, arith[i].op, l, r, NULL);
      return LOOM_OK;
    }
  if (ir_op_is(op, "affine.apply"))
    return affine_op(b, op, SYM_ADD, out);
  if (ir_op_is(op, "affine.min"))
    return affine_op(b, op, SYM_MIN, out);
  if (ir_op_is(op, "affine.max"))
    return affine_op(b, op, SYM_MAX, out);
  LOOM_FAIL(b->ctx, ir_span(b->ir, op), LOOM_EUNSUP, "'%s' in index arithmetic; expected arith or affine operations", ir_op_name(op));
}

loom_status build_expr(build *b, MlirValue v, const sym_expr **out) {
  int64_t c;
  *out = find(b, v);
  if (*out)
    return LOOM_OK;
  if (ir_const_int(v, &c)) {
    *out = sym_const(b->mem, c);
    return LOOM_OK;
  }
  MlirOperation op = ir_def(v);
  if (mlirOperationIsNull(op))
    LOOM_FAIL(b->ctx, LOOM_NOSPAN, LOOM_EUNSUP, "an index value comes from a block argument that is no loop variable");
  if (b->expr_depth >= EXPR_DEPTH_MAX)
    LOOM_FAIL(b->ctx, ir_span(b->ir, op), LOOM_ELIMIT, "index arithmetic nested deeper than %d operations", EXPR_DEPTH_MAX);
  b->expr_depth++;
  loom_status st = operation_expr(b, op, out);
  b->expr_depth--;
  LOOM_TRY(st);
  int room = EXPR_NODES_MAX;
  if (!has_room(*out, &room) || (*out)->depth > EXPR_DEPTH_MAX)
    LOOM_FAIL(b->ctx, ir_span(b->ir, op), LOOM_ELIMIT, "an index expression of more than %d terms", EXPR_NODES_MAX);
  build_bind(b, v, *out);
  return LOOM_OK;
}

/* ---- mixed static and dynamic lists ---- */

intptr_t build_mixed_count(MlirOperation op, const char *static_name) {
  MlirAttribute a = ir_attr_of(op, static_name);
  return mlirAttributeIsNull(a) || !mlirAttributeIsADenseI64Array(a) ? 0 : mlirDenseArrayGetNumElements(a);
}

loom_status build_mixed(build *b, MlirOperation op, const char *static_name, int segment, intptr_t i, const sym_expr **out) {
  MlirAttribute a = ir_attr_of(op, static_name);
  intptr_t first, count, dynamic = 0;
  if (i >= build_mixed_count(op, static_name) || !ir_segment(op, segment, &first, &count))
    LOOM_FAIL(b->ctx, ir_span(b->ir, op), LOOM_EBUG, "%s has no entry %d in %s", ir_op_name(op), (int)i, static_name);
  int64_t v = mlirDenseI64ArrayGetElement(a, i);
  if (v != mlirShapedTypeGetDynamicSize()) {
    *out = sym_const(b->mem, v);
    return LOOM_OK;
  }
  for (intptr_t k = 0; k < i; k++)
    dynamic += mlirDenseI64ArrayGetElement(a, k) == mlirShapedTypeGetDynamicSize();
  return build_expr(b, ir_operand(op, first + dynamic), out);
}

loom_status build_sizes(build *b, MlirValue v, int *out_rank, const sym_expr **out) {
  MlirOperation op = ir_def(v);
  loom_span span = ir_span(b->ir, op);
  MlirType t = mlirValueGetType(v);
  *out_rank = 0;
  if (!mlirTypeIsAShaped(t))
    return LOOM_OK;
  if (!mlirShapedTypeHasRank(t) || mlirShapedTypeGetRank(t) > TOG_RANK_MAX)
    LOOM_FAIL(b->ctx, span, LOOM_EUNSUP, "a compute operation on more than %d dims", TOG_RANK_MAX);
  *out_rank = (int)mlirShapedTypeGetRank(t);
  bool is_view = ir_op_is(op, "memref.subview");
  int dropped = is_view ? build_dropped(op) : 0;
  for (int d = 0; d < *out_rank; d++) {
    if (is_view)
      LOOM_TRY(build_mixed(b, op, "static_sizes", 2, d + dropped, &out[d]));
    else if (mlirShapedTypeIsDynamicDim(t, d))
      LOOM_FAIL(b->ctx, span, LOOM_EUNSUP, "a memref of unknown size in a compute operation");
    else
      out[d] = sym_const(b->mem, mlirShapedTypeGetDimSize(t, d));
  }
  return LOOM_OK;
}
