/* Which operations become one kernel.
 *
 * A group is a first operation and those after it that read what it made at the very element they work on, so that it never leaves the tile:
 *   whole rows   elementwise operations and reductions over one iteration; reduced dims are whole in each tile, at most NET_WHOLE_MAX elements together
 *   looped       a product, a window or a long reduction, walked by loops with an accumulator, then elementwise operations on what came out
 * A kernel runs where its last operation stood; nothing between may read what it makes. */
#include "network/net_private.h"

bool net_reduces(const net_op *op) {
  for (int d = 0; d < op->loops.n; d++)
    if (op->reduces[d])
      return true;
  return false;
}

bool net_reduces_any(const net_op *op) {
  for (int d = 0; d < op->loops.n; d++)
    if (op->reduces[d] && op->loops.extent[d] > 1)
      return true;
  return false;
}

bool net_has_window(const net_op *op) {
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
    if (covered > reached && net_reduces_any(op))      /* more index tuples than elements: some meet */
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
  MlirOperation mul = net_reduces_any(op) ? net_summed_product(op) : (MlirOperation){NULL};
  return !mlirOperationIsNull(mul) && !mlirValueEqual(ir_operand(mul, 0), ir_operand(mul, 1)) && op->n_in >= 2;
}

bool net_needs_loops(const net_op *op) {
  return net_reduces_any(op) && !op->finds_last && op->pairs.kind == NET_PAIRS_NONE && op->extreme.fn == KERNEL_FN_NONE && (reduced_elems(op) > NET_WHOLE_MAX || net_has_window(op) || is_contraction(op));
}

axis_expr net_over_dims(arena *m, const net_group *g, int member, axis_expr e) {
  axis_expr by[AXIS_MAX] = {{0}};
  memcpy(by, g->by[member], sizeof g->by[member]);
  return axis_subst(m, &g->space, e, by);
}

/* ---- does it join? ---- */

/* The terms of an address by rising steps.  False: it has floordiv or mod, or steps back. */
typedef struct steps { int n; int var[AXIS_MAX]; int64_t coef[AXIS_MAX], extent[AXIS_MAX]; } steps;
static bool steps_of(const axis_space *s, axis_expr e, steps *out) {
  *out = (steps){0};
  for (int i = 0; i < e.n; i++) {
    if (e.term[i].atom->var >= 0 && s->extent[e.term[i].atom->var] == 1)
      continue;
    int at = out->n++;
    if (e.term[i].atom->var < 0 || e.term[i].coef < 1 || out->n == AXIS_MAX)
      return false;
    for (; at > 0 && out->coef[at - 1] > e.term[i].coef; at--) {
      out->var[at] = out->var[at - 1];
      out->coef[at] = out->coef[at - 1];
      out->extent[at] = out->extent[at - 1];
    }
    out->var[at] = e.term[i].atom->var;
    out->coef[at] = e.term[i].coef;
    out->extent[at] = s->extent[out->var[at]];
  }
  return true;
}

/* Walks an address over an operation's loops and one over the group's dims together: they are one where their steps are.  A loop may run over several dims: loop[l] is then their
 * sum.  A dim may run over several loops: it is cut there.  False: they are not one address, or (loop given) a dim would have to be cut. */
static bool walk_together(arena *m, const axis_space *dims, const steps *e, const steps *w, axis_boundaries *cuts, axis_expr *loop, bool *is_known) {
  int64_t done_e = 1, done_w = 1;
  axis_expr mine[AXIS_MAX] = {{0}};
  int i = 0, k = 0;
  while (i < e->n && k < w->n) {
    int64_t left_e = e->extent[i] / done_e, left_w = w->extent[k] / done_w, take = left_e < left_w ? left_e : left_w;
    if (e->coef[i] * done_e != w->coef[k] * done_w || left_e % take || left_w % take)
      return false;
    if (loop && (done_w > 1 || take < left_w))
      return false;
    mine[i] = axis_add(m, dims, mine[i], axis_scale(m, axis_var(m, w->var[k]), done_e));
    done_e *= take;
    done_w *= take;
    if (cuts && done_w < w->extent[k])
      axis_collect(dims, axis_floordiv(m, dims, axis_var(m, w->var[k]), done_w), cuts);
    if (done_e == e->extent[i]) {
      i++;
      done_e = 1;
    }
    if (done_w == w->extent[k]) {
      k++;
      done_w = 1;
    }
  }
  for (int l = 0; loop && l < e->n; l++) {
    int v = e->var[l];
    if (is_known[v] && !axis_equal(loop[v], mine[l]))
      return false;
    loop[v] = mine[l];
    is_known[v] = true;
  }
  return i == e->n && k == w->n;
}

