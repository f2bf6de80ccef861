/* Vectors of single accesses (model.h says what the letters mean; model_total.c adds them up).
 *
 *   b  bytes of a slot (tile times panel)        N  times loaded        s, l, h  transfer_setup, DRAM latency, hop       P, k, B  rates of port, link, DRAM
 *   own    = s + l + H*h + max(b/P, own*b/k, b*channels/(B*min(channels, channels of the box)))
 *   share  = s + l + H*h + max(senders*b*channels/(B*channels of all boxes), busiest*b/k)
 *   unicast    R = own, the first max(own, share): later ones drift apart, and their sharing is in D, K and what a core finds in use (model_total.c); beside a
 *              multicast, which keeps the cores in step, R = max(own, share) as well (so too for the heads of chains)
 *   multicast  R = own + G*h + s + max(tree*b/k, b/P), all of them in step max(own, share) + the same
 *   chain      R = max(own + i*(s + b/k), 2*h + (1 + j)*(s + b/k)), the first max(own, share) + steps*(s + h + b/k): the first core hands it on i times, others j times
 *   of a tensor in L1: channels, their rate B and their links are those of all cores, l is H*h, for the word that is sent first, and nothing counts in D
 *   where runs cost (dram.run_cycles), C also has that for every run of consecutive bytes but the first of each slot: the core itself waits for them
 *   where the core moves data itself (core.concurrent_movers), loads (the share) and stores are a part of C, and R, W and what waits for slots are none
 *   store      W = s + l + H*h + max(b/P, senders*b/B, busiest*b/k) */
#include "model/model_program.h"

/* ---- one access ---- */

model_lift model_lift_of(const model_program *p, const int8_t *order, int access, const plan_choice *c) {
  const program_access *a = &p->access[access];
  model_lift x = {0, 0};
  int n = p->n_parallel + a->n_seq;
  for (int i = 0; i < c->hoist && i < n; i++) {
    int from_outside = n - 1 - i;
    uint32_t loop = 1u << (from_outside < p->n_parallel ? order[from_outside] : a->seq[from_outside - p->n_parallel]);
    x.over |= loop;
    if (c->panel & 1u << i)
      x.panel |= loop;
  }
  return x;
}

/* Turns of the sequential loops it is left in, for each wave of the parallel ones it is left in; *waves: those. */
static bool count_turns(const model_program *p, const model_point *at, const program_access *a, uint32_t over, int64_t *turns, int64_t *waves) {
  *turns = *waves = 1;
  uint32_t summed = 0;
  for (int i = 0; i < p->n_parallel; i++)
    if (!(over & 1u << i) && !model_scale(waves, at->trips[i]))
      return false;
  for (int i = 0; i < a->n_seq; i++) {
    int l = a->seq[i], outer = p->loop[l].outer;
    if (over & 1u << l)
      continue;
    bool is_summed = p->loop[l].causal && !((over | summed) & 1u << outer) && at->trips[outer] > 0;
    if (!model_scale(turns, is_summed ? at->runs[l] : at->trips[l]))
      return false;
    if (is_summed) {
      summed |= 1u << outer;
      *turns = model_ceil(*turns, at->trips[outer]);
    }
  }
  return true;
}

static bool slot_bytes(const model_program *p, const model_point *at, const program_access *a, uint32_t panel, int64_t *out) {
  if (!program_tile_bytes(a, at->block, out))
    return false;
  for (int l = 0; l < p->n_loops; l++)
    if ((panel & 1u << l) && !model_scale(out, at->trips[l]))
      return false;
  return true;
}

/* Extent of dim d of the box, panels and all. */
static int64_t box_extent(const model_point *at, const program_access *a, uint32_t panel, int d) {
  int64_t v = 1;
  program_size_at(&a->size[d], at->block, &v);
  if (a->loop[d] >= 0 && (panel & 1u << a->loop[d]))
    v *= at->trips[a->loop[d]];
  return model_min(v, model_max(a->shape[d], 1));
}

/* The same for all cores of a wave together. */
static int64_t wave_extent(const model_program *p, const model_point *at, const program_access *a, uint32_t panel, int d) {
  int64_t v = box_extent(at, a, panel, d);
  int l = a->loop[d];
  if (l >= 0 && l < p->n_parallel && l != a->only_first)
    v *= at->grid.cores[l];
  return model_min(v, model_max(a->shape[d], 1));
}

