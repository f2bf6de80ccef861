/* Shared by the files of lower: stage-0 MLIR is printed as text, one function an op, and parsed at the end. */
#ifndef LOOM_LOWER_PRIVATE_H
#define LOOM_LOWER_PRIVATE_H
#include "lower/lower.h"

/* A value of the graph as it stands in the text. */
typedef struct lower_value { const char *name; /* "%v3" */ const char *type; /* MLIR type */ } lower_value;

typedef struct lowering {
  loom_ctx *ctx;
  arena *mem;
  const kernel_graph *k;
  text out;
  int depth;                   /* indentation */
  int next;                    /* number of the next SSA name */
  lower_value *values;         /* by kernel_value */
  const char **tensors;        /* memref name by kernel_tensor; NULL: no argument of the function */
} lowering;

/* Starts a line: indentation, then the text; the caller ends it with lower_end. */
void lower_line(lowering *l, const char *fmt, ...) LOOM_PRINTF(2, 3);
/* A fresh SSA name. */
const char *lower_name(lowering *l);
/* MLIR spelling of a dim: "?" for block sizes, a number for known sizes; *out_ssa: an index value of it (NULL: do not want). */
LOOM_MUST_USE loom_status lower_dim(lowering *l, loom_span span, const sym_expr *e, const char **out_text, const char **out_ssa);
LOOM_MUST_USE loom_status lower_tensor_type(lowering *l, loom_span span, const kernel_type *t, const char **out);
/* tensor.empty of `t`. */
LOOM_MUST_USE loom_status lower_empty(lowering *l, loom_span span, const kernel_type *t, const char **out_name, const char **out_type);
/* A float or integer literal of type `t`. */
const char *lower_literal(lowering *l, dtype t, double v);
void lower_bind(lowering *l, kernel_value v, const char *name, const char *type);

/* ---- lower_memory.c ---- */
LOOM_MUST_USE loom_status lower_load(lowering *l, const kernel_op *op);
LOOM_MUST_USE loom_status lower_store(lowering *l, const kernel_op *op);
/* ---- lower_compute.c ---- */
LOOM_MUST_USE loom_status lower_compute(lowering *l, const kernel_op *op);
/* Text of scalar operations that turn `name` of type `from` into `to`; gives the new name ("" operations when equal). */
const char *lower_scalar_cast(lowering *l, const char *name, dtype from, dtype to);
#endif
