/* A difference gives both texts back, and has no more edits than the longest common subsequence leaves. */
#include "report/report_diff.h"
#include "base/diag.h"
#include "base/rng.h"
#include "base/testing.h"
#include "base/text.h"

static const char *side(arena *m, const report_diff *d, char mark) {
  text t = text_new(m);
  for (size_t i = 0; i < d->lines.n; i++)
    if (d->lines.at[i].mark == ' ' || d->lines.at[i].mark == mark) {
      text_add_bytes(&t, d->lines.at[i].at, d->lines.at[i].n);
      text_add(&t, "\n");
    }
  return text_str(&t);
}

static int edits(const report_diff *d) {
  int n = 0;
  for (size_t i = 0; i < d->lines.n; i++)
    n += d->lines.at[i].mark != ' ';
  return n;
}

/* The table of all prefixes: lines of one letter. */
static int fewest_edits(const char *a, const char *b) {
  int n = (int)strlen(a) / 2, l = (int)strlen(b) / 2, best[40][40];
  for (int i = 0; i <= n; i++)
    for (int j = 0; j <= l; j++)
      best[i][j] = i == 0 ? j : j == 0 ? i : a[2 * i - 2] == b[2 * j - 2] ? best[i - 1][j - 1] : 1 + (best[i - 1][j] < best[i][j - 1] ? best[i - 1][j] : best[i][j - 1]);
  return best[n][l];
}

static const char *letters(arena *m, rng *r) {
  text t = text_new(m);
  for (int64_t i = rng_range(r, 0, 30); i > 0; i--)
    text_addf(&t, "%c\n", (char)('a' + rng_range(r, 0, 3)));
  return text_str(&t);
}

static void test_both_sides_come_back_with_fewest_edits(void **state) {
  (void)state;
  rng r = rng_new(11);
  for (int i = 0; i < 500; i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    const char *a = letters(&ctx.mem, &r), *b = letters(&ctx.mem, &r);
    report_diff d;
    report_diff_texts(&ctx.mem, a, b, &d);
    assert_false(d.is_whole);
    assert_string_equal(side(&ctx.mem, &d, '-'), a);
    assert_string_equal(side(&ctx.mem, &d, '+'), b);
    assert_int_equal(edits(&d), fewest_edits(a, b));
    loom_ctx_done(&ctx);
  }
}

static void test_texts_without_a_line_in_common_are_told_whole(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  text a = text_new(&ctx.mem), b = text_new(&ctx.mem);
  for (int i = 0; i < 2000; i++) {
    text_addf(&a, "a%d\n", i);
    text_addf(&b, "b%d\n", i);
  }
  report_diff d;
  report_diff_texts(&ctx.mem, text_str(&a), text_str(&b), &d);
  assert_true(d.is_whole);
  assert_string_equal(side(&ctx.mem, &d, '-'), text_str(&a));
  assert_string_equal(side(&ctx.mem, &d, '+'), text_str(&b));
  report_diff_texts(&ctx.mem, "", "", &d);
  assert_int_equal(d.lines.n, 0);
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_both_sides_come_back_with_fewest_edits), cmocka_unit_test(test_texts_without_a_line_in_common_are_told_whole)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
