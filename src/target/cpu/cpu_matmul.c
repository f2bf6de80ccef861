/* Finds the matrix products cpu_matmul_text can do and calls it for them; the others become plain loops later. */
#include "base/vec.h"
#include "target/cpu/cpu_private.h"
#include <string.h>

typedef VEC_OF(MlirOperation) op_list;
typedef struct gather { arena *mem; op_list products; } gather;

static bool is_row_major_matrix(MlirValue v) {
  MlirType t = mlirValueIsNull(v) ? (MlirType){NULL} : mlirValueGetType(v);
  if (mlirTypeIsNull(t) || !mlirTypeIsAMemRef(t) || mlirShapedTypeGetRank(t) != 2)
    return false;
  int64_t strides[2], offset;
  return mlirLogicalResultIsSuccess(mlirMemRefTypeGetStridesAndOffset(t, strides, &offset)) && strides[1] == 1;
}

/* f32, or a narrower float that f32 holds exactly */
static bool is_input_type(MlirValue v, dtype *out) {
  return ir_type_dtype(mlirValueGetType(v), out) && (*out == DTYPE_F16 || *out == DTYPE_BF16 || *out == DTYPE_F32);
}

/* linalg.matmul may carry other maps (a transposed operand). */
static bool has_plain_maps(ir_ctx *ir, MlirOperation op) {
  MlirAttribute maps = ir_attr_of(op, "indexing_maps");
  return mlirAttributeIsNull(maps) ||
         mlirAttributeEqual(maps, ir_attr(ir, "[affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]"));
}

static bool collect(MlirOperation op, void *data) {
  gather *g = data;
  if (ir_op_is(op, "linalg.matmul"))
    vec_push(g->mem, &g->products, op);
  return true;
}

/* func.call of the kernel for `a` x `b`; operands are cast to matrices of any shape and row stride. */
static loom_status call_kernel(ir_ctx *ir, MlirOperation op, dtype a, dtype b, dtype c, const char *name) {
  const dtype types[3] = {a, b, c};
  ir_builder at = ir_before(ir, op);
  MlirValue operands[3];
  for (intptr_t i = 0; i < 3; i++) {
    MlirType t = ir_type(ir, arena_printf(&ir->ctx->mem, CPU_MATRIX_TYPE, dtype_mlir(types[i])));
    MlirValue v = ir_operand(op, i);
    operands[i] = mlirTypeEqual(mlirValueGetType(v), t) ? v : ir_build1(&at, "memref.cast", t, 1, &v, 0, NULL);
    if (mlirValueIsNull(operands[i]))
      return LOOM_EBUG;
  }
  ir_named callee = {"callee", ir_symbol_attr(ir, name)};
  if (mlirOperationIsNull(ir_build(&at, "func.call", 0, NULL, 3, operands, 1, &callee, 0, NULL)))
    return LOOM_EBUG;
  ir_erase(op);
  return LOOM_OK;
}

static loom_status lower_one(ir_ctx *ir, MlirModule m, MlirOperation op, int vector_bytes) {
  dtype a, b, c;
  if (ir_num_operands(op) != 3 || !is_row_major_matrix(ir_operand(op, 0)) || !is_row_major_matrix(ir_operand(op, 1)) ||
      !is_row_major_matrix(ir_operand(op, 2)) || !has_plain_maps(ir, op))
    return LOOM_OK;
  if (!is_input_type(ir_operand(op, 0), &a) || !is_input_type(ir_operand(op, 1), &b) || !is_input_type(ir_operand(op, 2), &c))
    return LOOM_OK;
  const char *name = arena_printf(&ir->ctx->mem, "loom_matmul_%s_%s_%s", dtype_mlir(a), dtype_mlir(b), dtype_mlir(c));
  if (mlirOperationIsNull(ir_find_func(m, name)))
    LOOM_TRY(cpu_add_functions(ir, m, name, cpu_matmul_text(&ir->ctx->mem, name, dtype_mlir(a), dtype_mlir(b), dtype_mlir(c), vector_bytes)));
  return call_kernel(ir, op, a, b, c, name);
}

loom_status cpu_lower_matmuls(ir_ctx *ir, MlirModule m, int vector_bytes) {
  gather g = {.mem = &ir->ctx->mem};
  ir_walk(mlirModuleGetOperation(m), collect, &g);
  for (size_t i = 0; i < g.products.n; i++)
    LOOM_TRY(lower_one(ir, m, g.products.at[i], vector_bytes));
  return LOOM_OK;
}
