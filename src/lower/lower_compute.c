/* Tiles: fills, elementwise linalg.generic, matmul, transposes. */
#include "lower/lower_private.h"
#include <math.h>

loom_status lower_empty(lowering *l, const kernel_type *t, const char **out) {
  const char *type, *sizes;
  LOOM_TRY(lower_type(l, t, &type));
  LOOM_TRY(lower_dynamic_sizes(l, t, &sizes));
  *out = lower_once(l, "tensor.empty(%s) : %s", sizes, type);
  return LOOM_OK;
}

loom_status lower_filled(lowering *l, const kernel_type *t, const char *scalar, const char **out) {
  const char *type, *empty;
  LOOM_TRY(lower_type(l, t, &type));
  LOOM_TRY(lower_empty(l, t, &empty));
  *out = lower_emit(l, "linalg.fill ins(%s : %s) outs(%s : %s) -> %s", scalar, lower_element(t->type), empty, type, type);
  return LOOM_OK;
}

/* ---- linalg.generic ---- */

static const kernel_type *type_of(const lowering *l, kernel_value v) { return &l->k->values.at[v].type; }

/* Numpy's rules as a map: missing dims are left out, dims of size 1 read index 0 where the result is larger, as do those in front of the result's. */
static loom_status broadcast_map(lowering *l, const kernel_type *from, const kernel_type *to, const char **out) {
  text t = text_new(l->mem);
  text_addf(&t, "affine_map<%s -> (", lower_dim_list(l->mem, to->rank));
  for (int d = 0; d < from->rank; d++) {
    int at = d + to->rank - from->rank;
    bool known, to_known;
    int64_t n, to_n;
    if (at < 0) {
      text_addf(&t, "%s0", d ? ", " : "");
      continue;
    }
    LOOM_TRY(lower_static_size(l, from->dim[d], &known, &n));
    LOOM_TRY(lower_static_size(l, to->dim[at], &to_known, &to_n));
    bool repeats = known && n == 1 && !(to_known && to_n == 1);
    text_addf(&t, repeats ? "%s0" : "%sd%d", d ? ", " : "", at);
  }
  text_add(&t, ")>");
  *out = text_str(&t);
  return LOOM_OK;
}

/* ---- elementwise ---- */

/* Half floats are computed in f32 and rounded to the declared type, operation by operation. */
static dtype work_type(dtype t) { return t == DTYPE_F16 || t == DTYPE_BF16 ? DTYPE_F32 : t; }

static loom_status function_body(lowering *l, const kernel_op *op, dtype result, const dtype *from, const char *const *x, const char **out) {
  bool is_comparison = op->kind == KERNEL_BINARY && op->fn >= KERNEL_FN_EQ && op->fn <= KERNEL_FN_GE;
  bool is_test = op->fn == KERNEL_FN_ISNAN || op->fn == KERNEL_FN_ISINF;
  dtype work = work_type(is_comparison ? dtype_promote(from[0], from[1]) : is_test ? from[0] : result);
  const char *a = lower_convert(l, x[0], from[0], work), *b = op->kind == KERNEL_BINARY ? lower_convert(l, x[1], from[1], work) : NULL;
  LOOM_TRY(lower_fn(l, op->fn, work, a, b, out));
  if (!is_comparison && !is_test)
    *out = lower_convert(l, *out, work, result);
  return LOOM_OK;
}

static loom_status scalar_body(lowering *l, const kernel_op *op, dtype result, const dtype *from, const char *const *x, const char **out) {
  switch (op->kind) {
  case KERNEL_UNARY:
  case KERNEL_BINARY:
    return function_body(l, op, result, from, x, out);
  case KERNEL_SELECT: {
    const char *a = lower_convert(l, x[1], from[1], result), *b = lower_convert(l, x[2], from[2], result);
    *out = lower_emit(l, "arith.select %s, %s, %s : %s", x[0], a, b, lower_element(result));
    return LOOM_OK;
  }
  default:   /* CAST, BROADCAST */
    *out = lower_convert(l, x[0], from[0], result);
    return LOOM_OK;
  }
}

