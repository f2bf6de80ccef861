/* GATHER: every instance of a range gives a value, every instance gets all of them.  The grid runs once for each gather, up to it, and then
 * to its end; what comes before a gather is computed again each time, so that it must not change memory. */
#include "kernel/interp_private.h"

static bool changes_memory(const kernel_op *op) {
  if (op->kind == KERNEL_STORE || op->kind == KERNEL_ATOMIC)
    return true;
  for (int i = 0; i < op->n_regions; i++)
    for (size_t j = 0; j < op->regions[i].ops.n; j++)
      if (changes_memory(op->regions[i].ops.at[j]))
        return true;
  return false;
}

loom_status interp_open_grid(interp *in, const kernel_op *op, const int64_t *trips, interp_grid *g) {
  const kernel_region *r = &op->regions[0];
  bool changed = false;
  int64_t instances = 1;
  *g = (interp_grid){.op = op};
  for (size_t i = 0; i < r->ops.n; i++)
    g->n_gathers += r->ops.at[i]->kind == KERNEL_GATHER;
  for (int i = 0; i < op->n_ranges; i++)
    instances *= g->trips[i] = trips[i];
  if (!g->n_gathers)
    return LOOM_OK;
  g->gather = ARENA_NEW_N(&in->ctx->scratch, const kernel_op *, g->n_gathers);
  g->saved = ARENA_NEW_N(&in->ctx->scratch, interp_value *, g->n_gathers);
  for (size_t i = 0, n = 0; i < r->ops.n; i++) {
    if (r->ops.at[i]->kind == KERNEL_GATHER && changed)
      LOOM_FAIL(in->ctx, r->ops.at[i]->span, LOOM_EUNSUP, "a gather behind a store of the same loop");
    changed = changed || changes_memory(r->ops.at[i]);
    if (r->ops.at[i]->kind != KERNEL_GATHER)
      continue;
    g->saved[n] = ARENA_NEW_N(&in->ctx->scratch, interp_value, instances);
    g->gather[n++] = r->ops.at[i];
  }
  return LOOM_OK;
}

static int64_t instance(const interp_grid *g, const int64_t *at) {
  int64_t n = 0;
  for (int i = 0; i < g->op->n_ranges; i++)
    n = n * g->trips[i] + at[i];
  return n;
}

void interp_save_gathered(interp *in, interp_grid *g) {
  if (in->watch)
    in->watch->gave(in->watch->data, g->gather[g->pass], instance(g, g->at), g->gather[g->pass]->operands[0]);
  interp_copy(in, &g->saved[g->pass][instance(g, g->at)], &in->slot[g->gather[g->pass]->operands[0]]);
}

loom_status interp_gather(interp *in, const kernel_op *op) {
  const interp_grid *g = in->grid;
  int which = 0, range = 0;
  while (g && which < g->n_gathers && g->gather[which] != op)
    which++;
  if (!g || which == g->n_gathers)
    LOOM_FAIL(in->ctx, op->span, LOOM_EUNSUP, "a gather inside of a loop or branch");
  while (range < g->op->n_ranges && g->op->regions[0].params.at[range] != op->operands[1])
    range++;
  if (range == g->op->n_ranges)
    LOOM_FAIL(in->ctx, op->span, LOOM_EBUG, "a gather over a range that is not one of its grid");
  int64_t at[KERNEL_RANK_MAX], n = g->trips[range], shape[KERNEL_RANK_MAX];
  memcpy(at, g->at, sizeof at);
  const interp_value *first = &g->saved[which][instance(g, at)];
  interp_value *out = &in->slot[op->results[0]];
  shape[0] = n;
  if (first->rank + 1 > KERNEL_RANK_MAX)
    LOOM_FAIL(in->ctx, op->span, LOOM_ELIMIT, "a gather of a value of rank %d", first->rank);
  memcpy(shape + 1, first->shape, (size_t)first->rank * sizeof *shape);
  interp_reserve(in, out, first->type, first->rank + 1, shape);
  for (at[range] = 0; at[range] < n; at[range]++) {
    const interp_value *v = &g->saved[which][instance(g, at)];
    if (in->watch)
      in->watch->got(in->watch->data, op, instance(g, at));
    if (v->elems != first->elems)
      LOOM_FAIL(in->ctx, op->span, LOOM_EUNSUP, "the gathered tiles have different sizes; choose a block size that divides the extent");
    memcpy(out->x + at[range] * v->elems, v->x, (size_t)v->elems * sizeof *v->x);
    if (v->has_e) {
      interp_need_bounds(in, out, true);
      memcpy(out->e + at[range] * v->elems, v->e, (size_t)v->elems * sizeof *v->e);
    }
  }
  return LOOM_OK;
}
