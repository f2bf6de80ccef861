/* The scalar unit.  Oracles: each instruction's definition in C; of compressed instructions, what llvm-mc makes of the one they stand for. */
#include "base/dtype.h"
#include "sim/rvv/rvv_private.h"
#include "sim/rvv/rvv_testing.h"

/* ---- integers ---- */

typedef uint64_t binary(uint64_t a, uint64_t b);
typedef struct srow { const char *assembly; binary *value; } srow;
#define V(name, expression) static uint64_t name(uint64_t a, uint64_t b) { (void)a; (void)b; return (uint64_t)(expression); }
#define SA ((int64_t)a)
#define SB ((int64_t)b)
#define WA ((int32_t)(uint32_t)a)
#define WB ((int32_t)(uint32_t)b)
#define W(e) ((int64_t)(int32_t)(uint32_t)(e))
V(add, a + b) V(sub, a - b) V(sll, a << (b & 63)) V(slt, SA < SB) V(sltu, a < b) V(xor_, a ^ b) V(srl, a >> (b & 63)) V(sra, SA >> (b & 63)) V(or_, a | b) V(and_, a & b)
V(addw, W(a + b)) V(subw, W(a - b)) V(sllw, W((uint32_t)a << (b & 31))) V(srlw, W((uint32_t)a >> (b & 31))) V(sraw, WA >> (b & 31))
V(mul, a * b) V(mulh, (__int128)SA * SB >> 64) V(mulhsu, (__int128)SA * (__int128)b >> 64) V(mulhu, (unsigned __int128)a * b >> 64)
V(div_, b == 0 ? -1 : SB == -1 ? -SA : SA / SB) V(divu, b ? a / b : UINT64_MAX) V(rem_, b == 0 ? SA : SB == -1 ? 0 : SA % SB) V(remu, b ? a % b : a)
V(mulw, W(a * b)) V(divw, WB == 0 ? -1 : W((int64_t)WA / WB)) V(divuw, WB == 0 ? UINT64_MAX : (uint64_t)W((uint32_t)a / (uint32_t)b)) V(remw, WB == 0 ? WA : W((int64_t)WA % WB))
V(remuw, W((uint32_t)b ? (uint32_t)a % (uint32_t)b : (uint32_t)a))
V(addi, a - 1234) V(slti, SA < -7) V(sltiu, a < (uint64_t)-7) V(xori, a ^ 0x555) V(ori, a | (uint64_t)-2048) V(andi, a & 0x7f3) V(slli, a << 37) V(srli, a >> 37) V(srai, SA >> 37)
V(addiw, W(a + 77)) V(slliw, W((uint32_t)a << 13)) V(srliw, W((uint32_t)a >> 13)) V(sraiw, WA >> 13) V(lui, (int64_t)(int32_t)0x80005000)
V(branch_eq, a == b) V(branch_ne, a != b) V(branch_lt, SA < SB) V(branch_ge, SA >= SB) V(branch_ltu, a < b) V(branch_geu, a >= b)
V(lb, (int64_t)(int8_t)a) V(lh, (int64_t)(int16_t)a) V(lw, WA) V(ld, a) V(lbu, a & 0xff) V(lhu, a & 0xffff) V(lwu, (uint32_t)a) V(upper_byte, (int64_t)(int8_t)(a >> 24))
V(swap_d, b) V(amoadd_d, a + b) V(amoadd_w, W(a + b)) V(amomax_w, WA > WB ? WA : WB) V(amominu_w, (uint32_t)a < (uint32_t)b ? WA : WB) V(amomin_d, SA < SB ? a : b)
V(amomaxu_d, a > b ? a : b)
V(amoxor_w, W(a ^ b)) V(amoand_d, a & b) V(amoor_d, a | b) V(store_h, (a & ~UINT64_C(0xffff)) | (b & 0xffff)) V(store_b, (a & ~UINT64_C(0xff00)) | (b & 0xff) << 8)
V(store_w, (a & ~UINT64_C(0xffffffff)) | (uint32_t)b)
V(sc_fine, b) V(csr, 5) V(call, a + b + 1) V(odd, a + 3)

