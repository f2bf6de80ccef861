/* Test support: nests, random mappings and legal choices on small machines; included by *_test.c only. */
#ifndef LOOM_MODEL_TESTING_H
#define LOOM_MODEL_TESTING_H
#include "base/rng.h"
#include "base/testing.h"
#include "model/model_program.h"
#include "nest/nest_samples.h"

static inline machine *testing_machine(loom_ctx *ctx, const char *name, int64_t x, int64_t y) {
  static const char *const dirs[] = {LOOM_SOURCE_DIR "/machines"};
  machine_set_path(dirs, 1);
  machine *m;
  assert_int_equal(machine_load(ctx, name, NULL, &m), LOOM_OK);
  return x ? machine_submesh(&ctx->mem, m, (const int64_t[]){x, y}) : m;
}

enum { TESTING_NESTS = 7 };
static inline nest *testing_nest(arena *m, int i) {
  static const nest_mamba_shape mamba = {2, 4, 2, 3, 128, 64, 64, 128};
  switch (i) {
  case 0: return nest_make_matmul(m, 200, 130, 96, DTYPE_F16, DTYPE_F16);
  case 1: return nest_make_batch_matmul(m, 3, 96, 130, 64, DTYPE_F16, DTYPE_F32);
  case 2: return nest_make_elementwise(m, 190, 128, DTYPE_F16, "mulf,addf");
  case 3: return nest_make_attention(m, 4, 128, 160, 64, DTYPE_F16);
  case 4: return nest_make_decode(m, 2, 32, 256, 64, DTYPE_F16);
  case 5: return nest_make_split_k(m, 96, 64, 256, DTYPE_F16);
  default: return nest_make_mamba(m, &mamba, DTYPE_F16, true);
  }
}

/* The same kernels in sizes whose rows lie whole rounds of small pages apart. */
static inline nest *testing_even_nest(arena *m, int i) {
  static const nest_mamba_shape mamba = {2, 4, 2, 4, 128, 64, 64, 128};
  switch (i) {
  case 0: return nest_make_matmul(m, 64, 256, 512, DTYPE_F16, DTYPE_F16);
  case 1: return nest_make_batch_matmul(m, 3, 64, 128, 256, DTYPE_F16, DTYPE_F32);
  case 2: return nest_make_elementwise(m, 96, 512, DTYPE_F16, "mulf,addf");
  case 3: return nest_make_attention(m, 4, 128, 256, 64, DTYPE_F16);
  case 4: return nest_make_decode(m, 2, 32, 512, 64, DTYPE_F16);
  case 5: return nest_make_split_k(m, 128, 64, 512, DTYPE_F16);
  default: return nest_make_mamba(m, &mamba, DTYPE_F16, true);
  }
}

/* Every second tensor in L1, or all. */
static inline nest *testing_l1_nest(arena *mem, int i, bool all) {
  nest *n = i % 2 ? testing_nest(mem, i) : testing_even_nest(mem, i);
  for (size_t t = 0; t < n->tensors.n; t++)
    n->tensors.at[t].l1_page = all || (t + (size_t)i) % 2 ? 128 : 0;
  return n;
}

/* Nest i of both lists, on whose machine pages are so small that the second list's boxes lie on few channels; then with tensors in L1. */
enum { TESTING_ALL_NESTS = 5 * TESTING_NESTS };
static inline nest *testing_any_nest(arena *mem, int i, machine *m) {
  if (i < TESTING_NESTS)
    return testing_nest(mem, i);
  if (i >= 3 * TESTING_NESTS)
    return testing_l1_nest(mem, i % TESTING_NESTS, i >= 4 * TESTING_NESTS);
  m->dram_page_bytes = i < 2 * TESTING_NESTS ? 32 : 128;
  return testing_even_nest(mem, i % TESTING_NESTS);
}

static inline int64_t testing_upper(const nest *n, int symbol) {
  const nest_symbol *s = &n->symbols.at[symbol];
  int64_t v;
  return sym_is_const(s->upper_bound, &v) ? v : 256;
}

/* Every core of the mesh: each dim split into levels, each level given to a parallel loop (or to none: such dims shrink). */
static inline void testing_mapping(rng *r, const nest *n, const machine *m, plan_mapping *out) {
  *out = (plan_mapping){.n_mesh = (int)m->mesh.n, .n_iters = n->n_parallel};
  int n_levels[PLAN_MESH_MAX] = {0}, deepest = 0;
  int64_t size[PLAN_MESH_MAX][3];
  for (int d = 0; d < out->n_mesh; d++) {
    out->mesh_name[d] = m->mesh.at[d].name;
    int64_t left = rng_range(r, 1, m->mesh.at[d].size);
    out->mesh_size[d] = left;
    for (n_levels[d] = 0; n_levels[d] < 2 && left > 1 && n_levels[d] < n->n_parallel; n_levels[d]++) {
      int64_t part = rng_range(r, 1, left);
      while (left % part)
        part--;
      size[d][n_levels[d]] = n_levels[d] == 1 ? left : part;
      left /= size[d][n_levels[d]];
    }
    if (left > 1)
      size[d][n_levels[d]++] = left;
    deepest = n_levels[d] > deepest ? n_levels[d] : deepest;
  }
  for (int level = 0; level < deepest; level++)
    for (int d = 0; d < out->n_mesh; d++)
      if (level < n_levels[d])
        out->logical[out->n_logical++] = (plan_logical){d, level, size[d][level], (int)rng_range(r, 0, n->n_parallel - 1)};
  for (int i = 0; i < n->n_parallel; i++)
    out->order[i] = i;
  for (int i = n->n_parallel - 1; i > 0; i--) {
    int k = (int)rng_range(r, 0, i), t = out->order[i];
    out->order[i] = out->order[k];
    out->order[k] = t;
  }
}

