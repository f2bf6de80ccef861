#include "base/testing.h"
#include "frontend/mlir_text/mlir_text_testing.h"
#include "frontend/torch/torch.h"
#include <string.h>

static loom_status normalise(loom_ctx *ctx, const char *s, const char **out) {
  size_t size;
  loom_ctx_init(ctx);
  return torch_normalise(ctx, diag_add_source(ctx, "t.mlir", s, strlen(s)), s, strlen(s), out, &size);
}

/* Each custom form and its generic one, without the location at its end. */
static const struct { const char *custom, *generic; } forms[] = {
    {"%2 = torch.aten.mm %a, %b : !torch.vtensor<[4, 8],f32>, !torch.vtensor<[8,2], f32> -> !torch.vtensor<[4,2],f32>",
     "%2 = \"torch.aten.mm\"(%a, %b) : (!torch.vtensor<[4,8],f32>, !torch.vtensor<[8,2],f32>) -> (!torch.vtensor<[4,2],f32>)"},
    {"%r:2 = torch.aten.x %a {k = 1 : i64} : !torch.int -> !torch.int, !torch.none", "%r:2 = \"torch.aten.x\"(%a) {k = 1 : i64} : (!torch.int) -> (!torch.int, !torch.none)"},
    {"torch.aten.y %a : !torch.int", "\"torch.aten.y\"(%a) : (!torch.int) -> ()"},
    {"%0 = torch.aten.z : !torch.int", "%0 = \"torch.aten.z\"() : () -> (!torch.int)"},
    {"%0 = torch.constant.int -7", "%0 = \"torch.constant.int\"() {value = -7} : () -> (!torch.int)"},
    {"%0 = torch.constant.float -1.5e+00", "%0 = \"torch.constant.float\"() {value = -1.5e+00} : () -> (!torch.float)"},
    {"%0 = torch.constant.float 0x7FF0000000000000", "%0 = \"torch.constant.float\"() {value = 0x7FF0000000000000 : f64} : () -> (!torch.float)"},
    {"%0 = torch.constant.str \"a b\"", "%0 = \"torch.constant.str\"() {value = \"a b\"} : () -> (!torch.str)"},
    {"%0 = torch.constant.none", "%0 = \"torch.constant.none\"() : () -> (!torch.none)"},
    {"%0 = torch.vtensor.literal(dense<[1, 2]> : tensor<2xsi64>) : !torch.vtensor<[2],si64>",
     "%0 = \"torch.vtensor.literal\"() {value = dense<[1, 2]> : tensor<2xi64>} : () -> (!torch.vtensor<[2],si64>)"},
    {"%0 = torch.prim.ListConstruct  : () -> !torch.list<int>", "%0 = \"torch.prim.ListConstruct\"() : ()->!torch.list<int>"},
    {"%0 = torch.prim.ListConstruct %a, %b : (!torch.int, !torch.int) -> !torch.list<int>", "%0 = \"torch.prim.ListConstruct\"(%a, %b) : (!torch.int,!torch.int)->!torch.list<int>"},
    {"%0 = torch.operator \"onnx.Cast\"(%a) {torch.onnx.to = 11 : si64} : (!torch.vtensor<[3],f64>) -> !torch.vtensor<[3],f64>",
     "%0 = \"torch.operator\"(%a) {name = \"onnx.Cast\", torch.onnx.to = 11 : si64} : (!torch.vtensor<[3],f64>)->!torch.vtensor<[3],f64>"},
    {"%0 = torch.copy.to_vtensor %a : !torch.vtensor<[2],f32>", "%0 = \"torch.copy.to_vtensor\"(%a) : (!torch.tensor<[2],f32>) -> (!torch.vtensor<[2],f32>)"},
    {"torch.overwrite.tensor.contents %a overwrites %b : !torch.vtensor<[2],f32>, !torch.tensor<[2],f32>",
     "\"torch.overwrite.tensor.contents\"(%a, %b) : (!torch.vtensor<[2],f32>, !torch.tensor<[2],f32>) -> ()"},
    {"%0 = torch.derefine %a : !torch.int to !torch.optional<int>", "%0 = \"torch.derefine\"(%a) : (!torch.int) -> (!torch.optional<int>)"},
    {"%0 = torch.symbolic_int \"s0\" {min_val = 2, max_val = 9} : !torch.int", "%0 = \"torch.symbolic_int\"() {symbol_name = \"s0\", min_val = 2, max_val = 9} : () -> (!torch.int)"},
    {"torch.bind_symbolic_shape %a, [%s], affine_map<()[s0] -> (s0)> : !torch.vtensor<[?],f32>",
     "\"torch.bind_symbolic_shape\"(%a, %s) {shape_expressions = affine_map<()[s0] -> (s0)>} : (!torch.vtensor<[?],f32>, !torch.int) -> ()"},
    {"torch.runtime.assert %c, \"no\"", "\"torch.runtime.assert\"(%c) {message = \"no\"} : (!torch.bool) -> ()"},
    {"%0 = torch_c.to_i64 %a", "%0 = \"torch_c.to_i64\"(%a) : (!torch.int) -> (i64)"},
    {"%0 = torch_c.to_builtin_tensor %a : !torch.vtensor<[2],f32> -> tensor<2xf32>", "%0 = \"torch_c.to_builtin_tensor\"(%a) : (!torch.vtensor<[2],f32>) -> (tensor<2xf32>)"},
    {"%0 = tm_tensor.attention {scale = 0.5 : f64} ins(%q, %k, %v : tensor<1x2x4xf32>, tensor<1x3x4xf32>, tensor<1x3x5xf32>) outs(%o : tensor<1x2x5xf32>) -> tensor<1x2x5xf32>",
     "%0 = \"tm_tensor.attention\"(%q, %k, %v, %o) {scale = 0.5 : f64, operandSegmentSizes = array<i32: 3, 1>} : (tensor<1x2x4xf32>, tensor<1x3x4xf32>, "
     "tensor<1x3x5xf32>, tensor<1x2x5xf32>) -> (tensor<1x2x5xf32>)"},
    {"%0:2 = tm_tensor.sort dimension(1) outs(%a, %b : tensor<2x3xf32>, tensor<2x3xi64>) {^bb0(%x: f32):\ntm_tensor.yield %c : i1} -> tensor<2x3xf32>, tensor<2x3xi64>",
     "%0:2 = \"tm_tensor.sort\"(%a, %b) ({^bb0(%x: f32):\n\"tm_tensor.yield\"(%c) : (i1) -> () loc(\"t.mlir\":2:1)}) {dimension = 1, operandSegmentSizes = array<i32: 0, 2>} : "
     "(tensor<2x3xf32>, tensor<2x3xi64>) -> (tensor<2x3xf32>, tensor<2x3xi64>)"},
    {"%0 = stablehlo.add %a, %b : tensor<4xf32>", "%0 = \"stablehlo.add\"(%a, %b) : (tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>)"},
    {"%0 = stablehlo.constant dense<1> : tensor<4xi32>", "%0 = \"stablehlo.constant\"() {value = dense<1> : tensor<4xi32>} : () -> (tensor<4xi32>)"},
    {"%0 = stablehlo.select %p, %a, %b : tensor<4xi1>, tensor<4xf32>", "%0 = \"stablehlo.select\"(%p, %a, %b) : (tensor<4xi1>, tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>)"},
    {"%0 = stablehlo.compare  LT, %a, %b,  FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>",
     "%0 = \"stablehlo.compare\"(%a, %b) {comparison_direction = \"LT\", compare_type = \"FLOAT\"} : (tensor<f32>,tensor<f32>)->tensor<i1>"},
    {"%0 = stablehlo.dot_general %a, %b, batching_dims = [0] x [0], contracting_dims = [2] x [1] : (T, T) -> T",
     "%0 = \"stablehlo.dot_general\"(%a, %b) {batching_dims = \"[0] x [0]\", contracting_dims = \"[2] x [1]\"} : (T,T)->T"},
    {"%0 = stablehlo.iota dim = 1 : tensor<2x3xi32>", "%0 = \"stablehlo.iota\"() {iota_dimension = \"1\"} : () -> (tensor<2x3xi32>)"},
    {"%0 = stablehlo.slice %a [0:4:2, 1:2] : (T) -> T", "%0 = \"stablehlo.slice\"(%a) {ranges = \"[0:4:2, 1:2]\"} : (T)->T"},
    {"%0 = stablehlo.reduce(%a init: %b) applies stablehlo.add across dimensions = [1] : (T, U) -> V",
     "%0 = \"stablehlo.reduce\"(%a, %b) {applies = \"stablehlo.add\", dimensions = \"[1]\"} : (T,U)->V"},
    {"%0 = stablehlo.reduce(%a init: %b) across dimensions = [1] : (T, U) -> V\nreducer(%c: U, %d: U) {\nstablehlo.return %c : U\n}",
     "%0 = \"stablehlo.reduce\"(%a, %b) ({ ^bb0(%c: U, %d: U):\n\n\"stablehlo.return\"(%c) : (U) -> () loc(\"t.mlir\":3:1)\n}) {dimensions = \"[1]\"} : (T,U)->V"},
    {"%0 = torch.prim.If %c -> (!torch.int) {\ntorch.prim.If.yield %a : !torch.int\n} else {\ntorch.prim.If.yield %b : !torch.int\n}",
     "%0 = \"torch.prim.If\"(%c) ({\n\"torch.prim.If.yield\"(%a) : (!torch.int) -> () loc(\"t.mlir\":2:1)\n}, {\n\"torch.prim.If.yield\"(%b) : (!torch.int) -> () loc(\"t.mlir\":4:1)\n})"
     " : (!torch.bool) -> (!torch.int)"},
    {"%0 = torch.prim.Loop %n, %t, init(%x) {\n^bb0(%i: !torch.int, %y: !torch.int):\ntorch.prim.Loop.condition %t, iter(%y : !torch.int)\n} : (!torch.int, !torch.bool, !torch.int) -> !torch.int",
     "%0 = \"torch.prim.Loop\"(%n, %t, %x) ({\n^bb0(%i: !torch.int, %y: !torch.int):\n\"torch.prim.Loop.condition\"(%t, %y) : (!torch.bool, !torch.int) -> () loc(\"t.mlir\":3:1)\n})"
     " : (!torch.int,!torch.bool,!torch.int)->!torch.int"}};

