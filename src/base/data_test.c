#include "base/data_private.h"
#include "base/file.h"
#include "base/rng.h"
#include "base/testing.h"
#include "base/text.h"
#include <unistd.h>

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

static loom_status read_json(const char *s, data_value **out) { return data_read_json(&ctx, "t.json", s, strlen(s), out); }
static loom_status read_yaml(const char *s, data_value **out) { return data_read_yaml(&ctx, "t.yaml", s, strlen(s), out); }

static void expect_help(const char *words) {
  const char *help = ctx.diag.first->help;
  if (!help || !strstr(help, words))
    fail_msg("help for \"%s\" is \"%s\"; expected \"%s\"", ctx.diag.first->text, help ? help : "", words);
}

static bool same_value(const data_value *a, const data_value *b) {
  if (a->kind != b->kind || a->n != b->n)
    return false;
  switch (a->kind) {
  case DATA_NULL: return true;
  case DATA_BOOL: return a->boolean == b->boolean;
  case DATA_INT: return a->integer == b->integer && a->real == b->real;
  case DATA_REAL: return memcmp(&a->real, &b->real, sizeof a->real) == 0;
  case DATA_STRING: return text_eq(a->string, b->string);
  case DATA_ARRAY:
  case DATA_OBJECT: break;
  }
  for (size_t i = 0; i < a->n; i++) {
    bool is_object = a->kind == DATA_OBJECT;
    if (is_object ? !text_eq(a->members[i].key, b->members[i].key) || !same_value(a->members[i].value, b->members[i].value)
                  : !same_value(a->items[i], b->items[i]))
      return false;
  }
  return true;
}

/* A tree made from `r`, with awkward numbers and strings. */
static data_value *made_up(rng *r, int depth) {
  static const char *const strings[] = {"", "a", "\"\\/", "tab\tline\nend\r", "\x01\x1f\x7f", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "null", "12", "- x: #y", " pad ", "{[,:]}"};
  static const double reals[] = {0.1, -0.0, 1e300, 5e-324, 1.0, 1e22, 1.0 / 3, 123456789012345680.0, 2.5e-310, 0x1.fffffffffffffp1023};
  arena *m = &ctx.mem;
  switch (rng_range(r, 0, depth > 0 ? 7 : 5)) {
  case 0: return data_null(m);
  case 1: return data_bool(m, rng_next(r) & 1);
  case 2: return data_int(m, (int64_t)rng_next(r) >> rng_range(r, 0, 63));
  case 3: return data_string(m, strings[rng_range(r, 0, (int64_t)COUNT_OF(strings) - 1)]);
  case 4: return data_real(m, reals[rng_range(r, 0, (int64_t)COUNT_OF(reals) - 1)]);
  case 5: {
    uint64_t bits = rng_next(r);
    double d;
    memcpy(&d, &bits, sizeof d);
    return data_real(m, isfinite(d) ? d : 0.5);
  }
  case 6: {
    data_value *v = data_array(m);
    for (int64_t n = rng_range(r, 0, 6); n > 0; n--)
      data_push(m, v, made_up(r, depth - 1));
    return v;
  }
  default: {
    data_value *v = data_object(m);
    for (int64_t n = rng_range(r, 0, 6); n > 0; n--) {
      const char *key = arena_printf(m, "%d%s", (int)n, strings[rng_range(r, 0, (int64_t)COUNT_OF(strings) - 1)]);
      data_set(m, v, key, made_up(r, depth - 1));
    }
    return v;
  }
  }
}

static void test_trees_survive_writing_and_both_readers(void **state) {
  (void)state;
  rng r = rng_new(3);
  for (int i = 0; i < 300; i++) {
    data_value *v = made_up(&r, 4), *j = NULL, *y = NULL;
    const char *written = data_write_json(&ctx.mem, v, i % 3);
    assert_int_equal(read_json(written, &j), LOOM_OK);
    assert_true(same_value(v, j));
    assert_int_equal(read_yaml(written, &y), LOOM_OK);   /* what we write is YAML too */
    assert_true(same_value(v, y));
    assert_string_equal(data_write_json(&ctx.mem, j, i % 3), written);
  }
}

/* The text a span covers. */
static const char *covered(loom_span s) {
  const char *p = s.source->text, *begin = NULL;
  int32_t line = 1, col = 1;
  for (;; p++) {
    if (line == s.line && col == s.col)
      begin = p;
    if (line == s.end_line && col == s.end_col)
      return arena_strndup(&ctx.mem, begin, (size_t)(p - begin));
    col = *p == '\n' ? 1 : col + 1;
    line += *p == '\n';
    assert_true(p < s.source->text + s.source->size);
  }
}

