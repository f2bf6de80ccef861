/* Arguments in parts, loaded and stored; loops that run beyond them; bodies that use where their tile lies.
 * Oracles: offsets and expressions written down by hand, the place and words of refusals. */
#include "ir/ir_testing.h"
#include "pass/pass.h"

static int open_ir(void **state) {
  (void)state;
  return ir_test_open(dialect_load);
}

typedef struct extracted { loom_status st; MlirModule m; nest *n; const pass_node_op *ops; size_t n_ops; } extracted;

static extracted extract_text(const char *src) {
  extracted x = {0};
  assert_int_equal(ir_parse(&ir, "k.mlir", src, strlen(src), &x.m), LOOM_OK);
  x.st = pass_extract_nest_ops(&ir, x.m, NULL, &x.n, &x.ops, &x.n_ops);
  return x;
}

static void expect(const sym_expr *e, const char *want) { assert_string_equal(sym_str(&ctx.mem, e), want); }

/* ---- parts ---- */

#define PART(type, cast, view, subview, tile, tensor)                                                                                    \
  "func.func @k(%a: " type ", %o: memref<64xf32>) {\n  %v = memref.reinterpret_cast %a to " cast " : " type " to " view "\n"                 \
  "  affine.parallel (%i) = (0) to (2) {\n    %s = memref.subview %v" subview " : " view " to " tile "\n"                                     \
  "    %t = bufferization.to_tensor %s : " tile " to " tensor "\n  }\n  return\n}\n"

/* What the host cuts off or picks is an offset in the argument's own dims; a dim that it picks one element of is dropped. */
static void test_parts_of_arguments_are_the_arguments(void **state) {
  (void)state;
  static const struct { const char *src; int n_dims; const char *offset[3]; bool dropped[3]; } rows[] = {
      {PART("memref<4x6xf32>", "offset: [13], sizes: [2, 3], strides: [6, 1]", "memref<2x3xf32, strided<[6, 1], offset: 13>>", "[%i, 0] [1, 3] [1, 1]",
            "memref<1x3xf32, strided<[6, 1], offset: ?>>", "tensor<1x3xf32>"), 2, {"it_unit_0 + 2", "1"}, {false, false}},
      {PART("memref<4x2x8xf32>", "offset: [32], sizes: [2, 8], strides: [8, 1]", "memref<2x8xf32, strided<[8, 1], offset: 32>>", "[%i, 4] [1, 4] [1, 1]",
            "memref<4xf32, strided<[1], offset: ?>>", "tensor<4xf32>"), 3, {"2", "it_unit_0", "4"}, {true, true, false}},
      {PART("memref<4x2x8xf32>", "offset: [3], sizes: [4, 2], strides: [16, 8]", "memref<4x2xf32, strided<[16, 8], offset: 3>>", "[0, %i] [4, 1] [1, 1]",
            "memref<4x1xf32, strided<[16, 8], offset: ?>>", "tensor<4x1xf32>"), 3, {"0", "it_unit_0", "3"}, {false, false, true}},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    extracted x = extract_text(rows[i].src);
    assert_int_equal(x.st, LOOM_OK);
    assert_false(nest_tensor_is_view(&x.n->tensors.at[0]));
    const nest_node *load = x.n->body.at[0];
    assert_int_equal(load->n_dims, rows[i].n_dims);
    for (int d = 0; d < load->n_dims; d++) {
      expect(load->dim[d].offset, rows[i].offset[d]);
      assert_int_equal(load->dim[d].dropped, rows[i].dropped[d]);
    }
    ir_close_module(x.m);
  }
}

/* ---- places that a tensor says ---- */