/* Tiles are inputs, and so are scalars that were loaded; other operands of rank 0 are captured. */
static loom_status elementwise(lowering *l, const kernel_op *op, int n, const kernel_value *operands, const kernel_type *t, const char **out) {
  const char *x[3], *type, *dest, *old, *map, *result;
  dtype from[3];
  lower_generic g = lower_generic_new(l);
  for (int i = 0; i < n; i++) {
    from[i] = type_of(l, operands[i])->type;
    const char *element = t->rank ? l->element[operands[i]] : NULL;
    x[i] = element ? element : lower_data(l, operands[i]);
    if (type_of(l, operands[i])->rank == 0 && !element)
      continue;
    LOOM_TRY(broadcast_map(l, type_of(l, operands[i]), t, &map));
    LOOM_TRY(lower_value_type(l, operands[i], &type));
    if (element)
      type = arena_printf(l->mem, "tensor<%s>", type);
    lower_generic_input(l, &g, map, x[i], type, from[i], &x[i]);
  }
  if (t->rank == 0)
    return scalar_body(l, op, t->type, from, x, out);
  LOOM_TRY(lower_type(l, t, &type));
  LOOM_TRY(lower_empty(l, t, &dest));
  lower_generic_parallel(&g, t->rank);
  lower_generic_open(l, &g, arena_printf(l->mem, "affine_map<%s -> %s>", lower_dim_list(l->mem, t->rank), lower_dim_list(l->mem, t->rank)), dest, type, t->type, &old);
  LOOM_TRY(scalar_body(l, op, t->type, from, x, &result));
  lower_generic_close(l, result, t->type, type);
  *out = g.result;
  return LOOM_OK;
}

static bool same_sizes(const kernel_type *a, const kernel_type *b) {
  bool same = a->rank == b->rank;
  for (int d = 0; same && d < a->rank; d++)
    same = sym_equal(a->dim[d], b->dim[d]);
  return same;
}

loom_status lower_adapt(lowering *l, kernel_value v, const kernel_type *to, const char **out) {
  const kernel_type *from = type_of(l, v);
  const char *mine, *theirs;
  LOOM_TRY(lower_type(l, from, &mine));
  LOOM_TRY(lower_type(l, to, &theirs));
  if (from->type == to->type && from->rank == to->rank && (same_sizes(from, to) || (text_eq(mine, theirs) && !strstr(mine, "1x")))) {
    *out = lower_data(l, v);
    return LOOM_OK;
  }
  if (from->rank == 0 && to->rank > 0)
    return lower_filled(l, to, lower_convert(l, lower_data(l, v), from->type, to->type), out);
  const kernel_op cast = {.kind = KERNEL_CAST};
  return elementwise(l, &cast, 1, &v, to, out);
}

/* ---- matmul ---- */

static loom_status matmul(lowering *l, const kernel_op *op, const kernel_type *t) {
  const char *acc, *ta, *tb, *tc;
  if (t->rank > 3)
    LOOM_FAIL(l->ctx, l->span, LOOM_EUNSUP, "a matmul of rank %d is not supported; at most one batch dim", t->rank);
  LOOM_TRY(lower_value_type(l, op->operands[0], &ta));
  LOOM_TRY(lower_value_type(l, op->operands[1], &tb));
  LOOM_TRY(lower_type(l, t, &tc));
  if (op->n_operands == 3)
    acc = lower_data(l, op->operands[2]);
  else
    LOOM_TRY(lower_filled(l, t, lower_constant(l, lower_number(l->mem, t->type, 0)), &acc));
  l->value[op->results[0]] = lower_emit(l, "linalg.%s ins(%s, %s : %s, %s) outs(%s : %s) -> %s", t->rank == 3 ? "batch_matmul" : "matmul",
                                        l->value[op->operands[0]], l->value[op->operands[1]], ta, tb, acc, tc, tc);
  return LOOM_OK;
}