/* Oracle: the text under a value's span, read alone, is the value again. */
static void check_spans(const data_value *v, loom_status (*read)(const char *, data_value **)) {
  data_value *again;
  assert_int_equal(read(covered(v->span), &again), LOOM_OK);
  assert_true(same_value(v, again));
  for (size_t i = 0; i < v->n; i++) {
    if (v->kind == DATA_OBJECT) {
      assert_int_equal(read(covered(v->members[i].key_span), &again), LOOM_OK);
      assert_string_equal(again->string, v->members[i].key);
    }
    check_spans(v->kind == DATA_OBJECT ? v->members[i].value : v->items[i], read);
  }
}

static void test_spans_cover_exactly_the_value(void **state) {
  (void)state;
  rng r = rng_new(4);
  data_value *back = NULL;
  for (int i = 0; i < 40; i++) {
    const char *written = data_write_json(&ctx.mem, made_up(&r, 4), i % 3);
    assert_int_equal(read_json(written, &back), LOOM_OK);
    check_spans(back, read_json);
    assert_int_equal(read_yaml(written, &back), LOOM_OK);
    check_spans(back, read_yaml);
  }
  assert_int_equal(read_json(" \r\n[ ] ", &back), LOOM_OK);
  assert_string_equal(covered(back->span), "[ ]");
  assert_int_equal(read_json("{\"a\" :\t[1 ,2\n] , \"\\\"}\":{ } }", &back), LOOM_OK);
  check_spans(back, read_json);
  assert_int_equal(read_yaml("# caf\xc3\xa9\nname: \xc3\xa9t\xc3\xa9 # x\nlist:\n  - a: 1\n    b: [2, {c: 3}]\n  - 'q'\n\n# end\n", &back), LOOM_OK);
  assert_string_equal(covered(data_get(back, "name")->span), "\xc3\xa9t\xc3\xa9");
  assert_string_equal(covered(data_get(back, "list")->span), "- a: 1\n    b: [2, {c: 3}]\n  - 'q'");
  assert_string_equal(covered(back->members[1].key_span), "list");
  assert_string_equal(covered(data_get(data_get(back, "list")->items[0], "b")->span), "[2, {c: 3}]");
}

static void test_wrong_json_is_refused_with_its_place(void **state) {
  (void)state;
  const struct { const char *text, *message; int line, col; loom_status status; const char *help; } cases[] = {
    {"[1, 2", "']' expected near end of file", 1, 6, LOOM_EINPUT, NULL},
    {"", "near end of file", 1, 1, LOOM_EINPUT, NULL},
    {"{\"a\": 1,\n \"b\" 2}", "':' expected near '2'", 2, 6, LOOM_EINPUT, NULL},
    {"[1,\n 2,\n]", "unexpected token near ']'", 3, 1, LOOM_EINPUT, "no comma behind the last item"},
    {"{\"a\": 1, \"a\": 2}", "duplicate object key", 1, 10, LOOM_EINPUT, "once"},
    {"[nan]", "invalid token near 'nan'", 1, 2, LOOM_EINPUT, NULL},
    {"['x']", "invalid token near '''", 1, 2, LOOM_EINPUT, "double-quoted"},
    {"[99999999999999999999]", "too big integer", 1, 2, LOOM_EINPUT, NULL},
    {"[1e999]", "real number overflow", 1, 2, LOOM_EINPUT, NULL},
    {"[\"\xff\"]", "unable to decode byte 0xff", 1, 2, LOOM_EINPUT, NULL},
    {"[\"\\u0000\"]", "\\u0000 is not allowed near", 1, 2, LOOM_EINPUT, NULL},
    {"1 2", "end of file expected near '2'", 1, 3, LOOM_EINPUT, NULL},
    {"[\"a\nb\"]", "unexpected newline", 1, 2, LOOM_EINPUT, NULL},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    data_value *v;
    assert_int_equal(read_json(cases[i].text, &v), cases[i].status);
    testing_expect_error(&ctx, cases[i].status, cases[i].message, cases[i].col ? cases[i].line : 0, cases[i].col);
    if (cases[i].help)
      expect_help(cases[i].help);
    loom_ctx_done(&ctx);
  }
}

/* `n` opening brackets, then as many closing ones. */
static char *nested(int n) {
  char *s = arena_alloc(&ctx.mem, (size_t)n * 2 + 1);
  memset(s, '[', (size_t)n);
  memset(s + n, ']', (size_t)n);
  return s;
}

