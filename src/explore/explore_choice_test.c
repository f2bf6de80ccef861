#include "explore/explore_space_private.h"
#include "base/rng.h"
#include "base/testing.h"
#include "base/text.h"
#include "nest/nest_samples.h"

enum { CHOICES_MAX = 2048 };

static machine *mesh(arena *m, int n, const int64_t *sizes) {
  static const char *const names[] = {"x", "y", "z"};
  machine *mach = ARENA_NEW(m, machine);
  mach->name = "test";
  for (int d = 0; d < n; d++)
    vec_push(m, &mach->mesh, ((machine_dim){.name = names[d], .size = sizes[d]}));
  return mach;
}

typedef enum kernel { MATMUL, BATCH_MATMUL, ELEMENTWISE, ATTENTION, DECODE, SPLIT_K, CAUSAL, MAMBA, KERNELS } kernel;

/* Attention over the keys up to the query's, which reads the same part of k each time. */
static nest *make_causal(arena *m) {
  nest *n = nest_make_attention(m, 4, 256, 256, 128, DTYPE_F16);
  const nest_node *access[PLAN_LOADS_MAX];
  nest_accesses(n, access, PLAN_LOADS_MAX);
  n->loops.at[2].extent = sym_mul(m, sym_name(m, nest_iterator_name(m, n, 1)), sym_const(m, 64));
  ((nest_node *)access[1])->dim[2].loop = -1;
  return n;
}

static nest *make_kernel(arena *m, kernel k) {
  static const nest_mamba_shape small = {.batch = 2, .heads = 4, .groups = 1, .chunks = 2, .chunk = 64, .head = 64, .state = 64, .block_bound = 64};
  switch (k) {
  case MATMUL: return nest_make_matmul(m, 256, 256, 256, DTYPE_F16, DTYPE_F16);
  case BATCH_MATMUL: return nest_make_batch_matmul(m, 64, 256, 256, 256, DTYPE_F16, DTYPE_F16);
  case ELEMENTWISE: return nest_make_elementwise(m, 256, 256, DTYPE_F16, "addf");
  case ATTENTION: return nest_make_attention(m, 4, 256, 256, 128, DTYPE_F16);
  case DECODE: return nest_make_decode(m, 16, 32, 8192, 128, DTYPE_F16);
  case SPLIT_K: return nest_make_split_k(m, 256, 256, 1024, DTYPE_F16);
  case CAUSAL: return make_causal(m);
  default: return nest_make_mamba(m, &small, DTYPE_F16, false);
  }
}

static explore_space open_space(loom_ctx *ctx, const nest *n, const machine *m, const explore_options *o, unsigned rules) {
  explore_space s;
  loom_status st = explore_open_with(ctx, n, m, o, rules, &s);
  if (st != LOOM_OK)
    fail_msg("status %d: %s", (int)st, ctx->diag.first ? ctx->diag.first->text : "");
  return s;
}

static size_t list(const explore_space *s, const plan_mapping *p, int a, plan_choice *out) {
  size_t n = explore_list_choices(s, p, a, out, CHOICES_MAX);
  assert_true(n <= CHOICES_MAX);
  return n;
}

static const char *choice_key(arena *m, const plan_choice *c) {
  text t = text_new(m);
  for (int d = 0; d < PLAN_MESH_MAX; d++)
    text_addf(&t, "%d*%" PRId64 "/%u ", (int)c->move[d], c->area[d], c->levels[d]);
  text_addf(&t, "h%d p%u d%d %d", c->hoist, c->panel, c->depth, c->direct);
  return text_str(&t);
}

/* ---- legal ---- */

/* Index of iterator `iter` on the core at `at`. */
static int64_t index_on(const plan_mapping *p, int iter, const int64_t *at) {
  int64_t index = 0, stride[PLAN_MESH_MAX] = {1, 1, 1};
  for (int l = 0; l < p->n_logical; l++) {
    const plan_logical *x = &p->logical[l];
    if (x->iter == iter)
      index = index * x->size + at[x->mesh_dim] / stride[x->mesh_dim] % x->size;
    stride[x->mesh_dim] *= x->size;
  }
  return index;
}

/* May all cores of the area that holds core `at` be served by one transfer?  `keyed`: iterators that tell their loads apart. */
static bool is_same_load(const plan_mapping *p, const int64_t *area, uint32_t keyed, const int64_t *at) {
  int64_t first[PLAN_MESH_MAX];
  for (int d = 0; d < p->n_mesh; d++)
    first[d] = at[d] - at[d] % area[d];
  for (int i = 0; i < p->n_iters; i++)
    if ((keyed & 1u << i) && index_on(p, i, at) != index_on(p, i, first))
      return false;
  return true;
}

static bool area_is_legal(const plan_mapping *p, const int64_t *area, uint32_t keyed) {
  int64_t at[PLAN_MESH_MAX] = {0};
  for (;;) {
    if (!is_same_load(p, area, keyed, at))
      return false;
    int d = p->n_mesh - 1;
    while (d >= 0 && ++at[d] == p->mesh_size[d])
      at[d--] = 0;
    if (d < 0)
      return true;
  }
}

