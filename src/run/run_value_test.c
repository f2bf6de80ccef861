#include "base/testing.h"
#include "run/run_value.h"

static run_value_type type_of(arena *m, const char *element, bool is_scalar, int rank, int64_t a, int64_t b, int64_t c) {
  run_value_type t = {.is_scalar = is_scalar, .rank = rank, .shape = {a, b, c}};
  assert_true(run_element_parse(m, element, &t.type));
  return t;
}

static void test_element_types(void **state) {
  (void)state;
  static const struct { const char *name; int bits; size_t bytes; bool is_float, is_unsigned; } good[] = {
      {"i1", 1, 1, false, false},  {"i4", 4, 1, false, false},   {"i24", 24, 4, false, false}, {"si16", 16, 2, false, false},    {"ui8", 8, 1, false, true},
      {"index", 64, 8, false, false}, {"bf16", 16, 2, true, false}, {"f64", 64, 8, true, false},  {"f8E4M3FNUZ", 8, 1, true, false}, {"f4E2M1FN", 4, 1, true, false}};
  static const char *const bad[] = {"", "i", "i0", "i65", "i128", "x32", "f9", "ui", "i08", "32", "f8"};
  arena m = {0};
  run_element e;
  for (size_t i = 0; i < COUNT_OF(good); i++) {
    assert_true(run_element_parse(&m, good[i].name, &e));
    assert_int_equal(e.bits, good[i].bits);
    assert_int_equal(run_element_bytes(&e), good[i].bytes);
    assert_true(e.is_float == good[i].is_float && e.is_unsigned == good[i].is_unsigned);
  }
  for (size_t i = 0; i < COUNT_OF(bad); i++)
    assert_false(run_element_parse(&m, bad[i], &e));
  arena_done(&m);
}

/* What is read prints as itself. */
static void test_values_are_read_as_they_are_spelled(void **state) {
  (void)state;
  static const struct { const char *spelled, *element; bool is_scalar; int rank; int64_t shape[3]; const char *printed; } cases[] = {
      {"2x3xf32=[[1 2 3][4 5 6]]", "f32", false, 2, {2, -1}, "2x3xf32=[1 2 3][4 5 6]"},
      {"2x3xf32=1,2,3,4,5,-6.5e3", "f32", false, 2, {2, 3}, "2x3xf32=[1 2 3][4 5 -6500]"},
      {"2x1x2xi8=1 2 3 255", "i8", false, 3, {2, 1, 2}, "2x1x2xi8=[[1 2]][[3 -1]]"},
      {"4xi32=7", "i32", false, 1, {-1}, "4xi32=7 7 7 7"},
      {"4xf16", "f16", false, 1, {4}, "4xf16=0 0 0 0"},
      {"f32=1.5", "f32", false, 0, {0}, "f32=1.5"},
      {"0xf32=", "f32", false, 1, {-1}, "0xf32="},
      {"-3", "i64", true, 0, {0}, "i64=-3"},
      {"i64=0x10", "index", true, 0, {0}, "index=16"},
      {"2xi1=true false", "i1", false, 1, {2}, "2xi1=1 0"},
      {"2xf32=nan,-inf", "f32", false, 1, {2}, "2xf32=NAN -INF"},
      {"2xf8E4M3FN=500,1.0625", "f8E4M3FN", false, 1, {2}, "2xf8E4M3FN=NAN 1"},   /* beyond 448; half way to 1.125 */
      {"2xui8=200 3", "i8", false, 1, {2}, "2xi8=-56 3"}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    run_value v;
    loom_ctx_init(&ctx);
    run_value_type want = type_of(&ctx.mem, cases[i].element, cases[i].is_scalar, cases[i].rank, cases[i].shape[0], cases[i].shape[1], cases[i].shape[2]);
    loom_status st = run_value_parse(&ctx, "--input", cases[i].spelled, &want, &v);
    assert_string_equal(st == LOOM_OK ? run_value_text(&ctx.mem, &v, 100, false) : ctx.diag.first->text, cases[i].printed);
    loom_ctx_done(&ctx);
  }
}

static void test_wrong_spellings_say_what_is_expected(void **state) {
  (void)state;
  static const struct { const char *spelled, *part; } cases[] = {{"2x3xf32=1,2,3", "2x3xf32 has 6 elements; 3 are given"},
                                                                 {"2x3xf32=1,2,3,4,5,6,7", "7 are given"},
                                                                 {"2x3xf32=1,2,x,4,5,6", "'x' is not a number of type f32"},
                                                                 {"3x2xf32=1", "3x2xf32 is given"},
                                                                 {"2x3xf64=1", "2x3xf64 is given"},
                                                                 {"6xf32=1", "6xf32 is given"},
                                                                 {"2x3x=1", "'2x3x=1' does not begin with a shape and an element type"},
                                                                 {"99999999999999999999xf32=1", "does not begin with a shape"},
                                                                 {"", "does not begin with"}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    run_value v;
    loom_ctx_init(&ctx);
    run_value_type want = type_of(&ctx.mem, "f32", false, 2, 2, 3, 0);
    assert_int_equal(run_value_parse(&ctx, "--input", cases[i].spelled, &want, &v), LOOM_EUSAGE);
    testing_expect_error(&ctx, LOOM_EUSAGE, cases[i].part, 0, 0);
    assert_non_null(strstr(ctx.diag.first->help, "expected 2x3xf32"));
    loom_ctx_done(&ctx);
  }
}

