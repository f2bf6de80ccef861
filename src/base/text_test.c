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

/* UTF-8 by its definition: a code point, encoded, is that many bytes; all else is none.  Every two bytes, and third and fourth ones at the edges. */
static void test_utf8_is_what_encodes_a_code_point(void **state) {
  (void)state;
  static const unsigned char edges[] = {0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff};
  for (unsigned a = 0; a < 256; a++)
    for (unsigned b = 0; b < 256; b++)
      for (size_t k = 0; k < COUNT_OF(edges) * COUNT_OF(edges); k++) {
        const unsigned char p[] = {(unsigned char)a, (unsigned char)b, edges[k / COUNT_OF(edges)], edges[k % COUNT_OF(edges)]};
        for (size_t left = 1; left <= 4; left++) {
          size_t want = a < 0x80;
          static const struct { size_t n; unsigned lead, mask; uint32_t from, to; } forms[] = {{2, 0xc0, 0xe0, 0x80, 0x7ff}, {3, 0xe0, 0xf0, 0x800, 0xffff}, {4, 0xf0, 0xf8, 0x10000, 0x10ffff}};
          for (size_t f = 0; f < COUNT_OF(forms); f++) {
            uint32_t point = a & ~forms[f].mask & 0xff;
            bool fits = left >= forms[f].n && (a & forms[f].mask) == forms[f].lead;
            for (size_t i = 1; i < forms[f].n; i++) {
              fits = fits && (p[i] & 0xc0) == 0x80;
              point = point << 6 | (p[i] & 0x3f);
            }
            if (fits && point >= forms[f].from && point <= forms[f].to && (point < 0xd800 || point > 0xdfff))
              want = forms[f].n;
          }
          if (text_utf8_length(p, left) != want)
            fail_msg("%02x %02x %02x %02x of %zu: %zu, expected %zu", p[0], p[1], p[2], p[3], left, text_utf8_length(p, left), want);
        }
      }
}

static void test_what_cannot_be_printed_adds_nothing(void **state) {
  (void)state;
  arena m = {0};
  text t = text_new(&m);
  text_add(&t, "a");
  text_addf(&t, "%lc", 0x20ac);      /* no character of the C locale */
  assert_string_equal(text_str(&t), "a");
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
    cmocka_unit_test(test_utf8_is_what_encodes_a_code_point),
    cmocka_unit_test(test_what_cannot_be_printed_adds_nothing),
    cmocka_unit_test(test_text_claims),
    cmocka_unit_test(test_vec_keeps_items_while_growing),
    cmocka_unit_test(test_control_bytes_are_taken_out), cmocka_unit_test(test_thousands_are_set_apart),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