static inline bool testing_depends(const nest *n, const nest_node *x, int iter) {
  int loops[NEST_LOOPS_MAX];
  size_t depth = nest_enclosing(n, x, loops, NEST_LOOPS_MAX);
  bool uses = nest_access_uses(n, x, iter) || x->only_first == iter;
  for (size_t i = 0; i < depth; i++)
    uses = uses || nest_loop_uses(n, loops[i], iter);
  return uses;
}

/* A legal choice: shared along inner runs of levels the access does not depend on; lifted with panels where it moves. */
static inline void testing_choice(rng *r, const model_program *p, const plan_mapping *map, int access, plan_choice *out) {
  const program_access *a = &p->access[access];
  *out = (plan_choice){.depth = (int)rng_range(r, 1, 3)};
  for (int d = 0; d < PLAN_MESH_MAX; d++)
    out->area[d] = 1;
  if (a->is_store) {
    out->depth = (int)rng_range(r, 1, 2);
    out->direct = model_may_be_direct(p, access) && rng_range(r, 0, 1);
    return;
  }
  for (int d = 0; d < map->n_mesh; d++) {
    for (int l = 0, go_on = 1; l < map->n_logical && go_on; l++) {
      const plan_logical *x = &map->logical[l];
      if (x->mesh_dim != d)
        continue;
      go_on = x->size == 1 || (!testing_depends(p->n, a->node, x->iter) && rng_range(r, 0, 2));
      if (go_on) {
        out->area[d] *= x->size;
        out->levels[d] |= 1u << x->level;
      }
    }
    if (out->area[d] > 1)
      out->move[d] = rng_range(r, 0, 3) ? PLAN_MULTICAST : PLAN_CHAIN;
  }
  out->hoist = (int)rng_range(r, 0, p->n_parallel + a->n_seq);
  for (int i = 0; i < out->hoist; i++) {
    int at = p->n_parallel + a->n_seq - 1 - i, loop = at < p->n_parallel ? map->order[at] : a->seq[at - p->n_parallel];
    if (a->moves & 1u << loop)
      out->panel |= 1u << i;
  }
}

/* Sizes of symbol `s`: multiples of its alignment up to one that covers it; only 1 where the nest says so. */
static inline int32_t testing_domain(arena *m, const nest *n, int s, int64_t **out) {
  const nest_symbol *x = &n->symbols.at[s];
  int64_t align = x->align > 0 ? x->align : 1, top = (testing_upper(n, s) + align - 1) / align;
  if (x->covers_one || x->fixed)
    top = align = 1;
  *out = ARENA_NEW_N(m, int64_t, top);
  for (int64_t i = 0; i < top; i++)
    (*out)[i] = x->fixed ? x->fixed : (i + 1) * align;
  return (int32_t)top;
}
static inline void testing_domains(arena *m, const nest *n, model_domain *out) {
  for (size_t s = 0; s < n->symbols.n; s++) {
    int64_t *at;
    out[s].n = testing_domain(m, n, (int)s, &at);
    out[s].at = at;
  }
}

/* Prices all accesses with random choices; false where the numbers do not fit. */
static inline bool testing_price(loom_ctx *ctx, rng *r, const model_program *p, const plan_mapping *map, const model_point *at, plan_choice *chosen, model_vector *sum) {
  const plan_choice *choices[PLAN_LOADS_MAX];
  size_t one[PLAN_LOADS_MAX];
  model_route *routes[PLAN_LOADS_MAX];
  for (int a = 0; a < p->n_access; a++) {
    testing_choice(r, p, map, a, &chosen[a]);
    choices[a] = &chosen[a];
    one[a] = 1;
  }
  assert_int_equal(model_find_routes(ctx, p, map, at, choices, one, routes), LOOM_OK);
  *sum = (model_vector){0};
  for (int a = 0; a < p->n_access; a++) {
    model_vector v;
    if (!model_price(p, at, a, &chosen[a], routes[a], &v))
      return false;
    model_add(sum, &v);
  }
  return true;
}

static inline bool testing_has_one_slot(const model_program *p, const plan_choice *chosen) {
  bool has = true;
  for (int a = 0; a < p->n_access; a++)
    has = has && (p->access[a].is_store || chosen[a].depth == 1);
  return has;
}
#endif
