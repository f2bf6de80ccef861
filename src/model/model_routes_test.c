/* Links counted by hand on small meshes, and on random ones by a plain walk over every sender, channel and receiver. */
#include "model/model_testing.h"

static machine *mesh_machine(loom_ctx *ctx, int64_t x, int64_t y, bool wraps, const int64_t *attach, int channels) {
  machine *m = testing_machine(ctx, "wormhole", x, y);
  m->attach.n = 0;
  for (int i = 0; i < channels; i++)
    vec_push(&ctx->mem, &m->attach, attach[i]);
  m->dram_channels = channels;
  m->mesh.at[0].wraps = m->mesh.at[1].wraps = wraps;
  return m;
}

/* rows on x, columns on y */
static plan_mapping rows_by_columns(int64_t x, int64_t y) {
  return (plan_mapping){.n_mesh = 2, .mesh_name = {"x", "y"}, .mesh_size = {x, y}, .n_logical = 2, .logical = {{0, 0, x, 0}, {1, 0, y, 1}}, .n_iters = 2, .order = {0, 1}};
}

static plan_choice shared(plan_move move, int64_t x, int64_t y) {
  return (plan_choice){.move = {x > 1 ? move : PLAN_UNICAST, y > 1 ? move : PLAN_UNICAST}, .area = {x, y, 1}, .depth = 1};
}

static model_route one_route(loom_ctx *ctx, const model_program *p, const plan_mapping *map, const model_point *at, int access, plan_choice c) {
  const plan_choice *choices[PLAN_LOADS_MAX];
  size_t n[PLAN_LOADS_MAX] = {0};
  model_route *routes[PLAN_LOADS_MAX];
  choices[access] = &c;
  n[access] = 1;
  assert_int_equal(model_find_routes(ctx, p, map, at, choices, n, routes), LOOM_OK);
  return routes[access][0];
}

/* A matmul of 32 x 32 x 32 tiles on a 4 x 1 mesh without wrap, one channel at core (0, 0). */
static model_program *row_of_four(loom_ctx *ctx, plan_mapping *map, model_point *at) {
  static const int64_t corner[] = {0};
  machine *m = mesh_machine(ctx, 4, 1, false, corner, 1);
  model_program *p;
  assert_int_equal(model_compile(ctx, nest_make_matmul(&ctx->mem, 128, 128, 64, DTYPE_F16, DTYPE_F16), m, true, MODEL_IN_PLACE, &p), LOOM_OK);
  *map = rows_by_columns(4, 1);
  model_grid g;
  model_grid_of(map, &g);
  assert_true(model_set_blocks(p, &g, (const int64_t[]){32, 32, 32}, at));
  return p;
}

/* One channel at core (0, 0) of a 4 x 1 mesh without wrap: the link out of it carries what the three others fetch. */
static void test_a_row_of_cores_by_hand(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  plan_mapping map;
  model_point at;
  model_program *p = row_of_four(&ctx, &map, &at);
  model_route r = one_route(&ctx, p, &map, &at, 0, shared(PLAN_UNICAST, 1, 1));
  assert_int_equal(r.senders, 4);
  assert_int_equal(r.hops, 3);
  assert_int_equal(r.own_x1024, 1024);
  assert_int_equal(r.busiest_x1024, 3 * 1024);
  assert_int_equal(r.tree_x1024, 0);
  assert_int_equal(r.n_links, 1);
  assert_int_equal(r.link_x1024[0], 3 * 1024);
  /* y is shared by the row: core 0 fetches on the spot and sends along three links */
  r = one_route(&ctx, p, &map, &at, 1, shared(PLAN_MULTICAST, 4, 1));
  assert_int_equal(r.senders, 1);
  assert_int_equal(r.hops, 0);
  assert_int_equal(r.tree_hops, 3);
  assert_int_equal(r.busiest_x1024, 0);
  assert_int_equal(r.tree_x1024, 1024);
  r = one_route(&ctx, p, &map, &at, 1, shared(PLAN_CHAIN, 4, 1));
  assert_int_equal(r.senders, 1);
  assert_int_equal(r.tree_hops, 0);
  assert_int_equal(r.tree_x1024, 1024);
  /* two pairs: cores 0 and 2 fetch, over links 0-1 and 1-2, and send to 1 and 3: link 0-1 carries two tiles */
  r = one_route(&ctx, p, &map, &at, 1, shared(PLAN_MULTICAST, 2, 1));
  assert_int_equal(r.senders, 2);
  assert_int_equal(r.hops, 2);
  assert_int_equal(r.busiest_x1024, 1024);
  assert_int_equal(r.tree_hops, 1);
  assert_int_equal(r.link_x1024[0], 2 * 1024);
  /* the store goes the other way */
  r = one_route(&ctx, p, &map, &at, 2, shared(PLAN_UNICAST, 1, 1));
  assert_int_equal(r.senders, 4);
  assert_int_equal(r.link_x1024[0], 3 * 1024);
  loom_ctx_done(&ctx);
}

