/* Grids, loops, branches.  Memory that a loop carries is the memory itself. */
#include "frontend/helion_mlir/hm_read.h"
#include <string.h>

/* ---- ranges ---- */
static bool is_zero(const sym_expr *e) {
  int64_t n;
  return sym_is_const(e, &n) && n == 0;
}

static const char *block_of_size(hm_reader *r, const sym_expr *e) {
  const kernel_symbol *s = e->op == SYM_SYM ? kernel_find_symbol(r->k, e->name) : NULL;
  return s && s->kind == KERNEL_SYM_NOMINAL ? s->block : NULL;
}

/* The range of a loop from `begin` to `end`.  block: what the text says tiles it, "" for nothing, NULL where the text says nothing;
 * count: what `end` is made of, when it is a helion.tile_count.  *first: the begin before it is made of the kernel's symbols only. */
static loom_status range_of(hm_reader *r, const sym_expr *begin, const sym_expr *end, const sym_expr *step, const char *block, MlirOperation count, kernel_range *out, const sym_expr **first) {
  int64_t one;
  bool is_plain = is_zero(begin) && sym_is_const(step, &one) && one == 1, is_count = end && end->op == SYM_CEILDIV && is_plain;
  const char *counted = is_count ? block_of_size(r, end->arg[1]) : NULL;
  if (!block)
    block = counted ? counted : "";
  if (!*block) {
    if (!end)
      return hm_bad(r, "a loop ends at a helion.tile_count, but no block tiles it");
    *out = (kernel_range){.begin = begin, .end = end, .step = is_plain || (sym_is_const(step, &one) && one == 1) ? NULL : step};
  } else if (!mlirOperationIsNull(count)) {
    out->block = block;
    LOOM_TRY(hm_need(r, count, 3, 1));
    LOOM_TRY(hm_size_of(r, ir_operand(count, 0), &out->begin));
    LOOM_TRY(hm_size_of(r, ir_operand(count, 1), &out->end));
  } else if (text_eq(block, counted) || is_zero(end)) {
    *out = (kernel_range){.begin = begin, .end = counted ? end->arg[0] : end, .block = block};
  } else {
    return hm_bad(r, "the loop over tiles of '%s' does not run from 0 to ceildiv(size, block size)", block);
  }
  const kernel_symbol *s = out->block ? kernel_find_symbol(r->k, out->block) : NULL;
  if (out->block && (!s || s->kind != KERNEL_SYM_BLOCK))
    return hm_bad(r, "'%s' is no block size; get it by loom.get_symbol", out->block);
  *first = out->begin;
  LOOM_TRY(hm_resolve(r, out->begin, &out->begin));
  LOOM_TRY(hm_resolve(r, out->end, &out->end));
  return out->step ? hm_resolve(r, out->step, &out->step) : LOOM_OK;
}

/* A range begins: its induction variable `v` has a name in expressions. */
static void open_tile(hm_reader *r, MlirValue v, const kernel_range *range, const sym_expr *first, kernel_region *region) {
  kernel_type index = {.type = DTYPE_I64};
  hm_tile t = {.range = *range, .first = first, .region = region};
  t.param = kernel_add_param(r->mem, r->k, region, index, NULL, range->block);
  t.iv = arena_printf(r->mem, "%%iv%d", t.param);
  if (range->block) {
    const sym_expr *block = sym_name(r->mem, kernel_nominal(r->mem, r->k, range->block)), *at = sym_mul(r->mem, sym_name(r->mem, t.iv), block);
    t.clamped = sym_min(r->mem, block, sym_sub(r->mem, range->end, sym_add(r->mem, at, range->begin)));
    kernel_symbol *s = kernel_find_symbol(r->k, range->block);
    int64_t extent;
    if (!s->extent && is_zero(range->begin) && sym_is_const(range->end, &extent))
      s->extent = range->end;
  }
  vec_push(r->mem, &r->tiles, t);
  hm_set_size(r, v, sym_name(r->mem, t.iv));
}

