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

static uint64_t mix(uint64_t h, uint64_t v) { return (h ^ v) * UINT64_C(0x9E3779B97F4A7C15) ^ (h >> 29); }

static uint64_t hash_name(uint64_t h, const char *name) {
  for (; name && *name; name++)
    h = mix(h, (unsigned char)*name);
  return h;
}

static uint64_t hash_expr(uint64_t h, const sym_expr *e) {
  h = mix(h, (uint64_t)e->op);
  h = e->op == SYM_CONST ? mix(h, (uint64_t)e->value) : hash_name(h, e->name);
  for (int i = 0; i < sym_op_operands(e->op); i++)
    h = hash_expr(h, e->arg[i]);
  return h;
}

/* Of what mostly differs. */
static uint64_t hash_problem(const solve_problem *p) {
  uint64_t h = hash_expr(1, p->cycles);
  for (size_t i = 0; i < p->trips.n; i++)
    h = hash_expr(hash_expr(h, p->trips.at[i].numerator), p->trips.at[i].denominator);
  for (size_t i = 0; i < p->capacities.n; i++)
    h = mix(hash_expr(h, p->capacities.at[i].bytes), (uint64_t)p->capacities.at[i].limit);
  return h;
}

size_t solve_memo_add(arena *m, solve_memo *memo, const solve_problem *p) {
  uint64_t h = hash_problem(p);
  size_t *bucket = &memo->newest[h % SOLVE_MEMO_BUCKETS];
  for (size_t i = *bucket; i; i = memo->links.at[i - 1].older)
    if (memo->links.at[i - 1].hash == h && same_problem(memo->problems.at[i - 1], p))
      return i - 1;
  vec_push(m, &memo->problems, p);
  vec_push(m, &memo->links, ((solve_memo_link){h, *bucket}));
  *bucket = memo->problems.n;
  return *bucket - 1;
}
