/* One candidate at given block sizes under the loom model: T and what it is made of. */
#include "solve/solve_price.h"

static void choose(const nest_node *const *access, plan_candidate *c, int double_buffer, solve_price *out) {
  for (int a = 0; a < c->n_access; a++) {
    space_choice_of(&c->access[a], access[a]->kind == NEST_LOAD && double_buffer ? 2 : 1, &out->chosen[a]);
    c->access[a].depth = out->chosen[a].depth;
  }
}

static loom_status set_blocks(loom_ctx *ctx, const nest *n, const solve_row *row, solve_price *out) {
  int64_t blocks[MODEL_BLOCKS_MAX];
  model_grid g;
  for (size_t i = 0; i < n->symbols.n; i++) {
    blocks[i] = -1;
    for (size_t k = 0; k < row->blocks.n; k++)
      if (text_eq(row->blocks.at[k].symbol, n->symbols.at[i].name))
        blocks[i] = row->blocks.at[k].size;
    if (blocks[i] < 1)
      LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EINPUT, "the plan has no size for block symbol '%s'", n->symbols.at[i].name);
  }
  model_grid_of(&row->candidate->mapping, &g);
  if (!model_set_blocks(out->program, &g, blocks, &out->at))
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_ELIMIT, "variant %s: at these block sizes a cost exceeds the model's numbers", row->candidate->name);
  return LOOM_OK;
}

loom_status solve_price_row(loom_ctx *ctx, const nest *n, const machine *m, const solve_options *o, const solve_row *row, solve_price *out) {
  const nest_node *access[PLAN_LOADS_MAX];
  int n_access;
  *out = (solve_price){.candidate = *row->candidate};
  LOOM_TRY(explore_list_accesses(ctx, n, m, access, &n_access));
  if (n_access != row->candidate->n_access)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EINPUT, "the plan moves %d loads and stores; the kernel has %d", row->candidate->n_access, n_access);
  LOOM_TRY(model_compile(ctx, n, m, o->accumulate_f32, o->sharing, &out->program));
  choose(access, &out->candidate, row->double_buffer, out);
  LOOM_TRY(set_blocks(ctx, n, row, out));
  const plan_choice *choices[PLAN_LOADS_MAX];
  size_t ones[PLAN_LOADS_MAX];
  model_route *routes[PLAN_LOADS_MAX];
  for (int a = 0; a < n_access; a++) {
    choices[a] = &out->chosen[a];
    ones[a] = 1;
  }
  LOOM_TRY(model_find_routes(ctx, out->program, &row->candidate->mapping, &out->at, choices, ones, routes));
  for (int a = 0; a < n_access; a++) {
    model_vector v;
    if (!model_price(out->program, &out->at, a, choices[a], routes[a], &v))
      LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_ELIMIT, "variant %s: at these block sizes the cost of '%s' exceeds the model's numbers", row->candidate->name, row->candidate->access[a].name);
    if (a == 0)
      out->sum = v;
    else
      model_add(&out->sum, &v);
  }
  model_terms(out->program, &out->at, &out->sum, out->term);
  out->cycles = model_total(out->program, &out->at, &out->sum);
  return LOOM_OK;
}

loom_status solve_given(loom_ctx *ctx, const nest *n, const machine *m, const plan_candidate *c, const solve_options *o, solve_result *out) {
  solve_row row = {.candidate = c, .status = SOLVE_ASSIGNED, .double_buffer = o->assigned_double_buffer > 0, .points = 1, .feasible = 1};
  solve_problem p = {0};
  solve_price x;
  *out = (solve_result){.best = 0, .evaluated = 1};
  LOOM_TRY(solve_block_symbols(ctx, n, o, &p));
  for (size_t i = 0; i < p.symbols.n; i++)
    vec_push(&ctx->mem, &row.blocks, ((plan_block){p.symbols.at[i].name, p.symbols.at[i].assigned}));
  LOOM_TRY(solve_price_row(ctx, n, m, o, &row, &x));
  row.cycles = row.lower_bound = x.cycles;
  vec_push(&ctx->mem, &out->rows, row);
  return LOOM_OK;
}
