/* REDUCE, BROADCAST, RESHAPE, PERMUTE. */
#include "kernel/interp_private.h"
#include <math.h>

loom_status interp_help_with_tiles(interp *in) {
  diag_help(in->ctx, "a value made outside the loop over a block does not shrink with the loop's last tile; choose a block size that divides the extent");
  return LOOM_EUNSUP;
}

loom_status interp_check_broadcast(interp *in, const kernel_op *op, const interp_value *v, int rank, const int64_t *shape) {
  for (int d = 0; d < v->rank; d++) {
    int to = d + rank - v->rank;
    if (to < 0 || (v->shape[d] != 1 && v->shape[d] != shape[to])) {
      diag_error(in->ctx, op->span, LOOM_EUNSUP, "in this tile an operand of %s has %" PRId64 " elements in a dim where the result has %" PRId64,
                 kernel_op_name(op->kind), v->shape[d], to < 0 ? 0 : shape[to]);
      return interp_help_with_tiles(in);
    }
  }
  return LOOM_OK;
}

/* out[i] = from[sum index_d * stride_d], rounded when the types differ. */
static loom_status gather_strided(interp *in, const kernel_op *op, const interp_value *from, const int64_t *stride, interp_value *out) {
  int64_t index[KERNEL_RANK_MAX] = {0}, i = 0;
  if (out->elems == 0)
    return LOOM_OK;
  bool has_errors = from->has_e || (in->cuts_f32 && in->bounds && from->type == DTYPE_F32);
  if (has_errors)
    interp_need_bounds(in, out, false);
  do {
    int64_t offset = 0;
    for (int d = 0; d < out->rank; d++)
      offset += index[d] * stride[d];
    out->x[i] = from->x[offset];
    if (has_errors)
      out->e[i] = interp_operand_error(in, from, offset, INTERP_TF32_BITS);
    i++;
  } while (interp_next_index(out->rank, out->shape, index));
  return from->type == out->type ? LOOM_OK : interp_round_value(in, op, out);
}

loom_status interp_broadcast(interp *in, const kernel_op *op) {
  interp_value *from, *out;
  int64_t stride[KERNEL_RANK_MAX];
  from = interp_operand(in, op, 0);
  LOOM_TRY(interp_result(in, op, 0, &out));
  LOOM_TRY(interp_check_broadcast(in, op, from, out->rank, out->shape));
  interp_broadcast_strides(from, out->rank, out->shape, stride);
  return gather_strided(in, op, from, stride, out);
}

loom_status interp_permute(interp *in, const kernel_op *op) {
  interp_value *from, *out;
  int64_t own[KERNEL_RANK_MAX], stride[KERNEL_RANK_MAX], step = 1;
  from = interp_operand(in, op, 0);
  LOOM_TRY(interp_result(in, op, 0, &out));
  for (int d = from->rank - 1; d >= 0; d--) {
    own[d] = step;
    step *= from->shape[d];
  }
  for (int d = 0; d < out->rank; d++) {
    stride[d] = own[op->perm[d]];
    if (out->shape[d] != from->shape[op->perm[d]]) {
      diag_error(in->ctx, op->span, LOOM_EUNSUP, "in this tile dim %d of this permute has another size than its operand's dim %d", d, op->perm[d]);
      return interp_help_with_tiles(in);
    }
  }
  return gather_strided(in, op, from, stride, out);
}

loom_status interp_reshape(interp *in, const kernel_op *op) {
  interp_value *from, *out;
  from = interp_operand(in, op, 0);
  LOOM_TRY(interp_result(in, op, 0, &out));
  if (from->elems != out->elems)
    LOOM_FAIL(in->ctx, op->span, LOOM_EUNSUP, "this reshape has %" PRId64 " elements and its operand %" PRId64 " in this tile", out->elems, from->elems);
  size_t bytes = (size_t)out->elems * sizeof(double);
  memcpy(out->x, from->x, bytes);
  if (from->has_e) {
    interp_need_bounds(in, out, false);
    memcpy(out->e, from->e, bytes);
  }
  return LOOM_OK;
}

/* ---- reductions ---- */

void interp_reduce_one(kernel_fn f, dtype t, interp_reduction *r, interp_num a) {
  switch (f) {
  case KERNEL_FN_ADD:
    r->x += a.x;
    r->mag += fabs(a.x);
    r->e += a.e;
    break;
  case KERNEL_FN_MUL:   /* e covers |prod(x+e) - prod x| through mag = prod(|x|+e) */
    r->x = dtype_is_float(t) ? r->x * a.x : interp_binary(KERNEL_FN_MUL, t, (interp_num){r->x, 0}, a).x;
    r->mag *= fabs(a.x) + a.e;
    r->e += a.e;
    r->least *= a.x != 0 ? fmin(1, fabs(a.x)) : 1;
    r->most *= fmax(1, fabs(a.x) + a.e);
    break;
  default: {
    interp_num both = r->terms == 0 ? a : interp_binary(f, DTYPE_F64, (interp_num){r->x, r->e}, a);
    r->x = both.x;
    r->e = both.e;
  }
  }
  r->whole = r->whole && a.e == 0 && a.x == nearbyint(a.x);
  r->terms++;
}

