/* Compute: torch.aten.*, torch.prims.*, helion.*.  The dims of results follow from the operands; MLIR's types give the element types. */
#include "frontend/helion_mlir/hm_read.h"
#include <string.h>

typedef loom_status read_fn(hm_reader *r, MlirOperation op);

/* ---- helpers ---- */
/* Sizes that the text says: HM_DIMS. */
static loom_status said_dims(hm_reader *r, MlirOperation op, kernel_type *t) {
  MlirAttribute list = ir_attr_of(op, HM_DIMS);
  if (mlirAttributeIsNull(list))
    return LOOM_OK;
  if (!mlirAttributeIsAArray(list) || mlirArrayAttrGetNumElements(list) != t->rank)
    return hm_bad(r, HM_DIMS " does not have one entry for each of %d dims", t->rank);
  for (int d = 0; d < t->rank; d++) {
    const char *dim = ir_attr_string(r->mem, mlirArrayAttrGetElement(list, d));
    if (!dim)
      return hm_bad(r, HM_DIMS " holds something else than strings");
    LOOM_TRY(sym_parse(r->ctx, r->span, dim, &t->dim[d]));
  }
  return LOOM_OK;
}

static loom_status values(hm_reader *r, MlirOperation op, int n, kernel_value *out) {
  LOOM_TRY(hm_need(r, op, n, 1));
  for (int i = 0; i < n; i++)
    LOOM_TRY(hm_value(r, ir_operand(op, i), &out[i]));
  return LOOM_OK;
}

static loom_status need_one(hm_reader *r, MlirOperation op, intptr_t i) {
  const hm_item *x = hm_get(r, ir_operand(op, i));
  int64_t n;
  if (i >= ir_num_operands(op) || (x->kind == HM_SIZE && sym_is_const(x->size, &n) && n == 1) || (x->kind == HM_NUMBER && !(x->number < 1) && !(x->number > 1)))
    return LOOM_OK;
  return hm_unsupported(r, op, "alpha and beta are 1");
}

static loom_status axis_of(hm_reader *r, MlirValue v, int rank, int *out) {
  int64_t n;
  LOOM_TRY(hm_const(r, v, &n));
  n += n < 0 ? rank : 0;
  if (n < 0 || n >= rank)
    return hm_bad(r, "an axis is outside of the %d dims of the operand", rank);
  *out = (int)n;
  return LOOM_OK;
}

static loom_status sizes(hm_reader *r, MlirValue list, kernel_type *t) {
  MlirOperation op;
  intptr_t n;
  LOOM_TRY(hm_list(r, list, &n, &op));
  if (n > KERNEL_RANK_MAX)
    return hm_bad(r, "a list of %d sizes; at most %d dims exist", (int)n, KERNEL_RANK_MAX);
  t->rank = (int)n;
  for (int d = 0; d < t->rank; d++)
    LOOM_TRY(hm_dim(r, ir_operand(op, d), &t->dim[d]));
  return LOOM_OK;
}

/* ---- elementwise ---- */
/* A number beside a tensor ("mul.Scalar"): a constant of the tensor's type. */
static loom_status scalar_operand(hm_reader *r, MlirOperation op, dtype t, kernel_value *out) {
  hm_item x = *hm_get(r, ir_operand(op, 1));
  kernel_type type = {.type = t};
  int64_t n;
  if (x.kind == HM_SIZE && sym_is_const(x.size, &n))
    x = (hm_item){.kind = HM_NUMBER, .number = (double)n};
  if (x.kind != HM_NUMBER)
    return hm_value(r, ir_operand(op, 1), out);
  kernel_op *k = hm_add(r, KERNEL_CONSTANT, 0, NULL, 1, &type);
  k->fvalue = x.number;
  *out = k->results[0];
  return LOOM_OK;
}

