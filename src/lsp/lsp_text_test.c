/* Texts of others: JSON with halves of characters, URIs, names, keys of YAML.  Oracle: written down. */
#include "base/testing.h"
#include "lsp/lsp_private.h"

#define U "\xEF\xBF\xBD"
#define E "\\"

static void test_json_of_any_bytes_is_cleaned(void **state) {
  loom_ctx *ctx = *state;
  static const struct { const char *in, *want; } rows[] = {
      {"{\"a\": 1}", "{\"a\": 1}"},
      {"\"\xF0\x9F\x98\x80\"", "\"\xF0\x9F\x98\x80\""},
      {"\"\xC3(\xFF\"", "\"" U "(" U "\""},
      {"\"" E "ud83d" E "ude00\"", "\"" E "ud83d" E "ude00\""},
      {"\"" E "uD83D\"", "\"" U "\""},
      {"\"" E "uDE00" E "ud83dx" E "ud83d\"", "\"" U U "x" U "\""},
      {"\"" E "ud83d" E "ud83d" E "ude00\"", "\"" U E "ud83d" E "ude00\""},
      {"\"" E "u0000\"", "\"" U "\""},
      {"\"" E E "u0000\"", "\"" E E "u0000\""},
      {"\"" E "n" E "uzzzz" E "u12\"", "\"" E "n" E "uzzzz" E "u12\""},
      {E, E},
      {E "\xC3", E U},
      {"\"" E "ud83d", "\"" U},
      {E "ud800" E "ue000" E "u0041", U E "ue000" E "u0041"},      /* what follows the first half is none, but a character of its own */
      {E "uDBFF" E "uDFFF" E "uD7FF" E "uE000", E "uDBFF" E "uDFFF" E "uD7FF" E "uE000"},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    size_t n;
    const char *out = lsp_clean_json(&ctx->mem, rows[i].in, strlen(rows[i].in), &n);
    assert_int_equal(n, strlen(rows[i].want));
    assert_memory_equal(out, rows[i].want, n);
  }
}

static void test_uris(void **state) {
  loom_ctx *ctx = *state;
  static const struct { const char *uri, *path; } rows[] = {
      {"file:///a/b.py", "/a/b.py"}, {"file:///a%20b/%C3%A9.py", "/a b/\xC3\xA9.py"}, {"file://host/x", "/x"}, {"file:///a%2", "/a%2"}, {"file:///a%zz%00", "/a%zz%00"},
      {"untitled:Untitled-1", "untitled:Untitled-1"}, {"file://host", "file://host"}, {"file:///%", "/%"},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++)
    assert_string_equal(lsp_path_of_uri(&ctx->mem, rows[i].uri), rows[i].path);
  assert_string_equal(lsp_uri_of_path(&ctx->mem, "/a b/\xC3\xA9.py"), "file:///a%20b/%C3%A9.py");
  assert_string_equal(lsp_path_of_uri(&ctx->mem, lsp_uri_of_path(&ctx->mem, "/%41 #?&")), "/%41 #?&");
}

static void test_names_and_what_is_before_them(void **state) {
  (void)state;
  static const char code[] = "x = torch.nn.relu(y.z) + .a";
  static const struct { size_t at, from, to, dotted; bool is_name; } rows[] = {
      {0, 0, 1, 0, true}, {1, 0, 1, 0, true}, {2, 2, 2, 2, false}, {14, 13, 17, 4, true}, {11, 10, 12, 4, true}, {5, 4, 9, 4, true}, {21, 20, 21, 18, true}, {27, 26, 27, 26, true}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    lsp_span name, dotted;
    assert_int_equal(lsp_name_at(code, sizeof code - 1, rows[i].at, &name, &dotted), rows[i].is_name);
    assert_int_equal(name.from, rows[i].from);
    assert_int_equal(name.to, rows[i].to);
    assert_int_equal(dotted.from, rows[i].dotted);
  }
  static const char first[] = "a_\xC3\xA9.b";      /* from the first byte on */
  lsp_span name, dotted;
  assert_true(lsp_name_at(first, sizeof first - 1, 5, &name, &dotted));
  assert_true(name.from == 5 && name.to == 6 && dotted.from == 0);
}

static void test_imports_say_what_a_name_stands_for(void **state) {
  loom_ctx *ctx = *state;
  static const char code[] = "import torch as t\nimport helion.language as h\nfrom torch import nn, exp\nfrom torch.nn import functional as F  # as G\nimport torch\nx = 1\nfrom\nimport\nimport as G\nfrom G import G2\n";
  const lsp_lines l = lsp_lines_of(&ctx->mem, code, sizeof code - 1);
  static const struct { const char *name, *is; } rows[] = {{"t.exp", "torch.exp"}, {"h.tile", "helion.language.tile"}, {"exp", "torch.exp"}, {"nn.relu", "torch.nn.relu"},
                                                           {"F.relu", "torch.nn.functional.relu"}, {"torch.exp", "torch.exp"}, {"hl.zeros", "helion.language.zeros"}, {"G.x", "G.x"}, {"G2.x", "G.G2.x"}, {"x", "x"}};
  for (size_t i = 0; i < COUNT_OF(rows); i++)
    assert_string_equal(lsp_full_name(&ctx->mem, &l, rows[i].name), rows[i].is);
}

