/* What a search leaves out of many sizes for a CPU: the oracle is every size by itself, and that any other point, priced alone, is hardly better. */
#include "base/rng.h"
#include "model/model_testing.h"
#include "solve/solve.h"

static void solve_one(loom_ctx *ctx, int64_t extent, bool moves_itself, const int64_t *assigned, solve_result *out) {
  machine *m = testing_machine(ctx, "wormhole", 1, 1);
  m->lacks_concurrent_movers = moves_itself;
  nest *n = nest_make_matmul(&ctx->mem, extent, extent, extent, DTYPE_F32, DTYPE_F32);
  nest_set_alignment(n, m->tile_align);
  explore_space s;
  explore_options o = {.accumulate_f32 = true, .lacking = PLAN_NEEDS_CHAIN};
  assert_int_equal(explore_open(ctx, n, m, &o, &s), LOOM_OK);
  solve_domain given[3];
  for (int i = 0; assigned && i < 3; i++)
    given[i] = (solve_domain){.symbol = n->symbols.at[i].name, .assigned = assigned[i]};
  solve_options so = {.model = MODEL_LOOM, .accumulate_f32 = true, .sharing = MODEL_PACKED, .assigned_double_buffer = -1, .domains = given, .n_domains = assigned ? 3 : 0};
  loom_status st = solve_space(ctx, &s, &so, &(solve_limits){0}, out);
  assert_true(st == LOOM_OK || (assigned && st == LOOM_EINFEASIBLE));
  if (st != LOOM_OK)
    out->rows.n = 0;
}

/* Multiples of four steps, and the least size for each number of tiles. */
static int64_t count_kept(int64_t extent, int64_t align) {
  int64_t n = 0;
  for (int64_t size = align; size < extent + align; size += align) {
    int64_t tiles = (extent + size - 1) / size, before = size > align ? (extent + size - align - 1) / (size - align) : 0;
    n += size % (4 * align) == 0 || tiles != before;
  }
  return n;
}

static void test_sizes_are_round_or_the_least(void **state) {
  (void)state;
  static const int64_t extents[] = {1000, 1024, 1056, 1500, 2048, 2050};
  for (size_t i = 0; i < sizeof extents / sizeof *extents; i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    int64_t all = (extents[i] + 31) / 32, kept = all > 32 ? count_kept(extents[i], 32) : all;
    solve_result r;
    solve_one(&ctx, extents[i], true, NULL, &r);
    assert_int_equal(r.rows.at[0].points, kept * kept * kept);
    solve_one(&ctx, extents[i], false, NULL, &r);
    assert_true(r.rows.at[0].points >= all * all * all);
    loom_ctx_done(&ctx);
  }
}

static void test_no_other_size_is_much_better(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  rng r = rng_new(7);
  solve_result best, other;
  int looked = 0;
  solve_one(&ctx, 1500, true, NULL, &best);
  for (int i = 0; i < 60; i++) {
    int64_t at[3];
    for (int k = 0; k < 3; k++)
      at[k] = 32 * rng_range(&r, 1, 47);
    solve_one(&ctx, 1500, true, at, &other);
    if (other.rows.n == 0)
      continue;
    looked++;
    assert_true((double)other.rows.at[0].cycles > 0.98 * (double)best.rows.at[0].cycles);
  }
  assert_true(looked > 5);
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_sizes_are_round_or_the_least), cmocka_unit_test(test_no_other_size_is_much_better)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
