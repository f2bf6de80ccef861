/* Groups: the arms of one tuple for one kind of waves, with their routes, each thing that is priced once. */
#include "solve/solve_space.h"
#include "base/hash.h"
#include <math.h>

enum { CHOICES_MAX = 4096, WAYS_MAX = 256 };

void space_choice_of(const plan_access *a, int default_depth, plan_choice *out) {
  *out = (plan_choice){.hoist = a->hoist, .panel = a->panel, .depth = a->depth ? a->depth : default_depth, .direct = a->direct};
  for (int d = 0; d < PLAN_MESH_MAX; d++) {
    out->area[d] = a->area[d] > 0 ? a->area[d] : 1;
    out->levels[d] = a->levels[d];
    out->move[d] = out->area[d] == 1 ? PLAN_UNICAST : a->move[d] == PLAN_UNICAST ? PLAN_MULTICAST : a->move[d];
  }
}

void space_key_of(const space_source *s, int32_t tuple, const model_point *at, space_key *out) {
  memset(out, 0, sizeof *out);
  out->tuple = tuple;
  out->one_trip = s->one_trip;
  for (int i = 0; i < s->n_parallel; i++) {
    const model_waves *w = &at->waves[i];
    out->active[i][0] = w->active[0];
    out->active[i][1] = w->n > 1 ? w->active[1] : -1;
    if (w->n == 1 && w->count[0] <= 1)
      out->one_trip |= 1u << i;
  }
}

/* ---- ways: where tiles come from and who shares them, whatever the position and the slots ---- */

typedef struct way { int64_t area[PLAN_MESH_MAX]; int32_t move[PLAN_MESH_MAX + 1]; } way;      /* no padding: compared as bytes */

static way way_of(const plan_choice *c) {
  way w;
  memset(&w, 0, sizeof w);
  for (int d = 0; d < PLAN_MESH_MAX; d++) {
    w.area[d] = c->area[d] > 1 ? c->area[d] : 1;
    w.move[d] = c->area[d] > 1 ? (int32_t)c->move[d] : PLAN_UNICAST;
  }
  return w;
}

/* Routes that mappings share lie once: by content, without the links. */
typedef struct seen_routes { const model_route *routes; struct seen_routes *older; int number; } seen_routes;
typedef struct price_key { uint32_t over, panel; int32_t depth, direct, routes, none; way w; } price_key;
typedef struct seen_price { price_key key; int number; struct seen_price *older; } seen_price;
enum { SEEN_BUCKETS = 1 << 8 };
/* What a group's routes and prices are known by. */
typedef struct space_seen { int n_routes; seen_routes *routes[SEEN_BUCKETS]; seen_price *prices[][SEEN_BUCKETS]; } space_seen;

/* Kept from group to group: what is large is not made anew. */
/* Of points with the same loops of one trip; there are many of each. */
typedef struct order_list { struct order_list *older; uint32_t one_trip; int n, *at; } order_list;

typedef struct space_builder {
  loom_ctx *ctx;
  const space_source *s;
  const model_program *p;
  const model_point *at;
  space_group *g;
  const space_ends *ends;
  plan_choice *ways[PLAN_LOADS_MAX], *room[PLAN_LOADS_MAX]; way *seen_ways;      /* room: choices as they are listed */
  size_t n_ways[PLAN_LOADS_MAX];        /* of the mapping at hand */
  order_list *lists, *orders;           /* all; those of the group at hand */
  int way_routes[PLAN_LOADS_MAX][WAYS_MAX];      /* number of the routes of each way of a mapping; -1: not met */
} builder;

static size_t scalars_size(void) { return offsetof(model_route, n_links); }

static int number_routes(builder *b, const model_route *r) {
  uint64_t h = 0;
  for (int w = 0; w < b->at->n_waves; w++)
    h = hash_table(h, &r[w], scalars_size());
  seen_routes **bucket = &b->g->seen->routes[h % SEEN_BUCKETS];
  for (seen_routes *x = *bucket; x; x = x->older) {
    bool is_same = true;
    for (int w = 0; w < b->at->n_waves && is_same; w++)
      is_same = memcmp(&x->routes[w], &r[w], scalars_size()) == 0;
    if (is_same)
      return x->number;
  }
  seen_routes *x = ARENA_NEW(&b->ctx->mem, seen_routes);
  *x = (seen_routes){r, *bucket, b->g->seen->n_routes};
  *bucket = x;
  return b->g->seen->n_routes++;
}

