/* ceil: whole numbers, rounded up. */
#ifndef LOOM_BASE_CEIL_H
#define LOOM_BASE_CEIL_H
#include <stdint.h>

/* a / b of a >= 0 and b > 0; a + b fits. */
static inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
/* The least multiple of b that is not below a. */
static inline int64_t ceil_to(int64_t a, int64_t b) { return ceil_div(a, b) * b; }
#endif
