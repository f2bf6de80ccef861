/* Reshapes as tensor.collapse_shape and expand_shape, transposes, slices. */
#include "lower/torch/tl_private.h"

/* Dims of in and of out that hold the same elements: in[a0..a1) and out[b0..b1). */
typedef struct group { int a0, a1, b0, b1; } group;

typedef struct extent { int64_t product; int unknown; } extent;
static void add_dim(extent *x, int64_t dim) {
  if (dim == TL_DYNAMIC)
    x->unknown++;
  else if (__builtin_mul_overflow(x->product, dim, &x->product))
    x->product = INT64_MAX;
}

static bool is_less(extent a, extent b) { return a.unknown != b.unknown ? a.unknown < b.unknown : a.product < b.product; }

static bool has_unknown(const tl_type *t, int from, int to) {
  for (int d = from; d < to; d++)
    if (t->dim[d] == TL_DYNAMIC)
      return true;
  return false;
}

/* The smallest groups, each with at most one unknown dim a side; 0: there are none such. */
static int find_groups(const tl_type *in, const tl_type *out, group *g) {
  int n = 0, a = 0, b = 0;
  while (a < in->rank && b < out->rank) {
    group *at = &g[n];
    *at = (group){a, a, b, b};
    extent x = {1, 0}, y = {1, 0};
    add_dim(&x, in->dim[a++]);
    add_dim(&y, out->dim[b++]);
    while (x.product != y.product || x.unknown != y.unknown) {
      bool left = is_less(x, y);
      if (left ? a == in->rank : b == out->rank)
        return 0;
      add_dim(left ? &x : &y, left ? in->dim[a++] : out->dim[b++]);
    }
    if (x.unknown > 1 || x.product == 0)
      return 0;
    at->a1 = a;
    at->b1 = b;
    n++;
  }
  bool takes_more = n && has_unknown(in, g[n - 1].a0, g[n - 1].a1);      /* the last unknown dim is those behind it, too */
  for (; a < in->rank; a++)
    if (!n || (in->dim[a] != 1 && (!takes_more || in->dim[a] == TL_DYNAMIC)))
      return 0;
  for (; b < out->rank; b++)
    if (!n || (out->dim[b] != 1 && (!takes_more || out->dim[b] == TL_DYNAMIC)))
      return 0;
  if (n) {
    g[n - 1].a1 = in->rank;
    g[n - 1].b1 = out->rank;
  }
  return n;
}

static const char *reassociation(tl_emit *e, const group *g, int n, bool of_in) {
  text t = text_new(e->mem);
  text_add(&t, "[");
  for (int i = 0; i < n; i++) {
    text_add(&t, i ? ", [" : "[");
    for (int d = of_in ? g[i].a0 : g[i].b0; d < (of_in ? g[i].a1 : g[i].b1); d++)
      text_addf(&t, d > (of_in ? g[i].a0 : g[i].b0) ? ", %d" : "%d", d);
    text_add(&t, "]");
  }
  text_add(&t, "]");
  return text_str(&t);
}

static tl_val collapse(tl_emit *e, tl_val v, const group *g, int n) {
  tl_type mid = tl_tensor(v.type.dtype, n, v.type.dim);
  bool same = n == v.type.rank;
  for (int i = 0; i < n; i++) {
    extent x = {1, 0};
    for (int d = g[i].a0; d < g[i].a1; d++)
      add_dim(&x, v.type.dim[d]);
    mid.dim[i] = x.unknown ? TL_DYNAMIC : x.product;
  }
  if (same)
    return v;
  return (tl_val){tl_line(e, "tensor.collapse_shape %s %s : %s into %s", v.name, reassociation(e, g, n, true), tl_text(e, v.type), tl_text(e, mid)), mid};
}

/* The size of unknown dim d of group g of `out`: given, or what is left of the group's elements. */
static const char *size_in_group(tl_emit *e, tl_val mid, int i, const group *g, const tl_type *out, int d, const char *const *size) {
  if (size && size[d])
    return size[d];
  tl_num left = tl_dim(e, mid, i);
  for (int k = g->b0; k < g->b1; k++)
    if (k != d)
      left = tl_calc(e, left, '/', out->dim[k] == TL_DYNAMIC ? tl_named(size[k]) : tl_known(out->dim[k]));
  return tl_num_name(e, left);
}

