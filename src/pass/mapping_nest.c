#include "pass/mapping_nest.h"
#include "pass/access_query.h"

enum { DEPTH_MAX = 32 };

/* ---- reading the loop ---- */

/* The extent behind a trip count, and the block size that divides it: through ceil(extent / block), products with constants and block sizes'
 * upper bounds, as upstream looks for it.  0: not known. */
static int64_t value_extent(arena *m, MlirValue v, const char **block, int depth) {
  int64_t n, a, b;
  MlirOperation op = ir_def(v);
  if (depth > DEPTH_MAX)
    return 0;
  if (ir_const_int(v, &n))
    return n;
  if (dialect_sym_name(m, op))
    return ir_attr_int(ir_attr_of(op, "upper_bound"), &n) ? n : 0;
  if (ir_op_is(op, "arith.ceildivui") || ir_op_is(op, "arith.ceildivsi") || ir_op_is(op, "arith.divui") || ir_op_is(op, "arith.divsi")) {
    const char *name = dialect_sym_name(m, ir_def(ir_operand(op, 1)));
    *block = name ? name : *block;
    return value_extent(m, ir_operand(op, 0), block, depth + 1);
  }
  if (!ir_op_is(op, "arith.muli"))
    return 0;
  a = value_extent(m, ir_operand(op, 0), block, depth + 1);
  b = value_extent(m, ir_operand(op, 1), block, depth + 1);
  return __builtin_mul_overflow(a, b, &n) ? 0 : n;
}

static int64_t expr_extent(arena *m, const parallel_loop *p, MlirAffineExpr e, const char **block, int depth) {
  intptr_t dims = mlirAffineMapGetNumDims(p->upper);
  int64_t n;
  if (depth > DEPTH_MAX)
    return 0;
  if (mlirAffineExprIsAConstant(e))
    return mlirAffineConstantExprGetValue(e);
  if (mlirAffineExprIsADim(e))
    return value_extent(m, p->operand[mlirAffineDimExprGetPosition(e)], block, depth + 1);
  if (mlirAffineExprIsASymbol(e))
    return value_extent(m, p->operand[dims + mlirAffineSymbolExprGetPosition(e)], block, depth + 1);
  MlirAffineExpr left = mlirAffineBinaryOpExprGetLHS(e), right = mlirAffineBinaryOpExprGetRHS(e);
  if (mlirAffineExprIsACeilDiv(e) || mlirAffineExprIsAFloorDiv(e)) {
    const char *name = mlirAffineExprIsASymbol(right) ? dialect_sym_name(m, ir_def(p->operand[dims + mlirAffineSymbolExprGetPosition(right)])) : NULL;
    *block = name ? name : *block;
    return expr_extent(m, p, left, block, depth + 1);
  }
  if (!mlirAffineExprIsAMul(e))
    return 0;
  return __builtin_mul_overflow(expr_extent(m, p, left, block, depth + 1), expr_extent(m, p, right, block, depth + 1), &n) ? 0 : n;
}

static bool all_are(MlirAttribute list, int64_t wanted) {
  if (mlirAttributeIsNull(list) || !mlirAttributeIsAArray(list))
    return false;
  for (intptr_t i = 0; i < mlirArrayAttrGetNumElements(list); i++) {
    int64_t v;
    if (!ir_attr_int(mlirArrayAttrGetElement(list, i), &v) || v != wanted)
      return false;
  }
  return true;
}

