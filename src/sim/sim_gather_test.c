/* Gathers: rows land where they belong, in their own round; who never comes is named. */
#include "sim/sim_bench.h"

/* Every core (x, y) loads its own tile and sends it; the receivers store all the rows they got, and their sum.  ROUNDS = 4 times. */
static const char *const graph =
  "{\"schema\": \"loom.tog.v1\", \"mesh\": [{\"name\": \"x\", \"size\": 3}, {\"name\": \"y\", \"size\": 4}],\n"
  "\"tensors\": [{\"name\": \"in\", \"dtype\": \"f32\", \"shape\": [4, 3, 4, 2, 5], \"input\": true, \"arg\": 0},\n"
  "  {\"name\": \"rows\", \"dtype\": \"f32\", \"shape\": [4, $receivers$, $n$, 2, 5], \"output\": true, \"arg\": 1},\n"
  "  {\"name\": \"sums\", \"dtype\": \"f32\", \"shape\": [4, $receivers$, 2, 5], \"output\": true, \"arg\": 2}],\n"
  "\"buffers\": [{\"name\": \"b\", \"dtype\": \"f32\", \"shape\": [2, 5], \"bytes\": 40, \"depth\": $depth$, \"stride\": 64, \"offset\": 0},\n"
  "  {\"name\": \"parts\", \"dtype\": \"f32\", \"shape\": [$n$, 2, 5], \"bytes\": $bytes$, \"depth\": $depth$, \"stride\": 512, \"offset\": 512},\n"
  "  {\"name\": \"all\", \"dtype\": \"f32\", \"shape\": [$n$, 2, 5], \"bytes\": $bytes$, \"depth\": $depth$, \"stride\": 512, \"offset\": 8192},\n"
  "  {\"name\": \"sum\", \"dtype\": \"f32\", \"shape\": [2, 5], \"bytes\": 40, \"depth\": $depth$, \"stride\": 64, \"offset\": 4096}],\n"
  "\"body\": [{\"loop\": \"r\", \"trip\": 4, \"body\": [\n"
  "  {\"load\": \"in\", \"to\": \"b\", \"offset\": [\"r\", \"x\", \"y\", 0, 0], \"extent\": [1, 1, 1, 2, 5], \"dims\": [-1, -1, -1, 0, 1]},\n"
  "  {\"send\": \"b\", \"to\": \"parts\", \"row\": \"$row$\", \"receiver\": [$to$], \"label\": \"send\"},\n"
  "  {\"give\": \"b\", \"thread\": \"writer\"},\n"
  "  {\"loop\": \"here\", \"trip\": \"$is_receiver$\", \"body\": [\n"
  "    {\"collect\": \"parts\", \"senders\": \"$senders$\", \"label\": \"collect\"},\n"
  "    {\"take\": \"sum\"},\n"
  "    {\"compute\": \"add_rows\", \"uses\": [{\"read\": \"parts\", \"wait\": true}, {\"write\": \"sum\"}], \"args\": [$n$], \"cycles\": 20, \"unit\": \"vector\"},\n"
  "    {\"push\": \"sum\"}, {\"take\": \"all\"},\n"
  "    {\"compute\": \"copy_rows\", \"uses\": [{\"read\": \"parts\", \"wait\": true}, {\"write\": \"all\"}], \"args\": [$n$], \"cycles\": 20, \"unit\": \"vector\"},\n"
  "    {\"give\": \"parts\", \"thread\": \"compute\"}, {\"push\": \"all\"},\n"
  "    {\"store\": \"rows\", \"from\": \"all\", \"offset\": [\"r\", \"$number$\", 0, 0, 0], \"extent\": [1, 1, $n$, 2, 5], \"dims\": [-1, -1, 0, 1, 2]},\n"
  "    {\"store\": \"sums\", \"from\": \"sum\", \"offset\": [\"r\", \"$number$\", 0, 0], \"extent\": [1, 1, 2, 5], \"dims\": [-1, -1, 0, 1]},\n"
  "    {\"give\": \"all\", \"thread\": \"writer\"}, {\"give\": \"sum\", \"thread\": \"writer\"}]}]}],\n"
  "\"functions\": {\"add_rows\": null, \"copy_rows\": null}}";

