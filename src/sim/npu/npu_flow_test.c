/* Programs: what moves and when follows from what nodes do to the scratchpad.  Oracles: counts and cycles in closed form, the same graph written otherwise, faults that
 * one wrong line of a graph brings. */
#include "base/rng.h"
#include "sim/npu/npu.h"
#include "sim/npu/npu_kernels.h"
#include "sim/npu/npu_testing.h"
#include "tog/onnx/tile_graph_testing.h"
#include <stdlib.h>

static machine *chip(loom_ctx *ctx, const char *lines) { return npu_test_machine(ctx, "tpuv3", lines); }

static npu_report run_with(loom_ctx *ctx, const tile_graph *g, const machine *m, npu_options o) {
  npu_report r;
  o.event_budget = 100000000;
  if (npu_run(ctx, g, m, &o, &r) != LOOM_OK)
    fail_msg("npu_run: %s", ctx->diag.first->text);
  return r;
}
static npu_report run(loom_ctx *ctx, const tile_graph *g, const machine *m) { return run_with(ctx, g, m, (npu_options){.dram = DRAM_RATE}); }

static void expect_clean(const npu_report *r) {
  if (r->n_faults)
    fail_msg("%s: %s", npu_fault_name(r->faults.at[0].kind), r->faults.at[0].text);
}
static void expect_fault(const npu_report *r, npu_fault_kind kind, const char *text) {
  for (size_t i = 0; i < r->faults.n; i++)
    if (r->faults.at[i].kind == kind) {
      if (!strstr(r->faults.at[i].text, text))
        fail_msg("'%s' is not in: %s", text, r->faults.at[i].text);
      return;
    }
  fail_msg("no fault '%s' among %lld; first: %s", npu_fault_name(kind), (long long)r->n_faults, r->n_faults ? r->faults.at[0].text : "-");
}

/* ---- graphs by hand ---- */

static graph_builder new_program(arena *mem) { return graph_new(mem); }
static int buffer(graph_builder *b, const char *name, int64_t lane_bytes) {
  int64_t at = b->g->buffers.n ? b->g->buffers.at[b->g->buffers.n - 1].address + b->g->buffers.at[b->g->buffers.n - 1].lane_bytes : 0xD0000000;
  vec_push(b->mem, &b->g->buffers, ((tile_buffer){name, at, lane_bytes}));
  return (int)b->g->buffers.n - 1;
}
static int use(graph_builder *b, int node, int buf, tile_access access) {
  vec_push(b->mem, &b->g->nodes.at[node].uses, ((tile_use){buf, access}));
  return node;
}
static int load(graph_builder *b, int tensor, int buf, int64_t rows, int64_t columns) {
  int n = use(b, graph_transfer(b, TILE_LOAD, tensor, rows, columns, columns), buf, TILE_WRITE);
  b->g->nodes.at[n].is_async = true;
  return n;
}
static int store(graph_builder *b, int tensor, int buf, int64_t rows, int64_t columns) { return use(b, graph_transfer(b, TILE_STORE, tensor, rows, columns, columns), buf, TILE_READ); }
static int wait(graph_builder *b, int tensor) { return graph_add(b, (tile_node){.kind = TILE_WAIT, .tensor = tensor}); }

/* `rounds` work items: load a tile of `rows` x 128, wait, one vector node of `cycles`, store. */
typedef struct pipe { graph_builder b; int loop, load, wait, compute, store; } pipe_graph;
static pipe_graph make_pipe(arena *mem, int64_t rounds, int64_t rows, int64_t cycles, int64_t lane_bytes) {
  pipe_graph p = {.b = new_program(mem)};
  int x = buffer(&p.b, "x", lane_bytes), y = buffer(&p.b, "y", lane_bytes);
  p.loop = graph_loop(&p.b, TILE_LOOP_OUTER, rounds, 1);
  p.load = load(&p.b, 0, x, rows, 128);
  graph_term(&p.b, &p.b.g->nodes.at[p.load].offset, p.loop, 1, rows * 512);
  p.wait = wait(&p.b, 0);
  p.compute = use(&p.b, use(&p.b, graph_compute(&p.b, TILE_VECTOR, cycles, 0), x, TILE_READ), y, TILE_WRITE);
  p.store = store(&p.b, 2, y, rows, 128);
  graph_term(&p.b, &p.b.g->nodes.at[p.store].offset, p.loop, 1, rows * 512);
  return p;
}

/* ---- what a run is ---- */

static void test_kernels_move_their_bytes_and_add_up(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = chip(ctx, NULL), *three = chip(ctx, "mesh: [{name: core, size: 3}]\n");
  for (int k = 0; k < 2; k++)
    for (int dram = 0; dram < 2; dram++) {
      npu_gemm s = {512, 256, 384};
      npu_report r = run_with(ctx, npu_kernel_gemm(&ctx->mem, k ? three : m, s), k ? three : m, (npu_options){.dram = (dram_model)dram});
      expect_clean(&r);   /* bytes of channels, cycles of arrays, waits, versions: the audit */
      int64_t read = 0, written = 0, busy = 0;
      for (int i = 0; i < r.n_cores; i++) {
        read += r.cores[i].read_bytes;
        written += r.cores[i].written_bytes;
        for (int a = 0; a < r.n_arrays; a++) {
          busy += r.cores[i].array_busy[a];
          assert_int_equal(r.cores[i].array_busy[a] + r.cores[i].array_bubble[a] + r.cores[i].array_idle[a], r.cycles);
        }
      }
      assert_int_equal(read, (s.m * s.k + s.k * s.n) * 4);
      assert_int_equal(written, s.m * s.n * 4);
      assert_int_equal(busy, s.m * (s.n / 128) * (s.k / 128));
    }
  npu_report conv = run(ctx, npu_kernel_conv(&ctx->mem, m, (npu_conv){8, 14, 256, 128, 3}), m);
  expect_clean(&conv);
  assert_int_equal(conv.cores[0].written_bytes, 8 * 14 * 14 * 128 * 4);
  assert_int_equal(conv.cores[0].array_busy[0] + conv.cores[0].array_busy[1], 8 * 14 * 14 * 9 * 2);
  assert_int_equal(conv.cores[0].read_bytes, (8 * 14 * 14 * 256 + 9 * 256 * 128) * 4);   /* zeros around pictures are not read */
}

static void test_two_runs_are_the_same(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = chip(ctx, "mesh: [{name: core, size: 2}]\n");
  const tile_graph *g = npu_kernel_gemm(&ctx->mem, m, (npu_gemm){512, 512, 256});
  npu_report a = run_with(ctx, g, m, (npu_options){.dram = DRAM_BANK}), b = run_with(ctx, g, m, (npu_options){.dram = DRAM_BANK});
  assert_string_equal(data_write_json(&ctx->mem, npu_report_to_data(&ctx->mem, &a, g, m), 1), data_write_json(&ctx->mem, npu_report_to_data(&ctx->mem, &b, g, m), 1));
}

/* ---- versions ---- */