/* *wave: those of all cores that fetch at once. */
static int64_t box_channels(const model_program *p, const model_point *at, const program_access *a, uint32_t panel, int64_t *wave) {
  int64_t own[NEST_RANK_MAX], all[NEST_RANK_MAX];
  for (int d = 0; d < a->rank; d++) {
    own[d] = box_extent(at, a, panel, d);
    all[d] = wave_extent(p, at, a, panel, d);
  }
  *wave = program_channels(a, all);
  return program_channels(a, own);
}

/* What the runs of a slot cost beyond one; of what passes through, the next ones are asked for in time. */
static int64_t run_cycles(const model_program *p, const model_point *at, const program_access *a, uint32_t panel) {
  int64_t extent[NEST_RANK_MAX], runs;
  if (!p->run || (a->passes && !a->waits_for_runs))
    return 0;
  for (int d = 0; d < a->rank; d++)
    extent[d] = box_extent(at, a, panel, d);
  runs = model_max(program_runs(a, extent) - 1, 0);
  return model_scale(&runs, p->run) ? runs : MODEL_MOST;
}

/* DRAM bytes of the whole machine: what the loops it is left in touch, edges clamped; a parallel loop it does not move with repeats it on every
 * core that fetches for itself, surplus ones too (a causal loop has no turns there). */
static bool dram_bytes(const model_program *p, const model_point *at, const program_access *a, const plan_choice *c, uint32_t over, int64_t share, int64_t *out) {
  (void)c;
  *out = a->elem_bytes;
  uint32_t done = 0;
  for (int l = p->n_parallel; l < p->n_loops; l++) {      /* causal loops: every tile of the loop they depend on has its own length */
    int outer = p->loop[l].outer;
    if (!(a->loops & 1u << l) || !p->loop[l].causal || ((over | done) & (1u << l | 1u << outer)))
      continue;
    int64_t slots[MODEL_BLOCKS_MAX + 1], outer_extent, sum = 0, block = at->block[p->loop[l].symbol], outer_block = at->block[p->loop[outer].symbol];
    program_extent(p, outer, at->block, &outer_extent);      /* the point's waves have it, too */
    memcpy(slots, at->block, (size_t)p->n_blocks * sizeof *slots);
    for (int64_t tile = 0; tile * outer_block < outer_extent; tile++) {
      int64_t extent;
      slots[p->n_blocks] = tile;
      if (!sym_run(p->loop[l].causal, slots, &extent))
        return false;
      int64_t turns = a->steps & 1u << l ? extent : model_ceil(model_max(extent, 0), block);
      int64_t rows = a->steps & 1u << outer ? model_min(outer_block, outer_extent - tile * outer_block) : 1;
      if (extent > 0 && (!model_scale(&turns, rows) || (sum += turns) > MODEL_MOST))
        return false;
    }
    if (!model_scale(out, sum))
      return false;
    done |= 1u << l | 1u << outer;
  }
  for (int d = 0; d < a->rank; d++) {
    int l = a->loop[d];
    if (l >= 0 && (done & 1u << l))
      continue;
    int64_t v, extent;
    program_size_at(&a->size[d], at->block, &v);      /* the slot has it, too */
    if (l >= 0) {
      if (!program_size_at(&p->loop[l].size, at->block, &extent))
        return false;
      if (a->is_tiled[d])
        v = extent;
      else if (!model_scale(&v, model_ceil(extent, at->block[p->loop[l].symbol])))
        return false;
    }
    if (!model_scale(out, v))
      return false;
  }
  for (int l = 0; l < p->n_loops; l++) {
    if (((a->steps | done) & 1u << l) || !(a->loops & 1u << l))
      continue;
    int64_t times = over & 1u << l ? 1 : at->trips[l], extent;
    if (l < p->n_parallel && (a->moves & 1u << l)) {      /* through its offset: each tile once */
      program_extent(p, l, at->block, &extent);
      times = model_ceil(extent, at->block[p->loop[l].symbol]);
    }
    if (l == a->only_first)
      times = 1;
    if (!model_scale(out, times))
      return false;
  }
  for (int i = 0; i < p->n_parallel; i++)
    if (!((a->moves | done) & 1u << i) && i != a->only_first && !model_scale(out, at->grid.cores[i]))
      return false;
  *out /= share;
  return true;
}

