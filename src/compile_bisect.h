/* --bisect-numerics: the interpreter against the IR after each stage.  The first stage that goes wrong, and in it the first operation. */
#ifndef LOOM_COMPILE_BISECT_H
#define LOOM_COMPILE_BISECT_H
#include "bisect/bisect.h"
#include "compile_exec.h"

/* X(id, text) */
#define BISECT_STATUS_LIST(X) X(OK, "ok") X(DIVERGES, "diverges") X(SKIPPED, "skipped") X(REFERENCE, "reference")
typedef enum bisect_status {
#define X(id, text) BISECT_##id,
  BISECT_STATUS_LIST(X)
#undef X
} bisect_status;

typedef struct bisect_stage { const char *name; bisect_status status; const char *why; /* of SKIPPED */ int64_t elems, wrong; } bisect_stage;

/* What went wrong first.  Strings may be NULL: not known. */
typedef struct bisect_finding {
  const char *stage, *op;                /* "canonical", "linalg.matmul" */
  const char *text;                      /* the operation, printed */
  const char *location, *kernel_location;       /* "002_canonical.mlir:21:13", "matmul.py:12:5" */
  const char *kernel_op;                 /* what it should have done: "matmul" */
  const char *where;                     /* "instance (0, 1) of affine.parallel, round 2 of scf.for" */
  const char *why;                       /* when no value says it: "it touches .." */
  bool has_value; const char *element; double expected, got, bound;      /* of what the operation made */
  const char *result; double result_expected, result_got, result_bound;  /* "out[3, 5]": the first wrong element of the kernel's results */
} bisect_finding;

typedef struct compile_bisection {
  VEC_OF(bisect_stage) stages;
  bool found; bisect_finding finding;
} compile_bisection;

/* Runs every stage that `s` holds, in order, up to the first that goes wrong. */
LOOM_MUST_USE loom_status compile_bisect(compile_state *s, const run_options *r, compile_bisection *out);
data_value *compile_bisection_data(arena *m, const compile_bisection *b);
const char *compile_bisect_status_text(bisect_status s);

/* ---- shared by compile_bisect*.c ---- */
/* One run of the kernel graph that all stages of those block sizes must agree with. */
typedef struct bisect_reference { const sym_binding *blocks; size_t n_blocks; bisect_kernel *run; interp_tensor *values; } bisect_reference;
/* A stage that ran, in terms of the kernel's tensors: by kernel tensor (roots; NULL: not of this stage). */
typedef struct bisect_outcome {
  flow_run *flow;
  const double **values;
  const int **writer;
  bisect_stop stop;
  const char *fault;                     /* of the virtual chip; NULL: none */
} bisect_outcome;
typedef VEC_OF(double) bisect_constants;

typedef struct bisection {
  compile_state *s;
  const run_options *r;
  compile_bisection *out;
  const kernel_graph *graph;             /* the kernel as it was read */
  interp_tensor *inputs;
  arena kept, passing;                   /* what the references made, to the end; what the stage that is running makes */
  VEC_OF(bisect_reference) references;
  bisect_constants constants;            /* of the stages that were right */
} bisection;

/* ---- compile_bisect_blocks.c ---- */
LOOM_MUST_USE loom_status bisect_plan_blocks(bisection *b, const sym_binding **out, size_t *n);
/* Whole tiles: the divisors of the extents nearest to the plan's sizes; with `below`, smaller than the extents.  *ok false: they do not divide all
 * that they tile. */
LOOM_MUST_USE loom_status bisect_whole_blocks(bisection *b, MlirModule m, bool below, const sym_binding **out, size_t *n, bool *ok);

/* ---- compile_bisect_run.c ---- */
/* Values kept of one run. */
int64_t bisect_most_elems(const bisection *b);
/* The operation as text: loops and grids with their first line only. */
const char *bisect_print_op(bisection *b, const void *key, const char **out_location);
const char *bisect_print_node(bisection *b, const void *key, const char **out_location);
/* A module whose places are those of its dump, unless a user's file has replaced it. */
LOOM_MUST_USE loom_status bisect_with_places(bisection *b, compile_stage stage, MlirModule m, LOOM_GIVE MlirModule *out);
LOOM_MUST_USE loom_status bisect_run_module(bisection *b, MlirModule m, const bisect_reference *want, bisect_outcome *out);
LOOM_MUST_USE loom_status bisect_run_chip(bisection *b, bisect_outcome *out);

/* ---- compile_bisect_judge.c ---- */
/* Where `got` first leaves `want`, if it does: fills the finding. */
LOOM_MUST_USE loom_status bisect_judge(bisection *b, const char *stage, const bisect_reference *want, const bisect_outcome *got, bisect_stage *row,
                                       const char *(*print)(bisection *b, const void *key, const char **out_location));
#endif
