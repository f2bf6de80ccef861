/* Costs of tile operations.  Oracle: the formulas of machine_ops.h and of the perf set in use (machines/wormhole.yaml), in plain C. */
#include "machine/machine_ops.h"
#include "machine/machine_testing.h"

static int64_t cd(int64_t a, int64_t b) { return (a + b - 1) / b; }

static int64_t price(loom_ctx *ctx, const machine *m, const machine_op *op, const char **unit) {
  const sym_expr *e;
  int64_t cycles;
  expect_ok(ctx, machine_op_cost(ctx, m, op, &e, unit));
  expect_ok(ctx, sym_eval(ctx, e, NULL, 0, &cycles));
  return cycles;
}

static void test_each_operation_has_its_price(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = load(ctx, "wormhole");
  enum { P = 640, R = 64 };
  const int64_t copy_f16 = cd(2 * P, (int64_t)m->copy_bytes_per_cycle.value), all = cd(2 * P * R, (int64_t)m->copy_bytes_per_cycle.value);
  const struct { const char *name, *body; dtype type, result; int64_t m, n, k, batch; const char *same, *unit; int64_t is; } rows[] = {      /* same: the price of another function of the set, with L = m (* k), or P = m, R = k */
      {"fill", NULL, DTYPE_F16, DTYPE_F16, P, 0, 0, 0, NULL, "vector", cd(2 * P, (int64_t)m->fill_bytes_per_cycle.value)},
      {"copy", NULL, DTYPE_F16, DTYPE_F16, P, 0, 0, 0, NULL, "vector", copy_f16},
      {"copy", NULL, DTYPE_F32, DTYPE_F32, P, 0, R, 0, NULL, "vector", cd(4 * P * R, (int64_t)m->copy_bytes_per_cycle.value)},
      {"copy", NULL, DTYPE_F16, DTYPE_F16, 0, 0, 0, 0, NULL, "vector", 1},
      {"generic", NULL, DTYPE_F16, DTYPE_F16, P, 0, 0, 0, NULL, "vector", copy_f16},
      {"generic", "truncf,extf", DTYPE_F16, DTYPE_F16, P, 0, 0, 0, NULL, "vector", copy_f16},
      {"generic", "no_such_op", DTYPE_F16, DTYPE_F16, P, 0, 0, 0, NULL, "vector", copy_f16},
      {"generic", "no_such_op", DTYPE_F16, DTYPE_F16, P, 0, R, 0, NULL, "vector", all},
      {"generic", "addf", DTYPE_F16, DTYPE_F16, P, 0, 0, 0, "vec_add_f16", "vector", 0},
      {"generic", "addf", DTYPE_F32, DTYPE_F32, P, 0, 0, 0, "vec_add_f16", "vector", 0},      /* what f32 costs is not published */
      {"generic", "exp,truncf", DTYPE_F16, DTYPE_F16, P, 0, 0, 0, "vec_exp_f16", "vector", 0},
      {"generic", "addf", DTYPE_F16, DTYPE_F16, P, 0, R, 0, "vec_vsum_f16", "vector", 0},
      {"generic", "divf", DTYPE_F16, DTYPE_F16, P, 0, R, 0, "vec_div_f16", "vector", 0},      /* has no reduction: every element */
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    arena *a = &ctx->mem;
    const machine_op op = {rows[i].name, rows[i].body, rows[i].type, rows[i].result, rows[i].m ? sym_const(a, rows[i].m) : NULL, NULL, rows[i].k ? sym_const(a, rows[i].k) : NULL, NULL};
    const char *unit;
    int64_t want = rows[i].is;
    if (rows[i].same) {
      const machine_func *f = machine_find_func(m, rows[i].same);
      assert_non_null(f);
      const bool reduces = f->symbols.n == 2;
      want = reduces ? cost_of(ctx, m, rows[i].same, (const char *[]){"P", "R"}, (int64_t[]){P, R}, 2) : cost_of(ctx, m, rows[i].same, (const char *[]){"L"}, (int64_t[]){rows[i].k ? P * R : P}, 1);
    }
    const int64_t got = price(ctx, m, &op, &unit);
    if (got != want || strcmp(unit, rows[i].unit) != 0)
      fail_msg("row %zu (%s %s): %" PRId64 " cycles on %s, expected %" PRId64, i, rows[i].name, rows[i].body ? rows[i].body : "", got, unit, want);
  }
}

static void test_a_body_costs_what_its_parts_cost(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = load(ctx, "wormhole");
  const sym_expr *p = sym_const(&ctx->mem, 320), *r = sym_const(&ctx->mem, 32);
  const char *unit;
  const machine_op both = {.name = "generic", .body_ops = "mulf,addf", .type = DTYPE_F16, .result = DTYPE_F16, .m = p, .k = r};      /* the last one reduces */
  const int64_t parts = cost_of(ctx, m, "vec_mul_f16", (const char *[]){"L"}, (int64_t[]){320 * 32}, 1) + cost_of(ctx, m, "vec_vsum_f16", (const char *[]){"P", "R"}, (int64_t[]){320, 32}, 2);
  assert_int_equal(price(ctx, m, &both, &unit), parts);
}

