/* npu: runs tile operation graphs on cores with systolic arrays, a vector unit and a DMA engine each, between them and the DRAM channels a crossbar or a mesh.
 * Takes: tile_graph, machine (core.dispatch, crossbar, dram, npu), machine code and tensors where values are wanted.  Leaves: cycles, counters, faults, stored tensors.
 *
 * Two kinds of graph, two sets of rules.
 *
 * TOGSIM'S, of December 2025, for graphs that say nothing of the scratchpad and machines without `npu`; timing only.
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
 * destination, sources in turn), one a clock enters a channel, answers come back the same way.  Cycles agree with TOGSim's (docs/tile-graphs.md).
 *
 * PROGRAMS: graphs with `buffers`, on machines with `npu` (docs/npu.md).  Units, overlap and memory are as above; what differs:
 *
 * Order.  Nodes come in program order, one loop round after the other, as far as `window` instructions ahead; of those that wait for nothing the oldest is given, one a
 * cycle.  What a node waits for follows from its uses.  TILE_WRITE makes a new version of the buffer, so that what still reads the old one does not matter; several loads
 * fill one version until it is read, and of equal loads into it the second is dropped.  TILE_READ waits for the writers of the version, TILE_UPDATE for its readers too.
 * Asynchronous loads are waited for by tag alone.  A matrix node behind another one in the same buffer, or behind the preload of its weights, waits until that is given;
 * everybody else until it is over.  A store holds its version until its requests are out and is over when the DRAM has answered; transfers of bytes of a tensor that the
 * graph stores to keep their order within a work item; a nest of outer loops that touches what earlier nests store begins when those are over.
 *
 * Scratchpad.  Versions get room (lane_bytes) in the order in which the program makes them and give it back when their last user is done.  If that never happens for
 * lack of room, it is a fault that names the buffers.  Arrays: a preload takes an array with a free weight slot (the emptiest; of equals the first to be free) and its
 * matrix nodes follow it there; the slot is free when all but the overlap of the last one is over.
 *
 * Jobs.  Cores are dealt to partitions; jobs of a partition run one after the other, each `launch_cycles` after it came and those before it ended.  A core works on
 * `items` work items at a time.
 *
 * Values, in the same run: the function of a load is run when its data are there, that of a compute node when it is given, that of a store when it starts, on the
 * versions they use; these are NaN until written.  Cycles do not depend on it.  The transfer the code makes must be the graph's. */
#ifndef LOOM_SIM_NPU_NPU_H
#define LOOM_SIM_NPU_NPU_H
#include "dram/dram.h"
#include "sim/npu/npu_record.h"
#include "tog/onnx/tile_graph.h"

/* Values of a run: the machine code of the nodes' functions (RISC-V, ELF), and what graph->tensors hold; NULL data: not there, a transfer to it is a fault. */
typedef struct npu_data { void *data; int64_t bytes; bool may_write; const char *name; /* in faults; NULL: the graph's */ } npu_data;
typedef struct npu_values { const char *path; const void *object; size_t object_bytes; const npu_data *tensors; size_t n_tensors; } npu_values;
/* A graph to run: in partition `partition`, from cycle `arrival` on, behind what came there before.  symbols: sizes, as graph->symbols has them. */
typedef struct npu_job { const tile_graph *graph; const int64_t *symbols; size_t n_symbols; const npu_values *values; int partition; int64_t arrival; } npu_job;

typedef struct npu_options {
  dram_model dram;
  npu_record *record;                   /* filled with what happens when, in ctx->mem; NULL: nothing is recorded */
  int64_t event_budget;                 /* instructions, requests and clocks together; LOOM_ELIMIT when spent; 0: unlimited */
  int64_t request_limit;                /* requests on their way at a time, some 32 bytes each of ours; LOOM_ELIMIT above it; 0: unlimited */
  const int64_t *symbols; size_t n_symbols;   /* npu_run: of graph->symbols, in their order */
  const npu_values *values;             /* npu_run: NULL: timing only */
} npu_options;