static void test_each_form_becomes_generic(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(forms); i++) {
    loom_ctx ctx;
    const char *out;
    assert_int_equal(normalise(&ctx, forms[i].custom, &out), LOOM_OK);
    const char *name = strstr(out, forms[i].custom[0] == '%' ? "= \"" : "\"");
    int col = (int)(name - out) + (forms[i].custom[0] == '%' ? 3 : 1);
    assert_string_equal(out, arena_printf(&ctx.mem, "%s loc(\"t.mlir\":1:%d)", forms[i].generic, col));
    loom_ctx_done(&ctx);
  }
}

/* What is no operation of these dialects stays, to the byte; types lose their blanks to the place behind them. */
static void test_the_rest_is_copied(void **state) {
  (void)state;
  static const struct { const char *in, *out; } cases[] = {
      {"func.func @torch.f(%a: tensor<2xf32>) attributes {torch.assume_strict_symbolic_shapes} { // torch.aten.mm %a", NULL},
      {"module attributes {torch.x = 1 : si64, torch.debug} { }", NULL},
      {"%0 = \"torch.aten.mm\"(%a, %b) : (!torch.vtensor<[4],f32>) -> !torch.vtensor<[4],f32>", NULL},
      {"module attributes {torch.x, torch.y} { }", NULL},
      {"%0 = stablehlo.unknown_op %a : i32", NULL},
      {"\"stablehlo.x\"(%a) <", NULL},
      {"\"stablehlo.x\"(%a) : <{a = 1}>", NULL},
      {"{tm_tensor.yield}", "{\"tm_tensor.yield\"() : () -> () loc(\"t.mlir\":1:2)}"},
      {"%0 = \"stablehlo.add\"(%a, %b) <{x = 1}> : (i32, i32) -> i32", "%0 = \"stablehlo.add\"(%a, %b)  {x = 1}  : (i32, i32) -> i32"},
      {"%0 = \"stablehlo.case\"(%i) <{a = 1}> ({\nstablehlo.return %x : i32\n}, {\n}) : (i32) -> i32",
       "%0 = \"stablehlo.case\"(%i)  ({\n\"stablehlo.return\"(%x) : (i32) -> () loc(\"t.mlir\":2:1)\n}, {\n}) {a = 1} : (i32) -> i32"},
      {"%0 = torch.vtensor.literal(dense<1> : tensor<2xsu>) : !torch.vtensor<[2],si64>", "%0 = \"torch.vtensor.literal\"() {value = dense<1> : tensor<2xsu>} : () -> (!torch.vtensor<[2],si64>) loc(\"t.mlir\":1:6)"},
      {"%0 = torch.vtensor.literal(dense<1> : tensor<2xsix>) : !torch.vtensor<[2],si64>", "%0 = \"torch.vtensor.literal\"() {value = dense<1> : tensor<2xsix>} : () -> (!torch.vtensor<[2],si64>) loc(\"t.mlir\":1:6)"},
      {"func.func @f(%a: !torch.vtensor<[2, 3], f32>, %b: i32)", "func.func @f(%a: !torch.vtensor<[2,3],f32>  , %b: i32)"}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    const char *out;
    assert_int_equal(normalise(&ctx, cases[i].in, &out), LOOM_OK);
    assert_string_equal(out, cases[i].out ? cases[i].out : cases[i].in);
    loom_ctx_done(&ctx);
  }
}

