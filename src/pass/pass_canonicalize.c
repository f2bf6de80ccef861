#include "pass/pass_private.h"

/* Order matters: copies are folded before equal loads before and behind a store become one; fusion must not swallow the combine step that destination specialisation looks for, so it comes after it;
 * symbols are dead only when the asserts that compared them are gone; canonicalize would take the copies of loom-own-start away. */
static const char stage0_pipeline[] =
    "builtin.module("
    "func.func(loom-erase-asserts,loom-fold-load-copy,loom-fold-redundant-extract-slice,canonicalize,cse,"
    "loom-destination-specialization,loom-fuse-guarded-elementwise,loom-symbol-dce,canonicalize,loom-own-start),"
    "loom-verify)";

/* ---- long bodies ---- */

/* After each change MLIR asks of all loops around whether they have an effect still, op by op from the front, as far as the first that has one.  A kernel stores at
 * its end, so of a body of n ops that is n * n questions.  While the passes run, a long body that stores begins with an op that may do anything. */
enum { LONG_BODY = 256 };
static const char front_op[] = "loom.sync", front_mark[] = "loom.front";

static bool mark_front(MlirOperation op, void *data) {
  ir_ctx *ir = data;
  MlirBlock body = ir_op_is(op, "func.func") || mlirOperationGetNumResults(op) > 0 ? (MlirBlock){NULL} : ir_body(op);
  if (mlirBlockIsNull(body) || mlirBlockGetNumArguments(body) == 0)
    return true;
  int n = 0;
  bool stores = false;
  for (MlirOperation x = mlirBlockGetFirstOperation(body); !mlirOperationIsNull(x); x = mlirOperationGetNextInBlock(x), n++)
    stores = stores || ir_op_is(x, "memref.copy");
  if (n < LONG_BODY || !stores)
    return true;
  ir_builder b = ir_before(ir, mlirBlockGetFirstOperation(body));
  MlirValue any[] = {mlirBlockGetArgument(body, 0), mlirBlockGetArgument(body, 0)};
  ir_named mark = {front_mark, ir_unit_attr(ir)};
  ir_build(&b, front_op, 0, NULL, 2, any, 1, &mark, 0, NULL);
  return true;
}

static bool drop_front(MlirOperation op, void *data) {
  (void)data;
  if (ir_op_is(op, front_op) && !mlirAttributeIsNull(ir_attr_of(op, front_mark)))
    ir_erase(op);
  return true;
}

loom_status pass_canonicalize_stage0(ir_ctx *ir, MlirModule m) {
  MlirOperation module = mlirModuleGetOperation(m);
  ir_walk(module, mark_front, ir);
  loom_status st = pass_run_pipeline(ir, m, stage0_pipeline, NULL);
  ir_walk_post(module, drop_front, NULL);
  return st;
}

loom_status pass_canonicalize_module(ir_ctx *ir, MlirOperation module, const pass_options *o) {
  (void)o;
  return pass_canonicalize_stage0(ir, mlirModuleFromOperation(module));
}
