/* Views: the elements of a transposed, permuted, split or merged argument are the right ones, at their real addresses. */
#include "sim/sim_bench.h"

static const tog_matmul_spec specs[] = {
  {64, 64, 64, 32, 32, 32, 2, 2, true, 1, 100}, {50, 70, 37, 16, 32, 8, 2, 3, true, 2, 7}, {50, 70, 37, 16, 32, 8, 2, 2, false, 3, 7},
};

/* A (or B) is in DRAM the other way round, and its loads look at it through a view; the result and the bytes moved are the same. */
static void transpose(rig *g, int tensor) {
  tog_tensor *x = &g->t->tensors.at[tensor];
  const uint16_t *from = g->tensors[tensor];
  int64_t rows = x->shape[0], cols = x->shape[1];
  uint16_t *turned = ARENA_NEW_N(&g->ctx.mem, uint16_t, rows * cols);
  for (int64_t i = 0; i < rows; i++)
    for (int64_t k = 0; k < cols; k++)
      turned[k * rows + i] = from[i * cols + k];
  g->tensors[tensor] = turned;
  x->shape[0] = cols;
  x->shape[1] = rows;
  tog_box *b = &tog_sample_find(g->t, tensor == TOG_SAMPLE_A ? "load a" : "load b")->box;
  b->has_view = true;
  b->view_shape[0] = rows;
  b->view_shape[1] = cols;
  b->view_stride[0] = 1;
  b->view_stride[1] = rows;
}

static void test_a_matmul_of_transposed_arguments_is_the_same(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(specs); i++)
    for (int which = 1; which < 4; which++) {
      rig g;
      rig_open(&g, &specs[i]);
      rig_fill(&g);
      assert_int_equal(rig_run(&g, true, true), LOOM_OK);
      int64_t bytes = g.r.dram_bytes_read;
      memset(g.c, 0xFF, (size_t)(g.spec.m * g.spec.n) * 2);
      for (int x = 0; x < 2; x++)
        if (which & 1 << x)
          transpose(&g, x);
      assert_int_equal(rig_run(&g, true, true), LOOM_OK);
      rig_expect_clean(&g);
      assert_int_equal(rig_wrong(&g), 0);
      assert_int_equal(g.r.dram_bytes_read, bytes);
      rig_close(&g);
    }
}

/* ---- any view ---- */

typedef struct view { int rank; int64_t shape[TOG_RANK_MAX], stride[TOG_RANK_MAX]; } view;

static void swap_dims(view *v, int a, int b) {
  int64_t n = v->shape[a], s = v->stride[a];
  v->shape[a] = v->shape[b], v->stride[a] = v->stride[b];
  v->shape[b] = n, v->stride[b] = s;
}

static void remove_dim(view *v, int d) {
  for (v->rank--; d < v->rank; d++)
    v->shape[d] = v->shape[d + 1], v->stride[d] = v->stride[d + 1];
}

/* A row-major tensor, its dims then split, merged and swapped at random: every element of the tensor is one of the view. */
static view random_view(rng *r, tog_tensor *x) {
  view v = {.rank = (int)rng_range(r, 1, 3)};
  x->rank = v.rank;
  for (int d = v.rank - 1; d >= 0; d--) {
    x->shape[d] = v.shape[d] = rng_range(r, 1, 12);
    v.stride[d] = d == v.rank - 1 ? 1 : v.stride[d + 1] * v.shape[d + 1];
  }
  for (int64_t k = rng_range(r, 0, 6); k > 0; k--) {
    int d = (int)rng_range(r, 0, v.rank - 1), e = (int)rng_range(r, 0, v.rank - 1);
    int64_t by = rng_range(r, 2, 4);
    if (rng_range(r, 0, 2) == 0 && v.rank < 5 && v.shape[d] % by == 0) {
      v.shape[v.rank] = by, v.stride[v.rank++] = v.stride[d];
      v.shape[d] /= by, v.stride[d] *= by;
    } else if (d != e && v.stride[d] == v.shape[e] * v.stride[e] && rng_range(r, 0, 1)) {
      v.shape[e] *= v.shape[d];
      remove_dim(&v, d);
    } else {
      swap_dims(&v, d, e);
    }
  }
  return v;
}

typedef struct box { int64_t offset[TOG_RANK_MAX], extent[TOG_RANK_MAX]; int to_dim[TOG_RANK_MAX]; int64_t elems; } box;

