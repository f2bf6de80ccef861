/* Cycles against closed forms, and what must hold for every run: values do not change time, more bandwidth is never slower. */
#include "sim/sim_single_testing.h"
#include "sim/sim_private.h"

static const tog_matmul_spec specs[] = {
  {64, 64, 64, 32, 32, 32, 2, 2, true, 1, 100},     {128, 96, 64, 32, 32, 16, 2, 3, true, 2, 50}, {128, 96, 64, 32, 32, 16, 2, 3, false, 2, 50},
  {50, 70, 37, 16, 32, 8, 2, 2, true, 2, 7},        {33, 20, 5, 32, 32, 32, 3, 2, false, 2, 9},   {256, 128, 48, 32, 32, 16, 4, 4, true, 2, 400},
  {256, 128, 48, 32, 32, 16, 4, 4, false, 2, 10},
};

static void test_values_do_not_change_time(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(specs); i++) {
    rig g;
    rig_open(&g, &specs[i]);
    rig_fill(&g);
    assert_int_equal(rig_run(&g, true, true), LOOM_OK);
    const char *with = data_write_json(&g.ctx.mem, sim_report_to_data(&g.ctx.mem, &g.r, g.t), 0);
    assert_int_equal(rig_run(&g, false, true), LOOM_OK);
    const char *without = data_write_json(&g.ctx.mem, sim_report_to_data(&g.ctx.mem, &g.r, g.t), 0);
    assert_string_equal(with, without);
    rig_close(&g);
  }
}

static int64_t cycles_with(const tog_matmul_spec *s, double dram, double link, double hop, double latency) {
  rig g;
  rig_open(&g, s);
  g.m->dram_bytes_per_cycle.value = dram;
  g.m->link_bytes_per_cycle.value = link;
  g.m->hop_cycles.value = hop;
  g.m->dram_latency_cycles.value = latency;
  assert_int_equal(rig_run(&g, false, true), LOOM_OK);
  int64_t cycles = g.r.cycles;
  rig_close(&g);
  return cycles;
}

static void test_a_better_machine_is_never_slower(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(specs); i++) {
    int64_t base = cycles_with(&specs[i], 32, 16, 4, 200);
    assert_true(cycles_with(&specs[i], 64, 16, 4, 200) <= base);
    assert_true(cycles_with(&specs[i], 32, 32, 4, 200) <= base);
    assert_true(cycles_with(&specs[i], 32, 16, 2, 200) <= base);
    assert_true(cycles_with(&specs[i], 32, 16, 4, 100) < base);    /* the first load is always waited for */
    assert_true(cycles_with(&specs[i], 64, 32, 2, 100) < base);
  }
}

/* One core, loads far faster than compute: the compute thread never waits after the first k tile.
 *   max(fill, load a + load b) + tiles * (k tiles * k cycles + cast) + (tiles - 1) * fill + store
 * with load = setup + latency + bytes / channel rate, and no hop: the channel is attached to the core. */
static void test_compute_bound_core_takes_exactly_the_sum_of_its_cycles(void **state) {
  (void)state;
  const struct { double dram, latency, setup; int64_t kc; } cases[] = {{0, 0, 0, 1000}, {64, 100, 10, 5000}, {33.375, 77, 3, 4000}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    tog_matmul_spec s = {96, 64, 128, 32, 32, 32, 1, 1, false, 2, cases[i].kc};
    rig g;
    rig_open(&g, &s);
    g.m = rig_machine(&g.ctx.mem, 1, 1, 1);
    g.m->dram_bytes_per_cycle.value = cases[i].dram;
    g.m->dram_latency_cycles.value = cases[i].latency;
    g.m->transfer_setup_cycles.value = cases[i].setup;
    assert_int_equal(rig_run(&g, false, true), LOOM_OK);
    double bytes = 32 * 32 * 2, wire = cases[i].dram > 0 ? bytes / cases[i].dram : 0;
    int64_t move = (int64_t)ceil(cases[i].setup + cases[i].latency + wire);
    int64_t fill = 32, cast = 32, tiles = 6, first = 2 * move > fill ? 2 * move : fill;
    assert_int_equal(g.r.cycles, first + tiles * (4 * cases[i].kc + cast) + (tiles - 1) * fill + move);
    assert_int_equal(g.r.cores[0].busy, tiles * (fill + 4 * cases[i].kc + cast));
    rig_close(&g);
  }
}

