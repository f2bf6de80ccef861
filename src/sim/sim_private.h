/* sim, inside.  Time is kept in ticks of 1/256 cycle: servers (links, channels, ports) queue in ticks, threads resume on whole cycles.
 *
 *   sim_program.c  the tree -> one flat program a thread, expressions compiled
 *   sim_thread.c   what each instruction does to its core; waiting and waking        sim_compute.c  computations
 *   sim_transfer.c loads and stores under way, parts by DRAM channel
 *   sim_multicast.c, sim_chain.c  one load for many cores       sim_gather.c  tiles from core to core
 *   sim_l1.c       tensors that lie in the cores' L1
 *   sim_noc.c, sim_noc_build.c  links, ports, routes, multicast trees        sim_dram.c  channels and pages        sim_bank.c  the same, bank by bank
 *   sim_slot.c     the rings of slots and the L1 bytes          sim_box.c   boxes: evaluate, copy
 *   sim_cover.c    which output elements were written           sim_queue.c the event heap
 *   sim_fault.c    faults      sim_report.c  loom.sim.v1        sim_run.c   set up, run, look for what is left
 *   sim_record.c   what happened when, where that is asked for (sim_record.h) */
#ifndef LOOM_SIM_PRIVATE_H
#define LOOM_SIM_PRIVATE_H
#include "sim/sim.h"

enum { SIM_TICKS_LOG2 = 8, SIM_TICKS = 1 << SIM_TICKS_LOG2, SIM_FAULTS_KEPT = 100 };
#define SIM_CYCLES_MAX ((int64_t)1 << 40)      /* of one compute node */
#define SIM_OUTPUT_ELEMS_MAX ((int64_t)1 << 32)
#define SIM_TIME_MAX ((int64_t)1 << 60)        /* ticks; beyond it the run is stopped */

typedef struct sim sim;

