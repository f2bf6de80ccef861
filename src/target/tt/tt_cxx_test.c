/* Oracles: the C++ written by hand for each small module, from its functions on; the compiler, for names and comments that try to break out. */
#include "ir/ir_testing.h"
#include "dialect/ttkernel.h"
#include "target/tt/tt.h"

static int open_ir(void **state) {
  (void)state;
  return ir_test_open(dialect_load_ttkernel);
}

static loom_status print(const char *src, tt_role role, bool object_api, const char **out) {
  MlirModule m;
  if (ir_parse(&ir, "t.mlir", src, strlen(src), &m) != LOOM_OK)
    fail_msg("%s in\n%s", ctx.diag.first->text, src);
  loom_status st = tt_print_kernel(&ir, m, role, object_api, out);
  ir_close_module(m);
  return st;
}

/* A reader with %c (a circular buffer) and three numbers that C++ does not know. */
static const char *reader(const char *body) {
  return arena_printf(&ctx.mem, "func.func @reader() attributes {ttkernel.thread = \"noc\"} {\n%%c = \"ttkernel.get_compile_time_arg_val\"() {arg_index = 0 : i32, loom.name = \"c\"} : () -> !ttkernel.cb\n"
                      "%%a = \"ttkernel.get_arg_val\"() {arg_index = 0 : i32, loom.name = \"a\"} : () -> i32\n%%b = \"ttkernel.get_arg_val\"() {arg_index = 1 : i32, loom.name = \"b\"} : () -> i32\n"
                      "%%0 = arith.constant 0 : i32\n%%1 = arith.constant 1 : i32\n%%2 = arith.constant 2 : i32\n%%m = arith.constant -3 : i32\n%s  return\n}\n", body);
}

#define USE(v) "\"ttkernel.cb_push_back\"(%c, " v ") : (!ttkernel.cb, i32) -> ()\n"
#define PUSH(e) "  cb_push_back(c, " e ");\n"
#define BIN(r, op, x, y) "%" r " = arith." op " %" x ", %" y " : i32\n"

/* What stands between the declarations of `reader` and its end. */
static const char *body_of(const char *source) {
  const char *first = strstr(source, "get_arg_val<uint32_t>(1);\n");
  if (!first)
    first = strstr(source, "get_arg_val<uint32_t>(0);\n");
  if (!first)
    first = strstr(source, "get_compile_time_arg_val(0);\n");
  assert_non_null(first);
  first = strchr(first, '\n') + 1;
  return arena_strndup(&ctx.mem, first, strlen(first) - strlen("}\n"));
}

