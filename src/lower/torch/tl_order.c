/* Sorting by rank (where an element goes is the number of those before it), the k largest, running sums; tm_tensor's sort, topk, scan, scatter. */
#include "lower/torch/tl_private.h"

/* i1: does a go before b?  NaN is larger than all, as in PyTorch. */
static const char *goes_before(tl_emit *e, const char *a, const char *b, dtype t, bool descending) {
  if (dtype_is_float(t)) {
    const char *T = tl_elem(t), *less = tl_line(e, "arith.cmpf %s, %s, %s : %s", descending ? "ogt" : "olt", a, b, T), *large = descending ? a : b, *other = descending ? b : a;
    const char *nan = tl_line(e, "arith.cmpf uno, %s, %s : %s", large, large, T), *number = tl_line(e, "arith.cmpf ord, %s, %s : %s", other, other, T);
    return tl_line(e, "arith.ori %s, %s : i1", less, tl_line(e, "arith.andi %s, %s : i1", nan, number));
  }
  const char *pred = descending ? tl_is_unsigned(t) ? "ugt" : "sgt" : tl_is_unsigned(t) ? "ult" : "slt";
  return tl_line(e, "arith.cmpi %s, %s, %s : %s", pred, a, b, tl_elem(t));
}

/* Does one go before the other?  By values, or by a function of the module (over pairs of several tensors). */
typedef struct order { const tl_val *v; int n; bool descending; const char *function; } order;

static const char *call_order(tl_emit *e, const order *o, const char *const *a, const char *const *b) {
  text args = text_new(e->mem), types = text_new(e->mem);
  for (int i = 0; i < o->n; i++) {
    const char *T = tl_elem(o->v[i].type.dtype);
    text_addf(&args, "%s%s, %s", i ? ", " : "", a[i], b[i]);
    text_addf(&types, "%s%s, %s", i ? ", " : "", T, T);
  }
  return tl_line(e, "func.call %s(%s) : (%s) -> i1", o->function, text_str(&args), text_str(&types));
}

static const char *before(tl_emit *e, const order *o, const char *const *a, const char *const *b) {
  return o->function ? call_order(e, o, a, b) : goes_before(e, a[0], b[0], o->v[0].type.dtype, o->descending);
}

/* For each element the number of those along d that go before it; equal ones keep their order. */
static tl_val ranks(tl_emit *e, const order *o, int d) {
  const tl_type *t = &o->v[0].type;
  int dims[TL_RANK_MAX];
  const char *size[TL_RANK_MAX];
  tl_generic g = {.rank = t->rank + 1, .n_out = 1};
  tl_sizes(e, o->v[0], size);
  for (int k = 0; k < t->rank; k++)
    dims[k] = k;
  for (int side = 0; side < 2; side++)
    for (int i = 0; i < o->n; i++) {
      dims[d] = side ? t->rank : d;
      g.in[g.n_in] = o->v[i];
      g.in_map[g.n_in++] = tl_dims_map(e, dims, t->rank);
    }
  dims[d] = d;
  g.is_reduction[t->rank] = true;
  g.out[0] = tl_fill(e, tl_with_dtype(*t, DTYPE_I64), size, tl_const_int(e, DTYPE_I64, 0));
  g.out_map[0] = tl_dims_map(e, dims, t->rank);
  tl_generic_open(e, &g);
  const char *const *mine = g.x, *const *other = g.x + o->n;
  const char *first = before(e, o, other, mine), *mine_first = before(e, o, mine, other);
  const char *earlier = tl_line(e, "arith.cmpi slt, %s, %s : index", tl_line(e, "linalg.index %d : index", t->rank), tl_line(e, "linalg.index %d : index", d));
  const char *tie = tl_line(e, "arith.cmpi eq, %s, %s : i1", first, mine_first), *counts = tl_line(e, "arith.select %s, %s, %s : i1", tie, earlier, first);
  return tl_map_close(e, &g, tl_line(e, "arith.addi %s, %s : i64", g.acc[0], tl_line(e, "arith.extui %s : i1 to i64", counts)));
}

