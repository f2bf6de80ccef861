/* Operations on tiles as loops: elementwise, matmul, reductions, changes of shape. */
#include "lower/host_private.h"
#include <math.h>

/* Loops over result 0 of `op` (none for a scalar); *out: its rank. */
static loom_status open_result(host *h, const kernel_op *op, const char **iv, int *rank) {
  const char *sizes[KERNEL_RANK_MAX];
  *rank = host_type(h, op->results[0])->rank;
  if (*rank) {
    LOOM_TRY(host_result(h, op->results[0], sizes));
    host_open_loops(h, *rank, sizes, iv);
  }
  return LOOM_OK;
}

static void close_result(host *h, const kernel_op *op, const char *x, const char *const *iv, int rank) {
  kernel_value r = op->results[0];
  if (rank) {
    host_store(h, x, h->l->value[r], h->type[r], rank, iv);
    host_close_loops(h, rank);
  } else {
    h->l->value[r] = x;
    h->l->is_index[r] = false;
  }
}

/* ---- elementwise ---- */
/* 10 rounds on two 32-bit lanes pairs; i32 words. */
static const char *philox(host *h, int word, const char *offset, const char *seed) {
  lowering *l = h->l;
  const char *c32 = host_number(h, DTYPE_I64, 32), *zero = host_number(h, DTYPE_I32, 0);
  const char *m0 = host_number(h, DTYPE_I64, (double)0xD2511F53u), *m1 = host_number(h, DTYPE_I64, (double)0xCD9E8D57u);
  const char *c[4], *k[2];
#define LOW(x) lower_emit(l, "arith.trunci %s : i64 to i32", (x))
#define HIGH(x) LOW(lower_emit(l, "arith.shrui %s, %s : i64", (x), c32))
#define XOR(x, y) lower_emit(l, "arith.xori %s, %s : i32", (x), (y))
#define TIMES(x, m) lower_emit(l, "arith.muli %s, %s : i64", lower_emit(l, "arith.extui %s : i32 to i64", (x)), (m))
  c[0] = LOW(offset);
  c[1] = HIGH(offset);
  c[2] = c[3] = zero;
  k[0] = LOW(seed);
  k[1] = HIGH(seed);
  for (int round = 0; round < 10; round++) {
    const char *p = TIMES(c[0], m0), *q = TIMES(c[2], m1);
    const char *next[4] = {XOR(XOR(HIGH(q), c[1]), k[0]), LOW(q), XOR(XOR(HIGH(p), c[3]), k[1]), LOW(p)};
    memcpy(c, next, sizeof c);
    k[0] = lower_emit(l, "arith.addi %s, %s : i32", k[0], host_number(h, DTYPE_I32, (double)(int32_t)0x9E3779B9u));
    k[1] = lower_emit(l, "arith.addi %s, %s : i32", k[1], host_number(h, DTYPE_I32, (double)(int32_t)0xBB67AE85u));
  }
#undef LOW
#undef HIGH
#undef XOR
#undef TIMES
  return c[word];
}

static loom_status function_of(host *h, const kernel_op *op, dtype result, const dtype *from, const char *const *x, const char **out) {
  lowering *l = h->l;
  if (op->fn >= KERNEL_FN_PHILOX0 && op->fn <= KERNEL_FN_PHILOX3) {
    *out = philox(h, (int)(op->fn - KERNEL_FN_PHILOX0), x[0], x[1]);
    return LOOM_OK;
  }
  bool is_comparison = op->kind == KERNEL_BINARY && op->fn >= KERNEL_FN_EQ && op->fn <= KERNEL_FN_GE;
  bool is_test = op->fn == KERNEL_FN_ISNAN || op->fn == KERNEL_FN_ISINF;
  dtype work = dtype_compute(is_comparison ? dtype_promote(from[0], from[1]) : is_test ? from[0] : result);
  const char *a = lower_convert(l, x[0], from[0], work), *b = op->kind == KERNEL_BINARY ? lower_convert(l, x[1], from[1], work) : NULL;
  if (op->fn == KERNEL_FN_POW && !dtype_is_float(work) && work != DTYPE_BOOL)
    *out = lower_integer_power(l, work, a, b);
  else
    LOOM_TRY(lower_fn(l, op->fn, work, a, b, out));
  if (!is_comparison && !is_test)
    *out = lower_convert(l, *out, work, result);
  return LOOM_OK;
}

