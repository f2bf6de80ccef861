/* Host tensors: binding and reading back. */
#include "kernel/interp_private.h"
#include <math.h>

/* ---- binding ---- */

static loom_status concrete_shape(interp *in, const kernel_tensor_info *t, int64_t *shape) {
  for (int d = 0; d < t->shape.rank; d++) {
    if (!sym_is_const(t->shape.dim[d], &shape[d]))
      LOOM_TRY(sym_eval(in->ctx, t->shape.dim[d], in->env, in->k->symbols.n, &shape[d]));
    if (shape[d] < 0)
      LOOM_FAIL(in->ctx, t->span, LOOM_EINPUT, "dim %d of %s has the negative size %" PRId64, d, t->name, shape[d]);
  }
  return LOOM_OK;
}

static loom_status check_argument(interp *in, const kernel_tensor_info *t, const interp_tensor *a, const int64_t *shape) {
  bool same = a->value && a->rank == t->shape.rank && a->type == t->shape.type;
  for (int d = 0; same && d < a->rank; d++)
    same = a->shape[d] == shape[d];
  if (same)
    return LOOM_OK;
  return diag_error(in->ctx, t->span, LOOM_EINPUT, "the contents given for argument %s are missing or of another type or shape than the kernel declares", t->name);
}

static void make_alloc(interp *in, const kernel_tensor_info *t, interp_tensor *a, const int64_t *shape) {
  *a = (interp_tensor){.type = t->shape.type, .rank = t->shape.rank, .elems = 1};
  for (int d = 0; d < a->rank; d++)
    a->elems *= a->shape[d] = shape[d];
  a->value = ARENA_NEW_N(&in->ctx->mem, double, a->elems);   /* EMPTY reads as zero, so that runs repeat */
  if (t->fill == KERNEL_FILL_VALUE)
    for (int64_t i = 0; i < a->elems; i++)
      a->value[i] = interp_round(a->type, t->fill_value);
}

static void dense_strides(interp_host *h) {
  int64_t step = 1;
  for (int d = h->rank - 1; d >= 0; d--) {
    h->stride[d] = step;
    step *= h->shape[d];
  }
}

/* The view's elements must lie in the base: checked once, at its corners. */
static loom_status check_view(interp *in, const kernel_tensor_info *t, const interp_host *h) {
  int64_t low = h->offset, high = h->offset;
  for (int d = 0; d < h->rank; d++) {
    if (h->shape[d] == 0)
      return LOOM_OK;
    int64_t reach = (h->shape[d] - 1) * h->stride[d];
    low += reach < 0 ? reach : 0;
    high += reach > 0 ? reach : 0;
  }
  if (low >= 0 && high < h->root->elems)
    return LOOM_OK;
  return diag_error(in->ctx, t->span, LOOM_EINPUT, "view %s reaches elements %" PRId64 "..%" PRId64 " of its base, which has %" PRId64, t->name, low, high,
                    h->root->elems);
}

loom_status interp_bind_host(interp *in, interp_tensor *tensors) {
  for (size_t i = 0; i < in->k->tensors.n; i++) {
    const kernel_tensor_info *t = &in->k->tensors.at[i];
    interp_host *h = &in->host[i];
    h->rank = t->shape.rank;
    LOOM_TRY(concrete_shape(in, t, h->shape));
    if (t->role == KERNEL_VIEW) {
      h->root = in->host[t->base].root;   /* views follow their base */
      h->root_index = in->host[t->base].root_index;
      LOOM_TRY(sym_eval(in->ctx, t->offset, in->env, in->k->symbols.n, &h->offset));
      for (int d = 0; d < h->rank; d++)
        LOOM_TRY(sym_eval(in->ctx, t->stride[d], in->env, in->k->symbols.n, &h->stride[d]));
      LOOM_TRY(check_view(in, t, h));
      continue;
    }
    if (t->role == KERNEL_ARG)
      LOOM_TRY(check_argument(in, t, &tensors[i], h->shape));
    else
      make_alloc(in, t, &tensors[i], h->shape);
    h->root = &tensors[i];
    h->root_index = (kernel_tensor)i;
    dense_strides(h);
  }
  return LOOM_OK;
}

loom_status interp_read_tensor(loom_ctx *ctx, const kernel_graph *k, const interp_tensor *tensors, kernel_tensor t, interp_tensor *out) {
  const kernel_tensor_info *info = &k->tensors.at[t];
  if (info->role != KERNEL_VIEW) {
    *out = tensors[t];
    return LOOM_OK;
  }
  kernel_tensor base = t;
  while (k->tensors.at[base].role == KERNEL_VIEW)
    base = k->tensors.at[base].base;
  const interp_tensor *root = &tensors[base];
  int64_t offset, stride[KERNEL_RANK_MAX], index[KERNEL_RANK_MAX] = {0}, i = 0;
  LOOM_TRY(kernel_size(ctx, k, info->offset, NULL, 0, &offset));
  *out = (interp_tensor){.type = info->shape.type, .rank = info->shape.rank, .elems = 1};
  for (int d = 0; d < out->rank; d++) {
    LOOM_TRY(kernel_size(ctx, k, info->shape.dim[d], NULL, 0, &out->shape[d]));
    LOOM_TRY(kernel_size(ctx, k, info->stride[d], NULL, 0, &stride[d]));
    out->elems *= out->shape[d];
  }
  out->value = ARENA_NEW_N(&ctx->mem, double, out->elems);
  out->bound = root->bound ? ARENA_NEW_N(&ctx->mem, double, out->elems) : NULL;
  if (out->elems)
    do {
      int64_t at = offset;
      for (int d = 0; d < out->rank; d++)
        at += index[d] * stride[d];
      out->value[i] = root->value[at];
      if (out->bound)
        out->bound[i] = root->bound[at];
      i++;
    } while (interp_next_index(out->rank, out->shape, index));
  return LOOM_OK;
}
