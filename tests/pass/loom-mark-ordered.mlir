// RUN: loom opt %s --pass-pipeline='builtin.module(func.func(loom-mark-ordered))' | FileCheck %s
// RUN: loom opt %s --pass-pipeline='builtin.module(func.func(loom-mark-ordered,loom-mark-ordered))' | FileCheck %s

// CHECK-LABEL: func.func @f(
// CHECK: linalg.generic {{.*}}iterator_types = ["parallel"]} ins
// CHECK-NOT: loom.ordered
// CHECK: linalg.generic {{.*}}iterator_types = ["reduction"]}{{.*}}attrs = {loom.ordered}
func.func @f(%a: tensor<8xf32>, %e: tensor<8xf32>, %s: tensor<f32>) -> tensor<f32> {
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%a : tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%x: f32, %o: f32):
    %r = arith.mulf %x, %x : f32
    linalg.yield %r : f32
  } -> tensor<8xf32>
  %1 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> ()>], iterator_types = ["reduction"]} ins(%0 : tensor<8xf32>) outs(%s : tensor<f32>) {
  ^bb0(%x: f32, %o: f32):
    %r = arith.addf %x, %o : f32
    linalg.yield %r : f32
  } -> tensor<f32>
  return %1 : tensor<f32>
}
