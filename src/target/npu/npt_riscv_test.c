/* Oracles: the symbols promised, by hand; the same bytes for the same program; code that LLVM makes where it knows nothing of lanes, instruction by instruction. */
#include "ir/ir_testing.h"
#include "codegen/codegen.h"
#include "target/npu/npt_riscv_private.h"

static int open_ir(void **state) {
  (void)state;
  return ir_test_open(dialect_load_vcix);
}

static MlirModule parse(const char *src) {
  MlirModule m;
  assert_int_equal(ir_parse_own(&ir, "t.mlir", src, strlen(src), &m), LOOM_OK);
  return m;
}

static const char program[] = "memref.global \"private\" @A_spad : memref<64xf32, 1> = uninitialized\nmemref.global \"private\" @B_spad : memref<64xf32, 1>\nmemref.global \"private\" @dram_0 : memref<64xf32>\n"
                              "func.func @k_node_0(%i: index) {\n  %a = memref.get_global @A_spad : memref<64xf32, 1>\n  %b = memref.get_global @B_spad : memref<64xf32, 1>\n"
                              "  %v = vector.load %a[%i] : memref<64xf32, 1>, vector<8xf32>\n  %w = arith.addf %v, %v : vector<8xf32>\n  vector.store %w, %b[%i] : memref<64xf32, 1>, vector<8xf32>\n  return\n}\n"
                              "func.func @k() {\n  %c = arith.constant 8 : index\n  call @k_node_0(%c) : (index) -> ()\n  return\n}\n";

static bool has(const char *const *names, size_t n, const char *name) {
  for (size_t i = 0; i < n; i++)
    if (strcmp(names[i], name) == 0)
      return true;
  return false;
}

static void test_object_needs_tiles_and_nothing_else(void **state) {
  (void)state;
  MlirModule m = parse(program);
  npt_riscv_code code;
  assert_int_equal(npt_riscv_compile(&ir, m, 256, false, &code), LOOM_OK);
  assert_null(code.assembly);
  const char *const *names;
  size_t n;
  assert_int_equal(codegen_undefined(&ctx, code.object, code.size, &names, &n), LOOM_OK);
  assert_int_equal(n, 2);                                       /* dram_0 is not touched */
  assert_true(has(names, n, "A_spad") && has(names, n, "B_spad"));
  ir_close_module(m);
}

static void test_module_stays_and_code_is_the_same_again(void **state) {
  (void)state;
  MlirModule m = parse(program);
  const char *before = ir_print(&ctx.mem, mlirModuleGetOperation(m), false);
  npt_riscv_code a, b;
  assert_int_equal(npt_riscv_compile(&ir, m, 256, true, &a), LOOM_OK);
  assert_int_equal(npt_riscv_compile(&ir, m, 256, true, &b), LOOM_OK);
  assert_string_equal(ir_print(&ctx.mem, mlirModuleGetOperation(m), false), before);
  assert_int_equal(a.size, b.size);
  assert_memory_equal(a.object, b.object, a.size);
  assert_string_equal(a.assembly, b.assembly);
  assert_non_null(strstr(a.assembly, "k_node_0:"));
  assert_non_null(strstr(a.assembly, "zvl256b"));
  ir_close_module(m);
}

static void test_registers_of_the_machine(void **state) {
  (void)state;
  static const int sizes[] = {128, 256, 512, 1024};
  for (size_t i = 0; i < COUNT_OF(sizes); i++) {
    MlirModule m = parse(program);
    npt_riscv_code code;
    assert_int_equal(npt_riscv_compile(&ir, m, sizes[i], true, &code), LOOM_OK);
    assert_non_null(strstr(code.assembly, arena_printf(&ctx.mem, "zvl%db", sizes[i])));
    ir_close_module(m);
  }
}

static const codegen_machine without_lanes = {.triple = "riscv64-unknown-elf", .cpu = "generic-rv64", .features = "+m,+a,+f,+d,+c,+v,+zvl256b", .abi = "lp64d", .vscale = 4};

/* Code of a module in dialect LLVM, made as for a machine without lanes, then checked. */
static loom_status check(const char *src) {
  const codegen_options o = {.opt_level = 2, .passes = "function(sroa)", .machine = &without_lanes};
  MlirModule m = parse(src);
  char *object;
  size_t size;
  assert_int_equal(codegen_object(&ir, m, &o, &object, &size), LOOM_OK);
  ir_close_module(m);
  return npt_riscv_check_code(&ctx, object, size);
}

