#include "cli/worker_npu.h"
#include "base/file.h"
#include <stdio.h>

loom_status worker_wants_npu(loom_ctx *ctx, const cli_options *o, const compile_options *c, bool is_run, bool *out) {
  machine *m;
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
  int64_t arrays = 0;
  for (int c = 0; c < r->n_cores; c++)
    for (int a = 0; a < r->n_arrays; a++)
      arrays += r->cores[c].array_busy[a];
  printf("program      %zu nodes; %s of %s bytes of a lane", n->graph->nodes.n, text_thousands(m, n->program.lane_bytes), text_thousands(m, machine_lane_bytes(s->machine)));
  if (n->program.n_moved)
    printf("; %d tile%s laid out anew", n->program.n_moved, n->program.n_moved == 1 ? "" : "s");
  if (r->cycles)
    printf("; systolic arrays busy %.1f %%", 100.0 * (double)arrays / ((double)r->cycles * r->n_cores * (r->n_arrays ? r->n_arrays : 1)));
  if (r->code_instructions)
    printf("; %s instructions executed", text_thousands(m, r->code_instructions));
  putchar('\n');
}