/* A version of x and one of y are enough; with room for more, transfers overlap with work. */
static void test_room_for_a_second_version_overlaps_transfers(void **state) {
  loom_ctx *ctx = *state;
  enum { ROUNDS = 20, ROWS = 64, WORK = 400 };   /* 64 x 512 bytes: 64 cycles at 512 bytes a cycle, and latency */
  const machine *m = chip(ctx, NULL);
  int64_t bank = machine_lane_bytes(m);
  npu_report one = run(ctx, make_pipe(&ctx->mem, ROUNDS, ROWS, WORK, bank / 2).b.g, m), two = run(ctx, make_pipe(&ctx->mem, ROUNDS, ROWS, WORK, bank / 4).b.g, m);
  expect_clean(&one);
  expect_clean(&two);
  assert_int_equal(one.cores[0].spad_peak, bank);
  assert_int_equal(two.cores[0].spad_peak, bank);
  int64_t launch = m->npu->launch_cycles;
  assert_true(one.cycles - launch >= ROUNDS * (WORK + 64));        /* a load waits for the node that reads the version before */
  assert_true(two.cycles - launch <= ROUNDS * WORK + 2 * (64 + 400));      /* all but the first load and the last store are hidden */
  assert_true(two.cycles - launch >= ROUNDS * WORK);
}

static void test_a_version_that_never_fits_names_the_buffers(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = chip(ctx, NULL);
  pipe_graph p = make_pipe(&ctx->mem, 2, 8, 10, machine_lane_bytes(m) / 2 + 64);
  npu_report r = run(ctx, p.b.g, m);
  expect_fault(&r, NPU_FAULT_SPAD_FULL, "the scratchpad is full: buffer 'y' needs 65600 of 131072 bytes a lane, 65600 are taken by 'x', and nothing that is under way frees any");
  expect_fault(&r, NPU_FAULT_SPAD_RANGE, "buffer 'y' is at bytes 65600..131199 of a lane's bank, which has 131072");
}

static void test_loads_fill_one_version_until_it_is_read(void **state) {
  loom_ctx *ctx = *state;
  graph_builder b = new_program(&ctx->mem);
  int x = buffer(&b, "x", 1024), y = buffer(&b, "y", 1024);
  graph_loop(&b, TILE_LOOP_OUTER, 1, 1);
  int l = graph_loop(&b, TILE_LOOP_INNER, 4, 1), again = graph_loop(&b, TILE_LOOP_INNER, 3, 1);   /* each part three times: two are dropped */
  int n = load(&b, 0, x, 4, 128);
  (void)again;
  graph_term(&b, &b.g->nodes.at[n].offset, l, 1, 4 * 512);
  graph_term(&b, &b.g->nodes.at[n].tag, l, 1, 1);
  graph_close(&b, 2);
  int c = graph_loop(&b, TILE_LOOP_INNER, 4, 1), w = wait(&b, 0);
  graph_term(&b, &b.g->nodes.at[w].tag, c, 1, 1);
  graph_close(&b, 1);
  use(&b, use(&b, graph_compute(&b, TILE_VECTOR, 10, 0), x, TILE_READ), y, TILE_WRITE);
  store(&b, 2, y, 16, 128);
  npu_report r = run(ctx, b.g, chip(ctx, NULL));
  expect_clean(&r);
  assert_int_equal(r.cores[0].read_bytes, 16 * 512);
  assert_int_equal(r.cores[0].skipped, 8);
  assert_int_equal(r.cores[0].spad_peak, 2048);
}

/* ---- arrays ---- */

/* P preloads, each with one node of `rows` rows, on one array.  Two slots: weights come while the node before runs; one slot: not before all but its overlap is over. */
static void test_weight_slots_say_how_far_preloads_run_ahead(void **state) {
  loom_ctx *ctx = *state;
  enum { P = 16, C = 395, O = 267, PRELOAD = 91 };
  for (int slots = 1; slots <= 2; slots++) {
    const machine *m = chip(ctx, arena_printf(&ctx->mem, "npu: {weight_slots: %d, launch_cycles: 0}\ncore: {units: [{name: systolic, kind: matrix, shape: [128, 128], count: 1, rate: 16384}, "
                                                         "{name: vector, kind: vector, shape: [128], rate: 1024}]}\n", slots));
    graph_builder b = new_program(&ctx->mem);
    int y = buffer(&b, "y", 512);
    graph_loop(&b, TILE_LOOP_OUTER, 1, 1);
    use(&b, graph_compute(&b, TILE_VECTOR, 1, 0), y, TILE_WRITE);
    graph_loop(&b, TILE_LOOP_INNER, P, 1);
    graph_compute(&b, TILE_PRELOAD, PRELOAD, PRELOAD);
    use(&b, graph_compute(&b, TILE_MATMUL, C, O), y, TILE_UPDATE);
    npu_report r = run(ctx, b.g, m);
    expect_clean(&r);
    assert_int_equal(r.cores[0].array_busy[0], P * (C - O));
    if (slots == 2)   /* the array is never empty: the last ends C - O after the one before */
      assert_in_range(r.cycles - (C + (P - 1) * (C - O)), 0, PRELOAD + 6);
    else              /* each preload begins when the node before has only its overlap left, and is hidden in it */
      assert_in_range(r.cycles - (C + (P - 1) * (C - O)), (P - 1) * 1, (P - 1) * PRELOAD + 8);
  }
}

static void test_arrays_share_independent_preloads(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = chip(ctx, NULL);
  npu_report r = run(ctx, npu_kernel_gemm(&ctx->mem, m, (npu_gemm){512, 512, 512}), m);
  assert_int_equal(r.cores[0].array_busy[0], r.cores[0].array_busy[1]);
}

/* ---- order ---- */

static void test_consumers_wait_for_results_and_products_for_each_other_only(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = chip(ctx, "npu: {launch_cycles: 0}\n");
  graph_builder b = new_program(&ctx->mem);
  int y = buffer(&b, "y", 512), z = buffer(&b, "z", 512);
  graph_loop(&b, TILE_LOOP_OUTER, 1, 1);
  use(&b, graph_compute(&b, TILE_VECTOR, 5, 0), y, TILE_WRITE);
  graph_compute(&b, TILE_PRELOAD, 91, 91);
  graph_loop(&b, TILE_LOOP_INNER, 10, 1);
  use(&b, graph_compute(&b, TILE_MATMUL, 395, 267), y, TILE_UPDATE);
  graph_close(&b, 1);
  use(&b, use(&b, graph_compute(&b, TILE_VECTOR, 50, 0), y, TILE_READ), z, TILE_WRITE);
  npu_report r = run(ctx, b.g, m);
  expect_clean(&r);
  int64_t products = 395 + 9 * 128;
  assert_in_range(r.cycles - (5 + products + 50), 0, 12);
}

