#include "base/dtype.h"
#include "base/text.h"
#include <math.h>
#include <string.h>

static const struct {
  const char *mlir, *torch, *numpy;
  uint8_t bytes, is_float, mantissa_bits;
} rows[DTYPE_COUNT] = {
#define X(n, size, mlir, torch, numpy, flt, mant) [DTYPE_##n] = {mlir, torch, numpy, size, flt, mant},
  DTYPE_LIST(X)
#undef X
};

/* Other names PyTorch gives the same types. */
static const struct { const char *name; dtype type; } aliases[] = {
  {"half", DTYPE_F16}, {"float", DTYPE_F32}, {"double", DTYPE_F64}, {"short", DTYPE_I16}, {"int", DTYPE_I32}, {"long", DTYPE_I64},
};

size_t dtype_bytes(dtype t) { return rows[t].bytes; }
const char *dtype_mlir(dtype t) { return rows[t].mlir; }
const char *dtype_torch(dtype t) { return rows[t].torch; }
const char *dtype_numpy(dtype t) { return rows[t].numpy; }
bool dtype_is_float(dtype t) { return rows[t].is_float; }

double dtype_unit_roundoff(dtype t) {
  return rows[t].is_float ? 1.0 / (double)(UINT64_C(1) << rows[t].mantissa_bits) : 0;
}

dtype dtype_compute(dtype t) { return t == DTYPE_F16 || t == DTYPE_BF16 || dtype_is_f8(t) ? DTYPE_F32 : t; }

bool dtype_parse(const char *name, dtype *out) {
  if (text_starts(name, "torch."))
    name += strlen("torch.");
  for (int t = 0; t < DTYPE_COUNT; t++)
    if (text_eq(name, rows[t].mlir) || text_eq(name, rows[t].torch)) {
      *out = (dtype)t;
      return true;
    }
  for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
    if (text_eq(name, aliases[i].name)) {
      *out = aliases[i].type;
      return true;
    }
  return false;
}

dtype dtype_promote(dtype a, dtype b) {
  if (a == b || b == DTYPE_BOOL)
    return a;
  if (a == DTYPE_BOOL)
    return b;
  if (dtype_is_float(a) != dtype_is_float(b))
    return dtype_is_float(a) ? a : b;
  if (dtype_bytes(a) != dtype_bytes(b))
    return dtype_bytes(a) > dtype_bytes(b) ? a : b;
  /* Equal sizes of one kind, yet different: neither holds the other, so the next larger type does. */
  return dtype_is_float(a) ? DTYPE_F32 : DTYPE_I16;
}

/* `d` rounded once, to nearest even, to the IEEE format with `stored` mantissa bits and `exponent_bits`: its bit pattern without the sign. */
static uint32_t round_to_format(double d, int stored, int exponent_bits) {
  uint64_t bits;
  memcpy(&bits, &d, sizeof bits);
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const uint32_t infinity = ((UINT32_C(1) << exponent_bits) - 1) << stored;
  int exponent = (int)(bits >> 52 & 0x7ff);
  uint64_t mantissa = bits & ((UINT64_C(1) << 52) - 1);
  if (exponent == 0x7ff)   /* a NaN keeps the head of its payload and becomes quiet */
    return mantissa ? infinity | UINT32_C(1) << (stored - 1) | (uint32_t)(mantissa >> (52 - stored)) : infinity;
  if (exponent == 0)       /* zero, or a subnormal double: far below half the smallest subnormal of any narrower format */
    return 0;
  mantissa |= UINT64_C(1) << 52;
  int biased = exponent - 1023 + bias, shift = 52 - stored;
  if (biased < 1) {        /* a subnormal result: same spacing as exponent 1, without the hidden bit */
    shift += 1 - biased;
    biased = 1;
    if (shift > 54)
      return 0;
    mantissa &= (UINT64_C(1) << 53) - 1;
  }
  uint64_t kept = mantissa >> shift, rest = mantissa & ((UINT64_C(1) << shift) - 1), half = UINT64_C(1) << (shift - 1);
  kept += rest > half || (rest == half && (kept & 1));
  /* The hidden bit of `kept` adds the last one to the exponent, and so does a carry out of the mantissa. */
  uint64_t result = ((uint64_t)(biased - 1) << stored) + kept;
  return result < infinity ? (uint32_t)result : infinity;
}

static uint16_t sign_of(double d) { return __builtin_signbit(d) ? 0x8000 : 0; }

uint16_t dtype_f64_to_f16(double d) { return (uint16_t)(sign_of(d) | round_to_format(d, 10, 5)); }
uint16_t dtype_f32_to_f16(float f) { return dtype_f64_to_f16((double)f); }
static uint16_t f64_to_bf16(double d) { return (uint16_t)(sign_of(d) | round_to_format(d, 7, 8)); }

