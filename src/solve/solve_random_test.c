/* Made-up problems against brute force (solve_testing.h).
 * LOOM_RANDOM_PROBLEMS=10000 asks for more than the 1,000 of the test suite. */
#include "solve/solve_private.h"
#include "solve/solve_testing.h"
#include <stdlib.h>

enum { BATCH = 8 };

/* ---- claims ---- */

static void print_problem(const solve_problem *p, const solve_answer *a, const truth *t) {
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  text x = text_new(&ctx.mem);
  for (size_t i = 0; i < p->symbols.n; i++)
    text_addf(&x, "%s: align %" PRId64 ", up to %" PRId64 ", lb %" PRId64 ", ub %" PRId64 ", assigned %" PRId64 "; %" PRId64 " for %" PRId64 "\n", p->symbols.at[i].name,
              p->symbols.at[i].align, p->symbols.at[i].upper, p->symbols.at[i].lb, p->symbols.at[i].ub, p->symbols.at[i].assigned, a->value[i], t->value[i]);
  for (size_t i = 0; i < p->booleans.n; i++)
    text_addf(&x, "%s: assigned %d; %d for %d\n", p->booleans.at[i].name, p->booleans.at[i].assigned, a->boolean[i], t->boolean[i]);
  for (size_t i = 0; i < p->capacities.n; i++)
    text_addf(&x, "%s <= %" PRId64 "\n", sym_str(&ctx.mem, p->capacities.at[i].bytes), p->capacities.at[i].limit);
  for (size_t i = 0; i < p->conditions.n; i++)
    text_addf(&x, "%s\n", sym_str(&ctx.mem, p->conditions.at[i]));
  for (size_t i = 0; i < p->trips.n; i++)
    text_addf(&x, "trips %s over %s\n", sym_str(&ctx.mem, p->trips.at[i].numerator), sym_str(&ctx.mem, p->trips.at[i].denominator));
  print_error("%scycles %s\nrule %d, falls back %d: %s, %" PRId64 " for %" PRId64 " cycles; %" PRId64 " for %" PRId64 " points; %" PRId64 " for %" PRId64 " feasible\n",
              text_str(&x), sym_str(&ctx.mem, p->cycles), (int)p->rule, p->falls_back, solve_status_text(a->status), a->cycles, t->cycles, a->points, t->points, a->feasible, t->feasible);
  loom_ctx_done(&ctx);
}

typedef struct batch { loom_ctx ctx; const solve_problem *p[BATCH]; truth truth[BATCH]; } batch;

static bool is_same_point(const solve_problem *p, const solve_answer *a, const truth *t) {
  bool same = a->cycles == t->cycles;
  for (size_t i = 0; i < p->symbols.n; i++)
    same = same && a->value[i] == t->value[i];
  for (size_t i = 0; i < p->booleans.n; i++)
    same = same && a->boolean[i] == t->boolean[i];
  return same;
}

static bool is_optimum(const solve_problem *p, const solve_answer *a, const truth *t) {
  bool is_free = false;
  for (size_t i = 0; i < p->symbols.n; i++)
    is_free = is_free || !p->symbols.at[i].assigned;
  if (a->points != t->points || (a->fallback != NULL) != t->fell_back || a->feasible != t->feasible)
    return false;
  if (!t->found)
    return a->status == SOLVE_INFEASIBLE && a->why;
  return a->status == (is_free ? SOLVE_OPTIMAL : SOLVE_ASSIGNED) && is_same_point(p, a, t) && a->lower_bound == t->cycles;
}

static void expect_optimum(const solve_problem *p, const solve_answer *a, const truth *t) {
  if (is_optimum(p, a, t))
    return;
  print_problem(p, a, t);
  fail_msg("the answer is not what brute force finds");
}

static void expect_same(const solve_answer *a, const solve_answer *b, size_t n) {
  for (size_t i = 0; i < n; i++) {
    assert_true(a[i].status == b[i].status && a[i].cycles == b[i].cycles && a[i].lower_bound == b[i].lower_bound && a[i].points == b[i].points);
    assert_true(a[i].feasible == b[i].feasible && a[i].evaluated == b[i].evaluated && a[i].pruned == b[i].pruned && a[i].ragged == b[i].ragged);
    assert_memory_equal(a[i].value, b[i].value, sizeof a[i].value);
    assert_memory_equal(a[i].boolean, b[i].boolean, sizeof a[i].boolean);
    assert_true(text_eq(a[i].why, b[i].why) && text_eq(a[i].fallback, b[i].fallback));
  }
}

