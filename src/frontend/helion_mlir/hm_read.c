/* MLIR text of the helion form -> kernel graph: the module, its symbols and memory. */
#include "frontend/helion_mlir/hm_read.h"
#include "base/hash.h"
#include <string.h>

enum { READ_DEPTH_MAX = 200 };

/* ---- what values are ---- */
static hm_slot *slot_of(hm_reader *r, const void *key) {
  size_t i = ((uintptr_t)key >> 4) * UINT64_C(0x9E3779B97F4A7C15) >> 20;
  for (i &= r->n_slots - 1; r->slots[i].key && r->slots[i].key != key; i = (i + 1) & (r->n_slots - 1))
    ;
  return &r->slots[i];
}

static void grow(hm_reader *r) {
  hm_slot *old = r->slots;
  size_t n = r->n_slots;
  r->n_slots = n ? 2 * n : 256;
  r->slots = ARENA_NEW_N(r->mem, hm_slot, r->n_slots);
  for (size_t i = 0; i < n; i++)
    if (old[i].key)
      *slot_of(r, old[i].key) = old[i];
}

void hm_set(hm_reader *r, MlirValue v, hm_item item) {
  if (2 * (r->n_items + 1) > r->n_slots)
    grow(r);
  hm_slot *s = slot_of(r, v.ptr);
  r->n_items += !s->key;
  *s = (hm_slot){v.ptr, item};
}

void hm_set_value(hm_reader *r, MlirValue v, kernel_value x) { hm_set(r, v, (hm_item){.kind = HM_VALUE, .value = x}); }
void hm_set_size(hm_reader *r, MlirValue v, const sym_expr *e) { hm_set(r, v, (hm_item){.kind = HM_SIZE, .size = e}); }

const hm_item *hm_get(hm_reader *r, MlirValue v) {
  static const hm_item nothing = {0};
  return r->n_slots && v.ptr ? &slot_of(r, v.ptr)->item : &nothing;
}

const kernel_type *hm_type(const hm_reader *r, kernel_value v) { return &r->k->values.at[v].type; }

/* ---- refusals ---- */
loom_status hm_need(hm_reader *r, MlirOperation op, intptr_t n_operands, intptr_t n_results) {
  if (ir_num_operands(op) < n_operands)
    return hm_bad(r, "'%s' has %d operands; expected %d", ir_op_name(op), (int)ir_num_operands(op), (int)n_operands);
  if (mlirOperationGetNumResults(op) != n_results)
    return hm_bad(r, "'%s' has %d results; expected %d", ir_op_name(op), (int)mlirOperationGetNumResults(op), (int)n_results);
  return LOOM_OK;
}

/* ---- attributes and types ---- */
bool hm_is_flag(MlirOperation op, const char *name) {
  MlirAttribute a = ir_attr_of(op, name);
  return !mlirAttributeIsNull(a) && (mlirAttributeIsAUnit(a) || (mlirAttributeIsABool(a) && mlirBoolAttrGetValue(a)));
}

bool hm_number_of(MlirAttribute a, double *out) {
  int64_t n;
  if (mlirAttributeIsNull(a))
    return false;
  if (mlirAttributeIsADenseElements(a) && mlirDenseElementsAttrIsSplat(a))
    a = mlirDenseElementsAttrGetSplatValue(a);
  if (mlirAttributeIsAFloat(a))
    return *out = mlirFloatAttrGetValueDouble(a), true;
  if (mlirAttributeIsABool(a))
    return *out = mlirBoolAttrGetValue(a), true;
  if (!ir_attr_int(a, &n))
    return false;
  return *out = (double)n, true;
}

/* "!torch.vtensor<[?,64],f16>": what stands behind the last comma. */
static bool torch_element(const char *type, dtype *out) {
  const char *end = strrchr(type, '>'), *at = end;
  while (at && at > type && at[-1] != ',' && at[-1] != '<')
    at--;
  return text_starts(type, "!torch.") && end && hm_torch_element_parse(at, (size_t)(end - at), out);
}

bool hm_mlir_element(MlirType t, dtype *out) {
  if (ir_type_dtype(t, out))
    return true;
  if (!mlirTypeIsNull(t) && mlirTypeIsAShaped(t))
    t = mlirShapedTypeGetElementType(t);
  if (mlirTypeIsAFloat8E4M3FN(t))
    return *out = DTYPE_F8E4M3, true;
  return mlirTypeIsAFloat8E5M2(t) && (*out = DTYPE_F8E5M2, true);
}

