#include "nest/nest.h"
#include "base/testing.h"
#include "base/text.h"
#include "nest/nest_buffer.h"
#include "nest/nest_leaf.h"
#include "nest/nest_samples.h"

enum { LEAVES = 64 };   /* more than any node has here */

static void test_accesses_know_their_loops(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  nest *n = nest_make_matmul(&ctx.mem, 64, 64, 64, DTYPE_F16, DTYPE_F16);
  const nest_node *a[4];
  assert_int_equal(nest_accesses(n, a, 4), 3);
  static const bool uses[3][3] = {{true, false, true}, {false, true, true}, {true, true, false}};      /* x, y, out by m, n, k */
  static const char *const names[] = {"x", "y", "out"};
  for (int i = 0; i < 3; i++) {
    for (int l = 0; l < 3; l++)
      assert_int_equal(nest_access_uses(n, a[i], l), uses[i][l]);
    assert_string_equal(nest_access_name(&ctx.mem, n, a[i]), names[i]);
  }
  int loops[NEST_LOOPS_MAX];
  assert_int_equal(nest_enclosing(n, a[0], loops, NEST_LOOPS_MAX), 1);
  assert_int_equal(loops[0], 2);
  assert_int_equal(nest_enclosing(n, a[2], loops, NEST_LOOPS_MAX), 0);
  assert_int_equal(nest_accesses(n, a, 1), 3);      /* counts all, fills one */
  loom_ctx_done(&ctx);
}

static void test_offsets_and_extents_count_as_uses(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  nest *n = nest_make_matmul(&ctx.mem, 64, 64, 64, DTYPE_F16, DTYPE_F16);
  const nest_node *a[3];
  nest_accesses(n, a, 3);
  nest_node *y = (nest_node *)(uintptr_t)a[1];
  assert_string_equal(nest_iterator_name(&ctx.mem, n, 0), "it_tile_m");
  y->dim[0].offset = sym_mul(&ctx.mem, sym_name(&ctx.mem, "it_tile_m"), sym_const(&ctx.mem, 2));
  assert_true(nest_access_uses(n, y, 0));
  assert_false(nest_loop_uses(n, 2, 0));
  n->loops.at[2].extent = sym_add(&ctx.mem, sym_name(&ctx.mem, "it_tile_m"), sym_const(&ctx.mem, 1));
  assert_true(nest_loop_uses(n, 2, 0));
  assert_false(nest_loop_uses(n, 2, 1));
  loom_ctx_done(&ctx);
}

static void test_alignment_is_for_the_two_innermost_dims(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  nest *n = nest_make_batch_matmul(&ctx.mem, 8, 64, 64, 64, DTYPE_F16, DTYPE_F16);
  static const int64_t align[] = {1, 32, 32, 32};       /* tile_b, tile_m, tile_n, tile_k */
  for (int i = 0; i < 4; i++)
    assert_int_equal(n->symbols.at[i].align, align[i]);
  nest_set_alignment(n, 16);
  assert_int_equal(n->symbols.at[0].align, 1);
  assert_int_equal(n->symbols.at[1].align, 16);
  loom_ctx_done(&ctx);
}

/* A [tile_b, tile_m] running maximum does not make tile_b a multiple of 32; the same tile loaded does. */
static void test_temporaries_do_not_align_batches(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  arena *m = &ctx.mem;
  nest *n = nest_make_attention(m, 8, 64, 64, 64, DTYPE_F16);
  for (size_t v = 0; v < n->values.n; v++)      /* the columns lose their last dim */
    if (n->values.at[v].rank == 3 && sym_equal(n->values.at[v].dim[2], sym_const(m, 1)))
      n->values.at[v].rank = 2;
  nest_set_alignment(n, 32);
  assert_int_equal(n->symbols.at[0].align, 1);
  assert_int_equal(n->symbols.at[1].align, 32);
  n->values.at[n->body.at[0]->value].rank = 2;
  nest_set_alignment(n, 32);
  assert_int_equal(n->symbols.at[0].align, 32);
  loom_ctx_done(&ctx);
}

