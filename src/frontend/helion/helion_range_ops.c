/* Table rows of loops: hl.tile, hl.grid, range, block sizes, barriers. */
#include "frontend/helion/helion_device.h"
#include "frontend/helion/helion_rules.h"
#include "frontend/helion/helion_ops.h"

static bool is_index(const kernel_type *t) { return t->rank == 0 && !dtype_is_float(t->type) && t->type != DTYPE_BOOL; }

/* A 0-d integer on the device or a 0-d host tensor: bound to a size where the loop begins. */
static bool runtime_bound(helion_reader *r, const helion_call *c, const helion_value *v, const sym_expr **out) {
  kernel_type t;
  if ((v->kind != HELION_DEVICE && v->kind != HELION_TENSOR) || !helion_type_of(r, v, &t) || !is_index(&t))
    return false;
  kernel_region *outer = r->region;
  r->region = outer ? outer : &r->graph->body;
  kernel_value x = v->device;
  if (v->kind == HELION_TENSOR) {
    x = helion_emit(r, c->node, KERNEL_LOAD, 0, NULL, &t);
    helion_def(r, x)->tensor = v->tensor;
  }
  *out = helion_runtime_size(r, c->node, x);
  r->region = outer;
  return true;
}

static bool bound(helion_reader *r, const helion_call *c, const helion_value *v, const sym_expr **out) {
  if (v->kind == HELION_INT) {
    *out = v->size;
    return true;
  }
  if (runtime_bound(r, c, v, out))
    return true;
  if (v->kind == HELION_TILE)
    helion_fail(r, c->node, LOOM_EINPUT, "hl.tile(tile.begin, tile.end) splits a tile", "a tile as a bound of a loop");
  else if (v->kind != HELION_UNKNOWN)
    helion_fail(r, c->node, LOOM_EINPUT, "bounds are sizes of arguments, ints and 0-d integer tensors", "%s as a bound of a loop",
                helion_describe(r, v));
  return false;
}

