/* What a graph comes to: every check of tog_verify_points is provoked once, right graphs pass, and tog_warn_points only warns. */
#include "base/testing.h"
#include "tog/tog_private.h"
#include "tog/tog_samples.h"

typedef struct subject { loom_ctx ctx; tog *t; } subject;

static const tog_matmul_spec multicast = {96, 128, 80, 16, 32, 16, 2, 2, true, 2, 100};
static const tog_matmul_spec ragged = {50, 70, 37, 16, 32, 8, 2, 3, true, 2, 7};

static void open_subject(subject *s, const tog_matmul_spec *spec) {
  loom_ctx_init(&s->ctx);
  s->t = tog_sample_matmul(&s->ctx.mem, spec);
}

static tog_node *node(subject *s, const char *label) { return tog_sample_find(s->t, label); }
static const sym_expr *parsed(subject *s, const char *text) {
  const sym_expr *e = NULL;
  assert_int_equal(sym_parse(&s->ctx, LOOM_NOSPAN, text, &e), LOOM_OK);
  return e;
}
static tog_node *k_loop(subject *s) { return s->t->body.at[0]->body.at[0]->body.at[2]; }

static void test_right_graphs_pass(void **state) {
  (void)state;
  const tog_matmul_spec specs[] = {multicast, ragged, {64, 64, 64, 32, 32, 32, 2, 2, false, 1, 100}, {33, 20, 5, 32, 32, 32, 3, 2, false, 2, 9}, {4096, 4096, 4096, 64, 64, 64, 8, 8, true, 2, 1}};
  for (size_t i = 0; i < COUNT_OF(specs); i++) {
    subject s;
    open_subject(&s, &specs[i]);
    if (tog_verify_points(&s.ctx, s.t, &(tog_chip){.name = "chip", .l1_bytes = 1 << 20, .align_bytes = 32}) != LOOM_OK)
      fail_msg("%s", s.ctx.diag.first->text);
    assert_null(s.ctx.diag.first);
    loom_ctx_done(&s.ctx);
  }
}

/* ---- edits ---- */

static void slot_outside(subject *s) { s->t->buffers.at[TOG_SAMPLE_OUT].offset = (1 << 20) - 512; }
static void last_slot_outside(subject *s) { s->t->buffers.at[TOG_SAMPLE_BUF_A].stride = 1 << 20; }
static void box_over_the_edge(subject *s) { node(s, "load a")->box.offset[0] = sym_add(&s->ctx.mem, node(s, "load a")->box.offset[0], sym_const(&s->ctx.mem, 8)); }
static void box_before_the_edge(subject *s) { node(s, "load b")->box.offset[1] = sym_sub(&s->ctx.mem, node(s, "load b")->box.offset[1], sym_const(&s->ctx.mem, 1)); }
static void box_over_the_view(subject *s) {
  tog_box *b = &node(s, "load a")->box;
  b->has_view = true;
  b->view_shape[0] = 95, b->view_shape[1] = 80;
  b->view_stride[0] = 80, b->view_stride[1] = 1;
}
static void part_over_the_slot(subject *s) { node(s, "load a")->at[1] = parsed(s, "ki * 4"); }
static void part_before_the_slot(subject *s) { node(s, "load a")->at[0] = parsed(s, "x - 1"); }
static void unclamped_store(subject *s) { node(s, "store c")->box.extent[1] = parsed(s, "32"); }

static void sender_off(subject *s) { node(s, "load a")->group.sender[0] = parsed(s, "x + 2"); }
static void rectangle_off(subject *s) { node(s, "load a")->group.lr[1] = parsed(s, "2"); }
static void rectangle_short(subject *s) { node(s, "load a")->group.lr[1] = parsed(s, "0"); }
static void two_senders(subject *s) { node(s, "load b")->group.sender[0] = parsed(s, "x"); }
static void sender_of_sender(subject *s) { node(s, "load a")->group.sender[1] = parsed(s, "1 - y"); }
static void sender_in_turns(subject *s) {   /* right in the first turn of ki */
  node(s, "load a")->group.sender[1] = parsed(s, "min(ki, 2)");
}
static void fewer_turns(subject *s) { k_loop(s)->trip = parsed(s, "5 - y"); }
static void more_turns(subject *s) { k_loop(s)->trip = parsed(s, "if(y == 0, 5, 6)"); }
static void turns_of_later_waves(subject *s) { k_loop(s)->trip = parsed(s, "if(mi == 2, 4 + y, 5)"); }
static void chain_from_the_middle(subject *s) {
  node(s, "load a")->group.chain[1] = true;
  node(s, "load a")->group.sender[1] = parsed(s, "1");
}
static void chain_of_two_minds(subject *s) {
  node(s, "load a")->group.chain[1] = true;
  node(s, "load a")->group.lr[1] = parsed(s, "max(1 - y, 0)");
  node(s, "load a")->group.sender[1] = parsed(s, "0");
}

#define NO_VALUE "1 floordiv (x - 5)"   /* of a divisor below 1, on every core */
static void far_box(subject *s) { node(s, "load a")->box.offset[0] = parsed(s, "9223372036854775804"); }
static void rectangle_behind(subject *s) { node(s, "load a")->group.ul[1] = node(s, "load a")->group.lr[1] = parsed(s, "2"); }
static void rectangle_before(subject *s) { node(s, "load a")->group.ul[1] = parsed(s, "-1"); }
static void rectangle_turned(subject *s) { node(s, "load a")->group.ul[1] = parsed(s, "1"); node(s, "load a")->group.lr[1] = parsed(s, "0"); }
static void chain_of_two_starts(subject *s) {
  node(s, "load a")->group.chain[1] = true;
  node(s, "load a")->group.ul[1] = parsed(s, "y");
}

