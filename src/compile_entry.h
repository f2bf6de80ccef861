/* What a compile leaves, as bytes: what the cache keeps (compile_cache.h), and what a process that compiled a kernel of a network hands back (compile_network.c). */
#ifndef LOOM_COMPILE_ENTRY_H
#define LOOM_COMPILE_ENTRY_H
#include "compile_npu.h"

/* Kernel graph (where it is not s->o->graph), plan, TOG, what a call of native code needs, the program of an NPU (`npu`; NULL: there is none), and object code: of this CPU it is made
 * first.  NUL-terminated behind *out_size bytes. */
LOOM_MUST_USE loom_status compile_entry_make(compile_state *s, const compile_npu *npu, const char **out, size_t *out_size);
/* `s`, of compile_start, and `npu` become as the compile left them, without the stages between kernel and code.  LOOM_EINPUT: these are no such bytes; `s` is to be started again. */
LOOM_MUST_USE loom_status compile_entry_take(compile_state *s, compile_npu *npu, const char *bytes, size_t size);
#endif
