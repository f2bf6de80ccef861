/* sim: the virtual chip.  Event-driven: cores with three threads, units, links, DRAM channels; values and cycles in one run.
 * Takes: tog, machine, tensor contents, tile functions through a plain callback table.  Leaves: cycles, counters, faults, output contents.
 * Timing does not depend on values.  Deterministic: events are ordered by (cycle, core, thread); a thread has one event at most.
 *
 * What costs time.  TAKE, PUSH and GIVE: nothing.  COMPUTE: its `cycles`, on the core's compute thread, so units never overlap within a core.
 * LOAD: transfer_setup_cycles, then each DRAM channel that holds pages of the box serves its bytes at dram_bytes_per_cycle / channels (FIFO),
 * dram_latency_cycles later they enter the network at the channel's attach point, cross each link of a dimension-ordered route (FIFO,
 * link_bytes_per_cycle, hop_cycles to the head) and the core's L1 write port (l1_bytes_per_cycle, when given).  STORE: the same way back.
 * TENSORS IN L1: each core that holds bytes of the box gets a word, hops * hop_cycles; the bytes then come through its L1 port, a dimension-ordered route and
 * the reader's port, in packets like those of DRAM.  A store is over when word of its last packet is back.  Nothing of DRAM takes part.
 * MULTICAST: a receiver's word takes hops * hop_cycles to the sender; when all words and the sender's own data are there, the sender pays
 * transfer_setup_cycles again and sends along a tree; its own slot is published when its last byte has left.
 * CHAIN: a receiver's word goes to its predecessor; each forward waits for it, pays transfer_setup_cycles and takes one route from core to core.
 * SEND: the receiver's word takes hops * hop_cycles, then transfer_setup_cycles and one route; the writer goes on when the tile has landed.
 * DRAM bank by bank (sim_options.dram): a part of a transfer is the requests of its lines, first come at the channel when the rate model would start to serve it; dram.h says
 * when each is answered, instead of latency and rate.  What is read enters the network from its first answer on, what is written is served when all of it is at the channel.
 * Queues are kept in 1/256 cycles; threads go on at whole cycles, rounded up. */
#ifndef LOOM_SIM_SIM_H
#define LOOM_SIM_SIM_H
#include "dram/dram.h"
#include "machine/machine.h"
#include "sim/sim_record.h"
#include "sim/sim_watch.h"
#include "tog/tog.h"

typedef void (*sim_tile_fn)(void *const *buf, const int64_t *arg);
typedef struct sim_exec { const sim_tile_fn *functions; size_t n; } sim_exec;      /* by tog function index */

typedef struct sim_options {
  const sim_exec *exec;                 /* NULL: timing only */
  void *const *tensors;                 /* by tog tensor index: DRAM contents, row-major; NULL with exec NULL */
  dram_model dram;                      /* DRAM_RATE: dram_bytes_per_cycle and dram_latency_cycles; DRAM_BANK: dram.bank, which the machine must have */
  int64_t event_budget;                 /* LOOM_ELIMIT when spent; 0: unlimited */
  sim_record *record;                   /* filled with what happens when, in ctx->mem (sim_record.h); NULL: nothing is recorded */
  const sim_watch *watch;               /* told of every value (sim_watch.h); NULL: nobody */
  bool verify;                          /* run tog_verify first (tests switch it off to show the simulator is a check of its own) */
} sim_options;

/* X(name): DEADLOCK a waiting thread and no event left; EARLY_READ a read without wait of a slot that is not ready; UNINIT ready slot read before written;
 * OUT_OF_BOUNDS box outside its tensor or buffer; L1_RANGE slot or tensor outside the core's memory; L1_OVERLAP a tensor in L1 where a slot or another one is; LEAK slots not free at the end, or left open by the loads that fill them; BAD_GIVE freeing a free slot;
 * BAD_PUSH publishing a slot that was not taken; NOT_TAKEN writing one, or going on to fill one;
 * MULTICAST a message for a core that does not wait for it, or a rectangle, sender or receiver off the mesh; DOUBLE_WRITE / UNWRITTEN output elements; BAD_EXPR */
#define SIM_FAULT_LIST(X) X(DEADLOCK) X(EARLY_READ) X(UNINIT) X(OUT_OF_BOUNDS) X(L1_RANGE) X(L1_OVERLAP) X(LEAK) X(BAD_GIVE) X(BAD_PUSH) X(NOT_TAKEN) X(MULTICAST) X(DOUBLE_WRITE) X(UNWRITTEN) X(BAD_EXPR)
typedef enum sim_fault_kind {
#define X(n) SIM_FAULT_##n,
  SIM_FAULT_LIST(X)
#undef X
} sim_fault_kind;
const char *sim_fault_name(sim_fault_kind k);                 /* lower case: "early_read" */
typedef struct sim_fault { sim_fault_kind kind; int core; /* -1: none */ int64_t coord[TOG_MESH_MAX]; const char *buffer; /* NULL: none */ int64_t cycle; const char *text; } sim_fault;

typedef struct sim_core { int64_t cycles, busy, dram_bytes; /* read or written by this core */ } sim_core;
typedef struct sim_link { int from, to; int64_t bytes, busy; int number; /* in records */ } sim_link;
typedef struct sim_channel { int64_t bytes, busy; dram_counts bank; /* DRAM_BANK: requests and row hits */ } sim_channel;
typedef struct sim_unit { const char *name; int64_t busy; /* cycles, all cores together */ } sim_unit;
typedef struct sim_report {
  int64_t cycles;
  int n_cores; sim_core *cores;
  VEC_OF(sim_link) links;                                     /* that carried something; from, to: core indices of the machine's whole mesh */
  VEC_OF(sim_channel) channels; VEC_OF(sim_unit) units;
  int64_t dram_bytes_read, dram_bytes_written, noc_bytes;     /* noc_bytes: bytes times links crossed */
  int64_t l1_bytes_read, l1_bytes_written;                    /* of tensors in L1 */
  VEC_OF(sim_fault) faults;                                   /* at most 100 kept; n_faults counts all */
  dram_model dram;
  int64_t n_faults, events;                                   /* events: nodes run and arrivals; what event_budget counts */
} sim_report;

/* A fault is not a failure of the call: LOOM_OK with report.faults filled. */
LOOM_MUST_USE loom_status sim_run(loom_ctx *ctx, const tog *t, const machine *m, const sim_options *o, sim_report *out);
data_value *sim_report_to_data(arena *m, const sim_report *r, const tog *t);        /* loom.sim.v1 */
#endif
