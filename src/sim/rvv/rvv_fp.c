/* Floats of the scalar unit.  f16 is computed with in f64 and rounded once more, which is exact rounding: f64 holds sums, products and fused products of f16 exactly or
 * with so many bits that their rounding cannot reach the half of a last place of f16. */
#include "sim/rvv/rvv_private.h"
#include <math.h>

enum { FMT_S = 0, FMT_D = 1, FMT_H = 2 };

static uint32_t bits32(float v) { uint32_t b; memcpy(&b, &v, 4); return b; }
static uint64_t bits64(double v) { uint64_t b; memcpy(&b, &v, 8); return b; }
static float float_of(uint32_t b) { float v; memcpy(&v, &b, 4); return v; }
static double double_of(uint64_t b) { double v; memcpy(&v, &b, 8); return v; }

/* The bits of a number in its format; a register that holds no such number has NaN. */
static uint64_t unboxed(const rvv_core *c, int r, int fmt) { return fmt == FMT_S ? rvv_unbox32(c->f[r]) : fmt == FMT_H ? rvv_unbox16(c->f[r]) : c->f[r]; }
static double number(uint64_t b, int fmt) { return fmt == FMT_S ? (double)float_of((uint32_t)b) : fmt == FMT_H ? rvv_f16_to_f64((uint16_t)b) : double_of(b); }
static void put_bits(rvv_core *c, int r, int fmt, uint64_t b) { c->f[r] = fmt == FMT_S ? rvv_box32((uint32_t)b) : fmt == FMT_H ? rvv_box16((uint16_t)b) : b; }
static uint64_t canonical32(float v) { return isnan(v) ? RVV_NAN32 : bits32(v); }
static uint64_t canonical64(double v) { return isnan(v) ? RVV_NAN64 : bits64(v); }
static uint64_t rounded_to(double v, int fmt) { return fmt == FMT_S ? canonical32((float)v) : fmt == FMT_H ? rvv_f64_to_f16(v) : canonical64(v); }
static int width_of(int fmt) { return fmt == FMT_S ? 32 : fmt == FMT_H ? 16 : 64; }

static int mode_of(const rvv_core *c, const rvv_op *op) { return op->rm == RVV_FRM_DYN ? (int)c->frm : op->rm; }
static bool check_nearest(rvv_core *c, const rvv_op *op) { return mode_of(c, op) == RVV_FRM_RNE ? true : rvv_fail(c, RVV_ROUNDING, "mode %d", mode_of(c, op)); }

/* f32 by f32, others by f64. */
static uint64_t arithmetic(int code, int fmt, uint64_t x, uint64_t y) {
  double a = number(x, fmt), b = number(y, fmt);
  float p = (float)a, q = (float)b;
  bool single = fmt == FMT_S;
  switch (code) {
  case RVV_OP_FADD: return single ? canonical32(p + q) : rounded_to(a + b, fmt);
  case RVV_OP_FSUB: return single ? canonical32(p - q) : rounded_to(a - b, fmt);
  case RVV_OP_FMUL: return single ? canonical32(p * q) : rounded_to(a * b, fmt);
  case RVV_OP_FDIV: return single ? canonical32(p / q) : rounded_to(a / b, fmt);
  default: return single ? canonical32(sqrtf(p)) : rounded_to(sqrt(a), fmt);
  }
}

static uint64_t fused(int code, int fmt, uint64_t x, uint64_t y, uint64_t z) {
  double a = number(x, fmt), b = number(y, fmt), d = number(z, fmt);
  if (code == RVV_OP_FNMSUB || code == RVV_OP_FNMADD)
    a = -a;
  if (code == RVV_OP_FMSUB || code == RVV_OP_FNMADD)
    d = -d;
  return fmt == FMT_S ? canonical32(fmaf((float)a, (float)b, (float)d)) : rounded_to(fma(a, b, d), fmt);
}

static uint64_t lesser(bool is_max, int fmt, uint64_t x, uint64_t y) {
  double a = number(x, fmt), b = number(y, fmt);
  uint64_t sign = UINT64_C(1) << (width_of(fmt) - 1);
  if (isnan(a) || isnan(b))
    return isnan(a) && isnan(b) ? rounded_to(NAN, fmt) : isnan(a) ? y : x;
  if (a == b)
    return (x & sign) != 0 ? (is_max ? y : x) : (is_max ? x : y);
  return (a < b) != is_max ? x : y;
}

static uint64_t with_sign(int code, int fmt, uint64_t x, uint64_t y) {
  uint64_t sign = UINT64_C(1) << (width_of(fmt) - 1);
  switch (code) {
  case RVV_OP_FSGNJ: return (x & ~sign) | (y & sign);
  case RVV_OP_FSGNJN: return (x & ~sign) | (~y & sign);
  default: return x ^ (y & sign);
  }
}

static uint64_t word(uint64_t v) { return (uint64_t)(int64_t)(int32_t)(uint32_t)v; }

