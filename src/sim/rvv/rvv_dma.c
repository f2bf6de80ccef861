/* Transfers: isa_dma_walk's rule, a row of lanes at a time.  What one row is: one element of a lane's block in one round, in all lanes; along the lane axis neighbouring
 * lanes are lane_stride elements apart. */
#include "sim/rvv/rvv_private.h"

typedef struct transfer {
  rvv_core *c;
  const isa_dma *d;
  isa_layout layout;
  uint32_t *words; uint64_t words_at;   /* the window; of byte d->spad in it */
  const rvv_tensor *tensor;             /* of the first element that is moved */
  uint64_t lane_step;                   /* bytes of DRAM between lanes */
  const rvv_window *indices; uint64_t indices_at;
} transfer;

static bool contains(uint64_t from, uint64_t bytes, uint64_t address) { return address >= from && address - from < bytes; }

static const rvv_window *find_window(const rvv_core *c, uint64_t address) {
  for (int i = 0; i < c->job->n_windows; i++)
    if (contains(c->job->windows[i].address, c->job->windows[i].lane_bytes, address))
      return &c->job->windows[i];
  return NULL;
}

static const rvv_tensor *find_tensor(const rvv_core *c, uint64_t address) {
  for (int i = 0; i < c->job->n_tensors; i++)
    if (contains(c->job->tensors[i].address, c->job->tensors[i].bytes, address))
      return &c->job->tensors[i];
  return NULL;
}

static const char *tensor_name(const rvv_tensor *t) { return t->name ? t->name : "a tensor"; }

/* The tensor is that of the transfer's own address, which is its first element's; of the first that is moved where a mask may cut that off: it may then be in another tensor. */
static bool set_tensor(transfer *t, uint64_t first) {
  bool may_begin_elsewhere = t->d->is_masked && !t->d->is_indirect;
  t->tensor = find_tensor(t->c, may_begin_elsewhere ? first : t->d->dram);
  if (!t->tensor)
    t->tensor = find_tensor(t->c, may_begin_elsewhere ? t->d->dram : first);
  if (!t->tensor)
    return rvv_fail(t->c, RVV_OUT_OF_TENSOR, "no tensor has byte 0x%" PRIx64, first);
  if (t->d->move == ISA_MVOUT && !t->tensor->may_write)
    return rvv_fail(t->c, RVV_READ_ONLY, "%s", tensor_name(t->tensor));
  return true;
}

/* Of the tensor that the transfer's own address is in. */
static const char *name_at(const transfer *t) {
  const rvv_tensor *x = t->tensor ? t->tensor : find_tensor(t->c, t->d->dram);
  return x ? tensor_name(x) : "a tensor";
}

static bool check_byte(transfer *t, uint64_t address) {
  if (!t->tensor && !set_tensor(t, address))
    return false;
  uint64_t at = address - t->tensor->address, bytes = (uint64_t)t->d->elem_bytes;
  if (address >= t->tensor->address && at <= t->tensor->bytes && t->tensor->bytes - at >= bytes)
    return true;
  return rvv_fail(t->c, RVV_OUT_OF_TENSOR, "byte %" PRId64 " of %s, which has %" PRIu64, (int64_t)at, tensor_name(t->tensor), t->tensor->bytes);
}

/* Lanes [*from, *to) of the row move; lanes up to *have are of the tile. */
static void lanes_that_move(const transfer *t, int64_t round, const int64_t in_block[ISA_DMA_RANK], int *from, int *to, int *have) {
  const isa_dma *d = t->d;
  int a = d->lane_axis;
  int64_t vs = d->lane_stride, first = round * t->layout.used * vs + in_block[a];       /* index along the axis of lane 0 */
  int64_t used = t->layout.used, low = 0, high = d->dims[a];
  *have = (int)(high <= first ? 0 : (high - first + vs - 1) / vs < used ? (high - first + vs - 1) / vs : used);
  if (d->is_masked) {
    low = d->low[a];
    high = d->high[a] < d->dims[a] ? d->high[a] : d->dims[a];
    for (int i = 0; i < ISA_DMA_RANK; i++)
      if (i != a && (in_block[i] < d->low[i] || in_block[i] >= d->high[i]))
        high = 0;
  }
  int64_t f = low <= first ? 0 : (low - first + vs - 1) / vs, u = high <= first ? 0 : (high - first + vs - 1) / vs;
  *to = (int)(u < *have ? u : *have);
  *from = (int)(f < *to ? f : *to);
}

