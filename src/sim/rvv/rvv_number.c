/* Numbers of the scalar and the vector unit that C has no operation for. */
#include "base/dtype.h"
#include "sim/rvv/rvv_private.h"
#include <math.h>

static double rounded(double v, int rm) {
  switch (rm) {
  case RVV_FRM_RTZ: return trunc(v);
  case RVV_FRM_RDN: return floor(v);
  case RVV_FRM_RUP: return ceil(v);
  case RVV_FRM_RMM: return round(v);
  default: return nearbyint(v);
  }
}

uint64_t rvv_to_integer(double v, int rm, int bits, bool is_signed) {
  uint64_t most = (is_signed ? UINT64_MAX >> 1 : UINT64_MAX) >> (64 - bits), least = is_signed ? ~most : 0;
  double r = rounded(v, rm), beyond = ldexp(1.0, is_signed ? bits - 1 : bits);
  if (isnan(v) || r >= beyond)
    return most;
  if (r < (is_signed ? -beyond : 0.0))
    return least;
  return is_signed ? (uint64_t)(int64_t)r : (uint64_t)r;
}

int rvv_class(uint64_t bits, int width) {
  int fraction = width == 16 ? 10 : width == 32 ? 23 : 52;
  uint64_t largest = (UINT64_C(1) << (width - 1 - fraction)) - 1, exponent = bits >> fraction & largest, rest = bits & ((UINT64_C(1) << fraction) - 1);
  bool is_negative = bits >> (width - 1) & 1;
  if (exponent == largest && rest)
    return rest >> (fraction - 1) ? 1 << 9 : 1 << 8;
  int k = exponent == largest ? 0 : exponent ? 1 : rest ? 2 : 3;      /* infinity, normal, subnormal, zero */
  return 1 << (is_negative ? k : 7 - k);
}

uint16_t rvv_f64_to_f16(double v) { return isnan(v) ? RVV_NAN16 : dtype_f64_to_f16(v); }
double rvv_f16_to_f64(uint16_t v) { return (double)dtype_f16_to_f32(v); }

uint16_t rvv_f32_to_bf16(uint32_t v) {
  if ((v & 0x7fffffff) > 0x7f800000)
    return 0x7fc0;
  return (uint16_t)((v + 0x7fff + (v >> 16 & 1)) >> 16);
}
