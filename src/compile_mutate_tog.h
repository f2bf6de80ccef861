/* Mutation operators on the TOG. */
#ifndef LOOM_COMPILE_MUTATE_TOG_H
#define LOOM_COMPILE_MUTATE_TOG_H
#include "compile_mutate.h"

/* ---- places ---- */

typedef struct mutate_place { tog_body *body; size_t at; } mutate_place;
typedef VEC_OF(mutate_place) mutate_places;
typedef bool mutate_filter(const tog *t, const tog_node *n);

static inline void mutate_collect(mutation *m, tog_body *body, mutate_filter *f, mutate_places *out) {
  for (size_t i = 0; i < body->n; i++) {
    if (f(m->s->tog, body->at[i]))
      vec_push(m->mem, out, ((mutate_place){body, i}));
    if (body->at[i]->kind == TOG_LOOP)
      mutate_collect(m, &body->at[i]->body, f, out);
  }
}

/* One of the nodes that pass; NULL: none does. */
static inline tog_node *mutate_node(mutation *m, mutate_filter *f, mutate_place *out) {
  mutate_places all = {0};
  mutate_collect(m, &m->s->tog->body, f, &all);
  if (!all.n)
    return NULL;
  mutate_place p = all.at[mutate_pick(m, all.n)];
  if (out)
    *out = p;
  return p.body->at[p.at];
}

static inline const char *mutate_title(mutation *m, const tog_node *n) { return tog_node_title(m->mem, n); }
static inline const sym_expr *mutate_plus(mutation *m, const sym_expr *e, int64_t v) { return sym_add(m->mem, e, sym_const(m->mem, v)); }
static inline const sym_expr *mutate_number(mutation *m, int64_t v) { return sym_const(m->mem, v); }
static inline int64_t mutate_sign(mutation *m) { return mutate_pick(m, 2) ? 1 : -1; }

static inline bool mutate_is_loop(const tog *t, const tog_node *n) { (void)t; return n->kind == TOG_LOOP; }
static inline bool mutate_is_load(const tog *t, const tog_node *n) { (void)t; return n->kind == TOG_LOAD; }
static inline bool mutate_is_store(const tog *t, const tog_node *n) { (void)t; return n->kind == TOG_STORE; }
static inline bool mutate_is_send(const tog *t, const tog_node *n) { (void)t; return n->kind == TOG_SEND; }
static inline bool mutate_is_collect(const tog *t, const tog_node *n) { (void)t; return n->kind == TOG_COLLECT; }
static inline bool mutate_is_take(const tog *t, const tog_node *n) { (void)t; return n->kind == TOG_TAKE; }
static inline bool mutate_is_push(const tog *t, const tog_node *n) { (void)t; return n->kind == TOG_PUSH; }
static inline bool mutate_is_give(const tog *t, const tog_node *n) { (void)t; return n->kind == TOG_GIVE; }
static inline bool mutate_is_compute(const tog *t, const tog_node *n) { (void)t; return n->kind == TOG_COMPUTE; }
static inline bool mutate_is_fill(const tog *t, const tog_node *n) { (void)t; return n->kind == TOG_COMPUTE && n->label && strstr(n->label, "fill"); }
static inline bool mutate_has_box(const tog *t, const tog_node *n) { (void)t; return n->kind == TOG_LOAD || n->kind == TOG_STORE; }
static inline bool mutate_has_plane(const tog *t, const tog_node *n) { return mutate_has_box(t, n) && n->box.rank >= 2; }
static inline bool mutate_has_view(const tog *t, const tog_node *n) { return mutate_has_plane(t, n) && n->box.has_view; }
static inline bool mutate_has_group(const tog *t, const tog_node *n) { (void)t; return n->kind == TOG_LOAD && n->has_group; }
static inline bool mutate_has_args(const tog *t, const tog_node *n) { (void)t; return n->kind == TOG_COMPUTE && n->args.n > 0; }
static inline bool mutate_has_numbers(const tog *t, const tog_node *n) { (void)t; return n->kind == TOG_COMPUTE && n->numbers.n > 0; }
static inline bool mutate_has_active(const tog *t, const tog_node *n) { (void)t; return (n->kind == TOG_COMPUTE || n->kind == TOG_SEND) && n->active; }
static inline bool mutate_has_parts(const tog *t, const tog_node *n) { (void)t; return n->kind == TOG_LOAD && (n->opens || n->closes); }
static inline bool mutate_waits(const tog *t, const tog_node *n) {
  (void)t;
  for (size_t i = 0; n->kind == TOG_COMPUTE && i < n->uses.n; i++)
    if (n->uses.at[i].wait)
      return true;
  return n->kind == TOG_GIVE && n->waits;
}