static void set_element(void *row, int lane, int bytes, uint64_t v) { memcpy((char *)row + (size_t)lane * (size_t)bytes, &v, (size_t)bytes); }

static void fill_outside(const transfer *t, void *row, int from, int to, int have) {
  int bytes = t->d->elem_bytes;
  for (int l = 0; l < have; l++)
    if (l < from || l >= to)
      set_element(row, l, bytes, t->d->fill);
  memset((char *)row + (size_t)have * (size_t)bytes, 0, (size_t)(t->c->lanes - have) * (size_t)bytes);
}

/* Signed index of lane l at element `offset` of the tile. */
static int64_t index_at(const transfer *t, uint64_t offset, int lane) {
  const isa_dma *d = t->d;
  uint64_t at = t->indices_at + offset * (uint64_t)d->index_bytes, v = 0, lanes = (uint64_t)t->c->lanes;
  for (int k = 0; k < d->index_bytes; k++)
    v |= (uint64_t)(t->indices->words[(at + (uint64_t)k) / 4 * lanes + (uint64_t)lane] >> ((at + (uint64_t)k) % 4 * 8) & 0xff) << (8 * k);
  int up = 64 - 8 * d->index_bytes;
  return (int64_t)(v << up) >> up;
}

static void copy_element(const transfer *t, void *row, int lane, uint64_t address) {
  size_t bytes = (size_t)t->d->elem_bytes;
  char *there = (char *)t->tensor->data + (address - t->tensor->address), *here = (char *)row + (size_t)lane * bytes;
  memcpy(t->d->move == ISA_MVOUT ? there : here, t->d->move == ISA_MVOUT ? here : there, bytes);
}

/* Lanes [from, to) between `row` and DRAM, lane 0 being at `address`; all bytes are checked first. */
static bool copy_lanes(transfer *t, void *row, int from, int to, uint64_t address, uint64_t offset) {
  uint64_t bytes = (uint64_t)t->d->elem_bytes, step = t->lane_step;
  if (from >= to)
    return true;
  if (t->d->is_indirect) {
    for (int l = from; l < to; l++) {
      const int64_t index = index_at(t, offset, l);
      const uint64_t at = address + (uint64_t)l * step + (uint64_t)index * t->d->offset_stride * bytes;
      if (t->d->index_limit && (index < 0 || index >= (int64_t)t->d->index_limit))
        return rvv_fail(t->c, RVV_OUT_OF_TENSOR, "place %" PRId64 " of %s, which has %" PRIu32 " to look up", index, name_at(t), t->d->index_limit);
      if (!check_byte(t, at))
        return false;
      copy_element(t, row, l, at);
    }
    return true;
  }
  uint64_t first = address + (uint64_t)from * step, last = address + (uint64_t)(to - 1) * step;
  if (!check_byte(t, first) || !check_byte(t, last))
    return false;
  if (step == bytes) {
    char *there = (char *)t->tensor->data + (first - t->tensor->address), *here = (char *)row + (uint64_t)from * bytes;
    memcpy(t->d->move == ISA_MVOUT ? there : here, t->d->move == ISA_MVOUT ? here : there, (size_t)(to - from) * bytes);
    return true;
  }
  for (int l = from; l < to; l++)
    copy_element(t, row, l, address + (uint64_t)l * step);
  return true;
}

/* One row: element `in_block` of round `round`. */
static bool move_row(transfer *t, int64_t round, const int64_t in_block[ISA_DMA_RANK]) {
  rvv_core *c = t->c;
  const isa_dma *d = t->d;
  int from, to, have, bytes = d->elem_bytes;
  uint64_t offset = (uint64_t)(round * t->layout.round_stride), dram = 0;
  lanes_that_move(t, round, in_block, &from, &to, &have);
  for (int i = 0; i < ISA_DMA_RANK; i++) {
    int64_t index = in_block[i] + (i == d->lane_axis ? round * t->layout.used * (int64_t)d->lane_stride : 0);
    offset += (uint64_t)(in_block[i] * t->layout.stride[i]);
    dram += (uint64_t)index * (uint64_t)d->dram_stride[i];
  }
  uint64_t spad = t->words_at + offset * (uint64_t)bytes, address = d->dram + dram * (uint64_t)bytes;
  void *row = bytes == 4 ? (void *)(t->words + spad / 4 * (uint64_t)c->lanes) : (void *)c->row[1];
  if (d->move == ISA_MVOUT) {
    if (bytes != 4)
      rvv_row_get(c, t->words, spad, bytes, row);
    return copy_lanes(t, row, from, to, address, offset);
  }
  if (!copy_lanes(t, row, from, to, address, offset))
    return false;
  fill_outside(t, row, from, to, have);
  if (bytes != 4)
    rvv_row_put(c, t->words, spad, bytes, row);
  return true;
}

