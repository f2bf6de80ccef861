/* Random edits of a right graph, a few at a time, verifier off: the simulator must come to an end, keep its hands off memory that is not its own
 * (the sanitizers' part), say the same with and without values, and say the same twice.  A graph that it lets pass without a fault and that the
 * verifier accepts must give the right result unless an edit changed what is computed, so wrong elements are not checked here. */
#include "sim/sim_testing.h"

enum { RUNS = 600 };

typedef struct dice { rng r; rig *g; } dice;

static int64_t roll(dice *d, int64_t lo, int64_t hi) { return rng_range(&d->r, lo, hi); }

static void collect(const tog_body *body, tog_node **out, int *n) {
  for (size_t i = 0; i < body->n; i++) {
    out[(*n)++] = body->at[i];
    if (body->at[i]->kind == TOG_LOOP)
      collect(&body->at[i]->body, out, n);
  }
}

/* A small expression over the mesh and, sometimes, the outermost loop variable (which is in scope everywhere but in its own trip count). */
static const sym_expr *random_expr(dice *d, int depth) {
  arena *m = &d->g->ctx.mem;
  static const int64_t numbers[] = {0, 1, 2, 3, 8, 16, 31, 32, 33, 64, -1, -16, 1000000, INT64_MAX / 2, INT64_MIN / 2};
  static const char *const names[] = {"x", "y", "mi"};
  static const sym_op ops[] = {SYM_ADD, SYM_SUB, SYM_MUL, SYM_MIN, SYM_MAX, SYM_FLOORDIV, SYM_MOD, SYM_CEILDIV};
  if (depth == 0 || roll(d, 0, 2) == 0)
    return roll(d, 0, 1) ? sym_const(m, numbers[roll(d, 0, COUNT_OF(numbers) - 1)]) : sym_name(m, names[roll(d, 0, 2)]);
  return sym_make(m, ops[roll(d, 0, COUNT_OF(ops) - 1)], random_expr(d, depth - 1), random_expr(d, depth - 1), NULL);
}

static void change_expr(dice *d, const sym_expr **e) {
  arena *m = &d->g->ctx.mem;
  switch (roll(d, 0, 3)) {
  case 0: *e = random_expr(d, 2); break;
  case 1: *e = sym_add(m, *e, sym_const(m, roll(d, -20, 20))); break;
  case 2: *e = sym_mul(m, *e, sym_const(m, roll(d, -1, 3))); break;
  default: *e = sym_floordiv(m, *e, sym_name(m, roll(d, 0, 1) ? "x" : "y")); break;
  }
}

static void change_node(dice *d, tog_node *n) {
  int buffers = (int)d->g->t->buffers.n;
  switch (n->kind) {
  case TOG_LOOP: change_expr(d, &n->trip); break;
  case TOG_LOAD:
  case TOG_STORE: {
    const sym_expr **group[] = {n->group.ul, n->group.lr, n->group.sender};
    int64_t what = roll(d, 0, n->kind != TOG_LOAD ? 3 : n->has_group ? 8 : 6), dim = roll(d, 0, 1);
    if (what == 0)
      change_expr(d, &n->box.offset[dim]);
    else if (what == 1)
      change_expr(d, &n->box.extent[dim]);
    else if (what == 2)
      n->buffer = (int)roll(d, 0, buffers - 1);
    else if (what == 3)
      n->box.to_dim[dim] = -1;
    else if (what == 4)
      n->at[dim] = random_expr(d, 1);
    else if (what == 5)
      n->opens = random_expr(d, 1);
    else if (what == 6)
      n->closes = random_expr(d, 1);
    else if (what == 7)
      n->group.chain[dim] = !n->group.chain[dim];
    else
      change_expr(d, &group[roll(d, 0, 2)][dim]);
    break;
  }
  case TOG_COMPUTE: {
    int64_t what = roll(d, n->args.n > 0 ? 0 : 1, 4);
    if (what == 0)
      change_expr(d, &n->args.at[roll(d, 0, (int64_t)n->args.n - 1)]);
    else if (what == 1)
      change_expr(d, &n->cycles);
    else if (what == 2)
      n->active = random_expr(d, 1);
    else if (what == 3)
      n->uses.at[roll(d, 0, (int64_t)n->uses.n - 1)].buffer = (int)roll(d, 0, buffers - 1);
    else
      n->uses.at[roll(d, 0, (int64_t)n->uses.n - 1)] = (tog_use){(int)roll(d, 0, buffers - 1), (tog_access)roll(d, 0, 2), roll(d, 0, 1) != 0};
    break;
  }
  case TOG_TAKE:
  case TOG_PUSH: n->buffer = (int)roll(d, 0, buffers - 1); break;
  case TOG_GIVE:
    n->buffer = (int)roll(d, 0, buffers - 1);
    n->thread = (tog_thread)roll(d, 0, TOG_THREADS - 1);
    break;
  case TOG_SEND:
    if (roll(d, 0, 3) == 0)
      n->active = random_expr(d, 1);
    else
      change_expr(d, roll(d, 0, 1) ? &n->row : &n->receiver[roll(d, 0, 1)]);
    break;
  case TOG_COLLECT:
    if (roll(d, 0, 3) == 0)
      n->buffer = (int)roll(d, 0, buffers - 1);
    else
      change_expr(d, &n->senders);
    break;
  }
}

