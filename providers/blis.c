/* BLIS as a kernel provider. */
#include <blis.h>
#include <cblas.h>
#include "blas.h"
#include "provider_table.h"

static int32_t score(int64_t m, int64_t n, int64_t k) {
  (void)k;
  return m == 1 || n == 1 ? 95 : 91;
}

/* Its kernels for edges load whole vectors of C: measured at most 12 bytes past the end (0.9.0, AVX-512), which matters at the end of a page. */
static const gemm_library library = {.f32 = blas_f32, .f64 = blas_f64, .result_reads_past = 64, .score = score};

static void set_threads(void *self, int32_t n) {
  (void)self;
  bli_thread_set_num_threads(n);
}

GEMM_PROVIDER("blis", bli_info_get_version_str(), "matrix products of f32 and f64, f16 and bf16 through f32", "BSD-3-Clause",
              LOOM_KERNEL_REENTRANT | LOOM_KERNEL_THREADED, library, set_threads)
