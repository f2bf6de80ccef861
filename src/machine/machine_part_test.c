/* The optional sections: dram.bank, dram.interleave, crossbar, noc, core.dispatch, core.pipeline, npu, chips; and the DRAM rate of one channel. */
#include "base/text.h"
#include "machine/machine_testing.h"
#include <stdlib.h>

/* tpuv3-togsim, which has them all, with some lines on top. */
static loom_status read_changed(loom_ctx *ctx, const char *changes, machine **out) {
  const char *yaml = arena_printf(&ctx->mem, "schema: loom.machine.v1\nextends: tpuv3-togsim\nname: changed\n%s", changes);
  return machine_from_yaml(ctx, LOOM_SOURCE_DIR "/machines/changed.yaml", yaml, strlen(yaml), out);
}

static void test_all_parts_arrive_and_round_trip(void **state) {
  loom_ctx *ctx = *state;
  machine *m, *again;
  expect_ok(ctx, read_changed(ctx, "dram: {bank: {faw: {value: 21, assumed: true, note: guess}}}\ncore: {dispatch: {tiles: 9}, pipeline: {depth: 30}}\n", &m));
  expect_ok(ctx, machine_from_yaml(ctx, "again.yaml", machine_to_yaml(&ctx->mem, m), strlen(machine_to_yaml(&ctx->mem, m)), &again));
  const machine *both[] = {m, again};
  for (int i = 0; i < 2; i++) {
    assert_int_equal(both[i]->bank->faw, 21);
    assert_int_equal(both[i]->bank->request_bytes, 32);
    assert_int_equal(both[i]->bank->act, 2);
    assert_int_equal(both[i]->crossbar->ports, 16);
    assert_int_equal(both[i]->crossbar->latency_cycles, 10);
    assert_int_equal(both[i]->dispatch->tiles, 9);
    assert_int_equal(both[i]->dispatch->items, 2);
    assert_int_equal(both[i]->pipeline->depth, 30);
    assert_int_equal(both[i]->pipeline->weight_interval, 5);
    assert_true(both[i]->hashes_channels);
    const char *shown = machine_describe(&ctx->mem, both[i]);
    assert_non_null(strstr(shown, "dram banks\n"));
    assert_non_null(strstr(shown, "clocks        assumed: guess"));
    assert_non_null(strstr(shown, "crossbar between cores and DRAM channels\n"));
    assert_non_null(strstr(shown, "dispatch of tiles to a core\n"));
    assert_non_null(strstr(shown, "units of a core, instruction by instruction\n"));
  }
}

static void test_machines_without_parts_show_none(void **state) {
  loom_ctx *ctx = *state;
  machine *m;
  const char *yaml = "schema: loom.machine.v1\nextends: wormhole\nname: w\n";
  expect_ok(ctx, machine_from_yaml(ctx, LOOM_SOURCE_DIR "/machines/w.yaml", yaml, strlen(yaml), &m));
  assert_true(!m->bank && !m->crossbar && !m->dispatch && !m->pipeline && !m->hashes_channels);
  assert_null(strstr(machine_describe(&ctx->mem, m), "dram banks"));
  assert_null(strstr(machine_to_yaml(&ctx->mem, m), "crossbar"));
}

static void test_chips_arrive_and_round_trip(void **state) {
  loom_ctx *ctx = *state;
  static const struct { const char *name; int64_t chips; double rate; } cases[] = {{"wormhole", 1, 0}, {"n300", 2, 25}, {"t3000", 8, 25}, {"galaxy", 32, 50}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    machine *m, *again;
    expect_ok(ctx, machine_load(ctx, cases[i].name, NULL, &m));
    expect_ok(ctx, machine_from_yaml(ctx, "again.yaml", machine_to_yaml(&ctx->mem, m), strlen(machine_to_yaml(&ctx->mem, m)), &again));
    const machine *both[] = {m, again};
    for (int k = 0; k < 2; k++) {
      assert_int_equal(machine_n_chips(both[k]), cases[i].chips);
      assert_int_equal(machine_cores(both[k]), 64);
      assert_float_equal(machine_chip_link_rate(both[k]), cases[i].rate, 1e-9);
      assert_int_equal(strstr(machine_describe(&ctx->mem, both[k]), "links between neighbouring chips\n") != NULL, cases[i].chips > 1);
    }
    assert_int_equal(machine_n_chips(machine_one_chip(&ctx->mem, m)), 1);
  }
}

