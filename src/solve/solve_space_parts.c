/* A long search by parts: what is open is dealt out, and goes on in rounds.
 *
 *   round   each part for itself, from the best records as they were when it began, up to an effort that is counted; any thread of any rank does it
 *   sum     records, counters and numbers of open nodes of all parts, the same on all ranks
 *   evening parts that have many nodes give some to those that have few
 *
 * What a part does in a round depends on its nodes, the records and its share of the budget alone, groups are made anew, and how many parts there are depends on the effort so far:
 * so answers and counters depend neither on the number of threads nor on that of ranks.  The clock ends a round where a timeout says so. */
#include "base/ceil.h"
#include "base/threads.h"
#include "solve/solve_space_search.h"
#include <stdlib.h>
#include <string.h>

/* A round of a part, about a sixteenth of a second; there are as many parts as a round of all is a quarter of what was done, or so. */
enum { ROUND_EFFORT = 250000, PARTS_MIN = 16, PARTS_MAX = 4096, PARTS_PER_EFFORT = 4 };
enum { PART_GROUPS_BYTES = 32 << 20 };

/* `at`, `best`: in `room`, which goes from round to round.  NULL where another rank has the part. */
typedef struct space_part {
  arena room;
  space_node *at; size_t n;             /* open, by place */
  space_record *best; size_t n_best;
  int64_t share;                        /* of the budget; -1: any */
  int64_t evaluated, looked, age, effort;
  bool timed_out;
} space_part;

typedef struct space_parts {
  space_search *s;
  int number, size;                     /* of this rank; of all */
  int n; space_part *at;                /* [PARTS_MAX] */
  int32_t *open;                        /* [PARTS_MAX]: nodes of all parts, on whatever rank */
  int n_mine; int *mine;                /* parts of this rank that have something to do */
} space_parts;

static int owner(const space_parts *p, int part) { return part % p->size; }
static bool is_mine(const space_parts *p, int part) { return owner(p, part) == p->number; }

/* ---- nodes of a part ---- */

/* By tuple and sizes: what lies together has groups in common. */
static int compare_places(const void *a, const void *b) {
  const space_node *x = a, *y = b;
  if (x->tuple != y->tuple)
    return x->tuple < y->tuple ? -1 : 1;
  for (int i = 0; i < MODEL_BLOCKS_MAX; i++)
    if (x->from[i] != y->from[i])
      return x->from[i] < y->from[i] ? -1 : 1;
  for (int i = 0; i < MODEL_BLOCKS_MAX; i++)
    if (x->to[i] != y->to[i])
      return x->to[i] < y->to[i] ? -1 : 1;
  return (x->done > y->done) - (x->done < y->done);
}

static void sort_nodes(space_node *at, size_t n) { qsort(at, n, sizeof *at, compare_places); }

static void add_nodes(space_part *x, const space_node *at, size_t n) {
  space_node *all = ARENA_NEW_N(&x->room, space_node, x->n + n);
  if (x->n)
    memcpy(all, x->at, x->n * sizeof *all);
  memcpy(all + x->n, at, n * sizeof *at);
  x->at = all;
  x->n += n;
}

/* n nodes from the end. */
static void take_nodes(space_part *x, size_t n, space_node *out) {
  x->n -= n;
  memcpy(out, x->at + x->n, n * sizeof *out);
}

/* ---- a round of a part ---- */

static space_search *make_hand(loom_ctx *worker, const space_search *s, solve_limits *limits) {
  space_search *h = ARENA_NEW(&worker->scratch, space_search);
  *limits = (solve_limits){.timeout_s = s->limits->timeout_s, .threads = 1};
  *h = *s;
  h->ctx = worker;
  h->limits = limits;
  h->is_together = false;
  h->asked_room = 0;
  memset(&h->open, 0, sizeof h->open);
  memset(&h->spare, 0, sizeof h->spare);
  memset(&h->jobs, 0, sizeof h->jobs);
  memset(h->found_room, 0, sizeof h->found_room);
  h->age = h->evaluated = h->looked = h->effort_of_parts = 0;
  h->best = ARENA_NEW_N(&worker->scratch, space_record, s->room);
  memcpy(h->best, s->best, s->n_best * sizeof *s->best);
  h->groups = ARENA_NEW(&worker->scratch, space_groups);
  h->groups->limit_bytes = PART_GROUPS_BYTES;
  h->groups->mark = arena_save(&worker->mem);
  return h;
}

