/* Best-first branch and bound over several problems, in epochs.
 *
 * The open parts of a contest (problems that share an incumbent) lie in a heap by (bound, age).  An epoch takes the first K of every contest,
 * splits what is large, and searches the rest against the incumbent as it was when the epoch began; afterwards the results are taken over in
 * order.  K and the shares of the budget depend on nothing but the epoch, so answers and counters are the same for any number of threads. */
#include "base/clock.h"
#include "base/threads.h"
#include "solve/solve_private.h"

enum {
  WALK_POINTS_MIN = 1 << 9,        /* smaller parts are never split, */
  WALK_POINTS_MAX = 1 << 16,       /* larger ones always are, */
  WALKS_A_PROBLEM = 256,           /* and between the two so that a problem has about so many */
  OPEN_MAX = 1 << 18,              /* but none when so many are open already */
  SPLITS_MAX = 1024,               /* of a contest in one epoch */
  THREADS_PAY_POINTS = 1 << 13     /* epochs with fewer points are not worth starting threads */
};

typedef VEC_OF(solve_part *) part_list;

/* What is known of one problem so far. */
typedef struct entry {
  solve_ready ready;
  solve_best own;                  /* best point found in it; with a shared incumbent only what was the best of all at its time */
  int64_t evaluated, pruned;
  bool by_bound;                   /* some points were skipped only because the incumbent is as good */
  int64_t open;                    /* at the end: least bound of what was not looked at; INT64_MAX: all was */
} entry;

typedef struct contest {
  solve_heap open;
  part_list spare;                 /* parts to be used again */
  int epoch;
  int64_t left, age;               /* left: evaluations; negative: unlimited */
  solve_best best;
  size_t first_job, n_jobs;        /* of this epoch */
} contest;

typedef struct job { contest *of; solve_part *part; solve_walk walk; } job;

typedef struct search {
  loom_ctx *ctx;
  const solve_limits *limits;
  entry *entries;
  size_t n;
  contest *contests;
  size_t n_contests;
  VEC_OF(job) jobs;
  double started;
  bool timed_out;
} search;

/* ---- open parts ---- */

static void push(search *s, contest *c, solve_part *x) { solve_heap_push(&s->ctx->scratch, &c->open, (solve_open){x->bound, x->order, x}); }

/* A copy of `part`, the youngest of the contest. */
static void open_part(search *s, contest *c, const solve_part *part) {
  solve_part *x = c->spare.n ? c->spare.at[--c->spare.n] : ARENA_NEW(&s->ctx->scratch, solve_part);
  *x = *part;
  x->order = c->age++;
  push(s, c, x);
}

static void drop_part(search *s, contest *c, solve_part *x) { vec_push(&s->ctx->scratch, &c->spare, x); }

/* ---- an epoch ---- */

/* A part that cannot win. */
static void discard(search *s, contest *c, solve_part *x) {
  entry *e = &s->entries[x->problem];
  int64_t seen = 0;      /* of a part that was begun, the points before the place where it stopped have been counted */
  for (int d = x->depth; x->is_begun && d < e->ready.n; d++)
    seen = solve_add(seen, solve_mul(x->next[d] - (d == x->depth ? x->from : 0), e->ready.below[d + 1]));
  e->pruned = solve_add(e->pruned, solve_part_points(&e->ready, x) - seen);
  e->by_bound = true;
  drop_part(s, c, x);
}

static void split(search *s, contest *c, solve_part *x) {
  entry *e = &s->entries[x->problem];
  solve_part children[SOLVE_CHILDREN_MAX];
  int n = solve_split_part(&e->ready, x, children, &e->pruned);
  for (int i = 0; i < n; i++)
    open_part(s, c, &children[i]);
  drop_part(s, c, x);
}

static bool is_to_split(const search *s, const contest *c, const solve_part *x) {
  const solve_ready *r = &s->entries[x->problem].ready;
  int64_t most = r->below[0] / WALKS_A_PROBLEM;
  most = most < WALK_POINTS_MIN ? WALK_POINTS_MIN : most > WALK_POINTS_MAX ? WALK_POINTS_MAX : most;
  return !x->is_begun && c->open.n < OPEN_MAX && solve_part_points(r, x) > most;
}

