/* What a search says while it runs and when it is stopped; the answers themselves are compared with brute force in solve_random_test.c. */
#include "base/testing.h"
#include "base/text.h"
#include "solve/solve.h"

/* A GEMM in small: 64 * 64 * 32 * 2 = 262,144 points; work of all cores plus loads, which fall as tiles grow, within `limit` elements. */
static solve_problem *gemm(loom_ctx *ctx, int64_t limit, int64_t base) {
  static const char *const names[] = {"tile_m", "tile_n", "tile_k"};
  static const char *const cycles =
      "(2048 ceildiv (8 * tile_m)) * (2048 ceildiv (8 * tile_n)) * (1024 ceildiv tile_k) * "
      "(if(is_double_buffer == 1, max((tile_m * tile_n * tile_k) ceildiv 1024 + 100, tile_m * tile_k ceildiv 30 + tile_k * tile_n ceildiv 15), "
      "(tile_m * tile_n * tile_k) ceildiv 1024 + 100 + tile_m * tile_k ceildiv 30 + tile_k * tile_n ceildiv 15) + 300)";
  arena *m = &ctx->mem;
  solve_problem *p = ARENA_NEW(m, solve_problem);
  const sym_expr *e, *elems;
  for (int i = 0; i < 3; i++)
    vec_push(m, &p->symbols, ((solve_symbol){.name = names[i], .align = 32, .upper = i < 2 ? 2048 : 1024}));
  vec_push(m, &p->booleans, ((solve_boolean){"is_double_buffer", -1}));
  assert_int_equal(sym_parse(ctx, LOOM_NOSPAN, cycles, &e), LOOM_OK);
  assert_int_equal(sym_parse(ctx, LOOM_NOSPAN, "(tile_m * tile_k + tile_k * tile_n) * (1 + is_double_buffer) + tile_m * tile_n", &elems), LOOM_OK);
  p->cycles = sym_add(m, e, sym_const(m, base));
  vec_push(m, &p->capacities, ((solve_capacity){"L1", elems, limit}));
  return p;
}

typedef struct watch { int64_t epochs, done, best, bound, open; } watch;

static void look(void *data, int64_t done, int64_t open, int64_t best, int64_t bound) {
  watch *w = data;
  assert_true(done >= w->done && best <= w->best && bound >= w->bound && bound <= best);
  *w = (watch){w->epochs + 1, done, best, bound, open};
}

static void test_progress_closes_in_on_the_answer(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  const solve_problem *p = gemm(&ctx, 300000, 0);
  watch w = {.best = INT64_MAX};
  solve_answer a;
  assert_int_equal(solve_problems(&ctx, &p, 1, false, &(solve_limits){.progress = look, .data = &w}, &a), LOOM_OK);
  assert_int_equal(a.status, SOLVE_OPTIMAL);
  assert_true(w.epochs > 1 && w.open == 0);
  assert_true(w.best == a.cycles && w.bound == a.cycles);
  assert_int_equal(a.points, 64 * 64 * 32 * 2);
  assert_int_equal(a.evaluated + a.pruned, a.points);
  assert_int_equal(w.done, a.points);
  assert_true(a.evaluated < a.points / 20);
  loom_ctx_done(&ctx);
}

/* The clock is looked at between epochs: a time that is up at once leaves what the first one found, with a bound that holds. */
static void test_time_that_is_up_leaves_a_proven_bound(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  const solve_problem *p = gemm(&ctx, 300000, 0);
  solve_answer full, cut, patient;
  assert_int_equal(solve_problems(&ctx, &p, 1, false, NULL, &full), LOOM_OK);
  assert_int_equal(solve_problems(&ctx, &p, 1, false, &(solve_limits){.timeout_s = 1e-9}, &cut), LOOM_OK);
  assert_int_equal(solve_problems(&ctx, &p, 1, false, &(solve_limits){.timeout_s = 1e6}, &patient), LOOM_OK);
  assert_int_equal(full.status, SOLVE_OPTIMAL);
  assert_int_equal(cut.status, SOLVE_BEST_FOUND);
  assert_true(cut.lower_bound <= full.cycles && cut.cycles >= full.cycles && cut.lower_bound > full.cycles / 4);
  assert_int_equal(patient.status, SOLVE_OPTIMAL);
  assert_int_equal(patient.cycles, full.cycles);
  loom_ctx_done(&ctx);
}

static void test_the_number_of_threads_changes_nothing(void **state) {
  (void)state;
  solve_answer first[3], again[3];
  static const int64_t budgets[] = {0, 100, 5000};
  for (size_t k = 0; k < COUNT_OF(budgets); k++)
    for (int threads = 1; threads <= 4; threads++)
      for (int together = 0; together < 2; together++) {
        loom_ctx ctx;
        loom_ctx_init(&ctx);
        const solve_problem *p[] = {gemm(&ctx, 200000, 7), gemm(&ctx, 300000, 0), gemm(&ctx, 250000, 3)};
        solve_limits one = {.op_budget = budgets[k], .threads = 1}, many = {.op_budget = budgets[k], .threads = threads};
        assert_int_equal(solve_problems(&ctx, p, 3, together, &one, first), LOOM_OK);
        assert_int_equal(solve_problems(&ctx, p, 3, together, &many, again), LOOM_OK);
        for (int i = 0; i < 3; i++) {
          assert_true(text_eq(first[i].why, again[i].why));
          first[i].why = again[i].why = NULL;
        }
        assert_memory_equal(first, again, sizeof first);
        loom_ctx_done(&ctx);
      }
}

