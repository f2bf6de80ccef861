/* Shared by the files of tile operation graphs only. */
#ifndef LOOM_TARGET_NPU_NPT_TOG_PRIVATE_H
#define LOOM_TARGET_NPU_NPT_TOG_PRIVATE_H
#include "target/npu/npt_tog.h"

/* ---- npt_tog.c, npt_tog_product.c: cutting ---- */
/* Where a product is: Idle, weights being pushed, inputs being pushed, results being popped, results being written. */
typedef enum npt_fsm { NPT_FSM_IDLE, NPT_FSM_PRELOAD, NPT_FSM_PUSH, NPT_FSM_POP, NPT_FSM_EPILOGUE } npt_fsm;

typedef struct npt_walker {
  npt_tog *t;
  ir_ctx *ir;
  int n_loops, depth;
  npt_fsm state;
  int preload, product;                 /* nodes under way */
  int64_t pushed, popped, written;      /* of a product: registers of inputs, of results, transfer_writes since the first pop */
} npt_walker;

/* A new node, the last of its parent's children; parent -1: a root. */
int npt_tog_add(npt_walker *w, npt_node_kind kind, int parent);
/* `op` becomes part of a computation of `parent`. */
LOOM_MUST_USE loom_status npt_tog_compute(npt_walker *w, int parent, MlirOperation op);
void npt_tog_end_product(npt_walker *w);

/* ---- npt_tog_affine.c: index expressions ---- */
/* PyTorchSim's lists.  `name` of an induction variable: NULL when it is none of a loop with a role. */
const char *npt_tog_variable(const npt_tog *t, MlirValue iv);
/* The node of the loop whose induction variable `iv` is; -1. */
int npt_tog_loop_of(const npt_tog *t, MlirValue iv);
/* Loops and constants of a DRAM index: names sorted, coefficient 1 of a plain dim, -1 of what is not found.  NULL or what is wrong. */
const char *npt_tog_index_lists(npt_tog *t, MlirValue index, npt_texts *names, npt_numbers *factors, bool *is_indirect);
/* Names, coefficients and dividers of a tag's slot.  `nested`: one level of affine.apply below is looked through (transfers; not waits). */
const char *npt_tog_tag_lists(npt_tog *t, MlirValue slot, bool nested, npt_texts *names, npt_numbers *factors, npt_numbers *dividers);

/* Exactly: adds `scale` times `v` to the sum.  NULL or what cannot be said as a sum. */
const char *npt_sum_add(npt_tog *t, MlirValue v, int64_t scale, tile_terms *out);
/* Adds a result of the upper bound of a loop that starts at a constant. */
const char *npt_sum_add_end(npt_tog *t, MlirOperation loop, intptr_t result, tile_terms *out);
/* Adds result `result` of an affine op's map. */
const char *npt_sum_add_expr(npt_tog *t, MlirOperation op, intptr_t result, tile_terms *out);
/* The number of the symbol that `v` is; -1. */
int npt_tog_symbol(const npt_tog *t, MlirValue v);

/* ---- npt_tog_graph.c, npt_tog_tags.c: making the graph ---- */
/* The transfers and waits of one tag memref, or one load that nobody waits for. */
typedef struct npt_tag_group { MlirValue tag; int tensor, n_loads, n_waits, loops[TILE_GRAPH_DEPTH_MAX], n_loops; bool is_apart; VEC_OF(int) buffers; } npt_tag_group;

typedef struct npt_maker {
  npt_tog *t;
  ir_ctx *ir;
  tile_graph *g;
  npt_tog_options o;
  VEC_OF(npt_tag_group) groups;
  int *group_of, *place;                /* by node: its group, its number in the graph */
} npt_maker;

/* The graph's tensor for an argument; added when it is new. */
int npt_tog_tensor(npt_maker *x, int argument);
/* Do both mean the same tag memref? */
bool npt_same_tag(MlirValue a, MlirValue b);
/* Fills groups and group_of. */
LOOM_MUST_USE loom_status npt_tog_find_tags(npt_maker *x);
/* The tag of node `node` with these slots. */
LOOM_MUST_USE loom_status npt_tog_set_tag(npt_maker *x, int node, MlirOperation op, const MlirValue *slot, int n_slot, tile_node *out);

/* ---- npt_tog_uses.c: the scratchpad ---- */
/* Fills g->buffers; `lanes` of the machine. */
LOOM_MUST_USE loom_status npt_tog_buffers(npt_tog *t, int64_t lanes, tile_graph *g);
/* What compute node `node` does to them. */
void npt_tog_uses(npt_tog *t, const npt_node *node, const tile_graph *g, tile_node *out);
int npt_tog_buffer(const tile_graph *g, const char *global);      /* -1: none */

/* X(op, operand that is the memory, reads, writes) */
#define NPT_ACCESS_LIST(X) \
  X("vector.load", 0, true, false) X("vector.store", 1, false, true) X("vector.transfer_read", 0, true, false) X("vector.transfer_write", 1, false, true) \
  X("affine.vector_load", 0, true, false) X("affine.vector_store", 1, false, true) X("affine.load", 0, true, false) X("affine.store", 1, false, true) \
  X("memref.load", 0, true, false) X("memref.store", 1, false, true) X("vector.maskedload", 0, true, false) X("vector.maskedstore", 0, false, true) \
  X("vector.gather", 0, true, false) X("vector.scatter", 0, false, true) X("vector.expandload", 0, true, false) X("vector.compressstore", 0, false, true)
typedef struct npt_access { const char *op; intptr_t memory; bool reads, writes; } npt_access;
const npt_access *npt_access_of(MlirOperation op);      /* NULL: no access of this kind */
#endif
