/* Upstream's compute directories: functions in MLIR, costs in YAML; tests/data/compute_dir is ours in their form. */
#include "base/file.h"
#include "machine/machine_testing.h"
#include <stdlib.h>
#include <unistd.h>

static machine *with_dir(loom_ctx *ctx, const char *dir, loom_status expected) {
  machine *m = load(ctx, "single");
  loom_status st = machine_add_compute_dir(ctx, m, dir);
  if (expected == LOOM_OK)
    expect_ok(ctx, st);
  assert_int_equal(st, expected);
  return m;
}

#define DIR_NAME LOOM_SOURCE_DIR "/tests/data/compute_dir"

static void test_costs_of_a_directory_are_put_in_use(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = with_dir(ctx, DIR_NAME, LOOM_OK);
  static const char *const mnk[] = {"M", "N", "K"}, *const l[] = {"L"}, *const mne[] = {"M", "N", "effective_bandwidth"};
  assert_string_equal(m->perf.at[m->calibration].name, "imported");
  assert_int_equal(m->perf.at[m->calibration].funcs.n, 3);
  assert_int_equal(ctx->diag.warnings, 0);
  /* loom.md 4.7 with our rounding */
  static const int64_t sizes[][3] = {{128, 64, 32}, {64, 64, 64}, {33, 32, 32}, {31, 32, 32}};
  for (size_t i = 0; i < COUNT_OF(sizes); i++) {
    int64_t mn = sizes[i][0] * sizes[i][1], rate = mn >= 8192 ? 716 : mn * 716 / 8192, expected = (mn + 1) / 2 + (2 * mn * sizes[i][2] + rate - 1) / rate;
    assert_int_equal(cost_of(ctx, m, "matmul_f16", mnk, sizes[i], 3), sizes[i][0] < 32 ? MACHINE_UNCOVERED_CYCLES : expected);
  }
  assert_int_equal(cost_of(ctx, m, "vec_exp_f16", l, (int64_t[]){70}, 1), 11);
  assert_int_equal(cost_of(ctx, m, "dram_to_l1_f16", mne, (int64_t[]){32, 32, 10}, 3), 454 + (20480 + 149) / 150);      /* by its older name */
}

static void test_processors_become_units_and_movers(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = with_dir(ctx, DIR_NAME, LOOM_OK);
  const machine_func *f = machine_find_func(m, "matmul_f16");
  assert_string_equal(f->unit, "matrix_lane");
  const machine_unit *u = &m->units.at[m->units.n - 2];
  assert_string_equal(u->name, "matrix_lane");
  assert_string_equal(u->kind, "matrix");
  assert_true(u->rate.is_assumed);
  assert_string_equal(m->units.at[m->units.n - 1].kind, "vector");
  size_t noc0 = 0;
  for (size_t i = 0; i < m->movers.n; i++)
    noc0 += strcmp(m->movers.at[i], "noc0") == 0;
  assert_int_equal(noc0, 1);      /* the machine has it already */
  machine *again;
  const char *yaml = machine_to_yaml(&ctx->mem, m);
  expect_ok(ctx, machine_from_yaml(ctx, "again.yaml", yaml, strlen(yaml), &again));
  assert_string_equal(machine_to_yaml(&ctx->mem, again), yaml);
}

/* A directory with the one unit `u`: its MLIR and its costs. */
static char *make_dir(loom_ctx *ctx, const char *mlir, const char *yaml) {
  char *dir = arena_strdup(&ctx->mem, "/tmp/loom-compute-dir-XXXXXX");
  assert_non_null(mkdtemp(dir));
  if (mlir)
    expect_ok(ctx, file_write(ctx, file_join(&ctx->mem, dir, "u.mlir"), mlir, strlen(mlir)));
  if (yaml)
    expect_ok(ctx, file_write(ctx, file_join(&ctx->mem, dir, "u.perf.yaml"), yaml, strlen(yaml)));
  return dir;
}

static void remove_dir(loom_ctx *ctx, const char *dir) {
  unlink(file_join(&ctx->mem, dir, "u.mlir"));
  unlink(file_join(&ctx->mem, dir, "u.perf.yaml"));
  rmdir(dir);
}

#define FUNC(name, args, body) "module @u {\n  func.func @" name "(" args ") {\n" body "  }\n}\n"
#define BIND(v) "loom.bind_mem " v ", @L1 : memref<?xf16>\n"
#define ADD FUNC("add", "%a: memref<?xf16>, %b: memref<?xf16>", BIND("%a") BIND("%b") "linalg.add ins(%a) outs(%b)\n")
#define COST(name) "functions:\n  " name ":\n    scenarios:\n      - time_cost: {simple: {fixed_latency: 1, volume: L, throughput: 2}}\n"

