/* linalg operations on memrefs as loops of vectors: finds runs of them that stand together and turns each into nests (cpu_vector.h). */
#include "target/cpu/cpu_vector.h"

typedef struct gather { arena *mem; const char *name; cpu_ops ops; } gather;
typedef VEC_OF(vec_op) vec_op_list;

static bool collect(MlirOperation op, void *data) {
  gather *g = data;
  if (ir_op_is(op, g->name))
    vec_push(g->mem, &g->ops, op);
  return true;
}

/* Copies are the simplest of them. */
static loom_status name_copies(ir_ctx *ir, MlirModule m) {
  gather g = {.mem = &ir->ctx->mem, .name = "memref.copy"};
  ir_walk(mlirModuleGetOperation(m), collect, &g);
  for (size_t i = 0; i < g.ops.n; i++) {
    MlirValue from = ir_operand(g.ops.at[i], 0);
    ir_builder at = ir_before(ir, g.ops.at[i]);
    if (mlirOperationIsNull(ir_build_named_linalg(&at, "linalg.copy", 1, &from, ir_operand(g.ops.at[i], 1), (MlirType){NULL})))
      return LOOM_EBUG;
    ir_erase(g.ops.at[i]);
  }
  return LOOM_OK;
}

/* Operations that touch no memory may stand between those of a nest. */
static bool is_harmless(MlirOperation op) {
  static const char *const views[] = {"memref.subview", "memref.view", "memref.cast", "memref.reinterpret_cast", "memref.dim", "memref.transpose",
                                      "memref.alloca",  "memref.alloc", "memref.collapse_shape", "memref.expand_shape", "affine.apply", "affine.min", "affine.max",
                                      "affine.linearize_index", "affine.delinearize_index"};
  const char *name = ir_op_name(op);
  if (mlirOperationGetNumRegions(op) > 0)
    return false;
  if (text_starts(name, "arith.") || text_starts(name, "math."))
    return true;
  for (size_t i = 0; i < sizeof views / sizeof *views; i++)
    if (text_eq(name, views[i]))
      return true;
  return false;
}

static loom_status lower_run(ir_ctx *ir, vec_op_list *run, int vector_bytes) {
  vec_group *g = ARENA_NEW(&ir->ctx->mem, vec_group);
  for (size_t i = 0; i < run->n; i += (size_t)g->n_members) {
    vec_group_form(g, &run->at[i], run->n - i);
    LOOM_TRY(vec_group_emit(ir, g, vector_bytes));
  }
  run->n = 0;
  return LOOM_OK;
}

static loom_status lower_block(ir_ctx *ir, MlirBlock block, int vector_bytes, int depth);

static loom_status lower_regions(ir_ctx *ir, MlirOperation op, int vector_bytes, int depth) {
  for (intptr_t r = 0; r < mlirOperationGetNumRegions(op); r++)
    for (MlirBlock b = mlirRegionGetFirstBlock(mlirOperationGetRegion(op, r)); !mlirBlockIsNull(b); b = mlirBlockGetNextInRegion(b))
      LOOM_TRY(lower_block(ir, b, vector_bytes, depth + 1));
  return LOOM_OK;
}

static loom_status lower_block(ir_ctx *ir, MlirBlock block, int vector_bytes, int depth) {
  vec_op_list run = {0};
  if (depth > MLIR_TEXT_DEPTH_MAX)
    LOOM_FAIL(ir->ctx, LOOM_NOSPAN, LOOM_ELIMIT, "loops are nested more than %d deep", MLIR_TEXT_DEPTH_MAX);
  for (MlirOperation op = mlirBlockGetFirstOperation(block), next; !mlirOperationIsNull(op); op = next) {
    vec_op *v = ARENA_NEW(&ir->ctx->mem, vec_op);
    int across;
    next = mlirOperationGetNextInBlock(op);
    if (vec_read(ir, op, v)) {
      vec_push(&ir->ctx->mem, &run, *v);
      continue;
    }
    if (is_harmless(op))
      continue;
    LOOM_TRY(lower_run(ir, &run, vector_bytes));
    if (vec_read_turned(ir, op, v, &across))
      LOOM_TRY(vec_turn_emit(ir, v, across, vector_bytes));
    else if (!text_starts(ir_op_name(op), "linalg."))
      LOOM_TRY(lower_regions(ir, op, vector_bytes, depth));
  }
  return lower_run(ir, &run, vector_bytes);
}

loom_status cpu_lower_vectors(ir_ctx *ir, MlirModule m, int vector_bytes) {
  LOOM_TRY(name_copies(ir, m));
  LOOM_TRY(ir_run_pipeline(ir, m, "builtin.module(func.func(linalg-generalize-named-ops,cse))"));
  return lower_block(ir, mlirModuleGetBody(m), vector_bytes, 0);
}
