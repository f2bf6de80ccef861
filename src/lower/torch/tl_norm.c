/* Softmax and the normalisations. */
#include "lower/torch/tl_private.h"

loom_status tl_softmax(tl_emit *e, tl_val v, int d, bool is_log, tl_val *out) {
  bool is[TL_RANK_MAX] = {false};
  is[d] = true;
  dtype t = dtype_compute(v.type.dtype);
  const tl_type wide = tl_with_dtype(v.type, t);
  tl_val most, power, sum;
  LOOM_TRY(tl_reduce(e, v, is, t, tl_lowest(t), "max(y, x)", &most));
  LOOM_TRY(tl_keep_dims(e, most, &v.type, is, &most));
  LOOM_TRY(tl_map(e, wide, "exp(x - y)", (const tl_val[]){v, most}, 2, &power));
  LOOM_TRY(tl_reduce(e, power, is, t, 0, "y + x", &sum));
  LOOM_TRY(tl_keep_dims(e, sum, &v.type, is, &sum));
  if (is_log)
    return tl_map(e, wide, "x - y - log(z)", (const tl_val[]){v, most, sum}, 3, out);
  return tl_map(e, wide, "x/y", (const tl_val[]){power, sum}, 2, out);
}

loom_status tl_lower_softmax(tl_emit *e, const char *detail) {
  tl_val v, out;
  int d;
  LOOM_TRY(tl_need_tensor(e, 0, &v));
  LOOM_TRY(tl_need_dim(e, 1, v.type.rank, &d));
  if (e->op->out[0].kind != TL_TENSOR || !v.type.rank)
    return tl_refuse(e, "a result without dims or of an unknown type");
  dtype to = e->op->out[0].dtype;
  if (!dtype_is_float(v.type.dtype) || dtype_bytes(to) > dtype_bytes(v.type.dtype))
    v = tl_convert(e, v, to);
  LOOM_TRY(tl_softmax(e, v, d, text_eq(detail, "log"), &out));
  return tl_give(e, 0, tl_convert(e, out, to));
}

/* The trailing dims that operand 1 lists the sizes of. */
static loom_status normalised_dims(tl_emit *e, const tl_val *x, bool is[TL_RANK_MAX]) {
  int rank = x->type.rank, n = tl_in(e, 1)->n_items;
  if (n < 1 || n > rank)
    return tl_invalid(e, "normalized_shape has %d dims of a tensor of rank %d", n, rank);
  for (int d = rank - n; d < rank; d++)
    is[d] = true;
  return LOOM_OK;
}

/* (x - mean) * rstd, then scaled and moved where there is something to. */
static loom_status normalise(tl_emit *e, tl_val x, tl_val mean, tl_val rstd, const tl_val *scale, const tl_val *shift, tl_val *out) {
  const tl_type wide = tl_with_dtype(x.type, dtype_compute(x.type.dtype));
  LOOM_TRY(tl_map(e, wide, "(x - y)*z", (const tl_val[]){x, mean, rstd}, 3, out));
  if (scale)
    LOOM_TRY(tl_map(e, wide, "x*y", (const tl_val[]){*out, *scale}, 2, out));
  return shift ? tl_map(e, wide, "x + y", (const tl_val[]){*out, *shift}, 2, out) : LOOM_OK;
}

static loom_status reciprocal_root(tl_emit *e, tl_val var, double eps, tl_val *out) {
  return tl_map(e, var.type, tl_str(e, "rsqrt(x + %.17g)", eps), &var, 1, out);
}

static loom_status optional_tensor(tl_emit *e, int i, tl_val *at, const tl_val **out) {
  *out = NULL;
  if (tl_is_none(tl_in(e, i)))
    return LOOM_OK;
  LOOM_TRY(tl_need_tensor(e, i, at));
  *out = at;
  return LOOM_OK;
}

