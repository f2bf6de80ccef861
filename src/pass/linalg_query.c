/* Small questions about linalg ops, asked through the generic structure of operations. */
#include "pass/pass_private.h"
#include <string.h>

bool linalg_is_op(MlirOperation op) {
  return text_starts(ir_op_name(op), "linalg.") && !mlirAttributeIsNull(ir_attr_of(op, "operandSegmentSizes")) &&
         !mlirValueIsNull(ir_result(op, 0));
}

static intptr_t segment(MlirOperation op, int which, intptr_t *first) {
  intptr_t n;
  return ir_segment(op, which, first, &n) ? n : 0;
}

intptr_t linalg_num_inputs(MlirOperation op) {
  intptr_t first;
  return segment(op, 0, &first);
}

MlirValue linalg_input(MlirOperation op, intptr_t i) {
  intptr_t first, n = segment(op, 0, &first);
  return i >= 0 && i < n ? ir_operand(op, first + i) : (MlirValue){NULL};
}

intptr_t linalg_num_inits(MlirOperation op) {
  intptr_t first;
  return segment(op, 1, &first);
}

MlirValue linalg_init(MlirOperation op, intptr_t i) {
  intptr_t first, n = segment(op, 1, &first);
  return i >= 0 && i < n ? ir_operand(op, first + i) : (MlirValue){NULL};
}

static bool iterator_is(MlirOperation op, intptr_t i, const char *kind) {
  MlirAttribute types = ir_attr_of(op, "iterator_types");
  if (mlirAttributeIsNull(types) || !mlirAttributeIsAArray(types) || i >= mlirArrayAttrGetNumElements(types))
    return false;
  /* The entries are #linalg.iterator_type<..>; the C API names the kinds only in print. */
  MlirContext c = mlirOperationGetContext(op);
  char spelled[64] = "#linalg.iterator_type<";
  strcat(strcat(spelled, kind), ">");
  return mlirAttributeEqual(mlirArrayAttrGetElement(types, i), mlirAttributeParseGet(c, mlirStringRefCreateFromCString(spelled)));
}

bool linalg_is_matmul(MlirOperation op) {
  if (!ir_op_is(op, "linalg.matmul") && !ir_op_is(op, "linalg.batch_matmul"))
    return false;
  MlirAttribute maps = ir_attr_of(op, "indexing_maps");
  if (mlirAttributeIsNull(maps) || !mlirAttributeIsAArray(maps) || mlirArrayAttrGetNumElements(maps) != 3)
    return true;
  bool batch = ir_op_is(op, "linalg.batch_matmul");
  static const char *const plain[2][3] = {
      {"affine_map<(m,n,k)->(m,k)>", "affine_map<(m,n,k)->(k,n)>", "affine_map<(m,n,k)->(m,n)>"},
      {"affine_map<(b,m,n,k)->(b,m,k)>", "affine_map<(b,m,n,k)->(b,k,n)>", "affine_map<(b,m,n,k)->(b,m,n)>"}};
  for (int i = 0; i < 3; i++)
    if (!mlirAttributeEqual(mlirArrayAttrGetElement(maps, i),
                            mlirAttributeParseGet(mlirOperationGetContext(op), mlirStringRefCreateFromCString(plain[batch][i]))))
      return false;
  return true;
}

bool linalg_has_reduction(MlirOperation op) {
  if (ir_op_is(op, "linalg.matmul") || ir_op_is(op, "linalg.batch_matmul"))
    return true;
  MlirAttribute types = ir_attr_of(op, "iterator_types");
  intptr_t n = !mlirAttributeIsNull(types) && mlirAttributeIsAArray(types) ? mlirArrayAttrGetNumElements(types) : 0;
  for (intptr_t i = 0; i < n; i++)
    if (iterator_is(op, i, "reduction"))
      return true;
  return false;
}

bool linalg_leading_reduction(MlirOperation op) { return ir_op_is(op, "linalg.generic") && iterator_is(op, 0, "reduction"); }

MlirOperation linalg_single_body_op(MlirOperation op) {
  MlirOperation none = {NULL};
  MlirBlock body = ir_body(op);
  if (mlirBlockIsNull(body))
    return none;
  MlirOperation only = mlirBlockGetFirstOperation(body), yield = mlirBlockGetTerminator(body);
  if (mlirOperationIsNull(only) || mlirOperationIsNull(yield) || !mlirOperationEqual(mlirOperationGetNextInBlock(only), yield))
    return none;
  return ir_num_operands(yield) == 1 && mlirValueEqual(ir_operand(yield, 0), ir_result(only, 0)) ? only : none;
}

bool value_has_one_use(MlirValue v) {
  MlirOpOperand first = mlirValueGetFirstUse(v);
  return !mlirOpOperandIsNull(first) && mlirOpOperandIsNull(mlirOpOperandGetNextUse(first));
}