/* Every core sends its tile of C to the first one of its row, 3 x 2 waves of tiles. */
static void gather(subject *s, const char *row, const char *receiver, const char *active, const char *senders) {
  arena *m = &s->ctx.mem;
  tog_node *send = ARENA_NEW(m, tog_node), *collect = ARENA_NEW(m, tog_node), *give = ARENA_NEW(m, tog_node), *here = ARENA_NEW(m, tog_node);
  vec_push(m, &s->t->buffers, ((tog_buffer){.name = "all", .type = DTYPE_F16, .rank = 3, .shape = {2, 16, 32}, .bytes = 2048, .stride = 2048, .offset = 65536, .depth = 1}));
  *send = (tog_node){.kind = TOG_SEND, .label = "send", .buffer = TOG_SAMPLE_OUT, .to = 4, .row = parsed(s, row), .receiver = {parsed(s, "x"), parsed(s, receiver)},
                     .active = parsed(s, active)};
  *collect = (tog_node){.kind = TOG_COLLECT, .label = "collect", .buffer = 4, .senders = parsed(s, senders)};
  *give = (tog_node){.kind = TOG_GIVE, .thread = TOG_READER, .buffer = 4};
  *here = (tog_node){.kind = TOG_LOOP, .var = "here", .trip = parsed(s, "y == 0")};
  vec_push(m, &here->body, collect);
  vec_push(m, &here->body, give);
  tog_sample_insert(m, s->t, node(s, "give out"), send);
  tog_sample_insert(m, s->t, node(s, "give out"), here);
}
static void gather_all(subject *s) { gather(s, "y", "0", "1", "2"); }
static void gather_less(subject *s) { gather(s, "y", "0", "mi < 2 || y == 0", "2"); }
static void gather_more(subject *s) { gather(s, "y", "0", "1", "if(x == 1, 1, 2)"); }
static void gather_elsewhere(subject *s) { gather(s, "y", "if(x == 1, y, 0)", "1", "2"); }
static void gather_off(subject *s) { gather(s, "y", "2 * mi - 2", "1", "2"); }
static void gather_behind(subject *s) { gather(s, "y", "2", "1", "2"); }
static void gather_row(subject *s) { gather(s, "y + ni", "0", "1", "2"); }

static void lost_last_wave(subject *s) { s->t->body.at[0]->trip = parsed(s, "2"); }
static void one_wave_only(subject *s) {
  s->t->body.at[0]->trip = parsed(s, "1");
  s->t->body.at[0]->body.at[0]->trip = parsed(s, "1");
}
static void lost_corner(subject *s) {
  node(s, "store c")->box.extent[0] = parsed(s, "if(mi == 1 && x == 1 && y == 0, 8, 16)");
}
static void written_twice(subject *s) { node(s, "store c")->box.offset[0] = parsed(s, "x * 16"); }
static void overlapping_tiles(subject *s) { node(s, "store c")->box.offset[1] = parsed(s, "min(96, (ni * 2 + y) * 32) - if(y == 1, 4, 0)"); }
static void nothing_stored(subject *s) { node(s, "store c")->box.extent[0] = parsed(s, "0"); }
static void no_store(subject *s) { tog_sample_remove(s->t, node(s, "store c")); }
static void narrow_view(subject *s) {   /* all of C but its last row */
  tog_box *b = &node(s, "store c")->box;
  b->has_view = true;
  b->view_shape[0] = 95, b->view_shape[1] = 128;
  b->view_stride[0] = 128, b->view_stride[1] = 1;
  b->extent[0] = parsed(s, "min(16, 95 - (mi * 2 + x) * 16)");
}

