/* What is known of a way from its first wave: for bounds, which need no loads of single links.
 *
 * Who sends is a set of nodes: bits.  Mappings by the hundred have few different ones, so what a set costs is kept. */
#include "model/model_bound.h"
#include "base/hash.h"

enum { CACHE_BYTES = 1 << 20, CACHE_MAX = 1 << 12, CACHE_MIN = 1 << 4 };

typedef struct sending { int32_t senders, hops, own, busiest, peak; /* counts of channels; peak: of one phase */ int32_t way, apart; const program_memory *memory; bool is_set; } sending;

struct model_router {
  arena *mem;
  const model_program *p;
  const plan_mapping *map; model_grid grid;
  int n_words;
  uint64_t **below[PLAN_MESH_MAX], **heads[PLAN_MESH_MAX];    /* [0..size]: nodes with a coordinate below it, with a multiple of it; NULL: not yet asked for */
  bool has_index; int32_t *index[PLAN_ITERS_MAX];             /* by node: among the cores of each parallel loop */
  uint64_t *set;                        /* the senders at hand */
  int64_t limit[PLAN_ITERS_MAX]; uint64_t *limited[PLAN_ITERS_MAX];      /* nodes with a lower index; limit -1: not yet asked for */
  size_t n_cache; sending *cache; uint64_t *cached_set;
  int32_t *sends, *room, *load;         /* for model_noc_count */
};

model_router *model_router_make(arena *m, const model_program *p) {
  model_router *r = ARENA_NEW(m, model_router);
  const model_noc *noc = &p->noc;
  r->mem = m;
  r->p = p;
  r->n_words = (noc->n_nodes + 63) / 64;
  for (int d = 0; d < noc->n_dims; d++) {
    r->below[d] = ARENA_NEW_N(m, uint64_t *, noc->size[d] + 1);
    r->heads[d] = ARENA_NEW_N(m, uint64_t *, noc->size[d] + 1);
  }
  for (int i = 0; i < p->n_parallel; i++) {
    r->index[i] = ARENA_NEW_N(m, int32_t, noc->n_nodes);
    r->limited[i] = ARENA_NEW_N(m, uint64_t, r->n_words);
  }
  size_t bytes = sizeof(sending) + (size_t)r->n_words * sizeof(uint64_t);
  for (r->n_cache = CACHE_MAX; r->n_cache > CACHE_MIN && r->n_cache * bytes > CACHE_BYTES;)
    r->n_cache /= 2;
  r->cache = ARENA_NEW_N(m, sending, r->n_cache);
  r->cached_set = ARENA_NEW_N(m, uint64_t, r->n_cache * (size_t)r->n_words);
  r->set = ARENA_NEW_N(m, uint64_t, r->n_words);
  r->sends = ARENA_NEW_N(m, int32_t, noc->n_nodes);
  r->room = ARENA_NEW_N(m, int32_t, noc->n_nodes);
  r->load = ARENA_NEW_N(m, int32_t, noc->n_links);
  return r;
}

void model_router_place(model_router *r, const plan_mapping *map) {
  r->map = map;
  model_grid_of(map, &r->grid);
  r->has_index = false;
  for (int i = 0; i < PLAN_ITERS_MAX; i++)
    r->limit[i] = -1;
}

/* The index of each node is the sum of what its coordinates add: dim by dim from the last, each row a copy of the one before it.  Rows that are not in use stay
 * like the first. */
static void place_nodes(model_router *r) {
  const model_noc *noc = &r->p->noc;
  for (int i = 0; i < r->p->n_parallel; i++)
    r->index[i][0] = 0;
  for (int d = noc->n_dims - 1; d >= 0; d--) {
    int32_t stride = noc->stride[d], used = d < r->map->n_mesh ? (int32_t)r->map->mesh_size[d] : 1;
    for (int32_t v = 1; v < (int32_t)noc->size[d]; v++) {
      int32_t added[PLAN_ITERS_MAX] = {0};
      if (v < used)
        program_add_levels(r->map, d, v, added);
      for (int i = 0; i < r->p->n_parallel; i++) {
        const int32_t *from = r->index[i];
        int32_t *to = r->index[i] + v * stride, by = added[i];
        for (int32_t k = 0; k < stride; k++)
          to[k] = from[k] + by;
      }
    }
  }
  r->has_index = true;
}

static void set_bit(uint64_t *set, int node) { set[node / 64] |= UINT64_C(1) << node % 64; }

static const uint64_t *nodes_below(model_router *r, int d, int64_t limit) {
  uint64_t **at = &r->below[d][limit];
  if (!*at) {
    *at = ARENA_NEW_N(r->mem, uint64_t, r->n_words);
    for (int node = 0; node < r->p->noc.n_nodes; node++)
      if (r->p->noc.coord[node][d] < limit)
        set_bit(*at, node);
  }
  return *at;
}

static const uint64_t *head_nodes(model_router *r, int d, int64_t area) {
  uint64_t **at = &r->heads[d][area];
  if (!*at) {
    *at = ARENA_NEW_N(r->mem, uint64_t, r->n_words);
    for (int node = 0; node < r->p->noc.n_nodes; node++)
      if (r->p->noc.coord[node][d] % area == 0)
        set_bit(*at, node);
  }
  return *at;
}

