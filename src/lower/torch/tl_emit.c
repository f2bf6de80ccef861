/* Lines of MLIR, operands and small values. */
#include "lower/torch/tl_private.h"
#include <stdarg.h>

const char *tl_fresh(tl_emit *e) { return arena_printf(e->mem, "%%v%d", e->next++); }

const char *tl_str(tl_emit *e, const char *fmt, ...) {
  text t = text_new(e->mem);
  va_list ap;
  va_start(ap, fmt);
  text_vaddf(&t, fmt, ap);
  va_end(ap);
  return text_str(&t);
}

void tl_raw(tl_emit *e, const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  text_vaddf(&e->out, fmt, ap);
  va_end(ap);
}

const char *tl_line(tl_emit *e, const char *fmt, ...) {
  const char *name = tl_fresh(e);
  text_addf(&e->out, "  %s = ", name);
  va_list ap;
  va_start(ap, fmt);
  text_vaddf(&e->out, fmt, ap);
  va_end(ap);
  text_add(&e->out, "\n");
  return name;
}

void tl_say(tl_emit *e, loom_status st, const char *fmt, ...) {
  text t = text_new(e->mem);
  va_list ap;
  va_start(ap, fmt);
  text_vaddf(&t, fmt, ap);
  va_end(ap);
  if (e->status == LOOM_OK)
    e->status = diag_error(e->ctx, e->op->span, st, "%s: %s", e->op->name, text_str(&t));
}

/* ---- operands ---- */
const tl_value *tl_in(const tl_emit *e, int i) {
  static const tl_value none = {.type = {.kind = TL_NONE}};
  return i < e->op->n_in ? e->op->in[i] : &none;
}

loom_status tl_need_tensor(tl_emit *e, int i, tl_val *out) {
  const tl_value *v = tl_in(e, i);
  if (v->type.kind != TL_TENSOR)
    return tl_invalid(e, "operand %d is not a tensor of a known shape and element type", i);
  *out = tl_val_of(v);
  return LOOM_OK;
}

loom_status tl_need_result(tl_emit *e, int i, tl_type *out) {
  if (i >= e->op->n_out || e->op->out[i].kind != TL_TENSOR)
    return tl_invalid(e, "result %d is not a tensor of a known shape and element type", i);
  *out = e->op->out[i];
  return LOOM_OK;
}

loom_status tl_need_int(tl_emit *e, int i, int64_t *out) {
  const tl_value *v = tl_in(e, i);
  if ((v->type.kind != TL_INT && v->type.kind != TL_BOOL) || !v->is_known)
    return tl_refuse(e, "operand %d is not a constant integer", i);
  *out = v->i;
  return LOOM_OK;
}

loom_status tl_need_number(tl_emit *e, int i, const char *what, double fallback, double *out) {
  const tl_value *v = tl_in(e, i);
  *out = fallback;
  if (tl_is_none(v))
    return LOOM_OK;
  if (!tl_is_number(v->type.kind) || !v->is_known)
    return tl_refuse(e, "%s is not a constant", what);
  *out = v->type.kind == TL_FLOAT ? v->f : (double)v->i;
  return LOOM_OK;
}

loom_status tl_need_bool(tl_emit *e, int i, bool *out) {
  int64_t v = 0;
  if (!tl_is_none(tl_in(e, i)))
    LOOM_TRY(tl_need_int(e, i, &v));
  *out = v != 0;
  return LOOM_OK;
}

loom_status tl_wrap_dim(tl_emit *e, int64_t dim, int rank, int *out) {
  int64_t n = rank > 0 ? rank : 1;   /* a tensor without dims has dim 0 for PyTorch */
  if (dim < -n || dim >= n)
    return tl_invalid(e, "there is no dim %" PRId64 " in a tensor of rank %d", dim, rank);
  *out = (int)(dim < 0 ? dim + n : dim);
  return LOOM_OK;
}

loom_status tl_need_dim(tl_emit *e, int i, int rank, int *out) {
  int64_t dim = 0;
  LOOM_TRY(tl_need_int(e, i, &dim));
  return tl_wrap_dim(e, dim, rank, out);
}

