/* The whole: three clocks that tick where there is something to do. */
#include "base/text.h"
#include "base/progress.h"
#include "sim/npu/npu_flow.h"
#include <stdarg.h>

#define CYCLES_MAX (INT64_C(1) << 50)

/* ---- set up ---- */

static loom_status need_section(loom_ctx *ctx, const machine *m, const void *section, const char *path) {
  if (section)
    return LOOM_OK;
  diag_error(ctx, LOOM_NOSPAN, LOOM_EINPUT, "machine '%s' cannot run tile graphs: its file has no '%s'", m->name, path);
  diag_help(ctx, "use --machine tpuv3-togsim, or add the section (docs/machines.md)");
  return LOOM_EINPUT;
}

/* A vector unit, and arrays: the units of kind matrix. */
static loom_status find_units(npu *s) {
  int64_t arrays = 0, vectors = 0;
  for (size_t i = 0; i < s->m->units.n; i++) {
    bool is_matrix = text_eq(s->m->units.at[i].kind, "matrix");
    *(is_matrix ? &arrays : &vectors) += s->m->units.at[i].count;
  }
  if (arrays < 1 || arrays > NPU_ARRAYS_MAX || vectors < 1)
    LOOM_FAIL(s->ctx, LOOM_NOSPAN, LOOM_EINPUT, "machine '%s' has %" PRId64 " matrix and %" PRId64 " vector units; tile graphs need 1..%d and 1", s->m->name, arrays, vectors,
              NPU_ARRAYS_MAX);
  s->report->n_arrays = (int)arrays;
  return LOOM_OK;
}

static loom_status check_pins(npu *s) {
  for (size_t i = 0; i < s->g->pins.n; i++)
    if (s->g->pins.at[i].core >= s->n_cores && s->g->pins.at[i].item < s->n_items)
      LOOM_FAIL(s->ctx, LOOM_NOSPAN, LOOM_EINPUT, "'subgraph_map' gives work item %" PRId64 " to core %" PRId64 "; machine '%s' has %d core(s)", s->g->pins.at[i].item,
                s->g->pins.at[i].core, s->m->name, s->n_cores);
  return LOOM_OK;
}

static void make_cores(npu *s) {
  arena *mem = &s->ctx->mem;
  s->cores = ARENA_NEW_N(mem, npu_core, s->n_cores);
  s->report->cores = ARENA_NEW_N(mem, npu_core_report, s->n_cores);
  for (int i = 0; i < s->n_cores; i++) {
    npu_core *c = &s->cores[i];
    c->id = i;
    c->sending = UINT32_MAX;
    c->slots = ARENA_NEW_N(mem, npu_item *, s->n_slots);
    c->is_dry = ARENA_NEW_N(mem, bool, s->n_slots);
    c->tiles = ARENA_NEW_N(mem, npu_ref, s->n_tiles);
    c->arrays = ARENA_NEW_N(mem, npu_queue, s->report->n_arrays);
    c->report = &s->report->cores[i];
  }
}

static void make_memory(npu *s) {
  arena *mem = &s->ctx->mem;
  s->channels = ARENA_NEW_N(mem, dram_channel *, s->n_channels);
  s->entries = ARENA_NEW_N(mem, npu_entry, s->n_channels);
  s->answers = ARENA_NEW_N(mem, npu_answers, s->n_channels);
  s->wake = ARENA_NEW_N(mem, int64_t, s->n_channels);
  for (int i = 0; i < s->n_channels; i++) {
    s->channels[i] = dram_channel_new(mem, &s->dram);
    s->entries[i] = (npu_entry){-1, -1, -1};
    s->wake[i] = INT64_MAX;
  }
  if (s->m->noc) {
    s->mesh = npu_mesh_new(mem, s->m);
    return;
  }
  npu_crossbar_init(mem, &s->to_memory, s->n_cores * s->n_ports, s->n_channels, s->m->crossbar->latency_cycles);
  npu_crossbar_init(mem, &s->to_cores, s->n_channels, s->n_cores * s->n_ports, s->m->crossbar->latency_cycles);
}

static int64_t period(double hz) { return (int64_t)(1e12 / hz) < 1 ? 1 : (int64_t)(1e12 / hz); }