static tl_val expand(tl_emit *e, tl_val mid, const group *g, int n, tl_type out, const char *const *size) {
  text sizes = text_new(e->mem);
  bool same = n == out.rank;
  if (same)
    return tl_retype(e, mid, out);
  tl_type told = mid.type;                 /* MLIR wants a dim to be known just where all that it becomes are */
  for (int i = 0; i < n; i++) {
    extent x = {1, 0};
    for (int d = g[i].b0; d < g[i].b1; d++)
      add_dim(&x, out.dim[d]);
    told.dim[i] = x.unknown ? TL_DYNAMIC : x.product;
  }
  const tl_val known = mid;
  mid = tl_retype(e, mid, told);
  for (int i = 0; i < n; i++)
    for (int d = g[i].b0; d < g[i].b1; d++) {
      const char *s = out.dim[d] == TL_DYNAMIC ? size_in_group(e, known, i, &g[i], &out, d, size) : tl_str(e, "%" PRId64, out.dim[d]);
      text_addf(&sizes, "%s%s", sizes.size ? ", " : "", s);
    }
  if (n == 0)
    for (int d = 0; d < out.rank; d++)
      text_addf(&sizes, "%s1", d ? ", " : "");
  return (tl_val){tl_line(e, "tensor.expand_shape %s %s output_shape [%s] : %s into %s", mid.name, reassociation(e, g, n, false), text_str(&sizes),
                          tl_text(e, mid.type), tl_text(e, out)), out};
}

/* Are there unknown sizes that nothing tells? */
static int count_untold(const tl_type *out, const char *const *size) {
  int n = 0;
  for (int d = 0; d < out->rank; d++)
    n += out->dim[d] == TL_DYNAMIC && !(size && size[d]);
  return n;
}

/* Unknown dims of both sides were paired from left to right: what is given of their sizes has to agree with that. */
static void assert_groups(tl_emit *e, tl_val v, const group *g, int n, const tl_type *out, const char *const *size) {
  for (int i = 0; i < n; i++) {
    tl_num from = tl_known(1), to = tl_known(1);
    bool is_told = has_unknown(&v.type, g[i].a0, g[i].a1);
    for (int d = g[i].b0; d < g[i].b1 && is_told; d++) {
      is_told = out->dim[d] != TL_DYNAMIC || (size && size[d]);
      to = is_told ? tl_calc(e, to, '*', out->dim[d] == TL_DYNAMIC ? tl_named(size[d]) : tl_known(out->dim[d])) : to;
    }
    for (int d = g[i].a0; d < g[i].a1 && is_told; d++)
      from = tl_calc(e, from, '*', tl_dim(e, v, d));
    if (is_told)
      tl_raw(e, "  cf.assert %s, \"the view takes elements of one dim to another\"\n", tl_line(e, "arith.cmpi eq, %s, %s : index", tl_num_name(e, from), tl_num_name(e, to)));
  }
}

loom_status tl_view(tl_emit *e, tl_val v, tl_type out, const char *const *size, tl_val *result) {
  group g[TL_RANK_MAX + 1];
  out.dtype = v.type.dtype;
  if (tl_is_static(&v.type) && tl_is_static(&out) && tl_elems(&v.type) != tl_elems(&out))
    return tl_invalid(e, "%s has not as many elements as %s", tl_text(e, v.type), tl_text(e, out));
  int n = v.type.rank && out.rank ? find_groups(&v.type, &out, g) : 0;
  if (!n && v.type.rank && out.rank) {     /* through one dim */
    if (count_untold(&out, size) > 1)
      return tl_refuse(e, "the sizes of %s cannot be told from %s", tl_text(e, out), tl_text(e, v.type));
    g[0] = (group){0, v.type.rank, 0, out.rank};
    n = 1;
  }
  if (!v.type.rank || !out.rank)           /* all dims are 1 */
    for (int d = 0; d < v.type.rank + out.rank; d++)
      if ((v.type.rank ? v.type.dim[d] : out.dim[d]) != 1)
        return tl_refuse(e, "%s as %s", tl_text(e, v.type), tl_text(e, out));
  int unknown = 0;
  for (int d = 0; d < v.type.rank; d++)
    unknown += v.type.dim[d] == TL_DYNAMIC;
  if (unknown > 1 && n > 1)
    assert_groups(e, v, g, n, &out, size);
  *result = expand(e, collapse(e, v, g, n), g, n, out, size);
  return LOOM_OK;
}

