/* A loop that a gather makes one wave: of the tiles of which there are equally many, the least is the best.  Nothing falls when such a tile grows, so
 * a search may leave the larger ones out. */
#include "model/model.h"
#include "model/model_testing.h"

static void find_gathered(const nest_body *b, uint32_t *loops) {
  for (size_t i = 0; i < b->n; i++) {
    if (b->at[i]->kind == NEST_GATHER)
      *loops |= 1u << b->at[i]->across;
    find_gathered(&b->at[i]->body, loops);
  }
}

static int symbol_of(const nest *n, int loop) {
  for (size_t s = 0; s < n->symbols.n; s++)
    if (strcmp(n->symbols.at[s].name, n->loops.at[loop].block) == 0)
      return (int)s;
  fail_msg("loop %d has no block symbol", loop);
  return -1;
}

typedef struct priced { int64_t cycles, l1_bytes, dram_bytes; } priced;
static bool price(loom_ctx *ctx, rng r, const model_program *p, const plan_mapping *map, const int64_t *blocks, priced *out) {
  model_grid g;
  model_point at;
  model_vector sum;
  plan_choice chosen[PLAN_LOADS_MAX];
  model_grid_of(map, &g);
  if (!model_set_blocks(p, &g, blocks, &at) || !testing_price(ctx, &r, p, map, &at, chosen, &sum))      /* by value: the same choices every time */
    return false;
  *out = (priced){model_total(p, &at, &sum), sum.l1_bytes + at.l1_bytes, sum.dram_bytes};
  return true;
}

static void test_the_least_of_equally_many_tiles_is_best(void **state) {
  (void)state;
  rng r = rng_new(71);
  int grew = 0, compared = 0;
  for (int i = 4; i < 6; i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    machine *m = testing_machine(&ctx, "wormhole", 4, 3);
    nest *n = testing_nest(&ctx.mem, i);
    uint32_t gathered = 0;
    find_gathered(&n->body, &gathered);
    assert_int_not_equal(gathered, 0);
    int loop = __builtin_ctz(gathered), symbol = symbol_of(n, loop);
    int64_t extent;
    assert_true(sym_is_const(n->loops.at[loop].extent, &extent));
    for (int k = 0; k < 900; k++) {
      model_program *p;
      plan_mapping map;
      priced least, larger;
      int64_t blocks[MODEL_BLOCKS_MAX];
      arena_mark mark = arena_save(&ctx.mem);
      m->pads_edges = k % 3 == 0;
      assert_int_equal(model_compile(&ctx, n, m, k % 2, MODEL_IN_PLACE, &p), LOOM_OK);
      testing_mapping(&r, n, m, &map);
      for (int s = 0; s < p->n_blocks; s++)
        blocks[s] = rng_range(&r, 1, testing_upper(n, s));
      int64_t tiles = rng_range(&r, 1, plan_iter_cores(&map, loop)), size = (extent + tiles - 1) / tiles, more = size;
      tiles = (extent + size - 1) / size;
      while ((extent + more) / (more + 1) == tiles && more < extent && rng_range(&r, 0, 7))
        more++;
      blocks[symbol] = size;
      bool fits = price(&ctx, r, p, &map, blocks, &least);
      blocks[symbol] = more;
      if (fits && price(&ctx, r, p, &map, blocks, &larger)) {
        if (least.cycles > larger.cycles || least.l1_bytes > larger.l1_bytes || least.dram_bytes > larger.dram_bytes)
          fail_msg("%s: %lld tiles of %lld take %lld cycles, of %lld %lld", n->kernel, (long long)tiles, (long long)size, (long long)least.cycles, (long long)more,
                   (long long)larger.cycles);
        compared++;
        grew += larger.cycles > least.cycles;
      }
      arena_release(&ctx.mem, mark);
    }
    loom_ctx_done(&ctx);
  }
  assert_true(compared > 1200 && grew > 100);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_least_of_equally_many_tiles_is_best)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
