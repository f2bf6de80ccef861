/* Numbers over many orders of magnitude, extents that are any expression, machines with nothing limited: what has an answer is inside the model's numbers, the rest is refused. */
#include "base/text.h"
#include "model/model_testing.h"

static int64_t any_size(rng *r, int64_t bits) { return model_max((INT64_C(1) << rng_range(r, 0, bits)) + rng_range(r, -1, 1), 1); }

/* One of the kernels.  The extents of causal loops stay small: their turns are counted one by one. */
static nest *wild_nest(arena *m, rng *r, int i, int64_t bits) {
  int64_t a = any_size(r, bits), b = any_size(r, bits), c = any_size(r, bits), few = any_size(r, 6);
  nest_mamba_shape mamba = {few, any_size(r, bits / 4), 2, any_size(r, 8), any_size(r, 11), any_size(r, bits / 2), any_size(r, bits / 2), any_size(r, 11)};
  switch (i) {
  case 0: return nest_make_matmul(m, a, b, c, rng_range(r, 0, 1) ? DTYPE_F16 : DTYPE_F32, DTYPE_F32);
  case 1: return nest_make_batch_matmul(m, few, a, b, c, DTYPE_F16, DTYPE_F32);
  case 2: return nest_make_elementwise(m, a, b, DTYPE_F16, "mulf,addf");
  case 3: return nest_make_attention(m, few, a, b, c, DTYPE_F16);
  case 4: return nest_make_decode(m, few, a, b, c, DTYPE_F16);
  case 5: return nest_make_split_k(m, a, b, c, DTYPE_F16);
  default: return nest_make_mamba(m, &mamba, DTYPE_F16, rng_range(r, 0, 1));
  }
}

/* Rates and sizes of nothing, or of nearly nothing, or without limit. */
static machine wild_machine(rng *r, const machine *base) {
  static const double rates[] = {0, 1e-9, 0.3, 1e6, 1e12};
  machine m = *base;
  machine_number *const rate[] = {&m.l1_bytes_per_cycle, &m.link_bytes_per_cycle, &m.dram_bytes_per_cycle, &m.copy_bytes_per_cycle, &m.fill_bytes_per_cycle};
  for (size_t i = 0; i < COUNT_OF(rate); i++)
    if (rng_range(r, 0, 3) == 0)
      rate[i]->value = rates[rng_range(r, 0, COUNT_OF(rates) - 1)];
  m.dram_page_bytes = rng_range(r, 0, 2) ? m.dram_page_bytes : rng_range(r, 0, 3) ? any_size(r, 12) : 0;
  m.l1_align_bytes = rng_range(r, 0, 2) ? m.l1_align_bytes : rng_range(r, 0, 1);
  m.dram_channels = rng_range(r, 0, 5) ? m.dram_channels : rng_range(r, 0, 1);
  m.pads_edges = rng_range(r, 0, 3) == 0;
  m.has_concurrent_units = rng_range(r, 0, 1);
  m.lacks_concurrent_movers = rng_range(r, 0, 2) == 0;
  m.dram_run_cycles = rng_range(r, 0, 2) ? 0 : any_size(r, 40);
  m.tile_align = rng_range(r, 0, 7) ? m.tile_align : 0;
  if (rng_range(r, 0, 9) == 0)
    memset(&m.attach, 0, sizeof m.attach);      /* no channel is anywhere */
  return m;
}

static const sym_expr *wild_size(arena *m, rng *r, const nest *n) {
  const sym_expr *a = sym_name(m, n->symbols.at[rng_range(r, 0, (int64_t)n->symbols.n - 1)].name), *b = sym_name(m, n->symbols.at[rng_range(r, 0, (int64_t)n->symbols.n - 1)].name);
  const sym_expr *c = sym_const(m, any_size(r, 50)), *small = sym_const(m, any_size(r, 4));
  switch (rng_range(r, 0, 11)) {
  case 0: return c;
  case 10: return sym_add(m, sym_mul(m, a, small), sym_const(m, -1));
  case 11: return sym_mul(m, a, sym_sub(m, c, b));
  case 1: return sym_sub(m, c, a);
  case 2: return sym_mul(m, a, b);
  case 3: return sym_ceildiv(m, a, small);
  case 4: return sym_floordiv(m, sym_add(m, a, b), small);
  case 5: return sym_min(m, a, c);
  case 6: return sym_max(m, sym_sub(m, a, small), b);
  case 7: return sym_make(m, SYM_FLOORDIV, c, sym_sub(m, a, small), NULL);
  case 8: return sym_make(m, SYM_CEILDIV, a, b, NULL);
  default: return a;
  }
}