static int number_price(builder *b, int a, const plan_mapping *map, const plan_choice *c, int routes, const model_route *r) {
  price_key k;
  space_price made = {.choice = *c, .route = r};
  for (int i = 0; i < b->s->n_parallel && i < PLAN_ITERS_MAX; i++)
    made.order[i] = (int8_t)map->order[i];
  model_lift lift = model_lift_of(b->p, made.order, a, c);      /* as masks, orders compare */
  memset(&k, 0, sizeof k);
  k.over = lift.over;
  k.panel = lift.panel;
  k.depth = c->depth;
  k.direct = c->direct;
  k.routes = routes;
  k.w = way_of(c);
  uint64_t h = hash_table(0, &k, sizeof k);
  seen_price **bucket = &b->g->seen->prices[a][h % SEEN_BUCKETS];
  for (seen_price *x = *bucket; x; x = x->older)
    if (memcmp(&x->key, &k, sizeof k) == 0)
      return x->number;
  seen_price *x = ARENA_NEW(&b->ctx->mem, seen_price);
  memcpy(&x->key, &k, sizeof k);
  x->number = (int)b->g->prices[a].n;
  x->older = *bucket;
  *bucket = x;
  vec_push(&b->ctx->mem, &b->g->prices[a], made);
  return x->number;
}

/* ---- arms ---- */

/* Ways of access `a` in the arms from `first` on, which stand on one mapping: choices that have them, in `out`; numbers the choices' ways. */
static loom_status list_ways(builder *b, size_t first, int a, plan_choice *out, size_t *n) {
  way *seen = b->seen_ways;
  *n = 0;
  for (size_t k = first; k < b->g->arms.n; k++) {
    space_arm *arm = &b->g->arms.at[k];
    uint16_t *number = ARENA_NEW_N(&b->ctx->mem, uint16_t, arm->n[a]);
    for (size_t c = 0; c < arm->n[a]; c++) {
      way w = way_of(&arm->choice[a][c]);
      size_t i = 0;
      while (i < *n && memcmp(&w, &seen[i], sizeof w) != 0)
        i++;
      if (i == WAYS_MAX)
        LOOM_FAIL(b->ctx, LOOM_NOSPAN, LOOM_ELIMIT, "a load has more than %d ways to its cores", WAYS_MAX);
      if (i == *n) {
        seen[i] = w;
        out[(*n)++] = arm->choice[a][c];
      }
      number[c] = (uint16_t)i;
    }
    arm->way[a] = number;
  }
  return LOOM_OK;
}

/* Mapping number `mapping` of the tuple.  Links of loads only: what the last store carries counts elsewhere. */
static void add_case(builder *b, size_t mapping, const plan_choice *const *ways, const size_t *n, model_route *const *routes) {
  int n_links = routes[0]->n_links;
  double *share = ARENA_NEW_N(&b->ctx->mem, double, b->s->n_access * (n_links + 1)), *drawn = ARENA_NEW_N(&b->ctx->mem, double, b->s->n_access * (n_links + 1));
  for (int a = 0; a < b->s->n_access; a++)
    for (int l = 0; l < n_links && b->s->load[a]; l++) {
      double least = INFINITY, least_drawn = INFINITY;
      for (size_t i = 0; i < n[a]; i++) {
        int64_t cores = 1;
        for (int d = 0; d < PLAN_MESH_MAX; d++)
          cores *= ways[a][i].area[d] > 1 ? ways[a][i].area[d] : 1;
        double copies = model_copies(b->p, &b->at->grid, a, cores);
        for (int w = 0; w < b->at->n_waves; w++) {
          const model_route *r = &routes[a][i * (size_t)b->at->n_waves + (size_t)w];
          if (r->senders == 0)
            continue;
          least = fmin(least, copies * r->link_x1024[l] / 1024 / r->senders);
          least_drawn = fmin(least_drawn, copies * (r->link_x1024[l] - r->sent_x1024[l]) / 1024 / r->senders);
        }
      }
      share[a * n_links + l] = isfinite(least) ? least : 0;
      drawn[a * n_links + l] = isfinite(least_drawn) ? least_drawn : 0;
    }
  model_case *x = ARENA_NEW(&b->ctx->mem, model_case);
  *x = *b->ends->cases[mapping];
  x->n_links = n_links;
  x->share = share;
  x->drawn = drawn;
  b->g->cases[mapping] = x;
}

