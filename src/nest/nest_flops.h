/* nest_flops: how much arithmetic a kernel asks for, whatever its tiles. */
#ifndef LOOM_NEST_FLOPS_H
#define LOOM_NEST_FLOPS_H
#include "nest/nest.h"

/* Scalar operations on whole tensors: two for each multiply-add of a matmul, one for each element of each other op; copies, casts and fills have none.
 * A causal loop counts as if it went to its end.  -1: it cannot be told (a size that depends on others, or 2^63 and more). */
int64_t nest_flops(loom_ctx *ctx, const nest *n);
/* The same, and how many of them are of matmuls. */
int64_t nest_flops_of(loom_ctx *ctx, const nest *n, int64_t *out_products);
#endif
