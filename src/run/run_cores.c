#include "run/run_cores.h"
#include "base/threads.h"
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

enum { SPINS = 4000, LARGE_PAGE = 2 << 20 };   /* a few microseconds; then a thread sleeps until it is woken */

typedef struct helper { run_team *team; pthread_t thread; int index; } helper;

struct run_team {
  int n_helpers;
  helper *helpers;
  run_call *now;                 /* what this round runs */
  char *mapped, *workspace;      /* whole pages; the first core's, the others' follow in steps of `each` */
  size_t mapped_size, each;
  int64_t n_cores;               /* that have a workspace */
  pthread_mutex_t lock;
  pthread_cond_t wake, idle;
  atomic_uint round;             /* counts calls; the helpers run the cores of each round they have not seen */
  atomic_int working;            /* helpers that are not done with this round */
  atomic_bool stop;
};

struct run_call {
  run_core_fn fn;
  run_team *team;
  int n_dims;
  const int64_t *count;
  int64_t n_cores;
  size_t n_tensors;
  bool has_workspace;
  void ***buffers;               /* by core: the tensors, then the core's workspace */
  int64_t (*at)[RUN_GRID_MAX];   /* by core */
};

/* Thread t of n runs the cores t, t + n, ..: which core runs where does not depend on time. */
static void run_share(run_call *c, int thread) {
  for (int64_t i = thread; i < c->n_cores; i += c->team->n_helpers + 1)
    c->fn(c->buffers[i], c->at[i]);
}

/* ---- threads ---- */

static bool wait_for_round(run_team *t, unsigned seen) {
  for (int i = 0; i < SPINS; i++) {
    if (atomic_load_explicit(&t->round, memory_order_acquire) != seen)
      return !atomic_load(&t->stop);
    __builtin_ia32_pause();
  }
  pthread_mutex_lock(&t->lock);
  while (atomic_load(&t->round) == seen)
    pthread_cond_wait(&t->wake, &t->lock);
  pthread_mutex_unlock(&t->lock);
  return !atomic_load(&t->stop);
}

static void *help(void *data) {
  helper *h = data;
  run_team *t = h->team;
  for (unsigned seen = 0; wait_for_round(t, seen);) {
    seen = atomic_load(&t->round);
    run_share(t->now, h->index);
    if (atomic_fetch_sub(&t->working, 1) == 1) {
      pthread_mutex_lock(&t->lock);
      pthread_cond_signal(&t->idle);
      pthread_mutex_unlock(&t->lock);
    }
  }
  return NULL;
}

static void next_round(run_team *t) {
  pthread_mutex_lock(&t->lock);
  atomic_fetch_add_explicit(&t->round, 1, memory_order_release);
  pthread_cond_broadcast(&t->wake);
  pthread_mutex_unlock(&t->lock);
}

static void wait_for_helpers(run_team *t) {
  for (int i = 0; i < SPINS && atomic_load_explicit(&t->working, memory_order_acquire); i++)
    __builtin_ia32_pause();
  if (!atomic_load(&t->working))
    return;
  pthread_mutex_lock(&t->lock);
  while (atomic_load(&t->working))
    pthread_cond_wait(&t->idle, &t->lock);
  pthread_mutex_unlock(&t->lock);
}

run_team *run_open_team(loom_ctx *ctx, int threads) {
  run_team *t = ARENA_NEW(&ctx->mem, run_team);
  const int wanted = threads > 0 ? threads : threads_available();
  pthread_mutex_init(&t->lock, NULL);
  pthread_cond_init(&t->wake, NULL);
  pthread_cond_init(&t->idle, NULL);
  t->helpers = ARENA_NEW_N(&ctx->mem, helper, wanted);
  for (int i = 1; i < wanted; i++) {
    t->helpers[t->n_helpers] = (helper){.team = t, .index = i};
    if (pthread_create(&t->helpers[t->n_helpers].thread, NULL, help, &t->helpers[t->n_helpers]) != 0)
      break;   /* fewer threads do the same work */
    t->n_helpers++;
  }
  return t;
}

