/* Matrix products as calls of providers: the shape of one, read from a call, whatever its ranks and strides. */
#ifndef LOOM_RUN_PROVIDER_PRODUCT_H
#define LOOM_RUN_PROVIDER_PRODUCT_H
#include "run/provider.h"

enum { PROVIDER_RANK_MAX = 8 };
typedef struct provider_product {
  int64_t m, n, k, batches;                 /* batches: the product of the leading sizes */
  int n_batch; int64_t batch[PROVIDER_RANK_MAX];
} provider_product;
/* false with the reason: other than three tensors A, B, C of one rank >= 2 whose sizes fit, or C overlaps A or B. */
bool provider_read_product(const loom_kernel_call_v1 *call, provider_product *out, char *why);
/* Element offset of matrix `i` of the batch. */
int64_t provider_matrix_offset(const loom_kernel_tensor_v1 *t, const provider_product *p, int64_t i);
size_t provider_dtype_bytes(loom_kernel_dtype t);
#endif
