/* Tensors made from numbers, and single numbers. */
#include "lower/torch/tl_private.h"

/* "0 v1": sizes are those of the list at operand 0 ("l": of the tensor there), the value that of operand 1 or the number behind '='. */
loom_status tl_lower_full(tl_emit *e, const char *detail) {
  tl_type out;
  const char *size[TL_RANK_MAX];
  LOOM_TRY(tl_need_result(e, 0, &out));
  const tl_value *shape = tl_in(e, detail[0] == 'l' ? 0 : detail[0] - '0');
  for (int d = 0; d < out.rank; d++) {
    size[d] = NULL;
    if (out.dim[d] != TL_DYNAMIC)
      continue;
    if (shape->type.kind == TL_TENSOR && shape->type.rank == out.rank)
      size[d] = tl_size(e, tl_val_of(shape), d);
    else if (shape->type.kind == TL_LIST && shape->n_items == out.rank)
      size[d] = tl_index_of(e, shape->items[d]);
    else
      return tl_refuse(e, "nothing tells the size of dim %d", d);
  }
  const char *scalar;
  if (detail[2] == '=') {
    scalar = tl_const_int(e, out.dtype, detail[3] - '0');
  } else {
    const tl_value *v = tl_in(e, detail[3] - '0');
    if (v->type.kind == TL_TENSOR && v->type.rank == 0)
      scalar = tl_cast(e, tl_extract(e, tl_val_of(v), NULL), v->type.dtype, out.dtype);
    else
      scalar = tl_scalar_as(e, v, out.dtype);
  }
  return tl_give(e, 0, tl_fill(e, out, size, scalar));
}

/* start + i * step, computed in f64 (whole numbers in i64), as PyTorch does.  `detail`: operands of start, end, step; '-': not there. */
loom_status tl_lower_arange(tl_emit *e, const char *detail) {
  tl_type out;
  const char *size[1] = {NULL};
  LOOM_TRY(tl_need_result(e, 0, &out));
  static const tl_value zero = {.type = {.kind = TL_INT}, .is_known = true}, one = {.type = {.kind = TL_INT}, .is_known = true, .i = 1};
  const tl_value *start = detail[0] == '-' ? &zero : tl_in(e, detail[0] - '0'), *end = tl_in(e, detail[1] - '0'),
                 *step = detail[2] == '-' ? &one : tl_in(e, detail[2] - '0');
  if (out.rank != 1)
    return tl_invalid(e, "the result has rank %d", out.rank);
  if (out.dim[0] == TL_DYNAMIC) {
    if (start->type.kind != TL_INT || end->type.kind != TL_INT || step->type.kind != TL_INT || !step->is_known || step->i < 1)
      return tl_refuse(e, "a range of unknown size whose bounds are not whole numbers, or whose step is not a positive constant");
    tl_num n = tl_calc(e, tl_num_of(e, end), '-', tl_num_of(e, start));
    size[0] = tl_num_name(e, tl_calc(e, tl_calc(e, n, 'M', tl_known(0)), '^', tl_known(step->i)));
  }
  dtype t = start->type.kind == TL_FLOAT || step->type.kind == TL_FLOAT || dtype_is_float(out.dtype) ? DTYPE_F64 : DTYPE_I64;
  const char *from = tl_scalar_as(e, start, t), *by = tl_scalar_as(e, step, t);
  tl_generic g = {.rank = 1, .n_out = 1, .out = {tl_empty(e, out, size)}};
  tl_generic_open(e, &g);
  const char *i = tl_cast(e, tl_line(e, "arith.index_cast %s : index to i64", tl_line(e, "linalg.index 0 : index")), DTYPE_I64, t);
  bool f = t == DTYPE_F64;
  const char *step_i = tl_line(e, "%s %s, %s : %s", f ? "arith.mulf" : "arith.muli", i, by, tl_elem(t));
  const char *x = tl_line(e, "%s %s, %s : %s", f ? "arith.addf" : "arith.addi", from, step_i, tl_elem(t));
  return tl_give(e, 0, tl_map_close(e, &g, tl_cast(e, x, t, out.dtype)));
}

