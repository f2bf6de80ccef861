/* What a problem says at its edges: problems that differ in one place, oldest files' hints, words, sizes near the end of 64 bits, budgets of no time at all. */
#include "explore/explore.h"
#include "nest/nest_samples.h"
#include "solve/solve_private.h"
#include "solve/solve_testing.h"

static const sym_expr *raw(arena *m, sym_op op, const sym_expr *a, const sym_expr *b) { return sym_make(m, op, a, b, NULL); }

/* ---- the memo ---- */

static solve_problem *posed(arena *m, const char *cycles) {
  solve_problem *p = ARENA_NEW(m, solve_problem);
  *p = (solve_problem){.cycles = sym_name(m, cycles)};
  return p;
}
static void add_trip(arena *m, solve_problem *p, const char *numerator, const char *denominator) { vec_push(m, &p->trips, ((solve_trip){sym_name(m, numerator), sym_name(m, denominator)})); }
static void add_capacity(arena *m, solve_problem *p, const char *bytes, int64_t limit) { vec_push(m, &p->capacities, ((solve_capacity){NULL, sym_name(m, bytes), limit})); }

/* Two problems with the same hash that differ: by what the hash leaves out, or by names that run together (a name's tokens are 1 and its letters, a limit is one token). */
static bool pose_twins(arena *m, int i, solve_problem *out[2]) {
  enum { PLAIN = 13 };
  for (int k = 0; k < 2; k++) {
    solve_problem *p = out[k] = posed(m, i == 14 && k ? "c\1a\1b" : i == 15 && k ? "c\1ab" : i == 16 && k ? "c\1a" : "c");
    if (i < PLAIN) {
      vec_push(m, &p->symbols, ((solve_symbol){.name = i == 1 && k ? "y" : "x", .align = i == 2 && k ? 2 : 1, .upper = i == 3 && k ? 9 : 8, .lb = i == 4 ? k : 0, .ub = i == 5 ? k : 0,
                                               .assigned = i == 6 ? k : 0}));
      vec_push(m, &p->booleans, ((solve_boolean){i == 7 && k ? "q" : "r", i == 8 ? k : -1}));
      vec_push(m, &p->conditions, sym_name(m, i == 9 && k ? "f" : "e"));
      p->rule = i == 10 && k ? SOLVE_TRIPS_EXACT : SOLVE_TRIPS_ANY;
      p->falls_back = i == 11 && k;
      if (i == 12 && k)
        vec_push(m, &p->conditions, sym_name(m, "e"));
    }
  }
  solve_problem *a = out[0], *b = out[1];
  switch (i) {
  case 0: return true;                    /* the same */
  case 13: vec_push(m, &b->symbols, ((solve_symbol){.name = "x"})); break;
  case 14: add_trip(m, a, "a", "b"); break;
  case 15: add_capacity(m, a, "a", 'b'); break;
  case 16: add_trip(m, a, "a\1b", "d"); add_trip(m, b, "b", "d"); break;
  case 17: add_trip(m, a, "a\1b", "d"); add_trip(m, b, "a", "b\1d"); break;
  case 18:
    add_trip(m, a, "x", "a\1b"); add_trip(m, a, "c", "d");
    add_trip(m, b, "x", "a"); add_trip(m, b, "b\1c", "d");
    break;
  case 19:
    add_capacity(m, a, "a", 'b'); add_capacity(m, a, "\1x", 5);
    add_capacity(m, b, "ab", 1); add_capacity(m, b, "x", 5);
    break;
  case 20:
    add_capacity(m, a, "a", 1); add_capacity(m, a, "\1x", 5);
    add_capacity(m, b, "a\1", 1); add_capacity(m, b, "x", 5);
    break;
  case 21: vec_push(m, &b->booleans, ((solve_boolean){"r", 0})); break;
  default: break;
  }
  return false;
}

static void test_problems_with_one_hash_are_told_apart(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  for (int i = 0; i < 22; i++) {
    solve_problem *p[2];
    solve_memo memo = {0};
    bool is_same = pose_twins(&ctx.mem, i, p);
    assert_int_equal(solve_memo_add(&ctx.mem, &memo, p[0]), 0);
    assert_int_equal(solve_memo_add(&ctx.mem, &memo, p[1]), is_same ? 0 : 1);
    assert_int_equal(solve_memo_add(&ctx.mem, &memo, p[0]), 0);
    assert_int_equal(memo.problems.n, is_same ? 1 : 2);
    if (!is_same)
      assert_true(memo.links.at[0].hash == memo.links.at[1].hash);
  }
  loom_ctx_done(&ctx);
}

