#include "compile_replay.h"
#include "compile_tuning.h"
#include <string.h>

/* The mapping must fit the machine, and name its dims. */
static loom_status check_mesh(compile_state *s, loom_span span, const plan *p) {
  const plan_mapping *map = &p->candidate.mapping;
  for (int d = 0; d < map->n_mesh; d++)
    if (map->n_mesh != (int)s->machine->mesh.n || strcmp(map->mesh_name[d], s->machine->mesh.at[d].name) != 0 ||
        map->mesh_size[d] > s->machine->mesh.at[d].size)
      LOOM_FAIL(s->ctx, span, LOOM_EINFEASIBLE, "the plan spreads over %" PRId64 " cores along '%s'; machine '%s' has no such mesh (the plan was made for '%s')",
                map->mesh_size[d], map->mesh_name[d], s->machine->name, p->machine);
  return LOOM_OK;
}

/* A plan that is given: its mapping, movement and block sizes hold; costs and the L1 layout are made anew, so that an edited plan is a plan.
 * What the solver had proved still holds where nothing that it proved has changed. */
static loom_status replay(compile_state *s, loom_span span, const plan *p) {
  plan *made;
  LOOM_TRY(check_mesh(s, span, p));
  solve_domain *assigned = ARENA_NEW_N(&s->ctx->mem, solve_domain, p->blocks.n);
  for (size_t i = 0; i < p->blocks.n; i++)
    assigned[i] = (solve_domain){.symbol = p->blocks.at[i].symbol, .assigned = p->blocks.at[i].size};
  solve_options *o = &s->solve_options;
  o->domains = assigned;
  o->n_domains = p->blocks.n;
  o->assigned_double_buffer = p->double_buffer;
  o->accumulate_f32 = p->accumulate_f32;
  if (p->model && !model_kind_parse(p->model, &o->model))
    LOOM_FAIL(s->ctx, span, LOOM_EINPUT, "the plan's model '%s' is not loom, upstream or upstream-nested", p->model);
  vec_push(&s->ctx->mem, &s->table.rows, (plan_candidate *)&p->candidate);
  s->table.total = 1;
  if (o->model == MODEL_LOOM)
    LOOM_TRY(solve_given(s->ctx, s->nest, s->machine, &p->candidate, o, &s->solved));
  else
    LOOM_TRY(solve_run(s->ctx, s->nest, s->machine, &s->table, o, &s->solved));
  LOOM_TRY(solve_plan(s->ctx, s->nest, s->machine, o, &s->solved.rows.at[0], &made));
  made->kernel_path = p->kernel_path;
  made->kernel_sha256 = p->kernel_sha256;
  if (made->predicted_cycles == p->predicted_cycles && made->dram_bytes == p->dram_bytes && text_eq(made->machine, p->machine)) {
    made->proof = p->proof;
    made->lower_bound = p->lower_bound;
    made->points = p->points;
    made->feasible = p->feasible;
    made->ragged = p->ragged;
  }
  s->plan = made;
  vec_push(&s->ctx->mem, &s->plans, made);
  return LOOM_OK;
}

loom_status compile_replay_file(compile_state *s) {
  data_value *v;
  plan *p;
  LOOM_TRY(data_read_json_file(s->ctx, s->o->plan, (size_t)1 << 24, &v));
  LOOM_TRY(plan_from_data(s->ctx, v, &p));
  if (s->kernel && p->kernel_sha256 && p->kernel_sha256[0] && strcmp(p->kernel_sha256, s->kernel->sha256) != 0)
    diag_warn(s->ctx, v->span, "the plan was made for another version of the kernel file (its SHA-256 differs)");
  return replay(s, v->span, p);
}

/* The plan that the tuning database has, unless it no longer is what was recorded: then there is a note, and all is as before. */
static loom_status replay_tuned(compile_state *s) {
  const solve_options given = s->solve_options;
  const diag_mark before = diag_save(s->ctx);
  const loom_status st = replay(s, LOOM_NOSPAN, s->tuned);
  s->is_tuned = st == LOOM_OK && s->plan->predicted_cycles == s->tuned->predicted_cycles && s->plan->dram_bytes == s->tuned->dram_bytes;
  if (s->is_tuned)
    return LOOM_OK;
  const char *why = st != LOOM_OK && *before.last ? (*before.last)->text : arena_printf(&s->ctx->mem, "it was to take %" PRId64 " cycles", s->tuned->predicted_cycles);
  diag_drop(s->ctx, before);
  s->solve_options = given;
  s->table = (explore_table){0};
  s->solved = (solve_result){0};
  s->plan = NULL;
  s->plans.n = 0;
  compile_forget_tuned(s, why);
  return LOOM_OK;
}

loom_status compile_look_for_tuned(compile_state *s) {
  if (!(s->o->for_npu && s->o->board_reserve_bytes))      /* planned again, since what there was took too much of the lanes */
    LOOM_TRY(compile_tuning_find(s));
  return s->tuned && !s->o->tune ? replay_tuned(s) : LOOM_OK;
}

/* As the database compares them. */
static bool is_better(const plan *a, const plan *b) { return a->predicted_cycles < b->predicted_cycles || (a->predicted_cycles == b->predicted_cycles && a->proof > b->proof); }

loom_status compile_prefer_tuned(compile_state *s) {
  const compile_state found = *s;
  if (!s->tuned || !is_better(s->tuned, s->plan))
    return LOOM_OK;
  memset(&s->plans, 0, sizeof s->plans);      /* those of `found` stay as they are */
  s->table = (explore_table){0};
  LOOM_TRY(replay_tuned(s));
  if (!s->is_tuned) {
    *s = found;
    s->is_tuning_stale = true;
  }
  return LOOM_OK;
}
