/* A group as one nest of loops over which every access is linear: variables are split where that helps (axis_split.h), operands are copied where it
 * does not, dims that every access walks as one become one. */
#include "network/net_private.h"

static net_op *member(net_reader *r, const net_nest *n, int i) { return &r->ops.at[n->group->op[i]]; }

/* Calls fn for every address of the nest, and for the indices that bodies ask for, or for all indices. */
typedef void (*each_fn)(net_reader *r, net_nest *n, axis_expr *e, void *data);
static void each_access(net_reader *r, net_nest *n, bool all_indices, each_fn fn, void *data) {
  for (int i = 0; i < n->group->n; i++) {
    net_op *op = member(r, n, i);
    for (int k = 0; k < op->n_in; k++)
      if (op->in[k].value.kind == NET_MEMORY)
        fn(r, n, &n->in[i][k], data);
    for (int k = 0; k < op->n_out; k++) {
      if (op->init[k].value.kind == NET_MEMORY)
        fn(r, n, &n->init[i][k], data);
      fn(r, n, &n->out[i][k], data);
    }
    bool asks = all_indices || op->asks_index;
    for (int l = 0; l < op->loops.n && asks; l++)
      fn(r, n, &n->index[i][l], data);
  }
}

static void start(net_reader *r, const net_group *g, net_nest *n) {
  memset(n, 0, sizeof *n);
  n->group = g;
  n->space = g->space;
  memcpy(n->reduces, g->reduces, sizeof n->reduces);
  for (int i = 0; i < g->n; i++) {
    const net_op *op = &r->ops.at[g->op[i]];
    for (int k = 0; k < op->n_in; k++) {
      n->in[i][k] = net_over_dims(r->mem, g, i, op->in[k].at);
      n->in_tensor[i][k] = op->in[k].value.tensor;
    }
    for (int k = 0; k < op->n_out; k++) {
      n->init[i][k] = net_over_dims(r->mem, g, i, op->init[k].at);
      n->out[i][k] = net_over_dims(r->mem, g, i, op->out[k].at);
    }
    for (int l = 0; l < op->loops.n; l++)
      n->index[i][l] = net_over_dims(r->mem, g, i, axis_var(r->mem, l));
  }
}

/* ---- splits and copies ---- */

enum { ACCESSES_MAX = NET_MEMBERS_MAX * (NET_OPERANDS_MAX + 2 * NET_RESULTS_MAX + NET_LOOPS_MAX) };
typedef struct accesses { axis_expr at[ACCESSES_MAX]; axis_expr *where[ACCESSES_MAX]; int64_t elems[ACCESSES_MAX]; int n; } accesses;

static void collect(net_reader *r, net_nest *n, axis_expr *e, void *data) {
  accesses *a = data;
  (void)r;
  a->at[a->n] = *e;
  a->where[a->n] = e;
  a->elems[a->n] = 1;
  for (int d = 0; d < n->space.n; d++)
    a->elems[a->n] *= axis_depends(*e, d) ? n->space.extent[d] : 1;
  a->n++;
}

loom_status net_copy_kernel(net_builder *b, loom_span span, net_value from, net_value to) {
  net_reader *r = b->r;
  net_group g = {.n = 1};
  net_add_copy(r, span, from, to, false);
  g.op[0] = g.last = (int)r->ops.n - 1;
  g.space = to.shape;
  for (int l = 0; l < to.shape.n; l++)
    g.by[0][l] = axis_var(r->mem, l);
  return net_make_kernel(b, &g);
}

void net_read_copy(net_reader *r, net_nest *n, int tensor, axis_expr at, int copy, axis_expr copy_at) {
  for (int i = 0; i < n->group->n; i++)
    for (int k = 0; k < member(r, n, i)->n_in; k++)
      if (member(r, n, i)->in[k].value.kind == NET_MEMORY && n->in_tensor[i][k] == tensor && axis_equal(n->in[i][k], at)) {
        n->in[i][k] = copy_at;
        n->in_tensor[i][k] = copy;
      }
}

