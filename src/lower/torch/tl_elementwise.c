/* Operations on each element by itself: the table gives an expression. */
#include "lower/torch/tl_private.h"

/* Category of PyTorch's promotion: 0 bool, 1 integers, 2 floats. */
static int category(dtype t) { return t == DTYPE_BOOL ? 0 : dtype_is_float(t) ? 2 : 1; }

/* The type in which operands meet: those with dims, unless one without dims, or a scalar, is of a higher category. */
static dtype promoted(const tl_emit *e, int n) {
  dtype t[3];
  bool has[3] = {false, false, false};   /* with dims, without, scalars */
  for (int i = 0; i < n; i++) {
    const tl_value *v = tl_in(e, i);
    if (v->type.kind != TL_TENSOR && v->type.kind != TL_INT && v->type.kind != TL_FLOAT && v->type.kind != TL_BOOL)
      continue;
    int k = v->type.kind != TL_TENSOR ? 2 : v->type.rank == 0;
    dtype d = v->type.kind == TL_TENSOR ? v->type.dtype : v->type.kind == TL_FLOAT ? DTYPE_F32 : tl_scalar_dtype(v->type.kind);
    t[k] = has[k] ? dtype_promote(t[k], d) : d;
    has[k] = true;
  }
  dtype best = DTYPE_BOOL;
  bool any = false;
  for (int k = 0; k < 3; k++)
    if (has[k] && (!any || category(t[k]) > category(best))) {
      best = t[k];
      any = true;
    }
  return best;
}

/* Scalars as numbers of the expression; those beyond what a double holds as values. */
static tl_scalar scalar_of(tl_emit *e, const tl_value *v) {
  tl_scalar s = {.type = tl_scalar_dtype(v->type.kind)};
  if (tl_is_none(v) || v->type.kind == TL_STR || v->type.kind == TL_LIST)
    return s;
  s.is_known = v->is_known && (v->type.kind == TL_FLOAT || (v->i <= INT64_C(1) << 53 && v->i >= -(INT64_C(1) << 53)));
  s.known = v->type.kind == TL_FLOAT ? v->f : (double)v->i;
  s.name = v->is_known && !s.is_known ? tl_const_int(e, DTYPE_I64, v->i) : v->name;
  return s;
}

/* `kind` R: computed in the type of the result, I: in that of the operands, F: in f32, B: of truth values.  within: an expression of that value, x, in f64; NULL: none. */
static loom_status map_operands_within(tl_emit *e, char kind, const char *expr, int n, const char *within) {
  tl_generic g;
  enum { OPERANDS_MAX = 4 };
  tl_val in[OPERANDS_MAX] = {{0}};
  int n_tensors = 0, next = 0;
  tl_scalar vars[OPERANDS_MAX] = {{0}};
  for (int i = 0; i < n && i < OPERANDS_MAX; i++)
    if (tl_in(e, i)->type.kind == TL_TENSOR)
      in[n_tensors++] = tl_val_of(tl_in(e, i));
    else
      vars[i] = scalar_of(e, tl_in(e, i));
  tl_type out = e->op->out[0];
  LOOM_TRY(tl_map_open(e, out, in, n_tensors, &g));
  for (int i = 0; i < n && i < OPERANDS_MAX; i++)
    if (tl_in(e, i)->type.kind == TL_TENSOR) {
      vars[i] = (tl_scalar){.name = g.x[next], .type = g.in[next].type.dtype};
      next++;
    }
  dtype t = kind == 'B' ? DTYPE_BOOL : kind == 'F' ? DTYPE_F32 : dtype_compute(kind == 'R' ? out.dtype : promoted(e, n)), made;
  const char *x;
  LOOM_TRY(tl_expr(e, expr, t, vars, n, &x, &made));
  if (within)
    LOOM_TRY(tl_expr(e, within, DTYPE_F64, &(tl_scalar){.name = x, .type = made}, 1, &x, &made));
  return tl_give(e, 0, tl_map_close(e, &g, tl_cast(e, x, made, out.dtype)));
}

static loom_status map_operands(tl_emit *e, char kind, const char *expr, int n) { return map_operands_within(e, kind, expr, n, NULL); }

/* detail: "R x + y*z". */
loom_status tl_lower_map(tl_emit *e, const char *detail) {
  int n = e->op->n_in < 4 ? e->op->n_in : 4;
  if (e->op->n_out != 1 || e->op->out[0].kind != TL_TENSOR)
    return tl_invalid(e, "the result is not a tensor of a known shape and element type");
  bool any = false;
  for (int i = 0; i < n; i++)
    any |= tl_in(e, i)->type.kind == TL_TENSOR;
  if (!any)
    return tl_invalid(e, "no operand is a tensor of a known shape and element type");
  return map_operands(e, detail[0], detail + 2, n);
}

/* An expression of which the operands after the first ones (options, types) are left out: "1 R x". */
loom_status tl_lower_first(tl_emit *e, const char *detail) {
  tl_val x;
  LOOM_TRY(tl_need_tensor(e, 0, &x));
  if (e->op->out[0].kind != TL_TENSOR)
    return tl_invalid(e, "the result is not a tensor of a known shape and element type");
  if (detail[2] == 'R' && text_eq(detail + 4, "x") && e->op->out[0].dtype == x.type.dtype)
    return tl_give(e, 0, x);
  return map_operands(e, detail[2], detail + 4, detail[0] - '0');
}

