/* Every rule of tog_check and tog_verify is broken once by an edit of a right graph; right graphs pass. */
#include "base/testing.h"
#include "tog/tog_private.h"
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
static tog_box *view(subject *s) {   /* of all of A, [96, 80] */
  tog_box *b = &node(s, "load a")->box;
  b->has_view = true;
  b->view_shape[0] = 96, b->view_shape[1] = 80;
  b->view_stride[0] = 80, b->view_stride[1] = 1;
  return b;
}
static void view_rank(subject *s) { view(s)->rank = 9; }
static void view_shape(subject *s) { view(s)->view_shape[0] = 0; }
static void view_stride(subject *s) { view(s)->view_stride[1] = -1; }
static void view_too_long(subject *s) { view(s)->view_shape[0] = 97; }
static void view_too_wide(subject *s) { view(s)->view_stride[1] = 2; }
static void view_overflow(subject *s) { view(s)->view_stride[0] = INT64_MAX; }
static void view_huge(subject *s) {
  tog_box *b = view(s);
  b->view_shape[0] = INT64_C(1) << 40;
  b->view_stride[0] = 0;
}
static void part_place(subject *s) { node(s, "load a")->at[1] = sym_name(&s->ctx.mem, "z"); }
static void part_dim(subject *s) { node(s, "load a")->at[2] = num(s, 0); }
static void part_opens(subject *s) { node(s, "load a")->opens = sym_name(&s->ctx.mem, "z"); }
static void part_closes(subject *s) { node(s, "load a")->closes = sym_name(&s->ctx.mem, "z"); }

static void four_dims(subject *s) { s->t->n_mesh = 4; }
static void tensor_without_name(subject *s) { s->t->tensors.at[0].name = NULL; }
static void tensor_type(subject *s) { s->t->tensors.at[0].type = DTYPE_COUNT; }
static void tensor_rank_below(subject *s) { s->t->tensors.at[0].rank = -1; }
static void tensor_page(subject *s) { s->t->tensors.at[0].l1_page = -8; }
static void tensor_place(subject *s) { s->t->tensors.at[0].l1_offset = -8; }
static void empty_buffer_name(subject *s) { s->t->buffers.at[0].name = ""; }
static void buffer_type(subject *s) { s->t->buffers.at[0].type = DTYPE_COUNT; }
static void buffer_rank_above(subject *s) { s->t->buffers.at[0].rank = 9; }
static void buffer_bytes(subject *s) { s->t->buffers.at[0].bytes = -8; }
static void buffer_stride(subject *s) { s->t->buffers.at[0].stride = -8; }
static void empty_function_name(subject *s) { s->t->functions.at[0].name = ""; }
static void tensor_index_above(subject *s) { node(s, "load a")->box.tensor = 3; }
static void box_dim_below(subject *s) { node(s, "load a")->box.to_dim[0] = -2; }
static void function_below(subject *s) { node(s, "fill")->function = -2; }
static void too_many_uses(subject *s) {
  for (int i = 0; i < 70; i++)
    vec_push(&s->ctx.mem, &node(s, "fill")->uses, ((tog_use){TOG_SAMPLE_ACC, TOG_WRITE, false}));
}
static void foreign_number(subject *s) {
  vec_push(&s->ctx.mem, &node(s, "fill")->numbers, num(s, 1));
  vec_push(&s->ctx.mem, &node(s, "fill")->numbers, sym_name(&s->ctx.mem, "mo"));
}
static void nameless_kind(subject *s) {
  tog_node *n = node(s, "give a");
  n->kind = (tog_node_kind)42;
  n->label = NULL;
  n->id = 0;
}
static void view_rank_below(subject *s) { view(s)->rank = -1; }
static void view_sum_overflow(subject *s) { view(s)->view_stride[1] = INT64_MAX / 79; }
/* Rows of A by the numbers of a tensor of 96. */
static tog_box *lookup(subject *s) {
  tog_box *b = view(s);
  vec_push(&s->ctx.mem, &s->t->tensors, ((tog_tensor){.name = "rows", .type = DTYPE_I32, .rank = 1, .shape = {96}, .is_input = true}));
  b->has_lookup = true;
  b->lookup_tensor = 3;
  b->lookup_rows = 96;
  return b;
}
static void lookup_tensor_below(subject *s) { lookup(s)->lookup_tensor = -1; }
static void lookup_tensor_above(subject *s) { lookup(s)->lookup_tensor = 4; }
static void lookup_dim_below(subject *s) { lookup(s)->lookup_dim = -1; }
static void lookup_dim_above(subject *s) { lookup(s)->lookup_dim = 2; }
static void lookup_no_rows(subject *s) { lookup(s)->lookup_rows = 0; }
static void lookup_more_rows(subject *s) { lookup(s)->lookup_rows = 97; }
static void lookup_type(subject *s) { lookup(s); s->t->tensors.at[3].type = DTYPE_F32; }
static void lookup_length(subject *s) { lookup(s); s->t->tensors.at[3].shape[0] = 95; }