#define LOOKUP(outside, head, table, table_type, index, index_type)                                                                                                   \
  "func.func @k(%a: memref<4x6xf32>, %i: memref<5xi64>) {\n" outside "  affine.parallel (%p) = (0) to (5) {\n" head                                                       \
  "    %v = \"loom.lookup\"(" table ", " index ") {dim = 0 : i64} : (" table_type ", " index_type ") -> memref<5x6xf32, strided<[6, 1]>>\n"                        \
  "    %s = memref.subview %v[%p, 2] [1, 3] [1, 1] : memref<5x6xf32, strided<[6, 1]>> to memref<1x3xf32, strided<[6, 1], offset: ?>>\n"                          \
  "    %t = bufferization.to_tensor %s : memref<1x3xf32, strided<[6, 1], offset: ?>> to tensor<1x3xf32>\n  }\n  return\n}\n"

static void test_a_lookup_is_a_view_with_as_many_places_as_indices(void **state) {
  (void)state;
  extracted x = extract_text(LOOKUP("", "", "%a", "memref<4x6xf32>", "%i", "memref<5xi64>"));
  assert_int_equal(x.st, LOOM_OK);
  const nest_node *load = x.n->body.at[0];
  const nest_tensor *t = &x.n->tensors.at[load->tensor];
  assert_true(t->has_lookup && t->lookup_dim == 0 && t->lookup_arg == 1 && t->lookup_rows == 4 && t->arg == 0);
  assert_true(t->shape[0] == 5 && t->shape[1] == 6 && t->stride[0] == 6 && t->stride[1] == 1);
  expect(load->dim[0].offset, "it_unit_0");
  expect(load->dim[1].offset, "2");
  ir_close_module(x.m);
}

static void test_lookups_that_are_no_view_of_an_argument_are_refused(void **state) {
  (void)state;
  static const struct { const char *src, *said; } rows[] = {
      {LOOKUP("", "    %b = \"loom.lookup\"(%a, %i) {dim = 0 : i64} : (memref<4x6xf32>, memref<5xi64>) -> memref<5x6xf32, strided<[6, 1]>>\n", "%b", "memref<5x6xf32, strided<[6, 1]>>", "%i",
              "memref<5xi64>"), "a lookup must be in an argument of the function, by one"},
      {LOOKUP("    %b = memref.reinterpret_cast %i to offset: [0], sizes: [5], strides: [1] : memref<5xi64> to memref<5xi64, strided<[1]>>\n", "", "%a", "memref<4x6xf32>", "%b",
              "memref<5xi64, strided<[1]>>"), "a lookup must be in an argument of the function, by one"},
      {LOOKUP("    %b = memref.reinterpret_cast %a to offset: [6], sizes: [3, 6], strides: [6, 1] : memref<4x6xf32> to memref<3x6xf32, strided<[6, 1], offset: 6>>\n", "", "%b",
              "memref<3x6xf32, strided<[6, 1], offset: 6>>", "%i", "memref<5xi64>"), "does not begin with it"},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    extracted x = extract_text(rows[i].src);
    assert_int_equal(x.st, LOOM_EUNSUP);
    testing_expect_error(&ctx, LOOM_EUNSUP, rows[i].said, 0, 0);
    ir_close_module(x.m);
    close_ir(NULL);
    open_ir(NULL);
  }
}

/* ---- tiles of a causal loop ---- */

