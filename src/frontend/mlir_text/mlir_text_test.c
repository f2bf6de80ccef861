#include "base/testing.h"
#include "frontend/mlir_text/mlir_text.h"

static mlir_cursor open_text(loom_ctx *ctx, const char *s) {
  mlir_cursor c;
  loom_ctx_init(ctx);
  assert_int_equal(mlir_text_open(ctx, diag_add_source(ctx, "t.mlir", s, strlen(s)), &c), LOOM_OK);
  return c;
}

/* Tokens separated by blanks, as the source must be split. */
static void test_tokens_are_split_as_mlir_does(void **state) {
  (void)state;
  static const struct { const char *source, *tokens; } cases[] = {
      {"%a#1:2=\"x.y\"(%b)", "%a#1 : 2 = \"x.y\" ( %b )"},
      {"tensor<4x?x4xf32>->f32", "tensor < 4 x ? x4xf32 > -> f32"},
      {"!torch.vtensor<[4,?],f32>", "!torch.vtensor < [ 4 , ? ] , f32 >"},
      {"@a::@\"b c\" // @d\n^bb0(#map, -1.5e-3, 0x7F, 1e5)", "@a :: @\"b c\" ^bb0 ( #map , - 1.5e-3 , 0x7F , 1 e5 )"},
      {"%a->%0x torch.aten.add.Tensor a>=b", "%a -> %0x torch.aten.add.Tensor a >= b"},
      {"%0-1 \"a\\\"b\" \"open", "%0 - 1 \"a\\\"b\" \"open"},
      {"#0 !$x @1a ^bb$.-1 %-> %a#x %a# #! ^ @", "#0 !$x @1a ^bb$.-1 % -> %a #x %a # # ! ^ @"},
      {"0x 0xg 1.e 1.5e+ 2.5E+7 3. 0.e-1x", "0 x 0 xg 1. e 1.5 e + 2.5E+7 3. 0.e-1 x"},
      {"a/b / //c\n\"x\\", "a / b / \"x\\"},
      {"\"open \\\n\"b", "\"open \\ \"b"},
      {"a==b<=c::d - > a$b.c_", "a == b <= c :: d - > a$b.c_"},
      {"\x80 \x7f", "\x80 \x7f"},
      {"", ""}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    mlir_cursor c = open_text(&ctx, cases[i].source);
    const char *want = cases[i].tokens;
    for (; c.token.kind != MLIR_TOKEN_END; mlir_text_next(&c)) {
      want += *want == ' ';
      if (strncmp(want, c.token.at, c.token.size) != 0)
        fail_msg("case %zu: token '%.*s' where '%s' goes on", i, (int)c.token.size, c.token.at, want);
      want += c.token.size;
    }
    assert_string_equal(want, "");
    loom_ctx_done(&ctx);
  }
}

static void test_tokens_know_their_place(void **state) {
  (void)state;
  loom_ctx ctx;
  mlir_cursor c = open_text(&ctx, "a // b\n\n  %c");
  mlir_text_next(&c);
  loom_span s = mlir_text_span(&c, &c.token);
  assert_true(s.line == 3 && s.col == 3 && s.end_col == 5);
  loom_ctx_done(&ctx);
}

