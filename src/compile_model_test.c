/* Model against virtual chip on small meshes: what is counted must be equal, what is timed must be near.
 * Oracle: the byte counters of sim, which shares no code with the model. */
#include "base/rng.h"
#include "base/testing.h"
#include "compile_model_points.h"
#include "model/model.h"
#include "nest/nest_samples.h"
#include "sim/sim.h"
#include "tog/build/tog_build.h"
#include "tog/tog_samples.h"
#include <math.h>

/* Pages of 32 bytes on two channels: a tile row of 32 f16 lies half on each. */
static machine *small_machine(loom_ctx *ctx, int64_t x, int64_t y, bool wraps) {
  static const char *const dirs[] = {LOOM_SOURCE_DIR "/machines"};
  machine_set_path(dirs, 1);
  machine *m;
  assert_int_equal(machine_load(ctx, "wormhole", NULL, &m), LOOM_OK);
  m = machine_submesh(&ctx->mem, m, (const int64_t[]){x, y});
  m->dram_channels = 2;
  m->dram_page_bytes = 32;
  m->attach.n = 0;
  vec_push(&ctx->mem, &m->attach, 0);
  vec_push(&ctx->mem, &m->attach, x * y - 1);
  m->mesh.at[0].wraps = m->mesh.at[1].wraps = wraps;
  return m;
}

typedef struct sums { int64_t dram_bytes, busiest_bytes, cycles; } sums;

/* Bytes on the busiest link: turns of each class times tile times load.  Tensor t is in L1, in pages of `page` bytes, where bit t of `l1` is set. */
static void model_sums(loom_ctx *ctx, const machine *m, const tog_matmul_spec *s, unsigned l1, int64_t page, sums *out) {
  model_program *p;
  nest *n = nest_make_matmul(&ctx->mem, s->m, s->n, s->k, DTYPE_F16, DTYPE_F16);
  for (int t = 0; t < 3; t++)
    n->tensors.at[t].l1_page = l1 >> t & 1 ? page : 0;
  assert_int_equal(model_compile(ctx, n, m, true, MODEL_IN_PLACE, &p), LOOM_OK);
  plan_mapping map = {.n_mesh = 2, .mesh_name = {"x", "y"}, .mesh_size = {s->mesh_x, s->mesh_y}, .n_logical = 2, .logical = {{0, 0, s->mesh_x, 0}, {1, 0, s->mesh_y, 1}},
                      .n_iters = 2, .order = {0, 1}};
  model_grid g;
  model_grid_of(&map, &g);
  model_point at;
  const int64_t blocks[] = {s->tile_m, s->tile_n, s->tile_k};
  assert_true(model_set_blocks(p, &g, blocks, &at));
  plan_choice c[3] = {{.area = {1, s->multicast ? s->mesh_y : 1, 1}, .depth = s->depth}, {.area = {s->multicast ? s->mesh_x : 1, 1, 1}, .depth = s->depth},
                      {.area = {1, 1, 1}, .depth = 1}};
  c[0].move[1] = c[0].area[1] > 1 ? PLAN_MULTICAST : PLAN_UNICAST;
  c[1].move[0] = c[1].area[0] > 1 ? PLAN_MULTICAST : PLAN_UNICAST;
  const plan_choice *choices[] = {&c[0], &c[1], &c[2]};
  size_t one[] = {1, 1, 1};
  model_route *routes[3];
  assert_int_equal(model_find_routes(ctx, p, &map, &at, choices, one, routes), LOOM_OK);
  model_vector sum = {0}, v;
  int64_t ends[MODEL_LINKS_MAX] = {0};  /* the first loads and the last stores, which are not among the rest */
  const int64_t tile[] = {2 * s->tile_m * s->tile_k, 2 * s->tile_k * s->tile_n, 2 * s->tile_m * s->tile_n};
  for (int a = 0; a < 3; a++) {
    assert_true(model_price(p, &at, a, &c[a], routes[a], &v));
    model_add(&sum, &v);
    for (int l = 0; l < v.n_links; l++)
      ends[l] += tile[a] * routes[a][a == 2 ? at.n_waves - 1 : 0].link_x1024[l] / 1024;
  }
  *out = (sums){.dram_bytes = sum.dram_bytes, .cycles = model_total(p, &at, &sum)};
  for (int l = 0; l < sum.n_links; l++)
    out->busiest_bytes = sum.link_rest[l] + ends[l] > out->busiest_bytes ? sum.link_rest[l] + ends[l] : out->busiest_bytes;
}

