/* What the slots of an access may hold, for bounds: tiles whose rows are whole rounds of the channels apart lie on few of them, and so do those of all cores of a wave; blocks
 * and cores that grow reach more (program_channels_most), and so do slots that hold all tiles of a loop, where those fit.  A load is lifted over a loop it moves with by such a slot alone: without, it
 * comes again for each turn of the loops around that it does not move with. */
#include "model/model_bound.h"
#include <math.h>

static int64_t size_at(const program_size *z, const int64_t *blocks, int64_t otherwise) {
  return z->kind == PROGRAM_CONST ? z->value : z->kind == PROGRAM_BLOCK ? blocks[z->symbol] : otherwise;
}

/* Most elements of dim d in a slot that holds all tiles of its loop `l`, of all cores of a wave. */
static int64_t panel_extent(const bounder *b, const program_access *a, int d, int l) {
  const program_loop *x = &b->p->loop[l];
  int64_t shape = model_max(a->shape[d], 1), extent = x->causal ? 0 : size_at(&x->size, b->most, 0);
  if (l < b->p->n_parallel || extent <= 0 || !a->is_tiled[d])
    return shape;
  int64_t least = b->least[x->symbol], most = b->most[x->symbol];
  return model_min(least == most ? model_ceil(extent, most) * most : extent + most - 1, shape);      /* whole tiles */
}

/* Most channels over the box that hold slots with all tiles of `loops`, of all cores of a wave. */
static int64_t most_channels(const bounder *b, const int32_t *cores, const program_access *a, uint32_t loops) {
  int64_t least[NEST_RANK_MAX], most[NEST_RANK_MAX];
  if (a->memory->channels == 1)
    return 1;
  for (int d = 0; d < a->rank; d++) {
    int l = a->loop[d];
    int64_t shape = model_max(a->shape[d], 1), n = l >= 0 && l < b->p->n_parallel && l != a->only_first ? cores[l] : 1;
    least[d] = model_min(size_at(&a->size[d], b->least, 1) * n, shape);
    most[d] = l >= 0 && (loops & 1u << l) ? panel_extent(b, a, d, l) : model_min(size_at(&a->size[d], b->most, shape) * n, shape);
  }
  return program_channels_most(a, least, most);
}

/* Tiles in a slot that holds all of `loops`. */
static double tiles_of(const bounder *b, const program_access *a, uint32_t loops) {
  double n = 1;
  for (int d = 0; d < a->rank; d++) {
    int l = a->loop[d];
    if (l < 0 || !(loops & 1u << l) || !a->is_tiled[d] || a->size[d].kind != PROGRAM_BLOCK)
      continue;
    n *= larger(b->walked[l] / (double)b->least[a->size[d].symbol], 1);      /* of larger tiles as many bytes */
    loops &= ~(1u << l);
  }
  for (int l = 0; l < b->p->n_loops; l++)
    n *= loops & 1u << l ? larger(b->turns[l], 1) : 1;
  return n;
}

/* Turns of the loops whose turns fetch the same again, when all of `panel` are held and those inside of them lifted over; parallel loops in any order. */
static double repeats_of(const bounder *b, const program_access *a, uint32_t panel) {
  const model_program *p = b->p;
  uint32_t left = a->loops & ~a->steps;
  double n = 1;
  for (int l = p->n_parallel; l < p->n_loops; l++)      /* causal loops and those they depend on count together; here they count once */
    if ((a->loops & 1u << l) && p->loop[l].causal)
      left &= ~(1u << l | 1u << p->loop[l].outer);
  for (int l = 0; l < p->n_parallel; l++)
    if ((a->moves & 1u << l) || l == a->only_first)
      left &= ~(1u << l);
  int i = a->is_store ? -2 : a->n_seq - 1;
  for (; i >= 0 && (!(a->moves & 1u << a->seq[i]) || (panel & 1u << a->seq[i])); i--)
    left &= ~(1u << a->seq[i]);
  if (i == -1)
    return 1;
  for (int l = 0; l < p->n_loops; l++)
    n *= left & 1u << l ? larger(b->turns[l], 1) : 1;
  return n;
}

typedef struct lister { const bounder *b; const int32_t *cores; const program_access *a; double port, room; int n; bound_slot *out; } lister;

/* False: it does not fit, nor does what holds more. */
static bool add_slot(lister *s, uint32_t loops) {
  double channels = (double)s->a->memory->channels;
  bound_slot x = {.times = tiles_of(s->b, s->a, loops), .own = s->port, .repeats = repeats_of(s->b, s->a, loops)};
  if (loops && x.times > s->room)
    return false;
  x.spread = channels / (double)most_channels(s->b, s->cores, s->a, loops);
  if (x.spread >= channels && !s->a->is_store)      /* all cores' on one channel: each core's too */
    x.own = larger(x.own, bound_cycles(channels, s->a->memory->rate));
  for (int i = 0; i < s->n; i++)
    if (s->out[i].times <= x.times && s->out[i].spread <= x.spread && s->out[i].repeats <= x.repeats)      /* own is no more than a part of it */
      return true;
  if (s->n == BOUND_SLOTS_MAX) {        /* the last stands for both */
    bound_slot *last = &s->out[s->n - 1];
    *last = (bound_slot){smaller(last->times, x.times), smaller(last->spread, x.spread), smaller(last->own, x.own), smaller(last->repeats, x.repeats)};
  } else {
    s->out[s->n++] = x;
  }
  return true;
}

int64_t bound_packed(bounder *b) { return b->packed > 0 ? b->packed : (b->packed = model_pack_bound(b->p, b->least)); }

/* A load is lifted over its sequential loops from the innermost on, then over parallel ones; its slot holds all tiles of those it moves with. */
int bound_slots(bounder *b, const int32_t *cores, int access, double tile, int64_t l1_bytes, bound_slot *out) {
  const model_program *p = b->p;
  const program_access *a = &p->access[access];
  uint32_t moves = a->moves & a->steps, parallel = moves & ((1u << p->n_parallel) - 1);
  lister s = {b, cores, a, bound_cycles(1, p->port_rate), INFINITY, 0, out};
  add_slot(&s, 0);
  bool is_even = out[0].spread <= 1 || out[0].spread * (double)a->channels <= (double)a->memory->channels || (double)most_channels(b, cores, a, moves) * out[0].spread <= (double)a->memory->channels;
  if (a->is_store || (is_even && out[0].repeats <= 1))
    return s.n;
  if (l1_bytes > 0 && tile > 0) {       /* what the others need is no room; its own least tile is among them */
    s.room = ((double)(l1_bytes + p->l1_align) - larger((double)bound_packed(b) - tile, 0)) / tile;
  }
  uint32_t loops = 0;
  for (int i = a->n_seq - 1; i >= 0; i--) {
    if (!(a->moves & 1u << a->seq[i]))
      continue;
    loops |= 1u << a->seq[i];
    if (!add_slot(&s, loops))
      return s.n;
  }
  for (uint32_t some = is_even ? 0 : parallel; some; some = (some - 1) & parallel)
    add_slot(&s, loops | some);
  return s.n;
}