/* ---- what the oldest files say about sizes ---- */

static solve_problem limits_of(arena *m, int generation, const sym_expr *hard, int64_t upper) {
  etg_variant v = {.name = "v", .generation = generation};
  solve_problem p;
  vec_push(m, &v.symbols, ((etg_symbol){.name = "n", .upper = 7}));
  vec_push(m, &v.symbols, ((etg_symbol){.name = "s", .upper = upper}));
  vec_push(m, &v.hard, etg_make_expr(hard));
  solve_etg_limits(m, &v, &p);
  return p;
}

static void test_upper_ends_are_learned_from_trips(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  arena *m = &ctx.mem;
  const sym_expr *s = sym_name(m, "s"), *n = sym_name(m, "n"), *k64 = sym_const(m, 64), *one = sym_const(m, 1), *two = sym_const(m, 2), *other = sym_name(m, "other");
  const sym_expr *beyond = raw(m, SYM_MUL, raw(m, SYM_MUL, s, sym_const(m, INT64_MAX)), two);
  const struct { const sym_expr *hard; int64_t before, want; } cases[] = {
      {raw(m, SYM_GE, raw(m, SYM_CEILDIV, k64, raw(m, SYM_MUL, s, sym_const(m, 4))), one), 0, 16},
      {raw(m, SYM_DIVISIBLE, k64, raw(m, SYM_MUL, two, s)), 0, 32},
      {raw(m, SYM_DIVISIBLE, k64, s), 100, 64},
      {raw(m, SYM_DIVISIBLE, sym_const(m, 400), s), 100, 100},
      {raw(m, SYM_GE, raw(m, SYM_CEILDIV, k64, s), two), 0, 0},
      {raw(m, SYM_GE, raw(m, SYM_CEILDIV, k64, s), n), 0, 0},
      {raw(m, SYM_GE, raw(m, SYM_FLOORDIV, k64, s), one), 0, 0},
      {raw(m, SYM_GT, raw(m, SYM_CEILDIV, k64, s), one), 0, 0},
      {raw(m, SYM_DIVISIBLE, n, s), 0, 0},
      {raw(m, SYM_DIVISIBLE, sym_const(m, 0), s), 0, 0},
      {raw(m, SYM_DIVISIBLE, k64, raw(m, SYM_ADD, s, one)), 0, 0},
      {raw(m, SYM_DIVISIBLE, k64, raw(m, SYM_MUL, two, sym_const(m, 4))), 0, 0},
      {raw(m, SYM_DIVISIBLE, k64, raw(m, SYM_MUL, s, n)), 0, 0},
      {raw(m, SYM_DIVISIBLE, k64, raw(m, SYM_MUL, raw(m, SYM_ADD, s, one), two)), 0, 0},
      {raw(m, SYM_DIVISIBLE, k64, raw(m, SYM_MUL, s, sym_const(m, 0))), 0, 0},
      {raw(m, SYM_DIVISIBLE, k64, beyond), 0, 0},
      {raw(m, SYM_DIVISIBLE, k64, raw(m, SYM_MUL, s, sym_const(m, 100))), 0, 0},
      {raw(m, SYM_DIVISIBLE, k64, other), 0, 0},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    solve_problem p = limits_of(m, 1, cases[i].hard, cases[i].before);
    if (p.symbols.at[1].upper != cases[i].want)
      fail_msg("case %d: the upper end is %lld, not %lld", (int)i, (long long)p.symbols.at[1].upper, (long long)cases[i].want);
    assert_int_equal(p.symbols.at[0].upper, 7);
    assert_int_equal(p.conditions.n, 1);
    p = limits_of(m, 2, cases[i].hard, cases[i].before);      /* later files say it themselves */
    assert_int_equal(p.symbols.at[1].upper, cases[i].before);
  }
  solve_problem p = limits_of(m, 2, raw(m, SYM_LE, s, n), 5);
  assert_true(p.conditions.n == 1 && p.capacities.n == 0);
  p = limits_of(m, 2, raw(m, SYM_LE, s, two), 5);
  assert_true(p.conditions.n == 0 && p.capacities.n == 1 && p.capacities.at[0].limit == 2);
  loom_ctx_done(&ctx);
}

