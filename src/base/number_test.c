/* Oracle: exact. */
#include "base/number.h"
#include "base/testing.h"

static void test_numbers_are_digits_that_an_int_holds(void **state) {
  (void)state;
  static const struct { const char *s; int whole, taken, stepped; } cases[] = {
      {"0", 0, 0, 1}, {"007", 7, 7, 3}, {"12x", -1, 12, 2}, {"", -1, -1, 0}, {"-1", -1, -1, 0}, {"+1", -1, -1, 0}, {" 1", -1, -1, 0}, {"x", -1, -1, 0},
      {"2147483647", INT32_MAX, INT32_MAX, 10}, {"2147483648", -1, -1, 0}, {"2147483650", -1, -1, 0}, {"4294967296", -1, -1, 0}, {"99999999999999999999999", -1, -1, 0}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const char *at = cases[i].s;
    assert_int_equal(number_of(at), cases[i].whole);
    assert_int_equal(number_take(&at), cases[i].taken);
    assert_int_equal(at - cases[i].s, cases[i].stepped);
  }
}

static void test_a_number_follows_its_prefix(void **state) {
  (void)state;
  assert_int_equal(number_after("block_size_3", "block_size_"), 3);
  assert_int_equal(number_after("block_size_", "block_size_"), -1);
  assert_int_equal(number_after("block_size_3a", "block_size_"), -1);
  assert_int_equal(number_after("block_size_4294967296", "block_size_"), -1);
  assert_int_equal(number_after("block_s", "block_size_"), -1);
  assert_int_equal(number_after("3", ""), 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_numbers_are_digits_that_an_int_holds),
      cmocka_unit_test(test_a_number_follows_its_prefix),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
