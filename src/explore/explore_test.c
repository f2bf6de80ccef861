#include "explore/explore.h"
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

static const int64_t wormhole_mesh[] = {8, 8};

/* Upstream's list for a matmul on an 8x8 mesh, in its order (black-box fact). */
static const char *const upstream_matmul[] = {
    "matmul__x8_y1y8__d0i0_d1i0_d2i1__f01__dim_y_level1_bc8_dim_x_level0_bc8_n",
    "matmul__x8_y1y8__d0i1_d1i1_d2i0__f01__dim_x_level0_bc8_dim_y_level1_bc8_n",
    "matmul__x8_y2y4__d0i0_d1i0_d2i1__f01__n_dim_x_level0_bc8_dim_y_level0_bc2_n",
    "matmul__x8_y2y4__d0i1_d1i1_d2i0__f01__dim_x_level0_bc8_dim_y_level0_bc2_n_n",
    "matmul__x8_y4y2__d0i0_d1i0_d2i1__f01__n_dim_x_level0_bc8_dim_y_level0_bc4_n",
    "matmul__x8_y4y2__d0i1_d1i1_d2i0__f01__dim_x_level0_bc8_dim_y_level0_bc4_n_n",
    "matmul__x8_y8y1__d0i0_d1i0_d2i1__f01__n_dim_x_level0_bc8_dim_y_level1_bc8_n",
    "matmul__x8_y8y1__d0i1_d1i1_d2i0__f01__dim_x_level0_bc8_dim_y_level1_bc8_n_n",
    "matmul__x1x8_y8__d0i0_d1i0_d2i1__f01__dim_x_level1_bc8_dim_y_level0_bc8_n",
    "matmul__x1x8_y8__d0i1_d1i1_d2i0__f01__dim_y_level0_bc8_dim_x_level1_bc8_n",
    "matmul__x2x4_y8__d0i0_d1i0_d2i1__f01__n_dim_x_level0_bc2_dim_y_level0_bc8_n",
    "matmul__x2x4_y8__d0i1_d1i1_d2i0__f01__dim_x_level0_bc2_dim_y_level0_bc8_n_n",
    "matmul__x4x2_y8__d0i0_d1i0_d2i1__f01__n_dim_x_level0_bc4_dim_y_level0_bc8_n",
    "matmul__x4x2_y8__d0i1_d1i1_d2i0__f01__dim_x_level0_bc4_dim_y_level0_bc8_n_n",
    "matmul__x8x1_y8__d0i0_d1i0_d2i1__f01__n_dim_x_level1_bc8_dim_y_level0_bc8_n",
    "matmul__x8x1_y8__d0i1_d1i1_d2i0__f01__dim_x_level1_bc8_dim_y_level0_bc8_n_n",
};

static void test_upstream_mode_lists_upstreams_sixteen_in_order(void **state) {
  (void)state;
  static const int64_t shapes[][3] = {{2048, 256, 256}, {256, 2048, 256}, {4096, 4096, 512}, {32, 32, 32}};
  for (size_t s = 0; s < COUNT_OF(shapes); s++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    explore_table t;
    const nest *n = nest_make_matmul(&ctx.mem, shapes[s][0], shapes[s][1], shapes[s][2], DTYPE_F16, DTYPE_F16);
    assert_int_equal(explore_run(&ctx, n, mesh(&ctx.mem, 2, wormhole_mesh), &(explore_options){.upstream_compatible = true}, &t), LOOM_OK);
    assert_int_equal(t.rows.n, COUNT_OF(upstream_matmul));
    for (size_t i = 0; i < t.rows.n; i++)
      assert_string_equal(t.rows.at[i]->name, upstream_matmul[i]);
    loom_ctx_done(&ctx);
  }
}

