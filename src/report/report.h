/* report: what people look at.  Takes: a graph, its machine, a run with its record (sim/sim_record.h), the files of an artifact directory.
 * Leaves: a trace for Perfetto, a page of HTML.  Prints nothing. */
#ifndef LOOM_REPORT_REPORT_H
#define LOOM_REPORT_REPORT_H
#include "sim/sim.h"

/* One run, watched. */
typedef struct report_run { const tog *t; const machine *m; const sim_report *report; const sim_record *record; } report_run;

/* Writes the run as Chrome JSON (Perfetto and chrome://tracing open it), docs/report.md.  1 us of the trace is 1 cycle. */
LOOM_MUST_USE loom_status report_write_trace(loom_ctx *ctx, const report_run *run, const char *path);
#endif
