/* Oracles: small runs written down by hand, in which the place of the fault is known. */
#include "base/testing.h"
#include "flow/flow.h"

static loom_ctx ctx;
static int open_ctx(void **state) {
  (void)state;
  loom_ctx_init(&ctx);
  return 0;
}
static int close_ctx(void **state) {
  (void)state;
  loom_ctx_done(&ctx);
  return 0;
}

static flow_node tile(int rank, int64_t a, int64_t b, const double *x, const double *e) {
  flow_node n = {.type = DTYPE_F32, .rank = rank, .shape = {a, b}, .elems = rank == 0 ? 1 : rank == 1 ? a : a * b, .x = x, .e = e};
  return n;
}

static void test_tiles_are_alike_but_for_unit_dims_order_and_repetition(void **state) {
  (void)state;
  const double x[] = {1, 2, 3, 4, 5, 6}, t[] = {1, 4, 2, 5, 3, 6}, rows[] = {1, 1, 1, 2, 2, 2}, two[] = {1, 2}, near[] = {1, 2, 3, 4, 5, 6.5};
  const double loose[] = {0, 0, 0, 0, 0, 1}, five[] = {5, 5, 5, 5, 5, 5}, nan_first[] = {NAN, 2, 3, 4, 5, 6}, endless[] = {INFINITY, INFINITY, INFINITY, INFINITY, INFINITY, INFINITY};
  const struct { flow_node a, b; bool alike; int64_t different; } rows_of[] = {
      {tile(2, 2, 3, x, NULL), tile(2, 2, 3, x, NULL), true, -1},
      {tile(2, 2, 3, x, NULL), tile(2, 3, 2, t, NULL), true, -2},           /* transposed */
      {tile(2, 6, 1, x, NULL), tile(1, 6, 0, x, NULL), true, -1},           /* a unit dim */
      {tile(2, 2, 3, rows, NULL), tile(1, 2, 0, two, NULL), true, -2},      /* repeats along the last dim */
      {tile(2, 3, 2, rows, NULL), tile(1, 2, 0, two, NULL), false, -2},
      {tile(1, 2, 0, two, NULL), tile(2, 2, 3, rows, NULL), true, -2},
      {tile(1, 0, 0, x, NULL), tile(1, 0, 0, two, NULL), true, -1},
      {tile(1, 0, 0, x, NULL), tile(1, 2, 0, x, NULL), false, -2},
      {tile(1, 2, 0, x, NULL), tile(1, 0, 0, x, NULL), false, -2},
      {tile(2, 2, 3, near, NULL), tile(2, 2, 3, x, NULL), false, 5},
      {tile(2, 2, 3, near, NULL), tile(2, 2, 3, x, loose), true, -1},       /* within the bound */
      {tile(2, 2, 3, five, NULL), tile(0, 0, 0, five, NULL), true, -2},
      {tile(2, 2, 3, nan_first, NULL), tile(2, 2, 3, x, loose), false, 0},
      {tile(2, 2, 3, nan_first, NULL), tile(2, 2, 3, nan_first, NULL), true, -1},
      {tile(2, 2, 3, near, NULL), tile(2, 2, 3, x, endless), false, -1},    /* bounds that say nothing make nothing alike */
  };
  for (size_t i = 0; i < COUNT_OF(rows_of); i++) {
    assert_int_equal(flow_alike(&rows_of[i].a, &rows_of[i].b), rows_of[i].alike);
    assert_int_equal(flow_first_difference(&rows_of[i].a, &rows_of[i].b), rows_of[i].different);
  }
}

/* ---- a sum of products in a loop: acc = 0; for k: acc += a[k] * b[k]; out = acc ---- */
enum { ROUNDS = 4, N = 3 };
typedef struct faults { bool adds_to_zero, wrong_product; int wrong_tile, wrong_other, rounds; double begin; } faults;
enum { OP_CONSTANT, OP_FILL, OP_LOAD_A, OP_LOAD_B, OP_MULTIPLY, OP_YIELD, OP_LOOP, OP_STORE, OPS };
static const char op_keys[OPS][16];

static int op(flow_run *r, int which) {
  static const char *const names[] = {"constant", "fill", "load a", "load b", "multiply", "yield", "for", "store"};
  int id = flow_op_of(r, op_keys[which], names[which], LOOM_NOSPAN);
  r->ops.at[id].role = which == OP_YIELD ? FLOW_YIELD : which == OP_LOOP ? FLOW_LOOP : FLOW_PLAIN;
  return id;
}

static int add(flow_run *r, int which, flow_kind kind, int n_in, const int *in, int64_t n, const double *x) {
  double *kept = ARENA_NEW_N(r->mem, double, n);
  memcpy(kept, x, (size_t)n * sizeof *x);
  return flow_add(r, op(r, which), kind, n_in, in, DTYPE_F32, n == 1 ? 0 : 1, &n, kept, NULL);
}

