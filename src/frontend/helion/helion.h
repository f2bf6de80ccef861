/* frontend/helion: Helion source (syntax tree) -> kernel graph.  Host code is interpreted on shapes, tiles become block symbols, types and
 * shapes propagate. Takes: syn_node tree, shape overrides.  Leaves: kernel_graph (MEETING POINT 1).  Nothing of the file is ever executed.
 */
#ifndef LOOM_HELION_HELION_H
#define LOOM_HELION_HELION_H
#include "frontend/python/syntax.h"
#include "kernel/kernel.h"

typedef struct helion_shape {
  const char *name;
  int64_t value;
} helion_shape; /* from --shape: a LoomKernel class constant "M", or "ARG.DIM" ("x.0") */
typedef struct helion_options {
  const helion_shape *shapes; size_t n_shapes;
  const char *function;             /* --function: function, class or kernel_name; NULL: the only one */
  bool has_dtype; dtype dtype;      /* --dtype: element type of arguments whose type the file does not give (default f16) */
} helion_options;

/* All diagnostics of the kernel are reported at once; the status is that of the first by rank EINPUT, EUNSUP. */
LOOM_MUST_USE loom_status helion_read(loom_ctx *ctx, const syn_node *module, const helion_options *o, kernel_graph **out);
/* Names that --function accepts. */
LOOM_MUST_USE loom_status helion_list(loom_ctx *ctx, const syn_node *module, const char *const **out_names, size_t *out_n);
#endif
