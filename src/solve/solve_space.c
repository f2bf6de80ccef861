/* Best-first search of a space (solve_space.h says what is left out and why). */
#include "solve/solve_space.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/threads.h"

/* A search is long from LONG_SEARCH nodes on; boxes of so many points for each mapping ask all mappings before and after. */
enum { LONG_SEARCH = 60000, PAYS_SHORT = 100, PAYS_LONG = 8 };
/* Mappings of a point whose bounds are this part apart are looked at together. */
enum { NEXT_PART = 128 };

/* ---- nodes that are open, and those to be used again ---- */

static void push(space_search *s, space_node *x) { solve_heap_push(&s->ctx->scratch, &s->open, (solve_open){x->bound, s->age++, x}); }
static space_node *new_node(space_search *s) { return s->spare.n ? s->spare.at[--s->spare.n] : ARENA_NEW(&s->ctx->scratch, space_node); }
static void drop(space_search *s, space_node *x) { vec_push(&s->ctx->scratch, &s->spare, x); }

/* ---- the order of ties ---- */

static int compare_blocks(const space_search *s, const int64_t *a, const int64_t *b) {
  for (int i = 0; i < s->n_blocks; i++)
    if (a[i] != b[i])
      return a[i] < b[i] ? -1 : 1;
  return 0;
}

static int compare_records(const space_search *s, const space_record *a, const space_record *b) {
  if (a->total != b->total)
    return a->total < b->total ? -1 : 1;
  int c = compare_blocks(s, a->block, b->block);
  c = c ? c : space_compare_columns(a->column, b->column);
  if (c == 0 && a->mapping != b->mapping)
    return a->mapping < b->mapping ? -1 : 1;
  return c ? c : (a->order > b->order) - (a->order < b->order);
}

static void corner(const space_search *s, const space_node *x, int64_t *blocks) {
  for (int i = 0; i < s->n_blocks; i++)
    blocks[i] = s->domain[i].at[x->from[i]];
}

/* Most cycles that something in the node may cost and still count; below its bound: it cannot win. */
static int64_t at_most(const space_search *s, const space_node *x) {
  if (s->n_best < s->room)
    return INT64_MAX - 1;
  const space_record *last = &s->best[s->room - 1];
  int64_t blocks[MODEL_BLOCKS_MAX];
  corner(s, x, blocks);
  return compare_blocks(s, blocks, last->block) > 0 ? last->total - 1 : last->total;
}

static void keep(space_search *s, const space_record *x) {
  size_t old = 0, i;
  while (old < s->n_best && (s->best[old].mapping != x->mapping || s->best[old].order != x->order))
    old++;
  if (old < s->n_best && compare_records(s, &s->best[old], x) <= 0)
    return;
  if (old == s->n_best && s->n_best < s->room)
    s->n_best++;
  else if (old == s->n_best && compare_records(s, &s->best[s->room - 1], x) <= 0)
    return;
  i = old < s->n_best ? old : s->n_best - 1;
  for (; i > 0 && compare_records(s, x, &s->best[i - 1]) < 0; i--)
    s->best[i] = s->best[i - 1];
  s->best[i] = *x;
}

/* ---- nodes ---- */

static int widest(const space_search *s, const space_node *x) {
  int w = -1;
  for (int i = 0; i < s->n_blocks; i++)
    if (x->to[i] > x->from[i] && (w < 0 || x->to[i] - x->from[i] > x->to[w] - x->from[w]))
      w = i;
  return w;
}

static const int32_t *cores_of(const space_search *s, int32_t tuple) { return s->source.tuple + (size_t)tuple * (size_t)s->source.n_parallel; }

/* Loops that must be one wave: even the largest blocks leave more tiles than cores? */
static bool has_waves(const space_search *s, const space_node *x) {
  for (int l = 0; l < s->source.n_parallel; l++)
    if (s->wave_symbol[l] >= 0) {
      const model_domain *d = &s->domain[s->wave_symbol[l]];
      int64_t most = d->at[x->to[s->wave_symbol[l]]];
      if ((s->wave_extent[l] + most - 1) / most > cores_of(s, x->tuple)[l])
        return true;
    }
  return false;
}

static bool may_fit(const space_search *s, const space_node *x) {
  int64_t blocks[MODEL_BLOCKS_MAX];
  if (has_waves(s, x))
    return false;
  corner(s, x, blocks);
  return model_pack_bound(s->program, blocks) <= s->machine->l1_bytes;
}