int run_team_threads(const run_team *t) { return t->n_helpers + 1; }
int64_t run_team_bytes(const run_team *t) { return (int64_t)t->mapped_size; }

void run_close_team(run_team *t) {
  if (!t)
    return;
  atomic_store(&t->stop, true);
  next_round(t);
  for (int i = 0; i < t->n_helpers; i++)
    pthread_join(t->helpers[i].thread, NULL);
  if (t->mapped)
    munmap(t->mapped, t->mapped_size);
  pthread_mutex_destroy(&t->lock);
  pthread_cond_destroy(&t->wake);
  pthread_cond_destroy(&t->idle);
}

/* ---- workspaces ---- */

/* Whole large pages, so that walking through packed tiles costs no translation. */
static loom_status grow_workspaces(loom_ctx *ctx, run_team *t, int64_t n_cores, int64_t bytes) {
  const size_t needed = ((size_t)bytes + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE, each = needed > t->each ? needed : t->each;
  const int64_t cores = n_cores > t->n_cores ? n_cores : t->n_cores;
  if (bytes == 0 || (each == t->each && cores == t->n_cores))
    return LOOM_OK;
  const size_t size = each * (size_t)cores + LARGE_PAGE;
  char *mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EMEM, "no memory for the workspaces of %" PRId64 " cores, %zu bytes each", cores, each);
  madvise(mapped, size, MADV_HUGEPAGE);   /* a hint */
  if (t->mapped)
    munmap(t->mapped, t->mapped_size);
  t->mapped = mapped;
  t->mapped_size = size;
  t->workspace = mapped + (LARGE_PAGE - (uintptr_t)mapped % LARGE_PAGE) % LARGE_PAGE;
  t->each = each;
  t->n_cores = cores;
  return LOOM_OK;
}

/* ---- calls ---- */

static void place_core(run_call *c, int64_t i) {
  for (int d = c->n_dims - 1, left = (int)i; d >= 0; d--) {
    c->at[i][d] = left % c->count[d];
    left /= (int)c->count[d];
  }
}

loom_status run_open_call(loom_ctx *ctx, const run_program *p, void *const *tensors, size_t n_tensors, run_team *team, run_call **out) {
  arena *m = &ctx->mem;
  run_call *c = *out = ARENA_NEW(m, run_call);
  c->fn = p->fn;
  c->team = team;
  c->n_dims = p->n_dims;
  c->count = p->count;
  c->n_cores = 1;
  c->n_tensors = n_tensors;
  c->has_workspace = p->workspace_bytes > 0;
  for (int d = 0; d < p->n_dims; d++)
    c->n_cores *= p->count[d];
  c->buffers = ARENA_NEW_N(m, void **, c->n_cores);
  c->at = arena_array(m, (size_t)c->n_cores, sizeof *c->at);
  for (int64_t i = 0; i < c->n_cores; i++) {
    c->buffers[i] = ARENA_NEW_N(m, void *, n_tensors + 1);
    if (n_tensors)
      memcpy(c->buffers[i], tensors, n_tensors * sizeof *tensors);
    place_core(c, i);
  }
  return grow_workspaces(ctx, team, c->n_cores, p->workspace_bytes);
}

void run_make_call(run_call *c) {
  run_team *t = c->team;
  for (int64_t i = 0; c->has_workspace && i < c->n_cores; i++)      /* they may have grown since */
    c->buffers[i][c->n_tensors] = t->workspace + (size_t)i * t->each;
  if (!t->n_helpers || c->n_cores == 1) {
    for (int64_t i = 0; i < c->n_cores; i++)
      c->fn(c->buffers[i], c->at[i]);
    return;
  }
  t->now = c;
  atomic_store(&t->working, t->n_helpers);
  next_round(t);
  run_share(c, 0);
  wait_for_helpers(t);
}
