#include "base/rng.h"
#include "base/testing.h"
#include "network/axis_split.h"

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

/* Calls fn at every point of the space. */
static void each_point(const axis_space *s, void (*fn)(const int64_t *at, void *data), void *data) {
  int64_t at[AXIS_MAX] = {0};
  for (;;) {
    fn(at, data);
    int d = s->n - 1;
    for (; d >= 0 && ++at[d] == s->extent[d]; d--)
      at[d] = 0;
    if (d < 0)
      return;
  }
}

/* ---- expressions against the definition, by a list of steps that is run on numbers too ---- */

typedef struct step { int op, a, b; int64_t by; } step;      /* 0 variable a, 1 constant, 2 a + b, 3 a * by, 4 a floordiv by, 5 a mod by */
enum { STEPS = 12 };
typedef struct program { axis_space space; step step[STEPS]; int n; axis_expr made; } program;

static int64_t floor_div(int64_t a, int64_t b) { return (a - ((a % b) + b) % b) / b; }

static void run_steps(const program *p, const int64_t *at, int64_t *out) {
  for (int i = 0; i < p->n; i++) {
    const step *s = &p->step[i];
    switch (s->op) {
    case 0: out[i] = at[s->a]; break;
    case 1: out[i] = s->by; break;
    case 2: out[i] = out[s->a] + out[s->b]; break;
    case 3: out[i] = out[s->a] * s->by; break;
    case 4: out[i] = floor_div(out[s->a], s->by); break;
    default: out[i] = out[s->a] - floor_div(out[s->a], s->by) * s->by; break;
    }
  }
}

static program random_program(rng *r) {
  static const int64_t extents[] = {1, 2, 3, 4, 6, 8, 12}, factors[] = {1, 2, 3, 4, 6, 8, 12, -1, 5};
  program p = {.n = STEPS};
  axis_expr made[STEPS];
  p.space.n = (int)rng_range(r, 1, 3);
  for (int v = 0; v < p.space.n; v++)
    p.space.extent[v] = extents[rng_range(r, 0, 6)];
  for (int i = 0; i < STEPS; i++) {
    step s = {.op = i < p.space.n ? 0 : (int)rng_range(r, 1, 5), .a = (int)(i < p.space.n ? i : rng_range(r, i > 3 ? i - 4 : 0, i - 1)), .b = (int)rng_range(r, 0, i ? i - 1 : 0)};
    s.by = s.op == 1 ? rng_range(r, -7, 30) : s.op == 3 ? factors[rng_range(r, 0, 8)] : factors[rng_range(r, 0, 6)];
    p.step[i] = s;
    made[i] = s.op == 0 ? axis_var(&mem, s.a) : s.op == 1 ? axis_const(s.by) : s.op == 2 ? axis_add(&mem, &p.space, made[s.a], made[s.b]) : s.op == 3 ? axis_scale(&mem, made[s.a], s.by)
              : s.op == 4 ? axis_floordiv(&mem, &p.space, made[s.a], s.by) : axis_mod(&mem, &p.space, made[s.a], s.by);
  }
  p.made = made[STEPS - 1];
  return p;
}

static void check_steps(const int64_t *at, void *data) {
  const program *p = data;
  int64_t out[STEPS], got = axis_eval(p->made, at), lo, hi;
  run_steps(p, at, out);
  axis_range(&p->space, p->made, &lo, &hi);
  if (got != out[STEPS - 1] || got < lo || got > hi)
    fail_msg("%s is %lld in %lld..%lld, by definition %lld", axis_text(&mem, p->made), (long long)got, (long long)lo, (long long)hi, (long long)out[STEPS - 1]);
}

/* Oracle: floor division and remainder by definition, at every point of 10,000 random expressions. */
static void test_simplified_expressions_have_the_values_of_what_was_written(void **state) {
  (void)state;
  rng r = rng_new(11);
  for (int i = 0; i < 10000; i++) {
    arena_mark mark = arena_save(&mem);
    program p = random_program(&r);
    each_point(&p.space, check_steps, &p);
    arena_release(&mem, mark);
  }
}

/* ---- splits of views: a chain of reshapes and permutations of a row-major array ---- */

typedef struct view { int n; int64_t extent[8]; axis_space space; axis_expr at; } view;

/* The address of element (d0, d1, ..) of a view that shows row-major memory through `shape`, its dims in the order `perm`. */
static view first_view(rng *r) {
  static const int64_t sizes[] = {1, 2, 2, 3, 4, 6};
  view v = {.n = (int)rng_range(r, 1, 4)};
  int64_t stride = 1;
  for (int d = 0; d < v.n; d++)
    v.extent[d] = v.space.extent[d] = sizes[rng_range(r, 0, 5)];
  v.space.n = v.n;
  for (int d = v.n - 1; d >= 0; d--) {
    v.at = axis_add(&mem, &v.space, v.at, axis_scale(&mem, axis_var(&mem, d), stride));
    stride *= v.extent[d];
  }
  return v;
}

