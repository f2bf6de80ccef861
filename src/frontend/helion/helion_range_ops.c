/* Table rows of loops: hl.tile, hl.grid, range, block sizes, barriers. */
#include "frontend/helion/helion_device.h"
#include "frontend/helion/helion_ops.h"

static bool bound(helion_reader *r, const helion_call *c, const helion_value *v, const sym_expr **out) {
  if (v->kind == HELION_INT) {
    *out = v->size;
    return true;
  }
  if (v->kind != HELION_UNKNOWN)
    helion_fail(r, c->node, v->kind == HELION_DEVICE ? LOOM_EUNSUP : LOOM_EINPUT, "bounds are sizes of arguments and ints",
                "%s as a bound of a loop", helion_describe(r, v));
  return false;
}

static bool block_size(helion_reader *r, const helion_call *c, const helion_value *v, int *out) {
  int64_t fixed;
  *out = -1;
  if (v->kind == HELION_NONE)
    return true;
  int s = v->kind == HELION_INT ? helion_symbol_of(r, v->size) : -1;
  if (s >= 0 && r->symbols.at[s].kind == KERNEL_SYM_BLOCK) {
    *out = s;
    return true;
  }
  if (helion_known_int(r, v, &fixed) && fixed >= 1) {
    *out = helion_symbol_new(r, KERNEL_SYM_BLOCK, NULL, fixed, c->node);
    return true;
  }
  if (v->kind != HELION_UNKNOWN)
    helion_fail(r, c->node, v->kind == HELION_INT && !helion_known_int(r, v, &fixed) ? LOOM_EUNSUP : LOOM_EINPUT,
                "a block size is a positive int or comes from hl.register_block_size", "%s as a block size", helion_describe(r, v));
  return false;
}

static helion_value make_loop(helion_reader *r, const helion_call *c, helion_loop_kind kind, const helion_value *begin,
                              const helion_value *end, const helion_value *step) {
  helion_loop *l = ARENA_NEW(r->mem, helion_loop);
  size_t n = helion_item_count(end);
  l->kind = kind;
  l->is_list = end->kind == HELION_SEQ;
  l->n = (int)n;
  if (n < 1 || n > KERNEL_RANK_MAX)
    return helion_fail(r, c->node, n ? LOOM_ELIMIT : LOOM_EINPUT, NULL, "a loop over %zu ranges; 1 to %d are allowed", n, KERNEL_RANK_MAX);
  if ((begin && begin->kind == HELION_SEQ && begin->seq.n != n) || (step && step->kind == HELION_SEQ && step->seq.n != n))
    return helion_fail(r, c->node, LOOM_EINPUT, "give the same number of begins, ends and block sizes",
                       "the lists of this loop have different lengths");
  for (size_t i = 0; i < n; i++) {
    helion_range *range = &l->range[i];
    range->begin = sym_const(r->mem, 0);
    range->block = -1;
    if ((begin && !bound(r, c, helion_item(begin, i), &range->begin)) || !bound(r, c, helion_item(end, i), &range->end))
      return helion_unknown();
    if (step && kind == HELION_LOOP_TILE ? !block_size(r, c, helion_item(step, i), &range->block)
                                         : step && step->kind != HELION_NONE && !bound(r, c, helion_item(step, i), &range->step))
      return helion_unknown();
  }
  return (helion_value){.kind = HELION_LOOP, .loop = l};
}

/* hl.tile(end), (begin, end), (begin, end, block_size) and block_size= */
static helion_value loop_of(helion_reader *r, const helion_call *c, helion_loop_kind kind) {
  bool has_end = c->given[1] && c->arg[1].kind != HELION_NONE;
  return make_loop(r, c, kind, has_end ? &c->arg[0] : NULL, has_end ? &c->arg[1] : &c->arg[0], c->given[2] ? &c->arg[2] : NULL);
}

helion_value helion_do_tile_range(helion_reader *r, const helion_call *c) { return loop_of(r, c, HELION_LOOP_TILE); }
helion_value helion_do_grid(helion_reader *r, const helion_call *c) { return loop_of(r, c, HELION_LOOP_GRID); }
helion_value helion_do_range(helion_reader *r, const helion_call *c) { return loop_of(r, c, HELION_LOOP_RANGE); }

helion_value helion_do_register_block(helion_reader *r, const helion_call *c) {
  const helion_value *max = c->given[1] ? &c->arg[1] : &c->arg[0];
  if (max->kind != HELION_INT)
    return helion_fail(r, c->node, LOOM_EINPUT, "give the size of the range it will tile", "%s as the bound of a block size",
                       helion_describe(r, max));
  int s = helion_symbol_new(r, KERNEL_SYM_BLOCK, "block", -1, c->node);
  r->symbols.at[s].extent = max->size;
  return helion_size(helion_symbol_expr(r, s));
}

helion_value helion_do_block_size(helion_reader *r, const helion_call *c) { return helion_size(helion_symbol_expr(r, c->arg[0].tile.block)); }

helion_value helion_do_barrier(helion_reader *r, const helion_call *c) {
  if (r->region)
    return helion_fail(r, c->node, LOOM_EINPUT, "put it between two top-level loops", "hl.barrier() inside of a tile loop");
  kernel_add_op(r->mem, r->graph, &r->graph->body, KERNEL_BARRIER, 0, NULL, 0, NULL)->span = c->node->span;
  return helion_none();
}

