/* Vector floats of 16, 32 and 64 bits: arithmetic, comparisons, conversions, reductions, on random numbers and on zeros, infinities, NaN and subnormals.  Oracle: the operation in f64
 * rounded once more (which is exact for f16 and f32, having at least twice their bits and two), in f64 and fma for f64; NaN canonical. */
#include "base/dtype.h"
#include "sim/rvv/rvv_lane_testing.h"

static double value_of(uint64_t b, int bits) {
  uint32_t b32 = (uint32_t)b;
  float f;
  double d;
  memcpy(&f, &b32, 4);
  memcpy(&d, &b, 8);
  return bits == 16 ? (double)dtype_f16_to_f32((uint16_t)b) : bits == 32 ? (double)f : d;
}

static uint64_t bits_of(double d, int bits) {
  float f = (float)d;
  uint32_t b32;
  uint64_t b64;
  memcpy(&b32, &f, 4);
  memcpy(&b64, &d, 8);
  if (isnan(d))
    return bits == 16 ? 0x7e00 : bits == 32 ? 0x7fc00000 : UINT64_C(0x7ff8000000000000);
  return bits == 16 ? dtype_f64_to_f16(d) : bits == 32 ? b32 : b64;
}

#define A value_of(a, sew)
#define B value_of(b, sew)
#define D value_of(d, sew)
#define A2 value_of(a, 2 * sew)
#define D2 value_of(d, 2 * sew)
#define VALUE(name, expression)                                                                        \
  static uint64_t name(uint64_t a, uint64_t b, uint64_t d, int sew, const vcase *t) {                 \
    (void)a; (void)b; (void)d; (void)sew; (void)t;                                                     \
    return (uint64_t)(expression);                                                                     \
  }
static uint64_t fused(double x, double y, double z, int bits) { return bits == 32 ? bits_of((double)fmaf((float)x, (float)y, (float)z), 32) : bits_of(fma(x, y, z), bits); }
VALUE(add, bits_of(A + B, sew)) VALUE(sub, bits_of(A - B, sew)) VALUE(rsub, bits_of(B - A, sew)) VALUE(mul, bits_of(A * B, sew)) VALUE(div_, bits_of(A / B, sew))
VALUE(rdiv, bits_of(B / A, sew))
VALUE(root, bits_of(sqrt(A), sew))
VALUE(macc, fused(B, A, D, sew)) VALUE(nmacc, fused(-B, A, -D, sew)) VALUE(msac, fused(B, A, -D, sew)) VALUE(nmsac, fused(-B, A, D, sew))
VALUE(madd, fused(B, D, A, sew)) VALUE(nmadd, fused(-B, D, -A, sew)) VALUE(msub, fused(B, D, -A, sew)) VALUE(nmsub, fused(-B, D, A, sew))
VALUE(wadd, bits_of(A + B, 2 * sew)) VALUE(wsub, bits_of(A - B, 2 * sew)) VALUE(wmul, bits_of(A * B, 2 * sew)) VALUE(waddw, bits_of(A2 + B, 2 * sew))
VALUE(wsubw, bits_of(A2 - B, 2 * sew))
VALUE(wmacc, fused(A, B, D2, 2 * sew)) VALUE(wnmacc, fused(-A, B, -D2, 2 * sew)) VALUE(wmsac, fused(A, B, -D2, 2 * sew)) VALUE(wnmsac, fused(-A, B, D2, 2 * sew))
VALUE(eq, A == B) VALUE(ne, A != B) VALUE(lt, A < B) VALUE(le, A <= B) VALUE(gt, A > B) VALUE(ge, A >= B)
#define S (UINT64_C(1) << (sew - 1))
VALUE(sgnj, (a & ~S) | (b & S)) VALUE(sgnjn, (a & ~S) | (~b & S)) VALUE(sgnjx, a ^ (b & S))

/* A number wins over NaN, -0 is less than +0. */
static uint64_t least(uint64_t a, uint64_t b, int sew, bool is_max) {
  double x = value_of(a, sew), y = value_of(b, sew);
  if (isnan(x) || isnan(y))
    return isnan(x) && isnan(y) ? bits_of(NAN, sew) : isnan(x) ? b : a;
  bool first = x < y || (x == y && signbit(x) && !signbit(y));
  return first != is_max ? a : b;
}
VALUE(min_, least(a, b, sew, false)) VALUE(max_, least(a, b, sew, true))

