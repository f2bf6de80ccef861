#include "run/run_child.h"
#include "base/clock.h"
#include "base/process.h"
#include "run/run_seccomp.h"
#include "run/run_stage.h"
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int run_child_threads(void) {
  int n = 0;
  DIR *d = opendir("/proc/self/task");
  for (const struct dirent *e; d && (e = readdir(d));)
    n += e->d_name[0] != '.';
  if (d)
    closedir(d);
  return n;
}

void run_child_end_with(pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent)      /* it died before that */
    _exit(1);
}

/* In the copy. */
static _Noreturn void work_and_exit(pid_t parent, int (*work)(void *data), void *data) {
  run_child_end_with(parent);
  _exit(work(data));
}

loom_status run_child_start(loom_ctx *ctx, int (*work)(void *data), void *data, pid_t *out) {
  const int threads = run_child_threads();
  if (threads > 1)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EBUG, "a process with %d threads is to be copied", threads);
  const pid_t parent = getpid();
  switch (*out = fork()) {
  case -1:
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EIO, "no process can be started: %s", strerror(errno));
  case 0:
    work_and_exit(parent, work, data);
  default:
    return LOOM_OK;
  }
}

/* ---- waiting ---- */

static volatile sig_atomic_t waited_for;

static void pass_on(int signal) {
  if (waited_for > 0)
    kill((pid_t)waited_for, signal);
}

/* Until it is over or `end` (seconds of the clock) is; false: that is. */
static bool wait_until(pid_t pid, double end, int *status) {
  struct pollfd p = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};
  bool is_over = false;
  while (!is_over) {
    const pid_t got = waitpid(pid, status, WNOHANG);
    is_over = got == pid || (got < 0 && errno != EINTR);
    const double left = end - clock_seconds();
    if (is_over || left <= 0)
      break;
    poll(&p, p.fd >= 0, p.fd >= 0 && left < 1e6 ? (int)(left * 1e3) + 1 : 10);
  }
  if (p.fd >= 0)
    close(p.fd);
  return is_over;
}

run_end run_child_wait(pid_t pid, int64_t deadline_s) {
  static const int passed[] = {SIGINT, SIGTERM, SIGHUP};
  enum { N = sizeof passed / sizeof *passed };
  struct sigaction before[N], handler = {.sa_handler = pass_on};
  run_end end = {.pid = pid};
  int status = 0;
  waited_for = pid;
  for (int i = 0; i < N; i++)
    if (sigaction(passed[i], NULL, &before[i]) == 0 && before[i].sa_handler != SIG_IGN)
      sigaction(passed[i], &handler, NULL);
  if (deadline_s > 0 && !wait_until(pid, clock_seconds() + (double)deadline_s, &status)) {
    end.is_late = true;
    kill(pid, SIGKILL);
  }
  if (deadline_s <= 0 || end.is_late)
    (void)process_wait(pid, &status);
  for (int i = 0; i < N; i++)
    sigaction(passed[i], &before[i], NULL);
  waited_for = 0;
  if (WIFSIGNALED(status))
    end.signal = WTERMSIG(status);
  else
    end.exit = WEXITSTATUS(status);
  return end;
}

/* ---- computing ---- */

static bool is_confined = true;

void run_child_set_confined(bool confined) { is_confined = confined; }

typedef struct computing { void (*work)(void *); void *data; } computing;

/* Nobody catches what it does wrong: handlers are those of the process that it is a copy of. */
static void reset_handlers(void) {
  static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS, SIGTRAP};
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
    (void)signal(faults[i], SIG_DFL);
}

static int compute(void *data) {
  const computing *c = data;
  reset_handlers();
  if (is_confined) {
    close(STDIN_FILENO);
    close(STDOUT_FILENO);
    syscall(SYS_close_range, STDERR_FILENO + 1, ~0u, 0);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    (void)run_seccomp(RUN_CALLS_COMPUTE, false);      /* a kernel without it: the level of the sandbox has said so */
  }
  run_stage_enter("compute");
  c->work(c->data);
  return 0;
}

loom_status run_child_compute(loom_ctx *ctx, const char *what, void (*work)(void *data), void *data) {
  computing c = {work, data};
  pid_t pid = -1;
  run_stage_enter("run");
  LOOM_TRY(run_child_start(ctx, compute, &c, &pid));
  const run_end end = run_child_wait(pid, 0);
  if (end.signal == SIGINT || end.signal == SIGTERM || end.signal == SIGHUP)
    (void)raise(end.signal);
  if (end.signal == 0 && end.exit == 0)
    return LOOM_OK;
  if (end.signal == SIGSYS)
    diag_error(ctx, LOOM_NOSPAN, LOOM_ENUMERIC, "%s asked the system for something that computing does not need, and was ended", what);
  else if (end.signal)
    diag_error(ctx, LOOM_NOSPAN, LOOM_ENUMERIC, "%s was ended by signal %d (%s)", what, end.signal, strsignal(end.signal));
  else
    diag_error(ctx, LOOM_NOSPAN, LOOM_ENUMERIC, "%s ended its process with code %d", what, end.exit);
  if (end.signal == SIGSEGV || end.signal == SIGBUS)
    diag_help(ctx, "it touched memory that is not its own: an index of the data may lie outside of its tensor ('--interp' says where); nothing but its results is lost");
  return LOOM_ENUMERIC;
}
