/* Sums, products, extremes, means, variances and where the extremes are. */
#include "lower/torch/tl_private.h"
#include <math.h>
#include <stdlib.h>

double tl_lowest(dtype t) {
  if (dtype_is_float(t))
    return -INFINITY;
  return tl_is_unsigned(t) ? 0 : -ldexp(1, (int)dtype_bytes(t) * 8 - 1);
}

double tl_highest(dtype t) {
  if (dtype_is_float(t))
    return INFINITY;
  return t == DTYPE_BOOL ? 1 : t == DTYPE_U8 ? 255 : ldexp(1, (int)dtype_bytes(t) * 8 - 1) - 1;
}

/* The type without the dims, and where each of its dims comes from. */
static tl_type without(const tl_type *t, const bool *is, int *from) {
  tl_type out = {.kind = TL_TENSOR, .dtype = t->dtype};
  for (int d = 0; d < t->rank; d++)
    if (!is[d]) {
      from[out.rank] = d;
      out.dim[out.rank++] = t->dim[d];
    }
  return out;
}

/* Opens a reduction of v over the dims into `n` filled tensors. */
static tl_generic open_reduction(tl_emit *e, tl_val v, const bool *is, int n, const dtype *acc, const char *const *init) {
  int from[TL_RANK_MAX];
  const char *size[TL_RANK_MAX];
  tl_type out = without(&v.type, is, from);
  tl_generic g = {.rank = v.type.rank, .n_in = 1, .n_out = n, .in = {v}};
  for (int d = 0; d < out.rank; d++)
    size[d] = out.dim[d] == TL_DYNAMIC ? tl_size(e, v, from[d]) : NULL;
  for (int d = 0; d < g.rank; d++)
    g.is_reduction[d] = is[d];
  for (int i = 0; i < n; i++) {
    g.out[i] = tl_fill(e, tl_with_dtype(out, acc[i]), size, init[i]);
    g.out_map[i] = tl_dims_map(e, from, out.rank);
  }
  tl_generic_open(e, &g);
  return g;
}

loom_status tl_reduce(tl_emit *e, tl_val v, const bool *is, dtype acc, double init, const char *step, tl_val *out) {
  return tl_reduce_from(e, v, is, acc, tl_const(e, acc, init), step, out);
}

loom_status tl_reduce_from(tl_emit *e, tl_val v, const bool *is, dtype acc, const char *init, const char *step, tl_val *out) {
  tl_generic g = open_reduction(e, v, is, 1, &acc, &init);
  const tl_scalar vars[2] = {{.name = g.x[0], .type = v.type.dtype}, {.name = g.acc[0], .type = acc}};
  const char *x;
  dtype made;
  LOOM_TRY(tl_expr(e, step, acc, vars, 2, &x, &made));
  *out = tl_map_close(e, &g, tl_cast(e, x, made, acc));
  return LOOM_OK;
}

loom_status tl_keep_dims(tl_emit *e, tl_val reduced, const tl_type *of, const bool *is, tl_val *out) {
  tl_type t = tl_with_dtype(*of, reduced.type.dtype);
  const char *size[TL_RANK_MAX] = {NULL};
  int from = 0;
  for (int d = 0; d < t.rank; d++)
    if (is[d]) {
      t.dim[d] = 1;
    } else {
      size[d] = t.dim[d] == TL_DYNAMIC ? tl_size(e, reduced, from) : NULL;
      from++;
    }
  return tl_view(e, reduced, t, size, out);
}

tl_num tl_count(tl_emit *e, tl_val v, const bool *is) {
  tl_num n = tl_known(1);
  for (int d = 0; d < v.type.rank; d++)
    if (is[d])
      n = tl_calc(e, n, '*', tl_dim(e, v, d));
  return n;
}

const char *tl_num_scalar(tl_emit *e, tl_num a, dtype t) {
  if (a.is_known)
    return tl_const_int(e, t, a.v);
  return tl_cast(e, tl_line(e, "arith.index_cast %s : index to i64", a.name), DTYPE_I64, t);
}

