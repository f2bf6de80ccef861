/* Inside model only. */
#ifndef LOOM_MODEL_PRIVATE_H
#define LOOM_MODEL_PRIVATE_H
#include "model/model.h"
#include "nest/nest_buffer.h"

typedef struct modeler {
  loom_ctx *ctx;
  const nest *n;
  const machine *machine;
  const plan_candidate *c;
  model_kind kind;
  bool accumulate_f32;
  const sym_expr *db;                     /* the symbol is_double_buffer */
} modeler;

/* Iterations of loop `l` on one core: ceil(extent / block), of a parallel loop ceil'd once more over its cores. */
const sym_expr *model_loop_trips(const modeler *b, int l);
/* `e` with every loop iterator at its last value: sizes and extents that move with a loop are priced at their largest end. */
const sym_expr *model_bound_iterators(const modeler *b, const sym_expr *e);

/* Cycles of one load, store or compute node.  Access `index` in program order for LOAD and STORE. */
LOOM_MUST_USE loom_status model_node_cycles(const modeler *b, const nest_node *x, int index, const sym_expr **out);
/* ceil(bytes / rate); 0 without a rate. */
const sym_expr *model_rate_cycles(arena *m, const sym_expr *bytes, const machine_number *rate);
/* L1 bytes with depth. */
const sym_expr *model_l1_bytes(const modeler *b);
/* DRAM bytes of the whole machine. */
const sym_expr *model_dram_bytes(const modeler *b);

/* The type a buffer really has: accumulators of narrow floats are f32 when `accumulate_f32`. */
dtype model_buffer_type(const nest_buffer *b, bool accumulate_f32);
#endif
