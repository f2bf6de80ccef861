/* Oracles: each limit of mlir_scan.h one under, at and one over; the dialects that Debian's mlir-opt has; what is refused is refused at its place. */
#include "base/testing.h"
#include "frontend/mlir_text/mlir_scan.h"
#include <stdio.h>

static loom_ctx ctx;

static int open_ctx(void **state) {
  (void)state;
  loom_ctx_init(&ctx);
  return 0;
}

static int close_ctx(void **state) {
  (void)state;
  loom_ctx_done(&ctx);
  return 0;
}

static loom_status scan_bytes(const char *bytes, size_t size, mlir_reader reader) {
  ctx.diag = (diag_list){.last = &ctx.diag.first};
  return mlir_scan(&ctx, diag_add_source(&ctx, "t.mlir", bytes, size), bytes, size, reader);
}

static loom_status scan(const char *s, mlir_reader reader) { return scan_bytes(s, strlen(s), reader); }

/* `before`, `n` times `piece`, `after`. */
static const char *repeated(const char *before, long n, const char *piece, const char *after) {
  text t = text_new(&ctx.mem);
  text_add(&t, before);
  for (long i = 0; i < n; i++)
    text_add(&t, piece);
  text_add(&t, after);
  return text_str(&t);
}

static void expect(const char *s, loom_status st, const char *said) {
  loom_status got = scan(s, MLIR_READS_PROGRAMS);
  if (got != st || (said && (!ctx.diag.first || !strstr(ctx.diag.first->text, said))))
    fail_msg("%.60s..: %d, expected %d; said '%s', expected '%s'", s, (int)got, (int)st, ctx.diag.first ? ctx.diag.first->text : "", said ? said : "");
}

/* One under and at the limit pass; one over says its number. */
static void expect_limit(const char *before, long at, const char *piece, const char *after, const char *said) {
  expect(repeated(before, at - 1, piece, after), LOOM_OK, NULL);
  expect(repeated(before, at, piece, after), LOOM_OK, NULL);
  expect(repeated(before, at + 1, piece, after), LOOM_ELIMIT, said);
}

static void test_each_limit_holds_under_at_and_over(void **state) {
  (void)state;
  expect_limit("", MLIR_TEXT_DEPTH_MAX, "{", "", "deeper than 128");
  expect_limit("", MLIR_TEXT_DEPTH_MAX, "<", "", "deeper than 128");
  expect_limit("%", MLIR_SCAN_NAME_MAX - 1, "x", "", "at most 1024");
  expect_limit("@", MLIR_SCAN_NAME_MAX - 1, "x", "", "at most 1024");
  expect_limit("#", MLIR_SCAN_NAME_MAX - 1, "x", "", "at most 1024");
  expect_limit("tensor<4", MLIR_SCAN_NAME_MAX / 2, "x4", "", "at most 1024");
  expect_limit("", MLIR_SCAN_NAME_MAX, "7", "", "1025 digits; at most 1024");
  expect_limit("affine_map<(d0) -> (d0", MLIR_SCAN_OPERATORS_MAX, " + 1", ")>", "more than 1000 operators");
  expect_limit("affine_map<(d0) -> (", MLIR_SCAN_OPERATORS_MAX, "-", "d0)>", "more than 1000 operators");
  expect_limit("affine_map<(d0) -> (d0", MLIR_SCAN_OPERATORS_MAX, " mod 2", ")>", "more than 1000 operators");
  expect_limit("affine_map<(d0) -> (d0", MLIR_SCAN_OPERATORS_MAX, " floordiv 2", ")>", "more than 1000 operators");
  expect_limit("affine_map<(d0) -> (d0", MLIR_SCAN_OPERATORS_MAX, " ceildiv 2", ")>", "more than 1000 operators");
  expect_limit("affine_map<(d0) -> (d0", MLIR_SCAN_OPERATORS_MAX, " * 2", ")>", "more than 1000 operators");
  expect_limit("1.", MLIR_SCAN_NAME_MAX - 2, "7", "", "at most 1024");
  expect(repeated("x = \"", 3 * MLIR_SCAN_NAME_MAX, "y", "\""), LOOM_OK, NULL);
  expect(repeated("dense<0x", 3 * MLIR_SCAN_NAME_MAX, "a", ">"), LOOM_OK, NULL);
  expect(repeated("", 3 * MLIR_TEXT_DEPTH_MAX, "(a < b)", ""), LOOM_OK, NULL);      /* a bracket closes the comparisons in it */
  expect(repeated("", 3 * MLIR_TEXT_DEPTH_MAX, "]", ""), LOOM_OK, NULL);
  expect(repeated("(", 3 * MLIR_TEXT_DEPTH_MAX, "]", ""), LOOM_OK, NULL);
  expect_limit("", MLIR_SCAN_OPERATIONS_MAX, "a.b\n", "", "more than 1000000 operations");
}

