/* The loom model: its sums against counts over cores and turns, its monotonicity, its bounds. */
#include "model/model_testing.h"

static int64_t cd(int64_t a, int64_t b) { return (a + b - 1) / b; }

/* All cores, all their turns, one by one. */
static void test_the_worst_core_walks_what_is_counted(void **state) {
  (void)state;
  model_program p = {.pads = false};
  rng r = rng_new(3);
  for (int i = 0; i < 3000; i++) {
    int64_t extent = rng_range(&r, 1, 400), t = rng_range(&r, 1, 90), cores = rng_range(&r, 1, 12), most = 0;
    for (int64_t c = 0; c < cores; c++) {
      int64_t walked = 0;
      for (int64_t tile = c; tile * t < extent; tile += cores)
        walked += extent - tile * t < t ? extent - tile * t : t;
      most = walked > most ? walked : most;
    }
    program_turns x;
    program_parallel_turns(&p, extent, t, cores, &x);
    int64_t walked = 0, turns = 0;
    for (int k = 0; k < x.n; k++) {
      walked += x.count[k] * x.size[k];
      turns += x.count[k];
    }
    assert_int_equal(walked, most);
    assert_int_equal(turns, cd(cd(extent, t), cores));
    program_sequential_turns(&p, extent, t, &x);
    walked = 0;
    for (int k = 0; k < x.n; k++)
      walked += x.count[k] * x.size[k];
    assert_int_equal(walked, extent);
  }
}

static void test_padded_edges_cost_whole_tiles(void **state) {
  (void)state;
  model_program p = {.pads = true};
  program_turns x;
  program_parallel_turns(&p, 33, 32, 2, &x);
  assert_true(x.n == 1 && x.count[0] == 1 && x.size[0] == 32);
  program_sequential_turns(&p, 100, 32, &x);
  assert_true(x.n == 1 && x.count[0] == 4 && x.size[0] == 32);
}

/* matmul: every core's product of every turn, at the extents it has. */
static int64_t counted_compute(const int64_t e[3], const int64_t t[3], const int32_t cores[2], const sym_code *cost) {
  int64_t most = 0;
  for (int64_t x = 0; x < cores[0]; x++)
    for (int64_t y = 0; y < cores[1]; y++) {
      int64_t sum = 0;
      for (int64_t i = x; i * t[0] < e[0]; i += cores[0])
        for (int64_t j = y; j * t[1] < e[1]; j += cores[1])
          for (int64_t k = 0; k * t[2] < e[2]; k++) {
            int64_t slots[] = {e[0] - i * t[0], e[1] - j * t[1], e[2] - k * t[2]}, v;
            for (int s = 0; s < 3; s++)
              slots[s] = slots[s] < t[s] ? slots[s] : t[s];
            assert_true(sym_run(cost, slots, &v));
            sum += v;
          }
      most = sum > most ? sum : most;
    }
  return most;
}

static void test_compute_is_the_busiest_core_s(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  machine *m = testing_machine(&ctx, "wormhole", 0, 0);
  rng r = rng_new(5);
  for (int i = 0; i < 60; i++) {
    int64_t e[3], t[3];
    for (int s = 0; s < 3; s++) {
      e[s] = rng_range(&r, 1, 500);
      t[s] = 32 * rng_range(&r, 1, 5);
    }
    model_program *p;
    assert_int_equal(model_compile(&ctx, nest_make_matmul(&ctx.mem, e[0], e[1], e[2], DTYPE_F16, DTYPE_F16), m, false, MODEL_IN_PLACE, &p), LOOM_OK);
    model_grid g = {.cores = {(int32_t)rng_range(&r, 1, 4), (int32_t)rng_range(&r, 1, 4)}, .order = {0, 1}};
    model_point at;
    assert_true(model_set_blocks(p, &g, t, &at));
    /* the fill and the product: the two nodes; the fill's cycles are counted with one turn of k */
    int64_t products = counted_compute(e, t, g.cores, p->compute[1].cost), fills = counted_compute((const int64_t[]){e[0], e[1], 1}, (const int64_t[]){t[0], t[1], 1}, g.cores, p->compute[0].cost);
    assert_int_equal(at.compute, products + fills);
  }
  loom_ctx_done(&ctx);
}

static int64_t compute_of(loom_ctx *ctx, machine *m, nest *n, bool concurrent, const int64_t *blocks) {
  model_program *p;
  m->has_concurrent_units = concurrent;
  assert_int_equal(model_compile(ctx, n, m, false, MODEL_IN_PLACE, &p), LOOM_OK);
  model_grid g = {.cores = {1, 1}, .order = {0, 1}};
  model_point at;
  assert_true(model_set_blocks(p, &g, blocks, &at));
  return at.compute;
}

/* Two products of the same loads: one after the other on one unit; a product beside an elementwise op: the longer of both. */
static void test_units_work_at_once_when_the_machine_can(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  machine *m = testing_machine(&ctx, "wormhole", 0, 0);
  const int64_t blocks[] = {64, 64, 64};
  nest *n = nest_make_matmul(&ctx.mem, 64, 64, 64, DTYPE_F16, DTYPE_F16);
  nest_node *loop = n->body.at[1], *product = loop->body.at[2];
  int64_t alone = compute_of(&ctx, m, n, false, blocks);
  assert_int_equal(compute_of(&ctx, m, n, true, blocks), alone);
  nest_node *beside = nest_make_node(&ctx.mem, NEST_COMPUTE);
  beside->op = "generic";
  beside->body_ops = "math.exp";
  beside->m = sym_const(&ctx.mem, 1 << 15);
  beside->k = sym_const(&ctx.mem, 1);
  beside->value = (int)n->values.n;
  nest_value v = n->values.at[product->inputs.at[0]];
  v.def = beside;
  vec_push(&ctx.mem, &n->values, v);
  vec_push(&ctx.mem, &beside->inputs, product->inputs.at[0]);
  vec_push(&ctx.mem, &loop->body, beside);
  int64_t both = compute_of(&ctx, m, n, false, blocks), exp = both - alone, merged = compute_of(&ctx, m, n, true, blocks);
  int64_t fill = cd(2 * 64 * 64, 60), matmul = alone - fill;
  assert_int_equal(exp, 1 + cd(1 << 15, 7));
  assert_int_equal(merged, fill + (exp > matmul ? exp : matmul));
  vec_push(&ctx.mem, &beside->inputs, product->value);      /* now it needs the product */
  assert_int_equal(compute_of(&ctx, m, n, true, blocks), both);
  loom_ctx_done(&ctx);
}