/* ---- means ---- */
loom_status tl_mean(tl_emit *e, tl_val v, const bool *is, double correction, tl_val *out) {
  dtype t = dtype_compute(v.type.dtype);
  tl_val sum;
  tl_generic g;
  LOOM_TRY(tl_reduce(e, v, is, t, 0, "y + x", &sum));
  LOOM_TRY(tl_keep_dims(e, sum, &v.type, is, &sum));
  const char *n = tl_num_scalar(e, tl_count(e, v, is), t);
  if (correction != 0) {
    n = tl_line(e, "arith.subf %s, %s : %s", n, tl_const(e, t, correction), tl_elem(t));
    n = tl_line(e, "arith.maximumf %s, %s : %s", n, tl_const(e, t, 0), tl_elem(t));
  }
  LOOM_TRY(tl_map_open(e, sum.type, &sum, 1, &g));
  *out = tl_map_close(e, &g, tl_line(e, "arith.divf %s, %s : %s", g.x[0], n, tl_elem(t)));
  return LOOM_OK;
}

loom_status tl_moments(tl_emit *e, tl_val v, const bool *is, double correction, tl_val *out_mean, tl_val *out_var) {
  dtype t = dtype_compute(v.type.dtype);
  tl_val square;
  LOOM_TRY(tl_mean(e, v, is, 0, out_mean));
  LOOM_TRY(tl_map(e, tl_with_dtype(v.type, t), "(x - y)*(x - y)", (const tl_val[]){v, *out_mean}, 2, &square));
  return tl_mean(e, square, is, correction, out_var);
}

/* ---- the operations ---- */
typedef struct reduction { const char *name; const char *step; double init; char first; } reduction;   /* first: l lowest, h highest, n `init` */
static const reduction reductions[] = {{"sum", "y + x", 0, 'n'},          {"prod", "y*x", 1, 'n'},          {"max", "max(y, x)", 0, 'l'},
                                       {"min", "min(y, x)", 0, 'h'},      {"all", "and(y?, x?)", 1, 'n'},   {"any", "or(y?, x?)", 0, 'n'},
                                       {"sum_abs", "y + abs(x)", 0, 'n'}, {"sum_squares", "y + x*x", 0, 'n'}, {"max_abs", "max(y, abs(x))", 0, 'n'},
                                       {"count", "y + where(x != 0, 1, 0)", 0, 'n'}};

/* "max 1 2": the reduction, the operand of the dims, that of keepdim; without them all dims go. */
static loom_status read_dims(tl_emit *e, const char *detail, tl_val *v, bool is[TL_RANK_MAX], bool *keeps) {
  LOOM_TRY(tl_need_tensor(e, 0, v));
  const char *at = strchr(detail, ' ');
  *keeps = false;
  for (int d = 0; d < TL_RANK_MAX; d++)
    is[d] = d < v->type.rank;
  if (!at)
    return LOOM_OK;
  LOOM_TRY(tl_need_dims(e, at[1] - '0', v->type.rank, is));
  return at[2] ? tl_need_bool(e, at[3] - '0', keeps) : LOOM_OK;
}

static loom_status give_reduced(tl_emit *e, int i, tl_val reduced, const tl_type *of, const bool *is, bool keeps) {
  tl_type out;
  LOOM_TRY(tl_need_result(e, i, &out));
  reduced = tl_convert(e, reduced, out.dtype);
  if (keeps)
    LOOM_TRY(tl_keep_dims(e, reduced, of, is, &reduced));
  return tl_give(e, i, reduced);
}

static loom_status reduce_as(tl_emit *e, const reduction *r, tl_val v, const bool *is, dtype acc, tl_val *out) {
  double init = r->first == 'l' ? tl_lowest(acc) : r->first == 'h' ? tl_highest(acc) : r->init;
  return tl_reduce(e, v, is, acc, init, r->step, out);
}

static const reduction *find_reduction(const char *detail) {
  size_t n = strcspn(detail, " ");
  for (size_t i = 0; i < sizeof reductions / sizeof *reductions; i++)
    if (strlen(reductions[i].name) == n && memcmp(reductions[i].name, detail, n) == 0)
      return &reductions[i];
  return NULL;
}

loom_status tl_lower_reduce(tl_emit *e, const char *detail) {
  tl_val v, out;
  bool is[TL_RANK_MAX], keeps;
  const reduction *r = find_reduction(detail);
  LOOM_TRY(read_dims(e, detail, &v, is, &keeps));
  if (!r || e->op->out[0].kind != TL_TENSOR)
    return tl_invalid(e, "the result is not a tensor of a known shape and element type");
  bool is_truth = strchr(r->step, '?') != NULL;
  dtype acc = is_truth ? DTYPE_BOOL : dtype_compute(r->first == 'n' ? e->op->out[0].dtype : v.type.dtype);   /* extremes keep the type of the elements */
  LOOM_TRY(reduce_as(e, r, v, is, acc, &out));
  return give_reduced(e, 0, out, &v.type, is, keeps);
}

