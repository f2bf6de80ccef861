/* Chains: every core gets the sender's tile from its neighbour, at the time the steps add up to. */
#include "sim/sim_bench.h"

/* Every round one tile for the rectangle, stored by each core of it; ROUNDS * 3 * 4 tiles of 8 * 16. */
static const char *const graph =
  "{\"schema\": \"loom.tog.v1\", \"mesh\": [{\"name\": \"x\", \"size\": 3}, {\"name\": \"y\", \"size\": 4}],\n"
  "\"tensors\": [{\"name\": \"in\", \"dtype\": \"f32\", \"shape\": [5, 3, 4, 8, 16], \"input\": true, \"arg\": 0}, "
  "{\"name\": \"out\", \"dtype\": \"f32\", \"shape\": [5, 3, 4, 8, 16], \"output\": true, \"arg\": 1}],\n"
  "\"buffers\": [{\"name\": \"b\", \"dtype\": \"f32\", \"shape\": [8, 16], \"bytes\": 512, \"depth\": $depth$, \"stride\": 512, \"offset\": 0}],\n"
  "\"body\": [{\"loop\": \"r\", \"trip\": 5, \"body\": [\n"
  "  {\"load\": \"in\", \"to\": \"b\", \"offset\": [\"r\", \"x\", \"y\", 0, 0], \"extent\": [1, 1, 1, 8, 16], \"dims\": [-1, -1, -1, 0, 1], \"label\": \"load\",\n"
  "   \"multicast\": {\"ul\": [\"$ux$\", \"$uy$\"], \"lr\": [\"$lx$\", \"$ly$\"], \"sender\": [\"$sx$\", \"$sy$\"], \"chain\": [$chain$]}},\n"
  "  {\"store\": \"out\", \"from\": \"b\", \"offset\": [\"r\", \"x\", \"y\", 0, 0], \"extent\": [1, 1, 1, 8, 16], \"dims\": [-1, -1, -1, 0, 1]},\n"
  "  {\"give\": \"b\", \"thread\": \"writer\"}]}]}";

typedef struct shape { const char *ux, *uy, *lx, *ly, *sx, *sy, *chain; } shape;

static void open_chain(bench *b, const shape *s, const char *depth) {
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  const char *const pairs[] = {"ux", s->ux, "uy", s->uy, "lx", s->lx, "ly", s->ly, "sx", s->sx, "sy", s->sy, "chain", s->chain, "depth", depth, NULL};
  bench_open(b, bench_text(&ctx.mem, graph, pairs));
  loom_ctx_done(&ctx);
}

/* The tile that core (x, y) has in every round: its sender's; links crossed by one tile per round, all groups together. */
static const struct { shape s; int step_x, step_y; int64_t links; } chains[] = {
  {{"x", "0", "x", "3", "x", "0", "false, true"}, 1, 4, 3 * 3},            /* rows along y */
  {{"0", "y", "2", "y", "0", "y", "true, false"}, 3, 1, 4 * 2},            /* columns along x */
  {{"0", "0", "2", "3", "0", "0", "true, true"}, 3, 4, 11},                /* all, in two dims */
  {{"0", "0", "2", "3", "0", "0", "false, true"}, 3, 4, 11},               /* multicast along x, then chains along y */
  {{"0", "0", "2", "3", "0", "0", "true, false"}, 3, 4, 11},
  {{"x", "2 * (y floordiv 2)", "x", "2 * (y floordiv 2) + 1", "x", "2 * (y floordiv 2)", "false, true"}, 1, 2, 3 * 2},
  {{"x", "y", "x", "y", "x", "y", "true, true"}, 1, 1, 0},                 /* chains of one core */
};

static void test_every_core_gets_the_tile_of_its_sender(void **state) {
  (void)state;
  const char *const depths[] = {"1", "2", "3"};
  for (size_t i = 0; i < COUNT_OF(chains); i++)
    for (size_t d = 0; d < COUNT_OF(depths); d++) {
      bench b;
      open_chain(&b, &chains[i].s, depths[d]);
      bench_run(&b, NULL, 0, true);
      bench_expect_clean(&b);
      for (int r = 0; r < 5; r++)
        for (int x = 0; x < 3; x++)
          for (int y = 0; y < 4; y++) {
            int from = ((r * 3 + x / chains[i].step_x * chains[i].step_x) * 4 + y / chains[i].step_y * chains[i].step_y) * 128, to = ((r * 3 + x) * 4 + y) * 128;
            for (int k = 0; k < 128; k++)
              assert_true(b.data[1][to + k] == b.data[0][from + k]);
          }
      int groups = 12 / (chains[i].step_x * chains[i].step_y);
      assert_int_equal(b.r.dram_bytes_read, 5 * groups * 512);
      bench_close(&b);
    }
}

