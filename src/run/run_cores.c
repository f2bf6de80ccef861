#include "run/run_cores.h"
#include "base/threads.h"
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

enum { SPINS = 4000, LARGE_PAGE = 2 << 20 };   /* a few microseconds; then a thread sleeps until it is woken */

typedef struct helper { run_call *call; pthread_t thread; int index; } helper;

struct run_call {
  run_core_fn fn;
  int n_dims, n_helpers;
  const int64_t *count;
  int64_t n_cores;
  void ***buffers;               /* by core: the tensors, then the core's workspace */
  int64_t (*at)[RUN_GRID_MAX];   /* by core */
  char *workspace;
  size_t workspace_size;
  helper *helpers;
  pthread_mutex_t lock;
  pthread_cond_t wake, idle;
  atomic_uint round;             /* counts calls; the helpers run the cores of each round they have not seen */
  atomic_int working;            /* helpers that are not done with this round */
  atomic_bool stop;
};

/* Thread t of n runs the cores t, t + n, ..: which core runs where does not depend on time. */
static void run_share(run_call *c, int thread) {
  for (int64_t i = thread; i < c->n_cores; i += c->n_helpers + 1)
    c->fn(c->buffers[i], c->at[i]);
}

static bool wait_for_round(run_call *c, unsigned seen) {
  for (int i = 0; i < SPINS; i++) {
    if (atomic_load_explicit(&c->round, memory_order_acquire) != seen)
      return !atomic_load(&c->stop);
    __builtin_ia32_pause();
  }
  pthread_mutex_lock(&c->lock);
  while (atomic_load(&c->round) == seen)
    pthread_cond_wait(&c->wake, &c->lock);
  pthread_mutex_unlock(&c->lock);
  return !atomic_load(&c->stop);
}

static void *help(void *data) {
  helper *h = data;
  run_call *c = h->call;
  for (unsigned seen = 0; wait_for_round(c, seen);) {
    seen = atomic_load(&c->round);
    run_share(c, h->index);
    if (atomic_fetch_sub(&c->working, 1) == 1) {
      pthread_mutex_lock(&c->lock);
      pthread_cond_signal(&c->idle);
      pthread_mutex_unlock(&c->lock);
    }
  }
  return NULL;
}

static void next_round(run_call *c) {
  pthread_mutex_lock(&c->lock);
  atomic_fetch_add_explicit(&c->round, 1, memory_order_release);
  pthread_cond_broadcast(&c->wake);
  pthread_mutex_unlock(&c->lock);
}

void run_make_call(run_call *c) {
  if (c->n_helpers) {
    atomic_store(&c->working, c->n_helpers);
    next_round(c);
  }
  run_share(c, 0);
  for (int i = 0; i < SPINS && atomic_load_explicit(&c->working, memory_order_acquire); i++)
    __builtin_ia32_pause();
  if (!atomic_load(&c->working))
    return;
  pthread_mutex_lock(&c->lock);
  while (atomic_load(&c->working))
    pthread_cond_wait(&c->idle, &c->lock);
  pthread_mutex_unlock(&c->lock);
}

/* Whole large pages, so that walking through packed tiles costs no translation. */
static loom_status map_workspaces(loom_ctx *ctx, run_call *c, size_t n_tensors, int64_t bytes) {
  size_t each = ((size_t)bytes + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
  if (bytes == 0)
    return LOOM_OK;
  c->workspace_size = each * (size_t)c->n_cores + LARGE_PAGE;
  c->workspace = mmap(NULL, c->workspace_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (c->workspace == MAP_FAILED) {
    c->workspace = NULL;
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EMEM, "no memory for the workspaces of %" PRId64 " cores, %zu bytes each", c->n_cores, each);
  }
  madvise(c->workspace, c->workspace_size, MADV_HUGEPAGE);   /* a hint */
  char *first = c->workspace + (LARGE_PAGE - (uintptr_t)c->workspace % LARGE_PAGE) % LARGE_PAGE;
  for (int64_t i = 0; i < c->n_cores; i++)
    c->buffers[i][n_tensors] = first + (size_t)i * each;
  return LOOM_OK;
}

static void place_core(run_call *c, int64_t i) {
  for (int d = c->n_dims - 1, left = (int)i; d >= 0; d--) {
    c->at[i][d] = left % c->count[d];
    left /= (int)c->count[d];
  }
}

loom_status run_open_call(loom_ctx *ctx, const run_program *p, void *const *tensors, size_t n_tensors, int threads, run_call **out) {
  arena *m = &ctx->mem;
  run_call *c = *out = ARENA_NEW(m, run_call);
  c->fn = p->fn;
  c->n_dims = p->n_dims;
  c->count = p->count;
  c->n_cores = 1;
  for (int d = 0; d < p->n_dims; d++)
    c->n_cores *= p->count[d];
  c->buffers = ARENA_NEW_N(m, void **, c->n_cores);
  c->at = arena_array(m, (size_t)c->n_cores, sizeof *c->at);
  for (int64_t i = 0; i < c->n_cores; i++) {
    c->buffers[i] = ARENA_NEW_N(m, void *, n_tensors + 1);
    memcpy(c->buffers[i], tensors, n_tensors * sizeof *tensors);
    place_core(c, i);
  }
  pthread_mutex_init(&c->lock, NULL);
  pthread_cond_init(&c->wake, NULL);
  pthread_cond_init(&c->idle, NULL);
  loom_status st = map_workspaces(ctx, c, n_tensors, p->workspace_bytes);
  int wanted = threads > 0 ? threads : threads_available();
  wanted = wanted < c->n_cores ? wanted : (int)c->n_cores;
  c->helpers = ARENA_NEW_N(m, helper, wanted);
  for (int t = 1; st == LOOM_OK && t < wanted; t++) {
    c->helpers[c->n_helpers] = (helper){.call = c, .index = t};
    if (pthread_create(&c->helpers[c->n_helpers].thread, NULL, help, &c->helpers[c->n_helpers]) != 0)
      break;   /* fewer threads do the same work */
    c->n_helpers++;
  }
  if (st != LOOM_OK) {
    run_close_call(c);
    *out = NULL;
  }
  return st;
}

void run_close_call(run_call *c) {
  if (!c)
    return;
  atomic_store(&c->stop, true);
  next_round(c);
  for (int i = 0; i < c->n_helpers; i++)
    pthread_join(c->helpers[i].thread, NULL);
  if (c->workspace)
    munmap(c->workspace, c->workspace_size);
  pthread_mutex_destroy(&c->lock);
  pthread_cond_destroy(&c->wake);
  pthread_cond_destroy(&c->idle);
}
