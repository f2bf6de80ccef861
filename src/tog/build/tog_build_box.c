/* The DRAM side of a copy: a memref.reinterpret_cast of an argument as a box, one offset and extent a dim. */
#include "tog/build/tog_build_private.h"

/* The dims of the argument that the view keeps, by their strides, from the outside in.  Where several dims have one stride all but the
 * outermost have one element, so that it does not matter which is kept; a dim of one element may have any stride. */
static loom_status match_dims(build *b, MlirOperation cast, const tog_tensor *t, const int64_t *stride, int n_view, tog_box *out) {
  int next = 0;
  for (int d = 0; d < t->rank; d++) {
    out->to_dim[d] = -1;
    out->extent[d] = sym_const(b->mem, 1);
    if (next == n_view)
      continue;
    const sym_expr *size, *step;
    int64_t value, one;
    LOOM_TRY(build_mixed(b, cast, "static_sizes", 2, next, &size));
    LOOM_TRY(build_mixed(b, cast, "static_strides", 3, next, &step));
    if (!sym_is_const(step, &value))
      LOOM_FAIL(b->ctx, ir_span(b->ir, cast), LOOM_EUNSUP, "a DRAM view with dynamic strides");
    bool must_keep = n_view - next == t->rank - d;
    if (value != stride[d] && !(must_keep && sym_is_const(size, &one) && one == 1))
      continue;
    out->to_dim[d] = next++;
    out->extent[d] = size;
  }
  if (next != n_view)
    LOOM_FAIL(b->ctx, ir_span(b->ir, cast), LOOM_EUNSUP, "the strides of a DRAM view are not those of its argument '%s'", t->name);
  return LOOM_OK;
}

/* Does `lin` linearize one index a dim of the tensor?  The outermost size of the basis may be left out and says nothing about the offset. */
static bool linearizes(MlirOperation lin, const tog_tensor *t) {
  intptr_t first, count, basis = build_mixed_count(lin, "static_basis");
  MlirAttribute sizes = ir_attr_of(lin, "static_basis");
  if (!ir_segment(lin, 0, &first, &count) || count != t->rank || basis < t->rank - 1 || basis > t->rank)
    return false;
  for (int d = 1; d < t->rank; d++)
    if (mlirDenseI64ArrayGetElement(sizes, basis - t->rank + d) != t->shape[d])
      return false;
  return true;
}

/* The offset is an affine.linearize_index of per-dim offsets, or a constant that the strides take apart. */
static loom_status split_offset(build *b, MlirOperation cast, const tog_tensor *t, const int64_t *stride, tog_box *out) {
  loom_span span = ir_span(b->ir, cast);
  const sym_expr *offset;
  int64_t left;
  intptr_t first, count;
  MlirOperation lin = {NULL};
  if (ir_segment(cast, 1, &first, &count) && count == 1)
    lin = ir_def(ir_operand(cast, first));
  if (ir_op_is(lin, "affine.linearize_index")) {
    if (!linearizes(lin, t))
      LOOM_FAIL(b->ctx, ir_span(b->ir, lin), LOOM_EINPUT, "affine.linearize_index does not have the shape of '%s', the argument it is an offset into", t->name);
    for (int d = 0; d < t->rank; d++)
      LOOM_TRY(build_expr(b, ir_operand(lin, d), &out->offset[d]));
    return LOOM_OK;
  }
  LOOM_TRY(build_mixed(b, cast, "static_offsets", 1, 0, &offset));
  if (t->rank == 1) {
    out->offset[0] = offset;
    return LOOM_OK;
  }
  if (!sym_is_const(offset, &left))
    LOOM_FAIL(b->ctx, span, LOOM_EUNSUP, "the offset of a DRAM view must be an affine.linearize_index of per-dim offsets");
  for (int d = 0; d < t->rank; d++) {
    out->offset[d] = sym_const(b->mem, left / stride[d]);
    left %= stride[d];
  }
  return LOOM_OK;
}

/* ---- parts of a view of the whole argument ---- */

/* The dims that a rank-reducing subview keeps, in their order: dims whose size is written as 1 go where the next one that the view has is another (one that is computed, and comes to 1,
 * stays).  Which of several neighbours of one element goes does not matter. */
static loom_status keep_dims(build *b, MlirOperation part, tog_box *out) {
  MlirType view = mlirValueGetType(ir_result(part, 0));
  int n_view = (int)mlirShapedTypeGetRank(view), next = 0;
  const MlirAttribute sizes = ir_attr_of(part, "static_sizes");
  int droppable = out->rank - n_view;
  for (int d = 0; d < out->rank; d++) {
    const bool is_one = mlirDenseI64ArrayGetElement(sizes, d) == 1;
    const bool is_next = next < n_view && !mlirShapedTypeIsDynamicDim(view, next) && mlirShapedTypeGetDimSize(view, next) == 1;
    bool drop = droppable > 0 && is_one && !is_next;
    droppable -= drop;
    out->to_dim[d] = drop ? -1 : next++;
  }
  if (next != n_view)
    LOOM_FAIL(b->ctx, ir_span(b->ir, part), LOOM_EUNSUP, "a memref.subview of an argument that drops dims of more than one element");
  return LOOM_OK;
}