/* Leaves out largest sizes that fit with no others of the box, which has a point that fits.  `but`: the symbol whose sizes were not cut for others; -1: none. */
static void cut_sizes(const space_search *s, space_node *x, int but) {
  int64_t blocks[MODEL_BLOCKS_MAX];
  corner(s, x, blocks);
  for (int i = 0; i < s->n_blocks; i++) {
    const int64_t *at = s->domain[i].at;
    int32_t fits = x->from[i], next = x->to[i];
    for (; i != but && fits < x->to[i]; next = fits + (x->to[i] - fits + 1) / 2) {
      blocks[i] = at[next];
      if (model_pack_bound(s->program, blocks) <= s->machine->l1_bytes)
        fits = next;
      else
        x->to[i] = next - 1;
    }
    blocks[i] = at[x->from[i]];
  }
}

/* What is known of all mappings: the parts of the mesh that they use. */
static model_known known_parts(const space_search *s, const space_node *x) {
  return (model_known){.reach = s->reach[x->tuple].at, .n_reach = s->reach[x->tuple].n, .one_slot = s->source.depth == 1, .l1_bytes = s->machine->l1_bytes};
}

/* `known`: of the mappings; NULL: only what parts of the mesh they use. */
static void bound_node(const space_search *s, space_node *x, const model_known *known) {
  const int32_t *cores = cores_of(s, x->tuple);
  model_known parts = known_parts(s, x);
  int64_t b = model_bound(s->program, cores, known ? known : &parts, s->domain, x->from, x->to), limit = s->source.dram_limit;
  int64_t l1_bytes = s->machine->lacks_concurrent_movers ? SOLVE_UNLIMITED_BYTES : s->machine->l1_bytes;      /* what passes through a cache has slots larger than its room */
  if (limit < INT64_MAX && model_dram_bound(s->program, cores, s->domain, x->from, x->to, l1_bytes) > limit)
    b = INT64_MAX;
  x->bound = b > x->bound ? b : x->bound;
}

/* The smallest corner, as far as is asked for: how often loops run, what compute costs, what it owns. */
typedef enum detail { WAVES, COSTS, PACKED } detail;
static bool set_point(const space_search *s, const space_node *x, detail how, model_point *out) {
  model_grid g = {0};
  int64_t blocks[MODEL_BLOCKS_MAX];
  for (int i = 0; i < s->source.n_parallel && i < PLAN_ITERS_MAX; i++) {
    g.cores[i] = cores_of(s, x->tuple)[i];
    g.order[i] = (int8_t)i;
  }
  corner(s, x, blocks);
  bool is_set = how == WAVES   ? model_set_waves(s->program, &g, blocks, out)
                : how == COSTS ? model_set_costs(s->program, &g, blocks, out)
                               : model_set_blocks(s->program, &g, blocks, out);
  for (int i = 0; is_set && i < s->source.n_parallel; i++)      /* cores of a gather have one tile each */
    is_set = !(s->source.one_trip & 1u << i) || out->trips[i] <= 1;
  return is_set;
}

/* ---- waves ---- */

/* Tiles of parallel loop `l` at both ends of the box; not both: the loop's extent is no number. */
static bool count_tiles(const space_search *s, const space_node *x, int l, int64_t *first, int64_t *last) {
  int64_t extent;
  int symbol = s->loop_symbol[l];
  if (symbol < 0 || !sym_is_const(s->nest->loops.at[l].extent, &extent))
    return false;
  const model_domain *d = &s->domain[symbol];
  *first = (extent + d->at[x->from[symbol]] - 1) / d->at[x->from[symbol]];
  *last = (extent + d->at[x->to[symbol]] - 1) / d->at[x->to[symbol]];
  return true;
}

/* The widest symbol on which the waves depend; -1: the whole box has the same. */
static int wave_symbol(const space_search *s, const space_node *x) {
  int w = -1;
  for (int l = 0; l < s->source.n_parallel; l++) {
    int64_t first, last;
    bool is_known = count_tiles(s, x, l, &first, &last);
    if (is_known && first == last)
      continue;
    for (int i = 0; i < s->n_blocks; i++)
      if ((!is_known || i == s->loop_symbol[l]) && x->to[i] > x->from[i] && (w < 0 || x->to[i] - x->from[i] > x->to[w] - x->from[w]))
        w = i;
  }
  return w;
}

