/* Oracles: the text of the file for the embedded copy; print-and-parse for building; a table of broken ops, each with its message. */
#include "ir/ir_testing.h"
#include "base/file.h"
#include "dialect/dialect.h"

static int open_ir(void **state) {
  (void)state;
  return ir_test_open(dialect_load);
}

static MlirModule parse(const char *src) {
  MlirModule m;
  assert_int_equal(ir_parse(&ir, "t.mlir", src, strlen(src), &m), LOOM_OK);
  return m;
}

static void test_embedded_text_is_the_file(void **state) {
  (void)state;
  char *src;
  size_t size;
  assert_int_equal(file_read(&ctx, LOOM_SOURCE_DIR "/src/dialect/loom.irdl.mlir", 1 << 20, &src, &size), LOOM_OK);
  assert_string_equal(dialect_irdl_text("loom"), src);
  assert_null(dialect_irdl_text("loon"));
}

static void test_loading_twice_is_harmless(void **state) {
  (void)state;
  assert_int_equal(dialect_load(&ir), LOOM_OK);
  assert_true(ir_knows_op(&ir, "loom.copy"));
  assert_false(ir_knows_op(&ir, "loom.cop"));
}

static void test_symbols_take_extra_attributes(void **state) {
  (void)state;
  MlirModule m = parse("func.func @f() {\n"
                       "  %0 = \"loom.sym\"() {is_reduction = false, symbol_ref = @tile_m, upper_bound = 2048 : index} : () -> index\n"
                       "  %1 = \"loom.sym\"() {asure_divisible = true, symbol_ref = @tile_n} : () -> index\n  return\n}\n");
  assert_int_equal(dialect_verify(&ir, m), LOOM_OK);
  MlirOperation first = mlirBlockGetFirstOperation(ir_body(ir_find_func(m, NULL)));
  assert_string_equal(dialect_sym_name(&ctx.mem, first), "tile_m");
  assert_null(dialect_sym_name(&ctx.mem, ir_find_func(m, NULL)));
  ir_close_module(m);
}

/* Leading dims of size 1 stay and the last one goes: what is left shows %x in its dim 1 and not %y, as the slot does (soak, seed 519). */
static void test_a_dropped_last_dim_is_no_leading_one(void **state) {
  (void)state;
  MlirModule m = parse("func.func @f(%a: memref<2x4x6x8xf16>, %b: memref<1x4x6xf16>, %x: index, %y: index) {\n"
                       "  %s = memref.subview %a[0, 0, 0, %y] [1, %x, %y, 1] [1, 1, 1, 1] : memref<2x4x6x8xf16> to memref<1x?x?xf16, strided<[192, 48, 8], offset: ?>>\n"
                       "  %t = memref.subview %b[0, 0, 0] [1, %x, %y] [1, 1, 1] : memref<1x4x6xf16> to memref<1x?x?xf16, strided<[24, 6, 1]>>\n"
                       "  \"loom.copy\"(%s, %t) {operandSegmentSizes = array<i32: 1, 1, 0, 0, 0>, src_mem_space = @mem_DRAM, dst_mem_space = @mem_L1, static_area = array<i64: 1, 1>} : "
                       "(memref<1x?x?xf16, strided<[192, 48, 8], offset: ?>>, memref<1x?x?xf16, strided<[24, 6, 1]>>) -> ()\n  return\n}\n");
  assert_int_equal(dialect_verify(&ir, m), LOOM_OK);
  ir_close_module(m);
}

