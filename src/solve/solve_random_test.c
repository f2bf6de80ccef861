/* Made-up problems against brute force: every point of every domain, one at a time, no pruning, nothing of the search used.
 * LOOM_RANDOM_PROBLEMS=10000 asks for more than the 1,000 of the test suite. */
#include "base/rng.h"
#include "base/testing.h"
#include "base/text.h"
#include "solve/solve.h"
#include <stdlib.h>

enum { SYMBOLS = 6, BOOLEANS = 2, DOMAIN_MAX = 16, POINTS_MAX = 3000, BATCH = 8 };
static const char *const symbol_names[SYMBOLS] = {"tile_m", "tile_n", "tile_k", "tile_b", "tile_h", "tile_c"};
static const char *const boolean_names[BOOLEANS] = {"is_double_buffer", "is_direct"};

/* ---- making problems ---- */

static const sym_expr *any_symbol(arena *m, rng *r, const solve_problem *p) {
  int64_t i = rng_range(r, 0, (int64_t)(p->symbols.n + p->booleans.n) - 1);
  return sym_name(m, i < (int64_t)p->symbols.n ? p->symbols.at[i].name : p->booleans.at[i - (int64_t)p->symbols.n].name);
}

static const sym_expr *condition(arena *m, rng *r, const solve_problem *p, int depth);

static const sym_expr *number(arena *m, rng *r, const solve_problem *p, int depth) {
  if (depth == 0 || rng_range(r, 0, 7) == 0)
    return rng_range(r, 0, 3) ? any_symbol(m, r, p) : sym_const(m, rng_range(r, 0, 3) ? rng_range(r, 0, 500) : rng_range(r, -3, INT64_C(1) << 40));
  const sym_expr *a = number(m, r, p, depth - 1), *b = number(m, r, p, depth - 1);
  switch (rng_range(r, 0, 11)) {
  case 0: case 1: case 2: return sym_mul(m, a, b);
  case 3: case 4: return sym_add(m, a, b);
  case 5: return sym_ceildiv(m, sym_const(m, rng_range(r, 1, 4096)), sym_mul(m, any_symbol(m, r, p), sym_const(m, rng_range(r, 1, 12))));
  case 6: return sym_ceildiv(m, a, sym_const(m, rng_range(r, 1, 150)));
  case 7: return rng_range(r, 0, 1) ? sym_ceildiv(m, a, b) : sym_floordiv(m, a, b);      /* b may be 0: no value there */
  case 8: return rng_range(r, 0, 1) ? sym_max(m, a, b) : sym_min(m, a, b);
  case 9: return rng_range(r, 0, 2) ? sym_sub(m, a, b) : sym_mod(m, a, sym_add(m, b, sym_const(m, 1)));
  default: return sym_make(m, SYM_IF, condition(m, r, p, depth - 1), a, b);
  }
}

static const sym_expr *condition(arena *m, rng *r, const solve_problem *p, int depth) {
  static const sym_op compare[] = {SYM_EQ, SYM_NE, SYM_LE, SYM_LT, SYM_GE, SYM_GT};
  if (rng_range(r, 0, 4) == 0 && depth > 0)
    return sym_make(m, rng_range(r, 0, 1) ? SYM_AND : SYM_OR, condition(m, r, p, depth - 1), condition(m, r, p, depth - 1), NULL);
  if (rng_range(r, 0, 4) == 0)
    return sym_make(m, SYM_DIVISIBLE, number(m, r, p, depth), sym_const(m, rng_range(r, 1, 6)), NULL);
  return sym_make(m, compare[rng_range(r, 0, 5)], number(m, r, p, depth), sym_const(m, rng_range(r, 0, 2000)), NULL);
}

/* Sums of products, which never fall; sometimes something that does. */
static const sym_expr *bytes_of(arena *m, rng *r, const solve_problem *p) {
  const sym_expr *sum = sym_const(m, 0);
  for (int64_t terms = rng_range(r, 1, 3); terms > 0; terms--) {
    const sym_expr *product = sym_const(m, rng_range(r, 1, 4));
    for (int64_t factors = rng_range(r, 1, 3); factors > 0; factors--)
      product = sym_mul(m, product, any_symbol(m, r, p));
    sum = sym_add(m, sum, product);
  }
  return rng_range(r, 0, 4) ? sum : sym_sub(m, sum, any_symbol(m, r, p));
}