/* ---- steps ---- */

static loom_status push_or_drop(space_search *s, space_node *x) {
  if (x->bound <= at_most(s, x))
    push(s, x);
  else
    drop(s, x);
  return LOOM_OK;
}

/* Which of the mappings of `e` are asked for, of a box whose points have the waves of `at`, or of a point: those that may still win.  Of a point only those whose bounds are next; x->next
 * is the bound of the first one behind them. */
static void ask_mappings(space_search *s, space_node *x, model_point *at, const space_ends *e) {
  if (s->asked_room < e->n) {
    s->asked_room = e->n * 2;
    s->is_asked = ARENA_NEW_N(&s->ctx->scratch, bool, s->asked_room);
    s->asked = ARENA_NEW_N(&s->ctx->scratch, const model_case *, s->asked_room);
    s->bounds = ARENA_NEW_N(&s->ctx->scratch, int64_t, s->asked_room);
  }
  model_known known = known_parts(s, x);
  known.full = model_full_part(s->program, at);
  known.cases = e->cases;
  known.n_cases = e->n;
  int64_t most = at_most(s, x), first = INT64_MAX;
  if (x->compute >= 0) {
    at->compute = x->compute;
    model_bound_each_at(s->program, at, &known, s->bounds);
  } else {
    model_bound_each(s->program, cores_of(s, x->tuple), &known, s->domain, x->from, x->to, s->bounds);
  }
  for (size_t i = 0; i < e->n; i++)
    if (s->bounds[i] > x->done && s->bounds[i] < first)
      first = s->bounds[i];
  x->until = x->compute >= 0 && first < most - first / NEXT_PART ? first + first / NEXT_PART : most;
  x->next = INT64_MAX;
  for (size_t i = 0; i < e->n; i++) {
    s->is_asked[i] = s->bounds[i] > x->done && s->bounds[i] <= x->until;
    if (s->bounds[i] > x->until && s->bounds[i] <= most && s->bounds[i] < x->next)
      x->next = s->bounds[i];
  }
}

/* The group with the mappings that are asked for.  s->asked: what is known of those. */
static loom_status find_group(space_search *s, space_node *x, model_point *at, const space_group **out) {
  const space_ends *e;
  space_key key;
  space_key_of(&s->source, x->tuple, at, &key);
  LOOM_TRY(space_find_ends(s->ctx, &s->source, s->program, s->groups, x->tuple, at, &e));
  ask_mappings(s, x, at, e);
  LOOM_TRY(space_find_group(s->ctx, &s->source, s->program, s->groups, &key, at, s->is_asked, out));
  s->n_asked = 0;
  for (size_t i = 0; i < e->n; i++)
    if (s->is_asked[i] && (*out)->cases[i])
      s->asked[s->n_asked++] = (*out)->cases[i];
  return LOOM_OK;
}

/* What was asked for was looked at, or cannot win: the mappings behind it are next. */
static void push_next_or_drop(space_search *s, space_node *x) {
  if (x->next > at_most(s, x)) {
    drop(s, x);
    return;
  }
  x->bound = x->next;
  x->done = x->until;
  x->stage = SPACE_ENDS;
  push(s, x);
}

static void raise_bound(space_search *s, space_node *x, model_point *at, const model_known *known) {
  if (x->compute < 0) {
    bound_node(s, x, known);
    return;
  }
  at->compute = x->compute;
  int64_t b = model_bound_point(s->program, at, known);
  x->bound = b > x->bound ? b : x->bound;
}

/* Bounds a box whose points have the waves of `at`, or a point, by the ends of each mapping. */
static loom_status bound_by_ends(space_search *s, space_node *x, model_point *at) {
  const space_ends *e;
  model_known known = known_parts(s, x);
  known.full = model_full_part(s->program, at);
  LOOM_TRY(space_find_ends(s->ctx, &s->source, s->program, s->groups, x->tuple, at, &e));
  known.cases = e->least;
  known.n_cases = e->n_least;
  if (known.n_cases == 0) {             /* no mapping has these waves */
    drop(s, x);
    return LOOM_OK;
  }
  raise_bound(s, x, at, &known);
  x->stage = SPACE_ENDS;
  return push_or_drop(s, x);
}

