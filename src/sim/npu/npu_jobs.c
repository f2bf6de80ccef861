/* Jobs: which kernel runs where and from when on, and which core takes which of its work items. */
#include "sim/npu/npu_flow.h"
#include "base/text.h"

/* ---- set up ---- */

static int root_of(const tile_graph *g, int node) {
  while (g->nodes.at[node].parent >= 0)
    node = g->nodes.at[node].parent;
  return node;
}

/* Whether nest `k` touches what nests before it store, or stores what they load. */
static bool depends_on_earlier(loom_ctx *ctx, const flow_job *j, size_t k) {
  enum { LOADED = 1, STORED = 2 };
  const tile_graph *g = j->g;
  arena_mark mark = arena_save(&ctx->scratch);
  char *before = ARENA_NEW_N(&ctx->scratch, char, g->tensors.n + 1), *here = ARENA_NEW_N(&ctx->scratch, char, g->tensors.n + 1);
  bool is_later = false;
  for (size_t i = 0; i < g->nodes.n; i++) {
    const tile_node *n = &g->nodes.at[i];
    if (n->kind != TILE_LOAD && n->kind != TILE_STORE)
      continue;
    for (size_t e = 0; e <= k; e++)
      if (npu_nest_has(&j->nests.at[e], root_of(g, (int)i)))
        (e < k ? before : here)[n->tensor] |= n->kind == TILE_LOAD ? LOADED : STORED;
  }
  for (size_t t = 0; t < g->tensors.n; t++)
    is_later = is_later || (before[t] & STORED && here[t]) || (before[t] && here[t] & STORED);
  arena_release(&ctx->scratch, mark);
  return is_later;
}

static void find_stored(npu *s, flow_job *j) {
  const tile_graph *g = j->g;
  j->is_stored = ARENA_NEW_N(&s->ctx->mem, bool, g->tensors.n + 1);
  for (size_t i = 0; i < g->nodes.n; i++)
    if (g->nodes.at[i].kind == TILE_STORE)
      j->is_stored[g->nodes.at[i].tensor] = true;
}

static int64_t place_of(const tile_buffer *b) { return b->address >= ISA_SPAD_ADDRESS ? b->address - ISA_SPAD_ADDRESS : b->address; }

static void check_buffers(npu *s, const tile_graph *g) {
  for (size_t i = 0; i < g->buffers.n; i++) {
    const tile_buffer *b = &g->buffers.at[i];
    if (place_of(b) + b->lane_bytes > s->flow->lane_bytes)
      npu_fault_add(s, NPU_FAULT_SPAD_RANGE, -1, 0, NULL, "buffer '%s' is at bytes %" PRId64 "..%" PRId64 " of a lane's bank, which has %" PRId64, b->name, place_of(b),
                    place_of(b) + b->lane_bytes - 1, s->flow->lane_bytes);
    for (size_t k = 0; k < i; k++) {
      const tile_buffer *o = &g->buffers.at[k];
      if (place_of(b) < place_of(o) + o->lane_bytes && place_of(o) < place_of(b) + b->lane_bytes)
        npu_fault_add(s, NPU_FAULT_SPAD_OVERLAP, -1, 0, NULL, "buffers '%s' (bytes %" PRId64 "..%" PRId64 " of a lane's bank) and '%s' (%" PRId64 "..%" PRId64 ") overlap", o->name,
                      place_of(o), place_of(o) + o->lane_bytes - 1, b->name, place_of(b), place_of(b) + b->lane_bytes - 1);
    }
  }
}

static loom_status check_graph(npu *s, const npu_job *in) {
  const tile_graph *g = in->graph;
  loom_span at = diag_file_span(s->ctx, g->path);
  if (!g->buffers.n) {
    diag_error(s->ctx, at, LOOM_EUNSUP, "tile graph '%s' does not say what its nodes do to the scratchpad, so that it cannot run beside others or with values", g->name);
    diag_help(s->ctx, "run it alone, for its time");
    return LOOM_EUNSUP;
  }
  if (in->n_symbols != g->symbols.n) {
    text names = text_new(&s->ctx->mem);
    for (size_t i = 0; i < g->symbols.n; i++)
      text_addf(&names, "%s%s", i ? ", " : "", g->symbols.at[i]);
    LOOM_FAIL(s->ctx, at, LOOM_EINPUT, "tile graph '%s' has %zu sizes to be given (%s); given are %zu", g->name, g->symbols.n, text_str(&names), in->n_symbols);
  }
  if (in->partition < 0 || in->partition >= s->flow->n_partitions)
    LOOM_FAIL(s->ctx, at, LOOM_EINPUT, "tile graph '%s' is to run in partition %d; there are %d", g->name, in->partition, s->flow->n_partitions);
  for (size_t i = 0; i < g->nodes.n; i++) {
    size_t filled = 0;
    for (size_t k = 0; k < g->nodes.at[i].uses.n; k++)
      filled += g->nodes.at[i].uses.at[k].access == TILE_WRITE;
    if (g->nodes.at[i].kind == TILE_LOAD && filled > 1)
      LOOM_FAIL(s->ctx, at, LOOM_EINPUT, "load '%s' writes %zu buffers; one load fills one", g->nodes.at[i].name, filled);
  }
  return LOOM_OK;
}

