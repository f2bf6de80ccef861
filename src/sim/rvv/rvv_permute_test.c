/* Elements that move, and masks.  Oracle: the definition on a lane of bytes. */
#include "sim/rvv/rvv_lane_testing.h"

#define EVERY(t) for (int64_t e = 0; e < (t)->vl; e++)
#define REF(name) static void name(lane *l, const vcase *t)

static void put_if_on(lane *l, const lane *before, const vcase *t, int64_t e, uint64_t v) {
  if (lane_is_on(before, t, e))
    lane_put(l, VD, e, t->sew, v);
}

/* ---- merges and moves ---- */

REF(merge) {
  lane before = *l;
  EVERY(t) lane_put(l, VD, e, t->sew, lane_bit(&before, V0, e) ? operand_of(&before, t, e) : lane_get(&before, VS2, e, t->sew));
}
REF(move) { lane before = *l; EVERY(t) lane_put(l, VD, e, t->sew, operand_of(&before, t, e)); }
REF(to_first) {
  if (t->vl > 0)
    lane_put(l, VD, 0, t->sew, operand_of(l, t, 0));
}
REF(whole2) { memcpy(l->v + VD * VLEN_BYTES, l->v + VS2 * VLEN_BYTES, 2 * VLEN_BYTES); (void)t; }
REF(whole8) { memcpy(l->v + VD * VLEN_BYTES, l->v + VS2 * VLEN_BYTES, 8 * VLEN_BYTES); (void)t; }

/* ---- slides ---- */

static uint64_t slide_by(const vcase *t) { return t->form == 'x' ? t->scalar % 40 : (uint64_t)t->imm; }
REF(slide_up) {
  lane before = *l;
  EVERY(t) if ((uint64_t)e >= slide_by(t)) put_if_on(l, &before, t, e, lane_get(&before, VS2, e - (int64_t)slide_by(t), t->sew));
}
REF(slide_down) {
  lane before = *l;
  int64_t most = vlmax_of(t->sew, t->lmul);
  EVERY(t) put_if_on(l, &before, t, e, e + (int64_t)slide_by(t) < most ? lane_get(&before, VS2, e + (int64_t)slide_by(t), t->sew) : 0);
}
REF(slide1_up) { lane before = *l; EVERY(t) put_if_on(l, &before, t, e, e ? lane_get(&before, VS2, e - 1, t->sew) : operand_of(&before, t, 0)); }
REF(slide1_down) { lane before = *l; EVERY(t) put_if_on(l, &before, t, e, e < t->vl - 1 ? lane_get(&before, VS2, e + 1, t->sew) : operand_of(&before, t, 0)); }

/* ---- gathers ---- */

static uint64_t at_index(const lane *before, const vcase *t, uint64_t i) { return i < (uint64_t)vlmax_of(t->sew, t->lmul) ? lane_get(before, VS2, (int64_t)i, t->sew) : 0; }
REF(gather) { lane before = *l; EVERY(t) put_if_on(l, &before, t, e, at_index(&before, t, lane_get(&before, VS1, e, t->sew))); }
REF(gather_small) { lane before = *l; EVERY(t) put_if_on(l, &before, t, e, at_index(&before, t, lane_get(&before, VS1, e, t->sew) & 7)); }
REF(gather16) { lane before = *l; EVERY(t) put_if_on(l, &before, t, e, at_index(&before, t, lane_get(&before, VS1, e, 16) & 7)); }
REF(gather_scalar) { lane before = *l; EVERY(t) put_if_on(l, &before, t, e, at_index(&before, t, slide_by(t))); }
REF(compress) {
  lane before = *l;
  int64_t n = 0;
  EVERY(t) if (lane_bit(&before, VS1, e)) lane_put(l, VD, n++, t->sew, lane_get(&before, VS2, e, t->sew));
}

