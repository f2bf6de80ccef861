#include "explore/explore_private.h"

loom_status explore_check_kernel(loom_ctx *ctx, const nest *n, const machine *m, const nest_node **out_access, int *out_n) {
  if (n->n_parallel < 1)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUNSUP, "kernel %s has no parallel tile loop, so there is nothing to spread over the cores", n->kernel);
  if (n->n_parallel > PLAN_ITERS_MAX)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_ELIMIT, "kernel %s has %d parallel loops; at most %d are supported", n->kernel, n->n_parallel, PLAN_ITERS_MAX);
  if (m->mesh.n < 1 || m->mesh.n > PLAN_MESH_MAX)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUNSUP, "machine %s has a mesh of %zu dims; 1 to %d are supported", m->name, m->mesh.n, PLAN_MESH_MAX);
  size_t count = nest_accesses(n, out_access, PLAN_LOADS_MAX);
  if (count > PLAN_LOADS_MAX)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_ELIMIT, "kernel %s has %zu loads and stores; at most %d are supported", n->kernel, count, PLAN_LOADS_MAX);
  *out_n = (int)count;
  return LOOM_OK;
}

/* Sharing across the cores of iterator `iter` needs offsets that ignore it and equal trip counts on those cores. */
static bool depends_on(const nest *n, const nest_node *access, int iter) {
  if (nest_access_uses(n, access, iter))
    return true;
  int loops[NEST_LOOPS_MAX];
  size_t depth = nest_enclosing(n, access, loops, NEST_LOOPS_MAX);
  for (size_t i = 0; i < depth; i++)
    if (nest_loop_uses(n, loops[i], iter))
      return true;
  return false;
}

/* A level of size 1 never moves, so it never stops the walk; the label names the last level walked. */
void explore_widest_area(const nest *n, const machine *m, const nest_node *access, const plan_mapping *p, plan_access *out) {
  out->is_store = access->kind == NEST_STORE;
  bool stopped[PLAN_MESH_MAX] = {false};
  for (int d = 0; d < p->n_mesh; d++) {
    out->area[d] = 1;
    out->levels[d] = 0;
    out->label_level[d] = 0;
  }
  for (int l = 0; l < p->n_logical && !out->is_store && !m->lacks_sharing; l++) {
    const plan_logical *x = &p->logical[l];
    int d = x->mesh_dim;
    if (stopped[d] || (x->size > 1 && depends_on(n, access, x->iter))) {
      stopped[d] = true;
      continue;
    }
    out->area[d] *= x->size;
    out->levels[d] |= 1u << x->level;
    out->label_level[d] = x->level;
  }
  for (int d = 0; d < p->n_mesh; d++)
    out->move[d] = out->area[d] > 1 ? PLAN_MULTICAST : PLAN_UNICAST;
  for (int d = 0; d < p->n_mesh; d++)
    if (out->area[d] == 1) {      /* nothing is shared along d: the walked levels are all of size 1 */
      out->levels[d] = 0;
      out->label_level[d] = 0;
    }
}
