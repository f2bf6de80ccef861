/* What the first and the last wave say of a mapping's ways: never more than what is priced, the same from a cache, and more than sizes alone say. */
#include "model/model_bound.h"
#include "model/model_testing.h"

/* Active cores of each parallel loop in the first wave and in the last. */
static void active_of(const model_program *p, const model_point *at, bool last, int64_t *out) {
  for (int i = 0; i < p->n_parallel; i++)
    out[i] = at->waves[i].active[last ? at->waves[i].n - 1 : 0];
}

static model_way way_at(model_router *r, const model_program *p, const model_point *at, int access, const plan_choice *c) {
  int64_t active[PLAN_ITERS_MAX];
  active_of(p, at, p->access[access].is_store, active);
  return model_router_find(r, active, access, c);
}

static machine *machine_of(loom_ctx *ctx, int i) {
  machine *m = testing_machine(ctx, i % 2 ? "blackhole" : "wormhole", 3 + i % 4, 2 + i % 3);
  m->mesh.at[0].wraps = i % 3 > 0;
  m->pads_edges = i % 4 == 1;
  return m;
}

/* Sizes of random blocks; sizes[s] from..to holds one of them. */
static void random_point(rng *r, const nest *n, const machine *m, const model_program *p, const model_domain *d, plan_mapping *map, int32_t *index, model_point *at) {
  model_grid g;
  int64_t blocks[MODEL_BLOCKS_MAX];
  testing_mapping(r, n, m, map);
  model_grid_of(map, &g);
  for (int s = 0; s < p->n_blocks; s++) {
    index[s] = (int32_t)rng_range(r, 0, d[s].n - 1);
    blocks[s] = d[s].at[index[s]];
  }
  assert_true(model_set_blocks(p, &g, blocks, at));
}

/* The first load of one tile and the last store, against their prices. */
static void test_ends_are_never_above_their_price(void **state) {
  (void)state;
  rng r = rng_new(41);
  int64_t looked = 0, tight = 0;
  for (int i = 0; i < TESTING_ALL_NESTS; i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    machine *m = machine_of(&ctx, i);
    nest *n = testing_any_nest(&ctx.mem, i, m);
    model_program *p;
    assert_int_equal(model_compile(&ctx, n, m, true, MODEL_IN_PLACE, &p), LOOM_OK);
    model_domain d[MODEL_BLOCKS_MAX];
    testing_domains(&ctx.mem, n, d);
    model_router *kept = model_router_make(&ctx.mem, p);
    for (int k = 0; k < 60; k++) {
      plan_mapping map;
      int32_t index[MODEL_BLOCKS_MAX];
      model_point at;
      arena_mark mark = arena_save(&ctx.scratch);
      random_point(&r, n, m, p, d, &map, index, &at);
      model_router *fresh = model_router_make(&ctx.scratch, p);
      model_router_place(kept, &map);
      model_router_place(fresh, &map);
      for (int a = 0; a < p->n_access; a++) {
        plan_choice c;
        int64_t bytes;
        model_vector v;
        testing_choice(&r, p, &map, a, &c);
        c.hoist = 0;
        c.panel = 0;
        const plan_choice *choices[PLAN_LOADS_MAX] = {NULL};
        size_t count[PLAN_LOADS_MAX] = {0};
        model_route *routes[PLAN_LOADS_MAX];
        choices[a] = &c;
        count[a] = 1;
        assert_int_equal(model_find_routes(&ctx, p, &map, &at, choices, count, routes), LOOM_OK);
        assert_true(program_tile_bytes(&p->access[a], at.block, &bytes));
        model_way w = way_at(kept, p, &at, a, &c), again = way_at(fresh, p, &at, a, &c);
        assert_memory_equal(&w, &again, sizeof w);
        if (!model_price(p, &at, a, &c, routes[a], &v) || (!p->access[a].is_store && !p->access[a].is_first))
          continue;
        bounder b = {.p = p};           /* the point alone: one tile's channels */
        bound_slot slot[BOUND_SLOTS_MAX];
        memcpy(b.least, at.block, sizeof b.least);
        memcpy(b.most, at.block, sizeof b.most);
        bound_slots(&b, at.grid.cores, a, (double)bytes, 1, slot);
        double end = w.base + larger(w.slope * (double)bytes, w.beyond * (double)bytes + larger(slot[0].own * (double)bytes, w.drawn * (slot[0].spread * (double)bytes - 1)));
        int64_t priced = p->access[a].is_store ? v.last : v.first;
        if (end > (double)priced + 1e-6)
          fail_msg("kernel %d, case %d, access %d: end %f, priced %lld", i, k, a, end, (long long)priced);
        looked++;
        tight += end + 16 > (double)priced;
      }
      arena_release(&ctx.scratch, mark);
    }
    loom_ctx_done(&ctx);
  }
  assert_true(looked > 1000 && tight * 4 > looked * 3);
}