static const struct { const tog_matmul_spec *spec; void (*apply)(subject *); const char *text; } broken[] = {
  {&multicast, far_box, "moves elements 9223372036854775804..9223372036854775807 of dim 0 of 'A'"},
  {&ragged, rectangle_behind, "core (0, 1) waits for core (0, 0) to send, whose rectangle from core (0, 2) to core (0, 2) does not hold it"},
  {&multicast, rectangle_before, "the rectangle of core (0, 0) from core (0, -1) to core (0, 1) is empty or reaches over the mesh"},
  {&multicast, rectangle_turned, "the rectangle of core (0, 0) from core (0, 1) to core (0, 0) is empty or reaches over the mesh"},
  {&multicast, chain_of_two_starts, "core (0, 0) and core (0, 1) are in one chain, but have rectangles to core (0, 1) and to core (0, 1)"},
  {&multicast, gather_behind, "the receiver of node 16 'send', core (0, 2), is off the mesh"},
  {&multicast, slot_outside, "buffer 'out' is at bytes 1048064..1049087 of the L1, but that of 'chip' has 1048576"},
  {&multicast, last_slot_outside, "buffer 'a' is at bytes 0..1049087 of the L1"},
  {&multicast, box_over_the_edge, "node 5 'load a' moves elements 88..103 of dim 0 of 'A', which has 96, on core (1, 0), mi = 2, ki = 0"},
  {&multicast, box_before_the_edge, "node 6 'load b' moves elements -1..30 of dim 1 of 'B', which has 128, on core (0, 0), ni = 0, ki = 0"},
  {&multicast, box_over_the_view, "moves elements 80..95 of dim 0 of the view of 'A', which has 95, on core (1, 0), mi = 2"},
  {&multicast, part_over_the_slot, "puts elements on 4..19 of dim 1 of buffer 'a', which has 16, on core (0, 0), mi = 0, ki = 1"},
  {&multicast, part_before_the_slot, "puts elements on -1..14 of dim 0 of buffer 'a', which has 16, on core (0, 0)"},
  {&ragged, unclamped_store, "'store c' moves elements 64..95 of dim 1 of 'C', which has 70"},
  {&multicast, sender_off, "node 5 'load a': the sender for core (0, 0), core (2, 0), is off the mesh"},
  {&multicast, rectangle_off, "the rectangle of core (0, 0) from core (0, 0) to core (0, 2) is empty or reaches over the mesh"},
  {&multicast, rectangle_short, "core (0, 1) waits for core (0, 0) to send, whose rectangle from core (0, 0) to core (0, 0) does not hold it"},
  {&multicast, two_senders, "'load b': core (0, 0) sends to core (1, 0), which waits for core (1, 0)"},
  {&multicast, sender_of_sender, "'load a': core (0, 0) waits for core (0, 1) to send, which waits for core (0, 0) itself"},
  {&multicast, sender_in_turns, "'load a': the sender for core (0, 0), core (0, 2), is off the mesh"},
  {&multicast, fewer_turns, "loop 'ki' around node 5 'load a' runs 4 times on core (0, 1), but 5 times on core (0, 0), which sends to it"},
  {&multicast, more_turns, "runs 6 times on core (0, 1), but 5 times on core (0, 0)"},
  {&multicast, turns_of_later_waves, "runs 5 times on core (0, 1), but 4 times on core (0, 0)"},
  {&multicast, chain_from_the_middle, "its sender is core (0, 1); a chain starts at the first corner of its rectangle, core (0, 0)"},
  {&multicast, chain_of_two_minds, "core (0, 0) and core (0, 1) are in one chain, but have rectangles to core (0, 1) and to core (0, 0)"},
  {&multicast, gather_less, "core (0, 0) waits for 12 tiles of buffer 'all' at node 18 'collect' in all, but 10 are sent to it at node 16 'send'"},
  {&multicast, gather_more, "core (1, 0) waits for 6 tiles of buffer 'all' at node 18 'collect' in all, but 12 are sent to it"},
  {&multicast, gather_elsewhere, "core (1, 0) waits for 12 tiles of buffer 'all' at node 18 'collect' in all, but 6 are sent to it"},
  {&multicast, gather_off, "the receiver of node 16 'send', core (0, -2), is off the mesh, on core (0, 0), mi = 0"},
  {&multicast, gather_row, "node 16 'send' sends to row 2 of buffer 'all', which has 2, on core (0, 1), mi = 0, ni = 1"},
  {&multicast, lost_last_wave, "16 of 24 tiles of output 'C' written, 8192 of 12288 elements; the first missing one is [64, 0]"},
  {&multicast, one_wave_only, "4 of 24 tiles of output 'C' written, 2048 of 12288 elements; the first missing one is [0, 64]"},
  {&multicast, lost_corner, "of output 'C' written, 11776 of 12288 elements; the first missing one is [56, 0]"},
  {&multicast, written_twice, "element [0, 0] of output 'C' is written twice: by node 15 'store c' on core (0, 0) and by node 15 'store c' on core (0, 0)"},
  {&multicast, overlapping_tiles, "element [0, 28] of output 'C' is written twice: by node 15 'store c' on core (0, 0) and by node 15 'store c' on core (0, 1)"},
  {&multicast, nothing_stored, "0 of 12288 elements of output 'C' are written"},
  {&multicast, no_store, "0 of 12288 elements of output 'C' are written"},
  {&multicast, narrow_view, "12160 of 12288 elements of output 'C' are written: node 15 'store c' sees it through a view of fewer elements"},
};

static void test_every_check_is_provoked(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(broken); i++) {
    const tog_chip chip = {.name = "chip", .l1_bytes = 1 << 20, .align_bytes = 32, .write_align_bytes = 16};
    subject s;
    open_subject(&s, broken[i].spec);
    broken[i].apply(&s);
    assert_int_equal(tog_check(&s.ctx, s.t), LOOM_OK);
    assert_int_equal(tog_verify_points(&s.ctx, s.t, &chip), LOOM_EINPUT);
    testing_expect_error(&s.ctx, LOOM_EINPUT, broken[i].text, 0, 0);
    loom_ctx_done(&s.ctx);
    /* the same as a warning */
    open_subject(&s, broken[i].spec);
    broken[i].apply(&s);
    assert_int_equal(tog_warn_points(&s.ctx, s.t, &chip), LOOM_OK);
    assert_int_equal(s.ctx.diag.errors, 0);
    assert_true(s.ctx.diag.warnings > 0);
    const diag_item *d = s.ctx.diag.first;
    while (d && !(d->severity == DIAG_WARNING && strstr(d->text, broken[i].text)))
      d = d->next;
    if (!d)
      fail_msg("no warning \"%s\"; the first: %s", broken[i].text, s.ctx.diag.first->text);
    loom_ctx_done(&s.ctx);
  }
}