static void test_elements_move_as_defined(void **state) {
  (void)state;
  static const vrow plain[] = {
      {"vmerge.vvm v8, v16, v24, v0", "v", 0, 0, 'i', NULL, merge}, {"vmerge.vxm v8, v16, a1, v0", "x", 0, 0, 'i', NULL, merge}, {"vmv.v.v v8, v24", "v", 0, 0, 'i', NULL, move},
      {"vmv.v.x v8, a1", "x", 0, 0, 'i', NULL, move}, {"vmv.s.x v8, a1", "x", 0, 0, 'i', NULL, to_first}, {"vmv2r.v v8, v16", "v", 0, 0, 'i', NULL, whole2},
      {"vmv8r.v v8, v16", "v", 0, 0, 'i', NULL, whole8}, {"vcompress.vm v8, v16, v24", "v", 0, 0, 'i', NULL, compress}};
  static const vrow floats[] = {{"vfmerge.vfm v8, v16, fa0, v0", "f", 0, 0, 'f', NULL, merge}, {"vfmv.v.f v8, fa0", "f", 0, 0, 'f', NULL, move},
  {"vfmv.s.f v8, fa0", "f", 0, 0, 'f', NULL, to_first}};
  static const vrow masked[] = {
      {"vslideup", "u", 0, 0, 'i', NULL, slide_up}, {"vslidedown", "u", 0, 0, 'i', NULL, slide_down}, {"li t3, 40\n  remu a1, a1, t3\n"
          "  vslideup.vx v8, v16, a1", "x", 0, 0, 'i', NULL, slide_up},
      {"li t3, 40\n  remu a1, a1, t3\n  vslidedown.vx v8, v16, a1", "x", 0, 0, 'i', NULL, slide_down}, {"vslide1up", "x", 0, 0, 'i', NULL, slide1_up},
      {"vslide1down", "x", 0, 0, 'i', NULL, slide1_down}, {"vrgather", "v", 0, 0, 'i', NULL, gather}, {"vand.vi v24, v24, 7\n"
          "  vrgather.vv v8, v16, v24", "v", 0, 0, 'i', NULL, gather_small},
      {"vrgather", "u", 0, 0, 'i', NULL, gather_scalar}, {"li t3, 40\n  remu a1, a1, t3\n  vrgather.vx v8, v16, a1", "x", 0, 0, 'i', NULL, gather_scalar}};
  static const vrow float_slides[] = {{"vfslide1up", "f", 0, 0, 'f', NULL, slide1_up}, {"vfslide1down", "f", 0, 0, 'f', NULL, slide1_down}};
  static const vrow indices16[] = {{"vsetvli t3, zero, e16, m8, ta, ma\n  vand.vi v24, v24, 7\n  vsetvl t3, a2, t4\n  vrgatherei16.vv v8, v16, v24", "v", 0, 0, 'i', NULL, gather16}};
  run_unmasked(plain, COUNT_OF(plain), 8, 64, 301);
  run_unmasked(floats, COUNT_OF(floats), 16, 64, 302);
  run_rows(masked, COUNT_OF(masked), 8, 64, 303);
  run_rows(float_slides, COUNT_OF(float_slides), 16, 64, 304);
  run_range(indices16, COUNT_OF(indices16), &(vrange){16, 64, -2, true, 305});
}

/* ---- masks ---- */

#define LOGIC(name, expression)                                            \
  REF(name) {                                                              \
    lane before = *l;                                                      \
    EVERY(t) {                                                             \
      bool a = lane_bit(&before, VS2, e), b = lane_bit(&before, VS1, e);   \
      lane_set_bit(l, VD, e, expression);                                  \
    }                                                                      \
  }
LOGIC(mask_and, a && b) LOGIC(mask_nand, !(a && b)) LOGIC(mask_andn, a && !b) LOGIC(mask_xor, a != b) LOGIC(mask_or, a || b) LOGIC(mask_nor, !(a || b))
LOGIC(mask_orn, a || !b) LOGIC(mask_xnor, a == b)

