#include "explore/explore_space_private.h"
#include "base/testing.h"
#include "base/text.h"
#include "nest/nest_samples.h"

static machine *mesh(arena *m, int n, const int64_t *sizes) {
  static const char *const names[] = {"x", "y", "z", "w"};
  machine *mach = ARENA_NEW(m, machine);
  mach->name = "test";
  for (int d = 0; d < n; d++)
    vec_push(m, &mach->mesh, ((machine_dim){.name = names[d], .size = sizes[d]}));
  return mach;
}

static nest *kernel(arena *m, int iters) {
  static const nest_mamba_shape small = {.batch = 2, .heads = 4, .groups = 1, .chunks = 2, .chunk = 64, .head = 64, .state = 64, .block_bound = 64};
  return iters == 2   ? nest_make_matmul(m, 256, 256, 256, DTYPE_F16, DTYPE_F16)
         : iters == 3 ? nest_make_batch_matmul(m, 64, 256, 256, 256, DTYPE_F16, DTYPE_F16)
                      : nest_make_mamba(m, &small, DTYPE_F16, true);
}

static explore_space open_space(loom_ctx *ctx, const nest *n, const machine *m, const explore_options *o) {
  explore_space s;
  loom_status st = explore_open(ctx, n, m, o, &s);
  if (st != LOOM_OK)
    fail_msg("status %d: %s", (int)st, ctx->diag.first ? ctx->diag.first->text : "");
  return s;
}

/* Counted by an independent program: sequences of (factor > 1, iterator) with neighbours of different iterators, for every number of cores used. */
static void test_counts_of_tuples_profiles_and_mappings(void **state) {
  (void)state;
  static const struct { int iters; int64_t mesh[2]; int64_t mappings; int32_t profiles, tuples; } cases[] = {
      {2, {8, 8}, 729, 400, 150},      {2, {12, 10}, 2035, 945, 354},     {3, {8, 8}, 4096, 1444, 462},
      {3, {12, 10}, 13552, 3922, 1273}, {5, {8, 8}, 46656, 9216, 2322}, {5, {12, 10}, 176176, 29376, 7887},
  };
  for (size_t c = 0; c < COUNT_OF(cases); c++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    explore_space s = open_space(&ctx, kernel(&ctx.mem, cases[c].iters), mesh(&ctx.mem, 2, cases[c].mesh), NULL);
    assert_int_equal(s.n_mappings, cases[c].mappings);
    assert_int_equal(s.n_profiles, cases[c].profiles);
    assert_int_equal(s.n_tuples, cases[c].tuples);
    assert_int_equal(s.first_mapping[s.n_profiles], s.n_mappings);
    for (int32_t p = 0; p < s.n_profiles; p++)
      assert_true(s.first_mapping[p] < s.first_mapping[p + 1] && (p == 0 || s.profile_tuple[p - 1] <= s.profile_tuple[p]));
    for (int32_t t = 0; t < s.n_tuples; t++)
      for (int32_t p = s.first_profile[t]; p < s.first_profile[t + 1]; p++)
        assert_int_equal(s.profile_tuple[p], t);
    loom_ctx_done(&ctx);
  }
}

static void test_columns_agree_with_the_mappings(void **state) {
  (void)state;
  static const int64_t sizes[] = {4, 6};
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  explore_space s = open_space(&ctx, kernel(&ctx.mem, 3), mesh(&ctx.mem, 2, sizes), NULL);
  for (int32_t p = 0; p < s.n_profiles; p++)
    for (int64_t i = s.first_mapping[p]; i < s.first_mapping[p + 1]; i++) {
      plan_mapping q;
      explore_get_mapping(&s, i, 0, &q);
      for (int it = 0; it < 3; it++)
        assert_int_equal(plan_iter_cores(&q, it), s.tuple[s.profile_tuple[p] * 3 + it]);
      for (int l = 1; l < q.n_logical; l++)
        assert_true(q.logical[l].level > q.logical[l - 1].level ||
                    (q.logical[l].level == q.logical[l - 1].level && q.logical[l].mesh_dim > q.logical[l - 1].mesh_dim));
    }
  for (int32_t t = 1; t < s.n_tuples; t++) {
    int k = 0;
    while (k < 2 && s.tuple[t * 3 + k] == s.tuple[(t - 1) * 3 + k])
      k++;
    assert_true(s.tuple[t * 3 + k] > s.tuple[(t - 1) * 3 + k]);
  }
  loom_ctx_done(&ctx);
}

/* ---- nested loops over everything ---- */

