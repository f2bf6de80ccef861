/* loom run and loom compile of functions on tensors as kernels: shared by worker_network*.c only. */
#ifndef LOOM_CLI_WORKER_NETWORK_H
#define LOOM_CLI_WORKER_NETWORK_H
#include "cli/worker_program.h"
#include "compile_network.h"

/* ---- worker_network_host.c ---- */
/* What compiles for this CPU take of the options: kernel providers and the cache. */
LOOM_MUST_USE loom_status worker_network_host_options(program_run *r);
/* `st` is what became of the kernels, `before` was saved in front of them: may the whole function run as plain loops instead?  Then its errors are notes. */
bool worker_network_falls_back(const program_run *r, loom_status st, diag_mark before);
/* loom bench, and times for loom report: the kernels again and again. */
LOOM_MUST_USE loom_status worker_network_bench(program_run *r, const network *net, compile_network *n);

/* What was compiled or run, on standard output; host: the function as code of this CPU against the kernels. */
void worker_network_print(const program_run *r, const network *net, const compile_network *n, const run_check *host);
/* --expect: results that were made elsewhere, against the interpreter and what rounding explains.  LOOM_ENUMERIC: one is further away. */
LOOM_MUST_USE loom_status worker_network_expect(program_run *r, const compile_network *n);
/* loom report: to standard output; the page to -o. */
LOOM_MUST_USE loom_status worker_network_report(const program_run *r, const network *net, const compile_network *n);
/* loom sim: loom.sim.v1 with the kernels. */
LOOM_MUST_USE loom_status worker_network_print_sim(const program_run *r, const network *net, const compile_network *n);

/* ---- worker_program_report.c ---- */
void worker_program_report_print(arena *m, const data_value *report);      /* loom.program_report.v1 */

/* ---- worker_network_bisect.c ---- */
/* --bisect-numerics: the first kernel that goes wrong, on standard output.  LOOM_ENUMERIC: there is one. */
LOOM_MUST_USE loom_status worker_network_bisect(program_run *r, bool for_npu, const network *net);
#endif