static void test_what_does_not_fit_is_explained(void **state) {
  (void)state;
  static const struct { const char *mlir, *yaml; loom_status status; const char *said; int line, col; } cases[] = {
      {ADD, COST("add"), LOOM_OK, NULL, 0, 0},
      {NULL, NULL, LOOM_EINPUT, "holds no .mlir file", 0, 0},
      {ADD, NULL, LOOM_EINPUT, "the functions of 'u' have no costs", 1, 8},
      {ADD, COST("sub"), LOOM_EINPUT, "'add' has no cost in", 2, 13},
      {ADD, COST("add") "  sub:\n    scenarios: []\n", LOOM_EINPUT, "'scenarios' must be a list with at least one cost", 0, 0},
      {ADD, COST("add") "  addd:\n    scenarios:\n      - time_cost: {simple: {fixed_latency: 1, volume: L, throughput: 2}}\n", LOOM_EINPUT, "there is no function 'addd' in the MLIR", 5, 3},
      {ADD, "functions:\n  add:\n    scenarios:\n      - time_cost: fast\n", LOOM_EINPUT, "time_cost is the word 'fast'", 4, 20},
      {ADD, "functions:\n  add:\n    scenarios:\n      - time_cost: {simple: {fixed_latency: 1, volume: L}}\n", LOOM_EINPUT, "the cost needs 'throughput'", 4, 29},
      {ADD, "functions:\n  add:\n    scenarios:\n      - time_cost: {table: {}}\n", LOOM_EINPUT, "unknown key 'table'", 0, 0},
      {ADD, "functions:\n  add:\n    scenarios:\n      - time_cost: {simple: {fixed_latency: 1, volume: \"L +\", throughput: 2}}\n", LOOM_EINPUT, "expected", 0, 0},
      {ADD, "functions:\n  add:\n    symbols: [M]\n    scenarios:\n      - time_cost: {simple: {fixed_latency: 1, volume: L, throughput: 2}}\n", LOOM_EINPUT, "'L' is not a symbol of 'add'", 0, 0},
      {ADD, "add: [{expression: L, volume: L}]\n", LOOM_EINPUT, "the cost has both 'expression' and 'volume'", 1, 31},
      {ADD, "costs: {}\n", LOOM_EINPUT, "unknown key 'costs'", 1, 1},
      {FUNC("f", "%a: memref<?xf16>", BIND("%a")), COST("f"), LOOM_EINPUT, "'f' neither computes nor transfers", 2, 13},
      {FUNC("f", "%a: memref<?xf16>, %b: memref<?xf16>", BIND("%a") "linalg.exp ins(%a) outs(%b)\n"), COST("f"), LOOM_EINPUT, "argument '%b' of 'f' is in no memory", 2, 13},
      {FUNC("f", "%a: memref<?xf16>", "loom.bind_mem %a, @L2 : memref<?xf16>\nlinalg.exp ins(%a)\n"), COST("f"), LOOM_EINPUT, "'f' works on memory 'L2', which machine 'single' does not have", 3, 19},
      {FUNC("f", "%a: memref<?xf16>", BIND("%a") "loom.copy %a\n"), COST("f"), LOOM_EINPUT, "'f' transfers between 1 arguments", 2, 13},
      {FUNC("f", "%a: memref<?xf16>", BIND("%a") "linalg.exp ins(%a)\nloom.copy %a\n"), COST("f"), LOOM_EINPUT, "'f' both computes and transfers", 5, 1},
      {FUNC("f", "%a: memref<?xf16>", BIND("%a") "loom.gather %a\nloom.copy %a\n"), COST("f"), LOOM_EINPUT, "'f' transfers twice", 5, 1},
      {"module @u {\n}\n", COST("f"), LOOM_EINPUT, "the module holds no functions", 1, 8},
      {"module @u {\n  func.func @f()\n", COST("f"), LOOM_EINPUT, "expected the function's body", 0, 0},
      {"module @u {\n  func.func @f(%a\n", COST("f"), LOOM_EINPUT, "expected ')'", 0, 0},
      {"module @u {\n  func.func @f() {\n", COST("f"), LOOM_EINPUT, "expected '}'", 0, 0},
      {ADD "x\n", COST("add"), LOOM_EINPUT, "expected the end of the file", 0, 0},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    char *dir = make_dir(&ctx, cases[i].mlir, cases[i].yaml);
    machine *m = load(&ctx, "single");
    loom_status st = machine_add_compute_dir(&ctx, m, dir);
    remove_dir(&ctx, dir);
    if (st != cases[i].status)
      fail_msg("case %zu: status %d, %s", i, (int)st, ctx.diag.first ? ctx.diag.first->text : "");
    if (st)
      testing_expect_error(&ctx, cases[i].status, cases[i].said, cases[i].line, cases[i].col);
    loom_ctx_done(&ctx);
  }
}

