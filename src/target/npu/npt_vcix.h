/* Programs on the systolic array: linalg.matmul on scratchpad tiles and transcendentals as operations of dialect `vcix`; PyTorchSim's lower_to_vcix.
 *
 * One product of M x K by K x N, SS lanes, all loops marked inner_loop and made only where the size is above SS:
 *
 *   for n < N/SS, for k < K/SS:   [wait for B's subtile]  push SS rows of weights, zeros behind row K
 *     for m < M/push:             [wait for A's and the bias' subtile]  push rows of A, compute, pop and add to C
 *
 * An element (r, c) of a tile is in lane c mod SS at r + rows * (c div SS): A[M,K] has its columns in lanes, B[K,N] and C[M,N] too.  A vector is vlen / (bits of an element of A)
 * elements, shorter where fewer rows are left.  The loops around say what the product belongs to: accumulation_loop (their indices go into the slots that waits name with
 * coefficient -1: a mark of the reduction, not an offset), outer_loop, and four inner_loop (k_h, k_w, o_h, o_w) of a convolution, whose weights stay for all its pixels.
 *
 * Element types: f32, f16, bf16 (pushes of bf16 have the immediate ISA_PUSH_BF16) with sums in f32, i8, i16, i32 (ISA_PUSH_INT) with sums in i32; C of another type is converted.
 *
 * What is lowered: products in an accumulation loop and two outer loops whose A and B are initialised, by a load from the function's argument idx_map[0], idx_map[1] ([0, 1, 2]
 * unless said) or by an affine.vector_store; others are left.  `force`, or npu.matmul on the operation, lowers it wherever it stands; loads are then told by their tiles.
 * K below SS: lanes K.. of A count too, times the zeros behind row K of B, so they must hold numbers.  A load makes them zero; of an A that vector code stored they are masked;
 * with `force` or npu.matmul the program sees to them.
 * npu.overwrite: the first k chunk is stored instead of added. */
#ifndef LOOM_TARGET_NPU_NPT_VCIX_H
#define LOOM_TARGET_NPU_NPT_VCIX_H
#include "ir/ir.h"

typedef struct npt_vcix_options {
  int lanes;              /* rows and columns of the array: "SS" */
  int vlen_bits;
  bool force;
} npt_vcix_options;

/* Needs affine loops with the marks above, tiles in memory space 1.  LOOM_EINPUT, LOOM_EUNSUP: a product or function that the array cannot do, with its place.
 * Transcendentals: vectors of any rank; f16 and bf16 through f32; vectors above eight registers in parts.  exp2, log2, log10, log1p, expm1, tan, sinh, cosh, powf and remf are made of
 * them in f64 (ours; npt_vcix_derived.c). */
LOOM_MUST_USE loom_status npt_to_vcix(ir_ctx *ir, MlirModule m, const npt_vcix_options *o);
#endif