static void test_other_limits_of_a_file(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  arena *m = &ctx.mem;
  const sym_expr *s = sym_name(m, "s"), *k64 = sym_const(m, 64);
  for (int generation = 1; generation <= 3; generation++)
    for (int known = 0; known < 2; known++) {
      etg_variant v = {.name = "v", .generation = generation, .datatype = known ? "f16" : "f17"};
      solve_problem p;
      const char *booleans[] = {MODEL_DOUBLE_BUFFER, "is_direct"};
      for (int i = 0; i < 2; i++)
        vec_push(m, &v.booleans, booleans[i]);
      etg_memory named = {.name = "L1", .capacity = 100}, unnamed = {.capacity = 100};
      vec_push(m, &named.load, etg_make_expr(s));
      vec_push(m, &v.memories, named);
      vec_push(m, &v.memories, unnamed);
      vec_push(m, &v.temporal, ((etg_trip){etg_make_expr(raw(m, SYM_FLOORDIV, raw(m, SYM_CEILDIV, k64, s), sym_const(m, 8))), ETG_DIVIDES}));
      vec_push(m, &v.sequential, ((etg_trip){etg_make_expr(k64), ETG_DIVIDES}));
      solve_etg_limits(m, &v, &p);
      assert_int_equal(p.booleans.n, 2);
      assert_int_equal(p.capacities.n, generation == 3 ? 2 : known);
      assert_int_equal(p.trips.n, 1);
      assert_string_equal(sym_str(m, p.trips.at[0].denominator), sym_str(m, sym_mul(m, s, sym_const(m, 8))));
    }
  loom_ctx_done(&ctx);
}

/* ---- words ---- */

static void test_sizes_in_words(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  arena *m = &ctx.mem;
  const sym_expr *a = sym_name(m, "a"), *b = sym_name(m, "b"), *c = sym_name(m, "c"), *k32 = sym_const(m, 32), *two = sym_const(m, 2), *sum = raw(m, SYM_ADD, raw(m, SYM_MUL, a, b), c);
  const sym_expr *most = sym_const(m, INT64_MAX);
  const struct { const sym_expr *e; const char *words; } cases[] = {
      {sum, "a*b B + c B"},
      {raw(m, SYM_MUL, sum, two), "a*b*2 B + c*2 B"},
      {raw(m, SYM_MUL, a, two), "a*2 B"},
      {raw(m, SYM_MUL, sum, a), NULL},
      {raw(m, SYM_MUL, raw(m, SYM_ADD, raw(m, SYM_MUL, sum, most), a), two), NULL},
      {raw(m, SYM_MUL, raw(m, SYM_CEILDIV, a, k32), k32), "a B"},
      {raw(m, SYM_MUL, raw(m, SYM_CEILDIV, a, k32), two), NULL},
      {raw(m, SYM_MUL, raw(m, SYM_CEILDIV, a, b), k32), NULL},
      {raw(m, SYM_MUL, raw(m, SYM_CEILDIV, a, k32), b), NULL},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const char *got = solve_size_words(m, cases[i].e);
    if (cases[i].words)
      assert_string_equal(got, cases[i].words);
    else
      assert_non_null(strstr(got, "("));      /* what is no product stands in brackets */
  }
  loom_ctx_done(&ctx);
}

static void test_what_has_no_value_is_no_reason(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  arena *m = &ctx.mem;
  const sym_expr *a = sym_name(m, "a");
  int64_t value = 4;
  solve_values at = {&value, 1};
  solve_problem p = {.cycles = a};
  vec_push(m, &p.symbols, ((solve_symbol){.name = "a", .align = 4, .upper = 8}));
  vec_push(m, &p.capacities, ((solve_capacity){"L1", raw(m, SYM_CEILDIV, sym_const(m, 9), raw(m, SYM_SUB, a, sym_const(m, 4))), 1}));
  assert_string_equal(solve_explain(&ctx, &p, &at), "no block sizes satisfy all trip counts within the memory");
  vec_push(m, &p.capacities, ((solve_capacity){"L1", sym_name(m, "unknown"), 1}));
  vec_push(m, &p.capacities, ((solve_capacity){"L1", sym_mul(m, a, a), 15}));
  assert_string_equal(solve_explain(&ctx, &p, &at), "even at a=4: a*a B = 16 B > L1 15 B");
  solve_problem booleans = {.cycles = a};
  for (int i = 0; i < 2; i++)
    vec_push(m, &booleans.booleans, ((solve_boolean){testing_booleans[i], i}));
  assert_string_equal(solve_point_words(m, &booleans, NULL, 2), "is_double_buffer=0, is_direct=1");
  loom_ctx_done(&ctx);
}

