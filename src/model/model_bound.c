/* A lower bound of T over a box of block sizes, for all mappings on given cores, all orders and all choices.
 *
 *   T >= first + C + last,  R + last,  first + W,  start + K + last,  start + D + s + l of the stores
 * C: a compute node with cost >= sum of coefficient * product t_l^k_l runs sum over its turns; a loop l it stands in gives n_l (k = 0: its turns
 *    on the core with most), e_l (k = 1: the elements that core walks), e_l * least t^(k-1) (k > 1); each is at least its own least over the box.
 * start: setup and latency of the first loads; their bytes, which K and D leave out, take no more than the rest of `first`.
 * first, last: the tiles that different cores fetch (or store) at once come through the channels together.
 * R: every choice brings each core the elements it walks, at the port's rate, and one setup and latency; W: a setup and latency for each store,
 *    and its bytes.  K: bound_links.  D: each element of the box of all iterations once.  R, K and D as often as slots make loads repeat it, D and K on the channels
 *    that waves may lie on (model_bound_slots.c). */
#include "model/model_bound.h"
#include <math.h>

static double bound_turns(const program_turns *t) {
  double n = 0;
  for (int i = 0; i < t->n; i++)
    n += (double)t->count[i];
  return n;
}

static double bound_walked(const program_turns *t) {
  double e = 0;
  for (int i = 0; i < t->n; i++)
    e += (double)t->count[i] * (double)t->size[i];
  return e;
}

static double bound_padded(const program_turns *t, int64_t unit) {
  double e = 0;
  for (int i = 0; i < t->n; i++)
    e += (double)t->count[i] * (double)(model_ceil(t->size[i], unit) * unit);
  return e;
}

static bool is_one(const bounder *b, int symbol) { return b->least[symbol] == b->most[symbol]; }

static void bound_causal(bounder *b, int l, const int32_t *cores) {
  const model_program *p = b->p;
  const program_loop *x = &p->loop[l], *outer = &p->loop[x->outer];
  int64_t extent, sum, longest;
  if (!is_one(b, x->symbol) || !is_one(b, outer->symbol) || !program_extent(p, x->outer, b->least, &extent))
    return;
  if (program_causal_turns(p, l, b->least, model_ceil(extent, b->least[outer->symbol]), cores[x->outer], &sum, &longest))
    b->runs[l] = (double)sum;
}

/* A loop whose extent moves with an iterator gives nothing by itself (its turns are bounded together with that loop's). */
static void bound_loop(bounder *b, int l, const int32_t *cores, const model_domain *d, const int32_t *from, const int32_t *to) {
  const model_program *p = b->p;
  const program_loop *x = &p->loop[l];
  int64_t extent = x->size.kind == PROGRAM_CONST ? x->size.value : x->size.kind == PROGRAM_BLOCK ? b->least[x->size.symbol] : 0;
  if (x->causal) {
    bound_causal(b, l, cores);
    return;
  }
  if (extent <= 0)
    return;
  const model_domain *z = &d[x->symbol];
  const int64_t unit = p->unit[x->symbol] > 0 ? p->unit[x->symbol] : 1;
  if (l >= p->n_parallel && !p->pads) {      /* the last turn has what is left: all of the extent, whatever the block */
    b->turns[l] = (double)model_ceil(extent, z->at[to[x->symbol]]);
    b->walked[l] = (double)extent;
    b->padded[l] = (double)(model_ceil(extent, unit) * unit);      /* turns that round up one by one round up to no less */
    b->tiled[l] = p->moves_itself ? INFINITY : b->walked[l];
    for (int32_t i = from[x->symbol]; p->moves_itself && i <= to[x->symbol]; i++)
      b->tiled[l] = smaller(b->tiled[l], (double)(model_ceil(extent, z->at[i]) * z->at[i]));
    return;
  }
  b->turns[l] = b->walked[l] = b->padded[l] = b->tiled[l] = INFINITY;
  for (int32_t i = from[x->symbol]; i <= to[x->symbol]; i++) {
    program_turns t;
    if (l < p->n_parallel)
      program_parallel_turns(p, extent, z->at[i], cores[l], &t);
    else
      program_sequential_turns(p, extent, z->at[i], &t);
    b->turns[l] = smaller(b->turns[l], bound_turns(&t));
    b->walked[l] = smaller(b->walked[l], bound_walked(&t));
    b->padded[l] = smaller(b->padded[l], bound_padded(&t, unit));
    b->tiled[l] = smaller(b->tiled[l], p->moves_itself ? bound_turns(&t) * (double)z->at[i] : bound_walked(&t));
  }
}