static int64_t busiest_link(const sim_report *r) {
  int64_t busiest = 0;
  for (size_t l = 0; l < r->links.n; l++)
    busiest = r->links.at[l].bytes > busiest ? r->links.at[l].bytes : busiest;
  return busiest;
}

/* Tensors in L1: rows of a tile lie on all cores, a part of 64 bytes on each, so that what the model takes as even is. */
static void test_bytes_of_tensors_in_l1_equal_the_chip_s(void **state) {
  (void)state;
  rng r = rng_new(43);
  for (int i = 0; i < 60; i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    tog_matmul_spec s = {.tile_m = 32, .tile_n = 32, .tile_k = 32, .mesh_x = 1 << rng_range(&r, 0, 2), .mesh_y = 1 << rng_range(&r, 0, 1), .multicast = rng_range(&r, 0, 1), .depth = 2,
                         .k_cycles = 50};
    s.m = 32 * rng_range(&r, 1, 9);
    s.n = 32 * rng_range(&r, 1, 9);
    s.k = 32 * rng_range(&r, 1, 4);
    const int64_t page = 64 / (s.mesh_x * s.mesh_y);
    const unsigned l1 = 1 + (unsigned)i % 7;
    machine *m = small_machine(&ctx, s.mesh_x, s.mesh_y, rng_range(&r, 0, 1));
    tog *t = tog_sample_matmul(&ctx.mem, &s);
    int64_t at = 1 << 18;
    for (int k = 0; k < 3; k++) {
      t->tensors.at[k].l1_page = l1 >> k & 1 ? page : 0;
      t->tensors.at[k].l1_offset = l1 >> k & 1 ? at : 0;
      at += tog_tensor_l1_bytes(&t->tensors.at[k], machine_cores(m));
    }
    sim_report report;
    assert_int_equal(sim_run(&ctx, t, m, &(sim_options){.verify = true}, &report), LOOM_OK);
    assert_int_equal(report.n_faults, 0);
    sums model;
    model_sums(&ctx, m, &s, l1, page, &model);
    assert_int_equal(model.dram_bytes, report.dram_bytes_read + report.dram_bytes_written);
    int64_t busiest = busiest_link(&report);
    if (!(busiest - 3 <= model.busiest_bytes && model.busiest_bytes <= busiest + 3))
      fail_msg("case %d: busiest link %lld, the chip's %lld", i, (long long)model.busiest_bytes, (long long)busiest);
    loom_ctx_done(&ctx);
  }
}

