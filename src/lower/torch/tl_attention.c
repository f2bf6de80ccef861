/* softmax(q k^T * scale + mask) v, in f32 for halves. */
#include "lower/torch/tl_private.h"
#include <math.h>

typedef struct attention { tl_val q, k, v; const tl_val *mask; bool is_causal; double scale; } attention;

static tl_val swapped(tl_emit *e, tl_val v) {
  int perm[TL_RANK_MAX];
  for (int d = 0; d < v.type.rank; d++)
    perm[d] = d;
  perm[v.type.rank - 1] = v.type.rank - 2;
  perm[v.type.rank - 2] = v.type.rank - 1;
  return tl_transpose(e, v, perm);
}

/* Each head of k and v for several of q: heads are dim rank - 3. */
static loom_status repeat_heads(tl_emit *e, tl_val q, tl_val *v) {
  int r = q.type.rank, h = r - 3;
  if (h < 0 || q.type.dim[h] == v->type.dim[h])
    return LOOM_OK;
  int64_t mine = v->type.dim[h], all = q.type.dim[h];
  if (mine <= 0 || all <= 0 || all % mine)
    return tl_invalid(e, "%" PRId64 " heads for %" PRId64, mine, all);
  tl_val one;
  const char *size[TL_RANK_MAX], *flat_size[TL_RANK_MAX];
  LOOM_TRY(tl_unsqueeze(e, *v, h + 1, &one));
  tl_type many = one.type, flat = v->type;
  tl_sizes(e, one, size);
  tl_sizes(e, *v, flat_size);
  many.dim[h + 1] = all / mine;
  flat.dim[h] = all;
  LOOM_TRY(tl_broadcast(e, one, many, size, &one));
  return tl_view(e, one, flat, flat_size, v);
}

/* Scores where column <= row; the others are -inf. */
static loom_status hide_future(tl_emit *e, tl_val *s) {
  tl_generic g;
  int r = s->type.rank;
  LOOM_TRY(tl_map_open(e, s->type, s, 1, &g));
  const char *row = tl_line(e, "linalg.index %d : index", r - 2), *column = tl_line(e, "linalg.index %d : index", r - 1), *T = tl_elem(s->type.dtype);
  const char *sees = tl_line(e, "arith.cmpi sle, %s, %s : index", column, row), *never = tl_const(e, s->type.dtype, -INFINITY);
  *s = tl_map_close(e, &g, tl_line(e, "arith.select %s, %s, %s : %s", sees, g.x[0], never, T));
  return LOOM_OK;
}

static loom_status attend(tl_emit *e, const attention *a, tl_val *out_scores, tl_val *out) {
  dtype t = dtype_compute(a->q.type.dtype);
  tl_val scores, weights;
  LOOM_TRY(tl_any_matmul(e, a->q, swapped(e, a->k), t, &scores));
  LOOM_TRY(tl_map(e, scores.type, tl_str(e, "x*%.17g", a->scale), &scores, 1, &scores));
  if (a->mask) {
    bool is_bool = a->mask->type.dtype == DTYPE_BOOL;
    LOOM_TRY(tl_map(e, scores.type, is_bool ? "where(y?, x, -1/0)" : "x + y", (const tl_val[]){scores, *a->mask}, 2, &scores));
  }
  if (a->is_causal)
    LOOM_TRY(hide_future(e, &scores));
  LOOM_TRY(tl_softmax(e, scores, scores.type.rank - 1, false, &weights));
  *out_scores = scores;
  return tl_any_matmul(e, weights, tl_convert(e, a->v, t), t, out);
}

static loom_status read_scale(tl_emit *e, int i, const tl_type *q, double *out) {
  if (!tl_is_none(tl_in(e, i)))
    return tl_need_number(e, i, "the scale", 1, out);
  if (q->dim[q->rank - 1] < 1)
    return tl_refuse(e, "the default scale of heads of unknown size");
  *out = 1 / sqrt((double)q->dim[q->rank - 1]);
  return LOOM_OK;
}

