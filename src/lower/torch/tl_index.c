/* Elements at places that tensors say: gathers as linalg.generic, scatters as loops in the order of the places. */
#include "lower/torch/tl_private.h"

/* A place of an index tensor as an index into a dim of n elements; negative ones count from the end where PyTorch lets them. */
static const char *place(tl_emit *e, const char *x, dtype t, tl_num n, bool wraps) {
  const char *at = tl_line(e, "arith.index_cast %s : i64 to index", tl_cast(e, x, t, DTYPE_I64));
  if (!wraps)
    return at;
  const char *is = tl_line(e, "arith.cmpi slt, %s, %s : index", at, tl_index(e, 0)), *from_end = tl_line(e, "arith.addi %s, %s : index", at, tl_num_name(e, n));
  return tl_line(e, "arith.select %s, %s, %s : index", is, from_end, at);
}

static loom_status need_index(tl_emit *e, int i, tl_val *out) {
  LOOM_TRY(tl_need_tensor(e, i, out));
  return out->type.dtype == DTYPE_BOOL || dtype_is_float(out->type.dtype) ? tl_refuse(e, "operand %d holds %s; expected places", i, dtype_torch(out->type.dtype)) : LOOM_OK;
}

/* out[i.., d] = w[index[i..], d] */
loom_status tl_lower_embedding(tl_emit *e, const char *detail) {
  (void)detail;
  tl_val w, index;
  tl_type out;
  int dims[TL_RANK_MAX];
  const char *size[TL_RANK_MAX];
  LOOM_TRY(tl_need_tensor(e, 0, &w));
  LOOM_TRY(need_index(e, 1, &index));
  if (w.type.rank != 2)
    return tl_invalid(e, "the table is %s; expected a matrix", tl_text(e, w.type));
  if (index.type.rank == TL_RANK_MAX)
    return tl_refuse(e, "tensors have at most %d dims", TL_RANK_MAX);
  out = tl_with_dtype(index.type, w.type.dtype);
  out.dim[out.rank++] = w.type.dim[1];
  for (int d = 0; d < out.rank; d++) {
    dims[d] = d;
    size[d] = out.dim[d] != TL_DYNAMIC ? NULL : d < index.type.rank ? tl_size(e, index, d) : tl_size(e, w, 1);
  }
  tl_generic g = {.rank = out.rank, .n_in = 1, .n_out = 1, .in = {index}, .in_map = {tl_dims_map(e, dims, index.type.rank)}, .out = {tl_empty(e, out, size)}};
  tl_generic_open(e, &g);
  const char *at[2] = {place(e, g.x[0], index.type.dtype, tl_dim(e, w, 0), false), tl_line(e, "linalg.index %d : index", out.rank - 1)};
  return tl_give(e, 0, tl_map_close(e, &g, tl_extract(e, w, at)));
}

/* "select": out takes v at index[i] of dim d; "gather": at index[i..] of dim d, for each place of index. */
loom_status tl_lower_gather(tl_emit *e, const char *detail) {
  tl_val v, index;
  int d, dims[1];
  bool gathers = *detail == 'g';
  const char *size[TL_RANK_MAX], *at[TL_RANK_MAX];
  LOOM_TRY(tl_need_tensor(e, 0, &v));
  LOOM_TRY(tl_need_dim(e, 1, v.type.rank, &d));
  LOOM_TRY(need_index(e, 2, &index));
  if (index.type.rank == 0 && !gathers)
    LOOM_TRY(tl_unsqueeze(e, index, 0, &index));
  if (index.type.rank != (gathers ? v.type.rank : 1) || !v.type.rank)
    return tl_refuse(e, "places %s in %s", tl_text(e, index.type), tl_text(e, v.type));
  tl_type out = gathers ? tl_with_dtype(index.type, v.type.dtype) : v.type;
  if (!gathers)
    out.dim[d] = index.type.dim[0];
  for (int k = 0; k < out.rank; k++)
    size[k] = out.dim[k] != TL_DYNAMIC ? NULL : gathers ? tl_size(e, index, k) : k == d ? tl_size(e, index, 0) : tl_size(e, v, k);
  dims[0] = d;
  tl_generic g = {.rank = out.rank, .n_in = 1, .n_out = 1, .in = {index}, .in_map = {gathers ? NULL : tl_dims_map(e, dims, 1)}, .out = {tl_empty(e, out, size)}};
  tl_generic_open(e, &g);
  for (int k = 0; k < out.rank; k++)
    at[k] = k == d ? place(e, g.x[0], index.type.dtype, tl_dim(e, v, k), false) : tl_line(e, "linalg.index %d : index", k);
  return tl_give(e, 0, tl_map_close(e, &g, tl_extract(e, v, at)));
}

