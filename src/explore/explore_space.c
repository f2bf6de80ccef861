/* Tuples, profiles and mappings: which cores there are for each iterator, without writing the mappings out. */
#include "explore/explore_space_private.h"
#include <stdlib.h>

/* ---- profiles ---- */

typedef struct profile { int32_t tuple[PLAN_ITERS_MAX], vector[PLAN_MESH_MAX]; } profile;
typedef VEC_OF(profile) profiles;

static int by_tuple(const void *a, const void *b) {
  const profile *x = a, *y = b;
  for (int i = 0; i < PLAN_ITERS_MAX; i++)
    if (x->tuple[i] != y->tuple[i])
      return x->tuple[i] < y->tuple[i] ? -1 : 1;
  for (int d = 0; d < PLAN_MESH_MAX; d++)
    if (x->vector[d] != y->vector[d])
      return x->vector[d] < y->vector[d] ? -1 : 1;
  return 0;
}

static void list_profiles(arena *m, const explore_space *s, int d, profile *now, profiles *out) {
  const explore_impl *x = s->impl;
  if (d == x->n_mesh || d == PLAN_MESH_MAX) {   /* the second for the compiler, which cannot know n_mesh */
    vec_push(m, out, *now);
    return;
  }
  int32_t before[PLAN_ITERS_MAX];
  memcpy(before, now->tuple, sizeof before);
  for (int32_t v = 0; v < x->dim[d].n_vectors; v++) {
    now->vector[d] = v;
    for (int i = 0; i < s->n_parallel; i++)
      now->tuple[i] = before[i] * x->dim[d].cores[v * s->n_parallel + i];
    list_profiles(m, s, d + 1, now, out);
  }
  memcpy(now->tuple, before, sizeof before);
}

static int64_t count_sequences(const explore_impl *x, const int32_t *vector) {
  int64_t n = 1;
  for (int d = 0; d < x->n_mesh; d++)
    n *= x->dim[d].first_sequence[vector[d] + 1] - x->dim[d].first_sequence[vector[d]];
  return n;
}

/* ---- mappings ---- */

/* Level order `rank` of a profile: the last mesh dim's sequence moves fastest. */
static void make_mapping(const explore_space *s, const int32_t *vector, int64_t rank, plan_mapping *out) {
  const explore_impl *x = s->impl;
  const explore_level *level[PLAN_MESH_MAX];
  int n_levels[PLAN_MESH_MAX], deepest = 1;
  *out = (plan_mapping){.n_mesh = x->n_mesh, .n_iters = s->n_parallel};
  for (int d = x->n_mesh - 1; d >= 0; d--) {
    const explore_dim *z = &x->dim[d];
    int32_t first = z->first_sequence[vector[d]], n = z->first_sequence[vector[d] + 1] - first, at = first + (int32_t)(rank % n);
    rank /= n;
    level[d] = z->level + z->first_level[at];
    n_levels[d] = z->first_level[at + 1] - z->first_level[at];
    deepest = n_levels[d] > deepest ? n_levels[d] : deepest;
    out->mesh_name[d] = z->name;
    out->mesh_size[d] = 1;
    for (int k = 0; k < n_levels[d]; k++)
      out->mesh_size[d] *= level[d][k].size;
  }
  for (int k = 0; k < deepest; k++)
    for (int d = 0; d < x->n_mesh; d++)
      if (k < n_levels[d])
        out->logical[out->n_logical++] = (plan_logical){.mesh_dim = d, .level = k, .size = level[d][k].size, .iter = level[d][k].iter};
      else if (k == 0)      /* one core of this dim: upstream's strings have a level all the same */
        out->logical[out->n_logical++] = (plan_logical){.mesh_dim = d, .level = 0, .size = 1, .iter = 0};
}

