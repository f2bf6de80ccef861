#include "explore/explore.h"
#include "base/testing.h"
#include "etg/etg.h"
#include "nest/nest_samples.h"

static machine *wormhole(loom_ctx *ctx) {
  static const char *const dirs[] = {LOOM_SOURCE_DIR "/machines"};
  machine_set_path(dirs, 1);
  machine *m;
  assert_int_equal(machine_load(ctx, "wormhole", NULL, &m), LOOM_OK);
  return m;
}

static data_value *first_variant(loom_ctx *ctx, int generation, bool resolved, size_t *n_variants) {
  machine *m = wormhole(ctx);
  nest *n = nest_make_matmul(&ctx->mem, 4096, 4096, 512, DTYPE_F16, DTYPE_F16);
  explore_table t;
  data_value *v;
  assert_int_equal(explore_run(ctx, n, m, &(explore_options){.upstream_compatible = true}, &t), LOOM_OK);
  assert_int_equal(explore_etg(ctx, n, m, &t, generation, resolved, &v), LOOM_OK);
  *n_variants = v->n;
  return v->items[0];
}

static data_value *at(data_value *v, const char *path) {
  for (const char *p = path; *p && v;) {
    char key[64];
    size_t n = strcspn(p, "/");
    memcpy(key, p, n);
    key[n] = 0;
    p += n + (p[n] == '/');
    v = key[0] >= '0' && key[0] <= '9' ? ((size_t)(key[0] - '0') < v->n ? v->items[key[0] - '0'] : NULL) : data_get(v, key);
  }
  return v;
}

static void expect_json(loom_ctx *ctx, data_value *v, const char *path, const char *expected) {
  data_value *x = at(v, path);
  if (!x)
    fail_msg("%s is missing", path);
  assert_string_equal(data_write_json(&ctx->mem, x, 0), expected);
}

/* The tree of upstream's first matmul variant (loom.md 2.2): tile_m > tile_n > {k loop {2 loads, matmul}, store}. */
static void test_tree_of_the_first_variant(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  size_t n;
  data_value *v = first_variant(&ctx, 2, false, &n);
  assert_int_equal(n, 16);
  static const char inner[] = "compute_scope/stages/0/for_loop_block";
  data_value *m = at(at(v, "kernel_block"), inner), *nn = at(m, inner);
  expect_json(&ctx, m, "block_sym", "\"tile_m\"");
  expect_json(&ctx, m, "iter_type", "\"temporal\"");
  expect_json(&ctx, m, "trip_count", "{\"Div\": [{\"Div\": [{\"Const\": 4096}, {\"Sym\": \"tile_m\"}]}, {\"Const\": 8}]}");
  expect_json(&ctx, nn, "block_sym", "\"tile_n\"");
  data_value *k = at(nn, inner);
  expect_json(&ctx, k, "block_sym", "\"\"");
  expect_json(&ctx, k, "iter_type", "\"sequential\"");
  expect_json(&ctx, k, "trip_count", "{\"Div\": [{\"Const\": 512}, {\"Sym\": \"tile_k\"}]}");
  data_value *loads = at(k, "load_scope/stages/0/Parallel/0/Sequential/schedules");
  assert_int_equal(loads->n, 2);
  expect_json(&ctx, loads->items[0], "Func/func/name", "\"dram_to_l1_bcst\"");
  expect_json(&ctx, loads->items[0], "Func/func/sym_map/entries",
              "[[\"M\", {\"Sym\": \"tile_m\"}], [\"N\", {\"Sym\": \"tile_k\"}], [\"bcst_x\", {\"Const\": 1}], [\"bcst_y\", {\"Const\": 8}], "
              "[\"effective_bandwidth\", {\"Const\": 10}]]");
  expect_json(&ctx, loads->items[1], "Func/func/symbols", "[\"M\", \"N\", \"bcst_x\", \"bcst_y\", \"effective_bandwidth\"]");
  expect_json(&ctx, k, "compute_scope/stages/0/Parallel/0/Sequential/schedules/0/Func/func/name", "\"matmul_f16\"");
  expect_json(&ctx, nn, "store_scope/stages/0/Parallel/0/Sequential/schedules/0/Func/func/sym_map/entries", "[[\"M\", {\"Sym\": \"tile_m\"}], [\"N\", {\"Sym\": \"tile_n\"}]]");
  expect_json(&ctx, nn, "store_scope/stages/0/Parallel/0/Sequential/schedules/0/Func/scenarios", "[]");
  loom_ctx_done(&ctx);
}

