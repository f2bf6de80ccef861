/* The last step of a bound: accesses that go any way, or each mapping's ways, every combination of them.
 *
 * A load that goes a way takes base + slope * tile cycles at first; in the waves like the first one each byte the reader walks takes `each` cycles, in the others those of
 * the port; `copies` bytes come from DRAM, and `link` bytes cross one link, for each byte that comes once.  A slot that holds more than a tile makes the first load longer
 * by no less than it spares the reader.  So, with sums over the accesses:
 *   T >= first + C + last,  R + last,  first + (R - bytes of the first tiles * each) + last,  first + W,  first + D + s + l of the stores,  first + K + last */
#include "model/model_bound.h"
#include <math.h>

/* What an access, or some together, add: cycles before the first compute, of the reader besides, of the reader alone, of DRAM, of the busiest link, behind the last
 * compute. */
typedef struct share { double fill, rest, reader, dram, links, drain; } share;

/* `w` NULL: any way. */
static share share_of(const model_program *p, const bound_parts *x, int access, const model_way *w, double full) {
  const program_access *a = &p->access[access];
  double port = bound_cycles(1, p->port_rate), end = w ? ceil((w->base + w->slope * x->tile[access]) * (1 - 1e-12)) : 0;
  end = end > x->end[access] ? end : x->end[access];
  if (a->is_store)
    return (share){.drain = end, .dram = bound_cycles(x->once[access], p->dram_rate) + x->start};      /* the last store counts its share of the bytes itself */
  double each = w ? w->each : port, walked = x->walked[access] * (full * each + (1 - full) * port), rest = walked - x->tile[access] * each;
  share s = {.fill = a->is_first ? end : 0, .reader = x->start + walked, .dram = bound_cycles(x->once[access] * (w ? w->copies : 1), p->dram_rate)};
  s.links = w ? full * bound_cycles(x->once[access] * w->link, p->link_rate) : 0;
  s.rest = a->is_first && w ? larger(rest, 0) : a->is_first ? 0 : s.reader;
  return s;
}

static share add_shares(const share *a, const share *b) {
  return (share){a->fill + b->fill, a->rest + b->rest, a->reader + b->reader, a->dram + b->dram, a->links > b->links ? a->links : b->links, a->drain + b->drain};
}

static share least_share(const share *list, int n) {
  share s = list[0];
  for (int i = 1; i < n; i++) {
    const share *x = &list[i];
    s = (share){smaller(s.fill, x->fill), smaller(s.rest, x->rest), smaller(s.reader, x->reader), smaller(s.dram, x->dram), smaller(s.links, x->links), smaller(s.drain, x->drain)};
  }
  return s;
}

static double total(const bound_parts *x, double links, const share *s) {
  links = links > s->links ? links : s->links;
  double most = s->fill + x->compute + s->drain, reader = s->reader > s->fill + s->rest ? s->reader : s->fill + s->rest;
  most = larger(most, reader + s->drain);
  most = larger(most, s->fill + x->writer);
  most = larger(most, s->fill + s->dram);
  return larger(most, s->fill + links + s->drain);
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
      sum += x->once[a] * c->share[a * c->n_links + l];
    most = sum > most ? sum : most;
  }
  return bound_cycles(most, p->link_rate);
}

/* Shares of an access in a case, by way; count. */
static int list_shares(const model_program *p, const bound_parts *x, const model_case *c, double full, int a, share *out) {
  int n = c->n[a] < WAYS_MAX ? c->n[a] : 0;
  for (int i = 0; i < n; i++)
    out[i] = share_of(p, x, a, &c->way[a][i], full);
  if (n == 0)
    out[0] = share_of(p, x, a, NULL, 1);
  return n ? n : 1;
}

/* Every access takes one way, all combinations; beyond COMBINED_MAX of them an access takes the best of each. */
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
  double links = larger(x->links, least_links(p, x, c)), least = INFINITY;
  for (int i = 0; i < n; i++)
    for (int k = 0; k < n_last; k++) {
      share s = add_shares(&sum[i], &last[k]);
      least = smaller(least, total(x, links, &s));
    }
  return least;
}

int64_t bound_by_ways(const model_program *p, const bound_parts *x, const model_known *k) {
  share sum = {0};
  for (int a = 0; a < p->n_access; a++) {
    share mine = share_of(p, x, a, NULL, 1);
    sum = add_shares(&sum, &mine);
  }
  double least = total(x, x->links, &sum), found = k->n_cases ? INFINITY : least;
  for (size_t i = 0; i < k->n_cases && found > least; i++)
    found = smaller(found, bound_case(p, x, k->cases[i], k->full));
  return in_cycles(larger(found, least));
}
