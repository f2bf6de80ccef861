/* Which links a transfer crosses, and how much each link carries when all cores transfer at once. */
#include "model/model_program.h"

/* ---- one column: an access, a choice, a class of waves ---- */

typedef struct placed { int node; int32_t at[PLAN_MESH_MAX], index[PLAN_ITERS_MAX]; /* among the cores of each parallel loop */ } placed;

typedef struct router {
  const model_program *p;
  const model_noc *noc;
  const plan_mapping *map;
  placed *core; int n_cores;            /* row-major in the part of the mesh in use */
  int32_t used[PLAN_MESH_MAX];          /* its cores a dim */
  int32_t size[MACHINE_MESH_DIMS_MAX], stride[MACHINE_MESH_DIMS_MAX];      /* of the mesh: nodes a dim, from one to the next */
  int32_t *sends, *room;                /* by node: is it a sender; for model_noc_count */
  int32_t *tree, *few;                  /* by link: trees of all senders; of some channels */
} router;

typedef struct column { int32_t *load, *sent; /* by link: all, and of it what goes from core to core */ model_route route; } column;

void program_add_levels(const plan_mapping *map, int d, int32_t at, int32_t *index) {
  int32_t stride = 1;
  for (int l = 0; l < map->n_logical; l++) {      /* sorted by level: the strides of a mesh dim grow */
    const plan_logical *z = &map->logical[l];
    if (z->mesh_dim != d)
      continue;
    int32_t part = at / stride % (int32_t)z->size, scale = 1;
    stride *= (int32_t)z->size;
    if (z->iter < 0)
      continue;
    for (int k = l + 1; k < map->n_logical; k++)
      scale *= map->logical[k].iter == z->iter ? (int32_t)map->logical[k].size : 1;
    index[z->iter] += part * scale;
  }
}

static void place_cores(loom_ctx *ctx, router *r) {
  const plan_mapping *map = r->map;
  int32_t *added[PLAN_MESH_MAX];
  int stride = 1;
  r->n_cores = 1;
  for (int d = r->noc->n_dims - 1; d >= 0; d--) {
    r->size[d] = (int32_t)r->noc->size[d];
    r->stride[d] = stride;
    stride *= r->size[d];
  }
  for (int d = 0; d < map->n_mesh; d++) {
    r->used[d] = (int32_t)map->mesh_size[d];
    r->n_cores *= r->used[d];
    added[d] = ARENA_NEW_N(&ctx->scratch, int32_t, (size_t)r->used[d] * PLAN_ITERS_MAX);
    for (int32_t v = 0; v < r->used[d]; v++)
      program_add_levels(map, d, v, added[d] + v * PLAN_ITERS_MAX);
  }
  r->core = ARENA_NEW_N(&ctx->scratch, placed, r->n_cores);
  int32_t at[PLAN_MESH_MAX] = {0};
  for (int c = 0; c < r->n_cores; c++) {
    placed *x = &r->core[c];
    for (int d = 0; d < map->n_mesh; d++) {
      x->at[d] = at[d];
      x->node += at[d] * r->stride[d];
      for (int i = 0; i < r->p->n_parallel; i++)
        x->index[i] += added[d][at[d] * PLAN_ITERS_MAX + i];
    }
    for (int d = map->n_mesh - 1; d >= 0 && ++at[d] == r->used[d]; d--)
      at[d] = 0;
  }
}

/* The next core of the rectangle from `low` with `area` cores a dim, those of fixed dims (size 1) staying; false after the last. */
static bool next_in(const int32_t *low, const int32_t *area, int n, int32_t *at) {
  for (int d = n - 1; d >= 0; d--) {
    if (++at[d] < low[d] + area[d])
      return true;
    at[d] = low[d];
  }
  return false;
}

/* What each sender's tile crosses on its way to the cores that share it: a tree along the multicast dims, then neighbour to neighbour.  Along a dim of
 * `area` cores the tree goes up to those that are nearer that way, and down (round the ring) to the others. */