/* Two channels at core 0 of a 4 x 1 mesh.  Rows of two pages begin on the same channel: a tile of a page's columns lies on one of them at a time, and the link out of core 0 carries
 * the tiles of three cores, not twice that. */
static void test_links_carry_what_one_phase_of_channels_sends(void **state) {
  (void)state;
  static const int64_t corner[] = {0, 0};
  static const struct { int64_t k; int apart, peak; } cases[] = {{64, 1, 3 * 1024}, {4096, 1, 3 * 1024}, {8192, 2, 3 * 512}, {12288, 1, 3 * 1024}, {16384, 2, 3 * 512}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    machine *m = mesh_machine(&ctx, 4, 1, false, corner, 2);
    model_program *p;
    assert_int_equal(model_compile(&ctx, nest_make_matmul(&ctx.mem, 128, 128, cases[i].k, DTYPE_F16, DTYPE_F16), m, true, MODEL_IN_PLACE, &p), LOOM_OK);
    plan_mapping map = rows_by_columns(4, 1);
    model_grid g;
    model_grid_of(&map, &g);
    model_point at;
    assert_true(model_set_blocks(p, &g, (const int64_t[]){32, 32, 32}, &at));
    model_route r = one_route(&ctx, p, &map, &at, 0, shared(PLAN_UNICAST, 1, 1));
    assert_int_equal(p->access[0].apart, cases[i].apart);
    assert_int_equal(r.busiest_x1024, 3 * 1024);
    assert_int_equal(r.peak_x1024, cases[i].peak);
    loom_ctx_done(&ctx);
  }
}

/* A ring of 5 with a channel at 0: two cores on either side; 4 with one: the far core is reached upwards. */
static void test_rings_take_the_shorter_way(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  static const int64_t corner[] = {0};
  static const struct { int64_t cores; int busiest, hops; } cases[] = {{5, 2, 2}, {4, 2, 2}, {3, 1, 1}, {2, 1, 1}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    machine *m = mesh_machine(&ctx, cases[i].cores, 1, true, corner, 1);
    model_program *p;
    assert_int_equal(model_compile(&ctx, nest_make_matmul(&ctx.mem, 320, 128, 64, DTYPE_F16, DTYPE_F16), m, true, MODEL_IN_PLACE, &p), LOOM_OK);
    plan_mapping map = rows_by_columns(cases[i].cores, 1);
    model_grid g;
    model_grid_of(&map, &g);
    model_point at;
    assert_true(model_set_blocks(p, &g, (const int64_t[]){32, 32, 32}, &at));
    model_route r = one_route(&ctx, p, &map, &at, 0, shared(PLAN_UNICAST, 1, 1));
    assert_int_equal(r.busiest_x1024, cases[i].busiest * 1024);
    assert_int_equal(r.hops, cases[i].hops);
  }
  loom_ctx_done(&ctx);
}

/* 7 tiles on 4 cores: a full wave, then one of three cores. */
static void test_partial_waves_have_fewer_senders(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  static const int64_t corner[] = {0};
  machine *m = mesh_machine(&ctx, 4, 1, false, corner, 1);
  model_program *p;
  assert_int_equal(model_compile(&ctx, nest_make_matmul(&ctx.mem, 7 * 32, 64, 64, DTYPE_F16, DTYPE_F16), m, true, MODEL_IN_PLACE, &p), LOOM_OK);
  plan_mapping map = rows_by_columns(4, 1);
  model_grid g;
  model_grid_of(&map, &g);
  model_point at;
  assert_true(model_set_blocks(p, &g, (const int64_t[]){32, 32, 32}, &at));
  assert_int_equal(at.n_waves, 2);
  plan_choice c = shared(PLAN_UNICAST, 1, 1);
  const plan_choice *choices[] = {&c, &c, &c};
  size_t n[] = {1, 1, 1};
  model_route *routes[3];
  assert_int_equal(model_find_routes(&ctx, p, &map, &at, choices, n, routes), LOOM_OK);
  for (int a = 0; a < 3; a++) {
    bool moves = a != 1;                  /* y does not move with the rows: surplus cores fetch it too */
    assert_int_equal(routes[a][0].senders, 4);
    assert_int_equal(routes[a][1].senders, moves ? 3 : 4);
    assert_int_equal(routes[a][1].busiest_x1024, (moves ? 2 : 3) * 1024);
  }
  loom_ctx_done(&ctx);
}

