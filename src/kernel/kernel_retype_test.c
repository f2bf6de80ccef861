/* Oracle: the same kernel built with the other type, and the diagnostic of a kernel that looks at bits. */
#include "base/testing.h"
#include "kernel/kernel_testing.h"

static void test_every_f16_becomes_bf16(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  sample_matmul half = {.m = 24, .n = 40, .k = 256, .in = DTYPE_F16, .acc = DTYPE_F32, .out = DTYPE_F16, .bias_relu = true}, brain = half;
  brain.in = brain.out = DTYPE_BF16;
  kernel_graph *k = sample_build_matmul(&ctx.mem, "mm", &half);
  assert_int_equal(kernel_retype(&ctx, k, DTYPE_F16, DTYPE_BF16), LOOM_OK);
  assert_string_equal(data_write_json(&ctx.mem, kernel_to_data(&ctx.mem, k), 1),
                      data_write_json(&ctx.mem, kernel_to_data(&ctx.mem, sample_build_matmul(&ctx.mem, "mm", &brain)), 1));
  loom_ctx_done(&ctx);
}

static void test_bits_are_not_retyped(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  kernel_graph *k = kernel_new(&ctx.mem, "bits");
  kernel_type number = {.type = DTYPE_F16}, bits = {.type = DTYPE_I16};
  kernel_op *one = kernel_add_op(&ctx.mem, k, &k->body, KERNEL_CONSTANT, 0, NULL, 1, &number);
  kernel_add_op(&ctx.mem, k, &k->body, KERNEL_BITCAST, 1, one->results, 1, &bits);
  assert_int_equal(kernel_retype(&ctx, k, DTYPE_F16, DTYPE_BF16), LOOM_EUNSUP);
  testing_expect_error(&ctx, LOOM_EUNSUP, "the bits of float16 numbers are looked at here", 0, 0);
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_f16_becomes_bf16), cmocka_unit_test(test_bits_are_not_retyped)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
