/* Exhaustive search over finite domains, depth first, values ascending.  Exact: a subtree is skipped only when a capacity that cannot fall
 * with any symbol is already exceeded with all open symbols at their smallest. */
#include "solve/solve_private.h"
#include "base/budget.h"

/* A compiled condition, checked as soon as its last symbol has a value. */
typedef struct check { sym_code *a, *b; int64_t limit; int depth; } check;
typedef VEC_OF(check) checks;

typedef struct searcher {
  loom_ctx *ctx;
  const solve_problem *p;
  solve_trip_rule rule;
  const solve_values *values;
  int n;                                     /* symbols */
  unsigned choice;                           /* booleans of this round */
  int64_t below[SOLVE_SYMBOLS_MAX + 1];      /* points under one value of depth d - 1: product of the domains from d on */
  int64_t slot[SOLVE_SYMBOLS_MAX + 1];
  sym_code *cycles;
  checks trips, holds, fits;                 /* fits: monotone capacities */
  bool counts_points;                        /* trips couple symbols: points are counted one by one, nothing is skipped unseen */
  budget ops;
  bool ran_out, found;
  solve_answer *best;
} searcher;

static bool is_smaller(const searcher *s, int64_t cycles) {
  const solve_answer *b = s->best;
  if (!s->found || cycles != b->cycles)
    return !s->found || cycles < b->cycles;
  for (int i = 0; i < s->n; i++)
    if (s->slot[i] != b->value[i])
      return s->slot[i] < b->value[i];
  for (size_t i = 0; i < s->p->booleans.n; i++)
    if ((int)(s->choice >> i & 1) != b->boolean[i])
      return (int)(s->choice >> i & 1) < b->boolean[i];
  return false;
}

/* A cost beyond int64 (or one that divides by zero) counts as the largest there is. */
static void try_point(searcher *s) {
  if (!budget_spend(&s->ops, 1)) {
    s->ran_out = true;
    return;
  }
  s->best->evaluated++;
  s->best->feasible++;
  int64_t cycles;
  if (!sym_run(s->cycles, s->slot, &cycles) || cycles < 0)
    cycles = INT64_MAX;
  if (!is_smaller(s, cycles))
    return;
  s->found = true;
  s->best->cycles = cycles;
  memcpy(s->best->value, s->slot, (size_t)s->n * sizeof *s->slot);
  for (size_t i = 0; i < s->p->booleans.n; i++)
    s->best->boolean[i] = (int)(s->choice >> i & 1);
}

static bool trips_hold(const searcher *s, int depth) {
  for (size_t i = 0; i < s->trips.n; i++) {
    const check *c = &s->trips.at[i];
    int64_t num, den;
    if (c->depth == depth && (!sym_run(c->a, s->slot, &num) || !sym_run(c->b, s->slot, &den) || !solve_trip_holds(s->rule, num, den)))
      return false;
  }
  return true;
}

static bool conditions_hold(const searcher *s, int depth) {
  for (size_t i = 0; i < s->holds.n; i++) {
    const check *c = &s->holds.at[i];
    int64_t v;
    if (c->depth == depth && (!sym_run(c->a, s->slot, &v) || (c->b ? v == 0 : v > c->limit)))
      return false;
  }
  return true;
}

/* The open symbols stand at their smallest values. */
static bool may_fit(const searcher *s, int depth) {
  for (size_t i = 0; i < s->fits.n; i++) {
    int64_t v;
    if (s->fits.at[i].depth >= depth && (!sym_run(s->fits.at[i].a, s->slot, &v) || v > s->fits.at[i].limit))
      return false;
  }
  return true;
}

static int64_t saturating_mul(int64_t a, int64_t b) {
  int64_t v;
  return __builtin_mul_overflow(a, b, &v) ? INT64_MAX : v;
}

static int64_t saturating_add(int64_t a, int64_t b) { return a > INT64_MAX - b ? INT64_MAX : a + b; }