static loom_status bound(hm_reader *r, MlirOperation op, MlirAffineMap m, intptr_t first, intptr_t result, sym_op join, intptr_t n, const sym_expr **out, MlirOperation *count) {
  *out = NULL;
  *count = (MlirOperation){NULL};
  for (intptr_t i = result; i < result + n; i++) {
    const sym_expr *e;
    MlirAffineExpr x = mlirAffineMapGetResult(m, i);
    bool is_symbol = mlirAffineExprIsASymbol(x), is_name = is_symbol || mlirAffineExprIsADim(x);
    intptr_t at = !is_name ? -1 : is_symbol ? mlirAffineMapGetNumDims(m) + mlirAffineSymbolExprGetPosition(x) : mlirAffineDimExprGetPosition(x);
    MlirOperation def = is_name ? ir_def(ir_operand(op, first + at)) : (MlirOperation){NULL};
    if (n == 1 && !mlirOperationIsNull(def) && ir_op_is(def, "helion.tile_count")) {
      *count = def;
      return LOOM_OK;
    }
    LOOM_TRY(hm_affine(r, op, m, first, i, &e));
    *out = *out ? sym_make(r->mem, join, *out, e, NULL) : e;
  }
  return LOOM_OK;
}

static intptr_t map_inputs(MlirAffineMap m) { return mlirAffineMapGetNumInputs(m); }

/* ---- carried values ---- */
typedef struct carried_list { intptr_t n; int n_values; kernel_value *init; kernel_tensor *memory; /* -1: a value */ kernel_type *types; } carried_list;

static loom_status read_inits(hm_reader *r, MlirOperation op, intptr_t first, intptr_t n, carried_list *out) {
  *out = (carried_list){.n = n};
  out->init = ARENA_NEW_N(r->mem, kernel_value, n + 1);
  out->memory = ARENA_NEW_N(r->mem, kernel_tensor, n + 1);
  out->types = ARENA_NEW_N(r->mem, kernel_type, n + 1);
  for (intptr_t i = 0; i < n; i++) {
    const hm_item *x = hm_get(r, ir_operand(op, first + i));
    out->memory[i] = x->kind == HM_MEMORY || x->kind == HM_STORED ? x->memory : -1;
    if (out->memory[i] >= 0)
      continue;
    LOOM_TRY(hm_value(r, ir_operand(op, first + i), &out->init[out->n_values]));
    out->types[out->n_values] = *hm_type(r, out->init[out->n_values]);
    out->n_values++;
  }
  return LOOM_OK;
}

/* Region parameters for block arguments `first`.. */
static void add_carried_params(hm_reader *r, const carried_list *c, MlirBlock block, intptr_t first, kernel_region *region) {
  int v = 0;
  for (intptr_t i = 0; i < c->n; i++) {
    MlirValue arg = mlirBlockGetArgument(block, first + i);
    if (c->memory[i] >= 0)
      hm_set(r, arg, (hm_item){.kind = HM_MEMORY, .memory = c->memory[i]});
    else
      hm_set_value(r, arg, kernel_add_param(r->mem, r->k, region, c->types[v++], NULL, NULL));
  }
}

static void set_carried_results(hm_reader *r, const carried_list *c, MlirOperation op, const kernel_op *k) {
  int v = 0;
  for (intptr_t i = 0; i < c->n; i++)
    if (c->memory[i] >= 0)
      hm_set(r, ir_result(op, i), (hm_item){.kind = HM_MEMORY, .memory = c->memory[i]});
    else
      hm_set_value(r, ir_result(op, i), k->results[v++]);
}

/* Reads the body of `region`; what it opened is closed. */
static loom_status inside(hm_reader *r, MlirBlock block, kernel_region *region) {
  kernel_region *outer = r->region;
  loom_span at = r->span;
  r->region = region;
  LOOM_TRY(hm_read_block(r, block, 0));
  r->region = outer;
  r->span = at;
  return LOOM_OK;
}