/* An extent that moves with an iterator: of a parallel loop, as a causal kernel's; of another; of two. */
static const sym_expr *wild_extent(arena *m, rng *r, const nest *n, int64_t loop) {
  const int outer = (int)rng_range(r, 0, rng_range(r, 0, 3) ? n->n_parallel - 1 : loop - 1);
  const sym_expr *it = sym_name(m, nest_iterator_name(m, n, outer)), *block = sym_name(m, n->loops.at[outer].block), *c = sym_const(m, any_size(r, 50)), *few = sym_const(m, any_size(r, 4));
  switch (rng_range(r, 0, 6)) {
  case 0: return sym_mul(m, sym_add(m, it, sym_const(m, 1)), block);
  case 1: return sym_sub(m, c, sym_mul(m, it, block));
  case 2: return sym_mul(m, sym_add(m, it, few), c);
  case 3: return sym_make(m, SYM_CEILDIV, c, sym_sub(m, it, few), NULL);
  case 4: return sym_sub(m, sym_mul(m, it, block), c);
  case 5: return sym_add(m, sym_name(m, nest_iterator_name(m, n, (int)rng_range(r, 0, n->n_parallel - 1))), sym_mul(m, it, block));
  default: return sym_mul(m, it, c);
  }
}

static nest_node *any_compute(const nest_body *body, rng *r) {
  for (size_t i = 0; i < body->n; i++) {
    nest_node *x = body->at[i], *inner = x->kind == NEST_LOOP ? any_compute(&x->body, r) : NULL;
    if (inner || (x->kind == NEST_COMPUTE && rng_range(r, 0, 1)))
      return inner ? inner : x;
  }
  return NULL;
}

/* Nothing is computed: loads and stores alone. */
static void drop_computes(nest_body *body) {
  size_t kept = 0;
  for (size_t i = 0; i < body->n; i++) {
    if (body->at[i]->kind == NEST_LOOP)
      drop_computes(&body->at[i]->body);
    if (body->at[i]->kind != NEST_COMPUTE)
      body->at[kept++] = body->at[i];
  }
  body->n = kept;
}

static nest_node *any_access(const nest *n, rng *r) {
  const nest_node *list[PLAN_LOADS_MAX];
  size_t count = nest_accesses(n, list, PLAN_LOADS_MAX);
  return (nest_node *)list[rng_range(r, 0, (int64_t)count - 1)];
}

/* Sizes become any expression; tensors become views, or lie in L1. */
static void make_wild(arena *m, rng *r, nest *n) {
  for (int64_t i = rng_range(r, 1, 3); i > 0; i--) {
    nest_node *x = any_access(n, r);
    nest_tensor *t = &n->tensors.at[x->tensor];
    switch (rng_range(r, 0, 8)) {
    case 0: {
      nest_loop *l = &n->loops.at[rng_range(r, 0, (int64_t)n->loops.n - 1)];
      if (l->extent->op == SYM_CONST)
        l->extent = rng_range(r, 0, 9) ? wild_size(m, r, n) : sym_const(m, 0);
      break;
    }
    case 4: x->only_first = (int)rng_range(r, 0, n->n_parallel - 1); break;
    case 5: case 6:
      if ((int)n->loops.n > n->n_parallel) {
        const int64_t l = rng_range(r, n->n_parallel, (int64_t)n->loops.n - 1);
        n->loops.at[l].extent = wild_extent(m, r, n, l);
      }
      break;
    case 7: {
      nest_node *k = any_compute(&n->body, r);
      if (k && k->m)
        *(rng_range(r, 0, 1) ? &k->m : &k->k) = wild_size(m, r, n);
      break;
    }
    case 8:
      if (rng_range(r, 0, 1))
        drop_computes(&n->body);
      break;
    case 1: x->dim[rng_range(r, 0, x->n_dims - 1)].size = wild_size(m, r, n); break;
    case 2:
      for (int d = 0; d < t->rank; d++)
        t->stride[d] = any_size(r, 20);
      break;
    default: t->l1_page = any_size(r, 12);
    }
  }
}

/* Turns of a causal loop are counted one by one. */
static bool is_countable(const model_program *p, const int64_t *blocks) {
  for (int l = p->n_parallel; l < p->n_loops; l++) {
    int64_t extent;
    if (p->loop[l].causal && program_extent(p, p->loop[l].outer, blocks, &extent) && extent / blocks[p->loop[p->loop[l].outer].symbol] > 4096)
      return false;
  }
  return true;
}

