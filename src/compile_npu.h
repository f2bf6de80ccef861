/* Programs for NPUs: a compile for a machine with `npu`, then its graph as a program in the contract of target/npu, lowered to a tile graph and machine code.
 *
 *   KERNEL -> .. -> TOG -> program (npt_lower) -> transfers, vcix -> tile_graph with cycles
 *                                                            '-> a function a node -> RISC-V object, which the simulator executes */
#ifndef LOOM_COMPILE_NPU_H
#define LOOM_COMPILE_NPU_H
#include "compile_exec.h"
#include "sim/npu/npu.h"
#include "target/npu/npt.h"
#include "target/npu/npt_outline.h"
#include "target/npu/npt_riscv.h"
#include "target/npu/npt_program.h"

typedef struct compile_npu_file { const char *name, *bytes; size_t size; } compile_npu_file;
typedef struct compile_npu {
  npt_program program;                     /* its module is lowered */
  tile_graph *graph;
  npt_riscv_code code;
  VEC_OF(compile_npu_file) files;          /* program.mlir, lowered.mlir, kernel.s, kernel.o, graph.json, program.json */
  npu_report report;                       /* of the run with the inputs */
  npu_options how;                         /* of runs, set before them: budgets, and `record` of the one with the inputs; the rest is filled in */
  double ms;                               /* of the lowering */
} compile_npu;

/* LOOM_EUSAGE: the machine has no section `npu`. */
LOOM_MUST_USE loom_status compile_npu_check_machine(compile_state *s);
/* compile_kernel, and the program.  Lanes hold whole rows: where the slots of a plan take more than a lane's bank, the kernel is planned again with so much less memory; not where
 * the plan or block sizes are given.  compile_npu_close in any case, before compile_done(s). */
LOOM_MUST_USE loom_status compile_npu_compile(loom_ctx *ctx, compile_options *o, compile_state *s, compile_npu *out);
void compile_npu_close(compile_npu *n);
/* The machine with all of its memory, also where a plan was to leave some free. */
machine compile_npu_machine(const compile_state *s);
/* The program of s->tog as it is: a plan from files.  Its three steps, for who looks at it between them: the program in the contract of target/npu; transfers and vcix; graph and code. */
LOOM_MUST_USE loom_status compile_npu_lower(compile_state *s, compile_npu *out);
LOOM_MUST_USE loom_status compile_npu_make_program(compile_state *s, compile_npu *out);
LOOM_MUST_USE loom_status compile_npu_lower_program(compile_state *s, compile_npu *n);
LOOM_MUST_USE loom_status compile_npu_make_code(compile_state *s, compile_npu *n);
LOOM_MUST_USE loom_status compile_npu_write(compile_state *s, const compile_npu *n, const char *dir);
/* n->graph, n->code and the program's arguments from files of compile_npu_write, for s->tog.  LOOM_EINPUT: they do not fit s->tog, or s->machine has other lanes or vectors. */
LOOM_MUST_USE loom_status compile_npu_read(compile_state *s, const char *dir, compile_npu *n);
/* The same as data, without the code; n->graph and the program's arguments from it, with the code. */
data_value *compile_npu_data(compile_state *s, const compile_npu *n);
LOOM_MUST_USE loom_status compile_npu_from_data(compile_state *s, const data_value *v, char *object, size_t size, compile_npu *n);
/* Values and cycles in one run; fills the check as compile_execute does, and cycles, bytes and faults of out->report. */
LOOM_MUST_USE loom_status compile_npu_execute(compile_state *s, compile_npu *n, const run_options *r, compile_execution *out);
/* Cycles alone. */
LOOM_MUST_USE loom_status compile_npu_time(compile_state *s, compile_npu *n, const run_options *r, compile_execution *out);
#endif