/* The arms from `first` on, which stand on one mapping, get their routes. */
static loom_status set_routes(builder *b, size_t first, size_t mapping) {
  loom_ctx *ctx = b->ctx;
  if (first == b->g->arms.n)
    return LOOM_OK;
  plan_choice *const *ways = b->ways;
  size_t *n = b->n_ways;
  model_route *routes[PLAN_LOADS_MAX];
  for (int a = 0; a < b->s->n_access; a++)
    LOOM_TRY(list_ways(b, first, a, ways[a], &n[a]));
  LOOM_TRY(model_find_routes(ctx, b->p, &b->g->arms.at[first].map, b->at, (const plan_choice *const *)ways, n, routes));
  add_case(b, mapping, (const plan_choice *const *)ways, n, routes);
  for (size_t k = first; k < b->g->arms.n; k++) {
    space_arm *arm = &b->g->arms.at[k];
    for (int a = 0; a < b->s->n_access; a++) {
      arm->route[a] = ARENA_NEW_N(&ctx->mem, const model_route *, arm->n[a]);
      for (size_t c = 0; c < arm->n[a]; c++)
        arm->route[a][c] = &routes[a][arm->way[a][c] * (size_t)b->at->n_waves];
    }
  }
  return LOOM_OK;
}

static bool same_links(const model_route *x, const model_route *y, int n_waves) {
  for (int w = 0; w < n_waves; w++)
    if (x[w].n_links != y[w].n_links || memcmp(x[w].link_x1024, y[w].link_x1024, (size_t)x[w].n_links * sizeof *x[w].link_x1024) != 0 ||
        memcmp(x[w].sent_x1024, y[w].sent_x1024, (size_t)x[w].n_links * sizeof *x[w].sent_x1024) != 0)
      return false;
  return true;
}

/* Same choices on the same routes: it costs the same at every point, and comes later. */
static bool is_twin(const builder *b, const space_arm *x, const space_arm *y) {
  for (int a = 0; a < b->s->n_access; a++) {
    if (x->n[a] != y->n[a] || memcmp(x->price[a], y->price[a], x->n[a] * sizeof *x->price[a]) != 0)
      return false;
    for (size_t c = 0; c < x->n[a]; c++)
      if (!same_links(x->route[a][c], y->route[a][c], b->at->n_waves))
        return false;
  }
  return true;
}

static bool is_before(const space_arm *x, const space_arm *y) { return x->mapping != y->mapping ? x->mapping < y->mapping : x->order < y->order; }

/* Arm `k` takes its place; of twins the first in the order stays, whichever came first. */
static void place_arm(builder *b, size_t k) {
  space_group *g = b->g;
  const space_arm *arm = &g->arms.at[k];
  size_t i = 0, n = g->in_order.n;
  for (; b->s->space && i < n && !is_twin(b, &g->arms.at[g->in_order.at[i]], arm); i++)
    ;
  if (b->s->space && i < n) {
    if (is_before(&g->arms.at[g->in_order.at[i]], arm))
      return;
    memmove(&g->in_order.at[i], &g->in_order.at[i + 1], (n - i - 1) * sizeof *g->in_order.at);
    g->in_order.n = n - 1;
  }
  vec_push(&b->ctx->mem, &g->in_order, (int32_t)k);
  for (i = g->in_order.n - 1; i > 0 && is_before(arm, &g->arms.at[g->in_order.at[i - 1]]); i--)
    g->in_order.at[i] = g->in_order.at[i - 1];
  g->in_order.at[i] = (int32_t)k;
}

