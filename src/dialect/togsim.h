/* Dialect `togsim`: transfers between DRAM and the lane-banked scratchpad of an NPU, and waits for them, as PyTorchSim writes them.
 *   togsim.transfer(dram, dram_index, spad, spad_index, tag [, tag_index], dma_type, vlane_stride [, offset_spad] [, lo0, hi0, lo1, hi1 ..])
 *     dma_kind "MVIN" or "MVOUT", vlane_split_axis, dram_stride, tile_stride (or sram_stride), in elements, one a dim of the tile; optional subtile_size, async,
 *     padding, masked_axes, masked_fill, indirect, offset_stride, accumulate, acc_float, dram_arg
 *   togsim.wait(tag, tag_index, num_elements)
 * An IRDL list of operands that may be longer or shorter is of one type: it takes indices here, and a program with indirect transfers (offset_spad, a memref,
 * between them) is read without IRDL.  togsim_verify checks everything either way. */
#ifndef LOOM_DIALECT_TOGSIM_H
#define LOOM_DIALECT_TOGSIM_H
#include "dialect/dialect.h"

enum { TOGSIM_RANK_MAX = 8 };

/* X(dma_type, name, is a store) */
#define TOGSIM_TYPE_LIST(X) X(2, "MVIN", false) X(1, "MVIN2", false) X(14, "MVIN3", false) X(3, "MVOUT", true)

typedef struct togsim_operands {
  MlirValue dram, dram_index, spad, spad_index, tag;
  MlirValue tag_index;                /* null: the older form, which has none */
  MlirValue dma_type, lane_stride;
  MlirValue offsets;                  /* null: not indirect */
  int n_masks;
  MlirValue lo[TOGSIM_RANK_MAX], hi[TOGSIM_RANK_MAX];
  int64_t masked_axis[TOGSIM_RANK_MAX];
} togsim_operands;

/* NULL, or what is wrong with the operands of a togsim.transfer. */
const char *togsim_read_operands(MlirOperation op, togsim_operands *out);
/* A list of integers, [1, 2] or array<i64: 1, 2>; false: it is none or longer than TOGSIM_RANK_MAX. */
bool togsim_int_list(MlirAttribute a, int64_t out[TOGSIM_RANK_MAX], int *n);
/* Is the attribute there and not false?  `async`, `{outer_loop = true}`, 1 and a unit attribute all say yes. */
bool togsim_flag(MlirOperation op, const char *name);
/* Is `t` a memref in the scratchpad (memory space 1)? */
bool togsim_is_spad(MlirType t);
#endif
