/* Vector integers: every instruction, element width, group size, with and without a mask, on random and corner values, in every lane.  Oracle: the instruction's definition on one
 * element, in C, exactly. */
#include "base/vec.h"
#include "sim/rvv/rvv_lane_testing.h"

#define VALUE(name, expression)                                                                        \
  static uint64_t name(uint64_t a, uint64_t b, uint64_t d, int sew, const vcase *t) {                 \
    (void)a; (void)b; (void)d; (void)sew; (void)t;                                                     \
    return (uint64_t)(expression);                                                                     \
  }
#define SA sx(a, sew)
#define SB sx(b, sew)
#define S2A sx(a, 2 * sew)
VALUE(add, a + b) VALUE(sub, a - b) VALUE(rsub, b - a) VALUE(and_, a & b) VALUE(or_, a | b) VALUE(xor_, a ^ b)
VALUE(minu, a < b ? a : b) VALUE(maxu, a > b ? a : b) VALUE(min_, SA < SB ? a : b) VALUE(max_, SA > SB ? a : b)
VALUE(sll, a << (b % (uint64_t)sew)) VALUE(srl, a >> (b % (uint64_t)sew)) VALUE(sra, SA >> (b % (uint64_t)sew))
VALUE(nsrl, a >> (b % (uint64_t)(2 * sew))) VALUE(nsra, S2A >> (b % (uint64_t)(2 * sew)))
VALUE(mul, a * b) VALUE(mulh, (__int128)SA * SB >> sew) VALUE(mulhu, (unsigned __int128)a * b >> sew) VALUE(mulhsu, (__int128)SA * (__int128)b >> sew)
VALUE(divu, b ? a / b : UINT64_MAX) VALUE(remu, b ? a % b : a)
VALUE(div_, b == 0 ? -1 : SB == -1 ? (int64_t)(0 - a) : SA / SB) VALUE(rem_, b == 0 ? (int64_t)a : SB == -1 ? 0 : SA % SB)
VALUE(macc, d + a * b) VALUE(nmsac, d - a * b) VALUE(madd, b * d + a) VALUE(nmsub, a - b * d)
VALUE(eq, a == b) VALUE(ne, a != b) VALUE(ltu, a < b) VALUE(lt, SA < SB) VALUE(leu, a <= b) VALUE(le, SA <= SB) VALUE(gtu, a > b) VALUE(gt, SA > SB)
VALUE(waddu, a + b) VALUE(wadd, SA + SB) VALUE(wsubu, a - b) VALUE(wsub, SA - SB) VALUE(wadduw, a + b) VALUE(waddw, a + (uint64_t)SB) VALUE(wsubuw, a - b) VALUE(wsubw, a - (uint64_t)SB)
VALUE(wmulu, a * b) VALUE(wmul, SA * SB) VALUE(wmulsu, SA * (int64_t)b) VALUE(wmaccu, d + a * b) VALUE(wmacc, d + (uint64_t)(SA * SB))
VALUE(wmaccsu, d + (uint64_t)((int64_t)a * SB)) VALUE(wmaccus, d + (uint64_t)(SA * (int64_t)b))

static __int128 clip(__int128 v, int bits, bool is_signed) {
  __int128 most = is_signed ? ((__int128)1 << (bits - 1)) - 1 : ((__int128)1 << bits) - 1, least = is_signed ? -((__int128)1 << (bits - 1)) : 0;
  return v > most ? most : v < least ? least : v;
}
/* The spec's table of rounding increments. */
static __int128 rounded(__int128 v, int by, int mode) {
  if (by == 0)
    return v;
  int last = (int)(v >> by & 1), half = (int)(v >> (by - 1) & 1), rest = (v & (((__int128)1 << (by - 1)) - 1)) != 0;
  int add = mode == 0 ? half : mode == 1 ? half && (rest || last) : mode == 2 ? 0 : !last && (half || rest);
  return (v >> by) + add;
}
#define MODE (t->imm & 3)
VALUE(saddu, clip((__int128)a + b, sew, false)) VALUE(sadd, clip((__int128)SA + SB, sew, true)) VALUE(ssubu, clip((__int128)a - b, sew, false))
VALUE(ssub, clip((__int128)SA - SB, sew, true))
VALUE(aaddu, rounded((__int128)a + b, 1, MODE)) VALUE(aadd, rounded((__int128)SA + SB, 1, MODE)) VALUE(asubu, rounded((__int128)a - b, 1, MODE))
VALUE(asub, rounded((__int128)SA - SB, 1, MODE))
VALUE(smul, clip(rounded((__int128)SA * SB, sew - 1, MODE), sew, true))
VALUE(ssrl, rounded((__int128)a, (int)(b % (uint64_t)sew), MODE)) VALUE(ssra, rounded((__int128)SA, (int)(b % (uint64_t)sew), MODE))
VALUE(nclipu, clip(rounded((__int128)a, (int)(b % (uint64_t)(2 * sew)), MODE), sew, false)) VALUE(nclip, clip(rounded((__int128)S2A, (int)(b % (uint64_t)(2 * sew)), MODE), sew, true))

