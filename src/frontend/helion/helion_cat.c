/* torch.cat of values of different sizes.  Whole tensors: a new tensor, and a store of each to its part.  Values of the loops, whose sizes along
 * the dim are known: pieces of the greatest common length, taken out and stacked. */
#include "frontend/helion/helion_cat.h"
#include "frontend/helion/helion_view.h"

enum { PIECES_MAX = 256 };

/* ---- whole tensors ---- */
static helion_value cat_tensors(helion_reader *r, const syn_node *n, const kernel_value *v, int count, int axis, kernel_type all) {
  kernel_tensor t = kernel_add_tensor(r->mem, r->graph, "", KERNEL_ALLOC, all);
  r->graph->tensors.at[t].span = n->span;
  const sym_expr *at = sym_const(r->mem, 0);
  for (int i = 0; i < count; i++) {
    const sym_expr *end = sym_add(r->mem, at, helion_type(r, v[i])->dim[axis]);
    kernel_op *op = kernel_add_op(r->mem, r->graph, r->region, KERNEL_STORE, 1, &v[i], 0, NULL);
    op->span = n->span;
    op->tensor = t;
    op->n_index = all.rank;
    op->index = ARENA_NEW_N(r->mem, kernel_index, all.rank);
    for (int d = 0; d < all.rank; d++)
      op->index[d] = (kernel_index){.kind = KERNEL_INDEX_ALL, .value = -1};
    op->index[axis] = (kernel_index){.kind = KERNEL_INDEX_SLICE, .value = -1, .begin = at, .end = end};
    at = end;
  }
  return helion_tensor(t);
}

/* ---- values of the loops ---- */
static int64_t common_divisor(int64_t a, int64_t b) { return b ? common_divisor(b, a % b) : a; }

/* Piece `at` of `length` elements along `axis` of `v`, which has `size` of them. */
static kernel_value piece(helion_reader *r, const syn_node *n, kernel_value v, int axis, int64_t at, int64_t length, int64_t size) {
  kernel_type part = *helion_type(r, v), cut = part;
  if (size == length)
    return v;
  part.dim[axis] = sym_const(r->mem, length);
  memmove(cut.dim + axis + 1, cut.dim + axis, (size_t)(cut.rank - axis) * sizeof *cut.dim);
  cut.rank++;
  cut.dim[axis] = sym_const(r->mem, size / length);
  cut.dim[axis + 1] = sym_const(r->mem, length);
  kernel_value rows = helion_emit(r, n, KERNEL_RESHAPE, 1, &v, &cut), out = helion_emit(r, n, KERNEL_EXTRACT, 1, &rows, &part);
  helion_def(r, out)->ivalue = axis;
  helion_def(r, out)->expr = sym_const(r->mem, at);
  return out;
}

static helion_value cat_values(helion_reader *r, const helion_call *c, const kernel_value *v, int count, int axis, const kernel_type *all) {
  int64_t size, length = 0, total = 0;
  int n = 0;
  for (int i = 0; i < count; i++) {
    const sym_expr *dim = helion_type(r, v[i])->dim[axis];
    if (!helion_fixed(r, dim, &size))
      return helion_fail(r, c->node, LOOM_EUNSUP, "store the parts into an output one by one", "torch.cat along a dim of size %s", helion_show_size(r, dim));
    length = common_divisor(size, length);
    total += size;
  }
  if (!total)
    return helion_device(v[0]);
  if (total / length > PIECES_MAX || all->rank == KERNEL_RANK_MAX)
    return helion_fail(r, c->node, LOOM_EUNSUP, "store the parts into an output one by one", "torch.cat of values that makes %" PRId64 " pieces of %" PRId64 " elements", total / length, length);
  kernel_value *pieces = ARENA_NEW_N(r->mem, kernel_value, total / length);
  for (int i = 0; i < count; i++) {
    (void)helion_fixed(r, helion_type(r, v[i])->dim[axis], &size);
    for (int64_t at = 0; at < size / length; at++)
      pieces[n++] = piece(r, c->node, v[i], axis, at, length, size);
  }
  kernel_type rows = *all;
  memmove(rows.dim + axis + 1, rows.dim + axis, (size_t)(rows.rank - axis) * sizeof *rows.dim);
  rows.rank++;
  rows.dim[axis] = sym_const(r->mem, n);
  rows.dim[axis + 1] = sym_const(r->mem, length);
  kernel_value s = helion_emit(r, c->node, KERNEL_STACK, n, pieces, &rows);
  helion_def(r, s)->ivalue = axis;
  return helion_device(helion_emit(r, c->node, KERNEL_RESHAPE, 1, &s, all));
}

helion_value helion_cat_sizes(helion_reader *r, const helion_call *c, int axis) {
  const helion_seq *s = &c->arg[0].seq;
  kernel_value *v = ARENA_NEW_N(r->mem, kernel_value, s->n);
  kernel_type all = {0};
  if (s->n > PIECES_MAX)
    return helion_fail(r, c->node, LOOM_EUNSUP, "store the parts into an output one by one", "torch.cat of %zu values", s->n);
  for (size_t i = 0; i < s->n; i++) {
    if (!helion_as_value(r, c->node, &s->at[i], DTYPE_F32, &v[i]))
      return helion_unknown();
    kernel_type t = *helion_type(r, v[i]), same = t;
    if (!i) {
      all = t;
      continue;
    }
    same.dim[axis] = axis < t.rank ? all.dim[axis] : NULL;
    if (t.rank != all.rank || !helion_same_shape(r, &same, &all))
      return helion_fail_shapes(r, c->node, "torch.cat", &all, &t);
    all.dim[axis] = sym_add(r->mem, all.dim[axis], t.dim[axis]);
    all.type = dtype_promote(all.type, t.type);
  }
  for (size_t i = 0; i < s->n; i++)
    v[i] = helion_cast(r, c->node, v[i], all.type);
  return helion_in_loop(r) ? cat_values(r, c, v, (int)s->n, axis, &all) : cat_tensors(r, c->node, v, (int)s->n, axis, all);
}
