// RUN: loom opt %s --split-input-file --loom-decompose-transfer > %t
// RUN: FileCheck-22 %s < %t
// What is written reads back, and there is nothing left to do.
// RUN: loom opt %t --split-input-file --loom-decompose-transfer | diff %t -
// memref.dma_start has attributes, which MLIR prints but does not read in its own form: the module is in generic form.
// Operands: source, indices, target, indices, kind, tag, slot, lane axis, lane stride.

// Rank 1 to 4: on the buffer itself, strides as they are.
// CHECK-LABEL: sym_name = "direct"
// CHECK: %[[X:.*]] = "memref.get_global"() <{name = @X1}>
// CHECK-NOT: collapse_shape
// CHECK: value = 4 : index
// CHECK: %[[KIND:.*]] = "arith.constant"() <{value = 2 : index}>
// CHECK-NEXT: %[[AXIS:.*]] = "arith.constant"() <{value = 1 : index}>
// CHECK-NEXT: %[[STRIDE:.*]] = "arith.constant"() <{value = 4 : index}>
// CHECK-NEXT: "memref.dma_start"(%{{.*}}, %{{.*}}, %[[X]], %{{.*}}, %{{.*}}, %[[KIND]], %{{.*}}, %{{.*}}, %[[AXIS]], %[[STRIDE]]) {dram_stride = [64, 1], padding = 0 : i64, sram_stride = [1, 8]}
// CHECK-SAME: (memref<4096xf32>, index, memref<8x16xf32, 1>, index, index, index, memref<1xi32>, index, index, index) -> ()
memref.global "private" @X1 : memref<8x16xf32, 1>
func.func @direct(%a: memref<4096xf32>) {
  %x = memref.get_global @X1 : memref<8x16xf32, 1>
  %tag = memref.alloc() : memref<1xi32>
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  "togsim.transfer"(%a, %c0, %x, %c0, %tag, %c0, %c2, %c4) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [64, 1], tile_stride = [1, 8], padding = 0 : i64}
    : (memref<4096xf32>, index, memref<8x16xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
  return
}

// -----