/* A kernel that stores and loads again, in one item and from one nest to the next. */
static void test_stored_bytes_are_loaded_after_they_are_there(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = chip(ctx, "npu: {launch_cycles: 0}\n");
  for (int same = 0; same < 2; same++) {   /* the same bytes, or others of the tensor */
    graph_builder b = new_program(&ctx->mem);
    int x = buffer(&b, "x", 1024), y = buffer(&b, "y", 1024);
    graph_loop(&b, TILE_LOOP_OUTER, 1, 1);
    use(&b, graph_compute(&b, TILE_VECTOR, 1000, 0), x, TILE_WRITE);
    store(&b, 2, x, 64, 128);
    int l = load(&b, 2, y, 64, 128);
    b.g->nodes.at[l].is_async = false;
    if (!same)
      vec_push(b.mem, &b.g->nodes.at[l].offset, ((tile_term){.loop = -1, .value = 1 << 20, .divider = 1, .stride = 1}));
    use(&b, graph_compute(&b, TILE_VECTOR, 1000, 0), y, TILE_READ);
    npu_report r = run(ctx, b.g, m);
    expect_clean(&r);
    if (same)
      assert_true(r.cycles >= 1000 + 2 * (64 + 100) + 1000);
    else
      assert_true(r.cycles <= 2000 + 64 + 150 + 20);
  }
  graph_builder b = new_program(&ctx->mem);   /* two nests */
  int x = buffer(&b, "x", 1024), y = buffer(&b, "y", 1024);
  graph_loop(&b, TILE_LOOP_OUTER, 4, 1);
  use(&b, graph_compute(&b, TILE_VECTOR, 500, 0), x, TILE_WRITE);
  store(&b, 2, x, 8, 128);
  graph_close(&b, 1);
  graph_loop(&b, TILE_LOOP_OUTER, 1, 1);
  load(&b, 2, y, 8, 128);
  wait(&b, 2);
  use(&b, graph_compute(&b, TILE_VECTOR, 500, 0), y, TILE_READ);
  npu_report r = run(ctx, b.g, chip(ctx, "npu: {launch_cycles: 0}\nmesh: [{name: core, size: 5}]\n"));
  expect_clean(&r);
  assert_true(r.cycles >= 500 + 500 + 2 * 100);   /* five cores: without the order they would overlap */
  assert_true(r.cycles <= 500 + 500 + 400);
}

/* What stands between nests of outer loops is a work item of its own, in their order where they share tensors. */
static void test_straight_nodes_beside_nests_are_items(void **state) {
  loom_ctx *ctx = *state;
  graph_builder b = new_program(&ctx->mem);
  int x = buffer(&b, "x", 1024), y = buffer(&b, "y", 1024);
  graph_loop(&b, TILE_LOOP_OUTER, 3, 1);
  use(&b, graph_compute(&b, TILE_VECTOR, 500, 0), x, TILE_WRITE);
  store(&b, 2, x, 8, 128);
  graph_close(&b, 1);
  b.g->nodes.at[load(&b, 2, y, 8, 128)].is_async = false;
  wait(&b, 2);   /* of a load that is no asynchronous one: harmless */
  use(&b, graph_compute(&b, TILE_VECTOR, 500, 0), y, TILE_UPDATE);
  store(&b, 1, y, 8, 128);
  graph_loop(&b, TILE_LOOP_OUTER, 2, 1);
  use(&b, graph_compute(&b, TILE_VECTOR, 500, 0), x, TILE_WRITE);
  npu_report r = run(ctx, b.g, chip(ctx, "npu: {launch_cycles: 0}\nmesh: [{name: core, size: 6}]\n"));
  expect_clean(&r);
  assert_int_equal(r.items, 3 + 1 + 2);
  assert_in_range(r.cycles, 500 + 500 + 3 * 100, 500 + 500 + 600);   /* the last nest shares nothing: it does not wait */
}

static void test_masks_move_what_is_inside(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = chip(ctx, NULL);
  pipe_graph p = make_pipe(&ctx->mem, 5, 16, 10, 512);   /* 16 rows a round; the tensor has 70 */
  for (int k = 0; k < 2; k++) {
    tile_mask mask = {.dim = 0};
    vec_push(&ctx->mem, &mask.high, ((tile_term){.loop = -1, .value = 70, .divider = 1, .stride = 1}));
    graph_term(&p.b, &mask.high, p.loop, 1, -16);
    vec_push(&ctx->mem, &p.b.g->nodes.at[k ? p.store : p.load].masks, mask);
  }
  npu_report r = run(ctx, p.b.g, m);
  expect_clean(&r);
  assert_int_equal(r.cores[0].read_bytes, 70 * 512);
  assert_int_equal(r.cores[0].written_bytes, 70 * 512);
  p.b.g->nodes.at[p.loop].end = 7;   /* rounds that are outside altogether move nothing */
  r = run(ctx, p.b.g, m);
  expect_clean(&r);
  assert_int_equal(r.cores[0].read_bytes, 70 * 512);
}

/* One graph for every size: as the graph of that size. */
static void test_symbols_are_given_when_it_runs(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = chip(ctx, NULL);
  pipe_graph p = make_pipe(&ctx->mem, 1, 16, 25, 512);
  vec_push(&ctx->mem, &p.b.g->symbols, "rounds");
  graph_term(&p.b, &p.b.g->nodes.at[p.loop].end_sum, TILE_SYMBOL(0), 1, 1);
  static const int64_t sizes[] = {0, 1, 2, 17, 100, 256};
  for (size_t i = 0; i < COUNT_OF(sizes); i++) {
    npu_report with = run_with(ctx, p.b.g, m, (npu_options){.symbols = &sizes[i], .n_symbols = 1}), fixed = run(ctx, make_pipe(&ctx->mem, sizes[i], 16, 25, 512).b.g, m);
    assert_int_equal(with.cycles, fixed.cycles);
    assert_int_equal(with.items, sizes[i]);
  }
}

/* Nothing is kept of loops but where they are. */
static void test_memory_does_not_grow_with_the_work(void **state) {
  (void)state;
  size_t used[2];
  for (int k = 0; k < 2; k++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    const machine *m = chip(&ctx, NULL);
    const tile_graph *g = npu_kernel_gemm(&ctx.mem, m, (npu_gemm){1024, 256, k ? 65536 : 16384});
    size_t before = ctx.mem.used_bytes;
    run(&ctx, g, m);
    used[k] = ctx.mem.used_bytes - before;
    loom_ctx_done(&ctx);
  }
  assert_true(used[1] < used[0] + used[0] / 4);
  assert_true(used[1] < (size_t)32 << 20);
}

/* ---- faults ---- */

