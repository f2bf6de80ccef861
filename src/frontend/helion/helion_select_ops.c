/* Table rows that choose elements along a dim: gather by indices, sort, topk, argsort.
 *
 * Each is written with comparisons of all pairs along the dim: exact, and without an order of evaluation.  A dim of n costs n * n. */
#include "frontend/helion/helion_ops.h"
#include "frontend/helion/helion_reduce.h"
#include <math.h>

/* `v` with dim `axis` moved behind the others, or back from there. */
static kernel_value move_axis(helion_reader *r, const syn_node *n, kernel_value v, int axis, bool back) {
  const kernel_type in = *helion_type(r, v);
  kernel_type t = {.type = in.type};
  int perm[KERNEL_RANK_MAX], last = in.rank - 1;
  for (int d = 0; d < in.rank; d++) {
    perm[d] = back ? (d == axis ? last : d - (d > axis)) : (d == last ? axis : d + (d >= axis));
    t.dim[t.rank++] = in.dim[perm[d]];
  }
  if (axis == last)
    return v;
  kernel_value out = helion_emit(r, n, KERNEL_PERMUTE, 1, &v, &t);
  memcpy(helion_def(r, out)->perm, perm, (size_t)in.rank * sizeof *perm);
  return out;
}

/* [.., n] as [.., n, 1] or [.., 1, n]. */
static kernel_value beside(helion_reader *r, const syn_node *n, kernel_value v, bool last) {
  kernel_type t = *helion_type(r, v);
  const sym_expr *own = t.dim[t.rank - 1];
  t.dim[t.rank - 1] = last ? own : sym_const(r->mem, 1);
  t.dim[t.rank] = last ? sym_const(r->mem, 1) : own;
  t.rank++;
  return helion_emit(r, n, KERNEL_RESHAPE, 1, &v, &t);
}

static kernel_value counting(helion_reader *r, const syn_node *n, const sym_expr *size, dtype type) {
  kernel_type t = {.type = type, .rank = 1, .dim = {size}};
  kernel_value v = helion_emit(r, n, KERNEL_IOTA, 0, NULL, &t);
  helion_def(r, v)->ivalue = 1;
  return v;
}

static kernel_value fn(helion_reader *r, const syn_node *n, kernel_fn f, kernel_value a, kernel_value b) { return helion_fn2(r, n, f, a, b); }

/* `v` where `hit` is set, along the last dim; it is set in one place. */
static kernel_value the_one(helion_reader *r, const syn_node *n, kernel_value hit, kernel_value v) {
  kernel_type t;
  dtype type = helion_type(r, v)->type, wide = type == DTYPE_BOOL ? DTYPE_I32 : type;
  v = helion_cast(r, n, v, wide);
  kernel_value none = helion_constant(r, n, helion_neutral(KERNEL_FN_MAX, wide), wide);
  helion_broadcast_shape(r, helion_type(r, hit), helion_type(r, v), &t);
  t.type = wide;
  kernel_value chosen = helion_emit(r, n, KERNEL_SELECT, 3, (kernel_value[]){hit, v, none}, &t), out;
  out = helion_emit_reduce(r, n, chosen, KERNEL_FN_MAX, (int64_t)1 << (t.rank - 1), false);
  return helion_cast(r, n, out, type);
}

/* torch.gather(x, dim, index): out[.., i, ..] = x[.., index[.., i, ..], ..]; the other dims of x and index are equal. */
helion_value helion_do_gather(helion_reader *r, const helion_call *c) {
  const syn_node *n = c->node;
  kernel_value x, index;
  int axis;
  if (!helion_on_device(r, n, c->fn->path) || !helion_as_value(r, n, &c->arg[0], DTYPE_F32, &x) ||
      !helion_axis(r, c, &c->arg[1], helion_type(r, x)->rank, &axis) || !helion_as_value(r, n, &c->arg[2], DTYPE_I64, &index))
    return helion_unknown();
  kernel_type tx = *helion_type(r, x), ti = *helion_type(r, index), same = ti;
  if (dtype_is_float(ti.type) || ti.type == DTYPE_BOOL)
    return helion_fail(r, n, LOOM_EINPUT, "index with an integer tensor", "%s with indices of type %s", c->fn->path, dtype_torch(ti.type));
  same.dim[axis] = tx.dim[axis];
  if (tx.rank != ti.rank || !helion_same_shape(r, &tx, &same))
    return helion_fail_shapes(r, n, c->fn->path, &tx, &ti);
  if (tx.rank == KERNEL_RANK_MAX)   /* elements and indices are compared side by side */
    return helion_fail(r, n, LOOM_ELIMIT, "reduce or join dimensions first", "%s in %d dimensions", c->fn->path, KERNEL_RANK_MAX);
  x = move_axis(r, n, x, axis, false);
  index = move_axis(r, n, index, axis, false);
  kernel_value hit = fn(r, n, KERNEL_FN_EQ, beside(r, n, index, true), counting(r, n, tx.dim[axis], ti.type));
  return helion_device(move_axis(r, n, the_one(r, n, hit, beside(r, n, x, false)), axis, true));
}

/* How many elements stand before element i of [.., n]: the smaller ones, or the larger ones when it descends, and equal ones to its left.
 * NaN counts as the largest. */
