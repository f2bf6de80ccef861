/* Smaller kernels that still disagree. */
#ifndef LOOM_SOAK_REDUCE_H
#define LOOM_SOAK_REDUCE_H
#include "soak.h"

/* *out: the smallest graph found that disagrees in the engine in which `k` does (its first finding; or ends its process as `k` does), with inputs as soak_run makes them; *result: what it says.
 * The number of its operations; -1: `k` does not disagree.  All of ctx->mem. */
int soak_reduce(loom_ctx *ctx, const soak_options *o, uint64_t seed, kernel_graph *k, kernel_graph **out, soak_result *result);
#endif