typedef struct spread { int n; int32_t area[PLAN_MESH_MAX] /* of the tree */, up[PLAN_MESH_MAX], down[PLAN_MESH_MAX], chain[PLAN_MESH_MAX]; } spread;

int32_t program_tree_hops(const model_noc *n, int d, int64_t area) {
  return (int32_t)(n->wraps[d] ? model_min(area - 1, n->size[d] / 2) : area - 1);
}

program_chain program_chain_of(const plan_choice *c) {
  program_chain x = {0};
  for (int d = PLAN_MESH_MAX - 1; d >= 0; d--) {       /* the last dim first: who is handed it along d hands it on along d and the dims behind */
    if (c->area[d] <= 1 || c->move[d] != PLAN_CHAIN)
      continue;
    int here = x.head + (c->area[d] > 2);
    x.middle = here > x.middle ? here : x.middle;
    x.head++;
    x.steps += c->area[d] - 1;
  }
  return x;
}

static spread spread_of(const router *r, const plan_choice *c) {
  spread s = {.n = r->map->n_mesh};
  for (int d = 0; d < s.n; d++) {
    int32_t area = (int32_t)c->area[d];
    bool is_tree = c->move[d] == PLAN_MULTICAST;
    s.area[d] = is_tree ? area : 1;
    s.up[d] = is_tree ? program_tree_hops(r->noc, d, area) : 0;
    s.down[d] = is_tree && area - 1 > s.up[d] ? r->size[d] - 1 - s.up[d] : 0;
    s.chain[d] = c->move[d] == PLAN_CHAIN ? area : 1;
  }
  return s;
}

static void cross_line(router *r, int node, int d, int32_t up, int32_t down) {
  int n = r->noc->n_dims, at = r->noc->coord[node][d], size = r->size[d];
  int32_t *tree = r->tree + ((node - at * r->stride[d]) * n + d) * 2;
  for (int32_t v = at, left = up; left > 0; left--, v = v + 1 == size ? 0 : v + 1)
    tree[v * r->stride[d] * n * 2]++;
  for (int32_t v = at, left = down; left > 0; left--, v = v == 0 ? size - 1 : v - 1)
    tree[v * r->stride[d] * n * 2 + 1]++;
}

/* The lines along dim d from all cores of `area` above the sender. */
static void cross_lines(router *r, const placed *sender, const int32_t *area, int n, int d, int32_t up, int32_t down) {
  int32_t at[PLAN_MESH_MAX];
  memcpy(at, sender->at, sizeof at);
  do {
    int node = 0;
    for (int k = 0; k < n; k++)
      node += at[k] * r->stride[k];
    cross_line(r, node, d, up, down);
  } while (next_in(sender->at, area, n, at));
}

static void cross_tree(router *r, const placed *sender, const spread *s) {
  int32_t area[PLAN_MESH_MAX] = {1, 1, 1};
  for (int d = 0; d < s->n; d++) {      /* dim 0 first: the dims before have their places, those behind not yet */
    if (s->area[d] > 1)
      cross_lines(r, sender, area, s->n, d, s->up[d], s->down[d]);
    area[d] = s->area[d];
  }
  for (int d = 0; d < s->n; d++) {      /* each core but the last forwards to the next */
    if (s->chain[d] > 1)
      cross_lines(r, sender, area, s->n, d, s->chain[d] - 1, 0);
    area[d] *= s->chain[d];
  }
}

static int32_t in_1024(int64_t count, int64_t channels) {
  int64_t v = channels > 0 ? model_ceil(count * 1024, channels) : 0;
  return (int32_t)model_min(v, INT32_MAX);
}

