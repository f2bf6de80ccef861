/* Host tensors as memory: views, and computation on whole tensors outside of the tile loops. */
#ifndef LOOM_HELION_VIEW_H
#define LOOM_HELION_VIEW_H
#include "frontend/helion/helion_device.h"

/* Element (i0, i1, ..) is element offset + sum i_d * stride_d of `root` (an argument or allocation). */
typedef struct helion_view { kernel_tensor root; const sym_expr *offset; kernel_type shape; const sym_expr *stride[KERNEL_RANK_MAX]; } helion_view;
helion_view helion_view_of(helion_reader *r, kernel_tensor tensor);
bool helion_view_is_dense(helion_reader *r, const helion_view *v);
helion_value helion_view_make(helion_reader *r, const syn_node *n, const helion_view *v);
helion_value helion_view_permute(helion_reader *r, const syn_node *n, kernel_tensor tensor, const int *perm);
/* may_copy: elements that do not lie side by side are copied; else that is diagnosed. */
helion_value helion_view_reshape(helion_reader *r, const syn_node *n, kernel_tensor tensor, const kernel_type *shape, bool may_copy);
helion_value helion_view_expand(helion_reader *r, const syn_node *n, kernel_tensor tensor, const kernel_type *shape);
/* A known step of 1 or more; 1 when none is given.  False: diagnosed. */
bool helion_slice_step(helion_reader *r, const syn_node *n, const helion_slice *s, int64_t *out);
/* tensor[index] without steps: slices a:b:s of the index become ":" of a view.  False: diagnosed. */
bool helion_view_steps(helion_reader *r, const syn_node *n, kernel_tensor *tensor, helion_value *index);
helion_value helion_view_subscript(helion_reader *r, const syn_node *n, kernel_tensor tensor, const helion_value *index);

/* ---- whole tensors (helion_host_math.c) ---- */
/* Host code that computes goes into the outermost region; leave with what enter returned. */
kernel_region *helion_enter_host(helion_reader *r);
void helion_leave_host(helion_reader *r, kernel_region *outer);
kernel_value helion_load_whole(helion_reader *r, const syn_node *n, kernel_tensor t);
/* A new allocation that holds `v`. */
helion_value helion_store_whole(helion_reader *r, const syn_node *n, kernel_value v);
/* Host tensors in `v` become device values, at any depth; true when there was one. */
bool helion_lift(helion_reader *r, const syn_node *n, helion_value *v);
/* Device values in `v` become host tensors. */
helion_value helion_lower_result(helion_reader *r, const syn_node *n, helion_value v);
/* Whether an operation on these values is host computation: outside of the loops, with a host tensor among them. */
bool helion_is_host_math(const helion_reader *r, const helion_value *v, size_t n);
#endif
