#include "ir/ir_private.h"
#include <string.h>

static const char *skip_anchor(const char *pipeline, size_t *size) {
  static const char anchor[] = "builtin.module(";
  size_t n = strlen(pipeline);
  if (n < sizeof anchor || memcmp(pipeline, anchor, sizeof anchor - 1) != 0 || pipeline[n - 1] != ')')
    return NULL;
  *size = n - sizeof anchor;
  return pipeline + sizeof anchor - 1;
}

/* The manager is anchored on builtin.module: with an "any" anchor a func.func pass at the top fails late, and a wrong anchor aborts. */
loom_status ir_run_pipeline(ir_ctx *ir, MlirModule m, const char *pipeline) {
  size_t size = 0;
  const char *passes = skip_anchor(pipeline, &size);
  if (!passes || mlirModuleIsNull(m))
    return ir_bug(ir, "a pass pipeline must be builtin.module(...) and run on a module, not '%s'", pipeline);
  loom_status st = LOOM_OK;
  ir_sink errors = ir_sink_new(&ir->ctx->mem);
  MlirPassManager pm = mlirPassManagerCreateOnOperation(ir->mlir, ir_ref("builtin.module"));
  MlirOpPassManager top = mlirPassManagerGetAsOpPassManager(pm);
  if (mlirLogicalResultIsFailure(mlirOpPassManagerAddPipeline(top, mlirStringRefCreate(passes, size), ir_sink_add, &errors))) {
    st = ir->blame;
  } else {
    mlirPassManagerEnableVerifier(pm, false);   /* behind each pass it takes as long as the passes: once is enough */
    if (mlirLogicalResultIsFailure(mlirPassManagerRunOnOp(pm, mlirModuleGetOperation(m))) || !mlirOperationVerify(mlirModuleGetOperation(m)))
      st = ir->blame;
  }
  mlirPassManagerDestroy(pm);
  ir_settle(ir);
  const char *said = ir_sink_text(&errors);
  if (*said && !ir->quiet)
    diag_error(ir->ctx, LOOM_NOSPAN, ir->blame, "the pass pipeline is malformed: %s", said);
  return st;
}
