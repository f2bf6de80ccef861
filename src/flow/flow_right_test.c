/* What makes a value right.  Oracle: runs of a few values, told by hand; what each row says follows from the numbers in it. */
#include "flow/flow_testing.h"

static void test_numbers_are_the_same_within_both_bounds(void **state) {
  (void)state;
  const struct { double a, ea, b, eb; bool same, checked; } rows[] = {
      {1, 0, 1, 0, true, true},       {1, 0, 1.5, 0, false, true},        {1, 0.25, 1.5, 0.25, true, true},   {1, 0.25, 1.5, 0.125, false, true},
      {1, NAN, 9, 0, true, false},    {1, 0, 9, INFINITY, true, false},   {NAN, 0, NAN, 0, true, true},       {NAN, 9, 1, 0, false, true},
      {1, 9, NAN, 0, false, true},    {INFINITY, 0, INFINITY, 0, true, true}, {INFINITY, 9, 1, 0, false, true}, {1, 9, -INFINITY, 0, false, true},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    bool checked = false;
    assert_int_equal(flow_same_number(rows[i].a, rows[i].ea, rows[i].b, rows[i].eb, &checked), rows[i].same);
    assert_int_equal(checked, rows[i].checked);
  }
}

/* Of the last node of each run. */
static void test_what_passes_on_and_what_is_filled(void **state) {
  loom_ctx *ctx = *state;
  const struct { const char *run; bool passes_on, is_filled; } rows[] = {
      {"a load i f32 3 - 1 2 3; m copy m f32 3 a 1 2 3", true, false},
      {"a load i f32 3 - 1 2 3; m copy m f32 3 a,a 1 2 3", false, false},
      {"a load i f32 3 - 1 2 3; m next y f32 3 a 1 2 3", false, false},
      {"a load i f32 3 - 1 2 3", false, false},
      {"a load i f32 3 - 5", false, false},
      {"a load i f32 3 - 1 2 3; b add c f32 3 a,a 1 2 3", false, false},
      {"a load i f32 3 - 1 2 3; b sum c f32 . a 1", false, false},
      {"a load i f32 3 - .1 2 3; b cast c f16 3 a .0999755859375 2 3", true, false},
      {"a load i f32 3 - .1 2 3; b cast c f16 3 a .0998 2 3", false, false},
      {"a load i f32 2 - 1e-9 1; b cast c f16 2 a 0 1", true, false},          /* below the least number */
      {"a load i f32 2 - .25 1; b cast c i32 2 a 0 1", false, false},          /* an integer rounds nothing */
      {"a load i f32 2 - inf inf; b cast c f16 2 a inf inf", false, false},    /* says nothing */
      {"a load i f32 2 - nan 1; b cast c f16 2 a nan 1", true, false},
      {"a load i f32 2 - 1 1; b cast c f16 2 a nan 1", false, false},
      {"a load i f32 2 - nan 1; b cast c f16 2 a 1 1", false, false},
      {"a of k f32 . - 5", false, true},
      {"a of k f32 3 - 5", false, true},
      {"a of k f32 3 - 5 6", false, false},
      {"a of k f32 0 -", false, false},
      {"a of k f32 . - 5; b fill c f32 3 a 5", false, true},
      {"a of k f32 . - 5; b iota c f32 3 a 0 1 2", false, false},
      {"a of k f32 . - 5; b copy m f32 . a 5", true, false},
      {"a load i f32 3 - 1 2 3; b less c f32 3 a 0", false, false},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    told t = told_run(&ctx->mem, rows[i].run);
    flow_search s = told_search(&ctx->mem, &t, &t, NULL);
    int last = (int)t.run->nodes.n - 1;
    if (flow_passes_on(&s, last) != rows[i].passes_on || flow_is_filled(&s, last) != rows[i].is_filled)
      fail_msg("%s: passes on: %d, is filled: %d", rows[i].run, flow_passes_on(&s, last), flow_is_filled(&s, last));
  }
}

static void test_types_are_the_same_with_every_dim(void **state) {
  loom_ctx *ctx = *state;
  static const char *const types[] = {"f32 .", "f16 .", "f32 3", "f32 2", "f32 2x3", "f32 3x2", "f32 2x3x1", "f16 2x3"};
  for (size_t i = 0; i < COUNT_OF(types); i++)
    for (size_t k = 0; k < COUNT_OF(types); k++) {
      told t = told_run(&ctx->mem, arena_printf(&ctx->mem, "a of k %s - 1; b of k %s - 1", types[i], types[k]));
      assert_int_equal(flow_has_same_type(&t.run->nodes.at[0], &t.run->nodes.at[1]), i == k);
    }
}

