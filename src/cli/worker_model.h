/* Inside loom-worker only: loom sim and loom report of whole models. */
#ifndef LOOM_CLI_WORKER_MODEL_H
#define LOOM_CLI_WORKER_MODEL_H
#include "cli/worker.h"

/* *out_is_model: the one file given is MLIR, and was dealt with. */
LOOM_MUST_USE loom_status worker_model(loom_ctx *ctx, const cli_options *o, bool *out_is_model);
#endif
