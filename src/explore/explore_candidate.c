/* A row of the candidate table from a mapping and choices. */
#include "explore/explore_space_private.h"
#include "base/text.h"

/* Upstream's label, "_ch" for "_bc" along a chain, then lifts, slots and direct stores. */
static void add_label(text *t, const plan_mapping *p, const plan_access *a, const plan_choice *c) {
  bool is_shared = false;
  for (int d = 0; d < p->n_mesh; d++)
    if (a->area[d] > 1) {
      text_addf(t, "_dim_%s_level%d_%s%" PRId64, p->mesh_name[d], a->label_level[d], c->move[d] == PLAN_CHAIN ? "ch" : "bc", a->area[d]);
      is_shared = true;
    }
  if (!is_shared)
    text_add(t, "_n");
  if (c->hoist)
    text_addf(t, "_h%d", c->hoist);
  if (c->depth > 1)
    text_addf(t, "_d%d", c->depth);
  if (c->direct)
    text_add(t, "_acc");
}

plan_candidate *explore_make_candidate(arena *m, const explore_space *s, const plan_mapping *p, const plan_choice *chosen) {
  plan_candidate *out = ARENA_NEW(m, plan_candidate);
  out->mapping = *p;
  text t = text_new(m);
  text_addf(&t, "%s__%s__%s__%s_", s->nest->kernel, plan_split_string(m, p), plan_map_string(m, p), plan_order_string(m, p));
  for (int i = 0; i < s->n_access; i++) {
    const plan_choice *c = &chosen[i];
    plan_access *a = &out->access[out->n_access++];
    *a = (plan_access){.name = s->impl->access[i].name, .is_store = s->impl->access[i].is_store, .hoist = c->hoist};
    for (int d = 0; d < p->n_mesh; d++) {
      a->area[d] = c->area[d];
      a->levels[d] = c->levels[d];
      a->label_level[d] = c->levels[d] ? 31 - __builtin_clz(c->levels[d]) : 0;
    }
    add_label(&t, p, a, c);
  }
  out->name = text_str(&t);
  return out;
}
