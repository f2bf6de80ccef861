// RUN: loom opt %s --split-input-file --loom-mask-tails > %t
// RUN: FileCheck-22 %s < %t
// RUN: loom opt %t --split-input-file --loom-mask-tails | diff %t -

// The step of the first loop does not divide, that of the second does: one masked axis.  The tile stays whole: 8 rows, the last round has 7 of them.
// CHECK-LABEL: func.func @rows(
// CHECK: affine.for %[[I:.*]] = 0 to 15 step 8 {
// CHECK: %[[LO:.*]] = arith.constant 0 : index
// CHECK-NEXT: %[[HI:.*]] = affine.min affine_map<(d0) -> (8, -d0 + 15)>(%[[I]])
// CHECK: "togsim.transfer"({{.*}}, %[[LO]], %[[HI]]) {{{.*}}masked_axes = [0]{{.*}}} : (memref<150xf32>, index, memref<8x5xf32, 1>, index, memref<1xi32>, index, index, index, index, index)
memref.global "private" @X1 : memref<8x5xf32, 1>
func.func @rows(%a: memref<150xf32>) {
  %x = memref.get_global @X1 : memref<8x5xf32, 1>
  %tag = memref.alloc() : memref<1xi32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  affine.for %i = 0 to 15 step 8 {
    affine.for %j = 0 to 10 step 5 {
      %d = affine.apply affine_map<(i, j) -> (i * 10 + j)>(%i, %j)
      "togsim.transfer"(%a, %d, %x, %c0, %tag, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [10, 1], tile_stride = [1, 8]} : (memref<150xf32>, index, memref<8x5xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// 114 columns on tiles of 128: full lanes and a mask, never a tile of 19.  A mask that is there already stays; the fill too.  Nested applies.
// CHECK-LABEL: func.func @columns(
// CHECK: affine.min affine_map<(d0) -> (128, -d0 + 114)>
// CHECK: "togsim.transfer"({{.*}}, %c0, %c1, %{{.*}}, %{{.*}}) {{{.*}}masked_axes = [0, 1], masked_fill = 5.000000e-01 : f32
memref.global "private" @X2 : memref<4x128xf32, 1>
func.func @columns(%a: memref<4560xf32>) {
  %x = memref.get_global @X2 : memref<4x128xf32, 1>
  %tag = memref.alloc() : memref<1xi32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  affine.for %i = 0 to 38 step 4 {
    %row = affine.apply affine_map<(i) -> (i * 114)>(%i)
    affine.for %j = 0 to 114 step 128 {
      %d = affine.apply affine_map<(r, j) -> (r + j)>(%row, %j)
      "togsim.transfer"(%a, %d, %x, %c0, %tag, %c0, %c3, %c1, %c0, %c1) {dma_kind = "MVOUT", vlane_split_axis = 1 : i64, dram_stride = [114, 1], tile_stride = [1, 4], masked_axes = [0], masked_fill = 0.5 : f32} : (memref<4560xf32>, index, memref<4x128xf32, 1>, index, memref<1xi32>, index, index, index, index, index) -> ()
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// A transfer that no ragged loop moves stays as it is, in the older form too.
// CHECK-LABEL: func.func @whole(
// CHECK-NOT: affine.min
// CHECK: "togsim.transfer"(%arg0, %c0, %0, %c0, %alloc, %c2, %c1)
memref.global "private" @X3 : memref<8xf32, 1>
func.func @whole(%a: memref<64xf32>) {
  %x = memref.get_global @X3 : memref<8xf32, 1>
  %tag = memref.alloc() : memref<1xi32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  affine.for %i = 0 to 15 step 8 {
    "togsim.transfer"(%a, %c0, %x, %c0, %tag, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 0 : i64, dram_stride = [1], tile_stride = [1]} : (memref<64xf32>, index, memref<8xf32, 1>, index, memref<1xi32>, index, index) -> ()
  }
  return
}
