/* Shared by the files that make programs (npt_lower.c, npt_layout.c, npt_index.c, npt_vector.c, npt_matmul.c, npt_send.c, npt_move.c). */
#ifndef LOOM_TARGET_NPU_NPT_LOWER_H
#define LOOM_TARGET_NPU_NPT_LOWER_H
#include "target/npu/npt.h"
#include "target/npu/npt_program.h"
#include "tog/function/tfn.h"

enum { NPT_BUFFERS_MAX = 128, NPT_NONE = -1, NPT_LAYOUTS_MAX = 8 };

typedef struct npt_layout { int lane, vec; } npt_layout;      /* dims of the tile; NPT_NONE */

/* A tile in one layout.  Offsets are elements in a lane's bank. */
typedef struct npt_tile {
  npt_layout layout;
  const char *global;                     /* of the program */
  int64_t padded[TOG_RANK_MAX];           /* extents as they are transferred and computed */
  int64_t stride[TOG_RANK_MAX];           /* by dim; of the lane dim: of a round (its neighbours, when it is vec too) */
  int64_t row, rounds, elems;             /* neighbours along vec; rounds of lanes; elements a lane holds */
  int64_t run;                            /* neighbours along the lane dim in one lane: 1, or row when lane == vec */
  int64_t part_stride[TOG_RANK_MAX];      /* from part to part, of dims that are in parts */
  int64_t address;                        /* bytes in the bank */
} npt_tile;

typedef struct npt_buffer {
  const tog_buffer *b;
  bool is_loaded, is_computed;            /* by whom it is filled */
  /* Ops take parts of so many elements along a dim, one at a time (a load that was lifted out of their loop); every part is laid out by itself.  Else the dim's whole
   * extent, once. */
  int64_t extent[TOG_RANK_MAX], parts[TOG_RANK_MAX];
  npt_tile tile[NPT_LAYOUTS_MAX];         /* the first is its own; loads fill all of a loaded one, others are copies for one op */
  int n_tiles;
} npt_buffer;

typedef struct npt_copy { const tog_node *send; tog_node node; tfn_function function; } npt_copy;

/* How an op is done: the iteration dims in the lanes and side by side.  Of a product: lane 1: its rows (m) are in the lanes, 0: its columns. */
typedef struct npt_way { int lane, vec; } npt_way;
/* step: the value goes up by so much from round to round; 0: by one.  end: where a loop ends whose turns other loops decide; NULL: it has a known number. */
typedef struct npt_variable { const char *name; MlirValue value; int64_t trip, step; const sym_expr *end; } npt_variable;

/* The number of rows that is given when the program is run. */
#define NPT_ROWS "rows"
typedef struct npt_open { const char *var; int64_t step, size; const sym_expr *extent, *turned; /* how many rows a turn has, as the graph says it; NULL: nothing is open */ } npt_open;

typedef struct npt_lowering {
  ir_ctx *ir; loom_ctx *ctx; arena *mem;
  const tog *t;
  npt_core core;
  npt_program *p;
  tfn_function *functions;
  npt_buffer *buffers;
  VEC_OF(npt_buffer *) sums;              /* f32 tiles that products to narrower ones add up in; numbers of rows that are looked up */
  npt_way *ways;                          /* by node id: of COMPUTE and SEND nodes */
  int64_t unit;                           /* rows are multiples of it */
  bool has_products;
  ir_builder b;                           /* where ops go */
  MlirOperation func;
  MlirBlock entry;
  VEC_OF(struct npt_copy *) copies;       /* gathers */
  VEC_OF(npt_variable) names;                /* variables of open loops */
  npt_open open;
  size_t n_outer;                         /* of them, those of a work item */
  MlirValue tag, rows;
} npt_lowering;

/* ---- npt_layout.c ---- */
/* Fills buffers' first tiles and `ways`. */
LOOM_MUST_USE loom_status npt_choose_layouts(npt_lowering *l);
/* The layout that operand i needs for an op done this way. */
npt_layout npt_layout_for(const tfn_function *f, int operand, npt_way w);
/* The buffer's tile in this layout; made when it is new.  LOOM_ELIMIT: too many. */
LOOM_MUST_USE loom_status npt_tile_of(npt_lowering *l, int buffer, npt_layout layout, npt_tile **out);
int64_t npt_padded(const npt_lowering *l, int64_t extent);

/* A gather of one core's tile, as the computation that copies it: node and function are made at its first mention. */
const tog_node *npt_send_as_copy(npt_lowering *l, const tog_node *send);
const tfn_function *npt_function_of(const npt_lowering *l, const tog_node *n);

/* ---- npt_scan.c ---- */
/* A running reduction along iteration dim `axis` of the output, of `value`, made of what the input has along dim `along`; `combine`: of two elements; `neutral` changes nothing. */
typedef struct npt_scan { int axis, along; bool from_end; MlirValue value; MlirOperation combine; MlirAttribute neutral; } npt_scan;
/* false: it is none. */
bool npt_read_scan(const tfn_function *f, npt_scan *out);

