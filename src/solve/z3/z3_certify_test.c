/* Second opinions: what is so is certified, what is not never. */
#include "base/testing.h"
#include "base/text.h"
#include "solve/certify.h"
#include "solve/z3/z3_private.h"

static const sym_expr *parse(loom_ctx *ctx, const char *s) {
  const sym_expr *e;
  assert_int_equal(sym_parse(ctx, LOOM_NOSPAN, s, &e), LOOM_OK);
  return e;
}

static void add_symbol(loom_ctx *ctx, solve_problem *p, const char *name, int64_t align, int64_t upper) {
  vec_push(&ctx->mem, &p->symbols, ((solve_symbol){.name = name, .align = align, .upper = upper}));
}

static solve_answer solved(loom_ctx *ctx, const solve_problem *p) {
  solve_answer a;
  assert_int_equal(solve_problems(ctx, &p, 1, false, NULL, &a), LOOM_OK);
  return a;
}

static void expect(loom_ctx *ctx, const solve_problem *p, const solve_answer *a, unsigned rlimit, solve_verdict verdict, const char *part) {
  solve_verdict v;
  const char *why;
  assert_int_equal(solve_certify(ctx, p, a, rlimit, &v, &why), LOOM_OK);
  if (v != verdict || (part == NULL) != (why == NULL) || (part && !strstr(why, part)))
    fail_msg("verdict %d, \"%s\"; expected %d, \"%s\"", (int)v, why ? why : "-", (int)verdict, part ? part : "-");
}

/* The error handler that comes with Z3 ends the process. */
static void test_an_error_of_z3_is_a_refusal(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  z3_encoder z;
  z3_open(&ctx, 0, NULL, NULL, 1000, &z);
  assert_null(z.refusal);
  assert_true(z3_plus(&z, z.yes, z.yes) != NULL);      /* truth values do not add up */
  assert_non_null(z.refusal);
  assert_non_null(strstr(z.refusal, "Z3 fails: "));
  assert_int_equal(z3_check(&z, NULL, 0), Z3_L_UNDEF);
  z3_close(&z);
  loom_ctx_done(&ctx);
}

/* Largest bm*bn*bk with bm*bk + bk*bn + bm*bn <= 192 Ki: where an optimising solver answers 8,192, and runs out of effort with a point that is not feasible. */
static solve_problem *volume_problem(loom_ctx *ctx) {
  solve_problem *p = ARENA_NEW(&ctx->mem, solve_problem);
  add_symbol(ctx, p, "bm", 16, 2048);
  add_symbol(ctx, p, "bn", 16, 2048);
  add_symbol(ctx, p, "bk", 16, 2048);
  p->cycles = parse(ctx, "4294967296 - bm*bn*bk");
  vec_push(&ctx->mem, &p->capacities, ((solve_capacity){"L1", parse(ctx, "bm*bk + bk*bn + bm*bn"), 192 << 10}));
  return p;
}

static void test_products_are_certified(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  solve_problem *p = volume_problem(&ctx);
  for (size_t i = 0; i < 3; i++)
    p->symbols.at[i].align = 32;
  solve_answer a = solved(&ctx, p);
  assert_int_equal(a.cycles, (INT64_C(1) << 32) - 256 * 256 * 256);
  assert_true(a.value[0] == 256 && a.value[1] == 256 && a.value[2] == 256);
  expect(&ctx, p, &a, SOLVE_RLIMIT, SOLVE_CERTIFIED, NULL);
  a.cycles += 1;                             /* what it is said to take is a cycle more */
  expect(&ctx, p, &a, SOLVE_RLIMIT, SOLVE_REFUTED, "bm=256, bn=256, bk=256 takes 4278190080 cycles, the answer bm=256, bn=256, bk=256 is said to take 4278190081");
  a.cycles -= 2;                             /* nothing takes less, but neither does it */
  expect(&ctx, p, &a, SOLVE_RLIMIT, SOLVE_NOT_CERTIFIED, "takes 4278190080 cycles, not 4278190079");
  a.cycles += 1;
  a.value[2] = 2048;
  expect(&ctx, p, &a, SOLVE_RLIMIT, SOLVE_NOT_CERTIFIED, "bk=2048 is not feasible");
  loom_ctx_done(&ctx);
}

