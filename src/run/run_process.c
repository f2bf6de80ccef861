#include "run/run_process.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include <elf.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *run_find_program(arena *m, const char *name) {
  if (strchr(name, '/'))
    return access(name, X_OK) == 0 ? name : NULL;
  const char *path = getenv("PATH");
  for (const char *p = path ? path : "/usr/bin"; *p;) {
    size_t n = strcspn(p, ":");
    const char *file = file_join(m, n ? arena_strndup(m, p, n) : ".", name);
    if (access(file, X_OK) == 0)
      return file;
    p += n;
    p += *p == ':';
  }
  return NULL;
}

const char *run_choose_program(arena *m, const char *variable, const char *const *names, size_t n, bool *was_named) {
  const char *wanted = getenv(variable), *found = NULL;
  *was_named = wanted && *wanted;
  if (*was_named)
    return run_find_program(m, wanted);
  for (size_t i = 0; i < n && !found; i++)
    found = run_find_program(m, names[i]);
  return found;
}

static size_t count(const char *const *list) {
  size_t n = 0;
  while (list && list[n])
    n++;
  return n;
}

static bool is_among(const char *variable, const char *const *env, size_t n) {
  size_t length = strcspn(variable, "=") + 1;
  for (size_t i = 0; i < n; i++)
    if (strncmp(env[i], variable, length) == 0)
      return true;
  return false;
}

static char **with_environment(arena *m, const char *const *env) {
  size_t n = count(env), n_old = count((const char *const *)environ), k = n;
  char **all = ARENA_NEW_N(m, char *, n + n_old + 1);
  for (size_t i = 0; i < n; i++)
    all[i] = arena_strdup(m, env[i]);
  for (size_t i = 0; i < n_old; i++)
    if (!is_among(environ[i], env, n))
      all[k++] = environ[i];
  return all;
}

loom_status run_process(loom_ctx *ctx, const char *const *argv, const char *const *env, const char *log, int *out_exit) {
  char **args = ARENA_NEW_N(&ctx->mem, char *, count(argv) + 1);
  for (size_t i = 0; argv[i]; i++)
    args[i] = arena_strdup(&ctx->mem, argv[i]);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (log) {
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  }
  pid_t pid;
  int status = 0, err = posix_spawn(&pid, args[0], &actions, NULL, args, with_environment(&ctx->mem, env));
  posix_spawn_file_actions_destroy(&actions);
  if (err)
    LOOM_FAIL(ctx, diag_file_span(ctx, args[0]), LOOM_EIO, "the program cannot be started: %s", strerror(err));
  (void)process_wait(pid, &status);
  *out_exit = process_exit_code(status);
  return LOOM_OK;
}

bool run_is_elf(const char *path) {
  char first[SELFMAG];
  int fd = file_open(path, O_RDONLY);
  bool is_elf = fd >= 0 && read(fd, first, sizeof first) == (ssize_t)sizeof first && memcmp(first, ELFMAG, SELFMAG) == 0;
  if (fd >= 0)
    (void)file_close(fd, false);
  return is_elf;
}