/* Turns of a causal loop and of the loop it depends on together, at whole tiles; the loops it stands for are added to *done. */
static double causal_factor(const bounder *b, const program_compute *x, const program_monomial *term, uint32_t *done) {
  const model_program *p = b->p;
  for (int l = p->n_parallel; l < p->n_loops; l++) {
    if (!(x->loops & 1u << l) || !p->loop[l].causal)
      continue;
    const int pair[] = {l, p->loop[l].outer};
    double v = b->runs[l];
    for (int i = 0; i < 2; i++) {
      *done |= 1u << pair[i];
      int s = p->loop[pair[i]].symbol;
      v *= pow((double)b->least[s], term->power[s]);
    }
    return v;
  }
  return 1;
}

/* One monomial of a node's cost over all its runs. */
static double bound_term(const bounder *b, const program_compute *x, const program_monomial *term) {
  const model_program *p = b->p;
  bool used[MODEL_BLOCKS_MAX] = {false};
  uint32_t done = 0;
  double v = term->coefficient * causal_factor(b, x, term, &done);
  for (int l = p->n_loops - 1; l >= 0; l--) {
    if (!(x->loops & 1u << l))
      continue;
    if (done & 1u << l) {
      used[p->loop[l].symbol] = true;
      continue;
    }
    int s = p->loop[l].symbol, power = used[s] ? 0 : term->power[s];
    used[s] = true;
    v *= power == 0 ? b->turns[l] : power == 1 && term->unit[s] > 0 && term->unit[s] == p->unit[s] ? b->padded[l] : b->walked[l];
    for (int q = 1; q < power; q++)
      v *= (double)b->least[s] > 1 && p->pads ? (double)b->least[s] : 1;      /* an edge may be as small as one element */
  }
  for (int s = 0; s < p->n_blocks; s++)
    for (int q = 0; !used[s] && q < term->power[s]; q++)
      v *= (double)b->least[s];
  return v;
}

static double bound_compute(const bounder *b) {
  double sum = 0;
  for (int i = 0; i < b->p->n_compute; i++) {
    const program_compute *x = &b->p->compute[i];
    double most = 0;
    for (int k = 0; k < 2 && x->copy < 0; k++) {
      double v = 0;
      for (int t = 0; t < x->lower[k].n; t++)
        v += bound_term(b, x, &x->lower[k].at[t]);
      most = larger(most, v);
    }
    sum += most;
  }
  return sum;
}

/* Elements that any core with most turns walks through an access; the dims that step with one loop count once each. */
static double bound_bytes(const bounder *b, const program_access *a, bool one_tile) {
  double v = (double)a->elem_bytes;
  uint32_t done = 0;
  for (int d = 0; d < a->rank; d++) {
    const program_size *z = &a->size[d];
    int l = a->loop[d];
    double size = z->kind == PROGRAM_CONST ? (double)z->value : z->kind == PROGRAM_BLOCK ? (double)b->least[z->symbol] : 0;
    if (!one_tile && l >= 0 && !(done & 1u << l)) {
      done |= 1u << l;
      if (a->is_tiled[d])
        size = b->tiled[l];
      else
        size *= b->turns[l];
    } else if (!one_tile && a->is_tiled[d]) {
      size = 1;
    }
    v *= size;
  }
  return v;
}

/* Least extent of what a tiled dim walks through over the whole grid: the loop's own; where that is the block of a parallel loop that the access moves with, all
 * its blocks together.  0: not known. */
static double whole_extent(const bounder *b, const program_access *a, int l) {
  const program_loop *x = &b->p->loop[l];
  if (x->causal)
    return 0;
  if (x->size.kind == PROGRAM_CONST)
    return (double)x->size.value;
  for (int o = 0; x->size.kind == PROGRAM_BLOCK && o < b->p->n_parallel; o++) {
    const program_loop *outer = &b->p->loop[o];
    if (outer->symbol == x->size.symbol && outer->size.kind == PROGRAM_CONST && (a->moves & 1u << o) && !(a->steps & 1u << o) && (a->loops & 1u << o))
      return (double)outer->size.value;
  }
  return 0;
}

/* Each element once: dims that step with a loop of known extent, one tile of the others. */
static double bound_dram(const bounder *b, const program_access *a) {
  double v = (double)a->elem_bytes;
  uint32_t done = 0;
  for (int d = 0; d < a->rank; d++) {
    const program_size *z = &a->size[d];
    int l = a->loop[d];
    double size = z->kind == PROGRAM_CONST ? (double)z->value : z->kind == PROGRAM_BLOCK ? (double)b->least[z->symbol] : 0;
    if (a->is_tiled[d]) {
      double extent = done & 1u << l ? 0 : whole_extent(b, a, l);
      size = extent > 0 ? extent : 1;
      done |= 1u << l;
    }
    v *= size;
  }
  return v;
}

