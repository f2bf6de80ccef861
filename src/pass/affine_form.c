#include "pass/affine_form.h"

enum { DEPTH_MAX = 64 };

static MlirContext context(const affine_form *f) { return f->ir->mlir; }
static affine_term constant(const affine_form *f, int64_t v) { return (affine_term){mlirAffineConstantExprGet(context(f), v), v >= 0}; }

static loom_status add_input(affine_form *f, MlirValue v, bool is_dim, bool is_natural, affine_term *out) {
  MlirValue *at = is_dim ? f->dim : f->symbol;
  int *n = is_dim ? &f->n_dims : &f->n_symbols, i = 0;
  while (i < *n && !mlirValueEqual(at[i], v))
    i++;
  if (i == AFFINE_INPUTS_MAX)
    LOOM_FAIL(f->ir->ctx, LOOM_NOSPAN, LOOM_ELIMIT, "an index of more than %d inputs", AFFINE_INPUTS_MAX);
  if (i == *n)
    at[(*n)++] = v;
  *out = (affine_term){is_dim ? mlirAffineDimExprGet(context(f), i) : mlirAffineSymbolExprGet(context(f), i), is_natural};
  return LOOM_OK;
}

/* An induction variable starts at 0 or above and goes up. */
static bool counts_up(MlirOperation loop) {
  int64_t lower, step;
  if (ir_op_is(loop, "scf.for"))
    return ir_const_int(ir_operand(loop, 0), &lower) && lower >= 0 && ir_const_int(ir_operand(loop, 2), &step) && step > 0;
  MlirAttribute map = ir_attr_of(loop, ir_op_is(loop, "affine.for") ? "lowerBoundMap" : "lowerBoundsMap");
  if (mlirAttributeIsNull(map) || !mlirAttributeIsAAffineMap(map))
    return false;
  MlirAffineMap m = mlirAffineMapAttrGetValue(map);
  for (intptr_t i = 0; i < mlirAffineMapGetNumResults(m); i++) {
    MlirAffineExpr e = mlirAffineMapGetResult(m, i);
    if (!mlirAffineExprIsAConstant(e) || mlirAffineConstantExprGetValue(e) < 0)
      return false;
  }
  return true;
}

static loom_status read_argument(affine_form *f, MlirValue v, affine_term *out) {
  MlirBlock block = mlirBlockArgumentGetOwner(v);
  intptr_t i = mlirBlockArgumentGetArgNumber(v), n = mlirBlockGetNumArguments(block);
  if (mlirBlockEqual(block, f->entry))      /* .., sizes of the grid x3, program ids x3 */
    return add_input(f, v, i >= n - 3, i >= n - 6, out);
  MlirOperation loop = mlirBlockGetParentOperation(block);
  bool is_iv = ir_op_is(loop, "affine.parallel") || (i == 0 && (ir_op_is(loop, "scf.for") || ir_op_is(loop, "affine.for")));
  return add_input(f, v, is_iv, is_iv && counts_up(loop), out);
}

static bool is_one_of(MlirOperation op, const char *const *names, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (ir_op_is(op, names[i]))
      return true;
  return false;
}

static loom_status multiply(affine_form *f, MlirOperation op, const affine_term *a, const affine_term *b, affine_term *out) {
  if (!mlirAffineExprIsSymbolicOrConstant(a->expr) && !mlirAffineExprIsSymbolicOrConstant(b->expr))
    LOOM_FAIL(f->ir->ctx, ir_span(f->ir, op), LOOM_EUNSUP, "a product of two loop or program indices is not affine");
  bool is_swapped = !mlirAffineExprIsSymbolicOrConstant(b->expr);      /* the constant or symbol stands right */
  *out = (affine_term){is_swapped ? mlirAffineMulExprGet(b->expr, a->expr) : mlirAffineMulExprGet(a->expr, b->expr), a->is_natural && b->is_natural};
  return LOOM_OK;
}

/* Truncating, flooring and unsigned division agree on naturals only. */
static loom_status divide(affine_form *f, MlirOperation op, const affine_term *a, const affine_term *b, affine_term *out) {
  static const char *const remainders[] = {"arith.remsi", "arith.remui"}, *const ceilings[] = {"arith.ceildivsi", "arith.ceildivui"};
  bool is_rest = is_one_of(op, remainders, 2), is_ceil = is_one_of(op, ceilings, 2), is_floor = ir_op_is(op, "arith.floordivsi");
  const char *what = is_rest ? "remainder" : "quotient";
  if (!mlirAffineExprIsAConstant(b->expr) || mlirAffineConstantExprGetValue(b->expr) < 1)
    LOOM_FAIL(f->ir->ctx, ir_span(f->ir, op), LOOM_EUNSUP, "a %s by something that is not a positive constant is not affine", what);
  if (!a->is_natural && !is_floor && !ir_op_is(op, "arith.ceildivsi")) {
    diag_error(f->ir->ctx, ir_span(f->ir, op), LOOM_EUNSUP, "the %s of a number that may be negative is not affine", what);
    diag_help(f->ir->ctx, "program ids, sizes of the grid, and indices of loops that start at 0 or above are known not to be negative");
    return LOOM_EUNSUP;
  }
  MlirAffineExpr e = is_rest   ? mlirAffineModExprGet(a->expr, b->expr)
                     : is_ceil ? mlirAffineCeilDivExprGet(a->expr, b->expr)
                               : mlirAffineFloorDivExprGet(a->expr, b->expr);
  *out = (affine_term){e, a->is_natural || is_rest};
  return LOOM_OK;
}

