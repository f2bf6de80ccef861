/* Elements of all lanes between memory, which is words lane by lane, and rows, which are elements lane by lane. */
#include "sim/rvv/rvv_private.h"

/* Elements of two words: word by word. */
static void get_pairs(const uint32_t *low, int lanes, uint64_t *out) {
  const uint32_t *high = low + lanes;
  for (int l = 0; l < lanes; l++)
    out[l] = (uint64_t)high[l] << 32 | low[l];
}

static void put_pairs(uint32_t *low, int lanes, const uint64_t *row, const uint8_t *mask) {
  uint32_t *high = low + lanes;
  for (int l = 0; l < lanes; l++)
    if (!mask || mask[l]) {
      low[l] = (uint32_t)row[l];
      high[l] = (uint32_t)(row[l] >> 32);
    }
}

void rvv_row_get(const rvv_core *c, const uint32_t *words, uint64_t at, int bytes, void *out) {
  const uint32_t *w = words + at / 4 * (uint64_t)c->lanes;
  int shift = (int)(at % 4) * 8;
  switch (bytes) {
  case 1: for (int l = 0; l < c->lanes; l++) ((uint8_t *)out)[l] = (uint8_t)(w[l] >> shift); break;
  case 2: for (int l = 0; l < c->lanes; l++) ((uint16_t *)out)[l] = (uint16_t)(w[l] >> shift); break;
  case 4: memcpy(out, w, (size_t)c->lanes * 4); break;
  default: get_pairs(w, c->lanes, out);
  }
}

void rvv_row_put(const rvv_core *c, uint32_t *words, uint64_t at, int bytes, const void *row) {
  uint32_t *w = words + at / 4 * (uint64_t)c->lanes;
  int shift = (int)(at % 4) * 8;
  switch (bytes) {
  case 1: for (int l = 0; l < c->lanes; l++) w[l] = (w[l] & ~(UINT32_C(0xff) << shift)) | (uint32_t)((const uint8_t *)row)[l] << shift; break;
  case 2: for (int l = 0; l < c->lanes; l++) w[l] = (w[l] & ~(UINT32_C(0xffff) << shift)) | (uint32_t)((const uint16_t *)row)[l] << shift; break;
  case 4: memmove(w, row, (size_t)c->lanes * 4); break;
  default: put_pairs(w, c->lanes, row, NULL);
  }
}

void rvv_row_put_masked(const rvv_core *c, uint32_t *words, uint64_t at, int bytes, const void *row, const uint8_t *mask) {
  uint32_t *w = words + at / 4 * (uint64_t)c->lanes;
  int shift = (int)(at % 4) * 8;
  if (bytes == 8) {
    put_pairs(w, c->lanes, row, mask);
    return;
  }
  for (int l = 0; l < c->lanes; l++) {
    uint32_t value = bytes == 1 ? ((const uint8_t *)row)[l] : bytes == 2 ? ((const uint16_t *)row)[l] : ((const uint32_t *)row)[l];
    uint32_t field = bytes == 4 ? UINT32_MAX : ((UINT32_C(1) << (8 * bytes)) - 1) << shift;
    w[l] = mask[l] ? (w[l] & ~field) | value << shift : w[l];
  }
}

void rvv_row_splat(const rvv_core *c, uint64_t value, int bytes, void *out) {
  switch (bytes) {
  case 1: memset(out, (int)(value & 0xff), (size_t)c->lanes); break;
  case 2: for (int l = 0; l < c->lanes; l++) ((uint16_t *)out)[l] = (uint16_t)value; break;
  case 4: for (int l = 0; l < c->lanes; l++) ((uint32_t *)out)[l] = (uint32_t)value; break;
  default: for (int l = 0; l < c->lanes; l++) ((uint64_t *)out)[l] = value;
  }
}

bool rvv_row_agrees(rvv_core *c, const void *row, int bytes, uint64_t *out) {
  const char *first = row;
  uint64_t other = 0;
  *out = 0;
  memcpy(out, first, (size_t)bytes);
  for (int l = 1; l < c->lanes; l++)
    if (memcmp(first, first + (size_t)l * (size_t)bytes, (size_t)bytes) != 0) {
      memcpy(&other, first + (size_t)l * (size_t)bytes, (size_t)bytes);
      return rvv_fail(c, RVV_LANES_DIFFER, "lane 0 has 0x%" PRIx64 " and lane %d 0x%" PRIx64, *out, l, other);
    }
  return true;
}

void rvv_bits_get(const rvv_core *c, int r, int64_t e, uint8_t *out) {
  const uint32_t *w = rvv_register(c, r) + (size_t)(e / 32) * (size_t)c->lanes;
  for (int l = 0; l < c->lanes; l++)
    out[l] = w[l] >> (e % 32) & 1;
}

void rvv_bits_put(const rvv_core *c, int r, int64_t e, const uint8_t *bits, const uint8_t *where) {
  uint32_t *w = rvv_register(c, r) + (size_t)(e / 32) * (size_t)c->lanes, bit = UINT32_C(1) << (e % 32);
  for (int l = 0; l < c->lanes; l++)
    if (!where || where[l])
      w[l] = bits[l] ? w[l] | bit : w[l] & ~bit;
}

const uint8_t *rvv_mask_of(rvv_core *c, const rvv_op *op, int64_t e) {
  if (op->is_unmasked)
    return NULL;
  rvv_bits_get(c, 0, e, c->mask);
  return c->mask;
}

void rvv_get_wide(const rvv_core *c, int r, int64_t e, int bytes, bool is_signed, uint64_t *out) {
  uint64_t at = (uint64_t)e * (uint64_t)bytes;
  const uint32_t *w = rvv_register(c, r) + at / 4 * (uint64_t)c->lanes;
  int up = 64 - 8 * bytes, shift = (int)(at % 4) * 8;
  if (bytes == 8)
    get_pairs(w, c->lanes, out);
  else if (is_signed)
    for (int l = 0; l < c->lanes; l++)
      out[l] = (uint64_t)((int64_t)((uint64_t)(w[l] >> shift) << up) >> up);
  else
    for (int l = 0; l < c->lanes; l++)
      out[l] = (uint64_t)(w[l] >> shift) << up >> up;
}

void rvv_put_wide(rvv_core *c, int r, int64_t e, int bytes, const uint64_t *row, const uint8_t *mask) {
  uint64_t at = (uint64_t)e * (uint64_t)bytes;
  uint32_t *w = rvv_register(c, r) + at / 4 * (uint64_t)c->lanes;
  if (bytes == 8) {
    put_pairs(w, c->lanes, row, mask);
    return;
  }
  int shift = (int)(at % 4) * 8;
  uint32_t ones = bytes == 4 ? UINT32_MAX : (UINT32_C(1) << (8 * bytes)) - 1;
  for (int l = 0; l < c->lanes; l++)
    if (!mask || mask[l])
      w[l] = (w[l] & ~(ones << shift)) | ((uint32_t)row[l] & ones) << shift;
}
