/* run_stage: where a process is, told in memory that outlives it, so that who started it can say where it died.
 * Nothing is told before run_stage_open or run_stage_join; a copy of a process (fork) tells of itself from its first word on. */
#ifndef LOOM_RUN_STAGE_H
#define LOOM_RUN_STAGE_H
#include "base/diag.h"
#include <sys/types.h>

typedef struct run_place {
  pid_t pid;
  char stage[32];      /* "solve"; empty: it has not said */
  char what[96];       /* the kernel or the file it works on; empty: it has not said */
  bool lacked_memory;  /* the system had no more for it */
} run_place;

/* Makes the memory; before the first process is started.  Programs that are started find it (an open file that LOOM_STAGE_FD names). */
void run_stage_open(void);
/* In a program that was started: finds it, else it makes its own.  Also reads LOOM_CRASH_AT=STAGE:KIND, which makes a process die in that stage (tests of what then happens): KIND is segv, abort, memory, busy (computes
 * for ever) or sleep.  It is refused unless LOOM_TESTING=1: LOOM_EUSAGE. */
LOOM_MUST_USE loom_status run_stage_join(loom_ctx *ctx);
void run_stage_enter(const char *stage);
void run_stage_of(const char *what);
/* For alloc_on_failure and handlers of signals: allocates nothing. */
void run_stage_lacks_memory(void);
/* What process `pid` said last; false: nothing is known of it. */
bool run_stage_find(pid_t pid, run_place *out);
#endif