static void set_up_record(npu *s) {
  npu_record *r = s->o->record;
  *r = (npu_record){.limit = r->limit, .cut = -1, .core_period = s->core_period, .dram_period = s->dram_period};
  bins_init(&s->ctx->mem, &r->channels, s->n_channels, 16);
}

/* What both kinds of graph need of the machine. */
static loom_status set_up_chip(npu *s) {
  const machine *m = s->m;
  int64_t cores = machine_cores(m);
  LOOM_TRY(need_section(s->ctx, m, m->dispatch, "core.dispatch"));
  if (!m->noc)
    LOOM_TRY(need_section(s->ctx, m, m->crossbar, "crossbar"));
  LOOM_TRY(dram_params_of(s->ctx, m, s->o->dram, &s->dram));
  enum { CORES_MAX = 256, CHANNELS_MAX = 256 };   /* the crossbar has a queue for each pair of port and channel */
  if (cores > CORES_MAX || m->dram_channels > CHANNELS_MAX)
    LOOM_FAIL(s->ctx, LOOM_NOSPAN, LOOM_ELIMIT, "machine '%s' has %" PRId64 " cores and %" PRId64 " DRAM channels; tile graphs run on at most %d and %d", m->name, cores,
              m->dram_channels, CORES_MAX, CHANNELS_MAX);
  s->n_cores = (int)cores;
  s->n_channels = (int)m->dram_channels;
  s->n_slots = (int)m->dispatch->items;
  s->n_tiles = (int)m->dispatch->tiles;
  s->n_ports = (int)(m->noc ? m->noc->ports : m->crossbar->ports);
  s->core_period = period(m->clock_hz.value);
  s->dram_period = period((double)s->dram.clock_hz);
  s->icnt_period = period((double)(m->noc ? m->noc->clock_hz : m->crossbar->clock_hz));
  s->free_transfer = NPU_NONE;
  LOOM_TRY(find_units(s));
  make_cores(s);
  make_memory(s);
  if (s->o->record)
    set_up_record(s);
  return LOOM_OK;
}

/* A graph by TOGSim's rules. */
static loom_status set_up_tiles(npu *s) {
  s->loop_value = ARENA_NEW_N(&s->ctx->mem, int64_t, s->g->nodes.n);
  s->inst_of = ARENA_NEW_N(&s->ctx->mem, int, s->g->nodes.n);
  if (s->o->values)
    LOOM_FAIL(s->ctx, diag_file_span(s->ctx, s->g->path), LOOM_EUNSUP, "tile graph '%s' on machine '%s' is run for its time only: values need a graph with buffers and a machine with 'npu'",
              s->g->name, s->m->name);
  if (s->o->n_symbols != s->g->symbols.n)
    LOOM_FAIL(s->ctx, diag_file_span(s->ctx, s->g->path), LOOM_EINPUT, "tile graph '%s' has %zu sizes to be given; given are %zu", s->g->name, s->g->symbols.n, s->o->n_symbols);
  LOOM_TRY(npu_find_nests(s->ctx, s->g, false, s->o->symbols, &s->nests, &s->n_items));
  return check_pins(s);
}

/* ---- memory ---- */

/* First tick of a domain after, or at or after, a tick of another one. */
static int64_t tick_after(int64_t tick, int64_t of, int64_t to) { return of == to ? tick + 1 : tick * of / to + 1; }
static int64_t tick_from(int64_t tick, int64_t of, int64_t to) { return of == to ? tick : (tick * of + to - 1) / to; }
static int64_t later(int64_t a, int64_t b) { return a > b ? a : b; }

/* From the crossbar's far end a request is taken in one tick of the crossbar, passed on in one of the cores' clock and one of the memory's; nothing else holds it. */
static void to_channel(npu *s, int channel, int64_t clk, const npu_packet *p) {
  npu_entry *e = &s->entries[channel];
  e->icnt = later(clk + 1, e->icnt + 1);
  e->core = later(tick_after(e->icnt, s->icnt_period, s->core_period), e->core + 1);
  e->dram = later(tick_from(e->core, s->core_period, s->dram_period), e->dram + 1);
  int64_t at = e->dram + (s->dram.model == DRAM_BANK);   /* the controller takes it a clock later */
  dram_push(s->channels[channel], at, dram_local_line(&s->dram, p->line), s->transfers.at[p->owner].is_write, p->owner);
  s->wake[channel] = dram_next(s->channels[channel]);
}

