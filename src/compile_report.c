/* report.json of the output directory: what `loom report` shows and no other file of it says.  How much arithmetic there is, why this plan and what came behind
 * it, the IR of the stages before the last. */
#include "compile.h"
#include "compile_stage.h"
#include "base/file.h"
#include "nest/nest_flops.h"
#include "solve/solve_answers.h"

enum { RUNNERS_UP = 8, CASES_MAX = 50000, EVALUATIONS_MAX = 50000, SENSITIVITY_STEPS = 12 /* each way */, TRADE_EVALUATIONS = 3000 };

/* Every question is a search of its own.  After a short one they take a second together, mostly far less; else --explain asks, and summary.json has what it
 * says.  A search that was stopped would be stopped again. */
static bool can_ask(const compile_state *s) {
  int64_t cases = s->space.nest ? s->space.n_mappings * s->space.n_orders : (int64_t)s->table.rows.n;
  return s->solved.rows.n > 0 && s->solved.best >= 0 && s->o->model == MODEL_LOOM && s->plan->proof == PLAN_OPTIMAL && cases <= CASES_MAX &&
         s->solved.evaluated <= EVALUATIONS_MAX;
}

/* What one size alone would cost: a few prices, whatever was searched. */
static loom_status add_sensitivity(compile_state *s, const solve_field *f, data_value *out) {
  solve_steps steps;
  if (s->solved.best < 0 || s->o->model != MODEL_LOOM)
    return LOOM_OK;
  LOOM_TRY(solve_list_field_steps(s->ctx, f, &s->solved.rows.at[s->solved.best], SENSITIVITY_STEPS, &steps));
  data_set(&s->ctx->mem, out, "sensitivity", solve_steps_to_data(&s->ctx->mem, &steps));
  return LOOM_OK;
}

static loom_status add_answers(compile_state *s, data_value *out) {
  solve_options so = s->solve_options;
  solve_limits limits = {.threads = so.threads};
  solve_result best;
  so.neighbours = so.pareto = so.only_best = false;
  so.opinion = NULL;
  so.progress = NULL;
  const solve_field f = {.nest = s->nest, .machine = s->machine, .space = s->space.nest ? &s->space : NULL, .table = &s->table, .o = &so, .explore = &s->o->explore};
  LOOM_TRY(add_sensitivity(s, &f, out));
  if (!can_ask(s))
    return LOOM_OK;
  so.explain = !s->machine->npu;         /* what more memory would give takes longer than a program for an NPU */
  so.top_k = RUNNERS_UP;
  if (s->space.nest)
    LOOM_TRY(solve_space(s->ctx, &s->space, &so, &limits, &best));
  else
    LOOM_TRY(solve_rows(s->ctx, s->nest, s->machine, &s->table, &so, &limits, &best));
  LOOM_TRY(solve_answer_field(s->ctx, &f, &best, out));
  so.explain = false;
  so.top_k = 0;
  so.pareto = true;
  so.op_budget = TRADE_EVALUATIONS;
  return solve_answer_field(s->ctx, &f, &best, out);
}

static void add_stage(compile_state *s, data_value *list, compile_stage stage) {
  arena *m = &s->ctx->mem;
  data_value *o = data_object(m);
  data_set_string(m, o, "name", compile_stage_name(stage));
  data_set_string(m, o, "text", compile_stage_text(s, stage));
  data_push(m, list, o);
}

loom_status compile_write_report(compile_state *s) {
  arena *m = &s->ctx->mem;
  data_value *v = data_object(m), *stages = data_array(m);
  int64_t flops = nest_flops(s->ctx, s->nest);
  data_set_string(m, v, "schema", "loom.parts.v1");
  if (flops >= 0)
    data_set_int(m, v, "flops", flops);
  if (!s->o->for_board)
    LOOM_TRY(add_answers(s, v));
  add_stage(s, stages, COMPILE_STAGE0);
  add_stage(s, stages, COMPILE_CANONICAL);
  data_set(m, v, "stages", stages);
  return data_write_json_file(s->ctx, file_join(m, s->output_dir, "report.json"), v);
}