/* Plans for kernels whose tensors lie in L1, all or some: how near the model is to the chip, and to itself: nothing of the chip gets slower when a tensor moves from DRAM to L1. */
static void test_cycles_with_tensors_in_l1_are_near_the_chip_s(void **state) {
  (void)state;
  static const char *const dirs[] = {LOOM_SOURCE_DIR "/machines"};
  static const struct { const char *file, *function; helion_shape shape[4]; size_t n_shapes; int n_tensors; } cases[] = {
      {"kernels/matmul.py", NULL, {{"M", 512}, {"N", 512}, {"K", 256}}, 3, 3},
      {"kernels/matmul.py", NULL, {{"M", 2048}, {"N", 1024}, {"K", 512}}, 3, 3},
      {"tests/data/kernels/shapes.py", "twopass", {{"x.0", 1024}, {"x.1", 128}}, 2, 2},
      {"kernels/softmax.py", NULL, {{"x.0", 1024}, {"x.1", 512}}, 2, 2},
  };
  static const char *const machines[] = {"wormhole", "blackhole"};
  machine_set_path(dirs, 1);
  double sum = 0, worst = 0;
  int n = 0, faster = 0;
  for (size_t i = 0; i < COUNT_OF(cases) * 2; i++) {
    int64_t in_dram = 0;
    for (unsigned l1 = 0; l1 < 1u << cases[i / 2].n_tensors; l1++) {
      loom_ctx ctx;
      loom_ctx_init(&ctx);
      compile_l1_tensor place[3];
      compile_options o = {.input = arena_printf(&ctx.mem, "%s/%s", LOOM_SOURCE_DIR, cases[i / 2].file), .machine = machines[i % 2], .model = MODEL_LOOM, .accumulate_f32 = true,
                           .helion = {.shapes = cases[i / 2].shape, .n_shapes = cases[i / 2].n_shapes, .function = cases[i / 2].function}, .topk = 1, .etg_gen = 3, .stop_after = COMPILE_TOG,
                           .op_budget = 20000, .l1 = place, .l1_reserved_bytes = 3 << 17};
      for (int t = 0; t < cases[i / 2].n_tensors; t++)
        if (l1 >> t & 1)
          place[o.n_l1++] = (compile_l1_tensor){.tensor = t, .page = 2048, .offset = 1005568 + ((int64_t)t << 17)};
      compile_state s;
      sim_report r;
      if (compile_kernel(&ctx, &o, &s) != LOOM_OK)
        fail_msg("%s: %s", cases[i / 2].file, ctx.diag.first->text);
      assert_int_equal(sim_run(&ctx, s.tog, s.machine, &(sim_options){.verify = true}, &r), LOOM_OK);
      if (r.n_faults)
        fail_msg("%s: %s", cases[i / 2].file, r.faults.at[0].text);
      assert_true((r.l1_bytes_read + r.l1_bytes_written > 0) == (l1 > 0));
      double off = fabs(log((double)s.plan->predicted_cycles / (double)r.cycles));
      print_message("%s %s l1 %u: model %lld, chip %lld%s\n", cases[i / 2].file, machines[i % 2], l1, (long long)s.plan->predicted_cycles, (long long)r.cycles, s.plan->proof == PLAN_OPTIMAL ? ", optimal" : "");
      worst = off > worst ? off : worst;
      sum += off;
      n++;
      in_dram = l1 ? in_dram : r.cycles;
      faster += l1 == (1u << cases[i / 2].n_tensors) - 1 && r.cycles < in_dram;
      compile_done(&s);
      loom_ctx_done(&ctx);
    }
  }
  print_message("geometric mean of the ratios %.1f %%, worst %.1f %%\n", 100 * (exp(sum / n) - 1), 100 * (exp(worst) - 1));
  assert_true(exp(sum / n) < 1.1 && exp(worst) < 1.3);
  assert_int_equal(faster, COUNT_OF(cases) * 2);
}

static void test_bytes_on_links_and_in_dram_equal_the_chip_s(void **state) {
  (void)state;
  rng r = rng_new(41);
  for (int i = 0; i < 60; i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    tog_matmul_spec s = {.tile_m = 32, .tile_n = 32, .tile_k = 32, .mesh_x = rng_range(&r, 1, 4), .mesh_y = rng_range(&r, 1, 4), .multicast = rng_range(&r, 0, 1),
                         .depth = (int)rng_range(&r, 1, 2), .k_cycles = 200};
    bool is_ragged = i % 3 == 2;
    s.m = 32 * rng_range(&r, 1, 9) - (is_ragged ? rng_range(&r, 0, 31) : 0);
    s.n = 32 * rng_range(&r, 1, 9);
    s.k = 32 * rng_range(&r, 1, 4) - (is_ragged ? 2 * rng_range(&r, 0, 15) : 0);
    machine *m = small_machine(&ctx, s.mesh_x, s.mesh_y, rng_range(&r, 0, 1));
    sim_report report;
    assert_int_equal(sim_run(&ctx, tog_sample_matmul(&ctx.mem, &s), m, &(sim_options){.verify = true}, &report), LOOM_OK);
    assert_int_equal(report.n_faults, 0);
    sums model;
    model_sums(&ctx, m, &s, 0, 0, &model);
    assert_int_equal(model.dram_bytes, report.dram_bytes_read + report.dram_bytes_written);
    int64_t busiest = busiest_link(&report);
    if (!is_ragged && !(busiest - 3 <= model.busiest_bytes && model.busiest_bytes <= busiest + 3))      /* three accesses, each rounded up */
      fail_msg("case %d: busiest link %lld, the chip's %lld", i, (long long)model.busiest_bytes, (long long)busiest);
    loom_ctx_done(&ctx);
  }
}