/* ---- npt_need.c ---- */
/* Takes from the extents of buffers' dims (not of those in parts) what nothing ever uses. */
void npt_end_tiles(npt_lowering *l);
/* What the expression is at most, as far as its form tells; INT64_MAX: it does not. */
int64_t npt_most(const sym_expr *e);

/* ---- npt_open.c ---- */
/* Finds what has to be said with NPT_ROWS.  LOOM_EUNSUP: the kernel does not work row by row. */
LOOM_MUST_USE loom_status npt_open_rows(npt_lowering *l);
/* The expression with the open number of rows in place of the graph's. */
const sym_expr *npt_opened(npt_lowering *l, const sym_expr *e);
const sym_expr *npt_open_extent(npt_lowering *l);

/* ---- npt_index.c ---- */
/* An expression over loop variables as an index value: affine.apply, affine.min or affine.max; LOOM_EUNSUP: it is not affine. */
LOOM_MUST_USE loom_status npt_affine(npt_lowering *l, const sym_expr *x, MlirValue *out);
/* The same, in arith where it is not affine. */
LOOM_MUST_USE loom_status npt_index(npt_lowering *l, const sym_expr *x, MlirValue *out);
/* sum of factor[i] * value[i] + constant; values may be null: left out. */
MlirValue npt_sum(npt_lowering *l, int n, const MlirValue *value, const int64_t *factor, int64_t constant);
/* Opens an affine.for from 0 to trip by step, carrying `n` values; role NULL: none.  Body arguments: the variable, then the carried ones. */
typedef struct npt_loop { MlirOperation op; MlirBlock body; ir_builder outer; MlirValue var; } npt_loop;
/* The same to a value. */
npt_loop npt_open_loop_to(npt_lowering *l, MlirValue end, int64_t step, const char *role);
/* The same to the least of sums of loop variables; false: `end` is none. */
bool npt_open_loop_until(npt_lowering *l, const sym_expr *end, int64_t step, const char *role, npt_loop *out);
npt_loop npt_open_loop(npt_lowering *l, int64_t trip, int64_t step, const char *role, int n, const MlirValue *inits);
void npt_close_loop(npt_lowering *l, const npt_loop *loop, int n, const MlirValue *yielded);
MlirValue npt_const(npt_lowering *l, int64_t v);

/* ---- npt_pieces.c ---- */
/* Is the tile loaded in pieces of as many elements as there are lanes along a dim of its buffer? */
bool npt_loads_in_pieces(const npt_lowering *l, const tog_node *load, const npt_tile *t, int *out_dim);

/* ---- npt_move.c ---- */
LOOM_MUST_USE loom_status npt_emit_load(npt_lowering *l, const tog_node *n);
LOOM_MUST_USE loom_status npt_emit_store(npt_lowering *l, const tog_node *n);
/* The buffer's contents from one of its tiles to another, through memory of the program's own. */
LOOM_MUST_USE loom_status npt_emit_copy(npt_lowering *l, int buffer, const npt_tile *from, const npt_tile *to);
/* The global as it is declared, or as a flat bank of tile->elems elements. */
MlirValue npt_spad(npt_lowering *l, const npt_buffer *b, const npt_tile *t);
MlirValue npt_flat(npt_lowering *l, const npt_buffer *b, const npt_tile *t);
dtype npt_memory_type(dtype t);                         /* what memory holds of it: i8 of i1 */

/* ---- npt_vector.c, npt_matmul.c, npt_send.c ---- */
LOOM_MUST_USE loom_status npt_emit_compute(npt_lowering *l, const tog_node *n);
/* A gather of one core's tile: a copy.  Its function is made by npt_choose_layouts. */
LOOM_MUST_USE loom_status npt_emit_send(npt_lowering *l, const tog_node *n);
/* `tile` by operand. */
LOOM_MUST_USE loom_status npt_emit_product(npt_lowering *l, const tog_node *n, const tfn_function *f, npt_way w, npt_tile *const *tile);
/* Every element of a tile in another type, laid out in the same way. */
LOOM_MUST_USE loom_status npt_emit_convert(npt_lowering *l, const npt_buffer *from, const npt_tile *from_tile, const npt_buffer *to, const npt_tile *to_tile);
/* Sets what lies beyond `extent` along a dim of the tile to zero; `base`: where its part is. */
LOOM_MUST_USE loom_status npt_emit_clean(npt_lowering *l, const npt_buffer *b, const npt_tile *t, int dim, MlirValue extent, MlirValue base);
/* Where the part of a tile that the operand is begins, in a lane's bank. */
LOOM_MUST_USE loom_status npt_part_offset(npt_lowering *l, const tog_node *n, const tfn_operand *o, const npt_tile *t, MlirValue *out);
/* Argument i of the node's function as an index. */
LOOM_MUST_USE loom_status npt_argument_value(npt_lowering *l, const tog_node *n, tfn_index i, MlirValue *out);
#endif
