/* Masks: logic on them, what is made from them, and arithmetic with carries. */
#include "sim/rvv/rvv_private.h"

static uint32_t logic(int code, uint32_t a, uint32_t b) {
  switch (code) {
  case RVV_OP_VMANDN: return a & ~b;
  case RVV_OP_VMAND: return a & b;
  case RVV_OP_VMOR: return a | b;
  case RVV_OP_VMXOR: return a ^ b;
  case RVV_OP_VMORN: return a | ~b;
  case RVV_OP_VMNAND: return ~(a & b);
  case RVV_OP_VMNOR: return ~(a | b);
  default: return ~(a ^ b);
  }
}

/* vd = vs2 op vs1, 32 elements a word; those from vl on stay. */
static bool run_logic(rvv_core *c, const rvv_op *op) {
  uint32_t *d = rvv_register(c, op->rd);
  const uint32_t *a = rvv_register(c, op->rs2), *b = rvv_register(c, op->rs1);
  if (!op->is_unmasked)
    return rvv_fail(c, RVV_BAD_INSTRUCTION, "a mask");
  for (int64_t w = 0; w * 32 < c->vl; w++) {
    int64_t n = c->vl - w * 32;
    uint32_t valid = n >= 32 ? UINT32_MAX : (UINT32_C(1) << n) - 1;
    for (int64_t i = w * c->lanes; i < (w + 1) * c->lanes; i++)
      d[i] = (d[i] & ~valid) | (logic(op->code, a[i], b[i]) & valid);
  }
  return true;
}

/* ---- viota, vid, vmsbf, vmsif, vmsof ---- */

enum { VMSBF = 1, VMSOF = 2, VMSIF = 3, VIOTA = 16, VID = 17 };

static bool run_count(rvv_core *c, const rvv_op *op) {
  bool is_iota = op->rs1 == VIOTA;
  uint64_t *count = c->row[1];
  uint8_t *bits = (uint8_t *)c->row[2];
  if (!rvv_group(c, op->rd, c->sew, "vd"))
    return false;
  memset(count, 0, (size_t)c->lanes * 8);
  for (int64_t e = 0; e < c->vl; e++) {
    const uint8_t *mask = rvv_mask_of(c, op, e);
    if (is_iota)
      rvv_bits_get(c, op->rs2, e, bits);
    else
      for (int l = 0; l < c->lanes; l++)
        count[l] = (uint64_t)e;
    rvv_put_wide(c, op->rd, e, c->sew / 8, count, mask);
    for (int l = 0; is_iota && l < c->lanes; l++)
      count[l] += bits[l] && (!mask || mask[l]);
  }
  return true;
}

/* Before, including or only the first element that is set. */
static bool run_first(rvv_core *c, const rvv_op *op) {
  uint8_t *seen = (uint8_t *)c->row[1], *bits = (uint8_t *)c->row[2], *result = (uint8_t *)c->row[3];
  memset(seen, 0, (size_t)c->lanes);
  for (int64_t e = 0; e < c->vl; e++) {
    const uint8_t *mask = rvv_mask_of(c, op, e);
    rvv_bits_get(c, op->rs2, e, bits);
    for (int l = 0; l < c->lanes; l++) {
      bool is_on = bits[l] && (!mask || mask[l]);
      result[l] = !seen[l] && (op->rs1 == VMSBF ? !is_on : op->rs1 == VMSOF ? is_on : true);
      seen[l] |= is_on;
    }
    rvv_bits_put(c, op->rd, e, result, mask);
  }
  return true;
}

/* ---- carries ---- */

/* vadc, vsbc: the carry is in v0.  vmadc, vmsbc: the carry out, as a mask; the carry in when masked. */
static bool run_carry(rvv_core *c, const rvv_op *op) {
  bool is_out = op->code == RVV_OP_VMADC || op->code == RVV_OP_VMSBC, is_minus = op->code == RVV_OP_VSBC || op->code == RVV_OP_VMSBC;
  int bytes = c->sew / 8;
  uint64_t scalar = 0, ones = UINT64_MAX >> (64 - c->sew);
  bool has_scalar = rvv_scalar_operand(c, op, bytes, &scalar);
  if (!is_out && op->is_unmasked)
    return rvv_fail(c, RVV_BAD_INSTRUCTION, "no mask");
  if ((!is_out && !rvv_group(c, op->rd, c->sew, "vd")) || !rvv_group(c, op->rs2, c->sew, "vs2") || (!has_scalar && !rvv_group(c, op->rs1, c->sew, "vs1")))
    return false;
  for (int64_t e = 0; e < c->vl; e++) {
    const uint8_t *carry = rvv_mask_of(c, op, e);
    uint8_t *out = (uint8_t *)c->row[3];
    rvv_get_wide(c, op->rs2, e, bytes, false, c->row[1]);
    if (!has_scalar)
      rvv_get_wide(c, op->rs1, e, bytes, false, c->row[2]);
    for (int l = 0; l < c->lanes; l++) {
      uint64_t a = c->row[1][l], b = (has_scalar ? scalar : c->row[2][l]) & ones, in = carry ? carry[l] : 0, r = is_minus ? a - b - in : a + b + in;
      out[l] = is_minus ? a < b || (a == b && in) : (r & ones) < a || (in && b == ones);
      c->row[1][l] = r;
    }
    if (is_out)
      rvv_bits_put(c, op->rd, e, out, NULL);
    else
      rvv_put_wide(c, op->rd, e, bytes, c->row[1], NULL);
  }
  return true;
}

bool rvv_run_vmask(rvv_core *c, const rvv_op *op) {
  switch (op->code) {
  case RVV_OP_VADC: case RVV_OP_VMADC: case RVV_OP_VSBC: case RVV_OP_VMSBC: return run_carry(c, op);
  case RVV_OP_VMASK_UNARY:
    switch (op->rs1) {
    case VIOTA: case VID: return run_count(c, op);
    case VMSBF: case VMSOF: case VMSIF: return run_first(c, op);
    default: return rvv_fail(c, RVV_BAD_INSTRUCTION, "vs1 is %d", op->rs1);
    }
  default: return run_logic(c, op);
  }
}
