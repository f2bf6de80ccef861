/* --explain, --neighbours, --topk, --pareto of explore, compile and run: under the loom model from the search of the space or rows, under upstream's
 * models from the problem that each row poses. */
#include "solve/solve_price.h"

/* ---- upstream's models ---- */

static loom_status answer_rows(loom_ctx *ctx, const solve_field *f, data_value *out) {
  arena *m = &ctx->mem;
  const explore_table *t = f->table;
  size_t n = t->rows.n;
  solve_cost_parts *parts = ARENA_NEW_N(m, solve_cost_parts, n);
  const sym_expr **dram = ARENA_NEW_N(m, const sym_expr *, n);
  solve_answered w = {.ctx = ctx, .o = f->o, .n = n, .names = ARENA_NEW_N(m, const char *, n), .parts = parts, .which = ARENA_NEW_N(m, size_t, n), .dram_bytes = dram,
                      .again = solve_limits_of(f->o), .best = n};
  w.again.progress = NULL;
  for (size_t i = 0; i < n; i++) {
    model_cost *cost;
    solve_problem *p = ARENA_NEW(m, solve_problem);
    w.names[i] = t->rows.at[i]->name;
    LOOM_TRY(model_build(ctx, f->nest, f->machine, t->rows.at[i], f->o->model, f->o->accumulate_f32, &cost));
    LOOM_TRY(solve_pose_row(ctx, f->nest, cost, f->o, p));
    w.which[i] = solve_memo_add(m, &w.memo, p);
    dram[w.which[i]] = cost->dram_bytes;
    vec_push(m, &parts[i], ((solve_cost_part){"compute", cost->compute}));
    vec_push(m, &parts[i], ((solve_cost_part){"load", cost->load}));
    vec_push(m, &parts[i], ((solve_cost_part){"store", cost->store}));
  }
  w.answers = ARENA_NEW_N(m, solve_answer, w.memo.problems.n);
  LOOM_TRY(solve_problems(ctx, w.memo.problems.at, w.memo.problems.n, false, &w.again, w.answers));
  for (size_t i = 0; i < n; i++) {
    const solve_answer *a = &w.answers[w.which[i]];
    if (solve_has_answer(a->status) && (w.best == n || a->cycles < w.answers[w.which[w.best]].cycles))
      w.best = i;
  }
  return solve_answer_more(&w, NULL, out);
}

/* Of the first row: the others mostly pose the same. */
static loom_status find_row_conflict(loom_ctx *ctx, const solve_field *f, const solve_limits *l, solve_conflict *out) {
  model_cost *cost;
  solve_problem p;
  solve_answer a;
  *out = (solve_conflict){0};
  if (!f->table || !f->table->rows.n)
    return LOOM_OK;
  LOOM_TRY(model_build(ctx, f->nest, f->machine, f->table->rows.at[0], f->o->model, f->o->accumulate_f32, &cost));
  LOOM_TRY(solve_pose_row(ctx, f->nest, cost, f->o, &p));
  return solve_again(ctx, &p, l, &a) && a.status == SOLVE_INFEASIBLE ? solve_find_conflict(ctx, &p, &a, l, out) : LOOM_OK;
}

loom_status solve_explain_nothing(loom_ctx *ctx, const solve_field *f, solve_conflict *out) {
  solve_limits again = solve_limits_of(f->o);
  again.progress = NULL;
  return f->o->model == MODEL_LOOM ? solve_find_field_conflict(ctx, f, &again, out) : find_row_conflict(ctx, f, &again, out);
}

/* ---- the loom model ---- */

static data_value *row_to_data(arena *m, const solve_row *r) {
  data_value *o = data_object(m), *blocks = data_object(m);
  data_set_string(m, o, "name", r->candidate->name);
  data_set_string(m, o, "status", solve_status_text(r->status));
  data_set_int(m, o, "cost", r->cycles);
  data_set_int(m, o, "lower_bound", r->lower_bound);
  for (size_t i = 0; i < r->blocks.n; i++)
    data_set_int(m, blocks, r->blocks.at[i].symbol, r->blocks.at[i].size);
  data_set(m, o, "block_sizes", blocks);
  return o;
}

static data_value *rank(loom_ctx *ctx, const solve_result *r, int top_k) {
  arena *m = &ctx->mem;
  data_value *all = data_array(m);
  bool *taken = ARENA_NEW_N(m, bool, r->rows.n);
  for (int k = 0; k < top_k; k++) {
    const solve_row *least = NULL;
    for (size_t i = 0; i < r->rows.n; i++) {
      const solve_row *x = &r->rows.at[i];
      if (!taken[i] && solve_has_answer(x->status) && (!least || x->cycles < least->cycles))
        least = x;
    }
    if (!least)
      break;
    taken[least - r->rows.at] = true;
    data_push(m, all, row_to_data(m, least));
  }
  return all;
}

static loom_status list_trades(loom_ctx *ctx, const solve_field *f, const solve_limits *l, data_value *out) {
  arena *m = &ctx->mem;
  solve_row_trades trades;
  bool is_complete;
  LOOM_TRY(solve_field_trades(ctx, f, l, &trades, &is_complete));
  data_value *all = data_array(m);
  for (size_t i = 0; i < trades.n; i++) {
    data_value *o = row_to_data(m, &trades.at[i].row), *bytes = data_object(m);
    data_set_int(m, bytes, "L1", trades.at[i].l1_bytes);
    data_set_int(m, bytes, "DRAM", trades.at[i].dram_bytes);
    data_set(m, o, "bytes", bytes);
    data_push(m, all, o);
  }
  data_set(m, out, "pareto", all);
  data_set_bool(m, out, "pareto_is_complete", is_complete);
  return LOOM_OK;
}

static loom_status answer_loom(loom_ctx *ctx, const solve_field *f, const solve_result *r, data_value *out) {
  arena *m = &ctx->mem;
  solve_limits again = solve_limits_of(f->o);
  again.progress = NULL;
  if (f->o->explain) {
    solve_explanation e;
    LOOM_TRY(solve_explain_field(ctx, f, r, &again, &e));
    data_set(m, out, "explain", solve_explanation_to_data(m, &e));
  }
  if (f->o->neighbours) {
    solve_steps s;
    LOOM_TRY(solve_list_field_steps(ctx, f, &r->rows.at[r->best], 2, &s));
    data_set(m, out, "neighbours", solve_steps_to_data(m, &s));
  }
  if (f->o->top_k > 0)
    data_set(m, out, "topk", rank(ctx, r, f->o->top_k));
  return f->o->pareto ? list_trades(ctx, f, &again, out) : LOOM_OK;
}

loom_status solve_answer_field(loom_ctx *ctx, const solve_field *f, const solve_result *r, data_value *out) {
  return f->o->model == MODEL_LOOM ? answer_loom(ctx, f, r, out) : answer_rows(ctx, f, out);
}