static void test_readers_keep_their_limits(void **state) {
  (void)state;
  data_value *v;
  assert_int_equal(read_json(nested(128), &v), LOOM_OK);
  assert_int_equal(read_json("[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[\"]", &v), LOOM_OK);
  assert_int_equal(read_json(nested(129), &v), LOOM_ELIMIT);
  testing_expect_error(&ctx, LOOM_ELIMIT, "deeper than 128 levels", 1, 129);
  loom_ctx_done(&ctx);
  assert_int_equal(read_json(nested(100000), &v), LOOM_ELIMIT);
  loom_ctx_done(&ctx);
  assert_int_equal(read_yaml(nested(32), &v), LOOM_OK);
  assert_int_equal(read_yaml(nested(33), &v), LOOM_ELIMIT);
  testing_expect_error(&ctx, LOOM_ELIMIT, "deeper than 32 levels", 1, 33);
  loom_ctx_done(&ctx);
  assert_int_equal(data_read_json(&ctx, "big", "", 64 * 1024 * 1024 + 1, &v), LOOM_ELIMIT);   /* refused before it is looked at */
  testing_expect_error(&ctx, LOOM_ELIMIT, "at most 67108864", 0, 0);
  loom_ctx_done(&ctx);
  assert_int_equal(data_read_yaml(&ctx, "big", "", 1024 * 1024 + 1, &v), LOOM_ELIMIT);
  testing_expect_error(&ctx, LOOM_ELIMIT, "at most 1048576", 0, 0);
}

static void test_wrong_yaml_is_refused_with_its_place(void **state) {
  (void)state;
  const struct { const char *text, *message; int line, col; const char *help; } cases[] = {
    {"a: &x 1\nb: *x\n", "anchors are not supported", 1, 4, "write the value again"},
    {"a: [1]\nb: *x\n", "aliases are not supported", 2, 4, NULL},
    {"a: &x [1]\n", "anchors are not supported", 1, 4, NULL},
    {"a: &x {b: 1}\n", "anchors are not supported", 1, 4, NULL},
    {"a: !!str 1\n", "tags are not supported", 1, 4, "quote the value"},
    {"a: !foo [1]\n", "tags are not supported", 1, 4, NULL},
    {"a: ! 1\n", "tags are not supported", 1, 4, NULL},
    {"<<: {a: 1}\n", "merge keys are not supported", 1, 1, NULL},
    {"a: 1\nb: 2\na: 3\n", "the key 'a' occurs twice", 3, 1, "once"},
    {"{b: 1, 'b': 1}", "the key 'b' occurs twice", 1, 8, NULL},
    {"? [a]\n: 1\n", "a key must be a word", 1, 3, NULL},
    {"?\n: 1\n", "the key is empty", 1, 2, NULL},
    {"a: 1\n---\nb: 2\n", "a second document", 2, 1, NULL},
    {"a:\n\t- 1\n", "cannot start any token", 2, 1, "spaces"},
    {"\xc3\xa9: [1, 2\nb: 3\n", "did not find expected", 2, 2, NULL},
    {"a: 99999999999999999999\n", "out of range; integers", 1, 4, NULL},
    {"a: 0x8000000000000000\n", "out of range; integers", 1, 4, NULL},
    {"a: -1e999\n", "out of range; reals", 1, 4, NULL},
    {"a: \"x\\0y\"\n", "NUL character", 1, 4, NULL},
    {"ok: 1\nbad: \xff\n", "not valid YAML", 2, 6, "UTF-8"},
    {"a: 'x\n", "not valid YAML: found unexpected end of stream", 2, 1, NULL},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    data_value *v;
    assert_int_equal(read_yaml(cases[i].text, &v), LOOM_EINPUT);
    testing_expect_error(&ctx, LOOM_EINPUT, cases[i].message, cases[i].line, cases[i].col);
    if (cases[i].help)
      expect_help(cases[i].help);
    loom_ctx_done(&ctx);
  }
}

