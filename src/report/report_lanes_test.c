/* Slices of a page add up, whatever had to be joined or was cut from the record. */
#include "report/report_lanes.h"
#include "report/report_testing.h"

typedef struct watched { rig g; sim_record record; data_value *page; } watched;

static void watch(watched *w, const tog_matmul_spec *s, int64_t limit) {
  rig_open(&w->g, s);
  w->record = (sim_record){.limit = limit};
  sim_options o = {.event_budget = 50 * 1000 * 1000, .record = &w->record};
  assert_int_equal(sim_run(&w->g.ctx, w->g.t, w->g.m, &o, &w->g.r), LOOM_OK);
  const report_run run = {w->g.t, w->g.m, &w->g.r, &w->record};
  text t = text_new(&w->g.ctx.mem);
  text_add(&t, "{");
  report_add_lanes(&t, &w->g.ctx.mem, &run);
  text_add(&t, ",");
  report_add_lives(&t, &w->g.ctx.mem, &run);
  text_add(&t, "}");
  assert_int_equal(data_read_json(&w->g.ctx, "page", text_str(&t), t.size, &w->page), LOOM_OK);
}

static int64_t number(const data_value *list, size_t i) { return list->items[i]->integer; }

static size_t check_sums(const watched *w) {
  const data_value *lanes = data_get(w->page, "lanes");
  size_t slices = 0;
  assert_int_equal(lanes->n, w->g.r.n_cores * TOG_THREADS);
  for (size_t i = 0; i < lanes->n; i++) {
    const data_value *lane = lanes->items[i];
    int64_t sum = 0;
    assert_int_equal(lane->n % 5, 0);
    for (size_t k = 0; k < lane->n; k += 5) {
      sum += number(lane, k);
      assert_true(number(lane, k) > 0);
      assert_in_range(number(lane, k + 1) + 1, 0, SIM_SLICE_KINDS + 1);
      if (number(lane, k + 1) == -1)
        assert_true(number(lane, k + 3) > 0 && number(lane, k + 3) <= number(lane, k));
    }
    assert_int_equal(sum, w->g.r.cores[i / TOG_THREADS].cycles);
    slices += lane->n / 5;
  }
  return slices;
}

static const tog_matmul_spec few = {128, 96, 64, 32, 32, 16, 2, 3, true, 2, 50};
static const tog_matmul_spec many = {512, 512, 128, 16, 16, 8, 4, 4, true, 2, 9};

static void test_a_short_run_is_told_as_it_was(void **state) {
  (void)state;
  watched w;
  watch(&w, &few, 0);
  check_sums(&w);
  assert_int_equal(data_get(w.page, "resolution")->integer, 0);
  const data_value *lanes = data_get(w.page, "lanes"), *steps = data_get(w.page, "steps");
  for (size_t i = 0; i < lanes->n; i++) {
    const sim_lane *l = &w.record.lanes[i];
    size_t at = 0;
    for (size_t k = 0; k < l->slices.n; k++)
      if (sim_slice_is_phase(l->slices.at[k].kind)) {
        assert_int_equal(number(lanes->items[i], at), l->slices.at[k].end - l->slices.at[k].begin);
        assert_int_equal(number(lanes->items[i], at + 1), l->slices.at[k].kind);
        assert_int_equal(number(lanes->items[i], at + 2), l->slices.at[k].node);
        at += 5;
      }
  }
  assert_int_equal(steps->n, w.g.r.n_cores);
  assert_int_equal(number(steps->items[0], 0), 0);      /* the outermost loop comes first */
  rig_close(&w.g);
}

static void test_a_long_run_is_joined_and_a_cut_one_binned(void **state) {
  (void)state;
  for (int cut = 0; cut < 2; cut++) {
    watched w;
    watch(&w, &many, cut ? 1000 : 5000000);
    assert_int_equal(w.record.cut >= 0, cut);
    size_t slices = check_sums(&w);
    assert_true(cut || slices <= REPORT_SLICES);
    assert_true(data_get(w.page, "resolution")->integer > 0);
    rig_close(&w.g);
  }
}

