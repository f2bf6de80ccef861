// Waits for parts that loom-dma-fine-grained cut.  Oracle: the numbers it gives them, row by row.
// RUN: loom opt %s --split-input-file --pass-pipeline='builtin.module(loom-dma-fine-grained{systolic-array-size=8},loom-to-vcix{systolic-array-size=8 vlen=128})' | FileCheck %s

// K is whole: PyTorchSim's slots are those of the loads.
// CHECK-LABEL: func.func @whole_k(
// CHECK: affine.for %[[M:[a-z0-9]+]] = 0 to 2
// CHECK: %[[N:[a-z0-9]+]] = 0 to 2
// CHECK: %[[AT:[0-9]+]] = affine.apply affine_map<(d0, d1) -> (d0 + d1)>(%[[M]]
// CHECK: togsim.transfer"(%arg0, {{.*}}, %[[AT]], 
// CHECK: affine.for %[[VN:[a-z0-9]+]] = 0 to 2
// CHECK: affine.for %{{.*}} = 0 to 2
// CHECK: affine.apply affine_map<(d0, d1, d2) -> (-d0 + d1 + d2 floordiv 2)>(%{{.*}}, %[[VN]], %c0
// CHECK: togsim.wait
// CHECK: affine.for %[[VM:[a-z0-9]+]] = 0 to 2
// CHECK: affine.apply affine_map<(d0, d1, d2) -> (-d0 + d1 * 2 + d2)>(%{{.*}}, %c0{{.*}}, %[[VM]])
// CHECK: togsim.wait