/* ---- DRAM bytes ---- */

typedef struct count_state { const model_program *p; const plan_mapping *map; const program_access *a; const int64_t *blocks; uint32_t over; int64_t index[PLAN_ITERS_MAX]; int64_t bytes; } count_state;

static int64_t extent_of(const model_program *p, int l) { return p->loop[l].size.value; }

/* Elements that dim d has in this turn; a dim whose loop was lifted over has those of all the core's turns of it. */
static int64_t counted_dim(const count_state *s, int d, const int64_t *at) {
  int l = s->a->loop[d];
  if (l < 0)
    return s->a->size[d].value;
  int64_t t = s->blocks[s->p->loop[l].symbol], sum = 0, e = extent_of(s->p, l);
  int64_t step = l < s->p->n_parallel ? plan_iter_cores(s->map, l) : 1, first = l < s->p->n_parallel ? s->index[l] : 0;
  bool is_lifted = s->over & 1u << l;
  for (int64_t tile = is_lifted ? first : at[l]; tile * t < e; tile += step) {
    sum += e - tile * t < t ? e - tile * t : t;
    if (!is_lifted)
      break;
  }
  return sum;
}

static void count_turns_of(count_state *s, int loop, int64_t *at) {
  while (loop < s->p->n_loops && (!(s->a->loops & 1u << loop) || (s->over & 1u << loop)))
    loop++;
  if (loop == s->p->n_loops) {
    int64_t bytes = s->a->elem_bytes;
    for (int d = 0; d < s->a->rank; d++)
      bytes *= counted_dim(s, d, at);
    s->bytes += bytes;
    return;
  }
  int64_t tiles = cd(extent_of(s->p, loop), s->blocks[s->p->loop[loop].symbol]), cores = loop < s->p->n_parallel ? plan_iter_cores(s->map, loop) : 1;
  for (int64_t wave = 0; wave < cd(tiles, cores); wave++) {
    at[loop] = wave * cores + (loop < s->p->n_parallel ? s->index[loop] : 0);
    count_turns_of(s, loop + 1, at);
  }
}

static int64_t counted_bytes(const model_program *p, const plan_mapping *map, int access, const plan_choice *c, const int64_t *blocks) {
  count_state s = {.p = p, .map = map, .a = &p->access[access], .blocks = blocks};
  for (int i = 0; i < c->hoist; i++) {
    int from = p->n_parallel + s.a->n_seq - 1 - i;
    s.over |= 1u << (from < p->n_parallel ? map->order[from] : s.a->seq[from - p->n_parallel]);
  }
  int64_t xy[PLAN_MESH_MAX] = {0};
  for (xy[0] = 0; xy[0] < map->mesh_size[0]; xy[0]++)
    for (xy[1] = 0; xy[1] < map->mesh_size[1]; xy[1]++) {
      if (xy[0] % c->area[0] || xy[1] % c->area[1])
        continue;
      int64_t left[2] = {xy[0], xy[1]}, at[NEST_LOOPS_MAX];
      memset(s.index, 0, sizeof s.index);
      for (int l = 0; l < map->n_logical; l++) {
        const plan_logical *z = &map->logical[l];
        s.index[z->iter] = s.index[z->iter] * z->size + left[z->mesh_dim] % z->size;
        left[z->mesh_dim] /= z->size;
      }
      count_turns_of(&s, 0, at);
    }
  return s.bytes;
}

static void test_dram_bytes_equal_the_boxes_of_all_cores(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  rng r = rng_new(11);
  machine *m = testing_machine(&ctx, "wormhole", 4, 3);
  for (int i = 0; i < 4; i++) {
    nest *n = testing_nest(&ctx.mem, i);
    model_program *p;
    assert_int_equal(model_compile(&ctx, n, m, true, MODEL_IN_PLACE, &p), LOOM_OK);
    for (int k = 0; k < 60; k++) {
      plan_mapping map;
      model_grid g;
      model_point at;
      int64_t blocks[MODEL_BLOCKS_MAX];
      testing_mapping(&r, n, m, &map);
      model_grid_of(&map, &g);
      for (int s = 0; s < p->n_blocks; s++)
        blocks[s] = rng_range(&r, 16, 100);
      assert_true(model_set_blocks(p, &g, blocks, &at));
      for (int a = 0; a < p->n_access; a++) {
        plan_choice c;
        const plan_choice *choices[PLAN_LOADS_MAX];
        size_t count[PLAN_LOADS_MAX] = {0};
        model_route *routes[PLAN_LOADS_MAX];
        testing_choice(&r, p, &map, a, &c);
        choices[a] = &c;
        count[a] = 1;
        assert_int_equal(model_find_routes(&ctx, p, &map, &at, choices, count, routes), LOOM_OK);
        model_vector v;
        assert_true(model_price(p, &at, a, &c, routes[a], &v));
        assert_int_equal(v.dram_bytes, counted_bytes(p, &map, a, &c, blocks));
      }
    }
  }
  loom_ctx_done(&ctx);
}