/* Costs in every form there was: their function, cost of L = 70. */
static void test_all_forms_of_costs_are_read(void **state) {
  (void)state;
  static const char *const texts[] = {
      COST("add"),
      "time_costs:\n  c: &c {simple: {fixed_latency: 1, volume: L, throughput: 2}}\nfunctions:\n  add:\n    scenarios: [{time_cost: *c}]\n",
      "name: u\ntype: compute\nperformance:\n  time_costs:\n    c: &c {simple: {fixed_latency: 1, volume: L, throughput: 2}}\n  functions:\n    add:\n      scenarios: [{time_cost: *c}]\n",
      "performance:\n  add: [{latency: 1, volume: L, throughput: 2}]\n",
      "add:\n- constraint: L >= 1\n  latency: 1\n  volume: L\n  throughput: '2'\n",
      "add:\n- constraint: L < 64\n  latency: 1\n  volume: L\n  throughput: '2'\n- {constraint: L >= 64, expression: 1 + L / 2}\n",
  };
  for (size_t i = 0; i < COUNT_OF(texts); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    machine_set_path(machine_testing_dirs, 1);
    machine *m = load(&ctx, "single");
    expect_ok(&ctx, machine_add_perf_yaml(&ctx, m, "vector.yaml", texts[i], strlen(texts[i])));
    static const char *const l[] = {"L"};
    assert_int_equal(cost_of(&ctx, m, "add", l, (int64_t[]){70}, 1), 36);
    loom_ctx_done(&ctx);
  }
}

/* New guards are checked once, old ones not again. */
static void test_guards_of_new_costs_are_checked(void **state) {
  loom_ctx *ctx = *state;
  char *dir = make_dir(ctx, ADD, "add:\n- {constraint: L > 64, latency: 1, volume: L, throughput: 2}\n- {constraint: L < 64, latency: 1, volume: L, throughput: 4}\n");
  machine *m = load(ctx, "single");
  loom_status st = machine_add_compute_dir(ctx, m, dir);
  remove_dir(ctx, dir);
  expect_ok(ctx, st);
  expect_ok(ctx, machine_check(ctx, m));
  assert_int_equal(ctx->diag.warnings, 1);
  assert_string_equal(ctx->diag.first->text, "no scenario of 'add' holds, for example at L = 64");
}

/* module @processor binds to ports, not to memories. */
static void test_ports_are_no_memories(void **state) {
  loom_ctx *ctx = *state;
  char *dir = make_dir(ctx, "module @processor {\n  func.func @add(%a: memref<?xf16>) {\nloom.bind_mem %a, @src : memref<?xf16>\nlinalg.exp ins(%a)\n  }\n}\n", COST("add"));
  machine *m = load(ctx, "single");
  loom_status st = machine_add_compute_dir(ctx, m, dir);
  remove_dir(ctx, dir);
  expect_ok(ctx, st);
  assert_string_equal(machine_find_func(m, "add")->unit, "u");
}

static void test_a_missing_directory_is_an_io_error(void **state) {
  loom_ctx *ctx = *state;
  with_dir(ctx, DIR_NAME "/nowhere", LOOM_EIO);
  testing_expect_error(ctx, LOOM_EIO, "cannot read the directory", 0, 0);
}

/* Once on each unit; without a unit the first counts. */
static void test_a_function_is_priced_once(void **state) {
  loom_ctx *ctx = *state;
  machine *m = load(ctx, "single"), *again;
  expect_ok(ctx, machine_add_perf_yaml(ctx, m, "matrix.perf.yaml", COST("f"), strlen(COST("f"))));
  expect_ok(ctx, machine_add_perf_yaml(ctx, m, "vector.perf.yaml", COST("f"), strlen(COST("f"))));
  assert_string_equal(machine_find_func(m, "f")->unit, "matrix");
  assert_string_equal(machine_find_func_on(m, "vector", "f")->unit, "vector");
  assert_null(machine_find_func_on(m, "noc0", "f"));
  const char *yaml = machine_to_yaml(&ctx->mem, m);
  expect_ok(ctx, machine_from_yaml(ctx, "again.yaml", yaml, strlen(yaml), &again));
  assert_string_equal(machine_to_yaml(&ctx->mem, again), yaml);
  assert_int_equal(again->perf.at[again->calibration].funcs.n, 2);
  assert_int_equal(machine_add_perf_yaml(ctx, m, "matrix.perf.yaml", COST("f"), strlen(COST("f"))), LOOM_EINPUT);
  testing_expect_error(ctx, LOOM_EINPUT, "'f' has a cost on 'matrix' already", 2, 3);
}

static void test_the_unit_of_a_perf_file_must_exist(void **state) {
  loom_ctx *ctx = *state;
  machine *m = load(ctx, "single");
  assert_int_equal(machine_add_perf_yaml(ctx, m, "matrx.perf.yaml", COST("f"), strlen(COST("f"))), LOOM_EINPUT);
  testing_expect_error(ctx, LOOM_EINPUT, "the core has no unit or mover 'matrx'", 1, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_costs_of_a_directory_are_put_in_use, setup, teardown),
      cmocka_unit_test_setup_teardown(test_processors_become_units_and_movers, setup, teardown),
      cmocka_unit_test(test_what_does_not_fit_is_explained),
      cmocka_unit_test(test_all_forms_of_costs_are_read),
      cmocka_unit_test_setup_teardown(test_guards_of_new_costs_are_checked, setup, teardown),
      cmocka_unit_test_setup_teardown(test_ports_are_no_memories, setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_missing_directory_is_an_io_error, setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_function_is_priced_once, setup, teardown),
      cmocka_unit_test_setup_teardown(test_the_unit_of_a_perf_file_must_exist, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
