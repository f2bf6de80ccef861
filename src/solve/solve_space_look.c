/* One point: which arm and which choices cost least there. */
#include "solve/solve_space.h"

/* Columns before the links. */
enum { COLUMNS = MODEL_COLUMN_LINKS };

typedef struct priced { int64_t *at; const bool *is_valid; } priced;      /* [number][COLUMNS] */

typedef struct looker {
  arena *mem;
  const model_program *p;
  const space_group *g;
  model_point *at;
  int n_access, n_parallel;
  int64_t free_bytes, dram_limit;       /* of L1, for slots; of the machine */
  priced prices[PLAN_LOADS_MAX];
  explore_effort *effort;
} looker;

/* The price with one slot is kept: choices that differ in their slots alone follow one another. */
typedef struct pricer { const plan_choice *choice; const model_route *route; const int8_t *order; bool is_valid; model_vector one; int64_t slot; } pricer;

static bool differs_in_slots(const plan_choice *x, const plan_choice *y) {
  return x->hoist == y->hoist && x->panel == y->panel && x->direct == y->direct && memcmp(x->area, y->area, sizeof x->area) == 0 && memcmp(x->move, y->move, sizeof x->move) == 0;
}

/* `order`: that of k->at. */
static bool price(const looker *k, pricer *last, int a, const plan_choice *c, const model_route *route, const int8_t *order, model_vector *out) {
  bool is_kept = last->choice && last->route == route && differs_in_slots(last->choice, c) && memcmp(last->order, order, sizeof k->at->grid.order) == 0;
  if (!is_kept) {
    last->is_valid = model_price_slot(k->p, k->at, a, c, route, k->free_bytes, &last->one, &last->slot);
    last->choice = c;
    last->route = route;
    last->order = order;
  }
  *out = last->one;
  model_add_slots(out, last->slot, c->depth - 1);
  return last->is_valid;
}

/* Prices everything the group offers, but for the links. */
static void price_group(looker *k) {
  for (int a = 0; a < k->n_access; a++) {
    const space_prices *list = &k->g->prices[a];
    bool *is_valid = ARENA_NEW_N(k->mem, bool, list->n);
    pricer last = {0};
    k->prices[a] = (priced){arena_array(k->mem, list->n * COLUMNS, sizeof(int64_t)), is_valid};
    for (size_t i = 0; i < list->n; i++) {
      const space_price *x = &list->at[i];
      model_vector v;
      memcpy(k->at->grid.order, x->order, sizeof x->order);
      is_valid[i] = price(k, &last, a, &x->choice, x->route, x->order, &v) && v.l1_bytes <= k->free_bytes && v.dram_bytes <= k->dram_limit;
      if (!is_valid[i])
        continue;
      v.n_links = 0;
      model_to_columns(&v, k->prices[a].at + i * COLUMNS);
    }
  }
}

static void take_least(int64_t *least, const int64_t *x, bool is_first) {
  for (int i = 0; i < COLUMNS; i++)
    least[i] = is_first || x[i] < least[i] ? x[i] : least[i];
}

static void combine(int64_t *sum, const int64_t *x) {
  for (int i = 0; i < COLUMNS; i++)
    sum[i] = !(MODEL_COLUMNS_BY_MAX >> i & 1) ? sum[i] + x[i] : sum[i] > x[i] ? sum[i] : x[i];
}

static int64_t total_of(const looker *k, const int64_t *columns, int n_links) {
  model_vector v;
  model_from_columns(columns, n_links, &v);
  return model_total(k->p, k->at, &v);
}

/* T of the least of each column; INT64_MAX: something does not fit.  `arm` NULL: over all that the group offers. */
static int64_t least_total(const looker *k, const space_arm *arm) {
  int64_t sum[COLUMNS] = {0};
  for (int a = 0; a < k->n_access; a++) {
    int64_t least[COLUMNS];
    bool is_first = true;
    size_t n = arm ? arm->n[a] : k->g->prices[a].n;
    for (size_t i = 0; i < n; i++) {
      size_t number = arm ? arm->price[a][i] : i;
      if (!k->prices[a].is_valid[number])
        continue;
      take_least(least, k->prices[a].at + number * COLUMNS, is_first);
      is_first = false;
    }
    if (is_first)
      return INT64_MAX;
    combine(sum, least);
  }
  return sum[MODEL_COLUMN_L1] > k->free_bytes || sum[MODEL_COLUMN_DRAM] > k->dram_limit ? INT64_MAX : total_of(k, sum, 0);
}

/* ---- an arm ---- */

