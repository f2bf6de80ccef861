/* tensor: making tiles, and other shapes and parts of them. */
#include "base/shape.h"
#include "bisect/irun.h"
#include <math.h>

bool irun_mixed(irun *r, MlirOperation op, const char *name, int segment, int64_t *out, int *n) {
  MlirAttribute a = ir_attr_of(op, name);
  intptr_t first = 0, count = 0, next = 0;
  if (mlirAttributeIsNull(a) || !mlirAttributeIsADenseI64Array(a) || mlirDenseArrayGetNumElements(a) > FLOW_RANK_MAX)
    return false;
  if (segment >= 0 && !ir_segment(op, segment, &first, &count))
    return false;
  *n = (int)mlirDenseArrayGetNumElements(a);
  for (int i = 0; i < *n; i++) {
    out[i] = mlirDenseI64ArrayGetElement(a, i);
    if (out[i] == mlirShapedTypeGetDynamicSize() || out[i] == mlirShapedTypeGetDynamicStrideOrOffset())
      out[i] = irun_int(r, op, first + next++);
  }
  return true;
}

/* Sizes of the result: static ones of its type, the others from the operands from `first` on. */
static bool result_sizes(irun *r, MlirOperation op, intptr_t first, dtype *type, int *rank, int64_t *shape) {
  MlirType t = mlirValueGetType(ir_result(op, 0));
  *rank = (int)mlirShapedTypeGetRank(t);
  if (!irun_type(t, type) || *rank > FLOW_RANK_MAX)
    return false;
  for (int d = 0; d < *rank; d++) {
    shape[d] = mlirShapedTypeIsDynamicDim(t, d) ? irun_int(r, op, first++) : mlirShapedTypeGetDimSize(t, d);
    if (shape[d] < 0)
      return irun_stop(r, op, BISECT_BROKE, "a size is negative");
  }
  return true;
}

/* Nothing is in it: NaN, where the type has one. */
static bool run_empty(irun *r, MlirOperation op, int id) {
  int64_t shape[FLOW_RANK_MAX];
  dtype type;
  int rank;
  (void)id;
  if (!result_sizes(r, op, 0, &type, &rank, shape))
    return false;
  int64_t n = shape_elements(rank, shape);
  double *x = ARENA_NEW_N(r->mem, double, n);
  for (int64_t i = 0; i < n; i++)
    x[i] = NAN;
  irun_set_tensor(r, op, 0, irun_add(r, op, FLOW_COMPUTE, 0, NULL, type, rank, shape, x), false);
  return irun_spend(r, op, n);
}

static bool run_splat(irun *r, MlirOperation op, int id) {
  int64_t shape[FLOW_RANK_MAX];
  irun_value from = *irun_operand(r, op, 0);
  dtype type;
  int rank;
  (void)id;
  if (!result_sizes(r, op, 1, &type, &rank, shape))
    return false;
  int64_t n = shape_elements(rank, shape);
  double *x = ARENA_NEW_N(r->mem, double, n);
  for (int64_t i = 0; i < n; i++)
    x[i] = from.x;
  irun_set_tensor(r, op, 0, irun_add(r, op, FLOW_COMPUTE, 1, &from.node, type, rank, shape, x), false);
  return irun_spend(r, op, n);
}

static bool run_from_elements(irun *r, MlirOperation op, int id) {
  int64_t shape[FLOW_RANK_MAX];
  dtype type;
  int rank;
  (void)id;
  if (!result_sizes(r, op, 0, &type, &rank, shape))
    return false;
  int n = (int)ir_num_operands(op), *in = ARENA_NEW_N(r->mem, int, n);
  double *x = ARENA_NEW_N(r->mem, double, n);
  for (int i = 0; i < n; i++) {
    x[i] = irun_operand(r, op, i)->x;
    in[i] = irun_operand(r, op, i)->node;
  }
  irun_set_tensor(r, op, 0, irun_add(r, op, FLOW_COMPUTE, n, in, type, rank, shape, x), false);
  return true;
}

/* A view of a tile's elements, as if they lay in memory. */
static irun_view view_of(irun *r, const irun_value *v) {
  const flow_node *n = &r->flow->nodes.at[v->node];
  flow_memory *m = ARENA_NEW(r->mem, flow_memory);
  *m = (flow_memory){.name = "tile", .type = n->type, .rank = n->rank, .elems = n->elems, .x = (double *)(uintptr_t)irun_elements(r, v)};
  memcpy(m->shape, n->shape, sizeof m->shape);
  return irun_whole(m);
}

