/* The instructions of an NPU core.  Oracles: words worked out by hand from npu.md 1.8 and what llvm-mc prints for XSfvcp; round trips; a placement that is written down
 * element by element from the rule's text. */
#include "base/rng.h"
#include "base/testing.h"
#include "isa/isa.h"

/* ---- words ---- */

static void test_words_are_as_worked_out_by_hand(void **state) {
  (void)state;
  isa_dma d = {.move = ISA_MVIN2, .dims = {1, 1, 128, 256}, .dram_stride = {0, 0, 512, -1}, .spad_stride = {0, 0, 1, 128}, .lane_axis = 3, .lane_stride = 2, .elem_bytes = 4,
               .dram = 0x123456789abcull, .spad = 0xd0000040u};
  isa_word w[ISA_DMA_WORDS_MAX];
  int n;
  assert_null(isa_dma_encode(&d, w, &n));
  assert_int_equal(n, 4);
  const isa_word expected[] = {{ISA_CONFIG, 0x0001000100800100ull, 0x000000020002c004ull}, {ISA_CONFIG2, 0, 0x00000200ffffffffull}, {ISA_CONFIG3, 0, 0x0000000100000080ull},
                               {ISA_MVIN2, 0x123456789abcull, 0xd0000040u}};
  for (int i = 0; i < n; i++) {
    assert_int_equal(w[i].op, expected[i].op);
    assert_true(w[i].rs1 == expected[i].rs1 && w[i].rs2 == expected[i].rs2);
  }
  d = (isa_dma){.move = ISA_MVOUT, .dims = {2, 3, 4, 5}, .low = {0, 0, 1, 2}, .high = {2, 3, 4, 5}, .lane_axis = 1, .lane_stride = 1, .elem_bytes = 2, .is_masked = true, .is_indirect = true,
                .fill = 0xff80, .index_spad = 0xd0001000u, .index_bytes = 8, .offset_stride = 768};
  assert_null(isa_dma_encode(&d, w, &n));
  assert_int_equal(n, 7);
  assert_true(w[0].rs2 == (1ull << 32 | 3 << 17 | 1 << 16 | 1 << 14 | 2));
  assert_true(w[3].op == ISA_CONFIG4 && w[3].rs1 == 0xd0001000u && w[3].rs2 == (8 << 16 | 768));
  assert_true(w[4].op == ISA_CONFIG5 && w[4].rs1 == 0x0000000000010002ull && w[4].rs2 == 0x0002000300040005ull);
  assert_true(w[5].op == ISA_CONFIG6 && w[5].rs1 == 0xff80);
}

static isa_dma random_dma(rng *r, int extent_max) {
  static const isa_dma_op moves[] = {ISA_MVIN, ISA_MVIN2, ISA_MVIN3, ISA_MVOUT};
  isa_dma d = {.move = moves[rng_range(r, 0, 3)], .lane_axis = (int)rng_range(r, 0, 3), .lane_stride = (uint32_t)rng_range(r, 1, extent_max), .elem_bytes = 1 << rng_range(r, 0, 3),
               .is_masked = rng_range(r, 0, 1), .is_indirect = rng_range(r, 0, 1), .dram = rng_next(r), .spad = rng_next(r)};
  for (int i = 0; i < ISA_DMA_RANK; i++) {
    d.dims[i] = (uint16_t)rng_range(r, 1, extent_max);
    d.dram_stride[i] = rng_range(r, INT32_MIN, INT32_MAX);
    d.spad_stride[i] = rng_range(r, 0, ISA_SPAD_STRIDE_MAX - 1);
    d.low[i] = d.is_masked ? (uint16_t)rng_range(r, 0, d.dims[i]) : 0;
    d.high[i] = d.is_masked ? (uint16_t)rng_range(r, 0, d.dims[i]) : d.dims[i];
  }
  if (d.is_masked)
    d.fill = rng_next(r) >> (64 - 8 * d.elem_bytes);
  if (d.is_indirect) {
    d.index_spad = rng_next(r);
    d.index_bytes = 1 << rng_range(r, 0, 3);
    d.offset_stride = (uint32_t)(uint16_t)rng_next(r) << rng_range(r, 0, 15);
    d.index_limit = (uint32_t)rng_next(r);
  }
  return d;
}

