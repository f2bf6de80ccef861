#include "base/testing_data.h"
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

static const sym_expr *parsed(const char *s) {
  const sym_expr *e = NULL;
  if (sym_parse(&ctx, LOOM_NOSPAN, s, &e) != LOOM_OK)
    fail_msg("%s: %s", s, ctx.diag.first->text);
  return e;
}

/* ---- infix ---- */

static void test_text_reads_with_the_usual_precedence(void **state) {
  (void)state;
  const struct { const char *in, *out; } cases[] = {
    {"(M ceildiv tile_m) * 8 + 1", NULL}, {"M ceildiv tile_m * 8", "(M ceildiv tile_m) * 8"}, {"8 * (M ceildiv tile_m)", NULL},
    {"a ceildiv b ceildiv c", "(a ceildiv b) ceildiv c"}, {"a - b - c", NULL}, {"a - (b - c)", NULL}, {"a + (b + c)", NULL}, {"a * b * c", NULL},
    {"(a + b) * c", NULL}, {"a + b * c", NULL}, {"a / b", "a floordiv b"}, {"a/b/c", "(a floordiv b) floordiv c"}, {"-a", "0 - a"}, {"-5", NULL},
    {"a - -5", NULL}, {"a--5", "a - -5"}, {"-5 * a", NULL}, {"-(a)", "0 - a"}, {"-9223372036854775808", NULL}, {"min(a, b)", NULL},
    {"min(a, b, c)", "min(min(a, b), c)"}, {"max(a + 1, b * 2)", NULL}, {"if(a < b && c == 1, a, b)", NULL}, {"a < b || c < d && e < f", "a < b || c < d && e < f"},
    {"(a < b || c < d) && e < f", NULL}, {"!(a < b) && !divisible(a, 32)", NULL}, {"!divisible(x, by)", NULL}, {"true", NULL}, {" false ", "false"},
    {"IF (a <= b) {a} ELSE {b + 1}", "if(a <= b, a, b + 1)"}, {"in_range(x, 1, 9)", "x >= 1 && x <= 9"}, {"block_size_0 mod 2", NULL}, {"`odd name` + `a``b`", NULL},
    {"`ceildiv` + `2x`", NULL}, {"`plain`", "plain"}, {"a.b + $c", NULL}, {"if(a != 1, 2, 3) * 4", NULL}, {"min(a, b) ceildiv 2", NULL}, {"``", NULL},
    {"a < b && (c < d && e < f)", NULL},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++)
    assert_string_equal(sym_str(&ctx.mem, parsed(cases[i].in)), cases[i].out ? cases[i].out : cases[i].in);
}

static void test_printed_expressions_read_back_the_same(void **state) {
  (void)state;
  rng r = rng_new(5);
  for (int i = 0; i < 3000; i++) {
    const sym_expr *e = made_up(&ctx.mem, &r, 6, rng_next(&r) & 1);
    assert_true(sym_equal(e, parsed(sym_str(&ctx.mem, e))));
    loom_ctx_done(&ctx);
  }
}

