/* process: how one that was started here ends. */
#ifndef LOOM_BASE_PROCESS_H
#define LOOM_BASE_PROCESS_H
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/wait.h>

/* Waits, whatever interrupts, until `pid` has ended; *out_status is as of waitpid, NULL: nobody wants to know.  False: there is nothing to wait for (errno), and the status is 0. */
static inline bool process_wait(pid_t pid, int *out_status) {
  int status = 0;
  pid_t ended;
  while ((ended = waitpid(pid, &status, 0)) < 0 && errno == EINTR)
    ;
  if (out_status)
    *out_status = ended < 0 ? 0 : status;
  return ended >= 0;
}

/* The exit code of what ended with `status`, as a shell has it: that of a signal is added to PROCESS_CODE_OF_SIGNALS. */
enum { PROCESS_CODE_OF_SIGNALS = 128 };
static inline int process_exit_code(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : PROCESS_CODE_OF_SIGNALS + WTERMSIG(status); }
#endif
