#include "base/stats.h"
#include "base/testing.h"

static void test_the_median_is_in_the_middle_and_the_rest_sorted(void **state) {
  (void)state;
  double odd[] = {3, 1, 2}, even[] = {4, 1, 3, 2}, one[] = {7}, equal[] = {5, 5};
  assert_true(stats_median(odd, 3) == 2 && odd[0] == 1 && odd[1] == 2 && odd[2] == 3);
  assert_true(stats_median(even, 4) == 2.5 && even[0] == 1 && even[3] == 4);
  assert_true(stats_median(one, 1) == 7);
  assert_true(stats_median(equal, 2) == 5);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_median_is_in_the_middle_and_the_rest_sorted)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
