/* Inside loom-worker: the analyses of `loom lsp`.  A job is one JSON object:
 *   {id, kind: "check" | "cost", language: "kernels" | "machine", path, text, settings?, kernel? (of a cost)}
 * A check gives {diagnostics: [loom.diagnostic.v1], kernels: [{name, line, title?}], names: [[line, column, name, what it is]], symbols: [..]}; the last three only of kernels whose Python can be
 * parsed, `title` where no cost can be had.  A cost gives {title}.  Columns count bytes from 1. */
#ifndef LOOM_CLI_WORKER_LSP_H
#define LOOM_CLI_WORKER_LSP_H
#include "cli/worker.h"

typedef struct lsp_task { const char *path; char *source; size_t size; const data_value *settings; const cli_options *base; } lsp_task;

void worker_lsp_check_kernels(loom_ctx *ctx, const lsp_task *t, data_value *out);
void worker_lsp_check_machine(loom_ctx *ctx, const lsp_task *t);
/* What is shown above the kernel. */
const char *worker_lsp_cost(loom_ctx *ctx, const lsp_task *t, const char *kernel);

/* worker_lsp_calls.c: the arguments of the first call of the kernel in its own file, where they can be read without running anything; *out_n 0: there is none. */
const helion_given *worker_lsp_find_call(arena *m, const syn_node *module, const helion_place *kernel, size_t *out_n);

/* worker_lsp_options.c: of kernel `name`, from the least to the most particular: the command line, the settings, those of the kernel, lines "# loom: --machine M --shape .." of the file, such lines
 * with --function NAME.  Whoever says an option last says all of it.  *where: the last line of the file that says any. */
LOOM_MUST_USE loom_status worker_lsp_options(loom_ctx *ctx, const lsp_task *t, const char *name, cli_options *out, loom_span *where);
#endif
