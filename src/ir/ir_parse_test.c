/* Oracles: the exact line and column of planted errors; round trip of printed text. */
#include "ir/ir_testing.h"
#include "ir/ir.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static int open_ir(void **state) {
  (void)state;
  return ir_test_open(NULL);
}

static loom_status parse(const char *src, MlirModule *out) { return ir_parse(&ir, "k.mlir", src, strlen(src), out); }

static void test_parse_error_has_line_and_column(void **state) {
  (void)state;
  static const struct { const char *src, *needle; int line, col; } rows[] = {
      {"module {\n  func.func @a() {\n    retrun\n  }\n}\n", "retrun", 3, 5},
      {"func.func @a(%x: i32) -> i64 {\n  return %x : i32\n}\n", "return", 2, 3},
      {"module {\n  %0 = nope.op\n}", "nope", 2, 8},
      {"module {\n  func.func @a() { return }\n", "expected operation name", 2, 28},
      {"func.func @a(%m: memref<4x8xf16>, %n: memref<4x8xf32>) {\n"
       "  linalg.matmul ins(%m, %m : memref<4x8xf16>, memref<4x8xf16>) outs(%n : memref<4x8xf32>)\n  return\n}\n", "linalg.matmul", 2, 3},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    ctx.diag.first = NULL;
    ctx.diag.last = &ctx.diag.first;
    MlirModule m;
    assert_int_equal(parse(rows[i].src, &m), LOOM_EINPUT);
    assert_true(mlirModuleIsNull(m));
    const diag_item *d = ctx.diag.first;
    assert_non_null(d);
    assert_int_equal(d->severity, DIAG_ERROR);
    assert_int_equal(d->status, LOOM_EINPUT);
    assert_string_equal(d->span.source->path, "k.mlir");
    assert_string_equal(d->span.source->text, rows[i].src);
    assert_int_equal(d->span.line, rows[i].line);
    assert_int_equal(d->span.col, rows[i].col);
    assert_non_null(strstr(d->text, rows[i].needle));
  }
}

static void test_quiet_parse_says_nothing(void **state) {
  (void)state;
  ir.quiet = true;
  MlirModule m;
  assert_int_equal(parse("module {", &m), LOOM_EINPUT);
  assert_int_equal(parse("func.func", &m), LOOM_EINPUT);
  assert_null(ctx.diag.first);
}

static void test_printed_module_reads_back_the_same(void **state) {
  (void)state;
  const char *src = "#m = affine_map<(d0, d1) -> (d0, d1)>\n"
                    "func.func @a(%x: memref<4x8xf16>) -> i32 {\n  %c = arith.constant 3 : i32\n"
                    "  linalg.generic {indexing_maps = [#m], iterator_types = [\"parallel\", \"parallel\"]} outs(%x : memref<4x8xf16>) {\n"
                    "  ^bb0(%v: f16):\n    linalg.yield %v : f16\n  }\n  return %c : i32\n}\nfunc.func @b() {\n  return\n}\n";
  for (int generic = 0; generic < 2; generic++) {
    MlirModule m, again;
    assert_int_equal(parse(src, &m), LOOM_OK);
    const char *one = ir_print(&ctx.mem, mlirModuleGetOperation(m), generic);
    assert_null(strstr(one, "#map"));
    assert_int_equal(parse(one, &again), LOOM_OK);
    assert_string_equal(one, ir_print(&ctx.mem, mlirModuleGetOperation(again), generic));
    MlirModule clone = ir_clone_module(again);
    assert_int_equal(ir_verify(&ir, clone), LOOM_OK);
    assert_string_equal(one, ir_print(&ctx.mem, mlirModuleGetOperation(clone), generic));
    ir_close_module(clone);
    ir_close_module(again);
    ir_close_module(m);
  }
}

static void test_bare_functions_become_a_module_that_knows_its_places(void **state) {
  (void)state;
  MlirModule m;
  assert_int_equal(parse("func.func @only() { return }", &m), LOOM_OK);
  assert_false(mlirOperationIsNull(ir_find_func(m, "only")));
  loom_span s = ir_span(&ir, ir_find_func(m, "only"));
  assert_string_equal(s.source->path, "k.mlir");
  assert_int_equal(s.line, 1);
  assert_int_equal(s.col, 1);
  ir_close_module(m);
}

static void test_unregistered_operations_need_permission(void **state) {
  (void)state;
  const char *src = "module { \"nobody.core\"() {x = 1 : i32} : () -> () }";
  MlirModule m;
  assert_int_equal(parse(src, &m), LOOM_EINPUT);
  ir_allow_unregistered(&ir, true);
  assert_int_equal(parse(src, &m), LOOM_OK);
  ir_close_module(m);
}

