/* Views, permutations, repetition, joining, padding. */
#include "lower/torch/tl_private.h"

static loom_status need_result(tl_emit *e, int i, tl_type *out) {
  if (i >= e->op->n_out || e->op->out[i].kind != TL_TENSOR)
    return tl_invalid(e, "result %d is not a tensor of a known shape and element type", i);
  *out = e->op->out[i];
  return LOOM_OK;
}

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
  LOOM_TRY(need_result(e, 0, &out));
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
  LOOM_TRY(need_result(e, 0, &out));
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
  LOOM_TRY(need_result(e, 0, &out));
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
  LOOM_TRY(need_result(e, 0, &out));
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

/* ---- joining ---- */
/* "cat": operands a list of tensors and the dim; "stack": along a new dim. */
loom_status tl_lower_cat(tl_emit *e, const char *detail) {
  tl_type out;
  int d;
  bool stacks = *detail == 's';
  const tl_value *list = tl_in(e, 0);
  LOOM_TRY(need_result(e, 0, &out));
  LOOM_TRY(tl_need_dim(e, 1, out.rank, &d));
  if (list->type.kind != TL_LIST || !list->n_items)
    return tl_refuse(e, "operand 0 is not a list of tensors");
  tl_val *part = ARENA_NEW_N(e->mem, tl_val, list->n_items);
  tl_num total = tl_known(0), *begin = ARENA_NEW_N(e->mem, tl_num, list->n_items);
  const char *size[TL_RANK_MAX] = {NULL};
  int n = 0;
  for (int i = 0; i < list->n_items; i++) {
    const tl_value *item = list->items[i];
    if (item->type.kind != TL_TENSOR)
      return tl_refuse(e, "entry %d of the list is not a tensor of a known shape and element type", i);
    if (item->type.rank == 1 && item->type.dim[0] == 0 && !stacks)   /* PyTorch skips empty ones of rank 1 */
      continue;
    part[n] = tl_convert(e, tl_val_of(item), out.dtype);
    if (stacks)
      LOOM_TRY(tl_unsqueeze(e, part[n], d, &part[n]));
    if (part[n].type.rank != out.rank)
      return tl_invalid(e, "entry %d has rank %d, the result %d", i, part[n].type.rank, out.rank);
    begin[n] = total;
    total = tl_calc(e, total, '+', tl_dim(e, part[n], d));
    n++;
  }
  tl_type made = out;
  made.dim[d] = tl_num_dim(total);
  for (int k = 0; k < out.rank; k++) {
    for (int i = 0; i < n && k != d && made.dim[k] == TL_DYNAMIC; i++)
      made.dim[k] = part[i].type.dim[k];
    size[k] = made.dim[k] != TL_DYNAMIC ? NULL : k == d ? total.name : tl_size(e, part[0], k);
  }
  tl_val all = tl_empty(e, made, size);
  for (int i = 0; i < n; i++)
    all = tl_insert(e, part[i], all, d, begin[i]);
  return tl_give(e, 0, all);
}

/* ---- parts ---- */
/* A begin or an end as PyTorch reads it: none is `fallback`, negative counts from the end, everything is kept within 0..n. */
static tl_num bound(tl_emit *e, const tl_value *v, tl_num n, tl_num fallback) {
  if (tl_is_none(v))
    return fallback;
  tl_num at = tl_num_of(e, v);
  if (at.is_known && at.v < 0)
    at = tl_calc(e, at, '+', n);
  if (!at.is_known && !v->is_known) {
    const char *zero = tl_index(e, 0), *is = tl_line(e, "arith.cmpi slt, %s, %s : index", at.name, zero), *from_end = tl_num_name(e, tl_calc(e, at, '+', n));
    at = tl_named(tl_line(e, "arith.select %s, %s, %s : index", is, from_end, at.name));
  }
  if (at.is_known && at.v == INT64_MAX)   /* "to the end" */
    return n;
  return tl_calc(e, tl_calc(e, at, 'M', tl_known(0)), 'm', n);
}