/* ---- times ---- */

static int64_t route_start(const model_program *p, const program_access *a, const model_route *r) { return p->setup + a->memory->latency + a->memory->ways * p->hop * r->hops; }

/* ceil(x_1024 * bytes / 1024 / k) */
static int64_t on_links(const model_program *p, int64_t x_1024, int64_t bytes) {
  int64_t load;
  if (p->link_rate && !__builtin_mul_overflow(bytes, x_1024, &load) && load <= INT64_MAX - p->link_rate)
    return (load + p->link_rate - 1) / p->link_rate;
  return p->link_rate ? (int64_t)(((__int128)bytes * x_1024 + p->link_rate - 1) / p->link_rate) : 0;
}

static int64_t own_cycles(const model_program *p, const program_access *a, const model_route *r, int64_t bytes, int64_t channels) {
  int64_t spread = model_cycles(bytes * a->memory->channels, a->memory->rate * channels);
  return route_start(p, a, r) + model_max(model_max(model_cycles(bytes, p->port_rate), on_links(p, r->own_x1024, bytes)), spread);
}

/* The busiest link when the boxes of all lie on so many channels: where these are every apart-th, it carries what comes from those alone. */
static int64_t busiest_of(const program_access *a, const model_route *r, int64_t channels) {
  return channels * a->apart == a->memory->channels ? r->peak_x1024 : r->busiest_x1024;
}

/* `channels`: that hold what all of them move. */
static int64_t share_cycles(const model_program *p, const program_access *a, const model_route *r, int64_t bytes, int64_t channels) {
  int64_t busiest = busiest_of(a, r, channels);
  return route_start(p, a, r) + model_max(model_cycles(bytes * r->senders * a->memory->channels, a->memory->rate * channels), on_links(p, busiest, bytes * a->memory->channels / channels));
}

typedef struct load_time { int64_t each, first, shared, in_step, inner; } load_time;      /* shared: with all others at once; in_step: each, when all begin it together */

static void time_load(const model_program *p, const program_access *a, const plan_choice *c, const model_route *r, int64_t bytes, int64_t channels, int64_t wave_channels, load_time *out) {
  int64_t own = own_cycles(p, a, r, bytes, channels), both = model_max(own, share_cycles(p, a, r, bytes, wave_channels)), spread = 0;
  program_chain chain = program_chain_of(c);
  bool is_multicast = false;
  for (int d = 0; d < PLAN_MESH_MAX; d++)
    is_multicast = is_multicast || (c->area[d] > 1 && c->move[d] == PLAN_MULTICAST);
  if (is_multicast)
    spread = p->hop * r->tree_hops + p->setup + model_max(on_links(p, r->tree_x1024, bytes), model_cycles(bytes, p->port_rate));
  if (chain.steps > 0) {
    int64_t send = p->setup + model_cycles(bytes, p->link_rate), head = spread + chain.head * send, middle = 2 * p->hop + (1 + chain.middle) * send;
    out->each = model_max(own + head, middle);
    out->in_step = model_max(both + head, middle);
    out->first = out->shared = both + spread + chain.steps * (p->hop + send);
  } else {
    out->each = own + spread;
    out->first = out->shared = out->in_step = both + spread;
  }
  out->inner = is_multicast ? out->in_step : out->each;
}

/* ---- the vector ---- */

/* Calls for every class of waves of the loops that `over` leaves: the class, its share of the waves. */
typedef struct wave_walk { int w; int64_t count; int digit[PLAN_ITERS_MAX]; bool is_first, is_last; } wave_walk;

static bool next_wave(const model_program *p, const model_point *at, uint32_t over, wave_walk *k) {
  for (int i = p->n_parallel - 1; i >= 0; i--) {
    if (over & 1u << i)
      continue;
    if (++k->digit[i] < at->waves[i].n)
      return true;
    k->digit[i] = 0;
  }
  return false;
}

