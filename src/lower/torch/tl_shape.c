/* Views, permutations, repetition, elements from elsewhere in a tensor. */
#include "lower/torch/tl_private.h"

/* Sizes of a list of ints where `out` is dynamic; NULL for -1, which is found out. */
static void listed_sizes(tl_emit *e, const tl_value *list, const tl_type *out, const char **size) {
  for (int d = 0; d < out->rank; d++) {
    const tl_value *item = list->type.kind == TL_LIST && list->n_items == out->rank ? list->items[d] : NULL;
    bool is_told = item && out->dim[d] == TL_DYNAMIC && !(item->is_known && item->i < 0);
    size[d] = is_told ? tl_index_of(e, item) : NULL;
  }
}

/* Operands: tensor, maybe a list of sizes. */
loom_status tl_lower_view(tl_emit *e, const char *detail) {
  (void)detail;
  tl_val v;
  tl_type out;
  const char *size[TL_RANK_MAX];
  LOOM_TRY(tl_need_tensor(e, 0, &v));
  LOOM_TRY(tl_need_result(e, 0, &out));
  listed_sizes(e, tl_in(e, 1), &out, size);
  LOOM_TRY(tl_view(e, v, out, size, &v));
  return tl_give(e, 0, v);
}

/* "f": dims operand 1 to operand 2 as one; "u": dim operand 1 as the sizes of operand 2. */
loom_status tl_lower_flatten(tl_emit *e, const char *detail) {
  tl_val v;
  tl_type out;
  int first, last;
  const char *size[TL_RANK_MAX] = {NULL};
  LOOM_TRY(tl_need_tensor(e, 0, &v));
  LOOM_TRY(tl_need_result(e, 0, &out));
  LOOM_TRY(tl_need_dim(e, 1, v.type.rank, &first));
  if (*detail == 'f')
    LOOM_TRY(tl_need_dim(e, 2, v.type.rank, &last));
  else
    last = first + tl_in(e, 2)->n_items - 1;
  const tl_value *sizes = tl_in(e, 2);
  int extra = *detail == 'f' ? 0 : last - first;     /* dims of the result that one of v becomes, less 1 */
  for (int d = 0; d < out.rank; d++) {
    bool inside = d >= first && d <= first + extra;
    int from = d < first ? d : *detail == 'f' ? d + last - first : d - extra;
    if (out.dim[d] != TL_DYNAMIC)
      continue;
    if (!inside) {
      if (from >= v.type.rank)
        return tl_invalid(e, "the result has %d dims", out.rank);
      size[d] = tl_size(e, v, from);
    } else if (*detail == 'f') {
      bool is[TL_RANK_MAX];
      for (int k = 0; k < TL_RANK_MAX; k++)
        is[k] = k >= first && k <= last;
      size[d] = tl_num_name(e, tl_count(e, v, is));
    } else {
      const tl_value *item = sizes->items[d - first];
      size[d] = item->is_known && item->i < 0 ? NULL : tl_index_of(e, item);
    }
  }
  if (*detail == 'u' && v.type.rank) {               /* one size may be left open: what the others leave */
    tl_num left = tl_dim(e, v, first);
    int open = -1;
    for (int k = 0; k < sizes->n_items; k++)
      if (sizes->items[k]->is_known && sizes->items[k]->i < 0)
        open = k;
      else
        left = tl_calc(e, left, '/', tl_num_of(e, sizes->items[k]));
    if (open >= 0 && first + open < out.rank && out.dim[first + open] == TL_DYNAMIC)
      size[first + open] = tl_num_name(e, left);
  }
  LOOM_TRY(tl_view(e, v, out, size, &v));
  return tl_give(e, 0, v);
}

