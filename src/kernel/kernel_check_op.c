/* The verifier's rules for single operations: counts, element types, shapes. */
#include "kernel/kernel_private.h"

static const kernel_type *type_of(verifier *v, kernel_value x) { return &v->k->values.at[x].type; }

/* ---- counts: {fewest operands, most operands, results} ---- */

static loom_status check_counts(verifier *v, const kernel_op *op) {
  static const struct { int low, high, results; } count[KERNEL_OP_COUNT] = {
      [KERNEL_INDEX_EXPR] = {0, 0, 1}, [KERNEL_TILE_BEGIN] = {1, 1, 1}, [KERNEL_TILE_END] = {1, 1, 1}, [KERNEL_TILE_ID] = {1, 1, 1},
      [KERNEL_TILE_INDEX] = {1, 1, 1}, [KERNEL_CONSTANT] = {0, 0, 1},  [KERNEL_FULL] = {0, 1, 1},     [KERNEL_IOTA] = {0, 0, 1},
      [KERNEL_LOAD] = {0, 1, 1},       [KERNEL_STORE] = {1, 2, 0},     [KERNEL_UNARY] = {1, 1, 1},    [KERNEL_BINARY] = {2, 2, 1},
      [KERNEL_SELECT] = {3, 3, 1},     [KERNEL_CAST] = {1, 1, 1},      [KERNEL_MATMUL] = {2, 3, 1},   [KERNEL_REDUCE] = {1, 1, 1},
      [KERNEL_BROADCAST] = {1, 1, 1},  [KERNEL_RESHAPE] = {1, 1, 1},   [KERNEL_PERMUTE] = {1, 1, 1},
      [KERNEL_BIND] = {1, 1, 0},       [KERNEL_TILE_MASK] = {1, 1, 1}, [KERNEL_ATOMIC] = {1, 3, -1},  [KERNEL_STACK] = {1, 1 << 20, 1},
      [KERNEL_EXTRACT] = {1, 1, 1},    [KERNEL_GATHER] = {2, 2, 1},     [KERNEL_BITCAST] = {1, 1, 1},
  };
  if (op->kind == KERNEL_YIELD)
    return LOOM_OK;
  if (op->n_operands < count[op->kind].low || op->n_operands > count[op->kind].high || (count[op->kind].results < 0 ? op->n_results > 1 : op->n_results != count[op->kind].results))
    KERNEL_BAD(v, op->span, "%s has %d operands and %d results", kernel_op_name(op->kind), op->n_operands, op->n_results);
  return LOOM_OK;
}

/* ---- shapes ---- */

static bool is_one(const sym_expr *e) {
  int64_t n;
  return sym_is_const(e, &n) && n == 1;
}

/* `from` broadcasts to the dims of `to` by numpy's rules. */
static bool broadcasts(verifier *v, const kernel_type *from, const kernel_type *to) {
  if (from->rank > to->rank)
    return false;
  for (int d = 0; d < from->rank; d++) {
    const sym_expr *goal = to->dim[d + to->rank - from->rank];
    if (!is_one(from->dim[d]) && !kernel_same_size(v, from->dim[d], goal))
      return false;
  }
  return true;
}

static bool same_dims(verifier *v, const kernel_type *a, const kernel_type *b) {
  return a->rank == b->rank && broadcasts(v, a, b) && broadcasts(v, b, a);
}

static loom_status check_broadcast(verifier *v, const kernel_op *op, int first, const kernel_type *result) {
  for (int i = first; i < op->n_operands; i++)
    if (!broadcasts(v, type_of(v, op->operands[i]), result))
      KERNEL_BAD(v, op->span, "operand %d of %s does not broadcast to the result's shape", i, kernel_op_name(op->kind));
  return LOOM_OK;
}

/* ---- scalars and creation ---- */

static loom_status check_scalar_index(verifier *v, const kernel_op *op, const kernel_type *r) {
  if (r->type != DTYPE_I64 || r->rank != 0)
    KERNEL_BAD(v, op->span, "%s does not give a scalar i64", kernel_op_name(op->kind));
  return op->kind == KERNEL_INDEX_EXPR ? kernel_check_expr(v, op->span, op->expr) : LOOM_OK;
}