/* "s": q, k, v, mask, dropout, causal, scale, several heads share one.  "f": q, k, v, dropout, causal, mask, scale; results y and log of the sums. */
loom_status tl_lower_attention(tl_emit *e, const char *detail) {
  attention a = {0};
  bool is_flash = *detail == 'f', shares = false;
  const int mask_at = is_flash ? 5 : 3, dropout_at = is_flash ? 3 : 4, causal_at = is_flash ? 4 : 5;
  tl_val mask, scores, out;
  LOOM_TRY(tl_need_tensor(e, 0, &a.q));
  LOOM_TRY(tl_need_tensor(e, 1, &a.k));
  LOOM_TRY(tl_need_tensor(e, 2, &a.v));
  double dropout;
  LOOM_TRY(tl_need_number(e, dropout_at, "dropout", 0, &dropout));
  if (dropout != 0)
    return tl_refuse(e, "dropout");
  if (a.q.type.rank < 2 || a.k.type.rank != a.q.type.rank || a.v.type.rank != a.q.type.rank || !dtype_is_float(a.q.type.dtype))
    return tl_invalid(e, "%s, %s and %s", tl_text(e, a.q.type), tl_text(e, a.k.type), tl_text(e, a.v.type));
  LOOM_TRY(tl_need_bool(e, causal_at, &a.is_causal));
  LOOM_TRY(read_scale(e, 6, &a.q.type, &a.scale));
  if (!tl_is_none(tl_in(e, mask_at))) {
    LOOM_TRY(tl_need_tensor(e, mask_at, &mask));
    a.mask = &mask;
  }
  if (!is_flash)
    LOOM_TRY(tl_need_bool(e, 7, &shares));
  if (shares) {
    LOOM_TRY(repeat_heads(e, a.q, &a.k));
    LOOM_TRY(repeat_heads(e, a.q, &a.v));
  }
  LOOM_TRY(attend(e, &a, &scores, &out));
  LOOM_TRY(tl_give(e, 0, tl_convert(e, out, a.q.type.dtype)));
  if (e->op->n_out < 2)
    return LOOM_OK;
  bool is[TL_RANK_MAX] = {false};
  is[scores.type.rank - 1] = true;
  tl_val most, sum;
  LOOM_TRY(tl_reduce(e, scores, is, scores.type.dtype, -INFINITY, "max(y, x)", &most));
  LOOM_TRY(tl_keep_dims(e, most, &scores.type, is, &most));
  LOOM_TRY(tl_map(e, scores.type, "exp(x - y)", (const tl_val[]){scores, most}, 2, &sum));
  LOOM_TRY(tl_reduce(e, sum, is, scores.type.dtype, 0, "y + x", &sum));
  LOOM_TRY(tl_keep_dims(e, sum, &scores.type, is, &sum));
  LOOM_TRY(tl_map(e, sum.type, "log(x) + y", (const tl_val[]){sum, most}, 2, &sum));
  return tl_give_kept(e, 1, sum, is, false);
}

/* tm_tensor.attention: ins q [b, m, d], k [b, n, d], v [b, n, e] and a mask to add (or of truth values); outs the result. */
loom_status tl_lower_tm_attention(tl_emit *e, const char *detail) {
  (void)detail;
  attention a = {0};
  tl_val mask, scores, out;
  int n = e->op->n_segment_ins;
  if ((n != 3 && n != 4) || e->op->n_in != n + 1 || e->op->n_out != 1)
    return tl_refuse(e, "%d tensors in", n);
  LOOM_TRY(tl_need_tensor(e, 0, &a.q));
  LOOM_TRY(tl_need_tensor(e, 1, &a.k));
  LOOM_TRY(tl_need_tensor(e, 2, &a.v));
  if (n == 4) {
    LOOM_TRY(tl_need_tensor(e, 3, &mask));
    a.mask = &mask;
  }
  if (a.q.type.rank < 2 || a.k.type.rank != a.q.type.rank || a.v.type.rank != a.q.type.rank || !dtype_is_float(a.q.type.dtype))
    return tl_invalid(e, "%s, %s and %s", tl_text(e, a.q.type), tl_text(e, a.k.type), tl_text(e, a.v.type));
  const tl_attribute *scale = NULL;
  for (int i = 0; i < e->op->n_attributes; i++)
    if (text_eq(e->op->attributes[i].name, "scale"))
      scale = &e->op->attributes[i];
  if (scale)
    a.scale = tl_number(scale->text);
  else
    LOOM_TRY(read_scale(e, 99, &a.q.type, &a.scale));
  LOOM_TRY(attend(e, &a, &scores, &out));
  return tl_give(e, 0, tl_convert(e, out, e->op->out[0].kind == TL_TENSOR ? e->op->out[0].dtype : a.q.type.dtype));
}
