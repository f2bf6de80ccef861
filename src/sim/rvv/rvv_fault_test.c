/* Vector instructions that RVV 1.0 calls reserved: each is a fault of its kind, with what is wrong in its text.  What the assembler refuses is written as a word. */
#include "sim/rvv/rvv_private.h"
#include "sim/rvv/rvv_testing.h"

enum { VV = 0, FVV = 1, MVV = 2, VI = 3, VX = 4, FVF = 5, MVX = 6 };      /* funct3 */
#define OPV(funct6, is_unmasked, vs2, vs1, form, vd) ((uint32_t)(funct6) << 26 | (is_unmasked) << 25 | (vs2) << 20 | (vs1) << 15 | (form) << 12 | (vd) << 7 | 0x57)
/* A load (opcode 7) or store (0x27) by t1 of `width` (0, 5, 6, 7: 8 to 64 bits); mop 0 unit, 1 indexed, 2 strided. */
#define OPM(opcode, fields, mop, is_unmasked, rs2, width, vd) ((uint32_t)((fields) - 1) << 29 | (mop) << 26 | (is_unmasked) << 25 | (rs2) << 20 | 6 << 15 | (width) << 12 | (vd) << 7 | (opcode))

typedef struct fault_case { const char *type, *before; uint32_t word; rvv_fault_kind kind; const char *part; } fault_case;

static void expect_fault(const fault_case *t, int index) {
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  const char *type = t->type ? arena_printf(&ctx.mem, " vsetvli t0, zero, %s, ta, ma\n", t->type) : "";
  const char *word = t->word ? arena_printf(&ctx.mem, " .word 0x%08x\n", t->word) : "";
  const char *program = arena_printf(&ctx.mem, ".globl f\nf: li t1, 0xd0000000\n%s %s\n%s ret\n", type, t->before ? t->before : "", word);
  rvv_image *image = testing_load(&ctx, program, NULL, 0, 2, 128);
  rvv_core *core = rvv_core_new(&ctx.mem, image);
  uint32_t words[2 * 1024] = {0};
  rvv_window w = {.address = TESTING_SPAD, .lane_bytes = 4096, .words = words};
  rvv_job job = {.entry = rvv_find(image, "f"), .windows = &w, .n_windows = 1, .budget = 1000};
  rvv_fault fault;
  rvv_call(core, &job, NULL, &fault);
  if (fault.kind != t->kind || (t->kind != RVV_FINE && !strstr(fault.text, t->part)))
    fail_msg("case %d (%s, %s, %08x): %s: %s; expected \"%s\"", index, t->type ? t->type : "", t->before ? t->before : "", t->word, rvv_fault_name(fault.kind), fault.text, t->part);
  loom_ctx_done(&ctx);
}

static void expect_all(const fault_case *cases, size_t n) {
  for (size_t i = 0; i < n; i++)
    expect_fault(&cases[i], (int)i);
}

