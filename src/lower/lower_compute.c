/* Tile arithmetic: linalg named ops where there is one, linalg.generic elsewhere. */
#include "lower/lower_private.h"
#include <string.h>

/* X(kernel function, float op, signed integer op): ops of one MLIR instruction.  NULL: not of that type. */
static const struct { kernel_fn fn; const char *on_float, *on_int; } simple[] = {
    {KERNEL_FN_NEG, "arith.negf", NULL},         {KERNEL_FN_ABS, "math.absf", "math.absi"},    {KERNEL_FN_EXP, "math.exp", NULL},
    {KERNEL_FN_EXP2, "math.exp2", NULL},         {KERNEL_FN_LOG, "math.log", NULL},            {KERNEL_FN_LOG2, "math.log2", NULL},
    {KERNEL_FN_SQRT, "math.sqrt", NULL},         {KERNEL_FN_RSQRT, "math.rsqrt", NULL},        {KERNEL_FN_TANH, "math.tanh", NULL},
    {KERNEL_FN_ERF, "math.erf", NULL},           {KERNEL_FN_ADD, "arith.addf", "arith.addi"},  {KERNEL_FN_SUB, "arith.subf", "arith.subi"},
    {KERNEL_FN_MUL, "arith.mulf", "arith.muli"}, {KERNEL_FN_DIV, "arith.divf", NULL},          {KERNEL_FN_FLOORDIV, NULL, "arith.floordivsi"},
    {KERNEL_FN_POW, "math.powf", NULL},          {KERNEL_FN_MAX, "arith.maximumf", "arith.maxsi"}, {KERNEL_FN_MIN, "arith.minimumf", "arith.minsi"},
    {KERNEL_FN_AND, NULL, "arith.andi"},         {KERNEL_FN_OR, NULL, "arith.ori"},            {KERNEL_FN_XOR, NULL, "arith.xori"},
};
static const struct { kernel_fn fn; const char *on_float, *on_int; } compare[] = {
    {KERNEL_FN_EQ, "oeq", "eq"}, {KERNEL_FN_NE, "une", "ne"},  {KERNEL_FN_LT, "olt", "slt"},
    {KERNEL_FN_LE, "ole", "sle"}, {KERNEL_FN_GT, "ogt", "sgt"}, {KERNEL_FN_GE, "oge", "sge"},
};

static const kernel_type *type_of(const lowering *l, kernel_value v) { return &l->k->values.at[v].type; }

const char *lower_scalar_cast(lowering *l, const char *name, dtype from, dtype to) {
  if (from == to)
    return name;
  bool ff = dtype_is_float(from), tf = dtype_is_float(to);
  const char *op = ff && tf ? dtype_bytes(to) > dtype_bytes(from) ? "arith.extf" : "arith.truncf"
                   : ff     ? "arith.fptosi"
                   : tf     ? from == DTYPE_BOOL || from == DTYPE_U8 ? "arith.uitofp" : "arith.sitofp"
                   : dtype_bytes(to) > dtype_bytes(from) || from == DTYPE_BOOL ? from == DTYPE_BOOL ? "arith.extui" : "arith.extsi"
                                                         : "arith.trunci";
  if (ff && tf && dtype_bytes(to) == dtype_bytes(from)) {   /* f16 <-> bf16 */
    name = lower_scalar_cast(l, name, from, DTYPE_F32);
    from = DTYPE_F32;
    op = "arith.truncf";
  }
  const char *out = lower_name(l);
  lower_line(l, "%s = %s %s : %s to %s", out, op, name, dtype_mlir(from), dtype_mlir(to));
  return out;
}