/* What a load at `hoist` differs by: offsets, the core it is alone on, and the trips of the loops it is left in. */
static uint32_t keyed_by(const nest *n, const nest_node *x, int hoist) {
  uint32_t keyed = x->only_first >= 0 ? 1u << x->only_first : 0;
  int seq[NEST_LOOPS_MAX];
  size_t depth = nest_enclosing(n, x, seq, NEST_LOOPS_MAX);
  for (int i = 0; i < n->n_parallel; i++) {
    if (nest_access_uses(n, x, i))
      keyed |= 1u << i;
    for (size_t l = 0; l < depth; l++)
      if ((int)l < (int)depth - hoist && nest_loop_uses(n, seq[l], i))
        keyed |= 1u << i;
  }
  return keyed;
}

/* On meshes of primes a rectangle of cores is a run of whole levels: all rectangles that core by core load the same are there, each once, no others. */
static void test_areas_are_the_rectangles_that_load_the_same(void **state) {
  (void)state;
  static const struct { int n; int64_t size[3]; } meshes[] = {{2, {3, 2}}, {3, {2, 1, 3}}, {1, {3}}, {2, {2, 2}}};
  static plan_choice c[CHOICES_MAX];
  for (size_t z = 0; z < COUNT_OF(meshes); z++)
    for (kernel k = 0; k < KERNELS; k++) {
      loom_ctx ctx;
      loom_ctx_init(&ctx);
      const nest *n = make_kernel(&ctx.mem, k);
      const nest_node *access[PLAN_LOADS_MAX];
      nest_accesses(n, access, PLAN_LOADS_MAX);
      if (k == DECODE)      /* queries on the first core of the keys alone */
        ((nest_node *)access[0])->only_first = 1;
      explore_space s = open_space(&ctx, n, mesh(&ctx.mem, meshes[z].n, meshes[z].size), NULL, 0);
      for (int64_t i = 0; i < s.n_mappings; i++) {
        plan_mapping p;
        explore_get_mapping(&s, i, 0, &p);
        for (int a = 0; a < s.n_access; a++) {
          size_t count = list(&s, &p, a, c), at_zero = 0, rectangles = 0;
          for (size_t x = 0; x < count; x++) {
            assert_true(area_is_legal(&p, c[x].area, keyed_by(n, access[a], c[x].hoist)));
            bool is_multicast = true;
            for (int d = 0; d < p.n_mesh; d++) {
              assert_true((c[x].move[d] == PLAN_UNICAST) == (c[x].area[d] == 1));
              is_multicast = is_multicast && c[x].move[d] != PLAN_CHAIN;
            }
            at_zero += is_multicast && c[x].hoist == 0 && c[x].depth == 1 && !c[x].direct;
          }
          int64_t area[PLAN_MESH_MAX] = {1, 1, 1};
          for (area[0] = 1; area[0] <= p.mesh_size[0]; area[0]++)
            for (area[1] = 1; area[1] <= (p.n_mesh > 1 ? p.mesh_size[1] : 1); area[1]++)
              for (area[2] = 1; area[2] <= (p.n_mesh > 2 ? p.mesh_size[2] : 1); area[2]++) {
                bool divides = true;
                for (int d = 0; d < p.n_mesh; d++)
                  divides = divides && p.mesh_size[d] % area[d] == 0;
                bool is_one = area[0] * area[1] * area[2] == 1;
                rectangles += divides && (access[a]->kind == NEST_LOAD ? area_is_legal(&p, area, keyed_by(n, access[a], 0)) : is_one);
              }
          if (at_zero != rectangles)
            fail_msg("kernel %d mesh %zu access %d mapping %d %s %s", (int)k, z, a, (int)i, plan_split_string(&ctx.mem, &p), plan_map_string(&ctx.mem, &p));
        }
      }
      loom_ctx_done(&ctx);
    }
}

static void test_choices_are_listed_once_and_panels_are_what_moves(void **state) {
  (void)state;
  static const int64_t sizes[] = {4, 2};
  static plan_choice c[CHOICES_MAX];
  for (kernel k = 0; k < KERNELS; k++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    const nest *n = make_kernel(&ctx.mem, k);
    explore_space s = open_space(&ctx, n, mesh(&ctx.mem, 2, sizes), NULL, EXPLORE_ALL_RULES);
    for (int64_t i = 0; i < s.n_mappings; i += 3)
      for (int a = 0; a < s.n_access; a++) {
        arena_mark mark = arena_save(&ctx.mem);
        plan_mapping p;
        explore_get_mapping(&s, i, (int)(i % s.n_orders), &p);
        const explore_load *x = &s.impl->access[a];
        explore_set seen = {0};
        size_t count = list(&s, &p, a, c);
        assert_true(count >= 3);
        for (size_t j = 0; j < count; j++) {
          assert_true(explore_set_add(&ctx.mem, &seen, choice_key(&ctx.mem, &c[j])));
          for (int h = 0; h < c[j].hoist; h++) {
            int loop = h < x->n_seq ? x->seq[x->n_seq - 1 - h] : p.order[p.n_iters - 1 - (h - x->n_seq)];
            bool multiplies = nest_access_uses(n, x->node, loop) && !(loop < n->n_parallel && (s.one_trip & 1u << loop));
            assert_int_equal(c[j].panel >> h & 1, multiplies);
          }
        }
        arena_release(&ctx.mem, mark);
      }
    loom_ctx_done(&ctx);
  }
}

