/* The best choice of each access together.
 *
 * Vectors of accesses combine column by column (they add, or the larger counts) and the total never falls when a column grows.  So:
 *   bound       a partial sum, with the least of every column that the other accesses offer, costs no more than any completion of it;
 *   dominance   of two partial sums over the same accesses the one that is nowhere larger completes to a total that is not larger.  It is less in an added
 *               column, or equal in all and earlier: then each completion is earlier in the order (total, columns, choices) too, and the other can go.
 *               Where they differ in columns that combine by the larger alone, a later access may make them equal; then both stay.
 * Accesses are taken one by one, those with the fewest choices left first.  When the partial sums get too many they are completed one by one instead,
 * the most promising first, with the same bound: still exact. */
#include "explore/explore_space.h"
#include <stdlib.h>
#include <string.h>

enum { STATES_MAX = 4096 };

typedef struct state { int64_t *sum; uint16_t *choice; int64_t bound; int n_columns; } state;
typedef struct step { int64_t *sum; uint16_t choice; int64_t bound; } step;
typedef VEC_OF(state) state_list;

typedef struct picker {
  arena *mem;
  const explore_terms *t;
  explore_effort *effort;
  int order[PLAN_LOADS_MAX];            /* accesses as they are taken */
  const uint16_t *left[PLAN_LOADS_MAX]; /* by access: choices still worth a look */
  size_t n_left[PLAN_LOADS_MAX];
  int64_t rest[PLAN_LOADS_MAX + 1][EXPLORE_COLUMNS_MAX];      /* [k]: least of each column that accesses order[k..] add up to */
  int64_t at_most;
  bool is_found;
  explore_pick best;
} picker;

static const int64_t *vector_of(const explore_terms *t, int a, size_t c) { return t->vector[a] + c * (size_t)t->n_columns; }

static void combine(const explore_terms *t, const int64_t *a, const int64_t *b, int64_t *out) {
  for (int i = 0; i < t->n_columns; i++)
    out[i] = !(t->by_max >> i & 1) ? a[i] + b[i] : a[i] > b[i] ? a[i] : b[i];
}

static bool fits(const explore_terms *t, const int64_t *sum) {
  for (int i = 0; t->limit && i < t->n_columns; i++)
    if (sum[i] > t->limit[i])
      return false;
  return true;
}

/* `sum` over some accesses, `rest` the least of the others: can that be the answer?  *out_bound: no completion costs less. */
static bool is_promising(picker *p, const int64_t *sum, const int64_t *rest, int64_t *out_bound) {
  int64_t least[EXPLORE_COLUMNS_MAX];
  combine(p->t, sum, rest, least);
  if (!fits(p->t, least))
    return false;
  p->effort->bounds++;
  *out_bound = p->t->total(p->t->data, least);
  return *out_bound <= p->at_most;
}

static int compare_columns(const int64_t *a, const int64_t *b, int n) {
  for (int i = 0; i < n; i++)
    if (a[i] != b[i])
      return a[i] < b[i] ? -1 : 1;
  return 0;
}

static int compare_choices(const uint16_t *a, const uint16_t *b, int n) {
  for (int i = 0; i < n; i++)
    if (a[i] != b[i])
      return a[i] < b[i] ? -1 : 1;
  return 0;
}

/* A sum over all accesses, which fits. */
static void offer(picker *p, const int64_t *sum, const uint16_t *choice) {
  p->effort->evaluated++;
  int64_t total = p->t->total(p->t->data, sum);
  if (total > p->at_most)
    return;
  if (p->is_found && total == p->best.total) {
    int c = compare_columns(sum, p->best.sum, p->t->n_columns);
    if (c > 0 || (c == 0 && compare_choices(choice, p->best.choice, p->t->n_access) >= 0))
      return;
  }
  p->is_found = true;
  p->best.total = p->at_most = total;
  memcpy(p->best.sum, sum, (size_t)p->t->n_columns * sizeof *sum);
  memcpy(p->best.choice, choice, (size_t)p->t->n_access * sizeof *choice);
}

/* ---- before the first sum ---- */

static void least_of(const picker *p, int a, int64_t *out) {
  const explore_terms *t = p->t;
  for (size_t i = 0; i < p->n_left[a]; i++) {
    const int64_t *v = vector_of(t, a, p->left[a] ? p->left[a][i] : i);
    for (int k = 0; k < t->n_columns; k++)
      out[k] = i == 0 || v[k] < out[k] ? v[k] : out[k];
  }
}

