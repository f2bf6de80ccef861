/* tog_onnx: tile operation graphs of TOGSim (PyTorchSim), which come in an ONNX container with a JSON file of addresses beside.
 * Takes: the bytes of both.  Leaves: a checked `tile_graph`, loops still loops.
 * A sibling of loom.tog.v1, not a form of it: work is handed to cores tile by tile at run time and ordered by dependences and tags, not by buffers. */
#ifndef LOOM_TOG_ONNX_TILE_GRAPH_H
#define LOOM_TOG_ONNX_TILE_GRAPH_H
#include "base/data.h"
#include "base/vec.h"

enum {
  TILE_GRAPH_BYTES_MAX = 32 << 20,      /* of the file */
  TILE_GRAPH_NODES_MAX = 100000,
  TILE_GRAPH_DEPTH_MAX = 16,            /* loops around a node */
  TILE_GRAPH_LIST_MAX = 32,             /* entries of a list attribute */
  TILE_GRAPH_RANK_MAX = 4,
};
#define TILE_GRAPH_VALUE_MAX (INT64_C(1) << 40)

/* X(name, op_type): every kind of node that can be run.  stonne_* nodes (sparse cores) are refused by name. */
#define TILE_KIND_LIST(X) X(LOOP, "loop_index_node") X(END, "loop_end_node") X(LOAD, "load_node") X(STORE, "store_node") X(WAIT, "memory_wait_node") X(COMPUTE, "compute_node")
typedef enum tile_kind {
#define X(n, op) TILE_##n,
  TILE_KIND_LIST(X)
#undef X
  TILE_KINDS
} tile_kind;

/* X(name, torchsim_loop_type) */
#define TILE_LOOP_LIST(X) X(NORMAL, "normal_loop") X(OUTER, "outer_loop") X(ACCUMULATION, "accumulation_loop") X(INNER, "inner_loop")
typedef enum tile_loop_type {
#define X(n, s) TILE_LOOP_##n,
  TILE_LOOP_LIST(X)
#undef X
} tile_loop_type;

/* X(name, text): torchsim_compute_type, in its order */
#define TILE_UNIT_LIST(X) X(VECTOR, "vector") X(MATMUL, "matmul") X(PRELOAD, "preload")
typedef enum tile_unit {
#define X(n, s) TILE_##n,
  TILE_UNIT_LIST(X)
#undef X
  TILE_UNITS
} tile_unit;

/* value(loop) / divider * stride; loop -1: the constant `value` instead of a loop's; TILE_SYMBOL(k): symbols[k]'s, a size given when the graph is run. */
#define TILE_SYMBOL(k) (-2 - (k))
typedef struct tile_term { int loop; int64_t value, divider, stride; } tile_term;
typedef VEC_OF(tile_term) tile_terms;

/* Ours, beyond the container: what a node does to tiles in the scratchpad.  READ; WRITE: all of it anew, so that the tile may lie elsewhere than the one before (loads
 * fill it part by part until it is read); UPDATE: in place. */
#define TILE_ACCESS_LIST(X) X(READ, "read") X(WRITE, "write") X(UPDATE, "update")
typedef enum tile_access {
#define X(n, s) TILE_##n,
  TILE_ACCESS_LIST(X)
#undef X
  TILE_ACCESSES
} tile_access;
typedef struct tile_use { int buffer; tile_access access; } tile_use;
/* Elements with low <= index < high along `dim` of the transfer are moved; both sums are clamped to 0 .. extent.  Of several masks of a dim all hold. */
typedef struct tile_mask { int dim; tile_terms low, high; } tile_mask;
/* `address`: in each lane's bank, as the program has it; lane_bytes: what one lane holds of it. */
typedef struct tile_buffer { const char *name; int64_t address, lane_bytes; } tile_buffer;

