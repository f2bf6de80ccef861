/* The simulator is a check of its own: with the verifier off and L1 full of NaN, every seeded edit of a right graph changes named elements
 * of the result or raises a fault that says which core, which buffer and when. */
#include "sim/sim_testing.h"

static const tog_matmul_spec multicast = {96, 128, 80, 16, 32, 16, 2, 2, true, 2, 100};
static const tog_matmul_spec unicast = {96, 128, 80, 16, 32, 16, 2, 2, false, 2, 100};
static const tog_matmul_spec ragged = {50, 70, 37, 16, 32, 8, 2, 2, true, 2, 7};

static tog_node *node(rig *g, const char *label) { return tog_sample_find(g->t, label); }
static const sym_expr *num(rig *g, int64_t v) { return sym_const(&g->ctx.mem, v); }
static const sym_expr *plus(rig *g, const sym_expr *e, int64_t v) { return sym_add(&g->ctx.mem, e, num(g, v)); }
static tog_node *loop(rig *g, int level) {
  tog_node *n = g->t->body.at[0];
  while (level-- > 0)
    for (size_t i = 0; i < n->body.n; i++)
      if (n->body.at[i]->kind == TOG_LOOP) {
        n = n->body.at[i];
        break;
      }
  return n;
}

/* ---- edits ---- */

