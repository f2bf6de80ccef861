/* npu: runs tile operation graphs on cores with systolic arrays, a vector unit and a DMA engine each, behind a crossbar to the DRAM channels.  Timing only.
 * Takes: tile_graph, machine (core.dispatch, crossbar, dram).  Leaves: cycles, counters, faults.
 *
 * Work.  Each point of the outer loops is a work item.  An item is cut into tiles: a body's nodes up to a loop are one tile, each iteration of the loop a chain of its own
 * behind it, all joined by the tile that follows.  Inner loops are unrolled into the tile they stand in, their nodes behind the last node before the loop.  A load whose tag
 * was seen in the item is dropped.  A core draws tiles from `items` work items in turn and holds `tiles` of them; the one that needs least memory first.
 *
 * A core's cycle: units and DMA finish what is due; the DMA engine sends up to `ports` requests; one instruction is given, the first ready one in the order of tiles;
 * else one finished tile is handed back.  A compute node of C cycles, O of which may overlap what is before it on its unit: it ends C after now on an idle unit, else
 * C - min(O, what is left) after the last; matrix nodes take the arrays in turn.  A load waits for its data; an asynchronous one is done when its requests are out and
 * its tag is set when the data is there; a store is done when its requests are out.  A wait waits for its tag.
 *
 * Memory.  A transfer is the ascending list of distinct lines (request_bytes) that its elements lie in.  Requests cross the crossbar (latency; one a clock and
 * destination, sources in turn), one a clock enters a channel, answers come back the same way.
 * These are TOGSim's rules of December 2025, with its numbers in the machine file: cycles agree with it (docs/tog.md). */
#ifndef LOOM_SIM_NPU_NPU_H
#define LOOM_SIM_NPU_NPU_H
#include "dram/dram.h"
#include "sim/npu/npu_record.h"
#include "tog/onnx/tile_graph.h"

typedef struct npu_options {
  dram_model dram;
  npu_record *record;                   /* filled with what happens when, in ctx->mem; NULL: nothing is recorded */
  int64_t event_budget;                 /* instructions, requests and clocks together; LOOM_ELIMIT when spent; 0: unlimited */
  int64_t request_limit;                /* requests on their way at a time, some 32 bytes each of ours; LOOM_ELIMIT above it; 0: unlimited */
} npu_options;

enum { NPU_ARRAYS_MAX = 64, NPU_FAULTS_KEPT = 100 };
typedef struct npu_core_report {
  int64_t cycles;                       /* until its last instruction ended */
  int64_t instructions[TILE_KINDS];     /* given, by kind of node */
  int64_t skipped;                      /* loads of a tag that is there, and compute nodes of 0 cycles */
  int64_t read_bytes, written_bytes, dma_cycles, vector_busy, array_busy[NPU_ARRAYS_MAX];   /* busy: without the overlap */
} npu_core_report;
typedef struct npu_fault { int core; int64_t cycle; const char *node, *text; } npu_fault;

typedef struct npu_report {
  int64_t cycles, events;
  dram_model dram;
  int64_t request_bytes, items, tiles;
  int n_cores, n_arrays, n_channels;
  npu_core_report *cores;
  dram_counts *channels;
  VEC_OF(npu_fault) faults;             /* at most NPU_FAULTS_KEPT kept; n_faults counts all */
  int64_t n_faults;
} npu_report;

/* A fault (a wait for a tag that never comes) is not a failure of the call.
 * LOOM_EINPUT: the machine lacks a section or a unit, a pin names a core it does not have; LOOM_EUNSUP: nodes beside the outer loops; LOOM_ELIMIT: budgets. */
LOOM_MUST_USE loom_status npu_run(loom_ctx *ctx, const tile_graph *g, const machine *m, const npu_options *o, npu_report *out);
data_value *npu_report_to_data(arena *mem, const npu_report *r, const tile_graph *g, const machine *m);      /* loom.sim.v1 */
#endif
