/* The C interface of BLAS as OpenBLAS and BLIS have it: included by one adapter each, after the library's own cblas.h. */
#ifndef LOOM_PROVIDERS_BLAS_H
#define LOOM_PROVIDERS_BLAS_H
#include "gemm.h"

#ifdef OPENBLAS_CONFIG_H
typedef blasint blas_int;
#else
typedef f77_int blas_int;                   /* of BLIS */
#endif
static inline enum CBLAS_TRANSPOSE blas_side(const gemm_matrix *m) { return m->is_transposed ? CblasTrans : CblasNoTrans; }

static inline loom_kernel_status blas_f32(const gemm_problem *p) {
  cblas_sgemm(CblasRowMajor, blas_side(&p->a), blas_side(&p->b), (blas_int)p->m, (blas_int)p->n, (blas_int)p->k, 1.0f, p->a.at, (blas_int)p->a.ld, p->b.at,
              (blas_int)p->b.ld, p->adds ? 1.0f : 0.0f, p->c, (blas_int)p->ldc);
  return LOOM_KERNEL_OK;
}

static inline loom_kernel_status blas_f64(const gemm_problem *p) {
  cblas_dgemm(CblasRowMajor, blas_side(&p->a), blas_side(&p->b), (blas_int)p->m, (blas_int)p->n, (blas_int)p->k, 1.0, p->a.at, (blas_int)p->a.ld, p->b.at,
              (blas_int)p->b.ld, p->adds ? 1.0 : 0.0, p->c, (blas_int)p->ldc);
  return LOOM_KERNEL_OK;
}
#endif
