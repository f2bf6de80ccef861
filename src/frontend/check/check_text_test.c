#include "base/testing.h"
#include "frontend/check/check_text.h"
#include "frontend/mlir_text/mlir_text_testing.h"

static loom_status normalise(loom_ctx *ctx, const char *s, const char **out, bool *any) {
  size_t n;
  loom_ctx_init(ctx);
  loom_status st = check_text_normalise(ctx, diag_add_source(ctx, "t.mlir", s, strlen(s)), out, &n, any);
  assert_true(st != LOOM_OK || n == strlen(*out));
  return st;
}

static const struct { const char *source, *generic; } forms[] = {
      {"check.expect_true(%a) : i32", "\"check.expect_true\"(%a) : (i32) -> () loc(\"t.mlir\":1:1)"},
      {"check.expect_eq(%a#1, %b) : tensor<2xf32>\nreturn", "\"check.expect_eq\"(%a#1, %b) {} : (tensor<2xf32>, tensor<2xf32>) -> () loc(\"t.mlir\":1:1)\nreturn"},
      {"check.expect_almost_eq(%a, %b, atol 1.0e-02, rtol 1.0) : tensor<?x2xf32>",
       "\"check.expect_almost_eq\"(%a, %b) {atol = 1.0e-02 : f32, rtol = 1.0 : f32} : (tensor<?x2xf32>, tensor<?x2xf32>) -> () loc(\"t.mlir\":1:1)"},
      {"check.expect_eq_const(%a, dense<[1,// one\n 2]> : tensor<2xi8>)\n : tensor<2xi8>",
       "\"check.expect_eq_const\"(%a) {value = dense<[1,        2]> : tensor<2xi8>} : (tensor<2xi8>) -> () loc(\"t.mlir\":1:1)\n\n"},
      {"%t = util.unfoldable_constant true", "%t = \"util.unfoldable_constant\"() {value = true} : () -> i1 loc(\"t.mlir\":1:6)"},
      {"%t = util.unfoldable_constant -1.5\n", "%t = \"util.unfoldable_constant\"() {value = -1.5 : f64} : () -> f64 loc(\"t.mlir\":1:6)\n"},
      {"%d = util.unfoldable_constant 128 : index loc(#loc3)", "%d = \"util.unfoldable_constant\"() {value = 128 : index} : () -> index loc(#loc3)"},
      {"%x = flow.tensor.dynamic_constant dense<1> : tensor<2xi32> -> tensor<?xi32>",
       "%x = \"util.dynamic_constant\"() {value = dense<1> : tensor<2xi32>} : () -> tensor<?xi32> loc(\"t.mlir\":1:6)"},
      {"%x:2 = util.optimization_barrier %a, %b : i1, tensor<i1>", "%x:2 = \"builtin.unrealized_conversion_cast\"(%a, %b) : (i1, tensor<i1>) -> (i1, tensor<i1>) loc(\"t.mlir\":1:8)"},
      {"%x = flow.tensor.tie_shape %a : tensor<?x2xi32>{%d}", "%x = \"util.optimization_barrier\"(%a) : (tensor<?x2xi32>) -> (tensor<?x2xi32>) loc(\"t.mlir\":1:6)"},
      {"%x = flow.tensor.bitcast %a : tensor<4xi8> -> tensor<8xi4>", "%x = \"util.bitcast\"(%a) : (tensor<4xi8>) -> tensor<8xi4> loc(\"t.mlir\":1:6)"},
      {"util.func public @f() { util.return }", "func.func public @f() { func.return }"},
      {"util.global private mutable @c = dense<2.0> : tensor<f32>", "ml_program.global private mutable @c(dense<2.0> : tensor<f32>) : tensor<f32> loc(\"t.mlir\":1:1)"},
      {"%x = util.global.load @c : tensor<f32>", "%x = ml_program.global_load @c : tensor<f32> loc(\"t.mlir\":1:6)"},
      {"util.global.store %x, @c : tensor<f32>", "ml_program.global_store @c = %x : tensor<f32> loc(\"t.mlir\":1:1)"},
      {"check.expect_true(%a) : tensor<?xi1>{%d}", "\"check.expect_true\"(%a) : (tensor<?xi1>) -> () loc(\"t.mlir\":1:1)"},
      {"check.expect_false(%a) {x = 1} : i32 \t\r\n", "\"check.expect_false\"(%a) : (i32) -> () loc(\"t.mlir\":1:1) \t\r\n"},
      {"%t = util.unfoldable_constant false", "%t = \"util.unfoldable_constant\"() {value = false} : () -> i1 loc(\"t.mlir\":1:6)"},
      {"%t = util.unfoldable_constant 12345", "%t = \"util.unfoldable_constant\"() {value = 12345 : i64} : () -> i64 loc(\"t.mlir\":1:6)"},
      {"%t = util.unfoldable_constant true : i1", "%t = \"util.unfoldable_constant\"() {value = true : i1} : () -> i1 loc(\"t.mlir\":1:6)"},
      {"%t = util.unfoldable_constant \"a // b\" : !x.y", "%t = \"util.unfoldable_constant\"() {value = \"a // b\" : !x.y} : () -> !x.y loc(\"t.mlir\":1:6)"},
      {"util.global public @c : tensor<f32>", "ml_program.global public @c : tensor<f32> loc(\"t.mlir\":1:1)"},
      {"util.global @c {x} = 5", "ml_program.global private @c(5 : i64) : i64 loc(\"t.mlir\":1:1)"},
      {"%x = util.global.load immutable @c : i32", "%x = ml_program.global_load @c : i32 loc(\"t.mlir\":1:6)"}};

