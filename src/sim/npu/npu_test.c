/* Tile graphs run: the cycles that TOGSim has for the same files, counts in closed form, what goes wrong. */
#include "base/file.h"
#include "sim/npu/npu.h"
#include "sim/npu/npu_testing.h"
#include "tog/onnx/tile_graph_testing.h"
#include <stdlib.h>
#include <unistd.h>

/* tpuv3-togsim with some lines changed; NULL: as it is. */
static machine *tpu(loom_ctx *ctx, const char *lines) { return npu_test_machine(ctx, "tpuv3-togsim", lines); }

static npu_report run(loom_ctx *ctx, const tile_graph *g, const machine *m, dram_model dram) {
  npu_report r;
  loom_status st = npu_run(ctx, g, m, &(npu_options){.dram = dram, .event_budget = 100000000}, &r);
  if (st != LOOM_OK)
    fail_msg("npu_run: %s", ctx->diag.first->text);
  return r;
}

/* ---- against TOGSim ---- */

/* Measured with TOGSim of December 2025 over Ramulator 2 (bank) and its simple DRAM of 100 cycles. */
static const struct { const char *name; int64_t bank, simple, instructions; } files[] = {
    {"g128", 2077, 2086, 21}, {"g256", 2647, 2623, 30}, {"g512", 11249, 11019, 170}, {"g1024", 48313, 47331, 1190}, {"g2048", 298798, 297816, 10408},
};

static void test_files_take_the_cycles_togsim_has(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = tpu(ctx, NULL);
  for (size_t i = 0; i < COUNT_OF(files); i++) {
    tile_graph *g;
    assert_int_equal(tile_graph_load(ctx, arena_printf(&ctx->mem, LOOM_SOURCE_DIR "/tests/data/tog/%s.onnx", files[i].name), &g), LOOM_OK);
    npu_report simple = run(ctx, g, m, DRAM_RATE);
    assert_int_equal(simple.cycles, files[i].simple);
    assert_int_equal(simple.n_faults, 0);
    int64_t instructions = 0;
    for (int k = 0; k < TILE_KINDS; k++)
      instructions += simple.cores[0].instructions[k];
    assert_int_equal(instructions, files[i].instructions);
    if (i + 1 < COUNT_OF(files))   /* the last takes half a second by bank: `make bench` runs it */
      assert_int_equal(run(ctx, g, m, DRAM_BANK).cycles, files[i].bank);
  }
}

static void test_other_matmuls_take_the_cycles_togsim_has(void **state) {
  loom_ctx *ctx = *state;
  static const struct { gemm_spec s; int64_t bank, simple; } cases[] = {
      {{1024, 512, 256, 512, 256, 128, 128, 128, 128}, 13592, 10499}, {{128, 128, 128, 128, 128, 128, 128, 128, 128}, 1109, 1148},
      {{256, 256, 1024, 128, 128, 128, 128, 128, 128}, 13841, 10821}, {{256, 512, 512, 256, 256, 256, 128, 256, 256}, 7081, 5695},
      {{384, 640, 256, 384, 640, 256, 128, 128, 128}, 6842, 6643},    {{512, 512, 512, 256, 512, 128, 128, 128, 128}, 10941, 8840},
      {{640, 384, 896, 128, 384, 128, 128, 384, 128}, 27017, 22831},
  };
  const machine *m = tpu(ctx, NULL);
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const tile_graph *g = graph_gemm(&ctx->mem, cases[i].s);
    assert_int_equal(run(ctx, g, m, DRAM_BANK).cycles, cases[i].bank);
    assert_int_equal(run(ctx, g, m, DRAM_RATE).cycles, cases[i].simple);
  }
}

static void test_other_chips_take_the_cycles_togsim_has(void **state) {
  loom_ctx *ctx = *state;
  static const struct { const char *lines; int64_t bank[2], simple[2]; } cases[] = {
      {"dram: {channels: 4}\n", {26235, 98048}, {20675, 80284}},
      {"dram: {channels: 8}\n", {13604, 53066}, {10435, 40604}},
      {"dram: {channels: 12}\n", {13455, 53379}, {10435, 40604}},
      {"dram: {channels: 32}\n", {5639, 22916}, {5695, 22831}},
      {"dram: {channels: 64}\n", {5641, 22930}, {5695, 22831}},
      {"mesh: [{name: core, size: 2}]\ndram: {channels: 32}\n", {3752, 14679}, {3650, 13979}},
      {"mesh: [{name: core, size: 4}]\n", {6462, 28023}, {5968, 20764}},
      {"crossbar: {ports: 8, latency_cycles: 3}\n", {10370, 40759}, {10421, 40665}},
      /* 700, 1200 and 1000 MHz; 1400, 940 and 600 MHz; the simple DRAM's latency is in its own clocks */
      {"clock_hz: 700000000\ncrossbar: {clock_hz: 1000000000}\ndram: {latency_cycles: 58.333333, channel_gb_per_s: 38.4, bank: {clock_hz: 1200000000}}\n", {5611, 22747}, {5637, 22780}},
      {"clock_hz: 1400000000\ncrossbar: {clock_hz: 600000000}\ndram: {latency_cycles: 148.936}\n", {12170, 47767}, {12221, 47373}},
  };
  static const gemm_spec specs[] = {{256, 512, 512, 256, 256, 256, 128, 256, 256}, {640, 384, 896, 128, 384, 128, 128, 384, 128}};
  for (size_t i = 0; i < COUNT_OF(cases); i++)
    for (size_t k = 0; k < (i % 3 == 2 ? COUNT_OF(specs) : 1); k++) {   /* the second is four times as long */
      const tile_graph *g = graph_gemm(&ctx->mem, specs[k]);
      assert_int_equal(run(ctx, g, tpu(ctx, cases[i].lines), DRAM_BANK).cycles, cases[i].bank[k]);
      assert_int_equal(run(ctx, g, tpu(ctx, cases[i].lines), DRAM_RATE).cycles, cases[i].simple[k]);
    }
}

