/* Oracle: the nest is run on bytes that are shared as boldly as the lives allow; every value read must still be what was written. */
#include "nest/nest_live.h"
#include "base/rng.h"
#include "base/testing.h"
#include "base/text.h"
#include "nest/nest_samples.h"

static const nest_mamba_shape mamba = {.batch = 2, .heads = 32, .groups = 4, .chunks = 8, .chunk = 192, .head = 160, .state = 128, .block_bound = 8192};

enum { N_SAMPLES = 9 };
static nest *make(arena *m, int i) {
  switch (i) {
  case 0: return nest_make_matmul(m, 4096, 2048, 512, DTYPE_F16, DTYPE_F16);
  case 1: return nest_make_batch_matmul(m, 32, 128, 64, 96, DTYPE_BF16, DTYPE_F32);
  case 2: return nest_make_elementwise(m, 100, 7, DTYPE_F32, "mulf,addf");
  case 3: return nest_make_attention(m, 32, 4096, 4096, 128, DTYPE_F16);
  case 4: return nest_make_decode(m, 16, 32, 8192, 128, DTYPE_F16);
  case 5: return nest_make_split_k(m, 512, 512, 4096, DTYPE_F16);
  case 6: return nest_make_mamba(m, &mamba, DTYPE_F16, false);
  case 7: return nest_make_mamba(m, &mamba, DTYPE_F16, true);
  default: {
    nest *n = nest_make_attention(m, 4, 64, 64, 64, DTYPE_F16);      /* the scores leave the core too, from inside the loop */
    nest_node *loop = n->body.at[4], *store = nest_make_node(m, NEST_STORE);
    nest_node whole = *n->body.at[n->body.n - 1];
    *store = whole;
    store->value = loop->body.at[2]->value;
    store->label = "store scores";
    vec_push(m, &loop->body, NULL);
    for (size_t k = loop->body.n - 1; k > 3; k--)
      loop->body.at[k] = loop->body.at[k - 1];
    loop->body.at[3] = store;
    return n;
  }
  }
}

/* ---- the machine: what each place holds ---- */

typedef struct place { int first, last; bool is_shared; int holds; } place;      /* union of the lives with the same bytes; holds: a value, -1: nothing of use */
typedef struct runner { const nest *n; const nest_lives *l; place *at; const char *wrong; } runner;

static int life_of(const runner *r, int value) {
  for (size_t i = 0; i < r->l->n; i++)
    if (r->l->at[i].value == value && !r->l->at[i].is_copy)
      return (int)i;
  fail_msg("value %d has no life", value);
  return -1;
}

static void read_value(runner *r, const nest_node *x, int value) {
  if (r->at[nest_life_root(r->l, life_of(r, value))].holds != value && !r->wrong)
    r->wrong = x->label;
}

/* Bytes of compute that may lie in the same place (lives apart) are overwritten. */
static void write_value(runner *r, int value) {
  int to = nest_life_root(r->l, life_of(r, value));
  place *p = &r->at[to];
  for (size_t i = 0; i < r->l->n; i++) {
    place *q = &r->at[i];
    if (p->is_shared && q->is_shared && (q->last < p->first || q->first > p->last))
      q->holds = -1;
  }
  p->holds = value;
}

static void run_body(runner *r, const nest_body *b) {
  for (size_t i = 0; i < b->n; i++) {
    const nest_node *x = b->at[i];
    if (x->kind == NEST_LOOP) {
      for (int turn = 0; turn < 3; turn++)
        run_body(r, &x->body);
      continue;
    }
    if (x->kind == NEST_STORE)
      read_value(r, x, x->value);
    for (size_t k = 0; k < x->inputs.n; k++)
      read_value(r, x, x->inputs.at[k]);
    if (x->kind != NEST_STORE)
      write_value(r, x->value);
  }
}

/* One place a root; compute's may lie where others lie. */
static place *make_places(loom_ctx *ctx, const nest_lives *l) {
  place *at = ARENA_NEW_N(&ctx->mem, place, l->n + 1);
  for (size_t i = 0; i < l->n; i++)
    at[i] = (place){INT32_MAX, -1, l->at[i].owner == NEST_OWNED_BY_COMPUTE && l->at[i].same_as < 0, -1};
  for (size_t i = 0; i < l->n; i++) {
    place *root = &at[nest_life_root(l, (int)i)];
    root->first = l->at[i].first < root->first ? l->at[i].first : root->first;
    root->last = l->at[i].last > root->last ? l->at[i].last : root->last;
  }
  return at;
}