static void test_large_literals_and_texts_have_limits(void **state) {
  (void)state;
  expect(repeated("dense<[1", MLIR_SCAN_ELEMENTS_MAX - 1, ",1", "]>"), LOOM_ELIMIT, "tokens");      /* commas are tokens, too */
  expect(repeated("dense<[1", MLIR_SCAN_ELEMENTS_MAX - 1, " 1", "]>"), LOOM_OK, NULL);
  expect(repeated("dense<[1", MLIR_SCAN_ELEMENTS_MAX, " 1", "]>"), LOOM_ELIMIT, "more than 4000000 elements");
  expect(repeated("dense<[1", MLIR_SCAN_ELEMENTS_MAX / 2, " 1. true", "]>"), LOOM_ELIMIT, "more than 4000000 elements");
  expect(repeated("", MLIR_SCAN_TOKENS_MAX, "1 ", ""), LOOM_OK, NULL);
  expect(repeated("", MLIR_SCAN_TOKENS_MAX + 1, "1 ", ""), LOOM_ELIMIT, "more than 8000000 tokens");
  char *blank = arena_alloc(&ctx.mem, (size_t)MLIR_TEXT_BYTES_MAX + 1);
  memset(blank, ' ', (size_t)MLIR_TEXT_BYTES_MAX + 1);
  assert_int_equal(scan_bytes(blank, MLIR_TEXT_BYTES_MAX, MLIR_READS_OWN), LOOM_OK);
  assert_int_equal(scan_bytes(blank, (size_t)MLIR_TEXT_BYTES_MAX + 1, MLIR_READS_OWN), LOOM_ELIMIT);
  assert_non_null(strstr(ctx.diag.first->text, "at most 16777216"));
}

/* "#a0 = 1", then n times "#a<i+1> = <piece with #a<i> twice or once>". */
static const char *chain(int n, const char *format) {
  text t = text_new(&ctx.mem);
  text_add(&t, "#a0 = 1\n");
  for (int i = 0; i < n; i++) {
    text_addf(&t, "#a%d = ", i + 1);
    for (const char *p = format; *p; p++)
      if (*p == '$')
        text_addf(&t, "#a%d", i);
      else
        text_add_bytes(&t, p, 1);
    text_add(&t, "\n");
  }
  text_add(&t, "module attributes {x = #a0} {}\n");
  return text_str(&t);
}

static void test_aliases_count_as_what_they_stand_for(void **state) {
  (void)state;
  expect(chain(18, "[$, $]"), LOOM_OK, NULL);                        /* 2^18 elements written out */
  expect(chain(30, "[$, $]"), LOOM_ELIMIT, "written out, the text has more than 8000000 tokens");
  expect(chain(60, "[$]"), LOOM_OK, NULL);
  expect(chain(129, "[$]"), LOOM_ELIMIT, "nested deeper than 128");
  expect(chain(100000, "loc(callsite($ at \"x\"))"), LOOM_ELIMIT, "nested deeper than 128");
  text many = text_new(&ctx.mem);
  for (int i = 0; i <= MLIR_SCAN_ALIASES_MAX; i++)
    text_addf(&many, "!t%d = i32\n", i);
  expect(text_str(&many), LOOM_ELIMIT, "more than 100000 aliases");
  /* A definition goes on behind its line's end, where something is missing; what it stands for counts where it is used. */
  static const char *const begins[] = {"#a =\nx ", "#a = 1 :\nx ", "#a = () ->\nx ", "#a = x "};
  for (size_t i = 0; i < COUNT_OF(begins); i++)
    expect(arena_printf(&ctx.mem, "%s\n%s", repeated(begins[i], 100, "[", repeated("", 100, "]", "")), repeated("module {", 40, "[", " #a")), LOOM_ELIMIT, "nested deeper than 128");
  expect(arena_printf(&ctx.mem, "%s\n%s", repeated("#a = 1\nx ", 100, "[", repeated("", 100, "]", "")), repeated("module {", 40, "[", " #a")), LOOM_OK, NULL);
  /* What follows an alias is not its definition. */
  expect(repeated("#a = 1\nmodule {", 127, "[", "\n#b = #a"), LOOM_OK, NULL);
}

