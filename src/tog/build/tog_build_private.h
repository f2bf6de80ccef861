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
  bool by_compute;             /* a compute op reads or writes it */
  /* while nodes are made */
  bool pushed;                 /* PUSH was emitted for it */
  bool stored;                 /* a STORE or SEND was emitted for it */
  bool loaded;                 /* a LOAD was */
  bool awaited;                /* a node at the level of the take waited for it to be published */
  int depth;                   /* open loops where it was taken */
  int last_write;              /* id of the last compute node that writes it; -1: none */
  const sym_expr *extent;      /* of what that node writes: 0 on cores without work, whose slot stays unwritten; NULL: never 0 */
} build_slot;

/* A gather whose SEND was made; the first core's COLLECT comes with what that core does alone. */
typedef struct build_gather { build_slot *slot; const sym_expr *place, *extent; /* of the tiles sent, as in build_slot */ tog_node *first; /* LOOP of the first core; NULL: not met yet */ } build_gather;

typedef struct build {
  ir_ctx *ir;
  loom_ctx *ctx;
  arena *mem;
  const machine *machine;
  MlirOperation func;
  tog *tog;
  VEC_OF(build_binding) bindings;
  int expr_depth;              /* nested calls of build_expr */
  VEC_OF(build_slot) slots;    /* does not grow once nodes are made */
  VEC_OF(build_slot *) held;   /* by buffer: the slot that is taken and not yet given; NULL: none */
  VEC_OF(tog_node *) open_loops;      /* LOOP nodes around the node being made */
  VEC_OF(build_gather) gathers;
  int n_loops;
} build;

/* ---- tog_build_grid.c ---- */
/* The function's arguments as tensors: memrefs of static shape, row-major. */
LOOM_MUST_USE loom_status build_tensors(build *b);
/* The function's one scf.parallel; everything beside it must be index arithmetic. */
LOOM_MUST_USE loom_status build_find_grid(build *b, MlirOperation *out);
/* Binds the induction variables of the grid to parts of the core's coordinates; the TOG's mesh becomes what the grid uses. */
LOOM_MUST_USE loom_status build_bind_grid(build *b, MlirOperation grid);

/* ---- tog_build_expr.c ---- */
void build_bind(build *b, MlirValue v, const sym_expr *e);
/* Index arithmetic: constants, loop variables, arith and affine ops.  Anything else: LOOM_EUNSUP with the op's place.  LOOM_ELIMIT: an
 * expression that nests deeper or repeats more than any program needs (shared values are repeated wherever the expression is read). */
LOOM_MUST_USE loom_status build_expr(build *b, MlirValue v, const sym_expr **out);
/* Mixed static/dynamic list attribute of memref ops: entry i of `static_name`, dynamic entries from segment `segment`. */
LOOM_MUST_USE loom_status build_mixed(build *b, MlirOperation op, const char *static_name, int segment, intptr_t i, const sym_expr **out);
intptr_t build_mixed_count(MlirOperation op, const char *static_name);
/* Sizes of a memref operand as expressions (dynamic ones from its subview); a scalar has rank 0.  `out` has room for TOG_RANK_MAX. */
LOOM_MUST_USE loom_status build_sizes(build *b, MlirValue v, int *out_rank, const sym_expr **out);

/* ---- tog_build_slot.c ---- */
/* Makes the buffers and slots of all takes inside the grid and looks at how each slot is used. */
LOOM_MUST_USE loom_status build_slots(build *b, MlirOperation grid);
/* The slot behind a memref value: through memref.subview and memref.cast to a loom.semaphore_take; NULL when there is none. */
build_slot *build_slot_of(build *b, MlirValue v);
/* A memref.subview of a buffer must have strides 1 and may drop leading dims of one element. */
LOOM_MUST_USE loom_status build_check_view(build *b, MlirOperation subview);
/* Leading dims that a subview drops. */
int build_dropped(MlirOperation subview);

/* ---- tog_build_gather.c ---- */
LOOM_MUST_USE loom_status build_gather_op(build *b, MlirOperation op, tog_body *body);
/* scf.if on the place in a line of cores: a LOOP that runs at most once. */
LOOM_MUST_USE loom_status build_if(build *b, MlirOperation op, tog_body *body);
/* Gives back a slot that a gather filled; false: another slot. */
bool build_give_gathered(build *b, const build_slot *slot, tog_body *body);

/* ---- tog_build.c ---- */
tog_node *build_add_node(build *b, tog_body *body, tog_node_kind kind, const char *label);
LOOM_MUST_USE loom_status build_block(build *b, MlirBlock block, tog_body *body);
/* 1 where the condition holds, else 0. */
const sym_expr *build_flag(build *b, const sym_expr *condition);
/* A LOOP around what comes next, until build_leave. */
tog_node *build_enter(build *b, tog_body *body, const char *label, const sym_expr *trip);
void build_leave(build *b);

/* ---- tog_build_box.c ---- */
/* The box of DRAM that `view`, one side of copy `op`, stands for. */
LOOM_MUST_USE loom_status build_box(build *b, MlirOperation op, MlirValue view, tog_box *out);

/* ---- tog_build_func.c ---- */
/* Destination operands of a compute op: the last segment of linalg ops, operand 1 of copies, the last operand of others. */
void build_destinations(MlirOperation op, intptr_t *first, intptr_t *count);
/* Outlines compute op `op` as a tile function; fills node->function, uses and args. */
LOOM_MUST_USE loom_status build_outline(build *b, MlirOperation op, tog_node *node);

/* ---- tog_build_cost.c ---- */
/* The least extent of what the operands [first, first + n) show, 0 where there is nothing of one; NULL: never 0. */
LOOM_MUST_USE loom_status build_least_extent(build *b, MlirOperation op, intptr_t first, intptr_t n, const sym_expr **out);
/* cycles, active and unit of a compute node. */
LOOM_MUST_USE loom_status build_cost(build *b, MlirOperation op, tog_node *node);
#endif