/* ---- closed forms ---- */

static void test_bytes_and_instructions_are_those_of_the_graph(void **state) {
  loom_ctx *ctx = *state;
  const gemm_spec s = {512, 384, 512, 256, 128, 256, 128, 128, 256};
  const tile_graph *g = graph_gemm(&ctx->mem, s);
  const char *chips[] = {NULL, "mesh: [{name: core, size: 3}]\n"};
  for (size_t c = 0; c < COUNT_OF(chips); c++)
    for (int dram = 0; dram < 2; dram++) {
      npu_report r = run(ctx, g, tpu(ctx, chips[c]), (dram_model)dram);
      int64_t items = s.m / s.tm * (s.n / s.tn), read = 0, written = 0, channels = 0, given[TILE_KINDS] = {0};
      assert_int_equal(r.items, items);
      for (int i = 0; i < r.n_cores; i++) {
        read += r.cores[i].read_bytes;
        written += r.cores[i].written_bytes;
        for (int k = 0; k < TILE_KINDS; k++)
          given[k] += r.cores[i].instructions[k];
      }
      for (int i = 0; i < r.n_channels; i++)
        channels += (r.channels[i].reads + r.channels[i].writes) * r.request_bytes;
      assert_int_equal(read, items * (s.k / s.tk) * (s.tm * s.tk + s.tk * s.tn) * 4);
      assert_int_equal(written, s.m * s.n * 4);
      assert_int_equal(channels, read + written);
      assert_int_equal(given[TILE_STORE], items);
      assert_int_equal(given[TILE_LOAD], items * (s.k / s.tk) * (s.tm / s.sm + s.tn / s.sn));
      assert_int_equal(given[TILE_COMPUTE], items * (1 + s.k / 128 * (s.tn / 128) * (1 + s.tm / 128)));
    }
}

/* Nodes of one unit behind each other: C for the first, C - O for those that follow. */
static void test_overlap_shortens_all_but_the_first(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = tpu(ctx, "core: {units: [{name: systolic, kind: matrix, shape: [128, 128], count: 1, rate: 16384}, {name: vector, kind: vector, shape: [128], rate: 1024}]}\n");
  for (int64_t n = 1; n < 40; n += 13) {
    graph_builder b = graph_new(&ctx->mem);
    graph_loop(&b, TILE_LOOP_OUTER, 1, 1);
    graph_loop(&b, TILE_LOOP_INNER, n, 1);
    graph_compute(&b, TILE_MATMUL, 395, 267);
    npu_report r = run(ctx, b.g, m, DRAM_RATE);
    assert_int_equal(r.cores[0].array_busy[0], n * 128);
    assert_in_range(r.cycles - (395 + (n - 1) * 128), 3, 6);   /* drawing and handing back the tiles */
  }
}