loom_status tl_lower_slice(tl_emit *e, const char *detail) {
  (void)detail;
  tl_val v;
  int d;
  int64_t step = 1;
  LOOM_TRY(tl_need_tensor(e, 0, &v));
  LOOM_TRY(tl_need_dim(e, 1, v.type.rank, &d));
  if (!tl_is_none(tl_in(e, 4)))
    LOOM_TRY(tl_need_int(e, 4, &step));
  if (step < 1 || !v.type.rank)
    return tl_invalid(e, "a step of %" PRId64 " in a tensor of rank %d", step, v.type.rank);
  tl_num n = tl_dim(e, v, d), begin = bound(e, tl_in(e, 2), n, tl_known(0)), end = bound(e, tl_in(e, 3), n, n);
  tl_num size = tl_calc(e, tl_calc(e, tl_calc(e, end, '-', begin), 'M', tl_known(0)), '^', tl_known(step));
  return tl_give(e, 0, tl_slice(e, v, d, begin, size, tl_known(step)));
}

/* "select": operands dim, index; the dim goes.  "narrow": dim, start, length. */
loom_status tl_lower_select(tl_emit *e, const char *detail) {
  tl_val v;
  int d;
  LOOM_TRY(tl_need_tensor(e, 0, &v));
  LOOM_TRY(tl_need_dim(e, 1, v.type.rank, &d));
  if (!v.type.rank)
    return tl_invalid(e, "a tensor without dims has no parts");
  tl_num n = tl_dim(e, v, d), at = bound(e, tl_in(e, 2), n, tl_known(0)), size = *detail == 'n' ? tl_num_of(e, tl_in(e, 3)) : tl_known(1);
  if (at.is_known && n.is_known && size.is_known && (size.v < 0 || at.v > n.v - size.v))
    return tl_invalid(e, "%" PRId64 " elements from %" PRId64 " on leave a dim of %" PRId64, size.v, tl_in(e, 2)->i, n.v);
  tl_val part = tl_slice(e, v, d, at, size, tl_known(1));
  bool keeps = e->op->out[0].kind == TL_TENSOR && e->op->out[0].rank == v.type.rank;   /* importers of ONNX leave the dim there */
  if (*detail != 'n' && !keeps)
    LOOM_TRY(tl_squeeze(e, part, d, &part));
  return tl_give(e, 0, part);
}

/* A tensor in parts along a dim, one a result.  "s": operands size, dim; "l": a list of sizes, dim; "c": number of parts, dim; "u": dim, which goes. */
loom_status tl_lower_split(tl_emit *e, const char *detail) {
  tl_val v;
  int d, n_sizes = 0, n = e->op->n_out;
  int64_t each = 1, sizes[64], at = 0;
  LOOM_TRY(tl_need_tensor(e, 0, &v));
  LOOM_TRY(tl_need_dim(e, *detail == 'u' ? 1 : 2, v.type.rank, &d));
  int64_t all = v.type.rank ? v.type.dim[d] : 1;
  if (!v.type.rank || all == TL_DYNAMIC)
    return tl_refuse(e, "parts of %s along dim %d", tl_text(e, v.type), d);
  if (*detail == 'l')
    LOOM_TRY(tl_need_ints(e, 1, 64, sizes, &n_sizes));
  else if (*detail != 'u')
    LOOM_TRY(tl_need_int(e, 1, &each));
  if (*detail == 'c')
    each = each > 0 ? (all + each - 1) / each : 0;
  for (int i = 0; i < n; i++) {
    int64_t size = *detail == 'l' ? (i < n_sizes ? sizes[i] : -1) : each < all - at ? each : all - at;
    if (size < 0 || size > all - at)
      return tl_invalid(e, "part %d of %d does not fit into %" PRId64 " elements", i, n, all);
    tl_val part = tl_slice(e, v, d, tl_known(at), tl_known(size), tl_known(1));
    if (*detail == 'u')
      LOOM_TRY(tl_squeeze(e, part, d, &part));
    LOOM_TRY(tl_give(e, i, part));
    at += size;
  }
  return LOOM_OK;
}

