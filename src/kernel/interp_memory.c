/* Host tensors: binding, LOAD and STORE. */
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
    dense_strides(h);
  }
  return LOOM_OK;
}

/* ---- what an index list selects: one axis for each dim of the tile ---- */

enum { AXES_MAX = 2 * KERNEL_RANK_MAX };
typedef struct selection {
  const interp_host *host;
  int64_t offset;             /* of the scalars and range starts */
  int n_axes;
  int64_t count[AXES_MAX], stride[AXES_MAX];
  const double *gather[AXES_MAX];      /* positions in the tensor's dim, else 0, 1, .. */
  bool flat;                  /* one axis stands for all dims of an n-d index tensor */
  int64_t elems;
} selection;

static loom_status outside(interp *in, const kernel_op *op, int dim, int64_t at) {
  const kernel_tensor_info *t = &in->k->tensors.at[op->tensor];
  return diag_error(in->ctx, op->span, LOOM_EINPUT, "this %s touches index %" PRId64 " of dim %d of %s, which has %" PRId64 " elements",
                    kernel_op_name(op->kind), at, dim, t->name, in->host[op->tensor].shape[dim]);
}

static loom_status select_range(interp *in, const kernel_op *op, selection *s, int dim, int64_t begin, int64_t end) {
  if (end < begin)
    end = begin;
  if (begin < end && (begin < 0 || end > s->host->shape[dim]))
    return outside(in, op, dim, begin < 0 ? begin : end - 1);
  s->offset += begin * s->host->stride[dim];
  s->count[s->n_axes] = end - begin;
  s->stride[s->n_axes++] = s->host->stride[dim];
  return LOOM_OK;
}

static loom_status select_scalar(interp *in, const kernel_op *op, selection *s, int dim, const kernel_index *x) {
  int64_t at;
  if (x->value < 0) {
    LOOM_TRY(interp_size(in, op, x->begin, &at));
  } else {
    const interp_value *v = &in->slot[x->value];
    if (v->has_e && v->e[0] > 0)
      LOOM_FAIL(in->ctx, op->span, LOOM_EUNSUP, "this index depends on rounding: engines may rightly touch different elements");
    at = (int64_t)v->x[0];
  }
  if (at < 0 || at >= s->host->shape[dim])
    return outside(in, op, dim, at);
  s->offset += at * s->host->stride[dim];
  return LOOM_OK;
}

static loom_status select_gather(interp *in, const kernel_op *op, selection *s, int dim, const interp_value *v) {
  for (int64_t i = 0; i < v->elems; i++)
    if (!(v->x[i] >= 0 && v->x[i] < (double)s->host->shape[dim]))
      return outside(in, op, dim, (int64_t)v->x[i]);
  if (v->rank > 1 && s->flat)
    LOOM_FAIL(in->ctx, op->span, LOOM_EUNSUP, "several index tensors of rank 2 or more in one index are not supported");
  s->flat = s->flat || v->rank > 1;
  s->gather[s->n_axes] = v->x;
  s->count[s->n_axes] = v->elems;
  s->stride[s->n_axes++] = s->host->stride[dim];
  return LOOM_OK;
}

static loom_status select_elements(interp *in, const kernel_op *op, selection *s) {
  *s = (selection){.host = &in->host[op->tensor]};
  s->offset = s->host->offset;
  int dim = 0;
  for (int i = 0; i < op->n_index; i++) {
    const kernel_index *x = &op->index[i];
    int64_t begin = 0, end = 0;
    switch (x->kind) {
    case KERNEL_INDEX_NEW:
      s->count[s->n_axes++] = 1;
      continue;
    case KERNEL_INDEX_TILE:
      if (x->begin)
        LOOM_TRY(interp_size(in, op, x->begin, &begin));
      LOOM_TRY(select_range(in, op, s, dim, in->tile[x->value].begin + begin, in->tile[x->value].end + begin));
      break;
    case KERNEL_INDEX_ALL:
      LOOM_TRY(select_range(in, op, s, dim, 0, s->host->shape[dim]));
      break;
    case KERNEL_INDEX_SLICE:
      LOOM_TRY(interp_size(in, op, x->begin, &begin));
      LOOM_TRY(interp_size(in, op, x->end, &end));
      LOOM_TRY(select_range(in, op, s, dim, begin, end));
      break;
    case KERNEL_INDEX_SCALAR:
      LOOM_TRY(select_scalar(in, op, s, dim, x));
      break;
    case KERNEL_INDEX_TENSOR:
      LOOM_TRY(select_gather(in, op, s, dim, &in->slot[x->value]));
      break;
    }
    dim++;
  }
  s->elems = 1;
  for (int a = 0; a < s->n_axes; a++)
    s->elems *= s->count[a];
  return LOOM_OK;
}