static void test_wrong_graphs_are_faults(void **state) {
  (void)state;
  enum { NO_WAIT, EARLY, WRONG_TAG, TAG_TWICE, UNINIT, OVERLAP, RANGE, CASES };
  static const struct { npu_fault_kind kind; const char *text; } want[CASES] = {
      [NO_WAIT] = {NPU_FAULT_NO_WAIT, "nothing waits for load 'n1' into buffer 'x'"},
      [EARLY] = {NPU_FAULT_EARLY_READ, "node 'n3' uses buffer 'x' before the data of load 'n1' are there"},
      [WRONG_TAG] = {NPU_FAULT_NO_LOAD, "node 'n2' of work item 0 waits for a tag of 'arg0' that no load sets"},
      [TAG_TWICE] = {NPU_FAULT_TAG_TWICE, "load 'n5' sets a tag of 'arg0' that load 'n1' sets and nothing has waited for"},
      [UNINIT] = {NPU_FAULT_UNINIT, "node 'n4' reads buffer 'y', which nothing in work item 0 has written"},
      [OVERLAP] = {NPU_FAULT_SPAD_OVERLAP, "buffers 'x' (bytes 0..511 of a lane's bank) and 'y' (511..1022) overlap"},
      [RANGE] = {NPU_FAULT_SPAD_RANGE, "buffer 'y' is at bytes 130562..131073 of a lane's bank, which has 131072"},
  };
  for (int k = 0; k < CASES; k++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    pipe_graph p = make_pipe(&ctx.mem, 1, 16, 10, 512);
    tile_node *w = &p.b.g->nodes.at[p.wait], *c = &p.b.g->nodes.at[p.compute];
    if (k == NO_WAIT || k == EARLY) {   /* the wait becomes work; long work: the data are there by luck */
      *w = (tile_node){.kind = TILE_COMPUTE, .name = "n2", .parent = w->parent, .unit = TILE_VECTOR, .cycles = k == NO_WAIT ? 1000 : 1};
      use(&p.b, use(&p.b, p.wait, 1, TILE_WRITE), 1, TILE_WRITE);
      use(&p.b, p.compute, 1, TILE_READ);   /* behind it */
    } else if (k == WRONG_TAG)
      vec_push(&ctx.mem, &w->tag, ((tile_term){.loop = -1, .value = 7, .divider = 1, .stride = 1}));
    else if (k == TAG_TWICE) {
      int z = buffer(&p.b, "z", 512), again = load(&p.b, 0, z, 16, 128);
      vec_push(&ctx.mem, &p.b.g->nodes.at[again].offset, ((tile_term){.loop = -1, .value = 4096, .divider = 1, .stride = 1}));
      VEC_OF(int) *body = (void *)&p.b.g->nodes.at[p.loop].body;
      for (size_t i = body->n - 1; i > 1; i--)   /* between the first load and its wait */
        body->at[i] = body->at[i - 1];
      body->at[1] = again;
    } else if (k == UNINIT)
      c->uses.n = 1;
    else if (k == OVERLAP)
      p.b.g->buffers.at[1].address--;
    else
      p.b.g->buffers.at[1].address += 131072 - 1022;
    npu_report r = run(&ctx, p.b.g, chip(&ctx, NULL));
    expect_fault(&r, want[k].kind, want[k].text);
    loom_ctx_done(&ctx);
  }
}

static void test_what_cannot_be_run_is_told(void **state) {
  (void)state;
  enum { NO_BUFFERS, NO_SYMBOLS, PARTITION, DEAL, NO_JOBS, NO_NPU, TWO_WRITES, BEYOND, VALUES, LOOP, CASES };
  static const struct { loom_status status; const char *text; } want[CASES] = {
      [NO_BUFFERS] = {LOOM_EUNSUP, "tile graph 'sample' does not say what its nodes do to the scratchpad, so that it cannot run beside others or with values"},
      [NO_SYMBOLS] = {LOOM_EINPUT, "tile graph 'sample' has 1 sizes to be given (M); given are 0"},
      [PARTITION] = {LOOM_EINPUT, "tile graph 'sample' is to run in partition 3; there are 1"},
      [DEAL] = {LOOM_EINPUT, "machine 'changed' has 1 cores; they cannot be dealt to 2 partitions"},
      [NO_JOBS] = {LOOM_ELIMIT, "0 jobs in 1 partitions; must be 1..4096 in at least 1"},
      [NO_NPU] = {LOOM_EINPUT, "machine 'changed' cannot run tile graphs: its file has no 'npu'"},
      [TWO_WRITES] = {LOOM_EINPUT, "load 'n1' writes 2 buffers; one load fills one"},
      [BEYOND] = {LOOM_EINPUT, "node 'n1': in work item 0 it goes to addresses outside of 0..2^50"},
      [VALUES] = {LOOM_EUNSUP, "is run for its time only: values need a graph with buffers and a machine with 'npu'"},
      [LOOP] = {LOOM_ELIMIT, "the outer loops have more than 2^40 points"},
  };
  for (int k = 0; k < CASES; k++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    pipe_graph p = make_pipe(&ctx.mem, 1, 16, 10, 512);
    machine m = *chip(&ctx, NULL);
    npu_values values = {0};
    npu_job job = {.graph = p.b.g, .partition = k == PARTITION ? 3 : 0};
    npu_report r;
    if (k == NO_BUFFERS || k == VALUES)
      p.b.g->buffers.n = 0;
    else if (k == NO_SYMBOLS)
      vec_push(&ctx.mem, &p.b.g->symbols, "M");
    else if (k == NO_NPU)
      m.npu = NULL;
    else if (k == TWO_WRITES)
      use(&p.b, p.load, 1, TILE_WRITE);
    else if (k == BEYOND)
      p.b.g->nodes.at[p.load].step[0] = -TILE_GRAPH_VALUE_MAX;
    else if (k == LOOP)
      vec_push(&ctx.mem, &p.b.g->nodes.at[p.loop].end_sum, ((tile_term){.loop = -1, .value = INT64_MAX, .divider = 1, .stride = 2}));
    loom_status st = k == VALUES ? npu_run(&ctx, p.b.g, &m, &(npu_options){.values = &values}, &r)
                                 : npu_run_jobs(&ctx, &job, k != NO_JOBS, k == DEAL ? 2 : 1, &m, &(npu_options){0}, &r);
    assert_int_equal(st, want[k].status);
    testing_expect_error(&ctx, want[k].status, want[k].text, 0, 0);
    loom_ctx_done(&ctx);
  }
}

static void constant(graph_builder *b, tile_terms *t, int64_t value, int64_t stride) { vec_push(b->mem, t, ((tile_term){.loop = -1, .value = value, .divider = 1, .stride = stride})); }

