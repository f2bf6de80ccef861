/* Every rule of tog_check and tog_verify is broken once by an edit of a right graph; right graphs pass. */
#include "base/testing.h"
#include "tog/tog_samples.h"

typedef struct subject { loom_ctx ctx; tog *t; } subject;

static void open_subject(subject *s, bool multicast) {
  const tog_matmul_spec spec = {96, 128, 80, 16, 32, 16, 2, 2, multicast, 2, 100};
  loom_ctx_init(&s->ctx);
  s->t = tog_sample_matmul(&s->ctx.mem, &spec);
}

static void test_right_graphs_pass(void **state) {
  (void)state;
  for (int multicast = 0; multicast < 2; multicast++) {
    subject s;
    open_subject(&s, multicast != 0);
    assert_int_equal(tog_verify(&s.ctx, s.t), LOOM_OK);
    assert_null(s.ctx.diag.first);
    loom_ctx_done(&s.ctx);
  }
}

static tog_node *node(subject *s, const char *label) { return tog_sample_find(s->t, label); }
static const sym_expr *num(subject *s, int64_t v) { return sym_const(&s->ctx.mem, v); }
static void again(subject *s, const char *label) {
  tog_node *n = ARENA_NEW(&s->ctx.mem, tog_node);
  *n = *node(s, label);
  tog_sample_insert(&s->ctx.mem, s->t, node(s, label), n);
}

/* ---- what tog_check refuses ---- */
static void no_mesh(subject *s) { s->t->n_mesh = 0; }
static void nameless_dim(subject *s) { s->t->mesh_name[1] = NULL; }
static void twin_dims(subject *s) { s->t->mesh_name[1] = "x"; }
static void empty_dim(subject *s) { s->t->mesh_size[0] = 0; }
static void huge_mesh(subject *s) { s->t->mesh_size[0] = s->t->mesh_size[1] = 1000; }
static void nameless_tensor(subject *s) { s->t->tensors.at[0].name = ""; }
static void tensor_rank(subject *s) { s->t->tensors.at[0].rank = 9; }
static void tensor_shape(subject *s) { s->t->tensors.at[0].shape[0] = INT64_MAX / 4; }
static void nameless_buffer(subject *s) { s->t->buffers.at[0].name = NULL; }
static void buffer_rank(subject *s) { s->t->buffers.at[0].rank = -1; }
static void buffer_shape(subject *s) { s->t->buffers.at[0].shape[1] = 0; }
static void buffer_depth(subject *s) { s->t->buffers.at[0].depth = 0; }
static void buffer_offset(subject *s) { s->t->buffers.at[0].offset = -4; }
static void odd_offset(subject *s) { s->t->buffers.at[0].offset = 4; }
static void odd_stride(subject *s) { s->t->buffers.at[0].stride = 516; }
static void nameless_function(subject *s) { s->t->functions.at[0].name = NULL; }
static void buffer_index(subject *s) { node(s, "push out")->buffer = 4; }
static void tensor_index(subject *s) { node(s, "load a")->box.tensor = -1; }
static void box_rank(subject *s) { node(s, "load a")->box.rank = 1; }
static void box_dim(subject *s) { node(s, "load a")->box.to_dim[0] = 2; }
static void box_twice(subject *s) { node(s, "load a")->box.to_dim[0] = 1; }
static void no_offset(subject *s) { node(s, "load a")->box.offset[0] = NULL; }
static void foreign_symbol(subject *s) { node(s, "store c")->box.extent[0] = sym_name(&s->ctx.mem, "ki"); }
static void deep_expr(subject *s) {
  const sym_expr *e = sym_name(&s->ctx.mem, "x");
  for (int i = 0; i < 300; i++)
    e = sym_make(&s->ctx.mem, SYM_MOD, e, sym_name(&s->ctx.mem, "y"), NULL);
  node(s, "matmul")->cycles = e;
}
static void function_index(subject *s) { node(s, "fill")->function = 3; }
static void unknown_access(subject *s) { node(s, "fill")->uses.at[0].access = (tog_access)7; }
static void too_many_args(subject *s) {
  for (int i = 0; i < 70; i++)
    vec_push(&s->ctx.mem, &node(s, "fill")->args, num(s, 1));
}
static void no_cycles(subject *s) { node(s, "fill")->cycles = NULL; }
static void no_variable(subject *s) { s->t->body.at[0]->var = NULL; }
static void hidden_variable(subject *s) { s->t->body.at[0]->body.at[0]->var = "mi"; }
static void no_thread(subject *s) { node(s, "give a")->thread = TOG_THREADS; }
static void bad_id(subject *s) { node(s, "give a")->id = 0; }
static void bad_count(subject *s) { s->t->n_nodes++; }
static void unknown_kind(subject *s) { node(s, "give a")->kind = (tog_node_kind)42; }
static void empty_node(subject *s) { s->t->body.at[0]->body.at[0]->body.at[0] = NULL; }
static void deep_loops(subject *s) {
  tog_body *body = &s->t->body;
  for (int i = 0; i < 40; i++) {
    tog_node *n = ARENA_NEW(&s->ctx.mem, tog_node);
    n->var = arena_printf(&s->ctx.mem, "v%d", i);
    n->trip = num(s, 1);
    vec_push(&s->ctx.mem, body, n);
    body = &n->body;
  }
  tog_number(s->t);
}
static void no_sender(subject *s) { node(s, "load a")->group.sender[1] = NULL; }