static int64_t value_of(loom_ctx *ctx, const sym_expr *e) {
  static const sym_binding at[] = {{"tile_b", 2}, {"tile_m", 64}, {"tile_n", 128}, {"tile_k", 32}};
  int64_t v;
  assert_int_equal(sym_eval(ctx, e, at, 4, &v), LOOM_OK);
  return v;
}

static void expect_args(loom_ctx *ctx, const nest_leaf *l, const char *func, const char *const *symbols, const int64_t *values, int n) {
  assert_string_equal(l->func, func);
  assert_int_equal(l->n_args, n);
  for (int i = 1; i < l->n_args; i++)
    assert_true(strcmp(l->arg[i - 1].symbol, l->arg[i].symbol) < 0);
  for (int i = 0; i < n; i++) {
    assert_string_equal(l->arg[i].symbol, symbols[i]);
    assert_int_equal(value_of(ctx, l->arg[i].value), values[i]);
  }
}

static void test_leaves_speak_the_perf_sets_words(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  static const int64_t mesh[] = {8, 8}, alone[] = {1, 1}, column[] = {1, 8}, half[] = {4, 1};
  nest_leaf l[LEAVES];
  nest *n = nest_make_batch_matmul(&ctx.mem, 8, 512, 512, 512, DTYPE_F16, DTYPE_F16);
  const nest_node *fill = n->body.at[0], *load_x = n->body.at[1]->body.at[0], *mm = n->body.at[1]->body.at[2], *store = n->body.at[2];
  assert_int_equal(nest_node_leaves(&ctx.mem, n, fill, alone, mesh, 2, l), 0);
  assert_int_equal(nest_node_leaves(&ctx.mem, n, load_x, alone, mesh, 2, l), 1);
  expect_args(&ctx, l, "dram_to_l1_f16", (const char *const[]){"M", "N", "effective_bandwidth"}, (const int64_t[]){2 * 64, 32, 80}, 3);
  nest_node_leaves(&ctx.mem, n, load_x, column, mesh, 2, l);
  expect_args(&ctx, l, "dram_to_l1_bcst", (const char *const[]){"M", "N", "bcst_x", "bcst_y", "effective_bandwidth"}, (const int64_t[]){128, 32, 1, 8, 10}, 5);
  nest_node_leaves(&ctx.mem, n, load_x, half, mesh, 2, l);
  expect_args(&ctx, l, "dram_to_l1_bcst", (const char *const[]){"M", "N", "bcst_x", "bcst_y", "effective_bandwidth"}, (const int64_t[]){128, 32, 4, 1, 20}, 5);
  nest_node_leaves(&ctx.mem, n, mm, alone, mesh, 2, l);
  expect_args(&ctx, l, "batch_matmul_f16", (const char *const[]){"B", "K", "M", "N"}, (const int64_t[]){2, 32, 64, 128}, 4);
  nest_node_leaves(&ctx.mem, n, store, alone, mesh, 2, l);
  expect_args(&ctx, l, "l1_to_dram_f16", (const char *const[]){"M", "N"}, (const int64_t[]){128, 128}, 2);

  n = nest_make_matmul(&ctx.mem, 512, 512, 512, DTYPE_F32, DTYPE_F32);      /* twice the bytes: twice the rows */
  nest_node_leaves(&ctx.mem, n, n->body.at[1]->body.at[0], alone, mesh, 2, l);
  assert_int_equal(value_of(&ctx, l->arg[0].value), 128);
  nest_node_leaves(&ctx.mem, n, n->body.at[1]->body.at[2], alone, mesh, 2, l);
  assert_string_equal(l->func, "matmul_f32");
  assert_string_equal(l->fallback, "matmul_f16");
  n = nest_make_matmul(&ctx.mem, 512, 512, 512, DTYPE_I8, DTYPE_I32);
  nest_node_leaves(&ctx.mem, n, n->body.at[1]->body.at[0], alone, mesh, 2, l);
  assert_int_equal(value_of(&ctx, l->arg[0].value), 32);
  loom_ctx_done(&ctx);
}

