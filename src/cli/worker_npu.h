/* What compile, run and sim do for NPUs: --emit npu, --engine npu, which is what runs a kernel for a machine whose target is npu. */
#ifndef LOOM_CLI_WORKER_NPU_H
#define LOOM_CLI_WORKER_NPU_H
#include "cli/cli.h"
#include "compile_npu.h"

/* *out: the program of an NPU is wanted: asked for, or `is_run` and the machine says so. */
LOOM_MUST_USE loom_status worker_wants_npu(loom_ctx *ctx, const cli_options *o, const compile_options *c, bool is_run, bool *out);
/* The files go to npu/ of the output directory. */
LOOM_MUST_USE loom_status worker_emit_npu(loom_ctx *ctx, const cli_options *o, compile_state *s, const compile_npu *n);
/* `loom sim DIR` of a machine with lanes: the program in DIR/npu, or where there is none, that of the plan in DIR.  With `check` s has the kernel and the plan. */
bool worker_sims_npu(const cli_options *o, const compile_state *s, const char *dir);
LOOM_MUST_USE loom_status worker_sim_npu(const cli_options *o, compile_state *s, const char *dir, const run_options *r, compile_npu *n, compile_execution *out);
/* --trace: what the run has to fill, in n->how; and its file. */
LOOM_MUST_USE loom_status worker_start_npu_trace(loom_ctx *ctx, const cli_options *o, compile_npu *n);
LOOM_MUST_USE loom_status worker_write_npu_trace(const cli_options *o, const compile_state *s, const compile_npu *n);
/* compile_npu_time where that is a matter of a second or so; else out->has_report stays false. */
LOOM_MUST_USE loom_status worker_time_npu(compile_state *s, compile_npu *n, const run_options *r, compile_execution *out);
void worker_add_npu(arena *mem, const compile_state *s, const compile_npu *n, data_value *summary);
void worker_print_npu(const compile_state *s, const compile_npu *n);
#endif