#define STORED " addi sp, sp, -16\n sd a0, 8(sp)\n addi t0, sp, 8\n "
#define TAKEN(op) " " op " a0, a1, 1f\n li a0, 0\n ret\n1: li a0, 1"
static const srow integers[] = {
    {"add a0, a0, a1", add}, {"sub a0, a0, a1", sub}, {"sll a0, a0, a1", sll}, {"slt a0, a0, a1", slt}, {"sltu a0, a0, a1", sltu}, {"xor a0, a0, a1", xor_}, {"srl a0, a0, a1", srl},
    {"sra a0, a0, a1", sra}, {"or a0, a0, a1", or_}, {"and a0, a0, a1", and_}, {"addw a0, a0, a1", addw}, {"subw a0, a0, a1", subw}, {"sllw a0, a0, a1", sllw}, {"srlw a0, a0, a1", srlw},
    {"sraw a0, a0, a1", sraw}, {"mul a0, a0, a1", mul}, {"mulh a0, a0, a1", mulh}, {"mulhsu a0, a0, a1", mulhsu}, {"mulhu a0, a0, a1", mulhu}, {"div a0, a0, a1", div_},
    {"divu a0, a0, a1", divu},
    {"rem a0, a0, a1", rem_}, {"remu a0, a0, a1", remu}, {"mulw a0, a0, a1", mulw}, {"divw a0, a0, a1", divw}, {"divuw a0, a0, a1", divuw}, {"remw a0, a0, a1", remw},
    {"remuw a0, a0, a1", remuw},
    {"addi a0, a0, -1234", addi}, {"slti a0, a0, -7", slti}, {"sltiu a0, a0, -7", sltiu}, {"xori a0, a0, 0x555", xori}, {"ori a0, a0, -2048", ori}, {"andi a0, a0, 0x7f3", andi},
    {"slli a0, a0, 37", slli}, {"srli a0, a0, 37", srli}, {"srai a0, a0, 37", srai}, {"addiw a0, a0, 77", addiw}, {"slliw a0, a0, 13", slliw}, {"srliw a0, a0, 13", srliw},
    {"sraiw a0, a0, 13", sraiw}, {"lui a0, 0x80005", lui}, {TAKEN("beq"), branch_eq}, {TAKEN("bne"), branch_ne}, {TAKEN("blt"), branch_lt}, {TAKEN("bge"), branch_ge},
    {TAKEN("bltu"), branch_ltu},
    {TAKEN("bgeu"), branch_geu}, {STORED "lb a0, 8(sp)", lb}, {STORED "lh a0, 8(sp)", lh}, {STORED "lw a0, 8(sp)", lw}, {STORED "ld a0, 8(sp)", ld}, {STORED "lbu a0, 8(sp)", lbu},
    {STORED "lhu a0, 8(sp)", lhu}, {STORED "lwu a0, 8(sp)", lwu}, {STORED "lb a0, 11(sp)", upper_byte}, {STORED "sh a1, 8(sp)\n ld a0, 8(sp)", store_h},
    {STORED "sb a1, 9(sp)\n ld a0, 8(sp)", store_b},
    {STORED "sw a1, 8(sp)\n ld a0, 8(sp)", store_w}, {STORED "amoswap.d t1, a1, (t0)\n ld a0, 8(sp)", swap_d}, {STORED "amoadd.d t1, a1, (t0)\n ld a0, 8(sp)", amoadd_d},
    {STORED "amoadd.w t1, a1, (t0)\n lw a0, 8(sp)", amoadd_w}, {STORED "amomax.w t1, a1, (t0)\n lw a0, 8(sp)", amomax_w}, {STORED "amominu.w t1, a1, (t0)\n lw a0, 8(sp)", amominu_w},
    {STORED "amomin.d t1, a1, (t0)\n ld a0, 8(sp)", amomin_d}, {STORED "amomaxu.d t1, a1, (t0)\n ld a0, 8(sp)", amomaxu_d}, {STORED "amoxor.w t1, a1, (t0)\n lw a0, 8(sp)", amoxor_w},
    {STORED "amoand.d t1, a1, (t0)\n ld a0, 8(sp)", amoand_d}, {STORED "amoor.d t1, a1, (t0)\n ld a0, 8(sp)", amoor_d}, {STORED "amoswap.w a0, a1, (t0)", lw},
    {STORED "lr.d t1, (t0)\n sc.d t2, a1, (t0)\n ld a0, 8(sp)\n add a0, a0, t2", sc_fine}, {STORED "li t1, 4\n sc.d t2, t1, (t0)\n ld a0, 8(sp)\n add a0, a0, t2\n addi a0, a0, -1", ld},
    {"csrwi vxrm, 1\n csrsi vcsr, 4\n csrci vcsr, 2\n csrr a0, vxrm\n csrw frm, a0\n fence\n frrm a0\n csrrw a0, fcsr, zero\n srli a0, a0, 5\n addi a0, a0, 3", csr},
    {"mv s2, ra\n call helper\n jr s2\n .text\nhelper: add a0, a0, a1\n addi a0, a0, 1", call}, {"la t0, 1f\n addi t0, t0, 1\n jalr t1, 0(t0)\n nop\n1: addi a0, a0, 3", odd},
};