static void test_sizes_that_leave_none(void **state) {
  (void)state;
  static const struct { int64_t upper, lb, ub; const char *words; } cases[] = {
      {20, 0, 3, "from 1 to 3"}, {20, 0, 30, "from 1 to 20"}, {20, 5, 0, "from 5 to 20"}, {0, 0, 3, "from 1 to 3"}, {20, 0, 0, "from 1 to 20"}};
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    solve_problem p = {.cycles = sym_const(&ctx.mem, 0)};
    solve_values none = {0};
    vec_push(&ctx.mem, &p.symbols, ((solve_symbol){.name = "a", .align = 32, .upper = cases[i].upper, .lb = cases[i].lb, .ub = cases[i].ub}));
    assert_non_null(strstr(solve_explain_empty(&ctx, &p, SOLVE_TRIPS_ANY, &none), cases[i].words));
  }
  loom_ctx_done(&ctx);
}

/* ---- domains ---- */

static void test_sizes_near_the_end_of_64_bits(void **state) {
  (void)state;
  static const struct { int64_t upper, lb, ub; int32_t n; int64_t first; } cases[] = {
      {64, INT64_MAX, 0, 0, 0}, {0, INT64_MAX - 3, INT64_MAX, 0, 0}, {INT64_MAX, INT64_MAX - 62, 0, 1, INT64_MAX - 31}, {0, 33, 70, 1, 64}, {64, 64, 0, 1, 64}, {0, 32, 64, 2, 32}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    solve_problem p = {.cycles = sym_const(&ctx.mem, 0)};
    solve_values v = {0};
    vec_push(&ctx.mem, &p.symbols, ((solve_symbol){.name = "a", .align = 32, .upper = cases[i].upper, .lb = cases[i].lb, .ub = cases[i].ub}));
    assert_int_equal(solve_list_values(&ctx, &p, SOLVE_TRIPS_ANY, &v), LOOM_OK);
    assert_int_equal(v.n, cases[i].n);
    if (v.n)
      assert_true(v.at[0] == cases[i].first);
    loom_ctx_done(&ctx);
  }
}

static void test_trips_without_a_value_leave_no_size(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  arena *m = &ctx.mem;
  const sym_expr *a = sym_name(m, "a"), *k64 = sym_const(m, 64), *gap = raw(m, SYM_SUB, a, sym_const(m, 8));
  for (int which = 0; which < 2; which++) {
    solve_problem p = {.cycles = sym_const(m, 0)};
    solve_values v = {0};
    vec_push(m, &p.symbols, ((solve_symbol){.name = "a", .align = 8, .upper = 16}));
    vec_push(m, &p.trips, (which ? (solve_trip){k64, raw(m, SYM_MUL, a, raw(m, SYM_CEILDIV, gap, gap))} : (solve_trip){raw(m, SYM_MUL, k64, raw(m, SYM_CEILDIV, gap, gap)), a}));
    assert_int_equal(solve_list_values(&ctx, &p, SOLVE_TRIPS_EXACT, &v), LOOM_OK);
    assert_true(v.n == 1 && v.at[0] == 16);
    /* a step there says what is wrong */
    solve_answer answer = {.status = SOLVE_OPTIMAL, .value = {16}};
    solve_steps steps;
    const sym_expr *b = sym_name(m, "b");
    vec_push(m, &p.symbols, ((solve_symbol){.name = "b", .align = 1, .upper = 1}));
    answer.value[1] = 1;
    p.symbols.at[0].assigned = 16;
    p.rule = SOLVE_TRIPS_EXACT;
    p.trips.n = 0;
    vec_push(m, &p.trips, (which ? (solve_trip){raw(m, SYM_MUL, k64, b), raw(m, SYM_MUL, a, raw(m, SYM_CEILDIV, gap, gap))} : (solve_trip){raw(m, SYM_MUL, k64, raw(m, SYM_CEILDIV, gap, gap)), raw(m, SYM_MUL, a, b)}));
    vec_push(m, &p.capacities, ((solve_capacity){"L1", raw(m, SYM_CEILDIV, k64, gap), 1000}));
    vec_push(m, &p.conditions, raw(m, SYM_GE, raw(m, SYM_CEILDIV, k64, gap), sym_const(m, 1)));
    assert_int_equal(solve_list_steps(&ctx, &p, &answer, 1, &steps), LOOM_OK);
    assert_int_equal(steps.n, 4);
    assert_non_null(strstr(steps.at[0].why, "is no multiple of"));
    assert_non_null(strstr(steps.at[0].why, "has no value"));
    assert_non_null(strstr(steps.at[0].why, "does not hold"));
  }
  loom_ctx_done(&ctx);
}

