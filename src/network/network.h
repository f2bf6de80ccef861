/* network: functions on tensors as kernels for any machine.  Takes: a module of linalg, tensor, arith and math on tensors of known sizes (torch and tosa are
 * lowered to that first).  Leaves: kernel graphs (kernel/kernel.h, MEETING POINT 1) in the order to run them, and the tensors in DRAM between them. */
#ifndef LOOM_NETWORK_H
#define LOOM_NETWORK_H
#include "ir/ir.h"
#include "kernel/interp.h"

typedef enum network_role { NETWORK_ARG, NETWORK_CONSTANT, NETWORK_TEMPORARY } network_role;
typedef struct network_tensor {
  const char *name;                        /* unique */
  network_role role;
  dtype type; int rank; int64_t shape[KERNEL_RANK_MAX], elems;
  void *bytes;                             /* CONSTANT: contents, row-major; nobody writes there, and they are there as long as the ir_ctx that they were read with */
  const interp_tensor *computed;           /* CONSTANT that was computed from others while this was read: its values and bounds; NULL: it was given */
} network_tensor;

/* An operation of the function in a kernel: its name, where it stands, and why it is in this kernel ("root", "reads a row that is on chip", ..). */
typedef struct network_part { const char *op; loom_span span; const char *why; } network_part;

/* Kernel tensor i of the graph, where it is an argument or an allocation, is network tensor `tensor[i]`; -1 for views.
 * An allocation is made by the kernel; an argument that it stores to is changed in place. */
typedef struct network_kernel {
  const char *op;                          /* "matmul", "conv", "softmax", .. */
  kernel_graph *graph; int *tensor; loom_span span;
  VEC_OF(network_part) parts;              /* the function's operations in it, in order */
  int64_t flops, product_flops;            /* arithmetic, and what of it are products that are summed (2 each) */
  int64_t bytes;                           /* of its tensors, each element at most once */
  const char *ends;                        /* why the operation behind is not in it: "..", NULL: nothing reads what it makes */
} network_kernel;

/* Result i shows the whole of tensor `tensor` row-major with this shape. */
typedef struct network_result { int tensor; dtype type; int rank; int64_t shape[KERNEL_RANK_MAX]; } network_result;
typedef struct network {
  const char *name;
  VEC_OF(network_tensor) tensors;          /* the function's arguments first, in order */
  int n_args;
  VEC_OF(network_kernel) kernels;
  VEC_OF(network_result) results;
  bool sums_narrow;                        /* the function sums in float16 or bfloat16; kernels sum in float32 and round once */
} network;

/* `m` is changed.  `function`: NULL is the first public one.  LOOM_EUNSUP: operations, types or indices that have no kernel form: all of them are
 * reported with their places before anything is made; LOOM_EINPUT: there is no such function. */
LOOM_MUST_USE loom_status network_read(ir_ctx *ir, MlirModule m, const char *function, network **out);
#endif
