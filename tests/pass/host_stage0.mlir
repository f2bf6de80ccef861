// The passes that bring stage-0 to one processor.
// RUN: split-file %s %t
// RUN: loom opt %t/bind.mlir --pass-pipeline='builtin.module(loom-bind-symbols{tile_m=4})' | FileCheck %s --check-prefix=BIND
// RUN: not loom opt %t/bind.mlir --pass-pipeline='builtin.module(loom-bind-symbols{tile_m=5})' 2>&1 | FileCheck %s --check-prefix=RAGGED
// RUN: not loom opt %t/bind.mlir --pass-pipeline='builtin.module(loom-bind-symbols{tile_q=4})' 2>&1 | FileCheck %s --check-prefix=NAME
// RUN: not loom opt %t/bind.mlir --pass-pipeline='builtin.module(loom-bind-symbols{tile_m=0})' 2>&1 | FileCheck %s --check-prefix=ZERO
// RUN: loom opt %t/tensors.mlir --pass-pipeline='builtin.module(func.func(loom-lower-broadcast))' | FileCheck %s --check-prefix=BROADCAST
// RUN: loom opt %t/tensors.mlir --pass-pipeline='builtin.module(func.func(loom-widen-products))' | FileCheck %s --check-prefix=WIDEN
// RUN: loom opt %t/stores.mlir --pass-pipeline='builtin.module(func.func(loom-lower-stores))' | FileCheck %s --check-prefix=STORES
// RUN: loom opt %t/inside.mlir --pass-pipeline='builtin.module(func.func(loom-check-bounds))' | FileCheck %s --check-prefix=INSIDE
// RUN: loom opt %t/inside_blocks.mlir --pass-pipeline='builtin.module(func.func(loom-check-bounds))' | FileCheck %s --check-prefix=BLOCKS
// RUN: not loom opt %t/outside.mlir --pass-pipeline='builtin.module(func.func(loom-check-bounds))' 2>&1 | FileCheck %s --check-prefix=OUTSIDE
// RUN: not loom opt %t/crossing.mlir --pass-pipeline='builtin.module(func.func(loom-check-bounds))' 2>&1 | FileCheck %s --check-prefix=CROSSING
// RUN: not loom opt %t/endless.mlir --pass-pipeline='builtin.module(func.func(loom-check-bounds))' 2>&1 | FileCheck %s --check-prefix=ENDLESS
// RUN: not loom opt %t/doubled.mlir --pass-pipeline='builtin.module(func.func(loom-check-bounds))' 2>&1 | FileCheck %s --check-prefix=DOUBLED
// RUN: not loom opt %t/unsigned.mlir --pass-pipeline='builtin.module(func.func(loom-check-bounds))' 2>&1 | FileCheck %s --check-prefix=UNSIGNED
// RUN: not loom opt %t/open.mlir --pass-pipeline='builtin.module(func.func(loom-check-bounds))' 2>&1 | FileCheck %s --check-prefix=OPEN

// BIND-NOT: loom.sym
// BIND: %[[M:.*]] = arith.constant 4 : index
// BIND: %[[N:.*]] = arith.constant 16 : index
// BIND: arith.addi %[[M]], %[[N]]
// RAGGED: the block size tile_m=5 does not divide the 12 it tiles
// NAME: the module has no block size 'tile_q'
// ZERO: 'tile_m' of loom-bind-symbols is not NAME=SIZE with a positive size
//--- bind.mlir
func.func @bind() -> index {
  %m = "loom.sym"() {symbol_ref = @tile_m, upper_bound = 12 : index} : () -> index
  %n = "loom.sym"() {symbol_ref = @tile_n, upper_bound = 16 : index} : () -> index
  %c12 = arith.constant 12 : index
  %trips = arith.ceildivui %c12, %m : index
  %sum = arith.addi %m, %n : index
  return %sum : index
}

// BROADCAST-LABEL: func.func @tensors
// BROADCAST-NOT: loom.broadcast
// BROADCAST: linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, 0)>, affine_map<(d0, d1) -> (d0, d1)>]
// BROADCAST: linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0, d1)>]
// WIDEN-LABEL: func.func @tensors
// WIDEN: arith.extf
// WIDEN: linalg.matmul ins({{.*}}tensor<4x4xf16>, tensor<4x4xf16>) outs({{.*}}tensor<4x4xf32>) -> tensor<4x4xf32>
// WIDEN: arith.truncf
//--- tensors.mlir
func.func @tensors(%a: tensor<4x1xf16>, %b: tensor<4xf16>, %init: tensor<4x4xf16>) -> tensor<4x4xf16> {
  %x = "loom.broadcast"(%a, %init) {dim = 1 : i64} : (tensor<4x1xf16>, tensor<4x4xf16>) -> tensor<4x4xf16>
  %y = "loom.broadcast"(%b, %init) {dim = 0 : i64} : (tensor<4xf16>, tensor<4x4xf16>) -> tensor<4x4xf16>
  %p = linalg.matmul ins(%x, %y : tensor<4x4xf16>, tensor<4x4xf16>) outs(%init : tensor<4x4xf16>) -> tensor<4x4xf16>
  return %p : tensor<4x4xf16>
}

