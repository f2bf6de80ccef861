/* loom sim FILE.onnx: a tile operation graph in an ONNX container, on a machine with core.dispatch.  In `loom` itself: no bridge is needed, and it is over in milliseconds. */
#include "base/file.h"
#include "cli/cli.h"
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
  return tile_graph_is_container(first, n) || tile_graph_is_text(first, n);
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

static loom_status write_trace(loom_ctx *ctx, const cli_options *o, const tile_graph *g, const machine *m, const npu_report *r, const npu_record *record) {
  if (!record)
    return LOOM_OK;
  LOOM_TRY(report_write_tile_trace(ctx, g, m, r, record, o->trace.last));
  cli_tell_cut(ctx, o, record->cut, r->cycles, (int64_t)(record->slices.n + record->flights.n));
  return LOOM_OK;
}

loom_status cmd_sim(loom_ctx *ctx, const cli_options *o) {
  tile_graph *g;
  machine *m;
  npu_report r;
  npu_options options = {.event_budget = EVENTS_MAX, .request_limit = REQUESTS_MAX};
  npu_record record = {0};
  LOOM_TRY(refuse_others(ctx, o));
  LOOM_TRY(cli_trace_limit(ctx, o, &record.limit));
  options.record = o->trace.last ? &record : NULL;
  LOOM_TRY(cli_load_machine(ctx, o, o->machine.last, &m));
  LOOM_TRY(choose_dram(ctx, o, m, &options.dram));
  LOOM_TRY(tile_graph_load(ctx, o->files.at[0], &g));
  LOOM_TRY(npu_run(ctx, g, m, &options, &r));
  LOOM_TRY(write_trace(ctx, o, g, m, &r, options.record));
  const char *json = data_write_json(&ctx->mem, npu_report_to_data(&ctx->mem, &r, g, m), 1);
  if (o->out.last)
    LOOM_TRY(file_write(ctx, o->out.last, json, strlen(json)));
  if (o->json)
    printf("%s\n", json);
  else
    print_summary(&r, m);
  if (r.n_faults)
    return diag_error(ctx, LOOM_NOSPAN, LOOM_ENUMERIC, "the virtual chip reports %" PRId64 " fault(s); first: %s", r.n_faults, r.faults.at[0].text);
  return LOOM_OK;
}
