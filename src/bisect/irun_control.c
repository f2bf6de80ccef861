/* scf, affine, func: loops, grids, conditions, index maps. */
#include "bisect/irun.h"

enum { CARRIED_MAX = 64, ROUNDS_MAX = 1 << 24 };

static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

int64_t irun_affine(MlirAffineExpr e, const int64_t *dims, const int64_t *symbols, bool *bad) {
  if (mlirAffineExprIsADim(e))
    return dims[mlirAffineDimExprGetPosition(e)];
  if (mlirAffineExprIsASymbol(e)) {
    *bad = *bad || !symbols;
    return symbols ? symbols[mlirAffineSymbolExprGetPosition(e)] : 0;
  }
  if (mlirAffineExprIsAConstant(e))
    return mlirAffineConstantExprGetValue(e);
  int64_t a = irun_affine(mlirAffineBinaryOpExprGetLHS(e), dims, symbols, bad), b = irun_affine(mlirAffineBinaryOpExprGetRHS(e), dims, symbols, bad);
  if (mlirAffineExprIsAAdd(e))
    return a + b;
  if (mlirAffineExprIsAMul(e))
    return a * b;
  if (b <= 0) {
    *bad = true;
    return 0;
  }
  if (mlirAffineExprIsAMod(e))
    return a - floor_div(a, b) * b;
  return mlirAffineExprIsAFloorDiv(e) ? floor_div(a, b) : -floor_div(-a, b);
}

/* Results of a map whose operands begin at `first`. */
static bool apply_map(irun *r, MlirOperation op, MlirAffineMap map, intptr_t first, int64_t *out, int *n) {
  int64_t in[FLOW_RANK_MAX * 4];
  intptr_t n_dims = mlirAffineMapGetNumDims(map), count = mlirAffineMapGetNumInputs(map);
  bool bad = false;
  if (count > FLOW_RANK_MAX * 4)
    return false;
  for (intptr_t i = 0; i < count; i++)
    in[i] = irun_int(r, op, first + i);
  *n = (int)mlirAffineMapGetNumResults(map);
  for (int i = 0; i < *n && i < FLOW_RANK_MAX * 2; i++)
    out[i] = irun_affine(mlirAffineMapGetResult(map, i), in, in + n_dims, &bad);
  return !bad && *n <= FLOW_RANK_MAX * 2;
}

static bool run_apply(irun *r, MlirOperation op, int id) {
  int64_t v[FLOW_RANK_MAX * 2];
  int n;
  MlirAttribute map = ir_attr_of(op, "map");
  (void)id;
  if (mlirAttributeIsNull(map) || !apply_map(r, op, mlirAffineMapAttrGetValue(map), 0, v, &n))
    return false;
  bool least = ir_op_is(op, "affine.min"), most = ir_op_is(op, "affine.max");
  for (int i = 1; i < n; i++)
    if ((least && v[i] < v[0]) || (most && v[i] > v[0]))
      v[0] = v[i];
  irun_set_scalar(r, op, DTYPE_I64, (double)v[0], -1);
  return n == 1 || least || most;
}

/* affine.linearize_index [i, j] by (m, n): the first extent may be left out. */
static bool run_linearize(irun *r, MlirOperation op, int id) {
  intptr_t first, count;
  int64_t basis[FLOW_RANK_MAX], at = 0;
  int n = 0;
  (void)id;
  if (!ir_segment(op, 0, &first, &count)) {
    first = 0;
    count = ir_num_operands(op);
  }
  if (!irun_mixed(r, op, "static_basis", ir_segment(op, 1, &first, &count) ? 1 : -1, basis, &n))
    return false;
  if (!ir_segment(op, 0, &first, &count)) {
    first = 0;
    count = ir_num_operands(op);
  }
  for (intptr_t i = 0; i < count; i++) {
    intptr_t b = i + n - count;
    at = at * (i > 0 && b >= 0 ? basis[b] : 1) + irun_int(r, op, first + i);
  }
  irun_set_scalar(r, op, DTYPE_I64, (double)at, -1);
  return true;
}

/* ---- loops ---- */
static void set_index(irun *r, MlirValue v, int64_t n) { *irun_slot(r, v) = (irun_value){.kind = IRUN_SCALAR, .type = DTYPE_I64, .x = (double)n, .node = -1}; }

/* The value that `op` hands on: a node of its own, with the same elements. */
static irun_value hand_on(irun *r, MlirOperation op, irun_value v) {
  if (v.node < 0 || r->statement)
    return v;
  flow_node n = r->flow->nodes.at[v.node];
  v.node = irun_add(r, op, FLOW_MOVE, 1, &v.node, n.type, n.rank, n.shape, n.x);
  r->flow->elems -= n.elems;   /* shared */
  return v;
}

