/* Oracles: IRDL and the verifier, op by op: every row of the table parses with the operands it names and is refused with others; a table of broken modules. */
#include "base/testing.h"
#include "dialect/ttkernel.h"

static loom_ctx ctx;
static ir_ctx ir;

static int open_ir(void **state) {
  (void)state;
  loom_ctx_init(&ctx);
  return ir_open(&ctx, &ir) == LOOM_OK && dialect_load_ttkernel(&ir) == LOOM_OK && dialect_load_ttkernel(&ir) == LOOM_OK ? 0 : 1;
}

static int close_ir(void **state) {
  (void)state;
  ir_close(&ir);
  loom_ctx_done(&ctx);
  return 0;
}

static const char *type_of(char letter) {
  switch (letter) {
  case 'c': return "!ttkernel.cb";
  case 'f': return "f32";
  case 'n': return "!ttkernel.noc_addr";
  case 'p': return "!ttkernel.l1_ptr";
  case 'a': return "!ttkernel.accessor";
  case 'A': return "!ttkernel.accessor_args";
  default: return "i32";
  }
}

/* A function with one argument of each type and one op: its first `n` operands. */
static const char *one_op(const ttkernel_op *op, size_t n) {
  text values = text_new(&ctx.mem), types = text_new(&ctx.mem);
  size_t k = 0;
  for (const char *c = op->operands; *c && k < n; c++)
    if (*c != '?') {
      text_addf(&values, "%s%%%c", k ? ", " : "", *c == 'A' ? 'q' : *c);
      text_addf(&types, "%s%s", k ? ", " : "", type_of(*c));
      k++;
    }
  const char *attribute = op->attribute[0] ? arena_printf(&ctx.mem, "{%s = 3 : i32} ", op->attribute) : "";
  return arena_printf(&ctx.mem, "func.func private @f(%%c: !ttkernel.cb, %%i: i32, %%b: i32, %%f: f32, %%n: !ttkernel.noc_addr, %%p: !ttkernel.l1_ptr, %%a: !ttkernel.accessor, "
                      "%%q: !ttkernel.accessor_args) attributes {ttkernel.thread = \"%s\"} {\n  %s\"ttkernel.%s\"(%s) %s: (%s) -> %s\n  return\n}\n",
                      op->thread == TTKERNEL_COMPUTE ? "compute" : "noc", op->result[0] ? "%r = " : "", op->name, text_str(&values), attribute, text_str(&types),
                      op->result[0] ? type_of(op->result[0]) : "()");
}

static loom_status try_module(const char *src) {
  MlirModule m;
  loom_status st = ir_parse(&ir, "t.mlir", src, strlen(src), &m);
  if (st == LOOM_OK)
    st = ttkernel_verify(&ir, m);
  ir_close_module(m);
  return st;
}

static void test_every_op_takes_its_operands_and_no_fewer(void **state) {
  (void)state;
  size_t n;
  const ttkernel_op *ops = ttkernel_table(&n);
  assert_true(n > 200);
  for (size_t i = 0; i < n; i++) {
    const char *optional = strchr(ops[i].operands, '?');
    size_t least = optional ? (size_t)(optional - ops[i].operands) : strlen(ops[i].operands), most = strlen(ops[i].operands) - (optional ? 1 : 0);
    for (size_t k = least ? least - 1 : 0; k <= most; k++)
      if ((try_module(one_op(&ops[i], k)) == LOOM_OK) != (k >= least))
        fail_msg("%s with %zu operands", ops[i].name, k);
    for (size_t k = 0; k < i; k++)
      assert_string_not_equal(ops[i].name, ops[k].name);
  }
}

#define NOC(body) "func.func @reader() attributes {ttkernel.thread = \"noc\"} {\n%i = arith.constant 1 : i32\n%far = arith.constant 16 : i32\n" body "return\n}\n"

/* A line of a tensor: offset %o of a page, L1 address %l. */
#define LINE(op) "func.func @reader() attributes {ttkernel.thread = \"noc\"} {\n"                                                                           \
  "%c = \"ttkernel.get_compile_time_arg_val\"() {arg_index = 0 : i32} : () -> !ttkernel.cb\n%a = \"ttkernel.get_arg_val\"() {arg_index = 0 : i32} : () -> i32\n" \
  "%q = \"ttkernel.tensor_accessor_args\"() {cta_base = 1 : i32} : () -> !ttkernel.accessor_args\n"                                                        \
  "%t = \"ttkernel.tensor_accessor\"(%q, %a) : (!ttkernel.accessor_args, i32) -> !ttkernel.accessor\n%k512 = arith.constant 512 : i32\n"                  \
  "%k32 = arith.constant 32 : i32\n%k8 = arith.constant 8 : i32\n%w = \"ttkernel.get_write_ptr\"(%c) : (!ttkernel.cb) -> i32\n%slot = arith.muli %a, %k512 : i32\n" \
  "%l = arith.addi %w, %slot : i32\n%line = arith.muli %a, %k32 : i32\n%o = arith.addi %line, %k8 : i32\n%odd = arith.addi %l, %k8 : i32\n"            \
  "%n = \"ttkernel.tensor_accessor_get_noc_addr\"(%t, %a, %o) : (!ttkernel.accessor, i32, i32) -> !ttkernel.noc_addr\n" op "return\n}\n"
