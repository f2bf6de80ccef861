#include "solve/solve.h"
#include "base/rng.h"
#include "base/testing.h"
#include "nest/nest_samples.h"

static machine *shipped(loom_ctx *ctx, const char *name) {
  static const char *const dirs[] = {LOOM_SOURCE_DIR "/machines"};
  machine_set_path(dirs, 1);
  machine *m;
  assert_int_equal(machine_load(ctx, name, NULL, &m), LOOM_OK);
  return m;
}

static const char *const m_by_n = "matmul__x8_y1y8__d0i0_d1i0_d2i1__f01__dim_y_level1_bc8_dim_x_level0_bc8_n";

static solve_options options(model_kind kind) { return (solve_options){.model = kind, .accumulate_f32 = true, .assigned_double_buffer = -1}; }

static void solve_one(loom_ctx *ctx, const machine *m, const nest *n, const char *variant, const solve_options *o, solve_row *out) {
  explore_table t;
  solve_result r;
  assert_int_equal(explore_run(ctx, n, m, &(explore_options){.variant = variant}, &t), LOOM_OK);
  assert_int_equal(solve_run(ctx, n, m, &t, o, &r), LOOM_OK);
  assert_int_equal(r.rows.n, 1);
  *out = r.rows.at[0];
}

/* Published and derived optima (loom.md 8.2 A2, A5). */
static void test_known_optima(void **state) {
  (void)state;
  static const struct { const char *machine; int64_t shape[3]; const char *variant; bool ragged; int64_t cycles, block[3]; int db; int64_t points, feasible; } cases[] = {
      {"wormhole", {4096, 4096, 512}, m_by_n, false, 616622, {256, 512, 512}, 0, 250, 241},
      {"wormhole", {256, 256, 256}, m_by_n, false, 9166, {32, 32, 128}, 1, 8, 8},
      {"wormhole", {4096, 4096, 512}, m_by_n, true, 616622, {256, 512, 512}, 0, 524288, 19455},
      {"blackhole", {2048, 2048, 2048}, "matmul__x12_y1y10__d0i0_d1i0_d2i1__f01__dim_y_level1_bc10_dim_x_level0_bc12_n", true, 359003, {192, 224, 704}, 1, 524288, 25765},
      {"wormhole", {2048, 2048, 2048}, m_by_n, true, 542954, {0}, -1, 524288, -1},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    solve_options o = options(MODEL_UPSTREAM);
    o.ragged = cases[i].ragged;
    solve_row r;
    nest *n = nest_make_matmul(&ctx.mem, cases[i].shape[0], cases[i].shape[1], cases[i].shape[2], DTYPE_F16, DTYPE_F16);
    solve_one(&ctx, shipped(&ctx, cases[i].machine), n, cases[i].variant, &o, &r);
    assert_int_equal(r.status, SOLVE_OPTIMAL);
    assert_int_equal(r.cycles, cases[i].cycles);
    assert_int_equal(r.lower_bound, r.cycles);
    assert_int_equal(r.points, cases[i].points);
    if (cases[i].feasible >= 0)
      assert_int_equal(r.feasible, cases[i].feasible);
    for (size_t b = 0; b < 3 && cases[i].db >= 0; b++)
      assert_int_equal(r.blocks.at[b].size, cases[i].block[b]);
    if (cases[i].db >= 0)
      assert_int_equal(r.double_buffer, cases[i].db);
    loom_ctx_done(&ctx);
  }
}

static void test_best_of_all_variants_is_the_m_by_n_mapping(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  machine *m = shipped(&ctx, "wormhole");
  nest *n = nest_make_matmul(&ctx.mem, 4096, 4096, 512, DTYPE_F16, DTYPE_F16);
  for (int compatible = 0; compatible < 2; compatible++) {
    explore_table t;
    solve_result r;
    solve_options o = options(MODEL_UPSTREAM);
    assert_int_equal(explore_run(&ctx, n, m, &(explore_options){.upstream_compatible = compatible}, &t), LOOM_OK);
    assert_int_equal(solve_run(&ctx, n, m, &t, &o, &r), LOOM_OK);
    assert_string_equal(r.rows.at[r.best].candidate->name, m_by_n);
    assert_int_equal(r.rows.at[r.best].cycles, 616622);
    for (size_t i = 0; i < r.rows.n; i++)
      assert_true(r.rows.at[i].cycles >= 616622);
  }
  loom_ctx_done(&ctx);
}

