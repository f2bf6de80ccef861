#include "frontend/python/syntax.h"
#include "base/testing.h"

/* Parses `text` in a fresh context. */
static loom_status parse(loom_ctx *ctx, const char *code, size_t size, syn_node **out) {
  loom_ctx_init(ctx);
  return python_parse(ctx, "k.py", code, size, out);
}

static void expect_error(const char *code, size_t size, loom_status status, const char *needle, int line, int col) {
  loom_ctx ctx;
  syn_node *tree;
  assert_int_equal(parse(&ctx, code, size, &tree), status);
  testing_expect_error(&ctx, status, needle, line, col);
  loom_ctx_done(&ctx);
}

static syn_node *first_statement(syn_node *module) {
  size_t n;
  syn_node **body = syn_list(module, "body", &n);
  assert_true(n > 0);
  return body[0];
}

static void test_tree_mirrors_the_ast_with_byte_positions(void **state) {
  (void)state;
  static const char code[] = "# c\n@deco\ndef f(x, *, y=1):\n  s = \"\xC3\xA9\" + x.a.b[0]\n";
  loom_ctx ctx;
  syn_node *tree;
  assert_int_equal(parse(&ctx, code, sizeof code - 1, &tree), LOOM_OK);
  assert_int_equal(tree->kind, SYN_Module);
  syn_node *f = first_statement(tree);
  assert_int_equal(f->kind, SYN_FunctionDef);
  assert_string_equal(syn_ident(f, "name"), "f");
  assert_int_equal(f->span.line, 3);
  syn_node *assign = first_statement(f);
  assert_int_equal(assign->kind, SYN_Assign);
  syn_node *sum = syn_child(assign, "value");
  assert_int_equal(sum->kind, SYN_BinOp);
  assert_int_equal(syn_child(sum, "op")->kind, SYN_Add);
  assert_string_equal(syn_child(sum, "left")->string, "\xC3\xA9");
  syn_node *sub = syn_child(sum, "right");
  assert_int_equal(sub->span.line, 4);
  assert_int_equal(sub->span.col, 14);   /* bytes: the accented letter counts as two */
  assert_int_equal(sub->span.end_col, 22);
  assert_string_equal(syn_dotted(&ctx.mem, syn_child(sub, "value")), "x.a.b");
  assert_null(syn_dotted(&ctx.mem, sub));
  syn_node *args = syn_child(f, "args");
  size_t n;
  syn_node **kwonly = syn_list(args, "kwonlyargs", &n);
  assert_int_equal(n, 1);
  assert_string_equal(syn_ident(kwonly[0], "arg"), "y");
  assert_null(syn_child(f, "no_such_field"));
  loom_ctx_done(&ctx);
}

static void test_constants_keep_their_kind_and_value(void **state) {
  (void)state;
  static const struct { const char *text; syn_const kind; int64_t integer; double real; } rows[] = {
      {"None", SYN_CONST_NONE, 0, 0}, {"True", SYN_CONST_BOOL, 1, 0}, {"False", SYN_CONST_BOOL, 0, 0}, {"42", SYN_CONST_INT, 42, 42},
      {"0x10", SYN_CONST_INT, 16, 16}, {"9223372036854775807", SYN_CONST_INT, INT64_MAX, 9223372036854775807.0},
      {"9223372036854775808", SYN_CONST_BIGINT, 0, 0}, {"1.5e3", SYN_CONST_FLOAT, 0, 1500}, {"2j", SYN_CONST_COMPLEX, 0, 0},
      {"'s'", SYN_CONST_STR, 0, 0}, {"b's'", SYN_CONST_BYTES, 0, 0}, {"...", SYN_CONST_ELLIPSIS, 0, 0}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    loom_ctx ctx;
    syn_node *tree;
    assert_int_equal(parse(&ctx, rows[i].text, strlen(rows[i].text), &tree), LOOM_OK);
    syn_node *c = syn_child(first_statement(tree), "value");
    assert_int_equal(c->kind, SYN_Constant);
    assert_int_equal(c->const_kind, rows[i].kind);
    if (rows[i].kind == SYN_CONST_INT || rows[i].kind == SYN_CONST_BOOL)
      assert_int_equal(c->integer, rows[i].integer);
    if (rows[i].kind == SYN_CONST_FLOAT || rows[i].kind == SYN_CONST_INT)
      assert_true(c->real == rows[i].real);
    loom_ctx_done(&ctx);
  }
}