static void test_parse_errors_point_at_the_token(void **state) {
  (void)state;
  const struct { const char *text; int col; loom_status status; const char *message, *help; } cases[] = {
    {"a +", 13, LOOM_EINPUT, "expected a value at the end", NULL}, {"", 10, LOOM_EINPUT, "expected a value at the end", NULL},
    {"a + * b", 14, LOOM_EINPUT, "expected a value; found '*'", NULL}, {"(a + b", 16, LOOM_EINPUT, "expected ')' at the end", NULL},
    {"a b", 12, LOOM_EINPUT, "expected an operator or the end; found 'b'", NULL}, {"a ceildiv mod", 20, LOOM_EINPUT, "expected a value; found 'mod'", NULL},
    {"12ab", 10, LOOM_EINPUT, "expected an integer; found '12ab'", NULL}, {"1 + 9223372036854775808", 14, LOOM_EINPUT, "does not fit 64 bits", NULL},
    {"99999999999999999999999", 10, LOOM_EINPUT, "does not fit 64 bits", NULL}, {"1.5", 10, LOOM_EINPUT, "expected an integer; found '1.5'", NULL},
    {"sqrt(a)", 10, LOOM_EINPUT, "unknown function 'sqrt'", "min, max, if"}, {"min(a)", 15, LOOM_EINPUT, "expected ','; found ')'", NULL},
    {"if(a, 1, 2)", 13, LOOM_EINPUT, "'a' is a number; expected a condition", "!= 0"}, {"1 + (a < b)", 14, LOOM_EINPUT, "'(a < b)' is a condition; expected a number", "if(condition"},
    {"a < b < c", 10, LOOM_EINPUT, "'a < b' is a condition", NULL}, {"a && b < c", 10, LOOM_EINPUT, "'a' is a number; expected a condition", NULL},
    {"!a", 11, LOOM_EINPUT, "'a' is a number", NULL}, {"-true", 11, LOOM_EINPUT, "'true' is a condition", NULL}, {"`a", 10, LOOM_EINPUT, "the quoted name does not end", NULL},
    {"divisible(a)", 21, LOOM_EINPUT, "expected ','; found ')'", NULL}, {"IF (a < b) {1} {2}", 25, LOOM_EINPUT, "expected 'ELSE'; found '{'", NULL},
    {"a # b", 12, LOOM_EINPUT, "expected an operator or the end; found '#'", NULL}, {"a = b", 12, LOOM_EINPUT, "found '='", NULL}, {"in_range(x, 1)", 23, LOOM_EINPUT, "expected ','", NULL},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_span span = {diag_add_source(&ctx, "f", cases[i].text, strlen(cases[i].text)), 3, 10, 3, 11};
    const sym_expr *e;
    assert_int_equal(sym_parse(&ctx, span, cases[i].text, &e), cases[i].status);
    testing_expect_error(&ctx, cases[i].status, cases[i].message, 3, cases[i].col);
    if (cases[i].help)
      assert_non_null(strstr(ctx.diag.first->help, cases[i].help));
    loom_ctx_done(&ctx);
  }
}

static void test_parse_bounds_nesting_and_depth(void **state) {
  (void)state;
  const sym_expr *e;
  text deep = text_new(&ctx.mem), sum = text_new(&ctx.mem);
  for (int i = 0; i < 200; i++)
    text_add(&deep, "-(");
  assert_int_equal(sym_parse(&ctx, LOOM_NOSPAN, text_str(&deep), &e), LOOM_ELIMIT);
  testing_expect_error(&ctx, LOOM_ELIMIT, "nested deeper than 100", 0, 0);
  loom_ctx_done(&ctx);
  sum = text_new(&ctx.mem);
  text_add(&sum, "x");
  for (int i = 0; i < 1000; i++)
    text_add(&sum, i < 999 ? "+x" : "");
  parsed(text_str(&sum));   /* 1000 terms are 1000 levels */
  text_add(&sum, "+x");
  assert_int_equal(sym_parse(&ctx, LOOM_NOSPAN, text_str(&sum), &e), LOOM_ELIMIT);
  testing_expect_error(&ctx, LOOM_ELIMIT, "more than 1000 levels", 0, 0);
}

/* ---- ETG ---- */

static data_value *json(const char *s) {
  data_value *v = NULL;
  if (data_read_json(&ctx, "etg.json", s, strlen(s), &v) != LOOM_OK)
    fail_msg("%s: %s", s, ctx.diag.first->text);
  return v;
}

