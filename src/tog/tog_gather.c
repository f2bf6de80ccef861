/* Gathers: tiles that cores send into the rows of one core's slot. */
#include "tog/tog_private.h"

typedef struct ends { const tog_node *send, *collect; } ends;

/* The nodes that fill `buffer` from core to core; a second one of either kind is an error. */
static loom_status find_ends(loom_ctx *ctx, const tog *t, const tog_body *body, int buffer, ends *out) {
  for (size_t i = 0; i < body->n; i++) {
    const tog_node *n = body->at[i];
    if (n->kind == TOG_LOOP)
      LOOM_TRY(find_ends(ctx, t, &n->body, buffer, out));
    const tog_node **end = n->kind == TOG_SEND && n->to == buffer ? &out->send : n->kind == TOG_COLLECT && n->buffer == buffer ? &out->collect : NULL;
    if (!end)
      continue;
    if (*end)
      return diag_error(ctx, LOOM_NOSPAN, LOOM_EINPUT, "%s and %s both %s buffer '%s'; it needs one send and one collect", tog_node_title(&ctx->mem, *end),
                        tog_node_title(&ctx->mem, n), n->kind == TOG_SEND ? "send to" : "collect", t->buffers.at[buffer].name);
    *end = n;
  }
  return LOOM_OK;
}

static loom_status check_ends(loom_ctx *ctx, const tog_buffer *b, const ends *e) {
  if (e->send && !e->collect)
    return diag_error(ctx, LOOM_NOSPAN, LOOM_EINPUT, "%s sends to buffer '%s', which nothing collects", tog_node_title(&ctx->mem, e->send), b->name);
  if (e->collect && !e->send)
    return diag_error(ctx, LOOM_NOSPAN, LOOM_EINPUT, "%s collects buffer '%s', which nothing sends to", tog_node_title(&ctx->mem, e->collect), b->name);
  return LOOM_OK;
}

static loom_status check_numbers(loom_ctx *ctx, const tog *t, const tog_body *body, const tog_scope *scope) {
  for (size_t i = 0; i < body->n; i++) {
    const tog_node *n = body->at[i];
    if (n->kind == TOG_LOOP) {
      tog_scope inside = tog_scope_in_loop(scope, n);
      LOOM_TRY(check_numbers(ctx, t, &n->body, &inside));
    } else if (n->kind == TOG_SEND) {
      sym_interval row = tog_range(scope, n->row);
      if (row.hi < 0 || row.lo >= t->buffers.at[n->to].shape[0])
        return diag_error(ctx, LOOM_NOSPAN, LOOM_EINPUT, "%s sends to row %s of buffer '%s', which has %" PRId64, tog_node_title(&ctx->mem, n), sym_str(&ctx->mem, n->row),
                          t->buffers.at[n->to].name, t->buffers.at[n->to].shape[0]);
    } else if (n->kind == TOG_COLLECT) {
      sym_interval senders = tog_range(scope, n->senders);
      if (senders.hi < 0 || senders.lo > t->buffers.at[n->buffer].shape[0])
        return diag_error(ctx, LOOM_NOSPAN, LOOM_EINPUT, "%s waits for %s tiles in buffer '%s', which has %" PRId64 " rows", tog_node_title(&ctx->mem, n),
                          sym_str(&ctx->mem, n->senders), t->buffers.at[n->buffer].name, t->buffers.at[n->buffer].shape[0]);
    }
  }
  return LOOM_OK;
}

loom_status tog_check_gathers(loom_ctx *ctx, const tog *t) {
  for (size_t i = 0; i < t->buffers.n; i++) {
    ends e = {0};
    LOOM_TRY(find_ends(ctx, t, &t->body, (int)i, &e));
    LOOM_TRY(check_ends(ctx, &t->buffers.at[i], &e));
  }
  tog_scope scope = tog_scope_of_mesh(t);
  return check_numbers(ctx, t, &t->body, &scope);
}
