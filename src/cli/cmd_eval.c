/* loom eval: Schedule JSON in, the same tree with the scenarios of every node out.  Also installed as eval_core, which is how upstream calls its evaluator. */
#include "cli/cli.h"
#include "etg/eval.h"
#include <stdio.h>
#include <stdlib.h>

loom_status cmd_eval(loom_ctx *ctx, const cli_options *o) {
  const char *ours = getenv("LOOM_MACHINE"), *theirs = getenv("LOOM_ARCH_DIR");      /* upstream's evaluator takes the chip from the latter */
  const char *name = o->machine.last ? o->machine.last : ours ? ours : theirs, *path = o->files.n ? o->files.at[0] : "-";
  if (o->files.n > 1)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "'loom eval' takes one schedule, %zu files given", o->files.n);
  if (!name) {
    diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "'loom eval' needs a machine, whose perf set prices the calls");
    diag_help(ctx, "give it with --machine NAME|FILE|DIR, or in the variable LOOM_MACHINE or LOOM_ARCH_DIR");
    return LOOM_EUSAGE;
  }
  machine *m;
  data_value *schedule, *result;
  LOOM_TRY(cli_load_machine(ctx, o, name, &m));
  LOOM_TRY(data_read_json_file(ctx, path, DATA_JSON_BYTES_MAX, &schedule));
  LOOM_TRY(eval_schedule(ctx, m, schedule, EVAL_SCENARIOS_MAX, &result));
  if (o->out.last)
    return data_write_json_file(ctx, o->out.last, result);
  printf("%s\n", data_write_json(&ctx->mem, result, 1));
  return LOOM_OK;
}