/* ---- creation and shape ---- */

static loom_status full(lowering *l, const kernel_op *op, const kernel_type *t) {
  if (op->n_operands)
    return lower_adapt(l, op->operands[0], t, &l->value[op->results[0]]);
  const char *c = lower_constant(l, lower_number(l->mem, t->type, op->fvalue));
  l->value[op->results[0]] = c;
  return t->rank ? lower_filled(l, t, c, &l->value[op->results[0]]) : LOOM_OK;
}

/* first + i * step, first an index. */
static loom_status counting(lowering *l, const kernel_op *op, const kernel_type *t, const char *first, const char *step) {
  const char *type, *dest, *old;
  LOOM_TRY(lower_type(l, t, &type));
  LOOM_TRY(lower_empty(l, t, &dest));
  lower_generic g = lower_generic_new(l);
  lower_generic_parallel(&g, 1);
  lower_generic_open(l, &g, "affine_map<(d0) -> (d0)>", dest, type, t->type, &old);
  const char *i = lower_emit(l, "linalg.index 0 : index");
  i = lower_emit(l, "arith.addi %s, %s : index", first, lower_emit(l, "arith.muli %s, %s : index", i, step));
  i = lower_emit(l, "arith.index_cast %s : index to i64", i);
  lower_generic_close(l, lower_convert(l, i, DTYPE_I64, t->type), t->type, type);
  l->value[op->results[0]] = g.result;
  return LOOM_OK;
}

static loom_status tile_index(lowering *l, const kernel_op *op, const kernel_type *t) {
  const char *begin;
  LOOM_TRY(lower_tile_begin(l, op->operands[0], &begin));
  return counting(l, op, t, begin, lower_index_constant(l, 1));
}

static loom_status iota(lowering *l, const kernel_op *op, const kernel_type *t) {
  double whole = nearbyint(op->fvalue);
  if (whole < op->fvalue || whole > op->fvalue || fabs(whole) > 0x1p53)
    LOOM_FAIL(l->ctx, l->span, LOOM_EUNSUP, "a range that starts at the fraction %g is not supported", op->fvalue);
  return counting(l, op, t, lower_index_constant(l, (int64_t)op->fvalue), lower_index_constant(l, op->ivalue));
}

/* ---- other dims, same elements ---- */

/* Copies a tile whose dims are read in other places: by[d] is the result's dim that walks operand dim d, -1 for a dim of size 1. */
static loom_status copy_dims(lowering *l, const kernel_op *op, const kernel_type *t, const int *by) {
  const kernel_type *from = type_of(l, op->operands[0]);
  const char *type, *to, *dest, *x, *old;
  text own = text_new(l->mem);
  for (int d = 0; d < from->rank; d++)
    text_addf(&own, by[d] < 0 ? "%s0" : "%sd%d", d ? ", " : "", by[d]);
  lower_generic g = lower_generic_new(l);
  LOOM_TRY(lower_value_type(l, op->operands[0], &type));
  LOOM_TRY(lower_type(l, t, &to));
  LOOM_TRY(lower_empty(l, t, &dest));
  lower_generic_input(l, &g, arena_printf(l->mem, "affine_map<%s -> (%s)>", lower_dim_list(l->mem, t->rank), text_str(&own)), l->value[op->operands[0]], type, from->type, &x);
  lower_generic_parallel(&g, t->rank);
  lower_generic_open(l, &g, arena_printf(l->mem, "affine_map<%s -> %s>", lower_dim_list(l->mem, t->rank), lower_dim_list(l->mem, t->rank)), dest, to, t->type, &old);
  lower_generic_close(l, lower_convert(l, x, from->type, t->type), t->type, to);
  l->value[op->results[0]] = g.result;
  return LOOM_OK;
}

static bool is_one(const sym_expr *e) {
  int64_t n;
  return sym_is_const(e, &n) && n == 1;
}

static int skip_ones(const kernel_type *t, int d) {
  while (d < t->rank && is_one(t->dim[d]))
    d++;
  return d;
}