static void test_a_gather_that_comes_out_even_passes(void **state) {
  (void)state;
  subject s;
  open_subject(&s, &multicast);
  gather_all(&s);
  assert_int_equal(tog_verify(&s.ctx, s.t), LOOM_OK);
  assert_int_equal(tog_verify_points(&s.ctx, s.t, NULL), LOOM_OK);
  loom_ctx_done(&s.ctx);
}

/* Expressions that have no value, on some cores or all, are the simulator's to tell: nothing is said of them here. */
static void none_place(subject *s) { node(s, "load a")->at[0] = parsed(s, NO_VALUE); }
static void none_sender(subject *s) { node(s, "load a")->group.sender[0] = parsed(s, NO_VALUE); }
static void none_sender_of_sender(subject *s) { node(s, "load a")->group.sender[1] = parsed(s, "if(y == 0, " NO_VALUE ", 0)"); }
static void none_sender_of_receiver(subject *s) { node(s, "load a")->group.sender[1] = parsed(s, "if(y == 1, " NO_VALUE ", 0)"); }
static void none_first(subject *s) { node(s, "load a")->group.ul[1] = parsed(s, NO_VALUE); }
static void none_last(subject *s) { node(s, "load a")->group.lr[1] = parsed(s, NO_VALUE); }
static void none_trip_of_receiver(subject *s) { k_loop(s)->trip = parsed(s, "if(y == 1, " NO_VALUE ", 5)"); }
static void none_trip_of_sender(subject *s) { k_loop(s)->trip = parsed(s, "if(y == 0, " NO_VALUE ", 5)"); }
static void none_first_in_chain(subject *s) {
  node(s, "load a")->group.chain[1] = true;
  node(s, "load a")->group.ul[1] = parsed(s, "if(y == 1, " NO_VALUE ", 0)");
}
static void none_last_in_chain(subject *s) {
  node(s, "load a")->group.chain[1] = true;
  node(s, "load a")->group.lr[1] = parsed(s, "if(y == 1, " NO_VALUE ", 1)");
}
static void test_what_has_no_value_is_not_told_here(void **state) {
  (void)state;
  static void (*const edits[])(subject *) = {none_place, none_sender, none_sender_of_sender, none_sender_of_receiver, none_first, none_last, none_trip_of_receiver, none_trip_of_sender,
                                             none_first_in_chain, none_last_in_chain};
  for (size_t i = 0; i < COUNT_OF(edits); i++) {
    subject s;
    open_subject(&s, &multicast);
    edits[i](&s);
    if (tog_warn_points(&s.ctx, s.t, &(tog_chip){.name = "chip", .l1_bytes = 1 << 20, .align_bytes = 32, .write_align_bytes = 16}) != LOOM_OK || s.ctx.diag.first)
      fail_msg("edit %d: %s", (int)i, s.ctx.diag.first ? s.ctx.diag.first->text : "no diagnostic");
    loom_ctx_done(&s.ctx);
  }
}

/* Counts of nodes that run more than 2^17 times are not known, whichever side that is; what goes to another buffer is not counted. */
static void test_gathers_that_run_too_often_are_not_counted(void **state) {
  (void)state;
  static const struct { const char *waves; loom_status status; } cases[] = {{"1000", LOOM_EINPUT}, {"20000", LOOM_OK}, {"100000", LOOM_OK}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    subject s;
    open_subject(&s, &multicast);
    gather(&s, "y", "0", "y == 0", "2");
    s.t->body.at[0]->trip = parsed(&s, cases[i].waves);
    assert_int_equal(tog_check_gather_counts(&s.ctx, s.t), cases[i].status);
    loom_ctx_done(&s.ctx);
  }
  subject s;
  open_subject(&s, &multicast);
  gather_all(&s);
  vec_push(&s.ctx.mem, &s.t->buffers, s.t->buffers.at[4]);
  tog_node *more = ARENA_NEW(&s.ctx.mem, tog_node);
  *more = *node(&s, "send");
  more->to = 5;
  tog_sample_insert(&s.ctx.mem, s.t, node(&s, "send"), more);
  assert_int_equal(tog_check_gather_counts(&s.ctx, s.t), LOOM_OK);   /* nothing collects the second buffer: tog_verify's to tell */
  loom_ctx_done(&s.ctx);
}

/* An expression of more parts than sym compiles is a limit, wherever it stands; never a finding. */
static void test_expressions_too_large_to_compile_are_a_limit(void **state) {
  (void)state;
  for (int i = 0; i < 8; i++) {
    subject s;
    open_subject(&s, &multicast);
    if (i >= 6)
      gather_all(&s);
    arena *m = &s.ctx.mem;
    const sym_expr *part[8192];
    int n = COUNT_OF(part);
    for (int k = 0; k < n; k++)
      part[k] = sym_mod(m, sym_name(m, "x"), sym_const(m, k + 2));
    for (; n > 1; n /= 2)
      for (int k = 0; k < n / 2; k++)
        part[k] = sym_add(m, part[2 * k], part[2 * k + 1]);
    tog_node *load = node(&s, "load a"), *store = node(&s, "store c");
    const sym_expr **places[] = {&load->box.offset[0], &load->box.extent[0], &load->at[0], &load->group.ul[0], &store->box.offset[0], &k_loop(&s)->trip, NULL, NULL};
    if (places[i])
      *places[i] = part[0];
    else if (i == 6)
      node(&s, "send")->row = part[0];
    else
      node(&s, "collect")->senders = part[0];
    assert_int_equal(tog_warn_points(&s.ctx, s.t, NULL), LOOM_ELIMIT);
    assert_int_equal(s.ctx.diag.errors, 1);
    loom_ctx_done(&s.ctx);
    }
}