/* Does choice x make choice y (of equal standing otherwise) useless?  Ties go to the earlier. */
static bool beats(const explore_terms *t, const int64_t *x, const int64_t *y, bool is_earlier) {
  bool is_less = false, is_same = true;
  for (int i = 0; i < t->n_columns; i++) {
    if (x[i] > y[i])
      return false;
    is_same = is_same && x[i] == y[i];
    is_less = is_less || (x[i] < y[i] && !(t->by_max >> i & 1));
  }
  return is_less || (is_same && is_earlier);
}

/* All choices of the accesses at their least but one: a good first answer, when it fits. */
static void offer_greedy(picker *p, const int64_t (*least)[EXPLORE_COLUMNS_MAX]) {
  const explore_terms *t = p->t;
  uint16_t choice[PLAN_LOADS_MAX];
  int64_t sum[EXPLORE_COLUMNS_MAX] = {0};
  for (int a = 0; a < t->n_access; a++) {
    int64_t best = INT64_MAX, others[EXPLORE_COLUMNS_MAX] = {0}, try[EXPLORE_COLUMNS_MAX];
    for (int b = a + 1; b < t->n_access; b++)
      combine(t, others, least[b], others);
    combine(t, others, sum, others);
    choice[a] = 0;
    for (size_t c = 0; c < t->n[a]; c++) {
      combine(t, others, vector_of(t, a, c), try);
      if (!fits(t, try))
        continue;
      p->effort->bounds++;
      int64_t total = t->total(t->data, try);
      if (total < best) {
        best = total;
        choice[a] = (uint16_t)c;
      }
    }
    if (best == INT64_MAX)
      return;
    combine(t, sum, vector_of(t, a, choice[a]), sum);
  }
  offer(p, sum, choice);
}

/* Choices that a bound or another choice rules out go; false: an access has none left. */
static bool thin_out(picker *p, const int64_t (*least)[EXPLORE_COLUMNS_MAX]) {
  const explore_terms *t = p->t;
  for (int a = 0; a < t->n_access; a++) {
    int64_t others[EXPLORE_COLUMNS_MAX] = {0}, bound;
    for (int b = 0; b < t->n_access; b++)
      if (b != a)
        combine(t, others, least[b], others);
    uint16_t *kept = ARENA_NEW_N(p->mem, uint16_t, t->n[a]);
    size_t n = 0;
    for (size_t c = 0; c < t->n[a]; c++)
      if (is_promising(p, vector_of(t, a, c), others, &bound))
        kept[n++] = (uint16_t)c;
    size_t stay = 0;
    for (size_t i = 0; i < n; i++) {
      bool is_beaten = false;
      for (size_t k = 0; k < stay && !is_beaten; k++)
        is_beaten = beats(t, vector_of(t, a, kept[k]), vector_of(t, a, kept[i]), true);
      for (size_t k = i + 1; k < n && !is_beaten; k++)
        is_beaten = beats(t, vector_of(t, a, kept[k]), vector_of(t, a, kept[i]), false);
      if (!is_beaten)
        kept[stay++] = kept[i];
    }
    p->left[a] = kept;
    p->n_left[a] = stay;
    if (stay == 0)
      return false;
  }
  return true;
}

static void order_accesses(picker *p) {
  const explore_terms *t = p->t;
  for (int a = 0; a < t->n_access; a++) {
    int i = a;
    for (; i > 0 && p->n_left[p->order[i - 1]] > p->n_left[a]; i--)
      p->order[i] = p->order[i - 1];
    p->order[i] = a;
  }
  for (int k = t->n_access - 1; k >= 0; k--) {
    int64_t least[EXPLORE_COLUMNS_MAX];
    least_of(p, p->order[k], least);
    combine(t, p->rest[k + 1], least, p->rest[k]);
  }
}

/* ---- partial sums ---- */

/* Depth first, the best bound of each access first. */
static void complete(picker *p, int k, const int64_t *sum, const uint16_t *choice) {
  const explore_terms *t = p->t;
  if (k == t->n_access) {
    offer(p, sum, choice);
    return;
  }
  arena_mark mark = arena_save(p->mem);
  int a = p->order[k];
  step *next = ARENA_NEW_N(p->mem, step, p->n_left[a]);
  size_t n = 0;
  for (size_t i = 0; i < p->n_left[a]; i++) {
    int64_t bound, *with = ARENA_NEW_N(p->mem, int64_t, t->n_columns);
    combine(t, sum, vector_of(t, a, p->left[a][i]), with);
    if (!is_promising(p, with, p->rest[k + 1], &bound))
      continue;
    size_t at = n++;
    for (; at > 0 && next[at - 1].bound > bound; at--)
      next[at] = next[at - 1];
    next[at] = (step){with, p->left[a][i], bound};
  }
  for (size_t i = 0; i < n && next[i].bound <= p->at_most; i++) {
    uint16_t now[PLAN_LOADS_MAX];
    memcpy(now, choice, sizeof now);
    now[a] = next[i].choice;
    complete(p, k + 1, next[i].sum, now);
  }
  arena_release(p->mem, mark);
}