tl_val tl_transpose(tl_emit *e, tl_val v, const int *perm) {
  tl_type out = v.type;
  const char *size[TL_RANK_MAX];
  text p = text_new(e->mem);
  bool is_identity = true;
  for (int d = 0; d < out.rank; d++) {
    out.dim[d] = v.type.dim[perm[d]];
    size[d] = out.dim[d] == TL_DYNAMIC ? tl_size(e, v, perm[d]) : NULL;
    text_addf(&p, d ? ", %d" : "%d", perm[d]);
    is_identity &= perm[d] == d;
  }
  if (is_identity)
    return v;
  tl_val to = tl_empty(e, out, size);
  const char *name = tl_fresh(e);   /* linalg.transpose prints no result type */
  tl_raw(e, "  %s = linalg.transpose ins(%s : %s) outs(%s : %s) permutation = [%s]\n", name, v.name, tl_text(e, v.type), to.name, tl_text(e, out), text_str(&p));
  return (tl_val){name, out};
}

static loom_status with_one(tl_emit *e, tl_val v, int d, bool puts, tl_val *out) {
  tl_type t = v.type;
  if (puts) {
    memmove(t.dim + d + 1, t.dim + d, (size_t)(t.rank++ - d) * sizeof *t.dim);
    t.dim[d] = 1;
  } else {
    memmove(t.dim + d, t.dim + d + 1, (size_t)(--t.rank - d) * sizeof *t.dim);
  }
  const char *size[TL_RANK_MAX] = {NULL};
  for (int k = 0; k < t.rank; k++)
    if (t.dim[k] == TL_DYNAMIC)
      size[k] = tl_size(e, v, puts ? k - (k > d) : k + (k >= d));
  return tl_view(e, v, t, size, out);
}

loom_status tl_unsqueeze(tl_emit *e, tl_val v, int d, tl_val *out) {
  if (v.type.rank == TL_RANK_MAX)
    return tl_refuse(e, "tensors have at most %d dims", TL_RANK_MAX);
  if (d > v.type.rank)
    return tl_invalid(e, "there is no dim %d in a tensor of rank %d and one more", d, v.type.rank);
  return with_one(e, v, d, true, out);
}

loom_status tl_squeeze(tl_emit *e, tl_val v, int d, tl_val *out) { return with_one(e, v, d, false, out); }

/* "0, %b, 0", with `at` for dim d. */
static const char *per_dim(tl_emit *e, int rank, int d, const char *other, const char *at) {
  text t = text_new(e->mem);
  for (int k = 0; k < rank; k++)
    text_addf(&t, "%s%s", k ? ", " : "", k == d ? at : other);
  return text_str(&t);
}

static const char *sizes_but(tl_emit *e, tl_val v, int d, tl_num size) {
  text t = text_new(e->mem);
  for (int k = 0; k < v.type.rank; k++)
    text_addf(&t, "%s%s", k ? ", " : "", tl_num_text(e, k == d ? size : tl_dim(e, v, k)));
  return text_str(&t);
}

tl_val tl_slice(tl_emit *e, tl_val v, int d, tl_num begin, tl_num size, tl_num step) {
  tl_type out = v.type;
  out.dim[d] = tl_num_dim(size);
  if (begin.is_known && begin.v == 0 && step.is_known && step.v == 1 && size.is_known && size.v == v.type.dim[d])
    return v;
  bool is_behind = begin.is_known && v.type.dim[d] != TL_DYNAMIC && begin.v >= v.type.dim[d];
  if ((size.is_known && size.v == 0) || is_behind)        /* nothing lies there: MLIR wants a place that exists */
    begin = tl_known(0);
  const char *sizes = sizes_but(e, v, d, size);
  return (tl_val){tl_line(e, "tensor.extract_slice %s[%s] [%s] [%s] : %s to %s", v.name, per_dim(e, out.rank, d, "0", tl_num_text(e, begin)), sizes,
                          per_dim(e, out.rank, d, "1", tl_num_text(e, step)), tl_text(e, v.type), tl_text(e, out)), out};
}

tl_val tl_insert(tl_emit *e, tl_val v, tl_val into, int d, tl_num begin) {
  if (tl_is_static(&v.type) && tl_elems(&v.type) == 0)
    return into;
  const char *sizes = sizes_but(e, v, d, tl_dim(e, v, d));
  return (tl_val){tl_line(e, "tensor.insert_slice %s into %s[%s] [%s] [%s] : %s into %s", v.name, into.name,
                          per_dim(e, v.type.rank, d, "0", tl_num_text(e, begin)), sizes, per_dim(e, v.type.rank, d, "1", "1"), tl_text(e, v.type),
                          tl_text(e, into.type)), into.type};
}
