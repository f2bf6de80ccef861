/* Shared by cpu_kernels.c (what leaves work to providers has in common), cpu_offer.c and cpu_import.c. */
#ifndef LOOM_CPU_KERNELS_PRIVATE_H
#define LOOM_CPU_KERNELS_PRIVATE_H
#include "base/vec.h"
#include "target/cpu/cpu_kernels.h"
#include "target/cpu/cpu_private.h"

typedef struct kernel_sites { ir_ctx *ir; MlirModule module; text lines /* of loom_kernel_sites */, functions /* MLIR to add */; int n; } kernel_sites;
/* "file:line:col", or "". */
const char *cpu_kernel_place(ir_ctx *ir, MlirOperation op);
/* Text of the address of `memref` (an index) as !llvm.ptr in `to`, and of an index as i64. */
void cpu_add_pointer(text *o, const char *to, const char *memref, const char *type);
LOOM_MUST_USE loom_status cpu_offer_products(kernel_sites *s);
LOOM_MUST_USE loom_status cpu_write_imports(kernel_sites *s);
#endif