/* The operand at `where` is read from a copy of what it shows over the dims that it depends on. */
static loom_status copy_operand(net_builder *b, net_nest *n, axis_expr *where) {
  net_reader *r = b->r;
  for (int i = 0; i < n->group->n; i++)
    for (int k = 0; k < member(r, n, i)->n_in; k++) {
      if (&n->in[i][k] != where)
        continue;
      const net_op *op = member(r, n, i);
      net_value from = op->in[k].value;
      axis_expr by[AXIS_MAX] = {{0}}, back[AXIS_MAX] = {{0}};
      from.tensor = n->in_tensor[i][k];
      from.shape = (axis_space){0};
      for (int d = 0; d < n->space.n; d++)
        if (axis_depends(*where, d)) {
          by[d] = axis_var(r->mem, from.shape.n);
          back[from.shape.n] = axis_var(r->mem, d);
          from.shape.extent[from.shape.n++] = n->space.extent[d];
        }
      if (from.shape.n > KERNEL_RANK_MAX)
        LOOM_FAIL(r->ctx, op->span, LOOM_EUNSUP, "an operand depends on %d loops in ways that strides do not say; at most %d can be copied", from.shape.n, KERNEL_RANK_MAX);
      from.at = axis_subst(r->mem, &from.shape, *where, by);
      net_value to = net_memory(r, net_new_tensor(r, NULL, NETWORK_TEMPORARY, from.type, &from.shape));
      net_read_copy(r, n, from.tensor, *where, to.tensor, axis_subst(r->mem, &n->space, to.at, back));
      return net_copy_kernel(b, op->span, from, to);
    }
  return LOOM_EBUG;
}

static loom_status refuse_index(net_builder *b, const net_nest *n, axis_expr e) {
  net_reader *r = b->r;
  diag_error(r->ctx, member(r, n, 0)->span, LOOM_EUNSUP, "the index %s is no sum of loops times numbers, over loops of any split", axis_text(r->mem, e));
  diag_help(r->ctx, "floordiv and mod by numbers that divide the size of their loop have a kernel form");
  return LOOM_EUNSUP;
}

static void take_split(net_reader *r, net_nest *n, axis_expr *e, void *data) {
  (void)n;
  *e = axis_split(r->mem, data, *e);
}

static void apply_plan(net_builder *b, net_nest *n, axis_plan *p) {
  bool reduces[AXIS_MAX] = {false};
  each_access(b->r, n, true, take_split, p);
  for (int d = 0; d < n->space.n; d++)
    for (int i = 0; i < p->count[d]; i++)
      reduces[p->first[d] + i] = n->reduces[d];
  n->space = p->to;
  memcpy(n->reduces, reduces, sizeof reduces);
}

/* A copy is over the row-major number of the element where its indices cannot be split. */
static bool flatten_copy(net_builder *b, net_nest *n) {
  const net_op *op = member(b->r, n, 0);
  arena *m = b->r->mem;
  axis_space number = {1, {net_elems(&op->loops)}};
  axis_expr by[AXIS_MAX] = {{0}}, e[2];
  int64_t stride = 1;
  axis_plan p;
  for (int d = op->loops.n - 1; d >= 0; d--) {
    by[d] = axis_mod(m, &number, axis_floordiv(m, &number, axis_var(m, 0), stride), op->loops.extent[d]);
    stride *= op->loops.extent[d];
  }
  e[0] = axis_subst(m, &number, op->in[0].at, by);
  e[1] = axis_subst(m, &number, op->out[0].at, by);
  if (axis_pick_copy(m, &number, e, (int64_t[]){1, 1}, 2, &p) >= 0)
    return false;
  n->space = number;
  n->in[0][0] = e[0];
  n->out[0][0] = e[1];
  memset(n->index, 0, sizeof n->index);
  apply_plan(b, n, &p);
  return true;
}

static loom_status make_linear(net_builder *b, net_nest *n) {
  for (;;) {
    accesses *all = ARENA_NEW(b->r->mem, accesses);
    axis_plan p;
    each_access(b->r, n, false, collect, all);
    int copy = axis_pick_copy(b->r->mem, &n->space, all->at, all->elems, all->n, &p);
    if (copy < 0) {
      if (p.is_split)
        apply_plan(b, n, &p);
      return LOOM_OK;
    }
    if (mlirOperationIsNull(member(b->r, n, 0)->op))
      return flatten_copy(b, n) ? LOOM_OK : refuse_index(b, n, all->at[copy]);
    axis_expr refused = all->at[copy];
    loom_status st = copy_operand(b, n, all->where[copy]);
    if (st != LOOM_OK)
      return st == LOOM_EBUG ? refuse_index(b, n, refused) : st;
  }
}

