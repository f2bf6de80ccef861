/* The window of a core: instructions in program order, and who waits for whom. */
#include "sim/npu/npu_flow.h"

bool flow_is_pending(const flow_core *c, int64_t number) { return number >= c->head && flow_inst_of(c, number)->state != FLOW_DONE; }

/* ---- heaps, queues ---- */

void flow_heap_push(arena *mem, flow_heap *h, int64_t number) {
  if (h->n == h->room)
    h->at = vec_grow(mem, h->at, h->n, &h->room, sizeof *h->at);
  size_t i = h->n++;
  for (; i && h->at[(i - 1) / 2] > number; i = (i - 1) / 2)
    h->at[i] = h->at[(i - 1) / 2];
  h->at[i] = number;
}

int64_t flow_heap_pop(flow_heap *h) {
  int64_t top = h->at[0], moved = h->at[--h->n];
  size_t i = 0, child;
  while ((child = 2 * i + 1) < h->n) {
    child += child + 1 < h->n && h->at[child + 1] < h->at[child];
    if (h->at[child] >= moved)
      break;
    h->at[i] = h->at[child];
    i = child;
  }
  h->at[i] = moved;
  return top;
}

void flow_queue_push(arena *mem, flow_queue *q, flow_done d) {
  if (q->n == q->room) {
    size_t room = q->room ? q->room * 2 : 16;
    flow_done *at = ARENA_NEW_N(mem, flow_done, room);
    for (size_t i = 0; i < q->n; i++)
      at[i] = q->at[(q->head + i) & (q->room - 1)];
    *q = (flow_queue){.at = at, .n = q->n, .room = room};
  }
  q->at[(q->head + q->n++) & (q->room - 1)] = d;
}

flow_done flow_queue_pop(flow_queue *q) {
  flow_done d = q->at[q->head];
  q->head = (q->head + 1) & (q->room - 1);
  q->n--;
  return d;
}

/* ---- instructions ---- */

static void grow(npu *s, flow_core *c) {
  arena *mem = &s->ctx->mem;
  flow_core old = *c;
  c->room = old.room ? old.room * 2 : 64;
  c->ring = ARENA_NEW_N(mem, flow_inst, c->room);
  c->uses = ARENA_NEW_N(mem, flow_use, c->room * (size_t)c->max_uses);
  c->args = s->flow->has_values ? ARENA_NEW_N(mem, int64_t, c->room * TILE_GRAPH_DEPTH_MAX) : NULL;
  for (int64_t i = c->head; i < c->tail; i++) {
    size_t from = (size_t)i & (old.room - 1), to = (size_t)i & (c->room - 1);
    c->ring[to] = old.ring[from];
    memcpy(&c->uses[to * (size_t)c->max_uses], &old.uses[from * (size_t)c->max_uses], sizeof *c->uses * (size_t)c->max_uses);
    if (c->args)
      memcpy(&c->args[to * TILE_GRAPH_DEPTH_MAX], &old.args[from * TILE_GRAPH_DEPTH_MAX], sizeof *c->args * TILE_GRAPH_DEPTH_MAX);
  }
}

int64_t flow_inst_new(npu *s, flow_core *c, int node) {
  if ((size_t)(c->tail - c->head) == c->room)
    grow(s, c);
  int64_t number = c->tail++;
  *flow_inst_of(c, number) = (flow_inst){.node = node, .item = c->item, .waits_for = 1, .first_issue_edge = NPU_NONE, .first_done_edge = NPU_NONE, .weights = NPU_NONE,
                                         .load = NPU_NONE, .index_file = NPU_NONE};
  c->items[c->item].n_left++;
  return number;
}

static void less_to_wait_for(npu *s, flow_core *c, int64_t number) {
  flow_inst *in = flow_inst_of(c, number);
  if (--in->waits_for)
    return;
  in->state = FLOW_READY;
  flow_heap_push(&s->ctx->mem, &c->ready, number);
}

