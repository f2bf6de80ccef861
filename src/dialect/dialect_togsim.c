/* What is where in a togsim operation. */
#include "dialect/togsim.h"

bool togsim_int_list(MlirAttribute a, int64_t out[TOGSIM_RANK_MAX], int *n) {
  *n = 0;
  if (mlirAttributeIsNull(a))
    return false;
  bool is_dense = mlirAttributeIsADenseI64Array(a);
  if (!is_dense && !mlirAttributeIsAArray(a))
    return false;
  intptr_t count = is_dense ? mlirDenseArrayGetNumElements(a) : mlirArrayAttrGetNumElements(a);
  if (count > TOGSIM_RANK_MAX)
    return false;
  for (intptr_t i = 0; i < count; i++)
    if (is_dense)
      out[i] = mlirDenseI64ArrayGetElement(a, i);
    else if (!ir_attr_int(mlirArrayAttrGetElement(a, i), &out[i]))
      return false;
  *n = (int)count;
  return true;
}

bool togsim_flag(MlirOperation op, const char *name) {
  MlirAttribute a = ir_attr_of(op, name);
  if (mlirAttributeIsNull(a))
    return false;
  if (mlirAttributeIsABool(a))
    return mlirBoolAttrGetValue(a);
  int64_t v;
  return ir_attr_int(a, &v) ? v != 0 : true;
}

bool togsim_is_spad(MlirType t) {
  int64_t space;
  return mlirTypeIsAMemRef(t) && ir_attr_int(mlirMemRefTypeGetMemorySpace(t), &space) && space == 1;
}

static bool is_memref(MlirOperation op, intptr_t i) {
  MlirValue v = ir_operand(op, i);
  return !mlirValueIsNull(v) && mlirTypeIsAMemRef(mlirValueGetType(v));
}

/* Behind the tag come 2 (older form) or 3 indices, then a memref where the transfer is indirect, then a pair of indices for each masked axis. */
const char *togsim_read_operands(MlirOperation op, togsim_operands *out) {
  *out = (togsim_operands){0};
  intptr_t n = ir_num_operands(op);
  if (n < 7)
    return "it needs DRAM, its index, scratchpad, its index, tag, [tag index,] kind and lane stride";
  if (!is_memref(op, 0) || !is_memref(op, 2) || !is_memref(op, 4))
    return "DRAM, scratchpad and tag must be memrefs";
  MlirAttribute axes = ir_attr_of(op, "masked_axes");
  if (!mlirAttributeIsNull(axes) && !togsim_int_list(axes, out->masked_axis, &out->n_masks))
    return "masked_axes must be a list of at most 8 integers";
  intptr_t bounds = n - 2 * out->n_masks;
  bool has_offsets = bounds > 7 && is_memref(op, bounds - 1);
  intptr_t lead = bounds - 5 - has_offsets;
  if (lead != 2 && lead != 3)
    return "between the tag and the bounds of masked_axes (two an axis) it has [tag index,] kind, lane stride and, if indirect, the memref of offsets";
  for (intptr_t i = 0; i < n; i++)
    if (is_memref(op, i) != (i == 0 || i == 2 || i == 4 || (has_offsets && i == bounds - 1)))
      return "memrefs and indices are mixed up";
  out->dram = ir_operand(op, 0);
  out->dram_index = ir_operand(op, 1);
  out->spad = ir_operand(op, 2);
  out->spad_index = ir_operand(op, 3);
  out->tag = ir_operand(op, 4);
  if (lead == 3)
    out->tag_index = ir_operand(op, 5);
  out->dma_type = ir_operand(op, 3 + lead);
  out->lane_stride = ir_operand(op, 4 + lead);
  if (has_offsets)
    out->offsets = ir_operand(op, bounds - 1);
  for (int i = 0; i < out->n_masks; i++) {
    out->lo[i] = ir_operand(op, bounds + 2 * i);
    out->hi[i] = ir_operand(op, bounds + 2 * i + 1);
  }
  return NULL;
}