static void test_generic_ops_become_one_call_a_scalar_op(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  static const int64_t one[] = {1, 1};
  nest_leaf l[LEAVES];
  nest *n = nest_make_elementwise(&ctx.mem, 512, 512, DTYPE_F16, "cmpf_ogt,select,math.exp,truncf,divf");
  static const char *const calls[] = {"vec_cmpf_ogt_f16", "vec_select_f16", "vec_exp_f16", "vec_div_f16"};
  assert_int_equal(nest_node_leaves(&ctx.mem, n, n->body.at[2], one, one, 2, l), 4);
  for (int i = 0; i < 4; i++)
    expect_args(&ctx, &l[i], calls[i], (const char *const[]){"L"}, (const int64_t[]){64 * 128}, 1);
  nest_node *g = n->body.at[2];       /* a row sum of squares: P rows of R */
  g->body_ops = "mulf,addf";
  g->m = sym_name(&ctx.mem, "tile_m");
  g->k = sym_name(&ctx.mem, "tile_n");
  assert_int_equal(nest_node_leaves(&ctx.mem, n, g, one, one, 2, l), 2);
  expect_args(&ctx, &l[0], "vec_mul_f16", (const char *const[]){"L"}, (const int64_t[]){64 * 128}, 1);
  expect_args(&ctx, &l[1], "vec_vsum_f16", (const char *const[]){"P", "R"}, (const int64_t[]){64, 128}, 2);
  loom_ctx_done(&ctx);
}

static void test_buffers_of_accumulators_and_temporaries(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  static const struct { bool copies; int sample; size_t n; const char *names[5]; nest_buffer_kind kinds[5]; } cases[] = {
      {false, 0, 4, {"acc", "x", "y", "out"}, {NEST_BUFFER_COMPUTE, NEST_BUFFER_LOAD, NEST_BUFFER_LOAD, NEST_BUFFER_STORE}},
      {true, 0, 4, {"acc", "x", "y", "out"}, {NEST_BUFFER_COMPUTE, NEST_BUFFER_LOAD, NEST_BUFFER_LOAD, NEST_BUFFER_STORE}},
      {false, 1, 3, {"x", "y", "out"}, {NEST_BUFFER_LOAD, NEST_BUFFER_LOAD, NEST_BUFFER_COMPUTE}},
      {true, 1, 4, {"x", "y", "result", "out"}, {NEST_BUFFER_LOAD, NEST_BUFFER_LOAD, NEST_BUFFER_COMPUTE, NEST_BUFFER_STORE}},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    nest *n = cases[i].sample ? nest_make_elementwise(&ctx.mem, 64, 64, DTYPE_F16, "addf") : nest_make_matmul(&ctx.mem, 64, 64, 64, DTYPE_F16, DTYPE_F16);
    nest_buffers b = {0};
    nest_list_buffers(&ctx.mem, n, cases[i].copies, &b);
    assert_int_equal(b.n, cases[i].n);
    for (size_t k = 0; k < b.n; k++) {
      assert_string_equal(b.at[k].name, cases[i].names[k]);
      assert_int_equal(b.at[k].kind, cases[i].kinds[k]);
    }
  }
  loom_ctx_done(&ctx);
}

static void test_second_access_of_a_tensor_has_a_number(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  nest *n = nest_make_elementwise(&ctx.mem, 64, 64, DTYPE_F16, "addf");
  n->body.at[1]->tensor = 0;
  assert_string_equal(nest_access_name(&ctx.mem, n, n->body.at[0]), "x");
  assert_string_equal(nest_access_name(&ctx.mem, n, n->body.at[1]), "x.2");
  loom_ctx_done(&ctx);
}