/* Which cores have which iterators in common: all that sharing, traffic and work depend on. */
static const char *sharing(arena *m, const plan_mapping *p) {
  enum { CORES_MAX = 64 };
  int64_t index[CORES_MAX][PLAN_ITERS_MAX] = {{0}}, cores = 1;
  text t = text_new(m);
  for (int d = 0; d < p->n_mesh; d++) {
    cores *= p->mesh_size[d];
    text_addf(&t, "%" PRId64 " ", p->mesh_size[d]);
  }
  for (int64_t c = 0; c < cores; c++) {
    int64_t at[PLAN_MESH_MAX], left = c;
    for (int d = p->n_mesh - 1; d >= 0; left /= p->mesh_size[d], d--)
      at[d] = left % p->mesh_size[d];
    for (int l = 0; l < p->n_logical; l++) {
      const plan_logical *x = &p->logical[l];
      index[c][x->iter] = index[c][x->iter] * x->size + at[x->mesh_dim] % x->size;
      at[x->mesh_dim] /= x->size;
    }
    for (int64_t b = 0; b < c; b++)
      for (int i = 0; i < p->n_iters; i++)
        text_add(&t, index[b][i] == index[c][i] ? "=" : "/");
  }
  return text_str(&t);
}

/* All level lists of up to `left` more levels for dims d.., sizes 1 and equal neighbours included; the set of what they share. */
static void write_out(arena *m, plan_mapping *p, int d, int level, int left, const int64_t *sizes, explore_set *found) {
  if (d == p->n_mesh || d == PLAN_MESH_MAX) {
    explore_set_add(m, found, sharing(m, p));
    return;
  }
  write_out(m, p, d + 1, 0, left, sizes, found);
  if (level == left)
    return;
  int64_t used = p->mesh_size[d];
  for (int64_t f = 1; used * f <= sizes[d]; f++)
    for (int i = 0; i < p->n_iters; i++) {
      p->logical[p->n_logical++] = (plan_logical){d, level, f, i};
      p->mesh_size[d] = used * f;
      write_out(m, p, d, level + 1, left, sizes, found);
      p->mesh_size[d] = used;
      p->n_logical--;
    }
}

static void test_each_sharing_is_reached_once(void **state) {
  (void)state;
  static const struct { int n_mesh; int64_t size[3]; int iters, levels; } cases[] = {{1, {5}, 2, 3}, {2, {3, 2}, 2, 2}, {2, {2, 2}, 3, 2}, {2, {4, 2}, 2, 2}, {3, {2, 2, 2}, 2, 1}, {1, {8}, 2, 3}};
  for (size_t c = 0; c < COUNT_OF(cases); c++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    explore_set all = {0}, ours = {0};
    plan_mapping p = {.n_mesh = cases[c].n_mesh, .n_iters = cases[c].iters, .mesh_size = {1, 1, 1}};
    write_out(&ctx.mem, &p, 0, 0, cases[c].levels, cases[c].size, &all);
    explore_space s = open_space(&ctx, kernel(&ctx.mem, cases[c].iters), mesh(&ctx.mem, cases[c].n_mesh, cases[c].size), NULL);
    for (int64_t i = 0; i < s.n_mappings; i++) {
      explore_get_mapping(&s, i, 0, &p);
      const char *key = sharing(&ctx.mem, &p);
      assert_true(explore_set_add(&ctx.mem, &ours, key));        /* once */
      assert_false(explore_set_add(&ctx.mem, &all, key));        /* and legal */
    }
    assert_int_equal(ours.n, all.n);
    loom_ctx_done(&ctx);
  }
}

/* ---- orders ---- */