static inline bool mutate_are_alike(const tog_buffer *a, const tog_buffer *b) {
  return a->type == b->type && a->rank == b->rank && memcmp(a->shape, b->shape, sizeof *a->shape * (size_t)a->rank) == 0;
}

/* ---- nodes ---- */

static inline bool mutate_drop(mutation *m, mutate_filter *f) {
  mutate_place p;
  const tog_node *n = mutate_node(m, f, &p);
  if (!n)
    return false;
  mutate_say(m, "%s left out", mutate_title(m, n));
  memmove(&p.body->at[p.at], &p.body->at[p.at + 1], (p.body->n - p.at - 1) * sizeof *p.body->at);
  p.body->n--;
  return true;
}
static bool mutate_drop_load(mutation *m) { return mutate_drop(m, mutate_is_load); }
static bool mutate_drop_store(mutation *m) { return mutate_drop(m, mutate_is_store); }
static bool mutate_drop_take(mutation *m) { return mutate_drop(m, mutate_is_take); }
static bool mutate_drop_push(mutation *m) { return mutate_drop(m, mutate_is_push); }
static bool mutate_drop_give(mutation *m) { return mutate_drop(m, mutate_is_give); }
static bool mutate_drop_compute(mutation *m) { return mutate_drop(m, mutate_is_compute); }
static bool mutate_drop_fill(mutation *m) { return mutate_drop(m, mutate_is_fill); }
static bool mutate_drop_send(mutation *m) { return mutate_drop(m, mutate_is_send); }
static bool mutate_drop_collect(mutation *m) { return mutate_drop(m, mutate_is_collect); }

static inline bool mutate_double(mutation *m, mutate_filter *f) {
  mutate_place p;
  const tog_node *n = mutate_node(m, f, &p);
  if (!n)
    return false;
  tog_node *copy = ARENA_NEW(m->mem, tog_node);
  *copy = *n;
  vec_push(m->mem, p.body, copy);
  memmove(&p.body->at[p.at + 1], &p.body->at[p.at], (p.body->n - p.at - 1) * sizeof *p.body->at);
  p.body->at[p.at] = copy;
  return mutate_say(m, "%s twice", mutate_title(m, n));
}
static bool mutate_double_give(mutation *m) { return mutate_double(m, mutate_is_give); }
static bool mutate_double_push(mutation *m) { return mutate_double(m, mutate_is_push); }
static bool mutate_double_store(mutation *m) { return mutate_double(m, mutate_is_store); }
static bool mutate_double_compute(mutation *m) { return mutate_double(m, mutate_is_compute); }

/* Nodes of one thread in the other order. */
static bool mutate_early_give(mutation *m) {
  mutate_place p = {0};
  tog_node *n = mutate_node(m, mutate_is_give, &p);
  for (size_t i = p.at; n && i-- > 0;)
    if (p.body->at[i]->kind != TOG_LOOP && p.body->at[i]->kind != TOG_GIVE && tog_node_thread(p.body->at[i]) == n->thread) {
      mutate_say(m, "%s before %s", mutate_title(m, n), mutate_title(m, p.body->at[i]));
      memmove(&p.body->at[i + 1], &p.body->at[i], (p.at - i) * sizeof *p.body->at);
      p.body->at[i] = n;
      return true;
    }
  return false;
}

