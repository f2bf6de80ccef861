#include "base/rng.h"
#include "base/testing.h"
#include "network/network_buffers.h"

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

/* The most bytes alive at any kernel, kernel by kernel. */
static int64_t alive_at_most(const network_buffer *b, int n, int kernels) {
  int64_t most = 0;
  for (int k = 0; k <= kernels; k++) {
    int64_t sum = 0;
    for (int i = 0; i < n; i++)
      sum += b[i].first <= k && k <= b[i].last ? b[i].bytes : 0;
    most = sum > most ? sum : most;
  }
  return most;
}

/* Kernel by kernel, each byte of the block belongs to one buffer. */
static void check_plan(const network_buffers *p, int n, int64_t align, int kernels) {
  int64_t top = 0, sum = 0;
  for (int i = 0; i < n; i++) {
    const network_buffer *b = &p->at[i];
    assert_true(b->offset >= 0 && b->offset % align == 0 && b->bytes % align == 0);
    top = b->offset + b->bytes > top ? b->offset + b->bytes : top;
    sum += b->bytes;
  }
  assert_int_equal(p->peak_bytes, top);
  assert_int_equal(p->unshared_bytes, sum);
  assert_int_equal(p->lower_bound, alive_at_most(p->at, n, kernels));
  assert_true(p->peak_bytes >= p->lower_bound && p->peak_bytes <= sum);
  unsigned char *owned = ARENA_NEW_N(&mem, unsigned char, top / align + 1);
  for (int k = 0; k <= kernels; k++) {
    memset(owned, 0, (size_t)(top / align + 1));
    for (int i = 0; i < n; i++)
      for (int64_t u = p->at[i].offset / align; p->at[i].first <= k && k <= p->at[i].last && u < (p->at[i].offset + p->at[i].bytes) / align; u++)
        if (owned[u]++)
          fail_msg("kernel %d: buffer %d shares %lld with another that is alive", k, i, (long long)(u * align));
  }
}

/* As models have them: most tensors go from one kernel to the next few, some residuals further, a few to the end. */
static int draw(rng *r, network_buffer *b, int kernels) {
  int n = 0;
  for (int k = 0; k < kernels; k++)
    for (int64_t i = rng_range(r, 1, 2); i > 0; i--) {
      int last = k + (int)(rng_range(r, 0, 5) ? rng_range(r, 1, 3) : rng_range(r, 1, 12));
      b[n++] = (network_buffer){.bytes = rng_range(r, 0, 9) ? 64 * rng_range(r, 1, 16) : rng_range(r, 0, 1000), .first = k, .last = last > kernels ? kernels : last};
    }
  return n;
}

static void test_random_plans_share_nothing_that_is_alive_and_come_near_the_bound(void **state) {
  (void)state;
  enum { KERNELS = 40 };
  int least = 0, cases = (int)testing_number("LOOM_BUFFER_CASES", 2000);
  double worst = 0, sum = 0;
  for (int seed = 0; seed < cases; seed++) {
    rng r = rng_new((uint64_t)seed);
    network_buffer b[2 * KERNELS];
    network_buffers p;
    int64_t align = (int64_t[]){1, 16, 64}[seed % 3];
    int kernels = (int)rng_range(&r, 1, KERNELS), n = draw(&r, b, kernels);
    arena_mark mark = arena_save(&mem);
    network_place_buffers(&mem, b, n, align, &p);
    check_plan(&p, n, align, kernels);
    arena_release(&mem, mark);
    double ratio = p.lower_bound ? (double)p.peak_bytes / (double)p.lower_bound : 1;
    worst = ratio > worst ? ratio : worst;
    sum += ratio;
    least += p.peak_bytes == p.lower_bound;
  }
  print_message("%d of %d least; worst %.3f, mean %.4f of the bound\n", least, cases, worst, sum / cases);
  assert_true(worst <= 1.1);
  assert_true(least >= cases / 2);
}

static void test_a_chain_takes_two_places(void **state) {
  (void)state;
  network_buffer b[10];
  network_buffers p;
  for (int i = 0; i < 10; i++)
    b[i] = (network_buffer){.bytes = 100, .first = i, .last = i + 1};
  network_place_buffers(&mem, b, 10, 64, &p);
  assert_int_equal(p.peak_bytes, 256);
  assert_int_equal(p.lower_bound, 256);
  assert_int_equal(p.unshared_bytes, 1280);
  check_plan(&p, 10, 64, 10);
}

static void test_none_and_empty_ones(void **state) {
  (void)state;
  network_buffers p;
  network_buffer b[2] = {{.bytes = 0, .first = 0, .last = 3}, {.bytes = 0, .first = 1, .last = 1}};
  network_place_buffers(&mem, b, 0, 64, &p);
  assert_true(p.peak_bytes == 0 && p.lower_bound == 0 && p.n == 0);
  network_place_buffers(&mem, b, 2, 64, &p);
  check_plan(&p, 2, 64, 3);
  assert_int_equal(p.peak_bytes, 0);
}

