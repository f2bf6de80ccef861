#include "pass/pass_private.h"

/* Order matters: copies are folded before equal loads before and behind a store become one; fusion must not swallow the combine step that destination specialisation looks for, so it comes after it;
 * symbols are dead only when the asserts that compared them are gone; canonicalize would take the copies of loom-own-start away. */
static const char stage0_pipeline[] =
    "builtin.module("
    "func.func(loom-erase-asserts,loom-fold-load-copy,loom-fold-redundant-extract-slice,canonicalize,cse,"
    "loom-destination-specialization,loom-fuse-guarded-elementwise,loom-symbol-dce,canonicalize,loom-own-start),"
    "loom-verify)";

loom_status pass_canonicalize_stage0(ir_ctx *ir, MlirModule m) { return pass_run_pipeline(ir, m, stage0_pipeline, NULL); }

loom_status pass_canonicalize_module(ir_ctx *ir, MlirOperation module, const pass_options *o) {
  (void)o;
  return pass_canonicalize_stage0(ir, mlirModuleFromOperation(module));
}