static loom_status apply(hm_reader *r, MlirOperation op, kernel_fn fn, bool is_scalar) {
  int n = kernel_fn_arity(fn);
  kernel_value v[2];
  kernel_type t = {0};
  LOOM_TRY(hm_need(r, op, n, 1));
  LOOM_TRY(hm_element(r, ir_result(op, 0), &t.type));
  dtype element = t.type;
  for (int i = 0; i < n; i++) {
    LOOM_TRY(is_scalar && i ? scalar_operand(r, op, hm_type(r, v[0])->type, &v[i]) : hm_value(r, ir_operand(op, i), &v[i]));
    if (i)
      hm_broadcast(&t, hm_type(r, v[i]));
    else
      t = *hm_type(r, v[i]);
  }
  t.type = element;
  LOOM_TRY(said_dims(r, op, &t));
  hm_add1(r, ir_result(op, 0), n == 1 ? KERNEL_UNARY : KERNEL_BINARY, n, v, t)->fn = fn;
  return LOOM_OK;
}

static loom_status call(hm_reader *r, MlirOperation op) {
  const char *name = ir_attr_string(r->mem, ir_attr_of(op, "fn"));
  kernel_fn fn;
  if (!name || !hm_fn_parse(name, &fn) || kernel_fn_arity(fn) == 0)
    return hm_bad(r, "helion.call has no function of one or two operands (fn = \"truncdiv\")");
  return apply(r, op, fn, false);
}

static loom_status convert_elements(hm_reader *r, MlirOperation op, kernel_op_kind kind) {
  kernel_value v;
  kernel_type t;
  LOOM_TRY(values(r, op, 1, &v));
  t = *hm_type(r, v);
  LOOM_TRY(hm_element(r, ir_result(op, 0), &t.type));
  hm_add1(r, ir_result(op, 0), kind, 1, &v, t);
  return LOOM_OK;
}

static loom_status cast(hm_reader *r, MlirOperation op) { return convert_elements(r, op, KERNEL_CAST); }
static loom_status bitcast(hm_reader *r, MlirOperation op) { return convert_elements(r, op, KERNEL_BITCAST); }

static loom_status where(hm_reader *r, MlirOperation op) {
  kernel_value v[3];
  kernel_type t;
  LOOM_TRY(values(r, op, 3, v));
  t = *hm_type(r, v[0]);
  hm_broadcast(&t, hm_type(r, v[1]));
  hm_broadcast(&t, hm_type(r, v[2]));
  LOOM_TRY(hm_element(r, ir_result(op, 0), &t.type));
  LOOM_TRY(said_dims(r, op, &t));
  hm_add1(r, ir_result(op, 0), KERNEL_SELECT, 3, v, t);
  return LOOM_OK;
}

/* ---- contraction ---- */
static loom_status product(hm_reader *r, MlirOperation op, int n, const kernel_value *v) {
  kernel_type t = *hm_type(r, v[0]);
  const kernel_type *b = hm_type(r, v[1]);
  if (t.rank < 2 || b->rank != t.rank)
    return hm_bad(r, "'%s' has operands of rank %d and %d; expected the same rank, 2 or more", ir_op_name(op), t.rank, b->rank);
  t.dim[t.rank - 1] = b->dim[t.rank - 1];
  LOOM_TRY(hm_element(r, ir_result(op, 0), &t.type));
  hm_add1(r, ir_result(op, 0), KERNEL_MATMUL, n, v, t);
  return LOOM_OK;
}

static loom_status mm(hm_reader *r, MlirOperation op) {
  kernel_value v[2];
  LOOM_TRY(values(r, op, 2, v));
  return product(r, op, 2, v);
}

/* torch's order: accumulator first; then beta and alpha. */
static loom_status addmm(hm_reader *r, MlirOperation op) {
  kernel_value v[3];
  LOOM_TRY(values(r, op, 3, v));
  LOOM_TRY(need_one(r, op, 3));
  LOOM_TRY(need_one(r, op, 4));
  return product(r, op, 3, (kernel_value[]){v[1], v[2], v[0]});
}

static loom_status dot(hm_reader *r, MlirOperation op) {
  kernel_value v[3];
  int n = ir_num_operands(op) > 2 ? 3 : 2;
  LOOM_TRY(values(r, op, n, v));
  return product(r, op, n, v);
}

