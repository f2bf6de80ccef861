/* Oracles: the numbers and names of upstream's stored lists; closed forms for occupancies. */
#include "explore/explore_upstream.h"
#include "base/testing.h"
#include "nest/nest_samples.h"

static machine *mesh(arena *m, int n, const int64_t *sizes) {
  static const char *const names[] = {"x", "y", "z"};
  machine *mach = ARENA_NEW(m, machine);
  mach->name = "test";
  for (int d = 0; d < n; d++)
    vec_push(m, &mach->mesh, ((machine_dim){.name = names[d], .size = sizes[d]}));
  return mach;
}

static const int64_t wormhole[] = {8, 8}, blackhole[] = {12, 10};

typedef enum kernel { MATMUL, BMM, ATTENTION, DECODE, SPLIT_K, MAMBA } kernel;

static nest *make(arena *m, kernel k) {
  const nest_mamba_shape z = {.batch = 4, .heads = 8, .groups = 1, .chunks = 8, .chunk = 192, .head = 160, .state = 192, .block_bound = 192};
  switch (k) {
  case MATMUL: return nest_make_matmul(m, 2048, 256, 256, DTYPE_F16, DTYPE_F16);
  case BMM: return nest_make_batch_matmul(m, 8, 4096, 4096, 512, DTYPE_F16, DTYPE_F16);
  case ATTENTION: return nest_make_attention(m, 32, 4096, 4096, 128, DTYPE_F16);
  case DECODE: return nest_make_decode(m, 16, 32, 8192, 128, DTYPE_F16);
  case SPLIT_K: return nest_make_split_k(m, 512, 512, 4096, DTYPE_F16);
  case MAMBA: return nest_make_mamba(m, &z, DTYPE_F16, false);
  }
  return NULL;
}

static void test_number_of_variants_is_upstreams(void **state) {
  (void)state;
  static const struct { kernel k; explore_kind kind; bool occupancy; const int64_t *mesh; size_t expected; } cases[] = {
      {MATMUL, EXPLORE_UPSTREAM, false, wormhole, 16}, {ATTENTION, EXPLORE_UPSTREAM, false, wormhole, 8}, {DECODE, EXPLORE_UPSTREAM, false, wormhole, 8},
      {MAMBA, EXPLORE_UPSTREAM, false, wormhole, 72},  {MATMUL, EXPLORE_LEGACY, false, wormhole, 48},     {ATTENTION, EXPLORE_LEGACY, false, wormhole, 84},
      {MATMUL, EXPLORE_UPSTREAM, true, wormhole, 208}, {MATMUL, EXPLORE_UPSTREAM, true, blackhole, 434},  {ATTENTION, EXPLORE_UPSTREAM, true, wormhole, 104},
  };
  for (size_t c = 0; c < COUNT_OF(cases); c++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    explore_table t;
    const explore_options o = {.kind = cases[c].kind, .occupancy = cases[c].occupancy};
    assert_int_equal(explore_run(&ctx, make(&ctx.mem, cases[c].k), mesh(&ctx.mem, 2, cases[c].mesh), &o, &t), LOOM_OK);
    assert_int_equal(t.rows.n, cases[c].expected);
    for (size_t i = 0; i < t.rows.n; i++)
      for (size_t j = 0; j < i; j++)
        assert_string_not_equal(t.rows.at[i]->name, t.rows.at[j]->name);
    loom_ctx_done(&ctx);
  }
}

/* Each mapping twice, for the orders f01 and f10; four ways to share for each. */
static void test_older_list_has_upstreams_names_in_order(void **state) {
  (void)state;
  static const struct { const char *map, *labels[4]; } expected[] = {
      {"d0i0_d1i0", {"n_n_n", "n_y_n", "n_x_n", "n_a_n"}}, {"d1i0_d0i0", {"n_n_n", "n_y_n", "n_x_n", "n_a_n"}},
      {"d0i0_d1i1", {"n_n_n", "n_y_n", "x_n_n", "x_y_n"}}, {"d1i0_d0i1", {"n_n_n", "n_x_n", "y_n_n", "y_x_n"}},
      {"d0i1_d1i1", {"n_n_n", "y_n_n", "x_n_n", "a_n_n"}}, {"d1i1_d0i1", {"n_n_n", "y_n_n", "x_n_n", "a_n_n"}},
  };
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  explore_table t;
  assert_int_equal(explore_run(&ctx, make(&ctx.mem, MATMUL), mesh(&ctx.mem, 2, wormhole), &(explore_options){.kind = EXPLORE_LEGACY}, &t), LOOM_OK);
  assert_int_equal(t.rows.n, 48);
  for (size_t i = 0; i < 48; i++)
    assert_string_equal(t.rows.at[i]->name, arena_printf(&ctx.mem, "matmul__%s__%s__%s", expected[i / 8].map, i / 4 % 2 ? "f10" : "f01", expected[i / 8].labels[i % 4]));
  loom_ctx_done(&ctx);
}

