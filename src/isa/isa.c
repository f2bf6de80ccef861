#include "isa/isa.h"
#include "base/ceil.h"
#include <string.h>

const isa_vc_info isa_vc_table[ISA_VCS] = {
#define X(name, form, opcode, imm, what) {#name, form, opcode, imm},
    ISA_VC_LIST(X)
#undef X
};

isa_vc isa_vc_find(const char *form, int opcode, int imm) {
  for (int i = 0; i < ISA_VCS; i++) {
    const isa_vc_info *v = &isa_vc_table[i];
    bool is_push = i == ISA_VC_PUSH_INPUT || i == ISA_VC_PUSH_WEIGHT;
    if (strcmp(form, v->form) == 0 && opcode == v->opcode && (is_push ? imm >= ISA_PUSH_FLOAT && imm <= ISA_PUSH_INT : imm == v->imm))
      return (isa_vc)i;
  }
  return ISA_VCS;
}

/* ---- words ---- */

enum { LANE_AXIS_SHIFT = 14, INDIRECT_SHIFT = 16, WHICH_SHIFT = 17, LANE_STRIDE_SHIFT = 32, WHICH_BITS = 3 };

static int which_of(isa_dma_op move) {
  switch (move) {
  case ISA_MVIN: return 0;
  case ISA_MVIN2: return 1;
  case ISA_MVIN3: return 2;
  case ISA_MVOUT: return 3;
  default: return -1;
  }
}

static bool is_element(int64_t bytes) { return bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8; }
static uint64_t pack_dims(const uint16_t d[ISA_DMA_RANK]) { return (uint64_t)d[0] << 48 | (uint64_t)d[1] << 32 | (uint64_t)d[2] << 16 | d[3]; }
static uint64_t pack_pair(const int64_t s[2]) { return (uint64_t)s[0] << 32 | (uint32_t)s[1]; }

static void unpack_dims(uint64_t v, uint16_t out[ISA_DMA_RANK]) {
  for (int i = 0; i < ISA_DMA_RANK; i++)
    out[i] = (uint16_t)(v >> (16 * (ISA_DMA_RANK - 1 - i)));
}

static void unpack_strides(isa_word w, int64_t out[ISA_DMA_RANK]) {
  const uint64_t pairs[2] = {w.rs1, w.rs2};
  for (int i = 0; i < ISA_DMA_RANK; i++)
    out[i] = (int32_t)(uint32_t)(pairs[i / 2] >> (i % 2 ? 0 : 32));
}

/* The power of two that leaves 16 bits of a stride; -1: there is none. */
static int stride_shift(uint32_t stride) {
  int shift = 0;
  while (stride >> shift > UINT16_MAX)
    shift++;
  return stride >> shift << shift == stride && shift < 16 ? shift : -1;
}

/* What a transfer may not be, whether it is written or was read. */
static const char *check(const isa_dma *d) {
  static const char *const dims[] = {"dims[0]", "dims[1]", "dims[2]", "dims[3]"}, *const dram[] = {"dram_stride[0]", "dram_stride[1]", "dram_stride[2]", "dram_stride[3]"},
                           *const spad[] = {"spad_stride[0]", "spad_stride[1]", "spad_stride[2]", "spad_stride[3]"};
  if (which_of(d->move) < 0)
    return "move";
  for (int i = 0; i < ISA_DMA_RANK; i++) {
    if (d->dims[i] == 0)
      return dims[i];
    if (d->dram_stride[i] != (int32_t)d->dram_stride[i])
      return dram[i];
    if (d->spad_stride[i] < 0 || d->spad_stride[i] >= ISA_SPAD_STRIDE_MAX)
      return spad[i];
  }
  if (d->lane_axis < 0 || d->lane_axis >= ISA_DMA_RANK)
    return "lane_axis";
  if (d->lane_stride == 0 || d->lane_stride > UINT16_MAX)
    return "lane_stride";
  if (!is_element(d->elem_bytes))
    return "elem_bytes";
  if (d->is_masked && d->elem_bytes < 8 && d->fill >> (8 * d->elem_bytes))
    return "fill";
  if (d->is_indirect && stride_shift(d->offset_stride) < 0)
    return "offset_stride";
  return d->is_indirect && !is_element(d->index_bytes) ? "index_bytes" : NULL;
}

