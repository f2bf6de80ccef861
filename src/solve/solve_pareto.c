/* Trades: the points that no other beats in every aim.  Branch and bound with one bound an aim: a part of a box is skipped when a point known already
 * is as good in all of them as the part's bounds, which no point in it can be under. */
#include "base/clock.h"
#include "base/text.h"
#include "solve/solve_private.h"
#include <stdlib.h>

enum { LANES = 64, WALK_POINTS = 1 << 11 /* smaller parts are looked at point by point */ };

/* One problem at one choice of its booleans. */
typedef struct aimed { sym_code *code[SOLVE_AIMS_MAX]; sym_bounds *bounds[SOLVE_AIMS_MAX]; } aimed;
typedef VEC_OF(aimed) aimed_list;

typedef struct known { int64_t aim[SOLVE_AIMS_MAX]; solve_trade *is; } known;

typedef struct trader {
  loom_ctx *ctx;
  size_t n_problems, n_aims;
  solve_ready *ready;
  aimed_list *rounds;                    /* of each problem */
  VEC_OF(known) front;                   /* none as good as another in all aims; what dominated last stands first */
  solve_heap open;                       /* by the bound of the first aim */
  VEC_OF(solve_part *) spare;
  int64_t left;                          /* points to look at; negative: unlimited */
  double until;                          /* seconds; 0: unlimited */
  int64_t age;
} trader;

/* ---- what is known ---- */

static bool is_as_good(const trader *t, const int64_t *a, const int64_t *b) {
  for (size_t i = 0; i < t->n_aims; i++)
    if (a[i] > b[i])
      return false;
  return true;
}

/* By the tie rule: does the known point come before the point at `slots`, and whatever follows it in its part? */
static bool comes_before(const trader *t, const solve_trade *x, const solve_part *part, const int64_t *slots) {
  const solve_ready *r = &t->ready[part->problem];
  if (x->problem != part->problem)
    return x->problem < part->problem;
  for (int i = 0; i < r->n; i++)
    if (x->value[i] != slots[i])
      return x->value[i] < slots[i];
  for (size_t i = 0; i < r->p->booleans.n; i++) {
    int boolean = (int)(r->rounds.at[part->round].choice >> i & 1);
    if (x->boolean[i] != boolean)
      return x->boolean[i] < boolean;
  }
  return false;
}

/* Something known is as good in all aims as `aim`, and better in one or before `slots` in the order of ties. */
static bool is_beaten(trader *t, const int64_t *aim, const solve_part *part, const int64_t *slots) {
  for (size_t i = 0; i < t->front.n; i++) {
    known hit = t->front.at[i];
    if (!is_as_good(t, hit.aim, aim) || (is_as_good(t, aim, hit.aim) && !comes_before(t, hit.is, part, slots)))
      continue;
    t->front.at[i] = t->front.at[0];
    t->front.at[0] = hit;
    return true;
  }
  return false;
}

/* A point that nothing beats; what it beats goes. */
static void add(trader *t, const solve_part *part, const int64_t *slots, const int64_t *aim) {
  const solve_ready *r = &t->ready[part->problem];
  solve_trade *x = NULL;
  size_t kept = 0;
  for (size_t i = 0; i < t->front.n; i++)
    if (is_as_good(t, aim, t->front.at[i].aim))
      x = t->front.at[i].is;
    else
      t->front.at[kept++] = t->front.at[i];
  t->front.n = kept;
  x = x ? x : ARENA_NEW(&t->ctx->scratch, solve_trade);
  *x = (solve_trade){.problem = part->problem};
  memcpy(x->aim, aim, sizeof x->aim);
  memcpy(x->value, slots, (size_t)r->n * sizeof *slots);
  for (size_t i = 0; i < r->p->booleans.n; i++)
    x->boolean[i] = (int)(r->rounds.at[part->round].choice >> i & 1);
  known k = {.is = x};
  memcpy(k.aim, aim, sizeof k.aim);
  vec_push(&t->ctx->scratch, &t->front, k);
}

/* ---- open parts ---- */