static box random_box(rng *r, const view *v, bool is_whole) {
  box b = {.elems = 1};
  for (int d = 0; d < v->rank; d++) {
    b.extent[d] = is_whole ? v->shape[d] : rng_range(r, 1, v->shape[d]);
    b.offset[d] = rng_range(r, 0, v->shape[d] - b.extent[d]);
    b.elems *= b.extent[d];
    b.to_dim[d] = d;
  }
  for (int d = v->rank - 1; d > 0; d--) {
    int e = (int)rng_range(r, 0, d), t = b.to_dim[d];
    b.to_dim[d] = b.to_dim[e];
    b.to_dim[e] = t;
  }
  return b;
}

/* The tensor's element and the buffer's for element `i` of the box, in any fixed order. */
static void locate(const view *v, const box *b, int64_t i, int64_t *element, int64_t *place) {
  int64_t index[TOG_RANK_MAX] = {0}, shape[TOG_RANK_MAX] = {0};
  *element = *place = 0;
  for (int d = 0; d < v->rank; d++) {
    int64_t at = i % b->extent[d];
    i /= b->extent[d];
    *element += (b->offset[d] + at) * v->stride[d];
    index[b->to_dim[d]] = at;
    shape[b->to_dim[d]] = b->extent[d];
  }
  for (int d = 0; d < v->rank; d++)
    *place = *place * shape[d] + index[d];
}

static tog_node *transfer(arena *m, tog_node_kind kind, int tensor, int rank, const int64_t *offset, const int64_t *extent, const int *to_dim) {
  tog_node *n = ARENA_NEW(m, tog_node);
  n->kind = kind;
  n->box.tensor = tensor;
  n->box.rank = rank;
  for (int d = 0; d < rank; d++) {
    n->box.offset[d] = sym_const(m, offset ? offset[d] : 0);
    n->box.extent[d] = sym_const(m, extent[d]);
    n->box.to_dim[d] = to_dim ? to_dim[d] : d;
  }
  return n;
}

static void set_view(tog_node *n, const view *v) {
  n->box.has_view = true;
  memcpy(n->box.view_shape, v->shape, sizeof v->shape);
  memcpy(n->box.view_stride, v->stride, sizeof v->stride);
}

/* in -> slot -> out; one side is the tensor under the view, the other has the shape of the slot. */
static tog *copy_graph(arena *m, const tog_tensor *x, const view *v, const box *b, bool is_load) {
  tog *t = ARENA_NEW(m, tog);
  *t = (tog){.n_mesh = 2, .mesh_name = {"x", "y"}, .mesh_size = {1, 1}};
  tog_tensor viewed = *x, plain = {.name = is_load ? "out" : "in", .type = DTYPE_F32, .rank = v->rank, .is_input = !is_load, .is_output = is_load};
  viewed.name = is_load ? "in" : "out";
  viewed.type = DTYPE_F32;
  viewed.is_input = is_load;
  viewed.is_output = !is_load;
  for (int d = 0; d < v->rank; d++)
    plain.shape[b->to_dim[d]] = b->extent[d];
  vec_push(m, &t->tensors, is_load ? viewed : plain);
  vec_push(m, &t->tensors, is_load ? plain : viewed);
  tog_buffer slot = {.name = "s", .type = DTYPE_F32, .rank = v->rank, .bytes = b->elems * 4, .depth = 1};
  memcpy(slot.shape, plain.shape, sizeof slot.shape);
  vec_push(m, &t->buffers, slot);
  tog_node *load, *store, *give = ARENA_NEW(m, tog_node);
  if (is_load) {
    load = transfer(m, TOG_LOAD, 0, v->rank, b->offset, b->extent, b->to_dim);
    store = transfer(m, TOG_STORE, 1, v->rank, NULL, plain.shape, NULL);
    set_view(load, v);
  } else {
    load = transfer(m, TOG_LOAD, 0, v->rank, NULL, plain.shape, NULL);
    store = transfer(m, TOG_STORE, 1, v->rank, b->offset, b->extent, b->to_dim);
    set_view(store, v);
  }
  give->kind = TOG_GIVE;
  give->thread = TOG_WRITER;
  vec_push(m, &t->body, load);
  vec_push(m, &t->body, store);
  vec_push(m, &t->body, give);
  tog_number(t);
  return t;
}

/* Pages of 32 bytes, so that runs and pages are of like size. */
static void add_pages(int64_t *channels, int64_t first_elem, int64_t n) {
  for (int64_t i = first_elem; i < first_elem + n; i++)
    channels[i * 4 / 32 % 2] += 4;
}