/* Numbers that leave 64 bits, or the room of addresses, wherever they stand.  2^40 is the most a graph may say. */
static void test_numbers_out_of_range_are_told_wherever_they_stand(void **state) {
  (void)state;
  enum { OFFSET, LOW, HIGH, FIRST, LAST, LEAST, MOST, FAR, NEGATIVE, TAG, WAIT_TAG, WITHIN, LOOP_SUM, LOOP_END, NOTHING, CASES };
  const int64_t large = TILE_GRAPH_VALUE_MAX;
  for (int k = 0; k < CASES; k++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    graph_builder b = new_program(&ctx.mem);
    npu_report r;
    int x = buffer(&b, "x", 512);
    graph_loop(&b, TILE_LOOP_OUTER, 1, 1);
    if (k == LOOP_SUM || k == LOOP_END || k == NOTHING) {
      int l = graph_loop(&b, TILE_LOOP_INNER, 1, 1);
      if (k == NOTHING) {      /* loops of nothing */
        b.g->nodes.at[l].end = INT64_C(1) << 23;
        graph_loop(&b, TILE_LOOP_INNER, 4, 1);
        b.n_open--;
      } else
        constant(&b, &b.g->nodes.at[l].end_sum, large, k == LOOP_SUM ? large : 2);
    }
    int n = k == NOTHING ? -1 : load(&b, 0, x, 4, 8);
    tile_node *t = n < 0 ? NULL : &b.g->nodes.at[n];
    tile_mask mask = {.dim = 0};
    switch (k) {
    case OFFSET: constant(&b, &t->offset, large, large); break;
    case LOW: constant(&b, &mask.low, large, large); constant(&b, &mask.high, 4, 1); vec_push(b.mem, &t->masks, mask); break;
    case HIGH: constant(&b, &mask.high, large, large); vec_push(b.mem, &t->masks, mask); break;
    case FIRST: case WITHIN:      /* the first element that is moved is out of reach; or both ends are there, far away */
      t->extent[0] = INT32_MAX;
      t->step[0] = k == FIRST ? large : 1;
      t->elem_bytes = 64;
      constant(&b, &mask.low, INT32_MAX - 1, 1);
      constant(&b, &mask.high, INT32_MAX, 1);
      vec_push(b.mem, &t->masks, mask);
      break;
    case LAST: t->extent[0] = INT32_MAX; t->step[0] = large; t->elem_bytes = 64; break;
    case LEAST: case MOST:
      t->rank = 3;
      for (int d = 0; d < 3; d++) {
        t->extent[d] = (1 << 16) + 1;
        t->step[d] = k == MOST ? large : -large;
      }
      t->elem_bytes = 64;
      break;
    case FAR: constant(&b, &t->offset, large, 1 << 10); break;
    case NEGATIVE: constant(&b, &t->offset, -large, 1); break;
    case TAG: constant(&b, &t->tag, large, large); break;
    case WAIT_TAG: { int w = wait(&b, 0); constant(&b, &b.g->nodes.at[w].tag, large, large); break; }
    default: break;
    }
    const loom_status expected = k == WITHIN ? LOOM_OK : k >= LOOP_SUM ? LOOM_ELIMIT : LOOM_EINPUT;
    loom_status st = npu_run(&ctx, b.g, chip(&ctx, NULL), &(npu_options){.event_budget = 50000000}, &r);
    if (st != expected)
      fail_msg("case %d: status %d", k, (int)st);
    if (k == NOTHING)
      testing_expect_error(&ctx, st, "work item 0 walks 4194304 loops and loads that are there already without another instruction", 0, 0);
    else if (k >= LOOP_SUM)
      testing_expect_error(&ctx, st, "loop 'loop_arg001' ends beyond 2^40", 0, 0);
    else if (k != WITHIN)
      testing_expect_error(&ctx, st, k == WAIT_TAG ? "node 'n2': in work item 0 it goes to addresses outside of 0..2^50" : "node 'n1': in work item 0 it goes to addresses outside of 0..2^50", 0, 0);
    loom_ctx_done(&ctx);
  }
}

/* Constants and sizes count in a tag as loops do: a wait for another number waits for nothing that comes. */
static void test_tags_tell_accumulated_constants_apart(void **state) {
  (void)state;
  for (int k = 0; k < 4; k++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    pipe_graph p = make_pipe(&ctx.mem, 1, 16, 10, 512);
    static const int64_t size = 7;
    vec_push(&ctx.mem, &p.b.g->symbols, "M");
    constant(&p.b, &p.b.g->nodes.at[p.load].accumulation, 7, 1);
    if (k == 3)
      graph_term(&p.b, &p.b.g->nodes.at[p.wait].accumulation, TILE_SYMBOL(0), 1, 1);
    else
      constant(&p.b, &p.b.g->nodes.at[p.wait].accumulation, k == 1 ? 8 : 7, 1);
    if (k == 2)
      constant(&p.b, &p.b.g->nodes.at[p.wait].accumulation, 7, 1);
    npu_report r = run_with(&ctx, p.b.g, chip(&ctx, NULL), (npu_options){.symbols = &size, .n_symbols = 1});
    if (k == 1 || k == 2)
      expect_fault(&r, NPU_FAULT_NO_LOAD, "waits for a tag of 'arg0' that no load sets");
    else
      expect_clean(&r);
    loom_ctx_done(&ctx);
  }
}

/* Programs that do unusual, right things; each node's part is in the count of instructions, and nothing is a fault. */
static void test_unusual_programs_are_clean(void **state) {
  (void)state;
  enum { READ_BETWEEN_PRODUCTS, PRODUCTS_WITHOUT_WEIGHTS, ASYNC_STORE, LOAD_OF_NOTHING, LOAD_BY_INDEX, MANY_TAGS, EMPTY_LOOPS, STORED_AND_LOADED_BY_INDEX, LOAD_IN_PLACE, SAME_BYTES_TWICE, BUFFERS_DOWNWARDS, OVERLAPPED, CASES };
  static const int64_t computes[CASES] = {5, 200, 2, 1, 2, 1, 1, 1, 2, 2, 2, 40};
  for (int k = 0; k < CASES; k++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    graph_builder b = new_program(&ctx.mem);
    int x = buffer(&b, "x", 512), y = buffer(&b, "y", 512);
    graph_loop(&b, TILE_LOOP_OUTER, 1, 1);
    use(&b, graph_compute(&b, TILE_VECTOR, 5, 0), y, TILE_WRITE);
    switch (k) {
    case READ_BETWEEN_PRODUCTS:
      graph_compute(&b, TILE_PRELOAD, 91, 91);
      use(&b, graph_compute(&b, TILE_MATMUL, 395, 267), y, TILE_UPDATE);
      use(&b, use(&b, graph_compute(&b, TILE_VECTOR, 50, 0), y, TILE_READ), x, TILE_WRITE);
      use(&b, graph_compute(&b, TILE_MATMUL, 395, 267), y, TILE_UPDATE);
      break;
    case PRODUCTS_WITHOUT_WEIGHTS:      /* more preloads than slots, and products that none stands before */
      use(&b, graph_compute(&b, TILE_MATMUL, 395, 267), y, TILE_UPDATE);
      graph_loop(&b, TILE_LOOP_INNER, 66, 1);
      graph_compute(&b, TILE_PRELOAD, 91, 0);
      use(&b, graph_compute(&b, TILE_MATMUL, 40, 0), y, TILE_UPDATE);
      use(&b, graph_compute(&b, TILE_MATMUL, 40, 50), x, TILE_UPDATE);
      break;
    case ASYNC_STORE: {
      int s = store(&b, 2, y, 8, 128);
      b.g->nodes.at[s].is_async = true;
      wait(&b, 2);
      use(&b, graph_compute(&b, TILE_VECTOR, 50, 0), y, TILE_UPDATE);
      s = store(&b, 2, y, 8, 128);      /* the tag again, by a store that is waited for and one that is not */
      b.g->nodes.at[s].is_async = true;
      break;
    }
    case LOAD_OF_NOTHING: graph_transfer(&b, TILE_LOAD, 0, 8, 128, 128); break;
    case LOAD_BY_INDEX: {
      int i = load(&b, 1, x, 1, 8);
      wait(&b, 1);
      int n = use(&b, load(&b, 0, y, 8, 8), x, TILE_READ);
      b.g->nodes.at[i].is_async = true;
      b.g->nodes.at[n].is_indirect = true;
      b.g->nodes.at[n].rows = 100;
      b.g->nodes.at[n].row_step = 128;
      wait(&b, 0);
      use(&b, graph_compute(&b, TILE_VECTOR, 50, 0), y, TILE_READ);
      break;
    }
    case MANY_TAGS: {
      int l = graph_loop(&b, TILE_LOOP_INNER, 3000, 1), n = load(&b, 0, x, 1, 8), w = wait(&b, 0);
      graph_term(&b, &b.g->nodes.at[n].offset, l, 1, 32);
      graph_term(&b, &b.g->nodes.at[n].tag, l, 1, 1);
      graph_term(&b, &b.g->nodes.at[w].tag, l, 1, 1);
      break;
    }
    case EMPTY_LOOPS:
      graph_loop(&b, TILE_LOOP_INNER, 5, 1);
      b.n_open--;
      graph_loop(&b, TILE_LOOP_INNER, 0, 1);
      use(&b, graph_compute(&b, TILE_VECTOR, 50, 0), y, TILE_UPDATE);
      break;
    case STORED_AND_LOADED_BY_INDEX: {
      store(&b, 2, y, 8, 128);
      int n = load(&b, 2, x, 8, 8);
      b.g->nodes.at[n].is_async = false;
      b.g->nodes.at[n].is_indirect = true;
      b.g->nodes.at[n].rows = 100;
      b.g->nodes.at[n].row_step = 128;
      n = load(&b, 2, x, 8, 8);
      b.g->nodes.at[n].step[0] = -8;      /* backwards */
      constant(&b, &b.g->nodes.at[n].offset, 4096, 1);
      b.g->nodes.at[n].is_async = false;
      break;
    }
    case LOAD_IN_PLACE: {      /* over a part of what is there, and by an updating store */
      int n = use(&b, graph_transfer(&b, TILE_LOAD, 0, 8, 8, 8), y, TILE_UPDATE);
      b.g->nodes.at[n].is_async = false;
      use(&b, graph_transfer(&b, TILE_STORE, 2, 8, 8, 8), y, TILE_UPDATE);
      use(&b, graph_compute(&b, TILE_VECTOR, 50, 0), y, TILE_READ);
      break;
    }
    case SAME_BYTES_TWICE:      /* by two nodes into one version: neither is the other's */
      load(&b, 0, x, 8, 8);
      wait(&b, 0);
      load(&b, 0, x, 8, 8);
      wait(&b, 0);
      use(&b, graph_compute(&b, TILE_VECTOR, 50, 0), x, TILE_READ);
      break;
    case BUFFERS_DOWNWARDS: {
      int64_t at = b.g->buffers.at[0].address;
      b.g->buffers.at[0].address = b.g->buffers.at[1].address;
      b.g->buffers.at[1].address = at;
      use(&b, graph_compute(&b, TILE_VECTOR, 50, 0), x, TILE_WRITE);
      break;
    }
    default:      /* overlaps longer than their nodes */
      graph_loop(&b, TILE_LOOP_INNER, 39, 1);
      use(&b, graph_compute(&b, TILE_VECTOR, 10, 50), y, TILE_UPDATE);
      break;
    }
    npu_report r = run(&ctx, b.g, chip(&ctx, "npu: {weight_slots: 1}\n"));
    if (r.n_faults)
      fail_msg("program %d: %s", k, r.faults.at[0].text);
    assert_int_equal(r.cores[0].instructions[TILE_COMPUTE], computes[k]);
    loom_ctx_done(&ctx);
  }
}

