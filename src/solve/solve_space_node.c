/* What is open in the search of a space: its nodes, their bounds, the order of ties. */
#include "solve/solve_space_search.h"

/* ---- nodes that are open, and those to be used again ---- */

void space_push(space_search *s, space_node *x) { solve_heap_push(&s->ctx->scratch, &s->open, (solve_open){x->bound, s->age++, x}); }
space_node *space_new_node(space_search *s) { return s->spare.n ? s->spare.at[--s->spare.n] : ARENA_NEW(&s->ctx->scratch, space_node); }
void space_drop(space_search *s, space_node *x) { vec_push(&s->ctx->scratch, &s->spare, x); }

/* ---- the order of ties ---- */

static int compare_blocks(const space_search *s, const int64_t *a, const int64_t *b) {
  for (int i = 0; i < s->n_blocks; i++)
    if (a[i] != b[i])
      return a[i] < b[i] ? -1 : 1;
  return 0;
}

static int compare_records(const space_search *s, const space_record *a, const space_record *b) {
  if (a->total != b->total)
    return a->total < b->total ? -1 : 1;
  int c = compare_blocks(s, a->block, b->block);
  c = c ? c : space_compare_columns(a->column, b->column);
  if (c == 0 && a->mapping != b->mapping)
    return a->mapping < b->mapping ? -1 : 1;
  return c ? c : (a->order > b->order) - (a->order < b->order);
}

void space_corner(const space_search *s, const space_node *x, int64_t *blocks) {
  for (int i = 0; i < s->n_blocks; i++)
    blocks[i] = s->domain[i].at[x->from[i]];
}

/* Most cycles that something in the node may cost and still count; below its bound: it cannot win. */
int64_t space_at_most(const space_search *s, const space_node *x) {
  if (s->n_best < s->room)
    return INT64_MAX - 1;
  const space_record *last = &s->best[s->room - 1];
  int64_t blocks[MODEL_BLOCKS_MAX];
  space_corner(s, x, blocks);
  return compare_blocks(s, blocks, last->block) > 0 ? last->total - 1 : last->total;
}

void space_keep(space_search *s, const space_record *x) {
  size_t old = 0, i;
  while (old < s->n_best && (s->best[old].mapping != x->mapping || s->best[old].order != x->order))
    old++;
  if (old < s->n_best && compare_records(s, &s->best[old], x) <= 0)
    return;
  if (old == s->n_best && s->n_best < s->room)
    s->n_best++;
  else if (old == s->n_best && compare_records(s, &s->best[s->room - 1], x) <= 0)
    return;
  i = old < s->n_best ? old : s->n_best - 1;
  for (; i > 0 && compare_records(s, x, &s->best[i - 1]) < 0; i--)
    s->best[i] = s->best[i - 1];
  s->best[i] = *x;
}

/* ---- nodes ---- */

int space_widest(const space_search *s, const space_node *x) {
  int w = -1;
  for (int i = 0; i < s->n_blocks; i++)
    if (x->to[i] > x->from[i] && (w < 0 || x->to[i] - x->from[i] > x->to[w] - x->from[w]))
      w = i;
  return w;
}

const int32_t *space_cores_of(const space_search *s, int32_t tuple) { return s->source.tuple + (size_t)tuple * (size_t)s->source.n_parallel; }

/* Loops that must be one wave: even the largest blocks leave more tiles than cores? */
static bool has_waves(const space_search *s, const space_node *x) {
  for (int l = 0; l < s->source.n_parallel; l++)
    if (s->wave_symbol[l] >= 0) {
      const model_domain *d = &s->domain[s->wave_symbol[l]];
      int64_t most = d->at[x->to[s->wave_symbol[l]]];
      if ((s->wave_extent[l] + most - 1) / most > space_cores_of(s, x->tuple)[l])
        return true;
    }
  return false;
}

bool space_may_fit(const space_search *s, const space_node *x) {
  int64_t blocks[MODEL_BLOCKS_MAX];
  if (has_waves(s, x))
    return false;
  space_corner(s, x, blocks);
  return model_pack_bound(s->program, blocks) <= s->machine->l1_bytes;
}

