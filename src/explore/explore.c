#include "explore/explore_private.h"
#include "base/text.h"

enum { DEFAULT_CANDIDATE_LIMIT = 1000000 };

typedef struct explorer {
  loom_ctx *ctx;
  const nest *n;
  const explore_options *o;
  int64_t limit;
  const nest_node *access[PLAN_LOADS_MAX];
  plan_candidate now;                     /* the candidate being put together */
  plan_access widest[PLAN_LOADS_MAX];
  explore_set keys, names;
  VEC_OF(const char *) all_names;         /* kept only to say which is near */
  explore_table *out;
} explorer;

/* Two readings of the labels can give one name when three loads share; the later one says so. */
static const char *unique_name(explorer *e) {
  arena *m = &e->ctx->mem;
  const char *name = plan_variant_name(m, e->n->kernel, &e->now);
  const char *unique = name;
  for (int i = 2; !explore_set_add(m, &e->names, unique); i++)
    unique = arena_printf(m, "%s__v%d", name, i);
  return unique;
}

static loom_status keep(explorer *e) {
  arena *m = &e->ctx->mem;
  if (++e->out->total > e->limit) {
    diag_error(e->ctx, LOOM_NOSPAN, LOOM_ELIMIT, "more than %" PRId64 " candidates", e->limit);
    diag_help(e->ctx, "restrict the search with --pin or --upstream-compatible");
    return LOOM_ELIMIT;
  }
  arena_mark mark = arena_save(m);
  bool is_pinned = explore_matches_pins(m, &e->now, e->o);
  arena_release(m, mark);
  if (!is_pinned)
    return LOOM_OK;
  e->now.name = unique_name(e);
  if (e->o->variant) {
    vec_push(m, &e->all_names, e->now.name);
    if (!text_eq(e->now.name, e->o->variant))
      return LOOM_OK;
  }
  if (!e->o->upstream_compatible && !explore_set_add(m, &e->keys, explore_candidate_key(m, &e->now))) {
    e->out->pruned++;
    return LOOM_OK;
  }
  plan_candidate *row = ARENA_NEW(m, plan_candidate);
  *row = e->now;
  vec_push(m, &e->out->rows, row);
  return LOOM_OK;
}

/* Access `i` shares along the mesh dims in `mask` only. */
static void restrict_area(explorer *e, int i, unsigned mask) {
  plan_access *a = &e->now.access[i];
  *a = e->widest[i];
  for (int d = 0; d < e->now.mapping.n_mesh; d++)
    if (!(mask & 1u << d)) {
      a->area[d] = 1;
      a->levels[d] = 0;
      a->label_level[d] = 0;
    }
}

/* Every set of mesh dims access `i` can share along, the widest first so that ties go to fewer bytes from DRAM. */
static loom_status choose_access(explorer *e, int i) {
  if (i == e->now.n_access)
    return keep(e);
  unsigned shared = 0, n_mesh = (unsigned)e->now.mapping.n_mesh;
  for (unsigned d = 0; d < n_mesh; d++)
    shared |= e->widest[i].area[d] > 1 ? 1u << d : 0;
  for (int bits = (int)n_mesh; bits >= 0; bits--)
    for (unsigned mask = 0; mask < 1u << n_mesh; mask++) {
      if ((mask & ~shared) || __builtin_popcount(mask) != bits || (e->o->upstream_compatible && mask != shared))
        continue;
      restrict_area(e, i, mask);
      LOOM_TRY(choose_access(e, i + 1));
    }
  return LOOM_OK;
}

static loom_status choose_order(explorer *e, const explore_orders *temporal) {
  for (int i = 0; i < e->now.n_access; i++) {
    e->widest[i] = (plan_access){.name = e->widest[i].name};
    explore_widest_area(e->n, e->access[i], &e->now.mapping, &e->widest[i]);
  }
  for (size_t t = 0; t < temporal->n; t++) {
    memcpy(e->now.mapping.order, temporal->at[t].at, sizeof e->now.mapping.order);
    LOOM_TRY(choose_access(e, 0));
  }
  return LOOM_OK;
}

/* Upstream emits only the order of the source. */
static explore_orders temporal_orders(explorer *e) {
  int iters[PLAN_ITERS_MAX];
  explore_orders all = {0};
  for (int i = 0; i < e->n->n_parallel; i++)
    iters[i] = i;
  explore_list_permutations(&e->ctx->mem, iters, e->n->n_parallel, &all);
  if (e->o->upstream_compatible)
    all.n = 1;
  return all;
}