/* Applies scalar function `fn` to `n` names of type `t`; *out_type is what it gives. */
static loom_status scalar_fn(lowering *l, const kernel_op *op, kernel_fn fn, const char *const *in, int n, dtype t, const char **out, dtype *out_type) {
  bool is_float = dtype_is_float(t);
  *out = lower_name(l);
  *out_type = t;
  for (size_t i = 0; i < sizeof simple / sizeof *simple; i++) {
    const char *name = is_float ? simple[i].on_float : simple[i].on_int;
    if (simple[i].fn != fn || !name)
      continue;
    if (n == 1)
      lower_line(l, "%s = %s %s : %s", *out, name, in[0], dtype_mlir(t));
    else
      lower_line(l, "%s = %s %s, %s : %s", *out, name, in[0], in[1], dtype_mlir(t));
    return LOOM_OK;
  }
  for (size_t i = 0; i < sizeof compare / sizeof *compare; i++)
    if (compare[i].fn == fn) {
      lower_line(l, "%s = arith.cmp%c %s, %s, %s : %s", *out, is_float ? 'f' : 'i', is_float ? compare[i].on_float : compare[i].on_int, in[0], in[1], dtype_mlir(t));
      *out_type = DTYPE_BOOL;
      return LOOM_OK;
    }
  const char *one = lower_name(l), *zero = lower_name(l), *a = lower_name(l), *b = lower_name(l), *ty = dtype_mlir(t);
  if (fn == KERNEL_FN_RELU && is_float) {
    lower_line(l, "%s = arith.constant 0.0 : %s", zero, ty);
    lower_line(l, "%s = arith.maximumf %s, %s : %s", *out, in[0], zero, ty);
  } else if (fn == KERNEL_FN_RECIP && is_float) {
    lower_line(l, "%s = arith.constant 1.0 : %s", one, ty);
    lower_line(l, "%s = arith.divf %s, %s : %s", *out, one, in[0], ty);
  } else if (fn == KERNEL_FN_SIGMOID && is_float) {   /* 1 / (1 + exp(-x)) */
    lower_line(l, "%s = arith.constant 1.0 : %s", one, ty);
    lower_line(l, "%s = arith.negf %s : %s", zero, in[0], ty);
    lower_line(l, "%s = math.exp %s : %s", a, zero, ty);
    lower_line(l, "%s = arith.addf %s, %s : %s", b, one, a, ty);
    lower_line(l, "%s = arith.divf %s, %s : %s", *out, one, b, ty);
  } else {
    LOOM_FAIL(l->ctx, op->span, LOOM_EUNSUP, "'%s' on %s", kernel_fn_name(fn), dtype_torch(t));
  }
  return LOOM_OK;
}

/* ---- linalg.generic ---- */

/* "affine_map<(d0, d1) -> (d0, 0)>": how an operand of type `t` is read in a loop nest over `rank` dims; size-1 dims that broadcast read 0. */
static const char *operand_map(lowering *l, const kernel_type *t, const kernel_type *result) {
  text dims = text_new(l->mem), own = text_new(l->mem);
  for (int d = 0; d < result->rank; d++)
    text_addf(&dims, d ? ", d%d" : "d%d", d);
  for (int d = 0; d < t->rank; d++) {
    int r = d + result->rank - t->rank;
    int64_t size, wide;
    bool spread = sym_is_const(t->dim[d], &size) && size == 1 && !(sym_is_const(result->dim[r], &wide) && wide == 1);
    text_addf(&own, "%s", d ? ", " : "");
    if (spread)
      text_add(&own, "0");
    else
      text_addf(&own, "d%d", r);
  }
  return arena_printf(l->mem, "affine_map<(%s) -> (%s)>", text_str(&dims), text_str(&own));
}

static const char *parallel_kinds(lowering *l, int rank) {
  text t = text_new(l->mem);
  for (int d = 0; d < rank; d++)
    text_add(&t, d ? ", \"parallel\"" : "\"parallel\"");
  return text_str(&t);
}