/* Groups of two registers (vs2 of some: four) begin at even numbers. */
static void test_groups_begin_at_multiples(void **state) {
  (void)state;
  static const struct { const char *format; int widest[3]; } rows[] = {      /* registers of vd, vs2, vs1 a group; 0: none such, 1: any register */
      {"vadd.vv v%d, v%d, v%d", {2, 2, 2}},         {"vfadd.vv v%d, v%d, v%d", {2, 2, 2}},      {"vsaddu.vv v%d, v%d, v%d", {2, 2, 2}},  {"vaaddu.vv v%d, v%d, v%d", {2, 2, 2}},
      {"vnclipu.wv v%d, v%d, v%d", {2, 4, 2}},      {"vssrl.vv v%d, v%d, v%d", {2, 2, 2}},      {"vmerge.vvm v%d, v%d, v%d, v0", {2, 2, 2}}, {"vmv.v.v v%d, v%d", {2, 0, 2}},
      {"vslideup.vi v%d, v%d, 1", {2, 2, 0}},       {"vslidedown.vi v%d, v%d, 1", {2, 2, 0}},   {"vslide1up.vx v%d, v%d, t0", {2, 2, 0}}, {"vslide1down.vx v%d, v%d, t0", {2, 2, 0}},
      {"vfslide1up.vf v%d, v%d, fa0", {2, 2, 0}},   {"vfslide1down.vf v%d, v%d, fa0", {2, 2, 0}}, {"vrgather.vv v%d, v%d, v%d", {2, 2, 2}}, {"vrgather.vx v%d, v%d, t0", {2, 2, 0}},
      {"vcompress.vm v%d, v%d, v%d", {2, 2, 1}},    {"vfmerge.vfm v%d, v%d, fa0, v0", {2, 2, 0}}, {"vfsqrt.v v%d, v%d", {2, 2, 0}},       {"vfclass.v v%d, v%d", {2, 2, 0}},
      {"vfcvt.x.f.v v%d, v%d", {2, 2, 0}},          {"vfncvt.f.f.w v%d, v%d", {2, 4, 0}},       {"vfwcvt.f.f.v v%d, v%d", {4, 2, 0}},    {"vwadd.vv v%d, v%d, v%d", {4, 2, 2}},
      {"vadc.vvm v%d, v%d, v%d, v0", {2, 2, 2}},    {"vmadc.vv v%d, v%d, v%d", {1, 2, 2}},      {"vid.v v%d", {2, 0, 0}},                {"viota.m v%d, v%d", {2, 1, 0}},
      {"vredsum.vs v%d, v%d, v%d", {1, 2, 1}},      {"vfredosum.vs v%d, v%d, v%d", {1, 2, 1}},  {"vmseq.vv v%d, v%d, v%d", {1, 2, 2}},   {"vmfeq.vv v%d, v%d, v%d", {1, 2, 2}},
  };
  static const int good[] = {8, 16, 24};
  static const char *const names[] = {"vd", "vs2", "vs1"};
  for (size_t i = 0; i < COUNT_OF(rows); i++)
    for (int wrong = -1; wrong < 3; wrong++) {
      if (wrong >= 0 && rows[i].widest[wrong] == 0)
        continue;
      int r[3];
      char line[96], part[64];
      memcpy(r, good, sizeof r);
      if (wrong >= 0)
        r[wrong]++;
      const bool is_fault = wrong >= 0 && rows[i].widest[wrong] > 1;
      snprintf(line, sizeof line, rows[i].format, r[0], rows[i].widest[1] ? r[1] : r[2], r[2]);
      snprintf(part, sizeof part, "%s is v%d, in groups of %d", wrong >= 0 ? names[wrong] : "", wrong >= 0 ? r[wrong] : 0, wrong >= 0 ? rows[i].widest[wrong] : 0);
      expect_fault(&(fault_case){"e32, m2", line, 0, is_fault ? RVV_BAD_VTYPE : RVV_FINE, part}, (int)i * 4 + wrong);
    }
}

