#include "cli/worker_npu.h"
#include "base/file.h"
#include "report/report_tiles.h"
#include <stdio.h>

#define SIM_EVENTS_MAX INT64_C(10000000000)   /* graphs from outside may unroll to anything */
#define SIM_REQUESTS_MAX (INT64_C(1) << 24)

/* Other engines are planned, so that this is no mistake of the command line. */
static loom_status check_engine(loom_ctx *ctx, const char *name) {
  static const char *const engines[] = {"sim", "npu", "tt-emu"};
  for (size_t i = 0; i < sizeof engines / sizeof *engines; i++)
    if (!name || text_eq(name, engines[i]))
      return LOOM_OK;
  diag_error(ctx, LOOM_NOSPAN, LOOM_EUNSUP, "--engine: '%s' does not exist; there are sim, npu and tt-emu", name);
  const char *near = diag_nearest(name, engines, sizeof engines / sizeof *engines);
  if (near)
    diag_help(ctx, "did you mean '%s'?", near);
  return LOOM_EUNSUP;
}

loom_status worker_wants_npu(loom_ctx *ctx, const cli_options *o, const compile_options *c, bool is_run, bool *out) {
  machine *m;
  LOOM_TRY(check_engine(ctx, o->engine.last));
  *out = text_eq(o->emit.last, "npu") || text_eq(o->engine.last, "npu");
  if (*out || !is_run || o->engine.last || !c->machine || text_eq(c->machine, "host"))
    return LOOM_OK;
  LOOM_TRY(machine_load_with(ctx, c->machine, c->calibration, c->compute_dir, &m));
  *out = text_eq(m->target_kind, "npu");
  return LOOM_OK;
}

loom_status worker_emit_npu(loom_ctx *ctx, const cli_options *o, compile_state *s, const compile_npu *n) {
  arena *m = &ctx->mem;
  const char *dir = file_join(m, s->output_dir, "npu");
  LOOM_TRY(compile_npu_write(s, n, dir));
  if (!o->json) {
    printf("written      %s\n", dir);
    return LOOM_OK;
  }
  data_value *v = data_object(m), *files = data_array(m);
  data_set_string(m, v, "schema", "loom.code.v1");
  data_set_string(m, v, "kernel", s->kernel ? s->kernel->name : s->nest->kernel);
  data_set_string(m, v, "machine", s->machine->name);
  data_set_string(m, v, "directory", dir);
  for (size_t i = 0; i < n->files.n; i++)
    data_push(m, files, data_string(m, n->files.at[i].name));
  data_set(m, v, "files", files);
  data_set_real(m, v, "emit_ms", n->ms);
  printf("%s\n", data_write_json(m, v, 1));
  return LOOM_OK;
}

bool worker_sims_npu(const cli_options *o, const compile_state *s, const char *dir) {
  if (o->engine.last)
    return text_eq(o->engine.last, "npu");
  return text_eq(s->machine->target_kind, "npu") || (s->machine->npu && file_exists(file_join(&s->ctx->mem, dir, "npu/graph.json")));
}

loom_status worker_sim_npu(const cli_options *o, compile_state *s, const char *dir, const run_options *r, compile_npu *n, compile_execution *out) {
  const char *files = file_join(&s->ctx->mem, dir, "npu");
  LOOM_TRY(file_exists(file_join(&s->ctx->mem, files, "graph.json")) ? compile_npu_read(s, files, n) : compile_npu_lower(s, n));
  n->how = (npu_options){.event_budget = SIM_EVENTS_MAX, .request_limit = SIM_REQUESTS_MAX};
  LOOM_TRY(worker_start_npu_trace(s->ctx, o, n));
  LOOM_TRY(r->check ? compile_npu_execute(s, n, r, out) : compile_npu_time(s, n, r, out));
  return worker_write_npu_trace(o, s, n);
}

loom_status worker_start_npu_trace(loom_ctx *ctx, const cli_options *o, compile_npu *n) {
  int64_t limit;
  LOOM_TRY(cli_trace_limit(ctx, o, &limit));
  if (!o->trace.last)
    return LOOM_OK;
  n->how.record = ARENA_NEW(&ctx->mem, npu_record);
  n->how.record->limit = limit;
  return LOOM_OK;
}

loom_status worker_write_npu_trace(const cli_options *o, const compile_state *s, const compile_npu *n) {
  const npu_record *record = n->how.record;
  if (!record)
    return LOOM_OK;
  LOOM_TRY(report_write_tile_trace(s->ctx, n->graph, s->machine, &n->report, record, o->trace.last));
  cli_tell_cut(s->ctx, o, record->cut, n->report.cycles, (int64_t)(record->slices.n + record->flights.n));
  return LOOM_OK;
}

loom_status worker_time_npu(compile_state *s, compile_npu *n, const run_options *r, compile_execution *out) {
  enum { EVENTS_MAX = 20 * 1000 * 1000 };
  const diag_mark before = diag_save(s->ctx);
  n->how.event_budget = EVENTS_MAX;
  loom_status st = compile_npu_time(s, n, r, out);
  n->how.event_budget = 0;
  if (st != LOOM_ELIMIT)
    return st;
  diag_drop(s->ctx, before);
  *out = (compile_execution){0};
  return LOOM_OK;
}

void worker_add_npu(arena *mem, const compile_state *s, const compile_npu *n, data_value *summary) {
  data_value *v = npu_report_to_data(mem, &n->report, n->graph, s->machine);
  data_set_int(mem, v, "lane_bytes", n->program.lane_bytes);
  data_set_int(mem, v, "moved_tiles", n->program.n_moved);
  data_set_int(mem, v, "nodes", (int64_t)n->graph->nodes.n);
  data_set(mem, summary, "npu", v);
}

void worker_print_npu(const compile_state *s, const compile_npu *n) {
  arena *m = &s->ctx->mem;
  const npu_report *r = &n->report;
  const machine whole = compile_npu_machine(s);
  int64_t arrays = 0;
  for (int c = 0; c < r->n_cores; c++)
    for (int a = 0; a < r->n_arrays; a++)
      arrays += r->cores[c].array_busy[a];
  printf("program      %zu nodes; %s of %s bytes of a lane", n->graph->nodes.n, text_thousands(m, n->program.lane_bytes), text_thousands(m, machine_lane_bytes(&whole)));
  if (n->program.n_moved)
    printf("; %d tile%s laid out anew", n->program.n_moved, n->program.n_moved == 1 ? "" : "s");
  if (r->cycles)
    printf("; systolic arrays busy %.1f %%", 100.0 * (double)arrays / ((double)r->cycles * r->n_cores * (r->n_arrays ? r->n_arrays : 1)));
  if (r->code_instructions)
    printf("; %s instructions executed", text_thousands(m, r->code_instructions));
  putchar('\n');
  if (!r->cycles)
    printf("simulated    not here, where it would take long: loom sim %s/npu/graph.json --machine %s\n", s->output_dir, s->machine->name);
}
