#include "base/file.h"
#include "cli/cli.h"
#include "machine/machine.h"
#include <stdlib.h>

/* $LOOM_MACHINES, then machines/ beside the build directory (a build tree), then the install directory. */
void cli_set_machine_path(loom_ctx *ctx) {
  static const char *dirs[3];
  size_t n = 0;
  const char *env = getenv("LOOM_MACHINES");
  if (env && *env)
    dirs[n++] = arena_strdup(&ctx->mem, env);
  const char *tree = file_join(&ctx->mem, cli_self_dir(&ctx->mem), "../machines");
  if (file_is_dir(tree))
    dirs[n++] = tree;
  dirs[n++] = LOOM_DATADIR "/machines";
  machine_set_path(dirs, n);
}