static void test_any_view_moves_the_right_elements_from_their_pages(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 300; seed++) {
    rng r = rng_new(seed);
    bench b = {0};
    loom_ctx_init(&b.ctx);
    tog_tensor x = {.arg = 0};
    view v = random_view(&r, &x);
    bool is_load = seed % 2 != 0;
    box at = random_box(&r, &v, seed % 3 == 0);
    bench_set(&b, copy_graph(&b.ctx.mem, &x, &v, &at, is_load));
    b.m->dram_page_bytes = 32;
    int64_t all = tog_tensor_elems(&x), channels[2] = {0};
    bench_run(&b, NULL, 0, true);
    for (int64_t i = 0; i < at.elems; i++) {
      int64_t element, place;
      locate(&v, &at, i, &element, &place);
      assert_true(b.data[1][is_load ? place : element] == (float)((is_load ? element : place) + 1));
      add_pages(channels, element, 1);
    }
    add_pages(channels, 0, at.elems);   /* the other side is one run */
    for (int c = 0; c < 2; c++)
      assert_int_equal(b.r.channels.at[c].bytes, channels[c]);
    if (!is_load && at.elems < all)
      bench_expect_fault(&b, SIM_FAULT_UNWRITTEN, arena_printf(&b.ctx.mem, "%d of %d elements of 'out' written", (int)at.elems, (int)all));
    else
      bench_expect_clean(&b);
    bench_close(&b);
  }
}

/* ---- wrong ones ---- */

#define COPY(view, offset) \
  "{\"schema\": \"loom.tog.v1\", \"mesh\": [{\"name\": \"x\", \"size\": 1}, {\"name\": \"y\", \"size\": 1}],\n" \
  "\"tensors\": [{\"name\": \"in\", \"dtype\": \"f32\", \"shape\": [4, 8], \"input\": true, \"arg\": 0}, " \
  "{\"name\": \"out\", \"dtype\": \"f32\", \"shape\": [8, 4], \"output\": true, \"arg\": 1}],\n" \
  "\"buffers\": [{\"name\": \"s\", \"dtype\": \"f32\", \"shape\": [8, 4], \"bytes\": 128, \"depth\": 1, \"stride\": 128, \"offset\": 0}],\n" \
  "\"body\": [{\"load\": \"in\", \"to\": \"s\", \"view\": {\"shape\": [8, 4], \"strides\": " view "}, \"offset\": " offset ", \"extent\": [8, 4]},\n" \
  "{\"store\": \"out\", \"from\": \"s\", \"offset\": [0, 0], \"extent\": [8, 4]}, {\"give\": \"s\", \"thread\": \"writer\"}]}"

static void test_a_box_over_the_edge_of_a_view_is_a_fault(void **state) {
  (void)state;
  bench b;
  bench_open(&b, COPY("[1, 8]", "[1, 0]"));
  bench_run(&b, NULL, 0, false);
  bench_expect_fault(&b, SIM_FAULT_OUT_OF_BOUNDS, "moves elements 1..8 of dim 0 of the view of 'in', which has 8");
  bench_close(&b);
}

/* Every column of the view is the tensor's first: a broadcast, read as often as it is used. */
static void test_a_stride_of_zero_repeats_elements(void **state) {
  (void)state;
  bench b;
  bench_open(&b, COPY("[1, 0]", "[0, 0]"));
  bench_run(&b, NULL, 0, true);
  bench_expect_clean(&b);
  for (int i = 0; i < 32; i++)
    assert_true(b.data[1][i] == (float)(i / 4 + 1));
  assert_int_equal(b.r.dram_bytes_read, 128);
  bench_close(&b);
}

/* ---- places that a tensor of indices says ---- */

#define ROWS(load_view, store_view, type) \
  "{\"schema\": \"loom.tog.v1\", \"mesh\": [{\"name\": \"x\", \"size\": 1}, {\"name\": \"y\", \"size\": 1}],\n" \
  "\"tensors\": [{\"name\": \"in\", \"dtype\": \"f32\", \"shape\": [8, 4], \"input\": true, \"arg\": 0}, {\"name\": \"out\", \"dtype\": \"f32\", \"shape\": [8, 4], \"output\": true, \"kept\": true, \"arg\": 1}, " \
  "{\"name\": \"rows\", \"dtype\": \"" type "\", \"shape\": [3], \"input\": true, \"arg\": 2}],\n" \
  "\"buffers\": [{\"name\": \"s\", \"dtype\": \"f32\", \"shape\": [3, 4], \"bytes\": 48, \"depth\": 1, \"stride\": 48, \"offset\": 0}],\n" \
  "\"body\": [{\"load\": \"in\", \"to\": \"s\", " load_view "\"offset\": [0, 0], \"extent\": [3, 4], \"label\": \"load\"},\n" \
  "{\"store\": \"out\", \"from\": \"s\", " store_view "\"offset\": [0, 0], \"extent\": [3, 4], \"label\": \"store\"}, {\"give\": \"s\", \"thread\": \"writer\"}]}"
#define BY_ROWS "\"view\": {\"shape\": [3, 4], \"strides\": [4, 1], \"lookup\": {\"dim\": 0, \"index\": \"rows\", \"rows\": 8}}, "

