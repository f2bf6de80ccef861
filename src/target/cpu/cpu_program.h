/* Whole functions on values as machine code: arguments and results are memrefs of any size, or scalars; they call each other and allocate. */
#ifndef LOOM_CPU_PROGRAM_H
#define LOOM_CPU_PROGRAM_H
#include "target/cpu/cpu.h"

/* A function of a program as C: slots[i] is the address of argument i, then of each result: a memref's descriptor (allocated pointer, aligned
 * pointer, offset, sizes, strides, each of 8 bytes), or a scalar in as many bytes as LLVM gives it.  What a result's allocated pointer points to
 * is the caller's to free. */
typedef void (*cpu_program_fn)(void *const *slots);
/* The C name of function `name`. */
const char *cpu_program_symbol(arena *mem, const char *name);
/* Lowers `m` (bufferized: memref, linalg, scf, cf, arith, math, func; changed) and compiles it for this CPU; public functions with a body have
 * entries. */
LOOM_MUST_USE loom_status cpu_program_object(ir_ctx *ir, MlirModule m, const cpu_leaves *leaves, char **out_object, size_t *out_size);
/* Links it; beyond what every object may use, `grants` (malloc and free among them). */
LOOM_MUST_USE loom_status cpu_program_link(loom_ctx *ctx, const char *object, size_t size, const codegen_symbol *grants, size_t n, LOOM_GIVE codegen_image **out);
#endif