/* Which coordinates along each mesh dim send, of groups of `area` cores. */
static uint8_t *list_heads(loom_ctx *ctx, const router *r, const plan_choice *c, size_t *out_first) {
  size_t all = 0;
  for (int d = 0; d < r->map->n_mesh; d++) {
    out_first[d] = all;
    all += (size_t)r->used[d];
  }
  uint8_t *heads = ARENA_NEW_N(&ctx->scratch, uint8_t, all);
  for (int d = 0; d < r->map->n_mesh; d++)
    for (int64_t v = 0; v < r->used[d]; v += c->area[d])
      heads[out_first[d] + (size_t)v] = 1;
  return heads;
}

int64_t program_active_limit(const program_access *a, int i, const int64_t *active) {
  if (a->only_first != i && !(a->active_by & 1u << i))
    return -1;
  return a->only_first == i && !(a->active_by & 1u << i && active[i] < 1) ? 1 : active[i];
}

static int32_t most_of(const int32_t *load, int n) {
  int32_t most = 0;
  for (int l = 0; l < n; l++)
    most = load[l] > most ? load[l] : most;
  return most;
}

/* The busiest link in the phase in which it is busiest.  `most`: in all phases together. */
static int32_t find_peak(router *r, const program_access *a, int way, int32_t most) {
  int32_t peak = a->phase ? 0 : most;
  for (int i = 0; a->phase && i < a->apart; i++) {
    memset(r->few, 0, (size_t)r->noc->n_links * sizeof *r->few);
    model_noc_count(&a->phase[i], way, r->sends, r->room, r->few);
    int32_t here = most_of(r->few, r->noc->n_links);
    peak = here > peak ? here : peak;
  }
  return peak;
}

/* active[i]: cores of parallel loop i at work, where the access does nothing on the others. */
static void fill_column(loom_ctx *ctx, router *r, const program_access *a, const plan_choice *c, const int64_t *active, column *out) {
  const model_noc *noc = a->memory->noc;
  int way = a->is_store, n = r->map->n_mesh, n_limits = 0, limited[PLAN_ITERS_MAX];
  int32_t limit[PLAN_ITERS_MAX], own = 0;
  size_t first[PLAN_MESH_MAX];
  bool is_shared = false;
  const uint8_t *heads = list_heads(ctx, r, c, first);
  for (int d = 0; d < n; d++)
    is_shared = is_shared || c->area[d] > 1;
  for (int i = 0; i < r->p->n_parallel; i++) {
    int64_t most = program_active_limit(a, i, active);
    if (most < 0)
      continue;
    limited[n_limits] = i;
    limit[n_limits++] = (int32_t)model_min(most, INT32_MAX);
  }
  spread s = spread_of(r, c);
  memset(r->tree, 0, (size_t)noc->n_links * sizeof *r->tree);
  memset(r->sends, 0, (size_t)noc->n_nodes * sizeof *r->sends);
  model_route *route = &out->route;
  for (int k = 0; k < r->n_cores; k++) {
    const placed *x = &r->core[k];
    bool sends = true;
    for (int d = 0; d < n; d++)
      sends = sends && heads[first[d] + (size_t)x->at[d]];
    for (int i = 0; i < n_limits; i++)
      sends = sends && x->index[limited[i]] < limit[i];
    if (!sends)
      continue;
    route->senders++;
    route->hops = noc->hops[way][x->node] > route->hops ? noc->hops[way][x->node] : route->hops;
    own = noc->most[way][x->node] > own ? noc->most[way][x->node] : own;
    r->sends[x->node] = 1;
    if (is_shared)
      cross_tree(r, x, &s);
  }
  for (int d = 0; d < n && route->senders > 0; d++)
    route->tree_hops += s.up[d];
  model_noc_count(noc, way, r->sends, r->room, out->load);
  int32_t tree = most_of(r->tree, noc->n_links), most = most_of(out->load, noc->n_links), channels = noc->n_channels > 0 ? noc->n_channels : 1;
  for (int l = 0; l < noc->n_links; l++) {
    out->sent[l] = r->tree[l] * channels;
    out->load[l] += out->sent[l];
  }
  route->own_x1024 = in_1024(own, channels);
  route->busiest_x1024 = in_1024(most, channels);
  route->peak_x1024 = in_1024(find_peak(r, a, way, most), channels);
  route->tree_x1024 = in_1024(tree, 1);
}

