/* Chrome JSON of a run.  Processes: one a core (threads, then units), then the DRAM (a track a channel) and the network (a track a link); slices are complete
 * events ("X") that nest strictly, multicasts are flows ("s", "f"), what links, channels and memories carry over time are counters ("C"). */
#include "base/data.h"
#include "base/file_writer.h"
#include "base/text.h"
#include "report/report_names.h"
#include <stdarg.h>
#include <stdlib.h>

enum { TRACK_UNITS = 10 };

typedef struct trace {
  loom_ctx *ctx;
  const report_run *run;
  report_names names;
  file_writer *w;
  bool has_events;
  const char **node_name, **unit_name;     /* as JSON strings */
  int pid_dram, pid_noc;
  int *track_of_link;                      /* by link number; 0: it carried nothing */
  const char **link_name;                  /* by track */
} trace;

static const char *quoted(arena *m, const char *s) { return data_write_json(m, data_string(m, s), 0); }

static void put(trace *t, const char *fmt, ...) LOOM_PRINTF(2, 3);
static void put(trace *t, const char *fmt, ...) {
  arena_mark mark = arena_save(&t->ctx->scratch);
  text line = text_new(&t->ctx->scratch);
  va_list ap;
  va_start(ap, fmt);
  text_vaddf(&line, fmt, ap);
  va_end(ap);
  file_writer_add(t->w, text_str(&line), line.size);
  arena_release(&t->ctx->scratch, mark);
}

/* Starts the next event. */
static void begin(trace *t, char ph, int pid, int tid) {
  put(t, "%s\n{\"ph\":\"%c\",\"pid\":%d,\"tid\":%d", t->has_events ? "," : "", ph, pid, tid);
  t->has_events = true;
}

/* 1/256 cycles as a decimal, exact. */
static void put_ticks(trace *t, const char *key, int64_t ticks) {
  put(t, ticks % SIM_SERVICE_TICKS ? ",\"%s\":%" PRId64 ".%08" PRId64 : ",\"%s\":%" PRId64, key, ticks / SIM_SERVICE_TICKS, ticks % SIM_SERVICE_TICKS * 390625);
}

static void put_meta(trace *t, const char *what, int pid, int tid, const char *name, int sort) {
  const char *kind = tid < 0 ? "process" : "thread";
  begin(t, 'M', pid, tid < 0 ? 0 : tid);
  put(t, ",\"name\":\"%s\",\"args\":{\"name\":%s}}", what, quoted(&t->ctx->scratch, name));
  begin(t, 'M', pid, tid < 0 ? 0 : tid);
  put(t, ",\"name\":\"%s_sort_index\",\"args\":{\"sort_index\":%d}}", kind, sort);
}

static int pid_of(int core) { return core + 1; }

static void put_tracks(trace *t) {
  arena *m = &t->ctx->scratch;
  const report_run *r = t->run;
  for (int c = 0; c < t->names.n_cores; c++) {
    put_meta(t, "process_name", pid_of(c), -1, arena_printf(m, "core %s", t->names.core[c]), c);
    for (int w = 0; w < TOG_THREADS; w++)
      put_meta(t, "thread_name", pid_of(c), 1 + w, tog_thread_name((tog_thread)w), w);
    for (size_t u = 0; u < r->report->units.n; u++)
      put_meta(t, "thread_name", pid_of(c), TRACK_UNITS + (int)u, arena_printf(m, "unit %s", r->report->units.at[u].name), TRACK_UNITS + (int)u);
  }
  put_meta(t, "process_name", t->pid_dram, -1, "DRAM", t->pid_dram);
  for (size_t i = 0; i < r->report->channels.n; i++)
    put_meta(t, "thread_name", t->pid_dram, 1 + (int)i, arena_printf(m, "channel %zu", i), (int)i);
  put_meta(t, "process_name", t->pid_noc, -1, "network", t->pid_noc);
  for (size_t i = 0; i < r->report->links.n; i++)
    put_meta(t, "thread_name", t->pid_noc, 1 + (int)i, t->link_name[i + 1], (int)i);
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
    return quoted(m, arena_printf(m, "%s = %" PRId64, t->names.node_name[x->node], x->value));
  return quoted(m, report_phase_name(m, t->run, &t->names, x));
}

static void put_slice(trace *t, int pid, int tid, const sim_slice *x) {
  arena_mark mark = arena_save(&t->ctx->scratch);
  begin(t, 'X', pid, tid);
  put(t, ",\"ts\":%" PRId64 ",\"dur\":%" PRId64 ",\"cat\":\"%s\",\"name\":%s", x->begin, x->end - x->begin, category(x->kind), slice_name(t, x));
  if (x->value > 0 && sim_slice_is_phase(x->kind))
    put(t, ",\"args\":{\"bytes\":%" PRId64 "}", x->value);
  put(t, "}");
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
      begin(t, 'X', pid_of(c), TRACK_UNITS + x->other);
      put(t, ",\"ts\":%" PRId64 ",\"dur\":%" PRId64 ",\"cat\":\"unit\",\"name\":%s}", x->begin, x->end - x->begin, t->node_name[x->node]);
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
    begin(t, 'X', is_link ? t->pid_noc : t->pid_dram, is_link ? t->track_of_link[x->index] : 1 + x->index);
    put_ticks(t, "ts", x->begin);
    put_ticks(t, "dur", x->ticks);
    put(t, ",\"cat\":\"%s\",\"name\":%s,\"args\":{\"bytes\":%" PRId64 ",\"core\":\"%s\"}}", is_link ? "link" : "channel", t->node_name[x->node], x->bytes,
        t->names.core[x->core]);
  }
}

