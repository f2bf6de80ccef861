#include "base/testing.h"
#include "dialect/dialect.h"
#include "network/network_sizes.h"

typedef struct fixture { loom_ctx ctx; ir_ctx ir; MlirModule m; network_sizes sizes; } fixture;

static void open_function(fixture *f, const char *source) {
  loom_ctx_init(&f->ctx);
  assert_int_equal(ir_open(&f->ctx, &f->ir), LOOM_OK);
  assert_int_equal(dialect_load(&f->ir), LOOM_OK);
  if (ir_parse(&f->ir, "t.mlir", source, strlen(source), &f->m) != LOOM_OK)
    fail_msg("%s\n%s", f->ctx.diag.first->text, source);
  assert_int_equal(network_sizes_read(&f->ir, f->m, "f", &f->sizes), LOOM_OK);
}

static void done(fixture *f) {
  ir_close_module(f->m);
  ir_close(&f->ir);
  loom_ctx_done(&f->ctx);
}

#define ZERO "  %c0 = arith.constant 0 : index\n  %c1 = arith.constant 1 : index\n  %n = tensor.dim %x, %c0 : tensor<?x3xf32>\n"
#define LOOP(step)                                                                                                                                     \
  "  %r = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x) -> (tensor<?x3xf32>) {\n"                                                                 \
  "    %q = scf.for %k = %c0 to %c1 step %c1 iter_args(%b = %a) -> (tensor<?x3xf32>) {\n" step "      scf.yield %t : tensor<?x3xf32>\n    }\n"         \
  "    scf.yield %q : tensor<?x3xf32>\n  }\n"

