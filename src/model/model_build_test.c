/* Model tests build their candidates by hand: model does not know explore. */
#include "model/model.h"
#include "base/rng.h"
#include "base/testing.h"
#include "nest/nest_samples.h"

static void use_shipped_machines(void) {
  static const char *const dirs[] = {LOOM_SOURCE_DIR "/machines"};
  machine_set_path(dirs, 1);
}

/* Two mesh dims of 8; logical dims d0 = x, d1 = y level 0, d2 = y level 1 with the given sizes and iterators; areas of x and y loads. */
static plan_candidate candidate(int64_t y0, int64_t y1, int iter0, int iter1, const int64_t (*area)[2], int n_access) {
  plan_candidate c = {.name = "by hand", .n_access = n_access,
                      .mapping = {.n_mesh = 2, .mesh_name = {"x", "y"}, .mesh_size = {8, 8}, .n_logical = 3,
                                  .logical = {{0, 0, 8, iter0}, {1, 0, y0, iter0}, {1, 1, y1, iter1}}, .n_iters = 2, .order = {0, 1}}};
  for (int i = 0; i < n_access; i++)
    c.access[i] = (plan_access){.name = "a", .area = {area[i][0], area[i][1]}, .levels = {area[i][0] > 1 ? 1u : 0, area[i][1] > 1 ? 3u : 0}};
  return c;
}

static int64_t at(loom_ctx *ctx, const sym_expr *e, int64_t m, int64_t n, int64_t k, int64_t db) {
  const sym_binding b[] = {{"tile_m", m}, {"tile_n", n}, {"tile_k", k}, {MODEL_DOUBLE_BUFFER, db}};
  int64_t v;
  assert_int_equal(sym_eval(ctx, e, b, 4, &v), LOOM_OK);
  return v;
}

/* x shared along y, y along x: the M x N mapping. */
static const int64_t both_shared[3][2] = {{1, 8}, {8, 1}, {1, 1}};
static const int64_t unicast[3][2] = {{1, 1}, {1, 1}, {1, 1}};

static void test_nested_model_gives_the_published_cycles(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  use_shipped_machines();
  machine *m;
  assert_int_equal(machine_load(&ctx, "wormhole-2025", NULL, &m), LOOM_OK);
  nest *n = nest_make_matmul(&ctx.mem, 4096, 4096, 256, DTYPE_F16, DTYPE_F16);
  model_cost *cost;
  plan_candidate both_on_m = candidate(8, 1, 0, 1, unicast, 3), m_by_n = candidate(1, 8, 0, 1, unicast, 3);
  assert_int_equal(model_build(&ctx, n, m, &both_on_m, MODEL_UPSTREAM_NESTED, false, &cost), LOOM_OK);
  assert_int_equal(at(&ctx, cost->cycles, 64, 2048, 64, 1), 151456);
  assert_int_equal(cost->l1_capacity, 1499136);
  assert_int_equal(model_build(&ctx, n, m, &m_by_n, MODEL_UPSTREAM_NESTED, false, &cost), LOOM_OK);
  assert_int_equal(at(&ctx, cost->cycles, 512, 512, 64, 1), 65936);
  loom_ctx_done(&ctx);
}

/* loom.md 8.2 A2, written out in plain C. */
static int64_t cd(int64_t a, int64_t b) { return (a + b - 1) / b; }

static int64_t reference(const int64_t s[3], int64_t m, int64_t n, int64_t k, int64_t db) {
  int64_t thr = m * n >= 8192 ? 716 : m * n * 716 / 8192;
  int64_t comp = cd(m * n, 2) + cd(2 * m * n * k, thr), load = 344 + cd(20 * m * k, 150) + 344 + cd(20 * k * n, 150), store = 454 + cd(2 * m * n, 150);
  int64_t tk = cd(s[2], k), tm = cd(cd(s[0], m), 8), tn = cd(cd(s[1], n), 8), least = load < comp ? load : comp, most = load < comp ? comp : load;
  return tm * tn * ((db ? tk * most + least : tk * (load + comp)) + store);
}

