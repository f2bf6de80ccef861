module @proc_noc0 {
  func.func @dram_to_l1_S_f16(%src: memref<?x?xf16>, %dst: memref<?x?xf16>) {
    %M = loom.sym @M : index
    %N = loom.sym @N : index
    %eb = loom.sym @effective_bandwidth : index
    loom.bind_shape %src, [%M, %N] : memref<?x?xf16>
    loom.bind_mem %src, @mem_DRAM : memref<?x?xf16>
    loom.bind_shape %dst, [%M, %N] : memref<?x?xf16>
    loom.bind_mem %dst, @mem_array_L1 : memref<?x?xf16>
    loom.copy %src, %dst src_mem_space @mem_DRAM dst_mem_space @mem_array_L1, area: [1, 1] : memref<?x?xf16> to memref<?x?xf16>
    return
  }
}
