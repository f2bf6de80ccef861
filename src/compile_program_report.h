/* compile_program_report: a network that was compiled, and timed, for people who want it faster: where the time goes and how far from the chip's limit that is, memory over
 * time, what was fused and why, and which kernels pay most for tuning.  loom.program_report.v1 (docs/schemas). */
#ifndef LOOM_COMPILE_PROGRAM_REPORT_H
#define LOOM_COMPILE_PROGRAM_REPORT_H
#include "compile_network.h"

/* What `m` needs at least for a kernel: its arithmetic at the full rates of all units, its bytes at that of DRAM, and before either the first answer of DRAM; cycles. */
typedef struct program_limit { double compute, memory, latency; } program_limit;
program_limit program_limit_of(const machine *m, const network_kernel *k);

/* m: the machine of n; its steps have cycles, or (host) milliseconds. */
data_value *compile_program_report(loom_ctx *ctx, const network *net, const compile_network *n, const machine *m);
#endif