static double identity(kernel_fn f, dtype t) {
  if (t == DTYPE_BOOL)
    return f == KERNEL_FN_MIN || f == KERNEL_FN_MUL;
  return f == KERNEL_FN_MUL ? 1 : f == KERNEL_FN_MAX ? -INFINITY : f == KERNEL_FN_MIN ? INFINITY : 0;
}

bool interp_is_extreme(kernel_fn f) { return f == KERNEL_FN_MAX || f == KERNEL_FN_MIN; }

interp_reduction interp_open_reduction(kernel_fn f, dtype t) {
  return (interp_reduction){.x = identity(f, t), .mag = f == KERNEL_FN_MUL ? 1 : 0, .least = 1, .most = 1, .whole = true};
}

double interp_reduction_bound(kernel_fn f, dtype t, const interp_reduction *r, bool cut) {
  double u = interp_arith_roundoff(t), k = (double)r->terms, gamma = k * u < 1 ? k * u / (1 - k * u) : INFINITY;
  if (interp_is_extreme(f) || (r->whole && fmax(r->mag, r->most) <= (cut ? 0x1p16 : 1 / (u > 0 ? u : 0x1p-53))))
    return r->e;
  if (f == KERNEL_FN_MUL && !dtype_is_float(t))      /* wrapping is exact; of numbers that may be others it is not known */
    return r->e == 0 ? 0 : r->mag < ldexp(1, 8 * (int)dtype_bytes(t) - 1) ? r->mag - fabs(r->x) : INFINITY;
  if (f == KERNEL_FN_MUL) {   /* some order of the factors multiplies all small or all large ones first */
    double range = interp_sum_overflow(t, r->most) + (t != DTYPE_F64 && r->mag > 0 && r->least < 0x1p-126 ? 0x1p-126 * k * r->most : 0);
    return (r->mag - fabs(r->x)) * (1 + gamma) + gamma * r->mag + range;
  }
  if (!dtype_is_float(t))
    return r->e;
  return r->e + gamma * r->mag * (t == DTYPE_F64 ? 2 : 1 + 0x1p-20) + (cut ? 0x1p-17 * (r->mag + r->e) : 0) + interp_sum_overflow(t, r->mag);
}

/* Of element i, which a maximum or minimum sees. */
static double compared_error(const interp *in, const interp_value *v, int64_t i) {
  return in->loses_nan && in->bounds && isnan(v->x[i]) ? INFINITY : interp_operand_error(in, v, i, INTERP_TF32_BITS);
}

loom_status interp_reduce(interp *in, const kernel_op *op) {
  interp_value *from, *out;
  from = interp_operand(in, op, 0);
  LOOM_TRY(interp_result(in, op, 0, &out));
  LOOM_TRY(interp_spend(in, op, from->elems));
  int64_t stride[KERNEL_RANK_MAX], step = 1;   /* of the result, seen from the operand: 0 along reduced dims */
  int to = out->rank - 1;
  for (int d = from->rank - 1; d >= 0; d--) {
    bool reduced = (op->ivalue >> d) & 1;
    stride[d] = reduced ? 0 : step;
    if (reduced && op->flag)
      to--;
    if (!reduced)
      step *= out->shape[to--];
  }
  interp_reduction *r = interp_temp(in, 0, (size_t)out->elems * sizeof *r);
  for (int64_t i = 0; i < out->elems; i++)
    r[i] = interp_open_reduction(op->fn, out->type);
  int64_t index[KERNEL_RANK_MAX] = {0}, i = 0;
  bool cut = in->cuts_f32 && in->bounds && dtype_is_float(out->type) && !interp_is_extreme(op->fn);
  if (from->elems)
    do {
      int64_t offset = 0;
      for (int d = 0; d < from->rank; d++)
        offset += index[d] * stride[d];
      interp_reduce_one(op->fn, out->type, &r[offset], (interp_num){from->x[i], interp_is_extreme(op->fn) ? compared_error(in, from, i) : from->has_e ? from->e[i] : 0});
      i++;
    } while (interp_next_index(from->rank, from->shape, index));
  for (i = 0; i < out->elems; i++) {
    double e = interp_reduction_bound(op->fn, out->type, &r[i], cut);
    out->x[i] = r[i].x;
    if (e != 0)
      interp_need_bounds(in, out, true);
    if (out->has_e)
      out->e[i] = isnan(e) ? INFINITY : e;
  }
  return interp_round_value(in, op, out);
}