/* The first k along d by rank: for each tensor, the elements at their places; `v` NULL: the places they come from. */
static tl_val place_by_rank(tl_emit *e, tl_val rank, const tl_val *v, int d, tl_num k) {
  tl_type out = tl_with_dtype(rank.type, v ? v->type.dtype : DTYPE_I64);
  const char *size[TL_RANK_MAX], *at[TL_RANK_MAX], *T;
  tl_num n[TL_RANK_MAX];
  tl_loops l;
  tl_sizes(e, rank, size);
  for (int i = 0; i < out.rank; i++)
    n[i] = tl_dim(e, rank, i);
  out.dim[d] = tl_num_dim(k);
  size[d] = k.is_known ? NULL : k.name;
  T = tl_text(e, out);
  tl_loops_open(e, &l, out.rank, n, tl_empty(e, out, size));
  memcpy(at, l.at, sizeof at);
  at[d] = tl_line(e, "arith.index_cast %s : i64 to index", tl_extract(e, rank, l.at));
  const char *x = v ? tl_extract(e, *v, l.at) : tl_line(e, "arith.index_cast %s : index to i64", l.at[d]);
  const char *fits = tl_line(e, "arith.cmpi slt, %s, %s : index", at[d], tl_num_name(e, k)), *r = tl_fresh(e);
  tl_raw(e, "  %s = scf.if %s -> (%s) {\n", r, fits, T);
  tl_raw(e, "  scf.yield %s : %s\n  } else {\n  scf.yield %s : %s\n  }\n", tl_store(e, x, l.acc, at).name, T, l.acc.name, T);
  return tl_loops_close(e, &l, (tl_val){r, out});
}

/* The same for few places, as sums of which one term is not zero: reductions, which every machine has. The zero is -0.0, which adds nothing to -0.0 either. */
static tl_val pick_by_rank(tl_emit *e, tl_val rank, const tl_val *v, int d, int64_t k) {
  const int r = rank.type.rank;
  tl_type out = tl_with_dtype(rank.type, v ? v->type.dtype : DTYPE_I64);
  const char *size[TL_RANK_MAX], *T = tl_elem(out.dtype);
  bool is_float = dtype_is_float(out.dtype);
  int dims[TL_RANK_MAX];
  tl_generic g = {.rank = r + 1, .n_in = v ? 2 : 1, .n_out = 1};
  tl_sizes(e, rank, size);
  out.dim[d] = k;
  size[d] = NULL;
  for (int i = 0; i < r; i++)
    dims[i] = i;
  const char *zero = is_float ? tl_const(e, out.dtype, -0.0) : tl_const_int(e, out.dtype, 0);
  g.out[0] = tl_fill(e, out, size, zero);
  g.out_map[0] = tl_dims_map(e, dims, r);
  dims[d] = r;
  g.in[0] = rank;
  if (v)
    g.in[1] = *v;
  g.in_map[0] = g.in_map[1] = tl_dims_map(e, dims, r);
  g.is_reduction[r] = true;
  tl_generic_open(e, &g);
  const char *place = tl_line(e, "arith.index_cast %s : index to i64", tl_line(e, "linalg.index %d : index", d));
  const char *from = v ? g.x[1] : tl_line(e, "arith.index_cast %s : index to i64", tl_line(e, "linalg.index %d : index", r));
  const char *is_it = tl_line(e, "arith.cmpi eq, %s, %s : i64", g.x[0], place), *x = tl_line(e, "arith.select %s, %s, %s : %s", is_it, from, zero, T);
  return tl_map_close(e, &g, tl_line(e, "arith.%s %s, %s : %s", is_float ? "addf" : "addi", g.acc[0], x, T));
}