static bool mutate_early_compute(mutation *m) {
  mutate_place p = {0};
  tog_node *n = mutate_node(m, mutate_is_compute, &p);
  for (size_t i = n ? p.at : 0; i-- > 0;)
    if (p.body->at[i]->kind == TOG_COMPUTE) {
      mutate_say(m, "%s before %s", mutate_title(m, n), mutate_title(m, p.body->at[i]));
      memmove(&p.body->at[i + 1], &p.body->at[i], (p.at - i) * sizeof *p.body->at);
      p.body->at[i] = n;
      return true;
    }
  return false;
}

static bool mutate_drop_wait(mutation *m) {
  tog_node *n = mutate_node(m, mutate_waits, NULL);
  if (!n)
    return false;
  mutate_say(m, "%s does not wait", mutate_title(m, n));
  if (n->kind == TOG_GIVE)
    return n->waits = false, true;
  size_t i = mutate_pick(m, n->uses.n);
  while (!n->uses.at[i].wait)
    i = (i + 1) % n->uses.n;
  n->uses.at[i].wait = false;
  return mutate_say(m, "%s does not wait for '%s'", mutate_title(m, n), m->s->tog->buffers.at[n->uses.at[i].buffer].name);
}

static bool mutate_thread(mutation *m) {
  tog_node *n = mutate_node(m, mutate_is_give, NULL);
  if (!n)
    return false;
  n->thread = (tog_thread)(((size_t)n->thread + 1 + mutate_pick(m, 2)) % TOG_THREADS);
  return mutate_say(m, "%s on the %s thread", mutate_title(m, n), tog_thread_name(n->thread));
}

/* ---- loops, cores ---- */

static bool mutate_trip(mutation *m) {
  tog_node *n = mutate_node(m, mutate_is_loop, NULL);
  if (!n)
    return false;
  m->only_grows = mutate_pick(m, 3) == 0;
  n->trip = mutate_plus(m, n->trip, m->only_grows ? 1 : -1);
  return mutate_say(m, "%s runs %s times", mutate_title(m, n), sym_str(m->mem, n->trip));
}

static bool mutate_lost_core(mutation *m) {
  tog *t = m->s->tog;
  int d = (int)mutate_pick(m, (size_t)t->n_mesh);
  if (t->mesh_size[d] < 2)
    return false;
  t->mesh_size[d]--;
  return mutate_say(m, "the mesh has %d cores along %s", (int)t->mesh_size[d], t->mesh_name[d]);
}

static inline void mutate_swap(const sym_expr **a, const sym_expr **b) { const sym_expr *c = *a; *a = *b; *b = c; }

/* ---- boxes ---- */

static bool mutate_swap_offsets(mutation *m) {
  tog_node *n = mutate_node(m, mutate_has_plane, NULL);
  if (!n)
    return false;
  size_t a = mutate_pick(m, (size_t)n->box.rank), b = (a + 1) % (size_t)n->box.rank;
  mutate_swap(&n->box.offset[a], &n->box.offset[b]);
  return mutate_say(m, "%s: offsets of dims %zu and %zu swapped", mutate_title(m, n), a, b);
}

static bool mutate_swap_extents(mutation *m) {
  tog_node *n = mutate_node(m, mutate_has_plane, NULL);
  if (!n)
    return false;
  size_t a = mutate_pick(m, (size_t)n->box.rank), b = (a + 1) % (size_t)n->box.rank;
  mutate_swap(&n->box.extent[a], &n->box.extent[b]);
  return mutate_say(m, "%s: extents of dims %zu and %zu swapped", mutate_title(m, n), a, b);
}

