/* Why the best is the best: the terms of its cost, the limits that hold it back, a step of each size, and the next best. */
#include "base/text.h"
#include "solve/solve_private.h"

/* ---- terms ---- */

static loom_status part_cycles(loom_ctx *ctx, const solve_case *c, const sym_expr *e, int64_t *out) {
  sym_binding at[SOLVE_SYMBOLS_MAX + SOLVE_BOOLEANS_MAX];
  size_t n = 0;
  for (size_t i = 0; i < c->problem->symbols.n; i++)
    at[n++] = (sym_binding){c->problem->symbols.at[i].name, c->answer->value[i]};
  for (size_t i = 0; i < c->problem->booleans.n; i++)
    at[n++] = (sym_binding){c->problem->booleans.at[i].name, c->answer->boolean[i]};
  return sym_eval(ctx, e, at, n, out);
}

static loom_status list_terms(loom_ctx *ctx, const solve_case *c, solve_explanation *out) {
  int64_t most = -1;
  const char *name = NULL;
  for (size_t i = 0; i < c->parts.n; i++) {
    int64_t cycles;
    LOOM_TRY(part_cycles(ctx, c, c->parts.at[i].cycles, &cycles));
    vec_push(&ctx->mem, &out->terms, ((solve_term){c->parts.at[i].name, cycles}));
    if (cycles > most) {
      most = cycles;
      name = c->parts.at[i].name;
    }
  }
  if (name)
    out->binding = arena_printf(&ctx->mem, "%s: %s of the %s cycles would remain if nothing else took time", name, text_thousands(&ctx->mem, most), text_thousands(&ctx->mem, c->answer->cycles));
  return LOOM_OK;
}

/* ---- limits ---- */

static void add_binding(loom_ctx *ctx, const solve_case *c, const solve_problem *without, const char *words, const solve_limits *l, solve_explanation *out) {
  solve_answer a;
  if (!solve_again(ctx, without, l, &a))
    return;
  bool is_better = solve_has_answer(a.status) && a.cycles < c->answer->cycles;
  solve_binding b = {words, is_better ? a.cycles : c->answer->cycles, a.status == SOLVE_OPTIMAL || a.status == SOLVE_ASSIGNED || a.status == SOLVE_INFEASIBLE};
  vec_push(&ctx->mem, &out->limits, b);
  for (size_t i = out->limits.n - 1; i && out->limits.at[i].cycles < out->limits.at[i - 1].cycles; i--) {
    solve_binding x = out->limits.at[i];
    out->limits.at[i] = out->limits.at[i - 1];
    out->limits.at[i - 1] = x;
  }
}

/* "a*b*2 B = 1.39 MB of L1 1.40 MB" */
static loom_status capacity_words(loom_ctx *ctx, const solve_case *c, const solve_capacity *x, const char **out) {
  arena *m = &ctx->mem;
  unsigned choice = 0;
  int64_t amount;
  LOOM_TRY(part_cycles(ctx, c, x->bytes, &amount));
  for (size_t i = 0; i < c->problem->booleans.n; i++)
    choice |= (unsigned)c->answer->boolean[i] << i;
  *out = arena_printf(m, "%s of %s", solve_amount_words(m, x, solve_fix_booleans(m, c->problem, x->bytes, choice), amount), solve_room_words(m, x));
  return LOOM_OK;
}

static loom_status list_bindings(loom_ctx *ctx, const solve_case *c, const solve_limits *l, solve_explanation *out) {
  const solve_problem *p = solve_as_answered(&ctx->mem, c->problem, c->answer);
  solve_limit_list list;
  solve_list_limits(&ctx->mem, p, &list);
  bool *dropped = ARENA_NEW_N(&ctx->mem, bool, list.n), has_trips = false;
  for (size_t i = 0; i < list.n; i++) {
    const solve_limit *x = &list.at[i];
    const char *words = solve_limit_words(&ctx->mem, p, x);
    if (x->kind == SOLVE_LIMIT_TRIP) {      /* all of them are one rule */
      has_trips = true;
      continue;
    }
    if (x->kind == SOLVE_LIMIT_CAPACITY)
      LOOM_TRY(capacity_words(ctx, c, &p->capacities.at[x->at], &words));
    dropped[i] = true;
    add_binding(ctx, c, solve_without(&ctx->mem, p, &list, dropped), words, l, out);
    dropped[i] = false;
  }
  if (has_trips) {
    solve_problem *q = solve_without(&ctx->mem, p, &list, dropped);
    q->rule = SOLVE_TRIPS_ANY;
    add_binding(ctx, c, q, p->rule == SOLVE_TRIPS_EXACT ? "block sizes divide the extents evenly (--ragged rounds up)" : "there is work for every core (--ragged rounds up)", l, out);
  }
  return LOOM_OK;
}

