/* Channels of a box against its bytes one by one; the most over a range of boxes against all of them. */
#include "model/model_testing.h"

/* A tensor of two or three dims whose rows may be padded, in either order. */
static void random_tensor(rng *r, program_memory *m, program_access *a) {
  *m = (program_memory){.channels = rng_range(r, 1, 9)};
  *a = (program_access){.memory = m, .page_bytes = INT64_C(4) << rng_range(r, 0, 4)};
  a->rank = (int)rng_range(r, 1, 3);
  a->elem_bytes = 2;
  int64_t pitch = a->elem_bytes;
  for (int i = a->rank - 1; i >= 0; i--) {
    int d = a->rank == 2 && rng_range(r, 0, 1) ? 1 - a->by_pitch[1] : i;
    if (a->rank == 2 && i == 0)
      d = 1 - a->by_pitch[1];
    a->by_pitch[i] = d;
    a->shape[d] = rng_range(r, 0, 1) ? rng_range(r, 1, 12) : INT64_C(1) << rng_range(r, 0, 5);
    a->pitch[d] = pitch;
    pitch *= a->shape[d];
  }
}

static int64_t counted(const program_access *a, const int64_t *extent) {
  bool seen[128] = {false};
  int64_t n = 0, index[NEST_RANK_MAX] = {0};
  for (bool go_on = true; go_on;) {
    int64_t byte = 0;
    for (int d = 0; d < a->rank; d++)
      byte += index[d] * a->pitch[d];
    for (int64_t e = 0; e < a->elem_bytes; e++) {
      int64_t channel = (byte + e) / a->page_bytes % a->memory->channels;
      n += !seen[channel];
      seen[channel] = true;
    }
    go_on = false;
    for (int d = 0; d < a->rank && !go_on; d++) {
      go_on = ++index[d] < extent[d];
      index[d] = go_on ? index[d] : 0;
    }
  }
  return n;
}

static void test_channels_of_a_box_are_those_of_its_bytes(void **state) {
  (void)state;
  rng r = rng_new(61);
  int64_t few = 0;
  for (int i = 0; i < 4000; i++) {
    program_memory m;
    program_access a;
    int64_t extent[NEST_RANK_MAX];
    random_tensor(&r, &m, &a);
    for (int d = 0; d < a.rank; d++)
      extent[d] = rng_range(&r, 1, a.shape[d]);
    int64_t found = program_channels(&a, extent), bytes = counted(&a, extent);
    if (a.rank == 3)                    /* outermost rows are taken to start elsewhere */
      continue;
    assert_true(found >= bytes);
    if (a.rank == 1 || a.pitch[a.by_pitch[0]] > a.page_bytes)      /* within a page, pages between rows count too */
      assert_int_equal(found, bytes);
    few += found < m.channels;
  }
  assert_true(few > 400);
}

/* Runs are counted element by element: one begins wherever the byte before it is not of the box. */
static void test_runs_of_a_box_are_those_of_its_bytes(void **state) {
  (void)state;
  rng r = rng_new(83);
  for (int i = 0; i < 2000; i++) {
    enum { BYTES = 1 << 16 };
    static bool is_of_box[BYTES];
    program_memory m;
    program_access a;
    int64_t extent[NEST_RANK_MAX], index[NEST_RANK_MAX] = {0}, runs = 0;
    random_tensor(&r, &m, &a);
    memset(is_of_box, 0, sizeof is_of_box);
    for (int d = 0; d < a.rank; d++)
      extent[d] = rng_range(&r, 0, 2) ? rng_range(&r, 1, a.shape[d]) : a.shape[d];
    for (bool go_on = true; go_on;) {
      int64_t byte = 0;
      for (int d = 0; d < a.rank; d++)
        byte += index[d] * a.pitch[d];
      assert_true(byte + a.elem_bytes < BYTES);
      memset(is_of_box + byte, true, (size_t)a.elem_bytes);
      go_on = false;
      for (int d = 0; d < a.rank && !go_on; d++) {
        go_on = ++index[d] < extent[d];
        index[d] = go_on ? index[d] : 0;
      }
    }
    for (int64_t b = 0; b < BYTES; b++)
      runs += is_of_box[b] && (b == 0 || !is_of_box[b - 1]);
    assert_true(program_runs(&a, extent) >= runs);
    bool divides = true;                /* rows of one element, or dims of one: neighbours may touch; counted as if they did not */
    for (int d = 0; d < a.rank; d++)
      divides = divides && a.shape[d] > 1;
    if (divides)
      assert_int_equal(program_runs(&a, extent), runs);
  }
}

static void test_no_box_of_a_range_has_more_channels(void **state) {
  (void)state;
  rng r = rng_new(67);
  int64_t few = 0;
  for (int i = 0; i < 4000; i++) {
    program_memory m;
    program_access a;
    int64_t least[NEST_RANK_MAX], most[NEST_RANK_MAX], extent[NEST_RANK_MAX];
    random_tensor(&r, &m, &a);
    for (int d = 0; d < a.rank; d++) {
      extent[d] = rng_range(&r, 1, a.shape[d]);
      least[d] = rng_range(&r, 1, extent[d]);
      most[d] = rng_range(&r, extent[d], a.shape[d]);
    }
    int64_t bound = program_channels_most(&a, least, most);
    assert_true(bound >= program_channels(&a, extent) && bound <= program_channels_whole(&a));
    assert_int_equal(program_channels_most(&a, extent, extent), program_channels(&a, extent));
    few += bound < m.channels;
  }
  assert_true(few > 200);
}

/* Of more channels than are looked at one by one: no fewer than hold the box, no more than hold the tensor. */
static void test_many_channels_hold_no_more_than_the_tensors_pages(void **state) {
  (void)state;
  rng r = rng_new(71);
  int64_t few = 0;
  for (int i = 0; i < 2000; i++) {
    program_memory m;
    program_access a;
    int64_t extent[NEST_RANK_MAX], whole[NEST_RANK_MAX];
    random_tensor(&r, &m, &a);
    m.channels = rng_range(&r, 65, 127);
    for (int d = 0; d < a.rank; d++) {
      extent[d] = rng_range(&r, 1, a.shape[d]);
      whole[d] = a.shape[d];
    }
    int64_t found = program_channels(&a, extent);
    assert_true(found >= counted(&a, extent));
    assert_int_equal(found, counted(&a, whole));
    few += found < m.channels;
  }
  assert_true(few > 200);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_channels_of_a_box_are_those_of_its_bytes),
      cmocka_unit_test(test_many_channels_hold_no_more_than_the_tensors_pages),
      cmocka_unit_test(test_runs_of_a_box_are_those_of_its_bytes),
      cmocka_unit_test(test_no_box_of_a_range_has_more_channels),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
