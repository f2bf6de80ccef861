#include "ir/ir_private.h"
#include <mlir-c/Dialect/Linalg.h>

/* Named linalg ops carry a body that only their own dialect can write. */
MlirOperation ir_build_named_linalg(ir_builder *b, const char *name, intptr_t n_in, const MlirValue *ins, MlirValue out, MlirType result) {
  MlirValue operands[IR_LINALG_INPUTS_MAX + 1];
  if (n_in > IR_LINALG_INPUTS_MAX)
    return (MlirOperation){NULL};
  for (intptr_t i = 0; i < n_in; i++)
    operands[i] = ins[i];
  operands[n_in] = out;
  int32_t segments[] = {(int32_t)n_in, 1};
  ir_named attr = {"operandSegmentSizes", mlirDenseI32ArrayGet(b->ir->mlir, 2, segments)};
  MlirRegion region = mlirRegionCreate();
  intptr_t n_results = mlirTypeIsNull(result) ? 0 : 1;
  MlirOperation op = ir_build(b, name, n_results, &result, n_in + 1, operands, 1, &attr, 1, &region);
  if (!ir_is_null_op(op))
    mlirLinalgFillBuiltinNamedOpRegion(op);
  return op;
}

MlirAttribute ir_linalg_maps(MlirOperation op) {
  return text_starts(ir_op_name(op), "linalg.") ? mlirLinalgGetIndexingMapsAttribute(op) : (MlirAttribute){NULL};
}
