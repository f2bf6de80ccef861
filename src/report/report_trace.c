/* Chrome JSON of a run.  Processes: one a core (threads, then units), then the DRAM (a track a channel) and the network (a track a link); slices are complete
 * events ("X") that nest strictly, multicasts are flows ("s", "f"), what links, channels and memories carry over time are counters ("C"). */
#include "report/report_events.h"
#include "report/report_names.h"
#include <stdlib.h>

enum { TRACK_UNITS = 10 };

typedef struct trace {
  loom_ctx *ctx;
  const report_run *run;
  report_names names;
  report_events out;
  const char **node_name, **unit_name;     /* as JSON strings */
  int pid_dram, pid_noc;
  int *track_of_link;                      /* by link number; 0: it carried nothing */
  const char **link_name;                  /* by track */
} trace;

/* 1/256 cycles as a decimal, exact. */
static void put_ticks(trace *t, const char *key, int64_t ticks) {
  report_put(&t->out, ticks % SIM_SERVICE_TICKS ? ",\"%s\":%" PRId64 ".%08" PRId64 : ",\"%s\":%" PRId64, key, ticks / SIM_SERVICE_TICKS, ticks % SIM_SERVICE_TICKS * 390625);
}

static int pid_of(int core) { return core + 1; }

static void put_tracks(trace *t) {
  arena *m = &t->ctx->scratch;
  const report_run *r = t->run;
  for (int c = 0; c < t->names.n_cores; c++) {
    report_name_process(&t->out, pid_of(c), arena_printf(m, "core %s", t->names.core[c]), c);
    for (int w = 0; w < TOG_THREADS; w++)
      report_name_thread(&t->out, pid_of(c), 1 + w, tog_thread_name((tog_thread)w), w);
    for (size_t u = 0; u < r->report->units.n; u++)
      report_name_thread(&t->out, pid_of(c), TRACK_UNITS + (int)u, arena_printf(m, "unit %s", r->report->units.at[u].name), TRACK_UNITS + (int)u);
  }
  report_name_process(&t->out, t->pid_dram, "DRAM", t->pid_dram);
  for (size_t i = 0; i < r->report->channels.n; i++)
    report_name_thread(&t->out, t->pid_dram, 1 + (int)i, arena_printf(m, "channel %zu", i), (int)i);
  report_name_process(&t->out, t->pid_noc, "network", t->pid_noc);
  for (size_t i = 0; i < r->report->links.n; i++)
    report_name_thread(&t->out, t->pid_noc, 1 + (int)i, t->link_name[i + 1], (int)i);
}

/* ---- slices ---- */

static const char *category(sim_slice_kind k) {
  switch (k) {
  case SIM_SLICE_LOOP: return "loop";
  case SIM_SLICE_STEP: return "step";
  case SIM_SLICE_NODE: return "node";
  case SIM_SLICE_COMPUTE: return "compute";
  case SIM_SLICE_READ:
  case SIM_SLICE_RECEIVE:
  case SIM_SLICE_SEND:
  case SIM_SLICE_WRITE: return "transfer";
  default: return "wait";
  }
}

static const char *slice_name(trace *t, const sim_slice *x) {
  arena *m = &t->ctx->scratch;
  if (x->kind == SIM_SLICE_LOOP || x->kind == SIM_SLICE_NODE)
    return t->node_name[x->node];
  if (x->kind == SIM_SLICE_STEP)
    return report_quoted(&t->out, arena_printf(m, "%s = %" PRId64, t->names.node_name[x->node], x->value));
  return report_quoted(&t->out, report_phase_name(m, t->run, &t->names, x));
}

static void put_slice(trace *t, int pid, int tid, const sim_slice *x) {
  arena_mark mark = arena_save(&t->ctx->scratch);
  report_begin_event(&t->out, 'X', pid, tid);
  report_put(&t->out, ",\"ts\":%" PRId64 ",\"dur\":%" PRId64 ",\"cat\":\"%s\",\"name\":%s", x->begin, x->end - x->begin, category(x->kind), slice_name(t, x));
  if (x->value > 0 && sim_slice_is_phase(x->kind))
    report_put(&t->out, ",\"args\":{\"bytes\":%" PRId64 "}", x->value);
  report_put(&t->out, "}");
  arena_release(&t->ctx->scratch, mark);
}

static void put_lanes(trace *t) {
  const sim_record *r = t->run->record;
  for (int i = 0; i < r->n_lanes; i++) {
    int pid = pid_of(i / TOG_THREADS);
    for (size_t k = 0; k < r->lanes[i].slices.n; k++)
      if (r->lanes[i].slices.at[k].end > r->lanes[i].slices.at[k].begin)
        put_slice(t, pid, 1 + i % TOG_THREADS, &r->lanes[i].slices.at[k]);
  }
}