/* The links between cores carry each tile once: what the loads add over loads of nothing but their own DRAM traffic. */
static void test_a_chain_crosses_each_of_its_links_once(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(chains); i++) {
    int64_t bytes[2];
    for (int with = 0; with < 2; with++) {
      bench b;
      open_chain(&b, &chains[i].s, "2");
      if (!with) {   /* only the senders load */
        tog_node *load = b.t->body.at[0]->body.at[0];
        arena *m = &b.ctx.mem;
        const sym_expr *is_sender = sym_make(m, SYM_AND, sym_make(m, SYM_EQ, load->group.sender[0], sym_name(m, "x"), NULL),
                                             sym_make(m, SYM_EQ, load->group.sender[1], sym_name(m, "y"), NULL), NULL);
        load->box.extent[0] = sym_make(m, SYM_IF, is_sender, sym_const(m, 1), sym_const(m, 0));
        load->has_group = false;
      }
      bench_run(&b, NULL, 0, false);
      bytes[with] = b.r.noc_bytes;
      bench_close(&b);
    }
    assert_int_equal(bytes[1] - bytes[0], 5 * 512 * chains[i].links);
  }
}

/* ---- time ---- */

/* One round, one row of 4: its own load, then 3 steps of setup + hop + bytes / link; the stores come later and are left out by an empty extent.
 * A core that hands the tile on has it published when its last byte has left. */
static void test_a_chain_takes_the_sum_of_its_steps(void **state) {
  (void)state;
  const struct { double setup, hop, link; } cases[] = {{10, 2, 32}, {100, 5, 7}, {0, 1, 512}, {37, 0, 64}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    bench b;
    open_chain(&b, &chains[0].s, "1");
    b.m->transfer_setup_cycles.value = cases[i].setup;
    b.m->hop_cycles.value = cases[i].hop;
    b.m->link_bytes_per_cycle.value = cases[i].link;
    b.t->body.at[0]->trip = sym_const(&b.ctx.mem, 1);
    b.t->body.at[0]->body.at[1]->box.extent[0] = sym_const(&b.ctx.mem, 0);
    b.t->tensors.at[1].is_output = false;
    b.t->mesh_size[0] = 1;   /* a quiet mesh: one row, both channels at its first core */
    b.m->attach.at[1] = 0;
    bench_run(&b, NULL, 0, false);
    bench_expect_clean(&b);
    double wire = 512 / cases[i].link, dram = 512 / 32.0;   /* two channels of 32 bytes a cycle; the tile is 2 pages, one on each */
    double own = cases[i].setup + 100 + dram / 2, step = cases[i].setup + cases[i].hop + wire;
    for (int y = 0; y < 4; y++) {
      double want = ceil(own) + (y == 3 ? 3 * step : y * step + cases[i].setup + wire);
      assert_in_range(b.r.cores[y].cycles, (int64_t)want, (int64_t)want + 4);   /* whole cycles at every step */
    }
    bench_close(&b);
  }
}

/* Many rounds through a ring of two slots.  A core in the middle of a row receives and hands on, turn after turn: setup + hop + wire, the next word a hop
 * before it, setup + wire; where the first column is passed down x and every row along y, its middle hands on twice (the cost model's figures,
 * model_price.c). */