/* Dividing blocks: every turn's box is whole, so turns are counted and nothing is cut.  Extents are asked anew in every turn, as causal ones change. */
typedef struct turn_counter { const model_program *p; const plan_mapping *map; const program_access *a; const int64_t *blocks; int64_t index[PLAN_ITERS_MAX], iterator[NEST_LOOPS_MAX]; int64_t turns; } turn_counter;

static int64_t extent_now(const turn_counter *k, int loop) {
  const program_loop *x = &k->p->loop[loop];
  int64_t v = 0, slots[MODEL_BLOCKS_MAX + 1];
  if (!x->causal) {
    assert_true(program_size_at(&x->size, k->blocks, &v));
    return v;
  }
  memcpy(slots, k->blocks, (size_t)k->p->n_blocks * sizeof *slots);
  slots[k->p->n_blocks] = k->iterator[x->outer];
  assert_true(sym_run(x->causal, slots, &v));
  return v;
}

static void count_whole_turns(turn_counter *k, int loop) {
  const model_program *p = k->p;
  while (loop < p->n_loops && !(k->a->loops & 1u << loop))
    loop++;
  if (loop == p->n_loops) {
    k->turns++;
    return;
  }
  bool is_parallel = loop < p->n_parallel;
  int64_t tiles = cd(extent_now(k, loop), k->blocks[p->loop[loop].symbol]), cores = is_parallel ? plan_iter_cores(k->map, loop) : 1;
  int64_t waves = loop == k->a->only_first ? 1 : cd(tiles, cores);
  for (int64_t wave = 0; wave < waves; wave++) {
    k->iterator[loop] = wave * cores + (is_parallel ? k->index[loop] : 0);
    bool is_causal = false;
    for (int l = p->n_parallel; l < p->n_loops; l++)
      is_causal = is_causal || ((k->a->loops & 1u << l) && p->loop[l].causal && p->loop[l].outer == loop);
    if (k->iterator[loop] < tiles || !(is_causal || (k->a->moves & 1u << loop)))      /* a surplus core fetches what does not move with the loop */
      count_whole_turns(k, loop + 1);
  }
}

static void test_dram_bytes_of_offsets_and_causal_loops(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  rng r = rng_new(59);
  machine *m = testing_machine(&ctx, "wormhole", 4, 3);
  int causal = 0;
  for (int i = 3; i < TESTING_NESTS; i++) {
    nest *n = testing_nest(&ctx.mem, i);
    model_program *p;
    assert_int_equal(model_compile(&ctx, n, m, true, MODEL_IN_PLACE, &p), LOOM_OK);
    for (int k = 0; k < 40; k++) {
      plan_mapping map;
      model_grid g;
      model_point at;
      int64_t blocks[MODEL_BLOCKS_MAX];
      testing_mapping(&r, n, m, &map);
      model_grid_of(&map, &g);
      for (int s = 0; s < p->n_blocks; s++) {
        int64_t upper = testing_upper(n, s);
        blocks[s] = n->symbols.at[s].covers_one ? 1 : INT64_C(1) << rng_range(&r, 3, 6);
        while (upper % blocks[s])
          blocks[s] /= 2;
      }
      for (int l = p->n_parallel; l < p->n_loops; l++) {      /* turns of a loop within a block of another divide that block */
        const program_loop *x = &p->loop[l];
        int outer = x->causal ? p->loop[x->outer].symbol : x->size.kind == PROGRAM_BLOCK ? x->size.symbol : -1;
        while (outer >= 0 && blocks[outer] % blocks[x->symbol])
          blocks[x->symbol] /= 2;
      }
      assert_true(model_set_blocks(p, &g, blocks, &at));
      for (int a = 0; a < p->n_access; a++) {
        const program_access *x = &p->access[a];
        plan_choice c = {.area = {1, 1, 1}, .depth = 1};
        const plan_choice *choices[PLAN_LOADS_MAX];
        size_t count[PLAN_LOADS_MAX] = {0};
        model_route *routes[PLAN_LOADS_MAX];
        choices[a] = &c;
        count[a] = 1;
        assert_int_equal(model_find_routes(&ctx, p, &map, &at, choices, count, routes), LOOM_OK);
        model_vector v;
        assert_true(model_price(p, &at, a, &c, routes[a], &v));
        int64_t counted = 0, tile;
        assert_true(program_tile_bytes(x, blocks, &tile));
        turn_counter t = {.p = p, .map = &map, .a = x, .blocks = blocks};
        int64_t xy[2];
        for (xy[0] = 0; xy[0] < map.mesh_size[0]; xy[0]++)
          for (xy[1] = 0; xy[1] < map.mesh_size[1]; xy[1]++) {
            int64_t left[2] = {xy[0], xy[1]};
            memset(t.index, 0, sizeof t.index);
            for (int l = 0; l < map.n_logical; l++) {
              const plan_logical *z = &map.logical[l];
              t.index[z->iter] = t.index[z->iter] * z->size + left[z->mesh_dim] % z->size;
              left[z->mesh_dim] /= z->size;
            }
            if (x->only_first >= 0 && t.index[x->only_first] > 0)
              continue;
            t.turns = 0;
            count_whole_turns(&t, 0);
            counted += t.turns * tile;
          }
        for (int l = 0; l < p->n_loops; l++)
          causal += (x->loops & 1u << l) && p->loop[l].causal;
        if (v.dram_bytes != counted)
          fail_msg("kernel %d, case %d, %s: %lld bytes, counted %lld", i, k, x->node->label, (long long)v.dram_bytes, (long long)counted);
      }
    }
  }
  assert_true(causal > 0);
  loom_ctx_done(&ctx);
}

