#include "base/progress.h"
#include "base/testing.h"

typedef struct heard { const char *what; int64_t done, total; int n; } heard;

static void hear(void *data, const char *what, int64_t done, int64_t total) {
  heard *h = data;
  *h = (heard){what, done, total, h->n + 1};
}

static void test_who_listens_is_told(void **state) {
  (void)state;
  heard h = {0};
  progress_tell("before", 1, 2);
  progress_listen(hear, &h);
  assert_int_equal(h.n, 0);
  progress_tell("work", 3, 4);
  assert_string_equal(h.what, "work");
  assert_int_equal(h.done, 3);
  assert_int_equal(h.total, 4);
  assert_true(progress_is_heard());
  progress_over("work");
  assert_int_equal(h.done, -1);
  progress_listen(NULL, NULL);
  progress_tell("behind", 5, 6);
  assert_false(progress_is_heard());
  assert_int_equal(h.n, 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_who_listens_is_told)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
