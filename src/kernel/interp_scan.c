/* FOLD, SCAN: the region runs on one element of each operand at a time.  STACK, EXTRACT. */
#include "kernel/interp_private.h"
#include <math.h>

/* A tensor seen as [outer, axis, inner]. */
typedef struct lanes { int64_t outer, axis, inner; } lanes;

static lanes lanes_of(const interp_value *v, int axis) {
  lanes l = {1, v->shape[axis], 1};
  for (int d = 0; d < v->rank; d++)
    if (d != axis)
      *(d < axis ? &l.outer : &l.inner) *= v->shape[d];
  return l;
}

static void set_scalar(interp *in, kernel_value to, dtype t, interp_num a) {
  interp_value *v = &in->slot[to];
  interp_reserve(in, v, t, 0, NULL);
  v->x[0] = a.x;
  if (a.e > 0) {
    interp_need_bounds(in, v, true);
    v->e[0] = a.e;
  }
}

static interp_num get(const interp_value *v, int64_t i) { return (interp_num){v->x[i], v->has_e ? v->e[i] : 0}; }

static void set(interp *in, interp_value *v, int64_t i, interp_num a) {
  v->x[i] = a.x;
  if (a.e > 0)
    interp_need_bounds(in, v, true);
  if (v->has_e)
    v->e[i] = a.e;
}

enum { SCAN_MAX = 16 };

/* so_far = region(so_far, next). */
static loom_status combine(interp *in, const kernel_op *op, interp_num *so_far, const interp_num *next) {
  const kernel_region *r = &op->regions[0];
  const kernel_op *yield;
  for (int k = 0; k < op->n_operands; k++) {
    dtype t = in->k->values.at[op->operands[k]].type.type;
    set_scalar(in, r->params.at[k], t, so_far[k]);
    set_scalar(in, r->params.at[op->n_operands + k], t, next[k]);
  }
  in->unwatched++;
  LOOM_TRY(interp_region(in, r, &yield));
  in->unwatched--;
  for (int k = 0; k < op->n_operands; k++) {
    so_far[k] = get(interp_operand(in, yield, k), 0);
  }
  return LOOM_OK;
}

/* Running sums from the end and running products: machines reduce what there is, in whichever order, so that the bound is that of any order. */
static bool is_in_any_order(const interp *in, const kernel_op *op) {
  const kernel_region *r = &op->regions[0];
  const bool is_one = r->ops.n == 2 && r->ops.at[0]->kind == KERNEL_BINARY;      /* and the yield */
  const bool is_so = is_one && (r->ops.at[0]->fn == KERNEL_FN_MUL || (r->ops.at[0]->fn == KERNEL_FN_ADD && op->flag));
  return is_so && op->kind == KERNEL_SCAN && op->n_operands == 1 && dtype_is_float(in->k->values.at[op->operands[0]].type.type);
}

/* How far another order may be from what was computed here in this one.  Halves may be rounded at each step. */
static double any_order_bound(kernel_fn f, dtype t, const interp_reduction *r, interp_num in_order) {
  const double e = interp_reduction_bound(f, t, r, false) + fabs(in_order.x - r->x);
  const double narrow = interp_arith_roundoff(t) < dtype_unit_roundoff(t) && !(r->whole && e == 0) ? (double)r->terms * dtype_unit_roundoff(t) * r->mag : 0;
  return isnan(e + narrow) ? INFINITY : fmax(in_order.e, e + narrow);
}

