/* Of the readers of this room. */
#ifndef LOOM_WEIGHTS_WEIGHTS_PRIVATE_H
#define LOOM_WEIGHTS_WEIGHTS_PRIVATE_H
#include <stdint.h>

/* The n bytes at p, the lowest first. */
static inline uint64_t weights_number(const unsigned char *p, int n) {
  uint64_t v = 0;
  for (int i = 0; i < n; i++)
    v |= (uint64_t)p[i] << (8 * i);
  return v;
}
#endif
