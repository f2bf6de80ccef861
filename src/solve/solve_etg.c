#include "base/text.h"
#include "solve/certify.h"
#include "solve/solve_private.h"

static loom_status check_capacities(loom_ctx *ctx, const etg_variant *v) {
  for (size_t i = 0; i < v->memories.n; i++) {
    if (v->memories.at[i].capacity != ETG_CAPACITY_UNTOLD)
      continue;
    diag_error(ctx, v->memories.at[i].span, LOOM_EUSAGE, "the capacity of '%s' is not in the file", v->memories.at[i].name);
    diag_help(ctx, "give the chip with --machine");
    return LOOM_EUSAGE;
  }
  return LOOM_OK;
}

static loom_status pose(loom_ctx *ctx, const etg_variant *v, const solve_options *o, etg_names *told, solve_problem *p) {
  LOOM_TRY(check_capacities(ctx, v));
  solve_etg_limits(&ctx->mem, v, p);
  LOOM_TRY(solve_etg_guards(ctx, v, p, told));
  LOOM_TRY(solve_etg_cycles(ctx, v, &p->cycles));
  if (o->ragged)
    p->rule = SOLVE_TRIPS_ANY;
  solve_boolean fixed[SOLVE_BOOLEANS_MAX] = {0};      /* what the file does not leave open stays */
  for (size_t i = 0; i < p->booleans.n && i < SOLVE_BOOLEANS_MAX; i++)
    fixed[i] = p->booleans.at[i];
  LOOM_TRY(solve_apply_options(ctx, o, p));
  for (size_t i = 0; i < p->booleans.n && i < SOLVE_BOOLEANS_MAX; i++)
    if (fixed[i].assigned >= 0)
      p->booleans.at[i].assigned = fixed[i].assigned;
  return LOOM_OK;
}

void solve_point_to_data(arena *m, data_value *o, const solve_problem *p, const int64_t *value, const int *boolean) {
  data_value *blocks = data_object(m), *booleans = data_object(m);
  for (size_t i = 0; i < p->symbols.n; i++)
    data_set_int(m, blocks, p->symbols.at[i].name, value[i]);
  for (size_t i = 0; i < p->booleans.n; i++)
    data_set_int(m, booleans, p->booleans.at[i].name, boolean[i]);
  data_set(m, o, "block_sizes", blocks);
  data_set(m, o, "booleans", booleans);
}

data_value *solve_row_to_data(arena *m, const char *name, const solve_problem *p, const solve_answer *a) {
  data_value *o = data_object(m);
  data_set_string(m, o, "name", name);
  data_set_string(m, o, "status", solve_status_text(a->status));
  if (solve_has_answer(a->status))
    data_set_int(m, o, "cost", a->cycles);
  if (a->status != SOLVE_INFEASIBLE)
    data_set_int(m, o, "lower_bound", a->lower_bound);
  if (solve_has_answer(a->status))
    solve_point_to_data(m, o, p, a->value, a->boolean);
  data_set_int(m, o, "points", a->points);
  data_set_int(m, o, "feasible", a->feasible);
  if (a->why)
    data_set_string(m, o, "explain", a->why);
  return o;
}

/* Each distinct problem once, by the name of its first variant. */
static loom_status certify_all(const solve_answered *w, solve_certificate *out) {
  size_t next = 0;
  for (size_t i = 0; i < w->n && w->o->opinion; i++)
    if (w->which[i] == next) {
      LOOM_TRY(solve_ask_opinion(w->ctx, w->o->opinion, w->names[i], w->memo.problems.at[next], &w->answers[next], &out[next]));
      next++;
    }
  return LOOM_OK;
}

loom_status solve_etg(loom_ctx *ctx, const data_value *etg, const machine *m, const solve_options *o, data_value **out) {
  arena *mem = &ctx->mem;
  etg_file file;
  LOOM_TRY(etg_read(ctx, etg, &file));
  if (m)
    LOOM_TRY(etg_resolve(ctx, &file, m));
  data_value *v = data_object(mem), *rows = data_array(mem), *best = data_null(mem);
  int64_t least = INT64_MAX;
  etg_names told = {0};
  size_t n = file.variants.n;
  solve_cost_parts *parts = ARENA_NEW_N(mem, solve_cost_parts, n);
  solve_limits limits = solve_limits_of(o);
  solve_answered w = {.ctx = ctx, .o = o, .n = n, .names = ARENA_NEW_N(mem, const char *, n), .parts = parts, .which = ARENA_NEW_N(mem, size_t, n), .again = limits, .best = n};
  w.again.progress = NULL;
  for (size_t i = 0; i < n; i++) {
    solve_problem *p = ARENA_NEW(mem, solve_problem);
    w.names[i] = file.variants.at[i]->name;
    LOOM_TRY(pose(ctx, file.variants.at[i], o, &told, p));
    if (o->explain)
      LOOM_TRY(solve_etg_parts(ctx, file.variants.at[i], &parts[i]));
    w.which[i] = solve_memo_add(mem, &w.memo, p);
  }
  w.answers = ARENA_NEW_N(mem, solve_answer, w.memo.problems.n);
  LOOM_TRY(solve_problems(ctx, w.memo.problems.at, w.memo.problems.n, false, &limits, w.answers));
  solve_certificate *certificates = ARENA_NEW_N(mem, solve_certificate, w.memo.problems.n);
  LOOM_TRY(certify_all(&w, certificates));
  for (size_t i = 0; i < n; i++) {
    const solve_answer *a = &w.answers[w.which[i]];
    data_value *row = solve_row_to_data(mem, w.names[i], w.memo.problems.at[w.which[i]], a);
    if (o->opinion)
      solve_certificate_to_data(mem, &certificates[w.which[i]], row);
    data_push(mem, rows, row);
    if (solve_has_answer(a->status) && a->cycles < least) {
      least = a->cycles;
      w.best = i;
      best = data_string(mem, w.names[i]);
    }
  }
  data_set_string(mem, v, "schema", "loom.solve.v1");
  data_set(mem, v, "variants", rows);
  data_set(mem, v, "best", best);
  *out = v;
  return solve_answer_more(&w, rows, v);
}