static void test_reserved_arithmetic_is_a_fault(void **state) {
  (void)state;
  static const fault_case cases[] = {
      /* widths */
      {"e8, m1", NULL, OPV(0x12, 1, 16, 6, MVV, 8), RVV_BAD_VTYPE, "vs2 has elements of 4 bits"},
      {"e64, m1", "vfwcvt.f.f.v v8, v16", 0, RVV_BAD_VTYPE, "vd has elements of 128 bits"},
      {"e64, m1", "vnclip.wi v8, v16, 1", 0, RVV_BAD_VTYPE, "vs2 has elements of 128 bits"},
      {"e8, m1", "vfcvt.x.f.v v8, v16", 0, RVV_BAD_VTYPE, "elements of 8 bits from 8"},
      {"e8, m1", "vfcvt.f.x.v v8, v16", 0, RVV_BAD_VTYPE, "elements of 8 bits from 8"},
      {"e8, m1", "vfwcvt.x.f.v v8, v16", 0, RVV_BAD_VTYPE, "elements of 16 bits from 8"},
      {"e32, m1", "vfwcvtbf16.f.f.v v8, v16", 0, RVV_BAD_VTYPE, "elements of 64 bits from 32"},
      {"e8, m1", "vfncvtbf16.f.f.w v8, v16", 0, RVV_BAD_VTYPE, "elements of 8 bits from 16"},
      {"e8, m1", "vfsqrt.v v8, v16", 0, RVV_BAD_VTYPE, "floats of 8 bits"},
      {"e8, m1", "vfmv.f.s fa0, v16", 0, RVV_BAD_VTYPE, "floats of 8 bits"},
      {"e8, m1", "vfmv.s.f v16, fa0", 0, RVV_BAD_VTYPE, "floats of 8 bits"},
      {"e8, m1", "vfmerge.vfm v8, v16, fa0, v0", 0, RVV_BAD_VTYPE, "floats of 8 bits"},
      {"e8, m1", "vfslide1up.vf v8, v16, fa0", 0, RVV_BAD_VTYPE, "floats of 8 bits"},
      {"e8, m1", "vfslide1down.vf v8, v16, fa0", 0, RVV_BAD_VTYPE, "floats of 8 bits"},
      {"e8, m1", "vfredusum.vs v8, v16, v24", 0, RVV_BAD_VTYPE, "elements of 8 bits"},
      {"e64, m1", "vwredsum.vs v8, v16, v24", 0, RVV_BAD_VTYPE, "elements of 64 bits"},
      /* rounding */
      {"e32, m1", "fsrmi 3\n vfsqrt.v v8, v16", 0, RVV_ROUNDING, "mode 3"},
      {"e32, m1", "fsrmi 3\n vfclass.v v8, v16", 0, RVV_FINE, ""},
      {"e32, m1", "fsrmi 3\n vfredosum.vs v8, v16, v24", 0, RVV_ROUNDING, "mode 3"},
      {"e32, m1", "fsrmi 3\n vredsum.vs v8, v16, v24", 0, RVV_FINE, ""},
      {"e32, m1", "fsrmi 3\n vfmin.vv v8, v16, v24\n vfmax.vv v8, v16, v24\n vmflt.vv v8, v16, v24", 0, RVV_FINE, ""},
      {"e16, m1", "fsrmi 6\n vfncvt.f.f.w v8, v16", 0, RVV_ROUNDING, "mode 6"},      /* 6 is to odd in instructions, reserved in frm */
      {"e16, m1", "fsrmi 6\n vfncvtbf16.f.f.w v8, v16", 0, RVV_ROUNDING, "mode 6"},
      {"e32, m1", "fsrmi 5\n vfcvt.x.f.v v8, v16", 0, RVV_ROUNDING, "mode 5"},
      {"e32, m1", "fsrmi 3\n vfcvt.x.f.v v8, v16\n vfwcvt.f.f.v v8, v16\n vfncvt.rod.f.f.w v8, v16", 0, RVV_FINE, ""},
      /* sources that there are not */
      {"e32, m1", NULL, OPV(0x12, 1, 16, 1, MVV, 8), RVV_BAD_INSTRUCTION, "vs1 is 1"},
      {"e32, m1", NULL, OPV(0x12, 1, 16, 8, MVV, 8), RVV_BAD_INSTRUCTION, "vs1 is 8"},
      {"e32, m1", NULL, OPV(0x12, 1, 16, 4, FVV, 8), RVV_BAD_INSTRUCTION, "vs1 is 4"},
      {"e32, m1", NULL, OPV(0x13, 1, 16, 1, FVV, 8), RVV_BAD_INSTRUCTION, "vs1 is 1"},
      {"e32, m1", NULL, OPV(0x14, 1, 16, 4, MVV, 8), RVV_BAD_INSTRUCTION, "vs1 is 4"},
      {"e32, m1", NULL, OPV(0x10, 1, 16, 1, MVV, 8), RVV_BAD_INSTRUCTION, "vs1 is 1"},
      {"e32, m1", NULL, OPV(0x10, 1, 16, 1, FVV, 8), RVV_BAD_INSTRUCTION, "vs1 is 1"},
      {"e32, m1", NULL, OPV(0x10, 1, 16, 5, MVX, 8), RVV_BAD_INSTRUCTION, "vs2 is 16"},
      {"e32, m1", NULL, OPV(0x10, 1, 16, 5, FVF, 8), RVV_BAD_INSTRUCTION, "vs2 is 16"},
      {"e32, m1", NULL, OPV(0x17, 1, 16, 24, VV, 8), RVV_BAD_INSTRUCTION, "a move with vs2"},
      {"e32, m1", NULL, OPV(0x10, 1, 16, 24, VV, 8), RVV_BAD_INSTRUCTION, "no mask"},
      {"e32, m1", NULL, OPV(0x19, 0, 16, 24, MVV, 8), RVV_BAD_INSTRUCTION, "a mask"},
      {"e32, m1", NULL, OPV(0x17, 0, 16, 24, MVV, 8), RVV_BAD_INSTRUCTION, "a mask"},
      /* whole registers */
      {NULL, NULL, OPV(0x27, 1, 16, 2, VI, 8), RVV_BAD_INSTRUCTION, "3 whole registers"},
      {NULL, NULL, OPV(0x27, 1, 16, 15, VI, 8), RVV_BAD_INSTRUCTION, "16 whole registers"},
      {NULL, NULL, OPV(0x27, 0, 16, 0, VI, 8), RVV_BAD_INSTRUCTION, "1 whole registers"},
      {NULL, NULL, OPV(0x27, 1, 16, 1, VI, 9), RVV_BAD_VTYPE, "v9 and v16, in groups of 2"},
      {NULL, NULL, OPV(0x27, 1, 17, 1, VI, 8), RVV_BAD_VTYPE, "v8 and v17, in groups of 2"},
      /* results on operands */
      {"e32, m1", NULL, OPV(0x0e, 1, 8, 6, VX, 8), RVV_BAD_VTYPE, "vd is vs2"},
      {"e32, m1", "vslidedown.vx v8, v8, t1\n vslide1down.vx v8, v8, t1", 0, RVV_FINE, ""},
      {"e32, m1", NULL, OPV(0x0e, 1, 8, 6, MVX, 8), RVV_BAD_VTYPE, "vd is vs2"},
      {"e32, m1", NULL, OPV(0x0c, 1, 8, 24, VV, 8), RVV_BAD_VTYPE, "vd is a source"},
      {"e32, m1", NULL, OPV(0x0c, 1, 16, 8, VV, 8), RVV_BAD_VTYPE, "vd is a source"},
      {"e32, m1", "vrgather.vi v8, v16, 8", 0, RVV_FINE, ""},
      {"e32, m1", NULL, OPV(0x17, 1, 8, 24, MVV, 8), RVV_BAD_VTYPE, "vd is vs2"},
      /* vector types */
      {NULL, "li t2, 0x100\n vsetvl t0, zero, t2\n vadd.vv v8, v16, v24", 0, RVV_BAD_VTYPE, "there is no vector type"},
      {NULL, "li t2, 0x20\n vsetvl t0, zero, t2\n vadd.vv v8, v16, v24", 0, RVV_BAD_VTYPE, "there is no vector type"},
      {NULL, "li t2, 4\n vsetvl t0, zero, t2\n vadd.vv v8, v16, v24", 0, RVV_BAD_VTYPE, "there is no vector type"},
      {NULL, "li t2, 0x1f\n vsetvl t0, zero, t2\n vadd.vv v8, v16, v24", 0, RVV_BAD_VTYPE, "there is no vector type"},
      {NULL, "vmv1r.v v8, v16", 0, RVV_FINE, ""},
  };
  expect_all(cases, COUNT_OF(cases));
}

