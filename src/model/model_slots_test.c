/* Layouts of random choices on every kernel: nothing that lives together overlaps, and the bytes are those the model priced. */
#include "model/model_testing.h"

static int64_t span(const model_program *p, const plan_buffer *b) { return b->depth * (model_ceil(b->bytes, p->l1_align) * p->l1_align); }

static const program_buffer *find(const model_program *p, const char *name) {
  for (int i = 0; i < p->n_buffers; i++)
    if (strcmp(p->buffer[i].name, name) == 0)
      return &p->buffer[i];
  return NULL;
}

static void check_layout(const model_program *p, const plan *x) {
  for (size_t i = 0; i < x->buffers.n; i++) {
    const plan_buffer *a = &x->buffers.at[i];
    const program_buffer *pa = find(p, a->name);
    int64_t elems = 1;
    for (int d = 0; d < a->rank; d++)
      elems *= a->shape[d];
    assert_int_equal(elems * (int64_t)dtype_bytes(a->type), a->bytes);
    assert_int_equal(a->offset % p->l1_align, 0);
    assert_true(a->offset >= 0 && a->offset + span(p, a) <= x->l1_bytes);
    for (size_t k = 0; k < i; k++) {
      const plan_buffer *b = &x->buffers.at[k];
      const program_buffer *pb = find(p, b->name);
      bool share = a->offset < b->offset + span(p, b) && b->offset < a->offset + span(p, a);
      if (!share)
        continue;
      assert_true(pa->access < 0 && pb->access < 0);
      assert_true(pa->last < pb->first || pb->last < pa->first);
    }
  }
}

static void test_layouts_are_what_was_priced(void **state) {
  (void)state;
  rng r = rng_new(43);
  int shared = 0;
  for (int i = 0; i < TESTING_NESTS; i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    machine *m = testing_machine(&ctx, "blackhole", 3, 2);
    m->l1_bytes = INT64_C(1) << 50;
    nest *n = testing_nest(&ctx.mem, i);
    model_program *p;
    assert_int_equal(model_compile(&ctx, n, m, i % 2, i % 3 ? MODEL_IN_PLACE : MODEL_PACKED, &p), LOOM_OK);
    for (int k = 0; k < 60; k++) {
      plan_mapping map;
      model_grid g;
      model_point at;
      plan_choice chosen[PLAN_LOADS_MAX];
      model_vector sum;
      int64_t blocks[MODEL_BLOCKS_MAX];
      for (int s = 0; s < p->n_blocks; s++) {
        int64_t *sizes;
        int32_t count = testing_domain(&ctx.mem, n, s, &sizes);
        blocks[s] = sizes[rng_range(&r, 0, count - 1)];
      }
      testing_mapping(&r, n, m, &map);
      model_grid_of(&map, &g);
      assert_true(model_set_blocks(p, &g, blocks, &at));
      assert_true(testing_price(&ctx, &r, p, &map, &at, chosen, &sum));
      plan x = {0};
      assert_int_equal(model_layout_slots(&ctx, p, &at, chosen, &x), LOOM_OK);
      assert_int_equal(x.l1_bytes, sum.l1_bytes + at.l1_bytes);
      check_layout(p, &x);
      int64_t all = 0;
      for (size_t b = 0; b < x.buffers.n; b++)
        all += span(p, &x.buffers.at[b]);
      shared += x.l1_bytes < all;
    }
    loom_ctx_done(&ctx);
  }
  assert_true(shared > 100);      /* attention and its like pack their temporaries */
}

/* Attention's round: side by side; packed, with scores, their broadcast maximum and the weights at once; in place, the weights over the scores, and the
 * moves of the sum and of the result free. */