/* `x` is the tile number of an enclosing range. */
static loom_status check_tile_operand(verifier *v, const kernel_op *op, kernel_value x) {
  if (!v->is_tile[x])
    KERNEL_BAD(v, op->span, "%s is not applied to the tile number of a loop", kernel_op_name(op->kind));
  return LOOM_OK;
}

static loom_status check_tile_index(verifier *v, const kernel_op *op, const kernel_type *r) {
  const char *block = v->k->values.at[op->operands[0]].block;
  if (r->rank != 1 || dtype_is_float(r->type) || !block || !kernel_same_size(v, r->dim[0], sym_name(&v->ctx->scratch, block)))
    KERNEL_BAD(v, op->span, "tile_index does not give the integers of its tile");
  return LOOM_OK;
}

static loom_status check_rank(verifier *v, const kernel_op *op, const kernel_type *r, int rank) {
  if (r->rank != rank)
    KERNEL_BAD(v, op->span, "%s gives rank %d, expected %d", kernel_op_name(op->kind), r->rank, rank);
  return LOOM_OK;
}

/* ---- memory ---- */

/* An index tensor: integers that broadcast to dims dim.. of the part. */
static loom_status add_tensor_dims(verifier *v, const kernel_op *op, int i, bool *taken, kernel_type *out) {
  const kernel_index *x = &op->index[i];
  const kernel_type *t = type_of(v, x->value);
  if (dtype_is_float(t->type) || t->type == DTYPE_BOOL || t->rank < 1)
    KERNEL_BAD(v, op->span, "index %d of %s is not an integer tensor", i, kernel_op_name(op->kind));
  if (x->dim < 0 || x->rank < t->rank || x->dim + x->rank > KERNEL_RANK_MAX)
    KERNEL_BAD(v, op->span, "index %d of %s stands for dims %d..%d", i, kernel_op_name(op->kind), x->dim, x->dim + x->rank - 1);
  for (int d = 0; d < x->rank; d++) {
    int own = d - (x->rank - t->rank), to = x->dim + d;
    const sym_expr *size = own >= 0 ? t->dim[own] : sym_const(&v->ctx->scratch, 1);
    if (!taken[to] || is_one(out->dim[to]))
      out->dim[to] = size;
    else if (!is_one(size) && !kernel_same_size(v, out->dim[to], size))
      KERNEL_BAD(v, op->span, "the index tensors of %s do not fit together", kernel_op_name(op->kind));
    taken[to] = true;
  }
  return LOOM_OK;
}

/* The dim that index `i` keeps; *keeps false: none. */
static loom_status kept_dim(verifier *v, const kernel_op *op, int i, const sym_expr *extent, bool *keeps, const sym_expr **out) {
  const kernel_index *x = &op->index[i];
  arena *m = &v->ctx->scratch;
  *keeps = true;
  switch (x->kind) {
  case KERNEL_INDEX_TILE:
    LOOM_TRY(check_tile_operand(v, op, x->value));
    if (!v->k->values.at[x->value].block)
      KERNEL_BAD(v, op->span, "index %d of %s is a tile of a range without a block", i, kernel_op_name(op->kind));
    if (x->begin)
      LOOM_TRY(kernel_check_expr(v, op->span, x->begin));
    *out = sym_name(m, v->k->values.at[x->value].block);
    return LOOM_OK;
  case KERNEL_INDEX_SCALAR:
    *keeps = false;
    if (x->value < 0)
      return kernel_check_expr(v, op->span, x->begin);
    if (type_of(v, x->value)->rank != 0 || dtype_is_float(type_of(v, x->value)->type))
      KERNEL_BAD(v, op->span, "index %d of %s is not a scalar integer", i, kernel_op_name(op->kind));
    return LOOM_OK;
  case KERNEL_INDEX_ALL:
    *out = extent;
    return LOOM_OK;
  case KERNEL_INDEX_SLICE:
    LOOM_TRY(kernel_check_expr(v, op->span, x->begin));
    LOOM_TRY(kernel_check_expr(v, op->span, x->end));
    *out = sym_sub(m, x->end, x->begin);
    return LOOM_OK;
  case KERNEL_INDEX_NEW:
    *out = sym_const(m, 1);
    return LOOM_OK;
  default:
    KERNEL_BAD(v, op->span, "index %d of %s has an unknown kind", i, kernel_op_name(op->kind));
  }
}