static solve_problem *made_up_problem(arena *m, rng *r) {
  solve_problem *p = ARENA_NEW(m, solve_problem);
  int64_t n = rng_range(r, 0, 30) ? rng_range(r, 1, SYMBOLS) : 0, points = 1;
  for (int64_t b = rng_range(r, n ? 0 : 1, BOOLEANS); b > 0; b--) {
    vec_push(m, &p->booleans, ((solve_boolean){boolean_names[b - 1], rng_range(r, 0, 4) ? -1 : (int)rng_range(r, 0, 1)}));
    points *= 2;
  }
  for (int64_t i = 0; i < n; i++) {
    solve_symbol s = {.name = symbol_names[i], .align = rng_range(r, 0, 2) ? rng_range(r, 1, 4) : 32};
    int64_t most = POINTS_MAX / points < DOMAIN_MAX ? POINTS_MAX / points : DOMAIN_MAX, values = rng_range(r, 1, most > 1 ? most : 1);
    s.upper = s.align * values + rng_range(r, 0, s.align - 1);
    if (rng_range(r, 0, 7) == 0)
      s.lb = rng_range(r, 1, s.upper);
    if (rng_range(r, 0, 7) == 0)
      s.ub = rng_range(r, 1, s.upper);
    if (rng_range(r, 0, 15) == 0)
      s.assigned = rng_range(r, 1, s.upper);
    vec_push(m, &p->symbols, s);
    points *= s.assigned ? 1 : values + 1;
  }
  p->cycles = number(m, r, p, (int)rng_range(r, 1, 5));
  if (rng_range(r, 0, 2))
    p->cycles = sym_add(m, sym_mul(m, p->cycles, number(m, r, p, 1)), sym_const(m, rng_range(r, 0, 5000)));
  for (int64_t i = rng_range(r, 0, 2); i > 0; i--)
    vec_push(m, &p->capacities, ((solve_capacity){rng_range(r, 0, 1) ? "L1" : NULL, bytes_of(m, r, p), rng_range(r, 0, 3) ? rng_range(r, 100, 100000) : rng_range(r, 0, 300)}));
  for (int64_t i = rng_range(r, -4, 2); i > 0; i--)
    vec_push(m, &p->conditions, condition(m, r, p, 2));
  for (int64_t i = rng_range(r, 0, 2); i > 0 && n; i--) {
    const sym_expr *tile = sym_name(m, symbol_names[rng_range(r, 0, n - 1)]);
    const sym_expr *extent = rng_range(r, 0, 3) ? sym_const(m, rng_range(r, 1, 64) * 32) : sym_mul(m, sym_name(m, symbol_names[rng_range(r, 0, n - 1)]), sym_const(m, 6));
    vec_push(m, &p->trips, ((solve_trip){extent, rng_range(r, 0, 1) ? tile : sym_mul(m, tile, sym_const(m, rng_range(r, 1, 3)))}));
  }
  p->rule = (solve_trip_rule)rng_range(r, 0, 2);
  p->falls_back = rng_range(r, 0, 1);
  return p;
}

/* ---- brute force ---- */

typedef struct truth { bool found, fell_back; int64_t cycles, points, feasible, value[SYMBOLS]; int boolean[BOOLEANS]; } truth;

typedef struct brute {
  const solve_problem *p;
  const char *names[SYMBOLS];
  arena *mem;
  unsigned choice;                           /* of the booleans: they stand in the expressions as constants */
  sym_code *cycles, *bytes[4], *conditions[4], *numerator[4], *denominator[4];
  bool trip_counts[4];                       /* names a symbol the user did not assign */
  solve_trip_rule rule;
  int64_t at[SYMBOLS];
  truth best;
} brute;

static int boolean_of(const brute *b, size_t i) { return (int)(b->choice >> i & 1); }

