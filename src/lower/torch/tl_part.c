/* Tensors joined, taken apart and padded. */
#include "lower/torch/tl_private.h"

/* ---- joining ---- */
/* "cat": operands a list of tensors and the dim; "stack": along a new dim. */
loom_status tl_lower_cat(tl_emit *e, const char *detail) {
  tl_type out;
  int d;
  bool stacks = *detail == 's';
  const tl_value *list = tl_in(e, 0);
  LOOM_TRY(tl_need_result(e, 0, &out));
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
    for (int k = 0; k < out.rank; k++)
      if (k != d && part[n].type.dim[k] != part[0].type.dim[k] && part[n].type.dim[k] != TL_DYNAMIC && part[0].type.dim[k] != TL_DYNAMIC)
        return tl_invalid(e, "entry %d is %s beside %s", i, tl_text(e, part[n].type), tl_text(e, part[0].type));
    begin[n] = total;
    total = tl_calc(e, total, '+', tl_dim(e, part[n], d));
    n++;
  }
  if (!n && out.rank != 1)
    return tl_invalid(e, "entries of rank 1 do not make %s", tl_text(e, out));
  tl_type made = out;
  made.dim[d] = tl_num_dim(total);
  for (int k = 0; k < out.rank; k++) {
    for (int i = 0; i < n && k != d; i++)
      if (part[i].type.dim[k] != TL_DYNAMIC)
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
  if (size.is_known && (size.v < 0 || (at.is_known && n.is_known && at.v > n.v - size.v)))
    return tl_invalid(e, "%" PRId64 " elements from %" PRId64 " on leave dim %d of %s", size.v, tl_in(e, 2)->i, d, tl_text(e, v.type));
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
    each = each > 0 && all > 0 ? (all - 1) / each + 1 : 0;
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
  if (v.type.dim[d] != TL_DYNAMIC && v.type.dim[d] < cut_low + cut_high)
    (void)tl_invalid(e, "%" PRId64 " elements are cut off dim %d of %s", cut_low + cut_high, d, tl_text(e, v.type));
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
  const char *scalar = tl_is_none(value) ? tl_const(e, t, 0) : tl_scalar_as(e, value, t);
  for (int i = 0; i < n; i++)
    if (amount[i] < -INT32_MAX || amount[i] > INT32_MAX)
      return tl_invalid(e, "padding by %" PRId64, amount[i]);
  for (int i = 0; i + 1 < n; i += 2)
    v = tl_pad(e, v, v.type.rank - 1 - i / 2, amount[i], amount[i + 1], scalar);
  return tl_give(e, 0, v);
}