/* ---- floats ---- */

static float f32(uint64_t b) { uint32_t v = (uint32_t)b; float f; memcpy(&f, &v, 4); return f; }
static double f64(uint64_t b) { double d; memcpy(&d, &b, 8); return d; }
static double f16(uint64_t b) { return (double)dtype_f16_to_f32((uint16_t)b); }
static uint64_t s(float f) { uint32_t v; memcpy(&v, &f, 4); return (uint64_t)(int64_t)(int32_t)(isnan(f) ? 0x7fc00000 : v); }
static uint64_t d(double v) { uint64_t b; memcpy(&b, &v, 8); return isnan(v) ? UINT64_C(0x7ff8000000000000) : b; }
static uint64_t h(double v) { return (uint64_t)(int64_t)(int16_t)(isnan(v) ? 0x7e00 : dtype_f64_to_f16(v)); }
#define FA f32(a)
#define FB f32(b)
#define DA f64(a)
#define DB f64(b)
#define HA f16(a)
#define HB f16(b)
/* least number not NaN, -0 before +0 */
#define MIN(x, y) (isnan(x) ? (y) : isnan(y) ? (x) : (x) < (y) || ((x) == (y) && signbit(x)) ? (x) : (y))
#define MAX(x, y) (isnan(x) ? (y) : isnan(y) ? (x) : (x) > (y) || ((x) == (y) && !signbit(x)) ? (x) : (y))
#define INT(v, lo, hi) (isnan(v) ? (hi) : (v) <= (double)(lo) ? (lo) : (v) >= (double)(hi) ? (hi) : (int64_t)(v))
V(fadd_s, s(FA + FB)) V(fsub_s, s(FA - FB)) V(fmul_s, s(FA * FB)) V(fdiv_s, s(FA / FB)) V(fsqrt_s, s(sqrtf(FA))) V(fmadd_s, s(fmaf(FA, FB, FA))) V(fmsub_s, s(fmaf(FA, FB, -FA)))
V(fnmadd_s, s(fmaf(-FA, FB, -FA))) V(fnmsub_s, s(fmaf(-FA, FB, FA))) V(fmin_s, s(MIN(FA, FB))) V(fmax_s, s(MAX(FA, FB))) V(feq_s, FA == FB) V(flt_s, FA < FB) V(fle_s, FA <= FB)
V(fadd_d, d(DA + DB)) V(fsub_d, d(DA - DB)) V(fmul_d, d(DA * DB)) V(fdiv_d, d(DA / DB)) V(fsqrt_d, d(sqrt(DA))) V(fmadd_d, d(fma(DA, DB, DA))) V(fmin_d, d(MIN(DA, DB)))
V(fmax_d, d(MAX(DA, DB)))
V(feq_d, DA == DB) V(flt_d, DA < DB) V(fadd_h, h(HA + HB)) V(fmul_h, h(HA * HB)) V(fdiv_h, h(HA / HB)) V(fsqrt_h, h(sqrt(HA))) V(fmadd_h, h(fma(HA, HB, HB)))
V(fmax_h, h(MAX(HA, HB))) V(fle_h, HA <= HB)
V(sgnj_s, W((a & 0x7fffffff) | (b & 0x80000000))) V(sgnjn_d, (a & INT64_MAX) | (~b & (UINT64_C(1) << 63))) V(sgnjx_h, (int64_t)(int16_t)(a ^ (b & 0x8000)))
V(cvt_w_s, INT((double)FA, (int64_t)INT32_MIN, (int64_t)INT32_MAX)) V(cvt_s_w, s((float)WA)) V(cvt_s_wu, s((float)(uint32_t)a)) V(cvt_s_l, s((float)SA)) V(cvt_s_lu, s((float)a))
V(cvt_d_l, d((double)SA))
V(cvt_d_wu, d((double)(uint32_t)a)) V(cvt_h_w, h((double)WA)) V(cvt_s_d, s((float)DA)) V(cvt_d_s, d((double)FA)) V(cvt_h_s, h((double)FA)) V(cvt_s_h, s((float)HA))
V(cvt_h_d, h(DA)) V(cvt_d_h, d(HA))
V(cvt_w_d, INT(DA, (int64_t)INT32_MIN, (int64_t)INT32_MAX)) V(cvt_wu_s, (int64_t)(int32_t)(uint32_t)INT((double)FA, (int64_t)0, (int64_t)UINT32_MAX))
V(cvt_w_h, isinf(HA) ? (HA > 0 ? INT32_MAX : INT32_MIN) : INT(HA, (int64_t)INT32_MIN, (int64_t)INT32_MAX))
V(floor_s, isnan(FA) ? INT64_MAX : FA >= 0x1p63f ? INT64_MAX : FA < -0x1p63f ? INT64_MIN : (int64_t)floorf(FA))
V(up_d, isnan(DA) ? INT64_MAX : DA >= 0x1p63 ? INT64_MAX : DA < -0x1p63 ? INT64_MIN : (int64_t)ceil(DA))
V(bf16_s, s(f32(a << 16))) V(unboxed, 0x7fc00000)

