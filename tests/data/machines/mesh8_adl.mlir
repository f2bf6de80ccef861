// A 4 x 2 mesh over 8 DRAM channels in upstream's adl form; tests/data/compute_dir has its costs.
module @arch_system {
  %0 = adl.memory.bank "mem_DRAM_bank", {bsize = 8192, nblk = 196608}
  %1 = adl.spatial_dim "dim_dram_channel", 8
  %2 = adl.memory.array "mem_DRAM", [%1] of %0
  %3 = adl.memory.bank "mem_bank", {bsize = 16, nblk = 5464}
  %4 = adl.spatial_dim "dim_nbank", 16
  %5 = adl.memory.array "mem_L1", [%4] of %3
  %6 = adl.resource.exclusive "res_matrix_lane"
  %7 = adl.processor.compute @proc_matrix_lane, [(%5, %5)], with [%6]
  %8 = adl.processor.compute @proc_vector_lane, [(%5, %5)]
  %9 = adl.arch.compose "arch_core", arch[%7, %8], mem[%5]
  %10 = adl.spatial_dim "dim_x", 4
  %11 = adl.spatial_dim "dim_y", 2
  %12 = adl.arch.scale "arch_mesh", [%10, %11] of %9
  %13 = adl.memory.array "mem_array_L1", [%10, %11] of %5
  %14 = adl.processor.dmover @proc_noc0, [(%2, %13)]
  %15 = adl.processor.dmover @proc_noc1, [(%13, %2), (%13, %13)]
  %16 = adl.arch.compose "arch_system", arch[%12, %14, %15], mem[%2]
}