static loom_status elementwise(host *h, const kernel_op *op) {
  const char *iv[KERNEL_RANK_MAX], *x[3] = {NULL}, *out;
  dtype from[3] = {0}, result = host_type(h, op->results[0])->type;
  int rank;
  LOOM_TRY(open_result(h, op, iv, &rank));
  for (int i = 0; i < op->n_operands; i++) {
    from[i] = h->type[op->operands[i]];
    x[i] = host_element(h, op->operands[i], rank, iv);
  }
  switch (op->kind) {
  case KERNEL_UNARY:
  case KERNEL_BINARY:
    LOOM_TRY(function_of(h, op, result, from, x, &out));
    break;
  case KERNEL_SELECT:
    out = lower_emit(h->l, "arith.select %s, %s, %s : %s", x[0], lower_convert(h->l, x[1], from[1], result), lower_convert(h->l, x[2], from[2], result),
                     lower_element(result));
    break;
  case KERNEL_BITCAST: {
    const char *a = lower_element(from[0]), *b = lower_element(result);
    out = text_eq(a, b) ? x[0] : lower_emit(h->l, "arith.bitcast %s : %s to %s", x[0], a, b);
    break;
  }
  default:   /* CAST, BROADCAST, FULL of a scalar */
    out = lower_convert(h->l, x[0], from[0], result);
  }
  close_result(h, op, out, iv, rank);
  return LOOM_OK;
}

static loom_status full(host *h, const kernel_op *op) {
  const char *iv[KERNEL_RANK_MAX];
  int rank;
  if (op->n_operands)
    return elementwise(h, op);
  const char *c = host_number(h, host_type(h, op->results[0])->type, op->fvalue);
  LOOM_TRY(open_result(h, op, iv, &rank));
  close_result(h, op, c, iv, rank);
  return LOOM_OK;
}

/* ---- counting ---- */
static loom_status counting(host *h, const kernel_op *op) {
  lowering *l = h->l;
  const char *iv[KERNEL_RANK_MAX], *x, *tile = op->n_operands ? h->begin[op->operands[0]] : NULL;
  dtype t = host_type(h, op->results[0])->type;
  int rank;
  LOOM_TRY(open_result(h, op, iv, &rank));
  if (op->kind == KERNEL_TILE_MASK) {
    x = lower_emit(l, "arith.cmpi slt, %s, %s : index", lower_emit(l, "arith.addi %s, %s : index", tile, iv[0]), h->end[op->operands[0]]);
  } else if (op->kind == KERNEL_TILE_INDEX) {
    x = lower_emit(l, "arith.index_cast %s : index to i64", lower_emit(l, "arith.addi %s, %s : index", tile, iv[0]));
    x = lower_convert(l, x, DTYPE_I64, t);
  } else {
    const char *i = lower_emit(l, "arith.index_cast %s : index to i64", iv[0]);
    double whole = nearbyint(op->fvalue);
    bool is_whole = !(whole < op->fvalue) && !(whole > op->fvalue) && fabs(whole) < 0x1p53;
    i = lower_emit(l, "arith.muli %s, %s : i64", i, host_number(h, DTYPE_I64, (double)op->ivalue));
    if (is_whole)
      x = lower_convert(l, lower_emit(l, "arith.addi %s, %s : i64", i, host_number(h, DTYPE_I64, op->fvalue)), DTYPE_I64, t);
    else
      x = lower_convert(l, lower_emit(l, "arith.addf %s, %s : f64", lower_convert(l, i, DTYPE_I64, DTYPE_F64), host_number(h, DTYPE_F64, op->fvalue)), DTYPE_F64, t);
  }
  close_result(h, op, x, iv, rank);
  return LOOM_OK;
}

