/* What is tiled, what is looped: from the strides of a nest. */
#include "network/net_private.h"

static const net_op *member(const net_reader *r, const net_nest *n, int i) { return &r->ops.at[n->group->op[i]]; }

/* ---- products ---- */

int net_dims_of(const net_reader *r, const net_nest *n, int m, MlirValue v) {
  const net_op *op = member(r, n, m);
  int mask = 0, i = net_input_of(op, v);
  double number;
  if (net_constant(v, &number))
    return 0;
  if (i >= 0) {
    for (int d = 0; d < n->space.n && op->in[i].value.kind == NET_MEMORY; d++)
      mask |= axis_coef(n->in[m][i], d) ? 1 << d : 0;
    return mask;
  }
  MlirOperation def = ir_def(v);
  if (mlirOperationIsNull(def) || net_loop_of(op, v) >= 0)
    return -1;
  for (intptr_t k = 0; k < ir_num_operands(def) && mask >= 0; k++) {
    int more = net_dims_of(r, n, m, ir_operand(def, k));
    mask = more < 0 ? -1 : mask | more;
  }
  return mask;
}

int net_largest(const net_nest *n, int mask) {
  int best = -1;
  for (int d = 0; d < n->space.n; d++)
    if ((mask >> d & 1) && (best < 0 || n->space.extent[d] >= n->space.extent[best]))
      best = d;
  return best;
}

enum { SHORT_SUM = 16 };      /* sums of fewer products are not worth a matrix unit where one side has no dim of its own */

static bool choose_product(net_reader *r, const net_nest *n, net_form *f) {
  MlirOperation mul = net_summed_product(member(r, n, 0));
  if (mlirOperationIsNull(mul))
    return false;
  int all = 0, reduced = 0, a = net_dims_of(r, n, 0, ir_operand(mul, 0)), b = net_dims_of(r, n, 0, ir_operand(mul, 1));
  for (int d = 0; d < n->space.n; d++) {
    all |= 1 << d;
    reduced |= n->reduces[d] ? 1 << d : 0;
  }
  if (a < 0 || b < 0 || !(a & b & reduced))
    return false;
  int both = a & b & all & ~reduced;
  f->m = net_largest(n, a & ~b & ~reduced);
  f->n = net_largest(n, b & ~a & ~reduced);
  f->k = net_largest(n, a & b & reduced);
  f->a = ir_operand(mul, 0);
  f->b = ir_operand(mul, 1);
  if ((f->m < 0 || f->n < 0) && (n->space.extent[f->k] < SHORT_SUM || (both && f->m < 0 && f->n < 0)))
    return false;
  for (int d = 0; d < n->space.n; d++)
    f->walk[d] = n->reduces[d] ? NET_LOOP : NET_GRID;
  f->walk[f->k] = NET_TILE_LOOP;
  if (f->m >= 0)
    f->walk[f->m] = NET_TILE;
  if (f->n >= 0)
    f->walk[f->n] = NET_TILE;
  f->is_product = true;
  bool is_conv = axis_coef(n->in[0][0], f->k) != 0 && (reduced & (reduced - 1)) != 0;
  f->op = is_conv ? "conv" : both ? "batch_matmul" : "matmul";
  return true;
}

/* ---- the rest ---- */

enum { WALKED_MAX = 2, HELD_MAX = 16 };

/* Of the dims that are walked one by one the smallest are whole in each tile, until few are walked: each point of the grid is a transfer, and a dim more to search plans over. */
static void hold_small_dims(const net_nest *n, net_form *f) {
  int64_t held = 1;
  for (;;) {
    int walked = 0, least = -1;
    for (int d = 0; d < n->space.n; d++)
      if (f->walk[d] == NET_GRID) {
        walked++;
        least = least < 0 || n->space.extent[d] < n->space.extent[least] ? d : least;
      }
    if (walked <= WALKED_MAX || held * n->space.extent[least] > HELD_MAX)
      return;
    held *= n->space.extent[least];
    f->walk[least] = NET_WHOLE;
  }
}

