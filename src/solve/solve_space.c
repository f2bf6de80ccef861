/* Best-first search of a space (solve_space.h says what is left out and why). */
#include "solve/solve_space_search.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/threads.h"

/* A search is long from LONG_SEARCH nodes on; boxes of so many points for each mapping ask all mappings before and after. */
enum { LONG_SEARCH = 60000, PAYS_SHORT = 100, PAYS_LONG = 8 };
/* Mappings of a point whose bounds are this part apart are looked at together. */
enum { NEXT_PART = 128 };
/* After so much effort, about a second, a search goes on by parts; where more records than these are wanted it does not. */
enum { ALONE_EFFORT = 4000000, PARTS_ROOM_MAX = 256 };

/* ---- steps ---- */

static loom_status push_or_drop(space_search *s, space_node *x) {
  if (x->bound <= space_at_most(s, x))
    space_push(s, x);
  else
    space_drop(s, x);
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
  model_known known = space_known_parts(s, x);
  known.full = model_full_part(s->program, at);
  known.cases = e->cases;
  known.n_cases = e->n;
  int64_t most = space_at_most(s, x), first = INT64_MAX;
  if (x->compute >= 0) {
    at->compute = x->compute;
    model_bound_each_at(s->program, at, &known, s->bounds);
  } else {
    model_bound_each(s->program, space_cores_of(s, x->tuple), &known, s->domain, x->from, x->to, s->bounds);
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
  if (x->next > space_at_most(s, x)) {
    space_drop(s, x);
    return;
  }
  x->bound = x->next;
  x->done = x->until;
  x->stage = SPACE_ENDS;
  space_push(s, x);
}

static void raise_bound(space_search *s, space_node *x, model_point *at, const model_known *known) {
  if (x->compute < 0) {
    space_bound_node(s, x, known);
    return;
  }
  at->compute = x->compute;
  int64_t b = model_bound_point(s->program, at, known);
  x->bound = b > x->bound ? b : x->bound;
}

/* Bounds a box whose points have the waves of `at`, or a point, by the ends of each mapping. */
static loom_status bound_by_ends(space_search *s, space_node *x, model_point *at) {
  const space_ends *e;
  model_known known = space_known_parts(s, x);
  known.full = model_full_part(s->program, at);
  LOOM_TRY(space_find_ends(s->ctx, &s->source, s->program, s->groups, x->tuple, at, &e));
  known.cases = e->least;
  known.n_cases = e->n_least;
  if (known.n_cases == 0) {             /* no mapping has these waves */
    space_drop(s, x);
    return LOOM_OK;
  }
  raise_bound(s, x, at, &known);
  x->stage = SPACE_ENDS;
  return push_or_drop(s, x);
}

/* The same by their links, too. */
static loom_status bound_by_group(space_search *s, space_node *x, model_point *at) {
  const space_group *g;
  model_known known = space_known_parts(s, x);
  known.full = model_full_part(s->program, at);
  LOOM_TRY(find_group(s, x, at, &g));
  known.cases = s->asked;
  known.n_cases = s->n_asked;
  if (known.n_cases > 0)
    raise_bound(s, x, at, &known);
  if (known.n_cases == 0 || x->bound > space_at_most(s, x)) {
    push_next_or_drop(s, x);
    return LOOM_OK;
  }
  x->bound = x->bound < x->next ? x->bound : x->next;
  x->stage = SPACE_GROUP;
  space_push(s, x);
  return LOOM_OK;
}

static loom_status bound_by_cases(space_search *s, space_node *x, model_point *at, bool with_links) { return with_links ? bound_by_group(s, x, at) : bound_by_ends(s, x, at); }

/* A point gets its own compute cycles; what cannot be priced goes. */
static loom_status bound_costs(space_search *s, space_node *x) {
  model_known parts = space_known_parts(s, x);
  model_point at;
  if (!space_set_point(s, x, SPACE_COSTS, &at)) {
    space_drop(s, x);
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
    space_node *child = space_new_node(s);
    *child = *x;
    if (half)
      child->from[symbol] = middle + 1;
    else
      child->to[symbol] = middle;
    if (!space_may_fit(s, child)) {
      space_drop(s, child);
      continue;
    }
    if (half)                           /* the other half's least sizes are its parent's */
      space_cut_sizes(s, child, symbol);
    if (child->compute < 0 && space_widest(s, child) < 0) {
      LOOM_TRY(bound_costs(s, child));
      continue;
    }
    if (x->stage != SPACE_BOX && space_set_point(s, child, SPACE_WAVES, &at)) {      /* it has its parent's waves */
      LOOM_TRY(bound_by_cases(s, child, &at, x->stage == SPACE_GROUP));
      continue;
    }
    space_bound_node(s, child, NULL);
    LOOM_TRY(push_or_drop(s, child));
  }
  space_drop(s, x);
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
  int any = space_widest(s, x);
  *is_ready = any < 0 && x->compute >= 0 && x->stage == SPACE_GROUP;
  if (*is_ready)
    return LOOM_OK;
  if (any < 0 && x->compute < 0)
    return bound_costs(s, x);
  int symbol = space_wave_symbol(s, x);
  if (any >= 0 && (symbol >= 0 || x->stage == SPACE_GROUP || !pays(s, x)))
    return split(s, x, symbol >= 0 ? symbol : any);
  if (space_set_point(s, x, SPACE_WAVES, &at))
    return bound_by_cases(s, x, &at, x->stage == SPACE_ENDS);
  if (any >= 0)
    return split(s, x, any);
  LOOM_FAIL(s->ctx, LOOM_NOSPAN, LOOM_EBUG, "a point of the search was lost");
}

/* ---- an epoch ---- */

int64_t space_groups_effort(const space_search *s) { return 6 * s->groups->ways + machine_cores(s->machine) * s->groups->mappings / 2; }

/* What was done so far, in quarters of a microsecond of one core, or so; counted, not measured: the same everywhere. */
int64_t space_effort(const space_search *s) { return 12 * s->age + space_groups_effort(s) + 400 * s->looked + s->effort_of_parts; }

static loom_status choose_jobs(space_search *s, int epoch, int64_t most_effort) {
  size_t most = epoch == 0 ? 1 : epoch == 1 ? 8 : SPACE_LOOKS_MAX;
  s->jobs.n = 0;
  while (s->open.n && s->jobs.n < most && (most_effort == 0 || space_effort(s) < most_effort)) {
    space_node *x = solve_heap_pop(&s->open);
    bool is_ready;
    if (x->bound > space_at_most(s, x)) {
      space_drop(s, x);
      continue;
    }
    space_groups_trim(s->ctx, s->groups);
    LOOM_TRY(advance(s, x, &is_ready));
    if (is_ready)
      vec_push(&s->ctx->scratch, &s->jobs, ((space_job){.of = x, .at_most = space_at_most(s, x)}));
  }
  return LOOM_OK;
}

/* Groups are made by one thread; evicted ones are made again. */
loom_status space_prepare_jobs(space_search *s) {
  space_groups_trim(s->ctx, s->groups);
  for (size_t i = 0; i < s->jobs.n; i++) {
    space_job *j = &s->jobs.at[i];
    model_point at;
    if (!space_set_point(s, j->of, SPACE_WAVES, &at))
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

loom_status space_run_job(loom_ctx *worker, void *data, size_t i) {
  space_search *s = data;
  space_job *j = &s->jobs.at[i];
  model_point at;
  if (space_set_point(s, j->of, SPACE_PACKED, &at))
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

void space_take_over(space_search *s, const space_job *j) {
  space_record r;
  memset(&r, 0, sizeof r);
  space_corner(s, j->of, r.block);
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
    space_keep(s, &r);
  }
}

void space_pay(space_search *s, const space_job *j) {
  int64_t done = j->effort.evaluated > 0 ? j->effort.evaluated : 1;
  s->evaluated += done;
  s->left -= s->left < 0 ? 0 : done < s->left ? done : s->left;
}

/* Results in order, as far as the budget goes; what it does not pay for stays open. */
static void merge_jobs(space_search *s) {
  for (size_t i = 0; i < s->jobs.n; i++) {
    space_job *j = &s->jobs.at[i];
    if (s->left == 0) {
      space_push(s, j->of);
      continue;
    }
    space_pay(s, j);
    s->looked += j->of->done < 0;       /* a point counts once */
    space_take_over(s, j);
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

/* ---- all of it ---- */

/* Tuples that use all cores, or others, or both. */
enum { WHOLE = 1, OTHERS = 2 };
static void push_tuples(space_search *s, const space_node *all, int which) {
  for (int32_t t = 0; t < s->source.n_tuples; t++) {
    if (!((space_uses_all(s, t) ? WHOLE : OTHERS) & which))
      continue;
    space_node *x = space_new_node(s);
    *x = *all;
    x->tuple = t;
    if (!space_may_fit(s, x)) {
      space_drop(s, x);
      continue;
    }
    space_bound_node(s, x, NULL);
    space_push(s, x);
  }
}

/* To the end, or so far. */
loom_status space_run_epochs(space_search *s, int64_t most_effort) {
  for (int epoch = 0; s->open.n && s->left != 0 && !s->timed_out && (most_effort == 0 || space_effort(s) < most_effort); epoch++) {
    LOOM_TRY(choose_jobs(s, epoch, most_effort));
    LOOM_TRY(space_prepare_jobs(s));
    LOOM_TRY(threads_for(s->ctx, s->limits->threads, s->jobs.n, space_run_job, s));
    merge_jobs(s);
    report(s);
    s->timed_out = s->limits->timeout_s > 0 && !s->is_together && clock_seconds() - s->started > s->limits->timeout_s;
  }
  return LOOM_OK;
}

/* The same; long ones by parts. */
static loom_status run_all(space_search *s, int64_t most_effort) {
  const int64_t first = s->limits->rounds.first > 0 ? s->limits->rounds.first : ALONE_EFFORT;
  if (most_effort > 0 || s->room > PARTS_ROOM_MAX || !s->source.space)
    return space_run_epochs(s, most_effort);
  LOOM_TRY(space_run_epochs(s, first));
  return s->open.n && s->left != 0 && !s->timed_out ? space_run_parts(s) : LOOM_OK;
}

/* On large meshes those that use all cores go first: they are few, and what is found there rules out most others before they are cut. */
loom_status space_search_run(space_search *s) {
  find_waves(s);
  s->started = clock_seconds();
  s->is_together = s->limits->ranks && s->limits->ranks->size > 1;
  s->left = s->limits->op_budget > 0 ? s->limits->op_budget : -1;
  space_node all = {.compute = -1, .done = -1, .next = INT64_MAX};
  for (int i = 0; i < s->n_blocks; i++)
    all.to[i] = s->domain[i].n - 1;
  if (s->source.n_tuples > 0 && space_may_fit(s, &all))
    space_cut_sizes(s, &all, -1);
  if (machine_cores(s->machine) <= SPACE_LARGE_CORES) {
    push_tuples(s, &all, WHOLE | OTHERS);
    return run_all(s, s->most_effort);
  }
  LOOM_TRY(space_find_first(s, &all));
  push_tuples(s, &all, WHOLE);
  LOOM_TRY(run_all(s, s->most_effort / 2));
  push_tuples(s, &all, OTHERS);
  return run_all(s, s->most_effort);
}
