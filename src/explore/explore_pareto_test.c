#include "explore/explore_space.h"
#include "base/rng.h"
#include "base/testing.h"

enum { ACCESSES = 7, CHOICES = 8, COLUMNS = 6 };

/* Any function that never falls: a maximum of weighted columns, rounded up, and steps. */
typedef struct total { int n_columns; int64_t weight[COLUMNS], divisor[COLUMNS], step[COLUMNS]; } total;

static int64_t cost(const void *data, const int64_t *sum) {
  const total *t = data;
  int64_t most = 0, more = 0;
  for (int c = 0; c < t->n_columns; c++) {
    int64_t v = t->weight[c] * ((sum[c] + t->divisor[c] - 1) / t->divisor[c]);
    most = v > most ? v : most;
    more += sum[c] >= t->step[c];
  }
  return most + more;
}

typedef struct problem {
  explore_terms t;
  total total;
  int64_t value[ACCESSES][CHOICES * COLUMNS], limit[COLUMNS];
  const int64_t *vector[ACCESSES];
  size_t n[ACCESSES];
} problem;

static void finish(problem *p, int n_access, int n_columns, uint64_t by_max) {
  for (int a = 0; a < n_access; a++)
    p->vector[a] = p->value[a];
  p->total.n_columns = n_columns;
  p->t = (explore_terms){n_access, n_columns, by_max, p->limit, p->n, p->vector, cost, &p->total};
}

/* Small values, so that equal totals, sums and vectors are many. */
static void make_problem(rng *r, problem *p) {
  int n_access = (int)rng_range(r, 1, 4), n_columns = (int)rng_range(r, 1, COLUMNS);
  int64_t most = rng_range(r, 1, 6);
  for (int c = 0; c < n_columns; c++) {
    p->total.weight[c] = rng_range(r, 0, 3);
    p->total.divisor[c] = rng_range(r, 1, 5);
    p->total.step[c] = rng_range(r, 0, 12);
    p->limit[c] = rng_range(r, 0, 3) ? INT64_MAX : rng_range(r, 0, 4 * most);
  }
  for (int a = 0; a < n_access; a++) {
    p->n[a] = (size_t)rng_range(r, 1, CHOICES);
    for (size_t i = 0; i < p->n[a] * (size_t)n_columns; i++)
      p->value[a][i] = rng_range(r, 0, most);
  }
  finish(p, n_access, n_columns, (uint64_t)rng_range(r, 0, (1 << n_columns) - 1));
}

/* Every choice of every access: the least of (total, columns, choices). */
static bool brute_force(const explore_terms *t, int64_t at_most, explore_pick *best) {
  uint16_t pick[PLAN_LOADS_MAX] = {0};
  bool found = false;
  for (int a = 0; a >= 0;) {
    int64_t sum[EXPLORE_COLUMNS_MAX] = {0};
    bool fits = true;
    for (int c = 0; c < t->n_columns; c++) {
      for (int b = 0; b < t->n_access; b++) {
        int64_t v = t->vector[b][pick[b] * t->n_columns + c];
        sum[c] = !(t->by_max >> c & 1) ? sum[c] + v : v > sum[c] ? v : sum[c];
      }
      fits = fits && sum[c] <= t->limit[c];
    }
    int64_t value = t->total(t->data, sum);
    bool less = fits && value <= at_most && (!found || value < best->total);
    if (fits && found && value == best->total) {
      int c = 0;
      while (c < t->n_columns && sum[c] == best->sum[c])
        c++;
      less = c < t->n_columns && sum[c] < best->sum[c];      /* equal: the earlier choices stay */
    }
    if (less) {
      found = true;
      best->total = value;
      memcpy(best->sum, sum, sizeof sum);
      memcpy(best->choice, pick, sizeof pick);
    }
    for (a = t->n_access - 1; a >= 0 && ++pick[a] == t->n[a]; a--)
      pick[a] = 0;
  }
  return found;
}

static void expect_same(const explore_terms *t, int64_t at_most, explore_effort *effort) {
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  explore_pick wanted = {0}, got;
  bool is_there = brute_force(t, at_most, &wanted);
  assert_int_equal(explore_pick_choices(&ctx.scratch, t, at_most, &got, effort), is_there);
  if (is_there) {
    assert_int_equal(got.total, wanted.total);
    for (int c = 0; c < t->n_columns; c++)
      assert_int_equal(got.sum[c], wanted.sum[c]);
    for (int a = 0; a < t->n_access; a++)
      assert_int_equal(got.choice[a], wanted.choice[a]);
  }
  loom_ctx_done(&ctx);
}

static void test_the_pick_is_the_least_of_all(void **state) {
  (void)state;
  rng r = rng_new(7);
  explore_effort effort = {0};
  int64_t all = 0;
  for (int i = 0; i < 1500; i++) {
    problem p = {0};
    make_problem(&r, &p);
    int64_t rows = 1;
    for (int a = 0; a < p.t.n_access; a++)
      rows *= (int64_t)p.n[a];
    all += rows;
    expect_same(&p.t, i % 3 ? INT64_MAX : rng_range(&r, 0, 30), &effort);
  }
  assert_true(effort.evaluated < all / 4);      /* dominance and bounds do something */
}

/* Sums on a line that no one beats: 7^6 of them, all of one total.  More than are kept, so they are completed one by one. */
static void test_too_many_partial_sums_are_searched_depth_first(void **state) {
  (void)state;
  static problem p;
  int64_t scale = 1;
  for (int a = 0; a < 6; a++, scale *= 7) {
    p.n[a] = 7;
    for (int64_t c = 0; c < 7; c++) {
      p.value[a][2 * c] = (6 - c) * scale;
      p.value[a][2 * c + 1] = c * scale;
    }
  }
  for (int c = 0; c < 2; c++) {
    p.limit[c] = INT64_MAX;
    p.total.divisor[c] = 1;
    p.total.step[c] = INT64_MAX;
  }
  finish(&p, 6, 2, 0);
  explore_effort effort = {0};
  expect_same(&p.t, INT64_MAX, &effort);
  assert_true(effort.evaluated > 4096);
  /* and with a cost and a limit that tell them apart */
  p.total.weight[0] = 1;
  p.total.weight[1] = 3;
  p.limit[1] = 30011;
  expect_same(&p.t, INT64_MAX, &effort);
}

static loom_status pick_once(loom_ctx *ctx, void *data) {
  explore_pick out;
  explore_effort effort = {0};
  return explore_pick_choices(&ctx->scratch, data, INT64_MAX, &out, &effort) ? LOOM_OK : LOOM_EINFEASIBLE;
}

static void test_memory_failures_unwind(void **state) {
  (void)state;
  rng r = rng_new(3);
  problem p = {0};
  do
    make_problem(&r, &p);
  while (p.t.n_access < 3);
  for (int c = 0; c < COLUMNS; c++)
    p.limit[c] = INT64_MAX;
  testing_sweep_memory(pick_once, &p.t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_pick_is_the_least_of_all),
      cmocka_unit_test(test_too_many_partial_sums_are_searched_depth_first),
      cmocka_unit_test(test_memory_failures_unwind),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
