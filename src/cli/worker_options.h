/* What compile, run and explore read of the command line beside worker_read_options (worker.h). */
#ifndef LOOM_CLI_WORKER_OPTIONS_H
#define LOOM_CLI_WORKER_OPTIONS_H
#include "cli/cli.h"
#include "compile.h"

/* "NAME=FILE.npy", "FILE.npz" -> bindings; the latter has no name. */
LOOM_MUST_USE loom_status worker_read_bindings(loom_ctx *ctx, const char *option, const char *const *texts, size_t n, const run_binding **out, size_t *out_n);
/* --dtype, --arg, and the types and shapes of `inputs`. */
LOOM_MUST_USE loom_status worker_read_given(loom_ctx *ctx, const cli_options *o, const run_binding *inputs, size_t n_inputs, helion_options *out);
/* The same with the inputs of --input, of a command that runs nothing. */
LOOM_MUST_USE loom_status worker_read_given_without_inputs(loom_ctx *ctx, const cli_options *o, helion_options *out);
/* Contents of the arguments. */
LOOM_MUST_USE loom_status worker_read_run(loom_ctx *ctx, const cli_options *o, run_options *r);
/* Where results go, and what they are compared with. */
LOOM_MUST_USE loom_status worker_read_results(loom_ctx *ctx, const cli_options *o, run_options *r);
#endif
