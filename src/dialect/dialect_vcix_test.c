/* Oracles: a table of broken ops, each with its message; the ops as PyTorchSim emits them are accepted. */
#include "ir/ir_testing.h"
#include "dialect/dialect.h"

static int open_ir(void **state) {
  (void)state;
  return ir_test_open(dialect_load_vcix);
}

static loom_status parse(const char *body, MlirModule *m) {
  const char *src = arena_printf(&ctx.mem, "func.func @f(%%v: vector<8xf32>, %%s: vector<[4]xf32>, %%w: vector<[32]xf32>, %%q: vector<2x4xf32>, %%l: vector<128xf32>, %%n: i64, %%o: vector<[3]xf32>, "
                                           "%%h: i32, %%f: f32, %%g: f16, %%p: vector<8xi1>) {\n%sreturn\n}\n", body);
  return ir_parse(&ir, "t.mlir", src, strlen(src), m);
}

#define IV(operand, type, attrs) "\"vcix.iv\"(" operand ", %n) {" attrs "} : (" type ", i64) -> ()\n"
#define FN(operand, type, attrs) "%r = \"vcix.v.iv\"(" operand ") {" attrs "} : (" type ") -> " type "\n"
#define V8 "vector<8xf32>"

static void test_ops_of_pytorchsim_are_accepted(void **state) {
  (void)state;
  MlirModule m;
  assert_int_equal(parse(IV("%v", V8, "opcode = 1 : i64, imm = 0 : i64, rd = 0 : i64") IV("%v", V8, "opcode = 0 : i64")
                         "\"vcix.i\"(%n) {opcode = 1 : i64, imm = 4 : i64, rd = 0 : i64, rs2 = 0 : i64, sew = 32 : i64, lmul = 0 : i64} : (i64) -> ()\n"
                         "%a = \"vcix.v.i\"(%n) {opcode = 2 : i64, imm = 0 : i64, rs2 = 0 : i64} : (i64) -> vector<8xf32>\n"
                         "%b = \"vcix.v.iv\"(%a) {opcode = 3 : i64, imm = 0 : i32} : (vector<8xf32>) -> vector<8xf32>\n"
                         "%c = \"vcix.v.iv\"(%s, %n) {opcode = 3 : i64, imm = 0 : i32} : (vector<[4]xf32>, i64) -> vector<[4]xf32>\n"
                         "%d = \"vcix.v.sv\"(%b, %f) {opcode = 3 : i64} : (vector<8xf32>, f32) -> vector<8xf32>\n", &m), LOOM_OK);
  assert_int_equal(dialect_verify(&ir, m), LOOM_OK);
  assert_int_equal(dialect_verify_vcix(&ir, mlirModuleGetOperation(m), 256), LOOM_OK);
  ir_close_module(m);
}