/* The log of the published optima writes dim_y where the stored list writes y. */
static void test_both_spellings_of_an_older_name_are_found(void **state) {
  (void)state;
  static const char *const names[] = {"matmul__d1i0_d0i1__f10__y_x_n", "matmul__d1i0_d0i1__f10__dim_y_dim_x_n", "matmul__d0i1_d1i1__f01__a_n_n"};
  for (size_t i = 0; i < COUNT_OF(names); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    explore_table t;
    const explore_options o = {.kind = EXPLORE_LEGACY, .variant = names[i]};
    assert_int_equal(explore_run(&ctx, make(&ctx.mem, MATMUL), mesh(&ctx.mem, 2, wormhole), &o, &t), LOOM_OK);
    assert_int_equal(t.rows.n, 1);
    loom_ctx_done(&ctx);
  }
}

/* Index of a core along an iterator, as every reader of a mapping computes it. */
static int64_t index_of(const plan_mapping *p, int iter, const int64_t *core) {
  int64_t index = 0, stride[PLAN_MESH_MAX] = {1, 1, 1};
  for (int l = 0; l < p->n_logical; l++) {
    const plan_logical *x = &p->logical[l];
    int64_t iv = core[x->mesh_dim] / stride[x->mesh_dim] % x->size;
    stride[x->mesh_dim] *= x->size;
    if (x->iter == iter)
      index = index * x->size + iv;
  }
  return index;
}

/* d1i0_d0i0: dim 1 counts the rows of 8, dim 0 inside them.  Levels stay sorted. */
static void test_order_of_whole_dims_is_their_significance(void **state) {
  (void)state;
  static const int64_t sizes[] = {2, 3, 5};
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  explore_mappings list = {0};
  explore_list_legacy(&ctx.mem, mesh(&ctx.mem, 3, sizes), 1, true, &list);
  assert_int_equal(list.n, 6);
  static const char *const maps[] = {"d0i0_d1i0_d2i0", "d0i0_d2i0_d1i0", "d1i0_d0i0_d2i0", "d1i0_d2i0_d0i0", "d2i0_d0i0_d1i0", "d2i0_d1i0_d0i0"};
  for (size_t i = 0; i < list.n; i++) {
    const plan_mapping *p = &list.at[i];
    const char *map = explore_legacy_map_string(&ctx.mem, p);
    assert_string_equal(map, maps[i]);
    for (int l = 1; l < p->n_logical; l++)
      assert_true(p->logical[l - 1].level < p->logical[l].level || (p->logical[l - 1].level == p->logical[l].level && p->logical[l - 1].mesh_dim < p->logical[l].mesh_dim));
    for (int64_t c = 0; c < 30; c++) {
      const int64_t core[] = {c / 15, c / 5 % 3, c % 5};
      int64_t expected = 0;
      for (int k = 0; k < 3; k++) {
        int d = map[1 + 5 * k] - '0';
        expected = expected * sizes[d] + core[d];
      }
      assert_int_equal(index_of(p, 0, core), expected);
    }
  }
  loom_ctx_done(&ctx);
}

/* Without orders inside an iterator: P^D x P!. */
static void test_lists_without_permutations(void **state) {
  (void)state;
  static const struct { int mesh, iters; bool permute; size_t expected; } cases[] = {
      {2, 2, false, 8}, {2, 2, true, 12}, {2, 1, true, 2}, {2, 1, false, 1}, {1, 3, true, 18}, {3, 2, false, 16}, {2, 3, true, 72},
  };
  for (size_t c = 0; c < COUNT_OF(cases); c++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    static const int64_t sizes[] = {8, 8, 8};
    explore_mappings list = {0};
    explore_list_legacy(&ctx.mem, mesh(&ctx.mem, cases[c].mesh, sizes), cases[c].iters, cases[c].permute, &list);
    assert_int_equal(list.n, cases[c].expected);
    loom_ctx_done(&ctx);
  }
}

