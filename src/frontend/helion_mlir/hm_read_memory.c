/* Host memory, loads, stores and atomics. */
#include "frontend/helion_mlir/hm_read.h"
#include "base/number.h"
#include <stdio.h>
#include <string.h>

/* ---- memory of the host ---- */
/* Sizes of a tensor type: numbers from the type, the others from operands `first`.. in order. */
static loom_status dims_of(hm_reader *r, MlirOperation op, MlirType t, intptr_t first, kernel_type *out) {
  if (!mlirTypeIsAShaped(t) || !mlirShapedTypeHasRank(t) || mlirShapedTypeGetRank(t) > KERNEL_RANK_MAX || !hm_mlir_element(t, &out->type))
    return hm_bad(r, "%s is not a tensor of at most %d dims", ir_print_type(r->mem, t), KERNEL_RANK_MAX);
  out->rank = (int)mlirShapedTypeGetRank(t);
  for (int d = 0; d < out->rank; d++)
    if (!mlirShapedTypeIsDynamicDim(t, d))
      out->dim[d] = sym_const(r->mem, mlirShapedTypeGetDimSize(t, d));
    else if (first < ir_num_operands(op))
      LOOM_TRY(hm_dim(r, ir_operand(op, first++), &out->dim[d]));
    else
      return hm_bad(r, "'%s' says fewer sizes than its type leaves open", ir_op_name(op));
  return LOOM_OK;
}

static const char *memory_name(hm_reader *r, MlirOperation op, const char *otherwise) {
  const char *name = ir_attr_string(r->mem, ir_attr_of(op, "name"));
  for (int i = 0; !name || !*name || kernel_find_tensor(r->k, name) >= 0; i++)
    name = arena_printf(r->mem, "%s_%d", otherwise, i);
  return name;
}

static loom_status at_top(hm_reader *r, MlirOperation op) {
  return r->region == &r->k->body ? LOOM_OK : hm_bad(r, "'%s' inside of a loop; host memory is made at the function's own level", ir_op_name(op));
}

static loom_status read_alloc(hm_reader *r, MlirOperation op) {
  kernel_type shape = {0};
  double fill;
  LOOM_TRY(at_top(r, op));
  LOOM_TRY(hm_need(r, op, 0, 1));
  LOOM_TRY(dims_of(r, op, mlirValueGetType(ir_result(op, 0)), 0, &shape));
  kernel_tensor t = kernel_add_tensor(r->mem, r->k, memory_name(r, op, "alloc"), KERNEL_ALLOC, shape);
  kernel_tensor_info *info = &r->k->tensors.at[t];
  info->span = r->span;
  if (hm_number_of(ir_attr_of(op, "fill_value"), &fill)) {
    info->fill = hm_is_flag(op, "zeros") ? KERNEL_FILL_ZERO : KERNEL_FILL_VALUE;
    info->fill_value = fill;
  }
  hm_set(r, ir_result(op, 0), (hm_item){.kind = HM_MEMORY, .memory = t});
  return LOOM_OK;
}

/* "helion.host_ref"(%base, offset, sizes.., strides..) */
static loom_status read_view(hm_reader *r, MlirOperation op) {
  kernel_type shape = {0};
  kernel_tensor base;
  LOOM_TRY(at_top(r, op));
  LOOM_TRY(hm_need(r, op, 2, 1));
  LOOM_TRY(hm_memory(r, ir_operand(op, 0), &base));
  shape.type = r->k->tensors.at[base].shape.type;
  intptr_t rank = (ir_num_operands(op) - 2) / 2;
  if (rank > KERNEL_RANK_MAX || ir_num_operands(op) != 2 + 2 * rank)
    return hm_bad(r, "helion.host_ref takes memory, an offset, and a size and a stride for each of at most %d dims", KERNEL_RANK_MAX);
  shape.rank = (int)rank;
  for (int d = 0; d < shape.rank; d++)
    LOOM_TRY(hm_dim(r, ir_operand(op, 2 + d), &shape.dim[d]));
  kernel_tensor t = kernel_add_tensor(r->mem, r->k, memory_name(r, op, "view"), KERNEL_VIEW, shape);
  kernel_tensor_info *info = &r->k->tensors.at[t];
  info->span = r->span;
  info->base = base;
  LOOM_TRY(hm_dim(r, ir_operand(op, 1), &info->offset));
  for (int d = 0; d < shape.rank; d++)
    LOOM_TRY(hm_dim(r, ir_operand(op, 2 + rank + d), &info->stride[d]));
  hm_set(r, ir_result(op, 0), (hm_item){.kind = HM_MEMORY, .memory = t});
  return LOOM_OK;
}