/* ---- keys ---- */

static const char yaml[] = "schema: loom.machine.v1\n"                     /* 1 */
                           "mesh:\n"                                       /* 2 */
                           "  - {name: x, size: 8, wrap: true}\n"          /* 3 */
                           "  - name: y\n"                                 /* 4 */
                           "    size: 8\n"                                 /* 5 */
                           "core:\n"                                       /* 6 */
                           "  memory: {name: L1, bytes: {value: 5, source: \"a: b, {c\"}, align_bytes: 32}  # {no: key\n"      /* 7 */
                           "\n"                                            /* 8 */
                           "  # a comment\n"                               /* 9 */
                           "  units:\n"                                    /* 10 */
                           "    - {name: m, shape: [1, 2], rate: 3}\n"     /* 11 */
                           "  \n"                                          /* 12 */
                           "perf:\n"                                       /* 13 */
                           "  newest:\n"                                   /* 14 */
                           "    functions:\n"                              /* 15 */
                           "      f_f16: {unit: u, scenarios: [{when: M > 1, fixed: 3}]}\n"      /* 16 */
                           "  \"odd\" : 1\n"                               /* 17 */
                           "- \n"                                          /* 18 */
                           "plain text\n";                                 /* 19 */

static void test_paths_of_keys(void **state) {
  loom_ctx *ctx = *state;
  const lsp_lines l = lsp_lines_of(&ctx->mem, yaml, sizeof yaml - 1);
  static const struct { int line; const char *at, *path, *parent; bool is_key; } rows[] = {
      {1, "schema", "schema", "", true}, {1, "loom", "schema", "", true}, {3, "name", "mesh.name", "mesh", true}, {3, "8", "mesh.size", "mesh", true}, {3, "wrap", "mesh.wrap", "mesh", true},
      {4, "name", "mesh.name", "mesh", true}, {5, "size", "mesh.size", "mesh", true}, {7, "memory", "core.memory", "core", true}, {7, "bytes", "core.memory.bytes", "core.memory", true},
      {7, "value", "core.memory.bytes.value", "core.memory.bytes", true}, {7, "c\"", "core.memory.bytes.source", "core.memory.bytes", true}, {7, "align", "core.memory.align_bytes", "core.memory", true},
      {11, "rate", "core.units.rate", "core.units", true}, {11, "shape", "core.units.shape", "core.units", true}, {14, "newest", "perf.newest", "perf", true},
      {16, "unit", "perf.newest.functions.f_f16.unit", "perf.newest.functions.f_f16", true}, {16, "when", "perf.newest.functions.f_f16.scenarios.when", "perf.newest.functions.f_f16.scenarios", true},
      {16, "fixed", "perf.newest.functions.f_f16.scenarios.fixed", "perf.newest.functions.f_f16.scenarios", true}, {17, "odd", "perf.odd", "perf", true}, {19, "plain", "", "", false},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    lsp_key_place p;
    const char *from = l.text + l.starts[rows[i].line - 1];
    const size_t at = (size_t)(strstr(from, rows[i].at) - l.text);
    assert_int_equal(lsp_key_at(&ctx->mem, &l, at, &p), rows[i].is_key);
    if (!rows[i].is_key)
      continue;
    assert_string_equal(p.path, rows[i].path);
    assert_string_equal(p.parent, rows[i].parent);
  }
  lsp_key_place p;
  assert_true(lsp_key_at(&ctx->mem, &l, (size_t)(strstr(yaml, "no: key") - yaml), &p));      /* in a comment: the line's own key */
  assert_string_equal(p.path, "core.memory");
  (void)lsp_key_at(&ctx->mem, &l, l.starts[11] + 2, &p);      /* where a key will be typed */
  assert_string_equal(p.parent, "core");
  (void)lsp_key_at(&ctx->mem, &l, l.size, &p);
  assert_string_equal(p.parent, "");
}

static void test_what_is_a_key(void **state) {
  loom_ctx *ctx = *state;
  static const struct { const char *line, *at, *path; bool is_key; } rows[] = {
      {"'a': {b: 1}", "b", "a.b", true}, {"\"a\" : {b: {c: 1}}", "c", "a.b.c", true}, {"a: {b: 1}", "a", "a", true}, {"'a", "a", "", false}, {"url:x", "url", "", false}, {"url:", "url", "url", true},
      {"-x: 1", "x", "-x", true}, {"- x: 1", "x", "x", true}, {"-", "-", "", false}, {"a: x#{b: 1}", "b", "a.b", true}, {"a: {c# : 1, b: 1}", "b", "a.b", true}, {"- {a: 1,b: 2}", "b", "b", true},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    const lsp_lines l = lsp_lines_of(&ctx->mem, rows[i].line, strlen(rows[i].line));
    lsp_key_place p;
    if (lsp_key_at(&ctx->mem, &l, (size_t)(strstr(rows[i].line, rows[i].at) - rows[i].line), &p) != rows[i].is_key)
      fail_msg("row %zu", i);
    if (rows[i].is_key)
      assert_string_equal(p.path, rows[i].path);
  }
}

