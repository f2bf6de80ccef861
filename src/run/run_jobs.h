/* Numbered jobs on several processes that are copies of this one (fork): what libraries keep for themselves is not shared, and a job that dies takes nothing with it.
 * To be called while the process has no other threads: a copy has only the one that made it. */
#ifndef LOOM_RUN_RUN_JOBS_H
#define LOOM_RUN_RUN_JOBS_H
#include "base/diag.h"

/* What became of a job.  Neither done nor lost: its work had nothing to hand back. */
typedef struct run_job {
  bool is_done; const char *bytes; size_t size;      /* what it handed back, NUL-terminated behind `size` bytes, owned by ctx->mem */
  bool is_lost; int signal, exit; const char *stage; /* its process ended while it ran: by `signal`, or, where that is 0, with the code `exit`; in that stage ("": it has not said) */
} run_job;

/* In a copy: job i of run_jobs.  True: *bytes are handed back. */
typedef bool (*run_job_fn)(void *data, int i, const char **bytes, size_t *size);

/* Jobs 0..n-1 on at most `processes` copies; each takes the next number until there are no more.  What a job changes in memory and what it says stays in its copy.
 * LOOM_EIO: no copy can be made, or what they hand back cannot be kept; nothing is running afterwards. */
LOOM_MUST_USE loom_status run_jobs(loom_ctx *ctx, int n, int processes, run_job_fn work, void *data, run_job *out);
#endif