static void test_reserved_loads_and_stores_are_faults(void **state) {
  (void)state;
  static const fault_case cases[] = {
      {NULL, "vle32.v v8, (t1)", 0, RVV_BAD_VTYPE, "there is no vector type"},
      {NULL, "vl2re32.v v8, (t1)\n vs2r.v v8, (t1)", 0, RVV_FINE, ""},
      {NULL, NULL, OPM(0x07, 3, 0, 1, 8, 6, 8), RVV_BAD_INSTRUCTION, "3 whole registers"},
      {NULL, NULL, OPM(0x07, 2, 0, 1, 8, 6, 9), RVV_BAD_VTYPE, "v9, in groups of 2"},
      {"e32, m1", "vlm.v v8, (t1)\n vsm.v v8, (t1)", 0, RVV_FINE, ""},
      {"e32, m1", NULL, OPM(0x07, 2, 0, 1, 11, 0, 8), RVV_BAD_INSTRUCTION, "a mask of 1 bytes an element"},
      {"e32, m1", NULL, OPM(0x07, 1, 0, 1, 11, 6, 8), RVV_BAD_INSTRUCTION, "a mask of 4 bytes an element"},
      {"e32, m1", "vle32ff.v v8, (t1)", 0, RVV_FINE, ""},
      {"e32, m1", NULL, OPM(0x27, 1, 0, 1, 16, 6, 8), RVV_BAD_INSTRUCTION, "mode 16"},
      {"e32, m1", NULL, OPM(0x07, 1, 0, 1, 5, 6, 8), RVV_BAD_INSTRUCTION, "mode 5"},
      {"e32, m2", "vluxei32.v v8, (t1), v17", 0, RVV_BAD_VTYPE, "the index is v17, in groups of 2"},
      {"e8, m2", "vluxei64.v v8, (t1), v16", 0, RVV_BAD_VTYPE, "the index is a group of 2^4 registers"},
      {"e32, m2", "vle32.v v9, (t1)", 0, RVV_BAD_VTYPE, "vd is v9, in groups of 2"},
      {"e32, m4", "vlseg2e32.v v28, (t1)", 0, RVV_BAD_VTYPE, "2 fields of 4 registers from v28 on"},
      {"e32, m4", "vlseg2e32.v v24, (t1)", 0, RVV_FINE, ""},
      {"e32, m1", "addi t1, t1, 2\n vle32.v v8, (t1)", 0, RVV_MISALIGNED, "4 bytes at 0xd0000002"},
      {"e16, m1", "addi t1, t1, 1\n vle16.v v8, (t1)", 0, RVV_MISALIGNED, "2 bytes at 0xd0000001"},
      {"e32, m1", "li t2, 6\n vlse32.v v8, (t1), t2", 0, RVV_MISALIGNED, "4 bytes at 0xd0000006"},
      {"e32, m1", "li t2, 4096\n vlse32.v v8, (t1), t2", 0, RVV_NO_MEMORY, "4 bytes at 0xd0001000"},
      {"e32, m1", "li t2, 4096\n add t1, t1, t2\n vse32.v v8, (t1)", 0, RVV_NO_MEMORY, "16 bytes at 0xd0001000"},
      {"e32, m1", "vid.v v16\n vsll.vi v16, v16, 1\n vluxei32.v v8, (t1), v16", 0, RVV_MISALIGNED, "4 bytes at 0xd0000002"},
      {"e32, m1", "vid.v v16\n vsll.vi v16, v16, 12\n vluxei32.v v8, (t1), v16", 0, RVV_NO_MEMORY, "4 bytes at 0xd0001000"},
  };
  expect_all(cases, COUNT_OF(cases));
}