/* ---- rectangles ---- */
typedef VEC_OF(const sym_expr *) terms;

static void add_terms(hm_reader *r, const sym_expr *e, terms *out) {
  if (e->op != SYM_ADD) {
    vec_push(r->mem, out, e);
    return;
  }
  add_terms(r, e->arg[0], out);
  add_terms(r, e->arg[1], out);
}

static bool is_product(const sym_expr *e, const char *a, const char *b) {
  return e->op == SYM_MUL && e->arg[0]->op == SYM_SYM && e->arg[1]->op == SYM_SYM &&
         ((text_eq(e->arg[0]->name, a) && text_eq(e->arg[1]->name, b)) || (text_eq(e->arg[0]->name, b) && text_eq(e->arg[1]->name, a)));
}

static const sym_expr *sum(hm_reader *r, const terms *t, size_t without_a, size_t without_b) {
  const sym_expr *all = NULL;
  for (size_t i = 0; i < t->n; i++)
    if (i != without_a && i != without_b)
      all = all ? sym_add(r->mem, all, t->at[i]) : t->at[i];
  return all;
}

/* Offset %iv * block (+ the range's begin) (+ more), of the block's size: the current tile, moved by `more`. */
static bool as_tile(hm_reader *r, const sym_expr *offset, const sym_expr *size, kernel_index *out) {
  terms t = {0};
  int64_t zero;
  add_terms(r, offset, &t);
  for (size_t i = r->tiles.n; i-- > 0;) {
    const hm_tile *tile = &r->tiles.at[i];
    const char *block = tile->range.block, *nominal = block ? arena_printf(r->mem, "%s.block_size", block) : NULL;
    bool is_size = block && size->op == SYM_SYM && (text_eq(size->name, block) || text_eq(size->name, nominal));
    size_t product = 0, begin;
    while (product < t.n && !(block && is_product(t.at[product], tile->iv, nominal)))
      product++;
    if (!is_size || product == t.n)
      continue;
    bool from_zero = sym_is_const(tile->first, &zero) && zero == 0;
    for (begin = 0; !from_zero && begin < t.n && !sym_equal(t.at[begin], tile->first);)
      begin++;
    const sym_expr *more = sum(r, &t, product, from_zero ? t.n : begin);
    if (!from_zero && begin == t.n)   /* the begin is no term of its own */
      more = sym_sub(r->mem, more ? more : sym_const(r->mem, 0), tile->first);
    *out = (kernel_index){.kind = KERNEL_INDEX_TILE, .value = tile->param, .begin = more};
    return true;
  }
  return false;
}

/* A dim of a slice: `at` stands for the offset when it is no number. */
static loom_status slice_index(hm_reader *r, kernel_tensor t, int dim, MlirValue at, int64_t number, const sym_expr *size, bool is_dropped, kernel_index *out) {
  const hm_item *x = mlirValueIsNull(at) ? NULL : hm_get(r, at);
  const sym_expr *offset = sym_const(r->mem, number), *extent = r->k->tensors.at[t].shape.dim[dim];
  const hm_tile *tile;
  int64_t zero;
  *out = (kernel_index){.kind = KERNEL_INDEX_SCALAR, .value = -1};
  if (x && x->kind == HM_INDEX) {
    out->value = x->value;
    return is_dropped ? LOOM_OK : hm_bad(r, "a slice that begins where data says keeps the dim; give it size 1 and drop the dim, or make the offset by helion.item");
  }
  if (x)
    LOOM_TRY(hm_size_of(r, at, &offset));
  if (is_dropped && (tile = hm_tile_of(r, offset)) && !tile->range.block) {
    out->value = tile->param;
    return LOOM_OK;
  }
  if (is_dropped)
    return hm_resolve(r, offset, &out->begin);
  if (as_tile(r, offset, size, out))
    return out->begin ? hm_resolve(r, out->begin, &out->begin) : LOOM_OK;
  *out = (kernel_index){.kind = KERNEL_INDEX_ALL, .value = -1};
  if (sym_is_const(offset, &zero) && zero == 0 && sym_equal(size, extent))
    return LOOM_OK;
  out->kind = KERNEL_INDEX_SLICE;
  LOOM_TRY(hm_resolve(r, offset, &out->begin));
  LOOM_TRY(hm_resolve(r, size, &size));
  out->end = sym_add(r->mem, out->begin, size);
  return LOOM_OK;
}

