/* A program at numbers: turns, waves and compute cycles of the core that has most of them.
 *
 * A parallel loop of T tiles on c cores: the worst core has n = ceil(T / c) turns.  Edges are clamped: of its tiles only the machine's last may be
 * smaller, which core 0 has when it alone has an n-th tile; every other core then has less (n - 1 whole ones at most).  A sequential loop's last
 * turn has what is left.  So a node runs sum over its loops' (count, size) pairs of product(count) times, and costs what its sizes say. */
#include "model/model_program.h"

void program_parallel_turns(const model_program *p, int64_t extent, int64_t block, int64_t cores, program_turns *out) {
  int64_t tiles = model_ceil(extent, block), n = model_ceil(tiles, cores), rest = extent - (tiles - 1) * block;
  bool is_first_only = tiles == (n - 1) * cores + 1;
  *out = (program_turns){1, {n}, {block}};
  if (!p->pads && is_first_only && rest < block)
    *out = n > 1 ? (program_turns){2, {n - 1, 1}, {block, rest}} : (program_turns){1, {1}, {rest}};
}

void program_sequential_turns(const model_program *p, int64_t extent, int64_t block, program_turns *out) {
  int64_t n = model_ceil(extent, block), rest = extent - (n - 1) * block;
  *out = (program_turns){1, {n}, {block}};
  if (!p->pads && rest < block)
    *out = n > 1 ? (program_turns){2, {n - 1, 1}, {block, rest}} : (program_turns){1, {1}, {rest}};
}

bool program_extent(const model_program *p, int loop, const int64_t *blocks, int64_t *out) {
  return program_size_at(&p->loop[loop].size, blocks, out) && *out > 0;
}

/* ---- waves ---- */

static bool set_waves(const model_program *p, const int64_t *blocks, model_point *at) {
  at->n_waves = 1;
  for (int i = 0; i < p->n_parallel; i++) {
    int64_t extent, cores = at->grid.cores[i];
    if (cores < 1 || !program_extent(p, i, blocks, &extent))
      return false;
    int64_t tiles = model_ceil(extent, blocks[p->loop[i].symbol]), full = tiles / cores, part = tiles % cores;
    model_waves *w = &at->waves[i];
    *w = (model_waves){0};
    if (full)
      *w = (model_waves){1, {cores}, {full}};
    if (part) {
      w->active[w->n] = part;
      w->count[w->n++] = 1;
    }
    at->trips[i] = full + (part > 0);
    at->runs[i] = 0;
    at->n_waves *= w->n;
  }
  return true;
}

bool program_causal_turns(const model_program *p, int l, const int64_t *blocks, int64_t tiles, int64_t cores, int64_t *sum, int64_t *longest) {
  const program_loop *x = &p->loop[l];
  int64_t slots[MODEL_BLOCKS_MAX + 1], block = blocks[x->symbol], part = tiles % cores;
  const int64_t candidates[] = {0, model_min(cores, tiles) - 1, part > 0 ? part - 1 : 0};     /* turns rise or fall with the iterator */
  memcpy(slots, blocks, (size_t)p->n_blocks * sizeof *slots);
  *sum = *longest = 0;
  for (int k = 0; k < 3; k++) {
    int64_t own = 0;
    for (int64_t tile = candidates[k]; tile < tiles; tile += cores) {
      int64_t extent;
      slots[p->n_blocks] = tile;
      if (!sym_run(x->causal, slots, &extent) || extent > MODEL_MOST)
        return false;
      int64_t turns = extent > 0 ? model_ceil(extent, block) : 0;
      own += turns;
      *longest = model_max(*longest, turns);
    }
    *sum = model_max(*sum, own);
  }
  return *sum <= MODEL_MOST;
}

