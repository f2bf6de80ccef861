/* The program `loom`: where it is, and running it. */
#include "api/api_private.h"
#include "base/alloc.h"
#include "base/file.h"
#include "base/process.h"
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *api_copy(const char *s) {
  const size_t n = strlen(s) + 1;
  char *out = alloc_bytes(n);
  return out ? memcpy(out, s, n) : NULL;
}

static char *copy_if_program(const char *path) { return access(path, X_OK) == 0 ? api_copy(path) : NULL; }

static char *on_path(arena *m, const char *name) {
  const char *path = getenv("PATH");
  for (const char *p = path ? path : "/usr/local/bin:/usr/bin"; *p;) {
    const size_t n = strcspn(p, ":");
    char *found = n ? copy_if_program(file_join(m, arena_strndup(m, p, n), name)) : NULL;
    if (found)
      return found;
    p += n + (p[n] == ':');
  }
  return NULL;
}

char *api_find_loom(const char *named) {
  static const char *const beside[] = {"../bin/loom", "loom", "../../bin/loom"};
  const char *variable = getenv("LOOM");
  arena m = {0};
  Dl_info self;
  char *found = NULL;
  if (named || (variable && *variable))
    return copy_if_program(named ? named : variable);
  if (dladdr((void *)(uintptr_t)api_find_loom, &self) && self.dli_fname && strchr(self.dli_fname, '/'))
    for (size_t i = 0; i < sizeof beside / sizeof *beside && !found; i++)
      found = copy_if_program(file_join(&m, file_dirname(&m, self.dli_fname), beside[i]));
  if (!found)
    found = on_path(&m, "loom");
  arena_done(&m);
  return found;
}

/* ---- running ---- */
typedef struct stream { int fd; char *bytes; size_t n, room; } stream;

static bool read_some(stream *s) {
  enum { STEP = 1 << 16 };
  if (s->room - s->n < STEP) {
    const size_t room = s->room ? 2 * s->room : (size_t)2 * STEP;
    char *bytes = alloc_resize(s->bytes, room);
    if (!bytes)
      return false;
    s->bytes = bytes;
    s->room = room;
  }
  const ssize_t got = read(s->fd, s->bytes + s->n, STEP - 1);
  if (got < 0 && errno == EINTR)
    return true;
  if (got <= 0) {
    close(s->fd);
    s->fd = -1;
    return got == 0;
  }
  s->n += (size_t)got;
  return true;
}

/* Both until they end. */
static bool read_both(stream *s) {
  bool ok = true;
  while (ok && (s[0].fd >= 0 || s[1].fd >= 0)) {
    struct pollfd p[2] = {{s[0].fd, POLLIN, 0}, {s[1].fd, POLLIN, 0}};
    if (poll(p, 2, -1) < 0 && errno != EINTR)
      return false;
    for (int i = 0; i < 2; i++)
      if (ok && s[i].fd >= 0 && p[i].revents)
        ok = read_some(&s[i]);
  }
  return ok;
}

static char *finish(stream *s) {
  if (s->fd >= 0)
    close(s->fd);
  if (!s->bytes)
    return alloc_zeroed(1);
  s->bytes[s->n] = '\0';
  return s->bytes;
}

static int start(const char *loom, char *const *argv, int out, int err, pid_t *pid) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
  const int failed = posix_spawn(pid, loom, &actions, NULL, argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  return failed;
}

loom_status api_run_loom(loom_ctx *ctx, const char *loom, const char *const *words, char **out, char **err, int *exit_code) {
  size_t n = 0;
  int o[2], e[2], status = 0;
  pid_t pid;
  while (words[n])
    n++;
  char **argv = arena_array(&ctx->mem, n + 2, sizeof *argv);
  argv[0] = arena_strdup(&ctx->mem, loom);
  for (size_t i = 0; i < n; i++)
    argv[1 + i] = arena_strdup(&ctx->mem, words[i]);
  argv[1 + n] = NULL;
  if (pipe2(o, O_CLOEXEC) != 0)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EIO, "no pipe to %s: %s", loom, strerror(errno));
  if (pipe2(e, O_CLOEXEC) != 0) {
    close(o[0]);
    close(o[1]);
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EIO, "no pipe to %s: %s", loom, strerror(errno));
  }
  const int failed = start(loom, argv, o[1], e[1], &pid);
  close(o[1]);
  close(e[1]);
  stream s[2] = {{.fd = o[0]}, {.fd = e[0]}};
  const bool is_read = !failed && read_both(s);
  *out = finish(&s[0]);
  *err = finish(&s[1]);
  if (failed)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EIO, "cannot run %s: %s", loom, strerror(failed));
  if (!process_wait(pid, &status))
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EIO, "cannot wait for %s: %s", loom, strerror(errno));
  *exit_code = process_exit_code(status);
  if (!is_read || !*out || !*err)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EIO, "what %s writes cannot be read", loom);
  return LOOM_OK;
}