static void test_what_loses_is_undecided_in_words(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  const solve_problem *p[] = {gemm(&ctx, 300000, 0), gemm(&ctx, 300000, 1000000000), gemm(&ctx, 100, 0)};
  solve_answer a[3], alone;
  assert_int_equal(solve_problems(&ctx, p, 3, true, NULL, a), LOOM_OK);
  assert_int_equal(solve_problems(&ctx, p, 1, false, NULL, &alone), LOOM_OK);
  assert_int_equal(a[0].status, SOLVE_OPTIMAL);
  assert_int_equal(a[0].cycles, alone.cycles);
  assert_int_equal(a[0].feasible, alone.feasible);
  assert_int_equal(a[1].status, SOLVE_UNDECIDED);
  assert_string_equal(solve_status_text(a[1].status), "undecided");
  assert_false(solve_has_answer(a[1].status));
  assert_int_equal(a[1].lower_bound, a[0].cycles);
  assert_string_equal(a[1].why, arena_printf(&ctx.mem, "no block sizes here take fewer than %" PRId64 " cycles", a[0].cycles));
  assert_int_equal(a[2].status, SOLVE_INFEASIBLE);
  loom_ctx_done(&ctx);
}

/* Nothing that fits is met in the first epoch, and then the time is up. */
static void test_a_search_stopped_before_it_found_anything_says_so(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  solve_problem *p = gemm(&ctx, 300000, 0);
  const sym_expr *only;
  assert_int_equal(sym_parse(&ctx, LOOM_NOSPAN, "(tile_m * 7 + tile_n * 5 + tile_k * 3) mod 1009 == 928", &only), LOOM_OK);
  vec_push(&ctx.mem, &p->conditions, only);
  const solve_problem *all = p;
  solve_answer cut, full;
  assert_int_equal(solve_problems(&ctx, &all, 1, false, NULL, &full), LOOM_OK);
  assert_int_equal(full.status, SOLVE_OPTIMAL);
  assert_int_equal(solve_problems(&ctx, &all, 1, false, &(solve_limits){.timeout_s = 1e-9}, &cut), LOOM_OK);
  assert_int_equal(cut.status, SOLVE_UNDECIDED);
  assert_string_equal(cut.why, "the search was stopped before it found block sizes that fit");
  assert_true(cut.lower_bound <= full.cycles && cut.cycles == INT64_MAX);
  loom_ctx_done(&ctx);
}

static void test_too_many_symbols_are_refused(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  solve_problem *p = ARENA_NEW(&ctx.mem, solve_problem);
  for (int i = 0; i < SOLVE_SYMBOLS_MAX + 1; i++)
    vec_push(&ctx.mem, &p->symbols, ((solve_symbol){.name = arena_printf(&ctx.mem, "t%d", i), .align = 1, .upper = 1}));
  p->cycles = sym_const(&ctx.mem, 1);
  const solve_problem *all = p;
  solve_answer a;
  assert_int_equal(solve_problems(&ctx, &all, 1, false, NULL, &a), LOOM_ELIMIT);
  testing_expect_error(&ctx, LOOM_ELIMIT, "33 block symbols and 0 booleans; at most 32 and 6 are supported", 0, 0);
  loom_ctx_done(&ctx);
}

/* Costs are exact beyond 2^31 and 2^53; where all are beyond 2^63 there is nothing to say. */
static void test_large_costs_are_exact(void **state) {
  (void)state;
  static const struct { int64_t factor, add; loom_status status; int64_t cycles; } cases[] = {
      {INT64_C(1) << 31, 1, LOOM_OK, (INT64_C(3) << 31) + 1},
      {(INT64_C(1) << 53) + 1, 5, LOOM_OK, (INT64_C(3) << 53) + 8},
      {INT64_MAX / 3, 0, LOOM_OK, INT64_MAX - 1},
      {INT64_MAX / 3, 2, LOOM_ELIMIT, 0},
      {INT64_MAX / 2, 0, LOOM_ELIMIT, 0}};
  for (size_t i = 0; i < COUNT_OF(cases); i++)
    for (int64_t budget = 0; budget <= 1000; budget += 1000) {      /* without bounds and with them */
      loom_ctx ctx;
      loom_ctx_init(&ctx);
      arena *m = &ctx.mem;
      solve_problem *p = ARENA_NEW(m, solve_problem);
      vec_push(m, &p->symbols, ((solve_symbol){.name = "t", .align = 3, .upper = 30}));
      p->cycles = sym_add(m, sym_mul(m, sym_name(m, "t"), sym_const(m, cases[i].factor)), sym_const(m, cases[i].add));
      const solve_problem *all = p;
      solve_answer a;
      assert_int_equal(solve_problems(&ctx, &all, 1, false, &(solve_limits){.op_budget = budget}, &a), cases[i].status);
      if (cases[i].status == LOOM_OK)
        assert_int_equal(a.cycles, cases[i].cycles);
      else
        testing_expect_error(&ctx, LOOM_ELIMIT, "predicted cycles exceed 64 bits", 0, 0);
      loom_ctx_done(&ctx);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_progress_closes_in_on_the_answer),
      cmocka_unit_test(test_time_that_is_up_leaves_a_proven_bound),
      cmocka_unit_test(test_the_number_of_threads_changes_nothing),
      cmocka_unit_test(test_what_loses_is_undecided_in_words),
      cmocka_unit_test(test_a_search_stopped_before_it_found_anything_says_so),
      cmocka_unit_test(test_too_many_symbols_are_refused),
      cmocka_unit_test(test_large_costs_are_exact),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