static bool same(const isa_dma *a, const isa_dma *b) {
  return a->move == b->move && !memcmp(a->dims, b->dims, sizeof a->dims) && !memcmp(a->low, b->low, sizeof a->low) && !memcmp(a->high, b->high, sizeof a->high) &&
         !memcmp(a->dram_stride, b->dram_stride, sizeof a->dram_stride) && !memcmp(a->spad_stride, b->spad_stride, sizeof a->spad_stride) && a->lane_axis == b->lane_axis &&
         a->lane_stride == b->lane_stride && a->elem_bytes == b->elem_bytes && a->is_masked == b->is_masked && a->is_indirect == b->is_indirect && a->fill == b->fill &&
         a->index_spad == b->index_spad && a->index_bytes == b->index_bytes && a->offset_stride == b->offset_stride && a->index_limit == b->index_limit && a->dram == b->dram && a->spad == b->spad;
}

/* The CONFIG words in any order. */
static void test_transfers_come_back_from_their_words(void **state) {
  (void)state;
  rng r = rng_new(71);
  for (int t = 0; t < 10000; t++) {
    isa_dma d = random_dma(&r, 65535), back = {0};
    isa_word w[ISA_DMA_WORDS_MAX];
    int n;
    uint32_t seen = 0;
    bool done = false;
    assert_null(isa_dma_encode(&d, w, &n));
    assert_true(n <= ISA_DMA_WORDS_MAX);
    for (int i = n - 2; i > 0; i--) {
      int k = (int)rng_range(&r, 0, i);
      isa_word x = w[i];
      w[i] = w[k];
      w[k] = x;
    }
    for (int i = 0; i < n; i++) {
      assert_null(isa_dma_decode(&back, &seen, w[i], &done));
      assert_int_equal(done, i == n - 1);
    }
    if (!same(&d, &back))
      fail_msg("case %d", t);
  }
}

static void test_fields_out_of_range_are_named(void **state) {
  (void)state;
  const isa_dma good = {.move = ISA_MVIN, .dims = {1, 1, 8, 8}, .spad_stride = {0, 0, 1, 8}, .lane_axis = 3, .lane_stride = 1, .elem_bytes = 4};
  isa_word w[ISA_DMA_WORDS_MAX];
  int n;
  assert_null(isa_dma_encode(&good, w, &n));
#define EXPECT(field, value, text)                              \
  do {                                                          \
    isa_dma d = good;                                           \
    d.field = value;                                            \
    assert_string_equal(isa_dma_encode(&d, w, &n), text);       \
  } while (0)
  EXPECT(move, ISA_CONFIG, "move");
  EXPECT(dims[2], 0, "dims[2]");
  EXPECT(dram_stride[0], INT64_C(1) << 31, "dram_stride[0]");
  EXPECT(spad_stride[1], -1, "spad_stride[1]");
  EXPECT(spad_stride[3], ISA_SPAD_STRIDE_MAX, "spad_stride[3]");
  EXPECT(lane_axis, 4, "lane_axis");
  EXPECT(lane_axis, -1, "lane_axis");
  EXPECT(lane_stride, 0, "lane_stride");
  EXPECT(lane_stride, 65536, "lane_stride");
  EXPECT(elem_bytes, 3, "elem_bytes");
  EXPECT(is_indirect, true, "index_bytes");
#undef EXPECT
  isa_dma d = good;
  d.is_indirect = true;      /* 16 bits in a row, shifted by at most 15 */
  d.index_bytes = 4;
  static const struct { uint32_t stride; bool fits; } strides[] = {{0, true}, {0xffff, true}, {0x10001, false}, {0x1fffe, true}, {0x7fff8000, true}, {0xffff0000u, false}, {0x80000000u, false}, {0x40000000u, true}, {0x80000001u, false}};
  for (size_t i = 0; i < COUNT_OF(strides); i++) {
    d.offset_stride = strides[i].stride;
    const char *wrong = isa_dma_encode(&d, w, &n);
    if (strides[i].fits)
      assert_null(wrong);
    else
      assert_string_equal(wrong, "offset_stride");
  }
  d = good;
  d.is_masked = true;
  d.fill = 1ull << 32;
  assert_string_equal(isa_dma_encode(&d, w, &n), "fill");
}

