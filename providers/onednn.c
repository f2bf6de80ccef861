/* oneDNN as a kernel provider. */
#include "gemm.h"
#include "provider_table.h"
#include <oneapi/dnnl/dnnl.h>
#include <stdio.h>

/* Exported by the library and used by its own tests, but in no header. */
dnnl_status_t dnnl_gemm_bf16bf16f32(char transa, char transb, dnnl_dim_t m, dnnl_dim_t n, dnnl_dim_t k, float alpha, const uint16_t *a, dnnl_dim_t lda,
                                    const uint16_t *b, dnnl_dim_t ldb, float beta, float *c, dnnl_dim_t ldc);
void omp_set_num_threads(int n);            /* its threads are OpenMP's; the number belongs to the calling thread */

static char side(const gemm_matrix *m) { return m->is_transposed ? 'T' : 'N'; }

static loom_kernel_status status_of(dnnl_status_t st) {
  switch (st) {
  case dnnl_success: return LOOM_KERNEL_OK;
  case dnnl_out_of_memory: return gemm_fail(LOOM_KERNEL_RESOURCE_EXHAUSTED, "oneDNN ran out of memory");
  case dnnl_invalid_arguments: return gemm_fail(LOOM_KERNEL_INVALID_ARGUMENT, "oneDNN refused the arguments");
  case dnnl_unimplemented: return gemm_fail(LOOM_KERNEL_UNIMPLEMENTED, "oneDNN has no kernel for this processor");
  default: return gemm_fail(LOOM_KERNEL_INTERNAL, "oneDNN failed");
  }
}

static loom_kernel_status f32(const gemm_problem *p) {
  omp_set_num_threads(p->threads);
  return status_of(dnnl_sgemm(side(&p->a), side(&p->b), p->m, p->n, p->k, 1.0f, p->a.at, p->a.ld, p->b.at, p->b.ld, p->adds ? 1.0f : 0.0f, p->c, p->ldc));
}

static loom_kernel_status bf16(const gemm_problem *p) {
  omp_set_num_threads(p->threads);
  return status_of(dnnl_gemm_bf16bf16f32(side(&p->a), side(&p->b), p->m, p->n, p->k, 1.0f, p->a.at, p->a.ld, p->b.at, p->b.ld, p->adds ? 1.0f : 0.0f, p->c, p->ldc));
}

static loom_kernel_status i8(const gemm_problem *p) {
  static const int32_t no_offset = 0;
  omp_set_num_threads(p->threads);
  return status_of(dnnl_gemm_s8s8s32(side(&p->a), side(&p->b), 'F', p->m, p->n, p->k, 1.0f, p->a.at, p->a.ld, 0, p->b.at, p->b.ld, 0, p->adds ? 1.0f : 0.0f,
                                     p->c, p->ldc, &no_offset));
}

static int32_t score(int64_t m, int64_t n, int64_t k) {
  (void)k;
  return m == 1 || n == 1 ? 20 : m < 48 || n < 48 ? 80 : 94;
}

/* What this processor has instructions for: without them bf16 goes through f32, and int8 sums of pairs could saturate. */
static const gemm_library *chosen(void) {
  static gemm_library l = {.f32 = f32, .score = score};
#if defined(__x86_64__)
  l.bf16 = __builtin_cpu_supports("avx512bf16") ? bf16 : NULL;
  l.i8 = __builtin_cpu_supports("avx512vnni") ? i8 : NULL;
#endif
  return &l;
}

static const char *version(void) {
  static char text[32];
  const dnnl_version_t *v = dnnl_version();
  snprintf(text, sizeof text, "%d.%d.%d", v->major, v->minor, v->patch);
  return text;
}

GEMM_PROVIDER("onednn", version(), "matrix products of f32, bf16 and int8, f16 through f32", "Apache-2.0", LOOM_KERNEL_REENTRANT | LOOM_KERNEL_THREADED,
              *chosen(), NULL)