/* ---- advanced indexing ---- */
/* v[i0, :, i1]: which dims have an index tensor, and where the dims of the places stand in the result. */
typedef struct advanced {
  tl_val v, index[TL_RANK_MAX];
  bool has[TL_RANK_MAX];
  tl_type places;                      /* the index tensors broadcast together */
  const char *place_size[TL_RANK_MAX];
  int first;                           /* dim of the result where places begin */
  tl_type out; tl_num size[TL_RANK_MAX];
  int from[TL_RANK_MAX];               /* dim of v of a dim of the result; -1: a place */
} advanced;

static loom_status meet_shapes(tl_emit *e, advanced *a, tl_val index) {
  tl_type old = a->places, *p = &a->places;
  const char *size[TL_RANK_MAX];
  memcpy(size, a->place_size, sizeof size);
  p->rank = old.rank > index.type.rank ? old.rank : index.type.rank;
  for (int d = 0; d < p->rank; d++) {
    int x = d - p->rank + old.rank, y = d - p->rank + index.type.rank;
    int64_t m = x >= 0 ? old.dim[x] : 1, n = y >= 0 ? index.type.dim[y] : 1;
    bool from_index = m == 1 || (m == TL_DYNAMIC && n != 1 && n != TL_DYNAMIC);
    if (m != n && m != 1 && n != 1 && m != TL_DYNAMIC && n != TL_DYNAMIC)
      return tl_invalid(e, "index tensors of %" PRId64 " and %" PRId64 " elements do not meet", m, n);
    p->dim[d] = from_index ? n : m;
    a->place_size[d] = p->dim[d] != TL_DYNAMIC ? NULL : from_index ? tl_size(e, index, y) : size[x];
  }
  return LOOM_OK;
}

static loom_status read_advanced(tl_emit *e, advanced *a) {
  *a = (advanced){.places = {.kind = TL_TENSOR, .dtype = DTYPE_I64}, .first = -1};
  LOOM_TRY(tl_need_tensor(e, 0, &a->v));
  const tl_value *list = tl_in(e, 1);
  if (list->type.kind != TL_LIST || list->n_items > a->v.type.rank)
    return tl_refuse(e, "operand 1 is not a list of at most %d index tensors", a->v.type.rank);
  int last = -1, n_indices = 0;
  for (int d = 0; d < list->n_items; d++) {
    const tl_value *item = list->items[d];
    if (tl_is_none(item))
      continue;
    if (item->type.kind != TL_TENSOR || item->type.dtype == DTYPE_BOOL || dtype_is_float(item->type.dtype))
      return tl_refuse(e, "index %d is not a tensor of whole numbers of a known shape", d);
    a->index[d] = tl_val_of(item);
    a->has[d] = true;
    a->first = a->first < 0 ? d : a->first;
    last = d;
    n_indices++;
    LOOM_TRY(meet_shapes(e, a, a->index[d]));
  }
  if (!n_indices)
    return tl_refuse(e, "no index tensor is there");
  if (last - a->first + 1 != n_indices)   /* with a gap between them the places come first */
    a->first = 0;
  a->out = (tl_type){.kind = TL_TENSOR, .dtype = a->v.type.dtype};
  int places_done = 0;
  for (int d = 0; d <= a->v.type.rank; d++) {
    if (a->out.rank == a->first && !places_done++)
      for (int k = 0; k < a->places.rank; k++) {
        if (a->out.rank == TL_RANK_MAX)
          return tl_refuse(e, "the result has more than %d dims", TL_RANK_MAX);
        a->from[a->out.rank] = -1 - k;
        a->size[a->out.rank] = a->places.dim[k] == TL_DYNAMIC ? tl_named(a->place_size[k]) : tl_known(a->places.dim[k]);
        a->out.dim[a->out.rank++] = a->places.dim[k];
      }
    if (d == a->v.type.rank || a->has[d])
      continue;
    if (a->out.rank == TL_RANK_MAX)
      return tl_refuse(e, "the result has more than %d dims", TL_RANK_MAX);
    a->from[a->out.rank] = d;
    a->size[a->out.rank] = tl_dim(e, a->v, d);
    a->out.dim[a->out.rank++] = a->v.type.dim[d];
  }
  return LOOM_OK;
}