/* ---- what only tog_verify refuses ---- */
static void twin_tensors(subject *s) { s->t->tensors.at[1].name = "A"; }
static void twin_buffers(subject *s) { s->t->buffers.at[1].name = "a"; }
static void twin_functions(subject *s) { s->t->functions.at[1].name = "tile_fill"; }
static void small_slot(subject *s) { s->t->buffers.at[0].bytes -= 2; }
static void small_stride(subject *s) { s->t->buffers.at[0].stride -= 8; }
static void other_type(subject *s) { s->t->buffers.at[0].type = DTYPE_BF16; }
static void load_of_output(subject *s) { s->t->tensors.at[0].is_input = false; }
static void store_to_input(subject *s) { s->t->tensors.at[2].is_output = false; }
static void wide_extent(subject *s) { node(s, "load a")->box.extent[0] = num(s, 17); }
static void missing_give(subject *s) { tog_sample_remove(s->t, node(s, "give a")); }
static void double_take(subject *s) { again(s, "take out"); }
static void double_push(subject *s) { again(s, "push acc"); }
static void give_outside(subject *s) {   /* once a tile instead of once a k tile */
  tog_node *n = node(s, "give a");
  tog_sample_remove(s->t, n);
  tog_sample_insert(&s->ctx.mem, s->t, node(s, "take out"), n);
}
static void overlap(subject *s) { s->t->buffers.at[1].offset = s->t->buffers.at[0].offset; }
static void overlap_in_a_loop(subject *s) { s->t->buffers.at[TOG_SAMPLE_OUT].offset = 0; }   /* the reader fills `a` of the next tile meanwhile */

