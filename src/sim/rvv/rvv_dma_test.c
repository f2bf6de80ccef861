/* Transfers, through machine code.  Oracle: isa_dma_walk, element by element, byte by byte. */
#include "sim/rvv/rvv_rig_testing.h"

/* a0: pairs of rs1, rs2, in the order CONFIG CONFIG2 CONFIG3 [4] [5 6] move; a1: which function of 64: bits 0 indirect, 1 masked, 2.. move. */
static const char transfers[] =
    ".macro WORD f\n ld t0, 0(sp)\n ld t1, 8(sp)\n addi sp, sp, 16\n .insn r CUSTOM_1, 0x3, \\f, x0, t0, t1\n .endm\n"
    ".macro ONE name, indirect, masked, move\n .globl \\name\n\\name: mv s0, sp\n WORD 0\n WORD 4\n WORD 5\n .if \\indirect\n WORD 6\n .endif\n .if \\masked\n WORD 7\n WORD 8\n"
        " .endif\n WORD \\move\n ret\n .endm\n"
    "ONE t00, 0, 0, 2\nONE t10, 1, 0, 2\nONE t20, 0, 1, 2\nONE t30, 1, 1, 2\nONE t01, 0, 0, 1\nONE t11, 1, 0, 1\nONE t21, 0, 1, 1\nONE t31, 1, 1, 1\n"
    "ONE t02, 0, 0, 14\nONE t12, 1, 0, 14\nONE t22, 0, 1, 14\nONE t32, 1, 1, 14\nONE t03, 0, 0, 3\nONE t13, 1, 0, 3\nONE t23, 0, 1, 3\nONE t33, 1, 1, 3\n";

typedef struct model { uint8_t *dram; uint32_t *words; int lanes; const isa_dma *d; uint64_t bytes; bool is_outside, is_twice; uint8_t *stored; } model;
enum { DRAM = 1 << 16, DRAM_AT = 1 << 20, INDEX_AT = 6144 };

/* What the walk says, byte by byte. */
static bool visit(void *self, const isa_place *p) {
  model *m = self;
  uint64_t spad = p->spad - TESTING_SPAD, at = p->dram - DRAM_AT;
  if (m->d->is_indirect && !p->is_outside) {
    uint64_t offset = (p->spad - m->d->spad) / (uint64_t)m->d->elem_bytes, index = 0;
    for (int k = 0; k < m->d->index_bytes; k++)
      index |= (uint64_t)*testing_byte(m->words, m->lanes, p->lane, m->d->index_spad - TESTING_SPAD + offset * (uint64_t)m->d->index_bytes + (uint64_t)k) << (8 * k);
    index = (uint64_t)((int64_t)(index << (64 - 8 * m->d->index_bytes)) >> (64 - 8 * m->d->index_bytes));
    m->is_outside |= m->d->index_limit && index >= m->d->index_limit;
    at += index * m->d->offset_stride * (uint64_t)m->d->elem_bytes;
  }
  if (!p->is_outside && (m->is_outside || at >= m->bytes || m->bytes - at < (uint64_t)m->d->elem_bytes)) {
    m->is_outside = true;
    return false;
  }
  for (int k = 0; k < m->d->elem_bytes; k++) {
    uint8_t *b = testing_byte(m->words, m->lanes, p->lane, spad + (uint64_t)k);
    if (p->is_outside) {
      *b = (uint8_t)(p->fill >> (8 * k));
    } else if (m->d->move == ISA_MVOUT) {
      m->dram[at + (uint64_t)k] = *b;
      m->is_twice |= m->stored[at + (uint64_t)k]++;
    } else {
      *b = m->dram[at + (uint64_t)k];
    }
  }
  return true;
}