static bool block_size(helion_reader *r, const helion_call *c, const helion_value *v, int *out) {
  int64_t fixed;
  *out = -1;
  if (v->kind == HELION_NONE)
    return true;
  int s = v->kind == HELION_INT ? helion_block_of(r, v->size) : -1;
  if (s >= 0) {
    *out = s;
    return true;
  }
  if (helion_known_int(r, v, &fixed) && fixed >= 1) {
    *out = helion_symbol_new(r, KERNEL_SYM_BLOCK, NULL, fixed, c->node);
    return true;
  }
  if (v->kind != HELION_UNKNOWN)
    helion_fail(r, c->node, v->kind == HELION_INT && !helion_peek(r, v->size, &fixed) ? LOOM_EUNSUP : LOOM_EINPUT,
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
    return helion_fail(r, c->node, n ? LOOM_ELIMIT : LOOM_EINPUT, "tile the first dimensions here and the others in a loop inside", "a loop over %zu ranges; 1 to %d are allowed", n, KERNEL_RANK_MAX);
  if ((begin && begin->kind == HELION_SEQ && begin->seq.n != n) || (step && step->kind == HELION_SEQ && step->seq.n != n))
    return helion_fail(r, c->node, LOOM_EINPUT, "give the same number of begins, ends and block sizes",
                       "the lists of this loop have different lengths");
  for (size_t i = 0; i < n; i++) {
    helion_range *range = &l->range[i];
    range->begin = sym_const(r->mem, 0);
    range->block = -1;
    range->parent = -1;
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
helion_value helion_do_range(helion_reader *r, const helion_call *c) {
  return loop_of(r, c, c->fn->detail ? HELION_LOOP_STATIC : HELION_LOOP_RANGE);
}

/* The longest of the lengths. */
static kernel_value longest(helion_reader *r, const helion_call *c, kernel_value lengths) {
  kernel_type t = {.type = helion_type(r, lengths)->type};
  kernel_value v = helion_emit(r, c->node, KERNEL_REDUCE, 1, &lengths, &t);
  helion_def(r, v)->fn = KERNEL_FN_MAX;
  helion_def(r, v)->ivalue = (1 << helion_type(r, lengths)->rank) - 1;
  return v;
}

/* hl.jagged_tile(lengths): [0, max(lengths)), and row i ends at lengths[i]. */
helion_value helion_do_jagged_tile(helion_reader *r, const helion_call *c) {
  kernel_type t;
  if (!helion_on_device(r, c->node, "hl.jagged_tile"))
    return helion_unknown();
  if (c->arg[0].kind == HELION_UNKNOWN)
    return helion_unknown();
  if (c->arg[0].kind != HELION_DEVICE || !helion_type_of(r, &c->arg[0], &t) || t.rank < 1 || dtype_is_float(t.type) || t.type == DTYPE_BOOL)
    return helion_fail(r, c->node, LOOM_EINPUT, "give the lengths of the rows, an integer tensor such as ends - starts", "hl.jagged_tile of %s",
                       helion_describe(r, &c->arg[0]));
  if (t.rank == KERNEL_RANK_MAX)   /* its mask has a dimension more */
    return helion_fail(r, c->node, LOOM_ELIMIT, "reduce or join dimensions first", "a value of more than %d dimensions", KERNEL_RANK_MAX);
  helion_loop *l = ARENA_NEW(r->mem, helion_loop);
  l->kind = HELION_LOOP_TILE;
  l->n = 1;
  kernel_value lengths = helion_mask_to(r, c->node, c->arg[0].device, 0);
  l->range[0] = (helion_range){sym_const(r->mem, 0), helion_runtime_size(r, c->node, longest(r, c, lengths)), NULL, -1, c->arg[0].device};
  return (helion_value){.kind = HELION_LOOP, .loop = l};
}

helion_value helion_do_register_block(helion_reader *r, const helion_call *c) {
  const helion_value *max = c->given[1] ? &c->arg[1] : &c->arg[0];
  if (max->kind != HELION_INT)
    return helion_fail(r, c->node, LOOM_EINPUT, "give the size of the range it will tile", "%s as the bound of a block size",
                       helion_describe(r, max));
  int64_t low = 1, high = 1;
  if ((helion_peek(r, max->size, &high) && high < 1) || (c->given[1] && helion_known_int(r, &c->arg[0], &low) && (low < 1 || low > high)))
    return helion_fail(r, c->node, LOOM_EINPUT, "register_block_size(size) or register_block_size(least, most), both positive", "a block size of at least %" PRId64 " and at most %" PRId64, low, high);
  int s = helion_symbol_new(r, KERNEL_SYM_BLOCK, "block", -1, c->node);
  r->symbols.at[s].extent = max->size;
  if (c->given[1] && helion_known_int(r, &c->arg[0], &low) && helion_known_int(r, &c->arg[1], &high) && low == high)
    r->symbols.at[s].preferred = high;
  return helion_size(helion_nominal(r, s));
}

helion_value helion_do_block_size(helion_reader *r, const helion_call *c) { return helion_size(helion_nominal(r, c->arg[0].tile.block)); }

/* tile.count: tiles of the loop. */
helion_value helion_do_tile_count(helion_reader *r, const helion_call *c) {
  const helion_tile *t = &c->arg[0].tile;
  return helion_size(sym_ceildiv(r->mem, sym_sub(r->mem, t->end, t->begin), helion_nominal(r, t->block)));
}

helion_value helion_do_barrier(helion_reader *r, const helion_call *c) {
  if (r->region)
    return helion_fail(r, c->node, LOOM_EINPUT, "put it between two top-level loops", "hl.barrier() inside of a tile loop");
  helion_pass_barrier(r, c->node);
  kernel_add_op(r->mem, r->graph, &r->graph->body, KERNEL_BARRIER, 0, NULL, 0, NULL)->span = c->node->span;
  return helion_none();
}

