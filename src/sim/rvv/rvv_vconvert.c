/* Conversions between numbers of all kinds and widths, square roots and classes. */
#include "base/dtype.h"
#include "sim/rvv/rvv_private.h"
#include <math.h>

/* ---- vzext, vsext ---- */

static bool extend(rvv_core *c, const rvv_op *op) {
  int factor = op->rs1 >= 6 ? 2 : op->rs1 >= 4 ? 4 : 8, bytes = c->sew / 8;
  if (op->rs1 < 2 || op->rs1 > 7)
    return rvv_fail(c, RVV_BAD_INSTRUCTION, "vs1 is %d", op->rs1);
  if (!rvv_group(c, op->rd, c->sew, "vd") || !rvv_group(c, op->rs2, c->sew / factor, "vs2"))
    return false;
  for (int64_t e = 0; e < c->vl; e++) {
    rvv_get_wide(c, op->rs2, e, bytes / factor, op->rs1 & 1, c->row[1]);
    rvv_put_wide(c, op->rd, e, bytes, c->row[1], rvv_mask_of(c, op, e));
  }
  return true;
}

/* ---- conversions ---- */

/* X(vs1, times the width of vs2, of vd, from, to, rounding mode): times in half SEW; kinds U I integers, F float, B bf16; mode -1: frm. */
#define CONVERSION_LIST(X)                                                                                                                \
  X(0, 2, 2, F, U, -1) X(1, 2, 2, F, I, -1) X(2, 2, 2, U, F, -1) X(3, 2, 2, I, F, -1) X(6, 2, 2, F, U, RVV_FRM_RTZ) X(7, 2, 2, F, I, RVV_FRM_RTZ) \
  X(8, 2, 4, F, U, -1) X(9, 2, 4, F, I, -1) X(10, 2, 4, U, F, -1) X(11, 2, 4, I, F, -1) X(12, 2, 4, F, F, -1) X(13, 2, 4, B, F, -1)               \
  X(14, 2, 4, F, U, RVV_FRM_RTZ) X(15, 2, 4, F, I, RVV_FRM_RTZ)                                                                           \
  X(16, 4, 2, F, U, -1) X(17, 4, 2, F, I, -1) X(18, 4, 2, U, F, -1) X(19, 4, 2, I, F, -1) X(20, 4, 2, F, F, -1) X(21, 4, 2, F, F, RVV_FRM_ROD)    \
  X(22, 4, 2, F, U, RVV_FRM_RTZ) X(23, 4, 2, F, I, RVV_FRM_RTZ) X(29, 4, 2, F, B, -1)
typedef enum kind { KIND_NONE, KIND_U, KIND_I, KIND_F, KIND_B } kind;
typedef struct conversion { int8_t from_halves, to_halves; uint8_t from, to; int8_t mode; } conversion;
static const conversion conversions[32] = {
#define X(vs1, from_halves, to_halves, from, to, mode) [vs1] = {from_halves, to_halves, KIND_##from, KIND_##to, mode},
    CONVERSION_LIST(X)
#undef X
};

static double double_of(uint64_t b) { double v; memcpy(&v, &b, 8); return v; }
static uint64_t bits64(double v) { uint64_t b; memcpy(&b, &v, 8); return b; }
static uint32_t bits32(float v) { uint32_t b; memcpy(&b, &v, 4); return b; }
static float float_of(uint32_t b) { float v; memcpy(&v, &b, 4); return v; }

static double number(uint64_t bits, int width, bool is_bf16) {
  if (is_bf16)
    return (double)float_of((uint32_t)bits << 16);
  return width == 16 ? rvv_f16_to_f64((uint16_t)bits) : width == 32 ? (double)float_of((uint32_t)bits) : double_of(bits);
}

static uint64_t of_double(double v, int width) {
  if (isnan(v))
    return width == 16 ? RVV_NAN16 : width == 32 ? RVV_NAN32 : RVV_NAN64;
  return width == 16 ? rvv_f64_to_f16(v) : width == 32 ? bits32((float)v) : bits64(v);
}

/* To the odd neighbour when it is inexact: what lies beyond the largest number becomes that. */
static uint64_t to_odd(double v, int width) {
  if (isnan(v) || isinf(v))
    return of_double(v, width);
  uint64_t r = of_double(v, width);
  double back = number(r, width, false);
  if (back == v)
    return r;
  if (fabs(back) > fabs(v))
    r--;
  return r | 1;
}

/* One number, of what convert_row leaves: integers of 64 bits go to f32 at once, not through f64. */
static uint64_t convert_one(const conversion *v, int from, int to, int mode, uint64_t bits) {
  if (v->from == KIND_U || v->from == KIND_I) {
    bool is_signed = v->from == KIND_I;
    if (to == 32)
      return bits32(is_signed ? (float)(int64_t)bits : (float)bits);
    return of_double(is_signed ? (double)(int64_t)bits : (double)bits, to);
  }
  double d = number(bits, from, v->from == KIND_B);
  if (v->to == KIND_U || v->to == KIND_I)
    return rvv_to_integer(d, mode, to, v->to == KIND_I);
  return mode == RVV_FRM_ROD ? to_odd(d, to) : of_double(d, to);
}

