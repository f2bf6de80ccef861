/* torch.cat of values of different sizes, of whole tensors and in the loops.  Oracle: index arithmetic. */
#include <math.h>
#include <stdlib.h>

#include "frontend/python/helion_testing.h"

enum { M = 5 };
static double left(int64_t at) { return (double)at; }
static double right(int64_t at) { return -1 - (double)at; }
static const int64_t blocks[] = {1, 2, 3, 0};

#define HEAD HELION_KERNEL("x, y") "  m = x.size(0)\n  a = hl.specialize(x.size(1))\n  b = hl.specialize(y.size(1))\n"

static void expect(const char *code, dtype type, int64_t a, int64_t b, bool is_twice) {
  helion_input in[] = {{"x", DTYPE_F32, 2, {M, a}, left}, {"y", type, 2, {M, b}, right}};
  int64_t width = is_twice ? a + b + a : a + b;
  double *want = calloc((size_t)(M * width), sizeof *want);
  for (int64_t i = 0; i < M; i++)
    for (int64_t j = 0; j < width; j++)
      want[i * width + j] = j < a ? left(i * a + j) : j < a + b ? right(i * b + j - a) : left(i * a + j - a - b);
  for (size_t k = 0; k < COUNT_OF(blocks); k++)
    helion_expect(code, in, 2, blocks[k], true, want, M * width);
  free(want);
}

static const struct { int64_t a, b; } widths[] = {{4, 6}, {3, 2}, {1, 7}, {8, 4}, {5, 5}, {12, 16}};

static void test_columns_of_values_stand_side_by_side(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(widths); i++) {
    expect(HEAD "  out = torch.empty([m, a + b])\n  for t in hl.tile(m):\n    out[t, :] = torch.cat([x[t, :], y[t, :]], dim=-1)\n  return out\n", DTYPE_F16, widths[i].a, widths[i].b, false);
    expect(HEAD "  out = torch.empty([m, a + b + a])\n  for t in hl.tile(m):\n    v = x[t, :]\n    out[t, :] = torch.cat((v, y[t, :], v), 1)\n  return out\n", DTYPE_F32, widths[i].a, widths[i].b, true);
    expect(HEAD "  out = torch.empty([m, a + b])\n  for t in hl.tile(m):\n    out[t, :] = torch.cat([x[t, :].transpose(0, 1), y[t, :].transpose(0, 1)]).transpose(0, 1)\n  return out\n", DTYPE_F32, widths[i].a,
           widths[i].b, false);
  }
}

static void test_whole_tensors_of_any_size_stand_side_by_side(void **state) {
  (void)state;
  expect(HELION_KERNEL("x, y") "  z = torch.cat([x, y], dim=1)\n  out = torch.empty_like(z)\n  for t in hl.tile(z.size()):\n    out[t] = z[t]\n  return out\n", DTYPE_I32, 701, 300, false);
  expect(HELION_KERNEL("x, y") "  z = torch.cat([x, y, x], dim=-1)\n  out = torch.empty_like(z)\n  for t in hl.tile(z.size()):\n    out[t] = z[t]\n  return out\n", DTYPE_F32, 3, 4, true);
  expect(HELION_KERNEL("x, y") "  out = torch.empty([x.size(0), x.size(1)])\n  for t in hl.tile(out.size()):\n    out[t] = x[t]\n  return torch.cat([out, y], dim=1)\n", DTYPE_F32, 3, 4, false);
  expect(HELION_KERNEL("x, y") "  z = torch.cat([x.t(), y.t()])\n  out = torch.empty([x.size(0), z.size(0)])\n  for t in hl.tile(out.size()):\n    out[t] = z.t()[t]\n  return out\n", DTYPE_F32, 3, 4, false);
}

typedef struct refusal { const char *code, *text; loom_status status; } refusal;
static const refusal refusals[] = {
    {HEAD "  out = torch.empty([m, 4])\n  for t in hl.tile(m):\n    out[t, :] = torch.cat([x[t, :], y[t, :]], 0)\n  return out\n", "torch.cat: the shapes [t, a=2] and [t, b=513] do not fit", LOOM_EINPUT},
    {HEAD "  out = torch.empty([m, 4])\n  for t in hl.tile(m):\n    out[t, :] = torch.cat([x[t, :], y[t, 0]], 1)\n  return out\n", "torch.cat: the shapes [t, a=2] and [t] do not fit", LOOM_EINPUT},
    {HEAD "  out = torch.empty([m, 4])\n  for t in hl.tile(m):\n    out[t, :] = torch.cat([x[t, :], y[t, :]], 1)\n  return out\n", "torch.cat of values that makes 515 pieces of 1 elements", LOOM_EUNSUP},
    {HEAD "  out = torch.empty([m, 4])\n  for t in hl.tile(m):\n    out[t, :] = torch.cat([x[t, 0], x[:, 0]])\n  return out\n", "torch.cat along a dim of size t", LOOM_EUNSUP},
};

static void test_what_does_not_fit_is_refused(void **state) {
  (void)state;
  static const helion_input in[] = {{"x", DTYPE_F32, 2, {M, 2}, left}, {"y", DTYPE_F32, 2, {M, 513}, right}};
  for (size_t i = 0; i < COUNT_OF(refusals); i++) {
    helion_run r;
    helion_run_text(&r, refusals[i].code, in, 2, 0, true);
    if (r.status != refusals[i].status || !strstr(r.ctx.diag.first->text, refusals[i].text))
      fail_msg("status %d: %s\n%s", r.status, r.ctx.diag.first ? r.ctx.diag.first->text : "", refusals[i].code);
    loom_ctx_done(&r.ctx);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_columns_of_values_stand_side_by_side),
      cmocka_unit_test(test_whole_tensors_of_any_size_stand_side_by_side),
      cmocka_unit_test(test_what_does_not_fit_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