/* The part that offsets, sizes and strides name; segments begin at `segment`. */
static bool part_of(irun *r, MlirOperation op, int segment, irun_view *v) {
  int64_t offsets[FLOW_RANK_MAX], sizes[FLOW_RANK_MAX], strides[FLOW_RANK_MAX];
  int n = 0;
  if (!irun_mixed(r, op, "static_offsets", segment, offsets, &n) || !irun_mixed(r, op, "static_sizes", segment + 1, sizes, &n) ||
      !irun_mixed(r, op, "static_strides", segment + 2, strides, &n) || n != v->rank)
    return false;
  for (int d = 0; d < n; d++) {
    if (sizes[d] > 0 && (offsets[d] < 0 || offsets[d] + (sizes[d] - 1) * strides[d] >= v->size[d]))
      return irun_stop(r, op, BISECT_BROKE, arena_printf(r->mem, "it takes positions %" PRId64 "..%" PRId64 " of dim %d of a tile that has %" PRId64, offsets[d],
                                                         offsets[d] + (sizes[d] - 1) * strides[d], d, v->size[d]));
    v->offset += offsets[d] * v->stride[d];
    v->size[d] = sizes[d];
    v->stride[d] *= strides[d];
  }
  return true;
}

static bool run_extract_slice(irun *r, MlirOperation op, int id) {
  irun_value from = *irun_operand(r, op, 0);
  irun_view v = view_of(r, &from);
  (void)id;
  if (!part_of(r, op, 1, &v))
    return false;
  MlirType t = mlirValueGetType(ir_result(op, 0));
  int64_t shape[FLOW_RANK_MAX];
  int rank = (int)mlirShapedTypeGetRank(t), kept[FLOW_RANK_MAX];
  if (!irun_kept_dims(op, t, v.rank, kept))
    return false;
  for (int d = 0; d < rank; d++)
    shape[d] = v.size[kept[d]];
  int node = irun_add(r, op, FLOW_MOVE, 1, &from.node, from.type, rank, shape, irun_copy_out(r, &v));
  irun_set_tensor(r, op, 0, node, false);
  return irun_spend(r, op, r->flow->nodes.at[node].elems);
}

static bool run_insert_slice(irun *r, MlirOperation op, int id) {
  irun_value from = *irun_operand(r, op, 0), into = *irun_operand(r, op, 1);
  irun_view whole = view_of(r, &into), v;
  const double *x = irun_elements(r, &from);
  flow_memory *m = whole.memory;
  double *copy = ARENA_NEW_N(r->mem, double, m->elems);
  (void)id;
  memcpy(copy, m->x, (size_t)m->elems * sizeof *copy);
  m->x = copy;
  m->writer = ARENA_NEW_N(r->mem, int, m->elems);
  v = whole;
  if (!part_of(r, op, 2, &v))
    return false;
  irun_write(r, &v, x, -1);
  int in[] = {from.node, into.node};
  irun_set_tensor(r, op, 0, irun_add(r, op, FLOW_MOVE, 2, in, into.type, m->rank, m->shape, copy), false);
  return irun_spend(r, op, m->elems);
}

/* expand_shape, collapse_shape, cast: the same elements in the same order. */
static bool run_same(irun *r, MlirOperation op, int id) {
  irun_value from = *irun_operand(r, op, 0);
  flow_node n = r->flow->nodes.at[from.node];
  int64_t shape[FLOW_RANK_MAX], known = 1;
  MlirType t = mlirValueGetType(ir_result(op, 0));
  int rank = (int)mlirShapedTypeGetRank(t), unknown = -1, n_out = 0;
  (void)id;
  if (text_eq(ir_op_name(op), "tensor.cast")) {
    *irun_slot(r, ir_result(op, 0)) = from;
    return true;
  }
  if (irun_mixed(r, op, "static_output_shape", -1, shape, &n_out) && n_out == rank && ir_num_operands(op) == 1)
    for (int d = 0; d < rank; d++)
      known *= shape[d];
  else
    for (int d = 0; d < rank; d++) {
      shape[d] = mlirShapedTypeIsDynamicDim(t, d) ? -1 : mlirShapedTypeGetDimSize(t, d);
      if (shape[d] >= 0)
        known *= shape[d];
      else if (unknown >= 0)
        unknown = -2;
      else
        unknown = d;
    }
  if (unknown >= 0 && known > 0)
    shape[unknown] = n.elems / known;
  if (unknown == -2) {   /* the sizes are told, or follow from groups of dims */
    intptr_t next = 1;
    if (ir_num_operands(op) > 1) {
      for (int d = 0; d < rank; d++)
        if (shape[d] < 0)
          shape[d] = irun_int(r, op, next++);
    } else {
      MlirAttribute groups = ir_attr_of(op, "reassociation");
      for (int d = 0; d < rank; d++) {
        if (mlirAttributeIsNull(groups) || mlirArrayAttrGetNumElements(groups) != rank)
          return false;
        MlirAttribute g = mlirArrayAttrGetElement(groups, d);
        shape[d] = 1;
        for (intptr_t k = 0; k < mlirArrayAttrGetNumElements(g); k++) {
          int64_t dim;
          if (!ir_attr_int(mlirArrayAttrGetElement(g, k), &dim) || dim < 0 || dim >= n.rank)
            return false;
          shape[d] *= n.shape[dim];
        }
      }
    }
  }
  if (shape_elements(rank, shape) != n.elems)
    return irun_stop(r, op, BISECT_BROKE, "the sizes before and behind it differ");
  irun_set_tensor(r, op, 0, irun_add(r, op, FLOW_MOVE, 1, &from.node, n.type, rank, shape, irun_elements(r, &from)), false);
  r->flow->elems -= n.elems;   /* shared */
  return true;
}

