/* Leaf costs against the formulas of the sources, written out in plain C. */
#include "machine/machine_testing.h"

static int64_t cd(int64_t a, int64_t b) { return (a + b - 1) / b; }

static int64_t matmul(loom_ctx *ctx, const machine *m, const char *name, int64_t a, int64_t b, int64_t c) {
  return cost_of(ctx, m, name, (const char *[]){"M", "N", "K"}, (int64_t[]){a, b, c}, 3);
}

/* M N effective_bandwidth bcst_x bcst_y, all of which any transfer may be given */
static int64_t move(loom_ctx *ctx, const machine *m, const char *name, int64_t rows, int64_t cols, int64_t tenths, int64_t x, int64_t y) {
  return cost_of(ctx, m, name, (const char *[]){"M", "N", "effective_bandwidth", "bcst_x", "bcst_y"}, (int64_t[]){rows, cols, tenths, x, y}, 5);
}

static void test_2025_set_gives_the_published_leaf_costs(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = load(ctx, "wormhole-2025");
  assert_int_equal(matmul(ctx, m, "matmul_f16", 64, 2048, 64), 8292);
  assert_int_equal(move(ctx, m, "dram_to_l1_f16", 64, 64, 80, 1, 1), 1001);
  assert_int_equal(move(ctx, m, "dram_to_l1_S_f16", 2048, 64, 80, 1, 1), 17931);
  assert_int_equal(move(ctx, m, "l1_to_dram_f16", 64, 2048, 80, 1, 1), 17931);
  assert_int_equal(matmul(ctx, m, "matmul_SS_f16", 512, 512, 64), 16484);
  assert_int_equal(move(ctx, m, "dram_to_l1_f16", 512, 64, 80, 1, 1), 4824);
  assert_int_equal(move(ctx, m, "dram_to_l1_bcst", 512, 64, 10, 8, 1), 344 + 9 + cd(512 * 64 * 2 * 8, 28));
}

/* The nested aggregation of the older model, from leaf costs to the two published totals. */
static void test_2025_set_reaches_the_published_totals(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = load(ctx, "wormhole-2025");
  int64_t compute = matmul(ctx, m, "matmul_f16", 64, 2048, 64);
  int64_t load_a = move(ctx, m, "dram_to_l1_f16", 64, 64, 10, 1, 1), load_b = move(ctx, m, "dram_to_l1_f16", 64, 2048, 10, 1, 1);
  int64_t inner = 4 * (compute > load_a + load_b ? compute : load_a + load_b), store = load_b;
  assert_int_equal(2 * (inner > store ? inner : store), 151456);
  compute = matmul(ctx, m, "matmul_f16", 512, 512, 64);
  load_a = move(ctx, m, "dram_to_l1_f16", 512, 64, 10, 1, 1);
  assert_int_equal(4 * (compute > 2 * load_a ? compute : 2 * load_a), 65936);
}

/* Trips * max(compute, loads) at the four published optima of 48 variants; solve_etg_golden_test finds them as optima. */
static void test_2025_gemm_set_reaches_all_published_totals(void **state) {
  loom_ctx *ctx = *state;
  static const struct { int64_t total, trips, m, n, k, x, y; } rows[] = {      /* B shared by x and y cores; rows on both mesh dims, the last on one */
      {151456, 8, 64, 2048, 64, 1, 1}, {129208, 8, 64, 2048, 64, 1, 8}, {129208, 8, 64, 2048, 64, 8, 1}, {94128, 4, 64, 1024, 256, 8, 8}, {65936, 4, 512, 512, 64, 1, 1}};
  machine *m;
  expect_ok(ctx, machine_load(ctx, "wormhole-2025", "2025-gemm", &m));
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    int64_t compute = matmul(ctx, m, "matmul_f16", rows[i].m, rows[i].n, rows[i].k), a = move(ctx, m, "dram_to_l1_f16", rows[i].m, rows[i].k, 10, 1, 1);
    int64_t b = move(ctx, m, rows[i].x * rows[i].y > 1 ? "dram_to_l1_bcst" : "dram_to_l1_f16", rows[i].k, rows[i].n, 10, rows[i].x, rows[i].y);
    assert_int_equal(rows[i].trips * (compute > a + b ? compute : a + b), rows[i].total);
  }
}

static void test_newest_set_agrees_with_its_formulas(void **state) {
  static const int64_t sizes[] = {32, 64, 96, 128, 224, 256, 512, 704};
  loom_ctx *ctx = *state;
  const machine *m = load(ctx, "wormhole");
  for (size_t i = 0; i < COUNT_OF(sizes); i++)
    for (size_t j = 0; j < COUNT_OF(sizes); j++)
      for (size_t l = 0; l < COUNT_OF(sizes); l++) {
        int64_t a = sizes[i], b = sizes[j], k = sizes[l], rate = a * b >= 8192 ? 716 : a * b * 716 / 8192;
        assert_int_equal(matmul(ctx, m, "matmul_SS_f16", a, b, k), cd(a * b, 2) + cd(2 * a * b * k, rate));
        assert_int_equal(move(ctx, m, "dram_to_l1_bcst", a, k, 10, 8, 1), 344 + cd(20 * a * k, 150));
        assert_int_equal(move(ctx, m, "l1_to_dram_f16", a, b, 10, 1, 1), 454 + cd(2 * a * b, 150));
      }
}