/* The same by their links, too. */
static loom_status bound_by_group(space_search *s, space_node *x, model_point *at) {
  const space_group *g;
  model_known known = known_parts(s, x);
  known.full = model_full_part(s->program, at);
  LOOM_TRY(find_group(s, x, at, &g));
  known.cases = s->asked;
  known.n_cases = s->n_asked;
  if (known.n_cases > 0)
    raise_bound(s, x, at, &known);
  if (known.n_cases == 0 || x->bound > at_most(s, x)) {
    push_next_or_drop(s, x);
    return LOOM_OK;
  }
  x->bound = x->bound < x->next ? x->bound : x->next;
  x->stage = SPACE_GROUP;
  push(s, x);
  return LOOM_OK;
}

static loom_status bound_by_cases(space_search *s, space_node *x, model_point *at, bool with_links) { return with_links ? bound_by_group(s, x, at) : bound_by_ends(s, x, at); }

/* A point gets its own compute cycles; what cannot be priced goes. */
static loom_status bound_costs(space_search *s, space_node *x) {
  model_known parts = known_parts(s, x);
  model_point at;
  if (!set_point(s, x, COSTS, &at)) {
    drop(s, x);
    return LOOM_OK;
  }
  x->compute = at.compute;
  if (x->stage != SPACE_BOX)
    return bound_by_cases(s, x, &at, x->stage == SPACE_GROUP);
  int64_t b = model_bound_point(s->program, &at, &parts);
  x->bound = b > x->bound ? b : x->bound;
  return push_or_drop(s, x);
}

static loom_status split(space_search *s, space_node *x, int symbol) {
  int32_t middle = x->from[symbol] + (x->to[symbol] - x->from[symbol]) / 2;
  model_point at;
  for (int half = 0; half < 2; half++) {
    space_node *child = new_node(s);
    *child = *x;
    if (half)
      child->from[symbol] = middle + 1;
    else
      child->to[symbol] = middle;
    if (!may_fit(s, child)) {
      drop(s, child);
      continue;
    }
    if (half)                           /* the other half's least sizes are its parent's */
      cut_sizes(s, child, symbol);
    if (child->compute < 0 && widest(s, child) < 0) {
      LOOM_TRY(bound_costs(s, child));
      continue;
    }
    if (x->stage != SPACE_BOX && set_point(s, child, WAVES, &at)) {      /* it has its parent's waves */
      LOOM_TRY(bound_by_cases(s, child, &at, x->stage == SPACE_GROUP));
      continue;
    }
    bound_node(s, child, NULL);
    LOOM_TRY(push_or_drop(s, child));
  }
  drop(s, x);
  return LOOM_OK;
}

/* Is a box so large that asking all its mappings is worth while, for their ends or then for their group?  Points ask anyway, and in most searches few are left by then:
 * boxes ask for groups in long ones only, such as those of decoding, where links alone tell millions of points apart. */
static bool pays(const space_search *s, const space_node *x) {
  const explore_space *e = s->source.space;
  int64_t n = 1, maps = e ? e->first_mapping[e->first_profile[x->tuple + 1]] - e->first_mapping[e->first_profile[x->tuple]] : 1;
  for (int i = 0; i < s->n_blocks; i++)
    n = solve_mul(n, x->to[i] - x->from[i] + 1);
  bool is_long = s->age > LONG_SEARCH && s->n_best == s->room;
  return n >= solve_mul(maps, is_long ? PAYS_LONG : PAYS_SHORT) && (is_long || x->stage == SPACE_BOX);
}

/* One step of a node on its way to be looked at: boxes are cut until all their points have the same waves, large ones ask for the ends and the group of their mappings,
 * then they are cut to points; a point gets its own cycles, asks for the ends, then for the group.  *is_ready: it is one that did. */
static loom_status advance(space_search *s, space_node *x, bool *is_ready) {
  model_point at;
  int any = widest(s, x);
  *is_ready = any < 0 && x->compute >= 0 && x->stage == SPACE_GROUP;
  if (*is_ready)
    return LOOM_OK;
  if (any < 0 && x->compute < 0)
    return bound_costs(s, x);
  int symbol = wave_symbol(s, x);
  if (any >= 0 && (symbol >= 0 || x->stage == SPACE_GROUP || !pays(s, x)))
    return split(s, x, symbol >= 0 ? symbol : any);
  if (set_point(s, x, WAVES, &at))
    return bound_by_cases(s, x, &at, x->stage == SPACE_ENDS);
  if (any >= 0)
    return split(s, x, any);
  LOOM_FAIL(s->ctx, LOOM_NOSPAN, LOOM_EBUG, "a point of the search was lost");
}

