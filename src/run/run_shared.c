#include "run/run_shared.h"
#include "base/file.h"
#include "run/run_process.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static loom_status find_linker(loom_ctx *ctx, const char **out) {
  static const char *const names[] = {"cc", "gcc", "clang", "clang-22", "ld.lld-22", "ld"};
  bool was_named;
  *out = run_choose_program(&ctx->mem, "LOOM_LINKER", names, sizeof names / sizeof *names, &was_named);
  if (*out)
    return LOOM_OK;
  if (was_named)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EIO, "LOOM_LINKER names '%s', which cannot be run", getenv("LOOM_LINKER"));
  diag_error(ctx, LOOM_NOSPAN, LOOM_EIO, "a shared library needs a linker, and there is none on the path (cc, gcc, clang, ld.lld or ld)");
  diag_help(ctx, "install one (apt install gcc), name one in LOOM_LINKER, or take the object: --emit obj");
  return LOOM_EIO;
}

/* Linkers write in place: theirs is a file of another name, so that `out` is seen whole or not at all. */
static loom_status link_as(loom_ctx *ctx, const char *linker, const char *object, const char *temporary, const char *out) {
  const char *args[] = {linker, "-shared", "-o", temporary, object, "-lm", NULL};
  int code, fd;
  LOOM_TRY(run_process(ctx, args, NULL, NULL, &code));
  if (code != 0 || !run_is_elf(temporary)) {
    diag_error(ctx, diag_file_span(ctx, out), LOOM_EIO, "the linker %s: %s -shared -o %s %s -lm", code ? "failed" : "made no library", linker, out, object);
    diag_help(ctx, "the object is there; another linker can be named in LOOM_LINKER");
    return LOOM_EIO;
  }
  fd = file_open(temporary, O_RDONLY);
  if (fd < 0 || !file_close(fd, true) || rename(temporary, out) != 0)
    return diag_error(ctx, diag_file_span(ctx, out), LOOM_EIO, "cannot write the file: %s", strerror(errno));
  return LOOM_OK;
}

loom_status run_link_shared(loom_ctx *ctx, const char *object, const char *out) {
  const char *linker, *temporary;
  LOOM_TRY(find_linker(ctx, &linker));
  int fd = file_open_temporary(&ctx->mem, AT_FDCWD, out, 0666, &temporary);
  if (fd < 0)
    return diag_error(ctx, diag_file_span(ctx, out), LOOM_EIO, "cannot write the file: %s", strerror(errno));
  close(fd);
  loom_status st = link_as(ctx, linker, object, temporary, out);
  if (st != LOOM_OK)
    unlink(temporary);
  return st;
}
