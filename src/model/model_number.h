/* Arithmetic of the loom model: nothing above MODEL_MOST, so that sums of a few hundred terms stay inside int64. */
#ifndef LOOM_MODEL_NUMBER_H
#define LOOM_MODEL_NUMBER_H
#include <stdbool.h>
#include <stdint.h>

#define MODEL_MOST (INT64_C(1) << 52)

static inline int64_t model_ceil(int64_t a, int64_t b) { return a / b + (a % b > 0); }
static inline int64_t model_max(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t model_min(int64_t a, int64_t b) { return a < b ? a : b; }
/* *x *= y; false, and MODEL_MOST, beyond it.  Not for negative numbers. */
static inline bool model_scale(int64_t *x, int64_t y) {
  bool fits = !__builtin_mul_overflow(*x, y, x) && *x <= MODEL_MOST;
  if (!fits)
    *x = MODEL_MOST;
  return fits;
}
/* Cycles of `bytes` at `rate` bytes in 1024 cycles; rate 0: no limit. */
static inline int64_t model_cycles(int64_t bytes, int64_t rate_x1024) {
  if (rate_x1024 == 0)
    return 0;
  if (bytes <= MODEL_MOST && rate_x1024 <= MODEL_MOST)
    return (bytes * 1024 + rate_x1024 - 1) / rate_x1024;
  return (int64_t)(((__int128)bytes * 1024 + rate_x1024 - 1) / rate_x1024);
}
#endif
