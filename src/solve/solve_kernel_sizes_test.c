/* Block sizes that the kernel itself decides.  Oracle: what the nest says of its symbols. */
#include "base/testing.h"
#include "nest/nest_samples.h"
#include "solve/solve.h"

static machine *wormhole(loom_ctx *ctx) {
  static const char *const dirs[] = {LOOM_SOURCE_DIR "/machines"};
  machine_set_path(dirs, 1);
  machine *m;
  assert_int_equal(machine_load(ctx, "wormhole", NULL, &m), LOOM_OK);
  return m;
}

static loom_status solve_nest(loom_ctx *ctx, nest *n, const solve_domain *asked, solve_result *out) {
  solve_options o = {.model = MODEL_LOOM, .accumulate_f32 = true, .assigned_double_buffer = -1, .domains = asked, .n_domains = asked ? 1 : 0};
  machine *m = wormhole(ctx);
  explore_table t;
  assert_int_equal(explore_run(ctx, n, m, &(explore_options){.upstream_compatible = true, .candidate_limit = 1000}, &t), LOOM_OK);
  if (t.rows.n > 3)
    t.rows.n = 3;
  return solve_run(ctx, n, m, &t, &o, out);
}

static void expect_sizes(const solve_result *r, const char *symbol, int64_t size) {
  for (size_t i = 0; i < r->rows.n; i++)
    for (size_t b = 0; b < r->rows.at[i].blocks.n; b++)
      if (strcmp(r->rows.at[i].blocks.at[b].symbol, symbol) == 0)
        assert_int_equal(r->rows.at[i].blocks.at[b].size, size);
}

static void test_blocks_of_one_element_have_size_1(void **state) {
  (void)state;
  static const nest_mamba_shape shape = {.batch = 2, .heads = 4, .groups = 2, .chunks = 4, .chunk = 64, .head = 64, .state = 32, .block_bound = 64};
  static const char *const ones[] = {"tile_b", "tile_h", "tile_c"};
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  solve_result r;
  assert_int_equal(solve_nest(&ctx, nest_make_mamba(&ctx.mem, &shape, DTYPE_F16, false), NULL, &r), LOOM_OK);
  assert_true(r.rows.at[0].blocks.n == 6);
  for (size_t i = 0; i < COUNT_OF(ones); i++)
    expect_sizes(&r, ones[i], 1);
  loom_ctx_done(&ctx);
}

static void test_fixed_blocks_keep_their_size(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  nest *n = nest_make_matmul(&ctx.mem, 512, 512, 512, DTYPE_F16, DTYPE_F16);
  n->symbols.at[2].fixed = 64;
  solve_result r;
  assert_int_equal(solve_nest(&ctx, n, NULL, &r), LOOM_OK);
  expect_sizes(&r, "tile_k", 64);
  loom_ctx_done(&ctx);
}

static void test_other_sizes_are_refused(void **state) {
  (void)state;
  static const struct { bool covers_one; int64_t fixed, asked; loom_status status; const char *said; } rows[] = {
      {true, 0, 2, LOOM_EINFEASIBLE, "'tile_k' cannot be 2: the kernel takes one element of each of its blocks, so its only size is 1"},
      {false, 64, 32, LOOM_EINFEASIBLE, "'tile_k' cannot be 32: the kernel fixes it, so its only size is 64"},
      {false, 64, 64, LOOM_OK, NULL},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    nest *n = nest_make_matmul(&ctx.mem, 512, 512, 512, DTYPE_F16, DTYPE_F16);
    n->symbols.at[2].covers_one = rows[i].covers_one;
    n->symbols.at[2].fixed = rows[i].fixed;
    solve_result r;
    assert_int_equal(solve_nest(&ctx, n, &(solve_domain){.symbol = "tile_k", .assigned = rows[i].asked}, &r), rows[i].status);
    if (rows[i].said)
      testing_expect_error(&ctx, rows[i].status, rows[i].said, 0, 0);
    loom_ctx_done(&ctx);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_blocks_of_one_element_have_size_1),
      cmocka_unit_test(test_fixed_blocks_keep_their_size),
      cmocka_unit_test(test_other_sizes_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