static bool goes_the_same_way(const plan_choice *x, const plan_choice *y) {
  return memcmp(x->area, y->area, sizeof x->area) == 0 && memcmp(x->move, y->move, sizeof x->move) == 0;
}

static bool has_way(const plan_choice *list, size_t n, const plan_choice *x) {
  for (size_t i = 0; i < n; i++)
    if (goes_the_same_way(&list[i], x))
      return true;
  return false;
}

/* Every way of a choice in any order is listed, once; and no other one. */
static void test_ways_are_those_of_all_choices(void **state) {
  (void)state;
  static const int64_t sizes[] = {4, 2};
  static plan_choice c[CHOICES_MAX], way[CHOICES_MAX];
  static bool is_met[CHOICES_MAX];
  for (kernel k = 0; k < KERNELS; k++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    const nest *n = make_kernel(&ctx.mem, k);
    explore_space s = open_space(&ctx, n, mesh(&ctx.mem, 2, sizes), NULL, EXPLORE_ALL_RULES);
    for (int64_t i = 0; i < s.n_mappings; i += 5)
      for (int a = 0; a < s.n_access; a++) {
        plan_mapping p;
        explore_get_mapping(&s, i, 0, &p);
        size_t ways = explore_list_ways(&s, &p, a, way, CHOICES_MAX);
        memset(is_met, 0, sizeof is_met);
        for (int order = 0; order < s.n_orders; order++) {
          explore_get_mapping(&s, i, order, &p);
          size_t count = list(&s, &p, a, c);
          for (size_t j = 0; j < count; j++)
            assert_true(has_way(way, ways, &c[j]));
          for (size_t w = 0; w < ways; w++)
            is_met[w] = is_met[w] || has_way(c, count, &way[w]);
        }
        for (size_t w = 0; w < ways; w++)
          assert_true(is_met[w] && !has_way(way, w, &way[w]));
      }
    loom_ctx_done(&ctx);
  }
}

/* The plan's figure for a matmul: loads of three positions, three depths, and the ways to share. */
static void test_choices_of_a_matmul(void **state) {
  (void)state;
  static const int64_t sizes[] = {8, 8};
  static plan_choice c[CHOICES_MAX];
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  const char *const pins[] = {"split=x8_y8", "map=d0i0_d1i1"};
  explore_space s = open_space(&ctx, make_kernel(&ctx.mem, MATMUL), mesh(&ctx.mem, 2, sizes), &(explore_options){.pins = pins, .n_pins = 2}, EXPLORE_ALL_RULES);
  plan_mapping p;
  explore_get_mapping(&s, 0, 0, &p);
  /* loops around x, from the inside: k (moves), n (does not), m (moves).  One slot: 0, 1 (over n at last once out of k: not free), 2, 3; more: 0, 2, 3 */
  assert_int_equal(list(&s, &p, 0, c), 3 * ((4 + 3) + 1));        /* a third slot only inside k */
  /* around y: k (moves), n (moves), m (does not): one slot 0, 1, 3 (2 to 3 is free); more 0, 1, 3 */
  assert_int_equal(list(&s, &p, 1, c), 3 * ((3 + 3) + 1));
  /* out: 1 to 3 slots of a copy, or 1 or 2 accumulators */
  assert_int_equal(list(&s, &p, 2, c), 5);
  s = open_space(&ctx, make_kernel(&ctx.mem, MATMUL), mesh(&ctx.mem, 2, sizes), &(explore_options){.accumulate_f32 = true}, EXPLORE_ALL_RULES);
  assert_int_equal(list(&s, &p, 2, c), 3);
  /* all in one level: both shared along the other's dim only */
  unsigned all = (1u << PLAN_FEATURES) - 1;
  s = open_space(&ctx, make_kernel(&ctx.mem, MATMUL), mesh(&ctx.mem, 2, sizes), &(explore_options){.lacking = all}, EXPLORE_ALL_RULES);
  assert_int_equal(list(&s, &p, 0, c), 2 * 2);
  assert_int_equal(list(&s, &p, 2, c), 2);
  loom_ctx_done(&ctx);
}