/* ---- the hull ---- */

/* Those of `left` that `top` does not exceed in all columns stay; count. */
static int drop_exceeded(const column *const *col, size_t n, int top, int *left, int n_left, uint8_t *is_left) {
  int stay = 0;
  for (int k = 0; k < n_left; k++)
    is_left[k] = 0;
  for (size_t i = 0; i < n; i++) {
    const int32_t *load = col[i]->load, *sent = col[i]->sent, most = load[top], fetched = most - sent[top];
    for (int k = 0; k < n_left; k++)
      is_left[k] |= load[left[k]] > most || load[left[k]] - sent[left[k]] > fetched;
  }
  for (int k = 0; k < n_left; k++)
    if (is_left[k])
      left[stay++] = left[k];
  return stay;
}

/* Links that no other exceeds in all columns (in all, and in what comes from memory), most loaded first; beyond MODEL_LINKS_MAX the least loaded are left out.  The link with the largest sum is always one. */
static int find_hull(loom_ctx *ctx, const model_noc *noc, const column *const *col, size_t n, int *out) {
  int64_t *sum = ARENA_NEW_N(&ctx->scratch, int64_t, noc->n_links);
  int *left = ARENA_NEW_N(&ctx->scratch, int, noc->n_links), n_left = 0, n_kept = 0;
  uint8_t *is_left = ARENA_NEW_N(&ctx->scratch, uint8_t, noc->n_links);
  for (size_t i = 0; i < n; i++)
    for (int l = 0; l < noc->n_links; l++)
      sum[l] += col[i]->load[l];
  for (int l = 0; l < noc->n_links; l++)
    if (sum[l] > 0)
      left[n_left++] = l;
  while (n_left > 0 && n_kept < MODEL_LINKS_MAX) {
    int top = left[0];
    for (int k = 1; k < n_left; k++)
      top = sum[left[k]] > sum[top] ? left[k] : top;
    out[n_kept++] = top;
    n_left = drop_exceeded(col, n, top, left, n_left, is_left);
  }
  return n_kept;
}

/* ---- all together ---- */

static bool same_way(const plan_choice *a, const plan_choice *b, int n_mesh) {
  for (int d = 0; d < n_mesh; d++)
    if (a->area[d] != b->area[d] || (a->area[d] > 1 && a->move[d] != b->move[d]))
      return false;
  return true;
}

/* The class that `w` is for an access that is active by the loops of `moves` only: the others at their first. */
static int reduced_class(const model_point *at, int n_parallel, uint32_t moves, int w, int64_t *active) {
  int stride = 1, reduced = 0;
  for (int i = n_parallel - 1; i >= 0; i--) {
    int digit = w % at->waves[i].n;
    w /= at->waves[i].n;
    digit = moves & 1u << i ? digit : 0;
    active[i] = at->waves[i].active[digit];
    reduced += digit * stride;
    stride *= at->waves[i].n;
  }
  return reduced;
}

loom_status model_check_choice(loom_ctx *ctx, const plan_mapping *map, const plan_choice *c) {
  for (int d = 0; d < map->n_mesh; d++)
    if (c->area[d] < 1 || map->mesh_size[d] % c->area[d] != 0)
      LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EBUG, "a transfer shared by %" PRId64 " of %" PRId64 " cores along %s", c->area[d], map->mesh_size[d], map->mesh_name[d]);
  return LOOM_OK;
}