static void test_orders_of_a_class_offer_the_same_sets(void **state) {
  (void)state;
  static const int64_t sizes[] = {2, 2};
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  /* a matmul's two orders differ: x stays under n, y under m */
  explore_space s = open_space(&ctx, kernel(&ctx.mem, 2), mesh(&ctx.mem, 2, sizes), NULL);
  assert_int_equal(s.n_orders, 2);
  assert_int_equal(s.n_classes, 2);
  /* decoding: the gathered loop is one wave, so where it stands does not matter */
  s = open_space(&ctx, nest_make_decode(&ctx.mem, 16, 32, 8192, 128, DTYPE_F16), mesh(&ctx.mem, 2, sizes), NULL);
  assert_int_equal(s.one_trip, 2);
  assert_int_equal(s.n_orders, 2);
  assert_int_equal(s.n_classes, 1);
  /* elementwise: every access moves with both loops */
  s = open_space(&ctx, nest_make_elementwise(&ctx.mem, 64, 64, DTYPE_F16, "addf"), mesh(&ctx.mem, 2, sizes), NULL);
  assert_int_equal(s.n_classes, 2);
  explore_options flat = {.lacking = PLAN_NEEDS_PANEL};          /* without panels nothing can be lifted there */
  s = open_space(&ctx, nest_make_elementwise(&ctx.mem, 64, 64, DTYPE_F16, "addf"), mesh(&ctx.mem, 2, sizes), &flat);
  assert_int_equal(s.n_classes, 1);
  s = open_space(&ctx, kernel(&ctx.mem, 5), mesh(&ctx.mem, 2, sizes), &flat);
  assert_int_equal(s.n_classes, 29);
  s = open_space(&ctx, kernel(&ctx.mem, 5), mesh(&ctx.mem, 2, sizes), NULL);
  assert_int_equal(s.n_orders, 120);
  for (int o = 1; o < s.n_orders; o++) {
    int k = 0;
    while (s.order[o * 5 + k] == s.order[(o - 1) * 5 + k])
      k++;
    assert_true(s.order[o * 5 + k] > s.order[(o - 1) * 5 + k]);
  }
  loom_ctx_done(&ctx);
}

/* One order for each order of the loops that run more than once: the least of them all. */
static void test_loops_of_one_trip_stand_anywhere(void **state) {
  (void)state;
  static const int64_t sizes[] = {2, 2};
  static const int factorial[] = {1, 1, 2, 6, 24, 120};
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  explore_space s = open_space(&ctx, kernel(&ctx.mem, 5), mesh(&ctx.mem, 2, sizes), NULL);
  assert_int_equal(s.n_classes, 120);
  for (uint32_t mask = 0; mask < 32; mask++) {
    int out[120], n = explore_list_orders(&s, mask, out), first[120], n_first = 0;
    char seen[120][8];
    for (int o = 0; o < s.n_orders; o++) {      /* the others' order of each, when new */
      char others[8] = {0};
      int k = 0, i = 0;
      for (int l = 0; l < 5; l++)
        if (!(mask & 1u << s.order[o * 5 + l]))
          others[k++] = (char)('0' + s.order[o * 5 + l]);
      while (i < n_first && strcmp(seen[i], others) != 0)
        i++;
      if (i < n_first)
        continue;
      strcpy(seen[n_first], others);
      first[n_first++] = o;
    }
    assert_int_equal(n, n_first);
    assert_int_equal(n, factorial[5 - __builtin_popcount(mask)]);
    for (int i = 0; i < n; i++)
      assert_int_equal(out[i], first[i]);
  }
  explore_options flat = {.lacking = PLAN_NEEDS_PANEL};          /* outermost, where they stop no load */
  s = open_space(&ctx, kernel(&ctx.mem, 5), mesh(&ctx.mem, 2, sizes), &flat);
  int out[120], n = explore_list_orders(&s, 1 << 4 | 1 << 1, out);
  assert_true(n >= 1 && n <= 6);
  for (int i = 0; i < n; i++)
    assert_true(s.order[out[i] * 5] == 1 && s.order[out[i] * 5 + 1] == 4);
  loom_ctx_done(&ctx);
}

/* For the best plan alone orders are left out where one load has other places under them; here several have (tests/cli/scaling.test has one). */
static void test_orders_of_several_loads_stay(void **state) {
  (void)state;
  static const int64_t sizes[] = {2, 2};
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  explore_space s = open_space(&ctx, kernel(&ctx.mem, 5), mesh(&ctx.mem, 2, sizes), NULL);
  for (uint32_t mask = 0; mask < 32; mask++) {
    int all[120], best[120];
    s.only_best = false;
    int n = explore_list_orders(&s, mask, all);
    s.only_best = true;
    assert_int_equal(explore_list_orders(&s, mask, best), n);
    assert_memory_equal(all, best, (size_t)n * sizeof *all);
  }
  loom_ctx_done(&ctx);
}

/* ---- pins and missing features ---- */