/* 22 plans on two chips, multicast and not, one to two slots: each within a fifth of the chip's cycles, 5 % in the mean of the ratios. */
static void test_cycles_are_near_the_chip_s(void **state) {
  (void)state;
  static const char *const dirs[] = {LOOM_SOURCE_DIR "/machines"};
  machine_set_path(dirs, 1);
  double sum = 0;
  for (size_t i = 0; i < COUNT_OF(model_points); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    compile_options o;
    compile_state s;
    sim_report r;
    int64_t cycles = 0, terms[MODEL_TERMS];
    loom_status st = compare_point(&ctx, &model_points[i], &o, &s, &r, &cycles, terms);
    if (st != LOOM_OK)
      fail_msg("point %zu: %s", i, ctx.diag.first ? ctx.diag.first->text : "?");
    assert_int_equal(r.n_faults, 0);
    double ratio = (double)cycles / (double)r.cycles;
    if (ratio < 0.8 || ratio > 1.2)
      fail_msg("point %zu: %lld cycles, the chip's %lld", i, (long long)cycles, (long long)r.cycles);
    sum += fabs(log(ratio));
    compile_done(&s);
    loom_ctx_done(&ctx);
  }
  assert_true(exp(sum / COUNT_OF(model_points)) < 1.05);
}

/* A first loop that waits for its loads and a second one that computes: neither hides the other.  The search's plan is within a tenth of the chip's cycles. */
static void test_loops_one_behind_the_other_do_not_hide_each_other(void **state) {
  (void)state;
  static const char *const names[] = {"wormhole", "torus4", "ring8"}, *const dirs[] = {LOOM_SOURCE_DIR "/machines"};
  static const helion_shape shape[] = {{"x.0", 512}, {"x.1", 1024}, {"weight.0", 1024}, {"shift.0", 1024}};
  machine_set_path(dirs, 1);
  for (size_t i = 0; i < COUNT_OF(names); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    compile_options o = {.input = LOOM_SOURCE_DIR "/tests/data/kernels/corpus/rows.py", .machine = names[i], .model = MODEL_LOOM, .accumulate_f32 = true,
                         .helion = {.shapes = shape, .n_shapes = COUNT_OF(shape), .function = "layer_norm_tiled"}, .topk = 1, .etg_gen = 3, .stop_after = COMPILE_TOG};
    compile_state s;
    sim_report report;
    if (compile_kernel(&ctx, &o, &s) != LOOM_OK)
      fail_msg("%s: %s", names[i], ctx.diag.first->text);
    assert_int_equal(sim_run(&ctx, s.tog, s.machine, &(sim_options){0}, &report), LOOM_OK);
    double ratio = (double)s.plan->predicted_cycles / (double)report.cycles;
    if (ratio < 0.9 || ratio > 1.1)
      fail_msg("%s: %lld cycles, the chip's %lld", names[i], (long long)s.plan->predicted_cycles, (long long)report.cycles);
    compile_done(&s);
    loom_ctx_done(&ctx);
  }
}