/* Cases of three mappings of random ways, one of which is priced: at the point, and in a box around it in which the waves are the same. */
static void test_bounds_by_cases_are_never_above(void **state) {
  (void)state;
  rng r = rng_new(43);
  int64_t looked = 0, more = 0, waiting = 0;
  for (int i = 0; i < TESTING_ALL_NESTS; i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    machine *m = machine_of(&ctx, i);
    nest *n = testing_any_nest(&ctx.mem, i, m);
    model_program *p;
    assert_int_equal(model_compile(&ctx, n, m, i % 3 == 0, MODEL_IN_PLACE, &p), LOOM_OK);
    model_domain d[MODEL_BLOCKS_MAX];
    testing_domains(&ctx.mem, n, d);
    model_router *router = model_router_make(&ctx.scratch, p);
    for (int k = 0; k < 100; k++) {
      enum { CASES = 3, WAYS = 4 };
      plan_mapping map;
      int32_t index[MODEL_BLOCKS_MAX], from[MODEL_BLOCKS_MAX], to[MODEL_BLOCKS_MAX];
      model_point at;
      plan_choice chosen[PLAN_LOADS_MAX];
      model_vector sum;
      model_way way[CASES][PLAN_LOADS_MAX][WAYS];
      model_case cases[CASES];
      const model_case *list[CASES];
      arena_mark mark = arena_save(&ctx.mem);
      random_point(&r, n, m, p, d, &map, index, &at);
      bool is_priced = testing_price(&ctx, &r, p, &map, &at, chosen, &sum);
      model_router_place(router, &map);
      int right = (int)rng_range(&r, 0, CASES - 1);
      memset(cases, 0, sizeof cases);
      for (int c = 0; c < CASES; c++) {
        list[c] = &cases[c];
        for (int a = 0; a < p->n_access; a++) {
          cases[c].way[a] = way[c][a];
          cases[c].n[a] = (int)rng_range(&r, 1, WAYS);
          for (int w = 0; w < cases[c].n[a]; w++) {
            plan_choice other;
            testing_choice(&r, p, &map, a, &other);
            way[c][a][w] = way_at(router, p, &at, a, c == right && w == 0 ? &chosen[a] : &other);
          }
        }
      }
      model_known none = {0}, known = {.cases = list, .n_cases = CASES, .full = model_full_part(p, &at)}, one = {.cases = &list[right], .n_cases = 1, .full = known.full};
      if (k % 2)                        /* no room but for what is chosen */
        none.l1_bytes = known.l1_bytes = one.l1_bytes = is_priced ? sum.l1_bytes + at.l1_bytes : 0;
      if (k % 4 < 2)
        none.one_slot = known.one_slot = one.one_slot = testing_has_one_slot(p, chosen);
      waiting += known.one_slot;
      memcpy(from, index, sizeof from);
      memcpy(to, index, sizeof to);
      for (int s = 0; s < p->n_blocks; s++) {
        bool has_waves = false;
        for (int l = 0; l < p->n_parallel; l++)
          has_waves = has_waves || p->loop[l].symbol == s || p->loop[l].size.kind != PROGRAM_CONST;
        from[s] = has_waves ? index[s] : (int32_t)rng_range(&r, 0, index[s]);
        to[s] = has_waves ? index[s] : (int32_t)rng_range(&r, index[s], d[s].n - 1);
      }
      if (is_priced) {
        int64_t cycles = model_total(p, &at, &sum), box = model_bound(p, at.grid.cores, &known, d, from, to), here = model_bound(p, at.grid.cores, &known, d, index, index);
        int64_t point = model_bound_point(p, &at, &known), alone = model_bound_point(p, &at, &one), without = model_bound_point(p, &at, &none);
        if (box > here || here > point || point > alone || alone > cycles)
          fail_msg("kernel %d, case %d: bounds %lld (box) %lld (point) %lld (its compute) %lld (its mapping), cycles %lld", i, k, (long long)box, (long long)here, (long long)point,
                   (long long)alone, (long long)cycles);
        assert_true(without <= point);
        more += without < alone;
        looked++;
      }
      arena_release(&ctx.mem, mark);
    }
    loom_ctx_done(&ctx);
  }
  assert_true(looked > 1000 && more * 2 > looked && waiting > 50);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_ends_are_never_above_their_price),
      cmocka_unit_test(test_bounds_by_cases_are_never_above),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
