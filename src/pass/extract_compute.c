/* Compute ops and the values they read and make.
 * A fill makes no node where it stands but where its tensor starts to live: as the first value of an accumulator or as the destination of an op. */
#include "pass/extract_private.h"
#include <string.h>

int extract_find_tile(const extract *x, MlirValue v) {
  for (size_t i = x->tiles.n; i-- > 0;)
    if (mlirValueEqual(x->tiles.at[i].tensor, v))
      return x->tiles.at[i].value;
  return -1;
}

void extract_bind_tile(extract *x, MlirValue v, int value) { vec_push(x->mem, &x->tiles, ((extract_tile){v, value})); }

nest_node *extract_add_node(extract *x, MlirOperation op, nest_node_kind kind, int value) {
  nest_node *node = nest_make_node(x->mem, kind);
  node->value = value;
  node->only_first = x->only_first;
  vec_push(x->mem, x->body, node);
  vec_push(x->mem, &x->ops, ((pass_node_op){.node = node, .op = op}));
  if ((kind == NEST_LOAD || kind == NEST_COMPUTE) && !x->nest->values.at[value].def)
    x->nest->values.at[value].def = node;
  return node;
}

/* ---- shapes ---- */

/* tensor<..., {local_mem_kind = k}>: which memory of the core. */
loom_status extract_memory(extract *x, MlirOperation at, MlirType type, int *out) {
  MlirAttribute encoding = mlirTypeIsARankedTensor(type) ? mlirRankedTensorTypeGetEncoding(type) : (MlirAttribute){NULL};
  int64_t kind = 0;
  if (!mlirAttributeIsNull(encoding) && mlirAttributeIsADictionary(encoding))
    ir_attr_int(mlirDictionaryAttrGetElementByName(encoding, mlirStringRefCreateFromCString("local_mem_kind")), &kind);
  if (kind < 0 || kind >= NEST_MEMORIES_MAX)
    EXTRACT_UNSUP(x, at, "a tile in memory %" PRId64 " of the core; memories 0..%d are supported", kind, NEST_MEMORIES_MAX - 1);
  *out = (int)kind;
  return LOOM_OK;
}

static loom_status tensor_shape(extract *x, MlirOperation at, MlirValue v, nest_value *out);

/* Sizes of a tensor.empty: its operands are the dynamic ones. */
static loom_status empty_shape(extract *x, MlirOperation op, nest_value *out) {
  intptr_t used = 0;
  MlirType type = mlirValueGetType(ir_result(op, 0));
  for (int d = 0; d < out->rank; d++)
    if (!mlirShapedTypeIsDynamicDim(type, d))
      out->dim[d] = sym_const(x->mem, mlirShapedTypeGetDimSize(type, d));
    else
      LOOM_TRY(extract_expr(x, ir_operand(op, used++), &out->dim[d]));
  return LOOM_OK;
}

static loom_status tensor_shape(extract *x, MlirOperation at, MlirValue v, nest_value *out) {
  MlirType type = mlirValueGetType(v);
  *out = (nest_value){0};
  if (!mlirTypeIsAShaped(type) || !mlirShapedTypeHasRank(type) || mlirShapedTypeGetRank(type) > NEST_RANK_MAX || !ir_type_dtype(type, &out->type))
    EXTRACT_UNSUP(x, at, "a tile must be a tensor of at most %d dimensions with a supported element type", NEST_RANK_MAX);
  out->rank = (int)mlirShapedTypeGetRank(type);
  LOOM_TRY(extract_memory(x, at, type, &out->memory));
  int known = extract_find_tile(x, v);
  if (known >= 0) {
    memcpy(out->dim, x->nest->values.at[known].dim, sizeof out->dim);
    return LOOM_OK;
  }
  MlirOperation def = ir_def(v);
  if (ir_op_is(def, "tensor.empty"))
    return empty_shape(x, def, out);
  if (!mlirOperationIsNull(def) && linalg_is_op(def)) {
    nest_value kept = *out;
    LOOM_TRY(tensor_shape(x, at, linalg_init(def, mlirOpResultGetResultNumber(v)), out));
    out->type = kept.type;
    out->memory = kept.memory;
    return LOOM_OK;
  }
  EXTRACT_UNSUP(x, at, "the size of a tile is not known here: it comes from '%s'", mlirOperationIsNull(def) ? "an argument" : ir_op_name(def));
}

int extract_add_value(extract *x, const nest_value *v) {
  vec_push(x->mem, &x->nest->values, *v);
  return (int)x->nest->values.n - 1;
}

static loom_status new_value(extract *x, MlirOperation at, MlirValue v, int *out) {
  nest_value shape;
  LOOM_TRY(tensor_shape(x, at, v, &shape));
  *out = extract_add_value(x, &shape);
  return LOOM_OK;
}

