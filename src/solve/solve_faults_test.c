/* What is broken in a problem is refused wherever it stands, by whoever meets it; a second opinion is asked of every answer; and nothing is left when memory runs out.
 * Oracle: each row says what is broken; the words must name it. */
#include "base/file.h"
#include "model/model_testing.h"
#include "nest/nest_samples.h"
#include "solve/certify.h"
#include "solve/solve_price.h"

/* ---- problems ---- */

static const sym_expr *expr(loom_ctx *ctx, const char *words) {
  const sym_expr *e;
  assert_int_equal(sym_parse(ctx, LOOM_NOSPAN, words, &e), LOOM_OK);
  return e;
}

/* Where "nobody" stands, of whom no problem knows. */
typedef enum place { CYCLES, CAPACITY, CONDITION, NUMERATOR, DENOMINATOR, OWN_NUMERATOR, OWN_DENOMINATOR, GIVEN_NUMERATOR, GIVEN_DENOMINATOR, NOWHERE } place;

/* a, b in 1..8, both or (GIVEN) b alone free; a*b cycles, a + b <= limit bytes. */
static const solve_problem *broken(loom_ctx *ctx, place where, int64_t limit) {
  arena *m = &ctx->mem;
  solve_problem *p = ARENA_NEW(m, solve_problem);
  const bool is_given = where == GIVEN_NUMERATOR || where == GIVEN_DENOMINATOR;
  vec_push(m, &p->symbols, ((solve_symbol){.name = "a", .align = 1, .upper = 8, .assigned = is_given ? 2 : 0}));
  vec_push(m, &p->symbols, ((solve_symbol){.name = "b", .align = 1, .upper = 8}));
  p->cycles = expr(ctx, where == CYCLES ? "a*b + nobody" : "a*b");
  p->rule = SOLVE_TRIPS_EXACT;
  vec_push(m, &p->capacities, ((solve_capacity){"L1", expr(ctx, where == CAPACITY ? "a + nobody" : "a + b"), limit}));
  vec_push(m, &p->conditions, sym_make(m, SYM_LE, expr(ctx, where == CONDITION ? "nobody" : "b"), expr(ctx, "8"), NULL));
  if (where == NUMERATOR || where == DENOMINATOR)
    vec_push(m, &p->trips, ((solve_trip){expr(ctx, where == NUMERATOR ? "8*b + nobody" : "8*b"), expr(ctx, where == DENOMINATOR ? "a + nobody" : "a")}));
  if (where == OWN_NUMERATOR || where == OWN_DENOMINATOR)
    vec_push(m, &p->trips, ((solve_trip){expr(ctx, where == OWN_NUMERATOR ? "8*a + nobody" : "8*a"), expr(ctx, where == OWN_DENOMINATOR ? "a + nobody" : "a")}));
  if (is_given)
    vec_push(m, &p->trips, ((solve_trip){expr(ctx, where == GIVEN_NUMERATOR ? "8*a + nobody" : "8*a"), expr(ctx, where == GIVEN_DENOMINATOR ? "a + nobody" : "a")}));
  return p;
}

static loom_status answer(loom_ctx *ctx, const solve_problem *p, solve_answer *a) { return solve_problems(ctx, &p, 1, false, &(solve_limits){0}, a); }

static loom_status ask_conflict(loom_ctx *ctx, const solve_problem *p, const solve_answer *a) {
  solve_conflict c;
  return solve_find_conflict(ctx, p, a, &(solve_limits){0}, &c);
}
static loom_status ask_steps(loom_ctx *ctx, const solve_problem *p, const solve_answer *a) {
  solve_steps s;
  return solve_list_steps(ctx, p, a, 1, &s);
}
static loom_status ask_trades(loom_ctx *ctx, const solve_problem *p, const solve_answer *a) {
  solve_trades t;
  bool is_complete;
  (void)a;
  return solve_find_trades(ctx, &p, &(solve_aims){1, {{"cost", p->cycles}}}, 1, &(solve_limits){0}, &t, &is_complete);
}
static loom_status ask_explanation(loom_ctx *ctx, const solve_problem *p, const solve_answer *a) {
  solve_explanation e;
  const solve_case c = {.name = "v", .problem = p, .answer = a};
  return solve_explain_case(ctx, &c, 1, 0, &(solve_limits){0}, &e);
}
static loom_status ask_answer(loom_ctx *ctx, const solve_problem *p, const solve_answer *a) {
  solve_answer b;
  (void)a;
  return answer(ctx, p, &b);
}

