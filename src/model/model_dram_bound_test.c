/* Bounds of DRAM bytes against what random choices on random mappings move, with exactly the L1 bytes that they take. */
#include "model/model_testing.h"

static void test_the_dram_bound_is_never_above(void **state) {
  (void)state;
  rng r = rng_new(41);
  int64_t exact = 0, looked = 0, repeated = 0;
  for (int i = 0; i < TESTING_NESTS; i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    machine *m = testing_machine(&ctx, i % 2 ? "blackhole" : "wormhole", 3, 2);
    nest *n = testing_nest(&ctx.mem, i);
    model_program *p;
    assert_int_equal(model_compile(&ctx, n, m, i % 3 == 0, MODEL_IN_PLACE, &p), LOOM_OK);
    model_domain d[MODEL_BLOCKS_MAX];
    testing_domains(&ctx.mem, n, d);
    for (int k = 0; k < 600; k++) {
      plan_mapping map;
      model_grid g;
      model_point at;
      plan_choice chosen[PLAN_LOADS_MAX];
      model_vector sum;
      int32_t from[MODEL_BLOCKS_MAX], to[MODEL_BLOCKS_MAX], index[MODEL_BLOCKS_MAX], zero[MODEL_BLOCKS_MAX] = {0}, top[MODEL_BLOCKS_MAX];
      int64_t blocks[MODEL_BLOCKS_MAX];
      testing_mapping(&r, n, m, &map);
      model_grid_of(&map, &g);
      for (int s = 0; s < p->n_blocks; s++) {
        index[s] = (int32_t)rng_range(&r, 0, d[s].n - 1);
        from[s] = (int32_t)rng_range(&r, 0, index[s]);
        to[s] = (int32_t)rng_range(&r, index[s], d[s].n - 1);
        top[s] = d[s].n - 1;
        blocks[s] = d[s].at[index[s]];
      }
      arena_mark mark = arena_save(&ctx.mem);
      assert_true(model_set_blocks(p, &g, blocks, &at));
      assert_true(testing_price(&ctx, &r, p, &map, &at, chosen, &sum));
      int64_t l1 = sum.l1_bytes + at.l1_bytes, least = model_dram_bound(p, g.cores, d, zero, top, INT64_C(1) << 40);
      int64_t box = model_dram_bound(p, g.cores, d, from, to, l1), here = model_dram_bound(p, g.cores, d, index, index, l1);
      if (least > box || box > here || here > sum.dram_bytes)
        fail_msg("kernel %d, case %d: bounds %lld (all) %lld (box) %lld (point), bytes %lld", i, k, (long long)least, (long long)box, (long long)here, (long long)sum.dram_bytes);
      exact += here == sum.dram_bytes;
      repeated += here > least;
      looked++;
      arena_release(&ctx.mem, mark);
    }
    loom_ctx_done(&ctx);
  }
  assert_true(exact * 4 > looked && repeated >= 10);      /* met in a quarter of the cases, and sometimes more than a pass over the tensors: it is no bound of 0 */
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_dram_bound_is_never_above)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