/* An integer register as a number of format fmt, rounded once: what f64 cannot hold is beyond f16. */
static uint64_t from_integer(int code, int fmt, uint64_t v) {
  bool is_unsigned = code == RVV_OP_FCVT_FROM_WU || code == RVV_OP_FCVT_FROM_LU;
  if (code == RVV_OP_FCVT_FROM_W)
    v = word(v);
  if (code == RVV_OP_FCVT_FROM_WU)
    v = (uint32_t)v;
  if (fmt == FMT_S)
    return bits32(is_unsigned ? (float)v : (float)(int64_t)v);
  return rounded_to(is_unsigned ? (double)v : (double)(int64_t)v, fmt);
}

static bool convert(rvv_core *c, const rvv_op *op) {
  uint64_t v;
  switch (op->code) {
  case RVV_OP_FCVT_W: case RVV_OP_FCVT_WU: case RVV_OP_FCVT_L: case RVV_OP_FCVT_LU: {
    bool is_word = op->code == RVV_OP_FCVT_W || op->code == RVV_OP_FCVT_WU;
    if (mode_of(c, op) > RVV_FRM_RMM)
      return rvv_fail(c, RVV_ROUNDING, "mode %d", mode_of(c, op));
    v = rvv_to_integer(number(unboxed(c, op->rs1, op->fmt), op->fmt), mode_of(c, op), is_word ? 32 : 64, op->code == RVV_OP_FCVT_W || op->code == RVV_OP_FCVT_L);
    c->x[op->rd] = is_word ? word(v) : v;
    return true;
  }
  case RVV_OP_FCVT_FROM_W: case RVV_OP_FCVT_FROM_WU: case RVV_OP_FCVT_FROM_L: case RVV_OP_FCVT_FROM_LU:
    if (op->fmt != FMT_D && !check_nearest(c, op))
      return false;
    put_bits(c, op->rd, op->fmt, from_integer(op->code, op->fmt, c->x[op->rs1]));
    return true;
  case RVV_OP_FCVT_S_BF16: {
    uint32_t wide = (uint32_t)rvv_unbox16(c->f[op->rs1]) << 16;
    if (c->f[op->rs1] >> 16 != UINT64_C(0xffffffffffff) || (wide & 0x7fffffff) > 0x7f800000)
      wide = RVV_NAN32;
    put_bits(c, op->rd, FMT_S, wide);
    return true;
  }
  case RVV_OP_FCVT_BF16_S:
    if (!check_nearest(c, op))
      return false;
    put_bits(c, op->rd, FMT_H, rvv_f32_to_bf16(rvv_unbox32(c->f[op->rs1])));
    return true;
  default: {
    int from = op->code == RVV_OP_FCVT_FROM_S ? FMT_S : op->code == RVV_OP_FCVT_FROM_D ? FMT_D : FMT_H;
    if (width_of(op->fmt) < width_of(from) && !check_nearest(c, op))
      return false;
    put_bits(c, op->rd, op->fmt, rounded_to(number(unboxed(c, op->rs1, from), from), op->fmt));
    return true;
  }
  }
}

bool rvv_run_fp(rvv_core *c, const rvv_op *op) {
  int fmt = op->fmt;
  uint64_t x = unboxed(c, op->rs1, fmt), y = unboxed(c, op->rs2, fmt);
  double a = number(x, fmt), b = number(y, fmt);
  switch (op->code) {
  case RVV_OP_FMADD: case RVV_OP_FMSUB: case RVV_OP_FNMSUB: case RVV_OP_FNMADD:
    put_bits(c, op->rd, fmt, fused(op->code, fmt, x, y, unboxed(c, op->rs3, fmt)));
    return check_nearest(c, op);
  case RVV_OP_FADD: case RVV_OP_FSUB: case RVV_OP_FMUL: case RVV_OP_FDIV: case RVV_OP_FSQRT:
    put_bits(c, op->rd, fmt, arithmetic(op->code, fmt, x, y));
    return check_nearest(c, op);
  case RVV_OP_FSGNJ: case RVV_OP_FSGNJN: case RVV_OP_FSGNJX: put_bits(c, op->rd, fmt, with_sign(op->code, fmt, x, y)); return true;
  case RVV_OP_FMIN: case RVV_OP_FMAX: put_bits(c, op->rd, fmt, lesser(op->code == RVV_OP_FMAX, fmt, x, y)); return true;
  case RVV_OP_FLE: c->x[op->rd] = a <= b; return true;
  case RVV_OP_FLT: c->x[op->rd] = a < b; return true;
  case RVV_OP_FEQ: c->x[op->rd] = a == b; return true;
  case RVV_OP_FMV_X: c->x[op->rd] = fmt == FMT_S ? word(c->f[op->rs1]) : fmt == FMT_H ? (uint64_t)(int64_t)(int16_t)(uint16_t)c->f[op->rs1] : c->f[op->rs1]; return true;
  case RVV_OP_FMV_FROM_X: put_bits(c, op->rd, fmt, c->x[op->rs1]); return true;
  case RVV_OP_FCLASS: c->x[op->rd] = (uint64_t)rvv_class(x, width_of(fmt)); return true;
  default: return convert(c, op);
  }
}
