/* Which operations become one kernel.
 *
 * A group is a first operation and those after it that read what it made at the very element they work on, so that it never leaves the tile:
 *   whole rows   elementwise operations and reductions over one iteration; reduced dims are whole in each tile, at most NET_WHOLE_MAX elements together
 *   looped       a product, a window or a long reduction, walked by loops with an accumulator, then elementwise operations on what came out
 * A kernel runs where its last operation stood; nothing between may read what it makes. */
#include "network/net_private.h"

static bool reduces_any(const net_op *op) {
  for (int d = 0; d < op->loops.n; d++)
    if (op->reduces[d] && op->loops.extent[d] > 1)
      return true;
  return false;
}

/* Does an operand add a reduced loop to another one, as windows do? */
static bool has_window(const net_op *op) {
  for (int i = 0; i < op->n_in; i++) {
    const net_access *x = &op->in[i];
    int64_t covered = 1, reached = 1;
    if (x->value.kind != NET_MEMORY || !axis_is_linear(x->at))
      continue;
    for (int d = 0; d < op->loops.n; d++)
      if (axis_coef(x->at, d)) {
        covered *= op->loops.extent[d];
        reached += axis_coef(x->at, d) * (op->loops.extent[d] - 1);
      }
    if (covered > reached && reduces_any(op))      /* more index tuples than elements: some meet */
      return true;
  }
  return false;
}

static int64_t reduced_elems(const net_op *op) {
  int64_t n = 1;
  for (int d = 0; d < op->loops.n; d++)
    n *= op->reduces[d] ? op->loops.extent[d] : 1;
  return n;
}

/* Is it the sum of products of two operands, each of which lacks a loop of the other? */
static bool is_contraction(const net_op *op) {
  kernel_fn fn;
  MlirValue x;
  net_fn f;
  if (mlirOperationIsNull(op->op) || op->n_out != 1 || !reduces_any(op) || !net_combiner(op, 0, &fn, &x) || fn != KERNEL_FN_ADD)
    return false;
  MlirOperation def = ir_def(x);
  while (!mlirOperationIsNull(def) && net_scalar_fn(def, &f) && f.kind == KERNEL_CAST)
    def = ir_def(ir_operand(def, 0));
  return !mlirOperationIsNull(def) && net_scalar_fn(def, &f) && f.fn == KERNEL_FN_MUL && !mlirValueEqual(ir_operand(def, 0), ir_operand(def, 1)) && op->n_in >= 2;
}

static bool needs_loops(const net_op *op) { return reduces_any(op) && (reduced_elems(op) > NET_WHOLE_MAX || has_window(op) || is_contraction(op)); }

/* ---- does it join? ---- */

/* Access `e` over the loops of `op` and access `w` over the group's dims meet at every element: fills loop -> dim; false: they do not. */
static bool match(const net_op *op, axis_expr e, const net_group *g, axis_expr w, int *dim_of) {
  if (!axis_is_linear(e) || e.constant != w.constant || e.n != w.n)
    return false;
  for (int i = 0; i < e.n; i++) {
    int loop = e.term[i].atom->var, found = -1;
    for (int k = 0; k < w.n; k++)
      if (w.term[k].coef == e.term[i].coef && g->space.extent[w.term[k].atom->var] == op->loops.extent[loop])
        found = w.term[k].atom->var;
    if (found < 0 || (dim_of[loop] >= 0 && dim_of[loop] != found))
      return false;
    dim_of[loop] = found;
  }
  return true;
}

static axis_expr over_dims(arena *m, const net_group *g, int member, axis_expr e) {
  axis_expr by[AXIS_MAX] = {{0}};
  for (int l = 0; l < AXIS_MAX; l++)
    by[l] = g->loop_of[member][l] >= 0 ? axis_var(m, g->loop_of[member][l]) : axis_const(0);
  return axis_subst(m, &g->space, e, by);
}

/* Loops that no operand from the group fixed: a dim of the same extent that is not taken. */
static bool map_the_rest(const net_op *op, const net_group *g, int *dim_of) {
  bool taken[AXIS_MAX] = {false};
  for (int l = 0; l < op->loops.n; l++)
    if (dim_of[l] >= 0)
      taken[dim_of[l]] = true;
  for (int l = 0; l < op->loops.n; l++) {
    if (dim_of[l] >= 0 || op->loops.extent[l] == 1)
      continue;
    for (int d = 0; d < g->space.n && dim_of[l] < 0; d++)
      if (!taken[d] && g->space.extent[d] == op->loops.extent[l]) {
        dim_of[l] = d;
        taken[d] = true;
      }
    if (dim_of[l] < 0)
      return false;
  }
  return true;
}