/* Rows of a tile that touch: lines are counted once; elements apart: a line each. */
static void test_lines_are_counted_once(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = tpu(ctx, NULL);
  static const struct { int rank; int64_t extent[4], step[4], base, lines; } cases[] = {
      {1, {8}, {1}, 0, 1},           {1, {8}, {1}, 4, 2},          {1, {100}, {1}, 0, 13},    {1, {10}, {8}, 0, 10},        {1, {10}, {16}, 0, 10},
      {2, {4, 8}, {8, 1}, 0, 4},     {2, {8, 4}, {1, 8}, 0, 4},    {2, {4, 4}, {100, 1}, 0, 4}, {2, {3, 8}, {-8, 1}, 4096, 3}, {2, {5, 8}, {0, 1}, 0, 1},
      {3, {2, 2, 8}, {4, 2, 1}, 0, 2}, {3, {3, 5, 16}, {100, 40, 3}, 0, 57}, {4, {2, 2, 2, 8}, {64, 32, 16, 1}, 0, 8}, {2, {10, 10}, {9, 1}, 0, 12},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    graph_builder b = graph_new(&ctx->mem);
    b.g->tensors.at[0].base = cases[i].base;
    graph_loop(&b, TILE_LOOP_OUTER, 1, 1);
    tile_node *n = &b.g->nodes.at[graph_transfer(&b, TILE_LOAD, 0, 1, 1, 1)];
    n->rank = cases[i].rank;
    bool seen[2000] = {0};
    int64_t lines = 0;
    for (int d = 0; d < 4; d++) {
      n->extent[d] = d < n->rank ? cases[i].extent[d] : 1;
      n->step[d] = d < n->rank ? cases[i].step[d] : 0;
    }
    for (int64_t e = 0; e < n->extent[0] * n->extent[1] * n->extent[2] * n->extent[3]; e++) {   /* by looking at every element */
      int64_t at = cases[i].base, rest = e;
      for (int d = 3; d >= 0; rest /= n->extent[d], d--)
        at += rest % n->extent[d] * n->step[d] * 4;
      lines += !seen[at / 32];
      seen[at / 32] = true;
    }
    assert_int_equal(run(ctx, b.g, m, DRAM_BANK).cores[0].read_bytes, lines * 32);
    if (i != 11)
      assert_int_equal(lines, cases[i].lines);
  }
}

static void test_two_runs_are_the_same_to_the_byte(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = tpu(ctx, "mesh: [{name: core, size: 3}]\n");
  const tile_graph *g = graph_gemm(&ctx->mem, (gemm_spec){512, 384, 512, 256, 128, 256, 128, 128, 256});
  npu_report a = run(ctx, g, m, DRAM_BANK), b = run(ctx, g, m, DRAM_BANK);
  assert_string_equal(data_write_json(&ctx->mem, npu_report_to_data(&ctx->mem, &a, g, m), 1), data_write_json(&ctx->mem, npu_report_to_data(&ctx->mem, &b, g, m), 1));
}

static void test_pins_give_items_to_cores(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = tpu(ctx, "mesh: [{name: core, size: 2}]\n");
  tile_graph *g = graph_gemm(&ctx->mem, (gemm_spec){512, 128, 128, 128, 128, 128, 128, 128, 128});
  for (int64_t i = 0; i < 4; i++)
    vec_push(&ctx->mem, &g->pins, ((tile_pin){i, i == 2}));
  npu_report r = run(ctx, g, m, DRAM_RATE);
  assert_int_equal(r.cores[0].instructions[TILE_STORE], 3);
  assert_int_equal(r.cores[1].instructions[TILE_STORE], 1);
  vec_push(&ctx->mem, &g->pins, ((tile_pin){99, 7}));      /* of an item that there is not: of no matter */
  run(ctx, g, m, DRAM_RATE);
  g->pins.at[0].core = 7;
  assert_int_equal(npu_run(ctx, g, m, &(npu_options){0}, &r), LOOM_EINPUT);
  testing_expect_error(ctx, LOOM_EINPUT, "'subgraph_map' gives work item 0 to core 7; machine 'changed' has 2 core(s)", 0, 0);
}

/* Items that are passed over because they belong to another core are that one's, in their order; items without a pin are anybody's. */
static void test_items_passed_over_are_not_lost(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = tpu(ctx, "mesh: [{name: core, size: 2}]\n");
  static const struct { int n, core[6]; int64_t of_second; } rows[] = {
      {6, {1, 1, 1, 1, 1, 0}, 5}, {6, {1, 1, 1, 0, 0, 0}, 3}, {6, {0, 0, 0, 0, 0, 1}, 1}, {0, {0}, 3}, {2, {1, 1}, -1},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    tile_graph *g = graph_gemm(&ctx->mem, (gemm_spec){768, 128, 128, 128, 128, 128, 128, 128, 128});
    for (int k = 0; k < rows[i].n; k++)
      vec_push(&ctx->mem, &g->pins, ((tile_pin){k, rows[i].core[k]}));
    npu_report r = run(ctx, g, m, DRAM_RATE);
    assert_int_equal(r.n_faults, 0);
    assert_int_equal(r.cores[0].instructions[TILE_STORE] + r.cores[1].instructions[TILE_STORE], 6);
    if (rows[i].of_second >= 0)
      assert_int_equal(r.cores[1].instructions[TILE_STORE], rows[i].of_second);
    else
      assert_true(r.cores[1].instructions[TILE_STORE] >= 2);
  }
}

static void test_one_element_is_one_line(void **state) {
  loom_ctx *ctx = *state;
  for (int rank = 0; rank <= 2; rank++) {
    graph_builder b = graph_new(&ctx->mem);
    graph_loop(&b, TILE_LOOP_OUTER, 2, 1);
    b.g->nodes.at[graph_transfer(&b, TILE_LOAD, 0, 1, 1, 16)].rank = rank;
    assert_int_equal(run(ctx, b.g, tpu(ctx, NULL), DRAM_RATE).cores[0].read_bytes, 2 * 32);
  }
}