#define S2(op) "fmv.w.x fa0, a0\n fmv.w.x fa1, a1\n " op "\n fmv.x.w a0, fa0"
#define D2(op) "fmv.d.x fa0, a0\n fmv.d.x fa1, a1\n " op "\n fmv.x.d a0, fa0"
#define H2(op) "fmv.h.x fa0, a0\n fmv.h.x fa1, a1\n " op "\n fmv.x.h a0, fa0"
#define SX(op) "fmv.w.x fa0, a0\n fmv.w.x fa1, a1\n " op
#define DX(op) "fmv.d.x fa0, a0\n fmv.d.x fa1, a1\n " op
#define HX(op) "fmv.h.x fa0, a0\n fmv.h.x fa1, a1\n " op
static const srow floats[] = {
    {S2("fadd.s fa0, fa0, fa1"), fadd_s}, {S2("fsub.s fa0, fa0, fa1"), fsub_s}, {S2("fmul.s fa0, fa0, fa1"), fmul_s}, {S2("fdiv.s fa0, fa0, fa1"), fdiv_s},
    {S2("fsqrt.s fa0, fa0"), fsqrt_s},
    {S2("fmadd.s fa0, fa0, fa1, fa0"), fmadd_s}, {S2("fmsub.s fa0, fa0, fa1, fa0"), fmsub_s}, {S2("fnmadd.s fa0, fa0, fa1, fa0"), fnmadd_s},
    {S2("fnmsub.s fa0, fa0, fa1, fa0"), fnmsub_s},
    {S2("fmin.s fa0, fa0, fa1"), fmin_s}, {S2("fmax.s fa0, fa0, fa1"), fmax_s}, {SX("feq.s a0, fa0, fa1"), feq_s}, {SX("flt.s a0, fa0, fa1"), flt_s}, {SX("fle.s a0, fa0, fa1"), fle_s},
    {D2("fadd.d fa0, fa0, fa1"), fadd_d}, {D2("fsub.d fa0, fa0, fa1"), fsub_d}, {D2("fmul.d fa0, fa0, fa1"), fmul_d}, {D2("fdiv.d fa0, fa0, fa1"), fdiv_d},
    {D2("fsqrt.d fa0, fa0"), fsqrt_d},
    {D2("fmadd.d fa0, fa0, fa1, fa0"), fmadd_d}, {D2("fmin.d fa0, fa0, fa1"), fmin_d}, {D2("fmax.d fa0, fa0, fa1"), fmax_d}, {DX("feq.d a0, fa0, fa1"), feq_d},
    {DX("flt.d a0, fa0, fa1"), flt_d},
    {H2("fadd.h fa0, fa0, fa1"), fadd_h}, {H2("fmul.h fa0, fa0, fa1"), fmul_h}, {H2("fdiv.h fa0, fa0, fa1"), fdiv_h}, {H2("fsqrt.h fa0, fa0"), fsqrt_h},
    {H2("fmadd.h fa0, fa0, fa1, fa1"), fmadd_h},
    {H2("fmax.h fa0, fa0, fa1"), fmax_h}, {HX("fle.h a0, fa0, fa1"), fle_h}, {S2("fsgnj.s fa0, fa0, fa1"), sgnj_s}, {D2("fsgnjn.d fa0, fa0, fa1"), sgnjn_d},
    {H2("fsgnjx.h fa0, fa0, fa1"), sgnjx_h},
    {SX("fcvt.w.s a0, fa0, rtz"), cvt_w_s}, {S2("fcvt.s.w fa0, a0"), cvt_s_w}, {S2("fcvt.s.wu fa0, a0"), cvt_s_wu}, {S2("fcvt.s.l fa0, a0"), cvt_s_l},
    {S2("fcvt.s.lu fa0, a0"), cvt_s_lu},
    {D2("fcvt.d.l fa0, a0"), cvt_d_l}, {D2("fcvt.d.wu fa0, a0"), cvt_d_wu}, {H2("fcvt.h.w fa0, a0"), cvt_h_w}, {"fmv.d.x fa0, a0\n fcvt.s.d fa0, fa0\n fmv.x.w a0, fa0", cvt_s_d},
    {"fmv.w.x fa0, a0\n fcvt.d.s fa0, fa0\n fmv.x.d a0, fa0", cvt_d_s}, {"fmv.w.x fa0, a0\n fcvt.h.s fa0, fa0\n fmv.x.h a0, fa0", cvt_h_s},
    {"fmv.h.x fa0, a0\n fcvt.s.h fa0, fa0\n fmv.x.w a0, fa0", cvt_s_h},
    {"fmv.d.x fa0, a0\n fcvt.h.d fa0, fa0\n fmv.x.h a0, fa0", cvt_h_d}, {"fmv.h.x fa0, a0\n fcvt.d.h fa0, fa0\n fmv.x.d a0, fa0", cvt_d_h}, {DX("fcvt.w.d a0, fa0, rtz"), cvt_w_d},
    {SX("fcvt.wu.s a0, fa0, rtz"), cvt_wu_s}, {HX("fcvt.w.h a0, fa0, rtz"), cvt_w_h}, {SX("fcvt.l.s a0, fa0, rdn"), floor_s}, {DX("fcvt.l.d a0, fa0, rup"), up_d},
    {"fmv.h.x fa0, a0\n fcvt.s.bf16 fa0, fa0\n fmv.x.w a0, fa0", bf16_s}, {"li t0, 0\n fmv.d.x fa0, t0\n fmv.w.x fa1, a1\n fmin.s fa0, fa0, fa0\n fmv.x.w a0, fa0", unboxed},
    {"addi sp, sp, -16\n sd a0, 0(sp)\n flw fa0, 0(sp)\n fsw fa0, 8(sp)\n lw a0, 8(sp)", lw}, {"addi sp, sp, -16\n sd a0, 0(sp)\n fld fa0, 0(sp)\n fsd fa0, 8(sp)\n ld a0, 8(sp)", ld},
    {"addi sp, sp, -16\n sd a0, 0(sp)\n flh fa0, 0(sp)\n fsh fa0, 8(sp)\n lh a0, 8(sp)", lh},
};

