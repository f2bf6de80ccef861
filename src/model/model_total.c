/* Vectors added up, and T of their sum.
 *
 * A core that drifts finds what it shares with others in use.  Its reader takes R cycles alone, S of them on a channel or link on which the others take F: while it is there it gets
 * the part of the time that they leave, 1 - F / T, so
 *   T = R - S + S * T / (T - F),   T = (R + F + sqrt((R - F)^2 + 4 * S * F)) / 2
 * (the closed network of queues with one core's own place in them left out).  It is at least R, and at least S + F. */
#include "model/model_program.h"
#include <math.h>

static const char *const term_names[] = {
#define X(n, t) t,
    MODEL_TERM_LIST(X)
#undef X
};

const char *model_term_text(model_term t) { return term_names[t]; }

void model_add(model_vector *sum, const model_vector *x) {
  sum->dram_bytes += x->dram_bytes;
  sum->l1_bytes += x->l1_bytes;
  sum->first += x->first;
  sum->reader_rest += x->reader_rest;
  sum->inner += x->inner;
  sum->serial += x->serial;
  sum->writer_rest += x->writer_rest;
  sum->last += x->last;
  sum->exclusive += x->exclusive;
  sum->compute += x->compute;
  sum->tail += x->tail;
  sum->dram_rest += x->dram_rest;
  sum->in_step += x->in_step;
  sum->is_shared = sum->is_shared || x->is_shared;
  if (x->depth > 0 && (sum->depth == 0 || x->depth < sum->depth))
    sum->depth = x->depth;
  sum->n_links = x->n_links > sum->n_links ? x->n_links : sum->n_links;
  sum->dram_own += x->dram_own;
  for (int l = 0; l < x->n_links; l++) {
    sum->link_rest[l] += x->link_rest[l];
    sum->link_sent[l] += x->link_sent[l];
  }
}

/* What one core takes and what the others take are columns of their own: T grows with each. */

void model_to_columns(const model_vector *v, int64_t *out) {
  const int64_t fixed[] = {v->dram_bytes, v->l1_bytes, v->first, v->reader_rest, v->inner, v->serial, v->writer_rest, v->last, v->exclusive, v->compute, v->tail,
                           v->dram_rest - v->dram_own, v->in_step, v->depth > 0 ? 4 - v->depth : 0, v->is_shared, v->dram_own};
  memcpy(out, fixed, sizeof fixed);
  for (int l = 0; l < v->n_links; l++) {
    out[MODEL_COLUMN_LINKS + 2 * l] = v->link_rest[l] - v->link_sent[l];
    out[MODEL_COLUMN_LINKS + 2 * l + 1] = v->link_sent[l];
  }
}

void model_from_columns(const int64_t *c, int n_links, model_vector *out) {
  *out = (model_vector){.dram_bytes = c[0], .l1_bytes = c[1], .first = c[2], .reader_rest = c[3], .inner = c[4], .serial = c[5], .writer_rest = c[6], .last = c[7],
                        .exclusive = c[8], .compute = c[9], .tail = c[10], .dram_rest = c[11] + c[15], .in_step = c[12], .depth = (int32_t)(c[13] > 0 ? 4 - c[13] : 0),
                        .is_shared = (int32_t)c[14], .dram_own = c[15], .n_links = n_links};
  for (int l = 0; l < n_links; l++) {
    out->link_sent[l] = c[MODEL_COLUMN_LINKS + 2 * l + 1];
    out->link_rest[l] = c[MODEL_COLUMN_LINKS + 2 * l] + out->link_sent[l];
  }
}

/* ---- T ---- */

/* floor(T) of the law above: a root of t^2 - (R + F) t + (R - S) F. */
static bool is_under(int64_t t, int64_t alone, int64_t own, int64_t others) {
  return (__int128)t * t - ((__int128)alone + others) * t + (__int128)(alone - own) * others <= 0;
}

int64_t model_contended(int64_t alone, int64_t own, int64_t others) {
  own = model_min(own, alone);
  double apart = (double)alone - (double)others;
  int64_t t = (int64_t)(((double)alone + (double)others + sqrt(apart * apart + 4.0 * (double)own * (double)others)) / 2);
  t = model_max(t, model_max(alone, own + others));
  while (t > 0 && !is_under(t, alone, own, others))      /* sqrt's last bits: T must not fall anywhere */
    t--;
  while (is_under(t + 1, alone, own, others))
    t++;
  return t;
}

/* Reader cycles of a core that finds channels and links in use; not below `most`. */
static int64_t contended_reader(const model_program *p, const model_vector *s, int64_t most) {
  int64_t alone = s->reader_rest, own = model_cycles(s->dram_own, p->dram.rate), others = model_cycles(s->dram_rest - s->dram_own, p->dram.rate);
  if (own > 0 && alone + others > most)
    most = model_max(most, model_contended(alone, own, others));
  for (int l = 0; l < s->n_links; l++) {
    own = model_cycles(s->link_sent[l], p->link_rate);
    others = model_cycles(s->link_rest[l] - s->link_sent[l], p->link_rate);
    if (own > 0 && alone + others > most)
      most = model_max(most, model_contended(alone, own, others));
  }
  return most;
}

void model_terms(const model_program *p, const model_point *at, const model_vector *s, int64_t out[MODEL_TERMS]) {
  int64_t busiest = 0, compute = at->compute + s->compute, slots = s->depth > 2 ? s->depth - 1 : 1;
  for (int l = 0; l < s->n_links; l++)
    busiest = s->link_rest[l] > busiest ? s->link_rest[l] : busiest;
  out[MODEL_TERM_FILL] = s->first;
  out[MODEL_TERM_DRAIN] = s->last;
  out[MODEL_TERM_COMPUTE] = compute;
  out[MODEL_TERM_READER] = contended_reader(p, s, s->reader_rest + (s->is_shared ? s->in_step : 0)) + at->tail + s->tail;
  out[MODEL_TERM_WRITER] = s->writer_rest;
  out[MODEL_TERM_DRAM] = model_cycles(s->dram_rest, p->dram.rate);
  out[MODEL_TERM_LINKS] = model_cycles(busiest, p->link_rate);
  int64_t waits = 0;
  if (s->depth > 0) {     /* the longest cycle through the slots */
    __int128 turns = at->turns - (__int128)slots * at->turn_runs;
    __int128 x = (turns > 0 ? turns : 0) * s->inner + (__int128)at->turn_runs * (at->turn + at->around) + s->compute;
    waits = x > MODEL_MOST * 64 ? MODEL_MOST * 64 : (int64_t)x;
  }
  out[MODEL_TERM_SERIAL] = model_max(waits, compute + model_max(s->serial, s->exclusive));
}

int64_t model_total(const model_program *p, const model_point *at, const model_vector *sum) {
  int64_t t[MODEL_TERMS], most = 0;
  model_terms(p, at, sum, t);
  for (int i = MODEL_TERM_COMPUTE; i <= MODEL_TERM_SERIAL; i++)
    most = t[i] > most ? t[i] : most;
  return t[MODEL_TERM_FILL] + most + t[MODEL_TERM_DRAIN];
}