/* Each breaks one rule of a good nest in memory (what a text file cannot express). */
static void test_broken_nests_are_named(void **state) {
  (void)state;
  static const char *const said[] = {"parallel loops come first", "reads value 'x_tile' before", "lacks the sizes", "names loop 2", "does not enclose",
                                     "has no size in dim", "names tensor 9", "names value 9", "has rank 9", "extent -1", "stride 4 in dim 1"};
  for (size_t i = 0; i < COUNT_OF(said); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    nest *n = nest_make_matmul(&ctx.mem, 64, 64, 64, DTYPE_F16, DTYPE_F16);
    nest_node *loop = n->body.at[1], *mm = loop->body.at[2], *store = n->body.at[2];
    switch (i) {
    case 0: n->n_parallel = 1; break;
    case 1: loop->body.at[0] = mm; break;
    case 2: mm->k = NULL; break;
    case 3: n->body.at[2] = loop; break;
    case 4: store->dim[0].loop = 2; break;
    case 5: n->values.at[0].dim[1] = NULL; break;
    case 6: store->tensor = 9; break;
    case 7: store->value = 9; break;
    case 8: n->values.at[0].rank = 9; break;
    case 9: n->tensors.at[0].shape[0] = -1; break;
    case 10: n->tensors.at[0].stride[1] = 4; break;
    default: break;
    }
    assert_int_equal(nest_verify(&ctx, n), LOOM_EINPUT);
    testing_expect_error(&ctx, LOOM_EINPUT, said[i], 0, 0);
    loom_ctx_done(&ctx);
  }
}

static const nest_mamba_shape mamba = {.batch = 2, .heads = 32, .groups = 4, .chunks = 8, .chunk = 192, .head = 160, .state = 128, .block_bound = 8192};

/* The same for what attention and split-K have: moves, gathers, nodes of one core. */
static void test_broken_moves_and_gathers_are_named(void **state) {
  (void)state;
  static const char *const said[] = {"follows the move to 'acc'", "whose last value it may need", "outside of any loop", "marked as a move",
                                     "goes across loop 0; a gather goes", "goes across loop 9", "first core of loop 7, which is no parallel loop",
                                     "on the first core of loop 'tile_k' alone", "but is not element-wise on it", "is in memory 8; at most 8"};
  for (size_t i = 0; i < COUNT_OF(said); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    nest *n = i < 4 ? nest_make_attention(&ctx.mem, 4, 64, 64, 32, DTYPE_F16) : nest_make_split_k(&ctx.mem, 64, 64, 64, DTYPE_F16);
    assert_int_equal(nest_verify(&ctx, n), LOOM_OK);
    nest_node *loop = n->body.at[i < 4 ? 4 : 0], *first = i < 4 ? loop->body.at[loop->body.n - 3] : NULL;
    switch (i) {
    case 0: vec_push(&ctx.mem, &loop->body, loop->body.at[0]); break;
    case 1: loop->body.at[loop->body.n - 2]->inputs.at[0] = first->value; break;   /* total := the new top */
    case 2: vec_push(&ctx.mem, &n->body, first); break;
    case 3: first->is_move = false; break;
    case 4: n->body.at[0]->across = 0; break;
    case 5: n->body.at[4]->across = 9; break;
    case 6: n->body.at[5]->only_first = 7; break;
    case 7: n->body.at[7]->only_first = -1; break;
    case 8: n->body.at[3]->same_place = 1; break;
    case 9: n->values.at[0].memory = 8; break;
    default: break;
    }
    assert_int_equal(nest_verify(&ctx, n), LOOM_EINPUT);
    testing_expect_error(&ctx, LOOM_EINPUT, said[i], 0, 0);
    loom_ctx_done(&ctx);
  }
}

