/* Elements that move: merges and moves, slides, gathers, compression, and the way to scalar registers and back. */
#include "sim/rvv/rvv_private.h"

/* ---- merges and moves ---- */

/* vmerge, vfmerge; without a mask vmv.v, vfmv.v. */
static bool merge(rvv_core *c, const rvv_op *op) {
  int bytes = c->sew / 8;
  uint64_t value = 0;
  bool has_scalar = rvv_scalar_operand(c, op, bytes, &value);
  if (!rvv_group(c, op->rd, c->sew, "vd") || (!has_scalar && !rvv_group(c, op->rs1, c->sew, "vs1")) || (!op->is_unmasked && !rvv_group(c, op->rs2, c->sew, "vs2")))
    return false;
  if (op->is_unmasked && op->rs2 != 0)
    return rvv_fail(c, RVV_BAD_INSTRUCTION, "a move with vs2");
  if (has_scalar)
    rvv_row_splat(c, value, bytes, c->row[1]);
  for (int64_t e = 0; e < c->vl; e++) {
    const uint8_t *mask = rvv_mask_of(c, op, e);
    if (!has_scalar)
      rvv_get(c, op->rs1, e, bytes, c->row[1]);
    if (mask && op->rs2 != op->rd) {
      rvv_get(c, op->rs2, e, bytes, c->row[2]);
      rvv_put(c, op->rd, e, bytes, c->row[2], NULL);
    }
    rvv_put(c, op->rd, e, bytes, c->row[1], mask);
  }
  return true;
}

static bool move_whole(rvv_core *c, const rvv_op *op) {
  int n = op->rs1 + 1;
  size_t words = (size_t)(c->vlen_bits / 32) * (size_t)c->lanes * (size_t)n;
  if (n > 8 || (n & (n - 1)) || !op->is_unmasked)
    return rvv_fail(c, RVV_BAD_INSTRUCTION, "%d whole registers", n);
  if (op->rd % n || op->rs2 % n)
    return rvv_fail(c, RVV_BAD_VTYPE, "v%d and v%d, in groups of %d", op->rd, op->rs2, n);
  memmove(rvv_register(c, op->rd), rvv_register(c, op->rs2), words * 4);
  return true;
}

/* ---- slides ---- */

static bool slide(rvv_core *c, const rvv_op *op, bool is_down) {
  int bytes = c->sew / 8;
  uint64_t by = 0, most = (uint64_t)rvv_vlmax(c);
  rvv_scalar_operand(c, op, 8, &by);
  if (!rvv_group(c, op->rd, c->sew, "vd") || !rvv_group(c, op->rs2, c->sew, "vs2"))
    return false;
  if (!is_down && op->rd == op->rs2)
    return rvv_fail(c, RVV_BAD_VTYPE, "vd is vs2");
  for (uint64_t e = is_down ? 0 : by; e < (uint64_t)c->vl; e++) {
    bool is_there = !is_down || (by < most && e + by < most);
    if (is_there)
      rvv_get(c, op->rs2, (int64_t)(is_down ? e + by : e - by), bytes, c->row[1]);
    else
      rvv_row_splat(c, 0, bytes, c->row[1]);
    rvv_put(c, op->rd, (int64_t)e, bytes, c->row[1], rvv_mask_of(c, op, (int64_t)e));
  }
  return true;
}

static bool slide_one(rvv_core *c, const rvv_op *op, bool is_down) {
  int bytes = c->sew / 8;
  uint64_t value = 0;
  rvv_scalar_operand(c, op, bytes, &value);
  if (!rvv_group(c, op->rd, c->sew, "vd") || !rvv_group(c, op->rs2, c->sew, "vs2"))
    return false;
  if (!is_down && op->rd == op->rs2)
    return rvv_fail(c, RVV_BAD_VTYPE, "vd is vs2");
  for (int64_t e = 0; e < c->vl; e++) {
    if (e == (is_down ? c->vl - 1 : 0))
      rvv_row_splat(c, value, bytes, c->row[1]);
    else
      rvv_get(c, op->rs2, is_down ? e + 1 : e - 1, bytes, c->row[1]);
    rvv_put(c, op->rd, e, bytes, c->row[1], rvv_mask_of(c, op, e));
  }
  return true;
}

