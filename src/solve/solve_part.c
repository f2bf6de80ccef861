/* Parts of a box: bounding, splitting, and looking at one point by point.  A subtree is skipped when no point of it satisfies everything, or
 * when its bound says that none comes before the best point known. */
#include "solve/solve_private.h"

enum { LANES = 64, BOUND_PAYS_POINTS = 48 };      /* a bound costs about as much as evaluating that many points */

typedef struct walker {
  const solve_ready *r;
  const solve_round *round;
  solve_part *part;
  solve_walk *w;
  int64_t slots[SOLVE_SYMBOLS_MAX];               /* open symbols stand at their smallest */
  int32_t from[SOLVE_SYMBOLS_MAX], to[SOLVE_SYMBOLS_MAX];
} walker;

static void fix(walker *k, int depth, int32_t i) {
  k->slots[depth] = k->r->values[depth].at[i];
  k->from[depth] = k->to[depth] = i;
}

static void open_up(walker *k, int depth, int32_t from, int32_t to) {
  k->slots[depth] = k->r->values[depth].at[from];
  k->from[depth] = from;
  k->to[depth] = to;
}

static void enter(walker *k, const solve_ready *r, const solve_part *part) {
  k->r = r;
  k->round = &r->rounds.at[part->round];
  for (int d = 0; d < r->n; d++)
    if (d < part->depth)
      fix(k, d, part->at[d]);
    else
      open_up(k, d, d == part->depth ? part->from : 0, d == part->depth ? part->to : r->values[d].n - 1);
}

/* ---- order ---- */

/* The point at k->slots, or any after it in the part, ties with `best` at the same cycles: does it come later or is it the same? */
static bool comes_after(const walker *k, size_t problem, int round, const solve_best *best) {
  if (problem != best->problem)
    return problem > best->problem;
  for (int i = 0; i < k->r->n; i++)
    if (k->slots[i] != best->value[i])
      return k->slots[i] > best->value[i];
  return round >= best->round;
}

static bool loses(const walker *k, const solve_part *part, int64_t bound, const solve_best *best) {
  return best->found && (bound > best->cycles || (bound == best->cycles && comes_after(k, part->problem, part->round, best)));
}

/* ---- bounds ---- */

static int64_t cycles_bound(const walker *k) {
  int64_t lo, hi;
  if (!k->round->bounds)
    return 0;
  sym_bounds_at(k->round->bounds, k->from, k->to, &lo, &hi);
  return lo < 0 ? 0 : lo;
}

/* Some condition holds nowhere in the box. */
static bool is_impossible(const walker *k, int depth) {
  for (size_t i = 0; i < k->round->holds.n; i++) {
    const solve_check *c = &k->round->holds.at[i];
    int64_t lo, hi;
    if (!c->bounds || c->depth < depth)
      continue;
    sym_bounds_at(c->bounds, k->from, k->to, &lo, &hi);
    if (lo > hi || (c->is_truth ? lo == 0 && hi == 0 : lo > c->limit))
      return true;
  }
  return false;
}

int64_t solve_part_points(const solve_ready *r, const solve_part *part) { return solve_mul(part->to - part->from + 1, r->below[part->depth + 1]); }

int64_t solve_part_bound(const solve_ready *r, const solve_part *part) {
  walker k;
  enter(&k, r, part);
  return cycles_bound(&k);
}

bool solve_part_loses(const solve_ready *r, const solve_part *part, const solve_best *best) {
  walker k;
  enter(&k, r, part);
  return loses(&k, part, part->bound, best);
}

/* ---- splitting ---- */

/* One value of the symbol: on to the next one.  false: the value violates something. */
static bool descend(walker *k, const solve_part *part, int32_t i, solve_part *child) {
  int depth = part->depth;
  fix(k, depth, i);
  if (!solve_trips_hold(k->r, depth, k->slots) || !solve_conditions_hold(k->round, depth, k->slots))
    return false;
  *child = *part;
  child->at[depth] = i;
  child->depth = depth + 1;
  child->from = 0;
  child->to = k->r->values[depth + 1].n - 1;
  return true;
}

int solve_split_part(const solve_ready *r, const solve_part *part, solve_part *children, int64_t *pruned) {
  walker k;
  enter(&k, r, part);
  int n = 0;
  int32_t count = part->to - part->from + 1, step = (count + SOLVE_CHILDREN_MAX - 1) / SOLVE_CHILDREN_MAX;
  for (int32_t from = part->from; from <= part->to; from += step) {
    int32_t to = part->to - from < step ? part->to : from + step - 1;
    open_up(&k, part->depth, from, to);
    if (!solve_may_fit(k.round, part->depth, k.slots)) {      /* nor can the larger values */
      *pruned = solve_add(*pruned, solve_mul(part->to - from + 1, r->below[part->depth + 1]));
      break;
    }
    solve_part *child = &children[n];
    *child = *part;
    child->from = from;
    child->to = to;
    bool is_open = from < to || part->depth == r->n - 1 || descend(&k, part, from, child);
    if (is_open && is_impossible(&k, part->depth))
      is_open = false;
    if (!is_open) {
      *pruned = solve_add(*pruned, solve_mul(to - from + 1, r->below[part->depth + 1]));
      continue;
    }
    child->bound = cycles_bound(&k);
    child->bound = child->bound < part->bound ? part->bound : child->bound;
    n++;
  }
  return n;
}