static void test_unknown_symbols_are_refused_wherever_they_stand(void **state) {
  (void)state;
  static const struct { const char *what; loom_status (*ask)(loom_ctx *, const solve_problem *, const solve_answer *); } asked[] = {
      {"answer", ask_answer}, {"steps", ask_steps}, {"trades", ask_trades}, {"explanation", ask_explanation}};
  for (place where = 0; where <= NOWHERE; where++)
    for (size_t i = 0; i < COUNT_OF(asked); i++) {
      loom_ctx ctx;
      loom_ctx_init(&ctx);
      const bool is_given = where == GIVEN_NUMERATOR || where == GIVEN_DENOMINATOR;
      solve_answer a = {.status = SOLVE_OPTIMAL, .cycles = 2, .value = {is_given ? 2 : 1, 1}};
      loom_status st = asked[i].ask(&ctx, broken(&ctx, where, 8), &a);
      bool is_met = where != NOWHERE && !(is_given && asked[i].ask == ask_trades);      /* a trip of sizes that are given restricts nothing */
      if (st != (is_met ? LOOM_EINPUT : LOOM_OK))
        fail_msg("%s, place %d: status %d", asked[i].what, (int)where, (int)st);
      if (is_met)
        testing_expect_error(&ctx, LOOM_EINPUT, "nobody", 0, 0);
      loom_ctx_done(&ctx);
    }
}

/* Nothing of 1..8 fits, for one reason or two. */
static void test_a_conflict_of_a_broken_problem_blames_nobody_else(void **state) {
  (void)state;
  for (place where = 0; where <= NOWHERE; where++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    const solve_answer a = {.status = SOLVE_INFEASIBLE};
    loom_status st = ask_conflict(&ctx, broken(&ctx, where, 1), &a);
    assert_true(st == LOOM_OK || st == LOOM_EINPUT);
    assert_int_equal(ctx.diag.errors, st != LOOM_OK);
    loom_ctx_done(&ctx);
  }
}

/* A size that is left free ends where the kernel says, else where it was asked to; where neither says, it stays what it was. */
static void test_what_is_dropped_needs_an_end(void **state) {
  (void)state;
  static const struct { solve_symbol a; int64_t limit; const char *alone, *together[2]; } rows[] = {
      {{.name = "a", .align = 1, .upper = 8, .lb = 3}, 2, NULL, {"a at least 3, as asked for", "a <= 2"}},
      {{.name = "a", .align = 1, .ub = 8, .lb = 3}, 2, NULL, {"a from 3 to 8, as asked for", "a <= 2"}},
      {{.name = "a", .align = 1, .upper = 8, .assigned = 4}, 2, NULL, {"a = 4, as asked for", "a <= 2"}},
      {{.name = "a", .align = 1, .assigned = 4}, 2, "a = 4 > 2, at the least (a=4)", {NULL}},
      {{.name = "a", .align = 1, .ub = 8}, 0, "a = 1 > 0, at the least (a=1)", {NULL}},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    solve_problem p = {.cycles = expr(&ctx, "a")};
    solve_answer a;
    solve_conflict c;
    vec_push(&ctx.mem, &p.symbols, rows[i].a);
    vec_push(&ctx.mem, &p.capacities, ((solve_capacity){NULL, expr(&ctx, "a"), rows[i].limit}));
    assert_int_equal(answer(&ctx, &p, &a), LOOM_OK);
    assert_int_equal(a.status, SOLVE_INFEASIBLE);
    assert_int_equal(solve_find_conflict(&ctx, &p, &a, &(solve_limits){0}, &c), LOOM_OK);
    assert_int_equal(c.alone.n, rows[i].alone != NULL);
    assert_int_equal(c.together.n, rows[i].alone ? 0 : 2);
    if (rows[i].alone)
      assert_string_equal(c.alone.at[0].words, rows[i].alone);
    for (size_t k = 0; k < c.together.n; k++)
      if (strcmp(c.together.at[0].words, rows[i].together[k]) != 0 && strcmp(c.together.at[1].words, rows[i].together[k]) != 0)
        fail_msg("row %zu: %s; %s", i, c.together.at[0].words, c.together.at[1].words);
    loom_ctx_done(&ctx);
  }
}

