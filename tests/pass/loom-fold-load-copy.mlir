// RUN: loom opt %s --pass-pipeline='builtin.module(func.func(loom-fold-load-copy))' -o %t
// RUN: FileCheck %s < %t
// RUN: loom opt %t --pass-pipeline='builtin.module(func.func(loom-fold-load-copy))' | diff %t -

// The argument is stored to behind the load only.
// CHECK-LABEL: func.func @before(
// CHECK: %[[T:.*]] = bufferization.to_tensor
// CHECK-NOT: bufferization.alloc_tensor
// CHECK: bufferization.materialize_in_destination %[[T]] in writable
func.func @before(%x: memref<8xf32>) {
  %s = memref.subview %x[4] [4] [1] : memref<8xf32> to memref<4xf32, strided<[1], offset: 4>>
  %0 = bufferization.to_tensor %s : memref<4xf32, strided<[1], offset: 4>> to tensor<4xf32>
  %1 = bufferization.alloc_tensor() copy(%0) : tensor<4xf32>
  %d = memref.subview %x[0] [4] [1] : memref<8xf32> to memref<4xf32, strided<[1]>>
  bufferization.materialize_in_destination %1 in writable %d : (tensor<4xf32>, memref<4xf32, strided<[1]>>) -> ()
  return
}

// The second copy is of what the store has left there; a store to another argument says nothing.
// CHECK-LABEL: func.func @behind(
// CHECK: bufferization.to_tensor %[[X:.*]] :
// CHECK-NOT: bufferization.alloc_tensor
// CHECK: bufferization.materialize_in_destination
// CHECK: bufferization.materialize_in_destination
// CHECK: %[[T:.*]] = bufferization.to_tensor %[[X]] :
// CHECK: bufferization.alloc_tensor() copy(%[[T]])
func.func @behind(%x: memref<4xf32>, %y: memref<4xf32>) {
  %0 = bufferization.to_tensor %x : memref<4xf32> to tensor<4xf32>
  %1 = bufferization.alloc_tensor() copy(%0) : tensor<4xf32>
  bufferization.materialize_in_destination %1 in writable %y : (tensor<4xf32>, memref<4xf32>) -> ()
  bufferization.materialize_in_destination %1 in writable %x : (tensor<4xf32>, memref<4xf32>) -> ()
  %2 = bufferization.to_tensor %x : memref<4xf32> to tensor<4xf32>
  %3 = bufferization.alloc_tensor() copy(%2) : tensor<4xf32>
  bufferization.materialize_in_destination %3 in writable %y : (tensor<4xf32>, memref<4xf32>) -> ()
  return
}