/* ---- flows: from the sender's slice to each receiver's, one id each ---- */

static void put_flows(trace *t) {
  const sim_record *r = t->run->record;
  for (size_t i = 0; i < r->flows.n; i++) {
    const sim_flow *f = &r->flows.at[i];
    begin(t, 's', pid_of(f->sender / TOG_THREADS), 1 + f->sender % TOG_THREADS);
    put(t, ",\"ts\":%" PRId64 ",\"id\":%zu,\"cat\":\"multicast\",\"name\":%s}", f->sent, i + 1, t->node_name[f->node]);
    begin(t, 'f', pid_of(f->receiver / TOG_THREADS), 1 + f->receiver % TOG_THREADS);
    put(t, ",\"ts\":%" PRId64 ",\"id\":%zu,\"cat\":\"multicast\",\"bp\":\"e\",\"name\":%s}", f->arrived - 1, i + 1, t->node_name[f->node]);
  }
}

/* ---- counters ---- */

static void put_busy(trace *t, int pid, const char *name, const sim_bins *b, int series) {
  int64_t last = -1, end = t->run->report->cycles * SIM_SERVICE_TICKS;
  const char *json = quoted(&t->ctx->scratch, arena_printf(&t->ctx->scratch, "%s busy %%", name));
  for (int i = 0; i <= b->n_bins && i * b->width < end + b->width; i++) {
    int64_t from = i * b->width, width = from + b->width < end ? b->width : end - from;
    int64_t permille = i < b->n_bins && width > 0 ? (sim_bins_get(b, series, i) * 1000 + width / 2) / width : 0;
    if (permille == last)
      continue;
    last = permille;
    begin(t, 'C', pid, 0);
    put_ticks(t, "ts", from < end ? from : end);
    put(t, ",\"name\":%s,\"args\":{\"busy\":%" PRId64 ".%" PRId64 "}}", json, permille / 10, permille % 10);
  }
}

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
    begin(t, 'C', pid_of(core), 0);
    put(t, ",\"ts\":%" PRId64 ",\"name\":\"L1 in use\",\"args\":{\"bytes\":%" PRId64 "}}", all[i].cycle, bytes);
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
  for (size_t i = 0; i < r->report->channels.n; i++)
    if (r->report->channels.at[i].busy > 0)
      put_busy(t, t->pid_dram, arena_printf(&t->ctx->scratch, "channel %zu", i), &r->record->channels, (int)i);
  for (size_t i = 0; i < r->report->links.n; i++)
    put_busy(t, t->pid_noc, t->link_name[i + 1], &r->record->links, r->report->links.at[i].number);
  put_memories(t);
}

/* ---- what went wrong, what is missing ---- */

static void put_faults(trace *t) {
  const sim_report *r = t->run->report;
  for (size_t i = 0; i < r->faults.n; i++) {
    const sim_fault *f = &r->faults.at[i];
    begin(t, 'i', f->core < 0 ? 1 : pid_of(f->core), 1);
    put(t, ",\"ts\":%" PRId64 ",\"s\":\"%c\",\"cat\":\"fault\",\"name\":\"%s\",\"args\":{\"text\":%s}}", f->cycle, f->core < 0 ? 'g' : 'p', sim_fault_name(f->kind),
        quoted(&t->ctx->scratch, f->text));
  }
}

static void put_head(trace *t) {
  arena *m = &t->ctx->scratch;
  const report_run *r = t->run;
  put(t, "{\"displayTimeUnit\":\"ns\",\"otherData\":{\"schema\":\"loom.trace.v1\",\"kernel\":%s,\"machine\":%s,\"cycles\":%" PRId64 ",\"time\":\"1 us is 1 cycle\"",
      quoted(m, r->t->kernel), quoted(m, r->m->name), r->report->cycles);
  if (r->record->cut >= 0)
    put(t, ",\"cut_at_cycle\":%" PRId64 ",\"note\":\"cut: the first %" PRId64 " entries, up to cycle %" PRId64 " of %" PRId64 "; counters of links and channels go on\"",
        r->record->cut, r->record->n_events, r->record->cut, r->report->cycles);
  put(t, "},\n\"traceEvents\":[");
  if (r->record->cut >= 0) {
    begin(t, 'i', 1, 1);
    put(t, ",\"ts\":%" PRId64 ",\"s\":\"g\",\"cat\":\"cut\",\"name\":\"the trace is cut here\"}", r->record->cut);
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
  trace t = {.ctx = ctx, .run = run, .pid_dram = run->report->n_cores + 1, .pid_noc = run->report->n_cores + 2};
  report_name_all(&ctx->scratch, run->t, run->report->n_cores, &t.names);
  t.node_name = ARENA_NEW_N(&ctx->scratch, const char *, t.names.n_nodes);
  for (int i = 0; i < t.names.n_nodes; i++)
    t.node_name[i] = quoted(&ctx->scratch, t.names.node_name[i]);
  name_links(&t);
  loom_status st = file_writer_open(ctx, path, &t.w);
  if (st == LOOM_OK) {
    put_head(&t);
    put_tracks(&t);
    put_lanes(&t);
    put_units(&t);
    put_services(&t);
    put_flows(&t);
    put_counters(&t);
    put_faults(&t);
    put(&t, "\n]}\n");
    st = file_writer_close(ctx, t.w);
  }
  arena_release(&ctx->scratch, mark);
  return st;
}
