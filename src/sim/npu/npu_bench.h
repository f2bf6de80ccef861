/* npu_bench: cycles of a real TPUv3 that PyTorchSim's authors published, against ours. */
#ifndef LOOM_SIM_NPU_BENCH_H
#define LOOM_SIM_NPU_BENCH_H
#include "sim/npu/npu.h"

enum { NPU_BENCH_ROWS = 10 };
typedef struct npu_bench_row { const char *group, *name; int64_t real, simulated; double error; /* simulated / real - 1 */ } npu_bench_row;
/* errors: mean of their magnitudes, over the GEMMs, those and the convolutions, all. */
typedef struct npu_bench { npu_bench_row rows[NPU_BENCH_ROWS]; double gemm_error, dense_error, all_error; } npu_bench;

/* Everything is taken from the machine; no number belongs to one row.  LOOM_EINPUT: the machine lacks a section. */
LOOM_MUST_USE loom_status npu_bench_run(loom_ctx *ctx, const machine *m, dram_model dram, npu_bench *out);
data_value *npu_bench_to_data(arena *mem, const npu_bench *b, const machine *m, dram_model dram);       /* loom.bench.tpuv3.v1 */
#endif