static void test_lives_are_those_of_the_record(void **state) {
  (void)state;
  watched w;
  watch(&w, &few, 0);
  const data_value *lives = data_get(w.page, "lives");
  size_t n = 0;
  for (size_t c = 0; c < lives->n; c++)
    n += lives->items[c]->n / 5;
  assert_int_equal(n, w.record.lives.n);
  rig_close(&w.g);
  watch(&w, &many, 5000000);   /* too many: the first core and the slowest */
  size_t kept = 0;
  lives = data_get(w.page, "lives");
  for (size_t c = 0; c < lives->n; c++)
    kept += lives->items[c]->kind == DATA_ARRAY;
  assert_in_range(kept, 1, 2);
  assert_int_equal(lives->items[0]->kind, DATA_ARRAY);
  rig_close(&w.g);
}

static data_value *page_of(told_run *w) {
  data_value *v;
  text t = text_new(&w->ctx.mem);
  text_add(&t, "{");
  report_add_lanes(&t, &w->ctx.mem, &w->run);
  text_add(&t, ",");
  report_add_lives(&t, &w->ctx.mem, &w->run);
  text_add(&t, "}");
  assert_int_equal(data_read_json(&w->ctx, "page", text_str(&t), t.size, &v), LOOM_OK);
  return v;
}

static void expect_part(told_run *w, const data_value *page, const char *key, const char *want) {
  assert_string_equal(data_write_json(&w->ctx.mem, data_get(page, key), 0), want);
}

/* A record of a few entries: every number is written down by hand. */
static void test_lanes_end_with_their_core(void **state) {
  (void)state;
  told_run w;
  told_open(&w);
  told_slice(&w, 0, SIM_SLICE_READ, TOLD_LOAD, 0, 0, 50, 64);
  told_slice(&w, 1, SIM_SLICE_STEP, TOLD_LOOP, -1, 0, 30, 4);
  told_slice(&w, 1, SIM_SLICE_STEP, TOLD_WAVES, -1, 0, 20, 5);
  told_slice(&w, 1, SIM_SLICE_COMPUTE, TOLD_COMPUTE, 1, 0, 30, 0);
  told_slice(&w, 1, SIM_SLICE_STEP, TOLD_WAVES, -1, 20, 30, 6);
  told_slice(&w, 1, SIM_SLICE_STEP, TOLD_LOOP, -1, 30, 31, 5);
  w.record.lanes[2].end = 40;
  vec_push(&w.ctx.mem, &w.record.lives, ((sim_life){1, 0, 1, 2, 3, -1}));
  const data_value *page = page_of(&w);
  expect_part(&w, page, "lanes", "[[50, 7, 1, 0, 64], [30, 12, 2, 1, 0, 19, 13, -1, -1, 0], [10, 13, -1, -1, 0], [], [], []]");
  expect_part(&w, page, "steps", "[[0, 0, 30, 0, 4, 1, 0, 20, 3, 5, 1, 20, 10, 3, 6, 0, 30, 1, 0, 5], []]");
  expect_part(&w, page, "lives", "[[], [0, 1, 2, 3, -1]]");
  told_close(&w);
}

/* Of a record that was cut the bins know how much of each kind there was, however long. */
static void test_bins_say_what_takes_most(void **state) {
  (void)state;
  told_run w;
  told_open(&w);
  w.record.cut = 5;
  const int64_t long_time = INT64_C(1) << 40;
  bins_add(&w.record.phases, SIM_SLICE_READ, 0, long_time);
  bins_add(&w.record.phases, SIM_SLICE_WAIT_FREE, 0, 100);
  w.record.lanes[0].end = long_time + 100;
  const data_value *page = page_of(&w), *lane = data_get(page, "lanes")->items[0];
  int64_t width = w.record.phases.width;
  assert_int_equal(data_get(page, "resolution")->integer, width);
  assert_true(width > INT32_MAX);
  assert_int_equal(number(lane, 0), width + 100);
  assert_int_equal(number(lane, 1), -1);
  assert_int_equal(number(lane, 2), SIM_SLICE_READ);
  assert_int_equal(number(lane, 3), width);
  assert_null(data_get(page, "steps"));
  told_close(&w);
}