enum { PICKED_MAX = 64 };

static tl_val first_by_rank(tl_emit *e, tl_val rank, const tl_val *v, int d, tl_num k) {
  bool is_few = k.is_known && k.v <= PICKED_MAX && rank.type.rank < TL_RANK_MAX && !(v && v->type.dtype == DTYPE_BOOL);
  return is_few ? pick_by_rank(e, rank, v, d, k.v) : place_by_rank(e, rank, v, d, k);
}

/* "sort": operands tensor, dim, descending ("s": tensor, stable, dim, descending); "a": places only; "topk": tensor, k, dim, largest, sorted. */
loom_status tl_lower_sort(tl_emit *e, const char *detail) {
  tl_val v;
  int d;
  bool is_topk = *detail == 't', places_only = *detail == 'a', descending = true;
  int dim_at = is_topk || *detail == 's' ? 2 : 1;
  LOOM_TRY(tl_need_tensor(e, 0, &v));
  if (!v.type.rank)
    return tl_refuse(e, "a tensor without dims");
  d = v.type.rank - 1;
  if (!tl_is_none(tl_in(e, dim_at)))
    LOOM_TRY(tl_need_dim(e, dim_at, v.type.rank, &d));
  if (!tl_is_none(tl_in(e, dim_at + 1)))
    LOOM_TRY(tl_need_bool(e, dim_at + 1, &descending));
  else
    descending = is_topk;
  if (is_topk && tl_in(e, 1)->is_known && tl_in(e, 1)->i < 0)
    return tl_invalid(e, "the %" PRId64 " first elements", tl_in(e, 1)->i);
  tl_num k = is_topk ? tl_num_of(e, tl_in(e, 1)) : tl_dim(e, v, d), n = tl_dim(e, v, d);
  if (k.is_known && n.is_known && k.v > n.v)
    return tl_invalid(e, "%" PRId64 " of %" PRId64 " elements", k.v, n.v);
  const order o = {.v = &v, .n = 1, .descending = descending};
  tl_val rank = ranks(e, &o, d);
  if (!places_only)
    LOOM_TRY(tl_give(e, 0, first_by_rank(e, rank, &v, d, k)));
  return tl_give(e, !places_only, first_by_rank(e, rank, NULL, d, k));
}

/* ---- running sums ---- */
/* Loops over the other dims around one along d that carries the tensor and what has been combined so far. */
loom_status tl_lower_cumulate(tl_emit *e, const char *detail) {
  tl_val v;
  int d;
  tl_type out = e->op->out[0];
  LOOM_TRY(tl_need_tensor(e, 0, &v));
  LOOM_TRY(tl_need_dim(e, 1, v.type.rank, &d));
  if (out.kind != TL_TENSOR || !v.type.rank)
    return tl_refuse(e, "a result of an unknown type or without dims");
  dtype acc = dtype_compute(out.dtype);
  const char *size[TL_RANK_MAX], *at[TL_RANK_MAX];
  tl_num n[TL_RANK_MAX];
  int dims[TL_RANK_MAX], rank = 0;
  tl_type made = tl_with_dtype(v.type, out.dtype);
  tl_sizes(e, v, size);
  for (int k = 0; k < v.type.rank; k++)
    if (k != d) {
      dims[rank] = k;
      n[rank++] = tl_dim(e, v, k);
    }
  tl_loops l;
  tl_loops_open(e, &l, rank, n, tl_empty(e, made, size));
  for (int k = 0; k < rank; k++)
    at[dims[k]] = l.at[k];
  const char *T = tl_text(e, made), *t = tl_elem(acc), *zero = tl_index(e, 0), *one = tl_index(e, 1), *end = tl_num_name(e, tl_dim(e, v, d));
  const char *first = tl_const_int(e, acc, *detail == 'p'), *r = tl_fresh(e), *iv = tl_fresh(e), *into = tl_fresh(e), *so_far = tl_fresh(e);
  tl_raw(e, "  %s:2 = scf.for %s = %s to %s step %s iter_args(%s = %s, %s = %s) -> (%s, %s) {\n", r, iv, zero, end, one, into, l.acc.name, so_far, first, T, t);
  at[d] = iv;
  const char *x = tl_cast(e, tl_extract(e, v, at), v.type.dtype, acc), *f = dtype_is_float(acc) ? "f" : "i";
  const char *next = tl_line(e, "arith.%s%s %s, %s : %s", *detail == 'p' ? "mul" : "add", f, so_far, x, t);
  tl_val stored = tl_store(e, tl_cast(e, next, acc, out.dtype), (tl_val){into, made}, at);
  tl_raw(e, "  scf.yield %s, %s : %s, %s\n  }\n", stored.name, next, T, t);
  return tl_give(e, 0, tl_loops_close(e, &l, (tl_val){tl_str(e, "%s#0", r), made}));
}

