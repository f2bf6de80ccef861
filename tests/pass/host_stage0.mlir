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
// RUN: not loom opt %t/outside.mlir --pass-pipeline='builtin.module(func.func(loom-check-bounds))' 2>&1 | FileCheck %s --check-prefix=OUTSIDE
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