static bool mutate_swap_dims(mutation *m) {
  tog_node *n = mutate_node(m, mutate_has_plane, NULL);
  if (!n)
    return false;
  size_t a = mutate_pick(m, (size_t)n->box.rank), b = (a + 1) % (size_t)n->box.rank;
  int to = n->box.to_dim[a];
  n->box.to_dim[a] = n->box.to_dim[b];
  n->box.to_dim[b] = to;
  return mutate_say(m, "%s: dims %zu and %zu land in each other's place", mutate_title(m, n), a, b);
}

static bool mutate_swap_strides(mutation *m) {
  tog_node *n = mutate_node(m, mutate_has_view, NULL);
  if (!n)
    return false;
  size_t a = mutate_pick(m, (size_t)n->box.rank), b = (a + 1) % (size_t)n->box.rank;
  int64_t stride = n->box.view_stride[a];
  n->box.view_stride[a] = n->box.view_stride[b];
  n->box.view_stride[b] = stride;
  return mutate_say(m, "%s: strides of dims %zu and %zu of the view swapped", mutate_title(m, n), a, b);
}

static bool mutate_stride(mutation *m) {
  tog_node *n = mutate_node(m, mutate_has_view, NULL);
  if (!n)
    return false;
  size_t a = mutate_pick(m, (size_t)n->box.rank);
  n->box.view_stride[a] -= n->box.view_stride[a] > 0;
  return mutate_say(m, "%s: stride of dim %zu of the view one less", mutate_title(m, n), a);
}

static bool mutate_offset(mutation *m) {
  tog_node *n = mutate_node(m, mutate_has_box, NULL);
  if (!n || !n->box.rank)
    return false;
  size_t d = mutate_pick(m, (size_t)n->box.rank);
  const sym_expr *e = n->box.offset[d];
  n->box.offset[d] = mutate_pick(m, 2) ? mutate_number(m, 0) : sym_max(m->mem, mutate_number(m, 0), mutate_plus(m, e, mutate_sign(m)));
  return mutate_say(m, "%s: offset of dim %zu is %s instead of %s", mutate_title(m, n), d, sym_str(m->mem, n->box.offset[d]), sym_str(m->mem, e));
}

/* Off by one, or the whole tile at the edge too. */
static bool mutate_extent(mutation *m) {
  tog_node *n = mutate_node(m, mutate_has_box, NULL);
  if (!n || !n->box.rank)
    return false;
  size_t d = mutate_pick(m, (size_t)n->box.rank);
  const tog_buffer *b = &m->s->tog->buffers.at[n->buffer];
  const sym_expr *e = n->box.extent[d];
  n->box.extent[d] = mutate_pick(m, 3) || n->box.to_dim[d] < 0 ? mutate_plus(m, e, mutate_sign(m)) : mutate_number(m, b->shape[n->box.to_dim[d]]);
  return mutate_say(m, "%s: extent of dim %zu is %s instead of %s", mutate_title(m, n), d, sym_str(m->mem, n->box.extent[d]), sym_str(m->mem, e));
}

/* Another tensor of the same type and shape. */
static bool mutate_tensor(mutation *m) {
  tog_node *n = mutate_node(m, mutate_is_load, NULL);
  const tog *t = m->s->tog;
  for (size_t i = 0; n && i < t->tensors.n; i++) {
    const tog_tensor *a = &t->tensors.at[n->box.tensor], *b = &t->tensors.at[i];
    if ((int)i == n->box.tensor || a->type != b->type || a->rank != b->rank || !b->is_input)
      continue;
    n->box.tensor = (int)i;
    return mutate_say(m, "%s reads '%s' instead of '%s'", mutate_title(m, n), b->name, a->name);
  }
  return false;
}