/* Every op counts, and the sum stays short: what compiles it has limits. */
static void test_a_long_body_costs_what_its_parts_cost(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = load(ctx, "wormhole");
  enum { OPS = 2000 };
  static const char *const ops[] = {"mulf", "truncf", "addf", "exp"};
  text body = text_new(&ctx->mem);
  int64_t parts = 0;
  for (int i = 0; i < OPS; i++) {
    text_addf(&body, i ? ",%s" : "%s", ops[i % 4]);
    const char *func = i % 4 == 0 ? "vec_mul_f16" : i % 4 == 2 ? "vec_add_f16" : "vec_exp_f16";
    parts += i % 4 == 1 ? 0 : cost_of(ctx, m, func, (const char *[]){"L"}, (int64_t[]){320}, 1);
  }
  const machine_op op = {.name = "generic", .body_ops = text_str(&body), .type = DTYPE_F16, .result = DTYPE_F16, .m = sym_const(&ctx->mem, 320)};
  const char *unit;
  assert_int_equal(price(ctx, m, &op, &unit), parts);
  const machine_op open = {.name = "generic", .body_ops = text_str(&body), .type = DTYPE_F16, .result = DTYPE_F16, .m = sym_name(&ctx->mem, "L")};
  const sym_expr *e;
  expect_ok(ctx, machine_op_cost(ctx, m, &open, &e, &unit));
  assert_in_range(e->depth, 2, 32);
}

/* Products take whole tiles of the hardware. */
static void test_products_are_priced_in_whole_tiles(void **state) {
  loom_ctx *ctx = *state;
  machine *m = load(ctx, "wormhole");
  const sym_expr *one = sym_const(&ctx->mem, 1), *big = sym_const(&ctx->mem, 100), *batch = sym_const(&ctx->mem, 3);
  const char *unit;
  const int64_t align = m->tile_align > 0 ? m->tile_align : 1, whole = cd(100, align) * align, least = cd(1, align) * align;
  const machine_op op = {.name = "matmul", .type = DTYPE_F16, .result = DTYPE_F16, .m = big, .n = big, .k = big}, small = {.name = "matmul", .type = DTYPE_F16, .result = DTYPE_F16, .m = one, .n = big, .k = big};
  const char *const mnk[] = {"M", "N", "K"};
  assert_int_equal(price(ctx, m, &op, &unit), cost_of(ctx, m, "matmul_f16", mnk, (int64_t[]){whole, whole, whole}, 3));
  assert_string_equal(unit, "matrix");
  assert_int_equal(price(ctx, m, &small, &unit), cost_of(ctx, m, "matmul_f16", mnk, (int64_t[]){least, whole, whole}, 3));
  m->tile_align = 0;
  assert_int_equal(price(ctx, m, &op, &unit), cost_of(ctx, m, "matmul_f16", mnk, (int64_t[]){100, 100, 100}, 3));
  const machine_op batched = {.name = "batch_matmul", .type = DTYPE_F16, .result = DTYPE_F16, .m = big, .n = big, .k = big, .batch = batch};
  const sym_expr *e;
  const loom_status st = machine_op_cost(ctx, m, &batched, &e, &unit);
  if (!machine_find_func(m, "batch_matmul_f16")) {
    assert_int_equal(st, LOOM_EUNSUP);
    testing_expect_error(ctx, LOOM_EUNSUP, "of machine 'wormhole' prices no 'batch_matmul'", 0, 0);
  } else {
    assert_int_equal(st, LOOM_OK);
  }
}

/* Without a unit of vectors the first one is taken, without any the core; functions may be of batches, and may say no unit. */
static void test_units_that_are_not_there(void **state) {
  loom_ctx *ctx = *state;
  machine *m = load(ctx, "wormhole");
  const machine_op op = {.name = "fill", .type = DTYPE_F16, .result = DTYPE_F16, .m = sym_const(&ctx->mem, 4)};
  const char *unit;
  const char *first = m->units.at[0].name;
  for (size_t i = 0; i < m->units.n; i++)
    m->units.at[i].kind = "matrix";
  (void)price(ctx, m, &op, &unit);
  assert_string_equal(unit, first);
  m->units.n = 0;
  (void)price(ctx, m, &op, &unit);
  assert_string_equal(unit, "core");
  machine_perf *p = &m->perf.at[m->calibration];
  for (size_t i = 0; i < p->funcs.n; i++) {
    p->funcs.at[i].unit = NULL;
    if (text_eq(p->funcs.at[i].name, "matmul_f16"))
      p->funcs.at[i].name = "batch_matmul_f16";
    if (text_eq(p->funcs.at[i].name, "vec_exp_f16"))
      p->funcs.at[i].name = "gone";
  }
  const sym_expr *n = sym_const(&ctx->mem, 64), *e;
  const machine_op generic = {.name = "generic", .body_ops = "addf", .type = DTYPE_F16, .result = DTYPE_F16, .m = n}, gone = {.name = "generic", .body_ops = "exp", .type = DTYPE_F16, .result = DTYPE_F16, .m = n};
  (void)price(ctx, m, &generic, &unit);
  assert_string_equal(unit, "core");
  assert_int_equal(price(ctx, m, &gone, &unit), cd(2 * 64, (int64_t)m->copy_bytes_per_cycle.value));
  const machine_op batched = {.name = "batch_matmul", .type = DTYPE_F16, .result = DTYPE_F16, .m = n, .n = n, .k = n};
  const loom_status st = machine_op_cost(ctx, m, &batched, &e, &unit);      /* this function knows no batches: it is told, or their argument is not looked at */
  assert_true((st == LOOM_OK) == (ctx->diag.errors == 0));
  m->copy_bytes_per_cycle.value = 0.00001;      /* next to nothing a cycle: 1/1024 of a byte */
  assert_int_equal(price(ctx, m, &gone, &unit), 2 * 64 * 1024);
}

int main(void) {
#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
  const struct CMUnitTest tests[] = {T(test_each_operation_has_its_price), T(test_a_body_costs_what_its_parts_cost), T(test_a_long_body_costs_what_its_parts_cost), T(test_products_are_priced_in_whole_tiles), T(test_units_that_are_not_there)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