/* Dims of size 1 come and go; any other change of shape needs the elements' linear order. */
static loom_status reshape(lowering *l, const kernel_op *op, const kernel_type *t) {
  const kernel_type *from = type_of(l, op->operands[0]);
  int by[KERNEL_RANK_MAX], r = skip_ones(t, 0);
  bool fits = from->rank > 0 && t->rank > 0;
  for (int d = 0; fits && d < from->rank; d++) {
    by[d] = -1;
    if (is_one(from->dim[d]))
      continue;
    fits = r < t->rank && sym_equal(from->dim[d], t->dim[r]);
    by[d] = r;
    r = skip_ones(t, r + 1);
  }
  if (!fits || r < t->rank)
    LOOM_FAIL(l->ctx, l->span, LOOM_EUNSUP, "a reshape that does more than add or drop dims of size 1 is not supported");
  return copy_dims(l, op, t, by);
}

/* Result dim d is operand dim perm[d]. */
static loom_status permute(lowering *l, const kernel_op *op, const kernel_type *t) {
  int by[KERNEL_RANK_MAX];
  for (int d = 0; d < t->rank; d++)
    by[op->perm[d]] = d;
  return copy_dims(l, op, t, by);
}

/* What all tiles of the loop made, one after the other in a new outer dim. */
static loom_status gather(lowering *l, const kernel_op *op, const kernel_type *t) {
  kernel_value v = op->operands[0];
  const char *from, *to, *sizes, *slots;
  LOOM_TRY(lower_value_type(l, v, &from));
  LOOM_TRY(lower_type(l, t, &to));
  LOOM_TRY(lower_dynamic_sizes(l, t, &sizes));
  if (type_of(l, v)->rank == 0)
    LOOM_FAIL(l->ctx, l->span, LOOM_EUNSUP, "a gather of a scalar is not supported; give it a dimension of size 1");
  slots = lower_emit(l, "tensor.empty(%s) : %s", sizes, to);
  l->value[op->results[0]] = lower_emit(l, "\"loom.gather\"(%s, %s, %s) {operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0, 0>} : (%s, %s, index) -> %s",
                                        l->value[v], slots, l->value[op->operands[1]], from, to, to);
  return LOOM_OK;
}

loom_status lower_compute(lowering *l, const kernel_op *op) {
  const kernel_type *t = type_of(l, op->results[0]);
  switch (op->kind) {
  case KERNEL_CONSTANT:
  case KERNEL_FULL:
    return full(l, op, t);
  case KERNEL_IOTA:
    return iota(l, op, t);
  case KERNEL_TILE_INDEX:
    return tile_index(l, op, t);
  case KERNEL_MATMUL:
    return matmul(l, op, t);
  case KERNEL_REDUCE:
    return lower_reduce(l, op, t);
  case KERNEL_SCAN:
    return lower_scan(l, op, t);
  case KERNEL_RESHAPE:
    return reshape(l, op, t);
  case KERNEL_PERMUTE:
    return permute(l, op, t);
  case KERNEL_GATHER:
    return gather(l, op, t);
  case KERNEL_UNARY:
  case KERNEL_BINARY:
  case KERNEL_SELECT:
  case KERNEL_CAST:
    return elementwise(l, op, op->n_operands, op->operands, t, &l->value[op->results[0]]);
  case KERNEL_BROADCAST:
    return lower_adapt(l, op->operands[0], t, &l->value[op->results[0]]);
  case KERNEL_ATOMIC:      /* one that is no sum over the grid (lower_atomic.c) */
    diag_error(l->ctx, l->span, LOOM_EUNSUP, "atomic of a tile is not supported");
    diag_help(l->ctx, "the tiles of one loop of the grid may add to a part of a tensor that begins with zeros and that nothing else reads or writes; --machine host runs any");
    return LOOM_EUNSUP;
  default:
    LOOM_FAIL(l->ctx, l->span, LOOM_EUNSUP, "%s of a tile is not supported", kernel_op_name(op->kind));
  }
}
