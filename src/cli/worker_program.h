/* Inside loom-worker only: MLIR functions that take and give values, as `loom run` and `loom compile` are asked for them. */
#ifndef LOOM_CLI_WORKER_PROGRAM_H
#define LOOM_CLI_WORKER_PROGRAM_H
#include "cli/worker.h"
#include "network/network_sizes.h"
#include "program/program.h"

typedef struct program_run {
  loom_ctx *ctx; const cli_options *o;
  ir_ctx ir; MlirModule module;
  program_functions functions; const program_function *f;
  network_sizes sizes;                 /* of the arguments: what --shape gives, then what the inputs have */
  program *code;
  run_value *args, *results; bool *given;
  compile_options *c;
  bool is_for_chip;                    /* becomes kernels: for a machine that was named, this CPU among them */
  double compile_ms, run_ms;
} program_run;

/* Fills r->args from --input, or makes them up.  Writes r->results where --output says. */
LOOM_MUST_USE loom_status worker_program_inputs(program_run *r);
LOOM_MUST_USE loom_status worker_program_outputs(program_run *r);
void worker_program_print_results(const program_run *r);

/* r->module with r->sizes in the places of open ones: for kernels.  All of them are known, or what is missing is an error. */
LOOM_MUST_USE loom_status worker_program_fix_sizes(program_run *r);

/* The result that `s` of n characters names: "result0", "result_0", "0"; -1: none. */
int worker_program_result(const program_run *r, const char *s, size_t n);

/* ---- worker_network.c ---- */
/* r->f as kernels, which are compiled and, by `loom run`, run.  *out_done false: on this CPU, not all of it has the form of kernels, which a note says, and r->module is as it was read. */
LOOM_MUST_USE loom_status worker_network(program_run *r, bool *out_done);
#endif
