#include "sym/sym_testing.h"

static loom_ctx ctx;

static int setup(void **state) {
  (void)state;
  loom_ctx_init(&ctx);
  return 0;
}
static int teardown(void **state) {
  (void)state;
  loom_ctx_done(&ctx);
  return 0;
}

/* ---- folding: exhaustive over small trees and values, against the definitions applied to the tree as written ---- */

enum { LEAVES = 8 };
static const sym_expr leaves[LEAVES] = {
  {.op = SYM_SYM, .name = "x", .depth = 1}, {.op = SYM_SYM, .name = "y", .depth = 1}, {.op = SYM_CONST, .value = -2, .depth = 1},
  {.op = SYM_CONST, .value = -1, .depth = 1}, {.op = SYM_CONST, .value = 0, .depth = 1}, {.op = SYM_CONST, .value = 1, .depth = 1},
  {.op = SYM_CONST, .value = 2, .depth = 1}, {.op = SYM_TRUE, .depth = 1},
};

/* Where the tree as written has a value, the folded one has the same; unfolded operators fail exactly where the tree does. */
static void check_fold(const sym_expr *raw, const sym_expr *folded) {
  for (int64_t x = -3; x <= 3; x++)
    for (int64_t y = -3; y <= 3; y++) {
      const sym_binding values[] = {{"x", x}, {"y", y}};
      wide want, got;
      if (!defined_value(raw, values, 2, &want))
        continue;
      if (!defined_value(folded, values, 2, &got) || got != want)
        fail_msg("%s folded to %s differs at x=%d y=%d", sym_str(&ctx.mem, raw), sym_str(&ctx.mem, folded), (int)x, (int)y);
    }
}

static void check_all_parents(const sym_expr *raw, const sym_expr *folded, int leaf_count) {
  for (int op = SYM_ADD; op < SYM_OP_COUNT; op++)
    for (int i = 0; i < leaf_count; i++) {
      int operands = sym_op_operands((sym_op)op);
      const sym_expr *leaf = &leaves[i];
      arena_mark mark = arena_save(&ctx.mem);
      if (operands == 1 && i == 0)
        check_fold(&(sym_expr){.op = (sym_op)op, .arg = {raw}, .depth = 3}, sym_make(&ctx.mem, (sym_op)op, folded, NULL, NULL));
      if (operands == 2) {
        check_fold(&(sym_expr){.op = (sym_op)op, .arg = {raw, leaf}, .depth = 3}, sym_make(&ctx.mem, (sym_op)op, folded, leaf, NULL));
        check_fold(&(sym_expr){.op = (sym_op)op, .arg = {leaf, raw}, .depth = 3}, sym_make(&ctx.mem, (sym_op)op, leaf, folded, NULL));
        check_fold(&(sym_expr){.op = (sym_op)op, .arg = {raw, raw}, .depth = 3}, sym_make(&ctx.mem, (sym_op)op, folded, folded, NULL));
      }
      if (operands == 3)
        for (int k = 0; k < 3; k++) {
          const sym_expr *r[3] = {leaf, &leaves[(i + 1) % LEAVES], leaf}, *f[3] = {r[0], r[1], r[2]};
          r[k] = raw;
          f[k] = folded;
          check_fold(&(sym_expr){.op = (sym_op)op, .arg = {r[0], r[1], r[2]}, .depth = 3}, sym_make(&ctx.mem, (sym_op)op, f[0], f[1], f[2]));
        }
      arena_release(&ctx.mem, mark);
    }
}

