#include "explore/explore_private.h"
#include "base/text.h"

enum { DEFAULT_CANDIDATE_LIMIT = 1000000 };

typedef struct explorer {
  loom_ctx *ctx;
  const nest *n;
  const machine *machine;
  const explore_options *o;
  explore_kind kind;
  int64_t limit;
  const nest_node *access[PLAN_LOADS_MAX];
  plan_candidate now;                     /* the candidate being put together */
  plan_access widest[PLAN_LOADS_MAX];
  explore_set keys, names;
  VEC_OF(const char *) all_names;         /* kept only to say which is near */
  explore_table *out;
} explorer;

/* kernel__d0i0_d1i0__f01__n_y_n, or with `is_long` labels kernel__d0i0_d1i0__f01__n_dim_y_n: both are stored upstream. */
static const char *legacy_name(const explorer *e, bool is_long) {
  arena *m = &e->ctx->mem;
  text t = text_new(m);
  text_addf(&t, "%s__%s__%s_", e->n->kernel, explore_legacy_map_string(m, &e->now.mapping), plan_order_string(m, &e->now.mapping));
  for (int i = 0; i < e->now.n_access; i++) {
    unsigned mask = 0;
    for (int d = 0; d < e->now.mapping.n_mesh; d++)
      mask |= e->now.access[i].area[d] > 1 ? 1u << d : 0;
    bool is_dim = mask && !(mask & (mask - 1));
    text_addf(&t, "_%s%s", is_long && is_dim ? "dim_" : "", explore_legacy_label(m, &e->now.mapping, mask));
  }
  return text_str(&t);
}

/* Two readings of the labels can give one name when three loads share; the later one says so. */
static const char *unique_name(explorer *e) {
  arena *m = &e->ctx->mem;
  const char *name = e->kind == EXPLORE_LEGACY ? legacy_name(e, false) : plan_variant_name(m, e->n->kernel, &e->now);
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
    if (!text_eq(e->now.name, e->o->variant) && !(e->kind == EXPLORE_LEGACY && text_eq(legacy_name(e, true), e->o->variant)))
      return LOOM_OK;
  }
  if (e->kind == EXPLORE_FULL && !explore_set_add(m, &e->keys, explore_candidate_key(m, &e->now))) {
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
      a->move[d] = PLAN_UNICAST;
      a->levels[d] = 0;
      a->label_level[d] = 0;
    }
}

/* Every set of mesh dims access `i` can share along: the widest first, so that ties go to fewer bytes from DRAM; upstream the widest only, in its
 * older list each, the narrowest first. */
static loom_status choose_access(explorer *e, int i) {
  if (i == e->now.n_access)
    return keep(e);
  unsigned shared = 0, n_mesh = (unsigned)e->now.mapping.n_mesh;
  for (unsigned d = 0; d < n_mesh; d++)
    shared |= e->widest[i].area[d] > 1 ? 1u << d : 0;
  if (e->kind == EXPLORE_UPSTREAM) {
    restrict_area(e, i, e->o->unicast ? 0 : shared);
    return choose_access(e, i + 1);
  }
  for (int k = 0; k <= (int)n_mesh; k++)
    for (unsigned mask = 0; mask < 1u << n_mesh; mask++) {
      int bits = e->kind == EXPLORE_LEGACY ? k : (int)n_mesh - k;
      if ((mask & ~shared) || __builtin_popcount(mask) != bits)
        continue;
      restrict_area(e, i, mask);
      LOOM_TRY(choose_access(e, i + 1));
    }
  return LOOM_OK;
}

/* Upstream shares nothing inside a loop that takes other turns on other cores, also among those that take the same. */
static bool turns_differ(const explorer *e, const nest_node *access) {
  int loops[NEST_LOOPS_MAX];
  size_t depth = nest_enclosing(e->n, access, loops, NEST_LOOPS_MAX);
  for (size_t i = 0; i < depth; i++)
    for (int k = 0; k < e->n->n_parallel; k++)
      if (nest_loop_uses(e->n, loops[i], k) && plan_iter_cores(&e->now.mapping, k) > 1)
        return true;
  return false;
}

