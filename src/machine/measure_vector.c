/* Tile loops in whole vectors, written once and compiled for each width of vector; this file is built with multiply-adds contracted (CMakeLists.txt). */
#include "machine/machine_measure.h"
#include <string.h>

#define KEEP(x) __asm__ volatile("" : : "g"(x) : "memory")

/* exp by x = n ln 2 + r, a polynomial in r, and n added to the exponent: the work of a vector math library, not its care. */
#define LOOPS(isa, attribute, width)                                                                                                    \
  typedef float f_##isa __attribute__((vector_size(width), may_alias, aligned(4)));                                                        \
  typedef int32_t i_##isa __attribute__((vector_size(width), may_alias, aligned(4)));                                                      \
  enum { lanes_##isa = width / 4 };                                                                                                       \
  attribute static void add_##isa(const measure_arrays *m, int64_t times) {                                                               \
    for (int64_t t = 0; t < times; t++) {                                                                                                 \
      for (size_t i = 0; i < m->bytes / 4; i += lanes_##isa)                                                                              \
        *(f_##isa *)(m->a + i) = *(const f_##isa *)(m->b + i) + *(const f_##isa *)(m->c + i);                                             \
      KEEP(m->a);                                                                                                                         \
    }                                                                                                                                     \
  }                                                                                                                                       \
  attribute static void div_##isa(const measure_arrays *m, int64_t times) {                                                               \
    for (int64_t t = 0; t < times; t++) {                                                                                                 \
      for (size_t i = 0; i < m->bytes / 4; i += lanes_##isa)                                                                              \
        *(f_##isa *)(m->a + i) = *(const f_##isa *)(m->b + i) / *(const f_##isa *)(m->c + i);                                             \
      KEEP(m->a);                                                                                                                         \
    }                                                                                                                                     \
  }                                                                                                                                       \
  attribute static void exp_##isa(const measure_arrays *m, int64_t times) {                                                               \
    for (int64_t t = 0; t < times; t++) {                                                                                                 \
      for (size_t i = 0; i < m->bytes / 4; i += lanes_##isa) {                                                                            \
        f_##isa x = *(const f_##isa *)(m->b + i), n = x * 1.442695041f + 12582912.0f, r, p;                                               \
        i_##isa k = (i_##isa)n << 23;                                                                                                     \
        n -= 12582912.0f;                                                                                                                 \
        r = x - n * 0.693359375f;                                                                                                         \
        r = r + n * 2.12194440e-4f;                                                                                                       \
        p = r * 1.9875691500e-4f + 1.3981999507e-3f;                                                                                      \
        p = p * r + 8.3334519073e-3f;                                                                                                     \
        p = p * r + 4.1665795894e-2f;                                                                                                     \
        p = p * r + 1.6666665459e-1f;                                                                                                     \
        p = p * r + 5.0000001201e-1f;                                                                                                     \
        p = p * (r * r) + r + 1.0f;                                                                                                       \
        *(i_##isa *)(m->a + i) = (i_##isa)p + k;                                                                                          \
      }                                                                                                                                   \
      KEEP(m->a);                                                                                                                         \
    }                                                                                                                                     \
  }                                                                                                                                       \
  attribute static void sum_##isa(const measure_arrays *m, int64_t times) {                                                               \
    for (int64_t t = 0; t < times; t++) {                                                                                                 \
      f_##isa s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0}, s4 = {0}, s5 = {0}, s6 = {0}, s7 = {0};                                             \
      for (size_t i = 0; i < m->bytes / 4; i += 8 * lanes_##isa) {                                                                        \
        const f_##isa *b = (const f_##isa *)(m->b + i);                                                                                   \
        s0 += b[0], s1 += b[1], s2 += b[2], s3 += b[3], s4 += b[4], s5 += b[5], s6 += b[6], s7 += b[7];                                   \
      }                                                                                                                                   \
      *(f_##isa *)m->a = ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7));                                                               \
      KEEP(m->a);                                                                                                                         \
    }                                                                                                                                     \
  }                                                                                                                                       \
  attribute static void copy_##isa(const measure_arrays *m, int64_t times) {                                                              \
    for (int64_t t = 0; t < times; t++) {                                                                                                 \
      for (size_t i = 0; i < m->bytes / 4; i += 4 * lanes_##isa) {                                                                        \
        const f_##isa *b = (const f_##isa *)(m->b + i);                                                                                   \
        f_##isa *a = (f_##isa *)(m->a + i), x0 = b[0], x1 = b[1], x2 = b[2], x3 = b[3];                                                   \
        a[0] = x0, a[1] = x1, a[2] = x2, a[3] = x3;                                                                                       \
        KEEP(m->a);      /* or it becomes a call of memcpy */                                                                             \
      }                                                                                                                                   \
    }                                                                                                                                     \
  }                                                                                                                                       \
  static const struct { machine_cpu_name name; measure_loop run; } rows_##isa[] = {                                                       \
      {MACHINE_CPU_add, add_##isa}, {MACHINE_CPU_div, div_##isa}, {MACHINE_CPU_exp, exp_##isa}, {MACHINE_CPU_sum, sum_##isa},             \
      {MACHINE_CPU_l1_read, sum_##isa}, {MACHINE_CPU_l2_copy, copy_##isa}};

LOOPS(plain, __attribute__((noinline)), 16)
#if defined(__x86_64__)
LOOPS(avx2, __attribute__((target("avx2,fma"), noinline)), 32)
LOOPS(avx512, __attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,fma"), noinline)), 64)
#else
#define rows_avx2 rows_plain
#define rows_avx512 rows_plain
#endif

measure_loop measure_vector_loop(const machine_cpu *cpu, machine_cpu_name name) {
  for (size_t i = 0; i < sizeof rows_plain / sizeof *rows_plain; i++)
    if (rows_plain[i].name == name)
      return cpu->has_avx512 ? rows_avx512[i].run : cpu->has_avx2 ? rows_avx2[i].run : rows_plain[i].run;
  return NULL;
}

measure_loop measure_read_loop(const machine_cpu *cpu) { return measure_vector_loop(cpu, MACHINE_CPU_l1_read); }
measure_loop measure_copy_loop(const machine_cpu *cpu) { return measure_vector_loop(cpu, MACHINE_CPU_l2_copy); }