static void add_rows(void *const *buf, const int64_t *arg) {
  const float *parts = buf[0];
  float *sum = buf[1];
  for (int64_t i = 0; i < 10; i++) {
    sum[i] = 0;
    for (int64_t r = 0; r < arg[0]; r++)
      sum[i] += parts[r * 10 + i];
  }
}
static void copy_rows(void *const *buf, const int64_t *arg) { memcpy(buf[1], buf[0], (size_t)arg[0] * 10 * sizeof(float)); }
static const sim_tile_fn functions[] = {add_rows, copy_rows};

typedef struct gather { const char *receivers, *n, *bytes, *row, *to, *is_receiver, *senders, *number; } gather;
static const gather gathers[] = {
  {"3", "4", "160", "y", "\"x\", 0", "y == 0", "4", "x"},                                /* along y */
  {"4", "3", "120", "x", "0, \"y\"", "x == 0", "3", "y"},                                /* along x */
  {"1", "12", "480", "x * 4 + y", "0, 0", "x + y == 0", "12", "0"},                      /* both */
  {"1", "12", "480", "11 - x * 4 - y", "1, 2", "x == 1 && y == 2", "12", "0"},           /* to a core in the middle, the other way round */
};

/* Row k of receiver `number`: the core that sends it. */
static int sender_of(int which, int number, int k) {
  switch (which) {
  case 0: return number * 4 + k;
  case 1: return k * 4 + number;
  case 2: return k;
  default: return 11 - k;
  }
}

static void open_gather(bench *b, const gather *g, const char *depth) {
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  const char *const pairs[] = {"receivers", g->receivers, "n", g->n, "bytes", g->bytes, "row", g->row, "to", g->to, "is_receiver", g->is_receiver,
                               "senders", g->senders, "number", g->number, "depth", depth, NULL};
  bench_open(b, bench_text(&ctx.mem, graph, pairs));
  loom_ctx_done(&ctx);
}

static void test_every_row_holds_its_senders_tile_of_the_round(void **state) {
  (void)state;
  const char *const depths[] = {"1", "2", "3"};
  for (size_t w = 0; w < COUNT_OF(gathers); w++)
    for (size_t d = 0; d < COUNT_OF(depths); d++) {
      bench b;
      open_gather(&b, &gathers[w], depths[d]);
      bench_run(&b, functions, 2, true);
      bench_expect_clean(&b);
      int receivers = (int)b.t->tensors.at[1].shape[1], n = (int)b.t->tensors.at[1].shape[2];
      for (int r = 0; r < 4; r++)
        for (int c = 0; c < receivers; c++)
          for (int i = 0; i < 10; i++) {
            float sum = 0;
            for (int k = 0; k < n; k++) {
              float want = b.data[0][(r * 12 + sender_of((int)w, c, k)) * 10 + i];
              assert_true(b.data[1][((r * receivers + c) * n + k) * 10 + i] == want);
              sum += want;
            }
            assert_true(b.data[2][(r * receivers + c) * 10 + i] == sum);
          }
      bench_close(&b);
    }
}

/* ---- recorded and watched ---- */

typedef struct sends { int n; int64_t rows; } sends;
static void reserved(void *data, const sim_slot_name *slot) { (void)data, (void)slot; }
static void moved(void *data, const sim_at *at, const sim_moved *m) { (void)data, (void)at, (void)m; }
static void computed(void *data, const sim_at *at, const int *slots, void *const *bytes) { (void)data, (void)at, (void)slots, (void)bytes; }
static void sent(void *data, const sim_at *at, const sim_slot_name *from, const sim_slot_name *to, int64_t row) {
  sends *x = data;
  (void)at, (void)from, (void)to;
  x->n++;
  x->rows += row;
}