typedef struct totaller { const looker *k; int n_links; } totaller;
static int64_t total_columns(const void *data, const int64_t *sum) {
  const totaller *t = data;
  return total_of(t->k, sum, t->n_links);
}

static bool look_at_arm(looker *k, const space_arm *arm, int64_t at_most, explore_pick *out, uint16_t *choice) {
  int n_links = arm->route[0][0]->n_links;
  totaller data = {k, n_links};
  explore_terms t = {.n_access = k->n_access, .n_columns = COLUMNS + 2 * n_links, .by_max = MODEL_COLUMNS_BY_MAX, .total = total_columns, .data = &data};
  size_t n[PLAN_LOADS_MAX];
  const int64_t *vector[PLAN_LOADS_MAX];
  uint16_t *index[PLAN_LOADS_MAX];
  for (int i = 0; i < k->n_parallel && i < PLAN_ITERS_MAX; i++)
    k->at->grid.order[i] = (int8_t)arm->map.order[i];
  for (int a = 0; a < k->n_access; a++) {
    int64_t *columns = arena_array(k->mem, arm->n[a] * (size_t)t.n_columns, sizeof *columns);
    index[a] = ARENA_NEW_N(k->mem, uint16_t, arm->n[a]);
    pricer last = {0};
    n[a] = 0;
    for (size_t c = 0; c < arm->n[a]; c++) {
      model_vector v;
      if (!k->prices[a].is_valid[arm->price[a][c]] || !price(k, &last, a, &arm->choice[a][c], arm->route[a][c], k->at->grid.order, &v))
        continue;
      index[a][n[a]] = (uint16_t)c;
      model_to_columns(&v, columns + n[a]++ * (size_t)t.n_columns);
    }
    if (n[a] == 0)
      return false;
    vector[a] = columns;
  }
  int64_t limit[EXPLORE_COLUMNS_MAX];
  for (int i = 0; i < t.n_columns; i++)
    limit[i] = INT64_MAX;
  limit[MODEL_COLUMN_L1] = k->free_bytes;
  limit[MODEL_COLUMN_DRAM] = k->dram_limit;
  t.limit = limit;
  t.n = n;
  t.vector = vector;
  if (!explore_pick_choices(k->mem, &t, at_most, out, k->effort))
    return false;
  for (int a = 0; a < k->n_access; a++)
    choice[a] = index[a][out->choice[a]];
  return true;
}

static void keep(space_find *out, const explore_pick *pick, const uint16_t *choice, size_t arm, int n_access) {
  out->total = pick->total;
  out->arm = (int32_t)arm;
  memcpy(out->column, pick->sum, sizeof out->column);
  memcpy(out->choice, choice, (size_t)n_access * sizeof *choice);
}

size_t space_look(arena *scratch, const model_program *p, const space_source *s, const space_group *g, model_point *at, int64_t l1_bytes, int64_t at_most, size_t room,
                  space_find *out, explore_effort *effort) {
  arena_mark mark = arena_save(scratch);
  looker k = {.mem = scratch, .p = p, .g = g, .at = at, .n_access = s->n_access, .n_parallel = s->n_parallel, .free_bytes = l1_bytes - at->l1_bytes, .dram_limit = s->dram_limit, .effort = effort};
  size_t n = 0;
  if (k.free_bytes >= 0 && g->in_order.n) {
    price_group(&k);
    int64_t least = least_total(&k, NULL);
    for (size_t i = 0; least <= at_most && i < g->in_order.n; i++) {
      size_t number = (size_t)g->in_order.at[i];
      const space_arm *arm = &g->arms.at[number];
      explore_pick pick;
      uint16_t choice[PLAN_LOADS_MAX];
      arena_mark here = arena_save(scratch);
      if (least_total(&k, arm) <= at_most && look_at_arm(&k, arm, at_most, &pick, choice)) {
        bool is_better = n == 0 || pick.total < out[0].total || (pick.total == out[0].total && space_compare_columns(pick.sum, out[0].column) < 0);
        if (room > 1) {                     /* one of each arm */
          keep(&out[n++], &pick, choice, number, k.n_access);
        } else if (is_better) {
          keep(&out[0], &pick, choice, number, k.n_access);
          n = 1;
          at_most = pick.total;
        }
      }
      arena_release(scratch, here);
    }
  }
  arena_release(scratch, mark);
  return n;
}

int space_compare_columns(const int64_t *a, const int64_t *b) {
  for (int i = 0; i < COLUMNS; i++)
    if (a[i] != b[i])
      return a[i] < b[i] ? -1 : 1;
  return 0;
}