static void test_statements_and_expressions(void **state) {
  (void)state;
  static const struct { const char *body, *expected; } rows[] = {
      {BIN("x", "addi", "a", "b") BIN("y", "muli", "x", "2") USE("%y"), PUSH("(a + b) * 2")},
      {BIN("x", "muli", "a", "b") BIN("y", "addi", "x", "2") USE("%y"), PUSH("a * b + 2")},
      {BIN("x", "subi", "b", "2") BIN("y", "subi", "a", "x") USE("%y"), PUSH("a - (b - 2)")},
      {BIN("x", "subi", "a", "b") BIN("y", "subi", "x", "m") USE("%y"), PUSH("a - b - -3")},
      {BIN("x", "subi", "b", "2") BIN("y", "addi", "a", "x") USE("%y"), PUSH("a + b - 2")},
      {BIN("x", "muli", "b", "2") BIN("y", "muli", "a", "x") USE("%y"), PUSH("a * (b * 2)")},
      {BIN("x", "divsi", "a", "b") BIN("y", "remsi", "2", "x") USE("%y"), PUSH("2 % (a / b)")},
      {BIN("x", "addi", "a", "b") BIN("y", "shli", "x", "2") USE("%y"), PUSH("(a + b) << 2")},
      {BIN("x", "andi", "a", "b") BIN("y", "ori", "x", "2") USE("%y"), PUSH("(a & b) | 2")},
      {BIN("x", "divui", "a", "b") USE("%x"), PUSH("static_cast<int32_t>(static_cast<uint32_t>(a) / static_cast<uint32_t>(b))")},
      {BIN("x", "minsi", "a", "b") BIN("y", "maxsi", "x", "0") USE("%y"), PUSH("std::max<int32_t>(std::min<int32_t>(a, b), 0)")},
      {BIN("x", "floordivsi", "a", "b") BIN("y", "ceildivsi", "x", "2") USE("%y"), PUSH("ceil_div(floor_div(a, b), 2)")},
      {"%p = arith.cmpi slt, %a, %b : i32\n%q = arith.cmpi eq, %a, %2 : i32\n%r = arith.andi %p, %q : i1\n%y = arith.select %r, %a, %0 : i32\n" USE("%y"),
       PUSH("a < b && a == 2 ? a : 0")},
      {"%p = arith.cmpi slt, %a, %b : i32\n%q = arith.cmpi ugt, %a, %2 : i32\n%r = arith.ori %p, %q : i1\n%y = arith.extui %r : i1 to i32\n" USE("%y"),
       PUSH("static_cast<int32_t>(a < b || static_cast<uint32_t>(a) > static_cast<uint32_t>(2))")},
      /* twice used, named, or told about: a variable; unused: nothing */
      {BIN("x", "addi", "a", "b") USE("%x") USE("%x"), "  const int32_t v = a + b;\n" PUSH("v") PUSH("v")},
      {"%x = arith.addi %a, %b {loom.name = \"sum\"} : i32\n" USE("%x"), "  const int32_t sum = a + b;\n" PUSH("sum")},
      {"%x = arith.addi %a, %b {loom.comment = \"both\"} : i32\n" USE("%x"), "  // both\n  const int32_t v = a + b;\n" PUSH("v")},
      {BIN("x", "addi", "a", "b") USE("%a") USE("%b"), PUSH("a") PUSH("b")},
      {"%x = arith.constant {loom.name = \"tiles\"} 8 : i32\n" USE("%x"), "  constexpr int32_t tiles = 8;\n" PUSH("tiles")},
      /* loops */
      {"scf.for %i = %0 to %a step %1 : i32 {\n" USE("%i") USE("%b") "} {loom.name = \"tile_m\", loom.comment = \"rows\"}\n",
       "\n  // rows\n  for (int32_t tile_m = 0; tile_m < a; tile_m++) {\n  " PUSH("tile_m") "  " PUSH("b") "  }\n"},
      {"scf.for %i = %0 to %a step %2 : i32 {\nscf.for %j = %i to %b step %1 : i32 {\n" USE("%j") "}\n}\nscf.for %i = %0 to %a step %1 : i32 {\n" USE("%i") "}\n" USE("%b"),
       "  for (int32_t i = 0; i < a; i += 2) {\n    for (int32_t i_2 = i; i_2 < b; i_2++) {\n    " PUSH("i_2") "    }\n  }\n  for (int32_t i = 0; i < a; i++) {\n  " PUSH("i")
       "  }\n" PUSH("b")},
      {"%s = scf.for %i = %0 to %a step %1 iter_args(%t = %b) -> (i32) : i32 {\n%u = arith.addi %t, %i : i32\nscf.yield %u : i32\n} {loom.result_names = [\"sum\"]}\n" USE("%s"),
       "  int32_t sum = b;\n  for (int32_t i = 0; i < a; i++) {\n    sum = sum + i;\n  }\n" PUSH("sum")},
      {"%s:2 = scf.for %i = %0 to %a step %1 iter_args(%t = %b, %u = %0) -> (i32, i32) : i32 {\nscf.yield %u, %t : i32, i32\n} {loom.result_names = [\"p\", \"q\"]}\n" USE("%s#0")
       USE("%s#1"),
       "  int32_t p = b;\n  int32_t q = 0;\n  for (int32_t i = 0; i < a; i++) {\n    const int32_t next_p = q;\n    const int32_t next_q = p;\n    p = next_p;\n    q = next_q;\n  }\n"
       PUSH("p") PUSH("q")},
      /* branches */
      {"%p = arith.cmpi eq, %a, %b : i32\nscf.if %p {\n" USE("%1") "}\n", "  if (a == b) {\n  " PUSH("1") "  }\n"},
      {"%p = arith.cmpi ne, %a, %b : i32\n%s = scf.if %p -> (i32) {\n" USE("%1") "scf.yield %a : i32\n} else {\nscf.yield %b : i32\n}\n" USE("%s"),
       "  int32_t v;\n  if (a != b) {\n  " PUSH("1") "    v = a;\n  } else {\n    v = b;\n  }\n" PUSH("v")},
      /* ops of the dialect */
      {"%l = \"ttkernel.get_write_ptr\"(%c) : (!ttkernel.cb) -> i32\n%s = \"ttkernel.get_semaphore\"(%1) : (i32) -> !ttkernel.semaphore\n"
       "%p = \"ttkernel.reinterpret_cast\"(%s) {loom.name = \"ready\"} : (!ttkernel.semaphore) -> !ttkernel.l1_ptr\n\"ttkernel.noc_semaphore_set\"(%p, %1) : (!ttkernel.l1_ptr, i32) -> ()\n"
       "%n = \"ttkernel.get_noc_addr\"(%a, %b, %l) : (i32, i32, i32) -> !ttkernel.noc_addr\n\"ttkernel.noc_async_read\"(%n, %l, %2) : (!ttkernel.noc_addr, i32, i32) -> ()\n",
       "  const uint32_t l1 = get_write_ptr(c);\n  const auto ready = reinterpret_cast<volatile tt_l1_ptr uint32_t *>(get_semaphore(1));\n  noc_semaphore_set(ready, 1);\n"
       "  noc_async_read(get_noc_addr(a, b, l1), l1, 2);\n"},
      {"%l = \"ttkernel.get_write_ptr\"(%c) : (!ttkernel.cb) -> i32\n%x = arith.addi %l, %a : i32\n%p = \"ttkernel.reinterpret_cast\"(%x) {element = \"uint16_t\"} : (i32) -> !ttkernel.l1_ptr\n"
       "%v = \"ttkernel.load_from_l1\"(%p, %b) : (!ttkernel.l1_ptr, i32) -> i32\n\"ttkernel.store_to_l1\"(%v, %p, %0) : (i32, !ttkernel.l1_ptr, i32) -> ()\n" USE("%b"),
       "  const int32_t l1 = get_write_ptr(c);\n  const auto ptr = reinterpret_cast<volatile tt_l1_ptr uint16_t *>(l1 + a);\n  const uint32_t v = ptr[b];\n  ptr[0] = v;\n" PUSH("b")},
      {"%q = \"ttkernel.tensor_accessor_args\"() {cta_base = 1 : i32, loom.name = \"x_args\"} : () -> !ttkernel.accessor_args\n"
       "%t = \"ttkernel.tensor_accessor\"(%q, %a, %2) {loom.name = \"x\"} : (!ttkernel.accessor_args, i32, i32) -> !ttkernel.accessor\n"
       "\"ttkernel.noc_async_read_tile\"(%b, %t, %1) : (i32, !ttkernel.accessor, i32) -> ()\n%n = \"ttkernel.tensor_accessor_get_noc_addr\"(%t, %b, %0) : (!ttkernel.accessor, i32, i32) -> !ttkernel.noc_addr\n"
       "\"ttkernel.noc_async_read\"(%n, %0, %2) : (!ttkernel.noc_addr, i32, i32) -> ()\n",
       "  constexpr auto x_args = TensorAccessorArgs<1>();\n  const auto x = TensorAccessor(x_args, a, 2);\n  noc_async_read_tile(b, x, 1);\n  noc_async_read(x.get_noc_addr(b, 0), 0, 2);\n"},
      {"%f = \"ttkernel.float_bits\"(%a) : (i32) -> i32\n" USE("%f") USE("%b"), PUSH("float_bits(a)") PUSH("b")},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    const char *out;
    if (print(reader(rows[i].body), TT_READER, false, &out) != LOOM_OK)
      fail_msg("row %zu: %s", i, ctx.diag.first->text);
    assert_string_equal(body_of(out), rows[i].expected);
  }
}