/* With an index below the limit in parallel loop i. */
static const uint64_t *first_nodes(model_router *r, int i, int64_t limit) {
  if (r->limit[i] == limit)
    return r->limited[i];
  if (!r->has_index)
    place_nodes(r);
  r->limit[i] = limit;
  const int32_t *index = r->index[i];
  for (int w = 0, node = 0; w < r->n_words; w++) {
    uint64_t bits = 0;
    for (int k = 0; k < 64 && node < r->p->noc.n_nodes; k++, node++)
      bits |= (uint64_t)(index[node] < limit) << k;
    r->limited[i][w] = bits;
  }
  return r->limited[i];
}

static void keep_both(const model_router *r, const uint64_t *other) {
  for (int w = 0; w < r->n_words; w++)
    r->set[w] &= other[w];
}

/* Nodes that fetch or store the access for themselves and for those they share with. */
static void find_senders(model_router *r, const program_access *a, const plan_choice *c, const int64_t *active) {
  const model_noc *noc = &r->p->noc;
  memset(r->set, 0xff, (size_t)r->n_words * sizeof *r->set);
  if (noc->n_nodes % 64)
    r->set[r->n_words - 1] = (UINT64_C(1) << noc->n_nodes % 64) - 1;
  for (int d = 0; d < noc->n_dims; d++) {
    int64_t used = d < r->map->n_mesh ? r->map->mesh_size[d] : 1;
    if (used < noc->size[d])
      keep_both(r, nodes_below(r, d, used));
    if (d < r->map->n_mesh && c->area[d] > 1)
      keep_both(r, head_nodes(r, d, c->area[d]));
  }
  for (int i = 0; i < r->p->n_parallel; i++) {
    int64_t limit = program_active_limit(a, i, active);
    if (limit < 0 || limit >= r->grid.cores[i])
      continue;
    keep_both(r, first_nodes(r, i, limit));
  }
}

/* The busiest link; senders in r->sends. */
static int32_t count_busiest(model_router *r, const model_noc *noc, int way) {
  int32_t most = 0;
  memset(r->load, 0, (size_t)noc->n_links * sizeof *r->load);
  model_noc_count(noc, way, r->sends, r->room, r->load);
  for (int l = 0; l < noc->n_links; l++)
    most = r->load[l] > most ? r->load[l] : most;
  return most;
}

static void count_sending(model_router *r, const program_access *a, sending *out) {
  const model_noc *noc = a->memory->noc;
  int way = a->is_store;
  *out = (sending){.way = way, .apart = a->apart, .memory = a->memory, .is_set = true};
  memset(r->sends, 0, (size_t)noc->n_nodes * sizeof *r->sends);
  for (int w = 0; w < r->n_words; w++)
    for (uint64_t left = r->set[w]; left; left &= left - 1) {
      int node = w * 64 + __builtin_ctzll(left);
      r->sends[node] = 1;
      out->senders++;
      out->hops = noc->hops[way][node] > out->hops ? noc->hops[way][node] : out->hops;
      out->own = noc->most[way][node] > out->own ? noc->most[way][node] : out->own;
    }
  out->busiest = count_busiest(r, noc, way);
  out->peak = a->phase ? 0 : out->busiest;
  for (int i = 0; a->phase && i < a->apart; i++) {
    int32_t most = count_busiest(r, &a->phase[i], way);
    out->peak = most > out->peak ? most : out->peak;
  }
}

static const sending *find_sending(model_router *r, const program_access *a) {
  int way = a->is_store;
  size_t bytes = (size_t)r->n_words * sizeof *r->set, i = hash_table((uint64_t)way, r->set, bytes) & (r->n_cache - 1);
  uint64_t *set = r->cached_set + i * (size_t)r->n_words;
  sending *x = &r->cache[i];
  if (!x->is_set || x->way != way || x->apart != a->apart || x->memory != a->memory || memcmp(set, r->set, bytes) != 0) {
    count_sending(r, a, x);
    memcpy(set, r->set, bytes);
  }
  return x;
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
  find_senders(r, a, c, active);
  const sending *s = find_sending(r, a);
  const program_memory *memory = a->memory;
  double channels = memory->noc->n_channels > 0 ? memory->noc->n_channels : 1, port = bound_cycles(1, p->port_rate), link = bound_cycles(1, p->link_rate), dram = bound_cycles(1, memory->rate);
  double shared = larger(s->senders * dram, s->busiest / channels * link), own = larger(larger(port, dram), s->own / channels * link);
  model_way x = {.base = (double)(p->setup + memory->latency + memory->ways * p->hop * s->hops), .slope = larger(port, shared)};
  x.drawn = larger(s->senders * dram, s->peak / channels * link);
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
    up += c->move[d] == PLAN_MULTICAST && s->senders ? program_tree_hops(&p->noc, d, c->area[d]) : 0;
  }
  x.slope = larger(own, shared);
  x.each = own;
  if (is_cast) {                        /* the tree: every link of it once */
    spread = larger(s->senders ? link : 0, port);
    x.base += hop * up + setup;
    x.slope += spread;
    x.each = x.slope;
    x.beyond = x.after = spread;
    x.stepped = x.drawn;
  }
  if (chain.steps > 0) {
    double steps = (double)chain.steps;
    x.base += steps * (setup + hop);
    x.slope += steps * link;
    x.beyond = spread + steps * link;
    x.each = larger((is_cast ? larger(own, shared) : own) + spread + chain.head * link, (1 + chain.middle) * link);
    x.after = spread + chain.head * link;
    x.stepped = is_cast ? x.drawn : 0;
  }
  x.copies = model_copies(p, &r->grid, access, cores);
  x.link = s->senders ? x.copies * s->busiest / channels / s->senders : 0;
  return x;
}
