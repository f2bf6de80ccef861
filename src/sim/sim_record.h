/* sim_record: what happened when, for traces and pictures.  Asked for with sim_options.record; cycles, counters and faults are the same with and without.
 *
 * A lane is one thread of a core.  Its slices nest: loops, their iterations (steps), nodes, and in a node its phases.  Phases follow each other without a gap
 * from cycle 0 to the lane's end; what takes no time is not recorded.  Lists keep what happened up to `limit` entries in all; sums and bins go on to the end. */
#ifndef LOOM_SIM_RECORD_H
#define LOOM_SIM_RECORD_H
#include "base/vec.h"
#include "base/bins.h"
#include <stdbool.h>

/* X(name, text, is a phase, what `other` is) */
#define SIM_SLICE_LIST(X)                                                                                                 \
  X(LOOP, "loop", 0, NOTHING) X(STEP, "step", 0, NOTHING) X(NODE, "node", 0, NOTHING)                                     \
  X(WAIT_FREE, "wait_free", 1, BUFFER) X(WAIT_READY, "wait_ready", 1, BUFFER)                                             \
  X(WAIT_SENDER, "wait_sender", 1, CORE) X(WAIT_RECEIVERS, "wait_receivers", 1, CORE)                                     \
  X(READ, "read", 1, BUFFER) X(RECEIVE, "receive", 1, CORE) X(COLLECT, "collect", 1, NOTHING) X(SEND, "send", 1, BUFFER) X(WRITE, "write", 1, BUFFER)       \
  X(COMPUTE, "compute", 1, UNIT)
typedef enum sim_slice_kind {
#define X(n, t, p, o) SIM_SLICE_##n,
  SIM_SLICE_LIST(X)
#undef X
  SIM_SLICE_KINDS
} sim_slice_kind;
typedef enum sim_other { SIM_OTHER_NOTHING, SIM_OTHER_BUFFER, SIM_OTHER_CORE, SIM_OTHER_UNIT } sim_other;
const char *sim_slice_name(sim_slice_kind k);                /* "wait_free" */
bool sim_slice_is_phase(sim_slice_kind k);
sim_other sim_slice_other(sim_slice_kind k);

typedef struct sim_slice {
  int64_t begin, end;                    /* cycles */
  int64_t value;                         /* STEP: of the loop's variable; phases of a transfer: its bytes */
  sim_slice_kind kind;
  int node;                              /* id of the graph's node */
  int other;                             /* index of the buffer, core or unit; -1: not known */
} sim_slice;

/* Slices in order of their begin, a slice before those inside it. */
typedef struct sim_lane { VEC_OF(sim_slice) slices; int64_t spent[SIM_SLICE_KINDS]; /* cycles in each phase, cut or not; 0 for loops, steps and nodes */ int64_t end;
  VEC_OF(size_t) open; sim_slice phase; bool is_in_phase, is_in_node; /* while the run is on */ } sim_lane;

/* From a core to one receiver; lanes. */
typedef struct sim_flow { int node, sender, receiver; int64_t sent, arrived, bytes; } sim_flow;

/* A link or a DRAM channel at work for a core's transfer.  Times in 1/256 cycle. */
enum { SIM_SERVICE_TICKS = 256 };
typedef enum sim_server_kind { SIM_SERVER_LINK, SIM_SERVER_CHANNEL } sim_server_kind;
typedef struct sim_service { sim_server_kind server; int index; /* of a link: its number (sim_link) */
  int node, core; int64_t begin, ticks, bytes; } sim_service;

/* A slot of a buffer in one use: reserved, then published, then freed.  -1: not before the end. */
typedef struct sim_life { int core, buffer, slot; int64_t reserved, published, freed; } sim_life;

typedef struct sim_record {
  int64_t limit;                         /* set by the caller: slices, flows, services and lives kept, together; 0: SIM_RECORD_LIMIT */
  int64_t n_events;                      /* kept */
  int64_t cut;                           /* cycle from which on the lists have no more; -1: they are whole */
  int64_t cycles;
  int n_lanes; sim_lane *lanes;          /* core * TOG_THREADS + thread */
  VEC_OF(sim_flow) flows;
  VEC_OF(sim_service) services;          /* by their begin */
  VEC_OF(sim_life) lives;                /* by time of reservation */
  bins phases;                       /* series lane * SIM_SLICE_KINDS + kind; cycles */
  bins links, channels;              /* busy, by link number and channel; ticks */
  int who;                               /* lane whose event is running */
  int n_slots, *life_of_slot;            /* core * slots + slot: index into lives, -1 */
} sim_record;
enum { SIM_RECORD_LIMIT = 500000 };
#endif
