/* One linalg operation: its loops, what it accesses, and which loop runs along vectors. */
#include "target/cpu/cpu_vector.h"

bool vec_extent_eq(vec_extent a, vec_extent b) {
  return a.n == b.n && (a.n >= 0 || (mlirValueEqual(a.value, b.value) && a.dim == b.dim));
}

MlirValue vec_extent_value(ir_builder *at, vec_extent e) {
  if (e.n >= 0)
    return ir_index_const(at, e.n);
  return e.dim < 0 ? e.value : ir_build1(at, "memref.dim", ir_index_type(at->ir), 2, (MlirValue[]){e.value, ir_index_const(at, e.dim)}, 0, NULL);
}

static vec_extent extent_of(MlirValue memref, int dim);

/* A size that is another memref's is traced to what that one's is. */
static vec_extent extent_value(MlirValue size) {
  MlirOperation op = ir_def(size);
  int64_t n;
  if (ir_const_int(size, &n) && n >= 0)
    return (vec_extent){.n = n, .dim = -1};
  if (!mlirOperationIsNull(op) && ir_op_is(op, "memref.dim") && ir_const_int(ir_operand(op, 1), &n) && n >= 0 && n < mlirShapedTypeGetRank(mlirValueGetType(ir_operand(op, 0))))
    return extent_of(ir_operand(op, 0), (int)n);
  return (vec_extent){.n = -1, .value = size, .dim = -1};
}

/* Dynamic sizes of a view are operands, in the order of its dynamic dims: dims that a view drops have the constant size 1. */
static vec_extent extent_of(MlirValue memref, int dim) {
  MlirType t = mlirValueGetType(memref);
  MlirOperation view = ir_def(memref);
  intptr_t first, count, which = 0, n_dynamic = 0;
  if (!mlirShapedTypeIsDynamicDim(t, dim))
    return (vec_extent){.n = mlirShapedTypeGetDimSize(t, dim), .dim = -1};
  for (intptr_t d = 0; d < mlirShapedTypeGetRank(t); d++) {
    which += d < dim && mlirShapedTypeIsDynamicDim(t, d);
    n_dynamic += mlirShapedTypeIsDynamicDim(t, d);
  }
  if (!mlirOperationIsNull(view) && (ir_op_is(view, "memref.subview") || ir_op_is(view, "memref.reinterpret_cast")) &&
      ir_segment(view, 2, &first, &count) && count == n_dynamic)
    return extent_value(ir_operand(view, first + which));
  return (vec_extent){.n = -1, .value = memref, .dim = dim};
}

/* Elements that memory holds one by one as vectors hold them: bits (i1) are packed in vectors and bytes in memory. */
static bool is_lane_type(MlirType elem, int *bytes) {
  dtype t;
  if (!ir_type_dtype(elem, &t) || t == DTYPE_BOOL || mlirTypeIsAShaped(elem))
    return false;
  *bytes = (int)dtype_bytes(t);
  return true;
}

static bool read_access(vec_op *v, MlirValue operand, MlirAffineMap map, vec_access *out) {
  MlirType t = mlirValueGetType(operand);
  int64_t offset, strides[VEC_DIMS_MAX];
  int bytes;
  if (!mlirTypeIsAShaped(t)) {
    out->scalar = operand;
    out->elem = t;
    return is_lane_type(t, &bytes) || mlirTypeIsAIndex(t) || mlirTypeIsAInteger(t);
  }
  if (!mlirTypeIsAMemRef(t) || mlirShapedTypeGetRank(t) > VEC_DIMS_MAX || mlirShapedTypeGetRank(t) != mlirAffineMapGetNumResults(map))
    return false;
  if (mlirLogicalResultIsFailure(mlirMemRefTypeGetStridesAndOffset(t, strides, &offset)))
    return false;
  out->memref = operand;
  out->elem = mlirShapedTypeGetElementType(t);
  out->rank = (int)mlirShapedTypeGetRank(t);
  if (!is_lane_type(out->elem, &bytes))
    return false;
  v->bytes = bytes > v->bytes ? bytes : v->bytes;
  unsigned seen = 0;
  for (int r = 0; r < out->rank; r++) {
    MlirAffineExpr e = mlirAffineMapGetResult(map, r);
    out->stride[r] = strides[r] == mlirShapedTypeGetDynamicStrideOrOffset() ? VEC_DYNAMIC : strides[r];
    if (mlirAffineExprIsADim(e)) {
      int d = (int)mlirAffineDimExprGetPosition(e);
      if (d >= VEC_DIMS_MAX || (seen & 1u << d))   /* a diagonal */
        return false;
      seen |= 1u << d;
      out->dim[r] = d;
      vec_extent x = extent_of(operand, r), *known = &v->extent[d];
      if (known->n < 0 && (mlirValueIsNull(known->value) || x.n >= 0 || (known->dim >= 0 && x.dim < 0)))
        *known = x;
    } else if (mlirAffineExprIsAConstant(e) && mlirAffineConstantExprGetValue(e) == 0) {
      out->dim[r] = VEC_ZERO;
    } else {
      return false;
    }
  }
  return true;
}

