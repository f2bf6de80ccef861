/* --explain, --neighbours, --topk, --pareto: what is put beside the answers of an ETG's variants, or of a table's rows under upstream's models. */
#include "base/text.h"
#include "solve/solve_private.h"

static const solve_problem *problem_of(const solve_answered *w, size_t variant) { return w->memo.problems.at[w->which[variant]]; }
static const solve_answer *answer_of(const solve_answered *w, size_t variant) { return &w->answers[w->which[variant]]; }

/* The best `top_k` variants, ties in file order. */
static data_value *rank(const solve_answered *w) {
  arena *m = &w->ctx->mem;
  data_value *all = data_array(m);
  bool *taken = ARENA_NEW_N(m, bool, w->n);
  for (int k = 0; k < w->o->top_k; k++) {
    const solve_answer *least = NULL;
    size_t at = 0;
    for (size_t i = 0; i < w->n; i++) {
      const solve_answer *a = answer_of(w, i);
      if (!taken[i] && solve_has_answer(a->status) && (!least || a->cycles < least->cycles)) {
        least = a;
        at = i;
      }
    }
    if (!least)
      break;
    taken[at] = true;
    data_push(m, all, solve_row_to_data(m, w->names[at], problem_of(w, at), least));
  }
  return all;
}

static loom_status explain(const solve_answered *w, data_value **out) {
  solve_case *cases = ARENA_NEW_N(&w->ctx->mem, solve_case, w->n);
  solve_explanation e;
  for (size_t i = 0; i < w->n; i++)
    cases[i] = (solve_case){.name = w->names[i], .problem = problem_of(w, i), .answer = answer_of(w, i), .parts = w->parts[i]};
  LOOM_TRY(solve_explain_case(w->ctx, cases, w->n, w->best, &w->again, &e));
  *out = solve_explanation_to_data(&w->ctx->mem, &e);
  return LOOM_OK;
}

/* Cycles, the bytes of every memory (of the first so many), and DRAM bytes where they are known. */
static void list_aims(const solve_problem *p, const sym_expr *dram_bytes, solve_aims *out) {
  out->at[out->n++] = (solve_aim){"cost", p->cycles};
  for (size_t i = 0; i < p->capacities.n && out->n < SOLVE_AIMS_MAX; i++)
    if (p->capacities.at[i].memory)
      out->at[out->n++] = (solve_aim){p->capacities.at[i].memory, p->capacities.at[i].bytes};
  if (dram_bytes && out->n < SOLVE_AIMS_MAX)
    out->at[out->n++] = (solve_aim){"DRAM", dram_bytes};
}

/* The aims of the first problem, found in the others by name. */
static void align_aims(const solve_aims *names, solve_aims *aims) {
  solve_aims own = *aims;
  aims->n = names->n;
  for (size_t i = 0; i < names->n; i++) {
    aims->at[i] = (solve_aim){names->at[i].name, NULL};
    for (size_t k = 0; k < own.n; k++)
      if (text_eq(own.at[k].name, names->at[i].name))
        aims->at[i].value = own.at[k].value;
  }
}

static data_value *trade_to_data(const solve_answered *w, const solve_aims *aims, const solve_trade *t) {
  arena *m = &w->ctx->mem;
  data_value *o = data_object(m), *bytes = data_object(m);
  size_t variant = 0;
  while (w->which[variant] != t->problem)
    variant++;
  data_set_string(m, o, "name", w->names[variant]);
  data_set_int(m, o, "cost", t->aim[0]);
  for (size_t i = 1; i < aims->n; i++)
    data_set_int(m, bytes, aims->at[i].name, t->aim[i]);
  data_set(m, o, "bytes", bytes);
  solve_point_to_data(m, o, w->memo.problems.at[t->problem], t->value, t->boolean);
  return o;
}

static loom_status list_trades(const solve_answered *w, data_value *out) {
  arena *m = &w->ctx->mem;
  size_t n = w->memo.problems.n;
  solve_aims *aims = ARENA_NEW_N(m, solve_aims, n);
  solve_trades trades;
  bool is_complete;
  for (size_t i = 0; i < n; i++) {
    list_aims(w->memo.problems.at[i], w->dram_bytes ? w->dram_bytes[i] : NULL, &aims[i]);
    align_aims(&aims[0], &aims[i]);
  }
  LOOM_TRY(solve_find_trades(w->ctx, w->memo.problems.at, aims, n, &w->again, &trades, &is_complete));
  data_value *all = data_array(m);
  for (size_t i = 0; i < trades.n; i++)
    data_push(m, all, trade_to_data(w, &aims[0], &trades.at[i]));
  data_set(m, out, "pareto", all);
  data_set_bool(m, out, "pareto_is_complete", is_complete);
  return LOOM_OK;
}

/* An infeasible variant gets its conflict, once for each distinct problem. */
static loom_status add_conflicts(const solve_answered *w, const data_value *rows) {
  const data_value **known = ARENA_NEW_N(&w->ctx->mem, const data_value *, w->memo.problems.n);
  for (size_t i = 0; i < w->n; i++) {
    solve_conflict c;
    size_t p = w->which[i];
    if (answer_of(w, i)->status != SOLVE_INFEASIBLE)
      continue;
    if (!known[p]) {
      LOOM_TRY(solve_find_conflict(w->ctx, problem_of(w, i), answer_of(w, i), &w->again, &c));
      known[p] = solve_conflict_to_data(&w->ctx->mem, &c);
    }
    data_value *copy = data_object(&w->ctx->mem);
    *copy = *known[p];
    data_set(&w->ctx->mem, rows->items[i], "conflict", copy);
  }
  return LOOM_OK;
}

loom_status solve_answer_more(const solve_answered *w, const data_value *rows, data_value *out) {
  arena *m = &w->ctx->mem;
  bool has_best = w->best < w->n;
  if (w->o->explain && rows)
    LOOM_TRY(add_conflicts(w, rows));
  if (w->o->explain && has_best) {
    data_value *e;
    LOOM_TRY(explain(w, &e));
    data_set(m, out, "explain", e);
  }
  if (w->o->neighbours && has_best) {
    solve_steps s;
    LOOM_TRY(solve_list_steps(w->ctx, problem_of(w, w->best), answer_of(w, w->best), 2, &s));
    data_set(m, out, "neighbours", solve_steps_to_data(m, &s));
  }
  if (w->o->top_k > 0)
    data_set(m, out, "topk", rank(w));
  return w->o->pareto ? list_trades(w, out) : LOOM_OK;
}
