#include "kernel/kernel.h"

static loom_status check_region(loom_ctx *ctx, const kernel_graph *k, const kernel_region *r, dtype from) {
  for (size_t i = 0; i < r->ops.n; i++) {
    const kernel_op *op = r->ops.at[i];
    if (op->kind == KERNEL_BITCAST && (k->values.at[op->operands[0]].type.type == from || k->values.at[op->results[0]].type.type == from))
      LOOM_FAIL(ctx, op->span, LOOM_EUNSUP, "the bits of %s numbers are looked at here; they cannot be another type", dtype_torch(from));
    for (int n = 0; n < op->n_regions; n++)
      LOOM_TRY(check_region(ctx, k, &op->regions[n], from));
  }
  return LOOM_OK;
}

loom_status kernel_retype(loom_ctx *ctx, kernel_graph *k, dtype from, dtype to) {
  LOOM_TRY(check_region(ctx, k, &k->body, from));
  for (size_t i = 0; i < k->tensors.n; i++)
    if (k->tensors.at[i].shape.type == from)
      k->tensors.at[i].shape.type = to;
  for (size_t i = 0; i < k->values.n; i++)
    if (k->values.at[i].type.type == from)
      k->values.at[i].type.type = to;
  return kernel_verify(ctx, k);
}
