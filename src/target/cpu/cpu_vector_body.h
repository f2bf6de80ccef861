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
#endif
