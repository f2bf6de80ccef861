/* What a problem asks for, one by one: as truth values, and at a point by our own evaluation. */
#include "solve/z3/z3_private.h"

bool z3_choice_is_allowed(const solve_problem *p, unsigned choice) {
  for (size_t i = 0; i < p->booleans.n; i++)
    if (p->booleans.at[i].assigned >= 0 && p->booleans.at[i].assigned != (int)(choice >> i & 1))
      return false;
  return true;
}

loom_status z3_trip_holds(z3_encoder *z, const solve_trip *t, solve_trip_rule rule, Z3_ast *out) {
  arena *m = &z->ctx->scratch;
  const sym_expr *num = t->numerator, *den = t->denominator;
  *out = z->yes;
  if (rule == SOLVE_TRIPS_ANY)
    return LOOM_OK;
  if (rule == SOLVE_TRIPS_EXACT)             /* a divisor below 1 has no value: nor does it hold */
    return z3_holds(z, sym_make(m, SYM_DIVISIBLE, num, den, NULL), out);
  const sym_expr *positive = sym_make(m, SYM_GE, den, sym_const(m, 1), NULL), *covers = sym_make(m, SYM_LE, den, num, NULL);
  return z3_holds(z, sym_make(m, SYM_AND, positive, covers, NULL), out);
}

loom_status z3_capacity_holds(z3_encoder *z, const solve_problem *p, size_t i, unsigned choice, Z3_ast *out) {
  const solve_capacity *c = &p->capacities.at[i];
  return z3_is_within(z, solve_fix_booleans(&z->ctx->scratch, p, c->bytes, choice), INT64_MIN, c->limit, out);
}

loom_status z3_condition_holds(z3_encoder *z, const solve_problem *p, size_t i, unsigned choice, Z3_ast *out) {
  return z3_holds(z, solve_fix_booleans(&z->ctx->scratch, p, p->conditions.at[i], choice), out);
}

/* ---- a point ---- */

typedef struct place { loom_ctx *ctx; const solve_problem *p; const char *names[SOLVE_SYMBOLS_MAX]; const z3_point *at; } place;

static loom_status value_at(const place *here, const sym_expr *e, bool *has, int64_t *out) {
  sym_code *code;
  arena *m = &here->ctx->mem;
  arena_mark mark = arena_save(m);
  LOOM_TRY(sym_compile(here->ctx, solve_fix_booleans(m, here->p, e, here->at->choice), here->names, here->p->symbols.n, &code));
  *has = sym_run(code, here->at->value, out);
  arena_release(m, mark);
  return LOOM_OK;
}

static bool is_listed(const solve_values *v, int64_t x) {
  for (int32_t i = 0; i < v->n; i++)
    if (v->at[i] == x)
      return true;
  return false;
}

static loom_status trip_holds_at(const place *here, const solve_trip *t, solve_trip_rule rule, bool *out) {
  bool has_num, has_den;
  int64_t num, den;
  LOOM_TRY(value_at(here, t->numerator, &has_num, &num));
  LOOM_TRY(value_at(here, t->denominator, &has_den, &den));
  *out = has_num && has_den && solve_trip_holds(rule, num, den);
  return LOOM_OK;
}

loom_status z3_evaluate(loom_ctx *ctx, const solve_problem *p, solve_trip_rule rule, const solve_values *values, z3_point *x) {
  place here = {.ctx = ctx, .p = p, .at = x};
  bool has;
  int64_t v;
  x->fits = z3_choice_is_allowed(p, x->choice);
  for (size_t s = 0; s < p->symbols.n; s++) {
    here.names[s] = p->symbols.at[s].name;
    x->fits = x->fits && is_listed(&values[s], x->value[s]);
  }
  for (size_t i = 0; i < p->trips.n && x->fits && rule != SOLVE_TRIPS_ANY; i++)
    if (solve_trip_is_free(p, &p->trips.at[i]))
      LOOM_TRY(trip_holds_at(&here, &p->trips.at[i], rule, &x->fits));
  for (size_t i = 0; i < p->capacities.n && x->fits; i++) {
    LOOM_TRY(value_at(&here, p->capacities.at[i].bytes, &has, &v));
    x->fits = has && v <= p->capacities.at[i].limit;
  }
  for (size_t i = 0; i < p->conditions.n && x->fits; i++) {
    LOOM_TRY(value_at(&here, p->conditions.at[i], &has, &v));
    x->fits = has && v != 0;
  }
  LOOM_TRY(value_at(&here, p->cycles, &has, &v));
  x->cycles = has && v >= 0 ? v : INT64_MAX;
  return LOOM_OK;
}