static bool is_over(const contest *c) { return c->open.n == 0 || c->left == 0; }

static void choose_jobs(search *s, contest *c) {
  static const size_t sizes[] = {1, 8, 256};
  size_t most = sizes[c->epoch < 2 ? c->epoch : 2];
  c->first_job = s->jobs.n;
  for (int splits = 0; c->open.n && s->jobs.n - c->first_job < most && splits < SPLITS_MAX;) {
    solve_part *x = solve_heap_pop(&c->open);
    if (solve_part_loses(&s->entries[x->problem].ready, x, &c->best)) {
      discard(s, c, x);
    } else if (is_to_split(s, c, x)) {
      split(s, c, x);
      splits++;
    } else {
      vec_push(&s->ctx->scratch, &s->jobs, ((job){.of = c, .part = x}));
    }
  }
  c->n_jobs = s->jobs.n - c->first_job;
  if (c->n_jobs)
    c->epoch++;
}

/* Equal shares; what is left of them comes back when the epoch ends. */
static void share_budget(search *s, contest *c) {
  int64_t n = (int64_t)c->n_jobs;
  for (int64_t i = 0; i < n; i++) {
    job *j = &s->jobs.at[c->first_job + (size_t)i];
    j->walk = (solve_walk){.best = c->best, .budget = c->left < 0 ? -1 : c->left / n + (i < c->left % n)};
  }
}

static loom_status run_job(loom_ctx *worker, void *data, size_t i) {
  (void)worker;
  search *s = data;
  job *j = &s->jobs.at[i];
  solve_walk_part(&s->entries[j->part->problem].ready, j->part, &j->walk);
  return LOOM_OK;
}

static bool comes_first(const search *s, const solve_best *a, const solve_best *b) {
  if (!a->found || !b->found)
    return a->found;
  if (a->cycles != b->cycles || a->problem != b->problem)
    return a->cycles != b->cycles ? a->cycles < b->cycles : a->problem < b->problem;
  for (int i = 0; i < s->entries[a->problem].ready.n; i++)
    if (a->value[i] != b->value[i])
      return a->value[i] < b->value[i];
  return a->round < b->round;
}

static void take_over(search *s, contest *c) {
  for (size_t i = c->first_job; i < c->first_job + c->n_jobs; i++) {
    job *j = &s->jobs.at[i];
    entry *e = &s->entries[j->part->problem];
    const solve_best *found = &j->walk.best;
    e->evaluated = solve_add(e->evaluated, j->walk.evaluated);
    e->pruned = solve_add(e->pruned, j->walk.pruned);
    e->by_bound = e->by_bound || j->walk.by_bound;
    if (found->found && found->problem == j->part->problem && comes_first(s, found, &e->own))
      e->own = *found;
    if (comes_first(s, found, &c->best))
      c->best = *found;
    if (c->left >= 0)
      c->left -= j->walk.evaluated;
    if (j->walk.ran_out)
      push(s, c, j->part);
    else
      drop_part(s, c, j->part);
  }
}

static void report(const search *s) {
  int64_t done = 0, all = 0, best = INT64_MAX, bound = INT64_MAX;
  if (!s->limits->progress)
    return;
  for (size_t i = 0; i < s->n; i++) {
    const entry *e = &s->entries[i];
    done = solve_add(done, solve_add(e->evaluated, e->pruned));
    all = solve_add(all, e->ready.empty ? 0 : solve_mul(e->ready.below[0], (int64_t)e->ready.rounds.n));
  }
  for (size_t i = 0; i < s->n_contests; i++) {
    const contest *c = &s->contests[i];
    int64_t least = solve_heap_bound(&c->open);
    best = c->best.found && c->best.cycles < best ? c->best.cycles : best;
    bound = least < bound ? least : bound;
  }
  s->limits->progress(s->limits->data, done, all - done, best, bound < best ? bound : best);
}

