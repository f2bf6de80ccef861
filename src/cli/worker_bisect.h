/* --bisect-numerics of loom compile and loom run. */
#ifndef LOOM_CLI_WORKER_BISECT_H
#define LOOM_CLI_WORKER_BISECT_H
#include "cli/worker.h"
#include "compile_bisect.h"
/* Bisects what `s` holds; `so_far` is how the compile (and run) went, which may have ended early: what it left is still looked at.  The answer is kept for the summary.
 * *out_found: a stage goes wrong. */
LOOM_MUST_USE loom_status worker_bisect(loom_ctx *ctx, compile_state *s, const run_options *r, loom_status so_far, compile_bisection *out);
void worker_print_bisection(const compile_bisection *b);
/* LOOM_ENUMERIC when a stage goes wrong. */
LOOM_MUST_USE loom_status worker_bisect_verdict(loom_ctx *ctx, const compile_bisection *b);
#endif
