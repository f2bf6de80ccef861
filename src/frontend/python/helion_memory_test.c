/* Memory and order: atomics, masked loads and stores through index tensors, scans and folds with functions, while, steps, equal elements.
 * Oracle: the same written as C loops over whole arrays, at several block sizes. */
#include "frontend/python/helion_testing.h"

enum { M = 11, N = 5 };

static double number(int64_t at) { return (double)((at * 37 + 11) % 23) - 9; }
static double half(int64_t at) { return number(at) / 2; }
static double place(int64_t at) { return (double)((at * 7 + 2) % 4); }
static double count(int64_t at) { return (double)((at * 5 + 3) % 6); }
static double offset(int64_t at) { return (double)(at * (at + 1) / 2); }   /* rows of 0, 1, 2, .. elements */

#define X {"x", DTYPE_F64, 2, {M, N}, half}
#define I {"i", DTYPE_I32, 2, {M, N}, number}
#define V {"v", DTYPE_I32, 1, {M}, number}
#define P {"p", DTYPE_I64, 1, {M}, place}
#define C {"c", DTYPE_I64, 1, {M}, count}
static const helion_input inputs[] = {X, I, V, P, C};
#define HEAD HELION_KERNEL("x: torch.Tensor, i: torch.Tensor, v: torch.Tensor, p: torch.Tensor, c: torch.Tensor") "  m, n = x.size()\n"

static void expect(const char *code, const double *want, int64_t n) {
  static const int64_t blocks[] = {1, 2, 3, 7, 0};
  for (size_t b = 0; b < COUNT_OF(blocks); b++)
    helion_expect(code, inputs, COUNT_OF(inputs), blocks[b], false, want, n);
}

/* ---- atomics ---- */

static double add(double a, double b) { return a + b; }
static double both(double a, double b) { return (double)((int32_t)a & (int32_t)b); }
static double either(double a, double b) { return (double)((int32_t)a | (int32_t)b); }
static double one_of(double a, double b) { return (double)((int32_t)a ^ (int32_t)b); }
static double second(double a, double b) { return (void)a, b; }

static const struct { const char *name; double (*f)(double, double); double start; } atomics[] = {
    {"add", add, 3}, {"max", fmax, -2}, {"min", fmin, 4}, {"and", both, -1}, {"or", either, 0}, {"xor", one_of, 6}, {"xchg", second, 1}};

/* Several elements of a tile go to one place: in order, and each gets what was there before it. */
static void test_atomics_work_in_order_and_return_what_was_there(void **state) {
  (void)state;
  for (size_t a = 0; a < COUNT_OF(atomics); a++) {
    char code[1000];
    double cell[4], old[M];
    for (int k = 0; k < 4; k++)
      cell[k] = atomics[a].start;
    for (int k = 0; k < M; k++) {
      double *to = &cell[(int)place(k)];
      old[k] = *to;
      *to = atomics[a].f(*to, number(k));
    }
    for (int returns_old = 0; returns_old < 2; returns_old++) {
      snprintf(code, sizeof code,
               HEAD "  out = torch.full([4], %d, dtype=torch.int32)\n  old = torch.empty([m], dtype=torch.int32)\n  for t in hl.tile(m):\n"
                    "    old[t] = hl.atomic_%s(out, [p[t]], v[t])\n  return %s\n", (int)atomics[a].start, atomics[a].name, returns_old ? "old" : "out");
      expect(code, returns_old ? old : cell, returns_old ? M : 4);
    }
  }
}

static void test_an_atomic_cas_exchanges_where_it_finds_what_it_expects(void **state) {
  (void)state;
  double cell[4] = {0}, old[M];
  for (int k = 0; k < M; k++) {
    double *to = &cell[(int)place(k)], expected = k % 3 - 1;
    old[k] = *to;
    *to = *to == expected ? k - 3 : *to;
  }
#define CAS HEAD "  out = torch.zeros([4], dtype=torch.int32)\n  old = torch.empty([m], dtype=torch.int32)\n  for t in hl.tile(m):\n" \
                 "    old[t] = hl.atomic_cas(out, [p[t]], t.index % 3 - 1, t.index - 3)\n"
  expect(CAS "  return out\n", cell, 4);
  expect(CAS "  return old\n", old, M);
}