/* Opens a generic over the result's dims with `n` tensor operands; scalars are used from outside.  in[i] becomes the scalar name of operand i. */
static loom_status open_generic(lowering *l, const kernel_op *op, const kernel_type *result, const char **in, const char **out_name, const char **out_type) {
  const char *empty;
  text maps = text_new(l->mem), names = text_new(l->mem), types = text_new(l->mem), args = text_new(l->mem);
  LOOM_TRY(lower_empty(l, op->span, result, &empty, out_type));
  for (int i = 0; i < op->n_operands; i++) {
    const kernel_type *t = type_of(l, op->operands[i]);
    const lower_value *v = &l->values[op->operands[i]];
    in[i] = t->rank == 0 ? v->name : lower_name(l);
    if (t->rank == 0)
      continue;
    text_addf(&maps, "%s, ", operand_map(l, t, result));
    text_addf(&names, names.size ? ", %s" : "%s", v->name);
    text_addf(&types, types.size ? ", %s" : "%s", v->type);
    text_addf(&args, "%s: %s, ", in[i], dtype_mlir(t->type));
  }
  *out_name = lower_name(l);
  lower_line(l, "%s = linalg.generic {indexing_maps = [%s%s], iterator_types = [%s]}%s%s%s%s%s outs(%s : %s) {", *out_name, text_str(&maps),
             operand_map(l, result, result), parallel_kinds(l, result->rank), names.size ? " ins(" : "", text_str(&names), names.size ? " : " : "",
             text_str(&types), names.size ? ")" : "", empty, *out_type);
  lower_line(l, "^bb0(%s%s: %s):", text_str(&args), lower_name(l), dtype_mlir(result->type));
  return LOOM_OK;
}

static void close_generic(lowering *l, const char *value, dtype t, const char *type) {
  lower_line(l, "linalg.yield %s : %s", value, dtype_mlir(t));
  lower_line(l, "} -> %s", type);
}

/* The type scalar work is done in: f16 and bf16 in f32, rounded to the declared type afterwards; comparisons in the operands' type. */
static dtype work_type(dtype t) { return t == DTYPE_F16 || t == DTYPE_BF16 ? DTYPE_F32 : t; }

static dtype operand_work_type(const lowering *l, const kernel_op *op, int first) {
  dtype t = type_of(l, op->operands[first])->type;
  for (int i = first + 1; i < op->n_operands; i++)
    t = dtype_promote(t, type_of(l, op->operands[i])->type);
  return work_type(t);
}

/* The scalar body of an elementwise op on names already in scope. */
static loom_status elementwise_body(lowering *l, const kernel_op *op, const char *const *in, dtype result, const char **out) {
  bool select = op->kind == KERNEL_SELECT, cast = op->kind == KERNEL_CAST || op->kind == KERNEL_BROADCAST;
  if (cast) {
    *out = lower_scalar_cast(l, in[0], type_of(l, op->operands[0])->type, result);
    return LOOM_OK;
  }
  if (select) {
    const char *a = lower_scalar_cast(l, in[1], type_of(l, op->operands[1])->type, result);
    const char *b = lower_scalar_cast(l, in[2], type_of(l, op->operands[2])->type, result);
    *out = lower_name(l);
    lower_line(l, "%s = arith.select %s, %s, %s : %s", *out, in[0], a, b, dtype_mlir(result));
    return LOOM_OK;
  }
  dtype work = operand_work_type(l, op, 0), got;
  if (dtype_is_float(result) && !dtype_is_float(work))
    work = work_type(result);   /* integer division gives a float */
  const char *wide[3], *value;
  for (int i = 0; i < op->n_operands; i++)
    wide[i] = lower_scalar_cast(l, in[i], type_of(l, op->operands[i])->type, work);
  LOOM_TRY(scalar_fn(l, op, op->fn, wide, op->n_operands, work, &value, &got));
  *out = lower_scalar_cast(l, value, got, result);
  return LOOM_OK;
}