/* What the compute thread runs, on the unit it runs on. */
static void put_units(trace *t) {
  const sim_record *r = t->run->record;
  for (int c = 0; c < t->names.n_cores; c++) {
    const sim_lane *l = &r->lanes[c * TOG_THREADS + TOG_COMPUTE_THREAD];
    for (size_t k = 0; k < l->slices.n; k++) {
      const sim_slice *x = &l->slices.at[k];
      if (x->kind != SIM_SLICE_COMPUTE || x->end == x->begin)
        continue;
      report_begin_event(&t->out, 'X', pid_of(c), TRACK_UNITS + x->other);
      report_put(&t->out, ",\"ts\":%" PRId64 ",\"dur\":%" PRId64 ",\"cat\":\"unit\",\"name\":%s}", x->begin, x->end - x->begin, t->node_name[x->node]);
    }
  }
}

static void put_services(trace *t) {
  const sim_record *r = t->run->record;
  for (size_t i = 0; i < r->services.n; i++) {
    const sim_service *x = &r->services.at[i];
    bool is_link = x->server == SIM_SERVER_LINK;
    if (x->ticks == 0)
      continue;
    report_begin_event(&t->out, 'X', is_link ? t->pid_noc : t->pid_dram, is_link ? t->track_of_link[x->index] : 1 + x->index);
    put_ticks(t, "ts", x->begin);
    put_ticks(t, "dur", x->ticks);
    report_put(&t->out, ",\"cat\":\"%s\",\"name\":%s,\"args\":{\"bytes\":%" PRId64 ",\"core\":\"%s\"}}", is_link ? "link" : "channel", t->node_name[x->node], x->bytes,
        t->names.core[x->core]);
  }
}

/* ---- flows: from the sender's slice to each receiver's, one id each.  A message of no bytes takes its sender no time: it has no slice to come from ---- */

static void put_flows(trace *t) {
  const sim_record *r = t->run->record;
  for (size_t i = 0; i < r->flows.n; i++) {
    const sim_flow *f = &r->flows.at[i];
    if (f->bytes == 0 || r->lanes[f->sender].end <= f->sent)
      continue;
    report_begin_event(&t->out, 's', pid_of(f->sender / TOG_THREADS), 1 + f->sender % TOG_THREADS);
    report_put(&t->out, ",\"ts\":%" PRId64 ",\"id\":%zu,\"cat\":\"multicast\",\"name\":%s}", f->sent, i + 1, t->node_name[f->node]);
    report_begin_event(&t->out, 'f', pid_of(f->receiver / TOG_THREADS), 1 + f->receiver % TOG_THREADS);
    report_put(&t->out, ",\"ts\":%" PRId64 ",\"id\":%zu,\"cat\":\"multicast\",\"bp\":\"e\",\"name\":%s}", f->arrived - 1, i + 1, t->node_name[f->node]);
  }
}

/* ---- counters ---- */

typedef struct change { int64_t cycle, bytes; } change;

static int by_cycle(const void *a, const void *b) {
  const change *x = a, *y = b;
  return x->cycle != y->cycle ? (x->cycle > y->cycle) - (x->cycle < y->cycle) : (x->bytes > y->bytes) - (x->bytes < y->bytes);
}

static void put_memory(trace *t, int core, change *all, size_t n) {
  int64_t bytes = 0;
  qsort(all, n, sizeof *all, by_cycle);
  for (size_t i = 0; i < n; i++) {
    bytes += all[i].bytes;
    if (i + 1 < n && all[i + 1].cycle == all[i].cycle)
      continue;
    report_begin_event(&t->out, 'C', pid_of(core), 0);
    report_put(&t->out, ",\"ts\":%" PRId64 ",\"name\":\"L1 in use\",\"args\":{\"bytes\":%" PRId64 "}}", all[i].cycle, bytes);
  }
}

/* Bytes of the slots in use, by core. */
static void put_memories(trace *t) {
  const sim_record *r = t->run->record;
  size_t *n = ARENA_NEW_N(&t->ctx->scratch, size_t, t->names.n_cores);
  change **all = ARENA_NEW_N(&t->ctx->scratch, change *, t->names.n_cores);
  for (size_t i = 0; i < r->lives.n; i++)
    n[r->lives.at[i].core] += 2;
  for (int c = 0; c < t->names.n_cores; c++) {
    all[c] = ARENA_NEW_N(&t->ctx->scratch, change, n[c]);
    n[c] = 0;
  }
  for (size_t i = 0; i < r->lives.n; i++) {
    const sim_life *x = &r->lives.at[i];
    int64_t bytes = t->run->t->buffers.at[x->buffer].bytes;
    all[x->core][n[x->core]++] = (change){x->reserved, bytes};
    if (x->freed >= 0)
      all[x->core][n[x->core]++] = (change){x->freed, -bytes};
  }
  for (int c = 0; c < t->names.n_cores; c++)
    put_memory(t, c, all[c], n[c]);
}