/* The type of the part that an index list selects: kept dims in order, around the dims of index tensors. */
static loom_status selected_type(verifier *v, const kernel_op *op, kernel_type *out) {
  if (op->tensor < 0 || (size_t)op->tensor >= v->k->tensors.n)
    KERNEL_BAD(v, op->span, "%s names no tensor of the kernel", kernel_op_name(op->kind));
  const kernel_tensor_info *t = &v->k->tensors.at[op->tensor];
  bool taken[KERNEL_RANK_MAX + 1] = {false};
  int dim = 0, next = 0;
  *out = (kernel_type){.type = t->shape.type};
  for (int i = 0; i < op->n_index; i++) {
    const kernel_index *x = &op->index[i];
    if (x->kind != KERNEL_INDEX_NEW && dim++ >= t->shape.rank)
      KERNEL_BAD(v, op->span, "%s has more indices than \"%s\" has dims (%d)", kernel_op_name(op->kind), t->name, t->shape.rank);
    if ((x->kind == KERNEL_INDEX_TILE || x->kind == KERNEL_INDEX_TENSOR) && x->value < 0)
      KERNEL_BAD(v, op->span, "index %d of %s has no value", i, kernel_op_name(op->kind));
    if (x->kind == KERNEL_INDEX_TENSOR)
      LOOM_TRY(add_tensor_dims(v, op, i, taken, out));
  }
  if (dim != t->shape.rank)
    KERNEL_BAD(v, op->span, "%s indexes %d of the %d dims of \"%s\"", kernel_op_name(op->kind), dim, t->shape.rank, t->name);
  dim = 0;
  for (int i = 0; i < op->n_index; i++) {
    const sym_expr *size = NULL;
    bool keeps = false;
    const sym_expr *extent = op->index[i].kind == KERNEL_INDEX_NEW ? NULL : t->shape.dim[dim++];
    if (op->index[i].kind == KERNEL_INDEX_TENSOR)
      continue;
    LOOM_TRY(kept_dim(v, op, i, extent, &keeps, &size));
    while (keeps && next < KERNEL_RANK_MAX && taken[next])
      next++;
    if (keeps && next == KERNEL_RANK_MAX)
      KERNEL_BAD(v, op->span, "the index of %s gives more than %d dims", kernel_op_name(op->kind), KERNEL_RANK_MAX);
    if (keeps) {
      taken[next] = true;
      out->dim[next] = size;
    }
  }
  while (taken[out->rank])
    out->rank++;
  for (int d = out->rank; d < KERNEL_RANK_MAX; d++)
    if (taken[d])
      KERNEL_BAD(v, op->span, "the index of %s leaves dim %d of its part empty", kernel_op_name(op->kind), out->rank);
  return LOOM_OK;
}

/* The bool operand `i` of an access broadcasts to the part. */
static loom_status check_mask(verifier *v, const kernel_op *op, int i, const kernel_type *part) {
  if (i >= op->n_operands || op->operands[i] < 0)
    return LOOM_OK;
  if (type_of(v, op->operands[i])->type != DTYPE_BOOL || !broadcasts(v, type_of(v, op->operands[i]), part))
    KERNEL_BAD(v, op->span, "the mask of %s is no bool value that broadcasts to its part", kernel_op_name(op->kind));
  return LOOM_OK;
}

