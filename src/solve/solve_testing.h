/* Test support: made-up problems, and brute force: every point of every domain, one at a time, no pruning, nothing of the search used.
 * Included by *_test.c only. */
#ifndef LOOM_SOLVE_TESTING_H
#define LOOM_SOLVE_TESTING_H
#include "base/rng.h"
#include "base/testing.h"
#include "base/text.h"
#include "solve/solve.h"

enum { TESTING_SYMBOLS = 6, TESTING_BOOLEANS = 2, TESTING_DOMAIN_MAX = 16, TESTING_POINTS_MAX = 3000 };
static const char *const testing_symbols[TESTING_SYMBOLS] = {"tile_m", "tile_n", "tile_k", "tile_b", "tile_h", "tile_c"};
static const char *const testing_booleans[TESTING_BOOLEANS] = {"is_double_buffer", "is_direct"};

/* ---- making problems ----
 * Draws stand in statements of their own: the order of arguments is the compiler's, and a seed means the same problem everywhere. */

static inline const sym_expr *any_symbol(arena *m, rng *r, const solve_problem *p) {
  int64_t i = rng_range(r, 0, (int64_t)(p->symbols.n + p->booleans.n) - 1);
  return sym_name(m, i < (int64_t)p->symbols.n ? p->symbols.at[i].name : p->booleans.at[i - (int64_t)p->symbols.n].name);
}

static inline const sym_expr *condition(arena *m, rng *r, const solve_problem *p, int depth);

static inline const sym_expr *number(arena *m, rng *r, const solve_problem *p, int depth) {
  if (depth == 0 || rng_range(r, 0, 7) == 0)
    return rng_range(r, 0, 3) ? any_symbol(m, r, p) : sym_const(m, rng_range(r, 0, 3) ? rng_range(r, 0, 500) : rng_range(r, -3, INT64_C(1) << 40));
  const sym_expr *a = number(m, r, p, depth - 1), *b = number(m, r, p, depth - 1);
  switch (rng_range(r, 0, 11)) {
  case 0: case 1: case 2: return sym_mul(m, a, b);
  case 3: case 4: return sym_add(m, a, b);
  case 5: {
    const sym_expr *times = sym_const(m, rng_range(r, 1, 12)), *size = sym_mul(m, any_symbol(m, r, p), times);
    return sym_ceildiv(m, sym_const(m, rng_range(r, 1, 4096)), size);
  }
  case 6: return sym_ceildiv(m, a, sym_const(m, rng_range(r, 1, 150)));
  case 7: return rng_range(r, 0, 1) ? sym_ceildiv(m, a, b) : sym_floordiv(m, a, b);      /* b may be 0: no value there */
  case 8: return rng_range(r, 0, 1) ? sym_max(m, a, b) : sym_min(m, a, b);
  case 9: return rng_range(r, 0, 2) ? sym_sub(m, a, b) : sym_mod(m, a, sym_add(m, b, sym_const(m, 1)));
  default: return sym_make(m, SYM_IF, condition(m, r, p, depth - 1), a, b);
  }
}

static inline const sym_expr *condition(arena *m, rng *r, const solve_problem *p, int depth) {
  static const sym_op compare[] = {SYM_EQ, SYM_NE, SYM_LE, SYM_LT, SYM_GE, SYM_GT};
  if (rng_range(r, 0, 4) == 0 && depth > 0) {
    const sym_expr *b = condition(m, r, p, depth - 1), *a = condition(m, r, p, depth - 1);
    return sym_make(m, rng_range(r, 0, 1) ? SYM_AND : SYM_OR, a, b, NULL);
  }
  const bool divides = rng_range(r, 0, 4) == 0;
  const sym_expr *b = sym_const(m, divides ? rng_range(r, 1, 6) : rng_range(r, 0, 2000)), *a = number(m, r, p, depth);
  return sym_make(m, divides ? SYM_DIVISIBLE : compare[rng_range(r, 0, 5)], a, b, NULL);
}

/* Sums of products, which never fall; sometimes something that does. */
static inline const sym_expr *bytes_of(arena *m, rng *r, const solve_problem *p) {
  const sym_expr *sum = sym_const(m, 0);
  for (int64_t terms = rng_range(r, 1, 3); terms > 0; terms--) {
    const sym_expr *product = sym_const(m, rng_range(r, 1, 4));
    for (int64_t factors = rng_range(r, 1, 3); factors > 0; factors--)
      product = sym_mul(m, product, any_symbol(m, r, p));
    sum = sym_add(m, sum, product);
  }
  return rng_range(r, 0, 4) ? sum : sym_sub(m, sum, any_symbol(m, r, p));
}