static void test_a_comparison_of_rounded_values_is_refused(void **state) {
  (void)state;
  static const helion_input one[] = {{"x", DTYPE_F32, 1, {M}, half}};
  helion_run r;
  helion_run_text(&r, HELION_KERNEL("x: torch.Tensor") "  out = torch.ones([11])\n  for t in hl.tile(11):\n    y = torch.exp(x[t])\n    hl.atomic_add(out, [t], y)\n"
                                                       "    hl.atomic_cas(out, [t], y + 1, y)\n  return out\n", one, 1, 0, false);
  assert_int_equal(r.status, LOOM_EUNSUP);
  testing_expect_error(&r.ctx, LOOM_EUNSUP, "this comparison of an atomic_cas depends on rounding", 10, 5);
  loom_ctx_done(&r.ctx);
}

/* Rows of a jagged tile end early: what is behind their end is not added. */
static void test_atomics_of_jagged_tiles_leave_the_rest_out(void **state) {
  (void)state;
  static const helion_input given[] = {{"offsets", DTYPE_I64, 1, {6}, offset}, {"values", DTYPE_I32, 1, {15}, number}, {"where", DTYPE_I64, 1, {15}, place}};
  double want[4] = {0};
  for (int k = 0; k < 15; k++)
    want[(int)place(k)] += number(k);
  for (int64_t block = 0; block < 5; block++)
    helion_expect(HELION_KERNEL("offsets: torch.Tensor, values: torch.Tensor, where: torch.Tensor") "  out = torch.zeros([4], dtype=torch.int32)\n  for tr in hl.tile(5):\n"
                  "    first = offsets[tr]\n    for tk in hl.jagged_tile(offsets[tr.index + 1] - first):\n      at = first[:, None] + tk.index[None, :]\n"
                  "      hl.atomic_add(out, [hl.load(where, [at])], hl.load(values, [at]))\n  return out\n", given, 3, block, false, want, 4);
}

/* A sum of atomics ends at a store: the bound starts again from there. */
static void test_stores_between_atomics_count(void **state) {
  (void)state;
  static const helion_input one[] = {{"x", DTYPE_F32, 1, {8}, half}};
  helion_run r;
  helion_run_text(&r, HELION_KERNEL("x: torch.Tensor") "  out = torch.zeros([8])\n  for t in hl.tile(8):\n    y = torch.exp(x[t])\n    hl.atomic_add(out, [t], y)\n    out[t] = y * 1000000.0\n"
                                                       "    hl.atomic_add(out, [t], y)\n  return out\n", one, 1, 0, false);
  assert_int_equal(r.status, LOOM_OK);
  const interp_tensor *t = helion_run_result(&r, 0);
  for (int64_t at = 0; at < 8; at++) {
    double want = 1000001 * exp(half(at));
    assert_true(fabs(t->value[at] - want) <= t->bound[at] && t->bound[at] >= 0x1p-24 * want && t->bound[at] < 0x1p-19 * want);
  }
  loom_ctx_done(&r.ctx);
}

/* ---- masks and index tensors ---- */

/* The index is outside of the table where the mask is off. */
static void test_masked_lanes_touch_nothing(void **state) {
  (void)state;
  double loaded[M * N], stored[4 * N];
  for (int k = 0; k < 4 * N; k++)
    stored[k] = 7;
  for (int row = 0; row < M; row++)
    for (int k = 0; k < N; k++) {
      bool on = number(row * N + k) > 0;
      loaded[row * N + k] = on ? half((int64_t)place(row) * N + k) : 0;
    }
  for (int row = M; row-- > 0;)   /* of several for one place the first one stays */
    for (int k = 0; k < N; k++)
      if (number(row * N + k) > 0)
        stored[(int)place(row) * N + k] = number(row * N + k);
  expect(HEAD "  out = torch.empty([m, n], dtype=torch.float64)\n  for t in hl.tile(m):\n    on = i[t, :] > 0\n    far = torch.where(on, p[t][:, None], 1000)\n"
              "    out[t, :] = hl.load(x, [far, hl.arange(5)[None, :]], extra_mask=on)\n  return out\n", loaded, M * N);
  /* one tile: which tile's store stays is the order of the tiles */
  helion_expect(HEAD "  out = torch.full([4, n], 7, dtype=torch.int32)\n  for t in hl.tile(m):\n    on = i[t, :] > 0\n    hl.store(out, [p[t], slice(None)], i[t, :], extra_mask=on)\n"
                     "  return out\n", inputs, COUNT_OF(inputs), 0, false, stored, 4 * N);
}