/* ---- an epoch ---- */

static int64_t effort(const space_search *s);

static loom_status choose_jobs(space_search *s, int epoch, int64_t most_effort) {
  size_t most = epoch == 0 ? 1 : epoch == 1 ? 8 : SPACE_LOOKS_MAX;
  s->jobs.n = 0;
  while (s->open.n && s->jobs.n < most && (most_effort == 0 || effort(s) < most_effort)) {
    space_node *x = solve_heap_pop(&s->open);
    bool is_ready;
    if (x->bound > at_most(s, x)) {
      drop(s, x);
      continue;
    }
    space_groups_trim(s->ctx, s->groups);
    LOOM_TRY(advance(s, x, &is_ready));
    if (is_ready)
      vec_push(&s->ctx->scratch, &s->jobs, ((space_job){.of = x, .at_most = at_most(s, x)}));
  }
  return LOOM_OK;
}

/* Groups are made by one thread; evicted ones are made again. */
static loom_status prepare_jobs(space_search *s) {
  space_groups_trim(s->ctx, s->groups);
  for (size_t i = 0; i < s->jobs.n; i++) {
    space_job *j = &s->jobs.at[i];
    model_point at;
    if (!set_point(s, j->of, WAVES, &at))
      LOOM_FAIL(s->ctx, LOOM_NOSPAN, LOOM_EBUG, "a point of the search was lost");
    LOOM_TRY(find_group(s, j->of, &at, &j->group));
  }
  for (size_t i = 0; i < s->jobs.n; i++) {      /* jobs may have a group in common, which has all its mappings by now */
    space_job *j = &s->jobs.at[i];
    j->room = s->room == 1 && !s->exact ? 1 : j->group->arms.n;
    if (s->found_room[i] < j->room) {
      s->found[i] = ARENA_NEW_N(&s->ctx->scratch, space_find, j->room);
      s->found_room[i] = j->room;
    }
    j->found = s->found[i];
  }
  return LOOM_OK;
}

static loom_status run_job(loom_ctx *worker, void *data, size_t i) {
  space_search *s = data;
  space_job *j = &s->jobs.at[i];
  model_point at;
  if (set_point(s, j->of, PACKED, &at))
    j->n = space_look(&worker->scratch, s->program, &s->source, j->group, &at, s->machine->l1_bytes, j->at_most, j->room, j->found, &j->effort);
  return LOOM_OK;
}

/* Rows whose sizes must divide: do they, here? */
static bool row_holds(const space_search *s, const space_arm *arm, const int64_t *blocks) {
  if (!s->exact)
    return true;
  for (size_t i = 0; i < s->row_trips[arm->mapping].n; i++) {
    const solve_ratio *r = &s->row_trips[arm->mapping].at[i];
    int64_t num, den;
    if (!sym_run(r->numerator, blocks, &num) || !sym_run(r->denominator, blocks, &den) || den <= 0 || num % den != 0)
      return false;
  }
  return true;
}

static void take_over(space_search *s, const space_job *j) {
  space_record r;
  memset(&r, 0, sizeof r);
  corner(s, j->of, r.block);
  for (size_t i = 0; i < j->n; i++) {
    const space_find *f = &j->found[i];
    const space_arm *arm = &j->group->arms.at[f->arm];
    if (!row_holds(s, arm, r.block))
      continue;
    r.total = f->total;
    memcpy(r.column, f->column, sizeof r.column);
    r.mapping = arm->mapping;
    r.order = arm->order;
    r.map = arm->map;
    for (int a = 0; a < s->source.n_access; a++)
      r.chosen[a] = arm->choice[a][f->choice[a]];
    keep(s, &r);
  }
}

static void pay(space_search *s, const space_job *j) {
  int64_t done = j->effort.evaluated > 0 ? j->effort.evaluated : 1;
  s->evaluated += done;
  s->left -= s->left < 0 ? 0 : done < s->left ? done : s->left;
}

