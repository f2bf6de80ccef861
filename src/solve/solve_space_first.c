/* A first answer on large meshes. */
#include "solve/solve_space_search.h"

/* Every core has tiles of some loops. */
bool space_uses_all(const space_search *s, int32_t tuple) {
  int64_t n = 1;
  for (int i = 0; i < s->source.n_parallel; i++)
    n *= space_cores_of(s, tuple)[i];
  return n == machine_cores(s->machine);
}

/* Looks at a point at once, at the mappings whose bounds are least; cycles, INT64_MAX: it cannot win. */
static loom_status look_at(space_search *s, space_node *x, int64_t *out_total) {
  model_point at;
  *out_total = INT64_MAX;
  x->compute = -1;
  if (!space_set_point(s, x, SPACE_COSTS, &at))
    return LOOM_OK;
  x->compute = at.compute;
  vec_push(&s->ctx->scratch, &s->jobs, ((space_job){.of = x, .at_most = space_at_most(s, x)}));
  LOOM_TRY(space_prepare_jobs(s));
  LOOM_TRY(space_run_job(s->ctx, s, 0));
  space_job *j = &s->jobs.at[0];
  space_pay(s, j);
  space_take_over(s, j);
  if (j->n)
    *out_total = j->found[0].total;
  s->jobs.n = 0;
  return LOOM_OK;
}

/* Into the half whose bound is less, the larger sizes of equal ones, down to a point.  False: nothing fits. */
static bool go_down(space_search *s, space_node *x) {
  for (int w = space_widest(s, x); w >= 0; w = space_widest(s, x)) {
    int symbol = space_wave_symbol(s, x);
    w = symbol >= 0 ? symbol : w;
    int32_t middle = x->from[w] + (x->to[w] - x->from[w]) / 2;
    space_node half[2] = {*x, *x};
    half[0].to[w] = middle;
    half[1].from[w] = middle + 1;
    bool fits[2];
    for (int i = 0; i < 2; i++) {
      fits[i] = space_may_fit(s, &half[i]);
      if (fits[i])
        space_bound_node(s, &half[i], NULL);
    }
    if (!fits[0])
      return false;
    *x = fits[1] && half[1].bound <= half[0].bound ? half[1] : half[0];
    s->age++;                           /* as much work as a node */
  }
  return space_may_fit(s, x);
}

enum { MOVES = 6, FIRST_EFFORT = 20000000 };
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
  return space_may_fit(s, x);
}

/* Where a search goes on till the end, the clock's say or the budget's, a first answer may take some seconds. */
static int64_t most_first(const space_search *s) { return s->most_effort > 0 ? s->most_effort / 2 : FIRST_EFFORT; }

/* To the best neighbour, as long as there is a better one. */
static loom_status improve(space_search *s, const space_node *all, space_node *at, int64_t total) {
  for (bool is_better = true; is_better;) {
    is_better = false;
    for (int i = 0; i < MOVES * s->n_blocks * s->n_blocks; i++) {
      space_node x = *at;
      if (s->left == 0 || space_effort(s) > most_first(s) || !move_sizes(s, all, i, &x))
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
loom_status space_find_first(space_search *s, const space_node *all) {
  VEC_OF(int32_t) whole = {0};
  for (int32_t t = 0; t < s->source.n_tuples; t++)
    if (space_uses_all(s, t))
      vec_push(&s->ctx->scratch, &whole, t);
  for (size_t i = 0; i < whole.n && s->left != 0 && space_effort(s) < most_first(s); i++) {
    size_t middle = whole.n / 2, k = i % 2 ? middle - (i + 1) / 2 : middle + i / 2;
    space_node x = *all;
    int64_t total;
    x.tuple = whole.at[k < whole.n ? k : i];
    if (!space_may_fit(s, &x) || !go_down(s, &x))
      continue;
    LOOM_TRY(look_at(s, &x, &total));
    LOOM_TRY(improve(s, all, &x, total));
  }
  return LOOM_OK;
}
