#include "run/run_shared.h"
#include "base/file.h"
#include "base/text.h"
#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static const char *on_path(arena *m, const char *name) {
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

static loom_status find_linker(loom_ctx *ctx, const char **out) {
  static const char *const names[] = {"cc", "gcc", "clang", "clang-22", "ld.lld-22", "ld"};
  const char *wanted = getenv("LOOM_LINKER");
  if (wanted && *wanted) {
    *out = on_path(&ctx->mem, wanted);
    if (*out)
      return LOOM_OK;
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EIO, "LOOM_LINKER names '%s', which cannot be run", wanted);
  }
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if ((*out = on_path(&ctx->mem, names[i])))
      return LOOM_OK;
  diag_error(ctx, LOOM_NOSPAN, LOOM_EIO, "a shared library needs a linker, and there is none on the path (cc, gcc, clang, ld.lld or ld)");
  diag_help(ctx, "install one (apt install gcc), name one in LOOM_LINKER, or take the object: --emit obj");
  return LOOM_EIO;
}

loom_status run_link_shared(loom_ctx *ctx, const char *object, const char *out) {
  const char *linker;
  LOOM_TRY(find_linker(ctx, &linker));
  const char *args[] = {linker, "-shared", "-o", out, object, "-lm", NULL};
  char **argv = ARENA_NEW_N(&ctx->mem, char *, sizeof args / sizeof *args);
  for (size_t i = 0; args[i]; i++)
    argv[i] = arena_strdup(&ctx->mem, args[i]);
  pid_t pid;
  int status = 0, err = posix_spawn(&pid, linker, NULL, NULL, argv, environ);
  if (err)
    LOOM_FAIL(ctx, diag_file_span(ctx, linker), LOOM_EIO, "the linker cannot be started: %s", strerror(err));
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
    ;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
    return LOOM_OK;
  diag_error(ctx, diag_file_span(ctx, out), LOOM_EIO, "the linker failed: %s -shared -o %s %s -lm", linker, out, object);
  diag_help(ctx, "the object is there; another linker can be named in LOOM_LINKER");
  return LOOM_EIO;
}
