/* Loads and stores of a function, the loops around them, and what their places depend on: in every form of the IR before bufferization
 * (subviews taken as tensors, copies of reinterpret_casts, loom.copy). */
#ifndef LOOM_PASS_ACCESS_QUERY_H
#define LOOM_PASS_ACCESS_QUERY_H
#include "pass/value_set.h"

typedef struct pass_access {
  MlirOperation copy;      /* loom.copy, memref.copy, bufferization.to_tensor or materialize_in_destination */
  MlirOperation view;      /* the part of an argument of the function that is read or written, or a part of that part */
  MlirValue memory;        /* the argument */
  bool is_store;
} pass_access;
typedef VEC_OF(pass_access) pass_accesses;
/* In program order; transfers inside a core's memory are none. */
void pass_list_accesses(ir_ctx *ir, MlirOperation func, pass_accesses *out);

/* Adds to `out` the induction variables `v` depends on: through arithmetic, the start of loops, and what loops carry. */
void pass_add_ivs(ir_ctx *ir, MlirValue v, value_set *out);
/* Those the place and the size of the access depend on. */
void pass_access_ivs(ir_ctx *ir, const pass_access *a, value_set *out);

typedef enum loop_kind { LOOP_PLAIN, LOOP_SPATIAL, LOOP_TEMPORAL, LOOP_SEQUENTIAL } loop_kind;
typedef struct pass_loop {
  MlirOperation op;
  MlirValue iv;             /* of the first dim of an affine.parallel */
  loop_kind kind;           /* loom.iter_type */
  const char *dim;          /* mesh dim of a spatial loop as its attribute says it ("dim_y", "y"), else NULL */
  int level;
  int64_t trips;            /* -1: not constant */
} pass_loop;
enum { PASS_LOOPS_MAX = 64 };
/* Loops around `op`, outermost first; at most PASS_LOOPS_MAX, the innermost ones. */
int pass_enclosing_loops(ir_ctx *ir, MlirOperation op, pass_loop *out);
/* Whether the trip counts of the loop depend on one of its other loops' variables `iv`. */
bool pass_loop_depends(ir_ctx *ir, MlirOperation loop, MlirValue iv);
/* Whether loop k of the n around an access stands still for it: `ivs` are what its place depends on.  A loop of one turn moves nothing and reuses
 * nothing.  Where some loop around the access takes other turns on other cores, no cores share (upstream's rule; the space of `loom explore` is finer). */
bool pass_loop_reuses(ir_ctx *ir, const pass_loop *loops, int n, int k, const value_set *ivs);
MlirAttribute pass_kind_attr(ir_ctx *ir, loop_kind kind);
#endif
