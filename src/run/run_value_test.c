#include "base/file.h"
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
                                                                 {"2x3f32=1", "does not begin with a shape"},
                                                                 {"1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1xf32=1", "does not begin with a shape"},
                                                                 {"2x3xi32=1", "2x3xi32 is given"},
                                                                 {"2x3xbf16=1", "2x3xbf16 is given"},
                                                                 {"2x3xf32=1,2,3,4,5,6f", "'6f' is not a number of type f32"},
                                                                 {"2x3xf32=@/no/such/file.bin", "cannot"},
                                                                 {"@/no/such/file.npy", "cannot"},
                                                                 {"", "does not begin with"}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    run_value v;
    loom_ctx_init(&ctx);
    run_value_type want = type_of(&ctx.mem, "f32", false, 2, 2, 3, 0);
    const loom_status st = strchr(cases[i].spelled, '@') ? LOOM_EIO : LOOM_EUSAGE;
    assert_int_equal(run_value_parse(&ctx, "--input", cases[i].spelled, &want, &v), st);
    testing_expect_error(&ctx, st, cases[i].part, 0, 0);
    if (st == LOOM_EUSAGE)
      assert_non_null(strstr(ctx.diag.first->help, "expected 2x3xf32"));
    loom_ctx_done(&ctx);
  }
}