static void test_index_tensors_side_by_side(void **state) {
  (void)state;
  double pairs[M], grid[M * M];
  for (int a = 0; a < M; a++) {
    pairs[a] = half((int)place(a) * N + (int)count(a) % N);
    for (int b = 0; b < M; b++)
      grid[a * M + b] = half((int)place(a) * N + (int)count(b) % N);
  }
  expect(HEAD "  out = torch.empty([m], dtype=torch.float64)\n  for t in hl.tile(m):\n    out[t] = x.view(-1)[p[t] * n + c[t] % n]\n  return out\n", pairs, M);
  expect(HEAD "  out = torch.empty([m, m], dtype=torch.float64)\n  for t in hl.tile(m):\n    out[t, :] = x[p[t], c[:] % n]\n  return out\n", grid, M * M);
  expect(HEAD "  out = torch.empty([m, m], dtype=torch.float64)\n  for ta, tb in hl.tile([m, m]):\n    out[ta, tb] = x[p[ta][:, None], (c[tb] % n)[None, :]]\n  return out\n", grid, M * M);
}

/* ---- scans and folds ---- */

static void test_scans_run_their_function_in_order(void **state) {
  (void)state;
  double forth[M * N], back[M * N], tagged[M * N];
  for (int row = 0; row < M; row++) {
    double a = 0, b = 0, s = 0;
    for (int k = 0; k < N; k++) {
      int at = row * N + k, end = row * N + N - 1 - k;
      forth[at] = a = k ? a * 0.5 - half(at) : half(at);   /* neither associative nor commutative */
      back[end] = b = k ? b * 0.5 - half(end) : half(end);
      bool same = k && (k + 1) / 2 == k / 2;
      tagged[at] = s = same ? s + half(at) : half(at);
    }
  }
#define FN(name, body) "def " name ":\n  return " body "\n"
#define SCAN(fn, head, body) "import torch\nimport helion\nimport helion.language as hl\n" fn "@helion.kernel()\ndef f(x, i, v, p, c):\n  m, n = x.size()\n  out = torch.empty([m, n], dtype=torch.float64)\n" \
                             "  for t in hl.tile(m):\n" head "    out[t, :] = " body "\n  return out\n"
  expect(SCAN(FN("g(a, b)", "a * 0.5 - b"), "", "hl.associative_scan(g, x[t, :], dim=1)"), forth, M * N);
  expect(SCAN(FN("g(a, b)", "a * 0.5 - b"), "", "hl.associative_scan(g, x[t, :], dim=-1, reverse=True)"), back, M * N);
  expect(SCAN(FN("g(a, i, b, j)", "torch.where(i == j, a + b, b), j"), "    tags = ((hl.arange(5) + 1) // 2)[None, :].expand_as(x[t, :])\n",
              "hl.associative_scan(g, (x[t, :], tags), dim=1)[0]"), tagged, M * N);
}