static void test_lines_stay(void **state) {
  (void)state;
  loom_ctx ctx;
  const char *out;
  assert_int_equal(normalise(&ctx, "%0 = torch.aten.mm %a, // first\n  %b : !torch.int,\n  !torch.int -> !torch.int // done\n  %1 = torch.constant.none\n", &out), LOOM_OK);
  assert_string_equal(out, "%0 = \"torch.aten.mm\"(%a, %b) : (!torch.int, !torch.int) -> (!torch.int) loc(\"t.mlir\":1:6)\n\n\n"
                           "  %1 = \"torch.constant.none\"() : () -> (!torch.none) loc(\"t.mlir\":4:8)\n");
  loom_ctx_done(&ctx);
}

/* A comment inside of a piece that becomes one line hides nothing behind it; two slashes in a string are none. */
static void test_comments_inside_are_blanks(void **state) {
  (void)state;
  static const struct { const char *custom, *generic; } rows[] = {
      {"%0 = torch.prim.ListConstruct %a, %b : (!torch.int, // one\n !torch.int) -> !torch.list<int>", "%0 = \"torch.prim.ListConstruct\"(%a, %b) : (!torch.int,!torch.int)->!torch.list<int> loc(\"t.mlir\":1:6)\n"},
      {"%0 = torch.aten.x %a {k = 1, // one\n s = \"a//b\"} : !torch.int -> !torch.int", "%0 = \"torch.aten.x\"(%a) {k = 1,         s = \"a//b\"} : (!torch.int) -> (!torch.int) loc(\"t.mlir\":1:6)\n"},
      {"%0 = torch.constant.str \"x // y \\\" // z\"", "%0 = \"torch.constant.str\"() {value = \"x // y \\\" // z\"} : () -> (!torch.str) loc(\"t.mlir\":1:6)"},
      {"func.func @f(%a: !torch.vtensor<[2, // two\n3],f32>)", "func.func @f(%a: !torch.vtensor<[2,3],f32>        \n)"},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    loom_ctx ctx;
    const char *out;
    assert_int_equal(normalise(&ctx, rows[i].custom, &out), LOOM_OK);
    assert_string_equal(out, rows[i].generic);
    loom_ctx_done(&ctx);
  }
}

