/* A kernel on a mesh of cores as the three device kernels of a Tenstorrent board: what `loom compile --emit tt` prints as C++. */
#include "pass/pass_option.h"
#include "target/tt/tt.h"
#include "tog/build/tog_build.h"

static loom_status read_machine(ir_ctx *ir, const pass_options *o, machine **out, tt_options *options) {
  static const char *const keys[] = {"machine", "accumulate"};
  loom_ctx *ctx = ir->ctx;
  LOOM_TRY(pass_check_options(ctx, "loom-to-ttkernel", o, keys, 2));
  const char *name = pass_option(&ctx->mem, o, "machine"), *accumulate = pass_option(&ctx->mem, o, "accumulate");
  options->l1_accumulate = text_eq(accumulate, "l1");
  if (accumulate && !options->l1_accumulate && !text_eq(accumulate, "dst"))
    LOOM_FAIL(ctx, o->span, LOOM_EUSAGE, "accumulate '%s' is not dst or l1", accumulate);
  if (!name || !*name) {
    diag_error(ctx, o->span, LOOM_EUSAGE, "loom-to-ttkernel needs a machine");
    diag_help(ctx, "write loom-to-ttkernel{machine=wormhole}");
    return LOOM_EUSAGE;
  }
  LOOM_TRY(machine_load(ctx, name, NULL, out));
  if (!text_eq((*out)->target_kind, "tt"))
    LOOM_FAIL(ctx, o->span, LOOM_EUSAGE, "machine '%s' is no Tenstorrent board", (*out)->name);
  return LOOM_OK;
}

loom_status pass_to_ttkernel(ir_ctx *ir, MlirOperation op, const pass_options *o) {
  machine *m;
  tog *t;
  tt_program p = {0};
  tt_options options = {0};
  MlirModule module = mlirModuleFromOperation(op);
  LOOM_TRY(read_machine(ir, o, &m, &options));
  LOOM_TRY(dialect_load_ttkernel(ir));
  LOOM_TRY(tog_build(ir, module, NULL, m, &t));
  LOOM_TRY(tt_lower(ir, t, m, NULL, options, &p));
  for (MlirOperation f = mlirBlockGetFirstOperation(mlirModuleGetBody(module)), next; !mlirOperationIsNull(f); f = next) {
    next = mlirOperationGetNextInBlock(f);
    mlirOperationDestroy(f);
  }
  ir_move_into(module, p.module);
  return LOOM_OK;
}
