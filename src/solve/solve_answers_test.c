/* Answers about made-up problems against brute force, and about A2's GEMM against its formula written out. */
#include "nest/nest_samples.h"
#include "solve/solve_private.h"
#include "solve/solve_testing.h"

/* ---- all feasible points, by brute force ---- */

typedef struct spot { int64_t cycles, value[TESTING_SYMBOLS], aim[SOLVE_AIMS_MAX]; int boolean[TESTING_BOOLEANS]; size_t problem; } spot;
typedef struct spots { loom_ctx *ctx; const solve_aims *aims; size_t problem; VEC_OF(spot) list; } spots;

/* Points whose cost has no value are no points here. */
static void note_spot(void *data, const brute *b, int64_t cycles) {
  spots *s = data;
  spot x = {.cycles = cycles, .problem = s->problem};
  if (cycles == INT64_MAX)
    return;
  memcpy(x.value, b->at, sizeof x.value);
  for (size_t i = 0; i < b->p->booleans.n; i++)
    x.boolean[i] = boolean_of(b, i);
  x.aim[0] = cycles;
  for (size_t i = 1; s->aims && i < s->aims->n; i++) {
    sym_binding at[TESTING_SYMBOLS + TESTING_BOOLEANS];
    size_t n = 0;
    for (size_t k = 0; k < b->p->symbols.n; k++)
      at[n++] = (sym_binding){b->p->symbols.at[k].name, x.value[k]};
    for (size_t k = 0; k < b->p->booleans.n; k++)
      at[n++] = (sym_binding){b->p->booleans.at[k].name, x.boolean[k]};
    if (s->aims->at[i].value && sym_eval(s->ctx, s->aims->at[i].value, at, n, &x.aim[i]) != LOOM_OK)
      return;
  }
  vec_push(&s->ctx->mem, &s->list, x);
}

static void list_spots(spots *s, const solve_problem *p, bool fell_back) {
  search_rule(s->ctx, p, fell_back ? SOLVE_TRIPS_ANY : p->rule, note_spot, s);
}

static const spot *find_spot(const spots *s, const solve_problem *p, const int64_t *value, const int *boolean) {
  for (size_t i = 0; i < s->list.n; i++) {
    const spot *x = &s->list.at[i];
    if (memcmp(x->value, value, p->symbols.n * sizeof *value) == 0 && memcmp(x->boolean, boolean, p->booleans.n * sizeof *boolean) == 0)
      return x;
  }
  return NULL;
}

static loom_status answer_one(loom_ctx *ctx, const solve_problem *p, solve_answer *a) {
  diag_mark before = diag_save(ctx);
  loom_status st = solve_problems(ctx, &p, 1, false, NULL, a);
  diag_drop(ctx, before);
  return st;
}

static const solve_problem *made_up(loom_ctx *ctx, uint64_t seed) {
  rng r = rng_new(seed);
  return made_up_problem(&ctx->mem, &r);
}

/* ---- steps ---- */

/* A step leads to a point exactly when brute force has seen it, at its cost; and no point lies between. */
static void check_step(const spots *all, const solve_problem *p, const solve_answer *a, const solve_step *s) {
  int64_t value[SOLVE_SYMBOLS_MAX];
  int boolean[SOLVE_BOOLEANS_MAX];
  memcpy(value, a->value, sizeof value);
  memcpy(boolean, a->boolean, sizeof boolean);
  size_t at = 0;
  bool is_symbol = false;
  for (size_t i = 0; i < p->symbols.n; i++)
    if (text_eq(p->symbols.at[i].name, s->symbol)) {
      at = i;
      is_symbol = true;
      assert_int_equal(s->from, a->value[i]);
      value[i] = s->to;
    }
  for (size_t i = 0; i < p->booleans.n; i++)
    if (text_eq(p->booleans.at[i].name, s->symbol)) {
      assert_int_equal(s->to, !a->boolean[i]);
      boolean[i] = (int)s->to;
    }
  const spot *x = s->to < 0 ? NULL : find_spot(all, p, value, boolean);
  assert_int_equal(s->cycles, x ? x->cycles : -1);
  assert_true((s->why != NULL) == (s->cycles < 0));
  for (int64_t v = s->from + 1; is_symbol && s->by == 1 && v < (s->to < 0 ? s->from + 200 : s->to); v++) {
    value[at] = v;
    assert_null(find_spot(all, p, value, boolean));
  }
  for (int64_t v = s->from - 1; is_symbol && s->by == -1 && v > (s->to < 0 ? 0 : s->to); v--) {
    value[at] = v;
    assert_null(find_spot(all, p, value, boolean));
  }
}

