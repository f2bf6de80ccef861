/* The function that mips.matmul becomes a call of (loom opt --pass-pipeline='builtin.module(loom-lower-mips)'). */
#ifndef MY_MATMUL_KERNEL_H
#define MY_MATMUL_KERNEL_H
#include <stdint.h>
#define EXPORTED __attribute__((visibility("default")))
EXPORTED void my_matmul_kernel(const float *a, int64_t a_offset, int64_t a_s0, int64_t a_s1, const float *b, int64_t b_offset, int64_t b_s0, int64_t b_s1, float *c, int64_t c_offset,
                               int64_t c_s0, int64_t c_s1, int64_t m, int64_t n, int64_t k);
#endif
