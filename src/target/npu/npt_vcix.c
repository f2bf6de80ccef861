#include "target/npu/npt_product.h"
#include "base/vec.h"
#include "dialect/togsim.h"

typedef struct found { arena *mem; VEC_OF(MlirOperation) products, derived, functions; } found;

static bool collect(MlirOperation op, void *data) {
  found *f = data;
  if (ir_op_is(op, "linalg.matmul"))
    vec_push(f->mem, &f->products, op);
  else if (npt_is_derived(op))
    vec_push(f->mem, &f->derived, op);
  else if (npt_is_transcendental(op))
    vec_push(f->mem, &f->functions, op);
  return true;
}

/* Functions that are made of others, first: those come with them. */
loom_status npt_to_vcix(ir_ctx *ir, MlirModule m, const npt_vcix_options *o) {
  if (o->lanes < 1 || o->lanes > 1 << 12 || o->vlen_bits < 64 || o->vlen_bits > 1 << 16 || (o->vlen_bits & (o->vlen_bits - 1)))
    LOOM_FAIL(ir->ctx, LOOM_NOSPAN, LOOM_EUSAGE, "an array of %d lanes with vectors of %d bits; lanes are 1..4096, bits a power of two from 64 to 65536", o->lanes, o->vlen_bits);
  LOOM_TRY(dialect_load_vcix(ir));
  found f = {.mem = &ir->ctx->mem}, all = {.mem = &ir->ctx->mem};
  ir_walk(mlirModuleGetOperation(m), collect, &f);
  for (size_t i = 0; i < f.products.n; i++) {
    npt_product p;
    bool is_ours;
    LOOM_TRY(npt_read_product(ir, f.products.at[i], o, &p, &is_ours));
    if (is_ours)
      LOOM_TRY(npt_lower_product(ir, &p));
  }
  for (size_t i = 0; i < f.derived.n; i++)
    LOOM_TRY(npt_lower_derived(ir, f.derived.at[i]));
  ir_walk(mlirModuleGetOperation(m), collect, &all);
  for (size_t i = 0; i < all.functions.n; i++)
    LOOM_TRY(npt_lower_transcendental(ir, all.functions.at[i], o->vlen_bits));
  return LOOM_OK;
}