/* Oracle: the tag resolution table of YAML 1.2, 10.3.2. */
static void test_plain_scalars_follow_the_core_schema(void **state) {
  (void)state;
  const struct { const char *text; data_kind kind; double value; } cases[] = {
    {"null", DATA_NULL, 0}, {"Null", DATA_NULL, 0}, {"NULL", DATA_NULL, 0}, {"~", DATA_NULL, 0}, {"", DATA_NULL, 0}, {"nULL", DATA_STRING, 0},
    {"true", DATA_BOOL, 1}, {"True", DATA_BOOL, 1}, {"FALSE", DATA_BOOL, 0}, {"yes", DATA_STRING, 0}, {"on", DATA_STRING, 0}, {"tRUE", DATA_STRING, 0},
    {"0", DATA_INT, 0}, {"-12", DATA_INT, -12}, {"+7", DATA_INT, 7}, {"007", DATA_INT, 7}, {"0x1F", DATA_INT, 31}, {"0o17", DATA_INT, 15},
    {"-9223372036854775808", DATA_INT, -0x1p63}, {"0x", DATA_STRING, 0}, {"0o8", DATA_STRING, 0}, {"-0x1", DATA_STRING, 0}, {"1_000", DATA_STRING, 0},
    {"1.5", DATA_REAL, 1.5}, {"1.", DATA_REAL, 1}, {".5", DATA_REAL, 0.5}, {"-1e3", DATA_REAL, -1000}, {"2.5E-1", DATA_REAL, 0.25},
    {".", DATA_STRING, 0}, {"1e", DATA_STRING, 0}, {"e5", DATA_STRING, 0}, {"1.2.3", DATA_STRING, 0}, {"0x1p3", DATA_STRING, 0}, {"inf", DATA_STRING, 0},
    {".inf", DATA_REAL, INFINITY}, {"-.Inf", DATA_REAL, -INFINITY}, {"64K", DATA_STRING, 0}, {"d0i0_d1i1", DATA_STRING, 0}, {"-", DATA_ARRAY, 0}, {"1:30", DATA_STRING, 0},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    data_value *v;
    assert_int_equal(read_yaml(cases[i].text, &v), LOOM_OK);
    if (v->kind != cases[i].kind)
      fail_msg("%s became %s", cases[i].text, data_kind_name(v->kind));
    if (v->kind == DATA_BOOL)
      assert_int_equal(v->boolean, cases[i].value == 1);
    else if (v->kind == DATA_STRING)
      assert_string_equal(v->string, cases[i].text);
    else
      assert_true(v->real == cases[i].value && (v->kind != DATA_INT || (double)v->integer == cases[i].value));
  }
  data_value *v;
  assert_int_equal(read_yaml(".NaN", &v), LOOM_OK);
  assert_true(v->kind == DATA_REAL && isnan(v->real));
  assert_int_equal(read_yaml("a: '12'\nb: \"true\"\nc: |\n  1\n1: x\n", &v), LOOM_OK);   /* quoted and block scalars are strings, keys too */
  assert_string_equal(data_get(v, "a")->string, "12");
  assert_string_equal(data_get(v, "b")->string, "true");
  assert_string_equal(data_get(v, "c")->string, "1\n");
  assert_string_equal(data_get(v, "1")->string, "x");
}

static void test_written_form_is_fixed(void **state) {
  (void)state;
  arena *m = &ctx.mem;
  data_value *v = data_object(m), *list = data_array(m), *inner = data_object(m);
  data_set_int(m, v, "i", -3);
  data_set_real(m, v, "r", 2);
  data_set_string(m, v, "s", "a\"\\\n\x01\xff");
  data_set_bool(m, v, "b", true);
  data_set_string(m, v, "none", NULL);
  data_set_real(m, v, "nan", NAN);
  data_push(m, list, data_int(m, 1));
  data_push(m, list, data_real(m, 1e21));
  data_set(m, v, "list", list);
  data_set_real(m, inner, "x", 0.1);
  data_set(m, v, "inner", inner);
  data_set(m, v, "empty", data_object(m));
  data_set_int(m, v, "i", 4);   /* replaces in place */
  assert_string_equal(data_write_json(m, v, 0),
                      "{\"i\": 4, \"r\": 2.0, \"s\": \"a\\\"\\\\\\n\\u0001\\ufffd\", \"b\": true, \"none\": null, \"nan\": null, "
                      "\"list\": [1, 1e+21], \"inner\": {\"x\": 0.1}, \"empty\": {}}");
  data_value *nest = data_array(m);
  data_push(m, nest, inner);
  data_push(m, nest, list);
  assert_string_equal(data_write_json(m, nest, 2), "[\n  {\n    \"x\": 0.1\n  },\n  [1, 1e+21]\n]");
  const struct { double r; const char *text; } reals[] = {
    {0.1, "0.1"}, {-0.0, "-0.0"}, {5e-324, "5e-324"}, {1.0 / 3, "0.3333333333333333"}, {0.1 + 0.2, "0.30000000000000004"}, {1e15, "1e+15"},
    {123456, "123456.0"}, {INFINITY, "null"}, {1e100, "1e+100"}, {0x1p53, "9007199254740992.0"},
  };
  for (size_t i = 0; i < COUNT_OF(reals); i++)
    assert_string_equal(data_write_json(m, data_real(m, reals[i].r), 0), reals[i].text);
}

static void test_only_well_formed_utf8_is_written(void **state) {
  (void)state;
  const struct { const char *in, *out; } cases[] = {
    {"\xc3\xa9", "\"\xc3\xa9\""}, {"\xf4\x8f\xbf\xbf", "\"\xf4\x8f\xbf\xbf\""}, {"\xc0\x80", "\"\\ufffd\\ufffd\""}, {"\xe0\x80\x80", "\"\\ufffd\\ufffd\\ufffd\""},
    {"\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""}, {"\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\""}, {"\xe2\x82", "\"\\ufffd\\ufffd\""}, {"\xf5x", "\"\\ufffdx\""},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++)
    assert_string_equal(data_write_json(&ctx.mem, data_string(&ctx.mem, cases[i].in), 0), cases[i].out);
}