static int64_t static_at(MlirOperation op, const char *name, intptr_t i) {
  MlirAttribute a = ir_attr_of(op, name);
  return mlirAttributeIsNull(a) || i >= mlirDenseArrayGetNumElements(a) ? INT64_MIN : mlirDenseI64ArrayGetElement(a, i);
}

/* Dims of the slice that its type does not have: of size 1 and not in `part`. */
static void find_dropped(MlirType part, int rank, const int64_t *sizes, bool *dropped) {
  intptr_t next = 0, n = mlirShapedTypeGetRank(part);
  for (int d = 0; d < rank; d++) {
    int64_t have = next < n ? (mlirShapedTypeIsDynamicDim(part, next) ? INT64_MIN : mlirShapedTypeGetDimSize(part, next)) : -1;
    dropped[d] = rank > n && have != sizes[d];
    next += !dropped[d];
  }
}

/* The indices of a tensor.extract_slice or insert_slice whose offsets are operand segment `segment`. */
static loom_status rectangle(hm_reader *r, MlirOperation op, int segment, kernel_tensor t, MlirType part, kernel_index **out) {
  int rank = r->k->tensors.at[t].shape.rank;
  intptr_t at[2], count;
  int64_t sizes[KERNEL_RANK_MAX];
  bool dropped[KERNEL_RANK_MAX];
  if (!ir_segment(op, segment, &at[0], &count) || !ir_segment(op, segment + 1, &at[1], &count))
    return hm_bad(r, "'%s' has no offsets and sizes", ir_op_name(op));
  for (int d = 0; d < rank; d++)
    sizes[d] = static_at(op, "static_sizes", d);
  find_dropped(part, rank, sizes, dropped);
  *out = ARENA_NEW_N(r->mem, kernel_index, rank);
  for (int d = 0; d < rank; d++) {
    int64_t offset = static_at(op, "static_offsets", d);
    const sym_expr *size = sym_const(r->mem, sizes[d]);
    MlirValue v = {NULL};
    if (offset == INT64_MIN)
      v = ir_operand(op, at[0]++);
    if (sizes[d] == INT64_MIN)
      LOOM_TRY(hm_size_of(r, ir_operand(op, at[1]++), &size));
    if (static_at(op, "static_strides", d) != 1)
      return hm_unsupported(r, op, "slices have steps of 1");
    LOOM_TRY(slice_index(r, t, d, v, offset, size, dropped[d], &(*out)[d]));
  }
  return LOOM_OK;
}

/* What an index list selects. */
static loom_status part_type(hm_reader *r, kernel_tensor t, const kernel_index *index, int n, kernel_type *out) {
  int dim = 0;
  bool taken[KERNEL_RANK_MAX + 1] = {false};
  VEC_OF(const sym_expr *) kept = {0};
  *out = (kernel_type){.type = r->k->tensors.at[t].shape.type};
  for (int i = 0; i < n; i++) {
    const kernel_index *x = &index[i];
    if (x->kind != KERNEL_INDEX_NEW && dim++ >= r->k->tensors.at[t].shape.rank)
      return hm_bad(r, "more indices than the memory has dims");
    switch (x->kind) {
    case KERNEL_INDEX_TILE: vec_push(r->mem, &kept, sym_name(r->mem, r->k->values.at[x->value].block)); break;
    case KERNEL_INDEX_ALL: vec_push(r->mem, &kept, r->k->tensors.at[t].shape.dim[dim - 1]); break;
    case KERNEL_INDEX_SLICE: vec_push(r->mem, &kept, sym_sub(r->mem, x->end, x->begin)); break;
    case KERNEL_INDEX_NEW: vec_push(r->mem, &kept, sym_const(r->mem, 1)); break;
    case KERNEL_INDEX_SCALAR: break;
    case KERNEL_INDEX_TENSOR:
      for (int d = 0; d < x->rank; d++) {
        const kernel_type *xt = hm_type(r, x->value);
        int own = d - (x->rank - xt->rank), to = x->dim + d;
        int64_t one;
        const sym_expr *size = own >= 0 ? xt->dim[own] : sym_const(r->mem, 1);
        if (!taken[to] || (sym_is_const(out->dim[to], &one) && one == 1))
          out->dim[to] = size;
        taken[to] = true;
      }
    }
  }
  if (dim != r->k->tensors.at[t].shape.rank)
    return hm_bad(r, "%d indices for the %d dims of '%s'", dim, r->k->tensors.at[t].shape.rank, r->k->tensors.at[t].name);
  size_t next = 0;
  for (; out->rank < KERNEL_RANK_MAX && (taken[out->rank] || next < kept.n); out->rank++)
    if (!taken[out->rank])
      out->dim[out->rank] = kept.at[next++];
  return next == kept.n ? LOOM_OK : hm_bad(r, "a part of more than %d dims", KERNEL_RANK_MAX);
}

