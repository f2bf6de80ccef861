/* Which links a transfer crosses, and how much each link carries when all cores transfer at once. */
#include "model/model_program.h"
#include <stdlib.h>

/* ---- the machine's routes ---- */

/* One step of the dimension-ordered route: dim 0 first, the shorter way round a ring, up on a tie. */
static int step(const model_noc *n, int from, int to, int *link) {
  int64_t stride = n->n_nodes;
  for (int d = 0; d < n->n_dims; d++) {
    stride /= n->size[d];
    int64_t at = n->coord[from][d], delta = n->coord[to][d] - at, size = n->size[d];
    if (delta == 0)
      continue;
    if (n->wraps[d]) {
      delta = delta < 0 ? delta + size : delta;
      delta = delta * 2 <= size ? delta : delta - size;
    }
    int64_t next = delta > 0 ? (at + 1) % size : (at + size - 1) % size;
    *link = (from * n->n_dims + d) * 2 + (delta < 0);
    return from + (int)((next - at) * stride);
  }
  *link = -1;
  return from;
}

typedef struct counter { int *count, *touched; int n; } counter;
static void count_link(counter *c, int link, int by) {
  if (c->count[link] == 0)
    c->touched[c->n++] = link;
  c->count[link] += by;
}

typedef VEC_OF(noc_use) use_list;

/* Way 0: from every channel to each node; 1: back. */
static void list_ways(loom_ctx *ctx, const machine *m, model_noc *n, int way, counter *c) {
  use_list list = {0};
  n->start[way] = ARENA_NEW_N(&ctx->mem, int, n->n_nodes + 1);
  n->hops[way] = ARENA_NEW_N(&ctx->mem, int32_t, n->n_nodes);
  n->most[way] = ARENA_NEW_N(&ctx->mem, int32_t, n->n_nodes);
  for (int node = 0; node < n->n_nodes; node++) {
    n->start[way][node] = (int)list.n;
    c->n = 0;
    for (size_t ch = 0; ch < m->attach.n; ch++) {
      int at = way ? node : (int)m->attach.at[ch], to = way ? (int)m->attach.at[ch] : node, hops = 0, link;
      for (; at != to; hops++) {
        at = step(n, at, to, &link);
        count_link(c, link, 1);
      }
      n->hops[way][node] = hops > n->hops[way][node] ? hops : n->hops[way][node];
    }
    for (int i = 0; i < c->n; i++) {
      int count = c->count[c->touched[i]];
      vec_push(&ctx->mem, &list, ((noc_use){c->touched[i], count}));
      n->most[way][node] = count > n->most[way][node] ? count : n->most[way][node];
      c->count[c->touched[i]] = 0;
    }
  }
  n->start[way][n->n_nodes] = (int)list.n;
  n->use[way] = list.at;
}

loom_status model_noc_make(loom_ctx *ctx, const machine *m, model_noc *out) {
  *out = (model_noc){.n_dims = (int)m->mesh.n, .n_nodes = (int)machine_cores(m), .n_channels = (int)m->attach.n};
  if (out->n_dims < 1 || out->n_dims > MACHINE_MESH_DIMS_MAX || out->n_nodes < 1 || out->n_nodes > MACHINE_CORES_MAX)
    LOOM_FAIL(ctx, diag_file_span(ctx, m->path), LOOM_EINPUT, "the mesh of machine '%s' must have 1..%d dims and at most %d cores", m->name, MACHINE_MESH_DIMS_MAX,
              MACHINE_CORES_MAX);
  for (size_t ch = 0; ch < m->attach.n; ch++)
    if (m->attach.at[ch] < 0 || m->attach.at[ch] >= out->n_nodes)
      LOOM_FAIL(ctx, m->attach_span, LOOM_EINPUT, "machine '%s' attaches DRAM channel %zu to core %" PRId64 "; it has cores 0..%d", m->name, ch, m->attach.at[ch],
                out->n_nodes - 1);
  out->n_links = out->n_nodes * out->n_dims * 2;
  out->coord = arena_array(&ctx->mem, (size_t)out->n_nodes, sizeof *out->coord);
  for (int d = 0; d < out->n_dims; d++) {
    out->size[d] = m->mesh.at[d].size;
    out->wraps[d] = m->mesh.at[d].wraps;
  }
  for (int node = 0; node < out->n_nodes; node++)
    for (int64_t d = out->n_dims - 1, left = node; d >= 0; left /= out->size[d], d--)
      out->coord[node][d] = (int16_t)(left % out->size[d]);
  arena_mark mark = arena_save(&ctx->scratch);
  counter c = {ARENA_NEW_N(&ctx->scratch, int, out->n_links), ARENA_NEW_N(&ctx->scratch, int, out->n_links), 0};
  for (int way = 0; way < 2; way++)
    list_ways(ctx, m, out, way, &c);
  arena_release(&ctx->scratch, mark);
  return LOOM_OK;
}

/* ---- one column: an access, a choice, a class of waves ---- */