/* Who records, and who looks on, changes no number; every row is seen to be sent once a round, in packets or whole. */
static void test_records_and_watchers_of_gathers_change_nothing(void **state) {
  (void)state;
  for (size_t w = 0; w < COUNT_OF(gathers); w++)
    for (int packets = 0; packets < 2; packets++) {
      bench b;
      open_gather(&b, &gathers[w], "1");
      b.m->link_packet_bytes = packets ? 16 : 0;
      bench_run(&b, functions, 2, true);
      const char *before = data_write_json(&b.ctx.mem, sim_report_to_data(&b.ctx.mem, &b.r, b.t), 0);
      bench_fill(&b);
      sends seen = {0};
      const sim_watch watch = {&seen, reserved, moved, moved, computed, sent};
      const sim_exec exec = {functions, 2};
      sim_record record = {.limit = 0};
      const sim_options o = {.exec = &exec, .tensors = b.tensors, .record = &record, .watch = &watch, .event_budget = 2 * 1000 * 1000};
      assert_int_equal(sim_run(&b.ctx, b.t, b.m, &o, &b.r), LOOM_OK);
      assert_string_equal(before, data_write_json(&b.ctx.mem, sim_report_to_data(&b.ctx.mem, &b.r, b.t), 0));
      int64_t receivers = b.t->tensors.at[1].shape[1], n = b.t->tensors.at[1].shape[2];
      assert_int_equal(seen.n, 4 * 12);
      assert_int_equal(seen.rows, 4 * receivers * n * (n - 1) / 2);
      int64_t collected = 0;
      for (int i = 0; i < record.n_lanes; i++) {
        int64_t spent = 0;
        for (int k = 0; k < SIM_SLICE_KINDS; k++)
          spent += record.lanes[i].spent[k];
        assert_int_equal(spent, record.lanes[i].end);      /* no gap, nothing twice */
        collected += record.lanes[i].spent[SIM_SLICE_COLLECT];
      }
      assert_true(collected > 0);
      bench_close(&b);
    }
}

/* ---- time and bytes ---- */

/* One round: core (x, 0) of each row is the receiver.  A sender's tile is there after its own load and setup + hops * hop + bytes / link. */
static void test_a_tile_takes_a_setup_and_one_route(void **state) {
  (void)state;
  for (int y = 0; y < 4; y++) {
    bench b;
    open_gather(&b, &gathers[0], "1");
    arena *m = &b.ctx.mem;
    tog_node *round = b.t->body.at[0], *send = round->body.at[1], *here = round->body.at[3];
    b.t->mesh_size[0] = 1;
    b.m->attach.at[1] = 0;
    b.m->link_bytes_per_cycle.value = 0.5;
    b.m->hop_cycles.value = 7;
    round->trip = sym_const(m, 1);
    send->active = sym_make(m, SYM_EQ, sym_name(m, "y"), sym_const(m, y), NULL);
    here->body.at[0]->senders = sym_const(m, 1);
    here->body.n = 1;                                                        /* collect, give */
    tog_node *give = ARENA_NEW(m, tog_node);
    give->kind = TOG_GIVE;
    give->buffer = 1;
    give->thread = TOG_READER;
    vec_push(m, &here->body, give);
    tog_number(b.t);
    round->body.at[0]->box.extent[3] = sym_make(m, SYM_IF, send->active, sym_const(m, 2), sym_const(m, 0));   /* a quiet mesh */
    b.t->tensors.at[1].is_output = b.t->tensors.at[2].is_output = false;
    bench_run(&b, functions, 2, true);
    bench_expect_clean(&b);
    double load = 10 + 100 + (y ? 40 / 0.5 + 7 * y : 40.0 / 32), send_time = 10 + (y ? 40 / 0.5 + 7 * y : 0);
    int64_t want = (int64_t)(ceil(load) + ceil(send_time));
    assert_in_range(b.r.cores[y].cycles, want, want + 1);
    assert_in_range(b.r.cores[0].cycles, want, want + 1);
    assert_int_equal(b.r.noc_bytes, 2 * 40 * y);                             /* the load came the same way */
    bench_close(&b);
  }
}