/* Leaves out largest sizes that fit with no others of the box, which has a point that fits.  `but`: the symbol whose sizes were not cut for others; -1: none. */
void space_cut_sizes(const space_search *s, space_node *x, int but) {
  int64_t blocks[MODEL_BLOCKS_MAX];
  space_corner(s, x, blocks);
  for (int i = 0; i < s->n_blocks; i++) {
    const int64_t *at = s->domain[i].at;
    int32_t fits = x->from[i], next = x->to[i];
    for (; i != but && fits < x->to[i]; next = fits + (x->to[i] - fits + 1) / 2) {
      blocks[i] = at[next];
      if (model_pack_bound(s->program, blocks) <= s->machine->l1_bytes)
        fits = next;
      else
        x->to[i] = next - 1;
    }
    blocks[i] = at[x->from[i]];
  }
}

/* What is known of all mappings: the parts of the mesh that they use. */
model_known space_known_parts(const space_search *s, const space_node *x) {
  return (model_known){.reach = s->reach[x->tuple].at, .n_reach = s->reach[x->tuple].n, .one_slot = s->source.depth == 1, .l1_bytes = s->machine->l1_bytes};
}

/* `known`: of the mappings; NULL: only what parts of the mesh they use. */
void space_bound_node(const space_search *s, space_node *x, const model_known *known) {
  const int32_t *cores = space_cores_of(s, x->tuple);
  model_known parts = space_known_parts(s, x);
  int64_t b = model_bound(s->program, cores, known ? known : &parts, s->domain, x->from, x->to), limit = s->source.dram_limit;
  int64_t l1_bytes = s->machine->lacks_concurrent_movers ? SOLVE_UNLIMITED_BYTES : s->machine->l1_bytes;      /* what passes through a cache has slots larger than its room */
  if (limit < INT64_MAX && model_dram_bound(s->program, cores, s->domain, x->from, x->to, l1_bytes) > limit)
    b = INT64_MAX;
  x->bound = b > x->bound ? b : x->bound;
}

/* The smallest corner, as far as is asked for: how often loops run, what compute costs, what it owns. */
bool space_set_point(const space_search *s, const space_node *x, space_detail how, model_point *out) {
  model_grid g = {0};
  int64_t blocks[MODEL_BLOCKS_MAX];
  for (int i = 0; i < s->source.n_parallel && i < PLAN_ITERS_MAX; i++) {
    g.cores[i] = space_cores_of(s, x->tuple)[i];
    g.order[i] = (int8_t)i;
  }
  space_corner(s, x, blocks);
  bool is_set = how == SPACE_WAVES   ? model_set_waves(s->program, &g, blocks, out)
                : how == SPACE_COSTS ? model_set_costs(s->program, &g, blocks, out)
                               : model_set_blocks(s->program, &g, blocks, out);
  for (int i = 0; is_set && i < s->source.n_parallel; i++)      /* cores of a gather have one tile each */
    is_set = !(s->source.one_trip & 1u << i) || out->trips[i] <= 1;
  return is_set;
}

/* ---- waves ---- */

/* Tiles of parallel loop `l` at both ends of the box; not both: the loop's extent is no number. */
static bool count_tiles(const space_search *s, const space_node *x, int l, int64_t *first, int64_t *last) {
  int64_t extent;
  int symbol = s->loop_symbol[l];
  if (symbol < 0 || !sym_is_const(s->nest->loops.at[l].extent, &extent))
    return false;
  const model_domain *d = &s->domain[symbol];
  *first = (extent + d->at[x->from[symbol]] - 1) / d->at[x->from[symbol]];
  *last = (extent + d->at[x->to[symbol]] - 1) / d->at[x->to[symbol]];
  return true;
}

/* The widest symbol on which the waves depend; -1: the whole box has the same. */
int space_wave_symbol(const space_search *s, const space_node *x) {
  int w = -1;
  for (int l = 0; l < s->source.n_parallel; l++) {
    int64_t first, last;
    bool is_known = count_tiles(s, x, l, &first, &last);
    if (is_known && first == last)
      continue;
    for (int i = 0; i < s->n_blocks; i++)
      if ((!is_known || i == s->loop_symbol[l]) && x->to[i] > x->from[i] && (w < 0 || x->to[i] - x->from[i] > x->to[w] - x->from[w]))
        w = i;
  }
  return w;
}