loom_status interp_scan(interp *in, const kernel_op *op) {
  interp_value *from[SCAN_MAX], *out[SCAN_MAX];
  interp_num so_far[SCAN_MAX], next[SCAN_MAX];
  int n = op->n_operands, axis = (int)op->ivalue;
  bool is_fold = op->kind == KERNEL_FOLD;
  if (n > SCAN_MAX)
    LOOM_FAIL(in->ctx, op->span, LOOM_ELIMIT, "a %s of more than %d values", kernel_op_name(op->kind), SCAN_MAX);
  for (int k = 0; k < n; k++) {
    from[k] = interp_operand(in, op, k);
    LOOM_TRY(interp_result(in, op, k, &out[k]));
  }
  const bool in_any_order = in->bounds && is_in_any_order(in, op);
  const kernel_fn fn = op->regions[0].ops.at[0]->fn;
  const dtype t = in->k->values.at[op->operands[0]].type.type;
  lanes l = lanes_of(from[0], axis);
  if (is_fold && l.axis == 0 && l.outer * l.inner > 0)
    LOOM_FAIL(in->ctx, op->span, LOOM_EINPUT, "a reduction of no elements");
  for (int64_t o = 0; o < l.outer; o++)
    for (int64_t i = 0; i < l.inner; i++) {
      interp_reduction all = interp_open_reduction(in_any_order ? fn : KERNEL_FN_ADD, t);
      for (int64_t step = 0; step < l.axis; step++) {
        int64_t at = (o * l.axis + (op->flag && !is_fold ? l.axis - 1 - step : step)) * l.inner + i;
        for (int k = 0; k < n; k++)
          next[k] = get(from[k], at);
        if (step == 0)
          memcpy(so_far, next, sizeof so_far);
        else
          LOOM_TRY(combine(in, op, so_far, next));
        if (in_any_order)
          interp_reduce_one(fn, t, &all, next[0]);
        for (int k = 0; k < n && !is_fold; k++)
          set(in, out[k], at, (interp_num){so_far[k].x, in_any_order && step ? any_order_bound(fn, t, &all, so_far[k]) : so_far[k].e});
      }
      for (int k = 0; k < n && is_fold; k++)
        set(in, out[k], o * l.inner + i, so_far[k]);
    }
  return LOOM_OK;
}

loom_status interp_stack(interp *in, const kernel_op *op) {
  interp_value *out, *from;
  LOOM_TRY(interp_result(in, op, 0, &out));
  int64_t inner = 1, n = op->n_operands;
  for (int d = (int)op->ivalue + 1; d < out->rank; d++)
    inner *= out->shape[d];
  for (int k = 0; k < op->n_operands; k++) {
    from = interp_operand(in, op, k);
    if (from->elems * n != out->elems)
      LOOM_FAIL(in->ctx, op->span, LOOM_EUNSUP, "the values of this stack have different shapes in this tile");
    if (from->has_e)
      interp_need_bounds(in, out, true);
    for (int64_t i = 0; i < from->elems; i++)
      set(in, out, (i / inner * n + k) * inner + i % inner, get(from, i));
  }
  return LOOM_OK;
}

loom_status interp_extract(interp *in, const kernel_op *op) {
  interp_value *out, *from;
  int64_t at;
  from = interp_operand(in, op, 0);
  LOOM_TRY(interp_result(in, op, 0, &out));
  LOOM_TRY(interp_size(in, op, op->expr, &at));
  lanes l = lanes_of(from, (int)op->ivalue);
  if (at < 0 || at >= l.axis)
    LOOM_FAIL(in->ctx, op->span, LOOM_EINPUT, "position %" PRId64 " of a dim of %" PRId64 " elements", at, l.axis);
  for (int64_t i = 0; i < out->elems; i++)
    set(in, out, i, get(from, (i / l.inner * l.axis + at) * l.inner + i % l.inner));
  return LOOM_OK;
}

/* ARGMAX, ARGMIN along one axis: the first of equals.  Where another element could win within its bound, the index means nothing. */
loom_status interp_arg_reduce(interp *in, const kernel_op *op) {
  interp_value *from, *out;
  int axis = 0;
  from = interp_operand(in, op, 0);
  LOOM_TRY(interp_result(in, op, 0, &out));
  while (!((op->ivalue >> axis) & 1))
    axis++;
  lanes l = lanes_of(from, axis);
  if (l.axis == 0 && out->elems)
    LOOM_FAIL(in->ctx, op->span, LOOM_EINPUT, "%s of no elements", kernel_fn_name(op->fn));
  double sign = op->fn == KERNEL_FN_ARGMAX ? 1 : -1;
  for (int64_t j = 0; j < out->elems; j++) {
    int64_t base = j / l.inner * l.axis * l.inner + j % l.inner, best = 0;
    for (int64_t i = 1; i < l.axis; i++) {
      double x = from->x[base + i * l.inner], b = from->x[base + best * l.inner];
      if (sign * x > sign * b || (isnan(x) && !isnan(b)))
        best = i;
    }
    interp_num r = {(double)best, 0};
    interp_num win = get(from, base + best * l.inner);
    for (int64_t i = 0; i < l.axis; i++) {
      interp_num a = get(from, base + i * l.inner);
      if (i != best && a.e + win.e > 0 && fabs(win.x - a.x) <= a.e + win.e)
        r.e = INFINITY;
    }
    set(in, out, j, r);
  }
  return LOOM_OK;
}