/* A function that copies a tile of DRAM into a slot shared by 1 x 8 cores and gives it back. */
static MlirModule build_copies(void) {
  MlirModule m = parse("func.func @f(%a: memref<4x8xf16>, %x: index) {\n  return\n}\n");
  MlirOperation func = ir_find_func(m, NULL);
  MlirBlock body = ir_body(func);
  ir_builder b = ir_before(&ir, mlirBlockGetTerminator(body));
  dialect_alloc alloc = {.type = ir_type(&ir, "memref<4x8xf16>"), .memory = "L1", .name = "a", .offset = 64, .buffer_count = 2, .alignment = 32};
  MlirValue slot = ir_result(dialect_build_take(&b, ir_result(dialect_build_alloc(&b, &alloc), 0)), 0);
  MlirValue x = mlirBlockGetArgument(body, 1), zero = ir_index_const(&b, 0), seven = ir_index_const(&b, 7);
  dialect_copy load = {.src = mlirBlockGetArgument(body, 0), .dst = slot, .src_space = "mem_DRAM", .dst_space = "mem_L1", .n_mesh = 2,
                       .area = {1, 8}, .ul = {x, zero}, .lr = {x, seven}};
  dialect_build_copy(&b, &load);
  dialect_copy store = {.src = slot, .dst = load.src, .src_space = "mem_L1", .dst_space = "mem_DRAM"};
  dialect_build_copy(&b, &store);
  dialect_build_give(&b, slot);
  return m;
}

static MlirOperation nth(MlirModule m, int n) {
  MlirOperation op = mlirBlockGetFirstOperation(ir_body(ir_find_func(m, NULL)));
  while (n-- > 0)
    op = mlirOperationGetNextInBlock(op);
  return op;
}

static void test_built_ops_read_back_and_verify(void **state) {
  (void)state;
  MlirModule m = build_copies();
  assert_int_equal(ir_verify(&ir, m), LOOM_OK);
  assert_int_equal(dialect_verify(&ir, m), LOOM_OK);
  const char *printed = ir_print(&ctx.mem, mlirModuleGetOperation(m), false);
  MlirModule again = parse(printed);
  assert_string_equal(ir_print(&ctx.mem, mlirModuleGetOperation(again), false), printed);

  dialect_alloc a;
  assert_true(dialect_read_alloc(&ctx.mem, nth(again, 0), &a));
  assert_true(a.offset == 64 && a.buffer_count == 2 && a.alignment == 32);
  assert_string_equal(a.memory, "L1");
  assert_string_equal(a.name, "a");
  assert_false(dialect_read_alloc(&ctx.mem, nth(again, 1), &a));
  dialect_copy c;
  assert_true(dialect_read_copy(&ctx.mem, nth(again, 4), &c));
  assert_true(c.n_mesh == 2 && c.area[0] == 1 && c.area[1] == 8);
  assert_string_equal(c.src_space, "mem_DRAM");
  int64_t corner;
  assert_true(ir_const_int(c.lr[1], &corner) && corner == 7);
  assert_true(dialect_read_copy(&ctx.mem, nth(again, 5), &c));
  assert_true(c.n_mesh == 0 && mlirValueIsNull(c.ul[0]));
  assert_false(dialect_read_copy(&ctx.mem, nth(again, 6), &c));
  ir_close_module(again);
  ir_close_module(m);
}

#define ALLOC(attrs) "%s = \"loom.alloc\"() {static_sizes = array<i64: 4, 8>, memory = @L1" attrs "} : () -> memref<4x8xf16>\n"
#define COPY(operands, segments, spaces, area, types)                                                                        \
  "\"loom.copy\"(" operands ") {operandSegmentSizes = array<i32: " segments ">, " spaces ", static_area = array<i64: " area ">} : (" types ") -> ()\n"
#define IN "src_mem_space = @mem_DRAM, dst_mem_space = @mem_L1"