/* Whatever is spent: certified or not known, and never a point of Z3's that was not looked at. */
static void test_spent_effort_is_no_verdict(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  solve_problem *p = volume_problem(&ctx);
  solve_answer a = solved(&ctx, p), worse = a;
  worse.cycles += 1000000;
  int spent = 0;
  for (unsigned rlimit = 1; rlimit <= 100000; rlimit *= 10) {
    solve_verdict v;
    const char *why;
    assert_int_equal(solve_certify(&ctx, p, &a, rlimit, &v, &why), LOOM_OK);
    assert_true(v != SOLVE_REFUTED);
    spent += v == SOLVE_NOT_CERTIFIED;
    assert_true(v == SOLVE_CERTIFIED || strstr(why, "effort"));
    assert_int_equal(solve_certify(&ctx, p, &worse, rlimit, &v, &why), LOOM_OK);
    assert_true(v != SOLVE_CERTIFIED);
  }
  assert_true(spent > 1);
  loom_ctx_done(&ctx);
}

/* GEMM on 8x8 cores (loom.md 8.2 A2), M and N and K given; sizes divide, or (ragged) need not.  The guard keeps the second division to few divisors. */
static solve_problem *gemm_problem(loom_ctx *ctx, int64_t m, int64_t n, int64_t k, bool is_ragged) {
  arena *a = &ctx->mem;
  solve_problem *p = ARENA_NEW(a, solve_problem);
  p->rule = is_ragged ? SOLVE_TRIPS_ANY : SOLVE_TRIPS_EXACT;
  add_symbol(ctx, p, "m", 32, is_ragged ? m : m / 8);
  add_symbol(ctx, p, "n", 32, is_ragged ? n : n / 8);
  add_symbol(ctx, p, "k", 32, k);
  vec_push(a, &p->booleans, ((solve_boolean){"db", -1}));
  const char *compute = "if(m >= 32 && n >= 32 && k >= 32 && m*n >= 8192, (m*n) ceildiv 2 + (2*m*n*k) ceildiv 716, "
                        "if(m >= 32 && n >= 32 && k >= 32 && m*n < 8192, (m*n) ceildiv 2 + (2*m*n*k) ceildiv (m*n*716 floordiv 8192), 2147483648))";
  const char *load = "(344 + (20*m*k) ceildiv 150 + 344 + (20*k*n) ceildiv 150)";
  const char *turns = arena_printf(a, "(%" PRId64 " ceildiv k)", k), *waves = arena_printf(a, "((%" PRId64 " ceildiv m) ceildiv 8 * ((%" PRId64 " ceildiv n) ceildiv 8))", m, n);
  const char *inner = arena_printf(a, "if(db == 1, %s * max(%s, %s) + min(%s, %s), %s * (%s + %s))", turns, load, compute, load, compute, turns, load, compute);
  p->cycles = parse(ctx, arena_printf(a, "%s * (%s + 454 + (2*m*n) ceildiv 150)", waves, inner));
  vec_push(a, &p->capacities, ((solve_capacity){"L1", parse(ctx, "2*(m*k + k*n + 2*m*n) + db*2*(m*k + k*n)"), 1398784}));
  const struct { int64_t extent; const char *tile; } trips[] = {{m, "m*8"}, {n, "n*8"}, {k, "k"}};
  for (size_t i = 0; i < COUNT_OF(trips); i++)
    vec_push(a, &p->trips, ((solve_trip){sym_const(a, trips[i].extent), parse(ctx, trips[i].tile)}));
  return p;
}

static void test_a_kernel_is_certified(void **state) {
  (void)state;
  static const struct { int64_t shape[3]; bool is_ragged; int64_t points, cycles; } cases[] = {
      {{256, 256, 256}, false, 8, 9166}, {{4096, 4096, 512}, false, 250, 616622}, {{2048, 2048, 256}, true, 65536, 99126}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    solve_problem *p = gemm_problem(&ctx, cases[i].shape[0], cases[i].shape[1], cases[i].shape[2], cases[i].is_ragged);
    solve_answer a = solved(&ctx, p);
    assert_true(a.points == cases[i].points && a.cycles == cases[i].cycles);
    expect(&ctx, p, &a, SOLVE_RLIMIT, SOLVE_CERTIFIED, NULL);
    a.cycles++;
    expect(&ctx, p, &a, SOLVE_RLIMIT, SOLVE_REFUTED, "cycles, the answer");
    loom_ctx_done(&ctx);
  }
}

