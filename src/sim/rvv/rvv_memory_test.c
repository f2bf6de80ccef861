/* Vector loads and stores: every mode, width, group size, fields, masks.  Oracle: bytes of a lane moved one by one. */
#include "sim/rvv/rvv_lane_testing.h"

enum { BANK = 4096, BASE = 1024 };

/* mode: 'u' unit, 's' strided, 'x' indexed, 'o' indexed in order, 'w' whole registers, 'm' mask. */
typedef struct mcase { char mode; bool is_store, masked; int width, sew, lmul, fields; int64_t stride, vl; } mcase;

static int log2_of(int v) { return __builtin_ctz((unsigned)v); }
static int data_bits(const mcase *t) { return t->mode == 'x' || t->mode == 'o' ? t->sew : t->width; }
static int emul_of(const mcase *t, int bits) { return t->lmul + log2_of(bits) - log2_of(t->sew); }
static int group_of(const mcase *t) { return emul_of(t, data_bits(t)) > 0 ? 1 << emul_of(t, data_bits(t)) : 1; }

static bool is_legal(const mcase *t) {
  int data = emul_of(t, data_bits(t)), index = emul_of(t, t->width);
  return (t->lmul >= 0 || t->sew <= 64 >> -t->lmul) && data >= -3 && data <= 3 && index >= -3 && index <= 3 && group_of(t) * t->fields <= 8;
}

static void emit(text *s, const mcase *t, int number) {
  static const char *const lmuls[] = {"mf8", "mf4", "mf2", "m1", "m2", "m4", "m8"};
  char name[64], segment[16] = "";
  const char *letter = t->is_store ? "s" : "l", *mask = t->masked ? ", v0.t" : "";
  if (t->fields > 1)
    snprintf(segment, sizeof segment, "seg%d", t->fields);
  text_addf(s, ".globl t%d\nt%d: vl1re8.v v0, (a0)\n addi t0, a0, %d\n vl8re8.v v8, (t0)\n addi t1, t0, %d\n vl8re8.v v16, (t1)\n"
      " vsetvli t2, a2, e%d, %s, ta, ma\n", number, number, VLEN_BYTES, GROUP,
            t->sew, lmuls[t->lmul + 3]);
  switch (t->mode) {
  case 'u': snprintf(name, sizeof name, "v%s%se%d.v v8, (a1)", letter, segment, t->width); break;
  case 's': snprintf(name, sizeof name, "v%ss%se%d.v v8, (a1), a3", letter, segment, t->width); break;
  case 'm': snprintf(name, sizeof name, "v%sm.v v8, (a1)", letter); break;
  case 'w': snprintf(name, sizeof name, t->is_store ? "vs%dr.v v8, (a1)" : "vl%dre%d.v v8, (a1)", t->fields, t->width); break;
  default: snprintf(name, sizeof name, "v%s%cx%sei%d.v v8, (a1), v16", letter, t->mode == 'x' ? 'u' : 'o', segment, t->width);
  }
  text_addf(s, " %s%s\n vs8r.v v8, (t0)\n ret\n", name, mask);
}

/* One lane, byte by byte.  bank[BASE] is where a1 points. */
static void reference(const mcase *t, const uint8_t *v0, uint8_t *vd, const uint8_t *index, uint8_t *bank) {
  int bytes = data_bits(t) / 8, group = group_of(t);
  int64_t n = t->mode == 'w' ? t->fields * VLEN_BYTES / bytes : t->mode == 'm' ? (t->vl + 7) / 8 : t->vl;
  int fields = t->mode == 'w' || t->mode == 'm' ? 1 : t->fields;
  for (int64_t e = 0; e < n; e++) {
    if (t->masked && !(v0[e / 8] >> (e % 8) & 1))
      continue;
    uint64_t i = 0;
    memcpy(&i, index + e * t->width / 8, (size_t)t->width / 8);
    int64_t at = t->mode == 's' ? e * t->stride : t->mode == 'x' || t->mode == 'o' ? (int64_t)i : e * bytes * fields;
    for (int f = 0; f < fields; f++) {
      uint8_t *in = vd + f * group * VLEN_BYTES + e * bytes, *there = bank + BASE + at + f * bytes;
      memcpy(t->is_store ? there : in, t->is_store ? in : there, (size_t)bytes);
    }
  }
}

typedef struct mtest { loom_ctx ctx; rvv_image *image; rvv_core *core; rng r; uint32_t *registers, *bank; } mtest;