static loom_status need_str(tl_emit *e, int i, const char *fallback, const char **out) {
  const tl_value *v = tl_in(e, i);
  *out = fallback;
  if (tl_is_none(v))
    return LOOM_OK;
  if (v->type.kind != TL_STR || !v->is_known)
    return tl_refuse(e, "operand %d is not a constant string", i);
  *out = v->s;
  return LOOM_OK;
}

loom_status tl_lower_gelu(tl_emit *e, const char *detail) {
  (void)detail;
  const char *how;
  LOOM_TRY(need_str(e, 1, "none", &how));
  if (text_eq(how, "none"))
    return map_operands(e, 'R', "0.5*x*(1 + erf(x*0.70710678118654752440))", 1);
  if (text_eq(how, "tanh"))
    return map_operands(e, 'R', "0.5*x*(1 + tanh(0.79788456080286535588*(x + 0.044715*x*x*x)))", 1);
  return tl_refuse(e, "approximate = \"%s\"; expected \"none\" or \"tanh\"", how);
}

/* Quotients with rounding: operand 2 says "trunc" or "floor". */
loom_status tl_lower_div_mode(tl_emit *e, const char *detail) {
  (void)detail;
  const char *how;
  LOOM_TRY(need_str(e, 2, "", &how));
  if (text_eq(how, "floor"))
    return map_operands(e, 'R', "floordiv(x, y)", 2);
  if (text_eq(how, "trunc"))
    return map_operands(e, 'R', "trunc(x/y)", 2);
  return *how ? tl_refuse(e, "rounding_mode = \"%s\"; expected \"floor\" or \"trunc\"", how) : map_operands(e, 'R', "x/y", 2);
}

/* As PyTorch's kernel: the usual exponents are products and roots. */
loom_status tl_lower_pow(tl_emit *e, const char *detail) {
  static const struct { double exponent; const char *expr; } usual[] = {{0.5, "sqrt(x)"}, {-0.5, "rsqrt(x)"}, {1, "x"},      {2, "x*x"},
                                                                       {3, "x*x*x"},     {-1, "1/x"},        {-2, "1/(x*x)"}};
  (void)detail;
  const tl_value *y = tl_in(e, 1);
  double v = y->type.kind == TL_FLOAT ? y->f : (double)y->i;
  for (size_t i = 0; i < sizeof usual / sizeof *usual && y->is_known; i++)
    if (usual[i].exponent == v && (v > 0.9 || dtype_is_float(e->op->out[0].dtype)))
      return map_operands(e, 'R', usual[i].expr, 1);
  return map_operands(e, 'R', "pow(x, y)", 2);
}

/* min and max of a pair of operands, or over all of a tensor. */
loom_status tl_lower_extreme(tl_emit *e, const char *detail) {
  if (e->op->n_in == 2)
    return map_operands(e, 'R', tl_str(e, "%s(x, y)", detail), 2);
  return tl_lower_reduce(e, detail);
}

static bool is_quantized(dtype t) { return t == DTYPE_I8 || t == DTYPE_U8 || t == DTYPE_I16 || t == DTYPE_I32; }

/* round(x / scale) + zero point, kept within the type of the result ("r": within operands 3 and 4): operands tensor, scale, zero point. */
loom_status tl_lower_quantize(tl_emit *e, const char *detail) {
  int64_t low, high;
  tl_val x;
  LOOM_TRY(tl_need_tensor(e, 0, &x));
  dtype t = e->op->out[0].dtype;
  if (e->op->out[0].kind != TL_TENSOR || !is_quantized(t) || !dtype_is_float(x.type.dtype))
    return tl_invalid(e, "%s is quantized to %s", dtype_torch(x.type.dtype), dtype_torch(t));
  low = (int64_t)tl_lowest(t);
  high = (int64_t)tl_highest(t);
  if (*detail == 'r') {
    LOOM_TRY(tl_need_int(e, 3, &low));
    LOOM_TRY(tl_need_int(e, 4, &high));
  }
  return map_operands_within(e, 'F', "round(x*(1/y)) + z", 3, tl_str(e, "min(max(x, (%" PRId64 ")), %" PRId64 ")", low, high));
}

/* (x - zero point) * scale: operands tensor, scale, zero point. */
loom_status tl_lower_dequantize(tl_emit *e, const char *detail) {
  (void)detail;
  if (e->op->n_in < 3 || tl_is_none(tl_in(e, 1)))
    return tl_refuse(e, "scale and zero point are not known: its operand is not made by quantize_per_tensor");
  return map_operands(e, 'F', "(x - z)*y", 3);
}

loom_status tl_map(tl_emit *e, tl_type out, const char *expr, const tl_val *in, int n, tl_val *result) {
  tl_generic g;
  tl_scalar vars[4];
  dtype made;
  const char *x;
  LOOM_TRY(tl_map_open(e, out, in, n, &g));
  for (int i = 0; i < n; i++)
    vars[i] = (tl_scalar){.name = g.x[i], .type = in[i].type.dtype};
  LOOM_TRY(tl_expr(e, expr, dtype_compute(out.dtype), vars, n, &x, &made));
  *result = tl_map_close(e, &g, tl_cast(e, x, made, out.dtype));
  return LOOM_OK;
}
