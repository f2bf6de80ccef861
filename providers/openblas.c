/* OpenBLAS as a kernel provider. */
#include <cblas.h>
#include "blas.h"
#include "provider_table.h"

/* One vector against a matrix is left to others: it takes the matrix product's way there. */
static int32_t score(int64_t m, int64_t n, int64_t k) {
  (void)k;
  return m == 1 || n == 1 ? 10 : m < 48 || n < 48 ? 75 : 93;
}

static const gemm_library library = {.f32 = blas_f32, .f64 = blas_f64, .score = score};

static void set_threads(void *self, int32_t n) {
  (void)self;
  openblas_set_num_threads(n);
}

GEMM_PROVIDER("openblas", openblas_get_config(), "matrix products of f32 and f64, f16 and bf16 through f32", "BSD-3-Clause",
              LOOM_KERNEL_REENTRANT | LOOM_KERNEL_THREADED, library, set_threads)
