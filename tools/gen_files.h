/* A generated kernel as files that `loom run` takes. */
#ifndef LOOM_GEN_FILES_H
#define LOOM_GEN_FILES_H
#include "base/diag.h"
#include "gen.h"

/* DIR/k<seed>.py, one .npy an argument, and k<seed>.sh: the command, with `more` behind it ("--machine wormhole"; "": nothing).  *out_command: it. */
LOOM_MUST_USE loom_status gen_write_files(loom_ctx *ctx, const gen_kernel *k, const char *dir, const char *more, const char **out_command);
#endif