/* A tile without holes in any order of its dims, in DRAM with any strides. */
static isa_dma random_transfer(rng *r, int lanes) {
  static const isa_dma_op moves[] = {ISA_MVIN, ISA_MVIN2, ISA_MVIN3, ISA_MVOUT};
  isa_dma d = {.move = moves[rng_range(r, 0, 3)], .lane_axis = (int)rng_range(r, 0, 3), .lane_stride = (uint32_t)rng_range(r, 1, 3), .elem_bytes = 1 << rng_range(r, 0, 3),
               .is_masked = rng_range(r, 0, 1), .is_indirect = rng_range(r, 0, 4) == 0, .index_bytes = rng_range(r, 0, 1) ? 4 : 8, .offset_stride = (uint32_t)rng_range(r, 0, 9),
               .index_limit = rng_range(r, 0, 3) ? 0 : 41};
  int order[4] = {0, 1, 2, 3};
  int64_t stride = 1, dense = 1;
  bool is_dense = rng_range(r, 0, 1);
  for (int i = 3; i >= 0; i--) {
    int k = (int)rng_range(r, 0, i), axis = order[k];
    order[k] = order[i];
    d.dims[axis] = (uint16_t)(axis == d.lane_axis ? rng_range(r, 1, 2 * lanes + 3) : rng_range(r, 1, 4));
    d.spad_stride[axis] = stride;
    stride *= d.dims[axis];
  }
  for (int i = 3; i >= 0; i--) {
    d.dram_stride[i] = is_dense ? dense : rng_range(r, -40, 40);
    dense *= d.dims[i];
    d.low[i] = d.is_masked ? (uint16_t)rng_range(r, 0, d.dims[i] / 2) : 0;
    d.high[i] = d.is_masked ? (uint16_t)rng_range(r, d.dims[i] / 2, d.dims[i] + 1) : d.dims[i];
  }
  if (d.is_masked)
    d.fill = rng_next(r) >> (64 - 8 * d.elem_bytes);
  d.spad = TESTING_SPAD + (uint64_t)(rng_range(r, 0, 8) * d.elem_bytes);
  d.dram = DRAM_AT + (uint64_t)rng_range(r, DRAM / 4, DRAM / 2);
  d.index_spad = TESTING_SPAD + INDEX_AT;
  return d;
}