static loom_status choose_mapping(explorer *e, const plan_mapping *mapping) {
  e->now.mapping = *mapping;
  for (int i = 0; i < e->now.n_access; i++) {
    e->widest[i] = (plan_access){.name = e->widest[i].name};
    explore_widest_area(e->n, e->machine, e->access[i], mapping, &e->widest[i]);
    if (e->kind != EXPLORE_FULL && turns_differ(e, e->access[i]))
      e->widest[i] = (plan_access){.name = e->widest[i].name, .is_store = e->widest[i].is_store, .area = {1, 1, 1}};
  }
  return choose_access(e, 0);
}

/* Full occupancy x every temporal order. */
static void list_full(explorer *e, const machine *mach, explore_mappings *out) {
  arena *m = &e->ctx->mem;
  int iters[PLAN_ITERS_MAX] = {0};
  explore_mappings mappings = {0};
  explore_orders temporal = {0};
  explore_score score[PLAN_ITERS_MAX];
  for (int i = 0; i < e->n->n_parallel; i++)
    iters[i] = i;
  explore_list_scores(e->n, score);
  explore_list_upstream(m, mach, score, e->n->n_parallel, false, &mappings);
  explore_list_permutations(m, iters, e->n->n_parallel, &temporal);
  for (size_t i = 0; i < mappings.n; i++)
    for (size_t t = 0; t < temporal.n; t++) {
      memcpy(mappings.at[i].order, temporal.at[t].at, sizeof mappings.at[i].order);
      vec_push(m, out, mappings.at[i]);
    }
}

static loom_status check_nest(explorer *e, const machine *m) {
  LOOM_TRY(explore_check_kernel(e->ctx, e->n, m, e->access, &e->now.n_access));
  for (int i = 0; i < e->now.n_access; i++)
    e->widest[i].name = nest_access_name(&e->ctx->mem, e->n, e->access[i]);
  return LOOM_OK;
}

/* Variant names differ in a few characters of many: the nearest has the most characters right, counted from both ends. */
static const char *nearest_variant(const explorer *e) {
  const char *best = NULL, *name = e->o->variant;
  size_t most = strlen(name) / 2;
  for (size_t i = 0; i < e->all_names.n; i++) {
    const size_t same = explore_same_ends(name, e->all_names.at[i]);
    best = same > most ? e->all_names.at[i] : best;
    most = same > most ? same : most;
  }
  return best;
}

static loom_status nothing_left(explorer *e) {
  if (e->o->variant && e->all_names.n) {
    diag_error(e->ctx, LOOM_NOSPAN, LOOM_EUSAGE, "kernel %s has no variant '%s' on this machine", e->n->kernel, e->o->variant);
    const char *near = nearest_variant(e);
    if (near)
      diag_help(e->ctx, "did you mean '%s'?", near);
    else
      diag_help(e->ctx, "loom explore lists the names, such as %s", e->all_names.at[0]);
    return LOOM_EUSAGE;
  }
  diag_error(e->ctx, LOOM_NOSPAN, LOOM_EINFEASIBLE, "no candidate of the %" PRId64 " agrees with all --pin options", e->out->total);
  diag_help(e->ctx, "a load can be shared only along mesh dims its offsets do not depend on; loom explore lists what is possible");
  return LOOM_EINFEASIBLE;
}

loom_status explore_run(loom_ctx *ctx, const nest *n, const machine *m, const explore_options *o, explore_table *out) {
  static const explore_options none = {0};
  *out = (explore_table){0};
  explorer e = {.ctx = ctx, .n = n, .machine = m, .o = o ? o : &none, .out = out};
  e.limit = e.o->candidate_limit ? e.o->candidate_limit : DEFAULT_CANDIDATE_LIMIT;
  LOOM_TRY(check_nest(&e, m));
  LOOM_TRY(explore_check_pins(ctx, n, m, e.o));
  e.kind = e.o->upstream_compatible ? EXPLORE_UPSTREAM : e.o->kind;
  explore_mappings mappings = {0};
  explore_score score[PLAN_ITERS_MAX];
  explore_list_scores(n, score);
  switch (e.kind) {
  case EXPLORE_FULL: list_full(&e, m, &mappings); break;
  case EXPLORE_UPSTREAM: explore_list_upstream(&ctx->mem, m, score, n->n_parallel, e.o->occupancy, &mappings); break;
  case EXPLORE_LEGACY: explore_list_legacy(&ctx->mem, m, n->n_parallel, true, &mappings); break;
  }
  for (size_t i = 0; i < mappings.n; i++)
    LOOM_TRY(choose_mapping(&e, &mappings.at[i]));
  return out->rows.n ? LOOM_OK : nothing_left(&e);
}