static void set_index(kernel_op *op, kernel_tensor t, kernel_index *index, int n) {
  op->tensor = t;
  op->index = index;
  op->n_index = n;
}

/* ---- slices ---- */
/* A slice of a value is the value itself. */
static loom_status slice_of_value(hm_reader *r, MlirOperation op, kernel_value v) {
  const kernel_type *t = hm_type(r, v);
  intptr_t at, count;
  bool is_all = ir_segment(op, 2, &at, &count) && mlirShapedTypeGetRank(mlirValueGetType(ir_result(op, 0))) == t->rank;
  for (int d = 0; is_all && d < t->rank; d++) {
    const sym_expr *size = sym_const(r->mem, static_at(op, "static_sizes", d));
    if (static_at(op, "static_sizes", d) == INT64_MIN)
      LOOM_TRY(hm_dim(r, ir_operand(op, at++), &size));
    is_all = static_at(op, "static_offsets", d) == 0 && static_at(op, "static_strides", d) == 1 && sym_equal(size, t->dim[d]);
  }
  if (!is_all)
    return hm_unsupported(r, op, "a part of a value that is not in host memory");
  hm_set_value(r, ir_result(op, 0), v);
  return LOOM_OK;
}

static loom_status extract_slice(hm_reader *r, MlirOperation op) {
  const hm_item *x = hm_get(r, ir_operand(op, 0));
  kernel_tensor t;
  kernel_index *index;
  kernel_type type;
  if (x->kind == HM_VALUE)
    return slice_of_value(r, op, x->value);
  LOOM_TRY(hm_memory(r, ir_operand(op, 0), &t));
  int rank = r->k->tensors.at[t].shape.rank;
  LOOM_TRY(rectangle(r, op, 1, t, mlirValueGetType(ir_result(op, 0)), &index));
  LOOM_TRY(part_type(r, t, index, rank, &type));
  set_index(hm_add1(r, ir_result(op, 0), KERNEL_LOAD, 0, NULL, type), t, index, rank);
  return LOOM_OK;
}

/* The STORE that an insert_slice is. */
static loom_status store_slice(hm_reader *r, MlirOperation op) {
  kernel_tensor t;
  kernel_value v;
  kernel_index *index;
  LOOM_TRY(hm_memory(r, ir_operand(op, 1), &t));
  LOOM_TRY(hm_value(r, ir_operand(op, 0), &v));
  int rank = r->k->tensors.at[t].shape.rank;
  LOOM_TRY(rectangle(r, op, 2, t, mlirValueGetType(ir_operand(op, 0)), &index));
  set_index(hm_add(r, KERNEL_STORE, 1, &v, 0, NULL), t, index, rank);
  return LOOM_OK;
}

static bool is_stored_later(MlirOperation op) {
  for (MlirOpOperand u = mlirValueGetFirstUse(ir_result(op, 0)); !mlirOpOperandIsNull(u); u = mlirOpOperandGetNextUse(u))
    if (ir_op_is(mlirOpOperandGetOwner(u), "helion.store"))
      return true;
  return false;
}

