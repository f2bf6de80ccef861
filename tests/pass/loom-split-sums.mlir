// RUN: loom opt %s --pass-pipeline='builtin.module(loom-split-sums)' | FileCheck %s
// RUN: loom opt %s --pass-pipeline='builtin.module(loom-split-sums,loom-split-sums)' | FileCheck %s

// 3000 = 46 * 64 + 56
// CHECK-LABEL: func.func @long(
// CHECK: call @loom_sum_0
// CHECK-LABEL: func.func @short(
// CHECK: linalg.generic
// CHECK-LABEL: func.func @largest(
// CHECK: linalg.generic
// CHECK-LABEL: func.func private @loom_sum_0(
// CHECK: tensor.extract_slice %arg0[0, 0] [2, 2944] [1, 1]
// CHECK: tensor.expand_shape {{.*}} : tensor<2x2944xf16> into tensor<2x46x64xf16>
// CHECK: iterator_types = ["parallel", "parallel", "reduction"]
// CHECK: arith.extf
// CHECK: iterator_types = ["parallel", "reduction"]
// CHECK: tensor.extract_slice %arg0[0, 2944] [2, 56] [1, 1]
// CHECK: iterator_types = ["parallel", "reduction"]
#in = affine_map<(i, j) -> (i, j)>
#out = affine_map<(i, j) -> (i)>
func.func @long(%a: tensor<2x3000xf16>, %e: tensor<2xf32>) -> tensor<2xf32> {
  %r = linalg.generic {indexing_maps = [#in, #out], iterator_types = ["parallel", "reduction"]} ins(%a : tensor<2x3000xf16>) outs(%e : tensor<2xf32>) {
  ^bb0(%x: f16, %o: f32):
    %w = arith.extf %x : f16 to f32
    %s = arith.addf %o, %w : f32
    linalg.yield %s : f32
  } -> tensor<2xf32>
  return %r : tensor<2xf32>
}
func.func @short(%a: tensor<2x255xf32>, %e: tensor<2xf32>) -> tensor<2xf32> {
  %r = linalg.generic {indexing_maps = [#in, #out], iterator_types = ["parallel", "reduction"]} ins(%a : tensor<2x255xf32>) outs(%e : tensor<2xf32>) {
  ^bb0(%x: f32, %o: f32):
    %s = arith.addf %x, %o : f32
    linalg.yield %s : f32
  } -> tensor<2xf32>
  return %r : tensor<2xf32>
}
func.func @largest(%a: tensor<2x3000xf32>, %e: tensor<2xf32>) -> tensor<2xf32> {
  %r = linalg.generic {indexing_maps = [#in, #out], iterator_types = ["parallel", "reduction"]} ins(%a : tensor<2x3000xf32>) outs(%e : tensor<2xf32>) {
  ^bb0(%x: f32, %o: f32):
    %s = arith.maximumf %x, %o : f32
    linalg.yield %s : f32
  } -> tensor<2xf32>
  return %r : tensor<2xf32>
}