/* Operands: start, end, steps; from both ends to the middle, as PyTorch does. */
loom_status tl_lower_linspace(tl_emit *e, const char *detail) {
  (void)detail;
  tl_type out;
  int64_t n;
  LOOM_TRY(tl_need_result(e, 0, &out));
  LOOM_TRY(tl_need_int(e, 2, &n));
  if (out.rank != 1 || n < 1 || (out.dim[0] != n && out.dim[0] != TL_DYNAMIC))
    return tl_invalid(e, "%" PRId64 " steps make no %s", n, tl_text(e, out));
  out.dim[0] = n;
  const char *a = tl_scalar_as(e, tl_in(e, 0), DTYPE_F64), *b = tl_scalar_as(e, tl_in(e, 1), DTYPE_F64), *last = tl_const(e, DTYPE_F64, (double)(n - 1));
  const char *step = tl_line(e, "arith.divf %s, %s : f64", tl_line(e, "arith.subf %s, %s : f64", b, a), n > 1 ? last : tl_const(e, DTYPE_F64, 1));
  tl_generic g = {.rank = 1, .n_out = 1, .out = {tl_empty(e, out, NULL)}};
  tl_generic_open(e, &g);
  const char *i = tl_cast(e, tl_line(e, "arith.index_cast %s : index to i64", tl_line(e, "linalg.index 0 : index")), DTYPE_I64, DTYPE_F64);
  const char *up = tl_line(e, "arith.addf %s, %s : f64", a, tl_line(e, "arith.mulf %s, %s : f64", i, step)), *left = tl_line(e, "arith.subf %s, %s : f64", last, i);
  const char *down = tl_line(e, "arith.subf %s, %s : f64", b, tl_line(e, "arith.mulf %s, %s : f64", left, step));
  const char *low = tl_line(e, "arith.cmpf olt, %s, %s : f64", i, tl_const(e, DTYPE_F64, (double)(n / 2)));
  const char *x = tl_line(e, "arith.select %s, %s, %s : f64", n > 1 ? low : tl_line(e, "arith.constant true"), up, down);
  return tl_give(e, 0, tl_map_close(e, &g, tl_cast(e, x, DTYPE_F64, out.dtype)));
}

/* Ones on the diagonal. */
loom_status tl_lower_eye(tl_emit *e, const char *detail) {
  (void)detail;
  tl_type out;
  LOOM_TRY(tl_need_result(e, 0, &out));
  if (out.rank != 2 || !tl_is_static(&out))
    return tl_refuse(e, "a result of unknown size");
  tl_generic g = {.rank = 2, .n_out = 1, .out = {tl_empty(e, out, NULL)}};
  tl_generic_open(e, &g);
  const char *is = tl_line(e, "arith.cmpi eq, %s, %s : index", tl_line(e, "linalg.index 0 : index"), tl_line(e, "linalg.index 1 : index"));
  return tl_give(e, 0, tl_map_close(e, &g, tl_cast(e, is, DTYPE_BOOL, out.dtype)));
}

/* ---- numbers ---- */
/* "I x + y": an expression over scalar operands in i64 (I), f64 (F) or i1 (B). */
loom_status tl_lower_scalar(tl_emit *e, const char *detail) {
  tl_scalar vars[4];
  int n = e->op->n_in < 4 ? e->op->n_in : 4;
  for (int i = 0; i < n; i++) {
    const tl_value *v = tl_in(e, i);
    if (!tl_is_number(v->type.kind))
      return tl_invalid(e, "operand %d is not a number", i);
    dtype t = tl_scalar_dtype(v->type.kind);
    vars[i] = (tl_scalar){.name = v->is_known ? tl_scalar_as(e, v, t) : v->name, .type = t};
  }
  const char *x;
  dtype made;
  LOOM_TRY(tl_expr(e, detail + 2, *detail == 'I' ? DTYPE_I64 : *detail == 'F' ? DTYPE_F64 : DTYPE_BOOL, vars, n, &x, &made));
  return tl_give_number(e, x, made);
}

/* The size of a dim. */
loom_status tl_lower_size(tl_emit *e, const char *detail) {
  (void)detail;
  tl_val v;
  int d;
  LOOM_TRY(tl_need_tensor(e, 0, &v));
  LOOM_TRY(tl_need_dim(e, 1, v.type.rank, &d));
  if (!v.type.rank)
    return tl_invalid(e, "a tensor without dims has no sizes");
  return tl_give_number(e, tl_num_scalar(e, tl_dim(e, v, d), DTYPE_I64), DTYPE_I64);
}

loom_status tl_lower_numel(tl_emit *e, const char *detail) {
  (void)detail;
  tl_val v;
  bool all[TL_RANK_MAX];
  LOOM_TRY(tl_need_tensor(e, 0, &v));
  for (int d = 0; d < TL_RANK_MAX; d++)
    all[d] = true;
  return tl_give_number(e, tl_num_scalar(e, tl_count(e, v, all), DTYPE_I64), DTYPE_I64);
}

/* The only element of a tensor as a number. */
loom_status tl_lower_item(tl_emit *e, const char *detail) {
  (void)detail;
  tl_val v;
  LOOM_TRY(tl_need_tensor(e, 0, &v));
  const char *zero = tl_index(e, 0), *at[TL_RANK_MAX];
  for (int d = 0; d < TL_RANK_MAX; d++)
    at[d] = zero;
  return tl_give_number(e, tl_extract(e, v, at), v.type.dtype);
}

/* A number as a tensor without dims. */
loom_status tl_lower_number(tl_emit *e, const char *detail) {
  (void)detail;
  tl_type out;
  LOOM_TRY(tl_need_result(e, 0, &out));
  const char *x = tl_scalar_as(e, tl_in(e, 0), out.dtype);
  if (out.rank)
    return tl_invalid(e, "the result has dims");
  return tl_give(e, 0, (tl_val){tl_line(e, "tensor.from_elements %s : %s", x, tl_text(e, out)), out});
}