/* A region without a terminator of its own ends in a yield of nothing. */
static void end_region(hm_reader *r, kernel_region *region) {
  kernel_region *outer = r->region;
  if (region->ops.n && region->ops.at[region->ops.n - 1]->kind == KERNEL_YIELD)
    return;
  r->region = region;
  hm_add(r, KERNEL_YIELD, 0, NULL, 0, NULL);
  r->region = outer;
}

static loom_status run_loop(hm_reader *r, MlirOperation op, const kernel_range *range, const sym_expr *first, intptr_t first_init) {
  carried_list c;
  MlirBlock body = ir_body(op);
  LOOM_TRY(read_inits(r, op, first_init, mlirOperationGetNumResults(op), &c));
  kernel_op *k = hm_add(r, KERNEL_LOOP, c.n_values, c.init, c.n_values, c.types);
  k->n_ranges = 1;
  k->ranges = ARENA_NEW_N(r->mem, kernel_range, 1);
  k->ranges[0] = *range;
  open_tile(r, mlirBlockGetArgument(body, 0), range, first, &k->regions[0]);
  add_carried_params(r, &c, body, 1, &k->regions[0]);
  LOOM_TRY(inside(r, body, &k->regions[0]));
  end_region(r, &k->regions[0]);
  r->tiles.n--;
  set_carried_results(r, &c, op, k);
  return LOOM_OK;
}

static loom_status affine_for(hm_reader *r, MlirOperation op) {
  MlirAffineMap lower = mlirAffineMapAttrGetValue(ir_attr_of(op, "lowerBoundMap")), upper = mlirAffineMapAttrGetValue(ir_attr_of(op, "upperBoundMap"));
  const char *block = ir_attr_string(r->mem, ir_attr_of(op, "loom.block_sym"));
  const sym_expr *begin, *end, *first;
  MlirOperation count, none;
  kernel_range range = {0};
  int64_t step = 1;
  ir_attr_int(ir_attr_of(op, "step"), &step);
  LOOM_TRY(bound(r, op, lower, 0, 0, SYM_MAX, mlirAffineMapGetNumResults(lower), &begin, &none));
  LOOM_TRY(bound(r, op, upper, map_inputs(lower), 0, SYM_MIN, mlirAffineMapGetNumResults(upper), &end, &count));
  if (!begin)
    return hm_bad(r, "a loop begins at a helion.tile_count");
  LOOM_TRY(range_of(r, begin, end, sym_const(r->mem, step), block, count, &range, &first));
  return run_loop(r, op, &range, first, map_inputs(lower) + map_inputs(upper));
}

static loom_status scf_for(hm_reader *r, MlirOperation op) {
  const char *block = ir_attr_string(r->mem, ir_attr_of(op, "loom.block_sym"));
  const sym_expr *begin, *end = NULL, *step, *first;
  MlirOperation count = ir_def(ir_operand(op, 1));
  kernel_range range = {0};
  bool is_count = !mlirOperationIsNull(count) && ir_op_is(count, "helion.tile_count");
  LOOM_TRY(hm_size_of(r, ir_operand(op, 0), &begin));
  LOOM_TRY(hm_size_of(r, ir_operand(op, 2), &step));
  if (!is_count)
    LOOM_TRY(hm_size_of(r, ir_operand(op, 1), &end));
  LOOM_TRY(range_of(r, begin, end, step, block, is_count ? count : (MlirOperation){NULL}, &range, &first));
  return run_loop(r, op, &range, first, 3);
}

/* ---- grids ---- */
static int64_t group(MlirAttribute a, intptr_t i) {
  int64_t n = 1;
  if (!mlirAttributeIsNull(a) && mlirAttributeIsADenseElements(a) && i < mlirElementsAttrGetNumElements(a))
    n = mlirDenseElementsAttrGetInt32Value(a, i);
  return n;
}