/* Sends the tile of `out` to core (0, 0), into `all`, which is stored nowhere. */
static tog_node *gather(subject *s) {
  arena *m = &s->ctx.mem;
  tog_node *send = ARENA_NEW(m, tog_node), *collect = ARENA_NEW(m, tog_node), *give = ARENA_NEW(m, tog_node), *here = ARENA_NEW(m, tog_node);
  const int64_t bytes = 4 * 16 * 32 * 2;
  vec_push(m, &s->t->buffers, ((tog_buffer){.name = "all", .type = DTYPE_F16, .rank = 3, .shape = {4, 16, 32}, .bytes = bytes, .stride = bytes, .offset = 65536, .depth = 1}));
  send->kind = TOG_SEND;
  send->label = "send";
  send->buffer = TOG_SAMPLE_OUT;
  send->to = 4;
  send->row = sym_add(m, sym_mul(m, sym_name(m, "x"), num(s, 2)), sym_name(m, "y"));
  send->receiver[0] = send->receiver[1] = num(s, 0);
  collect->kind = TOG_COLLECT;
  collect->label = "collect";
  collect->buffer = 4;
  collect->senders = num(s, 4);
  give->kind = TOG_GIVE;
  give->label = "give all";
  give->thread = TOG_COMPUTE_THREAD;
  give->buffer = 4;
  here->kind = TOG_LOOP;
  here->label = "here";
  here->var = "here";
  here->trip = sym_make(m, SYM_EQ, send->row, num(s, 0), NULL);
  vec_push(m, &here->body, collect);
  vec_push(m, &here->body, give);
  tog_sample_insert(m, s->t, node(s, "give out"), send);
  tog_sample_insert(m, s->t, node(s, "give out"), here);
  return send;
}
static void send_to_nowhere(subject *s) { gather(s)->to = 5; }
static void send_from_nowhere(subject *s) { gather(s)->buffer = -1; }
static void send_to_itself(subject *s) { gather(s)->to = TOG_SAMPLE_OUT; }
static void send_other_type(subject *s) { gather(s)->buffer = TOG_SAMPLE_ACC; }
static void send_other_shape(subject *s) { gather(s); s->t->buffers.at[4].shape[2] = 16; }
static void send_no_row(subject *s) { gather(s)->row = NULL; }
static void send_no_receiver(subject *s) { gather(s)->receiver[1] = NULL; }
static void send_condition(subject *s) { gather(s)->active = sym_name(&s->ctx.mem, "ki"); }
static void collect_nowhere(subject *s) { gather(s); node(s, "collect")->buffer = 9; }
static void collect_nobody(subject *s) { gather(s); node(s, "collect")->senders = NULL; }

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
static void sent_twice(subject *s) { gather(s); again(s, "send"); }
static void collected_twice(subject *s) { gather(s); again(s, "collect"); }
static void never_collected(subject *s) {
  gather(s);
  tog_sample_remove(s->t, node(s, "here"));
}
static void never_sent(subject *s) {
  gather(s);
  tog_sample_remove(s->t, node(s, "send"));
}
static void row_outside(subject *s) { tog_node *n = gather(s); n->row = sym_add(&s->ctx.mem, n->row, num(s, 4)); }
static void row_before(subject *s) { tog_node *n = gather(s); n->row = sym_sub(&s->ctx.mem, n->row, num(s, 4)); }
static void many_senders(subject *s) { gather(s); node(s, "collect")->senders = num(s, 5); }
static void collect_without_give(subject *s) {
  gather(s);
  tog_sample_remove(s->t, node(s, "give all"));
}
static void never_opened(subject *s) { node(s, "load a")->opens = num(s, 0); }
static void never_closed(subject *s) { node(s, "load a")->closes = num(s, 0); }
static const sym_expr *first_turn(subject *s) { return sym_make(&s->ctx.mem, SYM_EQ, sym_name(&s->ctx.mem, "ki"), num(s, 0), NULL); }
static void opened_at_times(subject *s) {   /* but freed every turn, twice */
  node(s, "load a")->opens = first_turn(s);
  again(s, "give a");
}
static void opened_and_never_freed(subject *s) {
  node(s, "load a")->opens = first_turn(s);
  tog_sample_remove(s->t, node(s, "give a"));
}
static void part_over_the_slot(subject *s) {
  node(s, "load a")->at[1] = num(s, 8);
  node(s, "load a")->box.extent[1] = num(s, 9);
}
static void part_behind_the_slot(subject *s) { node(s, "load a")->at[1] = num(s, 17); node(s, "load a")->box.extent[1] = num(s, 1); }
static void read_at_once(subject *s) { node(s, "matmul")->uses.at[0].wait = false; }
static void freed_by_another(subject *s) { node(s, "give a")->thread = TOG_WRITER; }
static void read_by_another(subject *s) {   /* the writer stores and frees it */
  vec_push(&s->ctx.mem, &node(s, "matmul")->uses, ((tog_use){TOG_SAMPLE_OUT, TOG_READ, true}));
}
static void overlap_in_conditions(subject *s) {
  gather(s);
  s->t->buffers.at[4].offset = s->t->buffers.at[TOG_SAMPLE_ACC].offset;
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
  {view_rank, false, "the view of node 5 'load a' has rank 9"}, {view_shape, false, "dim 0 of the view of node 5 'load a' has extent 0 and stride 80"},
  {view_stride, false, "has extent 80 and stride -1"}, {view_too_long, false, "the view of node 5 'load a' reaches over tensor 'A', which has 7680"},
  {view_too_wide, false, "reaches over tensor 'A'"}, {view_overflow, false, "reaches over tensor 'A'"}, {view_huge, false, "has more than 2^42 bytes"},
  {part_place, false, "the place in the slot of node 5 'load a' uses 'z'"}, {part_dim, false, "has a place on dim 2 of 'a', which has rank 2"},
  {part_opens, false, "the condition to reserve of"}, {part_closes, false, "the condition to publish of"},
  {send_to_nowhere, false, "names buffer 5 of 5"}, {send_from_nowhere, false, "names buffer -1 of 5"}, {send_to_itself, false, "sends tiles of 'out' into rows of 'out'"},
  {send_other_type, false, "'all' must have the element type of 'acc' and its shape behind the dim of rows"}, {send_other_shape, false, "into rows of 'all'"},
  {send_no_row, false, "the row of node 16 'send' is missing"}, {send_no_receiver, false, "the receiver of node 16 'send' is missing"},
  {send_condition, false, "the active condition of node 16 'send' uses 'ki'"}, {collect_nowhere, false, "names buffer 9 of 5"},
  {collect_nobody, false, "the number of senders of node 18 'collect' is missing"},
  {four_dims, false, "the mesh has 4 dims; must be 1..3"}, {tensor_without_name, false, "a tensor has no name"}, {tensor_type, false, "with a known dtype"},
  {tensor_rank_below, false, "tensor 'A' has rank -1"}, {tensor_page, false, "in pages of -8 bytes"}, {tensor_place, false, "from byte -8"},
  {empty_buffer_name, false, "a buffer has no name"}, {buffer_type, false, "with a known dtype"}, {buffer_rank_above, false, "buffer 'a' has rank 9"},
  {buffer_bytes, false, "bytes, stride and offset of buffer 'a'"}, {buffer_stride, false, "bytes, stride and offset of buffer 'a'"},
  {empty_function_name, false, "a function has no name"}, {tensor_index_above, false, "names tensor 3 of 3"}, {box_dim_below, false, "on dim -2 of 'a'"},
  {function_below, false, "calls function -2 of 3"}, {too_many_uses, false, "has 71 buffers and 3 arguments; at most 64 each"},
  {foreign_number, false, "a number of node 3 'fill' uses 'mo', which is neither"}, {nameless_kind, false, "node 0 (?) is out of program order"},
  {view_rank_below, false, "the view of node 5 'load a' has rank -1"}, {view_sum_overflow, false, "reaches over tensor 'A'"},
  {lookup_tensor_below, false, "the lookup of node 5 'load a' names tensor -1 of 4"}, {lookup_tensor_above, false, "names tensor 4 of 4"},
  {lookup_dim_below, false, "or dim -1 of 2"}, {lookup_dim_above, false, "or dim 2 of 2"}, {lookup_no_rows, false, "or no rows"},
  {lookup_more_rows, false, "reaches over tensor 'A'"}, {lookup_type, false, "looks up 96 places in tensor 'rows'; it must have as many elements, of 32 or 64 bits"},
  {lookup_length, false, "looks up 96 places in tensor 'rows'"}, {part_behind_the_slot, true, "buffer 'a' has room for 0"},
  {twin_tensors, true, "two tensors are called 'A'"}, {twin_buffers, true, "two buffers are called 'a'"}, {twin_functions, true, "two functions are called"},
  {small_slot, true, "but its tile needs 512"}, {small_stride, true, "the slots of buffer 'a' overlap"}, {other_type, true, "convert in a compute node"},
  {load_of_output, true, "not marked as an input"}, {store_to_input, true, "not marked as an output"}, {wide_extent, true, "has room for 16"},
  {missing_give, true, "every turn of loop 'ki' reserves 1 slot(s) of buffer 'a' but frees 0"},
  {double_take, true, "every turn of loop 'ni' reserves 2 slot(s) of buffer 'out' but frees 1"},
  {double_push, true, "takes 1 slot(s) of buffer 'acc' but pushes 2"}, {give_outside, true, "every turn of loop 'ki'"},
  {sent_twice, true, "node 16 'send' and node 17 'send' both send to buffer 'all'"}, {collected_twice, true, "both collect buffer 'all'"},
  {never_collected, true, "node 16 'send' sends to buffer 'all', which nothing collects"}, {never_sent, true, "node 17 'collect' collects buffer 'all', which nothing sends to"},
  {row_outside, true, "sends to row x * 2 + y + 4 of buffer 'all', which has 4"}, {row_before, true, "sends to row x * 2 + y - 4 of buffer 'all'"},
  {many_senders, true, "waits for 5 tiles in buffer 'all', which has 4 rows"},
  {collect_without_give, true, "loop 'here', which runs when x * 2 + y == 0, reserves 1 slot(s) of buffer 'all' but frees 0"},
  {never_opened, true, "no load ever reserves one: 'opens' is 0"}, {never_closed, true, "no load ever publishes it: 'closes' is 0"},
  {opened_at_times, true, "every turn of loop 'ki' reserves 1 slot(s) of buffer 'a' but frees 2"},
  {opened_and_never_freed, true, "the kernel reserves 1 slot(s) of buffer 'a' but frees 0"}, {part_over_the_slot, true, "buffer 'a' has room for 8"},
  {read_at_once, true, "node 7 'matmul' reads buffer 'a' without waiting for it, and nothing before it has waited for that slot"},
  {freed_by_another, true, "node 7 'matmul' reads buffer 'a' on the compute thread, node 8 'give a' frees it on the writer thread; neither waits"},
  {read_by_another, true, "node 7 'matmul' reads buffer 'out' on the compute thread, node 15 'store c' reads it on the writer thread"},
  {overlap_in_conditions, true, "'acc' (L1"},
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

static void expect_right(subject *s) {
  if (tog_verify(&s->ctx, s->t) != LOOM_OK)
    fail_msg("%s", s->ctx.diag.first->text);
  assert_null(s->ctx.diag.first);
  loom_ctx_done(&s->ctx);
}

static void test_gathers_views_and_parts_pass(void **state) {
  (void)state;
  subject s;
  open_subject(&s, false);
  gather(&s);
  expect_right(&s);
  open_subject(&s, false);
  view(&s);
  expect_right(&s);
  /* a panel of A, filled turn by turn in a loop of its own and freed with the tile of C */
  open_subject(&s, false);
  arena *m = &s.ctx.mem;
  tog_node *load = node(&s, "load a"), *loop = ARENA_NEW(m, tog_node);
  tog_sample_remove(s.t, load);
  tog_node *give = node(&s, "give a");
  tog_sample_remove(s.t, give);
  loop->kind = TOG_LOOP;
  loop->var = "ki2";
  loop->trip = num(&s, 5);
  for (int d = 0; d < 2; d++) {
    load->box.offset[d] = d ? sym_mul(m, num(&s, 16), sym_name(m, "ki2")) : load->box.offset[d];
    load->box.extent[d] = num(&s, 16);
  }
  load->at[1] = load->box.offset[1];
  load->opens = sym_make(m, SYM_EQ, sym_name(m, "ki2"), num(&s, 0), NULL);
  load->closes = sym_make(m, SYM_EQ, sym_name(m, "ki2"), num(&s, 4), NULL);
  s.t->buffers.at[TOG_SAMPLE_BUF_A] = (tog_buffer){.name = "a", .type = DTYPE_F16, .rank = 2, .shape = {16, 80}, .bytes = 2560, .stride = 2560, .offset = 65536, .depth = 2};
  vec_push(m, &loop->body, load);
  tog_sample_insert(m, s.t, node(&s, "take acc"), loop);
  tog_sample_insert(m, s.t, node(&s, "take out"), give);
  expect_right(&s);
}

/* Loops on one condition are one level; on different ones each is on its own. */
static void test_what_one_condition_reserves_the_same_condition_frees(void **state) {
  (void)state;
  for (int same = 0; same < 2; same++) {
    subject s;
    open_subject(&s, false);
    gather(&s);
    arena *m = &s.ctx.mem;
    tog_node *give = node(&s, "give all"), *later = ARENA_NEW(m, tog_node);
    tog_sample_remove(s.t, give);
    later->kind = TOG_LOOP;
    later->var = "later";
    later->trip = same ? node(&s, "here")->trip : sym_make(m, SYM_EQ, sym_name(m, "x"), num(&s, 0), NULL);
    vec_push(m, &later->body, give);
    tog_sample_insert(m, s.t, node(&s, "give out"), later);
    if (same) {
      expect_right(&s);
      continue;
    }
    assert_int_equal(tog_verify(&s.ctx, s.t), LOOM_EINPUT);
    testing_expect_error(&s.ctx, LOOM_EINPUT, "loop 'here', which runs when x * 2 + y == 0, reserves 1 slot(s) of buffer 'all' but frees 0", 0, 0);
    loom_ctx_done(&s.ctx);
  }
}

/* A condition does not repeat what is in it: buffers there may follow each other, whichever way the threads go in the next turn. */
static void test_buffers_may_share_bytes_in_a_condition(void **state) {
  (void)state;
  const struct { const char *trip; loom_status status; } cases[] = {{"x == 0", LOOM_OK}, {"min(x, 1)", LOOM_OK}, {"x", LOOM_OK}, {"x + 1", LOOM_EINPUT}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    subject s;
    loom_ctx_init(&s.ctx);
    s.t = tog_sample_matmul(&s.ctx.mem, &(tog_matmul_spec){32, 32, 64, 16, 16, 16, 2, 2, false, 2, 10});
    s.t->buffers.at[TOG_SAMPLE_OUT].offset = s.t->buffers.at[TOG_SAMPLE_BUF_A].offset;
    assert_int_equal(sym_parse(&s.ctx, LOOM_NOSPAN, cases[i].trip, &s.t->body.at[0]->trip), LOOM_OK);
    assert_int_equal(tog_check_overlaps(&s.ctx, s.t), cases[i].status);
    loom_ctx_done(&s.ctx);
  }
}

static void test_lookups_by_integers_of_both_lengths_pass(void **state) {
  (void)state;
  for (int wide = 0; wide < 2; wide++) {
    subject s;
    open_subject(&s, false);
    lookup(&s);
    s.t->tensors.at[3].type = wide ? DTYPE_I64 : DTYPE_I32;
    expect_right(&s);
  }
}

/* The nearest name in scope is offered. */
static void test_a_mistyped_variable_is_told_with_the_right_one(void **state) {
  (void)state;
  subject s;
  open_subject(&s, false);
  s.t->body.at[0]->var = "outer_tile";
  for (int i = 0; i < 2; i++)
    node(&s, "store c")->box.offset[i] = sym_name(&s.ctx.mem, "outer_tlie");
  node(&s, "load a")->box.offset[0] = node(&s, "load b")->box.offset[0] = num(&s, 0);
  for (size_t k = 0; k < 2; k++)
    node(&s, "fill")->args.at[k] = node(&s, "matmul")->args.at[k] = node(&s, "cast")->args.at[k] = num(&s, 1);
  node(&s, "fill")->active = node(&s, "matmul")->active = node(&s, "cast")->active = NULL;
  node(&s, "load a")->box.extent[0] = node(&s, "load b")->box.extent[1] = num(&s, 1);
  assert_int_equal(tog_check(&s.ctx, s.t), LOOM_EINPUT);
  testing_expect_error(&s.ctx, LOOM_EINPUT, "uses 'outer_tlie'", 0, 0);
  assert_string_equal(s.ctx.diag.first->help, "did you mean 'outer_tile'?");
  loom_ctx_done(&s.ctx);
}

/* ---- small graphs, one check at a time ---- */

typedef struct small { loom_ctx ctx; tog t; } small;

/* One core; so many buffers of 8 bytes. */
static void open_small(small *s, int buffers) {
  loom_ctx_init(&s->ctx);
  s->t = (tog){.n_mesh = 1, .mesh_name = {"x"}, .mesh_size = {2}};
  for (int i = 0; i < buffers; i++)
    vec_push(&s->ctx.mem, &s->t.buffers, ((tog_buffer){.name = arena_printf(&s->ctx.mem, "b%d", i), .type = DTYPE_F16, .rank = 1, .shape = {4}, .bytes = 8, .stride = 8, .offset = 8 * i, .depth = 1}));
}
static tog_node *put(small *s, tog_body *body, tog_node_kind kind, int buffer, tog_thread thread) {
  tog_node *n = ARENA_NEW(&s->ctx.mem, tog_node);
  *n = (tog_node){.kind = kind, .buffer = buffer, .thread = thread, .function = -1};
  vec_push(&s->ctx.mem, body, n);
  return n;
}
static tog_body *put_loop(small *s, tog_body *body, const char *trip) {
  tog_node *n = put(s, body, TOG_LOOP, 0, TOG_THREADS);
  n->var = "i";
  assert_int_equal(sym_parse(&s->ctx, LOOM_NOSPAN, trip, &n->trip), LOOM_OK);
  return &n->body;
}
static void put_read(small *s, tog_body *body, int buffers, bool wait) {
  tog_node *n = put(s, body, TOG_COMPUTE, 0, TOG_COMPUTE_THREAD);
  for (int i = 0; i < buffers; i++)
    vec_push(&s->ctx.mem, &n->uses, ((tog_use){i, TOG_READ, wait}));
}

/* A slot waited for before the loop is given in its first turn; the second turn reads another one.  Oracle: by hand. */
static void test_what_was_awaited_before_a_loop_is_gone_after_a_turn(void **state) {
  (void)state;
  static const struct { const char *trip; bool gives; loom_status status; } cases[] = {
      {"3", true, LOOM_EINPUT}, {"3", false, LOOM_OK}, {"1", true, LOOM_OK}, {"0", true, LOOM_OK}, {"x == 0", true, LOOM_OK}, {"x + 1", true, LOOM_EINPUT}};
  for (size_t i = 0; i < COUNT_OF(cases); i++)
    for (int buffers = 1; buffers <= 2; buffers++) {
      small s;
      open_small(&s, buffers);
      for (int b = 0; b < buffers; b++)
        put(&s, &s.t.body, TOG_LOAD, b, TOG_READER);
      put_read(&s, &s.t.body, buffers, true);
      tog_body *body = put_loop(&s, &s.t.body, cases[i].trip);
      put_read(&s, body, buffers, false);
      for (int b = 0; cases[i].gives && b < buffers; b++)
        put(&s, body, TOG_GIVE, b, TOG_COMPUTE_THREAD);
      tog_number(&s.t);
      assert_int_equal(tog_check_waits(&s.ctx, &s.t), cases[i].status);
      if (cases[i].status != LOOM_OK)
        testing_expect_error(&s.ctx, LOOM_EINPUT, "reads buffer 'b0' without waiting for it", 0, 0);
      loom_ctx_done(&s.ctx);
    }
}

/* Two buffers at one place.  Letters are nodes: of X in capitals, of Y not; L load, T take, G, W and R given by the compute, the writer and the reader thread, ( ) a loop of 3 turns, B a compute that
 * reads both.  Oracle: the rule at the head of tog_overlap.c, by hand. */
static void test_who_may_share_bytes(void **state) {
  (void)state;
  static const struct { const char *nodes; bool is_safe; } cases[] = {
      {"", true}, {"TG", true}, {"tg", true},                  /* one of them is not used */
      {"TGtg", true}, {"tgTG", true}, {"TtGg", false},
      {"TGlg", false}, {"TWtg", false},                        /* freed by one thread, reserved by another */
      {"(TG)(tg)", true}, {"(TGtg)", true}, {"(TGtw)", false}, {"(TG)tg", true},
      {"B", false}, {"TB", false},
      {"TRlg", true},
      {"TLGRtlgr", false},                                     /* by two threads each: no order between them */
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    small s;
    open_small(&s, 2);
    s.t.buffers.at[1].offset = 0;
    tog_body *body = &s.t.body;
    for (const char *c = cases[i].nodes; *c; c++) {
      const int buffer = *c >= 'a';
      switch (*c) {
      case '(': body = put_loop(&s, &s.t.body, "3"); break;
      case ')': body = &s.t.body; break;
      case 'L': case 'l': put(&s, body, TOG_LOAD, buffer, TOG_READER); break;
      case 'T': case 't': put(&s, body, TOG_TAKE, buffer, TOG_COMPUTE_THREAD); break;
      case 'G': case 'g': put(&s, body, TOG_GIVE, buffer, TOG_COMPUTE_THREAD); break;
      case 'W': case 'w': put(&s, body, TOG_GIVE, buffer, TOG_WRITER); break;
      case 'R': case 'r': put(&s, body, TOG_GIVE, buffer, TOG_READER); break;
      default: put_read(&s, body, 2, true); break;
      }
    }
    tog_number(&s.t);
    if ((tog_check_overlaps(&s.ctx, &s.t) == LOOM_OK) != cases[i].is_safe)
      fail_msg("'%s' is judged wrongly", cases[i].nodes);
    loom_ctx_done(&s.ctx);
  }
}

/* Oracle: values by hand over x = 0..1 and i = 0..2. */
static void test_ranges_of_conditions(void **state) {
  (void)state;
  small s;
  open_small(&s, 0);
  arena *m = &s.ctx.mem;
  const tog_scope mesh = tog_scope_of_mesh(&s.t);
  const tog_node loop = {.kind = TOG_LOOP, .var = "i", .trip = sym_const(m, 3)};
  const tog_scope scope = tog_scope_in_loop(&mesh, &loop);
  const sym_expr *x = sym_name(m, "x"), *truth = sym_make(m, SYM_EQ, x, sym_const(m, 0), NULL);
  const struct { const sym_expr *e; int64_t lo, hi; } cases[] = {
      {sym_make(m, SYM_TRUE, NULL, NULL, NULL), 1, 1}, {sym_make(m, SYM_FALSE, NULL, NULL, NULL), 0, 0}, {sym_make(m, SYM_NOT, truth, NULL, NULL), 0, 1},
      {sym_make(m, SYM_IF, truth, sym_const(m, 5), sym_name(m, "i")), 0, 5}, {sym_add(m, x, sym_name(m, "i")), 0, 3}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const sym_interval r = tog_range(&scope, cases[i].e);
    assert_true(r.lo == cases[i].lo && r.hi == cases[i].hi);
  }
  const sym_interval any = tog_range(&scope, sym_name(m, "nobody"));
  assert_true(any.lo == SYM_ANY_VALUE.lo && any.hi == SYM_ANY_VALUE.hi);
  assert_string_equal(tog_thread_name(TOG_THREADS), "?");
  loom_ctx_done(&s.ctx);
}

/* A slot that two loads fill, and one that another load fills whole before them. */
static void test_slots_of_several_loads_are_one_to_the_balance(void **state) {
  (void)state;
  for (int whole_first = 0; whole_first < 2; whole_first++) {
    small s;
    open_small(&s, 1);
    if (whole_first) {
      put(&s, &s.t.body, TOG_LOAD, 0, TOG_READER);
      put(&s, &s.t.body, TOG_GIVE, 0, TOG_COMPUTE_THREAD);
    }
    for (int part = 0; part < 3; part++) {
      tog_node *n = put(&s, &s.t.body, TOG_LOAD, 0, TOG_READER);
      n->opens = sym_const(&s.ctx.mem, part == 0);
      n->closes = sym_const(&s.ctx.mem, part == 2);
    }
    put(&s, &s.t.body, TOG_GIVE, 0, TOG_COMPUTE_THREAD);
    tog_number(&s.t);
    assert_int_equal(tog_check_balance(&s.ctx, &s.t), LOOM_OK);
    loom_ctx_done(&s.ctx);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_right_graphs_pass),
    cmocka_unit_test(test_every_rule_is_checked),
    cmocka_unit_test(test_buffers_may_share_bytes_one_after_the_other),
    cmocka_unit_test(test_gathers_views_and_parts_pass),
    cmocka_unit_test(test_what_one_condition_reserves_the_same_condition_frees),
    cmocka_unit_test(test_buffers_may_share_bytes_in_a_condition),
    cmocka_unit_test(test_lookups_by_integers_of_both_lengths_pass),
    cmocka_unit_test(test_a_mistyped_variable_is_told_with_the_right_one),
    cmocka_unit_test(test_what_was_awaited_before_a_loop_is_gone_after_a_turn),
    cmocka_unit_test(test_who_may_share_bytes),
    cmocka_unit_test(test_ranges_of_conditions),
    cmocka_unit_test(test_slots_of_several_loads_are_one_to_the_balance),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
