/* What a soak adds up to: printed, and as loom.soak.v1. */
#include "soak.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void soak_total_add(soak_total *t, arena *m, const soak_result *r) {
  t->kernels++;
  t->spatial += r->is_spatial;
  t->unsure += r->unsure;
  if (r->findings) {
    t->with_findings++;
    vec_push(m, &t->seeds, r->seed);
  }
  for (int e = 0; e < SOAK_ENGINES; e++) {
    t->compared[e] += r->compared[e];
    t->taken[e] += r->compared[e] > 0;
    t->refused[e] += r->refused[e] > 0;
    if (!r->refused[e])
      continue;
    size_t i = 0;
    while (i < t->reasons.n && !(t->reasons.at[i].engine == (soak_engine)e && text_eq(t->reasons.at[i].text, r->reason[e])))
      i++;
    if (i == t->reasons.n)
      vec_push(m, &t->reasons, ((soak_reason){(soak_engine)e, arena_strdup(m, r->reason[e]), 0, r->seed}));
    t->reasons.at[i].n++;
  }
  for (int e = 0; e <= SOAK_ENGINES; e++)
    t->cpu_ms[e] += r->cpu_ms[e];
  t->inexact += r->inexact;
  t->tightest = r->tightest > t->tightest ? r->tightest : t->tightest;
  for (int i = 0; i < SOAK_SLACKS; i++)
    t->slack[i] += r->slack[i];
  soak_ledger_add(&t->ledger, r);
}

int soak_median_slack(const soak_total *t) {
  int at = 0;
  for (int64_t seen = t->slack[0]; seen < t->inexact / 2 && at + 1 < SOAK_SLACKS; seen += t->slack[++at])
    ;
  return at;
}

static int by_count(const void *a, const void *b) {
  const soak_reason *x = a, *y = b;
  return x->engine != y->engine ? (int)x->engine - (int)y->engine : x->n != y->n ? (x->n < y->n ? 1 : -1) : strcmp(x->text, y->text);
}

static double total_ms(const soak_total *t) {
  double sum = 0;
  for (int e = 0; e <= SOAK_ENGINES; e++)
    sum += t->cpu_ms[e];
  return sum;
}

void soak_total_print(const soak_total *t, arena *m, double wall_s) {
  soak_ledger_print(&t->ledger, m);
  if (t->reasons.n)
    qsort(t->reasons.at, t->reasons.n, sizeof *t->reasons.at, by_count);
  printf("\nrefusals:\n");
  for (size_t i = 0; i < t->reasons.n; i++)
    printf("  %6" PRId64 " %-8s %s (seed %" PRIu64 ")\n", t->reasons.at[i].n, soak_engine_word(t->reasons.at[i].engine), t->reasons.at[i].text, t->reasons.at[i].seed);
  printf("\n%-10s %10s %10s %10s\n", "engine", "kernels", "compared", "refused");
  for (int e = 0; e < SOAK_ENGINES; e++)
    printf("%-10s %10" PRId64 " %10" PRId64 " %10" PRId64 "\n", soak_engine_word((soak_engine)e), t->taken[e], t->compared[e], t->refused[e]);
  printf("\n%" PRId64 " inexact results: the largest error is %.3g of its bound, the median one 2^-%d\n", t->inexact, t->tightest, soak_median_slack(t));
  printf("%" PRId64 " kernels (%" PRId64 " meant for chips), %" PRId64 " with disagreements, %" PRId64 " of them died or hung; %" PRId64 " elements without a bound; %.1f s, %.0f ms of a core a kernel\n",
         t->kernels, t->spatial, t->with_findings, t->lost, t->unsure, wall_s, t->kernels ? total_ms(t) / (double)t->kernels : 0);
}

data_value *soak_total_data(const soak_total *t, arena *m, const soak_options *o, uint64_t seed, double wall_s) {
  data_value *all = data_object(m), *engines = data_array(m), *reasons = data_array(m), *seeds = data_array(m);
  data_set_string(m, all, "schema", "loom.soak.v1");
  data_set_int(m, all, "seed", (int64_t)seed);
  data_set_int(m, all, "kernels", t->kernels);
  data_set_int(m, all, "plans", o->plans);
  data_set_int(m, all, "disagreements", t->with_findings);
  data_set_int(m, all, "lost", t->lost);
  data_set_int(m, all, "unbounded_elements", t->unsure);
  data_set_int(m, all, "inexact_results", t->inexact);
  data_set_real(m, all, "largest_error_in_bounds", t->tightest);
  data_set_int(m, all, "median_slack_log2", soak_median_slack(t));
  data_set_real(m, all, "seconds", wall_s);
  data_set_real(m, all, "core_ms_a_kernel", t->kernels ? total_ms(t) / (double)t->kernels : 0);
  for (size_t i = 0; i < t->seeds.n; i++)
    data_push(m, seeds, data_int(m, (int64_t)t->seeds.at[i]));
  data_set(m, all, "seeds", seeds);
  for (int e = 0; e < SOAK_ENGINES; e++) {
    data_value *v = data_object(m);
    data_set_string(m, v, "engine", soak_engine_word((soak_engine)e));
    data_set_int(m, v, "kernels", t->taken[e]);
    data_set_int(m, v, "compared", t->compared[e]);
    data_set_int(m, v, "refused", t->refused[e]);
    data_push(m, engines, v);
  }
  data_set(m, all, "engines", engines);
  for (size_t i = 0; i < t->reasons.n; i++) {
    data_value *v = data_object(m);
    data_set_string(m, v, "engine", soak_engine_word(t->reasons.at[i].engine));
    data_set_string(m, v, "reason", t->reasons.at[i].text);
    data_set_int(m, v, "kernels", t->reasons.at[i].n);
    data_set_int(m, v, "seed", (int64_t)t->reasons.at[i].seed);
    data_push(m, reasons, v);
  }
  data_set(m, all, "refusals", reasons);
  int64_t cells, often, empty;
  soak_ledger_sum(&t->ledger, &cells, &often, &empty);
  data_set_int(m, all, "cells", cells);
  data_set_int(m, all, "cells_often", often);
  data_set_int(m, all, "cells_empty", empty);
  data_set(m, all, "ledger", soak_ledger_data(&t->ledger, m));
  return all;
}
