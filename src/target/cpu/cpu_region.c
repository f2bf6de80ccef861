#include "target/cpu/cpu_private.h"
#include "target/cpu/cpu_region.h"

static bool entry(MlirOperation op, const char *name, int segment, int d, MlirValue *value, int64_t *number) {
  MlirAttribute a = ir_attr_of(op, name);
  intptr_t first, count, at = 0;
  if (mlirAttributeIsNull(a) || !mlirAttributeIsADenseI64Array(a) || d >= mlirDenseArrayGetNumElements(a) || !ir_segment(op, segment, &first, &count))
    return false;
  *value = (MlirValue){NULL};
  *number = mlirDenseI64ArrayGetElement(a, d);
  if (*number != mlirShapedTypeGetDynamicSize())
    return true;
  for (int i = 0; i < d; i++)
    at += mlirDenseI64ArrayGetElement(a, i) == mlirShapedTypeGetDynamicSize();
  *number = 0;
  *value = ir_operand(op, first + at);
  return at < count;
}

/* The dims that stay of a part that drops some of those with one element: the first ones that can go, go. */
static bool read_kept(MlirOperation op, MlirType t, cpu_region *out) {
  int drops = out->rank - (int)mlirShapedTypeGetRank(t);
  for (int d = 0; d < out->rank; d++) {
    int64_t size = mlirDenseI64ArrayGetElement(ir_attr_of(op, "static_sizes"), d);
    if (size == 1 && drops > 0)
      drops--;
    else
      out->kept[out->n_kept++] = d;
  }
  return drops == 0;
}

bool cpu_read_region(MlirValue v, cpu_region *out) {
  MlirOperation def = ir_def(v);
  *out = (cpu_region){.slot = v};
  if (mlirOperationIsNull(def) || mlirShapedTypeGetRank(mlirValueGetType(v)) > CPU_RANK_MAX)
    return false;
  if (ir_op_is(def, "memref.view")) {
    out->rank = out->n_kept = (int)mlirShapedTypeGetRank(mlirValueGetType(v));
    for (int d = 0; d < out->rank; d++) {
      out->kept[d] = d;
      out->size[d] = mlirShapedTypeGetDimSize(mlirValueGetType(v), d);
    }
    return true;
  }
  if (!ir_op_is(def, "memref.subview") || !ir_op_is(ir_def(ir_operand(def, 0)), "memref.view"))
    return false;
  out->slot = ir_operand(def, 0);
  out->rank = (int)mlirShapedTypeGetRank(mlirValueGetType(out->slot));
  for (int d = 0; d < out->rank; d++) {
    MlirValue step;
    int64_t by;
    if (out->rank > CPU_RANK_MAX || !entry(def, "static_offsets", 1, d, &out->offset[d], &out->start[d]) ||
        !entry(def, "static_sizes", 2, d, &out->extent[d], &out->size[d]) || !entry(def, "static_strides", 3, d, &step, &by) || by != 1)
      return false;
  }
  return read_kept(def, mlirValueGetType(v), out);
}

static bool is_multiple(MlirValue v, int64_t n) {
  int64_t c;
  MlirOperation def = ir_def(v);
  if (ir_const_int(v, &c))
    return c % n == 0;
  if (ir_op_is(def, "arith.muli"))
    return is_multiple(ir_operand(def, 0), n) || is_multiple(ir_operand(def, 1), n);
  return ir_op_is(def, "arith.addi") && is_multiple(ir_operand(def, 0), n) && is_multiple(ir_operand(def, 1), n);
}

bool cpu_offset_is_multiple(const cpu_region *r, int d, int64_t n) {
  return mlirValueIsNull(r->offset[d]) ? r->start[d] % n == 0 : is_multiple(r->offset[d], n);
}

bool cpu_ends_in_matrix(const cpu_region *r) { return r->n_kept >= 2 && r->kept[r->n_kept - 1] == r->rank - 1 && r->kept[r->n_kept - 2] == r->rank - 2; }

MlirValue cpu_region_offset(ir_builder *b, const cpu_region *r, int d) {
  return mlirValueIsNull(r->offset[d]) ? ir_index_const(b, r->start[d]) : r->offset[d];
}

static int64_t most(MlirValue v) {
  int64_t c;
  MlirOperation def = ir_def(v);
  if (ir_const_int(v, &c))
    return c;
  if (!ir_op_is(def, "arith.minsi"))
    return INT64_MAX;
  int64_t x = most(ir_operand(def, 0)), y = most(ir_operand(def, 1));
  return x < y ? x : y;
}

int64_t cpu_extent_most(const cpu_region *r, int d) {
  int64_t whole = mlirShapedTypeGetDimSize(mlirValueGetType(r->slot), d), part = mlirValueIsNull(r->extent[d]) ? r->size[d] : most(r->extent[d]);
  return part < whole ? part : whole;
}