static void test_lookups_say_what_is_missing_or_wrong(void **state) {
  (void)state;
  static const char *const allowed[] = {"depth", "width"};
  const char *source = "{\"i\": 7, \"r\": 1.5, \"s\": \"x\", \"o\": {},\n \"dept\": 1}";
  enum { NEED, INT, REAL, STRING, SCHEMA };
  const struct { int call; const char *key; const char *message; int line, col; const char *help; } cases[] = {
    {NEED, "zzz", "the key 'zzz' is missing", 1, 1, "add 'zzz' with a list"}, {NEED, "i", "'i' is an integer; expected a list", 1, 7, NULL},
    {INT, "r", "'r' is a number; expected an integer", 1, 15, NULL}, {INT, "i", "'i' is 7; must be 1..6", 1, 7, NULL},
    {REAL, "s", "'s' is a string; expected a number", 1, 25, NULL}, {REAL, "r", "'r' is 1.5; must be 2..3", 1, 15, NULL},
    {STRING, "o", "'o' is an object; expected a string", 1, 35, NULL}, {SCHEMA, "loom.x.v1", "the key 'schema' is missing", 1, 1, NULL},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    data_value *v, *found;
    int64_t integer;
    double real;
    const char *string;
    assert_int_equal(read_json(source, &v), LOOM_OK);
    loom_status st = cases[i].call == NEED   ? data_need(&ctx, v, cases[i].key, DATA_ARRAY, &found)
                     : cases[i].call == INT  ? data_need_int(&ctx, v, cases[i].key, 1, 6, &integer)
                     : cases[i].call == REAL ? data_need_real(&ctx, v, cases[i].key, 2, 3, &real)
                     : cases[i].call == STRING ? data_need_string(&ctx, v, cases[i].key, &string)
                                               : data_need_schema(&ctx, v, cases[i].key);
    assert_int_equal(st, LOOM_EINPUT);
    testing_expect_error(&ctx, LOOM_EINPUT, cases[i].message, cases[i].line, cases[i].col);
    if (cases[i].help)
      expect_help(cases[i].help);
    loom_ctx_done(&ctx);
  }
  data_value *v, *found;
  assert_int_equal(read_json("[1]", &v), LOOM_OK);
  assert_int_equal(data_need(&ctx, v, "k", DATA_INT, &found), LOOM_EINPUT);
  testing_expect_error(&ctx, LOOM_EINPUT, "expected an object with the key 'k'; found a list", 1, 1);
  loom_ctx_done(&ctx);
  assert_int_equal(read_json("[1]", &v), LOOM_OK);
  assert_int_equal(data_only_keys(&ctx, v, allowed, 2), LOOM_EINPUT);
  testing_expect_error(&ctx, LOOM_EINPUT, "expected an object; found a list", 1, 1);
  loom_ctx_done(&ctx);
  assert_int_equal(read_json("{\"schema\": \"loom.x.v2\"}", &v), LOOM_OK);
  assert_int_equal(data_need_schema(&ctx, v, "loom.x.v2"), LOOM_OK);
  assert_int_equal(data_need_schema(&ctx, v, "loom.x.v1"), LOOM_EINPUT);
  testing_expect_error(&ctx, LOOM_EINPUT, "the schema is 'loom.x.v2'; expected 'loom.x.v1'", 1, 12);
  loom_ctx_done(&ctx);
  assert_int_equal(read_json("{\"width\": 1,\n \"dept\": 1}", &v), LOOM_OK);
  assert_int_equal(data_only_keys(&ctx, v, allowed, 2), LOOM_EINPUT);
  testing_expect_error(&ctx, LOOM_EINPUT, "unknown key 'dept'", 2, 2);
  assert_string_equal(ctx.diag.first->help, "did you mean 'depth'?");
  loom_ctx_done(&ctx);
  assert_int_equal(read_json("{\"colour\": 1}", &v), LOOM_OK);
  assert_int_equal(data_only_keys(&ctx, v, allowed, 2), LOOM_EINPUT);
  assert_string_equal(ctx.diag.first->help, "allowed here: 'depth', 'width'");
}

