/* A recorded plan holds for every kernel of the same content, whatever its tensors are called: accesses name them by number ("@0", the second one of it "@0.2"). */
#include "compile_tuning.h"
#include "compile_key.h"
#include "tuning/tuning.h"
#include <stdlib.h>
#include <string.h>

/* What is searched for a given kernel on a given machine, and nothing that shows how. */
static bool is_tunable(const compile_state *s) {
  const compile_options *o = s->o;
  return o->tuning && s->kernel && s->machine && !o->plan && !o->opinion && !o->override_dir && !o->debug && o->topk <= 1 && !o->plain_loops;
}

static const tuning_key *key_of(compile_state *s) {
  arena *m = &s->ctx->mem;
  tuning_key *key = ARENA_NEW(m, tuning_key);
  data_value *options = compile_search_options(m, s->o);
  data_set_bool(m, options, "npu", s->o->for_npu);
  *key = (tuning_key){compile_hash_graph(m, s->kernel, false), compile_hash_machine(m, s), arena_printf(m, "%s/%d", model_kind_text(s->o->model), MODEL_VERSION), compile_hash_data(m, options)};
  return key;
}

/* ---- names ---- */

/* Is `name` tensor `t`, or an access of it with a number ("x.2")?  Then what stands behind it. */
static const char *behind(const char *name, const char *t) {
  const size_t n = strlen(t);
  return strncmp(name, t, n) == 0 && (name[n] == 0 || (name[n] == '.' && name[n + 1] && strspn(name + n + 1, "0123456789") == strlen(name + n + 1))) ? name + n : NULL;
}

static const char *numbered(arena *m, const kernel_graph *k, const char *name) {
  const char *rest;
  for (int exact = 1; exact >= 0; exact--)
    for (size_t i = 0; i < k->tensors.n; i++)
      if ((rest = behind(name, k->tensors.at[i].name)) && (*rest == 0) == exact)
        return arena_printf(m, "@%zu%s", i, rest);
  return name;
}

/* NULL: there is no such tensor. */
static const char *named(arena *m, const kernel_graph *k, const char *name) {
  char *rest;
  if (*name != '@')
    return name;
  const unsigned long i = strtoul(name + 1, &rest, 10);
  return i < k->tensors.n ? arena_printf(m, "%s%s", k->tensors.at[i].name, rest) : NULL;
}

/* A copy without what is made anew in every replay. */
static plan *stripped(arena *m, const plan *p) {
  plan *out = ARENA_NEW(m, plan);
  *out = *p;
  out->kernel = out->kernel_path = out->kernel_sha256 = out->candidate.name = "";
  out->buffers.n = 0;
  return out;
}

/* ---- the database ---- */

static loom_status read_recorded(compile_state *s, const tuning_plan *t, plan **out) {
  arena *m = &s->ctx->mem;
  data_value *v;
  plan *p;
  LOOM_TRY(data_read_json(s->ctx, "<tuning database>", t->plan, strlen(t->plan), &v));
  LOOM_TRY(plan_from_data(s->ctx, v, &p));
  p->kernel = s->kernel->name;
  p->kernel_path = s->kernel->path;
  p->kernel_sha256 = s->kernel->sha256;
  for (int i = 0; i < p->candidate.n_access; i++) {
    p->candidate.access[i].name = named(m, s->kernel, p->candidate.access[i].name);
    if (!p->candidate.access[i].name)
      LOOM_FAIL(s->ctx, v->span, LOOM_EINPUT, "it moves a tensor that the kernel does not have");
  }
  p->candidate.name = plan_variant_name(m, p->kernel, &p->candidate);
  *out = p;
  return LOOM_OK;
}

void compile_forget_tuned(compile_state *s, const char *why) {
  diag_note(s->ctx, LOOM_NOSPAN, "the plan of kernel '%s' in the tuning database no longer fits, and another one is searched: %s", s->kernel->name, why);
  s->tuned = NULL;
  s->is_tuning_stale = true;
}

loom_status compile_tuning_find(compile_state *s) {
  bool found;
  tuning_plan t;
  if (!is_tunable(s))
    return LOOM_OK;
  s->tuning_key = key_of(s);
  if (s->tuned)
    return LOOM_OK;
  LOOM_TRY(tuning_find(s->ctx, s->o->tuning, s->tuning_key, &t, &found));
  const diag_mark before = diag_save(s->ctx);
  if (found && read_recorded(s, &t, &s->tuned) != LOOM_OK) {      /* somebody else wrote there */
    const char *why = (*before.last)->text;
    diag_drop(s->ctx, before);
    compile_forget_tuned(s, why);
  }
  return LOOM_OK;
}

loom_status compile_tuning_record(compile_state *s) {
  if (!is_tunable(s) || !s->plan || s->plan->proof == PLAN_ASSIGNED || s->is_tuned)
    return LOOM_OK;
  arena *m = &s->ctx->mem;
  plan *p = stripped(m, s->plan);
  for (int i = 0; i < p->candidate.n_access; i++)
    p->candidate.access[i].name = numbered(m, s->kernel, p->candidate.access[i].name);
  const tuning_plan t = {s->kernel->name, s->machine->name, data_write_json(m, plan_to_data(m, p), 0), p->predicted_cycles, p->lower_bound,
                         p->proof == PLAN_OPTIMAL ? TUNING_OPTIMAL : TUNING_BEST_FOUND};
  return tuning_record(s->ctx, s->o->tuning, s->tuning_key ? s->tuning_key : key_of(s), &t, s->is_tuning_stale, &s->is_recorded);
}
