/* Makes a kernel that disagrees smaller (kernel/kernel_reduce.h): while the smaller one still runs in the interpreter, and still disagrees in the same engine.
 * Each try runs in a process of its own.  Plans are drawn anew for each graph, from the same seed. */
#include "soak_reduce.h"
#include "kernel/kernel_reduce.h"
#include "run/run_jobs.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

enum { TRIES_MAX = 4000, PLANS_AT_LEAST = 8, SECONDS = 20 };

typedef struct reducer { loom_ctx *ctx; const soak_options *o; uint64_t seed; soak_engine where; bool dies; soak_result *result; } reducer;

/* ---- does it still disagree? ---- */
typedef struct trial { const reducer *r; kernel_graph *k; } trial;

static bool work(void *data, int i, const char **bytes, size_t *size) {
  const trial *t = data;
  const struct itimerval cpu = {.it_value = {.tv_sec = SECONDS}};
  (void)i;
  setitimer(ITIMER_PROF, &cpu, NULL);
  alarm(SECONDS * 15);
  soak_run(t->r->o, t->r->seed, t->k, t->r->result);
  *bytes = (const char *)t->r->result;
  *size = sizeof *t->r->result;
  return true;
}

static bool disagrees(void *data, kernel_graph *k) {
  reducer *r = data;
  loom_ctx own;
  loom_ctx_init(&own);
  run_job job;
  trial t = {r, k};
  bool is = false;
  if (run_jobs(&own, 1, 1, work, &t, &job) == LOOM_OK) {
    is = r->dies ? job.is_lost : job.is_done;
    if (job.is_done && !r->dies) {
      memcpy(r->result, job.bytes, sizeof *r->result);
      is = r->result->findings && r->result->where == r->where;
    }
  }
  loom_ctx_done(&own);
  return is;
}

int soak_reduce(loom_ctx *ctx, const soak_options *o, uint64_t seed, kernel_graph *k, kernel_graph **out, soak_result *result) {
  soak_options own = *o;
  reducer r = {.ctx = ctx, .o = &own, .seed = seed, .result = result};
  run_job job;
  trial t = {&r, k};
  own.often |= own.engines & ~(1u << SOAK_TT);
  if (run_jobs(ctx, 1, 1, work, &t, &job) != LOOM_OK)
    return -1;
  r.dies = job.is_lost;
  if (job.is_done)
    memcpy(result, job.bytes, sizeof *result);
  *out = k;
  if (!r.dies && !result->findings)
    return -1;
  r.where = result->where;
  if (!r.dies) {
    own.engines = own.often = 1u << r.where;
    own.plans = own.plans > PLANS_AT_LEAST ? own.plans : PLANS_AT_LEAST;
  }
  *out = kernel_reduce(ctx, k, &(kernel_reduction){.still = disagrees, .data = &r, .tries_max = TRIES_MAX});
  (void)disagrees(&r, *out);      /* *result is that of the last graph */
  return kernel_count_ops(*out);
}