/* The dim with the smallest step in what the last member writes, and the largest of the others. */
static void choose_tiles(net_reader *r, const net_nest *n, int wanted, net_form *f) {
  int last = n->group->n - 1, inner = -1, mask = 0;
  for (int d = 0; d < n->space.n; d++) {
    int64_t c = axis_coef(n->out[last][0], d);
    mask |= f->walk[d] == NET_GRID ? 1 << d : 0;
    if (f->walk[d] == NET_GRID && c > 0 && (inner < 0 || c < axis_coef(n->out[last][0], inner)))
      inner = d;
  }
  (void)r;
  if (wanted == 1) {
    int one = net_largest(n, mask);
    if (one >= 0)
      f->walk[one] = NET_TILE;
    return;
  }
  if (inner >= 0)
    f->walk[inner] = NET_TILE;
  int other = net_largest(n, inner >= 0 ? mask & ~(1 << inner) : mask);
  if (other >= 0)
    f->walk[other] = NET_TILE;
  hold_small_dims(n, f);
}

static bool has_fn(net_reader *r, const net_nest *n, const char *op_name) {
  for (int i = 0; i < n->group->n; i++) {
    const net_op *op = member(r, n, i);
    if (!mlirOperationIsNull(op->op) && ir_count(op->op, op_name))
      return true;
  }
  return false;
}

static const char *reduction_name(net_reader *r, const net_nest *n) {
  kernel_fn fn = KERNEL_FN_NONE;
  MlirValue x;
  int reductions = 0;
  for (int i = 0; i < n->group->n; i++) {
    const net_op *op = member(r, n, i);
    bool reduces = false;
    for (int l = 0; l < op->loops.n; l++)
      reduces = reduces || op->reduces[l];
    if (reduces && net_combiner(op, 0, &fn, &x))
      reductions++;
  }
  if (!reductions)
    return "argmax";
  MlirOperation made = ir_def(x);
  if (reductions == 1 && n->group->looped && !mlirOperationIsNull(made) && ir_op_is(made, "arith.mulf") && net_has_window(member(r, n, 0)))
    return "conv_depthwise";
  if (reductions > 1)
    return has_fn(r, n, "math.exp") ? "softmax" : "normalize";
  return arena_printf(r->mem, "%s_%s", net_has_window(member(r, n, 0)) ? "pool" : "reduce", kernel_fn_name(fn));
}

/* Rows in tiles, and tiles of what lies together in each. */
static const char *look_up_rows(const net_nest *n, const net_op *op, net_form *f) {
  axis_expr at = op->stores_by_lookup ? n->out[0][0] : n->in[0][0];
  int inner = -1;
  for (int d = 0; d < n->space.n; d++) {
    f->walk[d] = axis_coef(n->in[0][1], d) ? NET_TILE : NET_GRID;
    if (axis_coef(at, d) > 0 && (inner < 0 || axis_coef(at, d) < axis_coef(at, inner)))
      inner = d;
  }
  if (inner >= 0)
    f->walk[inner] = NET_TILE;
  return op->stores_by_lookup ? "scatter" : "gather";
}

net_form net_choose_form(net_reader *r, const net_nest *n) {
  net_form f = {.m = -1, .n = -1, .k = -1, .v = -1};
  int64_t reduced = 1;
  bool looped = n->group->looped, any = false;
  if (n->group->attention && net_attention_form(r, n, &f))
    return f;
  if (looped && choose_product(r, n, &f))
    return f;
  for (int d = 0; d < n->space.n; d++) {
    any = any || n->reduces[d];
    reduced *= n->reduces[d] ? n->space.extent[d] : 1;
    f.walk[d] = !n->reduces[d] ? NET_GRID : looped ? NET_LOOP : NET_WHOLE;
  }
  if (looped && reduced > NET_WHOLE_MAX) {
    int mask = 0;
    for (int d = 0; d < n->space.n; d++)
      mask |= n->reduces[d] ? 1 << d : 0;
    f.walk[net_largest(n, mask)] = NET_TILE_LOOP;
  }
  choose_tiles(r, n, any && (!looped || reduced > NET_WHOLE_MAX) ? 1 : 2, &f);
  const net_op *first = member(r, n, 0);
  f.op = first->pairs.kind == NET_PAIRS_BEFORE ? "scan" : first->pairs.kind == NET_PAIRS_SAME ? "scatter_add" : first->finds_last ? "last_places" : first->looks_up ? look_up_rows(n, first, &f) : any ? reduction_name(r, n) : !mlirOperationIsNull(first->op) ? "elementwise" : first->in[0].value.kind == NET_SPLAT ? "fill" : "copy";
  return f;
}
