/* Reductions that keep the order of their elements and the type of their accumulator: nothing later may put them together in another way
 * (loom.ordered). */
#include "pass/pass_option.h"
#include "pass/pass_template.h"

/* Adds in floats under f32: each step is to be rounded. */
static bool adds_narrow(MlirOperation op) {
  MlirType element = mlirShapedTypeGetElementType(mlirValueGetType(linalg_init(op, 0)));
  return mlirTypeIsAFloat(element) && mlirFloatTypeGetWidth(element) < 32 && ir_count(op, "arith.addf") > 0;
}

loom_status pass_mark_ordered(ir_ctx *ir, MlirOperation func, const pass_options *o) {
  static const char *const keys[] = {"narrow-only"};
  LOOM_TRY(pass_check_options(ir->ctx, "loom-mark-ordered", o, keys, 1));
  bool narrow_only = pass_option(&ir->ctx->mem, o, keys[0]) != NULL;
  pass_ops all = pass_gather(&ir->ctx->mem, func, "linalg.generic");
  for (size_t i = 0; i < all.n; i++)
    if (linalg_has_reduction(all.at[i]) && (!narrow_only || adds_narrow(all.at[i])))
      ir_set_attr(all.at[i], "loom.ordered", ir_unit_attr(ir));
  return LOOM_OK;
}
