/* Shared by the files of the lowering.  Stage-0 is printed as text and parsed: the printer below reads like the IR it makes. */
#ifndef LOOM_LOWER_PRIVATE_H
#define LOOM_LOWER_PRIVATE_H
#include "lower/lower.h"

/* An index operation already printed in an open region, so that it is printed once there. */
typedef struct lower_known { const char *op, *name; } lower_known;

typedef struct lowering {
  loom_ctx *ctx;
  arena *mem;
  const kernel_graph *k;
  text constants;                 /* at the function's head: constants, then symbols */
  text out;                       /* the function's body behind them */
  int depth, next;                /* open regions; number of the next %value */
  VEC_OF(lower_known) known, known_constants;
  VEC_OF(lower_known) bound;      /* RUNTIME symbols and their %names, innermost last */
  const char **value;             /* one per kernel value: its %name */
  const char **element;           /* one per kernel value: the tensor of rank 0 that a loaded scalar was taken from; NULL: none */
  bool *is_index;                 /* one per kernel value: a scalar of type index */
  const kernel_range **range;     /* one per kernel value: of loop parameters */
  const char **tensor;            /* one per kernel tensor: its %name */
  bool *is_stored;                /* one per kernel tensor: of roots (arguments and allocations) that a store writes */
  loom_span span;                 /* of the kernel op being lowered */
} lowering;

/* ---- lower_text.c: lines, names, types ---- */
const char *lower_new_name(lowering *l);
/* Prints one indented line.  lower_line ends it with the location of the op being lowered. */
void lower_line(lowering *l, const char *fmt, ...) LOOM_PRINTF(2, 3);
void lower_open(lowering *l, const char *fmt, ...) LOOM_PRINTF(2, 3);     /* a line that opens a region: no location */
/* Prints "%new = <fmt>" and returns the name. */
const char *lower_emit(lowering *l, const char *fmt, ...) LOOM_PRINTF(2, 3);
void lower_close(lowering *l, const char *tail);                          /* "}" and its op's location */
const char *lower_location(lowering *l);                                  /* " loc(..)" or "" */
const char *lower_quoted(arena *m, const char *s);                        /* an MLIR string literal */
const char *lower_symbol(arena *m, const char *prefix, const char *s);    /* prefix + s, quoted when s is no identifier */
const char *lower_element(dtype t);
/* A constant of a float or integer type, exactly as `x` rounds to it. */
const char *lower_number(arena *m, dtype t, double x);
/* Tiles are not clamped here: "tile_m.block_size" is tile_m. */
const sym_expr *lower_as_blocks(lowering *l, const sym_expr *e);
/* Does the size follow from block sizes or from what the kernel computes?  `only_free`: from blocks that the kernel does not fix. */
bool lower_names_block(const lowering *l, const sym_expr *e, bool only_free);
/* true: the size is known now, also from block sizes that the kernel fixes; false: it depends on others. */
LOOM_MUST_USE loom_status lower_static_size(lowering *l, const sym_expr *e, bool *out_known, int64_t *out);
LOOM_MUST_USE loom_status lower_dims(lowering *l, const kernel_type *t, const char **out);            /* "?x128x" */
LOOM_MUST_USE loom_status lower_type(lowering *l, const kernel_type *t, const char **out);            /* tensor<..>, or the element type of a scalar */
LOOM_MUST_USE loom_status lower_value_type(lowering *l, kernel_value v, const char **out);