/* ---- wrong ones ---- */

static tog_node *find(bench *b, const char *label) { return tog_sample_find(b->t, label); }
static const sym_expr *parsed(bench *b, const char *text) {
  const sym_expr *e = NULL;
  assert_int_equal(sym_parse(&b->ctx, LOOM_NOSPAN, text, &e), LOOM_OK);
  return e;
}
static void row_outside(bench *b) { find(b, "send")->row = parsed(b, "y + 1"); }
static void row_negative(bench *b) { find(b, "send")->row = parsed(b, "y - 1"); }
static void row_twice(bench *b) { find(b, "send")->row = parsed(b, "max(y, 1)"); }
static void receiver_off(bench *b) { find(b, "send")->receiver[0] = parsed(b, "x + 1"); }
static void receiver_wrong(bench *b) { find(b, "send")->receiver[1] = parsed(b, "1"); }
static void too_many_rows(bench *b) { find(b, "collect")->senders = parsed(b, "5"); }
static void fewer_than_none(bench *b) { find(b, "collect")->senders = parsed(b, "y - 1"); }
static void one_not_sent(bench *b) { find(b, "send")->active = parsed(b, "y != 2"); }
static void one_not_awaited(bench *b) { find(b, "collect")->senders = parsed(b, "3"); }
static void nothing_to_send(bench *b) { b->t->body.at[0]->body.at[0]->box.extent[3] = parsed(b, "0"); }
static void nothing_collected(bench *b) { find(b, "collect")->senders = parsed(b, "0"); }
static void early_give(bench *b) {
  tog_node **at = b->t->body.at[0]->body.at, *give = at[2];
  at[2] = at[1];
  at[1] = give;
  tog_number(b->t);
}
static void give_while_sent(bench *b) { b->t->body.at[0]->body.at[2]->thread = TOG_COMPUTE_THREAD; }
static void bad_row(bench *b) { find(b, "send")->row = parsed(b, "4 floordiv y"); }
static void bad_receiver(bench *b) { find(b, "send")->receiver[0] = parsed(b, "4 floordiv y"); }
static void bad_active(bench *b) { find(b, "send")->active = parsed(b, "4 floordiv y"); }
static void bad_senders(bench *b) { find(b, "collect")->senders = parsed(b, "4 floordiv y"); }

static const struct { void (*apply)(bench *); sim_fault_kind kind; const char *text; } faults[] = {
  {row_outside, SIM_FAULT_OUT_OF_BOUNDS, "node 2 'send' [r=0] sends to row 4 of 'parts', which has 4"},
  {row_negative, SIM_FAULT_OUT_OF_BOUNDS, "sends to row -1 of 'parts'"},
  {row_twice, SIM_FAULT_DEADLOCK, "the writer thread waits at node 2 'send' [r=0] for core (0, 0) to collect row 1 of 'parts'"},
  {row_twice, SIM_FAULT_DEADLOCK, "the reader thread waits at node 5 'collect' [r=0, here=0] for the tiles of 'parts': 3 of 4 are there"},
  {receiver_off, SIM_FAULT_MULTICAST, "the receiver of node 2 'send' [r=0] is off the mesh"},
  {receiver_wrong, SIM_FAULT_DEADLOCK, "for core (0, 1) to collect row 0 of 'parts'"},
  {receiver_wrong, SIM_FAULT_DEADLOCK, "for the tiles of 'parts': 0 of 4 are there"},
  {too_many_rows, SIM_FAULT_OUT_OF_BOUNDS, "waits for 5 tiles; 'parts' has 4 rows"},
  {fewer_than_none, SIM_FAULT_OUT_OF_BOUNDS, "waits for -1 tiles; 'parts' has 4 rows"},
  {one_not_sent, SIM_FAULT_DEADLOCK, "for the tiles of 'parts': 3 of 4 are there"},
  {one_not_awaited, SIM_FAULT_DEADLOCK, "to collect row"},
  {nothing_to_send, SIM_FAULT_UNINIT, "sends a slot of 'b' that nothing was written to"},
  {nothing_collected, SIM_FAULT_UNINIT, "reads a slot of 'parts' that nothing was written to"},
  {early_give, SIM_FAULT_BAD_GIVE, "frees a slot of 'b'"},
  {give_while_sent, SIM_FAULT_BAD_GIVE, "frees a slot of 'b'"},
  {bad_row, SIM_FAULT_BAD_EXPR, "the row, receiver or condition of node 2 'send'"},
  {bad_receiver, SIM_FAULT_BAD_EXPR, "the row, receiver or condition of node 2 'send'"},
  {bad_active, SIM_FAULT_BAD_EXPR, "the row, receiver or condition of node 2 'send'"},
  {bad_senders, SIM_FAULT_BAD_EXPR, "the number of senders of node 5 'collect'"},
};