static void test_folds_begin_with_the_first_element(void **state) {
  (void)state;
  double rows[M], columns[N], best[M];
  for (int row = 0; row < M; row++) {
    int at = 0;
    rows[row] = half(row * N);
    for (int k = 1; k < N; k++) {
      rows[row] = rows[row] * 0.25 + half(row * N + k) * 2;
      at = half(row * N + k) >= half(row * N + at) ? k : at;   /* the last of equals */
    }
    best[row] = at;
  }
  for (int k = 0; k < N; k++) {
    columns[k] = half(k);
    for (int row = 1; row < M; row++)
      columns[k] = columns[k] * 0.25 + half(row * N + k) * 2;
  }
#define FOLD(fn, size, tile, body) "import torch\nimport helion\nimport helion.language as hl\n" fn "@helion.kernel()\ndef f(x, i, v, p, c):\n  m, n = x.size()\n  out = torch.empty([" size "], dtype=torch.float64)\n" \
                                   "  for t in hl.tile(" size "):\n    out[t] = " body "\n  return out\n"
  expect(FOLD(FN("g(a, b)", "a * 0.25 + b * 2"), "m", "", "hl.reduce(g, x[t, :], dim=1)"), rows, M);
  expect(FOLD(FN("g(a, b)", "a * 0.25 + b * 2"), "n", "", "hl.reduce(g, x[:, t], dim=0)"), columns, N);
  expect(FOLD(FN("g(a, i, b, j)", "torch.where(b >= a, b, a), torch.where(b >= a, j, i)"), "m", "", "hl.reduce(g, (x[t, :], hl.arange(5)[None, :].expand_as(x[t, :])), dim=1)[1]"), best, M);
}

/* ---- loops ---- */

static void test_while_runs_until_its_condition_fails(void **state) {
  (void)state;
  double want[M];
  for (int k = 0; k < M; k++) {   /* Euclid, with the number of steps */
    int64_t a = (int64_t)count(k) * 12 + 30, b = (int64_t)place(k) * 9 + 6, steps = 0;
    for (; b; steps++) {
      int64_t rest = a % b;
      a = b;
      b = rest;
    }
    want[k] = (double)(a * 100 + steps);
  }
  expect(HEAD "  out = torch.empty([m], dtype=torch.int64)\n  for k in hl.grid(m):\n    a = c[k] * 12 + 30\n    b = p[k] * 9 + 6\n    steps = hl.full([], 0, dtype=torch.int64)\n    while b > 0:\n"
              "      rest = a % b\n      a = b\n      b = rest\n      steps = steps + 1\n    out[k] = a * 100 + steps\n  return out\n", want, M);
}

static void test_ranges_step_and_end_where_values_say(void **state) {
  (void)state;
  double want[M * N], tri[M];
  memset(want, 0, sizeof want);
  for (int row = 2; row < M; row += 3)
    for (int k = 1; k < N; k += 2)
      want[row * N + k] = half(row * N + k) + row;
  for (int row = 0; row < M; row++) {
    tri[row] = 100;
    for (int k = (int)place(row); k < (int)count(row); k++)   /* often none */
      tri[row] += number(row * N + k % N) * k;
  }
  expect(HEAD "  out = torch.zeros_like(x)\n  for r in hl.grid(2, m, 3):\n    for k in range(1, n, 2):\n      out[r, k] = x[r, k] + r\n  return out\n", want, M * N);
  expect(HEAD "  out = torch.empty([m], dtype=torch.int64)\n  for r in hl.grid(m):\n    acc = hl.full([], 100, dtype=torch.int64)\n    for k in range(p[r], c[r]):\n      acc = acc + i[r, k % n] * k\n"
              "    out[r] = acc\n  return out\n", tri, M);
  expect(HEAD "  out = torch.empty([m], dtype=torch.int64)\n  for r in hl.grid(m):\n    acc = hl.full([], 100, dtype=torch.int64)\n    for tk in hl.tile(p[r], c[r]):\n"
              "      acc = acc + (i[r, tk.index % n] * tk.index).sum(0)\n    out[r] = acc\n  return out\n", tri, M);
}

/* ---- equal elements, NaN ---- */

static double with_nans(int64_t at) { return at % 7 == 5 ? NAN : (double)((at * 3) % 5); }

