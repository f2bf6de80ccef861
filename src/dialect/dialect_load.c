#include "dialect/dialect.h"

static const char loom_text[] =
#include "loom_irdl_mlir.inc"
    ;

static const char helion_text[] =
#include "helion_irdl_mlir.inc"
    ;

static const char check_text[] =
#include "check_irdl_mlir.inc"
    ;

static const char util_text[] =
#include "util_irdl_mlir.inc"
    ;

static const char mips_text[] =
#include "mips_irdl_mlir.inc"
    ;

static const char vcix_text[] =
#include "vcix_irdl_mlir.inc"
    ;

static const char togsim_text[] =
#include "togsim_irdl_mlir.inc"
    ;

static const char torchsim_text[] =
#include "torchsim_irdl_mlir.inc"
    ;

const char *dialect_irdl_text(const char *name) {
  static const struct { const char *name, *text; } all[] = {{"loom", loom_text}, {"helion", helion_text}, {"check", check_text}, {"util", util_text}, {"mips", mips_text}, {"vcix", vcix_text},
                                                       {"togsim", togsim_text}, {"torchsim", torchsim_text}};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (text_eq(name, all[i].name))
      return all[i].text;
  return NULL;
}

loom_status dialect_load_check(ir_ctx *ir) {
  if (ir_knows_op(ir, "check.expect_eq"))
    return LOOM_OK;
  LOOM_TRY(ir_load_irdl(ir, "check.irdl.mlir", check_text));
  return ir_load_irdl(ir, "util.irdl.mlir", util_text);
}

loom_status dialect_load_helion(ir_ctx *ir) {
  if (ir_knows_op(ir, "helion.phi"))
    return LOOM_OK;
  return ir_load_irdl(ir, "helion.irdl.mlir", helion_text);
}

loom_status dialect_load_vcix(ir_ctx *ir) {
  return ir_knows_op(ir, "vcix.iv") ? LOOM_OK : ir_load_irdl(ir, "vcix.irdl.mlir", vcix_text);
}

loom_status dialect_load_togsim(ir_ctx *ir, bool is_indirect) {
  if (!ir_knows_op(ir, "torchsim.vlane_idx"))
    LOOM_TRY(ir_load_irdl(ir, "torchsim.irdl.mlir", torchsim_text));
  if (ir_knows_op(ir, "togsim.transfer"))
    return LOOM_OK;
  if (!is_indirect)
    return ir_load_irdl(ir, "togsim.irdl.mlir", togsim_text);
  ir_allow_unregistered(ir, true);
  return LOOM_OK;
}

loom_status dialect_load(ir_ctx *ir) {
  if (ir_knows_op(ir, "loom.sym"))
    return LOOM_OK;
  LOOM_TRY(ir_load_irdl(ir, "mips.irdl.mlir", mips_text));
  return ir_load_irdl(ir, "loom.irdl.mlir", loom_text);
}
