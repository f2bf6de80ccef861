/* Functions by name: the product with bare pointers, the one on memref descriptors, and a scaling that a module declares for itself. */
#include "my_matmul_kernel.c"
#include <loom/kernel_provider.h>

typedef struct matrix { float *allocated, *aligned; int64_t offset, sizes[2], strides[2]; } matrix;
LOOM_KERNEL_EXPORT void _mlir_ciface_matmul(matrix *a, matrix *b, matrix *c);
void _mlir_ciface_matmul(matrix *a, matrix *b, matrix *c) {
  my_matmul_kernel(a->aligned, a->offset, a->strides[0], a->strides[1], b->aligned, b->offset, b->strides[0], b->strides[1], c->aligned, c->offset, c->strides[0], c->strides[1],
                   c->sizes[0], c->sizes[1], a->sizes[1]);
}

LOOM_KERNEL_EXPORT void scale(float *x, int64_t offset, int64_t n, float by);
void scale(float *x, int64_t offset, int64_t n, float by) {
  for (int64_t i = 0; i < n; i++)
    x[offset + i] *= by;
}