/* The last node of one run is, or is not, what the last one of the other is. */
static void test_what_explains_a_value(void **state) {
  loom_ctx *ctx = *state;
#define A "a load i f32 3 - 1 2 3; "
#define ONE "a load i f32 3 - 7; "
  const struct { const char *got, *want; bool is_left_by_loop, is_right; } rows[] = {
      {A, A, false, true},
      {A, "a load i f32 3 - 1 2 4", false, false},
      /* what a loop hands on, where the other run has loops and where it has none */
      {A "n next y f32 3 a 1 2 3", A "n next y f32 3 a 1 2 3; b exp c f32 3 n 1 2 3", false, false},
      {A "n next y f32 3 a 1 2 3", A "n next y f32 3 a 1 2 3", false, true},
      {A "n next y f32 3 a 1 2 3", A "b exp c f32 3 a 1 2 3", false, true},
      {A "n next y f32 3 a 1 2 3; m copy m f32 3 n 1 2 3", A "n next y f32 3 a 1 2 3; b exp c f32 3 n 1 2 3", false, false},      /* copied, it is still that */
      {A "n next y f32 3 a 1 2 3", A "n for l f32 3 a 1 2 3; n2 next y f32 3 a 0; b exp c f32 3 n 1 2 3", false, false},
      {A "b exp c f32 3 a 2 4 6", A "n next y f32 3 a 2 4 6; b exp c f32 3 n 2 4 6", true, false},      /* left by a loop in memory */
      {A "b exp c f32 3 a 2 4 6", A "n next y f32 3 a 2 4 6", true, true},
      {A "b exp c f32 3 a 2 4 6", A "n next y f32 3 a 2 4 6", false, true},
      {A "n for l f32 3 a 1 2 3", A "n for l f32 3 a 1 2 3", true, true},       /* its role is known already */
      /* the same everywhere by chance is no constant; nor is it right for another shape */
      {ONE "b less c f32 3 a 5", "k of k f32 3 - 5", false, false},
      {ONE "b less c f32 3 a 5", "k of k f32 . - 5; b less c f32 3 k 5", false, true},
      {ONE "b less c f32 3 a 5", "k of k f32 . - 5; b less c f32 . k 5", false, false},
      {ONE "b less c f32 3 a 5; n next y f32 3 b 5", "k of k f32 3 - 5", false, true},
      {"k of k f32 . - 5; b fill c f32 3 k 5", "k of k f32 . - 5", false, true},
      {"k of k f32 . - 5; b fill c f32 3 k 5; m copy m f32 3 b 5", "k of k f32 . - 5", false, true},
      {"k of k f32 3 - 5 6 7", "k of k f32 3 - 5 6 7", false, true},
      /* a sum to which nothing was added is not the sum of the round before */
      {A "z of k f32 3 - 0; b add c f32 3 a,z 1 2 3", A "b exp c f32 3 a 1 2 3; m copy m f32 3 b 1 2 3", false, true},
      {A "z of k f32 3 - 0; b add c f32 3 a,z 1 2 3", A, false, false},
      {A "z of k f32 3 - 0; b add c f32 3 a,z 1 2 3; m copy m f32 3 b 1 2 3", A, false, false},
      {A "z of k f32 3 - 0; b add c f32 3 a,z 1 2 3; m copy m f32 3 b,a 1 2 3", A, false, true},
      {A "z of k f32 3 - 0; b add c f32 3 z,a 1 2 3", "b exp c f32 3 - 1 2 3", false, false},
      {A "z of k f32 3 - 0; b add c f32 3 a,z 1 2 4", "b exp c f32 3 - 1 2 4", false, true},
      {A "b max c f32 3 a,_ 1 2 3", A, false, true},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    told got = told_run(&ctx->mem, rows[i].got), want = told_run(&ctx->mem, rows[i].want);
    flow_search s = told_search(&ctx->mem, &got, &want, NULL);
    int g = (int)got.run->nodes.n - 1, w = (int)want.run->nodes.n - 1;
    for (int again = 0; again < 2; again++)
      if (flow_explains(&s, w, g, rows[i].is_left_by_loop) != rows[i].is_right)
        fail_msg("row %zu: %s | %s: expected %d", i, rows[i].got, rows[i].want, rows[i].is_right);
  }
}

