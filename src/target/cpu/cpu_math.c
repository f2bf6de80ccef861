/* Functions of the math dialect become arithmetic (cpu_math.h), narrow floats in f32.  What is not in the list, and f64, goes the way of
 * upstream's lowering: LLVM's intrinsics and libm. */
#include "base/vec.h"
#include "target/cpu/cpu_math.h"
#include <string.h>

static const struct { const char *name; MlirValue (*f)(math_at *, MlirValue); } functions[] = {
    {"math.exp", math_exp}, {"math.exp2", math_exp2}, {"math.expm1", math_expm1}, {"math.tanh", math_tanh}, {"math.erf", math_erf},
    {"math.log", math_log}, {"math.log2", math_log2}, {"math.log1p", math_log1p}, {"math.sin", math_sin},   {"math.cos", math_cos},
};
typedef struct gather { arena *mem; cpu_ops ops; } gather;

static bool collect(MlirOperation op, void *data) {
  gather *g = data;
  if (text_starts(ir_op_name(op), "math."))
    vec_push(g->mem, &g->ops, op);
  return true;
}

/* Scalars and vectors of one dim; *lanes = 0 for scalars. */
static bool is_lowered_type(MlirType t, dtype *elem, int *lanes) {
  bool is_vector = mlirTypeIsAVector(t);
  if (!ir_type_dtype(t, elem) || !dtype_is_float(*elem) || (mlirTypeIsAShaped(t) && !is_vector))
    return false;
  *lanes = is_vector ? (int)mlirShapedTypeGetDimSize(t, 0) : 0;
  return !is_vector || mlirShapedTypeGetRank(t) == 1;
}

static MlirValue lower(math_at *m, MlirOperation op, dtype elem) {
  MlirValue x[2];
  intptr_t n = ir_num_operands(op);
  for (intptr_t i = 0; i < n && i < 2; i++) {
    x[i] = ir_operand(op, i);
    if (elem != DTYPE_F32 && elem != DTYPE_F64)
      x[i] = math_cast(m, "arith.extf", x[i], "f32");
  }
  MlirValue y = {NULL};
  if (elem == DTYPE_F64)   /* upstream lowers it to exp(x) - 1, which loses every digit near 0 */
    return math_call(m, "expm1", x[0]);
  if (ir_op_is(op, "math.powf"))
    y = math_pow(m, x[0], x[1]);
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
    if (ir_op_is(op, functions[i].name))
      y = functions[i].f(m, x[0]);
  return mlirValueIsNull(y) || elem == DTYPE_F32 ? y : math_cast(m, "arith.truncf", y, dtype_mlir(elem));
}

static bool is_listed(MlirOperation op, dtype elem) {
  bool known = ir_op_is(op, "math.powf");
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
    known |= ir_op_is(op, functions[i].name);
  return elem == DTYPE_F64 ? ir_op_is(op, "math.expm1") : known;
}

static loom_status lower_one(ir_ctx *ir, MlirOperation op, int vector_bytes) {
  dtype elem;
  math_at m = {.b = ir_before(ir, op)};
  if (!is_lowered_type(mlirValueGetType(ir_result(op, 0)), &elem, &m.lanes) || !is_listed(op, elem))
    return LOOM_OK;
  m.has_scalef = vector_bytes == 64 && m.lanes == 16;
  MlirValue y = lower(&m, op, elem);
  if (mlirValueIsNull(y))
    return LOOM_EBUG;
  ir_replace_uses(ir_result(op, 0), y);
  ir_erase(op);
  return LOOM_OK;
}

loom_status cpu_lower_math(ir_ctx *ir, MlirModule m, int vector_bytes) {
  gather g = {.mem = &ir->ctx->mem};
  ir_walk(mlirModuleGetOperation(m), collect, &g);
  if (g.ops.n > 0)
    LOOM_TRY(cpu_add_functions(ir, m, "libm", "func.func private @sinf(f32) -> f32\nfunc.func private @cosf(f32) -> f32\nfunc.func private @expm1(f64) -> f64\n"));
  for (size_t i = 0; i < g.ops.n; i++)
    LOOM_TRY(lower_one(ir, g.ops.at[i], vector_bytes));
  return LOOM_OK;
}