static void push(trader *t, const solve_part *part) {
  solve_part *x = t->spare.n ? t->spare.at[--t->spare.n] : ARENA_NEW(&t->ctx->scratch, solve_part);
  *x = *part;
  x->order = t->age++;
  solve_heap_push(&t->ctx->scratch, &t->open, (solve_open){x->bound, x->order, x});
}

/* No point of the part has less in any aim. */
static void bound(const trader *t, const solve_part *part, int64_t *out) {
  const solve_ready *r = &t->ready[part->problem];
  const aimed *a = &t->rounds[part->problem].at[part->round];
  int32_t from[SOLVE_SYMBOLS_MAX], to[SOLVE_SYMBOLS_MAX];
  for (int d = 0; d < r->n; d++) {
    from[d] = d < part->depth ? part->at[d] : d == part->depth ? part->from : 0;
    to[d] = d < part->depth ? part->at[d] : d == part->depth ? part->to : r->values[d].n - 1;
  }
  for (size_t i = 0; i < t->n_aims; i++) {
    int64_t hi;
    sym_bounds_at(a->bounds[i], from, to, &out[i], &hi);
  }
}

/* ---- points ---- */

typedef struct walker { trader *t; const solve_part *part; const solve_ready *r; const solve_round *round; const aimed *aims; int64_t slots[SOLVE_SYMBOLS_MAX]; } walker;

static void look(walker *w, const int64_t *values, size_t n, uint64_t lanes) {
  int last = w->r->n - 1;
  int64_t aim[SOLVE_AIMS_MAX][LANES], one[SOLVE_AIMS_MAX] = {0};
  for (size_t i = 0; i < w->t->n_aims && lanes; i++)
    lanes &= sym_run_many(w->aims->code[i], w->slots, (size_t)last, values, n, aim[i]);
  for (; lanes && w->t->left; lanes &= lanes - 1) {
    int k = __builtin_ctzll(lanes);
    w->t->left -= w->t->left > 0;
    for (size_t i = 0; i < w->t->n_aims; i++)
      one[i] = aim[i][k];
    w->slots[last] = values[k];
    if (one[0] < 0 || is_beaten(w->t, one, w->part, w->slots))
      continue;
    add(w->t, w->part, w->slots, one);
  }
}

static void walk(walker *w, int depth, int32_t from, int32_t to) {
  const solve_values *v = &w->r->values[depth];
  if (depth == w->r->n - 1) {
    for (int32_t i = from; i <= to && w->t->left; i += LANES) {
      size_t n = (size_t)(to - i + 1 < LANES ? to - i + 1 : LANES);
      look(w, v->at + i, n, solve_lanes_hold(w->r, w->round, w->slots, v->at + i, n));
    }
    w->slots[depth] = v->at[0];
    return;
  }
  for (int32_t i = from; i <= to && w->t->left; i++) {
    w->slots[depth] = v->at[i];
    if (!solve_may_fit(w->round, depth, w->slots))
      break;                                 /* nor can the larger values */
    if (solve_trips_hold(w->r, depth, w->slots) && solve_conditions_hold(w->round, depth, w->slots))
      walk(w, depth + 1, 0, w->r->values[depth + 1].n - 1);
  }
  w->slots[depth] = v->at[0];
}

static walker enter(trader *t, const solve_part *part) {
  const solve_ready *r = &t->ready[part->problem];
  walker w = {.t = t, .part = part, .r = r, .round = &r->rounds.at[part->round], .aims = &t->rounds[part->problem].at[part->round]};
  for (int d = 0; d < r->n; d++)
    w.slots[d] = r->values[d].at[d < part->depth ? part->at[d] : d == part->depth ? part->from : 0];
  return w;
}

static void split(trader *t, const solve_part *x) {
  solve_part children[SOLVE_CHILDREN_MAX];
  int64_t pruned = 0;
  int n = solve_split_part(&t->ready[x->problem], x, children, &pruned);
  for (int i = 0; i < n; i++)
    push(t, &children[i]);
}