/* ---- matmul ---- */
static loom_status matmul(host *h, const kernel_op *op) {
  lowering *l = h->l;
  kernel_value a = op->operands[0], b = op->operands[1], r = op->results[0];
  const char *iv[KERNEL_RANK_MAX], *at[KERNEL_RANK_MAX], *size, *init, *sum = lower_new_name(l), *k = lower_new_name(l);
  dtype t = host_type(h, r)->type, work = dtype_is_float(t) ? (t == DTYPE_F64 ? DTYPE_F64 : DTYPE_F32) : t;
  const char *element = lower_element(work), *acc = lower_new_name(l);
  int rank;
  LOOM_TRY(host_expr(h, host_type(h, a)->dim[host_type(h, a)->rank - 1], &size));
  LOOM_TRY(open_result(h, op, iv, &rank));
  init = op->n_operands == 3 ? lower_convert(l, host_element(h, op->operands[2], rank, iv), h->type[op->operands[2]], work) : host_number(h, work, 0);
  lower_open(l, "%s = scf.for %s = %s to %s step %s iter_args(%s = %s) -> (%s) {", sum, k, host_index(h, 0), size, host_index(h, 1), acc, init, element);
  memcpy(at, iv, (size_t)rank * sizeof *at);
  at[rank - 1] = k;
  const char *x = lower_convert(l, host_element(h, a, rank, at), h->type[a], work);
  memcpy(at, iv, (size_t)rank * sizeof *at);
  at[rank - 2] = k;
  const char *y = lower_convert(l, host_element(h, b, rank, at), h->type[b], work);
  const char *p = lower_emit(l, "arith.%s %s, %s : %s", dtype_is_float(work) ? "mulf" : "muli", x, y, element);
  lower_line(l, "scf.yield %s : %s", lower_emit(l, "arith.%s %s, %s : %s", dtype_is_float(work) ? "addf" : "addi", acc, p, element), element);
  lower_close(l, "");
  close_result(h, op, lower_convert(l, sum, work, h->type[r]), iv, rank);
  return LOOM_OK;
}

/* ---- reductions ---- */
static double identity(kernel_fn fn, dtype t) {
  if (fn == KERNEL_FN_ADD || fn == KERNEL_FN_MUL)
    return fn == KERNEL_FN_MUL;
  bool is_max = fn == KERNEL_FN_MAX || fn == KERNEL_FN_ARGMAX;
  if (dtype_is_float(t))
    return is_max ? -INFINITY : INFINITY;
  if (t == DTYPE_BOOL || t == DTYPE_U8)
    return is_max ? 0 : t == DTYPE_U8 ? 255 : 1;
  double limit = ldexp(1, (int)dtype_bytes(t) * 8 - 1);
  return is_max ? -limit : t == DTYPE_I64 ? 0x1p63 - 1024 : limit - 1;
}

/* Indices of the result from those of the operand. */
static int kept_indices(host *h, const kernel_op *op, const char *const *iv, const char **out) {
  int rank = host_type(h, op->operands[0])->rank, n = 0;
  for (int d = 0; d < rank; d++)
    if (!((op->ivalue >> d) & 1))
      out[n++] = iv[d];
    else if (op->flag)
      out[n++] = host_index(h, 0);
  return n;
}

/* A buffer of the result's shape in type t, filled with `value`; rank 0 becomes one element. */
static const char *accumulator(host *h, const kernel_op *op, dtype t, double value, const char *const *sizes) {
  const char *iv[KERNEL_RANK_MAX], *one = host_index(h, 1);
  int rank = host_type(h, op->results[0])->rank;
  const char *buffer = host_alloc(h, t, rank ? rank : 1, rank ? sizes : &one);
  host_open_loops(h, rank ? rank : 1, rank ? sizes : &one, iv);
  host_store(h, host_number(h, t, value), buffer, t, rank ? rank : 1, iv);
  host_close_loops(h, rank ? rank : 1);
  return buffer;
}