/* Without a feature there is what the whole space has without the candidates that need it, in the same order. */
static void test_missing_features_leave_the_rest(void **state) {
  (void)state;
  static const int64_t sizes[] = {4, 2};
  static plan_choice full[CHOICES_MAX], c[CHOICES_MAX];
  static const unsigned features[] = {PLAN_NEEDS_HOIST_TEMPORAL, PLAN_NEEDS_PANEL, PLAN_NEEDS_CHAIN, PLAN_NEEDS_PARTIAL_AREA, PLAN_NEEDS_DEPTH3, PLAN_NEEDS_DIRECT_STORE};
  size_t dropped[COUNT_OF(features)] = {0};
  for (kernel k = 0; k < KERNELS; k++)
    for (size_t f = 0; f < COUNT_OF(features); f++) {
      loom_ctx ctx;
      loom_ctx_init(&ctx);
      const nest *n = make_kernel(&ctx.mem, k);
      const machine *m = mesh(&ctx.mem, 2, sizes);
      explore_options o = {.lacking = features[f]};
      explore_space all = open_space(&ctx, n, m, NULL, 0), s = open_space(&ctx, n, m, &o, 0);
      plan_choice chosen[PLAN_LOADS_MAX];
      for (int a = 0; a < s.n_access; a++)
        chosen[a] = (plan_choice){.area = {1, 1, 1}, .depth = 1};
      for (int64_t i = 0; i < all.n_mappings; i += 7) {
        plan_mapping p;
        explore_get_mapping(&all, i, (int)(i % all.n_orders), &p);
        for (int a = 0; a < s.n_access; a++) {
          size_t n_full = list(&all, &p, a, full), n_some = list(&s, &p, a, c), at = 0;
          for (size_t j = 0; j < n_full; j++) {
            arena_mark mark = arena_save(&ctx.mem);
            chosen[a] = full[j];
            if (explore_features(&all, &p, chosen) & features[f]) {
              dropped[f]++;
            } else {
              assert_true(at < n_some);
              assert_string_equal(choice_key(&ctx.mem, &full[j]), choice_key(&ctx.mem, &c[at]));
              at++;
            }
            arena_release(&ctx.mem, mark);
          }
          assert_int_equal(at, n_some);
          chosen[a] = (plan_choice){.area = {1, 1, 1}, .depth = 1};
        }
      }
      loom_ctx_done(&ctx);
    }
  for (size_t f = 0; f < COUNT_OF(features); f++)
    assert_true(dropped[f] > 0);
}

static void test_features_of_mappings_and_depths(void **state) {
  (void)state;
  static const struct { const char *split, *map; unsigned features; } cases[] = {
      {"split=x4_y2", "map=d0i0_d1i1", 0},
      {"split=x4_y1", "map=d0i0_d1i0", PLAN_NEEDS_OCCUPANCY},
      {"split=x2x2_y2", "map=d0i0_d1i1_d2i1", PLAN_NEEDS_ANY_MAPPING},
  };
  static const int64_t sizes[] = {4, 2};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    const char *const pins[] = {cases[i].split, cases[i].map};
    explore_space s = open_space(&ctx, make_kernel(&ctx.mem, MATMUL), mesh(&ctx.mem, 2, sizes), &(explore_options){.pins = pins, .n_pins = 2}, EXPLORE_ALL_RULES);
    plan_mapping p;
    explore_get_mapping(&s, 0, 0, &p);
    plan_choice chosen[] = {{.area = {1, 1}, .depth = 2}, {.area = {1, 1}, .depth = 2}, {.area = {1, 1}, .depth = 1}};
    assert_int_equal(explore_features(&s, &p, chosen), cases[i].features);
    chosen[1].depth = 1;
    assert_int_equal(explore_features(&s, &p, chosen), cases[i].features | PLAN_NEEDS_MIXED_DEPTH);
    loom_ctx_done(&ctx);
  }
}

/* A kernel that stores what it loads: a tile may have changed, so it is loaded where the source loads it. */
static void test_loads_of_stored_tensors_stay(void **state) {
  (void)state;
  static const int64_t sizes[] = {2, 2};
  static plan_choice c[CHOICES_MAX];
  for (int sequential = 0; sequential < 2; sequential++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    nest *n = make_kernel(&ctx.mem, sequential ? MATMUL : ELEMENTWISE);
    const nest_node *access[PLAN_LOADS_MAX];
    size_t count = nest_accesses(n, access, PLAN_LOADS_MAX);
    ((nest_node *)access[0])->tensor = access[count - 1]->tensor;
    explore_space s = open_space(&ctx, n, mesh(&ctx.mem, 2, sizes), NULL, EXPLORE_ALL_RULES);
    plan_mapping p;
    explore_get_mapping(&s, 0, 0, &p);
    int deepest = 0;
    for (size_t i = 0, k = list(&s, &p, 0, c); i < k; i++) {
      assert_int_equal(c[i].hoist, 0);
      deepest = c[i].depth > deepest ? c[i].depth : deepest;
    }
    assert_int_equal(deepest, sequential ? 1 : 3);      /* parallel iterations do not touch each other's tiles: the next may come early */
    loom_ctx_done(&ctx);
  }
}