/* A value with the element type of `v` and the sizes of `init`. */
static loom_status shape_like(extract *x, MlirOperation at, MlirValue v, MlirValue init, int *out) {
  nest_value shape;
  LOOM_TRY(tensor_shape(x, at, init, &shape));
  LOOM_TRY(extract_memory(x, at, mlirValueGetType(v), &shape.memory));
  if (!ir_type_dtype(mlirValueGetType(v), &shape.type))
    EXTRACT_UNSUP(x, at, "the element type of a tile is not supported");
  *out = extract_add_value(x, &shape);
  return LOOM_OK;
}

/* ---- compute ---- */

static bool is_fill(MlirValue v) { return ir_op_is(ir_def(v), "linalg.fill"); }

/* A fill gets a value and a node of its own at each place its tensor is taken over. */
static loom_status add_fill(extract *x, MlirOperation at, MlirValue v, int *out) {
  LOOM_TRY(new_value(x, at, v, out));
  nest_node *node = extract_add_node(x, ir_def(v), NEST_COMPUTE, *out);
  node->op = "fill";
  return LOOM_OK;
}

/* The value an op reads; a filled tensor is filled right before. */
loom_status extract_read_tile(extract *x, MlirOperation at, MlirValue v, int *out) {
  *out = extract_find_tile(x, v);
  if (*out >= 0)
    return LOOM_OK;
  if (is_fill(v))
    return add_fill(x, at, v, out);
  MlirOperation def = ir_def(v);
  EXTRACT_UNSUP(x, at, "'%s' reads a tensor that '%s' makes; expected a loaded tile, an accumulator or the result of another operation",
                ir_op_name(at), mlirOperationIsNull(def) ? "an argument" : ir_op_name(def));
}

/* Does `at` run once for each time `v` is made?  Not when a loop is between them. */
static bool is_same_round(MlirOperation at, MlirValue v) {
  MlirBlock made = mlirValueIsABlockArgument(v) ? mlirBlockArgumentGetOwner(v) : mlirOperationGetBlock(ir_def(v));
  MlirBlock b = mlirOperationGetBlock(at);
  while (!mlirBlockIsNull(b) && !mlirBlockEqual(b, made)) {
    MlirOperation parent = mlirBlockGetParentOperation(b);
    b = ir_op_is(parent, "scf.if") ? mlirOperationGetBlock(parent) : (MlirBlock){NULL};
  }
  return !mlirBlockIsNull(b);
}

/* The value an op updates in place: nothing else may read the old contents, nor may a later iteration. */
loom_status extract_take_tile(extract *x, MlirOperation at, MlirValue v, int *out) {
  LOOM_TRY(extract_read_tile(x, at, v, out));
  if (!is_fill(v) && (!value_has_one_use(v) || !is_same_round(at, v)))
    EXTRACT_UNSUP(x, at, "'%s' overwrites a tile that is read elsewhere", ir_op_name(at));
  return LOOM_OK;
}

/* ---- ops that only rearrange ---- */

/* loom.broadcast and linalg.transpose: operand 0 in the shape of the result. */
loom_status extract_rearrange(extract *x, MlirOperation op, const char *word) {
  int from, to = -1;
  LOOM_TRY(extract_read_tile(x, op, ir_operand(op, 0), &from));
  LOOM_TRY(shape_like(x, op, ir_result(op, 0), ir_operand(op, 1), &to));
  extract_bind_tile(x, ir_result(op, 0), to);
  nest_node *node = extract_add_node(x, op, NEST_COMPUTE, to);
  node->op = word;
  vec_push(x->mem, &node->inputs, from);
  return LOOM_OK;
}

loom_status extract_matmul(extract *x, MlirOperation op) {
  bool batched = ir_op_is(op, "linalg.batch_matmul");
  if (!linalg_is_matmul(op))
    EXTRACT_UNSUP(x, op, "'%s' with transposed operands is not supported", ir_op_name(op));
  int a, b, acc;
  LOOM_TRY(extract_read_tile(x, op, linalg_input(op, 0), &a));
  LOOM_TRY(extract_read_tile(x, op, linalg_input(op, 1), &b));
  LOOM_TRY(extract_take_tile(x, op, linalg_init(op, 0), &acc));
  extract_bind_tile(x, ir_result(op, 0), acc);
  nest_node *node = extract_add_node(x, op, NEST_COMPUTE, acc);
  node->op = batched ? "batch_matmul" : "matmul";
  const int inputs[] = {a, b, acc};
  for (int i = 0; i < 3; i++)
    vec_push(x->mem, &node->inputs, inputs[i]);
  const nest_value *left = &x->nest->values.at[a], *right = &x->nest->values.at[b];
  node->batch = batched ? left->dim[0] : NULL;
  node->m = left->dim[batched];
  node->k = left->dim[batched + 1];
  node->n = right->dim[batched + 1];
  return LOOM_OK;
}

