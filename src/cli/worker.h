/* Inside loom-worker only: what its commands share. */
#ifndef LOOM_CLI_WORKER_H
#define LOOM_CLI_WORKER_H
#include "cli/cli.h"
#include "compile.h"

/* Adds the further answers that the options ask for to `out`: explain, neighbours, topk, pareto; none where nothing was searched. */
LOOM_MUST_USE loom_status worker_answer(loom_ctx *ctx, const cli_options *o, const compile_state *s, data_value *out);
/* With --explain: notes on what cannot hold together, when `failure` says that nothing is feasible.  Returns `failure`. */
loom_status worker_explain_failure(loom_ctx *ctx, const cli_options *o, const compile_state *s, loom_status failure);
void worker_print_answers(loom_ctx *ctx, const compile_state *s, const data_value *answers);
#endif
