/* run_child: work in a copy of this process (fork), which may die of it. */
#ifndef LOOM_RUN_CHILD_H
#define LOOM_RUN_CHILD_H
#include "base/diag.h"
#include <sys/types.h>

/* How a copy ended: with the code `exit`, or by `signal`, or, when `is_late`, because its time was over. */
typedef struct run_end { pid_t pid; int exit, signal; bool is_late; } run_end;

/* In a copy of process `parent`, just made: it ends when that does. */
void run_child_end_with(pid_t parent);
/* A copy that calls work(data) and ends with what it returns; it is ended when this process is.  To be called while this process has no other threads, whose locks would stay taken in
 * the copy: LOOM_EBUG.  LOOM_EIO: no process can be made. */
LOOM_MUST_USE loom_status run_child_start(loom_ctx *ctx, int (*work)(void *data), void *data, pid_t *out);
/* Waits for it, `deadline_s` at most (0: for ever).  SIGINT, SIGTERM and SIGHUP that come meanwhile are passed on to it, so that this process outlives it and can clear up. */
run_end run_child_wait(pid_t pid, int64_t deadline_s);
/* Threads of this process; 0: the system does not say. */
int run_child_threads(void);

/* work(data) in a copy that can compute and nothing else: no file is open but standard error, none can be opened, and no process started (RUN_CALLS_COMPUTE).  What it leaves is what it
 * writes to shared memory (run_shared_memory.h).  `what` is named when it dies: LOOM_ENUMERIC, as of a chip's fault. */
LOOM_MUST_USE loom_status run_child_compute(loom_ctx *ctx, const char *what, void (*work)(void *data), void *data);
/* Whether run_child_compute takes system calls away, for the life of the process; true until it is said. */
void run_child_set_confined(bool confined);
#endif