static void test_pins_restrict_mappings_and_orders(void **state) {
  (void)state;
  static const struct { const char *pin[2]; size_t n; int64_t mappings; int orders; const char *split, *map; } cases[] = {
      {{"order=10"}, 1, 729, 1, NULL, NULL},
      {{"order=f01"}, 1, 729, 1, NULL, NULL},
      {{"split=x8_y2y4", "map=d0i0_d1i0_d2i1"}, 2, 1, 2, "x8_y2y4", "d0i0_d1i0_d2i1"},
      {{"split=x8_y8y1", "map=d0i0_d1i1_d2i0"}, 2, 1, 2, "x8_y8", "d0i0_d1i1"},             /* upstream's spelling of a level of one core */
      {{"split=x8_y2y4", "map=d0i0_d1i1_d2i1"}, 2, 1, 2, "x8_y8", "d0i0_d1i1"},             /* two levels of one iterator are one */
      {{"split=x3_y1"}, 1, 2, 2, "x3_y1", NULL},
      {{"map=d0i1_d1i0", "split=x8_y8"}, 2, 1, 2, "x8_y8", "d0i1_d1i0"},
      {{"load.x=unicast", "order=10"}, 2, 729, 1, NULL, NULL},
      {{"load.x=bcast_x_y", "order=10"}, 2, 729, 1, NULL, NULL},
      {{"map=d0i1_d1i0"}, 1, 49 + 7, 2, NULL, "d0i1_d1i0"},      /* 7 numbers of cores along each dim, or one core along y */
  };
  static const int64_t sizes[] = {8, 8};
  for (size_t c = 0; c < COUNT_OF(cases); c++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    explore_space s = open_space(&ctx, kernel(&ctx.mem, 2), mesh(&ctx.mem, 2, sizes), &(explore_options){.pins = cases[c].pin, .n_pins = cases[c].n});
    assert_int_equal(s.n_mappings, cases[c].mappings);
    assert_int_equal(s.n_orders, cases[c].orders);
    for (int64_t i = 0; i < s.n_mappings; i++) {
      plan_mapping p;
      explore_get_mapping(&s, i, 0, &p);
      if (cases[c].split)
        assert_string_equal(plan_split_string(&ctx.mem, &p), cases[c].split);
      if (cases[c].map)
        assert_string_equal(plan_map_string(&ctx.mem, &p), cases[c].map);
    }
    loom_ctx_done(&ctx);
  }
}

static void test_missing_features_shrink_the_space(void **state) {
  (void)state;
  static const int64_t sizes[] = {8, 8};
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  const nest *n = kernel(&ctx.mem, 2);
  const machine *m = mesh(&ctx.mem, 2, sizes);
  explore_space s = open_space(&ctx, n, m, &(explore_options){.lacking = PLAN_NEEDS_OCCUPANCY});
  for (int64_t i = 0; i < s.n_mappings; i++) {
    plan_mapping p;
    explore_get_mapping(&s, i, 0, &p);
    assert_true(p.mesh_size[0] == 8 && p.mesh_size[1] == 8);
  }
  /* the placements of upstream's sixteen candidates, each once */
  s = open_space(&ctx, n, m, &(explore_options){.lacking = PLAN_NEEDS_OCCUPANCY | PLAN_NEEDS_ANY_MAPPING});
  explore_table t;
  assert_int_equal(explore_run(&ctx, n, m, &(explore_options){.kind = EXPLORE_UPSTREAM}, &t), LOOM_OK);
  explore_set upstream = {0};
  for (size_t i = 0; i < t.rows.n; i++)
    explore_set_add(&ctx.mem, &upstream, sharing(&ctx.mem, &t.rows.at[i]->mapping));
  assert_int_equal(s.n_mappings, upstream.n);
  for (int64_t i = 0; i < s.n_mappings; i++) {
    plan_mapping p;
    explore_get_mapping(&s, i, 0, &p);
    assert_false(explore_set_add(&ctx.mem, &upstream, sharing(&ctx.mem, &p)));
  }
  loom_ctx_done(&ctx);
}

/* Each mapping of upstream's list is in the space, for every kernel. */
static void test_the_space_holds_upstreams_mappings(void **state) {
  (void)state;
  static const int64_t sizes[] = {4, 6};
  for (int iters = 2; iters <= 5; iters += iters == 3 ? 2 : 1) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    const nest *n = kernel(&ctx.mem, iters);
    const machine *m = mesh(&ctx.mem, 2, sizes);
    explore_table t;
    assert_int_equal(explore_run(&ctx, n, m, &(explore_options){.kind = EXPLORE_UPSTREAM}, &t), LOOM_OK);
    for (size_t i = 0; i < t.rows.n && i < 20; i++) {
      const plan_mapping *p = &t.rows.at[i]->mapping;
      const char *pins[] = {arena_printf(&ctx.mem, "split=%s", plan_split_string(&ctx.mem, p)), arena_printf(&ctx.mem, "map=%s", plan_map_string(&ctx.mem, p)),
                            arena_printf(&ctx.mem, "order=%s", plan_order_string(&ctx.mem, p))};
      explore_space s = open_space(&ctx, n, m, &(explore_options){.pins = pins, .n_pins = 3});
      assert_int_equal(s.n_mappings, 1);
      plan_mapping q;
      explore_get_mapping(&s, 0, 0, &q);
      assert_memory_equal(q.order, p->order, sizeof q.order);
      assert_string_equal(sharing(&ctx.mem, &q), sharing(&ctx.mem, p));
    }
    loom_ctx_done(&ctx);
  }
}

