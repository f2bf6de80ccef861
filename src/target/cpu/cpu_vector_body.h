/* What one step of a nest computes: the body of an operation on scalars or on vectors. */
#ifndef LOOM_CPU_VECTOR_BODY_H
#define LOOM_CPU_VECTOR_BODY_H
#include "target/cpu/cpu_vector.h"

/* Where the step is: `row` counters, the lane counter, how many lanes; mask null: all of them.  lanes 0: scalars. */
typedef struct vec_step { const MlirValue *row; MlirValue lane, mask; int lanes; } vec_step;
/* Clones the body of `v` at `at`.  in[i]: the value of argument i, a scalar or a vector; null where only a combiner reads it.
 * out[o]: the result, or what the combiner adds. */
void vec_body(ir_builder *at, const vec_op *v, const vec_step *step, const MlirValue *in, MlirValue *out);
/* The combiner of out `o` on two values; their type may be a vector. */
MlirValue vec_combine(ir_builder *at, const vec_op *v, int o, MlirValue a, MlirValue b);
/* All lanes of `x` put together. */
MlirValue vec_combine_lanes(ir_builder *at, const vec_op *v, int o, MlirValue x, int lanes);

/* ---- cpu_vector_extreme.c: combiners by which a NaN wins ---- */
bool vec_is_extreme(MlirOperation combiner);
/* `total` and `x` put together: a NaN in `total` stays, one in `x` may get lost. */
MlirValue vec_extreme(ir_builder *at, MlirOperation combiner, MlirValue total, MlirValue x);
/* `total`, or NaN in lanes where `x` or `y` is one. */
MlirValue vec_extreme_checked(ir_builder *at, MlirValue total, MlirValue x, MlirValue y);
/* The scalar `result`, or NaN where any lane of `x` is one. */
MlirValue vec_extreme_any_nan(ir_builder *at, MlirValue x, MlirValue result);

/* ---- memory ---- */
/* A memref as one dim: `base` starts `offset` elements behind its aligned pointer. */
typedef struct vec_flat { MlirValue memref, base, offset, stride[VEC_DIMS_MAX]; } vec_flat;
typedef VEC_OF(vec_flat) vec_flats;
void vec_flats_add(vec_flats *l, ir_builder *at, const vec_op *v);
const vec_flat *vec_flat_of(const vec_flats *l, const vec_access *a);
/* The dim of the memref that the lane loop indexes; -1: none. */
int vec_lane_dim(const vec_access *a);
int vec_elem_bytes(const vec_access *a);
/* Where lane 0 of `a` in this row lies. */
MlirValue vec_row_address(const vec_flats *l, ir_builder *at, const vec_access *a, const MlirValue *row);
/* step->lanes elements from lane step->lane on; lanes that are masked off are 0.  base: vec_row_address. */
MlirValue vec_load(const vec_flats *l, ir_builder *at, const vec_access *a, MlirValue base, const vec_step *step);
/* streamed: past the caches; the address has to be a multiple of the vector's size. */
void vec_store(const vec_flats *l, ir_builder *at, const vec_access *a, MlirValue base, const vec_step *step, bool streamed, MlirValue x);
#endif