loom_status tl_need_ints(tl_emit *e, int i, int max, int64_t *out, int *out_n) {
  const tl_value *v = tl_in(e, i);
  *out_n = 0;
  if (v->type.kind != TL_LIST)
    return tl_is_none(v) ? LOOM_OK : tl_refuse(e, "operand %d is not a list made by torch.prim.ListConstruct", i);
  if (v->n_items > max)
    return tl_invalid(e, "operand %d has %d entries; at most %d fit", i, v->n_items, max);
  for (int k = 0; k < v->n_items; k++) {
    if ((v->items[k]->type.kind != TL_INT && v->items[k]->type.kind != TL_BOOL) || !v->items[k]->is_known)
      return tl_refuse(e, "entry %d of operand %d is not a constant integer", k, i);
    out[(*out_n)++] = v->items[k]->i;
  }
  return LOOM_OK;
}

loom_status tl_need_dims(tl_emit *e, int i, int rank, bool out_is[TL_RANK_MAX]) {
  int64_t dims[TL_RANK_MAX];
  int n = 0, d;
  const tl_value *v = tl_in(e, i);
  if (v->type.kind == TL_INT) {
    LOOM_TRY(tl_need_int(e, i, &dims[0]));
    n = 1;
  } else {
    LOOM_TRY(tl_need_ints(e, i, TL_RANK_MAX, dims, &n));
  }
  for (d = 0; d < TL_RANK_MAX; d++)
    out_is[d] = n == 0 && d < rank;
  for (int k = 0; k < n; k++) {
    LOOM_TRY(tl_wrap_dim(e, dims[k], rank, &d));
    out_is[d] = d < rank;
  }
  return LOOM_OK;
}

const char *tl_index_of(tl_emit *e, const tl_value *v) {
  if (v->type.kind != TL_INT)
    (void)tl_refuse(e, "a size or a place is not an int");
  return v->is_known || v->type.kind != TL_INT ? tl_index(e, v->i) : tl_line(e, "arith.index_cast %s : i64 to index", v->name);
}

/* ---- values ---- */
const char *tl_index(tl_emit *e, int64_t v) { return tl_line(e, "arith.constant %" PRId64 " : index", v); }

const char *tl_const_int(tl_emit *e, dtype t, int64_t v) {
  if (dtype_is_float(t))
    return tl_const(e, t, (double)v);
  if (t == DTYPE_BOOL)
    return tl_line(e, "arith.constant %s", v ? "true" : "false");
  int bits = (int)dtype_bytes(t) * 8;
  int64_t wrapped = bits == 64 ? v : (int64_t)((uint64_t)v << (64 - bits)) >> (64 - bits);
  return tl_line(e, "arith.constant %" PRId64 " : %s", wrapped, tl_elem(t));
}

const char *tl_const(tl_emit *e, dtype t, double v) {
  if (!dtype_is_float(t))
    return tl_const_int(e, t, v >= 9.2e18 ? INT64_MAX : v <= -9.2e18 ? INT64_MIN : v != v ? 0 : t == DTYPE_BOOL ? v != 0 : (int64_t)v);
  uint64_t bits = 0;
  dtype_store(t, &bits, v);
  return tl_line(e, "arith.constant 0x%0*" PRIX64 " : %s", (int)dtype_bytes(t) * 2, bits, tl_elem(t));
}

const char *tl_size(tl_emit *e, tl_val v, int d) {
  const char *at = tl_index(e, v.type.dim[d] == TL_DYNAMIC ? d : v.type.dim[d]);
  return v.type.dim[d] == TL_DYNAMIC ? tl_line(e, "tensor.dim %s, %s : %s", v.name, at, tl_text(e, v.type)) : at;
}

static const char *to_bool(tl_emit *e, const char *x, dtype from) {
  const char *zero = tl_const(e, from, 0);
  if (dtype_is_float(from))
    return tl_line(e, "arith.cmpf une, %s, %s : %s", x, zero, tl_elem(from));
  return tl_line(e, "arith.cmpi ne, %s, %s : %s", x, zero, tl_elem(from));
}

static const char *int_to_int(tl_emit *e, const char *x, dtype from, dtype to) {
  size_t a = from == DTYPE_BOOL ? 0 : dtype_bytes(from), b = dtype_bytes(to);
  if (a == b)
    return x;
  const char *op = a > b ? "arith.trunci" : tl_is_unsigned(from) ? "arith.extui" : "arith.extsi";
  return tl_line(e, "%s %s : %s to %s", op, x, tl_elem(from), tl_elem(to));
}

/* Halves that PyTorch's operations take and leave are rounded where they are kept in memory; what is computed in one go may stay wide, as in torch.compile: upstream folds
 * extf(truncf x) where both say so.  Conversions that the program asks for are none of these. */
static bool may_stay_wide(const tl_emit *e) {
  static const char *const asked[] = {"torch.aten.to.", "torch.aten._to_copy", "torch.aten.type_as", "torch.aten.copy", "quantize"};
  if (!text_starts(e->op->name, "torch.aten."))
    return false;
  for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
    if (strstr(e->op->name, asked[i]))
      return false;
  return true;
}