/* ---- padding ---- */
/* v with `low` and `high` more elements along d, which are `scalar`; negative ones are cut off. */
tl_val tl_pad(tl_emit *e, tl_val v, int d, int64_t low, int64_t high, const char *scalar) {
  int64_t cut_low = low < 0 ? -low : 0, cut_high = high < 0 ? -high : 0;
  if (cut_low || cut_high)
    v = tl_slice(e, v, d, tl_known(cut_low), tl_calc(e, tl_dim(e, v, d), '-', tl_known(cut_low + cut_high)), tl_known(1));
  if (low <= 0 && high <= 0)
    return v;
  int64_t more_low = low > 0 ? low : 0, more_high = high > 0 ? high : 0;
  tl_type out = v.type;
  tl_num n = tl_calc(e, tl_dim(e, v, d), '+', tl_known(more_low + more_high));
  const char *size[TL_RANK_MAX];
  tl_sizes(e, v, size);
  out.dim[d] = tl_num_dim(n);
  size[d] = n.is_known ? NULL : n.name;
  return tl_insert(e, v, tl_fill(e, out, size, scalar), d, tl_known(more_low));
}

/* Operands: tensor, amounts from the last dim on; the value ("p": behind a mode, which must be "constant"). */
loom_status tl_lower_pad(tl_emit *e, const char *detail) {
  tl_val v;
  int64_t amount[2 * TL_RANK_MAX];
  int n;
  LOOM_TRY(tl_need_tensor(e, 0, &v));
  LOOM_TRY(tl_need_ints(e, 1, 2 * v.type.rank, amount, &n));
  if (*detail == 'p' && tl_in(e, 2)->is_known && !text_eq(tl_in(e, 2)->s, "constant"))
    return tl_refuse(e, "mode \"%s\"; \"constant\" is known", tl_in(e, 2)->s);
  const tl_value *value = tl_in(e, *detail == 'p' ? 3 : 2);
  dtype t = v.type.dtype;
  double known = value->type.kind == TL_FLOAT ? value->f : (double)value->i;
  const char *scalar = tl_is_none(value) || value->is_known ? tl_const(e, t, known) : tl_cast(e, value->name, tl_scalar_dtype(value->type.kind), t);
  for (int i = 0; i + 1 < n; i += 2)
    v = tl_pad(e, v, v.type.rank - 1 - i / 2, amount[i], amount[i + 1], scalar);
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
  LOOM_TRY(need_result(e, 0, &out));
  LOOM_TRY(tl_need_ints(e, 2, TL_RANK_MAX, stride, &n));
  if (!tl_is_none(tl_in(e, 3)))
    LOOM_TRY(tl_need_int(e, 3, &offset));
  if (n != out.rank || !tl_is_static(&out) || !tl_is_static(&v.type))
    return tl_refuse(e, "sizes that are not known");
  last = offset;
  for (int d = 0; d < n; d++)
    if (stride[d] < 0 || stride[d] > INT32_MAX || out.dim[d] > INT32_MAX)
      return tl_invalid(e, "a stride of %" PRId64, stride[d]);
    else
      last += (out.dim[d] - 1) * stride[d];
  if (offset < 0 || (tl_elems(&out) > 0 && last >= tl_elems(&v.type)))
    return tl_invalid(e, "element %" PRId64 " of %" PRId64, last, tl_elems(&v.type));
  int64_t all = tl_elems(&v.type);
  LOOM_TRY(tl_view(e, v, tl_tensor(v.type.dtype, 1, &all), NULL, &v));
  tl_generic g = {.rank = n, .n_out = 1, .out = {tl_empty(e, out, NULL)}};
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