/* A load whose tile is all zero is not made, and the matrix nodes behind its wait cost nothing. */
static void test_sparse_tiles_are_skipped(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = tpu(ctx, NULL);
  tile_graph *g = graph_gemm(&ctx->mem, (gemm_spec){128, 128, 256, 128, 128, 128, 128, 128, 128});
  npu_report dense = run(ctx, g, m, DRAM_RATE);
  vec_push(&ctx->mem, &g->sparse, INT64_C(2));   /* A of the second k: loads are numbered as they unroll, A and B in turn */
  npu_report sparse = run(ctx, g, m, DRAM_RATE);
  assert_int_equal(dense.cores[0].read_bytes - sparse.cores[0].read_bytes, 128 * 128 * 4);
  assert_int_equal(dense.cores[0].array_busy[0] + dense.cores[0].array_busy[1] - sparse.cores[0].array_busy[0] - sparse.cores[0].array_busy[1], 128);
  assert_int_equal(sparse.cores[0].skipped, 2);
  for (size_t i = 0; i < g->nodes.n; i++)      /* nodes of the vector unit behind that wait cost what they cost */
    if (g->nodes.at[i].kind == TILE_COMPUTE && g->nodes.at[i].unit == TILE_MATMUL)
      g->nodes.at[i].unit = TILE_VECTOR;
  g->sparse.n = 0;
  dense = run(ctx, g, m, DRAM_RATE);
  g->sparse.n = 1;
  sparse = run(ctx, g, m, DRAM_RATE);
  assert_int_equal(dense.cores[0].vector_busy, sparse.cores[0].vector_busy);
}

/* The N-th indirect transfer adds the N-th file's numbers to its elements. */
static void test_indirect_transfers_go_by_their_index_files(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = tpu(ctx, NULL);
  char dir[] = "/tmp/loom_npu_XXXXXX";
  assert_non_null(mkdtemp(dir));
  graph_builder b = graph_new(&ctx->mem);
  graph_loop(&b, TILE_LOOP_OUTER, 2, 1);
  tile_node *n = &b.g->nodes.at[graph_transfer(&b, TILE_LOAD, 0, 1, 16, 16)];
  n->is_indirect = true;
  n->step[1] = 0;
  b.g->index_dir = arena_strdup(&ctx->mem, dir);
  assert_int_equal(run(ctx, b.g, m, DRAM_RATE).cores[0].read_bytes, 2 * 32);   /* without files: one address */
  assert_int_equal(ctx->diag.warnings, 1);
  assert_non_null(strstr(ctx->diag.first->text, "there is no index file '"));
  uint64_t far[16], near[16];
  for (uint64_t i = 0; i < 16; i++) {
    far[i] = 1000 * (i % 5);             /* 5 lines */
    near[i] = 8 * (i / 2);               /* 8 lines */
  }
  const char *first = file_join(&ctx->mem, dir, "indirect_index0.raw"), *second = file_join(&ctx->mem, dir, "indirect_index1.raw");
  assert_int_equal(file_write(ctx, first, far, sizeof far), LOOM_OK);
  assert_int_equal(file_write(ctx, second, near, sizeof near), LOOM_OK);
  assert_int_equal(run(ctx, b.g, m, DRAM_RATE).cores[0].read_bytes, (5 + 8) * 32);
  assert_int_equal(ctx->diag.warnings, 1);
  assert_int_equal(file_write(ctx, second, near, 40), LOOM_OK);
  assert_int_equal(run(ctx, b.g, m, DRAM_RATE).cores[0].read_bytes, (5 + 1) * 32);
  assert_int_equal(ctx->diag.warnings, 2);
  assert_non_null(strstr(ctx->diag.first->next->text, "the index file has 40 bytes; the transfer has 16 elements of 8 bytes; it is not used"));
  unlink(first);
  unlink(second);
  rmdir(dir);
}

/* Of indices that are numbers of rows only how many there are is known: each element of the dim has a row of its own, all far apart. */
static void test_looked_up_rows_are_lines_of_their_own(void **state) {
  loom_ctx *ctx = *state;
  graph_builder b = graph_new(&ctx->mem);
  graph_loop(&b, TILE_LOOP_OUTER, 2, 1);
  tile_node *n = &b.g->nodes.at[graph_transfer(&b, TILE_LOAD, 0, 1, 16, 16)];
  *n = (tile_node){.kind = n->kind, .name = n->name, .parent = n->parent, .rank = 2, .extent = {12, 16}, .step = {0, 1}, .elem_bytes = 4, .is_indirect = true, .rows = 1000, .row_step = 64, .row_dim = 0};
  assert_int_equal(run(ctx, b.g, tpu(ctx, NULL), DRAM_RATE).cores[0].read_bytes, 2 * 12 * 64);
  n->row_dim = -1;
  assert_int_equal(run(ctx, b.g, tpu(ctx, NULL), DRAM_RATE).cores[0].read_bytes, 2 * 64);
  n->rows = 1;
  n->row_dim = 0;
  assert_int_equal(run(ctx, b.g, tpu(ctx, NULL), DRAM_RATE).cores[0].read_bytes, 2 * 64);
  assert_int_equal(ctx->diag.warnings, 0);
}

