#include "pass/pass_private.h"

loom_status pass_verify(ir_ctx *ir, MlirOperation module, const pass_options *o) {
  (void)o;
  return dialect_verify_op(ir, module);
}
