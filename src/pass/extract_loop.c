/* Loops and block symbols. */
#include "pass/extract_private.h"

typedef struct symbol_search { arena *mem; const char *name; MlirOperation op; } symbol_search;

static bool find_symbol(MlirOperation op, void *data) {
  symbol_search *search = data;
  const char *name = dialect_sym_name(search->mem, op);
  if (!name || !text_eq(name, search->name))
    return true;
  search->op = op;
  return false;
}

static MlirOperation symbol_op(extract *x, const char *name) {
  symbol_search search = {.name = name, .mem = x->mem};
  ir_walk(x->func, find_symbol, &search);
  return search.op;
}

static bool flag(MlirOperation op, const char *name) {
  MlirAttribute a = ir_attr_of(op, name);
  return !mlirAttributeIsNull(a) && mlirAttributeIsABool(a) && mlirBoolAttrGetValue(a);
}

static bool divides(extract *x, const char *block) { return flag(symbol_op(x, block), "asure_divisible"); }

/* The block symbol of a loop enters the table when its first loop does: symbols are in loop order. */
static void add_symbol(extract *x, const char *name, const sym_expr *extent, bool is_reduction) {
  if (nest_symbol_index(x->nest, name) >= 0)
    return;
  MlirOperation op = symbol_op(x, name);
  int64_t bound;
  nest_symbol s = {.name = name, .upper_bound = extent, .align = 1};
  if (ir_attr_int(ir_attr_of(op, "upper_bound"), &bound))
    s.upper_bound = sym_const(x->mem, bound);
  s.is_reduction = is_reduction || flag(op, "is_reduction");
  s.divides = flag(op, "asure_divisible");
  if (ir_attr_int(ir_attr_of(op, "value"), &bound) && bound > 0)
    s.fixed = bound;
  if (text_starts(name, "unit_"))
    s.fixed = 1;
  vec_push(x->mem, &x->nest->symbols, s);
}

/* Does `e` equal it_<block> * <block>?  Then the block, else NULL. */
static const char *block_of_start(const sym_expr *e) {
  for (int i = 0; e->op == SYM_MUL && i < 2; i++)
    if (e->arg[i]->op == SYM_SYM && e->arg[1 - i]->op == SYM_SYM && text_starts(e->arg[i]->name, "it_") && text_eq(e->arg[i]->name + 3, e->arg[1 - i]->name))
      return e->arg[1 - i]->name;
  return NULL;
}

/* min(start + block, end) - start, the inside of a block: `block`, and end - start in the last one. */
static void split_clamp(const extract *x, nest_loop *l) {
  const sym_expr *e = l->extent, *least = e->op == SYM_SUB && e->arg[0]->op == SYM_MIN ? e->arg[0] : NULL;
  const char *block = least ? block_of_start(e->arg[1]) : NULL;
  for (int i = 0; block && i < 2; i++) {
    const sym_expr *sum = least->arg[i];
    for (int k = 0; sum->op == SYM_ADD && k < 2; k++)
      if (sym_equal(sum->arg[k], e->arg[1]) && sum->arg[1 - k]->op == SYM_SYM && text_eq(sum->arg[1 - k]->name, block)) {
        l->extent = sum->arg[1 - k];
        l->clamp = sym_sub(x->mem, least->arg[1 - i], e->arg[1]);
        return;
      }
  }
}

/* Loops of one block size: one behind the other, over as many elements. */
static loom_status check_shared_block(extract *x, MlirOperation at, const nest_loop *l) {
  for (size_t i = 0; i < x->nest->loops.n; i++) {
    const nest_loop *other = &x->nest->loops.at[i];
    bool is_around = other->kind == NEST_PARALLEL;
    for (int p = l->parent; p >= 0; p = x->nest->loops.at[p].parent)
      is_around |= p == (int)i;
    if (text_eq(other->block, l->block) && (is_around || !sym_equal(other->extent, l->extent)))
      EXTRACT_UNSUP(x, at, "block size '%s' is that of two loops, %s", l->block, is_around ? "one inside of the other" : "which run over different numbers of elements");
  }
  return LOOM_OK;
}

loom_status extract_add_loop(extract *x, MlirOperation at, nest_loop_kind kind, const sym_expr *trip, MlirValue iterator, int *out_loop) {
  nest_loop l = {.kind = kind, .parent = kind == NEST_PARALLEL ? -1 : x->parent};
  int64_t count;
  if (x->nest->loops.n >= NEST_LOOPS_MAX)
    LOOM_FAIL(x->ctx, ir_span(x->ir, at), LOOM_ELIMIT, "a kernel may have at most %d loops", NEST_LOOPS_MAX);
  *out_loop = (int)x->nest->loops.n;
  if (trip->op == SYM_CEILDIV && trip->arg[1]->op == SYM_SYM && !text_starts(trip->arg[1]->name, "it_")) {
    l.block = trip->arg[1]->name;
    l.extent = trip->arg[0];
    split_clamp(x, &l);
  } else if (sym_is_const(trip, &count) && count >= 0) {
    l.block = arena_printf(x->mem, "unit_%d", *out_loop);   /* a block that can only be 1 */
    l.extent = trip;
  } else {
    EXTRACT_UNSUP(x, at, "a loop must run to ceildiv(extent, block size) or to a constant, not to %s", sym_str(x->mem, trip));
  }
  LOOM_TRY(check_shared_block(x, at, &l));
  l.divides = divides(x, l.block);
  add_symbol(x, l.block, text_starts(l.block, "unit_") ? sym_const(x->mem, 1) : l.extent, kind == NEST_SEQUENTIAL);
  vec_push(x->mem, &x->nest->loops, l);
  x->nest->n_parallel += kind == NEST_PARALLEL;
  extract_bind_index(x, iterator, sym_name(x->mem, nest_iterator_name(x->mem, x->nest, *out_loop)));
  return LOOM_OK;
}

