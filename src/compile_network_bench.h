/* compile_network_bench: how long a network takes on this CPU, kernel by kernel, and how near that is to what the CPU can do. */
#ifndef LOOM_COMPILE_NETWORK_BENCH_H
#define LOOM_COMPILE_NETWORK_BENCH_H
#include "compile_bench.h"
#include "compile_network.h"

/* `n` has run (compile_network_run) on this CPU: runs it again and again, and leaves the medians of the kernels in n->steps.  loom.bench.v1 with `kernels`. */
LOOM_MUST_USE loom_status compile_network_bench(loom_ctx *ctx, const network *net, compile_network *n, const bench_options *b, data_value **out);
#endif
