/* Tensors in L1: time against closed forms, values through the same graph, places that are in use. */
#include "sim/sim_single_testing.h"

/* Its tensor is in L1. */
static void open_in_l1(single *x, int64_t cores, int64_t rows, int64_t page) {
  single_open(x, cores, rows);
  x->t.tensors.at[0].l1_page = page;
  x->t.tensors.at[0].l1_offset = 1 << 19;
}

/* Oracle: setup + hops * hop for the word, hops * hop for the first byte, and one serialisation at the slower of port and link; nothing of DRAM. */
static void test_an_idle_load_is_a_word_and_the_way_back(void **state) {
  (void)state;
  const struct { double port, link; int64_t rows; } cases[] = {{64, 32, 8}, {16, 32, 8}, {7, 10, 3}, {1000, 1000, 1}};
  for (size_t i = 0; i < COUNT_OF(cases); i++)
    for (int64_t core = 0; core < 5; core++) {
      single x;
      open_in_l1(&x, 5, cases[i].rows, 4096);      /* one page: core 0 has all of it */
      x.m->l1_bytes_per_cycle.value = cases[i].port;
      x.m->link_bytes_per_cycle.value = cases[i].link;
      x.m->dram_latency_cycles.value = 1e6;
      arena *m = &x.ctx.mem;
      const sym_expr *is_it = sym_make(m, SYM_EQ, sym_name(m, "y"), sym_const(m, core), NULL);
      x.load->box.extent[0] = sym_make(m, SYM_IF, is_it, sym_const(m, cases[i].rows), sym_const(m, 0));
      x.t.body.at[1]->active = is_it;
      single_run(&x);
      double bytes = (double)cases[i].rows * 256, port = bytes / cases[i].port, link = core ? bytes / cases[i].link : 0;
      int64_t want = (int64_t)ceil(10 + (port > link ? port : link) - 1e-6) + 2 * 2 * core;
      assert_in_range(x.r.cores[core].cycles, want, want + 1);
      assert_int_equal(x.r.l1_bytes_read, cases[i].rows * 256);
      assert_int_equal(x.r.dram_bytes_read, 0);
      loom_ctx_done(&x.ctx);
    }
}

/* Four cores want the same page: the port of the core that has it lets it out four times, one after the other, whatever the links. */
static void test_the_port_of_the_holder_is_shared(void **state) {
  (void)state;
  single x;
  open_in_l1(&x, 4, 4, 4096);
  x.m->l1_bytes_per_cycle.value = 16;
  x.m->link_bytes_per_cycle.value = 0;      /* without limit */
  x.m->hop_cycles.value = 0;
  single_run(&x);
  int64_t last = 0;
  for (int c = 0; c < 4; c++)
    last = x.r.cores[c].cycles > last ? x.r.cores[c].cycles : last;
  assert_int_equal(last, 10 + 4 * 64);
  loom_ctx_done(&x.ctx);
}

/* 8 pages over 4 cores: each core's port lets out a quarter of what all want. */
static void test_pages_spread_over_all_cores(void **state) {
  (void)state;
  single x;
  open_in_l1(&x, 4, 8, 256);
  x.m->l1_bytes_per_cycle.value = 16;
  x.m->link_bytes_per_cycle.value = 0;
  x.m->hop_cycles.value = 0;
  single_run(&x);
  for (int c = 0; c < 4; c++)
    assert_in_range(x.r.cores[c].cycles, 10 + 8 * 16, 10 + 8 * 16 + 3 * 32);      /* its own port takes 8 pages, from ports that may each serve three others first */
  loom_ctx_done(&x.ctx);
}

static const tog_matmul_spec specs[] = {
  {64, 64, 64, 32, 32, 32, 2, 2, true, 1, 100}, {128, 96, 64, 32, 32, 16, 2, 3, true, 2, 50}, {128, 96, 64, 32, 32, 16, 2, 3, false, 2, 50}, {50, 70, 37, 16, 32, 8, 2, 2, true, 2, 7},
};

/* Which of A, B, C are in L1, as bits, side by side from byte 2^19 on. */
static void put_in_l1(rig *g, int which) {
  int64_t at = 1 << 19;
  for (size_t i = 0; i < 3; i++) {
    tog_tensor *x = &g->t->tensors.at[i];
    x->l1_page = which >> i & 1 ? 128 : 0;
    x->l1_offset = x->l1_page ? at : 0;
    at += tog_tensor_l1_bytes(x, machine_cores(g->m));
  }
}

