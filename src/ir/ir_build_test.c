/* Oracles: the exact text of what was built; exact visiting orders; refusals of misuse that MLIR would turn into undefined behaviour. */
#include "base/alloc.h"
#include "ir/ir.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static loom_ctx ctx;
static ir_ctx ir;
static MlirModule module;

static const char program[] =
    "func.func @a(%m: memref<4xf32>, %n: index) {\n  %c0 = arith.constant 0 : index\n  %c7 = arith.constant 7 : index\n"
    "  %f = arith.constant 1.5 : f32\n  scf.for %i = %c0 to %n step %c7 {\n    %v = memref.load %m[%i] : memref<4xf32>\n"
    "    memref.store %v, %m[%c0] : memref<4xf32>\n  }\n"
    "  %s = memref.subview %m[%n] [2] [1] : memref<4xf32> to memref<2xf32, strided<[1], offset: ?>>\n  return\n}\nfunc.func private @b()\n";

static int open_ir(void **state) {
  (void)state;
  loom_ctx_init(&ctx);
  if (ir_open(&ctx, &ir) != LOOM_OK)
    return 1;
  return ir_parse(&ir, "p.mlir", program, strlen(program), &module) == LOOM_OK ? 0 : 1;
}

static int close_ir(void **state) {
  (void)state;
  ir_close_module(module);
  ir_close(&ir);
  loom_ctx_done(&ctx);
  return 0;
}

typedef struct order { text names; const char *stop_at; } order;

static bool note(MlirOperation op, void *data) {
  order *o = data;
  text_addf(&o->names, "%s ", ir_op_name(op));
  return !o->stop_at || !ir_op_is(op, o->stop_at);
}

static void test_walk_visits_in_order_and_stops(void **state) {
  (void)state;
  MlirOperation func = ir_find_func(module, "a");
  order pre = {.names = text_new(&ctx.mem)}, post = pre, part = pre;
  part.stop_at = "scf.for";
  assert_true(ir_walk(func, note, &pre));
  assert_true(ir_walk_post(func, note, &post));
  assert_false(ir_walk(func, note, &part));
  assert_string_equal(text_str(&pre.names), "func.func arith.constant arith.constant arith.constant scf.for memref.load memref.store scf.yield "
                                            "memref.subview func.return ");
  assert_string_equal(text_str(&post.names), "arith.constant arith.constant arith.constant memref.load memref.store scf.yield scf.for "
                                             "memref.subview func.return func.func ");
  assert_string_equal(text_str(&part.names), "func.func arith.constant arith.constant arith.constant scf.for ");
  assert_int_equal(ir_count(func, "arith.constant"), 3);
  assert_int_equal(ir_count(mlirModuleGetOperation(module), NULL), 12);
}

static bool erase_unused(MlirOperation op, void *data) {
  if (ir_op_is(op, "arith.constant") || ir_op_is(op, "memref.subview"))
    *(int *)data += ir_erase(op);
  return true;
}

static void test_post_walk_may_erase_and_used_values_stay(void **state) {
  (void)state;
  int erased = 0;
  assert_true(ir_walk_post(mlirModuleGetOperation(module), erase_unused, &erased));
  assert_int_equal(erased, 2);   /* %f and %s */
  assert_int_equal(ir_count(mlirModuleGetOperation(module), "arith.constant"), 2);
  assert_int_equal(ir_verify(&ir, module), LOOM_OK);
}

static bool find_named(MlirOperation op, void *data) {
  MlirOperation *found = ((MlirOperation **)data)[0];
  if (!ir_op_is(op, ((const char **)data)[1]))
    return true;
  *found = op;
  return false;
}

static MlirOperation find(const char *name) {
  MlirOperation found = {NULL};
  void *data[] = {&found, (void *)(uintptr_t)name};
  ir_walk(mlirModuleGetOperation(module), find_named, data);
  return found;
}