static void wrong_offset(rig *g) { node(g, "load a")->box.offset[1] = plus(g, node(g, "load a")->box.offset[0], 0); }
static void shifted_offset(rig *g) { node(g, "load b")->box.offset[1] = sym_max(&g->ctx.mem, num(g, 0), plus(g, node(g, "load b")->box.offset[1], -1)); }
static void box_over_the_edge(rig *g) { node(g, "load a")->box.offset[0] = plus(g, node(g, "load a")->box.offset[0], 8); }
static void unclamped_edge(rig *g) { node(g, "load a")->box.extent[0] = num(g, g->spec.tile_m); }
static void missing_receiver(rig *g) { node(g, "load a")->group.lr[1] = num(g, g->spec.mesh_y - 2); }
static void extra_receiver(rig *g) { node(g, "load a")->group.lr[1] = num(g, g->spec.mesh_y); }
static void wrong_sender(rig *g) { node(g, "load b")->group.sender[1] = num(g, 0); }
static void two_senders(rig *g) { node(g, "load b")->group.sender[0] = sym_name(&g->ctx.mem, "x"); }
static void sender_off_the_mesh(rig *g) { node(g, "load b")->group.sender[1] = plus(g, sym_name(&g->ctx.mem, "y"), 1); }
static void wrong_row_shared(rig *g) { node(g, "load a")->group.ul[0] = node(g, "load a")->group.lr[0] = node(g, "load a")->group.sender[0] = num(g, 0); }
static void early_read(rig *g) { node(g, "matmul")->uses.at[1].wait = false; }
static void lost_last_k_tile(rig *g) { loop(g, 2)->trip = plus(g, loop(g, 2)->trip, -1); }
static void lost_last_wave(rig *g) { loop(g, 1)->trip = plus(g, loop(g, 1)->trip, -1); }
static void wave_done_twice(rig *g) { node(g, "store c")->box.offset[0] = sym_mul(&g->ctx.mem, sym_name(&g->ctx.mem, "x"), num(g, g->spec.tile_m)); }
static void swapped_buffers(rig *g) {
  node(g, "load a")->buffer = TOG_SAMPLE_BUF_B;
  node(g, "load b")->buffer = TOG_SAMPLE_BUF_A;
}
static void swapped_operands(rig *g) {
  node(g, "matmul")->uses.at[0].buffer = TOG_SAMPLE_BUF_B;
  node(g, "matmul")->uses.at[1].buffer = TOG_SAMPLE_BUF_A;
}
static void store_of_accumulator(rig *g) { node(g, "store c")->buffer = TOG_SAMPLE_ACC; }
static void missing_give(rig *g) { tog_sample_remove(g->t, node(g, "give a")); }
static void missing_last_give(rig *g) { tog_sample_remove(g->t, node(g, "give out")); }
static void double_give(rig *g) {
  tog_node *n = ARENA_NEW(&g->ctx.mem, tog_node);
  *n = *node(g, "give b");
  tog_sample_insert(&g->ctx.mem, g->t, node(g, "give b"), n);
}
static void early_give(rig *g) {   /* the writer frees the tile before it has stored it */
  tog_node *n = node(g, "give out");
  tog_sample_remove(g->t, n);
  tog_sample_insert(&g->ctx.mem, g->t, node(g, "store c"), n);
}
static void give_before_compute(rig *g) {
  tog_node *n = node(g, "give a");
  tog_sample_remove(g->t, n);
  tog_sample_insert(&g->ctx.mem, g->t, node(g, "matmul"), n);
}
static void missing_take(rig *g) { tog_sample_remove(g->t, node(g, "take acc")); }
static void missing_push(rig *g) { tog_sample_remove(g->t, node(g, "push out")); }
static void double_push(rig *g) {
  tog_node *n = ARENA_NEW(&g->ctx.mem, tog_node);
  *n = *node(g, "push acc");
  tog_sample_insert(&g->ctx.mem, g->t, node(g, "push acc"), n);
}
static void missing_fill(rig *g) { tog_sample_remove(g->t, node(g, "fill")); }
static void missing_compute(rig *g) { tog_sample_remove(g->t, node(g, "cast")); }
static void overlapped_l1(rig *g) { g->t->buffers.at[TOG_SAMPLE_BUF_B].offset = g->t->buffers.at[TOG_SAMPLE_BUF_A].offset; }
static void overlapped_slots(rig *g) { g->t->buffers.at[TOG_SAMPLE_BUF_A].stride /= 2; }
static void out_of_l1(rig *g) { g->t->buffers.at[TOG_SAMPLE_OUT].offset = g->m->l1_bytes - 16; }
static void short_extent(rig *g) { node(g, "matmul")->args.at[2] = num(g, g->spec.tile_k - 1); }
static void long_extent(rig *g) { node(g, "matmul")->args.at[1] = num(g, 1000); }
static void negative_extent(rig *g) { node(g, "load a")->box.extent[1] = plus(g, node(g, "load a")->box.extent[1], -g->spec.tile_k - 1); }
static void zero_divisor(rig *g) { node(g, "load a")->box.offset[1] = sym_floordiv(&g->ctx.mem, num(g, 64), sym_name(&g->ctx.mem, "x")); }
static void zero_divisor_in_trip(rig *g) { loop(g, 2)->trip = sym_floordiv(&g->ctx.mem, num(g, 64), sym_name(&g->ctx.mem, "x")); }
static void zero_divisor_in_group(rig *g) { node(g, "load a")->group.lr[1] = sym_floordiv(&g->ctx.mem, num(g, 64), sym_name(&g->ctx.mem, "x")); }
static void negative_cycles(rig *g) { node(g, "matmul")->cycles = num(g, -1); }
static void always_skipped(rig *g) { node(g, "matmul")->active = sym_make(&g->ctx.mem, SYM_LT, sym_name(&g->ctx.mem, "ki"), num(g, 3), NULL); }

/* ---- edits that change nothing but time ---- */

static void other_sender(rig *g) { node(g, "load b")->group.sender[0] = num(g, 1); }
static void one_wave_too_many(rig *g) { loop(g, 0)->trip = plus(g, loop(g, 0)->trip, 1); }
static void moved_buffer(rig *g) { g->t->buffers.at[TOG_SAMPLE_OUT].offset += 4096; }
static void deeper_buffer(rig *g) {
  g->t->buffers.at[TOG_SAMPLE_BUF_A].depth = 5;
  g->t->buffers.at[TOG_SAMPLE_BUF_A].offset = 65536;
}
static void no_negative_trip(rig *g) {
  tog_node *n = ARENA_NEW(&g->ctx.mem, tog_node), *push = ARENA_NEW(&g->ctx.mem, tog_node);
  n->kind = TOG_LOOP;
  n->var = "z";
  n->trip = num(g, -3);
  push->kind = TOG_PUSH;
  vec_push(&g->ctx.mem, &n->body, push);
  tog_sample_insert(&g->ctx.mem, g->t, node(g, "fill"), n);
}