static void test_etg_forms_are_read(void **state) {
  (void)state;
  const struct { const char *json, *text; } cases[] = {
    {"{\"Const\": 5}", "5"}, {"7", "7"}, {"{\"Sym\": \"tile_m\"}", "tile_m"},
    {"{\"Div\": [{\"Div\": [{\"Const\": 8192}, {\"Sym\": \"tile_s\"}]}, {\"Const\": 8}]}", "(8192 ceildiv tile_s) ceildiv 8"},
    {"{\"Add\": [{\"Sym\": \"a\"}, {\"Sym\": \"b\"}, 3]}", "a + b + 3"}, {"{\"Min\": [{\"Sym\": \"a\"}, {\"Sym\": \"b\"}, {\"Sym\": \"c\"}]}", "min(min(a, b), c)"},
    {"{\"Add\": [{\"Sym\": \"a\"}]}", "a"}, {"{\"Mod\": [{\"Sym\": \"a\"}, 2]}", "a mod 2"}, {"{\"FloorDiv\": [{\"Sym\": \"a\"}, 2]}", "a floordiv 2"},
    {"{\"CeilDiv\": [{\"Sym\": \"a\"}, 2]}", "a ceildiv 2"}, {"{\"Concrete\": {\"Expression\": {\"Sym\": \"a\"}}}", "a"}, {"\"True\"", "true"}, {"\"False\"", "false"},
    {"{\"IfElse\": {\"cond\": {\"Eq\": [{\"Sym\": \"db\"}, 1]}, \"then_expr\": 4, \"else_expr\": 2}}", "if(db == 1, 4, 2)"},
    {"{\"And\": [{\"Ge\": [{\"Sym\": \"a\"}, 32]}, {\"Le\": [{\"Sym\": \"a\"}, 64]}, {\"Ne\": [{\"Sym\": \"a\"}, 48]}]}", "a >= 32 && a <= 64 && a != 48"},
    {"{\"And\": []}", "true"}, {"{\"Or\": []}", "false"}, {"{\"Not\": {\"Lt\": [{\"Sym\": \"a\"}, 1]}}", "!(a < 1)"},
    {"{\"Divisible\": {\"x\": {\"Const\": 512}, \"by\": {\"Sym\": \"bk\"}}}", "divisible(512, bk)"},
    {"{\"InRange\": {\"x\": {\"Sym\": \"a\"}, \"lo\": 1, \"hi\": 9}}", "a >= 1 && a <= 9"}, {"{\"Or\": [{\"Gt\": [{\"Sym\": \"a\"}, 1]}, \"False\"]}", "a > 1"},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const sym_expr *e;
    if (sym_from_etg(&ctx, json(cases[i].json), &e) != LOOM_OK)
      fail_msg("%s: %s", cases[i].json, ctx.diag.first->text);
    assert_string_equal(sym_str(&ctx.mem, e), cases[i].text);
  }
}

static void test_etg_is_written_in_upstream_spelling(void **state) {
  (void)state;
  const struct { const char *text; bool exact; const char *json; } cases[] = {
    {"a ceildiv 2", false, "{\"Div\": [{\"Sym\": \"a\"}, {\"Const\": 2}]}"}, {"a ceildiv 2", true, "{\"CeilDiv\": [{\"Sym\": \"a\"}, {\"Const\": 2}]}"},
    {"a floordiv 2", false, "{\"FloorDiv\": [{\"Sym\": \"a\"}, {\"Const\": 2}]}"}, {"a mod 2", false, "{\"Mod\": [{\"Sym\": \"a\"}, {\"Const\": 2}]}"},
    {"a + b + c", false, "{\"Add\": [{\"Add\": [{\"Sym\": \"a\"}, {\"Sym\": \"b\"}]}, {\"Sym\": \"c\"}]}"},
    {"a + b + c", true, "{\"Add\": [{\"Sym\": \"a\"}, {\"Sym\": \"b\"}, {\"Sym\": \"c\"}]}"},
    {"a > 1 && b > 1 && c > 1", false, "{\"And\": [{\"Gt\": [{\"Sym\": \"a\"}, {\"Const\": 1}]}, {\"Gt\": [{\"Sym\": \"b\"}, {\"Const\": 1}]}, {\"Gt\": [{\"Sym\": \"c\"}, {\"Const\": 1}]}]}"},
    {"if(!divisible(x, y), 1, 2)", false, "{\"IfElse\": {\"cond\": {\"Not\": {\"Divisible\": {\"x\": {\"Sym\": \"x\"}, \"by\": {\"Sym\": \"y\"}}}}, \"then_expr\": {\"Const\": 1}, \"else_expr\": {\"Const\": 2}}}"},
    {"true", false, "\"True\""},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++)
    assert_string_equal(data_write_json(&ctx.mem, sym_to_etg(&ctx.mem, parsed(cases[i].text), cases[i].exact), 0), cases[i].json);
}

static void test_etg_round_trips(void **state) {
  (void)state;
  rng r = rng_new(6);
  for (int i = 0; i < 2000; i++) {
    const sym_expr *e = made_up(&ctx.mem, &r, 5, rng_next(&r) & 1), *back;
    data_value *v = sym_to_etg(&ctx.mem, e, i & 1);
    assert_int_equal(sym_from_etg(&ctx, json(data_write_json(&ctx.mem, v, 0)), &back), LOOM_OK);
    assert_true(sym_equal(e, back));
    loom_ctx_done(&ctx);
  }
}