static loom_status insert_slice(hm_reader *r, MlirOperation op) {
  kernel_tensor t;
  LOOM_TRY(hm_memory(r, ir_operand(op, 1), &t));
  hm_set(r, ir_result(op, 0), (hm_item){.kind = HM_STORED, .memory = t, .op = op});
  return is_stored_later(op) ? LOOM_OK : store_slice(r, op);
}

/* ---- index lists ---- */
static loom_status index_kind(hm_reader *r, MlirAttribute a, kernel_index *out) {
  const char *word = ir_attr_string(r->mem, a);
  char name[16];
  const char *at = word && text_starts(word, "tensor ") ? word + strlen("tensor ") : "";
  const int dim = number_take(&at), rank = *at == ' ' ? number_of(at + 1) : -1;
  if (dim >= 0 && rank >= 0) {
    out->dim = dim;
    out->rank = rank;
    out->kind = KERNEL_INDEX_TENSOR;
    bool fits = out->dim >= 0 && out->rank >= 1 && out->dim <= KERNEL_RANK_MAX && out->rank <= KERNEL_RANK_MAX && out->dim + out->rank <= KERNEL_RANK_MAX;
    return fits ? LOOM_OK : hm_bad(r, "an index tensor gives dims %d..%d; at most %d exist", out->dim, out->dim + out->rank - 1, KERNEL_RANK_MAX);
  }
  if (word && strlen(word) < sizeof name && hm_index_parse(word, &out->kind) && out->kind != KERNEL_INDEX_TENSOR)
    return LOOM_OK;
  return hm_bad(r, "an entry of indices is %s; expected tile, scalar, all, slice, new or \"tensor <dim> <rank>\"", ir_print_attr(r->mem, a));
}

static loom_status scalar_index(hm_reader *r, MlirValue v, kernel_index *out) {
  const hm_item *x = hm_get(r, v);
  const sym_expr *e;
  const hm_tile *t;
  if (x->kind == HM_INDEX) {
    out->value = x->value;
    return LOOM_OK;
  }
  LOOM_TRY(hm_size_of(r, v, &e));
  if ((t = hm_tile_of(r, e)) && !t->range.block) {
    out->value = t->param;
    return LOOM_OK;
  }
  return hm_resolve(r, e, &out->begin);
}

/* The tuple that says where: operand `i`. */
static loom_status where_of(hm_reader *r, MlirOperation op, intptr_t i, intptr_t n_values, MlirOperation *out) {
  const hm_item *x = hm_get(r, ir_operand(op, i));
  if (x->kind != HM_LIST || ir_num_operands(x->op) < n_values)
    return hm_bad(r, "operand %d of '%s' is not a torch.prim.TupleConstruct of %s its indices name", (int)i, ir_op_name(op), n_values ? "its mask and of what" : "what");
  *out = x->op;
  return LOOM_OK;
}

/* Elements of tuple `where` from `at` on, as `indices` of `op` says. */
static loom_status index_list(hm_reader *r, MlirOperation op, MlirOperation where, intptr_t at, kernel_index **out, int *out_n) {
  MlirAttribute list = ir_attr_of(op, "indices");
  intptr_t n = !mlirAttributeIsNull(list) && mlirAttributeIsAArray(list) ? mlirArrayAttrGetNumElements(list) : -1;
  if (n < 0 || n > 2 * KERNEL_RANK_MAX)
    return hm_bad(r, "'%s' needs indices = [..], one entry a dim", ir_op_name(op));
  kernel_index *index = ARENA_NEW_N(r->mem, kernel_index, n);
  for (intptr_t i = 0; i < n; i++) {
    kernel_index *x = &index[i];
    int64_t zero;
    x->value = -1;
    LOOM_TRY(index_kind(r, mlirArrayAttrGetElement(list, i), x));
    intptr_t wants = x->kind == KERNEL_INDEX_TILE || x->kind == KERNEL_INDEX_SLICE ? 2 : x->kind == KERNEL_INDEX_SCALAR || x->kind == KERNEL_INDEX_TENSOR;
    if (at + wants > ir_num_operands(where))
      return hm_bad(r, "'%s' has a tuple too short for its indices", ir_op_name(op));
    if (x->kind == KERNEL_INDEX_TENSOR)
      LOOM_TRY(hm_value(r, ir_operand(where, at), &x->value));
    if (x->kind == KERNEL_INDEX_SCALAR)
      LOOM_TRY(scalar_index(r, ir_operand(where, at), x));
    if (x->kind == KERNEL_INDEX_TILE) {
      LOOM_TRY(hm_tile_operand(r, ir_operand(where, at), &x->value));
      LOOM_TRY(hm_dim(r, ir_operand(where, at + 1), &x->begin));
      if (!r->k->values.at[x->value].block)
        return hm_bad(r, "a tile of a loop that has none");
      x->begin = sym_is_const(x->begin, &zero) && zero == 0 ? NULL : x->begin;
    }
    if (x->kind == KERNEL_INDEX_SLICE) {
      LOOM_TRY(hm_dim(r, ir_operand(where, at), &x->begin));
      LOOM_TRY(hm_dim(r, ir_operand(where, at + 1), &x->end));
    }
    at += wants;
  }
  if (at != ir_num_operands(where))
    return hm_bad(r, "'%s' has a tuple longer than its indices need", ir_op_name(op));
  *out = index;
  *out_n = (int)n;
  return LOOM_OK;
}

