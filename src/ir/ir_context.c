#include "ir/ir_private.h"
#include <mlir-c/RegisterEverything.h>
#include <pthread.h>

static pthread_once_t passes_once = PTHREAD_ONCE_INIT;   /* MLIR's pass table is global to the process */

/* All dialects are registered (0.8 ms), none loaded: interface implementations for bufferization and tiling come only this way. */
loom_status ir_open(loom_ctx *ctx, ir_ctx *out) {
  if (pthread_once(&passes_once, mlirRegisterAllPasses) != 0)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EBUG, "MLIR's passes could not be registered");
  *out = (ir_ctx){.ctx = ctx, .blame = LOOM_EBUG};
  MlirDialectRegistry registry = mlirDialectRegistryCreate();
  mlirRegisterAllDialects(registry);
  out->mlir = mlirContextCreateWithRegistry(registry, /*threadingEnabled=*/false);
  mlirDialectRegistryDestroy(registry);
  if (mlirContextIsNull(out->mlir))
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EBUG, "MLIR gave no context");
  out->unknown = mlirLocationUnknownGet(out->mlir);
  mlirContextAttachDiagnosticHandler(out->mlir, ir_handle_diagnostic, out, NULL);
  return LOOM_OK;
}

void ir_close(ir_ctx *ir) {
  if (!mlirContextIsNull(ir->mlir))
    mlirContextDestroy(ir->mlir);
  *ir = (ir_ctx){0};
}

void ir_allow_unregistered(ir_ctx *ir, bool allow) { mlirContextSetAllowUnregisteredDialects(ir->mlir, allow); }
bool ir_allows_unregistered(ir_ctx *ir) { return mlirContextGetAllowUnregisteredDialects(ir->mlir); }
void ir_register_translations(ir_ctx *ir) { mlirRegisterAllLLVMTranslations(ir->mlir); }