static void test_which_sizes_never_fall(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  arena *m = &ctx.mem;
  const sym_expr *a = sym_name(m, "a"), *fall = raw(m, SYM_SUB, sym_const(m, 9), a), *two = sym_const(m, 2), *less = sym_const(m, -2);
  const struct { const sym_expr *e; bool is; } cases[] = {
      {a, true}, {two, true}, {less, false}, {fall, false}, {raw(m, SYM_ADD, a, a), true}, {raw(m, SYM_ADD, fall, a), false}, {raw(m, SYM_MUL, a, fall), false}, {raw(m, SYM_MIN, a, two), true},
      {raw(m, SYM_MAX, a, less), false}, {raw(m, SYM_CEILDIV, a, two), true}, {raw(m, SYM_FLOORDIV, a, two), true}, {raw(m, SYM_CEILDIV, fall, two), false}, {raw(m, SYM_CEILDIV, a, a), false},
      {raw(m, SYM_FLOORDIV, a, less), false}};
  for (size_t i = 0; i < COUNT_OF(cases); i++)
    assert_int_equal(solve_is_monotone(cases[i].e), cases[i].is);
  loom_ctx_done(&ctx);
}

static void test_domains_that_cannot_be(void **state) {
  (void)state;
  static const struct { solve_domain d; bool has_symbols; const char *text; } cases[] = {
      {{"tile_m", -1, 0, 0}, true, "sizes must be at least 1"}, {{"tile_m", 0, -1, 0}, true, "sizes must be at least 1"}, {{"tile_m", 0, 0, -1}, true, "sizes must be at least 1"},
      {{"tile_q", 0, 0, 4}, true, "no block symbol 'tile_q'"}, {{"something", 0, 0, 4}, true, "no block symbol 'something'"}, {{"tile_m", 0, 0, 4}, false, "no block symbol 'tile_m'"}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    solve_problem p = {0};
    if (cases[i].has_symbols)
      vec_push(&ctx.mem, &p.symbols, ((solve_symbol){.name = "tile_m", .align = 1, .upper = 4}));
    solve_options o = {.domains = &cases[i].d, .n_domains = 1};
    assert_int_equal(solve_apply_options(&ctx, &o, &p), LOOM_EUSAGE);
    testing_expect_error(&ctx, LOOM_EUSAGE, cases[i].text, 0, 0);
    loom_ctx_done(&ctx);
  }
}

/* ---- guards ---- */

static etg_call *guarded(arena *m, const sym_expr *const *when, size_t n) {
  etg_call *c = ARENA_NEW(m, etg_call);
  *c = (etg_call){.func = "f"};
  for (size_t i = 0; i < n; i++)
    vec_push(m, &c->scenarios, ((etg_scenario){.when = {when[i], data_string(m, "guard")}, .cycles = etg_make_expr(sym_const(m, 1))}));
  return c;
}

static int warned(loom_ctx *ctx, const solve_problem *p, const sym_expr *const *when, size_t n) {
  arena *m = &ctx->mem;
  etg_branch *branch = ARENA_NEW(m, etg_branch);
  etg_stage *stage = ARENA_NEW(m, etg_stage);
  etg_block *block = ARENA_NEW(m, etg_block);
  etg_names told = {0};
  int before = ctx->diag.warnings;
  *branch = (etg_branch){0};
  *stage = (etg_stage){0};
  *block = (etg_block){0};
  vec_push(m, &branch->calls, guarded(m, when, n));
  vec_push(m, &stage->branches, branch);
  vec_push(m, &block->compute, stage);
  assert_int_equal(solve_etg_guards(ctx, &(etg_variant){.generation = 3, .kernel = block}, p, &told), LOOM_OK);
  return ctx->diag.warnings - before;
}