/* ---- reductions ---- */
static loom_status reduce_axes(hm_reader *r, MlirOperation op, kernel_fn fn, kernel_value v, int64_t axes, bool keepdim) {
  kernel_type from = *hm_type(r, v), t = {0};
  LOOM_TRY(hm_element(r, ir_result(op, 0), &t.type));
  for (int d = 0; d < from.rank; d++)
    if (!(axes >> d & 1))
      t.dim[t.rank++] = from.dim[d];
    else if (keepdim)
      t.dim[t.rank++] = sym_const(r->mem, 1);
  kernel_op *k = hm_add1(r, ir_result(op, 0), KERNEL_REDUCE, 1, &v, t);
  k->fn = fn;
  k->ivalue = axes;
  k->flag = keepdim;
  return LOOM_OK;
}

static loom_status flag_operand(hm_reader *r, MlirOperation op, intptr_t i, bool *out) {
  int64_t n = 0;
  if (i < ir_num_operands(op))
    LOOM_TRY(hm_const(r, ir_operand(op, i), &n));
  *out = n != 0;
  return LOOM_OK;
}

/* (x, axis or axes, keepdim, ..); an empty list: all axes. */
static loom_status reduce(hm_reader *r, MlirOperation op, kernel_fn fn) {
  kernel_value v;
  MlirOperation list;
  intptr_t n;
  bool keepdim;
  int64_t axes = 0;
  int axis = 0;
  LOOM_TRY(hm_need(r, op, 2, 1));
  LOOM_TRY(hm_value(r, ir_operand(op, 0), &v));
  LOOM_TRY(flag_operand(r, op, 2, &keepdim));
  int rank = hm_type(r, v)->rank;
  if (hm_get(r, ir_operand(op, 1))->kind == HM_SIZE) {
    LOOM_TRY(axis_of(r, ir_operand(op, 1), rank, &axis));
    axes = (int64_t)1 << axis;
  } else {
    LOOM_TRY(hm_list(r, ir_operand(op, 1), &n, &list));
    for (intptr_t i = 0; i < n; i++) {
      LOOM_TRY(axis_of(r, ir_operand(list, i), rank, &axis));
      axes |= (int64_t)1 << axis;
    }
    axes = n ? axes : ((int64_t)1 << rank) - 1;
  }
  return reduce_axes(r, op, fn, v, axes, keepdim);
}

static loom_status helion_reduce(hm_reader *r, MlirOperation op) {
  const char *name = ir_attr_string(r->mem, ir_attr_of(op, "fn"));
  kernel_value v;
  kernel_fn fn;
  int64_t axes;
  LOOM_TRY(values(r, op, 1, &v));
  if (!name || !hm_fn_parse(name, &fn) || !ir_attr_int(ir_attr_of(op, "axes"), &axes) || axes <= 0)
    return hm_bad(r, "helion.reduce needs fn and axes");
  return reduce_axes(r, op, fn, v, axes, hm_is_flag(op, "keepdim"));
}

/* ---- scans: the region is a function of scalars ---- */
static loom_status read_function(hm_reader *r, MlirOperation func, kernel_op *op) {
  kernel_region *outer = r->region;
  MlirBlock body = ir_body(func);
  intptr_t n = mlirBlockGetNumArguments(body);
  loom_span at = r->span;
  if (n != 2 * op->n_operands)
    return hm_bad(r, "the function has %d arguments; expected %d", (int)n, 2 * op->n_operands);
  r->region = &op->regions[0];
  for (intptr_t i = 0; i < n; i++) {
    kernel_type t = {.type = hm_type(r, op->operands[i % op->n_operands])->type};
    hm_set_value(r, mlirBlockGetArgument(body, i), kernel_add_param(r->mem, r->k, r->region, t, NULL, NULL));
  }
  LOOM_TRY(hm_read_block(r, body, 0));
  r->region = outer;
  r->span = at;
  return LOOM_OK;
}