#define CAUSAL(inner)                                                                                                                        \
  "func.func @k(%a: memref<60x60xf32>, %o: memref<60xf32>) {\n  %c0 = arith.constant 0 : index\n  %c1 = arith.constant 1 : index\n"             \
  "  %z = arith.constant 0.0 : f32\n  %c60 = arith.constant 60 : index\n"                                                                     \
  "  %m = \"loom.sym\"() {symbol_ref = @tile_m, upper_bound = 60 : index} : () -> index\n"                                                     \
  "  %k = \"loom.sym\"() {symbol_ref = @tile_k, upper_bound = 60 : index} : () -> index\n"                                                     \
  "  %b = arith.ceildivui %c60, %m : index\n"                                                                                                 \
  "  affine.parallel (%i) = (0) to (symbol(%b)) {\n    %im = arith.muli %i, %m : index\n    %next = arith.addi %i, %c1 : index\n"              \
  "    %end = arith.muli %next, %m : index\n    %trips = arith.ceildivui %end, %k : index\n    %e = tensor.empty(%m) : tensor<?xf32>\n"        \
  "    %f = linalg.fill ins(%z : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>\n"                                                            \
  "    %r = scf.for %j = %c0 to %trips step %c1 iter_args(%acc = %f) -> (tensor<?xf32>) {\n      %jk = arith.muli %j, %k : index\n"            \
  "      %s = memref.subview %a[%im, %jk] [%m, %k] [1, 1] : memref<60x60xf32> to memref<?x?xf32, strided<[60, 1], offset: ?>>\n"               \
  "      %t = bufferization.to_tensor %s : memref<?x?xf32, strided<[60, 1], offset: ?>> to tensor<?x?xf32>\n" inner                          \
  "      scf.yield %p : tensor<?xf32>\n    }\n"                                                                                               \
  "    %d = memref.subview %o[%im] [%m] [1] : memref<60xf32> to memref<?xf32, strided<[1], offset: ?>>\n"                                     \
  "    bufferization.materialize_in_destination %r in writable %d : (tensor<?xf32>, memref<?xf32, strided<[1], offset: ?>>) -> ()\n"          \
  "  }\n  return\n}\n"
#define SUM(body)                                                                                                                            \
  "      %p = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>], iterator_types = [\"parallel\", \"reduction\"]} " \
  "ins(%t : tensor<?x?xf32>) outs(%acc : tensor<?xf32>) {\n      ^bb0(%x: f32, %y: f32):\n" body "        linalg.yield %w : f32\n      } -> tensor<?xf32>\n"

/* (i + 1) * tile_m columns of 60: those behind the 60th are zeros, which a sum of multiples does not see, but a sum of powers does. */
static void test_loops_end_with_what_they_walk_where_zeros_vanish(void **state) {
  (void)state;
  static const struct { const char *src; bool is_cut; } rows[] = {
      {CAUSAL(SUM("        %q = arith.mulf %x, %x : f32\n        %w = arith.addf %y, %q : f32\n")), true},
      {CAUSAL(SUM("        %w = arith.addf %x, %y : f32\n")), true},
      {CAUSAL(SUM("        %q = math.exp %x : f32\n        %w = arith.addf %y, %q : f32\n")), false},
      {CAUSAL(SUM("        %w = arith.maximumf %y, %x : f32\n")), false},
      {CAUSAL(SUM("        %q = arith.subf %x, %z : f32\n        %w = arith.addf %y, %q : f32\n")), false},      /* not looked into: a constant may be any */
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    extracted x = extract_text(rows[i].src);
    assert_int_equal(x.st, LOOM_OK);
    const nest_loop *l = &x.n->loops.at[1];
    expect(l->extent, "(it_tile_m + 1) * tile_m");
    int64_t end = 0;
    assert_int_equal(l->clamp != NULL, rows[i].is_cut);
    assert_true(!l->clamp || (sym_is_const(l->clamp, &end) && end == 60));
    ir_close_module(x.m);
  }
}

/* ---- captures ---- */

/* What is made of block sizes and iterators is found behind casts and sums; a constant is none. */
static void test_bodies_say_which_places_they_use(void **state) {
  (void)state;
  static const char src[] =
      CAUSAL("      %off = arith.index_cast %jk : index to i64\n      %one = arith.constant 1 : i64\n      %from = arith.addi %off, %one : i64\n"
             SUM("        %c = arith.sitofp %from : i64 to f32\n        %q = arith.mulf %x, %c : f32\n        %w = arith.addf %y, %q : f32\n"));
  extracted x = extract_text(src);
  assert_int_equal(x.st, LOOM_OK);
  size_t found = 0;
  for (size_t i = 0; i < x.n_ops; i++)
    for (size_t k = 0; k < x.ops[i].n_captures; k++) {
      assert_string_equal(x.ops[i].node->op, "generic");
      expect(x.ops[i].captures[k].expr, "it_tile_k * tile_k");
      found++;
    }
  assert_int_equal(found, 1);
  ir_close_module(x.m);
}

