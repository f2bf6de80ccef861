/* The functions of rvv_rows.h for one kind of processor: included by rvv_rows.c and rvv_rows_avx2.c, which differ in how they are compiled.  ROWS_TABLE: the table's name. */
#include "sim/rvv/rvv_rows.h"
#include <string.h>

#ifdef __clang__
#pragma clang diagnostic ignored "-Wpass-failed"     /* not every operation is there for vectors */
#define EVERY_ELEMENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define EVERY_ELEMENT _Pragma("GCC ivdep")
#endif
#define UNUSED __attribute__((unused))
#define ALWAYS_INLINE static inline __attribute__((always_inline))
#define SIGN ((U)((U)1 << (BITS - 1)))
#define SATURATE(value, overflow) ((U)((overflow) & SIGN) ? (a & SIGN ? SIGN : (U)(SIGN - 1)) : (value))

/* ---- integers ---- */

#define INT_FN(name, value, bits, U_, S_, UW_, SW_, P_)                                          \
  static void name##_##bits(void *vd, const void *va, const void *vb, size_t n) {               \
    typedef U_ U UNUSED; typedef S_ S UNUSED; typedef UW_ UW UNUSED; typedef SW_ SW UNUSED; typedef P_ P UNUSED; enum { BITS = bits };    \
    U *pd = vd;                                                                                  \
    const U *pa = va, *pb = vb;                                                                  \
    EVERY_ELEMENT for (size_t i = 0; i < n; i++) {                                               \
      U d UNUSED = pd[i], a UNUSED = pa[i], b UNUSED = pb[i];                                    \
      pd[i] = (U)(value);                                                                        \
    }                                                                                            \
  }
#define COMPARE_FN(name, value, bits, U_, S_)                                                    \
  static void name##_##bits(void *vd, const void *va, const void *vb, size_t n) {               \
    typedef S_ S UNUSED;                                                                         \
    uint8_t *pd = vd;                                                                            \
    const U_ *pa = va, *pb = vb;                                                                 \
    EVERY_ELEMENT for (size_t i = 0; i < n; i++) {                                               \
      U_ a = pa[i], b = pb[i];                                                                   \
      pd[i] = (uint8_t)(value);                                                                  \
    }                                                                                            \
  }
#define X(name, value) \
  INT_FN(name, value, 8, uint8_t, int8_t, uint16_t, int16_t, uint32_t) INT_FN(name, value, 16, uint16_t, int16_t, uint32_t, int32_t, uint32_t) \
  INT_FN(name, value, 32, uint32_t, int32_t, uint64_t, int64_t, uint32_t) INT_FN(name, value, 64, uint64_t, int64_t, unsigned __int128, __int128, uint64_t)
RVV_INT_LIST(X)
#undef X
#define X(name, value) COMPARE_FN(name, value, 8, uint8_t, int8_t) COMPARE_FN(name, value, 16, uint16_t, int16_t) COMPARE_FN(name, value, 32, uint32_t, int32_t) \
  COMPARE_FN(name, value, 64, uint64_t, int64_t)
RVV_COMPARE_LIST(X)
#undef X

/* ---- floats ---- */

ALWAYS_INLINE uint32_t bits_32(float v) { uint32_t b; memcpy(&b, &v, 4); return b; }
ALWAYS_INLINE uint64_t bits_64(double v) { uint64_t b; memcpy(&b, &v, 8); return b; }
ALWAYS_INLINE float value_32(uint32_t b) { float v; memcpy(&v, &b, 4); return v; }
ALWAYS_INLINE double value_64(uint64_t b) { double v; memcpy(&v, &b, 8); return v; }

/* Of two equal numbers that differ in the sign (zeros), - is the lesser. */
#define LESSER_(a, b, w) ((a) < (b) || (b) != (b) ? (a) : (b) < (a) || (a) != (a) ? (b) : value_##w(bits_##w(a) | bits_##w(b)))
#define GREATER_(a, b, w) ((a) > (b) || (b) != (b) ? (a) : (b) > (a) || (a) != (a) ? (b) : value_##w(bits_##w(a) & bits_##w(b)))

/* NaN is chosen among bits, not among floats: clang 22 takes the NaN of a square root for as good as any. */
#define FLOAT_FN(name, value, bits, T, nan)                                                      \
  static void name##_##bits(void *vd, const void *va, const void *vb, size_t n) {               \
    const T *pd = vd;                                                                            \
    const T *pa = va, *pb = vb;                                                                  \
    uint##bits##_t *to = vd;                                                                     \
    EVERY_ELEMENT for (size_t i = 0; i < n; i++) {                                               \
      T d UNUSED = pd[i], a UNUSED = pa[i], b UNUSED = pb[i], r = (value);                       \
      to[i] = r != r ? (nan) : bits_##bits(r);                                                   \
    }                                                                                            \
  }