float dtype_f16_to_f32(uint16_t h) {
  uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = h >> 10 & 31, mantissa = h & 0x3ff, bits;
  if (exponent == 31) {
    bits = 0x7f800000 | (mantissa ? UINT32_C(1) << 22 | mantissa << 13 : 0);
  } else if (exponent == 0) {
    float f = (float)mantissa * 0x1p-24f;   /* exact: at most 10 bits */
    memcpy(&bits, &f, sizeof bits);
  } else {
    bits = (exponent + 127 - 15) << 23 | mantissa << 13;
  }
  bits |= sign;
  float f;
  memcpy(&f, &bits, sizeof f);
  return f;
}

static float bf16_to_f32(uint16_t h) {
  uint32_t bits = (uint32_t)h << 16;
  float f;
  memcpy(&f, &bits, sizeof f);
  return f;
}

/* float8_e4m3fn: 1, 4 and 3 bits, bias 7; no infinity, NaN is 0x7f. */
static uint8_t f64_to_e4m3(double d) {
  const double v = fabs(d);
  const uint8_t sign = __builtin_signbit(d) ? 0x80 : 0;
  if (!(v < 512))
    return sign | 0x7f;
  int exponent = v < 0x1p-6 ? -6 : ilogb(v);
  double units = nearbyint(ldexp(v, 3 - exponent));   /* 8..16 of the last place; less for subnormals */
  int code = ((exponent + 6) << 3) + (int)units;      /* the hidden bit adds 1 to the exponent, and so does a carry */
  return sign | (uint8_t)(code < 0x7f ? code : 0x7f);
}

static double e4m3_to_f64(uint8_t b) {
  int exponent = b >> 3 & 15, mantissa = b & 7;
  double v = (b & 0x7f) == 0x7f ? (double)NAN : exponent ? ldexp(8 + mantissa, exponent - 10) : ldexp(mantissa, -9);
  return b & 0x80 ? -v : v;
}

/* float8_e5m2: the high byte of an f16. */
static uint8_t f64_to_e5m2(double d) { return (uint8_t)(sign_of(d) >> 8 | (d != d ? 0x7f : round_to_format(d, 2, 5))); }

/* Toward zero, into lo..hi; both limits as doubles are the limits or, for int64, 2^63, one above. */
static int64_t to_integer(double v, int64_t lo, int64_t hi) {
  if (v != v)
    return 0;
  if (v >= (double)hi)
    return hi;
  return v <= (double)lo ? lo : (int64_t)v;
}

#define LOAD_AS(T) do { T x; memcpy(&x, p, sizeof x); return (double)x; } while (0)
#define STORE_AS(T, value) do { T x = (T)(value); memcpy(p, &x, sizeof x); return; } while (0)

double dtype_load(dtype t, const void *p) {
  uint16_t half;
  switch (t) {
  case DTYPE_F16:
    memcpy(&half, p, sizeof half);
    return (double)dtype_f16_to_f32(half);
  case DTYPE_BF16:
    memcpy(&half, p, sizeof half);
    return (double)bf16_to_f32(half);
  case DTYPE_F32: LOAD_AS(float);
  case DTYPE_F64: LOAD_AS(double);
  case DTYPE_I8: LOAD_AS(int8_t);
  case DTYPE_U8: LOAD_AS(uint8_t);
  case DTYPE_I16: LOAD_AS(int16_t);
  case DTYPE_I32: LOAD_AS(int32_t);
  case DTYPE_I64: LOAD_AS(int64_t);
  case DTYPE_BOOL: return *(const uint8_t *)p != 0;
  case DTYPE_F8E4M3: return e4m3_to_f64(*(const uint8_t *)p);
  case DTYPE_F8E5M2: return (double)dtype_f16_to_f32((uint16_t)(*(const uint8_t *)p << 8));
  case DTYPE_COUNT: break;
  }
  return 0;
}

void dtype_store(dtype t, void *p, double v) {
  switch (t) {
  case DTYPE_F16: STORE_AS(uint16_t, dtype_f64_to_f16(v));
  case DTYPE_BF16: STORE_AS(uint16_t, f64_to_bf16(v));
  case DTYPE_F32: STORE_AS(float, v);
  case DTYPE_F64: STORE_AS(double, v);
  case DTYPE_I8: STORE_AS(int8_t, to_integer(v, INT8_MIN, INT8_MAX));
  case DTYPE_U8: STORE_AS(uint8_t, to_integer(v, 0, UINT8_MAX));
  case DTYPE_I16: STORE_AS(int16_t, to_integer(v, INT16_MIN, INT16_MAX));
  case DTYPE_I32: STORE_AS(int32_t, to_integer(v, INT32_MIN, INT32_MAX));
  case DTYPE_I64: STORE_AS(int64_t, to_integer(v, INT64_MIN, INT64_MAX));
  case DTYPE_BOOL: STORE_AS(uint8_t, v != 0);
  case DTYPE_F8E4M3: STORE_AS(uint8_t, f64_to_e4m3((double)(float)v));
  case DTYPE_F8E5M2: STORE_AS(uint8_t, f64_to_e5m2((double)(float)v));
  case DTYPE_COUNT: break;
  }
}
