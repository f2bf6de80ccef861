#include "base/threads.h"
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { THREADS_MAX = 64 };

typedef struct crew {
  loom_status (*fn)(loom_ctx *worker, void *data, size_t i);
  void *data;
  atomic_size_t next;      /* the first index nobody has taken */
  atomic_size_t end;       /* indices from here on are not begun: the count, or the least failed index so far */
} crew;

typedef struct worker {
  crew *crew;
  loom_ctx ctx;
  size_t at;               /* the job that failed; jobs are taken in ascending order, so a worker stops at its first failure */
  loom_status status;
  pthread_t thread;
} worker;

int threads_available(void) {
  cpu_set_t set;
  int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
  return n < 1 ? 1 : n > THREADS_MAX ? THREADS_MAX : n;
}

static void lower_end(crew *c, size_t i) {
  size_t end = atomic_load(&c->end);
  while (i < end && !atomic_compare_exchange_weak(&c->end, &end, i))
    ;
}

typedef struct job { worker *w; size_t i; } job;

static loom_status run_job(loom_ctx *ctx, void *data) {
  job *j = data;
  return j->w->crew->fn(ctx, j->w->crew->data, j->i);
}

static void *work(void *data) {
  worker *w = data;
  crew *c = w->crew;
  for (;;) {
    job j = {w, atomic_fetch_add(&c->next, 1)};
    if (j.i >= atomic_load(&c->end))
      return NULL;
    diag_mark said = diag_save(&w->ctx);
    arena_mark mem = arena_save(&w->ctx.mem), scratch = arena_save(&w->ctx.scratch);
    w->status = loom_ctx_run(&w->ctx, run_job, &j);
    if (w->status != LOOM_OK) {
      w->at = j.i;
      lower_end(c, j.i);
      return NULL;
    }
    diag_drop(&w->ctx, said);
    arena_release(&w->ctx.mem, mem);
    arena_release(&w->ctx.scratch, scratch);
  }
}

static bool knows_source(const loom_ctx *ctx, const diag_source *source) {
  for (const diag_source *s = ctx->diag.sources; s; s = s->next)
    if (s == source)
      return true;
  return false;
}

/* Places in files that only the worker has read are left out: the texts go with it. */
static loom_status append_diagnostics(loom_ctx *ctx, void *data) {
  const worker *failed = data;
  for (const diag_item *d = failed->ctx.diag.first; d; d = d->next) {
    loom_span span = knows_source(ctx, d->span.source) ? d->span : LOOM_NOSPAN;
    if (d->severity == DIAG_ERROR)
      (void)diag_error(ctx, span, d->status, "%s", d->text);
    else if (d->severity == DIAG_WARNING)
      diag_warn(ctx, span, "%s", d->text);
    else
      diag_note(ctx, span, "%s", d->text);
    if (d->help)
      diag_help(ctx, "%s", d->help);
  }
  return failed->status;
}

static worker *first_failed(worker *workers, int n) {
  worker *first = NULL;
  for (int k = 0; k < n; k++)
    if (workers[k].status != LOOM_OK && (!first || workers[k].at < first->at))
      first = &workers[k];
  return first;
}

loom_status threads_for(loom_ctx *ctx, int threads, size_t n, loom_status (*fn)(loom_ctx *worker, void *data, size_t i), void *data) {
  crew c = {.fn = fn, .data = data};
  atomic_init(&c.next, 0);
  atomic_init(&c.end, n);
  int wanted = threads < 1 ? 1 : threads > THREADS_MAX ? THREADS_MAX : threads, started = 1;
  if ((size_t)wanted > n)
    wanted = n ? (int)n : 1;
  worker workers[THREADS_MAX];
  for (int k = 0; k < wanted; k++) {
    workers[k] = (worker){.crew = &c};
    loom_ctx_init(&workers[k].ctx);
  }
  while (started < wanted && pthread_create(&workers[started].thread, NULL, work, &workers[started]) == 0)
    started++;                       /* fewer threads than wanted do the same work */
  work(&workers[0]);
  for (int k = 1; k < started; k++)
    pthread_join(workers[k].thread, NULL);
  worker *failed = first_failed(workers, started);
  loom_status st = failed ? loom_ctx_run(ctx, append_diagnostics, failed) : LOOM_OK;      /* guarded: the workers' arenas must be freed whatever happens */
  for (int k = 0; k < wanted; k++)
    loom_ctx_done(&workers[k].ctx);
  return st;
}
