/* Bounds against every point of the box, values by sym_run. */
#include "sym/sym_ranges.h"
#include "sym/sym_testing.h"

enum { SLOTS = 3, VALUES_MAX = 9 };
static const char *const names[SLOTS] = {"x", "y", "tile_m"};

typedef struct domains { sym_domain d[SLOTS]; int64_t value[SLOTS][VALUES_MAX]; int32_t from[SLOTS], to[SLOTS]; } domains;

static void pick_box(rng *r, domains *b) {
  for (int s = 0; s < SLOTS; s++) {
    bool is_point = rng_range(r, 0, 3) == 0, is_whole = !is_point && rng_range(r, 0, 1);
    b->from[s] = is_whole ? 0 : (int32_t)rng_range(r, 0, b->d[s].n - 1);
    b->to[s] = is_whole ? b->d[s].n - 1 : is_point ? b->from[s] : (int32_t)rng_range(r, b->from[s], b->d[s].n - 1);
  }
}

static void pick_domains(rng *r, bool is_tame, domains *b) {
  static const int64_t odd[] = {INT64_MIN, -4294967296, -5, -1, 0, 1, 2, 3, 32, 1000003, 4294967296, INT64_MAX};
  for (int s = 0; s < SLOTS; s++) {
    int32_t n = (int32_t)rng_range(r, 1, VALUES_MAX);
    int64_t at = rng_range(r, 1, 4), step = rng_range(r, 1, 32);
    size_t next = (size_t)rng_range(r, 0, (int64_t)COUNT_OF(odd) - n - 1);
    for (int32_t i = 0; i < n; i++)
      b->value[s][i] = is_tame ? at + step * i : odd[next++];
    b->d[s] = (sym_domain){b->value[s], n};
  }
}

typedef struct extremes { int64_t lo, hi; int64_t points; } extremes;

static extremes look_at_all(const sym_code *code, const domains *b) {
  extremes e = {INT64_MAX, INT64_MIN, 0};
  int32_t i[SLOTS];
  for (i[0] = b->from[0]; i[0] <= b->to[0]; i[0]++)
    for (i[1] = b->from[1]; i[1] <= b->to[1]; i[1]++)
      for (i[2] = b->from[2]; i[2] <= b->to[2]; i[2]++) {
        const int64_t at[SLOTS] = {b->value[0][i[0]], b->value[1][i[1]], b->value[2][i[2]]};
        int64_t v;
        if (!sym_run(code, at, &v))
          continue;
        e.points++;
        e.lo = v < e.lo ? v : e.lo;
        e.hi = v > e.hi ? v : e.hi;
      }
  return e;
}

/* Sums and products of what costs are made of: trips, tiles, quotients, guards. */
static const sym_expr *cost_like(arena *m, rng *r, int depth) {
  const sym_expr *t = sym_name(m, names[rng_range(r, 0, SLOTS - 1)]);
  if (depth == 0)
    switch (rng_range(r, 0, 3)) {
    case 0: return sym_const(m, rng_range(r, 0, 300));
    case 1: return sym_ceildiv(m, sym_const(m, rng_range(r, 1, 4096)), sym_mul(m, t, sym_const(m, rng_range(r, 1, 12))));
    default: return t;
    }
  const sym_expr *a = cost_like(m, r, depth - 1), *b = cost_like(m, r, depth - 1);
  switch (rng_range(r, 0, 9)) {
  case 0: case 1: case 2: return sym_mul(m, a, b);
  case 3: case 4: return sym_add(m, a, b);
  case 5: return sym_ceildiv(m, a, sym_const(m, rng_range(r, 1, 64)));
  case 6: return sym_floordiv(m, a, sym_add(m, b, sym_const(m, 1)));
  case 7: return sym_max(m, a, b);
  case 8: return sym_sub(m, a, b);
  default: return sym_make(m, SYM_IF, sym_make(m, SYM_LE, a, sym_const(m, rng_range(r, 1, 4096)), NULL), b, sym_ceildiv(m, a, sym_add(m, t, sym_const(m, 1))));
  }
}