static void test_pieces_end_where_they_end(void **state) {
  (void)state;
  static const struct { char kind; const char *source, *piece; } cases[] = {
      {'t', "tensor<4xf32> loc(x)", "tensor<4xf32>"},
      {'t', "(i32, tensor<?xf32>) -> (f32) {", "(i32, tensor<?xf32>) -> (f32)"},
      {'t', "() -> memref<4xf32, affine_map<(d0) -> (d0)>>, x", "() -> memref<4xf32, affine_map<(d0) -> (d0)>>"},
      {'t', "!torch.list<int> x", "!torch.list<int>"},
      {'t', "f32)", "f32"},
      {'a', "dense<[[1, -2.0]]> : tensor<1x2xf32>", "dense<[[1, -2.0]]>"},
      {'a', "-1.5e3 : f32", "-1.5e3"},
      {'a', "@a::@b, c", "@a::@b"},
      {'a', "@a::b", "@a"},
      {'a', "{a = \"}\", b = affine_set<(d0) : (d0 <= 4)>} x", "{a = \"}\", b = affine_set<(d0) : (d0 <= 4)>}"},
      {'t', "(i32) -> !a.b<c>, x", "(i32) -> !a.b<c>"},
      {'t', "(i32) {", "(i32)"},
      {'a', "!a.b<c> x", "!a.b<c>"},
      {'a', "(i32) -> i32 x", "(i32) -> i32"},
      {'a', "#a.b<c, d> x", "#a.b<c, d>"},
      {'a', "\"a b\"<x>", "\"a b\""},
      {'a', "7<x>", "7"},
      {'a', "[1, (a < b)] x", "[1, (a < b)]"},
      {'a', "[a -> b] x", "[a -> b]"},
      {'a', "[a > b] x", "[a > b]"},
      {'a', "- x", "refused"},
      {'a', "%x", "refused"},
      {'t', "%x", "refused"},
      {'a', "true x", "true"}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    mlir_cursor c = open_text(&ctx, cases[i].source);
    mlir_slice got;
    loom_status st = cases[i].kind == 't' ? mlir_text_type(&c, &got) : mlir_text_attribute(&c, &got);
    assert_string_equal(st == LOOM_OK ? mlir_text_copy(&ctx.mem, got) : "refused", cases[i].piece);
    loom_ctx_done(&ctx);
  }
}

static void test_what_is_missing_is_said_with_its_place(void **state) {
  (void)state;
  char deep[300];
  memset(deep, '(', 200);
  deep[200] = '\0';
  const struct { const char *source, *part; loom_status status; int line, col; } cases[] = {
      {"(a,\n [b)", "')' closes nothing; expected ']'", LOOM_EINPUT, 2, 4},
      {"(a", "this '(' is not closed", LOOM_EINPUT, 1, 1},
      {"<a < b>", "this '<' is not closed", LOOM_EINPUT, 1, 1},   /* a comparison without a bracket around it cannot be told from one that opens */
      {"((a]", "']' closes nothing; expected ')'", LOOM_EINPUT, 1, 4},
      {"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeee", "found 'aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd'", LOOM_EINPUT, 1, 1},
      {"x", "expected an opening bracket, found 'x'", LOOM_EINPUT, 1, 1},
      {deep, "nested deeper than 128", LOOM_ELIMIT, 1, 129}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    mlir_cursor c = open_text(&ctx, cases[i].source);
    mlir_slice got;
    assert_int_equal(mlir_text_balanced(&c, &got), cases[i].status);
    testing_expect_error(&ctx, cases[i].status, cases[i].part, cases[i].line, cases[i].col);
    loom_ctx_done(&ctx);
  }
  loom_ctx ctx;
  mlir_slice got;
  mlir_cursor c = open_text(&ctx, "a.b %x");
  assert_int_equal(mlir_text_expect(&c, ":", "a.b"), LOOM_EINPUT);
  testing_expect_error(&ctx, LOOM_EINPUT, "expected ':' in a.b, found 'a.b'", 1, 1);
  loom_ctx_done(&ctx);
  c = open_text(&ctx, "a.b");
  mlir_text_next(&c);
  assert_int_equal(mlir_text_take(&c, MLIR_TOKEN_VALUE, "a.b", &got), LOOM_EINPUT);
  testing_expect_error(&ctx, LOOM_EINPUT, "expected a value in a.b, found the end of the text", 1, 4);
  loom_ctx_done(&ctx);
  c = open_text(&ctx, "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeee");
  assert_int_equal(mlir_text_expect(&c, "(", "a.b"), LOOM_EINPUT);
  testing_expect_error(&ctx, LOOM_EINPUT, "expected '(' in a.b, found 'aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd'", 1, 1);
  loom_ctx_done(&ctx);
  c = open_text(&ctx, "");
  assert_int_equal(mlir_text_type(&c, &got), LOOM_EINPUT);
  assert_int_equal(mlir_text_attribute(&c, &got), LOOM_EINPUT);
  loom_ctx_done(&ctx);
}

