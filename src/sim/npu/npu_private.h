/* npu, inside.
 *
 *   npu_expand.c    a work item: tiles, instructions, edges              npu_tag.c, npu_heap.c  its tags; its tiles that may start
 *   npu_dispatch.c  which core takes which tile when
 *   npu_lines.c     the lines of a transfer, in order                    npu_core.c      one cycle of a core
 *   npu_crossbar.c, npu_mesh.c  packets between cores and channels       npu_run.c       three clocks; what can be skipped
 *   npu_report.c    loom.sim.v1                                          npu_record.c    what happened when (npu_record.h) */
#ifndef LOOM_SIM_NPU_PRIVATE_H
#define LOOM_SIM_NPU_PRIVATE_H
#include "sim/npu/npu.h"

enum { NPU_ITEM_INSTRUCTIONS_MAX = 1 << 20, NPU_NONE = -1 };

typedef struct npu npu;

/* ---- work items ---- */

typedef struct npu_edge { int to, next; } npu_edge;

typedef struct npu_inst {
  int node, tile, tag;                  /* tag: of loads and waits, index into the item's; NPU_NONE */
  int waits_for;                        /* instructions before it that are not done */
  int first_edge, last_edge;            /* those after it */
  int next_ready;
  bool is_sparse;
  int64_t address;                      /* transfers: bytes */
  int64_t cycles;                       /* compute: 0 when a wait found its tile all zero */
  int64_t index_file;                   /* indirect transfers: its number; else NPU_NONE */
} npu_inst;

typedef struct npu_tile {
  int waits_for, first_edge, last_edge; /* tiles */
  int first_inst, n_insts, n_done;
  int ready_head, ready_tail;           /* instructions, by next_ready */
  int64_t spad_bytes;                   /* of its own loads, those of inner loops not counted: what orders tiles */
} npu_tile;

typedef enum npu_tag_state { NPU_TAG_ABSENT, NPU_TAG_THERE, NPU_TAG_SPARSE } npu_tag_state;
typedef struct npu_tag { npu_tag_state state; bool has_load; /* of the item: one is enough */ int first_waiter, last_waiter; /* instructions, by next_ready */ int key; } npu_tag;

typedef struct npu_item {
  int64_t number;
  VEC_OF(npu_inst) insts;
  VEC_OF(npu_tile) tiles;
  VEC_OF(npu_edge) edges;
  VEC_OF(npu_tag) tags;
  VEC_OF(int64_t) keys;                 /* of tags: tensor, number of accumulation values, those, the sum */
  int *slots; size_t n_slots;           /* hash table of tags; a power of two */
  VEC_OF(int) heap;                     /* tiles that may start, least memory on top */
  int n_blocked;                        /* tiles that may not yet */
  int n_held;                           /* tiles given to a core and not handed back, and transfers under way */
  bool is_drawn_from;                   /* a core has it in a slot */
} npu_item;

/* A nest of outer loops; its points are work items `first` to `first` + `points` - 1. */
typedef struct npu_nest { int n_loops, loops[TILE_GRAPH_DEPTH_MAX]; int64_t trips[TILE_GRAPH_DEPTH_MAX], first, points; const int *body; size_t n_body; } npu_nest;

typedef VEC_OF(npu_nest) npu_nests;
/* The nests of a graph, and how many points they have together.  Roots that are no outer loops are one work item; beside outer loops only where the graph is a program. */
LOOM_MUST_USE loom_status npu_find_nests(loom_ctx *ctx, const tile_graph *g, bool is_program, const int64_t *symbols, npu_nests *out, int64_t *out_items);
bool npu_nest_has(const npu_nest *n, int root);
/* Where the loop ends, while the loops around it have `values` (by node); false: that exceeds int64. */
bool npu_loop_end(const tile_node *loop, const int64_t *values, const int64_t *symbols, int64_t *out);
/* Values of the outer loops at work item `number`; what each of its items runs. */
const npu_nest *npu_nest_point(const tile_graph *g, const npu_nests *nests, int64_t number, int64_t *values);
/* Fills `it` with work item `number`. */
LOOM_MUST_USE loom_status npu_expand(npu *s, npu_item *it, int64_t number);
/* An instruction is done: those that wait only for it become ready, in the order they stand in. */
void npu_inst_done(npu_item *it, int inst);
void npu_inst_ready(npu_item *it, int inst);
/* Adds the terms to *sum; `values` of loops by node; false: it exceeds int64. */
bool npu_sum(const int64_t *values, const int64_t *symbols, const tile_terms *terms, int64_t *sum);
/* The item's tag of a load or wait, as loops stand now; made when it is new. */
int npu_tag_of(arena *mem, npu_item *it, const tile_node *n, const int64_t *values, const int64_t *symbols, bool *is_beyond);
void npu_tags_clear(npu_item *it);
/* Forgets the tags that are not to be kept; the others move up, in their order. */
void npu_tags_keep(npu_item *it, const bool *keep);
void npu_heap_push(arena *mem, npu_item *it, int tile);
int npu_heap_pop(npu_item *it);