// STORES: bufferization.to_tensor {{.*}} restrict
// STORES-NOT: memref.copy
// STORES: bufferization.materialize_in_destination {{.*}} in restrict writable
//--- stores.mlir
func.func @stores(%x: memref<4xf16>, %out: memref<4xf16>) {
  %t = bufferization.to_tensor %x : memref<4xf16> to tensor<4xf16>
  %b = bufferization.to_buffer %t : tensor<4xf16> to memref<4xf16>
  memref.copy %b, %out : memref<4xf16> to memref<4xf16>
  return
}

// INSIDE: func.func @inside
//--- inside.mlir
func.func @inside(%x: memref<12xf16>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  scf.for %i = %c0 to %c3 step %c1 {
    %at = arith.muli %i, %c4 : index
    %part = memref.subview %x[%at] [4] [1] : memref<12xf16> to memref<4xf16, strided<[1], offset: ?>>
  }
  return
}

// BLOCKS: func.func @blocks
// Where the start of a block and its end move together, or a loop inside has no turn.
//--- inside_blocks.mlir
func.func @blocks(%x: memref<12xf16>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c5 = arith.constant 5 : index
  %c12 = arith.constant 12 : index
  scf.for %i = %c0 to %c3 step %c1 {
    %from = arith.muli %i, %c5 : index
    %end = arith.addi %from, %c5 : index
    %to = arith.minui %end, %c12 : index
    %left = arith.subi %to, %from : index
    %part = memref.subview %x[%from] [%left] [1] : memref<12xf16> to memref<?xf16, strided<[1], offset: ?>>
    scf.for %k = %c0 to %left step %c1 {
      %at = arith.addi %from, %k : index
      %one = memref.subview %x[%at] [1] [1] : memref<12xf16> to memref<1xf16, strided<[1], offset: ?>>
    }
    %past = arith.subi %i, %c2 : index
    scf.for %k = %c1 to %past step %c1 {
      %far = arith.addi %k, %c12 : index
      %none = memref.subview %x[%far] [1] [1] : memref<12xf16> to memref<1xf16, strided<[1], offset: ?>>
    }
    %turn = arith.remui %i, %c2 : index
    %other = arith.muli %turn, %c5 : index
    %pick = arith.addi %other, %i : index
    %two = memref.subview %x[%pick] [6] [1] : memref<12xf16> to memref<6xf16, strided<[1], offset: ?>>
  }
  return
}

// The element behind the last one.
// CROSSING: crossing.mlir:12:{{[0-9]+}}: error: this part reaches element 12 of dimension 0, which has 12
//--- crossing.mlir
func.func @crossing(%x: memref<12xf16>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c7 = arith.constant 7 : index
  %c13 = arith.constant 13 : index
  scf.for %i = %c7 to %c13 step %c1 {
    %to = arith.addi %i, %c1 : index
    %left = arith.subi %to, %i : index
    scf.for %k = %c0 to %left step %c1 {
      %at = arith.addi %i, %k : index
      %one = memref.subview %x[%at] [1] [1] : memref<12xf16> to memref<1xf16, strided<[1], offset: ?>>
    }
  }
  return
}

// More turns than anybody looks at.
// ENDLESS: error: not supported: whether dimension 0 of this part stays inside of its tensor is not known
//--- endless.mlir
func.func @endless(%x: memref<12xf16>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %big = arith.constant 9000000000000000000 : index
  scf.for %i = %c0 to %big step %c1 {
    %next = arith.addi %i, %c1 : index
    %one = arith.subi %next, %i : index
    %part = memref.subview %x[%one] [4] [1] : memref<12xf16> to memref<4xf16, strided<[1], offset: ?>>
  }
  return
}

