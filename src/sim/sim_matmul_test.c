/* Values and byte counts of a matmul against a plain loop and against counts worked out by hand. */
#include "base/ceil.h"
#include "sim/sim_testing.h"

static const tog_matmul_spec specs[] = {
  {32, 32, 32, 32, 32, 32, 1, 1, false, 1, 100},     /* one tile */
  {64, 64, 64, 32, 32, 32, 2, 2, false, 1, 100},
  {64, 64, 64, 32, 32, 32, 2, 2, true, 1, 100},
  {128, 96, 64, 32, 32, 16, 2, 3, true, 2, 50},      /* waves over m */
  {128, 96, 64, 32, 32, 16, 2, 3, false, 2, 50},
  {96, 160, 80, 16, 32, 32, 2, 2, true, 2, 7},       /* waves over both, ragged k */
  {50, 70, 37, 16, 32, 8, 2, 2, true, 2, 7},         /* everything ragged */
  {50, 70, 37, 16, 32, 8, 2, 2, false, 3, 7},
  {33, 20, 5, 32, 32, 32, 3, 2, true, 1, 9},         /* fewer tiles than cores: surplus cores stay in step */
  {33, 20, 5, 32, 32, 32, 3, 2, false, 2, 9},
  {256, 128, 48, 32, 32, 16, 4, 4, true, 2, 40},
  {1, 1, 300, 4, 4, 16, 1, 2, true, 2, 3},
};

static void test_matmul_equals_the_plain_loop_exactly(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(specs); i++) {
    rig g;
    rig_open(&g, &specs[i]);
    rig_fill(&g);
    assert_int_equal(rig_run(&g, true, true), LOOM_OK);
    rig_expect_clean(&g);
    assert_int_equal(rig_wrong(&g), 0);
    rig_close(&g);
  }
}

/* Unicast: every core loads its own A and B tiles; surplus cores still load the operand that is inside its tensor.
 * Multicast: A is read once a wave over n, B once a wave over m. */
static void test_dram_bytes_are_the_analytic_counts(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(specs); i++) {
    const tog_matmul_spec *s = &specs[i];
    rig g;
    rig_open(&g, s);
    assert_int_equal(rig_run(&g, false, true), LOOM_OK);
    int64_t waves_m = ceil_div(ceil_div(s->m, s->tile_m), s->mesh_x), waves_n = ceil_div(ceil_div(s->n, s->tile_n), s->mesh_y);
    int64_t a = 2 * s->m * s->k * waves_n, b = 2 * s->k * s->n * waves_m;
    assert_int_equal(g.r.dram_bytes_read, s->multicast ? a + b : a * s->mesh_y + b * s->mesh_x);
    assert_int_equal(g.r.dram_bytes_written, 2 * s->m * s->n);
    int64_t by_core = 0, by_channel = 0;
    for (int c = 0; c < g.r.n_cores; c++)
      by_core += g.r.cores[c].dram_bytes;
    for (size_t c = 0; c < g.r.channels.n; c++)
      by_channel += g.r.channels.at[c].bytes;
    assert_int_equal(by_core, g.r.dram_bytes_read + g.r.dram_bytes_written);
    assert_int_equal(by_channel, by_core);
    rig_close(&g);
  }
}

static int64_t distance(int64_t x0, int64_t y0, int64_t x1, int64_t y1) { return llabs(x0 - x1) + llabs(y0 - y1); }

