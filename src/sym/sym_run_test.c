/* Batches against one point at a time: sym_run is checked against the definitions in sym_test.c. */
#include "sym/sym_testing.h"

enum { SLOTS = 3 };
static const char *const names[SLOTS] = {"x", "y", "tile_m"};

/* Every lane is what sym_run gives at its point; nothing else is set. */
static int expect_lanes(const sym_code *code, const int64_t *slots, size_t n_slots, size_t slot, const int64_t *values, size_t n) {
  int64_t out[64], point[100];
  for (int i = 0; i < 64; i++)
    out[i] = -77;
  memcpy(point, slots, n_slots * sizeof *point);
  uint64_t valid = sym_run_many(code, slots, slot, values, n, out);
  int with_value = 0;
  for (size_t i = 0; i < n; i++) {
    int64_t v = 0;
    point[slot] = values[i];
    bool ok = sym_run(code, point, &v);
    assert_int_equal(valid >> i & 1, ok);
    if (ok)
      assert_int_equal(out[i], v);
    with_value += ok;
  }
  assert_true(n == 64 || valid >> n == 0);
  for (size_t i = n; i < 64; i++)
    assert_int_equal(out[i], -77);
  return with_value;
}

static void test_a_batch_gives_what_single_points_give(void **state) {
  (void)state;
  static const int64_t odd_values[] = {0, 1, 2, 3, 31, 32, 33, -1, -7, 4294967296, INT64_MAX, INT64_MIN, 1 << 20};
  rng r = rng_new(11);
  int some = 0, all = 0, none = 0;
  for (int round = 0; round < 20000; round++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    const sym_expr *e = made_up(&ctx.mem, &r, (int)rng_range(&r, 1, 5), rng_range(&r, 0, 4) == 0);
    sym_code *code;
    assert_int_equal(sym_compile(&ctx, e, names, SLOTS, &code), LOOM_OK);
    int64_t slots[SLOTS], values[64];
    bool is_tame = rng_next(&r) & 1;
    for (int i = 0; i < SLOTS; i++)
      slots[i] = is_tame ? rng_range(&r, 1, 100) : odd_values[rng_range(&r, 0, COUNT_OF(odd_values) - 1)];
    size_t n = (size_t)(rng_range(&r, 0, 3) ? rng_range(&r, 1, 64) : 64);
    for (size_t i = 0; i < n; i++)
      values[i] = is_tame ? rng_range(&r, -2, 70) : odd_values[rng_range(&r, 0, COUNT_OF(odd_values) - 1)];
    int with_value = expect_lanes(code, slots, SLOTS, (size_t)rng_range(&r, 0, SLOTS - 1), values, n);
    none += with_value == 0;
    all += with_value == (int)n;
    some += with_value > 0 && with_value < (int)n;
    loom_ctx_done(&ctx);
  }
  assert_true(none > 500 && some > 500 && all > 5000);
}

static void test_an_empty_batch_has_no_lanes(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  sym_code *code;
  const int64_t slots[SLOTS] = {1, 2, 3};
  int64_t out;
  assert_int_equal(sym_compile(&ctx, sym_name(&ctx.mem, "x"), names, SLOTS, &code), LOOM_OK);
  assert_int_equal(sym_run_many(code, slots, 0, NULL, 0, &out), 0);
  loom_ctx_done(&ctx);
}

/* Expressions beyond what a batch holds at once: more rows than it keeps, more jump targets, more slots than bits. */
static void test_large_code_falls_back_to_single_points(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  arena *m = &ctx.mem;
  const sym_expr *x = sym_name(m, "x"), *y = sym_name(m, "y"), *broad = x, *deep = y;
  for (int i = 2; i < 700; i++)
    broad = sym_add(m, sym_mul(m, broad, sym_const(m, i % 2 ? -1 : 1)), sym_mul(m, y, sym_const(m, i)));
  for (int i = 0; i < 200; i++)      /* if(x == i, i * y, if(x == i + 1, ...)): lanes leave at each level */
    deep = sym_make(m, SYM_IF, sym_make(m, SYM_EQ, x, sym_const(m, i), NULL), sym_mul(m, y, sym_const(m, i)), deep);
  const sym_expr *const both[] = {broad, deep};
  int64_t values[64];
  for (int i = 0; i < 64; i++)
    values[i] = 3 * i;
  const int64_t slots[SLOTS] = {5, 7, 9};
  for (int i = 0; i < 2; i++) {
    sym_code *code;
    assert_int_equal(sym_compile(&ctx, both[i], names, SLOTS, &code), LOOM_OK);
    for (size_t slot = 0; slot < SLOTS; slot++)
      assert_int_equal(expect_lanes(code, slots, SLOTS, slot, values, 64), 64);
  }
  loom_ctx_done(&ctx);
}

static void test_slots_beyond_63_are_told_apart(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  const char *many[80];
  int64_t slots[80], values[64];
  for (int i = 0; i < 80; i++) {
    many[i] = arena_printf(&ctx.mem, "s%d", i);
    slots[i] = i + 1;
  }
  for (int i = 0; i < 64; i++)
    values[i] = i - 3;
  const sym_expr *e;
  sym_code *code;
  assert_int_equal(sym_parse(&ctx, LOOM_NOSPAN, "(s3 * s62 + s63 * s64) ceildiv s70 + if(s65 > 10 && s66 > 0, s67 * s65, s3) + s70 * s71", &e), LOOM_OK);
  assert_int_equal(sym_compile(&ctx, e, many, 80, &code), LOOM_OK);
  for (size_t slot = 0; slot < 80; slot++)
    assert_int_equal(expect_lanes(code, slots, 80, slot, values, 64), slot == 70 ? 60 : 64);
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_batch_gives_what_single_points_give),
      cmocka_unit_test(test_an_empty_batch_has_no_lanes),
      cmocka_unit_test(test_large_code_falls_back_to_single_points),
      cmocka_unit_test(test_slots_beyond_63_are_told_apart),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