/* Meshes of one and three dims; scalar ops of all kinds; a node says as little as it may. */
static void test_leaves_on_other_meshes(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  static const int64_t size[] = {8, 4, 2}, area[] = {8, 2, 1};
  nest_leaf l[LEAVES];
  nest *n = nest_make_matmul(&ctx.mem, 512, 512, 512, DTYPE_F16, DTYPE_F16);
  const nest_node *load = n->body.at[1]->body.at[0];
  nest_node *mm = n->body.at[1]->body.at[2];
  nest_node_leaves(&ctx.mem, n, load, area, size, 1, l);
  expect_args(&ctx, l, "dram_to_l1_bcst", (const char *const[]){"M", "N", "bcst_x", "bcst_y", "effective_bandwidth"}, (const int64_t[]){64, 32, 8, 1, 10}, 5);
  nest_node_leaves(&ctx.mem, n, load, area, size, 3, l);
  expect_args(&ctx, l, "dram_to_l1_bcst", (const char *const[]){"M", "N", "bcst_x", "bcst_y", "bcst_z", "effective_bandwidth"}, (const int64_t[]){64, 32, 8, 2, 1, 10}, 6);
  assert_int_equal(nest_node_leaves(&ctx.mem, n, n->body.at[1], area, size, 2, l), 0);      /* a loop is no call */
  mm->inputs.n = 0;
  nest_node_leaves(&ctx.mem, n, mm, area, size, 2, l);
  assert_string_equal(l->func, "matmul_f16");      /* the kernel's type where no input tells one */
  nest *s = nest_make_split_k(&ctx.mem, 512, 512, 4096, DTYPE_F16);
  nest_node_leaves(&ctx.mem, s, s->body.at[4], area, size, 1, l);
  assert_int_equal(value_of(&ctx, l->arg[5].value), 1);
  /* generic: no k, k of 1, k of 4; a body of many ops */
  n = nest_make_elementwise(&ctx.mem, 512, 512, DTYPE_F16, "cmpi_slt,cmpf_ogt,addf");
  nest_node *g = n->body.at[2];
  for (int k = 0; k < 3; k++) {
    g->m = sym_const(&ctx.mem, 6);
    g->k = k == 0 ? NULL : sym_const(&ctx.mem, k == 1 ? 1 : 4);
    assert_int_equal(nest_node_leaves(&ctx.mem, n, g, area, size, 2, l), 3);
    assert_string_equal(l[0].func, "vec_cmpf_ogt_f16");      /* the perf sets have one comparison */
    assert_string_equal(l[2].func, k == 2 ? "vec_vsum_f16" : "vec_add_f16");
    assert_int_equal(value_of(&ctx, l[2].arg[0].value), 6);
    assert_int_equal(l[2].n_args, k == 2 ? 2 : 1);
  }
  enum { OPS = 2000 };
  text ops = text_new(&ctx.mem);
  for (int i = 0; i < OPS; i++)
    text_addf(&ops, i ? ",%s" : "%s", i % 3 ? "addf" : "mulf");
  g->body_ops = text_str(&ops);
  assert_int_equal(nest_leaves_most(g), OPS);
  nest_leaf *all = ARENA_NEW_N(&ctx.mem, nest_leaf, OPS);
  assert_int_equal(nest_node_leaves(&ctx.mem, n, g, area, size, 2, all), OPS);
  for (int i = 0; i < OPS; i++)
    assert_string_equal(all[i].func, i == OPS - 1 ? "vec_vsum_f16" : i % 3 ? "vec_add_f16" : "vec_mul_f16");      /* k is 4: the last one sums */
  loom_ctx_done(&ctx);
}