/* loom.md 8.2 A1: evaluations at the stated tiles. */
static void test_assigned_blocks_are_evaluated(void **state) {
  (void)state;
  static const struct { const char *variant; int64_t block[3], cycles; } cases[] = {
      {"matmul__x8_y8y1__d0i0_d1i0_d2i1__f01__n_n_n", {64, 2048, 64}, 151456}, {"matmul__x8_y1y8__d0i0_d1i0_d2i1__f01__n_n_n", {512, 512, 64}, 65936}};
  static const char *const names[] = {"tile_m", "tile_n", "tile_k"};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    solve_domain d[3];
    for (int k = 0; k < 3; k++)
      d[k] = (solve_domain){.symbol = names[k], .assigned = cases[i].block[k]};
    solve_options o = options(MODEL_UPSTREAM_NESTED);
    o.domains = d;
    o.n_domains = 3;
    solve_row r;
    solve_one(&ctx, shipped(&ctx, "wormhole-2025"), nest_make_matmul(&ctx.mem, 4096, 4096, 256, DTYPE_F16, DTYPE_F16), cases[i].variant, &o, &r);
    assert_int_equal(r.status, SOLVE_ASSIGNED);
    assert_int_equal(r.cycles, cases[i].cycles);
    assert_false(r.ragged);
    loom_ctx_done(&ctx);
  }
}

/* ---- the solver against a search written without it: other evaluator, no pruning, other order ---- */

typedef struct brute { int64_t cycles, block[3], points, feasible; int db; bool found; } brute;

static bool divides(const model_cost *c, const sym_binding *at, loom_ctx *ctx) {
  for (size_t i = 0; i < c->trips.n; i++) {
    int64_t a, b;
    assert_int_equal(sym_eval(ctx, c->trips.at[i].numerator, at, 4, &a), LOOM_OK);
    assert_int_equal(sym_eval(ctx, c->trips.at[i].denominator, at, 4, &b), LOOM_OK);
    if (a % b)
      return false;
  }
  return true;
}

static brute brute_force(loom_ctx *ctx, const model_cost *c, const int64_t shape[3], bool exact) {
  brute best = {0};
  int64_t top[3];
  for (int i = 0; i < 3; i++)
    top[i] = exact ? shape[i] : (shape[i] + 31) / 32 * 32;
  for (int db = 1; db >= 0; db--)
    for (int64_t k = top[2] / 32 * 32; k >= 32; k -= 32)
      for (int64_t n = top[1] / 32 * 32; n >= 32; n -= 32)
        for (int64_t m = top[0] / 32 * 32; m >= 32; m -= 32) {
          const sym_binding at[] = {{"tile_m", m}, {"tile_n", n}, {"tile_k", k}, {MODEL_DOUBLE_BUFFER, db}};
          int64_t bytes, cycles;
          if (exact && !divides(c, at, ctx))
            continue;
          best.points++;
          assert_int_equal(sym_eval(ctx, c->l1_bytes, at, 4, &bytes), LOOM_OK);
          if (bytes > c->l1_capacity)
            continue;
          best.feasible++;
          assert_int_equal(sym_eval(ctx, c->cycles, at, 4, &cycles), LOOM_OK);
          const int64_t now[] = {cycles, m, n, k, db}, old[] = {best.cycles, best.block[0], best.block[1], best.block[2], best.db};
          int differs = 0;
          while (differs < 4 && now[differs] == old[differs])
            differs++;
          if (!best.found || now[differs] < old[differs]) {
            best.found = true;
            best.cycles = cycles;
            best.block[0] = m, best.block[1] = n, best.block[2] = k;
            best.db = db;
          }
        }
  return best;
}