static bool mutate_part(mutation *m) {
  tog_node *n = mutate_node(m, mutate_has_parts, NULL);
  if (!n)
    return false;
  const sym_expr **e = n->opens && (!n->closes || mutate_pick(m, 2)) ? &n->opens : &n->closes;
  const sym_expr *was = *e;
  *e = mutate_pick(m, 2) ? NULL : sym_make(m->mem, SYM_NOT, *e, NULL, NULL);
  return mutate_say(m, "%s %s %s instead of %s", mutate_title(m, n), e == &n->opens ? "opens" : "closes", *e ? sym_str(m->mem, *e) : "always", sym_str(m->mem, was));
}

static inline bool mutate_has_at(const tog *t, const tog_node *n) {
  for (int d = 0; n->kind == TOG_LOAD && d < t->buffers.at[n->buffer].rank; d++)
    if (n->at[d])
      return true;
  return false;
}
static bool mutate_at(mutation *m) {
  tog_node *n = mutate_node(m, mutate_has_at, NULL);
  if (!n)
    return false;
  size_t rank = (size_t)m->s->tog->buffers.at[n->buffer].rank, d = mutate_pick(m, rank);
  while (!n->at[d])
    d = (d + 1) % rank;
  n->at[d] = mutate_pick(m, 2) ? NULL : mutate_plus(m, n->at[d], mutate_sign(m));
  return mutate_say(m, "%s lands at %s of dim %zu", mutate_title(m, n), n->at[d] ? sym_str(m->mem, n->at[d]) : "0", d);
}

/* ---- multicast ---- */

static bool mutate_corner(mutation *m) {
  tog_node *n = mutate_node(m, mutate_has_group, NULL);
  if (!n)
    return false;
  size_t d = mutate_pick(m, (size_t)m->s->tog->n_mesh);
  const sym_expr **e = mutate_pick(m, 2) ? &n->group.ul[d] : &n->group.lr[d];
  *e = mutate_plus(m, *e, mutate_sign(m));
  return mutate_say(m, "%s: %s corner is %s along %s", mutate_title(m, n), e == &n->group.ul[d] ? "first" : "last", sym_str(m->mem, *e), m->s->tog->mesh_name[d]);
}

static bool mutate_area(mutation *m) {   /* the other dim of the mesh */
  tog_node *n = mutate_node(m, mutate_has_group, NULL);
  if (!n || m->s->tog->n_mesh < 2)
    return false;
  mutate_swap(&n->group.ul[0], &n->group.ul[1]);
  mutate_swap(&n->group.lr[0], &n->group.lr[1]);
  mutate_swap(&n->group.sender[0], &n->group.sender[1]);
  return mutate_say(m, "%s: the area with its dims swapped", mutate_title(m, n));
}

static bool mutate_sender(mutation *m) {
  tog_node *n = mutate_node(m, mutate_has_group, NULL);
  if (!n)
    return false;
  size_t d = mutate_pick(m, (size_t)m->s->tog->n_mesh);
  n->group.sender[d] = mutate_pick(m, 2) ? mutate_plus(m, n->group.sender[d], 1) : sym_name(m->mem, m->s->tog->mesh_name[d]);
  return mutate_say(m, "%s: sender at %s along %s", mutate_title(m, n), sym_str(m->mem, n->group.sender[d]), m->s->tog->mesh_name[d]);
}

static bool mutate_chain(mutation *m) {
  tog_node *n = mutate_node(m, mutate_has_group, NULL);
  if (!n)
    return false;
  size_t d = mutate_pick(m, (size_t)m->s->tog->n_mesh);
  n->group.chain[d] = !n->group.chain[d];
  return mutate_say(m, "%s: %s along %s", mutate_title(m, n), n->group.chain[d] ? "handed on" : "multicast", m->s->tog->mesh_name[d]);
}

static bool mutate_drop_group(mutation *m) {
  tog_node *n = mutate_node(m, mutate_has_group, NULL);
  if (!n)
    return false;
  n->has_group = false;
  return mutate_say(m, "%s: every core reads for itself", mutate_title(m, n));
}