static void read_wave(const model_program *p, const model_point *at, uint32_t over, wave_walk *k) {
  k->w = 0;
  k->count = 1;
  k->is_last = true;
  for (int i = 0; i < p->n_parallel; i++) {
    k->w = k->w * at->waves[i].n + k->digit[i];
    if (over & 1u << i)
      continue;
    k->count *= at->waves[i].count[k->digit[i]];
    k->is_last = k->is_last && k->digit[i] == at->waves[i].n - 1;
  }
}

static int64_t gap_cycles(const model_program *p, const model_point *at, const program_access *a) {
  int64_t sum = 0, cycles;
  for (int i = 0; i < p->n_compute && i < 32; i++)
    if ((a->gap & 1u << i) && sym_run(p->compute[i].cost, at->block, &cycles))
      sum += cycles;
  return sum;
}

static bool is_in_inner(const model_program *p, const program_access *a) {
  if (p->inner < 0)
    return true;
  return a->n_seq > 0 && a->seq[a->n_seq - 1] == p->inner;
}

/* Loops one behind the other in a wave: what is read for the one hides behind its compute alone, but for the slots filled ahead, two of each run. */
static int64_t phase_cycles(const model_program *p, const model_point *at, const program_access *a, uint32_t over, int64_t reader) {
  int n_beside = 0, l = a->n_seq > 0 ? a->seq[0] : -1;
  for (int i = p->n_parallel; i < p->n_loops; i++)
    n_beside += i != l && p->n->loops.at[i].parent < 0;
  if (l < 0 || n_beside == 0 || (over & 1u << l) || at->trips[l] <= 2)
    return 0;
  return model_max(reader - reader / at->trips[l] * 2 - at->compute_in[l], 0);
}

static void price_load(const model_program *p, const program_access *a, bool stays, int64_t total, int64_t reader, const load_time *first, int64_t gap, model_vector *v) {
  v->first = a->is_first ? first->first : 0;
  v->reader_rest = a->is_first ? model_max(reader - first->each, 0) : reader;
  if (stays && is_in_inner(p, a)) {
    v->inner = first->inner;
    v->depth = 1;
  }
  int64_t waits = model_max(first->shared - gap, 0);
  if (!model_scale(&waits, total))
    waits = MODEL_MOST;
  v->serial = model_max(waits - v->first, 0);
}

/* L1 bytes of an access with `depth` slots of `bytes`: a store that is not direct leaves its accumulator beside it. */
static int64_t slots_bytes(const model_program *p, const program_access *a, const plan_choice *c, int64_t bytes, int depth) {
  int64_t sum = depth * (model_ceil(program_room(a, bytes, c), p->l1_align) * p->l1_align);
  if (a->is_store && a->direct >= 0 && !c->direct)
    sum += model_ceil(bytes / a->elem_bytes * a->value_bytes, p->l1_align) * p->l1_align;
  return sum;
}

/* What all cores fetch in their first load, at once, the first term counts. */
static void leave_first(const program_access *a, const model_route *r, int64_t bytes, int64_t wave_channels, model_vector *v) {
  __int128 fetched = (__int128)bytes * a->memory->channels / wave_channels;
  int64_t most = busiest_of(a, r, wave_channels);
  v->dram_rest = (int64_t)(v->dram_rest > fetched * r->senders ? v->dram_rest - fetched * r->senders : 0);
  for (int l = 0; l < r->n_links; l++) {
    int64_t sent = model_min((int64_t)((__int128)bytes * r->sent_x1024[l] / 1024), v->link_sent[l]), drawn = v->link_rest[l] - v->link_sent[l];
    v->link_sent[l] -= sent;
    v->link_rest[l] = v->link_sent[l] + model_max(drawn - (int64_t)(fetched * model_min(r->link_x1024[l] - r->sent_x1024[l], most) / 1024), 0);
  }
}

