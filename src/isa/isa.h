/* isa: what the cores of an NPU understand beyond RV64GCV: DMA instructions in `.insn r CUSTOM_1, 0x3, funct7, x0, rs1, rs2`, and the systolic array, lane
 * index and transcendentals in XSfvcp (sf.vc.*).  Encodings are PyTorchSim's (its Gemmini-style DMA and VCIX lowering); what it lacks is marked (ours).
 * Takes nothing.  Leaves: encode, decode, and what a transfer does to a scratchpad that is dealt to lanes, element by element. */
#ifndef LOOM_ISA_ISA_H
#define LOOM_ISA_ISA_H
#include <stdbool.h>
#include <stdint.h>

enum { ISA_DMA_RANK = 4, ISA_DMA_OPCODE = 0x2b /* CUSTOM_1 */, ISA_DMA_FUNCT3 = 3, ISA_DMA_WORDS_MAX = 8,
       ISA_SPAD_STRIDE_MAX = 1 << 26 /* so that no place of a tile overflows */ };

/* X(name, funct7, what rs1 and rs2 hold).  CONFIG words come first, in any order; a move takes what they said and forgets it.  CONFIG4 is there exactly when CONFIG says
 * indirect; without CONFIG2 or CONFIG3 those strides are 0, without CONFIG5 all of the tile is moved, without CONFIG6 the fill is 0. */
#define ISA_DMA_LIST(X) \
  X(CONFIG, 0, "rs1 dims d0<<48|d1<<32|d2<<16|d3; rs2 lane_stride<<32 | which<<17 | indirect<<16 | lane_axis<<14 | elem_bytes; which: MVIN 0, MVIN2 1, MVIN3 2, MVOUT 3") \
  X(MVIN2, 1, "rs1 DRAM address, rs2 spad address; the weight of a product") \
  X(MVIN, 2, "rs1 DRAM address, rs2 spad address; its input") \
  X(MVOUT, 3, "rs1 DRAM address, rs2 spad address") \
  X(CONFIG2, 4, "DRAM strides in elements: rs1 s0<<32|s1, rs2 s2<<32|s3") \
  X(CONFIG3, 5, "spad strides in elements, the same way") \
  X(CONFIG4, 6, "indirect: rs1 spad address of the indices, rs2 (ours) limit<<32 | shift<<24 | (index_bytes & 0xff)<<16 | stride; offset_stride is stride<<shift, shift 0..15; indices must be 0..limit-1, limit 0: any") \
  X(CONFIG5, 7, "(ours) masked: rs1 low, rs2 high, packed as dims") \
  X(CONFIG6, 8, "(ours) masked: rs1 the bits that elements outside get") \
  X(MVIN3, 14, "rs1 DRAM address, rs2 spad address; the bias of a product")
typedef enum isa_dma_op {
#define X(name, funct7, what) ISA_##name = funct7,
  ISA_DMA_LIST(X)
#undef X
} isa_dma_op;

/* One transfer.  Dims are left-padded to four: extent 1, strides 0.  Element (i0..i3) of the tile is element sum(i * dram_stride) of DRAM from `dram`, plus, indirect,
 * index * offset_stride, where the index is a signed number of index_bytes in the same lane at index_spad + (place.spad - spad) / elem_bytes * index_bytes. */
typedef struct isa_dma {
  isa_dma_op move;                      /* MVIN, MVIN2, MVIN3, MVOUT */
  uint16_t dims[ISA_DMA_RANK], low[ISA_DMA_RANK], high[ISA_DMA_RANK];      /* dims >= 1; elements with low <= i < high in all dims are moved; not masked: 0, dims */
  int64_t dram_stride[ISA_DMA_RANK], spad_stride[ISA_DMA_RANK];            /* elements, each in 32 bits with sign; of the scratchpad: 0 <= stride < ISA_SPAD_STRIDE_MAX */
  int lane_axis;                        /* of the four */
  uint32_t lane_stride;                 /* neighbours along lane_axis in one lane: 1 .. 65535 */
  int elem_bytes;                       /* 1, 2, 4, 8 */
  bool is_masked, is_indirect;
  uint64_t fill;                        /* bits of the elements outside low..high of a load */
  uint64_t index_spad; int index_bytes; uint32_t offset_stride /* at most 16 bits of it in a row are not 0 */, index_limit; /* 0: any index */
  uint64_t dram, spad;                  /* byte addresses; spad: in each lane's bank */
} isa_dma;

