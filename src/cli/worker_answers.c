/* What --explain, --neighbours, --pareto and --topk of compile, run and explore say of the search. */
#include "base/text.h"
#include "cli/worker.h"
#include "solve/solve_answers.h"

static solve_field field_of(const compile_state *s, const solve_options *so) {
  return (solve_field){.nest = s->nest, .machine = s->machine, .space = s->space.nest ? &s->space : NULL, .table = &s->table, .o = so, .explore = &s->o->explore};
}

loom_status worker_answer(loom_ctx *ctx, const cli_options *o, const compile_state *s, data_value *out) {
  solve_options so = s->solve_options;
  if (!s->nest || s->solved.rows.n == 0 || s->solved.best < 0) {
    if (o->explain || o->certify) {
      diag_warn(ctx, LOOM_NOSPAN, "--%s: nothing was searched, and there is nothing to say of it", o->explain ? "explain" : "certify");
      if (o->letter == 'c' && s->kernel && s->is_native && !o->fixed_sizes)
        diag_help(ctx, "sizes that stay open have no one plan: add --fixed-sizes");
    }
    return LOOM_OK;
  }
  so.explain = o->explain;
  so.neighbours = o->neighbours;
  so.pareto = o->pareto;
  so.top_k = o->topk.last && s->o->stop_after == COMPILE_SOLVE ? s->o->topk : 0;
  const solve_field f = field_of(s, &so);
  return solve_answer_field(ctx, &f, &s->solved, out);
}

static const char *joined(arena *m, const solve_conflict_items *items) {
  text t = text_new(m);
  for (size_t i = 0; i < items->n; i++)
    text_addf(&t, "%s%s", i ? "; " : "", items->at[i].words);
  return text_str(&t);
}

loom_status worker_explain_failure(loom_ctx *ctx, const cli_options *o, const compile_state *s, loom_status failure) {
  solve_conflict c;
  if (failure != LOOM_EINFEASIBLE || !o->explain || !s->nest || s->o->plan)
    return failure;
  const solve_field f = field_of(s, &s->solve_options);
  const diag_mark before = diag_save(ctx);
  if (solve_explain_nothing(ctx, &f, &c) != LOOM_OK) {
    diag_drop(ctx, before);      /* why there is no explanation is no part of why there is no plan */
    return failure;
  }
  for (size_t i = 0; i < c.alone.n; i++)
    diag_note(ctx, LOOM_NOSPAN, "impossible: %s", c.alone.at[i].words);
  if (c.together.n)
    diag_note(ctx, LOOM_NOSPAN, "cannot all hold%s: %s", c.is_minimal ? ", while without any of them the others can" : "", joined(&ctx->mem, &c.together));
  return failure;
}

void worker_print_answers(loom_ctx *ctx, const compile_state *s, const data_value *answers) {
  arena *m = &ctx->mem;
  int64_t cost = s->solved.rows.n == 0 || s->solved.best < 0 ? 0 : s->solved.rows.at[s->solved.best].cycles;
  if (data_get(answers, "explain"))
    cli_print_explain(m, data_get(answers, "explain"), cost);
  if (data_get(answers, "neighbours"))
    cli_print_neighbours(m, data_get(answers, "neighbours"), cost);
  cli_print_ranks(m, data_get(answers, "topk"));
  if (data_get(answers, "pareto"))
    cli_print_trades(m, data_get(answers, "pareto"), data_get_bool(answers, "pareto_is_complete"));
}