static loom_status run_epochs(search *s) {
  for (bool is_done = false; !is_done && !s->timed_out;) {
    int64_t points = 0;
    s->jobs.n = 0;
    is_done = true;
    for (size_t i = 0; i < s->n_contests; i++) {
      contest *c = &s->contests[i];
      c->n_jobs = 0;
      if (is_over(c))
        continue;
      choose_jobs(s, c);
      share_budget(s, c);
      is_done = false;
    }
    for (size_t i = 0; i < s->jobs.n; i++)
      points = solve_add(points, solve_part_points(&s->entries[s->jobs.at[i].part->problem].ready, s->jobs.at[i].part));
    LOOM_TRY(threads_for(s->ctx, points < THREADS_PAY_POINTS ? 1 : s->limits->threads, s->jobs.n, run_job, s));
    for (size_t i = 0; i < s->n_contests; i++)
      take_over(s, &s->contests[i]);
    if (!is_done)
      report(s);
    s->timed_out = s->limits->timeout_s > 0 && clock_seconds() - s->started > s->limits->timeout_s;
  }
  return LOOM_OK;
}

/* ---- answers ---- */

/* What is open at the end, without that which loses by now. */
static void close_contest(search *s, contest *c) {
  solve_heap open = c->open;
  c->open.n = 0;
  for (size_t i = 0; i < open.n; i++) {
    solve_part *x = open.at[i].of;
    entry *e = &s->entries[x->problem];
    if (solve_part_loses(&e->ready, x, &c->best))
      discard(s, c, x);
    else
      e->open = x->bound < e->open ? x->bound : e->open;
  }
}

static loom_status check_divides(search *s, const solve_ready *r, solve_answer *a) {
  for (size_t i = 0; i < r->p->trips.n; i++) {
    sym_code *num, *den;
    int64_t x, y;
    arena_mark mark = arena_save(&s->ctx->mem);
    LOOM_TRY(sym_compile(s->ctx, r->p->trips.at[i].numerator, r->names, (size_t)r->n, &num));
    LOOM_TRY(sym_compile(s->ctx, r->p->trips.at[i].denominator, r->names, (size_t)r->n, &den));
    if (!sym_run(num, a->value, &x) || !sym_run(den, a->value, &y) || !solve_trip_holds(SOLVE_TRIPS_EXACT, x, y))
      a->ragged = true;
    arena_release(&s->ctx->mem, mark);
  }
  return LOOM_OK;
}

static loom_status fill_point(search *s, const solve_ready *r, const solve_best *b, solve_answer *a) {
  if (b->cycles == INT64_MAX)
    LOOM_FAIL(s->ctx, LOOM_NOSPAN, LOOM_ELIMIT, "the predicted cycles exceed 64 bits at every choice of block sizes");
  a->cycles = b->cycles;
  memcpy(a->value, b->value, (size_t)r->n * sizeof *b->value);
  for (size_t i = 0; i < r->p->booleans.n; i++)
    a->boolean[i] = (int)(r->rounds.at[b->round].choice >> i & 1);
  return check_divides(s, r, a);
}

static void fill_without_point(search *s, const contest *c, const entry *e, solve_answer *a) {
  if (e->evaluated || e->by_bound || e->open != INT64_MAX) {
    a->status = SOLVE_UNDECIDED;
    a->cycles = INT64_MAX;
    a->lower_bound = c->best.found && c->best.cycles < e->open ? c->best.cycles : e->open;
    a->why = c->best.found && c->best.cycles != INT64_MAX ? arena_printf(&s->ctx->mem, "no block sizes here take fewer than %" PRId64 " cycles", a->lower_bound)
                           : "the search was stopped before it found block sizes that fit";
  } else {
    a->status = SOLVE_INFEASIBLE;
    a->why = solve_explain(s->ctx, e->ready.p, e->ready.values);
  }
}

static loom_status fill_answer(search *s, const contest *c, size_t problem, solve_answer *a) {
  const entry *e = &s->entries[problem];
  const solve_ready *r = &e->ready;
  *a = (solve_answer){.fallback = r->fallback, .evaluated = e->evaluated, .pruned = e->pruned, .feasible = e->evaluated};
  if (r->empty) {
    a->status = SOLVE_INFEASIBLE;
    a->why = r->empty;
    return LOOM_OK;
  }
  bool wins = c->best.found && c->best.problem == problem, is_complete = wins && e->open == INT64_MAX;
  if (!e->own.found || (!is_complete && e->own.cycles == INT64_MAX)) {
    fill_without_point(s, c, e, a);
    return LOOM_OK;
  }
  LOOM_TRY(fill_point(s, r, &e->own, a));
  a->lower_bound = e->open < c->best.cycles ? e->open : c->best.cycles;
  a->status = !is_complete ? SOLVE_BEST_FOUND : solve_is_assigned(r->p) ? SOLVE_ASSIGNED : SOLVE_OPTIMAL;
  return LOOM_OK;
}

