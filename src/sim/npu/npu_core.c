/* One cycle of a core: units, DMA engine, one instruction, one tile back. */
#include "sim/npu/npu_private.h"

void npu_queue_push(arena *mem, npu_queue *q, npu_due j) {
  if (q->n == q->room) {
    size_t room = q->room ? q->room * 2 : 16;
    npu_due *at = ARENA_NEW_N(mem, npu_due, room);
    for (size_t i = 0; i < q->n; i++)
      at[i] = q->at[(q->head + i) & (q->room - 1)];
    *q = (npu_queue){.at = at, .n = q->n, .room = room};
  }
  q->at[(q->head + q->n++) & (q->room - 1)] = j;
}

npu_due npu_queue_pop(npu_queue *q) {
  npu_due j = q->at[q->head];
  q->head = (q->head + 1) & (q->room - 1);
  q->n--;
  return j;
}

static npu_inst *inst_of(npu_ref r) { return &r.item->insts.at[r.index]; }
static const tile_node *node_of(const npu *s, npu_ref r) { return &s->g->nodes.at[inst_of(r)->node]; }
static void done(npu_core *c, npu_ref r, int64_t cycle) {
  c->report->cycles = cycle + 1;
  npu_inst_done(r.item, r.index);
}

/* ---- units ---- */

static void run_unit(npu_core *c, npu_queue *unit, int64_t cycle) {
  while (unit->n && npu_queue_front(unit)->due <= cycle)
    done(c, npu_queue_pop(unit).inst, cycle);
}

static bool start_compute(npu *s, npu_core *c, npu_ref r, int64_t now) {
  const tile_node *n = node_of(s, r);
  const npu_inst *in = inst_of(r);
  int array = c->turn;
  npu_queue *unit = n->unit == TILE_VECTOR ? &c->vector : &c->arrays[array];
  if (n->unit != TILE_VECTOR)
    c->turn = array + 1 == s->report->n_arrays ? 0 : array + 1;
  if (!in->cycles)
    return false;
  int64_t due = now + in->cycles, begin = unit->n ? npu_queue_back(unit)->due : now;
  if (unit->n) {
    int64_t left = npu_queue_back(unit)->due - now;
    bool is_short = left >= 0 && left < n->overlap;   /* left below 0: overlaps longer than their node, behind one that is not done; counts in full */
    due = npu_queue_back(unit)->due + in->cycles - (is_short ? left : n->overlap);
  }
  npu_queue_push(&s->ctx->mem, unit, (npu_due){.inst = r, .due = due});
  if (s->o->record)
    npu_record_slice(s, c->id, n->unit == TILE_VECTOR ? NPU_TRACK_VECTOR : array, in->node, r.item->number, begin, due);
  *(n->unit == TILE_VECTOR ? &c->report->vector_busy : &c->report->array_busy[array]) += in->cycles > n->overlap ? in->cycles - n->overlap : 0;
  return true;
}

/* ---- tags ---- */

static void wait_for_tag(npu_item *it, int inst) {
  npu_tag *t = &it->tags.at[it->insts.at[inst].tag];
  it->insts.at[inst].next_ready = NPU_NONE;
  if (t->first_waiter == NPU_NONE)
    t->first_waiter = inst;
  else
    it->insts.at[t->last_waiter].next_ready = inst;
  t->last_waiter = inst;
}

static void set_tag(npu_core *c, npu_item *it, int tag, int64_t cycle) {
  npu_tag *t = &it->tags.at[tag];
  t->state = NPU_TAG_THERE;
  for (int i = t->first_waiter, next; i != NPU_NONE; i = next) {
    next = it->insts.at[i].next_ready;
    done(c, (npu_ref){it, i}, cycle);
  }
  t->first_waiter = t->last_waiter = NPU_NONE;
}

/* A wait whose tile is all zero: the matrix nodes behind it cost nothing. */
static void skip_sparse(npu *s, npu_ref r) {
  for (int e = inst_of(r)->first_edge; e != NPU_NONE; e = r.item->edges.at[e].next) {
    npu_inst *after = &r.item->insts.at[r.item->edges.at[e].to];
    const tile_node *n = &s->g->nodes.at[after->node];
    if (n->kind == TILE_COMPUTE && n->unit == TILE_MATMUL)
      after->cycles = 0;
  }
}

static void start_wait(npu *s, npu_core *c, npu_ref r, int64_t now) {
  switch (r.item->tags.at[inst_of(r)->tag].state) {
  case NPU_TAG_SPARSE:
    skip_sparse(s, r);
    done(c, r, now);
    break;
  case NPU_TAG_THERE:
    done(c, r, now);
    break;
  default:
    wait_for_tag(r.item, r.index);
  }
}

static void start_load(npu *s, npu_core *c, npu_ref r, int64_t now) {
  if (inst_of(r)->is_sparse) {
    r.item->tags.at[inst_of(r)->tag].state = NPU_TAG_SPARSE;
    c->report->skipped++;
    done(c, r, now);
  } else {
    npu_queue_push(&s->ctx->mem, &c->loads, (npu_due){.inst = r});
  }
}