typedef struct seen { int reserved, loaded, stored, computed, sent; } seen;
static void see_reserved(void *data, const sim_slot_name *slot) { (void)slot; ((seen *)data)->reserved++; }
static void see_loaded(void *data, const sim_at *at, const sim_moved *m) { (void)at, (void)m; ((seen *)data)->loaded++; }
static void see_stored(void *data, const sim_at *at, const sim_moved *m) { (void)at, (void)m; ((seen *)data)->stored++; }
static void see_computed(void *data, const sim_at *at, const int *slots, void *const *bytes) { (void)at, (void)slots, (void)bytes; ((seen *)data)->computed++; }
static void see_sent(void *data, const sim_at *at, const sim_slot_name *from, const sim_slot_name *to, int64_t row) { (void)at, (void)from, (void)to, (void)row; ((seen *)data)->sent++; }

/* Rows by numbers of both lengths, loaded and stored, with somebody who looks on and without; oracle: the rows by a plain loop.  Rows that are not there are faults. */
static void test_rows_that_are_looked_up_are_the_right_ones(void **state) {
  (void)state;
  static const struct { bool loads, stores; int64_t rows[3]; const char *fault; } cases[] = {
      {true, false, {5, 0, 7}, NULL}, {false, true, {5, 0, 7}, NULL}, {true, true, {2, 3, 1}, NULL}, {true, false, {4, 4, 4}, NULL}, {false, true, {4, 4, 1}, NULL},
      {true, false, {5, 8, 7}, "looks up place 8 of 'in', which has 8: that is element [1] of 'rows'"}, {false, true, {-1, 2, 3}, "looks up place -1 of 'out', which has 8: that is element [0] of 'rows'"}};
  for (size_t i = 0; i < COUNT_OF(cases); i++)
    for (int wide = 0; wide < 2; wide++) {
      bench b;
      bench_open(&b, cases[i].loads && cases[i].stores ? wide ? ROWS(BY_ROWS, BY_ROWS, "i64") : ROWS(BY_ROWS, BY_ROWS, "i32")
                     : cases[i].loads                  ? wide ? ROWS(BY_ROWS, "", "i64") : ROWS(BY_ROWS, "", "i32")
                                                       : wide ? ROWS("", BY_ROWS, "i64") : ROWS("", BY_ROWS, "i32"));
      int32_t narrow[3];
      for (int k = 0; k < 3; k++)
        narrow[k] = (int32_t)cases[i].rows[k];
      sim_exec exec = {NULL, 0};
      seen saw = {0};
      const sim_watch watch = {&saw, see_reserved, see_loaded, see_stored, see_computed, see_sent};
      const char *text[3];
      for (int run = 0; run < 3; run++) {      /* with values, watched, for the time alone */
        bench_fill(&b);
        b.tensors[2] = wide ? (void *)(uintptr_t)cases[i].rows : (void *)narrow;
        sim_options o = {.exec = run < 2 ? &exec : NULL, .tensors = run < 2 ? b.tensors : NULL, .verify = true, .watch = run == 1 ? &watch : NULL};
        assert_int_equal(sim_run(&b.ctx, b.t, b.m, &o, &b.r), LOOM_OK);
        text[run] = data_write_json(&b.ctx.mem, sim_report_to_data(&b.ctx.mem, &b.r, b.t), 0);
        if (run == 2)
          break;
        if (cases[i].fault) {
          bench_expect_fault(&b, SIM_FAULT_OUT_OF_BOUNDS, cases[i].fault);
          continue;
        }
        bench_expect_clean(&b);
        for (int r = 0; r < 8; r++)
          for (int c = 0; c < 4; c++) {
            int from = -1;
            for (int k = 0; k < 3; k++)
              if ((cases[i].stores ? cases[i].rows[k] : k) == r)
                from = cases[i].loads ? (int)cases[i].rows[k] : k;
            const float got = b.data[1][r * 4 + c];
            assert_true(from < 0 ? got != got : got == (float)(from * 4 + c + 1));
          }
      }
      assert_string_equal(text[0], text[1]);
      if (!cases[i].fault) {
        assert_true(saw.reserved == 1 && saw.loaded == (cases[i].loads ? 3 : 1) && saw.stored == (cases[i].stores ? 3 : 1));
        bench_expect_clean(&b);
      }
      bench_close(&b);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_a_matmul_of_transposed_arguments_is_the_same),
    cmocka_unit_test(test_any_view_moves_the_right_elements_from_their_pages),
    cmocka_unit_test(test_a_box_over_the_edge_of_a_view_is_a_fault),
    cmocka_unit_test(test_a_stride_of_zero_repeats_elements),
    cmocka_unit_test(test_rows_that_are_looked_up_are_the_right_ones),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
