/* Versions of scratchpad buffers, and room for them.  Room is given in the order in which the program makes versions: what is older never waits for what is younger, so
 * that only a program whose tiles do not fit at all comes to a stop. */
#include "base/text.h"
#include "sim/npu/npu_flow.h"

int flow_version_new(npu *s, flow_core *c, int buffer) {
  int v = c->free_version;
  if (v == NPU_NONE) {
    v = (int)c->versions.n;
    vec_push(&s->ctx->mem, &c->versions, ((flow_version){0}));
  } else
    c->free_version = c->versions.at[v].next_free;
  flow_version *x = &c->versions.at[v];
  flow_version fresh = {.buffer = buffer, .refs = 1, .stamp = c->n_versions++, .first_edge = NPU_NONE, .writer = FLOW_NEVER, .wait = FLOW_NEVER, .update = FLOW_NEVER,
                        .updates = NPU_NONE, .readers = NPU_NONE};
  fresh.loads = x->loads;   /* its storage */
  fresh.loads.n = 0;
  *x = fresh;
  if (c->n_to_reserve == c->reserve_room) {
    size_t room = c->reserve_room ? c->reserve_room * 2 : 16;
    int *at = ARENA_NEW_N(&s->ctx->mem, int, room);
    for (size_t i = 0; i < c->n_to_reserve; i++)
      at[i] = c->to_reserve[(c->reserve_head + i) & (c->reserve_room - 1)];
    c->to_reserve = at;
    c->reserve_head = 0;
    c->reserve_room = room;
  }
  c->to_reserve[(c->reserve_head + c->n_to_reserve++) & (c->reserve_room - 1)] = v;
  c->newest[buffer] = v;
  return v;
}

void flow_version_need(npu *s, flow_core *c, int version, int64_t number) {
  if (!c->versions.at[version].is_reserved)
    flow_wait_list(s, c, &c->versions.at[version].first_edge, number);
}

void flow_reserve(npu *s, flow_core *c) {
  while (c->n_to_reserve) {
    int v = c->to_reserve[c->reserve_head];
    flow_version *x = &c->versions.at[v];
    int64_t bytes = c->job->g->buffers.at[x->buffer].lane_bytes;
    if (c->lane_bytes + bytes > s->flow->lane_bytes)
      return;
    c->reserve_head = (c->reserve_head + 1) & (c->reserve_room - 1);
    c->n_to_reserve--;
    c->lane_bytes += bytes;
    if (c->lane_bytes > c->port->report->spad_peak)
      c->port->report->spad_peak = c->lane_bytes;
    x->is_reserved = true;
    if (c->job->values)
      x->words = flow_values_take(s, c, x->buffer);
    flow_fire(s, c, &x->first_edge);
  }
}

/* Loads that nobody waited for: read too early, or by luck not. */
static void check_loads(npu *s, flow_core *c, const flow_version *x, int64_t cycle) {
  const tile_graph *g = c->job->g;
  for (size_t i = 0; i < x->loads.n; i++) {
    const flow_load *l = &x->loads.at[i];
    if (!l->is_async || l->is_waited)
      continue;
    if (l->early_node != NPU_NONE)
      npu_fault_add(s, NPU_FAULT_EARLY_READ, c->port->id, l->early_cycle, &g->nodes.at[l->early_node], "node '%s' uses buffer '%s' before the data of load '%s' are there",
                    g->nodes.at[l->early_node].name, g->buffers.at[x->buffer].name, g->nodes.at[l->node].name);
    else
      npu_fault_add(s, NPU_FAULT_NO_WAIT, c->port->id, cycle, &g->nodes.at[l->node], "nothing waits for load '%s' into buffer '%s'", g->nodes.at[l->node].name,
                    g->buffers.at[x->buffer].name);
  }
}

void flow_version_let_go(npu *s, flow_core *c, int version, int64_t cycle) {
  flow_version *x = &c->versions.at[version];
  if (--x->refs)
    return;
  check_loads(s, c, x, cycle);
  flow_join_drop(c, &x->updates);
  flow_join_drop(c, &x->readers);
  c->lane_bytes -= c->job->g->buffers.at[x->buffer].lane_bytes;
  if (x->words)
    flow_values_give(s, c, x->buffer, x->words);
  x->words = NULL;
  x->next_free = c->free_version;
  c->free_version = version;
  s->flow->n_versions_over++;
  flow_reserve(s, c);
}

void flow_version_close(npu *s, flow_core *c, int buffer) {
  int v = c->newest[buffer];
  c->newest[buffer] = NPU_NONE;
  if (v != NPU_NONE)
    flow_version_let_go(s, c, v, s->core_tick);
}

void flow_tell_full(npu *s, flow_core *c, int64_t cycle) {
  const tile_graph *g = c->job->g;
  const tile_buffer *b = &g->buffers.at[c->versions.at[c->to_reserve[c->reserve_head]].buffer];
  text names = text_new(&s->ctx->mem);
  for (size_t i = 0; i < c->versions.n; i++)
    if (c->versions.at[i].refs && c->versions.at[i].is_reserved)
      text_addf(&names, "%s'%s'", names.size ? ", " : "", g->buffers.at[c->versions.at[i].buffer].name);
  npu_fault_add(s, NPU_FAULT_SPAD_FULL, c->port->id, cycle, NULL,
                "the scratchpad is full: buffer '%s' needs %" PRId64 " of %" PRId64 " bytes a lane, %" PRId64 " are taken by %s, and nothing that is under way frees any", b->name,
                b->lane_bytes, s->flow->lane_bytes, c->lane_bytes, names.size ? text_str(&names) : "nothing");
}
