/* One cycle of a core that runs a program: units end, the DMA engine sends, one instruction is given: the oldest that is ready. */
#include "sim/npu/npu_flow.h"

/* ---- units ---- */

static void run_unit(npu *s, flow_core *c, flow_unit *u, int64_t cycle) {
  while (u->queue.n && flow_queue_front(&u->queue)->due <= cycle)
    flow_over(s, c, flow_queue_pop(&u->queue).number, cycle);
}

static void run_releases(npu *s, flow_core *c, flow_unit *u, int64_t cycle) {
  while (u->releases.n && flow_queue_front(&u->releases)->due <= cycle) {
    flow_queue_pop(&u->releases);
    u->slots_used--;
    while (c->parked.n)
      flow_heap_push(&s->ctx->mem, &c->ready, flow_heap_pop(&c->parked));
  }
}

/* The array keeps weights until all but the overlap of their last node is over. */
void flow_weights_let_go(npu *s, flow_core *c, int weights, int64_t now) {
  flow_weights *w = &c->weights.at[weights];
  flow_unit *u = &c->arrays[w->array];
  int64_t due = w->release > now ? w->release : now;
  if (u->releases.n && u->releases.at[(u->releases.head + u->releases.n - 1) & (u->releases.room - 1)].due > due)   /* in order */
    due = u->releases.at[(u->releases.head + u->releases.n - 1) & (u->releases.room - 1)].due;
  flow_queue_push(&s->ctx->mem, &u->releases, (flow_done){.due = due});
  w->next_free = c->free_weights;
  c->free_weights = weights;
}

/* The array with most room for weights; of equals the one that is free first.  NPU_NONE: all are full. */
static int choose_array(const npu *s, const flow_core *c) {
  int best = NPU_NONE;
  for (int i = 0; i < s->report->n_arrays; i++) {
    const flow_unit *u = &c->arrays[i];
    if (u->slots_used == s->m->npu->weight_slots)
      continue;
    if (best == NPU_NONE || u->slots_used < c->arrays[best].slots_used || (u->slots_used == c->arrays[best].slots_used && u->end < c->arrays[best].end))
      best = i;
  }
  return best;
}

/* Occupies the unit behind what is before it, of which the first `overlap` cycles may be shared. */
static int64_t occupy(npu *s, flow_core *c, flow_unit *u, const tile_node *n, int64_t number, int64_t now) {
  int64_t busy = n->cycles > n->overlap ? n->cycles - n->overlap : 0, begin = now, due = now + n->cycles;
  if (u->queue.n) {
    int64_t left = u->end - now;
    begin = u->end;
    due = u->end + n->cycles - (left < n->overlap ? left : n->overlap);
    due = due > begin ? due : begin;
  } else
    u->idle += now - u->end;
  u->bubble += due - begin - busy;
  u->end = due;
  flow_queue_push(&s->ctx->mem, &u->queue, (flow_done){number, due});
  (void)c;
  return due;
}

static void start_compute(npu *s, flow_core *c, int64_t number, int64_t now) {
  flow_inst *in = flow_inst_of(c, number);
  const tile_node *n = flow_node_of(c, number);
  int array = in->weights != NPU_NONE ? c->weights.at[in->weights].array : NPU_NONE;
  if (n->unit == TILE_MATMUL && array == NPU_NONE)
    array = choose_array(s, c) == NPU_NONE ? 0 : choose_array(s, c);
  flow_unit *u = n->unit == TILE_VECTOR ? &c->vector : &c->arrays[array];
  int64_t begin = u->queue.n ? u->end : now, due = occupy(s, c, u, n, number, now);
  *(n->unit == TILE_VECTOR ? &c->port->report->vector_busy : &c->port->report->array_busy[array]) += n->cycles > n->overlap ? n->cycles - n->overlap : 0;
  if (s->o->record)
    npu_record_slice(s, c->port->id, n->unit == TILE_VECTOR ? NPU_TRACK_VECTOR : array, in->node, c->items[in->item].number, begin, due);
  in->state = FLOW_RUNNING;
  if (in->weights != NPU_NONE) {
    flow_weights *w = &c->weights.at[in->weights];
    w->is_issued = true;
    w->n_left -= n->unit == TILE_MATMUL;
    w->release = due - (n->unit == TILE_MATMUL ? n->overlap : 0);
    if (w->is_closed && !w->n_left)
      flow_weights_let_go(s, c, in->weights, now);
  }
  flow_fire(s, c, &in->first_issue_edge);
}

