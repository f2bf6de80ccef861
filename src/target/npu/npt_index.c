/* Index arithmetic and loops of programs. */
#include "target/npu/npt_lower.h"
#include "base/text.h"

MlirValue npt_const(npt_lowering *l, int64_t v) { return ir_index_const(&l->b, v); }

/* ---- affine expressions over the variables of open loops ---- */

enum { INPUTS_MAX = 24, RESULTS_MAX = 8 };
typedef struct affine { npt_lowering *l; int n; MlirValue input[INPUTS_MAX]; } affine;

static bool input_of(affine *a, MlirValue v, MlirAffineExpr *out) {
  int i = 0;
  while (i < a->n && !mlirValueEqual(a->input[i], v))
    i++;
  if (i == INPUTS_MAX)
    return false;
  if (i == a->n)
    a->input[a->n++] = v;
  *out = mlirAffineDimExprGet(a->l->ir->mlir, i);
  return true;
}

static bool variable(affine *a, const char *name, MlirAffineExpr *out) {
  npt_lowering *l = a->l;
  for (size_t i = l->names.n; i-- > 0;)
    if (text_eq(l->names.at[i].name, name)) {
      if (l->names.at[i].trip == 1) {
        *out = mlirAffineConstantExprGet(l->ir->mlir, 0);
        return true;
      }
      if (!input_of(a, l->names.at[i].value, out))
        return false;
      if (l->names.at[i].step)
        *out = mlirAffineFloorDivExprGet(*out, mlirAffineConstantExprGet(l->ir->mlir, l->names.at[i].step));
      return true;
    }
  return false;
}

/* variable * step of a loop that counts in steps: its own value. */
static bool is_counted(const npt_lowering *l, const sym_expr *x, MlirValue *out) {
  int64_t factor;
  if (x->op != SYM_MUL || x->arg[0]->op != SYM_SYM || !sym_is_const(x->arg[1], &factor))
    return false;
  for (size_t i = l->names.n; i-- > 0;)
    if (text_eq(l->names.at[i].name, x->arg[0]->name)) {
      *out = l->names.at[i].value;
      return l->names.at[i].step && l->names.at[i].step == factor;
    }
  return false;
}

static bool to_affine(affine *a, const sym_expr *x, MlirAffineExpr *out) {
  MlirAffineExpr lhs, rhs;
  MlirValue rhs_value;
  if (x->op == SYM_CONST) {
    *out = mlirAffineConstantExprGet(a->l->ir->mlir, x->value);
    return true;
  }
  if (x->op == SYM_SYM)
    return variable(a, x->name, out);
  if (is_counted(a->l, x, &rhs_value))
    return input_of(a, rhs_value, out);
  if (sym_op_operands(x->op) != 2 || !to_affine(a, x->arg[0], &lhs) || !to_affine(a, x->arg[1], &rhs))
    return false;
  bool by_number = mlirAffineExprIsAConstant(rhs) && mlirAffineConstantExprGetValue(rhs) > 0;
  switch (x->op) {
  case SYM_ADD: *out = mlirAffineAddExprGet(lhs, rhs); return true;
  case SYM_SUB: *out = mlirAffineAddExprGet(lhs, mlirAffineMulExprGet(rhs, mlirAffineConstantExprGet(a->l->ir->mlir, -1))); return true;
  case SYM_MUL:
    if (!mlirAffineExprIsAConstant(lhs) && !mlirAffineExprIsAConstant(rhs))
      return false;
    *out = mlirAffineMulExprGet(lhs, rhs);
    return true;
  case SYM_CEILDIV: *out = by_number ? mlirAffineCeilDivExprGet(lhs, rhs) : lhs; return by_number;
  case SYM_FLOORDIV: *out = by_number ? mlirAffineFloorDivExprGet(lhs, rhs) : lhs; return by_number;
  case SYM_MOD: *out = by_number ? mlirAffineModExprGet(lhs, rhs) : lhs; return by_number;
  default: return false;
  }
}