/* ---- gathers ---- */

static uint64_t element_of_lane(const rvv_core *c, int r, uint64_t e, int bytes, int lane) {
  const uint32_t *w = rvv_register(c, r) + (size_t)lane;
  uint64_t at = e * (uint64_t)bytes, lanes = (uint64_t)c->lanes, low = w[at / 4 * lanes];
  return bytes == 8 ? (uint64_t)w[(at / 4 + 1) * lanes] << 32 | low : low >> (at % 4 * 8);
}

static bool gather(rvv_core *c, const rvv_op *op) {
  int bytes = c->sew / 8, index_bytes = op->code == RVV_OP_VRGATHEREI16 ? 2 : bytes;
  uint64_t index = 0, most = (uint64_t)rvv_vlmax(c);
  bool has_scalar = rvv_scalar_operand(c, op, 8, &index);
  if (!rvv_group(c, op->rd, c->sew, "vd") || !rvv_group(c, op->rs2, c->sew, "vs2") || (!has_scalar && !rvv_group(c, op->rs1, index_bytes * 8, "vs1")))
    return false;
  if (op->rd == op->rs2 || (!has_scalar && op->rd == op->rs1))
    return rvv_fail(c, RVV_BAD_VTYPE, "vd is a source");
  for (int64_t e = 0; e < c->vl; e++) {
    if (has_scalar)
      for (int l = 0; l < c->lanes; l++)
        c->row[1][l] = index;
    else
      rvv_get_wide(c, op->rs1, e, index_bytes, false, c->row[1]);
    for (int l = 0; l < c->lanes; l++)
      c->row[2][l] = c->row[1][l] < most ? element_of_lane(c, op->rs2, c->row[1][l], bytes, l) : 0;
    rvv_put_wide(c, op->rd, e, bytes, c->row[2], rvv_mask_of(c, op, e));
  }
  return true;
}

static bool compress(rvv_core *c, const rvv_op *op) {
  int bytes = c->sew / 8;
  if (!op->is_unmasked)
    return rvv_fail(c, RVV_BAD_INSTRUCTION, "a mask");
  if (!rvv_group(c, op->rd, c->sew, "vd") || !rvv_group(c, op->rs2, c->sew, "vs2"))
    return false;
  if (op->rd == op->rs2)
    return rvv_fail(c, RVV_BAD_VTYPE, "vd is vs2");
  uint64_t *next = c->row[3];
  memset(next, 0, (size_t)c->lanes * 8);
  uint32_t *out = rvv_register(c, op->rd);
  for (int64_t e = 0; e < c->vl; e++) {
    rvv_bits_get(c, op->rs1, e, c->mask);
    rvv_get_wide(c, op->rs2, e, bytes, false, c->row[1]);
    for (int l = 0; l < c->lanes; l++) {
      if (!c->mask[l])
        continue;
      uint64_t at = next[l]++ * (uint64_t)bytes;
      for (int k = 0; k < bytes; k++) {
        uint32_t *w = &out[(at + (uint64_t)k) / 4 * (uint64_t)c->lanes + (uint64_t)l];
        int shift = (int)((at + (uint64_t)k) % 4) * 8;
        *w = (*w & ~(UINT32_C(0xff) << shift)) | (uint32_t)(c->row[1][l] >> (8 * k) & 0xff) << shift;
      }
    }
  }
  return true;
}

/* ---- to scalar registers and back ---- */