static loom_status scan(hm_reader *r, MlirOperation op) {
  bool is_scan = ir_op_is(op, "helion.scan"), flag = hm_is_flag(op, is_scan ? "reverse" : "keepdim");
  const hm_item *parts = hm_get(r, ir_operand(op, 0));
  intptr_t n = parts->kind == HM_LIST ? ir_num_operands(parts->op) : 0;
  MlirOperation tuple = parts->op;
  kernel_value *v = ARENA_NEW_N(r->mem, kernel_value, n + 1);
  kernel_type *t = ARENA_NEW_N(r->mem, kernel_type, n + 1);
  const char *name = ir_attr_string(r->mem, ir_attr_of(op, "combine"));
  MlirOperation func = name ? ir_find_func(r->module, name) : (MlirOperation){NULL};
  int64_t axis;
  if (!n)
    return hm_bad(r, "the operand of '%s' is not a torch.prim.TupleConstruct of tensors", ir_op_name(op));
  if (mlirOperationIsNull(func) || mlirBlockIsNull(ir_body(func)) || func.ptr == mlirOperationGetParentOperation(op).ptr)
    return hm_bad(r, "'%s' needs combine = @function, a private function of scalars", ir_op_name(op));
  for (intptr_t i = 0; i < n; i++) {
    LOOM_TRY(hm_value(r, ir_operand(tuple, i), &v[i]));
    t[i] = *hm_type(r, v[i]);
  }
  if (!ir_attr_int(ir_attr_of(op, "axis"), &axis) || axis < 0 || axis >= t[0].rank)
    return hm_bad(r, "the axis of '%s' is outside of the %d dims of the operand", ir_op_name(op), t[0].rank);
  for (intptr_t i = 0; !is_scan && i < n; i++) {
    kernel_type from = t[i];
    t[i].rank = 0;
    for (int d = 0; d < from.rank; d++)
      if (d != axis || flag)
        t[i].dim[t[i].rank++] = d == axis ? sym_const(r->mem, 1) : from.dim[d];
  }
  kernel_op *k = hm_add(r, is_scan ? KERNEL_SCAN : KERNEL_FOLD, (int)n, v, (int)n, t);
  k->ivalue = axis;
  k->flag = flag;
  hm_set(r, ir_result(op, 0), (hm_item){.kind = HM_RESULTS, .results = k});
  return read_function(r, func, k);
}

/* ---- shapes ---- */
static loom_status reshape_to(hm_reader *r, MlirOperation op, kernel_op_kind kind, bool flag) {
  kernel_value v;
  kernel_type t = {0};
  LOOM_TRY(hm_need(r, op, 2, 1));
  LOOM_TRY(hm_value(r, ir_operand(op, 0), &v));
  LOOM_TRY(sizes(r, ir_operand(op, 1), &t));
  t.type = hm_type(r, v)->type;
  hm_add1(r, ir_result(op, 0), kind, 1, &v, t)->flag = flag;
  return LOOM_OK;
}

static loom_status view(hm_reader *r, MlirOperation op) { return reshape_to(r, op, KERNEL_RESHAPE, false); }
static loom_status expand(hm_reader *r, MlirOperation op) { return reshape_to(r, op, KERNEL_BROADCAST, hm_is_flag(op, "loom.explicit")); }

static loom_status permute_by(hm_reader *r, MlirOperation op, kernel_value v, const int *perm) {
  kernel_type from = *hm_type(r, v), t = from;
  for (int d = 0; d < t.rank; d++)
    t.dim[d] = from.dim[perm[d]];
  memcpy(hm_add1(r, ir_result(op, 0), KERNEL_PERMUTE, 1, &v, t)->perm, perm, (size_t)t.rank * sizeof *perm);
  return LOOM_OK;
}

static loom_status permute(hm_reader *r, MlirOperation op) {
  kernel_value v;
  MlirOperation list;
  intptr_t n;
  int perm[KERNEL_RANK_MAX] = {0}, seen = 0;
  LOOM_TRY(hm_need(r, op, 2, 1));
  LOOM_TRY(hm_value(r, ir_operand(op, 0), &v));
  LOOM_TRY(hm_list(r, ir_operand(op, 1), &n, &list));
  int rank = hm_type(r, v)->rank;
  for (int d = 0; d < rank && n == rank; d++) {
    LOOM_TRY(axis_of(r, ir_operand(list, d), rank, &perm[d]));
    seen |= 1 << perm[d];
  }
  if (n != rank || seen != (1 << rank) - 1)
    return hm_bad(r, "the order of dims is not one of %d dims", rank);
  return permute_by(r, op, v, perm);
}

