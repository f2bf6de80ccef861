/* The rows of `loom bench tpuv3`.  Oracle: published cycles, and means taken here once more. */
#include "sim/npu/npu_bench.h"
#include "sim/npu/npu_testing.h"

static double mean_of(const npu_bench *b, int n) {
  double sum = 0;
  for (int i = 0; i < n; i++)
    sum += fabs((double)b->rows[i].simulated / (double)b->rows[i].real - 1) / n;
  return sum;
}

static void test_errors_are_means_over_groups(void **state) {
  loom_ctx *ctx = *state;
  npu_bench b;
  const machine *m = npu_test_machine(ctx, "tpuv3", NULL);
  assert_int_equal(npu_bench_run(ctx, m, DRAM_RATE, &b), LOOM_OK);
  assert_true(fabs(b.gemm_error - mean_of(&b, 4)) < 1e-12 && fabs(b.dense_error - mean_of(&b, 8)) < 1e-12 && fabs(b.all_error - mean_of(&b, 10)) < 1e-12);
  assert_true(b.gemm_error < 0.1 && b.dense_error < 0.15 && b.all_error < 0.2);      /* docs/npu.md says less */
  const data_value *o = npu_bench_to_data(&ctx->mem, &b, m, DRAM_RATE), *rows = data_get(o, "rows");
  assert_string_equal(data_get(o, "machine")->string, "changed");
  assert_string_equal(data_get(o, "dram")->string, "simple");
  assert_true(data_get(o, "dense_error")->real == b.dense_error);
  assert_int_equal(rows->n, NPU_BENCH_ROWS);
  static const struct { int row; const char *group; int64_t real; } published[] = {{2, "gemm", 47099}, {4, "conv", 1496802}, {9, "row", 12902}};
  for (size_t i = 0; i < COUNT_OF(published); i++) {
    const data_value *r = rows->items[published[i].row];
    assert_string_equal(data_get(r, "group")->string, published[i].group);
    assert_int_equal(data_get(r, "real")->integer, published[i].real);
    assert_int_equal(data_get(r, "simulated")->integer, b.rows[published[i].row].simulated);
  }
}

static void test_machines_that_run_no_programs_are_refused(void **state) {
  (void)state;
  for (int k = 0; k < 2; k++) {
    loom_ctx ctx;
    npu_bench b;
    loom_ctx_init(&ctx);
    machine m = *npu_test_machine(&ctx, "tpuv3", NULL);
    if (k)
      m.pipeline = NULL;
    else
      m.npu = NULL;
    assert_int_equal(npu_bench_run(&ctx, &m, DRAM_RATE, &b), LOOM_EINPUT);
    testing_expect_error(&ctx, LOOM_EINPUT, k ? "machine 'changed' cannot run programs: its file has no 'core.pipeline'" : "machine 'changed' cannot run programs: its file has no 'npu'", 0, 0);
    loom_ctx_done(&ctx);
  }
}

/* A scratchpad in which a product's tile and the next one's have no room. */
static void test_a_row_that_cannot_be_run_is_a_failure(void **state) {
  loom_ctx *ctx = *state;
  npu_bench b;
  machine m = *npu_test_machine(ctx, "tpuv3", NULL);
  m.l1_bytes = 1024;
  assert_int_equal(npu_bench_run(ctx, &m, DRAM_RATE, &b), LOOM_EBUG);
  testing_expect_error(ctx, LOOM_EBUG, "gemm 256^3: ", 0, 0);
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, testing_open_context, testing_close_context)
  const struct CMUnitTest tests[] = {T(test_errors_are_means_over_groups), cmocka_unit_test(test_machines_that_run_no_programs_are_refused), T(test_a_row_that_cannot_be_run_is_a_failure)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