static void test_steps_equal_brute_force(void **state) {
  (void)state;
  int seen = 0, broken = 0;
  for (uint64_t seed = 1; seed <= 150; seed++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    const solve_problem *p = made_up(&ctx, seed);
    solve_answer a;
    solve_steps steps;
    spots all = {.ctx = &ctx};
    if (answer_one(&ctx, p, &a) == LOOM_OK && solve_has_answer(a.status)) {
      list_spots(&all, p, a.fallback != NULL);
      assert_int_equal(solve_list_steps(&ctx, p, &a, 2, &steps), LOOM_OK);
      for (size_t i = 0; i < steps.n; i++) {
        bool is_free = true;
        for (size_t k = 0; k < p->symbols.n; k++)
          is_free = is_free && !(p->symbols.at[k].assigned && text_eq(p->symbols.at[k].name, steps.at[i].symbol));
        if (!is_free)
          continue;
        check_step(&all, p, &a, &steps.at[i]);
        seen += steps.at[i].cycles >= 0;
        broken += steps.at[i].cycles < 0;
        assert_true(steps.at[i].cycles < 0 || steps.at[i].cycles >= a.cycles);
      }
    }
    loom_ctx_done(&ctx);
  }
  assert_true(seen > 100 && broken > 100);
}

/* What was asked for moves too: K = 10 is between 8 and 16 of the multiples of 8, which is better. */
static void test_sizes_asked_for_are_stepped_from(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  arena *m = &ctx.mem;
  solve_problem p = {.cycles = sym_ceildiv(m, sym_const(m, 64), sym_name(m, "K")), .rule = SOLVE_TRIPS_EXACT};
  vec_push(m, &p.symbols, ((solve_symbol){.name = "K", .align = 8, .upper = 64, .assigned = 10}));
  vec_push(m, &p.trips, ((solve_trip){sym_const(m, 64), sym_name(m, "K")}));
  solve_answer a;
  solve_steps s;
  assert_int_equal(answer_one(&ctx, &p, &a), LOOM_OK);
  assert_int_equal(a.cycles, 7);
  assert_int_equal(solve_list_steps(&ctx, &p, &a, 2, &s), LOOM_OK);
  static const solve_step expected[] = {{"K", -2, 10, -1, -1, "no smaller size"}, {"K", -1, 10, 8, 8, NULL}, {"K", 1, 10, 16, 4, NULL}, {"K", 2, 10, 32, 2, NULL}};
  assert_int_equal(s.n, COUNT_OF(expected));
  for (size_t i = 0; i < s.n; i++) {
    assert_int_equal(s.at[i].by, expected[i].by);
    assert_int_equal(s.at[i].to, expected[i].to);
    assert_int_equal(s.at[i].cycles, expected[i].cycles);
    assert_true(expected[i].why ? strstr(s.at[i].why, expected[i].why) != NULL : s.at[i].why == NULL);
  }
  loom_ctx_done(&ctx);
}

/* ---- what limits cost ---- */

