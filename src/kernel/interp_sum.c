/* Sums and rounding: which carried values are one sum, what rounding to a type costs, and closing a sum with its bound. */
#include "kernel/interp_private.h"
#include <float.h>
#include <math.h>

/* ---- which values are sums ----
 * A value carried by a LOOP is one sum when its parameter is used once, as the accumulator of a MATMUL (or as the initial value of an
 * inner LOOP's sum), and the result of that is used once, by the yield at the same place. */

typedef struct sum_finder { const kernel_graph *k; int *uses; const kernel_op **user; bool *is_sum; } sum_finder;

static void count_uses(sum_finder *f, const kernel_region *r) {
  for (size_t i = 0; i < r->ops.n; i++) {
    const kernel_op *op = r->ops.at[i];
    for (int j = 0; j < op->n_operands; j++) {
      if (op->operands[j] < 0)   /* an ATOMIC without a mask */
        continue;
      f->uses[op->operands[j]]++;
      f->user[op->operands[j]] = op;
    }
    for (int j = 0; j < op->n_index; j++)
      if (op->index[j].value >= 0)
        f->uses[op->index[j].value]++;
    for (int j = 0; j < op->n_regions; j++)
      count_uses(f, &op->regions[j]);
  }
}

static bool carries_sum(sum_finder *f, const kernel_op *loop, int i) {
  const kernel_region *body = &loop->regions[0];
  kernel_value param = body->params.at[1 + i];
  const kernel_op *yield = body->ops.at[body->ops.n - 1];
  kernel_value next = yield->operands[i];
  const kernel_op *def = f->k->values.at[next].def, *user = f->user[param];
  if (f->uses[param] != 1 || f->uses[next] != 1 || !def || def != user)
    return false;
  if (def->kind == KERNEL_MATMUL && def->n_operands == 3 && def->operands[2] == param) {
    f->is_sum[next] = true;
  } else if (def->kind == KERNEL_LOOP) {
    int j = 0;
    while (def->operands[j] != param)      /* the loop is its user */
      j++;
    if (def->results[j] != next || !carries_sum(f, def, j))
      return false;
  } else {
    return false;
  }
  f->is_sum[param] = f->is_sum[loop->results[i]] = true;
  return true;
}

static void find_in_region(sum_finder *f, const kernel_region *r) {
  for (size_t i = 0; i < r->ops.n; i++) {
    const kernel_op *op = r->ops.at[i];
    if (op->kind == KERNEL_LOOP)
      for (int j = 0; j < op->n_operands; j++)
        if (!f->is_sum[op->results[j]])
          carries_sum(f, op, j);
    for (int j = 0; j < op->n_regions; j++)
      find_in_region(f, &op->regions[j]);
  }
}

void interp_find_sums(const kernel_graph *k, arena *scratch, bool *is_sum) {
  sum_finder f = {k, ARENA_NEW_N(scratch, int, k->values.n), ARENA_NEW_N(scratch, const kernel_op *, k->values.n), is_sum};
  count_uses(&f, &k->body);
  find_in_region(&f, &k->body);
}

/* ---- rounding ---- */

static double wrap(int bits, bool is_signed, double x) {
  double span = ldexp(1, bits), low = is_signed ? -span / 2 : 0;
  if (x >= low && x < low + span)
    return x;
  double r = fmod(x - low, span);
  return low + (r < 0 ? r + span : r);
}

double interp_round(dtype t, double x) {
  switch (t) {
  case DTYPE_F64:
    return x;
  case DTYPE_F32:
    return (double)(float)x;
  case DTYPE_F16:
    return (double)dtype_f16_to_f32(dtype_f64_to_f16(x));
  case DTYPE_BOOL:
    return x != 0;
  case DTYPE_I64:   /* beyond 2^53 is refused elsewhere */
    return x;
  case DTYPE_U8:
    return wrap(8, false, x);
  case DTYPE_I8:
  case DTYPE_I16:
  case DTYPE_I32:
    return wrap((int)dtype_bytes(t) * 8, true, x);
  default: {
    unsigned char bytes[8];
    dtype_store(t, bytes, x);
    return dtype_load(t, bytes);
  }
  }
}

double interp_arith_roundoff(dtype t) {
  if (!dtype_is_float(t))
    return 0;
  return dtype_unit_roundoff(t == DTYPE_F64 ? DTYPE_F64 : DTYPE_F32);
}

/* Half the smallest subnormal: what rounding can cost near zero. */
static double half_subnormal(dtype t) {
  switch (t) {
  case DTYPE_F16:
    return 0x1p-25;
  case DTYPE_BF16:
    return 0x1p-134;
  case DTYPE_F8E4M3:
    return 0x1p-10;
  case DTYPE_F8E5M2:
    return 0x1p-17;
  case DTYPE_F32:
    return 0x1p-150;
  default:
    return 0;
  }
}

