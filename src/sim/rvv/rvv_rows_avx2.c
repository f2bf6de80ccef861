/* The same functions for processors with AVX2 and FMA (CMakeLists.txt has the flags): the same results, bit by bit. */
#if defined(__x86_64__)
#define ROWS_TABLE rvv_kernels_avx2
#include "sim/rvv/rvv_rows_body.h"
#endif