const char *isa_dma_encode(const isa_dma *d, isa_word out[ISA_DMA_WORDS_MAX], int *n) {
  const char *wrong = check(d);
  if (wrong)
    return wrong;
  int k = 0;
  out[k++] = (isa_word){ISA_CONFIG, pack_dims(d->dims),
                        (uint64_t)d->lane_stride << LANE_STRIDE_SHIFT | (uint64_t)which_of(d->move) << WHICH_SHIFT | (uint64_t)d->is_indirect << INDIRECT_SHIFT |
                            (uint64_t)d->lane_axis << LANE_AXIS_SHIFT | (uint64_t)d->elem_bytes};
  out[k++] = (isa_word){ISA_CONFIG2, pack_pair(d->dram_stride), pack_pair(d->dram_stride + 2)};
  out[k++] = (isa_word){ISA_CONFIG3, pack_pair(d->spad_stride), pack_pair(d->spad_stride + 2)};
  if (d->is_indirect)
    out[k++] = (isa_word){ISA_CONFIG4, d->index_spad, (uint64_t)d->index_limit << 32 | (uint64_t)stride_shift(d->offset_stride) << 24 | (uint64_t)d->index_bytes << 16 | d->offset_stride >> stride_shift(d->offset_stride)};
  if (d->is_masked) {
    out[k++] = (isa_word){ISA_CONFIG5, pack_dims(d->low), pack_dims(d->high)};
    out[k++] = (isa_word){ISA_CONFIG6, d->fill, 0};
  }
  out[k++] = (isa_word){d->move, d->dram, d->spad};
  *n = k;
  return NULL;
}

static const char *finish(isa_dma *d, uint32_t seen, int announced, isa_word w) {
  if (!(seen & 1u << ISA_CONFIG))
    return "a move without CONFIG";
  if (which_of(w.op) != announced)
    return "another move than CONFIG announced";
  if (d->is_indirect != ((seen & 1u << ISA_CONFIG4) != 0))
    return d->is_indirect ? "an indirect move without CONFIG4" : "CONFIG4 before a move that is not indirect";
  d->move = w.op;
  d->dram = w.rs1;
  d->spad = w.rs2;
  if (!d->is_masked) {
    memset(d->low, 0, sizeof d->low);
    memcpy(d->high, d->dims, sizeof d->high);
  }
  return check(d);
}

/* The announced move waits in state->move until the move itself comes. */
static const isa_dma_op announced_move[] = {ISA_MVIN, ISA_MVIN2, ISA_MVIN3, ISA_MVOUT};

const char *isa_dma_decode(isa_dma *s, uint32_t *seen, isa_word w, bool *done) {
  *done = false;
  if ((unsigned)w.op < 32 && *seen & 1u << w.op)
    return "the same word twice before a move";
  switch (w.op) {
  case ISA_CONFIG:
    if (w.rs2 >> WHICH_SHIFT & (0x7fffu & ~3u))
      return "bits of CONFIG that mean nothing are set";
    unpack_dims(w.rs1, s->dims);
    s->elem_bytes = (int)(w.rs2 & 0x3fff);
    s->lane_axis = (int)(w.rs2 >> LANE_AXIS_SHIFT & 3);
    s->is_indirect = w.rs2 >> INDIRECT_SHIFT & 1;
    s->lane_stride = (uint32_t)(w.rs2 >> LANE_STRIDE_SHIFT);
    s->move = announced_move[w.rs2 >> WHICH_SHIFT & 3];
    break;
  case ISA_CONFIG2: unpack_strides(w, s->dram_stride); break;
  case ISA_CONFIG3: unpack_strides(w, s->spad_stride); break;
  case ISA_CONFIG4:
    if (w.rs2 >> 24 & 0xf0)
      return "bits of CONFIG4 that mean nothing are set";
    s->index_spad = w.rs1;
    s->index_bytes = (int)(w.rs2 >> 16 & 0xff);
    s->offset_stride = (uint32_t)(w.rs2 & 0xffff) << (w.rs2 >> 24 & 0xf);
    s->index_limit = (uint32_t)(w.rs2 >> 32);
    break;
  case ISA_CONFIG5:
    unpack_dims(w.rs1, s->low);
    unpack_dims(w.rs2, s->high);
    s->is_masked = true;
    break;
  case ISA_CONFIG6: s->fill = w.rs1; break;
  case ISA_MVIN:
  case ISA_MVIN2:
  case ISA_MVIN3:
  case ISA_MVOUT:
    *done = true;
    return finish(s, *seen, which_of(s->move), w);
  default: return "an unknown funct7";
  }
  *seen |= 1u << w.op;
  return NULL;
}