/* ---- the DMA engine ---- */

static void run_arrivals(npu *s, npu_core *c, int64_t cycle) {
  while (c->arrived.n && npu_queue_front(&c->arrived)->due <= cycle) {
    npu_due j = npu_queue_pop(&c->arrived);
    const tile_node *n = node_of(s, j.inst);
    if (n->kind == TILE_LOAD && n->is_async)
      set_tag(c, j.inst.item, inst_of(j.inst)->tag, cycle);
    else if (n->kind == TILE_LOAD)
      done(c, j.inst, cycle);
    c->report->cycles = cycle + 1;
    c->n_under_way--;
    npu_item_let_go(s, j.inst.item);
  }
}

void npu_core_answered(npu *s, uint32_t transfer, int64_t visible) {
  npu_transfer *t = &s->transfers.at[transfer];
  npu_core *c = &s->cores[t->core];
  npu_queue_push(&s->ctx->mem, &c->arrived, (npu_due){.inst = t->inst, .due = visible});
  if (s->o->record)
    npu_record_flight(s, t, visible);
  t->next_free = s->free_transfer;
  s->free_transfer = (int)transfer;
}

/* The requests of the transfer are out. */
static void end_sending(npu *s, npu_core *c, int64_t cycle) {
  npu_transfer *t = &s->transfers.at[c->sending];
  npu_ref r = t->inst;
  const tile_node *n = node_of(s, r);
  if (n->kind == TILE_STORE || n->is_async)
    done(c, r, cycle);
  if (s->o->record)
    npu_record_slice(s, c->id, NPU_TRACK_DMA, t->node, t->item, t->begin, cycle);
  t->is_sent = true;
  if (!t->outstanding)   /* memory was faster than the core */
    npu_core_answered(s, c->sending, cycle + 1);
  c->sending = UINT32_MAX;
}

npu_transfer *npu_transfer_new(npu *s, npu_core *c, int64_t cycle) {
  int i = s->free_transfer;
  if (i == NPU_NONE) {
    i = (int)s->transfers.n;
    vec_push(&s->ctx->mem, &s->transfers, ((npu_transfer){0}));
  } else
    s->free_transfer = s->transfers.at[i].next_free;
  s->transfers.at[i] = (npu_transfer){.core = c->id, .begin = cycle};
  c->sending = (uint32_t)i;
  c->n_under_way++;
  return &s->transfers.at[i];
}

static loom_status start_sending(npu *s, npu_core *c, npu_ref r, int64_t cycle) {
  const tile_node *n = node_of(s, r);
  npu_transfer *t = npu_transfer_new(s, c, cycle);
  t->inst = r;
  t->node = inst_of(r)->node;
  t->item = r.item->number;
  t->is_write = n->kind == TILE_STORE;
  r.item->n_held++;
  npu_box b = {.g = s->g, .name = n->name, .rank = n->rank, .elem_bytes = n->elem_bytes, .address = inst_of(r)->address, .index_file = inst_of(r)->index_file,
               .rows = n->rows, .row_step = n->row_step, .row_dim = n->row_dim};
  memcpy(b.extent, n->extent, sizeof b.extent);
  memcpy(b.step, n->step, sizeof b.step);
  return npu_lines_start(s, &c->lines, &b);
}

static void push_request(npu *s, npu_core *c, npu_request q) {
  if (c->n_requests == c->request_room) {
    size_t room = c->request_room ? c->request_room * 2 : 256;
    npu_request *at = ARENA_NEW_N(&s->ctx->mem, npu_request, room);
    for (size_t i = 0; i < c->n_requests; i++)
      at[i] = c->requests[(c->request_head + i) & (c->request_room - 1)];
    c->requests = at;
    c->request_head = 0;
    c->request_room = room;
  }
  c->requests[(c->request_head + c->n_requests++) & (c->request_room - 1)] = q;
}

void npu_send_requests(npu *s, npu_core *c) {
  npu_transfer *t = &s->transfers.at[c->sending];
  int64_t sent = 0;
  for (; sent < s->n_ports && c->lines.has_next; sent++) {
    int64_t line = npu_lines_take(&c->lines);
    push_request(s, c, (npu_request){line, c->sending, dram_channel_of(&s->dram, line)});
  }
  t->outstanding += sent;
  t->requests += sent;
  s->n_outstanding += sent;
  s->spent += sent;
  *(t->is_write ? &c->report->written_bytes : &c->report->read_bytes) += sent * s->dram.request_bytes;
  c->report->dma_cycles++;
}