/* ---- tm_tensor ---- */
static const char *attribute(const tl_emit *e, const char *name) {
  for (int i = 0; i < e->op->n_attributes; i++)
    if (text_eq(e->op->attributes[i].name, name))
      return e->op->attributes[i].text;
  return "";
}

static loom_status attribute_dim(tl_emit *e, int rank, int *out) {
  const char *s = attribute(e, "dimension");
  int64_t d = 0;
  for (; *s >= '0' && *s <= '9' && d < 1000; s++)
    d = d * 10 + (*s - '0');
  return tl_wrap_dim(e, d, rank, out);
}

static loom_status need_all(tl_emit *e, int n_ins, int n_outs) {
  tl_val v;
  for (int i = 0; i < e->op->n_in; i++)
    LOOM_TRY(tl_need_tensor(e, i, &v));
  if (e->op->n_segment_ins != n_ins || e->op->n_in - e->op->n_segment_ins != n_outs || !e->op->region || e->op->n_out != n_outs)
    return tl_refuse(e, "%d tensors in and %d out", e->op->n_segment_ins, e->op->n_in - e->op->n_segment_ins);
  return LOOM_OK;
}

static const char *call_pair(tl_emit *e, const char *a, const char *b, dtype t, const char *result) {
  return tl_line(e, "func.call %s(%s, %s) : (%s, %s) -> %s", e->op->region, a, b, tl_elem(t), tl_elem(t), result);
}

loom_status tl_lower_tm_sort(tl_emit *e, const char *detail) {
  (void)detail;
  tl_val v[4];
  int d, n = e->op->n_in - e->op->n_segment_ins;
  if (n < 1 || n > 4)
    return tl_refuse(e, "%d tensors sorted together; 1 to 4 are", n);
  LOOM_TRY(need_all(e, 0, n));
  for (int i = 0; i < n; i++)
    v[i] = tl_val_of(tl_in(e, i));
  for (int i = 0; i < n; i++)
    if (!tl_same_shape(&v[i].type, &v[0].type) || !v[i].type.rank)
      return tl_invalid(e, "%s and %s sorted together", tl_text(e, v[0].type), tl_text(e, v[i].type));
  LOOM_TRY(attribute_dim(e, v[0].type.rank, &d));
  const order o = {.v = v, .n = n, .function = e->op->region};
  tl_val rank = ranks(e, &o, d);
  for (int i = 0; i < n; i++)
    LOOM_TRY(tl_give(e, i, place_by_rank(e, rank, &v[i], d, tl_dim(e, v[i], d))));
  return LOOM_OK;
}