static void test_lookups_find_what_is_there(void **state) {
  (void)state;
  data_value *v, *found;
  int64_t i;
  double r;
  const char *s;
  static const char *const allowed[] = {"s", "r", "i"};
  assert_int_equal(read_json("{\"i\": 7, \"r\": 1.5, \"s\": \"x\"}", &v), LOOM_OK);
  assert_int_equal(data_need_int(&ctx, v, "i", 7, 7, &i), LOOM_OK);
  assert_int_equal(data_need_real(&ctx, v, "r", 1.5, 1.5, &r), LOOM_OK);
  assert_true(i == 7 && r == 1.5);
  assert_int_equal(data_need_real(&ctx, v, "i", 0, 10, &r), LOOM_OK);   /* an integer is a number */
  assert_true(r == 7);
  assert_int_equal(data_need_string(&ctx, v, "s", &s), LOOM_OK);
  assert_string_equal(s, "x");
  assert_int_equal(data_need(&ctx, v, "s", DATA_STRING, &found), LOOM_OK);
  assert_int_equal(data_only_keys(&ctx, v, allowed, 3), LOOM_OK);
  assert_null(data_get(NULL, "i"));
  assert_null(data_get(found, "i"));
  assert_null(data_get(v, "none"));
}

/* Rows: for each member what each function says of it; `otherwise` where it is of another kind, and where there is none. */
static void test_members_of_another_kind_are_as_if_missing(void **state) {
  (void)state;
  static const struct { const char *key, *string; int64_t integer; double real; bool is_true; } rows[] = {
      {"string", "x", -1, 0, false}, {"integer", "none", 7, 7, false}, {"real", "none", -1, 1.5, false}, {"true", "none", -1, 0, true}, {"false", "none", -1, 0, false},
      {"null", "none", -1, 0, false}, {"list", "none", -1, 0, false},  {"object", "none", -1, 0, false}, {"missing", "none", -1, 0, false}};
  data_value *v;
  assert_int_equal(read_json("{\"string\": \"x\", \"integer\": 7, \"real\": 1.5, \"true\": true, \"false\": false, \"null\": null, \"list\": [1], \"object\": {\"a\": 1}}", &v), LOOM_OK);
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    assert_string_equal(data_get_string(v, rows[i].key, "none"), rows[i].string);
    assert_int_equal(data_get_int(v, rows[i].key, -1), rows[i].integer);
    assert_true(data_get_real(v, rows[i].key) == rows[i].real);
    assert_int_equal(data_get_bool(v, rows[i].key), rows[i].is_true);
  }
  assert_null(data_get_string(NULL, "string", NULL));
  assert_null(data_get_string(data_get(v, "list"), "string", NULL));
}

/* Oracle: what data_read_json makes of the same bytes; what goes wrong names the file. */
static void test_a_file_is_read_as_its_text_is(void **state) {
  (void)state;
  static const char json[] = "{\"a\": [1, 2.5, \"x\"]}";
  char path[] = "/tmp/loom_data_XXXXXX";
  const int fd = mkstemp(path);
  data_value *v, *of_text;
  assert_true(fd >= 0 && file_write_all(fd, json, strlen(json)) && file_close(fd, false));
  assert_int_equal(read_json(json, &of_text), LOOM_OK);
  assert_int_equal(data_read_json_file(&ctx, path, strlen(json), &v), LOOM_OK);
  assert_true(same_value(v, of_text));
  assert_string_equal(data_get(v, "a")->span.source->path, path);
  assert_int_equal(data_read_json_file(&ctx, path, strlen(json) - 1, &v), LOOM_ELIMIT);
  testing_expect_error(&ctx, LOOM_ELIMIT, "the file is larger than the limit of 19 bytes", 0, 0);
  loom_ctx_done(&ctx);
  assert_int_equal(file_write(&ctx, path, "[1,\n 2", 6), LOOM_OK);
  assert_int_equal(data_read_json_file(&ctx, path, 100, &v), LOOM_EINPUT);
  assert_string_equal(ctx.diag.first->span.source->path, path);
  loom_ctx_done(&ctx);
  assert_int_equal(unlink(path), 0);
  assert_int_equal(data_read_json_file(&ctx, path, 100, &v), LOOM_EIO);
  testing_expect_error(&ctx, LOOM_EIO, "cannot open the file", 0, 0);
}

/* libyaml takes its memory by these functions of its own; a program that has functions of their names gives it ours, which can fail. */
__attribute__((visibility("default"))) void *yaml_malloc(size_t size);
__attribute__((visibility("default"))) void *yaml_realloc(void *p, size_t size);
__attribute__((visibility("default"))) void yaml_free(void *p);
static long given_to_yaml;
void *yaml_malloc(size_t size) {
  given_to_yaml++;
  return alloc_bytes(size);
}
void *yaml_realloc(void *p, size_t size) { return alloc_resize(p, size); }
void yaml_free(void *p) { alloc_free(p); }

typedef struct sweep { bool is_yaml; const char *text, *back; loom_status status; } sweep;