static const char *run_on(loom_ctx *ctx, const nest *n, const nest_lives *l) {
  runner r = {.n = n, .l = l, .at = make_places(ctx, l)};
  run_body(&r, &n->body);
  return r.wrong;
}

static void test_no_value_is_overwritten_before_its_last_use(void **state) {
  (void)state;
  for (int i = 0; i < 2 * N_SAMPLES; i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    const nest *n = make(&ctx.mem, i / 2);
    nest_lives l = {0};
    nest_list_lives(&ctx.mem, n, i % 2, &l);
    const char *wrong = run_on(&ctx, n, &l);
    if (wrong)
      fail_msg("sample %d: '%s' reads what was overwritten", i / 2, wrong);
    for (size_t k = 1; k < l.n; k++)
      assert_true(l.at[k].first >= l.at[k - 1].first && l.at[k].same_as < (int)k);
    loom_ctx_done(&ctx);
  }
}

/* The runner does notice: any life that ends a node too early, or takes over bytes still in use, is caught for at least one sample. */
static void test_lives_that_are_too_short_are_noticed(void **state) {
  (void)state;
  int noticed_ends = 0, noticed_shares = 0;
  for (int i = 0; i < N_SAMPLES; i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    const nest *n = make(&ctx.mem, i);
    nest_lives l = {0};
    nest_list_lives(&ctx.mem, n, false, &l);
    for (size_t k = 0; k < l.n; k++) {
      nest_life kept = l.at[k];
      if (kept.owner == NEST_OWNED_BY_COMPUTE && kept.same_as < 0) {
        l.at[k].last = l.at[k].first;
        noticed_ends += run_on(&ctx, n, &l) != NULL;
        l.at[k] = kept;
        for (size_t j = 0; j < k; j++)
          if (l.at[j].owner == NEST_OWNED_BY_COMPUTE && l.at[j].last > kept.first) {
            l.at[k].same_as = (int)j;
            noticed_shares += run_on(&ctx, n, &l) != NULL;
          }
        l.at[k] = kept;
      }
    }
    loom_ctx_done(&ctx);
  }
  assert_true(noticed_ends >= 10);
  assert_true(noticed_shares >= 20);
}

static const nest_life *named(const nest_lives *l, const char *name) {
  for (size_t i = 0; i < l->n; i++)
    if (text_eq(l->at[i].name, name))
      return &l->at[i];
  fail_msg("no life '%s'", name);
  return NULL;
}

/* By hand, for the kernels with one product. */
static void test_lives_of_products(void **state) {
  (void)state;
  static const struct { int sample; bool direct; const char *want; } rows[] = {
      {0, false, "acc:compute[0,6] x:reader[2,4] y:reader[3,4] out:writer[6,6]copy "},
      {0, true, "out:writer[0,6] x:reader[2,4] y:reader[3,4] "},
      {1, true, "acc:compute[0,6] x:reader[2,4] y:reader[3,4] out:writer[6,6]copy "},      /* f32 for a bf16 tensor */
      {2, false, "x:reader[0,2] y:reader[1,2] out:writer[2,3] "},
      {5, false, "a:reader[0,3] b:reader[1,3] tmp:writer[2,4] tmp.2:reader[4,6] out:writer[5,7] "},
  };
  static const char *const owners[] = {"reader", "compute", "writer"};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    nest_lives l = {0};
    nest_list_lives(&ctx.mem, make(&ctx.mem, rows[i].sample), rows[i].direct, &l);
    text t = text_new(&ctx.mem);
    for (size_t k = 0; k < l.n; k++)
      text_addf(&t, "%s:%s[%d,%d]%s ", l.at[k].name, owners[l.at[k].owner], l.at[k].first, l.at[k].last, l.at[k].is_copy ? "copy" : "");
    assert_string_equal(text_str(&t), rows[i].want);
    loom_ctx_done(&ctx);
  }
}