static bool price_store(const model_program *p, const model_point *at, const program_access *a, const plan_choice *c, int64_t bytes, int64_t writer, int64_t last,
                        const model_route *r, model_vector *v) {
  v->last = last;
  v->writer_rest = model_max(writer - last, 0);
  int64_t together = bytes;
  if (!model_scale(&together, r->senders))
    return false;
  if (v->dram_bytes > 0)
    v->dram_rest = model_max(v->dram_rest - (int64_t)((__int128)together * v->dram_rest / v->dram_bytes), 0);
  for (int l = 0; l < r->n_links; l++)
    v->link_rest[l] = model_max(v->link_rest[l] - (int64_t)((__int128)bytes * r->link_x1024[l] / 1024), 0);
  if (c->direct)
    v->exclusive = v->writer_rest;
  else if (!a->is_hidden && last > 0) {      /* compute takes the slot again when it has been emptied */
    int64_t waits = model_max(last - gap_cycles(p, at, a), 0);
    if (!model_scale(&waits, model_ceil(v->writer_rest, last)))
      waits = MODEL_MOST;
    v->exclusive = model_min(waits, v->writer_rest);
  }
  return true;
}

bool model_access_moves(const model_program *p, int access, int loop) {
  const program_access *a = &p->access[access];
  return (a->moves & 1u << loop) || a->only_first == loop;
}

bool model_may_be_direct(const model_program *p, int access) { return p->access[access].direct >= 0; }

/* floor(x * bytes / all), in 64 bits where that is possible. */
static int64_t share_of(__int128 x, int64_t bytes, __int128 all) {
  if (x <= INT64_MAX && all <= INT64_MAX) {
    int64_t whole = (int64_t)x / (int64_t)all, rest = (int64_t)x % (int64_t)all;
    if (!__builtin_mul_overflow(whole, bytes, &whole) && !__builtin_mul_overflow(rest, bytes, &rest) && !__builtin_add_overflow(whole, rest / (int64_t)all, &whole))
      return whole;
  }
  return (int64_t)(x * bytes / all);
}

void model_add_slots(model_vector *v, int64_t slot, int more) {
  v->l1_bytes += slot * more;
  v->depth += v->depth > 0 ? more : 0;
  v->serial = more > 0 ? v->phase : model_max(v->serial, v->phase);
  v->exclusive = more > 0 ? 0 : v->exclusive;
}

bool model_price(const model_program *p, const model_point *at, int access, const plan_choice *c, const model_route *r, model_vector *out) {
  int64_t slot;
  bool fits = model_price_slot(p, at, access, c, r, INT64_MAX, out, &slot);
  model_add_slots(out, slot, c->depth - 1);
  return fits;
}

