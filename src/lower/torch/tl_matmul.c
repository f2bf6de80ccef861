/* Products of matrices, accumulated in f32 for halves. */
#include "lower/torch/tl_private.h"

loom_status tl_matmul(tl_emit *e, tl_val a, tl_val b, dtype result, tl_val *out) {
  int r = a.type.rank;
  bool batched = r == 3;
  int64_t k = a.type.dim[r - 1], k2 = b.type.dim[r - 2];
  int64_t batch = batched ? a.type.dim[0] : 1, batch2 = batched ? b.type.dim[0] : 1;
  if ((k != k2 && k != TL_DYNAMIC && k2 != TL_DYNAMIC) || (batch != batch2 && batch != TL_DYNAMIC && batch2 != TL_DYNAMIC))
    return tl_invalid(e, "%s and %s do not multiply", tl_text(e, a.type), tl_text(e, b.type));
  dtype acc = dtype_compute(result);
  int64_t dims[3] = {a.type.dim[0], a.type.dim[r - 2], b.type.dim[r - 1]};
  tl_type t = batched ? tl_tensor(acc, 3, dims) : tl_tensor(acc, 2, dims + 1);
  const char *size[3], *name;
  if (batched && dims[0] == TL_DYNAMIC)
    t.dim[0] = b.type.dim[0];
  for (int d = 0; d < r; d++)
    size[d] = t.dim[d] == TL_DYNAMIC ? tl_size(e, d == r - 1 ? b : a, d) : NULL;
  bool mixes = !dtype_is_float(result) || a.type.dtype != b.type.dtype;   /* the named operations extend floats, and integers as signed ones */
  if (mixes && a.type.dtype != acc)
    a = tl_convert(e, a, acc);
  if (mixes && b.type.dtype != acc)
    b = tl_convert(e, b, acc);
  tl_val zero = tl_fill(e, t, size, tl_const(e, acc, 0));
  const char *T = tl_text(e, t);
  name = tl_line(e, "linalg.%s ins(%s, %s : %s, %s) outs(%s : %s) -> %s", batched ? "batch_matmul" : "matmul", a.name, b.name, tl_text(e, a.type),
                 tl_text(e, b.type), zero.name, T, T);
  *out = tl_convert(e, (tl_val){name, t}, result);
  return LOOM_OK;
}

static loom_status need_pair(tl_emit *e, int i, int rank, tl_val *a, tl_val *b) {
  LOOM_TRY(tl_need_tensor(e, i, a));
  LOOM_TRY(tl_need_tensor(e, i + 1, b));
  if (a->type.rank != rank || b->type.rank != rank)
    return tl_invalid(e, "%s and %s; expected tensors of rank %d", tl_text(e, a->type), tl_text(e, b->type), rank);
  return e->op->out[0].kind == TL_TENSOR ? LOOM_OK : tl_invalid(e, "the result is not a tensor of a known shape and element type");
}

loom_status tl_lower_mm(tl_emit *e, const char *detail) {
  tl_val a, b, out;
  LOOM_TRY(need_pair(e, 0, *detail - '0', &a, &b));
  LOOM_TRY(tl_matmul(e, a, b, e->op->out[0].dtype, &out));
  return tl_give(e, 0, out);
}

/* beta * c + alpha * (a b): operands c, a, b, beta, alpha. */
loom_status tl_lower_addmm(tl_emit *e, const char *detail) {
  tl_val c, a, b, out;
  LOOM_TRY(tl_need_tensor(e, 0, &c));
  LOOM_TRY(need_pair(e, 1, *detail - '0', &a, &b));
  const tl_type result = e->op->out[0];
  dtype acc = dtype_compute(result.dtype);
  LOOM_TRY(tl_matmul(e, a, b, acc, &out));
  double factor[2];
  for (int i = 0; i < 2; i++)
    LOOM_TRY(tl_need_number(e, 3 + i, i ? "alpha" : "beta", 1, &factor[i]));
  const char *expr = factor[0] == 0 ? tl_str(e, "y*%.17g", factor[1]) : tl_str(e, "x*%.17g + y*%.17g", factor[0], factor[1]);
  LOOM_TRY(tl_map(e, tl_with_dtype(out.type, result.dtype), expr, (const tl_val[]){c, out}, 2, &out));
  return tl_give(e, 0, out);
}

/* v of rank r + 2 with its leading dims broadcast to those of `lead`, as one dim. */
static loom_status as_batch(tl_emit *e, tl_val v, const tl_type *lead, const char *const *lead_size, tl_val *out) {
  int r = lead->rank;
  tl_type full = tl_with_dtype(*lead, v.type.dtype);
  const char *size[TL_RANK_MAX];
  tl_num batch = tl_known(1);
  for (int d = 0; d < r; d++) {
    size[d] = lead_size[d];
    batch = tl_calc(e, batch, '*', lead->dim[d] == TL_DYNAMIC ? tl_named(lead_size[d]) : tl_known(lead->dim[d]));
  }
  for (int d = 0; d < 2; d++) {
    full.dim[r + d] = v.type.dim[v.type.rank - 2 + d];
    size[r + d] = full.dim[r + d] == TL_DYNAMIC ? tl_size(e, v, v.type.rank - 2 + d) : NULL;
  }
  full.rank = r + 2;
  LOOM_TRY(tl_broadcast(e, v, full, size, &v));
  int64_t dims[3] = {tl_num_dim(batch), full.dim[r], full.dim[r + 1]};
  const char *sizes[3] = {batch.is_known ? NULL : batch.name, size[r], size[r + 1]};
  return tl_view(e, v, tl_tensor(v.type.dtype, 3, dims), sizes, out);
}

