#include "target/cpu/cpu_private.h"
#include <string.h>

/* log1p is not approximated: that would be log(1 + x).
 * arith-expand rounds bf16 with integer operations: the native instruction flushes denormals. */
static const char to_llvm[] =
    "builtin.module("
    "func.func(convert-linalg-to-loops),"
    "expand-strided-metadata,lower-affine,"
    "func.func(math-extend-to-supported-types,arith-expand{include-bf16=true}),"
    "convert-scf-to-cf,convert-vector-to-llvm,"
    "convert-math-to-llvm{approximate-log1p=false},convert-math-to-libm,"
    "convert-to-llvm,reconcile-unrealized-casts)";

/* One inlining, one clean-up, one vectorisation of the plain loops; no unrolling, no second rounds. */
static const char tile_passes[] =
    "cgscc(inline),function(sroa,early-cse,simplifycfg,instcombine,loop-mssa(loop-rotate,licm),loop(indvars,loop-idiom),"
    "loop-vectorize,instcombine,simplifycfg),globaldce";

codegen_options cpu_tile_options(const char *cpu) { return (codegen_options){.opt_level = 2, .passes = tile_passes, .cpu = cpu}; }

loom_status cpu_add_functions(ir_ctx *ir, MlirModule m, const char *name, const char *src) {
  MlirModule added;
  if (ir_parse(ir, arena_printf(&ir->ctx->mem, "<%s>", name), src, strlen(src), &added) != LOOM_OK)
    return LOOM_EBUG;   /* our own text */
  ir_move_into(m, added);
  return LOOM_OK;
}

loom_status cpu_lower_tiles_for(ir_ctx *ir, MlirModule m, int vector_bytes) {
  LOOM_TRY(cpu_lower_matmuls(ir, m, vector_bytes));
  LOOM_TRY(cpu_lower_copies(ir, m));
  LOOM_TRY(cpu_lower_math(ir, m));
  LOOM_TRY(cpu_make_entries(ir, m));
  return ir_run_pipeline(ir, m, to_llvm);
}

loom_status cpu_lower_tiles(ir_ctx *ir, MlirModule m) { return cpu_lower_tiles_for(ir, m, codegen_vector_bytes(NULL)); }

loom_status cpu_compile_tiles(ir_ctx *ir, const char *mlir_text, codegen_image **out) {
  const codegen_options o = cpu_tile_options(NULL);
  *out = NULL;
  MlirModule m;
  LOOM_TRY(ir_parse(ir, "<tile functions>", mlir_text, strlen(mlir_text), &m));
  char *object = NULL;
  size_t size = 0;
  loom_status st = cpu_lower_tiles(ir, m);
  if (st == LOOM_OK)
    st = codegen_object(ir, m, &o, &object, &size);
  if (st == LOOM_OK)
    st = codegen_link(ir->ctx, object, size, &o, out);
  ir_close_module(m);
  return st;
}
