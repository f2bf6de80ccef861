/* Gathers come out even: every core is sent as many tiles of a buffer, over the whole run, as it waits for. */
#include "tog/tog_points.h"

typedef struct counter {
  loom_ctx *ctx;
  const tog_path *path;
  const tog_node *n;
  tog_levels levels;
  sym_code *row, *active, *senders, *receiver[TOG_MESH_MAX];
  int64_t *count;                        /* by core */
  loom_status status;
} counter;

typedef struct gather_counts {
  int buffer;
  bool is_known;                         /* all points were seen */
  int64_t cores, *sent, *awaited;
  const tog_node *send, *collect;
} gather_counts;

static int64_t core_at(const tog *t, const int64_t *coords) {
  int64_t core = 0;
  for (int d = 0; d < t->n_mesh; d++) {
    if (coords[d] < 0 || coords[d] >= t->mesh_size[d])
      return -1;
    core = core * t->mesh_size[d] + coords[d];
  }
  return core;
}

static bool count_send(void *data, const int64_t *vars) {
  counter *c = data;
  const tog *t = c->path->t;
  int64_t active = 1, row, at[TOG_MESH_MAX];
  if ((c->active && !sym_run(c->active, vars, &active)) || active == 0 || !sym_run(c->row, vars, &row))
    return true;
  for (int d = 0; d < t->n_mesh; d++)
    if (!sym_run(c->receiver[d], vars, &at[d]))
      return true;
  int64_t core = core_at(t, at);
  arena *m = &c->ctx->mem;
  if (core < 0)
    c->status = diag_error(c->ctx, LOOM_NOSPAN, LOOM_EINPUT, "the receiver of %s, %s, is off the mesh, on %s", tog_node_title(m, c->n), tog_core_text(m, t, at),
                           tog_point_text(m, c->path, &c->levels, vars));
  else if (row < 0 || row >= t->buffers.at[c->n->to].shape[0])
    c->status = diag_error(c->ctx, LOOM_NOSPAN, LOOM_EINPUT, "%s sends to row %" PRId64 " of buffer '%s', which has %" PRId64 ", on %s", tog_node_title(m, c->n), row,
                           t->buffers.at[c->n->to].name, t->buffers.at[c->n->to].shape[0], tog_point_text(m, c->path, &c->levels, vars));
  else
    c->count[core]++;
  return c->status == LOOM_OK;
}

static bool count_collect(void *data, const int64_t *vars) {
  counter *c = data;
  int64_t senders;
  if (sym_run(c->senders, vars, &senders) && senders > 0 && senders <= c->path->t->buffers.at[c->n->buffer].shape[0])
    c->count[core_at(c->path->t, vars)] += senders;
  return true;
}

static loom_status count_node(loom_ctx *ctx, const tog_node *n, const tog_path *path, void *data) {
  gather_counts *g = data;
  bool is_send = n->kind == TOG_SEND && n->to == g->buffer, is_collect = n->kind == TOG_COLLECT && n->buffer == g->buffer;
  if (!is_send && !is_collect)
    return LOOM_OK;
  counter c = {.ctx = ctx, .path = path, .n = n, .count = is_send ? g->sent : g->awaited};
  for (int i = 0; i < path->n; i++)
    c.levels.vary[i] = true;
  if (is_send) {
    g->send = n;
    LOOM_TRY(tog_compile(ctx, path, n->row, &c.row));
    LOOM_TRY(tog_compile(ctx, path, n->active, &c.active));
    for (int d = 0; d < path->n_mesh; d++)
      LOOM_TRY(tog_compile(ctx, path, n->receiver[d], &c.receiver[d]));
  } else {
    g->collect = n;
    LOOM_TRY(tog_compile(ctx, path, n->senders, &c.senders));
  }
  g->is_known = tog_visit_points(path, &c.levels, is_send ? count_send : count_collect, &c) && g->is_known;
  return c.status;
}

static loom_status compare(loom_ctx *ctx, const tog *t, const gather_counts *g) {
  arena *m = &ctx->mem;
  for (int64_t core = 0; core < g->cores; core++) {
    int64_t at[TOG_MESH_MAX], left = core;
    if (g->sent[core] == g->awaited[core])
      continue;
    for (int d = t->n_mesh - 1; d >= 0; left /= t->mesh_size[d--])
      at[d] = left % t->mesh_size[d];
    return diag_error(ctx, LOOM_NOSPAN, LOOM_EINPUT, "%s waits for %" PRId64 " tiles of buffer '%s' at %s in all, but %" PRId64 " are sent to it at %s", tog_core_text(m, t, at),
                      g->awaited[core], t->buffers.at[g->buffer].name, tog_node_title(m, g->collect), g->sent[core], tog_node_title(m, g->send));
  }
  return LOOM_OK;
}

static loom_status check_buffer(loom_ctx *ctx, const tog *t, int buffer) {
  gather_counts g = {.buffer = buffer, .is_known = true, .cores = 1};
  for (int d = 0; d < t->n_mesh; d++)
    g.cores *= t->mesh_size[d];
  g.sent = ARENA_NEW_N(&ctx->scratch, int64_t, g.cores);
  g.awaited = ARENA_NEW_N(&ctx->scratch, int64_t, g.cores);
  LOOM_TRY(tog_visit_nodes(ctx, t, count_node, &g));
  return g.collect && g.is_known ? compare(ctx, t, &g) : LOOM_OK;
}

static bool is_gathered(const tog_body *body, int buffer) {
  for (size_t i = 0; i < body->n; i++) {
    const tog_node *n = body->at[i];
    if (n->kind == TOG_LOOP ? is_gathered(&n->body, buffer) : n->kind == TOG_SEND && n->to == buffer)
      return true;
  }
  return false;
}

loom_status tog_check_gather_counts(loom_ctx *ctx, const tog *t) {
  loom_status st = LOOM_OK;
  for (size_t i = 0; st == LOOM_OK && i < t->buffers.n; i++) {
    arena_mark mark = arena_save(&ctx->scratch);
    if (is_gathered(&t->body, (int)i))
      st = check_buffer(ctx, t, (int)i);
    arena_release(&ctx->scratch, mark);
  }
  return st;
}