static void solve_all(batch *b, bool one_incumbent, int64_t op_budget, int threads, solve_answer out[BATCH]) {
  solve_limits limits = {.op_budget = op_budget, .threads = threads};
  assert_int_equal(solve_problems(&b->ctx, b->p, BATCH, one_incumbent, &limits, out), LOOM_OK);
}

/* Each problem by itself, without bounds and with them (a budget that is never spent asks for them), with one thread and two. */
static void check_each(batch *b, int64_t *out_saved) {
  solve_answer plain[BATCH], bounded[BATCH], threaded[BATCH];
  solve_all(b, false, 0, 1, plain);
  solve_all(b, false, INT64_MAX, 1, bounded);
  solve_all(b, false, INT64_MAX, 2, threaded);
  expect_same(bounded, threaded, BATCH);
  for (int i = 0; i < BATCH; i++) {
    expect_optimum(b->p[i], &plain[i], &b->truth[i]);
    expect_optimum(b->p[i], &bounded[i], &b->truth[i]);
    *out_saved += plain[i].evaluated - bounded[i].evaluated;
  }
}

/* The best of all, ties to the first problem; what is said of the others is true. */
static void check_together(batch *b) {
  solve_answer a[BATCH], threaded[BATCH];
  int winner = -1;
  for (int i = 0; i < BATCH; i++)
    if (b->truth[i].found && (winner < 0 || b->truth[i].cycles < b->truth[winner].cycles))
      winner = i;
  solve_all(b, true, INT64_MAX, 1, a);
  solve_all(b, true, INT64_MAX, 2, threaded);
  expect_same(a, threaded, BATCH);
  for (int i = 0; i < BATCH; i++) {
    const truth *t = &b->truth[i];
    if (i == winner || !t->found) {
      if (i == winner)
        expect_optimum(b->p[i], &a[i], t);
      else
        assert_true(a[i].status == SOLVE_INFEASIBLE || a[i].status == SOLVE_UNDECIDED);
      continue;
    }
    assert_true(a[i].status == SOLVE_BEST_FOUND || a[i].status == SOLVE_UNDECIDED);
    assert_true(a[i].cycles >= t->cycles && a[i].lower_bound <= t->cycles);
    assert_int_equal(a[i].lower_bound, b->truth[winner].cycles);
  }
}

/* With little to spend: never a claim that is not so, at any budget. */
static void check_budgets(batch *b, rng *r, int *out_stopped) {
  for (int64_t budget = 1; budget < 100000; budget *= rng_range(r, 2, 20)) {
    solve_answer a[BATCH], threaded[BATCH];
    bool together = rng_range(r, 0, 1);
    solve_all(b, together, budget, 1, a);
    solve_all(b, together, budget, 2, threaded);
    expect_same(a, threaded, BATCH);
    int64_t spent = 0;
    for (int i = 0; i < BATCH; i++) {
      const truth *t = &b->truth[i];
      spent += a[i].evaluated;
      assert_true(together || a[i].evaluated <= budget);
      assert_true(!t->found || a[i].status != SOLVE_INFEASIBLE);
      assert_true(t->found || !solve_has_answer(a[i].status));
      assert_true(!t->found || (a[i].lower_bound <= t->cycles && a[i].cycles >= t->cycles));
      if (a[i].status == SOLVE_OPTIMAL || a[i].status == SOLVE_ASSIGNED)
        assert_true(is_same_point(b->p[i], &a[i], t));
      if (!together && t->found)      /* only points without a value may have been met so far */
        assert_true(solve_has_answer(a[i].status) || a[i].evaluated == budget);
      *out_stopped += a[i].status == SOLVE_BEST_FOUND;
    }
    assert_true(!together || spent <= budget);
  }
}

static void test_random_problems_equal_brute_force(void **state) {
  (void)state;
  const char *wish = getenv("LOOM_RANDOM_PROBLEMS");
  int64_t n = wish ? atoll(wish) : 1000, saved = 0, done = 0;
  int feasible = 0, infeasible = 0, stopped = 0, largest = 0;
  rng r = rng_new(4);
  while (done < n) {
    batch b;
    loom_ctx_init(&b.ctx);
    for (int i = 0; i < BATCH;) {
      b.p[i] = made_up_problem(&b.ctx.mem, &r);
      b.truth[i] = find_truth(&b.ctx, b.p[i]);
      bool is_refused = b.truth[i].found && b.truth[i].cycles == INT64_MAX;      /* has a test of its own */
      feasible += !is_refused && b.truth[i].found;
      infeasible += !b.truth[i].found;
      largest = b.truth[i].points > largest ? (int)b.truth[i].points : largest;
      i += !is_refused;
    }
    check_each(&b, &saved);
    check_together(&b);
    check_budgets(&b, &r, &stopped);
    done += BATCH;
    loom_ctx_done(&b.ctx);
  }
  print_message("%" PRId64 " problems: %d feasible, %d infeasible; %d stopped searches; bounds saved %" PRId64 " evaluations; largest %d points\n", done,
                feasible, infeasible, stopped, saved, largest);
  assert_true(feasible > done / 2 && infeasible > done / 50 && stopped > done / 8 && saved > 0);
}