static void test_the_rate_of_one_channel_follows_their_number(void **state) {
  loom_ctx *ctx = *state;
  static const struct { const char *changes; double bytes_per_cycle; } cases[] = {
      {"", 512}, {"dram: {channels: 4}\n", 128}, {"dram: {gb_per_s: 94}\n", 100}, {"dram: {bytes_per_cycle: 7}\n", 7}, {"dram: {channel_gb_per_s: 15.04}\n", 256},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    machine *m;
    expect_ok(ctx, read_changed(ctx, cases[i].changes, &m));
    assert_float_equal(m->dram_bytes_per_cycle.value, cases[i].bytes_per_cycle, 1e-6);
  }
}

static void test_wrong_parts_are_told(void **state) {
  (void)state;
  static const struct { const char *changes, *error, *help; } cases[] = {
      {"dram: {bank: {banks: 3}}\n", "'banks' is 3; must be a power of two", "it is a field of the address"},
      {"dram: {bank: {banks: 16, bank_groups: 16}}\n", "a channel has 512 banks (pseudo_channels * bank_groups * banks); at most 64 can be simulated", NULL},
      {"dram: {bank: {row_bytes: 16}}\n", "a row of 16 bytes is smaller than a request of 32", NULL},
      {"dram: {bank: {write_start: 300}}\n", "writes start at 300 requests, but the queue holds 257", NULL},
      {"dram: {bank: {write_stop: 205}}\n", "writes stop at 205 requests; must be fewer than the 205 they start at", NULL},
      {"dram: {bank: {cl: 0}}\n", "'cl' is 0; must be 1..1024", NULL},
      {"dram: {bank: {cl: 1.5}}\n", "'cl' is 1.5; expected a whole number", NULL},
      {"dram: {bank: {tcl: 7}}\n", "tcl", NULL},
      {"dram: {bank: 3}\n", "bank", NULL},
      {"dram: {interleave: iploy}\n", "'interleave' is 'iploy'; must be 'page' or 'ipoly'", "did you mean 'ipoly'?"},
      {"dram: {interleave: rows}\n", "'interleave' is 'rows'; must be 'page' or 'ipoly'", "page: page after page over the channels; ipoly: requests by a hash of their address"},
      {"dram: {gb_per_s: 1, channel_gb_per_s: 1}\n", "the DRAM has both 'gb_per_s' and 'channel_gb_per_s'; write one of them", NULL},
      {"crossbar: {ports: 100}\n", "'ports' is 100; must be 1..64", NULL},
      {"noc: {clock_hz: 940000000, ports: 4, header_bytes: 0}\n", "'header_bytes' is 0; must be 1..256", NULL},
      {"npu: {vlen_bits: 100, weight_slots: 2, window: 64, launch_cycles: 0}\n", "'vlen_bits' is 100; must be a power of two", "that is what vectors of RISC-V are"},
      {"npu: {vlen_bits: 256, weight_slots: 0, window: 64, launch_cycles: 0}\n", "'weight_slots' is 0; must be 1..16", NULL},
      {"target: {kind: npu}\n", "a target of kind npu needs section 'npu'", NULL},
      {"target: {kind: npu, arch: tpu}\n", "a target of kind npu has no 'arch'; section 'npu' says what it is", NULL},
      {"core: {dispatch: {items: 0}}\n", "'items' is 0; must be 1..8", NULL},
      {"chips: {mesh: [{name: a, size: 2}]}\n", "the key 'links' is missing", "add 'links': what is between neighbouring chips"},
      {"chips: {mesh: [{name: a, size: 64}, {name: b, size: 32}], links: {}}\n", "the mesh has more than 1024 chips", NULL},
      {"chips: {mesh: [{name: a, size: 2}], wires: 1}\n", "wires", NULL},
      {"chips: {mesh: [{name: a, size: 2}], links: {gbit_per_s: 1, count: 0, hop_cycles: 1, setup_cycles: 1, packet_bytes: 64}}\n", "'count' is 0; must be 1..64", NULL},
      {"core: {pipeline: {depth: -1}}\n", "'depth' is -1; must be 0..65536", NULL},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    machine *m;
    loom_status st = read_changed(&ctx, cases[i].changes, &m);
    assert_true(st == LOOM_EINPUT || st == LOOM_ELIMIT);
    testing_expect_error(&ctx, st, cases[i].error, 0, 0);
    assert_int_equal(ctx.diag.first->span.line, 4);
    if (cases[i].help)
      assert_string_equal(ctx.diag.first->help, cases[i].help);
    loom_ctx_done(&ctx);
  }
}

