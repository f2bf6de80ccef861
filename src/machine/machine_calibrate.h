/* machine_calibrate: measures the running CPU for the machine `host`.  The only part of Loom that a clock decides. */
#ifndef LOOM_MACHINE_CALIBRATE_H
#define LOOM_MACHINE_CALIBRATE_H
#include "machine/machine_cpu.h"

/* All rates of MACHINE_CPU_LIST and the clock: each the best of its runs, with their median and spread; what the CPU has no instruction for stays a guess.
 * Some ten seconds; `is_quick`: about one, with small arrays (main memory is then not told from a large cache) and few runs.
 * LOOM_EMEM: no memory for the arrays; LOOM_EIO: a thread cannot be started. */
LOOM_MUST_USE loom_status machine_calibrate(loom_ctx *ctx, bool is_quick, const machine_cpu **out);
/* The file of a measured CPU: `shipped` (machines/host.yaml) filled in.  The result is checked. */
LOOM_MUST_USE loom_status machine_calibrated_yaml(loom_ctx *ctx, const machine_cpu *cpu, const char **out);
#endif