static void test_search_equals_brute_force_on_random_problems(void **state) {
  (void)state;
  static const char *const machines[] = {"wormhole", "wormhole-2025", "blackhole"};
  rng r = rng_new(20);
  int exact_cases = 0, ragged_cases = 0;
  for (int round = 0; round < 40; round++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    machine *m = shipped(&ctx, machines[rng_range(&r, 0, 2)]);
    for (size_t d = 0; d < m->mesh.n; d++)
      m->mesh.at[d].size = rng_range(&r, 0, 3) ? 1 << rng_range(&r, 0, 2) : 3;
    m->l1_bytes = rng_range(&r, 8, 200) * 1024;       /* small, so that capacity matters on small shapes */
    int64_t shape[3];
    bool is_even = rng_range(&r, 0, 2) > 0;
    for (int i = 0; i < 3; i++)
      shape[i] = is_even ? 32 << rng_range(&r, 0, 4) : rng_range(&r, 1, 400);
    nest *n = nest_make_matmul(&ctx.mem, shape[0], shape[1], shape[2], DTYPE_F16, DTYPE_F16);
    solve_options o = options((model_kind)rng_range(&r, 0, 2));
    o.ragged = rng_range(&r, 0, 3) == 0;
    explore_table t;
    assert_int_equal(explore_run(&ctx, n, m, &(explore_options){.upstream_compatible = true}, &t), LOOM_OK);
    int64_t pick = rng_range(&r, 0, (int64_t)t.rows.n - 1);
    t.rows.at[0] = t.rows.at[pick];
    t.rows.n = 1;
    model_cost *cost;
    assert_int_equal(model_build(&ctx, n, m, t.rows.at[0], o.model, o.accumulate_f32, &cost), LOOM_OK);
    brute b = brute_force(&ctx, cost, shape, !o.ragged);
    bool is_ragged = o.ragged || b.points == 0;
    if (b.points == 0)
      b = brute_force(&ctx, cost, shape, false);
    solve_result got;
    loom_status st = solve_run(&ctx, n, m, &t, &o, &got);
    assert_int_equal(st, b.found ? LOOM_OK : LOOM_EINFEASIBLE);
    const solve_row *row = &got.rows.at[0];
    assert_int_equal(row->points, b.points);
    assert_int_equal(row->feasible, b.feasible);
    if (b.found) {
      assert_int_equal(row->cycles, b.cycles);
      for (size_t i = 0; i < 3; i++)
        assert_int_equal(row->blocks.at[i].size, b.block[i]);
      assert_int_equal(row->double_buffer, b.db);
      assert_int_equal(row->status, SOLVE_OPTIMAL);
    }
    exact_cases += !is_ragged;
    ragged_cases += is_ragged;
    loom_ctx_done(&ctx);
  }
  assert_true(exact_cases > 5 && ragged_cases > 5);
}

static void test_tiny_shapes_always_have_a_plan(void **state) {
  (void)state;
  static const int64_t shapes[][3] = {{1, 1, 1}, {7, 48, 100}, {32, 32, 32}, {48, 7, 33}, {4096, 1, 1}};
  static const char *const machines[] = {"wormhole", "single", "ring8", "torus4", "blackhole"};
  for (size_t s = 0; s < COUNT_OF(shapes); s++)
    for (size_t k = 0; k < COUNT_OF(machines); k++) {
      loom_ctx ctx;
      loom_ctx_init(&ctx);
      machine *m = shipped(&ctx, machines[k]);
      nest *n = nest_make_matmul(&ctx.mem, shapes[s][0], shapes[s][1], shapes[s][2], DTYPE_F16, DTYPE_F16);
      solve_options o = options(MODEL_LOOM);
      explore_table t;
      solve_result r;
      plan *p;
      assert_int_equal(explore_run(&ctx, n, m, NULL, &t), LOOM_OK);
      assert_int_equal(solve_run(&ctx, n, m, &t, &o, &r), LOOM_OK);
      assert_int_equal(solve_plan(&ctx, n, m, &o, &r.rows.at[r.best], &p), LOOM_OK);
      assert_int_equal(p->proof, PLAN_OPTIMAL);
      for (size_t b = 0; b < p->blocks.n; b++)
        assert_true(p->blocks.at[b].size % 32 == 0 && p->blocks.at[b].size < shapes[s][b] + 32);
      assert_true(p->cost_tail >= 0 && p->cost_tail <= p->predicted_cycles);
      loom_ctx_done(&ctx);
    }
}