static view permuted(rng *r, view v) {
  int perm[8];
  axis_expr by[AXIS_MAX];
  view out = {.n = v.n};
  for (int d = 0; d < v.n; d++) {
    int k = (int)rng_range(r, 0, d);
    perm[d] = perm[k];
    perm[k] = d;
  }
  for (int d = 0; d < v.n; d++) {
    out.extent[d] = v.extent[perm[d]];
    by[perm[d]] = axis_var(&mem, d);
  }
  out.space = (axis_space){.n = v.n};
  memcpy(out.space.extent, out.extent, sizeof out.extent);
  out.at = axis_subst(&mem, &out.space, v.at, by);
  return out;
}

/* The same elements in row-major order, with other sizes. */
static view reshaped(rng *r, view v) {
  int64_t total = 1, stride = 1;
  axis_expr linear = {0}, by[AXIS_MAX];
  view out = {0};
  for (int d = 0; d < v.n; d++)
    total *= v.extent[d];
  for (int64_t left = total; out.n < 4;) {
    int64_t size = out.n == 3 ? left : rng_range(r, 1, 6);
    if (left % size)
      continue;
    out.extent[out.n++] = size;
    left /= size;
    if (left == 1 && rng_range(r, 0, 1))
      break;
  }
  int64_t made = 1;
  for (int d = 0; d < out.n; d++)
    made *= out.extent[d];
  if (made != total)
    out.extent[out.n - 1] *= total / made;
  out.space = (axis_space){.n = out.n};
  memcpy(out.space.extent, out.extent, sizeof out.extent);
  for (int d = out.n - 1; d >= 0; d--) {
    linear = axis_add(&mem, &out.space, linear, axis_scale(&mem, axis_var(&mem, d), stride));
    stride *= out.extent[d];
  }
  stride = 1;
  for (int d = v.n - 1; d >= 0; d--) {
    by[d] = axis_mod(&mem, &out.space, axis_floordiv(&mem, &out.space, linear, stride), v.extent[d]);
    stride *= v.extent[d];
  }
  out.at = axis_subst(&mem, &out.space, v.at, by);
  return out;
}

typedef struct split_check { const view *v; const axis_plan *p; axis_expr split; int64_t points; } split_check;

static void check_split(const int64_t *digits, void *data) {
  split_check *c = data;
  int64_t at[AXIS_MAX];
  for (int v = 0; v < c->v->n; v++) {
    at[v] = axis_eval(c->p->by[v], digits);
    assert_in_range(at[v], 0, c->v->extent[v] - 1);
  }
  int64_t want = axis_eval(c->v->at, at), got = axis_eval(c->split, digits);
  if (want != got)
    fail_msg("%s becomes %s: %lld, not %lld", axis_text(&mem, c->v->at), axis_text(&mem, c->split), (long long)got, (long long)want);
  c->points++;
}

/* Oracle: the index before the split, at every point of 10,000 random chains of views; and the digits number the points one by one. */
static void test_a_split_access_is_the_access_at_every_point(void **state) {
  (void)state;
  rng r = rng_new(5);
  int linear = 0, split = 0;
  for (int i = 0; i < 10000; i++) {
    arena_mark mark = arena_save(&mem);
    view v = first_view(&r);
    for (int k = (int)rng_range(&r, 1, 4); k > 0; k--)
      v = rng_range(&r, 0, 1) ? permuted(&r, v) : reshaped(&r, v);
    axis_boundaries all = {0};
    axis_plan p;
    axis_collect(&v.space, v.at, &all);
    assert_true(axis_find_plan(&mem, &v.space, &all, &p));
    split_check c = {&v, &p, axis_split(&mem, &p, v.at), 0};
    each_point(&p.to, check_split, &c);
    int64_t total = 1;
    for (int d = 0; d < v.n; d++)
      total *= v.extent[d];
    assert_int_equal(c.points, total);
    linear += axis_is_linear(c.split);
    split += p.is_split;
    arena_release(&mem, mark);
  }
  assert_true(linear > 7000 && split > 500);      /* the cases are not all trivial, and most of them are solved */
}

/* ---- the rules, one by one ---- */

static axis_expr fdm(const axis_space *s, int v, int64_t div, int64_t mod) {
  axis_expr e = axis_floordiv(&mem, s, axis_var(&mem, v), div);
  return mod ? axis_mod(&mem, s, e, mod) : e;
}