/* A batch that dominates is pinned first: one ordering for the 8 splits (flash attention's 8 mappings have the same cause). */
static void test_dominating_iterator_comes_first(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  explore_table t;
  nest *n = nest_make_elementwise(&ctx.mem, 4096, 32, DTYPE_F16, "addf");
  assert_int_equal(explore_run(&ctx, n, mesh(&ctx.mem, 2, wormhole_mesh), &(explore_options){.upstream_compatible = true}, &t), LOOM_OK);
  assert_int_equal(t.rows.n, 8);
  for (size_t i = 0; i < t.rows.n; i++) {
    assert_int_equal(t.rows.at[i]->mapping.logical[0].iter, 0);
    assert_non_null(strstr(t.rows.at[i]->name, "__n_n_n"));
  }
  loom_ctx_done(&ctx);
}

/* Closed form: sum over partitions of P + D - 1 levels over D dims of the products of ordered factorisations. */
static int64_t factorisations(int64_t size, int k) {
  if (k == 1)
    return 1;
  int64_t count = 0;
  for (int64_t f = 1; f <= size; f++)
    if (size % f == 0)
      count += factorisations(size / f, k - 1);
  return count;
}

static int64_t splits(const int64_t *sizes, int n_dims, int left) {
  if (n_dims == 1)
    return factorisations(sizes[0], left);
  int64_t count = 0;
  for (int k = 1; k <= left - n_dims + 1; k++)
    count += factorisations(sizes[0], k) * splits(sizes + 1, n_dims - 1, left - k);
  return count;
}

static void test_split_counts_match_the_closed_form(void **state) {
  (void)state;
  static const struct { int n_mesh; int64_t size[3]; int iters; int64_t expected; } cases[] = {
      {2, {8, 8}, 2, 8}, {2, {8, 8}, 3, 36}, {1, {8}, 2, 4}, {2, {12, 10}, 2, 0}, {3, {2, 2, 2}, 2, 0}, {2, {1, 1}, 2, 2}, {1, {6}, 3, 0}, {2, {4, 4}, 3, 0},
  };
  for (size_t c = 0; c < COUNT_OF(cases); c++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    const int iters = cases[c].iters, n_mesh = cases[c].n_mesh;
    int64_t expected = splits(cases[c].size, n_mesh, iters + n_mesh - 1);
    if (cases[c].expected)
      assert_int_equal(expected, cases[c].expected);
    nest *n = iters == 2 ? nest_make_matmul(&ctx.mem, 256, 256, 256, DTYPE_F16, DTYPE_F16)
                         : nest_make_batch_matmul(&ctx.mem, 64, 256, 256, 256, DTYPE_F16, DTYPE_F16);
    explore_table t;
    assert_int_equal(explore_run(&ctx, n, mesh(&ctx.mem, n_mesh, cases[c].size), &(explore_options){.upstream_compatible = true}, &t), LOOM_OK);
    assert_int_equal((int64_t)t.rows.n % expected, 0);
    for (size_t i = 0; i < t.rows.n; i++) {
      const plan_mapping *p = &t.rows.at[i]->mapping;
      int64_t product[3] = {1, 1, 1};
      assert_int_equal(p->n_logical, iters + n_mesh - 1);
      for (int l = 0; l < p->n_logical; l++)
        product[p->logical[l].mesh_dim] *= p->logical[l].size;
      for (int d = 0; d < n_mesh; d++)
        assert_int_equal(product[d], cases[c].size[d]);
      for (size_t j = 0; j < i; j++)
        assert_string_not_equal(t.rows.at[i]->name, t.rows.at[j]->name);
    }
    loom_ctx_done(&ctx);
  }
}

/* Sharing is sound: two cores that differ only in shared coordinates have equal indices for every iterator the access depends on. */
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

static void test_shared_transfers_are_for_equal_data(void **state) {
  (void)state;
  static const int64_t sizes[] = {4, 6};
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  nest *n = nest_make_matmul(&ctx.mem, 256, 256, 256, DTYPE_F16, DTYPE_F16);
  static const bool uses[3][2] = {{true, false}, {false, true}, {true, true}};       /* x by m; y by n; out by both */
  explore_table t;
  assert_int_equal(explore_run(&ctx, n, mesh(&ctx.mem, 2, sizes), NULL, &t), LOOM_OK);
  for (size_t r = 0; r < t.rows.n; r++)
    for (int a = 0; a < t.rows.at[r]->n_access; a++) {
      const plan_candidate *c = t.rows.at[r];
      for (int64_t core = 0; core < 24; core++) {
        const int64_t at[] = {core / 6, core % 6};
        const int64_t first[] = {at[0] - at[0] % c->access[a].area[0], at[1] - at[1] % c->access[a].area[1]};
        for (int it = 0; it < 2; it++)
          if (uses[a][it])
            assert_int_equal(index_of(&c->mapping, it, at), index_of(&c->mapping, it, first));
      }
    }
  loom_ctx_done(&ctx);
}