/* ---- one load a core, and a compute that waits for it: the core's cycles are the arrival ---- */

/* setup + latency + max(channel, link) serialisation + hops * hop, with the other cores' boxes empty. */
static void test_idle_unicast_load_is_latency_and_slowest_stage(void **state) {
  (void)state;
  const struct { double dram, link; int64_t rows; } cases[] = {{64, 32, 8}, {16, 32, 8}, {10, 7, 3}, {1000, 1000, 1}};
  for (size_t i = 0; i < COUNT_OF(cases); i++)
    for (int64_t core = 0; core < 5; core++) {
      single x;
      single_open(&x, 5, cases[i].rows);
      x.m->dram_bytes_per_cycle.value = cases[i].dram;
      x.m->link_bytes_per_cycle.value = cases[i].link;
      arena *m = &x.ctx.mem;
      const sym_expr *is_it = sym_make(m, SYM_EQ, sym_name(m, "y"), sym_const(m, core), NULL);
      x.load->box.extent[0] = sym_make(m, SYM_IF, is_it, sym_const(m, cases[i].rows), sym_const(m, 0));
      x.t.body.at[1]->active = is_it;
      single_run(&x);
      double bytes = (double)cases[i].rows * 256, channel = bytes / cases[i].dram, link = core ? bytes / cases[i].link : 0;
      int64_t want = (int64_t)ceil(10 + 100 + (channel > link ? channel : link) - 1e-6) + 2 * core;
      assert_in_range(x.r.cores[core].cycles, want, want + 1);   /* the tick is 1/256 cycle, rounded up at every server */
      loom_ctx_done(&x.ctx);
    }
}

/* Five cores want the same bytes from one channel: it serves them one after the other. */
static void test_a_channel_is_a_fifo(void **state) {
  (void)state;
  single x;
  single_open(&x, 5, 16);
  x.m->link_bytes_per_cycle.value = 0;   /* without limit */
  x.m->hop_cycles.value = 0;
  single_run(&x);
  for (int c = 0; c < 5; c++)
    assert_int_equal(x.r.cores[c].cycles, 110 + 64 * (c + 1));
  assert_int_equal(x.r.channels.at[0].busy, 320);
  loom_ctx_done(&x.ctx);
}

/* Core 2 loads a page of channel 0, behind the one that core 1 loads, and a page of channel 1, which is at core 1.  Link 1 -> 2 is reserved for the first of them from
 * cycle 370 on, when it has crossed link 0 -> 1, but the second is there at 110 and takes 256: it goes before, and all is there at 110 + 2 * (256 + hop). */
static void test_what_is_held_up_elsewhere_leaves_the_links_before_it_free(void **state) {
  (void)state;
  single x;
  single_open(&x, 3, 2);
  arena *m = &x.ctx.mem;
  const sym_expr *y = sym_name(m, "y");
  x.m->dram_channels = 2;
  vec_push(m, &x.m->attach, 1);
  x.m->dram_bytes_per_cycle.value = 0;   /* without limit */
  x.m->link_bytes_per_cycle.value = 1;
  x.load->box.extent[0] = y;             /* core 0: nothing, core 1: row 0, core 2: rows 0 and 1, a page each */
  x.t.body.at[1]->active = y;
  single_run(&x);
  assert_int_equal(x.r.cores[1].cycles, 110 + 256 + 2);
  assert_int_equal(x.r.cores[2].cycles, 110 + 2 * (256 + 2));
  loom_ctx_done(&x.ctx);
}