/* The plan with its buffers laid out for its own choices, one slot or two; the bytes that sharing saves. */
static plan *lay_out_by_lives(loom_ctx *ctx, const compile_state *s, int depth, int64_t *out_saved) {
  model_program *p;
  model_grid grid;
  model_point at;
  int64_t blocks[MODEL_BLOCKS_MAX];
  plan_choice chosen[PLAN_LOADS_MAX] = {0};
  plan *x = ARENA_NEW(&ctx->mem, plan);
  *x = *s->plan;
  x->buffers.at = NULL;
  x->buffers.n = x->buffers.room = 0;
  assert_int_equal(model_compile(ctx, s->nest, s->machine, true, MODEL_PACKED, &p), LOOM_OK);
  model_grid_of(&x->candidate.mapping, &grid);
  for (size_t i = 0; i < s->nest->symbols.n; i++)
    blocks[i] = plan_block_size(x, s->nest->symbols.at[i].name);
  assert_true(model_set_blocks(p, &grid, blocks, &at));
  for (int a = 0; a < x->candidate.n_access; a++)
    chosen[a].depth = x->candidate.access[a].is_store ? 1 : depth;
  assert_int_equal(model_layout_slots(ctx, p, &at, chosen, x), LOOM_OK);
  *out_saved = -x->l1_bytes;
  for (size_t i = 0; i < x->buffers.n; i++)
    *out_saved += x->buffers.at[i].depth * x->buffers.at[i].bytes;
  return x;
}

/* Temporaries that share bytes: the verifier finds no two live together, and the chip runs the program in the same cycles without a fault. */
static void test_layouts_by_lives_run_on_the_chip(void **state) {
  (void)state;
  static const char *const dirs[] = {LOOM_SOURCE_DIR "/machines"};
  machine_set_path(dirs, 1);
  static const struct { const char *file, *function; helion_shape shape[4]; size_t n_shapes; bool shares; } cases[] = {
      {"tests/data/kernels/shapes.py", "twopass", {{"x.0", 1024}, {"x.1", 128}}, 2, true},
      {"tests/data/kernels/shapes.py", "gate", {{"x.0", 1000}, {"x.1", 128}, {"w.0", 128}, {"w.1", 128}}, 4, false},
      {"kernels/matmul.py", NULL, {{"M", 512}, {"N", 512}, {"K", 256}}, 3, false},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++)
    for (int depth = 1; depth <= 2; depth++) {
      loom_ctx ctx;
      loom_ctx_init(&ctx);
      compile_options o = {.input = arena_printf(&ctx.mem, "%s/%s", LOOM_SOURCE_DIR, cases[i].file), .machine = "wormhole", .model = MODEL_LOOM, .accumulate_f32 = true,
                           .helion = {.shapes = cases[i].shape, .n_shapes = cases[i].n_shapes, .function = cases[i].function}, .topk = 1, .etg_gen = 3, .stop_after = COMPILE_TOG};
      compile_state s;
      sim_report before, after;
      if (compile_kernel(&ctx, &o, &s) != LOOM_OK)
        fail_msg("%s: %s", cases[i].file, ctx.diag.first->text);
      int64_t saved;
      const plan *x = lay_out_by_lives(&ctx, &s, depth, &saved);
      MlirModule bufferized;
      tog *t;
      assert_int_equal(materialize_plans(&s.ir, s.canonical, s.nest, s.machine, &x, 1, &bufferized), LOOM_OK);
      assert_int_equal(tog_build(&s.ir, bufferized, NULL, s.machine, &t), LOOM_OK);
      if (tog_verify(&ctx, t) != LOOM_OK)
        fail_msg("%s, %d slots: %s", cases[i].function, depth, ctx.diag.first->text);
      assert_int_equal(sim_run(&ctx, t, s.machine, &(sim_options){.verify = true}, &after), LOOM_OK);
      assert_int_equal(after.n_faults, 0);
      if (s.plan->double_buffer == (depth == 2)) {
        assert_int_equal(sim_run(&ctx, s.tog, s.machine, &(sim_options){.verify = true}, &before), LOOM_OK);
        assert_int_equal(after.cycles, before.cycles);
      }
      assert_int_equal(saved > 0, cases[i].shares);
      ir_close_module(bufferized);
      compile_done(&s);
      loom_ctx_done(&ctx);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_cycles_are_near_the_chip_s),
      cmocka_unit_test(test_loops_one_behind_the_other_do_not_hide_each_other),
      cmocka_unit_test(test_layouts_by_lives_run_on_the_chip),
      cmocka_unit_test(test_bytes_on_links_and_in_dram_equal_the_chip_s),
      cmocka_unit_test(test_bytes_of_tensors_in_l1_equal_the_chip_s),
      cmocka_unit_test(test_cycles_with_tensors_in_l1_are_near_the_chip_s),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
