/* Random networks: what stays in L1 has a place of its own while it lives, below half of the L1, and everything else a reason. */
#include "base/rng.h"
#include "base/testing.h"
#include "network/network_l1.h"

enum { KERNELS = 30 };
static arena mem;
static int setup(void **state) {
  (void)state;
  mem = (arena){0};
  return 0;
}
static int teardown(void **state) {
  (void)state;
  arena_done(&mem);
  return 0;
}

/* One access of tensor `t` at element 0, or where tensor `by` says. */
static void add_access(kernel_graph *g, kernel_region *r, kernel_op_kind kind, kernel_tensor t, bool is_lookup) {
  kernel_op *op = kernel_add_op(&mem, g, r, kind, 0, NULL, 0, NULL);
  op->tensor = t;
  op->index = ARENA_NEW(&mem, kernel_index);
  op->n_index = 1;
  op->index[0] = (kernel_index){.kind = is_lookup ? KERNEL_INDEX_TENSOR : KERNEL_INDEX_ALL, .value = -1};
}

/* Kernel k reads what some of the kernels before it made, and makes a tensor. */
static void add_kernel(network *net, rng *r, int k, int64_t rows, int64_t row) {
  kernel_graph *g = kernel_new(&mem, arena_printf(&mem, "k%d", k));
  int n = 0, *of = ARENA_NEW_N(&mem, int, 4);
  kernel_type type = {.type = DTYPE_F32, .rank = 2, .dim = {sym_const(&mem, rows), sym_const(&mem, row)}};
  for (int i = (int)rng_range(r, 1, 2); i > 0; i--) {
    int from = k == 0 ? 0 : (int)rng_range(r, k > 4 ? k - 4 : 0, k);
    kernel_tensor t = kernel_add_tensor(&mem, g, arena_printf(&mem, "in%d", n), KERNEL_ARG, type);
    add_access(g, &g->body, KERNEL_LOAD, t, rng_range(r, 0, 19) == 0);
    of[n++] = from;
  }
  kernel_tensor out = kernel_add_tensor(&mem, g, "out", KERNEL_ALLOC, type);
  add_access(g, &g->body, KERNEL_STORE, out, false);
  of[n] = k + 1;
  vec_push(&mem, &net->tensors, ((network_tensor){.name = arena_printf(&mem, "t%d", k + 1), .role = NETWORK_TEMPORARY, .type = DTYPE_F32, .rank = 2, .shape = {rows, row}, .elems = rows * row}));
  vec_push(&mem, &net->kernels, ((network_kernel){.graph = g, .tensor = of, .op = "op"}));
}

static void make(network *net, rng *r, int kernels, int64_t most_rows) {
  *net = (network){.name = "f", .n_args = 1};
  vec_push(&mem, &net->tensors, ((network_tensor){.name = "x", .role = NETWORK_ARG, .type = DTYPE_F32, .rank = 1, .shape = {16}, .elems = 16}));
  for (int k = 0; k < kernels; k++)
    add_kernel(net, r, k, rng_range(r, 1, most_rows), rng_range(r, 1, 700));
  vec_push(&mem, &net->results, ((network_result){.tensor = kernels}));
}

static void check(const network *net, const network_buffers *b, const network_l1 *l) {
  int n_in = 0;
  for (size_t i = 0; i < net->tensors.n; i++) {
    const network_l1_tensor *x = &l->at[i];
    if (b->at[i].offset < 0) {
      assert_false(x->is_in);
      continue;
    }
    assert_non_null(x->why);
    if (!x->is_in)
      continue;
    n_in++;
    int64_t bytes = net->tensors.at[i].elems * 4, pages = (bytes + x->page - 1) / x->page;
    assert_true(x->page >= NETWORK_L1_PAGE_LEAST && x->page <= NETWORK_L1_PAGE_MOST && x->page % 8 == 0);
    assert_true(x->bytes >= (pages + l->chip.cores - 1) / l->chip.cores * x->page);
    assert_true(x->offset >= l->chip.bytes / 2 - NETWORK_L1_ALIGN && x->offset >= l->base && x->offset + x->bytes <= l->chip.bytes && x->offset % NETWORK_L1_ALIGN == 0);
    assert_int_not_equal(net->results.at[0].tensor, (int)i);
    for (int k = b->at[i].first; k <= b->at[i].last && k < (int)net->kernels.n; k++)
      assert_true(l->chip.bytes - l->reserved[k] <= x->offset);
    for (size_t j = 0; j < i; j++) {
      const network_l1_tensor *y = &l->at[j];
      bool both = y->is_in && b->at[i].first <= b->at[j].last && b->at[j].first <= b->at[i].last;
      assert_false(both && x->offset < y->offset + y->bytes && y->offset < x->offset + x->bytes);
    }
  }
  assert_int_equal(n_in, l->n_in);
}