static void looks_up(build *b, const dialect_lookup *l, tog_box *out) {
  out->has_lookup = true;
  out->lookup_dim = l->dim;
  out->lookup_rows = out->view_shape[l->dim];
  out->lookup_tensor = (int)mlirBlockArgumentGetArgNumber(l->index);
  out->view_shape[l->dim] = tog_tensor_elems(&b->tog->tensors.at[out->lookup_tensor]);
  b->tog->tensors.at[out->lookup_tensor].is_input = true;
}

/* memref.subview of a memref.reinterpret_cast that shows the argument reshaped or transposed as a whole. */
static loom_status part_of_view(build *b, MlirOperation part, MlirOperation whole, tog_box *out) {
  loom_span span = ir_span(b->ir, whole);
  out->rank = (int)build_mixed_count(whole, "static_sizes");
  out->has_view = true;
  if (out->rank > TOG_RANK_MAX || build_mixed_count(part, "static_sizes") != out->rank)
    LOOM_FAIL(b->ctx, span, LOOM_EUNSUP, "a view of an argument with more than %d dims", TOG_RANK_MAX);
  const sym_expr *at;
  int64_t origin;
  LOOM_TRY(build_mixed(b, whole, "static_offsets", 1, 0, &at));
  if (!sym_is_const(at, &origin) || origin != 0)
    LOOM_FAIL(b->ctx, span, LOOM_EUNSUP, "the view of a whole argument must start at its first element");
  for (int d = 0; d < out->rank; d++) {
    const sym_expr *size, *stride, *step;
    int64_t one;
    LOOM_TRY(build_mixed(b, whole, "static_sizes", 2, d, &size));
    LOOM_TRY(build_mixed(b, whole, "static_strides", 3, d, &stride));
    LOOM_TRY(build_mixed(b, part, "static_offsets", 1, d, &out->offset[d]));
    LOOM_TRY(build_mixed(b, part, "static_sizes", 2, d, &out->extent[d]));
    LOOM_TRY(build_mixed(b, part, "static_strides", 3, d, &step));
    if (!sym_is_const(size, &out->view_shape[d]) || !sym_is_const(stride, &out->view_stride[d]) || !sym_is_const(step, &one) || one != 1)
      LOOM_FAIL(b->ctx, span, LOOM_EUNSUP, "a view of an argument must have static sizes and strides, and its parts steps of 1");
  }
  return keep_dims(b, part, out);
}

loom_status build_box(build *b, MlirOperation op, MlirValue view, tog_box *out) {
  MlirOperation cast = ir_def(view), part = {NULL};
  if (ir_op_is(cast, "memref.subview")) {
    part = cast;
    cast = ir_def(ir_operand(part, 0));
  }
  dialect_lookup lookup;
  const bool has_lookup = !mlirOperationIsNull(part) && dialect_read_lookup(cast, &lookup);
  cast = has_lookup ? ir_def(lookup.table) : cast;
  if (has_lookup && (!mlirValueIsABlockArgument(lookup.index) || !mlirBlockEqual(mlirBlockArgumentGetOwner(lookup.index), ir_body(b->func))))
    LOOM_FAIL(b->ctx, ir_span(b->ir, op), LOOM_EUNSUP, "a lookup by anything but an argument of the function");
  MlirValue arg = ir_operand(cast, 0);
  if (!ir_op_is(cast, "memref.reinterpret_cast") || !mlirValueIsABlockArgument(arg) ||
      !mlirBlockEqual(mlirBlockArgumentGetOwner(arg), ir_body(b->func)))
    LOOM_FAIL(b->ctx, ir_span(b->ir, op), LOOM_EUNSUP, "the DRAM side of a copy must be a memref.reinterpret_cast of an argument of the function");
  out->tensor = (int)mlirBlockArgumentGetArgNumber(arg);
  if (!mlirOperationIsNull(part))
    LOOM_TRY(part_of_view(b, part, cast, out));
  if (has_lookup)
    looks_up(b, &lookup, out);
  if (!mlirOperationIsNull(part))
    return LOOM_OK;
  const tog_tensor *t = &b->tog->tensors.at[out->tensor];
  int n_view = (int)mlirShapedTypeGetRank(mlirValueGetType(view));
  int64_t stride[TOG_RANK_MAX];   /* elements */
  for (int64_t d = t->rank - 1, s = 1; d >= 0; s *= t->shape[d--])
    stride[d] = s;
  out->rank = t->rank;
  LOOM_TRY(match_dims(b, cast, t, stride, n_view, out));
  return split_offset(b, cast, t, stride, out);
}