static void test_generations_differ_where_they_should(void **state) {
  (void)state;
  static const char mn[] = "{\"Mul\": [{\"Sym\": \"tile_m\"}, {\"Sym\": \"tile_n\"}]}", seq[] = "{\"Div\": [{\"Const\": 512}, {\"Sym\": \"tile_k\"}]}";
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  size_t n;
  data_value *g1 = first_variant(&ctx, 1, false, &n), *g2 = first_variant(&ctx, 2, false, &n), *g3 = first_variant(&ctx, 3, false, &n);
  expect_json(&ctx, g1, "kernel_block/memory_scope/stages", "[]");
  expect_json(&ctx, g1, "constraint_scope/metadata/L1_footprint/0", mn);
  expect_json(&ctx, g1, "constraint_scope/metadata/iter_num/seq_iter", seq);
  assert_int_equal(at(g1, "constraint_scope/hard_constraints")->n, 1);
  expect_json(&ctx, g1, "constraint_scope/hard_constraints/0/Le/1", "{\"Const\": 1398784}");
  expect_json(&ctx, g2, "constraint_scope/metadata/L1_footprint/capacity", "1398784");
  expect_json(&ctx, g2, "constraint_scope/metadata/L1_footprint/store/0", mn);
  expect_json(&ctx, g2, "constraint_scope/metadata/iter_num/temp_iter/0",
              "[{\"Div\": [{\"Div\": [{\"Const\": 4096}, {\"Sym\": \"tile_n\"}]}, {\"Const\": 7}]}, false]");
  expect_json(&ctx, g2, "constraint_scope/hard_constraints", "[]");
  expect_json(&ctx, g3, "constraint_scope/metadata/memory_footprints/0/capacity_bytes", "1398784");
  expect_json(&ctx, g3, "constraint_scope/metadata/iter_num/temp_iter/0", "{\"Div\": [{\"Div\": [{\"Const\": 4096}, {\"Sym\": \"tile_n\"}]}, {\"Const\": 8}]}");
  expect_json(&ctx, g3, "constraint_scope/metadata/symbols/tile_k", "{\"type\": \"int\", \"alignment\": 32, \"natural_ub\": 512}");
  expect_json(&ctx, g3, "constraint_scope/metadata/booleans", "[\"is_double_buffer\"]");
  loom_ctx_done(&ctx);
}

/* A resolved call lists its scenarios with guards that exclude each other; at any point the one that holds has the machine's cost. */
static void test_resolved_scenarios_are_the_machines_cost(void **state) {
  (void)state;
  static const int64_t points[][3] = {{32, 32, 32}, {64, 128, 64}, {128, 64, 32}, {256, 512, 512}, {16, 64, 32}};
  for (int generation = 1; generation <= 3; generation++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    machine *m = wormhole(&ctx);
    size_t n;
    data_value *v = first_variant(&ctx, generation, true, &n);
    data_value *k = at(v, "kernel_block/compute_scope/stages/0/for_loop_block/compute_scope/stages/0/for_loop_block/compute_scope/stages/0/for_loop_block");
    data_value *call = at(k, "compute_scope/stages/0/Parallel/0/Sequential/schedules/0/Func"), *list = at(call, "scenarios");
    assert_true(list->n >= 2);
    const sym_expr *cost;
    const machine_arg args[] = {{"M", sym_name(&ctx.mem, "tile_m")}, {"N", sym_name(&ctx.mem, "tile_n")}, {"K", sym_name(&ctx.mem, "tile_k")}};
    assert_int_equal(machine_cost(&ctx, m, "matmul_f16", args, 3, &cost), LOOM_OK);
    for (size_t p = 0; p < COUNT_OF(points); p++) {
      const sym_binding b[] = {{"tile_m", points[p][0]}, {"tile_n", points[p][1]}, {"tile_k", points[p][2]}};
      int64_t expected, holds = 0;
      assert_int_equal(sym_eval(&ctx, cost, b, 3, &expected), LOOM_OK);
      for (size_t i = 0; i < list->n; i++) {
        const sym_expr *guard, *time;
        int64_t is_on, cycles;
        assert_int_equal(sym_from_etg(&ctx, data_get(list->items[i], "constraints"), &guard), LOOM_OK);
        assert_int_equal(sym_from_etg(&ctx, data_get(list->items[i], "time_cost"), &time), LOOM_OK);
        assert_int_equal(sym_eval(&ctx, guard, b, 3, &is_on), LOOM_OK);
        if (!is_on)
          continue;
        holds++;
        assert_int_equal(sym_eval(&ctx, time, b, 3, &cycles), LOOM_OK);
        assert_int_equal(cycles, expected);
      }
      assert_int_equal(holds, 1);
    }
    loom_ctx_done(&ctx);
  }
}