/* What beats a state comes before it, but for equal columns that count by the larger. */
static int by_bound(const void *a, const void *b) {
  const state *x = a, *y = b;
  if (x->bound != y->bound)
    return x->bound < y->bound ? -1 : 1;
  int c = compare_columns(x->sum, y->sum, x->n_columns);
  return c ? c : compare_choices(x->choice, y->choice, PLAN_LOADS_MAX);
}

/* Keeps what no other beats, at most STATES_MAX; false: more than that. */
static bool keep_unbeaten(picker *p, state_list *all) {
  size_t stay = 0;
  if (all->n)
    qsort(all->at, all->n, sizeof *all->at, by_bound);
  for (size_t i = 0; i < all->n; i++) {
    bool is_beaten = false;
    for (size_t k = 0; k < stay && !is_beaten; k++)
      is_beaten = beats(p->t, all->at[k].sum, all->at[i].sum, compare_choices(all->at[k].choice, all->at[i].choice, p->t->n_access) < 0);
    if (is_beaten)
      continue;
    if (stay == STATES_MAX)
      return false;
    all->at[stay++] = all->at[i];
  }
  all->n = stay;
  return true;
}

static void complete_all(picker *p, int k, const state_list *all) {
  for (size_t i = 0; i < all->n; i++)
    if (all->at[i].bound <= p->at_most)
      complete(p, k, all->at[i].sum, all->at[i].choice);
}

static void add_access_by_access(picker *p) {
  const explore_terms *t = p->t;
  state_list now = {0};
  vec_push(p->mem, &now, ((state){ARENA_NEW_N(p->mem, int64_t, t->n_columns), ARENA_NEW_N(p->mem, uint16_t, PLAN_LOADS_MAX), 0, t->n_columns}));
  for (int k = 0; k < t->n_access; k++) {
    state_list next = {0};
    int a = p->order[k];
    int64_t sum[EXPLORE_COLUMNS_MAX], bound;
    for (size_t s = 0; s < now.n; s++)
      for (size_t i = 0; i < p->n_left[a]; i++) {
        combine(t, now.at[s].sum, vector_of(t, a, p->left[a][i]), sum);
        if (!is_promising(p, sum, p->rest[k + 1], &bound))
          continue;
        state x = {ARENA_NEW_N(p->mem, int64_t, t->n_columns), ARENA_NEW_N(p->mem, uint16_t, PLAN_LOADS_MAX), bound, t->n_columns};
        memcpy(x.sum, sum, (size_t)t->n_columns * sizeof *sum);
        memcpy(x.choice, now.at[s].choice, PLAN_LOADS_MAX * sizeof *x.choice);
        x.choice[a] = p->left[a][i];
        vec_push(p->mem, &next, x);
      }
    bool is_last = k + 1 == t->n_access;
    if (is_last || next.n > 16 * STATES_MAX || !keep_unbeaten(p, &next)) {
      complete_all(p, k + 1, &next);
      return;
    }
    p->effort->states = (int64_t)next.n > p->effort->states ? (int64_t)next.n : p->effort->states;
    now = next;
  }
  complete_all(p, t->n_access, &now);
}

bool explore_pick_choices(arena *scratch, const explore_terms *t, int64_t at_most, explore_pick *out, explore_effort *effort) {
  arena_mark mark = arena_save(scratch);
  picker *p = ARENA_NEW(scratch, picker);
  *p = (picker){.mem = scratch, .t = t, .effort = effort, .at_most = at_most};
  int64_t (*least)[EXPLORE_COLUMNS_MAX] = arena_array(scratch, (size_t)t->n_access + 1, sizeof *least);
  for (int a = 0; a < t->n_access; a++) {
    p->n_left[a] = t->n[a];
    least_of(p, a, least[a]);
  }
  offer_greedy(p, (const int64_t (*)[EXPLORE_COLUMNS_MAX])least);
  if (thin_out(p, (const int64_t (*)[EXPLORE_COLUMNS_MAX])least)) {
    order_accesses(p);
    add_access_by_access(p);
  }
  bool is_found = p->is_found;
  if (is_found)
    *out = p->best;
  arena_release(scratch, mark);
  return is_found;
}
