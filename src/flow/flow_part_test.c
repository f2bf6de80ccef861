/* Where two runs part.  Oracle: runs of a few values, told by hand, in which the place of the fault is known; each row says which node it is. */
#include "flow/flow_testing.h"

static flow_list list_of(arena *mem, const told *t, const char *names) {
  flow_list l = {0};
  char *rest = arena_strdup(mem, names);
  for (const char *s; (s = strtok_r(rest, ",", &rest));)
    vec_push(mem, &l, told_node(t, s));
  return l;
}

/* What "x" of `got`, which "s" reads, should have been. */
static void test_partners_have_the_kind_and_size(void **state) {
  loom_ctx *ctx = *state;
#define X "x load i f32 2 - 1 9; s exp c f32 2 x 3 5"
#define PQ "p load i f32 2 - 1 2; q load i f32 2 - 3 4; r load i f32 2 - 5 6; "
  const struct { const char *got, *want, *start, *walk, *partner; } rows[] = {
      {X, "a load i f32 2 - 1 2; s exp c f32 2 a 3 4", "s", "s,a", "a"},
      {X, "a load i f32 2 - 1 2; s exp c f32 2 a 3 4", "s", "s", ""},
      {X, "a load i f32 2 - 1 9; s exp c f32 2 a 3 4", "s", "s,a", ""},                     /* it is this one */
      {X, "a load i f32 3 - 1 2 3; s exp c f32 2 a 3 4", "s", "s,a", ""},
      {X, "a load i f32 2 - 1 2; b load i f32 2 - 2 3; s exp c f32 2 a,b 3 4", "s", "s,b,a", "b"},      /* the nearest */
      {X, "a load i f32 2 - 1 2; b load i f32 2x1 - 2 3; s exp c f32 2 a,b 3 4", "s", "s,b,a", "a"},    /* the nearest of its type */
      /* what another input is, is not what this one should be; but for want of anything else */
      {"p load i f32 2 - 1 2; x load i f32 2 - 9 4; s add c f32 2 p,x 3 5", "a load i f32 2 - 1 2; b load i f32 2 - 3 4; s add c f32 2 a,b 3 4", "s", "s,a,b", "b"},
      {"p load i f32 2 - 1 2; x load i f32 2 - 9 4; s add c f32 2 p,x 3 5", "a load i f32 2 - 1 2; b load i f32 2x1 - 3 4; s add c f32 2 a,b 3 4", "s", "s,a,b", "b"},
      {"p load i f32 2 - 1 2; x load i f32 2 - 9 4; s add c f32 2 p,x 3 5", "a load i f32 2 - 1 2; s add c f32 2 a,a 3 4", "s", "s,a", "a"},
      {X, "b load i f32 2x1 - 2 3; s exp c f32 2 b 3 4", "s", "s,b", "b"},
      /* constants and what is filled with them */
      {"k of k f32 . - 1; x fill c f32 2 k 1; s exp c f32 2 x 3", "a load i f32 2 - 0; c of k f32 . - 0; s exp c f32 2 a,c 3 4", "s", "s,a,c", "c"},
      /* moves by their role */
      {PQ "x next y f32 2 p 1 9; s exp c f32 2 x 3 5", PQ "m copy m f32 2 q 1 2; n next y f32 2 p 1 2; s exp c f32 2 m,n 3 4", "s", "s,m,n", "n"},
      {PQ "x copy m f32 2 p 1 9; s exp c f32 2 x 3 5", PQ "m copy m f32 2 q 1 2; n next y f32 2 p 1 2; s exp c f32 2 n,m 3 4", "s", "s,n,m", "m"},
      /* what is made of the same values, through others and with constants */
      {PQ "x add c f32 2 p,q 9 9; s exp c f32 2 x 3 5", PQ "u add c f32 2 p,r 6 8; v add c f32 2 p,q 4 6; s exp c f32 2 u,v 3 4", "s", "s,u,v", "v"},
      {PQ "x add c f32 2 p,q 9 9; s exp c f32 2 x 3 5", PQ "k of k f32 . - 1; u add c f32 2 p,r 6 8; t mul c f32 2 q,k 8 8; v add c f32 2 p,t 4 6; s exp c f32 2 u,v 3 4", "s", "s,u,v", "v"},
      {PQ "k of k f32 2 - 3; x add c f32 2 p,k 9 9; s exp c f32 2 x 3 5", PQ "u add c f32 2 p,r 6 8; v mul c f32 2 p 4 6; s exp c f32 2 u,v 3 4", "s", "s,u,v", "v"},
      {PQ "x add c f32 2 p,q 9 9; s exp c f32 2 x 3 5", PQ "u add c f32 2 p,r 6 8; v add c f32 2 p 4 6; s exp c f32 2 u,v 3 4", "s", "s,u,v", "u"},      /* of fewer: no */
      {PQ "x add c f32 2 p,p,p,p,p,p,p,p,p,p,p,p,p,p,p,p,p 9 9; s exp c f32 2 x 3 5", PQ "u add c f32 2 q 6 8; v add c f32 2 p 4 6; s exp c f32 2 u,v 3 4", "s", "s,u,v", "u"},   /* of many */
      {PQ "x add c f32 2 p,p,p,p,p,p,p,p,p,p,p,p,p,p,p,p 9 9; s exp c f32 2 x 3 5", PQ "u add c f32 2 q 6 8; v add c f32 2 p 4 6; s exp c f32 2 u,v 3 4", "s", "s,u,v", "v"},
      {PQ "x add c f32 2 p 9 9; s exp c f32 2 x 3 5", PQ "u add c f32 2 q 6 8; v add c f32 2 p,p,p,p,p,p,p,p,p,p,p,p,p,p,p,p,p,p,p,p,p,p,p 4 6; s exp c f32 2 u,v 3 4", "s", "s,u,v", "v"},
      {PQ "x add c f32 2 p 9 9; s exp c f32 2 x 3 5", PQ "u add c f32 2 q 6 8; v add c f32 2 p,p,p,p,p,p,p,p,p,p,p,p,p,p,p,p,p,p,p,p,p,p,p,p 4 6; s exp c f32 2 u,v 3 4", "s", "s,u,v", "u"},
      {"x rand c f32 2 - 9 8; s exp c f32 2 x 3 5", PQ "u add c f32 2 q 6 8; v add c f32 2 - 4 6; s exp c f32 2 u,v 3 4", "s", "s,u,v", "u"},      /* of nothing */
      {PQ "x add c f32 2 p 9 9; s exp c f32 2 x 3 5", PQ "u add c f32 2 q 6 8; v add c f32 2x1 p 4 6; s exp c f32 2 u,v 3 4", "s", "s,u,v", "u"},
      /* the value itself as it is handed on is no input of itself, but of what only passes values on */
      {PQ "x add c f32 2 p 9 9; s exp c f32 2 x 3 5", PQ "s exp c f32 2 p 3 4; m next y f32 2 s 3 4; n for l f32 2 m 3 4", "n", "n,m,s", ""},
      {PQ "x next y f32 2 p 9 9; s exp c f32 2 x 3 5", PQ "s exp c f32 2 p 3 4; m next y f32 2 s 3 4; n for l f32 2 m 3 4", "n", "n,m,s", ""},
      {PQ "x next y f32 2 p 9 9; s copy m f32 2 x 9 9", PQ "s exp c f32 2 p 3 4; m next y f32 2 s 3 4; n for l f32 2 m 3 4", "n", "n,m,s", "m"},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    told got = told_run(&ctx->mem, rows[i].got), want = told_run(&ctx->mem, rows[i].want);
    flow_search s = told_search(&ctx->mem, &got, &want, NULL);
    flow_list walk = list_of(&ctx->mem, &want, rows[i].walk);
    s.reader = told_node(&got, "s");
    int p = flow_partner(&s, told_node(&got, "x"), told_node(&got, "s"), told_node(&want, "s"), told_node(&want, rows[i].start), &walk);
    if (strcmp(p < 0 ? "" : want.name[p], rows[i].partner) != 0)
      fail_msg("row %zu: '%s', expected '%s'", i, p < 0 ? "" : want.name[p], rows[i].partner);
  }
}

