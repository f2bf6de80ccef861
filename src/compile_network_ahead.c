/* The kernels of a network that have to be compiled, before the first of them runs: from the cache, or on several processes.  What a process hands back is what the cache keeps
 * (compile_entry.h), so that the state here is the same whoever compiled it.  A process that has something to say about its kernel, or cannot compile it, hands back nothing: the
 * kernel is then compiled here in its turn, and messages are those of one process, in the same order. */
#include "base/clock.h"
#include "base/progress.h"
#include "compile_cache.h"
#include "compile_entry.h"
#include "compile_network_private.h"
#include "compile_tuning.h"
#include "run/run_jobs.h"
#include <string.h>

typedef VEC_OF(network_compiled *) compiled_list;
typedef struct ahead { network_run *n; compiled_list missing; int threads; } ahead;

static compile_npu *program_of(network_run *n, network_compiled *c) { return network_is_npu(n) ? &c->npu : NULL; }

/* In the cache?  Else in the list of those that are not. */
static loom_status look_up(ahead *a, network_compiled *c) {
  network_run *n = a->n;
  const double before = clock_ms();
  c->is_open = true;
  c->o.tuned = NULL;      /* options may be those of the same kernel with its tensors elsewhere */
  LOOM_TRY(compile_start(n->ctx, &c->o, &c->s));
  LOOM_TRY(compile_cache_open(&c->s, program_of(n, c), &c->is_compiled));
  c->ms = clock_ms() - before;
  c->s.kernel = c->o.graph;
  if (!c->is_compiled)      /* where nothing is cached, nobody has looked yet */
    LOOM_TRY(compile_tuning_find(&c->s));
  c->o.tuned = c->s.tuned;
  if (!c->is_compiled)
    vec_push(&n->ctx->mem, &a->missing, c);
  return LOOM_OK;
}

/* ---- in a copy of this process ---- */

static bool compile_job(void *data, int i, const char **bytes, size_t *size) {
  ahead *a = data;
  network_compiled *c = a->missing.at[i];
  const double before = clock_ms();
  const char *entry;
  size_t entry_size;
  c->o.cache = NULL;
  c->o.tuning = NULL;
  c->o.threads = a->threads;
  if (network_compile_one(a->n, c) != LOOM_OK || !c->s.is_quiet || compile_entry_make(&c->s, program_of(a->n, c), &entry, &entry_size) != LOOM_OK)
    return false;
  const double ms = clock_ms() - before;
  char *all = arena_alloc(&a->n->ctx->mem, sizeof ms + entry_size);
  memcpy(all, &ms, sizeof ms);
  memcpy(all + sizeof ms, entry, entry_size);
  *bytes = all;
  *size = sizeof ms + entry_size;
  return true;
}

/* ---- here ---- */

static loom_status take(ahead *a, network_compiled *c, const run_job *j) {
  network_run *n = a->n;
  if (j->is_lost && j->signal)
    LOOM_FAIL(n->ctx, c->span, LOOM_EWORKER, "the process that compiled kernel %s was ended%s by signal %d (%s)", c->o.graph->name, *j->stage ? arena_printf(&n->ctx->mem, " in stage '%s'", j->stage) : "", j->signal, strsignal(j->signal));
  if (j->is_lost)
    LOOM_FAIL(n->ctx, c->span, LOOM_EWORKER, "the process that compiled kernel %s ended with code %d", c->o.graph->name, j->exit);
  if (!j->is_done)
    return LOOM_OK;
  const char *entry = j->bytes + sizeof c->ms;
  const size_t size = j->size - sizeof c->ms;
  memcpy(&c->ms, j->bytes, sizeof c->ms);
  LOOM_TRY(compile_entry_take(&c->s, program_of(n, c), entry, size));
  c->is_compiled = true;
  LOOM_TRY(compile_tuning_record(&c->s));
  if (c->s.cache_key)
    run_cache_put(n->ctx, c->o.cache, c->s.cache_key, entry, size);
  c->s.cache_key = NULL;
  return LOOM_OK;
}

loom_status network_compile_ahead(network_run *n) {
  ahead a = {.n = n};
  if (n->r && n->r->interp_only)
    return LOOM_OK;
  for (size_t i = 0; i < n->net->kernels.n; i++)
    if (n->kept[i] && !n->kept[i]->is_compiled)
      LOOM_TRY(look_up(&a, n->kept[i]));
  const int jobs = (int)a.missing.n, processes = n->o->threads < jobs ? n->o->threads : jobs;
  if (processes < 2 || n->o->providers || n->o->opinion)      /* who is asked by several processes at once answers for one */
    return LOOM_OK;
  a.threads = n->o->threads / processes;
  run_job *done = ARENA_NEW_N(&n->ctx->mem, run_job, jobs);
  LOOM_TRY(run_jobs(n->ctx, jobs, processes, compile_job, &a, done));
  progress_over("compiled kernels");
  for (int i = 0; i < jobs; i++)
    LOOM_TRY(take(&a, a.missing.at[i], &done[i]));
  return LOOM_OK;
}
