/* Oracle: every order of items, each placed as low as it goes, which reaches a least layout. */
#include "base/rng.h"
#include "base/testing.h"
#include "model/model.h"

static bool together(const pack_item *a, const pack_item *b) { return a->first <= b->last && b->first <= a->last; }

static bool is_legal(const pack_item *x, size_t n, int64_t align, int64_t used) {
  for (size_t i = 0; i < n; i++) {
    if (x[i].offset % align || x[i].offset < 0 || x[i].offset + x[i].bytes > used)
      return false;
    for (size_t k = 0; k < i; k++)
      if (together(&x[i], &x[k]) && x[i].offset < x[k].offset + x[k].bytes && x[k].offset < x[i].offset + x[i].bytes)
        return false;
  }
  return true;
}

/* Least end over all orders and all multiples of align as offsets: small sizes only. */
static void try_all(pack_item *x, size_t n, size_t i, int64_t align, int64_t end, int64_t *best) {
  if (end >= *best)
    return;
  if (i == n) {
    *best = end;
    return;
  }
  for (int64_t at = 0; at + x[i].bytes < *best; at += align) {
    bool fits = true;
    for (size_t k = 0; k < i; k++)
      fits = fits && !(together(&x[i], &x[k]) && at < x[k].offset + x[k].bytes && x[k].offset < at + x[i].bytes);
    if (!fits)
      continue;
    x[i].offset = at;
    try_all(x, n, i + 1, align, at + x[i].bytes > end ? at + x[i].bytes : end, best);
  }
}

static void test_packing_is_least_for_six_items(void **state) {
  (void)state;
  rng r = rng_new(31);
  for (int i = 0; i < 1500; i++) {
    pack_item x[6], y[6];
    size_t n = (size_t)rng_range(&r, 0, 6);
    int64_t sum = 1, bound, align = 8;
    for (size_t k = 0; k < n; k++) {
      int first = (int)rng_range(&r, 0, 7);
      x[k] = (pack_item){.bytes = align * rng_range(&r, 1, 5), .first = first, .last = first + (int)rng_range(&r, 0, 4)};
      sum += x[k].bytes;
      y[k] = x[k];
    }
    int64_t best = sum, used = model_pack(x, n, align, 20000, &bound);
    try_all(y, n, 0, align, 0, &best);
    assert_int_equal(used, best);
    assert_true(bound <= used);
    assert_true(is_legal(x, n, align, used));
  }
}

/* With no nodes to spend first fit alone answers; the layout is legal, the bound holds, and more effort never makes it worse. */
static void test_effort_only_helps(void **state) {
  (void)state;
  rng r = rng_new(37);
  int helped = 0;
  for (int i = 0; i < 1500; i++) {
    pack_item x[12], y[12];
    size_t n = (size_t)rng_range(&r, 2, 12);
    int64_t bound, least;
    for (size_t k = 0; k < n; k++) {
      int first = (int)rng_range(&r, 0, 9);
      x[k] = y[k] = (pack_item){.bytes = rng_range(&r, 1, 900), .first = first, .last = first + (int)rng_range(&r, 0, 5)};
    }
    int64_t quick = model_pack(x, n, 32, 0, &bound), slow = model_pack(y, n, 32, 500, &least);
    assert_int_equal(bound, least);
    assert_true(bound <= slow && slow <= quick);
    assert_true(is_legal(x, n, 32, quick) && is_legal(y, n, 32, slow));
    helped += slow < quick;
    assert_int_equal(model_pack(x, n, 32, -1, &least), bound);
  }
  assert_true(helped > 0);
}

static void test_sizes_are_rounded_up_and_many_items_still_fit(void **state) {
  (void)state;
  int64_t bound;
  pack_item one = {.bytes = 33, .first = 0, .last = 0};
  assert_int_equal(model_pack(&one, 1, 32, 100, &bound), 64);
  assert_int_equal(bound, 64);
  pack_item many[80];
  for (int i = 0; i < 80; i++)
    many[i] = (pack_item){.bytes = 32, .first = i % 3, .last = 3};
  int64_t used = model_pack(many, 80, 32, 1000, &bound);
  assert_int_equal(used, 80 * 32);
  assert_true(is_legal(many, 80, 32, used));
  assert_int_equal(model_pack(NULL, 0, 32, 10, &bound), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_packing_is_least_for_six_items),
      cmocka_unit_test(test_effort_only_helps),
      cmocka_unit_test(test_sizes_are_rounded_up_and_many_items_still_fit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
