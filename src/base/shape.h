/* shape: sizes of dims, outermost first. */
#ifndef LOOM_BASE_SHAPE_H
#define LOOM_BASE_SHAPE_H
#include <stdint.h>

/* Their product; of no dims 1. */
static inline int64_t shape_elements(int rank, const int64_t *sizes) {
  int64_t n = 1;
  for (int d = 0; d < rank; d++)
    n *= sizes[d];
  return n;
}
#endif
