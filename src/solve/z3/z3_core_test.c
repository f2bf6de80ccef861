/* Minimal cores: the same as by search, unsatisfiable together, satisfiable without any one. */
#include "solve/certify.h"
#include "solve/solve_private.h"
#include "solve/solve_testing.h"

enum { RLIMIT = 20000000, PROBLEMS = 120, SUBSETS_OF_MAX = 5 };

/* By search, nothing of Z3's. */
static bool has_point(loom_ctx *ctx, const solve_problem *p, const solve_limit_list *l, const bool *dropped) {
  solve_problem *q = solve_without(&ctx->mem, p, l, dropped);
  solve_answer a;
  q->cycles = sym_const(&ctx->mem, 0);
  const solve_problem *one = q;
  assert_int_equal(solve_problems(ctx, &one, 1, false, NULL, &a), LOOM_OK);
  assert_true(a.status != SOLVE_UNDECIDED && a.status != SOLVE_BEST_FOUND);
  return a.status != SOLVE_INFEASIBLE;
}

static bool is_in(const solve_core *c, size_t limit) {
  for (size_t i = 0; i < c->limits.n; i++)
    if (c->limits.at[i] == (int)limit)
      return true;
  return false;
}

/* Every set of limits of the core but the core itself leaves points. */
static void check_subsets(loom_ctx *ctx, const solve_problem *p, const solve_limit_list *l, const solve_core *c) {
  bool dropped[64];
  assert_true(l->n < COUNT_OF(dropped) && c->limits.n <= SUBSETS_OF_MAX);
  for (unsigned set = 0; set < 1u << c->limits.n; set++) {
    for (size_t i = 0; i < l->n; i++)
      dropped[i] = !is_in(c, i);
    for (size_t i = 0; i < c->limits.n; i++)
      dropped[c->limits.at[i]] = !(set >> i & 1);
    assert_int_equal(has_point(ctx, p, l, dropped), set != (1u << c->limits.n) - 1);
  }
}

static void drop_one_by_one(loom_ctx *ctx, const solve_problem *p, const solve_limit_list *l, bool *dropped) {
  for (size_t i = 0; i < l->n; i++) {
    dropped[i] = true;
    dropped[i] = !has_point(ctx, p, l, dropped);
  }
}

static void test_cores_are_minimal_and_those_of_the_search(void **state) {
  (void)state;
  int found = 0, several = 0;
  for (uint64_t seed = 1; found < PROBLEMS; seed++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    rng r = rng_new(seed);
    const solve_problem *p = made_up_problem(&ctx.mem, &r);
    solve_answer a;
    solve_core core;
    solve_limit_list l;
    bool dropped[64] = {0}, all[64];
    memset(all, 1, sizeof all);
    if (find_truth(&ctx, p).found) {
      loom_ctx_done(&ctx);
      continue;
    }
    assert_int_equal(solve_problems(&ctx, &p, 1, false, NULL, &a), LOOM_OK);
    assert_int_equal(solve_find_core(&ctx, p, &a, RLIMIT, &core), LOOM_OK);
    const solve_problem *answered = solve_as_answered(&ctx.mem, p, &a);
    solve_list_limits(&ctx.mem, answered, &l);
    if (!has_point(&ctx, answered, &l, all)) {
      assert_int_equal(core.limits.n, 0);
      loom_ctx_done(&ctx);
      continue;
    }
    drop_one_by_one(&ctx, answered, &l, dropped);
    for (size_t i = 0; i < l.n; i++)
      if (is_in(&core, i) == dropped[i])
        fail_msg("problem %" PRIu64 ": limit %zu, %s", seed, i, solve_limit_words(&ctx.mem, answered, &l.at[i]));
    assert_int_equal(core.limits.n, core.words.n);
    if (core.is_minimal)
      check_subsets(&ctx, answered, &l, &core);
    found++;
    several += core.limits.n > 1;
    loom_ctx_done(&ctx);
  }
  print_message("%d cores, %d of several limits\n", found, several);
  assert_true(several > PROBLEMS / 20);
}

static const sym_expr *parse(loom_ctx *ctx, const char *s) {
  const sym_expr *e;
  assert_int_equal(sym_parse(ctx, LOOM_NOSPAN, s, &e), LOOM_OK);
  return e;
}

/* loom.md 8.2 A14 with both loads in SRAM: 64 of K fits neither with one buffer nor with two.  Its neighbour RRAM has nothing to do with it. */
static void pose_two_memories(loom_ctx *ctx, solve_problem *p) {
  *p = (solve_problem){.rule = SOLVE_TRIPS_EXACT, .cycles = sym_const(&ctx->mem, 1)};
  vec_push(&ctx->mem, &p->symbols, ((solve_symbol){.name = "K", .align = 32, .upper = 64, .assigned = 64}));
  vec_push(&ctx->mem, &p->booleans, ((solve_boolean){"is_double_buffer", -1}));
  vec_push(&ctx->mem, &p->capacities, ((solve_capacity){"SRAM", parse(ctx, "(1 + is_double_buffer) * (64*K + 64*K) + 4096"), 8192}));
  vec_push(&ctx->mem, &p->capacities, ((solve_capacity){"RRAM", parse(ctx, "(1 + is_double_buffer) * 32*K"), 4096}));
}

static void test_a_core_in_words(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  solve_problem p;
  solve_answer a = {.status = SOLVE_INFEASIBLE};
  solve_core core;
  pose_two_memories(&ctx, &p);
  assert_int_equal(solve_find_core(&ctx, &p, &a, RLIMIT, &core), LOOM_OK);
  assert_true(core.is_minimal && core.limits.n == 2);
  assert_non_null(strstr(core.words.at[0], "K = 64"));
  assert_non_null(strstr(core.words.at[1], "SRAM 8192 B"));
  loom_ctx_done(&ctx);
}

static void test_what_is_feasible_has_no_core(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  solve_problem p;
  solve_answer a = {.status = SOLVE_INFEASIBLE};
  solve_core core;
  pose_two_memories(&ctx, &p);
  p.capacities.at[0].limit = 12288;
  assert_int_equal(solve_find_core(&ctx, &p, &a, RLIMIT, &core), LOOM_EBUG);
  testing_expect_error(&ctx, LOOM_EBUG, "are feasible: K=64, is_double_buffer=0", 0, 0);
  loom_ctx_done(&ctx);
}

static void test_spent_effort_is_a_limit(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  solve_problem p = {.rule = SOLVE_TRIPS_ANY, .cycles = sym_const(&ctx.mem, 1)};
  static const char *const names[] = {"a", "b", "c"};
  for (size_t i = 0; i < COUNT_OF(names); i++)
    vec_push(&ctx.mem, &p.symbols, ((solve_symbol){.name = names[i], .align = 1, .upper = 64}));
  vec_push(&ctx.mem, &p.conditions, parse(&ctx, "a*b*c == 62837"));      /* 31 times a prime */
  solve_answer a = {.status = SOLVE_INFEASIBLE};
  solve_core core;
  assert_int_equal(solve_find_core(&ctx, &p, &a, 100, &core), LOOM_ELIMIT);
  testing_expect_error(&ctx, LOOM_ELIMIT, "is not proven: the effort allowed for the proof was spent", 0, 0);
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_cores_are_minimal_and_those_of_the_search), cmocka_unit_test(test_a_core_in_words),
                                     cmocka_unit_test(test_what_is_feasible_has_no_core), cmocka_unit_test(test_spent_effort_is_a_limit)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