static void search(searcher *s, int depth, bool is_feasible) {
  if (depth == s->n) {
    if (s->counts_points)
      s->best->points = saturating_add(s->best->points, 1);
    if (is_feasible)
      try_point(s);
    return;
  }
  const solve_values *v = &s->values[depth];
  for (size_t i = 0; i < v->n && !s->ran_out; i++) {
    s->slot[depth] = v->at[i];
    if (!trips_hold(s, depth))
      continue;
    bool fits = is_feasible && may_fit(s, depth);
    if (!fits)
      s->best->pruned = saturating_add(s->best->pruned, s->below[depth + 1]);
    if (!fits && !s->counts_points) {     /* larger values of this symbol cannot fit either */
      s->best->pruned = saturating_add(s->best->pruned, saturating_mul((int64_t)(v->n - i - 1), s->below[depth + 1]));
      break;
    }
    bool holds = fits && conditions_hold(s, depth);
    if (holds || s->counts_points)
      search(s, depth + 1, holds);
  }
  s->slot[depth] = v->n ? v->at[0] : 0;
}

/* ---- setting up ---- */

static loom_status compile(searcher *s, const sym_expr *e, sym_code **out) {
  const char *slots[SOLVE_SYMBOLS_MAX];
  for (int i = 0; i < s->n; i++)
    slots[i] = s->p->symbols.at[i].name;
  return sym_compile(s->ctx, e, slots, (size_t)s->n, out);
}

static int depth_of(const searcher *s, const sym_expr *e) {
  int last = solve_last_symbol(s->p, e);
  return last < 0 ? 0 : last;
}

static bool names_several(const solve_problem *p, const solve_trip *t) {
  int names = 0;
  for (size_t i = 0; i < p->symbols.n; i++)
    names += sym_depends(t->numerator, p->symbols.at[i].name) || sym_depends(t->denominator, p->symbols.at[i].name);
  return names > 1;
}

static loom_status add_coupled_trips(searcher *s) {
  for (size_t i = 0; i < s->p->trips.n && s->rule != SOLVE_TRIPS_ANY; i++) {
    const solve_trip *t = &s->p->trips.at[i];
    if (!names_several(s->p, t) || !solve_trip_is_free(s->p, t))
      continue;
    int a = depth_of(s, t->numerator), b = depth_of(s, t->denominator);
    check c = {.depth = a > b ? a : b};
    LOOM_TRY(compile(s, t->numerator, &c.a));
    LOOM_TRY(compile(s, t->denominator, &c.b));
    vec_push(&s->ctx->mem, &s->trips, c);
  }
  return LOOM_OK;
}

/* Compiles everything for one choice of the booleans. */
static loom_status start_round(searcher *s, unsigned choice) {
  arena *m = &s->ctx->mem;
  const solve_problem *p = s->p;
  s->choice = choice;
  s->holds.n = s->fits.n = 0;
  LOOM_TRY(compile(s, solve_fix_booleans(m, p, p->cycles, choice), &s->cycles));
  for (size_t i = 0; i < p->capacities.n; i++) {
    const sym_expr *e = solve_fix_booleans(m, p, p->capacities.at[i].bytes, choice);
    check c = {.limit = p->capacities.at[i].limit, .depth = depth_of(s, e)};
    LOOM_TRY(compile(s, e, &c.a));
    if (solve_is_monotone(e))
      vec_push(m, &s->fits, c);
    else
      vec_push(m, &s->holds, c);
  }
  for (size_t i = 0; i < p->conditions.n; i++) {
    const sym_expr *e = solve_fix_booleans(m, p, p->conditions.at[i], choice);
    check c = {.depth = depth_of(s, e)};
    LOOM_TRY(compile(s, e, &c.a));
    c.b = c.a;               /* marks a truth, not a size */
    vec_push(m, &s->holds, c);
  }
  for (int i = 0; i < s->n; i++)
    s->slot[i] = s->values[i].n ? s->values[i].at[0] : 0;
  return LOOM_OK;
}

static bool is_allowed(const solve_problem *p, unsigned choice) {
  for (size_t i = 0; i < p->booleans.n; i++)
    if (p->booleans.at[i].assigned >= 0 && p->booleans.at[i].assigned != (int)(choice >> i & 1))
      return false;
  return true;
}

static void note_bound(searcher *s, unsigned choice, int64_t *bound) {
  int64_t lo[SOLVE_SYMBOLS_MAX], hi[SOLVE_SYMBOLS_MAX];
  for (int i = 0; i < s->n; i++) {
    if (!s->values[i].n)
      return;
    lo[i] = s->values[i].at[0];
    hi[i] = s->values[i].at[s->values[i].n - 1];
  }
  int64_t b = solve_lower_bound(s->p, solve_fix_booleans(&s->ctx->mem, s->p, s->p->cycles, choice), lo, hi);
  *bound = b < *bound ? b : *bound;
}