static void put_counters(trace *t) {
  const report_run *r = t->run;
  int64_t end = r->report->cycles * SIM_SERVICE_TICKS;
  double tick = 1.0 / (double)SIM_SERVICE_TICKS;
  for (size_t i = 0; i < r->report->channels.n; i++)
    if (r->report->channels.at[i].busy > 0)
      report_put_busy(&t->out, t->pid_dram, arena_printf(&t->ctx->scratch, "channel %zu", i), &r->record->channels, (int)i, end, tick);
  for (size_t i = 0; i < r->report->links.n; i++)
    report_put_busy(&t->out, t->pid_noc, t->link_name[i + 1], &r->record->links, r->report->links.at[i].number, end, tick);
  put_memories(t);
}

/* ---- what went wrong, what is missing ---- */

static void put_faults(trace *t) {
  const sim_report *r = t->run->report;
  for (size_t i = 0; i < r->faults.n; i++) {
    const sim_fault *f = &r->faults.at[i];
    report_begin_event(&t->out, 'i', f->core < 0 ? 1 : pid_of(f->core), 1);
    report_put(&t->out, ",\"ts\":%" PRId64 ",\"s\":\"%c\",\"cat\":\"fault\",\"name\":\"%s\",\"args\":{\"text\":%s}}", f->cycle, f->core < 0 ? 'g' : 'p', sim_fault_name(f->kind),
        report_quoted(&t->out, f->text));
  }
}

static void put_head(trace *t) {
  const report_run *r = t->run;
  report_begin_file(&t->out, r->t->kernel, r->m->name, r->report->cycles);
  if (r->record->cut >= 0)
    report_put(&t->out, ",\"cut_at_cycle\":%" PRId64 ",\"note\":\"cut: the first %" PRId64 " entries, up to cycle %" PRId64 " of %" PRId64 "; counters of links and channels go on\"",
        r->record->cut, r->record->n_events, r->record->cut, r->report->cycles);
  report_begin_list(&t->out);
  if (r->record->cut >= 0) {
    report_begin_event(&t->out, 'i', 1, 1);
    report_put(&t->out, ",\"ts\":%" PRId64 ",\"s\":\"g\",\"cat\":\"cut\",\"name\":\"the trace is cut here\"}", r->record->cut);
  }
}

static void name_links(trace *t) {
  arena *m = &t->ctx->scratch;
  const sim_report *r = t->run->report;
  t->track_of_link = ARENA_NEW_N(m, int, t->run->record->links.n_series);
  t->link_name = ARENA_NEW_N(m, const char *, r->links.n + 1);
  for (size_t i = 0; i < r->links.n; i++) {
    t->track_of_link[r->links.at[i].number] = 1 + (int)i;
    t->link_name[i + 1] = arena_printf(m, "link %s > %s", report_machine_core(m, t->run->m, r->links.at[i].from), report_machine_core(m, t->run->m, r->links.at[i].to));
  }
}

loom_status report_write_trace(loom_ctx *ctx, const report_run *run, const char *path) {
  arena_mark mark = arena_save(&ctx->scratch);
  trace t = {.ctx = ctx, .out = {.ctx = ctx}, .run = run, .pid_dram = run->report->n_cores + 1, .pid_noc = run->report->n_cores + 2};
  report_name_all(&ctx->scratch, run->t, run->report->n_cores, &t.names);
  t.node_name = ARENA_NEW_N(&ctx->scratch, const char *, t.names.n_nodes);
  for (int i = 0; i < t.names.n_nodes; i++)
    t.node_name[i] = report_quoted(&t.out, t.names.node_name[i]);
  name_links(&t);
  loom_status st = file_writer_open(ctx, path, &t.out.w);
  if (st == LOOM_OK) {
    put_head(&t);
    put_tracks(&t);
    put_lanes(&t);
    put_units(&t);
    put_services(&t);
    put_flows(&t);
    put_counters(&t);
    put_faults(&t);
    report_end_list(&t.out);
    st = file_writer_close(ctx, t.out.w);
  }
  arena_release(&ctx->scratch, mark);
  return st;
}
