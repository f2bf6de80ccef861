/* Peaks of multiply-add instructions: twelve independent accumulators hide the latency, nothing touches memory. */
#include "machine/machine_measure.h"

enum { ACCUMULATORS = 12 };

#if defined(__x86_64__)
#include <immintrin.h>
#define EACH(ins, r) ins(r, 0) ins(r, 1) ins(r, 2) ins(r, 3) ins(r, 4) ins(r, 5) ins(r, 6) ins(r, 7) ins(r, 8) ins(r, 9) ins(r, 10) ins(r, 11)
#define CLEAR(r, i) "vxorps %%ymm" #i ", %%ymm" #i ", %%ymm" #i "\n\t"
#define FMA_PS(r, i) "vfmadd231ps %%" r "12, %%" r "13, %%" r #i "\n\t"
#define FMA_PD(r, i) "vfmadd231pd %%" r "12, %%" r "13, %%" r #i "\n\t"
#define DOT_BF16(r, i) "vdpbf16ps %%" r "12, %%" r "13, %%" r #i "\n\t"
#define DOT_I8(r, i) "vpdpbusd %%" r "12, %%" r "13, %%" r #i "\n\t"
#define LOOP(name, isa, ins, r)                                                                                            \
  __attribute__((target(isa), noinline)) static void name(const measure_arrays *m, int64_t times) {                         \
    (void)m;                                                                                                                \
    __asm__ volatile(EACH(CLEAR, r) CLEAR(r, 12) CLEAR(r, 13) "1:\n\t" EACH(ins, r) "dec %0\n\t" "jnz 1b\n\t" "vzeroupper"     \
                     : "+r"(times)                                                                                          \
                     :                                                                                                      \
                     : "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13"); \
  }
LOOP(f32_32, "avx2,fma", FMA_PS, "ymm")
LOOP(f64_32, "avx2,fma", FMA_PD, "ymm")
LOOP(f32_64, "avx512f", FMA_PS, "zmm")
LOOP(f64_64, "avx512f", FMA_PD, "zmm")
LOOP(bf16_64, "avx512f,avx512bf16", DOT_BF16, "zmm")
LOOP(i8_64, "avx512f,avx512vnni", DOT_I8, "zmm")

/* Four tiles of 16x16 sums of dot products; the system gives the tiles' state on demand. */
#define TILE_LOOP(name, isa, ins)                                                                                            \
  __attribute__((target(isa), noinline)) static void name(const measure_arrays *m, int64_t times) {                         \
    struct { uint8_t palette, row, reserved[14]; uint16_t row_bytes[16]; uint8_t rows[16]; } shape = {.palette = 1};         \
    (void)m;                                                                                                                \
    for (int i = 0; i < 8; i++)                                                                                             \
      shape.row_bytes[i] = 64, shape.rows[i] = 16;                                                                          \
    __asm__ volatile("" : : "r"(&shape) : "memory"); /* the compiler does not see that all of it is read */                 \
    _tile_loadconfig(&shape);                                                                                               \
    _tile_zero(0); _tile_zero(1); _tile_zero(2); _tile_zero(3);                                                             \
    _tile_zero(4); _tile_zero(5); _tile_zero(6); _tile_zero(7);                                                             \
    for (int64_t t = 0; t < times; t++) {                                                                                   \
      ins(0, 4, 6);                                                                                                         \
      ins(1, 4, 7);                                                                                                         \
      ins(2, 5, 6);                                                                                                         \
      ins(3, 5, 7);                                                                                                         \
    }                                                                                                                       \
    _tile_release();                                                                                                        \
  }
TILE_LOOP(bf16_tiles, "amx-tile,amx-bf16", _tile_dpbf16ps)
TILE_LOOP(i8_tiles, "amx-tile,amx-int8", _tile_dpbssd)

measure_loop measure_fma_loop(const machine_cpu *cpu, machine_cpu_name name, double *out_work) {
  const double tiles = 4 * 16 * 16;
  const struct { machine_cpu_name name; bool has; measure_loop run; double work; } rows[] = {
      {MACHINE_CPU_mac_f32, cpu->has_avx512, f32_64, 16 * ACCUMULATORS},  {MACHINE_CPU_mac_f32, cpu->has_avx2, f32_32, 8 * ACCUMULATORS},
      {MACHINE_CPU_mac_f64, cpu->has_avx512, f64_64, 8 * ACCUMULATORS},   {MACHINE_CPU_mac_f64, cpu->has_avx2, f64_32, 4 * ACCUMULATORS},
      {MACHINE_CPU_mac_bf16, cpu->has_bf16, bf16_64, 32 * ACCUMULATORS},  {MACHINE_CPU_mac_i8, cpu->has_vnni, i8_64, 64 * ACCUMULATORS},
      {MACHINE_CPU_mac_amx_bf16, cpu->has_amx_bf16, bf16_tiles, tiles * 32}, {MACHINE_CPU_mac_amx_i8, cpu->has_amx_i8, i8_tiles, tiles * 64}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (rows[i].name == name && rows[i].has) {
      *out_work = rows[i].work;
      return rows[i].run;
    }
  return NULL;
}
#else
measure_loop measure_fma_loop(const machine_cpu *cpu, machine_cpu_name name, double *out_work) {
  (void)cpu, (void)name, (void)out_work;
  return NULL;
}
#endif

void measure_clock_loop(const measure_arrays *m, int64_t times) {
  uint64_t x = (uint64_t)times, y = 3;
  (void)m;
  __asm__("" : "+r"(y));      /* a sum of two registers: what adds constants may be done before it runs */
  for (int64_t i = 0; i < times; i++) {
#define ADD x += y; __asm__ volatile("" : "+r"(x));
    ADD ADD ADD ADD ADD ADD ADD ADD ADD ADD ADD ADD ADD ADD ADD ADD ADD ADD ADD ADD
#undef ADD
  }
}