static void test_limits_equal_brute_force(void **state) {
  (void)state;
  int binding = 0, idle = 0;
  for (uint64_t seed = 1000; seed < 1120; seed++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    const solve_problem *p = made_up(&ctx, seed);
    solve_answer a;
    solve_explanation e;
    const solve_case only = {.name = "v", .problem = p, .answer = &a};
    if (answer_one(&ctx, p, &a) == LOOM_OK && solve_has_answer(a.status)) {
      assert_int_equal(solve_explain_case(&ctx, &only, 1, 0, NULL, &e), LOOM_OK);
      const solve_problem *q = solve_as_answered(&ctx.mem, p, &a);
      solve_limit_list list;
      solve_list_limits(&ctx.mem, q, &list);
      bool *dropped = ARENA_NEW_N(&ctx.mem, bool, list.n), has_trips = false;
      int64_t expected = 0, got = 0;      /* as sums: those that bind stand first */
      size_t n = 0;
      for (size_t i = 0; i < list.n; i++) {
        if (list.at[i].kind == SOLVE_LIMIT_TRIP) {
          has_trips = true;
          continue;
        }
        dropped[i] = true;
        truth t = find_truth(&ctx, solve_without(&ctx.mem, q, &list, dropped));
        dropped[i] = false;
        expected += t.found && t.cycles < a.cycles ? a.cycles - t.cycles : 0;      /* a size asked for need not be among those there are without it */
        n++;
      }
      if (has_trips) {
        truth t = search_rule(&ctx, q, SOLVE_TRIPS_ANY, NULL, NULL);
        expected += t.found && t.cycles < a.cycles ? a.cycles - t.cycles : 0;
        n++;
      }
      assert_int_equal(e.limits.n, n);
      for (size_t i = 0; i < n; i++) {
        got += a.cycles - e.limits.at[i].cycles;
        assert_true(e.limits.at[i].is_proven);
        assert_true(i == 0 || e.limits.at[i - 1].cycles <= e.limits.at[i].cycles);
        binding += e.limits.at[i].cycles < a.cycles;
        idle += e.limits.at[i].cycles == a.cycles;
      }
      assert_int_equal(got, expected);
    }
    loom_ctx_done(&ctx);
  }
  assert_true(binding > 10 && idle > 10);
}

/* ---- conflicts ---- */

static bool has_point(loom_ctx *ctx, const solve_problem *p, const solve_limit_list *list, const bool *dropped) {
  return search_rule(ctx, solve_without(&ctx->mem, p, list, dropped), p->rule, NULL, NULL).feasible > 0;
}

static void test_conflicts_are_minimal(void **state) {
  (void)state;
  int alone = 0, together = 0;
  for (uint64_t seed = 1; seed <= 250; seed++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    const solve_problem *p = made_up(&ctx, seed);
    solve_answer a;
    solve_conflict c;
    if (answer_one(&ctx, p, &a) == LOOM_OK && a.status == SOLVE_INFEASIBLE) {
      assert_int_equal(solve_find_conflict(&ctx, p, &a, NULL, &c), LOOM_OK);
      const solve_problem *q = solve_as_answered(&ctx.mem, p, &a);
      solve_limit_list list;
      solve_list_limits(&ctx.mem, q, &list);
      bool *dropped = ARENA_NEW_N(&ctx.mem, bool, list.n);
      assert_true((c.alone.n > 0) != (c.together.n > 0));
      for (size_t i = 0; i < c.alone.n; i++) {
        for (size_t k = 0; k < list.n; k++)
          dropped[k] = (int)k != c.alone.at[i].limit;
        assert_false(has_point(&ctx, q, &list, dropped));
        alone++;
      }
      for (size_t k = 0; k < list.n; k++)
        dropped[k] = true;
      for (size_t i = 0; i < c.together.n; i++)
        dropped[c.together.at[i].limit] = false;
      if (c.together.n) {
        assert_true(c.is_minimal && c.together.n > 1);
        assert_false(has_point(&ctx, q, &list, dropped));
        together++;
      }
      for (size_t i = 0; i < c.together.n; i++) {
        dropped[c.together.at[i].limit] = true;
        assert_true(has_point(&ctx, q, &list, dropped));
        dropped[c.together.at[i].limit] = false;
      }
    }
    loom_ctx_done(&ctx);
  }
  assert_true(alone > 20 && together > 5);
}

/* ---- trades ---- */

enum { TRADERS = 2 };

static bool is_as_good(const spot *a, const spot *b, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (a->aim[i] > b->aim[i])
      return false;
  return true;
}

static bool comes_before(const spot *a, const spot *b) {
  if (a->problem != b->problem)
    return a->problem < b->problem;
  int64_t values = 0;
  for (size_t i = 0; !values && i < TESTING_SYMBOLS; i++)
    values = (a->value[i] > b->value[i]) - (a->value[i] < b->value[i]);
  for (size_t i = 0; !values && i < TESTING_BOOLEANS; i++)
    values = a->boolean[i] - b->boolean[i];
  return values < 0;
}

