/* lower: kernel graph -> stage-0 MLIR in upstream's shape (loom.md 1.8): affine.parallel + scf.for + linalg on tensors over memref arguments. */
#ifndef LOOM_LOWER_LOWER_H
#define LOOM_LOWER_LOWER_H
#include "dialect/dialect.h"
#include "kernel/kernel.h"
/* The graph as a mesh can run it, which has no atomic operations: gathers and sums for atomic additions of tiles that are sums over one loop of the grid, stores for those of
 * tiles that nothing else adds to; `k` itself where there are none (lower_atomic.c). */
const kernel_graph *lower_sums(arena *m, const kernel_graph *k);

/* Upstream's shape: nominal tiles, block sizes as loom.sym. */
LOOM_MUST_USE loom_status lower_kernel(ir_ctx *ir, const kernel_graph *k, LOOM_GIVE MlirModule *out);

/* For the CPU: every BLOCK, TUNABLE and NOMINAL symbol is a number of `blocks` (kernel_block_sizes), tiles are clamped exactly, every
 * operation of kernel.h has a form.  func.func @kernel(arguments in signature order, then each memory that is returned and is no
 * argument, all of them row-major memrefs, then an index for each open size, in the order of kernel.symbols). */
LOOM_MUST_USE loom_status lower_kernel_host(ir_ctx *ir, const kernel_graph *k, const sym_binding *blocks, size_t n_blocks,
                                            LOOM_GIVE MlirModule *out);
#endif
