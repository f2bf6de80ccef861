/* Oracles: stages that are right agree, whatever is kept; a limit that is reached is told; looking on changes no cycle. */
#include "base/testing.h"
#include "compile_bisect.h"

static loom_ctx ctx;
static int open_ctx(void **state) {
  (void)state;
  loom_ctx_init(&ctx);
  return 0;
}
static int close_ctx(void **state) {
  (void)state;
  loom_ctx_done(&ctx);
  return 0;
}

static loom_status compile_matmul(compile_state *s, compile_options *o) {
  static const helion_shape shapes[] = {{"M", 40}, {"N", 33}, {"K", 24}};
  static const solve_domain blocks[] = {{.symbol = "tile_m", .assigned = 32}, {.symbol = "tile_n", .assigned = 32}, {.symbol = "tile_k", .assigned = 16}};
  *o = (compile_options){.input = LOOM_SOURCE_DIR "/kernels/matmul.py", .machine = LOOM_SOURCE_DIR "/machines/torus4.yaml", .helion = {.shapes = shapes, .n_shapes = 3},
                         .domains = blocks, .n_domains = 3, .model = MODEL_LOOM, .accumulate_f32 = true, .topk = 1, .etg_gen = 3, .stop_after = COMPILE_TOG};
  return compile_kernel(&ctx, o, s);
}

static void test_all_stages_of_a_right_compile_agree(void **state) {
  (void)state;
  compile_state s;
  compile_options o;
  compile_bisection out;
  run_options r = {.seed = 5};
  assert_int_equal(compile_matmul(&s, &o), LOOM_OK);
  assert_int_equal(compile_bisect(&s, &r, &out), LOOM_OK);
  assert_false(out.found);
  assert_int_equal(out.stages.n, 5);
  for (size_t i = 0; i < out.stages.n; i++) {
    assert_int_equal(out.stages.at[i].status, i == 0 ? BISECT_REFERENCE : BISECT_OK);
    assert_int_equal(out.stages.at[i].elems, i == 0 ? 0 : 40 * 33);
  }
  compile_done(&s);
}

static void test_looking_on_changes_nothing(void **state) {
  (void)state;
  compile_state s;
  compile_options o;
  compile_execution plain;
  run_options r = {.seed = 5, .check = true};
  assert_int_equal(compile_matmul(&s, &o), LOOM_OK);
  assert_int_equal(compile_execute(&s, &r, &plain), LOOM_OK);
  codegen_image *image;
  sim_tile_fn *functions;
  assert_int_equal(compile_tiles(&s, &image, &functions), LOOM_OK);
  void *dram[8];
  for (size_t i = 0; i < s.tog->tensors.n; i++)
    dram[i] = arena_array(&ctx.mem, (size_t)tog_tensor_elems(&s.tog->tensors.at[i]), dtype_bytes(s.tog->tensors.at[i].type));
  sim_exec exec = {functions, s.tog->functions.n};
  bisect_tog *b = bisect_tog_open(&ctx.mem, s.tog, 0);
  sim_options o_watch = {.exec = &exec, .tensors = dram, .verify = true, .watch = bisect_tog_watch(b)};
  sim_report seen;
  assert_int_equal(sim_run(&ctx, s.tog, s.machine, &o_watch, &seen), LOOM_OK);
  assert_true(bisect_tog_run(b)->nodes.n > 0);
  assert_int_equal(plain.report.cycles, seen.cycles);
  assert_int_equal(plain.report.noc_bytes, seen.noc_bytes);
  assert_int_equal(seen.n_faults, 0);
  codegen_unlink(image);
  assert_true(plain.check.ok);
  compile_done(&s);
}

static void test_too_many_values_are_refused(void **state) {
  (void)state;
  compile_state s;
  compile_options o;
  compile_bisection out;
  run_options r = {.bisect_elems = 1000};
  assert_int_equal(compile_matmul(&s, &o), LOOM_OK);
  assert_int_equal(compile_bisect(&s, &r, &out), LOOM_ELIMIT);
  testing_expect_error(&ctx, LOOM_ELIMIT, "kernel 'matmul' makes more values at these sizes than --bisect-numerics keeps (1000)", 0, 0);
  compile_done(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(test_all_stages_of_a_right_compile_agree, open_ctx, close_ctx),
                                     cmocka_unit_test_setup_teardown(test_looking_on_changes_nothing, open_ctx, close_ctx),
                                     cmocka_unit_test_setup_teardown(test_too_many_values_are_refused, open_ctx, close_ctx)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
