#include "sim/npu/npu_bench.h"
#include "base/text.h"
#include "sim/npu/npu_kernels.h"
#include <math.h>

/* X(group, name, real cycles (PyTorchSim, MICRO 2025 artifact, baseline_cycle.csv), kernel, sizes) */
#define ROWS(X)                                                        \
  X("gemm", "256^3", 3101, gemm, {256, 256, 256})                      \
  X("gemm", "512^3", 9490, gemm, {512, 512, 512})                      \
  X("gemm", "1024^3", 47099, gemm, {1024, 1024, 1024})                 \
  X("gemm", "2048^3", 317435, gemm, {2048, 2048, 2048})                \
  X("conv", "64x56x56x64, 64, 3x3", 1496802, conv, {64, 56, 64, 64, 3})      \
  X("conv", "64x28x28x128, 128, 3x3", 241935, conv, {64, 28, 128, 128, 3})   \
  X("conv", "64x14x14x256, 256, 3x3", 246790, conv, {64, 14, 256, 256, 3})   \
  X("conv", "64x7x7x512, 512, 3x3", 247383, conv, {64, 7, 512, 512, 3})      \
  X("row", "layernorm 512x768", 24895, layernorm, {512, 768})          \
  X("row", "softmax 512x512", 12902, softmax, {512, 512})

enum { KERNELS_MAX = 3 };
static int make_gemm(arena *mem, const machine *m, const int64_t *s, tile_graph **out) { return out[0] = npu_kernel_gemm(mem, m, (npu_gemm){s[0], s[1], s[2]}), 1; }
static int make_conv(arena *mem, const machine *m, const int64_t *s, tile_graph **out) {
  return out[0] = npu_kernel_conv(mem, m, (npu_conv){s[0], s[1], s[2], s[3], s[4]}), 1;
}
static int make_layernorm(arena *mem, const machine *m, const int64_t *s, tile_graph **out) { return npu_kernel_layernorm(mem, m, (npu_rows){s[0], s[1]}, out), 3; }
static int make_softmax(arena *mem, const machine *m, const int64_t *s, tile_graph **out) { return npu_kernel_softmax(mem, m, (npu_rows){s[0], s[1]}, out), 3; }

static const struct { const char *group, *name; int64_t real; int (*make)(arena *, const machine *, const int64_t *, tile_graph **); int64_t size[5]; } rows[NPU_BENCH_ROWS] = {
#define X(group, name, real, kernel, ...) {group, name, real, make_##kernel, __VA_ARGS__},
    ROWS(X)
#undef X
};

static loom_status run_row(loom_ctx *ctx, const machine *m, dram_model dram, size_t i, npu_bench_row *out) {
  tile_graph *graphs[KERNELS_MAX];
  npu_job jobs[KERNELS_MAX] = {0};
  npu_report r;
  int n = rows[i].make(&ctx->mem, m, rows[i].size, graphs);
  for (int k = 0; k < n; k++)
    jobs[k].graph = graphs[k];
  LOOM_TRY(npu_run_jobs(ctx, jobs, n, 1, m, &(npu_options){.dram = dram}, &r));
  if (r.n_faults)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EBUG, "%s %s: %s", rows[i].group, rows[i].name, r.faults.at[0].text);
  *out = (npu_bench_row){rows[i].group, rows[i].name, rows[i].real, r.cycles, (double)r.cycles / (double)rows[i].real - 1};
  return LOOM_OK;
}

/* Over the rows of some groups. */
static double mean_error(const npu_bench *b, const char *groups) {
  double sum = 0;
  int n = 0;
  for (int i = 0; i < NPU_BENCH_ROWS; i++)
    if (strstr(groups, b->rows[i].group)) {
      sum += fabs(b->rows[i].error);
      n++;
    }
  return sum / n;
}

loom_status npu_bench_run(loom_ctx *ctx, const machine *m, dram_model dram, npu_bench *out) {
  if (!m->npu || !m->pipeline) {
    diag_error(ctx, LOOM_NOSPAN, LOOM_EINPUT, "machine '%s' cannot run programs: its file has no '%s'", m->name, m->npu ? "core.pipeline" : "npu");
    diag_help(ctx, "use --machine tpuv3, or add the section (docs/machines.md)");
    return LOOM_EINPUT;
  }
  for (size_t i = 0; i < NPU_BENCH_ROWS; i++)
    LOOM_TRY(run_row(ctx, m, dram, i, &out->rows[i]));
  out->gemm_error = mean_error(out, "gemm");
  out->dense_error = mean_error(out, "gemm, conv");
  out->all_error = mean_error(out, "gemm, conv, row");
  return LOOM_OK;
}

data_value *npu_bench_to_data(arena *mem, const npu_bench *b, const machine *m, dram_model dram) {
  data_value *o = data_object(mem), *list = data_array(mem);
  data_set_string(mem, o, "schema", "loom.bench.tpuv3.v1");
  data_set_string(mem, o, "machine", m->name);
  data_set_string(mem, o, "dram", dram_model_name(dram));
  for (int i = 0; i < NPU_BENCH_ROWS; i++) {
    data_value *r = data_object(mem);
    data_set_string(mem, r, "group", b->rows[i].group);
    data_set_string(mem, r, "name", b->rows[i].name);
    data_set_int(mem, r, "real", b->rows[i].real);
    data_set_int(mem, r, "simulated", b->rows[i].simulated);
    data_set(mem, r, "error", data_real(mem, b->rows[i].error));
    data_push(mem, list, r);
  }
  data_set(mem, o, "rows", list);
  data_set(mem, o, "gemm_error", data_real(mem, b->gemm_error));
  data_set(mem, o, "dense_error", data_real(mem, b->dense_error));
  data_set(mem, o, "all_error", data_real(mem, b->all_error));
  return o;
}