static void test_trips_stand_in_conflicts_in_words(void **state) {
  (void)state;
  static const struct { solve_trip_rule rule; const char *numerator, *words; } rows[] = {{SOLVE_TRIPS_EXACT, "7", "7 is a multiple of a"}, {SOLVE_TRIPS_COVER, "2", "a is at most 2"}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    solve_problem p = {.cycles = expr(&ctx, "a"), .rule = rows[i].rule};
    solve_answer a;
    solve_conflict c;
    bool is_named = false;
    vec_push(&ctx.mem, &p.symbols, ((solve_symbol){.name = "a", .align = 1, .upper = 8, .lb = 3}));
    vec_push(&ctx.mem, &p.capacities, ((solve_capacity){NULL, expr(&ctx, "a"), 6}));
    vec_push(&ctx.mem, &p.trips, ((solve_trip){expr(&ctx, rows[i].numerator), expr(&ctx, "a")}));
    assert_int_equal(answer(&ctx, &p, &a), LOOM_OK);
    assert_int_equal(a.status, SOLVE_INFEASIBLE);
    assert_int_equal(solve_find_conflict(&ctx, &p, &a, &(solve_limits){0}, &c), LOOM_OK);
    for (size_t k = 0; k < c.together.n; k++)
      is_named |= strcmp(c.together.at[k].words, rows[i].words) == 0;
    assert_true(is_named && c.is_minimal);
    assert_int_equal(c.together.n, rows[i].rule == SOLVE_TRIPS_EXACT ? 3 : 2);
    loom_ctx_done(&ctx);
  }
}

/* The one point that has just the limit is in the box whose bound is that limit. */
static void test_a_limit_may_be_met_exactly(void **state) {
  loom_ctx *ctx = *state;
  solve_problem p = {.cycles = expr(ctx, "a + b")};
  solve_answer a;
  vec_push(&ctx->mem, &p.symbols, ((solve_symbol){.name = "a", .align = 1, .upper = 80}));
  vec_push(&ctx->mem, &p.symbols, ((solve_symbol){.name = "b", .align = 1, .upper = 80}));
  for (int64_t more = -1; more < 2; more++) {
    p.capacities.n = 0;
    vec_push(&ctx->mem, &p.capacities, ((solve_capacity){NULL, expr(ctx, "a - b"), 1 - 80 + more}));
    assert_int_equal(answer(ctx, &p, &a), LOOM_OK);
    assert_int_equal(a.status, more < 0 ? SOLVE_INFEASIBLE : SOLVE_OPTIMAL);
    if (more >= 0)
      assert_int_equal(a.cycles, 81 - more);
    assert_int_equal(a.feasible, more < 0 ? 0 : more ? 3 : 1);
  }
}