/* Different tiles that the cores fetch at once in the first wave, or store in the last one, at least. */
static double bound_tiles(const bounder *b, const program_access *a, const int32_t *cores) {
  double n = 1;
  for (int i = 0; i < b->p->n_parallel; i++) {
    const program_loop *x = &b->p->loop[i];
    if (!(a->moves & 1u << i) || i == a->only_first || x->size.kind != PROGRAM_CONST)
      continue;
    int64_t most = model_ceil(x->size.value, b->least[x->symbol]), least = model_ceil(x->size.value, b->most[x->symbol]);
    if (!a->is_store || most <= cores[i])      /* one wave: the last is the first */
      n *= (double)model_min(least, cores[i]);
  }
  return n;
}

/* Cores that fetch in the first wave when none share. */
static double bound_senders(const bounder *b, const program_access *a, const int32_t *cores) {
  double n = 1;
  for (int i = 0; i < b->p->n_parallel; i++) {
    const program_loop *x = &b->p->loop[i];
    if (i == a->only_first)
      continue;
    if (!(a->active_by & 1u << i))
      n *= cores[i];
    else if (x->size.kind == PROGRAM_CONST)
      n *= (double)model_min(model_ceil(x->size.value, b->most[x->symbol]), cores[i]);
  }
  return n;
}

/* The first load (of all cores at once), or the last store, at least: for each core itself, or shared and then handed on. */
static bound_last bound_end(const bounder *b, const program_access *a, const int32_t *cores, const bound_slot *slot) {
  const model_program *p = b->p;
  double bytes = bound_bytes(b, a, true) * slot->times, start = (double)(p->setup + a->memory->latency), drawn = bound_cycles(1, a->memory->rate) * slot->spread;
  double tiles = bound_tiles(b, a, cores), shared = larger(slot->own, drawn * tiles);
  if (a->is_store)
    return (bound_last){start + bytes * shared, shared};
  double senders = bound_senders(b, a, cores), own = larger(slot->own, drawn * senders);
  if (senders <= tiles)
    return (bound_last){start + bytes * own, own};
  shared += smaller(bound_cycles(1, p->port_rate), bound_cycles(1, p->link_rate));
  return (bound_last){start + smaller(bytes * own, (double)p->setup + bytes * shared), smaller(own, shared)};
}

/* Of the waves in which access `a` is fetched, the part that has bound_tiles senders at least. */
static double full_part(const bounder *b, const program_access *a, const int32_t *cores) {
  double part = 1;
  for (int i = 0; i < b->p->n_parallel; i++) {
    const program_loop *x = &b->p->loop[i];
    if (!(a->moves & 1u << i) || i == a->only_first || x->size.kind != PROGRAM_CONST)
      continue;
    int64_t most = model_ceil(x->size.value, b->least[x->symbol]), least = model_ceil(x->size.value, b->most[x->symbol]);
    if (most > cores[i]) {              /* t tiles are floor(t / cores) full waves and a rest */
      double waves = (double)model_max(least / cores[i], 1);
      part *= waves / (waves + 1);
    }
  }
  return part;
}

/* Cycles of the busiest link: the senders of a wave are different cores, each with a tile; those that load the link least are counted, on the part of the mesh
 * where that is least. */
static double bound_links(const bounder *b, const int32_t *cores, const bound_parts *parts, const model_reach *reach, int n_reach) {
  const model_program *p = b->p;
  double least = INFINITY;
  for (int k = 0; k < n_reach; k++) {
    double bytes = 0;
    for (int a = 0; a < p->n_access; a++) {
      const program_access *x = &p->access[a];
      if (x->is_store || x->memory->is_l1)      /* other links are the busiest of those */
        continue;
      double n = bound_tiles(b, x, cores);
      int64_t whole = n < (double)reach[k].n_cores ? (int64_t)n : reach[k].n_cores;
      if (whole > 0)
        bytes += parts->once[a] * parts->spread[a] * full_part(b, x, cores) * model_reach_least(&reach[k], whole) / (double)whole;
    }
    least = smaller(least, bytes);
  }
  return n_reach > 0 && p->link_rate ? least * 1024 / (double)p->link_rate : 0;
}

/* Least bytes of a tile over the box. */
static double tile_bytes(const bounder *b, const program_access *a) {
  double v = (double)a->elem_bytes;
  bool is_point = memcmp(b->least, b->most, (size_t)b->p->n_blocks * sizeof *b->least) == 0;
  for (int d = 0; d < a->rank; d++) {
    int64_t size = 0;
    if (a->size[d].kind == PROGRAM_CODE && a->size[d].is_falling && !is_point)
      return 0;
    v *= program_size_at(&a->size[d], b->least, &size) ? (double)size : 0;
  }
  return v;
}