static void test_upstream_model_equals_its_formula(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  use_shipped_machines();
  machine *mach;
  assert_int_equal(machine_load(&ctx, "wormhole", NULL, &mach), LOOM_OK);
  static const int64_t shapes[][3] = {{4096, 4096, 512}, {256, 256, 256}, {2048, 1024, 64}, {100, 7, 300}};
  plan_candidate c = candidate(1, 8, 0, 1, both_shared, 3);
  rng r = rng_new(1);
  for (size_t s = 0; s < COUNT_OF(shapes); s++) {
    nest *n = nest_make_matmul(&ctx.mem, shapes[s][0], shapes[s][1], shapes[s][2], DTYPE_F16, DTYPE_F16);
    model_cost *cost;
    assert_int_equal(model_build(&ctx, n, mach, &c, MODEL_UPSTREAM, true, &cost), LOOM_OK);
    assert_int_equal(cost->l1_capacity, 1398784);
    for (int i = 0; i < 200; i++) {
      int64_t m = 32 * rng_range(&r, 1, 32), k = 32 * rng_range(&r, 1, 32), db = rng_range(&r, 0, 1), nn = 32 * rng_range(&r, 1, 32);
      assert_int_equal(at(&ctx, cost->cycles, m, nn, k, db), reference(shapes[s], m, nn, k, db));
      assert_int_equal(at(&ctx, cost->l1_bytes, m, nn, k, db), 2 * (m * k + k * nn + 2 * m * nn) + db * 2 * (m * k + k * nn));
    }
  }
  loom_ctx_done(&ctx);
}

/* real bytes: an f32 accumulator, an f16 output, loads twice when double-buffered */
static void test_loom_footprint_counts_real_bytes(void **state) {
  (void)state;
  static const struct { dtype type, acc; bool f32; int64_t acc_bytes, elem_bytes; } cases[] = {
      {DTYPE_F16, DTYPE_F16, true, 4, 2}, {DTYPE_F16, DTYPE_F16, false, 2, 2}, {DTYPE_F16, DTYPE_F32, false, 4, 2},
      {DTYPE_BF16, DTYPE_BF16, true, 4, 2}, {DTYPE_F32, DTYPE_F32, true, 4, 4}, {DTYPE_I8, DTYPE_I32, true, 4, 1}};
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  use_shipped_machines();
  machine *mach;
  assert_int_equal(machine_load(&ctx, "wormhole", NULL, &mach), LOOM_OK);
  plan_candidate c = candidate(1, 8, 0, 1, both_shared, 3);
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    nest *n = nest_make_matmul(&ctx.mem, 512, 512, 512, cases[i].type, cases[i].acc);
    for (int db = 0; db < 2; db++) {
      model_cost *cost;
      assert_int_equal(model_build(&ctx, n, mach, &c, MODEL_LOOM, cases[i].f32, &cost), LOOM_OK);
      int64_t bytes = 64 * 128 * (cases[i].acc_bytes + cases[i].elem_bytes) + (1 + db) * cases[i].elem_bytes * (64 * 32 + 32 * 128);
      assert_int_equal(at(&ctx, cost->l1_bytes, 64, 128, 32, db), bytes);
      plan p = {.candidate = c, .double_buffer = db, .accumulate_f32 = cases[i].f32};
      const plan_block blocks[] = {{"tile_m", 64}, {"tile_n", 128}, {"tile_k", 32}};
      for (int s = 0; s < 3; s++)
        vec_push(&ctx.mem, &p.blocks, blocks[s]);
      assert_int_equal(model_layout_l1(&ctx, n, mach, &p), LOOM_OK);
      int64_t end = 0;
      assert_int_equal(p.buffers.n, 4);
      for (size_t k = 0; k < p.buffers.n; k++) {
        const plan_buffer *x = &p.buffers.at[k];
        assert_int_equal(x->offset % mach->l1_align_bytes, 0);
        assert_true(x->offset >= end);
        end = x->offset + x->depth * x->bytes;
        bool is_load = strcmp(x->name, "x") == 0 || strcmp(x->name, "y") == 0;
        assert_int_equal(x->depth, is_load && db ? 2 : 1);
      }
      assert_int_equal(end, bytes);
    }
  }
  loom_ctx_done(&ctx);
}

static void test_layout_that_does_not_fit_names_its_parts(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  use_shipped_machines();
  machine *mach;
  assert_int_equal(machine_load(&ctx, "wormhole", NULL, &mach), LOOM_OK);
  plan p = {.candidate = candidate(1, 8, 0, 1, both_shared, 3), .accumulate_f32 = true};
  const plan_block blocks[] = {{"tile_m", 512}, {"tile_n", 512}, {"tile_k", 32}};
  for (int s = 0; s < 3; s++)
    vec_push(&ctx.mem, &p.blocks, blocks[s]);
  assert_int_equal(model_layout_l1(&ctx, nest_make_matmul(&ctx.mem, 512, 512, 512, DTYPE_F16, DTYPE_F16), mach, &p), LOOM_EINFEASIBLE);
  testing_expect_error(&ctx, LOOM_EINFEASIBLE, "acc 1048576 B + x 32768 B + y 32768 B + out 524288 B = 1638400 B > L1 1398784 B", 0, 0);
  loom_ctx_done(&ctx);
}