/* A load that no wait before this node has waited for, and that is not there: told when it turns out that none does. */
static void note_early(npu *s, flow_core *c, int64_t number, int64_t cycle) {
  const tile_node *n = flow_node_of(c, number);
  const flow_use *uses = flow_uses_of(c, number);
  (void)s;
  for (size_t i = 0; i < n->uses.n; i++) {
    if (uses[i].version == NPU_NONE || uses[i].access == TILE_WRITE)
      continue;
    flow_version *x = &c->versions.at[uses[i].version];
    for (size_t k = 0; x->n_coming && k < x->loads.n; k++)
      if (!x->loads.at[k].is_there && !x->loads.at[k].is_waited && x->loads.at[k].early_node == NPU_NONE) {
        x->loads.at[k].early_node = flow_inst_of(c, number)->node;
        x->loads.at[k].early_cycle = cycle;
      }
  }
}

/* ---- transfers ---- */

static bool is_empty(const flow_inst *in, const tile_node *n) {
  for (int d = 0; d < n->rank; d++)
    if (!in->extent[d])
      return true;
  return false;
}

/* The data of a load are there, or the DRAM has those of a store. */
static void end_transfer(npu *s, flow_core *c, int64_t number, int64_t cycle) {
  flow_inst *in = flow_inst_of(c, number);
  if (flow_node_of(c, number)->kind == TILE_LOAD) {
    if (c->job->values)
      flow_values_run(s, c, number, cycle);
    if (in->load != NPU_NONE)
      for (size_t i = 0; i < flow_node_of(c, number)->uses.n; i++) {
        const flow_use *u = &flow_uses_of(c, number)[i];
        if (u->version == NPU_NONE || u->access != TILE_WRITE)
          continue;
        c->versions.at[u->version].loads.at[in->load].is_there = true;
        c->versions.at[u->version].n_coming--;
      }
  }
  flow_over(s, c, number, cycle);
}

static void run_arrivals(npu *s, flow_core *c, int64_t cycle) {
  while (c->arrived.n && flow_queue_front(&c->arrived)->due <= cycle) {
    c->port->n_under_way--;
    end_transfer(s, c, flow_queue_pop(&c->arrived).number, cycle);
  }
}

void flow_answered(npu *s, uint32_t transfer, int64_t visible) {
  npu_transfer *t = &s->transfers.at[transfer];
  flow_queue_push(&s->ctx->mem, &s->flow->cores[t->core].arrived, (flow_done){t->number, visible});
  if (s->o->record)
    npu_record_flight(s, t, visible);
  t->next_free = s->free_transfer;
  s->free_transfer = (int)transfer;
}

static void end_sending(npu *s, flow_core *c, int64_t cycle) {
  npu_core *p = c->port;
  npu_transfer *t = &s->transfers.at[p->sending];
  if (t->is_write)   /* what it was stored from may be overwritten */
    flow_give_back(s, c, t->number, cycle);
  if (s->o->record)
    npu_record_slice(s, p->id, NPU_TRACK_DMA, t->node, t->item, t->begin, cycle);
  t->is_sent = true;
  uint32_t sent = p->sending;
  p->sending = UINT32_MAX;
  if (!t->outstanding)
    flow_answered(s, sent, cycle + 1);
}

static loom_status start_sending(npu *s, flow_core *c, int64_t number, int64_t cycle) {
  flow_inst *in = flow_inst_of(c, number);
  const tile_node *n = flow_node_of(c, number);
  npu_transfer *t = npu_transfer_new(s, c->port, cycle);
  t->number = number;
  t->node = in->node;
  t->item = c->items[in->item].number;
  t->is_write = n->kind == TILE_STORE;
  if (t->is_write && c->job->values)
    flow_values_run(s, c, number, cycle);
  npu_box b = {.g = c->job->g, .name = n->name, .rank = n->rank, .elem_bytes = n->elem_bytes, .address = in->address, .index_file = in->index_file,
               .rows = n->rows, .row_step = n->row_step, .row_dim = n->row_dim};
  for (int d = 0; d < n->rank; d++) {
    b.extent[d] = in->extent[d];
    b.step[d] = n->step[d];
    b.address += in->low[d] * n->step[d] * n->elem_bytes;
  }
  return npu_lines_start(s, &c->port->lines, &b);
}