/* Views that keep the order of the dims of more than 1: squeezes and unsqueezes; sizes are those of the dims. */
loom_status tl_lower_ones(tl_emit *e, const char *detail) {
  (void)detail;
  tl_val v;
  tl_type out;
  const char *size[TL_RANK_MAX] = {NULL};
  LOOM_TRY(tl_need_tensor(e, 0, &v));
  LOOM_TRY(tl_need_result(e, 0, &out));
  for (int d = 0, from = 0; d < out.rank; d++) {
    if (out.dim[d] == 1)
      continue;
    while (from < v.type.rank && v.type.dim[from] == 1)
      from++;
    if (from < v.type.rank && out.dim[d] == TL_DYNAMIC)
      size[d] = tl_size(e, v, from);
    from++;
  }
  LOOM_TRY(tl_view(e, v, out, size, &v));
  return tl_give(e, 0, v);
}

loom_status tl_lower_permute(tl_emit *e, const char *detail) {
  (void)detail;
  tl_val v;
  int64_t dims[TL_RANK_MAX];
  int n, perm[TL_RANK_MAX];
  bool seen[TL_RANK_MAX] = {false};
  LOOM_TRY(tl_need_tensor(e, 0, &v));
  LOOM_TRY(tl_need_ints(e, 1, TL_RANK_MAX, dims, &n));
  if (n != v.type.rank)
    return tl_invalid(e, "%d dims for a tensor of rank %d", n, v.type.rank);
  for (int d = 0; d < n; d++) {
    LOOM_TRY(tl_wrap_dim(e, dims[d], n, &perm[d]));
    if (seen[perm[d]])
      return tl_invalid(e, "dim %d stands there twice", perm[d]);
    seen[perm[d]] = true;
  }
  return tl_give(e, 0, tl_transpose(e, v, perm));
}

/* Two dims change places: operands 1 and 2; "t": those of a matrix. */
loom_status tl_lower_transpose(tl_emit *e, const char *detail) {
  tl_val v;
  int a = 0, b = 1, perm[TL_RANK_MAX];
  LOOM_TRY(tl_need_tensor(e, 0, &v));
  if (*detail == 't') {
    if (v.type.rank < 2)
      return tl_give(e, 0, v);
  } else {
    LOOM_TRY(tl_need_dim(e, 1, v.type.rank, &a));
    LOOM_TRY(tl_need_dim(e, 2, v.type.rank, &b));
  }
  for (int d = 0; d < v.type.rank; d++)
    perm[d] = d == a ? b : d == b ? a : d;
  return tl_give(e, 0, v.type.rank ? tl_transpose(e, v, perm) : v);
}

loom_status tl_lower_expand(tl_emit *e, const char *detail) {
  (void)detail;
  tl_val v;
  tl_type out;
  const char *size[TL_RANK_MAX];
  LOOM_TRY(tl_need_tensor(e, 0, &v));
  LOOM_TRY(tl_need_result(e, 0, &out));
  listed_sizes(e, tl_in(e, 1), &out, size);
  for (int d = 0; d < out.rank; d++) {
    int from = d - out.rank + v.type.rank;
    if (out.dim[d] == TL_DYNAMIC && !size[d]) {
      if (from < 0)
        return tl_invalid(e, "dim %d of the result has no size", d);
      size[d] = tl_size(e, v, from);
    }
  }
  LOOM_TRY(tl_broadcast(e, v, out, size, &v));
  return tl_give(e, 0, v);
}

/* Dim d `n` times, one after the other. */
static loom_status repeat_dim(tl_emit *e, tl_val v, int d, tl_num n, tl_val *out) {
  if (n.is_known && n.v == 1) {
    *out = v;
    return LOOM_OK;
  }
  if (n.is_known && (n.v < 0 || n.v > INT32_MAX))
    return tl_invalid(e, "dim %d is repeated %" PRId64 " times", d, n.v);
  tl_val one;
  LOOM_TRY(tl_unsqueeze(e, v, d, &one));
  tl_type many = one.type, flat = v.type;
  const char *size[TL_RANK_MAX], *flat_size[TL_RANK_MAX];
  many.dim[d] = tl_num_dim(n);
  for (int k = 0; k < many.rank; k++)
    size[k] = many.dim[k] != TL_DYNAMIC ? NULL : k == d ? n.name : tl_size(e, one, k);
  LOOM_TRY(tl_broadcast(e, one, many, size, &one));
  tl_num all = tl_calc(e, tl_dim(e, v, d), '*', n);
  flat.dim[d] = tl_num_dim(all);
  for (int k = 0; k < flat.rank; k++)
    flat_size[k] = flat.dim[k] != TL_DYNAMIC ? NULL : k == d ? all.name : tl_size(e, v, k);
  return tl_view(e, one, flat, flat_size, out);
}

