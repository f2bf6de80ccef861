/* A minimal core: the limits as assumptions, dropped one by one for good where the rest is still unsatisfiable. */
#include "solve/certify.h"
#include "solve/z3/z3_private.h"

typedef enum outcome { HAS_POINT, HAS_NONE, NOT_KNOWN } outcome;

/* The problem under one choice of the booleans: kept[i] is true while limit i is. */
typedef struct side { unsigned choice; z3_encoder z; Z3_ast *kept; } side;

typedef struct asker {
  loom_ctx *ctx;
  const solve_problem *p;                    /* under the rule that answered it */
  solve_limit_list list;
  bool *dropped;
  const char *names[SOLVE_SYMBOLS_MAX];
  solve_values values[SOLVE_SYMBOLS_MAX];    /* with or without the limits */
  VEC_OF(side) sides;
  z3_point point;                            /* where there is one */
} asker;

/* ---- what each limit says ---- */

static int limit_of_symbol(const asker *a, size_t s) {
  for (size_t i = 0; i < a->list.n; i++)
    if (a->list.at[i].kind == SOLVE_LIMIT_SIZES && a->list.at[i].at == s)
      return (int)i;
  return -1;
}

/* Sizes with the limits `dropped`, no trip looked at. */
static loom_status list_sizes(asker *a, const bool *dropped, solve_values *out) {
  solve_problem *q = solve_without(&a->ctx->scratch, a->p, &a->list, dropped);
  q->trips.n = 0;
  return solve_list_values(a->ctx, q, q->rule, out);
}

static solve_values join(arena *m, solve_values a, solve_values b) {
  int64_t *at = ARENA_NEW_N(m, int64_t, a.n + b.n);
  solve_values both = {at, 0};
  for (int32_t i = 0, k = 0; i < a.n || k < b.n;) {
    int64_t v = k == b.n || (i < a.n && a.at[i] <= b.at[k]) ? a.at[i] : b.at[k];
    i += i < a.n && a.at[i] == v;
    k += k < b.n && b.at[k] == v;
    at[both.n++] = v;
  }
  return both;
}

static Z3_ast is_among(asker *a, z3_encoder *z, size_t s, const solve_values *v) {
  bool *has = ARENA_NEW_N(&a->ctx->scratch, bool, a->values[s].n);
  for (int32_t i = 0, k = 0; i < a->values[s].n && k < v->n; i++) {
    has[i] = a->values[s].at[i] == v->at[k];
    k += has[i];
  }
  return z3_one_of(z, (int)s, has);
}

static void assert_sizes(asker *a, side *x, const solve_values *with, const solve_values *without) {
  for (size_t s = 0; s < a->p->symbols.n; s++) {
    int limit = limit_of_symbol(a, s);
    if (limit < 0)
      continue;
    z3_assert_if(&x->z, x->kept[limit], is_among(a, &x->z, s, &with[s]));
    z3_assert_if(&x->z, z3_not(&x->z, x->kept[limit]), is_among(a, &x->z, s, &without[s]));
  }
}

/* A trip all of whose sizes are assigned restricts nothing as long as they are. */
static Z3_ast trip_counts(asker *a, side *x, size_t trip) {
  for (size_t i = 0; i < a->list.n; i++)
    if (a->list.at[i].kind == SOLVE_LIMIT_TRIP && a->list.at[i].at == trip)
      return x->kept[i];
  Z3_ast counts = x->z.no;
  const solve_trip *t = &a->p->trips.at[trip];
  for (size_t s = 0; s < a->p->symbols.n; s++) {
    int limit = limit_of_symbol(a, s);
    if (limit >= 0 && (sym_depends(t->numerator, a->names[s]) || sym_depends(t->denominator, a->names[s])))
      counts = z3_or(&x->z, counts, z3_not(&x->z, x->kept[limit]));
  }
  return counts;
}

static loom_status assert_limits(asker *a, side *x) {
  Z3_ast holds;
  for (size_t i = 0; i < a->p->trips.n && a->p->rule != SOLVE_TRIPS_ANY; i++) {
    LOOM_TRY(z3_trip_holds(&x->z, &a->p->trips.at[i], a->p->rule, &holds));
    z3_assert_if(&x->z, trip_counts(a, x, i), holds);
  }
  for (size_t i = 0; i < a->list.n; i++) {
    const solve_limit *l = &a->list.at[i];
    if (l->kind != SOLVE_LIMIT_CAPACITY && l->kind != SOLVE_LIMIT_CONDITION)
      continue;
    if (l->kind == SOLVE_LIMIT_CAPACITY)
      LOOM_TRY(z3_capacity_holds(&x->z, a->p, l->at, x->choice, &holds));
    else
      LOOM_TRY(z3_condition_holds(&x->z, a->p, l->at, x->choice, &holds));
    z3_assert_if(&x->z, x->kept[i], holds);
  }
  return LOOM_OK;
}

/* ---- questions ---- */

/* Z3's point is one of the problem itself. */
static loom_status check_point(asker *a, side *x, outcome *out) {
  solve_problem *q = solve_without(&a->ctx->scratch, a->p, &a->list, a->dropped);
  solve_values values[SOLVE_SYMBOLS_MAX];
  z3_point at = {.choice = x->choice};
  q->cycles = sym_const(&a->ctx->scratch, 0);
  z3_read_point(&x->z, at.value);
  LOOM_TRY(solve_list_values(a->ctx, q, q->rule, values));
  LOOM_TRY(z3_evaluate(a->ctx, q, q->rule, values, &at));
  a->point = at;
  *out = at.fits ? HAS_POINT : NOT_KNOWN;
  return LOOM_OK;
}