/* Reads the text; written again it is `back`. */
static loom_status read_and_write(loom_ctx *c, void *data) {
  const sweep *s = data;
  data_value *v;
  const size_t size = strlen(s->text);
  const loom_status st = s->is_yaml ? data_read_yaml_aliases(c, "t", s->text, size, &v) : data_read_json(c, "t", s->text, size, &v);
  if (st == LOOM_EMEM)
    return st;
  return st == s->status && (st != LOOM_OK || text_eq(data_write_json(&c->mem, v, 0), s->back)) ? LOOM_OK : LOOM_EBUG;
}

/* Tokens of lengths at which a buffer of jansson or libyaml is full: 16, 32, 64. */
static void test_readers_survive_running_out_of_memory(void **state) {
  (void)state;
#define FULL "[123456789012345, 1234567890123456, 12345678901234567, 1234567890.12345, \"123456789012345\", \"1234567890123456\", \"1234567890123456789012345678901\", " \
             "\"12345678901234567890123456789012\", \"a\\\\n\\u0001\\u00e4\\u20ac longer than sixteen bytes\", true, false, null, -1234567890123456]"
#define KEYS "{\"key with a long name, longer than any small buffer\": [1, 2.5, \"string\", null, true, 12345678901234567], \"b\": {\"c\": []}}"
#define MANY "{\"a\": 1, \"b\": 2, \"c\": 3, \"d\": 4, \"e\": 5, \"f\": 6, \"g\": 7, \"h\": 8, \"i\": 9, \"j\": [[], {}, [{}], {\"k\": {}}]}"
  data_value *v;
  assert_int_equal(read_json(FULL, &v), LOOM_OK);
  const char *full = data_write_json(&ctx.mem, v, 0);
  const sweep rows[] = {
      {false, KEYS, KEYS, LOOM_OK},         {false, FULL, full, LOOM_OK},
      {false, MANY, MANY, LOOM_OK},         {false, "[1, 2", NULL, LOOM_EINPUT},
      {false, "{\"a\": 1, \"a\": 2}", NULL, LOOM_EINPUT}, {false, "\"123456789 \\ud83d\\ude00\"", "\"123456789 \U0001f600\"", LOOM_OK}, {false, "[1234567890123456x]", NULL, LOOM_EINPUT}, {false, "[\"123456789012345\n\"]", NULL, LOOM_EINPUT},
      {true, KEYS, KEYS, LOOM_OK},          {true, FULL, full, LOOM_OK},
      {true, MANY, MANY, LOOM_OK},          {true, "[1, 2", NULL, LOOM_EINPUT},
      {true, "a: 1\na: 2\n", NULL, LOOM_EINPUT},
      {true, "a: &x {b: [1, 2]}\nc: *x\nd:\n  - 'it''s'\n  - \"q\\\"\\x41\\u00e4\"\n  - |\n    lines\n    of text\n  - >\n    folded\n    text\n  - plain of\n    two lines\n",
       "{\"a\": {\"b\": [1, 2]}, \"c\": {\"b\": [1, 2]}, \"d\": [\"it's\", \"q\\\"A\u00e4\", \"lines\\nof text\\n\", \"folded text\\n\", \"plain of two lines\"]}", LOOM_OK},
      {true, "%TAG ! tag:x,2000:\n---\n!a b\n", NULL, LOOM_EINPUT}, {true, "a: *nobody\n", NULL, LOOM_EINPUT}, {true, "\xff", NULL, LOOM_EINPUT},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++)
    testing_sweep_memory(read_and_write, (void *)(uintptr_t)&rows[i]);
  assert_true(given_to_yaml > 1000);      /* they were asked */
}

/* A cursor that went there from anywhere is where one is that came from the start. */
static void test_cursors_find_their_place_both_ways(void **state) {
  (void)state;
  static const char s[] = "a\u00e4\n\n\u20ac b\n\U0001f600c";
  const diag_source *source = diag_add_source(&ctx, "t", s, strlen(s));
  enum { CHARS = 10 };
  for (size_t from = 0; from <= CHARS + 2; from++)
    for (size_t to = 0; to <= CHARS + 2; to++) {
      data_cursor c = data_cursor_new(source), fresh = c;
      data_cursor_go(&c, from);
      data_cursor_go(&c, to);
      data_cursor_go(&fresh, to);
      assert_true(c.at == fresh.at && c.chars == fresh.chars && c.line == fresh.line && c.line_start == fresh.line_start);
    }
  data_cursor c = data_cursor_new(source);
  data_cursor_skip(&c, 1000);
  assert_true(c.at == strlen(s) && c.line == 4 && c.chars == CHARS);
}

static loom_status read_aliases(const char *s, data_value **out) { return data_read_yaml_aliases(&ctx, "a.yaml", s, strlen(s), out); }

