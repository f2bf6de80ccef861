/* What is known of a way from its first wave: for bounds, which need no loads of single links.
 *
 * The senders are a box: of each dim some places, and all nodes at such places of every dim.  A dimension-ordered route lies on lines, so what a box costs is put together
 * from what its places of each dim do alone; mappings by the thousand have few different ones, so that is kept.  Where the last cores of a loop that lies in several levels have
 * no work the senders are no box: then those of the largest part of them that is one are taken, which cost no more. */
#include "model/model_bound.h"
#include "base/hash.h"

enum { KEPT_BUCKETS = 1 << 8, FREE_MAX = 1 << 11, CACHE_MAX = 1 << 12, RING_MAX = 1 << 10 };

/* What the lines of a dim carry over their busiest link, of so many senders at places. */
typedef struct line_load { const model_noc *noc; int way; int32_t busiest; struct line_load *older; } line_load;
/* Places of a dim. */
typedef struct places { const uint64_t *bits; int32_t n, first, last, *far[2] /* by place of a channel, by way; NULL: not yet asked for */, most[2] /* model_noc.most_along */; line_load *loads; struct places *older; } places;

typedef struct sending { double senders, most_senders; int32_t hops, own, busiest, peak; /* counts of channels; peak: of one phase */ } sending;
typedef struct kept_sending { const places *at[PLAN_MESH_MAX]; const program_memory *memory; int32_t way, apart; sending is; } kept_sending;

/* Places below `used` with a multiple of the area: most are those. */
typedef struct free_places { int64_t used, area; places *is; } free_places;

/* Cores of a level that are in the box: those with a digit below `below`; 0: all. */
typedef struct box {
  int64_t limit[PLAN_ITERS_MAX];        /* of the parallel loops; -1: none */
  int32_t below[PLAN_LOGICAL_MAX];
  uint32_t limited;                     /* mesh dims with such a level */
  double more;                          /* senders over those in the box */
} box;

struct model_router {
  arena *mem;
  const model_program *p;
  const plan_mapping *map; model_grid grid;
  places *newest[PLAN_MESH_MAX][KEPT_BUCKETS];
  free_places *free[PLAN_MESH_MAX];
  bool has_box; box box; uint64_t *boxed[PLAN_MESH_MAX];      /* the one at hand, on `map`; of its limited dims */
  int n_words; uint64_t *bits;          /* of the longest dim */
  kept_sending *cache;
  int32_t *senders, *room;              /* for model_noc_busiest_along */
};

model_router *model_router_make(arena *m, const model_program *p) {
  model_router *r = ARENA_NEW(m, model_router);
  const model_noc *noc = &p->noc;
  int64_t longest = 1;
  r->mem = m;
  r->p = p;
  for (int d = 0; d < noc->n_dims; d++)
    longest = model_max(longest, noc->size[d]);
  r->n_words = (int)(longest + 63) / 64;
  r->bits = ARENA_NEW_N(m, uint64_t, r->n_words);
  for (int d = 0; d < noc->n_dims; d++) {
    r->free[d] = ARENA_NEW_N(m, free_places, FREE_MAX);
    r->boxed[d] = ARENA_NEW_N(m, uint64_t, r->n_words);
  }
  r->cache = ARENA_NEW_N(m, kept_sending, CACHE_MAX);
  r->senders = ARENA_NEW_N(m, int32_t, longest);
  r->room = ARENA_NEW_N(m, int32_t, model_noc_room(noc));
  return r;
}

void model_router_place(model_router *r, const plan_mapping *map) {
  r->map = map;
  model_grid_of(map, &r->grid);
  r->has_box = false;
}

/* ---- places of a dim ---- */

/* Those in r->bits, as they are kept. */
static places *keep_places(model_router *r, int d) {
  int words = ((int)r->p->noc.size[d] + 63) / 64;
  size_t bytes = (size_t)words * sizeof *r->bits;
  places **bucket = &r->newest[d][(words == 1 ? r->bits[0] * UINT64_C(0x9e3779b97f4a7c15) >> 40 : hash_table(0, r->bits, bytes)) % KEPT_BUCKETS];
  for (places *x = *bucket; x; x = x->older)
    if (memcmp(x->bits, r->bits, bytes) == 0)
      return x;
  places *x = ARENA_NEW(r->mem, places);
  uint64_t *bits = ARENA_NEW_N(r->mem, uint64_t, words);
  memcpy(bits, r->bits, bytes);
  *x = (places){.bits = bits, .first = -1, .older = *bucket};
  for (int v = 0; v < r->p->noc.size[d]; v++)
    if (bits[v / 64] >> v % 64 & 1) {
      x->n++;
      x->first = x->first < 0 ? v : x->first;
      x->last = v;
      for (int way = 0; way < 2; way++)
        x->most[way] = (int32_t)model_max(x->most[way], r->p->noc.most_along[way][d][v]);
    }
  return *bucket = x;
}

