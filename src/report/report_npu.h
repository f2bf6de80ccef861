/* An NPU's run in a page: tracks in place of threads, tiles of the scratchpad in place of slots. */
#ifndef LOOM_REPORT_NPU_H
#define LOOM_REPORT_NPU_H
#include "base/text.h"
#include "sim/npu/npu.h"

/* One run of a tile graph, watched. */
typedef struct report_npu_run { const tile_graph *g; const machine *m; const npu_report *report; const npu_record *record; } report_npu_run;

/* Adds "threads" (names of a core's tracks: arrays, vector unit, DMA engine), "kinds" (the last is "idle"), "resolution" and "lanes" as report_add_lanes does: of each
 * track what its core's cycles went to; `other` is the work item. */
void report_add_npu_lanes(text *t, arena *m, const report_npu_run *run);
/* Name of each node; tiles of the scratchpad: name, address and bytes in every lane. */
data_value *report_npu_nodes(arena *m, const tile_graph *g);
data_value *report_npu_buffers(arena *m, const tile_graph *g);
#endif