void flow_arm(npu *s, flow_core *c, int64_t number) { less_to_wait_for(s, c, number); }

void flow_wait_list(npu *s, flow_core *c, int *list, int64_t number) {
  int e = c->free_edge;
  if (e == NPU_NONE) {
    e = (int)c->edges.n;
    vec_push(&s->ctx->mem, &c->edges, ((flow_edge){0}));
  } else
    c->free_edge = c->edges.at[e].next;
  c->edges.at[e] = (flow_edge){number, *list};
  *list = e;
  flow_inst_of(c, number)->waits_for++;
}

void flow_wait_for(npu *s, flow_core *c, int64_t before, int64_t number) {
  if (flow_is_pending(c, before))
    flow_wait_list(s, c, &flow_inst_of(c, before)->first_done_edge, number);
}

void flow_fire(npu *s, flow_core *c, int *list) {
  for (int e = *list, next; e != NPU_NONE; e = next) {
    next = c->edges.at[e].next;
    int64_t to = c->edges.at[e].to;
    c->edges.at[e].next = c->free_edge;
    c->free_edge = e;
    less_to_wait_for(s, c, to);
  }
  *list = NPU_NONE;
}

/* ---- joins ---- */

int flow_join_add(npu *s, flow_core *c, int *join) {
  if (*join == NPU_NONE) {
    *join = c->free_join;
    if (*join == NPU_NONE) {
      *join = (int)c->joins.n;
      vec_push(&s->ctx->mem, &c->joins, ((flow_join){0}));
    } else
      c->free_join = c->joins.at[*join].next_free;
    c->joins.at[*join] = (flow_join){.first_edge = NPU_NONE};
  }
  c->joins.at[*join].n_pending++;
  return *join;
}

static void free_join(flow_core *c, int join) {
  c->joins.at[join].next_free = c->free_join;
  c->free_join = join;
}

void flow_join_over(npu *s, flow_core *c, int join) {
  flow_join *j = &c->joins.at[join];
  if (--j->n_pending)
    return;
  flow_fire(s, c, &j->first_edge);
  if (j->is_dropped)
    free_join(c, join);
}

void flow_join_wait(npu *s, flow_core *c, int join, int64_t number) {
  if (join != NPU_NONE && c->joins.at[join].n_pending)
    flow_wait_list(s, c, &c->joins.at[join].first_edge, number);
}

void flow_join_drop(flow_core *c, int *join) {
  if (*join == NPU_NONE)
    return;
  if (c->joins.at[*join].n_pending)
    c->joins.at[*join].is_dropped = true;
  else
    free_join(c, *join);
  *join = NPU_NONE;
}

/* ---- ends ---- */

void flow_over(npu *s, flow_core *c, int64_t number, int64_t cycle) {
  flow_inst *in = flow_inst_of(c, number);
  const tile_node *n = flow_node_of(c, number);
  if (!in->is_released)
    flow_give_back(s, c, number, cycle);
  flow_fire(s, c, &in->first_issue_edge);
  flow_fire(s, c, &in->first_done_edge);
  in->state = FLOW_DONE;
  c->port->report->cycles = cycle + 1;
  if (n->kind == TILE_WAIT)
    s->flow->n_matched++;
  int item = in->item;
  if (--c->items[item].n_left == 0 && c->items[item].is_walked)
    flow_item_over(s, c, item, cycle);
  while (c->head < c->tail && flow_inst_of(c, c->head)->state == FLOW_DONE)
    c->head++;
}

void flow_give_back(npu *s, flow_core *c, int64_t number, int64_t cycle) {
  const tile_node *n = flow_node_of(c, number);
  flow_use *uses = flow_uses_of(c, number);
  flow_inst_of(c, number)->is_released = true;
  for (size_t i = 0; i < n->uses.n; i++) {
    if (uses[i].version == NPU_NONE)
      continue;
    if (uses[i].join != NPU_NONE)
      flow_join_over(s, c, uses[i].join);
    flow_version_let_go(s, c, uses[i].version, cycle);
  }
}
