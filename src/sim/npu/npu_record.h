/* npu_record: what happened when on the cores of a tile graph, for traces.  Asked for with npu_options.record; the run is the same with and without. */
#ifndef LOOM_SIM_NPU_RECORD_H
#define LOOM_SIM_NPU_RECORD_H
#include "base/vec.h"
#include "base/bins.h"
#include <stdbool.h>

enum { NPU_TRACK_DMA = -2, NPU_TRACK_VECTOR = -1 };      /* from 0 on: matrix arrays */
/* A unit at work on a node, or the DMA engine sending its requests.  Those of one track do not overlap.  Cycles. */
typedef struct npu_slice { int core, track, node; int64_t item, begin, end; } npu_slice;
/* A transfer from its first request to its last answer.  Those of a core overlap. */
typedef struct npu_flight { int core, node; bool is_write; int64_t item, begin, end, bytes; } npu_flight;

typedef struct npu_record {
  int64_t limit;                         /* set by the caller: slices and flights kept, together */
  int64_t cut;                           /* cycle from which on there are no more; -1: all are there */
  VEC_OF(npu_slice) slices;              /* by end of what is before them on their track */
  VEC_OF(npu_flight) flights;            /* by end */
  bins channels;                     /* clocks of the memory in which a channel answers */
  int64_t core_period, dram_period;      /* picoseconds of a cycle, of a clock of the memory */
} npu_record;
#endif
