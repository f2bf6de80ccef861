/* How many points there are, and how many satisfy everything; and the conditions themselves, at a point and in batches. */
#include "solve/solve_private.h"

enum { LANES = 64 };

/* ---- conditions ---- */

bool solve_trips_hold(const solve_ready *r, int depth, const int64_t *slots) {
  for (size_t i = 0; i < r->trips.n; i++) {
    const solve_ratio *t = &r->trips.at[i];
    int64_t num, den;
    if (t->depth == depth && (!sym_run(t->numerator, slots, &num) || !sym_run(t->denominator, slots, &den) || !solve_trip_holds(r->rule, num, den)))
      return false;
  }
  return true;
}

static bool accepts(const solve_check *c, int64_t v) { return c->is_truth ? v != 0 : v <= c->limit; }

bool solve_conditions_hold(const solve_round *round, int depth, const int64_t *slots) {
  for (size_t i = 0; i < round->holds.n; i++) {
    const solve_check *c = &round->holds.at[i];
    int64_t v;
    if (c->depth == depth && (!sym_run(c->code, slots, &v) || !accepts(c, v)))
      return false;
  }
  return true;
}

bool solve_may_fit(const solve_round *round, int depth, const int64_t *slots) {
  for (size_t i = 0; i < round->fits.n; i++) {
    const solve_check *c = &round->fits.at[i];
    int64_t v;
    if (c->depth >= depth && (!sym_run(c->code, slots, &v) || v > c->limit))
      return false;
  }
  return true;
}

static uint64_t lanes_accepted(const solve_checks *checks, int depth, const int64_t *slots, const int64_t *values, size_t n, uint64_t lanes) {
  for (size_t i = 0; i < checks->n && lanes; i++) {
    const solve_check *c = &checks->at[i];
    int64_t out[LANES];
    if (c->depth != depth)
      continue;
    lanes &= sym_run_many(c->code, slots, (size_t)depth, values, n, out);
    for (size_t k = 0; k < n; k++)
      lanes &= ~((uint64_t)!accepts(c, out[k]) << k);
  }
  return lanes;
}

static uint64_t lanes_of_trips(const solve_ready *r, const int64_t *slots, const int64_t *values, size_t n) {
  uint64_t lanes = n < LANES ? (UINT64_C(1) << n) - 1 : ~UINT64_C(0);
  for (size_t i = 0; i < r->trips.n && lanes; i++) {
    const solve_ratio *t = &r->trips.at[i];
    int64_t num[LANES], den[LANES];
    if (t->depth != r->n - 1)
      continue;
    lanes &= sym_run_many(t->numerator, slots, (size_t)t->depth, values, n, num);
    lanes &= sym_run_many(t->denominator, slots, (size_t)t->depth, values, n, den);
    for (size_t k = 0; k < n; k++)
      if ((lanes >> k & 1) && !solve_trip_holds(r->rule, num[k], den[k]))
        lanes &= ~(UINT64_C(1) << k);
  }
  return lanes;
}

uint64_t solve_lanes_hold(const solve_ready *r, const solve_round *round, const int64_t *slots, const int64_t *values, size_t n) {
  uint64_t lanes = lanes_of_trips(r, slots, values, n);
  lanes = lanes_accepted(&round->fits, r->n - 1, slots, values, n, lanes);
  return lanes_accepted(&round->holds, r->n - 1, slots, values, n, lanes);
}

/* ---- counting ---- */

typedef struct counter {
  const solve_ready *r;
  const solve_round *round;                  /* NULL: the trips alone */
  bool needs_one;                            /* stop at the first */
  bool is_staircase;                         /* the last symbol meets nothing but sizes that never fall: what fits is a prefix of its values */
  int64_t slots[SOLVE_SYMBOLS_MAX], found;
} counter;

/* How many values of the last symbol fit, when at most `most` can. */
static int32_t count_prefix(counter *c, int32_t most) {
  const solve_values *v = &c->r->values[c->r->n - 1];
  int32_t fit = 0, over = most + 1;          /* fit values fit, over do not */
  for (int32_t probe = most; fit + 1 < over; probe = fit + (over - fit) / 2) {      /* first whether the limit stays the same */
    c->slots[c->r->n - 1] = v->at[probe - 1];
    if (solve_may_fit(c->round, c->r->n - 1, c->slots))
      fit = probe;
    else
      over = probe;
  }
  c->slots[c->r->n - 1] = v->at[0];
  return fit;
}

static void count_last(counter *c) {
  const solve_values *v = &c->r->values[c->r->n - 1];
  for (int32_t i = 0; i < v->n && !(c->needs_one && c->found); i += LANES) {
    size_t n = (size_t)(v->n - i < LANES ? v->n - i : LANES);
    uint64_t lanes = c->round ? solve_lanes_hold(c->r, c->round, c->slots, v->at + i, n) : lanes_of_trips(c->r, c->slots, v->at + i, n);
    c->found = solve_add(c->found, __builtin_popcountll(lanes));
  }
}

static void count(counter *c, int depth) {
  const solve_ready *r = c->r;
  const solve_values *v = &r->values[depth];
  bool stairs = c->is_staircase && depth == r->n - 2;
  int32_t most = stairs ? r->values[r->n - 1].n : 0;
  if (depth == r->n - 1) {
    if (c->is_staircase)
      c->found = solve_add(c->found, count_prefix(c, v->n));
    else
      count_last(c);
    return;
  }
  for (int32_t i = 0; i < v->n && !(c->needs_one && c->found); i++) {
    c->slots[depth] = v->at[i];
    if (!solve_trips_hold(r, depth, c->slots))
      continue;
    if (c->round && !solve_may_fit(c->round, depth, c->slots))
      break;                                 /* larger values cannot fit either */
    if (c->round && !solve_conditions_hold(c->round, depth, c->slots))
      continue;
    if (stairs) {
      most = count_prefix(c, most);          /* the limit of the last symbol falls as this one grows */
      c->found = solve_add(c->found, most);
    } else {
      count(c, depth + 1);
    }
  }
  c->slots[depth] = v->at[0];
}

static int64_t run(const solve_ready *r, const solve_round *round, bool needs_one) {
  counter c = {.r = r, .round = round, .needs_one = needs_one, .is_staircase = round != NULL};
  for (int i = 0; i < r->n; i++)
    c.slots[i] = r->values[i].at[0];
  for (size_t i = 0; i < r->trips.n; i++)
    c.is_staircase = c.is_staircase && r->trips.at[i].depth != r->n - 1;
  for (size_t i = 0; round && i < round->holds.n; i++)
    c.is_staircase = c.is_staircase && round->holds.at[i].depth != r->n - 1;
  count(&c, 0);
  return c.found;
}

int64_t solve_count_points(const solve_ready *r) {
  return solve_mul(r->trips.n ? run(r, NULL, false) : r->below[0], (int64_t)r->rounds.n);
}

bool solve_has_point(const solve_ready *r) { return run(r, NULL, true) > 0; }

int64_t solve_count_feasible(const solve_ready *r) {
  int64_t n = 0;
  for (size_t i = 0; i < r->rounds.n; i++)
    n = solve_add(n, run(r, &r->rounds.at[i], false));
  return n;
}
