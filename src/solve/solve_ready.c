/* A problem made ready: domains listed, expressions compiled for each choice of the booleans, bounds where they pay. */
#include "base/text.h"
#include "solve/solve_private.h"

enum { BOUNDS_PAY_POINTS = 4096 };      /* making bounds takes as long as looking at that many points */

static loom_status compile(loom_ctx *ctx, const solve_ready *r, const sym_expr *e, sym_code **out) {
  return sym_compile(ctx, e, r->names, (size_t)r->n, out);
}

static loom_status make_bounds(loom_ctx *ctx, const solve_ready *r, const sym_expr *e, sym_bounds **out) {
  return sym_bounds_make(ctx, e, r->names, r->values, (size_t)r->n, out);
}

static int depth_of(const solve_problem *p, const sym_expr *e) {
  int last = solve_last_symbol(p, e);
  return last < 0 ? 0 : last;
}

static bool names_several(const solve_problem *p, const solve_trip *t) {
  int names = 0;
  for (size_t i = 0; i < p->symbols.n; i++)
    names += sym_depends(t->numerator, p->symbols.at[i].name) || sym_depends(t->denominator, p->symbols.at[i].name);
  return names > 1;
}

static loom_status add_trips(loom_ctx *ctx, solve_ready *r) {
  const solve_problem *p = r->p;
  r->trips.n = 0;
  for (size_t i = 0; i < p->trips.n && r->rule != SOLVE_TRIPS_ANY; i++) {
    const solve_trip *t = &p->trips.at[i];
    if (!names_several(p, t) || !solve_trip_is_free(p, t))
      continue;
    int a = depth_of(p, t->numerator), b = depth_of(p, t->denominator);
    solve_ratio ratio = {.depth = a > b ? a : b};
    LOOM_TRY(compile(ctx, r, t->numerator, &ratio.numerator));
    LOOM_TRY(compile(ctx, r, t->denominator, &ratio.denominator));
    vec_push(&ctx->mem, &r->trips, ratio);
  }
  return LOOM_OK;
}

static loom_status add_check(loom_ctx *ctx, const solve_ready *r, const sym_expr *e, solve_check c, bool with_bounds, solve_checks *to) {
  c.depth = depth_of(r->p, e);
  LOOM_TRY(compile(ctx, r, e, &c.code));
  if (with_bounds)
    LOOM_TRY(make_bounds(ctx, r, e, &c.bounds));
  vec_push(&ctx->mem, to, c);
  return LOOM_OK;
}

static loom_status make_round(loom_ctx *ctx, const solve_ready *r, unsigned choice, bool with_bounds, solve_round *out) {
  arena *m = &ctx->mem;
  const solve_problem *p = r->p;
  const sym_expr *cycles = solve_fix_booleans(m, p, p->cycles, choice);
  *out = (solve_round){.choice = choice};
  LOOM_TRY(compile(ctx, r, cycles, &out->cycles));
  if (with_bounds)
    LOOM_TRY(make_bounds(ctx, r, cycles, &out->bounds));
  for (size_t i = 0; i < p->capacities.n; i++) {
    const sym_expr *e = solve_fix_booleans(m, p, p->capacities.at[i].bytes, choice);
    bool is_monotone = solve_is_monotone(e);
    LOOM_TRY(add_check(ctx, r, e, (solve_check){.limit = p->capacities.at[i].limit}, with_bounds && !is_monotone, is_monotone ? &out->fits : &out->holds));
  }
  for (size_t i = 0; i < p->conditions.n; i++) {
    const sym_expr *e = solve_fix_booleans(m, p, p->conditions.at[i], choice);
    LOOM_TRY(add_check(ctx, r, e, (solve_check){.is_truth = true}, with_bounds, &out->holds));
  }
  return LOOM_OK;
}

static bool is_allowed(const solve_problem *p, unsigned choice) {
  for (size_t i = 0; i < p->booleans.n; i++)
    if (p->booleans.at[i].assigned >= 0 && p->booleans.at[i].assigned != (int)(choice >> i & 1))
      return false;
  return true;
}

/* The k-th choice in the order of the tie rule: the first boolean is the highest bit of k and bit 0 of the choice. */
static unsigned choice_at(const solve_problem *p, unsigned k) {
  unsigned choice = 0;
  for (size_t i = 0; i < p->booleans.n; i++)
    choice |= (k >> (p->booleans.n - 1 - i) & 1) << i;
  return choice;
}

static loom_status make_rounds(loom_ctx *ctx, solve_ready *r, bool needs_bounds) {
  for (unsigned k = 0; k < 1u << r->p->booleans.n; k++) {
    unsigned choice = choice_at(r->p, k);
    solve_round round;
    if (!is_allowed(r->p, choice))
      continue;
    LOOM_TRY(make_round(ctx, r, choice, needs_bounds || r->below[0] > BOUNDS_PAY_POINTS, &round));
    vec_push(&ctx->mem, &r->rounds, round);
  }
  return LOOM_OK;
}

/* The domains under one rule, and the trips that restrict them further; r->empty when nothing is left. */
static loom_status list_box(loom_ctx *ctx, solve_ready *r) {
  static const int64_t zero[] = {0};
  LOOM_TRY(solve_list_values(ctx, r->p, r->rule, r->values));
  r->empty = solve_explain_empty(ctx, r->p, r->rule, r->values);
  if (r->empty)
    return LOOM_OK;
  if (!r->p->symbols.n)
    r->values[0] = (solve_values){zero, 1};
  r->below[r->n] = 1;
  for (int i = r->n; i-- > 0;)
    r->below[i] = solve_mul(r->below[i + 1], r->values[i].n);
  return add_trips(ctx, r);
}

loom_status solve_make_ready(loom_ctx *ctx, const solve_problem *p, bool needs_bounds, solve_ready *out) {
  if (p->symbols.n > SOLVE_SYMBOLS_MAX || p->booleans.n > SOLVE_BOOLEANS_MAX)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_ELIMIT, "%zu block symbols and %zu booleans; at most %d and %d are supported", p->symbols.n, p->booleans.n,
              SOLVE_SYMBOLS_MAX, SOLVE_BOOLEANS_MAX);
  *out = (solve_ready){.p = p, .rule = p->rule, .n = p->symbols.n ? (int)p->symbols.n : 1, .names = {""}};
  for (size_t i = 0; i < p->symbols.n; i++)
    out->names[i] = p->symbols.at[i].name;
  LOOM_TRY(list_box(ctx, out));
  bool is_empty = out->empty || (out->trips.n && !solve_has_point(out));
  if (is_empty && p->falls_back && out->rule != SOLVE_TRIPS_ANY) {
    out->fallback = out->empty ? out->empty : "no block sizes divide all extents";
    out->rule = SOLVE_TRIPS_ANY;
    LOOM_TRY(list_box(ctx, out));
  }
  return out->empty ? LOOM_OK : make_rounds(ctx, out, needs_bounds);
}