// Stores have the scratchpad as source; the spad index is the last of its indices, in elements of the bank.
// CHECK-LABEL: sym_name = "store"
// CHECK: %[[AT:.*]] = "arith.constant"() <{value = 5 : index}>
// CHECK: "memref.dma_start"(%{{.*}}, %{{.*}}, %{{.*}}, %[[AT]], %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}) {dram_stride = [64, 8, 1], sram_stride = [64, 8, 1]}
// CHECK-SAME: (memref<2x8x8xf32, 1>, index, index, index, memref<4096xf32>, index, index, memref<1xi32>, index, index, index)
memref.global "private" @X2 : memref<2x8x8xf32, 1>
func.func @store(%a: memref<4096xf32>) {
  %x = memref.get_global @X2 : memref<2x8x8xf32, 1>
  %tag = memref.alloc() : memref<1xi32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %c5 = arith.constant 5 : index
  "togsim.transfer"(%a, %c0, %x, %c5, %tag, %c0, %c3, %c1) {dma_kind = "MVOUT", vlane_split_axis = 2 : i64, dram_stride = [64, 8, 1], tile_stride = [64, 8, 1]}
    : (memref<4096xf32>, index, memref<2x8x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
  return
}

// -----

// The older list of operands has no slot: it is 0.  sram_stride is another name of tile_stride.  Subtiles, async and what is not ours go over.
// CHECK-LABEL: sym_name = "older"
// CHECK: %[[ZERO:.*]] = "arith.constant"() <{value = 0 : index}>
// CHECK: "memref.dma_start"({{.*}}) {accumulate = true, async = true, dram_stride = [64, 1], sram_stride = [1, 8], subtile_size = [4, 16]}
memref.global "private" @X3 : memref<8x16xf32, 1>
func.func @older(%a: memref<4096xf32>) {
  %x = memref.get_global @X3 : memref<8x16xf32, 1>
  %tag = memref.alloc() : memref<1xi32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  "togsim.transfer"(%a, %c0, %x, %c0, %tag, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [64, 1], sram_stride = [1, 8], subtile_size = [4, 16], async = true, accumulate = true}
    : (memref<4096xf32>, index, memref<8x16xf32, 1>, index, memref<1xi32>, index, index) -> ()
  return
}

// -----

// Lists as array<i64: ..>; the dense form means the same.
// CHECK-LABEL: sym_name = "dense"
// CHECK: "memref.dma_start"({{.*}}) {dram_stride = [64, 1], sram_stride = [1, 8]}
memref.global "private" @X4 : memref<8x16xf16, 1>
func.func @dense(%a: memref<4096xf16>) {
  %x = memref.get_global @X4 : memref<8x16xf16, 1>
  %tag = memref.alloc() : memref<1xi32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 14 : index
  "togsim.transfer"(%a, %c0, %x, %c0, %tag, %c0, %c1, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = array<i64: 64, 1>, tile_stride = array<i64: 1, 8>}
    : (memref<4096xf16>, index, memref<8x16xf16, 1>, index, memref<1xi32>, index, index, index) -> ()
  return
}

// -----

// Five dims, three above 1: unit dims join the group that the next such dim closes.
// CHECK-LABEL: sym_name = "collapse"
// CHECK: %[[C:.*]] = "memref.collapse_shape"(%{{.*}}) <{reassociation = {{\[\[}}0, 1, 2], [3], [4]]}> : (memref<1x1x2x4x2xf32, 1>) -> memref<2x4x2xf32, 1>
// CHECK: %[[AXIS:.*]] = "arith.constant"() <{value = 2 : index}>
// CHECK: %[[AXIS:.*]] = "arith.constant"() <{value = 2 : index}>
// CHECK: "memref.dma_start"(%{{.*}}, %{{.*}}, %[[C]], %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %[[AXIS]], %{{.*}}) {dram_stride = [32, 4, 1], sram_stride = [8, 2, 1]}
memref.global "private" @X5 : memref<1x1x2x4x2xf32, 1>
func.func @collapse(%a: memref<4096xf32>) {
  %x = memref.get_global @X5 : memref<1x1x2x4x2xf32, 1>
  %tag = memref.alloc() : memref<1xi32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  "togsim.transfer"(%a, %c0, %x, %c0, %tag, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 4 : i64, dram_stride = [999, 77, 32, 4, 1], tile_stride = [16, 16, 8, 2, 1]}
    : (memref<4096xf32>, index, memref<1x1x2x4x2xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
  return
}

// -----

// Unit dims at the end join the last group, which keeps the strides of the dim above 1 (not those of its last dim).
// CHECK-LABEL: sym_name = "trailing"
// CHECK: "memref.collapse_shape"(%{{.*}}) <{reassociation = {{\[\[}}0], [1, 2, 3, 4]]}> : (memref<8x4x1x1x1xf32, 1>) -> memref<8x4xf32, 1>
// CHECK: "memref.dma_start"({{.*}}) {dram_stride = [16, 2], sram_stride = [4, 1]}
memref.global "private" @X6 : memref<8x4x1x1x1xf32, 1>
func.func @trailing(%a: memref<4096xf32>) {
  %x = memref.get_global @X6 : memref<8x4x1x1x1xf32, 1>
  %tag = memref.alloc() : memref<1xi32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  "togsim.transfer"(%a, %c0, %x, %c0, %tag, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [16, 2, 555, 666, 777], tile_stride = [4, 1, 9, 9, 9]}
    : (memref<4096xf32>, index, memref<8x4x1x1x1xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
  return
}

// -----

// All dims are 1: one group.
// CHECK-LABEL: sym_name = "units"
// CHECK: "memref.collapse_shape"(%{{.*}}) <{reassociation = {{\[\[}}0, 1, 2, 3, 4]]}> : (memref<1x1x1x1x1xf32, 1>) -> memref<1xf32, 1>
// CHECK: "memref.dma_start"({{.*}}) {dram_stride = [3], sram_stride = [6]}
memref.global "private" @X7 : memref<1x1x1x1x1xf32, 1>
func.func @units(%a: memref<4096xf32>) {
  %x = memref.get_global @X7 : memref<1x1x1x1x1xf32, 1>
  %tag = memref.alloc() : memref<1xi32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  "togsim.transfer"(%a, %c0, %x, %c0, %tag, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 2 : i64, dram_stride = [1, 2, 3, 4, 5], tile_stride = [4, 5, 6, 7, 8]}
    : (memref<4096xf32>, index, memref<1x1x1x1x1xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
  return
}

// -----

// A lane axis of extent 1 stays a dim: all of the tile is in lane 0.  In a group with dim 4 it would be dealt to lanes.
// CHECK-LABEL: sym_name = "one_lane"
// CHECK: "memref.collapse_shape"(%{{.*}}) <{reassociation = {{\[\[}}0, 1], [2, 3], [4]]}> : (memref<1x2x1x1x8xf32, 1>) -> memref<2x1x8xf32, 1>
// CHECK: "memref.dma_start"({{.*}}) {dram_stride = [8, 5, 1], sram_stride = [8, 8, 1]}
memref.global "private" @X8 : memref<1x2x1x1x8xf32, 1>
func.func @one_lane(%a: memref<4096xf32>) {
  %x = memref.get_global @X8 : memref<1x2x1x1x8xf32, 1>
  %tag = memref.alloc() : memref<1xi32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  "togsim.transfer"(%a, %c0, %x, %c0, %tag, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 3 : i64, dram_stride = [0, 8, 0, 5, 1], tile_stride = [16, 8, 8, 8, 1]}
    : (memref<4096xf32>, index, memref<1x2x1x1x8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
  return
}

// -----

// Five dims above 1: a loop over the outermost, the last four inside.  Strides of the bank that are above the lane axis' (16 of extent 4, on 128 lanes a round of 1)
// shrink: 512 / 4 * 1 = 128.  One apply has the DRAM index, the loop around it included.
// CHECK-LABEL: sym_name = "peel"
// CHECK: "affine.for"() <{{.*}}step = 512 : index
// CHECK-NEXT: ^bb0(%[[I:.*]]: index):
// CHECK-NEXT: "affine.for"() <{lowerBoundMap = affine_map<() -> (0)>, {{.*}} step = 1 : index, upperBoundMap = affine_map<() -> (2)>}>
// CHECK-NEXT: ^bb0(%[[P:.*]]: index):
// CHECK: %[[S:.*]] = "memref.subview"(%{{.*}}) <{operandSegmentSizes = array<i32: 1, 0, 0, 0>, static_offsets = array<i64: 0, 0, 0, 0, 0>, static_sizes = array<i64: 1, 8, 4, 4, 4>, static_strides = array<i64: 1, 1, 1, 1, 1>}>
// CHECK-SAME: -> memref<8x4x4x4xf32, strided<[64, 16, 4, 1]>, 1>
// CHECK: %[[SPAD:.*]] = "affine.apply"(%[[P]]) <{map = affine_map<(d0) -> (d0 * 128)>}>
// CHECK: %[[DRAM:.*]] = "affine.apply"(%[[I]], %[[P]]) <{map = affine_map<(d0, d1) -> (d0 + d1 * 1000)>}>
// CHECK: "memref.dma_start"(%{{.*}}, %[[DRAM]], %[[S]], %{{.*}}, %{{.*}}, %{{.*}}, %[[SPAD]], {{.*}}) {dram_stride = [64, 16, 4, 1], sram_stride = [64, 16, 4, 1]}
// CHECK: inner_loop = true
// CHECK: outer_loop = true
memref.global "private" @X9 : memref<2x8x4x4x4xf32, 1>
func.func @peel(%a: memref<4096xf32>) {
  %x = memref.get_global @X9 : memref<2x8x4x4x4xf32, 1>
  %tag = memref.alloc() : memref<1xi32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  affine.for %i = 0 to 1024 step 512 {
    "togsim.transfer"(%a, %i, %x, %c0, %tag, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 2 : i64, dram_stride = [1000, 64, 16, 4, 1], tile_stride = [512, 64, 16, 4, 1]}
      : (memref<4096xf32>, index, memref<2x8x4x4x4xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
  } {outer_loop = true}
  return
}

// -----

// Two loops, a spad index of its own, several rounds of lanes: extent 300 on 128 lanes of stride 2 is two rounds, new extent 4: 600 / 300 * 4 = 8, 1200 / 300 * 4 = 16.
// CHECK-LABEL: sym_name = "peel_two"
// CHECK: upperBoundMap = affine_map<() -> (3)>
// CHECK: upperBoundMap = affine_map<() -> (2)>
// CHECK: "affine.apply"(%{{.*}}, %{{.*}}) <{map = affine_map<(d0, d1) -> (d0 * 16 + d1 * 8 + 7)>}>
// CHECK: "affine.apply"(%{{.*}}, %{{.*}}, %{{.*}}) <{map = affine_map<(d0, d1, d2) -> (d0 + d1 * 1200 + d2 * 600)>}>
memref.global "private" @X10 : memref<3x2x2x2x2x300xf32, 1>
func.func @peel_two(%a: memref<4096xf32>) {
  %x = memref.get_global @X10 : memref<3x2x2x2x2x300xf32, 1>
  %tag = memref.alloc() : memref<1xi32>
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c7 = arith.constant 7 : index
  "togsim.transfer"(%a, %c0, %x, %c7, %tag, %c0, %c2, %c2) {dma_kind = "MVIN", vlane_split_axis = 5 : i64, dram_stride = [1200, 600, 300, 30, 3, 1], tile_stride = [1200, 600, 300, 300, 300, 1]}
    : (memref<4096xf32>, index, memref<3x2x2x2x2x300xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
  return
}

// -----

// A wait becomes memref.dma_wait of the same slot.
// CHECK-LABEL: func.func @wait(
// CHECK-SAME: %[[SLOT:.*]]: index
// CHECK: memref.dma_wait %{{.*}}[%[[SLOT]]], %c64 : memref<1xi32>
func.func @wait(%slot: index) {
  %tag = memref.alloc() : memref<1xi32>
  %c64 = arith.constant 64 : index
  "togsim.wait"(%tag, %slot, %c64) : (memref<1xi32>, index, index) -> ()
  return
}

// -----

// An indirect transfer names the buffer of its offsets.
// CHECK-LABEL: sym_name = "gather"
// CHECK: "memref.dma_start"({{.*}}) {dram_stride = [0, 1], indirect_offset = @I, offset_stride = 16 : i64, sram_stride = [16, 1]}
memref.global "private" @X11 : memref<8x16xf32, 1>
memref.global "private" @I : memref<8x16xi32, 1>
func.func @gather(%a: memref<4096xf32>) {
  %x = memref.get_global @X11 : memref<8x16xf32, 1>
  %o = memref.get_global @I : memref<8x16xi32, 1>
  %tag = memref.alloc() : memref<1xi32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  "togsim.transfer"(%a, %c0, %x, %c0, %tag, %c0, %c2, %c1, %o) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [0, 1], tile_stride = [16, 1], indirect = true, offset_stride = 16 : i64}
    : (memref<4096xf32>, index, memref<8x16xf32, 1>, index, memref<1xi32>, index, index, index, memref<8x16xi32, 1>) -> ()
  return
}