/* The rounds of a loop whose index is the first argument of its block; operands from `first` on are handed from round to round, and become its results. */
static bool run_rounds(irun *r, MlirOperation op, int id, int64_t from, int64_t to, int64_t step, intptr_t first) {
  MlirBlock body = ir_body(op);
  const int n = (int)(ir_num_operands(op) - first);
  int64_t round = 0;
  irun_value carried[CARRIED_MAX];
  if (n > CARRIED_MAX)
    return false;
  for (int i = 0; i < n; i++)
    carried[i] = *irun_operand(r, op, first + i);
  for (int64_t at = from; at < to; at += step, round++) {
    MlirOperation last;
    if (!r->statement)
      flow_enter(r->flow, id, false, 1, &round);
    set_index(r, mlirBlockGetArgument(body, 0), at);
    for (int i = 0; i < n; i++)
      *irun_slot(r, mlirBlockGetArgument(body, 1 + i)) = carried[i];
    if (!irun_spend(r, op, 1) || !irun_block(r, body, &last))
      return false;
    for (int i = 0; i < n; i++)
      carried[i] = hand_on(r, last, *irun_operand(r, last, i));
    if (!r->statement)
      flow_leave(r->flow);
  }
  for (int i = 0; i < n; i++)
    *irun_slot(r, ir_result(op, i)) = hand_on(r, op, carried[i]);
  return true;
}

static bool run_for(irun *r, MlirOperation op, int id) {
  enum { BOUNDS = 3 };      /* operands: from, to, step */
  const int64_t from = irun_int(r, op, 0), to = irun_int(r, op, 1), step = irun_int(r, op, 2);
  if (step <= 0)
    return irun_stop(r, op, BISECT_BROKE, "its step is not positive");
  if (!r->statement && r->infos.at[id].is_statement < 0)
    r->infos.at[id].is_statement = irun_is_statement(op) ? 1 : 0;
  if (!r->statement && r->infos.at[id].is_statement)
    return irun_run_statement(r, op, run_for, id);
  if (r->statement)
    irun_statement_loop(r, to > from ? (to - from - 1) / step + 1 : 0);
  if (!run_rounds(r, op, id, from, to, step, BOUNDS))
    return false;
  if (r->statement)
    irun_statement_loop_end(r);
  return true;
}

static bool run_while(irun *r, MlirOperation op, int id) {
  MlirBlock before = ir_body(op), after = mlirRegionGetFirstBlock(ir_region(op, 1));
  int n = (int)ir_num_operands(op);
  irun_value carried[CARRIED_MAX];
  if (n > CARRIED_MAX)
    return false;
  for (int i = 0; i < n; i++)
    carried[i] = *irun_operand(r, op, i);
  for (int64_t round = 0;; round++) {
    MlirOperation last;
    if (!irun_spend(r, op, 1))
      return false;
    for (int i = 0; i < n; i++)
      *irun_slot(r, mlirBlockGetArgument(before, i)) = carried[i];
    if (!irun_block(r, before, &last))
      return false;
    bool goes_on = irun_operand(r, last, 0)->x != 0;
    int m = (int)ir_num_operands(last) - 1;
    if (m > CARRIED_MAX)
      return false;
    if (!goes_on) {
      for (int i = 0; i < m; i++)
        *irun_slot(r, ir_result(op, i)) = hand_on(r, op, *irun_operand(r, last, 1 + i));
      return true;
    }
    flow_enter(r->flow, id, false, 1, &round);
    for (int i = 0; i < m; i++)
      *irun_slot(r, mlirBlockGetArgument(after, i)) = *irun_operand(r, last, 1 + i);
    if (!irun_block(r, after, &last))
      return false;
    for (int i = 0; i < n; i++)
      carried[i] = hand_on(r, last, *irun_operand(r, last, i));
    flow_leave(r->flow);
  }
}

static bool run_if(irun *r, MlirOperation op, int id) {
  MlirRegion taken = ir_region(op, irun_operand(r, op, 0)->x != 0 ? 0 : 1);
  MlirBlock b = mlirRegionGetFirstBlock(taken);
  MlirOperation last;
  (void)id;
  if (mlirBlockIsNull(b))
    return true;
  if (!irun_block(r, b, &last))
    return false;
  for (intptr_t i = 0; i < mlirOperationGetNumResults(op); i++)
    *irun_slot(r, ir_result(op, i)) = hand_on(r, last, *irun_operand(r, last, i));
  return true;
}

/* ---- grids ---- */
typedef struct grid { int n; int64_t from[FLOW_RANK_MAX], to[FLOW_RANK_MAX], step[FLOW_RANK_MAX]; } grid;

