/* Element-wise fusion by MLIR's own pass, kept away from generics with a leading reduction (the combine step behind a gather):
 * each value such a generic reads or makes gets a second reader while the pass runs, and the pass fuses only sole readers. */
#include "pass/pass_private.h"

typedef struct guards { ir_ctx *ir; VEC_OF(MlirOperation) markers; } guards;

/* A value that nobody reads needs no guard, and would be kept alive by one. */
static void guard_value(guards *g, MlirOperation behind, MlirValue v) {
  if (mlirValueIsNull(v) || mlirOpOperandIsNull(mlirValueGetFirstUse(v)) || !mlirTypeIsATensor(mlirValueGetType(v)) || (mlirOperationIsNull(ir_def(v))))
    return;
  ir_builder b = ir_before(g->ir, mlirBlockGetTerminator(mlirOperationGetBlock(behind)));
  /* An op with an effect, so that no folding removes it. */
  MlirOperation marker = ir_build(&b, "bufferization.dealloc_tensor", 0, NULL, 1, &v, 0, NULL, 0, NULL);
  vec_push(&g->ir->ctx->scratch, &g->markers, marker);
}

static bool guard_generic(MlirOperation op, void *data) {
  guards *g = data;
  if (!linalg_leading_reduction(op))
    return true;
  for (intptr_t i = 0; i < linalg_num_inputs(op); i++)
    guard_value(g, op, linalg_input(op, i));
  for (intptr_t i = 0; i < mlirOperationGetNumResults(op); i++)
    guard_value(g, op, ir_result(op, i));
  return true;
}

static void ignore_text(MlirStringRef s, void *data) {
  (void)s;
  (void)data;
}

static loom_status run_upstream(ir_ctx *ir, MlirOperation func) {
  MlirPassManager pm = mlirPassManagerCreateOnOperation(ir->mlir, mlirStringRefCreateFromCString("func.func"));
  bool ok = mlirLogicalResultIsSuccess(mlirOpPassManagerAddPipeline(mlirPassManagerGetAsOpPassManager(pm),
                                                                    mlirStringRefCreateFromCString("linalg-fuse-elementwise-ops"), ignore_text, NULL)) &&
            mlirLogicalResultIsSuccess(mlirPassManagerRunOnOp(pm, func));
  mlirPassManagerDestroy(pm);
  return ok ? LOOM_OK : ir->blame;
}

loom_status pass_fuse_guarded_elementwise(ir_ctx *ir, MlirOperation func, const pass_options *o) {
  (void)o;
  guards g = {.ir = ir};
  ir_walk(func, guard_generic, &g);
  loom_status st = run_upstream(ir, func);
  for (size_t i = 0; i < g.markers.n; i++)
    ir_erase(g.markers.at[i]);
  return st;
}