static void test_addresses_that_only_the_api_uses_are_uint32(void **state) {
  (void)state;
  const char *out;
  assert_int_equal(print(reader(USE("%a") BIN("x", "addi", "b", "1") USE("%x")), TT_READER, false, &out), LOOM_OK);
  assert_non_null(strstr(out, "constexpr uint32_t c = get_compile_time_arg_val(0);\n  const uint32_t a = get_arg_val<uint32_t>(0);\n  const int32_t b = get_arg_val<uint32_t>(1);\n"));
}

#define COMPUTE "func.func @compute() attributes {ttkernel.thread = \"compute\"} {\n%c = \"ttkernel.get_compile_time_arg_val\"() {arg_index = 0 : i32, loom.name = \"c\"} : () -> !ttkernel.cb\n" \
                "%0 = arith.constant 0 : i32\n%1 = arith.constant 1 : i32\n"

static void test_compute_kernels(void **state) {
  (void)state;
  static const struct { const char *body, *expected; bool object_api; } rows[] = {
      {"\"ttkernel.pack_tile\"(%0, %c, %1) {template_args = [\"true\"]} : (i32, !ttkernel.cb, i32) -> ()\n", "  pack_tile<true>(0, c, 1);\n", false},
      {"\"ttkernel.mm_init\"(%c, %c, %c) : (!ttkernel.cb, !ttkernel.cb, !ttkernel.cb) -> ()\n", "  mm_init(c, c, c);\n", false},
      {"\"ttkernel.mm_init\"(%c, %c, %c) : (!ttkernel.cb, !ttkernel.cb, !ttkernel.cb) -> ()\n",
       "  compute_kernel_hw_startup<SrcOrder::Reverse>(c.get_cb_id(), c.get_cb_id(), c.get_cb_id());\n  matmul_init(c.get_cb_id(), c.get_cb_id());\n", true},
      {"\"ttkernel.matmul_init\"(%c, %c, %1) : (!ttkernel.cb, !ttkernel.cb, i32) -> ()\n", "  mm_init_short(c, c, 1);\n", false},
      {"\"ttkernel.cb_wait_front\"(%c, %1) : (!ttkernel.cb, i32) -> ()\n\"ttkernel.copy_tile\"(%c, %0, %1) : (!ttkernel.cb, i32, i32) -> ()\n",
       "  c.wait_front(1);\n  copy_tile(c.get_cb_id(), 0, 1);\n", true},
      {"%h = arith.constant 0x3f000000 : i32\n\"ttkernel.mul_unary_tile\"(%0, %h) : (i32, i32) -> ()\n", "  mul_unary_tile(0, 0x3f000000u /* 0.5 */);\n", false},
      {"%f = arith.constant 0.1 : f32\n\"ttkernel.fill_tile\"(%0, %f) : (i32, f32) -> ()\n", "  fill_tile(0, 0.1f);\n", false},
      {"%f = arith.constant 1.0e20 : f32\n\"ttkernel.fill_tile\"(%0, %f) : (i32, f32) -> ()\n", "  fill_tile(0, 1e+20f);\n", false},
      {"%f = arith.constant 0xff800000 : f32\n\"ttkernel.fill_tile\"(%0, %f) : (i32, f32) -> ()\n", "  fill_tile(0, -std::numeric_limits<float>::infinity());\n", false},
      {"\"ttkernel.reduce_tile\"(%c, %c, %0, %0, %1) {template_args = [\"PoolType::MAX\", \"ReduceDim::REDUCE_ROW\"]} : (!ttkernel.cb, !ttkernel.cb, i32, i32, i32) -> ()\n",
       "  reduce_tile<PoolType::MAX, ReduceDim::REDUCE_ROW>(c, c, 0, 0, 1);\n", false},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    const char *out;
    assert_int_equal(print(arena_printf(&ctx.mem, "%s%sreturn\n}\n", COMPUTE, rows[i].body), TT_COMPUTE, rows[i].object_api, &out), LOOM_OK);
    const char *body = strstr(out, "void kernel_main() {\n") + strlen("void kernel_main() {\n");
    if (strstr(body, "get_compile_time_arg_val"))
      body = strchr(body, '\n') + 1;
    assert_string_equal(body, arena_printf(&ctx.mem, "%s}\n", rows[i].expected));
  }
}

