#include "plan/plan.h"
#include "base/testing.h"
#include "base/testing_data.h"
#include "base/text.h"

static plan *sample(arena *m) {
  plan *p = ARENA_NEW(m, plan);
  *p = (plan){.kernel = "matmul", .kernel_path = "kernels/matmul.py", .machine = "wormhole", .calibration = "newest", .model = "loom",
              .candidate = {.name = "matmul__x8_y2y4__d0i0_d1i0_d2i1__f10__n_h1_dim_x_level0_ch8_h2_d2_n_acc", .n_access = 3,
                            .mapping = {.n_mesh = 2, .mesh_name = {"x", "y"}, .mesh_size = {8, 8}, .n_logical = 3,
                                        .logical = {{0, 0, 8, 0}, {1, 0, 2, 0}, {1, 1, 4, 1}}, .n_iters = 2, .order = {1, 0}}},
              .double_buffer = true, .accumulate_f32 = true, .predicted_cycles = 9223372036854775807, .lower_bound = 5, .cost_compute = 4,
              .cost_load = 3, .cost_store = 2, .cost_tail = 1, .l1_bytes = 100, .l1_capacity = 1398784, .dram_bytes = 1 << 30, .points = 250,
              .feasible = 241, .ragged = true, .proof = PLAN_BEST_FOUND};
  p->candidate.access[0] = (plan_access){.name = "x", .area = {1, 1}, .hoist = 1};
  p->candidate.access[1] = (plan_access){.name = "y", .area = {8, 1}, .levels = {1, 0}, .move = {PLAN_CHAIN}, .hoist = 2, .panel = 1, .depth = 2};
  p->candidate.access[2] = (plan_access){.name = "out", .is_store = true, .area = {1, 1}, .direct = true};
  vec_push(m, &p->blocks, ((plan_block){"tile_m", 64}));
  vec_push(m, &p->blocks, ((plan_block){"tile_k", 32}));
  vec_push(m, &p->buffers, ((plan_buffer){.name = "acc", .type = DTYPE_F32, .rank = 2, .shape = {64, 32}, .bytes = 8192, .depth = 1, .offset = 0}));
  vec_push(m, &p->buffers, ((plan_buffer){.name = "x", .type = DTYPE_F16, .rank = 2, .shape = {64, 32}, .bytes = 4096, .depth = 2, .offset = 8192}));
  return p;
}

static const char *write(arena *m, const plan *p) { return data_write_json(m, plan_to_data(m, p), 1); }

static void test_plans_read_back_as_written(void **state) {
  (void)state;
  for (int proof = PLAN_ASSIGNED; proof <= PLAN_OPTIMAL; proof++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    plan *p = sample(&ctx.mem), *again;
    p->proof = (plan_proof)proof;
    const char *json = write(&ctx.mem, p);
    data_value *v;
    assert_int_equal(data_read_json(&ctx, "plan.json", json, strlen(json), &v), LOOM_OK);
    assert_int_equal(plan_from_data(&ctx, v, &again), LOOM_OK);
    assert_string_equal(write(&ctx.mem, again), json);
    assert_null(again->kernel_sha256);
    for (int a = 0; a < 3; a++) {
      plan_access x = p->candidate.access[a], y = again->candidate.access[a];
      assert_true(x.move[0] == y.move[0] && x.hoist == y.hoist && x.panel == y.panel && x.depth == y.depth && x.direct == y.direct);
    }
    assert_int_equal(memcmp(&again->candidate.mapping.logical, &p->candidate.mapping.logical, sizeof p->candidate.mapping.logical), 0);
    loom_ctx_done(&ctx);
  }
}

static void test_missing_variant_name_is_made_again(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  plan *p = sample(&ctx.mem), *again;
  p->candidate.name = NULL;
  assert_int_equal(plan_from_data(&ctx, plan_to_data(&ctx.mem, p), &again), LOOM_OK);
  assert_string_equal(again->candidate.name, sample(&ctx.mem)->candidate.name);
  loom_ctx_done(&ctx);
}