static void test_attention_packs_its_round(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  machine *m = testing_machine(&ctx, "wormhole", 0, 0);
  nest *n = nest_make_attention(&ctx.mem, 4, 1024, 1024, 64, DTYPE_F16);
  model_grid g = {.cores = {1, 8}, .order = {0, 1}};
  const int64_t blocks[] = {1, 128, 128}, square = 2 * 128 * 128, acc = 4 * 128 * 64;
  int64_t l1[3], compute[3];
  for (int sharing = MODEL_SIDE_BY_SIDE; sharing <= MODEL_IN_PLACE; sharing++) {
    model_program *p;
    model_point at;
    assert_int_equal(model_compile(&ctx, n, m, true, (model_sharing)sharing, &p), LOOM_OK);
    assert_true(model_set_blocks(p, &g, blocks, &at));
    l1[sharing] = at.l1_bytes;
    compute[sharing] = at.compute;
    pack_item item[PROGRAM_ITEMS_MAX];
    int of[PROGRAM_ITEMS_MAX];
    size_t count;
    int64_t bound, sum = 0;
    assert_true(program_list_items(p, blocks, false, PROGRAM_ITEMS_MAX, item, of, &count));
    for (size_t i = 0; i < count; i++)
      sum += model_ceil(item[i].bytes, p->l1_align) * p->l1_align;
    assert_int_equal(model_pack(item, count, p->l1_align, PROGRAM_PACK_NODES, &bound), at.l1_bytes);
    assert_int_equal(at.l1_bytes, bound);                         /* proven least */
    assert_int_equal(sum == at.l1_bytes, sharing == MODEL_SIDE_BY_SIDE);
  }
  assert_true(l1[MODEL_SIDE_BY_SIDE] > l1[MODEL_PACKED] && l1[MODEL_PACKED] > l1[MODEL_IN_PLACE]);
  assert_true(l1[MODEL_PACKED] >= 3 * square + acc && l1[MODEL_IN_PLACE] >= 2 * square + acc && l1[MODEL_IN_PLACE] < 3 * square + acc);
  int64_t turns = 1024 / 128 * 4, moves = model_ceil(4 * 128, 30) + model_ceil(acc, 30);      /* the old maximum is read beside the new one: its move stays */
  assert_int_equal(compute[MODEL_PACKED] - compute[MODEL_IN_PLACE], turns * moves);
  assert_int_equal(compute[MODEL_PACKED], compute[MODEL_SIDE_BY_SIDE]);
  loom_ctx_done(&ctx);
}

static void test_a_layout_that_does_not_fit_names_its_parts(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  machine *m = testing_machine(&ctx, "wormhole", 0, 0);
  model_program *p;
  assert_int_equal(model_compile(&ctx, nest_make_matmul(&ctx.mem, 2048, 2048, 2048, DTYPE_F16, DTYPE_F16), m, true, MODEL_IN_PLACE, &p), LOOM_OK);
  model_grid g = {.cores = {8, 8}, .order = {0, 1}};
  model_point at;
  assert_true(model_set_blocks(p, &g, (const int64_t[]){256, 256, 128}, &at));
  plan_choice chosen[3] = {{.area = {1, 1, 1}, .depth = 2, .hoist = 1, .panel = 1}, {.area = {1, 1, 1}, .depth = 1}, {.area = {1, 1, 1}, .depth = 1}};
  plan x = {0};
  assert_int_equal(model_layout_slots(&ctx, p, &at, chosen, &x), LOOM_EINFEASIBLE);
  testing_expect_error(&ctx, LOOM_EINFEASIBLE, "x 2097152 B + y 65536 B + out 131072 B + acc 262144 B = 2555904 B > L1 1398784 B", 0, 0);
  assert_int_equal(x.buffers.at[1].shape[1], 2048);
  loom_ctx_done(&ctx);
}

static void test_sizes_beyond_the_model_are_refused(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  machine *m = testing_machine(&ctx, "wormhole", 0, 0);
  model_program *p;
  assert_int_equal(model_compile(&ctx, nest_make_matmul(&ctx.mem, 2048, 2048, 2048, DTYPE_F16, DTYPE_F16), m, true, MODEL_IN_PLACE, &p), LOOM_OK);
  static const struct { int64_t block[3]; const char *text; } cases[] = {{{INT64_C(1) << 40, INT64_C(1) << 40, 32}, "the buffers' sizes in bytes exceed"},
                                                                         {{32, 32, INT64_C(1) << 51}, "buffer x: its size in bytes exceeds the model's numbers"}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    model_point at = {.block = {cases[i].block[0], cases[i].block[1], cases[i].block[2]}};
    plan_choice chosen[3] = {{.area = {1, 1, 1}, .depth = 1}, {.area = {1, 1, 1}, .depth = 1}, {.area = {1, 1, 1}, .depth = 1}};
    plan x = {0};
    ctx.diag.errors = 0;
    ctx.diag.first = NULL;
    ctx.diag.last = &ctx.diag.first;
    assert_int_equal(model_layout_slots(&ctx, p, &at, chosen, &x), LOOM_ELIMIT);
    testing_expect_error(&ctx, LOOM_ELIMIT, cases[i].text, 0, 0);
  }
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_layouts_are_what_was_priced),
      cmocka_unit_test(test_attention_packs_its_round),
      cmocka_unit_test(test_a_layout_that_does_not_fit_names_its_parts),
      cmocka_unit_test(test_sizes_beyond_the_model_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