/* The operands of a minimum (or maximum) of minima; min(a, b) - c is min(a - c, b - c). */
static bool results_of(affine *a, const sym_expr *x, sym_op op, MlirAffineExpr *results, int *n) {   /* as deep as the expression */
  if (x->op == op)
    return results_of(a, x->arg[0], op, results, n) && results_of(a, x->arg[1], op, results, n);
  if (x->op == SYM_SUB && x->arg[0]->op == op) {
    arena *m = a->l->mem;
    return results_of(a, sym_sub(m, x->arg[0]->arg[0], x->arg[1]), op, results, n) && results_of(a, sym_sub(m, x->arg[0]->arg[1], x->arg[1]), op, results, n);
  }
  return *n < RESULTS_MAX && to_affine(a, x, &results[(*n)++]);
}

static MlirValue build(affine *a, const char *op, int n, const MlirAffineExpr *results) {
  npt_lowering *l = a->l;
  if (n == 1 && mlirAffineExprIsAConstant(results[0]))
    return npt_const(l, mlirAffineConstantExprGetValue(results[0]));
  MlirAffineMap map = mlirAffineMapGet(l->ir->mlir, a->n, 0, n, (MlirAffineExpr *)results);
  ir_named at = {"map", mlirAffineMapAttrGet(map)};
  return ir_build1(&l->b, op, ir_index_type(l->ir), a->n, a->input, 1, &at);
}

/* Above 0 in every turn: what is left to the end of a loop from its variable on. */
static bool is_positive(const npt_lowering *l, const sym_expr *x) {
  int64_t v;
  if (sym_is_const(x, &v))
    return v > 0;
  if (x->op == SYM_MIN)
    return is_positive(l, x->arg[0]) && is_positive(l, x->arg[1]);
  for (size_t i = l->names.n; x->op == SYM_SUB && i-- > 0;) {
    const npt_variable *n = &l->names.at[i];
    const sym_expr *value = n->step ? sym_mul(l->mem, sym_name(l->mem, n->name), sym_const(l->mem, n->step)) : sym_name(l->mem, n->name);
    if (n->end && sym_equal(x->arg[0], n->end) && sym_equal(x->arg[1], value))
      return true;
  }
  return false;
}

static const sym_expr *without_floor(const npt_lowering *l, const sym_expr *x) {
  int64_t zero;
  return x->op == SYM_MAX && sym_is_const(x->arg[1], &zero) && zero == 0 && is_positive(l, x->arg[0]) ? x->arg[0] : x;
}

static bool try_affine(npt_lowering *l, const sym_expr *x, MlirValue *out) {
  x = without_floor(l, npt_opened(l, x));
  affine a = {.l = l};
  MlirAffineExpr results[RESULTS_MAX];
  int n = 0;
  sym_op op = x->op == SYM_MAX ? SYM_MAX : SYM_MIN;
  if (!results_of(&a, x, op, results, &n))
    return false;
  *out = build(&a, n == 1 ? "affine.apply" : op == SYM_MAX ? "affine.max" : "affine.min", n, results);
  return true;
}

loom_status npt_affine(npt_lowering *l, const sym_expr *x, MlirValue *out) {
  if (try_affine(l, x, out))
    return LOOM_OK;
  LOOM_FAIL(l->ctx, LOOM_NOSPAN, LOOM_EUNSUP, "a transfer's place or size is %s, which the transfers of an NPU cannot follow: they go by sums of loop variables", sym_str(l->mem, x));
}

/* ---- the rest, in arith ---- */

static MlirValue binary(npt_lowering *l, const char *op, MlirValue a, MlirValue b) {
  return ir_build1(&l->b, op, ir_index_type(l->ir), 2, (MlirValue[]){a, b}, 0, NULL);
}