static void rectangle_before(rig *g) { node(g, "load a")->group.ul[1] = num(g, -1); }
static void rectangle_turned(rig *g) {
  node(g, "load a")->group.ul[1] = num(g, 1);
  node(g, "load a")->group.lr[1] = num(g, 0);
}
static void rectangle_off_twice(rig *g) { node(g, "load a")->group.ul[0] = node(g, "load a")->group.ul[1] = num(g, -1); }
static void zero_divisor_in_first_corner(rig *g) { node(g, "load a")->group.ul[1] = sym_floordiv(&g->ctx.mem, num(g, 4), sym_name(&g->ctx.mem, "y")); }
static void endless_cycles(rig *g) { node(g, "matmul")->cycles = num(g, INT64_C(1) << 60); }
static void far_offset(rig *g) { node(g, "load a")->box.offset[0] = num(g, INT64_MAX - 3); }
static void zero_divisor_in_number(rig *g) { vec_push(&g->ctx.mem, &node(g, "matmul")->numbers, sym_floordiv(&g->ctx.mem, num(g, 4), sym_name(&g->ctx.mem, "ki"))); }

enum { VALUES = -1 };
static const struct edit {
  const char *name;
  const tog_matmul_spec *spec;
  void (*apply)(rig *g);
  int fault;              /* the kind that must be among the faults; VALUES: elements must be wrong */
  const char *text;       /* part of its text */
} edits[] = {
  {"wrong offset", &unicast, wrong_offset, SIM_FAULT_OUT_OF_BOUNDS, "of dim 1 of 'A', which has 80"},
  {"offset one short", &unicast, shifted_offset, VALUES, NULL},
  {"box over the edge", &unicast, box_over_the_edge, SIM_FAULT_OUT_OF_BOUNDS, "'load a' [mi="},
  {"unclamped edge", &ragged, unclamped_edge, SIM_FAULT_OUT_OF_BOUNDS, "of dim 0 of 'A', which has 50"},
  {"missing receiver", &multicast, missing_receiver, SIM_FAULT_MULTICAST, "which does not send to it"},
  {"extra receiver", &multicast, extra_receiver, SIM_FAULT_MULTICAST, "reaches over the mesh"},
  {"wrong sender", &ragged, wrong_sender, SIM_FAULT_MULTICAST, "waits for core (0, 0), which does not send to it"},
  {"two senders", &multicast, two_senders, SIM_FAULT_DEADLOCK, "to reserve its slot"},
  {"sender off the mesh", &multicast, sender_off_the_mesh, SIM_FAULT_MULTICAST, "is off the mesh"},
  {"wrong row shared", &multicast, wrong_row_shared, SIM_FAULT_MULTICAST, "does not send to it"},
  {"early read", &unicast, early_read, SIM_FAULT_EARLY_READ, "without waiting"},
  {"lost last k tile", &multicast, lost_last_k_tile, VALUES, NULL},
  {"lost last wave", &multicast, lost_last_wave, SIM_FAULT_UNWRITTEN, "6144 of 12288 elements of 'C' written; the first missing one is [0, 64]"},
  {"wave done twice", &unicast, wave_done_twice, SIM_FAULT_DOUBLE_WRITE, "a second time"},
  {"swapped buffers", &unicast, swapped_buffers, SIM_FAULT_OUT_OF_BOUNDS, "has room for"},
  {"swapped operands", &multicast, swapped_operands, VALUES, NULL},
  {"store of the accumulator", &unicast, store_of_accumulator, SIM_FAULT_OUT_OF_BOUNDS, "f16 of 'C' through buffer 'acc' of f32"},
  {"missing give", &multicast, missing_give, SIM_FAULT_DEADLOCK, "the reader thread waits at node"},
  {"missing give at the end", &unicast, missing_last_give, SIM_FAULT_DEADLOCK, "a free slot of 'out' (1 of 1 in use)"},
  {"double give", &unicast, double_give, SIM_FAULT_BAD_GIVE, "frees a slot of 'b'"},
  {"early give", &unicast, early_give, SIM_FAULT_BAD_GIVE, "frees a slot of 'out'"},
  {"give before compute", &unicast, give_before_compute, SIM_FAULT_BAD_GIVE, "frees a slot of 'a' which"},
  {"missing take", &unicast, missing_take, SIM_FAULT_NOT_TAKEN, "without having taken"},
  {"missing push", &unicast, missing_push, SIM_FAULT_DEADLOCK, "a published slot of 'out'"},
  {"double push", &unicast, double_push, SIM_FAULT_BAD_PUSH, "none is taken"},
  {"missing fill", &unicast, missing_fill, SIM_FAULT_UNINIT, "updates a slot of 'acc'"},
  {"missing compute", &unicast, missing_compute, SIM_FAULT_UNINIT, "stores a slot of 'out'"},
  {"overlapped L1 offsets", &unicast, overlapped_l1, VALUES, NULL},
  {"overlapped slots", &unicast, overlapped_slots, VALUES, NULL},
  {"slot outside the L1", &unicast, out_of_l1, SIM_FAULT_L1_RANGE, "1048576"},
  {"extent one short", &unicast, short_extent, VALUES, NULL},
  {"extent too long", &unicast, long_extent, SIM_FAULT_OUT_OF_BOUNDS, "argument 1 of"},
  {"negative extent", &unicast, negative_extent, SIM_FAULT_OUT_OF_BOUNDS, "clamp it with max(0, ...)"},
  {"division by zero", &unicast, zero_divisor, SIM_FAULT_BAD_EXPR, "an offset or extent of"},
  {"division by zero in a trip count", &unicast, zero_divisor_in_trip, SIM_FAULT_BAD_EXPR, "the trip count of"},
  {"division by zero in a rectangle", &multicast, zero_divisor_in_group, SIM_FAULT_BAD_EXPR, "a multicast coordinate of"},
  {"a rectangle that begins off the mesh", &multicast, rectangle_before, SIM_FAULT_MULTICAST, "reaches over the mesh"},
  {"a rectangle that ends before it begins", &multicast, rectangle_turned, SIM_FAULT_MULTICAST, "node"},
  {"a rectangle off the mesh in two dims", &multicast, rectangle_off_twice, SIM_FAULT_MULTICAST, "reaches over the mesh"},
  {"division by zero in the first corner", &multicast, zero_divisor_in_first_corner, SIM_FAULT_BAD_EXPR, "a multicast coordinate of"},
  {"cycles without end", &unicast, endless_cycles, SIM_FAULT_BAD_EXPR, "node"},
  {"an offset at the end of numbers", &unicast, far_offset, SIM_FAULT_OUT_OF_BOUNDS, "moves elements 9223372036854775804..9223372036854775807 of dim 0 of 'A'"},
  {"division by zero in a number", &unicast, zero_divisor_in_number, SIM_FAULT_BAD_EXPR, "node"},
  {"negative cycles", &unicast, negative_cycles, SIM_FAULT_BAD_EXPR, "is negative"},
  {"compute that skips", &unicast, always_skipped, VALUES, NULL},
};

