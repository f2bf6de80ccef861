/* Sums over a grid.  `hl.atomic_add(out, [tile_m, tile_n], part)` under hl.tile([m, n, k]) adds what all tiles of k have made to one part of `out`, in any order.  A mesh has no
 * atomic operations; but where `out` begins with zeros and nothing else touches it, the same is
 *
 *     parts = gather(tile_k, part)
 *     if tile_k.id == 0:
 *         out[tile_m, tile_n] = parts.sum(0)
 *
 * and where every tile has a part of its own, a store. */
#include "lower/lower_private.h"

typedef struct summing { arena *mem; const kernel_graph *from; kernel_graph *to; kernel_region *region; loom_span span; } summing;

static bool is_touched_beside(const kernel_graph *k, const kernel_region *r, kernel_tensor root, const kernel_op *only) {
  for (size_t i = 0; i < r->ops.n; i++) {
    const kernel_op *op = r->ops.at[i];
    if (op != only && op->tensor >= 0 && lower_root(k, op->tensor) == root)
      return true;
    for (int j = 0; j < op->n_regions; j++)
      if (is_touched_beside(k, &op->regions[j], root, only))
        return true;
  }
  return false;
}

/* The range that index i names: its tiles, not shifted, cover the dim from its first to its last element. */
static int range_of(const kernel_graph *k, const kernel_op *grid, const kernel_op *atomic, int i) {
  const kernel_index *x = &atomic->index[i];
  int64_t begin;
  for (int r = 0; x->kind == KERNEL_INDEX_TILE && !x->begin && r < grid->n_ranges; r++)
    if (grid->regions[0].params.at[r] == x->value)
      return sym_is_const(grid->ranges[r].begin, &begin) && begin == 0 && sym_equal(grid->ranges[r].end, k->tensors.at[atomic->tensor].shape.dim[i]) ? r : -1;
  return -1;
}

/* Can the atomic be written so?  *range: whose tiles add to one part; -1: each tile has its own. */
static bool is_sum(const kernel_graph *k, const kernel_op *grid, const kernel_op *op, int *range) {
  if (op->kind != KERNEL_ATOMIC || op->fn != KERNEL_FN_ADD || (op->n_operands > 1 && op->operands[1] >= 0))
    return false;
  const kernel_tensor_info *t = &k->tensors.at[op->tensor];
  if (t->role != KERNEL_ALLOC || t->fill != KERNEL_FILL_ZERO || is_touched_beside(k, &k->body, op->tensor, op) || op->n_index != t->shape.rank)
    return false;
  unsigned named = 0;
  for (int i = 0; i < op->n_index; i++) {
    const int r = range_of(k, grid, op, i);
    if (r < 0 || (named & 1u << r))
      return false;
    named |= 1u << r;
  }
  *range = -1;
  for (int r = 0; r < grid->n_ranges; r++) {
    if (named & 1u << r)
      continue;
    if (*range >= 0 || !grid->ranges[r].block)
      return false;
    *range = r;
  }
  return true;
}

/* The old values of an atomic that is a sum are not the sum's: nothing may ask for them. */
static bool is_used(const kernel_region *r, kernel_value v) {
  for (size_t i = 0; i < r->ops.n; i++) {
    const kernel_op *op = r->ops.at[i];
    for (int j = 0; j < op->n_operands; j++)
      if (op->operands[j] == v)
        return true;
    for (int j = 0; j < op->n_index; j++)
      if (op->index[j].value == v)
        return true;
    for (int j = 0; j < op->n_regions; j++)
      if (is_used(&op->regions[j], v))
        return true;
  }
  return false;
}

static kernel_op *add(const summing *s, kernel_region *r, kernel_op_kind kind, int n_operands, const kernel_value *operands, const kernel_type *result) {
  kernel_op *op = kernel_add_op(s->mem, s->to, r, kind, n_operands, operands, result ? 1 : 0, result);
  op->span = s->span;
  return op;
}

static void add_store(const summing *s, kernel_region *r, const kernel_op *atomic, kernel_value v) {
  kernel_op *store = add(s, r, KERNEL_STORE, 1, &v, NULL);
  store->tensor = atomic->tensor;
  store->index = atomic->index;
  store->n_index = atomic->n_index;
}

static kernel_type part_type(const summing *s, const kernel_op *atomic) {
  kernel_type t = {.type = s->from->tensors.at[atomic->tensor].shape.type, .rank = atomic->n_index};
  for (int i = 0; i < atomic->n_index; i++)
    t.dim[i] = sym_name(s->mem, s->from->values.at[atomic->index[i].value].block);
  return t;
}