typedef struct placed { int node; int32_t at[PLAN_MESH_MAX], index[PLAN_ITERS_MAX]; /* among the cores of each parallel loop */ } placed;

typedef struct router {
  const model_program *p;
  const model_noc *noc;
  const plan_mapping *map;
  placed *core; int n_cores;            /* row-major in the part of the mesh in use */
  int32_t used[PLAN_MESH_MAX];          /* its cores a dim */
  int32_t size[MACHINE_MESH_DIMS_MAX], stride[MACHINE_MESH_DIMS_MAX];      /* of the mesh: nodes a dim, from one to the next */
  int32_t *seen; int32_t stamp;         /* by link: in this tree already */
  int32_t *tree;                        /* by link: trees of all senders */
} router;

typedef struct column { int32_t *load; model_route route; } column;

/* The core with coordinates `at` inside the part of the mesh in use. */
static int core_number(const router *r, const int32_t *at) {
  int c = 0;
  for (int d = 0; d < r->map->n_mesh; d++)
    c = c * r->used[d] + at[d];
  return c;
}

/* What a coordinate along mesh dim d adds to the index in each parallel loop: its levels' parts, the later ones of the same loop counting faster. */
static void add_levels(const plan_mapping *map, int d, int32_t at, int32_t *index) {
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
      add_levels(map, d, v, added[d] + v * PLAN_ITERS_MAX);
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

static void cross(router *r, int link, int *branches) {
  if (r->seen[link] == r->stamp)
    return;
  r->seen[link] = r->stamp;
  r->tree[link]++;
  ++*branches;
}

/* All the way from a node to another, as `step` goes.  Hops. */
static int walk(router *r, int node, int to, int *branches) {
  const int16_t *from = r->noc->coord[node], *goal = r->noc->coord[to];
  int hops = 0, n = r->noc->n_dims;
  for (int d = 0; d < n; d++) {
    int at = from[d], delta = goal[d] - at, size = r->size[d];
    if (delta == 0)
      continue;
    if (r->noc->wraps[d]) {
      delta = delta < 0 ? delta + size : delta;
      delta = delta * 2 <= size ? delta : delta - size;
    }
    bool is_up = delta > 0;
    for (int left = is_up ? delta : -delta; left > 0; left--, hops++) {
      cross(r, (node * n + d) * 2 + !is_up, branches);
      int next = is_up ? (at + 1 == size ? 0 : at + 1) : at == 0 ? size - 1 : at - 1;
      node += (next - at) * r->stride[d];
      at = next;
    }
  }
  return hops;
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

/* What a sender's tile crosses on its way to the cores that share it: a tree along the multicast dims, then neighbour to neighbour. */
static void spread(router *r, const placed *sender, const plan_choice *c, model_route *out) {
  int n = r->map->n_mesh, branches = 0;
  int32_t area[PLAN_MESH_MAX], at[PLAN_MESH_MAX] = {0};
  r->stamp++;
  for (int d = 0; d < n; d++) {
    area[d] = c->move[d] == PLAN_MULTICAST ? (int32_t)c->area[d] : 1;
    at[d] = sender->at[d];
  }
  while (next_in(sender->at, area, n, at)) {
    int hops = walk(r, sender->node, r->core[core_number(r, at)].node, &branches);
    out->tree_hops = hops > out->tree_hops ? hops : out->tree_hops;
  }
  for (int d = 0; d < n; d++) {
    if (c->move[d] != PLAN_CHAIN || c->area[d] == 1)
      continue;
    area[d] = (int32_t)c->area[d] - 1;  /* each core but the last forwards to the next */
    memcpy(at, sender->at, sizeof at);
    do {
      int32_t next[PLAN_MESH_MAX];
      memcpy(next, at, sizeof next);
      next[d]++;
      walk(r, r->core[core_number(r, at)].node, r->core[core_number(r, next)].node, &branches);
    } while (next_in(sender->at, area, n, at));
    area[d]++;
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

/* active[i]: cores of parallel loop i at work, where the access does nothing on the others. */
static void fill_column(loom_ctx *ctx, router *r, const program_access *a, const plan_choice *c, const int64_t *active, column *out) {
  const model_noc *noc = r->noc;
  int way = a->is_store, n = r->map->n_mesh, n_limits = 0, limited[PLAN_ITERS_MAX];
  int32_t limit[PLAN_ITERS_MAX], own = 0;
  size_t first[PLAN_MESH_MAX];
  bool is_shared = false;
  const uint8_t *heads = list_heads(ctx, r, c, first);
  for (int d = 0; d < n; d++)
    is_shared = is_shared || c->area[d] > 1;
  for (int i = 0; i < r->p->n_parallel; i++)
    if (a->only_first == i || a->active_by & 1u << i) {
      int64_t most = a->only_first == i && !(a->active_by & 1u << i && active[i] < 1) ? 1 : active[i];
      limited[n_limits] = i;
      limit[n_limits++] = (int32_t)model_min(most, INT32_MAX);
    }
  memset(r->tree, 0, (size_t)noc->n_links * sizeof *r->tree);
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
    const noc_use *use = noc->use[way];
    for (int i = noc->start[way][x->node], end = noc->start[way][x->node + 1]; i < end; i++)
      out->load[use[i].link] += use[i].count;
    if (is_shared)
      spread(r, x, c, route);
  }
  int32_t tree = 0, most = 0, channels = noc->n_channels > 0 ? noc->n_channels : 1;
  for (int l = 0; l < noc->n_links; l++) {
    most = out->load[l] > most ? out->load[l] : most;
    tree = r->tree[l] > tree ? r->tree[l] : tree;
    out->load[l] += r->tree[l] * channels;
  }
  route->own_x1024 = in_1024(own, channels);
  route->busiest_x1024 = in_1024(most, channels);
  route->tree_x1024 = in_1024(tree, 1);
}

/* ---- the hull ---- */

typedef struct ranked { int64_t sum; int link; int32_t *row; /* its load in each column */ } ranked;
static int by_sum(const void *a, const void *b) {
  const ranked *x = a, *y = b;
  return x->sum != y->sum ? (x->sum < y->sum) - (x->sum > y->sum) : (x->link > y->link) - (x->link < y->link);
}

/* Is no load of `x` above that of `y`? */
static bool is_exceeded(const int32_t *x, const int32_t *y, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (x[i] > y[i])
      return false;
  return true;
}

/* Links that no other exceeds in all columns, most loaded first; beyond MODEL_LINKS_MAX the least loaded are left out. */
static int find_hull(loom_ctx *ctx, const model_noc *noc, const column *const *col, size_t n, int *out) {
  VEC_OF(ranked) kept = {0};
  int32_t *row = ARENA_NEW_N(&ctx->scratch, int32_t, n);
  for (int l = 0; l < noc->n_links; l++) {
    int64_t sum = 0;
    for (size_t i = 0; i < n; i++)
      sum += row[i] = col[i]->load[l];
    bool is_needed = sum > 0;
    for (size_t k = 0; k < kept.n && is_needed; k++)
      is_needed = sum > kept.at[k].sum || !is_exceeded(row, kept.at[k].row, n);
    if (!is_needed)
      continue;
    size_t left = 0;
    ranked x = {sum, l, NULL};
    for (size_t k = 0; k < kept.n; k++)
      if (kept.at[k].sum > sum || !is_exceeded(kept.at[k].row, row, n))
        kept.at[left++] = kept.at[k];
      else
        x.row = kept.at[k].row;         /* free to be used again */
    kept.n = left;
    x.row = x.row ? x.row : ARENA_NEW_N(&ctx->scratch, int32_t, n);
    memcpy(x.row, row, n * sizeof *row);
    vec_push(&ctx->scratch, &kept, x);
  }
  if (kept.n)
    qsort(kept.at, kept.n, sizeof *kept.at, by_sum);
  int n_kept = kept.n < MODEL_LINKS_MAX ? (int)kept.n : MODEL_LINKS_MAX;
  for (int k = 0; k < n_kept; k++)
    out[k] = kept.at[k].link;
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

static loom_status check_choice(loom_ctx *ctx, const plan_mapping *map, const plan_choice *c) {
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
    if (x->is_store == y->is_store && x->active_by == y->active_by && x->only_first == y->only_first)
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
  r.seen = ARENA_NEW_N(&ctx->scratch, int32_t, p->noc.n_links);
  r.tree = ARENA_NEW_N(&ctx->scratch, int32_t, p->noc.n_links);
  place_cores(ctx, &r);
  VEC_OF(const column *) made = {0};
  column **of[PLAN_LOADS_MAX];
  for (int a = 0; a < p->n_access; a++) {
    of[a] = ARENA_NEW_N(&ctx->scratch, column *, n[a] * (size_t)at->n_waves);
    int twin = find_twin(p, a);
    for (size_t c = 0; c < n[a]; c++) {
      LOOM_TRY(check_choice(ctx, map, &choices[a][c]));
      size_t first = find_way(choices[a], n[a], &choices[a][c], map->n_mesh), there = twin < 0 ? 0 : find_way(choices[twin], n[twin], &choices[a][c], map->n_mesh);
      for (int w = 0; w < at->n_waves; w++) {
        int64_t active[PLAN_ITERS_MAX];
        size_t class = (size_t)reduced_class(at, p->n_parallel, p->access[a].active_by, w, active), reduced = first * (size_t)at->n_waves + class;
        if (!of[a][reduced] && twin >= 0 && there < n[twin])
          of[a][reduced] = of[twin][there * (size_t)at->n_waves + class];
        if (!of[a][reduced]) {
          column *x = ARENA_NEW(&ctx->scratch, column);
          x->load = ARENA_NEW_N(&ctx->scratch, int32_t, p->noc.n_links);
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
      for (int l = 0; l < n_links; l++)
        out[a][i].link_x1024[l] = in_1024(of[a][i]->load[hull[l]], p->noc.n_channels);
    }
  }
  arena_release(&ctx->scratch, mark);
  return LOOM_OK;
}