/* The sender at y = 0 has its data at 110 + 64; the word of core j takes 2j; then setup, one serialisation and j hops. */
static void test_multicast_arrives_after_one_serialisation_and_its_hops(void **state) {
  (void)state;
  single x;
  single_open(&x, 5, 16);
  arena *m = &x.ctx.mem;
  x.load->has_group = true;
  x.load->group = (tog_group){.ul = {sym_const(m, 0), sym_const(m, 0)}, .lr = {sym_const(m, 0), sym_const(m, 4)}, .sender = {sym_const(m, 0), sym_const(m, 0)}};
  single_run(&x);
  int64_t send = 110 + 64 + 10, wire = 4096 / 32;
  assert_int_equal(x.r.cores[0].cycles, send + wire);
  for (int j = 1; j < 5; j++)
    assert_int_equal(x.r.cores[j].cycles, send + wire + 2 * j);
  assert_int_equal(x.r.dram_bytes_read, 4096);
  assert_int_equal(x.r.noc_bytes, 4 * 4096);
  loom_ctx_done(&x.ctx);
}

/* The L1 port halves the speed where it is slower than the link. */
static void test_the_l1_port_limits_a_transfer(void **state) {
  (void)state;
  single x;
  single_open(&x, 1, 16);
  x.m->l1_bytes_per_cycle.value = 16;
  single_run(&x);
  assert_int_equal(x.r.cores[0].cycles, 110 + 4096 / 16);
  loom_ctx_done(&x.ctx);
}

/* On a ring of 5, core 4 is one hop from core 0 and core 3 two. */
static void test_torus_goes_the_shorter_way_round(void **state) {
  (void)state;
  for (int wraps = 0; wraps < 2; wraps++) {
    single x;
    single_open(&x, 5, 1);
    x.m->mesh.at[1].wraps = wraps != 0;
    single_run(&x);
    assert_int_equal(x.r.noc_bytes, 256 * (wraps ? 1 + 2 + 2 + 1 : 1 + 2 + 3 + 4));
    loom_ctx_done(&x.ctx);
  }
}

/* The graph's dims are found by name; machine dims that it does not have stay at 0. */
static void test_graph_dims_are_machine_dims_by_name(void **state) {
  (void)state;
  single x;
  single_open(&x, 5, 1);
  x.t.n_mesh = 1;
  x.t.mesh_name[0] = "y";
  x.t.mesh_size[0] = 4;
  single_run(&x);
  assert_int_equal(x.r.n_cores, 4);
  assert_int_equal(x.r.noc_bytes, 256 * (1 + 2 + 3));
  loom_ctx_done(&x.ctx);
}

/* A multicast to all 8 cores of a cube is a tree of 7 links, at most 3 deep. */
static void test_multicast_reaches_a_cube_along_a_tree(void **state) {
  (void)state;
  single x;
  single_open(&x, 2, 16);
  arena *m = &x.ctx.mem;
  x.m->mesh.at[0].size = 2;
  vec_push(m, &x.m->mesh, ((machine_dim){.name = "z", .size = 2}));
  x.t.n_mesh = 3;
  x.t.mesh_name[2] = "z";
  for (int d = 0; d < 3; d++) {
    x.t.mesh_size[d] = 2;
    x.load->group.ul[d] = x.load->group.sender[d] = sym_const(m, 0);
    x.load->group.lr[d] = sym_const(m, 1);
  }
  x.load->has_group = true;
  single_run(&x);
  assert_int_equal(x.r.n_cores, 8);
  assert_int_equal(x.r.noc_bytes, 7 * 4096);
  assert_int_equal(x.r.links.n, 7);
  for (int c = 0; c < 8; c++)
    assert_int_equal(x.r.cores[c].cycles, 110 + 64 + 10 + 4096 / 32 + 2 * __builtin_popcount((unsigned)c));
  loom_ctx_done(&x.ctx);
}

/* Pages of 256 bytes over 4 channels: 10 rows of 256 bytes are 3, 3, 2, 2 pages; from a long run the same as from single rows. */
static void test_pages_go_round_the_channels(void **state) {
  (void)state;
  const struct { int64_t cols; int64_t bytes[4]; } cases[] = {{64, {768, 768, 512, 512}}, {32, {384, 384, 256, 256}}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    single x;
    single_open(&x, 1, 10);
    x.m->dram_channels = 4;
    for (int c = 0; c < 3; c++)
      vec_push(&x.ctx.mem, &x.m->attach, 0);
    x.load->box.extent[1] = sym_const(&x.ctx.mem, cases[i].cols);
    single_run(&x);
    for (int c = 0; c < 4; c++)
      assert_int_equal(x.r.channels.at[c].bytes, cases[i].bytes[c]);
    loom_ctx_done(&x.ctx);
  }
}