/* The value in the tensor's type, with all dims of the part. */
static kernel_value adapted(const summing *s, kernel_value v, const kernel_type *t) {
  const kernel_type *is = &s->from->values.at[v].type;
  kernel_type cast = *is;
  bool same = is->rank == t->rank;
  for (int d = 0; same && d < t->rank; d++)
    same = sym_equal(is->dim[d], t->dim[d]);
  cast.type = t->type;
  if (is->type != t->type)
    v = add(s, s->region, KERNEL_CAST, 1, &v, &cast)->results[0];
  return same ? v : add(s, s->region, KERNEL_BROADCAST, 1, &v, t)->results[0];
}

static void add_sum(const summing *s, const kernel_op *grid, const kernel_op *atomic, int range) {
  arena *m = s->mem;
  const kernel_range *over = &grid->ranges[range];
  const kernel_value tile = grid->regions[0].params.at[range];
  const kernel_type part = part_type(s, atomic), number = {.type = DTYPE_I64}, truth = {.type = DTYPE_BOOL};
  kernel_type all = {.type = part.type, .rank = part.rank + 1};
  all.dim[0] = sym_ceildiv(m, sym_sub(m, over->end, over->begin), sym_name(m, kernel_nominal(m, s->to, over->block)));
  memcpy(&all.dim[1], part.dim, sizeof part.dim - sizeof part.dim[0]);
  const kernel_value parts = add(s, s->region, KERNEL_GATHER, 2, (kernel_value[]){adapted(s, atomic->operands[0], &part), tile}, &all)->results[0];
  const kernel_value id = add(s, s->region, KERNEL_TILE_ID, 1, &tile, &number)->results[0], zero = add(s, s->region, KERNEL_CONSTANT, 0, NULL, &number)->results[0];
  kernel_op *is_first = add(s, s->region, KERNEL_BINARY, 2, (kernel_value[]){id, zero}, &truth);
  is_first->fn = KERNEL_FN_EQ;
  kernel_op *branch = add(s, s->region, KERNEL_IF, 1, is_first->results, NULL);
  kernel_op *sum = add(s, &branch->regions[0], KERNEL_REDUCE, 1, &parts, &part);
  sum->fn = KERNEL_FN_ADD;
  sum->ivalue = 1;      /* the first axis */
  add_store(s, &branch->regions[0], atomic, sum->results[0]);
  for (int i = 0; i < 2; i++)
    add(s, &branch->regions[i], KERNEL_YIELD, 0, NULL, NULL);
}

/* The grid with sums for atomics; NULL: it has none that is one. */
static kernel_op *summed_grid(arena *m, const kernel_graph *k, kernel_graph *to, const kernel_op *grid) {
  kernel_region body = {.params = grid->regions[0].params};
  const kernel_region *old = &grid->regions[0];
  bool any = false;
  for (size_t i = 0; i < old->ops.n; i++) {
    const kernel_op *op = old->ops.at[i];
    const summing s = {m, k, to, &body, op->span};
    int range;
    if (!is_sum(k, grid, op, &range) || part_type(&s, op).rank == KERNEL_RANK_MAX || (op->n_results && is_used(&k->body, op->results[0]))) {
      vec_push(m, &body.ops, old->ops.at[i]);
      continue;
    }
    const kernel_type part = part_type(&s, op);
    any = true;
    if (range < 0)
      add_store(&s, &body, op, adapted(&s, op->operands[0], &part));
    else
      add_sum(&s, grid, op, range);
  }
  if (!any)
    return NULL;
  kernel_op *copy = ARENA_NEW(m, kernel_op);
  *copy = *grid;
  copy->regions = ARENA_NEW(m, kernel_region);
  *copy->regions = body;
  return copy;
}

const kernel_graph *lower_sums(arena *m, const kernel_graph *k) {
  kernel_graph *to = ARENA_NEW(m, kernel_graph);
  bool any = false;
  *to = *k;
  to->symbols.room = to->symbols.n;      /* what is added is added to copies */
  to->values.room = to->values.n;
  to->body = (kernel_region){.params = k->body.params};
  for (size_t i = 0; i < k->body.ops.n; i++) {
    kernel_op *op = k->body.ops.at[i], *grid = op->kind == KERNEL_PARALLEL ? summed_grid(m, k, to, op) : NULL;
    any = any || grid;
    vec_push(m, &to->body.ops, grid ? grid : op);
  }
  return any ? to : k;
}