static void test_flat_text_is_one_line_without_comments(void **state) {
  (void)state;
  static const struct { const char *in, *out; } rows[] = {{"a // b\nc", "a      c"},    {"a / b", "a / b"}, {"\"a // b\" // c", "\"a // b\"     "}, {"\"a\\\" // b\"", "\"a\\\" // b\""},
                                                          {"\"a // b\n // c", "\"a // b      "}, {"a /", "a /"},     {"", ""},                          {"\"a\\\n//", "\"a\\   "}};
  arena m = {0};
  for (size_t i = 0; i < COUNT_OF(rows); i++)
    assert_string_equal(mlir_text_flat(&m, (mlir_slice){rows[i].in, strlen(rows[i].in)}), rows[i].out);
  arena_done(&m);
}

/* A path may hold what ends a string of MLIR. */
static void test_locations_name_the_path(void **state) {
  (void)state;
  loom_ctx ctx;
  mlir_cursor c;
  loom_ctx_init(&ctx);
  assert_int_equal(mlir_text_open(&ctx, diag_add_source(&ctx, "a\"b\\c\x01.mlir", "x y", 3), &c), LOOM_OK);
  assert_string_equal(mlir_edit_location(&c, &c.token), " loc(\"a\\22b\\5Cc\\01.mlir\":1:1)");
  loom_ctx_done(&ctx);
}

static void test_text_over_the_limit_is_refused(void **state) {
  (void)state;
  loom_ctx ctx;
  mlir_cursor c;
  loom_ctx_init(&ctx);
  const diag_source *huge = diag_add_source(&ctx, "huge.mlir", "", (size_t)MLIR_TEXT_BYTES_MAX + 1);
  assert_int_equal(mlir_text_open(&ctx, huge, &c), LOOM_ELIMIT);
  testing_expect_error(&ctx, LOOM_ELIMIT, "at most 16777216 are read", 0, 0);
  loom_ctx_done(&ctx);
}

static void test_edited_text_keeps_its_lines(void **state) {
  (void)state;
  loom_ctx ctx;
  mlir_cursor start = open_text(&ctx, "a b\n c\nd\n"), c = start;
  mlir_edit e = mlir_edit_open(&start);
  mlir_text_next(&c);
  mlir_token from = c.token;
  mlir_text_next(&c);
  const char *end = c.next;
  mlir_text_next(&c);
  mlir_edit_replace(&e, from.at, end, "X");
  size_t n;
  assert_string_equal(mlir_edit_text(&e, &n), "a X\n\nd\n");
  assert_int_equal(n, 7);
  assert_string_equal(mlir_edit_location(&c, &from), " loc(\"t.mlir\":1:3)");
  loom_ctx_done(&ctx);
  start = open_text(&ctx, "a loc(\"x\":1:1)");
  e = mlir_edit_open(&start);
  assert_ptr_equal(mlir_edit_text(&e, &n), start.source->text);   /* nothing to copy */
  c = start;
  mlir_text_next(&c);
  assert_string_equal(mlir_edit_location(&c, &start.token), "");
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_tokens_are_split_as_mlir_does), cmocka_unit_test(test_tokens_know_their_place),
      cmocka_unit_test(test_pieces_end_where_they_end),     cmocka_unit_test(test_what_is_missing_is_said_with_its_place),
      cmocka_unit_test(test_flat_text_is_one_line_without_comments), cmocka_unit_test(test_locations_name_the_path),
      cmocka_unit_test(test_text_over_the_limit_is_refused), cmocka_unit_test(test_edited_text_keeps_its_lines)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
