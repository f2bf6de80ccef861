/* npu, inside: programs, that is graphs that say what their nodes do to the scratchpad (npu.h tells the rules).
 *
 *   npu_jobs.c   jobs, partitions, work items to cores           npu_walk.c   the loops of a work item, a node at a time
 *   npu_order.c  a node as an instruction: what it waits for     npu_version.c  versions of buffers, room for them in program order
 *   npu_window.c instructions, edges, joins: the bookkeeping     npu_issue.c  one cycle of a core
 *   npu_value.c  values, by machine code                         npu_audit.c  what must add up at the end */
#ifndef LOOM_SIM_NPU_FLOW_H
#define LOOM_SIM_NPU_FLOW_H
#include "sim/rvv/rvv.h"
#include "sim/npu/npu_private.h"

enum { FLOW_ITEMS_MAX = 8, FLOW_NEVER = -1 };

/* `to` waits for one thing less when the list it is in fires. */
typedef struct flow_edge { int64_t to; int next; } flow_edge;
/* Several instructions, all of which have to be over. */
typedef struct flow_join { int n_pending, first_edge, next_free; bool is_dropped; /* nobody joins any more: free when it fires */ } flow_join;

/* A load into a version.  early: a node that was run before the data came and without a wait before it. */
typedef struct flow_load { int64_t number, address; int node; bool is_async, is_there, is_waited; int early_node; int64_t early_cycle; } flow_load;

/* What a buffer holds between one writing of all of it and the next. */
typedef struct flow_version {
  int buffer, next_free;
  int refs;                             /* instructions that are not done with it; and one while it is the newest of its buffer */
  int64_t stamp;                        /* the how-manieth of this core */
  bool is_reserved, was_read;           /* was_read: in program order, so that loads begin another one */
  int first_edge;                       /* instructions that wait for its room */
  int64_t writer, wait, update;         /* instruction numbers, FLOW_NEVER: the last that writes all or changes in place; the last wait for its loads; the last matrix node */
  int updates, readers;                 /* joins: matrix nodes since `writer`, readers since the last change; NPU_NONE */
  int n_coming;                         /* loads that are not there */
  VEC_OF(flow_load) loads;
  uint32_t *words;                      /* its values; NULL: timing only, or no room yet */
} flow_version;

/* Weights in an array, from the preload that brings them to the last matrix node behind it. */
typedef struct flow_weights { int array, n_left, next_free; bool is_closed, is_issued; int64_t release; rvv_array *values; } flow_weights;

typedef enum flow_state { FLOW_WAITING, FLOW_READY, FLOW_RUNNING, FLOW_DONE } flow_state;
typedef struct flow_use { int version, join; tile_access access; } flow_use;
typedef struct flow_inst {
  int node, item;                       /* item: of the core's open ones */
  int waits_for, first_issue_edge, first_done_edge;
  flow_state state;
  bool is_released;                     /* its uses are given back */
  int weights, load;                    /* of matrix nodes; of loads, index into the version's */
  int64_t address, low[TILE_GRAPH_RANK_MAX], extent[TILE_GRAPH_RANK_MAX], index_file;
} flow_inst;

typedef struct flow_item { int64_t number, n_left; bool is_walked; /* all its instructions are in the window or over */ bool is_taken; } flow_item;
typedef struct flow_frame { const int *body; size_t n, at; int loop; int64_t end; } flow_frame;
/* What is under way in a tensor that is stored to; bytes low .. high. */
typedef struct flow_touch { int64_t number, low, high; int tensor; bool is_write; } flow_touch;
/* The load or store that sets a tag. */
typedef struct flow_setter { int64_t number, stamp; int version, load; } flow_setter;

typedef struct flow_done { int64_t number, due; } flow_done;
typedef struct flow_queue { flow_done *at; size_t head, n, room; } flow_queue;
typedef struct flow_heap { int64_t *at; size_t n, room; } flow_heap;       /* instruction numbers, the oldest on top */

/* A matrix array or the vector unit.  busy + bubble + idle = all its cycles. */
typedef struct flow_unit { flow_queue queue; int slots_used; flow_queue releases; int64_t end, bubble, idle; } flow_unit;

typedef struct flow_values flow_values;
typedef struct flow_job {
  const npu_job *in;
  const tile_graph *g;
  npu_nests nests;
  VEC_OF(int64_t) barriers;             /* work items that begin when all before them are over; ascending */
  int64_t n_items, next_item, n_over, shift;      /* shift: of its tensors' addresses */
  bool *is_stored;                      /* by tensor: its transfers have to keep their order */
  bool is_launched;
  flow_values *values;                  /* NULL: timing only */
  npu_job_report *report;
  struct flow_job *next;                /* of its partition */
} flow_job;

typedef struct flow_core {
  npu_core *port;                       /* requests, transfers, counters */
  int partition;
  flow_job *job;
  /* window: instructions head .. tail - 1, number & (room - 1) */
  flow_inst *ring; flow_use *uses; int64_t *args; int64_t head, tail; size_t room; int max_uses;
  VEC_OF(flow_edge) edges; int free_edge;
  VEC_OF(flow_join) joins; int free_join;
  VEC_OF(flow_weights) weights; int free_weights;
  flow_heap ready, parked, transfers;   /* parked: preloads without an array; transfers: for the DMA engine */
  flow_queue arrived;
  /* walk */
  bool is_walking;
  int item, depth;
  flow_frame frames[TILE_GRAPH_DEPTH_MAX + 2];
  int64_t *loop_values;
  npu_item tags; VEC_OF(flow_setter) setters;     /* of this work item, by tag */
  VEC_OF(flow_touch) touches;
  int *newest;                          /* by buffer: version, NPU_NONE */
  int64_t *stored;                      /* by tensor: the last store, FLOW_NEVER */
  int open_weights; int64_t preload;    /* the last, and its instruction */
  flow_item items[FLOW_ITEMS_MAX]; int n_items;
  /* scratchpad */
  VEC_OF(flow_version) versions; int free_version; int64_t n_versions;
  int *to_reserve; size_t reserve_head, n_to_reserve, reserve_room;
  int64_t lane_bytes;                   /* taken */
  flow_unit vector, *arrays;
} flow_core;

