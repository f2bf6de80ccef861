/* When two TOGs compute the same for sure.
 *
 * The virtual chip is a network of sequential threads that meet in rings of slots, first in, first out, and in the rows of gathers, each row sent by one
 * core.  What such a network computes depends on what every thread does in which order, not on when (Kahn, 1974): not on cycles, depths, or who carries a tile.
 * So two graphs that run without a fault, and whose buffers share no bytes while they live (tog_verify), store the same values when on every core every
 * thread does the same with every buffer in the same order.  The same means, at each point:
 *   LOAD      the box that the sender reads, on a core without multicast its own, at the same place of the slot; nothing when it is empty
 *   STORE     the same box; COMPUTE the same function text, buffers and arguments; SEND the same row and receiver; COLLECT as many rows; nothing when not active
 *   a read    that waits, or comes after one that has, or of what its own thread has published, in place of one that does
 *   PUSH      is nothing for a slot that no other node than its own thread's computations looks at
 *   a second  computation directly behind the same one is nothing where it overwrites its slots without reading them, or takes maxima alone
 *   a turn    of a loop in which nothing moves and nothing is computed is none (tog_verify: it frees the slots that it reserves)
 *   a core    that stores and sends nothing is none: what others get from it as a sender is a box of DRAM
 * What one thread does with different buffers may change places. */
#ifndef LOOM_COMPILE_MUTATE_SAME_H
#define LOOM_COMPILE_MUTATE_SAME_H
#include "compile.h"
#include <stdint.h>
#include <string.h>

enum { SAME_SENDS_MAX = 4096 };
typedef struct same_core {
  int64_t *receivers;          /* of its sends, in order: numbers of cores */
  size_t n_receivers;
  uint64_t *by_ring, *last;    /* per thread and buffer: hash of what was done with it; what was done last */
  bool *awaited, is_seen;      /* it stores or sends */
  int64_t *pushed;
} same_core;
typedef struct same_walk {
  loom_ctx *ctx;
  const tog *t;
  const bool *is_private;      /* by buffer: only computations look at its slots while they are open */
  sym_binding names[TOG_MESH_MAX + TOG_DEPTH_MAX];
  size_t n_names;
  same_core core;
  bool ok;                     /* every expression had a value */
  bool acted;                  /* something has moved or was computed */
  uint64_t word;               /* hash of the act at hand */
} same_walk;

static inline void same_add(uint64_t *h, uint64_t v) {
  *h = (*h ^ v) * 0x9E3779B97F4A7C15u;
  *h ^= *h >> 29;
}
static inline uint64_t same_text(const char *s) {
  uint64_t h = 5;
  for (; s && *s; s++)
    same_add(&h, (unsigned char)*s);
  return h;
}

static inline int64_t same_eval(same_walk *w, const sym_expr *e, int64_t otherwise) {
  int64_t v = 0;
  if (!e)
    return otherwise;
  if (sym_eval(w->ctx, e, w->names, w->n_names, &v) != LOOM_OK)
    w->ok = false;
  return v;
}

/* The act is one of `thread` with `buffer`. */
static inline void same_did(same_walk *w, int thread, int buffer) {
  const tog_buffer *b = &w->t->buffers.at[buffer];
  size_t ring = (size_t)thread * w->t->buffers.n + (size_t)buffer;
  uint64_t *h = &w->core.by_ring[ring];
  w->core.last[ring] = w->word;
  same_add(h, w->word);
  same_add(h, (uint64_t)b->type);
  for (int d = 0; d < b->rank; d++)
    same_add(h, (uint64_t)b->shape[d]);
}

/* What moves; false: nothing does. */
static inline bool same_box(same_walk *w, const tog_node *n) {
  int64_t here[TOG_MESH_MAX], sender[TOG_MESH_MAX];
  const tog_box *b = &n->box;
  bool any = true;
  uint64_t h = 7;
  for (int d = 0; d < w->t->n_mesh; d++)
    sender[d] = n->has_group ? same_eval(w, n->group.sender[d], 0) : w->names[d].value;
  for (int d = 0; d < w->t->n_mesh; d++) {
    here[d] = w->names[d].value;
    w->names[d].value = sender[d];
  }
  same_add(&h, (uint64_t)b->tensor);
  for (int d = 0; d < b->rank; d++) {
    int64_t extent = same_eval(w, b->extent[d], 0);
    any = any && extent > 0;
    same_add(&h, (uint64_t)same_eval(w, b->offset[d], 0));
    same_add(&h, (uint64_t)extent);
    same_add(&h, (uint64_t)b->to_dim[d]);
    if (b->has_view && extent > 1)
      same_add(&h, (uint64_t)b->view_stride[d]);
  }
  for (int d = 0; d < w->t->n_mesh; d++)
    w->names[d].value = here[d];
  same_add(&w->word, any ? h : 0);
  w->acted |= any;
  return any;
}

