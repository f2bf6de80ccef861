/* --trace of run and sim. */
#include "cli/worker.h"
#include "report/report.h"

static loom_status no_chip(loom_ctx *ctx) {
  diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--trace: only a virtual chip has cycles to show");
  diag_help(ctx, "choose a chip with --machine ('loom machine list'), and leave --interp away");
  return LOOM_EUSAGE;
}

loom_status worker_start_trace(loom_ctx *ctx, const cli_options *o, bool has_chip, sim_record **out) {
  *out = NULL;
  if (!o->trace.last && o->trace_limit.last)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--trace-limit without --trace FILE: there is no trace to limit");
  if (!o->trace.last)
    return LOOM_OK;
  if (!has_chip)
    return no_chip(ctx);
  *out = ARENA_NEW(&ctx->mem, sim_record);
  if (o->trace_limit.last)
    LOOM_TRY(cli_int(ctx, "--trace-limit", o->trace_limit.last, 1, 100000000, &(*out)->limit));
  return LOOM_OK;
}

loom_status worker_write_trace(loom_ctx *ctx, const cli_options *o, const compile_state *s, const sim_report *report, const sim_record *record) {
  if (!record)
    return LOOM_OK;
  if (!s->machine)                       /* a config file chose the host */
    return no_chip(ctx);
  LOOM_TRY(report_write_trace(ctx, &(report_run){s->tog, s->machine, report, record}, o->trace.last));
  if (record->cut >= 0) {
    diag_warn(ctx, diag_file_span(ctx, o->trace.last), "the trace ends at cycle %" PRId64 " of %" PRId64 ": it keeps the first %" PRId64 " entries", record->cut,
              report->cycles, record->n_events);
    diag_help(ctx, "--trace-limit N keeps more");
  }
  return LOOM_OK;
}