static loom_status transpose(hm_reader *r, MlirOperation op) {
  kernel_value v;
  int perm[KERNEL_RANK_MAX], a = 0, b = 0;
  LOOM_TRY(hm_need(r, op, 3, 1));
  LOOM_TRY(hm_value(r, ir_operand(op, 0), &v));
  int rank = hm_type(r, v)->rank;
  LOOM_TRY(axis_of(r, ir_operand(op, 1), rank, &a));
  LOOM_TRY(axis_of(r, ir_operand(op, 2), rank, &b));
  for (int d = 0; d < rank; d++)
    perm[d] = d == a ? b : d == b ? a : d;
  return permute_by(r, op, v, perm);
}

static loom_status unsqueeze(hm_reader *r, MlirOperation op) {
  kernel_value v;
  int axis = 0;
  LOOM_TRY(hm_need(r, op, 2, 1));
  LOOM_TRY(hm_value(r, ir_operand(op, 0), &v));
  kernel_type from = *hm_type(r, v), t = {.type = from.type, .rank = from.rank + 1};
  if (t.rank > KERNEL_RANK_MAX)
    return hm_bad(r, "more than %d dims", KERNEL_RANK_MAX);
  LOOM_TRY(axis_of(r, ir_operand(op, 1), t.rank, &axis));
  for (int d = 0; d < t.rank; d++)
    t.dim[d] = d == axis ? sym_const(r->mem, 1) : from.dim[d - (d > axis)];
  hm_add1(r, ir_result(op, 0), KERNEL_RESHAPE, 1, &v, t);
  return LOOM_OK;
}

static loom_status stack(hm_reader *r, MlirOperation op) {
  MlirOperation list;
  intptr_t n;
  int axis = 0;
  LOOM_TRY(hm_need(r, op, 1, 1));
  LOOM_TRY(hm_list(r, ir_operand(op, 0), &n, &list));
  kernel_value *v = ARENA_NEW_N(r->mem, kernel_value, n + 1);
  for (intptr_t i = 0; i < n; i++)
    LOOM_TRY(hm_value(r, ir_operand(list, i), &v[i]));
  if (!n || hm_type(r, v[0])->rank == KERNEL_RANK_MAX)
    return hm_bad(r, "a stack of nothing, or of more than %d dims", KERNEL_RANK_MAX);
  kernel_type from = *hm_type(r, v[0]), t = {.type = from.type, .rank = from.rank + 1};
  LOOM_TRY(axis_of(r, ir_operand(op, 1), t.rank, &axis));
  for (int d = 0; d < t.rank; d++)
    t.dim[d] = d == axis ? sym_const(r->mem, n) : from.dim[d - (d > axis)];
  hm_add1(r, ir_result(op, 0), KERNEL_STACK, (int)n, v, t)->ivalue = axis;
  return LOOM_OK;
}

/* select.int(x, axis, position) */
static loom_status select(hm_reader *r, MlirOperation op) {
  kernel_value v;
  const sym_expr *at;
  int axis = 0;
  LOOM_TRY(hm_need(r, op, 3, 1));
  LOOM_TRY(hm_value(r, ir_operand(op, 0), &v));
  kernel_type t = *hm_type(r, v);
  LOOM_TRY(axis_of(r, ir_operand(op, 1), t.rank, &axis));
  LOOM_TRY(hm_dim(r, ir_operand(op, 2), &at));
  for (int d = axis; d + 1 < t.rank; d++)
    t.dim[d] = t.dim[d + 1];
  t.rank--;
  kernel_op *k = hm_add1(r, ir_result(op, 0), KERNEL_EXTRACT, 1, &v, t);
  k->ivalue = axis;
  k->expr = at;
  return LOOM_OK;
}