loom_status hm_element(hm_reader *r, MlirValue v, dtype *out) {
  MlirType t = mlirValueGetType(v);
  if (hm_mlir_element(t, out) || torch_element(ir_print_type(r->mem, t), out))
    return LOOM_OK;
  return hm_bad(r, "%s is not a tensor of a known element type", ir_print_type(r->mem, t));
}

/* ---- operations ---- */
kernel_op *hm_add(hm_reader *r, kernel_op_kind kind, int n_operands, const kernel_value *operands, int n_results, const kernel_type *types) {
  kernel_op *op = kernel_add_op(r->mem, r->k, r->region, kind, n_operands, operands, n_results, types);
  op->span = r->span;
  return op;
}

/* What MLIR's type knows: a tile of size 1 may be known as that. */
static void known_dims(hm_reader *r, MlirType t, kernel_type *out) {
  for (int d = 0; d < out->rank && mlirTypeIsAShaped(t) && mlirShapedTypeGetRank(t) == out->rank; d++)
    if (!mlirShapedTypeIsDynamicDim(t, d))
      out->dim[d] = sym_const(r->mem, mlirShapedTypeGetDimSize(t, d));
}

kernel_op *hm_add1(hm_reader *r, MlirValue v, kernel_op_kind kind, int n_operands, const kernel_value *operands, kernel_type type) {
  known_dims(r, mlirValueGetType(v), &type);
  kernel_op *op = hm_add(r, kind, n_operands, operands, 1, &type);
  hm_set_value(r, v, op->results[0]);
  return op;
}

static kernel_value load_all(hm_reader *r, kernel_tensor t) {
  kernel_op *op = hm_add(r, KERNEL_LOAD, 0, NULL, 1, &r->k->tensors.at[t].shape);
  op->tensor = t;
  op->n_index = r->k->tensors.at[t].shape.rank;
  op->index = ARENA_NEW_N(r->mem, kernel_index, op->n_index);
  for (int i = 0; i < op->n_index; i++)
    op->index[i] = (kernel_index){.kind = KERNEL_INDEX_ALL, .value = -1};
  return op->results[0];
}

loom_status hm_value(hm_reader *r, MlirValue v, kernel_value *out) {
  const hm_item *x = hm_get(r, v);
  kernel_op *op;
  switch (x->kind) {
  case HM_VALUE:
  case HM_SCALAR: *out = x->value; return LOOM_OK;
  case HM_MEMORY: *out = load_all(r, x->memory); return LOOM_OK;
  case HM_NUMBER:
    op = hm_add(r, KERNEL_CONSTANT, 0, NULL, 1, &x->type);
    op->fvalue = x->number;
    *out = op->results[0];
    return LOOM_OK;
  case HM_EMPTY: return hm_bad(r, "a tensor.empty is used before anything is put into it");
  case HM_STORED: return hm_bad(r, "the result of an insert_slice into host memory is used as a value; load it");
  default: return hm_bad(r, "an operand is %s; expected a tensor", ir_print_type(r->mem, mlirValueGetType(v)));
  }
}

loom_status hm_memory(hm_reader *r, MlirValue v, kernel_tensor *out) {
  const hm_item *x = hm_get(r, v);
  if (x->kind != HM_MEMORY && x->kind != HM_STORED)
    return hm_bad(r, "an operand is not host memory: an argument of the function, a helion.alloc or a helion.host_ref");
  *out = x->memory;
  return LOOM_OK;
}

static loom_status read_op(hm_reader *r, MlirOperation op) {
  loom_status st;
  loom_span at = ir_span(r->ir, op);
  if (at.line)
    r->span = at;
  if (hm_read_index_op(r, op, &st) || hm_read_memory_op(r, op, &st) || hm_read_compute_op(r, op, &st) || hm_read_control_op(r, op, &st))
    return st;
  return hm_unsupported(r, op, "the helion form has no such operation");
}

loom_status hm_read_block(hm_reader *r, MlirBlock block, intptr_t first_op) {
  intptr_t i = 0;
  if (++r->depth > READ_DEPTH_MAX)
    LOOM_FAIL(r->ctx, r->span, LOOM_ELIMIT, "more than %d loops and branches inside of each other", READ_DEPTH_MAX);
  for (MlirOperation op = mlirBlockGetFirstOperation(block); !mlirOperationIsNull(op); op = mlirOperationGetNextInBlock(op), i++)
    if (i >= first_op)
      LOOM_TRY(read_op(r, op));
  r->depth--;
  return LOOM_OK;
}

