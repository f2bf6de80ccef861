/* The boxes of a store are its tensor, every element once, with the times of the record; there are never more than a page takes. */
#include "report/report_moves.h"
#include "report/report_testing.h"

typedef struct watched { rig g; sim_record record; } watched;

static void watch(watched *w, const tog_matmul_spec *s) {
  rig_open(&w->g, s);
  w->record = (sim_record){0};
  sim_options o = {.event_budget = 50 * 1000 * 1000, .record = &w->record};
  assert_int_equal(sim_run(&w->g.ctx, w->g.t, w->g.m, &o, &w->g.r), LOOM_OK);
}

static const data_value *moves_of(loom_ctx *ctx, const tog *t, const report_run *chip, const report_npu_run *npu) {
  text out = text_new(&ctx->mem);
  data_value *v;
  text_add(&out, "{");
  assert_int_equal(report_add_moves(ctx, &out, t, chip, npu), LOOM_OK);
  text_add(&out, "}");
  assert_int_equal(data_read_json(ctx, "page", text_str(&out), out.size, &v), LOOM_OK);
  return data_get(v, "moves");
}

static int64_t number(const data_value *list, size_t i) { return list->items[i]->integer; }

/* Marks the elements of every box of a matrix; returns how many boxes there are. */
static size_t mark_boxes(const data_value *move, int *times, int64_t rows, int64_t columns) {
  const data_value *cores = data_get(move, "cores");
  size_t boxes = 0;
  for (size_t c = 0; c < cores->n; c++) {
    const data_value *core = cores->items[c];
    assert_int_equal(core->n % 7, 0);
    for (size_t k = 0; k < core->n; k += 7, boxes++) {
      assert_true(k == 0 || number(core, k) > number(core, k - 7));
      assert_true(number(core, k) < data_get(move, "turns")->integer);
      for (int64_t i = number(core, k + 3); i < number(core, k + 3) + number(core, k + 4); i++)
        for (int64_t j = number(core, k + 5); j < number(core, k + 5) + number(core, k + 6); j++) {
          assert_true(i >= 0 && i < rows && j >= 0 && j < columns);
          times[i * columns + j]++;
        }
    }
  }
  return boxes;
}

/* Edge tiles, cores with less to do than others. */
static void test_every_element_is_stored_in_one_turn(void **state) {
  (void)state;
  static const tog_matmul_spec specs[] = {{128, 96, 64, 32, 32, 16, 2, 3, true, 2, 50}, {100, 70, 50, 16, 32, 16, 2, 3, false, 1, 9}, {31, 200, 20, 16, 16, 8, 4, 1, true, 2, 20}};
  for (size_t i = 0; i < COUNT_OF(specs); i++) {
    const tog_matmul_spec *s = &specs[i];
    watched w;
    watch(&w, s);
    const report_run run = {w.g.t, w.g.m, &w.g.r, &w.record};
    const data_value *all = moves_of(&w.g.ctx, w.g.t, &run, NULL), *store = all->items[0];
    int *times = ARENA_NEW_N(&w.g.ctx.mem, int, s->m * s->n);
    assert_int_equal(all->n, 3);
    assert_true(data_get(store, "is_store")->boolean);
    assert_int_equal(number(data_get(store, "shape"), 0), s->m);
    mark_boxes(store, times, s->m, s->n);
    for (int64_t k = 0; k < s->m * s->n; k++)
      assert_int_equal(times[k], 1);
    for (size_t k = 1; k < all->n; k++)
      assert_false(data_get(all->items[k], "is_store")->boolean);
    rig_close(&w.g);
  }
}

/* Each store ends when its node does in the writer's lane, and is worked on from a step of the compute thread on. */
static void test_times_are_those_of_the_record(void **state) {
  (void)state;
  static const tog_matmul_spec spec = {100, 70, 50, 16, 32, 16, 2, 3, true, 2, 50};
  watched w;
  watch(&w, &spec);
  const report_run run = {w.g.t, w.g.m, &w.g.r, &w.record};
  const data_value *store = moves_of(&w.g.ctx, w.g.t, &run, NULL)->items[0], *cores = data_get(store, "cores");
  const int id = tog_sample_find(w.g.t, data_get(store, "label")->string)->id;
  for (size_t c = 0; c < cores->n; c++) {
    const data_value *core = cores->items[c];
    const sim_lane *writer = &w.record.lanes[c * TOG_THREADS + TOG_WRITER], *compute = &w.record.lanes[c * TOG_THREADS + TOG_COMPUTE_THREAD];
    size_t k = 0;
    for (size_t at = 0; at < core->n; at += 7, k++) {      /* in order; a store of nothing waits too, and has no box */
      while (k < writer->slices.n && (writer->slices.at[k].kind != SIM_SLICE_NODE || writer->slices.at[k].node != id || writer->slices.at[k].end != number(core, at + 2)))
        k++;
      assert_true(k < writer->slices.n);
      bool is_step = false;
      for (size_t i = 0; i < compute->slices.n && !is_step; i++)
        is_step = compute->slices.at[i].kind == SIM_SLICE_STEP && compute->slices.at[i].begin == number(core, at + 1);
      assert_true(is_step && number(core, at + 1) < number(core, at + 2));
    }
  }
  rig_close(&w.g);
}

