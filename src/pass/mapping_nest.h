/* One mapping written into a function: the parallel loop becomes loops over the mesh and rounds. */
#ifndef LOOM_PASS_MAPPING_NEST_H
#define LOOM_PASS_MAPPING_NEST_H
#include "explore/explore_upstream.h"
#include "pass/pass_private.h"

/* The loop to be mapped: affine.parallel from 0, one upper bound a dim. */
typedef struct parallel_loop {
  MlirOperation op;
  int n;                                        /* dims */
  MlirAffineMap upper;
  intptr_t n_operands; MlirValue operand[64];   /* of `upper` */
  const char *block[PLAN_ITERS_MAX];            /* symbol of the block size that divides the extent; NULL: not known */
  int64_t extent[PLAN_ITERS_MAX];               /* largest; < 1: not known */
} parallel_loop;

/* The only unmapped parallel loop at the top of `func`; `op` null: none.  LOOM_EUNSUP: its bounds have another form, or there are more. */
LOOM_MUST_USE loom_status mapping_find_loop(ir_ctx *ir, MlirOperation func, parallel_loop *out);
/* Whether `func` has a loop over a mesh dim already. */
bool mapping_is_done(MlirOperation func);
/* Rewrites the loop of `func`.  generation 'a', 'b': whole dims, attribute loom.mapped_to; 'c': levels. */
LOOM_MUST_USE loom_status mapping_apply(ir_ctx *ir, const parallel_loop *p, const plan_mapping *m, char generation);
#endif