static void test_names_of_forbidden_dialects_are_refused_at_their_place(void **state) {
  (void)state;
  static const struct { const char *source; mlir_reader reader; int line, col; } rows[] = {
      {"llvm.inline_asm \"nop\"", MLIR_READS_PROGRAMS, 1, 1},      {"func.func @f() { llvm.br ^bb1 }", MLIR_READS_PROGRAMS, 1, 18},
      {"  \"llvm.inline_asm\"() : () -> ()", MLIR_READS_PROGRAMS, 1, 3}, {"%0 = llvm.mlir.zero : i32", MLIR_READS_PROGRAMS, 1, 6},
      {"f(%a: !llvm.ptr)", MLIR_READS_PROGRAMS, 1, 7},             {"f(%a: !llvm<ptr>)", MLIR_READS_PROGRAMS, 1, 7},
      {"{a = #llvm.linkage<internal>}", MLIR_READS_PROGRAMS, 1, 6}, {"\n transform.sequence {}", MLIR_READS_PROGRAMS, 2, 2},
      {"pdl.pattern {}", MLIR_READS_PROGRAMS, 1, 1},               {"pdl.pattern {}", MLIR_READS_STAGES, 1, 1},
      {"irdl.dialect @x {}", MLIR_READS_STAGES, 1, 1},             {"emitc.verbatim \"x\"", MLIR_READS_STAGES, 1, 1},
      {"{llvm.x: 3}", MLIR_READS_PROGRAMS, 1, 2},                  {"x\n\"llvm.a\"(%b)", MLIR_READS_PROGRAMS, 2, 1},
      {"#llvm.x = 3", MLIR_READS_PROGRAMS, 1, 1},                  {"x llvm.y", MLIR_READS_PROGRAMS, 1, 3},
      {"llvm.return", MLIR_READS_PATTERNS, 1, 1},                  {"\"pdl_interp.func\"() : () -> ()", MLIR_READS_PATTERNS, 1, 1},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    if (scan(rows[i].source, rows[i].reader) != LOOM_EINPUT)
      fail_msg("'%s' is read", rows[i].source);
    assert_non_null(strstr(ctx.diag.first->text, "is of a dialect that is not read from files"));
    assert_int_equal(ctx.diag.first->span.line, rows[i].line);
    assert_int_equal(ctx.diag.first->span.col, rows[i].col);
  }
}

static void test_what_only_looks_like_them_is_read(void **state) {
  (void)state;
  static const struct { const char *source; mlir_reader reader; } rows[] = {
      {"func.func private @f(memref<f32>) attributes {llvm.bareptr = true, llvm.emit_c_interface}", MLIR_READS_PROGRAMS},
      {"// llvm.inline_asm\n\"x.y\"() {s = \"llvm.inline_asm\"} : () -> ()", MLIR_READS_PROGRAMS},
      {"loc(\"llvm.inline_asm\"(\"a\":1:1))", MLIR_READS_PROGRAMS},
      {"@llvm.inline_asm  ^llvm.x  %llvm.y", MLIR_READS_PROGRAMS},
      {"llvm.inline_asm \"nop\" !llvm.ptr", MLIR_READS_STAGES},
      {"%r = pdl.operation \"llvm.add\"(%a, %b : !pdl.value, !pdl.value) -> (%t : !pdl.type)", MLIR_READS_PATTERNS},
      {"llvm.inline_asm transform.x irdl.y", MLIR_READS_OWN},
      {"{-# dialect_resources: {llvm.x: \"0x00\"} #-}", MLIR_READS_PROGRAMS}, {"{llvm.x, a}", MLIR_READS_PROGRAMS},
      {"[\"a\", \"llvm.b\"(x)] <\"llvm.b\"(x)>", MLIR_READS_PROGRAMS}, {"\"\n(", MLIR_READS_PROGRAMS}, {"ML", MLIR_READS_PROGRAMS}, {"", MLIR_READS_PROGRAMS},
      {"gpu.block_id x", MLIR_READS_PROGRAMS},      /* whoever compiles says that it is not supported */
      {"nobody.knows", MLIR_READS_PROGRAMS},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++)
    if (scan(rows[i].source, rows[i].reader) != LOOM_OK)
      fail_msg("'%s': %s", rows[i].source, ctx.diag.first->text);
}