/* Places of the L1.  Oracle: by hand; a tensor of 256 bytes in pages of 64 on two cores takes 128 of each. */
static void test_tensors_and_buffers_lie_apart_in_the_l1(void **state) {
  (void)state;
  static const struct { int64_t first, second, buffer; const char *text; } cases[] = {
      {0, 128, 256, NULL}, {128, 0, 256, NULL}, {256, 128, 0, NULL}, {128, 256, 64, NULL},
      {0, 64, 256, "tensors 't0' (bytes 0..127) and 't1' (64..191)"}, {64, 0, 256, "tensors 't0' (bytes 64..191) and 't1' (0..127)"},
      {0, 128, 120, "tensor 't0' (bytes 0..127) and buffer 'b' (120..183)"}, {0, 128, 192, "tensor 't1' (bytes 128..255) and buffer 'b' (192..255)"},
      {0, -1, 128, NULL}, {0, -1, 64, "tensor 't0' (bytes 0..127) and buffer 'b' (64..127)"}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    tog t = {.n_mesh = 1, .mesh_name = {"x"}, .mesh_size = {2}};
    for (int k = 0; k < 2; k++) {
      const int64_t at = k ? cases[i].second : cases[i].first;
      vec_push(&ctx.mem, &t.tensors, ((tog_tensor){.name = k ? "t1" : "t0", .type = DTYPE_F32, .rank = 1, .shape = {64}, .is_input = true, .l1_page = at < 0 ? 0 : 64, .l1_offset = at < 0 ? 0 : at}));
    }
    vec_push(&ctx.mem, &t.buffers, ((tog_buffer){.name = "b", .type = DTYPE_F32, .rank = 1, .shape = {16}, .bytes = 64, .stride = 64, .offset = cases[i].buffer, .depth = 1}));
    const char *text = tog_l1_overlap(&ctx.mem, &t, 2);
    if (!text != !cases[i].text || (text && strcmp(text, cases[i].text) != 0))
      fail_msg("case %d: %s", (int)i, text ? text : "nothing");
    assert_int_equal(tog_verify_points(&ctx, &t, &(tog_chip){.name = "chip", .l1_bytes = 1 << 10, .cores = 2}), text ? LOOM_EINPUT : LOOM_OK);
    loom_ctx_done(&ctx);
  }
}

/* Without a chip no slot is too high. */
static void test_slots_are_held_against_a_chip(void **state) {
  (void)state;
  subject s;
  open_subject(&s, &multicast);
  slot_outside(&s);
  assert_int_equal(tog_verify_points(&s.ctx, s.t, NULL), LOOM_OK);
  assert_int_equal(tog_warn_points(&s.ctx, s.t, NULL), LOOM_OK);
  assert_null(s.ctx.diag.first);
  loom_ctx_done(&s.ctx);
}

/* ---- coverage of shapes that are not tiles in rows ---- */

/* C seen the other way round, and split into row blocks: the same elements. */
static void test_views_are_covered_too(void **state) {
  (void)state;
  for (int lost = 0; lost < 2; lost++) {
    subject s;
    open_subject(&s, &multicast);
    tog_box *b = &node(&s, "store c")->box;
    const sym_expr *row = b->offset[0], *col = b->offset[1];
    b->has_view = true;
    b->rank = 3;                                       /* [128, 6, 16] of C [6 * 16, 128] */
    b->view_shape[0] = 128, b->view_shape[1] = 6, b->view_shape[2] = 16;
    b->view_stride[0] = 1, b->view_stride[1] = 16 * 128, b->view_stride[2] = 128;
    b->offset[0] = col;
    b->extent[0] = parsed(&s, "32");
    b->to_dim[0] = 1;
    b->offset[1] = sym_floordiv(&s.ctx.mem, row, sym_const(&s.ctx.mem, 16));
    b->extent[1] = parsed(&s, "1");
    b->to_dim[1] = -1;
    b->offset[2] = parsed(&s, "0");
    b->extent[2] = lost ? parsed(&s, "if(mi == 2, 15, 16)") : parsed(&s, "16");
    b->to_dim[2] = 0;
    assert_int_equal(tog_verify_points(&s.ctx, s.t, NULL), lost ? LOOM_EINPUT : LOOM_OK);
    if (lost)
      testing_expect_error(&s.ctx, LOOM_EINPUT, "the first missing one is [0, 4, 15] of its view", 0, 0);
    loom_ctx_done(&s.ctx);
  }
}