static void run_rows(const srow *rows, size_t n, uint64_t seed) {
  loom_ctx ctx;
  rng r = rng_new(seed + (uint64_t)testing_number("LOOM_FUZZ_SEED", 0));
  loom_ctx_init(&ctx);
  text t = text_new(&ctx.mem);
  for (size_t i = 0; i < n; i++)
    text_addf(&t, ".globl t%zu\nt%zu: %s\n ret\n", i, i, rows[i].assembly);
  rvv_image *image = testing_load(&ctx, text_str(&t), NULL, 0, 3, 128);
  rvv_core *core = rvv_core_new(&ctx.mem, image);
  for (size_t i = 0; i < n; i++)
    for (int times = 0; times < 300; times++) {
      static const int widths[] = {16, 32, 64, 64};
      int width = widths[times % 4];
      uint64_t a = testing_corner(&r, width), b = times % 7 == 0 ? a : testing_corner(&r, width), expected = rows[i].value(a, b);
      int64_t args[] = {(int64_t)a, (int64_t)b};
      char name[32];
      snprintf(name, sizeof name, "t%zu", i);
      rvv_job job = {.entry = rvv_find(image, name), .args = args, .n_args = 2, .budget = 100};
      rvv_fault fault;
      if (rvv_call(core, &job, NULL, &fault) != RVV_FINE)
        fail_msg("%s: %s", rows[i].assembly, fault.text);
      if (rvv_result(core) != (int64_t)expected)
        fail_msg("%s of %llx, %llx is %llx, not %llx", rows[i].assembly, (unsigned long long)a, (unsigned long long)b, (unsigned long long)rvv_result(core), (unsigned long long)expected);
    }
  loom_ctx_done(&ctx);
}

