/* npu_kernels: tile graphs of usual kernels, written by hand as a compiler for an NPU would: what `loom bench tpuv3` runs and tests measure. */
#ifndef LOOM_SIM_NPU_KERNELS_H
#define LOOM_SIM_NPU_KERNELS_H
#include "machine/machine.h"
#include "tog/onnx/tile_graph.h"

/* C[m, n] = A[m, k] B[k, n] in f32. */
typedef struct npu_gemm { int64_t m, n, k; } npu_gemm;
/* f32, NHWC, `side` x `side` pixels in and out, c_in and c_out channels, a window of kernel x kernel with zeros around; batch images. */
typedef struct npu_conv { int64_t batch, side, c_in, c_out, kernel; } npu_conv;
/* Rows of `columns` f32, each normalized by itself. */
typedef struct npu_rows { int64_t rows, columns; } npu_rows;

/* Tiles are the largest that leave room for a second set; cycles of nodes follow from the machine's units.  `m` has `npu` and core.pipeline. */
tile_graph *npu_kernel_gemm(arena *mem, const machine *m, npu_gemm s);
tile_graph *npu_kernel_conv(arena *mem, const machine *m, npu_conv s);
/* Three kernels, one after the other: two reductions, each of which reads the rows again, and the result. */
void npu_kernel_softmax(arena *mem, const machine *m, npu_rows s, tile_graph *out[3]);
void npu_kernel_layernorm(arena *mem, const machine *m, npu_rows s, tile_graph *out[3]);
#endif