static int64_t round_effort(const space_search *s) { return s->limits->rounds.each > 0 ? s->limits->rounds.each : ROUND_EFFORT; }

static loom_status run_round(loom_ctx *worker, void *data, size_t i) {
  space_parts *p = data;
  space_part *x = &p->at[p->mine[i]];
  solve_limits limits;
  space_search *h = make_hand(worker, p->s, &limits);
  h->left = x->share;
  for (size_t k = 0; k < x->n; k++) {
    space_node *node = space_new_node(h);
    *node = x->at[k];
    if (node->bound <= space_at_most(h, node))
      space_push(h, node);
    else
      space_drop(h, node);
  }
  arena_done(&x->room);
  h->age = 0;
  jmp_buf *outer = x->room.guard;
  x->room.guard = worker->mem.guard;
  LOOM_TRY(space_run_epochs(h, round_effort(p->s)));
  x->n = 0;
  x->at = ARENA_NEW_N(&x->room, space_node, h->open.n);
  for (; x->n < h->open.n; x->n++)
    x->at[x->n] = *(const space_node *)h->open.at[x->n].of;
  sort_nodes(x->at, x->n);
  x->n_best = h->n_best;
  x->best = ARENA_NEW_N(&x->room, space_record, h->n_best);
  memcpy(x->best, h->best, h->n_best * sizeof *h->best);
  x->evaluated = h->evaluated;
  x->looked = h->looked;
  x->age = h->age;
  x->effort = space_groups_effort(h);
  x->timed_out = h->timed_out;
  x->room.guard = outer;
  return LOOM_OK;
}

/* ---- a round of all ---- */

static size_t count_open(const space_parts *p) {
  size_t n = 0;
  for (int i = 0; i < p->n; i++)
    n += (size_t)p->open[i];
  return n;
}

/* The budget's shares; parts that have nothing to do, and those that the budget does not reach, are left out. */
static void choose_parts(space_parts *p) {
  int64_t busy = 0, nth = 0, left = p->s->left;
  for (int i = 0; i < p->n; i++)
    busy += p->open[i] > 0;
  p->n_mine = 0;
  if (busy == 0)
    return;
  for (int i = 0; i < p->n; i++) {
    if (!p->open[i])
      continue;
    const int64_t share = left < 0 ? -1 : left / busy + (nth < left % busy);
    nth++;
    if (!is_mine(p, i))
      continue;
    p->at[i].share = share;
    if (share != 0)
      p->mine[p->n_mine++] = i;
  }
}

static void add_part(space_sum *sum, space_search *s, const space_part *x) {
  sum->evaluated += x->evaluated;
  sum->looked += x->looked;
  sum->age += x->age;
  sum->effort += x->effort;
  sum->timed_out = sum->timed_out || x->timed_out;
  for (size_t k = 0; k < x->n_best; k++)
    space_keep(s, &x->best[k]);
}

/* Of this rank's parts, records into s->best; then of all. */
static loom_status sum_up(space_parts *p) {
  space_search *s = p->s;
  space_sum sum = {.bound = INT64_MAX, .n_parts = p->n, .open = p->open};
  for (int i = 0; i < p->n_mine; i++)
    add_part(&sum, s, &p->at[p->mine[i]]);
  for (int i = 0; i < p->n; i++) {
    const space_part *x = &p->at[i];
    p->open[i] = is_mine(p, i) ? (int32_t)x->n : 0;
    for (size_t k = 0; is_mine(p, i) && k < x->n; k++)
      sum.bound = x->at[k].bound < sum.bound ? x->at[k].bound : sum.bound;
  }
  LOOM_TRY(space_sum_ranks(s, &sum));
  s->evaluated += sum.evaluated;
  s->looked += sum.looked;
  s->age += sum.age;
  s->effort_of_parts += sum.effort;
  s->timed_out = sum.timed_out;
  s->bound_of_parts = sum.bound;
  s->left = s->left < 0 ? -1 : sum.evaluated < s->left ? s->left - sum.evaluated : 0;
  return LOOM_OK;
}

/* ---- evening out ---- */

/* Parts that grew with the effort are empty at first. */
static void set_count(space_parts *p) {
  const int64_t wanted = space_effort(p->s) / round_effort(p->s) / PARTS_PER_EFFORT;
  while (p->n < PARTS_MAX && p->n * 2 <= wanted)
    p->n *= 2;
}