static void test_bounds_hold_at_every_point_of_every_box(void **state) {
  (void)state;
  rng r = rng_new(31);
  int exact = 0, checked = 0, empty = 0;
  for (int round = 0; round < 4000; round++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    bool is_tame = round % 2 == 0;
    const sym_expr *e = is_tame ? cost_like(&ctx.mem, &r, (int)rng_range(&r, 1, 4)) : made_up(&ctx.mem, &r, (int)rng_range(&r, 1, 4), rng_range(&r, 0, 3) == 0);
    domains b;
    sym_code *code;
    sym_bounds *bounds;
    pick_domains(&r, is_tame, &b);
    assert_int_equal(sym_compile(&ctx, e, names, SLOTS, &code), LOOM_OK);
    assert_int_equal(sym_bounds_make(&ctx, e, names, b.d, SLOTS, &bounds), LOOM_OK);
    for (int k = 0; k < 6; k++) {
      pick_box(&r, &b);
      extremes all = look_at_all(code, &b);
      int64_t lo, hi;
      sym_bounds_at(bounds, b.from, b.to, &lo, &hi);
      if (all.points && (lo > all.lo || hi < all.hi))
        fail_msg("round %d: %s is %" PRId64 "..%" PRId64 ", bounds %" PRId64 "..%" PRId64, round, sym_str(&ctx.mem, e), all.lo, all.hi, lo, hi);
      checked += all.points > 0;
      exact += all.points > 0 && lo == all.lo && hi == all.hi;
      empty += all.points == 0;
    }
    loom_ctx_done(&ctx);
  }
  assert_true(checked > 15000 && empty > 100);
  assert_true(exact > checked / 2);      /* bounds that say nothing would hold too */
}

/* The forms for which the tables are there: exact on every box. */
static void test_bounds_are_exact_where_each_symbol_is_in_one_table(void **state) {
  (void)state;
  static const struct { const char *text; int slack; } cases[] = {
      {"(500 ceildiv x) * x", 0}, {"(500 ceildiv (8 * x)) * x * (300 ceildiv y) * y * 3", 0}, {"(4096 ceildiv x) * (7 + x) * (y mod 5)", 0},
      {"(500 ceildiv x) * (x * y * 2 + 17)", 1}, {"((500 ceildiv x) * (300 ceildiv y)) * ((x * y * tile_m) ceildiv 150)", 1},
      {"if(x * y <= 400, x * y, 3 * x + y)", 0}, {"max(x - 20, 3) * tile_m", 0}, {"(x mod 7) * (y - 40) * (30 - tile_m)", 0}};
  rng r = rng_new(32);
  for (size_t c = 0; c < COUNT_OF(cases); c++)
    for (int round = 0; round < 50; round++) {
      loom_ctx ctx;
      loom_ctx_init(&ctx);
      const sym_expr *e;
      domains b;
      sym_code *code;
      sym_bounds *bounds;
      int64_t lo, hi;
      pick_domains(&r, true, &b);
      pick_box(&r, &b);
      assert_int_equal(sym_parse(&ctx, LOOM_NOSPAN, cases[c].text, &e), LOOM_OK);
      assert_int_equal(sym_compile(&ctx, e, names, SLOTS, &code), LOOM_OK);
      assert_int_equal(sym_bounds_make(&ctx, e, names, b.d, SLOTS, &bounds), LOOM_OK);
      extremes all = look_at_all(code, &b);
      sym_bounds_at(bounds, b.from, b.to, &lo, &hi);
      if (!cases[c].slack)
        assert_true(lo == all.lo && hi == all.hi);
      else      /* what rounding up costs, at most */
        assert_true(lo <= all.lo && hi >= all.hi && lo >= all.lo / 2);
      loom_ctx_done(&ctx);
    }
}

/* The work of all cores never falls below the extent, whatever the tiles: intervals alone would say 1 trip times the smallest tile. */
static void test_trips_times_tile_is_at_least_the_extent(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  int64_t values[64], lo, hi;
  for (int i = 0; i < 64; i++)
    values[i] = 32 * (i + 1);
  const sym_domain d[SLOTS] = {{values, 64}, {values, 64}, {values, 64}};
  const int32_t from[SLOTS] = {0}, to[SLOTS] = {63, 63, 63};
  const sym_expr *e;
  sym_bounds *b;
  assert_int_equal(sym_parse(&ctx, LOOM_NOSPAN, "(2048 ceildiv x) * (2048 ceildiv y) * (2048 ceildiv tile_m) * ((x * y * tile_m) ceildiv 1024 + 512)", &e), LOOM_OK);
  assert_int_equal(sym_bounds_make(&ctx, e, names, d, SLOTS, &b), LOOM_OK);
  sym_bounds_at(b, from, to, &lo, &hi);
  assert_int_equal(lo, 2048 * 2048 * 2 + 512);
  loom_ctx_done(&ctx);
}

