/* The reference interpreter: the oracle.  Floats in double with a running error bound, integers exact; clamped tiles; one rounding where the
 * kernel graph declares a narrower type.  Shares no code with lowering.
 *
 * Bound, per element (reliability.md 3.1): values are computed in double; `err` bounds |engine result - double result| for any engine that
 * accumulates in f32 and rounds at each declared type: for a K-term sum in precision u: gamma_K * sum|a_i||b_i| with gamma_K = K*u/(1-K*u);
 * every rounding to a type of unit roundoff u adds u*|x| (+ half the smallest subnormal); errors of operands are carried through
 * to first order plus the product of errors; exp, log, tanh.. add their stated ulps. */
#ifndef LOOM_KERNEL_INTERP_H
#define LOOM_KERNEL_INTERP_H
#include "kernel/kernel.h"

/* A host tensor's contents: row-major. `value` in double, `bound` the error bound (NULL: exact). */
typedef struct interp_tensor { dtype type; int rank; int64_t shape[KERNEL_RANK_MAX]; int64_t elems; double *value; double *bound; } interp_tensor;

typedef struct interp_options {
  const sym_binding *blocks; size_t n_blocks;   /* block sizes; a block symbol without one takes its full extent */
  bool accumulate_in_result_type;               /* --accumulate f16: round the accumulator at each matmul to its declared type */
  int64_t op_budget;                            /* scalar operations; -1 unlimited; LOOM_ELIMIT when spent */
} interp_options;

/* `tensors` has one entry per kernel tensor (role ARG filled by the caller; ALLOC made here; VIEW aliases its base and stays empty).
 * On success the entries of kernel->returns hold values and bounds. */
LOOM_MUST_USE loom_status interp_run(loom_ctx *ctx, const kernel_graph *k, interp_tensor *tensors, const interp_options *o);

/* Makes argument contents from init and seed: RANDN normal, RANDINT.., rounded to the tensor's type.  `integers`: whole numbers in -2..2 instead. */
LOOM_MUST_USE loom_status interp_make_input(loom_ctx *ctx, const kernel_graph *k, kernel_tensor t, uint64_t seed, bool integers, interp_tensor *out);
/* An engine's result (bytes of oracle->type, row-major) against the oracle.  `exact`: every element must be equal (integers check). */
typedef struct interp_diff {
  bool ok;                     /* no element is beyond its bound; NaN only where the oracle has NaN */
  int64_t wrong;               /* elements beyond their bound */
  double max_abs_error;
  double worst_ratio, worst_bound; int64_t worst_index[KERNEL_RANK_MAX];   /* element with the largest error / bound */
} interp_diff;
LOOM_MUST_USE loom_status interp_compare(loom_ctx *ctx, const interp_tensor *oracle, const void *bytes, bool exact, interp_diff *out);

#endif
