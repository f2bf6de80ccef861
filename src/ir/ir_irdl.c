#include "ir/ir_private.h"
#include <mlir-c/Dialect/IRDL.h>
#include <string.h>

/* IRDL refuses names with a dot in its own verifier only: MLIR's dynamic dialects take them. */
static bool respell(MlirOperation op, void *data) {
  (void)data;
  MlirAttribute name = ir_op_is(op, "irdl.operation") ? ir_attr_of(op, "spelled") : (MlirAttribute){NULL};
  if (!mlirAttributeIsNull(name))
    ir_set_attr(op, "sym_name", name);
  return true;
}

loom_status ir_load_irdl(ir_ctx *ir, const char *path, const char *src) {
  MlirModule m = {NULL};
  mlirContextGetOrLoadDialect(ir->mlir, ir_ref("irdl"));
  LOOM_TRY(ir_parse_own(ir, path, src, strlen(src), &m));
  ir->parsed--;      /* a dialect is no text of the user's */
  ir_walk(mlirModuleGetOperation(m), respell, NULL);
  bool ok = mlirLogicalResultIsSuccess(mlirLoadIRDLDialects(m));
  ir_close_module(m);
  ir_settle(ir);
  return ok ? LOOM_OK : ir_bug(ir, "MLIR refuses the dialects of %s", path);
}

bool ir_knows_op(ir_ctx *ir, const char *name) { return mlirContextIsRegisteredOperation(ir->mlir, ir_ref(name)); }

bool ir_knows_dialect(ir_ctx *ir, const char *op_name) {
  MlirStringRef dialect = mlirStringRefCreate(op_name, strcspn(op_name, "."));
  return !mlirDialectIsNull(mlirContextGetOrLoadDialect(ir->mlir, dialect));
}