static loom_status reduce(host *h, const kernel_op *op) {
  lowering *l = h->l;
  kernel_value v = op->operands[0], r = op->results[0];
  bool is_arg = op->fn == KERNEL_FN_ARGMAX || op->fn == KERNEL_FN_ARGMIN;
  dtype t = host_type(h, r)->type, from = h->type[v], work = is_arg ? from : dtype_compute(t);
  const char *sizes[KERNEL_RANK_MAX], *iv[KERNEL_RANK_MAX], *at[KERNEL_RANK_MAX], *out_sizes[KERNEL_RANK_MAX], *position = NULL, *x;
  int rank = host_type(h, v)->rank, out_rank = host_type(h, r)->rank;
  if (!is_arg && (op->fn == KERNEL_FN_MAX || op->fn == KERNEL_FN_MIN))
    work = from;
  work = dtype_is_f8(work) ? DTYPE_F32 : work;
  LOOM_TRY(host_sizes(h, host_type(h, v), sizes));
  LOOM_TRY(host_sizes(h, host_type(h, r), out_sizes));
  const char *acc = accumulator(h, op, work, identity(op->fn, work), out_sizes);
  if (is_arg)
    position = accumulator(h, op, DTYPE_I64, -1, out_sizes);
  host_open_loops(h, rank, sizes, iv);
  int n = kept_indices(h, op, iv, at);
  if (!n)
    at[n++] = host_index(h, 0);
  const char *old = host_load(h, acc, work, n, at);
  x = lower_convert(l, host_element(h, v, rank, iv), from, work);
  if (!is_arg) {
    LOOM_TRY(lower_fn(l, op->fn, work, old, x, &x));
    host_store(h, x, acc, work, n, at);
  } else {
    int axis = 0;
    while (!((op->ivalue >> axis) & 1))
      axis++;
    const char *before = host_load(h, position, DTYPE_I64, n, at), *better;
    LOOM_TRY(lower_fn(l, op->fn == KERNEL_FN_ARGMAX ? KERNEL_FN_GT : KERNEL_FN_LT, work, x, old, &better));
    if (dtype_is_float(work)) {   /* the first NaN wins */
      const char *is_nan = lower_emit(l, "arith.cmpf uno, %s, %s : %s", x, x, lower_element(work));
      const char *was_number = lower_emit(l, "arith.cmpf ord, %s, %s : %s", old, old, lower_element(work));
      better = lower_emit(l, "arith.ori %s, %s : i1", better, lower_emit(l, "arith.andi %s, %s : i1", is_nan, was_number));
    }
    better = lower_emit(l, "arith.ori %s, %s : i1", better, lower_emit(l, "arith.cmpi slt, %s, %s : i64", before, host_number(h, DTYPE_I64, 0)));
    const char *here = lower_emit(l, "arith.index_cast %s : index to i64", iv[axis]);
    host_store(h, lower_emit(l, "arith.select %s, %s, %s : %s", better, x, old, lower_element(work)), acc, work, n, at);
    host_store(h, lower_emit(l, "arith.select %s, %s, %s : i64", better, here, before), position, DTYPE_I64, n, at);
  }
  host_close_loops(h, rank);
  const char *zero = host_index(h, 0);
  LOOM_TRY(open_result(h, op, iv, &out_rank));
  x = host_load(h, is_arg ? position : acc, is_arg ? DTYPE_I64 : work, out_rank ? out_rank : 1, out_rank ? iv : &zero);
  close_result(h, op, lower_convert(l, x, is_arg ? DTYPE_I64 : work, t), iv, out_rank);
  return LOOM_OK;
}

/* ---- shape ---- */
/* The row-major place of iv in `sizes`. */
static const char *linear(host *h, int rank, const char *const *sizes, const char *const *iv) {
  const char *at = host_index(h, 0);
  for (int d = 0; d < rank; d++)
    at = d ? lower_emit(h->l, "arith.addi %s, %s : index", lower_emit(h->l, "arith.muli %s, %s : index", at, sizes[d]), iv[d]) : iv[d];
  return at;
}