static void test_syntax_errors_have_pythons_position(void **state) {
  (void)state;
  static const struct { const char *text, *needle; int line, col; } rows[] = {
      {"x = (1,\ny = 2\n", "'(' was never closed", 1, 5},
      {"def f(:\n  pass\n", "syntax error", 1, 7},
      {"if x:\npass\n", "expected an indented block", 2, 1},
      {"s = '\xC3\xA9\xC3\xA9' $ 2\n", "syntax error", 1, 12},   /* column in bytes */
      {"x = 'abc\n", "unterminated string", 1, 5},
      {"\treturn\n        x\n", "unexpected indent", 1, 0}};
  for (size_t i = 0; i < COUNT_OF(rows); i++)
    expect_error(rows[i].text, strlen(rows[i].text), LOOM_EINPUT, rows[i].needle, rows[i].col ? rows[i].line : 0, rows[i].col);
}

static bool same_text(const char *a, const char *b) { return text_eq(a ? a : "", b ? b : ""); }

static void expect_same_tree(const syn_node *a, const syn_node *b) {
  assert_true(!a == !b);
  if (!a)
    return;
  loom_span p = a->span, q = b->span;
  assert_string_equal(a->class_name, b->class_name);
  assert_true(p.line == q.line && p.col == q.col && p.end_line == q.end_line && p.end_col == q.end_col);
  assert_true(a->const_kind == b->const_kind && a->integer == b->integer && same_text(a->string, b->string));
  assert_int_equal(a->n_fields, b->n_fields);
  for (size_t i = 0; i < a->n_fields; i++) {
    const syn_field *f = &a->fields[i], *g = &b->fields[i];
    assert_true(text_eq(f->name, g->name) && f->is_list == g->is_list && f->n == g->n && same_text(f->ident, g->ident));
    for (size_t k = 0; k < f->n; k++)
      expect_same_tree(f->items[k], g->items[k]);
    if (!f->is_list)
      expect_same_tree(f->node, g->node);
  }
}

/* A text is read a few statements at a time, one with a carriage return in it as a whole. */
static void test_statements_read_apart_are_the_tree_of_the_whole(void **state) {
  (void)state;
  static const char *const pieces[] = {
      "import torch\nfrom a import (b,\nc)\n",
      "@deco\n@deco(1)\n# between\n\ndef f(x, *, y=1):\n  return x\n",
      "if a:\n  b = 1\nelif c:\n  d = 2\nelse:\n  e = 3\n",
      "try:\n  f()\nexcept E as e:\n  pass\nelse:\n  g()\nfinally:\n  h()\n",
      "s = \"\"\"\ndef not_one():\n'''\nelse:\n\"\"\"\n",
      "x = 1 + \\\n2\ny = [\n1,\n(\n2)]\n",
      "class K(B):\n  '''doc'''\n\n# comment \\\n  def m(self):\n    return {1: 2}\n",
      "elsewhere = 1; z = 2\nx: int = 3\n'text'\n(1)\n",
      "\n\n   # odd indentation\n\nfor i in \\\nrange(3): pass\n\n",
      "match x:\n  case 1: pass\n",
      "l = lambda: (yield)\n\"\xC3\xA9\" ; \xC3\xA9 = '\xC3\xA9'\n",
      "while a:\n\tb()\nelse: c()\n"};
  static const struct { const char *lines, *needle; int at; } wrong[] = {
      {"x = = 1", "invalid syntax", 0},      {"x = (1", "'(' was never closed", 0},   {"  x = 1", "unexpected indent", 0},
      {"else: pass", "invalid syntax", 0},   {"x = 'abc", "unterminated string", 0},  {"if x:", "expected an indented block", 1},
      {"@deco\n", "invalid syntax", 2},      {"x = 1 \\", "invalid syntax", 1},        {"try:\n  pass", "expected 'except' or 'finally'", 2}};
  uint32_t random = 7;
  for (int round = 0; round < 27; round++) {
    loom_ctx ctx;
    syn_node *apart, *whole;
    loom_ctx_init(&ctx);
    text t = text_new(&ctx.mem);
    for (int i = 0; i < 300; i++)
      text_add(&t, pieces[(random = random * 1664525 + 1013904223) / 65536 % COUNT_OF(pieces)]);
    const char *code = text_str(&t);
    assert_int_equal(python_parse(&ctx, "k.py", code, strlen(code), &apart), LOOM_OK);
    code = arena_printf(&ctx.mem, "%s\r\n", text_str(&t));
    assert_int_equal(python_parse(&ctx, "k.py", code, strlen(code), &whole), LOOM_OK);
    expect_same_tree(apart, whole);
    int32_t line = 2;   /* and the places of errors, in the line behind the next one */
    for (const char *p = text_str(&t); *p; p++)
      line += *p == '\n';
    size_t k = (size_t)round % COUNT_OF(wrong);
    code = arena_printf(&ctx.mem, "%sz = 0\n%s\ny = 1\n%s", text_str(&t), wrong[k].lines, text_str(&t));
    loom_status st = python_parse(&ctx, "k.py", code, strlen(code), &apart);
    loom_ctx other;   /* each error is found by the parse of the whole text in the end */
    loom_ctx_init(&other);
    assert_int_equal(python_parse(&other, "k.py", arena_printf(&ctx.mem, "%s\r\n", code), strlen(code) + 2, &whole), st);
    assert_int_equal(st, LOOM_EINPUT);
    testing_expect_error(&other, LOOM_EINPUT, wrong[k].needle, 0, 0);
    testing_expect_error(&ctx, LOOM_EINPUT, other.diag.first->text, line + wrong[k].at, other.diag.first->span.col);
    assert_int_equal(other.diag.first->span.line, line + wrong[k].at);
    loom_ctx_done(&other);
    loom_ctx_done(&ctx);
  }
}

