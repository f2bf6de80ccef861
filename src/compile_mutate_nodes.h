/* Mutation operators on the TOG: nodes left out, doubled, in another order. */
#ifndef LOOM_COMPILE_MUTATE_NODES_H
#define LOOM_COMPILE_MUTATE_NODES_H
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
#endif