/* Lifting over loops that run once changes nothing, least of all the wait for a slot: k of one turn, then n of one turn on its cores. */
static void test_lifting_over_one_turn_changes_nothing(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  machine *m = testing_machine(&ctx, "wormhole", 2, 2);
  const plan_mapping map = {.n_mesh = 2, .mesh_name = {"x", "y"}, .mesh_size = {2, 2}, .n_logical = 2, .logical = {{0, 0, 2, 0}, {1, 0, 2, 1}}, .n_iters = 2, .order = {0, 1}};
  static const struct { int64_t k; int hoist; bool is_same; } cases[] = {{128, 1, true}, {128, 2, true}, {64, 1, false}};
  for (size_t i = 0; i < COUNT_OF(cases); i++)
    for (int depth = 1; depth <= 3; depth++) {
      model_program *p;
      assert_int_equal(model_compile(&ctx, nest_make_matmul(&ctx.mem, 512, 128, 128, DTYPE_F16, DTYPE_F16), m, true, MODEL_IN_PLACE, &p), LOOM_OK);
      model_grid g;
      model_grid_of(&map, &g);
      model_point at;
      assert_true(model_set_blocks(p, &g, (const int64_t[]){64, 64, cases[i].k}, &at));
      plan_choice x[] = {{.area = {1, 1}, .depth = depth}, {.area = {1, 1}, .depth = depth, .hoist = cases[i].hoist, .panel = 1}}, y = {.area = {1, 1}, .depth = 1};
      const plan_choice *choices[] = {x, &y, &y};
      const size_t n[] = {2, 1, 1};
      model_route *route[3];
      assert_int_equal(model_find_routes(&ctx, p, &map, &at, choices, n, route), LOOM_OK);
      model_vector v[2];
      for (int c = 0; c < 2; c++)
        assert_true(model_price(p, &at, 0, &x[c], route[0] + c * at.n_waves, &v[c]));
      assert_int_equal(memcmp(&v[0], &v[1], sizeof v[0]) == 0, cases[i].is_same);
      assert_int_equal(v[1].depth, cases[i].is_same ? depth : 0);
    }
  loom_ctx_done(&ctx);
}

/* One core whose movers are its own time: what reader and writer took is computing, and every run but the first of a slot is paid for. */
static void test_a_core_that_moves_data_itself_pays_for_it(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  machine *m = testing_machine(&ctx, "wormhole", 1, 1);
  const plan_mapping map = {.n_mesh = 2, .mesh_name = {"x", "y"}, .mesh_size = {1, 1}, .n_logical = 2, .logical = {{0, 0, 1, 0}, {1, 0, 1, 1}}, .n_iters = 2, .order = {0, 1}};
  nest *n = nest_make_matmul(&ctx.mem, 512, 128, 384, DTYPE_F16, DTYPE_F16);
  plan_choice one = {.area = {1, 1}, .depth = 1};
  const plan_choice *choices[] = {&one, &one, &one};
  const int64_t blocks[] = {64, 128, 96}, turns = 8 * 4, runs[] = {(64 - 1) * turns, 0, 0};      /* of x 64 rows a turn; of y, and of out, whole rows */
  model_vector v[3][3];
  model_grid g;
  model_point at;
  model_grid_of(&map, &g);
  for (int kind = 0; kind < 3; kind++) {
    model_program *p;
    model_route *route[3];
    m->lacks_concurrent_movers = kind > 0;
    m->dram_run_cycles = kind == 2 ? 30 : 0;
    assert_int_equal(model_compile(&ctx, n, m, true, MODEL_IN_PLACE, &p), LOOM_OK);
    assert_true(model_set_blocks(p, &g, blocks, &at));
    assert_int_equal(model_find_routes(&ctx, p, &map, &at, choices, (const size_t[]){1, 1, 1}, route), LOOM_OK);
    for (int a = 0; a < 3; a++)
      assert_true(model_price(p, &at, a, &one, route[a], &v[kind][a]));
  }
  for (int a = 0; a < 3; a++) {
    const model_vector *x = &v[0][a], *own = &v[1][a];
    assert_int_equal(own->compute, x->compute + x->first + x->reader_rest + x->writer_rest + x->last);
    assert_int_equal(own->first | own->reader_rest | own->serial | own->writer_rest | own->last | own->exclusive | own->in_step | own->depth, 0);
    assert_int_equal(v[2][a].compute - own->compute, 30 * runs[a]);
    assert_int_equal(own->dram_bytes, x->dram_bytes);
    assert_int_equal(own->l1_bytes, x->l1_bytes);
  }
  loom_ctx_done(&ctx);
}

/* A cache: what a product reads as its left side, or as its right one where the left has few rows, and sums that go straight to their tensor, take an eighth of their
 * bytes; what is packed takes all. */