static loom_status load(hm_reader *r, MlirOperation op) {
  bool is_masked = hm_is_flag(op, "masked");
  kernel_tensor t;
  kernel_value mask = -1;
  kernel_index *index;
  kernel_type type;
  int n;
  MlirOperation where;
  LOOM_TRY(hm_need(r, op, 2, 1));
  LOOM_TRY(hm_memory(r, ir_operand(op, 0), &t));
  LOOM_TRY(where_of(r, op, 1, is_masked, &where));
  if (is_masked)
    LOOM_TRY(hm_value(r, ir_operand(where, 0), &mask));
  LOOM_TRY(index_list(r, op, where, is_masked, &index, &n));
  LOOM_TRY(part_type(r, t, index, n, &type));
  set_index(hm_add1(r, ir_result(op, 0), KERNEL_LOAD, is_masked, &mask, type), t, index, n);
  return LOOM_OK;
}

static loom_status store(hm_reader *r, MlirOperation op) {
  bool is_masked = hm_is_flag(op, "masked");
  const hm_item *x = hm_get(r, ir_operand(op, 1));
  kernel_tensor t;
  kernel_value v[2];
  kernel_index *index;
  int n;
  MlirOperation where;
  LOOM_TRY(hm_need(r, op, 2, 0));
  LOOM_TRY(hm_memory(r, ir_operand(op, 0), &t));
  if (mlirAttributeIsNull(ir_attr_of(op, "indices"))) {
    if (x->kind != HM_STORED || x->memory != t)
      return hm_bad(r, "helion.store takes an insert_slice into its memory, or a tensor and indices");
    return store_slice(r, x->op);
  }
  LOOM_TRY(where_of(r, op, 2, is_masked, &where));
  LOOM_TRY(hm_value(r, ir_operand(op, 1), &v[0]));
  if (is_masked)
    LOOM_TRY(hm_value(r, ir_operand(where, 0), &v[1]));
  LOOM_TRY(index_list(r, op, where, is_masked, &index, &n));
  set_index(hm_add(r, KERNEL_STORE, 1 + is_masked, v, 0, NULL), t, index, n);
  return LOOM_OK;
}

/* "helion.atomic"(%memory, %value, (mask, expected, indices..)) {fn = "add"} */
static loom_status atomic(hm_reader *r, MlirOperation op) {
  const char *name = ir_attr_string(r->mem, ir_attr_of(op, "fn"));
  bool is_masked = hm_is_flag(op, "masked");
  intptr_t n_results = mlirOperationGetNumResults(op), at = 0;
  kernel_value v[3] = {-1, -1, -1};
  kernel_tensor t;
  kernel_index *index;
  kernel_type type;
  kernel_fn fn;
  int n;
  if (!name || !hm_fn_parse(name, &fn))
    return hm_bad(r, "helion.atomic has no function (fn = \"add\")");
  bool is_cas = fn == KERNEL_FN_CAS;
  MlirOperation where;
  LOOM_TRY(hm_need(r, op, 3, n_results > 0));
  LOOM_TRY(hm_memory(r, ir_operand(op, 0), &t));
  LOOM_TRY(where_of(r, op, 2, is_masked + is_cas, &where));
  LOOM_TRY(hm_value(r, ir_operand(op, 1), &v[0]));
  if (is_masked)
    LOOM_TRY(hm_value(r, ir_operand(where, at++), &v[1]));
  if (is_cas)
    LOOM_TRY(hm_value(r, ir_operand(where, at++), &v[2]));
  LOOM_TRY(index_list(r, op, where, at, &index, &n));
  LOOM_TRY(part_type(r, t, index, n, &type));
  kernel_op *k = hm_add(r, KERNEL_ATOMIC, is_cas ? 3 : 2, v, (int)n_results, &type);
  k->fn = fn;
  set_index(k, t, index, n);
  if (n_results)
    hm_set_value(r, ir_result(op, 0), k->results[0]);
  return LOOM_OK;
}

