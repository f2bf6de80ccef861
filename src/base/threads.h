/* threads: the same small job for many indices, on several threads.  What comes out does not depend on how many there are. */
#ifndef LOOM_BASE_THREADS_H
#define LOOM_BASE_THREADS_H
#include "base/diag.h"

/* How many threads the process may use, at least 1. */
int threads_available(void);

/* fn(worker, data, i) for every i in 0..n-1, on at most `threads` threads, the caller's among them (1 or less: the caller's alone).
 * A worker has its own context, emptied after the call: results go into what belongs to i in `data`, and `fn` writes nothing else; what it
 * says about a job that succeeds is dropped.
 * When jobs fail: the status of the one with the least i, its diagnostics appended to `ctx`; all jobs before it have run.
 * A worker that runs out of memory fails its job with LOOM_EMEM. */
LOOM_MUST_USE loom_status threads_for(loom_ctx *ctx, int threads, size_t n, loom_status (*fn)(loom_ctx *worker, void *data, size_t i), void *data);
#endif