static bool read_bounds(parallel_loop *p) {
  MlirAttribute low = ir_attr_of(p->op, "lowerBoundsMap"), up = ir_attr_of(p->op, "upperBoundsMap");
  p->n = (int)mlirBlockGetNumArguments(ir_body(p->op));
  p->n_operands = ir_num_operands(p->op);
  if (mlirAttributeIsNull(low) || mlirAttributeIsNull(up) || !mlirAttributeIsAAffineMap(low) || !mlirAttributeIsAAffineMap(up) || p->n < 1 ||
      p->n > PLAN_ITERS_MAX || p->n_operands > 64 || mlirOperationGetNumResults(p->op) || !all_are(ir_attr_of(p->op, "steps"), 1))
    return false;
  MlirAffineMap from = mlirAffineMapAttrGetValue(low);
  p->upper = mlirAffineMapAttrGetValue(up);
  if (mlirAffineMapGetNumResults(from) != p->n || mlirAffineMapGetNumResults(p->upper) != p->n || mlirAffineMapGetNumInputs(from) != 0)
    return false;
  for (int i = 0; i < p->n; i++) {
    MlirAffineExpr e = mlirAffineMapGetResult(from, i);
    if (!mlirAffineExprIsAConstant(e) || mlirAffineConstantExprGetValue(e) != 0)
      return false;
  }
  for (intptr_t i = 0; i < p->n_operands; i++)
    p->operand[i] = ir_operand(p->op, i);
  return true;
}

static bool is_mesh_loop(MlirOperation op, void *data) {
  (void)data;
  return mlirAttributeIsNull(ir_attr_of(op, "loom.physical_dim")) && mlirAttributeIsNull(ir_attr_of(op, "loom.mapped_to"));
}

bool mapping_is_done(MlirOperation func) { return !ir_walk(func, is_mesh_loop, NULL); }

loom_status mapping_find_loop(ir_ctx *ir, MlirOperation func, parallel_loop *out) {
  *out = (parallel_loop){0};
  MlirBlock body = ir_body(func);
  if (mlirBlockIsNull(body))
    return LOOM_OK;
  for (MlirOperation op = mlirBlockGetFirstOperation(body); !mlirOperationIsNull(op); op = mlirOperationGetNextInBlock(op)) {
    if (!ir_op_is(op, "affine.parallel"))
      continue;
    if (!mlirOperationIsNull(out->op))
      LOOM_FAIL(ir->ctx, ir_span(ir, op), LOOM_EUNSUP, "a second parallel loop; one is mapped to the mesh");
    out->op = op;
  }
  if (mlirOperationIsNull(out->op))
    return LOOM_OK;
  if (!read_bounds(out)) {
    diag_error(ir->ctx, ir_span(ir, out->op), LOOM_EUNSUP, "this parallel loop cannot be mapped");
    diag_help(ir->ctx, "expected 1 to %d dims from 0 with step 1, one upper bound each, and no results", PLAN_ITERS_MAX);
    return LOOM_EUNSUP;
  }
  for (int i = 0; i < out->n; i++)
    out->extent[i] = expr_extent(&ir->ctx->mem, out, mlirAffineMapGetResult(out->upper, i), &out->block[i], 0);
  return LOOM_OK;
}

/* ---- writing the nest ---- */
typedef struct nest_writer {
  ir_ctx *ir;
  const parallel_loop *p;
  const plan_mapping *m;
  char generation;
  ir_builder b;
  bool is_affine;                       /* rounds are affine.for */
  MlirValue level[PLAN_LOGICAL_MAX], round[PLAN_ITERS_MAX];
} nest_writer;

static void set_block(nest_writer *w, MlirOperation loop, int iter) {
  if (w->p->block[iter] && w->generation == 'c')
    ir_set_attr(loop, "loom.block_sym", ir_symbol_attr(w->ir, w->p->block[iter]));
}

/* Ends the body with `end` and goes on in front of it. */
static void enter(nest_writer *w, MlirBlock body, const char *end) {
  w->b = ir_at_end(w->ir, body);
  w->b = ir_before(w->ir, ir_build(&w->b, end, 0, NULL, 0, NULL, 0, NULL, 0, NULL));
}

