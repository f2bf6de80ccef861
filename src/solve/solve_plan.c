#include "base/text.h"
#include "solve/solve_price.h"

typedef struct evaluator { loom_ctx *ctx; sym_binding at[SOLVE_SYMBOLS_MAX + 1]; size_t n; } evaluator;

static loom_status eval(evaluator *e, const sym_expr *x, int64_t *out) { return sym_eval(e->ctx, x, e->at, e->n, out); }

/* Cycles spent on what does not exist: the part of the predicted time that padded tiles and surplus positions take. */
static loom_status tail_cycles(evaluator *e, const model_cost *cost, int64_t cycles, int64_t *out) {
  double useful = 1;
  for (size_t i = 0; i < cost->trips.n; i++) {
    int64_t num, den;
    LOOM_TRY(eval(e, cost->trips.at[i].numerator, &num));
    LOOM_TRY(eval(e, cost->trips.at[i].denominator, &den));
    if (num > 0 && den > 0)
      useful *= (double)num / ((double)((num + den - 1) / den) * (double)den);
  }
  int64_t work = (int64_t)((double)cycles * useful + 0.5);
  *out = work < cycles ? cycles - work : 0;
  return LOOM_OK;
}

static loom_status fill_costs(evaluator *e, const model_cost *cost, plan *p) {
  LOOM_TRY(eval(e, cost->compute, &p->cost_compute));
  LOOM_TRY(eval(e, cost->load, &p->cost_load));
  LOOM_TRY(eval(e, cost->store, &p->cost_store));
  LOOM_TRY(eval(e, cost->l1_bytes, &p->l1_bytes));
  LOOM_TRY(eval(e, cost->dram_bytes, &p->dram_bytes));
  return tail_cycles(e, cost, p->predicted_cycles, &p->cost_tail);
}

/* Upstream's footprint counts the accumulator in the kernel's own type.  Where f32 does not fit at the sizes it chose, neither does its plan. */
static loom_status layout(loom_ctx *ctx, const nest *n, const machine *m, const solve_options *o, plan *p) {
  if (!p->accumulate_f32)
    return model_layout_l1(ctx, n, m, p);
  model_cost *real;
  evaluator e = {.ctx = ctx};
  for (size_t i = 0; i < p->blocks.n; i++)
    e.at[e.n++] = (sym_binding){p->blocks.at[i].symbol, p->blocks.at[i].size};
  e.at[e.n++] = (sym_binding){MODEL_DOUBLE_BUFFER, p->double_buffer};
  int64_t bytes;
  LOOM_TRY(model_build(ctx, n, m, &p->candidate, MODEL_LOOM, true, &real));
  LOOM_TRY(eval(&e, real->l1_bytes, &bytes));
  if (bytes > m->l1_bytes) {
    diag_warn(ctx, LOOM_NOSPAN, "an f32 accumulator needs %" PRId64 " B of L1 at the block sizes of --model %s; the plan accumulates in %s", bytes,
              model_kind_text(o->model), dtype_mlir(n->type));
    diag_help(ctx, "--model loom prices the f32 accumulator");
    p->accumulate_f32 = false;
  }
  return model_layout_l1(ctx, n, m, p);
}

/* The loom model: the plan's cycles are its own, at exactly these choices. */
static loom_status finish_loom(loom_ctx *ctx, const nest *n, const machine *m, const solve_options *o, const solve_row *row, plan *p) {
  solve_price x;
  LOOM_TRY(solve_price_row(ctx, n, m, o, row, &x));
  p->candidate = x.candidate;
  p->predicted_cycles = x.cycles;
  p->lower_bound = row->lower_bound ? row->lower_bound : x.cycles;
  p->cost_compute = x.term[MODEL_TERM_COMPUTE];
  p->cost_load = x.term[MODEL_TERM_FILL] + x.term[MODEL_TERM_READER];
  p->cost_store = x.term[MODEL_TERM_WRITER] + x.term[MODEL_TERM_DRAIN];
  p->dram_bytes = x.sum.dram_bytes;
  double useful = 1;
  for (int i = 0; i < n->n_parallel; i++) {
    int64_t extent, part = plan_block_size(p, n->loops.at[i].block) * plan_iter_cores(&p->candidate.mapping, i);
    if (sym_is_const(n->loops.at[i].extent, &extent) && extent > 0 && part > 0)
      useful *= (double)extent / ((double)((extent + part - 1) / part) * (double)part);
  }
  p->cost_tail = (int64_t)((double)x.cycles * (1 - useful) + 0.5);
  return model_layout_slots(ctx, x.program, &x.at, x.chosen, p);
}

loom_status solve_plan(loom_ctx *ctx, const nest *n, const machine *m, const solve_options *o, const solve_row *row, plan **out) {
  static const plan_proof proofs[] = {[SOLVE_OPTIMAL] = PLAN_OPTIMAL, [SOLVE_BEST_FOUND] = PLAN_BEST_FOUND, [SOLVE_ASSIGNED] = PLAN_ASSIGNED};
  if (!solve_has_answer(row->status))
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EINFEASIBLE, "variant %s has no feasible block sizes; %s", row->candidate->name, row->why);
  plan *p = ARENA_NEW(&ctx->mem, plan);
  p->kernel = n->kernel;
  p->machine = m->name;
  p->calibration = m->perf.n ? m->perf.at[m->calibration].name : NULL;
  p->model = model_kind_text(o->model);
  p->candidate = *row->candidate;
  p->double_buffer = row->double_buffer;
  p->accumulate_f32 = o->accumulate_f32;
  p->predicted_cycles = row->cycles;
  p->lower_bound = row->lower_bound;
  p->points = row->points;
  p->feasible = row->feasible;
  p->ragged = row->ragged;
  p->proof = proofs[row->status];
  for (size_t i = 0; i < row->blocks.n; i++)
    vec_push(&ctx->mem, &p->blocks, row->blocks.at[i]);
  *out = p;
  if (o->model == MODEL_LOOM)
    return finish_loom(ctx, n, m, o, row, p);
  model_cost *cost;
  LOOM_TRY(model_build(ctx, n, m, row->candidate, o->model, o->accumulate_f32, &cost));
  p->l1_capacity = cost->l1_capacity;
  evaluator e = {.ctx = ctx};
  for (size_t i = 0; i < row->blocks.n; i++) {
    e.at[e.n++] = (sym_binding){row->blocks.at[i].symbol, row->blocks.at[i].size};
  }
  e.at[e.n++] = (sym_binding){MODEL_DOUBLE_BUFFER, row->double_buffer};
  LOOM_TRY(fill_costs(&e, cost, p));
  return layout(ctx, n, m, o, p);
}
