/* Bins of time keep every unit of it, however often they fold. */
#include "base/bins.h"
#include "base/rng.h"
#include "base/testing.h"

static int64_t bin_sum(const bins *b, int series) {
  int64_t sum = 0;
  for (int i = 0; i < b->n_bins; i++)
    sum += bins_get(b, series, i);
  return sum;
}

static void test_bins_fold_without_loss(void **state) {
  (void)state;
  loom_ctx ctx;
  bins b;
  rng r = rng_new(7);
  int64_t want[3] = {0};
  loom_ctx_init(&ctx);
  bins_init(&ctx.mem, &b, 3, 4);
  for (int i = 0; i < 2000; i++) {
    int series = (int)rng_range(&r, 0, 2);
    int64_t begin = rng_range(&r, 0, 40 * (i + 1)), end = begin + rng_range(&r, 0, 900);
    bins_add(&b, series, begin, end);
    want[series] += end - begin;
    assert_true(end <= b.width * b.n_bins);
  }
  for (int k = 0; k < 3; k++)
    assert_int_equal(bin_sum(&b, k), want[k]);
  bins_init(&ctx.mem, &b, 1 << 20, 1);   /* few bins for very many series */
  assert_int_equal(b.n_bins, 4);
  bins_add(&b, 5, 0, 1);
  bins_add(&b, 5, 6, 8);
  assert_int_equal(bins_get(&b, 5, 0), 1);
  assert_int_equal(bins_get(&b, 5, 3), 2);
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_bins_fold_without_loss)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