/* ---- where elements are ---- */

isa_layout isa_dma_layout(const isa_dma *d, int lanes) {
  int a = d->lane_axis;
  int64_t vs = d->lane_stride, extent = d->dims[a];
  isa_layout l = {.outer = ceil_div(extent, vs * lanes)};
  l.used = l.outer > 1 ? lanes : ceil_div(extent, vs);
  for (int i = 0; i < ISA_DMA_RANK; i++) {
    l.block[i] = i == a && extent > 1 ? vs : d->dims[i];
    l.stride[i] = d->spad_stride[i] <= d->spad_stride[a] ? d->spad_stride[i] : d->spad_stride[i] / extent * vs * l.outer;
  }
  l.round_stride = l.stride[a] * vs;
  return l;
}

uint64_t isa_dma_lane_bytes(const isa_dma *d, int lanes) {
  isa_layout l = isa_dma_layout(d, lanes);
  int64_t last = l.round_stride * (l.outer - 1);
  for (int i = 0; i < ISA_DMA_RANK; i++)
    last += (l.block[i] - 1) * l.stride[i];
  return (uint64_t)(last + 1) * (uint64_t)d->elem_bytes;
}

/* One element of a lane's block; false: it is not written, or fn stopped. */
static bool visit(const isa_dma *d, const isa_layout *l, int64_t round, int lane, const int64_t in_block[ISA_DMA_RANK], isa_visit fn, void *self) {
  isa_place p = {.lane = lane};
  int64_t at = round * l->round_stride, dram = 0;
  bool beyond = lane >= l->used, masked = false;
  for (int i = 0; i < ISA_DMA_RANK; i++) {
    int64_t index = in_block[i] + (i == d->lane_axis ? (round * l->used + lane) * (int64_t)d->lane_stride : 0);
    at += in_block[i] * l->stride[i];
    dram += index * d->dram_stride[i];
    beyond |= index >= d->dims[i];
    masked |= d->is_masked && (index < d->low[i] || index >= d->high[i]);
  }
  p.spad = d->spad + (uint64_t)at * (uint64_t)d->elem_bytes;
  p.is_outside = beyond || masked;
  if (p.is_outside && d->move == ISA_MVOUT)
    return true;
  p.fill = masked && !beyond ? d->fill : 0;
  p.dram = p.is_outside ? 0 : d->dram + (uint64_t)dram * (uint64_t)d->elem_bytes;
  return fn(self, &p);
}

void isa_dma_walk(const isa_dma *d, int lanes, isa_visit fn, void *self) {
  isa_layout l = isa_dma_layout(d, lanes);
  int64_t i[ISA_DMA_RANK];
  for (int64_t round = 0; round < l.outer; round++)
    for (int lane = 0; lane < lanes; lane++)
      for (i[0] = 0; i[0] < l.block[0]; i[0]++)
        for (i[1] = 0; i[1] < l.block[1]; i[1]++)
          for (i[2] = 0; i[2] < l.block[2]; i[2]++)
            for (i[3] = 0; i[3] < l.block[3]; i[3]++)
              if (!visit(d, &l, round, lane, i, fn, self))
                return;
}