static void test_custom_forms_become_generic(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(forms); i++) {
    loom_ctx ctx;
    const char *got = NULL;
    bool any;
    assert_int_equal(normalise(&ctx, forms[i].source, &got, &any), LOOM_OK);
    assert_string_equal(got, forms[i].generic);
    assert_true(any);
    loom_ctx_done(&ctx);
  }
}

static void test_other_text_is_left_alone(void **state) {
  (void)state;
  static const char *const cases[] = {"func.func @f() { return }", "\"check.expect_true\"(%a) : (i32) -> ()", "// check.expect_true(\n", "\"util.func\"", ""};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    const char *got;
    bool any;
    assert_int_equal(normalise(&ctx, cases[i], &got, &any), LOOM_OK);
    assert_ptr_equal(got, cases[i]);
    assert_false(any);
    loom_ctx_done(&ctx);
  }
}

static void test_unknown_forms_are_refused_with_their_place(void **state) {
  (void)state;
  static const struct { const char *source, *part; int line, col; } cases[] = {
      {"\n check.expect_eq %a", "expected '(' in check.expect_eq, found '%a'", 2, 18},
      {"check.expect_eq<%d>(%a, %b)", "expected '(' in check.expect_eq, found '<'", 1, 16},
      {"check.expect_eq(%a)", "expected ',' in check.expect_eq, found ')'", 1, 19},
      {"check.expect_almost_eq(%a, %b, tol 1.0)", "expected 'rtol' in check.expect_almost_eq, found 'tol'", 1, 32},
      {"util.unfoldable_constant : i32", "expected an attribute, found ':'", 1, 26},
      {"flow.tensor.bitcast %a : tensor<2xi8> tensor<4xi4>", "expected '->' in flow.tensor.bitcast, found 'tensor'", 1, 39},
      {"util.global @a", "expected ':' in util.global, found the end of the text", 1, 15},
      {"util.optimization_barrier a", "expected a value in util.optimization_barrier, found 'a'", 1, 27}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    const char *got;
    bool any;
    assert_int_equal(normalise(&ctx, cases[i].source, &got, &any), LOOM_EINPUT);
    testing_expect_error(&ctx, LOOM_EINPUT, cases[i].part, cases[i].line, cases[i].col);
    loom_ctx_done(&ctx);
  }
}

static loom_status normalise_form(loom_ctx *ctx, const char *source) {
  const char *out;
  bool any;
  return normalise(ctx, source, &out, &any);
}

static void test_broken_forms_are_refused_where_they_break(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(forms); i++)
    testing_break_form(forms[i].source, normalise_form, (const char *const[]){"not closed", NULL});
}

static loom_status normalise_all(loom_ctx *ctx, void *source) {
  const char *out;
  size_t n;
  bool any;
  return check_text_normalise(ctx, diag_add_source(ctx, "t.mlir", source, strlen(source)), &out, &n, &any);
}

static void test_memory_may_run_out_anywhere(void **state) {
  (void)state;
  static char source[] = "util.func public @f() {\n%t = util.unfoldable_constant -1.5\ncheck.expect_almost_eq(%t, %t, atol 1.0e-02) : f64\nutil.return }\n";
  testing_sweep_memory(normalise_all, source);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_custom_forms_become_generic), cmocka_unit_test(test_other_text_is_left_alone), cmocka_unit_test(test_broken_forms_are_refused_where_they_break),
                                     cmocka_unit_test(test_unknown_forms_are_refused_with_their_place), cmocka_unit_test(test_memory_may_run_out_anywhere)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
