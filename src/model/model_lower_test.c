/* Costs from below: no sum of monomials is above the cost it stands for, and one of the two is near it at any size. */
#include "model/model_testing.h"

static double sum_of(const program_compute *x, int which, const int64_t *blocks, int n_blocks) {
  double sum = 0;
  for (int t = 0; t < x->lower[which].n; t++) {
    double v = x->lower[which].at[t].coefficient;
    for (int s = 0; s < n_blocks; s++)
      for (int q = 0; q < x->lower[which].at[t].power[s]; q++)
        v *= (double)blocks[s];
    sum += v;
  }
  return sum;
}

static void test_sums_are_never_above_the_cost(void **state) {
  (void)state;
  rng r = rng_new(47);
  int seconds = 0;
  for (int i = 0; i < 2 * TESTING_NESTS; i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    machine *m = testing_machine(&ctx, i < TESTING_NESTS ? "wormhole" : "blackhole", 2, 2);
    nest *n = testing_nest(&ctx.mem, i % TESTING_NESTS);
    model_program *p;
    assert_int_equal(model_compile(&ctx, n, m, true, MODEL_IN_PLACE, &p), LOOM_OK);
    for (int k = 0; k < 300; k++) {
      int64_t blocks[MODEL_BLOCKS_MAX], cost;
      for (int s = 0; s < p->n_blocks; s++)      /* edges too: sizes of no alignment */
        blocks[s] = rng_range(&r, 1, INT64_C(1) << rng_range(&r, 1, 12));
      for (int c = 0; c < p->n_compute; c++) {
        const program_compute *x = &p->compute[c];
        assert_true(sym_run(x->cost, blocks, &cost));
        for (int which = 0; which < 2; which++) {
          seconds += x->lower[which].n > 0 && which == 1;
          double v = sum_of(x, which, blocks, p->n_blocks);
          if (v > (double)cost * (1 + 1e-9))
            fail_msg("kernel %d, compute node %d: cost %lld, sum %d %f", i, c, (long long)cost, which, v);
        }
      }
    }
    loom_ctx_done(&ctx);
  }
  assert_true(seconds > 300);
}

/* Wormhole's matmul is slower below 8192 elements of the result: 2*M*N*K / 716 above, / (M*N*716/8192) below. */
static void test_one_sum_is_near_at_any_size(void **state) {
  (void)state;
  static const int64_t sizes[][3] = {{32, 32, 1024}, {64, 96, 512}, {64, 128, 2048}, {128, 64, 512}, {128, 128, 256}, {512, 256, 1024}};
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  model_program *p;
  assert_int_equal(model_compile(&ctx, nest_make_matmul(&ctx.mem, 1024, 1024, 4096, DTYPE_F16, DTYPE_F16), testing_machine(&ctx, "wormhole", 8, 8), true, MODEL_IN_PLACE, &p), LOOM_OK);
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    int64_t cost;
    int found = 0;
    for (int c = 0; c < p->n_compute; c++) {
      const program_compute *x = &p->compute[c];
      if (x->lower[1].n == 0)
        continue;
      found++;
      assert_true(sym_run(x->cost, sizes[i], &cost));
      double large = sum_of(x, 0, sizes[i], 3), small = sum_of(x, 1, sizes[i], 3);
      assert_true((large > small ? large : small) > 0.98 * (double)cost);
      bool is_small = sizes[i][0] * sizes[i][1] < 8192;
      assert_true(is_small ? small > 1.2 * large : large > 0.98 * (double)cost);
    }
    assert_int_equal(found, 1);
  }
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_sums_are_never_above_the_cost),
      cmocka_unit_test(test_one_sum_is_near_at_any_size),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