/* Oracle: no size is open in what is left, where all follow from those of the arguments; the size of the result. */
static void test_sizes_go_through(void **state) {
  (void)state;
  const struct { const char *body, *result; } rows[] = {
      /* loops that write elements and parts into what they carry */
      {ZERO "  %v = arith.constant 1.0 : f32\n" LOOP("      %t = tensor.insert %v into %b[%i, %c0] : tensor<?x3xf32>\n"), "tensor<5x3xf32>"},
      {ZERO LOOP("      %row = tensor.extract_slice %b[%i, 0] [1, 3] [1, 1] : tensor<?x3xf32> to tensor<1x3xf32>\n"
                 "      %t = tensor.insert_slice %row into %b[0, 0] [1, 3] [1, 1] : tensor<1x3xf32> into tensor<?x3xf32>\n"), "tensor<5x3xf32>"},
      {ZERO LOOP("      %t = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>], iterator_types = [\"parallel\", \"parallel\"]} outs(%b : tensor<?x3xf32>) {\n"
                 "      ^bb0(%o: f32):\n        %e = math.exp %o : f32\n        linalg.yield %e : f32\n      } -> tensor<?x3xf32>\n"), "tensor<5x3xf32>"},
      /* branches and choices */
      {ZERO "  %z = tensor.extract %x[%c0, %c0] : tensor<?x3xf32>\n  %is = arith.cmpf ogt, %z, %z : f32\n  %y = math.exp %x : tensor<?x3xf32>\n"
            "  %r = scf.if %is -> (tensor<?x3xf32>) {\n    scf.yield %y : tensor<?x3xf32>\n  } else {\n    %t = math.sqrt %y : tensor<?x3xf32>\n    scf.yield %t : tensor<?x3xf32>\n  }\n",
       "tensor<5x3xf32>"},
      {ZERO "  %z = tensor.extract %x[%c0, %c0] : tensor<?x3xf32>\n  %is = arith.cmpf ogt, %z, %z : f32\n  %y = math.exp %x : tensor<?x3xf32>\n"
            "  %r = arith.select %is, %y, %x : tensor<?x3xf32>\n", "tensor<5x3xf32>"},
      /* shapes that are computed */
      {ZERO "  %c3 = arith.constant 3 : index\n  %s = tensor.from_elements %c3, %n : tensor<2xindex>\n  %g = tensor.reshape %x(%s) : (tensor<?x3xf32>, tensor<2xindex>) -> tensor<3x?xf32>\n"
            "  %e = tensor.empty(%n) : tensor<?x3xf32>\n  %r = linalg.transpose ins(%g : tensor<3x?xf32>) outs(%e : tensor<?x3xf32>) permutation = [1, 0]\n", "tensor<5x3xf32>"},
      {ZERO "  %m = arith.addi %n, %n : index\n  %p = tensor.concat dim(0) %x, %x : (tensor<?x3xf32>, tensor<?x3xf32>) -> tensor<?x3xf32>\n"
            "  %z = arith.constant 0.0 : f32\n  %r = tensor.pad %p low[%n, 0] high[%m, 0] {\n  ^bb0(%i: index, %j: index):\n    tensor.yield %z : f32\n  } : tensor<?x3xf32> to tensor<?x3xf32>\n",
       "tensor<25x3xf32>"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    fixture f;
    arena mem = {0};
    open_function(&f, arena_printf(&mem, "func.func @f(%%x: tensor<?x3xf32>) -> tensor<?x3xf32> {\n%s  return %%r : tensor<?x3xf32>\n}\n", rows[i].body));
    assert_int_equal(network_sizes_give(&f.sizes, "x.0", "5"), LOOM_OK);
    assert_int_equal(network_sizes_settle(&f.sizes), LOOM_OK);
    assert_int_equal(network_sizes_check_known(&f.sizes), LOOM_OK);
    if (network_sizes_fix(&f.sizes, f.m) != LOOM_OK)
      fail_msg("row %zu: %s", i, f.ctx.diag.first->text);
    assert_int_equal(ir_verify(&f.ir, f.m), LOOM_OK);
    MlirOperation func = ir_find_func(f.m, "f");
    const char *now = ir_print(&f.ctx.mem, func, false), *type = ir_print_type(&f.ctx.mem, mlirFunctionTypeGetResult(mlirTypeAttrGetValue(ir_attr_of(func, "function_type")), 0));
    if (strstr(now, "tensor<?"))
      fail_msg("row %zu: %s", i, now);
    assert_string_equal(type, rows[i].result);
    arena_done(&mem);
    done(&f);
  }
}

/* A loop whose tensor grows has no known size. */
static void test_a_size_that_changes_is_not_taken_for_known(void **state) {
  (void)state;
  fixture f;
  open_function(&f, "func.func @f(%x: tensor<?x3xf32>) -> tensor<?x3xf32> {\n" ZERO
                    "  %r = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x) -> (tensor<?x3xf32>) {\n"
                    "    %t = tensor.concat dim(0) %a, %x : (tensor<?x3xf32>, tensor<?x3xf32>) -> tensor<?x3xf32>\n    scf.yield %t : tensor<?x3xf32>\n  }\n"
                    "  return %r : tensor<?x3xf32>\n}\n");
  assert_int_equal(network_sizes_give(&f.sizes, "x", "2x3"), LOOM_OK);
  assert_int_equal(network_sizes_settle(&f.sizes), LOOM_OK);
  assert_int_equal(network_sizes_fix(&f.sizes, f.m), LOOM_EUNSUP);
  assert_int_equal(f.ctx.diag.first->span.line, 5);
  assert_non_null(strstr(f.ctx.diag.first->text, "the result of 'scf.for' is tensor<?x3xf32>"));
  done(&f);
}

/* Oracle: the map evaluated by hand. */
static void test_names_and_sizes_tell_one_another(void **state) {
  (void)state;
  const char *source =
      "func.func @f(%x: tensor<?x?xf32>, %y: tensor<?x?x?xf32>, %z: tensor<?xf32>) -> tensor<?xf32> attributes {loom.sizes = [\n"
      "  [0, affine_map<()[s0, s1] -> (s0 * 3 - 1, s1)>, [\"a\", 1, 90], [\"b\", 1, 90]],\n"
      "  [1, affine_map<()[s0, s1] -> ((s0 + s1) floordiv 4, (s0 + s1) mod 4, (s0 + s1) ceildiv 4)>, [\"b\", 1, 90], [\"a\", 1, 90]]]} {\n  return %z : tensor<?xf32>\n}\n";
  fixture f;
  open_function(&f, source);
  assert_int_equal(network_sizes_give(&f.sizes, "x.0", "14"), LOOM_OK);      /* a = 5 */
  assert_int_equal(network_sizes_settle(&f.sizes), LOOM_OK);
  assert_int_equal(f.sizes.at[1].dim[0], NETWORK_OPEN);
  assert_int_equal(network_sizes_give(&f.sizes, "b", "9"), LOOM_OK);
  assert_int_equal(network_sizes_settle(&f.sizes), LOOM_OK);
  const int64_t want[] = {3, 2, 4};
  assert_int_equal(f.sizes.at[0].dim[1], 9);
  assert_memory_equal(f.sizes.at[1].dim, want, sizeof want);
  assert_int_equal(f.sizes.at[2].dim[0], NETWORK_OPEN);
  assert_int_equal(network_sizes_check_known(&f.sizes), LOOM_EUSAGE);
  done(&f);
  open_function(&f, source);
  assert_int_equal(network_sizes_give(&f.sizes, "x.0", "13"), LOOM_OK);
  assert_int_equal(network_sizes_settle(&f.sizes), LOOM_EUSAGE);
  done(&f);
  open_function(&f, source);
  assert_int_equal(network_sizes_give(&f.sizes, "a", "0"), LOOM_OK);      /* 0 * 3 - 1 */
  assert_int_equal(network_sizes_settle(&f.sizes), LOOM_EUSAGE);
  assert_non_null(strstr(f.ctx.diag.first->text, "dim 0 of argument 0 ('x') is -1, as the export with a=0"));
  done(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_sizes_go_through), cmocka_unit_test(test_a_size_that_changes_is_not_taken_for_known),
                                     cmocka_unit_test(test_names_and_sizes_tell_one_another)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
