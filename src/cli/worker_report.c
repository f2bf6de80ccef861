/* loom report in the worker: of a model, and of directories whose machine is an NPU. */
#include "base/file.h"
#include "cli/cli_report.h"
#include "cli/worker_model.h"
#include "cli/worker_npu.h"

enum { EVENTS_MAX = 2000000000, REQUESTS_MAX = 1 << 24, ENTRIES_MAX = 500000 };

/* The program of the directory's graph, once, without values: as `loom sim DIR` does. */
static loom_status watch(compile_state *s, const cli_options *o, const report_dir *dir, compile_npu *n, report_side *out) {
  arena *m = &s->ctx->mem;
  const char *files = file_join(m, dir->path, "npu");
  compile_execution ignored;
  run_options r = {.dram = DRAM_RATE, .dram_is_given = o->dram.last != NULL};
  npu_record *record = ARENA_NEW(m, npu_record);
  npu_report *report = ARENA_NEW(m, npu_report);
  report_npu_run *run = ARENA_NEW(m, report_npu_run);
  if (o->dram.last)
    LOOM_TRY(dram_model_of(s->ctx, o->dram.last, &r.dram));
  if (!o->no_verify)
    LOOM_TRY(tog_verify(s->ctx, s->tog));
  LOOM_TRY(ir_open(s->ctx, &s->ir));
  LOOM_TRY(dialect_load(&s->ir));
  LOOM_TRY(file_exists(file_join(m, files, "graph.json")) ? compile_npu_read(s, files, n) : compile_npu_lower(s, n));
  record->limit = ENTRIES_MAX;
  n->how = (npu_options){.event_budget = EVENTS_MAX, .request_limit = REQUESTS_MAX, .record = record};
  LOOM_TRY(compile_npu_time(s, n, &r, &ignored));
  *report = n->report;
  *run = (report_npu_run){n->graph, s->machine, report, record};
  out->npu = run;
  return LOOM_OK;
}

static loom_status watch_npu(loom_ctx *ctx, const cli_options *o, const report_dir *dir, const machine *m, report_side *out) {
  compile_options options = {.input = dir->path, .accumulate_f32 = true};
  compile_npu npu = {0};
  machine *own = ARENA_NEW(&ctx->mem, machine);
  *own = *m;
  compile_state s = {.ctx = ctx, .o = &options, .tog = dir->t, .machine = own};
  loom_status st = watch(&s, o, dir, &npu, out);
  compile_npu_close(&npu);
  compile_done(&s);
  return st;
}

loom_status worker_report(loom_ctx *ctx, const cli_options *o) {
  bool is_model;
  if (o->compare.last && o->files.n == 1 && cli_is_model(o->files.at[0]))
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--compare puts two directories side by side; this is the report of a model");
  LOOM_TRY(worker_model(ctx, o, &is_model));
  return is_model ? LOOM_OK : cli_report(ctx, o, watch_npu);
}
