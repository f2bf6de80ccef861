/* target/tt: a kernel as Tenstorrent tt-metal code.  Takes the tile operation graph of a materialised kernel and its tile functions; leaves three device kernels
 * (reader, compute, writer) as a module in dialect `ttkernel`, what a host program must set up for them, and both as C++.
 *
 *   TOG + tile functions --tt_lower--> tt_program { module in dialect ttkernel; circular buffers, semaphores, arguments, layouts }
 *   tt_program --tt_print_kernel--> reader.cpp, compute.cpp, writer.cpp     --tt_print_host--> host.cpp, README.md, CMakeLists.txt
 *
 * Shape of the module: one func.func for each kernel (`reader`, `compute`, `writer`; no arguments, no results; attribute ttkernel.thread = "noc" or "compute"), and
 * before them the private func.func's that they call (attribute ttkernel.thread of their caller).  In them: arith, scf.for, scf.if, func.call, func.return and
 * ttkernel ops.  Integers are i32 or index (both int32_t in C++); float constants are f32.  For readers of the code, on any op:
 *   loom.name    "tile_m": what its result, or the variable of its loop, is called     (a hint: made unique, and an identifier, by the printer)
 *   loom.comment "load x: multicast along x to 4 cores": a line before it
 *   loom.arg_names = ["cb", "tiles"] of a func.func */
#ifndef LOOM_TT_TT_H
#define LOOM_TT_TT_H
#include "dialect/dialect.h"
#include "machine/machine.h"
#include "tog/tog.h"

enum { TT_TILE = 32, TT_CBS_MAX = 32, TT_SEMAPHORES_MAX = 16, TT_ARGS_MAX = 256 };
typedef enum tt_role { TT_READER, TT_COMPUTE, TT_WRITER, TT_ROLES } tt_role;

/* How a tensor lies in the board's DRAM, in pages dealt to the banks in turn (interleaved).
 * Tiles: pages of 32 x 32 elements over dims row_dim and col_dim (of the tensor's own dims), each padded to a multiple of 32 with zeros, four 16 x 16 faces in
 * a page; the page of tile (r, c) is (b * row_tiles + r) * col_tiles + c, b the row-major index over the other dims in their order.
 * Sticks: a page is the last dim, padded to page_bytes. */
typedef struct tt_tensor {
  const char *name;                       /* of tog->tensors[i], in its order */
  dtype type;                             /* DT_BF16 or DT_F32 */
  int rank; int64_t shape[TOG_RANK_MAX];
  bool is_input, is_output, is_tiled;
  int row_dim, col_dim;
  int64_t page_bytes, pages;
} tt_tensor;

typedef struct tt_cb {
  const char *name, *comment;             /* "x", "x[tile_m, tile_k]: 2 slots of 4 x 8 tiles" */
  dtype type;
  int64_t page_bytes, pages;
  int shares;                             /* 1 + the earlier one whose memory it has, which is as large; 0: memory of its own */
  bool unpack_to_dest;                    /* f32 that copy_tile brings to DST with all its bits */
} tt_cb;

/* An argument of a kernel at run time: a number, the same on all cores or made from a core's logical coordinates ("x", "y"). */
typedef enum tt_arg_kind {
  TT_ARG_ADDRESS,                         /* of tensor `index` in DRAM */
  TT_ARG_VALUE,                           /* x(x, y) */
  TT_ARG_NOC_X, TT_ARG_NOC_Y,             /* NoC coordinate of the worker core with logical coordinates (x(x, y), y(x, y)) */
} tt_arg_kind;
typedef struct tt_arg { const char *name; tt_arg_kind kind; int index; const sym_expr *x, *y; } tt_arg;
/* At compile time: a number, or all that TensorAccessorArgs(buffer of tensor `index`) has. */
typedef struct tt_const { const char *name; bool is_accessor; int index; int64_t value; } tt_const;

typedef struct tt_kernel { VEC_OF(tt_const) consts; VEC_OF(tt_arg) args; } tt_kernel;

typedef struct tt_program {
  const char *kernel, *machine, *arch;    /* arch: "wormhole", "blackhole" */
  const char *summary;                    /* the plan in words, lines for comments */
  int64_t grid[2];                        /* cores used: logical [0, grid[0]) x [0, grid[1]) */
  VEC_OF(tt_tensor) tensors; VEC_OF(tt_cb) cbs;
  int n_semaphores;                       /* ids 0 .., all start at 0 */
  tt_kernel kernels[TT_ROLES];
  bool fp32_dest, full_sync;              /* of ComputeConfig */
  MlirModule module;                      /* LOOM_GIVE: ir_close_module */
} tt_program;

/* l1_accumulate: sums of products over several turns are added up by the packer in L1 instead of being read back into DST. */
typedef struct tt_options { bool l1_accumulate; } tt_options;
/* LOOM_EUNSUP with what has no lowering; LOOM_ELIMIT: circular buffers, semaphores or L1 beyond what a core has. */
LOOM_MUST_USE loom_status tt_lower(ir_ctx *ir, const tog *t, const machine *m, const char *summary, tt_options o, tt_program *out);
/* C++ of one kernel, of the module alone; object_api: Noc and CircularBuffer objects instead of free functions. */
LOOM_MUST_USE loom_status tt_print_kernel(ir_ctx *ir, MlirModule m, tt_role role, bool object_api, const char **out);
/* host.cpp; README.md; CMakeLists.txt. */
const char *tt_print_host(arena *mem, const tt_program *p);
const char *tt_print_readme(arena *mem, const tt_program *p);
const char *tt_print_cmake(arena *mem, const tt_program *p);
/* The name of tensor i in the host program and of its files: its own where that is an identifier, else "tensor_<i>". */
const char *tt_tensor_name(arena *mem, const tt_program *p, size_t i);
const char *tt_role_name(tt_role r);                    /* "reader" */
#endif
