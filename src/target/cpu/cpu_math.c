/* math.expm1 becomes a call of libm's: upstream lowers it to exp(x) - 1, which loses every digit near 0. */
#include "base/vec.h"
#include "target/cpu/cpu_private.h"
#include <string.h>

typedef VEC_OF(MlirOperation) op_list;
typedef struct gather { arena *mem; op_list ops; } gather;

static bool collect(MlirOperation op, void *data) {
  gather *g = data;
  if (ir_op_is(op, "math.expm1"))
    vec_push(g->mem, &g->ops, op);
  return true;
}

static loom_status call_libm(ir_ctx *ir, MlirOperation op) {
  MlirValue x = ir_operand(op, 0);
  MlirType outer = mlirValueGetType(x);
  dtype t;
  if (!ir_type_dtype(outer, &t) || !dtype_is_float(t) || mlirTypeIsAShaped(outer))
    LOOM_FAIL(ir->ctx, ir_span(ir, op), LOOM_EUNSUP, "math.expm1 of %s is not supported; expected a scalar float",
              ir_print_type(&ir->ctx->mem, outer));
  MlirType inner = ir_dtype(ir, t == DTYPE_F64 ? DTYPE_F64 : DTYPE_F32);
  ir_builder at = ir_before(ir, op);
  bool narrow = !mlirTypeEqual(inner, outer);
  if (narrow)
    x = ir_build1(&at, "arith.extf", inner, 1, &x, 0, NULL);
  ir_named callee = {"callee", ir_symbol_attr(ir, t == DTYPE_F64 ? "expm1" : "expm1f")};
  MlirValue y = ir_build1(&at, "func.call", inner, 1, &x, 1, &callee);
  if (narrow)
    y = ir_build1(&at, "arith.truncf", outer, 1, &y, 0, NULL);
  if (mlirValueIsNull(y))
    return LOOM_EBUG;
  ir_replace_uses(ir_result(op, 0), y);
  ir_erase(op);
  return LOOM_OK;
}

loom_status cpu_lower_math(ir_ctx *ir, MlirModule m) {
  gather g = {.mem = &ir->ctx->mem};
  ir_walk(mlirModuleGetOperation(m), collect, &g);
  if (g.ops.n > 0)
    LOOM_TRY(cpu_add_functions(ir, m, "libm", "func.func private @expm1f(f32) -> f32\nfunc.func private @expm1(f64) -> f64\n"));
  for (size_t i = 0; i < g.ops.n; i++)
    LOOM_TRY(call_libm(ir, g.ops.at[i]));
  return LOOM_OK;
}