/* Is there any point at all?  The first of many values of the last symbol that has one is enough. */
static void test_one_point_among_many_is_found(void **state) {
  loom_ctx *ctx = *state;
  solve_problem p = {.cycles = expr(ctx, "a + b"), .rule = SOLVE_TRIPS_EXACT, .falls_back = true};
  solve_answer a;
  vec_push(&ctx->mem, &p.symbols, ((solve_symbol){.name = "a", .align = 1, .upper = 3}));
  vec_push(&ctx->mem, &p.symbols, ((solve_symbol){.name = "b", .align = 1, .upper = 500}));
  vec_push(&ctx->mem, &p.trips, ((solve_trip){expr(ctx, "b"), expr(ctx, "50*a")}));
  assert_int_equal(answer(ctx, &p, &a), LOOM_OK);
  assert_int_equal(a.status, SOLVE_OPTIMAL);
  assert_int_equal(a.cycles, 51);
  assert_int_equal(a.points, 10 + 5 + 3);      /* 500 / 50, / 100, / 150 */
  assert_null(a.fallback);
}

/* The terms of an explanation, and the next best, are evaluated at their points. */
static void test_parts_that_have_no_value_are_refused(void **state) {
  (void)state;
  static const struct { const char *own, *next; } rows[] = {{"a*nobody", "a"}, {"a", "a*nobody"}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    const solve_problem *p = broken(&ctx, NOWHERE, 8);
    const solve_answer best = {.status = SOLVE_OPTIMAL, .cycles = 1, .value = {1, 1}}, more = {.status = SOLVE_OPTIMAL, .cycles = 2, .value = {1, 2}};
    solve_case cases[] = {{.name = "v", .problem = p, .answer = &best}, {.name = "w", .problem = p, .answer = &more}};
    solve_explanation e;
    vec_push(&ctx.mem, &cases[0].parts, ((solve_cost_part){"compute", expr(&ctx, rows[i].own)}));
    vec_push(&ctx.mem, &cases[1].parts, ((solve_cost_part){"compute", expr(&ctx, rows[i].next)}));
    assert_int_equal(solve_explain_case(&ctx, cases, 2, 0, &(solve_limits){0}, &e), LOOM_EINPUT);
    testing_expect_error(&ctx, LOOM_EINPUT, "nobody", 0, 0);
    loom_ctx_done(&ctx);
  }
}

static void test_aims_that_have_no_value_are_refused(void **state) {
  loom_ctx *ctx = *state;
  const solve_problem *p = broken(ctx, NOWHERE, 8);
  solve_trades t;
  bool is_complete;
  const solve_aims aims = {2, {{"cost", p->cycles}, {"L1", expr(ctx, "nobody")}}};
  assert_int_equal(solve_find_trades(ctx, &p, &aims, 1, &(solve_limits){0}, &t, &is_complete), LOOM_EINPUT);
  testing_expect_error(ctx, LOOM_EINPUT, "nobody", 0, 0);
}

/* Sizes that divide nothing are tried again with ceilings, of which there may be one too many. */
static void test_ceilings_may_be_too_many(void **state) {
  loom_ctx *ctx = *state;
  arena *m = &ctx->mem;
  solve_problem p = {.cycles = expr(ctx, "a"), .rule = SOLVE_TRIPS_EXACT, .falls_back = true};
  const solve_problem *one = &p;
  solve_answer a;
  vec_push(m, &p.symbols, ((solve_symbol){.name = "a", .align = 2, .upper = 2 * (int64_t)SOLVE_DOMAIN_MAX + 1}));
  vec_push(m, &p.trips, ((solve_trip){expr(ctx, "1"), expr(ctx, "a")}));
  assert_int_equal(solve_problems(ctx, &one, 1, false, &(solve_limits){0}, &a), LOOM_ELIMIT);
  testing_expect_error(ctx, LOOM_ELIMIT, "block symbol 'a' has 1048577 possible sizes; at most 1048576 are searched", 0, 0);
}

