/* The reference interpreter: the oracle.  Clamped tiles, program order, double arithmetic; integers are exact.  Shares no code with lowering.
 *
 * Besides each value x it carries e with |engine - x| <= e for every engine that accumulates sums in f32 (f64 for f64) in any order and
 * rounds to nearest at each declared type (reliability.md 3.1).  u is the unit roundoff of a type, f32's for arithmetic on f16 and bf16:
 *   sum of K products      gamma_K * sum|a_i||b_i|, gamma_K = K*u/(1-K*u); 0 where all terms are whole and sum|a_i||b_i| <= 1/u
 *   rounding to a type     u*|x|, at least half the smallest subnormal; 0 where x is known exactly and representable
 *                          with flushes_bf16 also (K+1)*2^-124, and elements below 2^-126 have themselves as error
 *   operands' errors       carried through exactly for monotone functions, as |x|ey + |y|ex + ex*ey for products
 *   exp, log, tanh, ..     the ulps of the table in interp_math.c
 * Where e is 0 before a rounding, x is rounded too; elsewhere x stays unrounded, so that a declared rounding is paid once.
 * A value that a LOOP carries only through the accumulator operand of MATMUL is one sum: it is rounded once, after the loop. */
#ifndef LOOM_KERNEL_INTERP_H
#define LOOM_KERNEL_INTERP_H
#include "kernel/kernel.h"

/* A host tensor's contents: row-major.  `value` in double, `bound` the error bound (NULL: exact). */
typedef struct interp_tensor { dtype type; int rank; int64_t shape[KERNEL_RANK_MAX]; int64_t elems; double *value; double *bound; } interp_tensor;

/* A value that an operation made, rounded; or what a STORE or an ATOMIC wrote (value -1).  Good during the call. */
typedef struct interp_seen { const kernel_op *op; kernel_value value; dtype type; int rank; const int64_t *shape; int64_t elems; const double *x, *e; /* NULL: exact */ } interp_seen;
/* Who looks on while the interpreter runs; all members are set.  What the regions of SCAN and FOLD make is not told. */
typedef struct interp_watch {
  void *data;
  void (*made)(void *data, const interp_seen *v);
  /* Before `made` of the LOAD, STORE or ATOMIC: each element it touches. */
  void (*touched)(void *data, const kernel_op *op, kernel_tensor root, int64_t element, bool is_write);
  /* A loop, condition or yield hands the value of `from` to `to`. */
  void (*passed)(void *data, const kernel_op *op, const interp_seen *v, kernel_value from, kernel_value to);
  void (*entered)(void *data, const kernel_op *op, int n, const int64_t *numbers);   /* an instance of a PARALLEL, a round of a loop */
  void (*left)(void *data);
  /* Instance `number` of the running PARALLEL gives the value of `from` to the gather `op`. */
  void (*gave)(void *data, const kernel_op *op, int64_t number, kernel_value from);
  void (*got)(void *data, const kernel_op *op, int64_t number);                      /* before `made` of the GATHER: one for each tile */
} interp_watch;

typedef struct interp_options {
  const sym_binding *blocks; size_t n_blocks;   /* block sizes (and tunables); a block symbol without one takes its full extent */
  bool accumulate_in_result_type;               /* --accumulate f16: round the accumulator at each matmul to its declared type */
  bool flushes_bf16;                            /* engines that multiply bf16 by bf16 take operands and sums below 2^-126 for 0 (AMX, vdpbf16ps) */
  bool cuts_f32;                                /* engines whose matrix unit reads f32 as TF32, cut to 11 bits with the hidden one (Tenstorrent): operands of MATMUL, the second to 10 bits, of REDUCE to a
                                                   maximum or minimum, of BROADCAST and PERMUTE, and those that an elementwise op repeats, have 2^-10 (that one 2^-9) of |x| + e as further error, unless
                                                   they are known exactly and have no more bits; other reductions 2^-17 of sum|x|, which goes there in two parts of bf16 */
  bool loses_nan;                               /* engines whose comparisons, maxima and minima take a NaN for a number (Tenstorrent): what they give has no bound there */
  bool takes_unsure_indices;                    /* an index that depends on rounding is taken as it is: what was loaded there, and all of what is stored to, has no bound; else LOOM_EUNSUP */
  bool exact;                                   /* no bounds; every value is rounded to its declared type: for comparing whole numbers bit by bit */
  int64_t op_budget;                            /* scalar operations; negative: unlimited; LOOM_ELIMIT when spent */
  const interp_watch *watch;                    /* NULL: nobody */
} interp_options;

/* `tensors` has one entry per kernel tensor (role ARG filled by the caller; ALLOC made here in ctx->mem; VIEW aliases its base and stays
 * empty).  On success the entries hold values and bounds.  LOOM_EINPUT: an index outside its tensor, an argument of another shape, an
 * unknown size; LOOM_EUNSUP: a form of indexing the interpreter lacks; LOOM_ELIMIT: budget, or an integer beyond 2^53. */
LOOM_MUST_USE loom_status interp_run(loom_ctx *ctx, const kernel_graph *k, interp_tensor *tensors, const interp_options *o);

/* Contents of tensor `t` as a dense row-major tensor in ctx->mem: the entry itself, or what a VIEW shows of its base. */
LOOM_MUST_USE loom_status interp_read_tensor(loom_ctx *ctx, const kernel_graph *k, const interp_tensor *tensors, kernel_tensor t, interp_tensor *out);

/* Makes argument contents from init and seed: RANDN normal, RAND in [0, 1), RANDINT in [lo, hi).., rounded to the tensor's type.
 * `integers`: RANDN and RAND give whole numbers in -2..2 instead (0..2 for unsigned types). */
LOOM_MUST_USE loom_status interp_make_input(loom_ctx *ctx, const kernel_graph *k, kernel_tensor t, uint64_t seed, bool integers, interp_tensor *out);

/* Outcome of a comparison.  `worst` is the element with the largest error in units of its bound (the first one of several). */
typedef struct interp_comparison {
  bool ok;                              /* no element is wrong */
  int64_t elems, wrong, unbounded;      /* unbounded: elements whose bound is infinite, so that they check nothing */
  double max_abs_error;                 /* over elements where both are finite */
  int64_t worst; int64_t worst_at[KERNEL_RANK_MAX];
  double worst_error, worst_bound, worst_ratio, worst_got, worst_want;      /* worst_ratio: interp_error_ratio, beyond 1 where it is wrong; -1 without elements */
} interp_comparison;
/* The error of one element in units of its bound: at most 1 is right. */
double interp_error_ratio(double want, double got, double bound, dtype t, bool exact);
/* Compares `got` (want->elems elements of want->type) with the oracle: within `bound`, or with `exact` equal to the oracle's value rounded
 * to the type (+0 equals -0).  A NaN is right only where the oracle has one, an infinity only where the oracle reaches it. */
interp_comparison interp_compare(const interp_tensor *want, const void *got, bool exact);
#endif
