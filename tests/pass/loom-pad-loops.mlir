// RUN: loom opt %s --split-input-file --loom-pad-loops > %t
// RUN: FileCheck-22 %s < %t
// Upstream's name.
// RUN: loom opt %s --split-input-file -test-loop-padding | diff %t -
// RUN: loom opt %s --split-input-file -test-loop-padding=timing_mode=1 | FileCheck-22 %s --check-prefix=TIMING

// 15x10 in tiles of 8x4: bounds 16 and 12; argument 0 grows to 16x12, its stride 10 to 12.  Argument 1 has the same type, but no transfer: it stays.
// The inner loop has whole steps.
// CHECK-LABEL: func.func @kernel(
// CHECK-SAME: %[[A:.*]]: memref<192xf32>, %[[B:.*]]: memref<150xf32>)
// CHECK: affine.for %[[I:.*]] = 0 to 16 step 8 {
// CHECK: affine.for %[[J:.*]] = 0 to 12 step 4 {
// CHECK: affine.for %{{.*}} = 0 to 4 step 2 {
// CHECK: %[[AT:.*]] = affine.apply affine_map<(d0, d1) -> (d0 * 12 + d1)>(%[[I]], %[[J]])
// CHECK: "togsim.transfer"(%[[A]], %[[AT]], {{.*}}) {{{.*}}dram_stride = [12, 1], {{.*}}tile_stride = [1, 8]
// The padded tensor starts as zeros.  What is stored only in the kernel is copied in too: elements that no tile covers keep their values.
// CHECK: memref.global "private" @padded_0 : memref<192xf32> = dense<0.000000e+00>
// CHECK-LABEL: func.func @wrapper_kernel(
// CHECK-SAME: %[[WA:.*]]: memref<150xf32>, %[[WB:.*]]: memref<150xf32>)
// CHECK: %[[P:.*]] = memref.get_global @padded_0 : memref<192xf32>
// CHECK: affine.for %[[R:.*]] = 0 to 15 {
// CHECK-NEXT: affine.for %[[C:.*]] = 0 to 10 {
// CHECK-NEXT: %[[V:.*]] = affine.load %[[WA]][%[[R]] * 10 + %[[C]]] : memref<150xf32>
// CHECK-NEXT: affine.store %[[V]], %[[P]][%[[R]] * 12 + %[[C]]] : memref<192xf32>
// CHECK: call @kernel(%[[P]], %[[WB]]) : (memref<192xf32>, memref<150xf32>) -> ()
// A load is not copied back.
// CHECK-NOT: affine.load
// CHECK: return
// TIMING-LABEL: func.func @wrapper_kernel(
// TIMING-SAME: %[[WA:.*]]: memref<150xf32>, %[[WB:.*]]: memref<150xf32>)
// TIMING-NEXT: %[[P:.*]] = memref.alloc() : memref<192xf32>
// TIMING-NEXT: call @kernel(%[[P]], %[[WB]])
// TIMING-NEXT: return
memref.global "private" @X1 : memref<8x4xf32, 1>
func.func @kernel(%a: memref<150xf32>, %b: memref<150xf32>) {
  %x = memref.get_global @X1 : memref<8x4xf32, 1>
  %tag = memref.alloc() : memref<1xi32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  affine.for %i = 0 to 15 step 8 {
    affine.for %j = 0 to 10 step 4 {
      affine.for %v = 0 to 4 step 2 {
      }
      %d = affine.apply affine_map<(i, j) -> (i * 10 + j)>(%i, %j)
      "togsim.transfer"(%a, %d, %x, %c0, %tag, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 1 : i64, dram_stride = [10, 1], tile_stride = [1, 8]} : (memref<150xf32>, index, memref<8x4xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// memref.dma_start, nested applies with constants, a store: copied in and back.  Axis 1 of 4x10x3 is padded to 12: strides 1 stay, 30 becomes 36, 63 = (2, 1, 0)
// becomes 75.
// CHECK-LABEL: sym_name = "kernel"
// CHECK: "affine.apply"({{.*}}) <{map = affine_map<(d0, d1) -> (d0 * 36 + d1 * 3 + 75)>}>
// CHECK: "memref.dma_start"({{.*}}) {dram_stride = [36, 3, 1], sram_stride = [12, 3, 1]}
// CHECK: function_type = (memref<120xf32>) -> (), sym_name = "wrapper_kernel"
// CHECK: "affine.load"({{.*}}) <{map = affine_map<(d0, d1, d2) -> (d0 * 30 + d1 * 3 + d2)>}>
// CHECK: "affine.store"({{.*}}) <{map = affine_map<(d0, d1, d2) -> (d0 * 36 + d1 * 3 + d2)>}>
// CHECK: "func.call"
// CHECK: "affine.load"({{.*}}) <{map = affine_map<(d0, d1, d2) -> (d0 * 36 + d1 * 3 + d2)>}>
// CHECK: "affine.store"({{.*}}) <{map = affine_map<(d0, d1, d2) -> (d0 * 30 + d1 * 3 + d2)>}>
memref.global "private" @X2 : memref<1x4x3xf32, 1>
func.func @kernel(%a: memref<120xf32>) {
  %x = memref.get_global @X2 : memref<1x4x3xf32, 1>
  %tag = memref.alloc() : memref<1xi32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  affine.for %i = 0 to 2 {
    %row = affine.apply affine_map<(i) -> (i * 30 + 60)>(%i)
    affine.for %j = 0 to 10 step 4 {
      %d = affine.apply affine_map<(r, j) -> (r + j * 3 + 3)>(%row, %j)
      "memref.dma_start"(%x, %c0, %c0, %c0, %a, %d, %c3, %tag, %c0, %c1, %c1) {dram_stride = [30, 3, 1], sram_stride = [12, 3, 1]}
        : (memref<1x4x3xf32, 1>, index, index, index, memref<120xf32>, index, index, memref<1xi32>, index, index, index) -> ()
    } {outer_loop = true}
  } {outer_loop = true}
  return
}

// -----

// Nothing to pad: the wrapper still is there, and the function need not be called kernel if it is the only one.
// CHECK-LABEL: func.func @only(
// CHECK-SAME: memref<64xf32>
// CHECK: affine.for %{{.*}} = 0 to 64 step 8
// CHECK-NOT: padded
// CHECK-LABEL: func.func @wrapper_kernel(
// CHECK-NEXT: call @only(%arg0) : (memref<64xf32>) -> ()
memref.global "private" @X3 : memref<8xf32, 1>
func.func @only(%a: memref<64xf32>) {
  %x = memref.get_global @X3 : memref<8xf32, 1>
  %tag = memref.alloc() : memref<1xi32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  affine.for %i = 0 to 64 step 8 {
    "togsim.transfer"(%a, %i, %x, %c0, %tag, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 0 : i64, dram_stride = [1], tile_stride = [1]} : (memref<64xf32>, index, memref<8xf32, 1>, index, memref<1xi32>, index, index, index) -> ()
  } {outer_loop = true}
  return
}

// -----

// A second transfer of a tensor that grows takes its new strides, though no padded loop moves it; integers start as 0.
// CHECK-LABEL: func.func @kernel(
// CHECK-SAME: memref<48xi32>
// CHECK: "togsim.transfer"({{.*}}) {{{.*}}dram_stride = [12]
// CHECK: "togsim.transfer"({{.*}}) {{{.*}}dram_stride = [1]
// CHECK: dense<0>
memref.global "private" @X4 : memref<4xi32, 1>
func.func @kernel(%a: memref<40xi32>) {
  %x = memref.get_global @X4 : memref<4xi32, 1>
  %tag = memref.alloc() : memref<1xi32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  "togsim.transfer"(%a, %c0, %x, %c0, %tag, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 0 : i64, dram_stride = [10], tile_stride = [1]} : (memref<40xi32>, index, memref<4xi32, 1>, index, memref<1xi32>, index, index, index) -> ()
  affine.for %i = 0 to 10 step 4 {
    "togsim.transfer"(%a, %i, %x, %c0, %tag, %c0, %c2, %c1) {dma_kind = "MVIN", vlane_split_axis = 0 : i64, dram_stride = [1], tile_stride = [1]} : (memref<40xi32>, index, memref<4xi32, 1>, index, memref<1xi32>, index, index, index) -> ()
  } {outer_loop = true}
  return
}