static void test_wrong_etg_is_refused_with_its_place(void **state) {
  (void)state;
  const struct { const char *json; int col; const char *message, *help; } cases[] = {
    {"{\"Adds\": [1, 2]}", 2, "unknown expression \"Adds\"", "did you mean \"Add\"?"}, {"\"tile_m\"", 1, "found \"tile_m\"", "write an integer"},
    {"{\"Add\": [1, 2], \"Sub\": [1, 2]}", 1, "found an object with 2 keys", NULL}, {"1.5", 1, "found a number", NULL}, {"[1]", 1, "found a list", NULL},
    {"{\"Const\": \"x\"}", 11, "\"Const\" takes an integer; found a string", NULL}, {"{\"Sym\": 3}", 9, "\"Sym\" takes a name; found an integer", NULL},
    {"{\"Add\": 3}", 9, "\"Add\" takes a list of operands; found an integer", NULL}, {"{\"Add\": []}", 9, "at least one operand; found 0", NULL},
    {"{\"Sub\": [1]}", 9, "\"Sub\" takes two operands; found 1", NULL}, {"{\"Div\": [1, 2, 3]}", 9, "\"Div\" takes two operands; found 3", NULL},
    {"{\"Add\": [1, \"True\"]}", 13, "found a constraint; expected a number", NULL}, {"{\"And\": [1]}", 10, "found a number; expected a constraint", NULL},
    {"{\"Not\": 1}", 9, "found a number; expected a constraint", NULL}, {"{\"IfElse\": [1]}", 12, "\"IfElse\" takes an object; found a list", NULL},
    {"{\"IfElse\": {\"cond\": \"True\", \"then_expr\": 1}}", 12, "the key 'else_expr' is missing", NULL}, {"{\"Divisible\": {\"x\": 1}}", 15, "the key 'by' is missing", NULL},
    {"{\"InRange\": {\"x\": 1, \"lo\": 1}}", 13, "the key 'hi' is missing", NULL},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const sym_expr *e;
    assert_int_equal(sym_from_etg(&ctx, json(cases[i].json), &e), LOOM_EINPUT);
    testing_expect_error(&ctx, LOOM_EINPUT, cases[i].message, 1, cases[i].col);
    if (cases[i].help)
      assert_non_null(strstr(ctx.diag.first->help, cases[i].help));
    loom_ctx_done(&ctx);
  }
  text sum = text_new(&ctx.mem);
  for (int i = 0; i < 1001; i++)
    text_addf(&sum, "%s{\"Sym\": \"x\"}", i ? ", " : "{\"Add\": [");
  text_add(&sum, "]}");
  const sym_expr *e;
  assert_int_equal(sym_from_etg(&ctx, json(text_str(&sum)), &e), LOOM_ELIMIT);
  testing_expect_error(&ctx, LOOM_ELIMIT, "more than 1000 levels", 0, 0);
}

/* ---- every small damage ---- */

/* Each expression cut at each byte, with a byte that opens nothing in each place, and with each byte said twice: it is read, and what it says reads back as the same, or it is
 * refused with one error whose place lies in the text. */
static void test_damaged_text_is_refused_at_a_place_or_read(void **state) {
  (void)state;
  static const char *const good[] = {"if(a < 3 && !divisible(a, b) || c == 1, min(a, b, 4) * 2 + `odd name`, a ceildiv b - max(c mod 7, -5))", "IF (a <= b) {a} ELSE {b / 1 + in_range(x, 1, 9)}",
                                     "in_range(x, 1, `a``b`) && true || (false && (a + -(b)) >= 9223372036854775807)", "!(a != b) && a.b > $c"};
  const diag_source *source = diag_add_source(&ctx, "t", "", 0);
  arena m = {0};
  for (size_t i = 0; i < COUNT_OF(good); i++)
    for (size_t at = 0; at <= strlen(good[i]); at++)
      for (int way = 0; way < 4; way++) {
        const char *rest = good[i] + at, *damaged = way == 0   ? arena_printf(&m, "%.*s", (int)at, good[i])
                                                   : way == 1 ? arena_printf(&m, "%.*s;%s", (int)at, good[i], *rest ? rest + 1 : "")
                                                   : way == 2 ? arena_printf(&m, "%.*s%.1s%s", (int)at, good[i], rest, rest)
                                                              : arena_printf(&m, "%.*s%s", (int)at, good[i], *rest ? rest + 1 : "");
        const sym_expr *e, *back;
        loom_ctx_done(&ctx);
        const loom_span span = {source, 1, 100, 1, 100 + (int32_t)strlen(damaged)};
        const loom_status st = sym_parse(&ctx, span, damaged, &e);
        if (st == LOOM_OK) {
          assert_int_equal(sym_parse(&ctx, LOOM_NOSPAN, sym_str(&ctx.mem, e), &back), LOOM_OK);
          assert_true(sym_equal(e, back));
          continue;
        }
        const diag_item *d = ctx.diag.first;
        if (st != LOOM_EINPUT || ctx.diag.errors != 1 || d->span.line != 1 || d->span.col < 100 || d->span.col > 100 + (int)strlen(damaged))
          fail_msg("'%s': status %d, %d errors, column %d: %s", damaged, (int)st, ctx.diag.errors, d ? d->span.col : 0, d ? d->text : "");
      }
  arena_done(&m);
}