static loom_status normalise_form(loom_ctx *ctx, const char *source) {
  const char *out;
  return normalise(ctx, source, &out);
}

static void test_broken_forms_are_refused_where_they_break(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(forms); i++)
    testing_break_form(forms[i].custom, normalise_form, (const char *const[]){"not closed", "operand types", NULL});
}

static void test_what_is_wrong_is_said_with_its_place(void **state) {
  (void)state;
  static const struct { const char *in, *part; int line, col; loom_status status; } cases[] = {
      {"\n %0 = torch.aten.mm %a, %b : !torch.int -> !torch.int", "torch.aten.mm has 2 operands and 1 operand types", 2, 7, LOOM_EINPUT},
      {"%0 = torch.constant.int", "expected an attribute", 1, 24, LOOM_EINPUT},
      {"%0 = torch.derefine %a : !torch.int !torch.int", "expected 'to' in torch.derefine, found '!torch.int'", 1, 37, LOOM_EINPUT},
      {"\"stablehlo.x\"(%a) <{a = 1}> (%b)", "expected '{' in a list of regions, found '%b'", 1, 30, LOOM_EINPUT},
      {"\"stablehlo.x\"(%a) <{a = 1", "this '<' is not closed", 1, 19, LOOM_EINPUT},
      {"\"stablehlo.x\"(%a) <{a = 1}> ({})", "", 0, 0, LOOM_OK},
      {"\"stablehlo.x\"(%a) <{a = 1}> ({} %b", "expected ')' in a list of regions, found '%b'", 1, 33, LOOM_EINPUT},
      {"\"stablehlo.x\"(%a) <{a = 1}> ({", "the region that begins here is not closed", 1, 31, LOOM_EINPUT},
      {"f(%a: !torch.vtensor<[2)", "')' closes nothing", 1, 24, LOOM_EINPUT},
      {"%0 = torch.aten.x %a : !torch.int ->", "expected a type", 1, 37, LOOM_EINPUT},
      {"%0 = torch.prim.If %c -> () {\n  return", "the region that begins here is not closed", 2, 3, LOOM_EINPUT},
      {"%0 = torch.prim.If %c -> (!torch.int) %x", "expected '{' in torch.prim.If, found '%x'", 1, 39, LOOM_EINPUT}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    const char *out;
    assert_int_equal(normalise(&ctx, cases[i].in, &out), cases[i].status);
    const diag_item *d = ctx.diag.first;
    assert_true((d != NULL) == (cases[i].status != LOOM_OK));
    if (d && (!strstr(d->text, cases[i].part) || d->span.line != cases[i].line || d->span.col != cases[i].col))
      fail_msg("case %zu: %d:%d: %s", i, d->span.line, d->span.col, d->text);
    loom_ctx_done(&ctx);
  }
}