/* Numbers what the arms from `first` on offer. */
static void number_arms(builder *b, size_t first) {
  for (int a = 0; a < b->s->n_access; a++)
    for (size_t i = 0; i < b->n_ways[a]; i++)
      b->way_routes[a][i] = -1;
  for (size_t k = first; k < b->g->arms.n; k++) {
    space_arm *arm = &b->g->arms.at[k];
    for (int a = 0; a < b->s->n_access; a++) {
      uint16_t *price = ARENA_NEW_N(&b->ctx->mem, uint16_t, arm->n[a]);
      for (size_t c = 0; c < arm->n[a]; c++) {
        int *routes = &b->way_routes[a][arm->way[a][c]];
        if (*routes < 0)
          *routes = number_routes(b, arm->route[a][c]);
        price[c] = (uint16_t)number_price(b, a, &arm->map, &arm->choice[a][c], *routes, arm->route[a][c]);
      }
      arm->price[a] = price;
    }
    place_arm(b, k);
  }
}

/* ---- filling a group ---- */

static const plan_choice *keep_choices(builder *b, int a, const plan_choice *from, size_t *n, int depth) {
  plan_choice *out = ARENA_NEW_N(&b->ctx->mem, plan_choice, *n);
  size_t stay = 0;
  for (size_t c = 0; c < *n; c++)
    if (!depth || !b->s->load[a] || from[c].depth == depth)
      out[stay++] = from[c];
  *n = stay;
  return out;
}

/* One arm, or one for each number of slots where all loads have equally many. */
static void add_arms(builder *b, const space_arm *arm, const size_t *n) {
  int first = b->s->depth ? b->s->depth : 1, last = b->s->depth ? b->s->depth : b->s->one_depth ? 3 : 1;
  for (int depth = first; depth <= last; depth++) {
    space_arm x = *arm;
    bool is_whole = true;
    for (int a = 0; a < b->s->n_access; a++) {
      x.n[a] = n[a];
      x.choice[a] = keep_choices(b, a, b->room[a], &x.n[a], b->s->depth || b->s->one_depth ? depth : 0);
      is_whole = is_whole && x.n[a] > 0;
    }
    if (is_whole)
      vec_push(&b->ctx->mem, &b->g->arms, x);
  }
}

static loom_status add_space_arms(builder *b, const int *orders, int n_orders, size_t number) {
  const explore_space *s = b->s->space;
  int64_t map = s->first_mapping[s->first_profile[b->g->key.tuple]] + (int64_t)number;
  for (int k = 0; k < n_orders; k++) {
    space_arm arm = {.mapping = map, .order = orders[k]};
    size_t n[PLAN_LOADS_MAX];
    explore_get_mapping(s, map, orders[k], &arm.map);
    for (int a = 0; a < s->n_access; a++) {
      n[a] = explore_list_choices(s, &arm.map, a, b->room[a], CHOICES_MAX);
      if (n[a] > CHOICES_MAX)
        LOOM_FAIL(b->ctx, LOOM_NOSPAN, LOOM_ELIMIT, "a load of kernel %s has %zu ways to its cores; at most %d are searched", s->nest->kernel, n[a], CHOICES_MAX);
    }
    add_arms(b, &arm, n);
  }
  return LOOM_OK;
}

static void add_row_arms(builder *b, size_t row) {
  if (b->s->is_answered && b->s->is_answered[row])
    return;
  const plan_candidate *c = b->s->rows.at[row];
  space_arm arm = {.mapping = (int64_t)row, .map = c->mapping};
  size_t n[PLAN_LOADS_MAX];
  for (int a = 0; a < c->n_access; a++) {
    n[a] = 0;
    for (int depth = 1; depth <= (b->s->load[a] && !c->access[a].depth ? 2 : 1); depth++)
      space_choice_of(&c->access[a], depth, &b->room[a][n[a]++]);
  }
  add_arms(b, &arm, n);
}