static loom_status read(affine_form *f, MlirValue v, int depth, affine_term *out) {
  static const char *const quotients[] = {"arith.divsi",  "arith.divui",     "arith.floordivsi", "arith.remsi",
                                          "arith.remui", "arith.ceildivsi", "arith.ceildivui"};
  MlirOperation op = ir_def(v);
  int64_t number;
  if (ir_const_int(v, &number)) {
    *out = constant(f, number);
    return LOOM_OK;
  }
  if (mlirOperationIsNull(op))
    return read_argument(f, v, out);
  if (++f->reads > AFFINE_READS_MAX)
    LOOM_FAIL(f->ir->ctx, ir_span(f->ir, op), LOOM_ELIMIT, "an index computed by more than %d operations", AFFINE_READS_MAX);
  bool is_sum = ir_op_is(op, "arith.addi"), is_difference = ir_op_is(op, "arith.subi"), is_product = ir_op_is(op, "arith.muli");
  bool is_quotient = is_one_of(op, quotients, sizeof quotients / sizeof *quotients);
  if (depth > DEPTH_MAX || (!is_sum && !is_difference && !is_product && !is_quotient))
    return add_input(f, v, ir_op_is(op, "affine.apply"), false, out);
  affine_term a, b;
  LOOM_TRY(read(f, ir_operand(op, 0), depth + 1, &a));
  LOOM_TRY(read(f, ir_operand(op, 1), depth + 1, &b));
  if (is_product)
    return multiply(f, op, &a, &b, out);
  if (is_quotient)
    return divide(f, op, &a, &b, out);
  if (is_difference)
    b = (affine_term){mlirAffineMulExprGet(b.expr, mlirAffineConstantExprGet(context(f), -1)), false};
  *out = (affine_term){mlirAffineAddExprGet(a.expr, b.expr), a.is_natural && b.is_natural};
  return LOOM_OK;
}

loom_status affine_form_read(affine_form *f, MlirValue v, affine_term *out) { return read(f, v, 0, out); }

bool affine_form_is_zero(const affine_form *f, MlirAffineExpr e) {
  MlirAffineExpr s = mlirSimplifyAffineExpr(e, (uint32_t)f->n_dims, (uint32_t)f->n_symbols);
  return mlirAffineExprIsAConstant(s) && mlirAffineConstantExprGetValue(s) == 0;
}

/* Inputs that no expression reads are left out. */
static bool is_used(const MlirAffineExpr *exprs, intptr_t n, bool is_dim, int i) {
  for (intptr_t e = 0; e < n; e++)
    if (is_dim && mlirAffineExprIsFunctionOfDim(exprs[e], i))
      return true;
  return !is_dim;
}

MlirValue affine_form_build(const affine_form *f, ir_builder *b, const char *op, const MlirAffineExpr *exprs, intptr_t n) {
  MlirContext c = context(f);
  MlirAffineExpr kept[AFFINE_INPUTS_MAX], only = exprs[0];
  MlirValue operands[2 * AFFINE_INPUTS_MAX];
  MlirAffineExpr to[AFFINE_INPUTS_MAX];
  if (n > AFFINE_INPUTS_MAX)
    return (MlirValue){NULL};
  if (n == 1 && mlirAffineExprIsAConstant(only))
    return ir_index_const(b, mlirAffineConstantExprGetValue(only));
  if (n == 1 && mlirAffineExprIsADim(only))
    return f->dim[mlirAffineDimExprGetPosition(only)];
  if (n == 1 && mlirAffineExprIsASymbol(only))
    return f->symbol[mlirAffineSymbolExprGetPosition(only)];
  int n_dims = 0;
  for (int i = 0; i < f->n_dims; i++) {
    bool keep = is_used(exprs, n, true, i);
    to[i] = mlirAffineDimExprGet(c, keep ? n_dims : 0);
    if (keep)
      operands[n_dims++] = f->dim[i];
  }
  MlirAffineMap rename = mlirAffineMapGet(c, n_dims, f->n_symbols, f->n_dims, to);
  for (intptr_t i = 0; i < n; i++)
    kept[i] = mlirSimplifyAffineExpr(f->n_dims ? mlirAffineExprCompose(exprs[i], rename) : exprs[i], (uint32_t)n_dims, (uint32_t)f->n_symbols);
  for (int i = 0; i < f->n_symbols; i++)
    operands[n_dims + i] = f->symbol[i];
  MlirAffineMap map = mlirAffineMapGet(c, n_dims, f->n_symbols, n, kept);
  return ir_build1(b, n == 1 ? "affine.apply" : op, ir_index_type(f->ir), n_dims + f->n_symbols, operands, 1,
                   &(ir_named){"map", mlirAffineMapAttrGet(map)});
}
