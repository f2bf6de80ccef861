/* --trace of run and sim. */
#include "cli/worker.h"
#include "report/report.h"

static loom_status no_chip(loom_ctx *ctx) {
  diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--trace: only a virtual chip has cycles to show");
  diag_help(ctx, "choose a chip with --machine ('loom machine list'), and leave --interp away");
  return LOOM_EUSAGE;
}

loom_status worker_start_trace(loom_ctx *ctx, const cli_options *o, bool has_chip, sim_record **out) {
  int64_t limit;
  *out = NULL;
  LOOM_TRY(cli_trace_limit(ctx, o, &limit));
  if (!o->trace.last)
    return LOOM_OK;
  if (!has_chip)
    return no_chip(ctx);
  *out = ARENA_NEW(&ctx->mem, sim_record);
  (*out)->limit = limit;
  return LOOM_OK;
}

loom_status worker_write_trace(loom_ctx *ctx, const cli_options *o, const compile_state *s, const sim_report *report, const sim_record *record) {
  if (!record)
    return LOOM_OK;
  if (!s->machine)                       /* a config file chose the host */
    return no_chip(ctx);
  LOOM_TRY(report_write_trace(ctx, &(report_run){s->tog, s->machine, report, record}, o->trace.last));
  cli_tell_cut(ctx, o, record->cut, report->cycles, record->n_events);
  return LOOM_OK;
}