static data_value *first_of(loom_ctx *ctx, const machine *m, const nest *n, int generation) {
  explore_table t;
  data_value *v;
  assert_int_equal(explore_run(ctx, n, m, &(explore_options){.upstream_compatible = true}, &t), LOOM_OK);
  assert_int_equal(explore_etg(ctx, n, m, &t, generation, false, &v), LOOM_OK);
  return v->items[0];
}

/* A gather leaves the core, and its loop runs in one wave: as upstream's decoding file has it. */
static void test_a_gather_is_one_wave(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  machine *m = wormhole(&ctx);
  data_value *v = first_of(&ctx, m, nest_make_decode(&ctx.mem, 16, 32, 8192, 128, DTYPE_F16), 2);
  data_value *hard = at(v, "constraint_scope/hard_constraints");
  const char *json = data_write_json(&ctx.mem, v, 0);
  assert_int_equal(hard->n, 1);
  const sym_expr *e;
  assert_int_equal(sym_from_etg(&ctx, hard->items[0], &e), LOOM_OK);
  assert_int_equal(e->op, SYM_EQ);
  assert_true(sym_depends(e, "tile_s"));
  size_t gathers = 0;
  for (const char *p = json; (p = strstr(p, "\"l1_gather\"")); p++)
    gathers++;
  assert_int_equal(gathers, 2);
  loom_ctx_done(&ctx);
}

/* Blocks of which one element is taken have one size. */
static void test_blocks_of_one_size_stay_so(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  machine *m = wormhole(&ctx);
  const nest_mamba_shape z = {.batch = 2, .heads = 4, .groups = 1, .chunks = 2, .chunk = 64, .head = 64, .state = 64, .block_bound = 64};
  data_value *v = first_of(&ctx, m, nest_make_mamba(&ctx.mem, &z, DTYPE_F16, false), 3);
  expect_json(&ctx, v, "constraint_scope/metadata/symbols/tile_c", "{\"type\": \"int\", \"alignment\": 1, \"natural_ub\": 1}");
  loom_ctx_done(&ctx);
}

/* Loads of different movers overlap: one branch each. */
static void test_movers_are_branches(void **state) {
  (void)state;
  static const char two[] =
      "schema: loom.machine.v1\nextends: wormhole\nname: two\ncalibration: t\nperf:\n  t:\n    functions:\n"
      "      matmul_f16: {unit: matrix, symbols: [M, N, K], fixed: 1}\n      dram_to_l1_f16: {unit: noc0, symbols: [M, N], fixed: 1}\n"
      "      dram_to_l1_bcst: {unit: noc1, symbols: [M, N], fixed: 1}\n      l1_to_dram_f16: {unit: noc1, symbols: [M, N], fixed: 1}\n";
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  wormhole(&ctx);
  machine *m;
  explore_table t;
  data_value *v;
  size_t alone = 0, apart = 0;
  assert_int_equal(machine_from_yaml(&ctx, "two.yaml", two, strlen(two), &m), LOOM_OK);
  nest *n = nest_make_matmul(&ctx.mem, 4096, 4096, 512, DTYPE_F16, DTYPE_F16);
  assert_int_equal(explore_run(&ctx, n, m, &(explore_options){.upstream_compatible = true}, &t), LOOM_OK);
  assert_int_equal(explore_etg(&ctx, n, m, &t, 3, false, &v), LOOM_OK);
  for (size_t i = 0; i < v->n; i++) {
    data_value *loads = at(v->items[i], "kernel_block/compute_scope/stages/0/for_loop_block/compute_scope/stages/0/for_loop_block/compute_scope/stages/0/for_loop_block/load_scope/stages/0/Parallel");
    const data_value *second = at(loads, loads->n == 2 ? "1/Sequential/schedules/0/Func/func/name" : "0/Sequential/schedules/1/Func/func/name");
    bool same = strcmp(at(loads, "0/Sequential/schedules/0/Func/func/name")->string, second->string) == 0;
    assert_int_equal(same, loads->n == 1);
    alone += loads->n == 1;
    apart += loads->n == 2;
  }
  assert_int_equal(alone + apart, v->n);
  assert_true(apart > 0 && alone > 0);
  loom_ctx_done(&ctx);
}

static void test_unknown_generation_is_refused(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  explore_table none = {0};
  data_value *v;
  assert_int_equal(explore_etg(&ctx, nest_make_matmul(&ctx.mem, 64, 64, 64, DTYPE_F16, DTYPE_F16), wormhole(&ctx), &none, 4, false, &v), LOOM_EUSAGE);
  testing_expect_error(&ctx, LOOM_EUSAGE, "generation 4 does not exist", 0, 0);
  loom_ctx_done(&ctx);
}