static void test_folding_never_changes_a_value(void **state) {
  (void)state;
  for (int i = 0; i < LEAVES; i++)
    check_all_parents(&leaves[i], &leaves[i], LEAVES);
  for (int op = SYM_ADD; op < SYM_OP_COUNT; op++)
    for (int i = 0; i < LEAVES && sym_op_operands((sym_op)op) > 0; i++)
      for (int j = 0; j < LEAVES; j++) {
        const sym_expr *a = &leaves[i], *b = sym_op_operands((sym_op)op) > 1 ? &leaves[j] : NULL;
        const sym_expr *c = sym_op_operands((sym_op)op) > 2 ? &leaves[1] : NULL;
        const sym_expr raw = {.op = (sym_op)op, .arg = {a, b, c}, .depth = 2};
        check_all_parents(&raw, sym_make(&ctx.mem, (sym_op)op, a, b, c), LEAVES);
      }
}

static void test_identities_fold(void **state) {
  (void)state;
  arena *m = &ctx.mem;
  const sym_expr *x = sym_name(m, "x"), *zero = sym_const(m, 0), *one = sym_const(m, 1), *two = sym_const(m, 2), *max = sym_const(m, INT64_MAX);
  const sym_expr *c = sym_make(m, SYM_LT, x, two, NULL), *yes = sym_make(m, SYM_TRUE, 0, 0, 0);
  const struct { const sym_expr *e; const char *text; } cases[] = {
    {sym_add(m, x, zero), "x"}, {sym_add(m, zero, x), "x"}, {sym_sub(m, x, zero), "x"}, {sym_mul(m, x, one), "x"}, {sym_mul(m, one, x), "x"},
    {sym_mul(m, x, zero), "0"}, {sym_ceildiv(m, x, one), "x"}, {sym_floordiv(m, x, one), "x"}, {sym_mod(m, x, one), "0"},
    {sym_min(m, x, sym_name(m, "x")), "x"}, {sym_max(m, sym_add(m, x, one), sym_add(m, x, one)), "x + 1"}, {sym_add(m, two, two), "4"},
    {sym_ceildiv(m, sym_const(m, 7), two), "4"}, {sym_ceildiv(m, sym_const(m, -7), two), "-3"}, {sym_floordiv(m, sym_const(m, -7), two), "-4"},
    {sym_mod(m, sym_const(m, -7), two), "1"}, {sym_add(m, max, one), "9223372036854775807 + 1"}, {sym_floordiv(m, one, zero), "1 floordiv 0"},
    {sym_make(m, SYM_IF, yes, x, one), "x"}, {sym_make(m, SYM_IF, c, x, x), "x"}, {sym_make(m, SYM_AND, c, yes, 0), "x < 2"},
    {sym_make(m, SYM_NOT, sym_make(m, SYM_NOT, c, 0, 0), 0, 0), "x < 2"}, {sym_make(m, SYM_EQ, x, x, 0), "true"}, {sym_make(m, SYM_GT, one, two, 0), "false"},
    {sym_make(m, SYM_OR, c, c, 0), "x < 2"}, {sym_make(m, SYM_DIVISIBLE, x, one, 0), "true"},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++)
    assert_string_equal(sym_str(m, cases[i].e), cases[i].text);
}

static const sym_expr *replace_x(void *data, const char *name) { return text_eq(name, "x") ? data : NULL; }

static void test_trees_compare_substitute_and_depend(void **state) {
  (void)state;
  arena *m = &ctx.mem;
  const sym_expr *x = sym_name(m, "x"), *y = sym_name(m, "y"), *e = sym_mul(m, sym_add(m, x, y), sym_const(m, 3));
  assert_true(sym_equal(e, sym_mul(m, sym_add(m, sym_name(m, "x"), y), sym_const(m, 3))));
  assert_false(sym_equal(e, sym_mul(m, sym_add(m, y, x), sym_const(m, 3))));
  assert_false(sym_equal(e, sym_mul(m, sym_add(m, x, y), sym_const(m, 4))));
  assert_true(sym_depends(e, "y") && !sym_depends(e, "z"));
  assert_int_equal(e->depth, 3);
  const sym_expr *with_two = sym_subst(m, e, replace_x, (void *)(uintptr_t)sym_const(m, 2));
  assert_string_equal(sym_str(m, with_two), "(2 + y) * 3");
  assert_ptr_equal(sym_subst(m, with_two, replace_x, NULL), with_two);   /* nothing to replace: shared, not copied */
  int64_t v;
  assert_true(sym_is_const(sym_subst(m, sym_mul(m, x, sym_const(m, 5)), replace_x, (void *)(uintptr_t)sym_const(m, 2)), &v) && v == 10);
  assert_false(sym_is_const(e, &v));
}