static void test_what_passes_through_a_cache_takes_little_of_it(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  machine *m = testing_machine(&ctx, "wormhole", 1, 1);
  m->lacks_concurrent_movers = true;
  const plan_mapping map = {.n_mesh = 2, .mesh_name = {"x", "y"}, .mesh_size = {1, 1}, .n_logical = 2, .logical = {{0, 0, 1, 0}, {1, 0, 1, 1}}, .n_iters = 2, .order = {0, 1}};
  plan_choice one = {.area = {1, 1}, .depth = 1}, panel = {.area = {1, 1}, .depth = 1, .hoist = 1, .panel = 1}, direct = {.area = {1, 1}, .depth = 1, .direct = true};
  const int64_t blocks[] = {64, 128, 96}, x = 64 * 96 * 4, y = 96 * 128 * 4, out = 64 * 128 * 4;
  const struct { dtype type; int64_t rows; const plan_choice *x, *out; int64_t want[3]; } cases[] = {
      {DTYPE_F32, 512, &one, &direct, {x / 8, y, out / 8}}, {DTYPE_F32, 512, &panel, &one, {x * 4, y, out * 2}}, {DTYPE_F32, 8, &one, &direct, {x / 8, y / 8, out / 8}},
      {DTYPE_F32, 9, &one, &direct, {x / 8, y, out / 8}}, {DTYPE_F16, 8, &one, &one, {x / 2, y / 2, out / 2}}};      /* its sums, of f32, are compute's own */
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const plan_choice *choices[] = {cases[i].x, &one, cases[i].out};
    const plan_choice chosen[] = {*cases[i].x, one, *cases[i].out};
    model_program *p;
    model_grid g;
    model_point at;
    model_route *route[3];
    plan layout = {0};
    int64_t sum = 0;
    assert_int_equal(model_compile(&ctx, nest_make_matmul(&ctx.mem, cases[i].rows, 128, 384, cases[i].type, cases[i].type), m, true, MODEL_IN_PLACE, &p), LOOM_OK);
    model_grid_of(&map, &g);
    assert_true(model_set_blocks(p, &g, blocks, &at));
    assert_int_equal(model_find_routes(&ctx, p, &map, &at, choices, (const size_t[]){1, 1, 1}, route), LOOM_OK);
    for (int a = 0; a < 3; a++) {
      model_vector v;
      assert_true(model_price(p, &at, a, choices[a], route[a], &v));
      assert_int_equal(v.l1_bytes, cases[i].want[a]);
      sum += v.l1_bytes;
    }
    assert_true(model_pack_bound(p, blocks) <= sum + at.l1_bytes);
    assert_int_equal(model_layout_slots(&ctx, p, &at, chosen, &layout), LOOM_OK);
    assert_int_equal(layout.l1_bytes, sum + at.l1_bytes);
  }
  loom_ctx_done(&ctx);
}

/* ---- T ---- */

static void fill_random(rng *r, model_vector *v) {
  int64_t *const field[] = {&v->first, &v->reader_rest, &v->inner, &v->serial, &v->writer_rest, &v->last, &v->exclusive, &v->compute, &v->tail, &v->dram_rest};
  *v = (model_vector){.depth = (int32_t)rng_range(r, 1, 3), .n_links = 4};
  for (size_t i = 0; i < COUNT_OF(field); i++)
    *field[i] = rng_range(r, 0, 1) ? rng_range(r, 0, 3000) : rng_range(r, 0, 200000);
  v->dram_own = rng_range(r, 0, 1) ? rng_range(r, 0, v->dram_rest) : 0;
  for (int l = 0; l < v->n_links; l++) {
    v->link_rest[l] = rng_range(r, 0, 4000000);
    v->link_sent[l] = rng_range(r, 0, 1) ? rng_range(r, 0, v->link_rest[l]) : 0;
  }
}

static void grow_one(rng *r, model_vector *v) {
  int64_t link = rng_range(r, 0, 3), more = rng_range(r, 0, 1) ? rng_range(r, 1, 9) : rng_range(r, 1, 100000);
  int64_t *const field[] = {&v->first, &v->reader_rest, &v->inner, &v->serial, &v->writer_rest, &v->last, &v->exclusive, &v->compute, &v->tail, &v->dram_rest, &v->in_step,
                            &v->dram_own, &v->link_rest[link], &v->link_sent[link]};
  size_t i = (size_t)rng_range(r, 0, COUNT_OF(field));
  if (i < COUNT_OF(field))
    *field[i] += more;
  if (i < COUNT_OF(field) && field[i] == &v->dram_own)      /* a column: what the others take stays */
    v->dram_rest += more;
  if (i < COUNT_OF(field) && field[i] == &v->link_sent[link])
    v->link_rest[link] += more;
  if (i == COUNT_OF(field) && v->depth > 1)
    v->depth--;
}

static void test_cycles_never_fall_when_a_part_grows(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  machine *m = testing_machine(&ctx, "wormhole", 0, 0);
  model_program *p;
  assert_int_equal(model_compile(&ctx, nest_make_matmul(&ctx.mem, 512, 512, 512, DTYPE_F16, DTYPE_F16), m, true, MODEL_IN_PLACE, &p), LOOM_OK);
  rng r = rng_new(17);
  for (int i = 0; i < 100000; i++) {
    model_point at = {.compute = rng_range(&r, 0, 100000), .tail = rng_range(&r, 0, 5000), .turn = rng_range(&r, 0, 3000), .around = rng_range(&r, 0, 3000),
                      .turns = rng_range(&r, 1, 64), .turn_runs = rng_range(&r, 1, 8)};
    model_vector v;
    fill_random(&r, &v);
    int64_t before = model_total(p, &at, &v);
    grow_one(&r, &v);
    assert_true(model_total(p, &at, &v) >= before);
  }
  loom_ctx_done(&ctx);
}

/* Against the equation that model_total.c states, and its ends: nobody else, nothing shared, all the time. */
static void test_contended_cycles_solve_their_equation(void **state) {
  (void)state;
  rng r = rng_new(29);
  for (int i = 0; i < 100000; i++) {
    int64_t most = rng_range(&r, 0, 3) ? 1000000 : (int64_t)1 << 50, alone = rng_range(&r, 0, most), own = rng_range(&r, 0, alone), others = rng_range(&r, 0, most);
    int64_t t = model_contended(alone, own, others);
    assert_in_range(t, model_max(alone, own + others), alone + others);
    __int128 low = (__int128)(t - alone + own) * (t - others) - (__int128)own * t, high = (__int128)(t + 1 - alone + own) * (t + 1 - others) - (__int128)own * (t + 1);
    assert_true(low <= 0 && high > 0);
    assert_int_equal(model_contended(alone, own, 0), alone);
    assert_int_equal(model_contended(alone, 0, others), model_max(alone, others));
    assert_int_equal(model_contended(alone, alone, others), alone + others);
  }
}

