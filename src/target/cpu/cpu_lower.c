#include "target/cpu/cpu_kernels.h"
#include "target/cpu/cpu_private.h"
#include <stdlib.h>
#include <string.h>

/* log1p is not approximated: that would be log(1 + x).
 * Arithmetic on bf16 is that of f32, and arith-expand rounds to bf16 with integer operations: the native instruction flushes denormals. */
static const char to_llvm[] =
    "builtin.module("
    "func.func(convert-linalg-to-loops),"
    "expand-strided-metadata,lower-affine,"
    "func.func(math-extend-to-supported-types,arith-emulate-unsupported-floats{source-types=bf16 target-type=f32},arith-expand{include-bf16=true}),"
    "convert-math-to-funcs,convert-scf-to-cf,convert-vector-to-llvm{enable-x86vector=true enable-amx=true},"
    "convert-math-to-llvm{approximate-log1p=false},convert-math-to-libm,"
    "convert-to-llvm,reconcile-unrealized-casts)";

/* One inlining, one clean-up, one vectorisation of the plain loops; no unrolling, no second rounds. */
static const char tile_passes[] =
    "cgscc(inline),function(sroa,early-cse,simplifycfg,instcombine<no-verify-fixpoint>,loop-mssa(loop-rotate,licm),loop(indvars,loop-idiom),"
    "loop-vectorize,instcombine<no-verify-fixpoint>,simplifycfg),globaldce";

codegen_options cpu_tile_options(const char *cpu) { return (codegen_options){.opt_level = 2, .passes = tile_passes, .cpu = cpu}; }

loom_status cpu_add_functions(ir_ctx *ir, MlirModule m, const char *name, const char *src) {
  return ir_add_functions(ir, m, name, src);
}

loom_status cpu_lower_tiles_for(ir_ctx *ir, MlirModule m, int vector_bytes) {
  LOOM_TRY(cpu_lower_matmuls(ir, m, vector_bytes));
  cpu_lower_half_sums(ir, m);
  LOOM_TRY(cpu_lower_vectors(ir, m, vector_bytes));
  LOOM_TRY(cpu_lower_math(ir, m, vector_bytes));
  LOOM_TRY(cpu_make_entries(ir, m));
  return ir_run_pipeline(ir, m, to_llvm);
}

loom_status cpu_lower_tiles(ir_ctx *ir, MlirModule m) { return cpu_lower_tiles_for(ir, m, codegen_vector_bytes(NULL)); }

/* Text of tile functions may come from a file: only compute on memory passes.  The llvm dialect could smuggle in assembly or raw pointers. */
static bool is_allowed(MlirOperation op) {
  static const char *const dialects[] = {"builtin.module", "func.", "arith.", "math.", "linalg.", "memref.", "scf.", "affine.", "vector."};
  static const char *const refused[] = {"memref.extract_aligned_pointer_as_index", "memref.get_global", "memref.global", "func.call_indirect"};
  bool known = false;
  for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++)
    known |= text_starts(ir_op_name(op), dialects[i]);
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
    known &= !ir_op_is(op, refused[i]);
  return known;
}

static bool visit_allowed(MlirOperation op, void *data) {
  ir_ctx *ir = data;
  if (is_allowed(op))
    return true;
  diag_error(ir->ctx, ir_span(ir, op), LOOM_EINPUT, "'%s' is not allowed in a tile function", ir_op_name(op));
  diag_help(ir->ctx, "tile functions are made of arith, math, linalg, memref, scf, affine and vector operations");
  return false;
}

/* The dot products of cpu_dot_*_text.c, none of which has to do with addresses. */
static bool is_dot(MlirOperation op) {
  if (!ir_op_is(op, "llvm.call_intrinsic"))
    return text_starts(ir_op_name(op), "amx.") || text_starts(ir_op_name(op), "x86vector.");
  MlirStringRef name = mlirStringAttrGetValue(ir_attr_of(op, "intrin"));
  static const char dot[] = "llvm.x86.avx512.vpdpbusd.";
  return name.length > strlen(dot) && strncmp(name.data, dot, strlen(dot)) == 0;
}