static void test_words_that_make_no_transfer_are_refused(void **state) {
  (void)state;
  const isa_word config = {ISA_CONFIG, 0x0001000100080008ull, 1ull << 32 | 3 << 14 | 4}, move = {ISA_MVIN, 0, 0};
  const struct { isa_word w[3]; int n; const char *text; } cases[] = {
      {{{(isa_dma_op)9, 0, 0}}, 1, "an unknown funct7"},
      {{{(isa_dma_op)77, 0, 0}}, 1, "an unknown funct7"},
      {{move}, 1, "a move without CONFIG"},
      {{config, config}, 2, "the same word twice before a move"},
      {{config, {ISA_MVOUT, 0, 0}}, 2, "another move than CONFIG announced"},
      {{config, {ISA_CONFIG4, 0, 4 << 16}, move}, 3, "CONFIG4 before a move that is not indirect"},
      {{{ISA_CONFIG, config.rs1, config.rs2 | 1 << 16}, move}, 2, "an indirect move without CONFIG4"},
      {{{ISA_CONFIG, config.rs1, config.rs2 | 1 << 20}}, 1, "bits of CONFIG that mean nothing are set"},
      {{config, {ISA_CONFIG4, 0, 1 << 28}}, 2, "bits of CONFIG4 that mean nothing are set"},
      {{{ISA_CONFIG, 0, config.rs2}, move}, 2, "dims[0]"},
      {{{ISA_CONFIG, config.rs1, 1ull << 32 | 5}, move}, 2, "elem_bytes"},
      {{config, {ISA_CONFIG3, 0, 0xffffffffull}, move}, 3, "spad_stride[3]"},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    isa_dma d = {0};
    uint32_t seen = 0;
    bool done = false;
    const char *got = NULL;
    for (int k = 0; k < cases[i].n; k++) {
      assert_null(got);
      got = isa_dma_decode(&d, &seen, cases[i].w[k], &done);
    }
    assert_non_null(got);
    assert_string_equal(got, cases[i].text);
  }
}

/* ---- places ---- */

typedef struct walked { isa_place at[1 << 16]; int n, stop; } walked;
static bool note(void *self, const isa_place *p) {
  walked *w = self;
  assert_true(w->n < (int)COUNT_OF(w->at));
  w->at[w->n++] = *p;
  return w->n != w->stop;
}

/* The rule said from the tile's side: element (i0..i3) lies in lane (i[a] div vs) mod used, in round i[a] div (vs used). */
static isa_place place_of(const isa_dma *d, int lanes, const int i[4]) {
  int a = d->lane_axis, vs = (int)d->lane_stride, extent = d->dims[a];
  int rounds = (extent + vs * lanes - 1) / (vs * lanes), used = rounds > 1 ? lanes : (extent + vs - 1) / vs;
  int64_t at = (int64_t)(i[a] / (vs * used)) * d->spad_stride[a] * vs + i[a] % vs * d->spad_stride[a], from = 0;
  isa_place p = {.lane = i[a] / vs % used};
  for (int k = 0; k < 4; k++) {
    int64_t s = d->spad_stride[k];
    if (k != a)
      at += i[k] * (s <= d->spad_stride[a] ? s : s / extent * vs * rounds);
    from += i[k] * d->dram_stride[k];
    p.is_outside |= d->is_masked && (i[k] < d->low[k] || i[k] >= d->high[k]);
  }
  p.spad = d->spad + (uint64_t)(at * d->elem_bytes);
  p.dram = p.is_outside ? 0 : d->dram + (uint64_t)(from * d->elem_bytes);
  p.fill = p.is_outside ? d->fill : 0;
  return p;
}

