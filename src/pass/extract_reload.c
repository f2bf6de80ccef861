/* Arguments that are loaded and stored: on a mesh a core's loads do not wait for its stores, nor its stores for its loads, so each place must be loaded, and what was loaded used,
 * before it is stored to. */
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

static bool reads(const nest_node *x, int value) {
  for (size_t i = 0; i < x->inputs.n; i++)
    if (x->inputs.at[i] == value)
      return true;
  return x->kind == NEST_STORE && x->value == value;
}

/* Goes on in program order up to the store; true: it is inside of `b`.  A core computes in order, and waits for a load where it reads what was loaded: its stores behind that
 * come later than the load.  A loop may take no turn, which reads nothing. */
static bool find_reader(const nest_body *b, const nest_node *load, const nest_node *store, bool *is_loaded, bool *is_read) {
  for (size_t i = 0; i < b->n; i++) {
    const nest_node *x = b->at[i];
    const bool was_loaded = *is_loaded, was_read = *is_read;
    *is_loaded |= x == load;
    *is_read |= was_loaded && reads(x, load->value);
    if (x == store || (x->kind == NEST_LOOP && find_reader(&x->body, load, store, is_loaded, is_read)))
      return true;
    if (x->kind == NEST_LOOP && was_loaded)
      *is_read = was_read;
  }
  return false;
}

static loom_status check_is_read(extract *x, const nest_node *load, const nest_node *store) {
  bool is_loaded = false, is_read = false;
  if (!find_reader(&x->nest->body, load, store, &is_loaded, &is_read) || !is_loaded || is_read)
    return LOOM_OK;
  diag_error(x->ctx, ir_span(x->ir, op_of(x, store)), LOOM_EUNSUP, "this stores to an argument before anything is computed from what was loaded of it; on a mesh of cores stores do not wait for loads");
  diag_help(x->ctx, "compute with what was loaded before the store, or store to another tensor");
  return LOOM_EUNSUP;
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
      LOOM_TRY(check_is_read(x, access[i], access[k]));
    }
  return LOOM_OK;
}