static loom_status set_up_job(npu *s, flow_job *j, const npu_job *in, int index) {
  LOOM_TRY(check_graph(s, in));
  *j = (flow_job){.in = in, .g = in->graph, .report = &s->report->jobs[index]};
  *j->report = (npu_job_report){in->graph->name, in->partition, in->arrival, 0, 0, 0};
  LOOM_TRY(npu_find_nests(s->ctx, j->g, true, in->symbols, &j->nests, &j->n_items));
  j->report->items = j->n_items;
  for (size_t k = 1; k < j->nests.n; k++)
    if (depends_on_earlier(s->ctx, j, k))
      vec_push(&s->ctx->mem, &j->barriers, j->nests.at[k].first);
  find_stored(s, j);
  check_buffers(s, j->g);
  j->shift = (int64_t)index << 36;      /* kernels have memory of their own */
  s->flow->has_values = s->flow->has_values || in->values;
  return in->values ? flow_values_open(s, j) : LOOM_OK;
}

static void set_up_core(npu *s, int id) {
  npu_flow *f = s->flow;
  flow_core *c = &f->cores[id];
  size_t nodes = 0, buffers = 0, tensors = 0, uses = 1;
  for (int i = 0; i < f->n_jobs; i++) {
    const tile_graph *g = f->jobs[i].g;
    nodes = g->nodes.n > nodes ? g->nodes.n : nodes;
    buffers = g->buffers.n > buffers ? g->buffers.n : buffers;
    tensors = g->tensors.n > tensors ? g->tensors.n : tensors;
    for (size_t k = 0; k < g->nodes.n; k++)
      uses = g->nodes.at[k].uses.n > uses ? g->nodes.at[k].uses.n : uses;
  }
  *c = (flow_core){.port = &s->cores[id], .partition = (int)((int64_t)id * f->n_partitions / s->n_cores), .max_uses = (int)uses, .free_edge = NPU_NONE, .free_join = NPU_NONE,
                   .free_weights = NPU_NONE, .free_version = NPU_NONE, .open_weights = NPU_NONE};
  c->loop_values = ARENA_NEW_N(&s->ctx->mem, int64_t, nodes);
  c->newest = ARENA_NEW_N(&s->ctx->mem, int, buffers);
  for (size_t b = 0; b < buffers; b++)
    c->newest[b] = NPU_NONE;
  c->stored = ARENA_NEW_N(&s->ctx->mem, int64_t, tensors);
  for (size_t t = 0; t < tensors; t++)
    c->stored[t] = FLOW_NEVER;
  c->arrays = ARENA_NEW_N(&s->ctx->mem, flow_unit, s->report->n_arrays);
}

/* Jobs of a partition in the order in which they came. */
static void queue_job(npu_flow *f, flow_job *j) {
  flow_job **at = &f->turns[j->in->partition];
  while (*at && (*at)->in->arrival <= j->in->arrival)
    at = &(*at)->next;
  j->next = *at;
  *at = j;
}

loom_status flow_set_up(npu *s, const npu_job *jobs, int n_jobs) {
  npu_flow *f = s->flow;
  f->lane_bytes = machine_lane_bytes(s->m);
  f->n_jobs = n_jobs;
  f->jobs = ARENA_NEW_N(&s->ctx->mem, flow_job, n_jobs);
  s->report->jobs = ARENA_NEW_N(&s->ctx->mem, npu_job_report, n_jobs);
  s->report->n_jobs = n_jobs;
  if (s->n_cores % f->n_partitions)
    LOOM_FAIL(s->ctx, LOOM_NOSPAN, LOOM_EINPUT, "machine '%s' has %d cores; they cannot be dealt to %d partitions", s->m->name, s->n_cores, f->n_partitions);
  f->turns = ARENA_NEW_N(&s->ctx->mem, flow_job *, f->n_partitions);
  for (int i = 0; i < n_jobs; i++) {
    LOOM_TRY(set_up_job(s, &f->jobs[i], &jobs[i], i));
    queue_job(f, &f->jobs[i]);
  }
  f->cores = ARENA_NEW_N(&s->ctx->mem, flow_core, s->n_cores);
  for (int i = 0; i < s->n_cores; i++)
    set_up_core(s, i);
  return LOOM_OK;
}

