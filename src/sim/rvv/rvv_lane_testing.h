/* One lane as bytes, obviously right: what the tests of vector instructions hold the core against.  Registers are an array of bytes, element e of w bits lies at byte e * w / 8. */
#ifndef LOOM_SIM_RVV_LANE_TESTING_H
#define LOOM_SIM_RVV_LANE_TESTING_H
#include "base/vec.h"
#include "sim/rvv/rvv_testing.h"

enum { LANES = 5, VLEN = 128, VLEN_BYTES = VLEN / 8, GROUP = 8 * VLEN_BYTES };
enum { V0 = 0, VD = 8, VS2 = 16, VS1 = 24 };

typedef struct lane { uint8_t v[32 * VLEN_BYTES]; } lane;
typedef struct vcase { const struct vrow *row; char form; int sew, lmul; bool masked; int imm; int64_t vl; uint64_t scalar; } vcase;
/* Changes vd's registers of the lane as the instruction would. */
typedef void vref(lane *l, const vcase *t);
/* value: of elementwise rows, from raw bits of vs2, vs1 and vd. */
typedef struct vrow {
  const char *name, *forms;             /* "vxif": .vv, .vx, .vi (u: unsigned), .vf; "m": .mm; "V" .vs; " ": none */
  int d_twice, a_twice;                 /* vd, vs2 of 2 SEW */
  char kind;                            /* 'i' integers, 'f' floats, 'k' the result is a mask of integers, 'K' of floats, 't' ternary integers, 'T' ternary floats */
  uint64_t (*value)(uint64_t a, uint64_t b, uint64_t d, int sew, const vcase *t);
  vref *ref;                            /* instead of value */
} vrow;

static inline uint64_t lane_get(const lane *l, int r, int64_t e, int bits) {
  uint64_t v = 0;
  memcpy(&v, l->v + r * VLEN_BYTES + e * bits / 8, (size_t)bits / 8);
  return v;
}
static inline void lane_put(lane *l, int r, int64_t e, int bits, uint64_t v) { memcpy(l->v + r * VLEN_BYTES + e * bits / 8, &v, (size_t)bits / 8); }
static inline bool lane_bit(const lane *l, int r, int64_t e) { return l->v[r * VLEN_BYTES + e / 8] >> (e % 8) & 1; }
static inline void lane_set_bit(lane *l, int r, int64_t e, bool v) {
  uint8_t *b = &l->v[r * VLEN_BYTES + e / 8];
  *b = (uint8_t)((*b & ~(1 << (e % 8))) | v << (e % 8));
}
static inline bool lane_is_on(const lane *l, const vcase *t, int64_t e) { return !t->masked || lane_bit(l, V0, e); }
static inline int64_t vlmax_of(int sew, int lmul) { return lmul >= 0 ? (VLEN << lmul) / sew : (VLEN >> -lmul) / sew; }
static inline int64_t sx(uint64_t v, int bits) { return (int64_t)(v << (64 - bits)) >> (64 - bits); }
static inline uint64_t zx(uint64_t v, int bits) { return v << (64 - bits) >> (64 - bits); }

static inline uint64_t operand_of(const lane *l, const vcase *t, int64_t e) {
  switch (t->form) {
  case 'v': case 'm': case 'V': return lane_get(l, VS1, e, t->sew);
  case 'i': case 'u': return zx((uint64_t)(int64_t)t->imm, t->sew);
  case 'f': return t->sew == 64 ? t->scalar : zx(t->scalar, t->sew);
  default: return zx(t->scalar, t->sew);
  }
}

static inline void lane_elementwise(lane *l, const vcase *t) {
  const vrow *r = t->row;
  int d_bits = t->sew << r->d_twice, a_bits = t->sew << r->a_twice;
  lane before = *l;
  for (int64_t e = 0; e < t->vl; e++) {
    if (!lane_is_on(&before, t, e))
      continue;
    bool is_mask = r->kind == 'k' || r->kind == 'K';
    uint64_t v = r->value(lane_get(&before, VS2, e, a_bits), operand_of(&before, t, e), is_mask ? 0 : lane_get(&before, VD, e, d_bits), t->sew, t);
    if (is_mask)
      lane_set_bit(l, VD, e, v & 1);
    else
      lane_put(l, VD, e, d_bits, v);
  }
}

/* ---- the program: a function a case ---- */

