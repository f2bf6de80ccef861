/* Made-up contents of arguments. */
#include "base/rng.h"
#include "kernel/interp_private.h"
#include <math.h>

static double whole_number(rng *r, dtype t) {
  bool is_unsigned = t == DTYPE_U8 || t == DTYPE_BOOL;
  return (double)rng_range(r, is_unsigned ? 0 : -2, t == DTYPE_BOOL ? 1 : 2);
}

static double element(const kernel_tensor_info *t, rng *r, bool integers) {
  bool whole = integers || !dtype_is_float(t->shape.type);
  switch (t->init) {
  case KERNEL_INIT_RANDN:
    return whole ? whole_number(r, t->shape.type) : rng_normal(r);
  case KERNEL_INIT_RAND:
    return whole ? whole_number(r, t->shape.type) : rng_uniform(r);
  case KERNEL_INIT_RANDINT:
    return t->init_hi > t->init_lo ? (double)rng_range(r, (int64_t)t->init_lo, (int64_t)t->init_hi - 1) : t->init_lo;
  case KERNEL_INIT_ONES:
    return 1;
  case KERNEL_INIT_FULL:
    return t->init_lo;
  case KERNEL_INIT_ZEROS:
  case KERNEL_INIT_EMPTY:
    break;
  }
  return 0;
}

loom_status interp_make_input(loom_ctx *ctx, const kernel_graph *k, kernel_tensor t, uint64_t seed, bool integers, interp_tensor *out) {
  const kernel_tensor_info *info = &k->tensors.at[t];
  *out = (interp_tensor){.type = info->shape.type, .rank = info->shape.rank, .elems = 1};
  for (int d = 0; d < out->rank; d++) {
    LOOM_TRY(kernel_size(ctx, k, info->shape.dim[d], NULL, 0, &out->shape[d]));
    if (out->shape[d] < 0 || __builtin_mul_overflow(out->elems, out->shape[d], &out->elems))
      LOOM_FAIL(ctx, info->span, LOOM_EINPUT, "argument %s has no sensible shape: dim %d is %" PRId64, info->name, d, out->shape[d]);
  }
  rng r = rng_new(seed ^ (0x9e3779b97f4a7c15u * (uint64_t)(t + 1)));   /* each argument has its own stream */
  out->value = ARENA_NEW_N(&ctx->mem, double, out->elems);
  for (int64_t i = 0; i < out->elems; i++)
    out->value[i] = interp_round(out->type, element(info, &r, integers));
  return LOOM_OK;
}