/* Oracle: the plain loop; and what goes to L1 does not go to DRAM. */
static void test_matmuls_compute_the_same_wherever_their_tensors_lie(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(specs); i++)
    for (int which = 0; which < 8; which++) {
      rig g;
      rig_open(&g, &specs[i]);
      rig_fill(&g);
      put_in_l1(&g, which);
      assert_int_equal(rig_run(&g, true, true), LOOM_OK);
      rig_expect_clean(&g);
      assert_int_equal(rig_wrong(&g), 0);
      int64_t out = specs[i].m * specs[i].n * 2;
      assert_int_equal(g.r.dram_bytes_written, which & 4 ? 0 : out);
      assert_int_equal(g.r.l1_bytes_written, which & 4 ? out : 0);
      assert_true((g.r.dram_bytes_read > 0) == ((which & 3) != 3) && (g.r.l1_bytes_read > 0) == ((which & 3) != 0));
      const char *with = data_write_json(&g.ctx.mem, sim_report_to_data(&g.ctx.mem, &g.r, g.t), 0);
      assert_int_equal(rig_run(&g, false, true), LOOM_OK);
      assert_string_equal(with, data_write_json(&g.ctx.mem, sim_report_to_data(&g.ctx.mem, &g.r, g.t), 0));      /* values do not change time */
      rig_close(&g);
    }
}

static int64_t cycles_with(const tog_matmul_spec *s, int which, double latency) {
  rig g;
  rig_open(&g, s);
  put_in_l1(&g, which);
  g.m->dram_latency_cycles.value = latency;
  assert_int_equal(rig_run(&g, false, true), LOOM_OK);
  int64_t cycles = g.r.cycles;
  rig_close(&g);
  return cycles;
}

static void test_only_what_is_in_dram_waits_for_it(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(specs); i++) {
    assert_int_equal(cycles_with(&specs[i], 7, 1000), cycles_with(&specs[i], 7, 1));
    assert_true(cycles_with(&specs[i], 3, 1000) > cycles_with(&specs[i], 3, 1));
    assert_true(cycles_with(&specs[i], 7, 1000) < cycles_with(&specs[i], 3, 1000));
  }
}

static void test_places_in_use_are_faults(void **state) {
  (void)state;
  const struct { int64_t offset; int tensor; sim_fault_kind kind; const char *text; } cases[] = {
      {0, 0, SIM_FAULT_L1_OVERLAP, "and buffer"}, {1 << 19, 1, SIM_FAULT_L1_OVERLAP, "tensors "}, {(1 << 20) - 8, 2, SIM_FAULT_L1_RANGE, "has 1048576"}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    rig g;
    rig_open(&g, &specs[0]);
    put_in_l1(&g, 7);
    assert_int_equal(tog_verify_points(&g.ctx, g.t, &(tog_chip){.name = "rig", .l1_bytes = 1 << 20, .cores = 4}), LOOM_OK);
    g.t->tensors.at[cases[i].tensor].l1_offset = cases[i].offset;
    assert_int_equal(rig_run(&g, false, true), LOOM_OK);
    const sim_fault *f = rig_fault(&g, cases[i].kind);
    assert_non_null(f);
    assert_non_null(strstr(f->text, cases[i].text));
    assert_int_equal(tog_verify_points(&g.ctx, g.t, &(tog_chip){.name = "rig", .l1_bytes = 1 << 20, .cores = 4}), LOOM_EINPUT);
    /* what is set aside above the kernel's part is for tensors */
    assert_int_equal(cases[i].kind == SIM_FAULT_L1_RANGE, tog_verify_points(&g.ctx, g.t, &(tog_chip){.name = "rig", .l1_bytes = 1 << 20, .cores = 4, .l1_reserved_bytes = 1 << 20}) == LOOM_OK);
    rig_close(&g);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_an_idle_load_is_a_word_and_the_way_back),
      cmocka_unit_test(test_the_port_of_the_holder_is_shared),
      cmocka_unit_test(test_pages_spread_over_all_cores),
      cmocka_unit_test(test_matmuls_compute_the_same_wherever_their_tensors_lie),
      cmocka_unit_test(test_only_what_is_in_dram_waits_for_it),
      cmocka_unit_test(test_places_in_use_are_faults),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
