/* Arguments that are loaded and stored: on a mesh a core's loads do not wait for its stores, so each place must be loaded before it is stored to. */
#include "pass/extract_private.h"

loom_status extract_refuse_reload(extract *x, MlirOperation at) {
  diag_error(x->ctx, ir_span(x->ir, at), LOOM_EUNSUP, "this loads an argument again that the kernel has stored to; on a mesh of cores loads do not wait for stores");
  diag_help(x->ctx, "keep what was stored in a variable, or store to another tensor");
  return LOOM_EUNSUP;
}

static MlirOperation op_of(const extract *x, const nest_node *node) {
  for (size_t i = 0; i < x->ops.n; i++)
    if (x->ops.at[i].node == node)
      return x->ops.at[i].op;
  return x->func;
}

/* Boxes of two views of an argument are not compared. */
static loom_status refuse_two_views(extract *x, const nest_node *a, const nest_node *b) {
  const nest_tensor *t = &x->nest->tensors.at[a->tensor];
  if (a->tensor == b->tensor || t->arg != x->nest->tensors.at[b->tensor].arg || b->kind != NEST_STORE)
    return LOOM_OK;
  EXTRACT_UNSUP(x, op_of(x, a), "argument '%s' is used in two shapes and stored to; expected one view of it", x->nest->tensors.at[t->arg].name);
}

static loom_status check_pair(extract *x, const nest_node *load, const nest_node *store) {
  int loops[NEST_LOOPS_MAX], others[NEST_LOOPS_MAX];
  size_t n = nest_enclosing(x->nest, load, loops, NEST_LOOPS_MAX), m = nest_enclosing(x->nest, store, others, NEST_LOOPS_MAX);
  for (size_t i = 0; i < n && i < m && i < NEST_LOOPS_MAX && loops[i] == others[i]; i++)
    if (nest_load_meets_store(x->nest, load, store, loops[i]))
      return extract_refuse_reload(x, op_of(x, load));
  return LOOM_OK;
}

loom_status extract_check_reloads(extract *x) {
  size_t n = nest_accesses(x->nest, NULL, 0);
  const nest_node **access = ARENA_NEW_N(x->mem, const nest_node *, n + 1);
  nest_accesses(x->nest, access, n);
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < n; k++) {
      LOOM_TRY(refuse_two_views(x, access[i], access[k]));
      if (access[i]->kind != NEST_LOAD || access[k]->kind != NEST_STORE || access[i]->tensor != access[k]->tensor)
        continue;
      LOOM_TRY(k < i ? extract_refuse_reload(x, op_of(x, access[i])) : check_pair(x, access[i], access[k]));
    }
  return LOOM_OK;
}