static bool run_extract(irun *r, MlirOperation op, int id) {
  irun_value from = *irun_operand(r, op, 0);
  irun_view v = view_of(r, &from);
  (void)id;
  for (int d = 0; d < v.rank; d++) {
    int64_t at = irun_int(r, op, 1 + d);
    if (at < 0 || at >= v.size[d])
      return irun_stop(r, op, BISECT_BROKE, "it takes an element outside of its tile");
    v.offset += at * v.stride[d];
  }
  double *x = ARENA_NEW(r->mem, double);
  *x = v.memory->x[v.offset];
  irun_set_scalar(r, op, from.type, *x, dtype_is_float(from.type) ? irun_add(r, op, FLOW_MOVE, 1, &from.node, from.type, 0, NULL, x) : -1);
  return true;
}

static bool run_constant(irun *r, MlirOperation op, int id) {
  MlirAttribute a = ir_attr_of(op, "value");
  MlirType t = mlirValueGetType(ir_result(op, 0));
  dtype type;
  int64_t n;
  (void)id;
  if (mlirAttributeIsNull(a) || !irun_type(t, &type))
    return false;
  if (mlirAttributeIsAFloat(a)) {
    double *x = ARENA_NEW(r->mem, double);
    *x = mlirFloatAttrGetValueDouble(a);
    irun_set_scalar(r, op, type, *x, irun_add(r, op, FLOW_CONSTANT, 0, NULL, type, 0, NULL, x));
    return true;
  }
  if (ir_attr_int(a, &n)) {
    irun_set_scalar(r, op, type, irun_round(type, (double)n), -1);
    return true;
  }
  if (!mlirAttributeIsADenseElements(a) || !mlirTypeIsARankedTensor(t) || mlirShapedTypeGetRank(t) > FLOW_RANK_MAX)
    return false;
  int64_t shape[FLOW_RANK_MAX], elems = mlirElementsAttrGetNumElements(a);
  double *x = ARENA_NEW_N(r->mem, double, elems);
  for (int d = 0; d < mlirShapedTypeGetRank(t); d++)
    shape[d] = mlirShapedTypeGetDimSize(t, d);
  bool splat = mlirDenseElementsAttrIsSplat(a);
  for (int64_t i = 0; i < elems; i++) {
    intptr_t at = splat ? 0 : i;
    if (type == DTYPE_F32)
      x[i] = splat ? (double)mlirDenseElementsAttrGetFloatSplatValue(a) : (double)mlirDenseElementsAttrGetFloatValue(a, at);
    else if (type == DTYPE_F64)
      x[i] = splat ? mlirDenseElementsAttrGetDoubleSplatValue(a) : mlirDenseElementsAttrGetDoubleValue(a, at);
    else if (type == DTYPE_I32)
      x[i] = splat ? mlirDenseElementsAttrGetInt32SplatValue(a) : mlirDenseElementsAttrGetInt32Value(a, at);
    else if (type == DTYPE_I64)
      x[i] = (double)(splat ? mlirDenseElementsAttrGetInt64SplatValue(a) : mlirDenseElementsAttrGetInt64Value(a, at));
    else
      return false;
  }
  irun_set_tensor(r, op, 0, irun_add(r, op, FLOW_CONSTANT, 0, NULL, type, (int)mlirShapedTypeGetRank(t), shape, x), false);
  return true;
}

irun_fn irun_tensor_handler(const char *name) {
  static const struct { const char *name; irun_fn run; } known[] = {
      {"tensor.empty", run_empty}, {"bufferization.alloc_tensor", run_empty}, {"tensor.splat", run_splat}, {"tensor.from_elements", run_from_elements},
      {"tensor.extract_slice", run_extract_slice}, {"tensor.insert_slice", run_insert_slice}, {"tensor.expand_shape", run_same}, {"tensor.collapse_shape", run_same},
      {"tensor.cast", run_same}, {"tensor.extract", run_extract}, {"arith.constant", run_constant}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (text_eq(known[i].name, name))
      return known[i].run;
  return NULL;
}