static int64_t first_on(const lane *l, const vcase *t) {
  EVERY(t) if (lane_is_on(l, t, e) && lane_bit(l, VS2, e)) return e;
  return INT64_MAX;
}
REF(before_first) { lane b = *l; int64_t f = first_on(&b, t); EVERY(t) if (lane_is_on(&b, t, e)) lane_set_bit(l, VD, e, e < f); }
REF(upto_first) { lane b = *l; int64_t f = first_on(&b, t); EVERY(t) if (lane_is_on(&b, t, e)) lane_set_bit(l, VD, e, e <= f); }
REF(only_first) { lane b = *l; int64_t f = first_on(&b, t); EVERY(t) if (lane_is_on(&b, t, e)) lane_set_bit(l, VD, e, e == f); }
REF(iota) {
  lane b = *l;
  uint64_t n = 0;
  EVERY(t) {
    put_if_on(l, &b, t, e, n);
    n += lane_is_on(&b, t, e) && lane_bit(&b, VS2, e);
  }
}
REF(number) { lane b = *l; EVERY(t) put_if_on(l, &b, t, e, (uint64_t)e); }

static void test_masks_are_as_defined(void **state) {
  (void)state;
  static const vrow logic[] = {{"vmand", "m", 0, 0, 'i', NULL, mask_and}, {"vmnand", "m", 0, 0, 'i', NULL, mask_nand}, {"vmandn", "m", 0, 0, 'i', NULL, mask_andn},
  {"vmxor", "m", 0, 0, 'i', NULL, mask_xor},
                               {"vmor", "m", 0, 0, 'i', NULL, mask_or}, {"vmnor", "m", 0, 0, 'i', NULL, mask_nor}, {"vmorn", "m", 0, 0, 'i', NULL, mask_orn},
                               {"vmxnor", "m", 0, 0, 'i', NULL, mask_xnor}};
  static const vrow unary[] = {{"vmsbf.m v8, v16", "v", 0, 0, 'i', NULL, before_first}, {"vmsif.m v8, v16", "v", 0, 0, 'i', NULL, upto_first},
  {"vmsof.m v8, v16", "v", 0, 0, 'i', NULL, only_first},
                               {"viota.m v8, v16", "v", 0, 0, 'i', NULL, iota}, {"vid.v v8", "v", 0, 0, 'i', NULL, number}};
  run_unmasked(logic, COUNT_OF(logic), 8, 64, 306);
  run_rows(unary, COUNT_OF(unary), 8, 64, 307);
}

/* ---- to scalar registers ---- */

/* The same in all lanes is what it is; else it is a fault that names both lanes. */
static void test_scalars_are_one_for_all_lanes(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  static const char program[] = ".globl f\nf: vl1re8.v v1, (a0)\n vsetvli t0, zero, e16, m1, ta, ma\n vmv.x.s a0, v1\n vcpop.m a1, v1\n vfirst.m a2, v1\n vfmv.f.s fa0, v1\n"
      " fmv.x.h a3, fa0\n"
                             " slli a1, a1, 16\n slli a2, a2, 24\n slli a3, a3, 32\n or a1, a1, a2\n or a1, a1, a3\n slli a0, a0, 48\n srli a0, a0, 48\n or a0, a0, a1\n ret\n";
  rvv_image *image = testing_load(&ctx, program, NULL, 0, LANES, VLEN);
  rvv_core *core = rvv_core_new(&ctx.mem, image);
  uint32_t words[LANES * 4] = {0};
  for (int l = 0; l < LANES; l++)
    *testing_byte(words, LANES, l, 0) = 0x28;      /* bits 3 and 5 */
  rvv_window w = {.address = TESTING_SPAD, .lane_bytes = 16, .words = words};
  int64_t args[] = {(int64_t)TESTING_SPAD};
  rvv_job job = {.entry = rvv_find(image, "f"), .args = args, .n_args = 1, .windows = &w, .n_windows = 1};
  rvv_fault fault;
  assert_int_equal(rvv_call(core, &job, NULL, &fault), RVV_FINE);
  assert_true(rvv_result(core) == (int64_t)(0x28 | 2ull << 16 | 3ull << 24 | 0x28ull << 32));
  *testing_byte(words, LANES, 3, 0) = 0x29;
  assert_int_equal(rvv_call(core, &job, NULL, &fault), RVV_LANES_DIFFER);
  assert_non_null(strstr(fault.text, "lane 0 has 0x28 and lane 3 0x29"));
  assert_string_equal(fault.function, "f");
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_elements_move_as_defined), cmocka_unit_test(test_masks_are_as_defined), cmocka_unit_test(test_scalars_are_one_for_all_lanes)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