/* A tensor that no kernel fills has its zeros from the start; a result stays to the end. */
static void test_lives_of_a_network(void **state) {
  (void)state;
  network net = {.name = "f", .n_args = 1};
  kernel_graph g[3] = {{0}};
  int at[3][2] = {{0, 1}, {1, 2}, {2, 3}};
  for (int i = 0; i < 5; i++)
    vec_push(&mem, &net.tensors, ((network_tensor){.name = "t", .role = i ? NETWORK_TEMPORARY : NETWORK_ARG, .type = DTYPE_F32, .rank = 1, .shape = {16}, .elems = 16}));
  for (int k = 0; k < 3; k++) {
    vec_push(&mem, &g[k].tensors, ((kernel_tensor_info){.role = KERNEL_ARG}));
    vec_push(&mem, &g[k].tensors, ((kernel_tensor_info){.role = k == 2 ? KERNEL_ARG : KERNEL_ALLOC}));
    vec_push(&mem, &net.kernels, ((network_kernel){.graph = &g[k], .tensor = at[k]}));
  }
  vec_push(&mem, &net.results, ((network_result){.tensor = 1}));
  network_buffers p;
  network_plan_buffers(&mem, &net, 64, true, NULL, &p);
  assert_int_equal(p.n, 3);
  assert_true(p.at[0].offset == -1 && p.at[4].offset == -1);
  assert_true(p.at[1].first == 0 && p.at[1].last == 3);
  assert_true(p.at[2].first == 1 && p.at[2].last == 2);
  assert_true(p.at[3].first == 0 && p.at[3].last == 2);
  assert_int_equal(p.peak_bytes, 192);
}

/* f: t1 -> t2 element by element, t2 -> t3 turned: t2 takes over the bytes of t1, which dies there; t3 has its own. */
static void test_an_elementwise_kernel_writes_in_place(void **state) {
  (void)state;
  const kernel_type type = {.type = DTYPE_F32, .rank = 2, .dim = {sym_const(&mem, 8), sym_const(&mem, 8)}};
  for (int what = 0; what < 4; what++) {      /* 0: as said; 1: t1 is read again; 2: it is a result; 3: it is loaded one row further */
    network net = {.name = "f", .n_args = 1};
    kernel_graph *g[3];
    int at[3][2] = {{0, 1}, {1, 2}, {what == 1 ? 1 : 2, 3}};
    for (int i = 0; i < 4; i++)
      vec_push(&mem, &net.tensors, ((network_tensor){.name = "t", .role = i ? NETWORK_TEMPORARY : NETWORK_ARG, .type = DTYPE_F32, .rank = 2, .shape = {8, 8}, .elems = 64}));
    for (int k = 0; k < 3; k++) {
      g[k] = kernel_new(&mem, "k");
      kernel_tensor in = kernel_add_tensor(&mem, g[k], "in", KERNEL_ARG, type), out = kernel_add_tensor(&mem, g[k], "out", KERNEL_ALLOC, type);
      kernel_op *p = kernel_add_op(&mem, g[k], &g[k]->body, KERNEL_PARALLEL, 0, NULL, 0, NULL);
      p->regions = ARENA_NEW(&mem, kernel_region);
      p->n_regions = 1;
      p->ranges = ARENA_NEW(&mem, kernel_range);
      *p->ranges = (kernel_range){.begin = sym_const(&mem, 0), .end = sym_const(&mem, 8)};
      p->n_ranges = 1;
      kernel_value row = kernel_add_param(&mem, g[k], &p->regions[0], (kernel_type){.type = DTYPE_I64}, "i", NULL);
      kernel_op *load = kernel_add_op(&mem, g[k], &p->regions[0], KERNEL_LOAD, 0, NULL, 1, &(kernel_type){.type = DTYPE_F32, .rank = 1, .dim = {sym_const(&mem, 8)}});
      kernel_op *store = kernel_add_op(&mem, g[k], &p->regions[0], KERNEL_STORE, 1, load->results, 0, NULL);
      for (int s = 0; s < 2; s++) {
        kernel_op *op = s ? store : load;
        op->tensor = s ? out : in;
        op->index = ARENA_NEW_N(&mem, kernel_index, 2);
        op->n_index = 2;
        op->index[0] = (kernel_index){.kind = KERNEL_INDEX_SCALAR, .value = row};
        op->index[1] = (kernel_index){.kind = KERNEL_INDEX_ALL, .value = -1};
      }
      if (what == 3 && k == 1)
        load->index[0] = (kernel_index){.kind = KERNEL_INDEX_SCALAR, .value = -1, .begin = sym_const(&mem, 1)};
      if (k == 2) {                      /* columns to rows */
        kernel_index first = store->index[0];
        store->index[0] = store->index[1];
        store->index[1] = first;
      }
      vec_push(&mem, &net.kernels, ((network_kernel){.graph = g[k], .tensor = at[k]}));
    }
    vec_push(&mem, &net.results, ((network_result){.tensor = what == 2 ? 1 : 3}));
    network_buffers p;
    network_plan_buffers(&mem, &net, 64, true, NULL, &p);
    assert_int_equal(p.at[2].of, what ? -1 : 1);
    assert_int_equal(p.at[3].of, -1);
    assert_int_equal(p.n_in_place, what == 0);
    assert_true((p.at[2].offset == p.at[1].offset) == (what == 0));
    assert_int_equal(p.peak_bytes, what == 2 ? 768 : 512);
    assert_int_equal(p.lower_bound, p.peak_bytes);
    assert_int_equal(p.unshared_bytes, 3 * 256);
    assert_int_equal(p.n, 3);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_random_plans_share_nothing_that_is_alive_and_come_near_the_bound, setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_chain_takes_two_places, setup, teardown),
      cmocka_unit_test_setup_teardown(test_none_and_empty_ones, setup, teardown),
      cmocka_unit_test_setup_teardown(test_lives_of_a_network, setup, teardown),
      cmocka_unit_test_setup_teardown(test_an_elementwise_kernel_writes_in_place, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