static void change_buffer(dice *d, tog_buffer *b) {
  switch (roll(d, 0, 4)) {
  case 0: b->offset = 8 * roll(d, 0, 1 << 18); break;
  case 1: b->stride = 8 * roll(d, 0, 512); break;
  case 2: b->depth = (int)roll(d, 1, 4); break;
  case 3: b->bytes = roll(d, 0, 4096); break;
  default: b->shape[roll(d, 0, 1)] = roll(d, 1, 64); break;
  }
}

static void change_something(dice *d) {
  tog_node *nodes[64];
  int n = 0;
  collect(&d->g->t->body, nodes, &n);
  tog_node *node = nodes[roll(d, 0, n - 1)];
  switch (roll(d, 0, 7)) {
  case 0: change_buffer(d, &d->g->t->buffers.at[roll(d, 0, (int64_t)d->g->t->buffers.n - 1)]); break;
  case 1:
    if (node->kind != TOG_LOOP)
      tog_sample_remove(d->g->t, node);
    break;
  case 2:
    if (node->kind != TOG_LOOP) {   /* again, somewhere else */
      tog_node *copy = ARENA_NEW(&d->g->ctx.mem, tog_node);
      *copy = *node;
      tog_sample_insert(&d->g->ctx.mem, d->g->t, nodes[roll(d, 0, n - 1)], copy);
    }
    break;
  default: change_node(d, node); break;
  }
}

/* Views, parts, a chain, a gather: every round a panel in parts, handed along the row; its sum over the column of cores in a slot of core (0, y). */
static const char *const moves =
  "{\"schema\": \"loom.tog.v1\", \"mesh\": [{\"name\": \"x\", \"size\": 2}, {\"name\": \"y\", \"size\": 2}],\n"
  "\"tensors\": [{\"name\": \"in\", \"dtype\": \"f32\", \"shape\": [16, 24], \"input\": true, \"arg\": 0}, "
  "{\"name\": \"out\", \"dtype\": \"f32\", \"shape\": [3, 2, 2, 8, 16], \"output\": true, \"arg\": 1}],\n"
  "\"buffers\": [{\"name\": \"p\", \"dtype\": \"f32\", \"shape\": [8, 16], \"bytes\": 512, \"depth\": 2, \"stride\": 512, \"offset\": 0},\n"
  "  {\"name\": \"s\", \"dtype\": \"f32\", \"shape\": [8, 16], \"bytes\": 512, \"depth\": 1, \"stride\": 512, \"offset\": 2048},\n"
  "  {\"name\": \"all\", \"dtype\": \"f32\", \"shape\": [2, 8, 16], \"bytes\": 1024, \"depth\": 2, \"stride\": 1024, \"offset\": 4096}],\n"
  "\"body\": [{\"loop\": \"mi\", \"trip\": 3, \"body\": [\n"
  "  {\"loop\": \"k\", \"trip\": 2, \"body\": [\n"
  "    {\"load\": \"in\", \"to\": \"p\", \"view\": {\"shape\": [24, 16], \"strides\": [1, 24]}, \"offset\": [\"8 * mi\", \"8 * k\"], \"extent\": [8, 8],\n"
  "     \"at\": [0, \"8 * k\"], \"opens\": \"k == 0\", \"closes\": \"k == 1\",\n"
  "     \"multicast\": {\"ul\": [\"x\", 0], \"lr\": [\"x\", 1], \"sender\": [\"x\", 0], \"chain\": [false, true]}}]},\n"
  "  {\"take\": \"s\"}, {\"compute\": null, \"uses\": [{\"read\": \"p\", \"wait\": true}, {\"write\": \"s\"}], \"args\": [0, \"8 * mi\"], \"cycles\": 10},\n"
  "  {\"give\": \"p\", \"thread\": \"compute\"}, {\"push\": \"s\"},\n"
  "  {\"send\": \"s\", \"to\": \"all\", \"row\": \"x\", \"receiver\": [0, \"y\"]}, {\"give\": \"s\", \"thread\": \"writer\"},\n"
  "  {\"loop\": \"here\", \"trip\": \"x == 0\", \"body\": [{\"collect\": \"all\", \"senders\": 2},\n"
  "    {\"store\": \"out\", \"from\": \"all\", \"offset\": [\"mi\", \"y\", 0, 0, 0], \"extent\": [1, 1, 2, 8, 16], \"dims\": [-1, -1, 0, 1, 2]},\n"
  "    {\"give\": \"all\", \"thread\": \"writer\"}]}]}]}";

