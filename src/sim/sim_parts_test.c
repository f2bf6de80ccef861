/* Slots that several loads fill: a panel of columns in a ring of slots, alone and for a rectangle of cores; loops that serve as conditions. */
#include "sim/sim_bench.h"

enum { ROWS = 24, COLUMNS = 37 };

/* Core (x, y) copies row tiles of 4 rows, in parts of 8 columns.  x walks row tiles; with a multicast, all y get the same and y = 0 stores. */
static const char *const panel =
  "{\"schema\": \"loom.tog.v1\", \"mesh\": [{\"name\": \"x\", \"size\": 2}, {\"name\": \"y\", \"size\": 3}],\n"
  "\"tensors\": [{\"name\": \"in\", \"dtype\": \"f32\", \"shape\": [24, 37], \"input\": true, \"arg\": 0}, "
  "{\"name\": \"out\", \"dtype\": \"f32\", \"shape\": [24, 37], \"output\": true, \"arg\": 1}],\n"
  "\"buffers\": [{\"name\": \"p\", \"dtype\": \"f32\", \"shape\": [4, 40], \"bytes\": 640, \"depth\": $depth$, \"stride\": 640, \"offset\": 64}],\n"
  "\"body\": [{\"loop\": \"i\", \"trip\": 3, \"body\": [\n"
  "  {\"loop\": \"k\", \"trip\": 5, \"body\": [\n"
  "    {\"load\": \"in\", \"to\": \"p\", \"offset\": [\"(2 * i + x) * 4\", \"8 * k\"], \"extent\": [\"$rows$\", \"min(8, 37 - 8 * k)\"],\n"
  "     \"at\": $at$, \"opens\": $opens$, \"closes\": $closes$ $group$, \"label\": \"part\"}]},\n"
  "  {\"store\": \"out\", \"from\": \"p\", \"offset\": [\"(2 * i + x) * 4\", 0], \"extent\": [\"if(y == 0, 4, 0)\", 37]},\n"
  "  {\"give\": \"p\", \"thread\": \"writer\"}]}]}";
#define MULTICAST ", \"multicast\": {\"ul\": [\"x\", 0], \"lr\": [\"x\", 2], \"sender\": [\"x\", 1]}"
#define CHAIN ", \"multicast\": {\"ul\": [\"x\", 0], \"lr\": [\"x\", 2], \"sender\": [\"x\", 0], \"chain\": [false, true]}"

typedef struct variant { const char *at, *opens, *closes, *group, *rows; } variant;
static const variant right = {"[0, \"8 * k\"]", "\"k == 0\"", "\"k == 4\"", "", "if(y == 0, 4, 0)"};

static void open_panel(bench *b, const variant *v, const char *depth) {
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  const char *const pairs[] = {"at", v->at, "opens", v->opens, "closes", v->closes, "group", v->group, "rows", v->rows, "depth", depth, NULL};
  bench_open(b, bench_text(&ctx.mem, panel, pairs));
  loom_ctx_done(&ctx);
}

static void test_loads_fill_a_slot_together(void **state) {
  (void)state;
  const char *const depths[] = {"1", "2", "3"}, *const groups[] = {"", MULTICAST, CHAIN};
  for (size_t d = 0; d < COUNT_OF(depths); d++)
    for (size_t g = 0; g < COUNT_OF(groups); g++) {
      bench b;
      variant v = right;
      v.group = groups[g];
      v.rows = g ? "4" : v.rows;
      open_panel(&b, &v, depths[d]);
      bench_run(&b, NULL, 0, true);
      bench_expect_clean(&b);
      for (int i = 0; i < ROWS * COLUMNS; i++)
        assert_true(b.data[1][i] == b.data[0][i]);
      assert_int_equal(b.r.dram_bytes_read, ROWS * COLUMNS * 4);
      bench_close(&b);
    }
}