static void test_only_the_needed_headers_are_included(void **state) {
  (void)state;
  const char *out;
  assert_int_equal(print(COMPUTE "\"ttkernel.reduce_init\"(%c, %c, %c) {template_args = [\"PoolType::SUM\", \"ReduceDim::REDUCE_COL\"]} : (!ttkernel.cb, !ttkernel.cb, !ttkernel.cb) -> ()\n"
                         "\"ttkernel.exp_tile\"(%0) : (i32) -> ()\n\"ttkernel.exp_tile_init\"() : () -> ()\nreturn\n}\n", TT_COMPUTE, false, &out), LOOM_OK);
  assert_non_null(strstr(out, "#define REDUCE_OP PoolType::SUM\n#define REDUCE_DIM ReduceDim::REDUCE_COL\n#include <cstdint>\n#include \"api/compute/common.h\"\n"
                              "#include \"api/compute/reduce.h\"\n#include \"api/compute/eltwise_unary/exp.h\"\n\nvoid kernel_main() {\n"));
  assert_int_equal(print(reader(USE("%1")), TT_READER, false, &out), LOOM_OK);
  assert_non_null(strstr(out, "#include <cstdint>\n#include \"api/dataflow/dataflow_api.h\"\n\nvoid"));
  assert_int_equal(print(reader("\"ttkernel.noc_async_read_barrier\"() : () -> ()\n" USE("%1")), TT_READER, true, &out), LOOM_OK);
  assert_non_null(strstr(out, "#include \"api/dataflow/dataflow_api.h\"\n#include \"api/dataflow/circular_buffer.h\"\n#include \"api/dataflow/noc.h\"\n\nvoid kernel_main() {\n  Noc noc;\n"
                              "  CircularBuffer c(get_compile_time_arg_val(0));\n"));
  assert_non_null(strstr(out, "  noc.async_read_barrier();\n  c.push_back(1);\n"));
}