static void use_moves(rig *g) {
  data_value *v;
  assert_int_equal(data_read_json(&g->ctx, "tog.json", moves, strlen(moves), &v), LOOM_OK);
  assert_int_equal(tog_from_data(&g->ctx, v, &g->t), LOOM_OK);
  for (size_t i = 0; i < g->t->tensors.n; i++) {
    size_t bytes = (size_t)tog_tensor_elems(&g->t->tensors.at[i]) * sizeof(float);
    g->tensors[i] = memset(arena_alloc(&g->ctx.mem, bytes), 0, bytes);
  }
}

static const char *outcome(rig *g, bool values, loom_status *st) {
  sim_exec exec = {tog_sample_functions, TOG_SAMPLE_FUNCTIONS};
  *st = sim_run(&g->ctx, g->t, g->m, &(sim_options){.exec = values ? &exec : NULL, .tensors = values ? g->tensors : NULL, .event_budget = 20000}, &g->r);
  return data_write_json(&g->ctx.mem, sim_report_to_data(&g->ctx.mem, &g->r, g->t), 0);
}

static void test_random_edits_are_survived_and_repeatable(void **state) {
  (void)state;
  int ran = 0, faulty = 0;
  for (int i = 0; i < RUNS; i++) {
    rig g;
    rig_open(&g, &(tog_matmul_spec){40, 37, 24, 16, 16, 8, 2, 2, i % 2 != 0, 2, 20});
    rig_fill(&g);
    if (i % 3 == 2)
      use_moves(&g);
    dice d = {.r = rng_new((uint64_t)i), .g = &g};
    for (int64_t k = roll(&d, 1, 3); k > 0; k--)
      change_something(&d);
    loom_status first, second, bare;
    const char *a = outcome(&g, true, &first), *b = outcome(&g, true, &second), *c = outcome(&g, false, &bare);
    assert_true(first == LOOM_OK || first == LOOM_EINPUT || first == LOOM_ELIMIT);
    assert_int_equal(first, second);
    loom_status verified = tog_verify(&g.ctx, g.t), warned = tog_warn_points(&g.ctx, g.t, &(tog_chip){.name = "rig", .l1_bytes = 1 << 20, .align_bytes = 32});
    assert_true(verified == LOOM_OK || verified == LOOM_EINPUT);
    assert_true(warned == LOOM_OK || warned == LOOM_EINPUT);
    assert_int_equal(first, bare);
    if (first == LOOM_OK) {
      assert_string_equal(a, b);
      assert_string_equal(a, c);
      ran++;
      faulty += g.r.n_faults > 0;
    }
    rig_close(&g);
  }
  assert_true(ran > RUNS / 2 && faulty > ran / 4 && faulty < ran);   /* the edits are neither all refused nor all fatal */
}

static void test_the_graph_of_all_moves_is_right(void **state) {
  (void)state;
  rig g;
  rig_open(&g, &(tog_matmul_spec){40, 37, 24, 16, 16, 8, 2, 2, true, 2, 20});
  rig_fill(&g);
  use_moves(&g);
  assert_int_equal(tog_verify(&g.ctx, g.t), LOOM_OK);
  assert_int_equal(tog_verify_points(&g.ctx, g.t, NULL), LOOM_OK);
  assert_int_equal(rig_run(&g, true, true), LOOM_OK);
  rig_expect_clean(&g);
  rig_close(&g);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_the_graph_of_all_moves_is_right),
    cmocka_unit_test(test_random_edits_are_survived_and_repeatable),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