static void test_integers_are_as_defined(void **state) { (void)state; run_rows(integers, COUNT_OF(integers), 501); }
static void test_floats_are_as_defined(void **state) { (void)state; run_rows(floats, COUNT_OF(floats), 502); }

static void test_classes_are_as_defined(void **state) {
  (void)state;
  const struct { uint64_t bits; int width, expected; } cases[] = {
      {0xff800000, 32, 0}, {0xbf800000, 32, 1}, {0x80000001, 32, 2}, {0x80000000, 32, 3}, {0, 32, 4}, {1, 32, 5}, {0x3f800000, 32, 6}, {0x7f800000, 32, 7}, {0x7f800001, 32, 8},
      {0x7fc00000, 32, 9},
      {0xfc00, 16, 0}, {0x3ff, 16, 5}, {0x400, 16, 6}, {0x7c01, 16, 8}, {UINT64_C(0x7ff8000000000000), 64, 9}, {UINT64_C(0x8000000000000001), 64, 2}};
  for (size_t i = 0; i < COUNT_OF(cases); i++)
    assert_int_equal(rvv_class(cases[i].bits, cases[i].width), 1 << cases[i].expected);
}

/* ---- compressed ---- */

/* Operands: %a a register of all, %p one of x8..x15, %q a float one of them. */
static const struct { const char *compressed, *plain; } pairs[] = {
    {"c.addi4spn a0, sp, 4", "addi a0, sp, 4"}, {"c.addi4spn s1, sp, 1020", "addi s1, sp, 1020"}, {"c.addi4spn a5, sp, 712", "addi a5, sp, 712"}, {"c.fld fa0, 8(a1)", "fld fa0, 8(a1)"},
    {"c.fld fs1, 248(s0)", "fld fs1, 248(s0)"}, {"c.lw a0, 4(a1)", "lw a0, 4(a1)"}, {"c.lw s0, 124(a5)", "lw s0, 124(a5)"}, {"c.lw s0, 64(a5)", "lw s0, 64(a5)"},
    {"c.ld a4, 64(a2)", "ld a4, 64(a2)"},
    {"c.ld a4, 184(a2)", "ld a4, 184(a2)"}, {"c.fsd fa5, 40(s1)", "fsd fa5, 40(s1)"}, {"c.sw a3, 84(a4)", "sw a3, 84(a4)"}, {"c.sd a3, 208(a4)", "sd a3, 208(a4)"}, {"c.nop", "nop"},
    {"c.addi t3, 31", "addi t3, t3, 31"}, {"c.addi t3, -32", "addi t3, t3, -32"}, {"c.addiw s5, -5", "addiw s5, s5, -5"}, {"c.addiw s5, 21", "addiw s5, s5, 21"},
    {"c.li t6, -17", "addi t6, zero, -17"},
    {"c.addi16sp sp, 496", "addi sp, sp, 496"}, {"c.addi16sp sp, -512", "addi sp, sp, -512"}, {"c.addi16sp sp, 112", "addi sp, sp, 112"},
    {"c.addi16sp sp, -160", "addi sp, sp, -160"}, {"c.lui a7, 31", "lui a7, 31"},
    {"c.lui a7, 0xfffe0", "lui a7, 0xfffe0"}, {"c.lui ra, 11", "lui ra, 11"}, {"c.srli a2, 63", "srli a2, a2, 63"}, {"c.srli s1, 5", "srli s1, s1, 5"},
    {"c.srai a2, 33", "srai a2, a2, 33"},
    {"c.andi a4, -32", "andi a4, a4, -32"}, {"c.andi a4, 27", "andi a4, a4, 27"}, {"c.sub a1, s0", "sub a1, a1, s0"}, {"c.xor a1, a2", "xor a1, a1, a2"},
    {"c.or s1, a3", "or s1, s1, a3"},
    {"c.and a1, a5", "and a1, a1, a5"}, {"c.subw a1, a0", "subw a1, a1, a0"}, {"c.addw s0, a5", "addw s0, s0, a5"}, {"c.j .+2046", "jal zero, .+2046"},
    {"c.j .-2048", "jal zero, .-2048"},
    {"c.j .+1364", "jal zero, .+1364"}, {"c.j .+682", "jal zero, .+682"}, {"c.beqz a0, .+254", "beq a0, zero, .+254"}, {"c.beqz s1, .-256", "beq s1, zero, .-256"},
    {"c.bnez a5, .+170", "bne a5, zero, .+170"},
    {"c.bnez a5, .+84", "bne a5, zero, .+84"}, {"c.slli s11, 61", "slli s11, s11, 61"}, {"c.slli s11, 2", "slli s11, s11, 2"}, {"c.fldsp ft0, 504(sp)", "fld ft0, 504(sp)"},
    {"c.fldsp fs3, 64(sp)", "fld fs3, 64(sp)"},
    {"c.lwsp s7, 252(sp)", "lw s7, 252(sp)"}, {"c.lwsp s7, 84(sp)", "lw s7, 84(sp)"}, {"c.ldsp t5, 504(sp)", "ld t5, 504(sp)"}, {"c.ldsp t5, 168(sp)", "ld t5, 168(sp)"},
    {"c.jr t0", "jalr zero, 0(t0)"},
    {"c.jalr t0", "jalr ra, 0(t0)"}, {"c.mv s8, t2", "add s8, zero, t2"}, {"c.add s8, t2", "add s8, s8, t2"}, {"c.ebreak", "ebreak"}, {"c.fsdsp ft3, 504(sp)", "fsd ft3, 504(sp)"},
    {"c.fsdsp ft3, 168(sp)", "fsd ft3, 168(sp)"}, {"c.swsp t4, 252(sp)", "sw t4, 252(sp)"}, {"c.swsp t4, 84(sp)", "sw t4, 84(sp)"}, {"c.sdsp t4, 504(sp)", "sd t4, 504(sp)"},
    {"c.sdsp t4, 296(sp)", "sd t4, 296(sp)"},
};