/* Attention: the sum and the results are updated where they are; the maximum is needed after the new one is made, so it is copied. */
static void test_moves_of_attention(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  const nest *n = make(&ctx.mem, 3);
  nest_lives l = {0};
  nest_list_lives(&ctx.mem, n, false, &l);
  const nest_body *b = &n->body.at[4]->body;
  static const bool is_free[] = {false, true, true};
  for (int i = 0; i < 3; i++)
    assert_int_equal(nest_move_is_free(&l, b->at[b->n - 3 + (size_t)i]), is_free[i]);
  assert_ptr_equal(&l.at[named(&l, "tmp.8")->same_as], named(&l, "acc.2"));
  assert_ptr_equal(&l.at[named(&l, "tmp.10")->same_as], named(&l, "acc.3"));
  assert_ptr_equal(&l.at[named(&l, "tmp.3")->same_as], named(&l, "tmp.2"));      /* the new maximum over the scores' maximum */
  assert_ptr_equal(&l.at[named(&l, "tmp.5")->same_as], named(&l, "tmp"));        /* the weights over the scores */
  assert_int_equal(named(&l, "out")->owner, NEST_OWNED_BY_WRITER);
  loom_ctx_done(&ctx);
}

static int64_t bytes_of(loom_ctx *ctx, const nest_life *x) {
  static const sym_binding at[] = {{"tile_b", 1}, {"tile_m", 64}, {"tile_n", 64}};
  int64_t bytes = (int64_t)dtype_bytes(x->type), dim;
  for (int d = 0; d < x->rank; d++) {
    assert_int_equal(sym_eval(ctx, x->dim[d], at, COUNT_OF(at), &dim), LOOM_OK);
    bytes *= dim;
  }
  return bytes;
}

/* All slots, and the most bytes of compute alive at once. */
static int64_t bytes_needed(loom_ctx *ctx, const nest_lives *l) {
  int64_t slots = 0, most = 0;
  place *at = make_places(ctx, l);
  for (size_t i = 0; i < l->n; i++)
    slots += l->at[i].owner != NEST_OWNED_BY_COMPUTE && l->at[i].same_as < 0 ? bytes_of(ctx, &l->at[i]) : 0;
  for (int p = 0; p < 100; p++) {
    int64_t alive = 0;
    for (size_t i = 0; i < l->n; i++)
      alive += at[i].is_shared && at[i].first <= p && p <= at[i].last ? bytes_of(ctx, &l->at[i]) : 0;
    most = alive > most ? alive : most;
  }
  return slots + most;
}

/* After colouring upstream gives attention 13 buffers: 6 of 64 x 128 (q, k, v, the results and what is added to them, what is stored), 2 of scores
 * and 5 columns. */
static void test_attention_needs_no_more_than_upstreams_buffers(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  nest_lives l = {0};
  nest_list_lives(&ctx.mem, make(&ctx.mem, 3), false, &l);
  int64_t tile = 64 * 128 * 2, square = 64 * 64 * 2, column = 64 * 2;
  int64_t upstream = 6 * tile + 2 * square + 5 * column;
  assert_int_equal(bytes_needed(&ctx, &l), 6 * tile + square + 4 * column);
  assert_true(bytes_needed(&ctx, &l) <= upstream);
  loom_ctx_done(&ctx);
}

/* Chains of element-wise ops and loops with moves, made at random. */
static void test_random_bodies_lose_nothing(void **state) {
  (void)state;
  rng r = rng_new(7);
  int valid = 0;
  for (int round = 0; round < 300; round++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    arena *m = &ctx.mem;
    nest *n = nest_make_attention(m, 4, 64, 64, 64, DTYPE_F16);
    nest_node *loop = n->body.at[4];
    for (size_t i = 0; i < loop->body.n; i++) {      /* rewire: inputs of the same shape are exchanged for earlier ones */
      nest_node *x = loop->body.at[i];
      for (size_t k = 0; x->kind == NEST_COMPUTE && k < x->inputs.n; k++) {
        if (x->inputs.at[k] == x->value)
          continue;
        const nest_value *have = &n->values.at[x->inputs.at[k]];
        int other = (int)rng_range(&r, 0, (x->is_move ? x->inputs.at[k] : x->value) - 1);
        const nest_value *v = &n->values.at[other];
        bool fits = v->rank == have->rank && other != x->value && (v->def->kind != NEST_LOAD || !x->is_move);
        for (int d = 0; fits && d < v->rank; d++)
          fits = sym_equal(v->dim[d], have->dim[d]);
        if (fits)
          x->inputs.at[k] = other;
      }
    }
    loom_ctx quiet;
    loom_ctx_init(&quiet);
    bool is_valid = nest_verify(&quiet, n) == LOOM_OK;
    loom_ctx_done(&quiet);
    nest_lives l = {0};
    valid += is_valid;
    if (is_valid) {
      nest_list_lives(m, n, round % 2, &l);
      const char *wrong = run_on(&ctx, n, &l);
      if (wrong)
        fail_msg("round %d: '%s' reads what was overwritten", round, wrong);
    }
    loom_ctx_done(&ctx);
  }
  assert_true(valid > 100);
}