/* The text may be another one than that of the file, or of standard input. */
static void test_syntax_errors_have_the_columns_of_the_text_and_not_of_the_file(void **state) {
  (void)state;
  static const char code[] = "s = '\xC3\xA9\xC3\xA9' $ 2\n";
  loom_ctx ctx;
  syn_node *tree;
  loom_ctx_init(&ctx);
  assert_int_equal(python_parse(&ctx, "/proc/self/status", code, sizeof code - 1, &tree), LOOM_EINPUT);   /* a file of many lines */
  testing_expect_error(&ctx, LOOM_EINPUT, "syntax error", 1, 12);
  loom_ctx_done(&ctx);
}

static void test_bytes_that_are_not_text_are_refused(void **state) {
  (void)state;
  expect_error("x = 1\ny\0z\n", 10, LOOM_EINPUT, "NUL byte", 2, 2);
  expect_error("x = '\xff'\n", 8, LOOM_EINPUT, "0xff is not valid UTF-8", 1, 6);
  expect_error("x = '\xed\xa0\x80'\n", 10, LOOM_EINPUT, "not valid UTF-8", 1, 6);
  expect_error("# \xe2\x82", 4, LOOM_EINPUT, "not valid UTF-8", 1, 3);
}

static void test_byte_order_mark_is_skipped(void **state) {
  (void)state;
  static const char code[] = "\xEF\xBB\xBFx = 1\n";
  loom_ctx ctx;
  syn_node *tree;
  assert_int_equal(parse(&ctx, code, sizeof code - 1, &tree), LOOM_OK);
  assert_int_equal(first_statement(tree)->span.col, 1);
  loom_ctx_done(&ctx);
}

/* `n` times `open`, then "1", then `n` times `close`. */
static char *nested(arena *m, const char *open, const char *close, int n) {
  text t = text_new(m);
  for (int i = 0; i < n; i++)
    text_add(&t, open);
  text_add(&t, "1");
  for (int i = 0; i < n; i++)
    text_add(&t, close);
  text_add(&t, "\n");
  return t.data;
}

static void test_depth_is_limited(void **state) {
  (void)state;
  arena m = {0};
  static const struct { const char *open, *close; int n; loom_status status; } rows[] = {
      {"(", ")", 128, LOOM_OK},       {"(", ")", 129, LOOM_ELIMIT},  {"[", "]", 100, LOOM_OK},      {"[", "]", 100000, LOOM_ELIMIT},
      {"- ", "", 100, LOOM_OK},       {"- ", "", 200, LOOM_ELIMIT},  {"- ", "", 50000, LOOM_ELIMIT}, {"", "+1", 100, LOOM_OK},
      {"", "+1", 20000, LOOM_ELIMIT}, {"'(' + ", "", 100, LOOM_OK},  {"not ", "", 9000, LOOM_ELIMIT}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    const char *code = nested(&m, rows[i].open, rows[i].close, rows[i].n);
    loom_ctx ctx;
    syn_node *tree;
    loom_status st = parse(&ctx, code, strlen(code), &tree);
    if (st != rows[i].status)
      fail_msg("%d times '%s': status %d", rows[i].n, rows[i].open, (int)st);
    assert_int_equal(ctx.diag.errors, st == LOOM_OK ? 0 : 1);
    loom_ctx_done(&ctx);
  }
  arena_done(&m);
}

