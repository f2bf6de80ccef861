/* A row as options of the compiler. */
#ifndef LOOM_BENCH_ROW_OPTIONS_H
#define LOOM_BENCH_ROW_OPTIONS_H
#include "compile.h"
#include "peers.h"

/* "x=4096x2560,weight=4096" and so on, for one thread of this CPU (run_threads).  LOOM_EBUG: the table is wrong. */
LOOM_MUST_USE loom_status row_options(loom_ctx *ctx, const peer_row *r, compile_options *out);
#endif