static void test_compressed_instructions_stand_for_others(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  text t = text_new(&ctx.mem);
  text_add(&t, ".globl f\nf:\n .option norelax\n");
  for (size_t i = 0; i < COUNT_OF(pairs); i++)
    text_addf(&t, " .option rvc\n %s\n c.nop\n .option norvc\n %s\n", pairs[i].compressed, pairs[i].plain);
  rvv_image *image = testing_load(&ctx, text_str(&t), NULL, 0, 1, 128);
  for (size_t i = 0; i < COUNT_OF(pairs); i++) {
    uint16_t c;
    uint32_t w;
    memcpy(&c, image->bytes + i * 8, 2);
    memcpy(&w, image->bytes + i * 8 + 4, 4);
    if (rvv_expand(c) != w)
      fail_msg("%s (%04x) is %08x, not %08x (%s)", pairs[i].compressed, c, rvv_expand(c), w, pairs[i].plain);
  }
  loom_ctx_done(&ctx);
}

/* All 65536: what is no instruction of four bytes is none of two either. */
static void test_every_compressed_word_is_decoded_or_refused(void **state) {
  (void)state;
  int known = 0;
  for (uint32_t c = 0; c < 65536; c++)
    if ((c & 3) != 3) {
      uint32_t w = rvv_expand((uint16_t)c);
      assert_true(w == 0 || rvv_decode(w).code != RVV_OP_BAD);
      known += w != 0;
    }
  assert_true(known > 40000 && known < 49152);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_integers_are_as_defined), cmocka_unit_test(test_floats_are_as_defined), cmocka_unit_test(test_classes_are_as_defined),
                                     cmocka_unit_test(test_compressed_instructions_stand_for_others), cmocka_unit_test(test_every_compressed_word_is_decoded_or_refused)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