static void test_wrong_pins_are_explained(void **state) {
  (void)state;
  static const struct { const char *pin; loom_status status; const char *text, *help; } cases[] = {
      {"load.q=n", LOOM_EUSAGE, "no load 'q'", "load."},
      {"load.out=n", LOOM_EUSAGE, "no load 'out'", "load."},
      {"depth.q=2", LOOM_EUSAGE, "no load or store 'q'", "depth."},
      {"depth.out=4", LOOM_EUSAGE, "1 to 3 slots, not '4'", "depth.out=2"},
      {"load.x=bcast_q", LOOM_EUSAGE, "'bcast_q' is no way to load", "bcast_x"},
      {"load.x=bcast_", LOOM_EUSAGE, "'bcast_' is no way to load", "chain_x"},
      {"load.x=bcast_xx", LOOM_EUSAGE, "'bcast_xx' is no way to load", "chain_x"},
      {"load.x=hoist", LOOM_EUSAGE, "'hoist' is no way to load", "hoist1"},
      {"load.x=bcast_x_", LOOM_EUSAGE, "'bcast_x_' is no way to load", "chain_x"},
      {"load.x=xy", LOOM_EUSAGE, "'xy' is no way to load", "chain_x"},
      {"load.x=hoist1x", LOOM_EUSAGE, "'hoist1x' is no way to load", "hoist1"},
      {"depth.x=a", LOOM_EUSAGE, "1 to 3 slots, not 'a'", "depth.x=2"},
      {"depth.x=2x", LOOM_EUSAGE, "1 to 3 slots, not '2x'", "depth.x=2"},
      {"split=x0_y1", LOOM_EINFEASIBLE, "no mapping of kernel matmul", "loom explore"},
      {"split=xa_y1", LOOM_EINFEASIBLE, "no mapping of kernel matmul", "loom explore"},
      {"split=_y8", LOOM_EINFEASIBLE, "no mapping of kernel matmul", "loom explore"},
      {"split=x99999999999_y8", LOOM_EINFEASIBLE, "no mapping of kernel matmul", "loom explore"},
      {"split=x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1_y8", LOOM_EINFEASIBLE, "no mapping of kernel matmul", "loom explore"},
      {"load.x=", LOOM_EUSAGE, "is not understood", "order=10"},
      {"speed=fast", LOOM_EUSAGE, "is not understood", "order=10"},
      {"order", LOOM_EUSAGE, "is not understood", "order=10"},
      {"order=12", LOOM_EINFEASIBLE, "no loop order of kernel matmul", "loom explore"},
      {"split=x9_y1", LOOM_EINFEASIBLE, "no mapping of kernel matmul", "loom explore"},
      {"split=x8", LOOM_EINFEASIBLE, "no mapping of kernel matmul", "loom explore"},
      {"map=d0i7", LOOM_EINFEASIBLE, "no mapping of kernel matmul", "loom explore"},
  };
  static const int64_t sizes[] = {8, 8};
  for (size_t c = 0; c < COUNT_OF(cases); c++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    explore_space s;
    assert_int_equal(explore_open(&ctx, kernel(&ctx.mem, 2), mesh(&ctx.mem, 2, sizes), &(explore_options){.pins = &cases[c].pin, .n_pins = 1}, &s), cases[c].status);
    testing_expect_error(&ctx, cases[c].status, cases[c].text, 0, 0);
    assert_non_null(ctx.diag.first->help);
    assert_non_null(strstr(ctx.diag.first->help, cases[c].help));
    loom_ctx_done(&ctx);
  }
}