/* A core so slow that every request is answered before the next one leaves. */
static void test_memory_may_be_faster_than_the_core(void **state) {
  loom_ctx *ctx = *state;
  const tile_graph *g = graph_gemm(&ctx->mem, (gemm_spec){256, 256, 256, 128, 128, 128, 128, 128, 128});
  for (int dram = 0; dram < 2; dram++) {
    npu_report usual = run(ctx, g, tpu(ctx, NULL), (dram_model)dram), slow = run(ctx, g, tpu(ctx, "clock_hz: 940000\n"), (dram_model)dram);
    assert_int_equal(slow.n_faults, 0);
    assert_int_equal(slow.cores[0].read_bytes, usual.cores[0].read_bytes);
    assert_int_equal(slow.cores[0].written_bytes, usual.cores[0].written_bytes);
    assert_true(slow.cycles >= slow.cores[0].dma_cycles && slow.cycles <= usual.cycles);
  }
}

/* Two loops of an item that load the same: the second one finds it there, whether it orders its wait behind a load or not. */
static void test_an_item_loads_each_tag_once(void **state) {
  loom_ctx *ctx = *state;
  for (int is_ordered = 0; is_ordered < 2; is_ordered++) {
    graph_builder b = graph_new(&ctx->mem);
    graph_loop(&b, TILE_LOOP_OUTER, 3, 1);
    for (int k = 0; k < 2; k++) {
      graph_loop(&b, TILE_LOOP_INNER, 1, 1);
      int l = graph_transfer(&b, TILE_LOAD, 0, 8, 8, 8), w = graph_add(&b, (tile_node){.kind = TILE_WAIT, .tensor = 0}), c = graph_compute(&b, TILE_VECTOR, 10, 0);
      b.g->nodes.at[l].is_async = true;
      if (k == 0 || is_ordered)
        graph_order(&b, l, w);
      graph_order(&b, w, c);
      graph_close(&b, 1);
    }
    npu_report r = run(ctx, b.g, tpu(ctx, NULL), DRAM_RATE);
    assert_int_equal(r.n_faults, 0);
    assert_int_equal(r.cores[0].instructions[TILE_LOAD], 3);
    assert_int_equal(r.cores[0].instructions[TILE_COMPUTE], 6);
    assert_int_equal(r.cores[0].read_bytes, 3 * 256);
    assert_int_equal(r.cores[0].skipped, 0);
  }
}

/* ---- what goes wrong ---- */

static void test_a_wait_without_a_load_is_a_fault(void **state) {
  loom_ctx *ctx = *state;
  graph_builder b = graph_new(&ctx->mem);
  graph_loop(&b, TILE_LOOP_OUTER, 3, 1);
  int w = graph_add(&b, (tile_node){.kind = TILE_WAIT, .tensor = 1});
  graph_order(&b, w, graph_compute(&b, TILE_VECTOR, 10, 0));
  npu_report r = run(ctx, b.g, tpu(ctx, NULL), DRAM_RATE);
  assert_int_equal(r.n_faults, 3);   /* an item whose one tile is given away is drawn from no more */
  assert_non_null(strstr(r.faults.at[0].text, "node 'n1' of work item 0 waits for a tag of 'arg1' that no load sets"));
  assert_int_equal(r.faults.at[0].core, 0);
}

