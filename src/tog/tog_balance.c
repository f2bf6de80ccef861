/* Balance: every loop level frees as many slots of a buffer as it reserves, and publishes none or all of those it takes.
 *
 * A loop that runs exactly once is part of the level around it.  Loops that run at most once, on the same condition, are one level: what the first
 * reserves the second may free.  A load that reserves a slot only at times counts where its buffer is freed: for one slot there, whatever loops lie
 * between; whether it really opens one slot and closes it is for the simulator to see. */
#include "tog/tog_private.h"

/* parts: loads that reserve only at times. */
typedef struct balance { int reserves, takes, pushes, gives, parts; } balance;

typedef struct balancer { loom_ctx *ctx; const tog *t; } balancer;

static loom_status check_buffer(const balancer *b, int buffer, const balance *n, const char *where) {
  const char *name = b->t->buffers.at[buffer].name;
  int least = n->reserves + n->takes, most = least + n->parts;
  least += least == 0 && n->parts > 0;
  if (n->gives < least || n->gives > most)
    return diag_error(b->ctx, LOOM_NOSPAN, LOOM_EINPUT, "%s reserves %d slot(s) of buffer '%s' but frees %d", where, n->gives < least ? least : most, name, n->gives);
  if (n->pushes != 0 && n->pushes != n->takes)
    return diag_error(b->ctx, LOOM_NOSPAN, LOOM_EINPUT, "%s takes %d slot(s) of buffer '%s' but pushes %d", where, n->takes, name, n->pushes);
  return LOOM_OK;
}

/* A level must be in balance on its own and then adds nothing to the one around it, but for slots that are filled in it and freed outside. */
static loom_status check_level(const balancer *b, const balance *inner, const char *where, balance *sum) {
  for (size_t i = 0; i < b->t->buffers.n; i++) {
    bool is_filled_only = sum && inner[i].parts > 0 && inner[i].reserves + inner[i].takes + inner[i].gives == 0;
    if (is_filled_only)
      sum[i].parts += inner[i].parts;
    else
      LOOM_TRY(check_buffer(b, (int)i, &inner[i], where));
  }
  return LOOM_OK;
}

static loom_status sum_body(const balancer *b, const tog_body *body, const tog_scope *scope, balance *sum);

/* Adds all loops of the body from `first` on that run when that one does. */
static loom_status sum_condition(const balancer *b, const tog_body *body, size_t first, const tog_scope *scope, balance *sum) {
  for (size_t i = first; i < body->n; i++) {
    const tog_node *n = body->at[i];
    if (n->kind != TOG_LOOP || !sym_equal(n->trip, body->at[first]->trip))
      continue;
    tog_scope inside = tog_scope_in_loop(scope, n);
    LOOM_TRY(sum_body(b, &n->body, &inside, sum));
  }
  return LOOM_OK;
}

static bool was_summed(const tog_body *body, size_t at) {
  for (size_t i = 0; i < at; i++)
    if (body->at[i]->kind == TOG_LOOP && sym_equal(body->at[i]->trip, body->at[at]->trip))
      return true;
  return false;
}

static loom_status sum_loop(const balancer *b, const tog_body *body, size_t at, const tog_scope *scope, balance *sum) {
  const tog_node *n = body->at[at];
  tog_scope inside = tog_scope_in_loop(scope, n);
  tog_runs runs = tog_loop_runs(scope, n);
  if (runs == TOG_RUNS_NEVER || (runs == TOG_RUNS_AT_MOST_ONCE && was_summed(body, at)))
    return LOOM_OK;
  if (runs == TOG_RUNS_ONCE)
    return sum_body(b, &n->body, &inside, sum);
  balance *inner = ARENA_NEW_N(&b->ctx->scratch, balance, b->t->buffers.n);
  if (runs == TOG_RUNS_OFTEN) {
    LOOM_TRY(sum_body(b, &n->body, &inside, inner));
    return check_level(b, inner, arena_printf(&b->ctx->mem, "every turn of loop '%s'", n->var), sum);
  }
  LOOM_TRY(sum_condition(b, body, at, scope, inner));
  return check_level(b, inner, arena_printf(&b->ctx->mem, "loop '%s', which runs when %s,", n->var, sym_str(&b->ctx->mem, n->trip)), sum);
}

static void sum_load(const tog_node *n, balance *sum) {
  int64_t opens = 1;
  if (n->opens && !sym_is_const(n->opens, &opens))
    sum->parts++;
  else
    sum->reserves += opens != 0;
}

static loom_status sum_body(const balancer *b, const tog_body *body, const tog_scope *scope, balance *sum) {
  for (size_t i = 0; i < body->n; i++) {
    const tog_node *n = body->at[i];
    switch (n->kind) {
    case TOG_LOAD: sum_load(n, &sum[n->buffer]); break;
    case TOG_COLLECT: sum[n->buffer].reserves++; break;
    case TOG_TAKE: sum[n->buffer].takes++; break;
    case TOG_PUSH: sum[n->buffer].pushes++; break;
    case TOG_GIVE: sum[n->buffer].gives++; break;
    case TOG_LOOP: LOOM_TRY(sum_loop(b, body, i, scope, sum)); break;
    case TOG_STORE:
    case TOG_COMPUTE:
    case TOG_SEND: break;
    }
  }
  return LOOM_OK;
}

/* ---- slots filled by several loads ---- */

typedef struct part_loads { bool any, may_open, may_close; const tog_node *first; } part_loads;

static void find_parts(const tog_body *body, int buffer, part_loads *out) {
  for (size_t i = 0; i < body->n; i++) {
    const tog_node *n = body->at[i];
    int64_t v;
    if (n->kind == TOG_LOOP)
      find_parts(&n->body, buffer, out);
    if (n->kind != TOG_LOAD || n->buffer != buffer)
      continue;
    out->first = out->first ? out->first : n;
    out->any = out->any || n->opens || n->closes;
    out->may_open = out->may_open || !n->opens || !sym_is_const(n->opens, &v) || v != 0;
    out->may_close = out->may_close || !n->closes || !sym_is_const(n->closes, &v) || v != 0;
  }
}

static loom_status check_parts(loom_ctx *ctx, const tog *t) {
  for (size_t i = 0; i < t->buffers.n; i++) {
    part_loads p = {0};
    find_parts(&t->body, (int)i, &p);
    if (p.any && !p.may_open)
      return diag_error(ctx, LOOM_NOSPAN, LOOM_EINPUT, "%s fills a slot of buffer '%s', but no load ever reserves one: 'opens' is 0 in all of them",
                        tog_node_title(&ctx->mem, p.first), t->buffers.at[i].name);
    if (p.any && !p.may_close)
      return diag_error(ctx, LOOM_NOSPAN, LOOM_EINPUT, "%s fills a slot of buffer '%s', but no load ever publishes it: 'closes' is 0 in all of them",
                        tog_node_title(&ctx->mem, p.first), t->buffers.at[i].name);
  }
  return LOOM_OK;
}

loom_status tog_check_balance(loom_ctx *ctx, const tog *t) {
  balancer b = {ctx, t};
  tog_scope scope = tog_scope_of_mesh(t);
  LOOM_TRY(check_parts(ctx, t));
  arena_mark mark = arena_save(&ctx->scratch);
  balance *sum = ARENA_NEW_N(&ctx->scratch, balance, t->buffers.n);
  loom_status st = sum_body(&b, &t->body, &scope, sum);
  if (st == LOOM_OK)
    st = check_level(&b, sum, "the kernel", NULL);
  arena_release(&ctx->scratch, mark);
  return st;
}
