/* convert-torch-to-mips: torch.aten.mm of f32 becomes mips.matmul, between casts from and to the types of torch that convert-torch-to-linalg takes
 * away.  The destination is zeros, so that the op means the same to whoever reads it as a product that adds. */
#include "pass/torch_convert.h"

typedef VEC_OF(MlirOperation) op_list;
typedef struct gather { ir_ctx *ir; op_list products; } gather;

static bool is_f32_matrix(ir_ctx *ir, MlirType torch, MlirType *out) {
  dtype t;
  *out = torch_builtin_type(ir, torch);
  return !mlirTypeIsNull(*out) && mlirTypeIsARankedTensor(*out) && mlirShapedTypeGetRank(*out) == 2 && ir_type_dtype(*out, &t) && t == DTYPE_F32;
}

static bool collect(MlirOperation op, void *data) {
  gather *g = data;
  MlirType t;
  if (ir_op_is(op, "torch.aten.mm") && ir_num_operands(op) == 2 && is_f32_matrix(g->ir, mlirValueGetType(ir_operand(op, 0)), &t) &&
      is_f32_matrix(g->ir, mlirValueGetType(ir_operand(op, 1)), &t) && is_f32_matrix(g->ir, mlirValueGetType(ir_result(op, 0)), &t))
    vec_push(&g->ir->ctx->scratch, &g->products, op);
  return true;
}

static MlirValue zeros(ir_builder *at, MlirValue a, MlirValue b, MlirType type) {
  MlirValue from[2] = {a, b}, sizes[2];
  intptr_t n = 0;
  for (int d = 0; d < 2; d++)
    if (mlirShapedTypeIsDynamicDim(type, d))
      sizes[n++] = ir_build1(at, "tensor.dim", ir_index_type(at->ir), 2, (MlirValue[]){from[d], ir_index_const(at, d)}, 0, NULL);
  MlirType f32 = ir_dtype(at->ir, DTYPE_F32);
  MlirValue empty = ir_build1(at, "tensor.empty", type, n, sizes, 0, NULL);
  MlirValue zero = ir_build1(at, "arith.constant", f32, 0, NULL, 1, &(ir_named){"value", ir_attr(at->ir, "0.0 : f32")});
  return ir_result(ir_build_named_linalg(at, "linalg.fill", 1, &zero, empty, type), 0);
}

static loom_status convert(ir_ctx *ir, MlirOperation op) {
  MlirValue in[3];
  MlirType type;
  ir_builder at = ir_before(ir, op);
  for (int i = 0; i < 2; i++) {
    MlirValue v = ir_operand(op, i);
    in[i] = ir_build1(&at, "torch_c.to_builtin_tensor", torch_builtin_type(ir, mlirValueGetType(v)), 1, &v, 0, NULL);
  }
  type = torch_builtin_type(ir, mlirValueGetType(ir_result(op, 0)));
  if (mlirValueIsNull(in[0]) || mlirValueIsNull(in[1]))
    return LOOM_EBUG;
  in[2] = zeros(&at, in[0], in[1], type);
  MlirValue product = mlirValueIsNull(in[2]) ? in[2] : ir_build1(&at, "mips.matmul", type, 3, in, 0, NULL);
  MlirValue result = mlirValueIsNull(product) ? product : ir_build1(&at, "torch_c.from_builtin_tensor", mlirValueGetType(ir_result(op, 0)), 1, &product, 0, NULL);
  if (mlirValueIsNull(result))
    return LOOM_EBUG;
  ir_replace_uses(ir_result(op, 0), result);
  LOOM_TRY(dialect_verify_op(ir, ir_def(product)));      /* sizes of the text that do not fit */
  return ir_erase(op) ? LOOM_OK : LOOM_EBUG;
}

loom_status pass_torch_to_mips(ir_ctx *ir, MlirOperation func, const pass_options *o) {
  gather g = {.ir = ir};
  (void)o;
  ir_walk(func, collect, &g);
  for (size_t i = 0; i < g.products.n; i++)
    LOOM_TRY(convert(ir, g.products.at[i]));
  return LOOM_OK;
}
