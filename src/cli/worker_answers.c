/* What --explain, --neighbours, --pareto and --topk of compile, run and explore say of the search. */
#include "cli/cli.h"
#include "cli/worker.h"
#include "solve/solve_answers.h"

loom_status worker_answer(loom_ctx *ctx, const cli_options *o, const compile_state *s, data_value *out) {
  solve_options so = s->solve_options;
  const explore_options *explore = &s->o->explore;
  if (!s->nest || s->solved.rows.n == 0 || s->solved.best < 0)
    return LOOM_OK;                          /* nothing was searched */
  so.explain = o->explain;
  so.neighbours = o->neighbours;
  so.pareto = o->pareto;
  so.top_k = o->topk.last && s->o->stop_after == COMPILE_SOLVE ? s->o->topk : 0;
  const solve_field f = {.nest = s->nest, .machine = s->machine, .space = s->space.nest ? &s->space : NULL, .table = &s->table, .o = &so, .explore = explore};
  return solve_answer_field(ctx, &f, &s->solved, out);
}

void worker_print_answers(loom_ctx *ctx, const compile_state *s, const data_value *answers) {
  arena *m = &ctx->mem;
  const data_value *complete = data_get(answers, "pareto_is_complete");
  int64_t cost = s->solved.rows.n == 0 || s->solved.best < 0 ? 0 : s->solved.rows.at[s->solved.best].cycles;
  if (data_get(answers, "explain"))
    cli_print_explain(m, data_get(answers, "explain"), cost);
  if (data_get(answers, "neighbours"))
    cli_print_neighbours(m, data_get(answers, "neighbours"), cost);
  cli_print_ranks(m, data_get(answers, "topk"));
  if (data_get(answers, "pareto"))
    cli_print_trades(m, data_get(answers, "pareto"), complete && complete->boolean);
}