static void to_core(npu *s, int port, int64_t clk, const npu_packet *p) {
  npu_transfer *t = &s->transfers.at[p->owner];
  (void)port;
  s->n_outstanding--;
  if (--t->outstanding == 0 && t->is_sent)
    (s->flow ? flow_answered : npu_core_answered)(s, p->owner, tick_after(clk + 1, s->icnt_period, s->core_period));
}

static void push_answer(npu *s, npu_answers *a, npu_answer x) {
  if (a->n == a->room) {
    size_t room = a->room ? a->room * 2 : 16;
    npu_answer *at = ARENA_NEW_N(&s->ctx->mem, npu_answer, room);
    for (size_t i = 0; i < a->n; i++)
      at[i] = a->at[(a->head + i) & (a->room - 1)];
    *a = (npu_answers){.at = at, .n = a->n, .room = room};
  }
  a->at[(a->head + a->n++) & (a->room - 1)] = x;
}

/* An answer takes the port of its core that its channel gives; where banks are modelled, that which its line within the channel hashes to, so that neighbours share one. */
static int port_of(const npu *s, int channel, int64_t local_line) {
  return (s->dram.model == DRAM_BANK ? dram_channel_of(&s->dram, local_line) : channel) % s->n_ports;
}

static void run_dram(npu *s) {
  dram_answer x;
  for (int i = 0; i < s->n_channels; i++)
    if (s->wake[i] <= s->dram_tick) {
      bool has_answer = dram_run(s->channels[i], s->dram_tick, &x);
      if (has_answer && s->o->record)
        bins_add(&s->o->record->channels, i, s->dram_tick, s->dram_tick + 1);
      if (has_answer)
        push_answer(s, &s->answers[i], (npu_answer){x.owner, port_of(s, i, x.local_line)});
      s->wake[i] = dram_next(s->channels[i]);
    }
}

/* Into the network: a request of a core through one of its ports, an answer of a channel. */
static void send_request(npu *s, int core, int port, const npu_request *q, int64_t clk) {
  if (!s->mesh)
    npu_crossbar_push(&s->to_memory, core * s->n_ports + port, q->channel, clk, q->line, q->owner);
  else
    npu_mesh_push(s->mesh, core, (int)s->m->attach.at[q->channel], q->channel, clk, q->line, q->owner,
                  s->m->noc->header_bytes + (s->transfers.at[q->owner].is_write ? s->dram.request_bytes : 0));
}

static void send_answer(npu *s, int channel, const npu_answer *a, int64_t clk) {
  const npu_transfer *t = &s->transfers.at[a->owner];
  if (!s->mesh)
    npu_crossbar_push(&s->to_cores, channel, t->core * s->n_ports + a->port, clk, 0, a->owner);
  else
    npu_mesh_push(s->mesh, (int)s->m->attach.at[channel], t->core, NPU_NONE, clk, 0, a->owner, s->m->noc->header_bytes + (t->is_write ? 0 : s->dram.request_bytes));
}

static void run_network(npu *s) {
  int64_t clk = s->icnt_tick;
  for (int i = 0; i < s->n_cores; i++) {
    npu_core *c = &s->cores[i];
    for (int port = 0; port < s->n_ports && c->n_requests; port++) {
      npu_request q = c->requests[c->request_head];
      c->request_head = (c->request_head + 1) & (c->request_room - 1);
      c->n_requests--;
      send_request(s, i, port, &q, clk);
    }
  }
  for (int i = 0; i < s->n_channels; i++) {
    npu_answers *a = &s->answers[i];
    if (!a->n)
      continue;
    npu_answer x = a->at[a->head];
    a->head = (a->head + 1) & (a->room - 1);
    a->n--;
    send_answer(s, i, &x, clk);
  }
  if (s->mesh)
    npu_mesh_run(s, s->mesh, clk, to_channel, to_core);
  if (s->to_memory.n_packets)
    npu_crossbar_run(s, &s->to_memory, clk, to_channel);
  if (s->to_cores.n_packets)
    npu_crossbar_run(s, &s->to_cores, clk, to_core);
}

/* ---- time ---- */