/* ins values [, places]; outs values, places (i32): the k of the outs. */
loom_status tl_lower_tm_topk(tl_emit *e, const char *detail) {
  (void)detail;
  int d, n_ins = e->op->n_segment_ins;
  if (n_ins != 1 && n_ins != 2)
    return tl_refuse(e, "%d tensors in", n_ins);
  LOOM_TRY(need_all(e, n_ins, 2));
  tl_val v = tl_val_of(tl_in(e, 0)), out = tl_val_of(tl_in(e, n_ins)), places;
  if (out.type.rank != v.type.rank || !v.type.rank || (n_ins == 2 && !tl_same_shape(&tl_in(e, 1)->type, &v.type)))
    return tl_invalid(e, "%s of %s", tl_text(e, out.type), tl_text(e, v.type));
  LOOM_TRY(attribute_dim(e, v.type.rank, &d));
  const order o = {.v = &v, .n = 1, .function = e->op->region};
  tl_val rank = ranks(e, &o, d);
  tl_num k = tl_dim(e, out, d);
  LOOM_TRY(tl_give(e, 0, place_by_rank(e, rank, &v, d, k)));
  if (n_ins == 2) {
    tl_val given = tl_val_of(tl_in(e, 1));
    places = place_by_rank(e, rank, &given, d, k);
  } else {
    places = place_by_rank(e, rank, NULL, d, k);
  }
  return tl_give(e, 1, tl_convert(e, places, e->op->out[1].dtype));
}

/* out[i] = region(out[i - 1], in[i]); exclusive: what was before i, beginning with the accumulator.  Results: the tensor and the last value. */
loom_status tl_lower_tm_scan(tl_emit *e, const char *detail) {
  (void)detail;
  LOOM_TRY(need_all(e, 1, 2));
  tl_val v = tl_val_of(tl_in(e, 0)), out = tl_val_of(tl_in(e, 1)), acc = tl_val_of(tl_in(e, 2));
  bool inclusive = text_starts(attribute(e, "inclusive"), "true");
  int d, rank = v.type.rank;
  LOOM_TRY(attribute_dim(e, rank, &d));
  if (acc.type.rank != rank - 1 || out.type.rank != rank || acc.type.dtype != v.type.dtype || out.type.dtype != v.type.dtype)
    return tl_refuse(e, "%s scanned into %s", tl_text(e, v.type), tl_text(e, acc.type));
  /* One loop nest that carries both tensors: the scanned dim is the innermost, and its accumulator a scalar. */
  const char *T = tl_text(e, out.type), *A = tl_text(e, acc.type), *t = tl_elem(v.type.dtype), *zero = tl_index(e, 0), *one = tl_index(e, 1);
  const char *at[TL_RANK_MAX], *place[TL_RANK_MAX], *result[TL_RANK_MAX], *n[TL_RANK_MAX], *x = out.name, *a = acc.name;
  int outer = 0;
  for (int k = 0; k < rank; k++)
    n[k] = tl_num_name(e, tl_dim(e, v, k));
  for (int k = 0; k < rank; k++)
    if (k != d) {
      result[outer] = tl_fresh(e);
      at[k] = place[outer] = tl_fresh(e);
      const char *x2 = tl_fresh(e), *a2 = tl_fresh(e);
      tl_raw(e, "  %s:2 = scf.for %s = %s to %s step %s iter_args(%s = %s, %s = %s) -> (%s, %s) {\n", result[outer], at[k], zero, n[k], one, x2, x, a2, a, T, A);
      x = x2;
      a = a2;
      outer++;
    }
  /* Carried along the dim: the tensor, what has been combined so far, and what was written last, which ends up in the accumulator. */
  const char *first = tl_extract(e, (tl_val){a, acc.type}, place), *r = tl_fresh(e), *iv = tl_fresh(e), *x2 = tl_fresh(e), *so_far = tl_fresh(e), *last = tl_fresh(e);
  tl_raw(e, "  %s:3 = scf.for %s = %s to %s step %s iter_args(%s = %s, %s = %s, %s = %s) -> (%s, %s, %s) {\n", r, iv, zero, n[d], one, x2, x, so_far, first, last, first, T, t, t);
  at[d] = iv;
  const char *element = tl_extract(e, v, at), *next = call_pair(e, so_far, element, v.type.dtype, t);
  if (inclusive) {   /* the first one is the element itself */
    const char *is_first = tl_line(e, "arith.cmpi eq, %s, %s : index", iv, zero);
    next = tl_line(e, "arith.select %s, %s, %s : %s", is_first, element, next, t);
  }
  const char *written = inclusive ? next : so_far;
  tl_val stored = tl_store(e, written, (tl_val){x2, out.type}, at);
  tl_raw(e, "  scf.yield %s, %s, %s : %s, %s, %s\n  }\n", stored.name, next, written, T, t, t);
  x = tl_str(e, "%s#0", r);
  a = tl_store(e, tl_str(e, "%s#2", r), (tl_val){a, acc.type}, place).name;
  for (int k = outer - 1; k >= 0; k--) {
    tl_raw(e, "  scf.yield %s, %s : %s, %s\n  }\n", x, a, T, A);
    x = tl_str(e, "%s#0", result[k]);
    a = tl_str(e, "%s#1", result[k]);
  }
  LOOM_TRY(tl_give(e, 0, (tl_val){x, out.type}));
  return tl_give(e, 1, (tl_val){a, acc.type});
}