static loom_status affine_parallel(hm_reader *r, MlirOperation op) {
  MlirAffineMap lower = mlirAffineMapAttrGetValue(ir_attr_of(op, "lowerBoundsMap")), upper = mlirAffineMapAttrGetValue(ir_attr_of(op, "upperBoundsMap"));
  MlirAttribute steps = ir_attr_of(op, "steps"), blocks = ir_attr_of(op, "loom.block_syms");
  MlirBlock body = ir_body(op);
  intptr_t n = mlirBlockGetNumArguments(body), at_lower = 0, at_upper = 0;
  const sym_expr *first[KERNEL_RANK_MAX];
  kernel_op *k = hm_add(r, KERNEL_PARALLEL, 0, NULL, 0, NULL);
  if (r->region != &r->k->body || mlirOperationGetNumResults(op))
    return hm_unsupported(r, op, "a grid stands at the function's own level and has no results");
  if (n < 1 || n > KERNEL_RANK_MAX)
    return hm_bad(r, "a grid has 1 to %d dims", KERNEL_RANK_MAX);
  k->n_ranges = (int)n;
  k->ranges = ARENA_NEW_N(r->mem, kernel_range, n);
  for (intptr_t i = 0; i < n; i++) {
    const sym_expr *begin, *end;
    MlirOperation count, none;
    int64_t step = 1, n_lower = group(ir_attr_of(op, "lowerBoundsGroups"), i), n_upper = group(ir_attr_of(op, "upperBoundsGroups"), i);
    if (!mlirAttributeIsNull(steps) && mlirAttributeIsAArray(steps))
      ir_attr_int(mlirArrayAttrGetElement(steps, i), &step);
    const char *block = !mlirAttributeIsNull(blocks) && mlirAttributeIsAArray(blocks) && i < mlirArrayAttrGetNumElements(blocks)
                            ? ir_attr_string(r->mem, mlirArrayAttrGetElement(blocks, i)) : NULL;
    LOOM_TRY(bound(r, op, lower, 0, at_lower, SYM_MAX, n_lower, &begin, &none));
    LOOM_TRY(bound(r, op, upper, map_inputs(lower), at_upper, SYM_MIN, n_upper, &end, &count));
    if (!begin)
      return hm_bad(r, "a grid begins at a helion.tile_count");
    LOOM_TRY(range_of(r, begin, end, sym_const(r->mem, step), block, count, &k->ranges[i], &first[i]));
    at_lower += n_lower;
    at_upper += n_upper;
  }
  for (intptr_t i = 0; i < n; i++)
    open_tile(r, mlirBlockGetArgument(body, i), &k->ranges[i], first[i], &k->regions[0]);
  LOOM_TRY(inside(r, body, &k->regions[0]));
  r->tiles.n -= (size_t)n;
  return LOOM_OK;
}

/* ---- conditions ---- */
static loom_status scf_if(hm_reader *r, MlirOperation op) {
  intptr_t n = mlirOperationGetNumResults(op);
  kernel_value condition;
  LOOM_TRY(hm_value(r, ir_operand(op, 0), &condition));
  kernel_op *k = kernel_add_op(r->mem, r->k, r->region, KERNEL_IF, 1, &condition, 0, NULL);
  k->span = r->span;
  for (int i = 0; i < 2; i++) {
    MlirRegion region = ir_region(op, i);
    MlirBlock block = mlirRegionIsNull(region) ? (MlirBlock){NULL} : mlirRegionGetFirstBlock(region);
    if (!mlirBlockIsNull(block))
      LOOM_TRY(inside(r, block, &k->regions[i]));
    end_region(r, &k->regions[i]);
  }
  const kernel_region *first = &k->regions[0];
  const kernel_op *y = first->ops.at[first->ops.n - 1];
  if (y->n_operands != n)
    return hm_unsupported(r, op, "memory as the result of a branch");
  k->n_results = (int)n;
  k->results = ARENA_NEW_N(r->mem, kernel_value, n + 1);
  for (intptr_t i = 0; i < n; i++) {
    k->results[i] = kernel_add_value(r->mem, r->k, *hm_type(r, y->operands[i]), NULL);
    r->k->values.at[k->results[i]].def = k;
    hm_set_value(r, ir_result(op, i), k->results[i]);
  }
  return LOOM_OK;
}