/* All that it reads of the group is what the group made at the same element. */
static bool reads_in_place(net_reader *r, const net_op *op, const net_group *g, int *dim_of, bool *any) {
  *any = false;
  for (int i = 0; i < op->n_in + op->n_out; i++) {
    const net_access *x = i < op->n_in ? &op->in[i] : &op->init[i - op->n_in];
    for (int k = 0; x->value.kind == NET_MEMORY && k < g->n; k++) {
      const net_op *maker = &r->ops.at[g->op[k]];
      for (int o = 0; o < maker->n_out; o++) {
        if (maker->out[o].value.tensor != x->value.tensor)
          continue;
        if (i >= op->n_in || !match(op, x->at, g, over_dims(r->mem, g, k, maker->out[o].at), dim_of))
          return false;
        *any = true;
      }
    }
  }
  return *any;
}

static bool reads_group(net_reader *r, const net_op *op, const net_group *g) {
  for (int i = 0; i < op->n_in + op->n_out; i++) {
    const net_access *x = i < op->n_in ? &op->in[i] : &op->init[i - op->n_in];
    for (int k = 0; x->value.kind == NET_MEMORY && k < g->n; k++)
      for (int o = 0; o < r->ops.at[g->op[k]].n_out; o++)
        if (r->ops.at[g->op[k]].out[o].value.tensor == x->value.tensor)
          return true;
  }
  return false;
}

static bool fits(const net_op *op, const net_group *g, const int *dim_of) {
  int64_t whole = 1;
  for (int d = 0; d < g->space.n; d++) {
    bool reduced = g->reduces[d];
    for (int l = 0; l < op->loops.n; l++)
      reduced = reduced || (dim_of[l] == d && op->reduces[l]);
    whole *= reduced ? g->space.extent[d] : 1;
  }
  if (!g->looped)
    return whole <= NET_WHOLE_MAX;
  if (reduces_any(op))
    return false;
  for (int l = 0; l < op->loops.n; l++)      /* behind a loop there is only what came out of it */
    if (dim_of[l] >= 0 && g->reduces[dim_of[l]])
      return false;
  return true;
}

static bool joins(net_reader *r, const net_op *op, const net_group *g, int *dim_of) {
  bool any;
  for (int l = 0; l < AXIS_MAX; l++)
    dim_of[l] = -1;
  return op->group < 0 && !mlirOperationIsNull(op->op) && !needs_loops(op) && g->n < NET_MEMBERS_MAX && reads_in_place(r, op, g, dim_of, &any) && map_the_rest(op, g, dim_of) &&
         fits(op, g, dim_of);
}

static void add_member(net_reader *r, net_group *g, int index, const int *dim_of) {
  net_op *op = &r->ops.at[index];
  memcpy(g->loop_of[g->n], dim_of, sizeof g->loop_of[0]);
  g->op[g->n++] = index;
  g->last = index;
  for (int l = 0; l < op->loops.n; l++)
    if (dim_of[l] >= 0 && op->reduces[l])
      g->reduces[dim_of[l]] = true;
}

static net_group begin(net_reader *r, int index) {
  const net_op *op = &r->ops.at[index];
  net_group g = {.looped = !mlirOperationIsNull(op->op) && needs_loops(op)};
  int dim_of[AXIS_MAX];
  for (int l = 0; l < AXIS_MAX; l++)
    dim_of[l] = -1;
  for (int l = 0; l < op->loops.n; l++)
    if (op->loops.extent[l] > 1) {
      dim_of[l] = g.space.n;
      g.space.extent[g.space.n++] = op->loops.extent[l];
    }
  add_member(r, &g, index, dim_of);
  return g;
}

void net_make_groups(net_reader *r, net_groups *out) {
  for (size_t i = 0; i < r->ops.n; i++) {
    if (r->ops.at[i].group >= 0)
      continue;
    net_group g = begin(r, (int)i);
    r->ops.at[i].group = (int)out->n;
    bool open = !mlirOperationIsNull(r->ops.at[i].op);
    for (size_t j = i + 1; j < r->ops.n && open; j++) {
      int dim_of[AXIS_MAX];
      if (joins(r, &r->ops.at[j], &g, dim_of)) {
        add_member(r, &g, (int)j, dim_of);
        r->ops.at[j].group = (int)out->n;
      } else {
        open = !reads_group(r, &r->ops.at[j], &g);
      }
    }
    vec_push(r->mem, out, g);
  }
}
