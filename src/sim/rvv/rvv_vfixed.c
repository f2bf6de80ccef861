/* Fixed point: averages, products of fractions, rounded shifts, clips.  All rounded as vxrm says. */
#include "sim/rvv/rvv_private.h"

/* v / 2^by, rounded: 0 half up, 1 half to even, 2 down, 3 odd when inexact. */
static __int128 shifted(__int128 v, int by, uint64_t mode) {
  if (by == 0)
    return v;
  __int128 low = v & (((__int128)1 << by) - 1), half = (__int128)1 << (by - 1), q = v >> by;
  switch (mode) {
  case 0: return q + (low >= half);
  case 1: return q + (low > half || (low == half && (q & 1)));
  case 2: return q;
  default: return q | (low != 0);
  }
}

static uint64_t clipped(__int128 v, int bits, bool is_signed) {
  __int128 most = ((__int128)1 << (is_signed ? bits - 1 : bits)) - 1, least = is_signed ? -most - 1 : 0;
  return (uint64_t)(v > most ? most : v < least ? least : v);
}

static uint64_t compute(const rvv_core *c, int code, __int128 a, __int128 b) {
  int sew = c->sew;
  switch (code) {
  case RVV_OP_VAADDU: case RVV_OP_VAADD: return (uint64_t)shifted(a + b, 1, c->vxrm);
  case RVV_OP_VASUBU: case RVV_OP_VASUB: return (uint64_t)shifted(a - b, 1, c->vxrm);
  case RVV_OP_VSMUL: return clipped(shifted(a * b, sew - 1, c->vxrm), sew, true);
  case RVV_OP_VSSRL: case RVV_OP_VSSRA: return (uint64_t)shifted(a, (int)(b & (sew - 1)), c->vxrm);
  default: return clipped(shifted(a, (int)(b & (2 * sew - 1)), c->vxrm), sew, code == RVV_OP_VNCLIP);
  }
}

bool rvv_run_vfixed(rvv_core *c, const rvv_op *op) {
  bool is_clip = op->code == RVV_OP_VNCLIPU || op->code == RVV_OP_VNCLIP;
  bool is_signed = op->code == RVV_OP_VAADD || op->code == RVV_OP_VASUB || op->code == RVV_OP_VSMUL || op->code == RVV_OP_VSSRA || op->code == RVV_OP_VNCLIP;
  int bytes = c->sew / 8, a_bytes = is_clip ? 2 * bytes : bytes;
  uint64_t scalar = 0;
  bool has_scalar = rvv_scalar_operand(c, op, bytes, &scalar);
  int up = 64 - c->sew;
  scalar = is_signed ? (uint64_t)((int64_t)(scalar << up) >> up) : scalar << up >> up;
  if (!rvv_group(c, op->rd, c->sew, "vd") || !rvv_group(c, op->rs2, a_bytes * 8, "vs2") || (!has_scalar && !rvv_group(c, op->rs1, c->sew, "vs1")))
    return false;
  for (int64_t e = 0; e < c->vl; e++) {
    rvv_get_wide(c, op->rs2, e, a_bytes, is_signed, c->row[1]);
    if (!has_scalar)
      rvv_get_wide(c, op->rs1, e, bytes, is_signed, c->row[2]);
    for (int l = 0; l < c->lanes; l++) {
      uint64_t a = c->row[1][l], b = has_scalar ? scalar : c->row[2][l];
      c->row[1][l] = is_signed ? compute(c, op->code, (int64_t)a, (int64_t)b) : compute(c, op->code, a, b);
    }
    rvv_put_wide(c, op->rd, e, bytes, c->row[1], rvv_mask_of(c, op, e));
  }
  return true;
}
