/* npt: programs for NPUs: transfers between DRAM and lane-banked scratchpads, systolic arrays behind VCIX, RISC-V code, tile operation graphs of programs.
 * Takes: modules in PyTorchSim's contract (docs/npu.md), a machine.  Leaves: lowered modules, RISC-V objects and their text, tile graphs with cycles.
 * Passes of it are rows of src/pass/passes.def. */
#ifndef LOOM_TARGET_NPU_NPT_H
#define LOOM_TARGET_NPU_NPT_H
#include "dialect/togsim.h"
#include "target/npu/npt_transfer.h"
#include "target/npu/npt_vcix.h"
#endif