static void test_rounds_of_a_chain_follow_as_its_busiest_core_can(void **state) {
  (void)state;
  const struct { int chain, times; double setup, hop, link; } cases[] = {{0, 1, 100, 9, 4}, {0, 1, 400, 9, 32}, {0, 1, 50, 30, 8}, {2, 2, 100, 9, 4}, {2, 2, 400, 9, 32}, {2, 2, 50, 3, 8}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    int64_t cycles[2];
    for (int n = 0; n < 2; n++) {
      bench b;
      open_chain(&b, &chains[cases[i].chain].s, "2");
      b.m->transfer_setup_cycles.value = cases[i].setup;
      b.m->hop_cycles.value = cases[i].hop;
      b.m->link_bytes_per_cycle.value = cases[i].link;
      b.m->dram_bytes_per_cycle.value = 0;     /* without limit: the chain alone takes time */
      b.m->dram_latency_cycles.value = 0;
      b.m->attach.at[1] = 0;
      b.t->body.at[0]->trip = sym_const(&b.ctx.mem, n ? 60 : 20);
      b.t->body.at[0]->body.at[0]->box.offset[0] = sym_const(&b.ctx.mem, 0);
      b.t->body.at[0]->body.at[1]->box.offset[0] = sym_const(&b.ctx.mem, 0);
      b.t->body.at[0]->body.at[1]->box.extent[0] = sym_const(&b.ctx.mem, 0);
      b.t->tensors.at[1].is_output = false;
      b.t->mesh_size[0] = cases[i].times == 1 ? 1 : 3;
      bench_run(&b, NULL, 0, false);
      bench_expect_clean(&b);
      cycles[n] = b.r.cycles;
      bench_close(&b);
    }
    double each = (double)(cycles[1] - cycles[0]) / 40, want = 2 * cases[i].hop + (1 + cases[i].times) * (cases[i].setup + 512 / cases[i].link);
    if (fabs(each / want - 1) > 0.02)
      fail_msg("case %d: %.1f cycles a round, expected %.1f", (int)i, each, want);
  }
}

/* ---- wrong ones ---- */

static const struct { shape s; sim_fault_kind kind; const char *text; } faults[] = {
  {{"x", "0", "x", "3", "x", "1", "false, true"}, SIM_FAULT_MULTICAST, "the sender of node 1 'load' [r=0] is core (0, 1); a chain starts at the first corner"},
  {{"x", "0", "x", "2", "x", "0", "false, true"}, SIM_FAULT_MULTICAST, "the rectangle of its chain does not hold this core"},
  {{"x", "0", "x", "4", "x", "0", "false, true"}, SIM_FAULT_MULTICAST, "reaches over the mesh"},
  {{"x", "0", "x", "if(y == 1, 1, 3)", "x", "0", "false, true"}, SIM_FAULT_MULTICAST, "waits for core (0, 1), which does not send to it"},
  {{"x", "0", "x", "if(y == 3, 3, 2)", "x", "0", "false, true"}, SIM_FAULT_DEADLOCK, "for core (0, 2) to send"},
  {{"x", "0", "x", "8 floordiv y", "x", "0", "false, true"}, SIM_FAULT_BAD_EXPR, "a multicast coordinate of"},
};

static void test_every_wrong_chain_is_seen(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(faults); i++) {
    bench b;
    open_chain(&b, &faults[i].s, "2");
    bench_run(&b, NULL, 0, false);
    bench_expect_fault(&b, faults[i].kind, faults[i].text);
    bench_close(&b);
  }
}

/* Core y = 2 never comes to its load: its predecessor waits for it, and it for nothing that can be. */
static void test_a_missing_successor_is_a_deadlock(void **state) {
  (void)state;
  bench b;
  open_chain(&b, &chains[0].s, "1");
  b.t->body.at[0]->trip = sym_make(&b.ctx.mem, SYM_IF, sym_make(&b.ctx.mem, SYM_EQ, sym_name(&b.ctx.mem, "y"), sym_const(&b.ctx.mem, 2), NULL),
                                   sym_const(&b.ctx.mem, 4), sym_const(&b.ctx.mem, 5));
  bench_run(&b, NULL, 0, false);
  bench_expect_fault(&b, SIM_FAULT_DEADLOCK, "the reader thread waits at node 1 'load' [r=4] for core (0, 2) to reserve its slot");
  bench_expect_fault(&b, SIM_FAULT_DEADLOCK, "the reader thread waits at node 1 'load' [r=4] for core (0, 2) to send");
  bench_close(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_every_core_gets_the_tile_of_its_sender),
    cmocka_unit_test(test_a_chain_crosses_each_of_its_links_once),
    cmocka_unit_test(test_a_chain_takes_the_sum_of_its_steps),
    cmocka_unit_test(test_rounds_of_a_chain_follow_as_its_busiest_core_can),
    cmocka_unit_test(test_every_wrong_chain_is_seen),
    cmocka_unit_test(test_a_missing_successor_is_a_deadlock),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
