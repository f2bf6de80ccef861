#include "compile_assigned.h"
#include "base/text.h"
#include "solve/solve_answers.h"
#include <string.h>

/* ---- sizes that are given ---- */

/* The assignment's, and what else is said of other symbols. */
static void merge_domains(compile_state *s, const compile_assignment *a, compile_options *o) {
  solve_domain *all = ARENA_NEW_N(&s->ctx->mem, solve_domain, a->n + o->n_domains);
  size_t n = a->n;
  if (n)
    memcpy(all, a->domains, n * sizeof *all);
  for (size_t i = 0; i < o->n_domains; i++) {
    bool is_given = false;
    for (size_t k = 0; k < a->n; k++)
      is_given = is_given || text_eq(a->domains[k].symbol, o->domains[i].symbol);
    if (!is_given)
      all[n++] = o->domains[i];
  }
  o->domains = all;
  o->n_domains = n;
}

static void start(compile_state *s, const compile_options *base, const compile_assignment *a, const solve_options *options) {
  compile_options *o = ARENA_NEW(&s->ctx->mem, compile_options);
  *o = *base;
  o->assigned = NULL;
  o->n_assigned = 0;
  o->explore.variant = a->variant;
  merge_domains(s, a, o);
  s->o = o;
  s->solve_options = *options;
  if (a->slots)
    s->solve_options.assigned_double_buffer = a->slots - 1;
  s->space = (explore_space){0};
  s->table = (explore_table){0};
  s->solved = (solve_result){0};
}

loom_status compile_assign(compile_state *s, loom_status (*make_plan)(compile_state *)) {
  const compile_options *base = s->o;
  const solve_options options = s->solve_options;
  explore_table table = {0};
  solve_result solved = {0};
  for (size_t i = 0; i < base->n_assigned; i++) {
    start(s, base, &base->assigned[i], &options);
    LOOM_TRY(make_plan(s));
    for (size_t k = 0; k < s->solved.rows.n; k++) {
      vec_push(&s->ctx->mem, &solved.rows, s->solved.rows.at[k]);
      vec_push(&s->ctx->mem, &table.rows, (plan_candidate *)s->solved.rows.at[k].candidate);
    }
    table.total += s->table.total;
    solved.evaluated += s->solved.evaluated;
    solved.pruned += s->solved.pruned;
  }
  s->o = base;
  s->space = (explore_space){0};
  s->table = table;
  s->solved = solved;
  return LOOM_OK;
}

/* ---- sizes around the best ---- */

enum { SIZES_MAX = 1 << 12 };      /* combinations of one plan */

typedef struct size_list { VEC_OF(int64_t) at; } size_list;

static bool has_size(const size_list *l, int64_t size) {
  for (size_t i = 0; i < l->at.n; i++)
    if (l->at.at[i] == size)
      return true;
  return false;
}

/* For each symbol of the plan its own size, then the nearest that fit with all others kept. */
static loom_status list_sizes(compile_state *s, const plan *p, const solve_row *row, size_list *out) {
  const solve_field field = {.nest = s->nest, .machine = s->machine, .space = s->space.nest ? &s->space : NULL, .table = &s->table, .o = &s->solve_options};
  solve_steps steps = {0};
  LOOM_TRY(solve_list_field_steps(s->ctx, &field, row, s->o->topk_block_size / 2, &steps));
  for (size_t k = 0; k < p->blocks.n; k++) {
    vec_push(&s->ctx->mem, &out[k].at, p->blocks.at[k].size);
    for (size_t i = 0; i < steps.n; i++)
      if (text_eq(steps.at[i].symbol, p->blocks.at[k].symbol) && steps.at[i].cycles >= 0 && !has_size(&out[k], steps.at[i].to))
        vec_push(&s->ctx->mem, &out[k].at, steps.at[i].to);
  }
  return LOOM_OK;
}

/* The plan of `p`'s variant at combination `index` of the sizes; what does not fit is none. */
static loom_status add_plan(compile_state *s, const plan *p, const size_list *sizes, size_t index) {
  solve_options o = s->solve_options;
  solve_domain *given = ARENA_NEW_N(&s->ctx->mem, solve_domain, p->blocks.n);
  solve_result found = {0};
  plan *made;
  for (size_t k = 0; k < p->blocks.n; k++) {
    given[k] = (solve_domain){.symbol = p->blocks.at[k].symbol, .assigned = sizes[k].at.at[index % sizes[k].at.n]};
    index /= sizes[k].at.n;
  }
  o.domains = given;
  o.n_domains = p->blocks.n;
  o.assigned_double_buffer = p->double_buffer;
  explore_table one = {0};
  vec_push(&s->ctx->mem, &one.rows, (plan_candidate *)&p->candidate);
  one.total = 1;
  const diag_mark before = diag_save(s->ctx);
  const loom_status st = o.model == MODEL_LOOM ? solve_given(s->ctx, s->nest, s->machine, &p->candidate, &o, &found) : solve_run(s->ctx, s->nest, s->machine, &one, &o, &found);
  if (st == LOOM_EINFEASIBLE || (st == LOOM_OK && !solve_has_answer(found.rows.at[0].status))) {
    diag_drop(s->ctx, before);
    return LOOM_OK;
  }
  LOOM_TRY(st);
  LOOM_TRY(solve_plan(s->ctx, s->nest, s->machine, &o, &found.rows.at[0], &made));
  made->kernel_path = p->kernel_path;
  made->kernel_sha256 = p->kernel_sha256;
  vec_push(&s->ctx->mem, &s->plans, made);
  return LOOM_OK;
}

static const solve_row *row_of(const compile_state *s, const plan *p) {
  for (size_t i = 0; i < s->solved.rows.n; i++)
    if (text_eq(s->solved.rows.at[i].candidate->name, p->candidate.name))
      return &s->solved.rows.at[i];
  return NULL;
}

loom_status compile_add_neighbours(compile_state *s) {
  const size_t n_best = s->plans.n;
  for (size_t i = 0; s->o->topk_block_size > 1 && i < n_best; i++) {
    const plan *p = s->plans.at[i];
    size_list *sizes = ARENA_NEW_N(&s->ctx->mem, size_list, p->blocks.n);
    size_t n = 1;
    if (!row_of(s, p))
      continue;
    LOOM_TRY(list_sizes(s, p, row_of(s, p), sizes));
    for (size_t k = 0; k < p->blocks.n; k++) {
      n *= sizes[k].at.n;
      if (n > SIZES_MAX)
        LOOM_FAIL(s->ctx, LOOM_NOSPAN, LOOM_ELIMIT, "--topk-block-size %d: more than %d combinations of block sizes", s->o->topk_block_size, SIZES_MAX);
    }
    for (size_t k = 1; k < n; k++)      /* 0 is the plan itself */
      LOOM_TRY(add_plan(s, p, sizes, k));
  }
  return LOOM_OK;
}