/* ---- lines ---- */

/* Either a nest of runs, walked lazily, or a sorted list where runs would overlap. */
typedef struct npu_lines {
  int n_dims;
  int64_t extent[TILE_GRAPH_RANK_MAX], step[TILE_GRAPH_RANK_MAX], at[TILE_GRAPH_RANK_MAX];    /* bytes; outermost first, without the innermost */
  int64_t address, run_extent, run_step, run_at;
  int64_t line, run_last, last;         /* next line and last one of the run; the line sent last */
  int shift;
  bool is_list;
  int64_t *list; size_t n, room, list_at;
  bool has_next;
  int64_t next_line;
} npu_lines;
/* What a transfer touches: elements, strides in elements; index_file: of indirect ones its number in g->index_dir, else NPU_NONE. */
typedef struct npu_box { const tile_graph *g; const char *name; int rank; int64_t extent[TILE_GRAPH_RANK_MAX], step[TILE_GRAPH_RANK_MAX], elem_bytes, address, index_file;
  int64_t rows, row_step; int row_dim;  /* tile_node */ } npu_box;
LOOM_MUST_USE loom_status npu_lines_start(npu *s, npu_lines *l, const npu_box *b);
/* While has_next: the next line. */
int64_t npu_lines_take(npu_lines *l);

/* ---- crossbar ---- */

typedef struct npu_packet { int64_t due, line; uint32_t owner; int next; } npu_packet;
typedef struct npu_fifo { int head, tail; } npu_fifo;
/* One packet a clock leaves for each destination, from the sources that have one due in turn.  Sets of sources are words of 64. */
typedef struct npu_crossbar {
  int n_sources, n_destinations, words, wheel_mask;
  int64_t latency, n_packets;
  npu_fifo *fifos;                      /* destination * sources + source */
  uint64_t *due, *wheel;                /* destination * words; (clock & wheel_mask) * destinations * words + .. */
  int *turn, *n_waiting;                /* by destination */
  VEC_OF(npu_packet) packets; int free;
  arena *mem;
} npu_crossbar;
typedef void (*npu_deliver_fn)(npu *s, int destination, int64_t clk, const npu_packet *p);
void npu_crossbar_init(arena *mem, npu_crossbar *x, int sources, int destinations, int64_t latency);
void npu_crossbar_push(npu_crossbar *x, int source, int destination, int64_t clk, int64_t line, uint32_t owner);
/* Every clock in which there are packets must be run. */
void npu_crossbar_run(npu *s, npu_crossbar *x, int64_t clk, npu_deliver_fn deliver);

/* ---- mesh ---- */

typedef struct npu_mesh npu_mesh;
npu_mesh *npu_mesh_new(arena *mem, const machine *m);
/* `channel`: the channel at router `to` that gets it; NPU_NONE: its core does. */
void npu_mesh_push(npu_mesh *x, int from, int to, int channel, int64_t clk, int64_t line, uint32_t owner, int64_t bytes);
/* The next clock in which something happens; INT64_MAX: none. */
int64_t npu_mesh_next(const npu_mesh *x);
int64_t npu_mesh_byte_hops(const npu_mesh *x);
void npu_mesh_run(npu *s, npu_mesh *x, int64_t clk, npu_deliver_fn to_channel, npu_deliver_fn to_core);

/* ---- cores ---- */

typedef struct npu_ref { npu_item *item; int index; } npu_ref;      /* a tile or an instruction */
typedef struct npu_due { npu_ref inst; int64_t due; } npu_due;
/* First in, first out; grows. */
typedef struct npu_queue { npu_due *at; size_t head, n, room; } npu_queue;
void npu_queue_push(arena *mem, npu_queue *q, npu_due j);
npu_due npu_queue_pop(npu_queue *q);
static inline npu_due *npu_queue_front(const npu_queue *q) { return &q->at[q->head]; }
static inline npu_due *npu_queue_back(const npu_queue *q) { return &q->at[(q->head + q->n - 1) & (q->room - 1)]; }

typedef struct npu_request { int64_t line; uint32_t owner; int channel; } npu_request;
/* A transfer whose requests are under way; requests carry its number. */
typedef struct npu_transfer { npu_ref inst; int64_t number; /* of the instruction, where programs run (npu_flow.h) */ int node; int64_t item; int core, next_free; bool is_write, is_sent;
  int64_t outstanding, begin, requests; } npu_transfer;