/* 64 candidates are looked at: one of the right type behind `others` of another one. */
static void test_partners_are_looked_for_among_the_nearest(void **state) {
  loom_ctx *ctx = *state;
  for (int others = 63; others < 65; others++) {
    told got = told_run(&ctx->mem, X), want = told_run(&ctx->mem, "s exp c f32 2 - 3 4");
    const double x[] = {1, 2};
    flow_list walk = {0};
    for (int i = 0; i <= others; i++)
      vec_push(&ctx->mem, &walk, flow_add(want.run, told_op(want.run, "load"), FLOW_INPUT, 0, NULL, DTYPE_F32, i < others ? 2 : 1, (const int64_t[]){2, 1}, x, NULL));
    flow_search s = told_search(&ctx->mem, &got, &want, NULL);
    assert_int_equal(flow_partner(&s, 0, 1, 0, 0, &walk), walk.at[others < 64 ? others : 0]);
  }
}

/* The last node of one run should be the last one of the other. */
static void test_the_first_wrong_value_is_found(void **state) {
  loom_ctx *ctx = *state;
  const double five = 5;
  const flow_known known = {&five, 1};
#define LOADS "a load i f32 2 - 1 2; b load_b i f32 2 - 3 4; "
  const struct { const char *got, *want, *node, *should; int64_t element; bool is_known; } rows[] = {
      {LOADS "s add c f32 2 a,b 4 7", LOADS "s add c f32 2 a,b 4 6", "s", "s", 1, false},
      {"a load i f32 2 - 1 2; b load_b i f32 2 - 3 5; s add c f32 2 a,b 4 7", LOADS "s add c f32 2 a,b 4 6", "b", "b", 1, false},
      /* through what only passes values on */
      {"a load i f32 2 - 1 2; b load_b i f32 2 - 0 4; m copy m f32 2 b 0 4; s add c f32 2 a,m 1 6", LOADS "s add c f32 2 a,b 4 6", "b", "b", 0, false},
      {LOADS "m copy m f32 2 b 0 4; s add c f32 2 a,m 1 6", LOADS "s add c f32 2 a,b 4 6", "m", "s", 0, false},      /* it is that copy that fails, which nothing in the other run is */
      {"a load i f32 2 - 1 2; b load_b i f32 2 - 0 4; m copy m f32 2 b 0 4; c cast c f16 2 m 0 4; s add c f32 2 a,c 1 6", LOADS "s add c f32 2 a,b 4 6", "b", "b", 0, false},
      /* right, but for another use */
      {LOADS "s add c f32 2 a,a 2 4", LOADS "s add c f32 2 a,b 4 6", "s", "s", 0, false},
      {LOADS "t load_t i f32 2 - 7 8; s add c f32 2 a,t 4 7", LOADS "t load_t i f32 2 - 7 8; s add c f32 2 a,b 4 6", "t", "b", 0, false},
      /* constants of an earlier form are right; what takes the wrong one is not.  Read twice, it is right both times */
      {"k of k f32 . - 5; f fill c f32 2 k 5; s add c f32 2 f,f 10", "k of k f32 . - 3; f fill c f32 2 k 3; s add c f32 2 f,f 6", "f", "k", 0, true},
      {"k of k f32 . - 5; f fill c f32 2 k 5; s add c f32 2 f,f 10", "k of k f32 . - 3; f fill c f32 2 k 3; s add c f32 2 f,f 6", "k", "k", 0, false},
      {LOADS "k of k f32 2 - 5; s add c f32 2 k,k,a 10 11", LOADS "s add c f32 2 a,b 4 6", "s", "s", 0, true},
      {"k of k f32 . - 5", "k of k f32 . - 3", "k", "k", 0, true},
      {"k of k f32 2 - 5 6", "k of k f32 2 - 5 7", "k", "k", 1, false},
      {"k of k f32 2 - 5", "k of k f32 2 - 5 7", "k", "k", 1, false},
      {"k of k f32 2 - 5", "k of k f32 . - 4", "k", "k", 0, false},
      /* filled with what the other run reduces from, although what it is made of has no counterpart */
      {LOADS "k of k f32 . - 0; z fill c f32 2 k 0; s add c f32 2 a,z 1 2", LOADS "s sum c=0 f32 2 a,b 4 6", "s", "s", 0, false},
      /* a copy needs what it copies; what a loop leaves is what a round hands on, not any value there is */
      {"a load i f32 2 - 1 2; m copy m f32 2 a 1 9; s exp c f32 2 m 3 5", "a load i f32 2 - 1 2; b load_b i f32 2 - 7 8; y next y f32 2 b 7 8; s exp c f32 2 a,y 3 4", "m", "s", 0, false},
      {"a load i f32 2 - 1 2; n for l f32 2 a 1 2", "a load i f32 2 - 1 2; s exp c f32 2 a 2 4; y next y f32 2 s 2 4; n for l f32 2 y 2 4", "a", "n", 0, false},
      {"a load i f32 2 - 1 2; s exp c f32 2 a 2 4; n for l f32 2 s 2 5", "a load i f32 2 - 1 2; s exp c f32 2 a 2 4; y next y f32 2 s 2 4; n for l f32 2 y 2 4", "n", "n", 1, false},
      /* nothing of its size */
      {LOADS "s add c f32 3 a,b 4 6 7", LOADS "s add c f32 2 a,b 4 6", "s", "", -1, false},
      /* handed on: what is handed on once more may explain it */
      {LOADS "c exp c f32 2 b 9 9; s add c f32 2 a,c 10 11", LOADS "c exp c f32 2 b 8 9; m copy m f32 2 c 8 9; n join m f32 2 m,a 8 9; s add c f32 2 a,m,n 9 11", "c", "c", 0, false},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    told got = told_run(&ctx->mem, rows[i].got), want = told_run(&ctx->mem, rows[i].want);
    flow_parting p = flow_find_parting(&ctx->mem, got.run, (int)got.run->nodes.n - 1, want.run, (int)want.run->nodes.n - 1, rows[i].is_known ? &known : NULL);
    if (strcmp(got.name[p.node], rows[i].node) != 0 || strcmp(p.want < 0 ? "" : want.name[p.want], rows[i].should) != 0 || p.element != rows[i].element || p.loop != -1)
      fail_msg("row %zu: '%s' should be '%s', element %d; expected '%s', '%s', %d", i, got.name[p.node], p.want < 0 ? "" : want.name[p.want], (int)p.element, rows[i].node,
               rows[i].should, (int)rows[i].element);
  }
}