static void test_pins_restrict_choices(void **state) {
  (void)state;
  static const struct { const char *pin; int access, y /* a plan_move; -1: any */, hoist, depth; } cases[] = {
      {"load.x=chain_y", 0, PLAN_CHAIN, -1, 0}, {"load.x=bcast_y", 0, PLAN_MULTICAST, -1, 0}, {"load.x=n", 0, PLAN_UNICAST, -1, 0},
      {"load.x=hoist2", 0, -1, 2, 0},           {"load.y=hoist2", 1, -1, 2, 0},               {"depth.x=3", 0, -1, -1, 3},
      {"depth.out=2", 2, -1, -1, 2},
  };
  static const int64_t sizes[] = {4, 4};
  static plan_choice c[CHOICES_MAX];
  for (size_t k = 0; k < COUNT_OF(cases); k++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    const char *const pins[] = {"split=x4_y4", "map=d0i0_d1i1", cases[k].pin};
    explore_space s = open_space(&ctx, make_kernel(&ctx.mem, MATMUL), mesh(&ctx.mem, 2, sizes), &(explore_options){.pins = pins, .n_pins = 3}, EXPLORE_ALL_RULES);
    plan_mapping p;
    explore_get_mapping(&s, 0, 0, &p);
    size_t n = list(&s, &p, cases[k].access, c);
    assert_true(n > 0);
    for (size_t i = 0; i < n; i++) {
      assert_true(cases[k].y < 0 || (int)c[i].move[1] == cases[k].y);
      assert_true(cases[k].hoist < 0 || c[i].hoist == cases[k].hoist);
      assert_true(!cases[k].depth || c[i].depth == cases[k].depth);
    }
    loom_ctx_done(&ctx);
  }
}

/* ---- names and counts ---- */

static void test_names_of_candidates_differ(void **state) {
  (void)state;
  static const int64_t sizes[] = {2, 2};
  static plan_choice c[3][CHOICES_MAX];
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  explore_space s = open_space(&ctx, make_kernel(&ctx.mem, MATMUL), mesh(&ctx.mem, 2, sizes), NULL, 0);
  explore_set names = {0};
  size_t rows = 0;
  for (int64_t i = 0; i < s.n_mappings; i += 2)
    for (int o = 0; o < 2; o++) {
      plan_mapping p;
      explore_get_mapping(&s, i, o, &p);
      size_t n[3];
      for (int a = 0; a < 3; a++)
        n[a] = list(&s, &p, a, c[a]);
      for (size_t x = 0; x < n[0]; x += 2)
        for (size_t y = 0; y < n[1]; y += 5)
          for (size_t z = 0; z < n[2]; z++) {
            const plan_choice chosen[] = {c[0][x], c[1][y], c[2][z]};
            explore_set_add(&ctx.mem, &names, explore_make_candidate(&ctx.mem, &s, &p, chosen)->name);
            rows++;
          }
    }
  assert_int_equal(names.n, rows);
  loom_ctx_done(&ctx);
}

static void test_plain_choices_have_upstreams_names(void **state) {
  (void)state;
  static const int64_t sizes[] = {8, 8};
  static plan_choice c[CHOICES_MAX];
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  const nest *n = make_kernel(&ctx.mem, MATMUL);
  const machine *m = mesh(&ctx.mem, 2, sizes);
  explore_table t;
  assert_int_equal(explore_run(&ctx, n, m, &(explore_options){.kind = EXPLORE_UPSTREAM}, &t), LOOM_OK);
  explore_space s = open_space(&ctx, n, m, NULL, 0);
  for (size_t r = 0; r < t.rows.n; r++) {
    const plan_candidate *row = t.rows.at[r];
    plan_choice chosen[3];
    for (int a = 0; a < 3; a++) {      /* the widest multicast, in place, one slot */
      size_t k = list(&s, &row->mapping, a, c);
      assert_true(k > 0);
      chosen[a] = c[0];
      for (int d = 0; d < 2; d++)
        assert_int_equal(chosen[a].area[d], row->access[a].area[d]);
    }
    const plan_candidate *ours = explore_make_candidate(&ctx.mem, &s, &row->mapping, chosen);
    assert_string_equal(ours->name, row->name);
    for (int a = 0; a < 3; a++)
      assert_true(memcmp(ours->access[a].levels, row->access[a].levels, sizeof row->access[a].levels) == 0);
  }
  plan_choice special[3] = {{.area = {1, 8}, .levels = {0, 2}, .move = {PLAN_UNICAST, PLAN_CHAIN}, .hoist = 2, .depth = 2}, {.area = {1, 1}, .depth = 3}, {.area = {1, 1}, .depth = 2, .direct = true}};
  assert_string_equal(explore_make_candidate(&ctx.mem, &s, &t.rows.at[0]->mapping, special)->name,
                      "matmul__x8_y1y8__d0i0_d1i0_d2i1__f01__dim_y_level1_ch8_h2_d2_n_d3_n_d2_acc");
  loom_ctx_done(&ctx);
}