static bool price_moved(const model_program *p, const model_point *at, int access, const plan_choice *c, const model_route *r, int64_t l1_most, model_vector *out, int64_t *slot) {
  const program_access *a = &p->access[access];
  model_lift x = model_lift_of(p, at->grid.order, access, c);
  int64_t bytes, turns, waves, share = 1;
  *out = (model_vector){.n_links = r->n_links};
  *slot = 0;
  if (!slot_bytes(p, at, a, x.panel, &bytes) || !count_turns(p, at, a, x.over, &turns, &waves))
    return false;
  for (int d = 0; d < PLAN_MESH_MAX; d++)
    share *= c->area[d] > 1 ? c->area[d] : 1;
  out->l1_bytes = slots_bytes(p, a, c, bytes, 1);
  *slot = model_ceil(program_room(a, bytes, c), p->l1_align) * p->l1_align;
  if (out->l1_bytes > l1_most)
    return false;
  if (bytes > MODEL_MOST / a->memory->channels || !dram_bytes(p, at, a, c, x.over, share, &out->dram_bytes))
    return false;
  int64_t wave_channels, channels = box_channels(p, at, a, x.panel, &wave_channels), cycles = 0, last = 0, more = run_cycles(p, at, a, x.panel), waits = 0;
  load_time first = {0};
  const model_route *last_route = r;
  __int128 crossed[MODEL_LINKS_MAX] = {0}, sent[MODEL_LINKS_MAX] = {0}, senders = 0;
  wave_walk k = {.is_first = true};
  do {
    read_wave(p, at, x.over, &k);
    const model_route *q = &r[k.w];
    int64_t times = k.count, each;
    if (!model_scale(&times, turns))
      return false;
    if (a->is_store) {
      each = route_start(p, a, q) + model_max(model_cycles(bytes, p->port_rate), share_cycles(p, a, q, bytes, wave_channels) - route_start(p, a, q));
    } else {
      load_time t;
      time_load(p, a, c, q, bytes, channels, wave_channels, &t);
      first = k.is_first ? t : first;
      each = p->moves_itself ? t.shared : t.each;
      int64_t besides = t.in_step - t.each;
      if (!model_scale(&besides, model_max(times - (k.is_first && a->is_first), 0)) || (out->in_step += besides) > MODEL_MOST)
        return false;
    }
    senders += (__int128)k.count * q->senders;
    for (int l = 0; l < q->n_links; l++) {
      crossed[l] += (__int128)k.count * (q->link_x1024[l] - q->sent_x1024[l]);
      sent[l] += (__int128)k.count * q->sent_x1024[l];
    }
    if (k.is_last) {
      last = each;
      last_route = q;
    }
    int64_t runs = more;
    if (!model_scale(&each, times) || (cycles += each) > MODEL_MOST || !model_scale(&runs, times) || (waits += runs) > MODEL_MOST)
      return false;
    k.is_first = false;
  } while (next_wave(p, at, x.over, &k));
  out->dram_rest = (int64_t)((__int128)out->dram_bytes * a->memory->channels / wave_channels);      /* the reader's turns: all cores want the same channels */
  for (int l = 0; l < r->n_links && senders > 0; l++) {
    out->link_sent[l] = (share_of(sent[l], out->dram_bytes, senders) + 1023) / 1024;
    out->link_rest[l] = (share_of(crossed[l], out->dram_rest, senders) + 1023) / 1024 + out->link_sent[l];
  }
  out->compute = waits;
  if (a->is_store && a->direct >= 0 && !c->direct) {
    out->compute += at->copy[a->direct];
    out->tail = at->last_copy[a->direct];
  }
  if (p->moves_itself) {
    out->compute += cycles;
    out->in_step = 0;
    return out->compute <= MODEL_MOST;
  }
  if (a->is_store)
    return price_store(p, at, a, c, bytes, cycles, last, last_route, out);
  int64_t total = turns;
  if (!model_scale(&total, waves))
    return false;
  if (a->is_first)
    leave_first(a, r, bytes, wave_channels, out);
  out->dram_own = model_max(total - a->is_first, 0);
  if (!model_scale(&out->dram_own, bytes * a->memory->channels / wave_channels))
    return false;
  out->dram_own = model_min(out->dram_own, out->dram_rest);
  bool stays = true;                    /* lifted over loops that run once, if any: still where it was */
  for (int l = 0; l < p->n_loops; l++)
    stays = stays && (!(x.over & 1u << l) || at->trips[l] <= 1);
  for (int d = 0; d < PLAN_MESH_MAX; d++)
    out->is_shared = out->is_shared || (c->area[d] > 1 && c->move[d] == PLAN_MULTICAST);
  price_load(p, a, stays, total, cycles, &first, stays ? gap_cycles(p, at, a) : 0, out);
  out->phase = phase_cycles(p, at, a, x.over, out->reader_rest);
  return true;
}

/* What a tensor in L1 takes of links is counted as for one in DRAM; of DRAM it takes nothing. */
bool model_price_slot(const model_program *p, const model_point *at, int access, const plan_choice *c, const model_route *r, int64_t l1_most, model_vector *out, int64_t *slot) {
  if (!price_moved(p, at, access, c, r, l1_most, out, slot))
    return false;
  if (p->access[access].memory->is_l1)
    out->dram_bytes = out->dram_rest = out->dram_own = 0;
  return true;
}

bool model_bytes_at(const model_program *p, const model_grid *g, const int64_t *blocks, const plan_choice *chosen, int64_t *out) {
  model_point at;
  if (!model_set_waves(p, g, blocks, &at) || !program_pack(p, blocks, out))
    return false;
  for (int a = 0; a < p->n_access; a++) {
    int64_t bytes;
    if (!slot_bytes(p, &at, &p->access[a], model_lift_of(p, g->order, a, &chosen[a]).panel, &bytes))
      return false;
    *out += slots_bytes(p, &p->access[a], &chosen[a], bytes, chosen[a].depth);
  }
  return true;
}
