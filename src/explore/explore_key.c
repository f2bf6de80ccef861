#include "explore/explore_private.h"
#include "base/text.h"

/* Levels of size 1 do not matter: an iterator's index is built from its other levels in order, a core's coordinate from its dim's. */
const char *explore_candidate_key(arena *m, const plan_candidate *c) {
  const plan_mapping *p = &c->mapping;
  text t = text_new(m);
  for (int i = 0; i < p->n_iters; i++) {
    text_addf(&t, "i%d:", p->order[i]);
    int seen[PLAN_MESH_MAX] = {0};
    for (int l = 0; l < p->n_logical; l++) {
      const plan_logical *x = &p->logical[l];
      if (x->size == 1)
        continue;
      if (x->iter == i)
        text_addf(&t, "%d.%d*%" PRId64 ",", x->mesh_dim, seen[x->mesh_dim], x->size);
      seen[x->mesh_dim]++;
    }
  }
  for (int i = 0; i < c->n_access; i++)
    for (int d = 0; d < p->n_mesh; d++)
      text_addf(&t, "%c%" PRId64, d ? 'x' : ';', c->access[i].area[d]);
  return text_str(&t);
}

static size_t hash_of(const char *s) {
  uint64_t h = 1469598103934665603u;       /* FNV-1a */
  for (; *s; s++)
    h = (h ^ (unsigned char)*s) * 1099511628211u;
  return (size_t)h;
}

static size_t find_slot(const explore_set *set, const char *s) {
  size_t i = hash_of(s) & (set->room - 1);
  while (set->at[i] && strcmp(set->at[i], s) != 0)
    i = (i + 1) & (set->room - 1);
  return i;
}

bool explore_set_add(arena *m, explore_set *set, const char *s) {
  if (2 * set->n >= set->room) {
    explore_set bigger = {.n = set->n, .room = set->room ? set->room * 2 : 64};
    bigger.at = ARENA_NEW_N(m, const char *, bigger.room);
    for (size_t i = 0; i < set->room; i++)
      if (set->at[i])
        bigger.at[find_slot(&bigger, set->at[i])] = set->at[i];
    *set = bigger;
  }
  size_t i = find_slot(set, s);
  if (set->at[i])
    return false;
  set->at[i] = s;
  set->n++;
  return true;
}