/* For each operand that the group makes: its address and the address that it was written to are walked together, until two are not one. */
typedef struct meeting { arena *m; const net_op *op; const net_group *g; axis_boundaries *cuts; axis_expr *loop; bool *is_known; bool any; } meeting;
static bool meet(net_reader *r, meeting *x) {
  for (int i = 0; i < x->op->n_in + x->op->n_out; i++) {
    const net_access *a = i < x->op->n_in ? &x->op->in[i] : &x->op->init[i - x->op->n_in];
    for (int k = 0; a->value.kind == NET_MEMORY && k < x->g->n; k++) {
      const net_op *maker = &r->ops.at[x->g->op[k]];
      for (int o = 0; o < maker->n_out; o++) {
        steps e, w;
        if (maker->out[o].value.tensor != a->value.tensor)
          continue;
        axis_expr to = net_over_dims(x->m, x->g, k, maker->out[o].at);
        if (i >= x->op->n_in || a->at.constant != to.constant || !steps_of(&x->op->loops, a->at, &e) || !steps_of(&x->g->space, to, &w) ||
            !walk_together(x->m, &x->g->space, &e, &w, x->cuts, x->loop, x->is_known))
          return false;
        x->any = true;
      }
    }
  }
  return x->any;
}

/* Loops that no operand from the group fixed: a dim of the same extent that is not taken.  False: there is none, or two loops would be one (x[i] * x[j]). */
static bool map_the_rest(arena *m, const net_op *op, const net_group *g, axis_expr *loop, const bool *is_known) {
  bool taken[AXIS_MAX] = {false};
  for (int l = 0; l < op->loops.n; l++)
    for (int d = 0; d < g->space.n && is_known[l]; d++) {
      if (taken[d] && axis_depends(loop[l], d))
        return false;
      taken[d] = taken[d] || axis_depends(loop[l], d);
    }
  for (int l = 0; l < op->loops.n; l++) {
    int found = -1;
    if (is_known[l] || op->loops.extent[l] == 1)
      continue;
    for (int d = 0; d < g->space.n && found < 0; d++)
      found = !taken[d] && g->space.extent[d] == op->loops.extent[l] ? d : -1;
    if (found < 0)
      return false;
    taken[found] = true;
    loop[l] = axis_var(m, found);
  }
  return true;
}

bool net_is_read_outside(const net_reader *r, const net_group *g, int n, int tensor) {
  for (size_t i = 0; i < r->net->results.n; i++)
    if (r->net->results.at[i].tensor == tensor)
      return true;
  for (size_t i = 0; i < r->ops.n; i++) {
    const net_op *op = &r->ops.at[i];
    bool is_member = false;
    for (int k = 0; k < n; k++)
      is_member = is_member || g->op[k] == (int)i;
    for (int k = 0; k < op->n_in + op->n_out && !is_member; k++) {
      const net_access *x = k < op->n_in ? &op->in[k] : &op->init[k - op->n_in];
      if (x->value.kind == NET_MEMORY && x->value.tensor == tensor)
        return true;
    }
  }
  return false;
}

bool net_reads_group(net_reader *r, const net_op *op, const net_group *g) {
  for (int i = 0; i < op->n_in + op->n_out; i++) {
    const net_access *x = i < op->n_in ? &op->in[i] : &op->init[i - op->n_in];
    for (int k = 0; x->value.kind == NET_MEMORY && k < g->n; k++)
      for (int o = 0; o < r->ops.at[g->op[k]].n_out; o++)
        if (r->ops.at[g->op[k]].out[o].value.tensor == x->value.tensor)
          return true;
  }
  return false;
}

