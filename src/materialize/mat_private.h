/* Shared by the files of materialize/ only. */
#ifndef LOOM_MAT_PRIVATE_H
#define LOOM_MAT_PRIVATE_H
#include "base/vec.h"
#include "materialize/materialize.h"
#include "nest/nest_buffer.h"
#include "pass/pass.h"

/* A symbol of the nest in the program being written: a block size (constant), or a loop's iterator with its largest value. */
typedef struct mat_name { const char *name; MlirValue value; /* null: constant */ int64_t max; } mat_name;

/* The part of a block that lies inside its loop's extent: min(block, extent - iterator * block), not below 0.  Whole: all blocks of the loop at once. */
typedef struct mat_block { int64_t size; bool is_ragged; /* mat_now_name then says the size it has */ MlirValue turn; /* which one a panel's slot is at; null: 0 */ } mat_block;

/* Where a nest value lives while it is alive.  A slot that holds several tiles (a panel) has the turns of a loop behind each other in the tile dim
 * that steps with the loop, or else in a dim of its own in front; `front` lists those from the outside in. */
typedef struct mat_slot { MlirValue slot; /* of its semaphore_take; null: not alive */ const plan_buffer *buffer;
  int front[NEST_LOOPS_MAX], n_front, along[NEST_RANK_MAX]; /* by tile dim: loop, -1: none */ } mat_slot;

/* An accumulator, or a value of another type than its tensor, leaves through a buffer of its own:
 * the next tile may start while this one is written. */
typedef struct mat_handoff_buffer { const nest_node *store; const plan_buffer *buffer; } mat_handoff_buffer;

/* A load lifted over temporal loops: it stands in front of number `position` of the plan's order. */
typedef struct mat_early { const nest_node *load; int position; } mat_early;

/* What a broadcast spans is told by the plan; the coordinates of a core are built from its logical levels. */
typedef struct mat_level { const plan_logical *logical; MlirValue iv; /* null: size 1 */ } mat_level;

typedef struct mat {
  ir_ctx *ir;
  loom_ctx *ctx;
  arena *mem;
  const nest *nest;
  const pass_node_op *ops;
  size_t n_ops;
  const machine *machine;
  const plan *plan;
  loom_span at;                            /* of the op being written, for diagnostics */
  MlirBlock args;                          /* entry block of the function */
  ir_builder b;                            /* where the next op goes */
  MlirBlock mesh;                          /* body of the mesh loop; the allocs are its first ops */
  MlirOperation last_alloc;
  MlirValue *alloc;                        /* by plan buffer; null: not yet allocated */
  VEC_OF(mat_name) names;
  mat_block block[NEST_LOOPS_MAX];         /* by loop */
  mat_level level[PLAN_LOGICAL_MAX];
  mat_slot *slot;                          /* by nest value */
  VEC_OF(mat_handoff_buffer) handoffs;
  VEC_OF(mat_early) early;
  const nest_node **access;                /* loads and stores in program order, as in plan->candidate.access */
  size_t n_accesses;
  nest_body body;                          /* of the parallel loops, loads lifted */
} mat;

/* ---- mat_index.c ---- */
void mat_bind(mat *m, const char *name, MlirValue value, int64_t max);
bool mat_is_bound(const mat *m, const char *name);
/* The value of an expression at the builder: constants folded, block sizes replaced. */
LOOM_MUST_USE loom_status mat_index(mat *m, const sym_expr *e, MlirValue *out);
/* Binds it to `value` under a second name too: a block's current size. */
const char *mat_now_name(mat *m, const char *block);
/* `e` with block sizes replaced. */
const sym_expr *mat_fold(mat *m, const sym_expr *e);
/* Largest value over all iterations; false when not known. */
bool mat_max(mat *m, const sym_expr *e, int64_t *out);
/* arith op on index values. */
MlirValue mat_binary(mat *m, const char *op, MlirValue l, MlirValue r);

/* ---- mat_block.c ---- */
/* Fills m->block[loop] when its iterator is bound (at most `max_iterator`). */
LOOM_MUST_USE loom_status mat_open_block(mat *m, int loop, const sym_expr *iterator, int64_t max_iterator);
/* The same for all blocks of the loop at once, from its first one on. */
LOOM_MUST_USE loom_status mat_open_whole(mat *m, int loop);
/* Where the loop ends: its extent, or its clamp where that is less. */
const sym_expr *mat_loop_end(mat *m, int loop);
/* Blocks of the loop at most, whatever the iterators around it are. */
LOOM_MUST_USE loom_status mat_most_trips(mat *m, int loop, int64_t *out);
/* Size of a tile dim: a constant (*value null) or the current part of a ragged block. */
LOOM_MUST_USE loom_status mat_size(mat *m, const sym_expr *e, int64_t *out_constant, MlirValue *out_value);
/* The slot of nest value `v`, cut to its current sizes: the slot itself when nothing is ragged. */
LOOM_MUST_USE loom_status mat_view(mat *m, int v, MlirValue *out);
LOOM_MUST_USE loom_status mat_view_of(mat *m, int v, MlirValue slot, MlirValue *out);
/* memref.subview: of dim d, offset_value (null: 0) and size_value (null: `size`); `drop` dims are left out.  `source` has `stride`; the result has a dynamic
 * offset unless all offsets are 0. */