static void test_explanations_are_written_with_what_there_is(void **state) {
  loom_ctx *ctx = *state;
  solve_explanation e = {.binding = "b", .ties = 2};
  vec_push(&ctx->mem, &e.moves, ((solve_move){"x", "n", "p", 7, NULL}));
  vec_push(&ctx->mem, &e.moves, ((solve_move){"y", "p", "n", -1, "too large"}));
  const data_value *o = solve_explanation_to_data(&ctx->mem, &e);
  assert_string_equal(data_write_json(&ctx->mem, data_get(o, "moves"), 0), "[{\"access\": \"x\", \"from\": \"n\", \"to\": \"p\", \"cost\": 7}, "
                                                                           "{\"access\": \"y\", \"from\": \"p\", \"to\": \"n\", \"why\": \"too large\"}]");
  assert_null(data_get(o, "runner_up"));
  e.moves.n = 0;
  e.runner_up = "v";
  e.why_lost = "w";
  o = solve_explanation_to_data(&ctx->mem, &e);
  assert_null(data_get(o, "moves"));
  assert_string_equal(data_write_json(&ctx->mem, data_get(o, "runner_up"), 0), "{\"name\": \"v\", \"cost\": 0, \"why_lost\": \"w\"}");
}

/* ---- second opinions ---- */

typedef struct asked { int n; solve_verdict verdict; loom_status status; } asked;
static asked opinion_of;
static loom_status certify(loom_ctx *ctx, const solve_problem *p, const solve_answer *a, unsigned rlimit, solve_verdict *out, const char **why) {
  (void)p, (void)a, (void)rlimit;
  opinion_of.n++;
  *out = opinion_of.verdict;
  *why = *out == SOLVE_CERTIFIED ? NULL : "because";
  return opinion_of.status == LOOM_OK ? LOOM_OK : diag_error(ctx, LOOM_NOSPAN, opinion_of.status, "no opinion");
}
static loom_status find_core(loom_ctx *ctx, const solve_problem *p, const solve_answer *a, unsigned rlimit, solve_core *out) {
  (void)ctx, (void)p, (void)a, (void)rlimit;
  *out = (solve_core){0};
  return LOOM_OK;
}

static const solve_opinion opinion = {certify, find_core, NULL, 1};

static void test_every_distinct_answer_is_certified(void **state) {
  (void)state;
  static const struct { asked is; loom_status status; bool is_certified; const char *why; } rows[] = {
      {{0, SOLVE_CERTIFIED, LOOM_OK}, LOOM_OK, true, NULL},
      {{0, SOLVE_NOT_CERTIFIED, LOOM_OK}, LOOM_OK, false, "because"},
      {{0, SOLVE_REFUTED, LOOM_OK}, LOOM_EBUG, false, NULL},
      {{0, SOLVE_CERTIFIED, LOOM_EUNSUP}, LOOM_EUNSUP, false, NULL},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++)
    for (int is_etg = 0; is_etg < 2; is_etg++) {
      loom_ctx ctx;
      loom_ctx_init(&ctx);
      machine *m = testing_machine(&ctx, "wormhole", 8, 8);
      nest *n = nest_make_matmul(&ctx.mem, 512, 512, 256, DTYPE_F16, DTYPE_F16);
      solve_options o = {.model = MODEL_UPSTREAM, .assigned_double_buffer = -1, .opinion = &opinion};
      explore_table t;
      solve_result r;
      data_value *etg, *read, *got;
      opinion_of = rows[i].is;
      assert_int_equal(explore_run(&ctx, n, m, &(explore_options){.upstream_compatible = true}, &t), LOOM_OK);
      if (is_etg) {
        assert_int_equal(explore_etg(&ctx, n, m, &t, 3, true, &etg), LOOM_OK);
        const char *json = data_write_json(&ctx.mem, etg, 0);
        assert_int_equal(data_read_json(&ctx, "etg.json", json, strlen(json), &read), LOOM_OK);
        assert_int_equal(solve_etg(&ctx, read, NULL, &o, &got), rows[i].status);
        if (rows[i].status == LOOM_OK)
          for (size_t k = 0; k < t.rows.n; k++)
            assert_int_equal(data_get(data_get(got, "variants")->items[k], "certified")->boolean, rows[i].is_certified);
      } else {
        assert_int_equal(solve_run(&ctx, n, m, &t, &o, &r), rows[i].status);
        if (rows[i].status == LOOM_OK) {
          solve_certificate all = solve_certificate_of(&r);
          assert_int_equal(all.is_certified, rows[i].is_certified);
          assert_true(all.why == rows[i].why || strcmp(all.why, rows[i].why) == 0);
        }
      }
      if (rows[i].status == LOOM_OK)
        assert_in_range(opinion_of.n, 1, t.rows.n - 1);      /* some candidates pose the same problem */
      else
        assert_int_equal(opinion_of.n, 1);
      loom_ctx_done(&ctx);
    }
}

