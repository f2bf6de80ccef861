/* codegen: the only room that includes llvm-c.  Takes a module already in the LLVM dialect; leaves machine code in memory.
 * Path: MLIR LLVM dialect -> LLVM IR -> own TargetMachine and passes -> object in memory -> undefined-symbol check -> ORC. */
#ifndef LOOM_CODEGEN_CODEGEN_H
#define LOOM_CODEGEN_CODEGEN_H
#include "ir/ir.h"

typedef struct codegen_symbol { const char *name; void *address; } codegen_symbol;   /* grant table row */
/* A machine other than the running one. */
typedef struct codegen_machine {
  const char *triple, *cpu, *features, *abi;
  int vscale;                          /* of its scalable vectors; 0: not known */
  /* One scalar unit commands many lanes, each with vector registers and memory (address space 1) of its own: code that would bring a lane's value to a scalar register is refused
   * (LOOM_EUNSUP, with the function: codegen_lanes.c), and nothing is turned into calls of the C library. */
  bool has_lanes;
} codegen_machine;
typedef struct codegen_options {
  int opt_level;                       /* 0..3; code quality "aggressive" at 2 and 3 */
  const char *passes;                  /* LLVM pass pipeline; NULL: "default<On>" for opt_level n */
  const char *cpu;                     /* NULL: the running CPU with its features */
  const codegen_machine *machine;      /* NULL: the running one; else it says the cpu too */
  const codegen_symbol *grants;        /* symbols the object may use beside memcpy, memset, memmove and libm's fmaf/expf-like list of codegen_link.c */
  size_t n_grants;
} codegen_options;

/* Width of the vectors code for `cpu` should use, in bytes: 64 (AVX-512 with byte and word masks), 32 (AVX2 with F16C and FMA) or 16.
 * NULL: the running CPU. */
int codegen_vector_bytes(const char *cpu);
/* The running CPU as LLVM calls it, and its features: "znver3" and "+avx2,+fma,-sse4a,..". */
void codegen_describe_host(arena *m, const char **out_cpu, const char **out_features);
/* A feature that `features` has and the running CPU has not, without its '+'; NULL: code for them runs here. */
const char *codegen_missing_feature(arena *m, const char *features);

/* Object code for `m` (LLVM dialect); owned by ctx->mem. */
LOOM_MUST_USE loom_status codegen_object(ir_ctx *ir, MlirModule m, const codegen_options *o, char **out_object, size_t *out_size);
/* The same as assembly text. */
LOOM_MUST_USE loom_status codegen_assembly(ir_ctx *ir, MlirModule m, const codegen_options *o, const char **out);
/* The symbols an object needs, in the order of its symbol table, each once; owned by ctx->mem.  LOOM_EINPUT: it is damaged, or no object for RISC-V or x86-64. */
LOOM_MUST_USE loom_status codegen_undefined(loom_ctx *ctx, const char *object, size_t size, const char *const **out_names, size_t *out_n);
/* LLVM IR text, for --emit llvm. */
LOOM_MUST_USE loom_status codegen_llvm_text(ir_ctx *ir, MlirModule m, const codegen_options *o, const char **out);

/* May this object be linked?  Its undefined symbols are granted, nothing of it runs without being called (constructors, functions chosen by the linker), no memory is both written and
 * executed: else LOOM_EINPUT, which names what there is.  codegen_link asks it; who hands an object to others does, too. */
LOOM_MUST_USE loom_status codegen_check(loom_ctx *ctx, const char *object, size_t size, const codegen_options *o);
typedef struct codegen_image codegen_image;
/* Links an object into this process.  An undefined symbol that is not granted: LOOM_EINPUT naming all of them, before anything is linked. */
LOOM_MUST_USE loom_status codegen_link(loom_ctx *ctx, const char *object, size_t size, const codegen_options *o, LOOM_GIVE codegen_image **out);
/* Address of `name`, or NULL. */
void *codegen_lookup(codegen_image *image, const char *name);
void codegen_unlink(LOOM_TAKE codegen_image *image);
#endif