static void test_count_is_the_number_of_rows(void **state) {
  (void)state;
  static const struct { kernel k; int64_t size[2]; const char *pin[3]; size_t n_pins; unsigned lacking; } cases[] = {
      {.k = MATMUL, .size = {3, 2}},
      {.k = MATMUL, .size = {4, 4}, .pin = {"load.x=chain_y", "depth.y=2", "order=10"}, .n_pins = 3},
      {.k = MATMUL, .size = {4, 4}, .pin = {"split=x4_y2y2", "load.y=hoist1", "depth.out=1"}, .n_pins = 3},
      {.k = BATCH_MATMUL, .size = {4, 2}},
      {.k = BATCH_MATMUL, .size = {4, 2}, .lacking = PLAN_NEEDS_PANEL | PLAN_NEEDS_PARTIAL_AREA},
      {.k = BATCH_MATMUL, .size = {4, 2}, .lacking = PLAN_NEEDS_CHAIN | PLAN_NEEDS_DEPTH3 | PLAN_NEEDS_ANY_MAPPING | PLAN_NEEDS_DIRECT_STORE},
      {.k = BATCH_MATMUL, .size = {4, 2}, .lacking = PLAN_NEEDS_HOIST_TEMPORAL | PLAN_NEEDS_OCCUPANCY, .pin = {"load.x=n"}, .n_pins = 1},
      {.k = DECODE, .size = {4, 2}},
      {.k = MAMBA, .size = {2, 2}},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    explore_options o = {.pins = cases[i].pin, .n_pins = cases[i].n_pins, .lacking = cases[i].lacking};
    const nest *n = make_kernel(&ctx.mem, cases[i].k);
    const machine *m = mesh(&ctx.mem, 2, cases[i].size);
    explore_space all = open_space(&ctx, n, m, &o, 0), s = open_space(&ctx, n, m, &o, EXPLORE_ALL_RULES);
    double rows = 0;
    for (int64_t k = 0; k < all.n_mappings; k++)
      for (int order = 0; order < all.n_orders; order++) {
        plan_mapping p;
        explore_get_mapping(&all, k, order, &p);
        double product = 1;
        for (int a = 0; a < all.n_access; a++)
          product *= (double)explore_list_choices(&all, &p, a, NULL, 0);
        rows += product;
      }
    double counted = explore_count(&ctx, &s);
    assert_true(rows > 0 && (counted == rows || (rows > 9e15 && fabs(counted - rows) < rows * 1e-9)));
    loom_ctx_done(&ctx);
  }
}

/* ---- lemmas: a model that is any monotone function of what the positions say ---- */

enum { DRAM, L1, FIRST, READER, INNER, SERIAL, SLOTS, COLUMNS };

typedef struct stub {
  const explore_space *s;
  uint64_t seed;
  int64_t trips[NEST_LOOPS_MAX];
  int64_t runs[NEST_LOOPS_MAX];         /* of a causal loop over all turns of the loop it depends on: none where it is too early */
  int64_t gap[PLAN_LOADS_MAX][NEST_LOOPS_MAX + 1];      /* cycles the slot is free for at a position outside of no temporal loop */
  int64_t weight[COLUMNS], divisor[COLUMNS], other[COLUMNS];
} stub;

static stub make_stub(const explore_space *s, uint64_t seed) {
  rng r = rng_new(seed);
  stub x = {.s = s, .seed = seed};
  for (size_t l = 0; l < s->nest->loops.n; l++)
    x.trips[l] = (int)l < s->n_parallel && (s->one_trip & 1u << l) ? 1 : rng_range(&r, 1, 4);
  for (size_t l = (size_t)s->n_parallel; l < s->nest->loops.n; l++)
    for (int outer = 0; outer < s->n_parallel; outer++)
      if (nest_loop_uses(s->nest, (int)l, outer))
        x.runs[l] = rng_range(&r, 1, x.trips[l] * x.trips[outer]);
  for (int a = 0; a < s->n_access; a++)
    for (int h = 0; h <= NEST_LOOPS_MAX; h++)
      x.gap[a][h] = rng_range(&r, 0, 20);
  for (int c = 0; c < COLUMNS; c++) {
    x.weight[c] = rng_range(&r, 0, 5);
    x.divisor[c] = rng_range(&r, 1, 9);
    x.other[c] = rng_range(&r, 0, 5);
  }
  return x;
}

/* Cycles of one transfer: any function of the way it is shared and its bytes. */
static int64_t transfer(const stub *x, int a, const plan_mapping *p, const plan_choice *c, int64_t bytes) {
  uint64_t h = x->seed * 31 + (uint64_t)a;
  for (int d = 0; d < p->n_mesh; d++)
    h = (h * 1000003 + (uint64_t)c->area[d] * 8 + (uint64_t)c->move[d]) * 0x9E3779B97F4A7C15u;
  return 1 + (int64_t)(h >> 60) + bytes * (1 + (int64_t)(h >> 32 & 3));
}

