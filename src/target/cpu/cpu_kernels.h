/* Leaving work to kernel providers (run/provider_link.h): generated code that asks first and computes what nobody takes.  Takes bufferized
 * modules; what a provider is, is bound when the code is linked. */
#ifndef LOOM_CPU_KERNELS_H
#define LOOM_CPU_KERNELS_H
#include "run/provider_link.h"
#include "target/cpu/cpu.h"

/* Functions that the module declares with `llvm.bareptr` or `llvm.emit_c_interface` get a body that calls a provider's: memrefs as addresses of
 * their first element, with llvm.emit_c_interface as descriptors of a function _mlir_ciface_NAME.  A declaration with the attribute `loom.kernel`
 * (a product with the 15 arguments of mips.matmul's lowering) has generated code to fall back on; any other is required.
 * offers: matrix products (linalg on memrefs, in any layout, batched) are offered to providers, together with the fill that clears their result.
 * The module exports what provider_link_bind reads, if there was anything of it. */
LOOM_MUST_USE loom_status cpu_leave_to_providers(ir_ctx *ir, MlirModule m, bool offers);

/* Is this a declaration that a provider's function can stand for? */
bool cpu_is_provided(MlirOperation func);

enum { CPU_PROVIDER_GRANTS = 5 };
/* What such an object needs to be linked. */
void cpu_grant_providers(provider_link *link, codegen_symbol out[CPU_PROVIDER_GRANTS]);
/* cpu_link_kernel of one. */
LOOM_MUST_USE loom_status cpu_link_kernel_with(loom_ctx *ctx, const char *object, size_t size, provider_link *link, LOOM_GIVE codegen_image **out);
/* Binds a linked object; nothing to do when it leaves nothing to providers. */
LOOM_MUST_USE loom_status cpu_bind_providers(loom_ctx *ctx, codegen_image *image, provider_link *link, const provider_set *set);
#endif
