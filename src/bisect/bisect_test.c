/* Oracles: numbers worked out by hand or by libm for the interpreter of MLIR. */
#include "ir/ir_testing.h"
#include "bisect/bisect.h"

static int open_ir(void **state) {
  (void)state;
  return ir_test_open(dialect_load);
}

static const sym_binding symbols[] = {{"tile", 2}};

/* Runs @f(%x: memref<4xT>, %out: memref<4xT>) with x = 1, 2, 3, 4. */
static bisect_stop run(const char *body, const char *type, int64_t elems_max, flow_memory **out) {
  static const double x[] = {1, 2, 3, 4};
  const bisect_argument arguments[] = {{x, 4}, {NULL, 4}};
  bisect_ir_options o = {.symbols = symbols, .n_symbols = 1, .arguments = arguments, .n_arguments = 2, .elems_max = elems_max};
  const char *module = arena_printf(&ctx.mem, "func.func @f(%%x: memref<4x%s>, %%out: memref<4x%s>) {\n%s\nreturn\n}\n", type, type, body);
  MlirModule m;
  flow_run *flow;
  flow_memory **memory;
  bisect_stop stop;
  assert_int_equal(ir_parse(&ir, "t.mlir", module, strlen(module), &m), LOOM_OK);
  assert_int_equal(bisect_run_ir(&ir, ir_find_func(m, NULL), &o, &ctx.mem, &flow, &memory, &stop), LOOM_OK);
  *out = memory[1];
  ir_close_module(m);
  return stop;
}

static const char ELEMENTWISE[] =
    "%%t = bufferization.to_tensor %%x : memref<4x%s> to tensor<4x%s>\n"
    "%%e = tensor.empty() : tensor<4x%s>\n"
    "%%r = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = [\"parallel\"]} ins(%%t : tensor<4x%s>) outs(%%e : tensor<4x%s>) {\n"
    "^bb0(%%a: %s, %%o: %s):\n%s\nlinalg.yield %%y : %s\n} -> tensor<4x%s>\n"
    "bufferization.materialize_in_destination %%r in writable %%out : (tensor<4x%s>, memref<4x%s>) -> ()";

static const char *elementwise(const char *t, const char *body) { return arena_printf(&ctx.mem, ELEMENTWISE, t, t, t, t, t, t, t, body, t, t, t, t); }

static void test_scalar_functions_are_rounded_to_their_type(void **state) {
  (void)state;
  const struct { const char *type, *body; double want[4]; } rows[] = {
      {"f32", "%y = arith.mulf %a, %a : f32", {1, 4, 9, 16}},
      {"f32", "%c = arith.constant 3.0 : f32\n%y = arith.divf %a, %c : f32", {(double)(1.0f / 3), (double)(2.0f / 3), 1, (double)(4.0f / 3)}},
      {"f16", "%c = arith.constant 2049.0 : f16\n%y = arith.addf %a, %c : f16", {2048, 2050, 2052, 2052}},
      {"f32", "%y = math.exp %a : f32", {(double)(float)exp(1), (double)(float)exp(2), (double)(float)exp(3), (double)(float)exp(4)}},
      {"f32", "%c = arith.constant 2.5 : f32\n%p = arith.cmpf ogt, %a, %c : f32\n%y = arith.select %p, %a, %c : f32", {2.5, 2.5, 3, 4}},
      {"i32", "%c = arith.constant 2147483646 : i32\n%y = arith.addi %a, %c : i32", {2147483647, -2147483648.0, -2147483647.0, -2147483646.0}},
      {"i32", "%c = arith.constant -2 : i32\n%y = arith.floordivsi %a, %c : i32", {-1, -1, -2, -2}},
      {"i32", "%c = arith.constant -1 : i32\n%p = arith.cmpi ult, %c, %a : i32\n%y = arith.extui %p : i1 to i32", {0, 0, 0, 0}},
      {"f32", "%b = arith.bitcast %a : f32 to i32\n%c = arith.constant -2147483648 : i32\n%s = arith.xori %b, %c : i32\n%y = arith.bitcast %s : i32 to f32", {-1, -2, -3, -4}},
      {"f32", "%i = linalg.index 0 : index\n%j = arith.index_cast %i : index to i32\n%k = arith.sitofp %j : i32 to f32\n%y = arith.subf %a, %k : f32", {1, 1, 1, 1}},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    flow_memory *out;
    assert_int_equal(run(elementwise(rows[i].type, rows[i].body), rows[i].type, 0, &out).end, BISECT_RAN);
    for (int e = 0; e < 4; e++)
      assert_true(out->x[e] == rows[i].want[e]);
  }
}

