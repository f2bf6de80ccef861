/* A row of the candidate table from a mapping and choices, and what its reader must be able to do. */
#include "explore/explore_space_private.h"

plan_candidate *explore_make_candidate(arena *m, const explore_space *s, const plan_mapping *p, const plan_choice *chosen) {
  plan_candidate *out = ARENA_NEW(m, plan_candidate);
  out->mapping = *p;
  out->n_access = s->n_access;
  for (int i = 0; i < s->n_access; i++) {
    const plan_choice *c = &chosen[i];
    plan_access *a = &out->access[i];
    *a = (plan_access){.name = s->impl->access[i].name, .is_store = s->impl->access[i].is_store, .hoist = c->hoist, .panel = c->panel, .depth = c->depth, .direct = c->direct};
    for (int d = 0; d < p->n_mesh; d++) {
      a->area[d] = c->area[d];
      a->levels[d] = c->levels[d];
      a->label_level[d] = c->levels[d] ? 31 - __builtin_clz(c->levels[d]) : 0;      /* the last level walked */
      a->move[d] = c->move[d];
    }
  }
  out->name = plan_variant_name(m, s->nest->kernel, out);
  return out;
}

static unsigned features_of_mapping(const explore_space *s, const plan_mapping *p) {
  unsigned f = explore_follows_upstream(p) ? 0 : PLAN_NEEDS_ANY_MAPPING;
  for (int d = 0; d < p->n_mesh; d++)
    f |= p->mesh_size[d] < s->machine->mesh.at[d].size ? PLAN_NEEDS_OCCUPANCY : 0;
  return f;
}

static unsigned features_of_choice(const explore_space *s, const plan_mapping *p, int a, const plan_choice *c) {
  const explore_load *x = &s->impl->access[a];
  unsigned f = (c->hoist > x->n_seq ? PLAN_NEEDS_HOIST_TEMPORAL : 0) | (c->panel ? PLAN_NEEDS_PANEL : 0) | (c->depth > 2 ? PLAN_NEEDS_DEPTH3 : 0) |
               (c->direct ? PLAN_NEEDS_DIRECT_STORE : 0);
  for (int d = 0; d < p->n_mesh; d++)
    f |= (c->area[d] > 1 && c->move[d] == PLAN_CHAIN ? PLAN_NEEDS_CHAIN : 0) |
         (c->area[d] > 1 && c->area[d] < explore_widest_along(s, p, a, c->hoist, d) ? PLAN_NEEDS_PARTIAL_AREA : 0);
  return f;
}

unsigned explore_features(const explore_space *s, const plan_mapping *p, const plan_choice *chosen) {
  unsigned f = features_of_mapping(s, p);
  int depth = 0;                        /* of the loads */
  for (int a = 0; a < s->n_access; a++) {
    f |= features_of_choice(s, p, a, &chosen[a]);
    if (s->impl->access[a].is_store)
      continue;
    f |= depth && depth != chosen[a].depth ? PLAN_NEEDS_MIXED_DEPTH : 0;
    depth = chosen[a].depth;
  }
  return f;
}