/* ---- gathers ---- */

static bool mutate_row(mutation *m) {
  tog_node *n = mutate_node(m, mutate_is_send, NULL);
  if (!n)
    return false;
  n->row = mutate_pick(m, 2) ? mutate_number(m, 0) : mutate_plus(m, n->row, mutate_sign(m));
  return mutate_say(m, "%s to row %s", mutate_title(m, n), sym_str(m->mem, n->row));
}

static bool mutate_receiver(mutation *m) {
  tog_node *n = mutate_node(m, mutate_is_send, NULL);
  if (!n)
    return false;
  size_t d = mutate_pick(m, (size_t)m->s->tog->n_mesh);
  n->receiver[d] = mutate_pick(m, 2) ? sym_name(m->mem, m->s->tog->mesh_name[d]) : mutate_plus(m, n->receiver[d], 1);
  return mutate_say(m, "%s to %s along %s", mutate_title(m, n), sym_str(m->mem, n->receiver[d]), m->s->tog->mesh_name[d]);
}

static bool mutate_senders(mutation *m) {
  tog_node *n = mutate_node(m, mutate_is_collect, NULL);
  if (!n)
    return false;
  n->senders = mutate_plus(m, n->senders, mutate_sign(m));
  return mutate_say(m, "%s waits for %s", mutate_title(m, n), sym_str(m->mem, n->senders));
}

/* ---- computations ---- */

static bool mutate_swap_uses(mutation *m) {
  tog_node *n = mutate_node(m, mutate_is_compute, NULL);
  const tog *t = m->s->tog;
  for (size_t i = 0; n && i < n->uses.n; i++)
    for (size_t j = 0; j < i; j++) {
      tog_use a = n->uses.at[i], b = n->uses.at[j];
      if (a.buffer == b.buffer || !mutate_are_alike(&t->buffers.at[a.buffer], &t->buffers.at[b.buffer]) || !mutate_pick(m, 2))
        continue;
      n->uses.at[i] = b;
      n->uses.at[j] = a;
      return mutate_say(m, "%s: buffers '%s' and '%s' swapped", mutate_title(m, n), t->buffers.at[a.buffer].name, t->buffers.at[b.buffer].name);
    }
  return false;
}

static bool mutate_buffer(mutation *m) {   /* another buffer of the same shape */
  tog_node *n = mutate_node(m, mutate_is_compute, NULL);
  const tog *t = m->s->tog;
  if (!n || !n->uses.n)
    return false;
  tog_use *u = &n->uses.at[mutate_pick(m, n->uses.n)];
  size_t first = mutate_pick(m, t->buffers.n);
  for (size_t i = 0; i < t->buffers.n; i++) {
    int b = (int)((first + i) % t->buffers.n);
    if (b == u->buffer || !mutate_are_alike(&t->buffers.at[b], &t->buffers.at[u->buffer]))
      continue;
    mutate_say(m, "%s uses '%s' instead of '%s'", mutate_title(m, n), t->buffers.at[b].name, t->buffers.at[u->buffer].name);
    u->buffer = b;
    return true;
  }
  return false;
}

static bool mutate_load_buffer(mutation *m) {
  tog_node *n = mutate_node(m, mutate_is_load, NULL);
  const tog *t = m->s->tog;
  for (size_t i = 0; n && i < t->buffers.n; i++)
    if ((int)i != n->buffer && mutate_are_alike(&t->buffers.at[i], &t->buffers.at[n->buffer])) {
      mutate_say(m, "%s into '%s' instead of '%s'", mutate_title(m, n), t->buffers.at[i].name, t->buffers.at[n->buffer].name);
      n->buffer = (int)i;
      return true;
    }
  return false;
}