/* a0 memory of 25 registers: v0, then vd, vs2, vs1 of eight each; a1 the scalar; a2 vl. */
static inline void emit_case(text *s, const vcase *t, int number) {
  static const char *const lmuls[] = {"mf8", "mf4", "mf2", "m1", "m2", "m4", "m8"};
  const vrow *r = t->row;
  const char *mask = t->masked ? ", v0.t" : "";
  char vs1[16], op[192];
  const char *suffix = t->form == 'v' ? "vv" : t->form == 'x' ? "vx" : t->form == 'f' ? "vf" : t->form == 'm' ? "mm" : t->form == 'V' ? "vs" : "vi";
  char name[32];
  snprintf(name, sizeof name, "%s", r->name);
  if (strlen(name) > 2 && strcmp(name + strlen(name) - 2, ".w") == 0) {      /* vwadd.wv, vnsrl.wi */
    name[strlen(name) - 2] = '\0';
    suffix = t->form == 'v' ? "wv" : t->form == 'x' ? "wx" : t->form == 'f' ? "wf" : "wi";
  }
  snprintf(vs1, sizeof vs1, t->form == 'x' ? "a1" : t->form == 'f' ? "fa0" : t->form == 'i' || t->form == 'u' ? "%d" : "v24", t->imm);
  if (strchr(r->name, ' '))                                                  /* a whole line but for the mask */
    snprintf(op, sizeof op, "%s%s", r->name, mask);
  else if (r->kind == 't' || r->kind == 'T')
    snprintf(op, sizeof op, "%s.%s v8, %s, v16%s", name, suffix, vs1, mask);
  else
    snprintf(op, sizeof op, "%s.%s v8, v16, %s%s", name, suffix, vs1, mask);
  text_addf(s, "  .globl t%d\nt%d:\n  addi t0, a0, %d\n  addi t1, t0, %d\n  addi t2, t1, %d\n  vl1re8.v v0, (a0)\n  vl8re8.v v8, (t0)\n  vl8re8.v v16, (t1)\n"
      "  vl8re8.v v24, (t2)\n", number, number,
            VLEN_BYTES, GROUP, GROUP);
  text_addf(s, "  fmv.d.x fa0, a1\n  csrwi vxrm, %d\n  vsetvli a3, a2, e%d, %s, ta, ma\n  csrr t4, vtype\n  %s\n  vs8r.v v8, (t0)\n  mv a0, a4\n"
      "  ret\n", t->imm & 3, t->sew, lmuls[t->lmul + 3], op);
}

static inline void load_lane(uint32_t *words, int l, const lane *from) {
  for (int i = 0; i < VLEN_BYTES; i++)
    *testing_byte(words, LANES, l, (uint64_t)i) = from->v[i];
  for (int i = 0; i < 3 * GROUP; i++)
    *testing_byte(words, LANES, l, (uint64_t)(VLEN_BYTES + i)) = from->v[VD * VLEN_BYTES + i];
}

typedef struct vtest { loom_ctx ctx; rvv_image *image; rvv_core *core; vcase *cases; int n; uint32_t *words; rng r; } vtest;
enum { MEMORY_BYTES = VLEN_BYTES + 3 * GROUP };

