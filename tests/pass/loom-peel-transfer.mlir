// RUN: loom opt %s --split-input-file --loom-peel-transfer > %t
// RUN: FileCheck-22 %s < %t
// RUN: loom opt %t --split-input-file --loom-peel-transfer | diff %t -
// Two lanes: extent 4 of the lane axis takes two rounds, 512 / 4 * 2 = 256.
// RUN: loom opt %s --split-input-file --loom-peel-transfer=vectorlane=2 | FileCheck-22 %s --check-prefix=LANES
// LANES-LABEL: func.func @peel(
// LANES: affine_map<(d0) -> (d0 * 256)>

// Four dims and fewer stay as they are, the older list of operands too.
// CHECK-LABEL: func.func @small(
// CHECK: "togsim.transfer"(%arg0, %c0, %0, %c0, %alloc, %c2, %c1) {{{.*}}sram_stride = [64, 8, 2, 1]{{.*}}} : (memref<4096xf32>, index, memref<2x8x4x2xf32, 1>, index, memref<1xi32>, index, index)
memref.global "private" @X1 : memref<2x8x4x2xf32, 1>
func.func @small(%a: memref<4096xf32>) {
  %x = memref.get_global @X1 : memref<2x8x4x2xf32, 1>
  %tag = memref.alloc() : memref<1xi32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  "togsim.transfer"(%a, %c0, %x, %c0, %tag, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [64, 8, 2, 1], sram_stride = [64, 8, 2, 1]}
    : (memref<4096xf32>, index, memref<2x8x4x2xf32, 1>, index, memref<1xi32>, index, index) -> ()
  return
}

// -----

// Unit dims collapse; it stays a togsim.transfer with its slot, its attributes and its masks, whose axes are renumbered.
// CHECK-LABEL: func.func @collapse(
// CHECK: %[[C:.*]] = memref.collapse_shape %0 {{\[\[}}0, 1, 2], [3], [4]] : memref<1x1x2x4x2xf32, 1> into memref<2x4x2xf32, 1>
// CHECK: "togsim.transfer"(%arg0, %c0, %[[C]], %c5, %alloc, %c1, %c2{{.*}}, %c1{{.*}}, %c0, %arg1) {acc_float = true, dma_kind = "MVIN", dram_stride = [32, 4, 1], masked_axes = [1], masked_fill = -1.000000e+00 : f32, padding = 0 : i64, tile_stride = [8, 2, 1], vlane_split_axis = 2 : i64}
memref.global "private" @X2 : memref<1x1x2x4x2xf32, 1>
func.func @collapse(%a: memref<4096xf32>, %hi: index) {
  %x = memref.get_global @X2 : memref<1x1x2x4x2xf32, 1>
  %tag = memref.alloc() : memref<1xi32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c5 = arith.constant 5 : index
  "togsim.transfer"(%a, %c0, %x, %c5, %tag, %c1, %c2, %c1, %c0, %hi) {dma_kind = "MVIN", vlane_split_axis = 4 : i64, dram_stride = [999, 77, 32, 4, 1], tile_stride = [16, 16, 8, 2, 1], padding = 0 : i64, masked_axes = [3], masked_fill = -1.0 : f32, acc_float = true}
    : (memref<4096xf32>, index, memref<1x1x2x4x2xf32, 1>, index, memref<1xi32>, index, index, index, index, index) -> ()
  return
}

// -----

// A masked dim of extent 1 stays a dim: its mask may forbid the whole tile, and must not become one of its neighbour.
// CHECK-LABEL: func.func @masked_unit(
// CHECK: memref.collapse_shape %0 {{\[\[}}0], [1, 2], [3, 4]] : memref<1x1x8x1x4xf32, 1> into memref<1x8x4xf32, 1>
// CHECK: "togsim.transfer"({{.*}}, %c0, %arg1) {{{.*}}dram_stride = [100, 8, 1], masked_axes = [0], {{.*}}vlane_split_axis = 2 : i64}
memref.global "private" @X3 : memref<1x1x8x1x4xf32, 1>
func.func @masked_unit(%a: memref<4096xf32>, %hi: index) {
  %x = memref.get_global @X3 : memref<1x1x8x1x4xf32, 1>
  %tag = memref.alloc() : memref<1xi32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  "togsim.transfer"(%a, %c0, %x, %c0, %tag, %c0, %c2, %c1, %c0, %hi) {dma_kind = "MVIN", vlane_split_axis = 4 : i64, dram_stride = [100, 100, 8, 8, 1], tile_stride = [32, 32, 4, 4, 1], masked_axes = [0]}
    : (memref<4096xf32>, index, memref<1x1x8x1x4xf32, 1>, index, memref<1xi32>, index, index, index, index, index) -> ()
  return
}

