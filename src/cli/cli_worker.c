/* Starting loom-worker: the process that links MLIR, LLVM and libpython, and that gives up what the command does not need before it reads anything (docs/isolation.md).  loom waits, and
 * says how it died. */
#include "cli/cli.h"
#include "base/file.h"
#include "run/run_child.h"
#include "run/run_sandbox.h"
#include "run/run_stage.h"
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CODE_OF_LOADER = 127 };      /* of a program whose libraries cannot be loaded; none of Loom's */

char *cli_self_dir(arena *m) {
  char path[4096];
  ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
  if (n <= 0)
    return arena_strdup(m, ".");
  path[n] = 0;
  return file_dirname(m, path);
}

const char *cli_find_part(arena *m, const char *name, int mode) {
  const char *dir = cli_self_dir(m);
  const char *beside = file_join(m, dir, name);
  if (access(beside, mode) == 0)
    return beside;
  const char *moved = arena_printf(m, "%s/../libexec/loom/%s", dir, name);   /* an installed tree that was moved */
  if (access(moved, mode) == 0)
    return moved;
  const char *installed = file_join(m, LOOM_LIBEXECDIR, name);
  return access(installed, mode) == 0 ? installed : NULL;
}

const char *cli_find_worker(arena *m) { return cli_find_part(m, "loom-worker", X_OK); }

const char *cli_find_loom(arena *m) {
  const char *dir = cli_self_dir(m), *beside = file_join(m, dir, "loom");
  return access(beside, X_OK) == 0 ? beside : file_join(m, dir, "../../bin/loom");
}

loom_status cli_need_program(loom_ctx *ctx, const char *name, const char **out) {
  *out = cli_find_part(&ctx->mem, name, X_OK);
  if (*out)
    return LOOM_OK;
  diag_error(ctx, LOOM_NOSPAN, LOOM_EWORKER, "%s is neither beside this binary nor in " LOOM_LIBEXECDIR, name);
  diag_help(ctx, "build it with 'make', or run 'make install'");
  return LOOM_EWORKER;
}

int cli_become_sweep(char **argv) {
  loom_ctx ctx;
  const char *path;
  loom_ctx_init(&ctx);
  loom_status st = cli_need_program(&ctx, "loom-sweep", &path);
  if (st == LOOM_OK) {
    execv(path, argv);
    st = diag_error(&ctx, LOOM_NOSPAN, LOOM_EWORKER, "loom-sweep cannot be started: %s", strerror(errno));
  }
  cli_print_diagnostics(&ctx);
  loom_ctx_done(&ctx);
  return loom_status_exit(st);
}

/* The worker with its arguments: what it says goes where loom's own does. */
static loom_status start(loom_ctx *ctx, int argc, char **argv, pid_t *out) {
  const char *worker;
  LOOM_TRY(cli_need_program(ctx, "loom-worker", &worker));
  char **args = ARENA_NEW_N(&ctx->mem, char *, argc + 2);
  args[0] = arena_strdup(&ctx->mem, worker);
  for (int i = 0; i < argc; i++)
    args[i + 1] = argv[i];
  /* the worker fills tens of megabytes with small objects: huge pages where the system has them save a tenth of its time in page faults */
  setenv("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1", 0);
  run_stage_open();
  const int error = posix_spawn(out, worker, NULL, NULL, args, environ);
  if (error)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EWORKER, "loom-worker cannot be started: %s", strerror(error));
  return LOOM_OK;
}

int cli_run_worker(int argc, char **argv, const cli_options *o) {
  loom_ctx ctx;
  cli_sandbox sandbox;
  pid_t pid;
  loom_ctx_init(&ctx);
  loom_status st = cli_sandbox_open(&ctx, o, true, &sandbox);
  if (st == LOOM_OK)
    st = start(&ctx, argc, argv, &pid);
  int code = loom_status_exit(st);
  if (st == LOOM_OK) {
    const run_end end = run_child_wait(pid, sandbox.policy->limits.deadline);
    run_place place;
    const bool has_begun = run_stage_find(pid, &place);      /* one for which there is no memory dies before */
    code = end.signal && end.signal != SIGKILL && !has_begun ? CODE_OF_LOADER : end.signal ? cli_tell_death(&ctx, &end, &sandbox.policy->limits, argc, argv, o) : end.exit;
  }
  if (st == LOOM_OK && code == 0) {
    st = diag_error(&ctx, LOOM_NOSPAN, LOOM_EWORKER, "loom-worker was ended by a library that it uses, before it was done");
    diag_help(&ctx, "kernel providers must not end the process: 'loom providers check' looks at one");
    code = loom_status_exit(st);
  }
  if (code == CLI_WORKER_DONE)
    code = 0;
  if (code == CODE_OF_LOADER) {
    st = diag_error(&ctx, LOOM_NOSPAN, LOOM_EWORKER, "loom-worker cannot be loaded");
    diag_help(&ctx, "a library is missing, which the loader names above ('loom doctor' has its package), or there is no memory for it");
    code = loom_status_exit(st);
  }
  if (st != LOOM_OK)
    cli_print_diagnostics(&ctx);
  cli_sandbox_close(&sandbox);
  loom_ctx_done(&ctx);
  return code;
}