static loom_status elementwise(lowering *l, const kernel_op *op) {
  const kernel_type *result = type_of(l, op->results[0]);
  const char *in[3], *name, *type, *value;
  if (result->rank == 0) {
    for (int i = 0; i < op->n_operands; i++)
      in[i] = l->values[op->operands[i]].name;
    LOOM_TRY(elementwise_body(l, op, in, result->type, &value));
    lower_bind(l, op->results[0], value, dtype_mlir(result->type));
    return LOOM_OK;
  }
  LOOM_TRY(open_generic(l, op, result, in, &name, &type));
  LOOM_TRY(elementwise_body(l, op, in, result->type, &value));
  close_generic(l, value, result->type, type);
  lower_bind(l, op->results[0], name, type);
  return LOOM_OK;
}

/* ---- creation ---- */

static const char *scalar_constant(lowering *l, dtype t, double v) {
  const char *name = lower_name(l);
  lower_line(l, "%s = arith.constant %s%s%s", name, lower_literal(l, t, v), t == DTYPE_BOOL ? "" : " : ", t == DTYPE_BOOL ? "" : dtype_mlir(t));
  return name;
}

static loom_status filled(lowering *l, loom_span span, const kernel_type *t, const char *scalar, const char **out_name, const char **out_type) {
  const char *empty;
  LOOM_TRY(lower_empty(l, span, t, &empty, out_type));
  *out_name = lower_name(l);
  lower_line(l, "%s = linalg.fill ins(%s : %s) outs(%s : %s) -> %s", *out_name, scalar, dtype_mlir(t->type), empty, *out_type, *out_type);
  return LOOM_OK;
}

static loom_status full(lowering *l, const kernel_op *op) {
  const kernel_type *t = type_of(l, op->results[0]);
  const char *scalar, *name, *type;
  if (op->n_operands)
    scalar = lower_scalar_cast(l, l->values[op->operands[0]].name, type_of(l, op->operands[0])->type, t->type);
  else
    scalar = scalar_constant(l, t->type, op->fvalue);
  if (t->rank == 0) {
    lower_bind(l, op->results[0], scalar, dtype_mlir(t->type));
    return LOOM_OK;
  }
  LOOM_TRY(filled(l, op->span, t, scalar, &name, &type));
  lower_bind(l, op->results[0], name, type);
  return LOOM_OK;
}

/* ---- contractions and reductions ---- */

static loom_status matmul(lowering *l, const kernel_op *op) {
  const kernel_type *a = type_of(l, op->operands[0]), *b = type_of(l, op->operands[1]), *r = type_of(l, op->results[0]);
  if (a->rank != b->rank || a->rank != r->rank || (r->rank != 2 && r->rank != 3))
    LOOM_FAIL(l->ctx, op->span, LOOM_EUNSUP, "a matrix product of ranks %d and %d", a->rank, b->rank);
  const lower_value *x = &l->values[op->operands[0]], *y = &l->values[op->operands[1]];
  const char *acc, *type;
  if (op->n_operands == 3) {
    acc = l->values[op->operands[2]].name;
    LOOM_TRY(lower_tensor_type(l, op->span, r, &type));
    if (type_of(l, op->operands[2])->type != r->type)
      LOOM_FAIL(l->ctx, op->span, LOOM_EUNSUP, "a matrix product whose accumulator (%s) is not of the result's type (%s)", dtype_torch(type_of(l, op->operands[2])->type),
                dtype_torch(r->type));
  } else {
    LOOM_TRY(filled(l, op->span, r, scalar_constant(l, r->type, 0), &acc, &type));
  }
  const char *name = lower_name(l);
  lower_line(l, "%s = linalg.%s ins(%s, %s : %s, %s) outs(%s : %s) -> %s", name, r->rank == 3 ? "batch_matmul" : "matmul", x->name, y->name, x->type, y->type,
             acc, type, type);
  lower_bind(l, op->results[0], name, type);
  return LOOM_OK;
}

