/* Calls of native programs: one function for every core of a grid, on threads that wait between calls.  A call allocates nothing. */
#ifndef LOOM_RUN_RUN_CORES_H
#define LOOM_RUN_RUN_CORES_H
#include "base/diag.h"
enum { RUN_GRID_MAX = 12 };
/* buf: the tensors, then the core's workspace; arg: where in the grid the core is */
typedef void (*run_core_fn)(void *const *buf, const int64_t *arg);
typedef struct run_program { run_core_fn fn; int n_dims; const int64_t *count; /* of the grid */ int64_t workspace_bytes; /* of a core */ } run_program;
typedef struct run_call run_call;   /* owned by ctx->mem, but for threads and workspaces: close it before */
/* `threads` 0: as many as the process may use; never more than cores.  `p->count` and the tensors must outlive the call. */
LOOM_MUST_USE loom_status run_open_call(loom_ctx *ctx, const run_program *p, void *const *tensors, size_t n_tensors, int threads, LOOM_GIVE run_call **out);
/* All cores once; any number of times, from one thread. */
void run_make_call(run_call *c);
void run_close_call(LOOM_TAKE run_call *c);   /* NULL is fine */
#endif