static void test_helpers_are_printed_once_before_their_callers(void **state) {
  (void)state;
  const char *out;
  static const char src[] =
      "func.func private @outer(%x: !ttkernel.cb, %n: i32, %t: !ttkernel.accessor) attributes {ttkernel.thread = \"noc\", loom.arg_names = [\"x\", \"n\", \"tensor\"]} {\n"
      "  func.call @inner(%n) : (i32) -> i32\n  \"ttkernel.noc_async_read_tile\"(%n, %t, %n) : (i32, !ttkernel.accessor, i32) -> ()\n  return\n}\n"
      "func.func private @inner(%n: i32) -> i32 attributes {ttkernel.thread = \"noc\", loom.noinline, loom.comment = \"One more.\"} {\n  %1 = arith.constant 1 : i32\n"
      "  %y = arith.addi %n, %1 : i32\n  return %y : i32\n}\nfunc.func private @other() attributes {ttkernel.thread = \"noc\"} {\n  return\n}\n"
      "func.func @writer() attributes {ttkernel.thread = \"noc\"} {\n  %c = \"ttkernel.get_compile_time_arg_val\"() {arg_index = 0 : i32} : () -> !ttkernel.cb\n  %5 = arith.constant 5 : i32\n"
      "  %q = \"ttkernel.tensor_accessor_args\"() {cta_base = 1 : i32} : () -> !ttkernel.accessor_args\n  %t = \"ttkernel.tensor_accessor\"(%q, %5) : (!ttkernel.accessor_args, i32) -> !ttkernel.accessor\n"
      "  %v = func.call @inner(%5) : (i32) -> i32\n  func.call @outer(%c, %v, %t) : (!ttkernel.cb, i32, !ttkernel.accessor) -> ()\n"
      "  func.call @outer(%c, %5, %t) : (!ttkernel.cb, i32, !ttkernel.accessor) -> ()\n  return\n}\n";
  assert_int_equal(print(src, TT_WRITER, false, &out), LOOM_OK);
  assert_string_equal(strstr(out, "\n// One"),
                      "\n// One more.\nstatic __attribute__((noinline)) int32_t inner(int32_t a) {\n  return a + 1;\n}\n\n"
                      "template <typename T2>\nstatic inline void outer(uint32_t, int32_t n, const T2 &tensor) {\n  inner(n);\n  noc_async_read_tile(n, tensor, n);\n}\n\n"
                      "void kernel_main() {\n  constexpr uint32_t cb = get_compile_time_arg_val(0);\n  constexpr auto tensor_args = TensorAccessorArgs<1>();\n"
                      "  const auto tensor = TensorAccessor(tensor_args, 5);\n  const int32_t v = inner(5);\n  outer(cb, v, tensor);\n  outer(cb, 5, tensor);\n}\n");
}

