/* Starting loom-worker: the process that links MLIR, LLVM and libpython.  It is also the isolation boundary: if it dies, loom reports and lives. */
#include "cli/cli.h"
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
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

const char *cli_find_worker(arena *m) {
  const char *dir = cli_self_dir(m);
  const char *beside = file_join(m, dir, "loom-worker");
  if (access(beside, X_OK) == 0)
    return beside;
  const char *moved = file_join(m, dir, "../libexec/loom/loom-worker");   /* an installed tree that was moved */
  if (access(moved, X_OK) == 0)
    return moved;
  const char *installed = file_join(m, LOOM_LIBEXECDIR, "loom-worker");
  return access(installed, X_OK) == 0 ? installed : NULL;
}

/* Saves what is needed to see the crash again; returns the directory. */
static const char *save_reproducer(loom_ctx *ctx, int argc, char **argv, const char *input) {
  const char *dir = arena_printf(&ctx->mem, "loom-crash-%d", (int)getpid());
  text cmd = text_new(&ctx->mem);
  text_add(&cmd, "loom");
  for (int i = 0; i < argc; i++)
    text_addf(&cmd, " '%s'", argv[i]);
  text_add(&cmd, "\n");
  if (file_make_dirs(ctx, dir) != LOOM_OK || file_write(ctx, file_join(&ctx->mem, dir, "command"), cmd.data, cmd.size) != LOOM_OK)
    return NULL;
  char *bytes;
  size_t size;
  if (input && !file_is_dir(input) && file_read(ctx, input, (size_t)64 << 20, &bytes, &size) == LOOM_OK &&
      file_write(ctx, file_join(&ctx->mem, dir, file_basename(&ctx->mem, input)), bytes, size) != LOOM_OK)
    return NULL;
  return dir;
}

int cli_run_worker(int argc, char **argv, const char *input) {
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  const char *worker = cli_find_worker(&ctx.mem);
  if (!worker) {
    fprintf(stderr, "loom: error: loom-worker is neither beside this binary nor in " LOOM_LIBEXECDIR "\n  help: build it with 'make', or run 'make install'\n");
    loom_ctx_done(&ctx);
    return loom_status_exit(LOOM_EWORKER);
  }
  char **args = ARENA_NEW_N(&ctx.mem, char *, argc + 2);
  args[0] = arena_strdup(&ctx.mem, worker);
  for (int i = 0; i < argc; i++)
    args[i + 1] = argv[i];
  /* the worker fills tens of megabytes with small objects: huge pages where the system has them save a tenth of its time in page faults */
  setenv("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1", 0);
  pid_t pid;
  int err = posix_spawn(&pid, worker, NULL, NULL, args, environ);
  int code = loom_status_exit(LOOM_EWORKER), wait_status = 0;
  if (err) {
    fprintf(stderr, "loom: error: loom-worker cannot be started: %s\n", strerror(err));
  } else {
    while (waitpid(pid, &wait_status, 0) < 0 && errno == EINTR)
      ;
    if (WIFEXITED(wait_status)) {
      code = WEXITSTATUS(wait_status);
    } else if (WIFSIGNALED(wait_status) && (WTERMSIG(wait_status) == SIGINT || WTERMSIG(wait_status) == SIGPIPE)) {
      code = 128 + WTERMSIG(wait_status);
    } else {
      const char *dir = save_reproducer(&ctx, argc, argv, input);
      fprintf(stderr, "loom: error: internal error: the worker was killed by signal %d (%s)\n", WTERMSIG(wait_status), strsignal(WTERMSIG(wait_status)));
      if (dir)
        fprintf(stderr, "  help: the command and its input are saved in %s/; please report them\n", dir);
    }
  }
  if (!err && code == 0) {
    fprintf(stderr, "loom: error: loom-worker was ended by a library that it uses, before it was done\n  help: kernel providers must not end the process: 'loom providers check' looks at one\n");
    code = loom_status_exit(LOOM_EWORKER);
  }
  if (code == CLI_WORKER_DONE)
    code = 0;
  if (code == CODE_OF_LOADER) {
    fprintf(stderr, "loom: error: loom-worker cannot be loaded\n  help: the loader says why, above: a library is missing ('loom doctor' names its package), or there is no memory for it\n");
    code = loom_status_exit(LOOM_EWORKER);
  }
  loom_ctx_done(&ctx);
  return code;
}