static const struct { const char *what; variant v; sim_fault_kind kind; const char *text; } faults[] = {
  {"never opened", {"[0, \"8 * k\"]", "\"k < 0\"", "\"k == 4\"", "", "4"}, SIM_FAULT_NOT_TAKEN, "goes on filling a slot of 'p', but the reader holds none open"},
  {"never closed", {"[0, \"8 * k\"]", "\"k == 0\"", "\"k == 5\"", "", "4"}, SIM_FAULT_DEADLOCK, "for a published slot of 'p'; the reader holds one open"},
  {"opened twice", {"[0, \"8 * k\"]", "\"k < 2\"", "\"k == 4\"", "", "4"}, SIM_FAULT_LEAK, "reserves a slot of 'p' while the one before it is still open"},
  {"closed at once", {"[0, \"8 * k\"]", "\"k == 0\"", "\"k >= 0\"", "", "4"}, SIM_FAULT_NOT_TAKEN, "goes on filling a slot of 'p'"},
  {"leaves the slot", {"[0, \"8 * k + 6\"]", "\"k == 0\"", "\"k == 4\"", "", "4"}, SIM_FAULT_OUT_OF_BOUNDS, "buffer 'p' has room for 2"},
  {"starts before the slot", {"[-1, \"8 * k\"]", "\"k == 0\"", "\"k == 4\"", "", "4"}, SIM_FAULT_OUT_OF_BOUNDS, "lands at -1 of dim 0 of 'p', which has 4"},
  {"starts behind the slot", {"[0, \"40 + 8 * k\"]", "\"k == 0\"", "\"k == 4\"", "", "4"}, SIM_FAULT_OUT_OF_BOUNDS, "lands at 40 of dim 1 of 'p', which has 40"},
  {"no place", {"[0, \"8 floordiv k\"]", "\"k == 0\"", "\"k == 4\"", "", "4"}, SIM_FAULT_BAD_EXPR, "the place of node 2 'part'"},
  {"no opening", {"[0, \"8 * k\"]", "\"8 floordiv k\"", "\"k == 4\"", "", "4"}, SIM_FAULT_BAD_EXPR, "whether node 2 'part' [i=0, k=0] reserves"},
  {"no closing", {"[0, \"8 * k\"]", "\"k == 0\"", "\"8 floordiv k\"", "", "4"}, SIM_FAULT_BAD_EXPR, "whether node 2 'part' [i=0, k=0] publishes"},
  {"another place", {"[0, \"8 * k + y\"]", "\"k == 0\"", "\"k == 4\"", MULTICAST, "4"}, SIM_FAULT_MULTICAST, "sends to element 1 of its slot, but this core to 0"},
};

static void test_every_wrong_part_is_seen(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(faults); i++) {
    bench b;
    open_panel(&b, &faults[i].v, "3");
    bench_run(&b, NULL, 0, false);
    bench_expect_fault(&b, faults[i].kind, faults[i].text);
    bench_close(&b);
  }
}

/* The last slot is never closed and nothing waits for it: seen at the end. */
static void test_a_slot_left_open_is_a_leak(void **state) {
  (void)state;
  bench b;
  open_panel(&b, &right, "2");
  tog_node *more = ARENA_NEW(&b.ctx.mem, tog_node), *last = b.t->body.at[0];
  *more = *last->body.at[0]->body.at[0];
  more->box.offset[0] = more->box.offset[1] = more->at[1] = sym_const(&b.ctx.mem, 0);
  more->box.extent[1] = sym_const(&b.ctx.mem, 8);
  more->opens = sym_const(&b.ctx.mem, 1);
  more->closes = sym_const(&b.ctx.mem, 0);
  vec_push(&b.ctx.mem, &b.t->body, more);
  tog_number(b.t);
  bench_run(&b, NULL, 0, false);
  assert_int_equal(b.r.n_faults, 6);
  bench_expect_fault(&b, SIM_FAULT_LEAK, "1 slot(s) of 'p' are not free at the end; no load has closed the last one");
  bench_close(&b);
}

/* ---- loops as conditions ---- */

static void times_two(void *const *buf, const int64_t *arg) {   /* from, to; columns, first: 0 is a fine argument */
  const float *from = buf[0];
  float *to = buf[1];
  for (int64_t i = arg[1]; i < arg[1] + arg[0]; i++)
    to[i] = 2 * from[i];
}