static inline solve_problem *made_up_problem(arena *m, rng *r) {
  solve_problem *p = ARENA_NEW(m, solve_problem);
  int64_t n = rng_range(r, 0, 30) ? rng_range(r, 1, TESTING_SYMBOLS) : 0, points = 1;
  for (int64_t b = rng_range(r, n ? 0 : 1, TESTING_BOOLEANS); b > 0; b--) {
    vec_push(m, &p->booleans, ((solve_boolean){testing_booleans[b - 1], rng_range(r, 0, 4) ? -1 : (int)rng_range(r, 0, 1)}));
    points *= 2;
  }
  for (int64_t i = 0; i < n; i++) {
    solve_symbol s = {.name = testing_symbols[i], .align = rng_range(r, 0, 2) ? rng_range(r, 1, 4) : 32};
    int64_t most = TESTING_POINTS_MAX / points < TESTING_DOMAIN_MAX ? TESTING_POINTS_MAX / points : TESTING_DOMAIN_MAX, values = rng_range(r, 1, most > 1 ? most : 1);
    s.upper = s.align * values + rng_range(r, 0, s.align - 1);
    if (rng_range(r, 0, 7) == 0)
      s.lb = rng_range(r, 1, s.upper);
    if (rng_range(r, 0, 7) == 0)
      s.ub = rng_range(r, 1, s.upper);
    if (rng_range(r, 0, 15) == 0)
      s.assigned = rng_range(r, 1, s.upper);
    vec_push(m, &p->symbols, s);
    points *= s.assigned ? 1 : values + 1;
  }
  p->cycles = number(m, r, p, (int)rng_range(r, 1, 5));
  if (rng_range(r, 0, 2)) {
    const sym_expr *more = sym_const(m, rng_range(r, 0, 5000));
    p->cycles = sym_add(m, sym_mul(m, p->cycles, number(m, r, p, 1)), more);
  }
  for (int64_t i = rng_range(r, 0, 2); i > 0; i--) {
    solve_capacity c = {.memory = rng_range(r, 0, 1) ? "L1" : NULL};
    c.bytes = bytes_of(m, r, p);
    c.limit = rng_range(r, 0, 3) ? rng_range(r, 100, 100000) : rng_range(r, 0, 300);
    vec_push(m, &p->capacities, c);
  }
  for (int64_t i = rng_range(r, -4, 2); i > 0; i--)
    vec_push(m, &p->conditions, condition(m, r, p, 2));
  for (int64_t i = rng_range(r, 0, 2); i > 0 && n; i--) {
    const sym_expr *tile = sym_name(m, testing_symbols[rng_range(r, 0, n - 1)]);
    const sym_expr *extent = rng_range(r, 0, 3) ? sym_const(m, rng_range(r, 1, 64) * 32) : sym_mul(m, sym_name(m, testing_symbols[rng_range(r, 0, n - 1)]), sym_const(m, 6));
    vec_push(m, &p->trips, ((solve_trip){extent, rng_range(r, 0, 1) ? tile : sym_mul(m, tile, sym_const(m, rng_range(r, 1, 3)))}));
  }
  p->rule = (solve_trip_rule)rng_range(r, 0, 2);
  p->falls_back = rng_range(r, 0, 1);
  return p;
}

/* ---- brute force ---- */

typedef struct truth { bool found, fell_back; int64_t cycles, points, feasible, value[TESTING_SYMBOLS]; int boolean[TESTING_BOOLEANS]; } truth;

typedef struct brute brute;
struct brute {
  void (*each)(void *data, const brute *at, int64_t cycles);      /* every feasible point; NULL: nobody asks */
  void *data;
  const solve_problem *p;
  const char *names[TESTING_SYMBOLS];
  arena *mem;
  unsigned choice;                           /* of the booleans: they stand in the expressions as constants */
  sym_code *cycles, *bytes[4], *conditions[4], *numerator[4], *denominator[4];
  bool trip_counts[4];                       /* names a symbol the user did not assign */
  solve_trip_rule rule;
  int64_t at[TESTING_SYMBOLS];
  truth best;
};

static inline int boolean_of(const brute *b, size_t i) { return (int)(b->choice >> i & 1); }

