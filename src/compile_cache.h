/* Kernels that were compiled before, by everything that their code, their plan and what is said of them depends on.  An entry of the cache (run/run_cache.h) is what
 * compile_entry.h makes of a compile. */
#ifndef LOOM_COMPILE_CACHE_H
#define LOOM_COMPILE_CACHE_H
#include "compile_npu.h"

/* Looks for what `s`, of compile_start, is about to compile, where s->o->cache is there and all of its results can be kept: s->cache_key.  `npu`: its program for an NPU is wanted, too;
 * NULL: it is not.  Found: `s` is as the compile would have left it, without the stages between kernel and code.  The source that was read for it stays in s->o. */
LOOM_MUST_USE loom_status compile_cache_open(compile_state *s, compile_npu *npu, bool *out_found);
/* Keeps the compile for the next time, native code once it has been linked; nothing where s->cache_key is NULL or the compile had something to say. */
void compile_cache_store(compile_state *s, const compile_npu *npu);
#endif