/* A tile without holes: the strides of an order of the dims, the innermost 1. */
static isa_dma random_tile(rng *r, int lanes) {
  isa_dma d = random_dma(r, 7);
  d.is_indirect = false;
  d.dims[d.lane_axis] = (uint16_t)rng_range(r, 1, 3 * lanes);
  d.spad = 0xd0000000u;
  d.dram = 1u << 20;
  int order[4] = {0, 1, 2, 3};
  int64_t stride = 1;
  for (int i = 3; i >= 0; i--) {
    int k = (int)rng_range(r, 0, i), axis = order[k];
    order[k] = order[i];
    d.spad_stride[axis] = stride;
    stride *= d.dims[axis];
    d.dram_stride[i] = rng_range(r, -50, 50);
    if (d.is_masked)
      d.low[i] = (uint16_t)rng_range(r, 0, d.dims[i]), d.high[i] = (uint16_t)rng_range(r, d.low[i], d.dims[i]);
    else
      d.low[i] = 0, d.high[i] = d.dims[i];
  }
  return d;
}

static void check_tile(const isa_dma *d, int lanes, walked *w, int t) {
  w->n = w->stop = 0;
  isa_dma_walk(d, lanes, note, w);
  uint64_t bytes = isa_dma_lane_bytes(d, lanes), elems = bytes / (uint64_t)d->elem_bytes, highest = 0;
  isa_place *slots = calloc((size_t)lanes * elems, sizeof *slots);
  bool *taken = calloc((size_t)lanes * elems, sizeof *taken);
  int seen = 0, inside = 0;
  for (int k = 0; k < w->n; k++) {
    const isa_place *p = &w->at[k];
    assert_true(p->spad >= d->spad && p->spad + (uint64_t)d->elem_bytes <= d->spad + bytes && (p->spad - d->spad) % (uint64_t)d->elem_bytes == 0);
    size_t slot = (size_t)p->lane * elems + (p->spad - d->spad) / (uint64_t)d->elem_bytes;
    if (taken[slot])
      fail_msg("case %d: lane %d byte %d is written twice", t, p->lane, (int)(p->spad - d->spad));
    taken[slot] = true;
    slots[slot] = *p;
    highest = p->spad - d->spad + (uint64_t)d->elem_bytes > highest ? p->spad - d->spad + (uint64_t)d->elem_bytes : highest;
    inside += !p->is_outside;
  }
  int i[4];
  for (i[0] = 0; i[0] < d->dims[0]; i[0]++)
    for (i[1] = 0; i[1] < d->dims[1]; i[1]++)
      for (i[2] = 0; i[2] < d->dims[2]; i[2]++)
        for (i[3] = 0; i[3] < d->dims[3]; i[3]++) {
          isa_place p = place_of(d, lanes, i);
          size_t slot = (size_t)p.lane * elems + (p.spad - d->spad) / (uint64_t)d->elem_bytes;
          if (p.is_outside && d->move == ISA_MVOUT) {
            assert_false(taken[slot]);
            continue;
          }
          seen++;
          inside -= !p.is_outside;
          if (!taken[slot] || slots[slot].dram != p.dram || slots[slot].is_outside != p.is_outside || slots[slot].fill != p.fill)
            fail_msg("case %d: element %d %d %d %d is not at lane %d byte %d", t, i[0], i[1], i[2], i[3], p.lane, (int)(p.spad - d->spad));
          slots[slot].is_outside = true;
          slots[slot].fill = 0;
        }
  assert_int_equal(inside, 0);                             /* nothing else is in the tile */
  if (d->move != ISA_MVOUT) {                              /* and a load leaves nothing of the bank as it was: what is not in the tile is 0 */
    if (d->dims[d->lane_axis] > 1 || d->lane_stride == 1)  /* the rule spreads what is left over an axis of one element */
      assert_int_equal(w->n, lanes * (int)elems);
    assert_true(highest == bytes);
    for (size_t k = 0; k < (size_t)lanes * elems; k++)
      assert_true(!taken[k] || (slots[k].is_outside && slots[k].fill == 0));
  } else {
    assert_int_equal(w->n, seen);
  }
  free(slots);
  free(taken);
}