static void test_transfers_move_what_the_rule_says(void **state) {
  (void)state;
  rig g;
  rng r = rng_new(91 + (uint64_t)testing_number("LOOM_FUZZ_SEED", 0));
  enum { V = 6 };
  rig_open(&g, transfers, V, 128);
  uint8_t *dram = malloc(DRAM), *dram_model = malloc(DRAM), *stored = malloc(DRAM);
  uint32_t *words_model = malloc(sizeof *g.words * V * MEMORY / 4);
  int fine = 0, outside = 0;
  for (int t = 0; t < 3000; t++) {
    isa_dma d = random_transfer(&r, V);
    isa_word w[ISA_DMA_WORDS_MAX];
    int64_t args[8 + 2 * ISA_DMA_WORDS_MAX] = {0};
    int n;
    char name[8];
    uint64_t bytes = (uint64_t)rng_range(&r, DRAM / 2, DRAM);
    if (t % 8 == 0)                   /* near an end of the tensor */
      d.dram = DRAM_AT + (uint64_t)rng_range(&r, 0, 300);
    if (t % 8 == 1)
      d.dram = DRAM_AT + bytes - (uint64_t)rng_range(&r, 1, 600);
    for (int i = 0; i < V * MEMORY / 4; i++)
      g.words[i] = i >= V * INDEX_AT / 4 ? (uint32_t)rng_range(&r, -40, 40) : (uint32_t)rng_next(&r);
    for (int i = V * INDEX_AT / 4; d.index_bytes == 8 && i < V * MEMORY / 4; i++)      /* upper words of indices are their sign */
      if (i / V % 2)
        g.words[i] = (uint32_t)((int32_t)g.words[i - V] >> 31);
    for (int i = 0; i < DRAM; i++)
      dram[i] = (uint8_t)rng_next(&r);
    memcpy(dram_model, dram, DRAM);
    memcpy(words_model, g.words, sizeof *g.words * V * MEMORY / 4);
    assert_null(isa_dma_encode(&d, w, &n));
    for (int i = 0; i < n; i++) {
      args[8 + 2 * i] = (int64_t)w[i].rs1;
      args[9 + 2 * i] = (int64_t)w[i].rs2;
    }
    snprintf(name, sizeof name, "t%d%d", d.is_indirect + 2 * d.is_masked, d.move == ISA_MVIN ? 0 : d.move == ISA_MVIN2 ? 1 : d.move == ISA_MVIN3 ? 2 : 3);
    rvv_tensor tensor = {DRAM_AT, bytes, dram, true, "X"};
    model m = {.dram = dram_model, .words = words_model, .lanes = V, .d = &d, .bytes = bytes, .stored = memset(stored, 0, DRAM)};
    if (isa_dma_lane_bytes(&d, V) > INDEX_AT - 64 || (d.is_indirect && isa_dma_lane_bytes(&d, V) / (uint64_t)d.elem_bytes > (MEMORY - INDEX_AT) / 8))
      continue;
    isa_dma_walk(&d, V, visit, &m);
    if (m.is_twice)                   /* which of them stays is not said */
      continue;
    rig_call(&g, name, args, 8 + 2 * n, &tensor, 1);
    if (m.is_outside) {
      outside++;
      if (g.fault.kind != RVV_OUT_OF_TENSOR || !strstr(g.fault.text, "of X, which has"))
        fail_msg("case %d: %s", t, g.fault.text);
      continue;
    }
    fine++;
    if (g.fault.kind != RVV_FINE)
      fail_msg("case %d: %s", t, g.fault.text);
    if (memcmp(dram, dram_model, DRAM) != 0 || memcmp(g.words, words_model, sizeof *g.words * V * MEMORY / 4) != 0)
      fail_msg("case %d: other bytes", t);
    assert_int_equal(g.report.n_dmas, 1);
    assert_true(g.report.dmas[0].move == d.move && memcmp(g.report.dmas[0].dims, d.dims, sizeof d.dims) == 0 && g.report.dmas[0].spad == d.spad && g.report.dmas[0].dram == d.dram);
  }
  if (fine < 1000 || outside < 100)
    fail_msg("%d transfers, %d out of their tensor", fine, outside);
  free(dram);
  free(dram_model);
  free(stored);
  free(words_model);
  loom_ctx_done(&g.ctx);
}

static void test_wrong_transfers_are_faults(void **state) {
  (void)state;
  rig g;
  rig_open(&g, transfers, 6, 128);
  const isa_dma good = {.move = ISA_MVIN, .dims = {1, 1, 8, 6}, .dram_stride = {0, 0, 6, 1}, .spad_stride = {0, 0, 1, 8}, .lane_axis = 3, .lane_stride = 1, .elem_bytes = 4, .dram = DRAM_AT, .spad = TESTING_SPAD};
  uint8_t dram[8 * 6 * 4] = {0};
  struct { uint64_t dram, spad; uint16_t rows; bool is_out, may_write; rvv_fault_kind kind; const char *part; } cases[] = {
      {DRAM_AT, TESTING_SPAD, 8, false, true, RVV_FINE, ""},
      {DRAM_AT + 4, TESTING_SPAD, 8, false, true, RVV_OUT_OF_TENSOR, "byte 192 of X, which has 192"},
      {DRAM_AT - 4, TESTING_SPAD, 8, false, true, RVV_OUT_OF_TENSOR, "no tensor has byte 0xffffc"},
      {DRAM_AT, TESTING_SPAD + 8192 - 28, 8, false, true, RVV_OUT_OF_BANK, "8 elements of 4 bytes at byte 8164 of a tile of 8192 bytes a lane"},
      {DRAM_AT, TESTING_SPAD + 8192, 8, false, true, RVV_NO_MEMORY, "no tile of the scratchpad has 0xd0002000"},
      {DRAM_AT, TESTING_SPAD + 2, 8, false, true, RVV_MISALIGNED, "4 bytes at 0xd0000002"},
      {DRAM_AT, TESTING_SPAD, 8, true, false, RVV_READ_ONLY, "X"},
      {DRAM_AT, TESTING_SPAD, 0, false, true, RVV_BAD_TRANSFER, "dims[2] (word 2"},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    isa_dma d = good;
    isa_word w[ISA_DMA_WORDS_MAX];
    int64_t args[8 + 2 * ISA_DMA_WORDS_MAX] = {0};
    int n;
    d.dram = cases[i].dram;
    d.spad = cases[i].spad;
    d.move = cases[i].is_out ? ISA_MVOUT : ISA_MVIN;
    assert_null(isa_dma_encode(&d, w, &n));
    w[0].rs1 = (w[0].rs1 & ~UINT64_C(0xffff0000)) | (uint64_t)cases[i].rows << 16;
    for (int k = 0; k < n; k++) {
      args[8 + 2 * k] = (int64_t)w[k].rs1;
      args[9 + 2 * k] = (int64_t)w[k].rs2;
    }
    rvv_tensor tensor = {DRAM_AT, sizeof dram, dram, cases[i].may_write, "X"};
    rig_call(&g, cases[i].is_out ? "t03" : "t00", args, 8 + 2 * n, &tensor, 1);
    if (g.fault.kind != cases[i].kind || !strstr(g.fault.text, cases[i].part))
      fail_msg("case %zu: %s, %s", i, rvv_fault_name(g.fault.kind), g.fault.text);
  }
  loom_ctx_done(&g.ctx);
}