/* Exact beyond 2^31 and 2^53, where one cycle more or less is not a double's; what does not fit 64 bits is no point. */
static void test_large_costs_are_exact(void **state) {
  (void)state;
  static const struct { const char *cycles; int64_t least; int64_t at; } cases[] = {
      {"(2147483648 - a) * (3 + b) + 1", INT64_C(10737418081), 32},
      {"9007199254740993 - a * b", INT64_C(9007199254739969), 32},
      {"4611686018427387904 + a * b * (a * b - 1000) + 1", INT64_C(4611686018427137921), 0},
      {"if(a * b > 100, 9223372036854775807 - a + b, 9223372036854775807)", INT64_C(9223372036854775779), 32},
      {"a * b * 72057594037927936 - a * b * 72057594037927935", 4, 2},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    solve_problem p = {.rule = SOLVE_TRIPS_ANY};
    add_symbol(&ctx, &p, "a", 2, 32);
    add_symbol(&ctx, &p, "b", 2, 32);
    p.cycles = parse(&ctx, cases[i].cycles);
    solve_answer a = solved(&ctx, &p);
    assert_true(!cases[i].at || a.value[0] == cases[i].at);
    if (a.cycles != cases[i].least)
      fail_msg("%s: %" PRId64 ", expected %" PRId64, cases[i].cycles, a.cycles, cases[i].least);
    expect(&ctx, &p, &a, SOLVE_RLIMIT, SOLVE_CERTIFIED, NULL);
    a.cycles++;
    expect(&ctx, &p, &a, SOLVE_RLIMIT, SOLVE_REFUTED, "cycles");
    a.cycles -= 2;
    expect(&ctx, &p, &a, SOLVE_RLIMIT, SOLVE_NOT_CERTIFIED, "cycles, not");
    loom_ctx_done(&ctx);
  }
}

/* Nothing fits; the sizes that fit are taken away one by one. */
static void test_infeasible_answers_are_certified(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  solve_problem *p = volume_problem(&ctx);
  p->capacities.at[0].limit = 3 * 16 * 16 - 1;
  solve_answer a = solved(&ctx, p);
  assert_int_equal(a.status, SOLVE_INFEASIBLE);
  expect(&ctx, p, &a, SOLVE_RLIMIT, SOLVE_CERTIFIED, NULL);
  p->capacities.at[0].limit++;
  expect(&ctx, p, &a, SOLVE_RLIMIT, SOLVE_REFUTED, "bm=16, bn=16, bk=16 is feasible and takes 4294963200 cycles");
  p->symbols.at[1].lb = p->symbols.at[1].ub = 24;      /* not a multiple of 16: no sizes at all */
  a = solved(&ctx, p);
  assert_int_equal(a.status, SOLVE_INFEASIBLE);
  expect(&ctx, p, &a, SOLVE_RLIMIT, SOLVE_CERTIFIED, NULL);
  loom_ctx_done(&ctx);
}

/* Ceilings are the answer only where nothing divides. */
static void test_a_fallback_is_certified_as_well(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  solve_problem p = {.rule = SOLVE_TRIPS_EXACT, .falls_back = true};
  add_symbol(&ctx, &p, "a", 32, 128);
  add_symbol(&ctx, &p, "b", 32, 128);
  p.cycles = parse(&ctx, "(1000 ceildiv (a*b)) * (a*b + 500)");
  vec_push(&ctx.mem, &p.trips, ((solve_trip){sym_const(&ctx.mem, 1000), parse(&ctx, "a*b")}));
  solve_answer a = solved(&ctx, &p);
  assert_non_null(a.fallback);
  expect(&ctx, &p, &a, SOLVE_RLIMIT, SOLVE_CERTIFIED, NULL);
  p.trips.at[0].numerator = sym_const(&ctx.mem, 4096);      /* now some do */
  expect(&ctx, &p, &a, SOLVE_RLIMIT, SOLVE_REFUTED, "ceilings are used, but");
  loom_ctx_done(&ctx);
}