/* Maps of "split=x8_y8" that are none, and the right one. */
static void test_maps_are_read_to_the_letter(void **state) {
  (void)state;
  static const char *const maps[] = {"map=e0i0_d1i1", "map=d/i0_d1i1", "map=d:i0_d1i1", "map=d100i0_d1i1", "map=d0i0.d1i1", "map=d1i0_d0i1", "map=d0j0_d1i1", "map=d0i_d1i1", "map=d0i0_d1i1_", "map=d0i0",
                                     "map=d0i0_d1i1"};
  static const int64_t sizes[] = {8, 8};
  for (size_t i = 0; i < COUNT_OF(maps); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    explore_space s;
    const char *pins[] = {"split=x8_y8", maps[i]};
    const loom_status expected = i + 1 == COUNT_OF(maps) ? LOOM_OK : LOOM_EINFEASIBLE;
    if (explore_open(&ctx, kernel(&ctx.mem, 2), mesh(&ctx.mem, 2, sizes), &(explore_options){.pins = pins, .n_pins = 2}, &s) != expected)
      fail_msg("%s", maps[i]);
    loom_ctx_done(&ctx);
  }
}

/* Of long names the nearest is offered. */
static void test_mistyped_loads_are_told_with_the_right_name(void **state) {
  (void)state;
  static const int64_t sizes[] = {8, 8};
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  explore_space s;
  explore_table t;
  nest *n = kernel(&ctx.mem, 2);
  n->tensors.at[0].name = "weights";
  const char *pin = "load.wieghts=n";
  const explore_options o = {.pins = &pin, .n_pins = 1};
  assert_int_equal(explore_open(&ctx, n, mesh(&ctx.mem, 2, sizes), &o, &s), LOOM_EUSAGE);
  assert_string_equal(ctx.diag.first->help, "did you mean load.weights");
  assert_int_equal(explore_run(&ctx, n, mesh(&ctx.mem, 2, sizes), &o, &t), LOOM_EUSAGE);
  assert_string_equal(ctx.diag.first->next->help, "did you mean load.weights");
  loom_ctx_done(&ctx);
}

/* Labels by hand, and what is left of them where there is no room. */
static void test_labels_say_what_a_choice_is(void **state) {
  (void)state;
  static const int64_t sizes[] = {8, 8};
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  explore_space s = open_space(&ctx, kernel(&ctx.mem, 2), mesh(&ctx.mem, 2, sizes), NULL);
  plan_mapping p;
  explore_get_mapping(&s, 0, 0, &p);
  static const struct { plan_choice c; bool any_depth; const char *label; } cases[] = {
      {{.area = {1, 1}}, false, "n"},
      {{.area = {1, 1}, .hoist = 2}, false, "n_h2"},
      {{.area = {1, 1}, .hoist = 2, .depth = 3}, false, "n_h2_d3"},
      {{.area = {1, 1}, .hoist = 2, .depth = 3}, true, "n_h2"},
      {{.area = {1, 1}, .depth = 2, .direct = 1}, false, "n_d2_acc"},
      {{.area = {8, 1}, .move = {PLAN_MULTICAST}, .depth = 1}, false, "dim_x_bc8"},
      {{.area = {8, 4}, .move = {PLAN_MULTICAST, PLAN_CHAIN}, .hoist = 1, .depth = 2, .direct = 1}, false, "dim_x_bc8_dim_y_ch4_h1_d2_acc"}};
  for (size_t i = 0; i < COUNT_OF(cases); i++)
    for (size_t size = 64; size > 0; size--) {
      char label[64], expected[64];
      explore_write_label(&s, &p, 0, &cases[i].c, cases[i].any_depth, label, size);
      snprintf(expected, size, "%s", cases[i].label);
      assert_string_equal(label, expected);
    }
  loom_ctx_done(&ctx);
}

