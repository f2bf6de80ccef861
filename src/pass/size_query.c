/* Which tensors are as large as others, whatever that is. */
#include "pass/pass.h"

enum { DEPTH_MAX = 64 };

static bool keeps_size(MlirValue v, MlirValue of, int depth) {
  MlirOperation def = ir_def(v);
  intptr_t first, n;
  if (mlirValueEqual(v, of))
    return true;
  if (mlirOperationIsNull(def) || depth > DEPTH_MAX)
    return false;
  if (ir_op_is(def, "tensor.insert") || ir_op_is(def, "tensor.insert_slice"))
    return keeps_size(ir_operand(def, 1), of, depth + 1);
  intptr_t i = mlirOpResultGetResultNumber(v);
  if (text_starts(ir_op_name(def), "linalg.") && ir_segment(def, 1, &first, &n) && i < n)
    return keeps_size(ir_operand(def, first + i), of, depth + 1);
  if (ir_op_is(def, "scf.for")) {
    MlirValue carried = mlirBlockGetArgument(ir_body(def), i + 1);
    return keeps_size(ir_operand(def, i + 3), of, depth + 1) && keeps_size(ir_operand(mlirBlockGetTerminator(ir_body(def)), i), carried, depth + 1);
  }
  return false;
}

bool pass_keeps_size(MlirValue v, MlirValue of) { return keeps_size(v, of, 0); }