static void test_fallback_to_ceilings_is_said(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  solve_options o = options(MODEL_UPSTREAM);
  solve_row r;
  solve_one(&ctx, shipped(&ctx, "blackhole"), nest_make_matmul(&ctx.mem, 2048, 2048, 2048, DTYPE_F16, DTYPE_F16),
            "matmul__x12_y1y10__d0i0_d1i0_d2i1__f01__dim_y_level1_bc10_dim_x_level0_bc12_n", &o, &r);
  assert_true(r.ragged);
  assert_int_equal(r.cycles, 359003);
  assert_non_null(ctx.diag.first);
  assert_int_equal(ctx.diag.first->severity, DIAG_NOTE);
  assert_non_null(strstr(ctx.diag.first->text, "tile_m"));
  assert_non_null(strstr(ctx.diag.first->text, "2048"));
  assert_non_null(strstr(ctx.diag.first->text, "--ragged"));
  loom_ctx_done(&ctx);
}

/* Of 2048^3 on 12 x 10 cores tiles of 192 x 224 x 704 cover 2304 x 2240 x 2112: the rest of the time goes to what does not exist. */
static void test_time_of_padding_is_the_share_of_what_does_not_exist(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  solve_options o = options(MODEL_UPSTREAM);
  solve_row r;
  plan *p;
  machine *m = shipped(&ctx, "blackhole");
  nest *n = nest_make_matmul(&ctx.mem, 2048, 2048, 2048, DTYPE_F16, DTYPE_F16);
  o.ragged = true;
  solve_one(&ctx, m, n, "matmul__x12_y1y10__d0i0_d1i0_d2i1__f01__dim_y_level1_bc10_dim_x_level0_bc12_n", &o, &r);
  assert_int_equal(solve_plan(&ctx, n, m, &o, &r, &p), LOOM_OK);
  assert_int_equal(p->cost_tail, 359003 - (int64_t)(359003 * (2048 / 2304.0) * (2048 / 2240.0) * (2048 / 2112.0) + 0.5));
  loom_ctx_done(&ctx);
}

/* Upstream's models choose sizes for an accumulator of the kernel's own type: where no f32 fits beside them, that is what the plan has, and it says so. */
static void test_plans_accumulate_in_what_fits(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  solve_options o = options(MODEL_UPSTREAM);
  solve_row r;
  plan *p;
  machine *m = shipped(&ctx, "wormhole"), tight = *m;
  nest *n = nest_make_matmul(&ctx.mem, 4096, 4096, 512, DTYPE_F16, DTYPE_F16);
  solve_one(&ctx, m, n, m_by_n, &o, &r);
  for (int is_f32 = 0; is_f32 < 2; is_f32++) {
    o.accumulate_f32 = is_f32;
    tight.l1_bytes = 2 << 20;
    assert_int_equal(solve_plan(&ctx, n, &tight, &o, &r, &p), LOOM_OK);
    assert_int_equal(p->accumulate_f32, is_f32);
    assert_int_equal(ctx.diag.warnings, 0);
  }
  const int64_t f32_bytes = 256 * 512 * 4 + 256 * 512 * 2 + (256 + 512) * 512 * 2;      /* accumulator, result, one slot of each operand */
  for (int more = -1; more < 1; more++) {
    tight.l1_bytes = f32_bytes + more;
    assert_int_equal(solve_plan(&ctx, n, &tight, &o, &r, &p), LOOM_OK);
    assert_int_equal(p->accumulate_f32, more == 0);
    if (more < 0)
      assert_string_equal(ctx.diag.first->text, "an f32 accumulator needs 1572864 B of L1 at the block sizes of --model upstream; the plan accumulates in f16");
    assert_int_equal(ctx.diag.warnings, 1);
  }
  loom_ctx_done(&ctx);
}

