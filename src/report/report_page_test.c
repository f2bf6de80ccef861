/* Nothing that comes from a file can be more than text in the page. */
#include "report/report_page.h"
#include "base/hash.h"
#include "base/testing.h"
#include "base/text.h"

static int occurrences(const char *s, const char *part) {
  int n = 0;
  for (const char *p = s; (p = strstr(p, part)); p += strlen(part))
    n++;
  return n;
}

/* The text between the last `open` and the `close` behind it. */
static const char *between(arena *m, const char *s, const char *open, const char *close) {
  const char *from = NULL;
  for (const char *p = s; (p = strstr(p, open)); p++)
    from = p + strlen(open);
  assert_non_null(from);
  return arena_strndup(m, from, (size_t)(strstr(from, close) - from));
}

static void test_names_from_files_make_no_markup(void **state) {
  (void)state;
  static const char *const hostile[] = {"</script><script>alert(1)</script>", "<!--<script>", "\"onload=\"x", "&lt;b&gt;", "@SCRIPT@", "a]]>b"};
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  const char *plain = report_page_html(&ctx.mem, "t", "{}");
  for (size_t i = 0; i < COUNT_OF(hostile); i++) {
    data_value *v = data_object(&ctx.mem), *back;
    data_set_string(&ctx.mem, v, hostile[i], hostile[i]);
    const char *html = report_page_html(&ctx.mem, hostile[i], data_write_json(&ctx.mem, v, 0));
    static const char *const marks[] = {"<", "<script", "</script", "<!--"};
    for (size_t k = 0; k < COUNT_OF(marks); k++)
      assert_int_equal(occurrences(html, marks[k]), occurrences(plain, marks[k]));
    const char *block = between(&ctx.mem, html, "id=\"data\">", "</script>");
    assert_int_equal(data_read_json(&ctx, "block", block, strlen(block), &back), LOOM_OK);
    assert_string_equal(back->members[0].value->string, hostile[i]);      /* as it was */
  }
  assert_non_null(strstr(report_page_html(&ctx.mem, "a<b>&\"c", "{}"), "<title>a&lt;b&gt;&amp;&quot;c "));
  loom_ctx_done(&ctx);
}

/* base64 of a hash, checked by decoding it. */
static void expect_hash(arena *m, const char *html, const char *source) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  char want[65], got[67] = "";
  hash_sha256_hex(source, strlen(source), want);
  for (const char *p = html; (p = strstr(p, "'sha256-")); p++) {
    const char *code = arena_strndup(m, p + 8, strcspn(p + 8, "'"));
    if (strlen(code) != 44 || code[43] != '=')
      fail_msg("no hash: %s", code);
    unsigned bits = 0, n = 0, at = 0;
    for (int i = 0; i < 43; i++) {
      bits = bits << 6 | (unsigned)(strchr(digits, code[i]) - digits);
      n += 6;
      for (; n >= 4 && at < 64; n -= 4)
        got[at++] = "0123456789abcdef"[bits >> (n - 4) & 15];
    }
    got[64] = 0;
    if (strcmp(got, want) == 0)
      return;
  }
  fail_msg("the policy does not name a script or style of the page");
}

static void test_the_policy_allows_what_the_page_has_and_nothing_else(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  const char *html = report_page_html(&ctx.mem, "t", "{}");
  assert_non_null(strstr(html, "content=\"default-src 'none'; script-src 'sha256-"));
  expect_hash(&ctx.mem, html, between(&ctx.mem, html, "<script>", "</script>"));
  expect_hash(&ctx.mem, html, between(&ctx.mem, html, "<style>", "</style>"));
  assert_int_equal(occurrences(html, "<script"), 2);
  static const char *const ways_out[] = {"src=", "http:", "https:", "url(", "@import", "fetch(", "XMLHttpRequest", "innerHTML", "insertAdjacentHTML", "document.write", "eval("};
  for (size_t i = 0; i < COUNT_OF(ways_out); i++) {
    const char *p = strstr(html, ways_out[i]);
    if (p && !(strcmp(ways_out[i], "http:") == 0 && strncmp(p, "http://www.w3.org/2000/svg", 26) == 0))
      fail_msg("the page has %s", ways_out[i]);
  }
  loom_ctx_done(&ctx);
}

static loom_status write_page(loom_ctx *ctx, void *data) {
  report_page_html(&ctx->mem, data, "{\"a\": 1}");
  return LOOM_OK;
}

static void test_memory_failures_unwind(void **state) {
  (void)state;
  testing_sweep_memory(write_page, (void *)(uintptr_t)"a title");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_names_from_files_make_no_markup), cmocka_unit_test(test_the_policy_allows_what_the_page_has_and_nothing_else),
                                     cmocka_unit_test(test_memory_failures_unwind)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
