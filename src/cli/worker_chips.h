/* loom compile, run and explore on a machine of several chips (compile_chips.h). */
#ifndef LOOM_CLI_WORKER_CHIPS_H
#define LOOM_CLI_WORKER_CHIPS_H
#include "cli/worker.h"
#include "compile.h"

/* *is_done: the machine has several chips, and this was the command. */
LOOM_MUST_USE loom_status worker_chips_compile(loom_ctx *ctx, const cli_options *o, compile_options *c, bool *is_done);
LOOM_MUST_USE loom_status worker_chips_run(loom_ctx *ctx, const cli_options *o, compile_options *c, const run_options *r, bool *is_done);
LOOM_MUST_USE loom_status worker_chips_explore(loom_ctx *ctx, const cli_options *o, compile_options *c, bool *is_done);
/* loom sim DIR: *is_done: DIR has chips.json; the times of all chips. */
LOOM_MUST_USE loom_status worker_chips_sim(loom_ctx *ctx, const cli_options *o, bool *is_done);
#endif