static void test_plan_is_complete_and_fits(void **state) {
  (void)state;
  for (int kind = MODEL_LOOM; kind <= MODEL_UPSTREAM_NESTED; kind++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    machine *m = shipped(&ctx, "wormhole");
    nest *n = nest_make_matmul(&ctx.mem, 2048, 2048, 256, DTYPE_F16, DTYPE_F16);
    solve_options o = options((model_kind)kind);
    explore_table t;
    solve_result r;
    plan *p;
    assert_int_equal(explore_run(&ctx, n, m, NULL, &t), LOOM_OK);
    assert_int_equal(kind == MODEL_LOOM ? solve_rows(&ctx, n, m, &t, &o, &(solve_limits){0}, &r) : solve_run(&ctx, n, m, &t, &o, &r), LOOM_OK);
    assert_int_equal(solve_plan(&ctx, n, m, &o, &r.rows.at[r.best], &p), LOOM_OK);
    assert_int_equal(p->predicted_cycles, r.rows.at[r.best].cycles);
    assert_string_equal(p->model, model_kind_text((model_kind)kind));
    assert_string_equal(p->machine, "wormhole");
    assert_string_equal(p->calibration, "newest");
    assert_int_equal(p->buffers.n, 4);
    int64_t end = 0;
    for (size_t i = 0; i < p->buffers.n; i++)
      end = end > p->buffers.at[i].offset + p->buffers.at[i].depth * p->buffers.at[i].bytes ? end : p->buffers.at[i].offset + p->buffers.at[i].depth * p->buffers.at[i].bytes;
    assert_true(end <= p->l1_capacity && p->l1_capacity == m->l1_bytes);
    if (kind == MODEL_LOOM) {
      assert_int_equal(end, p->l1_bytes);
      assert_true(p->accumulate_f32);
    }
    data_value *v = plan_to_data(&ctx.mem, p);
    const char *json = data_write_json(&ctx.mem, v, 1);
    plan *again;
    assert_int_equal(data_read_json(&ctx, "plan.json", json, strlen(json), &v), LOOM_OK);
    assert_int_equal(plan_from_data(&ctx, v, &again), LOOM_OK);
    assert_string_equal(data_write_json(&ctx.mem, plan_to_data(&ctx.mem, again), 1), json);
    loom_ctx_done(&ctx);
  }
}

static void test_budget_gives_best_found_with_a_bound(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  machine *m = shipped(&ctx, "wormhole");
  nest *n = nest_make_matmul(&ctx.mem, 4096, 4096, 512, DTYPE_F16, DTYPE_F16);
  solve_options o = options(MODEL_UPSTREAM);
  for (o.op_budget = 1; o.op_budget < 1000; o.op_budget *= 5) {
    solve_row r;
    solve_one(&ctx, m, n, m_by_n, &o, &r);
    if (o.op_budget < 241) {
      assert_int_equal(r.status, SOLVE_BEST_FOUND);
      assert_true(r.lower_bound > 0 && r.lower_bound <= 616622 && r.cycles >= 616622);
    } else {
      assert_int_equal(r.status, SOLVE_OPTIMAL);
    }
  }
  loom_ctx_done(&ctx);
}

