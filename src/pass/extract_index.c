#include "pass/extract_private.h"

void extract_bind_index(extract *x, MlirValue v, const sym_expr *e) { vec_push(x->mem, &x->indices, ((extract_index){v, e})); }

typedef struct map_args { const sym_expr **dims, **symbols; } map_args;

static const sym_expr *map_expr(extract *x, MlirAffineExpr e, const map_args *a) {
  if (mlirAffineExprIsAConstant(e))
    return sym_const(x->mem, mlirAffineConstantExprGetValue(e));
  if (mlirAffineExprIsADim(e))
    return a->dims[mlirAffineDimExprGetPosition(e)];
  if (mlirAffineExprIsASymbol(e))
    return a->symbols[mlirAffineSymbolExprGetPosition(e)];
  sym_op op = mlirAffineExprIsAAdd(e)        ? SYM_ADD
              : mlirAffineExprIsAMul(e)      ? SYM_MUL
              : mlirAffineExprIsAMod(e)      ? SYM_MOD
              : mlirAffineExprIsAFloorDiv(e) ? SYM_FLOORDIV
                                             : SYM_CEILDIV;
  const sym_expr *l = map_expr(x, mlirAffineBinaryOpExprGetLHS(e), a);
  return sym_make(x->mem, op, l, map_expr(x, mlirAffineBinaryOpExprGetRHS(e), a), NULL);
}

loom_status extract_map(extract *x, MlirOperation op, MlirAffineMap map, intptr_t first, intptr_t r, const sym_expr **out) {
  intptr_t dims = mlirAffineMapGetNumDims(map), n = mlirAffineMapGetNumInputs(map);
  const sym_expr **args = ARENA_NEW_N(x->mem, const sym_expr *, n + 1);
  for (intptr_t i = 0; i < n; i++)
    LOOM_TRY(extract_expr(x, ir_operand(op, first + i), &args[i]));
  *out = map_expr(x, mlirAffineMapGetResult(map, r), &(map_args){args, args + dims});
  return LOOM_OK;
}

static loom_status affine_op(extract *x, MlirOperation op, sym_op fold, const sym_expr **out) {
  MlirAffineMap map = mlirAffineMapAttrGetValue(ir_attr_of(op, "map"));
  LOOM_TRY(extract_map(x, op, map, 0, 0, out));
  for (intptr_t r = 1; r < mlirAffineMapGetNumResults(map); r++) {
    const sym_expr *e;
    LOOM_TRY(extract_map(x, op, map, 0, r, &e));
    *out = sym_make(x->mem, fold, *out, e, NULL);
  }
  return LOOM_OK;
}

/* Sizes and offsets are never negative, so signed and unsigned forms agree. */
static const struct { const char *name; sym_op op; } arith[] = {
    {"arith.addi", SYM_ADD},          {"arith.subi", SYM_SUB},       {"arith.muli", SYM_MUL},       {"arith.ceildivui", SYM_CEILDIV},
    {"arith.ceildivsi", SYM_CEILDIV}, {"arith.divui", SYM_FLOORDIV}, {"arith.divsi", SYM_FLOORDIV}, {"arith.floordivsi", SYM_FLOORDIV},
    {"arith.remui", SYM_MOD},         {"arith.remsi", SYM_MOD},      {"arith.minsi", SYM_MIN},      {"arith.minui", SYM_MIN},
    {"arith.maxsi", SYM_MAX},         {"arith.maxui", SYM_MAX},
};

static loom_status op_expr(extract *x, MlirOperation op, const sym_expr **out) {
  const char *symbol = dialect_sym_name(x->mem, op);
  if (symbol) {
    *out = sym_name(x->mem, symbol);
    return LOOM_OK;
  }
  for (size_t i = 0; i < sizeof arith / sizeof *arith; i++)
    if (ir_op_is(op, arith[i].name)) {
      const sym_expr *l, *r;
      LOOM_TRY(extract_expr(x, ir_operand(op, 0), &l));
      LOOM_TRY(extract_expr(x, ir_operand(op, 1), &r));
      *out = sym_make(x->mem, arith[i].op, l, r, NULL);
      return LOOM_OK;
    }
  if (ir_op_is(op, "arith.index_cast"))
    return extract_expr(x, ir_operand(op, 0), out);
  if (ir_op_is(op, "affine.apply"))
    return affine_op(x, op, SYM_ADD, out);
  if (ir_op_is(op, "affine.min"))
    return affine_op(x, op, SYM_MIN, out);
  if (ir_op_is(op, "affine.max"))
    return affine_op(x, op, SYM_MAX, out);
  EXTRACT_UNSUP(x, op, "'%s' in a size or an offset is not supported; expected arith or affine operations on block sizes and loop counters",
                ir_op_name(op));
}

loom_status extract_expr(extract *x, MlirValue v, const sym_expr **out) {
  for (size_t i = x->indices.n; i-- > 0;)
    if (mlirValueEqual(x->indices.at[i].value, v)) {
      *out = x->indices.at[i].expr;
      return LOOM_OK;
    }
  int64_t constant;
  if (ir_const_int(v, &constant)) {
    *out = sym_const(x->mem, constant);
    return LOOM_OK;
  }
  MlirOperation op = ir_def(v);
  if (mlirOperationIsNull(op))
    EXTRACT_UNSUP(x, x->func, "a size or an offset depends on a run-time value; expected block sizes, loop counters and constants");
  LOOM_TRY(op_expr(x, op, out));
  extract_bind_index(x, v, *out);
  return LOOM_OK;
}

loom_status extract_mixed(extract *x, MlirOperation op, const char *attribute, int segment, intptr_t i, const sym_expr **out) {
  MlirAttribute list = ir_attr_of(op, attribute);
  intptr_t first, n, dynamic = 0;
  if (mlirAttributeIsNull(list) || !mlirAttributeIsADenseI64Array(list) || !ir_segment(op, segment, &first, &n) ||
      i >= mlirDenseArrayGetNumElements(list))
    LOOM_FAIL(x->ctx, ir_span(x->ir, op), LOOM_EBUG, "%s has no entry %" PRIdPTR " in %s", ir_op_name(op), i, attribute);
  int64_t fixed = mlirDenseI64ArrayGetElement(list, i);
  if (fixed != mlirShapedTypeGetDynamicSize()) {
    *out = sym_const(x->mem, fixed);
    return LOOM_OK;
  }
  for (intptr_t k = 0; k < i; k++)
    dynamic += mlirDenseI64ArrayGetElement(list, k) == mlirShapedTypeGetDynamicSize();
  return extract_expr(x, ir_operand(op, first + dynamic), out);
}
