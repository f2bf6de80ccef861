#include "base/rng.h"
#include <math.h>

static uint64_t rotate_left(uint64_t x, int n) { return x << n | x >> (64 - n); }

/* SplitMix64: spreads any seed, also 0, over the whole state. */
static uint64_t splitmix_next(uint64_t *x) {
  uint64_t z = *x += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

rng rng_new(uint64_t seed) {
  rng r;
  for (int i = 0; i < 4; i++)
    r.s[i] = splitmix_next(&seed);
  return r;
}

uint64_t rng_next(rng *r) {
  uint64_t *s = r->s, result = rotate_left(s[1] * 5, 7) * 9, t = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = rotate_left(s[3], 45);
  return result;
}

double rng_uniform(rng *r) { return (double)(rng_next(r) >> 11) * 0x1p-53; }

int64_t rng_range(rng *r, int64_t lo, int64_t hi) {
  uint64_t width = (uint64_t)hi - (uint64_t)lo + 1;   /* 0: all of int64 */
  if (width == 0)
    return (int64_t)rng_next(r);
  /* The first 2^64 mod width values would make small results more likely. */
  uint64_t skip = (0 - width) % width, x;
  do
    x = rng_next(r);
  while (x < skip);
  return (int64_t)((uint64_t)lo + x % width);
}

double rng_normal(rng *r) {
  double radius = sqrt(-2 * log(1 - rng_uniform(r)));   /* 1 - u is in (0, 1]: the logarithm is finite */
  return radius * cos(6.283185307179586 * rng_uniform(r));
}