/* ---- bodies of any shape ---- */

typedef struct maker { arena *m; nest *n; rng *r; int loops; } maker;
typedef VEC_OF(int) value_list;

static int make_value(maker *k, int shape, bool is_carried) {
  const sym_expr *row = sym_name(k->m, "tile_m"), *column = sym_name(k->m, "tile_n");
  nest_value v = {.name = rng_range(k->r, 0, 7) ? arena_printf(k->m, "v%zu", k->n->values.n % 5) : NULL, .type = rng_range(k->r, 0, 5) ? DTYPE_F16 : DTYPE_F32, .rank = shape ? 2 : 1,
                  .dim = {row, column}, .is_carried = is_carried, .memory = rng_range(k->r, 0, 9) == 0};
  vec_push(k->m, &k->n->values, v);
  return (int)k->n->values.n - 1;
}

static nest_node *make_node(maker *k, nest_body *b, nest_node_kind kind, int value) {
  nest_node *x = nest_make_node(k->m, kind);
  x->value = value;
  x->label = arena_printf(k->m, "node %zu of value %d", b->n, value);
  vec_push(k->m, b, x);
  if (kind != NEST_STORE && kind != NEST_LOOP && !k->n->values.at[value].def)
    k->n->values.at[value].def = x;
  return x;
}

static int shape_of(const maker *k, int value) { return k->n->values.at[value].rank == 2; }

static void make_access(maker *k, nest_body *b, nest_node_kind kind, int value) {
  const nest_value *v = &k->n->values.at[value];
  nest_tensor t = {.name = arena_printf(k->m, "t%d", (int)rng_range(k->r, 0, 3)), .type = rng_range(k->r, 0, 3) ? v->type : DTYPE_F32, .rank = v->rank, .shape = {64, 64}, .arg = (int)k->n->tensors.n};
  nest_node *x = make_node(k, b, kind, value);
  x->tensor = (int)k->n->tensors.n;
  x->n_dims = v->rank;
  for (int d = 0; d < v->rank; d++)
    x->dim[d] = (nest_access_dim){.loop = d, .offset = sym_const(k->m, 0), .size = v->dim[d]};
  vec_push(k->m, &k->n->tensors, t);
}

/* Reads values of `here`; where `value` has their shape, some only in the place of its results. */
static void make_compute(maker *k, nest_body *b, const value_list *here, int value, int last) {
  nest_node *x = make_node(k, b, NEST_COMPUTE, value);
  x->op = "generic";
  x->body_ops = "addf";
  x->m = sym_const(k->m, 64);
  x->k = sym_const(k->m, 1);
  for (int64_t i = rng_range(k->r, 0, 20) ? rng_range(k->r, 1, 3) : 33; i-- > 0 && here->n;) {
    const int input = here->at[rng_range(k->r, 0, (int64_t)here->n - 1)];
    if (x->inputs.n < 32 && input != value && shape_of(k, input) == shape_of(k, value) && rng_range(k->r, 0, 2))
      x->same_place |= 1u << x->inputs.n;
    vec_push(k->m, &x->inputs, input);
  }
  if (last >= 0)
    vec_push(k->m, &x->inputs, last);
}

static void make_body(maker *k, nest_body *b, int parent, const value_list *outside);