/* ---- random meshes ---- */

typedef struct links { int64_t load[64][2][2]; } links;      /* by core (row-major, up to 8 x 8), dim, up or down; 1/channels of a tile */

static int64_t way(const machine *m, int d, int64_t from, int64_t to) {
  int64_t size = m->mesh.at[d].size, up = to - from;
  if (!m->mesh.at[d].wraps)
    return up;
  up = (up + size) % size;
  return up * 2 <= size ? up : up - size;
}

static void walk_links(const machine *m, const int64_t from[2], const int64_t to[2], int64_t by, links *out, bool *once) {
  int64_t at[2] = {from[0], from[1]}, columns = m->mesh.at[1].size;
  for (int d = 0; d < 2; d++)
    for (int64_t left = way(m, d, at[d], to[d]); left; left -= left > 0 ? 1 : -1) {
      int64_t core = at[0] * columns + at[1];
      bool *seen = once ? &once[(core * 2 + d) * 2 + (left < 0)] : NULL;
      if (!seen || !*seen)
        out->load[core][d][left < 0] += by;
      if (seen)
        *seen = true;
      at[d] = (at[d] + (left > 0 ? 1 : -1) + m->mesh.at[d].size) % m->mesh.at[d].size;
    }
}

/* All senders of a full wave of matmul's access `a`, walked one by one. */
static void walk_all(const machine *m, const plan_mapping *map, bool is_store, const plan_choice *c, links *out) {
  int64_t columns = m->mesh.at[1].size, channels = (int64_t)m->attach.n;
  memset(out, 0, sizeof *out);
  for (int64_t x = 0; x < map->mesh_size[0]; x += c->area[0])
    for (int64_t y = 0; y < map->mesh_size[1]; y += c->area[1]) {
      const int64_t at[2] = {x, y};
      bool once[256] = {false};
      for (size_t ch = 0; ch < m->attach.n; ch++) {
        const int64_t port[2] = {m->attach.at[ch] / columns, m->attach.at[ch] % columns};
        walk_links(m, is_store ? at : port, is_store ? port : at, 1, out, NULL);
      }
      for (int64_t u = 0; u < c->area[0]; u++)
        for (int64_t v = 0; v < c->area[1]; v++)
          walk_links(m, at, (const int64_t[]){x + u, y + v}, channels, out, once);
    }
}

static int64_t divisor(rng *r, int64_t n) {
  int64_t d = rng_range(r, 1, n);
  while (n % d)
    d--;
  return d;
}