/* tensor.expand_shape: new dims of the sizes it says. */
static loom_status expand_shape(hm_reader *r, MlirOperation op) {
  kernel_value v;
  intptr_t next = 1;
  MlirType to = mlirValueGetType(ir_result(op, 0));
  LOOM_TRY(hm_need(r, op, 1, 1));
  LOOM_TRY(hm_value(r, ir_operand(op, 0), &v));
  kernel_type t = {.type = hm_type(r, v)->type, .rank = (int)mlirShapedTypeGetRank(to)};
  if (t.rank > KERNEL_RANK_MAX)
    return hm_bad(r, "more than %d dims", KERNEL_RANK_MAX);
  for (int d = 0; d < t.rank; d++)
    if (mlirShapedTypeIsDynamicDim(to, d))
      LOOM_TRY(hm_dim(r, ir_operand(op, next++), &t.dim[d]));
    else
      t.dim[d] = sym_const(r->mem, mlirShapedTypeGetDimSize(to, d));
  hm_add1(r, ir_result(op, 0), KERNEL_RESHAPE, 1, &v, t);
  return LOOM_OK;
}

/* ---- tiles, numbers ---- */
static loom_status of_tile(hm_reader *r, MlirOperation op, kernel_op_kind kind, bool is_lane) {
  kernel_type t = {.type = DTYPE_I64};
  kernel_value tile;
  LOOM_TRY(hm_need(r, op, 1, 1));
  LOOM_TRY(hm_tile_operand(r, ir_operand(op, 0), &tile));
  LOOM_TRY(hm_element(r, ir_result(op, 0), &t.type));
  if (is_lane && !r->k->values.at[tile].block)
    return hm_bad(r, "'%s' of a loop that has no tiles", ir_op_name(op));
  if (is_lane) {
    t.rank = 1;
    t.dim[0] = sym_name(r->mem, r->k->values.at[tile].block);
  }
  hm_add1(r, ir_result(op, 0), kind, 1, &tile, t);
  return LOOM_OK;
}

static loom_status tile_begin(hm_reader *r, MlirOperation op) { return of_tile(r, op, KERNEL_TILE_BEGIN, false); }
static loom_status tile_end(hm_reader *r, MlirOperation op) { return of_tile(r, op, KERNEL_TILE_END, false); }
static loom_status tile_id(hm_reader *r, MlirOperation op) { return of_tile(r, op, KERNEL_TILE_ID, false); }
static loom_status tile_index(hm_reader *r, MlirOperation op) { return of_tile(r, op, KERNEL_TILE_INDEX, true); }
static loom_status tile_mask(hm_reader *r, MlirOperation op) { return of_tile(r, op, KERNEL_TILE_MASK, true); }

static loom_status iota(hm_reader *r, MlirOperation op) {
  kernel_type t = {.rank = 1};
  double start;
  int64_t step;
  LOOM_TRY(hm_need(r, op, 1, 1));
  LOOM_TRY(hm_element(r, ir_result(op, 0), &t.type));
  LOOM_TRY(hm_dim(r, ir_operand(op, 0), &t.dim[0]));
  if (!hm_number_of(ir_attr_of(op, "start"), &start) || !ir_attr_int(ir_attr_of(op, "step"), &step))
    return hm_bad(r, "helion.iota needs start and step");
  kernel_op *k = hm_add1(r, ir_result(op, 0), KERNEL_IOTA, 0, NULL, t);
  k->fvalue = start;
  k->ivalue = step;
  return LOOM_OK;
}

/* torch.vtensor.literal of one number; loom.value: the number before its type rounded it. */
static loom_status literal(hm_reader *r, MlirOperation op) {
  kernel_type t = {0};
  double x;
  LOOM_TRY(hm_need(r, op, 0, 1));
  LOOM_TRY(hm_element(r, ir_result(op, 0), &t.type));
  MlirAttribute a = ir_attr_of(op, "value"), exact = ir_attr_of(op, "loom.value");
  bool is_scalar = !mlirAttributeIsNull(a) && mlirAttributeIsADenseElements(a) && mlirShapedTypeGetRank(mlirAttributeGetType(a)) == 0;
  if (!is_scalar || !hm_number_of(mlirAttributeIsNull(exact) ? a : exact, &x))
    return hm_unsupported(r, op, "a literal is one number (dense<..> : tensor<f32>)");
  hm_set(r, ir_result(op, 0), (hm_item){.kind = HM_NUMBER, .number = x, .type = t});   /* stands where it is used */
  return LOOM_OK;
}

