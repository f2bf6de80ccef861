/* run_seccomp: which system calls a process may make, as a filter in the kernel (seccomp).  x86-64; elsewhere there is none. */
#ifndef LOOM_RUN_SECCOMP_H
#define LOOM_RUN_SECCOMP_H
#include <stdbool.h>

typedef enum run_calls {
  RUN_CALLS_COMPILE,      /* files, memory, threads, copies of the process: no sockets, no other programs, nothing of administration or debugging */
  RUN_CALLS_BUILD,        /* the same, and other programs: compilers and linkers */
  RUN_CALLS_COMPUTE,      /* memory and threads: no files, nothing else; another call ends the process with SIGSYS */
} run_calls;

/* For this process and what it starts, for good.  `only_log`: nothing is refused, the system's log says what would have been.  0, or errno: there is no such filter.
 * The process must have given up new privileges (prctl PR_SET_NO_NEW_PRIVS). */
int run_seccomp(run_calls allowed, bool only_log);
#endif