static void test_columns_add_as_vectors_do(void **state) {
  (void)state;
  rng r = rng_new(53);
  for (int i = 0; i < 2000; i++) {
    model_vector a, b, back;
    int64_t x[MODEL_COLUMNS], y[MODEL_COLUMNS];
    fill_random(&r, &a);
    fill_random(&r, &b);
    a.dram_bytes = a.dram_rest + 7;
    b.l1_bytes = 64;
    b.depth = (int32_t)rng_range(&r, 0, 3);
    model_to_columns(&a, x);
    model_to_columns(&b, y);
    for (int c = 0; c < MODEL_COLUMN_LINKS + 2 * 4; c++)
      x[c] = MODEL_COLUMNS_BY_MAX >> c & 1 ? (x[c] > y[c] ? x[c] : y[c]) : x[c] + y[c];
    model_from_columns(x, 4, &back);
    model_add(&a, &b);
    assert_memory_equal(&a, &back, sizeof a);
    assert_int_equal(x[MODEL_COLUMN_DRAM], a.dram_bytes);
    assert_int_equal(x[MODEL_COLUMN_L1], a.l1_bytes);
  }
}

/* T is at least the machine's DRAM bytes over its rate, and what the busiest core computes: the peaks cannot be passed. */
static void check_peaks(const model_program *p, const model_point *at, const model_vector *sum) {
  int64_t cycles = model_total(p, at, sum);
  assert_true(cycles >= model_cycles(sum->dram_bytes, p->dram.rate));
  assert_true(cycles >= at->compute + sum->compute);
}

/* Boxes around random points of every kernel: no bound is above T of any point in its box, on random mappings with random choices. */
static void test_bounds_are_never_above(void **state) {
  (void)state;
  rng r = rng_new(23);
  int64_t tight = 0, looked = 0, by_links = 0, by_channels = 0, fitting = 0, waiting = 0;
  for (int i = 0; i < TESTING_ALL_NESTS; i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    machine *m = testing_machine(&ctx, i % 2 ? "blackhole" : "wormhole", 3, 2);
    nest *n = testing_any_nest(&ctx.mem, i, m);
    model_program *p, *one;
    m->pads_edges = i % 4 == 1;
    m->has_concurrent_units = i % 4 >= 2;
    m->lacks_concurrent_movers = i % 7 == 3;
    m->dram_run_cycles = i % 3 == 1 ? 40 : 0;
    assert_int_equal(model_compile(&ctx, n, m, i % 3 == 0, MODEL_IN_PLACE, &p), LOOM_OK);
    int64_t channels = m->dram_channels;
    m->dram_channels = 1;               /* all of DRAM's rate: what is known without the channels */
    assert_int_equal(model_compile(&ctx, n, m, i % 3 == 0, MODEL_IN_PLACE, &one), LOOM_OK);
    m->dram_channels = channels;
    model_domain d[MODEL_BLOCKS_MAX];
    testing_domains(&ctx.mem, n, d);
    for (int k = 0; k < 250; k++) {
      plan_mapping map;
      model_grid g;
      model_point at;
      plan_choice chosen[PLAN_LOADS_MAX];
      model_vector sum;
      int32_t from[MODEL_BLOCKS_MAX], to[MODEL_BLOCKS_MAX], index[MODEL_BLOCKS_MAX];
      int64_t blocks[MODEL_BLOCKS_MAX];
      testing_mapping(&r, n, m, &map);
      model_grid_of(&map, &g);
      for (int s = 0; s < p->n_blocks; s++) {
        index[s] = (int32_t)rng_range(&r, 0, d[s].n - 1);
        from[s] = (int32_t)rng_range(&r, 0, index[s]);
        to[s] = (int32_t)rng_range(&r, index[s], d[s].n - 1);
        if (rng_range(&r, 0, 1))
          from[s] = to[s] = index[s];
        blocks[s] = d[s].at[index[s]];
      }
      arena_mark mark = arena_save(&ctx.mem);
      assert_true(model_set_blocks(p, &g, blocks, &at));
      assert_true(testing_price(&ctx, &r, p, &map, &at, chosen, &sum));
      int64_t cycles = model_total(p, &at, &sum), box = model_bound(p, g.cores, &(model_known){0}, d, from, to), here = model_bound(p, g.cores, &(model_known){0}, d, index, index),
              point = model_bound_point(p, &at, &(model_known){0});
      model_reach reach;
      model_reacher_find(model_reacher_make(&ctx.mem, p), map.mesh_size, &reach);
      model_known parts = {.reach = &reach, .n_reach = 1};
      int64_t there = model_bound(p, g.cores, &parts, d, index, index);
      assert_true(box <= model_bound(p, g.cores, &parts, d, from, to) && model_bound(p, g.cores, &parts, d, from, to) <= there && here <= there);
      point = model_bound_point(p, &at, &parts);
      by_links += there > here;
      /* in no more L1 than this choice needs: slots that hold more are no way out */
      model_known fit = {.l1_bytes = sum.l1_bytes + at.l1_bytes};
      int64_t box_fit = model_bound(p, g.cores, &fit, d, from, to), here_fit = model_bound(p, g.cores, &fit, d, index, index), point_fit = model_bound_point(p, &at, &fit);
      if (box > box_fit || here > here_fit || box_fit > here_fit || here_fit > point_fit || point_fit > cycles)
        fail_msg("kernel %d, case %d: bounds in little L1 %lld (box) %lld (point) %lld (its compute), in any %lld %lld, cycles %lld", i, k, (long long)box_fit, (long long)here_fit,
                 (long long)point_fit, (long long)box, (long long)here, (long long)cycles);
      if (testing_has_one_slot(p, chosen)) {      /* compute waits for what comes */
        model_known single = {.one_slot = true};
        int64_t box_one = model_bound(p, g.cores, &single, d, from, to), here_one = model_bound(p, g.cores, &single, d, index, index), point_one = model_bound_point(p, &at, &single);
        if (box > box_one || here > here_one || box_one > here_one || here_one > point_one || point_one > cycles)
          fail_msg("kernel %d, case %d: bounds of one slot %lld (box) %lld (point) %lld (its compute), of any %lld %lld, cycles %lld", i, k, (long long)box_one, (long long)here_one,
                   (long long)point_one, (long long)box, (long long)here, (long long)cycles);
        waiting += here_one > here;
      }
      by_channels += here > model_bound(one, g.cores, &(model_known){0}, d, index, index);
      fitting += here_fit > here;
      if (box > here || there > point || point > cycles)
        fail_msg("kernel %d, case %d: bounds %lld (box) %lld (point) %lld (its compute), cycles %lld", i, k, (long long)box, (long long)here, (long long)point, (long long)cycles);
      check_peaks(p, &at, &sum);
      assert_true(sum.l1_bytes + at.l1_bytes >= model_pack_bound(p, blocks));
      tight += point * 2 >= cycles;
      looked++;
      arena_release(&ctx.mem, mark);
    }
    loom_ctx_done(&ctx);
  }
  assert_true(by_links > 20 && by_channels > 200 && fitting > 5 && waiting > 200);
  assert_true(tight * 4 > looked);      /* within a factor of two in a quarter of the cases: the test would notice a bound of 0 */
}

