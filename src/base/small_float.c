#include "base/small_float.h"
#include "base/text.h"
#include <math.h>
#include <string.h>

static const small_float rows[] = {
#define X(id, name, e, m, bias, kind) {name, e, m, bias, SMALL_FLOAT_##kind},
    SMALL_FLOAT_LIST(X)
#undef X
};

const small_float *small_float_rows(int *out_n) {
  *out_n = (int)(sizeof rows / sizeof *rows);
  return rows;
}

const small_float *small_float_find(const char *name) {
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (text_eq(rows[i].name, name))
      return &rows[i];
  return NULL;
}

static bool has_sign(const small_float *f) { return f->kind != SMALL_FLOAT_SCALE; }
static uint32_t ones(int bits) { return (UINT32_C(1) << bits) - 1; }
int small_float_bits(const small_float *f) { return has_sign(f) + f->exponent_bits + f->mantissa_bits; }
static uint32_t sign_bit(const small_float *f) { return has_sign(f) ? UINT32_C(1) << (f->exponent_bits + f->mantissa_bits) : 0; }

uint32_t small_float_nan(const small_float *f, bool *out_any) {
  *out_any = f->kind != SMALL_FLOAT_FINITE;
  switch (f->kind) {
  case SMALL_FLOAT_IEEE: return ones(f->exponent_bits) << f->mantissa_bits | UINT32_C(1) << (f->mantissa_bits - 1);
  case SMALL_FLOAT_FN:
  case SMALL_FLOAT_SCALE: return ones(f->exponent_bits + f->mantissa_bits);
  case SMALL_FLOAT_FNUZ: return sign_bit(f);
  case SMALL_FLOAT_FINITE: break;
  }
  return sign_bit(f);
}

uint32_t small_float_max(const small_float *f) {
  uint32_t all = ones(f->exponent_bits + f->mantissa_bits);
  switch (f->kind) {
  case SMALL_FLOAT_IEEE: return (ones(f->exponent_bits) << f->mantissa_bits) - 1;
  case SMALL_FLOAT_FN:
  case SMALL_FLOAT_SCALE: return all - 1;
  case SMALL_FLOAT_FNUZ:
  case SMALL_FLOAT_FINITE: break;
  }
  return all;
}

uint32_t small_float_overflow(const small_float *f) {
  bool any;
  uint32_t nan = small_float_nan(f, &any);
  if (f->kind == SMALL_FLOAT_IEEE)
    return ones(f->exponent_bits) << f->mantissa_bits;
  return any ? nan : small_float_max(f);
}

static bool is_nan(const small_float *f, uint32_t bits) {
  bool any;
  uint32_t nan = small_float_nan(f, &any), magnitude = bits & ~sign_bit(f);
  if (f->kind == SMALL_FLOAT_IEEE)
    return magnitude > ones(f->exponent_bits) << f->mantissa_bits;
  return any && (f->kind == SMALL_FLOAT_FNUZ ? bits == nan : magnitude == nan);
}

double small_float_decode(const small_float *f, uint32_t bits) {
  bits &= ones(small_float_bits(f));
  double sign = bits & sign_bit(f) ? -1 : 1;
  int exponent = (int)(bits >> f->mantissa_bits & ones(f->exponent_bits));
  double mantissa = (double)(bits & ones(f->mantissa_bits));
  if (is_nan(f, bits))
    return NAN;
  if (f->kind == SMALL_FLOAT_SCALE)
    return ldexp(1.0, exponent - f->bias);
  if (f->kind == SMALL_FLOAT_IEEE && exponent == (int)ones(f->exponent_bits))
    return sign * INFINITY;
  double hidden = exponent ? ldexp(1.0, f->mantissa_bits) : 0;
  return sign * ldexp(mantissa + hidden, (exponent ? exponent : 1) - f->bias - f->mantissa_bits);
}

/* Magnitude bits of |d| rounded to nearest even as if the exponent had no end; d is finite. */
static uint64_t round_magnitude(const small_float *f, double d) {
  int exponent;
  if (d == 0)
    return 0;
  (void)frexp(d, &exponent);
  exponent -= 1;                                        /* d is in [2^exponent, 2^(exponent + 1)) */
  int least = 1 - f->bias;
  bool is_normal = exponent >= least;
  double unit = ldexp(1.0, (is_normal ? exponent : least) - f->mantissa_bits);
  uint64_t steps = (uint64_t)nearbyint(d / unit);       /* exact division by a power of two; at most 2^(mantissa_bits + 1) */
  uint64_t base = is_normal ? (uint64_t)(exponent - least) << f->mantissa_bits : 0;
  return base + steps;                                  /* the hidden bit of `steps` is the last one of the exponent, so a carry goes into it */
}

static uint32_t encode_scale(const small_float *f, double d) {
  int exponent;
  if (isnan(d) || signbit(d) || isinf(d))
    return ones(f->exponent_bits);
  if (d == 0)
    return 0;
  double m = frexp(d, &exponent);                       /* [0.5, 1) */
  exponent += f->bias - (m < 0.75 || (m == 0.75 && (exponent + f->bias) % 2 != 0) ? 1 : 0);
  return exponent < 0 ? 0 : exponent >= (int)ones(f->exponent_bits) ? ones(f->exponent_bits) : (uint32_t)exponent;
}

uint32_t small_float_encode(const small_float *f, double d) {
  bool any;
  uint32_t nan = small_float_nan(f, &any), sign = signbit(d) ? sign_bit(f) : 0;
  if (f->kind == SMALL_FLOAT_SCALE)
    return encode_scale(f, d);
  if (isnan(d))
    return nan;
  uint64_t magnitude = isinf(d) ? UINT64_MAX : round_magnitude(f, fabs(d));
  bool beyond = magnitude > small_float_max(f);
  uint32_t bits = beyond ? small_float_overflow(f) : (uint32_t)magnitude;
  if (f->kind == SMALL_FLOAT_FNUZ && (bits == 0 || beyond))
    return bits;                                        /* no -0, and NaN has no sign */
  return bits | sign;
}