/* Nothing is as good, but for what is equal and later. */
static bool is_trade(const spots *all, const spot *x, size_t n_aims) {
  for (size_t i = 0; i < all->list.n; i++) {
    const spot *y = &all->list.at[i];
    if (y != x && is_as_good(y, x, n_aims) && (!is_as_good(x, y, n_aims) || comes_before(y, x)))
      return false;
  }
  return true;
}

static void expect_trade(const solve_problem *const *p, const solve_trade *got, const spot *x, size_t n_aims) {
  assert_int_equal(got->problem, x->problem);
  assert_memory_equal(got->aim, x->aim, n_aims * sizeof *got->aim);
  assert_memory_equal(got->value, x->value, p[x->problem]->symbols.n * sizeof *got->value);
  assert_memory_equal(got->boolean, x->boolean, p[x->problem]->booleans.n * sizeof *got->boolean);
}

static void test_trades_equal_brute_force(void **state) {
  (void)state;
  size_t most = 0;
  for (uint64_t seed = 1; seed <= 60; seed++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    rng r = rng_new(seed);
    const solve_problem *p[TRADERS];
    solve_aims aims[TRADERS];
    spots all = {.ctx = &ctx};
    for (size_t i = 0; i < TRADERS; i++) {
      p[i] = made_up_problem(&ctx.mem, &r);
      aims[i] = (solve_aims){3, {{"cost", p[i]->cycles}, {"L1", bytes_of(&ctx.mem, &r, p[i])}, {"DRAM", seed % 5 ? bytes_of(&ctx.mem, &r, p[i]) : NULL}}};
      all.aims = &aims[i];
      all.problem = i;
      list_spots(&all, p[i], find_truth(&ctx, p[i]).fell_back);
    }
    solve_trades trades;
    bool is_complete;
    size_t n = 0;
    assert_int_equal(solve_find_trades(&ctx, p, aims, TRADERS, NULL, &trades, &is_complete), LOOM_OK);
    assert_true(is_complete);
    for (size_t i = 0; i < all.list.n; i++) {
      if (!is_trade(&all, &all.list.at[i], 3))
        continue;
      n++;
      size_t k = 0;
      while (k < trades.n && memcmp(trades.at[k].aim, all.list.at[i].aim, 3 * sizeof(int64_t)) != 0)
        k++;
      assert_true(k < trades.n);
      expect_trade(p, &trades.at[k], &all.list.at[i], 3);
    }
    assert_int_equal(n, trades.n);
    most = n > most ? n : most;
    for (size_t i = 1; i < n; i++)
      assert_true(memcmp(trades.at[i - 1].aim, trades.at[i].aim, 3 * sizeof(int64_t)) != 0 && trades.at[i - 1].aim[0] <= trades.at[i].aim[0]);
    loom_ctx_done(&ctx);
  }
  assert_true(most > 5);
}

/* What a spent budget leaves is feasible, and said to be incomplete. */
static void test_a_budget_ends_the_trades(void **state) {
  (void)state;
  int stopped = 0;
  for (uint64_t seed = 1; seed <= 40; seed++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    const solve_problem *p = made_up(&ctx, seed);
    rng r = rng_new(seed);
    const solve_aims aims = {2, {{"cost", p->cycles}, {"L1", bytes_of(&ctx.mem, &r, p)}}};
    spots all = {.ctx = &ctx, .aims = &aims};
    solve_trades trades;
    bool is_complete;
    list_spots(&all, p, find_truth(&ctx, p).fell_back);
    assert_int_equal(solve_find_trades(&ctx, &p, &aims, 1, &(solve_limits){.op_budget = 3}, &trades, &is_complete), LOOM_OK);
    assert_true(trades.n <= 3);
    for (size_t i = 0; i < trades.n; i++)
      assert_non_null(find_spot(&all, p, trades.at[i].value, trades.at[i].boolean));
    stopped += !is_complete;
    loom_ctx_done(&ctx);
  }
  assert_true(stopped > 5);
}