static loom_status scf_while(hm_reader *r, MlirOperation op) {
  carried_list c;
  MlirBlock before = mlirRegionGetFirstBlock(ir_region(op, 0)), after = mlirRegionGetFirstBlock(ir_region(op, 1));
  LOOM_TRY(read_inits(r, op, 0, ir_num_operands(op), &c));
  if (mlirOperationGetNumResults(op) != c.n)
    return hm_unsupported(r, op, "it passes on other values than it was given");
  kernel_op *k = hm_add(r, KERNEL_WHILE, c.n_values, c.init, c.n_values, c.types);
  add_carried_params(r, &c, before, 0, &k->regions[0]);
  LOOM_TRY(inside(r, before, &k->regions[0]));
  add_carried_params(r, &c, after, 0, &k->regions[1]);
  LOOM_TRY(inside(r, after, &k->regions[1]));
  end_region(r, &k->regions[1]);
  set_carried_results(r, &c, op, k);
  return LOOM_OK;
}

/* The condition of a while passes on the region's arguments in their order. */
static loom_status scf_condition(hm_reader *r, MlirOperation op) {
  MlirBlock block = mlirOperationGetBlock(op);
  kernel_value condition;
  for (intptr_t i = 1; i < ir_num_operands(op); i++)
    if (i > mlirBlockGetNumArguments(block) || !mlirValueEqual(ir_operand(op, i), mlirBlockGetArgument(block, i - 1)))
      return hm_unsupported(r, op, "it passes on other values than the region was given");
  LOOM_TRY(hm_value(r, ir_operand(op, 0), &condition));
  hm_add(r, KERNEL_YIELD, 1, &condition, 0, NULL);
  return LOOM_OK;
}

/* Memory is not yielded: what a loop carries of it is itself. */
static loom_status yield(hm_reader *r, MlirOperation op) {
  intptr_t n = ir_num_operands(op);
  kernel_value *v = ARENA_NEW_N(r->mem, kernel_value, n + 1);
  int n_values = 0;
  if (ir_op_is(mlirOperationGetParentOperation(op), "affine.parallel"))
    return LOOM_OK;
  for (intptr_t i = 0; i < n; i++) {
    const hm_item *x = hm_get(r, ir_operand(op, i));
    if (x->kind != HM_MEMORY && x->kind != HM_STORED)
      LOOM_TRY(hm_value(r, ir_operand(op, i), &v[n_values++]));
  }
  hm_add(r, KERNEL_YIELD, n_values, v, 0, NULL);
  return LOOM_OK;
}

static loom_status barrier(hm_reader *r, MlirOperation op) {
  if (r->region != &r->k->body)
    return hm_unsupported(r, op, "a barrier stands between grids");
  hm_add(r, KERNEL_BARRIER, 0, NULL, 0, NULL);
  return LOOM_OK;
}

bool hm_read_control_op(hm_reader *r, MlirOperation op, loom_status *st) {
  static const struct { const char *name; loom_status (*read)(hm_reader *, MlirOperation); } rows[] = {
      {"affine.parallel", affine_parallel}, {"affine.for", affine_for}, {"scf.for", scf_for},     {"scf.if", scf_if},       {"scf.while", scf_while}, {"scf.condition", scf_condition},
      {"scf.yield", yield},                 {"affine.yield", yield},    {"func.return", yield},   {"helion.barrier", barrier}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (text_eq(rows[i].name, ir_op_name(op)))
      return *st = rows[i].read(r, op), true;
  return false;
}