/* Tags that are set twice: told of asynchronous loads that nobody waited for, and of no others. */
static void test_tags_set_again_are_told_of_loads_alone(void **state) {
  (void)state;
  static const struct { bool first_async, second_store, second_async, waited, fault; } cases[] = {
      {true, false, true, false, true}, {false, false, true, false, false}, {true, false, false, false, false}, {true, true, true, false, false}, {true, false, true, true, false}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    graph_builder b = new_program(&ctx.mem);
    int x = buffer(&b, "x", 512), y = buffer(&b, "y", 512);
    graph_loop(&b, TILE_LOOP_OUTER, 1, 1);
    use(&b, graph_compute(&b, TILE_VECTOR, 5, 0), y, TILE_WRITE);
    b.g->nodes.at[load(&b, 0, x, 8, 8)].is_async = cases[i].first_async;
    if (cases[i].waited)
      wait(&b, 0);
    int n = cases[i].second_store ? store(&b, 0, y, 8, 8) : load(&b, 0, y, 8, 8);
    b.g->nodes.at[n].is_async = cases[i].second_async;
    constant(&b, &b.g->nodes.at[n].offset, 4096, 1);
    npu_report r = run(&ctx, b.g, chip(&ctx, NULL));
    bool is_told = false;
    for (size_t f = 0; f < r.faults.n; f++)
      is_told = is_told || r.faults.at[f].kind == NPU_FAULT_TAG_TWICE;
    if (is_told != cases[i].fault)
      fail_msg("case %d", (int)i);
    loom_ctx_done(&ctx);
  }
}

static void test_a_buffer_larger_than_the_bank_finds_nothing_taken(void **state) {
  loom_ctx *ctx = *state;
  graph_builder b = new_program(&ctx->mem);
  int x = buffer(&b, "x", 1 << 20);
  graph_loop(&b, TILE_LOOP_OUTER, 1, 1);
  use(&b, graph_compute(&b, TILE_VECTOR, 5, 0), x, TILE_WRITE);
  b.g->buffers.at[0].address = 0;      /* of the bank, not of the address space */
  npu_report r = run(ctx, b.g, chip(ctx, NULL));
  expect_fault(&r, NPU_FAULT_SPAD_RANGE, "buffer 'x' is at bytes 0..1048575 of a lane's bank");
  expect_fault(&r, NPU_FAULT_SPAD_FULL, "buffer 'x' needs 1048576 of 131072 bytes a lane, 0 are taken by nothing");
  b = new_program(&ctx->mem);      /* what was taken and given back is not named */
  int first = buffer(&b, "first", 512), second = buffer(&b, "second", 512), third = buffer(&b, "third", 512), large = buffer(&b, "large", 1 << 20);
  graph_loop(&b, TILE_LOOP_OUTER, 1, 1);
  for (int i = 0; i < 3; i++)
    use(&b, graph_compute(&b, TILE_VECTOR, 500, 0), first, TILE_WRITE);
  use(&b, graph_compute(&b, TILE_VECTOR, 5, 0), second, TILE_WRITE);
  use(&b, graph_compute(&b, TILE_VECTOR, 5, 0), third, TILE_WRITE);
  use(&b, use(&b, use(&b, graph_compute(&b, TILE_VECTOR, 5, 0), second, TILE_READ), third, TILE_READ), large, TILE_WRITE);
  r = run(ctx, b.g, chip(ctx, NULL));
  expect_fault(&r, NPU_FAULT_SPAD_FULL, "buffer 'large' needs 1048576 of 131072 bytes a lane, 1024 are taken by ");
}

/* Nests that store what earlier ones load, or load what they store, wait; those that only read beside them do not.  Two cores, two nests of one item of 500 cycles each. */
static void test_nests_wait_where_they_share_what_is_stored(void **state) {
  (void)state;
  static const struct { bool first_stores, second_stores, same, waits; } cases[] = {
      {true, false, true, true}, {false, true, true, true}, {true, true, true, true}, {false, false, true, false}, {true, true, false, false}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    graph_builder b = new_program(&ctx.mem);
    int x = buffer(&b, "x", 512);
    for (int nest = 0; nest < 2; nest++) {
      graph_loop(&b, TILE_LOOP_OUTER, 1, 1);
      use(&b, graph_compute(&b, TILE_VECTOR, 500, 0), x, TILE_WRITE);
      const int tensor = nest && !cases[i].same;
      if (nest ? cases[i].second_stores : cases[i].first_stores)
        store(&b, tensor, x, 8, 8);
      else
        b.g->nodes.at[load(&b, tensor, x, 8, 8)].is_async = false;
      graph_close(&b, 1);
    }
    npu_report r = run(&ctx, b.g, chip(&ctx, "npu: {launch_cycles: 0}\nmesh: [{name: core, size: 2}]\n"));
    expect_clean(&r);
    if ((r.cycles >= 1000) != cases[i].waits)
      fail_msg("case %d: %d cycles", (int)i, (int)r.cycles);
    loom_ctx_done(&ctx);
  }
}