/* The node of the store is the last one. */
static flow_run *sum_of_products(const faults *f) {
  flow_run *r = flow_new(&ctx.mem, 0);
  double acc[N], a[N], b[N], zero[N];
  for (int i = 0; i < N; i++)
    acc[i] = zero[i] = f->begin;
  int constant = add(r, OP_CONSTANT, FLOW_CONSTANT, 0, NULL, 1, &f->begin), fill = add(r, OP_FILL, FLOW_COMPUTE, 1, &constant, N, acc), carried = fill;
  for (int64_t k = 0; k < (f->rounds ? f->rounds : ROUNDS); k++) {
    flow_enter(r, op(r, OP_LOOP), false, 1, &k);
    for (int i = 0; i < N; i++) {
      a[i] = 1 + 0.37 * (double)(k == f->wrong_tile - 1 ? 0 : k) + i * i;
      b[i] = 2 - 0.11 * (double)(k == f->wrong_other - 1 ? 0 : k) * i + i;
      acc[i] = (f->adds_to_zero ? zero[i] : acc[i]) + (f->wrong_product ? a[i] + b[i] : a[i] * b[i]);
    }
    int in[] = {add(r, OP_LOAD_A, FLOW_INPUT, 0, NULL, N, a), add(r, OP_LOAD_B, FLOW_INPUT, 0, NULL, N, b), f->adds_to_zero ? fill : carried};
    carried = add(r, OP_MULTIPLY, FLOW_COMPUTE, 3, in, N, acc);
    carried = add(r, OP_YIELD, FLOW_MOVE, 1, &carried, N, acc);
    flow_leave(r);
  }
  carried = add(r, OP_LOOP, FLOW_MOVE, 1, &carried, N, acc);
  add(r, OP_STORE, FLOW_MOVE, 1, &carried, N, acc);
  return r;
}

static void test_the_first_wrong_operation_is_found(void **state) {
  (void)state;
  const struct { faults f; int op, loop; const char *place; } rows[] = {
      {{.wrong_product = true}, OP_MULTIPLY, -1, "round 0 of for"},
      {{.adds_to_zero = true}, OP_MULTIPLY, -1, "round 1 of for"},          /* in round 0 zero is right */
      {{.wrong_tile = 3}, OP_LOAD_A, -1, "round 2 of for"},
      {{.wrong_other = 3}, OP_LOAD_B, -1, "round 2 of for"},
      {{.begin = 1}, OP_CONSTANT, -1, ""},
      {{.rounds = 3}, OP_LOOP, OP_LOOP, ""},
      {{.rounds = 5}, OP_LOOP, OP_LOOP, ""},
  };
  flow_run *want = sum_of_products(&(faults){0});
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    flow_run *got = sum_of_products(&rows[i].f);
    flow_parting p = flow_find_parting(&ctx.mem, got, (int)got->nodes.n - 1, want, (int)want->nodes.n - 1, NULL);
    int found = p.loop >= 0 ? p.loop : got->nodes.at[p.node].op;
    assert_string_equal(got->ops.at[found].name, got->ops.at[op(got, rows[i].op)].name);
    if (rows[i].loop < 0)
      assert_string_equal(flow_place(&ctx.mem, got, got->nodes.at[p.node].frame), rows[i].place);
    else
      assert_int_equal(p.rounds, rows[i].f.rounds);
  }
}

static void test_constants_of_an_earlier_form_are_right(void **state) {
  (void)state;
  const double one = 1;
  flow_known known = {&one, 1};
  flow_run *want = sum_of_products(&(faults){0}), *got = sum_of_products(&(faults){.begin = 1});
  flow_parting p = flow_find_parting(&ctx.mem, got, (int)got->nodes.n - 1, want, (int)want->nodes.n - 1, &known);
  assert_string_equal(got->ops.at[got->nodes.at[p.node].op].name, "fill");   /* it takes a constant that the program has, and the wrong one */
}

static void test_memory_left_by_a_loop_is_the_loop_s(void **state) {
  (void)state;
  flow_run *r = flow_new(&ctx.mem, 0);
  const double x[N] = {1, 2, 3};
  int64_t k = 0;
  flow_enter(r, op(r, OP_LOOP), false, 1, &k);
  int inside = add(r, OP_MULTIPLY, FLOW_COMPUTE, 0, NULL, N, x);
  assert_int_equal(flow_after_loops(r, inside), inside);
  flow_leave(r);
  k = 1;
  flow_enter(r, op(r, OP_LOOP), false, 1, &k);
  assert_int_equal(flow_after_loops(r, inside), inside);   /* another round: the loop goes on */
  flow_leave(r);
  int left = flow_after_loops(r, inside);
  assert_int_not_equal(left, inside);
  assert_string_equal(r->ops.at[r->nodes.at[left].op].name, "for");
  assert_null(r->nodes.at[left].frame);
}

static void test_a_run_says_when_it_is_full(void **state) {
  (void)state;
  flow_run *r = flow_new(&ctx.mem, 40);
  const double x[N] = {1, 2, 3};
  add(r, OP_STORE, FLOW_MOVE, 0, NULL, N, x);
  assert_false(flow_is_full(r));
  add(r, OP_STORE, FLOW_MOVE, 0, NULL, N, x);
  add(r, OP_STORE, FLOW_MOVE, 0, NULL, N, x);
  assert_true(flow_is_full(r));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_tiles_are_alike_but_for_unit_dims_order_and_repetition), cmocka_unit_test(test_the_first_wrong_operation_is_found),
      cmocka_unit_test(test_constants_of_an_earlier_form_are_right), cmocka_unit_test(test_memory_left_by_a_loop_is_the_loop_s),
      cmocka_unit_test(test_a_run_says_when_it_is_full)};
  return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