static void expect_fault(const rig *g, const struct edit *e) {
  for (size_t i = 0; i < g->r.faults.n; i++) {
    const sim_fault *f = &g->r.faults.at[i];
    if ((int)f->kind != e->fault || (e->text && !strstr(f->text, e->text)))
      continue;
    assert_true(f->cycle >= 0 && f->cycle <= g->r.cycles);
    assert_true(f->kind == SIM_FAULT_UNWRITTEN || (f->core >= 0 && f->core < g->r.n_cores));
    assert_true(f->kind == SIM_FAULT_UNWRITTEN || f->coord[0] * g->spec.mesh_y + f->coord[1] == f->core);
    return;
  }
  fail_msg("%s: no fault %s with \"%s\" among %d; the first: %s", e->name, sim_fault_name((sim_fault_kind)e->fault), e->text ? e->text : "",
           (int)g->r.n_faults, g->r.n_faults ? g->r.faults.at[0].text : "none");
}

static void test_every_seeded_edit_is_seen(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(edits); i++) {
    rig g;
    rig_open(&g, edits[i].spec);
    rig_fill(&g);
    edits[i].apply(&g);
    assert_int_equal(rig_run(&g, true, false), LOOM_OK);
    if (edits[i].fault != VALUES)
      expect_fault(&g, &edits[i]);
    else if (rig_wrong(&g) == 0)
      fail_msg("%s: no element is wrong", edits[i].name);
    rig_close(&g);
  }
}