/* Is the last node of `got` a constant that needs no counterpart?  The walk is the last node of `want` alone; `user`: a node of `got`, "": none. */
static void test_which_constants_need_no_counterpart(void **state) {
  loom_ctx *ctx = *state;
#define B "b exp c f32 3 a 1 2 3"
#define ZERO "z of k f32 3 - 0"
  const double tenth[] = {3, .1};
  const struct { const char *got, *user, *want; size_t n_known; bool is_known; } rows[] = {
      {ZERO, "", A "b sum c=0 f32 . a 6", 0, true},                             /* reduces from it */
      {ZERO, "", A "b sum c=1 f32 . a 6", 0, false},
      {ZERO, "", A "b sum c=0 f32 . a 6; e exp c f32 . b 9", 0, true},          /* what it was made of does */
      {ZERO, "", A "b sum c=1 f32 . a 6; e exp c f32 . b 9", 0, false},
      {ZERO, "", A "k of k f32 . - 0; b add c f32 3 a,k 1 2 3", 0, true},       /* begins with it */
      {ZERO, "", A "k of k f32 . - 1; b add c f32 3 a,k 1 2 3", 0, false},
      {ZERO, "", A "k of k f32 0 -; b add c f32 3 a,k 1 2 3", 0, false},
      {ZERO, "", "a load i f32 3 - 0; " B, 0, false},                            /* by chance */
      {A "s sum c=0 f32 . a 6; " ZERO, "s", A "k of k f32 . - 1; b add c f32 3 a,k 1 2 3", 0, true},     /* its reader knows better */
      {A "s sum c=1 f32 . a 6; " ZERO, "s", A "k of k f32 . - 0; b add c f32 3 a,k 1 2 3", 0, false},
      {A "s sum c f32 . a 6; " ZERO, "s", A "k of k f32 . - 0; b add c f32 3 a,k 1 2 3", 0, true},
      /* what an earlier form of the program has, rounded to the type */
      {"z of k f16 . - .0999755859375", "", A B, 2, true},
      {"z of k f16 . - .0998", "", A B, 2, false},
      {"z of k f16 . - .0999755859375", "", A B, 1, false},
      {"z of k f16 . - .0999755859375", "", A B, 0, false},
      {"z of k f32 0 - 3", "", A B, 2, false},
      {"z load i f32 . - 3", "", A B, 2, false},
      {"z of k f32 2 - 3 4", "", A B, 2, true},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    told got = told_run(&ctx->mem, rows[i].got), want = told_run(&ctx->mem, rows[i].want);
    const flow_known known = {tenth, rows[i].n_known};
    flow_search s = told_search(&ctx->mem, &got, &want, rows[i].n_known ? &known : NULL);
    flow_list walk = {0};
    int w = (int)want.run->nodes.n - 1;
    vec_push(&ctx->mem, &walk, w);
    if (flow_is_known(&s, (int)got.run->nodes.n - 1, *rows[i].user ? told_node(&got, rows[i].user) : -1, w, &walk) != rows[i].is_known)
      fail_msg("row %zu: %s | %s: expected %d", i, rows[i].got, rows[i].want, rows[i].is_known);
  }
}

/* n doublings between a constant and the value: it is looked for among 2^12 values, in the order of breadth. */
static void test_constants_are_looked_for_nearby(void **state) {
  loom_ctx *ctx = *state;
  for (int n = 8; n < 16; n += 7) {
    told got = told_run(&ctx->mem, ZERO);
    told want = told_run(&ctx->mem, "k of k f32 . - 0");
    const double one = 1;
    flow_list walk = {0};
    for (int at = 0; at < n; at++)
      flow_add(want.run, told_op(want.run, "add"), FLOW_COMPUTE, 2, (int[]){at, at}, DTYPE_F32, 0, NULL, &one, NULL);
    flow_search s = told_search(&ctx->mem, &got, &want, NULL);
    assert_int_equal(flow_is_known(&s, 0, -1, n, &walk), n == 8);
  }
}

static void test_operations_are_found_by_their_keys(void **state) {
  loom_ctx *ctx = *state;
  enum { KEYS = 500 };
  static const char keys[KEYS];
  flow_run *r = flow_new(&ctx->mem, 0);
  for (int again = 0; again < 2; again++)
    for (int i = 0; i < KEYS; i++)
      assert_int_equal(flow_op_of(r, keys + i, "op", LOOM_NOSPAN), i);
  assert_int_equal(r->ops.n, KEYS);
  assert_false(flow_is_full(r));
}