static loom_status check_nest(explorer *e, const machine *m) {
  const nest *n = e->n;
  if (n->n_parallel < 1)
    LOOM_FAIL(e->ctx, LOOM_NOSPAN, LOOM_EUNSUP, "kernel %s has no parallel tile loop, so there is nothing to spread over the cores", n->kernel);
  if (n->n_parallel > PLAN_ITERS_MAX)
    LOOM_FAIL(e->ctx, LOOM_NOSPAN, LOOM_ELIMIT, "kernel %s has %d parallel loops; at most %d are supported", n->kernel, n->n_parallel, PLAN_ITERS_MAX);
  if (m->mesh.n < 1 || m->mesh.n > PLAN_MESH_MAX)
    LOOM_FAIL(e->ctx, LOOM_NOSPAN, LOOM_EUNSUP, "machine %s has a mesh of %zu dims; 1 to %d are supported", m->name, m->mesh.n, PLAN_MESH_MAX);
  size_t count = nest_accesses(n, e->access, PLAN_LOADS_MAX);
  if (count > PLAN_LOADS_MAX)
    LOOM_FAIL(e->ctx, LOOM_NOSPAN, LOOM_ELIMIT, "kernel %s has %zu loads and stores; at most %d are supported", n->kernel, count, PLAN_LOADS_MAX);
  e->now.n_access = (int)count;
  for (size_t i = 0; i < count; i++)
    e->widest[i].name = nest_access_name(&e->ctx->mem, n, e->access[i]);
  return LOOM_OK;
}

/* Variant names differ in a few characters of many: the nearest has the most characters right, counted from both ends. */
static const char *nearest_variant(const explorer *e) {
  const char *best = NULL, *name = e->o->variant;
  size_t best_score = strlen(name) / 2, n = strlen(name);
  for (size_t i = 0; i < e->all_names.n; i++) {
    const char *other = e->all_names.at[i];
    size_t k = strlen(other), head = 0, tail = 0;
    while (head < n && head < k && name[head] == other[head])
      head++;
    while (head + tail < n && head + tail < k && name[n - 1 - tail] == other[k - 1 - tail])
      tail++;
    if (head + tail > best_score) {
      best_score = head + tail;
      best = other;
    }
  }
  return best;
}

static loom_status nothing_left(explorer *e) {
  if (e->o->variant && (e->all_names.n || !e->o->n_pins)) {
    diag_error(e->ctx, LOOM_NOSPAN, LOOM_EUSAGE, "kernel %s has no variant '%s' on this machine", e->n->kernel, e->o->variant);
    const char *near = nearest_variant(e);
    if (near)
      diag_help(e->ctx, "did you mean %s", near);
    else
      diag_help(e->ctx, "loom explore lists the names, such as %s", e->all_names.n ? e->all_names.at[0] : "");
    return LOOM_EUSAGE;
  }
  diag_error(e->ctx, LOOM_NOSPAN, LOOM_EINFEASIBLE, "no candidate of the %" PRId64 " agrees with all --pin options", e->out->total);
  diag_help(e->ctx, "a load can be shared only along mesh dims its offsets do not depend on; loom explore lists what is possible");
  return LOOM_EINFEASIBLE;
}

loom_status explore_run(loom_ctx *ctx, const nest *n, const machine *m, const explore_options *o, explore_table *out) {
  static const explore_options none = {0};
  *out = (explore_table){0};
  explorer e = {.ctx = ctx, .n = n, .o = o ? o : &none, .out = out};
  e.limit = e.o->candidate_limit ? e.o->candidate_limit : DEFAULT_CANDIDATE_LIMIT;
  LOOM_TRY(check_nest(&e, m));
  LOOM_TRY(explore_check_pins(ctx, n, m, e.o));
  explore_mappings splits = {0};
  explore_orders priorities = {0};
  explore_list_splits(&ctx->mem, m, n->n_parallel, &splits);
  explore_list_priorities(&ctx->mem, n, &priorities);
  explore_orders temporal = temporal_orders(&e);
  for (size_t s = 0; s < splits.n; s++)
    for (size_t p = 0; p < priorities.n; p++) {
      e.now.mapping = splits.at[s];
      e.now.mapping.n_iters = n->n_parallel;
      explore_assign(&e.now.mapping, &priorities.at[p]);
      LOOM_TRY(choose_order(&e, &temporal));
    }
  return out->rows.n ? LOOM_OK : nothing_left(&e);
}