/* The loop a gather goes across comes first, whatever the scores say. */
static void test_gathered_iterator_comes_first(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  explore_table t;
  assert_int_equal(explore_run(&ctx, make(&ctx.mem, DECODE), mesh(&ctx.mem, 2, wormhole), &(explore_options){.kind = EXPLORE_UPSTREAM}, &t), LOOM_OK);
  for (size_t i = 0; i < t.rows.n; i++)
    assert_int_equal(t.rows.at[i]->mapping.logical[0].iter, 1);
  loom_ctx_done(&ctx);
}

/* Cores used: 2, 4, .. of each dim, the first dim outermost; sizes of the names multiply to them. */
static void test_occupancies_come_in_upstreams_order(void **state) {
  (void)state;
  static const int64_t sizes[] = {4, 5};
  static const int64_t used[][2] = {{2, 2}, {2, 4}, {4, 2}, {4, 4}};
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  const explore_score score[] = {{.parallelism = 2}, {.parallelism = 1}};
  explore_mappings list = {0};
  explore_list_upstream(&ctx.mem, mesh(&ctx.mem, 2, sizes), score, 2, true, &list);
  size_t at = 0;
  for (size_t u = 0; u < COUNT_OF(used); u++)
    for (size_t first = at; at < list.n && list.at[at].mesh_size[0] == used[u][0] && list.at[at].mesh_size[1] == used[u][1]; at++)
      assert_true(at - first < 6);      /* d(x) + d(y) splits */
  assert_int_equal(at, list.n);
  assert_int_equal(list.n, (2 + 2) + (2 + 3) + (3 + 2) + (3 + 3));
  loom_ctx_done(&ctx);
}

/* Candidate splits of P parallel iterators with occupancy: the cores used of both dims, x levels that share P + 1 between the dims, x the ways to
 * write each dim as an ordered product of its levels.  Oracle: that sum, divisor by divisor; 6,885 is the Mamba chunk scan on 12 x 10. */
static int64_t products(int64_t n, int factors) {
  int64_t count = 0;
  for (int64_t d = 1; factors > 1 && d <= n; d++)
    count += n % d ? 0 : products(n / d, factors - 1);
  return factors > 1 ? count : 1;
}

static int64_t splits_of(int64_t x, int64_t y, int n_iters) {
  int64_t count = 0;
  for (int levels = 1; levels <= n_iters; levels++)
    count += products(x, levels) * products(y, n_iters + 1 - levels);
  return count;
}

static void test_splits_with_occupancy_are_upstreams(void **state) {
  (void)state;
  static const struct { int n_iters; const int64_t *sizes; int64_t expected; } cases[] = {{2, wormhole, 104}, {2, blackhole, 217}, {3, wormhole, 393},
                                                                                        {3, blackhole, 888}, {5, wormhole, 2724}, {5, blackhole, 6885}};
  for (size_t c = 0; c < COUNT_OF(cases); c++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    explore_score score[5] = {0};
    explore_mappings list = {0};
    int64_t sum = 0;
    for (int i = 0; i < cases[c].n_iters; i++)
      score[i].parallelism = 5 - i;      /* one priority */
    explore_list_upstream(&ctx.mem, mesh(&ctx.mem, 2, cases[c].sizes), score, cases[c].n_iters, true, &list);
    for (int64_t x = 2; x <= cases[c].sizes[0]; x += 2)
      for (int64_t y = 2; y <= cases[c].sizes[1]; y += 2)
        sum += splits_of(x, y, cases[c].n_iters);
    assert_int_equal(list.n, cases[c].expected);
    assert_int_equal(sum, cases[c].expected);
    loom_ctx_done(&ctx);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_number_of_variants_is_upstreams),
      cmocka_unit_test(test_older_list_has_upstreams_names_in_order),
      cmocka_unit_test(test_both_spellings_of_an_older_name_are_found),
      cmocka_unit_test(test_order_of_whole_dims_is_their_significance),
      cmocka_unit_test(test_lists_without_permutations),
      cmocka_unit_test(test_gathered_iterator_comes_first),
      cmocka_unit_test(test_occupancies_come_in_upstreams_order),
      cmocka_unit_test(test_splits_with_occupancy_are_upstreams),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
