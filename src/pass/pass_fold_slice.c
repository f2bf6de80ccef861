/* tensor.extract_slice with offsets 0, strides 1 and the sizes of its source is the source. */
#include "pass/pass_private.h"

enum { TRACE_DEPTH_MAX = 32 };

/* One size of a shape: a constant, or the SSA value that gives it. */
typedef struct size { int64_t constant; MlirValue value; } size;

static bool same_size(size a, size b) {
  bool a_static = mlirValueIsNull(a.value), b_static = mlirValueIsNull(b.value);
  if (a_static || b_static)
    return a_static && b_static && a.constant == b.constant;
  return mlirValueEqual(a.value, b.value);
}

/* Sizes `static_<name>` of an op with offsets, sizes and strides; dynamic ones come from operand segment `segment`. */
static intptr_t mixed_sizes(MlirOperation op, const char *attribute, int segment, size *out) {
  MlirAttribute fixed = ir_attr_of(op, attribute);
  intptr_t first, n_dynamic, used = 0;
  if (mlirAttributeIsNull(fixed) || !mlirAttributeIsADenseI64Array(fixed) || !ir_segment(op, segment, &first, &n_dynamic))
    return -1;
  intptr_t n = mlirDenseArrayGetNumElements(fixed);
  if (n > NEST_RANK_MAX)
    return -1;
  for (intptr_t i = 0; i < n; i++) {
    int64_t v = mlirDenseI64ArrayGetElement(fixed, i);
    out[i] = (size){.constant = v};
    if (v == mlirShapedTypeGetDynamicSize())
      out[i] = (size){.value = ir_operand(op, first + used++)};
    int64_t known;
    if (!mlirValueIsNull(out[i].value) && ir_const_int(out[i].value, &known))
      out[i] = (size){.constant = known};
  }
  return n;
}

/* The sizes of a tensor: its type where static, else where the value comes from (an init, a loop's start, a subview of memory). */
static intptr_t trace_shape(MlirValue v, size *out, int depth) {
  MlirType type = mlirValueGetType(v);
  if (!mlirTypeIsAShaped(type) || !mlirShapedTypeHasRank(type) || mlirShapedTypeGetRank(type) > NEST_RANK_MAX || depth > TRACE_DEPTH_MAX)
    return -1;
  intptr_t rank = (intptr_t)mlirShapedTypeGetRank(type);
  if (mlirShapedTypeHasStaticShape(type)) {
    for (intptr_t d = 0; d < rank; d++)
      out[d] = (size){.constant = mlirShapedTypeGetDimSize(type, d)};
    return rank;
  }
  MlirOperation def = ir_def(v);
  if (mlirOperationIsNull(def)) {
    MlirOperation loop = mlirBlockGetParentOperation(mlirBlockArgumentGetOwner(v));
    intptr_t carried = mlirBlockArgumentGetArgNumber(v) - 1, inits = ir_num_operands(loop) - mlirOperationGetNumResults(loop);
    bool is_loop = ir_op_is(loop, "scf.for") || ir_op_is(loop, "affine.for");
    return is_loop && carried >= 0 ? trace_shape(ir_operand(loop, inits + carried), out, depth + 1) : -1;
  }
  if (linalg_is_op(def))
    return trace_shape(linalg_init(def, mlirOpResultGetResultNumber(v)), out, depth + 1);
  if (ir_op_is(def, "loom.broadcast"))
    return trace_shape(ir_operand(def, 1), out, depth + 1);
  if (ir_op_is(def, "scf.for") || ir_op_is(def, "affine.for"))
    return trace_shape(ir_operand(def, ir_num_operands(def) - mlirOperationGetNumResults(def) + mlirOpResultGetResultNumber(v)), out, depth + 1);
  if (ir_op_is(def, "tensor.extract_slice") || ir_op_is(def, "memref.subview")) {
    intptr_t n = mixed_sizes(def, "static_sizes", 2, out);
    return n == rank ? n : -1;   /* a slice that drops dims says nothing simple */
  }
  if (ir_op_is(def, "bufferization.to_tensor"))
    return trace_shape(ir_operand(def, 0), out, depth + 1);
  if (ir_op_is(def, "tensor.empty")) {
    intptr_t used = 0;
    for (intptr_t d = 0; d < rank; d++)
      out[d] = mlirShapedTypeIsDynamicDim(type, d) ? (size){.value = ir_operand(def, used++)} : (size){.constant = mlirShapedTypeGetDimSize(type, d)};
    return rank;
  }
  return -1;
}

static bool all_constant(MlirOperation op, const char *attribute, int segment, int64_t wanted) {
  size v[NEST_RANK_MAX];
  intptr_t n = mixed_sizes(op, attribute, segment, v);
  for (intptr_t i = 0; i < n; i++)
    if (!mlirValueIsNull(v[i].value) || v[i].constant != wanted)
      return false;
  return n >= 0;
}

static bool fold_slice(MlirOperation op, void *data) {
  (void)data;
  if (!ir_op_is(op, "tensor.extract_slice") || !all_constant(op, "static_offsets", 1, 0) || !all_constant(op, "static_strides", 3, 1))
    return true;
  MlirValue source = ir_operand(op, 0), result = ir_result(op, 0);
  if (!mlirTypeEqual(mlirValueGetType(source), mlirValueGetType(result)))
    return true;
  size have[NEST_RANK_MAX], want[NEST_RANK_MAX];
  intptr_t n = mixed_sizes(op, "static_sizes", 2, want);
  if (n < 0 || trace_shape(source, have, 0) != n)
    return true;
  for (intptr_t i = 0; i < n; i++)
    if (!same_size(have[i], want[i]))
      return true;
  ir_replace_uses(result, source);
  ir_erase(op);
  return true;
}

loom_status pass_fold_extract_slice(ir_ctx *ir, MlirOperation func, const pass_options *o) {
  (void)ir;
  (void)o;
  ir_walk_post(func, fold_slice, NULL);
  return LOOM_OK;
}
