/* A copy that goes past the caches, and a walk through memory where each step waits for the one before. */
#include "machine/machine_measure.h"
#if defined(__x86_64__)
#include <immintrin.h>

__attribute__((target("avx512f"), noinline)) static void stream_64(const measure_arrays *m, int64_t times) {
  for (int64_t t = 0; t < times; t++)
    for (size_t i = 0; i < m->bytes / 4; i += 16)
      _mm512_stream_ps(m->a + i, _mm512_loadu_ps(m->b + i));
  _mm_sfence();
}

__attribute__((target("avx2"), noinline)) static void stream_32(const measure_arrays *m, int64_t times) {
  for (int64_t t = 0; t < times; t++)
    for (size_t i = 0; i < m->bytes / 4; i += 8)
      _mm256_stream_ps(m->a + i, _mm256_loadu_ps(m->b + i));
  _mm_sfence();
}

measure_loop measure_stream_loop(const machine_cpu *cpu) { return cpu->has_avx512 ? stream_64 : cpu->has_avx2 ? stream_32 : measure_copy_loop(cpu); }
#else
measure_loop measure_stream_loop(const machine_cpu *cpu) { return measure_copy_loop(cpu); }
#endif

void measure_latency_loop(const measure_arrays *m, int64_t times) {
  static _Thread_local uint32_t at = 1;      /* goes on where it was: what was read before is in a cache */
  uint32_t lines = 1;
  while (lines * (size_t)128 <= m->bytes)
    lines *= 2;
  for (int64_t t = 0; t < times; t++)      /* zeros are read, which the next place waits for */
    at = at * 1664525u + 1013904223u + *(const volatile uint32_t *)(const void *)((const char *)m->a + (size_t)((at >> 8) & (lines - 1)) * 64);
  __asm__ volatile("" : : "r"(at));
}