static void test_brackets_in_strings_and_comments_do_not_count(void **state) {
  (void)state;
  arena m = {0};
  text t = text_new(&m);
  static const char *const wraps[][2] = {{"x = '", "'\n"}, {"x = \"\"\"\n", "\\\"\"\"\"\n"}, {"# ", "\n"}};
  for (size_t i = 0; i < COUNT_OF(wraps); i++) {
    text_add(&t, wraps[i][0]);
    for (int j = 0; j < 300; j++)
      text_add(&t, "[");
    text_add(&t, wraps[i][1]);
  }
  loom_ctx ctx;
  syn_node *tree;
  assert_int_equal(parse(&ctx, t.data, t.size, &tree), LOOM_OK);
  loom_ctx_done(&ctx);
  arena_done(&m);
}

static void test_size_and_name_length_are_limited(void **state) {
  (void)state;
  arena m = {0};
  size_t max = (size_t)1 << 20;
  char *big = ARENA_NEW_N(&m, char, max + 1);
  memset(big, '\n', max + 1);
  loom_ctx ctx;
  syn_node *tree;
  assert_int_equal(parse(&ctx, big, max, &tree), LOOM_OK);
  loom_ctx_done(&ctx);
  expect_error(big, max + 1, LOOM_ELIMIT, "may have at most", 0, 0);
  char name[300];
  memset(name, 'a', sizeof name);
  assert_int_equal(parse(&ctx, name, 255, &tree), LOOM_OK);
  loom_ctx_done(&ctx);
  expect_error(name, 256, LOOM_ELIMIT, "a name of 256 bytes", 1, 1);
  arena_done(&m);
}

static void test_nothing_is_executed_or_imported(void **state) {
  (void)state;
  static const char code[] = "import no_such_module_at_all\nopen('loom_was_here.tmp', 'w').write('x')\nraise SystemExit(3)\n";
  loom_ctx ctx;
  syn_node *tree;
  remove("loom_was_here.tmp");
  assert_int_equal(parse(&ctx, code, sizeof code - 1, &tree), LOOM_OK);
  size_t n;
  syn_list(tree, "body", &n);
  assert_int_equal(n, 3);
  assert_null(fopen("loom_was_here.tmp", "r"));
  loom_ctx_done(&ctx);
}

static void test_every_listed_class_is_recognised(void **state) {
  (void)state;
  static const char code[] = "async def g():\n  await h()\n  yield 1\nclass C(B): pass\nglobal z\nfor i in (*a,): break\n"
                             "try:\n  del x\nfinally:\n  assert {**d} if not x else {i for i in y}\nmatch x:\n  case {'k': 1, **rest}: pass\n"
                             "with a as b: x @= y\nl = lambda q, /, r=2, *s, t, **u: f'{q!r:>{r}}'\n";
  loom_ctx ctx;
  syn_node *tree;
  assert_int_equal(parse(&ctx, code, sizeof code - 1, &tree), LOOM_OK);
  static const syn_kind kinds[] = {SYN_AsyncFunctionDef, SYN_ClassDef, SYN_Global, SYN_For, SYN_Try, SYN_Match, SYN_With, SYN_Assign};
  size_t n;
  syn_node **body = syn_list(tree, "body", &n);
  assert_int_equal(n, COUNT_OF(kinds));
  for (size_t i = 0; i < n; i++)
    assert_int_equal(body[i]->kind, kinds[i]);
  syn_node **names = syn_list(body[2], "names", &n);
  assert_int_equal(n, 1);
  assert_string_equal(syn_ident(names[0], "id"), "z");
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_tree_mirrors_the_ast_with_byte_positions), cmocka_unit_test(test_constants_keep_their_kind_and_value),
      cmocka_unit_test(test_syntax_errors_have_pythons_position),      cmocka_unit_test(test_syntax_errors_have_the_columns_of_the_text_and_not_of_the_file),
      cmocka_unit_test(test_bytes_that_are_not_text_are_refused),              cmocka_unit_test(test_statements_read_apart_are_the_tree_of_the_whole),
      cmocka_unit_test(test_byte_order_mark_is_skipped),               cmocka_unit_test(test_depth_is_limited),
      cmocka_unit_test(test_brackets_in_strings_and_comments_do_not_count), cmocka_unit_test(test_size_and_name_length_are_limited),
      cmocka_unit_test(test_nothing_is_executed_or_imported),          cmocka_unit_test(test_every_listed_class_is_recognised)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