/* The busiest link of any combination of loads is among the kept ones, with the load it has. */
static void test_kept_links_hold_the_busiest_of_any_mix(void **state) {
  (void)state;
  rng r = rng_new(29);
  for (int i = 0; i < 150; i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    int64_t x = rng_range(&r, 1, 6), y = rng_range(&r, 1, 6), attach[4];
    int channels = (int)rng_range(&r, 1, 4);
    for (int k = 0; k < channels; k++)
      attach[k] = rng_range(&r, 0, x * y - 1);
    machine *m = mesh_machine(&ctx, x, y, rng_range(&r, 0, 1), attach, channels);
    model_program *p;
    assert_int_equal(model_compile(&ctx, nest_make_matmul(&ctx.mem, 32 * x, 32 * y, 64, DTYPE_F16, DTYPE_F16), m, true, MODEL_IN_PLACE, &p), LOOM_OK);
    plan_mapping map = rows_by_columns(x, y);
    model_grid g;
    model_grid_of(&map, &g);
    model_point at;
    assert_true(model_set_blocks(p, &g, (const int64_t[]){32, 32, 32}, &at));
    plan_choice c[3] = {shared(PLAN_MULTICAST, 1, divisor(&r, y)), shared(PLAN_MULTICAST, divisor(&r, x), 1), shared(PLAN_UNICAST, 1, 1)};
    const plan_choice *choices[] = {&c[0], &c[1], &c[2]};
    size_t n[] = {1, 1, 1};
    model_route *routes[3];
    assert_int_equal(model_find_routes(&ctx, p, &map, &at, choices, n, routes), LOOM_OK);
    links all[3];
    for (int a = 0; a < 3; a++)
      walk_all(m, &map, a == 2, &c[a], &all[a]);
    for (int k = 0; k < 8; k++) {
      int64_t weight[3], most = 0, kept = 0;
      for (int a = 0; a < 3; a++)
        weight[a] = rng_range(&r, 0, 1) * rng_range(&r, 0, 50);
      for (int64_t l = 0; l < x * y * 4; l++) {
        int64_t sum = 0;
        for (int a = 0; a < 3; a++)
          sum += weight[a] * ((all[a].load[l / 4][l / 2 % 2][l % 2] * 1024 + channels - 1) / channels);
        most = sum > most ? sum : most;
      }
      for (int l = 0; l < routes[0]->n_links; l++) {
        int64_t sum = 0;
        for (int a = 0; a < 3; a++)
          sum += weight[a] * routes[a]->link_x1024[l];
        kept = sum > kept ? sum : kept;
      }
      assert_int_equal(kept, most);
    }
    loom_ctx_done(&ctx);
  }
}

/* Any cores of a part of the mesh load some link as much as the reach of the part says; the busiest link is found without writing all of them down. */
static void test_any_cores_load_a_link_as_much_as_their_reach_says(void **state) {
  (void)state;
  rng r = rng_new(31);
  int64_t positive = 0;
  for (int i = 0; i < 200; i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    int64_t x = rng_range(&r, 1, 7), y = rng_range(&r, 1, 7), attach[4];
    int channels = (int)rng_range(&r, 1, 4);
    for (int k = 0; k < channels; k++)
      attach[k] = rng_range(&r, 0, x * y - 1);
    model_program *p;
    machine *m = mesh_machine(&ctx, x, y, rng_range(&r, 0, 1), attach, channels);
    assert_int_equal(model_compile(&ctx, nest_make_matmul(&ctx.mem, 32 * x, 32 * y, 64, DTYPE_F16, DTYPE_F16), m, true, MODEL_IN_PLACE, &p), LOOM_OK);
    const model_noc *noc = &p->noc;
    int32_t *sends = ARENA_NEW_N(&ctx.mem, int32_t, noc->n_nodes), *room = ARENA_NEW_N(&ctx.mem, int32_t, model_noc_room(noc)), *load = ARENA_NEW_N(&ctx.mem, int32_t, noc->n_links);
    model_reacher *reacher = model_reacher_make(&ctx.mem, p);
    for (int k = 0; k < 20; k++) {
      const int64_t part[] = {rng_range(&r, 1, x), rng_range(&r, 1, y)};
      int64_t n = 0;
      int32_t most = 0;
      model_reach reach;
      model_reacher_find(reacher, part, &reach);
      assert_int_equal(reach.n_cores, part[0] * part[1]);
      for (int node = 0; node < noc->n_nodes; node++) {
        bool is_used = noc->coord[node][0] < part[0] && noc->coord[node][1] < part[1];
        sends[node] = is_used && (k % 3 == 0 || rng_range(&r, 0, 3) > 0);
        n += sends[node];
      }
      for (int way = 0; way < 2; way++) {
        memset(load, 0, (size_t)noc->n_links * sizeof *load);
        model_noc_count(noc, way, sends, room, load);
        most = 0;
        for (int l = 0; l < noc->n_links; l++)
          most = load[l] > most ? load[l] : most;
        assert_int_equal(model_noc_busiest(noc, way, sends, room), most);
        if (way == 0)
          assert_true(model_reach_least(&reach, n) * channels <= (double)most + 1e-6);
        if (way == 0 && n == reach.n_cores)
          assert_true(model_reach_least(&reach, n) * channels + 1e-6 >= (double)most);
      }
      positive += model_reach_least(&reach, n) > 0;
    }
    loom_ctx_done(&ctx);
  }
  assert_true(positive > 1000);
}

