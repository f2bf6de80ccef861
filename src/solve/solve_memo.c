#include "base/text.h"
#include "solve/solve_private.h"

static bool same_symbols(const solve_problem *a, const solve_problem *b) {
  if (a->symbols.n != b->symbols.n || a->booleans.n != b->booleans.n)
    return false;
  for (size_t i = 0; i < a->symbols.n; i++) {
    const solve_symbol *x = &a->symbols.at[i], *y = &b->symbols.at[i];
    if (!text_eq(x->name, y->name) || x->align != y->align || x->upper != y->upper || x->lb != y->lb || x->ub != y->ub || x->assigned != y->assigned)
      return false;
  }
  for (size_t i = 0; i < a->booleans.n; i++)
    if (!text_eq(a->booleans.at[i].name, b->booleans.at[i].name) || a->booleans.at[i].assigned != b->booleans.at[i].assigned)
      return false;
  return true;
}

static bool same_problem(const solve_problem *a, const solve_problem *b) {
  if (a->rule != b->rule || a->falls_back != b->falls_back || a->trips.n != b->trips.n || a->capacities.n != b->capacities.n ||
      a->conditions.n != b->conditions.n || !same_symbols(a, b) || !sym_equal(a->cycles, b->cycles))
    return false;
  for (size_t i = 0; i < a->trips.n; i++)
    if (!sym_equal(a->trips.at[i].numerator, b->trips.at[i].numerator) || !sym_equal(a->trips.at[i].denominator, b->trips.at[i].denominator))
      return false;
  for (size_t i = 0; i < a->capacities.n; i++)
    if (a->capacities.at[i].limit != b->capacities.at[i].limit || !sym_equal(a->capacities.at[i].bytes, b->capacities.at[i].bytes))
      return false;
  for (size_t i = 0; i < a->conditions.n; i++)
    if (!sym_equal(a->conditions.at[i], b->conditions.at[i]))
      return false;
  return true;
}

static int64_t saturating_add(int64_t a, int64_t b) { return a > INT64_MAX - b ? INT64_MAX : a + b; }

loom_status solve_once(loom_ctx *ctx, solve_memo *memo, const solve_problem *p, int64_t budget_ops, const solve_answer **out) {
  for (size_t i = 0; i < memo->problems.n; i++)
    if (same_problem(memo->problems.at[i], p)) {
      *out = memo->answers.at[i];
      return LOOM_OK;
    }
  solve_answer *a = ARENA_NEW(&ctx->mem, solve_answer);
  LOOM_TRY(solve_search(ctx, p, budget_ops, a));
  memo->evaluated = saturating_add(memo->evaluated, a->evaluated);
  memo->pruned = saturating_add(memo->pruned, a->pruned);
  vec_push(&ctx->mem, &memo->problems, p);
  vec_push(&ctx->mem, &memo->answers, (const solve_answer *)a);
  *out = a;
  return LOOM_OK;
}