static void test_broken_ops_are_reported(void **state) {
  (void)state;
  static const struct { const char *body, *needle; } rows[] = {
      {"%s = \"loom.sym\"() {symbol_ref = @t, upper_bound = 0 : index} : () -> index\n", "upper_bound of loom.sym"},
      {"%s = \"loom.sym\"() {symbol_ref = @t, is_reduction = 1 : i64} : () -> index\n", "is_reduction of loom.sym"},
      {ALLOC(", offset = -4 : i64"), "offset of loom.alloc must be an integer >= 0"},
      {ALLOC(", buffer_count = 0 : i64"), "buffer_count of loom.alloc"},
      {ALLOC(", offset = 48 : i64, alignment = 32 : i64"), "not a multiple of its alignment 32"},
      {"%s = \"loom.alloc\"() {static_sizes = array<i64: 4>, memory = @L1} : () -> memref<4x8xf16>\n", "static_sizes has 1 entries"},
      {"%s = \"loom.alloc\"() {static_sizes = array<i64: 4, 9>, memory = @L1} : () -> memref<4x8xf16>\n", "disagree in dimension 1"},
      {"%s = \"loom.alloc\"() {static_sizes = [4, 8], memory = @L1} : () -> memref<4x8xf16>\n", "needs static_sizes as array"},
      {"%s = \"loom.placeholder\"(%x) {static_sizes = array<i64: 4>} : (index) -> memref<4xf16>\n", "0 dynamic sizes, but 1 operands"},
      {"%s = \"loom.semaphore_take\"(%a) : (memref<4x8xf16>) -> memref<4x8xf16>\n", "must name a loom.alloc"},
      {"\"loom.semaphore_give\"(%a) : (memref<4x8xf16>) -> ()\n", "must name the slot"},
      {ALLOC("") "%t = \"loom.semaphore_take\"(%s) : (memref<4x8xf16>) -> memref<4x8xf16>\n"
                 "\"loom.semaphore_give\"(%t) : (memref<4x8xf16>) -> ()\n\"loom.semaphore_give\"(%t) : (memref<4x8xf16>) -> ()\n", "given twice"},
      {COPY("%a, %a", "1, 1, 0, 0, 0", "src_mem_space = @mem_DRAM, dst_mem_space = @mem_L2", "1, 1", "memref<4x8xf16>, memref<4x8xf16>"),
       "not from @mem_DRAM to @mem_L2"},
      {COPY("%a, %a", "1, 1, 0, 0, 0", "src_mem_space = @mem_DRAM, dst_mem_space = @mem_DRAM", "1, 1", "memref<4x8xf16>, memref<4x8xf16>"),
       "from DRAM to DRAM"},
      {COPY("%a, %b", "1, 1, 0, 0, 0", IN, "1, 1", "memref<4x8xf16>, memref<8x4xf16>"), "different shapes"},
      {COPY("%a, %f", "1, 1, 0, 0, 0", IN, "1, 1", "memref<4x8xf16>, memref<4x8xf32>"), "different element types"},
      {COPY("%a, %a", "1, 1, 0, 0, 0", IN, "1, 8", "memref<4x8xf16>, memref<4x8xf16>"), "needs a region"},
      {COPY("%a, %a", "1, 1, 0, 0, 0", IN, "0, 1", "memref<4x8xf16>, memref<4x8xf16>"), "area[0] is 0"},
      {COPY("%a, %a, %x, %x, %x", "1, 1, 0, 1, 2", IN, "1, 1", "memref<4x8xf16>, memref<4x8xf16>, index, index, index"), "corners with one"},
      {COPY("%a, %a, %x, %x", "1, 1, 0, 2, 0", IN, "1, 1", "memref<4x8xf16>, memref<4x8xf16>, index, index"), "no lower-right one"},
      {"%c0 = arith.constant 0 : index\n%c6 = arith.constant 6 : index\n"
       COPY("%a, %a, %c0, %c6", "1, 1, 0, 1, 1", IN, "8", "memref<4x8xf16>, memref<4x8xf16>, index, index"), "spans 7 cores"},
      {"\"loom.matmul\"(%a, %a, %a) : (memref<4x8xf16>, memref<4x8xf16>, memref<4x8xf16>) -> ()\n", "contracted sizes"},
      {"\"loom.matmul\"(%a, %b, %a) : (memref<4x8xf16>, memref<8x4xf16>, memref<4x8xf16>) -> ()\n", "result of loom.matmul"},
      {"\"loom.matmul\"(%f, %b, %q) : (memref<4x8xf32>, memref<8x4xf16>, memref<4x4xf32>) -> ()\n", "different element types"},
      {"\"loom.batch_matmul\"(%a, %b, %q) : (memref<4x8xf16>, memref<8x4xf16>, memref<4x4xf32>) -> ()\n", "must have rank 3"},
      {"%s = \"loom.broadcast\"(%a, %b) {dim = 2 : i64} : (memref<4x8xf16>, memref<8x4xf16>) -> memref<8x4xf16>\n", "dim of loom.broadcast"},
      {"%s = \"loom.broadcast\"(%a, %b) {dim = 1 : i64} : (memref<4x8xf16>, memref<8x4xf16>) -> memref<8x4xf16>\n", "must have size 1"},
      {"%l = memref.alloc() : memref<4x1xf16>\n%s = \"loom.broadcast\"(%l, %a) {dim = 1 : i64} : (memref<4x1xf16>, memref<4x8xf16>) -> memref<4x8xf32>\n",
       "another shape or element type than its init"},
      {"%l = \"loom.lookup\"(%a, %q) {dim = 2 : i64} : (memref<4x8xf16>, memref<4x4xf32>) -> memref<4x8xf16>\n", "dim of loom.lookup must be 0..1"},
      {"%l = \"loom.lookup\"(%a, %q) {dim = 0 : i64} : (memref<4x8xf16>, memref<4x4xf32>) -> memref<16x9xf16>\n", "the table's shape but for dim 0"},
      {"%l = \"loom.lookup\"(%a, %q) {dim = 0 : i64} : (memref<4x8xf16>, memref<4x4xf32>) -> memref<16x8xf16>\n", "which must be integers"},
      {"%i = memref.alloc() : memref<3xi32>\n%l = \"loom.lookup\"(%a, %i) {dim = 0 : i64} : (memref<4x8xf16>, memref<3xi32>) -> memref<4x8xf16>\n", "as many places as there are indices"},
      {"\"loom.gather\"(%a, %b, %x) : (memref<4x8xf16>, memref<8x4xf16>, index) -> ()\n", "one dimension more"},
      {"%y = arith.addi %x, %x : index\n%s = memref.subview %a[0, 0] [%x, %y] [1, 1] : memref<4x8xf16> to memref<?x?xf16, strided<[8, 1]>>\n"
       "%t = memref.subview %a[0, 0] [%y, %x] [1, 1] : memref<4x8xf16> to memref<?x?xf16, strided<[8, 1]>>\n%u = memref.subview %s[0, 0] [%x, 1] [1, 1] : "
       "memref<?x?xf16, strided<[8, 1]>> to memref<?x1xf16, strided<[8, 1]>>\n%z = arith.addi %x, %x : index\n%v = memref.subview %a[0, 0] [%z, 1] [1, 1] : "
       "memref<4x8xf16> to memref<?x1xf16, strided<[8, 1]>>\n"
       "linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d1, 0)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = [\"parallel\", \"parallel\"]} "
       "ins(%v : memref<?x1xf16, strided<[8, 1]>>) outs(%s : memref<?x?xf16, strided<[8, 1]>>) {\n^bb0(%i: f16, %o: f16):\n  linalg.yield %i : f16\n}\n"
       "linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, 0)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = [\"parallel\", \"parallel\"]} "
       "ins(%u : memref<?x1xf16, strided<[8, 1]>>) outs(%t : memref<?x?xf16, strided<[8, 1]>>) {\n^bb0(%i: f16, %o: f16):\n  linalg.yield %i : f16\n}\n",
       "operands 0 and 1 of linalg.generic show different extents in dimensions 0 and 0"},
      {"%y = arith.addi %x, %x : index\n%s = memref.subview %a[0, 0] [%x, %y] [1, 1] : memref<4x8xf16> to memref<?x?xf16, strided<[8, 1]>>\n"
       "%t = memref.subview %a[0, 0] [%x, %x] [1, 1] : memref<4x8xf16> to memref<?x?xf16, strided<[8, 1]>>\n"
       COPY("%s, %t", "1, 1, 0, 0, 0", IN, "1, 1", "memref<?x?xf16, strided<[8, 1]>>, memref<?x?xf16, strided<[8, 1]>>"),
       "operands 0 and 1 of loom.copy show different extents in dimensions 1 and 1"},
      {"scf.for %i = %x to %x step %x {\n} {loom.iter_type = #loom.iter_type<\"spacial\">}\n", "loom.iter_type must be"},
      {"scf.parallel (%i) = (%x) to (%x) step (%x) {\n} {loom.block_syms = [@t]}\n", "needs loom.block_syms"},
      {"scf.parallel (%i) = (%x) to (%x) step (%x) {\n} {loom.block_syms = [@t, @u], loom.iter_types = [#loom.iter_type<\"spatial\">], "
       "loom.logical_levels = [0], loom.physical_dims = [@x]}\n", "loom.block_syms must have one entry"},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    close_ir(NULL);
    assert_int_equal(open_ir(NULL), 0);
    MlirModule m = parse(arena_printf(&ctx.mem, "func.func @f(%%a: memref<4x8xf16>, %%b: memref<8x4xf16>, %%f: memref<4x8xf32>, %%q: memref<4x4xf32>, "
                                      "%%x: index) {\n%sreturn\n}\n", rows[i].body));
    assert_int_equal(dialect_verify(&ir, m), LOOM_EINPUT);
    testing_expect_error(&ctx, LOOM_EINPUT, rows[i].needle, 0, 0);
    assert_true(ctx.diag.first->span.line >= 2);
    ir_close_module(m);
  }
}

