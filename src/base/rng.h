/* rng: one seeded generator for all made-up data.  SplitMix64 seeding of xoshiro256** (Blackman and Vigna, 2018). */
#ifndef LOOM_BASE_RNG_H
#define LOOM_BASE_RNG_H
#include <stdint.h>
typedef struct rng { uint64_t s[4]; } rng;
rng rng_new(uint64_t seed);
uint64_t rng_next(rng *r);
double rng_uniform(rng *r);                                  /* [0, 1) with 53 bits */
int64_t rng_range(rng *r, int64_t lo, int64_t hi);           /* lo..hi inclusive, unbiased */
double rng_normal(rng *r);                                   /* mean 0, variance 1 (Box-Muller) */
#endif