/* Counting takes time of its own: of winners only, and of those whose search came to its end. */
typedef struct tally { const search *s; solve_answer *answers; } tally;

static loom_status count_answer(loom_ctx *worker, void *data, size_t i) {
  (void)worker;
  tally *t = data;
  const solve_ready *r = &t->s->entries[i].ready;
  solve_answer *a = &t->answers[i];
  bool is_proven = a->status == SOLVE_OPTIMAL || a->status == SOLVE_ASSIGNED;
  if (!r->empty)
    a->points = solve_count_points(r);
  if (!r->empty && is_proven)
    a->feasible = solve_count_feasible(r);
  return LOOM_OK;
}

static loom_status answer_all(search *s, bool one_incumbent, solve_answer *out) {
  int64_t points = 0;
  for (size_t i = 0; i < s->n; i++)
    s->entries[i].open = INT64_MAX;
  for (size_t i = 0; i < s->n_contests; i++)
    close_contest(s, &s->contests[i]);
  for (size_t i = 0; i < s->n; i++) {
    LOOM_TRY(fill_answer(s, &s->contests[one_incumbent ? 0 : i], i, &out[i]));
    points = solve_add(points, s->entries[i].ready.below[0]);
  }
  tally t = {s, out};
  return threads_for(s->ctx, points < THREADS_PAY_POINTS ? 1 : s->limits->threads, s->n, count_answer, &t);
}

/* ---- setting up ---- */

/* What does not fit even at its smallest is left out: then a problem that has nothing else is infeasible rather than no better than another. */
static void open_problem(search *s, contest *c, size_t problem) {
  entry *e = &s->entries[problem];
  const solve_ready *r = &e->ready;
  for (size_t i = 0; !r->empty && i < r->rounds.n; i++) {
    solve_part x = {.problem = problem, .round = (int)i, .to = r->values[0].n - 1};
    int64_t smallest[SOLVE_SYMBOLS_MAX];
    for (int d = 0; d < r->n; d++)
      smallest[d] = r->values[d].at[0];
    if (!solve_may_fit(&r->rounds.at[i], 0, smallest)) {
      e->pruned = solve_add(e->pruned, r->below[0]);
      continue;
    }
    x.bound = solve_part_bound(r, &x);
    open_part(s, c, &x);
  }
}

static loom_status search_all(search *s, const solve_problem *const *p, bool one_incumbent, solve_answer *out) {
  bool needs_bounds = s->limits->op_budget > 0 || s->limits->timeout_s > 0;
  for (size_t i = 0; i < s->n_contests; i++)
    s->contests[i].left = s->limits->op_budget > 0 ? s->limits->op_budget : -1;
  for (size_t i = 0; i < s->n; i++) {
    LOOM_TRY(solve_make_ready(s->ctx, p[i], needs_bounds, &s->entries[i].ready));
    open_problem(s, &s->contests[one_incumbent ? 0 : i], i);
  }
  LOOM_TRY(run_epochs(s));
  return answer_all(s, one_incumbent, out);
}

loom_status solve_problems(loom_ctx *ctx, const solve_problem *const *p, size_t n, bool one_incumbent, const solve_limits *l, solve_answer *out) {
  static const solve_limits none = {0};
  arena *m = &ctx->scratch;
  arena_mark mark = arena_save(m);
  search s = {.ctx = ctx, .limits = l ? l : &none, .n = n, .n_contests = one_incumbent ? 1 : n, .started = clock_seconds()};
  s.entries = ARENA_NEW_N(m, entry, n);
  s.contests = ARENA_NEW_N(m, contest, s.n_contests);
  loom_status st = n ? search_all(&s, p, one_incumbent, out) : LOOM_OK;
  arena_release(m, mark);
  return st;
}