/* Of a search that was stopped: what it proved. */
static void test_bounds_are_certified(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  const solve_problem *p = gemm_problem(&ctx, 4096, 4096, 512, false);
  solve_answer a;
  assert_int_equal(solve_problems(&ctx, &p, 1, false, &(solve_limits){.op_budget = 3}, &a), LOOM_OK);
  assert_int_equal(a.status, SOLVE_BEST_FOUND);
  assert_true(a.lower_bound < 616622 && a.cycles > 616622);
  expect(&ctx, p, &a, SOLVE_RLIMIT, SOLVE_CERTIFIED, NULL);
  a.lower_bound = 616623;
  expect(&ctx, p, &a, SOLVE_RLIMIT, SOLVE_REFUTED, "m=256, n=512, k=512, db=0 takes 616622 cycles, below the proven bound of 616623");
  a.lower_bound = 616622;
  a.cycles++;
  expect(&ctx, p, &a, SOLVE_RLIMIT, SOLVE_NOT_CERTIFIED, "cycles, not");
  a.status = SOLVE_UNDECIDED;
  expect(&ctx, p, &a, SOLVE_RLIMIT, SOLVE_CERTIFIED, NULL);
  loom_ctx_done(&ctx);
}

/* Where the encoding ends it says so. */
static void expect_no_encoding(loom_ctx *ctx, const sym_expr *cycles, int64_t largest, const char *part) {
  solve_problem p = {.rule = SOLVE_TRIPS_ANY, .cycles = cycles};
  add_symbol(ctx, &p, "a", 1, largest);
  add_symbol(ctx, &p, "b", 1, 40);
  add_symbol(ctx, &p, "c", 1, 40);
  solve_answer a = solved(ctx, &p);
  expect(ctx, &p, &a, SOLVE_RLIMIT, SOLVE_NOT_CERTIFIED, part);
}

static void test_what_cannot_be_encoded_is_told(void **state) {
  (void)state;
  static const struct { const char *cycles; int64_t largest; const char *part; } cases[] = {
      {"(a*a + b + c) * (a + b*c + 1) * (a + b + c*c)", 40, "multiplies two expressions of several block sizes"},
      {"1000000 ceildiv (a + b + c)", 40, "divides by an expression of several block sizes"},
      {"1000000 mod (a + b + c)", 40, "divides by an expression of several block sizes"},
      {"if(a > 0, (65536 ceildiv a) * (100 + a*b), 7)", 20000, "an expression of the block sizes has too many values"},
      {"(a * 7919 mod 100003) * (b + c)", 14000, "an expression of the block sizes has too many values"},      /* up and down */
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    expect_no_encoding(&ctx, parse(&ctx, cases[i].cycles), cases[i].largest, cases[i].part);
    loom_ctx_done(&ctx);
  }
}

static void test_sizes_of_expressions_are_limited(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  const sym_expr *deep = parse(&ctx, "a"), *odd = parse(&ctx, "(a + b + c) mod 2"), *product = odd;
  for (int i = 0; i < SYM_DEPTH_MAX; i++)
    deep = sym_add(&ctx.mem, deep, sym_name(&ctx.mem, i % 2 ? "a" : "b"));
  expect_no_encoding(&ctx, deep, 3, "nested too deeply");
  for (int i = 0; i < 64; i++)
    product = sym_mul(&ctx.mem, product, odd);
  expect_no_encoding(&ctx, product, 3, "a product has too many factors");
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_an_error_of_z3_is_a_refusal), cmocka_unit_test(test_products_are_certified),
                                     cmocka_unit_test(test_spent_effort_is_no_verdict),  cmocka_unit_test(test_a_kernel_is_certified),
                                     cmocka_unit_test(test_large_costs_are_exact),       cmocka_unit_test(test_infeasible_answers_are_certified),
                                     cmocka_unit_test(test_a_fallback_is_certified_as_well), cmocka_unit_test(test_bounds_are_certified),
                                     cmocka_unit_test(test_sizes_of_expressions_are_limited),
                                     cmocka_unit_test(test_what_cannot_be_encoded_is_told)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
