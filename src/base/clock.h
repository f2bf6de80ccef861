/* clock: time that only goes forward, for timings, displays and time limits; no result may depend on it otherwise. */
#ifndef LOOM_BASE_CLOCK_H
#define LOOM_BASE_CLOCK_H
#include <stdint.h>
#include <time.h>

/* Nanoseconds since some moment in the past. */
static inline int64_t clock_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}
static inline double clock_ms(void) { return (double)clock_ns() * 1e-6; }
static inline double clock_seconds(void) { return (double)clock_ns() * 1e-9; }
#endif
