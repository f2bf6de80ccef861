/* What the recorder keeps, against the counters of the run it watched: it changes nothing, leaves no gap, and its sums are the report's. */
#include "sim/sim_testing.h"

static const tog_matmul_spec specs[] = {
  {64, 64, 64, 32, 32, 32, 2, 2, true, 1, 100},  {128, 96, 64, 32, 32, 16, 2, 3, true, 2, 50}, {128, 96, 64, 32, 32, 16, 2, 3, false, 2, 50},
  {50, 70, 37, 16, 32, 8, 2, 2, true, 2, 7},     {33, 20, 5, 32, 32, 32, 3, 2, false, 2, 9},   {256, 128, 48, 32, 32, 16, 4, 4, true, 2, 400},
};

static sim_record run_recorded(rig *g, int64_t limit) {
  sim_record record = {.limit = limit};
  sim_options o = {.verify = false, .event_budget = 20 * 1000 * 1000, .record = &record};
  assert_int_equal(sim_run(&g->ctx, g->t, g->m, &o, &g->r), LOOM_OK);
  return record;
}

static const char *report_text(rig *g) { return data_write_json(&g->ctx.mem, sim_report_to_data(&g->ctx.mem, &g->r, g->t), 0); }

static void test_recording_changes_no_number(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(specs); i++) {
    rig g;
    rig_open(&g, &specs[i]);
    assert_int_equal(rig_run(&g, false, false), LOOM_OK);
    const char *plain = report_text(&g);
    run_recorded(&g, i % 2 ? 0 : 40);
    assert_string_equal(plain, report_text(&g));
    rig_close(&g);
  }
}

/* Slices begin in order, lie inside those that enclose them, and the phases fill the lane from 0 to its end. */
static void check_lane(const sim_lane *l) {
  int64_t stack[128], phase_end = 0, spent[SIM_SLICE_KINDS] = {0};
  size_t depth = 0;
  for (size_t i = 0; i < l->slices.n; i++) {
    const sim_slice *x = &l->slices.at[i];
    assert_true(x->begin < x->end);
    assert_true(i == 0 || x->begin >= l->slices.at[i - 1].begin);
    while (depth > 0 && stack[depth - 1] <= x->begin)
      depth--;
    assert_true(depth == 0 || x->end <= stack[depth - 1]);
    assert_true(depth < COUNT_OF(stack));
    stack[depth++] = x->end;
    if (!sim_slice_is_phase(x->kind))
      continue;
    assert_int_equal(x->begin, phase_end);
    phase_end = x->end;
    spent[x->kind] += x->end - x->begin;
  }
  assert_int_equal(phase_end, l->end);
  assert_memory_equal(spent, l->spent, sizeof spent);
}

static void test_lanes_nest_and_leave_no_gap(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(specs); i++) {
    rig g;
    rig_open(&g, &specs[i]);
    sim_record r = run_recorded(&g, 0);
    assert_int_equal(r.cut, -1);
    for (int c = 0; c < g.r.n_cores; c++) {
      int64_t end = 0;
      for (int w = 0; w < TOG_THREADS; w++) {
        const sim_lane *l = &r.lanes[c * TOG_THREADS + w];
        check_lane(l);
        end = l->end > end ? l->end : end;
      }
      assert_int_equal(end, g.r.cores[c].cycles);
      assert_int_equal(r.lanes[c * TOG_THREADS + TOG_COMPUTE_THREAD].spent[SIM_SLICE_COMPUTE], g.r.cores[c].busy);
    }
    rig_close(&g);
  }
}

static void test_loops_hold_their_iterations(void **state) {
  (void)state;
  rig g;
  rig_open(&g, &specs[0]);   /* 2 x 2 tiles on 2 x 2 cores, 2 k tiles */
  sim_record r = run_recorded(&g, 0);
  const sim_lane *l = &r.lanes[TOG_COMPUTE_THREAD];
  int64_t steps = 0, loops = 0, matmuls = 0;
  for (size_t i = 0; i < l->slices.n; i++) {
    const sim_slice *x = &l->slices.at[i];
    const tog_node *matmul = tog_sample_find(g.t, "matmul");
    loops += x->kind == SIM_SLICE_LOOP;
    matmuls += x->kind == SIM_SLICE_COMPUTE && x->node == matmul->id;
    if (x->kind == SIM_SLICE_STEP)
      assert_in_range(x->value, 0, 1);
    steps += x->kind == SIM_SLICE_STEP;
  }
  assert_int_equal(loops, 3);       /* mi, ni, ki */
  assert_int_equal(steps, 1 + 1 + 2);
  assert_int_equal(matmuls, 2);
  rig_close(&g);
}

static int64_t bin_sum(const bins *b, int series) {
  int64_t sum = 0;
  for (int i = 0; i < b->n_bins; i++)
    sum += bins_get(b, series, i);
  return sum;
}

static int64_t cycles_of(int64_t ticks) { return (ticks + SIM_SERVICE_TICKS - 1) / SIM_SERVICE_TICKS; }

