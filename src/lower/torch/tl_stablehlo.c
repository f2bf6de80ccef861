/* StableHLO: what has attributes instead of operands.  Attributes are text: of the custom assembly ("[0, 1]", "[1] x [0]") or of the generic one
 * ("array<i64: 0, 1>", "#stablehlo.dot<lhs_contracting_dimensions = [1], ..>"). */
#include "lower/torch/tl_private.h"
#include <stdlib.h>

static const char *attribute(const tl_emit *e, const char *name, const char *other) {
  for (int i = 0; i < e->op->n_attributes; i++)
    if (text_eq(e->op->attributes[i].name, name) || text_eq(e->op->attributes[i].name, other))
      return e->op->attributes[i].text;
  return NULL;
}

/* The numbers from `p` on up to `stop`; types like i64 are none. */
static loom_status numbers(tl_emit *e, const char *p, char stop, int max, int64_t *out, int *out_n) {
  *out_n = 0;
  while (p && *p && *p != stop) {
    bool is_word = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || *p == '_';
    if (is_word) {
      p += strcspn(p, " :,[]<>");
      continue;
    }
    if ((*p >= '0' && *p <= '9') || (*p == '-' && p[1] >= '0' && p[1] <= '9')) {
      if (*out_n == max)
        return tl_invalid(e, "more than %d numbers", max);
      char *end;
      out[(*out_n)++] = strtoll(p, &end, 10);
      p = end;
      continue;
    }
    p++;
  }
  return LOOM_OK;
}

static loom_status dims_of(tl_emit *e, const char *written, char stop, int rank, int *dims, int *n) {
  int64_t given[TL_RANK_MAX];
  bool seen[TL_RANK_MAX] = {false};
  LOOM_TRY(numbers(e, written, stop, TL_RANK_MAX, given, n));
  for (int i = 0; i < *n; i++) {
    if (given[i] < 0 || given[i] >= rank || seen[given[i]])
      return tl_invalid(e, "there is no dim %" PRId64 " in a tensor of rank %d, or it stands there twice", given[i], rank);
    dims[i] = (int)given[i];
    seen[given[i]] = true;
  }
  return LOOM_OK;
}

static loom_status need_result(tl_emit *e, tl_type *out) {
  *out = e->op->out[0];
  return out->kind == TL_TENSOR && tl_is_static(out) ? LOOM_OK : tl_refuse(e, "a result of unknown sizes or element type");
}

loom_status tl_lower_hlo_broadcast(tl_emit *e, const char *detail) {
  (void)detail;
  tl_val v;
  tl_type out;
  int dims[TL_RANK_MAX], n;
  LOOM_TRY(tl_need_tensor(e, 0, &v));
  LOOM_TRY(need_result(e, &out));
  LOOM_TRY(dims_of(e, attribute(e, "dims", "broadcast_dimensions"), '\0', out.rank, dims, &n));
  if (n != v.type.rank)
    return tl_invalid(e, "%d dims for a tensor of rank %d", n, v.type.rank);
  for (int d = 0; d < n; d++) {
    if (v.type.dim[d] != 1 && v.type.dim[d] != out.dim[dims[d]])
      return tl_invalid(e, "dim %d of %" PRId64 " elements becomes one of %" PRId64, d, v.type.dim[d], out.dim[dims[d]]);
    if (v.type.dim[d] == 1 && out.dim[dims[d]] != 1)
      dims[d] = -1;
  }
  tl_generic g = {.rank = out.rank, .n_in = 1, .n_out = 1, .in = {v}, .in_map = {tl_dims_map(e, dims, n)}, .out = {tl_empty(e, tl_with_dtype(out, v.type.dtype), NULL)}};
  tl_generic_open(e, &g);
  return tl_give(e, 0, tl_map_close(e, &g, g.x[0]));
}

loom_status tl_lower_hlo_transpose(tl_emit *e, const char *detail) {
  (void)detail;
  tl_val v;
  int perm[TL_RANK_MAX], n;
  LOOM_TRY(tl_need_tensor(e, 0, &v));
  LOOM_TRY(dims_of(e, attribute(e, "dims", "permutation"), '\0', v.type.rank, perm, &n));
  return n == v.type.rank ? tl_give(e, 0, tl_transpose(e, v, perm)) : tl_invalid(e, "%d dims for a tensor of rank %d", n, v.type.rank);
}