static void count_lane(const rvv_core *c, const uint8_t *bits, const uint8_t *mask, bool is_first, int64_t e, uint64_t *out) {
  for (int l = 0; l < c->lanes; l++)
    if (bits[l] && (!mask || mask[l])) {
      if (!is_first)
        out[l]++;
      else if (out[l] == UINT64_MAX)
        out[l] = (uint64_t)e;
    }
}

/* vmv.x.s, vcpop.m, vfirst.m */
static bool to_integer(rvv_core *c, const rvv_op *op) {
  uint64_t v;
  bool is_first = op->rs1 == 17;
  if (op->rs1 == 0) {
    rvv_get_wide(c, op->rs2, 0, c->sew / 8, true, c->row[1]);
  } else if (op->rs1 == 16 || is_first) {
    memset(c->row[1], is_first ? 0xff : 0, (size_t)c->lanes * 8);
    for (int64_t e = 0; e < c->vl; e++) {
      rvv_bits_get(c, op->rs2, e, (uint8_t *)c->row[2]);
      count_lane(c, (const uint8_t *)c->row[2], rvv_mask_of(c, op, e), is_first, e, c->row[1]);
    }
  } else {
    return rvv_fail(c, RVV_BAD_INSTRUCTION, "vs1 is %d", op->rs1);
  }
  if (!rvv_row_agrees(c, c->row[1], 8, &v))
    return false;
  c->x[op->rd] = v;
  return true;
}

static bool check_float(rvv_core *c) { return c->sew >= 16 ? true : rvv_fail(c, RVV_BAD_VTYPE, "floats of %d bits", c->sew); }

static bool to_float(rvv_core *c, const rvv_op *op) {
  uint64_t v;
  if (op->rs1 != 0)
    return rvv_fail(c, RVV_BAD_INSTRUCTION, "vs1 is %d", op->rs1);
  if (!check_float(c))
    return false;
  rvv_get(c, op->rs2, 0, c->sew / 8, c->row[1]);
  if (!rvv_row_agrees(c, c->row[1], c->sew / 8, &v))
    return false;
  c->f[op->rd] = c->sew == 16 ? rvv_box16((uint16_t)v) : c->sew == 32 ? rvv_box32((uint32_t)v) : v;
  return true;
}

static bool from_scalar(rvv_core *c, const rvv_op *op) {
  uint64_t v = 0;
  if (op->rs2 != 0)
    return rvv_fail(c, RVV_BAD_INSTRUCTION, "vs2 is %d", op->rs2);
  rvv_scalar_operand(c, op, c->sew / 8, &v);
  rvv_row_splat(c, v, c->sew / 8, c->row[1]);
  if (c->vl > 0)
    rvv_put(c, op->rd, 0, c->sew / 8, c->row[1], NULL);
  return true;
}

bool rvv_run_vpermute(rvv_core *c, const rvv_op *op) {
  switch (op->code) {
  case RVV_OP_VMERGE: return merge(c, op);
  case RVV_OP_VFMERGE: return check_float(c) && merge(c, op);
  case RVV_OP_VMVR: return move_whole(c, op);
  case RVV_OP_VSLIDEUP: return slide(c, op, false);
  case RVV_OP_VSLIDEDOWN: return slide(c, op, true);
  case RVV_OP_VSLIDE1UP: return slide_one(c, op, false);
  case RVV_OP_VSLIDE1DOWN: return slide_one(c, op, true);
  case RVV_OP_VFSLIDE1UP: return check_float(c) && slide_one(c, op, false);
  case RVV_OP_VFSLIDE1DOWN: return check_float(c) && slide_one(c, op, true);
  case RVV_OP_VRGATHER: case RVV_OP_VRGATHEREI16: return gather(c, op);
  case RVV_OP_VCOMPRESS: return compress(c, op);
  case RVV_OP_VMV_X_S: return to_integer(c, op);
  case RVV_OP_VFMV_F_S: return to_float(c, op);
  case RVV_OP_VFMV_S_F: return check_float(c) && from_scalar(c, op);
  default: return from_scalar(c, op);     /* VMV_S_X */
  }
}
