/* What one tile-level operation costs on a machine: the one place that maps compute ops to the functions of a perf set.
 * The model and the virtual chip both ask here, so that they differ in what they know of time, not in leaf costs. */
#ifndef LOOM_MACHINE_OPS_H
#define LOOM_MACHINE_OPS_H
#include "machine/machine.h"

typedef struct machine_op {
  const char *name;                         /* "matmul", "batch_matmul", "fill", "copy", "generic" */
  const char *body_ops;                     /* generic: scalar ops in order, "mulf,addf" */
  dtype type;                               /* of the inputs */
  dtype result;                             /* of the destination */
  const sym_expr *m, *n, *k, *batch;        /* matmul dims; generic: m = parallel elements, k = reduction length (NULL: no reduction) */
} machine_op;

/* Cycles of one execution and the unit it occupies.  Scalar ops that no perf table prices move data at the copy rate;
 * casts cost nothing beside other ops, and alone as much as a copy.
 * LOOM_EUNSUP: a matmul that the perf set does not have. */
LOOM_MUST_USE loom_status machine_op_cost(loom_ctx *ctx, const machine *m, const machine_op *op, const sym_expr **out_cycles, const char **out_unit);
#endif