typedef struct tile_node {
  tile_kind kind;
  const char *name;
  int parent;                           /* the loop around it; -1: none */
  int segment;                          /* loops before it in the same body */
  VEC_OF(int) body;                     /* LOOP: nodes in file order, without its END */
  VEC_OF(int) successors;               /* nodes of the same body, no loop between, that wait for this one */
  /* LOOP */
  const char *variable;
  tile_loop_type loop_type;
  int n_loops;                          /* in its body */
  int64_t start, end, stride;
  tile_terms end_sum;                   /* ours: not empty: `end` is this sum */
  int64_t end_most;                     /* ours: and no more than this; 0: it is the sum alone */
  /* LOAD, STORE, WAIT */
  int tensor;
  tile_terms accumulation, tag;         /* the tag: values of accumulation loops, then one number */
  /* LOAD, STORE */
  int rank;
  int64_t extent[TILE_GRAPH_RANK_MAX], step[TILE_GRAPH_RANK_MAX];     /* elements; step 0 and below too */
  int64_t elem_bytes;
  tile_terms offset;                    /* bytes from the tensor's base */
  bool is_async, is_indirect;
  int64_t rows, row_step; int row_dim;  /* ours; of indirect ones, rows > 0: indices are numbers of one of so many rows, row_step elements apart; each element of row_dim has one, -1: all have the same */
  /* COMPUTE */
  tile_unit unit;
  int64_t cycles, overlap;
  /* ours; of LOAD, STORE, COMPUTE, and of WAIT the buffers that must be there behind it */
  VEC_OF(tile_use) uses;
  VEC_OF(tile_mask) masks;
  const char *function;                 /* of the object file: what does it; NULL: timing only.  Its arguments: values of the loops around, outermost first, then of all `symbols` */
} tile_node;

typedef struct tile_tensor { const char *name; int64_t base; bool is_placed; /* the address file has it */ } tile_tensor;
typedef struct tile_pin { int64_t item, core; } tile_pin;

typedef struct tile_graph {
  const char *name, *path;
  int64_t systolic_size;
  VEC_OF(tile_node) nodes;
  VEC_OF(int) roots;                    /* nodes outside of every loop, n_loops of them loops */
  int n_loops;
  VEC_OF(tile_tensor) tensors;
  VEC_OF(tile_buffer) buffers;          /* ours; empty: nothing is known of the scratchpad */
  VEC_OF(const char *) symbols;         /* ours: sizes that are given when the graph is run */
  VEC_OF(tile_pin) pins;                /* work items that the address file gives to a core */
  VEC_OF(int64_t) sparse;               /* numbers of loads, in order of expansion, whose tile is all zero; sorted */
  const char *index_dir;                /* directory of the index files of indirect transfers; NULL: not known */
} tile_graph;

/* Whether `bytes` may be an ONNX file: told from JSON and text by its first byte. */
bool tile_graph_is_container(const char *bytes, size_t size);
/* LOOM_EINPUT: damaged or not such a graph; LOOM_EUNSUP: node kinds that cannot be run, all of them listed; LOOM_ELIMIT: a limit above. */
LOOM_MUST_USE loom_status tile_graph_read(loom_ctx *ctx, const char *path, const char *bytes, size_t size, tile_graph **out);
/* The JSON beside it: {"address_info": {tensor: address}, "subgraph_map": {item: core}}.  Other keys do nothing here. */
LOOM_MUST_USE loom_status tile_graph_set_addresses(loom_ctx *ctx, tile_graph *g, const data_value *v);
/* loom.tile_graph.v1, docs/schemas: all of a graph but where its file is.  Reading: LOOM_EINPUT, LOOM_ELIMIT with places in the file `path`. */
data_value *tile_graph_to_data(arena *mem, const tile_graph *g);
LOOM_MUST_USE loom_status tile_graph_from_data(loom_ctx *ctx, const char *path, const data_value *v, tile_graph **out);
/* Whether the text, or its beginning, is one: told by its schema, which stands in its first bytes. */
enum { TILE_GRAPH_SCHEMA_WITHIN = 256 };
bool tile_graph_is_text(const char *bytes, size_t size);
/* Reads the file, a container or loom.tile_graph.v1; beside a container STEM.json, and what TOGSim keeps in the directories next to the file's: dma_access/sparse_tile.raw, indirect_access/.
 * Tensors without an address get one of their own, with a warning. */
LOOM_MUST_USE loom_status tile_graph_load(loom_ctx *ctx, const char *path, tile_graph **out);
/* The container's bytes. */
const char *tile_graph_write(arena *mem, const tile_graph *g, size_t *out_size);
#endif
