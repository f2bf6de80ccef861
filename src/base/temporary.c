#include "base/temporary.h"
#include "base/file.h"
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *temporary_base(void) {
  const char *base = getenv("TMPDIR");
  return base && *base ? base : "/tmp";
}

loom_status temporary_make(loom_ctx *ctx, const char **out) {
  char *dir = file_join(&ctx->mem, temporary_base(), "loom-XXXXXX");
  if (!mkdtemp(dir))
    LOOM_FAIL(ctx, diag_file_span(ctx, dir), LOOM_EIO, "no directory can be made here: %s", strerror(errno));
  *out = dir;
  return LOOM_OK;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *where) {
  (void)st, (void)flag, (void)where;
  return remove(path);
}

void temporary_remove(const char *dir) { nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS); }
