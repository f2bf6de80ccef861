/* Slices with steps of host tensors, in host code and in the loops.  Oracle: loops over the elements. */
#include <math.h>

#include "frontend/python/helion_testing.h"

enum { M = 10, N = 7 };
static double number(int64_t at) { return (double)at * 3 - 50; }
static const helion_input x[] = {{"x", DTYPE_F32, 2, {M, N}, number}};
static const int64_t blocks[] = {1, 3, 4, 0};

#define X HELION_KERNEL("x") "  m, n = x.size()\n"
#define EXPECT(code, want, n)                            \
  for (size_t b = 0; b < COUNT_OF(blocks); b++) \
    helion_expect(code, x, 1, blocks[b], true, want, n)

static void test_views_step_through_rows_and_columns(void **state) {
  (void)state;
  double want[3 * 4];
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 4; j++)
      want[i * 4 + j] = number((1 + 3 * i) * N + 2 * j);
  EXPECT(X "  y = x[1::3, ::2]\n  out = torch.empty_like(y)\n  for t in hl.tile(y.size()):\n    out[t] = y[t]\n  return out\n", want, 12);
  EXPECT(X "  y = x[1::3][:, ::2]\n  out = torch.empty_like(y)\n  for t in hl.tile(y.size()):\n    out[t] = y[t]\n  return out\n", want, 12);
  EXPECT(X "  y = x[-9:100:3, -7::2]\n  out = torch.empty_like(y)\n  for t in hl.tile(y.size()):\n    out[t] = y[t]\n  return out\n", want, 12);
}

static void test_steps_of_steps_multiply(void **state) {
  (void)state;
  double want[2 * N];
  for (int i = 0; i < 2; i++)
    for (int j = 0; j < N; j++)
      want[i * N + j] = number((2 + 6 * i) * N + j);
  EXPECT(X "  y = x[::2][1::3]\n  out = torch.empty_like(y)\n  for t in hl.tile(y.size()):\n    out[t] = y[t]\n  return out\n", want, 2 * N);
}

static void test_stores_through_views_go_to_every_second_column(void **state) {
  (void)state;
  double want[M * 2 * N];
  for (int i = 0; i < M; i++)
    for (int j = 0; j < 2 * N; j++)
      want[i * 2 * N + j] = (j % 2 ? -1 : 1) * number(i * N + j / 2);
  EXPECT(X "  out = torch.zeros([m, 2 * n])\n  even = out[:, ::2]\n  odd = out[:, 1::2]\n  for t in hl.tile([m, n]):\n    even[t] = x[t]\n    odd[t] = -x[t]\n  return out\n", want, M * 2 * N);
  EXPECT(X "  out = torch.zeros([m, 2 * n])\n  for t in hl.tile(m):\n    out[t, ::2] = x[t, :]\n    hl.store(out, [t, slice(1, None, 2)], -x[t, :])\n  return out\n", want, M * 2 * N);
  EXPECT(X "  out = torch.zeros([m, 2 * n])\n  for t in hl.tile(m):\n    out[t, ::2] = x[t, :]\n    hl.atomic_add(out, [t, slice(1, None, 2)], -x[t, :])\n  return out\n", want, M * 2 * N);
}

static void test_host_code_stores_to_steps(void **state) {
  (void)state;
  double want[M * N];
  for (int i = 0; i < M; i++)
    for (int j = 0; j < N; j++)
      want[i * N + j] = i % 2 == 0 && j % 2 == 1 ? 7 : number(i * N + j) + (i % 2 == 1 && j % 3 == 0 ? 1 : 0);
  EXPECT(X "  out = torch.empty([m, n])\n  for t in hl.tile([m, n]):\n    out[t] = x[t]\n  out[::2, 1::2] = 7\n  out[1::2, ::3] = out[1::2, ::3] + 1\n  return out\n", want, M * N);
}

static void test_loads_step_in_the_loops(void **state) {
  (void)state;
  double want[M];
  for (int i = 0; i < M; i++) {
    want[i] = 0;
    for (int j = 0; j < N; j++)
      want[i] += (j % 2 ? -1 : 1) * number(i * N + j) + (j >= 1 && j < 6 && (j - 1) % 3 == 0 ? 1000 * number(i * N + j) : 0);
  }
  EXPECT(X "  out = torch.empty([m])\n  for t in hl.tile(m):\n    out[t] = x[t, ::2].sum(-1) - x[t, 1::2].sum(-1) + 1000 * x[t, 1:6:3].sum(-1)\n  return out\n", want, M);
  EXPECT(X "  out = torch.empty([m])\n  for t in hl.tile(m):\n    out[t] = x[t, None, ::2].sum([1, 2]) - hl.load(x, [t, slice(1, n, 2)]).sum(-1) + 1000 * x[t, 1:n - 1:3].sum(-1)\n  return out\n", want, M);
}

static void test_empty_slices_have_no_elements(void **state) {
  (void)state;
  double want[M] = {0};
  EXPECT(X "  out = torch.zeros([m])\n  for t in hl.tile(m):\n    out[t] = x[t, 5:2:2].sum(-1)\n  return out\n", want, M);
  EXPECT(X "  out = torch.zeros([m])\n  none = x[:, 100::4]\n  assert none.size(1) == 0\n  for t in hl.tile(m):\n    out[t] = 0\n  return out\n", want, M);
}

