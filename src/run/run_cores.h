/* Calls of native programs: one function for every core of a grid, on threads that wait between calls.  A call allocates nothing. */
#ifndef LOOM_RUN_RUN_CORES_H
#define LOOM_RUN_RUN_CORES_H
#include "base/diag.h"
enum { RUN_GRID_MAX = 12 };
/* buf: the tensors, then the core's workspace; arg: where in the grid the core is */
typedef void (*run_core_fn)(void *const *buf, const int64_t *arg);
typedef struct run_program { run_core_fn fn; int n_dims; const int64_t *count; /* of the grid */ int64_t workspace_bytes; /* of a core */ } run_program;

/* Threads and workspaces, for any number of calls of which one is made at a time.  Owned by ctx->mem, but for threads and workspaces: close it before. */
typedef struct run_team run_team;
/* `threads` 0: as many as the process may use. */
LOOM_GIVE run_team *run_open_team(loom_ctx *ctx, int threads);
int run_team_threads(const run_team *t);
int64_t run_team_bytes(const run_team *t);    /* of its workspaces */
void run_close_team(LOOM_TAKE run_team *t);   /* NULL is fine; its calls are not made any more */

typedef struct run_call run_call;   /* owned by ctx->mem */
/* `p->count`, the tensors and the team must outlive the call.  The team's workspaces grow to what the call needs. */
LOOM_MUST_USE loom_status run_open_call(loom_ctx *ctx, const run_program *p, void *const *tensors, size_t n_tensors, LOOM_KEEP run_team *team, run_call **out);
/* All cores once; any number of times, from one thread. */
void run_make_call(run_call *c);
#endif