/* An earlier access that is active on the same cores and goes the same way there: its columns are this one's.  -1: none. */
static int find_twin(const model_program *p, int a) {
  const program_access *x = &p->access[a];
  for (int b = 0; b < a; b++) {
    const program_access *y = &p->access[b];
    if (x->is_store == y->is_store && x->active_by == y->active_by && x->only_first == y->only_first && x->apart == y->apart && x->memory == y->memory)
      return b;
  }
  return -1;
}

static size_t find_way(const plan_choice *choices, size_t n, const plan_choice *c, int n_mesh) {
  size_t i = 0;
  while (i < n && !same_way(&choices[i], c, n_mesh))
    i++;
  return i;
}

loom_status model_find_routes(loom_ctx *ctx, const model_program *p, const plan_mapping *map, const model_point *at, const plan_choice *const *choices,
                              const size_t *n, model_route **out) {
  arena_mark mark = arena_save(&ctx->scratch);
  router r = {.p = p, .noc = &p->noc, .map = map};
  r.sends = ARENA_NEW_N(&ctx->scratch, int32_t, p->noc.n_nodes);
  r.room = ARENA_NEW_N(&ctx->scratch, int32_t, model_noc_room(&p->noc));
  r.tree = ARENA_NEW_N(&ctx->scratch, int32_t, p->noc.n_links);
  r.few = ARENA_NEW_N(&ctx->scratch, int32_t, p->noc.n_links);
  place_cores(ctx, &r);
  VEC_OF(const column *) made = {0};
  column **of[PLAN_LOADS_MAX];
  for (int a = 0; a < p->n_access; a++) {
    of[a] = ARENA_NEW_N(&ctx->scratch, column *, n[a] * (size_t)at->n_waves);
    int twin = find_twin(p, a);
    for (size_t c = 0; c < n[a]; c++) {
      LOOM_TRY(model_check_choice(ctx, map, &choices[a][c]));
      size_t first = find_way(choices[a], n[a], &choices[a][c], map->n_mesh), there = twin < 0 ? 0 : find_way(choices[twin], n[twin], &choices[a][c], map->n_mesh);
      for (int w = 0; w < at->n_waves; w++) {
        int64_t active[PLAN_ITERS_MAX];
        size_t class = (size_t)reduced_class(at, p->n_parallel, p->access[a].active_by, w, active), reduced = first * (size_t)at->n_waves + class;
        if (!of[a][reduced] && twin >= 0 && there < n[twin])
          of[a][reduced] = of[twin][there * (size_t)at->n_waves + class];
        if (!of[a][reduced]) {
          column *x = ARENA_NEW(&ctx->scratch, column);
          x->load = ARENA_NEW_N(&ctx->scratch, int32_t, p->noc.n_links);
          x->sent = ARENA_NEW_N(&ctx->scratch, int32_t, p->noc.n_links);
          fill_column(ctx, &r, &p->access[a], &choices[a][c], active, x);
          of[a][reduced] = x;
          vec_push(&ctx->scratch, &made, x);
        }
        of[a][c * (size_t)at->n_waves + (size_t)w] = of[a][reduced];
      }
    }
  }
  int hull[MODEL_LINKS_MAX], n_links = find_hull(ctx, &p->noc, made.at, made.n, hull);
  for (int a = 0; a < p->n_access; a++) {
    out[a] = ARENA_NEW_N(&ctx->mem, model_route, n[a] * (size_t)at->n_waves);
    for (size_t i = 0; i < n[a] * (size_t)at->n_waves; i++) {
      out[a][i] = of[a][i]->route;
      out[a][i].n_links = n_links;
      for (int l = 0; l < n_links; l++) {
        out[a][i].link_x1024[l] = in_1024(of[a][i]->load[hull[l]], p->access[a].memory->noc->n_channels);
        out[a][i].sent_x1024[l] = in_1024(of[a][i]->sent[hull[l]], p->access[a].memory->noc->n_channels);
      }
    }
  }
  arena_release(&ctx->scratch, mark);
  return LOOM_OK;
}