// A copy of something else stays.
// CHECK-LABEL: func.func @computed(
// CHECK: bufferization.alloc_tensor() copy
func.func @computed(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = bufferization.alloc_tensor() copy(%x) : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// The greater of a tile and itself is folded to the tile, whose store upstream would make an allocation of a layout that none can have.
// CHECK-LABEL: func.func @itself(
// CHECK: %[[M:.*]] = linalg.generic
// CHECK-NOT: memref.copy
// CHECK: bufferization.materialize_in_destination %[[M]] in restrict writable
func.func @itself(%x: memref<8x4xf32>, %y: memref<4x8xf32, strided<[1, 4]>>, %i: index) {
  %s = memref.subview %x[%i, 0] [4, 4] [1, 1] : memref<8x4xf32> to memref<4x4xf32, strided<[4, 1], offset: ?>>
  %0 = bufferization.to_tensor %s : memref<4x4xf32, strided<[4, 1], offset: ?>> to tensor<4x4xf32>
  %e = tensor.empty() : tensor<4x4xf32>
  %1 = linalg.generic {indexing_maps = [affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (a, b)>], iterator_types = ["parallel", "parallel"]} ins(%0, %0 : tensor<4x4xf32>, tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.maximumf %a, %b : f32
    linalg.yield %m : f32
  } -> tensor<4x4xf32>
  %d = memref.subview %y[0, %i] [4, 4] [1, 1] : memref<4x8xf32, strided<[1, 4]>> to memref<4x4xf32, strided<[1, 4], offset: ?>>
  %2 = bufferization.to_buffer %1 : tensor<4x4xf32> to memref<4x4xf32, strided<[1, 4], offset: ?>>
  memref.copy %2, %d : memref<4x4xf32, strided<[1, 4], offset: ?>> to memref<4x4xf32, strided<[1, 4], offset: ?>>
  return
}

// So may be a choice between a tile and itself, a tile and 0, and a tile there and back in another type; not where the layouts are the same.
// CHECK-LABEL: func.func @nothing(
// CHECK-NOT: memref.copy
// CHECK-COUNT-3: bufferization.materialize_in_destination
// CHECK: memref.copy
func.func @nothing(%x: memref<4x4xi32>, %y: memref<4x4xi32, strided<[1, 4]>>, %z: memref<4x4xi32>, %w: i1) {
  %c0 = arith.constant 0 : i32
  %0 = bufferization.to_tensor %x : memref<4x4xi32> to tensor<4x4xi32>
  %e = tensor.empty() : tensor<4x4xi32>
  %1 = linalg.generic {indexing_maps = [affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (a, b)>], iterator_types = ["parallel", "parallel"]} ins(%0, %0 : tensor<4x4xi32>, tensor<4x4xi32>) outs(%e : tensor<4x4xi32>) {
  ^bb0(%a: i32, %b: i32, %c: i32):
    %m = arith.select %w, %a, %b : i32
    linalg.yield %m : i32
  } -> tensor<4x4xi32>
  %2 = bufferization.to_buffer %1 : tensor<4x4xi32> to memref<4x4xi32, strided<[1, 4]>>
  memref.copy %2, %y : memref<4x4xi32, strided<[1, 4]>> to memref<4x4xi32, strided<[1, 4]>>
  %3 = linalg.generic {indexing_maps = [affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (a, b)>], iterator_types = ["parallel", "parallel"]} ins(%0 : tensor<4x4xi32>) outs(%e : tensor<4x4xi32>) {
  ^bb0(%a: i32, %c: i32):
    %m = arith.addi %a, %c0 : i32
    linalg.yield %m : i32
  } -> tensor<4x4xi32>
  %4 = bufferization.to_buffer %3 : tensor<4x4xi32> to memref<4x4xi32, strided<[1, 4]>>
  memref.copy %4, %y : memref<4x4xi32, strided<[1, 4]>> to memref<4x4xi32, strided<[1, 4]>>
  %wide = tensor.empty() : tensor<4x4xi64>
  %7 = linalg.generic {indexing_maps = [affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (a, b)>], iterator_types = ["parallel", "parallel"]} ins(%0 : tensor<4x4xi32>) outs(%wide : tensor<4x4xi64>) {
  ^bb0(%a: i32, %c: i64):
    %m = arith.extsi %a : i32 to i64
    linalg.yield %m : i64
  } -> tensor<4x4xi64>
  %8 = linalg.generic {indexing_maps = [affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (a, b)>], iterator_types = ["parallel", "parallel"]} ins(%7 : tensor<4x4xi64>) outs(%e : tensor<4x4xi32>) {
  ^bb0(%a: i64, %c: i32):
    %m = arith.trunci %a : i64 to i32
    linalg.yield %m : i32
  } -> tensor<4x4xi32>
  %9 = bufferization.to_buffer %8 : tensor<4x4xi32> to memref<4x4xi32, strided<[1, 4]>>
  memref.copy %9, %y : memref<4x4xi32, strided<[1, 4]>> to memref<4x4xi32, strided<[1, 4]>>
  %5 = linalg.generic {indexing_maps = [affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (a, b)>], iterator_types = ["parallel", "parallel"]} ins(%0 : tensor<4x4xi32>) outs(%e : tensor<4x4xi32>) {
  ^bb0(%a: i32, %c: i32):
    %m = arith.addi %a, %c0 : i32
    linalg.yield %m : i32
  } -> tensor<4x4xi32>
  %6 = bufferization.to_buffer %5 : tensor<4x4xi32> to memref<4x4xi32>
  memref.copy %6, %z : memref<4x4xi32> to memref<4x4xi32>
  return
}
