#include "solve/solve_private.h"
#include "base/clock.h"
#include "base/text.h"
#include "solve/certify.h"

const char *solve_status_text(solve_status s) {
  static const char *const words[] = {"optimal", "best_found", "assigned", "infeasible", "undecided"};
  return words[s];
}

solve_limits solve_limits_of(const solve_options *o) {
  return (solve_limits){.op_budget = o->op_budget, .timeout_s = o->timeout_s, .threads = o->threads, .progress = o->progress, .data = o->progress_data};
}

/* What the kernel itself leaves of the sizes of a block: one, or (0) a free choice. */
static int64_t only_size(const nest_symbol *s) { return s->covers_one ? 1 : s->fixed; }

static loom_status check_only_sizes(loom_ctx *ctx, const nest *n, const solve_problem *p) {
  for (size_t i = 0; i < n->symbols.n; i++) {
    const nest_symbol *s = &n->symbols.at[i];
    int64_t only = only_size(s), asked = p->symbols.at[i].assigned;
    if (only && asked && asked != only)
      LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EINFEASIBLE, "'%s' cannot be %" PRId64 ": %s, so its only size is %" PRId64, s->name, asked,
                s->covers_one ? "the kernel takes one element of each of its blocks" : "the kernel fixes it", only);
  }
  return LOOM_OK;
}

/* Upper bounds of the symbols; one that names other symbols (declared before it) takes their largest values.  0: unknown. */
static void add_symbols(arena *m, const nest *n, solve_problem *p) {
  int64_t lo[SOLVE_SYMBOLS_MAX], hi[SOLVE_SYMBOLS_MAX];
  for (size_t i = 0; i < n->symbols.n; i++) {
    const nest_symbol *s = &n->symbols.at[i];
    int64_t upper = s->upper_bound && i < SOLVE_SYMBOLS_MAX ? solve_range(p, s->upper_bound, lo, hi).hi : 0;
    upper = upper == INT64_MAX || upper < 0 ? 0 : upper;
    int64_t only = only_size(s);
    upper = only ? only : upper;
    vec_push(m, &p->symbols, ((solve_symbol){.name = s->name, .align = only ? only : s->align, .upper = upper}));
    if (i < SOLVE_SYMBOLS_MAX) {
      lo[i] = 1;
      hi[i] = upper > 0 ? upper : INT64_MAX;
    }
  }
}

loom_status solve_block_symbols(loom_ctx *ctx, const nest *n, const solve_options *o, solve_problem *p) {
  add_symbols(&ctx->mem, n, p);
  LOOM_TRY(solve_apply_options(ctx, o, p));
  return check_only_sizes(ctx, n, p);
}

loom_status solve_pose_row(loom_ctx *ctx, const nest *n, const model_cost *cost, const solve_options *o, solve_problem *p) {
  arena *m = &ctx->mem;
  *p = (solve_problem){.cycles = cost->cycles, .rule = o->ragged ? SOLVE_TRIPS_ANY : SOLVE_TRIPS_EXACT, .falls_back = true};
  add_symbols(m, n, p);
  vec_push(m, &p->booleans, ((solve_boolean){MODEL_DOUBLE_BUFFER, -1}));
  vec_push(m, &p->capacities, ((solve_capacity){"L1", cost->l1_bytes, cost->l1_capacity}));
  for (size_t i = 0; i < cost->trips.n; i++)
    vec_push(m, &p->trips, ((solve_trip){cost->trips.at[i].numerator, cost->trips.at[i].denominator}));
  LOOM_TRY(solve_apply_options(ctx, o, p));
  return check_only_sizes(ctx, n, p);
}

static solve_row make_row(loom_ctx *ctx, const nest *n, const plan_candidate *c, const solve_answer *a) {
  solve_row r = {.candidate = c, .status = a->status, .cycles = a->cycles, .lower_bound = a->lower_bound, .double_buffer = a->boolean[0],
                 .points = a->points, .feasible = a->feasible, .ragged = a->ragged || a->fallback, .why = a->why};
  for (size_t i = 0; i < n->symbols.n && solve_has_answer(a->status); i++)
    vec_push(&ctx->mem, &r.blocks, ((plan_block){n->symbols.at[i].name, a->value[i]}));
  return r;
}