/* Operands: x, normalized_shape, weight, bias, eps.  Results: y, and of the native one mean and 1/deviation. */
loom_status tl_lower_layer_norm(tl_emit *e, const char *detail) {
  (void)detail;
  tl_val x, mean, var, rstd, y, at[2];
  const tl_val *scale, *shift;
  bool is[TL_RANK_MAX] = {false};
  LOOM_TRY(tl_need_tensor(e, 0, &x));
  double eps;
  LOOM_TRY(normalised_dims(e, &x, is));
  LOOM_TRY(tl_need_number(e, 4, "eps", 1e-5, &eps));
  LOOM_TRY(optional_tensor(e, 2, &at[0], &scale));
  LOOM_TRY(optional_tensor(e, 3, &at[1], &shift));
  LOOM_TRY(tl_moments(e, x, is, 0, &mean, &var));
  LOOM_TRY(reciprocal_root(e, var, eps, &rstd));
  LOOM_TRY(normalise(e, x, mean, rstd, scale, shift, &y));
  LOOM_TRY(tl_give(e, 0, tl_convert(e, y, x.type.dtype)));
  for (int i = 1; i < e->op->n_out; i++)
    LOOM_TRY(tl_give_kept(e, i, i == 1 ? mean : rstd, is, true));
  return LOOM_OK;
}

/* Operands: x, normalized_shape, weight, eps. */
loom_status tl_lower_rms_norm(tl_emit *e, const char *detail) {
  (void)detail;
  tl_val x, square, mean, rstd, y, at;
  const tl_val *scale;
  bool is[TL_RANK_MAX] = {false};
  LOOM_TRY(tl_need_tensor(e, 0, &x));
  double eps;
  LOOM_TRY(normalised_dims(e, &x, is));
  LOOM_TRY(tl_need_number(e, 3, "eps", 2 * dtype_unit_roundoff(x.type.dtype), &eps));
  LOOM_TRY(optional_tensor(e, 2, &at, &scale));
  const tl_type wide = tl_with_dtype(x.type, dtype_compute(x.type.dtype));
  LOOM_TRY(tl_map(e, wide, "x*x", &x, 1, &square));
  LOOM_TRY(tl_mean(e, square, is, 0, &mean));
  LOOM_TRY(reciprocal_root(e, mean, eps, &rstd));
  LOOM_TRY(tl_map(e, wide, "x*y", (const tl_val[]){x, rstd}, 2, &y));
  if (scale)
    LOOM_TRY(tl_map(e, wide, "x*y", (const tl_val[]){y, *scale}, 2, &y));
  return tl_give(e, 0, tl_convert(e, y, x.type.dtype));
}

/* [C] as [C,1,..,1], which broadcasts along the dims behind dim 1 of a tensor of rank `rank`. */
static loom_status per_channel(tl_emit *e, tl_val v, int rank, tl_val *out) {
  if (v.type.rank != 1 || rank < 2)
    return tl_invalid(e, "%s for the channels of a tensor of rank %d", tl_text(e, v.type), rank);
  *out = v;
  for (int d = 1; d < rank - 1; d++)
    LOOM_TRY(tl_unsqueeze(e, *out, d, out));
  return LOOM_OK;
}

static loom_status optional_channels(tl_emit *e, int i, int rank, tl_val *at, const tl_val **out) {
  LOOM_TRY(optional_tensor(e, i, at, out));
  return *out ? per_channel(e, *at, rank, at) : LOOM_OK;
}

/* Operands: x, weight, bias, mean, variance, [training,] momentum, eps; `detail` is where training stands (-: not there) and where eps does.
 * Further results (what training saves) are empty. */
