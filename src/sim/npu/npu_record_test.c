/* What is recorded of a tile graph's run changes nothing of it, and adds up to its counters. */
#include "sim/npu/npu_kernels.h"
#include "sim/npu/npu_testing.h"

static npu_report run(loom_ctx *ctx, const machine *m, npu_record *record) {
  npu_report r;
  npu_options o = {.dram = DRAM_BANK, .record = record, .event_budget = 100 * 1000 * 1000};
  assert_int_equal(npu_run(ctx, npu_test_graph(ctx), m, &o, &r), LOOM_OK);
  assert_int_equal(r.n_faults, 0);
  return r;
}

static void test_recording_changes_nothing_and_adds_up(void **state) {
  (void)state;
  loom_ctx ctx;
  machine *m;
  loom_ctx_init(&ctx);
  assert_int_equal(machine_load(&ctx, LOOM_SOURCE_DIR "/machines/tpuv3-togsim.yaml", NULL, &m), LOOM_OK);
  npu_record all = {.limit = 1000000}, few = {.limit = 20};
  npu_report plain = run(&ctx, m, NULL), r = run(&ctx, m, &all), cut = run(&ctx, m, &few);
  assert_true(plain.cycles > 0 && plain.cycles == r.cycles && plain.cycles == cut.cycles);
  assert_int_equal(plain.events, r.events);
  int64_t bytes = 0, dma = 0, answers = 0, requests = 0, computes = 0, free_at[4] = {0};
  for (size_t i = 0; i < all.slices.n; i++) {
    const npu_slice *x = &all.slices.at[i];
    int64_t *free_of = &free_at[x->track - NPU_TRACK_DMA];
    assert_true(x->begin >= *free_of && x->begin < x->end && x->end <= r.cycles);      /* one after the other */
    *free_of = x->end;
    dma += x->track == NPU_TRACK_DMA ? x->end - x->begin : 0;
    computes += x->track != NPU_TRACK_DMA;
    assert_in_range(x->item, 0, NPU_TEST_ITEMS - 1);
  }
  for (size_t i = 0; i < all.flights.n; i++) {
    assert_true(all.flights.at[i].begin < all.flights.at[i].end && all.flights.at[i].end <= r.cycles);
    bytes += all.flights.at[i].bytes;
  }
  for (int c = 0; c < r.n_channels; c++) {
    requests += r.channels[c].reads + r.channels[c].writes;
    for (int i = 0; i < all.channels.n_bins; i++)
      answers += bins_get(&all.channels, c, i);
  }
  assert_int_equal(all.cut, -1);
  assert_int_equal(all.flights.n, 2 * NPU_TEST_ITEMS);
  assert_int_equal(computes, 2 * NPU_TEST_ITEMS);
  assert_int_equal(bytes, 2 * NPU_TEST_ITEMS * NPU_TEST_SIDE * NPU_TEST_SIDE * 4);
  assert_int_equal(dma, r.cores[0].dma_cycles);
  assert_int_equal(answers, requests);
  assert_true(few.cut >= 0 && few.slices.n + few.flights.n == 20);
  loom_ctx_done(&ctx);
}

/* A program on two cores: its slices are as long as what its units, arrays and engines did, and its flights carry what it moved. */
static void test_a_program_s_record_adds_up(void **state) {
  (void)state;
  loom_ctx ctx;
  npu_report plain, r;
  loom_ctx_init(&ctx);
  const machine *m = npu_test_machine(&ctx, "tpuv3", "mesh: [{name: core, size: 2}]\n");
  tile_graph *g = npu_kernel_gemm(&ctx.mem, m, (npu_gemm){512, 256, 384});
  npu_record all = {.limit = 1000000};
  assert_int_equal(npu_run(&ctx, g, m, &(npu_options){.dram = DRAM_RATE}, &plain), LOOM_OK);
  assert_int_equal(npu_run(&ctx, g, m, &(npu_options){.dram = DRAM_RATE, .record = &all}, &r), LOOM_OK);
  assert_int_equal(plain.cycles, r.cycles);
  assert_int_equal(plain.events, r.events);
  for (int c = 0; c < r.n_cores; c++) {
    int64_t took[2 + NPU_ARRAYS_MAX] = {0}, bytes = 0;
    for (size_t i = 0; i < all.slices.n; i++)
      if (all.slices.at[i].core == c)
        took[all.slices.at[i].track - NPU_TRACK_DMA] += all.slices.at[i].end - all.slices.at[i].begin;
    for (size_t i = 0; i < all.flights.n; i++)
      bytes += all.flights.at[i].core == c ? all.flights.at[i].bytes : 0;
    assert_int_equal(took[0], r.cores[c].dma_cycles);
    assert_int_equal(took[NPU_TRACK_VECTOR - NPU_TRACK_DMA], r.cores[c].vector_busy);
    for (int a = 0; a < r.n_arrays; a++)
      assert_int_equal(took[a - NPU_TRACK_DMA], r.cores[c].array_busy[a] + r.cores[c].array_bubble[a]);
    assert_int_equal(bytes, r.cores[c].read_bytes + r.cores[c].written_bytes);
  }
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_recording_changes_nothing_and_adds_up), cmocka_unit_test(test_a_program_s_record_adds_up)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