/* Buffers: names that are taken or absent, accumulators under two names, stores that may not take the made one. */
static void test_buffers_of_odd_nests(void **state) {
  (void)state;
  static const struct { int edit; const char *names; } cases[] = {
      {0, "x y out "},            /* the result leaves from where it is made */
      {1, "x y tile out "},       /* another type than the tensor's: a copy; its value has no name */
      {2, "x y out out.2 "},      /* stored twice: the second time a copy */
      {3, "x y x.2 "},            /* a loaded tile is stored into its own tensor */
      {4, "x out result "},       /* the result's buffer keeps its name where the store's is taken */
      {5, "x y result out "},     /* an accumulator by another index is no second buffer; it is copied to be stored */
      {6, "x y result out "},     /* one of the two carries nothing: a buffer each */
      {7, "x y out "},            /* what nobody makes has no buffer but the store's */
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    arena *m = &ctx.mem;
    nest *n = nest_make_elementwise(m, 64, 64, DTYPE_F16, "addf");
    nest_node *g = n->body.at[2], *store = n->body.at[3], *more = nest_make_node(m, NEST_COMPUTE);
    *more = *g;
    switch (cases[i].edit) {
    case 1:
      n->values.at[2].type = DTYPE_F32;
      n->values.at[2].name = NULL;
      break;
    case 2: vec_push(m, &n->body, store); break;
    case 3:
      store->value = 0;
      store->tensor = 0;
      n->body.at[2] = store;
      n->body.n = 3;
      break;
    case 4:
      n->values.at[0].name = "q";
      n->tensors.at[1].name = "out";
      break;
    case 5: case 6:
      vec_push(m, &n->values, n->values.at[2]);
      n->values.at[3].name = "acc";
      n->values.at[2].is_carried = true;
      n->values.at[3].is_carried = cases[i].edit == 5;
      more->value = 3;
      more->inputs.n = 0;
      more->inputs.at = NULL;
      more->inputs.room = 0;
      vec_push(m, &more->inputs, 0);
      vec_push(m, &more->inputs, 2);
      store->value = cases[i].edit == 5 ? 2 : 3;
      n->body.at[3] = more;
      vec_push(m, &n->body, store);
      break;
    case 7: n->body.at[2] = store; n->body.n = 3; break;
    default: break;
    }
    nest_buffers b = {0};
    nest_list_buffers(m, n, false, &b);
    text t = text_new(m);
    for (size_t k = 0; k < b.n; k++)
      text_addf(&t, "%s ", b.at[k].name);
    if (strcmp(text_str(&t), cases[i].names) != 0)
      fail_msg("edit %d: %s", cases[i].edit, text_str(&t));
    loom_ctx_done(&ctx);
  }
}

static void test_nodes_that_are_not_there_are_in_no_loop(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  nest *n = nest_make_matmul(&ctx.mem, 64, 64, 64, DTYPE_F16, DTYPE_F16);
  int loops[1] = {-7};
  assert_int_equal(nest_enclosing(n, nest_make_node(&ctx.mem, NEST_LOAD), loops, 1), 0);
  loops[0] = -7;
  assert_int_equal(nest_enclosing(n, n->body.at[1]->body.at[0], loops, 0), 1);      /* counts all, fills what there is room for */
  assert_int_equal(loops[0], -7);
  const sym_expr *e = sym_make(&ctx.mem, SYM_IF, sym_make(&ctx.mem, SYM_LT, sym_name(&ctx.mem, "it_a"), sym_const(&ctx.mem, 3), NULL), sym_name(&ctx.mem, "it_b"), sym_name(&ctx.mem, "it_c"));
  assert_true(nest_uses_iterator(e, "a") && nest_uses_iterator(e, "b") && nest_uses_iterator(e, "c") && !nest_uses_iterator(e, "d") && !nest_uses_iterator(e, "it_a"));
  assert_string_equal(sym_str(&ctx.mem, nest_at_last_iterators(&ctx.mem, n, sym_add(&ctx.mem, sym_name(&ctx.mem, "it_tile_k"), sym_name(&ctx.mem, "it_b")))), "64 ceildiv tile_k - 1 + it_b");
  loom_ctx_done(&ctx);
}