static void check_point(const model_point *at, int n_loops) {
  const int64_t all[] = {at->compute, at->tail, at->turn, at->around, at->turns, at->turn_runs, at->l1_bytes};
  for (size_t i = 0; i < COUNT_OF(all); i++)
    if (all[i] < 0)
      fail_msg("number %d of a point is %lld", (int)i, (long long)all[i]);
  assert_true(at->compute <= MODEL_MOST && at->turn <= MODEL_MOST && at->turns <= MODEL_MOST);
  for (int l = 0; l < n_loops; l++)
    assert_true(at->trips[l] >= 0 && at->trips[l] <= MODEL_MOST && at->runs[l] >= 0 && at->runs[l] <= MODEL_MOST);
}

static void check_vector(const model_vector *v) {
  const int64_t all[] = {v->dram_bytes, v->l1_bytes, v->first, v->reader_rest, v->inner, v->serial, v->writer_rest, v->last, v->exclusive, v->compute, v->tail, v->dram_rest, v->in_step,
                         v->dram_own, v->phase};
  for (size_t i = 0; i < COUNT_OF(all); i++)
    if (all[i] < 0)
      fail_msg("number %d of a vector is %lld", (int)i, (long long)all[i]);
  for (int l = 0; l < v->n_links; l++)
    assert_true(v->link_sent[l] >= 0 && v->link_rest[l] >= v->link_sent[l]);
}

typedef struct tally { int compiled, refused, priced, bounded; } tally;

static void look(loom_ctx *ctx, rng *r, const nest *n, const machine *m, const model_program *p, int64_t bits, bool is_edited, tally *t) {
  plan_mapping map;
  model_grid g;
  model_point at;
  model_vector sum;
  plan_choice chosen[PLAN_LOADS_MAX];
  model_domain d[MODEL_BLOCKS_MAX];
  int64_t domain[MODEL_BLOCKS_MAX][2], blocks[MODEL_BLOCKS_MAX], bytes;
  int32_t zero[MODEL_BLOCKS_MAX] = {0}, one[MODEL_BLOCKS_MAX], index[MODEL_BLOCKS_MAX];
  testing_mapping(r, n, m, &map);
  model_grid_of(&map, &g);
  for (int s = 0; s < p->n_blocks; s++) {
    domain[s][0] = any_size(r, bits);
    domain[s][1] = domain[s][0] + any_size(r, bits);
    d[s] = (model_domain){domain[s], 2};
    one[s] = 1;
    index[s] = (int32_t)rng_range(r, 0, 1);
    blocks[s] = n->symbols.at[s].covers_one && rng_range(r, 0, 3) ? 1 : domain[s][index[s]];
    domain[s][index[s]] = blocks[s];
  }
  if (!is_countable(p, blocks))
    return;
  for (int a = 0; a < p->n_access; a++)
    testing_choice(r, p, &map, a, &chosen[a]);
  for (int a = 0; a < p->n_access; a++)
    for (int k = 0; k < p->n_loops; k++)
      assert_true(model_access_moves(p, a, k) == ((p->access[a].moves >> k & 1) || p->access[a].only_first == k));
  bool has_bytes = model_bytes_at(p, &g, blocks, chosen, &bytes);
  model_reach reach;
  model_reacher_find(model_reacher_make(&ctx->mem, p), map.mesh_size, &reach);
  const model_known parts = {.reach = &reach, .n_reach = 1};
  int64_t by_parts = model_bound(p, g.cores, &parts, d, index, index);
  int64_t least = model_pack_bound(p, blocks), box = model_bound(p, g.cores, &(model_known){0}, d, zero, one), here = model_bound(p, g.cores, &(model_known){0}, d, index, index);
  int64_t moved = model_dram_bound(p, g.cores, d, index, index, rng_range(r, 0, 1) ? m->l1_bytes : INT64_C(1) << 50);
  assert_true(least >= 0 && box >= 0 && box <= MODEL_MOST && here <= MODEL_MOST && moved >= 0 && moved <= MODEL_MOST);
  if (!model_set_blocks(p, &g, blocks, &at)) {
    t->refused++;
    return;
  }
  check_point(&at, p->n_loops);
  int64_t point = model_bound_point(p, &at, &(model_known){0});
  if (!testing_price(ctx, r, p, &map, &at, chosen, &sum)) {
    t->refused++;
    return;
  }
  t->priced++;
  check_vector(&sum);
  int64_t cycles = model_total(p, &at, &sum), terms[MODEL_TERMS];
  model_terms(p, &at, &sum, terms);
  for (int i = 0; i < MODEL_TERMS; i++)
    assert_true(terms[i] >= 0);
  assert_true(cycles >= 0);
  assert_true(model_bytes_at(p, &g, blocks, chosen, &bytes));
  assert_int_equal(bytes, sum.l1_bytes + at.l1_bytes);
  plan layout = {0};
  diag_mark before = diag_save(ctx);
  if (model_layout_slots(ctx, p, &at, chosen, &layout) == LOOM_OK)
    assert_true(layout.l1_bytes <= m->l1_bytes);
  diag_drop(ctx, before);
  if (is_edited)
    return;                             /* bounds are for kernels: what is made up may walk beyond its tensors */
  t->bounded++;
  assert_true(has_bytes || bytes >= 0);
  if (here > point || here > by_parts || by_parts > cycles || point > cycles)
    fail_msg("bounds %lld, %lld, cycles %lld", (long long)here, (long long)point, (long long)cycles);
  assert_true(least <= bytes);
}