/* A section is whole or absent. */
static void test_a_missing_key_is_told_with_what_it_is(void **state) {
  loom_ctx *ctx = *state;
  machine *m;
  const char *yaml = "schema: loom.machine.v1\nextends: wormhole\nname: w\ncrossbar: {ports: 4, clock_hz: 1000000000}\n";
  assert_int_equal(machine_from_yaml(ctx, LOOM_SOURCE_DIR "/machines/w.yaml", yaml, strlen(yaml), &m), LOOM_EINPUT);
  testing_expect_error(ctx, LOOM_EINPUT, "the key 'latency_cycles' is missing", 4, 11);
  assert_string_equal(ctx->diag.first->help, "add 'latency_cycles': one way");
}

static void test_lanes_are_the_banks_of_the_scratchpad(void **state) {
  loom_ctx *ctx = *state;
  machine *m, *again;
  const char *npu = "noc: {clock_hz: 940000000, ports: 4, header_bytes: 8}\nnpu: {vlen_bits: 512, weight_slots: 2, window: 64, launch_cycles: 7}\ntarget: {kind: npu}\n";
  expect_ok(ctx, read_changed(ctx, npu, &m));
  expect_ok(ctx, machine_from_yaml(ctx, "again.yaml", machine_to_yaml(&ctx->mem, m), strlen(machine_to_yaml(&ctx->mem, m)), &again));
  assert_int_equal(again->npu->vlen_bits, 512);
  assert_int_equal(again->npu->launch_cycles, 7);
  assert_int_equal(again->noc->header_bytes, 8);
  assert_string_equal(again->target_kind, "npu");
  assert_null(again->target_arch);
  assert_int_equal(again->l1_banks, 128);
  assert_int_equal(machine_lane_bytes(again), 131072);
  const char *shown = machine_describe(&ctx->mem, again);
  assert_non_null(strstr(shown, "npu: programs with buffers in the scratchpad\n"));
  assert_non_null(strstr(shown, "\ntarget: RISC-V programs for lanes and systolic arrays\n"));
  machine *w;
  const char *yaml = arena_printf(&ctx->mem, "schema: loom.machine.v1\nextends: wormhole\nname: w\ncore: {memory: {bytes: 4096}}\n%s", npu);
  assert_int_equal(machine_from_yaml(ctx, LOOM_SOURCE_DIR "/machines/w.yaml", yaml, strlen(yaml), &w), LOOM_EINPUT);
  testing_expect_error(ctx, LOOM_EINPUT, "the machine has 'npu', but its core.memory does not say how many banks it has", 0, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_all_parts_arrive_and_round_trip, setup, teardown),
      cmocka_unit_test_setup_teardown(test_machines_without_parts_show_none, setup, teardown),
      cmocka_unit_test_setup_teardown(test_chips_arrive_and_round_trip, setup, teardown),
      cmocka_unit_test_setup_teardown(test_the_rate_of_one_channel_follows_their_number, setup, teardown),
      cmocka_unit_test_setup_teardown(test_wrong_parts_are_told, setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_missing_key_is_told_with_what_it_is, setup, teardown),
      cmocka_unit_test_setup_teardown(test_lanes_are_the_banks_of_the_scratchpad, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
