/* Smaller kernels that still show what is looked for: a wrong result, a diagnostic, a crash. */
#ifndef LOOM_KERNEL_KERNEL_REDUCE_H
#define LOOM_KERNEL_KERNEL_REDUCE_H
#include "kernel/kernel.h"

/* still(data, k): does graph `k`, which verifies, still show it?  It is asked at most `tries_max` times; `tries` counts. */
typedef struct kernel_reduction { bool (*still)(void *data, kernel_graph *k); void *data; int tries_max, tries; } kernel_reduction;

/* The smallest graph that was found, in ctx->mem; `k` itself where none smaller does.  `k` is not changed. */
kernel_graph *kernel_reduce(loom_ctx *ctx, kernel_graph *k, kernel_reduction *how);
int kernel_count_ops(const kernel_graph *k);      /* all of them, in regions too */
#endif
