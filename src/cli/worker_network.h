/* loom run and loom compile of functions on tensors as kernels: shared by worker_network*.c only. */
#ifndef LOOM_CLI_WORKER_NETWORK_H
#define LOOM_CLI_WORKER_NETWORK_H
#include "cli/worker_program.h"
#include "compile_network.h"

/* What was compiled or run, on standard output; host: the function as code of this CPU against the kernels. */
void worker_network_print(const program_run *r, const network *net, const compile_network *n, const run_check *host);
/* loom report: to standard output; the page to -o. */
LOOM_MUST_USE loom_status worker_network_report(const program_run *r, const network *net, const compile_network *n);
/* loom sim: loom.sim.v1 with the kernels. */
LOOM_MUST_USE loom_status worker_network_print_sim(const program_run *r, const network *net, const compile_network *n);

/* ---- worker_program_report.c ---- */
void worker_program_report_print(arena *m, const data_value *report);      /* loom.program_report.v1 */
#endif
