/* Slices of a page add up, whatever had to be joined or was cut from the record. */
#include "report/report_lanes.h"
#include "sim/sim_testing.h"

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

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_short_run_is_told_as_it_was), cmocka_unit_test(test_a_long_run_is_joined_and_a_cut_one_binned),
                                     cmocka_unit_test(test_lives_are_those_of_the_record)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