static void make_loop(maker *k, nest_body *b, int parent, value_list *here) {
  static const char *const blocks[] = {"tile_p", "tile_q", "tile_r"};
  const int loop = (int)k->n->loops.n;
  vec_push(k->m, &k->n->symbols, ((nest_symbol){.name = blocks[k->loops], .upper_bound = sym_const(k->m, 64), .align = 1}));
  vec_push(k->m, &k->n->loops, ((nest_loop){.block = blocks[k->loops++], .kind = NEST_SEQUENTIAL, .extent = sym_const(k->m, 64), .parent = parent}));
  int carried[3], n_carried = (int)rng_range(k->r, 0, 3);
  for (int i = 0; i < n_carried; i++) {
    carried[i] = make_value(k, (int)rng_range(k->r, 0, 1), true);
    make_node(k, b, NEST_COMPUTE, carried[i])->op = "fill";
    vec_push(k->m, here, carried[i]);
  }
  nest_node *x = make_node(k, b, NEST_LOOP, 0);
  x->loop = loop;
  const size_t first = k->n->values.n;
  make_body(k, &x->body, loop, here);
  for (int i = 0; i < n_carried; i++) {      /* an update where it is, or a move of something made here (or before) */
    int next = (int)rng_range(k->r, first < k->n->values.n && rng_range(k->r, 0, 3) ? (int64_t)first : 0, (int64_t)k->n->values.n - 1);
    if (rng_range(k->r, 0, 2) == 0)
      make_compute(k, &x->body, here, carried[i], carried[i]);
    else if (shape_of(k, next) == shape_of(k, carried[i]) && next != carried[i]) {
      nest_node *move = make_node(k, &x->body, NEST_COMPUTE, carried[i]);
      move->op = "move";
      move->is_move = true;
      vec_push(k->m, &move->inputs, next);
    }
  }
}

static void make_body(maker *k, nest_body *b, int parent, const value_list *outside) {
  value_list here = {0};
  for (size_t i = 0; i < outside->n; i++)
    vec_push(k->m, &here, outside->at[i]);
  for (int64_t i = rng_range(k->r, 2, 6); i-- > 0;) {
    const int64_t what = rng_range(k->r, 0, 9);
    if (what < 2 || !here.n) {
      const int value = make_value(k, (int)rng_range(k->r, 0, 1), false);
      make_access(k, b, NEST_LOAD, value);
      vec_push(k->m, &here, value);
    } else if (what < 6) {
      const int value = make_value(k, (int)rng_range(k->r, 0, 1), false);
      make_compute(k, b, &here, value, -1);
      vec_push(k->m, &here, value);
    } else if (what < 8 || k->loops == 3)
      make_access(k, b, NEST_STORE, here.at[rng_range(k->r, 0, (int64_t)here.n - 1)]);
    else
      make_loop(k, b, parent, &here);
  }
}

/* Loads, computes, stores and loops that carry, in any order.  Oracle: the runner. */
static void test_bodies_of_any_shape_lose_nothing(void **state) {
  (void)state;
  int valid = 0, free_moves = 0;
  for (int64_t seed = 1; seed <= testing_number("LOOM_FUZZ_COUNT", 3000); seed++) {
    loom_ctx ctx, quiet;
    loom_ctx_init(&ctx);
    loom_ctx_init(&quiet);
    rng r = rng_new((uint64_t)seed);
    maker k = {.m = &ctx.mem, .n = ARENA_NEW(&ctx.mem, nest), .r = &r};
    for (int i = 0; i < 2; i++) {
      vec_push(k.m, &k.n->symbols, ((nest_symbol){.name = i ? "tile_n" : "tile_m", .upper_bound = sym_const(k.m, 64), .align = 1}));
      vec_push(k.m, &k.n->loops, ((nest_loop){.block = i ? "tile_n" : "tile_m", .kind = NEST_PARALLEL, .extent = sym_const(k.m, 64), .parent = -1}));
    }
    k.n->n_parallel = 2;
    k.n->kernel = "random";
    make_body(&k, &k.n->body, -1, &(value_list){0});
    if (nest_verify(&quiet, k.n) == LOOM_OK) {
      nest_lives l = {0};
      nest_list_lives(k.m, k.n, seed % 2, &l);
      const char *wrong = run_on(&ctx, k.n, &l);
      if (wrong)
        fail_msg("seed %d: '%s' reads what was overwritten", (int)seed, wrong);
      for (size_t i = 0; i < l.n; i++)
        free_moves += l.at[i].same_as >= 0;
      valid++;
    }
    loom_ctx_done(&quiet);
    loom_ctx_done(&ctx);
  }
  assert_true(valid > 1000 && free_moves > 300);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_no_value_is_overwritten_before_its_last_use),
      cmocka_unit_test(test_lives_that_are_too_short_are_noticed),
      cmocka_unit_test(test_lives_of_products),
      cmocka_unit_test(test_moves_of_attention),
      cmocka_unit_test(test_attention_needs_no_more_than_upstreams_buffers),
      cmocka_unit_test(test_random_bodies_lose_nothing),
      cmocka_unit_test(test_bodies_of_any_shape_lose_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