static void test_integers_out_of_range_are_refused(void **state) {
  (void)state;
  static const struct { const char *spelled, *element; bool ok; } cases[] = {{"i8=-128", "i8", true}, {"i8=255", "i8", true},  {"i8=256", "i8", false},   {"i8=-129", "i8", false},
                                                                             {"i4=0xf", "i4", true},  {"i4=16", "i4", false},  {"ui8=-1", "ui8", false},  {"i1=2", "i1", false},
                                                                             {"i64=0xffffffffffffffff", "i64", true}, {"i64=99999999999999999999", "i64", false}, {"i8=1.5", "i8", false}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    run_value v;
    loom_ctx_init(&ctx);
    run_value_type want = type_of(&ctx.mem, cases[i].element, true, 0, 0, 0, 0);
    assert_int_equal(run_value_parse(&ctx, "x", cases[i].spelled, &want, &v), cases[i].ok ? LOOM_OK : LOOM_EUSAGE);
    loom_ctx_done(&ctx);
  }
}

static void test_huge_shapes_are_refused(void **state) {
  (void)state;
  loom_ctx ctx;
  run_value v;
  loom_ctx_init(&ctx);
  run_value_type want = type_of(&ctx.mem, "f64", false, 3, RUN_ANY_SIZE, RUN_ANY_SIZE, RUN_ANY_SIZE);
  assert_int_equal(run_value_parse(&ctx, "x", "4000000000x4000000000x4000000000xf64", &want, &v), LOOM_EUSAGE);
  testing_expect_error(&ctx, LOOM_EUSAGE, "so many elements do not fit", 0, 0);
  loom_ctx_done(&ctx);
}

static void test_long_values_are_cut(void **state) {
  (void)state;
  arena m = {0};
  float data[6] = {1, 2, 3, 4, 5, 6};
  run_value v = type_of(&m, "f32", false, 2, 3, 2, 0);
  v.bytes = data;
  v.elems = 6;
  assert_string_equal(run_value_text(&m, &v, 6, false), "3x2xf32=[1 2][3 4][5 6]");
  assert_string_equal(run_value_text(&m, &v, 3, false), "3x2xf32=[1 2][3...]...");
  data[0] = 0.1f;
  assert_string_equal(run_element_text(&m, &v.type, data, true), "0.100000001");
  arena_done(&m);
}

static void test_arrays_become_values_and_back(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  float f[2] = {1.0625f, -2};
  uint8_t bits[2] = {0x38, 0x80};
  npy_array a = {.type = DTYPE_F32, .rank = 1, .shape = {2}, .elems = 2, .data = f}, back;
  run_value_type small = type_of(&ctx.mem, "f8E5M2", false, 1, RUN_ANY_SIZE, 0, 0), wide = type_of(&ctx.mem, "f32", false, 1, 2, 0, 0);
  run_value v;
  assert_int_equal(run_value_from_array(&ctx, "x", &a, &wide, &v), LOOM_OK);
  assert_memory_equal(v.bytes, f, sizeof f);
  assert_int_equal(run_value_from_array(&ctx, "x", &a, &small, &v), LOOM_OK);    /* rounded */
  assert_string_equal(run_value_text(&ctx.mem, &v, 9, false), "2xf8E5M2=1 -2");
  a = (npy_array){.type = DTYPE_U8, .rank = 1, .shape = {2}, .elems = 2, .data = bits};
  assert_int_equal(run_value_from_array(&ctx, "x", &a, &small, &v), LOOM_OK);    /* its bits */
  assert_string_equal(run_value_text(&ctx.mem, &v, 9, false), "2xf8E5M2=0.5 -0");
  assert_int_equal(run_value_to_array(&ctx, &v, &back), LOOM_OK);
  assert_true(back.type == DTYPE_F32 && ((float *)back.data)[0] == 0.5f);
  assert_int_equal(run_value_from_array(&ctx, "x", &a, &wide, &v), LOOM_EUSAGE);
  testing_expect_error(&ctx, LOOM_EUSAGE, "the array is 2xui8", 0, 0);
  loom_ctx_done(&ctx);
}

static loom_status parse_and_print(loom_ctx *ctx, void *data) {
  const run_value_type want = type_of(&ctx->mem, "f32", false, 2, 2, 3, 0);
  run_value v;
  npy_array a;
  LOOM_TRY(run_value_parse(ctx, "--input", data, &want, &v));
  run_value_text(&ctx->mem, &v, 100, true);
  LOOM_TRY(run_value_to_array(ctx, &v, &a));
  return run_value_from_array(ctx, "x", &a, &want, &v);
}

static void test_memory_failures_unwind(void **state) {
  (void)state;
  testing_sweep_memory(parse_and_print, (void *)(uintptr_t)"2x3xf32=1,2,3,4,5,6");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_element_types),
                                     cmocka_unit_test(test_values_are_read_as_they_are_spelled),
                                     cmocka_unit_test(test_wrong_spellings_say_what_is_expected),
                                     cmocka_unit_test(test_integers_out_of_range_are_refused),
                                     cmocka_unit_test(test_huge_shapes_are_refused),
                                     cmocka_unit_test(test_long_values_are_cut),
                                     cmocka_unit_test(test_arrays_become_values_and_back),
                                     cmocka_unit_test(test_memory_failures_unwind)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