static loom_status nothing_feasible(loom_ctx *ctx, const nest *n, const machine *m, const solve_result *r) {
  for (size_t i = 0; i < r->rows.n; i++)
    if (r->rows.at[i].status == SOLVE_UNDECIDED) {
      diag_error(ctx, LOOM_NOSPAN, LOOM_ELIMIT, "the budget was spent before block sizes for kernel %s were found", n->kernel);
      diag_help(ctx, "allow more evaluations with --op-budget");
      return LOOM_ELIMIT;
    }
  diag_error(ctx, LOOM_NOSPAN, LOOM_EINFEASIBLE, "no block sizes for kernel %s fit machine %s in any of the %zu candidates; %s", n->kernel, m->name, r->rows.n,
             r->rows.n ? r->rows.at[0].why : "there are none");
  diag_help(ctx, "choose smaller --block-sizes, wider domains, or a machine with more memory");
  return LOOM_EINFEASIBLE;
}

/* Each distinct problem once, by the name of its first row; NULL: nobody is asked. */
static loom_status certify_all(loom_ctx *ctx, const solve_options *o, const explore_table *t, const solve_memo *memo, const size_t *which, const solve_answer *answers,
                               solve_certificate **out) {
  *out = NULL;
  if (!o->opinion)
    return LOOM_OK;
  *out = ARENA_NEW_N(&ctx->mem, solve_certificate, memo->problems.n);
  for (size_t i = 0, next = 0; i < t->rows.n; i++)
    if (which[i] == next) {
      LOOM_TRY(solve_ask_opinion(ctx, o->opinion, t->rows.at[i]->name, memo->problems.at[next], &answers[next], &(*out)[next]));
      next++;
    }
  return LOOM_OK;
}

loom_status solve_run(loom_ctx *ctx, const nest *n, const machine *m, const explore_table *t, const solve_options *o, solve_result *out) {
  *out = (solve_result){.best = -1};
  double start = clock_ms();
  solve_memo memo = {0};
  size_t *which = ARENA_NEW_N(&ctx->mem, size_t, t->rows.n);      /* rows to distinct problems */
  for (size_t i = 0; i < t->rows.n; i++) {
    model_cost *cost;
    arena_mark mark = arena_save(&ctx->mem);
    solve_problem *p = ARENA_NEW(&ctx->mem, solve_problem);
    LOOM_TRY(model_build(ctx, n, m, t->rows.at[i], o->model, o->accumulate_f32, &cost));
    LOOM_TRY(solve_pose_row(ctx, n, cost, o, p));
    size_t distinct = memo.problems.n;
    which[i] = solve_memo_add(&ctx->scratch, &memo, p);
    if (memo.problems.n == distinct)
      arena_release(&ctx->mem, mark);      /* nothing refers to a problem met before */
  }
  solve_answer *answers = ARENA_NEW_N(&ctx->mem, solve_answer, memo.problems.n);
  solve_limits limits = solve_limits_of(o);
  LOOM_TRY(solve_problems(ctx, memo.problems.at, memo.problems.n, o->only_best, &limits, answers));
  for (size_t i = 0; i < memo.problems.n; i++) {
    out->evaluated = solve_add(out->evaluated, answers[i].evaluated);
    out->pruned = solve_add(out->pruned, answers[i].pruned);
  }
  solve_certificate *certificates;
  LOOM_TRY(certify_all(ctx, o, t, &memo, which, answers, &certificates));
  const char *fallback = NULL;
  for (size_t i = 0; i < t->rows.n; i++) {
    const solve_answer *a = &answers[which[i]];
    solve_row row = make_row(ctx, n, t->rows.at[i], a);
    row.certificate = certificates ? &certificates[which[i]] : NULL;
    vec_push(&ctx->mem, &out->rows, row);
    if (!solve_has_answer(a->status) || (out->best >= 0 && a->cycles >= out->rows.at[out->best].cycles))
      continue;
    out->best = (int)i;
    fallback = a->fallback;
  }
  out->solver_ms = clock_ms() - start;
  if (out->best < 0)
    return nothing_feasible(ctx, n, m, out);
  if (fallback)
    diag_note(ctx, LOOM_NOSPAN, "%s; ceilings are used instead, as with --ragged", fallback);
  return LOOM_OK;
}