/* ---- jobs ---- */

static void test_jobs_run_in_the_order_in_which_they_came(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = chip(ctx, "npu: {launch_cycles: 50}\n");
  const tile_graph *g = make_pipe(&ctx->mem, 2, 16, 1000, 512).b.g, *none = make_pipe(&ctx->mem, 0, 16, 1000, 512).b.g;
  npu_report r;
  npu_job jobs[] = {{.graph = g, .arrival = 9000}, {.graph = none, .arrival = 10}, {.graph = g, .arrival = 10}, {.graph = g, .arrival = 0}};
  assert_int_equal(npu_run_jobs(ctx, jobs, 4, 1, m, &(npu_options){0}, &r), LOOM_OK);
  expect_clean(&r);
  assert_int_equal(r.jobs[3].begin, 0);
  assert_true(r.jobs[1].begin > r.jobs[3].end);
  assert_int_equal(r.jobs[1].end - r.jobs[1].begin, 50);      /* of no items: its launch alone */
  assert_true(r.jobs[2].begin >= r.jobs[1].end && r.jobs[0].begin == 9000);
  static npu_job many[NPU_JOBS_MAX + 1];
  assert_int_equal(npu_run_jobs(ctx, many, NPU_JOBS_MAX + 1, 1, m, &(npu_options){0}, &r), LOOM_ELIMIT);
  testing_expect_error(ctx, LOOM_ELIMIT, "4097 jobs in 1 partitions; must be 1..4096 in at least 1", 0, 0);
  ctx->diag = (diag_list){.last = &ctx->diag.first};
  assert_int_equal(npu_run_jobs(ctx, jobs, 1, 0, m, &(npu_options){0}, &r), LOOM_ELIMIT);
  testing_expect_error(ctx, LOOM_ELIMIT, "1 jobs in 0 partitions", 0, 0);
  ctx->diag = (diag_list){.last = &ctx->diag.first};
  jobs[0].partition = -1;
  assert_int_equal(npu_run_jobs(ctx, jobs, 1, 1, m, &(npu_options){0}, &r), LOOM_EINPUT);
  testing_expect_error(ctx, LOOM_EINPUT, "is to run in partition -1; there are 1", 0, 0);
}


static void test_jobs_of_a_partition_run_one_after_the_other(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = chip(ctx, "mesh: [{name: core, size: 4}]\nnpu: {launch_cycles: 50}\ndram: {channels: 32}\n");
  const tile_graph *g = make_pipe(&ctx->mem, 8, 16, 1000, 512).b.g;
  npu_report alone, all;
  npu_job jobs[] = {{.graph = g, .partition = 0, .arrival = 0}, {.graph = g, .partition = 0, .arrival = 10}, {.graph = g, .partition = 1, .arrival = 5000}};
  assert_int_equal(npu_run_jobs(ctx, jobs, 1, 2, m, &(npu_options){0}, &alone), LOOM_OK);
  assert_int_equal(npu_run_jobs(ctx, jobs, 3, 2, m, &(npu_options){0}, &all), LOOM_OK);
  expect_clean(&all);
  int64_t took = alone.jobs[0].end - alone.jobs[0].begin;
  assert_in_range(took, 50 + 4 * 1000, 50 + 4 * 1000 + 400);   /* two cores, four items each */
  assert_int_equal(all.jobs[0].end, alone.jobs[0].end);
  assert_int_equal(all.jobs[1].begin, all.jobs[0].end + 1);
  assert_in_range(all.jobs[1].end - all.jobs[1].begin, took - 8, took + 8);
  assert_int_equal(all.jobs[2].begin, 5000);                      /* the other partition is free */
  assert_in_range(all.jobs[2].end - all.jobs[2].begin, took - 8, took + 8);
  assert_int_equal(all.cores[2].instructions[TILE_STORE] + all.cores[3].instructions[TILE_STORE], 8);
  assert_int_equal(all.cores[2].instructions[TILE_STORE], 4);
}

static void test_items_are_dealt_evenly(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = chip(ctx, "mesh: [{name: core, size: 6}]\n");
  npu_report r = run(ctx, make_pipe(&ctx->mem, 6, 8, 3000, 512).b.g, m);
  expect_clean(&r);
  for (int i = 0; i < 6; i++)
    assert_int_equal(r.cores[i].instructions[TILE_STORE], 1);
}

/* ---- mesh ---- */

/* A transfer of one line between core 0 of the mesh and the one channel, which is attached there. */
static npu_report load_across(loom_ctx *ctx, const char *mesh, const char *at) {
  const machine *m = chip(ctx, arena_printf(&ctx->mem, "mesh: [%s]\nlinks: {bytes_per_cycle: 32, hop_cycles: 7}\nnoc: {clock_hz: 940000000, ports: 4, header_bytes: 8}\n"
                                                       "npu: {launch_cycles: 0}\ndram: {channels: 1, interleave: page, attach: [[%s]]}\n", mesh, at));
  graph_builder b = new_program(&ctx->mem);
  int x = buffer(&b, "x", 512);
  graph_loop(&b, TILE_LOOP_OUTER, 1, 1);
  load(&b, 0, x, 1, 8);
  wait(&b, 0);
  use(&b, graph_compute(&b, TILE_VECTOR, 1, 0), x, TILE_READ);
  npu_report r = run(ctx, b.g, m);
  expect_clean(&r);
  return r;
}

/* One core and one channel, `hops` links apart on a line: a transfer of one line takes the same but for the links, there and back. */
static void test_a_hop_costs_its_cycles_both_ways(void **state) {
  loom_ctx *ctx = *state;
  int64_t cycles[4];
  for (int hops = 0; hops < 4; hops++) {
    npu_report r = load_across(ctx, "{name: core, size: 5}", arena_printf(&ctx->mem, "%d", hops));
    cycles[hops] = r.cycles;
    assert_int_equal(r.cycles - cycles[0], 2 * 7 * hops);
    assert_int_equal(r.noc_bytes, hops * (8 + 8 + 32));   /* a header there, a header and a line back */
  }
}

/* On a ring the way back is taken where it is shorter; of two dims one after the other. */
static void test_rings_are_crossed_the_short_way(void **state) {
  loom_ctx *ctx = *state;
  static const struct { const char *mesh, *at; int hops; } rows[] = {
      {"{name: x, size: 5, wrap: true}", "0", 0},          {"{name: x, size: 5, wrap: true}", "1", 1},          {"{name: x, size: 5, wrap: true}", "2", 2},
      {"{name: x, size: 5, wrap: true}", "3", 2},          {"{name: x, size: 5, wrap: true}", "4", 1},          {"{name: x, size: 4, wrap: true}", "2", 2},
      {"{name: x, size: 5}", "4", 4},                      {"{name: x, size: 3, wrap: true}, {name: y, size: 4}", "2, 3", 4},
      {"{name: x, size: 3, wrap: true}, {name: y, size: 4, wrap: true}", "2, 3", 2},
  };
  int64_t none = 0;
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    npu_report r = load_across(ctx, rows[i].mesh, rows[i].at);
    none = i ? none : r.cycles;
    assert_int_equal(r.noc_bytes, rows[i].hops * (8 + 8 + 32));
    assert_int_equal(r.cycles - none, 2 * 7 * rows[i].hops);
  }
}