/* ---- arguments ---- */
static loom_status read_init(hm_reader *r, MlirAttribute dict, kernel_tensor_info *t) {
  static const char *const names[] = {
#define X(n) #n,
      KERNEL_INIT_LIST(X)
#undef X
  };
  const char *name = ir_attr_string(r->mem, mlirDictionaryAttrGetElementByName(dict, mlirStringRefCreateFromCString("loom.init")));
  for (size_t i = 0; name && i < sizeof names / sizeof *names; i++)
    if (text_eq(names[i], name)) {
      t->init = (kernel_init)i;
      hm_number_of(mlirDictionaryAttrGetElementByName(dict, mlirStringRefCreateFromCString("loom.low")), &t->init_lo);
      hm_number_of(mlirDictionaryAttrGetElementByName(dict, mlirStringRefCreateFromCString("loom.high")), &t->init_hi);
      return LOOM_OK;
    }
  return name ? hm_bad(r, "loom.init is '%s'; expected RANDN, RAND, ZEROS, ONES, EMPTY, RANDINT or FULL", name) : LOOM_OK;
}

static MlirAttribute argument_attr(MlirOperation func, intptr_t i) {
  MlirAttribute all = ir_attr_of(func, "arg_attrs");
  return !mlirAttributeIsNull(all) && mlirAttributeIsAArray(all) && i < mlirArrayAttrGetNumElements(all) ? mlirArrayAttrGetElement(all, i) : mlirAttributeGetNull();
}

static loom_status read_argument(hm_reader *r, MlirOperation func, intptr_t i) {
  MlirValue v = mlirBlockGetArgument(ir_body(func), i);
  MlirType t = mlirValueGetType(v);
  MlirAttribute dict = argument_attr(func, i), dims = mlirAttributeGetNull();
  kernel_type shape = {.rank = mlirTypeIsATensor(t) && mlirTypeIsAShaped(t) && mlirShapedTypeHasRank(t) ? (int)mlirShapedTypeGetRank(t) : -1};
  const char *name = ir_argument_name(r->ir, func, i);
  if (!mlirAttributeIsNull(dict))
    dims = mlirDictionaryAttrGetElementByName(dict, mlirStringRefCreateFromCString("loom.dims"));
  if (shape.rank < 0 || shape.rank > KERNEL_RANK_MAX || !hm_mlir_element(t, &shape.type))
    return hm_bad(r, "argument %d is %s; expected a tensor of at most %d dims", (int)i, ir_print_type(r->mem, t), KERNEL_RANK_MAX);
  if (!mlirAttributeIsNull(dims) && (!mlirAttributeIsAArray(dims) || mlirArrayAttrGetNumElements(dims) != shape.rank))
    return hm_bad(r, "loom.dims of argument %d does not have one entry a dim", (int)i);
  for (int d = 0; d < shape.rank; d++) {
    const char *dim = mlirAttributeIsNull(dims) ? NULL : ir_attr_string(r->mem, mlirArrayAttrGetElement(dims, d));
    if (dim)
      LOOM_TRY(sym_parse(r->ctx, r->span, dim, &shape.dim[d]));
    else if (mlirShapedTypeIsDynamicDim(t, d))
      LOOM_FAIL(r->ctx, r->span, LOOM_EUNSUP, "size %d of argument %d is not known; give it in the type (tensor<64x..>) or by loom.dims", d, (int)i);
    else
      shape.dim[d] = sym_const(r->mem, mlirShapedTypeGetDimSize(t, d));
  }
  if (kernel_find_tensor(r->k, name) >= 0)
    return hm_bad(r, "two arguments are called '%s'", name);
  kernel_tensor k = kernel_add_tensor(r->mem, r->k, name, KERNEL_ARG, shape);
  r->k->tensors.at[k].span = r->span;
  hm_set(r, v, (hm_item){.kind = HM_MEMORY, .memory = k});
  return mlirAttributeIsNull(dict) ? LOOM_OK : read_init(r, dict, &r->k->tensors.at[k]);
}

/* ---- the function ---- */
static loom_status read_return(hm_reader *r, MlirOperation func, MlirOperation op) {
  MlirAttribute places = ir_attr_of(func, "loom.returned");
  intptr_t n = mlirAttributeIsNull(places) || !mlirAttributeIsAArray(places) ? ir_num_operands(op) : mlirArrayAttrGetNumElements(places), at = 0;
  for (intptr_t i = 0; i < n; i++) {
    kernel_tensor t = -1;
    MlirAttribute place = mlirAttributeIsNull(places) ? mlirAttributeGetNull() : mlirArrayAttrGetElement(places, i);
    bool is_none = !mlirAttributeIsNull(place) && mlirAttributeIsABool(place) && !mlirBoolAttrGetValue(place);
    if (!is_none)
      LOOM_TRY(hm_memory(r, ir_operand(op, at++), &t));
    if (t >= 0)
      r->k->tensors.at[t].is_returned = true;
    vec_push(r->mem, &r->k->returns, t);
  }
  return LOOM_OK;
}