static void test_all_of_them_are_named_up_to_a_limit(void **state) {
  (void)state;
  assert_int_equal(scan("llvm.a\nllvm.b\n!llvm.ptr", MLIR_READS_PROGRAMS), LOOM_EINPUT);
  assert_int_equal(ctx.diag.errors, 3);
  assert_int_equal(scan(repeated("", 1000, "llvm.a\n", ""), MLIR_READS_PROGRAMS), LOOM_EINPUT);
  assert_int_equal(ctx.diag.errors, 64);
}

static void test_what_is_no_text_is_told_by_its_name(void **state) {
  (void)state;
  assert_int_equal(scan_bytes("ML\xefR\x0d\x01", 6, MLIR_READS_PROGRAMS), LOOM_EINPUT);
  assert_string_equal(ctx.diag.first->text, "this is MLIR bytecode (it starts with 'ML\\xEFR'); only text is read");
  assert_int_equal(scan_bytes("module\n {\0}", 11, MLIR_READS_OWN), LOOM_EINPUT);
  assert_non_null(strstr(ctx.diag.first->text, "NUL byte"));
  assert_true(ctx.diag.first->span.line == 2 && ctx.diag.first->span.col == 3);
  expect("\"llvm\\2Einline_asm\"() : () -> ()", LOOM_EINPUT, "the name of an operation holds an escape");
  expect("linalg.generic {iterator_types = [{}]}", LOOM_EINPUT, "iterator_types holds something that is not a string");
  static const char *const left[] = {"x {iterator_types}", "x {iterator_types = 3}", "x {iterator_types = [\"parallel\"", "x {iterator_types = [>]}", "x {iterator_types = [#a.b<(c), [d]>, \"e\"]}"};
  for (size_t i = 0; i < COUNT_OF(left); i++)
    expect(left[i], LOOM_OK, NULL);      /* wrong or not, MLIR says so */
  expect("linalg.generic {iterator_types = [\"parallel\", #linalg.iterator_type<reduction>]}", LOOM_OK, NULL);
}

/* A dialect that a new MLIR brings is in the table before it is read: the tool of the same package lists what the library registers. */
static void test_table_has_every_dialect_of_upstream(void **state) {
  (void)state;
  static const char *const of_tools[] = {"test", "test_dyn", "test_irdl_to_cpp"};
  static const char *const table[] = {
#define X(name, readers) #name,
      MLIR_DIALECT_LIST(X)
#undef X
  };
  char line[4096] = "";
  FILE *p = popen("mlir-opt-22 --show-dialects 2>/dev/null", "r");
  assert_non_null(p);
  char *read = fgets(line, sizeof line, p);
  pclose(p);
  char *names = read ? strchr(read, ':') : NULL;
  if (!names)
    skip();
  int n = 0;
  char *rest;
  for (char *name = strtok_r(names + 1, " ,\n", &rest); name; name = strtok_r(NULL, " ,\n", &rest), n++) {
    bool known = false;
    for (size_t i = 0; i < COUNT_OF(table); i++)
      known |= text_eq(table[i], name);
    for (size_t i = 0; i < COUNT_OF(of_tools); i++)
      known |= text_eq(of_tools[i], name);
    if (!known)
      fail_msg("dialect '%s' is in no row of MLIR_DIALECT_LIST", name);
  }
  assert_true(n > 30);
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, open_ctx, close_ctx)
  const struct CMUnitTest tests[] = {
      T(test_each_limit_holds_under_at_and_over), T(test_large_literals_and_texts_have_limits), T(test_aliases_count_as_what_they_stand_for),
      T(test_names_of_forbidden_dialects_are_refused_at_their_place), T(test_what_only_looks_like_them_is_read), T(test_all_of_them_are_named_up_to_a_limit),
      T(test_what_is_no_text_is_told_by_its_name), T(test_table_has_every_dialect_of_upstream),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