static void test_wrong_plans_are_refused(void **state) {
  (void)state;
  static const struct { const char *from, *to, *said; loom_status status; } edits[] = {
      {"loom.plan.v1", "loom.plan.v0", "schema is 'loom.plan.v0'", LOOM_EINPUT},
      {"\"loop_order\": [1, 0]", "\"loop_order\": [1, 1]", "every iterator 0..1 once", LOOM_EINPUT},
      {"\"loop_order\": [1, 0]", "\"loop_order\": [0,1,2,3,4,5,6,7,8]", "at most 8", LOOM_ELIMIT},
      {"\"size\": 2", "\"size\": 3", "do not multiply to its 8 cores", LOOM_EINPUT},
      {"\"level\": 1", "\"level\": 2", "must count from 0", LOOM_EINPUT},
      {"\"area\": [8, 1]", "\"area\": [8]", "has 1 items; expected 2", LOOM_EINPUT},
      {"\"area\": [8, 1]", "\"area\": [0, 1]", "at least 1", LOOM_EINPUT},
      {"\"label_level\": [0, 0]", "\"label_level\": [4294967296, 0]", "at most 12", LOOM_EINPUT},
      {"\"move\": [\"chain\", \"n\"]", "\"move\": [\"chain\"]", "move has 1 items; expected 2", LOOM_EINPUT},
      {"\"move\": [\"chain\", \"n\"]", "\"move\": [\"n\", \"n\"]", "where more share it", LOOM_EINPUT},
      {"\"move\": [\"chain\", \"n\"]", "\"move\": [\"train\", \"n\"]", "where more share it", LOOM_EINPUT},
      {"\"panel\": 1", "\"panel\": 4", "beyond the 2 that the load is lifted over", LOOM_EINPUT},
      {"\"type\": \"f32\"", "\"type\": \"f33\"", "unknown element type 'f33'", LOOM_EINPUT},
      {"\"bytes\": 8192", "\"bytes\": 8191", "says 8191 bytes; its shape needs 8192", LOOM_EINPUT},
      {"\"depth\": 2", "\"depth\": 0", "depth", LOOM_EINPUT},
      {"\"direct\": true", "\"direct\": 1", "direct", LOOM_EINPUT},
      {"\"tile_m\": 64", "\"tile_m\": 0", "tile_m", LOOM_EINPUT},
      {"\"proof\": \"best_found\"", "\"proof\": \"sure\"", "proof is 'sure'", LOOM_EINPUT},
      {"\"is_double_buffer\": true", "\"is_double_buffer\": 1", "is_double_buffer", LOOM_EINPUT},
      {"\"machine\": \"wormhole\"", "\"machine\": 3", "machine", LOOM_EINPUT},
  };
  for (size_t i = 0; i < COUNT_OF(edits); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    plan *p;
    const char *good = write(&ctx.mem, sample(&ctx.mem)), *at = strstr(good, edits[i].from);
    if (!at)
      fail_msg("edit %zu: %s is not in the file", i, edits[i].from);
    const char *bad = arena_printf(&ctx.mem, "%.*s%s%s", (int)(at - good), good, edits[i].to, at + strlen(edits[i].from));
    data_value *v;
    assert_int_equal(data_read_json(&ctx, "plan.json", bad, strlen(bad), &v), LOOM_OK);
    assert_int_equal(plan_from_data(&ctx, v, &p), edits[i].status);
    testing_expect_error(&ctx, edits[i].status, edits[i].said, 0, 0);
    loom_ctx_done(&ctx);
  }
}

static loom_status read_plan(loom_ctx *ctx, const data_value *v) {
  plan *p;
  return plan_from_data(ctx, v, &p);
}

static void test_every_edit_is_refused_or_read(void **state) {
  (void)state;
  static const char *const optional[] = {"variant", "kernel_path", "kernel_sha256", "machine", "calibration", "model", "move", "panel", "depth", "direct", "tile_m", "tile_k", "feasible", NULL};
  static const char *const free[] = {"kernel_path", "kernel_sha256", "machine", "calibration", "model", "variant", NULL};
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  plan *p = sample(&ctx.mem);
  testing_edits e = {.read = read_plan, .optional = optional, .free = free};
  testing_edit_all(&ctx.mem, plan_to_data(&ctx.mem, p), &e);
  loom_ctx_done(&ctx);
}

static loom_status round_trip(loom_ctx *ctx, void *data) {
  (void)data;
  plan *p;
  return plan_from_data(ctx, plan_to_data(&ctx->mem, sample(&ctx->mem)), &p);
}

static void test_memory_failures_unwind(void **state) {
  (void)state;
  testing_sweep_memory(round_trip, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_plans_read_back_as_written),
      cmocka_unit_test(test_missing_variant_name_is_made_again),
      cmocka_unit_test(test_wrong_plans_are_refused),
      cmocka_unit_test(test_every_edit_is_refused_or_read),
      cmocka_unit_test(test_memory_failures_unwind),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