static void test_guards_of_any_sizes(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  arena *m = &ctx.mem;
  const sym_expr *a = sym_name(m, "a"), *k9 = sym_const(m, 9);
  const sym_expr *small = raw(m, SYM_LT, a, k9), *large = raw(m, SYM_GE, a, k9), *no_value = raw(m, SYM_GE, raw(m, SYM_CEILDIV, k9, raw(m, SYM_SUB, a, a)), k9);
  static const int64_t uppers[] = {0, 1, 40, 5000, INT64_C(1) << 40, INT64_MAX - 5, INT64_MAX};
  for (size_t i = 0; i < COUNT_OF(uppers); i++)
    for (int64_t align = 1; align <= 3; align += 2) {
      solve_problem p = {.cycles = a};
      vec_push(m, &p.symbols, ((solve_symbol){.name = "a", .align = align, .upper = uppers[i]}));
      assert_int_equal(warned(&ctx, &p, (const sym_expr *[]){small, large}, 2), 0);
      assert_int_equal(warned(&ctx, &p, (const sym_expr *[]){small, large, no_value}, 3), 0);
      assert_int_equal(warned(&ctx, &p, (const sym_expr *[]){small}, 1), uppers[i] > 9);
      assert_int_equal(warned(&ctx, &p, (const sym_expr *[]){no_value}, 1), 1);
      assert_int_equal(warned(&ctx, &p, (const sym_expr *[]){small, small, sym_make(m, SYM_FALSE, NULL, NULL, NULL)}, 3), 1 + (uppers[i] > 9));
      for (int64_t b = 0; b <= SOLVE_BOOLEANS_MAX; b++)
        vec_push(m, &p.booleans, ((solve_boolean){"b", 0}));
      assert_int_equal(warned(&ctx, &p, (const sym_expr *[]){no_value}, 1), 0);      /* too many: the search says so */
    }
  /* so many symbols that no grid of two sizes each is small enough */
  solve_problem many = {.cycles = a};
  const sym_expr *sum = sym_const(m, 0);
  for (int i = 0; i < SOLVE_SYMBOLS_MAX; i++) {
    const char *name = arena_printf(m, "s%d", i);
    vec_push(m, &many.symbols, ((solve_symbol){.name = name, .align = 1, .upper = 1}));
    sum = sym_add(m, sum, sym_name(m, name));
  }
  assert_int_equal(warned(&ctx, &many, (const sym_expr *[]){raw(m, SYM_LT, sum, k9)}, 1), 1);
  loom_ctx_done(&ctx);
}

/* ---- nests whose ends are not known ---- */

static machine *small_machine(loom_ctx *ctx) {
  static const char *const dirs[] = {LOOM_SOURCE_DIR "/machines"};
  machine_set_path(dirs, 1);
  machine *m;
  assert_int_equal(machine_load(ctx, "wormhole", NULL, &m), LOOM_OK);
  return machine_submesh(&ctx->mem, m, (const int64_t[]){2, 2});
}

static void test_upper_bounds_of_any_kind(void **state) {
  (void)state;
  for (int i = 0; i < 4; i++)
    for (int is_given = 0; is_given < 2; is_given++) {
      loom_ctx ctx;
      loom_ctx_init(&ctx);
      machine *m = small_machine(&ctx);
      nest *n = nest_make_matmul(&ctx.mem, 128, 128, 128, DTYPE_F16, DTYPE_F16);
      const sym_expr *ends[] = {sym_const(&ctx.mem, 128), NULL, sym_const(&ctx.mem, -5), sym_const(&ctx.mem, INT64_MAX)};
      n->symbols.at[0].upper_bound = ends[i];
      const solve_domain d = {"tile_m", 0, 128, 0};
      explore_table t;
      solve_result r;
      assert_int_equal(explore_run(&ctx, n, m, &(explore_options){.upstream_compatible = true}, &t), LOOM_OK);
      loom_status st = solve_run(&ctx, n, m, &t, &(solve_options){.model = MODEL_UPSTREAM, .assigned_double_buffer = -1, .domains = &d, .n_domains = (size_t)is_given}, &r);
      assert_int_equal(st, i == 0 || is_given ? LOOM_OK : LOOM_EINPUT);
      if (st != LOOM_OK)
        testing_expect_error(&ctx, LOOM_EINPUT, "'tile_m' has no upper bound", 0, 0);
      loom_ctx_done(&ctx);
    }
}

static void test_more_symbols_than_are_searched(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  nest *n = nest_make_matmul(&ctx.mem, 128, 128, 128, DTYPE_F16, DTYPE_F16);
  const solve_options o = {.assigned_double_buffer = -1};
  while (n->symbols.n <= SOLVE_SYMBOLS_MAX)
    vec_push(&ctx.mem, &n->symbols, n->symbols.at[0]);
  solve_problem p = {.cycles = sym_const(&ctx.mem, 0)};
  const solve_problem *list[] = {&p};
  solve_answer a;
  assert_int_equal(solve_block_symbols(&ctx, n, &o, &p), LOOM_OK);
  assert_true(p.symbols.n == n->symbols.n && p.symbols.at[SOLVE_SYMBOLS_MAX].upper == 0);
  assert_int_equal(solve_problems(&ctx, list, 1, false, NULL, &a), LOOM_ELIMIT);
  solve_problem choices = {.cycles = sym_const(&ctx.mem, 0)};
  const solve_problem *other[] = {&choices};
  for (int i = 0; i <= SOLVE_BOOLEANS_MAX; i++)
    vec_push(&ctx.mem, &choices.booleans, ((solve_boolean){arena_printf(&ctx.mem, "b%d", i), -1}));
  assert_int_equal(solve_problems(&ctx, other, 1, false, NULL, &a), LOOM_ELIMIT);
  loom_ctx_done(&ctx);
}