/* The place in v of the element of the result at `at`. */
static void find_place(tl_emit *e, const advanced *a, const char *const *at, const char **out) {
  for (int r = 0; r < a->out.rank; r++)
    if (a->from[r] >= 0)
      out[a->from[r]] = at[r];
  for (int d = 0; d < a->v.type.rank; d++) {
    if (!a->has[d])
      continue;
    const tl_type *t = &a->index[d].type;
    const char *where[TL_RANK_MAX];
    for (int k = 0; k < t->rank; k++) {
      int p = k + a->places.rank - t->rank, r = a->first + p;
      where[k] = t->dim[k] == 1 ? tl_index(e, 0) : at[r];
    }
    out[d] = place(e, tl_extract(e, a->index[d], where), t->dtype, tl_dim(e, a->v, d), true);
  }
}

loom_status tl_lower_index(tl_emit *e, const char *detail) {
  (void)detail;
  advanced a;
  const char *size[TL_RANK_MAX], *at[TL_RANK_MAX], *where[TL_RANK_MAX];
  LOOM_TRY(read_advanced(e, &a));
  for (int d = 0; d < a.out.rank; d++)
    size[d] = a.size[d].is_known ? NULL : a.size[d].name;
  tl_generic g = {.rank = a.out.rank, .n_out = 1, .out = {tl_empty(e, a.out, size)}};
  tl_generic_open(e, &g);
  for (int d = 0; d < a.out.rank; d++)
    at[d] = tl_line(e, "linalg.index %d : index", d);
  find_place(e, &a, at, where);
  return tl_give(e, 0, tl_map_close(e, &g, tl_extract(e, a.v, where)));
}

static const char *combine(tl_emit *e, const char *how, const char *old, const char *new, dtype t) {
  const tl_scalar vars[2] = {{.name = old, .type = t}, {.name = new, .type = t}};
  const char *x = new;
  dtype made = t;
  return tl_expr(e, how, dtype_compute(t), vars, 2, &x, &made) == LOOM_OK ? tl_cast(e, x, made, t) : new;
}

/* Operands: tensor, list of index tensors, values (broadcast to the places), accumulate. */
loom_status tl_lower_index_put(tl_emit *e, const char *detail) {
  (void)detail;
  advanced a;
  tl_val values;
  bool adds;
  tl_loops l;
  const char *where[TL_RANK_MAX], *from[TL_RANK_MAX];
  LOOM_TRY(read_advanced(e, &a));
  LOOM_TRY(tl_need_tensor(e, 2, &values));
  LOOM_TRY(tl_need_bool(e, 3, &adds));
  if (values.type.rank > a.out.rank)
    return tl_invalid(e, "the values have rank %d, the places %d", values.type.rank, a.out.rank);
  tl_loops_open(e, &l, a.out.rank, a.size, a.v);
  for (int d = 0; d < values.type.rank; d++)
    from[d] = values.type.dim[d] == 1 ? tl_index(e, 0) : l.at[d + a.out.rank - values.type.rank];
  find_place(e, &a, l.at, where);
  const char *x = tl_cast(e, tl_extract(e, values, from), values.type.dtype, a.v.type.dtype);
  if (adds)
    x = combine(e, "x + y", tl_extract(e, l.acc, where), x, a.v.type.dtype);
  return tl_give(e, 0, tl_loops_close(e, &l, tl_store(e, x, l.acc, where)));
}

