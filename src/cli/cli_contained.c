/* What may end its process, in a process of its own: libraries run code when they are loaded, asked and called. */
#include "base/process.h"
#include "cli/cli.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct outcome { bool is_there; loom_status status; } outcome;      /* shared with the process that does it */

static _Noreturn void work(loom_ctx *ctx, loom_status (*body)(loom_ctx *ctx, void *data), void *data, outcome *out) {
  out->status = loom_ctx_run(ctx, body, data);
  cli_print_diagnostics(ctx);
  if (cli_finish_output(0) != 0)
    out->status = LOOM_EIO;
  out->is_there = true;
  _exit(0);
}

loom_status cli_run_contained(loom_ctx *ctx, const char *who, loom_status (*body)(loom_ctx *ctx, void *data), void *data) {
  outcome *out = mmap(NULL, sizeof *out, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (out == MAP_FAILED)
    return diag_error(ctx, LOOM_NOSPAN, LOOM_EIO, "no memory can be shared with another process: %s", strerror(errno));
  fflush(stdout);
  int wait_status = 0;
  const pid_t child = fork();
  if (child == 0)
    work(ctx, body, data, out);
  loom_status st = child < 0 ? diag_error(ctx, LOOM_NOSPAN, LOOM_EIO, "no process can be started: %s", strerror(errno)) : LOOM_OK;
  if (st == LOOM_OK)
    (void)process_wait(child, &wait_status);
  if (st == LOOM_OK && out->is_there)
    st = out->status;
  else if (st == LOOM_OK && WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGALRM)
    st = diag_error(ctx, LOOM_NOSPAN, LOOM_EPROVIDER, "%s takes longer than it may (--timeout)", who);
  else if (st == LOOM_OK && WIFSIGNALED(wait_status))
    st = diag_error(ctx, LOOM_NOSPAN, LOOM_EPROVIDER, "%s killed its process: signal %d (%s)", who, WTERMSIG(wait_status), strsignal(WTERMSIG(wait_status)));
  else if (st == LOOM_OK)
    st = diag_error(ctx, LOOM_NOSPAN, LOOM_EPROVIDER, "%s ended its process (exit code %d)", who, WEXITSTATUS(wait_status));
  munmap(out, sizeof *out);
  return st;
}