static loom_status run_dma(npu *s, flow_core *c, int64_t cycle) {
  npu_core *p = c->port;
  run_arrivals(s, c, cycle);
  if (p->sending != UINT32_MAX && !p->lines.has_next)
    end_sending(s, c, cycle);
  while (p->sending == UINT32_MAX) {
    if (!c->transfers.n)
      return LOOM_OK;
    int64_t number = flow_heap_pop(&c->transfers);
    if (is_empty(flow_inst_of(c, number), flow_node_of(c, number))) {   /* masked away: nothing moves but what the mask fills */
      if (flow_node_of(c, number)->kind == TILE_STORE && c->job->values)
        flow_values_run(s, c, number, cycle);
      end_transfer(s, c, number, cycle);
    } else
      LOOM_TRY(start_sending(s, c, number, cycle));
  }
  npu_send_requests(s, p);
  return LOOM_OK;
}

/* ---- the core ---- */

/* False: it has to be given later. */
static bool give(npu *s, flow_core *c, int64_t number, int64_t now) {
  flow_inst *in = flow_inst_of(c, number);
  const tile_node *n = flow_node_of(c, number);
  if (n->kind == TILE_COMPUTE && n->unit == TILE_PRELOAD) {
    int array = choose_array(s, c);
    if (array == NPU_NONE) {
      flow_heap_push(&s->ctx->mem, &c->parked, number);
      return false;
    }
    flow_weights *w = &c->weights.at[in->weights];
    w->array = array;
    c->arrays[array].slots_used++;
    if (c->job->values)
      w->values = flow_values_array(s, c, w->values);
  }
  c->port->report->instructions[n->kind]++;
  if (n->kind == TILE_COMPUTE || n->kind == TILE_STORE)
    note_early(s, c, number, now - 1);
  switch (n->kind) {
  case TILE_WAIT: flow_over(s, c, number, now); break;
  case TILE_COMPUTE:
    if (c->job->values)
      flow_values_run(s, c, number, now - 1);
    start_compute(s, c, number, now);
    break;
  default:
    in->state = FLOW_RUNNING;
    flow_heap_push(&s->ctx->mem, &c->transfers, number);
  }
  return true;
}

loom_status flow_core_run(npu *s, flow_core *c, int64_t cycle) {
  if (!c->job)
    return LOOM_OK;
  run_unit(s, c, &c->vector, cycle);
  for (int i = 0; i < s->report->n_arrays; i++) {
    run_unit(s, c, &c->arrays[i], cycle);
    run_releases(s, c, &c->arrays[i], cycle);
  }
  LOOM_TRY(run_dma(s, c, cycle));
  LOOM_TRY(flow_walk(s, c));
  while (c->ready.n) {
    s->spent++;
    if (give(s, c, flow_heap_pop(&c->ready), cycle + 1))
      break;
  }
  return LOOM_OK;
}

static int64_t earlier(int64_t a, const flow_queue *q) { return q->n && flow_queue_front(q)->due < a ? flow_queue_front(q)->due : a; }

int64_t flow_core_next(const npu *s, const flow_core *c, int64_t cycle) {
  if (!c->job)
    return INT64_MAX;
  if (c->ready.n || c->port->sending != UINT32_MAX || c->transfers.n || (c->is_walking && c->tail - c->head < s->m->npu->window))
    return cycle;
  int64_t next = earlier(earlier(INT64_MAX, &c->arrived), &c->vector.queue);
  for (int i = 0; i < s->report->n_arrays; i++)
    next = earlier(earlier(next, &c->arrays[i].queue), &c->arrays[i].releases);
  return next > cycle ? next : cycle;
}