typedef struct isa_word { isa_dma_op op; uint64_t rs1, rs2; } isa_word;
/* The words of a transfer, the move last.  NULL: all is in range; else which field is not ("dims[2]", "dram_stride[0]").  Masks of a transfer that is not masked, and the
 * index of one that is not indirect, are not looked at. */
const char *isa_dma_encode(const isa_dma *d, isa_word out[ISA_DMA_WORDS_MAX], int *n);
/* Takes one word into `state`; `seen` are the funct7 so far, as bits (both zeroed before the first; zeroed again by the caller after a move).  *done: a move, `state` is the
 * whole transfer.  NULL or what is wrong: an unknown funct7, a word twice, a move without CONFIG or another than it announced, a field out of range. */
const char *isa_dma_decode(isa_dma *state, uint32_t *seen, isa_word w, bool *done);

/* Where an element is: the lane, its byte in the lane's bank, its byte in DRAM (of indirect transfers: without the index's part). */
typedef struct isa_place { int lane; uint64_t spad, dram; bool is_outside; uint64_t fill; /* outside: the bits it gets; those of the mask, or 0 beyond the tile and in lanes it has nothing for */ } isa_place;
typedef bool (*isa_visit)(void *self, const isa_place *p);
/* npu.md's bank rule (Spike): nOuter = ceil(D[a] / (vs V)); used = V if nOuter > 1 else ceil(D[a] / vs); block dim a is vs long; a stride above the lane axis' own is (P / D[a]) vs nOuter.
 * A block of an axis of extent 1 is 1 long (ours: its stride is also that of the next dim, so the zeros behind it would lie on other elements).
 * Calls `fn` for every place of the scratchpad that a load writes (stores: only for elements inside), in order of outer round, lane, element; stops where fn returns false. */
void isa_dma_walk(const isa_dma *d, int lanes, isa_visit fn, void *self);
/* How a tile lies in the banks, what the walk walks: round o < outer, element i of `block` in lane l is element (o * used + l) * lane_stride + i[lane_axis] along the lane axis
 * and lies sum(i * stride) + o * round_stride elements from d->spad. */
typedef struct isa_layout { int64_t outer, used, block[ISA_DMA_RANK], stride[ISA_DMA_RANK], round_stride; } isa_layout;
isa_layout isa_dma_layout(const isa_dma *d, int lanes);
/* Bytes one lane's bank needs from d->spad on. */
uint64_t isa_dma_lane_bytes(const isa_dma *d, int lanes);

/* XSfvcp.  X(name, form, opcode (bits 27-26), immediate, what) */
#define ISA_VC_LIST(X) \
  X(PUSH_INPUT, "iv", 0, 0, "vs2 of every lane, element after element, to the input queue of the array: one row of it an element, the lane is the column (k)") \
  X(PUSH_WEIGHT, "iv", 1, 0, "the same to the weights: row k, the lane is the column (n)") \
  X(COMPUTE, "i", 1, 4, "output row m, lane n = sum over k of input[m][k] weight[k][n], for all rows pushed; rows are then in the output queue") \
  X(POP, "v.i", 2, 0, "vl rows of the output queue, element e of lane n is row e's column n") \
  X(LANE_INDEX, "v.i", 0, 0, "every element is the lane's number") \
  X(ERF, "v.iv", 0, 0, "erf(vs2)") \
  X(TANH, "v.iv", 1, 0, "tanh(vs2)") \
  X(SIN, "v.iv", 2, 0, "sin(vs2)") \
  X(COS, "v.iv", 2, 1, "cos(vs2)") \
  X(LOG, "v.iv", 2, 2, "log(vs2)") \
  X(ATAN, "v.iv", 2, 3, "atan(vs2)") \
  X(EXP, "v.iv", 3, 0, "exp(vs2)")
typedef enum isa_vc {
#define X(name, form, opcode, imm, what) ISA_VC_##name,
  ISA_VC_LIST(X)
#undef X
  ISA_VCS
} isa_vc;
typedef struct isa_vc_info { const char *name, *form; int opcode, imm; } isa_vc_info;
extern const isa_vc_info isa_vc_table[ISA_VCS];
/* `imm` of pushes is what is added up (ISA_PUSH_*), so any of those finds them.  ISA_VCS when there is no such instruction. */
isa_vc isa_vc_find(const char *form, int opcode, int imm);

/* What kind of number the array adds up is told by the immediate of pushes (ours): the element width alone does not say f16 or bf16. */
enum { ISA_PUSH_FLOAT = 0, ISA_PUSH_BF16 = 1, ISA_PUSH_INT = 2 };
enum { ISA_SPAD_ADDRESS = 0xD0000000u };
#endif
