/* Means and variances over tiles with lanes that hold nothing: they count the lanes that are valid.  Oracle: loops over the elements. */
#include <math.h>

#include "frontend/python/helion_testing.h"

enum { M = 5, N = 7, ROWS = 4, ITEMS = 11 };
static double number(int64_t at) { return (double)((at * 7 + 3) % 23) / 4 - 2; }
static const int64_t ends[ROWS + 1] = {0, 3, 4, 9, ITEMS};
static double offset(int64_t at) { return (double)ends[at]; }
static const helion_input square[] = {{"x", DTYPE_F32, 2, {M, N}, number}}, rows[] = {{"x", DTYPE_F32, 2, {ITEMS, 3}, number}, {"offsets", DTYPE_I64, 1, {ROWS + 1}, offset}};

typedef enum statistic { MEAN, VARIANCE, BIASED, DEVIATION } statistic;
static double of(statistic what, const double *v, int n) {
  double mean = 0, squares = 0;
  for (int i = 0; i < n; i++)
    mean += v[i] / n;
  for (int i = 0; i < n; i++)
    squares += (v[i] - mean) * (v[i] - mean);
  return what == MEAN ? mean : what == VARIANCE ? squares / (n - 1) : what == BIASED ? squares / n : sqrt(squares / (n - 1));
}

typedef struct call { statistic what; const char *expr; } call;
static const call calls[] = {
    {MEAN, "t.mean(-1)"}, {MEAN, "torch.mean(t, dim=-1, keepdim=True).reshape([tm])"}, {BIASED, "torch.var(t, dim=-1, correction=0)"}, {BIASED, "torch.var(t, dim=[1], unbiased=False, keepdim=True).reshape([tm])"},
    {BIASED, "torch.std(t, dim=-1, correction=0) ** 2"}, {MEAN, "torch.var_mean(t, dim=-1, correction=0)[1]"}};

/* The sum over the tiles of what each has; tiles of `block` columns. */
static void expect_padded(const call *c, int64_t block) {
  char code[900];
  double want[M];
  snprintf(code, sizeof code,
           HELION_KERNEL("x") "  m, n = x.size()\n  bn = hl.register_block_size(n)\n  out = torch.empty([m])\n  for tm in hl.tile(m):\n    acc = hl.zeros([tm, bn])\n    s = hl.zeros([tm])\n"
                              "    for tn in hl.tile(n, block_size=bn):\n      t = x[tm, tn]\n      acc = acc + t\n      s = s + (%s)\n    out[tm] = s + 0 * acc.sum(-1)\n  return out\n",
           c->expr);
  for (int i = 0; i < M; i++) {
    want[i] = 0;
    for (int begin = 0; begin < N; begin += (int)(block ? block : N)) {
      double v[N];
      int n = 0;
      for (int j = begin; j < N && (!block || j < begin + block); j++)
        v[n++] = number(i * N + j);
      want[i] += of(c->what, v, n);
    }
  }
  helion_expect(code, square, 1, block, false, want, M);
}

static void test_statistics_of_padded_tiles_count_their_columns(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(calls); i++)
    for (int64_t block = 0; block <= 5; block++)
      expect_padded(&calls[i], block);
}

static void test_both_dims_may_be_padded(void **state) {
  (void)state;
  static const char code[] = HELION_KERNEL("x") "  m, n = x.size()\n  bm = hl.register_block_size(m)\n  bn = hl.register_block_size(n)\n  out = torch.empty([2])\n  for one in hl.tile(1):\n"
                                                "    acc = hl.zeros([bm, bn])\n    s = hl.zeros([])\n    v = hl.zeros([])\n    for tm, tn in hl.tile([m, n], block_size=[bm, bn]):\n      t = x[tm, tn]\n      acc = acc + t\n"
                                                "      s = s + t.mean()\n      v = v + t.var(dim=[0, 1], correction=0)\n    out[0] = s + 0 * acc.sum()\n    out[1] = v\n  return out\n";
  for (int64_t block = 1; block <= 4; block++) {
    double want[2] = {0, 0};
    for (int a = 0; a < M; a += (int)block)
      for (int b = 0; b < N; b += (int)block) {
        double v[M * N];
        int n = 0;
        for (int i = a; i < M && i < a + block; i++)
          for (int j = b; j < N && j < b + block; j++)
            v[n++] = number(i * N + j);
        want[0] += of(MEAN, v, n);
        want[1] += of(BIASED, v, n);
      }
    helion_expect(code, square, 1, block, false, want, 2);
  }
}

/* One jagged tile as long as the longest row: each row has its own mean; over features too. */
static void test_rows_that_end_early_have_their_own_count(void **state) {
  (void)state;
  static const struct { call c; bool all; } cases[] = {
      {{MEAN, "t.mean(1)"}, false}, {{VARIANCE, "torch.var(t, dim=1)"}, false}, {{DEVIATION, "torch.std(t, dim=1, keepdim=True).reshape([tm, f])"}, false},
      {{MEAN, "t.mean(dim=[1, 2])[:, None]"}, true}, {{VARIANCE, "t.var(dim=[1, 2], keepdim=True).reshape([tm, 1])"}, true}};
  for (size_t i = 0; i < COUNT_OF(cases); i++)
    for (int64_t block = 0; block < 4; block++) {
      char code[900];
      double want[ROWS * 3];
      int wide = cases[i].all ? 1 : 3;
      snprintf(code, sizeof code,
               HELION_KERNEL("x, offsets") "  f = hl.specialize(x.size(1))\n  out = torch.zeros([offsets.size(0) - 1, %s])\n  for tm in hl.tile(offsets.size(0) - 1):\n    begin = offsets[tm]\n"
                                           "    lengths = offsets[tm.index + 1] - begin\n    s = hl.zeros([tm, %s])\n    for whole in hl.jagged_tile(lengths):\n"
                                           "      t = hl.load(x, [begin[:, None] + whole.index[None, :], slice(None)])\n      s = s + %s\n    out[tm, :] = s\n  return out\n",
               cases[i].all ? "1" : "f", cases[i].all ? "1" : "f", cases[i].c.expr);
      for (int row = 0; row < ROWS; row++)
        for (int k = 0; k < wide; k++) {
          double v[ITEMS * 3];
          int n = 0;
          for (int64_t item = ends[row]; item < ends[row + 1]; item++)
            for (int g = 0; g < 3; g++)
              if (cases[i].all || g == k)
                v[n++] = number(item * 3 + g);
          want[row * wide + k] = of(cases[i].c.what, v, n);
        }
      helion_expect(code, rows, 2, block, false, want, ROWS * wide);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_statistics_of_padded_tiles_count_their_columns),
      cmocka_unit_test(test_both_dims_may_be_padded),
      cmocka_unit_test(test_rows_that_end_early_have_their_own_count),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