static void test_wrong_options_are_explained(void **state) {
  (void)state;
  static const struct { solve_domain d; size_t n; int64_t l1; bool empty; loom_status status; const char *said, *help; } cases[] = {
      {{.symbol = "tile_q", .assigned = 64}, 1, 0, false, LOOM_EUSAGE, "no block symbol 'tile_q'", "tile_"},
      {{.symbol = "tile_m", .assigned = -3}, 1, 0, false, LOOM_EUSAGE, "must be at least 1", NULL},
      {{.symbol = "tile_m", .lb = 100, .ub = 120}, 1, 0, false, LOOM_EINFEASIBLE, "no multiple of 32 from 100 to 120", "--block-sizes"},
      {{.symbol = "tile_m", .assigned = 65536}, 1, 0, false, LOOM_EINFEASIBLE,
       "even at tile_m=65536, tile_n=32, tile_k=32, is_double_buffer=0: tile_m*tile_n*4 B + tile_m*tile_k*2 B + tile_k*tile_n*2 B + tile_m*tile_n*2 B = 16.78 MB > L1 1.40 MB",
       "smaller --block-sizes"},
      {{.symbol = "tile_m"}, 0, 4096, false, LOOM_EINFEASIBLE, "> L1 4096 B", "more memory"},
      {{.symbol = "tile_m"}, 0, 0, true, LOOM_EINFEASIBLE, "0 candidates; there are none", "more memory"},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    machine *m = shipped(&ctx, "wormhole");
    nest *n = nest_make_matmul(&ctx.mem, 2048, 2048, 256, DTYPE_F16, DTYPE_F16);
    if (cases[i].l1)
      m->l1_bytes = cases[i].l1;
    solve_options o = options(MODEL_LOOM);
    o.domains = &cases[i].d;
    o.n_domains = cases[i].n;
    explore_table t;
    solve_result r;
    assert_int_equal(explore_run(&ctx, n, m, &(explore_options){.upstream_compatible = true}, &t), LOOM_OK);
    if (cases[i].empty)
      t.rows.n = 0;
    assert_int_equal(solve_run(&ctx, n, m, &t, &o, &r), cases[i].status);
    testing_expect_error(&ctx, cases[i].status, cases[i].said, 0, 0);
    if (cases[i].help)
      assert_non_null(strstr(ctx.diag.first->help, cases[i].help));
    loom_ctx_done(&ctx);
  }
}

static void test_cycles_beyond_64_bits_are_refused(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  machine *m = shipped(&ctx, "wormhole");
  static const solve_domain d[] = {{.symbol = "tile_m", .assigned = 32}, {.symbol = "tile_n", .assigned = 32}, {.symbol = "tile_k", .assigned = 32}};
  nest *n = nest_make_matmul(&ctx.mem, INT64_C(1) << 42, INT64_C(1) << 42, 32, DTYPE_F16, DTYPE_F16);
  solve_options o = options(MODEL_UPSTREAM);
  o.domains = d;
  o.n_domains = 3;
  explore_table t;
  solve_result r;
  assert_int_equal(explore_run(&ctx, n, m, &(explore_options){.upstream_compatible = true}, &t), LOOM_OK);
  assert_int_equal(solve_run(&ctx, n, m, &t, &o, &r), LOOM_ELIMIT);
  testing_expect_error(&ctx, LOOM_ELIMIT, "predicted cycles exceed 64 bits", 0, 0);
  /* beyond 2^31 and 2^53 they are exact */
  n = nest_make_matmul(&ctx.mem, INT64_C(1) << 30, INT64_C(1) << 30, 32, DTYPE_F16, DTYPE_F16);
  assert_int_equal(explore_run(&ctx, n, m, &(explore_options){.upstream_compatible = true}, &t), LOOM_OK);
  assert_int_equal(solve_run(&ctx, n, m, &t, &o, &r), LOOM_OK);
  int64_t tile = 512 + (2 * 32768 + 88) / 89 + 2 * (344 + (20 * 1024 + 149) / 150) + 454 + (2048 + 149) / 150;      /* db = 0; throughput 1024 * 716 / 8192 = 89 */
  assert_int_equal(r.rows.at[r.best].cycles, (INT64_C(1) << 44) * tile);
  loom_ctx_done(&ctx);
}