/* ---- fewer dims ---- */

typedef struct merge { int i, j; bool fits; } merge;

static void check_merge(net_reader *r, net_nest *n, axis_expr *e, void *data) {
  merge *m = data;
  (void)r;
  m->fits = m->fits && axis_coef(*e, m->i) == axis_coef(*e, m->j) * n->space.extent[m->j];
}

/* Dim `gone` disappears, its variable is 0 everywhere; extent: of the others, too. */
static void drop_dim(net_reader *r, net_nest *n, int gone, const int64_t *extent) {
  axis_plan p = {.to = {.n = n->space.n - 1}};
  bool reduces[AXIS_MAX] = {false};
  for (int d = 0, at = 0; d < n->space.n; d++) {
    if (d == gone)
      continue;
    p.by[d] = axis_var(r->mem, at);
    reduces[at] = n->reduces[d];
    p.to.extent[at++] = extent[d];
  }
  each_access(r, n, true, take_split, &p);
  n->space = p.to;
  memcpy(n->reduces, reduces, sizeof reduces);
}

static void drop_ones(net_reader *r, net_nest *n) {
  for (int d = n->space.n - 1; d >= 0; d--)
    if (n->space.extent[d] == 1)
      drop_dim(r, n, d, n->space.extent);
}

static int count_parallel(const net_nest *n) {
  int c = 0;
  for (int d = 0; d < n->space.n; d++)
    c += !n->reduces[d];
  return c;
}

static bool merge_two(net_reader *r, net_nest *n, bool keep_two) {
  for (int i = n->space.n; i-- > 0;)
    for (int j = n->space.n; j-- > 0;) {
      merge m = {i, j, i != j && n->reduces[i] == n->reduces[j]};
      if (!m.fits || (keep_two && count_parallel(n) <= 2))
        continue;
      each_access(r, n, false, check_merge, &m);
      if (!m.fits)
        continue;
      int64_t extent[AXIS_MAX];
      memcpy(extent, n->space.extent, sizeof extent);
      extent[j] *= extent[i];      /* d_j counts on through d_i */
      drop_dim(r, n, i, extent);
      return true;
    }
  return false;
}

void net_merge_dims(net_reader *r, net_nest *n, bool keep_two) {
  while (merge_two(r, n, keep_two))
    ;
}

/* ---- the kernel ---- */

/* Attention where its accesses are linear over dims of its form; else the groups that it was made of. */
static bool is_attention(net_builder *b, const net_group *g, net_nest *n) {
  accesses *all = ARENA_NEW(b->r->mem, accesses);
  axis_plan p;
  net_form form;
  start(b->r, g, n);
  each_access(b->r, n, false, collect, all);
  if (axis_pick_copy(b->r->mem, &n->space, all->at, all->elems, all->n, &p) >= 0)
    return false;
  if (p.is_split)
    apply_plan(b, n, &p);
  drop_ones(b->r, n);
  net_merge_dims(b->r, n, false);
  return net_attention_form(b->r, n, &form);
}

static loom_status make_attention(net_builder *b, const net_group *g) {
  net_nest *n = ARENA_NEW(b->r->mem, net_nest);
  if (is_attention(b, g, n)) {
    net_form form = net_choose_form(b->r, n);
    return net_build_kernel(b, n, &form);
  }
  for (int i = 0; i < 3; i++)
    LOOM_TRY(net_make_kernel(b, &g->attention->parts[i]));
  return LOOM_OK;
}

loom_status net_make_kernel(net_builder *b, const net_group *g) {
  net_nest *n = ARENA_NEW(b->r->mem, net_nest);
  bool reduces = false, looks_up = b->r->ops.at[g->op[0]].looks_up;
  if (g->attention)
    return make_attention(b, g);
  start(b->r, g, n);
  LOOM_TRY(make_linear(b, n));
  drop_ones(b->r, n);
  for (int d = 0; d < n->space.n; d++)
    reduces = reduces || n->reduces[d];
  net_merge_dims(b->r, n, !reduces && !looks_up);
  net_form form = net_choose_form(b->r, n);
  LOOM_TRY(net_pack_operands(b, n, &form));
  return net_build_kernel(b, n, &form);
}
