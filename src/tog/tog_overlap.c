/* Buffers that share bytes of L1.  Let X come before Y in the deepest body that holds all nodes of both.  Sharing is safe when
 *   - no node of X lies between nodes of Y, and
 *   - the thread that frees X is the thread that reserves Y: only then does program order put one after the other, and
 *   - when that body repeats, the thread that frees Y is the thread that reserves X in the next turn.
 * A tile that another core sends lands between the COLLECT that reserves its slot and the slot's being freed, so the SEND says nothing about the
 * slot it goes to; it reads its own `buffer`. */
#include "tog/tog_private.h"

typedef struct touch { int first, last; unsigned reserves, frees; } touch;   /* child indices (first -1: none); sets of threads */

/* Of a node that is no loop. */
static bool uses_buffer(const tog_node *n, int buffer) {
  if (n->kind != TOG_COMPUTE)
    return n->buffer == buffer;
  for (size_t i = 0; i < n->uses.n; i++)
    if (n->uses.at[i].buffer == buffer)
      return true;
  return false;
}

/* Adds what the subtree `n`, child number `at` of the body in question, does with `buffer`. */
static void add_touch(touch *out, const tog_node *n, int at, int buffer) {
  if (n->kind == TOG_LOOP) {
    for (size_t i = 0; i < n->body.n; i++)
      add_touch(out, n->body.at[i], at, buffer);
    return;
  }
  if (!uses_buffer(n, buffer))
    return;
  if (out->first < 0)
    out->first = at;
  out->last = at;
  if (n->kind == TOG_LOAD || n->kind == TOG_TAKE || n->kind == TOG_COLLECT)
    out->reserves |= 1u << tog_node_thread(n);
  if (n->kind == TOG_GIVE)
    out->frees |= 1u << n->thread;
}

static touch touch_of(const tog_body *body, int buffer) {
  touch out = {.first = -1, .last = -1};
  for (size_t i = 0; i < body->n; i++)
    add_touch(&out, body->at[i], (int)i, buffer);
  return out;
}

static bool one_thread(unsigned a, unsigned b) { return a == b && (a & (a - 1)) == 0; }

static bool are_never_live_together(const tog_body *body, const tog_scope *scope, int x, int y, bool repeats) {
  touch a = touch_of(body, x), b = touch_of(body, y);
  if (a.first < 0 || b.first < 0)
    return true;
  if (a.first == a.last && b.first == b.last && a.first == b.first) {   /* both inside one child: it can only be a loop or a shared COMPUTE */
    const tog_node *n = body->at[a.first];
    if (n->kind != TOG_LOOP)
      return false;
    tog_scope inside = tog_scope_in_loop(scope, n);
    return are_never_live_together(&n->body, &inside, x, y, repeats || tog_loop_runs(scope, n) == TOG_RUNS_OFTEN);
  }
  if (b.first < a.first) {
    touch swap = a;
    a = b;
    b = swap;
  }
  return a.last < b.first && one_thread(a.frees, b.reserves) && (!repeats || one_thread(b.frees, a.reserves));
}

loom_status tog_check_overlaps(loom_ctx *ctx, const tog *t) {
  tog_scope scope = tog_scope_of_mesh(t);
  for (size_t i = 0; i < t->buffers.n; i++)
    for (size_t j = i + 1; j < t->buffers.n; j++) {
      const tog_buffer *x = &t->buffers.at[i], *y = &t->buffers.at[j];
      if (x->offset + tog_buffer_span_bytes(x) <= y->offset || y->offset + tog_buffer_span_bytes(y) <= x->offset)
        continue;
      if (are_never_live_together(&t->body, &scope, (int)i, (int)j, false))
        continue;
      diag_error(ctx, LOOM_NOSPAN, LOOM_EINPUT, "buffers '%s' (L1 %" PRId64 "..%" PRId64 ") and '%s' (L1 %" PRId64 "..%" PRId64 ") share bytes while both may be live",
                 x->name, x->offset, x->offset + tog_buffer_span_bytes(x) - 1, y->name, y->offset, y->offset + tog_buffer_span_bytes(y) - 1);
      diag_help(ctx, "give one of them another offset, or make one thread free the first before it reserves the second");
      return LOOM_EINPUT;
    }
  return LOOM_OK;
}