static void test_every_element_has_one_place_in_its_bank(void **state) {
  (void)state;
  rng r = rng_new(5);
  walked *w = malloc(sizeof *w);
  for (int t = 0; t < 4000; t++) {
    int lanes = (int)rng_range(&r, 1, 9);
    isa_dma d = random_tile(&r, lanes);
    check_tile(&d, lanes, w, t);
  }
  free(w);
}

/* X[128, 256] column-major over 128 lanes (npu.md 1.0): column n is in lane n mod 128, at element m + 128 (n div 128). */
static void test_a_tile_of_a_product_lies_as_its_code_reads_it(void **state) {
  (void)state;
  isa_dma d = {.move = ISA_MVIN, .dims = {1, 1, 16, 256}, .high = {1, 1, 16, 256}, .dram_stride = {0, 0, 1000, 1}, .spad_stride = {0, 0, 1, 16}, .lane_axis = 3, .lane_stride = 1, .elem_bytes = 4};
  walked *w = malloc(sizeof *w);
  w->n = w->stop = 0;
  isa_dma_walk(&d, 128, note, w);
  assert_int_equal(w->n, 16 * 256);
  for (int k = 0; k < w->n; k++) {
    uint64_t m = w->at[k].spad / 4 % 16, n = w->at[k].spad / 4 / 16 * 128 + (uint64_t)w->at[k].lane;
    assert_true(w->at[k].dram == 4 * (1000 * m + n));
  }
  assert_true(isa_dma_lane_bytes(&d, 128) == 4 * 16 * 2);
  w->n = 0;
  w->stop = 10;
  isa_dma_walk(&d, 128, note, w);
  assert_int_equal(w->n, 10);
  free(w);
}

/* A stride that is no multiple of the axis is divided first: 10 div 4 * 1 * 2 rounds = 4. */
static void test_strides_above_the_lane_axis_are_divided_first(void **state) {
  (void)state;
  isa_dma d = {.move = ISA_MVIN, .dims = {1, 1, 3, 4}, .spad_stride = {0, 0, 10, 1}, .lane_axis = 3, .lane_stride = 1, .elem_bytes = 2};
  isa_layout l = isa_dma_layout(&d, 2);
  assert_true(l.outer == 2 && l.used == 2 && l.stride[2] == 4 && l.stride[3] == 1 && l.round_stride == 1);
  assert_true(isa_dma_lane_bytes(&d, 2) == 2 * (2 * 4 + 1 + 1));
}

/* ---- the array ---- */

static void test_array_instructions_are_found(void **state) {
  (void)state;
  for (int i = 0; i < ISA_VCS; i++)
    assert_int_equal(isa_vc_find(isa_vc_table[i].form, isa_vc_table[i].opcode, isa_vc_table[i].imm), i);
  assert_int_equal(isa_vc_find("iv", 0, ISA_PUSH_BF16), ISA_VC_PUSH_INPUT);
  assert_int_equal(isa_vc_find("iv", 1, ISA_PUSH_INT), ISA_VC_PUSH_WEIGHT);
  assert_int_equal(isa_vc_find("iv", 1, 3), ISA_VCS);
  assert_int_equal(isa_vc_find("iv", 2, 0), ISA_VCS);
  assert_int_equal(isa_vc_find("i", 1, 5), ISA_VCS);
  assert_int_equal(isa_vc_find("v.iv", 0, 1), ISA_VCS);
  assert_int_equal(isa_vc_find("vv", 0, 0), ISA_VCS);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_words_are_as_worked_out_by_hand),
      cmocka_unit_test(test_transfers_come_back_from_their_words),
      cmocka_unit_test(test_fields_out_of_range_are_named),
      cmocka_unit_test(test_words_that_make_no_transfer_are_refused),
      cmocka_unit_test(test_every_element_has_one_place_in_its_bank),
      cmocka_unit_test(test_a_tile_of_a_product_lies_as_its_code_reads_it),
      cmocka_unit_test(test_strides_above_the_lane_axis_are_divided_first),
      cmocka_unit_test(test_array_instructions_are_found),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