const char *tl_cast(tl_emit *e, const char *x, dtype from, dtype to) {
  if (from == to)
    return x;
  if (to == DTYPE_BOOL)
    return to_bool(e, x, from);
  bool from_float = dtype_is_float(from), to_float = dtype_is_float(to);
  if (!from_float && !to_float)
    return int_to_int(e, x, from, to);
  if (from_float && to_float) {
    if (dtype_bytes(from) == dtype_bytes(to))   /* f16 and bf16, the two float8 */
      return tl_cast(e, tl_cast(e, x, from, DTYPE_F32), DTYPE_F32, to);
    const char *how = (from == DTYPE_F32 || to == DTYPE_F32) && may_stay_wide(e) ? " fastmath<contract>" : "";
    return tl_line(e, "%s %s%s : %s to %s", dtype_bytes(from) < dtype_bytes(to) ? "arith.extf" : "arith.truncf", x, how, tl_elem(from), tl_elem(to));
  }
  if (from_float) {   /* toward zero; small integers through i32, so that they wrap as PyTorch's do */
    dtype through = dtype_bytes(to) < 4 ? DTYPE_I32 : to;
    return int_to_int(e, tl_line(e, "arith.fptosi %s : %s to %s", x, tl_elem(from), tl_elem(through)), through, to);
  }
  dtype wide = dtype_compute(to);
  const char *f = tl_line(e, "%s %s : %s to %s", tl_is_unsigned(from) ? "arith.uitofp" : "arith.sitofp", x, tl_elem(from), tl_elem(wide));
  return tl_cast(e, f, wide, to);
}

static const char *size_list(tl_emit *e, const tl_type *t, const char *const *size) {
  text s = text_new(e->mem);
  for (int d = 0; d < t->rank; d++)
    if (t->dim[d] == TL_DYNAMIC)
      text_addf(&s, "%s%s", s.size ? ", " : "", size[d]);
  return text_str(&s);
}

tl_val tl_empty(tl_emit *e, tl_type t, const char *const *size) {
  return (tl_val){tl_line(e, "tensor.empty(%s) : %s", size_list(e, &t, size), tl_text(e, t)), t};
}

tl_val tl_fill(tl_emit *e, tl_type t, const char *const *size, const char *scalar) {
  tl_val to = tl_empty(e, t, size);
  const char *type = tl_text(e, t);
  return (tl_val){tl_line(e, "linalg.fill ins(%s : %s) outs(%s : %s) -> %s", scalar, tl_elem(t.dtype), to.name, type, type), t};
}

tl_val tl_retype(tl_emit *e, tl_val v, tl_type t) {
  if (tl_same_shape(&v.type, &t))
    return (tl_val){v.name, t};
  return (tl_val){tl_line(e, "tensor.cast %s : %s to %s", v.name, tl_text(e, v.type), tl_text(e, t)), t};
}

loom_status tl_give(tl_emit *e, int i, tl_val v) {
  tl_type t;
  LOOM_TRY(tl_need_result(e, i, &t));
  bool fits = v.type.rank == t.rank && text_eq(tl_elem(v.type.dtype), tl_elem(t.dtype));
  for (int d = 0; fits && d < t.rank; d++)
    fits = v.type.dim[d] == t.dim[d] || v.type.dim[d] == TL_DYNAMIC || t.dim[d] == TL_DYNAMIC;
  if (!fits)
    return tl_invalid(e, "the result is %s and is declared as %s", tl_text(e, v.type), tl_text(e, t));
  e->results[i] = tl_retype(e, v, t).name;
  return LOOM_OK;
}

loom_status tl_give_number(tl_emit *e, const char *x, dtype t) {
  if (!tl_is_number(e->op->out[0].kind))
    return tl_refuse(e, "the result is not an int, a float or a bool");
  e->results[0] = tl_cast(e, x, t, tl_scalar_dtype(e->op->out[0].kind));
  return LOOM_OK;
}

const char *tl_scalar_as(tl_emit *e, const tl_value *v, dtype t) {
  if (!tl_is_number(v->type.kind))
    (void)tl_refuse(e, "an operand is not a number");
  if (v->is_known || !tl_is_number(v->type.kind))
    return v->type.kind == TL_FLOAT ? tl_const(e, t, v->f) : tl_const_int(e, t, v->i);
  return tl_cast(e, v->name, tl_scalar_dtype(v->type.kind), t);
}
