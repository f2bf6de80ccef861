/* Costs beyond what their unit can do: volume and throughput that do not count the same. */
#include "machine/machine_testing.h"

/* `single` with one function: a matrix unit of 500 multiply-adds, a vector unit of 1024 elements, an L1 port of 60 bytes a cycle. */
static machine *with_func(loom_ctx *ctx, const char *func) {
  machine *m;
  const char *yaml = arena_printf(&ctx->mem, "schema: loom.machine.v1\nextends: single\nname: one\ncalibration: t\nperf:\n  t:\n    functions:\n      %s\n", func);
  expect_ok(ctx, machine_from_yaml(ctx, "one.yaml", yaml, strlen(yaml), &m));
  return m;
}

static void test_rates_beyond_the_unit_are_told(void **state) {
  (void)state;
  static const struct { const char *func, *said; } cases[] = {
      {"f: {unit: matrix, symbols: [M, N, K], fixed: 100, volume: M * N * K, throughput: 500}", NULL},
      {"f: {unit: matrix, symbols: [M, N, K], fixed: 100, volume: 2 * M * N * K, throughput: 1000}", NULL},
      {"f: {unit: matrix, symbols: [M, N, K], fixed: 100, volume: M * N * K, throughput: 1000}", "'f' of perf set 't' does 1000 multiply-adds a cycle; 'matrix' can do 500"},
      {"f: {unit: matrix, symbols: [B, M, N, K], fixed: 100, volume: B * M * N * K, throughput: 1000}", "does 1000 multiply-adds a cycle"},
      {"f: {unit: matrix, symbols: [M, N, K], fixed: 100, volume: M * N, throughput: 500}", "multiply-adds a cycle; 'matrix' can do 500"},
      {"f: {unit: matrix, symbols: [M, N], fixed: 10, volume: M * N, throughput: 5000}", NULL},      /* elementwise: its rate there is not known */
      {"f: {unit: vector, symbols: [L], fixed: 1, volume: L, throughput: 1024}", NULL},
      {"f: {unit: vector, symbols: [L], fixed: 1, volume: L, throughput: 2048}", "does 2048 elements a cycle; 'vector' can do 1024"},
      {"f: {unit: vector, symbols: [P, R], fixed: 7}", "takes no longer for twice the sizes: 7 and 7 cycles"},
      {"f: {unit: vector, symbols: [], fixed: 7}", NULL},
      {"f: {unit: vector, symbols: [L], when: L < 64, fixed: 1, volume: L, throughput: 2048}", NULL},      /* no such sizes */
      {"f: {unit: noc0, symbols: [M, N], fixed: 454, volume: M * N * 2, throughput: 60}", NULL},
      {"f: {unit: noc0, symbols: [M, N, effective_bandwidth], fixed: 454, volume: M * N * 2 * effective_bandwidth, throughput: 600}", NULL},
      {"f: {unit: noc0, symbols: [M, N], fixed: 454, volume: M * N * 2, throughput: 600}", "does 600 bytes a cycle; 'noc0' can do 60"},
      {"f: {unit: noc0, symbols: [M, N], fixed: 454, volume: M * N, throughput: 60}", "does 120 bytes a cycle; 'noc0' can do 60"},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    machine_set_path(machine_testing_dirs, 1);
    expect_ok(&ctx, machine_check_units(&ctx, with_func(&ctx, cases[i].func)));
    assert_int_equal(ctx.diag.warnings, cases[i].said ? 1 : 0);
    if (cases[i].said && !strstr(ctx.diag.first->text, cases[i].said))
      fail_msg("case %zu: %s", i, ctx.diag.first->text);
    if (cases[i].said)
      assert_int_equal(ctx.diag.first->span.line, 8);
    loom_ctx_done(&ctx);
  }
}

/* The published sets have both kinds: stores without the factor of ten that loads have, multiply-adds over a rate of flops. */
static void test_the_published_sets_are_caught(void **state) {
  loom_ctx *ctx = *state;
  expect_ok(ctx, machine_check_units(ctx, load(ctx, "wormhole")));
  assert_int_equal(ctx->diag.warnings, 1);
  assert_non_null(strstr(ctx->diag.first->text, "'l1_to_dram_f16' of perf set 'newest' does 150 bytes a cycle; 'noc1' can do 60"));
  expect_ok(ctx, machine_check_units(ctx, load(ctx, "wormhole-2025")));
  assert_int_equal(ctx->diag.warnings, 3);
  assert_non_null(strstr(ctx->diag.first->next->text, "'matmul_SS_f16' of perf set '2025' does 1024 multiply-adds a cycle; 'matrix' can do 500"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_rates_beyond_the_unit_are_told),
      cmocka_unit_test_setup_teardown(test_the_published_sets_are_caught, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