static void test_numbers_stay_inside_the_model(void **state) {
  (void)state;
  tally t = {0};
  const int64_t count = testing_number("LOOM_FUZZ_COUNT", 1400);
  loom_ctx machines;
  loom_ctx_init(&machines);
  const machine *base[] = {testing_machine(&machines, "wormhole", 3, 2), testing_machine(&machines, "blackhole", 2, 2)};
  for (int64_t seed = 1; seed <= count; seed++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    rng r = rng_new((uint64_t)seed);
    int64_t bits = rng_range(&r, 0, 1) ? rng_range(&r, 4, 12) : rng_range(&r, 12, 46);
    const machine m = wild_machine(&r, base[rng_range(&r, 0, 1)]);
    bool is_edited = rng_range(&r, 0, 1);
    nest *n = wild_nest(&ctx.mem, &r, (int)(seed % TESTING_NESTS), bits);
    if (is_edited)
      make_wild(&ctx.mem, &r, n);
    model_program *p;
    if (model_compile(&ctx, n, &m, rng_range(&r, 0, 1), (model_sharing)rng_range(&r, 0, 2), &p) == LOOM_OK) {
      t.compiled++;
      for (int k = 0; k < 12; k++)
        look(&ctx, &r, n, &m, p, rng_range(&r, 0, 3) ? model_min(bits, 14) : rng_range(&r, 0, 9) ? bits : 53, is_edited, &t);
    }
    loom_ctx_done(&ctx);
  }
  loom_ctx_done(&machines);
  assert_true(count < 1400 || (t.compiled > 1000 && t.refused > 1000 && t.priced > 1000 && t.bounded > 500));
}

/* ---- programs of unusual form ---- */

static nest_node *add_generic(arena *m, nest *n, nest_body *to, int input, int result) {
  nest_node *x = nest_make_node(m, NEST_COMPUTE);
  x->op = "generic";
  x->body_ops = "math.exp";
  x->m = sym_const(m, 1 << 12);
  x->k = sym_const(m, 1);
  x->value = result;
  vec_push(m, &x->inputs, input);
  vec_push(m, to, x);
  if (!n->values.at[result].def)
    n->values.at[result].def = x;
  return x;
}

static int add_value(arena *m, nest *n, int like, bool is_carried) {
  nest_value v = n->values.at[like];
  v.def = NULL;
  v.is_carried = is_carried;
  vec_push(m, &n->values, v);
  return (int)n->values.n - 1;
}

static void put_first(arena *m, nest_body *to, nest_node *x) {
  vec_push(m, to, x);
  for (size_t i = to->n - 1; i > 0; i--)
    to->at[i] = to->at[i - 1];
  to->at[0] = x;
}

/* A sequential loop of two turns. */
static nest_node *add_loop(arena *m, nest *n, nest_body *to, int parent, const char *block) {
  nest_node *x = nest_make_node(m, NEST_LOOP);
  vec_push(m, &n->symbols, ((nest_symbol){.name = block, .upper_bound = sym_const(m, 64), .align = 32}));
  vec_push(m, &n->loops, ((nest_loop){.block = block, .kind = NEST_SEQUENTIAL, .extent = sym_const(m, 64), .parent = parent}));
  x->loop = (int)n->loops.n - 1;
  vec_push(m, to, x);
  return x;
}

enum { LOAD_BEFORE_ITS_LOOP, LOOP_WITHOUT_LOADS, ACCUMULATOR_UNDER_ANOTHER_NAME, RESULT_WRITTEN_TWICE, LOOPS_ONE_BEHIND_THE_OTHER, STORE_OF_A_LOAD, STORES_OF_ONE_ACCUMULATOR, TENSOR_OF_LESS_RANK, LOAD_OF_ONE_ELEMENT, FORMS };