static loom_status search_rule(searcher *s) {
  const solve_problem *p = s->p;
  solve_answer *a = s->best;
  s->trips.n = 0;
  LOOM_TRY(add_coupled_trips(s));
  s->counts_points = s->trips.n > 0;
  s->below[s->n] = 1;
  for (int i = s->n; i-- > 0;)
    s->below[i] = saturating_mul(s->below[i + 1], (int64_t)s->values[i].n);
  a->points = a->feasible = a->pruned = 0;
  int64_t bound = INT64_MAX;
  for (unsigned choice = 0; choice < 1u << p->booleans.n; choice++) {
    if (!is_allowed(p, choice))
      continue;
    LOOM_TRY(start_round(s, choice));
    if (!s->counts_points)
      a->points = saturating_add(a->points, s->below[0]);
    if (!s->ran_out)
      search(s, 0, s->n > 0 || (may_fit(s, 0) && conditions_hold(s, 0)));
    if (s->ran_out)
      note_bound(s, choice, &bound);
  }
  a->lower_bound = s->found && (!s->ran_out || a->cycles < bound) ? a->cycles : bound == INT64_MAX ? 0 : bound;
  return LOOM_OK;
}

static loom_status check_divides(searcher *s, bool *out_ragged) {
  *out_ragged = false;
  for (size_t i = 0; i < s->p->trips.n; i++) {
    sym_code *num, *den;
    int64_t a, b;
    LOOM_TRY(compile(s, s->p->trips.at[i].numerator, &num));
    LOOM_TRY(compile(s, s->p->trips.at[i].denominator, &den));
    if (!sym_run(num, s->best->value, &a) || !sym_run(den, s->best->value, &b) || !solve_trip_holds(SOLVE_TRIPS_EXACT, a, b))
      *out_ragged = true;
  }
  return LOOM_OK;
}

static loom_status finish(searcher *s, const solve_values *values) {
  solve_answer *a = s->best;
  if (!s->found) {      /* a spent budget has tried at least one point */
    a->status = SOLVE_INFEASIBLE;
    a->why = solve_explain(s->ctx, s->p, values);
    return LOOM_OK;
  }
  if (a->cycles == INT64_MAX)
    LOOM_FAIL(s->ctx, LOOM_NOSPAN, LOOM_ELIMIT, "the predicted cycles exceed 64 bits at every choice of block sizes");
  a->status = s->ran_out ? SOLVE_BEST_FOUND : solve_is_assigned(s->p) ? SOLVE_ASSIGNED : SOLVE_OPTIMAL;
  return check_divides(s, &a->ragged);
}

loom_status solve_search(loom_ctx *ctx, const solve_problem *p, int64_t budget_ops, solve_answer *out) {
  *out = (solve_answer){0};
  if (p->symbols.n > SOLVE_SYMBOLS_MAX || p->booleans.n > SOLVE_BOOLEANS_MAX)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_ELIMIT, "%zu block symbols and %zu booleans; at most %d and %d are supported", p->symbols.n, p->booleans.n,
              SOLVE_SYMBOLS_MAX, SOLVE_BOOLEANS_MAX);
  solve_values values[SOLVE_SYMBOLS_MAX];
  searcher s = {.ctx = ctx, .p = p, .rule = p->rule, .values = values, .n = (int)p->symbols.n, .best = out, .ops = {budget_ops > 0 ? budget_ops : -1}};
  LOOM_TRY(solve_list_values(ctx, p, s.rule, values));
  const char *empty = solve_explain_empty(ctx, p, s.rule, values);
  if (!empty)
    LOOM_TRY(search_rule(&s));
  bool is_empty = empty || out->points == 0;
  if (is_empty && p->falls_back && s.rule != SOLVE_TRIPS_ANY) {
    out->fallback = empty ? empty : "no block sizes divide all extents";
    s.rule = SOLVE_TRIPS_ANY;
    LOOM_TRY(solve_list_values(ctx, p, s.rule, values));
    empty = solve_explain_empty(ctx, p, s.rule, values);
    if (!empty)
      LOOM_TRY(search_rule(&s));
  }
  if (empty) {
    out->status = SOLVE_INFEASIBLE;
    out->why = empty;
    return LOOM_OK;
  }
  return finish(&s, values);
}