/* Oracle: written out by hand. */
static void test_boundaries_are_what_divides(void **state) {
  (void)state;
  const axis_space s = {1, {24}};
  const struct { int64_t div, mod; int n; int64_t at[2]; bool uneven; } c[] = {
      {2, 0, 1, {2}, false}, {1, 4, 1, {4}, false}, {2, 3, 2, {2, 6}, false}, {2, 12, 1, {2}, false}, {5, 0, 0, {0}, true}, {4, 5, 0, {0}, true}};
  for (size_t i = 0; i < COUNT_OF(c); i++) {
    axis_boundaries b = {0};
    axis_collect(&s, fdm(&s, 0, c[i].div, c[i].mod), &b);
    assert_int_equal(b.n[0], c[i].n);
    for (int k = 0; k < c[i].n; k++)
      assert_int_equal(b.at[0][k], c[i].at[k]);
    assert_int_equal(b.is_uneven, c[i].uneven);
    assert_false(b.has_many);
  }
}

/* Oracle: x = 12*d0 + 4*d1 + d2 has (x floordiv 4) mod 3 = d1 and x floordiv 12 = d0. */
static void test_three_levels_split_into_digits(void **state) {
  (void)state;
  const axis_space s = {1, {24}};
  axis_expr e[2] = {fdm(&s, 0, 4, 3), fdm(&s, 0, 12, 0)};
  axis_plan p;
  assert_int_equal(axis_pick_copy(&mem, &s, e, (int64_t[]){3, 2}, 2, &p), -1);
  assert_int_equal(p.to.n, 3);
  assert_string_equal(axis_text(&mem, p.by[0]), "12*d0 + 4*d1 + d2");
  assert_string_equal(axis_text(&mem, axis_split(&mem, &p, e[0])), "d1");
  assert_string_equal(axis_text(&mem, axis_split(&mem, &p, e[1])), "d0");
}

/* Oracle: the rules in the header. */
static void test_the_smallest_of_those_in_the_way_is_copied(void **state) {
  (void)state;
  const axis_space one = {1, {6}}, two = {2, {8, 3}};
  axis_expr halves = fdm(&one, 0, 2, 0), thirds = fdm(&one, 0, 1, 3), uneven = fdm(&one, 0, 4, 0);
  axis_expr flat = axis_add(&mem, &two, axis_scale(&mem, axis_var(&mem, 0), 3), axis_var(&mem, 1)), many = axis_floordiv(&mem, &two, flat, 4);
  axis_plan p;
  assert_int_equal(axis_pick_copy(&mem, &one, (axis_expr[]){halves, thirds}, (int64_t[]){6, 6}, 2, &p), 0);
  assert_true(p.no_chain[0]);
  assert_int_equal(axis_pick_copy(&mem, &one, (axis_expr[]){halves, thirds}, (int64_t[]){6, 3}, 2, &p), 1);
  assert_int_equal(axis_pick_copy(&mem, &one, (axis_expr[]){halves, uneven}, (int64_t[]){2, 6}, 2, &p), 1);
  assert_int_equal(axis_pick_copy(&mem, &two, (axis_expr[]){flat, many}, (int64_t[]){1, 24}, 2, &p), 1);
  assert_int_equal(axis_pick_copy(&mem, &two, &flat, (int64_t[]){24}, 1, &p), -1);
}

/* Oracle: two views of one address are one expression: a matrix turned twice through other shapes is the matrix. */
static void test_quotient_and_remainder_join(void **state) {
  (void)state;
  const axis_space s = {2, {8, 3}};
  axis_expr flat = axis_add(&mem, &s, axis_scale(&mem, axis_var(&mem, 0), 3), axis_var(&mem, 1));
  axis_expr row = axis_floordiv(&mem, &s, flat, 4), col = axis_mod(&mem, &s, flat, 4);
  axis_expr again = axis_add(&mem, &s, axis_scale(&mem, row, 4), col);
  assert_true(axis_equal(again, flat));
  assert_string_equal(axis_text(&mem, axis_floordiv(&mem, &s, flat, 3)), "d0");
  assert_string_equal(axis_text(&mem, axis_mod(&mem, &s, flat, 3)), "d1");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_simplified_expressions_have_the_values_of_what_was_written, setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_split_access_is_the_access_at_every_point, setup, teardown),
      cmocka_unit_test_setup_teardown(test_boundaries_are_what_divides, setup, teardown),
      cmocka_unit_test_setup_teardown(test_three_levels_split_into_digits, setup, teardown),
      cmocka_unit_test_setup_teardown(test_the_smallest_of_those_in_the_way_is_copied, setup, teardown),
      cmocka_unit_test_setup_teardown(test_quotient_and_remainder_join, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
