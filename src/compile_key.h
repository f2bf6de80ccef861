/* What a compile depends on, as hashes: for the cache (compile_cache.h) and the tuning database (compile_tuning.h). */
#ifndef LOOM_COMPILE_KEY_H
#define LOOM_COMPILE_KEY_H
#include "compile.h"

const char *compile_hash(arena *m, const void *bytes, size_t size);
const char *compile_hash_data(arena *m, const data_value *v);
/* What the graph says, not where it was written; without names: what it computes, whatever it, its tensors and its values are called, and whatever their made-up contents. */
const char *compile_hash_graph(arena *m, const kernel_graph *k, bool with_names);
const char *compile_hash_machine(arena *m, const compile_state *s);      /* with the calibration in use */
/* What restricts the search, but for its effort. */
data_value *compile_search_options(arena *m, const compile_options *o);
#endif