// -----

// More than four: loops around a store of four dims; the mask is of an inner one.
// CHECK-LABEL: func.func @peel(
// CHECK: affine.for %[[P:.*]] = 0 to 2 {
// CHECK: %[[S:.*]] = memref.subview %0[0, 0, 0, 0, 0] [1, 8, 4, 4, 4] [1, 1, 1, 1, 1] : memref<2x8x4x4x4xf32, 1> to memref<8x4x4x4xf32, strided<[64, 16, 4, 1]>, 1>
// CHECK: %[[AT:.*]] = affine.apply affine_map<(d0) -> (d0 * 128)>(%[[P]])
// CHECK: %[[FROM:.*]] = affine.apply affine_map<(d0, d1) -> (d0 + d1 * 512)>(%arg1, %[[P]])
// CHECK: "togsim.transfer"(%arg0, %[[FROM]], %[[S]], %[[AT]], %alloc, {{.*}}, %c0, %arg1) {dma_kind = "MVOUT", dram_stride = [64, 16, 4, 1], masked_axes = [1], tile_stride = [64, 16, 4, 1], vlane_split_axis = 3 : i64}
// CHECK: } {inner_loop = true}
memref.global "private" @X4 : memref<2x8x4x4x4xf32, 1>
func.func @peel(%a: memref<4096xf32>, %i: index) {
  %x = memref.get_global @X4 : memref<2x8x4x4x4xf32, 1>
  %tag = memref.alloc() : memref<1xi32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  "togsim.transfer"(%a, %i, %x, %c0, %tag, %c0, %c3, %c1, %c0, %i) {dma_kind = "MVOUT", vlane_split_axis = 4 : i64, dram_stride = [512, 64, 16, 4, 1], tile_stride = [512, 64, 16, 4, 1], masked_axes = [2]}
    : (memref<4096xf32>, index, memref<2x8x4x4x4xf32, 1>, index, memref<1xi32>, index, index, index, index, index) -> ()
  return
}

// -----

