/* Finds the matrix products cpu_matmul_text can do and calls it for them; the others become plain loops later. */
#include "base/vec.h"
#include "target/cpu/cpu_private.h"
#include "target/cpu/cpu_region.h"
#include <string.h>

typedef struct gather { arena *mem; cpu_ops products; } gather;

/* One, or a batch of them: the last dim is contiguous. */
static bool is_row_major(MlirValue v, int rank) {
  MlirType t = mlirValueIsNull(v) ? (MlirType){NULL} : mlirValueGetType(v);
  if (mlirTypeIsNull(t) || !mlirTypeIsAMemRef(t) || mlirShapedTypeGetRank(t) != rank)
    return false;
  return cpu_has_unit_columns(v);
}

/* f32, or a narrower float that f32 holds exactly */
static bool is_input_type(MlirValue v, dtype *out) {
  return ir_type_dtype(mlirValueGetType(v), out) && (*out == DTYPE_F16 || *out == DTYPE_BF16 || *out == DTYPE_F32);
}

static bool collect(MlirOperation op, void *data) {
  gather *g = data;
  if (cpu_is_product(op))
    vec_push(g->mem, &g->products, op);
  return true;
}

/* A call of the kernel for `a` x `b`, for each of a batch; operands are cast to matrices of any shape and row stride. */
static loom_status call_kernel(ir_ctx *ir, MlirOperation op, bool is_batch, const dtype *types, const char *name) {
  ir_builder at = ir_before(ir, op);
  MlirValue operands[3], index;
  cpu_open_loops(&at, ir_operand(op, 2), is_batch, &index);
  for (intptr_t i = 0; i < 3; i++) {
    operands[i] = cpu_cast(&at, cpu_matrix_at(&at, ir_operand(op, i), &index), arena_printf(&ir->ctx->mem, CPU_MATRIX_TYPE, dtype_mlir(types[i])));
    if (mlirValueIsNull(operands[i]))
      return LOOM_EBUG;
  }
  LOOM_TRY(cpu_call(&at, name, 3, operands));
  ir_erase(op);
  return LOOM_OK;
}

static loom_status lower_one(ir_ctx *ir, MlirModule m, MlirOperation op, int vector_bytes) {
  dtype types[3];
  bool is_batch = ir_op_is(op, "linalg.batch_matmul"), fits = ir_num_operands(op) == 3 && cpu_is_plain_product(ir, op);
  for (intptr_t i = 0; i < 3 && fits; i++)
    fits = is_row_major(ir_operand(op, i), 2 + is_batch) && is_input_type(ir_operand(op, i), &types[i]);
  if (!fits)
    return LOOM_OK;
  const char *a = dtype_mlir(types[0]), *b = dtype_mlir(types[1]), *c = dtype_mlir(types[2]), *name = arena_printf(&ir->ctx->mem, "loom_matmul_%s_%s_%s", a, b, c);
  if (mlirOperationIsNull(ir_find_func(m, name)))
    LOOM_TRY(cpu_add_functions(ir, m, name, cpu_matmul_text(&ir->ctx->mem, name, a, b, c, vector_bytes)));
  return call_kernel(ir, op, is_batch, types, name);
}

loom_status cpu_lower_matmuls(ir_ctx *ir, MlirModule m, int vector_bytes) {
  gather g = {.mem = &ir->ctx->mem};
  ir_walk(mlirModuleGetOperation(m), collect, &g);
  for (size_t i = 0; i < g.products.n; i++)
    LOOM_TRY(lower_one(ir, m, g.products.at[i], vector_bytes));
  return LOOM_OK;
}