static loom_status run_dma(npu *s, npu_core *c, int64_t cycle) {
  run_arrivals(s, c, cycle);
  if (c->sending != UINT32_MAX && !c->lines.has_next)
    end_sending(s, c, cycle);
  if (c->sending == UINT32_MAX) {
    npu_queue *q = c->loads.n ? &c->loads : &c->stores;
    if (!q->n)
      return LOOM_OK;
    LOOM_TRY(start_sending(s, c, npu_queue_pop(q).inst, cycle));
  }
  npu_send_requests(s, c);
  return LOOM_OK;
}

/* ---- the core ---- */

/* True: the instruction takes the cycle. */
static bool start(npu *s, npu_core *c, npu_ref r, int64_t now) {
  switch (node_of(s, r)->kind) {
  case TILE_LOAD: start_load(s, c, r, now); return true;
  case TILE_STORE: npu_queue_push(&s->ctx->mem, &c->stores, (npu_due){.inst = r}); return true;
  case TILE_WAIT: start_wait(s, c, r, now); return true;
  default: break;
  }
  if (start_compute(s, c, r, now))
    return true;
  c->report->skipped++;
  done(c, r, now);
  return false;
}

static int take_ready(npu_item *it, npu_tile *t) {
  int i = t->ready_head;
  t->ready_head = it->insts.at[i].next_ready;
  if (t->ready_head == NPU_NONE)
    t->ready_tail = NPU_NONE;
  return i;
}

/* The first ready instruction, tiles in the order they came; those of no cycles on the way are done at once. */
static bool give_instruction(npu *s, npu_core *c, int64_t now) {
  for (int k = 0; k < c->n_tiles; k++) {
    npu_item *it = c->tiles[k].item;
    npu_tile *t = &it->tiles.at[c->tiles[k].index];
    while (t->ready_head != NPU_NONE) {
      npu_ref r = {it, take_ready(it, t)};
      tile_kind kind = node_of(s, r)->kind;
      s->spent++;
      if (!start(s, c, r, now))
        continue;
      c->report->instructions[kind]++;
      return true;
    }
  }
  return false;
}

static bool is_finished(npu_ref r) { return r.item->tiles.at[r.index].n_done == r.item->tiles.at[r.index].n_insts; }

static void hand_back(npu *s, npu_core *c) {
  for (int k = 0; k < c->n_tiles; k++)
    if (is_finished(c->tiles[k])) {
      npu_queue_push(&s->ctx->mem, &c->finished, (npu_due){.inst = c->tiles[k]});
      for (c->n_tiles--; k < c->n_tiles; k++)
        c->tiles[k] = c->tiles[k + 1];
    }
}

loom_status npu_core_run(npu *s, npu_core *c, int64_t cycle) {
  run_unit(c, &c->vector, cycle);
  for (int i = 0; i < s->report->n_arrays; i++)
    run_unit(c, &c->arrays[i], cycle);
  LOOM_TRY(run_dma(s, c, cycle));
  if (!give_instruction(s, c, cycle + 1))
    hand_back(s, c);
  return LOOM_OK;
}

int64_t npu_core_next(const npu *s, const npu_core *c, int64_t cycle) {
  if (c->sending != UINT32_MAX || c->loads.n || c->stores.n || c->finished.n || npu_dispatch_pending(s, c))
    return cycle;
  for (int k = 0; k < c->n_tiles; k++)
    if (c->tiles[k].item->tiles.at[c->tiles[k].index].ready_head != NPU_NONE || is_finished(c->tiles[k]))
      return cycle;
  int64_t next = c->arrived.n ? npu_queue_front(&c->arrived)->due : INT64_MAX;
  if (c->vector.n && npu_queue_front(&c->vector)->due < next)
    next = npu_queue_front(&c->vector)->due;
  for (int i = 0; i < s->report->n_arrays; i++)
    if (c->arrays[i].n && npu_queue_front(&c->arrays[i])->due < next)
      next = npu_queue_front(&c->arrays[i])->due;
  return next > cycle ? next : cycle;
}

bool npu_core_running(const npu *s, const npu_core *c) {
  if (c->n_tiles || c->vector.n)
    return true;
  for (int i = 0; i < s->report->n_arrays; i++)
    if (c->arrays[i].n)
      return true;
  return c->n_under_way || c->loads.n || c->stores.n;
}

void npu_core_stuck(npu *s, npu_core *c, int64_t cycle) {
  for (int k = 0; k < c->n_tiles; k++) {
    npu_item *it = c->tiles[k].item;
    for (size_t g = 0; g < it->tags.n; g++)
      for (int i = it->tags.at[g].first_waiter; i != NPU_NONE; i = it->insts.at[i].next_ready) {
        if (it->insts.at[i].tile != c->tiles[k].index)
          continue;
        const tile_node *n = &s->g->nodes.at[it->insts.at[i].node];
        npu_fault_add(s, NPU_FAULT_DEADLOCK, c->id, cycle, n, "node '%s' of work item %" PRId64 " waits for a tag of '%s' that no load sets", n->name, it->number,
                      s->g->tensors.at[n->tensor].name);
      }
  }
}
