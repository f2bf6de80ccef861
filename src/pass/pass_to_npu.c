/* A kernel for one core as the program of an NPU core: what `loom compile --emit npu` lowers further. */
#include "pass/pass_option.h"
#include "target/npu/npt_program.h"
#include "tog/build/tog_build.h"

static loom_status read_machine(ir_ctx *ir, const pass_options *o, machine **out) {
  static const char *const keys[] = {"machine"};
  LOOM_TRY(pass_check_options(ir->ctx, "loom-to-npu", o, keys, 1));
  const char *name = pass_option(&ir->ctx->mem, o, "machine");
  if (!name || !*name) {
    diag_error(ir->ctx, o->span, LOOM_EUSAGE, "loom-to-npu needs a machine");
    diag_help(ir->ctx, "write loom-to-npu{machine=tpuv3}");
    return LOOM_EUSAGE;
  }
  return machine_load(ir->ctx, name, NULL, out);
}

loom_status pass_to_npu(ir_ctx *ir, MlirOperation op, const pass_options *o) {
  machine *m;
  tog *t;
  npt_core core;
  npt_program p;
  MlirModule module = mlirModuleFromOperation(op);
  LOOM_TRY(read_machine(ir, o, &m));
  LOOM_TRY(npt_core_of(ir->ctx, m, &core));
  LOOM_TRY(tog_build(ir, module, NULL, m, &t));
  LOOM_TRY(npt_lower(ir, t, core, &p));
  for (MlirOperation f = mlirBlockGetFirstOperation(mlirModuleGetBody(module)), next; !mlirOperationIsNull(f); f = next) {
    next = mlirOperationGetNextInBlock(f);
    mlirOperationDestroy(f);
  }
  ir_move_into(module, p.module);
  return LOOM_OK;
}
