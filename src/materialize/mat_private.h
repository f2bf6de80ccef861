/* Shared by the files of materialize/ only. */
#ifndef LOOM_MAT_PRIVATE_H
#define LOOM_MAT_PRIVATE_H
#include "base/vec.h"
#include "materialize/materialize.h"
#include "nest/nest_buffer.h"
#include "pass/pass.h"

/* A symbol of the nest in the program being written: a block size (constant), or a loop's iterator with its largest value. */
typedef struct mat_name { const char *name; MlirValue value; /* null: constant */ int64_t max; } mat_name;

/* The part of a block that lies inside its loop's extent: min(block, extent - iterator * block), not below 0. */
typedef struct mat_block { int64_t size; bool is_ragged; MlirValue current; /* when ragged */ } mat_block;

/* Where a nest value lives while it is alive. */
typedef struct mat_slot { MlirValue slot; /* of its semaphore_take; null: not alive */ const plan_buffer *buffer; } mat_slot;

/* An accumulator, or a value of another type than its tensor, leaves through a buffer of its own:
 * the next tile may start while this one is written. */
typedef struct mat_handoff_buffer { const nest_node *store; const plan_buffer *buffer; } mat_handoff_buffer;

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
  const nest_node **access;                /* loads and stores in program order, as in plan->candidate.access */
  size_t n_accesses;
} mat;

/* ---- mat_index.c ---- */
void mat_bind(mat *m, const char *name, MlirValue value, int64_t max);
/* The value of an expression at the builder: constants folded, block sizes replaced. */
LOOM_MUST_USE loom_status mat_index(mat *m, const sym_expr *e, MlirValue *out);
/* `e` with block sizes replaced. */
const sym_expr *mat_fold(mat *m, const sym_expr *e);
/* Largest value over all iterations; false when not known. */
bool mat_max(mat *m, const sym_expr *e, int64_t *out);
/* arith op on index values. */
MlirValue mat_binary(mat *m, const char *op, MlirValue l, MlirValue r);

/* ---- mat_block.c ---- */
/* Fills m->block[loop] when its iterator is bound (at most `max_iterator`). */
LOOM_MUST_USE loom_status mat_open_block(mat *m, int loop, const sym_expr *iterator, int64_t max_iterator);
/* Size of a tile dim: a constant (*value null) or the current part of a ragged block. */
LOOM_MUST_USE loom_status mat_size(mat *m, const sym_expr *e, int64_t *out_constant, MlirValue *out_value);
/* The slot of nest value `v`, cut to its current sizes: the slot itself when nothing is ragged. */
LOOM_MUST_USE loom_status mat_view(mat *m, int v, MlirValue *out);
LOOM_MUST_USE loom_status mat_view_of(mat *m, int v, MlirValue slot, MlirValue *out);

/* ---- mat_buffer.c ---- */
/* The buffer a stored value leaves through, when it is not its own. */
const plan_buffer *mat_handoff(const mat *m, const nest_node *store);
LOOM_MUST_USE loom_status mat_take(mat *m, const plan_buffer *buffer, MlirValue *out_slot);
LOOM_MUST_USE loom_status mat_take_value(mat *m, int v);      /* nothing when the value is alive */
void mat_give_value(mat *m, int v);
/* Finds the plan's buffer of every value and hand-off, and checks its shape. */
LOOM_MUST_USE loom_status mat_assign_buffers(mat *m);

/* ---- mat_access.c ---- */
LOOM_MUST_USE loom_status mat_load(mat *m, const nest_node *node);
/* `is_last`: nothing reads the value after this store. */
LOOM_MUST_USE loom_status mat_store(mat *m, const nest_node *node, bool is_last);

/* ---- mat_compute.c ---- */
LOOM_MUST_USE loom_status mat_compute(mat *m, const nest_node *node);
/* Rounds or widens a tile into another buffer: linalg.generic. */
LOOM_MUST_USE loom_status mat_convert(mat *m, MlirValue from, MlirValue to);

/* ---- mat_body.c ---- */
LOOM_MUST_USE loom_status mat_body(mat *m, const nest_body *body);
/* The body with hoisted loads where the plan wants them. */
LOOM_MUST_USE loom_status mat_hoist(mat *m, const nest_body *body, nest_body *out);

/* ---- mat_grid.c ---- */
/* The mesh loop and the temporal loops; leaves the builder in the innermost one. */
LOOM_MUST_USE loom_status mat_open_grid(mat *m);

MlirOperation mat_op_of(const mat *m, const nest_node *node);
#define MAT_NULL(v) mlirValueIsNull(v)
#endif