/* Indices that differ from lane to lane go one element at a time: the same faults there, and none where the mask is off. */
static void test_lanes_of_their_own_fault_alike(void **state) {
  (void)state;
#define OWN "sf.vc.v.i 0, 0, v16, 0\n vsll.vi v16, v16, "       /* v16: the number of the lane */
  static const fault_case cases[] = {
      {"e32, m1", OWN "2\n vluxei32.v v8, (t1), v16\n vsuxei32.v v8, (t1), v16", 0, RVV_FINE, ""},
      {"e32, m1", OWN "1\n vluxei32.v v8, (t1), v16", 0, RVV_MISALIGNED, "4 bytes at 0xd0000002"},
      {"e32, m1", OWN "12\n vluxei32.v v8, (t1), v16", 0, RVV_NO_MEMORY, "4 bytes at 0xd0001000"},
      {"e32, m1", "vmv.v.i v0, 0\n " OWN "12\n vluxei32.v v8, (t1), v16, v0.t", 0, RVV_FINE, ""},
  };
  expect_all(cases, COUNT_OF(cases));
}

static void test_scalar_floats_round_to_nearest_alone(void **state) {
  (void)state;
  static const fault_case cases[] = {
      {NULL, "fsrmi 5\n fcvt.w.s a0, fa0", 0, RVV_ROUNDING, "mode 5; fcvt.w.s"},
      {NULL, "fsrmi 1\n fmv.d.x fa0, zero\n fcvt.lu.d a0, fa0\n ebreak", 0, RVV_TRAP, "a0 is 0"},
      {NULL, "fsrmi 1\n fcvt.s.w fa0, a0", 0, RVV_ROUNDING, "mode 1"},
      {NULL, "fsrmi 1\n fcvt.d.l fa0, a0", 0, RVV_FINE, ""},
      {NULL, "fsrmi 1\n fcvt.s.d fa0, fa0", 0, RVV_ROUNDING, "mode 1"},
      {NULL, "fsrmi 1\n fcvt.d.s fa0, fa0", 0, RVV_FINE, ""},
      {NULL, "fsrmi 1\n fcvt.bf16.s fa0, fa0", 0, RVV_ROUNDING, "mode 1"},
      {NULL, "fsrmi 1\n fmadd.s fa0, fa0, fa0, fa0", 0, RVV_ROUNDING, "mode 1; fmadd.s"},
      {NULL, "li a0, 0x3f818000\n fmv.w.x fa0, a0\n fcvt.bf16.s fa0, fa0\n fmv.x.h a0, fa0\n ebreak", 0, RVV_TRAP, "a0 is 16258"},      /* 1 + 3/256: the even neighbour, 1 + 4/256 */
      {NULL, "li a0, 0x7f81\n fmv.h.x fa0, a0\n fcvt.s.bf16 fa0, fa0\n fmv.x.w a0, fa0\n ebreak", 0, RVV_TRAP, "a0 is 2143289344"},      /* a NaN: the one of all */
      {NULL, "fmv.w.x fa0, zero\n fcvt.s.bf16 fa0, fa0\n fmv.x.w a0, fa0\n ebreak", 0, RVV_TRAP, "a0 is 2143289344"},                       /* no boxed half */
      {NULL, "fmv.w.x fa0, zero\n fclass.s a0, fa0\n ebreak", 0, RVV_TRAP, "a0 is 16"},
  };
  expect_all(cases, COUNT_OF(cases));
}