static void test_queries_answer_and_refuse_bad_indices(void **state) {
  (void)state;
  MlirOperation loop = find("scf.for"), null = {NULL};
  int64_t v = -1;
  assert_true(ir_const_int(ir_operand(loop, 0), &v) && v == 0);
  assert_true(ir_const_int(ir_operand(loop, 2), &v) && v == 7);
  assert_false(ir_const_int(ir_operand(loop, 1), &v));   /* a block argument */
  assert_true(mlirValueIsNull(ir_operand(loop, 3)));
  assert_true(mlirValueIsNull(ir_operand(loop, -1)));
  assert_true(mlirValueIsNull(ir_operand(null, 0)));
  assert_true(mlirValueIsNull(ir_result(loop, 0)));
  assert_true(mlirRegionIsNull(ir_region(loop, 1)));
  assert_true(mlirBlockIsNull(ir_body(find("arith.constant"))));
  assert_false(ir_const_int((MlirValue){NULL}, &v));
  assert_string_equal(ir_op_name(null), "");
  assert_true(mlirAttributeIsNull(ir_attr_of(null, "x")));

  intptr_t first = -1, count = -1;
  MlirOperation sub = find("memref.subview");
  assert_true(ir_segment(sub, 1, &first, &count));
  assert_int_equal(first, 1);
  assert_int_equal(count, 1);
  assert_false(ir_segment(sub, 4, &first, &count));
  assert_false(ir_segment(loop, 0, &first, &count));

  loom_span s = ir_span(&ir, loop);
  assert_string_equal(s.source->path, "p.mlir");
  assert_int_equal(s.line, 5);
  assert_int_equal(s.col, 3);
}

static void test_functions_are_found_by_name(void **state) {
  (void)state;
  assert_string_equal(ir_func_name(&ctx.mem, ir_find_func(module, NULL)), "a");
  assert_string_equal(ir_func_name(&ctx.mem, ir_find_func(module, "b")), "b");
  assert_true(mlirOperationIsNull(ir_find_func(module, "c")));
  assert_true(mlirOperationIsNull(ir_find_func((MlirModule){NULL}, NULL)));
}

static void test_builder_builds_a_loop(void **state) {
  (void)state;
  ir_builder b = ir_before(&ir, find("memref.subview"));
  MlirValue zero = ir_index_const(&b, 0), four = ir_index_const(&b, 4), one = ir_index_const(&b, 1);
  MlirType index = ir_index_type(&ir);
  MlirBlock body;
  MlirRegion region = ir_new_region(&ir, 1, &index, &body);
  MlirOperation loop = ir_build(&b, "scf.for", 0, NULL, 3, (MlirValue[]){zero, four, one}, 0, NULL, 1, &region);
  assert_false(mlirOperationIsNull(loop));
  ir_builder in = ir_at_end(&ir, body);
  MlirValue i = mlirBlockGetArgument(body, 0);
  MlirValue twice = ir_build1(&in, "arith.addi", index, 2, (MlirValue[]){i, i}, 0, NULL);
  assert_false(mlirValueIsNull(twice));
  ir_build(&in, "scf.yield", 0, NULL, 0, NULL, 0, NULL, 0, NULL);
  ir_set_attr(loop, "loom.mark", ir_str_attr(&ir, "x\"y"));
  ir_replace_uses(ir_operand(mlirBlockGetFirstOperation(body), 1), one);
  assert_int_equal(ir_verify(&ir, module), LOOM_OK);
  assert_string_equal(ir_print(&ctx.mem, loop, false),
                      "scf.for %arg2 = %c0_0 to %c4 step %c1 {\n  %0 = arith.addi %c1, %c1 : index\n} {loom.mark = \"x\\22y\"}\n");
  ir_set_attr(loop, "loom.mark", (MlirAttribute){NULL});
  assert_true(mlirAttributeIsNull(ir_attr_of(loop, "loom.mark")));
}

