/* Test support: layouts drawn; included by *_test.c only. */
#ifndef LOOM_TARGET_NPU_NPT_LAYOUT_TESTING_H
#define LOOM_TARGET_NPU_NPT_LAYOUT_TESTING_H
#include "base/rng.h"
#include "target/npu/npt.h"

/* Strides of a dense layout whose dims are nested in random order; `slack` adds room between rows.  Returns the elements from the first to behind the last. */
static inline int64_t draw_strides(rng *r, int rank, const int64_t *shape, int slack, int64_t *out) {
  int order[NPT_RANK_MAX];
  for (int d = 0; d < rank; d++)
    order[d] = d;
  for (int d = rank - 1; d > 0; d--) {
    const int k = (int)rng_range(r, 0, d), x = order[d];
    order[d] = order[k];
    order[k] = x;
  }
  int64_t stride = 1;
  for (int i = 0; i < rank; i++) {
    out[order[i]] = stride;
    stride *= shape[order[i]] + (slack ? rng_range(r, 0, slack) : 0);
  }
  return stride;
}
#endif
