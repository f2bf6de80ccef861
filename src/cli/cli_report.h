/* loom report of a directory, in loom and in loom-worker. */
#ifndef LOOM_CLI_REPORT_H
#define LOOM_CLI_REPORT_H
#include "cli/cli.h"
#include "report/report_page.h"

/* Runs the directory's graph as the program of an NPU: out->npu. */
typedef loom_status (*cli_watch_npu)(loom_ctx *ctx, const cli_options *o, const report_dir *dir, const machine *m, report_side *out);
/* `npu` NULL: the machine of no directory is an NPU, or what its plan would take on the chip of the meshes is shown. */
LOOM_MUST_USE loom_status cli_report_look(loom_ctx *ctx, const cli_options *o, const char *path, const char *dumps, cli_watch_npu npu, report_side *out);      /* opens a directory and runs it, watched */
const char *cli_report_html(arena *m, const report_side *it, const char *json);
/* To --out; else to standard output when that is not a terminal, and to DIR/report.html. */
LOOM_MUST_USE loom_status cli_report_write(loom_ctx *ctx, const cli_options *o, const char *dir, const char *what, bool is_page);
LOOM_MUST_USE loom_status cli_report_faults(loom_ctx *ctx, const report_side *x);
LOOM_MUST_USE loom_status cli_report_chips(loom_ctx *ctx, const cli_options *o, cli_watch_npu npu);      /* of the directory of several chips: a page of all, and one for each kernel */
LOOM_MUST_USE loom_status cli_report(loom_ctx *ctx, const cli_options *o, cli_watch_npu npu);
#endif