static void test_the_first_of_equals_wins_and_a_nan_over_all(void **state) {
  (void)state;
  static const helion_input one[] = {{"x", DTYPE_F64, 2, {M, N}, with_nans}};
  for (int is_max = 0; is_max < 2; is_max++) {
    double index[M], value[M];
    char code[600];
    for (int row = 0; row < M; row++) {
      int best = 0;
      for (int k = 1; k < N; k++) {
        double a = with_nans(row * N + k), b = with_nans(row * N + best);
        if (!isnan(b) && (isnan(a) || (is_max ? a > b : a < b)))
          best = k;
      }
      index[row] = best;
      value[row] = with_nans(row * N + best);
    }
    const char *name = is_max ? "max" : "min";
    for (int form = 0; form < 4; form++) {
      const char *const bodies[] = {"torch.arg%s(x[t, :], dim=1)", "torch.%s(x[t, :], 1)[1]", "torch.a%s(x[t, :], 1)", "torch.%s(x[t, :], dim=-1)[0]"};
      char body[100];
      snprintf(body, sizeof body, form == 0 ? bodies[0] : form == 1 ? bodies[1] : form == 2 ? bodies[2] : bodies[3], name);
      snprintf(code, sizeof code, HELION_KERNEL("x: torch.Tensor") "  m, n = x.size()\n  out = torch.empty([m], dtype=torch.float64)\n  for t in hl.tile(m):\n    out[t] = %s\n  return out\n", body);
      for (int64_t block = 0; block < 4; block++)
        helion_expect(code, one, 1, block, false, form < 2 ? index : value, M);
    }
  }
}

/* ---- joining and taking apart ---- */

static void test_stack_and_unbind_keep_places(void **state) {
  (void)state;
  double stacked[3][M * N * 2], taken[M * N];
  for (int row = 0; row < M; row++)
    for (int k = 0; k < N; k++)
      for (int s = 0; s < 2; s++) {
        double e = half(row * N + k) * (s ? -2 : 1);
        stacked[0][(s * M + row) * N + k] = stacked[1][(row * 2 + s) * N + k] = stacked[2][(row * N + k) * 2 + s] = e;
        taken[row * N + k] = half(row * N + k) * -2 - half(row * N + k);
      }
  static const char *const size[] = {"2, m, n", "m, 2, n", "m, n, 2"}, *const at[] = {":, t, :", "t, :, :", "t, :, :"};
  for (int axis = 0; axis < 3; axis++) {
    char code[700];
    snprintf(code, sizeof code, HEAD "  out = torch.empty([%s], dtype=torch.float64)\n  for t in hl.tile(m):\n    out[%s] = torch.stack([x[t, :], x[t, :] * -2], dim=%d)\n  return out\n", size[axis], at[axis], axis);
    expect(code, stacked[axis], M * N * 2);
    snprintf(code, sizeof code, HEAD "  out = torch.empty_like(x)\n  for t in hl.tile(m):\n    a, b = torch.unbind(torch.stack([x[t, :], x[t, :] * -2], dim=%d), dim=%d)\n    out[t, :] = b - a\n  return out\n", axis, axis);
    expect(code, taken, M * N);
  }
  expect(HEAD "  out = torch.empty_like(x)\n  for t in hl.tile(m):\n    a, b = hl.split(hl.join(x[t, :], x[t, :] * -2))\n    out[t, :] = b - a\n  return out\n", taken, M * N);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_atomics_work_in_order_and_return_what_was_there), cmocka_unit_test(test_an_atomic_cas_exchanges_where_it_finds_what_it_expects),
      cmocka_unit_test(test_a_comparison_of_rounded_values_is_refused),       cmocka_unit_test(test_atomics_of_jagged_tiles_leave_the_rest_out),
      cmocka_unit_test(test_stores_between_atomics_count),                    cmocka_unit_test(test_masked_lanes_touch_nothing),
      cmocka_unit_test(test_index_tensors_side_by_side),                      cmocka_unit_test(test_scans_run_their_function_in_order),
      cmocka_unit_test(test_folds_begin_with_the_first_element),              cmocka_unit_test(test_while_runs_until_its_condition_fails),
      cmocka_unit_test(test_ranges_step_and_end_where_values_say),            cmocka_unit_test(test_the_first_of_equals_wins_and_a_nan_over_all),
      cmocka_unit_test(test_stack_and_unbind_keep_places),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
