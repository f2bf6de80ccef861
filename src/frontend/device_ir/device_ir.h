/* frontend/device_ir: Helion's Device IR, written down by others -> kernel graph: a second entrance to the op table of frontend/helion.
 * Takes: the text of helion-mlir's print_debug_info (tables), FX's readable form under a `# loom:` header, or JSON loom.helion.v1.
 * Leaves: kernel_graph (MEETING POINT 1), the one that the Python source of the kernel gives, up to names and host views.
 *
 * Each graph is written out again as the statements of a Helion kernel (a syntax tree, never text), and helion_read does the rest: types,
 * clamped and padded tiles, carried values, diagnostics with the line of the dump.
 *
 * What a dump does not say, and what is assumed (facts in the header or the JSON take precedence):
 *   host tensors   are dense, also where the kernel made a view of an argument (k_view is an argument of its own)
 *   roles          whose first use is a load: argument; stored to before it is loaded: allocation, zeroed when the first use is an atomic
 *   results        allocations that are stored to and not loaded; else those stored to; else arguments that are stored to
 *   order          arguments in the order of their first use; ranges of the grid in the order of the block ids
 *   loop blocks    the block of a loop is the one whose size is end - begin; grids take the blocks that no loop has; begins of grids are 0
 *   barriers       between two grids, where the second touches what the first wrote
 *   masks          where no _mask_to says what the lanes of padded and jagged tiles hold, what leaves the reduction or product alone */
#ifndef LOOM_DEVICE_IR_DEVICE_IR_H
#define LOOM_DEVICE_IR_DEVICE_IR_H
#include "frontend/helion/helion.h"

typedef struct device_ir_options {
  const helion_shape *shapes; size_t n_shapes;   /* --shape: a symbol ("s30", "u0") or TENSOR.DIM; else the sizes of the dump */
  const char *name;                              /* of the kernel; NULL: the dump's, else the file's */
  bool open_sizes;                               /* of a dump with static_shapes false: sizes of arguments stay open */
} device_ir_options;

/* The text is one of the two text forms (JSON is known by its schema, loom.helion.v1). */
bool device_ir_looks_like(const char *dump, size_t size);
/* `dump` is copied for diagnostics.  LOOM_EINPUT: not such a dump, or it contradicts itself.  LOOM_EUNSUP: an operation that Loom does not have.
 * LOOM_ELIMIT: more than 2^17 nodes, more than 2^14 written out where they are called, or loops nested 32 deep. */
LOOM_MUST_USE loom_status device_ir_read(loom_ctx *ctx, const char *path, const char *dump, size_t size, const device_ir_options *o, kernel_graph **out);

/* `k`, which verifies, as loom.helion.v1: text that device_ir_read gives the same graph for (kernel_same); it is read back here to be sure.
 * LOOM_EUNSUP: Device IR has no form for a part of it (docs/helion.md, Device IR dumps). */
LOOM_MUST_USE loom_status device_ir_write(loom_ctx *ctx, const kernel_graph *k, const char **out);
#endif