// A lane axis of extent 1 stays, though it is outermost, in place of an inner dim.
// CHECK-LABEL: func.func @one_lane(
// CHECK: affine.for %{{.*}} = 0 to 2
// CHECK: affine.for %{{.*}} = 0 to 8
// CHECK: memref.subview %0[0, 0, 0, 0, 0, 0] [1, 1, 1, 4, 4, 4] [1, 1, 1, 1, 1, 1] : memref<1x2x8x4x4x4xf32, 1> to memref<1x4x4x4xf32, strided<[1024, 16, 4, 1]>, 1>
// CHECK: vlane_split_axis = 0 : i64
memref.global "private" @X5 : memref<1x2x8x4x4x4xf32, 1>
func.func @one_lane(%a: memref<4096xf32>) {
  %x = memref.get_global @X5 : memref<1x2x8x4x4x4xf32, 1>
  %tag = memref.alloc() : memref<1xi32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  "togsim.transfer"(%a, %c0, %x, %c0, %tag, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 0 : i64, dram_stride = [7, 512, 64, 16, 4, 1], tile_stride = [1024, 512, 64, 16, 4, 1]}
    : (memref<4096xf32>, index, memref<1x2x8x4x4x4xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
  return
}

// -----

// The offsets of an indirect transfer stay an operand.
// CHECK-LABEL: func.func @gather(
// CHECK: %[[I:.*]] = memref.get_global @I
// CHECK: "togsim.transfer"({{.*}}, %[[I]]) {dma_kind = "MVIN", dram_stride = [0, 1], indirect = true, offset_stride = 16 : i64, tile_stride = [16, 1], vlane_split_axis = 1 : i64}
memref.global "private" @X6 : memref<1x1x1x8x16xf32, 1>
memref.global "private" @I : memref<1x1x1x8x16xi32, 1>
func.func @gather(%a: memref<4096xf32>) {
  %x = memref.get_global @X6 : memref<1x1x1x8x16xf32, 1>
  %o = memref.get_global @I : memref<1x1x1x8x16xi32, 1>
  %tag = memref.alloc() : memref<1xi32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  "togsim.transfer"(%a, %c0, %x, %c0, %tag, %c0, %c2, %c1, %o) {dma_kind = "MVIN", vlane_split_axis = 4 : i64, dram_stride = [0, 0, 0, 0, 1], tile_stride = [128, 128, 128, 16, 1], indirect = true, offset_stride = 16 : i64}
    : (memref<4096xf32>, index, memref<1x1x1x8x16xf32, 1>, index, memref<1xi32>, index, index, index, memref<1x1x1x8x16xi32, 1>) -> ()
  return
}

// -----

// Who waits for a transfer that becomes six waits for six: rounds have slots of their own, 3 * 6 + 2 * i + j.
// CHECK-LABEL: func.func @waited(
// CHECK: affine.for %[[I:.*]] = 0 to 3 {
// CHECK: affine.for %[[J:.*]] = 0 to 2 {
// CHECK: %[[SLOT:.*]] = affine.apply affine_map<(d0, d1, d2) -> (d0 * 6 + d1 * 2 + d2)>(%c3, %[[I]], %[[J]])
// CHECK: "togsim.transfer"(%arg0, %{{.*}}, %{{.*}}, %{{.*}}, %alloc, %[[SLOT]],
// CHECK: affine.for %[[R:.*]] = 0 to 6 {
// CHECK: %[[W:.*]] = affine.apply affine_map<(d0, d1) -> (d0 * 6 + d1)>(%c3, %[[R]])
// CHECK: "togsim.wait"(%alloc, %[[W]], %c1)
// CHECK: } {inner_loop = true}
// CHECK-NOT: togsim.wait
memref.global "private" @X7 : memref<3x2x8x4x4x4xf32, 1>
func.func @waited(%a: memref<65536xf32>) {
  %x = memref.get_global @X7 : memref<3x2x8x4x4x4xf32, 1>
  %tag = memref.alloc() : memref<1xi32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  "togsim.transfer"(%a, %c0, %x, %c0, %tag, %c3, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 5 : i64, dram_stride = [1024, 512, 64, 16, 4, 1], tile_stride = [1024, 512, 64, 16, 4, 1], async = true}
    : (memref<65536xf32>, index, memref<3x2x8x4x4x4xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
  "togsim.wait"(%tag, %c3, %c1) : (memref<1xi32>, index, index) -> ()
  return
}

// -----

// What PyTorchSim adds to transfers goes over: the argument behind a view, accumulation in memory, whose fill is another type's.
// CHECK-LABEL: func.func @extras(
// CHECK: "togsim.transfer"({{.*}}) {acc_float = true, accumulate = true, async = true, dma_kind = "MVOUT", dram_arg = 3 : i64, dram_stride = [1], fine_grained = true, subtile_size = [8], tile_stride = [1], vlane_split_axis = 0 : i64}
memref.global "private" @X8 : memref<1x1x1x1x16xf32, 1>
func.func @extras(%a: memref<4096xf32>) {
  %x = memref.get_global @X8 : memref<1x1x1x1x16xf32, 1>
  %tag = memref.alloc() : memref<1xi32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  "togsim.transfer"(%a, %c0, %x, %c0, %tag, %c0, %c3, %c1) {dma_kind = "MVOUT", vlane_split_axis = 4 : i64, dram_stride = [0, 0, 0, 0, 1], tile_stride = [0, 0, 0, 0, 1], subtile_size = [1, 1, 1, 1, 8], async, fine_grained, accumulate = true, acc_float = true, dram_arg = 3 : i64}
    : (memref<4096xf32>, index, memref<1x1x1x1x16xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
  return
}

// -----

// Seven dims, with a loop around: all loops' variables are in the one DRAM index.
// CHECK-LABEL: func.func @seven(
// CHECK: affine.apply affine_map<(d0, d1, d2, d3) -> (d0 + d1 * 729 + d2 * 243 + d3 * 81)>(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}})
// CHECK: vlane_split_axis = 3 : i64
memref.global "private" @X9 : memref<3x3x3x3x3x3x3xf32, 1>
func.func @seven(%a: memref<4096xf32>) {
  %x = memref.get_global @X9 : memref<3x3x3x3x3x3x3xf32, 1>
  %tag = memref.alloc() : memref<1xi32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  affine.for %i = 0 to 2 {
    "togsim.transfer"(%a, %i, %x, %c0, %tag, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 6 : i64, dram_stride = [729, 243, 81, 27, 9, 3, 1], tile_stride = [729, 243, 81, 27, 9, 3, 1]}
      : (memref<4096xf32>, index, memref<3x3x3x3x3x3x3xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
  }
  return
}