static void test_nothing_is_certified_that_nobody_was_asked_about(void **state) {
  loom_ctx *ctx = *state;
  solve_result r = {.best = -1};
  assert_string_equal(solve_certificate_of(&r).why, "nothing was searched");
  assert_false(solve_certificate_of(&r).is_certified);
  vec_push(&ctx->mem, &r.rows, ((solve_row){0}));
  assert_string_equal(solve_certificate_of(&r).why, "only answers under upstream's models (--model) and of ETGs can be certified");
  assert_false(solve_certificate_of(&r).is_certified);
}

/* ---- machines and options under the loom model ---- */

typedef struct scene { machine *m; nest *n; explore_space space; explore_table table; solve_options o; solve_domain given; solve_result r; } scene;

static void open_scene(loom_ctx *ctx, scene *s, int64_t cores, int64_t k) {
  memset(s, 0, sizeof *s);
  s->m = testing_machine(ctx, "wormhole", cores, 1);
  s->n = nest_make_matmul(&ctx->mem, k, k, 64, DTYPE_F16, DTYPE_F16);
  nest_set_alignment(s->n, s->m->tile_align);
  s->o = (solve_options){.model = MODEL_LOOM, .accumulate_f32 = true, .sharing = MODEL_PACKED, .assigned_double_buffer = -1, .only_best = true, .explain = true, .neighbours = true,
                         .pareto = true, .top_k = 2};
  assert_int_equal(explore_open(ctx, s->n, s->m, &(explore_options){.accumulate_f32 = true}, &s->space), LOOM_OK);
  assert_int_equal(explore_run(ctx, s->n, s->m, &(explore_options){.accumulate_f32 = true}, &s->table), LOOM_OK);
  assert_int_equal(solve_space(ctx, &s->space, &s->o, &(solve_limits){0}, &s->r), LOOM_OK);
}

typedef enum who { SPACE, ROWS, GIVEN, PRICE, EXPLAIN, STEPS, TRADES, PLAN, ALL, ASKED } who;

/* Whether steps and trades, which say nothing of what cannot be priced, have anything. */
static loom_status ask(loom_ctx *ctx, scene *s, const machine *m, who k, bool *out_has_any) {
  const solve_limits none = {0};
  const solve_row *best = &s->r.rows.at[s->r.best];
  explore_space space = s->space;
  space.machine = m;
  const solve_field f = {.nest = s->n, .machine = m, .space = &space, .o = &s->o};
  solve_result r;
  solve_price price;
  solve_explanation e;
  solve_steps steps = {0};
  solve_row_trades trades;
  plan *p;
  bool is_complete;
  loom_status st;
  *out_has_any = true;
  switch (k) {
  case SPACE: return solve_space(ctx, &space, &s->o, &none, &r);
  case ROWS: return solve_rows(ctx, s->n, m, &s->table, &s->o, &none, &r);
  case GIVEN: return solve_given(ctx, s->n, m, best->candidate, &s->o, &r);
  case PRICE: return solve_price_row(ctx, s->n, m, &s->o, best, &price);
  case EXPLAIN: return solve_explain_field(ctx, &f, &s->r, &none, &e);
  case STEPS:
    st = solve_list_field_steps(ctx, &f, best, 1, &steps);
    *out_has_any = false;
    for (size_t i = 0; i < steps.n; i++)
      *out_has_any |= steps.at[i].cycles >= 0;
    return st;
  case TRADES:
    st = solve_field_trades(ctx, &f, &none, &trades, &is_complete);
    *out_has_any = trades.n || is_complete;
    return st;
  case PLAN: return solve_plan(ctx, s->n, m, &s->o, best, &p);
  default: return solve_answer_field(ctx, &f, &s->r, data_object(&ctx->mem));
  }
}