static uint64_t class_of(uint64_t a, uint64_t b, uint64_t d, int sew, const vcase *t) {
  (void)b; (void)d; (void)t;
  int fraction = sew == 16 ? 10 : sew == 32 ? 23 : 52;
  double v = value_of(a, sew), least_normal = sew == 16 ? 0x1p-14 : sew == 32 ? 0x1p-126 : 0x1p-1022;
  if (isnan(v))
    return a >> (fraction - 1) & 1 ? 1 << 9 : 1 << 8;
  int k = isinf(v) ? 0 : v == 0 ? 3 : fabs(v) < least_normal ? 2 : 1;
  return signbit(v) ? 1u << k : 1u << (7 - k);
}

static const vrow rows[] = {
    {"vfadd", "vf", 0, 0, 'f', add, NULL}, {"vfsub", "vf", 0, 0, 'f', sub, NULL}, {"vfrsub", "f", 0, 0, 'f', rsub, NULL}, {"vfmul", "vf", 0, 0, 'f', mul, NULL},
    {"vfdiv", "vf", 0, 0, 'f', div_, NULL}, {"vfrdiv", "f", 0, 0, 'f', rdiv, NULL}, {"vfmin", "vf", 0, 0, 'f', min_, NULL}, {"vfmax", "vf", 0, 0, 'f', max_, NULL},
    {"vfsgnj", "vf", 0, 0, 'f', sgnj, NULL}, {"vfsgnjn", "vf", 0, 0, 'f', sgnjn, NULL}, {"vfsgnjx", "vf", 0, 0, 'f', sgnjx, NULL}, {"vfmacc", "vf", 0, 0, 'T', macc, NULL},
    {"vfnmacc", "vf", 0, 0, 'T', nmacc, NULL}, {"vfmsac", "vf", 0, 0, 'T', msac, NULL}, {"vfnmsac", "vf", 0, 0, 'T', nmsac, NULL}, {"vfmadd", "vf", 0, 0, 'T', madd, NULL},
    {"vfnmadd", "vf", 0, 0, 'T', nmadd, NULL}, {"vfmsub", "vf", 0, 0, 'T', msub, NULL}, {"vfnmsub", "vf", 0, 0, 'T', nmsub, NULL}, {"vmfeq", "vf", 0, 0, 'K', eq, NULL},
    {"vmfne", "vf", 0, 0, 'K', ne, NULL}, {"vmflt", "vf", 0, 0, 'K', lt, NULL}, {"vmfle", "vf", 0, 0, 'K', le, NULL}, {"vmfgt", "f", 0, 0, 'K', gt, NULL},
    {"vmfge", "f", 0, 0, 'K', ge, NULL},
    {"vfsqrt.v v8, v16", "v", 0, 0, 'f', root, NULL}, {"vfclass.v v8, v16", "v", 0, 0, 'f', class_of, NULL},
};
static const vrow wide[] = {
    {"vfwadd", "vf", 1, 0, 'f', wadd, NULL}, {"vfwsub", "vf", 1, 0, 'f', wsub, NULL}, {"vfwmul", "vf", 1, 0, 'f', wmul, NULL}, {"vfwadd.w", "vf", 1, 1, 'f', waddw, NULL},
    {"vfwsub.w", "vf", 1, 1, 'f', wsubw, NULL}, {"vfwmacc", "vf", 1, 0, 'T', wmacc, NULL}, {"vfwnmacc", "vf", 1, 0, 'T', wnmacc, NULL}, {"vfwmsac", "vf", 1, 0, 'T', wmsac, NULL},
    {"vfwnmsac", "vf", 1, 0, 'T', wnmsac, NULL},
};

static void test_floats_are_as_defined(void **state) {
  (void)state;
  run_rows(rows, COUNT_OF(rows), 16, 64, 201);
  run_rows(wide, COUNT_OF(wide), 16, 32, 202);
}

/* ---- reductions ---- */

static void reduce(lane *l, const vcase *t, bool is_wide, char op) {
  int bits = t->sew << is_wide;
  uint64_t v = lane_get(l, VS1, 0, bits);
  for (int64_t e = 0; e < t->vl; e++)
    if (lane_is_on(l, t, e)) {
      uint64_t x = lane_get(l, VS2, e, t->sew);
      v = op == '+' ? bits_of(value_of(v, bits) + value_of(x, t->sew), bits) : least(v, x, t->sew, op == '>');
    }
  if (t->vl > 0)
    lane_put(l, VD, 0, bits, v);
}
static void redsum(lane *l, const vcase *t) { reduce(l, t, false, '+'); }
static void redmin(lane *l, const vcase *t) { reduce(l, t, false, '<'); }
static void redmax(lane *l, const vcase *t) { reduce(l, t, false, '>'); }
static void wredsum(lane *l, const vcase *t) { reduce(l, t, true, '+'); }