#define F "llvm.func @f(%p: !llvm.ptr, %q: !llvm.ptr, %v: vector<8xf32>, %x: vector<8xi32>, %s: f32, %d: f64) "

static void test_code_that_reads_a_lane_is_refused(void **state) {
  (void)state;
  static const struct { const char *src, *needle; } rows[] = {
      {F "-> f32 {\n%0 = llvm.load %p : !llvm.ptr -> f32\n%1 = llvm.fadd %0, %s : f32\nllvm.return %1 : f32\n}", "the code of 'f' loads a single float"},
      {F "-> f64 {\n%0 = llvm.load %p : !llvm.ptr -> f64\n%1 = llvm.fadd %0, %d : f64\nllvm.return %1 : f64\n}", "the code of 'f' loads a single float"},
      {F "-> f32 {\n%c = llvm.mlir.constant(0 : i64) : i64\n%0 = llvm.extractelement %v[%c : i64] : vector<8xf32>\n%1 = llvm.fadd %0, %s : f32\nllvm.return %1 : f32\n}", "(vfmv.f.s)"},
      {F "-> i32 {\n%c = llvm.mlir.constant(0 : i64) : i64\n%0 = llvm.extractelement %x[%c : i64] : vector<8xi32>\nllvm.return %0 : i32\n}", "(vmv.x.s)"},
      {F "-> i1 {\n%0 = llvm.icmp \"slt\" %x, %x : vector<8xi32>\n%1 = llvm.fcmp \"olt\" %v, %v : vector<8xf32>\n%2 = \"llvm.intr.vector.reduce.or\"(%1) : (vector<8xi1>) -> i1\nllvm.return %2 : i1\n}", "(vcpop.m)"},
      {F "-> i64 {\n%1 = llvm.fcmp \"ogt\" %v, %v : vector<8xf32>\n%c = llvm.mlir.constant(false) : i1\n%2 = llvm.call_intrinsic \"llvm.experimental.cttz.elts\"(%1, %c) : (vector<8xi1>, i1) -> i64\nllvm.return %2 : i64\n}", "(vfirst.m)"},
      {"llvm.func @g() {\nllvm.return\n}\n" F "-> f32 {\n%0 = llvm.load %p : !llvm.ptr -> f32\n%1 = llvm.fadd %0, %s : f32\nllvm.return %1 : f32\n}", "the code of 'f'"},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    close_ir(NULL);
    assert_int_equal(open_ir(NULL), 0);
    assert_int_equal(check(rows[i].src), LOOM_EUNSUP);
    testing_expect_error(&ctx, LOOM_EUNSUP, rows[i].needle, 0, 0);
  }
}

static void test_code_of_vectors_and_constants_is_taken(void **state) {
  (void)state;
  static const char *const rows[] = {
      F "{\n%0 = llvm.load %p : !llvm.ptr -> vector<8xf32>\n%1 = llvm.fadd %0, %v : vector<8xf32>\nllvm.store %1, %q : vector<8xf32>, !llvm.ptr\nllvm.return\n}",
      F "-> f64 {\n%c = llvm.mlir.constant(3.14159 : f64) : f64\n%1 = llvm.fmul %c, %d : f64\nllvm.return %1 : f64\n}",
      F "{\n%c = llvm.mlir.constant(dense<1.1> : vector<8xf32>) : vector<8xf32>\n%1 = llvm.fmul %c, %v : vector<8xf32>\nllvm.store %1, %q : vector<8xf32>, !llvm.ptr\nllvm.return\n}",
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++)
    assert_int_equal(check(rows[i]), LOOM_OK);
}

static void test_bytes_that_are_no_object_are_our_fault(void **state) {
  (void)state;
  assert_int_equal(npt_riscv_check_code(&ctx, "abc", 3), LOOM_EBUG);
  testing_expect_error(&ctx, LOOM_EBUG, "no ELF file", 0, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_object_needs_tiles_and_nothing_else, open_ir, close_ir),
      cmocka_unit_test_setup_teardown(test_module_stays_and_code_is_the_same_again, open_ir, close_ir),
      cmocka_unit_test_setup_teardown(test_registers_of_the_machine, open_ir, close_ir),
      cmocka_unit_test_setup_teardown(test_code_that_reads_a_lane_is_refused, open_ir, close_ir),
      cmocka_unit_test_setup_teardown(test_code_of_vectors_and_constants_is_taken, open_ir, close_ir),
      cmocka_unit_test_setup_teardown(test_bytes_that_are_no_object_are_our_fault, open_ir, close_ir),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