static void test_programs_give_what_they_mean(void **state) {
  (void)state;
  const struct { const char *body; double want[4]; } rows[] = {
      /* a grid of tiles, whose size is a symbol */
      {"%n = \"loom.sym\"() {is_reduction = false, symbol_ref = @tile, upper_bound = 4 : index} : () -> index\n%c4 = arith.constant 4 : index\n"
       "%trips = arith.ceildivui %c4, %n : index\n"
       "affine.parallel (%i) = (0) to (symbol(%trips)) {\n%at = arith.muli %i, %n : index\n%c1 = arith.constant 1.0 : f32\n"
       "%from = memref.subview %x[%at] [%n] [1] : memref<4xf32> to memref<?xf32, strided<[1], offset: ?>>\n"
       "%to = memref.subview %out[%at] [%n] [1] : memref<4xf32> to memref<?xf32, strided<[1], offset: ?>>\n"
       "%t = bufferization.to_tensor %from : memref<?xf32, strided<[1], offset: ?>> to tensor<?xf32>\n%e = tensor.empty(%n) : tensor<?xf32>\n"
       "%f = linalg.fill ins(%c1 : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>\n"
       "%s = linalg.add ins(%t, %f : tensor<?xf32>, tensor<?xf32>) outs(%e : tensor<?xf32>) -> tensor<?xf32>\n"
       "%b = bufferization.to_buffer %s : tensor<?xf32> to memref<?xf32, strided<[1], offset: ?>>\n"
       "memref.copy %b, %to : memref<?xf32, strided<[1], offset: ?>> to memref<?xf32, strided<[1], offset: ?>>\n}",
       {2, 3, 4, 5}},
      /* a loop that carries a number, and memory element by element */
      {"%c0 = arith.constant 0 : index\n%c1 = arith.constant 1 : index\n%c4 = arith.constant 4 : index\n%z = arith.constant 0.0 : f32\n"
       "%sum = scf.for %i = %c0 to %c4 step %c1 iter_args(%s = %z) -> (f32) {\n%v = memref.load %x[%i] : memref<4xf32>\n%n = arith.addf %s, %v : f32\nscf.yield %n : f32\n}\n"
       "scf.for %i = %c0 to %c4 step %c1 {\nmemref.store %sum, %out[%i] : memref<4xf32>\n}",
       {10, 10, 10, 10}},
      /* half sums add in f32: 2048 + 1 + 1 is 2050, and would stay 2048 step by step */
      {"%c = arith.constant dense<[2048.0, 1.0, 1.0]> : tensor<3xf32>\n%e = tensor.empty() : tensor<3xf16>\n"
       "%h = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = [\"parallel\"]} ins(%c : tensor<3xf32>) outs(%e : tensor<3xf16>) {\n"
       "^bb0(%a: f32, %o: f16):\n%y = arith.truncf %a : f32 to f16\nlinalg.yield %y : f16\n} -> tensor<3xf16>\n"
       "%z = arith.constant 0.0 : f16\n%e4 = tensor.empty() : tensor<4xf16>\n%f = linalg.fill ins(%z : f16) outs(%e4 : tensor<4xf16>) -> tensor<4xf16>\n"
       "%s = linalg.generic {indexing_maps = [affine_map<(i, k) -> (k)>, affine_map<(i, k) -> (i)>], iterator_types = [\"parallel\", \"reduction\"]} ins(%h : tensor<3xf16>) outs(%f : tensor<4xf16>) {\n"
       "^bb0(%a: f16, %o: f16):\n%y = arith.addf %o, %a : f16\nlinalg.yield %y : f16\n} -> tensor<4xf16>\n"
       "%e5 = tensor.empty() : tensor<4xf32>\n"
       "%w = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = [\"parallel\"]} ins(%s : tensor<4xf16>) outs(%e5 : tensor<4xf32>) {\n"
       "^bb0(%a: f16, %o: f32):\n%y = arith.extf %a : f16 to f32\nlinalg.yield %y : f32\n} -> tensor<4xf32>\n"
       "bufferization.materialize_in_destination %w in writable %out : (tensor<4xf32>, memref<4xf32>) -> ()",
       {2050, 2050, 2050, 2050}},
      /* parts of tiles */
      {"%t = bufferization.to_tensor %x : memref<4xf32> to tensor<4xf32>\n%a = tensor.extract_slice %t[0] [2] [1] : tensor<4xf32> to tensor<2xf32>\n"
       "%b = tensor.insert_slice %a into %t[2] [2] [1] : tensor<2xf32> into tensor<4xf32>\n"
       "bufferization.materialize_in_destination %b in writable %out : (tensor<4xf32>, memref<4xf32>) -> ()",
       {1, 2, 1, 2}},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    flow_memory *out;
    bisect_stop stop = run(rows[i].body, "f32", 0, &out);
    assert_int_equal(stop.end, BISECT_RAN);
    for (int e = 0; e < 4; e++)
      assert_true(out->x[e] == rows[i].want[e]);
  }
}

