// RUN: loom opt %s --pass-pipeline='builtin.module(func.func(loom-tile-affine-loops{bytes=32768}))' -o %t
// RUN: FileCheck %s < %t
// RUN: loom opt %t --pass-pipeline='builtin.module(func.func(loom-tile-affine-loops{bytes=32768}))' | diff %t -
// RUN: loom opt %s --pass-pipeline='builtin.module(func.func(loom-tile-affine-loops{machine=wormhole}))' | FileCheck %s --check-prefix=WORMHOLE

// 3000 bytes a turn: 8 turns fit 32768 bytes; 100 turns of 1 are 12.5 of 8, so the last part ends at the loop's own end.
// CHECK-LABEL: func.func @ragged(
// CHECK: %[[C0:.*]] = arith.constant 0 : index
// CHECK: %[[C1:.*]] = arith.constant 1 : index
// CHECK: %[[C100:.*]] = arith.constant 100 : index
// CHECK: %[[C8:.*]] = arith.constant 8 : index
// CHECK: %[[W:.*]] = arith.muli %[[C1]], %[[C8]]
// CHECK: %[[R:.*]] = scf.for %[[P:.*]] = %[[C0]] to %[[C100]] step %[[W]] iter_args(%[[A:.*]] = %{{.*}}) -> (f32) {
// CHECK:   %[[E:.*]] = arith.addi %[[P]], %[[W]]
// CHECK:   %[[M:.*]] = arith.minsi %[[E]], %[[C100]]
// CHECK:   %[[S:.*]] = scf.for %[[K:.*]] = %[[P]] to %[[M]] step %[[C1]] iter_args(%[[B:.*]] = %[[A]]) -> (f32) {
// CHECK:     memref.reinterpret_cast %{{.*}} to offset: [%[[K]]]
// CHECK:     scf.yield
// CHECK:   } {loom.tiled = 1 : i64}
// CHECK:   scf.yield %[[S]] : f32
// CHECK: } {loom.tiled = 8 : i64}
// CHECK: return %[[R]]
// On Wormhole all 300000 bytes fit.
// WORMHOLE-LABEL: func.func @ragged(
// WORMHOLE-COUNT-1: scf.for
// WORMHOLE-NOT: scf.for
// WORMHOLE: return
func.func @ragged(%a: memref<*xf32>, %start: f32) -> f32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c100 = arith.constant 100 : index
  %r = scf.for %k = %c0 to %c100 step %c1 iter_args(%sum = %start) -> (f32) {
    %p = memref.reinterpret_cast %a to offset: [%k], sizes: [750], strides: [1] : memref<*xf32> to memref<750xf32, strided<[1], offset: ?>>
    %b = memref.alloc() : memref<750xf32>
    memref.copy %p, %b : memref<750xf32, strided<[1], offset: ?>> to memref<750xf32>
    %x = memref.load %b[%c0] : memref<750xf32>
    %s = arith.addf %sum, %x : f32
    scf.yield %s : f32
  }
  return %r : f32
}

// Two loads of 2048 bytes: 8 turns of 32.  Bounds of affine loops stay maps, also symbolic ones.
// CHECK-LABEL: func.func @affine(
// CHECK-SAME: %[[A:[^:]*]]: memref<4096x32xf16>, %[[N:[^:]*]]: index
// CHECK: affine.for %[[P:.*]] = 0 to %[[N]] step 256 iter_args(%[[X:.*]] = %{{.*}}) -> (tensor<32x32xf16>) {
// CHECK:   affine.for %[[K:.*]] = affine_map<(d0) -> (d0)>(%[[P]]) to min affine_map<(d0)[s0] -> (d0 + 256, s0)>(%[[P]])[%[[N]]] step 32 iter_args(%{{.*}} = %[[X]]) -> (tensor<32x32xf16>) {
// CHECK:   } {loom.tiled = 1 : i64}
// CHECK: } {loom.tiled = 8 : i64}
func.func @affine(%a: memref<4096x32xf16>, %n: index, %start: tensor<32x32xf16>) -> tensor<32x32xf16> {
  %r = affine.for %k = 0 to %n step 32 iter_args(%sum = %start) -> (tensor<32x32xf16>) {
    %p = memref.subview %a[%k, 0] [32, 32] [1, 1] : memref<4096x32xf16> to memref<32x32xf16, strided<[32, 1], offset: ?>>
    %x = bufferization.to_tensor %p : memref<32x32xf16, strided<[32, 1], offset: ?>> to tensor<32x32xf16>
    %y = bufferization.to_tensor %p : memref<32x32xf16, strided<[32, 1], offset: ?>> to tensor<32x32xf16>
    %s = linalg.matmul ins(%x, %y : tensor<32x32xf16>, tensor<32x32xf16>) outs(%sum : tensor<32x32xf16>) -> tensor<32x32xf16>
    affine.yield %s : tensor<32x32xf16>
  }
  return %r : tensor<32x32xf16>
}

// Only innermost loops are split, and only those that load; two turns that do not fit together leave a loop alone.
// CHECK-LABEL: func.func @alone(
// CHECK-NOT: loom.tiled
// CHECK: return
func.func @alone(%a: memref<*xf32>, %b: memref<5000xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c100 = arith.constant 100 : index
  scf.for %i = %c0 to %c100 step %c1 {
    scf.for %k = %c0 to %c100 step %c1 {
      %p = memref.reinterpret_cast %a to offset: [%k], sizes: [5000], strides: [1] : memref<*xf32> to memref<5000xf32, strided<[1], offset: ?>>
      memref.copy %p, %b : memref<5000xf32, strided<[1], offset: ?>> to memref<5000xf32>
    }
  }
  scf.for %i = %c0 to %c100 step %c1 {
    %x = arith.constant 0.0 : f32
    memref.store %x, %b[%i] : memref<5000xf32>
  }
  return
}