static void test_aliases_stand_for_their_anchors(void **state) {
  (void)state;
  data_value *v;
  assert_int_equal(read_aliases("costs:\n  a: &a {x: 1, y: &y [2, 3]}\n  b: &b hello\nuse: [*a, *y, *b]\nagain: &b world\nlast: *b\n", &v), LOOM_OK);
  assert_string_equal(data_write_json(&ctx.mem, data_get(v, "use"), 0), "[{\"x\": 1, \"y\": [2, 3]}, [2, 3], \"hello\"]");
  assert_string_equal(data_get(v, "last")->string, "world");      /* the nearest above */
  assert_ptr_equal(data_get(v, "use")->items[0], data_get(data_get(v, "costs"), "a"));
  assert_int_equal(data_get(v, "use")->items[1]->span.line, 2);
}

static void test_wrong_aliases_are_refused(void **state) {
  (void)state;
  static const struct { const char *text, *said; int line, col; } cases[] = {
      {"a: &abc 1\nb: *abd\n", "no anchor '&abd' stands above", 2, 4},
      {"a: &x [1, *x]\n", "the alias stands inside the value it names", 1, 11},
      {"&k a: 1\n", "anchors are not supported", 1, 1},
      {"a: &k b\n*k : 1\n", "aliases are not supported", 2, 1},
      {"a: &a !!str 1\n", "tags are not supported", 1, 4},
      {"a: &a {x: 1}\nb: {<<: *a}\n", "merge keys are not supported", 2, 5},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    data_value *v;
    loom_ctx_done(&ctx);
    loom_ctx_init(&ctx);
    assert_int_equal(read_aliases(cases[i].text, &v), LOOM_EINPUT);
    testing_expect_error(&ctx, LOOM_EINPUT, cases[i].said, cases[i].line, cases[i].col);
  }
}

/* A thousand million values in ten lines. */
static void test_aliases_do_not_multiply_without_end(void **state) {
  (void)state;
  const char *s = "a0: &a0 [1, 2, 3, 4, 5, 6, 7, 8]\n";
  data_value *v;
  for (int i = 1; i < 10; i++)
    s = arena_printf(&ctx.mem, "%sa%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", s, i, i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
  assert_int_equal(read_aliases(s, &v), LOOM_ELIMIT);
  testing_expect_error(&ctx, LOOM_ELIMIT, "more than 100000 values", 6, 15);
}

/* Lists deeper than any text may have. */
static void test_aliases_do_not_nest_without_end(void **state) {
  (void)state;
  const char *s = "a0: &a0 [1]\n";
  data_value *v;
  for (int i = 1; i < 40; i++)
    s = arena_printf(&ctx.mem, "%sa%d: &a%d [*a%d]\n", s, i, i, i - 1);
  assert_int_equal(read_aliases(s, &v), LOOM_ELIMIT);
  testing_expect_error(&ctx, LOOM_ELIMIT, "nested deeper than 32 levels", 32, 12);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(test_trees_survive_writing_and_both_readers, setup, teardown),
    cmocka_unit_test_setup_teardown(test_spans_cover_exactly_the_value, setup, teardown),
    cmocka_unit_test_setup_teardown(test_wrong_json_is_refused_with_its_place, setup, teardown),
    cmocka_unit_test_setup_teardown(test_readers_keep_their_limits, setup, teardown),
    cmocka_unit_test_setup_teardown(test_wrong_yaml_is_refused_with_its_place, setup, teardown),
    cmocka_unit_test_setup_teardown(test_plain_scalars_follow_the_core_schema, setup, teardown),
    cmocka_unit_test_setup_teardown(test_aliases_stand_for_their_anchors, setup, teardown),
    cmocka_unit_test_setup_teardown(test_wrong_aliases_are_refused, setup, teardown),
    cmocka_unit_test_setup_teardown(test_aliases_do_not_multiply_without_end, setup, teardown),
    cmocka_unit_test_setup_teardown(test_aliases_do_not_nest_without_end, setup, teardown),
    cmocka_unit_test_setup_teardown(test_written_form_is_fixed, setup, teardown),
    cmocka_unit_test_setup_teardown(test_only_well_formed_utf8_is_written, setup, teardown),
    cmocka_unit_test_setup_teardown(test_lookups_say_what_is_missing_or_wrong, setup, teardown),
    cmocka_unit_test_setup_teardown(test_lookups_find_what_is_there, setup, teardown),
    cmocka_unit_test_setup_teardown(test_members_of_another_kind_are_as_if_missing, setup, teardown),
    cmocka_unit_test_setup_teardown(test_a_file_is_read_as_its_text_is, setup, teardown),
    cmocka_unit_test_setup_teardown(test_cursors_find_their_place_both_ways, setup, teardown),
    cmocka_unit_test_setup_teardown(test_readers_survive_running_out_of_memory, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
