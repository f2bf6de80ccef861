/* Shared by the files of codegen/ only. */
#ifndef LOOM_CODEGEN_PRIVATE_H
#define LOOM_CODEGEN_PRIVATE_H
#include "codegen/codegen.h"
#include <llvm-c/Core.h>
#include <llvm-c/TargetMachine.h>

/* One target machine per compile: the cpu of the options (NULL: the running one with its features), position-independent code. */
LOOM_MUST_USE loom_status codegen_open_target(loom_ctx *ctx, const codegen_options *o, LOOM_GIVE LLVMTargetMachineRef *out);

/* For machines with lanes, between LLVM's passes and its code generator: what the code generator would scalarise, or has no code for, is kept from it; what nobody could keep in vectors is refused. */
LOOM_MUST_USE loom_status codegen_keep_lanes(loom_ctx *ctx, LLVMModuleRef m);

/* For x86-64, at the same place: what its code generator makes wrong code of is written another way. */
void codegen_mend(loom_ctx *ctx, LLVMModuleRef m);

void codegen_init(void);   /* LLVM's table of targets, once */

/* The symbols of an ELF64 relocatable object.  Names point into the object. */
typedef struct elf_symbols {
  const char **undefined; size_t n_undefined;   /* names the object needs, in symbol table order, each once */
  const char *first_defined;                    /* a global function or object it defines; NULL when none */
  const char *hazard;                           /* what code that only computes does not have: "constructors ('.init_array')"; NULL: nothing of the kind */
} elf_symbols;
/* LOOM_EINPUT when the bytes are no x86-64 relocatable object; every offset is checked (objects come from a cache on disk too). */
LOOM_MUST_USE loom_status codegen_read_symbols(loom_ctx *ctx, const char *object, size_t size, elf_symbols *out);

/* Address granted to `name` by the built-in list or by `o`; NULL when it is not granted. */
void *codegen_granted(const codegen_options *o, const char *name);
#endif
