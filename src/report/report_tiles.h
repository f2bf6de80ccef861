/* The trace of a tile operation graph. */
#ifndef LOOM_REPORT_TILES_H
#define LOOM_REPORT_TILES_H
#include "sim/npu/npu.h"

/* Chrome JSON, as report_write_trace: a process a core with tracks for its arrays, vector unit and DMA engine; transfers, which overlap, as asynchronous
 * events from the first request to the last answer; what the channels answer as counters. */
LOOM_MUST_USE loom_status report_write_tile_trace(loom_ctx *ctx, const tile_graph *g, const machine *m, const npu_report *r, const npu_record *record, const char *path);
#endif