loom_status tl_lower_hlo_compare(tl_emit *e, const char *detail) {
  static const struct { const char *word, *expr; } directions[] = {{"EQ", "I x == y"}, {"NE", "I x != y"}, {"LT", "I x < y"}, {"LE", "I x <= y"}, {"GT", "I x > y"}, {"GE", "I x >= y"}};
  (void)detail;
  const char *direction = attribute(e, "comparison_direction", NULL), *type = attribute(e, "compare_type", NULL);
  if (type && strstr(type, "TOTALORDER"))
    return tl_refuse(e, "comparisons in the total order of floats");
  for (size_t i = 0; direction && i < sizeof directions / sizeof *directions; i++)
    if (strstr(direction, directions[i].word))
      return tl_lower_map(e, directions[i].expr);
  return tl_invalid(e, "the direction is not one of EQ, NE, LT, LE, GT, GE");
}

loom_status tl_lower_hlo_iota(tl_emit *e, const char *detail) {
  (void)detail;
  tl_type out;
  int dims[TL_RANK_MAX], n;
  LOOM_TRY(need_result(e, &out));
  const char *written = attribute(e, "iota_dimension", NULL);
  LOOM_TRY(dims_of(e, written, ':', out.rank, dims, &n));
  if (n != 1)
    return tl_invalid(e, "iota counts along one dim");
  tl_generic g = {.rank = out.rank, .n_out = 1, .out = {tl_empty(e, out, NULL)}};
  tl_generic_open(e, &g);
  const char *i = tl_line(e, "arith.index_cast %s : index to i64", tl_line(e, "linalg.index %d : index", dims[0]));
  return tl_give(e, 0, tl_map_close(e, &g, tl_cast(e, i, DTYPE_I64, out.dtype)));
}

loom_status tl_lower_hlo_concatenate(tl_emit *e, const char *detail) {
  (void)detail;
  tl_type out;
  int dims[TL_RANK_MAX], n;
  LOOM_TRY(need_result(e, &out));
  LOOM_TRY(dims_of(e, attribute(e, "dim", "dimension"), ':', out.rank, dims, &n));
  if (n != 1)
    return tl_invalid(e, "tensors are joined along one dim");
  const int d = dims[0];
  tl_val all = tl_empty(e, out, NULL), part;
  int64_t at = 0;
  for (int i = 0; i < e->op->n_in; i++) {
    LOOM_TRY(tl_need_tensor(e, i, &part));
    bool fits = part.type.rank == out.rank && part.type.dtype == out.dtype;
    for (int k = 0; fits && k < out.rank; k++)
      fits = k == d ? part.type.dim[k] != TL_DYNAMIC : part.type.dim[k] == out.dim[k];
    if (!fits)
      return tl_invalid(e, "operand %d is %s", i, tl_text(e, part.type));
    all = tl_insert(e, part, all, d, tl_known(at));
    at += part.type.dim[d];
  }
  return at == out.dim[d] ? tl_give(e, 0, all) : tl_invalid(e, "%" PRId64 " elements in a dim of %" PRId64, at, out.dim[d]);
}

/* "[0:4:2, 1:2]", or start_indices, limit_indices and strides. */
loom_status tl_lower_hlo_slice(tl_emit *e, const char *detail) {
  (void)detail;
  tl_val v;
  int64_t begin[TL_RANK_MAX], end[TL_RANK_MAX], step[TL_RANK_MAX], range[3];
  int n, rank;
  const char *ranges = attribute(e, "ranges", NULL);
  LOOM_TRY(tl_need_tensor(e, 0, &v));
  rank = v.type.rank;
  if (ranges) {
    const char *p = ranges + strcspn(ranges, "[");
    for (int d = 0; d < rank; d++) {
      size_t part = strcspn(p + (*p != '\0'), ",]");
      LOOM_TRY(numbers(e, arena_strndup(e->mem, p + (*p != '\0'), part), '\0', 3, range, &n));
      if (n < 2)
        return tl_invalid(e, "dim %d has no range", d);
      begin[d] = range[0];
      end[d] = range[1];
      step[d] = n > 2 ? range[2] : 1;
      p += (*p != '\0') + part;
    }
  } else {
    int n_end, n_step;
    LOOM_TRY(numbers(e, attribute(e, "start_indices", NULL), '\0', TL_RANK_MAX, begin, &n));
    LOOM_TRY(numbers(e, attribute(e, "limit_indices", NULL), '\0', TL_RANK_MAX, end, &n_end));
    LOOM_TRY(numbers(e, attribute(e, "strides", NULL), '\0', TL_RANK_MAX, step, &n_step));
    if (n != rank || n_end != rank || n_step != rank)
      return tl_invalid(e, "ranges of %d dims for a tensor of rank %d", n, rank);
  }
  for (int d = 0; d < rank; d++) {
    if (begin[d] < 0 || step[d] < 1 || end[d] < begin[d] || end[d] > v.type.dim[d])
      return tl_invalid(e, "the range %" PRId64 ":%" PRId64 ":%" PRId64 " of a dim of %" PRId64, begin[d], end[d], step[d], v.type.dim[d]);
    v = tl_slice(e, v, d, tl_known(begin[d]), tl_known(end[d] > begin[d] ? (end[d] - begin[d] - 1) / step[d] + 1 : 0), tl_known(step[d]));
  }
  return tl_give(e, 0, v);
}