static void test_regions_have_a_limit(void **state) {
  (void)state;
  for (int deep = 0; deep < 2; deep++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    text t = text_new(&ctx.mem);
    for (int i = 0; i < TORCH_REGIONS_MAX + deep; i++)
      text_add(&t, "torch.prim.If %c -> () {\n");
    for (int i = 0; i < TORCH_REGIONS_MAX + deep; i++)
      text_add(&t, "} else { }\n");
    const char *out;
    size_t size;
    loom_status st = torch_normalise(&ctx, diag_add_source(&ctx, "t.mlir", text_str(&t), t.size), text_str(&t), t.size, &out, &size);
    assert_int_equal(st, deep ? LOOM_ELIMIT : LOOM_OK);
    loom_ctx_done(&ctx);
  }
}

static loom_status normalise_all(loom_ctx *ctx, void *source) {
  const char *out;
  size_t n;
  return torch_normalise(ctx, diag_add_source(ctx, "t.mlir", source, strlen(source)), source, strlen(source), &out, &n);
}

static void test_memory_may_run_out_anywhere(void **state) {
  (void)state;
  static char source[] = "%0 = torch.constant.int -7\n%2 = torch.aten.mm %a, %b : !torch.vtensor<[4, 8],f32>, !torch.vtensor<[8,2], f32> -> !torch.vtensor<[4,2],f32>\n"
                       "%l = torch.prim.ListConstruct %0, %0 : (!torch.int, !torch.int) -> !torch.list<int>\n";
  testing_sweep_memory(normalise_all, source);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_each_form_becomes_generic), cmocka_unit_test(test_the_rest_is_copied), cmocka_unit_test(test_lines_stay),
      cmocka_unit_test(test_comments_inside_are_blanks), cmocka_unit_test(test_broken_forms_are_refused_where_they_break),
      cmocka_unit_test(test_what_is_wrong_is_said_with_its_place), cmocka_unit_test(test_regions_have_a_limit),
      cmocka_unit_test(test_memory_may_run_out_anywhere),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
