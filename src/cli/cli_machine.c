/* The machine that options name: --machine, --calibration, --hw-compute-dir. */
#include "cli/cli.h"
#include "machine/machine.h"

loom_status cli_load_machine(loom_ctx *ctx, const cli_options *o, const char *name, machine **out) {
  LOOM_TRY(machine_load(ctx, name, o->calibration.last, out));
  if (!o->compute_dir.last)
    return LOOM_OK;
  if (o->calibration.last)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--calibration and --hw-compute-dir both choose the costs; give one of them");
  return machine_add_compute_dir(ctx, *out, o->compute_dir.last);
}