static loom_status check_load(verifier *v, const kernel_op *op, const kernel_type *r) {
  kernel_type t;
  LOOM_TRY(selected_type(v, op, &t));
  if (!kernel_same_type(v, &t, r))
    KERNEL_BAD(v, op->span, "this load of \"%s\" selects another type than its result has", v->k->tensors.at[op->tensor].name);
  return check_mask(v, op, 0, &t);
}

static loom_status check_stored(verifier *v, const kernel_op *op, int i, const kernel_type *part) {
  if (i < op->n_operands && !broadcasts(v, type_of(v, op->operands[i]), part))
    KERNEL_BAD(v, op->span, "operand %d of %s does not broadcast to the result's shape", i, kernel_op_name(op->kind));
  return LOOM_OK;
}

static loom_status check_store(verifier *v, const kernel_op *op) {
  kernel_type t;
  LOOM_TRY(selected_type(v, op, &t));
  LOOM_TRY(check_stored(v, op, 0, &t));
  return check_mask(v, op, 1, &t);
}

static loom_status check_atomic(verifier *v, const kernel_op *op, const kernel_type *r) {
  static const kernel_fn known[] = {KERNEL_FN_ADD, KERNEL_FN_AND, KERNEL_FN_OR,   KERNEL_FN_XOR,
                                    KERNEL_FN_MAX, KERNEL_FN_MIN, KERNEL_FN_XCHG, KERNEL_FN_CAS};
  kernel_type t;
  bool found = false;
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    found = found || known[i] == op->fn;
  if (!found || (op->fn == KERNEL_FN_CAS) != (op->n_operands == 3))
    KERNEL_BAD(v, op->span, "\"%s\" of %d operands is no atomic operation", kernel_fn_name(op->fn), op->n_operands);
  LOOM_TRY(selected_type(v, op, &t));
  LOOM_TRY(check_stored(v, op, 0, &t));
  LOOM_TRY(check_stored(v, op, 2, &t));
  if (r && !kernel_same_type(v, &t, r))
    KERNEL_BAD(v, op->span, "the old values of this atomic have another type than its part");
  return check_mask(v, op, 1, &t);
}

/* ---- compute ---- */

static loom_status check_unary(verifier *v, const kernel_op *op, const kernel_type *r) {
  if (kernel_fn_arity(op->fn) != 1)
    KERNEL_BAD(v, op->span, "\"%s\" is no function of one operand", kernel_fn_name(op->fn));
  bool any_type = op->fn == KERNEL_FN_NEG || op->fn == KERNEL_FN_ABS || op->fn == KERNEL_FN_RELU || op->fn == KERNEL_FN_SIGN;
  if (op->fn == KERNEL_FN_ISNAN || op->fn == KERNEL_FN_ISINF) {
    if (r->type != DTYPE_BOOL)
      KERNEL_BAD(v, op->span, "%s does not give %s", kernel_fn_name(op->fn), dtype_mlir(r->type));
  } else if (op->fn == KERNEL_FN_NOT || op->fn == KERNEL_FN_INVERT ? dtype_is_float(r->type) : !any_type && !dtype_is_float(r->type))
    KERNEL_BAD(v, op->span, "%s does not work on %s", kernel_fn_name(op->fn), dtype_mlir(r->type));
  if (!same_dims(v, type_of(v, op->operands[0]), r))
    KERNEL_BAD(v, op->span, "%s changes the shape of its operand", kernel_fn_name(op->fn));
  return LOOM_OK;
}

static loom_status check_binary(verifier *v, const kernel_op *op, const kernel_type *r) {
  if (kernel_fn_arity(op->fn) != 2)
    KERNEL_BAD(v, op->span, "\"%s\" is no function of two operands", kernel_fn_name(op->fn));
  bool is_comparison = op->fn >= KERNEL_FN_EQ && op->fn <= KERNEL_FN_GE, is_bitwise = op->fn == KERNEL_FN_AND || op->fn == KERNEL_FN_OR || op->fn == KERNEL_FN_XOR || op->fn == KERNEL_FN_SHL || op->fn == KERNEL_FN_SHR;
  bool fits = is_comparison ? r->type == DTYPE_BOOL : is_bitwise ? !dtype_is_float(r->type) : op->fn != KERNEL_FN_DIV || dtype_is_float(r->type);
  if (op->fn >= KERNEL_FN_PHILOX0)      /* to PHILOX3: the last of two operands */
    fits = r->type == DTYPE_I32 && type_of(v, op->operands[0])->type == DTYPE_I64 && type_of(v, op->operands[1])->type == DTYPE_I64;
  if (!fits)
    KERNEL_BAD(v, op->span, "%s does not give %s", kernel_fn_name(op->fn), dtype_mlir(r->type));
  return check_broadcast(v, op, 0, r);
}