/* Oracle: by hand.  A loop runs in any order when nothing is carried and its stores lie apart. */
static void test_loops_that_may_run_in_any_order(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  arena *m = &ctx.mem;
  nest *n = nest_make_mamba(m, &mamba, DTYPE_F16, false);      /* tile_m, tile_n, tile_c | tile_b, tile_h, tile_k */
  static const bool free_loops[] = {true, true, true, true, true, false};
  for (int l = 0; l < 6; l++)
    assert_int_equal(nest_loop_is_parallel(n, l), free_loops[l]);
  assert_false(nest_loop_is_parallel(nest_make_matmul(m, 64, 64, 64, DTYPE_F16, DTYPE_F32), 2));
  assert_false(nest_loop_is_parallel(nest_make_attention(m, 4, 64, 64, 32, DTYPE_F16), 2));

  nest_node *outer = n->body.at[0], *inner = outer->body.at[0], *store = inner->body.at[inner->body.n - 1];
  const sym_expr *h = sym_name(m, "it_tile_h"), *c = sym_name(m, "it_tile_c"), *th = sym_name(m, "tile_h");
  const struct { int loop; const sym_expr *offset, *size; bool is_free; } rows[] = {
      {-1, sym_mul(m, h, sym_const(m, 2)), sym_const(m, 2), true},                            /* side by side */
      {-1, sym_mul(m, h, sym_const(m, 2)), sym_const(m, 3), false},                           /* one shared */
      {-1, sym_mul(m, sym_mul(m, h, th), sym_const(m, 4)), th, true},                         /* steps of 4 blocks */
      {-1, sym_mul(m, h, sym_const(m, 4)), th, false},                                        /* the block may be larger than 4 */
      {-1, sym_add(m, sym_mul(m, h, th), sym_mul(m, c, sym_const(m, 9))), th, true},          /* another core's part does not matter */
      {-1, sym_add(m, sym_mul(m, h, th), h), th, false},                                      /* two terms: not proved */
      {-1, sym_mul(m, h, c), sym_const(m, 1), false},                                         /* a step that may be 0 */
      {-1, sym_floordiv(m, h, sym_const(m, 2)), sym_const(m, 1), false},                      /* two heads, one place */
      {4, sym_const(m, 0), th, true},
      {4, sym_const(m, 0), sym_const(m, 2), false},                                           /* tile_h may be 1 */
      {4, h, sym_const(m, 1), false},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    store->dim[1] = (nest_access_dim){.loop = rows[i].loop, .offset = rows[i].offset, .size = rows[i].size};
    if (nest_loop_is_parallel(n, 4) != rows[i].is_free)
      fail_msg("row %zu", i);
  }
  store->dim[1] = (nest_access_dim){.loop = 4, .offset = sym_const(m, 0), .size = th};
  inner->body.at[0]->tensor = store->tensor;      /* reads what another iteration wrote */
  assert_false(nest_loop_is_parallel(n, 4));
  loom_ctx_done(&ctx);
}

static void test_blocks_of_which_one_element_is_taken(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  arena *m = &ctx.mem;
  const struct { nest *n; const char *one; } rows[] = {
      {nest_make_mamba(m, &mamba, DTYPE_F16, false), "tile_c tile_b tile_h "}, {nest_make_mamba(m, &mamba, DTYPE_F16, true), "tile_c tile_b tile_h "},
      {nest_make_attention(m, 4, 64, 64, 32, DTYPE_F16), ""}, {nest_make_decode(m, 16, 32, 8192, 128, DTYPE_F16), ""},
      {nest_make_split_k(m, 64, 64, 64, DTYPE_F16), ""}, {nest_make_batch_matmul(m, 4, 64, 64, 64, DTYPE_F16, DTYPE_F16), ""}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    text t = text_new(m);
    for (size_t s = 0; s < rows[i].n->symbols.n; s++)
      if (nest_symbol_covers_one(rows[i].n, (int)s))
        text_addf(&t, "%s ", rows[i].n->symbols.at[s].name);
    assert_string_equal(text_str(&t), rows[i].one);
  }
  rows[0].n->symbols.at[2].fixed = 4;      /* the author's choice, whatever it leaves out */
  assert_string_equal(rows[0].n->symbols.at[2].name, "tile_c");
  assert_false(nest_symbol_covers_one(rows[0].n, 2));
  loom_ctx_done(&ctx);
}