static void run(mtest *m, const mcase *given, int number) {
  mcase t = *given;
  static uint8_t v[LANES][VLEN_BYTES + 2 * GROUP], bank[LANES][BANK];
  int64_t most = t.lmul >= 0 ? (VLEN << t.lmul) / t.sew : (VLEN >> -t.lmul) / t.sew, bytes = data_bits(&t) / 8;
  t.vl = rng_range(&m->r, 0, 2) ? most : rng_range(&m->r, 0, most);
  t.stride = rng_range(&m->r, -1, 1) * bytes * t.fields;
  for (int l = 0; l < LANES; l++) {
    for (size_t i = 0; i < sizeof v[l]; i++)
      v[l][i] = (uint8_t)rng_next(&m->r);
    for (int64_t e = 0; e < most && (t.mode == 'x' || t.mode == 'o'); e++) {           /* aligned, within the bank; rows do not overlap, so that order does not matter */
      uint64_t i = (uint64_t)((t.is_store ? e : rng_range(&m->r, 0, 15)) * bytes * t.fields) & (t.width == 8 ? 0xff : UINT64_MAX);
      memcpy(v[l] + VLEN_BYTES + GROUP + e * t.width / 8, &i, (size_t)t.width / 8);
    }
    for (int i = 0; i < BANK; i++)
      bank[l][i] = (uint8_t)rng_next(&m->r);
    for (size_t i = 0; i < sizeof v[l]; i++)
      *testing_byte(m->registers, LANES, l, i) = v[l][i];
    for (uint64_t i = 0; i < BANK; i++)
      *testing_byte(m->bank, LANES, l, i) = bank[l][i];
  }
  rvv_window w[] = {{.address = TESTING_SPAD, .lane_bytes = sizeof v[0], .words = m->registers}, {.address = TESTING_SPAD + 0x10000, .lane_bytes = BANK, .words = m->bank}};
  int64_t args[] = {(int64_t)TESTING_SPAD, (int64_t)TESTING_SPAD + 0x10000 + BASE, t.vl, t.stride};
  char name[16];
  snprintf(name, sizeof name, "t%d", number);
  rvv_job job = {.entry = rvv_find(m->image, name), .args = args, .n_args = 4, .windows = w, .n_windows = 2};
  rvv_fault fault;
  if (rvv_call(m->core, &job, NULL, &fault) != RVV_FINE)
    fail_msg("case %d: %s", number, fault.text);
  for (int l = 0; l < LANES; l++) {
    reference(&t, v[l], v[l] + VLEN_BYTES, v[l] + VLEN_BYTES + GROUP, bank[l]);
    for (uint64_t i = 0; i < VLEN_BYTES + GROUP; i++)
      if (*testing_byte(m->registers, LANES, l, i) != v[l][i])
        fail_msg("mode %c width %d sew %d m2^%d fields %d%s: lane %d byte %d of the registers", t.mode, t.width, t.sew, t.lmul, t.fields, t.masked ? " masked" : "", l, (int)i);
    for (uint64_t i = 0; i < BANK; i++)
      if (*testing_byte(m->bank, LANES, l, i) != bank[l][i])
        fail_msg("mode %c width %d sew %d m2^%d fields %d%s: lane %d byte %d of the bank", t.mode, t.width, t.sew, t.lmul, t.fields, t.masked ? " masked" : "", l, (int)i);
  }
}

static void test_loads_and_stores_move_the_bytes_they_say(void **state) {
  (void)state;
  mtest m = {.r = rng_new(401 + (uint64_t)testing_number("LOOM_FUZZ_SEED", 0))};
  VEC_OF(mcase) cases = {0};
  loom_ctx_init(&m.ctx);
  text s = text_new(&m.ctx.mem);
  for (const char *mode = "usxowm"; *mode; mode++)
    for (int is_store = 0; is_store < 2; is_store++)
      for (int masked = 0; masked < 2; masked++)
        for (int width = 8; width <= 64; width *= 2)
          for (int sew = 8; sew <= 64; sew *= 2)
            for (int lmul = -3; lmul <= 3; lmul++)
              for (int fields = 1; fields <= 8; fields += fields < 3 ? 1 : 5) {
                mcase t = {*mode, is_store, masked, width, sew, lmul, fields, 0, 0};
                bool is_plain = *mode == 'w' || *mode == 'm';
                if (!is_legal(&t) || (is_plain && (masked || sew != 8 || (*mode == 'w' ? fields == 3 || lmul != 0 || (is_store && width != 8) : fields > 1 || width != 8))))
                  continue;
                vec_push(&m.ctx.mem, &cases, t);
                emit(&s, &t, (int)cases.n - 1);
              }
  m.image = testing_load(&m.ctx, text_str(&s), NULL, 0, LANES, VLEN);
  m.core = rvv_core_new(&m.ctx.mem, m.image);
  m.registers = ARENA_NEW_N(&m.ctx.mem, uint32_t, LANES * (VLEN_BYTES + 2 * GROUP) / 4);
  m.bank = ARENA_NEW_N(&m.ctx.mem, uint32_t, LANES * BANK / 4);
  for (size_t i = 0; i < cases.n; i++)
    run(&m, &cases.at[i], (int)i);
  loom_ctx_done(&m.ctx);
}