/* ---- rates: bytes per cycle in 1/4096; 0 is without limit ---- */
typedef int64_t sim_rate;
sim_rate sim_rate_of(double bytes_per_cycle);
/* Ticks that `bytes` (0..2^42) take, rounded up. */
int64_t sim_rate_ticks(sim_rate r, int64_t bytes);
/* Cycles as ticks, rounded; negative counts as 0, more than 2^40 as 2^40. */
int64_t sim_ticks_of(double cycles);
static inline int64_t max64(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t min64(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t sim_ceil_cycle(int64_t tick) { return (tick + SIM_TICKS - 1) & ~(int64_t)(SIM_TICKS - 1); }

/* ---- programs ---- */

/* An expression, as cheap as it can be: a constant, a value per core, or code over coordinates and loop variables. */
typedef struct sim_value { int64_t constant; const int64_t *by_core; const sym_code *code; } sim_value;

typedef struct sim_box {
  int tensor, rank;
  sim_value offset[TOG_RANK_MAX], extent[TOG_RANK_MAX];
  int64_t shape[TOG_RANK_MAX], stride[TOG_RANK_MAX];   /* of the tensor or of the view, elements */
  int order[TOG_RANK_MAX];            /* dims by falling stride, so that neighbours in memory come last; stride 0 first */
  int64_t to_stride[TOG_RANK_MAX];    /* elements of the buffer per step of the dim; 0 where dropped */
  int64_t room[TOG_RANK_MAX];         /* largest extent the buffer takes */
  bool has_lookup; int lookup_dim, lookup_tensor; int64_t lookup_rows;      /* tog_box */
} sim_box;

/* A box with its numbers. */
typedef struct sim_region { int64_t offset[TOG_RANK_MAX], extent[TOG_RANK_MAX]; int64_t bytes; } sim_region;

typedef struct sim_rect { int64_t ul[TOG_MESH_MAX], lr[TOG_MESH_MAX]; } sim_rect;

typedef enum sim_op { SIM_OP_LOOP, SIM_OP_NEXT, SIM_OP_LOAD, SIM_OP_STORE, SIM_OP_TAKE, SIM_OP_COMPUTE, SIM_OP_PUSH, SIM_OP_GIVE,
                      SIM_OP_SEND, SIM_OP_COLLECT, SIM_OP_END } sim_op;

typedef struct sim_instr {
  sim_op op;
  const tog_node *node;
  int buffer;
  int depth;                          /* LOOP, NEXT: nesting level = index of the variable; others: number of enclosing loops */
  int target;                         /* LOOP: behind its NEXT; NEXT: first of the body */
  sim_value trip;
  sim_box *box;
  sim_value *at;                      /* loads, by buffer dim: where in the slot the box lands; NULL: at its start */
  bool in_parts;                      /* loads: several may fill one slot of this buffer */
  sim_value opens, closes;            /* loads in parts */
  sim_value *ul, *lr, *sender;        /* multicast loads */
  int load;                           /* number of the multicast load */
  bool is_chain;
  int to;                             /* SEND: buffer of the receiver */
  sim_value row, *receiver;           /* SEND */
  sim_value senders;                  /* COLLECT */
  size_t n_args;
  sim_value *args, *numbers, cycles, active;
  bool has_active;
  int unit;
} sim_instr;

typedef struct sim_program { VEC_OF(sim_instr) code; } sim_program;
LOOM_MUST_USE loom_status sim_program_build(sim *s);
bool sim_value_get(const sim_value *v, int core, const int64_t *vars, int64_t *out);

/* ---- slots ---- */

typedef enum sim_slot_state { SIM_FREE, SIM_OPEN, SIM_READY } sim_slot_state;
typedef struct sim_slot {
  uint8_t state, owner;               /* owner: the thread that reserved it */
  bool is_written;
  uint8_t readers;                    /* computes running on it */
} sim_slot;
typedef struct sim_ring { int head, count; } sim_ring;   /* slots head .. head+count-1 are not free; oldest first */

/* ---- threads ---- */

typedef enum sim_state {
  SIM_RUN,             /* has something to do at its event */
  SIM_WAIT_FREE,       /* for a free slot of wait_buffer */
  SIM_WAIT_READY,      /* for a published slot of wait_buffer */
  SIM_READING,         /* parts are leaving their DRAM channels */
  SIM_LEAVING,         /* a store is about to enter the network */
  SIM_WRITING,         /* parts are arriving at their DRAM channels */
  SIM_LANDING,         /* all bytes are there at the event */
  SIM_WAIT_RECEIVERS,  /* multicast sender: for the rest of its rectangle */
  SIM_SENDING,         /* ... all there: sends at the event */
  SIM_SENT,            /* ... its bytes have left at the event */
  SIM_WAIT_SENDER,     /* multicast receiver, announced */
  SIM_ARRIVING,        /* ... data is there at the event */
  SIM_WAIT_ROW,        /* SEND: for the receiver to have its row to be filled */
  SIM_COLLECTING,      /* COLLECT: tiles are coming */
  SIM_COLLECTED,       /* ... all there at the event */
  SIM_BUSY,            /* a compute ends at the event */
  SIM_DONE,
  SIM_HALTED           /* stopped by a fault it cannot go on from */
} sim_state;

/* What one DRAM channel, or the L1 of one core, has to do with a transfer.  It goes over the network in packets. */
typedef struct sim_part {
  int channel;                        /* of a tensor in L1: node of the core that holds the bytes */
  int64_t bytes;                      /* still to enter the network */
  int64_t moving;                     /* store: of the packet on its way */
  int64_t first_tick, last_tick;      /* load: of what is left; store: when the packet is at the channel */
  int64_t requests_left;              /* bank by bank: still to be answered */
  bool is_done;
} sim_part;

typedef struct sim_thread {
  sim_state state;
  tog_thread which;
  int core, pc, wait_buffer;
  int ring_slot;                      /* of the transfer under way */
  int sender;                         /* core a receiver waits for */
  int64_t announced_tick;             /* when its word reaches the sender */
  bool is_stray;                      /* announced to a sender whose rectangle does not hold it; already reported */
  int64_t *vars, *trips;              /* coordinates, then loop variables; by nesting level */
  sim_region region;
  sim_rect rect; int n_receivers;     /* of a multicast sender */
  sim_rect group; int forward;        /* of a chain: its rectangle, and the mesh dim along which it is handed on next; -1: not yet */
  int receiver;                       /* core that a chain or a SEND sends to */
  int64_t at[TOG_RANK_MAX], place;    /* of a load: by buffer dim, and in all: elements behind the slot's start */
  int64_t row;                        /* of a SEND */
  VEC_OF(int64_t) rows;               /* COLLECT: of the tiles that have arrived or are on their way */
  int64_t senders, landed;            /* COLLECT: tiles to wait for, tiles there */
  sim_part *parts; int n_parts, parts_left;
  int next_part; int64_t inject_tick; /* store: whose packet is the next, and when it may enter the network */
  int64_t sent;                       /* bytes that have entered it, of what goes from core to core */
  int64_t land_tick;
} sim_thread;

/* ---- network ---- */

/* A link or a port, held by one packet at a time.  A packet reserves its whole way when it enters the network, so that a server far along a busy way is reserved for
 * later; what is free before that is a hole, which a packet that gets there earlier takes. */
enum { SIM_HOLES = 16 };               /* kept, the latest; an older one is lost */
typedef struct sim_hole { int64_t from, to; } sim_hole;
typedef struct sim_server { int64_t free_tick, busy_ticks, bytes; int n_holes; sim_hole hole[SIM_HOLES]; } sim_server;
/* A message on its way: first byte not before `first`, last byte not before `last`. */
typedef struct sim_front { int64_t first, last; } sim_front;

typedef struct sim_branch { int link, parent; } sim_branch;      /* parent: index of the branch before it; -1 at the sender */
typedef struct sim_tree {
  sim_rect rect;
  int n_branches, n_leaves, room;
  sim_branch *branches;
  int *leaf_core, *leaf_branch;
} sim_tree;

typedef struct sim_noc {
  int n_dims, n_nodes;                /* of the machine's mesh, which may be larger than the graph's */
  int64_t size[MACHINE_MESH_DIMS_MAX];
  bool wraps[MACHINE_MESH_DIMS_MAX];
  int *node_of_core;                  /* graph core -> machine core */
  sim_server *links;                  /* node * 2 * dims + dim * 2 + (0: up, 1: down) */
  sim_server *in_port, *out_port;     /* by node: the L1's two ports to the network */
  sim_rate link_rate, port_rate;
  int64_t packet_bytes;               /* that hold a link at a time */
  int64_t hop_ticks;
  int n_channels;
  int *route_start, *routes;          /* CSR by (channel, core), both ways: reads at 2i, writes at 2i+1 */
  sim_tree *trees;                    /* by (multicast load, sender) */
  int *mark;                          /* scratch: node -> branch that reaches it, -1 */
  sim_front *fronts;                  /* scratch: by branch */
} sim_noc;

LOOM_MUST_USE loom_status sim_noc_build(sim *s);
/* Node at these coordinates of the machine. */
int sim_noc_node_at(const sim_noc *n, const int64_t *coord);
/* Calls step(data, link, node behind the link) along the route between two nodes. */
typedef void (*sim_step_fn)(void *data, int link, int node);
void sim_noc_walk(const sim_noc *n, int from, int to, sim_step_fn step, void *data);
/* Node at the far end of a link. */
int sim_noc_link_end(const sim_noc *n, int link);
int sim_noc_node_hops(const sim_noc *n, int from, int to);
int sim_noc_hops(const sim_noc *n, int from_core, int to_core);
/* Sends `bytes` from the channel's attach point into the core's L1, or back to it. */
sim_front sim_noc_from_channel(sim *s, int channel, int core, int64_t bytes, sim_front f);
/* *left: when the last byte has left the core. */
sim_front sim_noc_to_channel(sim *s, int channel, int core, int64_t bytes, sim_front f, int64_t *left);
/* Sends `bytes` from `core`, starting at `tick`, to every other core of `rect`; arrive(leaf core, last byte's tick) in row-major order.
 * Returns the tick when the last byte has left the sender. */
typedef void (*sim_arrive_fn)(sim *s, int core, int64_t tick, void *data);
int64_t sim_noc_multicast(sim *s, int load, int core, const sim_rect *rect, int64_t bytes, int64_t tick, sim_arrive_fn arrive, void *data);

/* Sends `bytes` from one core's L1 to another's (or through its own ports), starting at `tick`.  The tick when the last byte is there; *left: when it has left. */
int64_t sim_noc_to_core(sim *s, int from, int to, int64_t bytes, int64_t tick, int64_t *left);

/* Sends `bytes` from the L1 of any node into the core's, or the other way; they may be the same.  *left as above. */
sim_front sim_noc_from_node(sim *s, int node, int core, int64_t bytes, sim_front f);
sim_front sim_noc_to_node(sim *s, int node, int core, int64_t bytes, sim_front f, int64_t *left);

/* The next packet of the thread's region on its way to other cores: bytes, when it may start, whether it is the last. */
int64_t sim_next_packet(sim *s, sim_thread *th, int64_t *start, bool *is_last);
/* Its last byte has left at `left`: the thread goes on with the next packet, or is SENT. */
void sim_packet_left(sim *s, sim_thread *th, int64_t left, bool is_last);

/* ---- DRAM ---- */

typedef struct sim_dram {
  int n_channels;
  sim_server *channels;
  sim_rate rate;
  int64_t latency_ticks, page_bytes;
  int64_t *sums;                      /* scratch: bytes by channel */
  struct sim_bank *bank;              /* NULL: by rate */
} sim_dram;

LOOM_MUST_USE loom_status sim_dram_build(sim *s);
/* Splits the region's bytes over the channels: page p of a tensor lies on channel p mod channels.  Fills th->parts. */
void sim_dram_split(sim *s, sim_thread *th, const sim_box *b);
/* Serves a part not before `f.first`; the front of its bytes behind the channel, without the latency. */
sim_front sim_dram_serve(sim *s, int channel, int64_t bytes, sim_front f);

/* ---- tensors in L1 (sim_l1.c) ---- */

/* Does the instruction move a part of one? */
bool sim_in_l1(const sim *s, const sim_instr *in);
/* Finds whether there are any.  One outside of the L1, or at one place with a slot or another, is a fault. */
void sim_l1_build(sim *s);
/* Splits the region's bytes over the nodes that hold them.  Fills th->parts. */
void sim_l1_split(sim *s, sim_thread *th, const sim_box *b);
/* The thread's word takes so long to the part's node, and the answer back. */
int64_t sim_l1_word_ticks(const sim *s, const sim_thread *th, const sim_part *p);

/* ---- DRAM, bank by bank ---- */

typedef struct sim_bank {
  dram_params params;
  dram_channel **channels;
  int64_t *wake;                      /* by channel: the clock in which it next does anything */
  int64_t next_clock;                 /* the least of them */
  int64_t ticks, clocks;              /* a clock of the memory is ticks / clocks ticks */
  int64_t *first_line;                /* by tensor: each begins on a page of channel 0 */
  int64_t *last_line;                 /* scratch, by channel: the line pushed last */
  int *part;                          /* scratch, by channel: the part whose lines are pushed; -1 */
  int64_t *recorded;                  /* by channel: tick up to which a record has it at work */
} sim_bank;

LOOM_MUST_USE loom_status sim_bank_build(sim *s);
/* Bytes of the region by channel, into d->sums. */
void sim_bank_split(sim *s, const sim_thread *th, const sim_box *b);
/* The parts that are not done and due now queue their lines at their channels; the thread gets no event but for parts that come later. */
void sim_bank_queue(sim *s, sim_thread *th, const sim_instr *in, bool is_write);
/* First tick in which memory does anything; INT64_MAX: nothing is under way. */
int64_t sim_bank_next(const sim *s);
/* Runs the memory's clock at that tick; a transfer whose last line is answered goes on. */
void sim_bank_run(sim *s);
/* In sim_transfer.c: all lines of a part are answered. */
void sim_part_answered(sim *s, sim_thread *th, sim_part *p);

/* ---- the rest ---- */

typedef struct sim_event { int64_t tick; int64_t who; } sim_event;    /* who: core * TOG_THREADS + thread: one event a thread at most */
typedef struct sim_queue { sim_event *at; size_t n; } sim_queue;
void sim_queue_push(sim_queue *q, sim_event e);
sim_event sim_queue_pop(sim_queue *q);

/* One bit an element. */
typedef struct sim_cover { uint64_t *bits; int64_t n_bits, n_set; } sim_cover;
/* Sets n bits from `first`; the first that was set already, or -1. */
int64_t sim_cover_mark(sim_cover *c, int64_t first, int64_t n);
int64_t sim_cover_first_missing(const sim_cover *c);     /* -1: none */

struct sim {
  loom_ctx *ctx;
  const tog *t;
  const machine *m;
  const sim_options *o;
  sim_report *report;
  int n_cores, n_loads, n_slots;      /* n_loads: multicast loads; n_slots: of all buffers of one core */
  int64_t tick;                       /* now */
  bool is_out_of_budget, is_out_of_time;
  sim_queue queue;
  sim_program program[TOG_THREADS];
  int n_vars;                         /* longest vars array */
  sim_thread *threads;                /* core * TOG_THREADS + thread */
  int64_t setup_ticks;
  sim_noc noc;
  sim_dram dram;
  bool has_l1;                        /* some tensor lies in L1 */
  int64_t *l1_sums;                   /* scratch: bytes by node */
  /* slots and memory */
  int *slot_base;                     /* by buffer */
  bool *is_backed;                    /* by slot of a core: inside the L1 */
  sim_slot *slots;                    /* core * n_slots + slot_base + i */
  sim_ring *rings;                    /* core * buffers + buffer */
  bool *told_range;                   /* by buffer: L1_RANGE reported */
  unsigned char **l1;                 /* by core; NULL when only timing */
  sim_cover *cover;                   /* by tensor; n_bits 0: not an output */
  int *waiting;                       /* load * cores + sender: receivers that have announced and not been served */
};

static inline sim_thread *sim_thread_at(sim *s, int core, tog_thread which) { return &s->threads[core * TOG_THREADS + (int)which]; }
static inline sim_ring *sim_ring_at(sim *s, int core, int buffer) { return &s->rings[(size_t)core * s->t->buffers.n + (size_t)buffer]; }
static inline sim_slot *sim_slot_at(sim *s, int core, int buffer, int i) { return &s->slots[(size_t)core * (size_t)s->n_slots + (size_t)(s->slot_base[buffer] + i)]; }
static inline const sim_instr *sim_instr_of(const sim *s, const sim_thread *th) { return &s->program[th->which].code.at[th->pc]; }
void sim_core_coords(const tog *t, int core, int64_t *out);
/* -1: off the mesh. */
int sim_core_at(const tog *t, const int64_t *coords);
const char *sim_core_text(arena *m, const tog *t, int core);         /* "(1, 2)" */

LOOM_MUST_USE loom_status sim_slots_build(sim *s);
/* Address of slot i in the core's L1; NULL when only timing or when the slot is not inside the L1. */
void *sim_slot_bytes(sim *s, int core, int buffer, int i);
/* Reserves the next slot (there must be a free one), fills it with 0xFF: NaN in every float type.  Its index in the ring's storage. */
int sim_slot_reserve(sim *s, const sim_thread *th, int buffer);
/* Index of the newest or the oldest open slot that `owner` has reserved; -1: none. */
int sim_slot_open(const sim *s, int core, int buffer, tog_thread owner, bool newest);
void sim_slot_publish(sim *s, int core, int buffer, int i);

/* Evaluates and checks a box.  False: a fault was recorded; the region is then empty. */
bool sim_box_region(sim *s, const sim_thread *th, const sim_instr *in, sim_region *out);
/* Evaluates where in its slot a load's box lands: th->at, th->place.  False: a fault was recorded. */
bool sim_box_place(sim *s, sim_thread *th, const sim_instr *in);
/* Copies th->region to th->place of the slot at `l1` (NULL: does nothing). */
void sim_box_to_l1(sim *s, const sim_thread *th, const sim_instr *in, void *l1);
/* Writes the thread's region (from `l1` when not NULL) and marks it as written. */
void sim_box_to_dram(sim *s, const sim_thread *th, const sim_instr *in, const void *l1);
/* Calls `run(data, first element, elements)` for every maximal run of consecutive elements of the region, in order. */
typedef void (*sim_run_fn)(void *data, int64_t first, int64_t elems);
void sim_box_runs(const sim *s, const sim_box *b, const sim_region *r, sim_run_fn run, void *data);

void sim_schedule(sim *s, sim_thread *th, int64_t tick);
/* Wakes the threads of the core that wait for `buffer` in `state`. */
void sim_wake(sim *s, int core, int buffer, sim_state state);
/* Makes the thread wait; false. */
bool sim_wait_for(sim_thread *th, sim_state state, int buffer);
bool sim_has_free_slot(sim *s, int core, int buffer);
/* The oldest slot in use has been published. */
bool sim_has_ready_slot(sim *s, int core, int buffer);
/* A COMPUTE begins, waits, or is skipped; its event is due.  True: the thread can go on. */
bool sim_compute_start(sim *s, sim_thread *th, const sim_instr *in);
bool sim_compute_end(sim *s, sim_thread *th, const sim_instr *in);
/* Runs the thread from its program counter until it waits or ends. */
void sim_thread_run(sim *s, sim_thread *th);
/* The thread's event is due. */
void sim_thread_event(sim *s, sim_thread *th);

/* Transfers: true when the thread can go on at once (the program counter is then behind the instruction).  A load has th->ring_slot reserved. */
bool sim_load_start(sim *s, sim_thread *th, const sim_instr *in);
bool sim_store_start(sim *s, sim_thread *th, const sim_instr *in);
/* Events of SIM_READING .. SIM_ARRIVING.  True as above. */
bool sim_transfer_event(sim *s, sim_thread *th, const sim_instr *in);

/* One load for a rectangle of cores.  _start, with its slot reserved: true when this core is to read the box; false when it waits for its sender or a fault
 * has halted it.  _landed: the core's own copy is there.  _event: of SIM_SENDING and SIM_SENT.  True: it has nothing (more) to send. */
bool sim_group_start(sim *s, sim_thread *th, const sim_instr *in);
bool sim_group_landed(sim *s, sim_thread *th, const sim_instr *in);
bool sim_group_event(sim *s, sim_thread *th, const sim_instr *in);
/* A core that keeps a sender waiting; -1: none. */
int sim_missing_receiver(sim *s, const sim_thread *th, const sim_instr *in);
/* The core's reader is at `in` with its slot reserved and waits for `sender`. */
bool sim_waits_for(sim *s, int core, const sim_instr *in, int sender);
int *sim_waiting_at(sim *s, int load, int sender);
bool sim_in_rect(const tog *t, const sim_rect *r, int core);
/* Receivers that wait for a sender which does not send to them will wait for ever: tells of those for which `is_served` is false. */
void sim_report_strays(sim *s, const sim_thread *th, const sim_instr *in, bool (*is_served)(sim *, const sim_thread *, const sim_instr *, int core));
/* The data of `th` comes to the core's waiting reader at `tick`. */
void sim_group_arrive(sim *s, int core, int64_t tick, void *th);

/* Chains.  _sender: the core to wait for; -1 halted by a fault, the core itself: it reads.  _forward: hands the copy on along th->forward or a later dim;
 * true: there is no successor (left).  _try: the receiver may be ready now.  _send: it is. */
int sim_chain_sender(sim *s, sim_thread *th, const sim_instr *in, int sender);
bool sim_chain_forward(sim *s, sim_thread *th, const sim_instr *in);
void sim_chain_try(sim *s, sim_thread *th, const sim_instr *in);
void sim_chain_send(sim *s, sim_thread *th, const sim_instr *in);

/* Gathers: the oldest slot of a SEND's buffer is ready; a COLLECT has a free slot.  As transfers. */
bool sim_send_start(sim *s, sim_thread *th, const sim_instr *in);
bool sim_collect_start(sim *s, sim_thread *th, const sim_instr *in);
/* Events of SIM_SENDING, SIM_SENT of a SEND and SIM_COLLECTED. */
bool sim_gather_event(sim *s, sim_thread *th, const sim_instr *in);
/* Records a fault and stops the thread; false. */
bool sim_halt(sim_thread *th);

/* The recorder, called only when s->o->record is set.  _state: the thread's event is over, or another thread has changed its state; _left: it has gone on from
 * instruction `in`; _flow: `from` sends to core `to`; _service: a link or channel works for the running thread; _slot: has just become `state`. */
void sim_record_begin(sim *s);
void sim_record_state(sim *s, const sim_thread *th);
void sim_record_left(sim *s, const sim_thread *th, const sim_instr *in);
void sim_record_flow(sim *s, const sim_thread *from, int to, int64_t arrival_tick);
void sim_record_service(sim *s, sim_server_kind server, int index, int64_t begin_tick, int64_t ticks, int64_t bytes);
void sim_record_slot(sim *s, int core, int buffer, int slot, sim_slot_state state);
void sim_record_end(sim *s);

/* Records a fault at now; core -1 or buffer -1: none. */
void sim_fault_add(sim *s, sim_fault_kind k, int core, int buffer, const char *fmt, ...) LOOM_PRINTF(5, 6);
/* "'matmul' [mi=0, ki=3]": the node a thread is at, with its loop variables. */
const char *sim_place(sim *s, const sim_thread *th, const sim_instr *in);
/* "[3, 17]" of element number `i`. */
const char *sim_element_text(arena *m, const tog_tensor *x, int64_t i);
#endif
