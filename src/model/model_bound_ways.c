/* The last step of a bound: accesses that go any way, or each mapping's ways, every combination of them.
 *
 * A load that goes a way takes base + slope * tile cycles at first; in the waves like the first one each byte the reader walks takes `each` cycles, in the others those of
 * the port; `copies` bytes come from DRAM, and `link` bytes cross one link, for each byte that comes once.  A slot that holds more than a tile makes the first load longer
 * by no less than it spares the reader; slots that hold more than a tile, because their tiles lie on more channels then, have shares of their own.  So, with sums over the accesses:
 *   T >= C + R + W where the core moves data itself; else and besides
 *   T >= first + C + last,  R + last,  first + (R - bytes of the first tiles * each) + last,  first + W,  start + D + s + l of the stores,  start + K + last */
#include "model/model_bound.h"
#include <math.h>

/* What an access, or some together, add: cycles before the first compute, of these before the first byte moves, of the reader besides, of the reader alone, of DRAM, of the busiest link, behind the last
 * compute; while compute waits; L1 bytes besides one slot with one tile.  rest_step, reader_step: what comes to rest and reader where cores fetch in step; cast: how many multicasts make them. */
typedef struct share { double fill, begin, rest, reader, dram, links, drain, serial, l1, rest_step, reader_step, cast; } share;

/* Links carry whole bytes. */
static double whole_spread(const bound_slot *h, double bytes) { return h->spread > 1 && bytes > 0 ? larger(h->spread - 1 / bytes, 1) : 1; }

static double way_slope(const model_way *w, const bound_slot *h, double bytes) { return larger(w->slope, w->beyond + larger(h->own, w->drawn * whole_spread(h, bytes))); }

/* With slots that hold the i-th of what the access's may hold; two of them, or one.  `w` NULL: any way. */
static share share_of(const model_program *p, const bound_parts *x, int access, int i, bool is_double, const model_way *w, double full) {
  const program_access *a = &p->access[access];
  const bound_slot *h = &x->slot[access][i];
  double end = x->end[access][i].cycles, slope = x->end[access][i].slope, each = h->own, bytes = x->tile[access] * h->times;
  double dram = a->memory->is_l1 ? 0 : bound_cycles(x->once[access] * (w && !a->is_store ? w->copies : 1), p->dram.rate) * h->spread * h->repeats, all = x->walked[access] * h->repeats;
  if (w) {
    double mine = way_slope(w, h, bytes);
    slope = larger(slope, mine);
    each = larger(w->each, w->after + larger(h->own, w->stepped * whole_spread(h, bytes)));
    end = larger(end, ceil((w->base + mine * bytes) * (1 - 1e-12)));
  }
  if (a->is_store)
    return (share){.drain = end, .dram = dram + x->start};      /* the last store counts its share of the bytes itself */
  double walked = all * (full * each + (1 - full) * h->own), rest = walked - bytes * each;
  double joint = w && !p->moves_itself ? larger(larger(w->joint, w->after + larger(h->own, w->drawn * whole_spread(h, bytes))), each) : each;
  share s = {.fill = a->is_first ? end : 0, .begin = a->is_first ? x->start : 0, .reader = x->start + walked, .dram = dram};
  s.links = w ? full * bound_cycles(x->once[access] * w->link, p->link_rate) * h->spread * h->repeats : 0;
  s.l1 = (is_double ? 2 : 1) * x->held[access] * h->times - x->held[access];
  if (!is_double && a->gap == 0)        /* what comes later waits for the slot, and compute for what comes; like the first load, with all others at once */
    s.serial = larger(all * slope - s.fill, 0);
  s.cast = w && w->is_cast;
  s.reader_step = all * full * (joint - each);
  s.rest_step = larger(s.reader_step - (a->is_first ? bytes * (joint - each) : 0), 0);
  s.rest = a->is_first && w ? larger(rest, 0) : a->is_first ? 0 : s.reader;
  return s;
}

static share add_shares(const share *a, const share *b) {
  return (share){a->fill + b->fill, a->begin + b->begin, a->rest + b->rest, a->reader + b->reader, a->dram + b->dram, a->links > b->links ? a->links : b->links, a->drain + b->drain,
                 a->serial + b->serial, a->l1 + b->l1, a->rest_step + b->rest_step, a->reader_step + b->reader_step, a->cast + b->cast};
}

static share least_share(const share *list, int n) {
  share s = list[0];
  for (int i = 1; i < n; i++) {
    const share *x = &list[i];
    s = (share){smaller(s.fill, x->fill), smaller(s.begin, x->begin), smaller(s.rest, x->rest), smaller(s.reader, x->reader), smaller(s.dram, x->dram), smaller(s.links, x->links), smaller(s.drain, x->drain),
                smaller(s.serial, x->serial), smaller(s.l1, x->l1), smaller(s.rest_step, x->rest_step), smaller(s.reader_step, x->reader_step), smaller(s.cast, x->cast)};
  }
  return s;
}