static bool set_trips(const model_program *p, const int64_t *blocks, model_point *at) {
  for (int l = p->n_parallel; l < p->n_loops; l++) {
    int64_t extent;
    at->runs[l] = 0;
    if (p->loop[l].causal) {
      int outer = p->loop[l].outer;
      program_extent(p, outer, blocks, &extent);      /* the waves have it, too */
      if (!program_causal_turns(p, l, blocks, model_ceil(extent, blocks[p->loop[outer].symbol]), at->grid.cores[outer], &at->runs[l], &at->trips[l]))
        return false;
      continue;
    }
    if (!program_size_at(&p->loop[l].size, blocks, &extent))
      return false;
    at->trips[l] = extent > 0 ? model_ceil(extent, blocks[p->loop[l].symbol]) : 0;
  }
  return true;
}

/* ---- compute ---- */

typedef struct walker {
  const model_program *p;
  const model_point *at;
  program_turns turns[NEST_LOOPS_MAX];
} walker;

static bool set_turns(walker *w) {
  const model_program *p = w->p;
  for (int l = 0; l < p->n_loops; l++) {
    int64_t extent, block = w->at->block[p->loop[l].symbol];
    if (!program_size_at(&p->loop[l].size, w->at->block, &extent))
      return false;
    if (extent <= 0)
      w->turns[l] = (program_turns){0};
    else if (l < p->n_parallel)
      program_parallel_turns(p, extent, block, w->at->grid.cores[l], &w->turns[l]);
    else
      program_sequential_turns(p, extent, block, &w->turns[l]);
  }
  return true;
}

/* Cycles of all runs of a node.  A causal loop's turns are whole and already summed over the loop it depends on. */
static bool all_cycles(const walker *w, const program_compute *x, int64_t *out) {
  const model_program *p = w->p;
  int list[NEST_LOOPS_MAX], n = 0;
  int64_t times = 1, sum = 0;
  uint32_t done = 0;
  for (int l = p->n_parallel; l < p->n_loops; l++)
    if ((x->loops & 1u << l) && p->loop[l].causal) {
      done |= 1u << l;
      if (!(done & 1u << p->loop[l].outer)) {
        done |= 1u << p->loop[l].outer;
        if (!model_scale(&times, w->at->runs[l]))
          return false;
      } else if (!model_scale(&times, w->at->trips[l])) {
        return false;
      }
    }
  for (int l = 0; l < p->n_loops; l++)
    if ((x->loops & 1u << l) && !(done & 1u << l))
      list[n++] = l;
  int digit[NEST_LOOPS_MAX] = {0};
  for (int i = 0; i < n; i++)
    if (w->turns[list[i]].n == 0)
      times = 0;
  while (times > 0) {
    int64_t slots[MODEL_BLOCKS_MAX], count = times, cycles;
    memcpy(slots, w->at->block, (size_t)p->n_blocks * sizeof *slots);
    for (int i = 0; i < n; i++) {
      const program_turns *t = &w->turns[list[i]];
      slots[p->loop[list[i]].symbol] = t->size[digit[i]];
      if (!model_scale(&count, t->count[digit[i]]))
        return false;
    }
    if (!sym_run(x->cost, slots, &cycles) || cycles < 0 || !model_scale(&count, cycles))
      return false;
    sum += count;
    if (sum > MODEL_MOST)
      return false;
    int i = 0;
    while (i < n && ++digit[i] == w->turns[list[i]].n)
      digit[i++] = 0;
    if (i == n)
      break;
  }
  *out = sum;
  return true;
}

/* One run at whole sizes; `is_last`: at the last turn's sizes of the sequential loops around it. */
static bool one_cycles(const walker *w, const program_compute *x, bool is_last, int64_t *out) {
  int64_t slots[MODEL_BLOCKS_MAX];
  memcpy(slots, w->at->block, (size_t)w->p->n_blocks * sizeof *slots);
  for (int l = w->p->n_parallel; is_last && l < w->p->n_loops; l++)
    if ((x->loops & 1u << l) && w->turns[l].n)
      slots[w->p->loop[l].symbol] = w->turns[l].size[w->turns[l].n - 1];
  return sym_run(x->cost, slots, out) && *out >= 0 && *out <= MODEL_MOST;
}