static bool has_name(const explore_table *t, const char *name) {
  for (size_t i = 0; i < t->rows.n; i++)
    if (strcmp(t->rows.at[i]->name, name) == 0)
      return true;
  return false;
}

static void test_full_space_has_unicast_and_other_orders(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  nest *n = nest_make_matmul(&ctx.mem, 4096, 4096, 256, DTYPE_F16, DTYPE_F16);
  machine *m = mesh(&ctx.mem, 2, wormhole_mesh);
  explore_table t;
  assert_int_equal(explore_run(&ctx, n, m, NULL, &t), LOOM_OK);
  assert_true(has_name(&t, "matmul__x8_y8y1__d0i0_d1i0_d2i1__f01__n_n_n"));
  assert_true(has_name(&t, "matmul__x8_y8y1__d0i0_d1i0_d2i1__f10__n_dim_x_level0_bc8_n"));
  /* x8_y8y1 and x8x1_y8 put the same iterations on the same cores: only the first stays */
  assert_false(has_name(&t, "matmul__x8x1_y8__d0i0_d1i0_d2i1__f01__n_n_n"));
  assert_true(t.pruned > 0);
  assert_int_equal(t.total, (int64_t)t.rows.n + t.pruned);
  /* ... but each of upstream's names can be asked for */
  for (size_t i = 0; i < COUNT_OF(upstream_matmul); i++) {
    assert_int_equal(explore_run(&ctx, n, m, &(explore_options){.variant = upstream_matmul[i]}, &t), LOOM_OK);
    assert_int_equal(t.rows.n, 1);
    assert_string_equal(t.rows.at[0]->name, upstream_matmul[i]);
  }
  loom_ctx_done(&ctx);
}

/* Three loads that every core shares: their labels run together in more than one way, yet no name appears twice. */
static void test_names_stay_unique(void **state) {
  (void)state;
  static const int64_t sizes[] = {2, 3};
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  nest *n = nest_make_elementwise(&ctx.mem, 64, 64, DTYPE_F16, "addf");
  vec_push(&ctx.mem, &n->body, n->body.at[3]);      /* the store moves one on, a third load takes its place */
  nest_node *third = ARENA_NEW(&ctx.mem, nest_node);
  *third = *n->body.at[1];
  n->body.at[3] = third;
  for (int i = 0; i < 4; i++)
    if (n->body.at[i]->kind == NEST_LOAD)
      n->body.at[i]->dim[0].loop = n->body.at[i]->dim[1].loop = -1;
  explore_table t;
  assert_int_equal(explore_run(&ctx, n, mesh(&ctx.mem, 2, sizes), NULL, &t), LOOM_OK);
  int numbered = 0;
  for (size_t i = 0; i < t.rows.n; i++) {
    numbered += strstr(t.rows.at[i]->name, "__v2") != NULL;
    for (size_t j = 0; j < i; j++)
      assert_string_not_equal(t.rows.at[i]->name, t.rows.at[j]->name);
  }
  assert_true(numbered > 0);
  loom_ctx_done(&ctx);
}

