/* Shared by the files of the reader. */
#ifndef LOOM_FRONTEND_HM_READ_H
#define LOOM_FRONTEND_HM_READ_H
#include "frontend/helion_mlir/helion_mlir.h"
#include "frontend/helion_mlir/hm_table.h"

/* What an MLIR value is. */
typedef enum hm_kind {
  HM_NOTHING,
  HM_VALUE,         /* a value of the graph, as tensor<..> or !torch.vtensor<..> */
  HM_MEMORY,        /* host memory */
  HM_STORED,        /* the result of an insert_slice into `memory` */
  HM_SIZE,          /* an integer of index, iN or !torch.int: an expression over symbols and induction variables */
  HM_SCALAR,        /* the one element of a 0-d value */
  HM_INDEX,         /* the same as index */
  HM_NUMBER,        /* a constant */
  HM_LIST,          /* torch.prim.ListConstruct, TupleConstruct: op */
  HM_RESULTS,       /* the tuple that a scan gives: results */
  HM_EMPTY,         /* tensor.empty: type */
  HM_NONE
} hm_kind;

typedef struct hm_item {
  hm_kind kind;
  kernel_value value;
  kernel_tensor memory;
  const sym_expr *size;
  double number;
  kernel_type type;
  MlirOperation op;
  const kernel_op *results;
} hm_item;

/* A loop being read.  `iv` is the name of its induction variable in expressions. */
typedef struct hm_tile {
  const char *iv;
  kernel_value param;
  kernel_range range;
  const sym_expr *first;                 /* range.begin as the text says it, induction variables included */
  kernel_region *region;
  const sym_expr *clamped;               /* extent of the current tile; NULL: untiled */
  const char *bound;                     /* the RUNTIME symbol of its index (of the tile's number), once something needs it */
} hm_tile;

typedef struct hm_slot { const void *key; hm_item item; } hm_slot;

typedef struct hm_reader {
  ir_ctx *ir;
  loom_ctx *ctx;
  arena *mem;
  kernel_graph *k;
  MlirModule module;
  hm_slot *slots; size_t n_slots, n_items;   /* by MLIR value; open addressing, n_slots a power of two */
  VEC_OF(hm_tile) tiles;                     /* open loops, outermost first */
  kernel_region *region;                     /* operations are added here */
  bool is_old;                               /* of a helion-mlir that gave block sizes as tile sizes and no loom.block_sym */
  int n_runtime, depth;
  loom_span span;                            /* of the operation being read */
} hm_reader;

/* ---- hm_read.c ---- */
void hm_set(hm_reader *r, MlirValue v, hm_item item);
void hm_set_value(hm_reader *r, MlirValue v, kernel_value x);
void hm_set_size(hm_reader *r, MlirValue v, const sym_expr *e);
const hm_item *hm_get(hm_reader *r, MlirValue v);          /* never NULL */
/* Records an error at the operation that is read and gives LOOM_EINPUT; a macro, so that analysers see that it never is LOOM_OK. */
#define hm_bad(r, ...) diag_error((r)->ctx, (r)->span, LOOM_EINPUT, __VA_ARGS__)
/* The same, LOOM_EUNSUP. */
LOOM_MUST_USE static inline loom_status hm_unsupported(hm_reader *r, MlirOperation op, const char *why) {
  return diag_error(r->ctx, r->span, LOOM_EUNSUP, "'%s' is not supported here: %s", ir_op_name(op), why);
}
LOOM_MUST_USE loom_status hm_need(hm_reader *r, MlirOperation op, intptr_t n_operands, intptr_t n_results);
LOOM_MUST_USE loom_status hm_read_block(hm_reader *r, MlirBlock block, intptr_t first_op);
/* An op with n_results results of `types` in the current region; its place is that of the operation being read. */
kernel_op *hm_add(hm_reader *r, kernel_op_kind kind, int n_operands, const kernel_value *operands, int n_results, const kernel_type *types);
/* The common case: one result, which MLIR value `v` stands for. */
kernel_op *hm_add1(hm_reader *r, MlirValue v, kernel_op_kind kind, int n_operands, const kernel_value *operands, kernel_type type);
bool hm_mlir_element(MlirType t, dtype *out);                                                /* of a scalar or shaped type, float8 included */
LOOM_MUST_USE loom_status hm_element(hm_reader *r, MlirValue v, dtype *out);                 /* of tensor<..>, !torch.vtensor<..> or a scalar */
LOOM_MUST_USE loom_status hm_value(hm_reader *r, MlirValue v, kernel_value *out);            /* memory: all of it, loaded */
LOOM_MUST_USE loom_status hm_memory(hm_reader *r, MlirValue v, kernel_tensor *out);
const kernel_type *hm_type(const hm_reader *r, kernel_value v);
bool hm_is_flag(MlirOperation op, const char *name);                                         /* a unit attribute, or true */
bool hm_number_of(MlirAttribute a, double *out);                                             /* of a float, integer or splat */

/* ---- hm_read_size.c ---- */
LOOM_MUST_USE loom_status hm_size_of(hm_reader *r, MlirValue v, const sym_expr **out);       /* as MLIR says it, induction variables included */
LOOM_MUST_USE loom_status hm_resolve(hm_reader *r, const sym_expr *e, const sym_expr **out); /* over the kernel's symbols only */
LOOM_MUST_USE loom_status hm_dim(hm_reader *r, MlirValue v, const sym_expr **out);           /* the size of a dim */
LOOM_MUST_USE loom_status hm_const(hm_reader *r, MlirValue v, int64_t *out);
LOOM_MUST_USE loom_status hm_list(hm_reader *r, MlirValue v, intptr_t *n, MlirOperation *out);   /* operands of a ListConstruct */
/* Results of map `m` whose operands begin at `first`. */
LOOM_MUST_USE loom_status hm_affine(hm_reader *r, MlirOperation op, MlirAffineMap m, intptr_t first, intptr_t result, const sym_expr **out);
bool hm_read_index_op(hm_reader *r, MlirOperation op, loom_status *st);                      /* false: not one of these */
hm_tile *hm_tile_of(hm_reader *r, const sym_expr *e);                                        /* the open loop whose induction variable `e` is */
LOOM_MUST_USE loom_status hm_tile_operand(hm_reader *r, MlirValue v, kernel_value *out);

/* ---- hm_read_memory.c ---- */
bool hm_read_memory_op(hm_reader *r, MlirOperation op, loom_status *st);
/* ---- hm_read_op.c ---- */
bool hm_read_compute_op(hm_reader *r, MlirOperation op, loom_status *st);
/* ---- hm_read_control.c ---- */
bool hm_read_control_op(hm_reader *r, MlirOperation op, loom_status *st);
#endif
