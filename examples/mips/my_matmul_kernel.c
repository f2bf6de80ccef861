/* C = A * B for matrices of f32 in any layout: element (i, j) of A is a[a_offset + i * a_s0 + j * a_s1].  What C holds before is not read. */
#include "my_matmul_kernel.h"

void my_matmul_kernel(const float *a, int64_t a_offset, int64_t a_s0, int64_t a_s1, const float *b, int64_t b_offset, int64_t b_s0, int64_t b_s1, float *c, int64_t c_offset,
                      int64_t c_s0, int64_t c_s1, int64_t m, int64_t n, int64_t k) {
  for (int64_t i = 0; i < m; i++)
    for (int64_t j = 0; j < n; j++) {
      float sum = 0;
      for (int64_t l = 0; l < k; l++)
        sum += a[a_offset + i * a_s0 + l * a_s1] * b[b_offset + l * b_s0 + j * b_s1];
      c[c_offset + i * c_s0 + j * c_s1] = sum;
    }
}