/* ---- values ---- */

/* Oracle: the definitions in 128 bits. */
static void test_eval_and_compiled_code_give_the_defined_value(void **state) {
  (void)state;
  static const int64_t values[] = {0, 1, 2, 3, 8, 17, 1024, -1, -3, -1024, 4294967295, 4294967296, INT64_MAX, INT64_MIN, INT64_MIN + 1};
  static const char *const slots[] = {"x", "unused", "y", "tile_m"};
  rng r = rng_new(11);
  int good = 0, bad = 0;
  for (int i = 0; i < 4000; i++) {
    const sym_expr *e = made_up(&ctx.mem, &r, (int)rng_range(&r, 1, 7), rng_next(&r) & 1);
    sym_code *code;
    assert_int_equal(sym_compile(&ctx, e, slots, 4, &code), LOOM_OK);
    for (int k = 0; k < 12; k++) {
      int64_t in[4] = {0}, evaluated = 0, ran = 0;
      for (int s = 0; s < 4; s++)   /* mostly small, so that divisors are often positive and products fit */
        in[s] = k % 3 ? rng_range(&r, 1, 64) : values[rng_range(&r, 0, (int64_t)COUNT_OF(values) - 1)];
      const sym_binding bindings[] = {{"x", in[0]}, {"y", in[2]}, {"tile_m", in[3]}};
      wide want;
      bool has_value = defined_value(e, bindings, 3, &want);
      loom_status st = sym_eval(&ctx, e, bindings, 3, &evaluated);
      bool run_ok = sym_run(code, in, &ran);
      if ((st == LOOM_OK) != has_value || run_ok != has_value || (has_value && (evaluated != (int64_t)want || ran != (int64_t)want)))
        fail_msg("%s at x=%" PRId64 " y=%" PRId64 " tile_m=%" PRId64, sym_str(&ctx.mem, e), in[0], in[2], in[3]);
      good += has_value;
      bad += !has_value;
    }
    loom_ctx_done(&ctx);
  }
  assert_true(good > 20000 && bad > 2000);   /* both kinds were really tried */
}

static void test_eval_says_what_has_no_value(void **state) {
  (void)state;
  const struct { const char *text; int64_t x, y; loom_status status; const char *message; } cases[] = {
    {"x + z", 1, 1, LOOM_EINPUT, "the symbol 'z' has no value"},
    {"x ceildiv (y - 1)", 7, 1, LOOM_EINPUT, "the divisor y - 1 is 0; must be positive, in x ceildiv (y - 1)"},
    {"x floordiv y", 7, -2, LOOM_EINPUT, "the divisor y is -2"}, {"x mod y", 7, 0, LOOM_EINPUT, "the divisor y is 0"},
    {"if(divisible(x, y), 1, 2)", 7, 0, LOOM_EINPUT, "the divisor y is 0"},
    {"x * y", INT64_MAX, 2, LOOM_ELIMIT, "9223372036854775807 * 2 does not fit 64 bits, in x * y"},
    {"x + y", INT64_MAX, 1, LOOM_ELIMIT, "does not fit"}, {"x - y", INT64_MIN, 1, LOOM_ELIMIT, "does not fit"},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const sym_expr *e;
    const sym_binding b[] = {{"x", cases[i].x}, {"y", cases[i].y}};
    int64_t v;
    assert_int_equal(sym_parse(&ctx, LOOM_NOSPAN, cases[i].text, &e), LOOM_OK);
    assert_int_equal(sym_eval(&ctx, e, b, 2, &v), cases[i].status);
    testing_expect_error(&ctx, cases[i].status, cases[i].message, 0, 0);
    loom_ctx_done(&ctx);
  }
}