loom_status tl_lower_hlo_pad(tl_emit *e, const char *detail) {
  (void)detail;
  tl_val v, with;
  int64_t low[TL_RANK_MAX], high[TL_RANK_MAX], inside[TL_RANK_MAX];
  int n_low, n_high, n_inside;
  LOOM_TRY(tl_need_tensor(e, 0, &v));
  LOOM_TRY(tl_need_tensor(e, 1, &with));
  LOOM_TRY(numbers(e, attribute(e, "low", "edge_padding_low"), '\0', TL_RANK_MAX, low, &n_low));
  LOOM_TRY(numbers(e, attribute(e, "high", "edge_padding_high"), '\0', TL_RANK_MAX, high, &n_high));
  LOOM_TRY(numbers(e, attribute(e, "interior", "interior_padding"), '\0', TL_RANK_MAX, inside, &n_inside));
  if (n_low != v.type.rank || n_high != v.type.rank || n_inside != v.type.rank || with.type.rank || with.type.dtype != v.type.dtype)
    return tl_invalid(e, "padding of %d dims for a tensor of rank %d", n_low, v.type.rank);
  const char *scalar = tl_extract(e, with, NULL);
  for (int d = 0; d < v.type.rank; d++) {
    if (inside[d])
      return tl_refuse(e, "padding between elements");
    if (low[d] < -INT32_MAX || low[d] > INT32_MAX || high[d] < -INT32_MAX || high[d] > INT32_MAX)
      return tl_invalid(e, "padding by %" PRId64 " and %" PRId64, low[d], high[d]);
    v = tl_pad(e, v, d, low[d], high[d], scalar);
  }
  return tl_give(e, 0, v);
}

loom_status tl_lower_hlo_reduce(tl_emit *e, const char *detail) {
  static const struct { const char *name, *step; } steps[] = {{"add", "y + x"}, {"multiply", "y*x"}, {"maximum", "max(y, x)"}, {"minimum", "min(y, x)"}, {"and", "and(y, x)"}, {"or", "or(y, x)"}};
  (void)detail;
  tl_val v, init, out;
  int dims[TL_RANK_MAX], n;
  bool is[TL_RANK_MAX] = {false};
  LOOM_TRY(tl_need_tensor(e, 0, &v));
  LOOM_TRY(tl_need_tensor(e, 1, &init));
  const char *applies = attribute(e, "applies", NULL), *step = NULL;
  if (!applies)
    applies = e->op->region ? e->op->region : "";
  if (e->op->n_in != 2 || init.type.rank || init.type.dtype != v.type.dtype)
    return tl_refuse(e, "several tensors reduced together");
  LOOM_TRY(dims_of(e, attribute(e, "dimensions", NULL), '\0', v.type.rank, dims, &n));
  for (int i = 0; i < n; i++)
    is[dims[i]] = true;
  for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
    if (strstr(applies, tl_str(e, "stablehlo.%s", steps[i].name)))
      step = steps[i].step;
  if (!step)
    return tl_refuse(e, "the reducer %s; add, multiply, maximum, minimum, and, or are known", applies);
  dtype acc = dtype_compute(v.type.dtype);
  LOOM_TRY(tl_reduce_from(e, v, is, acc, tl_cast(e, tl_extract(e, init, NULL), init.type.dtype, acc), step, &out));
  return tl_give(e, 0, tl_convert(e, out, v.type.dtype));
}

/* ---- products ---- */
/* Dims in the order of lists a, b, c as one dim each: [b.., m.., k..] -> [b, m, k].  Empty lists are a dim of 1. */
static loom_status as_matrices(tl_emit *e, tl_val v, const int *lists[3], const int n[3], tl_val *out) {
  int perm[TL_RANK_MAX], at = 0;
  int64_t dims[3] = {1, 1, 1};
  for (int i = 0; i < 3; i++)
    for (int k = 0; k < n[i]; k++) {
      perm[at++] = lists[i][k];
      dims[i] *= v.type.dim[lists[i][k]];
    }
  return tl_view(e, tl_transpose(e, v, perm), tl_tensor(v.type.dtype, 3, dims), NULL, out);
}

