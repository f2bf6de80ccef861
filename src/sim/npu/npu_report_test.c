/* What is told of a run, and what must add up in one.  Oracle: reports and counters written down by hand; each row changes one number. */
#include "sim/npu/npu_flow.h"
#include "sim/npu/npu_testing.h"
#include "base/rng.h"

static const char *json(loom_ctx *ctx, const data_value *v) { return data_write_json(&ctx->mem, v, 0); }

static void test_channels_and_faults_are_told(void **state) {
  loom_ctx *ctx = *state;
  npu_core_report core = {.cycles = 5};
  dram_counts channel = {.reads = 2, .writes = 1, .row_hits = 1, .row_misses = 1, .row_conflicts = 1, .forwarded = 4};
  npu_report r = {.cycles = 9, .dram = DRAM_RATE, .request_bytes = 32, .n_cores = 1, .cores = &core, .n_channels = 1, .channels = &channel, .n_faults = 7};
  const machine *m = npu_test_machine(ctx, "tpuv3", NULL);
  vec_push(&ctx->mem, &r.faults, ((npu_fault){NPU_FAULT_NO_WAIT, 3, 8, "load x", "text"}));
  vec_push(&ctx->mem, &r.faults, ((npu_fault){NPU_FAULT_AUDIT, -1, 9, NULL, "other"}));
  const tile_graph *g = npu_test_graph(ctx);
  const data_value *o = npu_report_to_data(&ctx->mem, &r, g, m);
  assert_string_equal(json(ctx, data_get(o, "faults")), "[{\"kind\": \"no_wait\", \"core\": 3, \"node\": \"load x\", \"cycle\": 8, \"text\": \"text\"}, "
                                                        "{\"kind\": \"audit\", \"cycle\": 9, \"text\": \"other\"}]");
  assert_string_equal(json(ctx, data_get(o, "channels")), "[{\"bytes\": 96, \"reads\": 2, \"writes\": 1}]");
  assert_int_equal(data_get(o, "n_faults")->integer, 7);
  assert_null(data_get(o, "jobs"));
  r.dram = DRAM_BANK;
  o = npu_report_to_data(&ctx->mem, &r, g, m);
  assert_string_equal(json(ctx, data_get(o, "channels")), "[{\"bytes\": 96, \"reads\": 2, \"writes\": 1, \"row_hits\": 1, \"row_misses\": 1, \"row_conflicts\": 1, \"forwarded\": 4}]");
}

static void test_what_takes_no_time_is_not_recorded(void **state) {
  loom_ctx *ctx = *state;
  npu_record record = {.limit = 3, .cut = -1};
  npu_options o = {.record = &record};
  npu s = {.ctx = ctx, .o = &o, .dram.request_bytes = 32};
  npu_transfer t = {.core = 1, .begin = 10, .requests = 2};
  npu_record_slice(&s, 0, NPU_TRACK_VECTOR, 0, 0, 5, 5);
  npu_record_flight(&s, &t, 10);
  assert_int_equal(record.slices.n + record.flights.n, 0);
  npu_record_slice(&s, 0, NPU_TRACK_VECTOR, 0, 0, 5, 6);
  npu_record_flight(&s, &t, 11);
  npu_record_flight(&s, &t, 12);
  assert_int_equal(record.flights.at[0].bytes, 64);
  npu_record_slice(&s, 0, NPU_TRACK_VECTOR, 0, 0, 20, 21);      /* the fourth */
  npu_record_flight(&s, &t, 13);
  assert_int_equal(record.slices.n, 1);
  assert_int_equal(record.flights.n, 2);
  assert_int_equal(record.cut, 20);
}

