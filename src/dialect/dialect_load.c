#include "dialect/dialect.h"

static const char loom_text[] =
#include "loom_irdl_mlir.inc"
    ;

static const char helion_text[] =
#include "helion_irdl_mlir.inc"
    ;

const char *dialect_irdl_text(const char *name) { return text_eq(name, "loom") ? loom_text : text_eq(name, "helion") ? helion_text : NULL; }

loom_status dialect_load_helion(ir_ctx *ir) {
  if (ir_knows_op(ir, "helion.phi"))
    return LOOM_OK;
  return ir_load_irdl(ir, "helion.irdl.mlir", helion_text);
}

loom_status dialect_load(ir_ctx *ir) {
  if (ir_knows_op(ir, "loom.sym"))
    return LOOM_OK;
  return ir_load_irdl(ir, "loom.irdl.mlir", loom_text);
}
