/* Kernels that read nothing but constants run here, once, by the interpreter: factors of norms with learned statistics, weights in another order. */
#include "kernel/interp.h"
#include "kernel/kernel_stores.h"
#include "network/net_private.h"

enum { FOLDED_ELEMS_MAX = 1 << 18, FOLDED_FLOPS_MAX = 1 << 21 };      /* of a kernel: what takes longer is for the machine */

/* Is the tensor a result, or changed by a kernel that did not make it? */
static bool is_changed(const network *net, int tensor) {
  for (size_t i = 0; i < net->results.n; i++)
    if (net->results.at[i].tensor == tensor)
      return true;
  for (size_t i = 0; i < net->kernels.n; i++) {
    const network_kernel *k = &net->kernels.at[i];
    for (size_t t = 0; t < k->graph->tensors.n; t++)
      if (k->tensor[t] == tensor && k->graph->tensors.at[t].role == KERNEL_ARG && kernel_is_stored(k->graph, (kernel_tensor)t))
        return true;
  }
  return false;
}

static bool is_foldable(const network *net, const network_kernel *k) {
  int64_t elems = 0;
  for (size_t t = 0; t < k->graph->tensors.n; t++) {
    const kernel_tensor_role role = k->graph->tensors.at[t].role;
    if (role == KERNEL_VIEW)
      continue;
    const network_tensor *x = &net->tensors.at[k->tensor[t]];
    elems += x->elems;
    if (role == KERNEL_ARG ? x->role != NETWORK_CONSTANT : is_changed(net, k->tensor[t]))
      return false;
  }
  return elems <= FOLDED_ELEMS_MAX && k->flops <= FOLDED_FLOPS_MAX;
}

static interp_tensor contents_of(arena *m, const network_tensor *t) {
  interp_tensor x = {.type = t->type, .rank = t->rank ? t->rank : 1, .shape = {1}, .elems = t->elems, .value = ARENA_NEW_N(m, double, t->elems + 1)};
  memcpy(x.shape, t->shape, (size_t)t->rank * sizeof *t->shape);
  for (int64_t i = 0; i < x.elems; i++)
    x.value[i] = dtype_load(t->type, (const char *)t->bytes + (size_t)i * dtype_bytes(t->type));
  return x;
}

/* What the kernel makes are constants from here on; their bounds are kept, for those who compute it themselves. */
static loom_status fold(net_reader *r, const network_kernel *k) {
  const kernel_graph *g = k->graph;
  interp_tensor *t = ARENA_NEW_N(r->mem, interp_tensor, g->tensors.n);
  for (size_t i = 0; i < g->tensors.n; i++)
    if (g->tensors.at[i].role == KERNEL_ARG) {
      const network_tensor *x = &r->net->tensors.at[k->tensor[i]];
      t[i] = x->computed ? *x->computed : contents_of(r->mem, x);
    }
  LOOM_TRY(interp_run(r->ctx, g, t, &(interp_options){.op_budget = -1}));
  for (size_t i = 0; i < g->tensors.n; i++) {
    if (g->tensors.at[i].role != KERNEL_ALLOC)
      continue;
    network_tensor *x = &r->net->tensors.at[k->tensor[i]];
    interp_tensor *kept = ARENA_NEW(r->mem, interp_tensor);
    *kept = t[i];
    x->role = NETWORK_CONSTANT;
    x->computed = kept;
    x->bytes = arena_array(r->mem, (size_t)x->elems + 1, dtype_bytes(x->type));
    for (int64_t e = 0; e < x->elems; e++)
      dtype_store(x->type, (char *)x->bytes + (size_t)e * dtype_bytes(x->type), t[i].value[e]);
  }
  return LOOM_OK;
}

loom_status net_fold_constants(net_reader *r) {
  network *net = r->net;
  size_t left = 0;
  for (size_t i = 0; i < net->kernels.n; i++) {
    network_kernel k = net->kernels.at[i];
    if (is_foldable(net, &k)) {
      LOOM_TRY(fold(r, &k));
      continue;
    }
    k.graph->name = arena_printf(r->mem, "%s_%zu_%s", net->name, left, k.op);
    net->kernels.at[left++] = k;
  }
  net->kernels.n = left;
  return LOOM_OK;
}
