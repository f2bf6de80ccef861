// The matrix unit of a small chip: what it computes, over which symbols, in which memory.
module @proc_matrix_lane {
  // C[M, N] = A[M, K] * B[K, N]
  func.func @matmul_f16(%a: memref<?x?xf16>, %b: memref<?x?xf16>, %c: memref<?x?xf16>) {
    %M = loom.sym @M : index
    %N = loom.sym @N : index
    %K = loom.sym @K : index
    loom.bind_shape %a, [%M, %K] : memref<?x?xf16>
    loom.bind_mem %a, @mem_L1 : memref<?x?xf16>
    loom.bind_shape %b, [%K, %N] : memref<?x?xf16>
    loom.bind_mem %b, @mem_L1 : memref<?x?xf16>
    loom.bind_shape %c, [%M, %N] : memref<?x?xf16>
    loom.bind_mem %c, @mem_L1 : memref<?x?xf16>
    linalg.matmul ins(%a, %b : memref<?x?xf16>, memref<?x?xf16>) outs(%c : memref<?x?xf16>)
    return
  }
}