static loom_status check_select(verifier *v, const kernel_op *op, const kernel_type *r) {
  if (type_of(v, op->operands[0])->type != DTYPE_BOOL)
    KERNEL_BAD(v, op->span, "the condition of select is not bool");
  return check_broadcast(v, op, 0, r);
}

static loom_status check_bitcast(verifier *v, const kernel_op *op, const kernel_type *r) {
  const kernel_type *from = type_of(v, op->operands[0]);
  if (!same_dims(v, from, r))
    KERNEL_BAD(v, op->span, "bitcast changes the shape of its operand");
  if (dtype_bytes(from->type) != dtype_bytes(r->type) || dtype_bytes(r->type) > 4 || from->type == DTYPE_BOOL || r->type == DTYPE_BOOL)
    KERNEL_BAD(v, op->span, "bitcast of %s to %s; both must have the same width, up to 4 bytes, and no bool", dtype_mlir(from->type), dtype_mlir(r->type));
  return LOOM_OK;
}

static loom_status check_matmul(verifier *v, const kernel_op *op, const kernel_type *r) {
  const kernel_type *a = type_of(v, op->operands[0]), *b = type_of(v, op->operands[1]);
  int n = a->rank;
  if (n < 2 || b->rank != n || r->rank != n)
    KERNEL_BAD(v, op->span, "matmul has operands of rank %d and %d and a result of rank %d; all must be equal, 2 or more", n, b->rank, r->rank);
  if (dtype_is_float(a->type) != dtype_is_float(b->type) || dtype_is_float(a->type) != dtype_is_float(r->type))
    KERNEL_BAD(v, op->span, "matmul mixes floats and integers (%s, %s, %s)", dtype_mlir(a->type), dtype_mlir(b->type), dtype_mlir(r->type));
  bool fits = kernel_same_size(v, a->dim[n - 1], b->dim[n - 2]) && kernel_same_size(v, r->dim[n - 2], a->dim[n - 2]) &&
              kernel_same_size(v, r->dim[n - 1], b->dim[n - 1]);
  for (int d = 0; d < n - 2; d++)
    fits = fits && kernel_same_size(v, a->dim[d], b->dim[d]) && kernel_same_size(v, a->dim[d], r->dim[d]);
  if (!fits)
    KERNEL_BAD(v, op->span, "the sizes of matmul do not fit together: a[.., m, k], b[.., k, n] and result [.., m, n]");
  if (op->n_operands == 3 && !kernel_same_type(v, type_of(v, op->operands[2]), r))
    KERNEL_BAD(v, op->span, "the accumulator of matmul has another type than its result");
  return LOOM_OK;
}

