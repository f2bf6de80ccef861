// RUN: loom opt %s --pass-pipeline='builtin.module(func.func(loom-fold-redundant-extract-slice))' -o %t
// RUN: FileCheck %s < %t
// RUN: loom opt %t --pass-pipeline='builtin.module(func.func(loom-fold-redundant-extract-slice))' | diff %t -

// The slice covers a tensor of the same symbolic sizes.
// CHECK-LABEL: func.func @whole_dynamic(
// CHECK-SAME: %[[M:.*]]: index, %[[N:.*]]: index
// CHECK: %[[EMPTY:.*]] = tensor.empty(%[[M]], %[[N]])
// CHECK-NOT: tensor.extract_slice
// CHECK: return %[[EMPTY]]
func.func @whole_dynamic(%m: index, %n: index) -> tensor<?x?xf32> {
  %0 = tensor.empty(%m, %n) : tensor<?x?xf32>
  %1 = tensor.extract_slice %0[0, 0] [%m, %n] [1, 1] : tensor<?x?xf32> to tensor<?x?xf32>
  return %1 : tensor<?x?xf32>
}

// The sizes are followed through fills and loops.
// CHECK-LABEL: func.func @through_loop(
// CHECK: %[[R:.*]] = scf.for
// CHECK-NOT: tensor.extract_slice
// CHECK: return %[[R]]
func.func @through_loop(%m: index, %k: index) -> tensor<?x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %0 = tensor.empty(%m) : tensor<?x8xf32>
  %1 = linalg.fill ins(%zero : f32) outs(%0 : tensor<?x8xf32>) -> tensor<?x8xf32>
  %2 = scf.for %i = %c0 to %k step %c1 iter_args(%acc = %1) -> (tensor<?x8xf32>) {
    %4 = tensor.extract_slice %acc[0, 0] [%m, 8] [1, 1] : tensor<?x8xf32> to tensor<?x8xf32>
    scf.yield %4 : tensor<?x8xf32>
  }
  %3 = tensor.extract_slice %2[0, 0] [%m, 8] [1, 1] : tensor<?x8xf32> to tensor<?x8xf32>
  return %3 : tensor<?x8xf32>
}

// A tile of memory has the sizes of its subview.
// CHECK-LABEL: func.func @tile(
// CHECK: %[[T:.*]] = bufferization.to_tensor
// CHECK-NOT: tensor.extract_slice
// CHECK: return %[[T]]
func.func @tile(%a: memref<64x64xf32>, %i: index, %m: index) -> tensor<?x64xf32> {
  %0 = memref.subview %a[%i, 0] [%m, 64] [1, 1] : memref<64x64xf32> to memref<?x64xf32, strided<[64, 1], offset: ?>>
  %1 = bufferization.to_tensor %0 : memref<?x64xf32, strided<[64, 1], offset: ?>> to tensor<?x64xf32>
  %2 = tensor.extract_slice %1[0, 0] [%m, 64] [1, 1] : tensor<?x64xf32> to tensor<?x64xf32>
  return %2 : tensor<?x64xf32>
}

// Another size, an offset, a stride, a lost dimension, an unknown size: all stay.
// CHECK-LABEL: func.func @kept(
// CHECK-COUNT-5: tensor.extract_slice
func.func @kept(%m: index, %n: index, %arg: tensor<?xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xf32>, tensor<?xf32>) {
  %0 = tensor.empty(%m) : tensor<?x8xf32>
  %1 = tensor.extract_slice %0[0, 0] [%n, 8] [1, 1] : tensor<?x8xf32> to tensor<?x8xf32>
  %2 = tensor.extract_slice %0[1, 0] [%m, 8] [1, 1] : tensor<?x8xf32> to tensor<?x8xf32>
  %3 = tensor.extract_slice %0[0, 0] [%m, 8] [2, 1] : tensor<?x8xf32> to tensor<?x8xf32>
  %4 = tensor.extract_slice %0[0, 0] [%m, 1] [1, 1] : tensor<?x8xf32> to tensor<?xf32>
  %5 = tensor.extract_slice %arg[0] [%m] [1] : tensor<?xf32> to tensor<?xf32>
  return %1, %2, %3, %4, %5 : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xf32>, tensor<?xf32>
}