static int32_t busiest_along(model_router *r, places *x, const model_noc *noc, int way, int d) {
  for (line_load *l = x->loads; l; l = l->older)
    if (l->noc == noc && l->way == way)
      return l->busiest;
  for (int v = 0; v < noc->size[d]; v++)
    r->senders[v] = (int32_t)(x->bits[v / 64] >> v % 64 & 1);
  line_load *l = ARENA_NEW(r->mem, line_load);
  *l = (line_load){noc, way, model_noc_busiest_along(noc, way, d, r->senders, r->room), x->loads};
  x->loads = l;
  return l->busiest;
}

/* Places to the furthest of them from a channel at each place, or back; on a long ring those of the outermost ones. */
static const int32_t *furthest(model_router *r, places *x, int way, int d) {
  const model_noc *noc = &r->p->noc;
  if (x->far[way])
    return x->far[way];
  int size = (int)noc->size[d];
  bool all = noc->wraps[d] && size <= RING_MAX;
  x->far[way] = ARENA_NEW_N(r->mem, int32_t, size);
  for (int c = 0; c < size; c++)
    for (int v = x->first; v >= 0 && v <= x->last; v = all || v == x->last ? v + 1 : x->last)
      if (x->bits[v / 64] >> v % 64 & 1)
        x->far[way][c] = (int32_t)model_max(x->far[way][c], way ? model_noc_places(noc, d, v, c) : model_noc_places(noc, d, c, v));
  return x->far[way];
}

/* ---- the senders ---- */

/* Digits of a loop's levels, the slowest first: the box has the places at which they are below the limit's at the first level where that is not 0. */
static void limit_loop(const plan_mapping *map, int loop, int64_t limit, box *b) {
  int64_t scale = 1;
  for (int l = 0; l < map->n_logical; l++)
    scale *= map->logical[l].iter == loop ? map->logical[l].size : 1;
  for (int l = 0; l < map->n_logical; l++) {
    if (map->logical[l].iter != loop)
      continue;
    scale /= map->logical[l].size;
    if (limit >= scale) {
      b->limited |= 1u << map->logical[l].mesh_dim;
      b->below[l] = (int32_t)(limit / scale);
      b->more *= (double)limit / (double)(limit / scale * scale);
      return;
    }
    b->limited |= 1u << map->logical[l].mesh_dim;
    b->below[l] = 1;
  }
}

/* Does a transfer that is shared by areas share along a level of a loop? */
static bool shares_level(const plan_mapping *map, const plan_choice *c, int loop) {
  int64_t stride[PLAN_MESH_MAX] = {1, 1, 1};
  for (int l = 0; l < map->n_logical; l++) {
    const plan_logical *z = &map->logical[l];
    if (z->iter == loop && z->size > 1 && stride[z->mesh_dim] < c->area[z->mesh_dim])
      return true;
    stride[z->mesh_dim] *= z->size;
  }
  return false;
}

static void fill_box(const model_router *r, int d, uint64_t *bits) {
  const plan_mapping *map = r->map;
  memset(bits, 0, (size_t)r->n_words * sizeof *bits);
  for (int64_t v = 0; v < map->mesh_size[d]; v++) {
    int64_t left = v;
    bool is_in = true;
    for (int l = 0; l < map->n_logical && is_in; l++)
      if (map->logical[l].mesh_dim == d) {
        is_in = r->box.below[l] == 0 || left % map->logical[l].size < r->box.below[l];
        left /= map->logical[l].size;
      }
    bits[v / 64] |= (uint64_t)is_in << v % 64;
  }
}

