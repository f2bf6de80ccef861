#include "base/rng.h"
#include "base/testing.h"

/* Oracle: outputs of the authors' programs for SplitMix64 seed 1234567 and xoshiro256** state {1, 2, 3, 4}. */
static void test_rng_follows_the_published_sequences(void **state) {
  (void)state;
  rng seeded = rng_new(1234567);
  const uint64_t splitmix[] = {6457827717110365317u, 3203168211198807973u, 9817491932198370423u, 4593380528125082431u};
  assert_memory_equal(seeded.s, splitmix, sizeof splitmix);
  rng r = {{1, 2, 3, 4}};
  const uint64_t xoshiro[] = {11520, 0, 1509978240, 1215971899390074240u, 1216172134540287360u, 607988272756665600u};
  for (size_t i = 0; i < COUNT_OF(xoshiro); i++)
    assert_true(rng_next(&r) == xoshiro[i]);
}

static void test_rng_range_stays_inside_and_reaches_every_value(void **state) {
  (void)state;
  const struct { int64_t lo, hi; } cases[] = {{0, 0}, {-2, 2}, {5, 11}, {INT64_MIN, INT64_MIN + 3}, {INT64_MAX - 2, INT64_MAX}};
  rng r = rng_new(1);
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    int seen[8] = {0}, width = (int)(cases[i].hi - cases[i].lo) + 1;
    for (int n = 0; n < 7000; n++) {
      int64_t x = rng_range(&r, cases[i].lo, cases[i].hi);
      assert_true(x >= cases[i].lo && x <= cases[i].hi);
      seen[x - cases[i].lo]++;
    }
    for (int v = 0; v < width; v++)   /* within 6 standard deviations of the binomial */
      assert_true(fabs(seen[v] - 7000.0 / width) <= 6 * sqrt(7000.0 / width));
  }
  bool negative = false, positive = false;
  for (int n = 0; n < 64; n++) {
    int64_t x = rng_range(&r, INT64_MIN, INT64_MAX);
    negative |= x < 0;
    positive |= x > 0;
  }
  assert_true(negative && positive);
}

/* Oracle: moments of the distributions, within 6 standard errors of the mean of n samples. */
static void test_rng_has_the_right_moments(void **state) {
  (void)state;
  const double n = 100000;
  rng r = rng_new(7);
  double sum = 0, normal = 0, square = 0;
  for (int i = 0; i < n; i++) {
    double u = rng_uniform(&r), z = rng_normal(&r);
    assert_true(u >= 0 && u < 1 && isfinite(z));
    sum += u;
    normal += z;
    square += z * z;
  }
  assert_true(fabs(sum / n - 0.5) < 6 * sqrt(1.0 / 12 / n));
  assert_true(fabs(normal / n) < 6 * sqrt(1.0 / n));
  assert_true(fabs(square / n - 1) < 6 * sqrt(2.0 / n));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_rng_follows_the_published_sequences),
    cmocka_unit_test(test_rng_range_stays_inside_and_reaches_every_value),
    cmocka_unit_test(test_rng_has_the_right_moments),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