static const char *nested(int depth, char open, char close) {
  text t = text_new(&ctx.mem);
  text_add(&t, "module attributes {loom.a = ");
  for (int i = 0; i < depth; i++)
    text_add_bytes(&t, &open, 1);
  for (int i = 0; i < depth; i++)
    text_add_bytes(&t, &close, 1);
  text_add(&t, "} {}");
  return text_str(&t);
}

static void test_scan_refuses_deep_and_large_and_binary_text(void **state) {
  (void)state;
  MlirModule m;
  const char *ok = nested(MLIR_TEXT_DEPTH_MAX - 1, '[', ']');
  assert_int_equal(parse(ok, &m), LOOM_OK);
  ir_close_module(m);
  const struct { char open, close; } brackets[] = {{'[', ']'}, {'(', ')'}, {'{', '}'}, {'<', '>'}};
  for (size_t i = 0; i < 4; i++) {
    assert_int_equal(parse(nested(MLIR_TEXT_DEPTH_MAX, brackets[i].open, brackets[i].close), &m), LOOM_ELIMIT);
    assert_int_equal(parse(nested(100000, brackets[i].open, brackets[i].close), &m), LOOM_ELIMIT);
  }
  assert_non_null(strstr(ctx.diag.first->text, "deeper than 128"));
  assert_int_equal(ctx.diag.first->span.line, 1);
  assert_int_equal(ctx.diag.first->span.col, 28 + MLIR_TEXT_DEPTH_MAX);

  size_t big = (size_t)MLIR_TEXT_BYTES_MAX + 1;
  char *blank = arena_alloc(&ctx.mem, big);
  memset(blank, ' ', big);
  assert_int_equal(ir_parse(&ir, "big.mlir", blank, big, &m), LOOM_ELIMIT);
  assert_int_equal(ir_parse(&ir, "bin.mlir", "module\0{}", 9, &m), LOOM_EINPUT);
}

static void test_scan_ignores_strings_comments_arrows_and_comparisons(void **state) {
  (void)state;
  text t = text_new(&ctx.mem);
  text_add(&t, "// ");
  for (int i = 0; i < 300; i++)
    text_add(&t, "((");
  text_add(&t, "\nmodule attributes {loom.s = \"");
  for (int i = 0; i < 300; i++)
    text_add(&t, "[<\\\"");
  text_add(&t, "\"} {\n");
  for (int i = 0; i < 300; i++)
    text_addf(&t, "func.func private @f%d(i32) -> i32 attributes {s = affine_set<(d0) : (d0 - 1 >= 0, -d0 + 7 >= 0)>}\n", i);
  text_add(&t, "}\n");
  MlirModule m;
  assert_int_equal(parse(text_str(&t), &m), LOOM_OK);
  ir_close_module(m);
}

/* MLIR 22 aborts on this text. */
static void test_scan_refuses_iterator_types_that_are_not_strings(void **state) {
  (void)state;
  const char *src = "func.func @a(%x: memref<4xf16>) {\n"
                    "  linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>], iterator_types = [{}]} outs(%x : memref<4xf16>) {\n"
                    "  ^bb0(%v: f16):\n    linalg.yield %v : f16\n  }\n  return\n}\n";
  MlirModule m;
  assert_int_equal(parse(src, &m), LOOM_EINPUT);
  assert_non_null(strstr(ctx.diag.first->text, "iterator_types"));
  assert_int_equal(ctx.diag.first->span.line, 2);
}

static void test_location_in_the_text_wins(void **state) {
  (void)state;
  const diag_source *py = diag_add_source(&ctx, "kernel.py", "a\nb\nc\n", 6);
  MlirModule m;
  assert_int_equal(parse("module {\n  func.func @a() { return } loc(\"kernel.py\":3:1)\n}", &m), LOOM_OK);
  loom_span s = ir_span(&ir, ir_find_func(m, "a"));
  assert_ptr_equal(s.source, py);
  assert_int_equal(s.line, 3);
  ir_close_module(m);
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, open_ir, close_ir)
  const struct CMUnitTest tests[] = {
      T(test_parse_error_has_line_and_column), T(test_quiet_parse_says_nothing), T(test_printed_module_reads_back_the_same),
      T(test_bare_functions_become_a_module_that_knows_its_places), T(test_unregistered_operations_need_permission),
      T(test_scan_refuses_deep_and_large_and_binary_text), T(test_scan_ignores_strings_comments_arrows_and_comparisons),
      T(test_scan_refuses_iterator_types_that_are_not_strings), T(test_location_in_the_text_wins),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