static void rest_of(int rank, const int *a, int n_a, const int *b, int n_b, int *out, int *n) {
  *n = 0;
  for (int d = 0; d < rank; d++) {
    bool taken = false;
    for (int i = 0; i < n_a; i++)
      taken |= a[i] == d;
    for (int i = 0; i < n_b; i++)
      taken |= b[i] == d;
    if (!taken)
      out[(*n)++] = d;
  }
}

/* Lists of one side: behind `key` of the generic attribute, or side `side` of "[0] x [1]". */
static loom_status dot_dims(tl_emit *e, const char *custom, const char *key, int side, int rank, int *dims, int *n) {
  const char *written = attribute(e, custom, NULL), *all = attribute(e, "dot_dimension_numbers", NULL);
  if (!written && all && (written = strstr(all, key)) != NULL)
    written = strchr(written, '[');
  else if (written && side)
    written = strchr(written, 'x');
  if (written)
    written = strchr(written, '[');
  return dims_of(e, written ? written : "", ']', rank, dims, n);
}

/* "dot": the last dim of the first with the first of the second. */
loom_status tl_lower_hlo_dot(tl_emit *e, const char *detail) {
  tl_val a, b, out;
  tl_type result;
  int batch[2][TL_RANK_MAX], contract[2][TL_RANK_MAX], rest[2][TL_RANK_MAX], n_batch[2] = {0}, n_contract[2] = {1, 1}, n_rest[2];
  LOOM_TRY(tl_need_tensor(e, 0, &a));
  LOOM_TRY(tl_need_tensor(e, 1, &b));
  LOOM_TRY(need_result(e, &result));
  if (!tl_is_static(&a.type) || !tl_is_static(&b.type))
    return tl_refuse(e, "sizes that are not known");
  if (*detail && (!a.type.rank || !b.type.rank))
    return tl_invalid(e, "tensors without dims");
  for (int i = 0; i < 2; i++) {
    const tl_type *t = i ? &b.type : &a.type;
    if (*detail) {
      contract[i][0] = i ? 0 : t->rank - 1;
    } else {
      LOOM_TRY(dot_dims(e, "batching_dims", i ? "rhs_batching_dimensions" : "lhs_batching_dimensions", i, t->rank, batch[i], &n_batch[i]));
      LOOM_TRY(dot_dims(e, "contracting_dims", i ? "rhs_contracting_dimensions" : "lhs_contracting_dimensions", i, t->rank, contract[i], &n_contract[i]));
    }
    rest_of(t->rank, batch[i], n_batch[i], contract[i], n_contract[i], rest[i], &n_rest[i]);
    if (n_batch[i] + n_contract[i] + n_rest[i] != t->rank)
      return tl_invalid(e, "a dim is of a batch and contracted");
  }
  bool fits = n_batch[0] == n_batch[1] && n_contract[0] == n_contract[1] && n_batch[0] + n_rest[0] + n_rest[1] == result.rank;
  for (int i = 0; fits && i < n_batch[0]; i++)
    fits = a.type.dim[batch[0][i]] == b.type.dim[batch[1][i]];
  for (int i = 0; fits && i < n_contract[0]; i++)
    fits = a.type.dim[contract[0][i]] == b.type.dim[contract[1][i]];
  if (!fits)
    return tl_invalid(e, "%s and %s do not multiply to %s", tl_text(e, a.type), tl_text(e, b.type), tl_text(e, result));
  const int *left[3] = {batch[0], rest[0], contract[0]}, *right[3] = {batch[1], contract[1], rest[1]};
  const int n_left[3] = {n_batch[0], n_rest[0], n_contract[0]}, n_right[3] = {n_batch[1], n_contract[1], n_rest[1]};
  LOOM_TRY(as_matrices(e, a, left, n_left, &a));
  LOOM_TRY(as_matrices(e, b, right, n_right, &b));
  if (!n_batch[0]) {
    LOOM_TRY(tl_squeeze(e, a, 0, &a));
    LOOM_TRY(tl_squeeze(e, b, 0, &b));
  }
  LOOM_TRY(tl_matmul(e, a, b, result.dtype, &out));
  LOOM_TRY(tl_view(e, out, result, NULL, &out));
  return tl_give(e, 0, out);
}