static void test_what_cannot_be_run_is_told(void **state) {
  (void)state;
  enum { BESIDE, BEYOND, FLOOD, NO_DISPATCH, NO_CROSSBAR, NO_UNIT, BUDGET, FAR, HUGE_TRANSFER, OVERLAPPING, POINTS, MANY_CORES, MANY_CHANNELS, NO_ARRAY, MANY_ARRAYS, NOT_ALL_SIZES, CASES };
  static const struct { loom_status status; const char *text; } want[CASES] = {
      [BESIDE] = {LOOM_EUNSUP, "node 'n2' stands beside the outer loops, so that it belongs to no work item"},
      [BEYOND] = {LOOM_EINPUT, "node 'n1': in work item 0 it goes to addresses outside of 0..2^50"},
      [FLOOD] = {LOOM_ELIMIT, "work item 0 unrolls to more than 1048576 instructions"},
      [NO_DISPATCH] = {LOOM_EINPUT, "cannot run tile graphs: its file has no 'core.dispatch'"},
      [NO_CROSSBAR] = {LOOM_EINPUT, "cannot run tile graphs: its file has no 'crossbar'"},
      [NO_UNIT] = {LOOM_EINPUT, "has 2 matrix and 0 vector units; tile graphs need 1..64 and 1"},
      [BUDGET] = {LOOM_ELIMIT, "the graph needs more than the 50 events that it may take"},
      [HUGE_TRANSFER] = {LOOM_ELIMIT, "more than 50000 DRAM requests are on their way in cycle "},
      [POINTS] = {LOOM_ELIMIT, "the outer loops have more than 2^40 points"},
      [MANY_CORES] = {LOOM_ELIMIT, "has 300 cores and 16 DRAM channels; tile graphs run on at most 256 and 256"},
      [MANY_CHANNELS] = {LOOM_ELIMIT, "has 1 cores and 300 DRAM channels; tile graphs run on at most 256 and 256"},
      [NO_ARRAY] = {LOOM_EINPUT, "has 0 matrix and 1 vector units; tile graphs need 1..64 and 1"},
      [MANY_ARRAYS] = {LOOM_EINPUT, "has 65 matrix and 1 vector units; tile graphs need 1..64 and 1"},
      [NOT_ALL_SIZES] = {LOOM_EINPUT, "given are 0"},
      [OVERLAPPING] = {LOOM_ELIMIT, "node 'n1' moves a tile whose elements overlap or go by index; at most 16777216 elements of such are run"},
      [FAR] = {LOOM_ELIMIT, "the graph takes more than 2^50 cycles"},
  };
  for (int k = 0; k < CASES; k++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    machine m = *tpu(&ctx, k == MANY_CORES ? "mesh: [{name: core, size: 300}]\n" : k == MANY_CHANNELS ? "dram: {channels: 300, interleave: page}\n" : NULL);
    graph_builder b = graph_new(&ctx.mem);
    npu_report r;
    graph_loop(&b, TILE_LOOP_OUTER, k == FAR ? 1025 : k == POINTS ? TILE_GRAPH_VALUE_MAX : 1, 1);
    if (k == POINTS)
      graph_loop(&b, TILE_LOOP_OUTER, 2, 1);
    if (k == FLOOD)
      graph_loop(&b, TILE_LOOP_INNER, INT64_C(1) << 40, 1);
    int x = graph_transfer(&b, TILE_LOAD, 0, 64, 64, 64);
    graph_compute(&b, TILE_VECTOR, k == FAR ? TILE_GRAPH_VALUE_MAX : 1, 0);
    if (k == BESIDE) {
      b = graph_new(&ctx.mem);
      graph_loop(&b, TILE_LOOP_OUTER, 1, 1);
      graph_compute(&b, TILE_VECTOR, 1, 0);
      graph_close(&b, 1);
      graph_compute(&b, TILE_VECTOR, 1, 0);
    } else if (k == BEYOND)
      b.g->nodes.at[x].step[0] = -TILE_GRAPH_VALUE_MAX;
    else if (k == HUGE_TRANSFER) {   /* by rate on one channel: nearly all of it waits */
      b.g->nodes.at[x] = (tile_node){.kind = TILE_STORE, .name = "n1", .parent = 0, .rank = 1, .extent = {INT32_MAX}, .step = {8}, .elem_bytes = 4};
      m.dram_channels = 1;
    } else if (k == OVERLAPPING) {
      b.g->nodes.at[x].extent[0] = b.g->nodes.at[x].extent[1] = 5000;
      b.g->nodes.at[x].step[0] = 2;
    } else if (k == FLOOD)
      b.g->nodes.at[x].kind = TILE_COMPUTE;
    else if (k == NO_DISPATCH)
      m.dispatch = NULL;
    else if (k == NO_CROSSBAR)
      m.crossbar = NULL;
    else if (k == NO_UNIT)
      m.units.n = 1;
    else if (k == NO_ARRAY || k == MANY_ARRAYS)
      m.units.at[0].count = k == NO_ARRAY ? 0 : 65;
    else if (k == NOT_ALL_SIZES)
      vec_push(&ctx.mem, &b.g->symbols, "M");
    loom_status st = npu_run(&ctx, b.g, &m, &(npu_options){.event_budget = k == BUDGET ? 50 : 0, .request_limit = 50000}, &r);
    if (st != want[k].status)
      fail_msg("case %d: %s", k, ctx.diag.first ? ctx.diag.first->text : "runs");
    testing_expect_error(&ctx, want[k].status, want[k].text, 0, 0);
    loom_ctx_done(&ctx);
  }
}