/* What IRDL itself refuses, at the place of the op. */
static void test_parser_refuses_wrong_ops(void **state) {
  (void)state;
  static const char *const rows[] = {
      "%s = \"loom.sym\"() {upper_bound = 4 : index} : () -> index",
      "%s = \"loom.sym\"() {symbol_ref = @t} : () -> i64",
      "%s = \"loom.alloc\"() {static_sizes = array<i64: 4>} : () -> memref<4xf16>",
      "\"loom.semaphore_give\"(%x) : (index) -> ()",
      "\"loom.copi\"() : () -> ()",
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    int errors = ctx.diag.errors;
    const char *src = arena_printf(&ctx.mem, "func.func @f(%%a: memref<4xf16>, %%x: index) {\n  %s\n  return\n}\n", rows[i]);
    MlirModule m;
    assert_int_equal(ir_parse(&ir, "t.mlir", src, strlen(src), &m), LOOM_EINPUT);
    assert_true(ctx.diag.errors > errors);
    ir_close_module(m);
  }
  assert_int_equal(ctx.diag.first->span.line, 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_embedded_text_is_the_file, open_ir, close_ir),
      cmocka_unit_test_setup_teardown(test_loading_twice_is_harmless, open_ir, close_ir),
      cmocka_unit_test_setup_teardown(test_symbols_take_extra_attributes, open_ir, close_ir),
      cmocka_unit_test_setup_teardown(test_built_ops_read_back_and_verify, open_ir, close_ir),
      cmocka_unit_test_setup_teardown(test_broken_ops_are_reported, open_ir, close_ir),
      cmocka_unit_test_setup_teardown(test_a_dropped_last_dim_is_no_leading_one, open_ir, close_ir),
      cmocka_unit_test_setup_teardown(test_parser_refuses_wrong_ops, open_ir, close_ir),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