static loom_status check_reduce(verifier *v, const kernel_op *op, const kernel_type *r) {
  const kernel_type *a = type_of(v, op->operands[0]);
  bool is_arg = op->fn == KERNEL_FN_ARGMAX || op->fn == KERNEL_FN_ARGMIN;
  if (!is_arg && op->fn != KERNEL_FN_ADD && op->fn != KERNEL_FN_MUL && op->fn != KERNEL_FN_MAX && op->fn != KERNEL_FN_MIN)
    KERNEL_BAD(v, op->span, "\"%s\" is no reduction; expected add, mul, max or min", kernel_fn_name(op->fn));
  if (op->ivalue <= 0 || op->ivalue >= (int64_t)1 << a->rank)
    KERNEL_BAD(v, op->span, "reduce names axes outside 0..%d, or none", a->rank - 1);
  if (is_arg && (r->type != DTYPE_I64 || (op->ivalue & (op->ivalue - 1))))
    KERNEL_BAD(v, op->span, "%s gives i64 along one axis", kernel_fn_name(op->fn));
  kernel_type t = {.type = r->type};
  for (int d = 0; d < a->rank; d++)
    if (!((op->ivalue >> d) & 1))
      t.dim[t.rank++] = a->dim[d];
    else if (op->flag)
      t.dim[t.rank++] = sym_const(&v->ctx->scratch, 1);
  if (!kernel_same_type(v, &t, r))
    KERNEL_BAD(v, op->span, "the result of reduce has another shape than its operand without the reduced axes");
  return LOOM_OK;
}

static loom_status check_reshape(verifier *v, const kernel_op *op, const kernel_type *r) {
  const kernel_type *a = type_of(v, op->operands[0]);
  const sym_expr *from = sym_const(&v->ctx->scratch, 1), *to = from;
  for (int d = 0; d < a->rank; d++)
    from = sym_mul(&v->ctx->scratch, from, a->dim[d]);
  for (int d = 0; d < r->rank; d++)
    to = sym_mul(&v->ctx->scratch, to, r->dim[d]);
  if (a->type != r->type || !kernel_same_size(v, from, to))
    KERNEL_BAD(v, op->span, "reshape changes the number of elements or their type");
  return LOOM_OK;
}

static loom_status check_permute(verifier *v, const kernel_op *op, const kernel_type *r) {
  const kernel_type *a = type_of(v, op->operands[0]);
  int seen = 0;
  bool fits = a->rank == r->rank && a->type == r->type;
  for (int d = 0; fits && d < a->rank; d++) {
    fits = op->perm[d] >= 0 && op->perm[d] < a->rank && kernel_same_size(v, a->dim[op->perm[d]], r->dim[d]);
    seen |= fits ? 1 << op->perm[d] : 0;
  }
  if (!fits || seen != (1 << a->rank) - 1)
    KERNEL_BAD(v, op->span, "permute is no permutation of its operand's dims");
  return LOOM_OK;
}

/* ---- the rest ---- */

static loom_status check_bind(verifier *v, const kernel_op *op) {
  const kernel_type *t = type_of(v, op->operands[0]);
  const kernel_symbol *s = op->expr && op->expr->op == SYM_SYM ? kernel_find_symbol(v->k, op->expr->name) : NULL;
  if (!s || s->kind != KERNEL_SYM_RUNTIME)
    KERNEL_BAD(v, op->span, "bind does not name a run-time symbol of the kernel");
  if (t->rank != 0 || dtype_is_float(t->type) || t->type == DTYPE_BOOL)
    KERNEL_BAD(v, op->span, "bind takes a scalar integer");
  return LOOM_OK;
}

static loom_status check_stack(verifier *v, const kernel_op *op, const kernel_type *r) {
  kernel_type want = {.type = r->type};
  const kernel_type *first = type_of(v, op->operands[0]);
  if (op->ivalue < 0 || op->ivalue > first->rank || first->rank + 1 > KERNEL_RANK_MAX)
    KERNEL_BAD(v, op->span, "stack makes axis %" PRId64 " of values of rank %d", op->ivalue, first->rank);
  for (int i = 1; i < op->n_operands; i++)
    if (!kernel_same_type(v, first, type_of(v, op->operands[i])))
      KERNEL_BAD(v, op->span, "operand %d of stack has another type than the first", i);
  for (int d = 0; d <= first->rank; d++)
    want.dim[want.rank++] = d == op->ivalue ? sym_const(&v->ctx->scratch, op->n_operands) : first->dim[d - (d > op->ivalue)];
  if (!kernel_same_type(v, &want, r))
    KERNEL_BAD(v, op->span, "the result of stack has another shape than its operands side by side");
  return LOOM_OK;
}

