/* The directory of a kernel on several chips: chips.json, and a directory of one chip for each shape of shard. */
#ifndef LOOM_CLI_CHIPS_H
#define LOOM_CLI_CHIPS_H
#include "chips/chips.h"
#include "cli/cli.h"

typedef struct cli_chips {
  const char *kernel;
  data_value *split;                       /* as in the summary */
  chips_program program; machine *machine;
  VEC_OF(const char *) files;              /* their TOGs, each once, below the directory's path; none only where no chip has work */
  VEC_OF(const char *) parts;              /* by file: the directory's own name, "chip0" */
  int *file_of;                            /* by chip; -1: it has no work */
} cli_chips;

bool cli_chips_is_dir(loom_ctx *ctx, const char *dir);
LOOM_MUST_USE loom_status cli_chips_read(loom_ctx *ctx, const cli_options *o, const char *dir, cli_chips *out);
#endif
