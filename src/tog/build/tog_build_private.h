/* Shared by the files of tog/build. */
#ifndef LOOM_TOG_BUILD_PRIVATE_H
#define LOOM_TOG_BUILD_PRIVATE_H
#include "tog/build/tog_build.h"

/* An index value of the IR and what it is over core coordinates and loop variables. */
typedef struct build_binding { MlirValue value; const sym_expr *expr; } build_binding;

/* One loom.semaphore_take: ownership of one slot of a buffer. */
typedef struct build_slot {
  MlirValue value;             /* result of the take */
  int buffer;                  /* TOG buffer */
  bool by_load;                /* the reader fills it: LOAD reserves and publishes */
  bool to_store;               /* a copy to DRAM reads it: the writer frees it */
  bool pushed;                 /* PUSH was emitted for it */
  MlirOperation last_write;    /* last compute op that writes it; null with by_load */
} build_slot;

typedef struct build {
  ir_ctx *ir;
  loom_ctx *ctx;
  arena *mem;
  const machine *machine;
  MlirOperation func;
  tog *tog;
  VEC_OF(build_binding) bindings;
  VEC_OF(build_slot) slots;
  int n_loops;
} build;

/* ---- tog_build_expr.c ---- */
void build_bind(build *b, MlirValue v, const sym_expr *e);
/* Index arithmetic: constants, loop variables, arith and affine ops.  Anything else: LOOM_EUNSUP with the op's place. */
LOOM_MUST_USE loom_status build_expr(build *b, MlirValue v, const sym_expr **out);
/* Mixed static/dynamic list attribute of memref ops: entry i of `static_name`, dynamic entries from segment `segment`. */
LOOM_MUST_USE loom_status build_mixed(build *b, MlirOperation op, const char *static_name, int segment, intptr_t i, const sym_expr **out);
intptr_t build_mixed_count(MlirOperation op, const char *static_name);

/* ---- tog_build_func.c ---- */
/* The slot behind a memref value: through memref.subview and memref.cast to a loom.semaphore_take; NULL when there is none. */
build_slot *build_slot_of(build *b, MlirValue v);
/* Outlines compute op `op` as a tile function; fills node->function, uses and args. */
LOOM_MUST_USE loom_status build_outline(build *b, MlirOperation op, tog_node *node);
/* Sizes of a memref operand as expressions (dynamic ones from its subview). */
LOOM_MUST_USE loom_status build_sizes(build *b, MlirValue v, int *out_rank, const sym_expr **out);

/* ---- tog_build_cost.c ---- */
/* cycles, active and unit of a compute node. */
LOOM_MUST_USE loom_status build_cost(build *b, MlirOperation op, tog_node *node);
#endif