static void test_reductions_are_in_order(void **state) {
  (void)state;
  static const vrow reductions[] = {{"vfredosum", "V", 0, 0, 'f', NULL, redsum}, {"vfredusum", "V", 0, 0, 'f', NULL, redsum}, {"vfredmin", "V", 0, 0, 'f', NULL, redmin},
                                    {"vfredmax", "V", 0, 0, 'f', NULL, redmax}};
  static const vrow wider[] = {{"vfwredosum", "V", 1, 0, 'f', NULL, wredsum}, {"vfwredusum", "V", 1, 0, 'f', NULL, wredsum}};
  run_rows(reductions, COUNT_OF(reductions), 16, 64, 203);
  run_rows(wider, COUNT_OF(wider), 16, 32, 204);
}

/* ---- conversions ---- */

/* By the definition of the modes, not by libm's functions. */
static double rounded(double v, int mode) {
  if (isnan(v) || isinf(v) || fabs(v) >= 0x1p52)
    return v;
  double down = (double)(int64_t)v;
  if (down > v)
    down -= 1;
  double rest = v - down;
  switch (mode) {
  case 0: return rest > 0.5 || (rest == 0.5 && (int64_t)down % 2 != 0) ? down + 1 : down;
  case 1: return v < 0 && rest > 0 ? down + 1 : down;
  case 2: return down;
  case 3: return rest > 0 ? down + 1 : down;
  default: return rest > 0.5 || (rest == 0.5 && v > 0) ? down + 1 : down;
  }
}

static uint64_t integer_of(double v, int bits, bool is_signed, int mode) {
  __int128 most = is_signed ? ((__int128)1 << (bits - 1)) - 1 : ((__int128)1 << bits) - 1, least_of = is_signed ? -most - 1 : 0;
  if (isnan(v))
    return (uint64_t)most;
  double r = rounded(v, mode);
  if (fabs(r) >= 0x1p100)
    return (uint64_t)(r > 0 ? most : least_of);
  __int128 i = (__int128)r;
  return (uint64_t)(i > most ? most : i < least_of ? least_of : i);
}

static uint64_t odd(double v, int bits) {
  uint64_t r = bits_of(v, bits);
  if (isnan(v) || isinf(v) || value_of(r, bits) == v)
    return r;
  if (fabs(value_of(r, bits)) > fabs(v))
    r--;
  return r | 1;
}

static uint64_t of_integer(__int128 v, int bits) {
  if (bits == 32) {       /* once, from 64 bits */
    float f = v < 0 ? (float)(int64_t)v : (float)(uint64_t)v;
    uint32_t b;
    memcpy(&b, &f, 4);
    return b;
  }
  return bits_of(v < 0 ? (double)(int64_t)v : (double)(uint64_t)v, bits);
}

VALUE(to_u, integer_of(A, sew, false, 0)) VALUE(to_i, integer_of(A, sew, true, 0)) VALUE(to_u_rtz, integer_of(A, sew, false, 1)) VALUE(to_i_rtz, integer_of(A, sew, true, 1))
VALUE(to_i_down, integer_of(A, sew, true, 2)) VALUE(to_i_up, integer_of(A, sew, true, 3)) VALUE(to_i_away, integer_of(A, sew, true, 4))
VALUE(from_u, of_integer((__int128)a, sew)) VALUE(from_i, of_integer(sx(a, sew), sew))
VALUE(wto_u, integer_of(A, 2 * sew, false, 0)) VALUE(wto_i, integer_of(A, 2 * sew, true, 0)) VALUE(wto_u_rtz, integer_of(A, 2 * sew, false, 1))
VALUE(wto_i_rtz, integer_of(A, 2 * sew, true, 1))
VALUE(wfrom_u, of_integer((__int128)a, 2 * sew)) VALUE(wfrom_i, of_integer(sx(a, sew), 2 * sew)) VALUE(wfrom_f, bits_of(A, 2 * sew))
VALUE(nto_u, integer_of(A2, sew, false, 0)) VALUE(nto_i, integer_of(A2, sew, true, 0)) VALUE(nto_u_rtz, integer_of(A2, sew, false, 1)) VALUE(nto_i_rtz, integer_of(A2, sew, true, 1))
VALUE(nfrom_u, of_integer((__int128)a, sew)) VALUE(nfrom_i, of_integer(sx(a, 2 * sew), sew)) VALUE(nfrom_f, bits_of(A2, sew)) VALUE(nfrom_odd, odd(A2, sew))
VALUE(from_bf16, isnan(value_of(a << 16, 32)) ? 0x7fc00000 : a << 16)