static bool mutate_access(mutation *m) {
  static const char *const names[] = {"reads", "writes", "updates"};
  tog_node *n = mutate_node(m, mutate_is_compute, NULL);
  if (!n || !n->uses.n)
    return false;
  tog_use *u = &n->uses.at[mutate_pick(m, n->uses.n)];
  tog_access was = u->access;
  u->access = (tog_access)(((size_t)was + 1 + mutate_pick(m, 2)) % 3);
  return mutate_say(m, "%s %s '%s' instead of that it %s it", mutate_title(m, n), names[u->access], m->s->tog->buffers.at[u->buffer].name, names[was]);
}

static bool mutate_arg(mutation *m) {
  tog_node *n = mutate_node(m, mutate_has_args, NULL);
  if (!n)
    return false;
  size_t i = mutate_pick(m, n->args.n);
  int64_t by = mutate_sign(m);
  m->only_grows = by > 0 && (n->args.at[i]->op == SYM_MIN || n->args.at[i]->op == SYM_MAX || n->args.at[i]->op == SYM_CONST);   /* an extent, not an offset */
  n->args.at[i] = mutate_plus(m, n->args.at[i], by);
  return mutate_say(m, "%s: argument %zu is %s", mutate_title(m, n), i, sym_str(m->mem, n->args.at[i]));
}

static bool mutate_where(mutation *m) {
  tog_node *n = mutate_node(m, mutate_has_numbers, NULL);
  if (!n)
    return false;
  size_t i = mutate_pick(m, n->numbers.n);
  n->numbers.at[i] = mutate_plus(m, n->numbers.at[i], mutate_sign(m));
  return mutate_say(m, "%s: number %zu is %s", mutate_title(m, n), i, sym_str(m->mem, n->numbers.at[i]));
}

/* Without a condition a function with extents of 0 runs, and does nothing. */
static bool mutate_active(mutation *m) {
  tog_node *n = mutate_node(m, mutate_has_active, NULL);
  if (!n)
    return false;
  n->active = sym_make(m->mem, SYM_NOT, n->active, NULL, NULL);
  return mutate_say(m, "%s runs when %s", mutate_title(m, n), sym_str(m->mem, n->active));
}

/* The function of another node that takes the same buffers and as many arguments. */
static bool mutate_function(mutation *m) {
  mutate_places all = {0};
  tog_node *n = mutate_node(m, mutate_is_compute, NULL);
  const tog *t = m->s->tog;
  mutate_collect(m, &m->s->tog->body, mutate_is_compute, &all);
  for (size_t k = 0, first = all.n ? mutate_pick(m, all.n) : 0; k < all.n; k++) {
    mutate_place p = all.at[(first + k) % all.n];
    const tog_node *o = p.body->at[p.at];
    bool fits = o->function != n->function && o->uses.n == n->uses.n && o->args.n == n->args.n && o->numbers.n == n->numbers.n;
    for (size_t i = 0; fits && i < n->uses.n; i++)
      fits = mutate_are_alike(&t->buffers.at[o->uses.at[i].buffer], &t->buffers.at[n->uses.at[i].buffer]);
    if (!fits)
      continue;
    mutate_say(m, "%s calls %s instead of %s", mutate_title(m, n), t->functions.at[o->function].name, t->functions.at[n->function].name);
    n->function = o->function;
    return true;
  }
  return false;
}

static bool mutate_cycles(mutation *m) {
  tog_node *n = mutate_node(m, mutate_is_compute, NULL);
  if (!n)
    return false;
  n->cycles = mutate_pick(m, 2) ? mutate_number(m, 0) : mutate_plus(m, n->cycles, 1000);
  return mutate_say(m, "%s takes %s cycles", mutate_title(m, n), sym_str(m->mem, n->cycles));
}

/* ---- L1 ---- */

static bool mutate_overlap(mutation *m) {
  tog *t = m->s->tog;
  size_t a = mutate_pick(m, t->buffers.n), b = mutate_pick(m, t->buffers.n);
  if (a == b)
    return false;
  t->buffers.at[a].offset = t->buffers.at[b].offset;
  return mutate_say(m, "buffer '%s' lies where '%s' does", t->buffers.at[a].name, t->buffers.at[b].name);
}