/* A chain of wrong values longer than the search goes back: what it came to is named. */
static void test_the_search_goes_back_so_far(void **state) {
  loom_ctx *ctx = *state;
  enum { LINKS = 2100 };
  static double x[LINKS];
  told got = {.run = flow_new(&ctx->mem, 0)}, want = told_run(&ctx->mem, "s exp c f32 . - -1");
  for (int i = 0; i < LINKS; i++) {
    x[i] = 10 + 3 * i;
    flow_add(got.run, told_op(got.run, "exp"), FLOW_COMPUTE, i > 0, (int[]){i - 1}, DTYPE_F32, 0, NULL, &x[i], NULL);
  }
  flow_parting p = flow_find_parting(&ctx->mem, got.run, LINKS - 1, want.run, 0, NULL);
  assert_int_equal(p.node, LINKS - 2000);
}

/* The nodes "x" and "y" part; in another round they may do so before. */
static void test_the_first_round_that_parts_is_found(void **state) {
  loom_ctx *ctx = *state;
#define ROUND(at, node, rest) "( for " #at "; " #node " add c f32 2 " rest "; )"
  const struct { const char *got, *want, *node, *should; } rows[] = {
      {ROUND(0, a, "- 1 2") ";" ROUND(1, x, "a 2 4"), ROUND(0, a, "- 1 2") ";" ROUND(1, y, "a 2 5") "; s exp c f32 2 y 0", "x", "y"},
      {ROUND(0, a, "- 1 3") ";" ROUND(1, x, "a 2 4"), ROUND(0, a, "- 1 2") ";" ROUND(1, y, "a 2 5") "; s exp c f32 2 y 0", "a", "a"},
      {ROUND(0, a, "- 1 3") ";" ROUND(1, x, "a 2 4"), ROUND(0, b, "- 1 2") ";" ROUND(1, y, "- 2 5") "; s exp c f32 2 y 0", "x", "y"},      /* not a round that it was made of */
      {ROUND(0, x, "- 2 4"), ROUND(0, a, "- 1 2") ";" ROUND(1, y, "a 2 5") "; s exp c f32 2 y 0", "x", "y"},      /* there are fewer */
      {"a add i f32 2 - 0 0;" ROUND(0, b, "- 1 2") ";" ROUND(1, x, "b 2 4"), ROUND(0, b, "- 1 2") "; k add i f32 2 - 7 7;" ROUND(1, y, "b,k 2 5") "; s exp c f32 2 y 0", "x", "y"},   /* kinds */
      {"[ grid 0; a add c f32 2 - 7 7; ); [ grid 1; x add c f32 2 - 2 4; )", "[ grid 0; y add c f32 2 - 2 5; ); s exp c f32 2 y 0", "x", "y"},      /* another instance's */
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    told got = told_run(&ctx->mem, rows[i].got), want = told_run(&ctx->mem, rows[i].want);
    flow_parting p = {.node = told_node(&got, "x"), .want = told_node(&want, "y")};
    flow_to_first_round(&ctx->mem, got.run, want.run, (int)want.run->nodes.n - 1, &p);
    if (strcmp(got.name[p.node], rows[i].node) != 0 || strcmp(want.name[p.want], rows[i].should) != 0)
      fail_msg("row %zu: '%s' should be '%s'", i, got.name[p.node], want.name[p.want]);
  }
}