bool explore_follows_upstream(const plan_mapping *p) {
  for (int first = 0; first < p->n_iters; first++) {
    int times[PLAN_ITERS_MAX] = {0};
    bool follows = true;
    for (int l = 0; l < p->n_logical; l++) {
      const plan_logical *x = &p->logical[l];
      if (x->size > 1)
        follows = follows && (x->iter == first ? x->level == 0 : times[x->iter]++ == 0);
    }
    if (follows)
      return true;
  }
  return false;
}

typedef VEC_OF(int32_t) int32_list;
typedef VEC_OF(int64_t) int64_list;

/* Writes down which level orders of a profile stay, where not all do. */
static void keep_mappings(loom_ctx *ctx, const explore_space *s, const int32_t *vector, int32_list *kept) {
  const explore_impl *x = s->impl;
  int64_t n = count_sequences(x, vector);
  for (int64_t rank = 0; rank < n; rank++) {
    plan_mapping p;
    arena_mark mark = arena_save(&ctx->scratch);
    make_mapping(s, vector, rank, &p);
    bool stays = (!(x->lacking & PLAN_NEEDS_ANY_MAPPING) || explore_follows_upstream(&p)) && explore_mapping_is_fixed(&ctx->scratch, &x->fixes, &p);
    arena_release(&ctx->scratch, mark);
    if (stays)
      vec_push(&ctx->mem, kept, (int32_t)rank);
  }
}

/* The columns of the space from the sorted profiles, those without a mapping left out. */
static void fill_columns(loom_ctx *ctx, explore_space *s, const profiles *all) {
  arena *m = &ctx->mem;
  explore_impl *x = s->impl;
  bool some = (x->lacking & PLAN_NEEDS_ANY_MAPPING) || explore_fixes_mapping(&x->fixes);
  int32_list kept = {0}, tuples = {0}, profile_tuple = {0}, vectors = {0}, first_profile = {0};
  int64_list first_mapping = {0};
  const profile *last = NULL;
  int64_t n_mappings = 0;
  for (size_t i = 0; i < all->n; i++) {
    const profile *p = &all->at[i];
    int64_t before = n_mappings;
    if (some)
      keep_mappings(ctx, s, p->vector, &kept);
    n_mappings = some ? (int64_t)kept.n : before + count_sequences(x, p->vector);
    if (n_mappings == before)
      continue;
    if (!last || memcmp(last->tuple, p->tuple, sizeof p->tuple) != 0) {
      for (int k = 0; k < s->n_parallel; k++)
        vec_push(m, &tuples, p->tuple[k]);
      vec_push(m, &first_profile, (int32_t)profile_tuple.n);
      s->n_tuples++;
    }
    last = p;
    vec_push(m, &profile_tuple, s->n_tuples - 1);
    vec_push(m, &first_mapping, before);
    for (int d = 0; d < x->n_mesh; d++)
      vec_push(m, &vectors, p->vector[d]);
  }
  vec_push(m, &first_profile, (int32_t)profile_tuple.n);
  vec_push(m, &first_mapping, n_mappings);
  s->tuple = tuples.at;
  s->n_profiles = (int32_t)profile_tuple.n;
  s->profile_tuple = profile_tuple.at;
  s->first_profile = first_profile.at;
  s->n_mappings = n_mappings;
  s->first_mapping = first_mapping.at;
  x->vector = vectors.at;
  x->kept = some ? kept.at : NULL;
}

void explore_get_mapping(const explore_space *s, int64_t mapping, int order, plan_mapping *out) {
  const explore_impl *x = s->impl;
  int32_t low = 0, high = s->n_profiles;      /* first_mapping[low] <= mapping < first_mapping[high] */
  while (high - low > 1) {
    int32_t middle = low + (high - low) / 2;
    if (s->first_mapping[middle] <= mapping)
      low = middle;
    else
      high = middle;
  }
  make_mapping(s, x->vector + (size_t)low * (size_t)x->n_mesh, x->kept ? x->kept[mapping] : mapping - s->first_mapping[low], out);
  for (int i = 0; i < s->n_parallel; i++)
    out->order[i] = s->order[order * s->n_parallel + i];
}

