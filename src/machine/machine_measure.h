/* Loops whose speed is a number of the CPU.  Inside machine only. */
#ifndef LOOM_MACHINE_MEASURE_H
#define LOOM_MACHINE_MEASURE_H
#include "machine/machine_cpu.h"

/* Arrays of one thread; `bytes` of each are used. */
typedef struct measure_arrays { float *a, *b, *c; size_t bytes; } measure_arrays;
/* Runs a loop `times` times; `work` of it a time is what its unit counts (multiply-adds, elements, bytes). */
typedef void (*measure_loop)(const measure_arrays *m, int64_t times);

/* measure_fma.c: registers only; NULL: the CPU has no such instruction. */
measure_loop measure_fma_loop(const machine_cpu *cpu, machine_cpu_name name, double *out_work);
/* measure_vector.c: the tile loops (add, sum, div, exp), and read and copy. */
measure_loop measure_vector_loop(const machine_cpu *cpu, machine_cpu_name name);
measure_loop measure_read_loop(const machine_cpu *cpu);
measure_loop measure_copy_loop(const machine_cpu *cpu);
/* measure_stream.c: a copy by non-temporal stores; the plain copy where there are none. */
measure_loop measure_stream_loop(const machine_cpu *cpu);
/* One add after the other: cycles. */
void measure_clock_loop(const measure_arrays *m, int64_t times);
/* Reads lines of `a`, all zeros, in an order that each read decides: reads. */
void measure_latency_loop(const measure_arrays *m, int64_t times);
#endif