/* Random rectangles cut out of a matrix, against a plain table of elements. */
static void test_coverage_agrees_with_a_table(void **state) {
  (void)state;
  int right = 0, twice = 0, missing = 0;
  for (unsigned seed = 0; seed < 400; seed++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    arena *m = &ctx.mem;
    unsigned r = seed * 2654435761u + 1;
#define ROLL(n) ((int64_t)((r = r * 1664525u + 1013904223u) >> 8) % (n))
    int64_t cuts[3] = {0, 1 + ROLL(5), 7}, rows = 6, count[42] = {0};
    tog t = {.n_mesh = 1, .mesh_name = {"x"}, .mesh_size = {1}};
    vec_push(m, &t.tensors, ((tog_tensor){.name = "out", .type = DTYPE_F16, .rank = 2, .shape = {rows, 7}, .is_output = true}));
    vec_push(m, &t.buffers, ((tog_buffer){.name = "b", .type = DTYPE_F16, .rank = 2, .shape = {6, 7}, .bytes = 84, .depth = 1}));
    for (int i = 0; i < 4; i++) {                       /* a right cut in 2 x 2, some of it then spoiled */
      int64_t cut_row = 1 + (int64_t)seed % 5, lo[2] = {i / 2 ? cut_row : 0, cuts[i % 2]}, hi[2] = {i / 2 ? rows : cut_row, cuts[i % 2 + 1]};
      if (ROLL(8) == 0)
        hi[0] -= hi[0] > lo[0] + 1;
      if (ROLL(8) == 0)
        lo[1] -= lo[1] > 0;
      tog_node *n = ARENA_NEW(m, tog_node);
      n->kind = TOG_STORE;
      n->box = (tog_box){.rank = 2, .to_dim = {0, 1}};
      for (int d = 0; d < 2; d++) {
        n->box.offset[d] = sym_const(m, lo[d]);
        n->box.extent[d] = sym_const(m, hi[d] - lo[d]);
      }
      for (int64_t y = lo[0]; y < hi[0]; y++)
        for (int64_t x = lo[1]; x < hi[1]; x++)
          count[y * 7 + x]++;
      vec_push(m, &t.body, n);
    }
    tog_number(&t);
    bool is_twice = false, is_missing = false;
    for (int i = 0; i < 42; i++) {
      is_twice = is_twice || count[i] > 1;
      is_missing = is_missing || count[i] == 0;
    }
    assert_int_equal(tog_verify_points(&ctx, &t, NULL), is_twice || is_missing ? LOOM_EINPUT : LOOM_OK);
    if (is_twice)
      testing_expect_error(&ctx, LOOM_EINPUT, "is written twice", 0, 0);
    else if (is_missing)
      testing_expect_error(&ctx, LOOM_EINPUT, "of output 'out' written", 0, 0);
    right += !is_twice && !is_missing;
    twice += is_twice;
    missing += is_missing && !is_twice;
    loom_ctx_done(&ctx);
  }
  assert_true(right > 20 && twice > 20 && missing > 20);
}

/* Stores to the outputs "o" and "p": what is known to be missing or twice is told; what cannot be known (other spaces, views of overlapping elements, lookups, too many tiles) passes. */
typedef struct cover_store { const char *trip; int tensor, rank; const char *offset[2], *extent[2]; int view_rank; int64_t view_shape[2], view_stride[2]; bool has_lookup; } cover_store;
static const struct { int rank; int64_t shape[2]; bool is_kept; cover_store stores[3]; int n; const char *text; } covers[] = {
  {1, {12}, false, {{"1", 0, 1, {"0"}, {"12"}, 0, {0}, {0}, false}}, 1, NULL},
  {1, {12}, false, {{"1", 0, 1, {"0"}, {"11"}, 0, {0}, {0}, false}}, 1, "the first missing one is [11]"},
  {1, {12}, true, {{"1", 0, 1, {"0"}, {"11"}, 0, {0}, {0}, false}}, 1, NULL},
  {1, {12}, false, {{"1", 0, 1, {"0"}, {"12"}, 0, {0}, {0}, false}, {"1", 1, 1, {"0"}, {"3"}, 0, {0}, {0}, false}}, 2, "of output 'p' written"},
  {0, {0}, false, {{"1", 0, 0, {NULL}, {NULL}, 0, {0}, {0}, false}}, 1, NULL},
  {0, {0}, false, {{"2", 0, 0, {NULL}, {NULL}, 0, {0}, {0}, false}}, 1, "output 'o' is written 2 times"},
  {0, {0}, false, {{"0", 0, 0, {NULL}, {NULL}, 0, {0}, {0}, false}}, 1, "0 of 1 elements of output 'o' are written; no store to it ever moves anything"},
  /* in other spaces than the first store */
  {1, {12}, false, {{"1", 0, 1, {"0"}, {"1"}, 0, {0}, {0}, false}, {"1", 0, 1, {"0"}, {"1"}, 1, {12}, {1}, false}, {"1", 0, 1, {"0"}, {"1"}, 0, {0}, {0}, false}}, 3, NULL},
  {1, {12}, false, {{"1", 0, 2, {"0", "0"}, {"1", "1"}, 2, {3, 4}, {4, 1}, false}, {"1", 0, 1, {"0"}, {"1"}, 1, {12}, {1}, false}}, 2, NULL},
  {1, {12}, false, {{"1", 0, 2, {"0", "0"}, {"1", "1"}, 2, {3, 4}, {4, 1}, false}, {"1", 0, 2, {"0", "0"}, {"1", "1"}, 2, {2, 4}, {4, 1}, false}}, 2, NULL},
  {1, {12}, false, {{"1", 0, 2, {"0", "0"}, {"1", "1"}, 2, {3, 4}, {4, 1}, false}, {"1", 0, 2, {"0", "0"}, {"1", "1"}, 2, {3, 4}, {1, 3}, false}}, 2, NULL},
  {1, {12}, false, {{"1", 0, 2, {"0", "0"}, {"3", "4"}, 2, {3, 4}, {4, 1}, false}, {"1", 0, 2, {"0", "0"}, {"1", "1"}, 2, {3, 4}, {4, 1}, false}}, 2, "element [0, 0] of its view of output 'o' is written twice"},
  /* two places of a view may be one element; an extent of 1 takes no place, whatever its stride */
  {1, {12}, false, {{"1", 0, 2, {"0", "0"}, {"1", "1"}, 2, {2, 3}, {1, 1}, false}}, 1, NULL},
  {1, {12}, false, {{"1", 0, 2, {"0", "0"}, {"12", "1"}, 2, {12, 1}, {1, 1}, false}}, 1, NULL},
  {1, {12}, false, {{"1", 0, 2, {"0", "0"}, {"1", "12"}, 2, {1, 12}, {1, 1}, false}}, 1, NULL},
  {1, {12}, false, {{"1", 0, 2, {"0", "0"}, {"1", "11"}, 2, {1, 12}, {1, 1}, false}}, 1, "the first missing one is [0, 11] of its view"},
  {1, {12}, false, {{"1", 0, 2, {"0", "0"}, {"2", "6"}, 2, {2, 6}, {6, 1}, false}}, 1, NULL},
  {1, {12}, false, {{"1", 0, 1, {"0"}, {"1"}, 1, {4}, {1}, true}}, 1, NULL},
  /* more than 2^16 tiles, more than 2^20 cells */
  {1, {70000}, false, {{"60000", 0, 1, {"i"}, {"1"}, 0, {0}, {0}, false}}, 1, "60000 of 70000 tiles of output 'o' written"},
  {1, {70000}, false, {{"69999", 0, 1, {"i"}, {"1"}, 0, {0}, {0}, false}}, 1, NULL},
  {2, {2000, 2000}, false, {{"2000", 0, 2, {"i", "i"}, {"1", "1"}, 0, {0}, {0}, false}}, 1, NULL},
  {2, {1000, 1000}, false, {{"1000", 0, 2, {"i", "i"}, {"1", "1"}, 0, {0}, {0}, false}}, 1, "1000 of 1000000 tiles of output 'o' written"},
};