/* Room for second slots: does every load have it? */
static void bound_spare(bounder *b, const model_known *k, bound_parts *x) {
  const model_program *p = b->p;
  double all = 0;
  x->is_tight = false;
  x->one_slot = k->one_slot;
  x->spare = INFINITY;
  if (k->l1_bytes <= 0)
    return;
  for (int i = 0; i < p->n_access; i++)
    for (int s = 0; s < x->n_slots[i] && !p->access[i].is_store; s++)
      all += x->held[i] * (s == 0 ? 1 : 2 * x->slot[i][s].times);      /* more than any of its slots needs */
  x->spare = (double)(k->l1_bytes + p->n_access * p->l1_align - bound_packed(b));
  x->is_tight = all > x->spare;
}

static void list_parts(bounder *b, const int32_t *cores, const model_known *k, double compute, bound_parts *x) {
  const model_program *p = b->p;
  x->compute = compute;
  x->writer = 0;
  x->start = (double)p->start;
  for (int i = 0; i < p->n_access; i++) {
    const program_access *a = &p->access[i];
    x->once[i] = bound_dram(b, a);
    x->walked[i] = bound_bytes(b, a, false);
    x->tile[i] = tile_bytes(b, a);
    x->held[i] = a->passes ? x->tile[i] / (double)PROGRAM_PASSING : x->tile[i];
    x->n_slots[i] = bound_slots(b, cores, i, x->held[i], k->l1_bytes, x->slot[i]);
    x->spread[i] = x->slot[i][0].spread * x->slot[i][0].repeats;
    for (int s = 0; s < x->n_slots[i]; s++) {
      x->end[i][s] = bound_end(b, a, cores, &x->slot[i][s]);
      x->spread[i] = smaller(x->spread[i], x->slot[i][s].spread * x->slot[i][s].repeats);
    }
    if (!a->is_store)
      continue;
    double stores = 1;
    for (int l = 0; l < p->n_loops; l++)
      if (a->loops & 1u << l)
        stores *= l == a->only_first ? 1 : b->turns[l];
    x->writer += larger(stores * x->start, x->start) + bound_cycles(x->walked[i], p->port_rate);
  }
  x->links = bound_links(b, cores, x, k->reach, k->n_reach);
  bound_spare(b, k, x);
}

static void set_box(bounder *b, const int32_t *cores, const model_domain *d, const int32_t *from, const int32_t *to) {
  const model_program *p = b->p;
  for (int s = 0; s < p->n_blocks; s++) {
    b->least[s] = d[s].at[from[s]];
    b->most[s] = d[s].at[to[s]];
  }
  for (int l = 0; l < p->n_loops; l++)
    bound_loop(b, l, cores, d, from, to);
}

int64_t model_bound(const model_program *p, const int32_t *cores, const model_known *k, const model_domain *d, const int32_t *from, const int32_t *to) {
  bounder b = {.p = p};
  bound_parts x;
  set_box(&b, cores, d, from, to);
  list_parts(&b, cores, k, bound_compute(&b), &x);
  return bound_by_ways(p, &x, k);
}

static void set_point(bounder *b, const model_point *at, const model_known *k, bound_parts *x) {
  model_domain d[MODEL_BLOCKS_MAX];
  int32_t zero[MODEL_BLOCKS_MAX] = {0};
  for (int s = 0; s < b->p->n_blocks; s++)
    d[s] = (model_domain){&at->block[s], 1};
  set_box(b, at->grid.cores, d, zero, zero);
  list_parts(b, at->grid.cores, k, larger(bound_compute(b), (double)at->compute), x);
}

int64_t model_bound_point(const model_program *p, const model_point *at, const model_known *k) {
  bounder b = {.p = p};
  bound_parts x;
  set_point(&b, at, k, &x);
  return bound_by_ways(p, &x, k);
}

void model_bound_each(const model_program *p, const int32_t *cores, const model_known *k, const model_domain *d, const int32_t *from, const int32_t *to, int64_t *out) {
  bounder b = {.p = p};
  bound_parts x;
  set_box(&b, cores, d, from, to);
  list_parts(&b, cores, k, bound_compute(&b), &x);
  bound_each_way(p, &x, k, out);
}

void model_bound_each_at(const model_program *p, const model_point *at, const model_known *k, int64_t *out) {
  bounder b = {.p = p};
  bound_parts x;
  set_point(&b, at, k, &x);
  bound_each_way(p, &x, k, out);
}
