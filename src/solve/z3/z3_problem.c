/* What a problem asks for, one by one, as truth values. */
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
