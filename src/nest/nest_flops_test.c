/* Arithmetic of well-known kernels, counted by hand. */
#include "nest/nest_flops.h"
#include "base/testing.h"
#include "nest/nest_samples.h"

static void expect(nest *(*make)(arena *), int64_t want) {
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  assert_int_equal(nest_flops(&ctx, make(&ctx.mem)), want);
  assert_null(ctx.diag.first);
  loom_ctx_done(&ctx);
}

static nest *matmul(arena *m) { return nest_make_matmul(m, 100, 70, 37, DTYPE_F16, DTYPE_F16); }
static nest *batched(arena *m) { return nest_make_batch_matmul(m, 3, 20, 30, 40, DTYPE_F16, DTYPE_F16); }
static nest *elementwise(arena *m) { return nest_make_elementwise(m, 33, 7, DTYPE_F32, "mulf,addf,exp,truncf"); }
static nest *split_k(arena *m) { return nest_make_split_k(m, 64, 32, 1000, DTYPE_F16); }
static nest *huge(arena *m) { return nest_make_matmul(m, INT64_C(1) << 22, INT64_C(1) << 22, INT64_C(1) << 22, DTYPE_F16, DTYPE_F16); }

static void test_every_multiply_add_is_two_and_every_element_one(void **state) {
  (void)state;
  expect(matmul, 2 * 100 * 70 * 37);
  expect(batched, 2 * 3 * 20 * 30 * 40);
  expect(elementwise, 3 * 33 * 7);        /* a cast is none */
}

/* The parts of split-K are added on one core, once. */
static void test_work_of_the_first_core_alone_counts_once(void **state) {
  (void)state;
  expect(split_k, 2 * 64 * 32 * 1000 + 64 * 32);
}

/* Two ops of 2^62 elements each; sizes that have no value, depend on others, are none or negative. */
static nest *two_of_huge(arena *m) { return nest_make_elementwise(m, INT64_C(1) << 31, INT64_C(1) << 31, DTYPE_F32, "addf,mulf,addf,mulf"); }
static nest *two_products(arena *m) {
  nest *n = nest_make_matmul(m, INT64_C(1) << 20, INT64_C(1) << 20, INT64_C(1) << 21, DTYPE_F16, DTYPE_F16);
  vec_push(m, &n->body.at[1]->body, n->body.at[1]->body.at[2]);
  return n;
}
static nest *bound_without_value(arena *m) {
  nest *n = matmul(m);
  n->symbols.at[0].upper_bound = sym_floordiv(m, sym_name(m, "tile_n"), sym_sub(m, sym_name(m, "tile_n"), sym_name(m, "tile_n")));
  return n;
}
static nest *block_of_none(arena *m) {
  nest *n = matmul(m);
  n->symbols.at[0].upper_bound = sym_const(m, 0);
  return n;
}
static nest *negative_extent(arena *m) {
  nest *n = matmul(m);
  n->loops.at[1].extent = sym_const(m, -70);
  return n;
}
static nest *fixed_block(arena *m) {
  nest *n = matmul(m);
  n->symbols.at[0].fixed = 10;
  n->symbols.at[1].covers_one = true;
  return n;
}
static nest *empty_split(arena *m) {
  nest *n = split_k(m);
  n->loops.at[2].extent = sym_const(m, 0);
  return n;
}

static void test_sizes_that_cannot_be_counted_are_not_told(void **state) {
  (void)state;
  expect(two_of_huge, -1);
  expect(two_products, -1);
  expect(bound_without_value, -1);
  expect(block_of_none, -1);
  expect(negative_extent, -1);
  expect(fixed_block, 2 * 100 * 70 * 37);      /* 10 tiles of 10 rows, 70 of one column */
  expect(empty_split, 0);
}

static void test_what_does_not_fit_is_not_told(void **state) {
  (void)state;
  expect(huge, -1);
}

/* q k: 2 b m n d, weights v: the same; per score: maximum, subtract, exp, sum, and per element of the rows a few more. */
static void test_attention_is_mostly_its_two_matmuls(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  int64_t b = 4, m = 128, n = 256, d = 64, flops = nest_flops(&ctx, nest_make_attention(&ctx.mem, b, m, n, d, DTYPE_F16)), matmuls = 4 * b * m * n * d;
  assert_in_range(flops, matmuls + 3 * b * m * n, matmuls + 8 * b * m * n);
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_multiply_add_is_two_and_every_element_one), cmocka_unit_test(test_work_of_the_first_core_alone_counts_once),
                                     cmocka_unit_test(test_what_does_not_fit_is_not_told), cmocka_unit_test(test_sizes_that_cannot_be_counted_are_not_told), cmocka_unit_test(test_attention_is_mostly_its_two_matmuls)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