static void test_a_run_that_cannot_go_on_says_why(void **state) {
  (void)state;
  const struct { const char *body; bisect_end end; const char *why; } rows[] = {
      {"%c3 = arith.constant 3 : index\n%v = memref.subview %x[%c3] [2] [1] : memref<4xf32> to memref<2xf32, strided<[1], offset: ?>>", BISECT_BROKE,
       "it takes positions 3..4 of dim 0 of 'x', which has 4"},
      {"%c4 = arith.constant 4 : index\n%v = memref.load %x[%c4] : memref<4xf32>", BISECT_BROKE, "it touches index 4 of dim 0 of 'x', which has 4"},
      {"%c0 = arith.constant 0 : index\n%c1 = arith.constant 1 : index\n%q = arith.divui %c1, %c0 : index", BISECT_BROKE, "it divides by zero"},
      {"%c = arith.constant 4294967296 : i64\n%m = arith.muli %c, %c : i64", BISECT_UNKNOWN, "integers beyond 2^53 are not known here"},
      {"%c0 = arith.constant 0 : index\nscf.for %i = %c0 to %c0 step %c0 {\n}", BISECT_BROKE, "its step is not positive"},
      {"%e = tensor.empty() : tensor<4xf32>\n%c = arith.constant 0 : index\n%r = tensor.insert %f into %e[%c] : tensor<4xf32>", BISECT_UNKNOWN, "operation tensor.insert is not known here"},
      {"%t = bufferization.to_tensor %x : memref<4xf32> to tensor<4xf32>\n%u = bufferization.to_tensor %x : memref<4xf32> to tensor<4xf32>", BISECT_FULL, "more values than are kept"},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    flow_memory *out;
    const char *body = rows[i].end == BISECT_UNKNOWN ? arena_printf(&ctx.mem, "%%f = arith.constant 1.0 : f32\n%s", rows[i].body) : rows[i].body;
    bisect_stop stop = run(body, "f32", rows[i].end == BISECT_FULL ? 40 : 0, &out);
    assert_int_equal(stop.end, rows[i].end);
    assert_string_equal(stop.why, rows[i].why);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_scalar_functions_are_rounded_to_their_type), cmocka_unit_test(test_programs_give_what_they_mean),
                                     cmocka_unit_test(test_a_run_that_cannot_go_on_says_why)};
  return cmocka_run_group_tests(tests, open_ir, close_ir);
}