static void price(const stub *x, const plan_mapping *p, int a, const plan_choice *c, int64_t *v) {
  const explore_load *l = &x->s->impl->access[a];
  int64_t slot = 1 + a % 3, times = 1, senders = 1, lifted = 1;
  int around = p->n_iters + l->n_seq;
  for (int i = 0; i < around; i++) {
    int loop = i < l->n_seq ? l->seq[l->n_seq - 1 - i] : p->order[p->n_iters - 1 - (i - l->n_seq)];
    if (i >= c->hoist)
      times *= x->trips[loop];
    else
      lifted *= x->trips[loop];
    if (i < c->hoist && (c->panel >> i & 1))
      slot *= x->trips[loop];
  }
  for (int k = 0; k < l->n_seq - c->hoist; k++)
    for (int outer = 0; outer < p->n_iters; outer++)
      if (nest_loop_uses(x->s->nest, l->seq[k], outer))      /* inside both, as parallel loops are lifted over last */
        times = times / (x->trips[l->seq[k]] * x->trips[outer]) * x->runs[l->seq[k]];
  for (int d = 0; d < p->n_mesh; d++)
    senders *= p->mesh_size[d] / c->area[d];
  int64_t each = transfer(x, a, p, c, slot);
  memset(v, 0, COLUMNS * sizeof *v);
  v[DRAM] = slot * times * senders;
  v[L1] = slot * c->depth;
  v[FIRST] = each;
  v[READER] = each * times;
  if (l->is_store) {
    v[SERIAL] = c->direct && c->depth == 1 ? each * times : 0;
    return;
  }
  int64_t gap = c->hoist <= l->n_seq ? x->gap[a][c->hoist] : 0;
  bool is_inner = lifted == 1;          /* outside of loops of one trip only: where it was */
  v[INNER] = is_inner ? each : 0;
  v[SERIAL] = c->depth == 1 && each > gap ? times * (each - gap) : 0;
  v[SLOTS] = is_inner ? 4 - c->depth : 0;
}

static int64_t stub_total(const void *data, const int64_t *sum) {
  const stub *x = data;
  int64_t most = 0, others = 0;
  for (int c = 0; c < COLUMNS; c++) {
    int64_t v = x->weight[c] * ((sum[c] + x->divisor[c] - 1) / x->divisor[c]);
    most = v > most ? v : most;
    others += x->other[c] * sum[c];
  }
  return most + others / 4 + (sum[SLOTS] > 1) * sum[INNER];
}

/* v in every column at most w */
static bool covers(const int64_t *v, const int64_t *w) {
  for (int c = 0; c < COLUMNS; c++)
    if (v[c] > w[c])
      return false;
  return true;
}

static size_t price_all(const explore_space *s, const stub *x, int64_t mapping, int order, int a, int64_t (*out)[COLUMNS]) {
  static plan_choice c[CHOICES_MAX];
  plan_mapping p;
  explore_get_mapping(s, mapping, order, &p);
  size_t n = list(s, &p, a, c);
  for (size_t i = 0; i < n; i++)
    price(x, &p, a, &c[i], out[i]);
  return n;
}

/* Every choice written out, under every order, has one among those kept that is nowhere worse; per access, so for all accesses together too. */
static void test_free_lifts_idle_slots_and_order_classes_lose_nothing(void **state) {
  (void)state;
  static const int64_t sizes[] = {3, 2};
  static int64_t full[CHOICES_MAX][COLUMNS], kept[CHOICES_MAX][COLUMNS];
  size_t dropped = 0, dropped_orders = 0;
  for (kernel k = 0; k < KERNELS; k++)
    for (uint64_t seed = 1; seed <= (k == MAMBA ? 3 : 12); seed++) {
      loom_ctx ctx;
      loom_ctx_init(&ctx);
      const nest *n = make_kernel(&ctx.mem, k);
      const machine *m = mesh(&ctx.mem, 2, sizes);
      explore_options o = {.lacking = seed % 3 == 0 ? PLAN_NEEDS_PANEL : 0};
      explore_space all = open_space(&ctx, n, m, &o, 0), s = open_space(&ctx, n, m, &o, EXPLORE_ALL_RULES);
      assert_int_equal(all.n_mappings, s.n_mappings);
      stub x = make_stub(&s, seed);
      uint32_t one_trip = 0;
      for (int i = 0; i < s.n_parallel; i++)
        one_trip |= x.trips[i] == 1 ? 1u << i : 0;
      int orders[720], n_orders = explore_list_orders(&s, one_trip, orders);
      dropped_orders += (size_t)(s.n_orders - n_orders);
      for (int64_t i = 0; i < s.n_mappings; i += 2)
        for (int order = 0; order < s.n_orders; order++) {
          bool is_served = false;      /* one kept order must do for all accesses at once */
          for (int q = 0; q < n_orders && !is_served; q++) {
            is_served = true;
            for (int a = 0; a < s.n_access && is_served; a++) {
              size_t n_full = price_all(&all, &x, i, order, a, full), n_kept = price_all(&s, &x, i, orders[q], a, kept);
              dropped += n_full - n_kept;
              for (size_t f = 0; f < n_full && is_served; f++) {
                bool is_covered = false;
                for (size_t g = 0; g < n_kept && !is_covered; g++)
                  is_covered = covers(kept[g], full[f]);
                is_served = is_covered;
              }
            }
          }
          if (!is_served)
            fail_msg("kernel %d seed %d mapping %d order %d", (int)k, (int)seed, (int)i, order);
        }
      loom_ctx_done(&ctx);
    }
  assert_true(dropped > 0 && dropped_orders > 0);
}

