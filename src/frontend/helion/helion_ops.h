/* Handlers of the table rows (helion_table.c). `c->fn->detail` is the row's last column. */
#ifndef LOOM_HELION_OPS_H
#define LOOM_HELION_OPS_H
#include "frontend/helion/helion_call.h"

/* ---- host: queries and builtins (helion_host_ops.c), creation (helion_create_ops.c), loops (helion_range_ops.c) ---- */
helion_handler helion_do_shape, helion_do_size, helion_do_ndim, helion_do_dtype, helion_do_opaque, helion_do_numel, helion_do_self,
    helion_do_second, helion_do_ignore;
helion_handler helion_do_create, helion_do_create_full, helion_do_randint, helion_do_create_like, helion_do_full_like, helion_do_new,
    helion_do_new_full, helion_do_device_zeros, helion_do_scalar_tensor, helion_do_torch_arange;
helion_handler helion_do_promote, helion_do_spec_to, helion_do_spec_cast, helion_do_tile_range, helion_do_grid, helion_do_range,
    helion_do_register_block;
helion_handler helion_do_specialize, helion_do_cdiv, helion_do_next_power, helion_do_len, helion_do_int, helion_do_float, helion_do_bool,
    helion_do_min_max;
helion_handler helion_do_abs, helion_do_slice, helion_do_sequence, helion_do_zip, helion_do_enumerate, helion_do_isinstance, helion_do_math,
    helion_do_barrier, helion_do_bit_length;
helion_handler helion_do_block_size, helion_do_itemsize, helion_do_jagged_tile, helion_do_tile_count;
/* ---- tunables (helion_config.c) ---- */
helion_handler helion_do_fragment, helion_do_enum_fragment, helion_do_tunable, helion_do_core_count;
/* ---- whole tensors (helion_host_math.c) ---- */
helion_handler helion_do_item, helion_do_contiguous, helion_do_clone, helion_do_fill, helion_do_broadcast_tensors;
helion_handler helion_do_as_strided;   /* helion_strided.c */
/* ---- memory (helion_memory.c) ---- */
helion_handler helion_do_load, helion_do_store, helion_do_atomic, helion_do_atomic_cas, helion_do_subscript, helion_do_arange;

/* ---- device (helion_device_ops.c), shapes (helion_shape_ops.c) ---- */
helion_handler helion_do_unary, helion_do_binary, helion_do_where, helion_do_clamp, helion_do_formula, helion_do_div,
    helion_do_logical, helion_do_masked_fill, helion_do_add, helion_do_pow;
/* helion_reduce_ops.c, helion_scan_ops.c, helion_random_ops.c */
helion_handler helion_do_any_all, helion_do_max_min, helion_do_arg_reduce, helion_do_var, helion_do_softmax, helion_do_logsumexp, helion_do_scan, helion_do_fold,
    helion_do_cumulate, helion_do_hl_cumulate, helion_do_cat, helion_do_extremum_part, helion_do_stack, helion_do_join, helion_do_split, helion_do_loom_broadcast, helion_do_loom_gather, helion_do_loom_memory, helion_do_loom_host, helion_do_loom_philox, helion_do_loom_mask_to, helion_do_loom_lanes, helion_do_float4_pair, helion_do_gather, helion_do_sort, helion_do_topk, helion_do_rand, helion_do_rand4x, helion_do_tile_part,
    helion_do_device_randint;
helion_handler helion_do_matmul, helion_do_bmm, helion_do_addmm, helion_do_dot, helion_do_reduce, helion_do_mean;
helion_handler helion_do_cast, helion_do_cast_to, helion_do_tile_scalar, helion_do_tile_index;
helion_handler helion_do_transpose, helion_do_transpose_last, helion_do_permute, helion_do_unsqueeze, helion_do_reshape, helion_do_expand,
    helion_do_squeeze, helion_do_flatten, helion_do_view_as, helion_do_expand_as;
helion_handler helion_do_true, helion_do_stride, helion_do_element_size, helion_do_is_float;

/* Which formula a `formula` row is. */
typedef enum helion_formula {
#define X(id, path, parameters, operands, result) HELION_##id,
#include "frontend/helion/helion_formulas.def"
#undef X
} helion_formula;
/* What a `create` row makes. */
typedef enum helion_creation {
  HELION_CREATE_EMPTY,
  HELION_CREATE_ZEROS,
  HELION_CREATE_ONES,
  HELION_CREATE_RANDN,
  HELION_CREATE_RAND
} helion_creation;
typedef enum helion_math {
  HELION_MATH_SQRT,
  HELION_MATH_EXP,
  HELION_MATH_LOG,
  HELION_MATH_LOG2,
  HELION_MATH_CEIL,
  HELION_MATH_FLOOR,
  HELION_MATH_POW
} helion_math;
#endif