/* out = x @ y, changed; its body: fill, the loop over k with two loads and the product, the store. */
static nest *formed(arena *m, int form) {
  nest *n = nest_make_matmul(m, 256, 192, 128, DTYPE_F16, DTYPE_F32);
  nest_node *fill = n->body.at[0], *loop = n->body.at[1], *store = n->body.at[2], *y = loop->body.at[1], *product = loop->body.at[2];
  int acc = product->value, other;
  (void)fill;
  switch (form) {
  case LOAD_BEFORE_ITS_LOOP:
    loop->body.at[1] = product;
    loop->body.n = 2;
    for (int d = 0; d < y->n_dims; d++)
      if (y->dim[d].loop == loop->loop)
        y->dim[d] = (nest_access_dim){.loop = -1, .offset = sym_const(m, 0), .size = sym_const(m, 128)};
    put_first(m, &n->body, y);
    break;
  case LOOP_WITHOUT_LOADS:
    add_generic(m, n, &add_loop(m, n, &loop->body, loop->loop, "tile_p")->body, acc, add_value(m, n, acc, false));
    add_generic(m, n, &add_loop(m, n, &n->body, -1, "tile_q")->body, acc, add_value(m, n, acc, false));
    break;
  case ACCUMULATOR_UNDER_ANOTHER_NAME:
    other = add_value(m, n, acc, true);
    product->value = store->value = other;
    n->values.at[other].def = product;
    add_generic(m, n, &n->body, acc, add_value(m, n, acc, false));
    add_generic(m, n, &n->body, other, acc);
    break;
  case RESULT_WRITTEN_TWICE:
    other = add_value(m, n, acc, false);
    add_generic(m, n, &n->body, acc, other);
    add_generic(m, n, &n->body, acc, other)->body_ops = "addf,mulf";
    break;
  case LOOPS_ONE_BEHIND_THE_OTHER: {
    nest_node *next = add_loop(m, n, &n->body, -1, "tile_p");
    other = add_value(m, n, y->value, false);
    nest_node *again = nest_make_node(m, NEST_LOAD);
    *again = *y;
    again->value = other;
    n->values.at[other].def = again;
    vec_push(m, &next->body, again);
    add_generic(m, n, &next->body, other, add_value(m, n, acc, false));
    break;
  }
  case STORE_OF_A_LOAD:
    n->tensors.at[store->tensor].type = DTYPE_F32;
    store->value = loop->body.at[0]->value;
    break;
  case STORES_OF_ONE_ACCUMULATOR:
    n->tensors.at[store->tensor].type = DTYPE_F32;
    for (int i = 0; i < MODEL_DIRECT_MAX; i++) {
      nest_node *more = nest_make_node(m, NEST_STORE);
      *more = *store;
      vec_push(m, &n->body, more);
    }
    break;
  case LOAD_OF_ONE_ELEMENT:
    y->n_dims = 0;
    n->tensors.at[y->tensor].type = n->values.at[y->value].type = DTYPE_F32;
    break;
  default: n->tensors.at[y->tensor].rank = 1;
  }
  return n;
}

static void test_programs_of_unusual_form_are_priced(void **state) {
  (void)state;
  rng r = rng_new(71);
  for (int form = 0; form < FORMS; form++)
    for (int kind = 0; kind < 12; kind++) {
      loom_ctx ctx;
      loom_ctx_init(&ctx);
      machine *m = testing_machine(&ctx, kind % 2 ? "blackhole" : "wormhole", 2, 2);
      m->has_concurrent_units = kind % 4 >= 2;
      m->lacks_concurrent_movers = kind >= 8;
      nest *n = formed(&ctx.mem, form);
      model_program *p;
      assert_int_equal(model_compile(&ctx, n, m, kind % 3 == 0, (model_sharing)(kind % 3), &p), LOOM_OK);
      for (int k = 0; k < 40; k++) {
        plan_mapping map;
        model_grid g;
        model_point at;
        model_vector sum;
        plan_choice chosen[PLAN_LOADS_MAX];
        int64_t blocks[MODEL_BLOCKS_MAX], bytes;
        testing_mapping(&r, n, m, &map);
        model_grid_of(&map, &g);
        for (int s = 0; s < p->n_blocks; s++)
          blocks[s] = rng_range(&r, 1, 100);
        assert_true(model_set_blocks(p, &g, blocks, &at));
        assert_true(testing_price(&ctx, &r, p, &map, &at, chosen, &sum));
        check_point(&at, p->n_loops);
        check_vector(&sum);
        int64_t point = model_bound_point(p, &at, &(model_known){0}), cycles = model_total(p, &at, &sum);
        if (point > cycles)
          fail_msg("form %d, kind %d: bound %lld, cycles %lld", form, kind, (long long)point, (long long)cycles);
        assert_true(model_bytes_at(p, &g, blocks, chosen, &bytes) && bytes == sum.l1_bytes + at.l1_bytes);
      }
      loom_ctx_done(&ctx);
    }
}