static loom_status open_level(nest_writer *w, int l) {
  ir_ctx *ir = w->ir;
  arena *m = &ir->ctx->scratch;
  const plan_logical *x = &w->m->logical[l];
  MlirBlock body;
  MlirRegion region = ir_new_region(ir, 1, (MlirType[]){ir_index_type(ir)}, &body);
  MlirAttribute one = ir_attr(ir, "dense<1> : tensor<1xi32>");
  const ir_named attrs[] = {{"lowerBoundsMap", ir_attr(ir, "affine_map<() -> (0)>")},
                            {"lowerBoundsGroups", one},
                            {"upperBoundsMap", ir_attr(ir, arena_printf(m, "affine_map<() -> (%" PRId64 ")>", x->size))},
                            {"upperBoundsGroups", one},
                            {"steps", ir_attr(ir, "[1 : i64]")},
                            {"reductions", ir_attr(ir, "[]")},
                            {"loom.iter_type", pass_kind_attr(ir, LOOP_SPATIAL)}};
  MlirOperation loop = ir_build(&w->b, "affine.parallel", 0, NULL, 0, NULL, 7, attrs, 1, &region);
  if (mlirOperationIsNull(loop))
    return LOOM_EBUG;
  const char *name = w->m->mesh_name[x->mesh_dim];
  if (w->generation == 'c') {
    ir_set_attr(loop, "loom.physical_dim", ir_symbol_attr(ir, text_starts(name, "dim_") ? name : arena_printf(m, "dim_%s", name)));
    ir_set_attr(loop, "loom.logical_level", ir_int_attr(ir, x->level));
  } else {
    ir_set_attr(loop, "loom.mapped_to", ir_symbol_attr(ir, name));
  }
  set_block(w, loop, x->iter);
  w->level[l] = mlirBlockGetArgument(body, 0);
  enter(w, body, "affine.yield");
  return LOOM_OK;
}

static MlirAffineExpr rounds_expr(const nest_writer *w, int i) {
  MlirAffineExpr e = mlirAffineMapGetResult(w->p->upper, i);
  int64_t cores = plan_iter_cores(w->m, i);
  return cores == 1 ? e : mlirAffineCeilDivExprGet(e, mlirAffineConstantExprGet(w->ir->mlir, cores));
}

static MlirOperation build_affine_rounds(nest_writer *w, int i, MlirRegion *region) {
  ir_ctx *ir = w->ir;
  MlirAffineExpr e = rounds_expr(w, i);
  MlirAffineMap map = mlirAffineMapGet(ir->mlir, mlirAffineMapGetNumDims(w->p->upper), mlirAffineMapGetNumSymbols(w->p->upper), 1, &e);
  int32_t segments[] = {0, (int32_t)w->p->n_operands, 0};
  const ir_named attrs[] = {{"lowerBoundMap", ir_attr(ir, "affine_map<() -> (0)>")},
                            {"upperBoundMap", mlirAffineMapAttrGet(map)},
                            {"step", ir_index_attr(ir, 1)},
                            {"operandSegmentSizes", mlirDenseI32ArrayGet(ir->mlir, 3, segments)}};
  return ir_build(&w->b, "affine.for", 0, NULL, w->p->n_operands, w->p->operand, 4, attrs, 1, region);
}

/* scf.for to ceil(trips / cores). */
static MlirOperation build_scf_rounds(nest_writer *w, int i, MlirRegion *region) {
  ir_ctx *ir = w->ir;
  MlirType index = ir_index_type(ir);
  MlirAffineExpr e = mlirAffineMapGetResult(w->p->upper, i);
  MlirValue trips;
  if (mlirAffineExprIsADim(e)) {
    trips = w->p->operand[mlirAffineDimExprGetPosition(e)];
  } else if (mlirAffineExprIsASymbol(e)) {
    trips = w->p->operand[mlirAffineMapGetNumDims(w->p->upper) + mlirAffineSymbolExprGetPosition(e)];
  } else {
    MlirAffineMap map = mlirAffineMapGet(ir->mlir, mlirAffineMapGetNumDims(w->p->upper), mlirAffineMapGetNumSymbols(w->p->upper), 1, &e);
    trips = ir_build1(&w->b, "affine.apply", index, w->p->n_operands, w->p->operand, 1, &(ir_named){"map", mlirAffineMapAttrGet(map)});
  }
  int64_t cores = plan_iter_cores(w->m, i);
  if (cores > 1)
    trips = ir_build1(&w->b, "arith.ceildivui", index, 2, (MlirValue[]){trips, ir_index_const(&w->b, cores)}, 0, NULL);
  const MlirValue operands[] = {ir_index_const(&w->b, 0), trips, ir_index_const(&w->b, 1)};
  return ir_build(&w->b, "scf.for", 0, NULL, 3, operands, 0, NULL, 1, region);
}

