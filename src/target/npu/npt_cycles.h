/* Cycles of one compute node, from its operations: what PyTorchSim measures with gem5.
 *
 * A core gives `issue` instructions a cycle, in order, to units that each take theirs in order: loads, stores, arithmetic, the array, and what needs no unit.  An instruction
 * waits in its unit for its operands, not the ones behind it in other units; registers are renamed.  A load waits for stores of the node to its place: those with the same indices, and all of a loop before.  A vector is so many registers of `bits` as it needs, each one instruction.
 * A loop takes a cycle to set its count, each round one more instruction for the count and one for the branch, after which the next round is given in the next cycle; n > ROUNDS is continued as its last
 * rounds went.  The array: a register of weights holds its way in for weight_interval, its rows of inputs row_interval each; rows come out `depth` after they went in, in order.
 * Deterministic, and a sum over the operations: a node is counted once, whatever its loops' values are. */
#ifndef LOOM_TARGET_NPU_NPT_CYCLES_H
#define LOOM_TARGET_NPU_NPT_CYCLES_H
#include "target/npu/npt_tog.h"

/* machines/tpuv3-togsim.yaml's: 395 cycles of a 128 x 128 x 128 product of f32, 267 of them over the next one's; 91 to load its weights. */
extern const machine_pipeline npt_pipeline;
/* `overlap`: how much of it may lie over what the unit did before: all of a preload; of a product all but the time its rows hold the array; none of vector code.
 * LOOM_EUNSUP: a loop whose rounds are not constant; LOOM_ELIMIT: more than 2^40 cycles. */
LOOM_MUST_USE loom_status npt_cycles(npt_tog *t, const npt_node *n, const machine_pipeline *p, int64_t *cycles, int64_t *overlap);
#endif