static kernel_value places(helion_reader *r, const syn_node *n, kernel_value x, bool descends) {
  const kernel_type in = *helion_type(r, x);
  const sym_expr *size = in.dim[in.rank - 1];
  kernel_value i = beside(r, n, x, true), j = beside(r, n, x, false);
  kernel_value left = fn(r, n, KERNEL_FN_LT, counting(r, n, size, DTYPE_I32), beside(r, n, counting(r, n, size, DTYPE_I32), true));
  kernel_value tied = fn(r, n, KERNEL_FN_AND, fn(r, n, KERNEL_FN_EQ, j, i), left);
  kernel_value before = fn(r, n, KERNEL_FN_OR, fn(r, n, descends ? KERNEL_FN_GT : KERNEL_FN_LT, j, i), tied);
  if (dtype_is_float(in.type)) {
    kernel_value nan_i = helion_fn1(r, n, KERNEL_FN_ISNAN, i), nan_j = helion_fn1(r, n, KERNEL_FN_ISNAN, j);
    kernel_value largest = descends ? nan_j : nan_i, other = descends ? nan_i : nan_j;
    kernel_value wins = fn(r, n, KERNEL_FN_AND, largest, fn(r, n, KERNEL_FN_OR, helion_fn1(r, n, KERNEL_FN_NOT, other), left));
    before = fn(r, n, KERNEL_FN_OR, before, wins);
  }
  return helion_emit_reduce(r, n, helion_cast(r, n, before, DTYPE_I32), KERNEL_FN_ADD, (int64_t)1 << in.rank, false);
}

/* The first `count` of x in order along `axis`: values and indices. */
static helion_value in_order(helion_reader *r, const helion_call *c, kernel_value x, int axis, bool descends, const sym_expr *count) {
  const syn_node *n = c->node;
  const kernel_type in = *helion_type(r, x);
  if (in.rank == KERNEL_RANK_MAX)
    return helion_fail(r, n, LOOM_ELIMIT, "reduce or join dimensions first", "a value of more than %d dimensions", KERNEL_RANK_MAX);
  x = helion_mask_to(r, n, x, helion_neutral(descends ? KERNEL_FN_MAX : KERNEL_FN_MIN, in.type));   /* lanes that hold nothing come last */
  x = move_axis(r, n, x, axis, false);
  kernel_value place = beside(r, n, places(r, n, x, descends), false), slot = beside(r, n, counting(r, n, count, DTYPE_I32), true);
  kernel_value hit = fn(r, n, KERNEL_FN_EQ, place, slot);
  helion_value both = helion_sequence(r, 2, false);
  both.seq.at[0] = helion_device(move_axis(r, n, the_one(r, n, hit, beside(r, n, x, false)), axis, true));
  both.seq.at[1] = helion_device(move_axis(r, n, the_one(r, n, hit, counting(r, n, in.dim[axis], DTYPE_I64)), axis, true));
  return both;
}

static bool sorted_operand(helion_reader *r, const helion_call *c, int dim_arg, kernel_value *x, int *axis) {
  if (!helion_on_device(r, c->node, c->fn->path) || !helion_as_value(r, c->node, &c->arg[0], DTYPE_F32, x))
    return false;
  *axis = helion_type(r, *x)->rank - 1;
  if (c->given[dim_arg] && !helion_axis(r, c, &c->arg[dim_arg], helion_type(r, *x)->rank, axis))
    return false;
  if (*axis < 0)
    return helion_fail(r, c->node, LOOM_EINPUT, "give it at least one dimension", "%s of a 0-d value", c->fn->path), false;
  return true;
}

/* torch.sort(x, dim, descending): values and indices, equal elements in their order; torch.argsort (detail 1): the indices. */
helion_value helion_do_sort(helion_reader *r, const helion_call *c) {
  kernel_value x;
  int axis;
  bool descends;
  if (!sorted_operand(r, c, 1, &x, &axis) || !helion_flag(r, c, 2, "descending", &descends))
    return helion_unknown();
  helion_value both = in_order(r, c, x, axis, descends, helion_type(r, x)->dim[axis]);
  if (c->fn->detail && both.kind == HELION_SEQ)
    return both.seq.at[1];
  return both;
}

/* torch.topk(x, k, dim, largest): the k largest or smallest, in order. */
helion_value helion_do_topk(helion_reader *r, const helion_call *c) {
  kernel_value x;
  int axis;
  int64_t k, size;
  bool largest = true;
  if (!sorted_operand(r, c, 2, &x, &axis) || !helion_arg_int(r, c, 1, "the number of elements", &k) ||
      (c->given[3] && !helion_flag(r, c, 3, "largest", &largest)))
    return helion_unknown();
  const sym_expr *dim = helion_type(r, x)->dim[axis];
  if (k < 1 || !helion_known(r, dim, &size) || !helion_same_size(r, dim, sym_const(r->mem, size)) || k > size)
    return helion_fail(r, c->node, LOOM_EINPUT, "at least 1, and not more than the dimension has", "the %" PRId64 " first elements of %s", k,
                       helion_describe(r, &c->arg[0]));
  return in_order(r, c, x, axis, largest, sym_const(r->mem, k));
}