/* Numbers that leave 64 bits, or the room of addresses; loops of nothing.  2^40 is the most a graph may say. */
static void test_numbers_out_of_range_are_told_wherever_they_stand(void **state) {
  (void)state;
  enum { OFFSET, REACH, MOST, FAR, NEGATIVE, TAG, BOTH, LOOP_SUM, LOOP_END, OUTER_SUM, OUTER_END, OUTER_MANY, NOTHING, CASES };
  const int64_t large = TILE_GRAPH_VALUE_MAX;
  for (int k = 0; k < CASES; k++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    graph_builder b = graph_new(&ctx.mem);
    npu_report r;
    int l = graph_loop(&b, TILE_LOOP_OUTER, 1, 1);
    if (k >= OUTER_SUM && k <= OUTER_MANY) {
      if (k == OUTER_MANY) {      /* 2^40 times 2^40 points */
        b.g->nodes.at[l].end = large;
        b.g->nodes.at[graph_loop(&b, TILE_LOOP_OUTER, 1, 1)].end = large;
      } else
        vec_push(b.mem, &b.g->nodes.at[l].end_sum, ((tile_term){.loop = -1, .value = large, .divider = 1, .stride = k == OUTER_SUM ? large : 2}));
    } else if (k >= LOOP_SUM) {
      l = graph_loop(&b, TILE_LOOP_INNER, k == NOTHING ? INT64_C(1) << 23 : 1, 1);
      if (k == NOTHING)
        graph_loop(&b, TILE_LOOP_INNER, 0, 1);
      else
        vec_push(b.mem, &b.g->nodes.at[l].end_sum, ((tile_term){.loop = -1, .value = large, .divider = 1, .stride = k == LOOP_SUM ? large : 2}));
    }
    int n = graph_transfer(&b, TILE_LOAD, 0, 64, 64, 64);
    tile_node *t = &b.g->nodes.at[n];
    switch (k) {
    case OFFSET: vec_push(b.mem, &t->offset, ((tile_term){.loop = -1, .value = large, .divider = 1, .stride = large})); break;
    case REACH: t->extent[0] = INT32_MAX; t->step[0] = large; t->elem_bytes = 64; break;
    case MOST:
      t->rank = 3;
      for (int d = 0; d < 3; d++) {
        t->extent[d] = (1 << 16) + 1;
        t->step[d] = large;
      }
      t->elem_bytes = 64;
      break;
    case FAR: vec_push(b.mem, &t->offset, ((tile_term){.loop = -1, .value = large, .divider = 1, .stride = 1 << 10})); break;
    case NEGATIVE: vec_push(b.mem, &t->offset, ((tile_term){.loop = -1, .value = -large, .divider = 1, .stride = 1})); break;
    case BOTH: case TAG:
      for (int i = 0; i < 2; i++)      /* the second term is what leaves the numbers */
        vec_push(b.mem, &t->tag, ((tile_term){.loop = -1, .value = large, .divider = 1, .stride = INT64_C(1) << 22}));
      if (k == BOTH)
        vec_push(b.mem, &t->offset, ((tile_term){.loop = -1, .value = -large, .divider = 1, .stride = 1}));
      break;
    default: break;
    }
    const loom_status expected = k >= LOOP_SUM ? LOOM_ELIMIT : LOOM_EINPUT;
    assert_int_equal(npu_run(&ctx, b.g, tpu(&ctx, NULL), &(npu_options){.event_budget = 50000000}, &r), expected);
    testing_expect_error(&ctx, expected, k < LOOP_SUM ? "node 'n1': in work item 0 it goes to addresses outside of 0..2^50" : k <= LOOP_END ? "loop 'loop_arg001' ends beyond 2^40"
                         : k == NOTHING ? "work item 0 unrolls to more than 1048576 instructions" : "the outer loops have more than 2^40 points", 0, 0);
    loom_ctx_done(&ctx);
  }
}