/* ---- machines and mappings that cannot be ---- */

static void test_meshes_that_cannot_be_are_refused(void **state) {
  (void)state;
  enum { NO_DIM, MANY_DIMS, NO_CORE, TOO_MANY_CORES, BEFORE_THE_FIRST, BEHIND_THE_LAST, CASES };
  static const char *const texts[] = {"must have 1..", "must have 1..", "must have 1..", "must have 1..", "attaches DRAM channel 0 to core -1", "attaches DRAM channel 0 to core 6"};
  for (int i = 0; i < CASES; i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    machine *m = testing_machine(&ctx, "wormhole", 3, 2);
    model_noc noc;
    if (i == NO_DIM)
      m->mesh.n = 0;
    for (int k = 0; i == MANY_DIMS && k < MACHINE_MESH_DIMS_MAX; k++)
      vec_push(&ctx.mem, &m->mesh, ((machine_dim){.name = "z", .size = 1}));
    if (i == NO_CORE || i == TOO_MANY_CORES)
      m->mesh.at[0].size = i == NO_CORE ? 0 : INT64_C(1) << 20;
    if (i == BEFORE_THE_FIRST || i == BEHIND_THE_LAST)
      m->attach.at[0] = i == BEFORE_THE_FIRST ? -1 : 6;
    assert_int_equal(model_noc_make(&ctx, m, &noc), LOOM_EINPUT);
    testing_expect_error(&ctx, LOOM_EINPUT, texts[i], 0, 0);
    loom_ctx_done(&ctx);
  }
}

static void test_kernels_with_too_many_loops_are_refused(void **state) {
  (void)state;
  for (int i = 0; i < 2; i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    model_program *p;
    nest *n = nest_make_matmul(&ctx.mem, 64, 64, 64, DTYPE_F16, DTYPE_F16);
    while (i == 0 && n->loops.n <= NEST_LOOPS_MAX)
      vec_push(&ctx.mem, &n->loops, n->loops.at[2]);
    n->n_parallel = i ? PLAN_ITERS_MAX + 1 : n->n_parallel;
    assert_int_equal(model_compile(&ctx, n, testing_machine(&ctx, "wormhole", 2, 2), false, MODEL_PACKED, &p), LOOM_ELIMIT);
    loom_ctx_done(&ctx);
  }
}

static void test_areas_are_parts_of_the_mesh(void **state) {
  (void)state;
  for (int64_t area = 0; area <= 3; area++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    machine *m = testing_machine(&ctx, "wormhole", 2, 2);
    model_program *p;
    const plan_mapping map = {.n_mesh = 2, .mesh_name = {"x", "y"}, .mesh_size = {2, 2}, .n_logical = 2, .logical = {{0, 0, 2, 0}, {1, 0, 2, 1}}, .n_iters = 2, .order = {0, 1}};
    plan_choice own = {.area = {1, 1, 1}, .depth = 1}, shared = {.area = {1, area, 1}, .move = {PLAN_UNICAST, PLAN_MULTICAST}, .depth = 1};
    const plan_choice *choices[] = {&shared, &own, &own};
    const size_t one[] = {1, 1, 1};
    model_route *routes[3];
    model_grid g;
    model_point at;
    assert_int_equal(model_compile(&ctx, nest_make_matmul(&ctx.mem, 128, 128, 128, DTYPE_F16, DTYPE_F16), m, false, MODEL_PACKED, &p), LOOM_OK);
    model_grid_of(&map, &g);
    assert_true(model_set_blocks(p, &g, (const int64_t[]){32, 32, 32}, &at));
    assert_int_equal(model_find_routes(&ctx, p, &map, &at, choices, one, routes) == LOOM_OK, area == 1 || area == 2);
    loom_ctx_done(&ctx);
  }
}