/* Turns of the sequential loops between `inner` and the node. */
static int64_t nested_turns(const walker *w, const program_compute *x) {
  int64_t n = 1;
  uint32_t around = w->p->inner >= 0 ? 1u << w->p->inner : 0;
  for (int l = w->p->inner >= 0 ? w->p->inner : 0; l >= 0; l = w->p->n->loops.at[l].parent)
    around |= 1u << l;
  for (int l = w->p->n_parallel; l < w->p->n_loops; l++)
    if ((x->loops & 1u << l) && !(around & 1u << l))
      model_scale(&n, w->at->trips[l]);
  return n;
}

static bool set_compute(walker *w, model_point *at) {
  const model_program *p = w->p;
  at->compute = at->tail = at->turn = at->around = 0;
  memset(at->compute_in, 0, sizeof at->compute_in);
  for (int i = 0; i < p->n_compute; i++) {
    const program_compute *x = &p->compute[i];
    int64_t all, one, last, in_turn;
    if (!all_cycles(w, x, &all) || !one_cycles(w, x, false, &one) || !one_cycles(w, x, true, &last))
      return false;
    for (int l = p->n_parallel; l < p->n_loops; l++)
      if ((x->loops & 1u << l) && p->n->loops.at[l].parent < 0)
        at->compute_in[l] += all;
    if (x->copy >= 0) {
      at->copy[x->copy] = all;
      at->last_copy[x->copy] = last;
      continue;
    }
    in_turn = one;
    at->compute += all;
    at->tail += x->is_tail ? last : 0;
    if (x->in_turn) {
      model_scale(&in_turn, nested_turns(w, x));
      at->turn += in_turn;
    }
    at->around += x->is_around ? one : 0;
    if (at->compute > MODEL_MOST)
      return false;
  }
  at->tail = model_min(at->tail, at->compute);      /* edges: all a core does may be less than one whole turn */
  return at->turn <= MODEL_MOST;
}

/* s + G*h + (senders - 1) * bytes at the reducer's port, once for each wave of the other loops. */
static bool add_gathers(const model_program *p, model_point *at) {
  int64_t diameter = 0;
  for (int d = 0; d < p->noc.n_dims; d++)
    diameter += p->noc.wraps[d] ? p->noc.size[d] / 2 : p->noc.size[d] - 1;
  int64_t rate = p->port_rate && p->link_rate ? model_min(p->port_rate, 4 * p->link_rate) : p->port_rate + 4 * p->link_rate;
  for (int g = 0; g < p->n_gathers; g++) {
    int64_t bytes = p->gather[g].elem_bytes, senders = at->grid.cores[p->gather[g].across], waves = 1;
    for (int d = 0; d < p->gather[g].rank; d++) {
      int64_t v;
      if (!program_size_at(&p->gather[g].dim[d], at->block, &v) || !model_scale(&bytes, v))
        return false;
    }
    for (int i = 0; i < p->n_parallel; i++)
      if (i != p->gather[g].across && !model_scale(&waves, at->trips[i]))
        return false;
    int64_t cycles = p->setup + p->hop * diameter;
    if (!model_scale(&bytes, senders - 1))
      return false;
    cycles += model_cycles(bytes, rate);
    at->tail += cycles;
    if (!model_scale(&cycles, waves))
      return false;
    at->compute += cycles;
  }
  return at->compute <= MODEL_MOST;
}