/* ---- A2: 4096 x 4096 x 512 on 8 x 8 cores ---- */

static int64_t cd(int64_t a, int64_t b) { return (a + b - 1) / b; }

/* Cycles; parts: bit 0 loads, bit 1 computing, bit 2 the store cost anything. */
static int64_t a2_cycles(int64_t m, int64_t n, int64_t k, int64_t db, unsigned parts) {
  int64_t rate = m * n >= 8192 ? 716 : m * n * 716 / 8192, comp = parts & 2 ? cd(m * n, 2) + cd(2 * m * n * k, rate) : 0;
  int64_t load = parts & 1 ? 688 + cd(20 * m * k, 150) + cd(20 * k * n, 150) : 0, store = parts & 4 ? 454 + cd(2 * m * n, 150) : 0;
  int64_t tk = cd(512, k), most = load > comp ? load : comp, inner = db ? tk * most + load + comp - most : tk * (load + comp);
  return cd(cd(4096, m), 8) * cd(cd(4096, n), 8) * (inner + store);
}

static bool a2_fits(int64_t m, int64_t n, int64_t k, int64_t db) { return 2 * (m * k + k * n + 2 * m * n) + db * 2 * (m * k + k * n) <= 1398784; }

static int64_t get_int(const data_value *o, const char *key) {
  const data_value *v = data_get(o, key);
  assert_non_null(v);
  return v->integer;
}

static data_value *solve_a2(loom_ctx *ctx, const solve_options *o) {
  static const char *const dirs[] = {LOOM_SOURCE_DIR "/machines"};
  machine *m;
  explore_table t;
  data_value *etg, *read, *got;
  machine_set_path(dirs, 1);
  assert_int_equal(machine_load(ctx, "wormhole", NULL, &m), LOOM_OK);
  nest *n = nest_make_matmul(&ctx->mem, 4096, 4096, 512, DTYPE_F16, DTYPE_F16);
  assert_int_equal(explore_run(ctx, n, m, &(explore_options){.upstream_compatible = true}, &t), LOOM_OK);
  assert_int_equal(explore_etg(ctx, n, m, &t, 3, true, &etg), LOOM_OK);
  const char *json = data_write_json(&ctx->mem, etg, 1);
  assert_int_equal(data_read_json(ctx, "etg.json", json, strlen(json), &read), LOOM_OK);
  assert_int_equal(solve_etg(ctx, read, NULL, o, &got), LOOM_OK);
  return got;
}

static const data_value *row_named(const data_value *rows, const char *name) {
  for (size_t i = 0; i < rows->n; i++)
    if (text_eq(data_get(rows->items[i], "name")->string, name))
      return rows->items[i];
  fail_msg("no row %s", name);
  return NULL;
}

static void test_a2_is_explained(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  const solve_options o = {.model = MODEL_UPSTREAM, .assigned_double_buffer = -1, .explain = true, .neighbours = true, .top_k = 3};
  const data_value *got = solve_a2(&ctx, &o), *e = data_get(got, "explain"), *split = data_get(e, "cost_split"), *steps = data_get(e, "steps");
  const data_value *best = row_named(data_get(got, "variants"), data_get(got, "best")->string);
  assert_int_equal(get_int(best, "cost"), 616622);
  assert_int_equal(get_int(split, "load"), a2_cycles(256, 512, 512, 0, 1));
  assert_int_equal(get_int(split, "compute"), a2_cycles(256, 512, 512, 0, 2));
  assert_int_equal(get_int(split, "store"), a2_cycles(256, 512, 512, 0, 4));
  assert_non_null(strstr(data_get(e, "binding")->string, "compute: "));
  assert_int_equal(steps->n, 7);      /* three sizes both ways and the second buffer */
  for (size_t i = 0; i < steps->n; i++) {
    const data_value *s = steps->items[i], *to = data_get(s, "to"), *cost = data_get(s, "cost");
    int64_t at[4] = {256, 512, 512, 0};
    const char *symbol = data_get(s, "symbol")->string;
    if (!to) {
      assert_non_null(strstr(data_get(s, "why")->string, "no larger size"));
      continue;
    }
    at[text_eq(symbol, "tile_m") ? 0 : text_eq(symbol, "tile_n") ? 1 : text_eq(symbol, "tile_k") ? 2 : 3] = to->integer;
    assert_int_equal(cost != NULL, a2_fits(at[0], at[1], at[2], at[3]));
    if (cost)
      assert_int_equal(cost->integer, a2_cycles(at[0], at[1], at[2], at[3], 7));
    else
      assert_non_null(strstr(data_get(s, "why")->string, "> L1 1.40 MB"));
  }
  const data_value *limits = data_get(e, "limits"), *l1 = limits->items[0];
  assert_non_null(strstr(data_get(l1, "limit")->string, "tile_m*tile_k*2 B + "));
  assert_non_null(strstr(data_get(l1, "limit")->string, "= 1.31 MB of L1 1.40 MB"));
  loom_ctx_done(&ctx);
}

