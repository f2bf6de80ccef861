/* Seeded faults in programs of NPUs; included by compile_npu_faults_test.c only.
 *
 * An operator makes one small edit at a place drawn at random, as a mistake of a pass or of a writer of files would: in the program (before or behind its passes; graph and code then agree
 * with each other, so that only values tell), in the tile graph, in the object.  `reports`: what the run may say of it first: kinds of faults; "numbers": nothing, but the result is wrong;
 * "refused": a diagnostic.  Operators take places only where the edit must show; each says why. */
#ifndef LOOM_COMPILE_NPU_FAULTS_H
#define LOOM_COMPILE_NPU_FAULTS_H
#include "compile_npu_faults_code.h"
#include "compile_npu_faults_graph.h"
#include "compile_npu_faults_ir.h"

/* X(name, stage, edit, reports) */
#define NPU_FAULT_TABLE(X)                                                                                         \
  X("a transfer goes elsewhere", IN_GRAPH, graph_offset, "transfer")                                               \
  X("a transfer's step", IN_GRAPH, graph_step, "transfer")                                                         \
  X("a transfer's extent", IN_GRAPH, graph_extent, "transfer")                                                     \
  X("a mask leaves nothing", IN_GRAPH, graph_mask, "transfer")                                                     \
  X("a mask is lost", IN_GRAPH, graph_unmasked, "transfer")                                                        \
  X("a transfer's element", IN_GRAPH, graph_element, "transfer")                                                   \
  X("a use is lost", IN_GRAPH, graph_use_lost, "code uninit")                                                      \
  X("a write is said to be a read", IN_GRAPH, graph_write_is_read, "code uninit")                                  \
  X("an update is said to be a write", IN_GRAPH, graph_update_is_write, "numbers")                                 \
  X("tiles overlap", IN_GRAPH, graph_overlap, "spad_overlap")                                                      \
  X("a tile beyond the bank", IN_GRAPH, graph_beyond, "spad_range")                                                \
  X("a tile is too small", IN_GRAPH, graph_small, "code")                                                          \
  X("a loop ends early", IN_GRAPH, graph_end, "numbers uninit code transfer no_wait no_load early_read")           \
  X("a loop begins late", IN_GRAPH, graph_start, "numbers uninit code transfer no_wait no_load early_read")        \
  X("nodes in the wrong order", IN_GRAPH, graph_swap, "numbers uninit code")                                       \
  X("a node is lost", IN_GRAPH, graph_lost, "numbers uninit code no_load")                                         \
  X("the code of another node", IN_GRAPH, graph_code_of_another, "transfer code")                                  \
  X("another tensor", IN_GRAPH, graph_tensor, "transfer no_load")                                                  \
  X("a product on the vector unit", IN_GRAPH, graph_unit, "code")                                                  \
  X("a load that nothing waits for", IN_GRAPH, graph_async, "early_read no_wait tag_twice")                        \
  X("a wait is lost", IN_GRAPH, graph_wait_lost, "early_read no_wait tag_twice")                                   \
  X("a wait for another tag", IN_GRAPH, graph_wait_tag, "no_load")                                                 \
  X("a load of another tag", IN_GRAPH, graph_load_tag, "no_load")                                                  \
  X("a stride in DRAM", IN_PROGRAM, program_dram_stride, "numbers code")                                           \
  X("strides of two dims swapped", IN_PROGRAM, program_strides_swapped, "numbers code")                            \
  X("a stride in the scratchpad", IN_PROGRAM, program_spad_stride, "numbers code refused")                         \
  X("the axis of the lanes", IN_PROGRAM, program_lane_axis, "numbers code refused")                                \
  X("neighbours in a lane", IN_PROGRAM, program_lane_stride, "numbers code refused")                               \
  X("the first element of a transfer", IN_PROGRAM, program_offset, "numbers code")                                 \
  X("the distance of rows", IN_PROGRAM, program_row_step, "numbers code")                                          \
  X("row numbers of another dim", IN_PROGRAM, program_row_numbers, "numbers code uninit")                          \
  X("what a mask fills in", IN_PROGRAM, program_fill, "numbers")                                                   \
  X("a transfer without its mask", IN_PROGRAM, program_unmasked, "numbers code")                                   \
  X("npu.overwrite where sums go on", IN_PROGRAM, program_overwrite, "numbers")                                    \
  X("a difference the other way round", IN_PROGRAM, program_difference, "numbers")                                 \
  X("a sum for a product", IN_PROGRAM, program_factor, "numbers")                                                  \
  X("vector code begins late", IN_PROGRAM, program_late, "numbers uninit")                                         \
  X("a peeled dim's stride in DRAM", IN_LOWERED, lowered_peel_dram, "numbers code")                                \
  X("a peeled dim's place in the bank", IN_LOWERED, lowered_peel_spad, "numbers code refused")                     \
  X("rows are not pushed", IN_LOWERED, lowered_push_lost, "code refused")                                                        \
  X("rows for the other queue", IN_LOWERED, lowered_push_elsewhere, "code refused")                                      \
  X("an immediate of the array", IN_CODE, code_vc_immediate, "numbers code")                                       \
  X("an opcode of the array", IN_CODE, code_vc_opcode, "numbers code")                                             \
  X("a word of a transfer", IN_CODE, code_dma_word, "numbers code transfer")                                       \
  X("a constant of a transfer", IN_CODE, code_constant, "numbers code transfer")                                                 \
  X("an instruction does nothing", IN_CODE, code_nop, "numbers code transfer")
#endif
