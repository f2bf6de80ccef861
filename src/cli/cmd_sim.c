/* loom sim FILE: a tile operation graph in an ONNX container or as text, or a list of jobs of them, on a machine with core.dispatch.  In `loom` itself: no bridge is needed,
 * and it is over in milliseconds. */
#include "base/file.h"
#include "cli/cli_forms.h"
#include "report/report_tiles.h"
#include "sim/npu/npu.h"
#include <stdio.h>
#include <string.h>

#define EVENTS_MAX INT64_C(10000000000)   /* a graph from outside may unroll to anything */
#define REQUESTS_MAX (INT64_C(1) << 24)    /* half a gigabyte of ours, and of theirs */

bool cli_is_tile_graph(const char *path) {
  char first[TILE_GRAPH_SCHEMA_WITHIN];
  if (text_ends(path, ".onnx") && !file_is_dir(path))
    return true;
  FILE *f = strcmp(path, "-") == 0 || file_is_dir(path) ? NULL : fopen(path, "rb");
  size_t n = f ? fread(first, 1, sizeof first, f) : 0;
  if (f)
    fclose(f);
  return tile_graph_is_container(first, n) || tile_graph_is_text(first, n) || npu_is_jobs(first, n);
}

static bool is_jobs(const char *path) {
  char first[TILE_GRAPH_SCHEMA_WITHIN];
  FILE *f = fopen(path, "rb");
  size_t n = f ? fread(first, 1, sizeof first, f) : 0;
  if (f)
    fclose(f);
  return npu_is_jobs(first, n);
}

/* --shape M=64: values of the graph's symbols, in its order. */
static loom_status read_symbols(loom_ctx *ctx, const cli_options *o, const tile_graph *g, npu_options *out) {
  cli_pairs pairs = {0};
  LOOM_TRY(cli_pairs_of(ctx, "--shape", o->shape.all.at, o->shape.all.n, true, &pairs));
  int64_t *values = ARENA_NEW_N(&ctx->mem, int64_t, g->symbols.n);
  bool *has = ARENA_NEW_N(&ctx->scratch, bool, g->symbols.n);
  for (size_t i = 0; i < pairs.n; i++) {
    size_t k = 0;
    while (k < g->symbols.n && !text_eq(g->symbols.at[k], pairs.at[i].key))
      k++;
    if (k == g->symbols.n) {
      diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--shape: tile graph '%s' has no size '%s'", g->name, pairs.at[i].key);
      const char *near = diag_nearest(pairs.at[i].key, g->symbols.at, g->symbols.n);
      if (near)
        diag_help(ctx, "did you mean '%s'?", near);
      return LOOM_EUSAGE;
    }
    values[k] = pairs.at[i].integer;
    has[k] = true;
  }
  for (size_t k = 0; k < g->symbols.n; k++)
    if (!has[k])
      LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "tile graph '%s' needs its size '%s': pass it with --shape %s=N", g->name, g->symbols.at[k], g->symbols.at[k]);
  out->symbols = values;
  out->n_symbols = g->symbols.n;
  return LOOM_OK;
}

static loom_status refuse_others(loom_ctx *ctx, const cli_options *o) {
  if (o->check)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--check: a tile graph holds times only, no values to compare");
  if (o->machine.last)
    return LOOM_OK;
  diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "a tile graph names no machine");
  diag_help(ctx, "say which with --machine, for example --machine tpuv3-togsim");
  return LOOM_EUSAGE;
}

/* The banks where the machine file describes them. */
static loom_status choose_dram(loom_ctx *ctx, const cli_options *o, const machine *m, dram_model *out) {
  *out = m->bank ? DRAM_BANK : DRAM_RATE;
  return o->dram.last ? dram_model_of(ctx, o->dram.last, out) : LOOM_OK;
}