static loom_status open_rounds(nest_writer *w, int i) {
  MlirBlock body;
  MlirRegion region = ir_new_region(w->ir, 1, (MlirType[]){ir_index_type(w->ir)}, &body);
  MlirOperation loop = w->is_affine ? build_affine_rounds(w, i, &region) : build_scf_rounds(w, i, &region);
  if (mlirOperationIsNull(loop))
    return LOOM_EBUG;
  ir_set_attr(loop, "loom.iter_type", pass_kind_attr(w->ir, LOOP_TEMPORAL));
  set_block(w, loop, i);
  w->round[i] = mlirBlockGetArgument(body, 0);
  enter(w, body, w->is_affine ? "affine.yield" : "scf.yield");
  return LOOM_OK;
}

/* Which tile of iterator i this core takes in this round: its place among the iterator's cores + round * cores. */
static MlirValue tile_index(nest_writer *w, int i) {
  MlirContext c = w->ir->mlir;
  MlirValue operands[PLAN_LOGICAL_MAX + 1];
  MlirAffineExpr e = mlirAffineConstantExprGet(c, 0);
  int n = 0;
  for (int l = 0; l < w->m->n_logical; l++) {
    const plan_logical *x = &w->m->logical[l];
    if (x->iter != i || x->size == 1)
      continue;
    operands[n] = w->level[l];
    e = mlirAffineAddExprGet(mlirAffineMulExprGet(e, mlirAffineConstantExprGet(c, x->size)), mlirAffineDimExprGet(c, n++));
  }
  if (n == 0)
    return w->round[i];
  operands[n] = w->round[i];
  e = mlirAffineAddExprGet(e, mlirAffineMulExprGet(mlirAffineDimExprGet(c, n), mlirAffineConstantExprGet(c, plan_iter_cores(w->m, i))));
  MlirAffineMap map = mlirAffineMapGet(c, n + 1, 0, 1, &e);
  return ir_build1(&w->b, "affine.apply", ir_index_type(w->ir), n + 1, operands, 1, &(ir_named){"map", mlirAffineMapAttrGet(map)});
}

static bool mark_sequential(MlirOperation op, void *data) {
  ir_ctx *ir = data;
  if ((ir_op_is(op, "scf.for") || ir_op_is(op, "affine.for")) && mlirAttributeIsNull(ir_attr_of(op, "loom.iter_type")))
    ir_set_attr(op, "loom.iter_type", pass_kind_attr(ir, LOOP_SEQUENTIAL));
  return true;
}

loom_status mapping_apply(ir_ctx *ir, const parallel_loop *p, const plan_mapping *m, char generation) {
  nest_writer w = {.ir = ir, .p = p, .m = m, .generation = generation, .b = ir_before(ir, p->op)};
  MlirBlock body = ir_body(p->op);
  MlirOperation end = mlirBlockGetTerminator(body);
  /* operands of affine loads and stores must come from affine loops */
  w.is_affine = generation != 'c' || ir_count(p->op, "affine.load") || ir_count(p->op, "affine.store");
  ir_walk(p->op, mark_sequential, ir);
  for (int i = 0; i < p->n; i++)
    for (int l = 0; l < m->n_logical; l++)
      if (m->logical[l].iter == i && (generation == 'c' || m->logical[l].size > 1 || m->mesh_size[m->logical[l].mesh_dim] == 1))
        LOOM_TRY(open_level(&w, l));
  for (int i = 0; i < p->n; i++)
    LOOM_TRY(open_rounds(&w, m->order[i]));
  for (int i = 0; i < p->n; i++) {
    MlirValue index = tile_index(&w, i);
    if (mlirValueIsNull(index))
      return LOOM_EBUG;
    ir_replace_uses(mlirBlockGetArgument(body, i), index);
  }
  for (MlirOperation op = mlirBlockGetFirstOperation(body), next; !mlirOperationEqual(op, end); op = next) {
    next = mlirOperationGetNextInBlock(op);
    mlirOperationMoveBefore(op, w.b.before);
  }
  return ir_erase(p->op) ? LOOM_OK : LOOM_EBUG;
}