static void test_what_is_known_to_be_left_out_is_told(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(covers); i++) {
    subject s;
    loom_ctx_init(&s.ctx);
    arena *m = &s.ctx.mem;
    tog t = {.n_mesh = 1, .mesh_name = {"x"}, .mesh_size = {1}};
    s.t = &t;
    for (int k = 0; k < 2; k++)
      vec_push(m, &t.tensors, ((tog_tensor){.name = k ? "p" : "o", .type = DTYPE_F16, .rank = covers[i].rank, .shape = {covers[i].shape[0], covers[i].shape[1]}, .is_output = true, .is_kept = covers[i].is_kept}));
    vec_push(m, &t.tensors, ((tog_tensor){.name = "index", .type = DTYPE_I32, .rank = 1, .shape = {4}, .is_input = true}));
    vec_push(m, &t.buffers, ((tog_buffer){.name = "b", .type = DTYPE_F16, .rank = 2, .shape = {2000, 2000}, .bytes = 8000000, .depth = 1}));
    bool has_second = false;
    for (int k = 0; k < covers[i].n; k++) {
      const cover_store *c = &covers[i].stores[k];
      tog_node *loop = ARENA_NEW(m, tog_node), *n = ARENA_NEW(m, tog_node);
      *loop = (tog_node){.kind = TOG_LOOP, .var = "i", .trip = parsed(&s, c->trip)};
      *n = (tog_node){.kind = TOG_STORE, .label = "store", .box = {.tensor = c->tensor, .rank = c->rank, .to_dim = {0, 1}, .has_view = c->view_rank > 0, .has_lookup = c->has_lookup, .lookup_tensor = 2, .lookup_rows = 4}};
      for (int d = 0; d < c->rank; d++) {
        n->box.offset[d] = parsed(&s, c->offset[d]);
        n->box.extent[d] = parsed(&s, c->extent[d]);
        n->box.view_shape[d] = c->view_shape[d];
        n->box.view_stride[d] = c->view_stride[d];
      }
      has_second = has_second || c->tensor == 1;
      vec_push(m, &loop->body, n);
      vec_push(m, &t.body, loop);
    }
    t.tensors.at[1].is_output = has_second;
    tog_number(&t);
    assert_int_equal(tog_check(&s.ctx, &t), LOOM_OK);
    const loom_status st = tog_check_coverage(&s.ctx, &t);
    if (st != (covers[i].text ? LOOM_EINPUT : LOOM_OK))
      fail_msg("case %d: %s", (int)i, s.ctx.diag.first ? s.ctx.diag.first->text : "passes");
    if (covers[i].text)
      testing_expect_error(&s.ctx, LOOM_EINPUT, covers[i].text, 0, 0);
    loom_ctx_done(&s.ctx);
  }
}

/* ---- alignment ---- */

static void in_the_l1(subject *s) { s->t->tensors.at[0].l1_page = 64; s->t->tensors.at[0].l1_offset = 65536; }
static void behind_the_edge(subject *s) { node(s, "load a")->box.offset[1] = parsed(s, "81"); }
static void placed_behind(subject *s) { node(s, "load a")->at[1] = parsed(s, "17"); }
static void whole(subject *s) { (void)s; }
static void odd_columns(subject *s) { node(s, "load a")->box.offset[1] = parsed(s, "ki * 16"); }
static void odd_slot(subject *s) { s->t->buffers.at[TOG_SAMPLE_BUF_A].offset = 4096 + 16; }
static void odd_stride(subject *s) { s->t->buffers.at[TOG_SAMPLE_BUF_A].stride = 512 + 16; }
static void odd_place(subject *s) { node(s, "load a")->at[1] = parsed(s, "8"); node(s, "load a")->box.extent[1] = parsed(s, "8"); }
static void turned(subject *s) {
  tog_box *b = &node(s, "load a")->box;
  b->has_view = true;
  b->view_shape[0] = 96, b->view_shape[1] = 80;
  b->view_stride[0] = 1, b->view_stride[1] = 96;
}
static void odd_store(subject *s) { node(s, "store c")->box.offset[1] = parsed(s, "4"); }
static void odd_output(subject *s) { s->t->buffers.at[TOG_SAMPLE_OUT].offset = 4096 + 8; }
static void one_column(subject *s) { turned(s); node(s, "load a")->box.extent[0] = node(s, "load a")->box.extent[1] = parsed(s, "1"); node(s, "load a")->box.offset[1] = parsed(s, "0"); }