static loom_status run_cores(npu *s) {
  s->spent++;
  if (s->flow) {
    LOOM_TRY(flow_dispatch(s));
    for (int i = 0; i < s->n_cores; i++)
      LOOM_TRY(flow_core_run(s, &s->flow->cores[i], s->core_tick));
    return LOOM_OK;
  }
  LOOM_TRY(npu_dispatch(s));
  for (int i = 0; i < s->n_cores; i++) {
    npu_take_back(s, &s->cores[i]);
    LOOM_TRY(npu_core_run(s, &s->cores[i], s->core_tick));
  }
  return LOOM_OK;
}

static bool is_running(const npu *s) {
  if (s->flow)
    return flow_is_running(s);
  for (int i = 0; i < s->n_cores; i++)
    if (npu_core_running(s, &s->cores[i]) || !npu_drawn_empty(s, &s->cores[i]))
      return true;
  return false;
}

/* The next clock of the network with something to do; INT64_MAX: none. */
static int64_t network_next(const npu *s) {
  if (s->to_memory.n_packets || s->to_cores.n_packets)
    return s->icnt_tick;
  for (int i = 0; i < s->n_cores; i++)
    if (s->cores[i].n_requests)
      return s->icnt_tick;
  for (int i = 0; i < s->n_channels; i++)
    if (s->answers[i].n)
      return s->icnt_tick;
  int64_t next = s->mesh ? npu_mesh_next(s->mesh) : INT64_MAX;
  return next < s->icnt_tick ? s->icnt_tick : next;
}

/* Moves all clocks to the next tick in which something happens.  False: there is none. */
static bool skip_idle(npu *s) {
  int64_t core = INT64_MAX, dram = INT64_MAX, time = INT64_MAX;
  for (int i = 0; i < s->n_cores && core != s->core_tick; i++) {
    int64_t next = s->flow ? flow_core_next(s, &s->flow->cores[i], s->core_tick) : npu_core_next(s, &s->cores[i], s->core_tick);
    core = next < core ? next : core;
  }
  if (s->flow && core > s->core_tick && flow_next_launch(s) < core)
    core = flow_next_launch(s);
  if (core == s->core_tick)
    return true;
  for (int i = 0; i < s->n_channels; i++)
    dram = s->wake[i] < dram ? s->wake[i] : dram;
  if (core < CYCLES_MAX)
    time = core * s->core_period;
  else if (core != INT64_MAX)   /* too far to say in picoseconds; the caller looks at core_tick */
    return s->core_tick = core, true;
  if (dram != INT64_MAX && dram * s->dram_period < time)
    time = dram * s->dram_period;
  int64_t network = network_next(s);
  if (network != INT64_MAX && network * s->icnt_period < time)
    time = network * s->icnt_period;
  if (time == INT64_MAX)
    return false;
  s->core_tick = later(s->core_tick, tick_from(time, 1, s->core_period));
  s->dram_tick = later(s->dram_tick, tick_from(time, 1, s->dram_period));
  s->icnt_tick = later(s->icnt_tick, tick_from(time, 1, s->icnt_period));
  return true;
}

/* Domains that tick at the same time do so in this order. */
static loom_status step(npu *s) {
  int64_t core = s->core_tick * s->core_period, dram = s->dram_tick * s->dram_period, icnt = s->icnt_tick * s->icnt_period;
  int64_t now = core < dram ? core : dram;
  now = icnt < now ? icnt : now;
  if (core == now) {
    LOOM_TRY(run_cores(s));
    s->core_tick++;
  }
  if (dram == now) {
    run_dram(s);
    s->dram_tick++;
  }
  if (icnt == now) {
    run_network(s);
    s->icnt_tick++;
  }
  return LOOM_OK;
}

void npu_fault_add(npu *s, npu_fault_kind kind, int core, int64_t cycle, const tile_node *node, const char *fmt, ...) {
  va_list ap;
  s->report->n_faults++;
  if (s->report->faults.n >= NPU_FAULTS_KEPT)
    return;
  text t = text_new(&s->ctx->mem);
  va_start(ap, fmt);
  text_vaddf(&t, fmt, ap);
  va_end(ap);
  vec_push(&s->ctx->mem, &s->report->faults, ((npu_fault){kind, core, cycle, node ? node->name : NULL, text_str(&t)}));
}

