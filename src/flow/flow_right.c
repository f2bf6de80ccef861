/* What makes a value right: it is a value of the other run, as far as numbers, loops and constants tell. */
#include "flow/flow_private.h"
#include <math.h>

bool flow_passes_on(const flow_search *s, int got) {
  const flow_node *n = flow_got(s, got);
  if (n->kind == FLOW_MOVE)
    return flow_got_op(s, got)->role == FLOW_PLAIN && n->n_in == 1;
  if (n->kind != FLOW_COMPUTE || n->n_in != 1 || flow_got(s, n->in[0])->elems != n->elems)
    return false;
  const flow_node *from = flow_got(s, n->in[0]);
  double u = dtype_unit_roundoff(n->type);
  bool says_something = false;
  for (int64_t i = 0; i < n->elems; i++) {
    says_something = says_something || isfinite(n->x[i]);
    if (!(n->x[i] == from->x[i] || fabs(n->x[i] - from->x[i]) <= u * fabs(from->x[i]) + 0x1p-25 * (u > 0)) && !(isnan(n->x[i]) && isnan(from->x[i])))
      return false;
  }
  return says_something;
}

/* The role of what made the numbers of `got`, before they were moved and cast. */
static flow_role role_of(flow_search *s, int got) {
  if (s->role[got] >= 0)
    return (flow_role)s->role[got];
  const flow_node *n = flow_got(s, got);
  flow_role role = flow_passes_on(s, got) ? role_of(s, n->in[0]) : n->kind == FLOW_MOVE ? flow_got_op(s, got)->role : FLOW_PLAIN;
  s->role[got] = (signed char)role;
  return role;
}

bool flow_is_uniform(const flow_node *n) {
  for (int64_t i = 1; i < n->elems; i++)
    if (n->x[i] != n->x[0])
      return false;
  return n->elems > 0;
}

static bool begins_with(const flow_search *s, int want, double x) {
  const flow_op *op = flow_want_op(s, want);
  const flow_node *w = flow_want(s, want);
  return (op->has_neutral && op->neutral == x) || (w->kind == FLOW_CONSTANT && w->elems > 0 && w->x[0] == x);
}

/* A constant that some value of the walk, or any that `want` was made of, begins with or reduces from.  What the operation that reads it reduces from is
 * known better. */
static bool is_known_constant(const flow_search *s, int got, int user, int want, const flow_list *walk) {
  enum { LOOKED_AT = 1 << 12 };
  double x = flow_got(s, got)->x[0];
  flow_list behind = {0};
  for (size_t i = 0; i < walk->n; i++)
    if (flow_want_op(s, walk->at[i])->has_neutral && flow_want_op(s, walk->at[i])->neutral == x)
      return true;
  if (user >= 0 && flow_got_op(s, user)->has_neutral)
    return flow_got_op(s, user)->neutral == x;
  vec_push(s->scratch, &behind, want);
  for (size_t i = 0; i < behind.n && behind.n < LOOKED_AT; i++) {
    const flow_node *w = flow_want(s, behind.at[i]);
    if (begins_with(s, behind.at[i], x))
      return true;
    for (int k = 0; k < w->n_in; k++)
      vec_push(s->scratch, &behind, w->in[k]);
  }
  return false;
}

static bool is_known_to_program(const flow_search *s, int got) {
  const flow_node *n = flow_got(s, got);
  if (n->kind != FLOW_CONSTANT || n->elems == 0 || !s->known)
    return false;
  for (size_t i = 0; i < s->known->n; i++)
    if (fabs(s->known->at[i] - n->x[0]) <= fabs(n->x[0]) * dtype_unit_roundoff(n->type) * 2)
      return true;
  return false;
}

bool flow_is_filled(const flow_search *s, int got) {
  const flow_node *n = flow_got(s, got);
  for (int i = 0; i < n->n_in; i++)
    if (flow_got(s, n->in[i])->kind != FLOW_CONSTANT)
      return false;
  return (n->kind == FLOW_COMPUTE || n->kind == FLOW_CONSTANT) && flow_is_uniform(n);
}

/* What made the numbers of `got`, before they were moved and cast. */
static int origin(flow_search *s, int got) {
  while (flow_passes_on(s, got))
    got = flow_got(s, got)->in[0];
  return got;
}

/* An operation that gives one of its inputs back, of at least `n_in` of them. */
static bool makes_nothing_new(const flow_run *r, int node, int n_in) {
  const flow_node *n = &r->nodes.at[node];
  while (n->kind == FLOW_MOVE && n->n_in == 1)
    n = &r->nodes.at[n->in[0]];
  for (int k = 0; n->kind == FLOW_COMPUTE && n->n_in >= n_in && k < n->n_in; k++)
    if (flow_alike(n, &r->nodes.at[n->in[k]]))
      return true;
  return false;
}

bool flow_has_same_type(const flow_node *a, const flow_node *b) {
  return a->type == b->type && a->rank == b->rank && memcmp(a->shape, b->shape, (size_t)a->rank * sizeof *a->shape) == 0;
}

/* What a loop hands on is right when a loop of the other run hands it on, too: an accumulator's first value is no later one.  A constant explains
 * what is filled with it, not what happens to be the same everywhere; and a sum to which nothing was added is not the sum of the round before.  What a loop left in memory is what its last round would have yielded. */
bool flow_explains(flow_search *s, int want, int got, bool is_left_by_loop) {
  const flow_node *w = flow_want(s, want);
  flow_role role = role_of(s, got);
  if (role == FLOW_PLAIN && is_left_by_loop)
    role = FLOW_YIELD;
  if (role != FLOW_PLAIN && s->want_has[role] && flow_want_op(s, want)->role != role)
    return false;
  if (!flow_alike(flow_got(s, got), w))
    return false;
  int made = origin(s, got);
  if (role == FLOW_PLAIN && flow_is_uniform(flow_got(s, got)) && !flow_is_filled(s, made) && (w->kind == FLOW_CONSTANT || !flow_has_same_type(flow_got(s, got), w)))
    return false;
  return !makes_nothing_new(s->got, made, 2) || makes_nothing_new(s->want, want, 1);
}

bool flow_is_known(const flow_search *s, int got, int user, int want, const flow_list *walk) {
  return (flow_is_filled(s, got) && is_known_constant(s, got, user, want, walk)) || is_known_to_program(s, got);
}
