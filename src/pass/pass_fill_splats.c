/* A large tensor of one number is memory to be filled, not data to be carried in the code. */
#include "pass/pass_template.h"

enum { SPLAT_ELEMENTS_MIN = 256 };

static bool is_large_splat(MlirOperation op) {
  MlirAttribute value = ir_attr_of(op, "value");
  MlirType t = mlirValueGetType(ir_result(op, 0));
  return mlirTypeIsARankedTensor(t) && mlirAttributeIsADenseElements(value) && mlirDenseElementsAttrIsSplat(value) && mlirElementsAttrGetNumElements(value) >= SPLAT_ELEMENTS_MIN;
}

loom_status pass_fill_splats(ir_ctx *ir, MlirOperation func, const pass_options *o) {
  (void)o;
  pass_ops all = pass_gather(&ir->ctx->mem, func, "arith.constant");
  for (size_t i = 0; i < all.n; i++) {
    MlirOperation op = all.at[i];
    if (!is_large_splat(op))
      continue;
    MlirType t = mlirValueGetType(ir_result(op, 0));
    ir_builder at = ir_before(ir, op);
    ir_named number = {"value", mlirDenseElementsAttrGetSplatValue(ir_attr_of(op, "value"))};
    MlirValue scalar = ir_build1(&at, "arith.constant", mlirShapedTypeGetElementType(t), 0, NULL, 1, &number), empty = ir_build1(&at, "tensor.empty", t, 0, NULL, 0, NULL);
    MlirOperation fill = ir_build_named_linalg(&at, "linalg.fill", 1, &scalar, empty, t);
    if (mlirOperationIsNull(fill))
      return LOOM_EBUG;
    ir_replace_uses(ir_result(op, 0), ir_result(fill, 0));
    ir_erase(op);
  }
  return LOOM_OK;
}