static inline void same_load(same_walk *w, const tog_node *n) {
  const tog_buffer *b = &w->t->buffers.at[n->buffer];
  bool any = same_box(w, n);
  for (int d = 0; any && d < b->rank; d++)
    same_add(&w->word, (uint64_t)same_eval(w, n->at[d], 0));
  same_add(&w->word, (uint64_t)(same_eval(w, n->opens, 1) != 0) * 2 + (same_eval(w, n->closes, 1) != 0));
  same_did(w, TOG_READER, n->buffer);
}

static inline bool same_is_maximum(const char *mlir) {
  static const char *const others[] = {"arith.addf", "arith.subf", "arith.mulf", "arith.divf", "math.", "matmul", "arith.addi", "arith.muli", "arith.select"};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    if (strstr(mlir, others[i]))
      return false;
  return strstr(mlir, "arith.maximumf") != NULL;
}

static inline void same_compute(same_walk *w, const tog_node *n) {
  bool active = same_eval(w, n->active, 1) != 0;
  same_add(&w->word, same_text(n->function < 0 ? "" : w->t->functions.at[n->function].mlir));
  for (size_t i = 0; i < n->args.n + n->numbers.n; i++)
    same_add(&w->word, (uint64_t)same_eval(w, i < n->args.n ? n->args.at[i] : n->numbers.at[i - n->args.n], 0));
  for (size_t i = 0; i < n->uses.n; i++) {
    const tog_use *u = &n->uses.at[i];
    bool safe = u->access != TOG_READ || u->wait || w->core.awaited[u->buffer] || w->core.pushed[u->buffer] > 0;
    w->core.awaited[u->buffer] |= u->wait;
    same_add(&w->word, (uint64_t)u->buffer);
    same_add(&w->word, (uint64_t)(u->access == TOG_READ) * 2 + safe);   /* an open slot is the same one, written or updated */
  }
  bool overwrites = n->function >= 0 && same_is_maximum(w->t->functions.at[n->function].mlir), again = true;
  w->acted |= active;
  for (size_t i = 0; i < n->uses.n; i++) {
    overwrites |= n->uses.at[i].access == TOG_WRITE;
    again &= w->core.last[(size_t)TOG_COMPUTE_THREAD * w->t->buffers.n + (size_t)n->uses.at[i].buffer] == w->word;
  }
  for (size_t i = 0; active && !(overwrites && again) && i < n->uses.n; i++)
    same_did(w, TOG_COMPUTE_THREAD, n->uses.at[i].buffer);
}

static inline void same_send(same_walk *w, const tog_node *n) {
  if (!same_eval(w, n->active, 1))
    return;
  w->core.is_seen = w->acted = true;
  same_add(&w->word, (uint64_t)n->to);
  same_add(&w->word, (uint64_t)same_eval(w, n->row, 0));
  int64_t to = 0;
  for (int d = 0; d < w->t->n_mesh; d++)
    to = to * w->t->mesh_size[d] + same_eval(w, n->receiver[d], 0);
  if (w->core.n_receivers < SAME_SENDS_MAX)
    w->core.receivers[w->core.n_receivers++] = to;
  else
    w->ok = false;
  same_did(w, TOG_WRITER, n->buffer);
  same_did(w, TOG_WRITER, n->to);
}

static inline void same_node(same_walk *w, const tog_node *n) {
  w->word = (uint64_t)n->kind + 1;
  switch (n->kind) {
  case TOG_LOOP: break;
  case TOG_LOAD: same_load(w, n); break;
  case TOG_COMPUTE: same_compute(w, n); break;
  case TOG_SEND: same_send(w, n); break;
  case TOG_STORE:
    if (!same_box(w, n))
      break;
    w->core.is_seen = true;
    same_did(w, TOG_WRITER, n->buffer);
    break;
  case TOG_COLLECT:
    w->acted = true;
    same_add(&w->word, (uint64_t)same_eval(w, n->senders, 0));
    same_did(w, TOG_READER, n->buffer);
    break;
  case TOG_TAKE: same_did(w, TOG_COMPUTE_THREAD, n->buffer); break;
  case TOG_PUSH:
    w->core.pushed[n->buffer]++;
    if (!w->is_private[n->buffer])
      same_did(w, TOG_COMPUTE_THREAD, n->buffer);
    break;
  case TOG_GIVE:
    w->core.pushed[n->buffer] -= n->thread == TOG_COMPUTE_THREAD && w->core.pushed[n->buffer] > 0;
    same_add(&w->word, n->thread == TOG_COMPUTE_THREAD && (n->waits || w->core.awaited[n->buffer]));
    w->core.awaited[n->buffer] = false;
    same_did(w, (int)n->thread, n->buffer);
    break;
  }
}