/* ---- one row at sizes that are given ---- */

static void test_rows_that_cannot_be_priced(void **state) {
  (void)state;
  enum { NO_SIZE, OTHER_KERNEL, TOO_LARGE, FINE, CASES };
  static const loom_status want[] = {LOOM_EINPUT, LOOM_EINPUT, LOOM_ELIMIT, LOOM_OK};
  static const char *const texts[] = {"no size for block symbol", "the kernel has", "exceeds the model's numbers", NULL};
  for (int i = 0; i < CASES; i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    machine *m = small_machine(&ctx);
    const int64_t size = i == TOO_LARGE ? INT64_C(1) << 30 : 128;
    nest *n = nest_make_matmul(&ctx.mem, size, size, size, DTYPE_F16, DTYPE_F16);
    explore_table t;
    solve_result r;
    assert_int_equal(explore_run(&ctx, n, m, &(explore_options){.upstream_compatible = true}, &t), LOOM_OK);
    plan_candidate c = *t.rows.at[0];
    c.n_access -= i == OTHER_KERNEL;
    const int64_t block = i == TOO_LARGE ? INT64_C(1) << 30 : 32;
    const solve_domain d[] = {{"tile_m", 0, 0, block}, {"tile_n", 0, 0, block}, {"tile_k", 0, 0, i == NO_SIZE ? 0 : block}};
    const solve_options o = {.model = MODEL_LOOM, .assigned_double_buffer = 1, .domains = d, .n_domains = 3};
    assert_int_equal(solve_given(&ctx, n, m, &c, &o, &r), want[i]);
    if (texts[i])
      testing_expect_error(&ctx, want[i], texts[i], 0, 0);
    else
      assert_true(r.rows.at[0].cycles > 0);
    loom_ctx_done(&ctx);
  }
}

/* ---- one case among others ---- */

/* cycles: factor * a + more, a from 1 to 8; what does not fit has a sum that is never small enough. */
static solve_problem *case_problem(arena *m, int64_t factor, int64_t more, bool fits, int64_t assigned) {
  const sym_expr *a = sym_name(m, "a");
  solve_problem *p = ARENA_NEW(m, solve_problem);
  *p = (solve_problem){.cycles = sym_add(m, sym_mul(m, a, sym_const(m, factor)), sym_const(m, more))};
  vec_push(m, &p->symbols, ((solve_symbol){.name = "a", .align = 1, .upper = 8, .assigned = assigned}));
  vec_push(m, &p->conditions, raw(m, SYM_GE, a, sym_const(m, 2)));
  vec_push(m, &p->capacities, ((solve_capacity){"L1", sym_mul(m, a, a), fits ? 40 : 0}));
  return p;
}

static void test_cases_are_compared_at_any_budget(void **state) {
  (void)state;
  static const struct { int64_t factor, more; bool fits; int parts; } given[] = {{1, 1, true, 2}, {9, 90, true, 2}, {1, 0, false, 2}, {2, 5, true, 1}, {1, 1, true, 2}, {3, 60, true, 0}};
  enum { CASES = COUNT_OF(given) };
  for (int64_t assigned = 0; assigned <= 4; assigned += 4)
    for (int64_t budget = 0; budget <= 1; budget++) {
      loom_ctx ctx;
      loom_ctx_init(&ctx);
      arena *m = &ctx.mem;
      solve_case cases[CASES];
      solve_answer answers[CASES];
      for (int i = 0; i < CASES; i++) {
        const solve_problem *p = case_problem(m, given[i].factor, given[i].more, given[i].fits, assigned);
        assert_int_equal(solve_problems(&ctx, &p, 1, false, NULL, &answers[i]), LOOM_OK);
        assert_int_equal(solve_has_answer(answers[i].status), given[i].fits);
        cases[i] = (solve_case){.name = arena_printf(m, "case %d", i), .problem = p, .answer = &answers[i]};
        for (int k = 0; k < given[i].parts; k++)
          vec_push(m, &cases[i].parts, ((solve_cost_part){k ? "load" : "compute", k ? sym_const(m, 1) : p->cycles}));
      }
      solve_explanation e;
      assert_int_equal(solve_explain_case(&ctx, cases, CASES, 0, &(solve_limits){.op_budget = budget}, &e), LOOM_OK);
      assert_int_equal(e.ties, 1);
      assert_string_equal(e.runner_up, "case 3");
      assert_true(e.runner_up_cycles == answers[3].cycles && e.runner_up_cycles > answers[0].cycles);
      assert_non_null(strstr(e.why_lost, "its compute takes"));
      assert_true(e.limits.n >= 2);
      for (size_t i = 0; i < e.limits.n; i++)
        assert_true(e.limits.at[i].cycles <= answers[0].cycles && (budget || e.limits.at[i].is_proven));
      assert_non_null(solve_explanation_to_data(m, &e));
      loom_ctx_done(&ctx);
    }
}