static void test_runs_are_bounded_by_their_budget(void **state) {
  (void)state;
  rig g;
  rig_open(&g, &specs[0]);
  sim_options o = {.event_budget = 100};
  assert_int_equal(sim_run(&g.ctx, g.t, g.m, &o, &g.r), LOOM_ELIMIT);
  testing_expect_error(&g.ctx, LOOM_ELIMIT, "more than 100 events", 0, 0);
  rig_close(&g);
  /* a loop that never waits is bounded too */
  rig_open(&g, &specs[0]);
  tog_node *loop = ARENA_NEW(&g.ctx.mem, tog_node), *push = ARENA_NEW(&g.ctx.mem, tog_node);
  loop->kind = TOG_LOOP;
  loop->var = "z";
  loop->trip = sym_const(&g.ctx.mem, INT64_C(1) << 60);
  push->kind = TOG_PUSH;
  vec_push(&g.ctx.mem, &loop->body, push);
  tog_sample_insert(&g.ctx.mem, g.t, g.t->body.at[0], loop);
  assert_int_equal(rig_run(&g, false, false), LOOM_ELIMIT);
  rig_close(&g);
}

/* ---- machines and options that do not fit ---- */

static void test_a_machine_that_does_not_fit_is_refused(void **state) {
  (void)state;
  enum { NO_DIM, SMALL_MESH, NO_CHANNELS, NO_ATTACH, BAD_ATTACH, ATTACH_BELOW, MANY_CHANNELS, NO_PAGES, LARGE_PAGES, LARGE_MESH, LARGE_PRODUCT, MANY_DIMS, NO_MESH };
  const struct { int what; const char *text; } cases[] = {
    {NO_DIM, "not a dim of machine"}, {SMALL_MESH, "machine 'rig' has 1"}, {NO_CHANNELS, "DRAM channels and pages"},
    {ATTACH_BELOW, "to core -1"}, {MANY_CHANNELS, "DRAM channels and pages"}, {NO_PAGES, "DRAM channels and pages"}, {LARGE_PAGES, "DRAM channels and pages"},
    {LARGE_MESH, "must have 1..3 dims"}, {LARGE_PRODUCT, "must have 1..3 dims"}, {MANY_DIMS, "must have 1..3 dims"}, {NO_ATTACH, "attach points"}, {BAD_ATTACH, "to core 99"}, {NO_MESH, "must have 1..3 dims"},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    rig g;
    rig_open(&g, &specs[0]);
    switch (cases[i].what) {
    case NO_DIM: g.m->mesh.at[1].name = "z"; break;
    case SMALL_MESH: g.m->mesh.at[0].size = 1, g.m->mesh.at[1].size = 4; break;
    case NO_CHANNELS: g.m->dram_channels = 0; break;
    case NO_ATTACH: g.m->attach.n = 1; break;
    case BAD_ATTACH: g.m->attach.at[1] = 99; break;
    case ATTACH_BELOW: g.m->attach.at[1] = -1; break;
    case MANY_CHANNELS: g.m->dram_channels = 1025; break;
    case NO_PAGES: g.m->dram_page_bytes = 0; break;
    case LARGE_PAGES: g.m->dram_page_bytes = INT64_C(1) << 31; break;
    case LARGE_MESH: g.m->mesh.at[0].size = INT64_C(1) << 40; break;
    case LARGE_PRODUCT: g.m->mesh.at[0].size = g.m->mesh.at[1].size = 1 << 15; break;
    case MANY_DIMS:
      for (int k = 0; k < 2; k++)
        vec_push(&g.ctx.mem, &g.m->mesh, ((machine_dim){.name = k ? "u" : "z", .size = 1}));
      break;
    default: g.m->mesh.n = 0; g.m->attach.at[0] = g.m->attach.at[1] = 0; break;
    }
    assert_int_equal(rig_run(&g, false, true), LOOM_EINPUT);
    testing_expect_error(&g.ctx, LOOM_EINPUT, cases[i].text, 0, 0);
    rig_close(&g);
  }
}

