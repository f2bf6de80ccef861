/* A read waits for its slot, or comes after one that has: otherwise only the clock says whether the slot is published by then. */
#include "tog/tog_private.h"
#include <string.h>

/* awaited[b]: whatever turns the loops take, the compute thread has waited for its oldest slot of buffer b; always so where it publishes the slots
 * itself and no other thread (is_own). */
typedef struct waiter { loom_ctx *ctx; const tog *t; bool *awaited, *is_own; } waiter;

static void find_own(const tog_body *body, bool *is_own) {
  for (size_t i = 0; i < body->n; i++) {
    const tog_node *n = body->at[i];
    if (n->kind == TOG_LOOP)
      find_own(&n->body, is_own);
    else if (n->kind == TOG_LOAD || n->kind == TOG_COLLECT)
      is_own[n->buffer] = false;
  }
}

static loom_status wait_body(waiter *w, const tog_body *body, const tog_scope *scope);

static loom_status wait_compute(waiter *w, const tog_node *n) {
  for (size_t i = 0; i < n->uses.n; i++) {
    const tog_use *u = &n->uses.at[i];
    w->awaited[u->buffer] |= u->wait;
    if (u->access != TOG_READ || w->awaited[u->buffer])
      continue;
    diag_error(w->ctx, LOOM_NOSPAN, LOOM_EINPUT, "%s reads buffer '%s' without waiting for it, and nothing before it has waited for that slot", tog_node_title(&w->ctx->mem, n),
               w->t->buffers.at[u->buffer].name);
    diag_help(w->ctx, "set \"wait\": true on the first read of a slot");
    return LOOM_EINPUT;
  }
  return LOOM_OK;
}

/* Leaves what holds before the first turn and after each: until that changes nothing, for a later turn may start with less than the first. */
static loom_status wait_loop(waiter *w, const tog_node *n, const tog_scope *scope) {
  size_t bytes = w->t->buffers.n * sizeof *w->awaited;
  tog_scope inside = tog_scope_in_loop(scope, n);
  tog_runs runs = tog_loop_runs(scope, n);
  if (runs == TOG_RUNS_NEVER)
    return LOOM_OK;
  if (runs == TOG_RUNS_ONCE)
    return wait_body(w, &n->body, &inside);
  arena_mark mark = arena_save(&w->ctx->scratch);
  bool *before = ARENA_NEW_N(&w->ctx->scratch, bool, w->t->buffers.n);
  loom_status st = LOOM_OK;
  bool less = true;
  while (st == LOOM_OK && less) {
    less = false;
    memcpy(before, w->awaited, bytes);
    st = wait_body(w, &n->body, &inside);
    for (size_t i = 0; i < w->t->buffers.n; i++) {
      less = less || (before[i] && !w->awaited[i]);
      w->awaited[i] = w->awaited[i] && before[i];
    }
    less = less && runs == TOG_RUNS_OFTEN;
  }
  arena_release(&w->ctx->scratch, mark);
  return st;
}

static loom_status wait_body(waiter *w, const tog_body *body, const tog_scope *scope) {
  for (size_t i = 0; i < body->n; i++) {
    const tog_node *n = body->at[i];
    switch (n->kind) {
    case TOG_LOOP: LOOM_TRY(wait_loop(w, n, scope)); break;
    case TOG_COMPUTE: LOOM_TRY(wait_compute(w, n)); break;
    case TOG_GIVE: w->awaited[n->buffer] = w->is_own[n->buffer]; break;
    case TOG_LOAD:
    case TOG_STORE:
    case TOG_TAKE:
    case TOG_PUSH:
    case TOG_SEND:
    case TOG_COLLECT: break;
    }
  }
  return LOOM_OK;
}

loom_status tog_check_waits(loom_ctx *ctx, const tog *t) {
  tog_scope scope = tog_scope_of_mesh(t);
  arena_mark mark = arena_save(&ctx->scratch);
  waiter w = {ctx, t, ARENA_NEW_N(&ctx->scratch, bool, t->buffers.n), ARENA_NEW_N(&ctx->scratch, bool, t->buffers.n)};
  for (size_t i = 0; i < t->buffers.n; i++)
    w.is_own[i] = true;
  find_own(&t->body, w.is_own);
  memcpy(w.awaited, w.is_own, t->buffers.n * sizeof *w.awaited);
  loom_status st = wait_body(&w, &t->body, &scope);
  arena_release(&ctx->scratch, mark);
  return st;
}