static void test_names_are_identifiers_that_clash_with_nothing(void **state) {
  (void)state;
  static const struct { const char *hint, *name; } rows[] = {
      {"tile_m", "tile_m"}, {"for", "for_"}, {"cb_push_back", "cb_push_back_"}, {"a", "a_2"}, {"__x__y", "x_y"}, {"2x", "v2x"}, {"NAMESPACE", "namespace_"}, {"M", "M"},
      {"x; } evil(", "x_evil"}, {"\\C3\\A9", "v"}, {"", "v"}, {"int32_t", "int32_t_"}, {"noc", "noc_"}, {"K_MAX", "k_max"}, {"kernel_main", "kernel_main_"}, {"exp", "exp_"}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    const char *out;
    assert_int_equal(print(reader(arena_printf(&ctx.mem, "%%x = arith.addi %%a, %%b {loom.name = \"%s\"} : i32\n%s", rows[i].hint, USE("%x"))), TT_READER, false, &out), LOOM_OK);
    assert_string_equal(body_of(out), arena_printf(&ctx.mem, "  const int32_t %s = a + b;\n" PUSH("%s"), rows[i].name, rows[i].name));
  }
}

static void test_comments_end_with_their_line(void **state) {
  (void)state;
  const char *out;
  assert_int_equal(print(reader("%x = arith.addi %a, %b {loom.comment = \"ends with \\\\\\0Anext ?\?/ \\22q\\22 */ \\C3\\A9\"} : i32\n" USE("%x")), TT_READER, false, &out), LOOM_OK);
  assert_string_equal(body_of(out), "  // ends with .\n  // next .?/ \"q\" */ ..\n  const int32_t v = a + b;\n" PUSH("v"));
  assert_int_equal(print("module attributes {loom.kernel = \"mm\\0Aint evil;\", loom.machine = \"wormhole\", loom.summary = \"x: 2 slots\\0Ay\\\\\"} {\n"
                         "func.func @reader() attributes {ttkernel.thread = \"noc\"} {\n  return\n}\n}\n", TT_READER, false, &out), LOOM_OK);
  assert_string_equal(out, "// The reader of mm\n// int evil; for wormhole, made by Loom.\n// x: 2 slots\n// y.\n#include <cstdint>\n#include \"api/dataflow/dataflow_api.h\"\n\nvoid kernel_main() {\n}\n");
}

static void test_what_has_no_cxx_is_refused(void **state) {
  (void)state;
  static const struct { const char *source, *needle; loom_status status; } rows[] = {
      {"func.func @reader() attributes {ttkernel.thread = \"noc\"} {\n  %m = memref.alloc() : memref<4xf32>\n  return\n}\n", "'memref.alloc' has no C++", LOOM_EUNSUP},
      {"func.func @reader() attributes {ttkernel.thread = \"noc\"} {\n  %f = arith.constant 1.0 : f32\n  %g = arith.addf %f, %f : f32\n  return\n}\n", "'arith.addf' has no C++", LOOM_EUNSUP},
      {"func.func @reader() attributes {ttkernel.thread = \"noc\"} {\n  %f = arith.constant 1 : i64\n  return\n}\n", "a value of 'arith.constant' is no integer", LOOM_EUNSUP},
      {"func.func private @r() attributes {ttkernel.thread = \"noc\"} {\n  func.call @r() : () -> ()\n  return\n}\n"
       "func.func @reader() attributes {ttkernel.thread = \"noc\"} {\n  func.call @r() : () -> ()\n  return\n}\n", "'r' calls itself", LOOM_EUNSUP},
      {"func.func @writer() attributes {ttkernel.thread = \"noc\"} {\n  return\n}\n", "no kernel 'reader'", LOOM_EINPUT},
      {"func.func @reader() {\n  return\n}\n", "needs the attribute ttkernel.thread", LOOM_EINPUT},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    const char *out;
    close_ir(NULL);
    assert_int_equal(open_ir(NULL), 0);
    assert_int_equal(print(rows[i].source, TT_READER, false, &out), rows[i].status);
    testing_expect_error(&ctx, rows[i].status, rows[i].needle, 0, 0);
  }
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_ir, close_ir)
  const struct CMUnitTest tests[] = {
      TEST(test_statements_and_expressions), TEST(test_addresses_that_only_the_api_uses_are_uint32), TEST(test_compute_kernels),
      TEST(test_only_the_needed_headers_are_included), TEST(test_helpers_are_printed_once_before_their_callers), TEST(test_names_are_identifiers_that_clash_with_nothing),
      TEST(test_comments_end_with_their_line), TEST(test_what_has_no_cxx_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