#define X(name, value) FLOAT_FN(name, value, 32, float, UINT32_C(0x7fc00000))
#define FMA __builtin_fmaf
#define SQRT __builtin_sqrtf
#define LESSER(a, b) LESSER_(a, b, 32)
#define GREATER(a, b) GREATER_(a, b, 32)
RVV_FLOAT_LIST(X)
#undef X
#undef FMA
#undef SQRT
#undef LESSER
#undef GREATER
#define X(name, value) FLOAT_FN(name, value, 64, double, UINT64_C(0x7ff8000000000000))
#define FMA __builtin_fma
#define SQRT __builtin_sqrt
#define LESSER(a, b) LESSER_(a, b, 64)
#define GREATER(a, b) GREATER_(a, b, 64)
RVV_FLOAT_LIST(X)
#undef X
#define X(name, value) COMPARE_FN(name, value, 32, float, float) COMPARE_FN(name, value, 64, double, double)
RVV_FLOAT_COMPARE_LIST(X)
#undef X

/* ---- conversions ---- */

static void f16_to_f32(const uint16_t *from, uint32_t *to, size_t n) {
  EVERY_ELEMENT for (size_t i = 0; i < n; i++) {
    uint32_t sign = (uint32_t)(from[i] & 0x8000) << 16, m = from[i] & 0x7fff;
    uint32_t small = bits_32((float)(int32_t)m * 0x1p-24f), normal = (m << 13) + UINT32_C(0x38000000);
    uint32_t r = m >= 0x7c00 ? UINT32_C(0x7f800000) : m < 0x400 ? small : normal;
    to[i] = m > 0x7c00 ? UINT32_C(0x7fc00000) : r | sign;
  }
}

/* Below the normals of f16, adding 0.5 rounds at 2^-24; else the half of the last place, or what is less than it when the number is even, is added. */
static void f32_to_f16(const uint32_t *from, uint16_t *to, size_t n) {
  EVERY_ELEMENT for (size_t i = 0; i < n; i++) {
    uint32_t sign = from[i] >> 16 & 0x8000, m = from[i] & UINT32_C(0x7fffffff);
    uint32_t small = bits_32(value_32(m) + 0.5f) - UINT32_C(0x3f000000), normal = (m - UINT32_C(0x38000000) + 0xfff + (m >> 13 & 1)) >> 13;
    uint32_t r = m >= UINT32_C(0x477ff000) ? 0x7c00 : m < UINT32_C(0x38800000) ? small : normal;
    to[i] = (uint16_t)(m > UINT32_C(0x7f800000) ? 0x7e00 : r | sign);
  }
}

static void f32_to_bf16(const uint32_t *from, uint16_t *to, size_t n) {
  EVERY_ELEMENT for (size_t i = 0; i < n; i++) {
    uint32_t v = from[i], m = v & UINT32_C(0x7fffffff);
    to[i] = (uint16_t)(m > UINT32_C(0x7f800000) ? 0x7fc0 : (v + 0x7fff + (v >> 16 & 1)) >> 16);
  }
}

/* ---- functions: of f32, computed in f64 and rounded once ---- */

/* e^x = 2^k e^r with |r| <= ln 2 / 2: Taylor's polynomial of degree 9 is off by less than 2^-36.  |x| <= 110. */
ALWAYS_INLINE double exponential(double x) {
  double shifted = x * 0x1.71547652b82fep0 + 0x1.8p52, k = shifted - 0x1.8p52, r = x - k * 0x1.62e42fefa39efp-1;
  double p = 1.0 + r * (1.0 + r * (1.0 / 2 + r * (1.0 / 6 + r * (1.0 / 24 + r * (1.0 / 120 + r * (1.0 / 720 + r * (1.0 / 5040 + r * (1.0 / 40320 + r * (1.0 / 362880)))))))));
  return p * value_64((bits_64(shifted) + 1023) << 52);
}

#define FUNCTION_FN(name, of)                                                                    \
  static void name(const float *from, float *to, size_t n) {                                    \
    EVERY_ELEMENT for (size_t i = 0; i < n; i++) {                                               \
      double x = (double)from[i], d = of(x);                                                     \
      float r = (float)d;                                                                        \
      to[i] = d != d ? value_32(UINT32_C(0x7fc00000)) : r;                                       \
    }                                                                                            \
  }

/* Beyond -110 and 100 the result is 0 or infinity. */
ALWAYS_INLINE double exp_of(double x) {
  double low = x < -110 ? -110.0 : x;
  return exponential(low > 100 ? 100.0 : low);
}

/* 1 - 2 / (e^2|x| + 1), which loses too much below 2^-10: there |x| - |x|^3 / 3 is off by less than 2^-42 of it. */
ALWAYS_INLINE double tanh_of(double x) {
  double a = __builtin_fabs(x), e = exponential(2 * (a > 20 ? 20 : a)), big = 1 - 2 / (e + 1), small = a - a * a * a / 3, r = a < 0x1p-10 ? small : big;
  return x < 0 || (x == 0 && bits_64(x)) ? -r : r;
}