static const struct { void (*apply)(subject *); bool only_verify; const char *text; } broken[] = {
  {no_mesh, false, "the mesh has 0 dims"}, {nameless_dim, false, "mesh dim 1 has no name"}, {twin_dims, false, "two mesh dims are called 'x'"},
  {empty_dim, false, "mesh dim 'x' has size 0"}, {huge_mesh, false, "at most 65536 cores"}, {nameless_tensor, false, "a tensor has no name"},
  {tensor_rank, false, "tensor 'A' has rank 9"}, {tensor_shape, false, "shape of tensor 'A'"}, {nameless_buffer, false, "a buffer has no name"},
  {buffer_rank, false, "buffer 'a' has rank -1"}, {buffer_shape, false, "shape of buffer 'a'"}, {buffer_depth, false, "depth 0"},
  {odd_offset, false, "must be multiples of 8"}, {odd_stride, false, "offset 0 and stride 516 of buffer 'a'"},
  {buffer_offset, false, "bytes, stride and offset of buffer 'a'"}, {nameless_function, false, "a function has no name"},
  {buffer_index, false, "names buffer 4 of 4"}, {tensor_index, false, "names tensor -1 of 3"}, {box_rank, false, "box of rank 1, but tensor 'A' has rank 2"},
  {box_dim, false, "on dim 2 of 'a', which has rank 2"}, {box_twice, false, "on the same dim of 'a'"}, {no_offset, false, "an offset of node 5 'load a' is missing"},
  {foreign_symbol, false, "uses 'ki', which is neither"}, {deep_expr, false, "nested deeper than 256"}, {function_index, false, "calls function 3 of 3"},
  {unknown_access, false, "unknown access"}, {too_many_args, false, "at most 64 each"}, {no_cycles, false, "the cycle count of node 3 'fill' is missing"},
  {no_variable, false, "has no loop variable"}, {hidden_variable, false, "hides a mesh dim or an outer loop's variable"}, {no_thread, false, "has no thread"},
  {bad_id, false, "out of program order"}, {bad_count, false, "the graph says it has"}, {unknown_kind, false, "unknown kind"}, {empty_node, false, "an empty node"},
  {deep_loops, false, "nested deeper than 32 loops"}, {no_sender, false, "the multicast sender of"},
  {twin_tensors, true, "two tensors are called 'A'"}, {twin_buffers, true, "two buffers are called 'a'"}, {twin_functions, true, "two functions are called"},
  {small_slot, true, "but its tile needs 512"}, {small_stride, true, "the slots of buffer 'a' overlap"}, {other_type, true, "convert in a compute node"},
  {load_of_output, true, "not marked as an input"}, {store_to_input, true, "not marked as an output"}, {wide_extent, true, "has room for 16"},
  {missing_give, true, "every turn of loop 'ki' reserves 1 slot(s) of buffer 'a' but frees 0"},
  {double_take, true, "every turn of loop 'ni' reserves 2 slot(s) of buffer 'out' but frees 1"},
  {double_push, true, "takes 1 slot(s) of buffer 'acc' but pushes 2"}, {give_outside, true, "every turn of loop 'ki'"},
  {overlap, true, "share bytes while both may be live"}, {overlap_in_a_loop, true, "'out' (L1 0..1023) share bytes"},
};

static void test_every_rule_is_checked(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(broken); i++) {
    subject s;
    open_subject(&s, true);
    broken[i].apply(&s);
    if (broken[i].only_verify)
      assert_int_equal(tog_check(&s.ctx, s.t), LOOM_OK);
    else
      assert_int_equal(tog_check(&s.ctx, s.t), LOOM_EINPUT);
    if (broken[i].only_verify)
      assert_int_equal(tog_verify(&s.ctx, s.t), LOOM_EINPUT);
    testing_expect_error(&s.ctx, LOOM_EINPUT, broken[i].text, 0, 0);
    loom_ctx_done(&s.ctx);
  }
}

/* One C tile a core: loops of one turn.  `out` is taken when the last tile of `a` has been given by the same thread, so they may share bytes;
 * `acc` is still live then. */
static void test_buffers_may_share_bytes_one_after_the_other(void **state) {
  (void)state;
  const struct { int with; loom_status status; } cases[] = {{TOG_SAMPLE_BUF_A, LOOM_OK}, {TOG_SAMPLE_BUF_B, LOOM_OK}, {TOG_SAMPLE_ACC, LOOM_EINPUT}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    tog *t = tog_sample_matmul(&ctx.mem, &(tog_matmul_spec){32, 32, 64, 16, 16, 16, 2, 2, false, 2, 10});
    t->buffers.at[TOG_SAMPLE_OUT].offset = t->buffers.at[cases[i].with].offset;
    assert_int_equal(tog_verify(&ctx, t), cases[i].status);
    loom_ctx_done(&ctx);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_right_graphs_pass),
    cmocka_unit_test(test_every_rule_is_checked),
    cmocka_unit_test(test_buffers_may_share_bytes_one_after_the_other),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