/* The shipped machines keep far fewer links than there is room for, with every area and move of both loads. */
static void test_the_hull_is_small(void **state) {
  (void)state;
  static const char *const machines[] = {"wormhole", "blackhole"};
  for (int i = 0; i < 2; i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    machine *m = testing_machine(&ctx, machines[i], 0, 0);
    int64_t x = m->mesh.at[0].size, y = m->mesh.at[1].size;
    model_program *p;
    assert_int_equal(model_compile(&ctx, nest_make_matmul(&ctx.mem, 2048, 2048, 512, DTYPE_F16, DTYPE_F16), m, true, MODEL_IN_PLACE, &p), LOOM_OK);
    plan_mapping map = rows_by_columns(x, y);
    model_grid g;
    model_grid_of(&map, &g);
    model_point at;
    assert_true(model_set_blocks(p, &g, (const int64_t[]){128, 128, 128}, &at));
    plan_choice a[] = {shared(PLAN_UNICAST, 1, 1), shared(PLAN_MULTICAST, 1, 2), shared(PLAN_MULTICAST, 1, y), shared(PLAN_CHAIN, 1, y)},
                b[] = {shared(PLAN_UNICAST, 1, 1), shared(PLAN_MULTICAST, 2, 1), shared(PLAN_MULTICAST, x, 1), shared(PLAN_CHAIN, x, 1)}, c = a[0];
    const plan_choice *choices[] = {a, b, &c};
    size_t n[] = {4, 4, 1};
    model_route *routes[3];
    assert_int_equal(model_find_routes(&ctx, p, &map, &at, choices, n, routes), LOOM_OK);
    assert_in_range(routes[0]->n_links, 2, 24);
    assert_true(routes[0][2 * at.n_waves].tree_x1024 >= 1024);
    loom_ctx_done(&ctx);
  }
}

static void test_areas_that_do_not_divide_are_a_bug(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  plan_mapping map;
  model_point at;
  model_program *p = row_of_four(&ctx, &map, &at);
  plan_choice c = shared(PLAN_MULTICAST, 3, 1);
  const plan_choice *choices[] = {&c, NULL, NULL};
  size_t n[] = {1, 0, 0};
  model_route *routes[3];
  assert_int_equal(model_find_routes(&ctx, p, &map, &at, choices, n, routes), LOOM_EBUG);
  testing_expect_error(&ctx, LOOM_EBUG, "shared by 3 of 4 cores along x", 0, 0);
  loom_ctx_done(&ctx);
}

static void test_machines_the_network_cannot_have_are_refused(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  static const int64_t off[] = {9};
  model_program *p;
  nest *n = nest_make_matmul(&ctx.mem, 128, 128, 64, DTYPE_F16, DTYPE_F16);
  assert_int_equal(model_compile(&ctx, n, mesh_machine(&ctx, 4, 1, false, off, 1), true, MODEL_IN_PLACE, &p), LOOM_EINPUT);
  testing_expect_error(&ctx, LOOM_EINPUT, "DRAM channel 0 to core 9; it has cores 0..3", 0, 0);
  loom_ctx_done(&ctx);
  loom_ctx_init(&ctx);
  machine *m = mesh_machine(&ctx, 4, 1, false, off, 1);
  n = nest_make_matmul(&ctx.mem, 128, 128, 64, DTYPE_F16, DTYPE_F16);
  m->mesh.n = 0;
  assert_int_equal(model_compile(&ctx, n, m, true, MODEL_IN_PLACE, &p), LOOM_EINPUT);
  testing_expect_error(&ctx, LOOM_EINPUT, "must have 1..3 dims", 0, 0);
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_row_of_cores_by_hand),
      cmocka_unit_test(test_links_carry_what_one_phase_of_channels_sends),
      cmocka_unit_test(test_rings_take_the_shorter_way),
      cmocka_unit_test(test_partial_waves_have_fewer_senders),
      cmocka_unit_test(test_kept_links_hold_the_busiest_of_any_mix),
      cmocka_unit_test(test_any_cores_load_a_link_as_much_as_their_reach_says),
      cmocka_unit_test(test_the_hull_is_small),
      cmocka_unit_test(test_areas_that_do_not_divide_are_a_bug),
      cmocka_unit_test(test_machines_the_network_cannot_have_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