loom_status tl_lower_batch_norm(tl_emit *e, const char *detail) {
  tl_val x, at[4], rstd, y;
  const tl_val *scale, *shift;
  bool trains = false;
  LOOM_TRY(tl_need_tensor(e, 0, &x));
  if (*detail != '-')
    LOOM_TRY(tl_need_bool(e, *detail - '0', &trains));
  if (trains)
    return tl_refuse(e, "batch normalisation in training");
  LOOM_TRY(optional_channels(e, 1, x.type.rank, &at[0], &scale));
  LOOM_TRY(optional_channels(e, 2, x.type.rank, &at[1], &shift));
  for (int i = 2; i < 4; i++) {
    LOOM_TRY(tl_need_tensor(e, i + 1, &at[i]));
    LOOM_TRY(per_channel(e, at[i], x.type.rank, &at[i]));
  }
  double eps;
  LOOM_TRY(tl_need_number(e, detail[2] - '0', "eps", 1e-5, &eps));
  LOOM_TRY(reciprocal_root(e, at[3], eps, &rstd));
  LOOM_TRY(normalise(e, x, at[2], rstd, scale, shift, &y));
  LOOM_TRY(tl_give(e, 0, tl_convert(e, y, x.type.dtype)));
  for (int i = 1; i < e->op->n_out; i++)
    if (e->op->out[i].kind != TL_TENSOR || !tl_is_static(&e->op->out[i]))
      return tl_refuse(e, "what batch normalisation saves has no known size");
    else
      LOOM_TRY(tl_give(e, i, tl_fill(e, e->op->out[i], NULL, tl_const(e, e->op->out[i].dtype, 0))));
  return LOOM_OK;
}

/* x [N,C,..] in groups of channels.  "g": operands x, groups, weight, bias, eps; "n": x, weight, bias, N, C, HxW, groups, eps, three results. */
loom_status tl_lower_group_norm(tl_emit *e, const char *detail) {
  bool is_native = *detail == 'n', is[TL_RANK_MAX] = {false, false, true};
  tl_val x, grouped, mean, var, rstd, y, at[2];
  const tl_val *scale, *shift;
  int64_t groups;
  LOOM_TRY(tl_need_tensor(e, 0, &x));
  LOOM_TRY(tl_need_int(e, is_native ? 6 : 1, &groups));
  if (x.type.rank < 2 || !tl_is_static(&x.type) || groups < 1 || groups > INT32_MAX || x.type.dim[1] % groups)
    return tl_refuse(e, "%s in %" PRId64 " groups", tl_text(e, x.type), groups);
  int64_t n = x.type.dim[0], inner = n > 0 ? tl_elems(&x.type) / (n * groups) : 0, dims[3] = {n, groups, inner};
  LOOM_TRY(tl_view(e, x, tl_tensor(x.type.dtype, 3, dims), NULL, &grouped));
  LOOM_TRY(tl_moments(e, grouped, is, 0, &mean, &var));
  double eps;
  LOOM_TRY(tl_need_number(e, is_native ? 7 : 4, "eps", 1e-5, &eps));
  LOOM_TRY(reciprocal_root(e, var, eps, &rstd));
  LOOM_TRY(normalise(e, grouped, mean, rstd, NULL, NULL, &y));
  LOOM_TRY(tl_view(e, y, x.type, NULL, &y));
  LOOM_TRY(optional_channels(e, is_native ? 1 : 2, x.type.rank, &at[0], &scale));
  LOOM_TRY(optional_channels(e, is_native ? 2 : 3, x.type.rank, &at[1], &shift));
  const tl_type wide = tl_with_dtype(x.type, y.type.dtype);
  if (scale)
    LOOM_TRY(tl_map(e, wide, "x*y", (const tl_val[]){y, *scale}, 2, &y));
  if (shift)
    LOOM_TRY(tl_map(e, wide, "x + y", (const tl_val[]){y, *shift}, 2, &y));
  LOOM_TRY(tl_give(e, 0, tl_convert(e, y, x.type.dtype)));
  for (int i = 1; i < e->op->n_out; i++)
    LOOM_TRY(tl_give_kept(e, i, i == 1 ? mean : rstd, is, false));
  return LOOM_OK;
}