/* A core so slow that every request is answered before the next one leaves: transfers take as long as their requests, and nothing is lost. */
static void test_memory_may_be_faster_than_the_core(void **state) {
  loom_ctx *ctx = *state;
  enum { ROUNDS = 6, ROWS = 64 };
  for (int dram = 0; dram < 2; dram++) {
    npu_options o = {.dram = (dram_model)dram};
    const tile_graph *g = make_pipe(&ctx->mem, ROUNDS, ROWS, 25, 512).b.g;
    npu_report usual = run_with(ctx, g, chip(ctx, NULL), o), slow = run_with(ctx, g, chip(ctx, "clock_hz: 940000\n"), o);
    expect_clean(&slow);
    assert_int_equal(slow.cores[0].read_bytes, ROUNDS * ROWS * 512);
    assert_int_equal(slow.cores[0].written_bytes, ROUNDS * ROWS * 512);
    assert_true(slow.cycles >= slow.cores[0].dma_cycles && slow.cycles <= usual.cycles);
  }
}

/* Eight cores in a row that load from one end: all goes over the first link, which has `rate` bytes a cycle. */
static void test_a_link_limits_what_crosses_it(void **state) {
  loom_ctx *ctx = *state;
  for (int rate = 8; rate <= 32; rate *= 2) {
    const machine *m = chip(ctx, arena_printf(&ctx->mem, "mesh: [{name: core, size: 8}]\nlinks: {bytes_per_cycle: %d, hop_cycles: 2}\nnoc: {clock_hz: 940000000, ports: 4, header_bytes: 8}\n"
                                                         "npu: {launch_cycles: 0}\ndram: {channels: 4, interleave: page, attach: [[0], [0], [0], [0]]}\n", rate));
    npu_report r = run(ctx, make_pipe(&ctx->mem, 8, 128, 1, 512).b.g, m);
    expect_clean(&r);
    int64_t lines = 7 * 128 * 512 / 32;   /* of all cores but the one at the channels; loads answered and stores sent, each with a header */
    assert_true(r.cycles >= lines * (32 + 8) / rate);
    assert_true(r.cycles <= lines * (32 + 8) * 5 / 4 / rate + lines * 8 / rate + 600);
  }
}

static void test_64_cores_on_a_mesh_run_eight_products_together(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = chip(ctx, "mesh: [{name: x, size: 8}, {name: y, size: 8}]\nlinks: {bytes_per_cycle: 64, hop_cycles: 2}\nnoc: {clock_hz: 940000000, ports: 16, header_bytes: 8}\n"
                               "dram: {channels: 32}\n");
  npu_job jobs[8] = {0};
  npu_report r;
  enum { SIDE = 256 };
  for (int i = 0; i < 8; i++)
    jobs[i] = (npu_job){.graph = npu_kernel_gemm(&ctx->mem, m, (npu_gemm){SIDE, SIDE, SIDE}), .partition = i, .arrival = 100 * i};
  assert_int_equal(npu_run_jobs(ctx, jobs, 8, 8, m, &(npu_options){.dram = DRAM_BANK}, &r), LOOM_OK);
  expect_clean(&r);
  assert_int_equal(r.n_cores, 64);
  int64_t read = 0;
  for (int i = 0; i < 64; i++)
    read += r.cores[i].read_bytes;
  assert_int_equal(read, 8 * 2 * SIDE * SIDE * 4);
  for (int i = 0; i < 8; i++) {
    assert_int_equal(r.jobs[i].begin, 100 * i);
    assert_true(r.jobs[i].end > r.jobs[i].begin + 2000);
  }
}

/* Programs drawn at random neither fault nor leave anything over, whatever the window, the slots and the room. */
static void test_random_programs_add_up(void **state) {
  loom_ctx *ctx = *state;
  rng r = rng_new(7);
  for (int k = 0; k < 60; k++) {
    const machine *m = chip(ctx, arena_printf(&ctx->mem, "npu: {weight_slots: %d, window: %d, launch_cycles: %d}\nmesh: [{name: core, size: %d}]\ncore: {dispatch: {items: %d}}\n",
                                              1 + (int)(rng_next(&r) % 3), 16 << rng_next(&r) % 6, (int)(rng_next(&r) % 100), 1 + (int)(rng_next(&r) % 4), 1 + (int)(rng_next(&r) % 4)));
    npu_gemm s = {128 << rng_next(&r) % 3, 128 << rng_next(&r) % 3, 128 << rng_next(&r) % 3};
    tile_graph *g = npu_kernel_gemm(&ctx->mem, m, s);
    int64_t seen = 0, want = 0;
    for (size_t i = 0; i < g->nodes.n; i++)
      if (g->nodes.at[i].kind == TILE_COMPUTE)
        g->nodes.at[i].cycles += (int64_t)(rng_next(&r) % 200);
    npu_report report = run_with(ctx, g, m, (npu_options){.dram = (dram_model)(rng_next(&r) % 2)});
    expect_clean(&report);
    for (int i = 0; i < report.n_cores; i++)
      seen += report.cores[i].written_bytes;
    want = s.m * s.n * 4;
    assert_int_equal(seen, want);
  }
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, testing_open_context, testing_close_context)
  const struct CMUnitTest tests[] = {
      T(test_kernels_move_their_bytes_and_add_up),
      T(test_two_runs_are_the_same),
      T(test_room_for_a_second_version_overlaps_transfers),
      T(test_a_version_that_never_fits_names_the_buffers),
      T(test_loads_fill_one_version_until_it_is_read),
      T(test_weight_slots_say_how_far_preloads_run_ahead),
      T(test_arrays_share_independent_preloads),
      T(test_consumers_wait_for_results_and_products_for_each_other_only),
      T(test_stored_bytes_are_loaded_after_they_are_there),
      T(test_straight_nodes_beside_nests_are_items),
      T(test_masks_move_what_is_inside),
      T(test_symbols_are_given_when_it_runs),
      T(test_memory_does_not_grow_with_the_work),
      T(test_wrong_graphs_are_faults),
      T(test_what_cannot_be_run_is_told),
      T(test_numbers_out_of_range_are_told_wherever_they_stand),
      T(test_tags_tell_accumulated_constants_apart),
      T(test_unusual_programs_are_clean),
      T(test_tags_set_again_are_told_of_loads_alone),
      T(test_a_buffer_larger_than_the_bank_finds_nothing_taken),
      T(test_nests_wait_where_they_share_what_is_stored),
      T(test_jobs_run_in_the_order_in_which_they_came),
      T(test_jobs_of_a_partition_run_one_after_the_other),
      T(test_items_are_dealt_evenly),
      T(test_a_hop_costs_its_cycles_both_ways),
      T(test_rings_are_crossed_the_short_way),
      T(test_memory_may_be_faster_than_the_core),
      T(test_a_link_limits_what_crosses_it),
      T(test_64_cores_on_a_mesh_run_eight_products_together),
      T(test_random_programs_add_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