static loom_status reduce(lowering *l, const kernel_op *op) {
  const kernel_type *in = type_of(l, op->operands[0]), *r = type_of(l, op->results[0]);
  static const struct { kernel_fn fn; double on_float, on_int; } neutral[] = {
      {KERNEL_FN_ADD, 0, 0}, {KERNEL_FN_MUL, 1, 1}, {KERNEL_FN_MAX, -__builtin_inf(), (double)INT32_MIN}, {KERNEL_FN_MIN, __builtin_inf(), (double)INT32_MAX}};
  double start = 0;
  bool known = false;
  for (size_t i = 0; i < sizeof neutral / sizeof *neutral; i++)
    if (neutral[i].fn == op->fn) {
      start = dtype_is_float(r->type) ? neutral[i].on_float : neutral[i].on_int;
      known = true;
    }
  if (!known || r->rank == 0)
    LOOM_FAIL(l->ctx, op->span, LOOM_EUNSUP, "a reduction by '%s'%s", kernel_fn_name(op->fn), r->rank == 0 ? " to a scalar" : "");
  kernel_type sum = *r;
  sum.type = work_type(r->type);
  const char *init, *type, *name = lower_name(l);
  LOOM_TRY(filled(l, op->span, &sum, scalar_constant(l, sum.type, start), &init, &type));
  text dims = text_new(l->mem), to = text_new(l->mem), kinds = text_new(l->mem);
  for (int d = 0; d < in->rank; d++) {
    bool reduced = op->ivalue >> d & 1;
    text_addf(&dims, d ? ", d%d" : "d%d", d);
    text_addf(&kinds, "%s\"%s\"", d ? ", " : "", reduced ? "reduction" : "parallel");
    if (!reduced)
      text_addf(&to, to.size ? ", d%d" : "d%d", d);
    else if (op->flag)
      text_add(&to, to.size ? ", 0" : "0");
  }
  const lower_value *v = &l->values[op->operands[0]];
  lower_line(l, "%s = linalg.generic {indexing_maps = [affine_map<(%s) -> (%s)>, affine_map<(%s) -> (%s)>], iterator_types = [%s]} ins(%s : %s) outs(%s : %s) {",
             name, text_str(&dims), text_str(&dims), text_str(&dims), text_str(&to), text_str(&kinds), v->name, v->type, init, type);
  const char *x = lower_name(l), *acc = lower_name(l), *out;
  dtype got;
  lower_line(l, "^bb0(%s: %s, %s: %s):", x, dtype_mlir(in->type), acc, dtype_mlir(sum.type));
  const char *both[2] = {lower_scalar_cast(l, x, in->type, sum.type), acc};
  LOOM_TRY(scalar_fn(l, op, op->fn, both, 2, sum.type, &out, &got));
  close_generic(l, out, sum.type, type);
  if (sum.type == r->type) {
    lower_bind(l, op->results[0], name, type);
    return LOOM_OK;
  }
  const char *empty, *narrow_type, *narrow = lower_name(l);   /* one rounding at the end */
  LOOM_TRY(lower_empty(l, op->span, r, &empty, &narrow_type));
  const char *map = operand_map(l, r, r), *wide = lower_name(l);
  lower_line(l, "%s = linalg.generic {indexing_maps = [%s, %s], iterator_types = [%s]} ins(%s : %s) outs(%s : %s) {", narrow, map, map,
             parallel_kinds(l, r->rank), name, type, empty, narrow_type);
  lower_line(l, "^bb0(%s: %s, %s: %s):", wide, dtype_mlir(sum.type), lower_name(l), dtype_mlir(r->type));
  close_generic(l, lower_scalar_cast(l, wide, sum.type, r->type), r->type, narrow_type);
  lower_bind(l, op->results[0], narrow, narrow_type);
  return LOOM_OK;
}

/* ---- other dims, same elements ---- */

static bool is_one(const sym_expr *e) {
  int64_t n;
  return sym_is_const(e, &n) && n == 1;
}