/* The first rows of a padded tile lie before its tensor, here in another one: they are not moved. */
static void test_masked_transfers_may_begin_before_their_tensor(void **state) {
  (void)state;
  rig g;
  rig_open(&g, transfers, 6, 128);
  isa_dma d = {.move = ISA_MVIN, .dims = {1, 1, 4, 6}, .low = {0, 0, 2, 0}, .high = {1, 1, 4, 6}, .dram_stride = {0, 0, 6, 1}, .spad_stride = {0, 0, 1, 4}, .lane_axis = 3, .lane_stride = 1,
               .elem_bytes = 4, .is_masked = true, .fill = 9, .dram = DRAM_AT + 96 - 48, .spad = TESTING_SPAD};
  uint32_t before[24] = {0}, x[12];
  for (uint32_t i = 0; i < 12; i++)
    x[i] = 100 + i;
  const rvv_tensor tensors[] = {{DRAM_AT, sizeof before, before, false, "Y"}, {DRAM_AT + 96, sizeof x, x, false, "X"}};
  for (int times = 0; times < 2; times++) {
    isa_word w[ISA_DMA_WORDS_MAX];
    int64_t args[8 + 2 * ISA_DMA_WORDS_MAX] = {0};
    int n;
    assert_null(isa_dma_encode(&d, w, &n));
    for (int k = 0; k < n; k++) {
      args[8 + 2 * k] = (int64_t)w[k].rs1;
      args[9 + 2 * k] = (int64_t)w[k].rs2;
    }
    rig_call(&g, "t20", args, 8 + 2 * n, tensors, 2);
    if (times == 1)                   /* a mask that is a row too wide begins in Y and goes on in X */
      break;
    assert_int_equal(g.fault.kind, RVV_FINE);
    for (int row = 0; row < 4; row++)
      for (int l = 0; l < 6; l++)
        assert_int_equal(g.words[row * 6 + l], row < 2 ? 9 : 100 + (row - 2) * 6 + l);
    d.low[2] = 1;
  }
  assert_int_equal(g.fault.kind, RVV_OUT_OF_TENSOR);
  assert_non_null(strstr(g.fault.text, "byte 96 of Y, which has 96"));
  loom_ctx_done(&g.ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_transfers_move_what_the_rule_says),
      cmocka_unit_test(test_wrong_transfers_are_faults),
      cmocka_unit_test(test_masked_transfers_may_begin_before_their_tensor),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