/* f16 tiles of A [96, 80] in rows of 16: 160 bytes a row of the tensor, 32 a row of the slot; B's and C's rows are 256 and 64 bytes. */
static const struct { void (*apply)(subject *); int64_t align, write_align; const char *text; } alignments[] = {
  {whole, 32, 0, NULL}, {whole, 0, 0, NULL}, {whole, 1, 0, NULL}, {odd_columns, 32, 0, NULL},
  {whole, 64, 0, "node 5 'load a' reads byte 32 of 'A' (32 mod 64) into byte 0 of the L1 (0 mod 64), the first element of its box on core (0, 0), mi = 0, ki = 1"},
  {in_the_l1, 64, 0, NULL}, {behind_the_edge, 32, 0, NULL}, {placed_behind, 32, 0, NULL},   /* the last two are others' to tell */
  {odd_slot, 32, 0, "reads byte 0 of 'A' (0 mod 32) into byte 4112 of the L1 (16 mod 32)"},
  {odd_stride, 32, 0, "into byte 528 of the L1 (16 mod 32), in the second slot the first element"},
  {odd_place, 32, 0, "reads byte 0 of 'A' (0 mod 32) into byte 16 of the L1 (16 mod 32)"},
  {turned, 32, 0, "reads byte 2 of 'A' (2 mod 32) into byte 32 of the L1 (0 mod 32), the second element along dim 0 of its box"},
  {one_column, 32, 0, NULL},
  {whole, 32, 64, NULL}, {odd_output, 32, 8, NULL}, {odd_output, 32, 0, NULL},
  {odd_store, 32, 16, "'store c' writes byte 5120 of the L1 (0 mod 16) into byte 8 of 'C' (8 mod 16), the first element of its box on core (0, 0)"},
  {odd_output, 32, 16, "'store c' writes byte 4104 of the L1 (8 mod 16) into byte 0 of 'C' (0 mod 16)"},
  {whole, 0, 128, "'store c' writes byte 5184 of the L1 (64 mod 128) into byte 256 of 'C' (0 mod 128), the second element along dim 0 of its box"},
};

static void test_transfers_between_unlike_addresses_are_told(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(alignments); i++) {
    subject s;
    open_subject(&s, &multicast);
    alignments[i].apply(&s);
    assert_int_equal(tog_warn_alignment(&s.ctx, s.t, &(tog_chip){.name = "chip", .l1_bytes = 1 << 20, .align_bytes = alignments[i].align, .write_align_bytes = alignments[i].write_align}), LOOM_OK);
    if (!alignments[i].text) {
      if (s.ctx.diag.first)
        fail_msg("case %d: %s", (int)i, s.ctx.diag.first->text);
    } else {
      assert_int_equal(s.ctx.diag.warnings, 1);
      if (!strstr(s.ctx.diag.first->text, alignments[i].text))
        fail_msg("case %d: %s", (int)i, s.ctx.diag.first->text);
      assert_non_null(strstr(s.ctx.diag.first->help, strstr(alignments[i].text, " writes ") ? "the network of 'chip' writes only between addresses that are equal mod"
                                                                               : "the network of 'chip' reads only between addresses that are equal mod"));
    }
    loom_ctx_done(&s.ctx);
  }
}

static loom_status verify(loom_ctx *ctx, void *data) {
  (void)data;
  return tog_warn_points(ctx, tog_sample_matmul(&ctx->mem, &(tog_matmul_spec){8, 8, 8, 4, 4, 4, 2, 2, true, 2, 5}), &(tog_chip){.name = "chip", .l1_bytes = 1 << 20, .align_bytes = 32});
}

static void test_running_out_of_memory_is_reported(void **state) {
  (void)state;
  testing_sweep_memory(verify, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_right_graphs_pass),
    cmocka_unit_test(test_every_check_is_provoked),
    cmocka_unit_test(test_a_gather_that_comes_out_even_passes),
    cmocka_unit_test(test_slots_are_held_against_a_chip),
    cmocka_unit_test(test_views_are_covered_too),
    cmocka_unit_test(test_coverage_agrees_with_a_table),
    cmocka_unit_test(test_transfers_between_unlike_addresses_are_told),
    cmocka_unit_test(test_what_has_no_value_is_not_told_here),
    cmocka_unit_test(test_gathers_that_run_too_often_are_not_counted),
    cmocka_unit_test(test_expressions_too_large_to_compile_are_a_limit),
    cmocka_unit_test(test_tensors_and_buffers_lie_apart_in_the_l1),
    cmocka_unit_test(test_what_is_known_to_be_left_out_is_told),
    cmocka_unit_test(test_running_out_of_memory_is_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
