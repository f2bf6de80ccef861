#include "ir/ir_private.h"

/* MLIR wants a NUL behind the text and spans want the text to stay, so it is copied once. */
loom_status ir_parse(ir_ctx *ir, const char *path, const char *text, size_t size, MlirModule *out) {
  *out = (MlirModule){NULL};
  loom_ctx *ctx = ir->ctx;
  if (size > IR_TEXT_BYTES_MAX)
    return ir_scan(ctx, diag_add_source(ctx, path, NULL, 0), text, size);
  const char *copy = arena_strndup(&ctx->mem, text, size);
  const diag_source *outer_source = ir->source;
  ir->source = diag_add_source(ctx, path, copy, size);
  loom_status st = ir_scan(ctx, ir->source, copy, size);
  if (st == LOOM_OK) {
    loom_status outer_blame = ir->blame;
    ir->blame = LOOM_EINPUT;
    int errors = ctx->diag.errors;
    MlirOperation op = mlirOperationCreateParse(ir->mlir, mlirStringRefCreate(copy, size), ir_ref(path));
    ir->blame = outer_blame;
    if (!ir_is_null_op(op) && !ir_op_is(op, "builtin.module")) {
      if (!ir->quiet)
        diag_error(ctx, ir_span(ir, op), LOOM_EINPUT, "the file holds one %s; expected a module of functions", ir_op_name(op));
      mlirOperationDestroy(op);
      st = LOOM_EINPUT;
    } else if (ir_is_null_op(op)) {
      if (!ir->quiet && ctx->diag.errors == errors)
        diag_error(ctx, (loom_span){.source = ir->source}, LOOM_EINPUT, "MLIR can't read this text");
      st = LOOM_EINPUT;
    } else {
      *out = mlirModuleFromOperation(op);
    }
  }
  ir->source = outer_source;
  ir_settle(ir);
  return st;
}

loom_status ir_verify(ir_ctx *ir, MlirModule m) {
  if (mlirModuleIsNull(m))
    return ir_bug(ir, "a null module was given to the verifier");
  bool ok = mlirOperationVerify(mlirModuleGetOperation(m));
  ir_settle(ir);
  return ok ? LOOM_OK : ir->blame;
}

MlirModule ir_clone_module(MlirModule m) {
  if (mlirModuleIsNull(m))
    return m;
  return mlirModuleFromOperation(mlirOperationClone(mlirModuleGetOperation(m)));
}

void ir_close_module(MlirModule m) {
  if (!mlirModuleIsNull(m))
    mlirModuleDestroy(m);
}