/* One core with two arrays in cycle 100: busy + bubbles + idle of each are 100. */
static void test_what_does_not_add_up_is_a_fault(void **state) {
  (void)state;
  enum { RIGHT, STOPPED, BYTES, CYCLES, IDLE, BUBBLE, TAKEN, VERSIONS, WAITS, CASES };
  static const char *const texts[CASES] = {
      [BYTES] = "the cores moved 32 bytes, the channels 0",
      [CYCLES] = "array 1 is busy 31, in bubbles 10 and idle 60 of 100 cycles",
      [IDLE] = "array 0 is busy 130, in bubbles 0 and idle -30 of 100 cycles",
      [BUBBLE] = "array 0 is busy 60, in bubbles -10 and idle 50 of 100 cycles",
      [TAKEN] = "64 bytes a lane of the scratchpad are still taken",
      [VERSIONS] = "5 versions of buffers were made, 4 freed",
      [WAITS] = "2 waits were made, 3 matched",
  };
  for (int k = 0; k < CASES; k++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    npu_core_report core = {.array_busy = {70, 30}};
    flow_unit arrays[2] = {{.end = 80, .bubble = 0, .idle = 10}, {.end = 90, .bubble = 10, .idle = 50}};
    flow_core fc = {.n_versions = 5, .arrays = arrays};
    npu_flow flow = {.cores = &fc, .n_waits = 2, .n_matched = 2, .n_versions_over = 5};
    npu_report r = {.n_cores = 1, .n_arrays = 2, .cores = &core};
    npu s = {.ctx = &ctx, .report = &r, .flow = &flow, .n_cores = 1, .core_tick = 100};
    switch (k) {
    case STOPPED: r.n_faults = 1, fc.lane_bytes = 64; break;
    case BYTES: core.read_bytes = 32; break;
    case CYCLES: core.array_busy[1]++; break;
    case IDLE: core.array_busy[0] = 130, arrays[0].idle = -50; break;
    case BUBBLE: core.array_busy[0] = 60, arrays[0].bubble = -10, arrays[0].idle = 30; break;
    case TAKEN: fc.lane_bytes = 64; break;
    case VERSIONS: flow.n_versions_over--; break;
    case WAITS: flow.n_matched++; break;
    default: break;
    }
    flow_audit(&s);
    assert_int_equal(r.faults.n, texts[k] != NULL);
    if (texts[k]) {
      assert_string_equal(r.faults.at[0].text, texts[k]);
      assert_int_equal(r.faults.at[0].kind, NPU_FAULT_AUDIT);
      assert_int_equal(r.faults.at[0].core, k == CYCLES || k == IDLE || k == BUBBLE || k == TAKEN ? 0 : -1);
    }
    loom_ctx_done(&ctx);
  }
}

static void test_so_many_faults_are_kept(void **state) {
  loom_ctx *ctx = *state;
  npu_report r = {0};
  npu s = {.ctx = ctx, .report = &r};
  for (int i = 0; i < NPU_FAULTS_KEPT + 5; i++)
    npu_fault_add(&s, NPU_FAULT_CODE, -1, i, NULL, "fault %d", i);
  assert_int_equal(r.faults.n, NPU_FAULTS_KEPT);
  assert_int_equal(r.n_faults, NPU_FAULTS_KEPT + 5);
}

/* Whatever the order they come in, tiles leave with the least memory first. */
static void test_tiles_of_least_memory_come_first(void **state) {
  loom_ctx *ctx = *state;
  enum { TILES = 60 };
  rng r = rng_new(5);
  for (int round = 0; round < 50; round++) {
    npu_item it = {0};
    const int n = (int)rng_range(&r, 1, TILES);
    bool is_out[TILES] = {false};
    for (int i = 0; i < n; i++) {
      vec_push(&ctx->mem, &it.tiles, ((npu_tile){.spad_bytes = rng_range(&r, 0, 20)}));
      npu_heap_push(&ctx->mem, &it, i);
    }
    for (int64_t last = 0, i = 0; i < n; i++) {
      const int tile = npu_heap_pop(&it);
      assert_true(!is_out[tile] && it.tiles.at[tile].spad_bytes >= last);
      last = it.tiles.at[tile].spad_bytes;
      is_out[tile] = true;
    }
    assert_int_equal(it.heap.n, 0);
  }
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, testing_open_context, testing_close_context)
  const struct CMUnitTest tests[] = {T(test_channels_and_faults_are_told), T(test_what_takes_no_time_is_not_recorded), cmocka_unit_test(test_what_does_not_add_up_is_a_fault), T(test_so_many_faults_are_kept), T(test_tiles_of_least_memory_come_first)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