static loom_status etg_again(loom_ctx *c, const data_value *v) {
  const sym_expr *e, *back;
  LOOM_TRY(sym_from_etg(c, v, &e));
  assert_int_equal(sym_from_etg(c, sym_to_etg(&c->mem, e, true), &back), LOOM_OK);
  assert_true(sym_equal(e, back));
  return LOOM_OK;
}

static void test_edited_etg_is_refused_or_read(void **state) {
  (void)state;
  static const char *const good[] = {
      "{\"IfElse\": {\"cond\": {\"Not\": {\"Divisible\": {\"x\": {\"Sym\": \"x\"}, \"by\": {\"Const\": 2}}}}, \"then_expr\": {\"Add\": [{\"Sym\": \"a\"}, {\"Mul\": [{\"Const\": 3}, 4]}]}, \"else_expr\": {\"Div\": [1, 2]}}}",
      "{\"And\": [{\"InRange\": {\"x\": {\"Sym\": \"x\"}, \"lo\": 1, \"hi\": {\"Concrete\": 9}}}, {\"Or\": [\"True\", {\"Lt\": [1, {\"Expression\": {\"Sym\": \"b\"}}]}]}]}"};
  for (size_t i = 0; i < COUNT_OF(good); i++) {
    testing_edits e = {.read = etg_again, .is_lenient = true};      /* a number stands as itself or in an object */
    arena m = {0};
    loom_ctx own;
    data_value *v;
    loom_ctx_init(&own);
    assert_int_equal(data_read_json(&own, "etg", good[i], strlen(good[i]), &v), LOOM_OK);
    testing_edit_all(&m, v, &e);
    arena_done(&m);
    loom_ctx_done(&own);
  }
}

/* ---- memory ---- */

static loom_status whole_way(loom_ctx *c, void *data) {
  (void)data;
  const sym_expr *e, *back;
  static const char *const slots[] = {"a", "b"};
  sym_code *code;
  data_value *v;
  LOOM_TRY(sym_parse(c, LOOM_NOSPAN, "if(a < 3 && divisible(a, b), min(a, b) * 2 + `odd name`, a ceildiv b)", &e));
  const char *etg = data_write_json(&c->mem, sym_to_etg(&c->mem, e, true), 0);
  LOOM_TRY(data_read_json(c, "etg", etg, strlen(etg), &v));
  LOOM_TRY(sym_from_etg(c, v, &back));
  if (!sym_equal(e, back))
    return LOOM_EBUG;
  loom_status st = sym_compile(c, e, slots, 2, &code);
  return st == LOOM_EINPUT ? LOOM_OK : st;   /* `odd name` has no slot: the diagnostic needs memory too */
}

static void test_expressions_survive_running_out_of_memory(void **state) {
  (void)state;
  testing_sweep_memory(whole_way, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(test_text_reads_with_the_usual_precedence, setup, teardown),
    cmocka_unit_test_setup_teardown(test_printed_expressions_read_back_the_same, setup, teardown),
    cmocka_unit_test_setup_teardown(test_parse_errors_point_at_the_token, setup, teardown),
    cmocka_unit_test_setup_teardown(test_parse_bounds_nesting_and_depth, setup, teardown),
    cmocka_unit_test_setup_teardown(test_damaged_text_is_refused_at_a_place_or_read, setup, teardown),
    cmocka_unit_test_setup_teardown(test_edited_etg_is_refused_or_read, setup, teardown),
    cmocka_unit_test_setup_teardown(test_etg_forms_are_read, setup, teardown),
    cmocka_unit_test_setup_teardown(test_etg_is_written_in_upstream_spelling, setup, teardown),
    cmocka_unit_test_setup_teardown(test_etg_round_trips, setup, teardown),
    cmocka_unit_test_setup_teardown(test_wrong_etg_is_refused_with_its_place, setup, teardown),
    cmocka_unit_test_setup_teardown(test_expressions_survive_running_out_of_memory, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