static void test_instructions_have_their_names(void **state) {
  (void)state;
  static const struct { uint32_t word; const char *name; } cases[] = {
      {0x0d007057, "vsetvli"}, {0xcd007057, "vsetivli"}, {0x80007057, "vsetvl"}, {0xa0007057, "unknown"}, {OPV(0x35, 1, 16, 24, MVV, 8), "vwadd.wv"}, {OPV(0x2c, 1, 16, 24, VI, 8), "vnsrl.wi"},
      {OPV(0, 1, 16, 24, VV, 8), "vadd.vv"}, {OPM(0x07, 1, 0, 1, 0, 6, 8), "vle32.v"}, {OPM(0x27, 1, 1, 1, 16, 5, 8), "vsuxei16.v"}, {OPM(0x07, 1, 2, 1, 5, 7, 8), "vlse64.v"},
      {OPM(0x07, 1, 0, 1, 0, 6, 8) | 1 << 28, "unknown"}, {0x0000005b, "unknown"}, {0x1200305b, "unknown"},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    char name[32];
    const rvv_op op = rvv_decode(cases[i].word);
    rvv_op_name(&op, name);
    assert_string_equal(name, cases[i].name);
  }
}

static void test_control_registers_and_atomics(void **state) {
  (void)state;
  static const fault_case cases[] = {
      {NULL, "csrw vstart, zero\n csrr a0, vstart\n csrwi fflags, 3\n csrr a0, fflags\n csrwi vxsat, 1\n csrr a1, vxsat\n slli a1, a1, 8\n or a0, a0, a1\n"
             "csrr a1, vcsr\n slli a1, a1, 16\n or a0, a0, a1\n ebreak", 0, RVV_TRAP, "a0 is 65795"},      /* 3 | 1 << 8 | 1 << 16 */
      {NULL, "fence.i\n ecall", 0, RVV_TRAP, "a0 is"},
      {NULL, "lr.w a0, (t1)\n addi t2, t1, 8\n sc.w a0, t1, (t2)\n ebreak", 0, RVV_TRAP, "a0 is 1"},        /* another address than was reserved */
      {NULL, "lr.w a0, (t1)\n sc.w a0, t1, (t1)\n ebreak", 0, RVV_TRAP, "a0 is 0"},
      {NULL, "sc.w a0, t1, (t1)\n ebreak", 0, RVV_TRAP, "a0 is 1"},
      {NULL, "la t1, x\n lr.w a0, (t1)\n sc.w a0, t1, (t1)\n ret\n.section .rodata\nx: .word 1\n.text\n", 0, RVV_READ_ONLY, "4 bytes at"},
      {NULL, "la t1, x\n amoadd.w a0, t1, (t1)\n ret\n.section .rodata\nx: .word 1\n.text\n", 0, RVV_READ_ONLY, "4 bytes at"},
      {NULL, "amoadd.w a0, a0, (zero)", 0, RVV_NO_MEMORY, "4 bytes at 0x0"},
      {NULL, "flw fa0, 0(zero)", 0, RVV_NO_MEMORY, "4 bytes at 0x0"},
      {NULL, "fsd fa0, 0(zero)", 0, RVV_NO_MEMORY, "8 bytes at 0x0"},
  };
  expect_all(cases, COUNT_OF(cases));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_groups_begin_at_multiples),
      cmocka_unit_test(test_reserved_arithmetic_is_a_fault),
      cmocka_unit_test(test_reserved_loads_and_stores_are_faults),
      cmocka_unit_test(test_lanes_of_their_own_fault_alike),
      cmocka_unit_test(test_scalar_floats_round_to_nearest_alone),
      cmocka_unit_test(test_instructions_have_their_names),
      cmocka_unit_test(test_control_registers_and_atomics),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