/* A scalar or a loop's index as a tensor of no dims. */
static loom_status from_elements(hm_reader *r, MlirOperation op) {
  hm_item x = *hm_get(r, ir_operand(op, 0));
  const hm_tile *t;
  LOOM_TRY(hm_need(r, op, 1, 1));
  if (mlirShapedTypeGetRank(mlirValueGetType(ir_result(op, 0))) != 0)
    return hm_unsupported(r, op, "tensors are filled by linalg.fill");
  if (x.kind != HM_SIZE) {
    kernel_value v;
    LOOM_TRY(hm_value(r, ir_operand(op, 0), &v));
    hm_set_value(r, ir_result(op, 0), v);
    return LOOM_OK;
  }
  if ((t = hm_tile_of(r, x.size)) && !t->range.block) {
    hm_set_value(r, ir_result(op, 0), t->param);
    return LOOM_OK;
  }
  LOOM_TRY(hm_resolve(r, x.size, &x.size));
  hm_add1(r, ir_result(op, 0), KERNEL_INDEX_EXPR, 0, NULL, (kernel_type){.type = DTYPE_I64})->expr = x.size;
  return LOOM_OK;
}

static loom_status extract(hm_reader *r, MlirOperation op) {
  kernel_value v;
  LOOM_TRY(hm_need(r, op, 1, 1));
  LOOM_TRY(hm_value(r, ir_operand(op, 0), &v));
  if (hm_type(r, v)->rank != 0)
    return hm_unsupported(r, op, "single elements are taken from tensors of no dims");
  hm_set(r, ir_result(op, 0), (hm_item){.kind = HM_SCALAR, .value = v});
  return LOOM_OK;
}

/* loom.gather(%x, %init, %iv): the values of all tiles of the grid's loop. */
static loom_status gather(hm_reader *r, MlirOperation op) {
  kernel_value v[2];
  LOOM_TRY(hm_need(r, op, 3, 1));
  LOOM_TRY(hm_value(r, ir_operand(op, 0), &v[0]));
  LOOM_TRY(hm_tile_operand(r, ir_operand(op, 2), &v[1]));
  const hm_item *init = hm_get(r, ir_operand(op, 1));
  if (init->kind != HM_EMPTY)
    return hm_bad(r, "loom.gather goes into a tensor.empty of its result's shape");
  hm_add1(r, ir_result(op, 0), KERNEL_GATHER, 2, v, init->type);
  return LOOM_OK;
}

static loom_status same(hm_reader *r, MlirOperation op, intptr_t i) {
  if (i >= ir_num_operands(op) || mlirOperationGetNumResults(op) != 1)
    return hm_bad(r, "'%s' has %d operands", ir_op_name(op), (int)ir_num_operands(op));
  hm_set(r, ir_result(op, 0), *hm_get(r, ir_operand(op, i)));
  return LOOM_OK;
}

/* Conversions between tensor<..> and !torch.vtensor<..>; memory that becomes a torch value is loaded. */
static loom_status convert(hm_reader *r, MlirOperation op) {
  kernel_value v;
  if (hm_get(r, ir_operand(op, 0))->kind == HM_NUMBER)
    return same(r, op, 0);
  LOOM_TRY(values(r, op, 1, &v));
  hm_set_value(r, ir_result(op, 0), v);
  return LOOM_OK;
}

/* Known and unknown sizes: the type changes, not the value. */
static loom_status cast_type(hm_reader *r, MlirOperation op) { return same(r, op, 0); }

/* What was before the loop, what came out of it: the latter. */
static loom_status phi(hm_reader *r, MlirOperation op) { return same(r, op, 1); }

static loom_status unpack(hm_reader *r, MlirOperation op) {
  const hm_item *x = hm_get(r, ir_operand(op, 0));
  const kernel_op *k = x->results;
  if (x->kind != HM_RESULTS || mlirOperationGetNumResults(op) != k->n_results)
    return hm_bad(r, "a tuple that is not the result of a scan or fold, or of another length");
  for (int i = 0; i < k->n_results; i++)
    hm_set_value(r, ir_result(op, i), k->results[i]);
  return LOOM_OK;
}

