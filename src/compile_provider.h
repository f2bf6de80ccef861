/* Kernel providers of a run on the host: who computes what its code leaves to others. */
#ifndef LOOM_COMPILE_PROVIDER_H
#define LOOM_COMPILE_PROVIDER_H
#include "compile_exec.h"
#include "target/cpu/cpu_kernels.h"

struct compile_providers { provider_set set; provider_link *link; bool offers_kernel; };
/* Loads the providers of the options, links s->object and binds what it leaves to them; a kernel that is one matrix product is left to them as a
 * whole.  Call compile_close_providers in any case, after the image is unlinked. */
LOOM_MUST_USE loom_status compile_link_host(compile_state *s, compile_providers **out_providers, LOOM_GIVE codegen_image **out);
/* Fills what `call` asks the providers with before it calls the kernel's code, in the memory of its tensors (`by_root`). */
LOOM_MUST_USE loom_status compile_offer_kernel(compile_state *s, const compile_providers *p, void *const *by_root, compile_call *call);
/* LOOM_EPROVIDER when one failed in the run that ended with `st`; fills s->kernels. */
loom_status compile_judge_providers(compile_state *s, compile_providers *p, loom_status st);
void compile_close_providers(compile_providers *p);      /* NULL: nothing */
#endif