static bool mutate_place_l1(mutation *m) {
  tog_buffer *b = &m->s->tog->buffers.at[mutate_pick(m, m->s->tog->buffers.n)];
  static const int64_t by[] = {-64, -8, 8, 64, 1 << 12, 1 << 24};
  b->offset += by[mutate_pick(m, 6)];
  return mutate_say(m, "buffer '%s' lies at %d", b->name, (int)b->offset);
}

static bool mutate_slots(mutation *m) {
  tog_buffer *b = &m->s->tog->buffers.at[mutate_pick(m, m->s->tog->buffers.n)];
  switch (mutate_pick(m, 4)) {
  case 0: b->depth++; return mutate_say(m, "buffer '%s' has %d slots, one more", b->name, b->depth);
  case 1: b->depth--; return mutate_say(m, "buffer '%s' has %d slots, one less", b->name, b->depth);
  case 2: b->stride = b->stride / 16 * 8; return mutate_say(m, "the slots of buffer '%s' lie %d bytes apart, half of it", b->name, (int)b->stride);
  default: b->bytes /= 2; return mutate_say(m, "buffer '%s' has %d bytes, half of it", b->name, (int)b->bytes);
  }
}

static const mutate_operator mutate_tog_operators[] = {
    {"load left out", false, mutate_drop_load}, {"store left out", false, mutate_drop_store}, {"take left out", false, mutate_drop_take},
    {"push left out", false, mutate_drop_push}, {"give left out", false, mutate_drop_give}, {"computation left out", false, mutate_drop_compute},
    {"fill left out", false, mutate_drop_fill}, {"send left out", false, mutate_drop_send}, {"collect left out", false, mutate_drop_collect},
    {"give twice", false, mutate_double_give}, {"push twice", false, mutate_double_push}, {"store twice", false, mutate_double_store},
    {"computation twice", false, mutate_double_compute}, {"give too early", false, mutate_early_give}, {"computation too early", false, mutate_early_compute},
    {"wait left out", false, mutate_drop_wait}, {"give on another thread", false, mutate_thread}, {"trip count off by one", false, mutate_trip},
    {"lost line of cores", false, mutate_lost_core}, {"offsets swapped", false, mutate_swap_offsets}, {"extents swapped", false, mutate_swap_extents},
    {"dims of a box swapped", false, mutate_swap_dims}, {"strides of a view swapped", false, mutate_swap_strides}, {"wrong stride of a view", false, mutate_stride},
    {"wrong offset", false, mutate_offset}, {"wrong extent", false, mutate_extent}, {"wrong tensor", false, mutate_tensor},
    {"slot opened or closed wrongly", false, mutate_part}, {"wrong place in a slot", false, mutate_at}, {"wrong corner of a multicast", false, mutate_corner},
    {"multicast along the other dim", false, mutate_area}, {"wrong sender", false, mutate_sender}, {"chain or multicast", false, mutate_chain},
    {"no multicast", false, mutate_drop_group}, {"wrong row of a gather", false, mutate_row}, {"wrong receiver", false, mutate_receiver},
    {"wrong number of senders", false, mutate_senders}, {"operands swapped", false, mutate_swap_uses}, {"wrong buffer of a computation", false, mutate_buffer},
    {"wrong buffer of a load", false, mutate_load_buffer}, {"wrong access", false, mutate_access}, {"wrong argument", false, mutate_arg},
    {"wrong place of a tile", false, mutate_where}, {"wrong condition", false, mutate_active}, {"wrong function", false, mutate_function},
    {"cycles edited", false, mutate_cycles}, {"overlapping buffers", false, mutate_overlap}, {"moved buffer", false, mutate_place_l1}, {"wrong slots", false, mutate_slots},
};
#endif