/* MLIR aborts on the first row and has undefined behaviour on the others. */
static void test_builder_refuses_bad_requests(void **state) {
  (void)state;
  ir_builder b = ir_before(&ir, find("memref.subview"));
  MlirType index = ir_index_type(&ir), no_type = {NULL};
  MlirValue no_value = {NULL};
  const struct { const char *name; MlirType type; intptr_t n_values; ir_named attr; const char *needle; } rows[] = {
      {"nope.op", index, 0, {"value", ir_index_attr(&ir, 1)}, "unknown"},
      {"arith.nope", index, 0, {"value", ir_index_attr(&ir, 1)}, "unknown"},
      {"plain", index, 0, {"value", ir_index_attr(&ir, 1)}, "unknown"},
      {"arith.constant", no_type, 0, {"value", ir_index_attr(&ir, 1)}, "result type"},
      {"arith.constant", index, 0, {"value", {NULL}}, "attribute"},
      {"arith.addi", index, 1, {"a", ir_index_attr(&ir, 1)}, "operand"},
      {"arith.constant", index, 0, {"value", ir_unit_attr(&ir)}, "MLIR refuses"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    int errors = ctx.diag.errors;
    MlirOperation op = ir_build(&b, rows[i].name, 1, &rows[i].type, rows[i].n_values, &no_value, 1, &rows[i].attr, 0, NULL);
    assert_true(mlirOperationIsNull(op));
    assert_true(ctx.diag.errors > errors);
    const diag_item *d = ctx.diag.first;
    while (d->next)
      d = d->next;
    assert_int_equal(d->status, LOOM_EBUG);
    assert_non_null(strstr(d->text, rows[i].needle));
  }
  b.block = (MlirBlock){NULL};
  assert_true(mlirValueIsNull(ir_index_const(&b, 1)));
}

static void test_types_and_attributes_go_both_ways(void **state) {
  (void)state;
  for (int t = 0; t < DTYPE_COUNT; t++) {
    dtype back = DTYPE_COUNT;
    if (dtype_is_f8((dtype)t)) {   /* the bytes of the host, which no chip has */
      assert_false(ir_type_dtype(ir_dtype(&ir, (dtype)t), &back));
      continue;
    }
    assert_true(ir_type_dtype(ir_dtype(&ir, (dtype)t), &back));
    assert_int_equal(back, t);
  }
  dtype d;
  assert_true(ir_type_dtype(ir_type(&ir, "memref<2x?xbf16>"), &d) && d == DTYPE_BF16);
  assert_false(ir_type_dtype(ir_index_type(&ir), &d));
  assert_false(ir_type_dtype(ir_type(&ir, "i7"), &d));
  assert_int_equal(ctx.diag.errors, 0);
  assert_true(mlirTypeIsNull(ir_type(&ir, "memref<")));
  assert_true(mlirAttributeIsNull(ir_attr(&ir, "[1, ")));
  assert_int_equal(ctx.diag.first->status, LOOM_EBUG);

  int64_t v;
  assert_true(ir_attr_int(ir_int_attr(&ir, INT64_MIN), &v) && v == INT64_MIN);
  assert_true(ir_attr_int(ir_attr(&ir, "255 : ui8"), &v) && v == 255);
  assert_true(ir_attr_int(ir_attr(&ir, "-3 : si8"), &v) && v == -3);
  assert_false(ir_attr_int(ir_attr(&ir, "3 : i128"), &v));
  assert_false(ir_attr_int(ir_attr(&ir, "3.0 : f32"), &v));
  assert_string_equal(ir_attr_string(&ctx.mem, ir_str_attr(&ir, "s")), "s");
  assert_string_equal(ir_attr_string(&ctx.mem, ir_symbol_attr(&ir, "f")), "f");
  assert_null(ir_attr_string(&ctx.mem, ir_bool_attr(&ir, true)));
  assert_null(ir_attr_string(&ctx.mem, (MlirAttribute){NULL}));
}

static void test_pipelines_run_and_report(void **state) {
  (void)state;
  assert_int_equal(ir_run_pipeline(&ir, module, "builtin.module(func.func(canonicalize),cse)"), LOOM_OK);
  assert_int_equal(ir_count(mlirModuleGetOperation(module), "memref.subview"), 0);
  const struct { const char *pipeline, *needle; } rows[] = {
      {"canonicalize", "builtin.module"},
      {"builtin.module(no-such-pass)", "no-such-pass"},
      {"builtin.module(canonicalize{nope=1})", "nope"},
      {"builtin.module(func.func(canonicalize)", "malformed"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    int errors = ctx.diag.errors;
    assert_int_equal(ir_run_pipeline(&ir, module, rows[i].pipeline), LOOM_EBUG);
    assert_true(ctx.diag.errors > errors);
    bool said = false;
    for (const diag_item *d = ctx.diag.first; d; d = d->next)
      said |= strstr(d->text, rows[i].needle) != NULL;
    assert_true(said);
  }
  ir.blame = LOOM_EINPUT;
  assert_int_equal(ir_run_pipeline(&ir, module, "builtin.module(no-such-pass)"), LOOM_EINPUT);
}

static void test_verifier_reports_the_place(void **state) {
  (void)state;
  MlirOperation load = find("memref.load");
  mlirOperationSetOperand(load, 1, ir_operand(find("memref.store"), 0));   /* an f32 as an index, and its own result */
  assert_int_equal(ir_verify(&ir, module), LOOM_EBUG);
  assert_int_equal(ctx.diag.first->status, LOOM_EBUG);
  assert_int_equal(ctx.diag.first->span.line, 6);
}

static void test_modules_merge_and_declarations_yield_to_definitions(void **state) {
  (void)state;
  const char *src = "func.func private @a(memref<4xf32>, index)\nfunc.func @c(%m: memref<4xf32>, %n: index) {\n"
                    "  call @a(%m, %n) : (memref<4xf32>, index) -> ()\n  return\n}\n";
  MlirModule more;
  assert_int_equal(ir_parse(&ir, "more.mlir", src, strlen(src), &more), LOOM_OK);
  ir_move_into(module, more);
  assert_int_equal(ir_verify(&ir, module), LOOM_OK);
  assert_int_equal(ir_count(mlirModuleGetOperation(module), "func.func"), 3);   /* a, b, c */
  assert_string_equal(ir_print_type(&ctx.mem, mlirTypeAttrGetValue(ir_attr_of(ir_find_func(module, "c"), "function_type"))),
                      "(memref<4xf32>, index) -> ()");
  assert_string_equal(ir_print_attr(&ctx.mem, ir_attr_of(ir_find_func(module, "c"), "sym_name")), "\"c\"");
}

/* The arena's block is used up first, so that the next allocation, inside MLIR's callback, is the one that fails. */
static void exhaust(arena *mem) {
  while (mem->end - mem->next >= 16)
    arena_alloc(mem, 16);
  alloc_fail_at(1, 1);
}

static loom_status print_without_memory(loom_ctx *c, void *data) {
  (void)data;
  exhaust(&c->mem);
  ir_print(&c->mem, mlirModuleGetOperation(module), false);
  return LOOM_OK;
}

static loom_status verify_without_memory(loom_ctx *c, void *data) {
  (void)data;
  exhaust(&c->mem);
  return ir_verify(&ir, module);
}

static void test_running_out_of_memory_inside_mlir_unwinds_outside(void **state) {
  (void)state;
  loom_status printed = loom_ctx_run(&ctx, print_without_memory, NULL);
  alloc_fail_at(0, 0);
  mlirOperationSetOperand(find("memref.load"), 1, ir_operand(find("memref.store"), 0));
  loom_status verified = loom_ctx_run(&ctx, verify_without_memory, NULL);
  alloc_fail_at(0, 0);
  assert_int_equal(printed, LOOM_EMEM);
  assert_int_equal(verified, LOOM_EMEM);
  assert_int_equal(ir_verify(&ir, module), LOOM_EBUG);   /* and MLIR still works */
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, open_ir, close_ir)
  const struct CMUnitTest tests[] = {
      T(test_walk_visits_in_order_and_stops), T(test_post_walk_may_erase_and_used_values_stay), T(test_queries_answer_and_refuse_bad_indices),
      T(test_functions_are_found_by_name), T(test_builder_builds_a_loop), T(test_builder_refuses_bad_requests),
      T(test_types_and_attributes_go_both_ways), T(test_pipelines_run_and_report), T(test_verifier_reports_the_place),
      T(test_modules_merge_and_declarations_yield_to_definitions), T(test_running_out_of_memory_inside_mlir_unwinds_outside),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