// Sums of sums take one look each.
// DOUBLED: error: not supported: whether dimension 0 of this part stays inside of its tensor is not known
//--- doubled.mlir
func.func @doubled(%x: memref<12xf16>, %n: index) {
  %n1 = arith.addi %n, %n : index
  %n2 = arith.addi %n1, %n1 : index
  %n3 = arith.addi %n2, %n2 : index
  %n4 = arith.addi %n3, %n3 : index
  %n5 = arith.addi %n4, %n4 : index
  %n6 = arith.addi %n5, %n5 : index
  %n7 = arith.addi %n6, %n6 : index
  %n8 = arith.addi %n7, %n7 : index
  %n9 = arith.addi %n8, %n8 : index
  %n10 = arith.addi %n9, %n9 : index
  %n11 = arith.addi %n10, %n10 : index
  %n12 = arith.addi %n11, %n11 : index
  %n13 = arith.addi %n12, %n12 : index
  %n14 = arith.addi %n13, %n13 : index
  %n15 = arith.addi %n14, %n14 : index
  %n16 = arith.addi %n15, %n15 : index
  %n17 = arith.addi %n16, %n16 : index
  %n18 = arith.addi %n17, %n17 : index
  %n19 = arith.addi %n18, %n18 : index
  %n20 = arith.addi %n19, %n19 : index
  %n21 = arith.addi %n20, %n20 : index
  %n22 = arith.addi %n21, %n21 : index
  %n23 = arith.addi %n22, %n22 : index
  %n24 = arith.addi %n23, %n23 : index
  %n25 = arith.addi %n24, %n24 : index
  %n26 = arith.addi %n25, %n25 : index
  %n27 = arith.addi %n26, %n26 : index
  %n28 = arith.addi %n27, %n27 : index
  %n29 = arith.addi %n28, %n28 : index
  %n30 = arith.addi %n29, %n29 : index
  %n31 = arith.addi %n30, %n30 : index
  %n32 = arith.addi %n31, %n31 : index
  %n33 = arith.addi %n32, %n32 : index
  %n34 = arith.addi %n33, %n33 : index
  %n35 = arith.addi %n34, %n34 : index
  %n36 = arith.addi %n35, %n35 : index
  %n37 = arith.addi %n36, %n36 : index
  %n38 = arith.addi %n37, %n37 : index
  %n39 = arith.addi %n38, %n38 : index
  %n40 = arith.addi %n39, %n39 : index
  %n41 = arith.addi %n40, %n40 : index
  %n42 = arith.addi %n41, %n41 : index
  %n43 = arith.addi %n42, %n42 : index
  %n44 = arith.addi %n43, %n43 : index
  %n45 = arith.addi %n44, %n44 : index
  %n46 = arith.addi %n45, %n45 : index
  %n47 = arith.addi %n46, %n46 : index
  %n48 = arith.addi %n47, %n47 : index
  %n49 = arith.addi %n48, %n48 : index
  %n50 = arith.addi %n49, %n49 : index
  %n51 = arith.addi %n50, %n50 : index
  %n52 = arith.addi %n51, %n51 : index
  %n53 = arith.addi %n52, %n52 : index
  %n54 = arith.addi %n53, %n53 : index
  %n55 = arith.addi %n54, %n54 : index
  %n56 = arith.addi %n55, %n55 : index
  %n57 = arith.addi %n56, %n56 : index
  %n58 = arith.addi %n57, %n57 : index
  %n59 = arith.addi %n58, %n58 : index
  %n60 = arith.addi %n59, %n59 : index
  %part = memref.subview %x[%n60] [4] [1] : memref<12xf16> to memref<4xf16, strided<[1], offset: ?>>
  return
}

// The least of 4 and the unsigned -1 is 4.
// UNSIGNED: error: not supported: whether dimension 0 of this part stays inside of its tensor is not known
//--- unsigned.mlir
func.func @unsigned(%x: memref<12xf16>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c12 = arith.constant 12 : index
  scf.for %i = %c0 to %c2 step %c1 {
    %back = arith.subi %i, %c1 : index
    %at = arith.minui %back, %c12 : index
    %part = memref.subview %x[%at] [1] [1] : memref<12xf16> to memref<1xf16, strided<[1], offset: ?>>
  }
  return
}

// OUTSIDE: outside.mlir:8:{{[0-9]+}}: error: this part reaches element 14 of dimension 0, which has 12
// OUTSIDE: help: {{.*}}block sizes that divide
//--- outside.mlir
func.func @outside(%x: memref<12xf16>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %c5 = arith.constant 5 : index
  scf.for %i = %c0 to %c3 step %c1 {
    %at = arith.muli %i, %c5 : index
    %part = memref.subview %x[%at] [5] [1] : memref<12xf16> to memref<5xf16, strided<[1], offset: ?>>
  }
  return
}

// OPEN: error: not supported: whether dimension 0 of this part stays inside of its tensor is not known
//--- open.mlir
func.func @open(%x: memref<12xf16>, %at: index) {
  %part = memref.subview %x[%at] [4] [1] : memref<12xf16> to memref<4xf16, strided<[1], offset: ?>>
  return
}