static loom_status list(hm_reader *r, MlirOperation op) {
  LOOM_TRY(hm_need(r, op, 0, 1));
  hm_set(r, ir_result(op, 0), (hm_item){.kind = HM_LIST, .op = op});
  return LOOM_OK;
}

static const struct { const char *name; read_fn *read; } rows[] = {
    {"torch_c.from_builtin_tensor", convert}, {"torch_c.to_builtin_tensor", convert}, {"torch.prim.ListConstruct", list}, {"torch.prim.TupleConstruct", list}, {"torch.prim.TupleUnpack", unpack}, {"torch.vtensor.literal", literal},
    {"torch.prims.convert_element_type", cast}, {"torch.aten.to.dtype", cast}, {"torch.aten._to_copy", cast}, {"torch.aten.view.dtype", bitcast}, {"torch.aten.where.self", where},
    {"torch.aten.mm", mm}, {"torch.aten.bmm", mm}, {"torch.aten.addmm", addmm}, {"torch.aten.baddbmm", addmm}, {"torch.aten.matmul", mm},
    {"torch.aten.view", view}, {"torch.aten.reshape", view}, {"torch.aten.expand", expand}, {"torch.aten.permute", permute},
    {"torch.aten.transpose.int", transpose}, {"torch.aten.unsqueeze", unsqueeze}, {"torch.aten.stack", stack}, {"torch.aten.select.int", select},
    {"tensor.cast", cast_type}, {"tensor.expand_shape", expand_shape}, {"tensor.from_elements", from_elements}, {"tensor.extract", extract},
    {"helion.phi", phi}, {"helion.call", call}, {"helion.dot", dot}, {"helion.reduce", helion_reduce}, {"helion.scan", scan}, {"helion.fold", scan},
    {"helion.iota", iota}, {"helion.tile_begin", tile_begin}, {"helion.tile_end", tile_end}, {"helion.tile_id", tile_id}, {"helion.tile_index", tile_index},
    {"helion.tile_mask", tile_mask}, {"loom.gather", gather}};

static const struct { const char *aten; kernel_fn fn; } reductions[] = {
    {"sum.dim_IntList", KERNEL_FN_ADD}, {"amax", KERNEL_FN_MAX},       {"amin", KERNEL_FN_MIN},
    {"prod.dim_int", KERNEL_FN_MUL},    {"argmax", KERNEL_FN_ARGMAX}, {"argmin", KERNEL_FN_ARGMIN}};

/* "mul.Tensor", "mul.Scalar", "exp": functions of elements. */
static const hm_fn_row *find_function(hm_reader *r, const char *aten, bool *is_scalar) {
  *is_scalar = text_ends(aten, ".Scalar") || text_eq(aten, "pow.Tensor_Scalar");
  if (text_ends(aten, ".Scalar"))
    aten = arena_printf(r->mem, "%.*s.Tensor", (int)(strlen(aten) - strlen(".Scalar")), aten);
  else if (*is_scalar)
    aten = "pow.Tensor_Tensor";
  return hm_aten_find(aten);
}

bool hm_read_compute_op(hm_reader *r, MlirOperation op, loom_status *st) {
  const char *name = ir_op_name(op), *aten = name + strlen("torch.aten.");
  bool is_scalar;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (text_eq(rows[i].name, name))
      return *st = rows[i].read(r, op), true;
  if (!text_starts(name, "torch.aten."))
    return false;
  for (size_t i = 0; i < sizeof reductions / sizeof *reductions; i++)
    if (text_eq(reductions[i].aten, aten))
      return *st = reduce(r, op, reductions[i].fn), true;
  const hm_fn_row *row = find_function(r, aten, &is_scalar);
  if (!row)
    return *st = hm_unsupported(r, op, "Loom has no such ATen operation (docs/helion.md lists them)"), true;
  *st = row->has_alpha ? need_one(r, op, 2) : LOOM_OK;
  if (*st == LOOM_OK)
    *st = apply(r, op, row->fn, is_scalar);
  return true;
}