/* Cores with x == 0 copy their tile, the others double it; all nodes of either way stand in a loop that runs once or not at all. */
static const char *const branches =
  "{\"schema\": \"loom.tog.v1\", \"mesh\": [{\"name\": \"x\", \"size\": 3}],\n"
  "\"tensors\": [{\"name\": \"in\", \"dtype\": \"f32\", \"shape\": [3, 4, 8], \"input\": true, \"arg\": 0}, "
  "{\"name\": \"out\", \"dtype\": \"f32\", \"shape\": [3, 4, 8], \"output\": true, \"arg\": 1}],\n"
  "\"buffers\": [{\"name\": \"a\", \"dtype\": \"f32\", \"shape\": [8], \"bytes\": 32, \"depth\": 2, \"stride\": 32, \"offset\": 0},\n"
  "  {\"name\": \"b\", \"dtype\": \"f32\", \"shape\": [8], \"bytes\": 32, \"depth\": 1, \"stride\": 32, \"offset\": 64},\n"
  "  {\"name\": \"c\", \"dtype\": \"f32\", \"shape\": [8], \"bytes\": 32, \"depth\": 2, \"stride\": 32, \"offset\": 96}],\n"
  "\"body\": [{\"loop\": \"i\", \"trip\": 4, \"body\": [\n"
  "  {\"loop\": \"copy\", \"trip\": \"x == 0\", \"body\": [\n"
  "    {\"load\": \"in\", \"to\": \"c\", \"offset\": [\"x\", \"i\", 0], \"extent\": [1, 1, 8], \"dims\": [-1, -1, 0]},\n"
  "    {\"store\": \"out\", \"from\": \"c\", \"offset\": [\"x\", \"i\", 0], \"extent\": [1, 1, 8], \"dims\": [-1, -1, 0]},\n"
  "    {\"give\": \"c\", \"thread\": \"writer\"}]},\n"
  "  {\"loop\": \"fetch\", \"trip\": \"min(x, 1)\", \"body\": [\n"
  "    {\"load\": \"in\", \"to\": \"a\", \"offset\": [\"x\", \"i\", 0], \"extent\": [1, 1, 8], \"dims\": [-1, -1, 0]}]},\n"
  "  {\"loop\": \"double\", \"trip\": \"min(x, 1)\", \"body\": [\n"
  "    {\"take\": \"b\"},\n"
  "    {\"compute\": \"times_two\", \"uses\": [{\"read\": \"a\", \"wait\": true}, {\"write\": \"b\"}], \"args\": [4, 0], \"cycles\": 5},\n"
  "    {\"compute\": \"times_two\", \"uses\": [{\"read\": \"a\", \"wait\": true}, {\"write\": \"b\"}], \"args\": [4, 4], \"cycles\": 5},\n"
  "    {\"push\": \"b\"}, {\"give\": \"a\", \"thread\": \"compute\"},\n"
  "    {\"store\": \"out\", \"from\": \"b\", \"offset\": [\"x\", \"i\", 0], \"extent\": [1, 1, 8], \"dims\": [-1, -1, 0]},\n"
  "    {\"give\": \"b\", \"thread\": \"writer\"}]}]}],\n"
  "\"functions\": {\"times_two\": null}}";

static void test_a_loop_of_one_turn_at_most_is_a_condition(void **state) {
  (void)state;
  const sim_tile_fn functions[] = {times_two};
  bench b;
  bench_open(&b, branches);
  bench_run(&b, functions, 1, true);
  bench_expect_clean(&b);
  for (int i = 0; i < 3 * 32; i++)
    assert_true(b.data[1][i] == (i < 32 ? 1 : 2) * b.data[0][i]);
  bench_close(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_loads_fill_a_slot_together),
    cmocka_unit_test(test_every_wrong_part_is_seen),
    cmocka_unit_test(test_a_slot_left_open_is_a_leak),
    cmocka_unit_test(test_a_loop_of_one_turn_at_most_is_a_condition),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
