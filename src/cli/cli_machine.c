/* The machine that options name: --machine, --calibration, --hw-compute-dir. */
#include "cli/cli.h"
#include "machine/machine.h"

loom_status cli_load_machine(loom_ctx *ctx, const cli_options *o, const char *name, machine **out) {
  return machine_load_with(ctx, name, o->calibration.last, o->compute_dir.last, out);
}
