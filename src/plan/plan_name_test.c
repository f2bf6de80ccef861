#include "plan/plan.h"
#include "base/testing.h"

/* x8 | y2 y4: levels sorted by (level, mesh dim): d0 = x level 0, d1 = y level 0, d2 = y level 1. */
static plan_candidate split_mesh(void) {
  plan_candidate c = {.mapping = {.n_mesh = 2, .mesh_name = {"x", "y"}, .mesh_size = {8, 8}, .n_logical = 3,
                                  .logical = {{0, 0, 8, 0}, {1, 0, 2, 0}, {1, 1, 4, 1}}, .n_iters = 2, .order = {0, 1}},
                      .n_access = 3};
  c.access[0] = (plan_access){.name = "x", .area = {1, 1}};
  c.access[1] = (plan_access){.name = "y", .area = {8, 2}, .levels = {1, 1}, .label_level = {0, 0}};
  c.access[2] = (plan_access){.name = "out", .is_store = true, .area = {1, 1}};
  return c;
}

static void test_variant_name_follows_the_grammar(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  plan_candidate c = split_mesh();
  assert_string_equal(plan_split_string(&ctx.mem, &c.mapping), "x8_y2y4");
  assert_string_equal(plan_map_string(&ctx.mem, &c.mapping), "d0i0_d1i0_d2i1");
  assert_string_equal(plan_order_string(&ctx.mem, &c.mapping), "f01");
  assert_string_equal(plan_access_label(&ctx.mem, &c.mapping, &c.access[0]), "n");
  assert_string_equal(plan_access_label(&ctx.mem, &c.mapping, &c.access[1]), "dim_x_level0_bc8_dim_y_level0_bc2");
  assert_string_equal(plan_variant_name(&ctx.mem, "matmul", &c), "matmul__x8_y2y4__d0i0_d1i0_d2i1__f01__n_dim_x_level0_bc8_dim_y_level0_bc2_n");
  loom_ctx_done(&ctx);
}

static void test_label_shows_the_last_walked_level(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  plan_candidate c = split_mesh();
  c.access[1] = (plan_access){.name = "y", .area = {1, 8}, .levels = {0, 3}, .label_level = {0, 1}};
  assert_string_equal(plan_access_label(&ctx.mem, &c.mapping, &c.access[1]), "dim_y_level1_bc8");
  loom_ctx_done(&ctx);
}

static void test_labels_say_what_upstream_does_not_know(void **state) {
  (void)state;
  static const struct { plan_access a; const char *label; } cases[] = {
      {{.area = {8, 2}, .move = {PLAN_MULTICAST, PLAN_CHAIN}}, "dim_x_level0_bc8_dim_y_level0_ch2"},
      {{.area = {1, 1}, .move = {PLAN_UNICAST, PLAN_UNICAST}, .hoist = 2, .depth = 3}, "n_h2_d3"},
      {{.area = {1, 1}, .depth = 1}, "n"},
      {{.area = {1, 1}, .depth = 2, .direct = true}, "n_d2_acc"},
  };
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  plan_candidate c = split_mesh();
  for (size_t i = 0; i < COUNT_OF(cases); i++)
    assert_string_equal(plan_access_label(&ctx.mem, &c.mapping, &cases[i].a), cases[i].label);
  loom_ctx_done(&ctx);
}

static void test_function_name_sorts_symbols(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  plan p = {.candidate = {.name = "mm__v"}, .double_buffer = true};
  const plan_block blocks[] = {{"tile_m", 64}, {"tile_k", 128}, {"a", 2}};
  for (size_t i = 0; i < COUNT_OF(blocks); i++)
    vec_push(&ctx.mem, &p.blocks, blocks[i]);
  assert_string_equal(plan_function_name(&ctx.mem, &p), "mm__v__a2__is_double_buffer1__tile_k128__tile_m64");
  assert_int_equal(plan_block_size(&p, "tile_k"), 128);
  assert_int_equal(plan_block_size(&p, "tile_q"), -1);
  assert_string_equal(plan_proof_text(PLAN_BEST_FOUND), "best_found");
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_variant_name_follows_the_grammar),
      cmocka_unit_test(test_label_shows_the_last_walked_level),
      cmocka_unit_test(test_labels_say_what_upstream_does_not_know),
      cmocka_unit_test(test_function_name_sorts_symbols),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