int extract_parallel_iterator(extract *x, MlirValue v) {
  for (size_t i = 0; i < x->indices.n; i++) {
    const sym_expr *e = x->indices.at[i].expr;
    for (int l = 0; mlirValueEqual(x->indices.at[i].value, v) && e->op == SYM_SYM && l < x->nest->n_parallel; l++)
      if (text_eq(e->name, nest_iterator_name(x->mem, x->nest, l)))
        return l;
  }
  return -1;
}

static loom_status check_zero(extract *x, MlirOperation op, MlirAffineMap map, intptr_t r) {
  MlirAffineExpr e = mlirAffineMapGetResult(map, r);
  if (!mlirAffineExprIsAConstant(e) || mlirAffineConstantExprGetValue(e) != 0)
    EXTRACT_UNSUP(x, op, "a loop must start at 0");
  return LOOM_OK;
}

/* Lower bounds first, then upper bounds, one group of one map result for each dimension. */
loom_status extract_parallel(extract *x, MlirOperation op) {
  MlirBlock body = ir_body(op);
  intptr_t n = mlirBlockGetNumArguments(body);
  MlirAffineMap lower = mlirAffineMapAttrGetValue(ir_attr_of(op, "lowerBoundsMap"));
  MlirAffineMap upper = mlirAffineMapAttrGetValue(ir_attr_of(op, "upperBoundsMap"));
  MlirAttribute steps = ir_attr_of(op, "steps");
  if (mlirAffineMapGetNumResults(upper) != n || mlirAffineMapGetNumResults(lower) != n || mlirOperationGetNumResults(op) != 0)
    EXTRACT_UNSUP(x, op, "affine.parallel must have one bound for each dimension and no results");
  for (intptr_t d = 0; d < n; d++) {
    const sym_expr *trip;
    int64_t step = 0;
    int loop;
    LOOM_TRY(check_zero(x, op, lower, d));
    if (!ir_attr_int(mlirArrayAttrGetElement(steps, d), &step) || step != 1)
      EXTRACT_UNSUP(x, op, "affine.parallel must go in steps of 1");
    LOOM_TRY(extract_map(x, op, upper, mlirAffineMapGetNumInputs(lower), d, &trip));
    LOOM_TRY(extract_add_loop(x, op, NEST_PARALLEL, trip, mlirBlockGetArgument(body, d), &loop));
  }
  return LOOM_OK;
}

static loom_status affine_trip(extract *x, MlirOperation op, const sym_expr **out) {
  MlirAffineMap lower = mlirAffineMapAttrGetValue(ir_attr_of(op, "lowerBoundMap"));
  MlirAffineMap upper = mlirAffineMapAttrGetValue(ir_attr_of(op, "upperBoundMap"));
  int64_t step;
  if (mlirAffineMapGetNumResults(lower) != 1 || mlirAffineMapGetNumResults(upper) != 1 || !ir_attr_int(ir_attr_of(op, "step"), &step) || step != 1)
    EXTRACT_UNSUP(x, op, "affine.for must have one bound on each side and a step of 1");
  LOOM_TRY(check_zero(x, op, lower, 0));
  return extract_map(x, op, upper, mlirAffineMapGetNumInputs(lower), 0, out);
}

static loom_status scf_trip(extract *x, MlirOperation op, const sym_expr **out) {
  int64_t from, step;
  if (!ir_const_int(ir_operand(op, 0), &from) || from != 0 || !ir_const_int(ir_operand(op, 2), &step) || step != 1)
    EXTRACT_UNSUP(x, op, "a loop must start at 0 and go in steps of 1");
  return extract_expr(x, ir_operand(op, 1), out);
}

loom_status extract_sequential(extract *x, MlirOperation op, int *out_loop) {
  const sym_expr *trip;
  LOOM_TRY(ir_op_is(op, "affine.for") ? affine_trip(x, op, &trip) : scf_trip(x, op, &trip));
  return extract_add_loop(x, op, NEST_SEQUENTIAL, trip, mlirBlockGetArgument(ir_body(op), 0), out_loop);
}

static bool add_unused_symbol(MlirOperation op, void *data) {
  extract *x = data;
  const char *name = dialect_sym_name(x->mem, op);
  int64_t bound = 1;
  if (name) {
    ir_attr_int(ir_attr_of(op, "upper_bound"), &bound);
    add_symbol(x, name, sym_const(x->mem, bound), false);
  }
  return true;
}

/* Symbols that size tiles but no loop. */
loom_status extract_symbols(extract *x) {
  ir_walk(x->func, add_unused_symbol, x);
  return LOOM_OK;
}