/* ---- all of it ---- */

/* A gathered loop is one wave: its parts meet on one core. */
static uint32_t gathered(const nest_body *body) {
  uint32_t found = 0;
  for (size_t i = 0; i < body->n; i++)
    if (body->at[i]->kind == NEST_GATHER)
      found |= 1u << body->at[i]->across;
    else if (body->at[i]->kind == NEST_LOOP)
      found |= gathered(&body->at[i]->body);
  return found;
}

loom_status explore_open_with(loom_ctx *ctx, const nest *n, const machine *m, const explore_options *o, unsigned rules, explore_space *out) {
  static const explore_options none = {0};
  o = o ? o : &none;
  explore_impl *x = ARENA_NEW(&ctx->mem, explore_impl);
  *out = (explore_space){.nest = n, .machine = m, .n_parallel = n->n_parallel, .impl = x};
  const nest_node *access[PLAN_LOADS_MAX];
  LOOM_TRY(explore_check_kernel(ctx, n, m, access, &out->n_access));
  *x = (explore_impl){.n_mesh = (int)m->mesh.n, .lacking = o->lacking, .rules = rules};
  LOOM_TRY(explore_read_fixes(ctx, n, m, o, &x->fixes));
  out->one_trip = gathered(&n->body);
  explore_read_accesses(&ctx->mem, out, access, o);
  int64_t count = 1;
  for (int d = 0; d < x->n_mesh; d++) {
    LOOM_TRY(explore_list_dim(ctx, &m->mesh.at[d], n->n_parallel, x->n_mesh, o->lacking & PLAN_NEEDS_OCCUPANCY, &x->dim[d]));
    if (__builtin_mul_overflow(count, (int64_t)x->dim[d].n_vectors, &count) || count > EXPLORE_PROFILES_MAX) {
      diag_error(ctx, LOOM_NOSPAN, LOOM_ELIMIT, "%d parallel loops can be spread over the cores of machine %s in more than %d ways", n->n_parallel, m->name,
                 EXPLORE_PROFILES_MAX);
      diag_help(ctx, "use a smaller machine, or upstream's candidates with --upstream-compatible");
      return LOOM_ELIMIT;
    }
  }
  profile now = {0};
  for (int i = 0; i < n->n_parallel; i++)
    now.tuple[i] = 1;
  profiles all = {0};
  arena_mark mark = arena_save(&ctx->scratch);
  list_profiles(&ctx->scratch, out, 0, &now, &all);
  if (all.n)
    qsort(all.at, all.n, sizeof *all.at, by_tuple);
  /* keep_mappings uses scratch above this mark */
  fill_columns(ctx, out, &all);
  arena_release(&ctx->scratch, mark);
  explore_make_orders(ctx, out);
  if (out->n_mappings && out->n_orders)
    return LOOM_OK;
  diag_error(ctx, LOOM_NOSPAN, LOOM_EINFEASIBLE, "no %s of kernel %s on machine %s agrees with all --pin options", out->n_mappings ? "loop order" : "mapping", n->kernel, m->name);
  diag_help(ctx, "loom explore lists the mappings and loop orders there are");
  return LOOM_EINFEASIBLE;
}

loom_status explore_open(loom_ctx *ctx, const nest *n, const machine *m, const explore_options *o, explore_space *out) {
  return explore_open_with(ctx, n, m, o, EXPLORE_ALL_RULES, out);
}

unsigned explore_lacks(const explore_space *s) { return s->impl->lacking; }

loom_status explore_list_accesses(loom_ctx *ctx, const nest *n, const machine *m, const nest_node **out, int *out_n) { return explore_check_kernel(ctx, n, m, out, out_n); }

uint32_t explore_gathered(const nest *n) { return gathered(&n->body); }
