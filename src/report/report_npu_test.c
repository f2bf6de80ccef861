/* Tracks of an NPU's core add up to its cycles, and their slices to what its units did. */
#include "report/report_npu.h"
#include "sim/npu/npu_testing.h"

static const data_value *lanes_of(loom_ctx *ctx, const report_npu_run *run) {
  text t = text_new(&ctx->mem);
  data_value *v;
  text_add(&t, "{");
  report_add_npu_lanes(&t, &ctx->mem, run);
  text_add(&t, "}");
  assert_int_equal(data_read_json(ctx, "page", text_str(&t), t.size, &v), LOOM_OK);
  return v;
}

static int64_t number(const data_value *list, size_t i) { return list->items[i]->integer; }

static void test_tracks_add_up_to_their_core(void **state) {
  (void)state;
  for (int cut = 0; cut < 2; cut++) {
    loom_ctx ctx;
    npu_report r;
    machine *m;
    loom_ctx_init(&ctx);
    npu_record record = {.limit = cut ? 10 : 100000};
    npu_options o = {.dram = DRAM_RATE, .record = &record};
    const tile_graph *g = npu_test_graph(&ctx);
    assert_int_equal(machine_load(&ctx, LOOM_SOURCE_DIR "/machines/tpuv3-togsim.yaml", NULL, &m), LOOM_OK);
    assert_int_equal(npu_run(&ctx, g, m, &o, &r), LOOM_OK);
    const report_npu_run run = {g, m, &r, &record};
    const data_value *page = lanes_of(&ctx, &run), *lanes = data_get(page, "lanes"), *kinds = data_get(page, "kinds");
    const size_t tracks = data_get(page, "threads")->n;
    int64_t by_kind[16] = {0};
    assert_int_equal(tracks, r.n_arrays + 2);
    assert_int_equal(lanes->n, tracks * (size_t)r.n_cores);
    for (size_t i = 0; i < lanes->n; i++) {
      int64_t sum = 0;
      for (size_t k = 0; k < lanes->items[i]->n; k += 5) {
        sum += number(lanes->items[i], k);
        by_kind[number(lanes->items[i], k + 1)] += number(lanes->items[i], k);
      }
      assert_int_equal(sum, r.cores[i / tracks].cycles);
    }
    for (size_t k = 0; !cut && k < kinds->n; k++) {
      if (strcmp(kinds->items[k]->string, "vector") == 0)
        assert_int_equal(by_kind[k], NPU_TEST_ITEMS * 40);
      if (strcmp(kinds->items[k]->string, "matmul") == 0)
        assert_in_range(by_kind[k], NPU_TEST_ITEMS * 400, NPU_TEST_ITEMS * 500);      /* some of it overlaps */
      if (strcmp(kinds->items[k]->string, "requests") == 0)
        assert_true(by_kind[k] > 0);
    }
    loom_ctx_done(&ctx);
  }
}

/* By what they do to which tile; a graph that knows no tiles has its own names. */
static void test_nodes_are_named_by_their_tiles(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  tile_graph *g = npu_test_graph(&ctx);
  assert_string_equal(data_write_json(&ctx.mem, report_npu_nodes(&ctx.mem, g), 0), "[\"loop\", \"load\", \"wait\", \"multiply\", \"add\", \"store\"]");
  vec_push(&ctx.mem, &g->buffers, ((tile_buffer){"x\"", 64, 32}));
  vec_push(&ctx.mem, &g->buffers, ((tile_buffer){"acc", 0, 16}));
  vec_push(&ctx.mem, &g->nodes.at[1].uses, ((tile_use){0, TILE_WRITE}));
  vec_push(&ctx.mem, &g->nodes.at[3].uses, ((tile_use){0, TILE_READ}));
  vec_push(&ctx.mem, &g->nodes.at[3].uses, ((tile_use){1, TILE_UPDATE}));
  vec_push(&ctx.mem, &g->nodes.at[5].uses, ((tile_use){1, TILE_READ}));
  assert_string_equal(data_write_json(&ctx.mem, report_npu_nodes(&ctx.mem, g), 0), "[\"loop\", \"load x\\\"\", \"wait\", \"matmul acc\", \"add\", \"store acc\"]");
  assert_string_equal(data_write_json(&ctx.mem, report_npu_buffers(&ctx.mem, g), 0),
                      "[{\"name\": \"x\\\"\", \"offset\": 64, \"bytes\": 32}, {\"name\": \"acc\", \"offset\": 0, \"bytes\": 16}]");
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_tracks_add_up_to_their_core),
      cmocka_unit_test(test_nodes_are_named_by_their_tiles),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
