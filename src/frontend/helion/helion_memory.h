/* Parts of host tensors: index lists, loads, stores, atomics. */
#ifndef LOOM_HELION_MEMORY_H
#define LOOM_HELION_MEMORY_H
#include "frontend/helion/helion_device.h"

typedef VEC_OF(helion_value) helion_values;
/* An index list as a kernel_op has it.  shape: of the part; clipped: bit d: dim d is a TILE, which pad mode clips by itself. */
typedef struct helion_part { kernel_index at[KERNEL_RANK_MAX * 2]; int n; kernel_type shape; unsigned clipped; } helion_part;

/* What messages call a tensor: its name, or that of what it is a view of. */
const char *helion_tensor_name(const helion_reader *r, kernel_tensor t);
/* A bound of a python slice over n elements; false when it is not known. */
bool helion_clamp_bound(helion_reader *r, const helion_value *v, int64_t n, int64_t missing, int64_t *out);
/* One item per dimension: `...` and missing trailing dimensions become `:`. */
bool helion_expand_index(helion_reader *r, const syn_node *n, const helion_value *index, const kernel_type *tensor, helion_values *out);
/* helion_part.c; slices have no steps (helion_view_steps).  `masked`: the access has a mask of its own, so that lanes may lie outside of the
 * tensor.  *mask: what is valid (in: -1 or a mask, out: and-ed with what the index itself demands). */
bool helion_make_part(helion_reader *r, const syn_node *n, const helion_value *index, kernel_tensor tensor, kernel_value *mask, helion_part *out);
void helion_attach_part(helion_reader *r, kernel_op *op, kernel_tensor tensor, const helion_part *p);
/* mask: -1 or a bool value that broadcasts to the part. */
helion_value helion_load(helion_reader *r, const syn_node *n, kernel_tensor tensor, const helion_value *index, kernel_value mask);
void helion_store_part(helion_reader *r, const syn_node *n, kernel_tensor tensor, const helion_value *index, helion_value v, kernel_value mask);
#endif