/* The box of what is active; kept from way to way of an access. */
static void find_box(model_router *r, const program_access *a, const int64_t *active) {
  int64_t limit[PLAN_ITERS_MAX];
  for (int i = 0; i < PLAN_ITERS_MAX; i++) {
    limit[i] = i < r->p->n_parallel ? program_active_limit(a, i, active) : -1;
    limit[i] = limit[i] >= r->grid.cores[i] ? -1 : limit[i];
  }
  if (r->has_box && memcmp(limit, r->box.limit, sizeof limit) == 0)
    return;
  r->has_box = true;
  r->box = (box){.more = 1};
  memcpy(r->box.limit, limit, sizeof limit);
  for (int i = 0; i < r->p->n_parallel; i++)
    if (limit[i] > 0)
      limit_loop(r->map, i, limit[i], &r->box);
  for (int d = 0; d < r->map->n_mesh; d++)
    if (r->box.limited & 1u << d)
      fill_box(r, d, r->boxed[d]);
}

/* Places of dim d in the box with a multiple of the area. */
static places *places_along(model_router *r, int d, int64_t used, int64_t area) {
  bool is_free = !(r->box.limited & 1u << d);
  free_places *x = &r->free[d][(used * 61 + area) % FREE_MAX];
  if (is_free && x->is && x->used == used && x->area == area)
    return x->is;
  memset(r->bits, 0, (size_t)r->n_words * sizeof *r->bits);
  for (int64_t v = 0; v < used; v += area)
    r->bits[v / 64] |= UINT64_C(1) << v % 64;
  for (int w = 0; w < r->n_words && !is_free; w++)
    r->bits[w] &= r->boxed[d][w];
  places *found = keep_places(r, d);
  if (is_free)
    *x = (free_places){used, area, found};
  return found;
}

/* Nodes that fetch or store the access for themselves and for those they share with.  False: none. */
static bool find_senders(model_router *r, const program_access *a, const plan_choice *c, const int64_t *active, places **at, sending *out) {
  bool is_free = true, is_any = true;
  find_box(r, a, active);
  for (int i = 0; i < r->p->n_parallel; i++) {
    is_any = is_any && r->box.limit[i] != 0;
    is_free = is_free && (r->box.limit[i] < 0 || !shares_level(r->map, c, i));
  }
  if (!is_any)
    return false;
  double all = 1, boxed = 1;
  for (int d = 0; d < r->p->noc.n_dims; d++) {
    int64_t used = d < r->map->n_mesh ? r->map->mesh_size[d] : 1, area = d < r->map->n_mesh && c->area[d] > 1 ? c->area[d] : 1;
    at[d] = places_along(r, d, used, area);
    boxed *= at[d]->n;
    all *= (double)((used + area - 1) / area);
  }
  out->senders = is_free ? boxed * r->box.more : boxed;
  out->most_senders = is_free ? out->senders : all;
  return boxed > 0;
}

static int32_t box_busiest(model_router *r, const model_noc *noc, int way, places *const *at) {
  int64_t most = 0, times = 1;
  for (int i = 0, n = noc->n_dims; i < n; i++) {      /* way 0: a line carries what goes to all places of the dims behind; way 1: of those before */
    int d = way ? i : n - 1 - i;
    most = model_max(most, busiest_along(r, at[d], noc, way, d) * times);
    times *= at[d]->n;
  }
  return (int32_t)model_min(most, INT32_MAX);
}

static int32_t box_hops(model_router *r, const model_noc *noc, int way, places *const *at) {
  const int32_t *far[PLAN_MESH_MAX] = {NULL};
  int32_t most = 0;
  for (int d = 0; d < noc->n_dims; d++)
    far[d] = furthest(r, at[d], way, d);
  for (int c = 0; c < noc->n_channels; c++) {
    int32_t hops = 0;
    for (int d = 0; d < noc->n_dims; d++)
      hops += far[d][noc->coord[noc->channel[c]][d]];
    most = hops > most ? hops : most;
  }
  return most;
}

static void count_sending(model_router *r, const program_access *a, places *const *at, sending *out) {
  const model_noc *noc = a->memory->noc;
  int way = a->is_store;
  *out = (sending){.hops = box_hops(r, noc, way, at), .busiest = box_busiest(r, noc, way, at)};
  for (int d = 0; d < noc->n_dims; d++) {
    int32_t own = 0;
    if (noc == &r->p->noc)
      own = at[d]->most[way];
    for (int v = at[d]->first; noc != &r->p->noc && v <= at[d]->last; v++)
      if (at[d]->bits[v / 64] >> v % 64 & 1)
        own = (int32_t)model_max(own, noc->most_along[way][d][v]);
    out->own = own > out->own ? own : out->own;
  }
  out->peak = a->phase ? 0 : out->busiest;
  for (int i = 0; a->phase && i < a->apart; i++) {
    int32_t most = box_busiest(r, &a->phase[i], way, at);
    out->peak = most > out->peak ? most : out->peak;
  }
}

