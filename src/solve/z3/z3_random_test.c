/* Made-up problems (solve_testing.h): right answers are certified, wrong ones are not.  LOOM_RANDOM_PROBLEMS=10000 asks for more than the 100 of the test suite. */
#include "solve/certify.h"
#include "solve/solve_testing.h"
#include <stdlib.h>
#include <time.h>

enum { RLIMIT = 20000000 };

/* Every problem has its own seed, so that one can be made again. */
static solve_problem *problem_of(loom_ctx *ctx, uint64_t seed, truth *out) {
  rng r = rng_new(seed);
  solve_problem *p = made_up_problem(&ctx->mem, &r);
  *out = find_truth(ctx, p);
  return p;
}

typedef struct tally { int certified, feasible, refuted; int64_t points, largest; clock_t spent; } tally;

static solve_verdict verdict_of(loom_ctx *ctx, const solve_problem *p, const solve_answer *a, const char **why) {
  solve_verdict v;
  assert_int_equal(solve_certify(ctx, p, a, RLIMIT, &v, why), LOOM_OK);
  return v;
}

static bool is_refuted(loom_ctx *ctx, const solve_problem *p, const solve_answer *a) {
  const char *why;
  return verdict_of(ctx, p, a, &why) == SOLVE_REFUTED && strstr(why, "cycles");
}

/* The same point said to take a cycle more or less than it does, and the problem said to be infeasible. */
static void check_wrong_answers(loom_ctx *ctx, const solve_problem *p, const solve_answer *right, tally *t) {
  solve_answer wrong = *right;
  const char *why;
  wrong.cycles = right->cycles + 1;
  t->refuted += is_refuted(ctx, p, &wrong);
  wrong.cycles = right->cycles - 1;
  assert_int_equal(verdict_of(ctx, p, &wrong, &why), SOLVE_NOT_CERTIFIED);
  wrong.status = SOLVE_INFEASIBLE;
  assert_true(is_refuted(ctx, p, &wrong));
}

static void check_problem(loom_ctx *ctx, uint64_t seed, tally *t) {
  truth known;
  const char *why;
  solve_answer a;
  const solve_problem *p = problem_of(ctx, seed, &known);
  if (known.found && known.cycles == INT64_MAX)      /* such an answer is an error of its own */
    return;
  assert_int_equal(solve_problems(ctx, &p, 1, false, NULL, &a), LOOM_OK);
  clock_t begin = clock();
  solve_verdict v = verdict_of(ctx, p, &a, &why);
  t->spent += clock() - begin;
  if (v != SOLVE_CERTIFIED)
    fail_msg("problem %" PRIu64 ", %" PRId64 " points: %s", seed, known.points, why);
  t->certified++;
  t->points += known.points;
  t->largest = known.points > t->largest ? known.points : t->largest;
  t->feasible += known.found;
  if (known.found)
    check_wrong_answers(ctx, p, &a, t);
}

static void test_made_up_problems_are_certified(void **state) {
  (void)state;
  const char *wish = getenv("LOOM_RANDOM_PROBLEMS");
  int n = wish ? atoi(wish) : 100;
  tally t = {0};
  for (uint64_t seed = 1; t.certified < n; seed++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    check_problem(&ctx, seed, &t);
    loom_ctx_done(&ctx);
  }
  print_message("%d of %d answers certified in %.1f s, %d of them infeasible; %" PRId64 " points, at most %" PRId64 " in one\n", t.certified, n,
                (double)t.spent / CLOCKS_PER_SEC, n - t.feasible, t.points, t.largest);
  assert_int_equal(t.refuted, t.feasible);
  assert_true(t.feasible > n / 2 && t.feasible < n);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_made_up_problems_are_certified)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