/* The total of 616,622 at tiles 256, 512, 512 without double buffering on 4096 x 4096 x 512. */
static void test_newest_set_reaches_the_known_total(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = load(ctx, "wormhole");
  int64_t compute = matmul(ctx, m, "matmul_f16", 256, 512, 512), store = move(ctx, m, "l1_to_dram_f16", 256, 512, 10, 1, 1);
  int64_t loads = move(ctx, m, "dram_to_l1_bcst", 256, 512, 10, 8, 1) + move(ctx, m, "dram_to_l1_bcst", 512, 512, 10, 1, 8);
  int64_t tm = cd(4096 / 8, 256), tn = cd(4096 / 8, 512), tk = 512 / 512;
  assert_int_equal(tm * tn * (tk * (compute + loads) + store), 616622);
}

static void test_aliases_cost_what_their_targets_cost(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = load(ctx, "wormhole");
  for (size_t i = 0; i < m->perf.n; i++)
    for (size_t j = 0; j < m->perf.at[i].aliases.n; j++)
      assert_ptr_equal(machine_find_func(m, m->perf.at[i].aliases.at[j].name), machine_find_func(m, m->perf.at[i].aliases.at[j].target));
  assert_ptr_equal(machine_find_func(m, "matmul_f16"), machine_find_func(m, "matmul_SS_f16"));
  assert_non_null(machine_find_func(m, "matmul_f16"));
}

static void test_calibration_chooses_the_set(void **state) {
  loom_ctx *ctx = *state;
  machine *m;
  expect_ok(ctx, machine_load(ctx, "wormhole", "2025", &m));
  assert_int_equal(matmul(ctx, m, "matmul_f16", 64, 2048, 64), 8292);
  assert_int_equal(m->l1_bytes, 1398784);
}

static void test_symbols_stay_symbols(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = load(ctx, "wormhole");
  machine_arg args[] = {{"M", sym_name(&ctx->mem, "tile_m")}, {"N", sym_name(&ctx->mem, "tile_n")}, {"K", sym_name(&ctx->mem, "tile_k")}};
  const sym_expr *e;
  int64_t cycles;
  expect_ok(ctx, machine_cost(ctx, m, "matmul_f16", args, 3, &e));
  sym_binding b[] = {{"tile_m", 96}, {"tile_n", 64}, {"tile_k", 32}};
  expect_ok(ctx, sym_eval(ctx, e, b, 3, &cycles));
  assert_int_equal(cycles, cd(96 * 64, 2) + cd(2 * 96 * 64 * 32, 96 * 64 * 716 / 8192));
}

static void test_sizes_below_a_function_cost_the_uncovered_value(void **state) {
  loom_ctx *ctx = *state;
  assert_int_equal(matmul(ctx, load(ctx, "wormhole"), "matmul_f16", 16, 512, 512), MACHINE_UNCOVERED_CYCLES);
}

static void test_unknown_function_names_the_nearest(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = load(ctx, "wormhole");
  const sym_expr *e;
  assert_int_equal(machine_cost(ctx, m, "matmul_f61", NULL, 0, &e), LOOM_EUNSUP);
  testing_expect_error(ctx, LOOM_EUNSUP, "has no function 'matmul_f61'", 0, 0);
  assert_non_null(strstr(ctx->diag.first->help, "'matmul_f16'"));
}

static void test_missing_symbol_is_named(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = load(ctx, "wormhole");
  machine_arg args[] = {{"M", sym_const(&ctx->mem, 64)}, {"N", sym_const(&ctx->mem, 64)}};
  const sym_expr *e;
  assert_int_equal(machine_cost(ctx, m, "matmul_f16", args, 2, &e), LOOM_EUNSUP);
  testing_expect_error(ctx, LOOM_EUNSUP, "needs a value for 'K'", 0, 0);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      T(test_2025_set_gives_the_published_leaf_costs),
      T(test_2025_set_reaches_the_published_totals),
      T(test_2025_gemm_set_reaches_all_published_totals),
      T(test_newest_set_agrees_with_its_formulas),
      T(test_newest_set_reaches_the_known_total),
      T(test_aliases_cost_what_their_targets_cost),
      T(test_calibration_chooses_the_set),
      T(test_symbols_stay_symbols),
      T(test_sizes_below_a_function_cost_the_uncovered_value),
      T(test_unknown_function_names_the_nearest),
      T(test_missing_symbol_is_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