/* Nodes of the rules' edges: outer loops that end where others say, loads of a tag that comes or is there, overlaps longer than their nodes, edges to what was dropped.  Oracle: counts by hand. */
static void test_graphs_at_the_edge_of_the_rules(void **state) {
  (void)state;
  enum { END_OF_ANOTHER, SAME_TAG, OVERLAP, DROPPED, LARGE_TILE, LOOPS_IN_INNER, NO_INDEX, CASES };
  static const int64_t computes[CASES] = {6, 2, 30, 1, 1, 3 * (1 + 2 + 1), 1}, loads[CASES] = {0, 1, 0, 2, 1, 0, 2};
  for (int k = 0; k < CASES; k++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    graph_builder b = graph_new(&ctx.mem);
    int l = graph_loop(&b, TILE_LOOP_OUTER, k == END_OF_ANOTHER ? 4 : 1, 1);
    switch (k) {
    case END_OF_ANOTHER: {      /* 0 + 1 + 2 + 3 rounds, an outer loop in name */
      int inner = graph_loop(&b, TILE_LOOP_OUTER, 0, 1);
      graph_term(&b, &b.g->nodes.at[inner].end_sum, l, 1, 1);
      graph_term(&b, &b.g->nodes.at[inner].end_sum, -1, 1, 1);      /* and 0 */
      graph_compute(&b, TILE_VECTOR, 10, 0);
      break;
    }
    case LOOPS_IN_INNER:      /* unrolled with the inner loop, whatever they are called */
      graph_loop(&b, TILE_LOOP_INNER, 3, 1);
      graph_compute(&b, TILE_VECTOR, 10, 0);
      graph_loop(&b, TILE_LOOP_NORMAL, 2, 1);
      graph_compute(&b, TILE_VECTOR, 10, 0);
      graph_close(&b, 1);
      graph_compute(&b, TILE_VECTOR, 10, 0);
      break;
    case NO_INDEX:      /* nobody knows where its numbers are: one address each */
      for (int i = 0; i < 2; i++)
        b.g->nodes.at[graph_transfer(&b, TILE_LOAD, i, 8, 8, 8)].is_indirect = true;
      graph_compute(&b, TILE_VECTOR, 10, 0);
      break;
    case SAME_TAG:      /* what the work item has is not loaded again */
      graph_loop(&b, TILE_LOOP_ACCUMULATION, 2, 1);
      for (int i = 0; i < 3; i++)
        b.g->nodes.at[graph_transfer(&b, TILE_LOAD, 0, 8, 8, 8)].is_async = true;
      graph_compute(&b, TILE_VECTOR, 10, 0);
      break;
    case OVERLAP:
      graph_loop(&b, TILE_LOOP_INNER, 30, 1);
      graph_compute(&b, TILE_VECTOR, 10, 50);
      break;
    case DROPPED: {
      int first = graph_transfer(&b, TILE_LOAD, 0, 8, 8, 8), again = graph_transfer(&b, TILE_LOAD, 0, 8, 8, 8), other = graph_transfer(&b, TILE_LOAD, 1, 8, 8, 8), c = graph_compute(&b, TILE_VECTOR, 10, 0);
      graph_order(&b, first, again);
      graph_order(&b, again, c);
      graph_order(&b, other, c);
      graph_order(&b, other, c);
      break;
    }
    default: {
      tile_node *n = &b.g->nodes.at[graph_transfer(&b, TILE_LOAD, 0, 1, 1, 1)];
      n->rank = 4;
      for (int d = 0; d < 4; d++) {
        n->extent[d] = INT32_MAX;
        n->step[d] = 0;
      }
      n->is_async = false;
      n->elem_bytes = 8;
      n->is_indirect = true;
      n->rows = 1;
      n->row_dim = -1;
      graph_compute(&b, TILE_VECTOR, 10, 0);
      break;
    }
    }
    npu_report r;
    loom_status st = npu_run(&ctx, b.g, tpu(&ctx, NULL), &(npu_options){.event_budget = 50000000}, &r);
    if (k == LARGE_TILE) {      /* 2^124 elements of unknown places */
      assert_int_equal(st, LOOM_ELIMIT);
      testing_expect_error(&ctx, LOOM_ELIMIT, "moves a tile whose elements overlap or go by index; at most 16777216 elements of such are run", 0, 0);
      loom_ctx_done(&ctx);
      continue;
    }
    assert_int_equal(st, LOOM_OK);
    if (r.cores[0].instructions[TILE_COMPUTE] != computes[k] || r.cores[0].instructions[TILE_LOAD] != loads[k] || r.cores[0].skipped)
      fail_msg("graph %d: %d computes, %d loads, %d skipped", k, (int)r.cores[0].instructions[TILE_COMPUTE], (int)r.cores[0].instructions[TILE_LOAD], (int)r.cores[0].skipped);
    loom_ctx_done(&ctx);
  }
}

static void test_empty_graphs_take_no_time(void **state) {
  loom_ctx *ctx = *state;
  graph_builder b = graph_new(&ctx->mem);
  assert_int_equal(run(ctx, b.g, tpu(ctx, NULL), DRAM_RATE).cycles, 0);
  graph_loop(&b, TILE_LOOP_OUTER, 0, 1);
  assert_int_equal(run(ctx, b.g, tpu(ctx, NULL), DRAM_RATE).cycles, 0);
  b = graph_new(&ctx->mem);   /* without an outer loop all of it is one work item */
  graph_compute(&b, TILE_VECTOR, 50, 0);
  npu_report r = run(ctx, b.g, tpu(ctx, NULL), DRAM_RATE);
  assert_int_equal(r.items, 1);
  assert_int_equal(r.cores[0].vector_busy, 50);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_files_take_the_cycles_togsim_has, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_other_matmuls_take_the_cycles_togsim_has, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_other_chips_take_the_cycles_togsim_has, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_bytes_and_instructions_are_those_of_the_graph, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_overlap_shortens_all_but_the_first, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_lines_are_counted_once, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_two_runs_are_the_same_to_the_byte, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_pins_give_items_to_cores, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_items_passed_over_are_not_lost, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_one_element_is_one_line, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_sparse_tiles_are_skipped, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_indirect_transfers_go_by_their_index_files, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_looked_up_rows_are_lines_of_their_own, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_memory_may_be_faster_than_the_core, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_an_item_loads_each_tag_once, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_a_wait_without_a_load_is_a_fault, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_what_cannot_be_run_is_told, testing_open_context, testing_close_context),
      cmocka_unit_test(test_numbers_out_of_range_are_told_wherever_they_stand),
      cmocka_unit_test(test_graphs_at_the_edge_of_the_rules),
      cmocka_unit_test_setup_teardown(test_empty_graphs_take_no_time, testing_open_context, testing_close_context),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
