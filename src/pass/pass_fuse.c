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

/* ---- long chains ---- */

/* Each fusion copies the body so far, so a chain of n would take n * n / 2 copies.  A long one is fused in rounds instead, neighbours first: the value of every
 * eighth op has a guard, which leaves an eighth of them to the next round, and n * 4 copies a round. */
enum { LONG_CHAIN = 64, ROUND_OPS = 8 };

typedef struct generic_list { ir_ctx *ir; VEC_OF(MlirOperation) ops; } generic_list;

static bool collect_generic(MlirOperation op, void *data) {
  generic_list *l = data;
  if (ir_op_is(op, "linalg.generic"))
    vec_push(&l->ir->ctx->scratch, &l->ops, op);
  return true;
}

static void drop_guards(const guards *g) {
  for (size_t i = 0; i < g->markers.n; i++)
    ir_erase(g->markers.at[i]);
}

static loom_status fuse_neighbours(ir_ctx *ir, MlirOperation func, const generic_list *l) {
  guards g = {.ir = ir};
  for (size_t i = ROUND_OPS - 1; i < l->ops.n; i += ROUND_OPS)
    for (intptr_t k = 0; k < mlirOperationGetNumResults(l->ops.at[i]); k++)
      guard_value(&g, l->ops.at[i], ir_result(l->ops.at[i], k));
  loom_status st = run_upstream(ir, func);
  drop_guards(&g);
  return st;
}

static loom_status fuse_all(ir_ctx *ir, MlirOperation func) {
  for (size_t before = SIZE_MAX;;) {
    generic_list l = {.ir = ir};
    ir_walk(func, collect_generic, &l);
    if (l.ops.n <= LONG_CHAIN || l.ops.n >= before)
      return run_upstream(ir, func);
    before = l.ops.n;
    LOOM_TRY(fuse_neighbours(ir, func, &l));
  }
}

loom_status pass_fuse_guarded_elementwise(ir_ctx *ir, MlirOperation func, const pass_options *o) {
  (void)o;
  guards g = {.ir = ir};
  ir_walk(func, guard_generic, &g);
  loom_status st = fuse_all(ir, func);
  drop_guards(&g);
  return st;
}