/* One channel at core (0, 0): a byte crosses as many links as its core is away; a multicast crosses mesh_y-1 or mesh_x-1 more. */
static void test_noc_bytes_are_bytes_times_links(void **state) {
  (void)state;
  const tog_matmul_spec shapes[] = {{128, 96, 64, 32, 32, 16, 4, 3, false, 2, 50}, {128, 96, 64, 32, 32, 16, 4, 3, true, 2, 50}};
  for (size_t i = 0; i < COUNT_OF(shapes); i++) {
    const tog_matmul_spec *s = &shapes[i];   /* one tile a core */
    rig g;
    rig_open(&g, s);
    g.m = rig_machine(&g.ctx.mem, s->mesh_x, s->mesh_y, 1);
    assert_int_equal(rig_run(&g, false, true), LOOM_OK);
    int64_t want = 0, a = 2 * s->tile_m * s->k, b = 2 * s->k * s->tile_n, c = 2 * s->tile_m * s->tile_n;
    for (int64_t x = 0; x < s->mesh_x; x++)
      for (int64_t y = 0; y < s->mesh_y; y++)
        want += distance(x, y, 0, 0) * (s->multicast ? c : a + b + c);
    for (int64_t x = 0; x < s->mesh_x && s->multicast; x++)
      want += a * (x + s->mesh_y - 1);
    for (int64_t y = 0; y < s->mesh_y && s->multicast; y++)
      want += b * (y + s->mesh_x - 1);
    assert_int_equal(g.r.noc_bytes, want);
    int64_t by_link = 0;
    for (size_t l = 0; l < g.r.links.n; l++)
      by_link += g.r.links.at[l].bytes;
    assert_int_equal(by_link, want);
    rig_close(&g);
  }
}

/* The sample keeps its boxes inside the tensors; a box with a dropped dim and a transposed one are read by hand-made graphs here:
 * out[j, i] = in[2, i, j] through a buffer, element by element. */
static void test_boxes_drop_and_permute_dims(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  arena *m = &ctx.mem;
  tog t = {.kernel = "permute", .n_mesh = 2, .mesh_name = {"x", "y"}, .mesh_size = {1, 1}};
  vec_push(m, &t.tensors, ((tog_tensor){.name = "in", .type = DTYPE_I32, .rank = 3, .shape = {4, 3, 5}, .is_input = true}));
  vec_push(m, &t.tensors, ((tog_tensor){.name = "out", .type = DTYPE_I32, .rank = 2, .shape = {5, 3}, .is_output = true, .arg = 1}));
  vec_push(m, &t.buffers, ((tog_buffer){.name = "b", .type = DTYPE_I32, .rank = 2, .shape = {5, 3}, .bytes = 60, .stride = 64, .depth = 1}));
  tog_node *load = ARENA_NEW(m, tog_node), *store = ARENA_NEW(m, tog_node), *give = ARENA_NEW(m, tog_node);
  load->kind = TOG_LOAD;
  load->box = (tog_box){.tensor = 0, .rank = 3, .offset = {sym_const(m, 2), sym_const(m, 0), sym_const(m, 0)},
                        .extent = {sym_const(m, 1), sym_const(m, 3), sym_const(m, 5)}, .to_dim = {-1, 1, 0}};
  store->kind = TOG_STORE;
  store->box = (tog_box){.tensor = 1, .rank = 2, .offset = {sym_const(m, 0), sym_const(m, 0)}, .extent = {sym_const(m, 5), sym_const(m, 3)}, .to_dim = {0, 1}};
  give->kind = TOG_GIVE;
  give->thread = TOG_WRITER;
  vec_push(m, &t.body, load);
  vec_push(m, &t.body, store);
  vec_push(m, &t.body, give);
  tog_number(&t);
  int32_t in[4][3][5], out[5][3] = {{0}};
  for (int i = 0; i < 60; i++)
    (&in[0][0][0])[i] = i * i + 1;
  void *tensors[] = {in, out};
  sim_exec exec = {NULL, 0};
  sim_report r;
  assert_int_equal(sim_run(&ctx, &t, rig_machine(m, 1, 1, 1), &(sim_options){.exec = &exec, .tensors = tensors, .verify = true}, &r), LOOM_OK);
  assert_int_equal(r.n_faults, 0);
  for (int j = 0; j < 5; j++)
    for (int i = 0; i < 3; i++)
      assert_int_equal(out[j][i], in[2][i][j]);
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_matmul_equals_the_plain_loop_exactly),
    cmocka_unit_test(test_dram_bytes_are_the_analytic_counts),
    cmocka_unit_test(test_noc_bytes_are_bytes_times_links),
    cmocka_unit_test(test_boxes_drop_and_permute_dims),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
