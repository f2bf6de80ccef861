/* Places that tensors say, before code of this CPU uses them: it does not look, and what is outside is other memory.  (Chips and NPUs tell of it themselves.) */
#include "compile_network_private.h"

typedef struct places { network_run *n; const network_kernel *k; } places;

/* The load of whole numbers that an index is, maybe in other dims or of another type; NULL: it is computed, or only where a mask says so. */
static const kernel_op *load_of(const kernel_graph *g, kernel_value v) {
  const kernel_op *def = g->values.at[v].def;
  while (def && (def->kind == KERNEL_CAST || def->kind == KERNEL_BROADCAST || def->kind == KERNEL_RESHAPE || def->kind == KERNEL_PERMUTE))
    def = g->values.at[def->operands[0]].def;
  const bool has_mask = def && def->kind == KERNEL_LOAD && def->n_operands > 0 && def->operands[0] >= 0;
  return def && def->kind == KERNEL_LOAD && !has_mask ? def : NULL;
}

static bool is_masked(const kernel_op *op) {
  const int mask = op->kind == KERNEL_LOAD ? 0 : 1;
  return op->n_operands > mask && op->operands[mask] >= 0;
}

/* All elements of tensor t, a view or an argument itself: the first that is not 0..size-1, in *out.  False: there is none. */
static loom_status find_outside(const places *p, kernel_tensor t, int64_t size, bool *found, int64_t *out) {
  const kernel_graph *g = p->k->graph;
  const kernel_tensor_info *info = &g->tensors.at[t];
  const bool is_view = info->role == KERNEL_VIEW;
  const kernel_tensor root = is_view ? info->base : t;
  int64_t extent[KERNEL_RANK_MAX], stride[KERNEL_RANK_MAX], index[KERNEL_RANK_MAX] = {0}, at = 0, elems = 1;
  *found = false;
  if (g->tensors.at[root].role != KERNEL_ARG || p->k->tensor[root] < 0)
    return LOOM_OK;
  for (int d = info->shape.rank - 1; d >= 0; d--) {
    LOOM_TRY(kernel_size(p->n->ctx, g, info->shape.dim[d], NULL, 0, &extent[d]));
    stride[d] = elems;
    elems *= extent[d];
    if (is_view)
      LOOM_TRY(kernel_size(p->n->ctx, g, info->stride[d], NULL, 0, &stride[d]));
  }
  if (is_view)
    LOOM_TRY(kernel_size(p->n->ctx, g, info->offset, NULL, 0, &at));
  const char *bytes = p->n->bytes[p->k->tensor[root]];
  for (int64_t i = 0; i < elems && !*found; i++) {
    const double v = dtype_load(info->shape.type, bytes + (size_t)at * dtype_bytes(info->shape.type));
    *found = !(v >= 0 && v < (double)size);
    *out = (int64_t)v;
    for (int d = info->shape.rank - 1; d >= 0; d--) {
      at += stride[d];
      if (++index[d] < extent[d])
        break;
      at -= stride[d] * extent[d];
      index[d] = 0;
    }
  }
  return LOOM_OK;
}

static loom_status check_access(const places *p, const kernel_op *op) {
  const kernel_graph *g = p->k->graph;
  for (int i = 0, dim = 0; i < op->n_index && !is_masked(op); dim += op->index[i++].kind != KERNEL_INDEX_NEW) {
    const kernel_op *load = op->index[i].kind == KERNEL_INDEX_TENSOR ? load_of(g, op->index[i].value) : NULL;
    int64_t size, at;
    bool found;
    if (!load)
      continue;
    LOOM_TRY(kernel_size(p->n->ctx, g, g->tensors.at[op->tensor].shape.dim[dim], NULL, 0, &size));
    LOOM_TRY(find_outside(p, load->tensor, size, &found, &at));
    if (found)
      LOOM_FAIL(p->n->ctx, op->span, LOOM_EINPUT, "the index %" PRId64 " is outside of dim %d of %s, which has %" PRId64 " elements", at, dim, g->tensors.at[op->tensor].name, size);
  }
  return LOOM_OK;
}

static loom_status check_region(const places *p, const kernel_region *r) {
  for (size_t i = 0; i < r->ops.n; i++) {
    const kernel_op *op = r->ops.at[i];
    if (op->kind == KERNEL_LOAD || op->kind == KERNEL_STORE || op->kind == KERNEL_ATOMIC)
      LOOM_TRY(check_access(p, op));
    for (int k = 0; k < op->n_regions; k++)
      LOOM_TRY(check_region(p, &op->regions[k]));
  }
  return LOOM_OK;
}

loom_status network_check_places(network_run *n, const network_kernel *k) {
  const places p = {n, k};
  return check_region(&p, &k->graph->body);
}
