/* UNARY, BINARY, SELECT, CAST, BITCAST: one element at a time, operands broadcast. */
#include "kernel/interp_private.h"
#include <math.h>

/* A value that is repeated comes to an engine through the unit that repeats it. */
static interp_num at(const interp *in, const interp_value *v, int64_t i, const interp_value *out) {
  bool is_repeated = v->rank > 0 && v->elems < out->elems;
  return (interp_num){v->x[i], is_repeated ? interp_operand_error(in, v, i, INTERP_TF32_BITS) : v->has_e ? v->e[i] : 0};
}

/* The operand as the operation sees it: an integer that meets floats is rounded to their type first. */
static interp_num converted(interp_num a, dtype from, dtype to) {
  if (dtype_is_float(to) && !dtype_is_float(from))
    a.x = interp_round_bounded(to, a.x, &a.e);
  return a;
}

static interp_num select_one(interp_num c, interp_num a, interp_num b) {
  interp_num r = c.x != 0 ? a : b;
  if (c.e > 0) {
    double other = fabs(a.x - b.x) + fmax(a.e, b.e);
    r.e = a.x == b.x && a.e == 0 && b.e == 0 ? 0 : isnan(other) ? INFINITY : other;
  }
  return r;
}

/* Whole numbers that the integer type holds. */
static bool fits(dtype t, double x) {
  double span = ldexp(1, (int)dtype_bytes(t) * 8), low = t == DTYPE_U8 ? 0 : -span / 2;
  return x >= low && x < low + span;   /* not a NaN */
}

/* Float to integer truncates; where the error reaches over a whole number the result is uncertain. */
interp_num interp_cast(interp_num a, dtype from, dtype to) {
  if (dtype_is_float(to))
    return a;
  if (to == DTYPE_BOOL)
    return (interp_num){a.x != 0, a.e > 0 && fabs(a.x) <= a.e};
  interp_num r = {trunc(a.x), 0};
  double low = trunc(a.x - a.e), high = trunc(a.x + a.e);
  if (!dtype_is_float(from))
    r.e = a.e;
  else if (fits(to, low) && fits(to, high))
    r.e = fmax(r.x - low, high - r.x);
  else
    r = (interp_num){fabs(r.x) <= 0x1p53 ? r.x : 0, INFINITY};
  return r;
}

/* The bits of what is known exactly; of the rest, and of NaNs, whose payload a double does not keep, nothing is known. */
static interp_num bitcast_one(interp_num a, dtype from, dtype to) {
  unsigned char bits[8] = {0};
  dtype_store(from, bits, a.x);
  return (interp_num){dtype_load(to, bits), a.e > 0 || isnan(a.x) ? INFINITY : 0};
}

static bool is_comparison(const kernel_op *op) { return op->kind == KERNEL_BINARY && op->fn >= KERNEL_FN_EQ && op->fn <= KERNEL_FN_GE; }

static interp_num compute(const kernel_op *op, dtype work, dtype result, const dtype *from, const interp_num *a) {
  switch (op->kind) {
  case KERNEL_UNARY:
    return interp_unary(op->fn, work, converted(a[0], from[0], work));
  case KERNEL_BINARY:
    return interp_binary(op->fn, work, converted(a[0], from[0], work), converted(a[1], from[1], work));
  case KERNEL_SELECT:
    return select_one(a[0], converted(a[1], from[1], work), converted(a[2], from[2], work));
  case KERNEL_BITCAST:
    return bitcast_one(a[0], from[0], result);
  default:
    return interp_cast(a[0], from[0], result);
  }
}

/* Has the operation to tell a NaN from numbers? */
static bool tells_nan(const kernel_op *op, const interp_num *a) {
  return op->kind == KERNEL_BINARY && (interp_is_extreme(op->fn) || is_comparison(op)) && (isnan(a[0].x) || isnan(a[1].x));
}

loom_status interp_elementwise(interp *in, const kernel_op *op) {
  interp_value *operand[3], *out;
  dtype from[3] = {0};
  int64_t stride[3][KERNEL_RANK_MAX] = {{0}}, at_index[KERNEL_RANK_MAX] = {0};
  LOOM_TRY(interp_result(in, op, 0, &out));
  for (int i = 0; i < op->n_operands; i++) {
    operand[i] = interp_operand(in, op, i);
    from[i] = operand[i]->type;
    LOOM_TRY(interp_check_broadcast(in, op, operand[i], out->rank, out->shape));
    interp_broadcast_strides(operand[i], out->rank, out->shape, stride[i]);
  }
  dtype work = is_comparison(op) ? dtype_promote(from[0], from[1]) : out->type;
  if (out->elems == 0)
    return LOOM_OK;
  int64_t i = 0;
  do {
    interp_num a[3];
    for (int j = 0; j < op->n_operands; j++) {
      int64_t offset = 0;
      for (int d = 0; d < out->rank; d++)
        offset += at_index[d] * stride[j][d];
      a[j] = at(in, operand[j], offset, out);
    }
    interp_num r = compute(op, work, out->type, from, a);
    if (in->loses_nan && in->bounds && tells_nan(op, a))
      r.e = INFINITY;
    out->x[i] = r.x;
    if (r.e != 0)
      interp_need_bounds(in, out, true);
    if (out->has_e)
      out->e[i] = isnan(r.e) ? INFINITY : r.e;
    i++;
  } while (interp_next_index(out->rank, out->shape, at_index));
  return interp_round_value(in, op, out);
}