static bool move_all(transfer *t) {
  const isa_layout *l = &t->layout;
  int64_t i[ISA_DMA_RANK];
  for (int64_t round = 0; round < l->outer; round++)
    for (i[0] = 0; i[0] < l->block[0]; i[0]++)
      for (i[1] = 0; i[1] < l->block[1]; i[1]++)
        for (i[2] = 0; i[2] < l->block[2]; i[2]++)
          for (i[3] = 0; i[3] < l->block[3]; i[3]++)
            if (t->c->left-- <= 0)
              return rvv_fail(t->c, RVV_BUDGET, "within a transfer");
            else if (!move_row(t, round, i))
              return false;
  return true;
}

/* The bank a tile of lane_elems elements of `bytes` lies in. */
static bool find_bank(rvv_core *c, uint64_t address, uint64_t lane_elems, int bytes, const rvv_window **out, uint64_t *out_at) {
  const rvv_window *w = find_window(c, address);
  if (!w)
    return rvv_fail(c, RVV_NO_MEMORY, "no tile of the scratchpad has 0x%" PRIx64, address);
  if (address % (uint64_t)bytes)
    return rvv_fail(c, RVV_MISALIGNED, "%d bytes at 0x%" PRIx64, bytes, address);
  *out = w;
  *out_at = address - w->address;
  if (lane_elems > (w->lane_bytes - *out_at) / (uint64_t)bytes)
    return rvv_fail(c, RVV_OUT_OF_BANK, "%" PRIu64 " elements of %d bytes at byte %" PRIu64 " of a tile of %" PRIu64 " bytes a lane", lane_elems, bytes, *out_at, w->lane_bytes);
  return true;
}

static bool run_transfer(rvv_core *c, const isa_dma *d) {
  transfer t = {.c = c, .d = d, .layout = isa_dma_layout(d, c->lanes)};
  uint64_t elems = isa_dma_lane_bytes(d, c->lanes) / (uint64_t)d->elem_bytes;
  const rvv_window *bank;
  if (!find_bank(c, d->spad, elems, d->elem_bytes, &bank, &t.words_at))
    return false;
  if (d->is_indirect && !find_bank(c, d->index_spad, elems, d->index_bytes, &t.indices, &t.indices_at))
    return false;
  if (d->move != ISA_MVOUT && bank->is_read_only)
    return rvv_fail(c, RVV_READ_ONLY, "a tile that is read only, at 0x%" PRIx64, d->spad);
  t.words = bank->words;
  t.lane_step = (uint64_t)d->dram_stride[d->lane_axis] * d->lane_stride * (uint64_t)d->elem_bytes;
  return move_all(&t);
}

bool rvv_run_dma(rvv_core *c, const rvv_op *op) {
  isa_word w = {(isa_dma_op)(op->word >> 25), c->x[op->rs1], c->x[op->rs2]};
  bool done;
  const char *wrong = isa_dma_decode(&c->dma, &c->dma_seen, w, &done);
  if (wrong)
    return rvv_fail(c, RVV_BAD_TRANSFER, "%s (word %d, 0x%" PRIx64 ", 0x%" PRIx64 ")", wrong, (int)w.op, w.rs1, w.rs2);
  if (!done)
    return true;
  isa_dma d = c->dma;
  c->dma = (isa_dma){0};
  c->dma_seen = 0;
  if (c->report.n_dmas < RVV_DMAS_MAX)
    c->report.dmas[c->report.n_dmas] = d;
  c->report.n_dmas++;
  return run_transfer(c, &d);
}