static void print_summary(const npu_report *r, const machine *m) {
  int64_t read = 0, written = 0;
  for (int i = 0; i < r->n_cores; i++) {
    read += r->cores[i].read_bytes;
    written += r->cores[i].written_bytes;
  }
  double seconds = (double)r->cycles / m->clock_hz.value;
  printf("cycles       %" PRId64 "\nDRAM         %" PRId64 " bytes read, %" PRId64 " written, %.1f GB/s (%s)\nfaults       %" PRId64 "\n", r->cycles, read, written,
         seconds > 0 ? (double)(read + written) / seconds / 1e9 : 0, dram_model_name(r->dram), r->n_faults);
}

static void print_jobs(const npu_report *r) {
  for (int i = 0; i < r->n_jobs && r->n_jobs > 1; i++) {
    const npu_job_report *j = &r->jobs[i];
    printf("job %-8d %s in partition %d: came %" PRId64 ", ran %" PRId64 "..%" PRId64 "\n", i, j->graph, j->partition, j->arrival, j->begin, j->end);
  }
}

static loom_status write_trace(loom_ctx *ctx, const cli_options *o, const tile_graph *g, const machine *m, const npu_report *r, const npu_record *record) {
  if (!record)
    return LOOM_OK;
  LOOM_TRY(report_write_tile_trace(ctx, g, m, r, record, o->trace.last));
  cli_tell_cut(ctx, o, record->cut, r->cycles, (int64_t)(record->slices.n + record->flights.n));
  return LOOM_OK;
}

static loom_status run_jobs(loom_ctx *ctx, const cli_options *o, const machine *m, npu_options *options, const tile_graph **out_graph, npu_report *out) {
  npu_job *jobs;
  int n, partitions;
  if (o->trace.last)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--trace: of one graph at a time, not of jobs");
  if (o->shape.all.n)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--shape: of one graph; sizes of jobs are in their file ('symbols')");
  LOOM_TRY(npu_jobs_load(ctx, o->files.at[0], &jobs, &n, &partitions));
  *out_graph = jobs[0].graph;
  return npu_run_jobs(ctx, jobs, n, partitions, m, options, out);
}

static loom_status run_graph(loom_ctx *ctx, const cli_options *o, const machine *m, npu_options *options, const tile_graph **out_graph, npu_report *out) {
  tile_graph *g;
  LOOM_TRY(tile_graph_load(ctx, o->files.at[0], &g));
  LOOM_TRY(read_symbols(ctx, o, g, options));
  *out_graph = g;
  return npu_run(ctx, g, m, options, out);
}

loom_status cmd_sim(loom_ctx *ctx, const cli_options *o) {
  const tile_graph *g;
  machine *m;
  npu_report r;
  npu_options options = {.event_budget = EVENTS_MAX, .request_limit = REQUESTS_MAX};
  npu_record record = {0};
  LOOM_TRY(refuse_others(ctx, o));
  cli_tell_form(ctx, o, is_jobs(o->files.at[0]) ? CLI_SIM_JOBS : CLI_SIM_TILES);
  LOOM_TRY(cli_trace_limit(ctx, o, &record.limit));
  options.record = o->trace.last ? &record : NULL;
  LOOM_TRY(cli_load_machine(ctx, o, o->machine.last, &m));
  LOOM_TRY(choose_dram(ctx, o, m, &options.dram));
  LOOM_TRY((is_jobs(o->files.at[0]) ? run_jobs : run_graph)(ctx, o, m, &options, &g, &r));
  LOOM_TRY(write_trace(ctx, o, g, m, &r, options.record));
  const data_value *v = npu_report_to_data(&ctx->mem, &r, g, m);
  if (o->out.last)
    LOOM_TRY(data_write_json_file(ctx, o->out.last, v));
  if (o->json)
    printf("%s\n", data_write_json(&ctx->mem, v, 1));
  else
    print_summary(&r, m), print_jobs(&r);
  if (r.n_faults)
    return diag_error(ctx, LOOM_NOSPAN, LOOM_ENUMERIC, "the virtual chip reports %" PRId64 " fault(s); first: %s", r.n_faults, r.faults.at[0].text);
  return LOOM_OK;
}