static loom_status read_empty(hm_reader *r, MlirOperation op) {
  hm_item x = {.kind = HM_EMPTY};
  LOOM_TRY(dims_of(r, op, mlirValueGetType(ir_result(op, 0)), 0, &x.type));
  hm_set(r, ir_result(op, 0), x);
  return LOOM_OK;
}

/* linalg.fill ins(%x) outs(%empty): the tensor of one number. */
static loom_status fill(hm_reader *r, MlirOperation op) {
  const hm_item *x = hm_get(r, ir_operand(op, 0)), *init = hm_get(r, ir_operand(op, 1));
  kernel_type type = init->kind == HM_EMPTY ? init->type : init->kind == HM_VALUE ? *hm_type(r, init->value) : (kernel_type){0};
  kernel_op *k;
  int64_t n;
  LOOM_TRY(hm_need(r, op, 2, 1));
  if (init->kind != HM_EMPTY && init->kind != HM_VALUE)
    return hm_unsupported(r, op, "only a tensor.empty is filled; host memory has fill_value");
  if (x->kind == HM_SCALAR || x->kind == HM_VALUE) {
    hm_add1(r, ir_result(op, 0), KERNEL_FULL, 1, &x->value, type);
    return LOOM_OK;
  }
  double number = x->number;
  if (x->kind == HM_SIZE && sym_is_const(x->size, &n))
    number = (double)n;
  else if (x->kind != HM_NUMBER)
    return hm_bad(r, "linalg.fill of something else than a number or an element of a tensor");
  k = hm_add1(r, ir_result(op, 0), KERNEL_FULL, 0, NULL, type);
  k->fvalue = number;
  return LOOM_OK;
}

/* "helion.full"(sizes..) {fill_value} */
static loom_status full(hm_reader *r, MlirOperation op) {
  kernel_type type = {0};
  double number = 0;
  LOOM_TRY(hm_need(r, op, 0, 1));
  if (!hm_number_of(ir_attr_of(op, "fill_value"), &number))
    return hm_bad(r, "helion.full has no fill_value");
  LOOM_TRY(dims_of(r, op, mlirValueGetType(ir_result(op, 0)), 0, &type));
  hm_add1(r, ir_result(op, 0), KERNEL_FULL, 0, NULL, type)->fvalue = number;
  return LOOM_OK;
}

/* "helion.splat"(%element, sizes..) */
static loom_status splat(hm_reader *r, MlirOperation op) {
  kernel_type type = {0};
  kernel_value v;
  LOOM_TRY(hm_need(r, op, 1, 1));
  LOOM_TRY(hm_value(r, ir_operand(op, 0), &v));
  LOOM_TRY(dims_of(r, op, mlirValueGetType(ir_result(op, 0)), 1, &type));
  hm_add1(r, ir_result(op, 0), KERNEL_FULL, 1, &v, type);
  return LOOM_OK;
}

bool hm_read_memory_op(hm_reader *r, MlirOperation op, loom_status *st) {
  static const struct { const char *name; loom_status (*read)(hm_reader *, MlirOperation); } rows[] = {
      {"helion.alloc", read_alloc}, {"helion.host_ref", read_view}, {"helion.load", load},  {"helion.store", store}, {"helion.atomic", atomic},
      {"helion.full", full},        {"helion.splat", splat},      {"tensor.empty", read_empty},   {"linalg.fill", fill},  {"tensor.extract_slice", extract_slice}, {"tensor.insert_slice", insert_slice}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (text_eq(rows[i].name, ir_op_name(op)))
      return *st = rows[i].read(r, op), true;
  return false;
}