/* Names of variants as people mistype them: none is found, none is an error; slots may be left out. */
static void test_names_that_mean_nothing_find_nothing(void **state) {
  (void)state;
  static const struct { const char *name; bool found; } cases[] = {
      {"matmul__x8_y8__d0i0_d1i1__f01__dim_y_bc8_dim_x_bc8_n", true}, {"matmul__x8_y8__d0i0_d1i1__f01__dim_y_level0_bc8_dim_x_level12_bc8_n", true},
      {"matmul__x8_y8__d0i0_d1i1__f01__n_d2_n_d2_n_d2", true}, {"matmul__x8_y8__d0i0_d1i1__f01__n_d2_n_d2_n", true}, {"matmul__x8_y8__d0i0_d1i1__f01__n_n_n_d3", true},
      {"matmul__x8_y8__d0i0_d1i1__f01__n_level_n_n", false}, {"matmul__x8_y8__d0i0_d1i1__f01__n_levelx_n_n", false}, {"matmul__x8_y8__d0i0_d1i1__f01__n_level/_n_n", false},
      {"matmul__x8_y8__d0i0_d1i1__f01__n_dx_n_n", false}, {"matmul__x8_y8__d0i0_d1i1__f01__n_d1_n_n", false}, {"matmul__x8_y8__d0i0_d1i1__f01__n_d23_n_n", false},
      {"matmul__x8_y8__d0i0_d1i1__f01__n_n", false}, {"matmul__x8_y8__d0i0_d1i1__f01__n_n_n_n", false},
      {"matmul__x8_y8__d0i0_d1i1", false}, {"matmul__x8", false}, {"matmul__x8_y8__d0i0_d1i1__g01__n_n_n", false}, {"matmul__x8_y8__d0i0_d1i1__f__n_n_n", false},
      {"matmul____d0i0_d1i1__f01__n_n_n", false}, {"matmul__x9_y8__d0i0_d1i1__f01__n_n_n", false}, {"product__x8_y8__d0i0_d1i1__f01__n_n_n", false}, {"matmul_x8_y8", false}};
  static const int64_t sizes[] = {8, 8};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    explore_space s;
    bool found;
    assert_int_equal(explore_open_named(&ctx, kernel(&ctx.mem, 2), mesh(&ctx.mem, 2, sizes), &(explore_options){0}, cases[i].name, &s, &found), LOOM_OK);
    if (found != cases[i].found || ctx.diag.first)
      fail_msg("%s", cases[i].name);
    loom_ctx_done(&ctx);
  }
}

static bool is_one_mistake(const char *a, const char *b) {
  const size_t n = strlen(a), k = strlen(b);
  return explore_same_ends(a, b) + 1 >= (n > k ? n : k);
}

/* Each name of some of the space, with a character left out, put in, or replaced in any place but the separators of its parts: a name that there is, one mistake away (several may be: x1 and x8
 * where it says xq).  What resembles none is near to nothing. */
static void test_names_with_one_mistake_are_near_to_what_was_meant(void **state) {
  (void)state;
  static const char *const other[] = {"zzz", "", "matmul", "matmul__x8_y8__d0i0_d1i1__f01", "a__b__c__d__e"};
  static const int64_t sizes[] = {8, 8};
  static plan_choice all[4096];
  const explore_options none = {0};
  for (int part = 0; part < 4; part++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    nest *n = kernel(&ctx.mem, 2);
    const machine *m = mesh(&ctx.mem, 2, sizes);
    explore_space s = open_space(&ctx, n, m, NULL);
    plan_mapping p;
    plan_choice chosen[PLAN_LOADS_MAX];
    explore_get_mapping(&s, (s.n_mappings - 1) * part / 3, part % s.n_orders, &p);
    for (int a = 0; a < s.n_access; a++)
      chosen[a] = all[(explore_list_choices(&s, &p, a, all, COUNT_OF(all)) - 1) * (size_t)part / 3];
    const char *name = explore_make_candidate(&ctx.mem, &s, &p, chosen)->name;
    assert_string_equal(explore_nearest_name(&ctx, n, m, &none, name), name);
    for (size_t at = 0; name[at]; at++) {
      const int head = (int)at;
      const char *const wrong[] = {arena_printf(&ctx.mem, "%.*s%s", head, name, name + at + 1), arena_printf(&ctx.mem, "%.*sq%s", head, name, name + at),
                                   arena_printf(&ctx.mem, "%.*sq%s", head, name, name + at + 1)};
      const bool is_separator = name[at] == '_' && (name[at + 1] == '_' || name[at - 1] == '_');
      for (size_t w = 0; w < COUNT_OF(wrong) && !is_separator; w++) {
        const char *near = explore_nearest_name(&ctx, n, m, &none, wrong[w]);
        bool found;
        assert_non_null(near);
        assert_int_equal(explore_open_named(&ctx, n, m, &none, near, &s, &found), LOOM_OK);
        if (!found || !is_one_mistake(wrong[w], near))
          fail_msg("%s is near to %s", wrong[w], near);
      }
    }
    for (size_t k = 0; k < COUNT_OF(other); k++)
      assert_null(explore_nearest_name(&ctx, n, m, &none, other[k]));
    assert_null(ctx.diag.first);
    loom_ctx_done(&ctx);
  }
}