static void look_at(brute *b) {
  const solve_problem *p = b->p;
  size_t n = p->symbols.n;
  for (size_t i = 0; i < p->trips.n && b->rule != SOLVE_TRIPS_ANY; i++) {
    int64_t num, den;
    if (!b->trip_counts[i])
      continue;
    if (!sym_run(b->numerator[i], b->at, &num) || !sym_run(b->denominator[i], b->at, &den) || den <= 0)
      return;
    if (b->rule == SOLVE_TRIPS_COVER ? den > num : num % den != 0)
      return;
  }
  b->best.points++;
  int64_t v;
  for (size_t i = 0; i < p->capacities.n; i++)
    if (!sym_run(b->bytes[i], b->at, &v) || v > p->capacities.at[i].limit)
      return;
  for (size_t i = 0; i < p->conditions.n; i++)
    if (!sym_run(b->conditions[i], b->at, &v) || v == 0)
      return;
  b->best.feasible++;
  if (!sym_run(b->cycles, b->at, &v) || v < 0)
    v = INT64_MAX;
  bool is_better = !b->best.found || v < b->best.cycles;
  for (size_t i = 0, decided = 0; b->best.found && v == b->best.cycles && i < n + p->booleans.n && !decided; i++) {
    int64_t now = i < n ? b->at[i] : boolean_of(b, i - n), old = i < n ? b->best.value[i] : b->best.boolean[i - n];
    is_better = now < old;
    decided = now != old;
  }
  if (!is_better)
    return;
  b->best.found = true;
  b->best.cycles = v;
  for (size_t i = 0; i < n; i++)
    b->best.value[i] = b->at[i];
  for (size_t i = 0; i < p->booleans.n; i++)
    b->best.boolean[i] = boolean_of(b, i);
}

/* Largest symbol first and downwards: not the order of the search. */
static void enumerate(brute *b, size_t i) {
  const solve_problem *p = b->p;
  if (i == p->symbols.n) {
    look_at(b);
    return;
  }
  const solve_symbol *s = &p->symbols.at[i];
  int64_t top = s->upper;
  if (s->assigned) {
    b->at[i] = s->assigned;
    enumerate(b, i + 1);
    return;
  }
  while (b->rule == SOLVE_TRIPS_ANY && top % s->align)      /* ceilings: the last tile may reach over the extent */
    top++;
  for (int64_t v = top; v >= 1; v--)
    if (v % s->align == 0 && v >= s->lb && (!s->ub || v <= s->ub)) {
      b->at[i] = v;
      enumerate(b, i + 1);
    }
}

static const sym_expr *constant_for(void *data, const char *name) {
  const brute *b = data;
  for (size_t i = 0; i < b->p->booleans.n; i++)
    if (text_eq(b->p->booleans.at[i].name, name))
      return sym_const(b->mem, boolean_of(b, i));
  return NULL;
}

static sym_code *code_of(loom_ctx *ctx, brute *b, const sym_expr *e) {
  sym_code *code;
  assert_int_equal(sym_compile(ctx, sym_subst(&ctx->mem, e, constant_for, b), b->names, b->p->symbols.n, &code), LOOM_OK);
  return code;
}

static void compile_all(loom_ctx *ctx, brute *b) {
  const solve_problem *p = b->p;
  b->mem = &ctx->mem;
  b->cycles = code_of(ctx, b, p->cycles);
  for (size_t i = 0; i < p->capacities.n; i++)
    b->bytes[i] = code_of(ctx, b, p->capacities.at[i].bytes);
  for (size_t i = 0; i < p->conditions.n; i++)
    b->conditions[i] = code_of(ctx, b, p->conditions.at[i]);
  for (size_t i = 0; i < p->trips.n; i++) {
    b->numerator[i] = code_of(ctx, b, p->trips.at[i].numerator);
    b->denominator[i] = code_of(ctx, b, p->trips.at[i].denominator);
    for (size_t s = 0; s < p->symbols.n; s++)
      b->trip_counts[i] |= !p->symbols.at[s].assigned && (sym_depends(p->trips.at[i].numerator, p->symbols.at[s].name) ||
                                                          sym_depends(p->trips.at[i].denominator, p->symbols.at[s].name));
  }
}

static truth search_rule(loom_ctx *ctx, const solve_problem *p, solve_trip_rule rule) {
  brute b = {.p = p, .rule = rule};
  for (size_t i = 0; i < p->symbols.n; i++)
    b.names[i] = p->symbols.at[i].name;
  for (unsigned choice = 1u << p->booleans.n; choice-- > 0;) {
    bool is_allowed = true;
    b.choice = choice;
    for (size_t i = 0; i < p->booleans.n; i++)
      is_allowed = is_allowed && (p->booleans.at[i].assigned < 0 || p->booleans.at[i].assigned == boolean_of(&b, i));
    if (!is_allowed)
      continue;
    compile_all(ctx, &b);
    enumerate(&b, 0);
  }
  return b.best;
}

static truth find_truth(loom_ctx *ctx, const solve_problem *p) {
  truth t = search_rule(ctx, p, p->rule);
  if (t.points || !p->falls_back || p->rule == SOLVE_TRIPS_ANY)
    return t;
  t = search_rule(ctx, p, SOLVE_TRIPS_ANY);
  t.fell_back = true;
  return t;
}

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

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_problems_equal_brute_force)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