/* More cores than slices can be drawn: the lanes are told as shortly as they can. */
static void test_more_lanes_than_slices_are_told_all_the_same(void **state) {
  (void)state;
  enum { CORES = REPORT_SLICES / TOG_THREADS + 1 };
  told_run w;
  told_open(&w);
  w.r.n_cores = CORES;
  w.r.cycles = 3;
  w.r.cores = ARENA_NEW_N(&w.ctx.mem, sim_core, CORES);
  w.record.n_lanes = CORES * TOG_THREADS;
  w.record.lanes = ARENA_NEW_N(&w.ctx.mem, sim_lane, CORES * TOG_THREADS);
  for (int i = 0; i < CORES * TOG_THREADS; i++)
    for (int k = 0; k < 3; k++)
      told_slice(&w, i, SIM_SLICE_READ, TOLD_LOAD, 0, k, k + 1, 0);
  for (int i = 0; i <= REPORT_LIVES; i++)
    vec_push(&w.ctx.mem, &w.record.lives, ((sim_life){0, 0, 0, i, i, i}));
  w.r.cores[7] = (sim_core){.cycles = 9, .dram_bytes = 1};      /* the slowest */
  w.r.cores[9] = (sim_core){.cycles = 5, .busy = 99, .dram_bytes = 99};
  vec_push(&w.ctx.mem, &w.record.lives, ((sim_life){7, 0, 0, 1, 2, 3}));
  vec_push(&w.ctx.mem, &w.record.lives, ((sim_life){9, 0, 0, 1, 2, 3}));
  const data_value *page = page_of(&w), *lanes = data_get(page, "lanes"), *lives = data_get(page, "lives");
  assert_int_equal(lanes->n, CORES * TOG_THREADS);
  assert_int_equal(data_get(page, "resolution")->integer, 2);
  for (size_t i = 0; i < lanes->n; i++) {
    assert_int_equal(lanes->items[i]->n, 10);
    assert_int_equal(number(lanes->items[i], 0), 2);
    assert_int_equal(number(lanes->items[i], 5), 1);
  }
  assert_int_equal(lives->items[0]->n, 5 * REPORT_LIVES);
  for (int c = 1; c < CORES; c++)
    assert_int_equal(lives->items[c]->kind, c == 7 ? DATA_ARRAY : DATA_NULL);
  told_close(&w);
}

/* Of the compute threads alone; the loops around steps are no steps. */
static void test_steps_are_told_up_to_so_many(void **state) {
  (void)state;
  for (int more = 0; more < 2; more++) {
    told_run w;
    told_open(&w);
    for (int i = 0; i < REPORT_STEPS + more; i++) {
      told_slice(&w, 1, SIM_SLICE_LOOP, TOLD_LOOP, -1, i, i + 1, 0);
      told_slice(&w, i % 2 ? 1 : 4, SIM_SLICE_STEP, TOLD_LOOP, -1, i, i + 1, i);
      told_slice(&w, 0, SIM_SLICE_STEP, TOLD_LOOP, -1, i, i + 1, i);
    }
    const data_value *steps = data_get(page_of(&w), "steps");
    assert_int_equal(steps == NULL, more);
    if (steps)
      assert_int_equal(steps->items[0]->n + steps->items[1]->n, 5 * REPORT_STEPS);
    told_close(&w);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_short_run_is_told_as_it_was), cmocka_unit_test(test_a_long_run_is_joined_and_a_cut_one_binned),
                                     cmocka_unit_test(test_lives_are_those_of_the_record), cmocka_unit_test(test_lanes_end_with_their_core),
                                     cmocka_unit_test(test_bins_say_what_takes_most), cmocka_unit_test(test_more_lanes_than_slices_are_told_all_the_same),
                                     cmocka_unit_test(test_steps_are_told_up_to_so_many)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
