/* From a module to kernels. */
#include "network/net_private.h"
#include "pass/pass.h"

static const char tosa_passes[] =
    "builtin.module(func.func(tosa-optional-decompositions,tosa-make-broadcastable,tosa-to-linalg-named,tosa-to-linalg,tosa-to-arith{include-apply-rescale=true},tosa-to-tensor),canonicalize,cse)";
static const char generic_passes[] =
    "builtin.module(loom-lower-util,loom-lower-pack,loom-lower-softmax,func.func(convert-elementwise-to-linalg,linalg-generalize-named-ops),inline{default-pipeline=},canonicalize)";
static const char last_pass[] = "builtin.module(cse)";

static bool is_tosa(MlirOperation op, void *data) {
  *(bool *)data |= text_starts(ir_op_name(op), "tosa.");
  return true;
}

static loom_status prepare(ir_ctx *ir, MlirModule m) {
  loom_status blame = ir->blame;
  bool has_tosa = false;
  ir->blame = LOOM_EUNSUP;      /* what upstream's passes refuse is a form of the user's module */
  ir_walk(mlirModuleGetOperation(m), is_tosa, &has_tosa);
  loom_status st = has_tosa ? pass_run_pipeline(ir, m, tosa_passes, NULL) : LOOM_OK;
  st = st == LOOM_OK ? pass_run_pipeline(ir, m, generic_passes, &(pass_run_options){.verify_each = false}) : st;
  st = st == LOOM_OK ? pass_run_pipeline(ir, m, last_pass, NULL) : st;      /* verified once, not behind each: that would be a third of the time */
  ir->blame = blame;
  return st;
}

loom_status network_read(ir_ctx *ir, MlirModule m, const char *function, network **out) {
  loom_ctx *ctx = ir->ctx;
  net_reader *r = ARENA_NEW(&ctx->mem, net_reader);
  *r = (net_reader){.ir = ir, .ctx = ctx, .mem = &ctx->mem, .net = ARENA_NEW(&ctx->mem, network)};
  LOOM_TRY(prepare(ir, m));
  MlirOperation func = ir_find_func(m, function);
  if (mlirOperationIsNull(func) || mlirBlockIsNull(ir_body(func)))
    LOOM_FAIL(ctx, ir_span(ir, mlirModuleGetOperation(m)), LOOM_EINPUT, "the module has no function @%s with a body", function ? function : "");
  r->net->name = ir_func_name(r->mem, func);
  LOOM_TRY(net_read_function(r, func));
  net_builder b = {.r = r};
  net_make_groups(r, &b.groups);
  for (int i = 0, n = (int)r->ops.n; i < n; i++)      /* each where its last operation stood */
    for (size_t k = 0; k < b.groups.n; k++)
      if (b.groups.at[k].last == i)
        LOOM_TRY(net_make_kernel(&b, &b.groups.at[k]));
  LOOM_TRY(net_fold_constants(r));
  *out = r->net;
  return LOOM_OK;
}