/* ---- loads and stores of one argument ---- */

#define AGAIN(body)                                                                                                                          \
  "func.func @k(%a: memref<8x64xf32>) {\n  %c0 = arith.constant 0 : index\n  %c1 = arith.constant 1 : index\n  %c64 = arith.constant 64 : index\n" \
  "  %n = \"loom.sym\"() {symbol_ref = @tile_n, upper_bound = 64 : index} : () -> index\n  %b = arith.ceildivui %c64, %n : index\n"             \
  "  affine.parallel (%i) = (0) to (8) {\n" body "  }\n  return\n}\n"
#define TILE(row, column, name)                                                                                                              \
  "    %s" name " = memref.subview %a[" row ", " column "] [1, %n] [1, 1] : memref<8x64xf32> to memref<1x?xf32, strided<[64, 1], offset: ?>>\n"
#define LOAD(name, of) "    %t" name " = bufferization.to_tensor %s" of " : memref<1x?xf32, strided<[64, 1], offset: ?>> to tensor<1x?xf32>\n"
#define STORE(value, name)                                                                                                                   \
  "    bufferization.materialize_in_destination %t" value " in writable %s" name " : (tensor<1x?xf32>, memref<1x?xf32, strided<[64, 1], offset: ?>>) -> ()\n"
#define LOOP(body) "    scf.for %j = %c0 to %b step %c1 {\n      %jn = arith.muli %j, %n : index\n" body "    }\n"

static void test_places_are_loaded_before_they_are_stored_to(void **state) {
  (void)state;
  static const struct { const char *src; bool is_refused; } rows[] = {
      {AGAIN(TILE("%i", "0", "1") LOAD("1", "1") STORE("1", "1")), false},
      {AGAIN(TILE("%i", "0", "1") LOAD("1", "1") STORE("1", "1") LOAD("2", "1")), true},
      {AGAIN(LOOP(TILE("%i", "%jn", "1") LOAD("1", "1") STORE("1", "1"))), false},                                /* each turn has a tile of its own */
      {AGAIN(LOOP(TILE("%i", "0", "1") LOAD("1", "1") STORE("1", "1"))), true},                                   /* all turns have the same */
      {AGAIN(LOOP(TILE("%i", "%jn", "1") TILE("%i", "0", "2") LOAD("2", "2") STORE("2", "1"))), true},            /* a turn loads what the first one stores */
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    close_ir(NULL);
    assert_int_equal(open_ir(NULL), 0);
    extracted x = extract_text(rows[i].src);
    assert_int_equal(x.st, rows[i].is_refused ? LOOM_EUNSUP : LOOM_OK);
    if (rows[i].is_refused)
      testing_expect_error(&ctx, LOOM_EUNSUP, "on a mesh of cores loads do not wait for stores", 0, 0);
    ir_close_module(x.m);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_parts_of_arguments_are_the_arguments, open_ir, close_ir),
      cmocka_unit_test_setup_teardown(test_a_lookup_is_a_view_with_as_many_places_as_indices, open_ir, close_ir),
      cmocka_unit_test_setup_teardown(test_lookups_that_are_no_view_of_an_argument_are_refused, open_ir, close_ir),
      cmocka_unit_test_setup_teardown(test_loops_end_with_what_they_walk_where_zeros_vanish, open_ir, close_ir),
      cmocka_unit_test_setup_teardown(test_bodies_say_which_places_they_use, open_ir, close_ir),
      cmocka_unit_test_setup_teardown(test_places_are_loaded_before_they_are_stored_to, open_ir, close_ir),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