static void test_layout_beyond_64_bits_is_refused(void **state) {
  (void)state;
  static const int64_t sizes[][3] = {{INT64_C(1) << 40, INT64_C(1) << 40, 32}, {INT64_C(1) << 29, INT64_C(1) << 29, INT64_C(1) << 29}};
  for (size_t i = 0; i < COUNT_OF(sizes); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    use_shipped_machines();
    machine *mach;
    assert_int_equal(machine_load(&ctx, "wormhole", NULL, &mach), LOOM_OK);
    plan p = {.candidate = candidate(1, 8, 0, 1, both_shared, 3), .accumulate_f32 = true};
    const plan_block blocks[] = {{"tile_m", sizes[i][0]}, {"tile_n", sizes[i][1]}, {"tile_k", sizes[i][2]}};
    for (int s = 0; s < 3; s++)
      vec_push(&ctx.mem, &p.blocks, blocks[s]);
    assert_int_equal(model_layout_l1(&ctx, nest_make_matmul(&ctx.mem, 512, 512, 512, DTYPE_F16, DTYPE_F16), mach, &p), LOOM_ELIMIT);
    testing_expect_error(&ctx, LOOM_ELIMIT, i ? "sizes in bytes exceed 64 bits" : "buffer acc: its size", 0, 0);
    loom_ctx_done(&ctx);
  }
}

/* Every core loads what it uses: bytes counted tile by tile over all cores, waves and k steps, with one read per shared group. */
static int64_t counted_dram_bytes(const plan_candidate *c, const int64_t s[3], const int64_t b[3]) {
  const int64_t cores[2] = {c->mapping.logical[0].size * (c->mapping.logical[1].iter == 0 ? c->mapping.logical[1].size : 1),
                            c->mapping.logical[2].size};
  int64_t bytes = 0;
  int64_t waves[2] = {cd(cd(s[0], b[0]), cores[0]), cd(cd(s[1], b[1]), cores[1])};
  for (int64_t w = 0; w < waves[0] * waves[1]; w++)
    for (int64_t core = 0; core < 64; core++) {
      int64_t x = core / 8, y = core % 8, y0 = y % c->mapping.logical[1].size, y1 = y / c->mapping.logical[1].size;
      int64_t i = (x * c->mapping.logical[1].size + y0) + w / waves[1] * cores[0], j = y1 + w % waves[1] * cores[1];
      int64_t rows = s[0] - i * b[0], cols = s[1] - j * b[1];
      rows = rows < 0 ? 0 : rows > b[0] ? b[0] : rows;
      cols = cols < 0 ? 0 : cols > b[1] ? b[1] : cols;
      bool reads_x = x % c->access[0].area[0] == 0 && y % c->access[0].area[1] == 0, reads_y = x % c->access[1].area[0] == 0 && y % c->access[1].area[1] == 0;
      bytes += 2 * (reads_x * rows * s[2] + reads_y * cols * s[2] + rows * cols);
    }
  return bytes;
}

static void test_dram_bytes_equal_a_count_over_cores(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  use_shipped_machines();
  machine *mach;
  assert_int_equal(machine_load(&ctx, "wormhole", NULL, &mach), LOOM_OK);
  static const int64_t n_shared[3][2] = {{1, 1}, {8, 8}, {1, 1}};
  const plan_candidate candidates[] = {candidate(1, 8, 0, 1, both_shared, 3), candidate(1, 8, 0, 1, unicast, 3), candidate(8, 1, 0, 1, n_shared, 3)};
  static const int64_t shapes[][6] = {{512, 512, 128, 32, 32, 32}, {2048, 256, 256, 64, 32, 64}, {100, 70, 60, 32, 32, 32}, {33, 33, 33, 32, 32, 32}};
  for (size_t k = 0; k < COUNT_OF(candidates); k++)
    for (size_t s = 0; s < COUNT_OF(shapes); s++) {
      model_cost *cost;
      nest *n = nest_make_matmul(&ctx.mem, shapes[s][0], shapes[s][1], shapes[s][2], DTYPE_F16, DTYPE_F16);
      assert_int_equal(model_build(&ctx, n, mach, &candidates[k], MODEL_LOOM, true, &cost), LOOM_OK);
      assert_int_equal(at(&ctx, cost->dram_bytes, shapes[s][3], shapes[s][4], shapes[s][5], 0), counted_dram_bytes(&candidates[k], shapes[s], shapes[s] + 3));
    }
  loom_ctx_done(&ctx);
}