/* Loops of one iteration are none. */
static void drop_unit_loops(vec_op *v) {
  int kept = 0;
  for (int d = 0; d < v->n_all; d++) {
    bool unit = v->extent[d].n == 1;
    v->dim_of_all[d] = unit ? VEC_ZERO : kept;
    if (unit)
      continue;
    v->extent[kept] = v->extent[d];
    v->reduced[kept++] = v->reduced[d];
  }
  v->n_dims = kept;
  for (int a = 0; a < v->n_in + v->n_out; a++)
    for (int r = 0; r < v->at[a].rank; r++)
      if (v->at[a].dim[r] != VEC_ZERO)
        v->at[a].dim[r] = v->dim_of_all[v->at[a].dim[r]];
}

/* Lanes behind the end hold zeros, and the processor stops a program that divides a whole number by one. */
static bool divides_integers(const char *name) {
  static const char *const names[] = {"arith.divsi", "arith.divui", "arith.remsi", "arith.remui", "arith.floordivsi", "arith.ceildivsi", "arith.ceildivui", "math.ipowi"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (text_eq(name, names[i]))
      return true;
  return false;
}

/* Elementwise operations only; what costs as much as a polynomial counts as one. */
static bool read_body(vec_op *v) {
  MlirBlock body = ir_body(v->op);
  if (mlirBlockIsNull(body))
    return false;
  for (MlirOperation op = mlirBlockGetFirstOperation(body); !mlirOperationIsNull(op); op = mlirOperationGetNextInBlock(op)) {
    const char *name = ir_op_name(op);
    bool is_math = text_starts(name, "math."), is_index = text_eq(name, "linalg.index");
    int bytes = 0;
    if (text_eq(name, "linalg.yield"))
      break;
    if ((!is_math && !is_index && !text_starts(name, "arith.")) || divides_integers(name))
      return false;
    if (mlirOperationGetNumRegions(op) > 0 || mlirOperationGetNumResults(op) != 1)
      return false;
    MlirType t = mlirValueGetType(ir_result(op, 0));
    if (!is_lane_type(t, &bytes) && !mlirTypeIsAIndex(t) && !(mlirTypeIsAInteger(t) && mlirIntegerTypeGetWidth(t) == 1))
      return false;
    if (mlirTypeIsAFloat(t) && bytes > v->bytes)
      v->bytes = bytes;
    bool is_free = text_eq(name, "arith.constant");
    v->weight += is_free ? 0 : is_math && !text_eq(name, "math.absf") && !text_eq(name, "math.fma") ? 16 : 1;
  }
  return true;
}

int vec_dim_of(const vec_access *a, int dim) {
  for (int r = 0; r < a->rank; r++)
    if (a->dim[r] == dim)
      return r;
  return -1;
}

/* What the loop `d` along vectors is worth: contiguous accesses, fewest gathers; INT_MIN: it can't be. */
static int lane_score(const vec_op *v, int d) {
  enum { NEVER = -1000 };
  int score = 0;
  for (int a = 0; a < v->n_in + v->n_out; a++) {
    int r = vec_dim_of(&v->at[a], d);
    bool is_out = a >= v->n_in;
    if (mlirValueIsNull(v->at[a].memref))
      continue;
    if (r < 0) {
      if (is_out && (!v->reduced[d] || mlirOperationIsNull(v->combine[a - v->n_in])))
        return NEVER;
    } else if (v->at[a].stride[r] == 1) {
      score += is_out ? 3 : 2;
    } else if (is_out || v->at[a].stride[r] == VEC_DYNAMIC) {
      return NEVER;
    } else {
      score -= 8;
    }
  }
  return score;
}

/* A combiner has the out argument as one operand and nothing else reads it. */
static MlirOperation combiner_of(const vec_op *v, int out) {
  MlirBlock body = ir_body(v->op);
  MlirValue old = mlirBlockGetArgument(body, v->n_in + out), result = ir_operand(mlirBlockGetTerminator(body), out);
  MlirOpOperand use = mlirValueGetFirstUse(old);
  MlirOperation op = ir_def(result);
  if (mlirOpOperandIsNull(use) || !mlirOpOperandIsNull(mlirOpOperandGetNextUse(use)) || mlirOperationIsNull(op) || vec_combiner(op) < 0 ||
      !mlirOperationEqual(mlirOpOperandGetOwner(use), op))
    return (MlirOperation){NULL};
  use = mlirValueGetFirstUse(result);
  return mlirOpOperandIsNull(mlirOpOperandGetNextUse(use)) ? op : (MlirOperation){NULL};
}

static void set_lane(vec_op *v, int lane) {
  v->lane = lane;
  v->n_outer = 0;
  for (int d = 0; d < v->n_dims; d++)
    if (d != lane)
      v->outer[v->n_outer++] = d;
}

static bool choose_lane(vec_op *v) {
  int best = -1, best_score = 0;
  v->lane = -1;
  if (v->n_dims == 0)
    return true;
  for (int d = v->n_dims - 1; d >= 0; d--) {
    int score = lane_score(v, d);
    if (score > best_score)
      best = d, best_score = score;
  }
  if (best < 0)
    return false;
  set_lane(v, best);
  return true;
}

/* Along `d` all outs are contiguous, inputs too or else along one and the same other loop. */
static bool turns_along(const vec_op *v, int d, int *across) {
  *across = -1;
  for (int a = 0; a < v->n_in + v->n_out; a++) {
    const vec_access *x = &v->at[a];
    int r = vec_dim_of(x, d), other = -1;
    if (mlirValueIsNull(x->memref) || (r < 0 && a < v->n_in) || (r >= 0 && x->stride[r] == 1))
      continue;
    for (int i = 0; i < x->rank; i++)
      if (x->stride[i] == 1 && x->dim[i] != VEC_ZERO)
        other = x->dim[i];
    if (a >= v->n_in || other < 0 || (*across >= 0 && other != *across))
      return false;
    *across = other;
  }
  return *across >= 0;
}

/* Everything but the choice of the lane loop. */
static bool read_op(ir_ctx *ir, MlirOperation op, vec_op *out) {
  MlirAttribute maps = ir_linalg_maps(op), iterators;
  intptr_t n_in, n_out, first;
  *out = (vec_op){.op = op, .lane = -1, .bytes = 1};
  if (!mlirAttributeIsNull(ir_attr_of(op, "loom.ordered")))   /* as its loops say, step by step (loom-mark-ordered) */
    return false;
  if (mlirAttributeIsNull(maps) || mlirOperationGetNumResults(op) > 0 || !ir_segment(op, 0, &first, &n_in) || !ir_segment(op, 1, &first, &n_out) ||
      n_in + n_out > VEC_ACCESSES_MAX || mlirArrayAttrGetNumElements(maps) != n_in + n_out)
    return false;
  out->n_in = (int)n_in;
  out->n_out = (int)n_out;
  iterators = ir_attr_of(op, "iterator_types");
  for (int d = 0; d < VEC_DIMS_MAX; d++)
    out->extent[d] = (vec_extent){.n = -1, .dim = -1};
  for (intptr_t i = 0; i < n_in + n_out; i++) {
    MlirAffineMap map = mlirAffineMapAttrGetValue(mlirArrayAttrGetElement(maps, i));
    out->n_all = (int)mlirAffineMapGetNumDims(map);
    if (out->n_all > VEC_DIMS_MAX || mlirAffineMapGetNumSymbols(map) > 0 || !read_access(out, ir_operand(op, i), map, &out->at[i]))
      return false;
    out->at[i].is_written = i >= n_in;
    out->at[i].is_read = i < n_in || !mlirOpOperandIsNull(mlirValueGetFirstUse(mlirBlockGetArgument(ir_body(op), i)));
  }
  for (int d = 0; d < out->n_all; d++) {
    if (out->extent[d].n < 0 && mlirValueIsNull(out->extent[d].value))
      return false;   /* a loop that no operand gives an extent */
    out->reduced[d] = !mlirAttributeIsNull(iterators) && strstr(ir_print_attr(&ir->ctx->mem, mlirArrayAttrGetElement(iterators, d)), "reduction");
  }
  if (!read_body(out))
    return false;
  drop_unit_loops(out);
  for (int o = 0; o < out->n_out; o++)
    out->combine[o] = combiner_of(out, o);
  return true;
}

bool vec_read(ir_ctx *ir, MlirOperation op, vec_op *out) { return read_op(ir, op, out) && choose_lane(out); }

bool vec_read_turned(ir_ctx *ir, MlirOperation op, vec_op *out, int *across) {
  enum { WEIGHT_MAX = 6 };   /* the body is repeated for each row of a block */
  if (!read_op(ir, op, out) || out->weight > WEIGHT_MAX)
    return false;
  for (int d = 0; d < out->n_dims; d++)
    if (out->reduced[d])
      return false;
  for (int d = 0; d < out->n_dims; d++)
    if (turns_along(out, d, across)) {
      set_lane(out, d);
      return true;
    }
  return false;
}
