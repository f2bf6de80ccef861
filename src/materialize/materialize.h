/* materialize: canonical stage-0 module + plan -> bufferized MLIR in upstream's form (loom-dataflow.md 4.3).  A pure function.
 * Ragged tiles are clamped: where a block size does not divide, sizes are affine.min'd and buffers are used through memref.subview. */
#ifndef LOOM_MATERIALIZE_MATERIALIZE_H
#define LOOM_MATERIALIZE_MATERIALIZE_H
#include "dialect/dialect.h"
#include "machine/machine.h"
#include "nest/nest.h"
#include "plan/plan.h"
/* `canonical` is kept unchanged; `n` is its nest.  *out holds one nested module per plan, as upstream's p03 does. */
LOOM_MUST_USE loom_status materialize_plans(ir_ctx *ir, MlirModule canonical, const nest *n, const machine *m, const plan *const *plans, size_t n_plans,
                                            LOOM_GIVE MlirModule *out);
#endif