static void test_parts_are_bounds_of_the_whole(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  use_shipped_machines();
  machine *mach;
  assert_int_equal(machine_load(&ctx, "wormhole", NULL, &mach), LOOM_OK);
  plan_candidate c = candidate(1, 8, 0, 1, both_shared, 3);
  rng r = rng_new(7);
  for (int kind = MODEL_LOOM; kind <= MODEL_UPSTREAM_NESTED; kind++) {
    model_cost *cost;
    assert_int_equal(model_build(&ctx, nest_make_matmul(&ctx.mem, 1024, 512, 768, DTYPE_F16, DTYPE_F16), mach, &c, (model_kind)kind, true, &cost), LOOM_OK);
    for (int i = 0; i < 50; i++) {
      int64_t t[3] = {32 * rng_range(&r, 1, 16), 32 * rng_range(&r, 1, 16), 32 * rng_range(&r, 1, 16)}, db = rng_range(&r, 0, 1), sum = 0, most = 0;
      int64_t whole = at(&ctx, cost->cycles, t[0], t[1], t[2], db);
      const sym_expr *parts[] = {cost->compute, cost->load, cost->store};
      for (int p = 0; p < 3; p++) {
        int64_t part = at(&ctx, parts[p], t[0], t[1], t[2], db);
        sum += part;
        most = part > most ? part : most;
      }
      assert_true(whole >= most && whole <= sum);
    }
  }
  loom_ctx_done(&ctx);
}

static void test_elementwise_prices_each_scalar_op(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  use_shipped_machines();
  machine *mach;
  assert_int_equal(machine_load(&ctx, "wormhole", NULL, &mach), LOOM_OK);
  plan_candidate c = candidate(1, 8, 0, 1, unicast, 3);
  model_cost *cost;
  assert_int_equal(model_build(&ctx, nest_make_elementwise(&ctx.mem, 512, 512, DTYPE_F16, "mulf,math.exp,truncf"), mach, &c, MODEL_LOOM, true, &cost), LOOM_OK);
  int64_t tile = 64 * 64;       /* one wave: 512 = 64 * 8 */
  assert_int_equal(at(&ctx, cost->compute, 64, 64, 1, 0), 1 + cd(tile, 1024) + 1 + cd(tile, 7));
  assert_int_equal(at(&ctx, cost->l1_bytes, 64, 64, 1, 0), 3 * 2 * tile);        /* computed in the output's buffer */
  nest *odd = nest_make_elementwise(&ctx.mem, 512, 512, DTYPE_F16, "expp");
  assert_int_equal(model_build(&ctx, odd, mach, &c, MODEL_LOOM, true, &cost), LOOM_EUNSUP);
  testing_expect_error(&ctx, LOOM_EUNSUP, "vec_expp_f16", 0, 0);
  loom_ctx_done(&ctx);
}

static void test_kinds_have_names(void **state) {
  (void)state;
  static const char *const names[] = {"loom", "upstream", "upstream-nested"};
  model_kind k;
  for (int i = 0; i < 3; i++) {
    assert_true(model_kind_parse(names[i], &k));
    assert_string_equal(model_kind_text(k), names[i]);
    assert_int_equal(k, i);
  }
  assert_false(model_kind_parse("tileloom", &k));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_nested_model_gives_the_published_cycles),
      cmocka_unit_test(test_upstream_model_equals_its_formula),
      cmocka_unit_test(test_loom_footprint_counts_real_bytes),
      cmocka_unit_test(test_layout_that_does_not_fit_names_its_parts),
      cmocka_unit_test(test_layout_beyond_64_bits_is_refused),
      cmocka_unit_test(test_dram_bytes_equal_a_count_over_cores),
      cmocka_unit_test(test_parts_are_bounds_of_the_whole),
      cmocka_unit_test(test_elementwise_prices_each_scalar_op),
      cmocka_unit_test(test_kinds_have_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
