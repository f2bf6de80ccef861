/* bisect: runs the forms of a kernel and records what they make, for the search for the first operation that goes wrong.
 * Takes: a kernel graph, MLIR of any stage, a TOG; contents of the arguments.  Leaves: a flow_run (flow/flow.h) and the results.
 *
 * MLIR is run by an interpreter of its own, in double with the rounding of each type, so that it needs no other lowering to be right.  Sums of
 * f16 and bf16 add in f32 and are rounded where they are read, as all engines do. */
#ifndef LOOM_BISECT_BISECT_H
#define LOOM_BISECT_BISECT_H
#include "dialect/dialect.h"
#include "flow/flow.h"
#include "kernel/interp.h"
#include "sim/sim.h"

/* How a run ended before its end. */
typedef enum bisect_end {
  BISECT_RAN,
  BISECT_UNKNOWN,       /* at an operation that is not known here: nothing can be said */
  BISECT_BROKE,         /* at an operation that cannot be right: it leaves its memory, it divides by zero */
  BISECT_FULL           /* more values than are kept */
} bisect_end;
typedef struct bisect_stop { bisect_end end; const char *why; MlirOperation op; /* of BROKE and UNKNOWN in MLIR */ const flow_frame *frame; } bisect_stop;

/* ---- bisect_kernel.c ---- */
/* The run of a kernel graph: interp_watch fills it. */
typedef struct bisect_kernel {
  const kernel_graph *graph;
  flow_run *flow;
  int *node_of;                          /* by kernel value: the node it holds */
  int **writer;                          /* by kernel tensor (roots): by element, -1 */
  VEC_OF(int) touched;                   /* nodes that the LOAD under way reads from */
  bool reads_input;                      /* and it reads what nobody wrote */
  VEC_OF(int) stamps; int stamp;         /* by node: of the last LOAD that listed it */
  struct bisect_given *given;            /* to gathers */
} bisect_kernel;
/* Runs the interpreter on `tensors` (interp.h) and records.  *out_run: the recording, in `mem`; its values are rounded, with bounds. */
LOOM_MUST_USE loom_status bisect_run_kernel(loom_ctx *ctx, const kernel_graph *k, interp_tensor *tensors, const interp_options *o, arena *mem, int64_t elems_max,
                                            bisect_kernel **out_run);
/* "matmul.py:12:5: matmul" */
const char *bisect_kernel_op_text(arena *mem, const kernel_graph *k, const kernel_op *op);

/* ---- bisect_ir.c ---- */
typedef struct bisect_argument { const double *values; /* NULL: nothing in it yet */ int64_t elems; /* that it must have */ } bisect_argument;
typedef struct bisect_ir_options {
  const sym_binding *symbols; size_t n_symbols;        /* of loom.sym */
  const bisect_argument *arguments; size_t n_arguments;       /* by function argument: memory */
  const int64_t *scalars;                /* the index arguments behind them */
  bool accumulate_in_result_type;
  int64_t elems_max, op_budget;          /* values kept; scalar operations; 0: unlimited */
} bisect_ir_options;
/* Runs function `func`; all that is left is in `mem`.  *out_memory: by argument, as it is at the end.  Values found wrong are for the caller to see;
 * `out_stop` says whether it ran to its end. */
LOOM_MUST_USE loom_status bisect_run_ir(ir_ctx *ir, MlirOperation func, const bisect_ir_options *o, arena *mem, flow_run **out_run, flow_memory ***out_memory, bisect_stop *out_stop);

/* ---- bisect_tog.c ---- */
typedef struct bisect_tog bisect_tog;
/* The recorder of one run of the virtual chip: pass bisect_tog_watch(..) as sim_options.watch. */
bisect_tog *bisect_tog_open(arena *mem, const tog *t, int64_t elems_max);
const sim_watch *bisect_tog_watch(bisect_tog *b);
flow_run *bisect_tog_run(bisect_tog *b);
const int *bisect_tog_writer(const bisect_tog *b, int tensor);        /* by element: the node of the store, -1 */
#endif