/* The same faults at the same cycles without values, as far as they do not depend on them: they never do. */
static void test_faults_do_not_depend_on_values(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(edits); i++) {
    rig g;
    rig_open(&g, edits[i].spec);
    rig_fill(&g);
    edits[i].apply(&g);
    assert_int_equal(rig_run(&g, true, false), LOOM_OK);
    const char *with = data_write_json(&g.ctx.mem, sim_report_to_data(&g.ctx.mem, &g.r, g.t), 1);
    assert_int_equal(rig_run(&g, false, false), LOOM_OK);
    assert_string_equal(with, data_write_json(&g.ctx.mem, sim_report_to_data(&g.ctx.mem, &g.r, g.t), 1));
    rig_close(&g);
  }
}

static void test_harmless_edits_raise_nothing(void **state) {
  (void)state;
  void (*const harmless[])(rig *) = {other_sender, one_wave_too_many, moved_buffer, deeper_buffer};
  for (size_t i = 0; i < COUNT_OF(harmless); i++) {
    rig g;
    rig_open(&g, &ragged);
    rig_fill(&g);
    harmless[i](&g);
    assert_int_equal(rig_run(&g, true, false), LOOM_OK);
    rig_expect_clean(&g);
    assert_int_equal(rig_wrong(&g), 0);
    rig_close(&g);
  }
}

static void test_a_loop_of_negative_trip_does_not_run(void **state) {
  (void)state;
  rig g;
  rig_open(&g, &ragged);
  rig_fill(&g);
  no_negative_trip(&g);
  assert_int_equal(rig_run(&g, true, false), LOOM_OK);
  rig_expect_clean(&g);
  assert_int_equal(rig_wrong(&g), 0);
  rig_close(&g);
}

/* A slot left over is told at the end, when nothing waits for it: one k tile, so that the second slot of A is never asked for. */
static void test_a_slot_that_is_never_freed_is_a_leak(void **state) {
  (void)state;
  const tog_matmul_spec s = {32, 32, 16, 16, 16, 16, 2, 2, false, 2, 10};
  rig g;
  rig_open(&g, &s);
  missing_give(&g);
  assert_int_equal(rig_run(&g, false, false), LOOM_OK);
  assert_int_equal(g.r.n_faults, 4);
  const sim_fault *f = rig_fault(&g, SIM_FAULT_LEAK);
  assert_non_null(f);
  assert_string_equal(f->buffer, "a");
  assert_string_equal(f->text, "1 slot(s) of 'a' are not free at the end");
  rig_close(&g);
}

/* What is loaded and never read may be freed once it is there. */
static void test_a_give_may_wait_for_what_nobody_reads(void **state) {
  (void)state;
  for (int waits = 0; waits < 2; waits++) {
    rig g;
    rig_open(&g, &unicast);
    rig_fill(&g);
    tog_node *load = ARENA_NEW(&g.ctx.mem, tog_node), *give = ARENA_NEW(&g.ctx.mem, tog_node);
    load->kind = TOG_LOAD;
    load->box = (tog_box){.rank = 2, .offset = {num(&g, 0), num(&g, 0)}, .extent = {num(&g, 1), num(&g, 1)}, .to_dim = {0, 1}};
    give->kind = TOG_GIVE;
    give->thread = TOG_COMPUTE_THREAD;
    give->buffer = TOG_SAMPLE_BUF_A;
    give->waits = waits;
    tog_sample_insert(&g.ctx.mem, g.t, g.t->body.at[0], load);
    tog_sample_insert(&g.ctx.mem, g.t, g.t->body.at[1], give);
    assert_int_equal(rig_run(&g, true, false), LOOM_OK);
    if (waits) {
      rig_expect_clean(&g);
      assert_int_equal(rig_wrong(&g), 0);
    } else {
      assert_non_null(rig_fault(&g, SIM_FAULT_BAD_GIVE));
    }
    rig_close(&g);
  }
}