/* ---- no time, and all the time ---- */

static void test_the_clock_ends_a_search_or_does_not(void **state) {
  (void)state;
  static const double times[] = {0, 1e-9, 1e9};
  for (size_t i = 0; i < COUNT_OF(times); i++)
    for (int64_t budget = 0; budget <= 100000; budget += 100000) {
      loom_ctx ctx;
      loom_ctx_init(&ctx);
      machine *m = small_machine(&ctx);
      nest *n = nest_make_matmul(&ctx.mem, 256, 256, 256, DTYPE_F16, DTYPE_F16);
      explore_table t;
      explore_space space;
      const explore_options e = {.upstream_compatible = true}, free_choice = {0};
      const solve_limits l = {.timeout_s = times[i], .op_budget = budget};
      const solve_options o = {.model = MODEL_LOOM, .assigned_double_buffer = -1};
      assert_int_equal(explore_run(&ctx, n, m, &e, &t), LOOM_OK);
      assert_int_equal(explore_open(&ctx, n, m, &free_choice, &space), LOOM_OK);
      const solve_field fields[] = {{.nest = n, .machine = m, .space = &space, .o = &o}, {.nest = n, .machine = m, .table = &t, .o = &o}};
      for (size_t f = 0; f < COUNT_OF(fields); f++) {
        solve_row_trades trades;
        bool is_complete;
        loom_status st = solve_field_trades(&ctx, &fields[f], &l, &trades, &is_complete);
        assert_true(st == LOOM_OK || (times[i] > 0 && times[i] < 1));
        if (times[i] > 0 && times[i] < 1 && st == LOOM_OK)
          assert_false(is_complete);
        solve_result r;
        st = f ? solve_rows(&ctx, n, m, &t, &o, &l, &r) : solve_space(&ctx, &space, &o, &l, &r);
        assert_true(st == LOOM_OK || (times[i] > 0 && times[i] < 1));
      }
      solve_problem p = {.cycles = sym_add(&ctx.mem, sym_name(&ctx.mem, "a"), sym_const(&ctx.mem, 1))};
      vec_push(&ctx.mem, &p.symbols, ((solve_symbol){.name = "a", .align = 1, .upper = 3000}));
      solve_aims aims = {2, {{"cycles", p.cycles}, {"other", sym_sub(&ctx.mem, sym_const(&ctx.mem, 3000), sym_name(&ctx.mem, "a"))}}};
      const solve_problem *list[] = {&p};
      solve_trades found;
      bool is_complete;
      assert_int_equal(solve_find_trades(&ctx, list, &aims, 1, &l, &found, &is_complete), LOOM_OK);
      assert_int_equal(is_complete, times[i] != 1e-9);
      assert_int_equal(solve_find_trades(&ctx, list, &aims, 0, NULL, &found, &is_complete), LOOM_OK);
      assert_int_equal(found.n, 0);
      loom_ctx_done(&ctx);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_problems_with_one_hash_are_told_apart),
      cmocka_unit_test(test_upper_ends_are_learned_from_trips),
      cmocka_unit_test(test_other_limits_of_a_file),
      cmocka_unit_test(test_sizes_in_words),
      cmocka_unit_test(test_what_has_no_value_is_no_reason),
      cmocka_unit_test(test_sizes_that_leave_none),
      cmocka_unit_test(test_sizes_near_the_end_of_64_bits),
      cmocka_unit_test(test_trips_without_a_value_leave_no_size),
      cmocka_unit_test(test_which_sizes_never_fall),
      cmocka_unit_test(test_domains_that_cannot_be),
      cmocka_unit_test(test_guards_of_any_sizes),
      cmocka_unit_test(test_upper_bounds_of_any_kind),
      cmocka_unit_test(test_more_symbols_than_are_searched),
      cmocka_unit_test(test_rows_that_cannot_be_priced),
      cmocka_unit_test(test_cases_are_compared_at_any_budget),
      cmocka_unit_test(test_the_clock_ends_a_search_or_does_not),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