/* ins updates [n, u..], places [n, depth]; outs the original: out[places[i], ..u] = region(update, old). */
loom_status tl_lower_tm_scatter(tl_emit *e, const char *detail) {
  (void)detail;
  LOOM_TRY(need_all(e, 2, 1));
  tl_val updates = tl_val_of(tl_in(e, 0)), places = tl_val_of(tl_in(e, 1)), out = tl_val_of(tl_in(e, 2));
  int depth = places.type.rank == 2 && places.type.dim[1] > 0 ? (int)places.type.dim[1] : 0, inner = updates.type.rank - 1, map[TL_RANK_MAX], n_map = 0;
  for (const char *p = attribute(e, "dimension_map"); (p = strpbrk(p, ":,")) != NULL && n_map < TL_RANK_MAX;) {
    for (p++; *p == ' ';)
      p++;
    map[n_map++] = *p - '0';
  }
  bool fits = depth > 0 && depth <= out.type.rank && inner >= 0 && inner <= out.type.rank && n_map == depth && updates.type.dtype == out.type.dtype;
  for (int k = 0; fits && k < n_map; k++)
    fits = map[k] >= 0 && map[k] < out.type.rank;
  if (!fits)
    return tl_refuse(e, "updates %s at places %s of %s", tl_text(e, updates.type), tl_text(e, places.type), tl_text(e, out.type));
  tl_num size[TL_RANK_MAX];
  for (int k = 0; k <= inner; k++)
    size[k] = tl_dim(e, updates, k);
  tl_loops l;
  tl_loops_open(e, &l, inner + 1, size, out);
  const char *where[TL_RANK_MAX], *zero = tl_index(e, 0);
  for (int k = 0; k < out.type.rank; k++) {
    int from = k - (out.type.rank - inner);      /* the window fills the trailing dims */
    where[k] = from >= 0 ? l.at[1 + from] : zero;
  }
  for (int k = 0; k < depth; k++) {
    const char *at[2] = {l.at[0], tl_index(e, k)}, *x = tl_cast(e, tl_extract(e, places, at), places.type.dtype, DTYPE_I64);
    x = tl_line(e, "arith.index_cast %s : i64 to index", x);
    bool in_window = map[k] >= out.type.rank - inner;
    where[map[k]] = in_window ? tl_line(e, "arith.addi %s, %s : index", where[map[k]], x) : x;
  }
  const char *t = tl_elem(out.type.dtype), *x = call_pair(e, tl_extract(e, updates, l.at), tl_extract(e, l.acc, where), out.type.dtype, t);
  return tl_give(e, 0, tl_loops_close(e, &l, tl_store(e, x, l.acc, where)));
}
