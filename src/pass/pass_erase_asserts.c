#include "pass/pass_private.h"

/* A value only the assert needed: its definition goes when nobody reads it, then what that one read. */
static void erase_dead_chain(MlirValue v, int depth) {
  MlirOperation def = ir_def(v);
  if (mlirOperationIsNull(def) || !text_starts(ir_op_name(def), "arith.") || depth > 16)
    return;
  MlirValue operands[3];
  intptr_t n = ir_num_operands(def) < 3 ? ir_num_operands(def) : 3;
  for (intptr_t i = 0; i < n; i++)
    operands[i] = ir_operand(def, i);
  if (!ir_erase(def))
    return;
  for (intptr_t i = 0; i < n; i++) {
    bool seen = false;   /* cmpi %a, %a: the first turn may have freed it */
    for (intptr_t j = 0; j < i; j++)
      seen |= mlirValueEqual(operands[i], operands[j]);
    if (!seen)
      erase_dead_chain(operands[i], depth + 1);
  }
}

static bool erase_assert(MlirOperation op, void *data) {
  (void)data;
  if (!ir_op_is(op, "cf.assert"))
    return true;
  MlirValue condition = ir_operand(op, 0);
  ir_erase(op);
  erase_dead_chain(condition, 0);
  return true;
}

loom_status pass_erase_asserts(ir_ctx *ir, MlirOperation func, const pass_options *o) {
  (void)ir;
  (void)o;
  ir_walk_post(func, erase_assert, NULL);
  return LOOM_OK;
}
