#include "base/testing.h"
#include "base/text.h"
#include "base/vec.h"

static void test_text_grows_and_formats(void **state) {
  (void)state;
  arena m = {0};
  text t = text_new(&m);
  assert_string_equal(text_str(&t), "");
  char expected[6000];
  size_t n = 0;
  for (int i = 0; i < 500; i++) {
    text_addf(&t, "%d,", i);
    n += (size_t)snprintf(expected + n, sizeof expected - n, "%d,", i);
  }
  text_addf(&t, "%2000d", 7);   /* longer than the small buffer */
  n += (size_t)snprintf(expected + n, sizeof expected - n, "%2000d", 7);
  text_add_bytes(&t, "\0x", 2);
  assert_int_equal(t.size, n + 2);
  assert_memory_equal(t.data, expected, n + 1);
  assert_int_equal(t.data[n + 1], 'x');
  assert_int_equal(t.data[n + 2], 0);
  arena_done(&m);
}

static void test_text_claims(void **state) {
  (void)state;
  arena m = {0};
  assert_true(text_eq(NULL, NULL) && text_eq("a", "a"));
  assert_false(text_eq(NULL, "") || text_eq("a", NULL) || text_eq("a", "b"));
  assert_true(text_starts("abc", "ab") && text_starts("abc", "") && !text_starts("a", "ab"));
  assert_true(text_ends("abc", "bc") && text_ends("abc", "") && !text_ends("c", "bc"));
  const struct { const char *in, *out; } names[] = {{"my-kernel", "my_kernel"}, {"3d", "_3d"}, {"", "_"}, {"a.b/c", "a_b_c"}, {"\xc3\xa9", "__"}, {"ok_1", "ok_1"}};
  for (size_t i = 0; i < COUNT_OF(names); i++)
    assert_string_equal(text_identifier(&m, names[i].in), names[i].out);
  arena_done(&m);
}

static void test_vec_keeps_items_while_growing(void **state) {
  (void)state;
  arena m = {0};
  VEC_OF(int) v = {0};
  for (int i = 0; i < 1000; i++)
    vec_push(&m, &v, i);
  assert_int_equal(v.n, 1000);
  for (int i = 0; i < 1000; i++)
    assert_int_equal(v.at[i], i);
  arena_done(&m);
}

static void test_control_bytes_are_taken_out(void **state) {
  (void)state;
  char s[] = "a\033[31m\n\x7f\tb \xc3\xa4";
  text_clean(s);
  assert_string_equal(s, "a?[31m???b \xc3\xa4");
  char c1[] = "\xc2\x9b" "31m \xc2\xa0 \xc2";
  text_clean(c1);
  assert_string_equal(c1, "??31m \xc2\xa0 \xc2");
}

static void test_thousands_are_set_apart(void **state) {
  (void)state;
  static const struct { int64_t v; const char *text; } cases[] = {{0, "0"}, {999, "999"}, {-999, "-999"}, {1000, "1,000"}, {-123456, "-123,456"}, {1234567, "1,234,567"},
                                                                  {INT64_MIN, "-9,223,372,036,854,775,808"}};
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  for (size_t i = 0; i < COUNT_OF(cases); i++)
    assert_string_equal(text_thousands(&ctx.mem, cases[i].v), cases[i].text);
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_text_grows_and_formats),
    cmocka_unit_test(test_text_claims),
    cmocka_unit_test(test_vec_keeps_items_while_growing),
    cmocka_unit_test(test_control_bytes_are_taken_out), cmocka_unit_test(test_thousands_are_set_apart),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