static void test_rates_and_times_of_any_size(void **state) {
  (void)state;
  static const struct { double given; sim_rate rate; int64_t ticks; } cases[] = {
      {0, 0, 0}, {-1, 0, 0}, {1e-9, 1, 0}, {1, 4096, SIM_TICKS}, {0.5, 2048, SIM_TICKS / 2}, {1e12, 4096 * INT64_C(1000000000000), INT64_C(1000000000000) * SIM_TICKS}, {1e13, 0, SIM_CYCLES_MAX * SIM_TICKS}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    assert_int_equal(sim_rate_of(cases[i].given), cases[i].rate);
    assert_int_equal(sim_ticks_of(cases[i].given), cases[i].ticks);
    assert_int_equal(sim_rate_ticks(cases[i].rate, 4096), cases[i].rate ? (4096 * 4096 * (int64_t)SIM_TICKS + cases[i].rate - 1) / cases[i].rate : 0);
  }
  assert_string_equal(sim_fault_name((sim_fault_kind)1000), "?");
  /* without tensors there are no contents to give */
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  rig g;
  rig_open(&g, &specs[0]);
  tog nothing = *g.t;
  sim_exec exec = {tog_sample_functions, 1};
  sim_report r;
  nothing.tensors.n = 0;
  nothing.n_nodes = 0;
  memset(&nothing.body, 0, sizeof nothing.body);
  assert_true(sim_run(&ctx, &nothing, g.m, &(sim_options){.exec = &exec}, &r) != LOOM_EBUG);
  rig_close(&g);
  loom_ctx_done(&ctx);
}

static void test_values_need_code_and_contents(void **state) {
  (void)state;
  rig g;
  rig_open(&g, &specs[0]);
  sim_exec exec = {tog_sample_functions, 1};
  void *none[3] = {0};
  assert_int_equal(sim_run(&g.ctx, g.t, g.m, &(sim_options){.exec = &exec}, &g.r), LOOM_EBUG);
  assert_int_equal(sim_run(&g.ctx, g.t, g.m, &(sim_options){.exec = &exec, .tensors = none}, &g.r), LOOM_EBUG);
  rig_fill(&g);
  assert_int_equal(sim_run(&g.ctx, g.t, g.m, &(sim_options){.exec = &exec, .tensors = g.tensors}, &g.r), LOOM_EINPUT);
  assert_non_null(strstr(g.ctx.diag.first->next->next->text, "calls 'tile_matmul', for which there is no code"));
  rig_close(&g);
}

static loom_status run_small(loom_ctx *ctx, void *data) {
  (void)data;
  tog_matmul_spec s = {8, 8, 8, 4, 4, 4, 2, 2, true, 2, 5};
  tog *t = tog_sample_matmul(&ctx->mem, &s);
  sim_report r;
  return sim_run(ctx, t, rig_machine(&ctx->mem, 2, 2, 2), &(sim_options){.verify = true}, &r);
}

static void test_running_out_of_memory_is_reported(void **state) {
  (void)state;
  testing_sweep_memory(run_small, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_values_do_not_change_time),
    cmocka_unit_test(test_a_better_machine_is_never_slower),
    cmocka_unit_test(test_compute_bound_core_takes_exactly_the_sum_of_its_cycles),
    cmocka_unit_test(test_idle_unicast_load_is_latency_and_slowest_stage),
    cmocka_unit_test(test_a_channel_is_a_fifo),
    cmocka_unit_test(test_what_is_held_up_elsewhere_leaves_the_links_before_it_free),
    cmocka_unit_test(test_multicast_arrives_after_one_serialisation_and_its_hops),
    cmocka_unit_test(test_the_l1_port_limits_a_transfer),
    cmocka_unit_test(test_torus_goes_the_shorter_way_round),
    cmocka_unit_test(test_graph_dims_are_machine_dims_by_name),
    cmocka_unit_test(test_multicast_reaches_a_cube_along_a_tree),
    cmocka_unit_test(test_pages_go_round_the_channels),
    cmocka_unit_test(test_runs_are_bounded_by_their_budget),
    cmocka_unit_test(test_a_machine_that_does_not_fit_is_refused),
    cmocka_unit_test(test_rates_and_times_of_any_size),
    cmocka_unit_test(test_values_need_code_and_contents),
    cmocka_unit_test(test_running_out_of_memory_is_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
