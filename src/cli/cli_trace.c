/* What --trace of every simulator has in common. */
#include "cli/cli.h"
#include "sim/sim_record.h"

loom_status cli_trace_limit(loom_ctx *ctx, const cli_options *o, int64_t *out) {
  *out = SIM_RECORD_LIMIT;
  if (!o->trace.last && o->trace_limit.last)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--trace-limit without --trace FILE: there is no trace to limit");
  return o->trace_limit.last ? cli_int(ctx, "--trace-limit", o->trace_limit.last, 1, 100000000, out) : LOOM_OK;
}

void cli_tell_cut(loom_ctx *ctx, const cli_options *o, int64_t cut, int64_t cycles, int64_t entries) {
  if (cut < 0)
    return;
  diag_warn(ctx, diag_file_span(ctx, o->trace.last), "the trace ends at cycle %" PRId64 " of %" PRId64 ": it keeps the first %" PRId64 " entries", cut, cycles, entries);
  diag_help(ctx, "--trace-limit N keeps more");
}