static loom_status ask_side(asker *a, side *x, outcome *out) {
  Z3_ast *assumed = ARENA_NEW_N(&a->ctx->scratch, Z3_ast, a->list.n + 1);
  for (size_t i = 0; i < a->list.n; i++)
    assumed[i] = a->dropped[i] ? z3_not(&x->z, x->kept[i]) : x->kept[i];
  Z3_lbool answer = z3_check(&x->z, assumed, a->list.n);
  *out = answer == Z3_L_FALSE ? HAS_NONE : NOT_KNOWN;
  return answer == Z3_L_TRUE ? check_point(a, x, out) : LOOM_OK;
}

/* Of all choices of the booleans. */
static loom_status ask(asker *a, outcome *out) {
  *out = HAS_NONE;
  for (size_t i = 0; i < a->sides.n && *out != HAS_POINT; i++) {
    outcome one;
    LOOM_TRY(ask_side(a, &a->sides.at[i], &one));
    *out = one == HAS_NONE ? *out : one;
  }
  return LOOM_OK;
}

static loom_status shrink(asker *a, solve_core *out) {
  outcome is;
  LOOM_TRY(ask(a, &is));
  if (is == NOT_KNOWN)
    LOOM_FAIL(a->ctx, LOOM_NOSPAN, LOOM_ELIMIT, "that no block sizes are feasible is not proven: %s",
              a->sides.at[0].z.refusal ? a->sides.at[0].z.refusal : "the effort allowed for the proof was spent");
  if (is == HAS_POINT)
    LOOM_FAIL(a->ctx, LOOM_NOSPAN, LOOM_EBUG, "block sizes said to be infeasible are feasible: %s", solve_point_words(&a->ctx->mem, a->p, a->point.value, a->point.choice));
  out->is_minimal = true;
  for (size_t i = 0; i < a->list.n; i++) {
    a->dropped[i] = true;
    LOOM_TRY(ask(a, &is));
    a->dropped[i] = is == HAS_NONE;
  }
  for (size_t i = 0; i < a->list.n; i++) {      /* dropping more may leave less (trip_counts): look again */
    if (a->dropped[i])
      continue;
    a->dropped[i] = true;
    LOOM_TRY(ask(a, &is));
    a->dropped[i] = false;
    out->is_minimal = out->is_minimal && is == HAS_POINT;
    vec_push(&a->ctx->mem, &out->limits, (int)i);
    vec_push(&a->ctx->mem, &out->words, solve_limit_words(&a->ctx->mem, a->p, &a->list.at[i]));
  }
  return LOOM_OK;
}

/* ---- setting up ---- */

static loom_status open_sides(asker *a, unsigned rlimit) {
  solve_values with[SOLVE_SYMBOLS_MAX], without[SOLVE_SYMBOLS_MAX];
  bool *all = ARENA_NEW_N(&a->ctx->scratch, bool, a->list.n + 1);
  LOOM_TRY(list_sizes(a, a->dropped, with));
  for (size_t i = 0; i < a->list.n; i++)
    all[i] = true;
  LOOM_TRY(list_sizes(a, all, without));
  for (size_t s = 0; s < a->p->symbols.n; s++)
    a->values[s] = join(&a->ctx->scratch, with[s], without[s]);
  for (unsigned choice = 0; choice < 1u << a->p->booleans.n; choice++) {
    if (!z3_choice_is_allowed(a->p, choice))
      continue;
    side empty = {.choice = choice, .kept = ARENA_NEW_N(&a->ctx->scratch, Z3_ast, a->list.n + 1)};
    vec_push(&a->ctx->scratch, &a->sides, empty);
    side *x = &a->sides.at[a->sides.n - 1];
    z3_open(a->ctx, (int)a->p->symbols.n, a->names, a->values, rlimit, &x->z);
    for (size_t i = 0; i < a->list.n; i++)
      x->kept[i] = z3_truth(&x->z);
    assert_sizes(a, x, with, without);
    LOOM_TRY(assert_limits(a, x));
  }
  return LOOM_OK;
}

static bool has_empty(const asker *a) {
  for (size_t s = 0; s < a->p->symbols.n; s++)
    if (!a->values[s].n)
      return true;
  return false;
}

static loom_status find(asker *a, unsigned rlimit, solve_core *out) {
  solve_list_limits(&a->ctx->scratch, a->p, &a->list);
  a->dropped = ARENA_NEW_N(&a->ctx->scratch, bool, a->list.n + 1);
  for (size_t s = 0; s < a->p->symbols.n; s++)
    a->names[s] = a->p->symbols.at[s].name;
  LOOM_TRY(open_sides(a, rlimit));
  out->is_minimal = true;
  return has_empty(a) ? LOOM_OK : shrink(a, out);
}

loom_status solve_find_core(loom_ctx *ctx, const solve_problem *p, const solve_answer *a, unsigned rlimit, solve_core *out) {
  asker x = {.ctx = ctx, .p = solve_as_answered(&ctx->mem, p, a)};
  *out = (solve_core){0};
  if (p->symbols.n > SOLVE_SYMBOLS_MAX || p->booleans.n > SOLVE_BOOLEANS_MAX)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_ELIMIT, "%zu block symbols and %zu booleans; at most %d and %d are supported", p->symbols.n, p->booleans.n, SOLVE_SYMBOLS_MAX,
              SOLVE_BOOLEANS_MAX);
  arena_mark mark = arena_save(&ctx->scratch);
  loom_status st = find(&x, rlimit, out);
  for (size_t i = 0; i < x.sides.n; i++)
    z3_close(&x.sides.at[i].z);
  arena_release(&ctx->scratch, mark);
  return st;
}