/* Names and paths as long as one likes: what is kept of them is bounded. */
static void test_long_paths(void **state) {
  loom_ctx *ctx = *state;
  text t = text_new(&ctx->mem);
  for (int i = 0; i < 20; i++) {
    text_addf(&t, "%*s", i, "");
    for (int k = 0; k < 150; k++)
      text_add(&t, "k");
    text_add(&t, ":\n");
  }
  const lsp_lines l = lsp_lines_of(&ctx->mem, t.data, t.size);
  lsp_key_place p;
  assert_true(lsp_key_at(&ctx->mem, &l, l.starts[1] + 1, &p));
  assert_int_equal(strlen(p.path), 2 * 128 + 1);
  assert_true(lsp_key_at(&ctx->mem, &l, l.starts[19] + 19, &p));
  assert_in_range(strlen(p.path), 1024, 1024 + 129);
}

static void test_rows_of_keys(void **state) {
  (void)state;
  static const lsp_word words[] = {{"clock_hz", "Hz", ""}, {"perf.*.source", "", ""}, {"*.value", "", ""}, {"perf.*", "", ""}};
  const lsp_setup setup = {.keys = words, .n_keys = COUNT_OF(words)};
  assert_ptr_equal(lsp_key_find(&setup, "clock_hz"), &words[0]);
  assert_ptr_equal(lsp_key_find(&setup, "perf.a.source"), &words[1]);
  assert_ptr_equal(lsp_key_find(&setup, "core.memory.bytes.value"), &words[2]);
  assert_ptr_equal(lsp_key_find(&setup, "perf.a"), &words[3]);
  assert_null(lsp_key_find(&setup, "clock"));
  assert_null(lsp_key_find(&setup, "value"));
  assert_null(lsp_key_find(&setup, "perf.a.b"));
  assert_false(lsp_key_matches("a.b", "a"));
  assert_false(lsp_key_matches("a", "a.b"));
}

static void test_symbols_are_two_deep(void **state) {
  loom_ctx *ctx = *state;
  const lsp_lines l = lsp_lines_of(&ctx->mem, yaml, sizeof yaml - 1);
  const data_value *all = lsp_key_symbols(&ctx->mem, &l, LSP_UTF16);
  text t = text_new(&ctx->mem);
  for (size_t i = 0; i < all->n; i++) {
    text_addf(&t, "%s(", lsp_string(all->items[i], "name"));
    const data_value *inner = data_get(all->items[i], "children");
    for (size_t k = 0; k < inner->n; k++)
      text_addf(&t, "%s ", lsp_string(inner->items[k], "name"));
    text_add(&t, ")");
  }
  assert_string_equal(text_str(&t), "schema()mesh(size )core(memory units )perf(newest odd )");
  assert_int_equal(lsp_member(all->items[2], "range.end.line")->integer, 10);
  assert_int_equal(lsp_member(all->items[2], "selectionRange.end.character")->integer, 4);
  const lsp_lines torn = lsp_lines_of(&ctx->mem, "  a: 1\nb: 2\n", 12);      /* the first has no parent */
  assert_int_equal(lsp_key_symbols(&ctx->mem, &torn, LSP_UTF16)->n, 1);
}

/* Depth, and places where nothing is. */
static void test_deep_and_damaged_files(void **state) {
  loom_ctx *ctx = *state;
  text t = text_new(&ctx->mem);
  for (int i = 0; i < 100; i++) {
    for (int k = 0; k < i; k++)
      text_add(&t, " ");
    text_add(&t, i % 10 ? "a:\n" : "b: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[{{{{{{{{{}}}}}]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]\n");
  }
  text_add(&t, "\"unclosed: {a: 'b\n:\n- - - x: {y: 1, , z: \n\xFF\xFE: 3\n");
  const lsp_lines l = lsp_lines_of(&ctx->mem, t.data, t.size);
  for (size_t at = 0; at <= t.size; at++) {
    lsp_key_place p;
    (void)lsp_key_at(&ctx->mem, &l, at, &p);
    assert_true(!p.path || strlen(p.path) < 2048);
  }
  (void)lsp_key_symbols(&ctx->mem, &l, LSP_UTF16);
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, testing_open_context, testing_close_context)
  const struct CMUnitTest tests[] = {T(test_json_of_any_bytes_is_cleaned), T(test_uris), T(test_names_and_what_is_before_them), T(test_imports_say_what_a_name_stands_for), T(test_paths_of_keys), T(test_what_is_a_key), T(test_long_paths),
                                     T(test_rows_of_keys), T(test_symbols_are_two_deep), T(test_deep_and_damaged_files)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
