/* loom run and loom compile of functions on tensors as kernels: shared by worker_network*.c only. */
#ifndef LOOM_CLI_WORKER_NETWORK_H
#define LOOM_CLI_WORKER_NETWORK_H
#include "cli/worker_program.h"
#include "compile_network.h"

/* What was compiled or run, on standard output; host: the function as code of this CPU against the kernels. */
void worker_network_print(const program_run *r, const network *net, const compile_network *n, const run_check *host);
#endif
