/* lower: kernel graph -> stage-0 MLIR in upstream's shape (loom.md 1.8): affine.parallel + scf.for + linalg on tensors over memref arguments. */
#ifndef LOOM_LOWER_LOWER_H
#define LOOM_LOWER_LOWER_H
#include "dialect/dialect.h"
#include "kernel/kernel.h"
LOOM_MUST_USE loom_status lower_kernel(ir_ctx *ir, const kernel_graph *k, LOOM_GIVE MlirModule *out);
#endif