/* Does it write over what a member reads? */
static bool changes_input(net_reader *r, const net_op *op, const net_group *g) {
  for (int k = 0; op->in_place && k < g->n; k++) {
    const net_op *m = &r->ops.at[g->op[k]];
    for (int i = 0; i < m->n_in + m->n_out; i++) {
      const net_access *x = i < m->n_in ? &m->in[i] : &m->init[i - m->n_in];
      if (x->value.kind == NET_MEMORY && x->value.tensor == op->out[0].value.tensor)
        return true;
    }
  }
  return false;
}

/* Why it has no place behind the group's operations; NULL: it has. */
static const char *does_not_fit(const net_op *op, const net_group *g, const axis_expr *loop) {
  int64_t whole = 1;
  for (int d = 0; d < g->space.n; d++) {
    bool reduced = g->reduces[d];
    for (int l = 0; l < op->loops.n; l++)
      reduced = reduced || (op->reduces[l] && axis_depends(loop[l], d));
    whole *= reduced ? g->space.extent[d] : 1;
  }
  if (!g->looped)
    return whole <= NET_WHOLE_MAX ? NULL : "its rows and those before it would have to be whole in a tile, and are too long together";
  if (net_reduces_any(op))
    return "it reduces what tiles hold only parts of";
  for (int l = 0; l < op->loops.n; l++)      /* behind a loop there is only what came out of it */
    for (int d = 0; d < g->space.n; d++)
      if (g->reduces[d] && axis_depends(loop[l], d))
        return "it runs over a dim that the loops have summed up";
  return NULL;
}

/* The group with dims cut where loops of `op` end.  False: they cannot be. */
static bool cut_dims(net_reader *r, net_group *g, const axis_boundaries *cuts) {
  axis_plan p;
  bool reduces[AXIS_MAX] = {false};
  if (!axis_find_plan(r->mem, &g->space, cuts, &p))
    return false;
  for (int d = 0; d < g->space.n; d++) {
    if (p.no_chain[d])
      return false;
    for (int i = 0; i < p.count[d]; i++)
      reduces[p.first[d] + i] = g->reduces[d];
  }
  for (int k = 0; k < g->n; k++)
    for (int l = 0; l < NET_LOOPS_MAX; l++)
      g->by[k][l] = axis_split(r->mem, &p, g->by[k][l]);
  g->space = p.to;
  memcpy(g->reduces, reduces, sizeof reduces);
  return true;
}

static void add_member(net_reader *r, net_group *g, int index, const axis_expr *loop) {
  net_op *op = &r->ops.at[index];
  memcpy(g->by[g->n], loop, sizeof g->by[0]);
  g->op[g->n++] = index;
  g->last = index;
  for (int l = 0; l < op->loops.n; l++)
    for (int d = 0; d < g->space.n; d++)
      if (op->reduces[l] && axis_depends(loop[l], d))
        g->reduces[d] = true;
}

/* Are the places that a copy writes to sums of dims times numbers? */
static bool writes_strides(net_reader *r, const net_op *op, const net_group *g, const axis_expr *loop) {
  axis_expr by[AXIS_MAX] = {{0}};
  memcpy(by, loop, NET_LOOPS_MAX * sizeof *loop);
  return !mlirOperationIsNull(op->op) || axis_is_linear(axis_subst(r->mem, &g->space, op->out[0].at, by));
}

/* The group with dims cut where loops of `op` end, and the op's loops over them, as far as what it reads of the group says.  Returns NULL, or why there is none. */
static const char *meet_dims(net_reader *r, const net_op *op, const net_group *g, net_group *cut, axis_expr *loop, bool *is_known) {
  axis_boundaries cuts = {0};
  meeting first = {r->mem, op, g, &cuts, NULL, NULL, false}, second = {r->mem, op, cut, NULL, loop, is_known, false};
  if (g->n == NET_MEMBERS_MAX)
    return "the kernel has as many operations as one can have";
  if (!meet(r, &first))
    return "it reads elements at other places than those at hand where they are made";
  *cut = *g;
  return cut_dims(r, cut, &cuts) && meet(r, &second) ? NULL : "its loops and those of the kernel cannot be cut into the same parts";
}

