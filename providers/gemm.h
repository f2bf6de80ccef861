/* gemm: a library of dense matrix products as a kernel provider.  An adapter says what its library multiplies (gemm_library); everything else is
 * done here: batches, offsets, strides and types that the library cannot take (packed into the workspace), overwriting, empty sizes. */
#ifndef LOOM_PROVIDERS_GEMM_H
#define LOOM_PROVIDERS_GEMM_H
#include <loom/kernel_provider.h>
#include <stdbool.h>

typedef struct gemm_matrix { const void *at; int64_t ld; bool is_transposed; } gemm_matrix;       /* row by row, `ld` elements apart */
/* C (m x n, row by row) = A * B + (adds ? C : 0).  m, n, k >= 1, all of it at most INT32_MAX. */
typedef struct gemm_problem { int64_t m, n, k; gemm_matrix a, b; void *c; int64_t ldc; bool adds; int threads; } gemm_problem;
typedef loom_kernel_status gemm_fn(const gemm_problem *p);

typedef struct gemm_library {
  gemm_fn *f32, *f64;                       /* float, double */
  gemm_fn *bf16;                            /* bf16 by bf16 into float; NULL: through float */
  gemm_fn *i8;                              /* int8 by int8 into int32, without saturation; NULL: not supported */
  int result_reads_past;                    /* bytes after the last element of C that it may read, and never writes; 0: none */
  int32_t (*score)(int64_t m, int64_t n, int64_t k);   /* percent of the peak that it is known to reach there */
} gemm_library;

/* The functions of a provider's table, on `self` = a gemm_library. */
int gemm_supports(void *self, const loom_kernel_call_v1 *call);
int32_t gemm_score(void *self, const loom_kernel_call_v1 *call);
uint64_t gemm_workspace_size(void *self, const loom_kernel_call_v1 *call);
loom_kernel_status gemm_call(void *self, const loom_kernel_call_v1 *call);
uint64_t gemm_last_error(void *self, char *buffer, uint64_t n);
/* Status for an adapter that fails, kept for last_error. */
loom_kernel_status gemm_fail(loom_kernel_status st, const char *why);
#endif
