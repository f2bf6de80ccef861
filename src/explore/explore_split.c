#include "explore/explore_private.h"

typedef struct splitter {
  arena *mem;
  const machine *machine;
  int n_mesh, n_levels[PLAN_MESH_MAX];
  int64_t size[PLAN_MESH_MAX][PLAN_LOGICAL_MAX];     /* by mesh dim and level */
  explore_mappings *out;
} splitter;

/* Logical dims sorted by (level, mesh dim). */
static void emit(splitter *s) {
  plan_mapping p = {.n_mesh = s->n_mesh};
  int deepest = 0;
  for (int d = 0; d < s->n_mesh; d++) {
    p.mesh_name[d] = s->machine->mesh.at[d].name;
    p.mesh_size[d] = s->machine->mesh.at[d].size;
    deepest = s->n_levels[d] > deepest ? s->n_levels[d] : deepest;
  }
  for (int level = 0; level < deepest; level++)
    for (int d = 0; d < s->n_mesh; d++)
      if (level < s->n_levels[d])
        p.logical[p.n_logical++] = (plan_logical){.mesh_dim = d, .level = level, .size = s->size[d][level], .iter = -1};
  vec_push(s->mem, s->out, p);
}

static void factor_dim(splitter *s, int d);

/* Ordered factorisations of `left` into the levels of dim d from `level` on, divisors ascending, 1 allowed. */
static void factor_level(splitter *s, int d, int level, int64_t left) {
  if (level + 1 == s->n_levels[d]) {
    s->size[d][level] = left;
    factor_dim(s, d + 1);
    return;
  }
  for (int64_t f = 1; f <= left; f++)
    if (left % f == 0) {
      s->size[d][level] = f;
      factor_level(s, d, level + 1, left / f);
    }
}

static void factor_dim(splitter *s, int d) {
  if (d == s->n_mesh)
    emit(s);
  else
    factor_level(s, d, 0, s->machine->mesh.at[d].size);
}

/* `left` levels for mesh dims d.., each at least one, the first dim's count ascending. */
static void partition(splitter *s, int d, int left) {
  if (d + 1 >= PLAN_MESH_MAX || d + 1 == s->n_mesh) {
    s->n_levels[d] = left;
    factor_dim(s, 0);
    return;
  }
  for (int k = 1; left - k >= s->n_mesh - d - 1; k++) {
    s->n_levels[d] = k;
    partition(s, d + 1, left - k);
  }
}

void explore_list_splits(arena *m, const machine *mach, int n_iters, explore_mappings *out) {
  splitter s = {.mem = m, .machine = mach, .n_mesh = (int)mach->mesh.n, .out = out};
  partition(&s, 0, n_iters + s.n_mesh - 1);
}

void explore_assign(plan_mapping *p, const explore_order *priority) {
  int next = 1;
  for (int l = 0; l < p->n_logical; l++)
    p->logical[l].iter = p->logical[l].level == 0 ? priority->at[0] : priority->at[next++];
}