static double total(const model_program *p, const bound_parts *x, double links, const share *s) {
  links = links > s->links ? links : s->links;
  double most = s->fill + x->compute + s->serial + s->drain, reader = s->reader + (s->cast > 0 ? s->reader_step : 0), rest = s->fill + s->rest + (s->cast > 0 ? s->rest_step : 0);
  reader = larger(reader, rest);
  most = larger(most, reader + s->drain);
  most = larger(most, s->fill + x->writer);
  most = larger(most, s->begin + s->dram);
  if (p->moves_itself)
    most = larger(most, x->compute + s->reader + x->writer);
  return larger(most, s->begin + links + s->drain);
}

static int64_t in_cycles(double most) {
  most *= 1 - 1e-9;
  return most >= (double)MODEL_MOST ? MODEL_MOST : (int64_t)floor(most);
}

enum { WAYS_MAX = 64, COMBINED_MAX = 64 };

/* Bytes on the busiest link, when each access loads every link as little as it can. */
static double least_links(const model_program *p, const bound_parts *x, const model_case *c) {
  double most = 0;
  for (int l = 0; c->share && l < c->n_links; l++) {
    double sum = 0;
    for (int a = 0; a < p->n_access; a++)
      sum += x->once[a] * larger(c->share[a * c->n_links + l], x->spread[a] * c->drawn[a * c->n_links + l]);
    most = sum > most ? sum : most;
  }
  return bound_cycles(most, p->link_rate);
}

/* Shares of an access, by slot, number of slots and way of the case (NULL: any); count. */
static int list_shares(const model_program *p, const bound_parts *x, const model_case *c, double full, int a, share *out) {
  int n = 0, kinds = x->is_tight && !x->one_slot && !p->access[a].is_store ? 2 : 1, ways = c && c->n[a] * x->n_slots[a] * kinds <= WAYS_MAX ? c->n[a] : 0;
  for (int i = 0; i < x->n_slots[a] * kinds; i++) {
    bool is_double = kinds == 1 ? !x->one_slot : i % 2;
    for (int k = 0; k < ways; k++)
      out[n++] = share_of(p, x, a, i / kinds, is_double, &c->way[a][k], full);
    if (ways == 0)
      out[n++] = share_of(p, x, a, i / kinds, is_double, NULL, 1);
  }
  return n;
}

/* Every access takes one way with one kind of slots, all combinations that fit; beyond COMBINED_MAX of them an access takes the best of each. */
static double bound_case(const model_program *p, const bound_parts *x, const model_case *c, double full) {
  share sum[COMBINED_MAX], mine[WAYS_MAX], last[WAYS_MAX] = {{0}};
  int n = 1, n_last = 1;                /* the access with most ways so far is kept apart: its sums need not be written down */
  sum[0] = (share){0};
  for (int a = 0; a < p->n_access; a++) {
    int ways = list_shares(p, x, c, full, a, mine), all = n * (ways < n_last ? ways : n_last);
    if (all > COMBINED_MAX) {
      mine[0] = least_share(mine, ways);
      ways = 1;
    }
    bool is_most = ways > n_last;
    const share *by = is_most ? last : mine;
    int times = is_most ? n_last : ways;
    for (int i = n - 1; i >= 0; i--) {  /* in place, from behind */
      share old = sum[i];
      for (int k = times - 1; k >= 0; k--)
        sum[i * times + k] = add_shares(&old, &by[k]);
    }
    n *= times;
    if (is_most) {
      memcpy(last, mine, (size_t)ways * sizeof *mine);
      n_last = ways;
    }
  }
  double links = larger(x->links, c ? least_links(p, x, c) : 0), least = INFINITY;
  for (int i = 0; i < n; i++)
    for (int k = 0; k < n_last; k++) {
      share s = add_shares(&sum[i], &last[k]);
      if (s.l1 <= x->spare)
        least = smaller(least, total(p, x, links, &s));
    }
  return least;
}

/* Any way. */
static double bound_any(const model_program *p, const bound_parts *x) {
  share sum = {0};
  for (int a = 0; a < p->n_access; a++) {
    if (x->n_slots[a] > 1 || x->is_tight)
      return bound_case(p, x, NULL, 1);
    share mine = share_of(p, x, a, 0, !x->one_slot, NULL, 1);
    sum = add_shares(&sum, &mine);
  }
  return total(p, x, x->links, &sum);
}

int64_t bound_by_ways(const model_program *p, const bound_parts *x, const model_known *k) {
  double least = bound_any(p, x), found = k->n_cases ? INFINITY : least;
  for (size_t i = 0; i < k->n_cases && found > least; i++)
    found = smaller(found, bound_case(p, x, k->cases[i], k->full));
  return in_cycles(larger(found, least));
}

void bound_each_way(const model_program *p, const bound_parts *x, const model_known *k, int64_t *out) {
  double least = bound_any(p, x);
  for (size_t i = 0; i < k->n_cases; i++)
    out[i] = in_cycles(larger(bound_case(p, x, k->cases[i], k->full), least));
}
