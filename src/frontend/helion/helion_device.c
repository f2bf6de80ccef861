#include "frontend/helion/helion_device.h"

kernel_value helion_emit(helion_reader *r, const syn_node *n, kernel_op_kind kind, int n_operands, const kernel_value *operands,
                         const kernel_type *type) {
  kernel_op *op = kernel_add_op(r->mem, r->graph, r->region, kind, n_operands, operands, 1, type);
  op->span = n->span;
  return op->results[0];
}

kernel_op *helion_def(const helion_reader *r, kernel_value v) { return r->graph->values.at[v].def; }
const kernel_type *helion_type(const helion_reader *r, kernel_value v) { return &r->graph->values.at[v].type; }

bool helion_on_device(helion_reader *r, const syn_node *n, const char *what) {
  if (r->region)
    return true;
  helion_fail(r, n, LOOM_EINPUT, "move it into a `for tile in hl.tile(...)` loop", "%s is device code and stands outside of the tile loops",
              what);
  return false;
}

kernel_value helion_cast(helion_reader *r, const syn_node *n, kernel_value v, dtype to) {
  kernel_type t = *helion_type(r, v);
  if (t.type == to)
    return v;
  t.type = to;
  return helion_emit(r, n, KERNEL_CAST, 1, &v, &t);
}

bool helion_same_shape(helion_reader *r, const kernel_type *a, const kernel_type *b) {
  if (a->rank != b->rank)
    return false;
  for (int i = 0; i < a->rank; i++)
    if (!helion_same_size(r, a->dim[i], b->dim[i]))
      return false;
  return true;
}

kernel_value helion_broadcast(helion_reader *r, const syn_node *n, kernel_value v, const kernel_type *shape) {
  kernel_type t = *shape;
  t.type = helion_type(r, v)->type;
  return helion_same_shape(r, helion_type(r, v), &t) ? v : helion_emit(r, n, KERNEL_BROADCAST, 1, &v, &t);
}

kernel_value helion_constant(helion_reader *r, const syn_node *n, double value, dtype t) {
  kernel_value v = helion_emit(r, n, KERNEL_CONSTANT, 0, NULL, &(kernel_type){.type = t});
  helion_def(r, v)->fvalue = value;
  return v;
}

kernel_value helion_full(helion_reader *r, const syn_node *n, double value, const kernel_type *type) {
  kernel_value v = helion_emit(r, n, KERNEL_FULL, 0, NULL, type);
  helion_def(r, v)->fvalue = value;
  return v;
}

static bool is_comparison(kernel_fn fn) { return fn >= KERNEL_FN_EQ && fn <= KERNEL_FN_GE; }

kernel_value helion_fn2(helion_reader *r, const syn_node *n, kernel_fn fn, kernel_value a, kernel_value b) {
  kernel_type t = *helion_type(r, a), both;
  if (helion_broadcast_shape(r, &t, helion_type(r, b), &both))
    t = both;
  t.type = is_comparison(fn) ? DTYPE_BOOL : helion_type(r, a)->type;
  kernel_value v = helion_emit(r, n, KERNEL_BINARY, 2, (kernel_value[]){a, b}, &t);
  helion_def(r, v)->fn = fn;
  return v;
}

kernel_value helion_fn1(helion_reader *r, const syn_node *n, kernel_fn fn, kernel_value a) {
  kernel_type t = *helion_type(r, a);
  if (fn == KERNEL_FN_ISNAN || fn == KERNEL_FN_ISINF)
    t.type = DTYPE_BOOL;
  kernel_value v = helion_emit(r, n, KERNEL_UNARY, 1, &a, &t);
  helion_def(r, v)->fn = fn;
  return v;
}

/* Whether the whole number has a place in `t`; beyond 2^53 constants are not exact. */
static bool fits_type(int64_t i, dtype t) {
  switch (t) {
  case DTYPE_I8: return i >= INT8_MIN && i <= INT8_MAX;
  case DTYPE_U8: return i >= INT8_MIN && i <= UINT8_MAX;   /* -1 is 255, as in C */
  case DTYPE_I16: return i >= INT16_MIN && i <= INT16_MAX;
  case DTYPE_I32: return i >= INT32_MIN && i <= INT32_MAX;
  case DTYPE_I64: return i >= -((int64_t)1 << 53) && i <= (int64_t)1 << 53;
  default: return true;
  }
}