/* Counts under pins that decide how a load is shared: without chains nothing is left of a chain. */
static void test_counts_under_pins(void **state) {
  (void)state;
  static const int64_t sizes[] = {4, 1};
  double count[2][4];
  for (int lacks = 0; lacks < 2; lacks++)
    for (int i = 0; i < 4; i++) {
      loom_ctx ctx;
      loom_ctx_init(&ctx);
      const char *pin = (const char *const[]){"load.y=n", "load.y=bcast_x", "load.y=chain_x", NULL}[i];
      explore_space s = open_space(&ctx, kernel(&ctx.mem, 2), mesh(&ctx.mem, 2, sizes), &(explore_options){.pins = &pin, .n_pins = pin != NULL, .lacking = lacks ? PLAN_NEEDS_CHAIN : 0});
      count[lacks][i] = explore_count(&ctx, &s);
      loom_ctx_done(&ctx);
    }
  assert_true(count[0][0] > 0 && count[0][1] > 0 && count[0][1] == count[0][2] && count[0][0] + 2 * count[0][1] == count[0][3]);
  assert_true(count[1][2] == 0 && count[1][0] + count[1][1] == count[1][3]);
}

static void test_lists_of_choices_fill_what_there_is_room_for(void **state) {
  (void)state;
  static const int64_t sizes[] = {8, 8};
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  explore_space s = open_space(&ctx, kernel(&ctx.mem, 2), mesh(&ctx.mem, 2, sizes), NULL);
  plan_mapping p;
  static plan_choice all[4096], some[2];
  explore_get_mapping(&s, s.n_mappings - 1, 0, &p);
  for (int a = 0; a < s.n_access; a++) {
    const size_t n = explore_list_choices(&s, &p, a, all, COUNT_OF(all)), ways = explore_list_ways(&s, &p, a, all, COUNT_OF(all));
    assert_true(n < COUNT_OF(all));
    assert_int_equal(explore_list_choices(&s, &p, a, some, 1), n);
    assert_true(explore_list_ways(&s, &p, a, some, 1) >= ways);      /* what does not fit is not compared */
  }
  loom_ctx_done(&ctx);
}

static void test_what_is_too_large_is_refused(void **state) {
  (void)state;
  static const struct { int iters, n_mesh; int64_t size[4]; loom_status status; const char *text; } cases[] = {
      {5, 1, {4096}, LOOM_ELIMIT, "cores along x in more than 1048576 ways"},
      {5, 3, {16, 16, 16}, LOOM_ELIMIT, "cores of machine test in more than 1048576 ways"},
      {2, 0, {0}, LOOM_EUNSUP, "mesh of 0 dims"},
      {2, 4, {2, 2, 2, 2}, LOOM_EUNSUP, "mesh of 4 dims"},
  };
  for (size_t c = 0; c < COUNT_OF(cases); c++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    explore_space s;
    assert_int_equal(explore_open(&ctx, kernel(&ctx.mem, cases[c].iters), mesh(&ctx.mem, cases[c].n_mesh, cases[c].size), NULL, &s), cases[c].status);
    testing_expect_error(&ctx, cases[c].status, cases[c].text, 0, 0);
    loom_ctx_done(&ctx);
  }
}

static loom_status open_once(loom_ctx *ctx, void *data) {
  (void)data;
  static const int64_t two[] = {2, 2};
  explore_space s;
  return explore_open(ctx, kernel(&ctx->mem, 2), mesh(&ctx->mem, 2, two), NULL, &s);
}

static void test_memory_failures_unwind(void **state) {
  (void)state;
  testing_sweep_memory(open_once, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_counts_of_tuples_profiles_and_mappings),
      cmocka_unit_test(test_columns_agree_with_the_mappings),
      cmocka_unit_test(test_each_sharing_is_reached_once),
      cmocka_unit_test(test_orders_of_a_class_offer_the_same_sets),
      cmocka_unit_test(test_loops_of_one_trip_stand_anywhere), cmocka_unit_test(test_orders_of_several_loads_stay),
      cmocka_unit_test(test_pins_restrict_mappings_and_orders),
      cmocka_unit_test(test_missing_features_shrink_the_space),
      cmocka_unit_test(test_the_space_holds_upstreams_mappings),
      cmocka_unit_test(test_wrong_pins_are_explained),
      cmocka_unit_test(test_maps_are_read_to_the_letter),
      cmocka_unit_test(test_mistyped_loads_are_told_with_the_right_name),
      cmocka_unit_test(test_labels_say_what_a_choice_is),
      cmocka_unit_test(test_names_that_mean_nothing_find_nothing),
      cmocka_unit_test(test_names_with_one_mistake_are_near_to_what_was_meant),
      cmocka_unit_test(test_counts_under_pins),
      cmocka_unit_test(test_lists_of_choices_fill_what_there_is_room_for),
      cmocka_unit_test(test_what_is_too_large_is_refused),
      cmocka_unit_test(test_memory_failures_unwind),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
