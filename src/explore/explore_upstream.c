#include "explore/explore_upstream.h"
#include "explore/explore_private.h"
#include "base/text.h"

/* ---- HEAD: occupancies x splits x priorities ---- */

/* Of n cores of a dim upstream tries 2, 4, ..; all of one that has fewer than 2. */
static int64_t first_size(int64_t n, bool occupancy) { return occupancy && n >= 2 ? 2 : n; }

static void split_and_assign(arena *m, const machine *used, const explore_orders *priorities, int n_iters, explore_mappings *out) {
  explore_mappings splits = {0};
  explore_list_splits(m, used, n_iters, &splits);
  for (size_t s = 0; s < splits.n; s++)
    for (size_t p = 0; p < priorities->n; p++) {
      plan_mapping x = splits.at[s];
      x.n_iters = n_iters;
      for (int i = 0; i < n_iters; i++)
        x.order[i] = i;
      explore_assign(&x, &priorities->at[p]);
      vec_push(m, out, x);
    }
}

void explore_list_upstream(arena *m, const machine *mach, const explore_score *score, int n_iters, bool occupancy, explore_mappings *out) {
  explore_orders priorities = {0};
  int n_mesh = (int)mach->mesh.n, d;
  int64_t size[PLAN_MESH_MAX];
  machine used = *mach;
  used.mesh.at = ARENA_NEW_N(m, machine_dim, n_mesh);
  explore_rank(m, score, n_iters, &priorities);
  for (d = 0; d < n_mesh; d++)
    size[d] = first_size(mach->mesh.at[d].size, occupancy);
  do {      /* counts up, the last dim fastest */
    for (d = 0; d < n_mesh; d++) {
      used.mesh.at[d] = mach->mesh.at[d];
      used.mesh.at[d].size = size[d];
    }
    split_and_assign(m, &used, &priorities, n_iters, out);
    for (d = n_mesh - 1; d >= 0; d--) {
      if (occupancy && size[d] + 2 <= mach->mesh.at[d].size) {
        size[d] += 2;
        break;
      }
      size[d] = first_size(mach->mesh.at[d].size, occupancy);
    }
  } while (d >= 0);
}

/* ---- the older list: whole dims ---- */

typedef struct legacy {
  arena *mem;
  const machine *machine;
  int n_mesh, n_iters;
  bool permute;
  int iter_of[PLAN_MESH_MAX];
  int at[PLAN_MESH_MAX], n_at;      /* mesh dims, iterator by iterator, most significant first */
  const explore_orders *temporal;
  explore_mappings *out;
} legacy;

/* Levels that keep the logical dims sorted by (level, mesh dim) and each iterator's dims in the order of `at`. */
static void emit_legacy(const legacy *g) {
  int level[PLAN_MESH_MAX], deepest = 0;
  plan_mapping p = {.n_mesh = g->n_mesh, .n_iters = g->n_iters};
  for (int k = 0; k < g->n_at; k++) {
    int d = g->at[k], before = k ? g->at[k - 1] : -1;
    bool follows = before >= 0 && g->iter_of[before] == g->iter_of[d];
    level[d] = follows ? level[before] + (d < before) : 0;
    deepest = level[d] > deepest ? level[d] : deepest;
  }
  for (int d = 0; d < g->n_mesh; d++) {
    p.mesh_name[d] = g->machine->mesh.at[d].name;
    p.mesh_size[d] = g->machine->mesh.at[d].size;
  }
  for (int l = 0; l <= deepest; l++)
    for (int d = 0; d < g->n_mesh; d++)
      if (l <= level[d])
        p.logical[p.n_logical++] = (plan_logical){.mesh_dim = d, .level = l, .size = l == level[d] ? p.mesh_size[d] : 1, .iter = g->iter_of[d]};
  for (size_t t = 0; t < g->temporal->n; t++) {
    memcpy(p.order, g->temporal->at[t].at, sizeof p.order);
    vec_push(g->mem, g->out, p);
  }
}

/* Every order of the dims of iterators i.. behind what `at` holds. */
static void order_dims(legacy *g, int i) {
  int mine[PLAN_MESH_MAX], n = 0, before = g->n_at;
  if (i == g->n_iters) {
    emit_legacy(g);
    return;
  }
  for (int d = 0; d < g->n_mesh; d++)
    if (g->iter_of[d] == i)
      mine[n++] = d;
  explore_orders orders = {0};
  explore_list_permutations(g->mem, mine, n, &orders);
  for (size_t o = 0; o < (g->permute ? orders.n : 1); o++) {
    for (int k = 0; k < n; k++)
      g->at[before + k] = orders.at[o].at[k];
    g->n_at = before + n;
    order_dims(g, i + 1);
  }
  g->n_at = before;
}

static void assign_dims(legacy *g, int d) {
  if (d >= g->n_mesh || d >= PLAN_MESH_MAX) {
    order_dims(g, 0);
    return;
  }
  for (int i = 0; i < g->n_iters; i++) {
    g->iter_of[d] = i;
    assign_dims(g, d + 1);
  }
}

void explore_list_legacy(arena *m, const machine *mach, int n_iters, bool permute, explore_mappings *out) {
  int iters[PLAN_ITERS_MAX] = {0};
  explore_orders temporal = {0};
  for (int i = 0; i < n_iters; i++)
    iters[i] = i;
  explore_list_permutations(m, iters, n_iters, &temporal);
  legacy g = {.mem = m, .machine = mach, .n_mesh = (int)mach->mesh.n, .n_iters = n_iters, .permute = permute, .temporal = &temporal, .out = out};
  assign_dims(&g, 0);
}

static bool is_deepest(const plan_mapping *p, int l) {
  for (int k = l + 1; k < p->n_logical; k++)
    if (p->logical[k].mesh_dim == p->logical[l].mesh_dim)
      return false;
  return true;
}

const char *explore_legacy_map_string(arena *m, const plan_mapping *p) {
  text t = text_new(m);
  for (int i = 0; i < p->n_iters; i++)
    for (int l = 0; l < p->n_logical; l++)
      if (p->logical[l].iter == i && is_deepest(p, l))
        text_addf(&t, "%sd%di%d", t.size ? "_" : "", p->logical[l].mesh_dim, i);
  return text_str(&t);
}

const char *explore_legacy_label(arena *m, const plan_mapping *p, unsigned mask) {
  text t = text_new(m);
  if (!mask)
    return "n";
  if (p->n_mesh > 1 && mask == (1u << p->n_mesh) - 1)
    return "a";
  for (int d = 0; d < p->n_mesh; d++)
    if (mask & 1u << d)
      text_add(&t, p->mesh_name[p->n_mesh == 2 ? 1 - d : d]);
  return text_str(&t);
}