static void test_pins_restrict_the_table(void **state) {
  (void)state;
  static const struct { const char *pin[3]; size_t n; const char *must_have; } cases[] = {
      {{"order=10"}, 1, "__f10__"},
      {{"split=x8_y2y4", "order=f01"}, 2, "__x8_y2y4__"},
      {{"map=d0i1_d1i1_d2i0"}, 1, "__d0i1_d1i1_d2i0__"},
      {{"load.x=n", "load.y=unicast"}, 2, "__n_n_n"},
      {{"load.y=bcast_xy"}, 1, "__n_dim_x"},
      {{"load.x=bcast_x_y"}, 1, "__dim_x"},
  };
  for (size_t c = 0; c < COUNT_OF(cases); c++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    explore_table t;
    nest *n = nest_make_matmul(&ctx.mem, 2048, 256, 256, DTYPE_F16, DTYPE_F16);
    assert_int_equal(explore_run(&ctx, n, mesh(&ctx.mem, 2, wormhole_mesh), &(explore_options){.pins = cases[c].pin, .n_pins = cases[c].n}, &t), LOOM_OK);
    for (size_t i = 0; i < t.rows.n; i++)
      assert_non_null(strstr(t.rows.at[i]->name, cases[c].must_have));
    loom_ctx_done(&ctx);
  }
}

static void test_wrong_restrictions_are_explained(void **state) {
  (void)state;
  static const struct { explore_options o; const char *pin[2]; loom_status status; const char *text, *help; } cases[] = {
      {{.variant = "matmul__x8_y2y4__d0i0_d1i0_d2i1__f01__n_dim_x_level0_bc8_dim_y_level0_bc2_m"}, {NULL}, LOOM_EUSAGE, "no variant", "did you mean 'matmul__x8_y2y4"},
      {{.variant = "zzz"}, {NULL}, LOOM_EUSAGE, "no variant 'zzz'", "loom explore lists the names, such as matmul__"},
      {{.variant = "matmul__x8_y2y4__d0i0_d1i0_d2i1__f01"}, {NULL}, LOOM_EUSAGE, "no variant", "did you mean 'matmul__x8_y2y4__d0i0_d1i0_d2i1__f01__"},
      {{.variant = "atmul__x8_y2y4__d0i0_d1i0_d2i1__f01__n_dim_x_level0_bc8_dim_y_level0_bc2_n"}, {NULL}, LOOM_EUSAGE, "no variant", "did you mean 'matmul__x8_y2y4__d0i0_d1i0_d2i1__f01__n_dim_x_level0_bc8_dim_y_level0_bc2_n"},
      {{.variant = "matmul__x8_y2y4__d0i0_d1i0_d2i1__f01__n_dim_x_level0_bc8_dim_y_level0_bc2_n_and_more"}, {NULL}, LOOM_EUSAGE, "no variant", "did you mean 'matmul__x8_y2y4"},
      {{.variant = "zzz", .n_pins = 1}, {"order=99"}, LOOM_EINFEASIBLE, "agrees with all --pin", "offsets"},
      {{.variant = "zzz", .n_pins = 1}, {"order=10"}, LOOM_EUSAGE, "no variant 'zzz'", "such as matmul__"},
      {{.n_pins = 1}, {"load.x=chain_x"}, LOOM_EUSAGE, "'chain_x' is no way to load", "bcast_x"},
      {{.n_pins = 1}, {"load.x=bcast_"}, LOOM_EUSAGE, "'bcast_' is no way to load", "bcast_x"},
      {{.n_pins = 1}, {"load.q=n"}, LOOM_EUSAGE, "no load 'q'", "load."},
      {{.n_pins = 1}, {"load.x=bcast_q"}, LOOM_EUSAGE, "'bcast_q' is no way to load", "bcast_x"},
      {{.n_pins = 1}, {"speed=fast"}, LOOM_EUSAGE, "is not understood", "order=10"},
      {{.n_pins = 1}, {"order"}, LOOM_EUSAGE, "is not understood", "order=10"},
      {{.n_pins = 2}, {"load.x=bcast_xy", "load.y=bcast_xy"}, LOOM_EINFEASIBLE, "agrees with all --pin", "offsets"},
      {{.candidate_limit = 10}, {NULL}, LOOM_ELIMIT, "more than 10 candidates", "--pin"},
  };
  for (size_t c = 0; c < COUNT_OF(cases); c++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    explore_table t;
    explore_options o = cases[c].o;
    o.pins = cases[c].pin;
    nest *n = nest_make_matmul(&ctx.mem, 2048, 256, 256, DTYPE_F16, DTYPE_F16);
    assert_int_equal(explore_run(&ctx, n, mesh(&ctx.mem, 2, wormhole_mesh), &o, &t), cases[c].status);
    testing_expect_error(&ctx, cases[c].status, cases[c].text, 0, 0);
    assert_non_null(ctx.diag.first->help);
    assert_non_null(strstr(ctx.diag.first->help, cases[c].help));
    loom_ctx_done(&ctx);
  }
}

