#include "pass/pass_private.h"

static bool erase_symbol(MlirOperation op, void *data) {
  (void)data;
  if (ir_op_is(op, "loom.sym"))
    ir_erase(op);   /* stays when it has readers */
  return true;
}

loom_status pass_symbol_dce(ir_ctx *ir, MlirOperation func, const pass_options *o) {
  (void)ir;
  (void)o;
  ir_walk_post(func, erase_symbol, NULL);
  return LOOM_OK;
}
