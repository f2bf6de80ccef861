/* Tiles along an axis: reductions, the places of extremes, running sums. */
#include "lower/lower_private.h"
#include <math.h>

static const kernel_type *type_of(const lowering *l, kernel_value v) { return &l->k->values.at[v].type; }

static double identity(kernel_fn fn, dtype t) {
  if (fn == KERNEL_FN_ADD || fn == KERNEL_FN_MUL)
    return fn == KERNEL_FN_MUL;
  double sign = fn == KERNEL_FN_MAX ? -1 : 1;
  if (dtype_is_float(t))
    return sign * INFINITY;
  if (t == DTYPE_BOOL)
    return fn == KERNEL_FN_MIN;
  double limit = ldexp(1, (int)dtype_bytes(t) * 8 - 1);
  return sign < 0 ? -limit : t == DTYPE_I64 ? 0x1p63 - 1024 : limit - 1;   /* the largest double below 2^63 stays an int64 */
}

/* The result's map: reduced dims are dropped, or 0 when they are kept as 1. */
static const char *reduced_map(lowering *l, const kernel_op *op, int rank, lower_generic *g) {
  text t = text_new(l->mem);
  int n = 0;
  text_addf(&t, "affine_map<%s -> (", lower_dim_list(l->mem, rank));
  for (int d = 0; d < rank; d++) {
    bool reduced = (op->ivalue >> d) & 1;
    text_addf(&g->iterators, "%s\"%s\"", d ? ", " : "", reduced ? "reduction" : "parallel");
    if (!reduced)
      text_addf(&t, "%sd%d", n++ ? ", " : "", d);
    else if (op->flag)
      text_addf(&t, "%s0", n++ ? ", " : "");
  }
  text_add(&t, ")>");
  return text_str(&t);
}

static const char *identity_map(lowering *l, int rank) { return arena_printf(l->mem, "affine_map<%s -> %s>", lower_dim_list(l->mem, rank), lower_dim_list(l->mem, rank)); }

/* A tile of `t`'s dims and `type`, every element `start`. */
static loom_status start_tile(lowering *l, const kernel_type *t, const char *start, const char **dest, const char **type) {
  LOOM_TRY(lower_dims(l, t, type));
  *type = arena_printf(l->mem, "tensor<%s%s>", *type, lower_element(t->type));
  if (t->rank)
    return lower_filled(l, t, start, dest);
  *dest = lower_emit(l, "tensor.from_elements %s : %s", start, *type);
  return LOOM_OK;
}

/* The operand reduced with `fn` over op's axes to a tensor of type `to`. */
static loom_status fold(lowering *l, const kernel_op *op, kernel_fn fn, const kernel_type *to, const char **out, const char **out_type) {
  const kernel_type *from = type_of(l, op->operands[0]);
  const char *in_type, *dest, *old, *in, *next, *start = lower_constant(l, lower_number(l->mem, to->type, identity(fn, to->type)));
  LOOM_TRY(lower_value_type(l, op->operands[0], &in_type));
  LOOM_TRY(start_tile(l, to, start, &dest, out_type));
  lower_generic g = lower_generic_new(l);
  lower_generic_input(l, &g, identity_map(l, from->rank), l->value[op->operands[0]], in_type, from->type, &in);
  lower_generic_open(l, &g, reduced_map(l, op, from->rank, &g), dest, *out_type, to->type, &old);
  LOOM_TRY(lower_fn(l, fn, to->type, lower_convert(l, in, from->type, to->type), old, &next));
  lower_generic_close(l, next, to->type, *out_type);
  *out = g.result;
  return LOOM_OK;
}

/* The tensor `x` of type `work` as the value of type `t`, which differs in its elements only. */
static loom_status finish(lowering *l, const char *x, const char *x_type, dtype work, const kernel_type *t, const char **out) {
  const char *type, *dest, *in, *old;
  if (t->rank == 0) {
    *out = lower_convert(l, lower_emit(l, "tensor.extract %s[] : %s", x, x_type), work, t->type);
    return LOOM_OK;
  }
  *out = x;
  if (work == t->type)
    return LOOM_OK;
  LOOM_TRY(lower_type(l, t, &type));
  LOOM_TRY(lower_empty(l, t, &dest));
  lower_generic g = lower_generic_new(l);
  lower_generic_input(l, &g, identity_map(l, t->rank), x, x_type, work, &in);
  lower_generic_parallel(&g, t->rank);
  lower_generic_open(l, &g, identity_map(l, t->rank), dest, type, t->type, &old);
  lower_generic_close(l, lower_convert(l, in, work, t->type), t->type, type);
  *out = g.result;
  return LOOM_OK;
}

/* ---- the place of an extreme ---- */

/* The index along iteration dim d as i32, which positions within a tile are. */
static const char *position(lowering *l, int d) { return lower_emit(l, "arith.index_cast %s : index to i32", lower_emit(l, "linalg.index %d : index", d)); }

