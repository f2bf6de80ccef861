/* Inside loom-worker only: what its commands share. */
#ifndef LOOM_CLI_WORKER_H
#define LOOM_CLI_WORKER_H
#include "cli/cli.h"
#include "compile_bench.h"
#include "sim/sim_record.h"

/* Adds the further answers that the options ask for to `out`: explain, neighbours, topk, pareto; none where nothing was searched. */
LOOM_MUST_USE loom_status worker_answer(loom_ctx *ctx, const cli_options *o, const compile_state *s, data_value *out);
/* With --explain: notes on what cannot hold together, when `failure` says that nothing is feasible.  Returns `failure`. */
loom_status worker_explain_failure(loom_ctx *ctx, const cli_options *o, const compile_state *s, loom_status failure);
/* --trace: *out is what the run has to fill, NULL without the option.  The machine must be a virtual chip. */
LOOM_MUST_USE loom_status worker_start_trace(loom_ctx *ctx, const cli_options *o, bool has_chip, sim_record **out);
/* Writes the file of --trace; warns when it was cut.  `record` NULL: nothing to do. */
LOOM_MUST_USE loom_status worker_write_trace(loom_ctx *ctx, const cli_options *o, const compile_state *s, const sim_report *report, const sim_record *record);
/* c->cache, unless the options ask for what a compile from the cache does not have. */
void worker_open_cache(loom_ctx *ctx, const cli_options *o, compile_options *c);
/* What the command line says of a compile. */
LOOM_MUST_USE loom_status worker_read_options(loom_ctx *ctx, const cli_options *o, compile_options *out);
/* The same with what is said of the kernel's arguments: --dtype, --arg. */
LOOM_MUST_USE loom_status worker_read_kernel_options(loom_ctx *ctx, const cli_options *o, compile_options *out);
/* Options of a kernel that runs on the host at the sizes of this call: what to compile, and the contents of its arguments. */
LOOM_MUST_USE loom_status worker_read_host(loom_ctx *ctx, const cli_options *o, compile_options *c, run_options *r);
/* A document that is no JSON: as it is, or with --json in one (loom.text.v1). */
void worker_print_text(loom_ctx *ctx, const cli_options *o, const char *form, const char *words);
/* loom run --shard. */
LOOM_MUST_USE loom_status worker_run_shards(loom_ctx *ctx, const cli_options *o, const compile_options *c, const run_options *r);
/* loom bench: how long; and the verdict on loom.bench.v1 of a network, which is printed. */
LOOM_MUST_USE loom_status worker_bench_options(loom_ctx *ctx, const cli_options *o, bench_options *out);
LOOM_MUST_USE loom_status worker_bench_network(loom_ctx *ctx, const cli_options *o, data_value *v);
/* `loom run` of an MLIR function that takes and gives values, and `loom compile` of one for a chip.  *out_is_program: it is one, and has run or failed with the status
 * returned.  What was read of the input is left in `c`. */
LOOM_MUST_USE loom_status worker_run_program(loom_ctx *ctx, const cli_options *o, compile_options *c, bool *out_is_program);
void worker_print_decisions(compile_state *s);      /* of its plan */
void worker_print_execution(compile_state *s, const compile_execution *e);
/* The status of an execution: a fault or a wrong number is exit code 3. */
LOOM_MUST_USE loom_status worker_verdict(loom_ctx *ctx, const compile_execution *e);
/* Warns of options that say nothing in this case; `is_model`: of MLIR functions on values (worker_unread.c).  LOOM_EUSAGE, LOOM_EIO: two that cannot go together, a directory that is not there. */
LOOM_MUST_USE loom_status worker_tell_unread(loom_ctx *ctx, const cli_options *o, const compile_options *c, bool is_npu, bool is_model);
void worker_print_answers(loom_ctx *ctx, const compile_state *s, const data_value *answers);
#endif
