/* Device code: emitting operations of the kernel graph with PyTorch's types and broadcasting. */
#ifndef LOOM_HELION_DEVICE_H
#define LOOM_HELION_DEVICE_H
#include "frontend/helion/helion_value.h"

/* DEVICE and TILE: values that need operations. */
static inline bool helion_is_device(const helion_value *v) { return v->kind == HELION_DEVICE || v->kind == HELION_TILE; }

/* ---- emitting (helion_device.c) ---- */
/* One operation with one result of `type` at the end of the current region. */
kernel_value helion_emit(helion_reader *r, const syn_node *n, kernel_op_kind kind, int n_operands, const kernel_value *operands,
                         const kernel_type *type);
kernel_op *helion_def(const helion_reader *r, kernel_value v);                  /* NULL for region parameters */
const kernel_type *helion_type(const helion_reader *r, kernel_value v);
kernel_value helion_cast(helion_reader *r, const syn_node *n, kernel_value v, dtype to);
kernel_value helion_broadcast(helion_reader *r, const syn_node *n, kernel_value v, const kernel_type *shape);
kernel_value helion_constant(helion_reader *r, const syn_node *n, double value, dtype t);
kernel_value helion_full(helion_reader *r, const syn_node *n, double value, const kernel_type *type);
kernel_value helion_fn2(helion_reader *r, const syn_node *n, kernel_fn fn, kernel_value a, kernel_value b);   /* same types, broadcasting */
kernel_value helion_fn1(helion_reader *r, const syn_node *n, kernel_fn fn, kernel_value a);
/* A DEVICE, TILE (its index vector) or number as an SSA value; numbers get type `t`.  False: diagnosed. */
bool helion_as_value(helion_reader *r, const syn_node *n, const helion_value *v, dtype t, kernel_value *out);
/* Numpy broadcasting of two shapes (types left alone).  False when they do not fit; nothing is diagnosed. */
bool helion_broadcast_shape(helion_reader *r, const kernel_type *a, const kernel_type *b, kernel_type *out);
bool helion_same_shape(helion_reader *r, const kernel_type *a, const kernel_type *b);
helion_value helion_fail_shapes(helion_reader *r, const syn_node *n, const char *what, const kernel_type *a, const kernel_type *b);
/* A host tensor used where a device value is needed. */
helion_value helion_fail_host_tensor(helion_reader *r, const syn_node *n, const helion_value *v);
/* A 0-d integer as a size: a constant, an index expression, or a RUNTIME symbol bound here. */
const sym_expr *helion_runtime_size(helion_reader *r, const syn_node *n, kernel_value v);
/* An upper bound of a 0-d integer in sizes of host code; NULL: none is known. */
const sym_expr *helion_value_bound(helion_reader *r, kernel_value v);

/* ---- masks (helion_mask.c) ---- */
/* `v` with `neutral` in the lanes that pad mode and hl.jagged_tile make invalid; `v` itself where there are none,
 * and where `v` is a mask node (loom.mask_to) or one as another type. */
kernel_value helion_mask_to(helion_reader *r, const syn_node *n, kernel_value v, double neutral);
/* The same where there are invalid lanes along the dims of `dims` (a bit each): those that a reduction goes over. */
kernel_value helion_mask_dims(helion_reader *r, const syn_node *n, kernel_value v, double neutral, int64_t dims);
/* The valid lanes of a value of shape `t` as a bool value that broadcasts to it, and-ed with `mask` (-1: none); -1: all are valid.  `skip`: bit d
 * leaves out the padded block of dim d, because the access itself clips there. */
kernel_value helion_lane_mask(helion_reader *r, const syn_node *n, const kernel_type *t, kernel_value mask, unsigned skip);
/* The valid lanes along the dims of `dims` alone: a bool value of the rank of `t`, 1 where nothing is masked; -1: all are valid. */
kernel_value helion_lanes_along(helion_reader *r, const syn_node *n, const kernel_type *t, int64_t dims);
/* False, diagnosed, when there is no loop around: device operations live in hl.tile loops. */
bool helion_on_device(helion_reader *r, const syn_node *n, const char *what);

/* ---- elementwise (helion_elementwise.c) ---- */
/* torch.result_type of two values: 0-d values and python numbers count by category only. */
dtype helion_result_type_of(const helion_reader *r, const helion_value *v, size_t n);
dtype helion_result_type(const helion_reader *r, const helion_value *a, const helion_value *b);
bool helion_types_meet(helion_reader *r, const syn_node *n, const helion_value *a, const helion_value *b);   /* false: diagnosed */
helion_value helion_apply2(helion_reader *r, const syn_node *n, kernel_fn fn, helion_value a, helion_value b);
helion_value helion_apply1(helion_reader *r, const syn_node *n, kernel_fn fn, helion_value a);
/* f16 and bf16 as f32, other values as they are: formulas of several operations round once, at their end. */
helion_value helion_widen(helion_reader *r, const syn_node *n, helion_value v);
helion_value helion_device_binary(helion_reader *r, const syn_node *n, syn_kind op, helion_value a, helion_value b);
helion_value helion_device_unary(helion_reader *r, const syn_node *n, syn_kind op, helion_value a);
helion_value helion_device_compare(helion_reader *r, const syn_node *n, syn_kind op, helion_value a, helion_value b);

/* ---- contraction (helion_matmul.c) ---- */
/* a @ b, plus `acc` when it is not NULL, as type `out`. */
helion_value helion_matmul(helion_reader *r, const syn_node *n, helion_value a, helion_value b, const helion_value *acc, dtype out);
/* acc + a @ b where the product was just made and has no name: one operation with one rounding.  False: it is something else. */
bool helion_fuse_accumulate(helion_reader *r, const syn_node *n, const helion_value *acc, const helion_value *product, dtype out,
                            helion_value *result);
#endif