typedef struct npu_job_report { const char *graph; int partition; int64_t arrival, begin, end, items; } npu_job_report;

enum { NPU_ARRAYS_MAX = 64, NPU_JOBS_MAX = 4096, NPU_FAULTS_KEPT = 100 };
typedef struct npu_core_report {
  int64_t cycles;                       /* until its last instruction ended */
  int64_t instructions[TILE_KINDS];     /* given, by kind of node */
  int64_t skipped;                      /* loads of a tag that is there, and compute nodes of 0 cycles */
  int64_t read_bytes, written_bytes, dma_cycles, vector_busy, array_busy[NPU_ARRAYS_MAX];   /* busy: without the overlap */
  int64_t array_bubble[NPU_ARRAYS_MAX], array_idle[NPU_ARRAYS_MAX];       /* programs: overlap that nothing filled, and no node at all; with busy all cycles */
  int64_t spad_peak;                    /* programs: bytes of a lane that were taken at most */
} npu_core_report;
/* X(name, word of loom.sim.v1) */
#define NPU_FAULT_LIST(X)                                                                                                               \
  X(DEADLOCK, "deadlock") X(SPAD_FULL, "spad_full") X(SPAD_RANGE, "spad_range") X(SPAD_OVERLAP, "spad_overlap") X(UNINIT, "uninit")      \
  X(EARLY_READ, "early_read") X(NO_WAIT, "no_wait") X(NO_LOAD, "no_load") X(TAG_TWICE, "tag_twice") X(TRANSFER, "transfer")             \
  X(CODE, "code") X(AUDIT, "audit")
typedef enum npu_fault_kind {
#define X(name, word) NPU_FAULT_##name,
  NPU_FAULT_LIST(X)
#undef X
  NPU_FAULT_KINDS
} npu_fault_kind;
const char *npu_fault_name(npu_fault_kind k);
typedef struct npu_fault { npu_fault_kind kind; int core; int64_t cycle; const char *node, *text; } npu_fault;

typedef struct npu_report {
  int64_t cycles, events;
  dram_model dram;
  int64_t request_bytes, items, tiles;
  int64_t code_instructions;            /* executed for values */
  int64_t noc_bytes;                    /* data over the crossbar; of a mesh packets, once for every link they take */
  npu_job_report *jobs; int n_jobs;     /* programs */
  int n_cores, n_arrays, n_channels;
  npu_core_report *cores;
  dram_counts *channels;
  VEC_OF(npu_fault) faults;             /* at most NPU_FAULTS_KEPT kept; n_faults counts all */
  int64_t n_faults;
} npu_report;

/* A fault (a wait for a tag that never comes) is not a failure of the call.
 * LOOM_EINPUT: the machine lacks a section or a unit, a pin names a core it does not have; LOOM_EUNSUP: nodes beside the outer loops; LOOM_ELIMIT: budgets. */
LOOM_MUST_USE loom_status npu_run(loom_ctx *ctx, const tile_graph *g, const machine *m, const npu_options *o, npu_report *out);
/* Programs together: the machine's cores are dealt to `partitions` in equal runs (cores must divide). */
LOOM_MUST_USE loom_status npu_run_jobs(loom_ctx *ctx, const npu_job *jobs, int n_jobs, int partitions, const machine *m, const npu_options *o, npu_report *out);
/* Whether the beginning of a file is that of a list of jobs (loom.jobs.v1); reads one, its graphs too. */
bool npu_is_jobs(const char *bytes, size_t size);
LOOM_MUST_USE loom_status npu_jobs_load(loom_ctx *ctx, const char *path, npu_job **out, int *out_n, int *out_partitions);
/* `g`: what was run; of jobs the first. */
data_value *npu_report_to_data(arena *mem, const npu_report *r, const tile_graph *g, const machine *m);      /* loom.sim.v1 */
#endif