static loom_status check_extract(verifier *v, const kernel_op *op, const kernel_type *r) {
  const kernel_type *a = type_of(v, op->operands[0]);
  kernel_type want = {.type = a->type};
  LOOM_TRY(kernel_check_expr(v, op->span, op->expr));
  if (op->ivalue < 0 || op->ivalue >= a->rank)
    KERNEL_BAD(v, op->span, "extract takes from axis %" PRId64 " of a value of rank %d", op->ivalue, a->rank);
  for (int d = 0; d < a->rank; d++)
    if (d != op->ivalue)
      want.dim[want.rank++] = a->dim[d];
  if (!kernel_same_type(v, &want, r))
    KERNEL_BAD(v, op->span, "the result of extract is not its operand without axis %" PRId64, op->ivalue);
  return LOOM_OK;
}

static loom_status check_gather(verifier *v, const kernel_op *op, const kernel_type *r) {
  const kernel_type *a = type_of(v, op->operands[0]);
  LOOM_TRY(check_tile_operand(v, op, op->operands[1]));
  kernel_type inner = {.type = r->type, .rank = r->rank - 1};
  for (int d = 1; d < r->rank; d++)
    inner.dim[d - 1] = r->dim[d];
  if (r->rank < 1 || !kernel_same_type(v, &inner, a))
    KERNEL_BAD(v, op->span, "the result of gather is not [tiles, operand..]");
  return LOOM_OK;
}

loom_status kernel_check_op(verifier *v, const kernel_op *op) {
  LOOM_TRY(check_counts(v, op));
  const kernel_type *r = op->n_results ? type_of(v, op->results[0]) : NULL;
  switch (op->kind) {
  case KERNEL_TILE_BEGIN:
  case KERNEL_TILE_END:
  case KERNEL_TILE_ID:
    LOOM_TRY(check_tile_operand(v, op, op->operands[0]));
    return check_scalar_index(v, op, r);
  case KERNEL_INDEX_EXPR:
    return check_scalar_index(v, op, r);
  case KERNEL_TILE_MASK:
  case KERNEL_TILE_INDEX:
    LOOM_TRY(check_tile_operand(v, op, op->operands[0]));
    return check_tile_index(v, op, r);
  case KERNEL_CONSTANT:
    return check_rank(v, op, r, 0);
  case KERNEL_IOTA:
    return check_rank(v, op, r, 1);
  case KERNEL_FULL:
    return op->n_operands ? check_rank(v, op, type_of(v, op->operands[0]), 0) : LOOM_OK;
  case KERNEL_LOAD:
    return check_load(v, op, r);
  case KERNEL_STORE:
    return check_store(v, op);
  case KERNEL_ATOMIC:
    return check_atomic(v, op, r);
  case KERNEL_BIND:
    return check_bind(v, op);
  case KERNEL_STACK:
    return check_stack(v, op, r);
  case KERNEL_EXTRACT:
    return check_extract(v, op, r);
  case KERNEL_GATHER:
    return check_gather(v, op, r);
  case KERNEL_UNARY:
    return check_unary(v, op, r);
  case KERNEL_BINARY:
    return check_binary(v, op, r);
  case KERNEL_SELECT:
    return check_select(v, op, r);
  case KERNEL_CAST:
    if (!same_dims(v, type_of(v, op->operands[0]), r))
      KERNEL_BAD(v, op->span, "cast changes the shape of its operand");
    return LOOM_OK;
  case KERNEL_BITCAST:
    return check_bitcast(v, op, r);
  case KERNEL_MATMUL:
    return check_matmul(v, op, r);
  case KERNEL_REDUCE:
    return check_reduce(v, op, r);
  case KERNEL_BROADCAST:
    if (type_of(v, op->operands[0])->type != r->type)
      KERNEL_BAD(v, op->span, "broadcast changes the element type");
    return check_broadcast(v, op, 0, r);
  case KERNEL_RESHAPE:
    return check_reshape(v, op, r);
  case KERNEL_PERMUTE:
    return check_permute(v, op, r);
  default:
    return LOOM_OK;
  }
}
