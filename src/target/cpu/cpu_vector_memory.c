/* Memory is addressed as one dim from the first element of each memref, so that a loop can run along any dim of it. */
#include "target/cpu/cpu_vector_body.h"

static MlirValue stride_constant(ir_builder *at, MlirValue dynamic, int64_t stride) {
  return stride == VEC_DYNAMIC ? dynamic : ir_index_const(at, stride);
}

static vec_flat make_flat(ir_builder *at, const vec_access *a) {
  vec_flat f = {.memref = a->memref};
  MlirType index = ir_index_type(at->ir), types[2 + 2 * VEC_DIMS_MAX] = {mlirMemRefTypeGet(a->elem, 0, NULL, (MlirAttribute){NULL}, mlirMemRefTypeGetMemorySpace(mlirValueGetType(a->memref)))};
  for (int i = 0; i < 1 + 2 * a->rank; i++)
    types[1 + i] = index;
  MlirOperation parts = ir_build(at, "memref.extract_strided_metadata", 2 + 2 * a->rank, types, 1, &a->memref, 0, NULL, 0, NULL);
  for (int r = 0; r < a->rank; r++)
    f.stride[r] = stride_constant(at, ir_result(parts, 2 + a->rank + r), a->stride[r]);
  const int64_t any = mlirShapedTypeGetDynamicSize(), one = 1;
  MlirAttribute layout = ir_attr(at->ir, "strided<[1], offset: ?>");
  MlirType t = mlirMemRefTypeGet(a->elem, 1, &any, layout, mlirMemRefTypeGetMemorySpace(mlirValueGetType(a->memref)));
  MlirContext mlir = at->ir->mlir;
  ir_named attrs[] = {{"static_offsets", mlirDenseI64ArrayGet(mlir, 1, &any)}, {"static_sizes", mlirDenseI64ArrayGet(mlir, 1, &any)},
                      {"static_strides", mlirDenseI64ArrayGet(mlir, 1, &one)}, {"operandSegmentSizes", mlirDenseI32ArrayGet(mlir, 4, (const int32_t[]){1, 1, 1, 0})}};
  MlirValue operands[3] = {ir_result(parts, 0), ir_result(parts, 1), ir_index_const(at, INT64_MAX)};
  f.offset = operands[1];
  f.base = ir_build1(at, "memref.reinterpret_cast", t, 3, operands, 4, attrs);
  return f;
}

const vec_flat *vec_flat_of(const vec_flats *l, const vec_access *a) {
  for (size_t i = 0; i < l->n; i++)
    if (mlirValueEqual(l->at[i].memref, a->memref))
      return &l->at[i];
  return NULL;
}

void vec_flats_add(vec_flats *l, ir_builder *at, const vec_op *v) {
  for (int a = 0; a < v->n_in + v->n_out; a++)
    if (!mlirValueIsNull(v->at[a].memref) && !vec_flat_of(l, &v->at[a]))
      vec_push(&at->ir->ctx->mem, l, make_flat(at, &v->at[a]));
}

MlirValue vec_row_address(const vec_flats *l, ir_builder *at, const vec_access *a, const MlirValue *row) {
  const vec_flat *f = vec_flat_of(l, a);
  MlirValue sum = ir_index_const(at, 0);
  for (int r = 0; r < a->rank; r++)
    if (a->dim[r] >= 0 && a->dim[r] != VEC_LANE && !a->is_one_row)
      sum = vec_binary(at, "arith.addi", sum, vec_binary(at, "arith.muli", row[a->dim[r]], f->stride[r]));
  return sum;
}

int vec_lane_dim(const vec_access *a) {
  for (int r = 0; r < a->rank; r++)
    if (a->dim[r] == VEC_LANE)
      return r;
  return -1;
}

static MlirValue lane_address(const vec_flats *l, ir_builder *at, const vec_access *a, MlirValue base, MlirValue lane) {
  int r = vec_lane_dim(a);
  return vec_binary(at, "arith.addi", base, a->stride[r] == 1 ? lane : vec_binary(at, "arith.muli", lane, vec_flat_of(l, a)->stride[r]));
}

static MlirValue zeros(ir_builder *at, MlirType elem, int lanes) {
  ir_named value = {"value", mlirTypeIsAFloat(elem) ? mlirFloatAttrDoubleGet(at->ir->mlir, elem, 0) : mlirIntegerAttrGet(elem, 0)};
  return vec_splat(at, ir_build1(at, "arith.constant", elem, 0, NULL, 1, &value), lanes);
}

static MlirValue all_lanes(ir_builder *at, int lanes) {
  ir_named value = {"value", ir_bool_attr(at->ir, true)};
  return vec_splat(at, ir_build1(at, "arith.constant", mlirIntegerTypeGet(at->ir->mlir, 1), 0, NULL, 1, &value), lanes);
}

/* Lanes that lie apart in memory. */
static MlirValue gather(const vec_flats *l, ir_builder *at, const vec_access *a, MlirValue address, const vec_step *s) {
  MlirValue steps = ir_build1(at, "vector.step", vec_type(ir_index_type(at->ir), s->lanes), 0, NULL, 0, NULL);
  MlirValue apart = vec_binary(at, "arith.muli", steps, vec_splat(at, vec_flat_of(l, a)->stride[vec_lane_dim(a)], s->lanes));
  MlirValue operands[5] = {vec_flat_of(l, a)->base, address, apart, mlirValueIsNull(s->mask) ? all_lanes(at, s->lanes) : s->mask, zeros(at, a->elem, s->lanes)};
  return ir_build1(at, "vector.gather", vec_type(a->elem, s->lanes), 5, operands, 0, NULL);
}

MlirValue vec_load(const vec_flats *l, ir_builder *at, const vec_access *a, MlirValue base, const vec_step *s) {
  MlirValue address = lane_address(l, at, a, base, s->lane);
  if (a->stride[vec_lane_dim(a)] != 1)
    return gather(l, at, a, address, s);
  MlirValue operands[4] = {vec_flat_of(l, a)->base, address};
  if (mlirValueIsNull(s->mask))
    return ir_build1(at, "vector.load", vec_type(a->elem, s->lanes), 2, operands, 0, NULL);
  operands[2] = s->mask;
  operands[3] = zeros(at, a->elem, s->lanes);
  return ir_build1(at, "vector.maskedload", vec_type(a->elem, s->lanes), 4, operands, 0, NULL);
}

int vec_elem_bytes(const vec_access *a) {
  dtype t = DTYPE_F32;
  ir_type_dtype(a->elem, &t);
  return (int)dtype_bytes(t);
}

void vec_store(const vec_flats *l, ir_builder *at, const vec_access *a, MlirValue base, const vec_step *s, bool streamed, MlirValue x) {
  MlirValue to = vec_flat_of(l, a)->base, address = lane_address(l, at, a, base, s->lane);
  ir_named past_caches[2] = {{"nontemporal", ir_bool_attr(at->ir, true)}, {"alignment", ir_int_attr(at->ir, (int64_t)s->lanes * vec_elem_bytes(a))}};
  if (mlirValueIsNull(s->mask))
    ir_build(at, "vector.store", 0, NULL, 3, (MlirValue[]){x, to, address}, streamed ? 2 : 0, past_caches, 0, NULL);
  else
    ir_build(at, "vector.maskedstore", 0, NULL, 4, (MlirValue[]){to, address, s->mask, x}, 0, NULL, 0, NULL);
}