/* Limit or not: sums and bins are of the whole run; the lists only when it is not cut. */
static void check_servers(const rig *g, const sim_record *r, bool whole) {
  for (size_t i = 0; i < g->r.channels.n; i++) {
    int64_t bytes = 0, ticks = 0;
    for (size_t k = 0; k < r->services.n; k++)
      if (r->services.at[k].server == SIM_SERVER_CHANNEL && r->services.at[k].index == (int)i) {
        bytes += r->services.at[k].bytes;
        ticks += r->services.at[k].ticks;
      }
    if (whole)
      assert_int_equal(bytes, g->r.channels.at[i].bytes);
    if (whole)
      assert_int_equal(cycles_of(ticks), g->r.channels.at[i].busy);
    assert_int_equal(cycles_of(bin_sum(&r->channels, (int)i)), g->r.channels.at[i].busy);
  }
  for (size_t i = 0; i < g->r.links.n; i++) {
    int64_t bytes = 0;
    for (size_t k = 0; k < r->services.n; k++)
      if (r->services.at[k].server == SIM_SERVER_LINK && r->services.at[k].index == g->r.links.at[i].number)
        bytes += r->services.at[k].bytes;
    if (whole)
      assert_int_equal(bytes, g->r.links.at[i].bytes);
    assert_int_equal(cycles_of(bin_sum(&r->links, g->r.links.at[i].number)), g->r.links.at[i].busy);
  }
}

static void test_links_and_channels_add_up(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(specs); i++) {
    rig g;
    rig_open(&g, &specs[i]);
    sim_record r = run_recorded(&g, 0);
    check_servers(&g, &r, true);
    rig_close(&g);
  }
}

/* Every receive of every lane has its flow, and the other way round; the sender sends at that time. */
static void test_flows_join_sends_and_receives(void **state) {
  (void)state;
  rig g;
  rig_open(&g, &specs[5]);
  sim_record r = run_recorded(&g, 0);
  size_t receives = 0;
  for (int c = 0; c < g.r.n_cores; c++) {
    const sim_lane *l = &r.lanes[c * TOG_THREADS + TOG_READER];
    for (size_t i = 0; i < l->slices.n; i++) {
      const sim_slice *x = &l->slices.at[i];
      if (x->kind != SIM_SLICE_RECEIVE)
        continue;
      size_t found = 0;
      for (size_t k = 0; k < r.flows.n; k++) {
        const sim_flow *f = &r.flows.at[k];
        found += f->receiver == c * TOG_THREADS + TOG_READER && f->sender == x->other * TOG_THREADS + TOG_READER && f->sent == x->begin && f->arrived == x->end && f->node == x->node && f->bytes == x->value;
      }
      assert_int_equal(found, 1);
      receives++;
    }
  }
  assert_true(receives > 0);
  assert_int_equal(receives, r.flows.n);
  rig_close(&g);
}

static void test_lives_of_a_ring_never_exceed_its_slots(void **state) {
  (void)state;
  rig g;
  rig_open(&g, &specs[1]);
  sim_record r = run_recorded(&g, 0);
  assert_true(r.lives.n > 0);
  for (size_t i = 0; i < r.lives.n; i++) {
    const sim_life *a = &r.lives.at[i];
    assert_true(a->reserved <= a->published && a->published <= a->freed);
    for (size_t k = i + 1; k < r.lives.n; k++) {
      const sim_life *b = &r.lives.at[k];
      if (b->core == a->core && b->buffer == a->buffer && b->slot == a->slot)
        assert_true(b->reserved >= a->freed);
    }
  }
  rig_close(&g);
}

static void test_a_limit_cuts_the_lists_and_not_the_sums(void **state) {
  (void)state;
  rig g;
  rig_open(&g, &specs[5]);
  sim_record all = run_recorded(&g, 0);
  for (int64_t limit = 1; limit < all.n_events; limit = limit * 3 + 1) {
    sim_record r = run_recorded(&g, limit);
    assert_true(r.n_events <= limit);
    assert_true(r.cut >= 0 && r.cut <= g.r.cycles);
    check_servers(&g, &r, false);
    for (int i = 0; i < r.n_lanes; i++) {
      assert_memory_equal(r.lanes[i].spent, all.lanes[i].spent, sizeof r.lanes[i].spent);
      assert_int_equal(r.lanes[i].end, all.lanes[i].end);
      for (int k = 0; k < SIM_SLICE_KINDS; k++)
        assert_int_equal(bin_sum(&r.phases, i * SIM_SLICE_KINDS + k), r.lanes[i].spent[k]);
      for (size_t k = 0; k < r.lanes[i].slices.n; k++)
        assert_true(r.lanes[i].slices.at[k].end <= r.cut);
    }
  }
  assert_int_equal(run_recorded(&g, all.n_events).cut, -1);
  rig_close(&g);
}

/* Threads that wait for ever wait in the record until the end, for what they wait for. */
static void test_a_deadlock_is_seen_waiting(void **state) {
  (void)state;
  rig g;
  rig_open(&g, &specs[0]);
  tog_sample_remove(g.t, tog_sample_find(g.t, "give a"));
  sim_record r = run_recorded(&g, 0);
  assert_non_null(rig_fault(&g, SIM_FAULT_DEADLOCK));
  const sim_lane *l = &r.lanes[TOG_READER];
  const sim_slice *last = &l->slices.at[l->slices.n - 1];
  check_lane(l);
  assert_int_equal(last->kind, SIM_SLICE_WAIT_FREE);
  assert_int_equal(last->other, TOG_SAMPLE_BUF_A);
  assert_int_equal(last->end, g.r.cycles);
  rig_close(&g);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_recording_changes_no_number), cmocka_unit_test(test_lanes_nest_and_leave_no_gap), cmocka_unit_test(test_loops_hold_their_iterations),
      cmocka_unit_test(test_links_and_channels_add_up), cmocka_unit_test(test_flows_join_sends_and_receives), cmocka_unit_test(test_lives_of_a_ring_never_exceed_its_slots),
      cmocka_unit_test(test_a_limit_cuts_the_lists_and_not_the_sums), cmocka_unit_test(test_a_deadlock_is_seen_waiting),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