static void test_a_page_takes_so_many(void **state) {
  (void)state;
  static const tog_matmul_spec spec = {4096, 4096, 16, 16, 16, 16, 4, 4, false, 1, 9};
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  const tog *t = tog_sample_matmul(&ctx.mem, &spec);
  const data_value *all = moves_of(&ctx, t, NULL, NULL);
  int *times = ARENA_NEW_N(&ctx.mem, int, spec.m * spec.n);
  const size_t stores = mark_boxes(all->items[0], times, spec.m, spec.n);
  assert_in_range(stores, REPORT_MOVES / 2 - 16, REPORT_MOVES / 2);
  assert_true(data_get(all->items[0], "turns")->integer * 16 > (int64_t)stores);
  size_t boxes = 0;
  for (size_t i = 0; i < all->n; i++)
    for (size_t c = 0; c < 16; c++)
      boxes += data_get(all->items[i], "cores")->items[c]->n / 7;
  assert_true(boxes <= REPORT_MOVES);
  loom_ctx_done(&ctx);
}

/* A graph from outside may have loops that go round without a turn. */
static void test_empty_loops_end(void **state) {
  (void)state;
  told_run w;
  told_open(&w);
  arena *m = &w.ctx.mem;
  tog_node *outer = told_node(&w, &w.t.body, TOG_LOOP, NULL), *inner = told_node(&w, &outer->body, TOG_LOOP, NULL);
  outer->trip = sym_const(m, INT64_C(1) << 50);
  inner->trip = sym_const(m, 0);
  outer->var = "j";
  told_node(&w, &inner->body, TOG_STORE, "never");
  tog_number(&w.t);
  const data_value *all = moves_of(&w.ctx, &w.t, NULL, NULL);
  assert_string_equal(data_get(all->items[0], "label")->string, "never");
  assert_int_equal(data_get(all->items[0], "turns")->integer, 0);
  told_close(&w);
}

/* Transfers of an NPU come by work item; as many as boxes, or nothing is said of when. */
static void test_transfers_give_boxes_their_times(void **state) {
  (void)state;
  static const tog_matmul_spec spec = {64, 32, 16, 32, 16, 16, 1, 1, false, 1, 9};
  for (int missing = 0; missing < 2; missing++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    const tog *t = tog_sample_matmul(&ctx.mem, &spec);
    tile_graph g = {.name = "g"};
    npu_record record = {.cut = -1};
    npu_report report = {.n_cores = 2, .cycles = 100};
    const report_npu_run npu = {&g, NULL, &report, &record};
    vec_push(&ctx.mem, &g.nodes, ((tile_node){.kind = TILE_STORE, .name = "s"}));
    for (int i = 3; i >= missing; i--)    /* last first; the second work item on the other core */
      vec_push(&ctx.mem, &record.flights, ((npu_flight){.core = i / 2, .node = 0, .is_write = true, .item = i / 2, .begin = 10 * i, .end = 10 * i + 5}));
    const data_value *cores = data_get(moves_of(&ctx, t, NULL, &npu)->items[0], "cores");
    for (size_t c = 0; c < 2; c++)
      assert_int_equal(cores->items[c]->n, missing ? (c ? 0 : 28) : 14);
    for (size_t k = 0; k < cores->items[0]->n; k += 7) {
      assert_int_equal(number(cores->items[0], k + 1), missing ? -1 : (int64_t)(10 * (k / 7)));
      assert_int_equal(number(cores->items[0], k + 2), missing ? -1 : (int64_t)(10 * (k / 7) + 5));
    }
    if (!missing)
      assert_int_equal(number(cores->items[1], 1), 20);
    loom_ctx_done(&ctx);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_element_is_stored_in_one_turn),
      cmocka_unit_test(test_times_are_those_of_the_record),
      cmocka_unit_test(test_a_page_takes_so_many),
      cmocka_unit_test(test_empty_loops_end),
      cmocka_unit_test(test_transfers_give_boxes_their_times),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