/* ---- parts ---- */

typedef struct walked { solve_best best; int64_t evaluated, pruned; } walked;

/* All of the part, `budget` evaluations at a time; below 0: at once. */
static void walk_part(const solve_ready *r, solve_part part, int64_t budget, walked *out) {
  solve_walk w = {.best = out->best, .ran_out = true};
  while (w.ran_out) {
    w = (solve_walk){.best = out->best, .budget = budget};
    solve_walk_part(r, &part, &w);
    assert_true(budget < 0 ? !w.ran_out : w.evaluated <= budget);
    assert_true(!w.ran_out || w.evaluated == budget);
    out->best = w.best;
    out->evaluated += w.evaluated;
    out->pruned += w.pruned;
    assert_true(budget < 0 || out->evaluated <= solve_part_points(r, &part));      /* no point twice */
  }
}

/* Cuts the part as often as `depth` says, and walks what is left of it. */
static void walk_pieces(const solve_ready *r, const solve_part *part, int depth, walked *out) {
  solve_part children[SOLVE_CHILDREN_MAX];
  if (depth == 0) {
    walk_part(r, *part, -1, out);
    return;
  }
  const int n = solve_split_part(r, part, children, &out->pruned);
  for (int i = 0; i < n; i++) {
    assert_true(children[i].bound >= part->bound);
    walk_pieces(r, &children[i], depth - 1, out);
  }
}

static bool is_same_best(const solve_ready *r, const walked *a, const walked *b) {
  return a->best.found == b->best.found && (!a->best.found || (a->best.cycles == b->best.cycles && a->best.round == b->best.round && memcmp(a->best.value, b->best.value, (size_t)r->n * sizeof *a->best.value) == 0));
}

/* A walk that stops and goes on sees what one that does not stop sees; pieces of a part have the points of the part. */
static void test_a_part_is_the_same_in_slices_and_in_pieces(void **state) {
  (void)state;
  static const int64_t budgets[] = {1, 2, 7, 100};
  rng r = rng_new(11);
  int walks = 0;
  for (int i = 0; i < 150; i++) {
    loom_ctx ctx;
    solve_ready ready;
    loom_ctx_init(&ctx);
    const solve_problem *p = made_up_problem(&ctx.mem, &r);
    assert_int_equal(solve_make_ready(&ctx, p, i % 2, &ready), LOOM_OK);
    for (size_t k = 0; !ready.empty && k < ready.rounds.n; k++) {
      solve_part all = {.round = (int)k, .to = ready.values[0].n - 1};
      int64_t smallest[SOLVE_SYMBOLS_MAX];
      for (int d = 0; d < ready.n; d++)
        smallest[d] = ready.values[d].at[0];
      if (!solve_may_fit(&ready.rounds.at[k], 0, smallest))
        continue;
      all.bound = solve_part_bound(&ready, &all);
      walked whole = {{0}, 0, 0};
      walk_part(&ready, all, -1, &whole);
      assert_int_equal(whole.evaluated + whole.pruned, solve_part_points(&ready, &all));
      for (size_t b = 0; b < COUNT_OF(budgets); b++) {
        walked slices = {{0}, 0, 0};
        walk_part(&ready, all, budgets[b], &slices);
        assert_int_equal(slices.evaluated, whole.evaluated);
        assert_int_equal(slices.pruned, whole.pruned);
        assert_true(is_same_best(&ready, &slices, &whole));
      }
      for (int depth = 1; depth < 4; depth++) {
        walked pieces = {{0}, 0, 0};
        walk_pieces(&ready, &all, depth, &pieces);
        assert_int_equal(pieces.evaluated + pieces.pruned, whole.evaluated + whole.pruned);
        assert_true(is_same_best(&ready, &pieces, &whole));
      }
      walks++;
    }
    loom_ctx_done(&ctx);
  }
  assert_true(walks > 150);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_problems_equal_brute_force), cmocka_unit_test(test_a_part_is_the_same_in_slices_and_in_pieces)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
