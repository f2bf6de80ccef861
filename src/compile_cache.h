/* Kernels that were compiled for this CPU before, by everything that their code, their plan and what is said of them depends on.  An entry of the
 * cache (run/run_cache.h) has the kernel graph, the plan, what a call needs, and the object. */
#ifndef LOOM_COMPILE_CACHE_H
#define LOOM_COMPILE_CACHE_H
#include "compile.h"

/* Looks for what `s` is about to compile, where o->cache is there and all of its results can be kept: s->cache_key.  Found: `s` is as the compile would have
 * left it, without the stages between kernel and object.  `o` is s->o; the source that was read for it stays there. */
LOOM_MUST_USE loom_status compile_cache_open(compile_state *s, compile_options *o, bool *out_found);
/* Keeps s->object, which has been linked, for the next time; nothing where s->cache_key is NULL or the compile had something to say. */
void compile_cache_store(compile_state *s);
#endif