static void test_outputs_that_are_stored_as_a_whole(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  arena *m = &ctx.mem;
  assert_true(nest_tensor_is_covered(nest_make_matmul(m, 100, 70, 64, DTYPE_F16, DTYPE_F32), 2));
  assert_false(nest_tensor_is_covered(nest_make_matmul(m, 100, 70, 64, DTYPE_F16, DTYPE_F32), 0));      /* is loaded */
  assert_true(nest_tensor_is_covered(nest_make_decode(m, 16, 32, 8192, 128, DTYPE_F16), 3));
  for (int i = 0; i < 4; i++) {
    nest *n = nest_make_matmul(m, 100, 70, 64, DTYPE_F16, DTYPE_F32);
    nest_access_dim *d = &n->body.at[2]->dim[0];
    switch (i) {
    case 0: n->tensors.at[2].shape[0] = 101; break;
    case 1: d->offset = sym_const(m, 1); break;
    case 2: d->size = sym_const(m, 1); break;
    default: d->loop = -1; break;
    }
    assert_false(nest_tensor_is_covered(n, 2));
  }
  for (int64_t fixed = 1; fixed <= 2; fixed++) {      /* a size that the kernel fixes may stand there as a number */
    nest *n = nest_make_matmul(m, 100, 70, 64, DTYPE_F16, DTYPE_F32);
    n->symbols.at[nest_symbol_index(n, n->loops.at[0].block)].fixed = fixed;
    n->body.at[2]->dim[0].size = sym_const(m, 1);
    assert_int_equal(nest_tensor_is_covered(n, 2), fixed == 1);
  }
  loom_ctx_done(&ctx);
}

static void test_gathers_speak_the_perf_sets_words(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  static const int64_t mesh[] = {8, 8}, line[] = {8, 1};
  nest_leaf l[LEAVES];
  nest *n = nest_make_split_k(&ctx.mem, 512, 512, 4096, DTYPE_F16);
  assert_int_equal(n->body.at[4]->kind, NEST_GATHER);
  assert_int_equal(nest_node_leaves(&ctx.mem, n, n->body.at[4], line, mesh, 2, l), 1);
  expect_args(&ctx, l, "l1_gather", (const char *const[]){"B", "M", "N", "effective_bandwidth", "gather_x", "gather_y"},
              (const int64_t[]){4096 / 32, 64, 128, 10, 8, 1}, 6);
  n = nest_make_attention(&ctx.mem, 32, 4096, 4096, 128, DTYPE_F16);
  const nest_body *b = &n->body.at[4]->body;      /* a broadcast and a move cost what copying costs: not a perf function's matter */
  assert_int_equal(nest_node_leaves(&ctx.mem, n, b->at[b->n - 1], line, mesh, 2, l), 0);
  assert_string_equal(n->body.at[5]->op, "broadcast");
  assert_int_equal(nest_node_leaves(&ctx.mem, n, n->body.at[5], line, mesh, 2, l), 0);
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_accesses_know_their_loops),
      cmocka_unit_test(test_offsets_and_extents_count_as_uses),
      cmocka_unit_test(test_alignment_is_for_the_two_innermost_dims),
      cmocka_unit_test(test_temporaries_do_not_align_batches),
      cmocka_unit_test(test_leaves_speak_the_perf_sets_words),
      cmocka_unit_test(test_generic_ops_become_one_call_a_scalar_op),
      cmocka_unit_test(test_buffers_of_accumulators_and_temporaries),
      cmocka_unit_test(test_second_access_of_a_tensor_has_a_number),
      cmocka_unit_test(test_broken_nests_are_named),
      cmocka_unit_test(test_broken_moves_and_gathers_are_named),
      cmocka_unit_test(test_leaves_on_other_meshes),
      cmocka_unit_test(test_buffers_of_odd_nests),
      cmocka_unit_test(test_nodes_that_are_not_there_are_in_no_loop),
      cmocka_unit_test(test_loops_that_may_run_in_any_order),
      cmocka_unit_test(test_blocks_of_which_one_element_is_taken),
      cmocka_unit_test(test_outputs_that_are_stored_as_a_whole),
      cmocka_unit_test(test_gathers_speak_the_perf_sets_words),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
