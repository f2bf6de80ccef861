/* DRAM traffic of the whole machine.  One pass over the accessed part of a tensor moves each of its elements once (tiles are clamped at the
 * edges); it repeats for every iteration of the enclosing loops that the access does not move with.  A parallel loop repeats it on all its
 * cores, surplus ones too, divided by the cores that share a transfer. */
#include "base/text.h"
#include "model/model_private.h"

/* Cores of parallel loop `iter` that one transfer of `a` serves. */
static int64_t shared_cores(const plan_mapping *p, const plan_access *a, int iter) {
  int64_t cores = 1;
  for (int l = 0; l < p->n_logical; l++) {
    const plan_logical *x = &p->logical[l];
    if (x->iter == iter && (a->levels[x->mesh_dim] & 1u << x->level))
      cores *= x->size;
  }
  return cores;
}

/* Elements all iterations of the loops together touch along dim d: the loop's extent when its tiles lie side by side. */
static const sym_expr *dim_span(const modeler *b, const nest_access_dim *d) {
  arena *m = &b->ctx->mem;
  if (d->loop < 0)
    return model_bound_iterators(b, d->size);
  const nest_loop *l = &b->n->loops.at[d->loop];
  const sym_expr *extent = model_bound_iterators(b, l->extent);
  if (d->size->op == SYM_SYM && text_eq(d->size->name, l->block))
    return extent;
  return sym_mul(m, sym_ceildiv(m, extent, sym_name(m, l->block)), model_bound_iterators(b, d->size));
}

static const sym_expr *access_bytes(const modeler *b, const nest_node *x, const plan_access *a) {
  arena *m = &b->ctx->mem;
  const sym_expr *bytes = sym_const(m, (int64_t)dtype_bytes(b->n->tensors.at[x->tensor].type));
  bool is_direct[NEST_LOOPS_MAX] = {false};
  for (int d = 0; d < x->n_dims; d++) {
    bytes = sym_mul(m, bytes, dim_span(b, &x->dim[d]));
    if (x->dim[d].loop >= 0)
      is_direct[x->dim[d].loop] = true;
  }
  int loops[NEST_LOOPS_MAX];
  size_t depth = nest_enclosing(b->n, x, loops, NEST_LOOPS_MAX);
  for (size_t i = 0; i < depth && i < NEST_LOOPS_MAX; i++)
    if (!is_direct[loops[i]])
      bytes = sym_mul(m, bytes, model_loop_trips(b, loops[i]));
  for (int p = 0; p < b->n->n_parallel; p++)
    if (!is_direct[p] && p != x->only_first) {
      int64_t readers = plan_iter_cores(&b->c->mapping, p) / shared_cores(&b->c->mapping, a, p);
      bytes = sym_mul(m, bytes, sym_mul(m, model_loop_trips(b, p), sym_const(m, readers)));
    }
  return bytes;
}

const sym_expr *model_dram_bytes(const modeler *b) {
  arena *m = &b->ctx->mem;
  const nest_node *access[PLAN_LOADS_MAX];
  size_t n = nest_accesses(b->n, access, PLAN_LOADS_MAX);
  const sym_expr *e = sym_const(m, 0);
  for (size_t i = 0; i < n && i < PLAN_LOADS_MAX && (int)i < b->c->n_access; i++)
    e = sym_add(m, e, access_bytes(b, access[i], &b->c->access[i]));
  return e;
}
