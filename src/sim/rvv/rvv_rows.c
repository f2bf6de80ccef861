#define ROWS_TABLE rvv_kernels_plain
#include "sim/rvv/rvv_rows_body.h"

const rvv_kernels *rvv_kernels_best(void) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return &rvv_kernels_avx2;
#endif
  return &rvv_kernels_plain;
}
