/* What a shared library says of itself before any of its code runs: read from its bytes, every offset checked. */
#ifndef LOOM_RUN_PROVIDER_ELF_H
#define LOOM_RUN_PROVIDER_ELF_H
#include "base/diag.h"
#include "base/vec.h"

typedef enum provider_sanitizer { PROVIDER_SANITIZER_NONE, PROVIDER_SANITIZER_ADDRESS, PROVIDER_SANITIZER_MEMORY, PROVIDER_SANITIZER_THREAD } provider_sanitizer;
typedef struct provider_elf {
  VEC_OF(const char *) exports;             /* defined, visible, in symbol table order; they point into the bytes */
  provider_sanitizer sanitizer;             /* whose runtime it needs */
  bool has_abi; uint32_t abi_min, abi_max;  /* LOOM_KERNEL_PROVIDER_ABI */
  int64_t constructors;                     /* functions that run while it is loaded, the C compiler's own among them (one of gcc's) */
} provider_elf;

/* LOOM_EPROVIDER with the reason when `bytes` are no shared library for this processor, or one that would make code writable or the stack executable, or that looks for others where
 * anybody may put them (an RPATH or a needed file relative to the working directory). */
LOOM_MUST_USE loom_status provider_elf_read(loom_ctx *ctx, const char *path, const char *bytes, size_t size, provider_elf *out);
bool provider_elf_exports(const provider_elf *e, const char *symbol);
/* The sanitizer this process is built with. */
provider_sanitizer provider_host_sanitizer(void);
const char *provider_sanitizer_name(provider_sanitizer s);
#endif