/* ---- running ---- */

static bool has_item(const flow_job *j) {
  if (j->next_item == j->n_items)
    return false;
  for (size_t i = 0; i < j->barriers.n; i++)
    if (j->barriers.at[i] == j->next_item && j->n_over < j->next_item)
      return false;
  return true;
}

static int64_t ready_at(const npu *s, const flow_job *j) { return j->report->begin + s->m->npu->launch_cycles; }

/* Jobs of a partition run one after the other: what the core has are items of the job whose turn it is. */
static bool can_take(const npu *s, const flow_core *c) { return !c->is_walking && c->n_items < s->n_slots; }

static void end_job(npu *s, flow_job *j, int64_t cycle) {
  s->flow->turns[j->in->partition] = j->next;
  j->report->end = cycle;
  for (int i = 0; i < s->n_cores; i++)
    if (s->flow->cores[i].job == j)
      s->flow->cores[i].job = NULL;
}

static loom_status give_items(npu *s, flow_job *j) {
  for (int i = 0; i < s->n_cores; i++) {
    flow_core *c = &s->flow->cores[i];
    if (c->partition != j->in->partition || !has_item(j) || !can_take(s, c))
      continue;
    c->job = j;
    LOOM_TRY(flow_walk_open(s, c, j, j->next_item++));
  }
  return LOOM_OK;
}

loom_status flow_dispatch(npu *s) {
  for (int p = 0; p < s->flow->n_partitions; p++) {
    flow_job *j = s->flow->turns[p];
    if (!j || j->in->arrival > s->core_tick)
      continue;
    if (!j->is_launched) {
      j->is_launched = true;
      j->report->begin = s->core_tick;
    }
    if (ready_at(s, j) > s->core_tick)
      continue;
    if (!j->n_items)
      end_job(s, j, s->core_tick);
    LOOM_TRY(give_items(s, j));
  }
  return LOOM_OK;
}

int64_t flow_next_launch(const npu *s) {
  int64_t next = INT64_MAX;
  for (int p = 0; p < s->flow->n_partitions; p++) {
    const flow_job *j = s->flow->turns[p];
    if (!j)
      continue;
    int64_t at = INT64_MAX;
    if (!j->is_launched)
      at = j->in->arrival;
    else if (ready_at(s, j) >= s->core_tick && (has_item(j) || !j->n_items))
      at = ready_at(s, j);
    else if (has_item(j))
      for (int i = 0; i < s->n_cores && at == INT64_MAX; i++)
        if (s->flow->cores[i].partition == p && can_take(s, &s->flow->cores[i]))
          at = s->core_tick;
    at = at < s->core_tick ? s->core_tick : at;
    next = at < next ? at : next;
  }
  return next;
}

void flow_item_over(npu *s, flow_core *c, int item, int64_t cycle) {
  c->items[item].is_taken = false;
  c->n_items--;
  if (++c->job->n_over == c->job->n_items)
    end_job(s, c->job, cycle);
}

bool flow_is_running(const npu *s) {
  for (int p = 0; p < s->flow->n_partitions; p++)
    if (s->flow->turns[p])
      return true;
  for (int i = 0; i < s->n_cores; i++)
    for (int a = 0; a < s->report->n_arrays; a++)
      if (s->flow->cores[i].arrays[a].queue.n)
        return true;
  return false;
}

void flow_stuck(npu *s, int64_t cycle) {
  for (int i = 0; i < s->n_cores; i++) {
    flow_core *c = &s->flow->cores[i];
    if (c->n_to_reserve)
      flow_tell_full(s, c, cycle);
    else if (c->head < c->tail)
      npu_fault_add(s, NPU_FAULT_DEADLOCK, i, cycle, flow_node_of(c, c->head), "node '%s' of work item %" PRId64 " waits for something that does not come",
                    flow_node_of(c, c->head)->name, c->items[flow_inst_of(c, c->head)->item].number);
  }
}