/* Operands: tensor, dim, places, source.  "src", "value" (a scalar) or an expression of what is there (x) and what comes (y). */
loom_status tl_lower_scatter(tl_emit *e, const char *detail) {
  tl_val v, index;
  int d;
  tl_loops l;
  tl_num size[TL_RANK_MAX];
  const char *where[TL_RANK_MAX];
  LOOM_TRY(tl_need_tensor(e, 0, &v));
  LOOM_TRY(tl_need_dim(e, 1, v.type.rank, &d));
  LOOM_TRY(need_index(e, 2, &index));
  if (index.type.rank != v.type.rank)
    return tl_invalid(e, "places of rank %d in a tensor of rank %d", index.type.rank, v.type.rank);
  const tl_value *s = tl_in(e, 3);
  const bool is_tensor = s->type.kind == TL_TENSOR;
  if (is_tensor && s->type.rank != index.type.rank)
    return tl_invalid(e, "a source of rank %d for places of rank %d", s->type.rank, index.type.rank);
  const char *x = is_tensor ? NULL : tl_scalar_as(e, s, v.type.dtype);      /* one for all places */
  for (int k = 0; k < index.type.rank; k++)
    size[k] = tl_dim(e, index, k);
  tl_loops_open(e, &l, index.type.rank, size, v);
  for (int k = 0; k < v.type.rank; k++)
    where[k] = k == d ? place(e, tl_extract(e, index, l.at), index.type.dtype, tl_dim(e, v, k), false) : l.at[k];
  if (is_tensor)
    x = tl_cast(e, tl_extract(e, tl_val_of(s), l.at), s->type.dtype, v.type.dtype);
  if (strchr(detail, 'x'))
    x = combine(e, detail, tl_extract(e, l.acc, where), x, v.type.dtype);
  return tl_give(e, 0, tl_loops_close(e, &l, tl_store(e, x, l.acc, where)));
}

/* out[i.., c] = (v[i..] == c) */
loom_status tl_lower_one_hot(tl_emit *e, const char *detail) {
  (void)detail;
  tl_val v;
  tl_generic g;
  tl_type out = e->op->out[0];
  const char *size[TL_RANK_MAX];
  int dims[TL_RANK_MAX];
  LOOM_TRY(need_index(e, 0, &v));
  if (out.kind != TL_TENSOR || out.rank != v.type.rank + 1)
    return tl_invalid(e, "the result is not a tensor of rank %d", v.type.rank + 1);
  if (out.dim[out.rank - 1] == TL_DYNAMIC)
    LOOM_TRY(tl_need_int(e, 1, &out.dim[out.rank - 1]));
  if (out.dim[out.rank - 1] < 0)
    return tl_refuse(e, "the number of classes is not known");
  for (int d = 0; d < out.rank; d++) {
    dims[d] = d;
    if (d < v.type.rank)
      out.dim[d] = v.type.dim[d];
    size[d] = out.dim[d] == TL_DYNAMIC ? tl_size(e, v, d) : NULL;
  }
  g = (tl_generic){.rank = out.rank, .n_in = 1, .n_out = 1, .in = {v}, .in_map = {tl_dims_map(e, dims, v.type.rank)}, .out = {tl_empty(e, out, size)}};
  tl_generic_open(e, &g);
  const char *c = tl_line(e, "arith.index_cast %s : index to i64", tl_line(e, "linalg.index %d : index", out.rank - 1));
  const char *is = tl_line(e, "arith.cmpi eq, %s, %s : i64", tl_cast(e, g.x[0], v.type.dtype, DTYPE_I64), c);
  return tl_give(e, 0, tl_map_close(e, &g, tl_cast(e, is, DTYPE_BOOL, out.dtype)));
}
