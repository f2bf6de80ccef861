// RUN: loom opt %s --pass-pipeline='builtin.module(func.func(loom-own-start))' -o %t
// RUN: FileCheck %s < %t
// RUN: loom opt %t --pass-pipeline='builtin.module(func.func(loom-own-start))' | diff %t -

#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>

// A loop that begins with a loaded tile begins with a copy, as large as what is loaded.
// CHECK-LABEL: func.func @carried(
// CHECK: %[[LOAD:.*]] = bufferization.to_tensor
// CHECK: %[[EMPTY:.*]] = tensor.empty(%{{.*}}) : tensor<?x8xf16>
// CHECK: %[[COPY:.*]] = linalg.generic {{.*}} ins(%[[LOAD]] : tensor<?x8xf16>) outs(%[[EMPTY]] : tensor<?x8xf16>)
// CHECK-NEXT: ^bb0(%[[IN:.*]]: f16, %{{.*}}: f16):
// CHECK-NEXT: linalg.yield %[[IN]] : f16
// CHECK: scf.for {{.*}} iter_args(%{{.*}} = %[[COPY]])
func.func @carried(%m: memref<64x8xf16>, %a: tensor<?x4xf16>, %b: tensor<4x8xf16>, %i: index, %s: index, %n: index) -> tensor<?x8xf16> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %v = memref.subview %m[%i, 0] [%s, 8] [1, 1] : memref<64x8xf16> to memref<?x8xf16, strided<[8, 1], offset: ?>>
  %t = bufferization.to_tensor %v : memref<?x8xf16, strided<[8, 1], offset: ?>> to tensor<?x8xf16>
  %r = scf.for %k = %c0 to %n step %c1 iter_args(%acc = %t) -> (tensor<?x8xf16>) {
    %p = linalg.matmul ins(%a, %b : tensor<?x4xf16>, tensor<4x8xf16>) outs(%acc : tensor<?x8xf16>) -> tensor<?x8xf16>
    scf.yield %p : tensor<?x8xf16>
  }
  return %r : tensor<?x8xf16>
}

// So do products and reductions into one; a whole argument has no sizes to give.
// CHECK-LABEL: func.func @into(
// CHECK: %[[EMPTY:.*]] = tensor.empty() : tensor<8x8xf32>
// CHECK: %[[COPY:.*]] = linalg.generic {{.*}} outs(%[[EMPTY]] : tensor<8x8xf32>)
// CHECK: linalg.matmul {{.*}} outs(%[[COPY]] : tensor<8x8xf32>)
// CHECK: %[[ROW:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<8xf32>)
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "reduction"]} {{.*}} outs(%[[ROW]] : tensor<8xf32>)
func.func @into(%m: memref<8x8xf32>, %w: memref<8xf32>, %a: tensor<8x4xf32>, %b: tensor<4x8xf32>) -> (tensor<8x8xf32>, tensor<8xf32>) {
  %t = bufferization.to_tensor %m : memref<8x8xf32> to tensor<8x8xf32>
  %u = bufferization.to_tensor %w : memref<8xf32> to tensor<8xf32>
  %p = linalg.matmul ins(%a, %b : tensor<8x4xf32>, tensor<4x8xf32>) outs(%t : tensor<8x8xf32>) -> tensor<8x8xf32>
  %q = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%p : tensor<8x8xf32>) outs(%u : tensor<8xf32>) {
  ^bb0(%x: f32, %o: f32):
    %s = arith.addf %x, %o : f32
    linalg.yield %s : f32
  } -> tensor<8xf32>
  return %p, %q : tensor<8x8xf32>, tensor<8xf32>
}

// Nothing is copied that is only written over, or was not loaded.
// CHECK-LABEL: func.func @others(
// CHECK-COUNT-2: linalg.generic
// CHECK-NOT: linalg.generic
// CHECK: return
func.func @others(%m: memref<8x8xf32>, %z: tensor<8x8xf32>, %a: tensor<8x4xf32>, %b: tensor<4x8xf32>) -> (tensor<8x8xf32>, tensor<8x8xf32>) {
  %t = bufferization.to_tensor %m : memref<8x8xf32> to tensor<8x8xf32>
  %p = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%z : tensor<8x8xf32>) outs(%t : tensor<8x8xf32>) {
  ^bb0(%x: f32, %o: f32):
    %s = arith.negf %x : f32
    linalg.yield %s : f32
  } -> tensor<8x8xf32>
  %n = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%t : tensor<8x8xf32>) outs(%z : tensor<8x8xf32>) {
  ^bb0(%x: f32, %o: f32):
    %s = arith.negf %x : f32
    linalg.yield %s : f32
  } -> tensor<8x8xf32>
  %q = linalg.matmul ins(%a, %b : tensor<8x4xf32>, tensor<4x8xf32>) outs(%n : tensor<8x8xf32>) -> tensor<8x8xf32>
  return %p, %q : tensor<8x8xf32>, tensor<8x8xf32>
}