loom_status tl_lower_repeat(tl_emit *e, const char *detail) {
  (void)detail;
  tl_val v;
  LOOM_TRY(tl_need_tensor(e, 0, &v));
  const tl_value *list = tl_in(e, 1);
  if (list->type.kind != TL_LIST || list->n_items < v.type.rank || list->n_items >= TL_RANK_MAX)
    return tl_refuse(e, "a list of at least %d and fewer than %d numbers is expected", v.type.rank, TL_RANK_MAX);
  while (v.type.rank < list->n_items)
    LOOM_TRY(tl_unsqueeze(e, v, 0, &v));
  for (int d = 0; d < v.type.rank; d++)
    LOOM_TRY(repeat_dim(e, v, d, tl_num_of(e, list->items[d]), &v));
  return tl_give(e, 0, v);
}

/* ---- elements from elsewhere in the tensor ---- */
/* "flip": along dims; "roll": by shifts along dims. */
loom_status tl_lower_move(tl_emit *e, const char *detail) {
  tl_val v;
  int64_t dims[TL_RANK_MAX], shifts[TL_RANK_MAX];
  int n, n_shifts = 0;
  bool flips = *detail == 'f';
  LOOM_TRY(tl_need_tensor(e, 0, &v));
  LOOM_TRY(tl_need_ints(e, flips ? 1 : 2, TL_RANK_MAX, dims, &n));
  if (!flips)
    LOOM_TRY(tl_need_ints(e, 1, TL_RANK_MAX, shifts, &n_shifts));
  if (!flips && (n != n_shifts || !n))
    return tl_refuse(e, "%d shifts for %d dims", n_shifts, n);
  if (!v.type.rank)
    return tl_refuse(e, "a tensor without dims");
  const char *at[TL_RANK_MAX], *size[TL_RANK_MAX];
  tl_sizes(e, v, size);
  tl_generic g = {.rank = v.type.rank, .n_out = 1, .out = {tl_empty(e, v.type, size)}};
  tl_generic_open(e, &g);
  for (int d = 0; d < v.type.rank; d++)
    at[d] = tl_line(e, "linalg.index %d : index", d);
  for (int i = 0; i < n; i++) {
    int d;
    LOOM_TRY(tl_wrap_dim(e, dims[i], v.type.rank, &d));
    tl_num size_d = tl_dim(e, v, d), moved;
    if (flips) {
      moved = tl_calc(e, tl_calc(e, size_d, '-', tl_known(1)), '-', tl_named(at[d]));
    } else if (size_d.is_known && size_d.v > 0) {
      int64_t back = shifts[i] % size_d.v;
      moved = tl_calc(e, tl_named(at[d]), '+', tl_known(back <= 0 ? -back : size_d.v - back));
      moved = tl_named(tl_line(e, "arith.remui %s, %s : index", tl_num_name(e, moved), tl_num_name(e, size_d)));
    } else {
      return tl_refuse(e, "a roll along a dim of unknown size");
    }
    at[d] = tl_num_name(e, moved);
  }
  return tl_give(e, 0, tl_map_close(e, &g, tl_extract(e, v, at)));
}

const char *tl_extract(tl_emit *e, tl_val v, const char *const *at) {
  text t = text_new(e->mem);
  for (int d = 0; d < v.type.rank; d++)
    text_addf(&t, "%s%s", d ? ", " : "", at[d]);
  return tl_line(e, "tensor.extract %s[%s] : %s", v.name, text_str(&t), tl_text(e, v.type));
}