/* The extreme, then the least place that has it: the first of equals.  Where the extreme is NaN, NaN has it. */
static loom_status place_of_extreme(lowering *l, const kernel_op *op, const kernel_type *t) {
  const kernel_type *from = type_of(l, op->operands[0]);
  kernel_type values = *t, places = *t;
  const char *best, *best_type, *in_type, *dest, *type, *x, *b, *old, *element = lower_element(from->type), *none = lower_constant(l, "2147483647 : i32");
  int axis = 0;
  while (!((op->ivalue >> axis) & 1))
    axis++;
  values.type = from->type;
  places.type = DTYPE_I32;
  LOOM_TRY(fold(l, op, op->fn == KERNEL_FN_ARGMAX ? KERNEL_FN_MAX : KERNEL_FN_MIN, &values, &best, &best_type));
  LOOM_TRY(lower_value_type(l, op->operands[0], &in_type));
  LOOM_TRY(start_tile(l, &places, none, &dest, &type));
  lower_generic g = lower_generic_new(l);
  const char *map = reduced_map(l, op, from->rank, &g);
  lower_generic_input(l, &g, identity_map(l, from->rank), l->value[op->operands[0]], in_type, from->type, &x);
  lower_generic_input(l, &g, map, best, best_type, from->type, &b);
  lower_generic_open(l, &g, map, dest, type, DTYPE_I32, &old);
  const char *has = lower_emit(l, dtype_is_float(from->type) ? "arith.cmpf oeq, %s, %s : %s" : "arith.cmpi eq, %s, %s : %s", x, b, element);
  if (dtype_is_float(from->type))
    has = lower_emit(l, "arith.ori %s, %s : i1", has, lower_emit(l, "arith.cmpf uno, %s, %s : %s", x, x, element));
  const char *place = lower_emit(l, "arith.select %s, %s, %s : i32", has, position(l, axis), none);
  lower_generic_close(l, lower_emit(l, "arith.minsi %s, %s : i32", place, old), DTYPE_I32, type);
  return finish(l, g.result, type, DTYPE_I32, t, &l->value[op->results[0]]);
}

/* Sums and products of half floats run in f32 and are rounded once. */
loom_status lower_reduce(lowering *l, const kernel_op *op, const kernel_type *t) {
  bool widens = (op->fn == KERNEL_FN_ADD || op->fn == KERNEL_FN_MUL) && (t->type == DTYPE_F16 || t->type == DTYPE_BF16);
  kernel_type work = *t;
  const char *result, *type;
  if (op->fn == KERNEL_FN_ARGMAX || op->fn == KERNEL_FN_ARGMIN)
    return place_of_extreme(l, op, t);
  work.type = widens ? DTYPE_F32 : t->type;
  LOOM_TRY(fold(l, op, op->fn, &work, &result, &type));
  return finish(l, result, type, work.type, t, &l->value[op->results[0]]);
}

/* ---- running sums ---- */

/* The function of a region that combines two numbers by one operation; NONE: it does more. */
static kernel_fn region_fn(const kernel_op *op) {
  const kernel_region *r = &op->regions[0];
  const kernel_op *f = r->ops.at[0], *yield = r->ops.at[r->ops.n - 1];
  const bool is_one = op->n_operands == 1 && r->ops.n == 2 && f->kind == KERNEL_BINARY && yield->operands[0] == f->results[0];
  if (!is_one || f->operands[0] == f->operands[1])
    return KERNEL_FN_NONE;
  for (int i = 0; i < 2; i++)
    if (f->operands[i] != r->params.at[0] && f->operands[i] != r->params.at[1])
      return KERNEL_FN_NONE;
  return f->fn == KERNEL_FN_ADD || f->fn == KERNEL_FN_MUL || f->fn == KERNEL_FN_MAX || f->fn == KERNEL_FN_MIN ? f->fn : KERNEL_FN_NONE;
}

/* Element i along the axis is the reduction of elements 0..i in order, from the end of i..: of all of them, with the neutral element for those beyond.  Every machine has such
 * reductions; the work grows with the square of the axis. */
loom_status lower_scan(lowering *l, const kernel_op *op, const kernel_type *t) {
  const kernel_fn fn = region_fn(op);
  const int axis = (int)op->ivalue;
  const char *in_type, *dest, *type, *x, *old, *next;
  text own = text_new(l->mem), all = text_new(l->mem);
  if (fn == KERNEL_FN_NONE || t->rank == KERNEL_RANK_MAX) {
    diag_error(l->ctx, l->span, LOOM_EUNSUP, "a scan with a function of its own is not supported here");
    diag_help(l->ctx, "running sums, products, maxima and minima of one tile are; --machine host runs any");
    return LOOM_EUNSUP;
  }
  const char *neutral = lower_constant(l, lower_number(l->mem, t->type, identity(fn, t->type)));
  LOOM_TRY(lower_value_type(l, op->operands[0], &in_type));
  LOOM_TRY(start_tile(l, t, neutral, &dest, &type));
  for (int d = 0; d < t->rank; d++) {
    text_addf(&own, "%sd%d", d ? ", " : "", d == axis ? t->rank : d);
    text_addf(&all, "%sd%d", d ? ", " : "", d);
  }
  const char *dims = lower_dim_list(l->mem, t->rank + 1);
  lower_generic g = lower_generic_new(l);
  lower_generic_input(l, &g, arena_printf(l->mem, "affine_map<%s -> (%s)>", dims, text_str(&own)), l->value[op->operands[0]], in_type, t->type, &x);
  lower_generic_parallel(&g, t->rank);
  text_add(&g.iterators, ", \"reduction\"");
  g.is_ordered = dtype_is_float(t->type) && (fn == KERNEL_FN_ADD || fn == KERNEL_FN_MUL);
  lower_generic_open(l, &g, arena_printf(l->mem, "affine_map<%s -> (%s)>", dims, text_str(&all)), dest, type, t->type, &old);
  const char *here = position(l, axis), *there = position(l, t->rank);
  const char *counts = lower_emit(l, "arith.cmpi %s, %s, %s : i32", op->flag ? "sge" : "sle", there, here);
  x = lower_emit(l, "arith.select %s, %s, %s : %s", counts, x, neutral, lower_element(t->type));
  LOOM_TRY(lower_fn(l, fn, t->type, old, x, &next));
  lower_generic_close(l, next, t->type, type);
  l->value[op->results[0]] = g.result;
  return LOOM_OK;
}