loom_status tl_lower_mean(tl_emit *e, const char *detail) {
  tl_val v, out;
  bool is[TL_RANK_MAX], keeps;
  LOOM_TRY(read_dims(e, detail, &v, is, &keeps));
  if (e->op->out[0].kind != TL_TENSOR)
    return tl_invalid(e, "the result is not a tensor of a known shape and element type");
  if (!dtype_is_float(e->op->out[0].dtype))
    return tl_invalid(e, "a mean of type %s", dtype_torch(e->op->out[0].dtype));
  if (!dtype_is_float(v.type.dtype))
    v = tl_convert(e, v, dtype_compute(e->op->out[0].dtype));
  LOOM_TRY(tl_mean(e, v, is, 0, &out));
  return tl_give_kept(e, 0, out, is, keeps);
}

/* A result whose reduced dims are there as 1, with or without them. */
loom_status tl_give_kept(tl_emit *e, int i, tl_val kept, const bool *is, bool keeps) {
  tl_type out;
  LOOM_TRY(tl_need_result(e, i, &out));
  kept = tl_convert(e, kept, out.dtype);
  int from[TL_RANK_MAX];
  tl_type t = without(&kept.type, is, from);
  const char *size[TL_RANK_MAX];
  for (int d = 0; d < t.rank; d++)
    size[d] = t.dim[d] == TL_DYNAMIC ? tl_size(e, kept, from[d]) : NULL;
  if (!keeps)
    LOOM_TRY(tl_view(e, kept, t, size, &kept));
  return tl_give(e, i, kept);
}

/* ---- variances ---- */
/* "var", "std" or "var_mean" (results variance, mean), then the operands of dims, correction ('u': unbiased as bool) and keepdim: "var 1 c2 3". */
loom_status tl_lower_var(tl_emit *e, const char *detail) {
  tl_val v, mean, var;
  bool is[TL_RANK_MAX], keeps = false;
  double correction = 1;
  LOOM_TRY(tl_need_tensor(e, 0, &v));
  for (int d = 0; d < TL_RANK_MAX; d++)
    is[d] = d < v.type.rank;
  for (const char *p = strchr(detail, ' '); p; p = strchr(p + 1, ' ')) {
    bool is_correction = p[1] == 'c';
    int at = p[is_correction ? 2 : 1] - '0';
    if (is_correction) {
      LOOM_TRY(tl_need_number(e, at, "the correction", 1, &correction));
    } else if (p == strchr(detail, ' ')) {
      LOOM_TRY(tl_need_dims(e, at, v.type.rank, is));
    } else {
      LOOM_TRY(tl_need_bool(e, at, &keeps));
    }
  }
  if (!dtype_is_float(v.type.dtype))
    return tl_invalid(e, "the variance of whole numbers");
  LOOM_TRY(tl_moments(e, v, is, correction, &mean, &var));
  if (text_starts(detail, "std"))
    LOOM_TRY(tl_map(e, var.type, "sqrt(x)", &var, 1, &var));
  LOOM_TRY(tl_give_kept(e, 0, var, is, keeps));
  return text_starts(detail, "var_mean") ? tl_give_kept(e, 1, mean, is, keeps) : LOOM_OK;
}

/* ---- where the extreme is: the first one, NaN beats all ---- */
static loom_status find_extreme(tl_emit *e, tl_val v, int d, bool is_max, tl_val *value, tl_val *at) {
  bool is[TL_RANK_MAX] = {false};
  is[d] = true;
  const dtype t = v.type.dtype, types[2] = {t, DTYPE_I64};
  const char *const init[2] = {tl_const(e, t, is_max ? tl_lowest(t) : tl_highest(t)), tl_const_int(e, DTYPE_I64, 0)};
  tl_generic g = open_reduction(e, v, is, 2, types, init);
  const char *T = tl_elem(t), *x = g.x[0], *best = g.acc[0], *better;
  if (dtype_is_float(t)) {
    const char *more = tl_line(e, "arith.cmpf %s, %s, %s : %s", is_max ? "ogt" : "olt", x, best, T), *nan = tl_line(e, "arith.cmpf uno, %s, %s : %s", x, x, T);
    const char *had = tl_line(e, "arith.cmpf ord, %s, %s : %s", best, best, T);
    better = tl_line(e, "arith.ori %s, %s : i1", more, tl_line(e, "arith.andi %s, %s : i1", nan, had));
  } else {
    const char *pred = is_max ? tl_is_unsigned(t) ? "ugt" : "sgt" : tl_is_unsigned(t) ? "ult" : "slt";
    better = tl_line(e, "arith.cmpi %s, %s, %s : %s", pred, x, best, T);
  }
  const char *here = tl_line(e, "arith.index_cast %s : index to i64", tl_line(e, "linalg.index %d : index", d));
  const char *yields[2] = {tl_line(e, "arith.select %s, %s, %s : %s", better, x, best, T), tl_line(e, "arith.select %s, %s, %s : i64", better, here, g.acc[1])};
  tl_generic_close(e, &g, yields);
  *value = (tl_val){g.result[0], g.out[0].type};
  *at = (tl_val){g.result[1], g.out[1].type};
  return LOOM_OK;
}