/* The mesh of a machine, and what hangs on it, is looked at when costs are made: whoever asks for some says so.  Names of sizes are looked at by those who search. */
static void test_broken_machines_and_options_are_refused_by_all_who_price(void **state) {
  (void)state;
  static const solve_domain unknown = {.symbol = "tile_x", .assigned = 32}, sizes[] = {{.symbol = "tile_m", .assigned = 32}, {.symbol = "tile_n", .assigned = 32}, {.symbol = "tile_k", .assigned = 32}};
  int64_t far[] = {99};
  for (int is_option = 0; is_option < 2; is_option++)
    for (who k = 0; k < ASKED; k++) {
      loom_ctx ctx;
      scene s;
      bool has_any;
      loom_ctx_init(&ctx);
      open_scene(&ctx, &s, 2, 64);
      machine m = *s.m;
      if (is_option) {
        s.o.domains = &unknown;
        s.o.n_domains = 1;
      } else {
        m.attach.at = far;
        m.attach.n = 1;
        m.attach_span = LOOM_NOSPAN;
        if (k == GIVEN) {
          s.o.domains = sizes;
          s.o.n_domains = COUNT_OF(sizes);
        }
      }
      bool is_quiet = k == TRADES || (is_option ? k == PRICE || k == PLAN : k == STEPS);
      loom_status st = ask(&ctx, &s, &m, k, &has_any);
      if (st != (is_quiet ? LOOM_OK : is_option ? LOOM_EUSAGE : LOOM_EINPUT))
        fail_msg("%d, %d: status %d", is_option, (int)k, (int)st);
      if (!is_quiet)
        testing_expect_error(&ctx, st, is_option ? "the kernel has no block symbol 'tile_x'" : "machine 'wormhole' attaches DRAM channel 0 to core 99; it has cores 0..1", 0, 0);
      else
        assert_int_equal(has_any, k == PRICE || k == PLAN);
      loom_ctx_done(&ctx);
    }
}

static void test_sizes_that_are_all_given_are_no_optimum(void **state) {
  loom_ctx *ctx = *state;
  static const solve_domain sizes[] = {{.symbol = "tile_m", .assigned = 32}, {.symbol = "tile_n", .assigned = 32}, {.symbol = "tile_k", .assigned = 32}};
  scene s;
  solve_result r;
  open_scene(ctx, &s, 2, 64);
  assert_int_equal(s.r.rows.at[s.r.best].status, SOLVE_OPTIMAL);
  s.o.domains = sizes;
  for (size_t n = 2; n < 4; n++) {
    s.o.n_domains = n;
    assert_int_equal(solve_space(ctx, &s.space, &s.o, &(solve_limits){0}, &r), LOOM_OK);
    assert_int_equal(r.rows.at[r.best].status, n == 3 ? SOLVE_ASSIGNED : SOLVE_OPTIMAL);
    assert_true(r.rows.at[r.best].cycles >= s.r.rows.at[s.r.best].cycles);
  }
}