MlirValue cpu_leading(ir_builder *b, const cpu_region *r, const int64_t *sizes, const MlirValue *batch) {
  MlirValue at = ir_index_const(b, 0);
  for (int d = 0, kept = 0; d < r->rank - 2; d++) {
    MlirValue own = cpu_region_offset(b, r, d);
    if (kept < r->n_kept - 2 && r->kept[kept] == d)
      own = cpu_index_op(b, "arith.addi", own, batch[kept++]);
    at = cpu_index_op(b, "arith.addi", cpu_index_op(b, "arith.muli", at, ir_index_const(b, sizes[d])), own);
  }
  return at;
}

bool cpu_is_view(MlirOperation op) { return ir_op_is(op, "memref.subview") || ir_op_is(op, "memref.reinterpret_cast") || ir_op_is(op, "memref.cast"); }

bool cpu_has_unit_columns(MlirValue v) {
  MlirType t = mlirValueGetType(v);
  int64_t strides[CPU_RANK_MAX], offset;
  int rank = (int)mlirShapedTypeGetRank(t);
  return rank > 0 && rank <= CPU_RANK_MAX && mlirLogicalResultIsSuccess(mlirMemRefTypeGetStridesAndOffset(t, strides, &offset)) && strides[rank - 1] == 1;
}

MlirValue cpu_part(ir_builder *b, MlirValue src, int dropped, const MlirValue *offset, const int64_t *start, const int64_t *size, MlirValue shown) {
  MlirType t = mlirValueGetType(src);
  int rank = (int)mlirShapedTypeGetRank(t), n = 1;
  int64_t dynamic = mlirShapedTypeGetDynamicSize(), strides[CPU_RANK_MAX], at[CPU_RANK_MAX], step[CPU_RANK_MAX], first;
  int32_t segments[4] = {1, 0, 0, 0};
  MlirValue operands[1 + 2 * CPU_RANK_MAX] = {src};
  bool is_moved = false;
  mlirMemRefTypeGetStridesAndOffset(t, strides, &first);
  for (int d = 0; d < rank; d++) {
    at[d] = mlirValueIsNull(offset[d]) ? start[d] : dynamic;
    is_moved = is_moved || at[d] != 0;
    step[d] = 1;
    if (at[d] != dynamic)
      continue;
    operands[n++] = offset[d];
    segments[1]++;
  }
  for (int d = 0; d < rank; d++) {
    if (size[d] != dynamic)
      continue;
    operands[n++] = ir_build1(b, "memref.dim", ir_index_type(b->ir), 2, (MlirValue[]){shown, ir_index_const(b, d)}, 0, NULL);
    segments[2]++;
  }
  MlirAttribute layout = mlirStridedLayoutAttrGet(b->ir->mlir, is_moved ? dynamic : first, rank - dropped, strides + dropped);
  MlirType part = mlirMemRefTypeGet(mlirShapedTypeGetElementType(t), rank - dropped, size + dropped, layout, mlirMemRefTypeGetMemorySpace(t));
  const ir_named attrs[] = {{"static_offsets", mlirDenseI64ArrayGet(b->ir->mlir, rank, at)}, {"static_sizes", mlirDenseI64ArrayGet(b->ir->mlir, rank, size)},
                            {"static_strides", mlirDenseI64ArrayGet(b->ir->mlir, rank, step)}, {"operandSegmentSizes", mlirDenseI32ArrayGet(b->ir->mlir, 4, segments)}};
  return ir_build1(b, "memref.subview", part, n, operands, 4, attrs);
}

MlirValue cpu_matrix_at(ir_builder *b, MlirValue v, const MlirValue *leading) {
  MlirType t = mlirValueGetType(v);
  int rank = (int)mlirShapedTypeGetRank(t), dropped = rank - 2;
  MlirValue offset[CPU_RANK_MAX] = {{NULL}};
  int64_t start[CPU_RANK_MAX] = {0}, size[CPU_RANK_MAX];
  if (rank == 2 || rank > CPU_RANK_MAX)
    return v;
  for (int d = 0; d < rank; d++) {
    size[d] = d < dropped ? 1 : mlirShapedTypeGetDimSize(t, d);
    if (d < dropped)
      offset[d] = leading[d];
  }
  return cpu_part(b, v, dropped, offset, start, size, v);
}

bool cpu_largest(MlirValue v, MlirType element, MlirType *out) {
  cpu_region r;
  MlirType t = mlirValueGetType(v);
  int64_t size[CPU_RANK_MAX];
  int rank = (int)mlirShapedTypeGetRank(t);
  bool is_part = cpu_read_region(v, &r);
  for (int d = 0; d < rank; d++) {
    size[d] = mlirShapedTypeGetDimSize(t, d);
    if (!mlirShapedTypeIsDynamicDim(t, d))
      continue;
    if (!is_part)
      return false;
    size[d] = mlirShapedTypeGetDimSize(mlirValueGetType(r.slot), r.kept[d]);
  }
  *out = mlirMemRefTypeContiguousGet(element, rank, size, (MlirAttribute){NULL});
  return true;
}