static loom_status move_nodes(space_parts *p, int from, int to, size_t n) {
  const bool gives = is_mine(p, from), gets = is_mine(p, to);
  arena *scratch = &p->s->ctx->scratch;
  const arena_mark mark = arena_save(scratch);
  space_node *at = ARENA_NEW_N(scratch, space_node, gives || gets ? n : 0);
  if (gives)
    take_nodes(&p->at[from], n, at);
  if (gives && !gets)
    LOOM_TRY(space_send_nodes(p->s, owner(p, to), at, n));
  if (gets && !gives)
    LOOM_TRY(space_receive_nodes(p->s, owner(p, from), n, at));
  if (gets)
    add_nodes(&p->at[to], at, n);
  arena_release(scratch, mark);
  p->open[from] -= (int32_t)n;
  p->open[to] += (int32_t)n;
  return LOOM_OK;
}

/* From parts with more than twice the mean to those with less than half of it, as every rank reckons by itself. */
static loom_status even_out(space_parts *p) {
  const int32_t mean = (int32_t)ceil_div((int64_t)count_open(p), p->n);
  for (int from = 0, to = 0; from < p->n; from++)
    while (p->open[from] > 2 * mean) {
      while (to < p->n && 2 * p->open[to] >= mean)
        to++;
      if (to == p->n)
        return LOOM_OK;
      const int32_t more = p->open[from] - mean, fewer = mean - p->open[to];
      LOOM_TRY(move_nodes(p, from, to, (size_t)(more < fewer ? more : fewer)));
    }
  return LOOM_OK;
}

/* ---- from beginning to end ---- */

/* A run of neighbours for each part. */
static void deal(space_parts *p) {
  space_search *s = p->s;
  const size_t n = s->open.n, parts = (size_t)p->n;
  const arena_mark mark = arena_save(&s->ctx->scratch);
  space_node *all = ARENA_NEW_N(&s->ctx->scratch, space_node, n);
  for (size_t i = 0; i < n; i++)
    all[i] = *(const space_node *)s->open.at[i].of;
  sort_nodes(all, n);
  for (size_t i = 0; i < parts; i++) {
    const size_t first = n * i / parts, end = n * (i + 1) / parts;
    p->open[i] = (int32_t)(end - first);
    if (is_mine(p, (int)i) && end > first)
      add_nodes(&p->at[i], all + first, end - first);
  }
  arena_release(&s->ctx->scratch, mark);
  while (s->open.n)
    space_drop(s, solve_heap_pop(&s->open));
}

static void report(const space_parts *p) {
  const space_search *s = p->s;
  if (s->limits->progress)
    s->limits->progress(s->limits->data, s->looked, (int64_t)count_open(p), s->n_best ? s->best[0].total : INT64_MAX, s->bound_of_parts);
}

static loom_status run_rounds(loom_ctx *ctx, void *data) {
  space_parts *p = data;
  space_search *s = p->s;
  for (int i = 0; i < PARTS_MAX; i++)
    p->at[i].room.guard = ctx->scratch.guard;
  set_count(p);
  deal(p);
  space_groups_clear(ctx, s->groups);
  while (count_open(p) && s->left != 0 && !s->timed_out) {
    set_count(p);
    LOOM_TRY(even_out(p));
    choose_parts(p);
    LOOM_TRY(threads_for(ctx, s->limits->threads, (size_t)p->n_mine, run_round, p));
    LOOM_TRY(sum_up(p));
    report(p);
  }
  s->open_in_parts += count_open(p);
  return LOOM_OK;
}

loom_status space_run_parts(space_search *s) {
  const solve_ranks *r = s->limits->ranks;
  space_parts p = {.s = s, .size = r ? r->size : 1, .number = r ? r->number : 0, .n = PARTS_MIN};
  p.at = ARENA_NEW_N(&s->ctx->scratch, space_part, PARTS_MAX);
  p.open = ARENA_NEW_N(&s->ctx->scratch, int32_t, PARTS_MAX);
  p.mine = ARENA_NEW_N(&s->ctx->scratch, int, PARTS_MAX);
  const loom_status st = loom_ctx_run(s->ctx, run_rounds, &p);      /* guarded: the parts' memory must go whatever happens */
  for (int i = 0; i < PARTS_MAX; i++)
    arena_done(&p.at[i].room);
  return st;
}