static loom_status reshape(host *h, const kernel_op *op) {
  lowering *l = h->l;
  kernel_value v = op->operands[0];
  const kernel_type *from = host_type(h, v);
  const char *iv[KERNEL_RANK_MAX], *sizes[KERNEL_RANK_MAX], *own[KERNEL_RANK_MAX], *at[KERNEL_RANK_MAX];
  int rank;
  LOOM_TRY(host_sizes(h, from, own));
  LOOM_TRY(host_sizes(h, host_type(h, op->results[0]), sizes));
  LOOM_TRY(open_result(h, op, iv, &rank));
  const char *rest = linear(h, rank, sizes, iv);
  for (int d = from->rank - 1; d >= 0; d--) {
    at[d] = d ? lower_emit(l, "arith.remsi %s, %s : index", rest, own[d]) : rest;
    rest = d ? lower_emit(l, "arith.divsi %s, %s : index", rest, own[d]) : rest;
  }
  const char *x = from->rank ? host_load(h, l->value[v], h->type[v], from->rank, at) : lower_data(l, v);
  close_result(h, op, lower_convert(l, x, h->type[v], host_type(h, op->results[0])->type), iv, rank);
  return LOOM_OK;
}

static loom_status permute(host *h, const kernel_op *op) {
  const char *iv[KERNEL_RANK_MAX], *at[KERNEL_RANK_MAX];
  kernel_value v = op->operands[0];
  int rank;
  LOOM_TRY(open_result(h, op, iv, &rank));
  for (int d = 0; d < rank; d++)
    at[op->perm[d]] = iv[d];
  const char *x = rank ? host_load(h, h->l->value[v], h->type[v], rank, at) : lower_data(h->l, v);
  close_result(h, op, lower_convert(h->l, x, h->type[v], host_type(h, op->results[0])->type), iv, rank);
  return LOOM_OK;
}

/* Each operand goes to its place of the new dim. */
static loom_status stack(host *h, const kernel_op *op) {
  lowering *l = h->l;
  kernel_value r = op->results[0];
  const char *all[KERNEL_RANK_MAX], *sizes[KERNEL_RANK_MAX], *iv[KERNEL_RANK_MAX], *at[KERNEL_RANK_MAX];
  int rank = host_type(h, r)->rank, axis = (int)op->ivalue, n = 0;
  LOOM_TRY(host_result(h, r, all));
  for (int d = 0; d < rank; d++)
    if (d != axis)
      sizes[n++] = all[d];
  for (int i = 0; i < op->n_operands; i++) {
    host_open_loops(h, n, sizes, iv);
    for (int d = 0; d < rank; d++)
      at[d] = d == axis ? host_index(h, i) : iv[d - (d > axis)];
    host_store(h, lower_convert(l, host_element(h, op->operands[i], n, iv), h->type[op->operands[i]], h->type[r]), l->value[r], h->type[r], rank, at);
    host_close_loops(h, n);
  }
  return LOOM_OK;
}

static loom_status extract(host *h, const kernel_op *op) {
  const char *iv[KERNEL_RANK_MAX], *at[KERNEL_RANK_MAX], *position;
  kernel_value v = op->operands[0];
  int rank, axis = (int)op->ivalue;
  LOOM_TRY(host_expr(h, op->expr, &position));
  LOOM_TRY(open_result(h, op, iv, &rank));
  for (int d = 0; d <= rank; d++)
    at[d] = d == axis ? position : iv[d - (d > axis)];
  close_result(h, op, host_load(h, h->l->value[v], h->type[v], rank + 1, at), iv, rank);
  return LOOM_OK;
}

loom_status host_compute(host *h, const kernel_op *op) {
  switch (op->kind) {
  case KERNEL_CONSTANT:
  case KERNEL_FULL: return full(h, op);
  case KERNEL_IOTA:
  case KERNEL_TILE_INDEX:
  case KERNEL_TILE_MASK: return counting(h, op);
  case KERNEL_UNARY:
  case KERNEL_BINARY:
  case KERNEL_SELECT:
  case KERNEL_CAST:
  case KERNEL_BITCAST:
  case KERNEL_BROADCAST: return elementwise(h, op);
  case KERNEL_MATMUL: return matmul(h, op);
  case KERNEL_REDUCE: return reduce(h, op);
  case KERNEL_RESHAPE: return reshape(h, op);
  case KERNEL_PERMUTE: return permute(h, op);
  case KERNEL_STACK: return stack(h, op);
  case KERNEL_EXTRACT: return extract(h, op);
  default: LOOM_FAIL(h->l->ctx, op->span, LOOM_EBUG, "%s has no form on the CPU", kernel_op_name(op->kind));
  }
}
