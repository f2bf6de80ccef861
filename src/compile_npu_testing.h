/* Test support: a program in PyTorchSim's contract to machine code and its tile graph; included by *_test.c only. */
#ifndef LOOM_COMPILE_NPU_TESTING_H
#define LOOM_COMPILE_NPU_TESTING_H
#include "base/testing.h"
#include "base/text.h"
#include "machine/machine.h"
#include "pass/pass.h"
#include "target/npu/npt.h"
#include "target/npu/npt_outline.h"
#include "target/npu/npt_tog.h"

/* `source` holds @kernel; `before` is passes that run before loom-to-vcix, each with its comma, or "". */
static inline loom_status build_program(ir_ctx *ir, const machine *m, const char *source, const char *before, tile_graph **graph, npt_riscv_code *code) {
  const int lanes = (int)m->l1_banks, vlen = (int)m->npu->vlen_bits;
  const npt_tog_options o = {.lanes = lanes, .systolic_size = lanes, .pipeline = m->pipeline};
  MlirModule module;
  LOOM_TRY(dialect_load(ir));
  LOOM_TRY(dialect_load_togsim(ir, false));
  LOOM_TRY(ir_parse(ir, "program.mlir", source, strlen(source), &module));
  loom_status st = pass_run_pipeline(ir, module, arena_printf(&ir->ctx->mem, "builtin.module(%sloom-to-vcix{systolic-array-size=%d vlen=%d})", before, lanes, vlen), NULL);
  if (st == LOOM_OK)
    st = npt_build_tog(ir, module, "kernel", &o, graph);
  if (st == LOOM_OK)
    st = npt_outline(ir, module, "kernel");
  if (st == LOOM_OK)
    st = npt_lower_dma(ir, mlirModuleGetOperation(module), false);
  if (st == LOOM_OK)
    st = npt_riscv_compile(ir, module, vlen, false, code);
  ir_close_module(module);
  return st;
}
#endif