/* ---- the next best ---- */

/* The term that grew most; where none did, less of it overlaps. */
static loom_status why_it_lost(loom_ctx *ctx, const solve_case *best, const solve_case *next, const char **out) {
  arena *m = &ctx->mem;
  int64_t most = 0;
  int64_t more = next->answer->cycles - best->answer->cycles;
  const char *percent = arena_printf(m, "%s cycles (%.3g %%) more", text_thousands(m, more), best->answer->cycles ? 100.0 * (double)more / (double)best->answer->cycles : 0.0);
  *out = arena_printf(m, "%s; none of its terms is larger, but less of them overlaps", percent);
  for (size_t i = 0; i < best->parts.n && i < next->parts.n; i++) {
    int64_t a, b;
    LOOM_TRY(part_cycles(ctx, best, best->parts.at[i].cycles, &a));
    LOOM_TRY(part_cycles(ctx, next, next->parts.at[i].cycles, &b));
    if (b - a <= most)
      continue;
    most = b - a;
    *out = arena_printf(m, "%s: its %s takes %s cycles, not %s", percent, next->parts.at[i].name, text_thousands(m, b), text_thousands(m, a));
  }
  return LOOM_OK;
}

static loom_status find_runner_up(loom_ctx *ctx, const solve_case *cases, size_t n, size_t best, solve_explanation *out) {
  const solve_case *next = NULL;
  for (size_t i = 0; i < n; i++) {
    const solve_answer *a = cases[i].answer;
    if (i == best || !solve_has_answer(a->status))
      continue;
    if (a->cycles <= cases[best].answer->cycles)
      out->ties++;
    else if (!next || a->cycles < next->answer->cycles)
      next = &cases[i];
  }
  if (!next)
    return LOOM_OK;
  out->runner_up = next->name;
  out->runner_up_cycles = next->answer->cycles;
  return why_it_lost(ctx, &cases[best], next, &out->why_lost);
}

loom_status solve_explain_case(loom_ctx *ctx, const solve_case *cases, size_t n, size_t best, const solve_limits *l, solve_explanation *out) {
  const solve_case *c = &cases[best];
  *out = (solve_explanation){0};
  LOOM_TRY(list_terms(ctx, c, out));
  LOOM_TRY(list_bindings(ctx, c, l, out));
  LOOM_TRY(solve_list_steps(ctx, c->problem, c->answer, 1, &out->steps));
  return find_runner_up(ctx, cases, n, best, out);
}

static data_value *moves_to_data(arena *m, const solve_explanation *e) {
  data_value *all = data_array(m);
  for (size_t i = 0; i < e->moves.n; i++) {
    const solve_move *x = &e->moves.at[i];
    data_value *o = data_object(m);
    data_set_string(m, o, "access", x->access);
    data_set_string(m, o, "from", x->from);
    data_set_string(m, o, "to", x->to);
    if (x->cycles >= 0)
      data_set_int(m, o, "cost", x->cycles);
    if (x->why)
      data_set_string(m, o, "why", x->why);
    data_push(m, all, o);
  }
  return all;
}

data_value *solve_explanation_to_data(arena *m, const solve_explanation *e) {
  data_value *o = data_object(m), *terms = data_object(m), *limits = data_array(m);
  for (size_t i = 0; i < e->terms.n; i++)
    data_set_int(m, terms, e->terms.at[i].name, e->terms.at[i].cycles);
  for (size_t i = 0; i < e->limits.n; i++) {
    data_value *x = data_object(m);
    data_set_string(m, x, "limit", e->limits.at[i].words);
    data_set_int(m, x, "cost_without", e->limits.at[i].cycles);
    data_set_bool(m, x, "is_proven", e->limits.at[i].is_proven);
    data_push(m, limits, x);
  }
  data_set_string(m, o, "binding", e->binding);
  data_set(m, o, "cost_split", terms);
  data_set(m, o, "limits", limits);
  data_set(m, o, "steps", solve_steps_to_data(m, &e->steps));
  if (e->moves.n)
    data_set(m, o, "moves", moves_to_data(m, e));
  data_set_int(m, o, "ties", e->ties);
  if (e->runner_up) {
    data_value *x = data_object(m);
    data_set_string(m, x, "name", e->runner_up);
    data_set_int(m, x, "cost", e->runner_up_cycles);
    data_set_string(m, x, "why_lost", e->why_lost);
    data_set(m, o, "runner_up", x);
  }
  return o;
}