static const char *arith_of(sym_op op) {
  static const struct { sym_op op; const char *name; } rows[] = {
      {SYM_ADD, "arith.addi"}, {SYM_SUB, "arith.subi"}, {SYM_MUL, "arith.muli"}, {SYM_CEILDIV, "arith.ceildivsi"}, {SYM_FLOORDIV, "arith.floordivsi"},
      {SYM_MOD, "arith.remsi"}, {SYM_MIN, "arith.minsi"}, {SYM_MAX, "arith.maxsi"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (rows[i].op == op)
      return rows[i].name;
  return NULL;
}

static const char *predicate_of(sym_op op) {
  static const struct { sym_op op; const char *name; } rows[] = {{SYM_EQ, "0"}, {SYM_NE, "1"}, {SYM_LT, "2"}, {SYM_LE, "3"}, {SYM_GT, "4"}, {SYM_GE, "5"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (rows[i].op == op)
      return rows[i].name;
  return NULL;
}

static loom_status condition(npt_lowering *l, const sym_expr *x, MlirValue *out) {
  MlirValue a, b;
  if (!predicate_of(x->op))
    LOOM_FAIL(l->ctx, LOOM_NOSPAN, LOOM_EUNSUP, "the condition %s has no form in programs of an NPU", sym_str(l->mem, x));
  LOOM_TRY(npt_index(l, x->arg[0], &a));
  LOOM_TRY(npt_index(l, x->arg[1], &b));
  ir_named at = {"predicate", ir_attr(l->ir, arena_printf(l->mem, "%s : i64", predicate_of(x->op)))};
  *out = ir_build1(&l->b, "arith.cmpi", ir_type(l->ir, "i1"), 2, (MlirValue[]){a, b}, 1, &at);
  return LOOM_OK;
}

loom_status npt_index(npt_lowering *l, const sym_expr *x, MlirValue *out) {
  MlirValue a, b, c;
  if (try_affine(l, x, out))
    return LOOM_OK;
  if (x->op == SYM_IF) {
    LOOM_TRY(condition(l, x->arg[0], &c));
    LOOM_TRY(npt_index(l, x->arg[1], &a));
    LOOM_TRY(npt_index(l, x->arg[2], &b));
    *out = ir_build1(&l->b, "arith.select", ir_index_type(l->ir), 3, (MlirValue[]){c, a, b}, 0, NULL);
    return LOOM_OK;
  }
  if (!arith_of(x->op))
    LOOM_FAIL(l->ctx, LOOM_NOSPAN, LOOM_EUNSUP, "the expression %s has no form in programs of an NPU", sym_str(l->mem, x));
  LOOM_TRY(npt_index(l, x->arg[0], &a));
  LOOM_TRY(npt_index(l, x->arg[1], &b));
  *out = binary(l, arith_of(x->op), a, b);
  return LOOM_OK;
}

MlirValue npt_sum(npt_lowering *l, int n, const MlirValue *value, const int64_t *factor, int64_t constant) {
  affine a = {.l = l};
  MlirAffineExpr sum = mlirAffineConstantExprGet(l->ir->mlir, constant), term;
  for (int i = 0; i < n; i++) {
    int64_t number;
    if (mlirValueIsNull(value[i]) || !factor[i])
      continue;
    if (ir_const_int(value[i], &number))
      term = mlirAffineConstantExprGet(l->ir->mlir, number);
    else if (!input_of(&a, value[i], &term))
      return (MlirValue){NULL};
    sum = mlirAffineAddExprGet(sum, mlirAffineMulExprGet(term, mlirAffineConstantExprGet(l->ir->mlir, factor[i])));
  }
  return build(&a, "affine.apply", 1, &sum);
}

/* ---- loops ---- */

static MlirAttribute constant_map(npt_lowering *l, int64_t v) {
  MlirAffineExpr e = mlirAffineConstantExprGet(l->ir->mlir, v);
  return mlirAffineMapAttrGet(mlirAffineMapGet(l->ir->mlir, 0, 0, 1, &e));
}

npt_loop npt_open_loop(npt_lowering *l, int64_t trip, int64_t step, const char *role, int n, const MlirValue *inits) {
  MlirType types[INPUTS_MAX];
  npt_loop loop = {.outer = l->b};
  types[0] = ir_index_type(l->ir);
  for (int i = 0; i < n; i++)
    types[i + 1] = mlirValueGetType(inits[i]);
  MlirRegion region = ir_new_region(l->ir, n + 1, types, &loop.body);
  ir_named at[5] = {{"lowerBoundMap", constant_map(l, 0)}, {"upperBoundMap", constant_map(l, trip)}, {"step", ir_index_attr(l->ir, step)},
                    {"operandSegmentSizes", ir_attr(l->ir, arena_printf(l->mem, "array<i32: 0, 0, %d>", n))}, {role, ir_bool_attr(l->ir, true)}};
  loop.op = ir_build(&l->b, "affine.for", n, types + 1, n, inits, role ? 5 : 4, at, 1, &region);
  loop.var = mlirBlockGetArgument(loop.body, 0);
  l->b = ir_at_end(l->ir, loop.body);
  return loop;
}

npt_loop npt_open_loop_to(npt_lowering *l, MlirValue end, int64_t step, const char *role) {
  MlirType index = ir_index_type(l->ir);
  npt_loop loop = {.outer = l->b};
  MlirRegion region = ir_new_region(l->ir, 1, &index, &loop.body);
  MlirAffineExpr e = mlirAffineSymbolExprGet(l->ir->mlir, 0);
  ir_named at[] = {{"lowerBoundMap", constant_map(l, 0)}, {"upperBoundMap", mlirAffineMapAttrGet(mlirAffineMapGet(l->ir->mlir, 0, 1, 1, &e))}, {"step", ir_index_attr(l->ir, step)},
                   {"operandSegmentSizes", ir_attr(l->ir, "array<i32: 0, 1, 0>")}, {role, ir_bool_attr(l->ir, true)}};
  loop.op = ir_build(&l->b, "affine.for", 0, NULL, 1, &end, 5, at, 1, &region);
  loop.var = mlirBlockGetArgument(loop.body, 0);
  l->b = ir_at_end(l->ir, loop.body);
  return loop;
}

bool npt_open_loop_until(npt_lowering *l, const sym_expr *end, int64_t step, const char *role, npt_loop *out) {
  MlirType index = ir_index_type(l->ir);
  affine a = {.l = l};
  MlirAffineExpr results[RESULTS_MAX];
  int n = 0;
  if (!results_of(&a, end, SYM_MIN, results, &n))
    return false;
  *out = (npt_loop){.outer = l->b};
  MlirRegion region = ir_new_region(l->ir, 1, &index, &out->body);
  MlirAffineMap map = mlirAffineMapGet(l->ir->mlir, a.n, 0, n, results);
  ir_named at[] = {{"lowerBoundMap", constant_map(l, 0)}, {"upperBoundMap", mlirAffineMapAttrGet(map)}, {"step", ir_index_attr(l->ir, step)},
                   {"operandSegmentSizes", ir_attr(l->ir, arena_printf(l->mem, "array<i32: 0, %d, 0>", a.n))}, {role, ir_bool_attr(l->ir, true)}};
  out->op = ir_build(&l->b, "affine.for", 0, NULL, a.n, a.input, 5, at, 1, &region);
  out->var = mlirBlockGetArgument(out->body, 0);
  l->b = ir_at_end(l->ir, out->body);
  return true;
}

void npt_close_loop(npt_lowering *l, const npt_loop *loop, int n, const MlirValue *yielded) {
  ir_build(&l->b, "affine.yield", 0, NULL, n, yielded, 0, NULL, 0, NULL);
  l->b = loop->outer;
}