/* Results in order, as far as the budget goes; what it does not pay for stays open. */
static void merge_jobs(space_search *s) {
  for (size_t i = 0; i < s->jobs.n; i++) {
    space_job *j = &s->jobs.at[i];
    if (s->left == 0) {
      push(s, j->of);
      continue;
    }
    pay(s, j);
    s->looked += j->of->done < 0;       /* a point counts once */
    take_over(s, j);
    push_next_or_drop(s, j->of);
  }
}

static void report(const space_search *s) {
  if (s->limits->progress)
    s->limits->progress(s->limits->data, s->looked, (int64_t)s->open.n, s->n_best ? s->best[0].total : INT64_MAX, solve_heap_bound(&s->open));
}

/* The blocks of the parallel loops; those of constant extent that a gather makes one wave. */
static void find_waves(space_search *s) {
  for (int l = 0; l < s->source.n_parallel; l++) {
    const nest_loop *x = &s->nest->loops.at[l];
    s->wave_symbol[l] = s->loop_symbol[l] = -1;
    for (int i = 0; i < s->n_blocks; i++)
      if (text_eq(s->nest->symbols.at[i].name, x->block))
        s->loop_symbol[l] = i;
    if ((s->source.one_trip & 1u << l) && sym_is_const(x->extent, &s->wave_extent[l]))
      s->wave_symbol[l] = s->loop_symbol[l];
  }
}

/* ---- a first answer ---- */

/* Every core has tiles of some loops. */
static bool uses_all(const space_search *s, int32_t tuple) {
  int64_t n = 1;
  for (int i = 0; i < s->source.n_parallel; i++)
    n *= cores_of(s, tuple)[i];
  return n == machine_cores(s->machine);
}

/* Looks at a point at once, at the mappings whose bounds are least; cycles, INT64_MAX: it cannot win. */
static loom_status look_at(space_search *s, space_node *x, int64_t *out_total) {
  model_point at;
  *out_total = INT64_MAX;
  x->compute = -1;
  if (!set_point(s, x, COSTS, &at))
    return LOOM_OK;
  x->compute = at.compute;
  vec_push(&s->ctx->scratch, &s->jobs, ((space_job){.of = x, .at_most = at_most(s, x)}));
  LOOM_TRY(prepare_jobs(s));
  LOOM_TRY(run_job(s->ctx, s, 0));
  space_job *j = &s->jobs.at[0];
  pay(s, j);
  take_over(s, j);
  if (j->n)
    *out_total = j->found[0].total;
  s->jobs.n = 0;
  return LOOM_OK;
}

/* Into the half whose bound is less, the larger sizes of equal ones, down to a point.  False: nothing fits. */
static bool go_down(space_search *s, space_node *x) {
  for (int w = widest(s, x); w >= 0; w = widest(s, x)) {
    int symbol = wave_symbol(s, x);
    w = symbol >= 0 ? symbol : w;
    int32_t middle = x->from[w] + (x->to[w] - x->from[w]) / 2;
    space_node half[2] = {*x, *x};
    half[0].to[w] = middle;
    half[1].from[w] = middle + 1;
    bool fits[2];
    for (int i = 0; i < 2; i++) {
      fits[i] = may_fit(s, &half[i]);
      if (fits[i])
        bound_node(s, &half[i], NULL);
    }
    if (!fits[0])
      return false;
    *x = fits[1] && half[1].bound <= half[0].bound ? half[1] : half[0];
    s->age++;                           /* as much work as a node */
  }
  return may_fit(s, x);
}

/* What was done so far, in quarters of a microsecond of one core, or so; counted, not measured: the same everywhere. */
static int64_t effort(const space_search *s) { return 12 * s->age + 6 * s->groups->ways + machine_cores(s->machine) * s->groups->mappings / 2 + 400 * s->looked; }

enum { MOVES = 6 };
static int32_t moved(int32_t k, int move) {
  const int32_t to[MOVES] = {k + 1, k - 1, k + 4, k - 4, 2 * k + 1, (k - 1) / 2};      /* the k-th size is k + 1 of the least, mostly */
  return to[move];
}