/* Expressions of a candidate: tiles of constant size, or as long as another loop's; accesses that the candidate does not name; machines that align nothing. */
static void test_expressions_of_tiles_of_any_size(void **state) {
  (void)state;
  for (int what = 0; what < 3; what++)
    for (int kind = 0; kind < 3; kind++) {
      loom_ctx ctx;
      loom_ctx_init(&ctx);
      machine *m = testing_machine(&ctx, "wormhole", 2, 2);
      nest *n = nest_make_matmul(&ctx.mem, 128, 128, 128, DTYPE_F16, DTYPE_F16);
      nest_node *loop = n->body.at[1];
      m->l1_align_bytes = what;
      for (int k = 0; k < 2; k++)
        for (int d = 0; d < loop->body.at[k]->n_dims; d++)
          loop->body.at[k]->dim[d].size = what == 1 ? sym_name(&ctx.mem, n->symbols.at[d].name) : what == 2 ? sym_const(&ctx.mem, 32) : loop->body.at[k]->dim[d].size;
      plan_candidate c = {.name = "by hand", .n_access = what == 0 ? 1 : 3,
                          .mapping = {.n_mesh = 2, .mesh_name = {"x", "y"}, .mesh_size = {2, 2}, .n_logical = 2, .logical = {{0, 0, 2, 0}, {1, 0, 2, 1}}, .n_iters = 2, .order = {0, 1}}};
      for (int a = 0; a < c.n_access; a++)
        c.access[a] = (plan_access){.name = "a", .area = {1, 1, 1}};
      model_cost *cost;
      assert_int_equal(model_build(&ctx, n, m, &c, (model_kind)kind, true, &cost), LOOM_OK);
      for (int64_t db = 0; db < 2; db++) {
        const sym_binding at[] = {{"tile_m", 32}, {"tile_n", 64}, {"tile_k", 32}, {MODEL_DOUBLE_BUFFER, db}};
        const sym_expr *const all[] = {cost->cycles, cost->compute, cost->load, cost->store, cost->l1_bytes, cost->dram_bytes};
        for (size_t i = 0; i < COUNT_OF(all); i++) {
          int64_t v;
          assert_int_equal(sym_eval(&ctx, all[i], at, 4, &v), LOOM_OK);
          assert_true(v >= 0);
        }
      }
      loom_ctx_done(&ctx);
    }
}

/* ---- single numbers ---- */

static void test_cycles_of_any_rate(void **state) {
  (void)state;
  assert_int_equal(model_cycles(1000, 0), 0);
  assert_int_equal(model_cycles(1000, 1024), 1000);
  assert_int_equal(model_cycles(MODEL_MOST * 2, 1024), MODEL_MOST * 2);
  assert_int_equal(model_cycles(MODEL_MOST, MODEL_MOST * 2), 512);
}

/* ---- costs from below: what is too deep, too long or too high is left out ---- */

enum { ROOM = 24 };
static const char *const names[] = {"tile_m", "tile_n", "tile_k"};
static int lower_terms(const sym_expr *e, bool cancels, int room, program_monomial *out) { return program_lower_terms(e, names, 3, cancels, out, room); }

static const sym_expr *nested(arena *m, sym_op op, const sym_expr *leaf, const sym_expr *by, int depth) {
  for (int i = 0; i < depth; i++)
    leaf = sym_make(m, op, leaf, by, NULL);
  return leaf;
}

static void test_what_is_too_deep_has_no_sum(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  arena *m = &ctx.mem;
  program_monomial out[ROOM];
  const sym_expr *k = sym_name(m, "tile_k"), *two = sym_const(m, 2), *deep = nested(m, SYM_MAX, k, two, 300), *truth = sym_make(m, SYM_GE, k, two, NULL);
  assert_int_equal(lower_terms(nested(m, SYM_ADD, k, two, 20), false, ROOM, out), 2);
  assert_int_equal(lower_terms(deep, false, ROOM, out), 0);
  /* a condition as deep: either side may be, unless its last step alone shows which */
  const sym_expr *conditions[] = {nested(m, SYM_AND, truth, truth, 300), nested(m, SYM_OR, truth, truth, 300), sym_make(m, SYM_GE, deep, two, NULL), sym_make(m, SYM_LE, deep, two, NULL),
                                  sym_make(m, SYM_GE, nested(m, SYM_MUL, k, two, 300), sym_const(m, 5), NULL)};
  for (size_t i = 0; i < COUNT_OF(conditions); i++)
    for (int cancels = 0; cancels < 2; cancels++) {
      const sym_expr *e = sym_make(m, SYM_IF, conditions[i], sym_mul(m, k, sym_const(m, 7)), sym_mul(m, k, sym_const(m, 3)));
      assert_int_equal(lower_terms(e, cancels, ROOM, out), 1);
      assert_true(out[0].coefficient == (i == 2 ? 7 : 3));
    }
  for (int i = 0; i < 2; i++) {
    const sym_expr *sides[] = {k, sym_mul(m, k, sym_const(m, 9))}, *e = sym_make(m, SYM_IF, sym_make(m, i ? SYM_TRUE : SYM_FALSE, NULL, NULL, NULL), sides[1], sides[0]);
    assert_int_equal(lower_terms(e, false, ROOM, out), 1);
    assert_true(out[0].coefficient == (i ? 9 : 1));
  }
  /* below a divisor, which is as deep */
  assert_int_equal(lower_terms(sym_make(m, SYM_CEILDIV, sym_mul(m, k, k), nested(m, SYM_MUL, k, two, 300), NULL), true, ROOM, out), 0);
  assert_int_equal(lower_terms(sym_make(m, SYM_CEILDIV, sym_mul(m, k, k), sym_make(m, SYM_FLOORDIV, k, sym_const(m, 0), NULL), NULL), true, ROOM, out), 0);
  /* of a truth value as a number nothing is known but that it is 0 at least */
  assert_int_equal(lower_terms(sym_make(m, SYM_CEILDIV, k, sym_make(m, SYM_MAX, truth, sym_const(m, 4), NULL), NULL), false, ROOM, out), 1);
  assert_true(out[0].coefficient == 0.25);
  loom_ctx_done(&ctx);
}