#define READ(l1) LINE("\"ttkernel.noc_async_read\"(%n, %" l1 ", %k32) : (!ttkernel.noc_addr, i32, i32) -> ()\n")
#define WRITE(l1) LINE("\"ttkernel.noc_async_write\"(%" l1 ", %n, %k32) : (i32, !ttkernel.noc_addr, i32) -> ()\n")

static void test_transfers_between_unequal_addresses_are_refused(void **state) {
  (void)state;
  assert_int_equal(try_module(READ("odd")), LOOM_OK);
  assert_int_equal(try_module(WRITE("odd")), LOOM_OK);
  assert_int_equal(try_module(READ("l")), LOOM_EINPUT);
  testing_expect_error(&ctx, LOOM_EINPUT, "between a DRAM address that is 8 mod 32 and an L1 address that is 0 mod 32", 0, 0);
  close_ir(NULL);
  assert_int_equal(open_ir(NULL), 0);
  assert_int_equal(try_module(WRITE("l")), LOOM_EINPUT);
  testing_expect_error(&ctx, LOOM_EINPUT, "between a DRAM address that is 8 mod 16 and an L1 address that is 0 mod 16", 0, 0);
}

static void test_broken_kernels_are_reported(void **state) {
  (void)state;
  static const struct { const char *source, *needle; } rows[] = {
      {"func.func @reader() {\n  return\n}\n", "'reader' needs the attribute ttkernel.thread"},
      {"func.func @reader() attributes {ttkernel.thread = \"dsp\"} {\n  return\n}\n", "needs the attribute ttkernel.thread"},
      {NOC("\"ttkernel.tile_regs_acquire\"() : () -> ()\n"), "an op of compute kernels, but 'reader' is one of thread \"noc\""},
      {NOC("%s = \"ttkernel.get_semaphore\"(%far) : (i32) -> i32\n"), "the semaphore of ttkernel.get_semaphore is 16; must be 0..15"},
      {NOC("%s = \"ttkernel.get_arg_val\"() {arg_index = 256 : i32} : () -> i32\n"), "arg_index of ttkernel.get_arg_val is 256; must be 0..255"},
      {NOC("%s = \"ttkernel.reinterpret_cast\"(%i) {element = \"x; y\"} : (i32) -> !ttkernel.l1_ptr\n"), "element of ttkernel.reinterpret_cast must be"},
      {NOC("\"ttkernel.noc_async_read_barrier\"() {template_args = [\"a>();//\"]} : () -> ()\n"), "template_args of ttkernel.noc_async_read_barrier"},
      {NOC("%s = \"ttkernel.get_semaphore\"(%i) : (i32) -> i32\n%p = \"ttkernel.reinterpret_cast\"(%s) : (i32) -> !ttkernel.l1_ptr\n"
           "%n = \"ttkernel.get_noc_addr\"(%i, %i, %i) : (i32, i32, i32) -> !ttkernel.noc_addr\n"
           "\"ttkernel.noc_async_write_multicast\"(%s, %n, %i, %i, %i, %i) : (i32, !ttkernel.noc_addr, i32, i32, i32, i32) -> ()\n"), "has 6 operands; it takes at most 5"},
      {NOC("func.call @help() : () -> ()\n") "func.func private @help() attributes {ttkernel.thread = \"compute\"} {\n  return\n}\n", "calls 'help' of another"},
      {NOC("func.call @help() : () -> ()\n") "func.func private @help() attributes {ttkernel.thread = \"noc\"}\n", "calls 'help', which has no body here"},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    close_ir(NULL);
    assert_int_equal(open_ir(NULL), 0);
    assert_int_equal(try_module(rows[i].source), LOOM_EINPUT);
    testing_expect_error(&ctx, LOOM_EINPUT, rows[i].needle, 0, 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_every_op_takes_its_operands_and_no_fewer, open_ir, close_ir),
      cmocka_unit_test_setup_teardown(test_broken_kernels_are_reported, open_ir, close_ir),
      cmocka_unit_test_setup_teardown(test_transfers_between_unequal_addresses_are_refused, open_ir, close_ir),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