/* With the smallest blocks the cost is beyond 64 bits; a budget of one evaluation sees nothing else. */
static void test_a_budget_that_finds_nothing_is_said(void **state) {
  (void)state;
  static const solve_domain d[] = {{.symbol = "tile_m", .ub = 512}, {.symbol = "tile_n", .ub = 512}, {.symbol = "tile_k", .ub = 32}};
  for (int64_t budget = 0; budget < 2; budget++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    machine *m = shipped(&ctx, "wormhole");
    nest *n = nest_make_matmul(&ctx.mem, INT64_C(1) << 34, INT64_C(1) << 34, 32, DTYPE_F16, DTYPE_F16);
    solve_options o = options(MODEL_UPSTREAM);
    o.domains = d;
    o.n_domains = 3;
    o.op_budget = budget;
    o.only_best = true;
    explore_table t;
    solve_result r;
    assert_int_equal(explore_run(&ctx, n, m, &(explore_options){.upstream_compatible = true}, &t), LOOM_OK);
    assert_int_equal(solve_run(&ctx, n, m, &t, &o, &r), budget ? LOOM_ELIMIT : LOOM_OK);
    if (budget) {
      testing_expect_error(&ctx, LOOM_ELIMIT, "the budget was spent before block sizes for kernel matmul were found", 0, 0);
      assert_non_null(strstr(ctx.diag.first->help, "--op-budget"));
    }
    loom_ctx_done(&ctx);
  }
}

/* What is not asked for need not be found; what wins is the same. */
static void test_only_the_best_is_the_same_best(void **state) {
  (void)state;
  static const char *const machines[] = {"wormhole", "blackhole"};
  for (size_t k = 0; k < COUNT_OF(machines); k++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    machine *m = shipped(&ctx, machines[k]);
    nest *n = nest_make_matmul(&ctx.mem, 2048, 1024, 512, DTYPE_F16, DTYPE_F16);
    explore_table t;
    solve_result all, best;
    solve_options o = options(MODEL_LOOM);
    o.ragged = true;
    assert_int_equal(explore_run(&ctx, n, m, &(explore_options){.upstream_compatible = true}, &t), LOOM_OK);
    assert_int_equal(solve_run(&ctx, n, m, &t, &o, &all), LOOM_OK);
    o.only_best = true;
    o.threads = 2;
    assert_int_equal(solve_run(&ctx, n, m, &t, &o, &best), LOOM_OK);
    assert_int_equal(best.best, all.best);
    const solve_row *x = &all.rows.at[all.best], *y = &best.rows.at[best.best];
    assert_true(x->cycles == y->cycles && x->double_buffer == y->double_buffer && x->feasible == y->feasible && y->status == SOLVE_OPTIMAL);
    for (size_t i = 0; i < 3; i++)
      assert_int_equal(x->blocks.at[i].size, y->blocks.at[i].size);
    for (size_t i = 0; i < t.rows.n; i++)
      assert_true(best.rows.at[i].lower_bound <= all.rows.at[i].cycles && best.rows.at[i].lower_bound >= y->cycles);
    assert_true(best.evaluated < all.evaluated);
    loom_ctx_done(&ctx);
  }
}

/* 134,217,728 points: capacities and bounds cut all but a few (loom.md 8.2 A3), and what is cut is counted; so is what fits. */
static void test_a_large_domain_is_mostly_pruned(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  machine *m = shipped(&ctx, "wormhole");
  nest *n = nest_make_batch_matmul(&ctx.mem, 32, 4096, 4096, 4096, DTYPE_F16, DTYPE_F16);
  solve_options o = options(MODEL_UPSTREAM);
  o.ragged = true;
  explore_table t;
  solve_result r;
  assert_int_equal(explore_run(&ctx, n, m, &(explore_options){.upstream_compatible = true}, &t), LOOM_OK);
  t.rows.n = 1;
  assert_int_equal(solve_run(&ctx, n, m, &t, &o, &r), LOOM_OK);
  assert_int_equal(r.rows.at[0].points, INT64_C(134217728));
  assert_int_equal(r.rows.at[0].status, SOLVE_OPTIMAL);
  assert_int_equal(r.rows.at[0].lower_bound, r.rows.at[0].cycles);
  assert_true(r.evaluated < r.rows.at[0].feasible / 4);
  int64_t fit = 0;      /* 2 B * b * ((m + n) * k * (1 + db) + 2 * m * n) <= L1, all but b multiples of 32: largest k in closed form */
  for (int64_t b = 1; b <= 32; b++)
    for (int64_t i = 32; i <= 4096; i += 32)
      for (int64_t j = 32; j <= 4096; j += 32)
        for (int64_t db = 0; db < 2; db++) {
          int64_t rest = m->l1_bytes / (2 * b) - 2 * i * j, k = rest > 0 ? rest / ((i + j) * (1 + db)) / 32 : 0;
          fit += k < 128 ? k : 128;
        }
  assert_int_equal(r.rows.at[0].feasible, fit);
  assert_int_equal(r.pruned + r.evaluated, INT64_C(134217728));
  loom_ctx_done(&ctx);
}

