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
/* Processor time of this process, or of this thread: what else runs does not count. */
static inline double clock_of_seconds(clockid_t which) {
  struct timespec t;
  clock_gettime(which, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
static inline double clock_process_seconds(void) { return clock_of_seconds(CLOCK_PROCESS_CPUTIME_ID); }
static inline double clock_thread_seconds(void) { return clock_of_seconds(CLOCK_THREAD_CPUTIME_ID); }
#endif