/* "mulf,addf": the scalar ops of a body without constants and the yield. */
static const char *body_ops(extract *x, MlirOperation op) {
  text t = text_new(x->mem);
  MlirBlock body = ir_body(op);
  for (MlirOperation o = mlirBlockGetFirstOperation(body); !mlirOperationIsNull(o); o = mlirOperationGetNextInBlock(o)) {
    if (ir_op_is(o, "linalg.yield") || ir_op_is(o, "linalg.index") || ir_op_is(o, "arith.constant"))
      continue;
    const char *name = strrchr(ir_op_name(o), '.');
    text_addf(&t, t.size ? ",%s" : "%s", name ? name + 1 : ir_op_name(o));
  }
  return text_str(&t);
}

/* Length of iterator `d`: the size of an operand dim that the iterator alone walks. */
static const sym_expr *iterator_length(extract *x, MlirOperation op, const int *values, intptr_t d) {
  MlirAttribute maps = ir_attr_of(op, "indexing_maps");
  for (intptr_t i = 0; i < mlirArrayAttrGetNumElements(maps); i++) {
    MlirAffineMap map = mlirAffineMapAttrGetValue(mlirArrayAttrGetElement(maps, i));
    if (values[i] < 0)
      continue;
    for (intptr_t r = 0; r < mlirAffineMapGetNumResults(map); r++) {
      MlirAffineExpr e = mlirAffineMapGetResult(map, r);
      if (mlirAffineExprIsADim(e) && mlirAffineDimExprGetPosition(e) == d)
        return x->nest->values.at[values[i]].dim[r];
    }
  }
  return NULL;
}

static loom_status set_lengths(extract *x, MlirOperation op, nest_node *node, const int *values) {
  MlirAttribute types = ir_attr_of(op, "iterator_types");
  MlirAttribute reduction = ir_attr(x->ir, "#linalg.iterator_type<reduction>");
  node->m = node->k = sym_const(x->mem, 1);
  for (intptr_t d = 0; d < mlirArrayAttrGetNumElements(types); d++) {
    const sym_expr *length = iterator_length(x, op, values, d);
    if (!length)
      EXTRACT_UNSUP(x, op, "iterator %" PRIdPTR " of linalg.generic walks no dimension of a tile by itself", d);
    bool reduces = mlirAttributeEqual(mlirArrayAttrGetElement(types, d), reduction);
    const sym_expr **into = reduces ? &node->k : &node->m;
    *into = sym_mul(x->mem, *into, length);
  }
  return LOOM_OK;
}

/* Inputs read with the map that the result is written with, when nothing is reduced. */
static void mark_same_place(MlirOperation op, nest_node *node, const int *values, intptr_t n_in) {
  MlirAttribute maps = ir_attr_of(op, "indexing_maps"), out = mlirArrayAttrGetElement(maps, n_in);
  int64_t reduced;
  bool is_element_wise = sym_is_const(node->k, &reduced) && reduced == 1 && !linalg_has_reduction(op) &&
                         mlirAffineMapIsIdentity(mlirAffineMapAttrGetValue(out));
  unsigned position = 0;
  for (intptr_t i = 0; i < n_in && is_element_wise; i++) {
    if (values[i] < 0)
      continue;
    if (position < 32 && values[i] != node->value && mlirAttributeEqual(mlirArrayAttrGetElement(maps, i), out))
      node->same_place |= 1u << position;
    position++;
  }
}

loom_status extract_generic(extract *x, MlirOperation op) {
  intptr_t n_in = linalg_num_inputs(op);
  if (linalg_num_inits(op) != 1 || n_in >= PASS_OPERANDS_MAX)
    EXTRACT_UNSUP(x, op, "linalg.generic with %" PRIdPTR " results and %" PRIdPTR " inputs is not supported; expected one result",
                  linalg_num_inits(op), n_in);
  int values[PASS_OPERANDS_MAX + 1], result;
  for (intptr_t i = 0; i < n_in; i++) {
    MlirValue v = linalg_input(op, i);
    values[i] = -1;   /* scalars are part of the op */
    if (mlirTypeIsATensor(mlirValueGetType(v)))
      LOOM_TRY(extract_read_tile(x, op, v, &values[i]));
  }
  MlirBlock body = ir_body(op);
  bool updates = !mlirOpOperandIsNull(mlirValueGetFirstUse(mlirBlockGetArgument(body, n_in)));
  LOOM_TRY(updates ? extract_take_tile(x, op, linalg_init(op, 0), &result) : new_value(x, op, ir_result(op, 0), &result));
  values[n_in] = result;
  extract_bind_tile(x, ir_result(op, 0), result);
  nest_node *node = extract_add_node(x, op, NEST_COMPUTE, result);
  node->op = "generic";
  extract_captures(x, op);
  node->body_ops = body_ops(x, op);
  for (intptr_t i = 0; i < n_in; i++)
    if (values[i] >= 0)
      vec_push(x->mem, &node->inputs, values[i]);
  if (updates)
    vec_push(x->mem, &node->inputs, result);
  LOOM_TRY(set_lengths(x, op, node, values));
  mark_same_place(op, node, values, n_in);
  return LOOM_OK;
}

