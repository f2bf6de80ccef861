/* Tile operation graphs of programs (docs/npu.md): a program behind VCIX lowering, cut into nodes as PyTorchSim's build_tog does (its numbers, its kinds, its lists), and
 * what Loom makes of them: PyTorchSim's text, a tile_graph with scratchpad tiles, masks, symbols and functions, one function a node, cycles of each.
 * Two of its habits are not kept: transfers in loops without a role, and transfers beside the loops, are errors here and were left out there. */
#ifndef LOOM_TARGET_NPU_NPT_TOG_H
#define LOOM_TARGET_NPU_NPT_TOG_H
#include "machine/machine.h"
#include "target/npu/npt_transfer.h"
#include "tog/onnx/tile_graph.h"

typedef enum npt_node_kind { NPT_ROOT, NPT_COMPUTE, NPT_LOOP, NPT_DMA, NPT_WAIT } npt_node_kind;      /* PyTorchSim's numbers */
typedef VEC_OF(const char *) npt_texts;
typedef VEC_OF(int64_t) npt_numbers;

typedef struct npt_node {
  npt_node_kind kind;
  int parent;                           /* -1: a root */
  bool is_gone;                         /* its only operation went to a preload; the number stays taken */
  VEC_OF(int) children;
  MlirOperation op;                     /* LOOP, DMA, WAIT */
  /* COMPUTE: what it does, in order; and where PyTorchSim has its marks, which is a read further for a preload: it takes the first read of the inputs along */
  tile_unit unit;
  npt_ops ops;
  MlirOperation first, last;
  /* LOOP */
  const char *variable;
  tile_loop_type loop_type;
  int64_t start, end, step;
  MlirValue iv, end_value;              /* end_value not null: the end is this argument or symbol, `end` what is known of it (0: nothing) */
  bool is_decided;                      /* the end is the least of a sum of variables of loops around, result `end_result` of the bound, and a number, which is `end`; INT64_MAX: the sum alone */
  intptr_t end_result;
  /* DMA */
  npt_transfer transfer;
  bool is_indirect;                     /* by offsets of its own, or an index that is read from the scratchpad (affine.apply {indirect_access}) */
  npt_texts index_names;                /* loops of the DRAM index by name, and its coefficients */
  npt_numbers index_factors;
  /* WAIT */
  npt_wait wait;
  /* DMA, WAIT */
  const char *base;                     /* "arg0" */
  npt_texts tag_names;
  npt_numbers tag_factors, tag_dividers;
} npt_node;

typedef struct npt_symbol { const char *name; VEC_OF(MlirValue) values; } npt_symbol;
typedef struct npt_tog {
  ir_ctx *ir;
  MlirModule module;
  MlirOperation func;
  const char *name;                     /* of the function */
  VEC_OF(npt_node) nodes;               /* by number */
  VEC_OF(int) roots;
  /* Sizes given when the program is run: index arguments of the function, then results, outside of all loops, of operations with npu.symbol = "name"; names are told once. */
  VEC_OF(npt_symbol) symbols;
} npt_tog;

/* Cuts `func` (NULL: "kernel", else the only one) into nodes; loops without a body are erased from it.  LOOM_EINPUT, LOOM_EUNSUP with places. */
LOOM_MUST_USE loom_status npt_tog_read(ir_ctx *ir, MlirModule m, const char *func, npt_tog **out);
/* PyTorchSim's text of it: `graph = {0 : {..}\n,..}`, one for each root. */
const char *npt_tog_print(arena *mem, const npt_tog *t);
/* What PyTorchSim does to the program to have a tile measured: `sample`: loops with a role run once (their step becomes their end); marks around each compute node. */
void npt_tog_mark(npt_tog *t, bool sample);

/* ---- tile graphs ---- */
typedef struct npt_tog_options {
  int64_t lanes, systolic_size;         /* 0: 128 each */
  const machine_pipeline *pipeline;     /* NULL: npt_pipeline */
} npt_tog_options;
/* The graph with cycles.  Function of node 7 of @kernel: "kernel_node_7".  Tiles of the scratchpad: each memref.global the program takes; address and lane_bytes are its
 * attributes npu.address and npu.lane_bytes, else from transfers of it, one behind the other from ISA_SPAD_ADDRESS on. */
LOOM_MUST_USE loom_status npt_tog_graph(npt_tog *t, const npt_tog_options *o, tile_graph **out);
/* Both steps. */
LOOM_MUST_USE loom_status npt_build_tog(ir_ctx *ir, MlirModule m, const char *func, const npt_tog_options *o, tile_graph **out);
/* "kernel_node_7" */
const char *npt_node_function(arena *mem, const npt_tog *t, int node);
#endif