static loom_status solve_small(loom_ctx *ctx, void *data) {
  const machine *m = data;
  nest *n = nest_make_matmul(&ctx->mem, 64, 64, 64, DTYPE_F16, DTYPE_F16);
  solve_options o = options(MODEL_LOOM);
  explore_table t;
  solve_result r;
  plan *p;
  LOOM_TRY(explore_run(ctx, n, m, NULL, &t));
  LOOM_TRY(solve_run(ctx, n, m, &t, &o, &r));
  return solve_plan(ctx, n, m, &o, &r.rows.at[r.best], &p);
}

static void test_memory_failures_unwind(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  testing_sweep_memory(solve_small, shipped(&ctx, "single"));
  loom_ctx_done(&ctx);
}

static void test_infeasible_row_has_no_plan(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  machine *m = shipped(&ctx, "wormhole");
  solve_options o = options(MODEL_LOOM);
  plan_candidate c = {.name = "v"};
  solve_row row = {.candidate = &c, .status = SOLVE_INFEASIBLE, .why = "too large"};
  plan *p;
  assert_int_equal(solve_plan(&ctx, nest_make_matmul(&ctx.mem, 64, 64, 64, DTYPE_F16, DTYPE_F16), m, &o, &row, &p), LOOM_EINFEASIBLE);
  testing_expect_error(&ctx, LOOM_EINFEASIBLE, "variant v has no feasible block sizes; too large", 0, 0);
  loom_ctx_done(&ctx);
}

static void test_assigned_blocks_need_not_divide(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  machine *m = shipped(&ctx, "wormhole");
  static const solve_domain d[] = {{.symbol = "tile_m", .assigned = 96}, {.symbol = "tile_n", .assigned = 64}, {.symbol = "tile_k", .assigned = 64}};
  solve_options o = options(MODEL_LOOM);
  o.domains = d;
  o.n_domains = 3;
  o.assigned_double_buffer = 1;
  solve_row r;
  solve_one(&ctx, m, nest_make_matmul(&ctx.mem, 512, 512, 256, DTYPE_F16, DTYPE_F16), m_by_n, &o, &r);
  assert_int_equal(r.status, SOLVE_ASSIGNED);
  assert_true(r.ragged);
  assert_int_equal(r.double_buffer, 1);
  assert_int_equal(r.points, 1);
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_known_optima),
      cmocka_unit_test(test_best_of_all_variants_is_the_m_by_n_mapping),
      cmocka_unit_test(test_assigned_blocks_are_evaluated),
      cmocka_unit_test(test_search_equals_brute_force_on_random_problems),
      cmocka_unit_test(test_tiny_shapes_always_have_a_plan),
      cmocka_unit_test(test_fallback_to_ceilings_is_said),
      cmocka_unit_test(test_time_of_padding_is_the_share_of_what_does_not_exist),
      cmocka_unit_test(test_plans_accumulate_in_what_fits),
      cmocka_unit_test(test_plan_is_complete_and_fits),
      cmocka_unit_test(test_budget_gives_best_found_with_a_bound),
      cmocka_unit_test(test_wrong_options_are_explained),
      cmocka_unit_test(test_cycles_beyond_64_bits_are_refused),
      cmocka_unit_test(test_a_budget_that_finds_nothing_is_said),
      cmocka_unit_test(test_only_the_best_is_the_same_best),
      cmocka_unit_test(test_a_large_domain_is_mostly_pruned),
      cmocka_unit_test(test_memory_failures_unwind),
      cmocka_unit_test(test_infeasible_row_has_no_plan),
      cmocka_unit_test(test_assigned_blocks_need_not_divide),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