static void test_broken_ops_are_reported(void **state) {
  (void)state;
  static const struct { const char *body, *needle; int vlen; } rows[] = {
      {IV("%v", V8, "opcode = 4 : i64"), "opcode of vcix.iv is 4 : i64; must be an integer in 0..3", 0},
      {IV("%v", V8, "opcode = -1 : i64"), "opcode of vcix.iv is -1", 0},
      {IV("%v", V8, "opcode = 1 : i64, imm = 16 : i64"), "imm of vcix.iv is 16 : i64; must be an integer in -16..15", 0},
      {IV("%v", V8, "opcode = 1 : i64, imm = -17 : i64"), "imm of vcix.iv is -17", 0},
      {IV("%v", V8, "opcode = 1 : i64, rd = 32 : i64"), "rd of vcix.iv", 0},
      {IV("%q", "vector<2x4xf32>", "opcode = 1 : i64"), "the operand of vcix.iv is vector<2x4xf32>; must be a vector of one dimension", 0},
      {IV("%p", "vector<8xi1>", "opcode = 1 : i64"), "elements must be integers or floats of 8, 16, 32 or 64 bits", 0},
      {IV("%l", "vector<128xf32>", "opcode = 1 : i64"), "4096 bits; eight registers hold 2048", 256},
      {IV("%w", "vector<[32]xf32>", "opcode = 1 : i64"), "1024 bits; eight registers hold 512", 0},
      {IV("%o", "vector<[3]xf32>", "opcode = 1 : i64"), "must be a power of two", 0},
      {"%z = arith.constant 0 : i64\n\"vcix.iv\"(%v, %z) {opcode = 1 : i64} : (vector<8xf32>, i64) -> ()\n", "the number of elements of vcix.iv is 0; must be 1..8192", 0},
      {"\"vcix.iv\"(%v, %h) {opcode = 1 : i64} : (vector<8xf32>, i32) -> ()\n", "the number of elements of vcix.iv is i32; must be i64", 0},
      {"\"vcix.i\"(%n) {opcode = 1 : i64, imm = 4 : i64, sew = 24 : i64} : (i64) -> ()\n", "sew of vcix.i is 24 : i64; elements have 8, 16, 32 or 64 bits", 0},
      {"\"vcix.i\"(%n) {opcode = 1 : i64, imm = 4 : i64, sew = 32 : i64, lmul = 4 : i64} : (i64) -> ()\n", "lmul of vcix.i", 0},
      {"\"vcix.i\"(%n) {opcode = 1 : i64, imm = 4 : i64, sew = 32 : i64, rs2 = 40 : i64} : (i64) -> ()\n", "rs2 of vcix.i", 0},
      {"%r = \"vcix.v.i\"(%n) {opcode = 2 : i64} : (i64) -> vector<2x4xf32>\n", "the result of vcix.v.i is vector<2x4xf32>", 0},
      {FN("%v", V8, "opcode = 5 : i64, imm = 0 : i32"), "opcode of vcix.v.iv", 0},
      {FN("%s", "vector<[4]xf32>", "opcode = 3 : i64, imm = 0 : i32"), "vcix.v.iv of a scalable vector needs the number of elements", 0},
      {"%r = \"vcix.v.iv\"(%v) {opcode = 3 : i64, imm = 0 : i32} : (vector<8xf32>) -> vector<4xf32>\n", "vcix.v.iv makes vector<4xf32> from vector<8xf32>", 0},
      {"%r = \"vcix.v.sv\"(%v, %g) {opcode = 3 : i64} : (vector<8xf32>, f16) -> vector<8xf32>\n", "the second operand of vcix.v.sv is f16", 0},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    close_ir(NULL);
    assert_int_equal(open_ir(NULL), 0);
    MlirModule m;
    assert_int_equal(parse(rows[i].body, &m), LOOM_OK);
    assert_int_equal(dialect_verify_vcix(&ir, mlirModuleGetOperation(m), rows[i].vlen), LOOM_EINPUT);
    testing_expect_error(&ctx, LOOM_EINPUT, rows[i].needle, 0, 0);
    ir_close_module(m);
  }
}

/* What IRDL itself refuses. */
static void test_parser_refuses_wrong_ops(void **state) {
  (void)state;
  static const char *const rows[] = {
      IV("%f", "f32", "opcode = 1 : i64"),
      IV("%v", V8, "imm = 0 : i64"),
      "\"vcix.i\"(%n) {opcode = 1 : i64, imm = 4 : i64} : (i64) -> ()\n",
      FN("%v", V8, "opcode = 3 : i64"),
      "\"vcix.v_iv\"(%v) {opcode = 3 : i64, imm = 0 : i32} : (vector<8xf32>) -> ()\n",
      "\"vcix.v.i\"(%n) {opcode = 2 : i64} : (i64) -> ()\n",
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    close_ir(NULL);
    assert_int_equal(open_ir(NULL), 0);
    MlirModule m;
    assert_int_equal(parse(rows[i], &m), LOOM_EINPUT);
    assert_true(ctx.diag.errors > 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_ops_of_pytorchsim_are_accepted), cmocka_unit_test(test_broken_ops_are_reported), cmocka_unit_test(test_parser_refuses_wrong_ops)};
  return cmocka_run_group_tests(tests, open_ir, close_ir);
}