/* The mappings that are asked for and not there yet. */
static loom_status add_mappings(builder *b, const bool *is_asked) {
  const space_source *s = b->s;
  const order_list *orders = b->orders;
  for (size_t i = 0, row = 0; i < b->g->n_mappings; i++, row++) {
    while (!s->space && s->row_tuple[row] != b->g->key.tuple)
      row++;
    if (!is_asked[i] || b->g->is_there[i])
      continue;
    size_t first = b->g->arms.n;
    if (s->space)
      LOOM_TRY(add_space_arms(b, orders->at, orders->n, i));
    else
      add_row_arms(b, row);
    LOOM_TRY(set_routes(b, first, i));
    number_arms(b, first);
    b->g->is_there[i] = true;
  }
  return LOOM_OK;
}

static builder *make_builder(loom_ctx *ctx, const space_source *s, const model_program *p) {
  builder *b = ARENA_NEW(&ctx->scratch, builder);
  b->ctx = ctx;
  b->s = s;
  b->p = p;
  for (int a = 0; a < s->n_access; a++) {
    b->room[a] = ARENA_NEW_N(&ctx->scratch, plan_choice, CHOICES_MAX);
    b->ways[a] = ARENA_NEW_N(&ctx->scratch, plan_choice, WAYS_MAX);
  }
  b->seen_ways = ARENA_NEW_N(&ctx->scratch, way, WAYS_MAX);
  return b;
}

static void find_orders(builder *b, uint32_t one_trip) {
  arena *m = &b->ctx->scratch;
  for (b->orders = b->lists; b->orders && b->orders->one_trip != one_trip; b->orders = b->orders->older)
    ;
  if (b->orders || !b->s->space)
    return;
  order_list *x = b->orders = ARENA_NEW(m, order_list);
  *x = (order_list){.older = b->lists, .one_trip = one_trip, .at = ARENA_NEW_N(m, int, b->s->space->n_orders)};
  x->n = explore_list_orders(b->s->space, one_trip, x->at);
  b->lists = x;
}

static space_group *make_group(const builder *b, const space_key *key, space_group *older) {
  arena *m = &b->ctx->mem;
  space_group *g = ARENA_NEW(m, space_group);
  memcpy(&g->key, key, sizeof *key);
  g->older = older;
  g->n_mappings = b->ends->n;
  g->is_there = ARENA_NEW_N(m, bool, g->n_mappings);
  g->cases = ARENA_NEW_N(m, const model_case *, g->n_mappings);
  g->seen = arena_alloc(m, sizeof *g->seen + (size_t)b->s->n_access * sizeof g->seen->prices[0]);
  return g;
}

loom_status space_find_group(loom_ctx *ctx, const space_source *s, const model_program *p, space_groups *g, const space_key *key, const model_point *at, const bool *is_asked,
                             const space_group **out) {
  space_group **bucket = &g->newest[hash_table(0, key, sizeof *key) % SPACE_BUCKETS], *found = *bucket;
  while (found && memcmp(&found->key, key, sizeof *key) != 0)
    found = found->older;
  if (!g->builder)
    g->builder = make_builder(ctx, s, p);
  builder *b = g->builder;
  LOOM_TRY(space_find_ends(ctx, s, p, g, key->tuple, at, &b->ends));
  if (!found)
    found = *bucket = make_group(b, key, *bucket);
  find_orders(b, key->one_trip);
  arena_mark mark = arena_save(&ctx->scratch);
  b->at = at;
  b->g = found;
  size_t arms = found->arms.n;
  LOOM_TRY(add_mappings(b, is_asked));
  g->mappings += (int64_t)(found->arms.n - arms);

  arena_release(&ctx->scratch, mark);
  *out = found;
  return LOOM_OK;
}

void space_groups_clear(loom_ctx *ctx, space_groups *g) {
  arena_release(&ctx->mem, g->mark);
  memset(g->newest, 0, sizeof g->newest);
  memset(g->ends, 0, sizeof g->ends);
}

void space_groups_trim(loom_ctx *ctx, space_groups *g) {
  if (ctx->mem.used_bytes - g->mark.used_bytes > g->limit_bytes)
    space_groups_clear(ctx, g);
}
