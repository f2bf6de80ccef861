/* The trace of a tile graph is JSON, with every slice and transfer of the record in it. */
#include "report/report_tiles.h"
#include "base/file.h"
#include "sim/npu/npu_testing.h"
#include <unistd.h>

static void write_and_count(int64_t limit, const char *name, int count[128], int64_t *out_cut, npu_record *record) {
  loom_ctx ctx;
  machine *m;
  npu_report r;
  char *source;
  size_t size;
  data_value *v;
  loom_ctx_init(&ctx);
  const char *path = arena_printf(&ctx.mem, "/tmp/loom_report_tiles_%ld.json", (long)getpid());
  *record = (npu_record){.limit = limit};
  npu_options o = {.dram = DRAM_RATE, .record = record};
  tile_graph *g = npu_test_graph(&ctx);
  g->nodes.at[1].name = name;
  assert_int_equal(machine_load(&ctx, LOOM_SOURCE_DIR "/machines/tpuv3-togsim.yaml", NULL, &m), LOOM_OK);
  assert_int_equal(npu_run(&ctx, g, m, &o, &r), LOOM_OK);
  assert_int_equal(report_write_tile_trace(&ctx, g, m, &r, record, path), LOOM_OK);
  assert_int_equal(file_read(&ctx, path, 1 << 24, &source, &size), LOOM_OK);
  assert_int_equal(data_read_json(&ctx, path, source, size, &v), LOOM_OK);
  const data_value *events = data_get(v, "traceEvents"), *cut = data_get(data_get(v, "otherData"), "cut_at_cycle");
  memset(count, 0, 128 * sizeof *count);
  for (size_t i = 0; i < events->n; i++) {
    const data_value *e = events->items[i], *ts = data_get(e, "ts");
    count[(int)data_get(e, "ph")->string[0]]++;
    assert_true(!ts || (ts->real >= 0 && ts->real <= (double)r.cycles));
    if (data_get(e, "ph")->string[0] == 'b' && strcmp(data_get(e, "cat")->string, "load") == 0)
      assert_string_equal(data_get(e, "name")->string, name);
  }
  *out_cut = cut ? cut->integer : -1;
  unlink(path);
  loom_ctx_done(&ctx);
}

static void test_every_entry_is_an_event(void **state) {
  (void)state;
  int count[128];
  int64_t cut;
  npu_record record;
  write_and_count(1000000, "\"},{<b>\\\n", count, &cut, &record);
  assert_int_equal(cut, -1);
  assert_int_equal(count['X'], record.slices.n);
  assert_int_equal(count['b'], 2 * NPU_TEST_ITEMS);
  assert_int_equal(count['e'], 2 * NPU_TEST_ITEMS);
  assert_int_equal(count['i'], 0);
  assert_true(count['C'] > 0);
  write_and_count(10, "load", count, &cut, &record);
  assert_true(cut >= 0);
  assert_int_equal(count['X'] + count['b'], 10);
  assert_int_equal(count['i'], 1);
}

static void test_faults_are_events_of_their_core_or_of_all(void **state) {
  (void)state;
  loom_ctx ctx;
  machine *m;
  npu_report r = {.cycles = 9, .n_cores = 2, .n_arrays = 1};
  npu_record record = {.cut = -1, .dram_period = 1, .core_period = 1};
  char *source;
  size_t size;
  loom_ctx_init(&ctx);
  const char *path = arena_printf(&ctx.mem, "/tmp/loom_report_faults_%ld.json", (long)getpid());
  tile_graph *g = npu_test_graph(&ctx);
  assert_int_equal(machine_load(&ctx, LOOM_SOURCE_DIR "/machines/tpuv3-togsim.yaml", NULL, &m), LOOM_OK);
  vec_push(&ctx.mem, &r.faults, ((npu_fault){.core = -1, .cycle = 7, .text = "all"}));
  vec_push(&ctx.mem, &r.faults, ((npu_fault){.kind = NPU_FAULT_SPAD_FULL, .core = 1, .cycle = 8, .text = "one"}));
  assert_int_equal(report_write_tile_trace(&ctx, g, m, &r, &record, path), LOOM_OK);
  assert_int_equal(file_read(&ctx, path, 1 << 24, &source, &size), LOOM_OK);
  unlink(path);
  static const char *const tracks[] = {"array 0", "vector", "DMA engine"};
  for (int c = 0; c < 2; c++)
    for (int i = 0; i < 3; i++)
      assert_non_null(strstr(source, arena_printf(&ctx.mem, "{\"ph\":\"M\",\"pid\":%d,\"tid\":%d,\"name\":\"thread_name\",\"args\":{\"name\":\"%s\"}}", 1 + c, 3 - i, tracks[i])));
  assert_non_null(strstr(source, "{\"ph\":\"M\",\"pid\":3,\"tid\":0,\"name\":\"process_name\",\"args\":{\"name\":\"DRAM\"}}"));
  assert_non_null(strstr(source, "{\"ph\":\"i\",\"pid\":1,\"tid\":1,\"ts\":7,\"s\":\"g\",\"cat\":\"fault\",\"name\":\"deadlock\",\"args\":{\"text\":\"all\"}}"));
  assert_non_null(strstr(source, "{\"ph\":\"i\",\"pid\":2,\"tid\":1,\"ts\":8,\"s\":\"p\",\"cat\":\"fault\",\"name\":\"spad_full\",\"args\":{\"text\":\"one\"}}"));
  assert_int_equal(report_write_tile_trace(&ctx, g, m, &r, &record, "/tmp/loom_there_is_no_such_directory/x.json"), LOOM_EIO);
  testing_expect_error(&ctx, LOOM_EIO, "cannot write the file", 0, 0);
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_entry_is_an_event), cmocka_unit_test(test_faults_are_events_of_their_core_or_of_all)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
