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

/* ---- made-up costs ---- */

enum { MADE_UP_BLOCKS = 3 };
static const char *const made_up_blocks[MADE_UP_BLOCKS] = {"tile_m", "tile_n", "tile_k"};

static const sym_expr *made_up_condition(arena *m, rng *r, int depth);

static const sym_expr *made_up_number(rng *r, arena *m) {
  static const int64_t numbers[] = {1, 2, 3, 7, 8, 32, 64, 1024, 8192};
  return sym_const(m, rng_range(r, 0, 40) ? numbers[rng_range(r, 0, COUNT_OF(numbers) - 1)] : rng_range(r, -5, 0));
}

static const sym_expr *made_up_cost(arena *m, rng *r, int depth) {
  const int64_t what = depth ? rng_range(r, 0, 15) : rng_range(r, 0, 3);
  if (what == 0)
    return made_up_number(r, m);
  if (what == 1)
    return sym_name(m, rng_range(r, 0, 6) ? made_up_blocks[rng_range(r, 0, MADE_UP_BLOCKS - 1)] : "it_tile_m");
  if (what <= 3)
    return sym_name(m, made_up_blocks[rng_range(r, 0, MADE_UP_BLOCKS - 1)]);
  const sym_expr *a = made_up_cost(m, r, depth - 1), *b = rng_range(r, 0, 1) ? made_up_cost(m, r, depth - 1) : made_up_number(r, m);
  static const sym_op ops[] = {SYM_MUL, SYM_MUL, SYM_MUL, SYM_ADD, SYM_CEILDIV, SYM_CEILDIV, SYM_FLOORDIV, SYM_MIN, SYM_MAX, SYM_MOD, SYM_SUB};
  const sym_op op = what < 15 ? ops[what - 4] : SYM_IF;
  return op == SYM_IF ? sym_make(m, SYM_IF, made_up_condition(m, r, 2), a, b) : sym_make(m, op, a, b, NULL);
}

static const sym_expr *made_up_condition(arena *m, rng *r, int depth) {
  static const sym_op compare[] = {SYM_GE, SYM_GT, SYM_LE, SYM_LT, SYM_EQ, SYM_NE};
  const int64_t what = depth ? rng_range(r, 0, 7) : 7;
  if (what == 0 && rng_range(r, 0, 3) == 0)
    return sym_make(m, rng_range(r, 0, 1) ? SYM_TRUE : SYM_FALSE, NULL, NULL, NULL);
  if (what == 1)
    return sym_make(m, SYM_NOT, made_up_condition(m, r, depth - 1), NULL, NULL);
  if (what == 2 || what == 3) {
    const sym_expr *a = made_up_condition(m, r, depth - 1), *b = made_up_condition(m, r, depth - 1);
    return sym_make(m, what == 2 ? SYM_AND : SYM_OR, a, b, NULL);
  }
  const sym_expr *a = made_up_cost(m, r, 1), *b = rng_range(r, 0, 3) ? made_up_number(r, m) : made_up_cost(m, r, 1);
  return sym_make(m, compare[rng_range(r, 0, rng_range(r, 0, 3) ? 3 : 5)], a, b, NULL);
}

/* Expressions that are no kernel's, too: the sums are below them wherever they have a value.  What may be negative has no sum. */
static void test_sums_are_below_made_up_costs(void **state) {
  (void)state;
  int64_t compared = 0, negative = 0;
  const int64_t count = testing_number("LOOM_FUZZ_COUNT", 20000);
  for (int64_t seed = 1; seed <= count; seed++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    rng r = rng_new((uint64_t)seed);
    const sym_expr *e = made_up_cost(&ctx.mem, &r, (int)rng_range(&r, 1, 5));
    program_monomial sums[2][16];
    int n[2];
    for (int cancels = 0; cancels < 2; cancels++)
      n[cancels] = program_lower_terms(e, made_up_blocks, MADE_UP_BLOCKS, cancels, sums[cancels], 16);
    for (int point = 0; point < 12; point++) {
      int64_t value, blocks[MADE_UP_BLOCKS];
      sym_binding at[MADE_UP_BLOCKS + 1];
      for (int s = 0; s < MADE_UP_BLOCKS; s++) {
        blocks[s] = point ? rng_range(&r, 1, INT64_C(1) << rng_range(&r, 0, 10)) : 1;
        at[s] = (sym_binding){made_up_blocks[s], blocks[s]};
      }
      at[MADE_UP_BLOCKS] = (sym_binding){"it_tile_m", rng_range(&r, 0, 5)};
      if (sym_eval(&ctx, e, at, MADE_UP_BLOCKS + 1, &value) != LOOM_OK)
        continue;
      negative += value < 0;
      for (int cancels = 0; cancels < 2; cancels++) {
        double sum = 0;
        for (int t = 0; t < n[cancels]; t++) {
          double v = sums[cancels][t].coefficient;
          for (int s = 0; s < MADE_UP_BLOCKS; s++)
            for (int q = 0; q < sums[cancels][t].power[s]; q++)
              v *= (double)blocks[s];
          sum += v;
        }
        compared += n[cancels] > 0;
        if (n[cancels] > 0 && sum > (double)value * (1 + 1e-9))
          fail_msg("seed %d: %s at %d, %d, %d is %lld; sum %d is %f", (int)seed, sym_str(&ctx.mem, e), (int)blocks[0], (int)blocks[1], (int)blocks[2], (long long)value, cancels, sum);
      }
    }
    loom_ctx_done(&ctx);
  }
  assert_true(count < 20000 || (compared > 50000 && negative > 100));
}

/* ---- memory ---- */

static loom_status compile_one(loom_ctx *ctx, void *data) {
  const void *const *d = data;
  model_program *p;
  return model_compile(ctx, d[0], d[1], true, MODEL_IN_PLACE, &p);
}

static void test_memory_failures_unwind(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  const machine *m = testing_machine(&ctx, "wormhole", 2, 2);
  for (int i = 0; i < TESTING_NESTS; i++) {
    const void *d[] = {testing_nest(&ctx.mem, i), m};
    testing_sweep_memory(compile_one, d);
  }
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_sums_are_below_made_up_costs),
      cmocka_unit_test(test_memory_failures_unwind),
      cmocka_unit_test(test_sums_are_never_above_the_cost),
      cmocka_unit_test(test_one_sum_is_near_at_any_size),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
