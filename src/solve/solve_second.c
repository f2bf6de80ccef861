/* A second opinion on an answer, of whoever has one: loom-worker has Z3's, loom has none. */
#include "solve/certify.h"

loom_status solve_ask_opinion(loom_ctx *ctx, const solve_opinion *o, const char *name, const solve_problem *p, const solve_answer *a, solve_certificate *out) {
  solve_verdict verdict;
  *out = (solve_certificate){0};
  LOOM_TRY(o->certify(ctx, p, a, o->rlimit, &verdict, &out->why));
  if (verdict == SOLVE_REFUTED) {
    diag_error(ctx, LOOM_NOSPAN, LOOM_EBUG, "the answer to %s is wrong: %s", name, out->why);
    diag_help(ctx, "please report it, with the file and the options");
    return LOOM_EBUG;
  }
  out->is_certified = verdict == SOLVE_CERTIFIED;
  if (!out->is_certified || a->status != SOLVE_INFEASIBLE)
    return LOOM_OK;
  diag_mark before = diag_save(ctx);
  loom_status st = o->find_core(ctx, p, a, o->rlimit, &out->core);
  if (st != LOOM_ELIMIT)
    return st;
  diag_drop(ctx, before);      /* certified all the same, only not which limits are to blame */
  out->core = (solve_core){0};
  return LOOM_OK;
}

solve_certificate solve_certificate_of(const solve_result *r) {
  for (size_t i = 0; i < r->rows.n; i++) {
    const solve_certificate *c = r->rows.at[i].certificate;
    if (!c)
      return (solve_certificate){.why = "only answers under upstream's models (--model) and of ETGs can be certified"};
    if (!c->is_certified)
      return (solve_certificate){.why = c->why};
  }
  return (solve_certificate){.is_certified = r->rows.n > 0, .why = r->rows.n ? NULL : "nothing was searched"};
}

void solve_certificate_to_data(arena *m, const solve_certificate *c, data_value *row) {
  data_set_bool(m, row, "certified", c->is_certified);
  if (c->why)
    data_set_string(m, row, "reason", c->why);
  if (!c->core.words.n)
    return;
  data_value *words = data_array(m);
  for (size_t i = 0; i < c->core.words.n; i++)
    data_push(m, words, data_string(m, c->core.words.at[i]));
  data_set(m, row, "core", words);
}
