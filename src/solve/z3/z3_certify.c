/* The optimum again, by contradiction: a point that costs less cannot be.  One query for each choice of the booleans. */
#include "base/text.h"
#include "solve/certify.h"
#include "solve/z3/z3_private.h"

static const char *const SPENT = "the effort allowed for the proof was spent";

/* What is asked of one problem. */
typedef struct query {
  loom_ctx *ctx;
  const solve_problem *p;
  solve_trip_rule rule;
  const char *names[SOLVE_SYMBOLS_MAX];
  solve_values values[SOLVE_SYMBOLS_MAX];
  unsigned rlimit;
  solve_verdict verdict;
  const char *why;
} query;

/* Nothing costs less than that. */
static int64_t claimed(const solve_answer *a) { return a->status == SOLVE_BEST_FOUND || a->status == SOLVE_UNDECIDED ? a->lower_bound : a->cycles; }

static void decide(query *q, solve_verdict v, const char *why) {
  q->verdict = v;
  q->why = why;
}

static const char *point_words(const query *q, const z3_point *x) { return solve_point_words(&q->ctx->mem, q->p, x->value, x->choice); }

/* ---- the encoding ---- */

static loom_status assert_trips(query *q, z3_encoder *z) {
  for (size_t i = 0; i < q->p->trips.n && q->rule != SOLVE_TRIPS_ANY; i++) {
    Z3_ast holds;
    if (!solve_trip_is_free(q->p, &q->p->trips.at[i]))
      continue;
    LOOM_TRY(z3_trip_holds(z, &q->p->trips.at[i], q->rule, &holds));
    z3_assert(z, holds);
  }
  return LOOM_OK;
}

static loom_status assert_limits(query *q, z3_encoder *z, unsigned choice) {
  Z3_ast holds;
  for (size_t i = 0; i < q->p->capacities.n; i++) {
    LOOM_TRY(z3_capacity_holds(z, q->p, i, choice, &holds));
    z3_assert(z, holds);
  }
  for (size_t i = 0; i < q->p->conditions.n; i++) {
    LOOM_TRY(z3_condition_holds(z, q->p, i, choice, &holds));
    z3_assert(z, holds);
  }
  return LOOM_OK;
}

/* ---- proofs ---- */

/* A model that is not what it should be says nothing about the answer: then the encoding is wrong. */
static loom_status judge_model(query *q, z3_encoder *z, unsigned choice, const solve_answer *a) {
  z3_point better = {.choice = choice};
  z3_read_point(z, better.value);
  LOOM_TRY(z3_evaluate(q->ctx, q->p, q->rule, q->values, &better));
  if (!better.fits || (a->status != SOLVE_INFEASIBLE && better.cycles >= claimed(a))) {
    decide(q, SOLVE_NOT_CERTIFIED, arena_printf(&q->ctx->mem, "Z3 offers %s, which is no better", point_words(q, &better)));
    return LOOM_OK;
  }
  if (a->status == SOLVE_BEST_FOUND || a->status == SOLVE_UNDECIDED) {
    decide(q, SOLVE_REFUTED, arena_printf(&q->ctx->mem, "%s takes %" PRId64 " cycles, below the proven bound of %" PRId64, point_words(q, &better), better.cycles, a->lower_bound));
    return LOOM_OK;
  }
  if (a->status == SOLVE_INFEASIBLE) {
    decide(q, SOLVE_REFUTED, arena_printf(&q->ctx->mem, "%s is feasible and takes %" PRId64 " cycles", point_words(q, &better), better.cycles));
    return LOOM_OK;
  }
  z3_point given = {.choice = 0};
  memcpy(given.value, a->value, q->p->symbols.n * sizeof *a->value);
  for (size_t i = 0; i < q->p->booleans.n; i++)
    given.choice |= (unsigned)a->boolean[i] << i;
  decide(q, SOLVE_REFUTED, arena_printf(&q->ctx->mem, "%s takes %" PRId64 " cycles, the answer %s is said to take %" PRId64, point_words(q, &better), better.cycles,
                                        point_words(q, &given), a->cycles));
  return LOOM_OK;
}

/* The encoding must admit the answer's own point at its cost: one that admits too little would prove anything. */
static loom_status check_own_point(query *q, z3_encoder *z, const sym_expr *cycles, const solve_answer *a) {
  VEC_OF(Z3_ast) here = {0};
  Z3_ast costs, mark = z3_truth(z);
  LOOM_TRY(z3_is_within(z, cycles, a->cycles, a->cycles, &costs));
  z3_assert_if(z, mark, costs);
  vec_push(&q->ctx->scratch, &here, mark);
  for (int s = 0; s < z->n; s++)
    for (int32_t i = 0; i < z->values[s].n; i++)
      if (z->values[s].at[i] == a->value[s]) {
        if (i > 0)
          vec_push(&q->ctx->scratch, &here, z->at_least[s][i]);
        if (i + 1 < z->values[s].n)
          vec_push(&q->ctx->scratch, &here, z3_not(z, z->at_least[s][i + 1]));
      }
  Z3_lbool answer = z3_check(z, here.at, here.n);
  if (answer != Z3_L_TRUE)
    decide(q, SOLVE_NOT_CERTIFIED, z->refusal ? z->refusal : answer == Z3_L_UNDEF ? SPENT : "the proof's constraints do not admit the answer itself");
  return LOOM_OK;
}

