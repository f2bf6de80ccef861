#include "network/network_twins.h"
#include "kernel/kernel_same.h"
#include <string.h>

static bool same_tensor(const network_tensor *a, const network_tensor *b) {
  return a->type == b->type && a->rank == b->rank && a->elems == b->elems && !memcmp(a->shape, b->shape, (size_t)a->rank * sizeof *a->shape);
}

/* What can be seen without a look at the operations. */
static bool may_be_twins(const network_kernel *a, const network_kernel *b) {
  return !strcmp(a->op, b->op) && a->graph->tensors.n == b->graph->tensors.n && a->graph->body.ops.n == b->graph->body.ops.n;
}

/* Kernel k's tensors in the places of the graph of `first`; NULL: they are no twins. */
static int *tensors_as(arena *m, const network *net, const network_kernel *k, const network_kernel *first) {
  size_t n = first->graph->tensors.n;
  kernel_tensor *partner = ARENA_NEW_N(m, kernel_tensor, n + 1);
  int *as = ARENA_NEW_N(m, int, n + 1);
  if (!may_be_twins(k, first) || !kernel_same(m, k->graph, first->graph, false, NULL, partner))
    return NULL;
  for (size_t i = 0; i < n; i++)
    as[i] = -1;
  for (size_t i = 0; i < n; i++)
    if (k->tensor[i] >= 0 && partner[i] >= 0)
      as[partner[i]] = k->tensor[i];
  for (size_t i = 0; i < n; i++)
    if ((as[i] < 0) != (first->tensor[i] < 0) || (as[i] >= 0 && !same_tensor(&net->tensors.at[as[i]], &net->tensors.at[first->tensor[i]])))
      return NULL;
  return as;
}

network_twin *network_find_twins(arena *m, const network *net) {
  network_twin *t = ARENA_NEW_N(m, network_twin, net->kernels.n + 1);
  for (int i = 0; i < (int)net->kernels.n; i++) {
    const network_kernel *k = &net->kernels.at[i];
    t[i] = (network_twin){i, i, *k};
    for (int first = 0; first < i && t[i].first == i; first++) {
      int *as = t[first].first == first ? tensors_as(m, net, k, &net->kernels.at[first]) : NULL;
      if (!as)
        continue;
      t[i].first = first;
      t[first].last = i;
      t[i].as.graph = net->kernels.at[first].graph;
      t[i].as.tensor = as;
    }
  }
  return t;
}