static sending find_sending(model_router *r, const program_access *a, const plan_choice *c, const int64_t *active) {
  places *at[PLAN_MESH_MAX] = {NULL};
  sending s;
  uint64_t h = 0;
  if (!find_senders(r, a, c, active, at, &s))
    return (sending){0};
  for (int d = 0; d < PLAN_MESH_MAX; d++)
    h = (h + (uintptr_t)at[d]) * UINT64_C(0x9e3779b97f4a7c15);
  kept_sending *x = &r->cache[(h >> 40) % CACHE_MAX];
  if (memcmp(x->at, at, sizeof at) != 0 || x->memory != a->memory || x->way != a->is_store || x->apart != a->apart) {
    memcpy(x->at, at, sizeof at);
    x->memory = a->memory;
    x->way = a->is_store;
    x->apart = a->apart;
    count_sending(r, a, at, &x->is);
  }
  s.hops = x->is.hops;
  s.own = x->is.own;
  s.busiest = x->is.busiest;
  s.peak = x->is.peak;
  return s;
}

/* ---- the way ---- */

double model_full_part(const model_program *p, const model_point *at) {
  double part = 1;
  for (int i = 0; i < p->n_parallel; i++)
    part *= at->trips[i] > 0 ? (double)at->waves[i].count[0] / (double)at->trips[i] : 1;
  return part;
}

double model_copies(const model_program *p, const model_grid *g, int access, int64_t shared) {
  uint32_t summed = 0;                  /* the turns of a causal loop are counted over all cores of the loop it depends on */
  double n = 1;
  for (int l = p->n_parallel; l < p->n_loops; l++)
    if (p->loop[l].causal)
      summed |= 1u << p->loop[l].outer;
  for (int i = 0; i < p->n_parallel; i++)
    if (!model_access_moves(p, access, i) && !(summed & 1u << i))
      n *= g->cores[i];
  return n / (double)shared;
}

model_way model_router_find(model_router *r, const int64_t *active, int access, const plan_choice *c) {
  const model_program *p = r->p;
  const program_access *a = &p->access[access];
  sending s = find_sending(r, a, c, active);
  const program_memory *memory = a->memory;
  double channels = memory->noc->n_channels > 0 ? memory->noc->n_channels : 1, port = bound_cycles(1, p->port_rate), link = bound_cycles(1, p->link_rate), dram = bound_cycles(1, memory->rate);
  double shared = larger(s.senders * dram, s.busiest / channels * link), own = larger(larger(port, dram), s.own / channels * link);
  model_way x = {.base = (double)(p->setup + memory->latency + memory->ways * p->hop * s.hops), .slope = larger(port, shared)};
  x.drawn = larger(s.senders * dram, s.peak / channels * link);
  if (a->is_store)
    return x;
  double up = 0, setup = (double)p->setup, hop = (double)p->hop, spread = 0;
  int64_t cores = 1;
  program_chain chain = program_chain_of(c);
  bool is_cast = false;
  for (int d = 0; d < r->map->n_mesh; d++) {
    if (c->area[d] <= 1)
      continue;
    cores *= c->area[d];
    is_cast = is_cast || c->move[d] == PLAN_MULTICAST;
    up += c->move[d] == PLAN_MULTICAST && s.senders > 0 ? program_tree_hops(&p->noc, d, c->area[d]) : 0;
  }
  x.slope = x.joint = larger(own, shared);
  x.each = own;
  x.is_cast = is_cast;
  if (is_cast) {                        /* the tree: every link of it once */
    spread = larger(s.senders > 0 ? link : 0, port);
    x.base += hop * up + setup;
    x.slope += spread;
    x.each = x.joint = x.slope;
    x.beyond = x.after = spread;
    x.stepped = x.drawn;
  }
  if (chain.steps > 0) {
    double steps = (double)chain.steps;
    x.base += steps * (setup + hop);
    x.slope += steps * link;
    x.beyond = spread + steps * link;
    x.each = larger((is_cast ? larger(own, shared) : own) + spread + chain.head * link, (1 + chain.middle) * link);
    x.joint = larger(larger(own, shared) + spread + chain.head * link, (1 + chain.middle) * link);
    x.after = spread + chain.head * link;
    x.stepped = is_cast ? x.drawn : 0;
  }
  x.copies = model_copies(p, &r->grid, access, cores);
  x.link = s.senders > 0 ? x.copies * s.busiest / channels / s.most_senders : 0;
  return x;
}