static bool run_grid(irun *r, MlirOperation op, int id, const grid *g) {
  MlirBlock body = ir_body(op);
  int64_t number[FLOW_RANK_MAX] = {0};
  for (int d = 0; d < g->n; d++)
    if (g->from[d] >= g->to[d])
      return true;
  for (;;) {
    flow_enter(r->flow, id, !r->flow->frame, g->n, number);
    for (int d = 0; d < g->n; d++)
      set_index(r, mlirBlockGetArgument(body, d), g->from[d] + number[d] * g->step[d]);
    if (!irun_spend(r, op, 1) || !irun_block(r, body, NULL))
      return false;
    flow_leave(r->flow);
    int d = g->n - 1;
    while (d >= 0 && g->from[d] + ++number[d] * g->step[d] >= g->to[d])
      number[d--] = 0;
    if (d < 0)
      return true;
  }
}

static bool run_scf_parallel(irun *r, MlirOperation op, int id) {
  grid g = {.n = (int)mlirBlockGetNumArguments(ir_body(op))};
  if (g.n > FLOW_RANK_MAX || ir_num_operands(op) != 3 * g.n || mlirOperationGetNumResults(op) != 0)
    return false;
  for (int d = 0; d < g.n; d++) {
    g.from[d] = irun_int(r, op, d);
    g.to[d] = irun_int(r, op, g.n + d);
    g.step[d] = irun_int(r, op, 2 * g.n + d);
    if (g.step[d] <= 0)
      return irun_stop(r, op, BISECT_BROKE, "a step is not positive");
  }
  return run_grid(r, op, id, &g);
}

/* affine.parallel with one bound a dim, as stage 0 has it. */
static bool run_affine_parallel(irun *r, MlirOperation op, int id) {
  MlirAttribute lower = ir_attr_of(op, "lowerBoundsMap"), upper = ir_attr_of(op, "upperBoundsMap"), steps = ir_attr_of(op, "steps");
  grid g = {.n = (int)mlirBlockGetNumArguments(ir_body(op))};
  int n;
  if (g.n > FLOW_RANK_MAX || mlirAttributeIsNull(lower) || mlirAttributeIsNull(upper) || mlirOperationGetNumResults(op) != 0)
    return false;
  MlirAffineMap low = mlirAffineMapAttrGetValue(lower), high = mlirAffineMapAttrGetValue(upper);
  int64_t v[FLOW_RANK_MAX * 2];
  if (!apply_map(r, op, low, 0, v, &n) || n != g.n)
    return false;
  memcpy(g.from, v, sizeof g.from);
  if (!apply_map(r, op, high, mlirAffineMapGetNumInputs(low), v, &n) || n != g.n)
    return false;
  memcpy(g.to, v, sizeof g.to);
  for (int d = 0; d < g.n; d++) {
    g.step[d] = 1;
    if (!mlirAttributeIsNull(steps) && mlirAttributeIsAArray(steps) && !ir_attr_int(mlirArrayAttrGetElement(steps, d), &g.step[d]))
      return false;
  }
  return run_grid(r, op, id, &g);
}

static bool run_affine_for(irun *r, MlirOperation op, int id) {
  MlirAttribute lower = ir_attr_of(op, "lowerBoundMap"), upper = ir_attr_of(op, "upperBoundMap"), by = ir_attr_of(op, "step");
  int64_t v[FLOW_RANK_MAX * 2], from, to, step = 1;
  int n;
  if (mlirAttributeIsNull(lower) || mlirAttributeIsNull(upper) || !apply_map(r, op, mlirAffineMapAttrGetValue(lower), 0, v, &n) || n < 1)
    return false;
  from = v[0];
  for (int i = 1; i < n; i++)
    from = v[i] > from ? v[i] : from;
  intptr_t first = mlirAffineMapGetNumInputs(mlirAffineMapAttrGetValue(lower));
  if (!apply_map(r, op, mlirAffineMapAttrGetValue(upper), first, v, &n) || n < 1)
    return false;
  to = v[0];
  for (int i = 1; i < n; i++)
    to = v[i] < to ? v[i] : to;
  first += mlirAffineMapGetNumInputs(mlirAffineMapAttrGetValue(upper));
  if ((!mlirAttributeIsNull(by) && !ir_attr_int(by, &step)) || step <= 0)
    return false;
  return run_rounds(r, op, id, from, to, step, first);
}

static bool run_end(irun *r, MlirOperation op, int id) {
  (void)id;
  r->returned = ir_op_is(op, "func.return");
  return true;
}

irun_fn irun_control_handler(const char *name) {
  static const struct { const char *name; irun_fn run; } known[] = {
      {"scf.for", run_for}, {"scf.while", run_while}, {"scf.if", run_if}, {"scf.parallel", run_scf_parallel}, {"scf.yield", run_end}, {"scf.reduce", run_end},
      {"scf.condition", run_end}, {"affine.parallel", run_affine_parallel}, {"affine.for", run_affine_for}, {"affine.yield", run_end}, {"affine.apply", run_apply},
      {"affine.min", run_apply}, {"affine.max", run_apply}, {"affine.linearize_index", run_linearize}, {"func.return", run_end}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (text_eq(known[i].name, name))
      return known[i].run;
  return NULL;
}