static const vrow rows[] = {
    {"vadd", "vxi", 0, 0, 'i', add, NULL}, {"vsub", "vx", 0, 0, 'i', sub, NULL}, {"vrsub", "xi", 0, 0, 'i', rsub, NULL}, {"vand", "vxi", 0, 0, 'i', and_, NULL},
    {"vor", "vxi", 0, 0, 'i', or_, NULL}, {"vxor", "vxi", 0, 0, 'i', xor_, NULL}, {"vminu", "vx", 0, 0, 'i', minu, NULL}, {"vmin", "vx", 0, 0, 'i', min_, NULL},
    {"vmaxu", "vx", 0, 0, 'i', maxu, NULL}, {"vmax", "vx", 0, 0, 'i', max_, NULL}, {"vsll", "vxu", 0, 0, 'i', sll, NULL}, {"vsrl", "vxu", 0, 0, 'i', srl, NULL},
    {"vsra", "vxu", 0, 0, 'i', sra, NULL}, {"vnsrl.w", "vxu", 0, 1, 'i', nsrl, NULL}, {"vnsra.w", "vxu", 0, 1, 'i', nsra, NULL}, {"vmul", "vx", 0, 0, 'i', mul, NULL},
    {"vmulh", "vx", 0, 0, 'i', mulh, NULL}, {"vmulhu", "vx", 0, 0, 'i', mulhu, NULL}, {"vmulhsu", "vx", 0, 0, 'i', mulhsu, NULL}, {"vdivu", "vx", 0, 0, 'i', divu, NULL},
    {"vdiv", "vx", 0, 0, 'i', div_, NULL}, {"vremu", "vx", 0, 0, 'i', remu, NULL}, {"vrem", "vx", 0, 0, 'i', rem_, NULL}, {"vmacc", "vx", 0, 0, 't', macc, NULL},
    {"vnmsac", "vx", 0, 0, 't', nmsac, NULL}, {"vmadd", "vx", 0, 0, 't', madd, NULL}, {"vnmsub", "vx", 0, 0, 't', nmsub, NULL},
    {"vmseq", "vxi", 0, 0, 'k', eq, NULL}, {"vmsne", "vxi", 0, 0, 'k', ne, NULL}, {"vmsltu", "vx", 0, 0, 'k', ltu, NULL}, {"vmslt", "vx", 0, 0, 'k', lt, NULL},
    {"vmsleu", "vxi", 0, 0, 'k', leu, NULL}, {"vmsle", "vxi", 0, 0, 'k', le, NULL}, {"vmsgtu", "xi", 0, 0, 'k', gtu, NULL}, {"vmsgt", "xi", 0, 0, 'k', gt, NULL},
    {"vwaddu", "vx", 1, 0, 'i', waddu, NULL}, {"vwadd", "vx", 1, 0, 'i', wadd, NULL}, {"vwsubu", "vx", 1, 0, 'i', wsubu, NULL}, {"vwsub", "vx", 1, 0, 'i', wsub, NULL},
    {"vwaddu.w", "vx", 1, 1, 'i', wadduw, NULL}, {"vwadd.w", "vx", 1, 1, 'i', waddw, NULL}, {"vwsubu.w", "vx", 1, 1, 'i', wsubuw, NULL}, {"vwsub.w", "vx", 1, 1, 'i', wsubw, NULL},
    {"vwmulu", "vx", 1, 0, 'i', wmulu, NULL}, {"vwmul", "vx", 1, 0, 'i', wmul, NULL}, {"vwmulsu", "vx", 1, 0, 'i', wmulsu, NULL}, {"vwmaccu", "vx", 1, 0, 't', wmaccu, NULL},
    {"vwmacc", "vx", 1, 0, 't', wmacc, NULL}, {"vwmaccsu", "vx", 1, 0, 't', wmaccsu, NULL}, {"vwmaccus", "x", 1, 0, 't', wmaccus, NULL},
    {"vsaddu", "vxi", 0, 0, 'i', saddu, NULL}, {"vsadd", "vxi", 0, 0, 'i', sadd, NULL}, {"vssubu", "vx", 0, 0, 'i', ssubu, NULL}, {"vssub", "vx", 0, 0, 'i', ssub, NULL},
    {"vaaddu", "vx", 0, 0, 'i', aaddu, NULL}, {"vaadd", "vx", 0, 0, 'i', aadd, NULL}, {"vasubu", "vx", 0, 0, 'i', asubu, NULL}, {"vasub", "vx", 0, 0, 'i', asub, NULL},
    {"vsmul", "vx", 0, 0, 'i', smul, NULL}, {"vssrl", "vxu", 0, 0, 'i', ssrl, NULL}, {"vssra", "vxu", 0, 0, 'i', ssra, NULL}, {"vnclipu.w", "vxu", 0, 1, 'i', nclipu, NULL},
    {"vnclip.w", "vxu", 0, 1, 'i', nclip, NULL},
};