typedef struct mat_part { int rank; dtype type; int64_t shape[DIALECT_RANK_MAX], stride[DIALECT_RANK_MAX], size[DIALECT_RANK_MAX];
  MlirValue offset_value[DIALECT_RANK_MAX], size_value[DIALECT_RANK_MAX]; bool drop[DIALECT_RANK_MAX]; } mat_part;
MlirValue mat_subview(mat *m, MlirValue source, const mat_part *p);
/* "memref<?x64xf16, strided<[64, 1], offset: ?>>" */
MlirType mat_strided_type(mat *m, dtype type, int rank, const int64_t *sizes, const int64_t *strides, bool has_offset);

/* ---- mat_buffer.c ---- */
/* The buffer a stored value leaves through, when it is not its own. */
const plan_buffer *mat_handoff(const mat *m, const nest_node *store);
LOOM_MUST_USE loom_status mat_take(mat *m, const plan_buffer *buffer, MlirValue *out_slot);
LOOM_MUST_USE loom_status mat_take_value(mat *m, int v);      /* nothing when the value is alive */
void mat_give_value(mat *m, int v);
/* Finds the plan's buffer of every value and hand-off, and checks its shape. */
LOOM_MUST_USE loom_status mat_assign_buffers(mat *m);

/* ---- mat_access.c ---- */
const plan_access *mat_plan_access(const mat *m, const nest_node *node);
/* The corners of what a copy spans: coordinates of the core with the levels of mask `spanned` at 0, or at their end. */
MlirValue mat_coordinate(mat *m, int mesh_dim, unsigned spanned, bool at_end);
LOOM_MUST_USE loom_status mat_load(mat *m, const nest_node *node);
/* `is_last`: nothing reads the value after this store. */
LOOM_MUST_USE loom_status mat_store(mat *m, const nest_node *node, bool is_last);
/* loom.copy inside of the core. */
LOOM_MUST_USE loom_status mat_copy_local(mat *m, MlirValue from, MlirValue to);
LOOM_MUST_USE loom_status mat_gather(mat *m, const nest_node *node);

/* ---- mat_dram.c ---- */
/* The box of the argument that a tile covers. */
LOOM_MUST_USE loom_status mat_dram_view(mat *m, const nest_node *node, MlirValue *out);

/* ---- mat_panel.c ---- */
/* Loops whose tiles the slot of a load holds all at once: a mask. */
uint32_t mat_panel_loops(const mat *m, const nest_node *load);
/* Shape of the slot from that of a tile, and where the tiles lie in it. */
LOOM_MUST_USE loom_status mat_panel_shape(mat *m, const nest_node *load, mat_slot *slot, int64_t *shape, int *rank);
/* Fills the slot, panel and all. */
LOOM_MUST_USE loom_status mat_fill_slot(mat *m, const nest_node *load);
/* One tile of a load into the slot taken for it. */
LOOM_MUST_USE loom_status mat_load_tile(mat *m, const nest_node *load);

/* ---- mat_compute.c ---- */
LOOM_MUST_USE loom_status mat_compute(mat *m, const nest_node *node);
/* Copies a tile into another buffer, which rounds or widens it: linalg.generic. */
LOOM_MUST_USE loom_status mat_convert(mat *m, MlirValue from, MlirValue to);

/* ---- mat_body.c ---- */
LOOM_MUST_USE loom_status mat_body(mat *m, const nest_body *body);
/* The body with hoisted loads where the plan wants them. */
LOOM_MUST_USE loom_status mat_hoist(mat *m, const nest_body *body, nest_body *out);

/* ---- mat_grid.c ---- */
/* Blocks of parallel iterator i, cores that share them, and rounds each core makes. */
typedef struct mat_share { int64_t blocks, cores, rounds; } mat_share;
LOOM_MUST_USE loom_status mat_share_of(mat *m, int i, mat_share *out);
/* Binds the iterator of a parallel loop in a round (null: the only one) and opens its block. */
LOOM_MUST_USE loom_status mat_bind_iterator(mat *m, int i, MlirValue round);
/* Are there cores, in some round, behind the last block of parallel loop i? */
bool mat_has_surplus(mat *m, int i);
/* The number of the block of parallel loop i that a core is at, also where it is none (the iterator may stop at the last one). */
const sym_expr *mat_number_of(mat *m, int i);
/* An scf.if on zero_where == 0 (before the builder); the builder moves inside, *outside is where it was. */
LOOM_MUST_USE loom_status mat_open_if(mat *m, MlirValue zero_where, ir_builder *outside);
/* The mesh loop, the temporal loops and the body inside. */
LOOM_MUST_USE loom_status mat_grid(mat *m);
/* An scf.for from 0 to `trip` for loop `loop`; the builder moves inside, *outside is where it was. */
LOOM_MUST_USE loom_status mat_open_for(mat *m, int loop, const char *kind, MlirValue trip, MlirValue *out_iv, ir_builder *outside);

MlirOperation mat_op_of(const mat *m, const nest_node *node);
#define MAT_NULL(v) mlirValueIsNull(v)
#endif
