/* What --emit prints of a compile, by the rows of cli_emit.def. */
#ifndef LOOM_CLI_WORKER_EMIT_H
#define LOOM_CLI_WORKER_EMIT_H
#include "cli/worker.h"

typedef enum worker_emit_when { WORKER_EMIT_EARLY, WORKER_EMIT_LATE, WORKER_EMIT_CODE, WORKER_EMIT_FILES } worker_emit_when;
/* Is `name` (NULL: none was asked for) such a form?  *out_stage, which may be NULL: where it is made. */
bool worker_emit_is(const char *name, worker_emit_when when, compile_stage *out_stage);
/* Only the search makes it, also for this CPU. */
bool worker_emit_is_searched(const char *name);
/* Prints the form of o->emit to standard output.  LOOM_EUNSUP: this input has none. */
LOOM_MUST_USE loom_status worker_emit(loom_ctx *ctx, const cli_options *o, compile_state *s);
#endif
