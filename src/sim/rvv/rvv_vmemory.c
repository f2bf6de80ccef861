/* Vector loads and stores. */
#include "sim/rvv/rvv_private.h"

enum { UNIT = 0, INDEXED = 1, STRIDED = 2, INDEXED_ORDERED = 3, UNIT_PLAIN = 0, UNIT_WHOLE = 8, UNIT_MASK = 11, UNIT_FIRST = 16 };

/* One access: n elements of `bytes`, each with `fields` neighbours in as many groups of registers, `group` registers apart. */
typedef struct access {
  bool is_store, is_masked, is_indexed;
  int bytes, fields, group, index_bytes;
  int64_t n;
  uint64_t base, stride;
} access;

static int field(uint32_t w, int at, int n) { return (int)(w >> at & ((1u << n) - 1)); }

static bool describe_unit(rvv_core *c, const rvv_op *op, access *a) {
  switch (op->rs2) {
  case UNIT_WHOLE:
    if (field(op->word, 29, 3) & (field(op->word, 29, 3) + 1))
      return rvv_fail(c, RVV_BAD_INSTRUCTION, "%d whole registers", a->fields);
    if (op->rd % a->fields)
      return rvv_fail(c, RVV_BAD_VTYPE, "v%d, in groups of %d", op->rd, a->fields);
    a->n = (int64_t)a->fields * c->vlen_bits / (a->bytes * 8);
    a->fields = 1;
    return true;
  case UNIT_MASK:
    a->n = (c->vl + 7) / 8;
    return a->fields == 1 && a->bytes == 1 ? true : rvv_fail(c, RVV_BAD_INSTRUCTION, "a mask of %d bytes an element", a->bytes);
  case UNIT_PLAIN: return true;
  case UNIT_FIRST: return !a->is_store ? true : rvv_fail(c, RVV_BAD_INSTRUCTION, "mode %d", op->rs2);
  default: return rvv_fail(c, RVV_BAD_INSTRUCTION, "mode %d", op->rs2);
  }
}

static bool describe(rvv_core *c, const rvv_op *op, access *a) {
  int mode = field(op->word, 26, 2), width = op->rm;
  bool is_whole = mode == UNIT && op->rs2 == UNIT_WHOLE, is_mask = mode == UNIT && op->rs2 == UNIT_MASK;
  *a = (access){.is_store = op->code == RVV_OP_VSTORE, .is_masked = !op->is_unmasked, .is_indexed = mode == INDEXED || mode == INDEXED_ORDERED, .bytes = width / 8,
                .fields = field(op->word, 29, 3) + 1, .n = c->vl, .base = c->x[op->rs1]};
  if (!is_whole && c->sew == 0)
    return rvv_fail(c, RVV_BAD_VTYPE, "there is no vector type");
  if (a->is_indexed) {
    a->index_bytes = a->bytes;
    a->bytes = c->sew / 8;
    if (!rvv_group(c, op->rs2, width, "the index"))
      return false;
  }
  if (mode == UNIT && !describe_unit(c, op, a))
    return false;
  a->stride = mode == STRIDED ? c->x[op->rs2] : (uint64_t)(a->bytes * a->fields);
  if (is_whole || is_mask)
    return true;
  if (!rvv_group(c, op->rd, a->bytes * 8, "vd"))
    return false;
  int emul = rvv_emul(c, a->bytes * 8);
  a->group = emul > 0 ? 1 << emul : 1;
  if (a->fields * a->group > 8 || op->rd + a->fields * a->group > 32)
    return rvv_fail(c, RVV_BAD_VTYPE, "%d fields of %d registers from v%d on", a->fields, a->group, op->rd);
  return true;
}

static bool check_alignment(rvv_core *c, uint64_t address, int bytes) {
  return address % (uint64_t)bytes == 0 ? true : rvv_fail(c, RVV_MISALIGNED, "%d bytes at 0x%" PRIx64, bytes, address);
}

/* Memory that is one for all lanes: loads give all the same; a store must store the same. */
static bool move_shared(rvv_core *c, const access *a, const rvv_memory *m, int r, int64_t e, const uint8_t *mask) {
  uint64_t v = 0;
  if (!a->is_store) {
    memcpy(&v, m->bytes + m->at, (size_t)a->bytes);
    rvv_row_splat(c, v, a->bytes, c->row[1]);
    rvv_put(c, r, e, a->bytes, c->row[1], mask);
    return true;
  }
  for (int l = 1; mask && l < c->lanes; l++)
    if (mask[l] != mask[0])
      return rvv_fail(c, RVV_LANES_DIFFER, "lane 0 and lane %d do not both store", l);
  if (mask && !mask[0])
    return true;
  rvv_get(c, r, e, a->bytes, c->row[1]);
  if (!rvv_row_agrees(c, c->row[1], a->bytes, &v))
    return false;
  memcpy(m->bytes + m->at, &v, (size_t)a->bytes);
  return true;
}

