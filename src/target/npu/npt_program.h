/* A kernel as a program of an NPU core: MLIR in the contract that the passes of this room take (PyTorchSim's; docs/npu.md).
 * Takes the tile operation graph of a plan for one core and its tile functions; leaves a module with one function `kernel`: tiles in the scratchpad as globals,
 * affine loops with roles, togsim.transfer, linalg.matmul, and vector code that every lane runs on its own bank.
 *
 * Layout.  A tile of rank r lies in the lanes by two of its dims.  The elements along dim `lane` are dealt to the lanes in turn, V at a time, one round after
 * the other; along dim `vec` they are neighbours in a lane's bank.  Of a lane's bank, slowest first: the other dims, the rounds, vec.  No lane dim: every lane
 * has a copy; no vec dim: every element is there `NPT_VECTOR` times side by side, so that a vector load gives it to all elements; lane == vec: the lanes have
 * runs of neighbours.  An op is done with one lane dim and one vec dim of its iteration, which every operand must have in that place or not have at all.
 * A product C[m, n] += A[m, k] B[k, n] has two such ways: n in the lanes (A: k in the lanes, m neighbours; B: n, k; C: n, m), or m in the lanes (A: m, k; B: k, n; C: m, n).
 * npt_layout.c chooses the ways with the fewest tiles that must be laid out anew, which goes through DRAM; what is loaded may be loaded in several ways. */
#ifndef LOOM_TARGET_NPU_NPT_PROGRAM_H
#define LOOM_TARGET_NPU_NPT_PROGRAM_H
#include "dialect/dialect.h"
#include "machine/machine.h"
#include "tog/tog.h"

enum { NPT_VECTOR = 8 };                  /* f32 of a vector register; every vector in a program has so many elements */

/* Argument i of `kernel`: a DRAM tensor, flat. */
typedef struct npt_tensor { const char *name; dtype type; int64_t elems; int tensor; /* of the graph; -1: memory of the program's own */ } npt_tensor;
typedef struct npt_program {
  MlirModule module;                      /* LOOM_GIVE: ir_close_module */
  const char *kernel;                     /* name of its function: "kernel" */
  VEC_OF(npt_tensor) arguments;
  int64_t lane_bytes;                     /* of each lane's bank that its tiles take */
  int64_t slots_bytes;                    /* the same, each tile as often as the plan has slots for it: what the core has of them at a time */
  int64_t rows;                           /* of the argument `rows` in the graph; 0: the program has none */
  int n_moved;                            /* tiles laid out anew */
} npt_program;

/* lanes and bytes of a lane's bank: of the machine.  LOOM_EUNSUP: what has no form, with its tile function; LOOM_ELIMIT: the tiles do not fit a bank, out->lane_bytes says
 * what they need. */
/* opens_rows: the number of rows of the tensors is an argument of the program, `rows`; up to what the graph has. */
typedef struct npt_core { int lanes; int64_t lane_bytes; bool opens_rows; } npt_core;
/* LOOM_EINPUT: the machine's memory has no banks that could be lanes. */
LOOM_MUST_USE loom_status npt_core_of(loom_ctx *ctx, const machine *m, npt_core *out);
LOOM_MUST_USE loom_status npt_lower(ir_ctx *ir, const tog *t, npt_core core, npt_program *out);
#endif