static loom_status prove_choice_in(query *q, z3_encoder *z, unsigned choice, bool is_own, const solve_answer *a) {
  const sym_expr *cycles = solve_fix_booleans(&q->ctx->scratch, q->p, q->p->cycles, choice);
  LOOM_TRY(assert_trips(q, z));
  LOOM_TRY(assert_limits(q, z, choice));
  if (is_own)
    LOOM_TRY(check_own_point(q, z, cycles, a));
  if (q->verdict != SOLVE_CERTIFIED)
    return LOOM_OK;
  if (a->status != SOLVE_INFEASIBLE) {
    Z3_ast is_less;
    LOOM_TRY(z3_is_within(z, cycles, 0, claimed(a) - 1, &is_less));
    z3_assert(z, is_less);
  }
  Z3_lbool answer = z3_check(z, NULL, 0);
  if (answer == Z3_L_TRUE)
    return judge_model(q, z, choice, a);
  if (answer == Z3_L_UNDEF)
    decide(q, SOLVE_NOT_CERTIFIED, z->refusal ? z->refusal : SPENT);
  return LOOM_OK;
}

static loom_status prove_choice(query *q, unsigned choice, bool is_own, const solve_answer *a) {
  z3_encoder z;
  arena_mark mark = arena_save(&q->ctx->scratch);
  z3_open(q->ctx, (int)q->p->symbols.n, q->names, q->values, q->rlimit, &z);
  loom_status st = prove_choice_in(q, &z, choice, is_own, a);
  z3_close(&z);
  arena_release(&q->ctx->scratch, mark);
  return st;
}

static bool has_empty(const query *q) {
  for (size_t s = 0; s < q->p->symbols.n; s++)
    if (!q->values[s].n)
      return true;
  return false;
}

/* Ceilings are used only where no sizes obey the trip rule. */
static loom_status prove_fallback(query *q) {
  z3_encoder z;
  if (has_empty(q))
    return LOOM_OK;
  arena_mark mark = arena_save(&q->ctx->scratch);
  z3_open(q->ctx, (int)q->p->symbols.n, q->names, q->values, q->rlimit, &z);
  loom_status st = assert_trips(q, &z);
  Z3_lbool answer = st == LOOM_OK ? z3_check(&z, NULL, 0) : Z3_L_UNDEF;
  if (answer == Z3_L_TRUE) {
    z3_point x = {.choice = 0};
    z3_read_point(&z, x.value);
    decide(q, SOLVE_REFUTED, arena_printf(&q->ctx->mem, "ceilings are used, but %s divides", point_words(q, &x)));
  } else if (answer == Z3_L_UNDEF) {
    decide(q, SOLVE_NOT_CERTIFIED, z.refusal ? z.refusal : SPENT);
  }
  z3_close(&z);
  arena_release(&q->ctx->scratch, mark);
  return st;
}

/* What the answer says of its own point is so. */
static loom_status check_claim(query *q, const solve_answer *a, unsigned *out_choice) {
  z3_point x = {.choice = 0};
  memcpy(x.value, a->value, q->p->symbols.n * sizeof *a->value);
  for (size_t i = 0; i < q->p->booleans.n; i++)
    x.choice |= (unsigned)a->boolean[i] << i;
  LOOM_TRY(z3_evaluate(q->ctx, q->p, q->rule, q->values, &x));
  *out_choice = x.choice;
  if (!x.fits)
    decide(q, SOLVE_NOT_CERTIFIED, arena_printf(&q->ctx->mem, "the answer %s is not feasible", point_words(q, &x)));
  else if (x.cycles != a->cycles)
    decide(q, SOLVE_NOT_CERTIFIED, arena_printf(&q->ctx->mem, "the answer %s takes %" PRId64 " cycles, not %" PRId64, point_words(q, &x), x.cycles, a->cycles));
  return LOOM_OK;
}

static loom_status prove(query *q, const solve_answer *a) {
  unsigned own = ~0u;
  solve_verdict claim = SOLVE_CERTIFIED;
  const char *wrong = NULL;
  if (a->fallback) {
    LOOM_TRY(solve_list_values(q->ctx, q->p, q->rule, q->values));
    LOOM_TRY(prove_fallback(q));
    q->rule = SOLVE_TRIPS_ANY;
  }
  LOOM_TRY(solve_list_values(q->ctx, q->p, q->rule, q->values));
  if (solve_has_answer(a->status) && q->verdict == SOLVE_CERTIFIED) {
    LOOM_TRY(check_claim(q, a, &own));
    claim = q->verdict;
    wrong = q->why;
    decide(q, SOLVE_CERTIFIED, NULL);      /* a better point says more than a wrong cost */
  }
  for (unsigned choice = 0; choice < 1u << q->p->booleans.n && q->verdict == SOLVE_CERTIFIED && !has_empty(q); choice++)
    if (z3_choice_is_allowed(q->p, choice))
      LOOM_TRY(prove_choice(q, choice, choice == own && claim == SOLVE_CERTIFIED, a));
  if (q->verdict == SOLVE_CERTIFIED && claim != SOLVE_CERTIFIED)
    decide(q, claim, wrong);
  return LOOM_OK;
}

loom_status solve_certify(loom_ctx *ctx, const solve_problem *p, const solve_answer *a, unsigned rlimit, solve_verdict *out, const char **why) {
  query q = {.ctx = ctx, .p = p, .rule = p->rule, .rlimit = rlimit, .verdict = SOLVE_CERTIFIED};
  if (p->symbols.n > SOLVE_SYMBOLS_MAX || p->booleans.n > SOLVE_BOOLEANS_MAX)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_ELIMIT, "%zu block symbols and %zu booleans; at most %d and %d are supported", p->symbols.n, p->booleans.n, SOLVE_SYMBOLS_MAX,
              SOLVE_BOOLEANS_MAX);
  for (size_t s = 0; s < p->symbols.n; s++)
    q.names[s] = p->symbols.at[s].name;
  LOOM_TRY(prove(&q, a));
  *out = q.verdict;
  *why = q.why;
  return LOOM_OK;
}