static void test_the_next_best_is_the_next_best(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  const solve_options o = {.model = MODEL_UPSTREAM, .assigned_double_buffer = -1, .explain = true, .top_k = 1000};
  const data_value *got = solve_a2(&ctx, &o), *rows = data_get(got, "variants"), *ranks = data_get(got, "topk"), *e = data_get(got, "explain"), *next = data_get(e, "runner_up");
  int64_t second = INT64_MAX, ties = -1;
  for (size_t i = 0; i < rows->n; i++) {
    int64_t cost = get_int(rows->items[i], "cost");
    ties += cost == 616622;
    second = cost > 616622 && cost < second ? cost : second;
  }
  assert_int_equal(get_int(e, "ties"), ties);
  assert_int_equal(get_int(next, "cost"), second);
  assert_int_equal(get_int(row_named(rows, data_get(next, "name")->string), "cost"), second);
  assert_non_null(strstr(data_get(next, "why_lost")->string, arena_printf(&ctx.mem, "%s cycles", text_thousands(&ctx.mem, second - 616622))));
  assert_int_equal(ranks->n, rows->n);
  assert_string_equal(data_get(ranks->items[0], "name")->string, data_get(got, "best")->string);
  for (size_t i = 1; i < ranks->n; i++)
    assert_true(get_int(ranks->items[i - 1], "cost") <= get_int(ranks->items[i], "cost"));
  loom_ctx_done(&ctx);
}

/* Least cycles within the bytes of each trade, and less in no fewer bytes: over all 250 points. */
static void test_a2_is_traded(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  const solve_options o = {.model = MODEL_UPSTREAM, .assigned_double_buffer = -1, .pareto = true};
  const data_value *got = solve_a2(&ctx, &o), *trades = data_get(got, "pareto");
  assert_true(data_get(got, "pareto_is_complete")->boolean);
  assert_int_equal(get_int(trades->items[0], "cost"), 616622);
  assert_true(trades->n > 3);
  for (size_t i = 0; i < trades->n; i++) {
    const data_value *t = trades->items[i], *b = data_get(t, "block_sizes");
    int64_t bytes = get_int(data_get(t, "bytes"), "L1"), m = get_int(b, "tile_m"), n = get_int(b, "tile_n"), k = get_int(b, "tile_k");
    int64_t db = get_int(data_get(t, "booleans"), MODEL_DOUBLE_BUFFER);
    assert_int_equal(bytes, 2 * (m * k + k * n + 2 * m * n) + db * 2 * (m * k + k * n));
    if (i) {
      assert_true(get_int(trades->items[i - 1], "cost") < get_int(t, "cost"));
      assert_true(get_int(data_get(trades->items[i - 1], "bytes"), "L1") > bytes);
    }
  }
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_steps_equal_brute_force),
      cmocka_unit_test(test_sizes_asked_for_are_stepped_from),
      cmocka_unit_test(test_limits_equal_brute_force),
      cmocka_unit_test(test_conflicts_are_minimal),
      cmocka_unit_test(test_trades_equal_brute_force),
      cmocka_unit_test(test_a_budget_ends_the_trades),
      cmocka_unit_test(test_a2_is_explained),
      cmocka_unit_test(test_the_next_best_is_the_next_best),
      cmocka_unit_test(test_a2_is_traded),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
