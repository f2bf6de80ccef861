#include "kernel/kernel_stores.h"

kernel_tensor kernel_root(const kernel_graph *k, kernel_tensor t) {
  while (t >= 0 && k->tensors.at[t].role == KERNEL_VIEW)
    t = k->tensors.at[t].base;
  return t;
}

static bool stores_to(const kernel_graph *k, const kernel_region *r, kernel_tensor root) {
  for (size_t i = 0; i < r->ops.n; i++) {
    const kernel_op *op = r->ops.at[i];
    if ((op->kind == KERNEL_STORE || op->kind == KERNEL_ATOMIC) && kernel_root(k, op->tensor) == root)
      return true;
    for (int j = 0; j < op->n_regions; j++)
      if (stores_to(k, &op->regions[j], root))
        return true;
  }
  return false;
}

bool kernel_is_stored(const kernel_graph *k, kernel_tensor root) { return stores_to(k, &k->body, root); }