/* Kernels beyond the product: what restricts their sizes, in all generations.  Oracle: the text, and that it reads again. */
static void test_other_kernels_are_written_and_read(void **state) {
  (void)state;
  static const nest_mamba_shape mamba = {.batch = 2, .heads = 4, .groups = 1, .chunks = 2, .chunk = 64, .head = 64, .state = 64, .block_bound = 64};
  for (int k = 0; k < 5; k++)
    for (int generation = 1; generation <= 3; generation++) {
      loom_ctx ctx;
      loom_ctx_init(&ctx);
      arena *m = &ctx.mem;
      machine *chip = wormhole(&ctx);
      nest *n = k == 0   ? nest_make_decode(m, 16, 32, 8192, 128, DTYPE_F16)
                : k == 1 ? nest_make_split_k(m, 512, 512, 4096, DTYPE_F16)
                : k == 2 ? nest_make_mamba(m, &mamba, DTYPE_F16, false)
                : k == 3 ? nest_make_elementwise(m, 512, 512, DTYPE_F16, "addf")
                         : nest_make_matmul(m, 512, 512, 512, DTYPE_BF16, DTYPE_BF16);
      if (k == 3) {
        n->symbols.at[0].fixed = 64;
        n->symbols.at[1].upper_bound = sym_name(m, "tile_m");
        n->loops.at[0].divides = true;
        n->symbols.at[1].covers_one = generation == 2;
        chip->l1_name = NULL;
      }
      if (k == 4)
        n->symbols.at[2].upper_bound = NULL;
      explore_table t;
      data_value *v;
      etg_file again;
      assert_int_equal(explore_run(&ctx, n, chip, &(explore_options){.upstream_compatible = true}, &t), LOOM_OK);
      assert_int_equal(explore_etg(&ctx, n, chip, &t, generation, false, &v), LOOM_OK);
      assert_int_equal(etg_read(&ctx, v, &again), LOOM_OK);
      assert_int_equal(ctx.diag.warnings, 0);
      assert_int_equal(again.variants.n, t.rows.n);
      const etg_variant *first = again.variants.at[0];
      size_t waves = 0;      /* one a gathered loop, however many gathers go across it */
      for (size_t i = 0; i < first->hard.n; i++)
        waves += first->hard.at[i].is->op == SYM_EQ;
      assert_int_equal(waves, k < 2);
      assert_int_equal(first->sequential.n, n->loops.n - (size_t)n->n_parallel);
      if (k == 3) {
        assert_int_equal(first->symbols.at[0].align, 64);
        assert_int_equal(first->symbols.at[0].upper, 64);
        assert_int_equal(first->symbols.at[1].upper, generation == 2);      /* unknown, or the only size there is */
        if (generation == 2)
          assert_int_equal(first->temporal.at[1].divides, ETG_DIVIDES);
        if (generation == 3)
          assert_string_equal(first->memories.at[0].name, "L1");
      }
      loom_ctx_done(&ctx);
    }
}

/* Calls that the machine's perf set lacks have the name that every set has, and stand together. */
static void test_a_machine_without_functions_gets_the_plain_names(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  machine *chip = wormhole(&ctx);
  chip->perf.n = 0;
  nest *n = nest_make_matmul(&ctx.mem, 512, 512, 512, DTYPE_BF16, DTYPE_BF16);
  explore_table t;
  data_value *v;
  assert_int_equal(explore_run(&ctx, n, chip, &(explore_options){.upstream_compatible = true}, &t), LOOM_OK);
  assert_int_equal(explore_etg(&ctx, n, chip, &t, 2, false, &v), LOOM_OK);
  assert_non_null(strstr(data_write_json(&ctx.mem, v, 0), "\"matmul_f16\""));
  assert_null(strstr(data_write_json(&ctx.mem, v, 0), "bf16\", \"symbols"));
  for (int generation = 0; generation <= 4; generation += 4) {
    assert_int_equal(explore_etg(&ctx, n, chip, &t, generation, false, &v), LOOM_EUSAGE);
    assert_int_equal(ctx.diag.errors, 1 + generation / 4);
  }
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_tree_of_the_first_variant),
      cmocka_unit_test(test_generations_differ_where_they_should),
      cmocka_unit_test(test_resolved_scenarios_are_the_machines_cost),
      cmocka_unit_test(test_a_gather_is_one_wave),
      cmocka_unit_test(test_blocks_of_one_size_stay_so),
      cmocka_unit_test(test_movers_are_branches),
      cmocka_unit_test(test_unknown_generation_is_refused),
      cmocka_unit_test(test_other_kernels_are_written_and_read),
      cmocka_unit_test(test_a_machine_without_functions_gets_the_plain_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