static void test_tiles_index_dims_beside_steps(void **state) {
  (void)state;
  double want[5 * N];
  for (int i = 0; i < 5; i++)
    for (int j = 0; j < N; j++)
      want[i * N + j] = number((2 * i + 1) * N + j);
  EXPECT(X "  out = torch.empty([5, n])\n  for t in hl.tile(n):\n    out[:, t] = x[1::2, t]\n  return out\n", want, 5 * N);
}

/* Python's slices of tuples, as the places of the elements. */
static void test_sequences_step_both_ways(void **state) {
  (void)state;
  static const struct { const char *slice; int places[7], n; } slices[] = {
      {"::2", {0, 2, 4, 6}, 4}, {"1::3", {1, 4}, 2},   {"::-1", {6, 5, 4, 3, 2, 1, 0}, 7}, {"-2::-3", {5, 2}, 2},   {"1:-1:2", {1, 3, 5}, 3}, {"5:1:-2", {5, 3}, 2},      {"100:-100:-4", {6, 2}, 2},
      {"3:3:2", {0}, 0},        {"2:5:-1", {0}, 0},    {"5:2", {0}, 0},                    {"::9223372036854775807", {0}, 1}, {"::-9223372036854775807", {6}, 1}, {"2:4:None", {2, 3}, 2}, {":", {0, 1, 2, 3, 4, 5, 6}, 7}};
  for (size_t i = 0; i < COUNT_OF(slices); i++) {
    char code[400];
    double want = slices[i].n * 1000;
    for (int k = 0; k < slices[i].n; k++)
      want += (k + 1) * slices[i].places[k];
    snprintf(code, sizeof code, X "  out = torch.zeros([1])\n  part = (0, 1, 2, 3, 4, 5, 6)[%s]\n  total = 1000 * len(part)\n  for k, v in enumerate(part):\n    total = total + (k + 1) * v\n  for t in hl.tile(1):\n    out[t] = x[0, 0] * 0 + total\n  return out\n", slices[i].slice);
    helion_expect(code, x, 1, 0, true, &want, 1);
  }
}

typedef struct refusal { const char *code, *text; loom_status status; int line, col; } refusal;
#define HEAD X "  out = torch.zeros([m])\n"
#define TAIL "\n  for t in hl.tile(m):\n    out[t] = 0\n  return out\n"
static const refusal refusals[] = {
    {HEAD "  y = x[::-1]" TAIL, "a slice of a tensor with step -1", LOOM_EINPUT, 8, 7},
    {HEAD "  y = x[:, ::0]" TAIL, "a slice of a tensor with step 0", LOOM_EINPUT, 8, 7},
    {HEAD "  out[::-2] = 0" TAIL, "a slice of a tensor with step -2", LOOM_EINPUT, 8, 3},
    {HEAD "  y = x[::1.5]" TAIL, "the float 1.5 as the step of a slice", LOOM_EUNSUP, 8, 7},
    {HEAD "  for t in hl.tile(m):\n    out[t] = x[t, ::-1].sum(-1)\n  return out\n", "a slice of a tensor with step -1", LOOM_EINPUT, 9, 14},
    {HEAD "  for t in hl.tile(m):\n    out[t] = x[t, ::t.id].sum(-1)\n  return out\n", "as the step of a slice", LOOM_EUNSUP, 9, 14},
    {HEAD "  for i in hl.grid(m):\n    out[i] = x[i, i::2].sum(-1)\n  return out\n", "the bounds of this slice", LOOM_EUNSUP, 9, 14},
    {HEAD "  for t in hl.tile(m):\n    out[t] = x[t, 0:t.block_size:2].sum(-1)\n  return out\n", "a slice with a step and bounds of the running kernel", LOOM_EUNSUP, 9, 14},
    {HEAD "  for t in hl.tile(m):\n    out[::2] = x[t, 0]\n  return out\n", "a value of shape [t] is stored to a part of shape [m ceildiv 2=5] of out", LOOM_EINPUT, 9, 5},
};

static void test_what_cannot_step_is_refused(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(refusals); i++) {
    const refusal *c = &refusals[i];
    helion_run r;
    helion_run_text(&r, c->code, x, 1, 0, true);
    if (r.status != c->status || !strstr(r.ctx.diag.first->text, c->text) || r.ctx.diag.first->span.line != c->line || r.ctx.diag.first->span.col != c->col)
      fail_msg("status %d at %d:%d: %s\n%s", r.status, r.ctx.diag.first ? r.ctx.diag.first->span.line : 0, r.ctx.diag.first ? r.ctx.diag.first->span.col : 0,
               r.ctx.diag.first ? r.ctx.diag.first->text : "", c->code);
    loom_ctx_done(&r.ctx);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_views_step_through_rows_and_columns),   cmocka_unit_test(test_steps_of_steps_multiply),
      cmocka_unit_test(test_stores_through_views_go_to_every_second_column), cmocka_unit_test(test_host_code_stores_to_steps),
      cmocka_unit_test(test_loads_step_in_the_loops),               cmocka_unit_test(test_empty_slices_have_no_elements),
      cmocka_unit_test(test_tiles_index_dims_beside_steps),         cmocka_unit_test(test_sequences_step_both_ways),              cmocka_unit_test(test_what_cannot_step_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