static inline void run_case(vtest *v, int number) {
  vcase t = v->cases[number];
  lane lanes[LANES];
  int64_t most = vlmax_of(t.sew, t.lmul);
  char name[16];
  t.vl = rng_range(&v->r, 0, 3) == 0 ? rng_range(&v->r, 0, most) : most;
  t.scalar = testing_corner(&v->r, t.sew);
  if (t.form == 'f' && t.sew < 64)
    t.scalar |= UINT64_MAX << t.sew;
  int widest = t.sew << (t.row->d_twice | t.row->a_twice);
  for (int l = 0; l < LANES; l++)
    for (int r = 0; r < 32; r++)
      for (int e = 0; e < VLEN / 8; e++) {
        int bits = r >= VS1 ? t.sew : r >= VS2 ? t.sew << t.row->a_twice : r >= VD ? widest : 8;
        if (e < VLEN / bits)
          lane_put(&lanes[l], r, e, bits, testing_corner(&v->r, bits));
      }
  for (int l = 0; l < LANES; l++)
    load_lane(v->words, l, &lanes[l]);
  snprintf(name, sizeof name, "t%d", number);
  int64_t args[] = {(int64_t)TESTING_SPAD, (int64_t)t.scalar, t.vl};
  rvv_window w = {.address = TESTING_SPAD, .lane_bytes = MEMORY_BYTES, .words = v->words};
  rvv_fault fault;
  rvv_job job = {.entry = rvv_find(v->image, name), .args = args, .n_args = 3, .windows = &w, .n_windows = 1, .budget = 1000};
  assert_true(job.entry != 0);
  if (rvv_call(v->core, &job, NULL, &fault) != RVV_FINE)
    fail_msg("%s.%c e%d m2^%d: %s", t.row->name, t.form, t.sew, t.lmul, fault.text);
  for (int l = 0; l < LANES; l++) {
    lane after = lanes[l];
    (t.row->ref ? t.row->ref : lane_elementwise)(&after, &t);
    for (int i = 0; i < GROUP; i++) {
      uint8_t got = *testing_byte(v->words, LANES, l, (uint64_t)(VLEN_BYTES + i)), expected = after.v[VD * VLEN_BYTES + i];
      if (got == expected)
        continue;
      int e = i * 8 / (t.sew << t.row->d_twice);
      fail_msg("%s.%c e%d m2^%d%s vl %d imm %d scalar %llx: lane %d byte %d (element %d) is %02x, not %02x; vs2 %llx vs1 %llx vd %llx expected vd %llx", t.row->name, t.form, t.sew, t.lmul,
               t.masked ? " masked" : "", (int)t.vl, t.imm, (unsigned long long)t.scalar, l, i, e, got, expected, (unsigned long long)lane_get(&lanes[l], VS2, e, t.sew << t.row->a_twice),
               (unsigned long long)operand_of(&lanes[l], &t, e), (unsigned long long)lane_get(&lanes[l], VD, e, t.sew << t.row->d_twice),
               (unsigned long long)lane_get(&after, VD, e, t.sew << t.row->d_twice));
    }
  }
}

/* All rows, forms, element widths of least_sew..most_sew and group sizes from 2^least_lmul on that RVV allows, three times each with random values; with a mask too if has_masked. */
typedef struct vrange { int least_sew, most_sew, least_lmul; bool has_masked; uint64_t seed; } vrange;

static inline bool is_allowed(const vrow *r, int sew, int lmul) {
  bool twice = r->d_twice || r->a_twice;
  return (lmul >= 0 || sew <= 64 >> -lmul) && !(twice && (lmul == 3 || sew == 64));
}

static inline void run_range(const vrow *rows, size_t n_rows, const vrange *range) {
  vtest v = {.r = rng_new(range->seed + (uint64_t)testing_number("LOOM_FUZZ_SEED", 0))};
  loom_ctx_init(&v.ctx);
  text s = text_new(&v.ctx.mem);
  VEC_OF(vcase) cases = {0};
  for (size_t i = 0; i < n_rows; i++)
    for (const char *form = rows[i].forms; *form; form++)
      for (int sew = range->least_sew; sew <= range->most_sew; sew *= 2)
        for (int lmul = range->least_lmul; lmul <= 3; lmul++)
          for (int masked = 0; masked <= (int)range->has_masked; masked++)
            if (is_allowed(&rows[i], sew, lmul)) {
              vcase t = {.row = &rows[i], .form = *form, .sew = sew, .lmul = lmul, .masked = masked, .imm = (int)(*form == 'u' ? rng_range(&v.r, 0, 31) : rng_range(&v.r, -16, 15))};
              vec_push(&v.ctx.mem, &cases, t);
            }
  text_add(&s, "  .text\n");
  for (size_t i = 0; i < cases.n; i++)
    emit_case(&s, &cases.at[i], (int)i);
  v.image = testing_load(&v.ctx, text_str(&s), NULL, 0, LANES, VLEN);
  v.core = rvv_core_new(&v.ctx.mem, v.image);
  v.words = ARENA_NEW_N(&v.ctx.mem, uint32_t, LANES * MEMORY_BYTES / 4);
  v.cases = cases.at;
  for (size_t i = 0; i < cases.n; i++)
    for (int times = 0; times < 3; times++)
      run_case(&v, (int)i);
  loom_ctx_done(&v.ctx);
}

static inline void run_rows(const vrow *rows, size_t n, int least_sew, int most_sew, uint64_t seed) { run_range(rows, n, &(vrange){least_sew, most_sew, -3, true, seed}); }
static inline void run_unmasked(const vrow *rows, size_t n, int least_sew, int most_sew, uint64_t seed) { run_range(rows, n, &(vrange){least_sew, most_sew, -3, false, seed}); }
static inline void run_least(const vrow *rows, size_t n, int least_sew, int most_sew, int least_lmul, uint64_t seed) {
  run_range(rows, n, &(vrange){least_sew, most_sew, least_lmul, true, seed});
}
#endif