/* false: the budget or the time is up. */
static bool search(trader *t) {
  while (t->open.n) {
    solve_part *x = solve_heap_pop(&t->open);
    const solve_ready *r = &t->ready[x->problem];
    int64_t least[SOLVE_AIMS_MAX] = {0};
    walker w = enter(t, x);
    bound(t, x, least);
    bool is_hopeless = is_beaten(t, least, x, w.slots), is_small = solve_part_points(r, x) <= WALK_POINTS;
    if (!is_hopeless && is_small)
      walk(&w, x->depth, x->from, x->to);
    else if (!is_hopeless)
      split(t, x);
    vec_push(&t->ctx->scratch, &t->spare, x);
    if (t->left == 0 || (t->until > 0 && clock_seconds() > t->until))
      return false;
  }
  return true;
}

/* ---- setting up ---- */

static loom_status aim_round(trader *t, const solve_ready *r, const solve_aims *aims, unsigned choice, aimed *out) {
  for (size_t i = 0; i < t->n_aims; i++) {
    const sym_expr *e = aims->at[i].value ? solve_fix_booleans(&t->ctx->mem, r->p, aims->at[i].value, choice) : sym_const(&t->ctx->mem, 0);
    LOOM_TRY(sym_compile(t->ctx, e, r->names, (size_t)r->n, &out->code[i]));
    LOOM_TRY(sym_bounds_make(t->ctx, e, r->names, r->values, (size_t)r->n, &out->bounds[i]));
  }
  return LOOM_OK;
}

static loom_status open_problem(trader *t, size_t problem, const solve_problem *p, const solve_aims *aims) {
  solve_ready *r = &t->ready[problem];
  LOOM_TRY(solve_make_ready(t->ctx, p, true, r));
  for (size_t i = 0; !r->empty && i < r->rounds.n; i++) {
    aimed a;
    int64_t least[SOLVE_AIMS_MAX];
    solve_part x = {.problem = problem, .round = (int)i, .to = r->values[0].n - 1};
    LOOM_TRY(aim_round(t, r, aims, r->rounds.at[i].choice, &a));
    vec_push(&t->ctx->scratch, &t->rounds[problem], a);
    bound(t, &x, least);
    x.bound = least[0];
    push(t, &x);
  }
  return LOOM_OK;
}

static int by_aims(const void *a, const void *b) {
  const known *x = a, *y = b;
  for (size_t i = 0; i < SOLVE_AIMS_MAX; i++)
    if (x->aim[i] != y->aim[i])
      return x->aim[i] < y->aim[i] ? -1 : 1;
  return 0;
}

static loom_status trade(trader *t, const solve_problem *const *p, const solve_aims *aims, solve_trades *out, bool *out_complete) {
  t->ready = ARENA_NEW_N(&t->ctx->scratch, solve_ready, t->n_problems);
  t->rounds = ARENA_NEW_N(&t->ctx->scratch, aimed_list, t->n_problems);
  for (size_t i = 0; i < t->n_problems; i++)
    LOOM_TRY(open_problem(t, i, p[i], &aims[i]));
  *out_complete = search(t);
  if (t->front.n)
    qsort(t->front.at, t->front.n, sizeof *t->front.at, by_aims);
  for (size_t i = 0; i < t->front.n; i++)
    vec_push(&t->ctx->mem, out, *t->front.at[i].is);
  return LOOM_OK;
}

loom_status solve_find_trades(loom_ctx *ctx, const solve_problem *const *p, const solve_aims *aims, size_t n, const solve_limits *l, solve_trades *out,
                              bool *out_complete) {
  arena_mark mark = arena_save(&ctx->scratch);
  trader t = {.ctx = ctx, .n_problems = n, .n_aims = n ? aims[0].n : 0, .left = l && l->op_budget > 0 ? l->op_budget : -1,
              .until = l && l->timeout_s > 0 ? clock_seconds() + l->timeout_s : 0};
  *out = (solve_trades){0};
  loom_status st = trade(&t, p, aims, out, out_complete);
  arena_release(&ctx->scratch, mark);
  return st;
}
