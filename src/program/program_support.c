/* What a program may be made of.  The rest is named before any work is done, all of it at once. */
#include "program/program_private.h"

static const char *const dialects[] = {"builtin.", "func.", "arith.", "math.", "linalg.", "tensor.", "tosa.", "scf.", "cf.", "affine.", "memref.", "bufferization.",
                                       "vector.", "complex.", "index.", "ub.", "ml_program.", "check.", "util."};
static const char *const refused[] = {"memref.extract_aligned_pointer_as_index", "func.call_indirect", "func.constant", "memref.prefetch", "memref.dma_start", "memref.dma_wait",
                                      "memref.dealloc", "linalg.mmt4d", "bufferization.dealloc"};

static bool is_supported(const char *name) {
  bool known = false;
  for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++)
    known |= text_starts(name, dialects[i]);
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
    known &= !text_eq(name, refused[i]);
  return known;
}

/* Do several dims of one become of unknown size?  Upstream's lowering has no form for that. */
static bool splits_openly(MlirOperation op) {
  MlirAttribute groups = ir_op_is(op, "tensor.expand_shape") || ir_op_is(op, "memref.expand_shape") ? ir_attr_of(op, "reassociation") : (MlirAttribute){NULL};
  for (intptr_t i = 0; !mlirAttributeIsNull(groups) && i < mlirArrayAttrGetNumElements(groups); i++) {
    MlirAttribute dims = mlirArrayAttrGetElement(groups, i);
    int open = 0;
    for (intptr_t k = 0; k < mlirArrayAttrGetNumElements(dims); k++) {
      int64_t d;
      open += ir_attr_int(mlirArrayAttrGetElement(dims, k), &d) && mlirShapedTypeIsDynamicDim(mlirValueGetType(ir_result(op, 0)), d);
    }
    if (open > 1)
      return true;
  }
  return false;
}

typedef struct audit { ir_ctx *ir; bool has_ranks; loom_status status; } audit;

static bool visit(MlirOperation op, void *data) {
  audit *a = data;
  const char *name = ir_op_name(op);
  bool is_external = ir_op_is(op, "func.func") && mlirBlockIsNull(ir_body(op)) && !cpu_is_provided(op) && !a->has_ranks;      /* ranks: bodies come later */
  if ((is_supported(name) || (a->has_ranks && text_starts(name, "mpi."))) && !is_external)
    return true;
  if (a->status != LOOM_EINPUT)
    a->status = is_external ? LOOM_EINPUT : LOOM_EUNSUP;
  if (is_external) {
    diag_error(a->ir->ctx, ir_span(a->ir, op), LOOM_EINPUT, "function @%s has no body, and nothing here provides it", ir_func_name(&a->ir->ctx->mem, op));
    diag_help(a->ir->ctx, "a function of a library takes memrefs and numbers and has the attribute llvm.bareptr or llvm.emit_c_interface (docs/providers.md)");
  } else
    diag_error(a->ir->ctx, ir_span(a->ir, op), LOOM_EUNSUP, "operation '%s' is not supported in a program", name);
  return true;
}

loom_status program_check_supported(ir_ctx *ir, MlirModule m, bool has_ranks) {
  audit a = {ir, has_ranks, LOOM_OK};
  ir_walk(mlirModuleGetOperation(m), visit, &a);
  return a.status;
}

static bool visit_split(MlirOperation op, void *data) {
  audit *a = data;
  if (splits_openly(op))
    a->status = diag_error(a->ir->ctx, ir_span(a->ir, op), LOOM_EUNSUP, "a dim becomes several whose sizes only the running program knows");
  return true;
}

loom_status program_check_splits(ir_ctx *ir, MlirModule m) {
  audit a = {ir, false, LOOM_OK};
  ir_walk(mlirModuleGetOperation(m), visit_split, &a);
  return a.status;
}
