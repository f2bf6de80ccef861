/* Functions by name: the product with bare pointers, the one on memref descriptors, and a scaling that a module declares for itself. */
#include <loom/kernel_provider.h>

LOOM_KERNEL_EXPORT void my_matmul_kernel(const float *a, int64_t a_offset, int64_t a_s0, int64_t a_s1, const float *b, int64_t b_offset, int64_t b_s0, int64_t b_s1, float *c,
                                         int64_t c_offset, int64_t c_s0, int64_t c_s1, int64_t m, int64_t n, int64_t k);
void my_matmul_kernel(const float *a, int64_t a_offset, int64_t a_s0, int64_t a_s1, const float *b, int64_t b_offset, int64_t b_s0, int64_t b_s1, float *c, int64_t c_offset, int64_t c_s0,
                      int64_t c_s1, int64_t m, int64_t n, int64_t k) {
  for (int64_t i = 0; i < m; i++)
    for (int64_t j = 0; j < n; j++) {
      float sum = 0;
      for (int64_t l = 0; l < k; l++)
        sum += a[a_offset + i * a_s0 + l * a_s1] * b[b_offset + l * b_s0 + j * b_s1];
      c[c_offset + i * c_s0 + j * c_s1] = sum;
    }
}

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