static loom_status read_body(hm_reader *r, MlirOperation func) {
  for (MlirOperation op = mlirBlockGetFirstOperation(ir_body(func)); !mlirOperationIsNull(op); op = mlirOperationGetNextInBlock(op)) {
    loom_span at = ir_span(r->ir, op);
    if (at.line)
      r->span = at;
    if (ir_op_is(op, "func.return"))
      return read_return(r, func, op);
    LOOM_TRY(read_op(r, op));
  }
  return LOOM_OK;
}

static MlirOperation public_function(hm_reader *r) {
  MlirBlock body = mlirModuleGetBody(r->module);
  for (MlirOperation op = mlirBlockGetFirstOperation(body); !mlirOperationIsNull(op); op = mlirOperationGetNextInBlock(op))
    if (ir_op_is(op, "func.func") && !text_eq(ir_attr_string(r->mem, ir_attr_of(op, "sym_visibility")), "private") && !mlirBlockIsNull(ir_body(op)))
      return op;
  return (MlirOperation){NULL};
}

static loom_status read_guards(hm_reader *r, MlirOperation module) {
  MlirAttribute list = ir_attr_of(module, "loom.guards");
  for (intptr_t i = 0; !mlirAttributeIsNull(list) && mlirAttributeIsAArray(list) && i < mlirArrayAttrGetNumElements(list); i++) {
    const char *holds = ir_attr_string(r->mem, mlirArrayAttrGetElement(list, i));
    kernel_guard g = {.span = r->span};
    if (!holds)
      return hm_bad(r, "loom.guards holds something else than strings");
    LOOM_TRY(sym_parse(r->ctx, r->span, holds, &g.holds));
    vec_push(r->mem, &r->k->guards, g);
  }
  return LOOM_OK;
}

static bool find_block_sym(MlirOperation op, void *data) {
  bool *found = data;
  *found = *found || !mlirAttributeIsNull(ir_attr_of(op, "loom.block_sym")) || !mlirAttributeIsNull(ir_attr_of(op, "loom.block_syms"));
  return true;
}

static loom_status read_module(hm_reader *r) {
  MlirOperation module = mlirModuleGetOperation(r->module), func = public_function(r);
  bool has_blocks = false;
  if (mlirOperationIsNull(func))
    LOOM_FAIL(r->ctx, ir_span(r->ir, module), LOOM_EINPUT, "the module has no function with a body");
  r->span = ir_span(r->ir, func);
  r->k = kernel_new(r->mem, ir_func_name(r->mem, func));
  r->region = &r->k->body;
  ir_walk(func, find_block_sym, &has_blocks);
  r->is_old = !has_blocks;
  const char *style = ir_attr_string(r->mem, ir_attr_of(module, "loom.style"));
  if (style)
    r->k->style = style;
  for (intptr_t i = 0; i < mlirBlockGetNumArguments(ir_body(func)); i++)
    LOOM_TRY(read_argument(r, func, i));
  LOOM_TRY(read_body(r, func));
  return read_guards(r, module);
}

/* ---- text ---- */
bool helion_mlir_is_text(const char *source, size_t size) {
  static const char *const marks[] = {"\"loom.get_symbol\"", "\"helion."};
  static const char operation[] = "\"torch.aten.", argument[] = ": !torch.vtensor<";   /* of a program of torch itself */
  for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
    if (memmem(source, size, marks[i], strlen(marks[i])))
      return true;
  return memmem(source, size, operation, sizeof operation - 1) && !memmem(source, size, argument, sizeof argument - 1);
}

loom_status helion_mlir_read(ir_ctx *ir, const char *path, const char *source, size_t size, kernel_graph **out) {
  hm_reader r = {.ir = ir, .ctx = ir->ctx, .mem = &ir->ctx->mem};
  LOOM_TRY(dialect_load(ir));
  LOOM_TRY(dialect_load_helion(ir));
  ir_allow_unregistered(ir, true);   /* torch's operations */
  loom_status st = ir_parse(ir, path, source, size, &r.module);
  ir_allow_unregistered(ir, false);
  LOOM_TRY(st);
  st = read_module(&r);
  ir_close_module(r.module);
  LOOM_TRY(st);
  r.k->path = arena_strdup(r.mem, path);
  hash_sha256_hex(source, size, r.k->sha256);
  LOOM_TRY(kernel_verify_input(ir->ctx, r.k));
  *out = r.k;
  return LOOM_OK;
}