/* ---- looking at every point ---- */

static void skip(walker *k, int64_t points) { k->w->pruned = solve_add(k->w->pruned, points); }

static void take_best(walker *k, int64_t cycles) {
  solve_best *b = &k->w->best;
  if (b->found && (cycles > b->cycles || (cycles == b->cycles && comes_after(k, k->part->problem, k->part->round, b))))
    return;
  b->found = true;
  b->cycles = cycles;
  b->problem = k->part->problem;
  b->round = k->part->round;
  memcpy(b->value, k->slots, (size_t)k->r->n * sizeof *k->slots);
}

/* A cost beyond int64 (or one that divides by zero) counts as the largest there is. */
static void evaluate(walker *k, const int64_t *values, size_t n, uint64_t lanes) {
  int last = k->r->n - 1;
  int64_t out[LANES];
  uint64_t valid = sym_run_many(k->round->cycles, k->slots, (size_t)last, values, n, out);
  const solve_best *b = &k->w->best;
  for (uint64_t left = lanes; left; left &= left - 1) {
    int i = __builtin_ctzll(left);
    int64_t cycles = (valid >> i & 1) && out[i] >= 0 ? out[i] : INT64_MAX;
    if (b->found && cycles > b->cycles)
      continue;
    k->slots[last] = values[i];
    take_best(k, cycles);
  }
  k->w->evaluated = solve_add(k->w->evaluated, __builtin_popcountll(lanes));
}

/* The lanes that the budget pays for; the part will go on at the first that it does not. */
static uint64_t spend(walker *k, uint64_t lanes, int32_t first) {
  int feasible = __builtin_popcountll(lanes);
  if (k->w->budget < 0 || feasible <= k->w->budget) {
    k->w->budget -= k->w->budget < 0 ? 0 : feasible;
    return lanes;
  }
  uint64_t rest = lanes;
  for (; k->w->budget > 0; k->w->budget--)
    rest &= rest - 1;
  k->w->ran_out = k->part->is_begun = true;
  memcpy(k->part->next, k->from, (size_t)(k->r->n - 1) * sizeof *k->from);
  k->part->next[k->r->n - 1] = first + __builtin_ctzll(rest);
  return lanes & ~rest;
}

/* The last symbol from index `from` on. */
static void walk_last(walker *k, int32_t from, int32_t to) {
  int last = k->r->n - 1;
  const int64_t *at = k->r->values[last].at;
  for (int32_t i = from; i <= to && !k->w->ran_out; i += LANES) {
    size_t n = (size_t)(to - i + 1 < LANES ? to - i + 1 : LANES);
    k->slots[last] = at[i];
    if (!solve_may_fit(k->round, last, k->slots)) {
      skip(k, to - i + 1);
      break;
    }
    uint64_t lanes = spend(k, solve_lanes_hold(k->r, k->round, k->slots, at + i, n), i);
    if (lanes)
      evaluate(k, at + i, n, lanes);
    int64_t seen = k->w->ran_out ? k->part->next[last] - i : (int64_t)n;
    skip(k, seen - __builtin_popcountll(lanes));
  }
  k->slots[last] = at[0];
}

/* Whether the subtree under the present prefix can be skipped. */
static bool is_hopeless(walker *k, int depth) {
  if (k->r->below[depth] < BOUND_PAYS_POINTS)
    return false;
  if (is_impossible(k, depth))
    return true;
  if (!k->w->best.found || !k->round->bounds || !loses(k, k->part, cycles_bound(k), &k->w->best))
    return false;
  k->w->by_bound = true;
  return true;
}

/* `resumes`: the indices before `depth` are those where the part was left. */
static void walk(walker *k, int depth, int32_t from, int32_t to, bool resumes) {
  const solve_ready *r = k->r;
  int32_t begin = resumes ? k->part->next[depth] : from;
  if (depth == r->n - 1) {
    walk_last(k, begin, to);
    return;
  }
  for (int32_t i = begin; i <= to; i++) {
    bool again = resumes && i == begin;
    fix(k, depth, i);
    if (!solve_may_fit(k->round, depth, k->slots)) {
      skip(k, solve_mul(to - i + 1, r->below[depth + 1]));
      break;
    }
    if (!solve_trips_hold(r, depth, k->slots) || !solve_conditions_hold(k->round, depth, k->slots) || (!again && is_hopeless(k, depth + 1))) {
      skip(k, r->below[depth + 1]);
      continue;
    }
    walk(k, depth + 1, 0, r->values[depth + 1].n - 1, again);
    if (k->w->ran_out)
      return;
  }
  open_up(k, depth, depth == k->part->depth ? k->part->from : 0, to);
}

void solve_walk_part(const solve_ready *r, solve_part *part, solve_walk *w) {
  walker k = {.part = part, .w = w};
  enter(&k, r, part);
  bool resumes = part->is_begun;
  walk(&k, part->depth, part->from, part->to, resumes);
}
