#include "report/report_tiles.h"
#include "report/report_events.h"
#include "report/report_names.h"

typedef struct tiles {
  report_events out;
  const tile_graph *g; const machine *m; const npu_report *r; const npu_record *record;
  const char **node;                     /* names, as JSON strings */
  int pid_dram;
} tiles;

static int pid_of(int core) { return core + 1; }
/* DMA engine, vector unit, arrays. */
static int tid_of(int track) { return 1 + track - NPU_TRACK_DMA; }

static void put_tracks(tiles *t) {
  arena *m = &t->out.ctx->scratch;
  for (int c = 0; c < t->r->n_cores; c++) {
    report_name_process(&t->out, pid_of(c), arena_printf(m, "core %s", report_machine_core(m, t->m, c)), c);
    for (int i = 0; i < t->r->n_arrays; i++)
      report_name_thread(&t->out, pid_of(c), tid_of(i), arena_printf(m, "array %d", i), i);
    report_name_thread(&t->out, pid_of(c), tid_of(NPU_TRACK_VECTOR), "vector", NPU_ARRAYS_MAX);
    report_name_thread(&t->out, pid_of(c), tid_of(NPU_TRACK_DMA), "DMA engine", NPU_ARRAYS_MAX + 1);
  }
  report_name_process(&t->out, t->pid_dram, "DRAM", t->pid_dram);
}

static void put_slices(tiles *t) {
  for (size_t i = 0; i < t->record->slices.n; i++) {
    const npu_slice *x = &t->record->slices.at[i];
    report_begin_event(&t->out, 'X', pid_of(x->core), tid_of(x->track));
    report_put(&t->out, ",\"ts\":%" PRId64 ",\"dur\":%" PRId64 ",\"cat\":\"%s\",\"name\":%s,\"args\":{\"item\":%" PRId64 "}}", x->begin, x->end - x->begin,
               x->track == NPU_TRACK_DMA ? "transfer" : "compute", t->node[x->node], x->item);
  }
}

static void put_flights(tiles *t) {
  for (size_t i = 0; i < t->record->flights.n; i++) {
    const npu_flight *x = &t->record->flights.at[i];
    for (int end = 0; end < 2; end++) {
      report_begin_event(&t->out, end ? 'e' : 'b', pid_of(x->core), tid_of(NPU_TRACK_DMA));
      report_put(&t->out, ",\"ts\":%" PRId64 ",\"id\":%zu,\"cat\":\"%s\",\"name\":%s", end ? x->end : x->begin, i + 1, x->is_write ? "store" : "load", t->node[x->node]);
      if (end)
        report_put(&t->out, "}");
      else
        report_put(&t->out, ",\"args\":{\"bytes\":%" PRId64 ",\"item\":%" PRId64 "}}", x->bytes, x->item);
    }
  }
}

static void put_channels(tiles *t) {
  const npu_record *r = t->record;
  double clock = (double)r->dram_period / (double)r->core_period;
  int64_t end = (int64_t)((double)t->r->cycles / clock);
  for (int i = 0; i < t->r->n_channels; i++)
    report_put_busy(&t->out, t->pid_dram, arena_printf(&t->out.ctx->scratch, "channel %d", i), &r->channels, i, end, clock);
}

static void put_notes(tiles *t) {
  for (size_t i = 0; i < t->r->faults.n; i++) {
    const npu_fault *f = &t->r->faults.at[i];
    report_begin_event(&t->out, 'i', f->core < 0 ? 1 : pid_of(f->core), 1);
    report_put(&t->out, ",\"ts\":%" PRId64 ",\"s\":\"%c\",\"cat\":\"fault\",\"name\":\"%s\",\"args\":{\"text\":%s}}", f->cycle, f->core < 0 ? 'g' : 'p',
               npu_fault_name(f->kind), report_quoted(&t->out, f->text));
  }
  if (t->record->cut >= 0) {
    report_begin_event(&t->out, 'i', 1, 1);
    report_put(&t->out, ",\"ts\":%" PRId64 ",\"s\":\"g\",\"cat\":\"cut\",\"name\":\"the trace is cut here\"}", t->record->cut);
  }
}

loom_status report_write_tile_trace(loom_ctx *ctx, const tile_graph *g, const machine *m, const npu_report *r, const npu_record *record, const char *path) {
  arena_mark mark = arena_save(&ctx->scratch);
  tiles t = {.out = {.ctx = ctx}, .g = g, .m = m, .r = r, .record = record, .pid_dram = r->n_cores + 1};
  t.node = ARENA_NEW_N(&ctx->scratch, const char *, g->nodes.n);
  for (size_t i = 0; i < g->nodes.n; i++)
    t.node[i] = report_quoted(&t.out, g->nodes.at[i].name);
  loom_status st = file_writer_open(ctx, path, &t.out.w);
  if (st == LOOM_OK) {
    report_begin_file(&t.out, g->name, m->name, r->cycles);
    if (record->cut >= 0)
      report_put(&t.out, ",\"cut_at_cycle\":%" PRId64 ",\"note\":\"cut: the first %zu entries, up to cycle %" PRId64 " of %" PRId64 "; counters of channels go on\"", record->cut,
                 record->slices.n + record->flights.n, record->cut, r->cycles);
    report_begin_list(&t.out);
    put_tracks(&t);
    put_slices(&t);
    put_flights(&t);
    put_channels(&t);
    put_notes(&t);
    report_end_list(&t.out);
    st = file_writer_close(ctx, t.out.w);
  }
  arena_release(&ctx->scratch, mark);
  return st;
}