/* Upstream's deallocation compares addresses; nothing that is allowed turns one back into memory. */
static bool visit_allowed_kernel(MlirOperation op, void *data) {
  return ir_op_is(op, "memref.extract_aligned_pointer_as_index") || is_dot(op) || visit_allowed(op, data);
}

loom_status cpu_compile_tiles(ir_ctx *ir, const char *mlir_text, codegen_image **out) {
  const codegen_options o = cpu_tile_options(NULL);
  *out = NULL;
  MlirModule m;
  LOOM_TRY(ir_parse(ir, "<tile functions>", mlir_text, strlen(mlir_text), &m));
  char *object = NULL;
  size_t size = 0;
  loom_status st = ir_walk(mlirModuleGetOperation(m), visit_allowed, ir) ? cpu_lower_tiles(ir, m) : LOOM_EINPUT;
  if (st == LOOM_OK)
    st = codegen_object(ir, m, &o, &object, &size);
  if (st == LOOM_OK)
    st = codegen_link(ir->ctx, object, size, &o, out);
  ir_close_module(m);
  return st;
}

/* Pointers to functions as addresses, which C spells through memcpy. */
static void *address_of(void (*f)(void)) {
  void *p;
  memcpy(&p, &f, sizeof p);
  return p;
}

static loom_status lower_kernel(ir_ctx *ir, MlirModule m, const cpu_leaves *leaves) {
  if (!ir_walk(mlirModuleGetOperation(m), visit_allowed_kernel, ir))
    return LOOM_EINPUT;
  if (leaves)
    LOOM_TRY(cpu_leave_to_providers(ir, m, leaves->products));
  return cpu_lower_tiles(ir, m);
}

loom_status cpu_kernel_object(ir_ctx *ir, MlirModule m, const cpu_leaves *leaves, char **out_object, size_t *out_size) {
  const codegen_options o = cpu_tile_options(NULL);
  LOOM_TRY(lower_kernel(ir, m, leaves));
  return codegen_object(ir, m, &o, out_object, out_size);
}

loom_status cpu_kernel_llvm(ir_ctx *ir, MlirModule m, const char **out) {
  const codegen_options o = cpu_tile_options(NULL);
  LOOM_TRY(lower_kernel(ir, m, NULL));
  return codegen_llvm_text(ir, m, &o, out);
}

enum { MEMORY_GRANTS = 2 };

static void grant_memory(codegen_symbol *grants) {
  grants[0] = (codegen_symbol){"malloc", address_of((void (*)(void))malloc)};
  grants[1] = (codegen_symbol){"free", address_of((void (*)(void))free)};
}

loom_status cpu_check_kernel(loom_ctx *ctx, const char *object, size_t size) {
  codegen_symbol grants[MEMORY_GRANTS];
  grant_memory(grants);
  return codegen_check(ctx, object, size, &(codegen_options){.grants = grants, .n_grants = MEMORY_GRANTS});
}

loom_status cpu_link_kernel(loom_ctx *ctx, const char *object, size_t size, codegen_image **out) { return cpu_link_kernel_with(ctx, object, size, NULL, out); }

loom_status cpu_link_kernel_with(loom_ctx *ctx, const char *object, size_t size, provider_link *link, codegen_image **out) {
  codegen_symbol grants[MEMORY_GRANTS + CPU_PROVIDER_GRANTS];
  codegen_options o = cpu_tile_options(NULL);
  grant_memory(grants);
  o.grants = grants;
  o.n_grants = MEMORY_GRANTS;
  if (link) {
    cpu_grant_providers(link, grants + MEMORY_GRANTS);
    o.n_grants += CPU_PROVIDER_GRANTS;
  }
  return codegen_link(ctx, object, size, &o, out);
}