static void test_every_wrong_gather_is_seen(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(faults); i++) {
    bench b;
    open_gather(&b, &gathers[0], "2");
    faults[i].apply(&b);
    bench_run(&b, functions, 2, false);
    bench_expect_fault(&b, faults[i].kind, faults[i].text);
    bench_close(&b);
  }
}

/* ---- any rounds ---- */

/* Cores are slow at random: loads of one core are late, receivers compute for long; tiles of later rounds then wait for the next COLLECT. */
static void test_late_cores_never_mix_rounds(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 40; seed++) {
    rng r = rng_new(seed);
    bench b;
    int w = (int)rng_range(&r, 0, COUNT_OF(gathers) - 1);
    open_gather(&b, &gathers[w], (const char *const[]){"1", "2", "3"}[rng_range(&r, 0, 2)]);
    arena *m = &b.ctx.mem;
    b.m->hop_cycles.value = (double)rng_range(&r, 0, 60);
    b.m->transfer_setup_cycles.value = (double)rng_range(&r, 0, 300);
    b.m->link_bytes_per_cycle.value = (double)rng_range(&r, 1, 40);
    b.m->mesh.at[1].wraps = rng_range(&r, 0, 1) != 0;
    tog_node *late = ARENA_NEW(m, tog_node);     /* reads nothing, writes nothing: the compute thread is busy, so `sum` and `parts` are freed late */
    late->kind = TOG_COMPUTE;
    late->function = -1;
    late->cycles = parsed(&b, arena_printf(m, "(%d * x + %d * y + %d * r) mod 400", (int)rng_range(&r, 0, 400), (int)rng_range(&r, 0, 400), (int)rng_range(&r, 0, 400)));
    vec_push(m, &b.t->body.at[0]->body, late);
    tog_number(b.t);
    bench_run(&b, functions, 2, true);
    bench_expect_clean(&b);
    int receivers = (int)b.t->tensors.at[1].shape[1], n = (int)b.t->tensors.at[1].shape[2];
    for (int i = 0; i < 4 * receivers * n; i++)
      for (int k = 0; k < 10; k++)
        assert_true(b.data[1][i * 10 + k] == b.data[0][(i / (receivers * n) * 12 + sender_of(w, i / n % receivers, i % n)) * 10 + k]);
    bench_close(&b);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_every_row_holds_its_senders_tile_of_the_round),
    cmocka_unit_test(test_records_and_watchers_of_gathers_change_nothing),
    cmocka_unit_test(test_a_tile_takes_a_setup_and_one_route),
    cmocka_unit_test(test_every_wrong_gather_is_seen),
    cmocka_unit_test(test_late_cores_never_mix_rounds),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