static void test_integers_are_as_defined(void **state) {
  (void)state;
  run_rows(rows, COUNT_OF(rows), 8, 64, 101);
}

/* ---- with carries, reductions, extensions ---- */

static bool carry_in(const lane *l, int64_t e) { return lane_bit(l, V0, e); }
static void carry(lane *l, const vcase *t, bool is_minus, bool is_out, bool has_in) {
  for (int64_t e = 0; e < t->vl; e++) {
    unsigned __int128 a = lane_get(l, VS2, e, t->sew), b = operand_of(l, t, e), in = has_in && carry_in(l, e), r = is_minus ? a - b - in : a + b + in;
    if (is_out)
      lane_set_bit(l, VD, e, r >> t->sew & 1);
    else
      lane_put(l, VD, e, t->sew, (uint64_t)r);
  }
}
static void adc(lane *l, const vcase *t) { carry(l, t, false, false, true); }
static void sbc(lane *l, const vcase *t) { carry(l, t, true, false, true); }
static void madc(lane *l, const vcase *t) { carry(l, t, false, true, true); }
static void msbc(lane *l, const vcase *t) { carry(l, t, true, true, true); }
static void madc_plain(lane *l, const vcase *t) { carry(l, t, false, true, false); }
static void msbc_plain(lane *l, const vcase *t) { carry(l, t, true, true, false); }

static void reduce(lane *l, const vcase *t, bool is_wide, uint64_t (*op)(uint64_t, uint64_t, uint64_t, int, const vcase *), bool is_signed) {
  int bits = t->sew << is_wide;
  uint64_t v = lane_get(l, VS1, 0, bits);
  for (int64_t e = 0; e < t->vl; e++)
    if (lane_is_on(l, t, e)) {
      uint64_t x = lane_get(l, VS2, e, t->sew);
      v = zx(op(is_signed ? zx((uint64_t)sx(x, t->sew), bits) : x, v, 0, bits, t), bits);
    }
  if (t->vl > 0)
    lane_put(l, VD, 0, bits, v);
}
#define REDUCTION(name, op, is_wide, is_signed) static void name(lane *l, const vcase *t) { reduce(l, t, is_wide, op, is_signed); }
REDUCTION(redsum, add, 0, 0) REDUCTION(redand, and_, 0, 0) REDUCTION(redor, or_, 0, 0) REDUCTION(redxor, xor_, 0, 0) REDUCTION(redminu, minu, 0, 0) REDUCTION(redmin, min_, 0, 0)
REDUCTION(redmaxu, maxu, 0, 0) REDUCTION(redmax, max_, 0, 0) REDUCTION(wredsumu, add, 1, 0) REDUCTION(wredsum, add, 1, 1)

