#include "base/file.h"
#include "cli/cli.h"
#include "machine/machine.h"
#include <stdlib.h>

/* $LOOM_TT_EMULATOR, then beside the build directory, then where it is installed. */
const char *cli_tt_emulator(arena *mem) {
  const char *env = getenv("LOOM_TT_EMULATOR");
  if (env && *env)
    return file_is_dir(env) ? arena_strdup(mem, env) : NULL;
  static const char *const beside[] = {"../tests/tt_emulator", "../share/loom/tt_emulator", "../../share/loom/tt_emulator"};
  for (size_t i = 0; i < sizeof beside / sizeof *beside; i++) {
    const char *dir = file_join(mem, cli_self_dir(mem), beside[i]);
    if (file_is_dir(dir))
      return dir;
  }
  return file_is_dir(LOOM_DATADIR "/tt_emulator") ? LOOM_DATADIR "/tt_emulator" : NULL;
}

/* $LOOM_MACHINES, then machines/ beside the build directory (a build tree), then share/loom beside bin or libexec/loom (an installed tree, moved or not), then the install directory. */
void cli_set_machine_path(loom_ctx *ctx) {
  static const char *dirs[5];
  size_t n = 0;
  const char *env = getenv("LOOM_MACHINES");
  if (env && *env)
    dirs[n++] = arena_strdup(&ctx->mem, env);
  static const char *const beside[] = {"../machines", "../share/loom/machines", "../../share/loom/machines"};
  for (size_t i = 0; i < sizeof beside / sizeof *beside; i++) {
    const char *dir = file_join(&ctx->mem, cli_self_dir(&ctx->mem), beside[i]);
    if (file_is_dir(dir))
      dirs[n++] = dir;
  }
  dirs[n++] = LOOM_DATADIR "/machines";
  machine_set_path(dirs, n);
}