static void test_what_is_too_long_or_too_high_is_left_out(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  arena *m = &ctx.mem;
  program_monomial out[ROOM];
  const sym_expr *k = sym_name(m, "tile_k"), *n = sym_name(m, "tile_n"), *sum = sym_const(m, 1), *power = k;
  for (int i = 1; i < 15; i++, power = sym_mul(m, power, k))
    sum = sym_add(m, sum, sym_add(m, power, sym_mul(m, power, n)));
  assert_int_equal(lower_terms(sum, false, ROOM, out), ROOM);
  assert_int_equal(lower_terms(sum, false, 5, out), 5);
  /* k^15 is the last power there is */
  assert_int_equal(lower_terms(power, false, ROOM, out), 1);
  assert_int_equal(out[0].power[2], 15);
  assert_int_equal(lower_terms(sym_mul(m, power, k), false, ROOM, out), 0);
  assert_int_equal(lower_terms(sym_mul(m, power, sym_mul(m, n, k)), false, ROOM, out), 0);
  const sym_expr *high = sym_ceildiv(m, sym_mul(m, n, k), sym_mul(m, power, k));
  assert_true(lower_terms(high, true, ROOM, out) <= 1);
  /* more facts than are kept: those that are count */
  const sym_expr *e = sym_ceildiv(m, sym_mul(m, n, sym_const(m, 64)), k), *f = e;
  for (int64_t i = 0; i < 40; i++) {
    e = sym_make(m, SYM_IF, sym_make(m, SYM_LT, k, sym_const(m, 64 + i), NULL), e, sym_mul(m, n, sym_const(m, 5)));
    f = sym_make(m, SYM_IF, sym_make(m, SYM_GT, sym_mul(m, n, k), sym_const(m, 64 + i), NULL), f, sym_mul(m, n, sym_const(m, 5)));
  }
  for (int cancels = 0; cancels < 2; cancels++) {
    assert_true(lower_terms(e, cancels, ROOM, out) <= 1);
    assert_true(lower_terms(f, cancels, ROOM, out) <= 2);
  }
  /* a coefficient beyond any number */
  const sym_expr *huge = sym_const(m, INT64_MAX);
  for (int i = 0; i < 17; i++)
    huge = sym_mul(m, k, sym_mul(m, huge, sym_const(m, INT64_MAX)));
  assert_int_equal(lower_terms(nested(m, SYM_MUL, sym_const(m, INT64_MAX), sym_const(m, INT64_MAX - 1), 60), false, ROOM, out), 0);
  assert_int_equal(lower_terms(huge, false, ROOM, out), 0);
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_numbers_stay_inside_the_model),
      cmocka_unit_test(test_programs_of_unusual_form_are_priced),
      cmocka_unit_test(test_meshes_that_cannot_be_are_refused),
      cmocka_unit_test(test_kernels_with_too_many_loops_are_refused),
      cmocka_unit_test(test_areas_are_parts_of_the_mesh),
      cmocka_unit_test(test_expressions_of_tiles_of_any_size),
      cmocka_unit_test(test_cycles_of_any_rate),
      cmocka_unit_test(test_what_is_too_deep_has_no_sum),
      cmocka_unit_test(test_what_is_too_long_or_too_high_is_left_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
