/* From tensors to loops over memory, mostly by upstream's passes.
 *
 *   tosa -> linalg, tensor, arith, scf -> own decompositions -> expectations as calls -> memory, function boundaries too -> who frees what
 */
#include "program/program_private.h"
#include <string.h>

/* Without the pattern that gives a loop's tensor the size it starts with where the loop changes it: upstream's is wrong there. */
#define CANONICALIZE "canonicalize{disable-patterns=\"(anonymous namespace)::ForOpTensorCastFolder\"},cse"

/* tosa.cond_if and while_loop first: the other conversions refuse their terminators. */
static const char tosa_passes[] =
    "builtin.module(func.func(tosa-to-scf),"
    "func.func(tosa-optional-decompositions,tosa-make-broadcastable,tosa-to-linalg-named,tosa-to-linalg,tosa-to-arith{include-apply-rescale=true},tosa-to-tensor)," CANONICALIZE ")";
static const char tensor_passes[] =
    "builtin.module(loom-lower-util,loom-lower-pack,loom-lower-softmax,"
    "func.func(convert-elementwise-to-linalg,loom-widen-products{sums-only}),loom-split-sums,loom-order-narrow-products,inline{default-pipeline=}," CANONICALIZE
    ",linalg-fuse-elementwise-ops,func.func(loom-mark-ordered{narrow-only}))";
static const char ordered_passes[] =
    "builtin.module(loom-lower-util,loom-lower-pack,loom-lower-softmax,"
    "func.func(convert-elementwise-to-linalg,linalg-generalize-named-ops),inline{default-pipeline=}," CANONICALIZE ",linalg-fuse-elementwise-ops,func.func(loom-mark-ordered))";
static const char buffer_passes[] =
    "builtin.module(func.func(loom-fill-splats),eliminate-empty-tensors,empty-tensor-to-alloc-tensor,"
    "one-shot-bufferize{bufferize-function-boundaries=true allow-return-allocs-from-loops=true function-boundary-type-conversion=identity-layout-map},"
    CANONICALIZE ",buffer-deallocation-pipeline,convert-bufferization-to-memref,lower-affine,"
    "func.func(scf-forall-to-for,scf-parallel-for-to-nested-fors),canonicalize,cse)";

typedef struct search { const char *prefix; bool found; } search;

static bool visit(MlirOperation op, void *data) {
  search *s = data;
  s->found = text_starts(ir_op_name(op), s->prefix);
  return !s->found;
}

static bool has_ops(MlirModule m, const char *prefix) {
  search s = {prefix, false};
  ir_walk(mlirModuleGetOperation(m), visit, &s);
  return s.found;
}

/* What bufferization had to know of the functions that are called is of no interest to LLVM. */
static bool forget_access(MlirOperation op, void *data) {
  (void)data;
  if (ir_op_is(op, "func.func") && mlirBlockIsNull(ir_body(op)))
    ir_set_attr(op, "arg_attrs", (MlirAttribute){NULL});
  return true;
}

static loom_status lower(ir_ctx *ir, MlirModule m, const program_options *o, program_check_list *checks, program_places *places, program_grants *grants) {
  loom_status blame = ir->blame;
  ir->blame = LOOM_EUNSUP;   /* what upstream's passes refuse is a form of the user's module */
  loom_status st = has_ops(m, "tosa.") ? pass_run_pipeline(ir, m, tosa_passes, NULL) : LOOM_OK;
  if (st == LOOM_OK)
    st = pass_run_pipeline(ir, m, o->ordered_sums ? ordered_passes : tensor_passes, NULL);
  if (st == LOOM_OK)
    st = program_check_splits(ir, m);
  if (st == LOOM_OK)
    st = program_check_indices(ir, m, places, grants);
  if (st == LOOM_OK)
    st = program_lower_checks(ir, m, checks, grants);
  if (st == LOOM_OK)
    st = pass_run_pipeline(ir, m, buffer_passes, NULL);
  ir_walk(mlirModuleGetOperation(m), forget_access, NULL);
  ir->blame = blame;
  return st;
}

static loom_status try_lower(ir_ctx *ir, MlirModule m, const program_options *o) {
  program_check_list checks = {0};
  program_places places = {0};
  program_grants grants = {0};
  return lower(ir, m, o, &checks, &places, &grants);
}

loom_status program_lower(ir_ctx *ir, MlirModule m, const program_options *o, program_check_list *checks, program_places *places, program_grants *grants) {
  LOOM_TRY(program_check_supported(ir, m, o->n_calls > 0));
  MlirModule before = ir_clone_module(m);
  diag_mark mark = diag_save(ir->ctx);
  loom_status st = lower(ir, m, o, checks, places, grants);
  if (st == LOOM_EUNSUP)
    st = program_audit(ir, before, mark, o, try_lower);
  ir_close_module(before);
  return st;
}

typedef struct declarations { arena *mem; VEC_OF(MlirOperation) at; } declarations;

static bool find_declaration(MlirOperation op, void *data) {
  declarations *d = data;
  if (ir_op_is(op, "func.func") && mlirBlockIsNull(ir_body(op)))
    vec_push(d->mem, &d->at, op);
  return true;
}

loom_status program_add_late(ir_ctx *ir, MlirModule m, const program_options *o) {
  declarations d = {.mem = &ir->ctx->mem};
  if (!o->late || !*o->late)
    return LOOM_OK;
  ir_walk(mlirModuleGetOperation(m), find_declaration, &d);
  for (size_t i = 0; i < d.at.n; i++) {
    const char *name = ir_func_name(d.mem, d.at.at[i]);
    if (strstr(o->late, arena_printf(d.mem, "@%s(", name)))
      mlirOperationDestroy(d.at.at[i]);
  }
  return ir_add_functions(ir, m, "late functions", o->late);
}