/* Where the element at `index` (one entry an axis) lies in the root tensor. */
static int64_t element_offset(const selection *s, const int64_t *index) {
  int64_t at = s->offset;
  for (int a = 0; a < s->n_axes; a++)
    at += (s->gather[a] ? (int64_t)s->gather[a][index[a]] : index[a]) * s->stride[a];
  return at;
}

/* ---- LOAD, STORE ---- */

loom_status interp_load(interp *in, const kernel_op *op) {
  selection s;
  interp_value *out;
  LOOM_TRY(select_elements(in, op, &s));
  LOOM_TRY(interp_result(in, op, 0, &out));
  if (out->elems != s.elems)
    LOOM_FAIL(in->ctx, op->span, LOOM_EBUG, "this load selects %" PRId64 " elements of %s and its type has %" PRId64, s.elems,
              in->k->tensors.at[op->tensor].name, out->elems);
  if (s.elems == 0)
    return LOOM_OK;
  const interp_tensor *root = s.host->root;
  if (root->bound)
    interp_need_bounds(in, out, false);
  /* The last axis is a run unless it gathers. */
  int64_t index[AXES_MAX] = {0}, i = 0;
  int outer = s.n_axes && !s.gather[s.n_axes - 1] ? s.n_axes - 1 : s.n_axes;
  int64_t run = outer < s.n_axes ? s.count[outer] : 1, step = outer < s.n_axes ? s.stride[outer] : 0;
  do {
    int64_t at = element_offset(&s, index);
    for (int64_t c = 0; c < run; c++)
      out->x[i + c] = root->value[at + c * step];
    for (int64_t c = 0; c < run && out->has_e; c++)
      out->e[i + c] = root->bound[at + c * step];
    i += run;
  } while (interp_next_index(outer, s.count, index));
  return LOOM_OK;
}

static void need_host_bounds(interp *in, interp_tensor *t) {
  if (!t->bound)
    t->bound = ARENA_NEW_N(&in->ctx->mem, double, t->elems);
}

loom_status interp_store(interp *in, const kernel_op *op) {
  selection s;
  interp_value *v;
  LOOM_TRY(interp_operand(in, op, 0, &v));
  LOOM_TRY(select_elements(in, op, &s));
  interp_tensor *root = s.host->root;
  int64_t stride[AXES_MAX] = {0};
  bool dense = v->elems == s.elems;
  if (!dense) {
    if (s.flat || s.n_axes > KERNEL_RANK_MAX)
      LOOM_FAIL(in->ctx, op->span, LOOM_EUNSUP, "a store through an index tensor of rank 2 or more can't broadcast its value");
    LOOM_TRY(interp_check_broadcast(in, op, v, s.n_axes, s.count));
    interp_broadcast_strides(v, s.n_axes, s.count, stride);
  }
  if (s.elems == 0)
    return LOOM_OK;
  if (in->bounds && v->has_e)
    need_host_bounds(in, root);
  int64_t index[AXES_MAX] = {0}, i = 0;
  do {
    int64_t from = i++, at = element_offset(&s, index);
    if (!dense) {
      from = 0;
      for (int a = 0; a < s.n_axes; a++)
        from += index[a] * stride[a];
    }
    double x = v->x[from], e = v->has_e ? v->e[from] : 0;
    if (v->type != root->type) {
      if (!dtype_is_float(root->type))
        x = trunc(x);
      if (in->bounds && dtype_is_float(root->type))
        x = interp_round_bounded(root->type, x, &e);
      else
        x = interp_round(root->type, x);
      if (e > 0)
        need_host_bounds(in, root);
    }
    root->value[at] = x;
    if (root->bound)
      root->bound[at] = e;
  } while (interp_next_index(s.n_axes, s.count, index));
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