static void test_what_stays_has_a_place_of_its_own(void **state) {
  (void)state;
  int stay = 0, too_many = 0, looked_up = 0;
  for (int seed = 0; seed < 400; seed++) {
    rng r = rng_new((uint64_t)seed);
    network net;
    network_buffers b;
    network_l1 l, again;
    make(&net, &r, (int)rng_range(&r, 2, KERNELS), seed % 2 ? 40 : 2000);
    network_plan_buffers(&mem, &net, 64, true, NULL, &b);
    const network_l1_chip chip = {rng_range(&r, 2, 140), 100000 + rng_range(&r, 0, 100)};
    network_l1_choose(&mem, &net, &b, chip, &l);
    network_l1_choose(&mem, &net, &b, chip, &again);
    check(&net, &b, &l);
    stay += l.n_in;
    for (size_t i = 0; i < net.tensors.n; i++) {
      assert_true(l.at[i].is_in == again.at[i].is_in && l.at[i].offset == again.at[i].offset);
      too_many += l.at[i].why && strstr(l.at[i].why, "too many") != NULL;
      looked_up += l.at[i].why && strstr(l.at[i].why, "another tensor names") != NULL;
    }
    for (int t = (int)net.tensors.n - 1; t >= 0; t--)      /* every other one goes, and the rest still has places */
      if (l.at[t].is_in && t % 2) {
        int before = l.n_in;
        network_l1_drop(&mem, &net, &b, &l, t, "of a test");
        assert_int_equal(l.n_in, before - 1);
        assert_string_equal(l.at[t].why, "of a test");
        check(&net, &b, &l);
      }
    arena_done(&mem);
    mem = (arena){0};
  }
  assert_true(stay > 1000 && too_many > 50 && looked_up > 50);
}

/* t1 and t2 are each read by two kernels, t3 and t4 by one; t1, t2 and t3 are alive together. */
static void test_what_moves_most_for_its_bytes_stays(void **state) {
  (void)state;
  network net = {.name = "f", .n_args = 1};
  static const int reads[][3] = {{0}, {1}, {1, 2}, {3, 2}, {4}};
  static const int n_reads[] = {1, 1, 2, 2, 1};
  vec_push(&mem, &net.tensors, ((network_tensor){.name = "x", .role = NETWORK_ARG, .type = DTYPE_F32, .rank = 1, .shape = {16}, .elems = 16}));
  for (int k = 0; k < 5; k++) {
    kernel_graph *g = kernel_new(&mem, arena_printf(&mem, "k%d", k));
    int *of = ARENA_NEW_N(&mem, int, 4);
    kernel_type type = {.type = DTYPE_F32, .rank = 1, .dim = {sym_const(&mem, 256)}};
    for (int i = 0; i < n_reads[k]; i++) {
      add_access(g, &g->body, KERNEL_LOAD, kernel_add_tensor(&mem, g, arena_printf(&mem, "in%d", i), KERNEL_ARG, type), false);
      of[i] = reads[k][i];
    }
    add_access(g, &g->body, KERNEL_STORE, kernel_add_tensor(&mem, g, "out", KERNEL_ALLOC, type), false);
    of[n_reads[k]] = k + 1;
    vec_push(&mem, &net.tensors, ((network_tensor){.name = "t", .role = NETWORK_TEMPORARY, .type = DTYPE_F32, .rank = 1, .shape = {256}, .elems = 256}));
    vec_push(&mem, &net.kernels, ((network_kernel){.graph = g, .tensor = of, .op = "op"}));
  }
  vec_push(&mem, &net.results, ((network_result){.tensor = 5}));
  network_buffers b;
  network_l1 l;
  network_plan_buffers(&mem, &net, 64, true, NULL, &b);
  network_l1_choose(&mem, &net, &b, (network_l1_chip){1, 2 * 1024}, &l);      /* room for one at a time */
  assert_true(l.at[2].readers == 2 && l.at[2].moved == 3 * 1024 && l.at[1].readers == 2 && l.at[3].readers == 1);
  assert_true(l.at[1].is_in && !l.at[2].is_in && !l.at[3].is_in && l.at[4].is_in && !l.at[5].is_in);
  assert_string_equal(l.at[1].why, "written by 1 kernel, read by 2");
  assert_string_equal(l.at[2].why, "its 1024 bytes of each core are too many beside others, which have half of the L1 together");
  assert_string_equal(l.at[5].why, "it is a result");
  assert_true(l.reserved[0] == 1024 && l.reserved[2] == 1024 && l.reserved[3] == 1024 && l.peak == 1024);
  network_l1_choose(&mem, &net, &b, (network_l1_chip){1, 6 * 1024}, &l);
  assert_int_equal(l.n_in, 4);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_what_stays_has_a_place_of_its_own, setup, teardown),
      cmocka_unit_test_setup_teardown(test_what_moves_most_for_its_bytes_stays, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