/* A candidate whose loads are shared by more cores than there are. */
static void test_candidates_of_another_mesh_are_refused(void **state) {
  (void)state;
  for (int is_row = 0; is_row < 2; is_row++) {
    loom_ctx ctx;
    scene s;
    solve_result r;
    solve_price price;
    loom_ctx_init(&ctx);
    open_scene(&ctx, &s, 2, 64);
    plan_candidate c = *s.r.rows.at[s.r.best].candidate;
    c.access[0].area[0] = 77;
    solve_row row = s.r.rows.at[s.r.best];
    row.candidate = &c;
    s.table.rows.n = 0;
    vec_push(&ctx.mem, &s.table.rows, &c);
    assert_int_equal(is_row ? solve_rows(&ctx, s.n, s.m, &s.table, &s.o, &(solve_limits){0}, &r) : solve_price_row(&ctx, s.n, s.m, &s.o, &row, &price), LOOM_EBUG);
    testing_expect_error(&ctx, LOOM_EBUG, "a transfer shared by 77 of 2 cores along", 0, 0);
    loom_ctx_done(&ctx);
  }
}

/* What is searched quietly, on the way to an explanation, may run out of memory too: nothing is left out then without a word. */
static loom_status answer_space(loom_ctx *ctx, void *data) {
  const scene *s = data;
  const solve_limits two = {.threads = 2};
  solve_result r;
  const solve_field f = {.nest = s->n, .machine = s->m, .space = &s->space, .o = &s->o};
  LOOM_TRY(solve_space(ctx, &s->space, &s->o, &two, &r));
  return solve_answer_field(ctx, &f, &r, data_object(&ctx->mem));
}

static loom_status answer_rows(loom_ctx *ctx, void *data) {
  const scene *s = data;
  solve_result r;
  const solve_field f = {.nest = s->n, .machine = s->m, .table = &s->table, .o = &s->o};
  LOOM_TRY(solve_rows(ctx, s->n, s->m, &s->table, &s->o, &(solve_limits){0}, &r));
  return solve_answer_field(ctx, &f, &r, data_object(&ctx->mem));
}

static loom_status explain_nothing(loom_ctx *ctx, void *data) {
  const scene *s = data;
  solve_conflict c;
  const solve_field f = {.nest = s->n, .machine = s->m, .space = &s->space, .o = &s->o};
  LOOM_TRY(solve_explain_nothing(ctx, &f, &c));
  assert_int_equal(c.alone.n, 1);
  return LOOM_OK;
}

static void test_memory_failures_unwind(void **state) {
  loom_ctx *ctx = *state;
  scene s;
  open_scene(ctx, &s, 1, 32);
  s.table.rows.n = 1;
  testing_sweep_memory(answer_space, &s);
  testing_sweep_memory(answer_rows, &s);
  s.m->l1_bytes = 100;
  testing_sweep_memory(explain_nothing, &s);
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, testing_open_context, testing_close_context)
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_unknown_symbols_are_refused_wherever_they_stand),
      cmocka_unit_test(test_a_conflict_of_a_broken_problem_blames_nobody_else),
      cmocka_unit_test(test_what_is_dropped_needs_an_end),
      T(test_one_point_among_many_is_found),
      cmocka_unit_test(test_trips_stand_in_conflicts_in_words),
      T(test_a_limit_may_be_met_exactly),
      T(test_sizes_that_are_all_given_are_no_optimum),
      cmocka_unit_test(test_parts_that_have_no_value_are_refused),
      T(test_aims_that_have_no_value_are_refused),
      T(test_explanations_are_written_with_what_there_is),
      T(test_ceilings_may_be_too_many),
      cmocka_unit_test(test_every_distinct_answer_is_certified),
      T(test_nothing_is_certified_that_nobody_was_asked_about),
      cmocka_unit_test(test_broken_machines_and_options_are_refused_by_all_who_price),
      cmocka_unit_test(test_candidates_of_another_mesh_are_refused),
      T(test_memory_failures_unwind),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
