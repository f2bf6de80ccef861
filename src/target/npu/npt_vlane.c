/* torchsim.vlane_idx: the number of the lane, times vlane_offset, in every element, as the instruction that has the number and a product. */
#include "target/npu/npt.h"

static bool is_lane_number(MlirOperation op) { return ir_op_is(op, "torchsim.vlane_idx"); }

static loom_status lower_one(ir_ctx *ir, MlirOperation op) {
  MlirValue value = ir_result(op, 0);
  MlirType type = mlirValueIsNull(value) ? (MlirType){NULL} : mlirValueGetType(value);
  int64_t offset;
  if (mlirTypeIsNull(type) || !mlirTypeIsAVector(type) || mlirShapedTypeGetRank(type) != 1 || !mlirTypeIsAInteger(mlirShapedTypeGetElementType(type)))
    LOOM_FAIL(ir->ctx, ir_span(ir, op), LOOM_EINPUT, "torchsim.vlane_idx makes a vector of integers with one dim");
  if (!ir_attr_int(ir_attr_of(op, "vlane_offset"), &offset))
    LOOM_FAIL(ir->ctx, ir_span(ir, op), LOOM_EINPUT, "torchsim.vlane_idx needs vlane_offset, an integer");
  MlirType element = mlirShapedTypeGetElementType(type), i64 = mlirIntegerTypeGet(ir->mlir, 64), i32 = mlirIntegerTypeGet(ir->mlir, 32);
  unsigned bits = mlirIntegerTypeGetWidth(element);
  if (bits < 64 && (offset < -((int64_t)1 << (bits - 1)) || offset >= (int64_t)1 << (bits - 1)))
    LOOM_FAIL(ir->ctx, ir_span(ir, op), LOOM_EINPUT, "vlane_offset %" PRId64 " does not fit the vector's elements of %u bits", offset, bits);
  ir_builder b = ir_before(ir, op);
  MlirValue count = ir_build1(&b, "arith.constant", i64, 0, NULL, 1, &(ir_named){"value", ir_int_attr(ir, mlirShapedTypeGetDimSize(type, 0))});
  const ir_named fields[] = {{"opcode", ir_int_attr(ir, 0)}, {"rs2", mlirIntegerAttrGet(i32, 0)}, {"imm", mlirIntegerAttrGet(i32, 0)}};
  MlirValue lane = ir_build1(&b, "vcix.v.i", type, 1, &count, 3, fields);
  MlirAttribute splat = mlirDenseElementsAttrSplatGet(type, mlirIntegerAttrGet(element, offset));
  MlirValue factor = ir_build1(&b, "arith.constant", type, 0, NULL, 1, &(ir_named){"value", splat});
  MlirValue product = mlirValueIsNull(lane) ? lane : ir_build1(&b, "arith.muli", type, 2, (MlirValue[]){lane, factor}, 0, NULL);
  if (mlirValueIsNull(product))
    return LOOM_EBUG;
  ir_replace_uses(value, product);
  return ir_erase(op) ? LOOM_OK : LOOM_EBUG;
}

loom_status npt_lower_vlane(ir_ctx *ir, MlirOperation op) {
  LOOM_TRY(dialect_load_vcix(ir));
  npt_ops ops = npt_collect(ir, op, is_lane_number);
  for (size_t i = 0; i < ops.n; i++)
    LOOM_TRY(lower_one(ir, ops.at[i]));
  return LOOM_OK;
}