/* The leading dims of a product of a and b, and their sizes. */
static loom_status leading(tl_emit *e, tl_val a, tl_val b, tl_type *lead, const char **size) {
  int ra = a.type.rank - 2, rb = b.type.rank - 2, r = ra > rb ? ra : rb;
  *lead = (tl_type){.kind = TL_TENSOR, .rank = r};
  for (int d = 0; d < r; d++) {
    int da = d - r + ra, db = d - r + rb;
    int64_t x = da >= 0 ? a.type.dim[da] : 1, y = db >= 0 ? b.type.dim[db] : 1;
    bool from_a = x != 1 && (x != TL_DYNAMIC || y == 1 || y == TL_DYNAMIC);
    lead->dim[d] = from_a ? x : y;
    if (x != y && x != 1 && y != 1 && x != TL_DYNAMIC && y != TL_DYNAMIC)
      return tl_invalid(e, "%s and %s do not multiply", tl_text(e, a.type), tl_text(e, b.type));
    size[d] = lead->dim[d] == TL_DYNAMIC ? tl_size(e, from_a ? a : b, from_a ? da : db) : NULL;
  }
  return LOOM_OK;
}

/* Any ranks: vectors become matrices of one row or column, leading dims are broadcast. */
loom_status tl_any_matmul(tl_emit *e, tl_val a, tl_val b, dtype result, tl_val *out) {
  bool row = a.type.rank == 1, column = b.type.rank == 1;
  if (row)
    LOOM_TRY(tl_unsqueeze(e, a, 0, &a));
  if (column)
    LOOM_TRY(tl_unsqueeze(e, b, 1, &b));
  if (a.type.rank < 2 || b.type.rank < 2)
    return tl_invalid(e, "a tensor without dims does not multiply");
  tl_type lead;
  const char *size[TL_RANK_MAX];
  LOOM_TRY(leading(e, a, b, &lead, size));
  if (lead.rank == 0) {
    LOOM_TRY(tl_matmul(e, a, b, result, out));
  } else if (b.type.rank == 2 && a.type.rank > 2) {   /* the rows of all matrices are rows of one */
    int ra = a.type.rank;
    tl_num rows = tl_known(1);
    tl_type full = tl_with_dtype(a.type, result);
    const char *sizes[TL_RANK_MAX];
    for (int d = 0; d < ra - 1; d++) {
      rows = tl_calc(e, rows, '*', tl_dim(e, a, d));
      sizes[d] = a.type.dim[d] == TL_DYNAMIC ? tl_size(e, a, d) : NULL;
    }
    int64_t dims[2] = {tl_num_dim(rows), a.type.dim[ra - 1]};
    const char *flat[2] = {rows.is_known ? NULL : rows.name, dims[1] == TL_DYNAMIC ? tl_size(e, a, ra - 1) : NULL};
    LOOM_TRY(tl_view(e, a, tl_tensor(a.type.dtype, 2, dims), flat, &a));
    LOOM_TRY(tl_matmul(e, a, b, result, out));
    full.dim[ra - 1] = b.type.dim[1];
    sizes[ra - 1] = full.dim[ra - 1] == TL_DYNAMIC ? tl_size(e, b, 1) : NULL;
    LOOM_TRY(tl_view(e, *out, full, sizes, out));
  } else {
    LOOM_TRY(as_batch(e, a, &lead, size, &a));
    LOOM_TRY(as_batch(e, b, &lead, size, &b));
    LOOM_TRY(tl_matmul(e, a, b, result, out));
    tl_type full = tl_with_dtype(lead, result);
    for (int d = 0; d < 2; d++) {
      full.dim[lead.rank + d] = out->type.dim[1 + d];
      size[lead.rank + d] = full.dim[lead.rank + d] == TL_DYNAMIC ? tl_size(e, *out, 1 + d) : NULL;
    }
    full.rank = lead.rank + 2;
    LOOM_TRY(tl_view(e, *out, full, size, out));
  }
  if (column)
    LOOM_TRY(tl_squeeze(e, *out, out->type.rank - 1, out));
  return row ? tl_squeeze(e, *out, out->type.rank - 1 - !column, out) : LOOM_OK;
}

loom_status tl_lower_matmul(tl_emit *e, const char *detail) {
  (void)detail;
  tl_val a, b, out;
  LOOM_TRY(tl_need_tensor(e, 0, &a));
  LOOM_TRY(tl_need_tensor(e, 1, &b));
  if (e->op->out[0].kind != TL_TENSOR)
    return tl_invalid(e, "the result is not a tensor of a known shape and element type");
  LOOM_TRY(tl_any_matmul(e, a, b, e->op->out[0].dtype, &out));
  return tl_give(e, 0, out);
}

/* x w^T + b */
loom_status tl_lower_linear(tl_emit *e, const char *detail) {
  (void)detail;
  tl_val x, w, bias, out;
  LOOM_TRY(tl_need_tensor(e, 0, &x));
  LOOM_TRY(tl_need_tensor(e, 1, &w));
  if (w.type.rank != 2 || e->op->out[0].kind != TL_TENSOR)
    return tl_invalid(e, "the weight is %s; expected a matrix", tl_text(e, w.type));
  dtype t = e->op->out[0].dtype;
  LOOM_TRY(tl_any_matmul(e, x, tl_transpose(e, w, (const int[]){1, 0}), dtype_compute(t), &out));
  if (!tl_is_none(tl_in(e, 2))) {
    LOOM_TRY(tl_need_tensor(e, 2, &bias));
    LOOM_TRY(tl_map(e, out.type, "x + y", (const tl_val[]){out, bias}, 2, &out));
  }
  return tl_give(e, 0, tl_convert(e, out, t));
}