/* Beyond what tables hold, a symbol is bounded by its ends. */
static void test_large_domains_go_by_their_ends(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  int32_t n = SYM_TABLE_MAX + 5;
  int64_t *values = ARENA_NEW_N(&ctx.mem, int64_t, n), small[2] = {3, 5}, lo, hi;
  for (int32_t i = 0; i < n; i++)
    values[i] = i + 1;
  const sym_domain d[SLOTS] = {{values, n}, {small, 2}, {small, 2}};
  const int32_t from[SLOTS] = {99, 0, 1}, to[SLOTS] = {n - 1, 1, 1};
  const sym_expr *e;
  sym_bounds *b;
  assert_int_equal(sym_parse(&ctx, LOOM_NOSPAN, "y * (1000000 ceildiv x) + x * tile_m", &e), LOOM_OK);
  assert_int_equal(sym_bounds_make(&ctx, e, names, d, SLOTS, &b), LOOM_OK);
  sym_bounds_at(b, from, to, &lo, &hi);
  assert_int_equal(lo, 3 * 16 + 100 * 5);
  assert_int_equal(hi, 5 * 10000 + n * 5);
  loom_ctx_done(&ctx);
}

static void test_lines_and_grids_equal_a_scan(void **state) {
  (void)state;
  static const int32_t lengths[] = {1, 2, 15, 16, 17, 31, 32, 33, 48, 100, 1000};
  rng r = rng_new(33);
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  for (size_t c = 0; c < COUNT_OF(lengths); c++) {
    int32_t n = lengths[c];
    sym_interval *at = ARENA_NEW_N(&ctx.mem, sym_interval, n * 3);
    for (int32_t i = 0; i < n * 3; i++) {
      int64_t v = rng_range(&r, -1000, 1000);
      at[i] = rng_range(&r, 0, 9) ? (sym_interval){v, v + rng_range(&r, 0, 3)} : SYM_NO_VALUE;
    }
    sym_line *line = sym_line_make(&ctx.mem, at, n);
    sym_grid *grid = sym_grid_make(&ctx.mem, at, 3, n);
    for (int round = 0; round < 300; round++) {
      int32_t from = (int32_t)rng_range(&r, 0, n - 1), to = (int32_t)rng_range(&r, from, n - 1), row = (int32_t)rng_range(&r, 0, 2), last = (int32_t)rng_range(&r, row, 2);
      sym_interval in_line = SYM_NO_VALUE, in_grid = SYM_NO_VALUE;
      for (int32_t i = from; i <= to; i++)
        in_line = sym_interval_join(in_line, at[i]);
      for (int32_t k = row; k <= last; k++)
        for (int32_t i = from; i <= to; i++)
          in_grid = sym_interval_join(in_grid, at[k * n + i]);
      sym_interval a = sym_line_between(line, from, to), b = sym_grid_between(grid, row, last, from, to);
      assert_true(a.lo == in_line.lo && a.hi == in_line.hi);
      assert_true(b.lo == in_grid.lo && b.hi == in_grid.hi);
    }
  }
  loom_ctx_done(&ctx);
}

static void test_what_has_no_bounds_is_refused(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  const int64_t one = 1;
  const char *many[65];
  sym_domain d[65];
  sym_bounds *b;
  for (int i = 0; i < 65; i++) {
    many[i] = names[i % SLOTS];
    d[i] = (sym_domain){&one, 1};
  }
  assert_int_equal(sym_bounds_make(&ctx, sym_const(&ctx.mem, 1), many, d, 65, &b), LOOM_ELIMIT);
  testing_expect_error(&ctx, LOOM_ELIMIT, "65 symbols; bounds are made for at most 64", 0, 0);
  loom_ctx_done(&ctx);
  assert_int_equal(sym_bounds_make(&ctx, sym_name(&ctx.mem, "tile_n"), names, d, SLOTS, &b), LOOM_EINPUT);
  testing_expect_error(&ctx, LOOM_EINPUT, "unknown symbol 'tile_n'", 0, 0);
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_bounds_hold_at_every_point_of_every_box),
      cmocka_unit_test(test_bounds_are_exact_where_each_symbol_is_in_one_table),
      cmocka_unit_test(test_trips_times_tile_is_at_least_the_extent),
      cmocka_unit_test(test_large_domains_go_by_their_ends),
      cmocka_unit_test(test_lines_and_grids_equal_a_scan),
      cmocka_unit_test(test_what_has_no_bounds_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
