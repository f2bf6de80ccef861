/* One thread reads the published slots of a buffer, and frees them.  Nothing orders two: the thread that frees may be a slot ahead, so that the other one
 * misses a slot, or a slot behind, so that the other one reads a slot twice. */
#include "tog/tog_private.h"

static bool reads(const tog_node *n, int buffer) {
  if (n->kind == TOG_STORE || n->kind == TOG_SEND)
    return n->buffer == buffer;
  for (size_t i = 0; n->kind == TOG_COMPUTE && i < n->uses.n; i++)
    if (n->uses.at[i].buffer == buffer && n->uses.at[i].access == TOG_READ)
      return true;
  return false;
}

/* `first`: the first node that reads or frees the buffer; an error where another one does so on another thread. */
static loom_status check_consumers(loom_ctx *ctx, const tog *t, const tog_body *body, int buffer, const tog_node **first) {
  for (size_t i = 0; i < body->n; i++) {
    const tog_node *n = body->at[i];
    if (n->kind == TOG_LOOP)
      LOOM_TRY(check_consumers(ctx, t, &n->body, buffer, first));
    bool gives = n->kind == TOG_GIVE && n->buffer == buffer;
    if (n->kind == TOG_LOOP || (!gives && !reads(n, buffer)))
      continue;
    *first = *first ? *first : n;
    if (tog_node_thread(n) == tog_node_thread(*first))
      continue;
    diag_error(ctx, LOOM_NOSPAN, LOOM_EINPUT, "%s %s buffer '%s' on the %s thread, %s %s it on the %s thread; neither waits for the other", tog_node_title(&ctx->mem, *first),
               (*first)->kind == TOG_GIVE ? "frees" : "reads", t->buffers.at[buffer].name, tog_thread_name(tog_node_thread(*first)), tog_node_title(&ctx->mem, n),
               gives ? "frees" : "reads", tog_thread_name(tog_node_thread(n)));
    diag_help(ctx, "let one thread read and free the buffer, or give the other a copy in a buffer of its own");
    return LOOM_EINPUT;
  }
  return LOOM_OK;
}

loom_status tog_check_consumers(loom_ctx *ctx, const tog *t) {
  for (size_t i = 0; i < t->buffers.n; i++) {
    const tog_node *first = NULL;
    LOOM_TRY(check_consumers(ctx, t, &t->body, (int)i, &first));
  }
  return LOOM_OK;
}
