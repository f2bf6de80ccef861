/* The limits of a problem one by one: listed, dropped, and in words. */
#include "solve/solve_private.h"

static void add(arena *m, solve_limit_list *to, solve_limit_kind kind, size_t at) { vec_push(m, to, ((solve_limit){kind, at})); }

void solve_list_limits(arena *m, const solve_problem *p, solve_limit_list *out) {
  *out = (solve_limit_list){0};
  for (size_t i = 0; i < p->conditions.n; i++)
    add(m, out, SOLVE_LIMIT_CONDITION, i);
  for (size_t i = 0; i < p->trips.n; i++)
    if (p->rule != SOLVE_TRIPS_ANY && solve_trip_is_free(p, &p->trips.at[i]))
      add(m, out, SOLVE_LIMIT_TRIP, i);
  for (size_t i = 0; i < p->symbols.n; i++)
    if (p->symbols.at[i].assigned || p->symbols.at[i].lb > p->symbols.at[i].align || p->symbols.at[i].ub)
      add(m, out, SOLVE_LIMIT_SIZES, i);
  for (size_t i = 0; i < p->capacities.n; i++)
    add(m, out, SOLVE_LIMIT_CAPACITY, i);
}

static bool is_dropped(const solve_limit_list *l, const bool *dropped, solve_limit_kind kind, size_t at) {
  for (size_t i = 0; i < l->n; i++)
    if (l->at[i].kind == kind && l->at[i].at == at)
      return dropped[i];
  return false;
}

solve_problem *solve_without(arena *m, const solve_problem *p, const solve_limit_list *l, const bool *dropped) {
  solve_problem *q = ARENA_NEW(m, solve_problem);
  *q = (solve_problem){.booleans = p->booleans, .cycles = p->cycles, .rule = p->rule};
  for (size_t i = 0; i < p->symbols.n; i++) {
    solve_symbol x = p->symbols.at[i];
    if (is_dropped(l, dropped, SOLVE_LIMIT_SIZES, i) && (x.upper > 0 || x.ub > 0)) {      /* some end there must be */
      x.ub = x.upper > 0 ? 0 : x.ub;
      x.lb = x.assigned = 0;
    }
    vec_push(m, &q->symbols, x);
  }
  for (size_t i = 0; i < p->conditions.n; i++)
    if (!is_dropped(l, dropped, SOLVE_LIMIT_CONDITION, i))
      vec_push(m, &q->conditions, p->conditions.at[i]);
  for (size_t i = 0; i < p->trips.n; i++)
    if (!is_dropped(l, dropped, SOLVE_LIMIT_TRIP, i))
      vec_push(m, &q->trips, p->trips.at[i]);
  for (size_t i = 0; i < p->capacities.n; i++)
    if (!is_dropped(l, dropped, SOLVE_LIMIT_CAPACITY, i))
      vec_push(m, &q->capacities, p->capacities.at[i]);
  return q;
}

bool solve_again(loom_ctx *ctx, const solve_problem *p, const solve_limits *l, solve_answer *out) {
  diag_mark before = diag_save(ctx);
  bool done = solve_problems(ctx, &p, 1, false, l, out) == LOOM_OK;
  diag_drop(ctx, before);
  return done;
}

const solve_problem *solve_as_answered(arena *m, const solve_problem *p, const solve_answer *a) {
  solve_problem *q = ARENA_NEW(m, solve_problem);
  *q = *p;
  q->rule = a->fallback ? SOLVE_TRIPS_ANY : p->rule;
  q->falls_back = false;
  return q;
}

static const char *trip_words(arena *m, const solve_problem *p, const solve_trip *t) {
  const char *num = sym_str(m, t->numerator), *den = sym_str(m, t->denominator);
  return p->rule == SOLVE_TRIPS_EXACT ? arena_printf(m, "%s is a multiple of %s", num, den) : arena_printf(m, "%s is at most %s", den, num);
}

const char *solve_sizes_words(arena *m, const solve_symbol *x) {
  if (x->assigned)
    return arena_printf(m, "%s = %" PRId64 ", as asked for", x->name, x->assigned);
  if (x->ub && x->lb > 1)
    return arena_printf(m, "%s from %" PRId64 " to %" PRId64 ", as asked for", x->name, x->lb, x->ub);
  return x->ub ? arena_printf(m, "%s at most %" PRId64 ", as asked for", x->name, x->ub)
               : arena_printf(m, "%s at least %" PRId64 ", as asked for", x->name, x->lb);
}

const char *solve_limit_words(arena *m, const solve_problem *p, const solve_limit *l) {
  switch (l->kind) {
  case SOLVE_LIMIT_CONDITION:
    return sym_str(m, p->conditions.at[l->at]);
  case SOLVE_LIMIT_TRIP:
    return trip_words(m, p, &p->trips.at[l->at]);
  case SOLVE_LIMIT_SIZES:
    return solve_sizes_words(m, &p->symbols.at[l->at]);
  case SOLVE_LIMIT_CAPACITY: {
    const solve_capacity *c = &p->capacities.at[l->at];
    if (!c->memory)
      return arena_printf(m, "%s <= %" PRId64, sym_str(m, c->bytes), c->limit);
    return arena_printf(m, "%s <= %s %s", solve_size_words(m, c->bytes), c->memory, solve_bytes_text(m, c->limit));
  }
  }
  return "";
}