/* All mappings, orders and choices against the columns, classes and the Pareto search: the same best total and sums. */
static void test_the_search_finds_what_everything_written_out_has(void **state) {
  (void)state;
  static const struct { kernel k; int n; int64_t size[2]; } cases[] = {{MATMUL, 2, {3, 2}}, {ELEMENTWISE, 2, {2, 2}}, {DECODE, 1, {2}}};
  static int64_t v[4][CHOICES_MAX][COLUMNS];
  for (size_t z = 0; z < COUNT_OF(cases); z++)
    for (uint64_t seed = 1; seed <= 2; seed++) {
      loom_ctx ctx;
      loom_ctx_init(&ctx);
      const nest *n = make_kernel(&ctx.mem, cases[z].k);
      const machine *m = mesh(&ctx.mem, cases[z].n, cases[z].size);
      explore_space all = open_space(&ctx, n, m, NULL, 0), s = open_space(&ctx, n, m, NULL, EXPLORE_ALL_RULES);
      stub x = make_stub(&s, seed);
      int64_t limit[COLUMNS], best = INT64_MAX, best_sum[COLUMNS] = {0};
      for (int c = 0; c < COLUMNS; c++)
        limit[c] = c == L1 ? 24 : INT64_MAX;
      size_t counts[4], pick[4];
      assert_true(s.n_access <= 4);
      for (int64_t i = 0; i < all.n_mappings; i++)
        for (int o = 0; o < all.n_orders; o++) {
          for (int a = 0; a < all.n_access; a++)
            counts[a] = price_all(&all, &x, i, o, a, v[a]);
          if (counts[0] * counts[1] > 20000)
            continue;
          memset(pick, 0, sizeof pick);
          for (int a = 0; a >= 0;) {
            int64_t sum[COLUMNS] = {0};
            for (int b = 0; b < all.n_access; b++)
              for (int c = 0; c < COLUMNS; c++)
                sum[c] = c != SLOTS ? sum[c] + v[b][pick[b]][c] : v[b][pick[b]][c] > sum[c] ? v[b][pick[b]][c] : sum[c];
            if (sum[L1] <= limit[L1]) {
              int64_t total = stub_total(&x, sum);
              int less = total < best;
              for (int c = 0; c < COLUMNS && total == best && !less; c++)
                if (sum[c] != best_sum[c]) {
                  less = sum[c] < best_sum[c];
                  break;
                }
              if (less) {
                best = total;
                memcpy(best_sum, sum, sizeof sum);
              }
            }
            for (a = all.n_access - 1; a >= 0 && ++pick[a] == counts[a]; a--)
              pick[a] = 0;
          }
        }
      explore_pick found = {.total = INT64_MAX};
      explore_effort effort = {0};
      int64_t at_most = INT64_MAX;
      int orders[24], n_orders = explore_list_orders(&s, 0, orders);
      for (int64_t i = 0; i < s.n_mappings; i++)
        for (int q = 0; q < n_orders; q++) {
          const int64_t *vectors[4];
          for (int a = 0; a < s.n_access; a++) {
            counts[a] = price_all(&s, &x, i, orders[q], a, v[a]);
            vectors[a] = v[a][0];
          }
          explore_terms t = {s.n_access, COLUMNS, 1u << SLOTS, limit, counts, vectors, stub_total, &x};
          explore_pick now;
          if (!explore_pick_choices(&ctx.scratch, &t, at_most, &now, &effort))
            continue;
          int c = 0;
          while (c < COLUMNS && now.sum[c] == found.sum[c])
            c++;
          if (now.total < found.total || (c < COLUMNS && now.sum[c] < found.sum[c]))
            found = now;
          at_most = found.total;
        }
      assert_true(best < INT64_MAX);
      assert_int_equal(found.total, best);
      for (int c = 0; c < COLUMNS; c++)
        assert_int_equal(found.sum[c], best_sum[c]);
      loom_ctx_done(&ctx);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_areas_are_the_rectangles_that_load_the_same),
      cmocka_unit_test(test_choices_are_listed_once_and_panels_are_what_moves),
      cmocka_unit_test(test_ways_are_those_of_all_choices),
      cmocka_unit_test(test_choices_of_a_matmul),
      cmocka_unit_test(test_missing_features_leave_the_rest),
      cmocka_unit_test(test_features_of_mappings_and_depths),
      cmocka_unit_test(test_loads_of_stored_tensors_stay),
      cmocka_unit_test(test_pins_restrict_choices),
      cmocka_unit_test(test_names_of_candidates_differ),
      cmocka_unit_test(test_plain_choices_have_upstreams_names),
      cmocka_unit_test(test_count_is_the_number_of_rows),
      cmocka_unit_test(test_free_lifts_idle_slots_and_order_classes_lose_nothing),
      cmocka_unit_test(test_the_search_finds_what_everything_written_out_has),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
