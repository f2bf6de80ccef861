/* The virtual chip with its DRAM bank by bank: what must be as by rate, what may not, and closed forms for one core. */
#include "sim/sim_testing.h"

static const machine_bank hbm = {.clock_hz = 1000000000, .request_bytes = 32, .row_bytes = 512, .pseudo_channels = 2, .bank_groups = 4, .banks = 4, .read_queue = 64, .write_queue = 64,
                                 .write_start = 51, .write_stop = 12, .burst = 2, .cl = 7, .cwl = 2, .rcd_rd = 7, .rcd_wr = 7, .rp = 7, .ras = 17, .rc = 19, .wr = 8, .rtp = 3,
                                 .ccd_s = 1, .ccd_l = 2, .rrd_s = 2, .rrd_l = 3, .wtr_s = 3, .wtr_l = 4, .faw = 15, .act = 2};

static void with_banks(rig *g, int64_t clock_hz) {
  machine_bank *b = ARENA_NEW(&g->ctx.mem, machine_bank);
  *b = hbm;
  b->clock_hz = clock_hz;
  g->m->clock_hz.value = 1e9;
  g->m->bank = b;
}

static loom_status run_by(rig *g, dram_model dram, bool values) {
  sim_exec exec = {tog_sample_functions, TOG_SAMPLE_FUNCTIONS};
  sim_options o = {.exec = values ? &exec : NULL, .tensors = values ? g->tensors : NULL, .dram = dram, .verify = true};
  return sim_run(&g->ctx, g->t, g->m, &o, &g->r);
}

static const tog_matmul_spec specs[] = {
    {64, 64, 64, 32, 32, 32, 2, 2, true, 1, 100}, {128, 96, 64, 32, 32, 16, 2, 3, false, 2, 50}, {50, 70, 37, 16, 32, 8, 2, 2, true, 2, 7}, {256, 128, 48, 32, 32, 16, 4, 4, true, 2, 400},
};

static void test_bytes_do_not_depend_on_the_model(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(specs); i++) {
    rig g;
    rig_open(&g, &specs[i]);
    with_banks(&g, 1000000000);
    assert_int_equal(run_by(&g, DRAM_RATE, false), LOOM_OK);
    sim_report rate = g.r;
    assert_int_equal(run_by(&g, DRAM_BANK, false), LOOM_OK);
    assert_int_equal(g.r.n_faults, 0);
    assert_int_equal(g.r.dram_bytes_read, rate.dram_bytes_read);
    assert_int_equal(g.r.dram_bytes_written, rate.dram_bytes_written);
    assert_int_equal(g.r.noc_bytes, rate.noc_bytes);
    for (size_t c = 0; c < rate.channels.n; c++) {
      const sim_channel *x = &g.r.channels.at[c];
      assert_int_equal(x->bytes, rate.channels.at[c].bytes);
      assert_true((x->bank.reads + x->bank.writes) * hbm.request_bytes >= x->bytes);   /* lines are moved whole */
      assert_int_equal(x->bank.row_hits + x->bank.row_misses + x->bank.row_conflicts + x->bank.forwarded, x->bank.reads + x->bank.writes);
    }
    rig_close(&g);
  }
}

/* A and C in L1, B in DRAM: B alone is moved line by line, and what the chip computes is the same; with all in L1 memory's model is nothing to the time. */
static void test_tensors_in_l1_are_not_moved_line_by_line(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(specs); i++) {
    int64_t cycles[2];
    for (int all = 0; all < 2; all++) {
      rig g;
      rig_open(&g, &specs[i]);
      rig_fill(&g);
      with_banks(&g, 1000000000);
      for (int t = 0; t < 3; t++)
        if (all || t != 1) {
          g.t->tensors.at[t].l1_page = 64;
          g.t->tensors.at[t].l1_offset = (1 << 18) * (t + 1);
        }
      for (int model = 0; model < 2; model++) {
        assert_int_equal(run_by(&g, model ? DRAM_BANK : DRAM_RATE, true), LOOM_OK);
        assert_int_equal(g.r.n_faults, 0);
        assert_int_equal(rig_wrong(&g), 0);
        cycles[model] = g.r.cycles;
        int64_t lines = 0;
        for (size_t c = 0; c < g.r.channels.n; c++)
          lines += g.r.channels.at[c].bank.reads + g.r.channels.at[c].bank.writes;
        assert_true((lines > 0) == (model == 1 && !all) && (g.r.dram_bytes_read > 0) == !all && g.r.dram_bytes_written == 0);
      }
      assert_true(!all || cycles[0] == cycles[1]);
      rig_close(&g);
    }
  }
}