memref.global "private" @A : memref<16x16xf32, 1>
memref.global "private" @B : memref<16x16xf32, 1>
memref.global "private" @C : memref<16x16xf32, 1>
func.func @whole_k(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = memref.get_global @A : memref<16x16xf32, 1>
  %b = memref.get_global @B : memref<16x16xf32, 1>
  %c = memref.get_global @C : memref<16x16xf32, 1>
  %ta = memref.alloc() : memref<1xi32>
  %tb = memref.alloc() : memref<1xi32>
  affine.for %o0 = 0 to 4 {
    affine.for %o1 = 0 to 4 {
      affine.for %k0 = 0 to 4 {
        "togsim.transfer"(%x, %c0, %a, %c0, %ta, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [16, 1], tile_stride = [1, 16], subtile_size = [8, 16], async = true} : (memref<65536xf32>, index, memref<16x16xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        "togsim.transfer"(%y, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [16, 1], tile_stride = [1, 16], subtile_size = [16, 8], async = true} : (memref<65536xf32>, index, memref<16x16xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        linalg.matmul ins(%a, %b : memref<16x16xf32, 1>, memref<16x16xf32, 1>) outs(%c : memref<16x16xf32, 1>)
      } {accumulation_loop = true}
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// K in parts: A is waited for at m 2 + k, B at k 2 + n, as they are numbered when they are cut.
// CHECK-LABEL: func.func @parts_of_k_too(
// CHECK: affine.for %[[M:[a-z0-9]+]] = 0 to 2
// CHECK: affine.for %[[K:[a-z0-9]+]] = 0 to 2
// CHECK: affine.for %[[N:[a-z0-9]+]] = 0 to 2
// CHECK: affine.apply affine_map<(d0, d1) -> (d0 * 2 + d1)>(%[[M]], %[[K]])
// CHECK: togsim.transfer"(%arg0
// CHECK: affine.apply affine_map<(d0, d1) -> (d0 * 2 + d1)>(%[[K]], %[[N]])
// CHECK: togsim.transfer"(%arg1
// CHECK: affine.for %[[VN:[a-z0-9]+]] = 0 to 2
// CHECK: affine.for %[[VK:[a-z0-9]+]] = 0 to 2
// CHECK: affine.apply affine_map<(d0, d1, d2) -> (-d0 + d1 * 2 + d2)>(%{{.*}}, %[[VK]], %[[VN]])
// CHECK: togsim.wait
// CHECK: affine.for %[[VM:[a-z0-9]+]] = 0 to 2
// CHECK: affine.apply affine_map<(d0, d1, d2) -> (-d0 + d1 * 2 + d2)>(%{{.*}}, %[[VM]], %[[VK]])
// CHECK: togsim.wait

memref.global "private" @A : memref<16x16xf32, 1>
memref.global "private" @B : memref<16x16xf32, 1>
memref.global "private" @C : memref<16x16xf32, 1>
func.func @parts_of_k_too(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = memref.get_global @A : memref<16x16xf32, 1>
  %b = memref.get_global @B : memref<16x16xf32, 1>
  %c = memref.get_global @C : memref<16x16xf32, 1>
  %ta = memref.alloc() : memref<1xi32>
  %tb = memref.alloc() : memref<1xi32>
  affine.for %o0 = 0 to 4 {
    affine.for %o1 = 0 to 4 {
      affine.for %k0 = 0 to 4 {
        "togsim.transfer"(%x, %c0, %a, %c0, %ta, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [16, 1], tile_stride = [1, 16], subtile_size = [8, 8], async = true} : (memref<65536xf32>, index, memref<16x16xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        "togsim.transfer"(%y, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [16, 1], tile_stride = [1, 16], subtile_size = [8, 8], async = true} : (memref<65536xf32>, index, memref<16x16xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        linalg.matmul ins(%a, %b : memref<16x16xf32, 1>, memref<16x16xf32, 1>) outs(%c : memref<16x16xf32, 1>)
      } {accumulation_loop = true}
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// Parts of K of two blocks: the slot changes with every second one.
// CHECK-LABEL: func.func @parts_of_two_blocks(
// CHECK: togsim.transfer"(%arg1
// CHECK: affine.for %[[VN:[a-z0-9]+]] = 0 to 2
// CHECK: affine.for %[[VK:[a-z0-9]+]] = 0 to 4
// CHECK: affine.apply affine_map<(d0, d1, d2) -> (-d0 + (d1 floordiv 2) * 2 + d2)>(%{{.*}}, %[[VK]], %[[VN]])
// CHECK: togsim.wait
// CHECK: affine.for %[[VM:[a-z0-9]+]] = 0 to 2
// CHECK: affine.apply affine_map<(d0, d1, d2) -> (-d0 + d1 * 2 + d2 floordiv 2)>(%{{.*}}, %[[VM]], %[[VK]])
// CHECK: togsim.wait

memref.global "private" @A : memref<16x32xf32, 1>
memref.global "private" @B : memref<32x16xf32, 1>
memref.global "private" @C : memref<16x16xf32, 1>
func.func @parts_of_two_blocks(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = memref.get_global @A : memref<16x32xf32, 1>
  %b = memref.get_global @B : memref<32x16xf32, 1>
  %c = memref.get_global @C : memref<16x16xf32, 1>
  %ta = memref.alloc() : memref<1xi32>
  %tb = memref.alloc() : memref<1xi32>
  affine.for %o0 = 0 to 4 {
    affine.for %o1 = 0 to 4 {
      affine.for %k0 = 0 to 4 {
        "togsim.transfer"(%x, %c0, %a, %c0, %ta, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [32, 1], tile_stride = [1, 16], subtile_size = [8, 16], async = true} : (memref<65536xf32>, index, memref<16x32xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        "togsim.transfer"(%y, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [16, 1], tile_stride = [1, 32], subtile_size = [16, 8], async = true} : (memref<65536xf32>, index, memref<32x16xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        linalg.matmul ins(%a, %b : memref<16x32xf32, 1>, memref<32x16xf32, 1>) outs(%c : memref<16x16xf32, 1>)
      } {accumulation_loop = true}
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// A bias that is cut: m 2 + n.
// CHECK-LABEL: func.func @bias_in_cuts(
// CHECK: vcix.iv
// CHECK: affine.for %[[VM:[a-z0-9]+]] = 0 to 2
// CHECK: togsim.wait
// CHECK: affine.apply affine_map<(d0, d1) -> (d0 * 2 + d1)>(%[[VM]], %{{.*}})
// CHECK: togsim.wait

memref.global "private" @A : memref<16x8xf32, 1>
memref.global "private" @B : memref<8x16xf32, 1>
memref.global "private" @C : memref<16x16xf32, 1>
func.func @bias_in_cuts(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c14 = arith.constant 14 : index
  %a = memref.get_global @A : memref<16x8xf32, 1>
  %b = memref.get_global @B : memref<8x16xf32, 1>
  %c = memref.get_global @C : memref<16x16xf32, 1>
  %ta = memref.alloc() : memref<1xi32>
  %tb = memref.alloc() : memref<1xi32>
  %tc = memref.alloc() : memref<1xi32>
  affine.for %o0 = 0 to 4 {
    affine.for %o1 = 0 to 4 {
      %slot = affine.apply affine_map<(d0) -> (d0)>(%c0)
      "togsim.transfer"(%z, %c0, %c, %c0, %tc, %slot, %c14, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [16, 1], tile_stride = [1, 16], subtile_size = [8, 8], async = true} : (memref<65536xf32>, index, memref<16x16xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
      affine.for %k0 = 0 to 4 {
        "togsim.transfer"(%x, %c0, %a, %c0, %ta, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [8, 1], tile_stride = [1, 16], subtile_size = [8, 8], async = true} : (memref<65536xf32>, index, memref<16x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        "togsim.transfer"(%y, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [16, 1], tile_stride = [1, 8], subtile_size = [8, 8], async = true} : (memref<65536xf32>, index, memref<8x16xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
        linalg.matmul ins(%a, %b : memref<16x8xf32, 1>, memref<8x16xf32, 1>) outs(%c : memref<16x16xf32, 1>)
      } {accumulation_loop = true}
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// Pixels one by one: each tap waits for the pixel it reads, (2 o_h + k_h) 11 + 3 o_w + k_w; each block of weights for its own.
// CHECK-LABEL: func.func @conv_cut(
// CHECK: affine.apply affine_map<(d0, d1, d2, d3, d4) -> (-d0 + d1 * 2 + d2 + d3 + d4)>
// CHECK: togsim.wait
// CHECK: vcix.iv
// CHECK: affine.apply affine_map<(d0, d1, d2, d3, d4) -> (-d0 + d1 * 22 + d2 * 11 + d3 * 3 + d4)>
// CHECK: togsim.wait
// CHECK: vcix.iv

memref.global "private" @A : memref<11x11x8x8xf32, 1>
memref.global "private" @B : memref<3x2x8x8xf32, 1>
memref.global "private" @Y : memref<5x4x8x8xf32, 1>
func.func @conv_cut(%x: memref<65536xf32>, %y: memref<65536xf32>, %z: memref<65536xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = memref.get_global @A : memref<11x11x8x8xf32, 1>
  %b = memref.get_global @B : memref<3x2x8x8xf32, 1>
  %c = memref.get_global @Y : memref<5x4x8x8xf32, 1>
  %ta = memref.alloc() : memref<1xi32>
  %tb = memref.alloc() : memref<1xi32>
  affine.for %m = 0 to 2 {
  affine.for %n = 0 to 2 {
  affine.for %k = 0 to 2 {
  "togsim.transfer"(%x, %c0, %a, %c0, %ta, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 3 : i64, dram_stride = [1, 1, 1, 1], tile_stride = [704, 64, 1, 8], subtile_size = [1, 1, 8, 8], async = true} : (memref<65536xf32>, index, memref<11x11x8x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
  "togsim.transfer"(%y, %c0, %b, %c0, %tb, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 3 : i64, dram_stride = [1, 1, 1, 1], tile_stride = [128, 64, 1, 8], subtile_size = [1, 1, 8, 8], async = true} : (memref<65536xf32>, index, memref<3x2x8x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
  affine.for %kh = 0 to 3 {
  affine.for %kw = 0 to 2 {
    %wo = affine.apply affine_map<(d0, d1) -> (d0 * 128 + d1 * 64)>(%kh, %kw)
    %vb = memref.reinterpret_cast %b to offset: [%wo], sizes: [8, 8], strides: [8, 1] : memref<3x2x8x8xf32, 1> to memref<8x8xf32, strided<[8, 1], offset: ?>, 1>
  affine.for %oh = 0 to 5 {
  affine.for %ow = 0 to 4 {
    %ih = affine.apply affine_map<(d0, d1) -> (d0 * 2 + d1)>(%oh, %kh)
    %iw = affine.apply affine_map<(d0, d1) -> (d0 * 3 + d1)>(%ow, %kw)
    %io = affine.apply affine_map<(d0, d1) -> (d0 * 2048 + d1 * 64)>(%ih, %iw)
    %va = memref.reinterpret_cast %a to offset: [%io], sizes: [8, 8], strides: [8, 1] : memref<11x11x8x8xf32, 1> to memref<8x8xf32, strided<[8, 1], offset: ?>, 1>
    %yo = affine.apply affine_map<(d0, d1) -> (d0 * 256 + d1 * 64)>(%oh, %ow)
    %vy = memref.reinterpret_cast %c to offset: [%yo], sizes: [8, 8], strides: [8, 1] : memref<5x4x8x8xf32, 1> to memref<8x8xf32, strided<[8, 1], offset: ?>, 1>
    linalg.matmul ins(%va, %vb : memref<8x8xf32, strided<[8, 1], offset: ?>, 1>, memref<8x8xf32, strided<[8, 1], offset: ?>, 1>) outs(%vy : memref<8x8xf32, strided<[8, 1], offset: ?>, 1>)
  } {inner_loop = true}
  } {inner_loop = true}
  } {inner_loop = true}
  } {inner_loop = true}
  } {accumulation_loop = true}
  } {outer_loop = true}
  } {outer_loop = true}
  return
}