static void test_kernels_that_cannot_be_spread_are_refused(void **state) {
  (void)state;
  static const int64_t four[] = {2, 2, 2};
  for (int c = 0; c < 4; c++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    explore_table t;
    nest *n = nest_make_matmul(&ctx.mem, 256, 256, 256, DTYPE_F16, DTYPE_F16);
    machine *m = mesh(&ctx.mem, 3, four);
    while (c == 3 && n->body.n <= PLAN_LOADS_MAX)
      vec_push(&ctx.mem, &n->body, n->body.at[2]);
    if (c == 0)
      n->n_parallel = 0;
    else if (c == 1)
      n->n_parallel = PLAN_ITERS_MAX + 1;
    else if (c == 2)
      m->mesh.n = 0;
    const loom_status expected = c % 2 ? LOOM_ELIMIT : LOOM_EUNSUP;
    assert_int_equal(explore_run(&ctx, n, m, NULL, &t), expected);
    testing_expect_error(&ctx, expected, c == 0 ? "no parallel tile loop" : c == 1 ? "parallel loops; at most" : c == 2 ? "mesh of 0 dims" : "loads and stores; at most", 0, 0);
    loom_ctx_done(&ctx);
  }
}

/* Sizes whose product does not fit count as the most there is; a loop without a known extent as one turn.  Oracle: the order of upstream's mappings. */
static void test_huge_and_unknown_sizes_still_rank(void **state) {
  (void)state;
  for (int c = 0; c < 3; c++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    explore_table t;
    nest *n = nest_make_elementwise(&ctx.mem, 4096, 32, DTYPE_F16, "addf");
    for (int i = 0; i < 2; i++) {
      n->body.at[i]->dim[0].loop = -1;                       /* both loads are the same for all cores of tile_m */
      for (int d = 0; c > 0 && d < 2; d++)
        n->tensors.at[i].shape[d] = c == 1 ? INT64_C(1) << 40 : INT64_C(1) << 31;
    }
    if (c == 2)
      n->loops.at[1].extent = sym_add(&ctx.mem, sym_name(&ctx.mem, "it_tile_m"), sym_const(&ctx.mem, 1));
    assert_int_equal(explore_run(&ctx, n, mesh(&ctx.mem, 2, wormhole_mesh), &(explore_options){.upstream_compatible = true}, &t), LOOM_OK);
    assert_int_equal(t.rows.n, 8);
    for (size_t i = 0; i < t.rows.n; i++)
      assert_int_equal(t.rows.at[i]->mapping.logical[0].iter, 0);
    loom_ctx_done(&ctx);
  }
}

static loom_status explore_once(loom_ctx *ctx, void *data) {
  (void)data;
  static const int64_t two[] = {2, 2};
  explore_table t;
  return explore_run(ctx, nest_make_matmul(&ctx->mem, 64, 64, 64, DTYPE_F16, DTYPE_F16), mesh(&ctx->mem, 2, two), NULL, &t);
}

static void test_memory_failures_unwind(void **state) {
  (void)state;
  testing_sweep_memory(explore_once, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_upstream_mode_lists_upstreams_sixteen_in_order),
      cmocka_unit_test(test_dominating_iterator_comes_first),
      cmocka_unit_test(test_split_counts_match_the_closed_form),
      cmocka_unit_test(test_shared_transfers_are_for_equal_data),
      cmocka_unit_test(test_full_space_has_unicast_and_other_orders),
      cmocka_unit_test(test_names_stay_unique),
      cmocka_unit_test(test_pins_restrict_the_table),
      cmocka_unit_test(test_wrong_restrictions_are_explained),
      cmocka_unit_test(test_kernels_that_cannot_be_spread_are_refused),
      cmocka_unit_test(test_huge_and_unknown_sizes_still_rank),
      cmocka_unit_test(test_memory_failures_unwind),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