/* ---- lower_index.c: index arithmetic, printed once a region ---- */
/* The %name of a scalar operation such as "arith.muli %0, %1 : index". */
const char *lower_once(lowering *l, const char *fmt, ...) LOOM_PRINTF(2, 3);
const char *lower_constant(lowering *l, const char *value_and_type);      /* at the function's head */
const char *lower_index_constant(lowering *l, int64_t n);
LOOM_MUST_USE loom_status lower_expr(lowering *l, const sym_expr *e, const char **out);
LOOM_MUST_USE loom_status lower_trip(lowering *l, const kernel_range *r, const char **out);
/* First and last-but-one index of the tile of parameter `v`; of an untiled range its index and the next. */
LOOM_MUST_USE loom_status lower_tile_begin(lowering *l, kernel_value v, const char **out);
LOOM_MUST_USE loom_status lower_tile_end(lowering *l, kernel_value v, const char **out);
const char *lower_data(lowering *l, kernel_value v);                      /* the value as data: an index becomes i64 */
LOOM_MUST_USE loom_status lower_index(lowering *l, kernel_value v, const char **out);   /* the scalar integer as index */
/* Sizes for tensor.empty: "%0, %1". */
LOOM_MUST_USE loom_status lower_dynamic_sizes(lowering *l, const kernel_type *t, const char **out);

/* ---- lower_memory.c ---- */
LOOM_MUST_USE loom_status lower_load(lowering *l, const kernel_op *op);
LOOM_MUST_USE loom_status lower_store(lowering *l, const kernel_op *op);
LOOM_MUST_USE loom_status lower_memref_type(lowering *l, kernel_tensor t, const char **out);
kernel_tensor lower_root(const kernel_graph *k, kernel_tensor t);          /* what a view is of */

/* ---- lower_scalar.c: scalar operations in straight lines and in linalg bodies ---- */
const char *lower_convert(lowering *l, const char *x, dtype from, dtype to);
LOOM_MUST_USE loom_status lower_fn(lowering *l, kernel_fn fn, dtype work, const char *a, const char *b, const char **out);

/* ---- lower_f8.c: the bits of a float8, which are an i8, and f32 ---- */
const char *lower_from_f8(lowering *l, dtype from, const char *x);
const char *lower_to_f8(lowering *l, dtype to, const char *x);

/* ---- lower_generic.c: one linalg.generic ---- */
typedef struct lower_generic { text maps, ins, types, args, iterators; const char *result; bool is_ordered; /* loom.ordered: reduced in the order of the elements */ } lower_generic;
lower_generic lower_generic_new(lowering *l);
void lower_generic_input(lowering *l, lower_generic *g, const char *map, const char *name, const char *type, dtype element, const char **out_arg);
/* Opens the op behind its inputs and iterators; *out_old is the destination's element. */
void lower_generic_open(lowering *l, lower_generic *g, const char *out_map, const char *dest, const char *type, dtype element, const char **out_old);
void lower_generic_close(lowering *l, const char *yielded, dtype element, const char *type);
void lower_generic_parallel(lower_generic *g, int rank);
const char *lower_dim_list(arena *m, int rank);                           /* "(d0, d1, d2)" */

/* ---- lower_reduce.c ---- */
LOOM_MUST_USE loom_status lower_reduce(lowering *l, const kernel_op *op, const kernel_type *t);
LOOM_MUST_USE loom_status lower_scan(lowering *l, const kernel_op *op, const kernel_type *t);

/* ---- lower_compute.c ---- */
LOOM_MUST_USE loom_status lower_empty(lowering *l, const kernel_type *t, const char **out);
LOOM_MUST_USE loom_status lower_filled(lowering *l, const kernel_type *t, const char *scalar, const char **out);
/* The value cast and broadcast to `to`. */
LOOM_MUST_USE loom_status lower_adapt(lowering *l, kernel_value v, const kernel_type *to, const char **out);
LOOM_MUST_USE loom_status lower_compute(lowering *l, const kernel_op *op);

/* ---- lower_control.c ---- */
LOOM_MUST_USE loom_status lower_region(lowering *l, const kernel_region *r);

/* ---- lower_integer.c: fn of integers of type `type` where it is more than one operation; false: it is not (*out is left alone or a) ---- */
bool lower_integer(lowering *l, kernel_fn fn, dtype type, const char *a, const char *b, const char **out);
const char *lower_integer_power(lowering *l, dtype type, const char *a, const char *b);   /* a loop */
#endif