/* The bound at one point knows the products' whole cost where sizes divide. */
static void test_bound_of_compute_is_close_for_matmul(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  machine *m = testing_machine(&ctx, "wormhole", 0, 0);
  model_program *p;
  assert_int_equal(model_compile(&ctx, nest_make_matmul(&ctx.mem, 2048, 2048, 2048, DTYPE_F16, DTYPE_F16), m, true, MODEL_IN_PLACE, &p), LOOM_OK);
  model_grid g = {.cores = {8, 8}, .order = {0, 1}};
  int64_t blocks[] = {256, 256, 128};
  model_domain d[3] = {{&blocks[0], 1}, {&blocks[1], 1}, {&blocks[2], 1}};
  int32_t zero[3] = {0};
  model_point at;
  assert_true(model_set_blocks(p, &g, blocks, &at));
  assert_true(model_bound(p, g.cores, &(model_known){0}, d, zero, zero) * 1000 >= at.compute * 995);
  loom_ctx_done(&ctx);
}

/* ---- L1 ---- */

static int64_t l1_of(loom_ctx *ctx, const machine *m, dtype acc, bool f32, bool direct, int64_t t, int64_t k) {
  nest *n = nest_make_matmul(&ctx->mem, 4096, 4096, 512, DTYPE_F16, acc);
  model_program *p;
  assert_int_equal(model_compile(ctx, n, m, f32, MODEL_IN_PLACE, &p), LOOM_OK);
  plan_mapping map = {.n_mesh = 2, .mesh_name = {"x", "y"}, .mesh_size = {8, 8}, .n_logical = 2, .logical = {{0, 0, 8, 0}, {1, 0, 8, 1}}, .n_iters = 2, .order = {0, 1}};
  model_grid g;
  model_grid_of(&map, &g);
  model_point at;
  int64_t blocks[] = {t, t, k}, sum = 0;
  assert_true(model_set_blocks(p, &g, blocks, &at));
  plan_choice load = {.area = {1, 1, 1}, .depth = 2}, store = {.area = {1, 1, 1}, .depth = 1, .direct = direct};
  const plan_choice *choices[] = {&load, &load, &store};
  size_t one[] = {1, 1, 1};
  model_route *routes[3];
  assert_int_equal(model_find_routes(ctx, p, &map, &at, choices, one, routes), LOOM_OK);
  for (int a = 0; a < 3; a++) {
    model_vector v;
    assert_true(model_price(p, &at, a, choices[a], routes[a], &v));
    sum += v.l1_bytes;
  }
  assert_true(!direct || model_may_be_direct(p, 2));
  return sum + at.l1_bytes;
}

/* Largest square tile at k = 64: 704 when the f16 accumulator is stored directly; 416 with an f32 one and its f16 copy. */
static void test_in_place_accumulation_allows_tiles_of_704(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  machine *m = testing_machine(&ctx, "wormhole", 0, 0);
  assert_int_equal(l1_of(&ctx, m, DTYPE_F16, false, true, 704, 64), 2 * (2 * (704 * 64 + 64 * 704) + 704 * 704));
  assert_true(l1_of(&ctx, m, DTYPE_F16, false, true, 704, 64) <= m->l1_bytes);
  assert_true(l1_of(&ctx, m, DTYPE_F16, false, true, 736, 64) > m->l1_bytes);
  assert_true(l1_of(&ctx, m, DTYPE_F16, false, false, 704, 64) > m->l1_bytes);
  int64_t largest = 0;
  for (int64_t t = 32; t <= 1024; t += 32)
    if (l1_of(&ctx, m, DTYPE_F16, true, false, t, 64) <= m->l1_bytes)
      largest = t;
  assert_int_equal(largest, 416);
  loom_ctx_done(&ctx);
}

