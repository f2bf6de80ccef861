/* One of the processes of a job of MPI: how they find each other.  The plugin is loaded only there. */
#include "cli/sweep_program.h"
#include "cli/sweep_transport.h"
#include <dlfcn.h>
#include <signal.h>
#include <unistd.h>

static loom_status lacks(loom_ctx *ctx, const char *why) {
  diag_error(ctx, LOOM_NOSPAN, LOOM_EUNSUP, "this is a job of several processes, and Loom's part for MPI %s", why);
  diag_help(ctx, "the Debian package loom-mpi has it, and it is built where libopenmpi-dev is installed; without mpirun, one process does it all");
  return LOOM_EUNSUP;
}

static volatile sig_atomic_t late_code;

/* MPI waits for all ranks while it starts, also for one that has died since. */
static void is_late(int signal) {
  static const char message[] = "error: MPI did not start: a process of the job may have died before it joined the others\n";
  (void)signal;
  (void)!write(STDERR_FILENO, message, sizeof message - 1);
  _exit(late_code);
}

loom_status sweep_job_open(loom_ctx *ctx, double lost_s, const sweep_transport **out) {
  enum { STARTS = 5 };      /* times as long as a rank may be silent: programs are loaded meanwhile */
  *out = NULL;
  if (!cli_is_in_job())
    return LOOM_OK;
  const char *path = cli_find_part(&ctx->mem, "loom-mpi.so", R_OK);
  void *library = path ? dlopen(path, RTLD_NOW | RTLD_GLOBAL) : NULL;
  if (!library)
    return lacks(ctx, path ? dlerror() : "is not there");
  const sweep_transport *(*open)(void) = (const sweep_transport *(*)(void))(uintptr_t)dlsym(library, "loom_sweep_transport");
  late_code = loom_status_exit(LOOM_EWORKER);
  void (*before)(int) = signal(SIGALRM, is_late);
  alarm((unsigned)((double)STARTS * lost_s) + 1);
  const sweep_transport *t = open ? open() : NULL;
  alarm(0);
  (void)signal(SIGALRM, before);
  if (!t)
    return lacks(ctx, "cannot start");
  if (t->size > 1)
    *out = t;
  else
    t->finish(true, 0);      /* a job of one: mpirun wants MPI ended that was begun */
  return LOOM_OK;
}
