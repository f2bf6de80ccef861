#include "base/rng.h"
#include "base/testing.h"
#include "solve/solve_private.h"

/* A random expression over a and b; conditions only where they belong. */
static const sym_expr *random_expr(arena *m, rng *r, int depth) {
  static const sym_op ops[] = {SYM_ADD, SYM_SUB, SYM_MUL, SYM_CEILDIV, SYM_FLOORDIV, SYM_MOD, SYM_MIN, SYM_MAX};
  static const sym_op relations[] = {SYM_EQ, SYM_NE, SYM_LE, SYM_LT, SYM_GE, SYM_GT, SYM_DIVISIBLE};
  if (depth == 0)
    return rng_range(r, 0, 2) ? sym_name(m, rng_range(r, 0, 1) ? "a" : "b") : sym_const(m, rng_range(r, -3, 9));
  const sym_expr *x = random_expr(m, r, depth - 1), *y = random_expr(m, r, depth - 1);
  if (rng_range(r, 0, 5))
    return sym_make(m, ops[rng_range(r, 0, COUNT_OF(ops) - 1)], x, y, NULL);
  const sym_expr *c = sym_make(m, relations[rng_range(r, 0, COUNT_OF(relations) - 1)], random_expr(m, r, depth - 1), random_expr(m, r, depth - 1), NULL);
  const sym_expr *d = sym_make(m, relations[rng_range(r, 0, COUNT_OF(relations) - 1)], x, y, NULL);
  c = sym_make(m, rng_range(r, 0, 1) ? SYM_AND : SYM_OR, c, rng_range(r, 0, 1) ? d : sym_make(m, SYM_NOT, d, NULL, NULL), NULL);
  return sym_make(m, SYM_IF, c, x, y);
}

static void test_bounds_hold_at_every_point_of_the_box(void **state) {
  (void)state;
  static const char *const names[] = {"a", "b"};
  rng r = rng_new(5);
  int checked = 0, tight = 0;
  for (int i = 0; i < 3000; i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    solve_problem p = {0};
    vec_push(&ctx.mem, &p.symbols, ((solve_symbol){.name = "a"}));
    vec_push(&ctx.mem, &p.symbols, ((solve_symbol){.name = "b"}));
    int64_t lo[2], hi[2], least = INT64_MAX, most = INT64_MIN;
    for (int k = 0; k < 2; k++) {
      lo[k] = rng_range(&r, 1, 5);
      hi[k] = lo[k] + rng_range(&r, 0, 6);
    }
    const sym_expr *e = random_expr(&ctx.mem, &r, (int)rng_range(&r, 1, 3));
    sym_code *code;
    assert_int_equal(sym_compile(&ctx, e, names, 2, &code), LOOM_OK);
    for (int64_t a = lo[0]; a <= hi[0]; a++)
      for (int64_t b = lo[1]; b <= hi[1]; b++) {
        const int64_t slots[] = {a, b};
        int64_t v;
        if (!sym_run(code, slots, &v))
          continue;
        least = v < least ? v : least;
        most = v > most ? v : most;
      }
    if (least <= most) {
      sym_interval range = solve_range(&p, e, lo, hi);
      assert_true(range.lo <= least && most <= range.hi);
      checked++;
      tight += range.lo == least && range.hi == most;
    }
    loom_ctx_done(&ctx);
  }
  assert_true(checked > 2000 && tight > checked / 4);      /* bounds that say nothing would hold too */
}

static void test_monotone_shapes_are_recognised(void **state) {
  (void)state;
  static const struct { const char *text; bool is_monotone; } cases[] = {
      {"a * b * 2 + a", true}, {"(a * b ceildiv 32) * 32", true}, {"min(a, b) + max(a, 3)", true}, {"a floordiv 4", true},
      {"a - b", false}, {"8192 ceildiv a", false}, {"a mod 3", false}, {"a * (0 - 2)", false}, {"if(a == 1, a, b)", false}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    const sym_expr *e;
    assert_int_equal(sym_parse(&ctx, LOOM_NOSPAN, cases[i].text, &e), LOOM_OK);
    assert_int_equal(solve_is_monotone(e), cases[i].is_monotone);
    loom_ctx_done(&ctx);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_bounds_hold_at_every_point_of_the_box),
      cmocka_unit_test(test_monotone_shapes_are_recognised),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
