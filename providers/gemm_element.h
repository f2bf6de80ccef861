/* Element types of matrices, and copies between them. */
#ifndef LOOM_PROVIDERS_GEMM_ELEMENT_H
#define LOOM_PROVIDERS_GEMM_ELEMENT_H
#include <loom/kernel_provider.h>
#include <stdbool.h>

typedef enum gemm_element { GEMM_F32, GEMM_F64, GEMM_F16, GEMM_BF16, GEMM_I8, GEMM_I32 } gemm_element;
size_t gemm_element_bytes(gemm_element t);
bool gemm_element_of(loom_kernel_dtype t, gemm_element *out);
/* Element (r, c) of `to` becomes that of `from`; strides in elements.  Between floats: rounded to nearest even, once; between integers and floats: never asked. */
void gemm_copy(const void *from, gemm_element from_type, int64_t from_s0, int64_t from_s1, void *to, gemm_element to_type, int64_t to_s0, int64_t to_s1,
               int64_t rows, int64_t columns);
#endif