/* ---- what is not accessed, and what calls leave ---- */

static rvv_fault_kind call(rvv_core *core, const rvv_image *image, const char *name, uint32_t *words, rvv_fault *fault) {
  rvv_window w = {.address = TESTING_SPAD, .lane_bytes = 64, .words = words};
  int64_t args[] = {(int64_t)TESTING_SPAD};
  rvv_job job = {.entry = rvv_find(image, name), .args = args, .n_args = 1, .windows = &w, .n_windows = 1, .budget = 1000};
  return rvv_call(core, &job, NULL, fault);
}

static void test_elements_that_no_lane_accesses_need_no_memory(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  rvv_image *image = testing_load(&ctx, ".globl f\nf: vsetivli t0, 4, e32, m1, ta, ma\n vmv.v.i v0, 3\n addi a0, a0, 56\n vle32.v v8, (a0), v0.t\n vse32.v v8, (a0), v0.t\n ret\n"
                                        ".globl g\ng: vsetivli t0, 4, e32, m1, ta, ma\n addi a0, a0, 56\n vle32.v v8, (a0)\n ret\n.globl h\nh: vsetivli t0, 4, e32, m1, ta, ma\n"
                                            " vmv.v.i v0, 7\n addi a0, a0, 56\n"
                                        " vle32.v v8, (a0), v0.t\n ret\n.globl z\nz: vsetivli t0, 0, e32, m1, ta, ma\n vle32.v v8, (zero)\n ret\n", NULL, 0, LANES, VLEN);
  rvv_core *core = rvv_core_new(&ctx.mem, image);
  uint32_t words[16 * LANES] = {0};
  rvv_fault fault;
  assert_int_equal(call(core, image, "f", words, &fault), RVV_FINE);
  assert_int_equal(call(core, image, "z", words, &fault), RVV_FINE);
  assert_int_equal(call(core, image, "g", words, &fault), RVV_NO_MEMORY);
  assert_non_null(strstr(fault.text, "16 bytes at 0xd0000038"));
  assert_int_equal(call(core, image, "h", words, &fault), RVV_NO_MEMORY);
  assert_non_null(strstr(fault.text, "4 bytes at 0xd0000040"));
  loom_ctx_done(&ctx);
}

static void test_calls_begin_with_nothing_of_those_before(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  rvv_image *image = testing_load(&ctx, ".globl f\nf: vsetivli t0, 4, e32, m1, ta, ma\n vmv.v.i v8, 1\n fsrmi 2\n li a1, 5\n lr.w t0, (a0)\n ret\n"
                                        ".globl g\ng: vs1r.v v8, (a0)\n frrm t1\n addi a1, a1, 16\n add a1, a1, t1\n sc.w t2, a1, (a0)\n addi a0, t2, 40\n add a0, a0, a1\n"
                                            " ret\n", NULL, 0, LANES, VLEN);
  rvv_core *core = rvv_core_new(&ctx.mem, image);
  uint32_t words[16 * LANES] = {0};
  rvv_fault fault;
  assert_int_equal(call(core, image, "f", words, &fault), RVV_FINE);
  assert_int_equal(call(core, image, "g", words, &fault), RVV_FINE);
  for (int i = 0; i < 4 * LANES; i++)
    assert_true(words[i] == UINT32_MAX);                   /* NaN, and the store that was conditional is not done */
  assert_true(rvv_result(core) == 40 + 1 + 16);
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_loads_and_stores_move_the_bytes_they_say), cmocka_unit_test(test_elements_that_no_lane_accesses_need_no_memory),
                                     cmocka_unit_test(test_calls_begin_with_nothing_of_those_before)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
