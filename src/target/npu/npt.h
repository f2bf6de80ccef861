/* npt: programs for NPUs: transfers between DRAM and lane-banked scratchpads, systolic arrays behind VCIX, RISC-V code, tile operation graphs of programs.
 * Takes: modules in PyTorchSim's contract (docs/npu.md), a machine.  Leaves: lowered modules, RISC-V objects and their text, tile graphs with cycles.
 * Passes of it are rows of src/pass/passes.def. */
#ifndef LOOM_TARGET_NPU_NPT_H
#define LOOM_TARGET_NPU_NPT_H
#include "dialect/togsim.h"
#include "target/npu/npt_transfer.h"
#include "target/npu/npt_vcix.h"
#include "target/npu/npt_riscv.h"

/* ---- DMA lowering (docs/npu.md).  `op`: a module or function.  `lanes`: of the machine ---- */
/* Every togsim.transfer as memref.dma_start of at most four dims, every togsim.wait as memref.dma_wait. */
LOOM_MUST_USE loom_status npt_decompose(ir_ctx *ir, MlirOperation op, int64_t lanes);
/* Transfers of more than four dims, in either form, as transfers of at most four in the same form. */
LOOM_MUST_USE loom_status npt_peel(ir_ctx *ir, MlirOperation op, int64_t lanes);
/* torchsim.vlane_idx as vcix.v.i and a product. */
LOOM_MUST_USE loom_status npt_lower_vlane(ir_ctx *ir, MlirOperation op);
/* The asynchronous loads of each function's first linalg.matmul, cut into subtiles with a tag slot each. */
LOOM_MUST_USE loom_status npt_fine_grain(ir_ctx *ir, MlirOperation op, int64_t lanes);
/* Loops to whole steps: DRAM arguments of the kernel grow, @wrapper_kernel has the old signature; it copies unless timing_only. */
LOOM_MUST_USE loom_status npt_pad_loops(ir_ctx *ir, MlirOperation module, bool timing_only);
/* Tails of tiles as masks of their transfers; loops stay as they are. */
LOOM_MUST_USE loom_status npt_mask_tails(ir_ctx *ir, MlirOperation op);
/* Transfers as DMA instructions in inline assembly, or erased (timing_only); waits erased. */
LOOM_MUST_USE loom_status npt_lower_dma(ir_ctx *ir, MlirOperation op, bool timing_only);
#endif