static void test_memory_begins_without_writers(void **state) {
  loom_ctx *ctx = *state;
  flow_run *r = flow_new(&ctx->mem, 13);
  flow_memory *m = flow_new_memory(r, "x", DTYPE_F16, 2, (const int64_t[]){2, 3});
  assert_int_equal(m->elems, 6);
  assert_int_equal(m->shape[1], 3);
  for (int i = 0; i < 6; i++)
    assert_true(m->writer[i] == -1 && m->x[i] == 0);
  assert_false(flow_is_full(r));
  m = flow_new_memory(r, "y", DTYPE_F16, 0, NULL);
  assert_int_equal(m->elems, 1);
  assert_true(flow_is_full(r));   /* two a number */
}

/* As seen from the end of the text: the name of the operation that left the last node, "" when nothing did. */
static void test_what_loops_leave_in_memory(void **state) {
  loom_ctx *ctx = *state;
#define V "v add c f32 . - 1"
  const struct { const char *run, *leaves; } rows[] = {
      {V, ""},
      {"( for 0; " V, ""},
      {"( for 0; " V "; )", "for"},
      {"( for 0; ( in 3; " V "; ); )", "for"},                      /* both have ended: the outer one left it */
      {"( for 0; ( in 3; " V "; )", "in"},
      {"( for 0; ( in 3; " V "; ); ( in 4", ""},                    /* the inner one goes on */
      {"( for 0; ( in 3; " V "; ); ); ( for 1", "in"},              /* the outer one does */
      {"( for 0; ( in 3; " V "; ); ); ( for 1; ( in 0", "in"},
      {"( for 0; ( in 3; " V "; ); ); ( other 1; ( in 0", "for"},   /* another loop's rounds of it are no rounds of this one */
      {"( for 0; ( in 3; " V "; ); ); ( in 0", "for"},
      {"[ grid 0 1; " V "; )", ""},                                /* an instance leaves nothing */
      {"[ grid 0 1; ( for 0; " V "; ); )", "for"},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    told t = told_run(&ctx->mem, rows[i].run);
    int64_t elems = t.run->elems;
    int left = flow_after_loops(t.run, 0);
    if (strcmp(left == 0 ? "" : t.run->ops.at[t.run->nodes.at[left].op].name, rows[i].leaves) != 0)
      fail_msg("%s: left by '%s'", rows[i].run, t.run->ops.at[t.run->nodes.at[left].op].name);
    assert_int_equal(t.run->elems, elems + (left == 0 ? 0 : 16));   /* its elements are shared */
  }
  assert_int_equal(flow_after_loops(flow_new(&ctx->mem, 0), -1), -1);
}

static void test_places_and_elements_are_spelled(void **state) {
  loom_ctx *ctx = *state;
  const struct { const char *run, *place; } rows[] = {
      {"", ""},
      {"( scf.for 2", "round 2 of scf.for"},
      {"[ affine.parallel 0 1; ( scf.for 2", "instance (0, 1) of affine.parallel, round 2 of scf.for"},
      {"[ grid 1 2 3 4 5 6 7 8 9", "instance (1, 2, 3, 4, 5, 6, 7, 8) of grid"},   /* as many numbers as are kept */
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    told t = told_run(&ctx->mem, rows[i].run);
    assert_string_equal(flow_place(&ctx->mem, t.run, t.run->frame), rows[i].place);
  }
  const struct { int rank; int64_t shape[3], i; const char *text; } elements[] = {
      {0, {0}, 0, "[]"}, {1, {5}, 3, "[3]"}, {2, {4, 20}, 77, "[3, 17]"}, {3, {2, 3, 4}, 23, "[1, 2, 3]"}, {2, {2, 0}, 1, "[0, 0]"},
  };
  for (size_t i = 0; i < COUNT_OF(elements); i++)
    assert_string_equal(flow_element(&ctx->mem, elements[i].rank, elements[i].shape, elements[i].i), elements[i].text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_numbers_are_the_same_within_both_bounds, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_what_passes_on_and_what_is_filled, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_types_are_the_same_with_every_dim, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_what_explains_a_value, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_which_constants_need_no_counterpart, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_constants_are_looked_for_nearby, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_operations_are_found_by_their_keys, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_memory_begins_without_writers, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_what_loops_leave_in_memory, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_places_and_elements_are_spelled, testing_open_context, testing_close_context),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