/* "max v" gives values and places, "max" places; operands: tensor, dim (none: of all elements), keepdim. */
loom_status tl_lower_arg_extreme(tl_emit *e, const char *detail) {
  tl_val v, value, at;
  bool is[TL_RANK_MAX] = {false}, keeps, gives_values = strchr(detail, ' ') != NULL, is_max = text_starts(detail, "max");
  int d = 0;
  LOOM_TRY(tl_need_tensor(e, 0, &v));
  LOOM_TRY(tl_need_bool(e, 2, &keeps));
  const tl_type of = v.type;
  if (tl_is_none(tl_in(e, 1)) || of.rank == 0) {
    for (int k = 0; k < of.rank; k++)
      is[k] = true;
    tl_num n = tl_count(e, v, is);
    const char *size = n.is_known ? NULL : n.name;
    int64_t dim = tl_num_dim(n);
    LOOM_TRY(tl_view(e, v, tl_tensor(of.dtype, 1, &dim), &size, &v));
  } else {
    LOOM_TRY(tl_need_dim(e, 1, of.rank, &d));
    is[d] = true;
  }
  LOOM_TRY(find_extreme(e, v, d, is_max, &value, &at));
  if (gives_values)
    LOOM_TRY(give_reduced(e, 0, value, &of, is, keeps));
  return give_reduced(e, gives_values, at, &of, is, keeps);
}

/* ---- norms and sums of exponentials ---- */
/* Operands: tensor, order, dims, keepdim. */
loom_status tl_lower_norm(tl_emit *e, const char *detail) {
  (void)detail;
  tl_val v, out;
  bool is[TL_RANK_MAX], keeps;
  double order;
  LOOM_TRY(read_dims(e, "norm 2 3", &v, is, &keeps));
  LOOM_TRY(tl_need_number(e, 1, "the order", 2, &order));
  const char *name = order == 2 ? "sum_squares" : order == 1 ? "sum_abs" : order == 0 ? "count" : order == INFINITY ? "max_abs" : NULL;
  if (!name)
    return tl_refuse(e, "the order %g; 0, 1, 2 and inf are known", order);
  LOOM_TRY(reduce_as(e, find_reduction(name), v, is, dtype_compute(v.type.dtype), &out));
  if (order == 2)
    LOOM_TRY(tl_map(e, out.type, "sqrt(x)", &out, 1, &out));
  return give_reduced(e, 0, out, &v.type, is, keeps);
}

loom_status tl_lower_logsumexp(tl_emit *e, const char *detail) {
  tl_val v, most, sum, out;
  bool is[TL_RANK_MAX], keeps;
  LOOM_TRY(read_dims(e, detail, &v, is, &keeps));
  v = tl_convert(e, v, dtype_compute(e->op->out[0].kind == TL_TENSOR ? e->op->out[0].dtype : DTYPE_F32));
  LOOM_TRY(reduce_as(e, find_reduction("max"), v, is, v.type.dtype, &most));
  LOOM_TRY(tl_keep_dims(e, most, &v.type, is, &most));
  LOOM_TRY(tl_map(e, most.type, "where(abs(x) == 1/0, 0, x)", &most, 1, &most));   /* an infinite extreme would make inf - inf */
  LOOM_TRY(tl_map(e, v.type, "exp(x - y)", (const tl_val[]){v, most}, 2, &out));
  LOOM_TRY(tl_reduce(e, out, is, v.type.dtype, 0, "y + x", &sum));
  LOOM_TRY(tl_keep_dims(e, sum, &v.type, is, &sum));
  LOOM_TRY(tl_map(e, sum.type, "log(x) + y", (const tl_val[]){sum, most}, 2, &out));
  return tl_give_kept(e, 0, out, is, keeps);
}