/* What is beyond the largest number of `t` on each engine is an infinity (or NaN, of float8_e4m3fn); what may be is one on some. */
static double overflow(dtype t, double x, double *e) {
  double low = interp_round(t, x - *e), high = interp_round(t, x + *e);
  bool is_beyond = (isinf(low) && low == high) || (isnan(low) && isnan(high) && (x > *e || x < -*e));
  if (is_beyond)
    *e = 0;
  else if (!isfinite(low) || !isfinite(high))
    *e = INFINITY;
  return is_beyond ? low : x;
}

double interp_round_bounded(dtype t, double x, double *e) {
  double u = dtype_unit_roundoff(t) * (t == DTYPE_F64 ? 2 : 1);   /* f64: what is computed here rounds too */
  double cost = fmax(u * (fabs(x) + *e), half_subnormal(t));
  if (*e == 0) {
    double r = interp_round(t, x);
    if (r != x && isfinite(r))
      *e = cost;
    return r;
  }
  if (!isfinite(x) || isinf(*e))
    return x;
  x = overflow(t, x, e);
  if (isfinite(x))
    *e += cost;
  return x;
}

double interp_sum_overflow(dtype t, double magnitude) { return magnitude > (t == DTYPE_F64 ? DBL_MAX : (double)FLT_MAX) ? INFINITY : 0; }

static void round_all(interp *in, interp_value *v) {
  for (int64_t i = 0; i < v->elems; i++) {
    if (!in->bounds || !dtype_is_float(v->type)) {
      v->x[i] = interp_round(v->type, v->x[i]);
      continue;
    }
    double e = v->has_e ? v->e[i] : 0;
    v->x[i] = interp_round_bounded(v->type, v->x[i], &e);
    if (e != 0)
      interp_need_bounds(in, v, true);
    if (v->has_e)
      v->e[i] = e;
  }
}

loom_status interp_round_value(interp *in, const kernel_op *op, interp_value *v) {
  round_all(in, v);
  for (int64_t i = 0; i < v->elems && !dtype_is_float(v->type); i++)
    if (fabs(v->x[i]) > 0x1p53)
      LOOM_FAIL(in->ctx, op->span, LOOM_ELIMIT, "an integer of this %s exceeds 2^53, which the reference interpreter can't hold exactly", kernel_op_name(op->kind));
  return LOOM_OK;
}

/* gamma_K * sum|a||b| for the whole sum, however it was split over tiles: the bound does not depend on block sizes.
 * The factor 1 + 2^-20 pays for the double arithmetic here; f64 engines have the same u as this file, hence twice. */
static void add_sum_bounds(interp *in, interp_value *v) {
  double u = interp_arith_roundoff(v->type), k = (double)v->terms;
  double gamma = k * u < 1 ? k * u / (1 - k * u) * (v->type == DTYPE_F64 ? 2 : 1 + 0x1p-20) : INFINITY;
  double tiny = v->whole ? 0 : k * half_subnormal(v->type == DTYPE_F64 ? DTYPE_F64 : DTYPE_F32);
  bool all_exact = v->whole && !v->has_e;
  for (int64_t i = 0; i < v->elems && all_exact; i++)
    all_exact = v->mag[i] <= 1 / u;
  if (all_exact || v->terms == 0)
    return;
  interp_need_bounds(in, v, true);
  for (int64_t i = 0; i < v->elems; i++)
    if (!v->whole || v->mag[i] > 1 / u)
      v->e[i] += gamma * v->mag[i] + tiny + interp_sum_overflow(v->type, v->mag[i]);
}

static bool is_kept(double x, int bits) {
  int e;
  double m = ldexp(frexp(x, &e), bits + 1);
  return !isfinite(x) || (m == nearbyint(m) && (x == 0 || fabs(x) >= 0x1p-126));
}

double interp_operand_error(const interp *in, const interp_value *v, int64_t i, int bits) {
  double e = v->has_e ? v->e[i] : 0;
  if (!in->cuts_f32 || !in->bounds || v->type != DTYPE_F32 || (e == 0 && is_kept(v->x[i], bits)))
    return e;
  return e + ldexp(fabs(v->x[i]) + e, -bits) + ldexp(0x1p-126, -bits);       /* near zero: the last bit kept of a subnormal */
}

void interp_close_sum(interp *in, interp_value *v) {
  if (!v->open)
    return;
  v->open = false;
  if (in->bounds && dtype_is_float(v->type))
    add_sum_bounds(in, v);
  if (v->has_e && (v->type == DTYPE_F32 || v->type == DTYPE_F64))
    for (int64_t i = 0; i < v->elems; i++)   /* the engine accumulates in this type: no further rounding */
      v->x[i] = overflow(v->type, v->x[i], &v->e[i]);
  else
    round_all(in, v);
}