typedef struct npu_core {
  int id;
  npu_item **slots;                     /* work items it draws from; NULL: none */
  bool *is_dry;                         /* by slot: there is no item for it and will be none */
  npu_ref *tiles; int n_tiles;
  npu_queue finished;                   /* tiles to hand back */
  npu_queue vector, *arrays; int turn;
  npu_queue loads, stores, arrived;     /* for the DMA engine; transfers all answered */
  uint32_t sending;                     /* transfer of the DMA engine; UINT32_MAX: none */
  int64_t n_under_way;                  /* transfers from their first request to their last answer */
  npu_lines lines;
  npu_request *requests; size_t request_head, n_requests, request_room;      /* sent by the engine, not yet in the crossbar */
  npu_core_report *report;
} npu_core;

/* ---- the whole ---- */

/* Where a request that the crossbar delivered is next: one a clock of every domain it passes.  Kept by channel. */
typedef struct npu_entry { int64_t icnt, core, dram; } npu_entry;
/* Answers of a channel on their way into the crossbar. */
typedef struct npu_answer { uint32_t owner; int port; } npu_answer;
typedef struct npu_answers { npu_answer *at; size_t head, n, room; } npu_answers;

struct npu_flow;
struct npu {
  loom_ctx *ctx;
  const tile_graph *g;
  const machine *m;
  const npu_options *o;
  struct npu_flow *flow;                /* programs and their jobs; NULL: a graph by TOGSim's rules */
  npu_report *report;
  int64_t spent, n_outstanding;         /* events so far; requests that are not answered */
  int n_slots, n_tiles, n_ports;        /* of a core */
  /* clocks: the next tick of each domain; a tick is at tick * period picoseconds */
  int64_t core_tick, dram_tick, icnt_tick, core_period, dram_period, icnt_period;
  /* work */
  npu_nests nests;
  int64_t n_items, next_item;
  VEC_OF(int64_t) pinned;               /* items passed over, because they belong to another core; ascending */
  VEC_OF(npu_item *) idle_items;
  bool is_done_drawing;                 /* the graph has no tile left to give */
  int64_t *loop_value;                  /* by node: of the loop, while expanding */
  int *inst_of;                         /* by node: in the segment being expanded */
  bool told_index;                      /* that an index file is missing */
  int64_t n_loads, n_indirect;          /* transfers expanded so far: sparse and indirect ones go by number */
  /* cores */
  npu_core *cores; int n_cores;
  VEC_OF(npu_transfer) transfers; int free_transfer;
  /* memory */
  dram_params dram;
  dram_channel **channels; int n_channels;
  npu_entry *entries;
  npu_answers *answers;                 /* by channel */
  int64_t *wake;                        /* by channel: dram_next */
  npu_crossbar to_memory, to_cores;
  npu_mesh *mesh;                       /* instead of them; NULL: they are */
};

/* `core` below 0, `node` NULL: of none. */
void npu_fault_add(npu *s, npu_fault_kind kind, int core, int64_t cycle, const tile_node *node, const char *fmt, ...) LOOM_PRINTF(6, 7);

/* Gives tiles to cores, in cycle `cycle`, before their cycle is run. */
LOOM_MUST_USE loom_status npu_dispatch(npu *s);
/* Takes back one finished tile of the core. */
void npu_take_back(npu *s, npu_core *c);
/* A tile or transfer of the item is at its end. */
void npu_item_let_go(npu *s, npu_item *it);
/* Whether dispatch may do something for the core in the next cycle. */
bool npu_dispatch_pending(const npu *s, const npu_core *c);
/* Whether the work the core draws from is at an end. */
bool npu_drawn_empty(const npu *s, const npu_core *c);

LOOM_MUST_USE loom_status npu_core_run(npu *s, npu_core *c, int64_t cycle);
/* First cycle from `cycle` on in which the core does anything; INT64_MAX: not before an answer comes. */
int64_t npu_core_next(const npu *s, const npu_core *c, int64_t cycle);
bool npu_core_running(const npu *s, const npu_core *c);
/* Takes a transfer's number for its requests; its lines come from c->lines. */
npu_transfer *npu_transfer_new(npu *s, npu_core *c, int64_t cycle);
/* Up to one request a port; the engine is sending a transfer that has lines left. */
void npu_send_requests(npu *s, npu_core *c);
/* The last answer of a transfer is there; the core sees it from `visible` on. */
void npu_core_answered(npu *s, uint32_t transfer, int64_t visible);
/* The recorder; called only where s->o->record is set. */
void npu_record_slice(npu *s, int core, int track, int node, int64_t item, int64_t begin, int64_t end);
void npu_record_flight(npu *s, const npu_transfer *t, int64_t end);
/* Instructions that wait for tags when nothing moves any more, as faults. */
void npu_core_stuck(npu *s, npu_core *c, int64_t cycle);
#endif