/* Takes operation `index` into the group.  Returns NULL, or why it does not join. */
static const char *join(net_reader *r, int index, net_group *g) {
  const net_op *op = &r->ops.at[index];
  net_group *cut = ARENA_NEW(r->mem, net_group);
  axis_expr loop[NET_LOOPS_MAX] = {{0}};
  bool is_known[NET_LOOPS_MAX] = {false};
  if (op->group >= 0)
    return "it is in a kernel";
  if (op->looks_up)
    return "it looks up places, which must be there before";
  for (int k = 0; k < g->n; k++)
    if (r->ops.at[g->op[k]].out[0].value.tensor == op->out[0].value.tensor)
      return "it writes another part of what the kernel writes";
  if (changes_input(r, op, g))
    return "it writes over what the kernel reads";
  if (net_needs_loops(op))
    return "it needs loops of its own";
  const char *why_not = meet_dims(r, op, g, cut, loop, is_known);
  if (why_not)
    return why_not;
  if (!map_the_rest(r->mem, op, cut, loop, is_known))
    return "it has a loop that the kernel has not";
  if (!writes_strides(r, op, cut, loop))
    return "it writes to places that no strides say";
  why_not = does_not_fit(op, cut, loop);
  if (why_not)
    return why_not;
  *g = *cut;
  add_member(r, g, index, loop);
  return NULL;
}

/* Loops that nothing fixed become dims of the group. */
static bool add_dims(arena *m, const net_op *op, net_group *g, axis_expr *loop, const bool *is_known) {
  for (int l = 0; l < op->loops.n; l++) {
    if (is_known[l] || op->loops.extent[l] == 1)
      continue;
    if (g->space.n == AXIS_MAX)
      return false;
    loop[l] = axis_var(m, g->space.n);
    g->space.extent[g->space.n++] = op->loops.extent[l];
  }
  return true;
}

bool net_extend(net_reader *r, int index, net_group *g, bool new_dims) {
  const net_op *op = &r->ops.at[index];
  net_group *cut = ARENA_NEW(r->mem, net_group);
  axis_expr loop[NET_LOOPS_MAX] = {{0}};
  bool is_known[NET_LOOPS_MAX] = {false};
  if (mlirOperationIsNull(op->op) || meet_dims(r, op, g, cut, loop, is_known))
    return false;
  if (new_dims ? !add_dims(r->mem, op, cut, loop, is_known) : !map_the_rest(r->mem, op, cut, loop, is_known))
    return false;
  *g = *cut;
  add_member(r, g, index, loop);
  return true;
}

static net_group begin(net_reader *r, int index) {
  const net_op *op = &r->ops.at[index];
  net_group g = {.looped = !mlirOperationIsNull(op->op) && net_needs_loops(op)};
  axis_expr loop[NET_LOOPS_MAX] = {{0}};
  for (int l = 0; l < op->loops.n; l++)
    if (op->loops.extent[l] > 1) {
      loop[l] = axis_var(r->mem, g.space.n);
      g.space.extent[g.space.n++] = op->loops.extent[l];
    }
  add_member(r, &g, index, loop);
  return g;
}

void net_make_groups(net_reader *r, net_groups *out) {
  for (size_t i = 0; i < r->ops.n; i++) {
    if (r->ops.at[i].group >= 0)
      continue;
    net_group g = begin(r, (int)i);
    r->ops.at[i].group = (int)out->n;
    for (size_t j = i + 1; j < r->ops.n && !g.ends; j++) {
      const bool reads = net_reads_group(r, &r->ops.at[j], &g);
      if (!reads && !changes_input(r, &r->ops.at[j], &g))
        continue;
      g.ends = !reads ? "what it reads is written over" : mlirOperationIsNull(r->ops.at[i].op) ? "copies are kernels of their own" : join(r, (int)j, &g);
      if (!g.ends)
        r->ops.at[j].group = (int)out->n;
      g.stopped_by = (int)j;
    }
    vec_push(r->mem, out, g);
  }
  net_find_attention(r, out);
}
