/* Shared by the files of target/cpu/ only: the steps of cpu_lower_tiles, in the order they run. */
#ifndef LOOM_CPU_PRIVATE_H
#define LOOM_CPU_PRIVATE_H
#include "target/cpu/cpu.h"

typedef struct cpu_blocking { int lanes, rows, vectors; } cpu_blocking;   /* a block of sums is rows x (vectors * lanes) */
/* Replaces linalg.matmul on float memrefs by calls of one register-blocked micro-kernel per combination of types. */
LOOM_MUST_USE loom_status cpu_lower_matmuls(ir_ctx *ir, MlirModule m, int vector_bytes);
/* The micro-kernel `name` for inputs of element types a and b and sums of type c (spelled as in MLIR), as the text of one private function. */
const char *cpu_matmul_text(arena *mem, const char *name, const char *a, const char *b, const char *c, int vector_bytes);
#define CPU_MATRIX_TYPE "memref<?x?x%s, strided<[?, 1], offset: ?>>"   /* of its arguments */
/* Replaces copies and linalg operations that work element by element or along rows by loops of vectors of vector_bytes; what stands together
 * over the same rows becomes one loop over them, and memory private to it may be left out.  Others stay. */
LOOM_MUST_USE loom_status cpu_lower_vectors(ir_ctx *ir, MlirModule m, int vector_bytes);
/* Replaces arithmetic on floats of a byte and less by that of f32, and conversions of them by integer arithmetic; linalg ops of modules that have
 * such floats become loops. */
LOOM_MUST_USE loom_status cpu_lower_small_floats(ir_ctx *ir, MlirModule m);
/* Replaces functions of the math dialect by arithmetic (cpu_math.h). */
LOOM_MUST_USE loom_status cpu_lower_math(ir_ctx *ir, MlirModule m, int vector_bytes);
/* Gives every tile function its C entry: a function of its name that builds the memrefs from buf and arg. */
LOOM_MUST_USE loom_status cpu_make_entries(ir_ctx *ir, MlirModule m);
/* Moves the functions of `text` (a module) to the end of `m`. */
LOOM_MUST_USE loom_status cpu_add_functions(ir_ctx *ir, MlirModule m, const char *name, const char *src);
#endif
