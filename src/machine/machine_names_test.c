/* Names of upstream's exports, what a definition is, and which words a wrong one is nearest to.  Oracle: the tables. */
#include "machine/machine_ops.h"
#include "machine/machine_proc.h"
#include "machine/machine_template.h"
#include "machine/machine_testing.h"

static void test_prefixes_of_exports_are_taken_off(void **state) {
  loom_ctx *ctx = *state;
  static const struct { const char *name, *plain; } rows[] = {
      {"L1", "L1"}, {"mem_L1", "L1"}, {"mem_L1_instance", "L1"}, {"proc_x_instance", "x_instance"}, {"mem_", "mem_"}, {"mem__instance", "_instance"}, {"mem_array_L1", "L1"}, {"array_", "array_"}, {"array_x", "x"}, {"mem_array_", "array_"},
      {"dim_mem_x", "mem_x"}, {"arch_", "arch_"}, {"memory", "memory"}};
  for (size_t i = 0; i < COUNT_OF(rows); i++)
    assert_string_equal(machine_plain_name(&ctx->mem, rows[i].name), rows[i].plain);
}

static void test_what_processors_do_is_told_by_their_functions(void **state) {
  loom_ctx *ctx = *state;
  proc_module p = {.name = "p"};
  assert_false(machine_proc_is_mover(&p) || machine_proc_is_matrix(&p));
  vec_push(&ctx->mem, &p.funcs, ((proc_func){.name = "copy", .op = "loom.copy", .is_transfer = true}));
  assert_true(machine_proc_is_mover(&p) && !machine_proc_is_matrix(&p));
  vec_push(&ctx->mem, &p.funcs, ((proc_func){.name = "f", .op = "linalg.matmul"}));
  assert_true(machine_proc_is_matrix(&p));
  p.funcs.at[0].is_transfer = false;
  assert_false(machine_proc_is_mover(&p));
}

static void test_definitions_have_functions_and_costs(void **state) {
  loom_ctx *ctx = *state;
  static const struct { const char *text; bool is; } rows[] = {
      {"functions: {f: 1}\nperformance: {}\n", true}, {"functions: [f]\nperformance: {}\n", false}, {"functions: {f: 1}\n", false}, {"performance: {}\n", false}, {"other: 1\n", false}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    data_value *v;
    expect_ok(ctx, data_read_yaml_aliases(ctx, "x.yaml", rows[i].text, strlen(rows[i].text), &v));
    assert_int_equal(machine_is_definition(v), rows[i].is);
  }
}

static void test_what_is_far_from_all_names_gets_no_guess(void **state) {
  loom_ctx *ctx = *state;
  machine *m = load(ctx, "wormhole");
  const sym_expr *e;
  const char *unit;
  char *out;
  size_t size;
  diag_mark mark = diag_save(ctx);
  assert_true(machine_cost(ctx, m, "matmul_f1", NULL, 0, &e) != LOOM_OK && ctx->diag.first->help && strstr(ctx->diag.first->help, "the nearest one is 'matmul_f16'"));
  diag_drop(ctx, mark);
  assert_true(machine_cost(ctx, m, "quite_something_else_entirely", NULL, 0, &e) != LOOM_OK && strstr(ctx->diag.first->help, "add it to the perf set"));
  diag_drop(ctx, mark);
  const machine_op op = {.name = "convolution", .type = DTYPE_F16, .result = DTYPE_F16};
  assert_int_equal(machine_op_cost(ctx, m, &op, &e, &unit), LOOM_EUNSUP);
  testing_expect_error(ctx, LOOM_EUNSUP, "prices no 'convolution'", 0, 0);
  diag_drop(ctx, mark);
  assert_int_equal(machine_fill(ctx, "t.yaml", "a: $quite_something_else_entirely\n", machine_cpu_find(&ctx->mem), &out, &size), LOOM_EINPUT);
  assert_non_null(strstr(ctx->diag.first->help, "docs/machines.md lists them"));
  diag_drop(ctx, mark);
  m->is_checked = false;
  m->attach.at[0] = -1;
  assert_int_equal(machine_check(ctx, m), LOOM_EINPUT);
  diag_drop(ctx, mark);
  m->attach.at[0] = machine_cores(m);
  assert_int_equal(machine_check(ctx, m), LOOM_EINPUT);
}

int main(void) {
#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
  const struct CMUnitTest tests[] = {T(test_prefixes_of_exports_are_taken_off), T(test_what_processors_do_is_told_by_their_functions), T(test_definitions_have_functions_and_costs), T(test_what_is_far_from_all_names_gets_no_guess)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