static void test_guards_protect_the_division_behind_them(void **state) {
  (void)state;
  static const char *const slots[] = {"x", "y"};
  const struct { const char *text; int64_t at_zero; } cases[] = {
    {"if(y == 0, -1, x floordiv y)", -1}, {"if(y > 0 && x floordiv y > 1, 1, 0)", 0}, {"if(y <= 0 || divisible(x, y), 5, 6)", 5},
    {"if(y > 0, x floordiv y, 0) + if(y > 0, x floordiv y + 1, 0)", 0},   /* a value shared between branches is computed in each */
    {"if(y != 0 && x floordiv 3 > 1, 1, 0) + x floordiv 3", 2}, {"if(y == 0 || x floordiv 3 > 1, 1, 0) + x floordiv 3", 3},   /* also behind && and || */
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const sym_expr *e;
    sym_code *code;
    int64_t v, in[] = {8, 0};
    assert_int_equal(sym_parse(&ctx, LOOM_NOSPAN, cases[i].text, &e), LOOM_OK);
    assert_int_equal(sym_compile(&ctx, e, slots, 2, &code), LOOM_OK);
    assert_true(sym_run(code, in, &v) && v == cases[i].at_zero);
  }
}

static void test_compile_refuses_unknown_symbols_and_huge_expressions(void **state) {
  (void)state;
  static const char *const slots[] = {"tile_m", "tile_n"};
  const sym_expr *e;
  sym_code *code;
  assert_int_equal(sym_parse(&ctx, LOOM_NOSPAN, "tile_m * til_n", &e), LOOM_OK);
  assert_int_equal(sym_compile(&ctx, e, slots, 2, &code), LOOM_EINPUT);
  testing_expect_error(&ctx, LOOM_EINPUT, "unknown symbol 'til_n'", 0, 0);
  assert_string_equal(ctx.diag.first->help, "did you mean 'tile_n'?");
  loom_ctx_done(&ctx);
  for (int big = 0; big < 2; big++) {   /* 2000 distinct sums fit, 10000 do not */
    arena *m = &ctx.mem;
    const sym_expr *x = sym_name(m, "tile_m"), *sum = sym_const(m, 0);
    for (int i = 1; i <= (big ? 5000 : 1000); i++)
      sum = sym_add(m, sum, sym_mul(m, x, sym_const(m, i)));
    int64_t v, in[2] = {2, 0};
    if (!big) {
      assert_int_equal(sym_compile(&ctx, sum, slots, 2, &code), LOOM_OK);
      assert_true(sym_run(code, in, &v) && v == 1000 * 1001);
    } else {
      assert_int_equal(sym_compile(&ctx, sum, slots, 2, &code), LOOM_ELIMIT);
      testing_expect_error(&ctx, LOOM_ELIMIT, "more than 4096 distinct parts", 0, 0);
    }
    loom_ctx_done(&ctx);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(test_folding_never_changes_a_value, setup, teardown),
    cmocka_unit_test_setup_teardown(test_identities_fold, setup, teardown),
    cmocka_unit_test_setup_teardown(test_trees_compare_substitute_and_depend, setup, teardown),
    cmocka_unit_test_setup_teardown(test_eval_and_compiled_code_give_the_defined_value, setup, teardown),
    cmocka_unit_test_setup_teardown(test_eval_says_what_has_no_value, setup, teardown),
    cmocka_unit_test_setup_teardown(test_guards_protect_the_division_behind_them, setup, teardown),
    cmocka_unit_test_setup_teardown(test_compile_refuses_unknown_symbols_and_huge_expressions, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