static void test_numbers_are_right_and_do_not_change_time(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(specs); i++) {
    rig g;
    rig_open(&g, &specs[i]);
    rig_fill(&g);
    with_banks(&g, 1600000000);
    assert_int_equal(run_by(&g, DRAM_BANK, true), LOOM_OK);
    assert_int_equal(g.r.n_faults, 0);
    assert_int_equal(rig_wrong(&g), 0);
    const char *with = data_write_json(&g.ctx.mem, sim_report_to_data(&g.ctx.mem, &g.r, g.t), 0);
    assert_int_equal(run_by(&g, DRAM_BANK, false), LOOM_OK);
    assert_string_equal(with, data_write_json(&g.ctx.mem, sim_report_to_data(&g.ctx.mem, &g.r, g.t), 0));
    rig_close(&g);
  }
}

static int64_t cycles_at(const tog_matmul_spec *s, int64_t dram_hz, int64_t cas) {
  rig g;
  rig_open(&g, s);
  with_banks(&g, dram_hz);
  ((machine_bank *)(uintptr_t)g.m->bank)->cl = cas;
  assert_int_equal(run_by(&g, DRAM_BANK, false), LOOM_OK);
  int64_t cycles = g.r.cycles;
  rig_close(&g);
  return cycles;
}

/* One channel, one core, nothing to multiply with: the loads' time is the memory's, which a clock four times as fast cuts by four. */
static void test_memory_time_follows_its_clock_and_its_timing(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(specs); i++) {
    int64_t slow = cycles_at(&specs[i], 250000000, 7), base = cycles_at(&specs[i], 1000000000, 7);
    assert_true(slow > base);
    assert_true(cycles_at(&specs[i], 1000000000, 107) >= base + 100);   /* the first load is always waited for */
    assert_true(cycles_at(&specs[i], 999000000, 7) >= base);
  }
}

static void test_what_the_machine_lacks_is_told(void **state) {
  (void)state;
  rig g;
  rig_open(&g, &specs[0]);
  assert_int_equal(run_by(&g, DRAM_BANK, false), LOOM_EINPUT);
  testing_expect_error(&g.ctx, LOOM_EINPUT, "machine 'rig' does not describe the banks of its DRAM, which --dram bank needs", 0, 0);
  rig_close(&g);
  rig_open(&g, &specs[0]);
  with_banks(&g, 1000000000);
  g.m->dram_page_bytes = 48;
  assert_int_equal(run_by(&g, DRAM_BANK, false), LOOM_EINPUT);
  testing_expect_error(&g.ctx, LOOM_EINPUT, "has DRAM pages of 48 bytes and requests of 32; a page must be whole requests", 0, 0);
  rig_close(&g);
}

static void test_the_budget_counts_clocks_of_the_memory(void **state) {
  (void)state;
  rig g;
  rig_open(&g, &specs[0]);
  with_banks(&g, 1000000000);
  assert_int_equal(sim_run(&g.ctx, g.t, g.m, &(sim_options){.dram = DRAM_BANK, .event_budget = 200}, &g.r), LOOM_ELIMIT);
  rig_close(&g);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_bytes_do_not_depend_on_the_model),
      cmocka_unit_test(test_tensors_in_l1_are_not_moved_line_by_line),
      cmocka_unit_test(test_numbers_are_right_and_do_not_change_time),
      cmocka_unit_test(test_memory_time_follows_its_clock_and_its_timing),
      cmocka_unit_test(test_what_the_machine_lacks_is_told),
      cmocka_unit_test(test_the_budget_counts_clocks_of_the_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