/* x = 2^k m with m in [sqrt 1/2, sqrt 2): log m = 2 (s + s^3/3 + ... + s^15/15), s = (m - 1) / (m + 1), is off by less than 2^-40 of it.  Every f32 is normal in f64. */
ALWAYS_INLINE double log_of(double x) {
  uint64_t bits = bits_64(x), up = bits + (UINT64_C(0x3ff0000000000000) - UINT64_C(0x3fe6a09e667f3bcd));      /* the exponent changes at sqrt 1/2 */
  double k = value_64((up >> 52) | UINT64_C(0x4330000000000000)) - 0x1p52 - 1023;
  double m = value_64((up & UINT64_C(0x000fffffffffffff)) + UINT64_C(0x3fe6a09e667f3bcd)), s = (m - 1) / (m + 1), q = s * s;
  double p = 1 + q * (1.0 / 3 + q * (1.0 / 5 + q * (1.0 / 7 + q * (1.0 / 9 + q * (1.0 / 11 + q * (1.0 / 13 + q * (1.0 / 15)))))));
  double r = k * 0x1.62e42fefa39efp-1 + 2 * s * p;
  r = x > 0x1p200 ? x : r;                                                     /* infinity */
  r = x == 0 ? -value_64(UINT64_C(0x7ff0000000000000)) : r;
  return x < 0 || x != x ? value_64(UINT64_C(0x7ff8000000000000)) : r;
}

FUNCTION_FN(exp_f32, exp_of)
FUNCTION_FN(tanh_f32, tanh_of)
FUNCTION_FN(log_f32, log_of)

/* ---- products ---- */

#ifdef __AVX2__
enum { TILE_ROWS = 6, TILE_VECTORS = 2 };
#else
enum { TILE_ROWS = 2, TILE_VECTORS = 2 };
#endif
enum { VECTOR = 8 };

/* `rows` <= TILE_ROWS of it, TILE_VECTORS * VECTOR columns, in registers over all of k. */
#define PRODUCT(name, T)                                                                                                              \
  typedef T name##_vector __attribute__((vector_size(VECTOR * sizeof(T)), aligned(sizeof(T)), may_alias));                           \
  static inline __attribute__((always_inline)) void name##_tile(T *out, const T *in, const T *weight, int rows, int depth, int width) { \
    name##_vector sum[TILE_ROWS][TILE_VECTORS];                                                                                       \
    for (int m = 0; m < rows; m++)                                                                                                    \
      for (int v = 0; v < TILE_VECTORS; v++)                                                                                          \
        sum[m][v] = *(const name##_vector *)(out + m * width + v * VECTOR);                                                           \
    for (int k = 0; k < depth; k++) {                                                                                                 \
      const T *w = weight + (size_t)k * (size_t)width;                                                                                \
      for (int m = 0; m < rows; m++)                                                                                                  \
        for (int v = 0; v < TILE_VECTORS; v++)                                                                                        \
          sum[m][v] += *(const name##_vector *)(w + v * VECTOR) * in[m * width + k];                                                  \
    }                                                                                                                                 \
    for (int m = 0; m < rows; m++)                                                                                                    \
      for (int v = 0; v < TILE_VECTORS; v++)                                                                                          \
        *(name##_vector *)(out + m * width + v * VECTOR) = sum[m][v];                                                                 \
  }                                                                                                                                   \
  static void name(T *out, const T *in, const T *weight, int rows, int depth, int width) {                                           \
    for (int n = 0; n < width; n += TILE_VECTORS * VECTOR) {                                                                          \
      int m = 0;                                                                                                                      \
      for (; m + TILE_ROWS <= rows; m += TILE_ROWS)                                                                                   \
        name##_tile(out + m * width + n, in + m * width, weight + n, TILE_ROWS, depth, width);                                        \
      for (; m < rows; m++)                                                                                                           \
        name##_tile(out + m * width + n, in + m * width, weight + n, 1, depth, width);                                                \
    }                                                                                                                                 \
  }
PRODUCT(product_f32, float)
PRODUCT(product_i32, uint32_t)

const rvv_kernels ROWS_TABLE = {
    .row = {
#define X(name, value) [RVV_K_##name] = {name##_8, name##_16, name##_32, name##_64},
        RVV_INT_LIST(X) RVV_COMPARE_LIST(X)
#undef X
#define X(name, value) [RVV_K_##name] = {NULL, NULL, name##_32, name##_64},
        RVV_FLOAT_LIST(X) RVV_FLOAT_COMPARE_LIST(X)
#undef X
    },
    .f16_to_f32 = f16_to_f32, .f32_to_f16 = f32_to_f16, .f32_to_bf16 = f32_to_bf16, .exp_f32 = exp_f32, .tanh_f32 = tanh_f32,
    .log_f32 = log_f32, .product_f32 = product_f32, .product_i32 = product_i32};
