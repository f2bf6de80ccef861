/* What dir_emit.c (the document), dir_emit_graph.c (regions as graphs) and dir_emit_op.c (operations as calls) share.
 *
 * A region of the kernel graph is an FX graph: values from around it are its placeholders, block sizes and sizes are asked for where they are
 * needed (_get_symnode).  What a reader makes by itself is left out: masks of padded tiles, broadcasts of what is stored. */
#ifndef LOOM_DEVICE_IR_DIR_EMIT_H
#define LOOM_DEVICE_IR_DIR_EMIT_H
#include "base/data.h"
#include "frontend/device_ir/device_ir.h"

typedef struct emit_graph {
  data_value *nodes;
  const char **name;               /* by kernel value: its node; NULL: none yet */
  VEC_OF(const char *) taken;      /* names of nodes */
  struct emit_graph *outer;
} emit_graph;

/* symbol: index of the BLOCK symbol, -1: of an untiled range, whose index is the symbol g<id>. */
typedef struct emit_block { int symbol; const sym_expr *size, *step; const char *name; } emit_block;

typedef struct emitter {
  loom_ctx *ctx;
  arena *mem;
  const kernel_graph *k;
  data_value *graphs;
  int n_graphs;
  VEC_OF(emit_block) blocks;
  bool *is_open;                   /* by symbol: the loop over the block is around what is being written */
  const char **tensor;             /* by kernel tensor: its name in the document */
  const char **symbol;             /* by kernel symbol: its name in expressions; of NOMINAL that of its block */
  int *block_of;                   /* by kernel symbol: block id, -1: none */
  int *grid_of;                    /* by kernel value: block id of an untiled loop's index, -1: none */
  const char **bound;              /* by kernel value: the RUNTIME symbol that has its value */
  emit_graph *g;
} emitter;

/* ---- dir_emit.c ---- */
int emit_symbol_index(const emitter *e, const char *name);              /* `name` is a symbol of the kernel, which is verified */
bool emit_is_clamped(const emitter *e, int symbol);                      /* the size of a tile, which may be less than that of its block */
/* An expression as Python writes it; NULL: it has no such form.  The size of a clamped tile has one with `loose` only: Device IR has one symbol for
 * the size of a block and of its tiles. */
const char *emit_expr(emitter *e, const sym_expr *s, bool loose);
data_value *emit_expr_data(emitter *e, const sym_expr *s, bool loose);   /* a number, or the text; NULL: none */
data_value *emit_type(emitter *e, const kernel_type *t);                 /* {"dtype", "shape"}; NULL: a size has no form */
int emit_block_id(emitter *e, const kernel_range *r, const char *name);

/* ---- dir_emit_op.c ---- */
/* A call_function node of the graph being written; `wish`: its name.  Its arguments are pushed to *args. */
const char *emit_node(emitter *e, const char *wish, const char *target, data_value **node, data_value **args);
data_value *emit_ref(emitter *e, const char *node);
/* An argument: a node, or a number where the operation takes one.  LOOM_EUNSUP: the value has no form. */
LOOM_MUST_USE loom_status emit_value(emitter *e, const kernel_op *at, kernel_value v, data_value **out);
/* A size as an argument; is_dim: in a list of sizes, where the size of a tile is that of its block. */
LOOM_MUST_USE loom_status emit_size(emitter *e, const kernel_op *at, const sym_expr *s, bool is_dim, data_value **out);
/* Writes an operation without regions, SCAN and FOLD included.  What has no effect of its own may be written where it is used. */
LOOM_MUST_USE loom_status emit_op(emitter *e, const kernel_op *op);
bool emit_is_lazy(const emitter *e, kernel_value v);                     /* it is written where it is used, in every graph anew */
loom_status emit_unsupported(emitter *e, const kernel_op *at, const char *what);

/* ---- dir_emit_graph.c ---- */
typedef VEC_OF(kernel_value) emit_values;
LOOM_MUST_USE loom_status emit_region(emitter *e, const kernel_region *r);           /* operations into the graph being written */
LOOM_MUST_USE loom_status emit_root(emitter *e, const kernel_op *parallel, int phase, data_value *roots);
/* Operations first..end-1 of the outermost region as a LoomHostGraphInfo. */
LOOM_MUST_USE loom_status emit_host(emitter *e, const kernel_region *body, size_t first, size_t end, int phase, data_value *roots);
/* The region of a SCAN or FOLD as a HelperFunctionGraphInfo. */
LOOM_MUST_USE loom_status emit_helper(emitter *e, const kernel_op *op, int *out_graph);
#endif