static inline void same_copy(const same_walk *w, same_core *to, const same_core *from) {
  size_t rings = (size_t)TOG_THREADS * w->t->buffers.n;
  memcpy(to->by_ring, from->by_ring, rings * sizeof *to->by_ring);
  memcpy(to->last, from->last, rings * sizeof *to->last);
  memcpy(to->awaited, from->awaited, w->t->buffers.n * sizeof *to->awaited);
  memcpy(to->pushed, from->pushed, w->t->buffers.n * sizeof *to->pushed);
  memcpy(to->receivers, from->receivers, from->n_receivers * sizeof *to->receivers);
  to->n_receivers = from->n_receivers;
  to->is_seen = from->is_seen;
}
static inline same_core same_new_core(const same_walk *w) {
  arena *m = &w->ctx->mem;
  size_t rings = (size_t)TOG_THREADS * w->t->buffers.n;
  return (same_core){.by_ring = ARENA_NEW_N(m, uint64_t, rings), .last = ARENA_NEW_N(m, uint64_t, rings), .awaited = ARENA_NEW_N(m, bool, w->t->buffers.n),
                     .receivers = ARENA_NEW_N(m, int64_t, SAME_SENDS_MAX), .pushed = ARENA_NEW_N(m, int64_t, w->t->buffers.n)};
}

static inline void same_body(same_walk *w, const tog_body *body);
static inline void same_loop(same_walk *w, const tog_node *n) {
  int64_t trip = same_eval(w, n->trip, 0);
  size_t at = w->n_names++;
  same_core before = same_new_core(w);
  bool acted = w->acted;
  w->names[at].name = n->var;
  for (int64_t k = 0; k < trip && w->ok; k++) {
    w->names[at].value = k;
    w->acted = false;
    same_copy(w, &before, &w->core);
    same_body(w, &n->body);
    acted |= w->acted;
    if (!w->acted)
      same_copy(w, &w->core, &before);
  }
  w->acted = acted;
  w->n_names--;
}

static inline void same_body(same_walk *w, const tog_body *body) {
  for (size_t i = 0; i < body->n && w->ok; i++) {
    const tog_node *n = body->at[i];
    if (n->kind == TOG_LOOP)
      same_loop(w, n);
    else
      same_node(w, n);
  }
}

static inline void same_find_private(const tog_body *body, bool *is_private) {
  for (size_t i = 0; i < body->n; i++) {
    const tog_node *n = body->at[i];
    if (n->kind == TOG_LOOP)
      same_find_private(&n->body, is_private);
    else if (n->kind == TOG_STORE || n->kind == TOG_SEND || n->kind == TOG_LOAD || n->kind == TOG_COLLECT || (n->kind == TOG_GIVE && n->thread != TOG_COMPUTE_THREAD))
      is_private[n->buffer] = false;
    for (size_t k = 0; n->kind == TOG_COMPUTE && k < n->uses.n; k++)
      if (n->uses.at[k].access == TOG_READ)
        is_private[n->uses.at[k].buffer] = false;
  }
}

/* A number for what every core does: equal for graphs that compute the same by the rule above; 0: an expression has no value.  Which core it is does not
 * matter: a receiver is known by what it does, which no other core does (outputs are written once). */
static inline uint64_t same_number(loom_ctx *ctx, const tog *t) {
  uint64_t all = 11;
  int64_t cores = 1;
  size_t rings = (size_t)TOG_THREADS * t->buffers.n;
  bool *is_private = ARENA_NEW_N(&ctx->mem, bool, t->buffers.n);
  for (size_t i = 0; i < t->buffers.n; i++)
    is_private[i] = true;
  same_find_private(&t->body, is_private);
  for (int d = 0; d < t->n_mesh; d++)
    cores *= t->mesh_size[d];
  same_core *core = ARENA_NEW_N(&ctx->mem, same_core, cores);
  uint64_t *own = ARENA_NEW_N(&ctx->mem, uint64_t, cores);
  for (int64_t c = 0; c < cores; c++) {
    same_walk w = {.ctx = ctx, .t = t, .is_private = is_private, .n_names = (size_t)t->n_mesh, .ok = true};
    int64_t left = c;
    w.core = same_new_core(&w);
    for (int d = t->n_mesh - 1; d >= 0; d--) {
      w.names[d] = (sym_binding){t->mesh_name[d], left % t->mesh_size[d]};
      left /= t->mesh_size[d];
    }
    same_body(&w, &t->body);
    if (!w.ok)
      return 0;
    core[c] = w.core;
    own[c] = 13;
    for (size_t i = 0; i < rings; i++)
      same_add(&own[c], w.core.by_ring[i]);
  }
  for (int64_t c = 0; c < cores; c++) {
    uint64_t one = own[c];
    for (size_t i = 0; i < core[c].n_receivers; i++)
      same_add(&one, core[c].receivers[i] < 0 || core[c].receivers[i] >= cores ? 0 : own[core[c].receivers[i]]);
    all += core[c].is_seen ? one : 0;    /* in any order */
  }
  return all;
}
#endif