/* How operand dims are read in a loop nest over the result's dims: by[d] = loop of operand dim d, -1 for a dim of size 1. */
static loom_status copy_dims(lowering *l, const kernel_op *op, const int *by) {
  const kernel_type *from = type_of(l, op->operands[0]), *to = type_of(l, op->results[0]);
  const lower_value *v = &l->values[op->operands[0]];
  const char *empty, *type, *name = lower_name(l), *in = lower_name(l);
  LOOM_TRY(lower_empty(l, op->span, to, &empty, &type));
  text dims = text_new(l->mem), own = text_new(l->mem);
  for (int d = 0; d < to->rank; d++)
    text_addf(&dims, d ? ", d%d" : "d%d", d);
  for (int d = 0; d < from->rank; d++)
    text_add(&own, arena_printf(l->mem, by[d] < 0 ? "%s0" : "%sd%d", d ? ", " : "", by[d]));
  lower_line(l, "%s = linalg.generic {indexing_maps = [affine_map<(%s) -> (%s)>, %s], iterator_types = [%s]} ins(%s : %s) outs(%s : %s) {", name,
             text_str(&dims), text_str(&own), operand_map(l, to, to), parallel_kinds(l, to->rank), v->name, v->type, empty, type);
  lower_line(l, "^bb0(%s: %s, %s: %s):", in, dtype_mlir(from->type), lower_name(l), dtype_mlir(to->type));
  close_generic(l, lower_scalar_cast(l, in, from->type, to->type), to->type, type);
  lower_bind(l, op->results[0], name, type);
  return LOOM_OK;
}

/* Dims of size 1 come and go; any other change of shape would need the elements' linear order. */
static loom_status reshape(lowering *l, const kernel_op *op) {
  const kernel_type *from = type_of(l, op->operands[0]), *to = type_of(l, op->results[0]);
  int by[KERNEL_RANK_MAX], r = 0;
  for (int d = 0; d < from->rank; d++) {
    by[d] = -1;
    if (is_one(from->dim[d]))
      continue;
    while (r < to->rank && is_one(to->dim[r]))
      r++;
    if (r == to->rank || !sym_equal(from->dim[d], to->dim[r]))
      LOOM_FAIL(l->ctx, op->span, LOOM_EUNSUP, "a reshape that does more than add or drop dims of size 1");
    by[d] = r++;
  }
  while (r < to->rank && is_one(to->dim[r]))
    r++;
  if (r != to->rank || from->rank == 0 || to->rank == 0)
    LOOM_FAIL(l->ctx, op->span, LOOM_EUNSUP, "a reshape that does more than add or drop dims of size 1");
  return copy_dims(l, op, by);
}

/* Result dim d is operand dim perm[d]. */
static loom_status permute(lowering *l, const kernel_op *op) {
  int by[KERNEL_RANK_MAX];
  for (int d = 0; d < type_of(l, op->results[0])->rank; d++)
    by[op->perm[d]] = d;
  return copy_dims(l, op, by);
}

loom_status lower_compute(lowering *l, const kernel_op *op) {
  switch (op->kind) {
  case KERNEL_CONSTANT: {
    const kernel_type *t = type_of(l, op->results[0]);
    lower_bind(l, op->results[0], scalar_constant(l, t->type, op->fvalue), dtype_mlir(t->type));
    return LOOM_OK;
  }
  case KERNEL_FULL: return full(l, op);
  case KERNEL_MATMUL: return matmul(l, op);
  case KERNEL_REDUCE: return reduce(l, op);
  case KERNEL_RESHAPE: return reshape(l, op);
  case KERNEL_PERMUTE: return permute(l, op);
  case KERNEL_UNARY:
  case KERNEL_BINARY:
  case KERNEL_SELECT:
  case KERNEL_CAST:
  case KERNEL_BROADCAST: return elementwise(l, op);
  default: LOOM_FAIL(l->ctx, op->span, LOOM_EUNSUP, "'%s' has no form in stage-0 MLIR yet", kernel_op_name(op->kind));
  }
}