#define EXTENSION(name, factor, is_signed)                                                                            \
  static void name(lane *l, const vcase *t) {                                                                         \
    lane before = *l;                                                                                                 \
    for (int64_t e = 0; e < t->vl; e++)                                                                               \
      if (lane_is_on(&before, t, e)) {                                                                                \
        uint64_t v = lane_get(&before, VS2, e, t->sew / factor);                                                      \
        lane_put(l, VD, e, t->sew, is_signed ? (uint64_t)sx(v, t->sew / factor) : v);                                 \
      }                                                                                                               \
  }
EXTENSION(zext2, 2, 0) EXTENSION(sext2, 2, 1) EXTENSION(zext4, 4, 0) EXTENSION(sext4, 4, 1) EXTENSION(zext8, 8, 0) EXTENSION(sext8, 8, 1)

static void test_carries_are_as_defined(void **state) {
  (void)state;
  static const vrow carries[] = {
      {"vadc.vvm v8, v16, v24, v0", "v", 0, 0, 'i', NULL, adc}, {"vadc.vxm v8, v16, a1, v0", "x", 0, 0, 'i', NULL, adc}, {"vsbc.vvm v8, v16, v24, v0", "v", 0, 0, 'i', NULL, sbc},
      {"vsbc.vxm v8, v16, a1, v0", "x", 0, 0, 'i', NULL, sbc}, {"vmadc.vvm v8, v16, v24, v0", "v", 0, 0, 'i', NULL, madc}, {"vmadc.vxm v8, v16, a1, v0", "x", 0, 0, 'i', NULL, madc},
      {"vmsbc.vvm v8, v16, v24, v0", "v", 0, 0, 'i', NULL, msbc}, {"vmsbc.vxm v8, v16, a1, v0", "x", 0, 0, 'i', NULL, msbc}, {"vmadc.vv v8, v16, v24", "v", 0, 0, 'i', NULL, madc_plain},
      {"vmsbc.vx v8, v16, a1", "x", 0, 0, 'i', NULL, msbc_plain}};
  run_unmasked(carries, COUNT_OF(carries), 8, 64, 103);
}

static void test_reductions_are_as_defined(void **state) {
  (void)state;
  static const vrow reductions[] = {
      {"vredsum", "V", 0, 0, 'i', NULL, redsum}, {"vredand", "V", 0, 0, 'i', NULL, redand}, {"vredor", "V", 0, 0, 'i', NULL, redor}, {"vredxor", "V", 0, 0, 'i', NULL, redxor},
      {"vredminu", "V", 0, 0, 'i', NULL, redminu}, {"vredmin", "V", 0, 0, 'i', NULL, redmin}, {"vredmaxu", "V", 0, 0, 'i', NULL, redmaxu}, {"vredmax", "V", 0, 0, 'i', NULL, redmax}};
  static const vrow wide[] = {{"vwredsumu", "V", 1, 0, 'i', NULL, wredsumu}, {"vwredsum", "V", 1, 0, 'i', NULL, wredsum}};
  run_rows(reductions, COUNT_OF(reductions), 8, 64, 105);
  run_rows(wide, COUNT_OF(wide), 8, 32, 106);
}

static void test_extensions_are_as_defined(void **state) {
  (void)state;
  static const vrow by2[] = {{"vzext.vf2 v8, v16", "v", 0, 0, 'i', NULL, zext2}, {"vsext.vf2 v8, v16", "v", 0, 0, 'i', NULL, sext2}};
  static const vrow by4[] = {{"vzext.vf4 v8, v16", "v", 0, 0, 'i', NULL, zext4}, {"vsext.vf4 v8, v16", "v", 0, 0, 'i', NULL, sext4}};
  static const vrow by8[] = {{"vzext.vf8 v8, v16", "v", 0, 0, 'i', NULL, zext8}, {"vsext.vf8 v8, v16", "v", 0, 0, 'i', NULL, sext8}};
  run_least(by2, COUNT_OF(by2), 16, 64, -2, 107);
  run_least(by4, COUNT_OF(by4), 32, 64, -1, 108);
  run_least(by8, COUNT_OF(by8), 64, 64, 0, 109);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_integers_are_as_defined), cmocka_unit_test(test_carries_are_as_defined), cmocka_unit_test(test_reductions_are_as_defined),
                                     cmocka_unit_test(test_extensions_are_as_defined)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