/* Turns of the innermost loop that loads, and in how many runs. */
static bool set_inner(const model_program *p, model_point *at) {
  at->turns = at->turn_runs = 1;
  for (int i = 0; i < p->n_parallel; i++)
    if (!model_scale(&at->turns, at->trips[i]))
      return false;
  if (p->inner < 0)
    return true;                                    /* one run: nothing stands between its waves */
  at->turn_runs = at->turns;
  int outer = -1;
  for (int l = p->inner; l >= 0; l = p->n->loops.at[l].parent) {
    bool is_summed = p->loop[l].causal && outer < 0;
    if (is_summed) {
      outer = p->loop[l].outer;
      at->turns = model_ceil(at->turns, at->trips[outer]);
    }
    if (!model_scale(&at->turns, is_summed ? at->runs[l] : at->trips[l]) || (l != p->inner && !model_scale(&at->turn_runs, at->trips[l])))
      return false;
  }
  return true;
}

bool program_list_items(const model_program *p, const int64_t *blocks, bool least, size_t room, pack_item *out, int *of, size_t *n) {
  *n = 0;
  for (int i = 0; i < p->n_buffers; i++) {
    const program_buffer *x = &p->buffer[i];
    int64_t bytes = x->elem_bytes, v;
    if (x->access >= 0)
      continue;
    for (int d = 0; d < x->rank; d++)
      if (!(least && x->dim[d].is_falling) && (!program_size_at(&x->dim[d], blocks, &v) || !model_scale(&bytes, v)))
        return false;
    if (*n == room)
      return false;
    of[*n] = i;
    out[(*n)++] = (pack_item){bytes, x->first, x->last, 0};
  }
  return true;
}

/* node_budget -1: only the bound. */
static bool pack_owned(const model_program *p, const int64_t *blocks, int64_t node_budget, int64_t *out) {
  pack_item item[PROGRAM_ITEMS_MAX];
  int of[PROGRAM_ITEMS_MAX];
  size_t n;
  int64_t bound;
  if (!program_list_items(p, blocks, node_budget < 0, PROGRAM_ITEMS_MAX, item, of, &n))
    return false;
  *out = model_pack(item, n, p->l1_align, node_budget, &bound);
  return true;
}

bool model_set_waves(const model_program *p, const model_grid *g, const int64_t *blocks, model_point *out) {
  out->grid = *g;
  for (int s = 0; s < p->n_blocks; s++) {
    out->block[s] = blocks[s];
    if (blocks[s] < 1 || blocks[s] > MODEL_MOST)
      return false;
  }
  return set_waves(p, blocks, out) && set_trips(p, blocks, out);
}

bool model_set_costs(const model_program *p, const model_grid *g, const int64_t *blocks, model_point *out) {
  walker w = {.p = p, .at = out};
  return model_set_waves(p, g, blocks, out) && set_turns(&w) && set_compute(&w, out) && add_gathers(p, out) && set_inner(p, out);
}

bool model_set_blocks(const model_program *p, const model_grid *g, const int64_t *blocks, model_point *out) {
  return model_set_costs(p, g, blocks, out) && pack_owned(p, blocks, PROGRAM_PACK_NODES, &out->l1_bytes);
}

/* ---- least L1 bytes ---- */

int64_t model_pack_bound(const model_program *p, const int64_t *blocks) {
  int64_t sum;
  if (!pack_owned(p, blocks, -1, &sum))
    return MODEL_MOST;
  for (int a = 0; a < p->n_access; a++) {
    const program_access *x = &p->access[a];
    int64_t bytes = x->elem_bytes, v;
    for (int d = 0; d < x->rank; d++)
      if (!x->size[d].is_falling && (!program_size_at(&x->size[d], blocks, &v) || !model_scale(&bytes, v)))
        return MODEL_MOST;
    if (x->direct >= 0)
      bytes = bytes / x->elem_bytes * x->value_bytes;
    sum += model_ceil(program_room(x, bytes, NULL), p->l1_align) * p->l1_align;
  }
  return sum;
}

bool program_pack(const model_program *p, const int64_t *blocks, int64_t *out) { return pack_owned(p, blocks, PROGRAM_PACK_NODES, out); }
