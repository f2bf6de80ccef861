// RUN: loom opt %s --pass-pipeline='builtin.module(loom-hoist-block-loading)' -o %t
// RUN: FileCheck %s --implicit-check-not='func.func @' < %t
// RUN: loom opt %t --pass-pipeline='builtin.module(loom-hoist-block-loading)' | diff %t -

// Load 0 moves with k, whose 4 turns become a panel, and stands still in j; it cannot pass i, with which it moves.
// CHECK: func.func @panel(
// CHECK: func.func @panel__hoist_block_0(%[[A:[^:]*]]: memref<*xf32>
// CHECK: affine.for %[[I:[^ ]*]] = 0 to
// CHECK: %[[C2:.*]] = arith.constant 2 : index
// CHECK: %[[O:.*]] = affine.apply affine_map<(d0, d1) -> (d0 * 512 + d1 * 8)>(%[[I]], %[[C2]])
// CHECK: %[[R:.*]] = memref.reinterpret_cast %[[A]] to offset: [%[[O]]], sizes: [4, 16, 16], strides: [24, 64, 1]
// CHECK: %[[P:.*]] = memref.alloc() : memref<4x16x16xf32>
// CHECK: memref.copy %[[R]], %[[P]]
// CHECK: affine.for %{{.*}} = 0 to
// CHECK: affine.for %[[K:.*]] = 2 to 14 step 3 {
// CHECK: %[[N:.*]] = affine.apply affine_map<(d0) -> ((d0 - 2) floordiv 3)>(%[[K]])
// CHECK: %[[T:.*]] = memref.subview %[[P]][%[[N]], 0, 0] [1, 16, 16] [1, 1, 1]
// CHECK: bufferization.to_tensor %[[T]] restrict :
func.func @panel(%a: memref<*xf32>, %out: memref<*xf32>, %n: index) {
  affine.for %i = 0 to %n {
    affine.for %j = 0 to %n {
      affine.for %k = 2 to 14 step 3 {
        %o = affine.apply affine_map<(d0, d1) -> (d0 * 512 + d1 * 8)>(%i, %k)
        %p = memref.reinterpret_cast %a to offset: [%o], sizes: [16, 16], strides: [64, 1] : memref<*xf32> to memref<16x16xf32, strided<[64, 1], offset: ?>>
        %b = memref.alloc() : memref<16x16xf32>
        memref.copy %p, %b : memref<16x16xf32, strided<[64, 1], offset: ?>> to memref<16x16xf32>
        %t = bufferization.to_tensor %b restrict writable : memref<16x16xf32> to tensor<16x16xf32>
        %w = affine.apply affine_map<(d0) -> (d0 * 16)>(%j)
        %q = memref.reinterpret_cast %out to offset: [%w], sizes: [16, 16], strides: [64, 1] : memref<*xf32> to memref<16x16xf32, strided<[64, 1], offset: ?>>
        bufferization.materialize_in_destination %t in writable %q : (tensor<16x16xf32>, memref<16x16xf32, strided<[64, 1], offset: ?>>) -> ()
      }
    }
  } {loom.iter_type = #loom.iter_type<"temporal">}
  return
}

// Stays where it is: memory that is written in the same function, loads under a condition, loads that move with every loop, places computed in the loop
// by other than affine.apply.
// CHECK: func.func @written(
// CHECK: func.func @condition(
// CHECK: func.func @moves(
// CHECK: func.func @computed(
func.func @written(%a: memref<*xf32>, %n: index) {
  affine.for %i = 0 to %n {
    %p = memref.reinterpret_cast %a to offset: [0], sizes: [16], strides: [1] : memref<*xf32> to memref<16xf32, strided<[1]>>
    %b = memref.alloc() : memref<16xf32>
    memref.copy %p, %b : memref<16xf32, strided<[1]>> to memref<16xf32>
    %t = bufferization.to_tensor %b restrict writable : memref<16xf32> to tensor<16xf32>
    bufferization.materialize_in_destination %t in writable %p : (tensor<16xf32>, memref<16xf32, strided<[1]>>) -> ()
  }
  return
}
func.func @condition(%a: memref<*xf32>, %n: index, %c: i1) {
  affine.for %i = 0 to %n {
    scf.if %c {
      %p = memref.reinterpret_cast %a to offset: [0], sizes: [16], strides: [1] : memref<*xf32> to memref<16xf32, strided<[1]>>
      %b = memref.alloc() : memref<16xf32>
      memref.copy %p, %b : memref<16xf32, strided<[1]>> to memref<16xf32>
    }
  }
  return
}
func.func @moves(%a: memref<*xf32>, %n: index) {
  affine.for %i = 0 to %n {
    %o = affine.apply affine_map<(d0) -> (d0 * 16)>(%i)
    %p = memref.reinterpret_cast %a to offset: [%o], sizes: [16], strides: [1] : memref<*xf32> to memref<16xf32, strided<[1], offset: ?>>
    %b = memref.alloc() : memref<16xf32>
    memref.copy %p, %b : memref<16xf32, strided<[1], offset: ?>> to memref<16xf32>
  }
  return
}

func.func @computed(%a: memref<*xf32>, %n: index) {
  affine.for %i = 0 to %n {
    %m = arith.minsi %n, %n : index
    %o = affine.apply affine_map<()[s0] -> (s0 * 16)>()[%m]
    %p = memref.reinterpret_cast %a to offset: [%o], sizes: [16], strides: [1] : memref<*xf32> to memref<16xf32, strided<[1], offset: ?>>
    %b = memref.alloc() : memref<16xf32>
    memref.copy %p, %b : memref<16xf32, strided<[1], offset: ?>> to memref<16xf32>
  }
  return
}

// What stands still in every loop moves as it is, with the constant place it has.
// CHECK: func.func @still(
// CHECK: func.func @still__hoist_block_0(
// CHECK-NEXT: memref.reinterpret_cast
// CHECK-NEXT: memref.alloc
// CHECK-NEXT: memref.copy
// CHECK-NEXT: affine.for
func.func @still(%a: memref<*xf32>, %n: index) {
  affine.for %i = 0 to %n {
    affine.for %j = 0 to %n {
      %p = memref.reinterpret_cast %a to offset: [32], sizes: [16], strides: [1] : memref<*xf32> to memref<16xf32, strided<[1], offset: 32>>
      %b = memref.alloc() : memref<16xf32>
      memref.copy %p, %b : memref<16xf32, strided<[1], offset: 32>> to memref<16xf32>
      %t = bufferization.to_tensor %b restrict writable : memref<16xf32> to tensor<16xf32>
    }
  }
  return
}
