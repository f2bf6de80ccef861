/* A function for each node of a program's tile operation graph, so that a simulator or a core can run one at a time.
 *
 *   func.func @kernel_node_7(%m: index, %k: index) attributes {npu.node = 7}      the loops with a role around it, outermost first, then the program's sizes (npt_tog.h)
 *
 * DRAM arguments become memref.global @dram_<number of the argument>, without a value: they are defined elsewhere.  Scratchpad tiles are the program's memref.global.  What a
 * node needs from before it is computed again where that needs no memory; a value that another node read or made from memory is an error naming both.  Waits stay where they
 * are, and the program calls the functions: it is the same program. */
#ifndef LOOM_TARGET_NPU_NPT_OUTLINE_H
#define LOOM_TARGET_NPU_NPT_OUTLINE_H
#include "target/npu/npt_tog.h"

/* `func` as of npt_tog_read.  A graph is built before; afterwards the nodes are calls. */
LOOM_MUST_USE loom_status npt_outline(ir_ctx *ir, MlirModule m, const char *func);
#endif
