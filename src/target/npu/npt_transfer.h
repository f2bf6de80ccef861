/* One transfer or wait of an NPU program, whichever operation says it: togsim.transfer and togsim.wait (both lists of operands, dialect/togsim.h), or
 * memref.dma_start and memref.dma_wait with the meaning PyTorchSim gives their operands:
 *   memref.dma_start source, its indices, target, its indices, dma_type, tag, its indices, lane axis, lane stride {dram_stride, sram_stride, [subtile_size, async,
 *   fine_grained, padding, indirect_offset, offset_stride]}: the target is in the scratchpad, or the source (MVOUT). */
#ifndef LOOM_TARGET_NPU_NPT_TRANSFER_H
#define LOOM_TARGET_NPU_NPT_TRANSFER_H
#include "base/vec.h"
#include "dialect/togsim.h"
#include "isa/isa.h"

enum { NPT_RANK_MAX = TOGSIM_RANK_MAX };
/* Elements of a tile, strides, bounds and steps of loops, factors of indices: products of two and some loops of them stay within 64 bits. */
#define NPT_NUMBER_MAX ((int64_t)1 << 31)

typedef enum npt_form { NPT_TOGSIM, NPT_DMA_START } npt_form;
/* Elements with lo <= i < hi along `axis` are moved; bounds beyond the tile say nothing. */
typedef struct npt_mask { int axis; MlirValue lo, hi; } npt_mask;

typedef struct npt_transfer {
  MlirOperation op;                              /* where it was read; what is built from it takes over its place and the attributes that are not said here */
  npt_form form;
  isa_dma_op move;                               /* ISA_MVIN, ISA_MVIN2, ISA_MVIN3, ISA_MVOUT */
  bool is_store, is_async, is_fine_grained;
  MlirValue dram, dram_index;                    /* flat memory and the first element */
  int argument;                                  /* number of the function's argument behind it, through views and get_global @dram_<n>; -1: none is known */
  MlirValue spad;
  const char *global;                            /* name of the memref.global behind it, through views; NULL: none */
  int n_spad_index;
  MlirValue spad_index[NPT_RANK_MAX];            /* 1: elements in each lane's bank; else `rank`, over the row-major tile (only the last is not 0 where we write it) */
  MlirType element;
  int elem_bytes;
  int rank;                                      /* of the tile */
  int64_t shape[NPT_RANK_MAX], dram_stride[NPT_RANK_MAX], spad_stride[NPT_RANK_MAX];   /* elements */
  int lane_axis;
  int64_t lane_stride;
  MlirValue tag;
  int n_tag_index;                               /* 0: the older form; it means slot 0 */
  MlirValue tag_index[NPT_RANK_MAX];
  bool has_subtile;
  int64_t subtile[NPT_RANK_MAX];                 /* what is moved at once: the shape where there is no subtile_size */
  int n_masks;
  npt_mask masks[NPT_RANK_MAX];
  MlirAttribute fill;                            /* of a masked load, null: 0 */
  bool is_indirect;
  MlirValue offsets;                             /* togsim: the scratchpad tile of indices */
  const char *offsets_global;                    /* its memref.global, either form */
  int64_t offset_stride;
  /* Of an indirect one whose offsets are numbers of rows: how many rows there are, 0: not known, nothing is checked; the dim of the tile whose elements are a row each, -1: all is of one. */
  int64_t offset_rows;
  int offset_axis;
} npt_transfer;

bool npt_is_transfer(MlirOperation op);
bool npt_is_wait(MlirOperation op);
/* LOOM_EINPUT with the place: the operation is not what the contract asks for (kind and lane stride that are no constants, lists of another length, ..). */
LOOM_MUST_USE loom_status npt_read_transfer(ir_ctx *ir, MlirOperation op, npt_transfer *out);
/* Writes `t` before the place of `b` in the form asked for; null and a diagnostic where it cannot be said (memref.dma_start has no masks).  Tag slot 0 and the
 * constants of kind, axis and stride are made where they are needed. */
MlirOperation npt_build_transfer(ir_builder *b, const npt_transfer *t, npt_form form);

typedef struct npt_wait { MlirOperation op; npt_form form; MlirValue tag, count; int n_tag_index; MlirValue tag_index[NPT_RANK_MAX]; } npt_wait;
LOOM_MUST_USE loom_status npt_read_wait(ir_ctx *ir, MlirOperation op, npt_wait *out);
MlirOperation npt_build_wait(ir_builder *b, const npt_wait *w, npt_form form);

/* The memory behind casts, subviews, collapse, expand and reinterpret. */
MlirValue npt_root(MlirValue memory);
/* Number of the function's argument behind `dram`; -1. */
int npt_argument(MlirValue dram);
/* The memref.global behind `memory`, in `mem`; NULL. */
const char *npt_global(arena *mem, MlirValue memory);
/* Physical stride of dim `d` in a lane's bank (isa.h): strides above the lane axis' own shrink to what one lane holds.  `lanes`: of the machine. */
int64_t npt_bank_stride(const npt_transfer *t, int64_t lanes, int d);
/* What is static of a transfer as the instruction takes it: at most four dims, of `subtile`, left-padded; addresses and masks 0.  NULL or the field that does not fit. */
const char *npt_to_isa(const npt_transfer *t, isa_dma *out);

/* ---- looking for them ---- */
typedef VEC_OF(MlirOperation) npt_ops;
/* All operations in `op` for which `is` holds, in order of the text; in ctx->mem. */
npt_ops npt_collect(ir_ctx *ir, MlirOperation op, bool (*is)(MlirOperation));
/* Can `v` be an operand of affine.apply?  A constant, an affine.apply, affine.min or affine.max, an argument of an affine loop or function, or what is made outside
 * of all loops. */
bool npt_is_affine(MlirValue v);

/* ---- affine maps ---- */
enum { NPT_LINEAR_MAX = 32 };
/* sum(factor[i] * operand i) + constant */
typedef struct npt_linear { int n; int64_t factor[NPT_LINEAR_MAX], constant; } npt_linear;
/* The map of an affine.apply; false: it divides, or multiplies values. */
bool npt_linear_read(MlirOperation apply, npt_linear *out);
/* An index through all affine.apply and constants it is made of: sum(factor[i] * leaf[i]) + constant, each leaf once.  False: as above, or too many leaves. */
typedef struct npt_terms { int n; MlirValue leaf[NPT_LINEAR_MAX]; int64_t factor[NPT_LINEAR_MAX], constant; } npt_terms;
bool npt_flatten(MlirValue index, npt_terms *out);
/* An affine.for with constant bounds: false when it is none. */
typedef struct npt_range { MlirOperation op; int64_t lower, upper, step; } npt_range;
bool npt_read_range(MlirOperation op, npt_range *out);
/* The loop whose induction variable `v` is; null when it is none. */
MlirOperation npt_loop_of(MlirValue v);

/* ---- small things to build with ---- */
/* The tile of offsets of an indirect transfer: its operand, or memref.get_global of its name; null: there is none. */
MlirValue npt_offsets(ir_builder *b, const npt_transfer *t);
/* affine.apply of sum(coefficient[i] * operand[i]) + constant. */
MlirValue npt_build_sum(ir_builder *b, int n, const MlirValue *operands, const int64_t *coefficients, int64_t constant);
MlirAttribute npt_int_list(ir_ctx *ir, int n, const int64_t *v);      /* [1, 2] : i64 */
/* affine.for %i = 0 to count {inner_loop = true} before b's place; b moves into its body. */
MlirValue npt_build_loop(ir_builder *b, int64_t count);
#endif