static bool check_conversion(rvv_core *c, const conversion *v, int from, int to, int mode) {
  int from_float = v->from == KIND_F, to_float = v->to == KIND_F, is_bf16 = v->from == KIND_B || v->to == KIND_B;
  if ((from_float && from < 16) || (to_float && to < 16) || (is_bf16 && c->sew != 16))
    return rvv_fail(c, RVV_BAD_VTYPE, "elements of %d bits from %d", to, from);
  bool to_integer = v->to == KIND_U || v->to == KIND_I, is_exact = to > from && !to_integer;
  if (to_integer ? mode > RVV_FRM_RMM : !is_exact && mode != RVV_FRM_RNE && v->mode != RVV_FRM_ROD)      /* to odd by the instruction alone: frm has no such value */
    return rvv_fail(c, RVV_ROUNDING, "mode %d", mode);
  return true;
}

/* The frequent ones: f16 and bf16 to f32 and back, f32 and i32. */
static bool convert_row(rvv_core *c, const conversion *v, int from, int to, int mode, const void *in, void *out) {
  const rvv_kernels *k = c->image->kernels;
  size_t n = (size_t)c->lanes;
  bool is_float = (v->from == KIND_F || v->from == KIND_B) && (v->to == KIND_F || v->to == KIND_B);
  if (is_float && from == 16 && v->from == KIND_F) {
    k->f16_to_f32(in, out, n);
  } else if (is_float && from == 32 && to == 16 && mode == RVV_FRM_RNE) {
    (v->to == KIND_B ? k->f32_to_bf16 : k->f32_to_f16)(in, out, n);
  } else if (from == 32 && to == 32 && v->from == KIND_I) {
    for (size_t l = 0; l < n; l++)
      ((float *)out)[l] = (float)((const int32_t *)in)[l];
  } else {
    return false;
  }
  return true;
}

static bool convert(rvv_core *c, const rvv_op *op) {
  const conversion *v = &conversions[op->rs1];
  int from = c->sew * v->from_halves / 2, to = c->sew * v->to_halves / 2, mode = v->mode < 0 ? (int)c->frm : v->mode;
  if (v->from == KIND_NONE)
    return rvv_fail(c, RVV_BAD_INSTRUCTION, "vs1 is %d", op->rs1);
  if (!rvv_group(c, op->rd, to, "vd") || !rvv_group(c, op->rs2, from, "vs2") || !check_conversion(c, v, from, to, mode))
    return false;
  for (int64_t e = 0; e < c->vl; e++) {
    const uint8_t *mask = rvv_mask_of(c, op, e);
    rvv_get(c, op->rs2, e, from / 8, c->row[1]);
    if (convert_row(c, v, from, to, mode, c->row[1], c->row[2])) {
      rvv_put(c, op->rd, e, to / 8, c->row[2], mask);
      continue;
    }
    rvv_get_wide(c, op->rs2, e, from / 8, v->from == KIND_I, c->row[1]);
    for (int l = 0; l < c->lanes; l++)
      c->row[1][l] = convert_one(v, from, to, mode, c->row[1][l]);
    rvv_put_wide(c, op->rd, e, to / 8, c->row[1], mask);
  }
  return true;
}

/* ---- vfsqrt, vfclass ---- */

static uint64_t root(uint64_t bits, int width) {
  if (width == 32)
    return of_double((double)sqrtf(float_of((uint32_t)bits)), 32);
  return of_double(sqrt(number(bits, width, false)), width);
}

static bool run_unary(rvv_core *c, const rvv_op *op) {
  bool is_root = op->rs1 == 0;
  if (!is_root && op->rs1 != 16)
    return rvv_fail(c, RVV_BAD_INSTRUCTION, "vs1 is %d", op->rs1);
  if (c->sew < 16)
    return rvv_fail(c, RVV_BAD_VTYPE, "floats of %d bits", c->sew);
  if (is_root && c->frm != RVV_FRM_RNE)
    return rvv_fail(c, RVV_ROUNDING, "mode %d", (int)c->frm);
  if (!rvv_group(c, op->rd, c->sew, "vd") || !rvv_group(c, op->rs2, c->sew, "vs2"))
    return false;
  for (int64_t e = 0; e < c->vl; e++) {
    const uint8_t *mask = rvv_mask_of(c, op, e);
    if (is_root && c->sew == 32) {
      rvv_get(c, op->rs2, e, 4, c->row[1]);
      c->image->kernels->row[RVV_K_FSQRT][2](c->row[2], c->row[1], c->row[1], (size_t)c->lanes);
      rvv_put(c, op->rd, e, 4, c->row[2], mask);
      continue;
    }
    rvv_get_wide(c, op->rs2, e, c->sew / 8, false, c->row[1]);
    for (int l = 0; l < c->lanes; l++)
      c->row[1][l] = is_root ? root(c->row[1][l], c->sew) : (uint64_t)rvv_class(c->row[1][l], c->sew);
    rvv_put_wide(c, op->rd, e, c->sew / 8, c->row[1], mask);
  }
  return true;
}

bool rvv_run_vconvert(rvv_core *c, const rvv_op *op) {
  switch (op->code) {
  case RVV_OP_VEXT: return extend(c, op);
  case RVV_OP_VFUNARY: return run_unary(c, op);
  default: return convert(c, op);
  }
}
