/* loom bench tpuv3: cycles of a real TPUv3 against those of our simulator.  In `loom` itself: no bridge is needed. */
#include "base/file.h"
#include "cli/cli_forms.h"
#include "sim/npu/npu_bench.h"
#include <stdio.h>

bool cli_is_published_bench(const cli_options *o) { return o->files.n == 1 && text_eq(o->files.at[0], "tpuv3") && !file_exists("tpuv3"); }

static void print_table(const npu_bench *b, const machine *m, dram_model dram) {
  printf("%s, %s DRAM\n%-28s %12s %12s %8s\n", m->name, dram_model_name(dram), "", "TPUv3", "simulated", "error");
  for (int i = 0; i < NPU_BENCH_ROWS; i++) {
    const npu_bench_row *r = &b->rows[i];
    printf("%-4s %-23s %12" PRId64 " %12" PRId64 " %+7.1f%%\n", r->group, r->name, r->real, r->simulated, 100 * r->error);
  }
  printf("mean error   GEMMs %.1f%%, with convolutions %.1f%%, all %.1f%%\n", 100 * b->gemm_error, 100 * b->dense_error, 100 * b->all_error);
}

loom_status cmd_bench(loom_ctx *ctx, const cli_options *o) {
  machine *m;
  npu_bench b;
  dram_model dram;
  cli_tell_form(ctx, o, CLI_BENCH_TPU);
  LOOM_TRY(cli_load_machine(ctx, o, o->machine.last ? o->machine.last : "tpuv3", &m));
  dram = m->bank ? DRAM_BANK : DRAM_RATE;
  if (o->dram.last)
    LOOM_TRY(dram_model_of(ctx, o->dram.last, &dram));
  LOOM_TRY(npu_bench_run(ctx, m, dram, &b));
  if (o->json)
    printf("%s\n", data_write_json(&ctx->mem, npu_bench_to_data(&ctx->mem, &b, m, dram), 1));
  else
    print_table(&b, m, dram);
  return LOOM_OK;
}