/* The cores of a rectangle must agree on the slot: core y = 1 has loaded one tile of A more than its sender. */
static void test_a_multicast_into_another_slot_is_seen(void **state) {
  (void)state;
  rig g;
  rig_open(&g, &multicast);
  rig_fill(&g);
  tog_node *first = ARENA_NEW(&g.ctx.mem, tog_node), *give = ARENA_NEW(&g.ctx.mem, tog_node), *loop_y = ARENA_NEW(&g.ctx.mem, tog_node);
  first->kind = TOG_LOAD;
  first->box = (tog_box){.rank = 2, .offset = {num(&g, 0), num(&g, 0)}, .extent = {num(&g, 0), num(&g, 0)}, .to_dim = {0, 1}};
  give->kind = TOG_GIVE;
  give->thread = TOG_COMPUTE_THREAD;
  give->buffer = TOG_SAMPLE_BUF_A;
  loop_y->kind = TOG_LOOP;
  loop_y->var = "z";
  loop_y->trip = sym_name(&g.ctx.mem, "y");
  vec_push(&g.ctx.mem, &loop_y->body, first);
  vec_push(&g.ctx.mem, &loop_y->body, give);
  tog_sample_insert(&g.ctx.mem, g.t, g.t->body.at[0], loop_y);
  assert_int_equal(rig_run(&g, true, false), LOOM_OK);
  const sim_fault *f = rig_fault(&g, SIM_FAULT_MULTICAST);
  assert_non_null(f);
  assert_non_null(strstr(f->text, "sends to its slot 0, but this core reserved slot 1"));
  rig_close(&g);
}

/* Only 100 faults are kept, all are counted. */
static void test_faults_are_capped_but_counted(void **state) {
  (void)state;
  rig g;
  rig_open(&g, &unicast);
  early_read(&g);
  double_give(&g);
  assert_int_equal(rig_run(&g, false, false), LOOM_OK);
  assert_int_equal(g.r.faults.n, 100);
  assert_true(g.r.n_faults > 100);
  rig_close(&g);
}

static void test_with_the_verifier_on_a_broken_graph_is_refused(void **state) {
  (void)state;
  rig g;
  rig_open(&g, &multicast);
  missing_give(&g);
  assert_int_equal(rig_run(&g, false, true), LOOM_EINPUT);
  testing_expect_error(&g.ctx, LOOM_EINPUT, "every turn of loop 'ki' reserves 1 slot(s) of buffer 'a' but frees 0", 0, 0);
  rig_close(&g);
}

static void test_every_fault_kind_has_its_own_name(void **state) {
  (void)state;
  assert_string_equal(sim_fault_name(SIM_FAULT_EARLY_READ), "early_read");
  assert_string_equal(sim_fault_name(SIM_FAULT_BAD_EXPR), "bad_expr");
  assert_string_equal(sim_fault_name(SIM_FAULT_L1_RANGE), "l1_range");
  assert_string_equal(sim_fault_name(SIM_FAULT_UNWRITTEN), "unwritten");
  for (int i = 0; i <= SIM_FAULT_BAD_EXPR; i++)
    for (int j = 0; j < i; j++)
      assert_string_not_equal(sim_fault_name((sim_fault_kind)i), sim_fault_name((sim_fault_kind)j));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_every_seeded_edit_is_seen),
    cmocka_unit_test(test_faults_do_not_depend_on_values),
    cmocka_unit_test(test_harmless_edits_raise_nothing),
    cmocka_unit_test(test_a_loop_of_negative_trip_does_not_run),
    cmocka_unit_test(test_a_slot_that_is_never_freed_is_a_leak),
    cmocka_unit_test(test_a_give_may_wait_for_what_nobody_reads),
    cmocka_unit_test(test_a_multicast_into_another_slot_is_seen),
    cmocka_unit_test(test_faults_are_capped_but_counted),
    cmocka_unit_test(test_with_the_verifier_on_a_broken_graph_is_refused),
    cmocka_unit_test(test_every_fault_kind_has_its_own_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