typedef struct npu_flow {
  flow_job *jobs; int n_jobs, n_partitions;
  flow_job **turns;                     /* by partition: the first that is not over */
  flow_core *cores;
  int64_t lane_bytes;                   /* of a bank */
  bool has_values;                      /* of any job */
  int64_t n_waits, n_matched, n_versions_over;
} npu_flow;

/* ---- window ---- */
static inline flow_inst *flow_inst_of(const flow_core *c, int64_t number) { return &c->ring[(size_t)number & (c->room - 1)]; }
static inline flow_use *flow_uses_of(const flow_core *c, int64_t number) { return &c->uses[((size_t)number & (c->room - 1)) * (size_t)c->max_uses]; }
static inline const tile_node *flow_node_of(const flow_core *c, int64_t number) { return &c->job->g->nodes.at[flow_inst_of(c, number)->node]; }
bool flow_is_pending(const flow_core *c, int64_t number);
/* A new instruction, which is held until flow_arm. */
int64_t flow_inst_new(npu *s, flow_core *c, int node);
void flow_arm(npu *s, flow_core *c, int64_t number);
void flow_wait_for(npu *s, flow_core *c, int64_t before, int64_t number);
void flow_wait_list(npu *s, flow_core *c, int *list, int64_t number);
void flow_fire(npu *s, flow_core *c, int *list);
int flow_join_add(npu *s, flow_core *c, int *join);              /* one more member; makes the join where there is none */
void flow_join_over(npu *s, flow_core *c, int join);
void flow_join_wait(npu *s, flow_core *c, int join, int64_t number);
void flow_join_drop(flow_core *c, int *join);
/* It is done with what it uses in the scratchpad. */
void flow_give_back(npu *s, flow_core *c, int64_t number, int64_t cycle);
/* It is done: who waits for it goes on. */
void flow_over(npu *s, flow_core *c, int64_t number, int64_t cycle);
void flow_heap_push(arena *mem, flow_heap *h, int64_t number);
int64_t flow_heap_pop(flow_heap *h);
void flow_queue_push(arena *mem, flow_queue *q, flow_done d);
flow_done flow_queue_pop(flow_queue *q);
static inline flow_done *flow_queue_front(const flow_queue *q) { return &q->at[q->head]; }

/* ---- versions ---- */
/* The newest of the buffer is nobody's any more. */
void flow_version_close(npu *s, flow_core *c, int buffer);
int flow_version_new(npu *s, flow_core *c, int buffer);
/* Instruction `number` needs the version's room. */
void flow_version_need(npu *s, flow_core *c, int version, int64_t number);
void flow_version_let_go(npu *s, flow_core *c, int version, int64_t cycle);
/* Gives room to versions in the order they were made, as far as there is some. */
void flow_reserve(npu *s, flow_core *c);
/* Buffers that are in the scratchpad while one does not fit, for a fault. */
void flow_tell_full(npu *s, flow_core *c, int64_t cycle);

/* ---- from loops to instructions ---- */
LOOM_MUST_USE loom_status flow_walk_open(npu *s, flow_core *c, flow_job *job, int64_t item);
/* Fills the window. */
LOOM_MUST_USE loom_status flow_walk(npu *s, flow_core *c);
LOOM_MUST_USE loom_status flow_expand(npu *s, flow_core *c, int node);
/* The work item has no more instructions. */
void flow_end_item(npu *s, flow_core *c);
void flow_close_weights(npu *s, flow_core *c);

/* ---- cores ---- */
LOOM_MUST_USE loom_status flow_set_up(npu *s, const npu_job *jobs, int n_jobs);
LOOM_MUST_USE loom_status flow_dispatch(npu *s);
LOOM_MUST_USE loom_status flow_core_run(npu *s, flow_core *c, int64_t cycle);
int64_t flow_core_next(const npu *s, const flow_core *c, int64_t cycle);
bool flow_is_running(const npu *s);
void flow_answered(npu *s, uint32_t transfer, int64_t visible);
void flow_item_over(npu *s, flow_core *c, int item, int64_t cycle);
/* When a job that nobody runs yet begins; INT64_MAX: none. */
int64_t flow_next_launch(const npu *s);
void flow_weights_let_go(npu *s, flow_core *c, int weights, int64_t now);
void flow_stuck(npu *s, int64_t cycle);
/* Faults where sums do not agree; fills in idle times. */
void flow_audit(npu *s);

/* ---- values ---- */
LOOM_MUST_USE loom_status flow_values_open(npu *s, flow_job *job);
/* Runs the function of an instruction on the versions it uses. */
void flow_values_run(npu *s, flow_core *c, int64_t number, int64_t cycle);
/* Storage of a version, all NaN. */
uint32_t *flow_values_take(npu *s, flow_core *c, int buffer);
void flow_values_give(npu *s, flow_core *c, int buffer, uint32_t *words);
rvv_array *flow_values_array(npu *s, flow_core *c, rvv_array *old);
#endif