/* A size that varies has to have a place in `t` in every call. */
static void assume_fits(helion_reader *r, const sym_expr *e, dtype t) {
  int64_t i;
  int bits = 8 * (int)dtype_bytes(t) - (t != DTYPE_U8);
  if (helion_peek(r, e, &i) && !dtype_is_float(t) && t != DTYPE_BOOL && bits < 32 && fits_type(i, t))
    helion_assume(r, SYM_LE, e, sym_const(r->mem, ((int64_t)1 << bits) - 1));
}

/* A python number as a constant; False: diagnosed. */
static bool number_value(helion_reader *r, const syn_node *n, const helion_value *v, dtype t, kernel_value *out) {
  int64_t i = 0;
  bool is_float = v->kind == HELION_FLOAT;
  if (!is_float && (!helion_fixed_int(r, v, &i) || !fits_type(i, t))) {
    helion_fail(r, n, t == DTYPE_I64 ? LOOM_ELIMIT : LOOM_EINPUT, "cast the other operand to a wider type first", "%s does not fit %s", helion_describe(r, v), dtype_torch(t));
    return false;
  }
  *out = helion_constant(r, n, is_float ? v->real : t == DTYPE_U8 && i < 0 ? (double)(i + 256) : t == DTYPE_BOOL ? (double)(i != 0) : (double)i, t);
  return true;
}

bool helion_as_value(helion_reader *r, const syn_node *n, const helion_value *v, dtype t, kernel_value *out) {
  int64_t i;
  kernel_type index = {.type = DTYPE_I64};
  if (v->kind == HELION_DEVICE) {
    *out = v->device;
  } else if (v->kind == HELION_FLOAT || helion_fixed_int(r, v, &i)) {
    return number_value(r, n, v, t, out);
  } else if (v->kind == HELION_INT) {
    assume_fits(r, v->size, t);
    *out = helion_emit(r, n, KERNEL_INDEX_EXPR, 0, NULL, &index);
    helion_def(r, *out)->expr = v->size;
    *out = helion_cast(r, n, *out, t);
  } else if (v->kind == HELION_TILE) {
    index = (kernel_type){.type = DTYPE_I32, .rank = 1, .dim = {helion_tile_dim(r, v->tile.block)}};
    *out = helion_emit(r, n, KERNEL_TILE_INDEX, 1, &v->tile.number, &index);
    if (v->tile.offset) {
      helion_value offset = helion_size(v->tile.offset);
      kernel_value by;
      return helion_as_value(r, n, &offset, DTYPE_I32, &by) && (*out = helion_fn2(r, n, KERNEL_FN_ADD, *out, by), true);
    }
  } else {
    if (v->kind == HELION_TENSOR)
      helion_fail_host_tensor(r, n, v);
    else if (v->kind != HELION_UNKNOWN)
      helion_fail(r, n, LOOM_EINPUT, "operands are device values, numbers and tile.index", "%s cannot be an operand of a device operation", helion_describe(r, v));
    return false;
  }
  return true;
}

bool helion_broadcast_shape(helion_reader *r, const kernel_type *a, const kernel_type *b, kernel_type *out) {
  kernel_type t = {.type = a->type, .rank = a->rank > b->rank ? a->rank : b->rank};
  for (int i = 0; i < t.rank; i++) {
    int ia = i - (t.rank - a->rank), ib = i - (t.rank - b->rank);
    const sym_expr *x = ia >= 0 ? a->dim[ia] : NULL, *y = ib >= 0 ? b->dim[ib] : NULL;
    if (!x || !y)
      t.dim[i] = x ? x : y;
    else if (helion_same_size(r, x, y) || helion_is_one(r, y))
      t.dim[i] = x;
    else if (helion_is_one(r, x))
      t.dim[i] = y;
    else
      return false;
  }
  *out = t;
  return true;
}

helion_value helion_fail_shapes(helion_reader *r, const syn_node *n, const char *what, const kernel_type *a, const kernel_type *b) {
  return helion_fail(r, n, LOOM_EINPUT, "check the tiles the operands are indexed with, or reshape one of them with [:, None]",
                     "%s: the shapes %s and %s do not fit", what, helion_show_shape(r, a), helion_show_shape(r, b));
}

helion_value helion_fail_host_tensor(helion_reader *r, const syn_node *n, const helion_value *v) {
  const char *name = r->graph->tensors.at[v->tensor].name;
  if (r->region)
    return helion_fail(r, n, LOOM_EINPUT, arena_printf(r->mem, r->graph->tensors.at[v->tensor].shape.rank ? "load a part of it: %s[tile, ...]" : "load its value: %s[()]", name),
                       "the host tensor %s is used in a tile loop without an index", name);
  return helion_fail(r, n, LOOM_EUNSUP, "move the computation into the tile loops",
                     "a computation on the whole tensor %s outside of the tile loops", name);
}