static void test_a_kernel_with_too_many_blocks_is_refused(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  machine *m = testing_machine(&ctx, "wormhole", 0, 0);
  nest *n = nest_make_matmul(&ctx.mem, 64, 64, 64, DTYPE_F16, DTYPE_F16);
  while (n->symbols.n <= MODEL_BLOCKS_MAX)
    vec_push(&ctx.mem, &n->symbols, n->symbols.at[0]);
  model_program *p;
  assert_int_equal(model_compile(&ctx, n, m, true, MODEL_IN_PLACE, &p), LOOM_ELIMIT);
  testing_expect_error(&ctx, LOOM_ELIMIT, "17 block sizes", 0, 0);
  loom_ctx_done(&ctx);
}

/* Capacity pruning cuts whole boxes: the L1 bound may not fall when blocks grow. */
static void test_the_l1_bound_rises_with_the_blocks(void **state) {
  (void)state;
  rng r = rng_new(47);
  for (int i = 0; i < TESTING_NESTS; i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    machine *m = testing_machine(&ctx, "wormhole", 0, 0);
    model_program *p;
    assert_int_equal(model_compile(&ctx, testing_nest(&ctx.mem, i), m, true, MODEL_IN_PLACE, &p), LOOM_OK);
    for (int k = 0; k < 300; k++) {
      int64_t blocks[MODEL_BLOCKS_MAX];
      for (int s = 0; s < p->n_blocks; s++)
        blocks[s] = rng_range(&r, 1, 300);
      int64_t before = model_pack_bound(p, blocks);
      blocks[rng_range(&r, 0, p->n_blocks - 1)] += rng_range(&r, 1, 100);
      assert_true(model_pack_bound(p, blocks) >= before);
    }
    loom_ctx_done(&ctx);
  }
}

/* What a kernel may have of everything, and one more. */
static void test_limits_are_told(void **state) {
  (void)state;
  enum { LOADS, VALUES, GATHERS };
  static const char *const texts[] = {"more than 32 loads and stores", "67 values on a core beside its loads and stores; at most 64", "more than 8 gathers"};
  for (int what = LOADS; what <= GATHERS; what++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    machine *m = testing_machine(&ctx, "wormhole", 0, 0);
    nest *n = what == GATHERS ? testing_nest(&ctx.mem, 5) : nest_make_elementwise(&ctx.mem, 64, 64, DTYPE_F16, "addf");
    for (int i = 0; i < 40 && what == LOADS; i++)
      vec_push(&ctx.mem, &n->body, n->body.at[0]);
    for (int i = 0; i < 67 && what == VALUES; i++) {
      nest_node *x = nest_make_node(&ctx.mem, NEST_COMPUTE);
      x->op = "fill";
      x->value = (int)n->values.n;
      vec_push(&ctx.mem, &n->values, n->values.at[0]);
      n->values.at[x->value].def = x;
      vec_push(&ctx.mem, &n->body, x);
    }
    for (size_t i = 0; i < n->body.n && n->body.n < 40 && what == GATHERS; i++)
      if (n->body.at[i]->kind == NEST_GATHER)
        vec_push(&ctx.mem, &n->body, n->body.at[i]);
    model_program *p;
    assert_int_equal(model_compile(&ctx, n, m, true, MODEL_IN_PLACE, &p), LOOM_ELIMIT);
    testing_expect_error(&ctx, LOOM_ELIMIT, texts[what], 0, 0);
    loom_ctx_done(&ctx);
  }
}

static void test_numbers_beyond_the_model_are_told(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  machine *m = testing_machine(&ctx, "wormhole", 0, 0);
  model_program *p;
  assert_int_equal(model_compile(&ctx, nest_make_matmul(&ctx.mem, INT64_C(1) << 40, INT64_C(1) << 40, 64, DTYPE_F16, DTYPE_F16), m, true, MODEL_IN_PLACE, &p), LOOM_OK);
  model_grid g = {.cores = {1, 1}, .order = {0, 1}};
  model_point at;
  assert_false(model_set_blocks(p, &g, (const int64_t[]){32, 32, 32}, &at));
  assert_false(model_set_blocks(p, &g, (const int64_t[]){0, 32, 32}, &at));
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_worst_core_walks_what_is_counted),
      cmocka_unit_test(test_padded_edges_cost_whole_tiles),
      cmocka_unit_test(test_compute_is_the_busiest_core_s),
      cmocka_unit_test(test_units_work_at_once_when_the_machine_can),
      cmocka_unit_test(test_dram_bytes_equal_the_boxes_of_all_cores),
      cmocka_unit_test(test_dram_bytes_of_offsets_and_causal_loops),
      cmocka_unit_test(test_lifting_over_one_turn_changes_nothing),
      cmocka_unit_test(test_a_core_that_moves_data_itself_pays_for_it),
      cmocka_unit_test(test_what_passes_through_a_cache_takes_little_of_it),
      cmocka_unit_test(test_cycles_never_fall_when_a_part_grows),
      cmocka_unit_test(test_contended_cycles_solve_their_equation),
      cmocka_unit_test(test_columns_add_as_vectors_do),
      cmocka_unit_test(test_bounds_are_never_above),
      cmocka_unit_test(test_bound_of_compute_is_close_for_matmul),
      cmocka_unit_test(test_in_place_accumulation_allows_tiles_of_704),
      cmocka_unit_test(test_a_kernel_with_too_many_blocks_is_refused),
      cmocka_unit_test(test_the_l1_bound_rises_with_the_blocks),
      cmocka_unit_test(test_limits_are_told),
      cmocka_unit_test(test_numbers_beyond_the_model_are_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
