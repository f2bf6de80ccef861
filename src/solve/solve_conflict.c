/* What cannot hold together.  Each limit first alone; where all of them can be satisfied alone, one after the other is dropped for good when the rest
 * still has no point: what remains is minimal, since every limit in it was kept because dropping it leaves points. */
#include "solve/solve_private.h"

typedef enum outcome { HAS_POINT, HAS_NONE, NOT_KNOWN } outcome;

typedef struct asker {
  loom_ctx *ctx;
  const solve_problem *p;                /* under the rule that answered it */
  const solve_limits *limits;
  solve_limit_list list;
  bool *dropped;
} asker;

/* Does the problem without what is dropped have any point?  A cost of 0 everywhere: the first point ends the search. */
static outcome ask(asker *a) {
  arena_mark mark = arena_save(&a->ctx->mem);
  solve_problem *q = solve_without(&a->ctx->mem, a->p, &a->list, a->dropped);
  solve_answer answer;
  q->cycles = sym_const(&a->ctx->mem, 0);
  bool done = solve_again(a->ctx, q, a->limits, &answer);
  arena_release(&a->ctx->mem, mark);
  return done && solve_has_answer(answer.status) ? HAS_POINT : done && answer.status == SOLVE_INFEASIBLE ? HAS_NONE : NOT_KNOWN;
}

static void drop_all_but(asker *a, size_t kept) {
  for (size_t i = 0; i < a->list.n; i++)
    a->dropped[i] = i != kept;
}

/* The least a memory is ever asked for, with the sizes at which: "a*b*2 B = 1.61 MB > L1 1.46 MB, at the least (a=32, b=32)". */
static const char *least_words(asker *a, const solve_capacity *c, const char *otherwise) {
  arena *m = &a->ctx->mem;
  solve_problem *q = solve_without(m, a->p, &a->list, a->dropped);
  solve_answer answer;
  q->cycles = c->bytes;
  q->capacities.n = 0;
  if (!solve_again(a->ctx, q, a->limits, &answer))
    return otherwise;
  if (answer.status != SOLVE_OPTIMAL && answer.status != SOLVE_ASSIGNED)
    return otherwise;
  unsigned choice = 0;
  for (size_t i = 0; i < q->booleans.n; i++)
    choice |= (unsigned)answer.boolean[i] << i;
  return arena_printf(m, "%s > %s, at the least (%s)", solve_amount_words(m, c, solve_fix_booleans(m, q, c->bytes, choice), answer.cycles), solve_room_words(m, c),
                      solve_point_words(m, q, answer.value, choice));
}

static const char *words_alone(asker *a, size_t i) {
  const solve_limit *l = &a->list.at[i];
  const char *words = solve_limit_words(&a->ctx->mem, a->p, l);
  return l->kind == SOLVE_LIMIT_CAPACITY ? least_words(a, &a->p->capacities.at[l->at], words) : words;
}

static void add(asker *a, solve_conflict_items *to, const char *words, int limit) { vec_push(&a->ctx->mem, to, ((solve_conflict_item){words, limit})); }

static void find_alone(asker *a, solve_conflict *out) {
  for (size_t i = 0; i < a->list.n; i++) {
    drop_all_but(a, i);
    if (ask(a) == HAS_NONE)
      add(a, &out->alone, words_alone(a, i), (int)i);
  }
}

static void find_together(asker *a, solve_conflict *out) {
  for (size_t i = 0; i < a->list.n; i++)
    a->dropped[i] = false;
  for (size_t i = 0; i < a->list.n; i++) {
    a->dropped[i] = true;
    outcome is = ask(a);
    a->dropped[i] = is == HAS_NONE;
  }
  for (size_t i = 0; i < a->list.n; i++) {      /* a size asked for need not be among those there are without it, so that dropping more may leave less: look again */
    if (a->dropped[i])
      continue;
    a->dropped[i] = true;
    out->is_minimal = out->is_minimal && ask(a) == HAS_POINT;
    a->dropped[i] = false;
  }
  for (size_t i = 0; i < a->list.n; i++)
    if (!a->dropped[i])
      add(a, &out->together, solve_limit_words(&a->ctx->mem, a->p, &a->list.at[i]), (int)i);
}

/* The sizes that there are without any limit leave nothing. */
static loom_status find_empty(asker *a, solve_conflict *out) {
  solve_values values[SOLVE_SYMBOLS_MAX];
  solve_problem *q = solve_without(&a->ctx->mem, a->p, &a->list, a->dropped);
  LOOM_TRY(solve_list_values(a->ctx, q, q->rule, values));
  const char *why = solve_explain_empty(a->ctx, q, q->rule, values);
  if (why)
    add(a, &out->alone, why, -1);
  return LOOM_OK;
}

loom_status solve_find_conflict(loom_ctx *ctx, const solve_problem *p, const solve_answer *answer, const solve_limits *l, solve_conflict *out) {
  asker a = {.ctx = ctx, .p = solve_as_answered(&ctx->mem, p, answer), .limits = l};
  *out = (solve_conflict){.is_minimal = true};
  solve_list_limits(&ctx->mem, a.p, &a.list);
  a.dropped = ARENA_NEW_N(&ctx->mem, bool, a.list.n);
  drop_all_but(&a, a.list.n);
  if (ask(&a) == HAS_NONE)
    return find_empty(&a, out);
  find_alone(&a, out);
  if (!out->alone.n)
    find_together(&a, out);
  return LOOM_OK;
}

data_value *solve_conflict_to_data(arena *m, const solve_conflict *c) {
  data_value *o = data_object(m), *alone = data_array(m), *together = data_array(m);
  for (size_t i = 0; i < c->alone.n; i++)
    data_push(m, alone, data_string(m, c->alone.at[i].words));
  for (size_t i = 0; i < c->together.n; i++)
    data_push(m, together, data_string(m, c->together.at[i].words));
  if (c->alone.n) {
    data_set(m, o, "alone", alone);
    return o;
  }
  data_set(m, o, "together", together);
  data_set_bool(m, o, "is_minimal", c->is_minimal);
  return o;
}
