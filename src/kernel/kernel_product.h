/* Is a whole kernel one matrix product?  Then a library can do it in one call. */
#ifndef LOOM_KERNEL_PRODUCT_H
#define LOOM_KERNEL_PRODUCT_H
#include "kernel/kernel.h"

/* C[b.., m, n] = sum_k A[b.., m, k] * B[b.., k, n].  dim[i][d]: which dim of tensor[i] (A, B, C) dim d of its matrix is, batch dims first; -1: none,
 * the operand is the same for all.  Sizes are those of a call. */
typedef struct kernel_product { kernel_tensor tensor[3]; int rank; int64_t size[3][KERNEL_RANK_MAX]; int dim[3][KERNEL_RANK_MAX]; loom_span span; } kernel_product;

/* `blocks`: the block sizes and open sizes of the call.  false: it is not, or not entirely: every element of C is written once, sums start at 0 and
 * go over whole dims, and nothing else is computed than conversions to wider types before and to C's after the sum. */
bool kernel_is_product(loom_ctx *ctx, const kernel_graph *k, const sym_binding *blocks, size_t n_blocks, kernel_product *out);
#endif