/* "x" should be "y"; loop: the name of the loop that runs too few or too many rounds, "" none. */
static void test_loops_that_end_at_another_round_are_found(void **state) {
  loom_ctx *ctx = *state;
#define TWO ROUND(0, a, "- 1 2") ";" ROUND(1, y, "a 2 5")
  const struct { const char *got, *want, *loop; int64_t rounds, wanted; } rows[] = {
      {TWO ";" ROUND(2, x, "y 3 6"), TWO, "for", 3, 2},
      {ROUND(0, x, "- 1 2"), TWO, "for", 1, 2},
      {ROUND(0, a, "- 1 2") ";" ROUND(1, x, "a 1 2"), TWO, "", 2, 2},
      {"x add c f32 2 - 1 2", TWO, "", 0, 0},
      {ROUND(0, x, "- 1 2"), "y add c f32 2 - 1 2", "", 0, 0},
      {"[ grid 0; x add c f32 2 - 1 2; )", TWO, "", 0, 0},
      {ROUND(0, x, "- 1 2"), "[ grid 0; y add c f32 2 - 1 2; )", "", 0, 0},
      /* what counts as a round: the operation in the same loop of the same round around it, once */
      {"a add c f32 2 - 1 2; ( on 0; b add c f32 2 - 1 2; ); ( for 5; ( for 0; c add c f32 2 - 1 2; ); ); ( for 0; d add i f32 2 - 1 2; e exp c f32 2 - 1 2; ); "
       "( for 1; f add c f32 2 - 1 2; x add c f32 2 - 1 2; )", TWO, "for", 1, 2},
      /* of what a loop left, the rounds inside */
      {TWO "; z next y f32 2 y 3 6; x for l f32 2 z 3 6", TWO, "", 2, 2},
      {TWO "; x copy m f32 2 y 3 6", TWO, "", 0, 0},
      {TWO "; x next y f32 2 y,a 3 6", TWO, "", 0, 0},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    told got = told_run(&ctx->mem, rows[i].got), want = told_run(&ctx->mem, rows[i].want);
    flow_parting p = {.node = told_node(&got, "x"), .want = told_node(&want, "y"), .loop = -1};
    flow_find_loop(got.run, want.run, &p);
    if (strcmp(p.loop < 0 ? "" : got.run->ops.at[p.loop].name, rows[i].loop) != 0 || p.rounds != rows[i].rounds || p.rounds_wanted != rows[i].wanted)
      fail_msg("row %zu: '%s', %d rounds, %d wanted", i, p.loop < 0 ? "" : got.run->ops.at[p.loop].name, (int)p.rounds, (int)p.rounds_wanted);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_partners_have_the_kind_and_size, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_partners_are_looked_for_among_the_nearest, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_the_first_wrong_value_is_found, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_the_search_goes_back_so_far, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_the_first_round_that_parts_is_found, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_loops_that_end_at_another_round_are_found, testing_open_context, testing_close_context),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
