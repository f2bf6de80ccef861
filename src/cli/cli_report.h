/* loom report of a directory, in loom and in loom-worker. */
#ifndef LOOM_CLI_REPORT_H
#define LOOM_CLI_REPORT_H
#include "cli/cli.h"
#include "report/report_page.h"

/* Runs the directory's graph as the program of an NPU: out->npu. */
typedef loom_status (*cli_watch_npu)(loom_ctx *ctx, const cli_options *o, const report_dir *dir, const machine *m, report_side *out);
/* `npu` NULL: the machine of no directory is an NPU, or what its plan would take on the chip of the meshes is shown. */
LOOM_MUST_USE loom_status cli_report(loom_ctx *ctx, const cli_options *o, cli_watch_npu npu);
#endif