/* One element, at the same address in all lanes. */
static bool move_row(rvv_core *c, const access *a, uint64_t address, int r, int64_t e, const uint8_t *mask) {
  rvv_memory m;
  if (!check_alignment(c, address, a->bytes) || !rvv_find_memory(c, address, (uint64_t)a->bytes, a->is_store, &m))
    return false;
  if (m.bytes)
    return move_shared(c, a, &m, r, e, mask);
  if (a->is_store) {
    rvv_get(c, r, e, a->bytes, c->row[1]);
    if (mask)
      rvv_row_put_masked(c, m.words, m.at, a->bytes, c->row[1], mask);
    else
      rvv_row_put(c, m.words, m.at, a->bytes, c->row[1]);
  } else {
    rvv_row_get(c, m.words, m.at, a->bytes, c->row[1]);
    rvv_put(c, r, e, a->bytes, c->row[1], mask);
  }
  return true;
}

/* One element of one lane. */
static bool move_one(rvv_core *c, const access *a, uint64_t address, int r, int64_t e, int lane) {
  rvv_memory m;
  if (!check_alignment(c, address, a->bytes) || !rvv_find_memory(c, address, (uint64_t)a->bytes, a->is_store, &m))
    return false;
  if (m.bytes && a->is_store)
    return rvv_fail(c, RVV_LANES_DIFFER, "lane %d stores to 0x%" PRIx64 ", which is one for all", lane, address);
  uint32_t *in_register = rvv_register(c, r) + (size_t)lane;
  uint64_t at = (uint64_t)e * (uint64_t)a->bytes, lanes = (uint64_t)c->lanes;
  for (int k = 0; k < a->bytes; k++) {
    uint32_t *word = &in_register[(at + (uint64_t)k) / 4 * lanes];
    int shift = (int)((at + (uint64_t)k) % 4) * 8;
    uint64_t there = m.at + (uint64_t)k;
    uint32_t *other = m.bytes ? NULL : &m.words[there / 4 * lanes + (uint64_t)lane];
    int other_shift = (int)(there % 4) * 8;
    if (a->is_store)
      *other = (*other & ~(UINT32_C(0xff) << other_shift)) | (*word >> shift & 0xff) << other_shift;
    else
      *word = (*word & ~(UINT32_C(0xff) << shift)) | (m.bytes ? m.bytes[there] : *other >> other_shift & 0xff) << shift;
  }
  return true;
}

static uint64_t index_at(const rvv_core *c, const access *a, int lane) {
  uint64_t v = 0;
  memcpy(&v, (const char *)c->row[2] + (size_t)lane * (size_t)a->index_bytes, (size_t)a->index_bytes);
  return v;
}

static bool move_indexed(rvv_core *c, const rvv_op *op, const access *a, int64_t e, const uint8_t *mask) {
  bool is_same = true;
  rvv_get(c, op->rs2, e, a->index_bytes, c->row[2]);
  for (int l = 1; l < c->lanes && is_same; l++)
    is_same = index_at(c, a, l) == index_at(c, a, 0);
  for (int f = 0; f < a->fields; f++) {
    uint64_t base = a->base + (uint64_t)(f * a->bytes);
    int r = op->rd + f * a->group;
    if (is_same && !move_row(c, a, base + index_at(c, a, 0), r, e, mask))
      return false;
    for (int l = 0; l < c->lanes && !is_same; l++)
      if ((!mask || mask[l]) && !move_one(c, a, base + index_at(c, a, l), r, e, l))
        return false;
  }
  return true;
}

static bool is_any(const uint8_t *mask, int lanes) {
  for (int l = 0; mask && l < lanes; l++)
    if (mask[l])
      return true;
  return !mask;
}

/* Words of neighbouring elements are neighbouring rows of words. */
static bool move_words(rvv_core *c, const rvv_op *op, const access *a, bool *done) {
  uint64_t bytes = (uint64_t)a->n * (uint64_t)a->bytes;
  rvv_memory m;
  *done = false;
  if (a->is_masked || a->is_indexed || a->fields > 1 || a->stride != (uint64_t)a->bytes || bytes % 4 || a->base % 4 || bytes == 0)
    return true;
  if (!check_alignment(c, a->base, a->bytes) || !rvv_find_memory(c, a->base, bytes, a->is_store, &m))
    return false;
  if (m.bytes)
    return true;
  uint32_t *words = m.words + m.at / 4 * (uint64_t)c->lanes, *registers = rvv_register(c, op->rd);
  memcpy(a->is_store ? words : registers, a->is_store ? registers : words, bytes * (uint64_t)c->lanes);
  *done = true;
  return true;
}

bool rvv_run_vmemory(rvv_core *c, const rvv_op *op) {
  access a;
  bool done;
  if (!describe(c, op, &a) || !move_words(c, op, &a, &done))
    return false;
  for (int64_t e = 0; e < a.n && !done; e++) {
    const uint8_t *mask = rvv_mask_of(c, op, e);
    if (!is_any(mask, c->lanes))
      continue;
    if (a.is_indexed) {
      if (!move_indexed(c, op, &a, e, mask))
        return false;
      continue;
    }
    for (int f = 0; f < a.fields; f++)
      if (!move_row(c, &a, a.base + (uint64_t)e * a.stride + (uint64_t)(f * a.bytes), op->rd + f * a.group, e, mask))
        return false;
  }
  return true;
}