/* Elements of the tensor in row order at offset + sum of index * stride: operands tensor, sizes, strides, offset. */
loom_status tl_lower_as_strided(tl_emit *e, const char *detail) {
  (void)detail;
  tl_val v;
  tl_type out;
  int64_t stride[TL_RANK_MAX], offset = 0, last;
  int n;
  LOOM_TRY(tl_need_tensor(e, 0, &v));
  LOOM_TRY(tl_need_result(e, 0, &out));
  LOOM_TRY(tl_need_ints(e, 2, TL_RANK_MAX, stride, &n));
  if (!tl_is_none(tl_in(e, 3)))
    LOOM_TRY(tl_need_int(e, 3, &offset));
  if (n != out.rank || !tl_is_static(&out) || !tl_is_static(&v.type))
    return tl_refuse(e, "sizes that are not known");
  last = offset;
  for (int d = 0; d < n; d++) {
    int64_t span = 0;
    if (stride[d] < 0)
      return tl_invalid(e, "a stride of %" PRId64, stride[d]);
    if (__builtin_mul_overflow(out.dim[d] - 1, stride[d], &span) || __builtin_add_overflow(last, span, &last))
      return tl_invalid(e, "steps of %" PRId64 " elements", stride[d]);
  }
  if (offset < 0 || (tl_elems(&out) > 0 && last >= tl_elems(&v.type)))
    return tl_invalid(e, "element %" PRId64 " of %" PRId64, last, tl_elems(&v.type));
  int64_t all = tl_elems(&v.type);
  LOOM_TRY(tl_view(e, v, tl_tensor(v.type.dtype, 1, &all), NULL, &v));
  tl_generic g = {.rank = n, .n_out = 1, .out = {tl_empty(e, tl_with_dtype(out, v.type.dtype), NULL)}};
  tl_generic_open(e, &g);
  tl_num at = tl_known(offset);
  for (int d = 0; d < n; d++)
    at = tl_calc(e, at, '+', tl_calc(e, tl_named(tl_line(e, "linalg.index %d : index", d)), '*', tl_known(stride[d])));
  const char *flat = tl_num_name(e, at);
  return tl_give(e, 0, tl_map_close(e, &g, tl_extract(e, v, &flat)));
}

/* Elements on one side of a diagonal; the others are 0.  "triu", "tril"; operand 1: the diagonal. */
loom_status tl_lower_triangle(tl_emit *e, const char *detail) {
  tl_val v;
  int64_t diagonal = 0;
  tl_generic g;
  LOOM_TRY(tl_need_tensor(e, 0, &v));
  if (!tl_is_none(tl_in(e, 1)))
    LOOM_TRY(tl_need_int(e, 1, &diagonal));
  if (v.type.rank < 2)
    return tl_invalid(e, "a tensor of rank %d has no diagonal", v.type.rank);
  LOOM_TRY(tl_map_open(e, v.type, &v, 1, &g));
  const char *row = tl_line(e, "linalg.index %d : index", v.type.rank - 2), *column = tl_line(e, "linalg.index %d : index", v.type.rank - 1);
  const char *edge = tl_line(e, "arith.addi %s, %s : index", row, tl_index(e, diagonal));
  const char *keeps = tl_line(e, "arith.cmpi %s, %s, %s : index", text_eq(detail, "triu") ? "sge" : "sle", column, edge);
  const char *zero = tl_const(e, v.type.dtype, 0);
  return tl_give(e, 0, tl_map_close(e, &g, tl_line(e, "arith.select %s, %s, %s : %s", keeps, g.x[0], zero, tl_elem(v.type.dtype))));
}

/* The operand as it is. */
loom_status tl_lower_same(tl_emit *e, const char *detail) {
  tl_val v;
  LOOM_TRY(tl_need_tensor(e, *detail ? *detail - '0' : 0, &v));
  return tl_give(e, 0, v);
}

/* Nothing: operations without results that only say something about their operands. */
loom_status tl_lower_nothing(tl_emit *e, const char *detail) {
  (void)detail;
  return e->op->n_out ? tl_refuse(e, "its result is used") : LOOM_OK;
}

/* The operand as it is, unless it is trained: operands tensor, probability, train. */
loom_status tl_lower_dropout(tl_emit *e, const char *detail) {
  bool trains;
  LOOM_TRY(tl_need_bool(e, 2, &trains));
  return trains ? tl_refuse(e, "dropout in training") : tl_lower_same(e, detail);
}