static inline void look_at(brute *b) {
  const solve_problem *p = b->p;
  size_t n = p->symbols.n;
  for (size_t i = 0; i < p->trips.n && b->rule != SOLVE_TRIPS_ANY; i++) {
    int64_t num, den;
    if (!b->trip_counts[i])
      continue;
    if (!sym_run(b->numerator[i], b->at, &num) || !sym_run(b->denominator[i], b->at, &den) || den <= 0)
      return;
    if (b->rule == SOLVE_TRIPS_COVER ? den > num : num % den != 0)
      return;
  }
  b->best.points++;
  int64_t v;
  for (size_t i = 0; i < p->capacities.n; i++)
    if (!sym_run(b->bytes[i], b->at, &v) || v > p->capacities.at[i].limit)
      return;
  for (size_t i = 0; i < p->conditions.n; i++)
    if (!sym_run(b->conditions[i], b->at, &v) || v == 0)
      return;
  b->best.feasible++;
  if (!sym_run(b->cycles, b->at, &v) || v < 0)
    v = INT64_MAX;
  if (b->each)
    b->each(b->data, b, v);
  bool is_better = !b->best.found || v < b->best.cycles;
  for (size_t i = 0, decided = 0; b->best.found && v == b->best.cycles && i < n + p->booleans.n && !decided; i++) {
    int64_t now = i < n ? b->at[i] : boolean_of(b, i - n), old = i < n ? b->best.value[i] : b->best.boolean[i - n];
    is_better = now < old;
    decided = now != old;
  }
  if (!is_better)
    return;
  b->best.found = true;
  b->best.cycles = v;
  for (size_t i = 0; i < n; i++)
    b->best.value[i] = b->at[i];
  for (size_t i = 0; i < p->booleans.n; i++)
    b->best.boolean[i] = boolean_of(b, i);
}

/* Largest symbol first and downwards: not the order of the search. */
static inline void enumerate(brute *b, size_t i) {
  const solve_problem *p = b->p;
  if (i == p->symbols.n) {
    look_at(b);
    return;
  }
  const solve_symbol *s = &p->symbols.at[i];
  int64_t top = s->upper;
  if (s->assigned) {
    b->at[i] = s->assigned;
    enumerate(b, i + 1);
    return;
  }
  while (b->rule == SOLVE_TRIPS_ANY && top % s->align)      /* ceilings: the last tile may reach over the extent */
    top++;
  for (int64_t v = top; v >= 1; v--)
    if (v % s->align == 0 && v >= s->lb && (!s->ub || v <= s->ub)) {
      b->at[i] = v;
      enumerate(b, i + 1);
    }
}

static inline const sym_expr *constant_for(void *data, const char *name) {
  const brute *b = data;
  for (size_t i = 0; i < b->p->booleans.n; i++)
    if (text_eq(b->p->booleans.at[i].name, name))
      return sym_const(b->mem, boolean_of(b, i));
  return NULL;
}

static inline sym_code *code_of(loom_ctx *ctx, brute *b, const sym_expr *e) {
  sym_code *code;
  assert_int_equal(sym_compile(ctx, sym_subst(&ctx->mem, e, constant_for, b), b->names, b->p->symbols.n, &code), LOOM_OK);
  return code;
}

static inline void compile_all(loom_ctx *ctx, brute *b) {
  const solve_problem *p = b->p;
  b->mem = &ctx->mem;
  b->cycles = code_of(ctx, b, p->cycles);
  for (size_t i = 0; i < p->capacities.n; i++)
    b->bytes[i] = code_of(ctx, b, p->capacities.at[i].bytes);
  for (size_t i = 0; i < p->conditions.n; i++)
    b->conditions[i] = code_of(ctx, b, p->conditions.at[i]);
  for (size_t i = 0; i < p->trips.n; i++) {
    b->numerator[i] = code_of(ctx, b, p->trips.at[i].numerator);
    b->denominator[i] = code_of(ctx, b, p->trips.at[i].denominator);
    for (size_t s = 0; s < p->symbols.n; s++)
      b->trip_counts[i] |= !p->symbols.at[s].assigned && (sym_depends(p->trips.at[i].numerator, p->symbols.at[s].name) ||
                                                          sym_depends(p->trips.at[i].denominator, p->symbols.at[s].name));
  }
}

static inline truth search_rule(loom_ctx *ctx, const solve_problem *p, solve_trip_rule rule, void (*each)(void *, const brute *, int64_t), void *data) {
  brute b = {.p = p, .rule = rule, .each = each, .data = data};
  for (size_t i = 0; i < p->symbols.n; i++)
    b.names[i] = p->symbols.at[i].name;
  for (unsigned choice = 1u << p->booleans.n; choice-- > 0;) {
    bool is_allowed = true;
    b.choice = choice;
    for (size_t i = 0; i < p->booleans.n; i++)
      is_allowed = is_allowed && (p->booleans.at[i].assigned < 0 || p->booleans.at[i].assigned == boolean_of(&b, i));
    if (!is_allowed)
      continue;
    compile_all(ctx, &b);
    enumerate(&b, 0);
  }
  return b.best;
}

static inline truth find_truth(loom_ctx *ctx, const solve_problem *p) {
  truth t = search_rule(ctx, p, p->rule, NULL, NULL);
  if (t.points || !p->falls_back || p->rule == SOLVE_TRIPS_ANY)
    return t;
  t = search_rule(ctx, p, SOLVE_TRIPS_ANY, NULL, NULL);
  t.fell_back = true;
  return t;
}
#endif