static void report_stuck(npu *s) {
  if (s->flow)
    flow_stuck(s, s->core_tick);
  for (int i = 0; i < s->n_cores && !s->flow; i++)
    npu_core_stuck(s, &s->cores[i], s->core_tick);
  if (!s->report->n_faults)
    npu_fault_add(s, NPU_FAULT_DEADLOCK, -1, s->core_tick, NULL, "work is left, but nothing that could go on");
}

static loom_status run(npu *s) {
  loom_ctx *ctx = s->ctx;
  const npu_options *o = s->o;
  loom_span at = diag_file_span(ctx, s->g->path);
  enum { TELL_EVERY = 1024 };
  for (int64_t n = 1; is_running(s); n++) {
    if (n % TELL_EVERY == 0)
      progress_tell("simulated cycles", s->core_tick, 0);
    LOOM_TRY(step(s));
    if (!skip_idle(s)) {
      if (is_running(s))
        report_stuck(s);
      break;
    }
    if (o->event_budget && s->spent > o->event_budget)
      LOOM_FAIL(ctx, at, LOOM_ELIMIT, "the graph needs more than the %" PRId64 " events that it may take", o->event_budget);
    if (o->request_limit && s->n_outstanding > o->request_limit)
      LOOM_FAIL(ctx, at, LOOM_ELIMIT, "more than %" PRId64 " DRAM requests are on their way in cycle %" PRId64 "; the graph asks for more than cores can hold", o->request_limit,
                s->core_tick);
    if (s->core_tick > CYCLES_MAX)
      LOOM_FAIL(ctx, at, LOOM_ELIMIT, "the graph takes more than 2^50 cycles");
  }
  progress_over("simulated cycles");
  return LOOM_OK;
}

static void fill_report(npu *s) {
  npu_report *out = s->report;
  if (s->flow)
    flow_audit(s);
  for (int i = 0; i < s->n_cores && !s->mesh; i++)
    out->noc_bytes += out->cores[i].read_bytes + out->cores[i].written_bytes;
  if (s->mesh)
    out->noc_bytes = npu_mesh_byte_hops(s->mesh);
  out->cycles = s->core_tick;
  out->events = s->spent;
  out->request_bytes = s->dram.request_bytes;
  out->n_cores = s->n_cores;
  out->n_channels = s->n_channels;
  out->channels = ARENA_NEW_N(&s->ctx->mem, dram_counts, s->n_channels);
  for (int i = 0; i < s->n_channels; i++)
    out->channels[i] = *dram_channel_counts(s->channels[i]);
}

loom_status npu_run_jobs(loom_ctx *ctx, const npu_job *jobs, int n_jobs, int partitions, const machine *m, const npu_options *o, npu_report *out) {
  *out = (npu_report){.dram = o->dram};
  npu_flow flow = {.n_partitions = partitions};
  npu s = {.ctx = ctx, .m = m, .o = o, .report = out, .flow = &flow};
  if (n_jobs < 1 || n_jobs > NPU_JOBS_MAX || partitions < 1)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_ELIMIT, "%d jobs in %d partitions; must be 1..%d in at least 1", n_jobs, partitions, NPU_JOBS_MAX);
  s.g = jobs[0].graph;
  LOOM_TRY(need_section(ctx, m, m->npu, "npu"));
  LOOM_TRY(set_up_chip(&s));
  LOOM_TRY(flow_set_up(&s, jobs, n_jobs));
  LOOM_TRY(run(&s));
  fill_report(&s);
  return LOOM_OK;
}

loom_status npu_run(loom_ctx *ctx, const tile_graph *g, const machine *m, const npu_options *o, npu_report *out) {
  npu_job job = {.graph = g, .symbols = o->symbols, .n_symbols = o->n_symbols, .values = o->values};
  if (m->npu && g->buffers.n)
    return npu_run_jobs(ctx, &job, 1, 1, m, o, out);
  *out = (npu_report){.dram = o->dram};
  npu s = {.ctx = ctx, .g = g, .m = m, .o = o, .report = out};
  LOOM_TRY(set_up_chip(&s));
  LOOM_TRY(set_up_tiles(&s));
  LOOM_TRY(run(&s));
  fill_report(&s);
  return LOOM_OK;
}
