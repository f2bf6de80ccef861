/* machine_cpu: the CPU this runs on, for the machine `host`.  Facts come from the system in well under a millisecond; rates are guessed from
 * the facts (assumed) or measured (machine_calibrate).  machines/host.yaml is a template: `$name` stands for one of them. */
#ifndef LOOM_MACHINE_CPU_H
#define LOOM_MACHINE_CPU_H
#include "machine/machine.h"

/* X(name, parts, unit, what): `$name` in a template is value * parts, rounded; `$name.full` the value with its origin.
 * Rates are those of one core, those that end in _all of all cores together.  Elements are f32, on tiles in L1. */
#define MACHINE_CPU_LIST(X)                                                                       \
  X(cores, 1, "", "processors this process may use")                                              \
  X(clock_hz, 1, "Hz", "core clock")                                                              \
  X(vector_bytes, 1, "bytes", "a vector register")                                                \
  X(lanes, 1, "elements", "f32 in a vector register")                                             \
  X(product_rows, 1, "elements", "rows of sums that a product of f32 keeps in registers")         \
  X(product_columns, 1, "elements", "columns of them")                                            \
  X(l1_bytes, 1, "bytes", "data cache of a core")                                                 \
  X(l2_bytes, 1, "bytes", "private cache of a core")                                              \
  X(l3_bytes, 1, "bytes", "cache of all cores")                                                   \
  X(scratch_bytes, 1, "bytes", "what of the private cache a kernel's buffers may fill")           \
  X(memory_bytes, 1, "bytes", "main memory")                                                      \
  X(mac_f32, 1000, "multiply-adds/cycle", "f32")                                                  \
  X(mac_f64, 1000, "multiply-adds/cycle", "f64")                                                  \
  X(mac_bf16, 1000, "multiply-adds/cycle", "bf16 to f32")                                         \
  X(mac_amx_bf16, 1000, "multiply-adds/cycle", "bf16 to f32, in tiles (AMX)")                     \
  X(mac_i8, 1000, "multiply-adds/cycle", "i8 to i32")                                             \
  X(mac_amx_i8, 1000, "multiply-adds/cycle", "i8 to i32, in tiles (AMX)")                         \
  X(dot_bf16, 1000, "multiply-adds/cycle", "bf16 to f32, the fastest way")                        \
  X(dot_i8, 1000, "multiply-adds/cycle", "i8 to i32, the fastest way")                            \
  X(add, 1000, "elements/cycle", "a[i] = b[i] + c[i]")                                            \
  X(sum, 1000, "elements/cycle", "sum of a row")                                                  \
  X(div, 1000, "elements/cycle", "a[i] = b[i] / c[i]")                                            \
  X(exp, 1000, "elements/cycle", "a[i] = exp(b[i]), by a polynomial")                             \
  X(l1_read, 1000, "bytes/cycle", "read L1")                                                      \
  X(l2_read, 1000, "bytes/cycle", "read L2")                                                      \
  X(l2_copy, 1000, "bytes/cycle", "copy in L2: bytes read and written")                           \
  X(l3_read, 1000, "bytes/cycle", "read L3")                                                      \
  X(l3_read_all, 1000, "bytes/cycle", "read L3, all cores")                                       \
  X(l3_copy, 1000, "bytes/cycle", "copy in L3: bytes read and written")                           \
  X(dram_read, 1000, "bytes/cycle", "read DRAM")                                                  \
  X(dram_read_all, 1000, "bytes/cycle", "read DRAM, all cores")                                   \
  X(dram_copy, 1000, "bytes/cycle", "copy in DRAM: bytes read and written")                       \
  X(dram_copy_all, 1000, "bytes/cycle", "copy in DRAM, all cores")                                \
  X(dram_stream, 1000, "bytes/cycle", "copy in DRAM by non-temporal stores")                      \
  X(dram_stream_all, 1000, "bytes/cycle", "copy in DRAM by non-temporal stores, all cores")       \
  X(dram_latency, 1, "cycles", "a read that depends on the one before")
typedef enum machine_cpu_name {
#define X(name, parts, unit, what) MACHINE_CPU_##name,
  MACHINE_CPU_LIST(X)
#undef X
  MACHINE_CPU_NAMES
} machine_cpu_name;

/* One of them: `source` or `note` says where it comes from; measured ones have the median and the spread of their runs. */
typedef struct machine_cpu_value { double value, median, spread; /* (best - median) / best; 0: not measured */ const char *source, *note; bool is_assumed; } machine_cpu_value;
/* What the CPU has: rows of vector instructions. */
typedef struct machine_cpu { const char *name; /* model, and what its vectors can do: equal for CPUs of one kind */ bool has_avx2, has_avx512, has_bf16, has_vnni, has_amx_bf16, has_amx_i8;
  machine_cpu_value at[MACHINE_CPU_NAMES]; } machine_cpu;

/* From what its vectors can do, which is there: their widths, and its name, `model` first. */
void machine_cpu_tell_vectors(arena *mem, const char *model, machine_cpu *c);
/* Guesses of all rates from the facts, which are there; a core does so many vectors of multiply-adds a cycle. */
void machine_cpu_guess_rates(machine_cpu *c, double vectors_per_cycle);
/* Puts the fastest of the ways that products of bf16 and i8 can go into dot_bf16 and dot_i8, from the rates that are there. */
void machine_cpu_settle_dots(machine_cpu *c);
/* Asks the system; rates are guesses. */
const machine_cpu *machine_cpu_find(arena *mem);
const char *machine_cpu_label(machine_cpu_name name);   /* "mac_f32" */
const char *machine_cpu_unit(machine_cpu_name name);
const char *machine_cpu_what(machine_cpu_name name);
#endif