/* The nearest bf16: of the two neighbours the nearer, of equals the even one. */
static uint64_t to_bf16(uint64_t a, uint64_t b, uint64_t d, int sew, const vcase *t) {
  (void)b; (void)d; (void)sew; (void)t;
  double v = value_of(a, 32);
  uint64_t down = a >> 16, up = down + 1;
  if (isnan(v))
    return 0x7fc0;
  if (isinf(v) || (a & 0xffff) == 0)
    return down;
  double limit = 0x1p128, low = fabs(value_of(down << 16, 32)), high = (up & 0x7fff) == 0x7f80 ? limit : fabs(value_of(up << 16, 32)), x = fabs(v);
  return x - low < high - x ? down : x - low > high - x ? up : down & 1 ? up : down;
}

static void test_conversions_are_as_defined(void **state) {
  (void)state;
  static const vrow same[] = {
      {"vfcvt.xu.f.v v8, v16", "v", 0, 0, 'f', to_u, NULL}, {"vfcvt.x.f.v v8, v16", "v", 0, 0, 'f', to_i, NULL}, {"vfcvt.rtz.xu.f.v v8, v16", "v", 0, 0, 'f', to_u_rtz, NULL},
      {"vfcvt.rtz.x.f.v v8, v16", "v", 0, 0, 'f', to_i_rtz, NULL}, {"vfcvt.f.xu.v v8, v16", "v", 0, 0, 'f', from_u, NULL}, {"vfcvt.f.x.v v8, v16", "v", 0, 0, 'f', from_i, NULL},
      {"fsrmi 2\n  vfcvt.x.f.v v8, v16", "v", 0, 0, 'f', to_i_down, NULL}, {"fsrmi 3\n  vfcvt.x.f.v v8, v16", "v", 0, 0, 'f', to_i_up, NULL},
      {"fsrmi 4\n  vfcvt.x.f.v v8, v16", "v", 0, 0, 'f', to_i_away, NULL}};
  static const vrow wider[] = {
      {"vfwcvt.xu.f.v v8, v16", "v", 1, 0, 'f', wto_u, NULL}, {"vfwcvt.x.f.v v8, v16", "v", 1, 0, 'f', wto_i, NULL}, {"vfwcvt.rtz.xu.f.v v8, v16", "v", 1, 0, 'f', wto_u_rtz, NULL},
      {"vfwcvt.rtz.x.f.v v8, v16", "v", 1, 0, 'f', wto_i_rtz, NULL}, {"vfwcvt.f.f.v v8, v16", "v", 1, 0, 'f', wfrom_f, NULL},
      {"vfncvt.f.xu.w v8, v16", "v", 0, 1, 'f', nfrom_u, NULL}, {"vfncvt.f.x.w v8, v16", "v", 0, 1, 'f', nfrom_i, NULL}, {"vfncvt.f.f.w v8, v16", "v", 0, 1, 'f', nfrom_f, NULL},
      {"vfncvt.rod.f.f.w v8, v16", "v", 0, 1, 'f', nfrom_odd, NULL}};
  static const vrow to_float[] = {{"vfwcvt.f.xu.v v8, v16", "v", 1, 0, 'f', wfrom_u, NULL}, {"vfwcvt.f.x.v v8, v16", "v", 1, 0, 'f', wfrom_i, NULL},
                                  {"vfncvt.xu.f.w v8, v16", "v", 0, 1, 'f', nto_u, NULL}, {"vfncvt.x.f.w v8, v16", "v", 0, 1, 'f', nto_i, NULL},
                                  {"vfncvt.rtz.xu.f.w v8, v16", "v", 0, 1, 'f', nto_u_rtz, NULL}, {"vfncvt.rtz.x.f.w v8, v16", "v", 0, 1, 'f', nto_i_rtz, NULL}};
  static const vrow bf16[] = {{"vfwcvtbf16.f.f.v v8, v16", "v", 1, 0, 'f', from_bf16, NULL}, {"vfncvtbf16.f.f.w v8, v16", "v", 0, 1, 'f', to_bf16, NULL}};
  run_rows(same, COUNT_OF(same), 16, 64, 205);
  run_rows(wider, COUNT_OF(wider), 16, 32, 206);
  run_rows(to_float, COUNT_OF(to_float), 8, 32, 207);
  run_rows(bf16, COUNT_OF(bf16), 16, 16, 208);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_floats_are_as_defined), cmocka_unit_test(test_reductions_are_in_order), cmocka_unit_test(test_conversions_are_as_defined)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