static void test_integers_out_of_range_are_refused(void **state) {
  (void)state;
  static const struct { const char *spelled, *element; bool ok; } cases[] = {{"i8=-128", "i8", true}, {"i8=255", "i8", true},  {"i8=256", "i8", false},   {"i8=-129", "i8", false},
                                                                             {"i4=0xf", "i4", true},  {"i4=16", "i4", false},  {"ui8=-1", "ui8", false},  {"i1=2", "i1", false},
                                                                             {"i64=0xffffffffffffffff", "i64", true}, {"i64=99999999999999999999", "i64", false}, {"i8=1.5", "i8", false},
                                                                             {"i8=-0x80", "i8", true}, {"i8=-0x81", "i8", false}, {"ui64=18446744073709551615", "ui64", true}, {"ui64=-1", "ui64", false},
                                                                             {"i64=-1", "i64", true}, {"i64=9223372036854775808", "i64", false}, {"i8=0x", "i8", false}, {"i8=-", "i8", false},
                                                                             {"i8=true", "i8", false}, {"true", "i1", true}, {"i1", "i1", true}, {"7", "f32", true}, {"1e3x", "f32", false}, {"f32=", "f32", true}};
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

/* Which arrays fit which elements: the same numbers; f32 for what NumPy has no type for; bytes for small floats. */
static void test_arrays_fit_the_elements_they_hold(void **state) {
  (void)state;
  static const struct { const char *element, *arrays; } rows[] = {
      {"f16", "f16"}, {"bf16", "bf16 f32"}, {"f32", "f32"}, {"f64", "f64"}, {"f8E4M3FN", "f32 ui8"}, {"f4E2M1FN", "f32 ui8"}, {"i1", "i1"}, {"i4", "i8 ui8"}, {"i8", "i8 ui8"},
      {"ui8", "i8 ui8"}, {"si16", "i16"}, {"i24", "i32"}, {"i32", "i32"}, {"index", "i64"}, {"i64", "i64"}};
  for (size_t i = 0; i < COUNT_OF(rows); i++)
    for (int t = 0; t < DTYPE_COUNT; t++) {
      if (dtype_is_f8((dtype)t))      /* no array is read as one */
        continue;
      loom_ctx ctx;
      run_value v;
      uint8_t zeros[16] = {0};
      loom_ctx_init(&ctx);
      const run_value_type want = type_of(&ctx.mem, rows[i].element, false, 1, 2, 0, 0);
      const npy_array a = {.type = (dtype)t, .rank = 1, .shape = {2}, .elems = 2, .data = zeros};
      bool fits = false;
      char *list = arena_strdup(&ctx.mem, rows[i].arrays), *rest;
      for (char *word = strtok_r(list, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        fits = fits || strcmp(word, dtype_mlir((dtype)t)) == 0;
      if (run_value_from_array(&ctx, "x", &a, &want, &v) != (fits ? LOOM_OK : LOOM_EUSAGE))
        fail_msg("%s of an array of %s: %s", rows[i].element, dtype_mlir((dtype)t), fits ? "refused" : "taken");
      loom_ctx_done(&ctx);
    }
}

static void test_shapes_of_arrays(void **state) {
  (void)state;
  static const struct { int64_t want; int rank; int64_t shape; const char *says; } rows[] = {
      {2, 1, 2, NULL}, {RUN_ANY_SIZE, 1, 0, NULL}, {3, 1, 2, "the array is 2xf32"}, {2, 0, 0, "the array is f32"}, {RUN_ANY_SIZE, 1, INT64_C(1) << 40, "so many elements do not fit"}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    loom_ctx ctx;
    run_value v;
    float data[2] = {1, 2};
    loom_ctx_init(&ctx);
    const run_value_type want = type_of(&ctx.mem, "f32", false, 1, rows[i].want, 0, 0);
    const npy_array a = {.type = DTYPE_F32, .rank = rows[i].rank, .shape = {rows[i].shape}, .elems = 2, .data = data};
    assert_int_equal(run_value_from_array(&ctx, "x", &a, &want, &v), rows[i].says ? LOOM_EUSAGE : LOOM_OK);
    if (rows[i].says)
      testing_expect_error(&ctx, LOOM_EUSAGE, rows[i].says, 0, 0);
    loom_ctx_done(&ctx);
  }
}

/* The bytes of a file; arrays that are written read back as the same text. */
static void test_files_hold_values(void **state) {
  (void)state;
  static const struct { const char *element, *spelled, *back; dtype type; } rows[] = {
      {"i1", "2xi1=1 0", "2xi1=1 0", DTYPE_BOOL}, {"i8", "2xi8=1 -2", "2xi8=1 -2", DTYPE_I8}, {"ui8", "2xui8=1 254", "2xui8=1 254", DTYPE_U8}, {"i16", "2xi16=1 -2", "2xi16=1 -2", DTYPE_I16},
      {"i32", "2xi32=1 -2", "2xi32=1 -2", DTYPE_I32}, {"i64", "2xi64=1 -2", "2xi64=1 -2", DTYPE_I64}, {"ui64", "2xui64=1 18446744073709551615", "2xui64=1 18446744073709551615", DTYPE_I64},
      {"f16", "2xf16=0.5 -2", "2xf16=0.5 -2", DTYPE_F16}, {"bf16", "2xbf16=0.5 -2", "2xbf16=0.5 -2", DTYPE_F32}, {"f32", "2xf32=0.1 2", "2xf32=0.100000001 2", DTYPE_F32},
      {"f64", "2xf64=0.1 2", "2xf64=0.10000000000000001 2", DTYPE_F64}};
  const char *path = LOOM_TESTS_DIR "/run_value_test.bin";
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  assert_int_equal(file_make_dirs(&ctx, LOOM_TESTS_DIR), LOOM_OK);
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    run_value v, again;
    npy_array a;
    const run_value_type want = type_of(&ctx.mem, rows[i].element, false, 1, 2, 0, 0);
    assert_int_equal(run_value_parse(&ctx, "x", rows[i].spelled, &want, &v), LOOM_OK);
    assert_string_equal(run_value_text(&ctx.mem, &v, 9, true), rows[i].back);
    assert_int_equal(run_value_to_array(&ctx, &v, &a), LOOM_OK);
    assert_int_equal(a.type, rows[i].type);
    assert_int_equal(run_value_from_array(&ctx, "x", &a, &want, &again), LOOM_OK);
    assert_string_equal(run_value_text(&ctx.mem, &again, 9, true), rows[i].back);
    FILE *f = fopen(path, "wb");
    assert_true(f && fwrite(v.bytes, run_element_bytes(&v.type), 2, f) == 2 && fclose(f) == 0);
    assert_int_equal(run_value_parse(&ctx, "x", arena_printf(&ctx.mem, "2x%s=@%s", rows[i].element, path), &want, &again), LOOM_OK);
    assert_memory_equal(again.bytes, v.bytes, 2 * run_element_bytes(&v.type));
  }
  run_value v;
  const run_value_type want = type_of(&ctx.mem, "f32", false, 1, 2, 0, 0);
  assert_int_equal(run_value_parse(&ctx, "x", arena_printf(&ctx.mem, "2xf32=@%s", path), &want, &v), LOOM_EUSAGE);      /* of two f64 */
  testing_expect_error(&ctx, LOOM_EUSAGE, "has 16 bytes; 2xf32 takes 8", 0, 0);
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
                                     cmocka_unit_test(test_arrays_fit_the_elements_they_hold),
                                     cmocka_unit_test(test_shapes_of_arrays),
                                     cmocka_unit_test(test_files_hold_values),
                                     cmocka_unit_test(test_memory_failures_unwind)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