/* The point with one size moved, or that and the next size the other way; false: there is none that fits. */
static bool move_sizes(const space_search *s, const space_node *all, int number, space_node *x) {
  int symbol = number / MOVES % s->n_blocks, other = number / MOVES / s->n_blocks, move = number % MOVES;
  for (int i = 0; i < (other ? 2 : 1); i++, symbol = (symbol + other) % s->n_blocks, move ^= 1) {
    int32_t k = moved(x->from[symbol], move);
    if (k < all->from[symbol] || k > all->to[symbol] || k == x->from[symbol])
      return false;
    x->from[symbol] = x->to[symbol] = k;
  }
  return may_fit(s, x);
}

/* To the best neighbour, as long as there is a better one. */
static loom_status improve(space_search *s, const space_node *all, space_node *at, int64_t total) {
  for (bool is_better = true; is_better;) {
    is_better = false;
    for (int i = 0; i < MOVES * s->n_blocks * s->n_blocks; i++) {
      space_node x = *at;
      if (s->left == 0 || (s->most_effort > 0 && effort(s) > s->most_effort / 2) || !move_sizes(s, all, i, &x))
        continue;
      int64_t found;
      LOOM_TRY(look_at(s, &x, &found));
      if (found < total) {
        total = found;
        *at = x;
        is_better = true;
      }
    }
  }
  return LOOM_OK;
}

/* Points of the tuples that use all cores, those that give each loop as many first, and from there on to better ones. */
static loom_status find_first(space_search *s, const space_node *all) {
  VEC_OF(int32_t) whole = {0};
  for (int32_t t = 0; t < s->source.n_tuples; t++)
    if (uses_all(s, t))
      vec_push(&s->ctx->scratch, &whole, t);
  for (size_t i = 0; i < whole.n && s->left != 0 && (s->most_effort == 0 || effort(s) < s->most_effort / 2); i++) {
    size_t middle = whole.n / 2, k = i % 2 ? middle - (i + 1) / 2 : middle + i / 2;
    space_node x = *all;
    int64_t total;
    x.tuple = whole.at[k < whole.n ? k : i];
    if (!may_fit(s, &x) || !go_down(s, &x))
      continue;
    LOOM_TRY(look_at(s, &x, &total));
    LOOM_TRY(improve(s, all, &x, total));
  }
  return LOOM_OK;
}

/* Tuples that use all cores, or others, or both. */
enum { WHOLE = 1, OTHERS = 2 };
static void push_tuples(space_search *s, const space_node *all, int which) {
  for (int32_t t = 0; t < s->source.n_tuples; t++) {
    if (!((uses_all(s, t) ? WHOLE : OTHERS) & which))
      continue;
    space_node *x = new_node(s);
    *x = *all;
    x->tuple = t;
    if (!may_fit(s, x)) {
      drop(s, x);
      continue;
    }
    bound_node(s, x, NULL);
    push(s, x);
  }
}

/* To the end, or so far. */
static loom_status run_epochs(space_search *s, int64_t most_effort) {
  for (int epoch = 0; s->open.n && s->left != 0 && !s->timed_out && (most_effort == 0 || effort(s) < most_effort); epoch++) {
    LOOM_TRY(choose_jobs(s, epoch, most_effort));
    LOOM_TRY(prepare_jobs(s));
    LOOM_TRY(threads_for(s->ctx, s->limits->threads, s->jobs.n, run_job, s));
    merge_jobs(s);
    report(s);
    s->timed_out = s->limits->timeout_s > 0 && clock_seconds() - s->started > s->limits->timeout_s;
  }
  return LOOM_OK;
}

/* On large meshes those that use all cores go first: they are few, and what is found there rules out most others before they are cut. */
loom_status space_search_run(space_search *s) {
  find_waves(s);
  s->started = clock_seconds();
  s->left = s->limits->op_budget > 0 ? s->limits->op_budget : -1;
  space_node all = {.compute = -1, .done = -1, .next = INT64_MAX};
  for (int i = 0; i < s->n_blocks; i++)
    all.to[i] = s->domain[i].n - 1;
  if (s->source.n_tuples > 0 && may_fit(s, &all))
    cut_sizes(s, &all, -1);
  if (machine_cores(s->machine) <= SPACE_LARGE_CORES) {
    push_tuples(s, &all, WHOLE | OTHERS);
    return run_epochs(s, s->most_effort);
  }
  LOOM_TRY(find_first(s, &all));
  push_tuples(s, &all, WHOLE);
  LOOM_TRY(run_epochs(s, s->most_effort / 2));
  push_tuples(s, &all, OTHERS);
  return run_epochs(s, s->most_effort);
}
